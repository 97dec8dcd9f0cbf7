-- What is hot right now: ten minutes of activity, renewed every five. A cart is worth three views, a
-- purchase ten.
CREATE TABLE trending_products AS
  SELECT product_id,
         SUM(CASE WHEN event_type = 'view'        THEN 1 ELSE 0 END) AS page_views,
         SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_adds,
         SUM(CASE WHEN event_type = 'purchase'    THEN 1 ELSE 0 END) AS purchases,
         SUM(CASE WHEN event_type = 'view'        THEN 1
                  WHEN event_type = 'add_to_cart' THEN 3
                  WHEN event_type = 'purchase'    THEN 10
                  ELSE 0 END) AS score
  FROM clickstream
  WINDOW HOPPING (SIZE 10 MINUTES, ADVANCE BY 5 MINUTES, GRACE PERIOD 2 MINUTES)
  WHERE product_id IS NOT NULL
  GROUP BY product_id
  EMIT CHANGES;
