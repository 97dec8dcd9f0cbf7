-- The session form. One row per visit: how far did the visitor get? A visit ends after idle_minutes without
-- a click. A click between two visits can join them; then the rows of the two disappear.
CREATE TABLE visits AS
  SELECT user_id,
         COUNT(*) AS events,
         SUM(CASE WHEN event_type = 'view'        THEN 1 ELSE 0 END) AS page_views,
         SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_adds,
         SUM(CASE WHEN event_type = 'purchase'    THEN 1 ELSE 0 END) AS purchases,
         MAX(CASE WHEN event_type = 'purchase'    THEN 4
                  WHEN event_type = 'checkout'    THEN 3
                  WHEN event_type = 'add_to_cart' THEN 2
                  WHEN event_type = 'view'        THEN 1
                  ELSE 0 END) AS deepest_step,
         COLLECT_LIST(event_type) AS path
  FROM clickstream
  WINDOW SESSION (${idle_minutes} MINUTES, GRACE PERIOD ${grace_minutes} MINUTES)
  GROUP BY user_id
  EMIT CHANGES;
