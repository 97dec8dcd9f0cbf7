--@test: each line of an order counts in its category
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-sources.sql';
RUN SCRIPT '../40-revenue-by-line.sql';
INSERT INTO orders (ROWTIME, order_id, user_id, items) VALUES (1769414400000, 'O1', 'ann', ARRAY[
  STRUCT(product_id := 'P1', category := 'audio', quantity := 2, price := 10.00),
  STRUCT(product_id := 'P2', category := 'phones', quantity := 1, price := 500.50),
  STRUCT(product_id := 'P3', category := 'audio', quantity := 1, price := 20.00)]);
ASSERT VALUES order_revenue_by_category (category, order_lines, units, revenue, average_price)
  VALUES ('audio', 1, 2, 20.00, 10.0);
ASSERT VALUES order_revenue_by_category (category, order_lines, units, revenue, average_price)
  VALUES ('phones', 1, 1, 500.50, 500.5);
ASSERT VALUES order_revenue_by_category (category, order_lines, units, revenue, average_price)
  VALUES ('audio', 2, 3, 40.00, 15.0);

--@test: an order without a payment that went well, in time, is unpaid
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-sources.sql';
RUN SCRIPT '../50-unpaid-orders.sql';
INSERT INTO orders (ROWTIME, order_id, user_id, items) VALUES (1769414400000, 'O1', 'ann', ARRAY[
  STRUCT(product_id := 'P1', category := 'audio', quantity := 2, price := 10.00)]);
INSERT INTO orders (ROWTIME, order_id, user_id, items) VALUES (1769414401000, 'O2', 'bob', ARRAY[
  STRUCT(product_id := 'P1', category := 'audio', quantity := 1, price := 10.00),
  STRUCT(product_id := 'P2', category := 'phones', quantity := 2, price := 500.25)]);
INSERT INTO payments (ROWTIME, payment_id, order_id, amount, status)
  VALUES (1769414430000, 'pay1', 'O1', 20.00, 'ok');
INSERT INTO payments (ROWTIME, payment_id, order_id, amount, status)
  VALUES (1769414440000, 'pay2', 'O2', 1010.50, 'declined');
INSERT INTO orders (ROWTIME, order_id, user_id, items) VALUES (1769418000000, 'O3', 'ann', ARRAY[
  STRUCT(product_id := 'P1', category := 'audio', quantity := 1, price := 10.00)]);
INSERT INTO payments (ROWTIME, payment_id, order_id, amount, status)
  VALUES (1769418001000, 'pay3', 'O3', 10.00, 'ok');
ASSERT VALUES unpaid_orders (order_id, user_id, amount) VALUES ('O2', 'bob', 1010.50);
