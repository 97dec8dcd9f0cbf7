-- Revenue per category and window. Money is DECIMAL: no cent is lost to rounding.
CREATE TABLE revenue_by_category AS
  SELECT category,
         COUNT(*)              AS purchases,
         SUM(quantity)         AS units,
         SUM(price * quantity) AS revenue
  FROM clickstream
  WINDOW TUMBLING (SIZE ${window_minutes} MINUTES, GRACE PERIOD ${grace_minutes} MINUTES)
  WHERE event_type = 'purchase'
  GROUP BY category
  EMIT CHANGES;
