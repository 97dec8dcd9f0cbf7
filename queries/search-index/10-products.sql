-- How products do: what a search should list first.
CREATE TABLE product_popularity AS
  SELECT product_id,
         SUM(CASE WHEN event_type = 'view'     THEN 1 ELSE 0 END) AS page_views,
         SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END) AS purchases
  FROM clickstream
  WHERE event_type IN ('view', 'purchase')
  GROUP BY product_id
  EMIT CHANGES;

-- A document per product: the catalogue, and how it does. One that leaves the catalogue leaves the index.
CREATE TABLE product_documents AS
  SELECT p.product_id AS product_id,
         p.name AS name,
         p.category AS category,
         p.brand AS brand,
         p.price AS price,
         p.stock > 0 AS in_stock,
         COALESCE(o.page_views, 0) AS page_views,
         COALESCE(o.purchases, 0) AS purchases
  FROM products p
  LEFT JOIN product_popularity o ON p.product_id = o.product_id
  EMIT CHANGES;
