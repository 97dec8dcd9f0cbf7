-- Tables: filters, joins, aggregations with undo.
CREATE TABLE users (id STRING PRIMARY KEY, name STRING, city STRING, n INT) WITH (kafka_topic='users', value_format='JSON');
CREATE TABLE cities (city STRING PRIMARY KEY, country STRING) WITH (kafka_topic='cities', value_format='JSON');
CREATE STREAM orders (oid INT KEY, uid STRING, n INT) WITH (kafka_topic='orders', value_format='JSON');

--@test: a filter on a table writes tombstones only for rows that had passed
CREATE TABLE out AS SELECT id, name FROM users WHERE n > 1;
--> users @1 {"key":"a","value":{"name":"A","n":1}}
--> users @2 {"key":"a","value":{"name":"A","n":2}}
--> users @3 {"key":"b","value":{"name":"B","n":0}}
--> users @4 {"key":"b","value":null}
--> users @5 {"key":"a","value":{"name":"A","n":1}}
--> users @6 {"key":"a","value":null}
--> users @7 {"key":null,"value":{"name":"X","n":9}}
--< OUT {"key":"a","value":{"NAME":"A"},"timestamp":2}
--< OUT {"key":"a","value":null,"timestamp":5}

--@test: columns of a table, with tombstones
CREATE TABLE out AS SELECT id, n * 2 AS twice FROM users;
--> users @1 {"key":"a","value":{"n":1}}
--> users @2 {"key":"a","value":null}
--> users @3 {"key":"b","value":null}
--> users @1 {"key":"a","value":{"n":4}}
--< OUT {"key":"a","value":{"TWICE":2},"timestamp":1}
--< OUT {"key":"a","value":null,"timestamp":2}
--< OUT {"key":"b","value":null,"timestamp":3}
--< OUT {"key":"a","value":{"TWICE":8},"timestamp":1}

--@test: stream with table, inner: only the stream makes rows
CREATE STREAM out AS SELECT o.uid AS uid, oid, name FROM orders o JOIN users u ON o.uid = u.id;
--> users @1 {"key":"a","value":{"name":"A"}}
--> orders @2 {"key":1,"value":{"uid":"a"}}
--> orders @3 {"key":2,"value":{"uid":"b"}}
--> users @4 {"key":"b","value":{"name":"B"}}
--> users @5 {"key":"a","value":{"name":"AA"}}
--> orders @6 {"key":3,"value":{"uid":"a"}}
--> users @7 {"key":"a","value":null}
--> orders @8 {"key":4,"value":{"uid":"a"}}
--> orders @9 {"key":5,"value":{"uid":null}}
--> orders @10 {"key":6,"value":null}
--< OUT {"key":"a","value":{"OID":1,"NAME":"A"},"timestamp":2}
--< OUT {"key":"a","value":{"OID":3,"NAME":"AA"},"timestamp":6}

--@test: stream with table, left
CREATE STREAM out AS SELECT o.uid AS uid, oid, name FROM orders o LEFT JOIN users u ON o.uid = u.id;
--> users @1 {"key":"a","value":{"name":"A"}}
--> orders @2 {"key":1,"value":{"uid":"a"}}
--> orders @3 {"key":2,"value":{"uid":"b"}}
--> orders @9 {"key":5,"value":{"uid":null}}
--> orders @10 {"key":6,"value":null}
--< OUT {"key":"a","value":{"OID":1,"NAME":"A"},"timestamp":2}
--< OUT {"key":"b","value":{"OID":2,"NAME":null},"timestamp":3}
--< OUT {"key":null,"value":{"OID":5,"NAME":null},"timestamp":9}

--@test: table with table, inner and tombstones
CREATE TABLE t (id STRING PRIMARY KEY, x INT) WITH (kafka_topic='t', value_format='JSON');
CREATE TABLE out AS SELECT u.id AS id, name, x FROM users u JOIN t ON u.id = t.id;
--> users @1 {"key":"a","value":{"name":"A"}}
--> t @2 {"key":"a","value":{"x":1}}
--> t @3 {"key":"b","value":{"x":2}}
--> users @4 {"key":"b","value":null}
--> users @5 {"key":"a","value":{"name":"AA"}}
--> t @6 {"key":"a","value":null}
--> users @7 {"key":"a","value":null}
--> users @4 {"key":"b","value":{"name":"B"}}
--< OUT {"key":"a","value":{"NAME":"A","X":1},"timestamp":2}
--< OUT {"key":"b","value":null,"timestamp":4}
--< OUT {"key":"a","value":{"NAME":"AA","X":1},"timestamp":5}
--< OUT {"key":"a","value":null,"timestamp":6}
--< OUT {"key":"b","value":{"NAME":"B","X":2},"timestamp":4}

