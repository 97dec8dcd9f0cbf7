--@test: counts per user and product, and per product with ratings
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-interactions.sql';
RUN SCRIPT '../15-weights.sql';
RUN SCRIPT '../20-user-items.sql';
INSERT INTO event_weights (ROWTIME, event_type, weight) VALUES (1, 'view', 1);
INSERT INTO event_weights (ROWTIME, event_type, weight) VALUES (2, 'click', 2);
INSERT INTO event_weights (ROWTIME, event_type, weight) VALUES (3, 'purchase', 10);
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

--@test: a new weight counts from then on; what has none counts nothing
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-interactions.sql';
RUN SCRIPT '../15-weights.sql';
RUN SCRIPT '../20-user-items.sql';
INSERT INTO event_weights (ROWTIME, event_type, weight) VALUES (1, 'view', 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (1000, 'ann', 'view', 'P1');
INSERT INTO event_weights (ROWTIME, event_type, weight) VALUES (2000, 'view', 5);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (3000, 'ann', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (4000, 'ann', 'add_to_cart', 'P1');
ASSERT VALUES user_items (user_id, product_id, view_count, cart_count, score) VALUES ('ann', 'P1', 1, 0, 1);
ASSERT VALUES user_items (user_id, product_id, view_count, cart_count, score) VALUES ('ann', 'P1', 2, 0, 6);
ASSERT VALUES user_items (user_id, product_id, view_count, cart_count, score) VALUES ('ann', 'P1', 2, 1, 6);

--@test: seven days before the end of each day
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-interactions.sql';
RUN SCRIPT '../40-features.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category) VALUES (1769414400000, 'ann', 'view', 'P1', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category) VALUES (1769932800000, 'ann', 'purchase', 'P1', 'audio');
ASSERT VALUES user_features (WINDOWSTART, user_id, views_7d, purchases_7d, purchases_per_view)
  VALUES (1768867200000, 'ann', 1, 0, 0.0);
ASSERT VALUES user_features (WINDOWSTART, user_id, views_7d, purchases_7d, purchases_per_view)
  VALUES (1768953600000, 'ann', 1, 0, 0.0);
ASSERT VALUES user_features (WINDOWSTART, user_id, views_7d, purchases_7d, purchases_per_view)
  VALUES (1769040000000, 'ann', 1, 0, 0.0);
ASSERT VALUES user_features (WINDOWSTART, user_id, views_7d, purchases_7d, purchases_per_view)
  VALUES (1769126400000, 'ann', 1, 0, 0.0);
ASSERT VALUES user_features (WINDOWSTART, user_id, views_7d, purchases_7d, purchases_per_view)
  VALUES (1769212800000, 'ann', 1, 0, 0.0);
ASSERT VALUES user_features (WINDOWSTART, user_id, views_7d, purchases_7d, purchases_per_view)
  VALUES (1769299200000, 'ann', 1, 0, 0.0);
ASSERT VALUES user_features (WINDOWSTART, user_id, views_7d, purchases_7d, purchases_per_view)
  VALUES (1769385600000, 'ann', 1, 0, 0.0);
ASSERT VALUES user_features (WINDOWSTART, user_id, views_7d, purchases_7d, purchases_per_view)
  VALUES (1769385600000, 'ann', 1, 1, 1.0);
ASSERT VALUES user_features (WINDOWSTART, user_id, views_7d, purchases_7d, purchases_per_view)
  VALUES (1769472000000, 'ann', 0, 1, NULL);

--@test: what somebody does decides what they are offered; a kind without an offer gets none
DEFINE loyal_purchases = '2';
DEFINE curious_views = '2';
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-interactions.sql';
RUN SCRIPT '../50-offers.sql';
INSERT INTO offers (ROWTIME, kind, offer, discount) VALUES (1, 'loyal', 'free delivery', 0);
INSERT INTO offers (ROWTIME, kind, offer, discount) VALUES (2, 'undecided', '5 % off', 5);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (1000, 'ann', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (2000, 'ann', 'add_to_cart', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (3000, 'ann', 'purchase', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (4000, 'ann', 'purchase', 'P2');
INSERT INTO offers (ROWTIME, kind, offer, discount) VALUES (5000, 'loyal', 'a gift', 0);
ASSERT VALUES user_kinds (user_id, kind) VALUES ('ann', 'new');
ASSERT VALUES user_kinds (user_id, kind) VALUES ('ann', 'undecided');
ASSERT VALUES user_kinds (user_id, kind) VALUES ('ann', 'buyer');
ASSERT VALUES user_kinds (user_id, kind) VALUES ('ann', 'loyal');
ASSERT VALUES next_best_offers (user_id, kind, product_id, offer, discount) VALUES ('ann', 'undecided', 'P1', '5 % off', 5);
ASSERT NULL VALUES next_best_offers (user_id) KEY ('ann');
ASSERT VALUES next_best_offers (user_id, kind, product_id, offer, discount) VALUES ('ann', 'loyal', 'P2', 'free delivery', 0);
ASSERT VALUES next_best_offers (user_id, kind, product_id, offer, discount) VALUES ('ann', 'loyal', 'P2', 'a gift', 0);
