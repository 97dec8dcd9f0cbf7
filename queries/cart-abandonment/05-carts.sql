-- What is in the carts now, by user and product, over all visits. What is taken out or bought leaves; a row
-- that comes to nothing is deleted.
CREATE TABLE carts WITH (KEY_FORMAT = 'JSON') AS
  SELECT user_id,
         product_id,
         SUM(CASE WHEN event_type = 'add_to_cart' THEN quantity ELSE -quantity END) AS quantity,
         LATEST_BY_OFFSET(price) AS price
  FROM clickstream
  WHERE event_type IN ('add_to_cart', 'remove_from_cart', 'purchase') AND quantity IS NOT NULL
  GROUP BY user_id, product_id
  HAVING SUM(CASE WHEN event_type = 'add_to_cart' THEN quantity ELSE -quantity END) > 0
  EMIT CHANGES;
