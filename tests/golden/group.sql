-- GROUP BY, HAVING, PARTITION BY without windows.
CREATE STREAM sales (id INT KEY, shop STRING, item STRING, n INT, price DECIMAL(6, 2))
  WITH (kafka_topic='sales', value_format='JSON');

--@test: every record of a group is an update
CREATE TABLE out AS SELECT shop, COUNT(*) AS c, SUM(n) AS s, MIN(n) AS lo, MAX(n) AS hi, AVG(n) AS a, SUM(price) AS p FROM sales GROUP BY shop;
--> sales @10 {"key":1,"value":{"shop":"a","n":3,"price":1.10}}
--> sales @5 {"key":2,"value":{"shop":"b","n":-1,"price":2.20}}
--> sales @20 {"key":3,"value":{"shop":"a","n":null,"price":null}}
--> sales @15 {"key":4,"value":{"shop":"a","n":4,"price":0.01}}
--> sales @16 {"key":5,"value":{"shop":null,"n":4}}
--> sales @17 {"key":6,"value":null}
--> sales @18 {"key":null,"value":{"shop":"b","n":2}}
--< OUT {"key":"a","value":{"C":1,"S":3,"LO":3,"HI":3,"A":3.0,"P":1.10},"timestamp":10}
--< OUT {"key":"b","value":{"C":1,"S":-1,"LO":-1,"HI":-1,"A":-1.0,"P":2.20},"timestamp":5}
--< OUT {"key":"a","value":{"C":2,"S":3,"LO":3,"HI":3,"A":3.0,"P":1.10},"timestamp":20}
--< OUT {"key":"a","value":{"C":3,"S":7,"LO":3,"HI":4,"A":3.5,"P":1.11},"timestamp":20}
--< OUT {"key":"b","value":{"C":2,"S":1,"LO":-1,"HI":2,"A":0.5,"P":2.20},"timestamp":18}

--@test: several columns make a JSON key
CREATE TABLE out WITH (key_format='JSON') AS SELECT shop, item, COUNT(*) AS c FROM sales GROUP BY shop, item;
--> sales @1 {"key":1,"value":{"shop":"a","item":"x"}}
--> sales @2 {"key":2,"value":{"shop":"a","item":"y"}}
--> sales @3 {"key":3,"value":{"shop":"a","item":"x"}}
--> sales @4 {"key":4,"value":{"shop":"a"}}
--< OUT {"key":{"SHOP":"a","ITEM":"x"},"value":{"C":1},"timestamp":1}
--< OUT {"key":{"SHOP":"a","ITEM":"y"},"value":{"C":1},"timestamp":2}
--< OUT {"key":{"SHOP":"a","ITEM":"x"},"value":{"C":2},"timestamp":3}

--@test: several columns do not fit into a KAFKA key
CREATE TABLE out AS SELECT shop, item, SUM(n) AS s FROM sales GROUP BY shop, item;
--! The 'KAFKA' format only supports a single field. Got: [`SHOP` STRING KEY, `ITEM` STRING KEY]
--! KEY_FORMAT = 'JSON'

--@test: an expression as the group
CREATE TABLE out AS SELECT n / 10 AS tens, COUNT(*) AS c, COLLECT_LIST(n) AS l FROM sales GROUP BY n / 10;
--> sales @1 {"key":1,"value":{"n":3}}
--> sales @2 {"key":2,"value":{"n":12}}
--> sales @3 {"key":3,"value":{"n":9}}
--> sales @4 {"key":4,"value":{}}
--< OUT {"key":0,"value":{"C":1,"L":[3]},"timestamp":1}
--< OUT {"key":1,"value":{"C":1,"L":[12]},"timestamp":2}
--< OUT {"key":0,"value":{"C":2,"L":[3,9]},"timestamp":3}

--@test: HAVING writes a tombstone when a row stops to pass
CREATE TABLE out AS SELECT shop, SUM(n) AS s FROM sales GROUP BY shop HAVING SUM(n) > 2;
--> sales @1 {"key":1,"value":{"shop":"a","n":1}}
--> sales @2 {"key":2,"value":{"shop":"a","n":4}}
--> sales @3 {"key":3,"value":{"shop":"a","n":-4}}
--> sales @4 {"key":4,"value":{"shop":"a","n":0}}
--> sales @5 {"key":5,"value":{"shop":"b","n":1}}
--> sales @6 {"key":6,"value":{"shop":"a","n":9}}
--< OUT {"key":"a","value":{"S":5},"timestamp":2}
--< OUT {"key":"a","value":null,"timestamp":3}
--< OUT {"key":"a","value":{"S":10},"timestamp":6}

--@test: earliest, latest, collected
CREATE TABLE out AS SELECT shop, EARLIEST_BY_OFFSET(n) AS e, LATEST_BY_OFFSET(n) AS l, COLLECT_SET(item) AS s, TOPK(n, 2) AS t,
    COUNT_DISTINCT(item) AS d FROM sales GROUP BY shop;
