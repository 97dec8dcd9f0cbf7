create or replace source stream if not exists s (k int key, `v w` string, h array<struct<key string, value bytes>> headers, x bytes header('a')) with (kafka_topic='t', 'a.b'=-1.5, partitions=3, x=null, y=true);
create table t (a bigint primary key, b map<string, decimal(10, 2)>, c int array, d struct< >);
create type if not exists address as struct<a int, b struct<c varchar(string)>>;
alter stream s add column a int, add b string;
drop stream if exists s delete topic cascade;
create sink connector if not exists c with ('connector.class'='x', topics='a,b');
insert into s (a, `b`) values (1, array['x']);
insert into s with (query_id='q') select * from x;
