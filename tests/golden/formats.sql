-- Formats of keys and values, headers, time stamps from columns, partitions.

--@test: DELIMITED in and out
CREATE STREAM s (id INT KEY, a STRING, b INT, c DECIMAL(5, 2), d BOOLEAN) WITH (kafka_topic='s', value_format='DELIMITED');
CREATE STREAM out AS SELECT id, a, b, c, d FROM s;
--> s @1 {"key":1,"value":"x,1,2.50,true"}
--> s @2 {"key":2,"value":"\"a,\"\"b\"\"\",2,,FALSE"}
--> s @3 {"key":3,"value":",,,"}
--> s @4 {"key":4,"value":"x,1,2"}
--> s @5 {"key":5,"value":"x,y,2,true"}
--> s @6 {"key":6,"value":null}
--> s @7 {"key":7,"value":" x , 7 ,1.1,true"}
--< OUT {"key":1,"value":"x,1,2.50,true","timestamp":1}
--< OUT {"key":2,"value":"\"a,\"\"b\"\"\",2,,false","timestamp":2}
--< OUT {"key":3,"value":",,,","timestamp":3}
--< OUT {"key":6,"value":null,"timestamp":6}

--@test: another delimiter
CREATE STREAM s (id INT KEY, a STRING, b INT) WITH (kafka_topic='s', value_format='DELIMITED', value_delimiter='|');
CREATE STREAM out WITH (value_format='DELIMITED', value_delimiter='TAB') AS SELECT id, a, b FROM s;
CREATE STREAM js WITH (value_format='JSON') AS SELECT * FROM s;
--> s @1 {"key":1,"value":"x,y|1"}
--> s @2 {"key":2,"value":"a\tb|2"}
--< OUT {"key":1,"value":"x,y\t1","timestamp":1}
--< OUT {"key":2,"value":"\"a\tb\"\t2","timestamp":2}
--< JS {"key":1,"value":{"A":"x,y","B":1},"timestamp":1}
--< JS {"key":2,"value":{"A":"a\tb","B":2},"timestamp":2}

--@test: KAFKA values
CREATE STREAM s (id BIGINT KEY, v DOUBLE) WITH (kafka_topic='s', value_format='KAFKA');
CREATE STREAM out AS SELECT id, v FROM s WHERE v > 1;
CREATE STREAM txt WITH (value_format='KAFKA') AS SELECT id, CAST(v AS STRING) AS v FROM s;
--> s @1 {"key":1,"value":1.5}
--> s @2 {"key":9007199254740993,"value":-2}
--> s @3 {"key":null,"value":null}
--< OUT {"key":1,"value":1.5,"timestamp":1}
--< TXT {"key":1,"value":"1.5","timestamp":1}
--< TXT {"key":9007199254740993,"value":"-2.0","timestamp":2}
--< TXT {"key":null,"value":null,"timestamp":3}

--@test: JSON of one column, wrapped or not
CREATE STREAM s (id STRING KEY, v INT) WITH (kafka_topic='s', format='JSON', wrap_single_value=false);
CREATE STREAM wrapped WITH (wrap_single_value=true) AS SELECT id, v + 1 AS v FROM s;
CREATE STREAM bare AS SELECT id, v + 2 AS v FROM s;
--> s @1 {"key":"a","value":5}
--> s @2 {"key":"b","value":{"v":5}}
--> s @3 {"key":"c","value":null}
--< WRAPPED {"key":"a","value":{"V":6},"timestamp":1}
--< WRAPPED {"key":"c","value":null,"timestamp":3}
--< BARE {"key":"a","value":{"V":7},"timestamp":1}
--< BARE {"key":"c","value":null,"timestamp":3}

