-- recs:served:USER_000001 → the list of the release that this user is served: ZREVRANGE recs:served:USER_000001 0 9
CREATE SINK CONNECTOR served_to_redis WITH (
  'connector' = 'redis',
  'enabled' = '${redis}',
  'topics' = 'SERVED_RECOMMENDATIONS',
  'redis.uri' = '${redis_uri}',
  'redis.type' = 'zreplace',
  'redis.key' = 'recs:served:${USER_ID}',
  'array' = 'ITEMS',
  'member.field' = 'PRODUCT_ID',
  'score' = 'SCORE',
  'ttl' = '30d');
