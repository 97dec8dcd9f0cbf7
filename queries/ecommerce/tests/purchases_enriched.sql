--@test: a purchase takes name, brand and cost from the catalogue
RUN SCRIPT '../01_sources.sql';
RUN SCRIPT '../06_purchases_enriched.sql';
INSERT INTO products (ROWTIME, product_id, name, category, brand, price, cost, stock)
  VALUES (1769414340000, 'P1', 'Écho Speaker', 'audio', 'Écho', 100.00, 60.00, 5);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414400000, 'ann', 'purchase', 'P1', 'audio', 100.00, 2);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414401000, 'ann', 'view', 'P1', 'audio', 100.00, 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414402000, 'bob', 'purchase', 'P9', 'audio', 5.00, 1);
ASSERT VALUES purchases_enriched (product_id, user_id, product, brand, quantity, amount, margin)
  VALUES ('P1', 'ann', 'Écho Speaker', 'Écho', 2, 200.00, 80.00);
ASSERT VALUES purchases_enriched (product_id, user_id, product, brand, quantity, amount, margin)
  VALUES ('P9', 'bob', NULL, NULL, 1, 5.00, NULL);
ASSERT VALUES margin_per_brand (brand, purchases, revenue, margin)
  VALUES ('Écho', 1, 200.00, 80.00);
