--@test: admin statements
show all topics extended; list streams; show source connectors; describe tables extended; describe function f;
explain select * from s; terminate all; pause q; resume all; print T from beginning interval 2 limit 3;
set 'a'='b'; unset 'a'; alter system 'a'='b'; define x = 'it''s'; undefine x; run script 'a.sql';
assert topic t with (partitions=1) timeout 5 seconds; assert not exists schema subject 's' id 3;
assert values s (a) values (1); assert null values s key (1); assert stream s (a int key) with (kafka_topic='t'); /* end */
