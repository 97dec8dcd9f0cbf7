-- Filters and projections of streams.
CREATE STREAM clicks (id INT KEY, page STRING, n BIGINT, price DECIMAL(6, 2))
  WITH (kafka_topic='clicks', value_format='JSON');

--@test: filter and columns; comparisons with NULL are false
CREATE STREAM out AS SELECT id, page, n + 1 AS m FROM clicks WHERE n > 1;
--> clicks @1 {"key":1,"value":{"page":"a","n":1}}
--> clicks @2 {"key":2,"value":{"page":"b","n":2}}
--> clicks @3 {"key":3,"value":{"page":"c"}}
--> clicks @4 {"key":4,"value":{"page":null,"n":5,"more":[1]}}
--< OUT {"key":2,"value":{"PAGE":"b","M":3},"timestamp":2}
--< OUT {"key":4,"value":{"PAGE":null,"M":6},"timestamp":4}

--@test: NOT of a comparison with NULL is true
CREATE STREAM out AS SELECT id, n FROM clicks WHERE NOT (n = 1);
--> clicks @1 {"key":1,"value":{"n":1}}
--> clicks @2 {"key":2,"value":{"n":2}}
--> clicks @3 {"key":3,"value":{"n":null}}
--< OUT {"key":2,"value":{"N":2},"timestamp":2}
--< OUT {"key":3,"value":{"N":null},"timestamp":3}

--@test: star keeps the order of the columns
CREATE STREAM out AS SELECT * FROM clicks;
--> clicks @7 {"key":1,"value":{"PRICE":1.5,"N":3,"PAGE":"a"}}
--> clicks @5 {"key":null,"value":{"page":"b","price":"12.345"}}
--> clicks @6 {"key":2,"value":null}
--< OUT {"key":1,"value":{"PAGE":"a","N":3,"PRICE":1.50},"timestamp":7}
--< OUT {"key":2,"value":null,"timestamp":6}

--@test: names of unnamed expressions
CREATE STREAM out AS SELECT id, n + 1, n AS other, UCASE(page), n * 2 FROM clicks;
--> clicks @1 {"key":1,"value":{"page":"a","n":1}}
--< OUT {"key":1,"value":{"KSQL_COL_0":2,"OTHER":1,"KSQL_COL_1":"A","KSQL_COL_2":2},"timestamp":1}

--@test: decimals keep their digits
CREATE STREAM out AS SELECT id, price, price + 1 AS a, price * price AS b, price / 4.00 AS c, -price AS d FROM clicks;
--> clicks @1 {"key":1,"value":{"price":10.10}}
--> clicks @2 {"key":2,"value":{"price":1}}
--> clicks @3 {"key":3,"value":{"price":0.01}}
--> clicks @4 {"key":4,"value":{"price":null}}
--< OUT {"key":1,"value":{"PRICE":10.10,"A":11.10,"B":102.0100,"C":2.525000,"D":-10.10},"timestamp":1}
--< OUT {"key":2,"value":{"PRICE":1.00,"A":2.00,"B":1.0000,"C":0.250000,"D":-1.00},"timestamp":2}
--< OUT {"key":3,"value":{"PRICE":0.01,"A":1.01,"B":0.0001,"C":0.002500,"D":-0.01},"timestamp":3}
--< OUT {"key":4,"value":{"PRICE":null,"A":null,"B":null,"C":null,"D":null},"timestamp":4}

--@test: a failing expression is NULL and only in its column
CREATE STREAM out AS SELECT id, 10 / n AS q, n % 2 AS r, price / 3.00 AS s FROM clicks;
--> clicks @1 {"key":1,"value":{"n":0,"price":10.10}}
--> clicks @2 {"key":2,"value":{"n":3,"price":9.00}}
--> clicks @3 {"key":3,"value":{"n":-3,"price":null}}
--< OUT {"key":1,"value":{"Q":null,"R":0,"S":null},"timestamp":1}
--< OUT {"key":2,"value":{"Q":3,"R":1,"S":3.000000},"timestamp":2}
--< OUT {"key":3,"value":{"Q":-3,"R":-1,"S":null},"timestamp":3}

