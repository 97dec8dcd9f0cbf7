-- A card that is used more than three times within a minute. The windows overlap, so that a burst
-- across the full minute is seen, too. A row appears with the fourth attempt.
CREATE TABLE fraud_velocity AS
  SELECT card,
         COUNT(*)                AS attempts,
         SUM(amount)             AS total,
         COUNT_DISTINCT(country) AS countries,
         SUM(CASE WHEN status = 'declined' THEN 1 ELSE 0 END) AS declined
  FROM payments
  WINDOW HOPPING (SIZE 60 SECONDS, ADVANCE BY 30 SECONDS, GRACE PERIOD 30 SECONDS)
  GROUP BY card
  HAVING COUNT(*) > 3
  EMIT CHANGES;
