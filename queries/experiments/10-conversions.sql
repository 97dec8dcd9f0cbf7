-- What was bought, by whom.
CREATE STREAM experiment_purchases AS
  SELECT user_id, price * quantity AS amount
  FROM clickstream
  WHERE event_type = 'purchase'
  EMIT CHANGES;

-- A purchase belongs to the exposures before it.
CREATE STREAM conversions AS
  SELECT e.user_id AS user_id, e.experiment AS experiment, e.arm AS arm, p.amount AS amount
  FROM assignments e
  JOIN experiment_purchases p
    WITHIN (0 SECONDS, ${attribution_hours} HOURS) GRACE PERIOD ${grace_minutes} MINUTES
    ON e.user_id = p.user_id
  EMIT CHANGES;

-- Exposures and conversions as one stream, so that one query can count both.
CREATE STREAM experiment_events AS
  SELECT user_id, experiment, arm, 'exposure' AS kind, CAST(0 AS DECIMAL(21, 2)) AS amount
  FROM assignments
  EMIT CHANGES;

INSERT INTO experiment_events
  SELECT user_id, experiment, arm, 'conversion' AS kind, CAST(amount AS DECIMAL(21, 2)) AS amount
  FROM conversions
  EMIT CHANGES;
