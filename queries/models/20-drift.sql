-- How a feature was distributed in what a model was trained on: shares by value. Whoever trains writes them.
CREATE TABLE drift_references (feature STRING PRIMARY KEY, shares MAP<STRING, DOUBLE>)
  WITH (KAFKA_TOPIC = 'drift_references', VALUE_FORMAT = 'JSON', PARTITIONS = ${metadata_partitions});

-- What the features are now, one record each. One query makes them all: two would be at different times.
CREATE STREAM observed_features AS
  SELECT user_id,
         EXPLODE(ARRAY[STRUCT(feature := 'category',   value := category),
                       STRUCT(feature := 'event_type', value := event_type)]) AS observed
  FROM clickstream
  EMIT CHANGES;

CREATE STREAM features_with_reference AS
  SELECT r.feature AS feature, o.observed->value AS value, r.shares AS shares
  FROM observed_features o
  JOIN drift_references r ON o.observed->feature = r.feature
  WHERE o.observed->value IS NOT NULL
  EMIT CHANGES;

-- Hour by hour, once each.
CREATE TABLE feature_counts AS
  SELECT feature, COUNT(*) AS events, HISTOGRAM(value) AS counts, LATEST_BY_OFFSET(shares) AS shares
  FROM features_with_reference
  WINDOW TUMBLING (SIZE 1 HOUR, RETENTION 7 DAYS, GRACE PERIOD ${grace_minutes} MINUTES)
  GROUP BY feature
  EMIT FINAL;

CREATE STREAM feature_count_changes (feature STRING KEY, events BIGINT, counts MAP<STRING, BIGINT>, shares MAP<STRING, DOUBLE>)
  WITH (KAFKA_TOPIC = 'FEATURE_COUNTS', VALUE_FORMAT = 'JSON', WINDOW_TYPE = 'TUMBLING', WINDOW_SIZE = '1 HOURS');

-- The population stability index: the sum of (now - then) * ln(now / then) over all values. Below 0.1 nothing has changed,
-- above 0.25 the model has learnt another world. What was never seen counts as one of ten thousand.
CREATE STREAM drift_scores AS
  SELECT feature, events,
         ROUND(REDUCE(
           TRANSFORM(ARRAY_SORT(ARRAY_UNION(MAP_KEYS(shares), MAP_KEYS(counts))),
                     k => STRUCT(now    := GREATEST(COALESCE(CAST(counts[k] AS DOUBLE) / events, 1E-4), 1E-4),
                                 before := GREATEST(COALESCE(shares[k], 1E-4), 1E-4))),
           CAST(0 AS DOUBLE), (psi, s) => psi + (s->now - s->before) * LN(s->now / s->before)), 4) AS psi
  FROM feature_count_changes
  EMIT CHANGES;

-- The last one of each feature that is too far away.
CREATE TABLE drift_alerts AS
  SELECT feature, 'drift' AS reason, LATEST_BY_OFFSET(events) AS events, LATEST_BY_OFFSET(psi) AS psi
  FROM drift_scores
  WHERE psi > ${drift_most}
  GROUP BY feature
  EMIT CHANGES;
