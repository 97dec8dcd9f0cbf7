-- Per category and day: of a hundred views, how many came into a cart; of a hundred carts, how many were
-- bought; of a hundred views, how many were bought.
CREATE TABLE category_counts WITH (KEY_FORMAT = 'JSON') AS
  SELECT FORMAT_TIMESTAMP(FROM_UNIXTIME(ROWTIME), 'yyyy-MM-dd') AS day,
         category,
         SUM(CASE WHEN event_type = 'view'        THEN 1 ELSE 0 END) AS page_views,
         SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_adds,
         SUM(CASE WHEN event_type = 'purchase'    THEN 1 ELSE 0 END) AS purchases
  FROM clickstream
  WHERE category IS NOT NULL
  GROUP BY FORMAT_TIMESTAMP(FROM_UNIXTIME(ROWTIME), 'yyyy-MM-dd'), category
  EMIT CHANGES;

CREATE TABLE conversion_rates AS
  SELECT day, category, page_views, cart_adds, purchases,
         CASE WHEN page_views > 0 THEN ROUND(cart_adds * 1E2 / page_views, 2) END AS view_to_cart,
         CASE WHEN cart_adds > 0  THEN ROUND(purchases * 1E2 / cart_adds, 2)  END AS cart_to_purchase,
         CASE WHEN page_views > 0 THEN ROUND(purchases * 1E2 / page_views, 2) END AS view_to_purchase
  FROM category_counts
  EMIT CHANGES;
