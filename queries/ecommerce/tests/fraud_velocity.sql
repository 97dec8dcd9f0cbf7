--@test: the fourth payment of a minute is one too many
RUN SCRIPT '../01_sources.sql';
RUN SCRIPT '../05_fraud_velocity.sql';
INSERT INTO payments (ROWTIME, payment_id, card, amount, country, status)
  VALUES (1769414430000, 'p1', 'C1', 1.00, 'DE', 'ok');
INSERT INTO payments (ROWTIME, payment_id, card, amount, country, status)
  VALUES (1769414431000, 'p2', 'C1', 2.00, 'US', 'declined');
INSERT INTO payments (ROWTIME, payment_id, card, amount, country, status)
  VALUES (1769414432000, 'p3', 'C2', 500.00, 'FR', 'ok');
INSERT INTO payments (ROWTIME, payment_id, card, amount, country, status)
  VALUES (1769414459000, 'p4', 'C1', 3.00, 'DE', 'ok');
INSERT INTO payments (ROWTIME, payment_id, card, amount, country, status)
  VALUES (1769414460000, 'p5', 'C1', 4.50, 'JP', 'declined');
ASSERT VALUES fraud_velocity (ROWTIME, card, attempts, total, countries, declined)
  VALUES (1769414460000, 'C1', 4, 10.50, 3, 2);
