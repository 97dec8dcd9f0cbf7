-- What was popular in each category, in the last hour that is over: how often each product went into a cart or was
-- bought. By the hour, because a change takes all lists of a category anew.
CREATE TABLE category_hours AS
  SELECT category, COUNT(*) AS events, HISTOGRAM(product_id) AS products
  FROM clickstream
  WINDOW TUMBLING (SIZE 1 HOUR, RETENTION 7 DAYS, GRACE PERIOD 10 MINUTES)
  WHERE event_type IN ('add_to_cart', 'purchase') AND category IS NOT NULL AND product_id IS NOT NULL
  GROUP BY category
  EMIT FINAL;

CREATE STREAM category_hour_changes (category STRING KEY, events BIGINT, products MAP<STRING, BIGINT>)
  WITH (KAFKA_TOPIC = 'CATEGORY_HOURS', VALUE_FORMAT = 'JSON', WINDOW_TYPE = 'TUMBLING', WINDOW_SIZE = '1 HOURS');

CREATE TABLE category_popularity AS
  SELECT category, LATEST_BY_OFFSET(events) AS events, LATEST_BY_OFFSET(products) AS products
  FROM category_hour_changes
  GROUP BY category
  EMIT CHANGES;

CREATE TABLE product_popularities AS
  SELECT e.product_id AS product_id, TRANSFORM(c.products, (k, v) => k, (k, v) => CAST(v AS DOUBLE) / c.events) AS popular
  FROM product_embeddings e
  LEFT JOIN category_popularity c ON e.category = c.category
  EMIT CHANGES;

-- Three opinions on what goes with a product, each as scores by product. A new product has no first one.
CREATE TABLE opinions AS
  SELECT p.product_id AS product_id,
         AS_MAP(TRANSFORM(s.items, i => i->product_id), TRANSFORM(s.items, i => i->score)) AS together,
         AS_MAP(TRANSFORM(c.items, i => i->product_id), TRANSFORM(c.items, i => i->score)) AS alike,
         p.popular AS popular
  FROM product_popularities p
  LEFT JOIN similar_products s ON p.product_id = s.product_id
  LEFT JOIN content_similar c ON p.product_id = c.product_id
  EMIT CHANGES;

-- Their weighted sum, the best first.
CREATE TABLE hybrid_ranked AS
  SELECT product_id,
         ARRAY_SORT(TRANSFORM(
           ARRAY_REMOVE(ARRAY_DISTINCT(ARRAY_CONCAT(ARRAY_CONCAT(MAP_KEYS(together), MAP_KEYS(alike)), MAP_KEYS(popular))),
                        product_id),
           k => LPAD(CAST(ROUND(10000 * (${weight_together} * COALESCE(together[k], CAST(0 AS DOUBLE))
                                       + ${weight_alike}    * COALESCE(alike[k], CAST(0 AS DOUBLE))
                                       + ${weight_popular}  * COALESCE(popular[k], CAST(0 AS DOUBLE)))) AS STRING), 5, '0') + k),
           'DESC') AS ranked
  FROM opinions
  EMIT CHANGES;

CREATE TABLE hybrid_products AS
  SELECT product_id,
         TRANSFORM(SLICE(ranked, 1, LEAST(${top}, ARRAY_LENGTH(ranked))),
                   t => STRUCT(product_id := SUBSTRING(t, 6), score := CAST(SUBSTRING(t, 1, 5) AS DOUBLE) / 10000)) AS items
  FROM hybrid_ranked
  WHERE ARRAY_LENGTH(ranked) > 0
  EMIT CHANGES;
