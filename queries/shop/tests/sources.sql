--@test: money keeps its cents, what is missing is NULL
RUN SCRIPT '../10-sources.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, price, quantity)
  VALUES (1769414400000, 'ann', 'purchase', 'P1', 12345678.90, 2);
INSERT INTO clickstream (ROWTIME, user_id, event_type, search_query)
  VALUES (1769414401000, 'ann', 'search', 'écouteurs');
ASSERT VALUES clickstream (user_id, event_type, product_id, price, quantity, search_query)
  VALUES ('ann', 'purchase', 'P1', 12345678.90, 2, NULL);
ASSERT VALUES clickstream (user_id, event_type, product_id, price, quantity, search_query)
  VALUES ('ann', 'search', NULL, NULL, NULL, 'écouteurs');

--@test: names and columns that the other bundles count on
RUN SCRIPT '../10-sources.sql';
ASSERT STREAM clickstream (user_id STRING KEY, event_id STRING, session_id STRING, event_type STRING,
    product_id STRING, category STRING, price DECIMAL(10, 2), quantity INT, search_query STRING, referrer STRING)
  WITH (KAFKA_TOPIC = 'clickstream', VALUE_FORMAT = 'JSON');
ASSERT STREAM payments (payment_id STRING KEY, order_id STRING, user_id STRING, card STRING,
    amount DECIMAL(12, 2), method STRING, country STRING, status STRING)
  WITH (KAFKA_TOPIC = 'payments', VALUE_FORMAT = 'JSON');
ASSERT TABLE products (product_id STRING PRIMARY KEY, name STRING, category STRING, brand STRING,
    price DECIMAL(10, 2), cost DECIMAL(10, 2), stock INT)
  WITH (KAFKA_TOPIC = 'products', VALUE_FORMAT = 'JSON');
