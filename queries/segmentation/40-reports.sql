-- The reports of a day that is over: one row per user, product, category, written once. A day is over when
-- the next one has begun by the times of its clicks, and grace_minutes have passed.
CREATE TABLE daily_user_segments AS
  SELECT user_id,
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
  WINDOW TUMBLING (SIZE 1 DAY, RETENTION 7 DAYS, GRACE PERIOD ${grace_minutes} MINUTES)
  GROUP BY user_id
  EMIT FINAL;

CREATE TABLE daily_products AS
  SELECT product_id,
         LATEST_BY_OFFSET(category) AS category,
         COUNT(*)                   AS page_views,
         COUNT_DISTINCT(user_id)    AS viewers
  FROM clickstream
  WINDOW TUMBLING (SIZE 1 DAY, RETENTION 7 DAYS, GRACE PERIOD ${grace_minutes} MINUTES)
  WHERE event_type = 'view'
  GROUP BY product_id
  EMIT FINAL;

CREATE TABLE daily_conversion AS
  SELECT category,
         SUM(CASE WHEN event_type = 'view'        THEN 1 ELSE 0 END) AS page_views,
         SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_adds,
         SUM(CASE WHEN event_type = 'purchase'    THEN 1 ELSE 0 END) AS purchases,
         CASE WHEN SUM(CASE WHEN event_type = 'view' THEN 1 ELSE 0 END) > 0
              THEN ROUND(SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END) * 1E2
                         / SUM(CASE WHEN event_type = 'view' THEN 1 ELSE 0 END), 2) END AS view_to_purchase
  FROM clickstream
  WINDOW TUMBLING (SIZE 1 DAY, RETENTION 7 DAYS, GRACE PERIOD ${grace_minutes} MINUTES)
  WHERE category IS NOT NULL
  GROUP BY category
  EMIT FINAL;
