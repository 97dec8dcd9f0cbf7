-- Orders have lines. Clicks and payments are those of the bundle shop.
CREATE STREAM orders (
    order_id STRING KEY,
    user_id STRING,
    items ARRAY<STRUCT<product_id STRING, category STRING, quantity INT, price DECIMAL(10, 2)>>
  ) WITH (KAFKA_TOPIC = 'orders', VALUE_FORMAT = 'JSON', PARTITIONS = ${order_partitions});
