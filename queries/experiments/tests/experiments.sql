--@test: purchases after an exposure count once per user
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../05-settings.sql';
RUN SCRIPT '../10-conversions.sql';
RUN SCRIPT '../20-arms.sql';
INSERT INTO experiment_settings (ROWTIME, experiment, running, percent_b) VALUES (1, 'button', true, 50);
INSERT INTO exposures (ROWTIME, user_id, experiment, arm) VALUES (1769414400000, 'ann', 'button', 'A');
INSERT INTO clickstream (ROWTIME, user_id, event_type, price, quantity) VALUES (1769414300000, 'bob', 'purchase', 9.00, 1);
INSERT INTO exposures (ROWTIME, user_id, experiment, arm) VALUES (1769414401000, 'bob', 'button', 'B');
INSERT INTO clickstream (ROWTIME, user_id, event_type, price, quantity) VALUES (1769414500000, 'ann', 'purchase', 10.00, 2);
INSERT INTO clickstream (ROWTIME, user_id, event_type, price, quantity) VALUES (1769414600000, 'ann', 'purchase', 1.50, 1);
ASSERT VALUES experiment_arms (experiment, arm, users, converted, revenue) VALUES ('button', 'A', 1, 0, 0.00);
ASSERT VALUES experiment_arms (experiment, arm, users, converted, revenue) VALUES ('button', 'B', 1, 0, 0.00);
ASSERT VALUES experiment_arms (experiment, arm, users, converted, revenue) VALUES ('button', 'A', 1, 1, 20.00);
ASSERT VALUES experiment_arms (experiment, arm, users, converted, revenue) VALUES ('button', 'A', 1, 1, 21.50);

--@test: rates, their difference, and its z-score
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../05-settings.sql';
RUN SCRIPT '../10-conversions.sql';
RUN SCRIPT '../30-results.sql';
INSERT INTO experiment_settings (ROWTIME, experiment, running, percent_b) VALUES (1, 'button', true, 50);
INSERT INTO exposures (ROWTIME, user_id, experiment, arm) VALUES (1000, 'ann', 'button', 'A');
INSERT INTO exposures (ROWTIME, user_id, experiment, arm) VALUES (2000, 'bob', 'button', 'A');
INSERT INTO exposures (ROWTIME, user_id, experiment, arm) VALUES (3000, 'cem', 'button', 'B');
INSERT INTO exposures (ROWTIME, user_id, experiment, arm) VALUES (4000, 'dee', 'button', 'B');
INSERT INTO clickstream (ROWTIME, user_id, event_type, price, quantity) VALUES (5000, 'cem', 'purchase', 1.00, 1);
INSERT INTO clickstream (ROWTIME, user_id, event_type, price, quantity) VALUES (6000, 'dee', 'purchase', 1.00, 1);
ASSERT VALUES experiment_results (experiment, users_a, users_b, percent_a, percent_b, z, significant)
  VALUES ('button', 2, 2, 0.0, 50.0, 1.155, false);
ASSERT VALUES experiment_results (experiment, users_a, users_b, percent_a, percent_b, z, significant)
  VALUES ('button', 2, 2, 0.0, 100.0, 2.0, true);

--@test: the settings give arms by hash; a higher percent moves nobody back; what does not run is left out
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../05-settings.sql';
INSERT INTO experiment_settings (ROWTIME, experiment, running, percent_b) VALUES (1, 'button', true, 20);
INSERT INTO experiment_settings (ROWTIME, experiment, running, percent_b) VALUES (1, 'old', false, 50);
INSERT INTO exposures (ROWTIME, user_id, experiment) VALUES (1000, 'ann', 'button');
INSERT INTO exposures (ROWTIME, user_id, experiment) VALUES (2000, 'dee', 'button');
INSERT INTO exposures (ROWTIME, user_id, experiment) VALUES (3000, 'dee', 'old');
INSERT INTO exposures (ROWTIME, user_id, experiment) VALUES (3001, 'dee', 'unknown');
INSERT INTO experiment_settings (ROWTIME, experiment, running, percent_b) VALUES (4000, 'button', true, 60);
INSERT INTO exposures (ROWTIME, user_id, experiment) VALUES (5000, 'ann', 'button');
INSERT INTO exposures (ROWTIME, user_id, experiment) VALUES (6000, 'dee', 'button');
INSERT INTO exposures (ROWTIME, user_id, experiment, arm) VALUES (7000, 'eve', 'button', 'A');
ASSERT VALUES assignments (user_id, experiment, arm) VALUES ('ann', 'button', 'B');
ASSERT VALUES assignments (user_id, experiment, arm) VALUES ('dee', 'button', 'A');
ASSERT VALUES assignments (user_id, experiment, arm) VALUES ('ann', 'button', 'B');
ASSERT VALUES assignments (user_id, experiment, arm) VALUES ('dee', 'button', 'B');
ASSERT VALUES assignments (user_id, experiment, arm) VALUES ('eve', 'button', 'A');
