-- All signs of a card together: how suspicious was it in this hour? 100 is as bad as it gets.
CREATE TABLE fraud_scores AS
  SELECT card,
         COUNT(*)                AS attempts,
         COUNT_DISTINCT(user_id) AS users,
         COUNT_DISTINCT(country) AS countries,
         SUM(CASE WHEN status = 'declined' THEN 1 ELSE 0 END) AS declined,
         MAX(amount)             AS most,
         LEAST(100, (CASE WHEN COUNT(*) > ${velocity} THEN 30 ELSE 0 END)
                  + (CASE WHEN COUNT_DISTINCT(user_id) > 1 THEN 30 ELSE 0 END)
                  + (CASE WHEN COUNT_DISTINCT(country) > 2 THEN 30 WHEN COUNT_DISTINCT(country) = 2 THEN 10 ELSE 0 END)
                  + (CASE WHEN SUM(CASE WHEN status = 'declined' THEN 1 ELSE 0 END) > 1 THEN 20 ELSE 0 END)
                  + (CASE WHEN MAX(amount) > ${high_amount} THEN 20 ELSE 0 END)) AS score
  FROM payments
  WINDOW HOPPING (SIZE 1 HOUR, ADVANCE BY 30 MINUTES, GRACE PERIOD 5 MINUTES)
  GROUP BY card
  EMIT CHANGES;

-- Users with many cards: one of them may be theirs.
CREATE TABLE many_cards AS
  SELECT user_id, COUNT_DISTINCT(card) AS cards, COUNT_DISTINCT(country) AS countries, COLLECT_SET(card) AS used
  FROM payments
  WINDOW TUMBLING (SIZE 1 DAY, GRACE PERIOD 1 HOUR)
  GROUP BY user_id
  HAVING COUNT_DISTINCT(card) > 2 OR COUNT_DISTINCT(country) > 2
  EMIT CHANGES;
