--@test: purchases of a minute add up per category
RUN SCRIPT '../01_sources.sql';
RUN SCRIPT '../02_revenue_per_minute.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414400000, 'ann', 'purchase', 'P1', 'audio', 100.00, 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414405000, 'ann', 'view', 'P1', 'audio', 100.00, 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414430000, 'bob', 'purchase', 'P2', 'audio', 50.50, 2);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414461000, 'ann', 'purchase', 'P3', 'phones', 0.01, 1);
ASSERT VALUES revenue_per_minute (ROWTIME, category, purchases, units, revenue)
  VALUES (1769414400000, 'audio', 1, 1, 100.00);
ASSERT VALUES revenue_per_minute (ROWTIME, category, purchases, units, revenue)
  VALUES (1769414430000, 'audio', 2, 3, 201.00);
ASSERT VALUES revenue_per_minute (ROWTIME, category, purchases, units, revenue)
  VALUES (1769414461000, 'phones', 1, 1, 0.01);

--@test: a late purchase counts for two minutes, and not longer
RUN SCRIPT '../01_sources.sql';
RUN SCRIPT '../02_revenue_per_minute.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414410000, 'ann', 'purchase', 'P1', 'audio', 10.00, 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414579000, 'bob', 'purchase', 'P2', 'phones', 99.00, 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414400000, 'cem', 'purchase', 'P1', 'audio', 20.00, 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414580000, 'bob', 'purchase', 'P2', 'phones', 99.00, 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414400000, 'cem', 'purchase', 'P1', 'audio', 40.00, 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414581000, 'bob', 'purchase', 'P2', 'phones', 1.00, 1);
ASSERT VALUES revenue_per_minute (category, revenue) VALUES ('audio', 10.00);
ASSERT VALUES revenue_per_minute (category, revenue) VALUES ('phones', 99.00);
ASSERT VALUES revenue_per_minute (category, revenue) VALUES ('audio', 30.00);
ASSERT VALUES revenue_per_minute (category, revenue) VALUES ('phones', 99.00);
ASSERT VALUES revenue_per_minute (category, revenue) VALUES ('phones', 100.00);
