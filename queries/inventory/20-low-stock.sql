CREATE TABLE stock AS
  SELECT product_id,
         SUM(change) AS on_hand,
         SUM(CASE WHEN reason = 'sale' THEN -change ELSE 0 END) AS sold,
         MAX(ROWTIME) AS changed_at
  FROM stock_movements
  GROUP BY product_id
  EMIT CHANGES;

-- A row is there as long as there is too little; with the delivery it goes, as a tombstone.
CREATE TABLE low_stock AS
  SELECT s.product_id AS product_id,
         l.name AS name,
         s.on_hand AS on_hand,
         l.least AS least,
         l.least - s.on_hand AS missing
  FROM stock s
  JOIN stock_limits l ON s.product_id = l.product_id
  WHERE s.on_hand < l.least
  EMIT CHANGES;
