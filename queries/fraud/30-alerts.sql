-- The changes of the scores as a stream, and of them what somebody should look at.
CREATE STREAM fraud_score_changes (
    card STRING KEY, attempts BIGINT, users BIGINT, countries BIGINT, declined BIGINT, most DECIMAL(12, 2), score INT
  ) WITH (KAFKA_TOPIC = 'FRAUD_SCORES', VALUE_FORMAT = 'JSON', WINDOW_TYPE = 'HOPPING', WINDOW_SIZE = '1 HOURS');

CREATE STREAM fraud_alerts AS
  SELECT card, 'score' AS rule, score, attempts, most
  FROM fraud_score_changes
  WHERE score >= ${alert_score}
  EMIT CHANGES;

-- A single payment that is high enough to be told at once.
CREATE STREAM high_payment_alerts AS
  SELECT card, 'high amount' AS rule, 20 AS score, 1 AS attempts, amount AS most
  FROM high_payments
  PARTITION BY card
  EMIT CHANGES;
