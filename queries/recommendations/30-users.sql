-- What is like the product that somebody looked at last: taken with each view, so that a list changes with
-- its user's clicks, and not with everybody's.
CREATE STREAM viewed_with_similar WITH (KEY_FORMAT = 'KAFKA') AS
  SELECT v.product_id AS product_id, v.user_id AS user_id, s.items AS items
  FROM clickstream v
  JOIN similar_products s ON v.product_id = s.product_id
  WHERE v.event_type = 'view'
  EMIT CHANGES;

CREATE TABLE user_recommendations AS
  SELECT user_id,
         LATEST_BY_OFFSET(product_id) AS because_of,
         LATEST_BY_OFFSET(items)      AS items
  FROM viewed_with_similar
  GROUP BY user_id
  EMIT CHANGES;

-- For whom nothing is known: what is popular today.
CREATE TABLE popular_today AS
  SELECT 'everybody' AS audience,
         TRANSFORM(
           SLICE(ARRAY_SORT(TRANSFORM(ENTRIES(HISTOGRAM(product_id), true),
                                      e => LPAD(CAST(e->v AS STRING), 9, '0') + e->k), 'DESC'),
                 1, LEAST(${top}, CAST(COUNT_DISTINCT(product_id) AS INT))),
           t => STRUCT(product_id := SUBSTRING(t, 10), score := CAST(SUBSTRING(t, 1, 9) AS DOUBLE))) AS items
  FROM clickstream
  WINDOW TUMBLING (SIZE 1 DAY, GRACE PERIOD 10 MINUTES)
  WHERE event_type IN ('add_to_cart', 'purchase') AND product_id IS NOT NULL
  GROUP BY 'everybody'
  EMIT CHANGES;
