-- Joins of streams with streams.
CREATE STREAM l (id INT KEY, v STRING) WITH (kafka_topic='l', value_format='JSON');
CREATE STREAM r (id INT KEY, w STRING) WITH (kafka_topic='r', value_format='JSON');

--@test: inner, both directions, bounds included
CREATE STREAM out AS SELECT l.id AS id, v, w FROM l JOIN r WITHIN 10 SECONDS ON l.id = r.id;
--> l @0 {"key":1,"value":{"v":"a"}}
--> r @10000 {"key":1,"value":{"w":"x"}}
--> r @10001 {"key":1,"value":{"w":"y"}}
--> l @20000 {"key":1,"value":{"v":"b"}}
--> l @20001 {"key":2,"value":{"v":"c"}}
--> l @20002 {"key":1,"value":null}
--> r @20003 {"key":null,"value":{"w":"z"}}
--< OUT {"key":1,"value":{"V":"a","W":"x"},"timestamp":10000}
--< OUT {"key":1,"value":{"V":"b","W":"x"},"timestamp":20000}
--< OUT {"key":1,"value":{"V":"b","W":"y"},"timestamp":20000}

--@test: inner, before and after differ
CREATE STREAM out AS SELECT l.id AS id, v, w FROM l JOIN r WITHIN (1 SECOND, 3 SECONDS) ON l.id = r.id;
--> r @999 {"key":1,"value":{"w":"early"}}
--> r @1000 {"key":1,"value":{"w":"first"}}
--> l @2000 {"key":1,"value":{"v":"a"}}
--> r @5000 {"key":1,"value":{"w":"last"}}
--> r @5001 {"key":1,"value":{"w":"late"}}
--< OUT {"key":1,"value":{"V":"a","W":"first"},"timestamp":2000}
--< OUT {"key":1,"value":{"V":"a","W":"last"},"timestamp":5000}

--@test: left without grace: unmatched rows at once
CREATE STREAM out AS SELECT l.id AS id, v, w FROM l LEFT JOIN r WITHIN 10 SECONDS ON l.id = r.id;
--> l @0 {"key":1,"value":{"v":"a"}}
--> r @5000 {"key":1,"value":{"w":"x"}}
--> l @6000 {"key":1,"value":{"v":"b"}}
--> r @7000 {"key":2,"value":{"w":"y"}}
--> l @8000 {"key":null,"value":{"v":"c"}}
--< OUT {"key":1,"value":{"V":"a","W":null},"timestamp":0}
--< OUT {"key":1,"value":{"V":"a","W":"x"},"timestamp":5000}
--< OUT {"key":1,"value":{"V":"b","W":"x"},"timestamp":6000}
--< OUT {"key":null,"value":{"V":"c","W":null},"timestamp":8000}

--@test: left with grace: unmatched rows when their window has closed
CREATE STREAM out AS SELECT l.id AS id, v, w FROM l LEFT JOIN r WITHIN 10 SECONDS GRACE PERIOD 2 SECONDS ON l.id = r.id;
--> l @0 {"key":1,"value":{"v":"a"}}
--> l @1 {"key":2,"value":{"v":"b"}}
--> r @5000 {"key":1,"value":{"w":"x"}}
--> l @12001 {"key":3,"value":{"v":"c"}}
--> l @12002 {"key":4,"value":{"v":"d"}}
--> l @1 {"key":5,"value":{"v":"e"}}
--> l @30000 {"key":6,"value":{"v":"f"}}
--< OUT {"key":1,"value":{"V":"a","W":"x"},"timestamp":5000}
--< OUT {"key":2,"value":{"V":"b","W":null},"timestamp":1}
--< OUT {"key":5,"value":{"V":"e","W":null},"timestamp":1}
--< OUT {"key":3,"value":{"V":"c","W":null},"timestamp":12001}
--< OUT {"key":4,"value":{"V":"d","W":null},"timestamp":12002}

--@test: full with grace
CREATE STREAM out AS SELECT ROWKEY AS k, v, w FROM l FULL OUTER JOIN r WITHIN 10 SECONDS GRACE PERIOD 0 SECONDS ON l.id = r.id;
--> l @0 {"key":1,"value":{"v":"a"}}
--> r @0 {"key":2,"value":{"w":"x"}}
--> l @1 {"key":2,"value":{"v":"b"}}
--> r @2 {"key":3,"value":{"w":"y"}}
--> l @10001 {"key":4,"value":{"v":"c"}}
--> r @10003 {"key":4,"value":{"w":"z"}}
--> r @30000 {"key":5,"value":{"w":"q"}}
--< OUT {"key":2,"value":{"V":"b","W":"x"},"timestamp":1}
--< OUT {"key":1,"value":{"V":"a","W":null},"timestamp":0}
--< OUT {"key":3,"value":{"V":null,"W":"y"},"timestamp":2}
--< OUT {"key":4,"value":{"V":"c","W":"z"},"timestamp":10003}