--@test: table with table, left and full
CREATE TABLE t (id STRING PRIMARY KEY, x INT) WITH (kafka_topic='t', value_format='JSON');
CREATE TABLE lefts AS SELECT u.id AS id, name, x FROM users u LEFT JOIN t ON u.id = t.id;
CREATE TABLE fulls AS SELECT ROWKEY AS id, name, x FROM users u FULL OUTER JOIN t ON u.id = t.id;
--> users @1 {"key":"a","value":{"name":"A"}}
--> t @2 {"key":"a","value":{"x":1}}
--> t @3 {"key":"b","value":{"x":2}}
--> t @4 {"key":"a","value":null}
--> users @5 {"key":"a","value":null}
--> t @6 {"key":"b","value":null}
--< LEFTS {"key":"a","value":{"NAME":"A","X":null},"timestamp":1}
--< LEFTS {"key":"a","value":{"NAME":"A","X":1},"timestamp":2}
--< LEFTS {"key":"a","value":{"NAME":"A","X":null},"timestamp":4}
--< LEFTS {"key":"a","value":null,"timestamp":5}
--< FULLS {"key":"a","value":{"NAME":"A","X":null},"timestamp":1}
--< FULLS {"key":"a","value":{"NAME":"A","X":1},"timestamp":2}
--< FULLS {"key":"b","value":{"NAME":null,"X":2},"timestamp":3}
--< FULLS {"key":"a","value":{"NAME":"A","X":null},"timestamp":4}
--< FULLS {"key":"a","value":null,"timestamp":5}
--< FULLS {"key":"b","value":null,"timestamp":6}

--@test: foreign key, inner
CREATE TABLE out AS SELECT u.id AS id, name, country FROM users u JOIN cities c ON u.city = c.city;
--> cities @1 {"key":"x","value":{"country":"X"}}
--> users @2 {"key":"a","value":{"name":"A","city":"x"}}
--> users @3 {"key":"b","value":{"name":"B","city":"x"}}
--> users @4 {"key":"c","value":{"name":"C","city":"y"}}
--> cities @5 {"key":"x","value":{"country":"XX"}}
--> users @6 {"key":"a","value":{"name":"A","city":"y"}}
--> cities @7 {"key":"y","value":{"country":"Y"}}
--> users @8 {"key":"b","value":null}
--> cities @9 {"key":"y","value":null}
--> users @10 {"key":"d","value":{"name":"D"}}
--< OUT {"key":"a","value":{"NAME":"A","COUNTRY":"X"},"timestamp":2}
--< OUT {"key":"b","value":{"NAME":"B","COUNTRY":"X"},"timestamp":3}
--< OUT {"key":"a","value":{"NAME":"A","COUNTRY":"XX"},"timestamp":5}
--< OUT {"key":"b","value":{"NAME":"B","COUNTRY":"XX"},"timestamp":5}
--< OUT {"key":"a","value":null,"timestamp":6}
--< OUT {"key":"a","value":{"NAME":"A","COUNTRY":"Y"},"timestamp":7}
--< OUT {"key":"c","value":{"NAME":"C","COUNTRY":"Y"},"timestamp":7}
--< OUT {"key":"b","value":null,"timestamp":8}
--< OUT {"key":"a","value":null,"timestamp":9}
--< OUT {"key":"c","value":null,"timestamp":9}

--@test: foreign key, left
CREATE TABLE out AS SELECT u.id AS id, name, country FROM users u LEFT JOIN cities c ON u.city = c.city;
--> users @1 {"key":"a","value":{"name":"A","city":"x"}}
--> cities @2 {"key":"x","value":{"country":"X"}}
--> users @3 {"key":"a","value":{"name":"A","city":"y"}}
--> cities @4 {"key":"x","value":null}
--> users @5 {"key":"a","value":null}
--< OUT {"key":"a","value":{"NAME":"A","COUNTRY":null},"timestamp":1}
--< OUT {"key":"a","value":{"NAME":"A","COUNTRY":"X"},"timestamp":2}
--< OUT {"key":"a","value":{"NAME":"A","COUNTRY":null},"timestamp":3}
--< OUT {"key":"a","value":null,"timestamp":5}

