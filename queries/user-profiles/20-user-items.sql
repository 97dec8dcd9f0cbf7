-- user:{id}:item:{id}: absolute counts, so that writing them twice changes nothing. score is the weight of
-- the pair for recommenders: the cell of the user-item matrix.
CREATE TABLE user_items WITH (KEY_FORMAT = 'JSON') AS
  SELECT user_id,
         product_id,
         SUM(CASE WHEN event_type = 'view'        THEN 1 ELSE 0 END) AS view_count,
         SUM(CASE WHEN event_type = 'click'       THEN 1 ELSE 0 END) AS click_count,
         SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_count,
         SUM(CASE WHEN event_type = 'purchase'    THEN 1 ELSE 0 END) AS purchase_count,
         SUM(weight)  AS score,
         MAX(ROWTIME) AS last_interaction
  FROM weighted_interactions
  GROUP BY user_id, product_id
  EMIT CHANGES;

-- product:{id}:stats
CREATE TABLE product_stats AS
  SELECT product_id,
         SUM(CASE WHEN event_type = 'view'     THEN 1 ELSE 0 END) AS total_views,
         SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END) AS total_purchases,
         COUNT(rating)                                            AS ratings,
         CASE WHEN COUNT(rating) > 0 THEN ROUND(AVG(rating), 2) END AS avg_rating
  FROM interactions
  GROUP BY product_id
  EMIT CHANGES;
