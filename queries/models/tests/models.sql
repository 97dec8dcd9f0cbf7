--@test: a user is served by the release that has their percent, and by another one as soon as the rollout says so
DEFINE salt = 'x';
RUN SCRIPT '../../recommendations/40-models.sql';
RUN SCRIPT '../10-rollout.sql';
INSERT INTO model_metadata (ROWTIME, release, from_percent, to_percent) VALUES (1, 'towers:1', 0, 71);
INSERT INTO model_metadata (ROWTIME, release, from_percent, to_percent) VALUES (2, 'towers:2', 71, 100);
INSERT INTO model_recommendations (ROWTIME, user_id, model, version, items)
  VALUES (1000, 'ann', 'towers', '1', ARRAY[STRUCT(product_id := 'P1', score := 0.5)]);
INSERT INTO model_recommendations (ROWTIME, user_id, model, version, items)
  VALUES (2000, 'ann', 'towers', '2', ARRAY[STRUCT(product_id := 'P2', score := 0.6)]);
INSERT INTO model_metadata (ROWTIME, release, from_percent, to_percent) VALUES (3000, 'towers:1', 0, 70);
INSERT INTO model_metadata (ROWTIME, release, from_percent, to_percent) VALUES (4000, 'towers:2', 70, 100);
ASSERT VALUES release_lists (user_id, release, percent, items)
  VALUES ('ann', 'towers:1', 70, ARRAY[STRUCT(product_id := 'P1', score := 0.5)]);
ASSERT VALUES served_recommendations (user_id, release, items)
  VALUES ('ann', 'towers:1', ARRAY[STRUCT(product_id := 'P1', score := 0.5)]);
ASSERT NULL VALUES served_recommendations (user_id) KEY ('ann');
ASSERT VALUES served_recommendations (user_id, release, items)
  VALUES ('ann', 'towers:2', ARRAY[STRUCT(product_id := 'P2', score := 0.6)]);

--@test: shares of an hour against those of the training; what was never seen counts, too
DEFINE drift_most = '0.25';
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../20-drift.sql';
INSERT INTO drift_references (ROWTIME, feature, shares) VALUES (1, 'category', MAP('audio' := 0.5E0, 'phones' := 0.5E0));
INSERT INTO clickstream (ROWTIME, user_id, event_type, category) VALUES (1769414400000, 'ann', 'view', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, category) VALUES (1769414401000, 'ann', 'view', 'phones');
INSERT INTO clickstream (ROWTIME, user_id, event_type, category) VALUES (1769418000000, 'ann', 'view', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, category) VALUES (1769418001000, 'ann', 'view', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, category) VALUES (1769418002000, 'ann', 'view', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, event_type, category) VALUES (1769418003000, 'ann', 'view', 'phones');
INSERT INTO clickstream (ROWTIME, user_id, event_type, category) VALUES (1769421600000, 'ann', 'view', 'sports');
INSERT INTO clickstream (ROWTIME, user_id, event_type, category) VALUES (1769421601000, 'ann', 'view', 'phones');
INSERT INTO clickstream (ROWTIME, user_id, event_type, category) VALUES (1769432400000, 'ann', 'view', 'audio');
ASSERT VALUES drift_scores (WINDOWSTART, feature, events, psi) VALUES (1769414400000, 'category', 2, 0.0);
ASSERT VALUES drift_scores (WINDOWSTART, feature, events, psi) VALUES (1769418000000, 'category', 4, 0.2747);
ASSERT VALUES drift_scores (WINDOWSTART, feature, events, psi) VALUES (1769421600000, 'category', 2, 8.5155);
ASSERT VALUES drift_alerts (feature, reason, events, psi) VALUES ('category', 'drift', 4, 0.2747);
ASSERT VALUES drift_alerts (feature, reason, events, psi) VALUES ('category', 'drift', 2, 8.5155);

--@test: training is due when a day has enough carts and purchases
DEFINE retrain_events = '2';
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../30-retraining.sql';
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414400000, 'ann', 'add_to_cart');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769414401000, 'ann', 'view');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769500800000, 'ann', 'purchase');
INSERT INTO clickstream (ROWTIME, user_id, event_type) VALUES (1769500801000, 'ann', 'purchase');
ASSERT VALUES retraining_due (ROWTIME, feature, reason, events) VALUES (1769500801000, 'recommender', 'new data', 2);
