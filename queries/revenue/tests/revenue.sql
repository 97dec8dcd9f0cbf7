--@test: purchases of a window add up per category
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../20-revenue-by-category.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414400000, 'ann', 'purchase', 'P1', 'audio', 100.00, 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414405000, 'ann', 'view', 'P1', 'audio', 100.00, 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414699000, 'bob', 'purchase', 'P2', 'audio', 50.50, 2);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, category, price, quantity)
  VALUES (1769414700000, 'ann', 'purchase', 'P3', 'audio', 0.01, 1);
ASSERT VALUES revenue_by_category (ROWTIME, category, purchases, units, revenue)
  VALUES (1769414400000, 'audio', 1, 1, 100.00);
ASSERT VALUES revenue_by_category (ROWTIME, category, purchases, units, revenue)
  VALUES (1769414699000, 'audio', 2, 3, 201.00);
ASSERT VALUES revenue_by_category (ROWTIME, category, purchases, units, revenue)
  VALUES (1769414700000, 'audio', 1, 1, 0.01);

--@test: a buyer counts once a day
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../30-revenue-by-day.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, category, price, quantity)
  VALUES (1769414400000, 'ann', 'purchase', 'audio', 10.00, 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, category, price, quantity)
  VALUES (1769414460000, 'ann', 'purchase', 'phones', 5.50, 2);
ASSERT VALUES revenue_by_day (shop, purchases, buyers, revenue) VALUES ('shop', 1, 1, 10.00);
ASSERT VALUES revenue_by_day (shop, purchases, buyers, revenue) VALUES ('shop', 2, 1, 21.00);
