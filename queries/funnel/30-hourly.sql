-- How many different visits came to each step in an hour, and the shares that went on.
CREATE TABLE funnel_by_hour AS
  SELECT 'shop' AS shop,
         COUNT_DISTINCT(CASE WHEN event_type = 'view'        THEN session_id END) AS viewing,
         COUNT_DISTINCT(CASE WHEN event_type = 'add_to_cart' THEN session_id END) AS carting,
         COUNT_DISTINCT(CASE WHEN event_type = 'checkout'    THEN session_id END) AS paying,
         COUNT_DISTINCT(CASE WHEN event_type = 'purchase'    THEN session_id END) AS buying,
         CASE WHEN COUNT_DISTINCT(CASE WHEN event_type = 'view' THEN session_id END) > 0
              THEN ROUND(COUNT_DISTINCT(CASE WHEN event_type = 'add_to_cart' THEN session_id END) * 1E2
                         / COUNT_DISTINCT(CASE WHEN event_type = 'view' THEN session_id END), 2)
              END AS view_to_cart,
         CASE WHEN COUNT_DISTINCT(CASE WHEN event_type = 'add_to_cart' THEN session_id END) > 0
              THEN ROUND(COUNT_DISTINCT(CASE WHEN event_type = 'purchase' THEN session_id END) * 1E2
                         / COUNT_DISTINCT(CASE WHEN event_type = 'add_to_cart' THEN session_id END), 2)
              END AS cart_to_purchase
  FROM clickstream
  WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD ${grace_minutes} MINUTES)
  GROUP BY 'shop'
  EMIT CHANGES;

-- The same per user: who wanted what in this hour.
CREATE TABLE customer_funnel AS
  SELECT user_id,
         COUNT_DISTINCT(CASE WHEN event_type = 'view'        THEN product_id END) AS products_viewed,
         COUNT_DISTINCT(CASE WHEN event_type = 'add_to_cart' THEN product_id END) AS products_in_cart,
         COUNT_DISTINCT(CASE WHEN event_type = 'purchase'    THEN product_id END) AS products_bought
  FROM clickstream
  WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD ${grace_minutes} MINUTES)
  GROUP BY user_id
  EMIT CHANGES;
