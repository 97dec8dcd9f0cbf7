-- In how many visits was a product looked at?
CREATE TABLE product_visits AS
  SELECT product_id, COUNT_DISTINCT(session_id) AS visits
  FROM clickstream
  WHERE event_type IN ('view', 'add_to_cart', 'purchase') AND product_id IS NOT NULL
  GROUP BY product_id
  EMIT CHANGES;

-- What was looked at in a visit. Pairs grow with the square of a basket, so what is too large for a person
-- makes none any more.
CREATE TABLE baskets AS
  SELECT session_id, COLLECT_SET(product_id) AS products
  FROM clickstream
  WHERE event_type IN ('view', 'add_to_cart', 'purchase') AND product_id IS NOT NULL
  GROUP BY session_id
  HAVING COUNT_DISTINCT(product_id) BETWEEN 2 AND ${basket_most}
  EMIT CHANGES;

-- The table's changes as a stream: the newest product of a basket beside each one before it.
CREATE STREAM basket_changes (session_id STRING KEY, products ARRAY<STRING>)
  WITH (KAFKA_TOPIC = 'BASKETS', VALUE_FORMAT = 'JSON');

CREATE STREAM basket_neighbours AS
  SELECT session_id, products[-1] AS newest, EXPLODE(products) AS other
  FROM basket_changes
  WHERE products IS NOT NULL
  EMIT CHANGES;

-- Both ways round: whoever looks at the one is shown the other.
CREATE STREAM coview_pairs AS
  SELECT session_id, newest AS product_id, other
  FROM basket_neighbours
  WHERE newest <> other
  EMIT CHANGES;

INSERT INTO coview_pairs
  SELECT session_id, other AS product_id, newest AS other
  FROM basket_neighbours
  WHERE newest <> other
  EMIT CHANGES;

-- In how many visits were the two together? A visit counts once, however often its basket changed.
CREATE TABLE coviews WITH (KEY_FORMAT = 'JSON') AS
  SELECT product_id, other, COUNT_DISTINCT(session_id) AS together
  FROM coview_pairs
  GROUP BY product_id, other
  EMIT CHANGES;
