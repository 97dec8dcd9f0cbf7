-- What everybody looks at is together with everything. The cosine damps that: visits together, divided by
-- the root of the visits of both. It is taken anew when the two are seen together; a table over tables would
-- take it anew for all neighbours of a product with each of its views. A product that is new has one visit: this one.
CREATE STREAM coview_changes (product_id STRING KEY, other STRING KEY, together BIGINT)
  WITH (KAFKA_TOPIC = 'COVIEWS', KEY_FORMAT = 'JSON', VALUE_FORMAT = 'JSON');

CREATE STREAM coviews_of_product WITH (KEY_FORMAT = 'KAFKA') AS
  SELECT c.product_id AS product_id, c.other AS other, c.together AS together,
         COALESCE(v.visits, CAST(1 AS BIGINT)) AS visits
  FROM coview_changes c
  LEFT JOIN product_visits v ON c.product_id = v.product_id
  WHERE c.together >= ${least_together}
  EMIT CHANGES;

CREATE STREAM cosines AS
  SELECT c.other AS other, c.product_id AS product_id,
         ROUND(c.together / SQRT(CAST(c.visits AS DOUBLE) * COALESCE(v.visits, CAST(1 AS BIGINT))), 4) AS cosine
  FROM coviews_of_product c
  LEFT JOIN product_visits v ON c.other = v.product_id
  EMIT CHANGES;

CREATE TABLE similarities WITH (KEY_FORMAT = 'JSON') AS
  SELECT product_id, other, LATEST_BY_OFFSET(cosine) AS cosine
  FROM cosines
  GROUP BY product_id, other
  EMIT CHANGES;

-- The most similar products of each. Cosines become text of equal length so that they sort.
CREATE TABLE similar_products AS
  SELECT product_id,
         TRANSFORM(
           SLICE(ARRAY_SORT(COLLECT_LIST(LPAD(CAST(ROUND(cosine * 10000) AS STRING), 5, '0') + other), 'DESC'),
                 1, LEAST(${top}, CAST(COUNT(*) AS INT))),
           t => STRUCT(product_id := SUBSTRING(t, 6), score := CAST(SUBSTRING(t, 1, 5) AS DOUBLE) / 10000)) AS items
  FROM similarities
  GROUP BY product_id
  EMIT CHANGES;
