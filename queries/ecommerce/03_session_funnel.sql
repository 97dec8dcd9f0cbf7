-- One row per visit: how far did the visitor get? A visit ends after half an hour without a click. A
-- click between two visits can join them; then the rows of the two disappear.
CREATE TABLE session_funnel AS
  SELECT user_id,
         COUNT(*) AS events,
         SUM(CASE WHEN event_type = 'view'        THEN 1 ELSE 0 END) AS page_views,
         SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_adds,
         SUM(CASE WHEN event_type = 'purchase'    THEN 1 ELSE 0 END) AS purchases,
         MAX(CASE WHEN event_type = 'purchase'    THEN 4
                  WHEN event_type = 'checkout'    THEN 3
                  WHEN event_type = 'add_to_cart' THEN 2
                  WHEN event_type = 'view'        THEN 1
                  ELSE 0 END) AS deepest_step
  FROM clickstream
  WINDOW SESSION (30 MINUTES, GRACE PERIOD 5 MINUTES)
  GROUP BY user_id
  EMIT CHANGES;
