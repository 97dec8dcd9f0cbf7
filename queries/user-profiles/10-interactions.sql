-- Stars from 1 to 5.
CREATE STREAM ratings (user_id STRING KEY, product_id STRING, rating DOUBLE)
  WITH (KAFKA_TOPIC = 'ratings', VALUE_FORMAT = 'JSON', PARTITIONS = ${rating_partitions});

-- Clicks and ratings as one stream: what somebody did with a product.
CREATE STREAM interactions AS
  SELECT user_id, product_id, category, event_type, CAST(NULL AS DOUBLE) AS rating
  FROM clickstream
  WHERE product_id IS NOT NULL
  EMIT CHANGES;

INSERT INTO interactions
  SELECT user_id, product_id, CAST(NULL AS STRING) AS category, 'rating' AS event_type, rating
  FROM ratings
  EMIT CHANGES;
