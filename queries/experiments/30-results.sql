-- Both arms in one row.
CREATE TABLE experiment_counts AS
  SELECT experiment,
         COUNT_DISTINCT(CASE WHEN kind = 'exposure'   AND arm = 'A' THEN user_id END) AS users_a,
         COUNT_DISTINCT(CASE WHEN kind = 'conversion' AND arm = 'A' THEN user_id END) AS converted_a,
         COUNT_DISTINCT(CASE WHEN kind = 'exposure'   AND arm = 'B' THEN user_id END) AS users_b,
         COUNT_DISTINCT(CASE WHEN kind = 'conversion' AND arm = 'B' THEN user_id END) AS converted_b
  FROM experiment_events
  GROUP BY experiment
  EMIT CHANGES;

-- Rates and their pooled share; a row as soon as both arms have users and somebody has bought, but not all.
CREATE TABLE experiment_rates AS
  SELECT experiment, users_a, users_b, converted_a, converted_b,
         CAST(converted_a AS DOUBLE) / users_a AS rate_a,
         CAST(converted_b AS DOUBLE) / users_b AS rate_b,
         CAST(converted_a + converted_b AS DOUBLE) / (users_a + users_b) AS pooled
  FROM experiment_counts
  WHERE users_a > 0 AND users_b > 0 AND converted_a + converted_b > 0
    AND converted_a + converted_b < users_a + users_b
  EMIT CHANGES;

-- The z-score of the difference of two shares. Beyond 1.96 chance alone does it in less than one of twenty
-- experiments.
CREATE TABLE experiment_results AS
  SELECT experiment, users_a, users_b,
         ROUND(rate_a * 100, 2) AS percent_a,
         ROUND(rate_b * 100, 2) AS percent_b,
         ROUND((rate_b - rate_a) / SQRT(pooled * (1 - pooled) * (1E0 / users_a + 1E0 / users_b)), 3) AS z,
         ABS((rate_b - rate_a) / SQRT(pooled * (1 - pooled) * (1E0 / users_a + 1E0 / users_b))) > 1.96 AS significant
  FROM experiment_rates
  EMIT CHANGES;
