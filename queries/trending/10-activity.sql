-- What happens with each product, in windows that overlap. A cart is worth three views, a purchase ten.
CREATE TABLE product_activity AS
  SELECT product_id,
         LATEST_BY_OFFSET(category) AS category,
         SUM(CASE WHEN event_type = 'view'        THEN 1 ELSE 0 END) AS view_count,
         SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_count,
         SUM(CASE WHEN event_type = 'purchase'    THEN 1 ELSE 0 END) AS purchase_count,
         COUNT(*)                                                    AS total_events,
         SUM(CASE WHEN event_type = 'view'        THEN 1
                  WHEN event_type = 'add_to_cart' THEN 3
                  WHEN event_type = 'purchase'    THEN 10
                  ELSE 0 END) AS score
  FROM clickstream
  WINDOW HOPPING (SIZE ${window_minutes} MINUTES, ADVANCE BY ${advance_minutes} MINUTES,
                  GRACE PERIOD ${grace_minutes} MINUTES)
  WHERE product_id IS NOT NULL
  GROUP BY product_id
  EMIT CHANGES;

-- Popular in an hour, and not only with one restless visitor.
CREATE TABLE popular_products AS
  SELECT product_id, COUNT(*) AS events, COUNT_DISTINCT(user_id) AS users
  FROM clickstream
  WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD ${grace_minutes} MINUTES)
  WHERE product_id IS NOT NULL
  GROUP BY product_id
  HAVING COUNT(*) > ${popular_events} AND COUNT_DISTINCT(user_id) > 1
  EMIT CHANGES;
