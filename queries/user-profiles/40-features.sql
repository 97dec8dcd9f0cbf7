-- What models are fed with: the last seven days of a user and of a product, as they were at the end of each day. A row
-- belongs to the day on which its window ends.
CREATE TABLE user_features AS
  SELECT user_id,
         SUM(CASE WHEN event_type = 'view'        THEN 1 ELSE 0 END) AS views_7d,
         SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS carts_7d,
         SUM(CASE WHEN event_type = 'purchase'    THEN 1 ELSE 0 END) AS purchases_7d,
         COUNT_DISTINCT(category)                                    AS categories_7d,
         CASE WHEN SUM(CASE WHEN event_type = 'view' THEN 1 ELSE 0 END) > 0
              THEN ROUND(SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END) * 1E0
                         / SUM(CASE WHEN event_type = 'view' THEN 1 ELSE 0 END), 4) END AS purchases_per_view,
         MAX(ROWTIME)                                                AS last_seen
  FROM interactions
  WINDOW HOPPING (SIZE 7 DAYS, ADVANCE BY 1 DAY, GRACE PERIOD 1 HOUR)
  GROUP BY user_id
  EMIT CHANGES;

CREATE TABLE product_features AS
  SELECT product_id,
         SUM(CASE WHEN event_type = 'view'     THEN 1 ELSE 0 END)    AS views_7d,
         SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END)    AS purchases_7d,
         COUNT_DISTINCT(user_id)                                     AS users_7d,
         CASE WHEN COUNT(rating) > 0 THEN ROUND(AVG(rating), 2) END  AS avg_rating_7d
  FROM interactions
  WINDOW HOPPING (SIZE 7 DAYS, ADVANCE BY 1 DAY, GRACE PERIOD 1 HOUR)
  GROUP BY product_id
  EMIT CHANGES;
