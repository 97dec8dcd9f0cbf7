-- CAST, and the text of values.
CREATE STREAM v (id INT KEY, s STRING, i INT, b BIGINT, d DOUBLE, p DECIMAL(8, 3), f BOOLEAN, t TIMESTAMP, dt DATE, tm TIME)
  WITH (kafka_topic='v', value_format='JSON');

--@test: text to numbers
CREATE STREAM out AS SELECT id, CAST(s AS INT) AS i, CAST(s AS BIGINT) AS b, CAST(s AS DOUBLE) AS d,
    CAST(s AS DECIMAL(6, 2)) AS p, CAST(s AS BOOLEAN) AS f FROM v;
--> v @1 {"key":1,"value":{"s":"12"}}
--> v @2 {"key":2,"value":{"s":" 12.345 "}}
--> v @3 {"key":3,"value":{"s":"2147483648"}}
--> v @4 {"key":4,"value":{"s":"1e3"}}
--> v @5 {"key":5,"value":{"s":"yes"}}
--> v @6 {"key":6,"value":{"s":"NaN"}}
--> v @7 {"key":7,"value":{"s":null}}
--> v @8 {"key":8,"value":{"s":""}}
--< OUT {"key":1,"value":{"I":12,"B":12,"D":12.0,"P":12.00,"F":false},"timestamp":1}
--< OUT {"key":2,"value":{"I":null,"B":null,"D":12.345,"P":12.35,"F":false},"timestamp":2}
--< OUT {"key":3,"value":{"I":null,"B":2147483648,"D":2.147483648E9,"P":null,"F":false},"timestamp":3}
--< OUT {"key":4,"value":{"I":null,"B":null,"D":1000.0,"P":1000.00,"F":false},"timestamp":4}
--< OUT {"key":5,"value":{"I":null,"B":null,"D":null,"P":null,"F":true},"timestamp":5}
--< OUT {"key":6,"value":{"I":null,"B":null,"D":null,"P":null,"F":false},"timestamp":6}
--< OUT {"key":7,"value":{"I":null,"B":null,"D":null,"P":null,"F":null},"timestamp":7}
--< OUT {"key":8,"value":{"I":null,"B":null,"D":null,"P":null,"F":false},"timestamp":8}

--@test: numbers to numbers
CREATE STREAM out AS SELECT id, CAST(b AS INT) AS bi, CAST(d AS INT) AS di, CAST(d AS BIGINT) AS db, CAST(p AS INT) AS pi,
    CAST(p AS DECIMAL(6, 1)) AS pp, CAST(i AS DECIMAL(4, 1)) AS ip, CAST(d AS DECIMAL(5, 2)) AS dp, CAST(i AS DOUBLE) AS id2 FROM v;
--> v @1 {"key":1,"value":{"b":4294967297,"d":2.9,"p":1.250,"i":3}}
--> v @2 {"key":2,"value":{"b":2147483648,"d":-2.9,"p":-1.250,"i":1000}}
--> v @3 {"key":3,"value":{"b":-1,"d":1e300,"p":99999.999,"i":-7}}
--< OUT {"key":1,"value":{"BI":1,"DI":2,"DB":2,"PI":1,"PP":1.3,"IP":3.0,"DP":2.90,"ID2":3.0},"timestamp":1}
--< OUT {"key":2,"value":{"BI":-2147483648,"DI":-2,"DB":-2,"PI":-1,"PP":-1.3,"IP":null,"DP":-2.90,"ID2":1000.0},"timestamp":2}
--< OUT {"key":3,"value":{"BI":-1,"DI":2147483647,"DB":9223372036854775807,"PI":99999,"PP":100000.0,"IP":-7.0,"DP":null,"ID2":-7.0},"timestamp":3}

--@test: to text
CREATE STREAM out AS SELECT id, CAST(i AS STRING) AS i, CAST(b AS STRING) AS b, CAST(d AS STRING) AS d, CAST(p AS STRING) AS p,
    CAST(f AS STRING) AS f, CAST(t AS STRING) AS t, CAST(dt AS STRING) AS dt, CAST(tm AS STRING) AS tm FROM v;
