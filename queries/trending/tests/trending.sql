--@test: an event counts in two windows, a purchase as ten views
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-activity.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category)
  VALUES (1769414400000, 'ann', 'view', 'P1', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414401000, 'ann', 'checkout');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category)
  VALUES (1769414700000, 'bob', 'purchase', 'P1', 'audio');
ASSERT VALUES product_activity (product_id, category, view_count, cart_count, purchase_count, total_events, score)
  VALUES ('P1', 'audio', 1, 0, 0, 1, 1);
ASSERT VALUES product_activity (product_id, category, view_count, cart_count, purchase_count, total_events, score)
  VALUES ('P1', 'audio', 1, 0, 0, 1, 1);
ASSERT VALUES product_activity (product_id, category, view_count, cart_count, purchase_count, total_events, score)
  VALUES ('P1', 'audio', 1, 0, 1, 2, 11);
ASSERT VALUES product_activity (product_id, category, view_count, cart_count, purchase_count, total_events, score)
  VALUES ('P1', 'audio', 0, 0, 1, 1, 10);

--@test: the list is sorted by views, and ties by name
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../20-top.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (1769414430000, 'ann', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (1769414431000, 'ann', 'view', 'P2');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (1769414432000, 'bob', 'view', 'P1');
ASSERT VALUES trending_top (board, items) VALUES ('shop', ARRAY[STRUCT(product_id := 'P1', page_views := 1)]);
ASSERT VALUES trending_top (board, items) VALUES ('shop', ARRAY[STRUCT(product_id := 'P1', page_views := 1)]);
ASSERT VALUES trending_top (board, items)
  VALUES ('shop', ARRAY[STRUCT(product_id := 'P2', page_views := 1), STRUCT(product_id := 'P1', page_views := 1)]);
ASSERT VALUES trending_top (board, items)
  VALUES ('shop', ARRAY[STRUCT(product_id := 'P2', page_views := 1), STRUCT(product_id := 'P1', page_views := 1)]);
ASSERT VALUES trending_top (board, items)
  VALUES ('shop', ARRAY[STRUCT(product_id := 'P1', page_views := 2), STRUCT(product_id := 'P2', page_views := 1)]);
ASSERT VALUES active_users (board, users, events) VALUES ('shop', 1, 1);
ASSERT VALUES active_users (board, users, events) VALUES ('shop', 1, 1);
ASSERT VALUES active_users (board, users, events) VALUES ('shop', 1, 2);
ASSERT VALUES active_users (board, users, events) VALUES ('shop', 1, 2);
ASSERT VALUES active_users (board, users, events) VALUES ('shop', 2, 3);

--@test: many views and few purchases; the candidate goes when enough have bought
DEFINE flash_views = '2';
DEFINE flash_purchases = '1';
DEFINE window_minutes = '10';
DEFINE advance_minutes = '10';
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../30-flash-sales.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (1769414400000, 'ann', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (1769414401000, 'ann', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (1769414402000, 'bob', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (1769414403000, 'bob', 'purchase', 'P1');
ASSERT VALUES flash_sale_candidates (product_id, view_count, purchase_count) VALUES ('P1', 3, 0);
ASSERT NULL VALUES flash_sale_candidates (product_id) KEY ('P1');
ASSERT VALUES flash_sale_alerts (product_id, product, view_count, purchase_count, conversion_rate, window_start)
  VALUES ('P1', 'P1', 3, 0, 0.0, '2026-01-26 08:00');