--@test: numbers and texts in JSON are coerced
CREATE STREAM s (id INT KEY, i INT, b BIGINT, t STRING, f BOOLEAN) WITH (kafka_topic='s', value_format='JSON');
CREATE STREAM out AS SELECT * FROM s;
--> s @1 {"key":1,"value":{"i":1.9,"b":"12","t":5,"f":true}}
--> s @2 {"key":2,"value":{"i":"7","b":-3.99,"t":{"x":[1,2.50]},"f":false}}
--> s @3 {"key":3,"value":{"I":1,"i":2,"t":[1,"a"]}}
--> s @4 {"key":4,"value":{"t":true,"f":null}}
--< OUT {"key":1,"value":{"I":1,"B":12,"T":"5","F":true},"timestamp":1}
--< OUT {"key":2,"value":{"I":7,"B":-3,"T":"{\"x\":[1,2.50]}","F":false},"timestamp":2}
--< OUT {"key":3,"value":{"I":1,"B":null,"T":"[1, a]","F":null},"timestamp":3}
--< OUT {"key":4,"value":{"I":null,"B":null,"T":"true","F":null},"timestamp":4}
--= inputs.s.malformed 0

--@test: dates, bytes and decimals in JSON
CREATE STREAM s (id INT KEY, d DATE, t TIME, ts TIMESTAMP, b BYTES, p DECIMAL(10, 4)) WITH (kafka_topic='s', value_format='JSON');
CREATE STREAM out AS SELECT * FROM s;
--> s @1 {"key":1,"value":{"d":19675,"t":80000123,"ts":1700000000123,"b":"aGVsbG8=","p":1.5}}
--> s @2 {"key":2,"value":{"p":"12345.6"}}
--< OUT {"key":1,"value":{"D":19675,"T":80000123,"TS":1700000000123,"B":"aGVsbG8=","P":1.5000},"timestamp":1}
--< OUT {"key":2,"value":{"D":null,"T":null,"TS":null,"B":null,"P":12345.6000},"timestamp":2}

--@test: a JSON key of several columns
CREATE STREAM s (a INT KEY, b STRING KEY, v INT) WITH (kafka_topic='s', format='JSON');
CREATE STREAM out AS SELECT a, b, v FROM s WHERE b <> 'no';
CREATE TABLE sums AS SELECT a, b, SUM(v) AS s FROM s GROUP BY a, b;
--> s @1 {"key":{"A":1,"B":"x"},"value":{"v":1}}
--> s @2 {"key":{"a":1,"b":"no"},"value":{"v":2}}
--> s @3 {"key":{"A":1,"B":"x"},"value":{"v":3}}
--> s @4 {"key":{"B":"x"},"value":{"v":4}}
--< OUT {"key":{"A":1,"B":"x"},"value":{"V":1},"timestamp":1}
--< OUT {"key":{"A":1,"B":"x"},"value":{"V":3},"timestamp":3}
--< OUT {"key":{"A":null,"B":"x"},"value":{"V":4},"timestamp":4}
--< SUMS {"key":{"A":1,"B":"x"},"value":{"S":1},"timestamp":1}
--< SUMS {"key":{"A":1,"B":"no"},"value":{"S":2},"timestamp":2}
--< SUMS {"key":{"A":1,"B":"x"},"value":{"S":4},"timestamp":3}

--@test: a DELIMITED key
CREATE STREAM s (a INT KEY, b STRING KEY, v INT) WITH (kafka_topic='s', key_format='DELIMITED', value_format='JSON');
CREATE STREAM out AS SELECT a, b, v FROM s;
--> s @1 {"key":"1,x","value":{"v":1}}
--> s @2 {"key":"1","value":{"v":1}}
--> s @3 {"key":"2,\"y,z\"","value":{"v":3}}
--< OUT {"key":"1,x","value":{"V":1},"timestamp":1}
--< OUT {"key":"2,\"y,z\"","value":{"V":3},"timestamp":3}

