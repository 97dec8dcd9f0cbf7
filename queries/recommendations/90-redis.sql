-- recs:P00001 → what is like it: ZREVRANGE recs:P00001 0 9 WITHSCORES. Each write replaces the whole set.
CREATE SINK CONNECTOR similar_to_redis WITH (
  'connector' = 'redis',
  'enabled' = '${redis}',
  'topics' = 'SIMILAR_PRODUCTS',
  'redis.uri' = '${redis_uri}',
  'redis.type' = 'zreplace',
  'redis.key' = 'recs:${PRODUCT_ID}',
  'array' = 'ITEMS',
  'member.field' = 'PRODUCT_ID',
  'score' = 'SCORE');

CREATE SINK CONNECTOR user_recommendations_to_redis WITH (
  'connector' = 'redis',
  'enabled' = '${redis}',
  'topics' = 'USER_RECOMMENDATIONS',
  'redis.uri' = '${redis_uri}',
  'redis.type' = 'zreplace',
  'redis.key' = 'recs:user:${USER_ID}',
  'array' = 'ITEMS',
  'member.field' = 'PRODUCT_ID',
  'score' = 'SCORE',
  'ttl' = '30d');

-- recs:hybrid:P00001 → looked at together, alike, popular: weighed
CREATE SINK CONNECTOR hybrid_to_redis WITH (
  'connector' = 'redis',
  'enabled' = '${redis}',
  'topics' = 'HYBRID_PRODUCTS',
  'redis.uri' = '${redis_uri}',
  'redis.type' = 'zreplace',
  'redis.key' = 'recs:hybrid:${PRODUCT_ID}',
  'array' = 'ITEMS',
  'member.field' = 'PRODUCT_ID',
  'score' = 'SCORE');

CREATE SINK CONNECTOR popular_to_redis WITH (
  'connector' = 'redis',
  'enabled' = '${redis}',
  'topics' = 'POPULAR_TODAY',
  'redis.uri' = '${redis_uri}',
  'redis.type' = 'zreplace',
  'redis.key' = 'recs:everybody',
  'array' = 'ITEMS',
  'member.field' = 'PRODUCT_ID',
  'score' = 'SCORE');

CREATE SINK CONNECTOR model_lists_to_redis WITH (
  'connector' = 'redis',
  'enabled' = '${redis}',
  'topics' = 'MODEL_LISTS',
  'redis.uri' = '${redis_uri}',
  'redis.type' = 'zreplace',
  'redis.key' = 'recs:model:${MODEL}:${USER_ID}',
  'array' = 'ITEMS',
  'member.field' = 'PRODUCT_ID',
  'score' = 'SCORE',
  'ttl' = '30d');
