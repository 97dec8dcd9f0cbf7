-- Events as browsers send them: names in camelCase, and what the request tells.
CREATE STREAM events (
    userId STRING KEY,
    eventId STRING,
    sessionId STRING,
    eventType STRING,
    productId STRING,
    productName STRING,
    category STRING,
    price DECIMAL(10, 2),
    quantity INT,
    searchQuery STRING,
    referrer STRING,
    userAgent STRING,
    ipAddress STRING
  ) WITH (KAFKA_TOPIC = 'events', VALUE_FORMAT = 'JSON', PARTITIONS = ${event_partitions});

-- The names that all other bundles know.
INSERT INTO clickstream
  SELECT userId AS user_id, eventId AS event_id, sessionId AS session_id, eventType AS event_type,
         productId AS product_id, category, price, quantity, searchQuery AS search_query, referrer
  FROM events
  EMIT CHANGES;
