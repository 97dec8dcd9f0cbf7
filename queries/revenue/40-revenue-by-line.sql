-- Revenue of what was ordered. An order has lines of several categories, so each line becomes a record of
-- its own first.
CREATE STREAM order_lines AS
  SELECT order_id, user_id, EXPLODE(items) AS line
  FROM orders
  EMIT CHANGES;

CREATE TABLE order_revenue_by_category AS
  SELECT line->category                           AS category,
         COUNT(*)                                 AS order_lines,
         SUM(line->quantity)                      AS units,
         SUM(line->price * line->quantity)        AS revenue,
         AVG(CAST(line->price AS DOUBLE))         AS average_price
  FROM order_lines
  WINDOW TUMBLING (SIZE ${window_minutes} MINUTES, GRACE PERIOD ${grace_minutes} MINUTES)
  GROUP BY line->category
  EMIT CHANGES;
