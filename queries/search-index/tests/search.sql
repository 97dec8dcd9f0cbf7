--@test: a document has what the catalogue says and how the product does, and goes with the product
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-products.sql';
INSERT INTO products (ROWTIME, product_id, name, category, brand, price, stock) VALUES (1000, 'P1', 'Écho Speaker', 'audio', 'Écho', 10.00, 3);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (2000, 'ann', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (3000, 'ann', 'purchase', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id) VALUES (4000, 'ann', 'view', 'P2');
INSERT INTO products (ROWTIME, product_id, name, category, brand, price, stock) VALUES (5000, 'P1', 'Écho Speaker', 'audio', 'Écho', 8.00, 0);
ASSERT VALUES product_documents (product_id, name, category, brand, price, in_stock, page_views, purchases)
  VALUES ('P1', 'Écho Speaker', 'audio', 'Écho', 10.00, true, 0, 0);
ASSERT VALUES product_documents (product_id, name, category, brand, price, in_stock, page_views, purchases)
  VALUES ('P1', 'Écho Speaker', 'audio', 'Écho', 10.00, true, 1, 0);
ASSERT VALUES product_documents (product_id, name, category, brand, price, in_stock, page_views, purchases)
  VALUES ('P1', 'Écho Speaker', 'audio', 'Écho', 10.00, true, 1, 1);
ASSERT VALUES product_documents (product_id, name, category, brand, price, in_stock, page_views, purchases)
  VALUES ('P1', 'Écho Speaker', 'audio', 'Écho', 8.00, false, 1, 1);

--@test: searches count however they are written; one without a view after it found nothing
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../20-searches.sql';
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type, search_query)
  VALUES (1769414400000, 'e1', 'ann', 's1', 'search', ' Laptop');
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type)
  VALUES (1769414410000, 'e2', 'ann', 's1', 'view');
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type, search_query)
  VALUES (1769414420000, 'e3', 'bob', 's2', 'search', 'laptop');
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type)
  VALUES (1769414500000, 'e4', 'bob', 's2', 'view');
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type, search_query)
  VALUES (1769415000000, 'e5', 'cem', 's3', 'search', 'tent');
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type)
  VALUES (1769415001000, 'e6', 'cem', 's3', 'view');
ASSERT VALUES top_searches (query, searches, users) VALUES ('laptop', 1, 1);
ASSERT VALUES top_searches (query, searches, users) VALUES ('laptop', 2, 2);
ASSERT VALUES top_searches (query, searches, users) VALUES ('tent', 1, 1);
ASSERT VALUES searches_without_result (session_id, search_id, query) VALUES ('s2', 'e3', 'laptop');
ASSERT VALUES missing_products (query, searches) VALUES ('laptop', 1);

--@test: filters count by what was chosen; one without a view after it is a dead end
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../20-searches.sql';
RUN SCRIPT '../30-filters.sql';
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type, category, search_query)
  VALUES (1769414400000, 'e1', 'ann', 's1', 'filter', 'audio', ' Brand:Écho');
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type)
  VALUES (1769414410000, 'e2', 'ann', 's1', 'view');
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type, category, search_query)
  VALUES (1769414420000, 'e3', 'bob', 's2', 'filter', 'audio', 'brand:écho');
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type, category)
  VALUES (1769414430000, 'e4', 'bob', 's2', 'filter', 'phones');
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type)
  VALUES (1769414440000, 'e5', 'cem', 's3', 'filter');
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type, search_query)
  VALUES (1769415000000, 'e6', 'cem', 's3', 'filter', 'price<100');
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type)
  VALUES (1769415001000, 'e7', 'cem', 's3', 'view');
ASSERT VALUES top_filters (chosen, times_used, users) VALUES ('category:audio brand:écho', 1, 1);
ASSERT VALUES top_filters (chosen, times_used, users) VALUES ('category:audio brand:écho', 2, 2);
ASSERT VALUES top_filters (chosen, times_used, users) VALUES ('category:phones', 1, 1);
ASSERT VALUES top_filters (chosen, times_used, users) VALUES ('price<100', 1, 1);
ASSERT VALUES filters_without_view (session_id, filter_id, chosen) VALUES ('s2', 'e3', 'category:audio brand:écho');
ASSERT VALUES filters_without_view (session_id, filter_id, chosen) VALUES ('s2', 'e4', 'category:phones');
ASSERT VALUES dead_end_filters (chosen, times_used) VALUES ('category:audio brand:écho', 1);
ASSERT VALUES dead_end_filters (chosen, times_used) VALUES ('category:phones', 1);
