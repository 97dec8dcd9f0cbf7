-- Queries inside queries: FROM (SELECT …) and WITH name AS (SELECT …).
CREATE STREAM s (id INT KEY, v INT, t STRING) WITH (kafka_topic='s', value_format='JSON');

--@test: a filter over a projection
CREATE STREAM out AS SELECT id, w * 2 AS x FROM (SELECT id, v + 1 AS w FROM s WHERE v > 0) WHERE w < 10;
--> s @1 {"key":1,"value":{"v":0}}
--> s @2 {"key":2,"value":{"v":4}}
--> s @3 {"key":3,"value":{"v":9}}
--> s @4 {"key":4,"value":null}
--< OUT {"key":2,"value":{"X":10},"timestamp":2}

--@test: groups of groups
CREATE TABLE out AS SELECT n, COUNT(*) AS ids FROM (SELECT id, COUNT(*) AS n FROM s GROUP BY id) GROUP BY n;
--> s @1 {"key":1,"value":{"v":1}}
--> s @2 {"key":2,"value":{"v":1}}
--> s @3 {"key":1,"value":{"v":1}}
--> s @4 {"key":2,"value":{"v":1}}
--> s @5 {"key":3,"value":{"v":1}}
--< OUT {"key":1,"value":{"IDS":1},"timestamp":1}
--< OUT {"key":1,"value":{"IDS":2},"timestamp":2}
--< OUT {"key":1,"value":{"IDS":1},"timestamp":3}
--< OUT {"key":2,"value":{"IDS":1},"timestamp":3}
--< OUT {"key":1,"value":{"IDS":0},"timestamp":4}
--< OUT {"key":2,"value":{"IDS":2},"timestamp":4}
--< OUT {"key":1,"value":{"IDS":1},"timestamp":5}

--@test: windows filtered after they are made
CREATE TABLE out AS SELECT id, n, WINDOWSTART AS ws FROM (SELECT id, COUNT(*) AS n FROM s WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY id) x WHERE n > 1;
--> s @1 {"key":1,"value":{"v":1}}
--> s @2 {"key":1,"value":{"v":1}}
--> s @900 {"key":2,"value":{"v":1}}
--> s @1000 {"key":1,"value":{"v":1}}
--> s @1001 {"key":1,"value":{"v":1}}
--< OUT {"key":1,"value":{"N":2,"WS":0},"timestamp":2,"window":{"start":0,"end":1000}}
--< OUT {"key":1,"value":{"N":2,"WS":1000},"timestamp":1001,"window":{"start":1000,"end":2000}}

--@test: a stream joined with its own aggregate
CREATE STREAM out AS WITH seen AS (SELECT t, COUNT(*) AS n FROM s GROUP BY t)
  SELECT s.t, s.id, seen.n FROM s JOIN seen ON s.t = seen.t;
--> s @1 {"key":1,"value":{"t":"a"}}
--> s @2 {"key":2,"value":{"t":"b"}}
--> s @3 {"key":3,"value":{"t":"a"}}
--< OUT {"key":"a","value":{"ID":3,"N":1},"timestamp":3}

--@test: names build on names
CREATE STREAM out AS WITH a AS (SELECT id, v FROM s), b AS (SELECT id, v * 10 AS v FROM a WHERE v > 1)
  SELECT a.id AS id, a.v AS one, b.v AS ten FROM a JOIN b WITHIN 1 SECOND ON a.id = b.id;
--> s @1 {"key":1,"value":{"v":1}}
--> s @2 {"key":1,"value":{"v":2}}
--< OUT {"key":1,"value":{"ONE":1,"TEN":20},"timestamp":2}
--< OUT {"key":1,"value":{"ONE":2,"TEN":20},"timestamp":2}

--@test: a name hides a stream, a column that is not there
CREATE STREAM out AS WITH s AS (SELECT id, v FROM s) SELECT id, t FROM s;
--! SELECT column 'T' cannot be resolved

--@test: tables joined with a condition, inner
CREATE TABLE a (id INT PRIMARY KEY, v INT) WITH (kafka_topic='a', value_format='JSON');
CREATE TABLE b (id INT PRIMARY KEY, w INT) WITH (kafka_topic='b', value_format='JSON');
CREATE TABLE out AS SELECT a.id AS id, v, w FROM a JOIN b ON a.id = b.id AND a.v < b.w;
--> a @1 {"key":1,"value":{"v":1}}
--> b @2 {"key":1,"value":{"w":1}}
--> b @3 {"key":1,"value":{"w":2}}
--> a @4 {"key":1,"value":{"v":3}}
--> a @5 {"key":1,"value":{"v":0}}
--> b @6 {"key":1,"value":null}
--< OUT {"key":1,"value":{"V":1,"W":2},"timestamp":3}
--< OUT {"key":1,"value":null,"timestamp":4}
--< OUT {"key":1,"value":{"V":0,"W":2},"timestamp":5}
--< OUT {"key":1,"value":null,"timestamp":6}

--@test: tables joined with a condition, left
CREATE TABLE a (id INT PRIMARY KEY, v INT) WITH (kafka_topic='a', value_format='JSON');
CREATE TABLE b (id INT PRIMARY KEY, w INT) WITH (kafka_topic='b', value_format='JSON');
CREATE TABLE out AS SELECT a.id AS id, v, w FROM a LEFT JOIN b ON a.id = b.id AND a.v < b.w;
--> a @1 {"key":1,"value":{"v":1}}
--> b @2 {"key":1,"value":{"w":1}}
--> b @3 {"key":1,"value":{"w":2}}
--> a @4 {"key":1,"value":{"v":3}}
--> a @5 {"key":1,"value":null}
--< OUT {"key":1,"value":{"V":1,"W":null},"timestamp":1}
--< OUT {"key":1,"value":{"V":1,"W":null},"timestamp":2}
--< OUT {"key":1,"value":{"V":1,"W":2},"timestamp":3}
--< OUT {"key":1,"value":{"V":3,"W":null},"timestamp":4}
--< OUT {"key":1,"value":null,"timestamp":5}

--@test: a join on two columns has a JSON key
CREATE STREAM a (id INT KEY, v INT, t STRING) WITH (kafka_topic='a', value_format='JSON');
CREATE STREAM out AS SELECT s.v, s.t, a.id AS other FROM s JOIN a WITHIN 1 SECOND ON s.v = a.v AND s.t = a.t;
--> s @1 {"key":1,"value":{"v":1,"t":"x"}}
--> a @2 {"key":2,"value":{"v":1,"t":"y"}}
--> a @3 {"key":3,"value":{"v":1,"t":"x"}}
--< OUT {"key":{"S_V":1,"S_T":"x"},"value":{"OTHER":3},"timestamp":3}
