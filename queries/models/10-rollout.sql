-- What is known of a release of a model, and which users it serves: those whose percent is from_percent or more and
-- less than to_percent. Raising to_percent keeps everybody who is served already.
CREATE TABLE model_metadata (
    release STRING PRIMARY KEY,     -- model:version
    trained_at STRING,
    auc DOUBLE,
    from_percent INT,
    to_percent INT
  ) WITH (KAFKA_TOPIC = 'model_metadata', VALUE_FORMAT = 'JSON', PARTITIONS = ${metadata_partitions});

-- The last list of each release for each user. A user's percent is a hash: always the same, evenly spread, and another
-- one with another salt.
CREATE TABLE release_lists WITH (KEY_FORMAT = 'JSON') AS
  SELECT user_id,
         model + ':' + version   AS release,
         LATEST_BY_OFFSET(ABS(CAST(INT_FROM_BYTES(TO_BYTES(SUBSTRING(MD5('${salt}' + user_id), 1, 8), 'hex')) AS BIGINT)) % 100)
                                 AS percent,
         LATEST_BY_OFFSET(items) AS items
  FROM model_recommendations
  GROUP BY user_id, model + ':' + version
  EMIT CHANGES;

-- Those that are for the user's percent. A changed rollout changes them at once, lists need not come again.
CREATE TABLE served_lists WITH (KEY_FORMAT = 'JSON') AS
  SELECT l.user_id AS user_id, l.release AS release, l.percent AS percent, l.items AS items
  FROM release_lists l
  JOIN model_metadata m ON l.release = m.release
  WHERE l.percent >= m.from_percent AND l.percent < m.to_percent
  EMIT CHANGES;

CREATE TABLE served_recommendations AS
  SELECT user_id, COLLECT_LIST(release)[1] AS release, COLLECT_LIST(items)[1] AS items
  FROM served_lists
  GROUP BY user_id
  HAVING COUNT(*) > 0
  EMIT CHANGES;
