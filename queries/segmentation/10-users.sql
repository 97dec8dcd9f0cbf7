-- Each user, each day: what they did, and what that makes them. A view counts 1, a cart 3, a purchase 10.
CREATE TABLE user_segments WITH (KEY_FORMAT = 'JSON') AS
  SELECT FORMAT_TIMESTAMP(FROM_UNIXTIME(ROWTIME), 'yyyy-MM-dd') AS day,
         user_id,
         SUM(CASE WHEN event_type = 'view'        THEN 1 ELSE 0 END) AS page_views,
         SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_adds,
         SUM(CASE WHEN event_type = 'purchase'    THEN 1 ELSE 0 END) AS purchases,
         SUM(CASE WHEN event_type = 'view'        THEN 1
                  WHEN event_type = 'add_to_cart' THEN 3
                  WHEN event_type = 'purchase'    THEN 10
                  ELSE 0 END) AS engagement,
         CASE WHEN SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END) > 0 THEN 'Buyer'
              ELSE 'Window Shopper' END AS segment
  FROM clickstream
  GROUP BY FORMAT_TIMESTAMP(FROM_UNIXTIME(ROWTIME), 'yyyy-MM-dd'), user_id
  EMIT CHANGES;

-- A user who buys leaves one segment and enters the other: a table over a table takes back what it has
-- counted.
CREATE TABLE segment_summary WITH (KEY_FORMAT = 'JSON') AS
  SELECT day, segment, COUNT(*) AS users, SUM(engagement) AS engagement, AVG(engagement) AS average_engagement
  FROM user_segments
  GROUP BY day, segment
  EMIT CHANGES;
