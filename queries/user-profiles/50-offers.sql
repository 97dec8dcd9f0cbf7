-- What a user gets: an offer for each kind of user. Marketing writes the table; a kind without a row gets nothing.
CREATE TABLE offers (kind STRING PRIMARY KEY, offer STRING, discount INT)
  WITH (KAFKA_TOPIC = 'offers', VALUE_FORMAT = 'JSON', PARTITIONS = ${offer_partitions});

CREATE TABLE user_kinds AS
  SELECT user_id,
         CASE WHEN SUM(CASE WHEN event_type = 'purchase'    THEN 1 ELSE 0 END) >= ${loyal_purchases} THEN 'loyal'
              WHEN SUM(CASE WHEN event_type = 'purchase'    THEN 1 ELSE 0 END) > 0                   THEN 'buyer'
              WHEN SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 ELSE 0 END) > 0                   THEN 'undecided'
              WHEN SUM(CASE WHEN event_type = 'view'        THEN 1 ELSE 0 END) >= ${curious_views}   THEN 'curious'
              ELSE 'new' END               AS kind,
         LATEST_BY_OFFSET(product_id)      AS product_id
  FROM interactions
  GROUP BY user_id
  EMIT CHANGES;

-- The next best offer: another kind, or another offer for the kind, changes it; without one the row goes.
CREATE TABLE next_best_offers AS
  SELECT u.user_id AS user_id, u.kind AS kind, u.product_id AS product_id, o.offer AS offer, o.discount AS discount
  FROM user_kinds u
  JOIN offers o ON u.kind = o.kind
  EMIT CHANGES;
