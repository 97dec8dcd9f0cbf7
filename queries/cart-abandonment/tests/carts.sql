--@test: what is not bought within half an hour is abandoned
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-abandoned-carts.sql';
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id, price, quantity)
  VALUES (1769414400000, 'ann', 's1', 'add_to_cart', 'P1', 10.00, 2);
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id, price, quantity)
  VALUES (1769414460000, 'ann', 's1', 'add_to_cart', 'P2', 5.50, 1);
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id, price, quantity)
  VALUES (1769414461000, 'bob', 's2', 'add_to_cart', 'P1', 10.00, 1);
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type)
  VALUES (1769415000000, 'e1', 'bob', 's2', 'purchase');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id, price, quantity)
  VALUES (1769418000000, 'cem', 's3', 'add_to_cart', 'P1', 10.00, 1);
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type)
  VALUES (1769418001000, 'e2', 'cem', 's3', 'purchase');
ASSERT VALUES abandoned_lines (session_id, user_id, product_id, amount) VALUES ('s1', 'ann', 'P1', 20.00);
ASSERT VALUES abandoned_lines (session_id, user_id, product_id, amount) VALUES ('s1', 'ann', 'P2', 5.50);
ASSERT VALUES abandoned_carts (session_id, user_id, cart_lines, amount, products)
  VALUES ('s1', 'ann', 1, 20.00, ARRAY['P1']);
ASSERT VALUES abandoned_carts (session_id, user_id, cart_lines, amount, products)
  VALUES ('s1', 'ann', 2, 25.50, ARRAY['P1', 'P2']);

--@test: what is taken out again is not abandoned
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-abandoned-carts.sql';
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type, product_id, price, quantity)
  VALUES (1769414400000, 'e1', 'ann', 's1', 'add_to_cart', 'P1', 10.00, 1);
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type, product_id, price, quantity)
  VALUES (1769414410000, 'e2', 'ann', 's1', 'add_to_cart', 'P2', 5.00, 1);
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type, product_id, price, quantity)
  VALUES (1769414420000, 'e3', 'ann', 's1', 'remove_from_cart', 'P1', 10.00, 1);
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type, product_id, price, quantity)
  VALUES (1769418000000, 'e4', 'cem', 's3', 'add_to_cart', 'P1', 10.00, 1);
INSERT INTO clickstream (ROWTIME, event_id, user_id, session_id, event_type, product_id, price, quantity)
  VALUES (1769418001000, 'e5', 'cem', 's3', 'remove_from_cart', 'P1', 10.00, 1);
ASSERT VALUES abandoned_lines (session_id, user_id, product_id, amount) VALUES ('s1', 'ann', 'P2', 5.00);

--@test: a visit that ends with a cart and no purchase
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../20-visits.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414400000, 'ann', 'add_to_cart');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414401000, 'ann', 'add_to_cart');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414402000, 'ann', 'remove_from_cart');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414403000, 'bob', 'add_to_cart');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414404000, 'bob', 'purchase');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414405000, 'cem', 'add_to_cart');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414406000, 'cem', 'remove_from_cart');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769421600000, 'dee', 'view');
ASSERT VALUES visits_with_carts (user_id, in_cart, purchases) VALUES ('ann', 1, 0);

--@test: what is put in, taken out and bought leaves what is in the cart
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../05-carts.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, price, quantity) VALUES (1000, 'ann', 'add_to_cart', 'P1', 5.00, 3);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, price, quantity) VALUES (2000, 'ann', 'add_to_cart', 'P2', 7.00, 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, price, quantity) VALUES (3000, 'ann', 'remove_from_cart', 'P1', 5.00, 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, product_id, price, quantity) VALUES (4000, 'ann', 'purchase', 'P1', 5.00, 2);
ASSERT VALUES carts (user_id, product_id, quantity, price) VALUES ('ann', 'P1', 3, 5.00);
ASSERT VALUES carts (user_id, product_id, quantity, price) VALUES ('ann', 'P2', 1, 7.00);
ASSERT VALUES carts (user_id, product_id, quantity, price) VALUES ('ann', 'P1', 2, 5.00);
ASSERT NULL VALUES carts (user_id, product_id) KEY ('ann', 'P1');
