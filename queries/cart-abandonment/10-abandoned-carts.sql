-- What went into a cart, beside what ends the wait for it: a purchase in the same visit, or the product taken out again.
-- LEFT JOIN: a line without an end has its row when the wait is over, which later clicks tell. Both sides stand in one
-- statement, so that they are read in the order of their times, also when it has to catch up.
CREATE STREAM abandoned_lines AS
  WITH added AS (
         SELECT session_id, user_id, product_id, price * quantity AS amount
         FROM clickstream
         WHERE event_type = 'add_to_cart'
         PARTITION BY session_id),
       ended AS (
         SELECT session_id, event_id, event_type, product_id
         FROM clickstream
         WHERE event_type IN ('purchase', 'remove_from_cart')
         PARTITION BY session_id)
  SELECT a.session_id AS session_id, a.user_id AS user_id, a.product_id AS product_id, a.amount AS amount
  FROM added a
  LEFT JOIN ended e
    WITHIN (0 SECONDS, ${wait_minutes} MINUTES) GRACE PERIOD ${grace_minutes} MINUTES
    ON a.session_id = e.session_id AND (e.event_type = 'purchase' OR e.product_id = a.product_id)
  WHERE e.event_id IS NULL
  EMIT CHANGES;

-- One row per visit, however much was in the cart.
CREATE TABLE abandoned_carts AS
  SELECT session_id,
         LATEST_BY_OFFSET(user_id) AS user_id,
         COUNT(*)                  AS cart_lines,
         SUM(amount)               AS amount,
         COLLECT_SET(product_id)   AS products
  FROM abandoned_lines
  GROUP BY session_id
  HAVING SUM(amount) >= ${least_amount}
  EMIT CHANGES;
