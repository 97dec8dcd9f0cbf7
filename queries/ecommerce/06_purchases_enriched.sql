-- Purchases with what the catalogue knows about the product at that moment, and what was earned. LEFT
-- JOIN: a purchase of an unknown product is kept, its catalogue columns are NULL.
CREATE STREAM purchases_enriched AS
  SELECT c.product_id                    AS product_id,
         c.user_id                       AS user_id,
         p.name                          AS product,
         p.brand                         AS brand,
         c.quantity                      AS quantity,
         c.price * c.quantity            AS amount,
         (c.price - p.cost) * c.quantity AS margin
  FROM clickstream c
  LEFT JOIN products p ON c.product_id = p.product_id
  WHERE c.event_type = 'purchase'
  EMIT CHANGES;

-- The result of one query is the input of the next.
CREATE TABLE margin_per_brand AS
  SELECT brand, COUNT(*) AS purchases, SUM(amount) AS revenue, SUM(margin) AS margin
  FROM purchases_enriched
  WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD 10 MINUTES)
  WHERE brand IS NOT NULL
  GROUP BY brand
  EMIT CHANGES;
