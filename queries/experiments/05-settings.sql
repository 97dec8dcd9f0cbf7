-- An experiment is a row: whether it runs, and how many percent of its users get arm B.
CREATE TABLE experiment_settings (experiment STRING PRIMARY KEY, running BOOLEAN, percent_b INT)
  WITH (KAFKA_TOPIC = 'experiment_settings', VALUE_FORMAT = 'JSON', PARTITIONS = ${exposure_partitions});

-- Who was shown which arm. Arm A is what there was before, arm B what is new; without an arm the settings decide.
CREATE STREAM exposures (user_id STRING KEY, experiment STRING, arm STRING)
  WITH (KAFKA_TOPIC = 'exposures', VALUE_FORMAT = 'JSON', PARTITIONS = ${exposure_partitions});

-- A user's percent is a hash of user and experiment: the same user stays in an arm, and a higher percent_b takes more in
-- without moving anybody back. What does not run is left out.
CREATE STREAM assignments AS
  SELECT e.user_id AS user_id, e.experiment AS experiment,
         COALESCE(e.arm,
                  CASE WHEN ABS(CAST(INT_FROM_BYTES(TO_BYTES(SUBSTRING(MD5(e.experiment + e.user_id), 1, 8), 'hex')) AS BIGINT))
                            % 100 < s.percent_b THEN 'B' ELSE 'A' END) AS arm
  FROM exposures e
  JOIN experiment_settings s ON e.experiment = s.experiment
  WHERE s.running
  PARTITION BY e.user_id
  EMIT CHANGES;
