--@test: counts per user and product, and per product with ratings
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-interactions.sql';
RUN SCRIPT '../20-user-items.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category) VALUES (1000, 'ann', 'view', 'P1', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1500, 'ann', 'search');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category) VALUES (2000, 'ann', 'purchase', 'P1', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category) VALUES (3000, 'bob', 'click', 'P1', 'audio');
INSERT INTO ratings (ROWTIME, user_id, product_id, rating) VALUES (4000, 'ann', 'P1', 5);
INSERT INTO ratings (ROWTIME, user_id, product_id, rating) VALUES (5000, 'bob', 'P1', 2);
ASSERT VALUES user_items (user_id, product_id, view_count, click_count, cart_count, purchase_count, score, last_interaction)
  VALUES ('ann', 'P1', 1, 0, 0, 0, 1, 1000);
ASSERT VALUES user_items (user_id, product_id, view_count, click_count, cart_count, purchase_count, score, last_interaction)
  VALUES ('ann', 'P1', 1, 0, 0, 1, 11, 2000);
ASSERT VALUES user_items (user_id, product_id, view_count, click_count, cart_count, purchase_count, score, last_interaction)
  VALUES ('bob', 'P1', 0, 1, 0, 0, 2, 3000);
ASSERT VALUES product_stats (product_id, total_views, total_purchases, ratings, avg_rating) VALUES ('P1', 1, 0, 0, NULL);
ASSERT VALUES product_stats (product_id, total_views, total_purchases, ratings, avg_rating) VALUES ('P1', 1, 1, 0, NULL);
ASSERT VALUES product_stats (product_id, total_views, total_purchases, ratings, avg_rating) VALUES ('P1', 1, 1, 0, NULL);
ASSERT VALUES product_stats (product_id, total_views, total_purchases, ratings, avg_rating) VALUES ('P1', 1, 1, 1, 5.0);
ASSERT VALUES product_stats (product_id, total_views, total_purchases, ratings, avg_rating) VALUES ('P1', 1, 1, 2, 3.5);

--@test: the last five products, and what somebody likes
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-interactions.sql';
RUN SCRIPT '../30-profiles.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category) VALUES (1000, 'ann', 'view', 'P1', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category) VALUES (2000, 'ann', 'view', 'P2', 'phones');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category) VALUES (3000, 'ann', 'purchase', 'P1', 'audio');
ASSERT VALUES user_profiles (user_id, events, products, recent_products, affinity, last_seen)
  VALUES ('ann', 1, 1, ARRAY['P1'], MAP('audio' := 1), 1000);
ASSERT VALUES user_profiles (user_id, events, products, recent_products, affinity, last_seen)
  VALUES ('ann', 2, 2, ARRAY['P1', 'P2'], MAP('audio' := 1, 'phones' := 1), 2000);
ASSERT VALUES user_profiles (user_id, events, products, recent_products, affinity, last_seen)
  VALUES ('ann', 3, 2, ARRAY['P1', 'P2', 'P1'], MAP('audio' := 2, 'phones' := 1), 3000);
