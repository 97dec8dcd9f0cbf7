CREATE SINK CONNECTOR user_items_to_redis WITH (
  'connector' = 'redis',
  'enabled' = '${redis}',
  'topics' = 'USER_ITEMS',
  'redis.uri' = '${redis_uri}',
  'redis.type' = 'hash',
  'redis.key' = 'user:${USER_ID}:item:${PRODUCT_ID}',
  'hash.fields' = 'VIEW_COUNT=views, CLICK_COUNT=clicks, CART_COUNT=add_to_cart, PURCHASE_COUNT=purchases, SCORE=score, LAST_INTERACTION=last_interaction',
  'ttl' = '${keep}');

CREATE SINK CONNECTOR product_stats_to_redis WITH (
  'connector' = 'redis',
  'enabled' = '${redis}',
  'topics' = 'PRODUCT_STATS',
  'redis.uri' = '${redis_uri}',
  'redis.type' = 'hash',
  'redis.key' = 'product:${PRODUCT_ID}:stats',
  'hash.fields' = 'TOTAL_VIEWS=total_views, TOTAL_PURCHASES=total_purchases, RATINGS=ratings, AVG_RATING=avg_rating');

CREATE SINK CONNECTOR next_offers_to_redis WITH (
  'connector' = 'redis',
  'enabled' = '${redis}',
  'topics' = 'NEXT_BEST_OFFERS',
  'redis.uri' = '${redis_uri}',
  'redis.type' = 'json',
  'redis.key' = 'user:${USER_ID}:offer',
  'ttl' = '${keep}');

CREATE SINK CONNECTOR user_profiles_to_redis WITH (
  'connector' = 'redis',
  'enabled' = '${redis}',
  'topics' = 'USER_PROFILES',
  'redis.uri' = '${redis_uri}',
  'redis.type' = 'json',
  'redis.key' = 'user:${USER_ID}:profile',
  'ttl' = '${keep}');
