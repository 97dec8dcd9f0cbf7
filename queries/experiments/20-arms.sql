-- Each arm for itself. Users count once, however often they were exposed or bought.
CREATE TABLE experiment_arms WITH (KEY_FORMAT = 'JSON') AS
  SELECT experiment,
         arm,
         COUNT_DISTINCT(CASE WHEN kind = 'exposure'   THEN user_id END) AS users,
         COUNT_DISTINCT(CASE WHEN kind = 'conversion' THEN user_id END) AS converted,
         SUM(amount) AS revenue
  FROM experiment_events
  GROUP BY experiment, arm
  EMIT CHANGES;
