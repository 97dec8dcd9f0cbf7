--@test: the fourth payment of a minute is one too many
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-rules.sql';
INSERT INTO payments (ROWTIME, payment_id, card, amount, country, status)
  VALUES (1769414430000, 'p1', 'C1', 1.00, 'DE', 'ok');
INSERT INTO payments (ROWTIME, payment_id, card, amount, country, status)
  VALUES (1769414431000, 'p2', 'C1', 2.00, 'US', 'declined');
INSERT INTO payments (ROWTIME, payment_id, card, amount, country, status)
  VALUES (1769414432000, 'p3', 'C2', 1000.01, 'FR', 'ok');
INSERT INTO payments (ROWTIME, payment_id, card, amount, country, status)
  VALUES (1769414459000, 'p4', 'C1', 3.00, 'DE', 'ok');
INSERT INTO payments (ROWTIME, payment_id, card, amount, country, status)
  VALUES (1769414460000, 'p5', 'C1', 4.50, 'JP', 'declined');
ASSERT VALUES card_velocity (ROWTIME, card, attempts, total, countries, declined)
  VALUES (1769414460000, 'C1', 4, 10.50, 3, 2);
ASSERT VALUES high_payments (payment_id, card, amount, reason) VALUES ('p3', 'C2', 1000.01, 'high amount');

--@test: an amount is compared with the average of what was before, declined ones do not count
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-rules.sql';
INSERT INTO payments (ROWTIME, payment_id, user_id, amount, status) VALUES (1000, 'p1', 'ann', 10.00, 'ok');
INSERT INTO payments (ROWTIME, payment_id, user_id, amount, status) VALUES (2000, 'p2', 'ann', 20.00, 'ok');
INSERT INTO payments (ROWTIME, payment_id, user_id, amount, status) VALUES (3000, 'p3', 'ann', 900.00, 'declined');
INSERT INTO payments (ROWTIME, payment_id, user_id, amount, status) VALUES (4000, 'p4', 'ann', 30.00, 'ok');
INSERT INTO payments (ROWTIME, payment_id, user_id, amount, status) VALUES (5000, 'p5', 'ann', 100.01, 'ok');
ASSERT VALUES user_spending (user_id, payments, amount, average_before) VALUES ('ann', 1, 10.00, NULL);
ASSERT VALUES user_spending (user_id, payments, amount, average_before) VALUES ('ann', 2, 20.00, 10.0);
ASSERT VALUES user_spending (user_id, payments, amount, average_before) VALUES ('ann', 3, 30.00, 15.0);
ASSERT VALUES user_spending (user_id, payments, amount, average_before) VALUES ('ann', 4, 100.01, 20.0);
ASSERT VALUES unusual_amounts (user_id, payments, amount, average_before) VALUES ('ann', 4, 100.01, 20.0);

--@test: signs add up to a score, and a score to an alert
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-rules.sql';
RUN SCRIPT '../20-score.sql';
RUN SCRIPT '../30-alerts.sql';
INSERT INTO payments (ROWTIME, payment_id, user_id, card, amount, country, status)
  VALUES (1769414400000, 'p1', 'ann', 'C1', 10.00, 'DE', 'ok');
INSERT INTO payments (ROWTIME, payment_id, user_id, card, amount, country, status)
  VALUES (1769414401000, 'p2', 'bob', 'C1', 10.00, 'US', 'declined');
INSERT INTO payments (ROWTIME, payment_id, user_id, card, amount, country, status)
  VALUES (1769414402000, 'p3', 'bob', 'C1', 1500.00, 'US', 'ok');
ASSERT VALUES fraud_scores (card, attempts, users, countries, declined, most, score) VALUES ('C1', 1, 1, 1, 0, 10.00, 0);
ASSERT VALUES fraud_scores (card, attempts, users, countries, declined, most, score) VALUES ('C1', 1, 1, 1, 0, 10.00, 0);
ASSERT VALUES fraud_scores (card, attempts, users, countries, declined, most, score) VALUES ('C1', 2, 2, 2, 1, 10.00, 40);
ASSERT VALUES fraud_scores (card, attempts, users, countries, declined, most, score) VALUES ('C1', 2, 2, 2, 1, 10.00, 40);
ASSERT VALUES fraud_scores (card, attempts, users, countries, declined, most, score) VALUES ('C1', 3, 2, 2, 1, 1500.00, 60);
ASSERT VALUES fraud_alerts (card, rule, score, attempts, most) VALUES ('C1', 'score', 60, 3, 1500.00);
ASSERT VALUES fraud_alerts (card, rule, score, attempts, most) VALUES ('C1', 'score', 60, 3, 1500.00);
ASSERT VALUES high_payment_alerts (card, rule, score, attempts, most) VALUES ('C1', 'high amount', 20, 1, 1500.00);

--@test: a user with three cards in a day
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../20-score.sql';
INSERT INTO payments (ROWTIME, payment_id, user_id, card, country) VALUES (1769414400000, 'p1', 'ann', 'C1', 'DE');
INSERT INTO payments (ROWTIME, payment_id, user_id, card, country) VALUES (1769414500000, 'p2', 'ann', 'C2', 'DE');
INSERT INTO payments (ROWTIME, payment_id, user_id, card, country) VALUES (1769414600000, 'p3', 'ann', 'C3', 'DE');
ASSERT VALUES many_cards (user_id, cards, countries, used) VALUES ('ann', 3, 1, ARRAY['C1', 'C2', 'C3']);
