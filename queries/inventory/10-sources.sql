-- Queries start at the beginning of a topic, not at what comes next.
SET 'auto.offset.reset' = 'earliest';

-- What comes into a warehouse and what leaves it.
CREATE STREAM stock_movements (
    product_id STRING KEY,
    change INT,                 -- + came, - left
    reason STRING,              -- delivery, sale, return, loss
    warehouse STRING
  ) WITH (KAFKA_TOPIC = 'stock_movements', VALUE_FORMAT = 'JSON', PARTITIONS = ${partitions});

-- Below how many pieces somebody must order.
CREATE TABLE stock_limits (product_id STRING PRIMARY KEY, name STRING, least INT)
  WITH (KAFKA_TOPIC = 'stock_limits', VALUE_FORMAT = 'JSON', PARTITIONS = ${partitions});
