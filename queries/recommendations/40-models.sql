-- Lists that models outside have made: whoever trains one writes them here, and they are served as ours are.
CREATE STREAM model_recommendations (
    user_id STRING KEY,
    model STRING,
    version STRING,
    items ARRAY<STRUCT<product_id STRING, score DOUBLE>>
  ) WITH (KAFKA_TOPIC = 'model_recommendations', VALUE_FORMAT = 'JSON', PARTITIONS = ${model_partitions});

-- The last list of each model for each user.
CREATE TABLE model_lists WITH (KEY_FORMAT = 'JSON') AS
  SELECT user_id, model, LATEST_BY_OFFSET(version) AS version, LATEST_BY_OFFSET(items) AS items
  FROM model_recommendations
  GROUP BY user_id, model
  EMIT CHANGES;
