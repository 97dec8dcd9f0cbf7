--@test: low stock is told, and taken back with the delivery
RUN SCRIPT '../10-sources.sql';
RUN SCRIPT '../20-low-stock.sql';
INSERT INTO stock_limits (ROWTIME, product_id, name, least) VALUES (500, 'P1', 'Écho Speaker', 5);
INSERT INTO stock_movements (ROWTIME, product_id, change, reason) VALUES (1000, 'P1', 6, 'delivery');
INSERT INTO stock_movements (ROWTIME, product_id, change, reason) VALUES (2000, 'P1', -1, 'sale');
INSERT INTO stock_movements (ROWTIME, product_id, change, reason) VALUES (3000, 'P1', -2, 'sale');
INSERT INTO stock_movements (ROWTIME, product_id, change, reason) VALUES (4000, 'P2', -9, 'sale');
INSERT INTO stock_movements (ROWTIME, product_id, change, reason) VALUES (5000, 'P1', -1, 'loss');
INSERT INTO stock_movements (ROWTIME, product_id, change, reason) VALUES (6000, 'P1', 10, 'delivery');
ASSERT VALUES stock (product_id, on_hand, sold, changed_at) VALUES ('P1', 6, 0, 1000);
ASSERT VALUES stock (product_id, on_hand, sold, changed_at) VALUES ('P1', 5, 1, 2000);
ASSERT VALUES stock (product_id, on_hand, sold, changed_at) VALUES ('P1', 3, 3, 3000);
ASSERT VALUES stock (product_id, on_hand, sold, changed_at) VALUES ('P2', -9, 9, 4000);
ASSERT VALUES stock (product_id, on_hand, sold, changed_at) VALUES ('P1', 2, 3, 5000);
ASSERT VALUES stock (product_id, on_hand, sold, changed_at) VALUES ('P1', 12, 3, 6000);
ASSERT VALUES low_stock (product_id, name, on_hand, least, missing) VALUES ('P1', 'Écho Speaker', 3, 5, 2);
ASSERT VALUES low_stock (product_id, name, on_hand, least, missing) VALUES ('P1', 'Écho Speaker', 2, 5, 3);
ASSERT NULL VALUES low_stock (product_id) KEY ('P1');

--@test: a new limit counts at once
RUN SCRIPT '../10-sources.sql';
RUN SCRIPT '../20-low-stock.sql';
INSERT INTO stock_limits (ROWTIME, product_id, name, least) VALUES (500, 'P1', 'Speaker', 5);
INSERT INTO stock_movements (ROWTIME, product_id, change, reason) VALUES (1000, 'P1', 6, 'delivery');
INSERT INTO stock_limits (ROWTIME, product_id, name, least) VALUES (2000, 'P1', 'Speaker', 10);
ASSERT VALUES low_stock (product_id, name, on_hand, least, missing) VALUES ('P1', 'Speaker', 6, 10, 4);
