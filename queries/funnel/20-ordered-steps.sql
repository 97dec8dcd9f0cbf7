-- The form with ordered steps. A step counts only after the one before it: view, then cart, then purchase.
-- A purchase without a cart (one click) gets nowhere here, and a cart before the first view waits for
-- another one.
CREATE TABLE ordered_steps AS
  SELECT session_id,
         LATEST_BY_OFFSET(user_id) AS user_id,
         REDUCE(COLLECT_LIST(event_type), 0, (step, event) =>
                CASE WHEN step = 0 AND event = 'view'        THEN 1
                     WHEN step = 1 AND event = 'add_to_cart' THEN 2
                     WHEN step = 2 AND event = 'purchase'    THEN 3
                     ELSE step END) AS step,
         MIN(CASE WHEN event_type = 'view'     THEN ROWTIME END) AS first_view,
         MAX(CASE WHEN event_type = 'purchase' THEN ROWTIME END) AS last_purchase
  FROM clickstream
  WHERE event_type IN ('view', 'add_to_cart', 'purchase')
  GROUP BY session_id
  EMIT CHANGES;

-- How many visits stand at which step. A visit that goes on leaves its old step: a table over a table.
CREATE TABLE steps_reached AS
  SELECT step, COUNT(*) AS visits
  FROM ordered_steps
  GROUP BY step
  EMIT CHANGES;
