--@test: the nearest of a category; what points away, and what has no length, is near to nothing
DEFINE top = '1';
RUN SCRIPT '../50-content.sql';
INSERT INTO product_embeddings (ROWTIME, product_id, category, embedding) VALUES (1, 'P1', 'audio', ARRAY[3E0, 4E0]);
INSERT INTO product_embeddings (ROWTIME, product_id, category, embedding) VALUES (2, 'P2', 'phones', ARRAY[3E0, 4E0]);
INSERT INTO product_embeddings (ROWTIME, product_id, category, embedding) VALUES (3, 'P3', 'audio', ARRAY[0E0, 0E0]);
INSERT INTO product_embeddings (ROWTIME, product_id, category, embedding) VALUES (4, 'P4', 'audio', ARRAY[-1E0, -1E0]);
INSERT INTO product_embeddings (ROWTIME, product_id, category, embedding) VALUES (5, 'P5', 'audio', ARRAY[9E0, 0E0]);
INSERT INTO product_embeddings (ROWTIME, product_id, category, embedding) VALUES (6, 'P6', 'audio', ARRAY[0E0, 1E0]);
ASSERT VALUES content_similar (product_id, items) VALUES ('P5', ARRAY[STRUCT(product_id := 'P1', score := 0.6)]);
ASSERT VALUES content_similar (product_id, items) VALUES ('P1', ARRAY[STRUCT(product_id := 'P5', score := 0.6)]);
ASSERT VALUES content_similar (product_id, items) VALUES ('P5', ARRAY[STRUCT(product_id := 'P1', score := 0.6)]);
ASSERT VALUES content_similar (product_id, items) VALUES ('P6', ARRAY[STRUCT(product_id := 'P1', score := 0.8)]);
ASSERT VALUES content_similar (product_id, items) VALUES ('P1', ARRAY[STRUCT(product_id := 'P6', score := 0.8)]);

--@test: three opinions are weighed; a product that nobody has looked at has two
DEFINE least_together = '1';
RUN SCRIPT '../../shop/10-sources.sql';
RUN SCRIPT '../10-pairs.sql';
RUN SCRIPT '../20-similar.sql';
RUN SCRIPT '../50-content.sql';
RUN SCRIPT '../60-hybrid.sql';
INSERT INTO product_embeddings (ROWTIME, product_id, category, embedding) VALUES (1, 'P1', 'audio', ARRAY[3E0, 4E0]);
INSERT INTO product_embeddings (ROWTIME, product_id, category, embedding) VALUES (2, 'P2', 'audio', ARRAY[1E0, 0E0]);
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id, category)
  VALUES (1769414400000, 'ann', 's1', 'purchase', 'P2', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id, category)
  VALUES (1769414401000, 'ann', 's1', 'add_to_cart', 'P3', 'audio');
INSERT INTO clickstream (ROWTIME, user_id, session_id, event_type, product_id, category)
  VALUES (1769418700000, 'bob', 's2', 'add_to_cart', 'P9', 'sports');
ASSERT VALUES category_popularity (category, events, products) VALUES ('audio', 2, MAP('P2' := 1, 'P3' := 1));
ASSERT VALUES hybrid_products (product_id, items) VALUES ('P2', ARRAY[STRUCT(product_id := 'P1', score := 0.18)]);
ASSERT VALUES hybrid_products (product_id, items) VALUES ('P1', ARRAY[STRUCT(product_id := 'P2', score := 0.18)]);
ASSERT VALUES hybrid_products (product_id, items) VALUES ('P2', ARRAY[STRUCT(product_id := 'P1', score := 0.18)]);
ASSERT VALUES hybrid_products (product_id, items) VALUES ('P2', ARRAY[STRUCT(product_id := 'P3', score := 0.6), STRUCT(product_id := 'P1', score := 0.18)]);
ASSERT VALUES hybrid_products (product_id, items) VALUES ('P1', ARRAY[STRUCT(product_id := 'P2', score := 0.23), STRUCT(product_id := 'P3', score := 0.05)]);
ASSERT VALUES hybrid_products (product_id, items) VALUES ('P2', ARRAY[STRUCT(product_id := 'P3', score := 0.65), STRUCT(product_id := 'P1', score := 0.18)]);
