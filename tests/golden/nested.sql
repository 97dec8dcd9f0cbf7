-- ARRAY, MAP, STRUCT, lambdas, table functions.
CREATE STREAM n (id STRING KEY, a ARRAY<INT>, m MAP<STRING, BIGINT>, s STRUCT<x INT, y STRUCT<z STRING>>, l ARRAY<STRUCT<sku STRING, qty INT>>)
  WITH (kafka_topic='n', value_format='JSON');

--@test: elements of arrays and maps
CREATE STREAM out AS SELECT id, a[1] AS a1, a[-1] AS al, a[0] AS a0, a[9] AS a9, m['k'] AS mk, ARRAY_LENGTH(a) AS c FROM n;
--> n @1 {"key":"p","value":{"a":[1,2,3],"m":{"k":7,"K":8}}}
--> n @2 {"key":"q","value":{"a":[],"m":{}}}
--> n @3 {"key":"r","value":{"a":null,"m":null}}
--> n @4 {"key":"s","value":{"a":[null,5],"m":{"k":null}}}
--< OUT {"key":"p","value":{"A1":1,"AL":3,"A0":null,"A9":null,"MK":7,"C":3},"timestamp":1}
--< OUT {"key":"q","value":{"A1":null,"AL":null,"A0":null,"A9":null,"MK":null,"C":0},"timestamp":2}
--< OUT {"key":"r","value":{"A1":null,"AL":null,"A0":null,"A9":null,"MK":null,"C":null},"timestamp":3}
--< OUT {"key":"s","value":{"A1":null,"AL":5,"A0":null,"A9":null,"MK":null,"C":2},"timestamp":4}

--@test: fields of structs, and all of them
CREATE STREAM out AS SELECT id, s->x, s->y->z, s->y AS whole FROM n;
CREATE STREAM all_of AS SELECT id, s->* FROM n;
--> n @1 {"key":"p","value":{"s":{"x":1,"y":{"z":"deep"}}}}
--> n @2 {"key":"q","value":{"s":{"X":2,"Y":null}}}
--> n @3 {"key":"r","value":{"s":null}}
--< OUT {"key":"p","value":{"X":1,"Z":"deep","WHOLE":{"Z":"deep"}},"timestamp":1}
--< OUT {"key":"q","value":{"X":2,"Z":null,"WHOLE":null},"timestamp":2}
--< OUT {"key":"r","value":{"X":null,"Z":null,"WHOLE":null},"timestamp":3}
--< ALL_OF {"key":"p","value":{"X":1,"Y":{"Z":"deep"}},"timestamp":1}
--< ALL_OF {"key":"q","value":{"X":2,"Y":null},"timestamp":2}
--< ALL_OF {"key":"r","value":{"X":null,"Y":null},"timestamp":3}

--@test: constructors
CREATE STREAM out AS SELECT id, ARRAY[1, a[1], 3] AS b, MAP('x' := a[1], 'y' := 2) AS c, STRUCT(p := id, q := ARRAY[a[1]]) AS d FROM n;
--> n @1 {"key":"p","value":{"a":[10,20]}}
--> n @2 {"key":"q","value":{"a":[]}}
--< OUT {"key":"p","value":{"B":[1,10,3],"C":{"x":10,"y":2},"D":{"P":"p","Q":[10]}},"timestamp":1}
--< OUT {"key":"q","value":{"B":[1,null,3],"C":{"x":null,"y":2},"D":{"P":"q","Q":[null]}},"timestamp":2}

--@test: lambdas
CREATE STREAM out AS SELECT id, TRANSFORM(a, x => x * 2) AS t, FILTER(a, x => x > 1) AS f, REDUCE(a, 0, (acc, x) => acc + x) AS r,
    TRANSFORM(m, (k, v) => UCASE(k), (k, v) => v + 1) AS tm FROM n;
