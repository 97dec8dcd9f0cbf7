--@test: a visit grows with each click; its old row goes
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-visits.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414400000, 'ann', 'view');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414410000, 'ann', 'add_to_cart');
ASSERT VALUES visits (user_id, events, page_views, cart_adds, purchases, deepest_step, path)
  VALUES ('ann', 1, 1, 0, 0, 1, ARRAY['view']);
ASSERT NULL VALUES visits (user_id) KEY ('ann');
ASSERT VALUES visits (user_id, events, page_views, cart_adds, purchases, deepest_step, path)
  VALUES ('ann', 2, 1, 1, 0, 2, ARRAY['view', 'add_to_cart']);

--@test: steps count in their order only
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../20-ordered-steps.sql';
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type) VALUES (1000, 'ann', 's1', 'purchase');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type) VALUES (2000, 'ann', 's1', 'view');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type) VALUES (3000, 'ann', 's1', 'search');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type) VALUES (4000, 'ann', 's1', 'add_to_cart');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type) VALUES (5000, 'bob', 's2', 'view');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type) VALUES (6000, 'ann', 's1', 'purchase');
ASSERT VALUES ordered_steps (session_id, user_id, step, first_view, last_purchase) VALUES ('s1', 'ann', 0, NULL, 1000);
ASSERT VALUES ordered_steps (session_id, user_id, step, first_view, last_purchase) VALUES ('s1', 'ann', 1, 2000, 1000);
ASSERT VALUES ordered_steps (session_id, user_id, step, first_view, last_purchase) VALUES ('s1', 'ann', 2, 2000, 1000);
ASSERT VALUES ordered_steps (session_id, user_id, step, first_view, last_purchase) VALUES ('s2', 'bob', 1, 5000, NULL);
ASSERT VALUES ordered_steps (session_id, user_id, step, first_view, last_purchase) VALUES ('s1', 'ann', 3, 2000, 6000);
ASSERT VALUES steps_reached (step, visits) VALUES (0, 1);
ASSERT VALUES steps_reached (step, visits) VALUES (0, 0);
ASSERT VALUES steps_reached (step, visits) VALUES (1, 1);
ASSERT VALUES steps_reached (step, visits) VALUES (1, 0);
ASSERT VALUES steps_reached (step, visits) VALUES (2, 1);
ASSERT VALUES steps_reached (step, visits) VALUES (1, 1);
ASSERT VALUES steps_reached (step, visits) VALUES (2, 0);
ASSERT VALUES steps_reached (step, visits) VALUES (3, 1);

--@test: visits count once per step and hour
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../30-hourly.sql';
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id)
  VALUES (1769414400000, 'ann', 's1', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id)
  VALUES (1769414401000, 'ann', 's1', 'view', 'P2');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id)
  VALUES (1769414402000, 'bob', 's2', 'view', 'P2');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id)
  VALUES (1769414403000, 'cem', 's3', 'view', 'P2');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id)
  VALUES (1769414404000, 'ann', 's1', 'add_to_cart', 'P2');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id)
  VALUES (1769418000000, 'ann', 's1', 'purchase', 'P2');
ASSERT VALUES funnel_by_hour (shop, viewing, carting, paying, buying, view_to_cart, cart_to_purchase)
  VALUES ('shop', 1, 0, 0, 0, 0.0, NULL);
ASSERT VALUES funnel_by_hour (shop, viewing, carting, buying) VALUES ('shop', 1, 0, 0);
ASSERT VALUES funnel_by_hour (shop, viewing, carting, buying) VALUES ('shop', 2, 0, 0);
ASSERT VALUES funnel_by_hour (shop, viewing, carting, buying) VALUES ('shop', 3, 0, 0);
ASSERT VALUES funnel_by_hour (shop, viewing, carting, paying, buying, view_to_cart, cart_to_purchase)
  VALUES ('shop', 3, 1, 0, 0, 33.33, 0.0);
ASSERT VALUES funnel_by_hour (shop, viewing, carting, paying, buying, view_to_cart, cart_to_purchase)
  VALUES ('shop', 0, 0, 0, 1, NULL, NULL);
ASSERT VALUES customer_funnel (user_id, products_viewed, products_in_cart, products_bought)
  VALUES ('ann', 1, 0, 0);
ASSERT VALUES customer_funnel (user_id, products_viewed, products_in_cart, products_bought)
  VALUES ('ann', 2, 0, 0);
