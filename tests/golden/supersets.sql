-- What ksqlDB refuses and this engine does. Clause order, self joins, several equalities and
-- COUNT(DISTINCT) stand with their families.
CREATE STREAM s (id INT KEY, v INT, tags ARRAY<STRING>, l ARRAY<STRUCT<sku STRING, qty INT>>) WITH (kafka_topic='s', value_format='JSON');

--@test: JOIN UNNEST
CREATE STREAM out AS SELECT s.id AS id, item->sku AS sku, item->qty * 2 AS q FROM s JOIN UNNEST(s.l) AS item;
--> s @1 {"key":1,"value":{"l":[{"sku":"a","qty":1},{"sku":"b","qty":2}]}}
--> s @2 {"key":2,"value":{"l":[]}}
--> s @3 {"key":3,"value":{"l":[{"sku":"c","qty":3}]}}
--< OUT {"key":1,"value":{"SKU":"a","Q":2},"timestamp":1}
--< OUT {"key":1,"value":{"SKU":"b","Q":4},"timestamp":1}
--< OUT {"key":3,"value":{"SKU":"c","Q":6},"timestamp":3}

--@test: UNNEST of texts, filtered
CREATE STREAM out AS SELECT id, tag FROM s CROSS JOIN UNNEST(tags) AS tag WHERE v > 0;
--> s @1 {"key":1,"value":{"v":1,"tags":["x","y"]}}
--> s @2 {"key":2,"value":{"v":0,"tags":["x"]}}
--< OUT {"key":1,"value":{"TAG":"x"},"timestamp":1}
--< OUT {"key":1,"value":{"TAG":"y"},"timestamp":1}

--@test: without EMIT CHANGES
CREATE TABLE out AS SELECT id, COUNT(*) AS c FROM s GROUP BY id;
--> s @1 {"key":1,"value":{"v":1}}
--< OUT {"key":1,"value":{"C":1},"timestamp":1}

--@test: an extra condition in ON
CREATE STREAM t (id INT KEY, w INT) WITH (kafka_topic='t', value_format='JSON');
CREATE STREAM out AS SELECT s.id AS id, v, w FROM s JOIN t WITHIN 1 MINUTE ON s.id = t.id AND s.v < t.w;
--> s @1 {"key":1,"value":{"v":5}}
--> t @2 {"key":1,"value":{"w":5}}
--> t @3 {"key":1,"value":{"w":6}}
--< OUT {"key":1,"value":{"V":5,"W":6},"timestamp":3}

--@test: fields of unnested items are columns
CREATE TABLE out AS SELECT sku, COUNT(*) AS n, SUM(item.qty * qty) AS q FROM s JOIN UNNEST(l) AS item GROUP BY sku;
--> s @1 {"key":1,"value":{"l":[{"sku":"a","qty":1},{"sku":"b","qty":2}]}}
--> s @2 {"key":2,"value":{"l":[{"sku":"a","qty":3}]}}
--< OUT {"key":"a","value":{"N":1,"Q":1},"timestamp":1}
--< OUT {"key":"b","value":{"N":1,"Q":4},"timestamp":1}
--< OUT {"key":"a","value":{"N":2,"Q":10},"timestamp":2}
