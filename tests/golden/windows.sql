-- Tumbling, hopping and session windows.
CREATE STREAM e (k STRING KEY, n INT) WITH (kafka_topic='e', value_format='JSON');

--@test: tumbling windows, late records within the grace
CREATE TABLE out AS SELECT k, COUNT(*) AS c, SUM(n) AS s, WINDOWSTART AS ws, WINDOWEND AS we FROM e
    WINDOW TUMBLING (SIZE 10 SECONDS, GRACE PERIOD 5 SECONDS) GROUP BY k;
--> e @1000 {"key":"a","value":{"n":1}}
--> e @9999 {"key":"a","value":{"n":2}}
--> e @10000 {"key":"a","value":{"n":3}}
--> e @14999 {"key":"b","value":{"n":4}}
--> e @2000 {"key":"a","value":{"n":5}}
--> e @15000 {"key":"b","value":{"n":6}}
--> e @9000 {"key":"a","value":{"n":7}}
--> e @10001 {"key":"a","value":{"n":8}}
--< OUT {"key":"a","value":{"C":1,"S":1,"WS":0,"WE":10000},"timestamp":1000,"window":{"start":0,"end":10000}}
--< OUT {"key":"a","value":{"C":2,"S":3,"WS":0,"WE":10000},"timestamp":9999,"window":{"start":0,"end":10000}}
--< OUT {"key":"a","value":{"C":1,"S":3,"WS":10000,"WE":20000},"timestamp":10000,"window":{"start":10000,"end":20000}}
--< OUT {"key":"b","value":{"C":1,"S":4,"WS":10000,"WE":20000},"timestamp":14999,"window":{"start":10000,"end":20000}}
--< OUT {"key":"a","value":{"C":3,"S":8,"WS":0,"WE":10000},"timestamp":9999,"window":{"start":0,"end":10000}}
--< OUT {"key":"b","value":{"C":2,"S":10,"WS":10000,"WE":20000},"timestamp":15000,"window":{"start":10000,"end":20000}}
--< OUT {"key":"a","value":{"C":2,"S":11,"WS":10000,"WE":20000},"timestamp":10001,"window":{"start":10000,"end":20000}}
--= queries.OUT.late 1

--@test: without GRACE PERIOD records may be a day late
CREATE TABLE out AS SELECT k, COUNT(*) AS c FROM e WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY k;
--> e @0 {"key":"a","value":{"n":1}}
--> e @86399999 {"key":"a","value":{"n":2}}
--> e @1 {"key":"a","value":{"n":3}}
--> e @86400000 {"key":"a","value":{"n":4}}
--> e @2 {"key":"a","value":{"n":5}}
--< OUT {"key":"a","value":{"C":1},"timestamp":0,"window":{"start":0,"end":3600000}}
--< OUT {"key":"a","value":{"C":1},"timestamp":86399999,"window":{"start":82800000,"end":86400000}}
--< OUT {"key":"a","value":{"C":2},"timestamp":1,"window":{"start":0,"end":3600000}}
--< OUT {"key":"a","value":{"C":1},"timestamp":86400000,"window":{"start":86400000,"end":90000000}}
--= queries.OUT.late 1

--@test: WHERE before WINDOW (superset)
CREATE TABLE out AS SELECT k, COUNT(*) AS c FROM e WHERE n > 0 WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY k;
--> e @0 {"key":"a","value":{"n":1}}
--> e @1 {"key":"a","value":{"n":0}}
--> e @2 {"key":"a","value":{"n":2}}
--< OUT {"key":"a","value":{"C":1},"timestamp":0,"window":{"start":0,"end":10000}}
--< OUT {"key":"a","value":{"C":2},"timestamp":2,"window":{"start":0,"end":10000}}

--@test: hopping windows, in ascending order; late for one and not for the next
CREATE TABLE out AS SELECT k, SUM(n) AS s FROM e WINDOW HOPPING (SIZE 10 SECONDS, ADVANCE BY 5 SECONDS, GRACE PERIOD 0 SECONDS) GROUP BY k;
--> e @1000 {"key":"a","value":{"n":1}}
--> e @7000 {"key":"a","value":{"n":2}}
--> e @12000 {"key":"b","value":{"n":4}}
--> e @8000 {"key":"a","value":{"n":8}}
--< OUT {"key":"a","value":{"S":1},"timestamp":1000,"window":{"start":0,"end":10000}}
--< OUT {"key":"a","value":{"S":3},"timestamp":7000,"window":{"start":0,"end":10000}}
--< OUT {"key":"a","value":{"S":2},"timestamp":7000,"window":{"start":5000,"end":15000}}
--< OUT {"key":"b","value":{"S":4},"timestamp":12000,"window":{"start":5000,"end":15000}}
--< OUT {"key":"b","value":{"S":4},"timestamp":12000,"window":{"start":10000,"end":20000}}
--< OUT {"key":"a","value":{"S":10},"timestamp":8000,"window":{"start":5000,"end":15000}}
--= queries.OUT.late 1

