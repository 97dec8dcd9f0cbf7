--@test: an event counts in two windows, a purchase as ten views
RUN SCRIPT '../01_sources.sql';
RUN SCRIPT '../04_trending_products.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (1769414400000, 'ann', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414401000, 'ann', 'checkout');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (1769414700000, 'bob', 'purchase', 'P1');
ASSERT VALUES trending_products (product_id, page_views, cart_adds, purchases, score)
  VALUES ('P1', 1, 0, 0, 1);
ASSERT VALUES trending_products (product_id, page_views, cart_adds, purchases, score)
  VALUES ('P1', 1, 0, 0, 1);
ASSERT VALUES trending_products (product_id, page_views, cart_adds, purchases, score)
  VALUES ('P1', 1, 0, 1, 11);
ASSERT VALUES trending_products (product_id, page_views, cart_adds, purchases, score)
  VALUES ('P1', 0, 0, 1, 10);