--@test: aggregating a table: old values are undone first
CREATE TABLE out AS SELECT city, COUNT(*) AS c, SUM(n) AS s FROM users GROUP BY city;
--> users @1 {"key":"a","value":{"city":"x","n":1}}
--> users @2 {"key":"b","value":{"city":"x","n":2}}
--> users @3 {"key":"a","value":{"city":"x","n":5}}
--> users @4 {"key":"a","value":{"city":"y","n":5}}
--> users @5 {"key":"b","value":null}
--> users @6 {"key":"c","value":null}
--< OUT {"key":"x","value":{"C":1,"S":1},"timestamp":1}
--< OUT {"key":"x","value":{"C":2,"S":3},"timestamp":2}
--< OUT {"key":"x","value":{"C":2,"S":7},"timestamp":3}
--< OUT {"key":"x","value":{"C":1,"S":2},"timestamp":4}
--< OUT {"key":"y","value":{"C":1,"S":5},"timestamp":4}
--< OUT {"key":"x","value":{"C":0,"S":0},"timestamp":5}

--@test: aggregating an expression of a table that loses its rows
CREATE TABLE out AS SELECT UCASE(city) AS c, AVG(CAST(name AS BIGINT)) AS a, COUNT() AS k FROM users WHERE n > 0 GROUP BY UCASE(city);
--> users @1 {"key":"a","value":{"city":"x","n":1,"name":"8"}}
--> users @2 {"key":"a","value":null}
--> users @3 {"key":"b","value":null}
--> users @4 {"key":"b","value":{"city":"x","n":0,"name":"4"}}
--> users @5 {"key":"a","value":{"city":"x","n":3,"name":"4"}}
--> users @6 {"key":"b","value":{"city":"x","n":1,"name":"7"}}
--> users @7 {"key":"a","value":{"city":"x","n":0}}
--< OUT {"key":"X","value":{"A":8.0,"K":1},"timestamp":1}
--< OUT {"key":"X","value":{"A":0.0,"K":0},"timestamp":2}
--< OUT {"key":"X","value":{"A":4.0,"K":1},"timestamp":5}
--< OUT {"key":"X","value":{"A":5.5,"K":2},"timestamp":6}
--< OUT {"key":"X","value":{"A":7.0,"K":1},"timestamp":7}

--@test: MIN cannot be undone
CREATE TABLE out AS SELECT city, MIN(n) AS lo FROM users GROUP BY city;
--! cannot be applied to a table source, only to a stream source


--@test: n-way: a stream with two tables on one key
CREATE TABLE t (id STRING PRIMARY KEY, x INT) WITH (kafka_topic='t', value_format='JSON');
CREATE STREAM out AS SELECT o.uid AS uid, oid, name, x FROM orders o JOIN users u ON o.uid = u.id LEFT JOIN t ON o.uid = t.id;
--> users @1 {"key":"a","value":{"name":"A"}}
--> orders @2 {"key":1,"value":{"uid":"a"}}
--> t @3 {"key":"a","value":{"x":7}}
--> orders @4 {"key":2,"value":{"uid":"a"}}
--> orders @5 {"key":3,"value":{"uid":"b"}}
--< OUT {"key":"a","value":{"OID":1,"NAME":"A","X":null},"timestamp":2}
--< OUT {"key":"a","value":{"OID":2,"NAME":"A","X":7},"timestamp":4}

--@test: a table made from a stream is joined
CREATE TABLE counts AS SELECT uid, COUNT(*) AS c FROM orders GROUP BY uid;
CREATE TABLE out AS SELECT u.id AS id, name, c FROM users u JOIN counts k ON u.id = k.uid;
--> users @1 {"key":"a","value":{"name":"A"}}
--> orders @2 {"key":1,"value":{"uid":"a"}}
--> orders @3 {"key":2,"value":{"uid":"a"}}
--> users @4 {"key":"a","value":{"name":"AA"}}
--< OUT {"key":"a","value":{"NAME":"A","C":1},"timestamp":2}
--< OUT {"key":"a","value":{"NAME":"A","C":2},"timestamp":3}
--< OUT {"key":"a","value":{"NAME":"AA","C":2},"timestamp":4}

--@test: a query reads two topics that descend from one
CREATE STREAM rekeyed AS SELECT uid, oid, n FROM orders PARTITION BY uid;
CREATE TABLE totals AS SELECT uid, SUM(n) AS s FROM orders GROUP BY uid;
CREATE STREAM out AS SELECT r.uid AS uid, oid, s FROM rekeyed r LEFT JOIN totals t ON r.uid = t.uid;
--> orders @1 {"key":1,"value":{"uid":"a","n":1}}
--> orders @2 {"key":2,"value":{"uid":"a","n":2}}
--> orders @3 {"key":3,"value":{"uid":"b","n":4}}
--> orders @3 {"key":4,"value":{"uid":"a","n":8}}
--< OUT {"key":"a","value":{"OID":1,"S":null},"timestamp":1}
--< OUT {"key":"a","value":{"OID":2,"S":1},"timestamp":2}
--< OUT {"key":"b","value":{"OID":3,"S":null},"timestamp":3}
--< OUT {"key":"a","value":{"OID":4,"S":3},"timestamp":3}
