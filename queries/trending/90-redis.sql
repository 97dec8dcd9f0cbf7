-- trending:202601260805 → a sorted set of products by score: ZREVRANGE trending:202601260805 0 9 WITHSCORES
CREATE SINK CONNECTOR trending_scores WITH (
  'connector' = 'redis',
  'enabled' = '${redis}',
  'topics' = 'PRODUCT_ACTIVITY',
  'redis.uri' = '${redis_uri}',
  'redis.type' = 'zset',
  'redis.key' = 'trending:${WINDOWSTART:%Y%m%d%H%M}',
  'member' = '${PRODUCT_ID}',
  'score' = 'SCORE',
  'ttl' = '1d');

-- trending:top:202601260805 → the list that is ready, replaced as a whole
CREATE SINK CONNECTOR trending_lists WITH (
  'connector' = 'redis',
  'enabled' = '${redis}',
  'topics' = 'TRENDING_TOP',
  'redis.uri' = '${redis_uri}',
  'redis.type' = 'zreplace',
  'redis.key' = 'trending:top:${WINDOWSTART:%Y%m%d%H%M}',
  'array' = 'ITEMS',
  'member.field' = 'PRODUCT_ID',
  'score' = 'PAGE_VIEWS',
  'ttl' = '1d');

-- active:202601260805 → how many are here
CREATE SINK CONNECTOR active_counts WITH (
  'connector' = 'redis',
  'enabled' = '${redis}',
  'topics' = 'ACTIVE_USERS',
  'redis.uri' = '${redis_uri}',
  'redis.type' = 'hash',
  'redis.key' = 'active:${WINDOWSTART:%Y%m%d%H%M}',
  'hash.fields' = 'USERS=users, EVENTS=events',
  'ttl' = '1d');

-- For live dashboards: SUBSCRIBE flash-sales
CREATE SINK CONNECTOR flash_sale_messages WITH (
  'connector' = 'redis',
  'enabled' = '${redis}',
  'topics' = 'flash_sale_alerts',
  'redis.uri' = '${redis_uri}',
  'redis.type' = 'pubsub',
  'redis.key' = 'flash-sales');