--> n @1 {"key":"p","value":{"a":[1,2,3],"m":{"k":7,"j":1}}}
--> n @2 {"key":"q","value":{"a":[],"m":{}}}
--> n @3 {"key":"r","value":{}}
--> n @4 {"key":"s","value":{"a":[1,null]}}
--< OUT {"key":"p","value":{"T":[2,4,6],"F":[2,3],"R":6,"TM":{"K":8,"J":2}},"timestamp":1}
--< OUT {"key":"q","value":{"T":[],"F":[],"R":0,"TM":{}},"timestamp":2}
--< OUT {"key":"r","value":{"T":null,"F":null,"R":0,"TM":null},"timestamp":3}
--< OUT {"key":"s","value":{"T":null,"F":[],"R":null,"TM":null},"timestamp":4}

--@test: EXPLODE makes a row of each element
CREATE STREAM out AS SELECT id, EXPLODE(l)->sku AS sku, EXPLODE(l)->qty AS qty FROM n;
--> n @1 {"key":"p","value":{"l":[{"sku":"a","qty":1},{"sku":"b","qty":2}]}}
--> n @2 {"key":"q","value":{"l":[]}}
--> n @3 {"key":"r","value":{"l":null}}
--> n @4 {"key":"s","value":{"l":[null,{"sku":"c"}]}}
--< OUT {"key":"p","value":{"SKU":"a","QTY":1},"timestamp":1}
--< OUT {"key":"p","value":{"SKU":"b","QTY":2},"timestamp":1}
--< OUT {"key":"s","value":{"SKU":null,"QTY":null},"timestamp":4}
--< OUT {"key":"s","value":{"SKU":"c","QTY":null},"timestamp":4}

--@test: table functions in lock-step
CREATE STREAM out AS SELECT id, EXPLODE(a) AS e, EXPLODE(l)->sku AS sku, a[1] AS first FROM n WHERE id <> 'x';
--> n @1 {"key":"p","value":{"a":[1,2,3],"l":[{"sku":"a"}]}}
--> n @2 {"key":"x","value":{"a":[1],"l":[{"sku":"a"}]}}
--> n @3 {"key":"q","value":{"a":[],"l":[{"sku":"b"}]}}
--< OUT {"key":"p","value":{"E":1,"SKU":"a","FIRST":1},"timestamp":1}
--< OUT {"key":"p","value":{"E":2,"SKU":null,"FIRST":1},"timestamp":1}
--< OUT {"key":"p","value":{"E":3,"SKU":null,"FIRST":1},"timestamp":1}
--< OUT {"key":"q","value":{"E":null,"SKU":"b","FIRST":null},"timestamp":3}

--@test: nested values as text
CREATE STREAM out AS SELECT id, CAST(a AS STRING) AS a, CAST(m AS STRING) AS m, CAST(s AS STRING) AS s FROM n;
--> n @1 {"key":"p","value":{"a":[1,null],"m":{"k":7},"s":{"x":1,"y":{"z":"t"}}}}
--< OUT {"key":"p","value":{"A":"[1, null]","M":"{k=7}","S":"Struct{X=1,Y=Struct{Z=t}}"},"timestamp":1}

--@test: exploded rows are counted
CREATE STREAM items AS SELECT id, EXPLODE(l)->sku AS sku, EXPLODE(l)->qty AS qty FROM n;
CREATE TABLE sold AS SELECT sku, SUM(qty) AS total FROM items GROUP BY sku;
--> n @1 {"key":"p","value":{"l":[{"sku":"a","qty":1},{"sku":"b","qty":2},{"sku":"a","qty":5}]}}
--> n @2 {"key":"q","value":{"l":[{"sku":"b","qty":3}]}}
--< ITEMS {"key":"p","value":{"SKU":"a","QTY":1},"timestamp":1}
--< ITEMS {"key":"p","value":{"SKU":"b","QTY":2},"timestamp":1}
--< ITEMS {"key":"p","value":{"SKU":"a","QTY":5},"timestamp":1}
--< ITEMS {"key":"q","value":{"SKU":"b","QTY":3},"timestamp":2}
--< SOLD {"key":"a","value":{"TOTAL":1},"timestamp":1}
--< SOLD {"key":"b","value":{"TOTAL":2},"timestamp":1}
--< SOLD {"key":"a","value":{"TOTAL":6},"timestamp":1}
--< SOLD {"key":"b","value":{"TOTAL":5},"timestamp":2}
