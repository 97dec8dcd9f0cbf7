-- A lot of money at once.
CREATE STREAM high_payments AS
  SELECT payment_id, user_id, card, amount, 'high amount' AS reason
  FROM payments
  WHERE amount > ${high_amount}
  EMIT CHANGES;

-- A card that is used again and again. The windows overlap, so that a burst across the full minute is seen,
-- too.
CREATE TABLE card_velocity AS
  SELECT card,
         COUNT(*)                AS attempts,
         SUM(amount)             AS total,
         COUNT_DISTINCT(country) AS countries,
         SUM(CASE WHEN status = 'declined' THEN 1 ELSE 0 END) AS declined
  FROM payments
  WINDOW HOPPING (SIZE 60 SECONDS, ADVANCE BY 30 SECONDS, GRACE PERIOD 30 SECONDS)
  GROUP BY card
  HAVING COUNT(*) > ${velocity}
  EMIT CHANGES;

-- What a user pays now, beside the average of all payments before.
CREATE TABLE user_spending AS
  SELECT user_id,
         COUNT(*)                  AS payments,
         LATEST_BY_OFFSET(amount)  AS amount,
         CASE WHEN COUNT(*) > 1
              THEN ROUND((SUM(CAST(amount AS DOUBLE)) - CAST(LATEST_BY_OFFSET(amount) AS DOUBLE)) / (COUNT(*) - 1), 2)
              END                  AS average_before
  FROM payments
  WHERE status = 'ok'
  GROUP BY user_id
  EMIT CHANGES;

CREATE TABLE unusual_amounts AS
  SELECT user_id, payments, amount, average_before
  FROM user_spending
  WHERE payments > ${least_payments} AND amount > average_before * ${times_average}
  EMIT CHANGES;
