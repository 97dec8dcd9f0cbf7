-- What the shop writes. The other bundles read these three, and agree on them here.

-- Queries start at the beginning of a topic, not at what comes next.
SET 'auto.offset.reset' = 'earliest';

-- One record per click. Searches and checkouts have no product: product_id, category, price and
-- quantity are NULL there.
CREATE STREAM clickstream (
    user_id STRING KEY,
    event_id STRING,
    session_id STRING,
    event_type STRING,          -- search, view, add_to_cart, remove_from_cart, checkout, purchase
    product_id STRING,
    category STRING,
    price DECIMAL(10, 2),
    quantity INT,
    search_query STRING,
    referrer STRING
  ) WITH (KAFKA_TOPIC = 'clickstream', VALUE_FORMAT = 'JSON', PARTITIONS = ${partitions});

-- One record per attempt to pay.
CREATE STREAM payments (
    payment_id STRING KEY,
    order_id STRING,
    user_id STRING,
    card STRING,
    amount DECIMAL(12, 2),
    method STRING,
    country STRING,
    status STRING               -- ok, declined
  ) WITH (KAFKA_TOPIC = 'payments', VALUE_FORMAT = 'JSON', PARTITIONS = ${partitions});

-- The catalogue: the latest record of a product counts.
CREATE TABLE products (
    product_id STRING PRIMARY KEY,
    name STRING,
    category STRING,
    brand STRING,
    price DECIMAL(10, 2),
    cost DECIMAL(10, 2),
    stock INT
  ) WITH (KAFKA_TOPIC = 'products', VALUE_FORMAT = 'JSON', PARTITIONS = ${partitions});
