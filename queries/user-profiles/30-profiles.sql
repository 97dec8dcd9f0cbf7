-- user:{id}:profile: who somebody is, for a page that greets them. affinity counts events per category.
CREATE TABLE user_profiles AS
  SELECT user_id,
         COUNT(*)                              AS events,
         COUNT_DISTINCT(product_id)            AS products,
         LATEST_BY_OFFSET(product_id, 5)       AS recent_products,
         HISTOGRAM(category)                   AS affinity,
         MAX(ROWTIME)                          AS last_seen
  FROM interactions
  WHERE category IS NOT NULL
  GROUP BY user_id
  EMIT CHANGES;
