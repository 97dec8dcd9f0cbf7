-- Revenue per category and minute. Money is DECIMAL: no cent is lost to rounding. Purchases that
-- arrive up to two minutes late still count in their minute.
CREATE TABLE revenue_per_minute AS
  SELECT category,
         COUNT(*)              AS purchases,
         SUM(quantity)         AS units,
         SUM(price * quantity) AS revenue
  FROM clickstream
  WINDOW TUMBLING (SIZE 1 MINUTE, GRACE PERIOD 2 MINUTES)
  WHERE event_type = 'purchase'
  GROUP BY category
  EMIT CHANGES;