--@test: a failing filter drops the row
CREATE STREAM out AS SELECT id, n FROM clicks WHERE 10 / n > 1;
--> clicks @1 {"key":1,"value":{"n":0}}
--> clicks @2 {"key":2,"value":{"n":3}}
--> clicks @3 {"key":3,"value":{"n":100}}
--< OUT {"key":2,"value":{"N":3},"timestamp":2}

--@test: CASE takes the first branch that holds, and is lazy
CREATE STREAM out AS SELECT id, CASE WHEN n = 0 THEN 'none' WHEN 100 / n > 10 THEN 'few' WHEN page LIKE 'a%' THEN page ELSE 'many' END AS c,
    CASE WHEN n > 5 THEN n END AS d FROM clicks;
--> clicks @1 {"key":1,"value":{"page":"ab","n":0}}
--> clicks @2 {"key":2,"value":{"page":"ab","n":9}}
--> clicks @3 {"key":3,"value":{"page":"ab","n":10}}
--> clicks @4 {"key":4,"value":{"page":"ba","n":10}}
--> clicks @5 {"key":5,"value":{"page":"ba"}}
--< OUT {"key":1,"value":{"C":"none","D":null},"timestamp":1}
--< OUT {"key":2,"value":{"C":"few","D":9},"timestamp":2}
--< OUT {"key":3,"value":{"C":"ab","D":10},"timestamp":3}
--< OUT {"key":4,"value":{"C":"many","D":10},"timestamp":4}
--< OUT {"key":5,"value":{"C":null,"D":null},"timestamp":5}

--@test: IN, BETWEEN, LIKE, IS DISTINCT FROM
CREATE STREAM out AS SELECT id, n IN (1, 3, 5) AS a, n NOT IN (1, 3) AS b, n BETWEEN 2 AND 4 AS c, page LIKE '_\%%' ESCAPE '\' AS d,
    n IS DISTINCT FROM 3 AS e, page IS NULL AS f FROM clicks;
--> clicks @1 {"key":1,"value":{"page":"x%y","n":3}}
--> clicks @2 {"key":2,"value":{"page":"x_y","n":4}}
--> clicks @3 {"key":3,"value":{"page":"%","n":null}}
--> clicks @4 {"key":4,"value":{"page":null,"n":5}}
--< OUT {"key":1,"value":{"A":true,"B":false,"C":true,"D":true,"E":false,"F":false},"timestamp":1}
--< OUT {"key":2,"value":{"A":false,"B":true,"C":true,"D":false,"E":true,"F":false},"timestamp":2}
--< OUT {"key":3,"value":{"A":false,"B":true,"C":false,"D":false,"E":true,"F":false},"timestamp":3}
--< OUT {"key":4,"value":{"A":true,"B":true,"C":false,"D":null,"E":true,"F":true},"timestamp":4}

--@test: pseudo columns
CREATE STREAM out AS SELECT id, ROWTIME AS t, ROWPARTITION AS p, ROWOFFSET AS o FROM clicks WHERE ROWTIME > 10;
--> clicks @11 {"key":1,"value":{"n":3}}
--> clicks @10 {"key":1,"value":{"n":4}}
--> clicks @12 {"key":1,"value":{"n":5}}
--< OUT {"key":1,"value":{"T":11,"P":0,"O":0},"timestamp":11}
--< OUT {"key":1,"value":{"T":12,"P":0,"O":2},"timestamp":12}

--@test: concatenation skips NULL
CREATE STREAM out AS SELECT id, page || '!' AS a, 'x' || page || 'y' AS b, CONCAT(page, CAST(n AS STRING)) AS c FROM clicks;
--> clicks @1 {"key":1,"value":{"page":"é","n":1}}
--> clicks @2 {"key":2,"value":{"page":null,"n":2}}
--< OUT {"key":1,"value":{"A":"é!","B":"xéy","C":"é1"},"timestamp":1}
--< OUT {"key":2,"value":{"A":"!","B":"xy","C":"2"},"timestamp":2}

