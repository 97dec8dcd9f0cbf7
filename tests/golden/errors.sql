-- Statements that are refused, and where the message points.
CREATE STREAM s (id INT KEY, v INT, t STRING) WITH (kafka_topic='s', value_format='JSON');
CREATE TABLE t (id INT PRIMARY KEY, w INT) WITH (kafka_topic='t', value_format='JSON');

--@test: unknown column, with a hint
CREATE STREAM out AS SELECT id, vv FROM s;
--! errors.sql:6:33:
--! SELECT column 'VV' cannot be resolved

--@test: unknown source
CREATE STREAM out AS SELECT * FROM nowhere;
--! NOWHERE does not exist

--@test: the key must be selected
CREATE STREAM out AS SELECT v FROM s;
--! must include the key column ID in its projection (eg, SELECT ID...)

--@test: no value columns
CREATE STREAM out AS SELECT id FROM s;
--! The projection contains no value columns.

--@test: LIMIT in a persistent query
CREATE STREAM out AS SELECT id, v FROM s EMIT CHANGES LIMIT 3;
--! statements don't support LIMIT clause.

--@test: types of an operator
CREATE STREAM out AS SELECT id, v + t FROM s;
--! Unsupported arithmetic types. INTEGER STRING

--@test: WHERE wants a BOOLEAN
CREATE STREAM out AS SELECT id, v FROM s WHERE v + 1;
--! Type error in WHERE expression: Should evaluate to boolean

--@test: a stream join needs WITHIN
CREATE STREAM s2 (id INT KEY, x INT) WITH (kafka_topic='s2', value_format='JSON');
CREATE STREAM out AS SELECT s.id, v, x FROM s JOIN s2 ON s.id = s2.id;
--! WITHIN

--@test: table and stream in the wrong order
CREATE STREAM out AS SELECT t.id, v, w FROM t JOIN s ON t.id = s.id;
--! Invalid join order

--@test: unknown property of WITH
CREATE STREAM x (id INT KEY, v INT) WITH (kafka_topic='x', value_format='JSON', partitons=3);
--! partitons

--@test: a cast that does not exist
CREATE STREAM out AS SELECT id, CAST(v AS ARRAY<INT>) AS a FROM s;
--! Cast of

--@test: unknown function, with a hint
CREATE STREAM out AS SELECT id, UCASES(t) AS u FROM s;
--! UCASES

--@test: a source exists already
CREATE STREAM s (id INT KEY) WITH (kafka_topic='s', value_format='JSON');
--! already exists

--@test: one error of each statement
CREATE STREAM a AS SELEC * FROM s;
CREATE STREAM b AS SELECT id FROM;
--! errors.sql:60:20:
--! errors.sql:61:34:

--@test: nothing runs when the text has a syntax error
CREATE STREAM out AS SELECT id, v FROM s;
CREATE STREAM b AS SELECT (id FROM s;
--> s @1 {"key":1,"value":{"v":1}}
--! errors.sql:67:31:

--@test: GROUP BY without an aggregate
CREATE TABLE out AS SELECT v FROM s GROUP BY v;
--! GROUP BY requires aggregate functions

--@test: window bounds in WHERE
CREATE TABLE out AS SELECT id, COUNT(*) FROM s WINDOW TUMBLING (SIZE 1 SECOND) WHERE WINDOWSTART > 0 GROUP BY id;
--! WINDOWSTART

--@test: a topic that another stream uses is not deleted
CREATE STREAM twin (id INT KEY) WITH (kafka_topic='s', value_format='JSON');
DROP STREAM s DELETE TOPIC;
--! Refusing to delete topic. Found other data sources (TWIN) using topic s
