-- The session form: visits that ended with something in the cart and nothing bought. EMIT FINAL has one row
-- per visit, when it is over. What is over is forgotten after RETENTION: a night without a click is shorter.
CREATE TABLE visits_with_carts AS
  SELECT user_id,
         SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 WHEN event_type = 'remove_from_cart' THEN -1 ELSE 0 END)
           AS in_cart,
         SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END) AS purchases
  FROM clickstream
  WINDOW SESSION (${wait_minutes} MINUTES, RETENTION 7 DAYS, GRACE PERIOD ${grace_minutes} MINUTES)
  GROUP BY user_id
  HAVING SUM(CASE WHEN event_type = 'add_to_cart' THEN 1 WHEN event_type = 'remove_from_cart' THEN -1 ELSE 0 END) > 0
     AND SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END) = 0
  EMIT FINAL;
