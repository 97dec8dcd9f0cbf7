-- What goes into carts, and what is bought, by visit.
CREATE STREAM cart_lines AS
  SELECT session_id, user_id, product_id, price * quantity AS amount
  FROM clickstream
  WHERE event_type = 'add_to_cart'
  PARTITION BY session_id
  EMIT CHANGES;

CREATE STREAM cart_purchases AS
  SELECT session_id, event_id AS purchase_id
  FROM clickstream
  WHERE event_type = 'purchase'
  PARTITION BY session_id
  EMIT CHANGES;

-- LEFT JOIN: a line without a purchase has its row when the wait is over, which later clicks tell.
CREATE STREAM abandoned_lines AS
  SELECT c.session_id AS session_id, c.user_id AS user_id, c.product_id AS product_id, c.amount AS amount
  FROM cart_lines c
  LEFT JOIN cart_purchases p
    WITHIN (0 SECONDS, ${wait_minutes} MINUTES) GRACE PERIOD ${grace_minutes} MINUTES
    ON c.session_id = p.session_id
  WHERE p.purchase_id IS NULL
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
