--@test: the deepest step of a visit
RUN SCRIPT '../01_sources.sql';
RUN SCRIPT '../03_session_funnel.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414400000, 'ann', 'search');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414410000, 'ann', 'view');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414420000, 'ann', 'add_to_cart');
ASSERT VALUES session_funnel (user_id, events, page_views, cart_adds, purchases, deepest_step)
  VALUES ('ann', 1, 0, 0, 0, 0);
ASSERT NULL VALUES session_funnel (user_id) KEY ('ann');
ASSERT VALUES session_funnel (user_id, events, page_views, cart_adds, purchases, deepest_step)
  VALUES ('ann', 2, 1, 0, 0, 1);
ASSERT NULL VALUES session_funnel (user_id) KEY ('ann');
ASSERT VALUES session_funnel (user_id, events, page_views, cart_adds, purchases, deepest_step)
  VALUES ('ann', 3, 1, 1, 0, 2);

--@test: after more than half an hour it is another visit
RUN SCRIPT '../01_sources.sql';
RUN SCRIPT '../03_session_funnel.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414400000, 'ann', 'view');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769416200001, 'ann', 'purchase');
ASSERT VALUES session_funnel (ROWTIME, user_id, events, deepest_step)
  VALUES (1769414400000, 'ann', 1, 1);
ASSERT VALUES session_funnel (ROWTIME, user_id, events, deepest_step)
  VALUES (1769416200001, 'ann', 1, 4);
