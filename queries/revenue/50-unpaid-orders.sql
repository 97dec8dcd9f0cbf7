-- Orders that nobody has paid in time: payments are looked for by order, and only those that went well. LEFT JOIN: an
-- order without payment has its row when the time is over, which later orders and payments tell.
CREATE STREAM unpaid_orders AS
  SELECT o.order_id AS order_id,
         o.user_id  AS user_id,
         REDUCE(o.items, CAST(0 AS DECIMAL(12, 2)),
                (sum, i) => CAST(sum + i->price * i->quantity AS DECIMAL(12, 2))) AS amount
  FROM orders o
  LEFT JOIN payments p WITHIN (0 SECONDS, ${pay_minutes} MINUTES) GRACE PERIOD ${grace_minutes} MINUTES
    ON o.order_id = p.order_id AND p.status = 'ok'
  WHERE p.payment_id IS NULL
  EMIT CHANGES;