--@test: right with grace
CREATE STREAM out AS SELECT r.id AS id, v, w FROM l RIGHT JOIN r WITHIN 10 SECONDS GRACE PERIOD 0 SECONDS ON l.id = r.id;
--> r @0 {"key":1,"value":{"w":"x"}}
--> l @0 {"key":2,"value":{"v":"a"}}
--> r @3 {"key":2,"value":{"w":"y"}}
--> r @10001 {"key":3,"value":{"w":"z"}}
--> l @10002 {"key":3,"value":{"v":"c"}}
--< OUT {"key":2,"value":{"V":"a","W":"y"},"timestamp":3}
--< OUT {"key":1,"value":{"V":null,"W":"x"},"timestamp":0}
--< OUT {"key":3,"value":{"V":"c","W":"z"},"timestamp":10002}

--@test: full without grace
CREATE STREAM out AS SELECT ROWKEY AS k, v, w FROM l FULL OUTER JOIN r WITHIN 10 SECONDS ON l.id = r.id;
--> l @0 {"key":1,"value":{"v":"a"}}
--> r @1 {"key":1,"value":{"w":"x"}}
--> r @2 {"key":2,"value":{"w":"y"}}
--< OUT {"key":1,"value":{"V":"a","W":null},"timestamp":0}
--< OUT {"key":1,"value":{"V":"a","W":"x"},"timestamp":1}
--< OUT {"key":2,"value":{"V":null,"W":"y"},"timestamp":2}

--@test: on value columns and expressions: both sides are re-keyed
CREATE STREAM out AS SELECT l.v AS k, l.id AS li, r.id AS ri FROM l JOIN r WITHIN 10 SECONDS ON l.v = LCASE(r.w);
--> l @0 {"key":1,"value":{"v":"a"}}
--> r @1 {"key":7,"value":{"w":"A"}}
--> r @2 {"key":8,"value":{"w":null}}
--> l @3 {"key":2,"value":{"v":"a"}}
--< OUT {"key":"a","value":{"LI":1,"RI":7},"timestamp":1}
--< OUT {"key":"a","value":{"LI":2,"RI":7},"timestamp":3}

--@test: star names its columns after the sources
CREATE STREAM out AS SELECT * FROM l JOIN r WITHIN 10 SECONDS ON l.id = r.id;
--> l @0 {"key":1,"value":{"v":"a"}}
--> r @1 {"key":1,"value":{"w":"x"}}
--< OUT {"key":1,"value":{"L_V":"a","R_ID":1,"R_W":"x"},"timestamp":1}

--@test: three streams
CREATE STREAM t (id INT KEY, u STRING) WITH (kafka_topic='t', value_format='JSON');
CREATE STREAM out AS SELECT l.id AS id, v, w, u FROM l JOIN r WITHIN 10 SECONDS ON l.id = r.id JOIN t WITHIN 5 SECONDS ON l.id = t.id;
--> l @0 {"key":1,"value":{"v":"a"}}
--> r @1000 {"key":1,"value":{"w":"x"}}
--> t @2000 {"key":1,"value":{"u":"i"}}
--> t @6001 {"key":1,"value":{"u":"j"}}
--> r @6500 {"key":1,"value":{"w":"y"}}
--< OUT {"key":1,"value":{"V":"a","W":"x","U":"i"},"timestamp":2000}
--< OUT {"key":1,"value":{"V":"a","W":"y","U":"i"},"timestamp":6500}
--< OUT {"key":1,"value":{"V":"a","W":"y","U":"j"},"timestamp":6500}

--@test: filter and columns after a join
CREATE STREAM out AS SELECT l.id AS id, v || w AS vw, l.ROWTIME AS t FROM l JOIN r WITHIN 10 SECONDS ON l.id = r.id WHERE w <> 'x';
--> r @1 {"key":1,"value":{"w":"x"}}
--> l @5 {"key":1,"value":{"v":"a"}}
--> r @6 {"key":1,"value":{"w":"y"}}
--< OUT {"key":1,"value":{"VW":"ay","T":5},"timestamp":6}

--@test: a self join (superset)
CREATE STREAM out AS SELECT a.id AS id, a.v AS first, b.v AS second FROM l a JOIN l b WITHIN 10 SECONDS ON a.id = b.id WHERE a.v < b.v;
--> l @0 {"key":1,"value":{"v":"a"}}
--> l @1000 {"key":1,"value":{"v":"b"}}
--> l @20000 {"key":1,"value":{"v":"c"}}
--> l @21000 {"key":2,"value":{"v":"d"}}
--< OUT {"key":1,"value":{"FIRST":"a","SECOND":"b"},"timestamp":1000}

--@test: several equalities in ON (superset)
CREATE STREAM out WITH (key_format='JSON') AS SELECT l.id AS id, l.v AS v, r.w AS w FROM l JOIN r WITHIN 10 SECONDS ON l.id = r.id AND l.v = r.w;
--> l @0 {"key":1,"value":{"v":"a"}}
--> r @1 {"key":1,"value":{"w":"b"}}
--> r @2 {"key":1,"value":{"w":"a"}}
--< OUT {"key":{"ID":1,"V":"a"},"value":{"W":"a"},"timestamp":2}
