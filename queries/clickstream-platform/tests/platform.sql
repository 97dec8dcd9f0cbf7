--@test: events get the names that the other bundles know, and reach them
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-ingest.sql';
RUN SCRIPT '../../revenue/30-revenue-by-day.sql';
INSERT INTO events (ROWTIME, userId, eventId, sessionId, eventType, productId, category, price, quantity, searchQuery, referrer)
  VALUES (1769414400000, 'ann', 'e1', 's1', 'purchase', 'P1', 'audio', 129.50, 2, NULL, 'google');
INSERT INTO events (ROWTIME, userId, eventId, sessionId, eventType, searchQuery)
  VALUES (1769414401000, 'ann', 'e2', 's1', 'search', 'écouteurs');
ASSERT VALUES clickstream (ROWTIME, user_id, event_id, session_id, event_type, product_id, category, price, quantity, search_query, referrer)
  VALUES (1769414400000, 'ann', 'e1', 's1', 'purchase', 'P1', 'audio', 129.50, 2, NULL, 'google');
ASSERT VALUES clickstream (ROWTIME, user_id, event_id, session_id, event_type, product_id, category, price, quantity, search_query, referrer)
  VALUES (1769414401000, 'ann', 'e2', 's1', 'search', NULL, NULL, NULL, NULL, 'écouteurs', NULL);
ASSERT VALUES revenue_by_day (shop, purchases, buyers, revenue) VALUES ('shop', 1, 1, 259.00);
