-- What the shop writes: one record per click.

-- Queries start at the beginning of a topic, not at what comes next.
SET 'auto.offset.reset' = 'earliest';

CREATE STREAM clickstream (
    user_id STRING KEY,
    event_id STRING,
    event_type STRING,          -- search, view, add_to_cart, remove_from_cart, checkout, purchase
    product_id STRING,
    category STRING,
    price DECIMAL(10, 2),
    quantity INT
  ) WITH (KAFKA_TOPIC = 'clickstream', VALUE_FORMAT = 'JSON', PARTITIONS = ${partitions});