--@test: sessions grow and merge; swallowed ones get tombstones first
CREATE TABLE out AS SELECT k, COUNT(*) AS c, SUM(n) AS s FROM e WINDOW SESSION (10 SECONDS) GROUP BY k;
--> e @1000 {"key":"a","value":{"n":1}}
--> e @5000 {"key":"a","value":{"n":2}}
--> e @20000 {"key":"a","value":{"n":4}}
--> e @12000 {"key":"a","value":{"n":8}}
--> e @30001 {"key":"a","value":{"n":16}}
--> e @20000 {"key":"b","value":{"n":32}}
--< OUT {"key":"a","value":{"C":1,"S":1},"timestamp":1000,"window":{"start":1000,"end":1000}}
--< OUT {"key":"a","value":null,"timestamp":1000,"window":{"start":1000,"end":1000}}
--< OUT {"key":"a","value":{"C":2,"S":3},"timestamp":5000,"window":{"start":1000,"end":5000}}
--< OUT {"key":"a","value":{"C":1,"S":4},"timestamp":20000,"window":{"start":20000,"end":20000}}
--< OUT {"key":"a","value":null,"timestamp":5000,"window":{"start":1000,"end":5000}}
--< OUT {"key":"a","value":null,"timestamp":20000,"window":{"start":20000,"end":20000}}
--< OUT {"key":"a","value":{"C":4,"S":15},"timestamp":20000,"window":{"start":1000,"end":20000}}
--< OUT {"key":"a","value":{"C":1,"S":16},"timestamp":30001,"window":{"start":30001,"end":30001}}
--< OUT {"key":"b","value":{"C":1,"S":32},"timestamp":20000,"window":{"start":20000,"end":20000}}

--@test: sessions close after the grace
CREATE TABLE out AS SELECT k, COUNT(*) AS c FROM e WINDOW SESSION (10 SECONDS, GRACE PERIOD 5 SECONDS) GROUP BY k;
--> e @1000 {"key":"a","value":{"n":1}}
--> e @16000 {"key":"b","value":{"n":2}}
--> e @1000 {"key":"c","value":{"n":3}}
--> e @16001 {"key":"b","value":{"n":4}}
--> e @1000 {"key":"c","value":{"n":5}}
--> e @500 {"key":"d","value":{"n":5}}
--> e @1001 {"key":"d","value":{"n":5}}
--< OUT {"key":"a","value":{"C":1},"timestamp":1000,"window":{"start":1000,"end":1000}}
--< OUT {"key":"b","value":{"C":1},"timestamp":16000,"window":{"start":16000,"end":16000}}
--< OUT {"key":"c","value":{"C":1},"timestamp":1000,"window":{"start":1000,"end":1000}}
--< OUT {"key":"b","value":null,"timestamp":16000,"window":{"start":16000,"end":16000}}
--< OUT {"key":"b","value":{"C":2},"timestamp":16001,"window":{"start":16000,"end":16001}}
--< OUT {"key":"d","value":{"C":1},"timestamp":1001,"window":{"start":1001,"end":1001}}
--= queries.OUT.late 2

--@test: EMIT FINAL writes each window once, when it has closed
CREATE TABLE out AS SELECT k, COUNT(*) AS c, SUM(n) AS s FROM e WINDOW TUMBLING (SIZE 10 SECONDS, GRACE PERIOD 2 SECONDS) GROUP BY k EMIT FINAL;
--> e @1000 {"key":"b","value":{"n":1}}
--> e @2000 {"key":"a","value":{"n":2}}
--> e @11000 {"key":"a","value":{"n":4}}
--> e @3000 {"key":"b","value":{"n":8}}
--> e @12000 {"key":"b","value":{"n":16}}
--> e @3000 {"key":"b","value":{"n":32}}
--> e @21999 {"key":"c","value":{"n":64}}
--> e @22000 {"key":"c","value":{"n":128}}
--< OUT {"key":"a","value":{"C":1,"S":2},"timestamp":2000,"window":{"start":0,"end":10000}}
--< OUT {"key":"b","value":{"C":2,"S":9},"timestamp":3000,"window":{"start":0,"end":10000}}
--< OUT {"key":"a","value":{"C":1,"S":4},"timestamp":11000,"window":{"start":10000,"end":20000}}
--< OUT {"key":"b","value":{"C":1,"S":16},"timestamp":12000,"window":{"start":10000,"end":20000}}
--= queries.OUT.late 1

