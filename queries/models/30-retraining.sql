-- Enough new data in a day to train again.
CREATE TABLE retraining_due AS
  SELECT 'recommender' AS feature, 'new data' AS reason, COUNT(*) AS events, CAST(0 AS DOUBLE) AS psi
  FROM clickstream
  WINDOW TUMBLING (SIZE 1 DAY, GRACE PERIOD 1 HOUR)
  WHERE event_type IN ('add_to_cart', 'purchase')
  GROUP BY 'recommender'
  HAVING COUNT(*) >= ${retrain_events}
  EMIT CHANGES;
