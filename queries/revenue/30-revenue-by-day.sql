-- The whole shop, day by day: how many bought, how often, for how much.
CREATE TABLE revenue_by_day AS
  SELECT 'shop'                  AS shop,
         COUNT(*)                AS purchases,
         COUNT_DISTINCT(user_id) AS buyers,
         SUM(price * quantity)   AS revenue
  FROM clickstream
  WINDOW TUMBLING (SIZE 1 DAY, GRACE PERIOD 1 HOUR)
  WHERE event_type = 'purchase'
  GROUP BY 'shop'
  EMIT CHANGES;
