--@test: a visit counts once for each pair, both ways round; large baskets do not
DEFINE basket_most = '3';
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-pairs.sql';
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id) VALUES (1000, 'ann', 's1', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id) VALUES (2000, 'ann', 's1', 'view', 'P2');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id) VALUES (3000, 'ann', 's1', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id) VALUES (4000, 'bob', 's2', 'view', 'P2');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id) VALUES (5000, 'bob', 's2', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id) VALUES (6000, 'bob', 's2', 'view', 'P3');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id) VALUES (7000, 'bob', 's2', 'view', 'P4');
ASSERT VALUES coview_pairs (session_id, product_id, other) VALUES ('s1', 'P2', 'P1');
ASSERT VALUES coview_pairs (session_id, product_id, other) VALUES ('s1', 'P1', 'P2');
ASSERT VALUES coview_pairs (session_id, product_id, other) VALUES ('s1', 'P2', 'P1');
ASSERT VALUES coview_pairs (session_id, product_id, other) VALUES ('s1', 'P1', 'P2');
ASSERT VALUES coviews (product_id, other, together) VALUES ('P2', 'P1', 1);
ASSERT VALUES coviews (product_id, other, together) VALUES ('P1', 'P2', 1);
ASSERT VALUES coviews (product_id, other, together) VALUES ('P2', 'P1', 1);
ASSERT VALUES coviews (product_id, other, together) VALUES ('P1', 'P2', 1);
ASSERT VALUES coviews (product_id, other, together) VALUES ('P1', 'P2', 2);
ASSERT VALUES coviews (product_id, other, together) VALUES ('P2', 'P1', 2);
ASSERT VALUES coviews (product_id, other, together) VALUES ('P3', 'P2', 1);
ASSERT VALUES coviews (product_id, other, together) VALUES ('P3', 'P1', 1);
ASSERT VALUES coviews (product_id, other, together) VALUES ('P2', 'P3', 1);
ASSERT VALUES coviews (product_id, other, together) VALUES ('P1', 'P3', 1);

--@test: what is looked at together, damped by what is looked at anyway; and for a user
DEFINE least_together = '1';
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-pairs.sql';
RUN SCRIPT '../20-similar.sql';
RUN SCRIPT '../30-users.sql';
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id) VALUES (1000, 'ann', 's1', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id) VALUES (2000, 'bob', 's2', 'view', 'P1');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id) VALUES (3000, 'ann', 's1', 'view', 'P2');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id) VALUES (4000, 'cem', 's3', 'view', 'P1');
ASSERT VALUES similarities (product_id, other, cosine) VALUES ('P2', 'P1', 0.7071);
ASSERT VALUES similarities (product_id, other, cosine) VALUES ('P1', 'P2', 0.7071);
ASSERT VALUES similar_products (product_id, items)
  VALUES ('P2', ARRAY[STRUCT(product_id := 'P1', score := 0.7071)]);
ASSERT VALUES similar_products (product_id, items)
  VALUES ('P1', ARRAY[STRUCT(product_id := 'P2', score := 0.7071)]);
ASSERT VALUES user_recommendations (user_id, because_of, items)
  VALUES ('cem', 'P1', ARRAY[STRUCT(product_id := 'P2', score := 0.7071)]);

--@test: the last list of a model counts
RUN SCRIPT '../40-models.sql';
INSERT INTO model_recommendations (ROWTIME, user_id, model, version, items)
  VALUES (1000, 'ann', 'towers', '1', ARRAY[STRUCT(product_id := 'P1', score := 0.5)]);
INSERT INTO model_recommendations (ROWTIME, user_id, model, version, items)
  VALUES (2000, 'ann', 'towers', '2', ARRAY[STRUCT(product_id := 'P2', score := 0.9), STRUCT(product_id := 'P1', score := 0.4)]);
ASSERT VALUES model_lists (user_id, model, version, items)
  VALUES ('ann', 'towers', '1', ARRAY[STRUCT(product_id := 'P1', score := 0.5)]);
ASSERT VALUES model_lists (user_id, model, version, items)
  VALUES ('ann', 'towers', '2', ARRAY[STRUCT(product_id := 'P2', score := 0.9), STRUCT(product_id := 'P1', score := 0.4)]);
