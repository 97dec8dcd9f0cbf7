-- What an event says about liking: a table, so that a weight can be changed without touching a query. A new weight
-- counts from then on; an event without one counts nothing.
CREATE TABLE event_weights (event_type STRING PRIMARY KEY, weight INT)
  WITH (KAFKA_TOPIC = 'event_weights', VALUE_FORMAT = 'JSON', PARTITIONS = ${weight_partitions});

CREATE STREAM weighted_interactions AS
  SELECT i.event_type AS event_type, i.user_id AS user_id, i.product_id AS product_id, COALESCE(w.weight, 0) AS weight
  FROM interactions i
  LEFT JOIN event_weights w ON i.event_type = w.event_type
  EMIT CHANGES;