--@test: no key
CREATE STREAM s (v INT) WITH (kafka_topic='s', key_format='NONE', value_format='JSON');
CREATE STREAM out AS SELECT v FROM s;
CREATE TABLE counts AS SELECT v, COUNT(*) AS c FROM s GROUP BY v;
--> s @1 {"value":{"v":1}}
--> s @2 {"value":{"v":1}}
--< OUT {"key":null,"value":{"V":1},"timestamp":1}
--< OUT {"key":null,"value":{"V":1},"timestamp":2}
--< COUNTS {"key":1,"value":{"C":1},"timestamp":1}
--< COUNTS {"key":1,"value":{"C":2},"timestamp":2}

--@test: headers
CREATE STREAM s (id INT KEY, v INT, h ARRAY<STRUCT<key STRING, value BYTES>> HEADERS) WITH (kafka_topic='s', value_format='JSON');
CREATE STREAM one (id INT KEY, v INT, t BYTES HEADER('trace')) WITH (kafka_topic='s', value_format='JSON');
CREATE STREAM all_of AS SELECT id, v, h FROM s;
CREATE STREAM out AS SELECT id, FROM_BYTES(t, 'utf8') AS t FROM one;
--> s @1 {"key":1,"value":{"v":1},"headers":{"trace":"abc","n":null}}
--> s @2 {"key":2,"value":{"v":2},"headers":[["trace","1"],["trace","2"]]}
--> s @3 {"key":3,"value":{"v":3}}
--< ALL_OF {"key":1,"value":{"V":1,"H":[{"KEY":"trace","VALUE":"YWJj"},{"KEY":"n","VALUE":null}]},"timestamp":1,"headers":[["trace","abc"],["n",null]]}
--< ALL_OF {"key":2,"value":{"V":2,"H":[{"KEY":"trace","VALUE":"MQ=="},{"KEY":"trace","VALUE":"Mg=="}]},"timestamp":2,"headers":[["trace","1"],["trace","2"]]}
--< ALL_OF {"key":3,"value":{"V":3,"H":[]},"timestamp":3}
--< OUT {"key":1,"value":{"T":"abc"},"timestamp":1,"headers":[["trace","abc"],["n",null]]}
--< OUT {"key":2,"value":{"T":"2"},"timestamp":2,"headers":[["trace","1"],["trace","2"]]}
--< OUT {"key":3,"value":{"T":null},"timestamp":3}

--@test: time stamps from a column
CREATE STREAM s (id INT KEY, t BIGINT, v INT) WITH (kafka_topic='s', value_format='JSON', timestamp='t');
CREATE STREAM out AS SELECT id, v, ROWTIME AS r FROM s;
CREATE TABLE w AS SELECT id, COUNT(*) AS c FROM s WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY id;
--> s @1 {"key":1,"value":{"t":100000,"v":1}}
--> s @2 {"key":1,"value":{"v":2}}
--> s @3 {"key":1,"value":{"t":-5,"v":3}}
--> s @4 {"key":1,"value":{"t":109999,"v":4}}
--> s @5 {"key":1,"value":null}
--< OUT {"key":1,"value":{"V":1,"R":100000},"timestamp":100000}
--< OUT {"key":1,"value":{"V":4,"R":109999},"timestamp":109999}
--< W {"key":1,"value":{"C":1},"timestamp":100000,"window":{"start":100000,"end":110000}}
--< W {"key":1,"value":{"C":2},"timestamp":109999,"window":{"start":100000,"end":110000}}
--= inputs.s.malformed 3

--@test: time stamps with a pattern, and for the result
CREATE STREAM s (id INT KEY, t STRING, u BIGINT) WITH (kafka_topic='s', value_format='JSON', timestamp='t', timestamp_format='yyyy-MM-dd''T''HH:mm:ssXXX');
CREATE STREAM out WITH (timestamp='u') AS SELECT id, u, ROWTIME AS r FROM s;
--> s @1 {"key":1,"value":{"t":"2023-11-14T22:13:20Z","u":42}}
--> s @2 {"key":2,"value":{"t":"2023-11-14T22:13:20+01:00","u":43}}
--> s @3 {"key":3,"value":{"t":"yesterday","u":44}}
--< OUT {"key":1,"value":{"U":42,"R":1700000000000},"timestamp":42}
--< OUT {"key":2,"value":{"U":43,"R":1699996400000},"timestamp":43}