--@test: EMIT FINAL of sessions
CREATE TABLE out AS SELECT k, COUNT(*) AS c FROM e WINDOW SESSION (5 SECONDS, GRACE PERIOD 0 SECONDS) GROUP BY k EMIT FINAL;
--> e @1000 {"key":"a","value":{"n":1}}
--> e @4000 {"key":"a","value":{"n":2}}
--> e @6000 {"key":"b","value":{"n":3}}
--> e @9000 {"key":"b","value":{"n":4}}
--> e @9001 {"key":"b","value":{"n":5}}
--> e @20000 {"key":"c","value":{"n":6}}
--< OUT {"key":"a","value":{"C":2},"timestamp":4000,"window":{"start":1000,"end":4000}}
--< OUT {"key":"b","value":{"C":3},"timestamp":9001,"window":{"start":6000,"end":9001}}

--@test: HAVING over windows
CREATE TABLE out AS SELECT k, COUNT(*) AS c FROM e WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY k HAVING COUNT(*) > 1;
--> e @1 {"key":"a","value":{"n":1}}
--> e @2 {"key":"a","value":{"n":2}}
--> e @10001 {"key":"a","value":{"n":3}}
--< OUT {"key":"a","value":{"C":2},"timestamp":2,"window":{"start":0,"end":10000}}

--@test: group by a value column, in windows
CREATE TABLE out AS SELECT n, COUNT(*) AS c FROM e WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY n;
--> e @1 {"key":"a","value":{"n":1}}
--> e @2 {"key":"b","value":{"n":1}}
--> e @3 {"key":"c","value":{}}
--> e @10000 {"key":null,"value":{"n":1}}
--< OUT {"key":1,"value":{"C":1},"timestamp":1,"window":{"start":0,"end":10000}}
--< OUT {"key":1,"value":{"C":2},"timestamp":2,"window":{"start":0,"end":10000}}
--< OUT {"key":1,"value":{"C":1},"timestamp":10000,"window":{"start":10000,"end":20000}}

--@test: a windowed table read as a windowed stream
CREATE TABLE w AS SELECT k, COUNT(*) AS c FROM e WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY k;
CREATE STREAM ws (k STRING KEY, c BIGINT) WITH (kafka_topic='W', value_format='JSON', window_type='TUMBLING', window_size='10 SECONDS');
CREATE STREAM out AS SELECT k, c, WINDOWSTART AS s, WINDOWEND AS e FROM ws WHERE c > 1;
--> e @1 {"key":"a","value":{"n":1}}
--> e @2 {"key":"a","value":{"n":2}}
--> e @10001 {"key":"a","value":{"n":3}}
--> e @10003 {"key":"a","value":{"n":3}}
--< OUT {"key":"a","value":{"C":2,"S":0,"E":10000},"timestamp":2,"window":{"start":0,"end":10000}}
--< OUT {"key":"a","value":{"C":2,"S":10000,"E":20000},"timestamp":10003,"window":{"start":10000,"end":20000}}

--@test: a jump of millennia
CREATE TABLE out AS SELECT k, COUNT(*) AS c FROM e WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY k;
--> e @0 {"key":"a","value":{"n":1}}
--> e @253402300799999 {"key":"a","value":{"n":1}}
--> e @253402300799000 {"key":"a","value":{"n":1}}
--> e @1 {"key":"a","value":{"n":1}}
--< OUT {"key":"a","value":{"C":1},"timestamp":0,"window":{"start":0,"end":1000}}
--< OUT {"key":"a","value":{"C":1},"timestamp":253402300799999,"window":{"start":253402300799000,"end":253402300800000}}
--< OUT {"key":"a","value":{"C":2},"timestamp":253402300799999,"window":{"start":253402300799000,"end":253402300800000}}
--= queries.OUT.late 1
