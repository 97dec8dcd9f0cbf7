--@test: who buys leaves one segment for the other
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-users.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414400000, 'ann', 'view');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414401000, 'bob', 'add_to_cart');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414402000, 'ann', 'purchase');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769500800000, 'ann', 'view');
ASSERT VALUES user_segments (day, user_id, page_views, cart_adds, purchases, engagement, segment)
  VALUES ('2026-01-26', 'ann', 1, 0, 0, 1, 'Window Shopper');
ASSERT VALUES user_segments (day, user_id, page_views, cart_adds, purchases, engagement, segment)
  VALUES ('2026-01-26', 'bob', 0, 1, 0, 3, 'Window Shopper');
ASSERT VALUES user_segments (day, user_id, page_views, cart_adds, purchases, engagement, segment)
  VALUES ('2026-01-26', 'ann', 1, 0, 1, 11, 'Buyer');
ASSERT VALUES user_segments (day, user_id, page_views, cart_adds, purchases, engagement, segment)
  VALUES ('2026-01-27', 'ann', 1, 0, 0, 1, 'Window Shopper');
ASSERT VALUES segment_summary (day, segment, users, engagement, average_engagement)
  VALUES ('2026-01-26', 'Window Shopper', 1, 1, 1.0);
ASSERT VALUES segment_summary (day, segment, users, engagement, average_engagement)
  VALUES ('2026-01-26', 'Window Shopper', 2, 4, 2.0);
ASSERT VALUES segment_summary (day, segment, users, engagement, average_engagement)
  VALUES ('2026-01-26', 'Window Shopper', 1, 3, 3.0);
ASSERT VALUES segment_summary (day, segment, users, engagement, average_engagement)
  VALUES ('2026-01-26', 'Buyer', 1, 11, 11.0);
ASSERT VALUES segment_summary (day, segment, users, engagement, average_engagement)
  VALUES ('2026-01-27', 'Window Shopper', 1, 1, 1.0);

--@test: the most viewed products, of each one row only
DEFINE top = '2';
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../20-products.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (1769414400000, 'ann', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (1769414401000, 'ann', 'view', 'P2');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (1769414402000, 'bob', 'view', 'P1');
ASSERT VALUES product_views (day, product_id, page_views, viewers) VALUES ('2026-01-26', 'P1', 1, 1);
ASSERT VALUES product_views (day, product_id, page_views, viewers) VALUES ('2026-01-26', 'P2', 1, 1);
ASSERT VALUES product_views (day, product_id, page_views, viewers) VALUES ('2026-01-26', 'P1', 2, 2);
ASSERT VALUES top_products (day, items)
  VALUES ('2026-01-26', ARRAY[STRUCT(product_id := 'P1', page_views := 1, viewers := 1)]);
ASSERT VALUES top_products (day, items)
  VALUES ('2026-01-26', ARRAY[STRUCT(product_id := 'P2', page_views := 1, viewers := 1),
                              STRUCT(product_id := 'P1', page_views := 1, viewers := 1)]);
ASSERT VALUES top_products (day, items)
  VALUES ('2026-01-26', ARRAY[STRUCT(product_id := 'P1', page_views := 2, viewers := 2),
                              STRUCT(product_id := 'P2', page_views := 1, viewers := 1)]);

--@test: rates of a category
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../30-conversion.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, category) VALUES (1769414400000, 'ann', 'add_to_cart', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, category) VALUES (1769414401000, 'ann', 'view', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, category) VALUES (1769414402000, 'bob', 'view', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, category) VALUES (1769414403000, 'bob', 'view', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, category) VALUES (1769414404000, 'bob', 'purchase', 'audio');
ASSERT VALUES conversion_rates (day, category, page_views, cart_adds, purchases, view_to_cart, cart_to_purchase, view_to_purchase)
  VALUES ('2026-01-26', 'audio', 0, 1, 0, NULL, 0.0, NULL);
ASSERT VALUES conversion_rates (day, category, page_views, cart_adds, purchases, view_to_cart, cart_to_purchase, view_to_purchase)
  VALUES ('2026-01-26', 'audio', 1, 1, 0, 100.0, 0.0, 0.0);
ASSERT VALUES conversion_rates (day, category, page_views, cart_adds, purchases, view_to_cart, cart_to_purchase, view_to_purchase)
  VALUES ('2026-01-26', 'audio', 2, 1, 0, 50.0, 0.0, 0.0);
ASSERT VALUES conversion_rates (day, category, page_views, cart_adds, purchases, view_to_cart, cart_to_purchase, view_to_purchase)
  VALUES ('2026-01-26', 'audio', 3, 1, 0, 33.33, 0.0, 0.0);
ASSERT VALUES conversion_rates (day, category, page_views, cart_adds, purchases, view_to_cart, cart_to_purchase, view_to_purchase)
  VALUES ('2026-01-26', 'audio', 3, 1, 1, 33.33, 100.0, 33.33);

--@test: the report of a day comes once, when the next day has begun
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../40-reports.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category)
  VALUES (1769414400000, 'ann', 'view', 'P1', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category)
  VALUES (1769414401000, 'ann', 'purchase', 'P1', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category)
  VALUES (1769414402000, 'bob', 'view', 'P1', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category)
  VALUES (1769472700000, 'ann', 'view', 'P1', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category)
  VALUES (1769472900000, 'ann', 'view', 'P1', 'audio');
ASSERT VALUES daily_user_segments (WINDOWSTART, user_id, page_views, cart_adds, purchases, engagement, segment)
  VALUES (1769385600000, 'ann', 1, 0, 1, 11, 'Buyer');
ASSERT VALUES daily_user_segments (WINDOWSTART, user_id, page_views, cart_adds, purchases, engagement, segment)
  VALUES (1769385600000, 'bob', 1, 0, 0, 1, 'Window Shopper');
ASSERT VALUES daily_products (WINDOWSTART, product_id, category, page_views, viewers)
  VALUES (1769385600000, 'P1', 'audio', 2, 2);
ASSERT VALUES daily_conversion (WINDOWSTART, category, page_views, cart_adds, purchases, view_to_purchase)
  VALUES (1769385600000, 'audio', 2, 0, 1, 50.0);

--@test: the message comes after the report, once, with what the day was
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../50-report-runs.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414400000, 'ann', 'view');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414401000, 'ann', 'purchase');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414402000, 'bob', 'view');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769472700000, 'ann', 'view');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769471999000, 'cem', 'view');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769472900000, 'ann', 'view');
ASSERT VALUES report_runs (WINDOWSTART, report, day, events, users, purchases)
  VALUES (1769385600000, 'daily segmentation', '2026-01-26', 4, 3, 1);