--@test: several partitions: each has its own order and its own time
CREATE STREAM s (id INT KEY, shop STRING, v INT) WITH (kafka_topic='s', value_format='JSON', partitions=4);
CREATE STREAM out AS SELECT id, v FROM s WHERE v > 0;
CREATE TABLE w AS SELECT id, COUNT(*) AS c FROM s WINDOW TUMBLING (SIZE 10 SECONDS, GRACE PERIOD 0 SECONDS) GROUP BY id;
--> s @1000 {"key":1,"value":{"v":1,"shop":"a"}}
--> s @21000 {"key":2,"value":{"v":2,"shop":"b"}}
--> s @2000 {"key":1,"value":{"v":3,"shop":"b"}}
--> s @3000 {"key":2,"value":{"v":4,"shop":"a"}}
--> s @11000 {"key":1,"value":{"v":0,"shop":"a"}}
--< OUT {"key":1,"value":{"V":1},"timestamp":1000}
--< OUT {"key":1,"value":{"V":3},"timestamp":2000}
--< OUT {"key":2,"value":{"V":2},"timestamp":21000,"partition":3}
--< OUT {"key":2,"value":{"V":4},"timestamp":3000,"partition":3}
--< W {"key":1,"value":{"C":1},"timestamp":1000,"window":{"start":0,"end":10000}}
--< W {"key":1,"value":{"C":2},"timestamp":2000,"window":{"start":0,"end":10000}}
--< W {"key":1,"value":{"C":1},"timestamp":11000,"window":{"start":10000,"end":20000}}
--< W {"key":2,"value":{"C":1},"timestamp":21000,"partition":3,"window":{"start":20000,"end":30000}}
--= queries.W.late 1

--@test: several partitions: keys go where Kafka would put them
CREATE STREAM s (id INT KEY, shop STRING, v INT) WITH (kafka_topic='s', value_format='JSON', partitions=3);
CREATE TABLE out AS SELECT shop, SUM(v) AS s FROM s GROUP BY shop;
CREATE STREAM re WITH (partitions=2) AS SELECT shop, v FROM s PARTITION BY shop;
--> s @1 {"key":1,"value":{"v":1,"shop":"a"}}
--> s @2 {"key":1,"value":{"v":2,"shop":"b"}}
--> s @3 {"key":1,"value":{"v":3,"shop":"c"}}
--> s @4 {"key":1,"value":{"v":4,"shop":"d"}}
--> s @5 {"key":1,"value":{"v":5,"shop":"a"}}
--> s @6 {"key":1,"value":{"v":6,"shop":"b"}}
--< OUT {"key":"a","value":{"S":1},"timestamp":1,"partition":1}
--< OUT {"key":"c","value":{"S":3},"timestamp":3,"partition":1}
--< OUT {"key":"a","value":{"S":6},"timestamp":5,"partition":1}
--< OUT {"key":"b","value":{"S":2},"timestamp":2,"partition":2}
--< OUT {"key":"d","value":{"S":4},"timestamp":4,"partition":2}
--< OUT {"key":"b","value":{"S":8},"timestamp":6,"partition":2}
--< RE {"key":"a","value":{"V":1},"timestamp":1}
--< RE {"key":"b","value":{"V":2},"timestamp":2}
--< RE {"key":"c","value":{"V":3},"timestamp":3}
--< RE {"key":"a","value":{"V":5},"timestamp":5}
--< RE {"key":"b","value":{"V":6},"timestamp":6}
--< RE {"key":"d","value":{"V":4},"timestamp":4,"partition":1}