--> sales @1 {"key":1,"value":{"shop":"a","n":2,"item":"x"}}
--> sales @2 {"key":2,"value":{"shop":"a","n":5,"item":"y"}}
--> sales @3 {"key":3,"value":{"shop":"a","n":null,"item":"x"}}
--> sales @4 {"key":4,"value":{"shop":"a","n":3}}
--< OUT {"key":"a","value":{"E":2,"L":2,"S":["x"],"T":[2],"D":1},"timestamp":1}
--< OUT {"key":"a","value":{"E":2,"L":5,"S":["x","y"],"T":[5,2],"D":2},"timestamp":2}
--< OUT {"key":"a","value":{"E":2,"L":5,"S":["x","y"],"T":[5,2],"D":2},"timestamp":3}
--< OUT {"key":"a","value":{"E":2,"L":3,"S":["x","y",null],"T":[5,3],"D":2},"timestamp":4}

--@test: COUNT(DISTINCT) is exact (superset)
CREATE TABLE out AS SELECT shop, COUNT(DISTINCT item) AS d FROM sales GROUP BY shop;
--> sales @1 {"key":1,"value":{"shop":"a","item":"x"}}
--> sales @2 {"key":2,"value":{"shop":"a","item":"y"}}
--> sales @3 {"key":3,"value":{"shop":"a","item":"x"}}
--> sales @4 {"key":4,"value":{"shop":"a"}}
--< OUT {"key":"a","value":{"D":1},"timestamp":1}
--< OUT {"key":"a","value":{"D":2},"timestamp":2}
--< OUT {"key":"a","value":{"D":2},"timestamp":3}
--< OUT {"key":"a","value":{"D":2},"timestamp":4}

--@test: PARTITION BY a column
CREATE STREAM out AS SELECT shop, id, n FROM sales PARTITION BY shop;
--> sales @1 {"key":1,"value":{"shop":"a","n":1}}
--> sales @2 {"key":2,"value":{"n":2}}
--> sales @3 {"key":null,"value":{"shop":"c","n":3}}
--> sales @4 {"key":4,"value":null}
--< OUT {"key":"a","value":{"ID":1,"N":1},"timestamp":1}
--< OUT {"key":null,"value":{"ID":2,"N":2},"timestamp":2}
--< OUT {"key":"c","value":{"ID":null,"N":3},"timestamp":3}
--< OUT {"key":null,"value":null,"timestamp":4}

--@test: PARTITION BY an expression, and nothing
CREATE STREAM out AS SELECT n * 2 AS twice, n FROM sales PARTITION BY n * 2;
CREATE STREAM nokey AS SELECT id, n FROM sales PARTITION BY NULL;
--> sales @1 {"key":1,"value":{"n":1}}
--> sales @2 {"key":2,"value":{}}
--< OUT {"key":2,"value":{"N":1},"timestamp":1}
--< OUT {"key":null,"value":{"N":null},"timestamp":2}
--< NOKEY {"key":null,"value":{"ID":1,"N":1},"timestamp":1}
--< NOKEY {"key":null,"value":{"ID":2,"N":null},"timestamp":2}

--@test: a re-keyed stream is grouped
CREATE STREAM by_shop AS SELECT shop, item, n FROM sales PARTITION BY shop;
CREATE TABLE out AS SELECT shop, SUM(n) AS s FROM by_shop GROUP BY shop;
CREATE TABLE items AS SELECT item, SUM(n) AS s FROM by_shop WHERE n > 0 GROUP BY item;
--> sales @1 {"key":1,"value":{"shop":"a","item":"x","n":1}}
--> sales @2 {"key":2,"value":{"shop":"b","item":"x","n":2}}
--> sales @3 {"key":3,"value":{"shop":"a","item":"y","n":-3}}
--> sales @4 {"key":4,"value":{"shop":"b","item":"y","n":4}}
--< OUT {"key":"a","value":{"S":1},"timestamp":1}
--< OUT {"key":"b","value":{"S":2},"timestamp":2}
--< OUT {"key":"a","value":{"S":-2},"timestamp":3}
--< OUT {"key":"b","value":{"S":6},"timestamp":4}
--< ITEMS {"key":"x","value":{"S":1},"timestamp":1}
--< ITEMS {"key":"x","value":{"S":3},"timestamp":2}
--< ITEMS {"key":"y","value":{"S":4},"timestamp":4}

--@test: the sum of an INT wraps as in Java
CREATE TABLE out AS SELECT shop, SUM(n) AS s, COUNT(n) AS c FROM sales GROUP BY shop;
--> sales @1 {"key":1,"value":{"shop":"a","n":2147483647}}
--> sales @2 {"key":2,"value":{"shop":"a","n":1}}
--< OUT {"key":"a","value":{"S":2147483647,"C":1},"timestamp":1}
--< OUT {"key":"a","value":{"S":-2147483648,"C":2},"timestamp":2}