--> v @1 {"key":1,"value":{"i":1,"b":2,"d":3,"p":4,"f":true,"t":0,"dt":1,"tm":1}}
--> v @2 {"key":2,"value":{"i":-1,"b":-9223372036854775808,"d":1e10,"p":0.5,"f":false,"t":1700000000123,"dt":-1,"tm":86399999}}
--> v @3 {"key":3,"value":{"d":0.0005,"p":-0.001}}
--< OUT {"key":1,"value":{"I":"1","B":"2","D":"3.0","P":"4.000","F":"true","T":"1970-01-01T00:00:00.000","DT":"1970-01-02","TM":"00:00"},"timestamp":1}
--< OUT {"key":2,"value":{"I":"-1","B":"-9223372036854775808","D":"1.0E10","P":"0.500","F":"false","T":"2023-11-14T22:13:20.123","DT":"1969-12-31","TM":"23:59:59"},"timestamp":2}
--< OUT {"key":3,"value":{"I":null,"B":null,"D":"5.0E-4","P":"-0.001","F":null,"T":null,"DT":null,"TM":null},"timestamp":3}

--@test: doubles are written as Java writes them
CREATE STREAM out AS SELECT id, d, d * 2 AS e FROM v;
--> v @1 {"key":1,"value":{"d":1}}
--> v @2 {"key":2,"value":{"d":1e7}}
--> v @3 {"key":3,"value":{"d":9999999.5}}
--> v @4 {"key":4,"value":{"d":0.001}}
--> v @5 {"key":5,"value":{"d":0.00099}}
--> v @6 {"key":6,"value":{"d":-0.0}}
--> v @7 {"key":7,"value":{"d":123456789012345678}}
--< OUT {"key":1,"value":{"D":1.0,"E":2.0},"timestamp":1}
--< OUT {"key":2,"value":{"D":1.0E7,"E":2.0E7},"timestamp":2}
--< OUT {"key":3,"value":{"D":9999999.5,"E":1.9999999E7},"timestamp":3}
--< OUT {"key":4,"value":{"D":0.001,"E":0.002},"timestamp":4}
--< OUT {"key":5,"value":{"D":9.9E-4,"E":0.00198},"timestamp":5}
--< OUT {"key":6,"value":{"D":0.0,"E":0.0},"timestamp":6}
--< OUT {"key":7,"value":{"D":1.2345678901234568E17,"E":2.4691357802469136E17},"timestamp":7}

--@test: dates and times
CREATE STREAM out AS SELECT id, CAST(s AS DATE) AS dt, CAST(s AS TIMESTAMP) AS t, CAST(t AS DATE) AS td, CAST(t AS TIME) AS tt,
    CAST(dt AS TIMESTAMP) AS dtt FROM v;
--> v @1 {"key":1,"value":{"s":"2023-11-14","t":1700000000123,"dt":19675}}
--> v @2 {"key":2,"value":{"s":"2023-11-14T22:13:20.123","t":-1,"dt":-1}}
--> v @3 {"key":3,"value":{"s":"yesterday"}}
--< OUT {"key":1,"value":{"DT":19675,"T":1699920000000,"TD":19675,"TT":80000123,"DTT":1699920000000},"timestamp":1}
--< OUT {"key":2,"value":{"DT":null,"T":1700000000123,"TD":-1,"TT":86399999,"DTT":-86400000},"timestamp":2}
--< OUT {"key":3,"value":{"DT":null,"T":null,"TD":null,"TT":null,"DTT":null},"timestamp":3}

--@test: integers wrap as in Java, doubles divide by zero
CREATE STREAM out AS SELECT id, i + 1 AS a, b + 1 AS c, i * 2 AS e, d / 0 AS g FROM v;
--> v @1 {"key":1,"value":{"i":2147483647,"b":9223372036854775807,"d":1.0}}
--> v @2 {"key":2,"value":{"i":-2147483648,"b":-9223372036854775808,"d":-1.0}}
--< OUT {"key":1,"value":{"A":-2147483648,"C":-9223372036854775808,"E":-2,"G":"Infinity"},"timestamp":1}
--< OUT {"key":2,"value":{"A":-2147483647,"C":-9223372036854775807,"E":0,"G":"-Infinity"},"timestamp":2}

--@test: COALESCE of a failing cast
CREATE STREAM out AS SELECT id, COALESCE(CAST(s AS INT), 0) AS n FROM v;
--> v @1 {"key":1,"value":{"s":"x"}}
--> v @2 {"key":2,"value":{"s":"5"}}
--< OUT {"key":1,"value":{"N":0},"timestamp":1}
--< OUT {"key":2,"value":{"N":5},"timestamp":2}