--@test: AS_VALUE copies the key
CREATE STREAM out AS SELECT id AS k, AS_VALUE(id) AS v, n FROM clicks;
--> clicks @1 {"key":7,"value":{"n":1}}
--> clicks @2 {"key":null,"value":{"n":2}}
--< OUT {"key":7,"value":{"V":7,"N":1},"timestamp":1}
--< OUT {"key":null,"value":{"V":null,"N":2},"timestamp":2}

--@test: several queries over one topic and over each other's results
CREATE STREAM big AS SELECT id, n FROM clicks WHERE n > 10;
CREATE STREAM small AS SELECT id, n FROM clicks WHERE n <= 10;
CREATE STREAM bigger AS SELECT id, n * 2 AS n FROM big WHERE n > 20;
CREATE TABLE sums AS SELECT id, SUM(n) AS s FROM bigger GROUP BY id;
--> clicks @1 {"key":1,"value":{"n":5}}
--> clicks @2 {"key":1,"value":{"n":15}}
--> clicks @3 {"key":2,"value":{"n":25}}
--> clicks @4 {"key":1,"value":{"n":35}}
--> clicks @5 {"key":2,"value":{"n":45}}
--< BIG {"key":1,"value":{"N":15},"timestamp":2}
--< BIG {"key":2,"value":{"N":25},"timestamp":3}
--< BIG {"key":1,"value":{"N":35},"timestamp":4}
--< BIG {"key":2,"value":{"N":45},"timestamp":5}
--< SMALL {"key":1,"value":{"N":5},"timestamp":1}
--< BIGGER {"key":2,"value":{"N":50},"timestamp":3}
--< BIGGER {"key":1,"value":{"N":70},"timestamp":4}
--< BIGGER {"key":2,"value":{"N":90},"timestamp":5}
--< SUMS {"key":2,"value":{"S":50},"timestamp":3}
--< SUMS {"key":1,"value":{"S":70},"timestamp":4}
--< SUMS {"key":2,"value":{"S":140},"timestamp":5}

--@test: INSERT INTO … SELECT adds to a stream
CREATE STREAM all_clicks AS SELECT id, page FROM clicks WHERE n = 1;
CREATE STREAM views (id INT KEY, page STRING) WITH (kafka_topic='views', value_format='JSON');
INSERT INTO all_clicks SELECT id, page FROM views EMIT CHANGES;
--> clicks @1 {"key":1,"value":{"page":"a","n":1}}
--> views @2 {"key":2,"value":{"page":"b"}}
--> clicks @3 {"key":3,"value":{"page":"c","n":2}}
--> views @4 {"key":4,"value":null}
--> clicks @5 {"key":5,"value":{"page":"e","n":1}}
--< ALL_CLICKS {"key":1,"value":{"PAGE":"a"},"timestamp":1}
--< ALL_CLICKS {"key":2,"value":{"PAGE":"b"},"timestamp":2}
--< ALL_CLICKS {"key":4,"value":null,"timestamp":4}
--< ALL_CLICKS {"key":5,"value":{"PAGE":"e"},"timestamp":5}

--@test: INSERT VALUES
INSERT INTO clicks (ROWTIME, id, page, n) VALUES (10, 1, 'it''s', 2 + 3);
INSERT INTO clicks (id, ROWTIME) VALUES (2, 20);
INSERT INTO clicks (ROWTIME, id, page, n, price) VALUES (30, 3, NULL, NULL, 1.5);
CREATE STREAM out AS SELECT * FROM clicks;
--> clicks @40 {"key":4,"value":{"page":"later"}}
--< OUT {"key":1,"value":{"PAGE":"it's","N":5,"PRICE":null},"timestamp":10}
--< OUT {"key":2,"value":{"PAGE":null,"N":null,"PRICE":null},"timestamp":20}
--< OUT {"key":3,"value":{"PAGE":null,"N":null,"PRICE":1.50},"timestamp":30}
--< OUT {"key":4,"value":{"PAGE":"later","N":null,"PRICE":null},"timestamp":40}
