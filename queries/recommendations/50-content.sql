-- What a product is, as numbers: whoever trains the model writes one vector per product, all equally long.
CREATE TABLE product_embeddings (product_id STRING PRIMARY KEY, category STRING, embedding ARRAY<DOUBLE>)
  WITH (KAFKA_TOPIC = 'product_embeddings', VALUE_FORMAT = 'JSON', PARTITIONS = ${embedding_partitions});

-- Divided by its length once, so that the cosine of two is the sum of their products.
CREATE TABLE unit_vectors AS
  SELECT product_id, category,
         TRANSFORM(embedding, x => x / SQRT(REDUCE(embedding, CAST(0 AS DOUBLE), (sum, y) => sum + y * y))) AS unit
  FROM product_embeddings
  WHERE REDUCE(embedding, CAST(0 AS DOUBLE), (sum, x) => sum + x * x) > 0
  EMIT CHANGES;

-- Candidates are the products of the same category: one list for each.
CREATE TABLE category_vectors AS
  SELECT category, COLLECT_LIST(STRUCT(product_id := product_id, unit := unit)) AS products
  FROM unit_vectors
  GROUP BY category
  EMIT CHANGES;

-- Each product beside its category: a vector that changes changes every list that it is in. Cosines become
-- text of equal length so that they sort; what is not alike at all is left out.
CREATE TABLE content_ranked AS
  SELECT u.product_id AS product_id,
         FILTER(ARRAY_SORT(TRANSFORM(
                  FILTER(c.products, p => p->product_id <> u.product_id),
                  p => LPAD(CAST(ROUND(10000 * GREATEST(CAST(0 AS DOUBLE),
                         REDUCE(GENERATE_SERIES(1, ARRAY_LENGTH(u.unit)), CAST(0 AS DOUBLE),
                                (sum, i) => sum + u.unit[i] * p->unit[i]))) AS STRING), 5, '0') + p->product_id), 'DESC'),
                t => SUBSTRING(t, 1, 5) <> '00000') AS ranked
  FROM unit_vectors u
  JOIN category_vectors c ON u.category = c.category
  EMIT CHANGES;

CREATE TABLE content_similar AS
  SELECT product_id,
         TRANSFORM(SLICE(ranked, 1, LEAST(${top}, ARRAY_LENGTH(ranked))),
                   t => STRUCT(product_id := SUBSTRING(t, 6), score := CAST(SUBSTRING(t, 1, 5) AS DOUBLE) / 10000)) AS items
  FROM content_ranked
  WHERE ARRAY_LENGTH(ranked) > 0
  EMIT CHANGES;
