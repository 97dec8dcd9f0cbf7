-- What people narrow a list down by, hour by hour. A storefront sends an event of type filter, with the category and what
-- else was chosen in search_query.
CREATE STREAM filters AS
  SELECT user_id, session_id, event_id AS filter_id,
         CONCAT_WS(' ', CASE WHEN category IS NOT NULL THEN 'category:' + category END, LCASE(TRIM(search_query))) AS chosen
  FROM clickstream
  WHERE event_type = 'filter' AND (category IS NOT NULL OR search_query IS NOT NULL)
  EMIT CHANGES;

CREATE TABLE top_filters AS
  SELECT chosen, COUNT(*) AS times_used, COUNT_DISTINCT(user_id) AS users
  FROM filters
  WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD ${grace_minutes} MINUTES)
  GROUP BY chosen
  EMIT CHANGES;

-- Filters after which nothing was viewed: they leave too little, or the wrong things.
CREATE STREAM filters_without_view AS
  WITH chosen_filters AS (
         SELECT session_id, event_id AS filter_id,
                CONCAT_WS(' ', CASE WHEN category IS NOT NULL THEN 'category:' + category END, LCASE(TRIM(search_query))) AS chosen
         FROM clickstream
         WHERE event_type = 'filter' AND (category IS NOT NULL OR search_query IS NOT NULL)
         PARTITION BY session_id),
       views AS (
         SELECT session_id, event_id AS view_id
         FROM clickstream
         WHERE event_type = 'view'
         PARTITION BY session_id)
  SELECT f.session_id AS session_id, f.filter_id AS filter_id, f.chosen AS chosen
  FROM chosen_filters f
  LEFT JOIN views v WITHIN (0 SECONDS, ${found_seconds} SECONDS) GRACE PERIOD ${grace_minutes} MINUTES
    ON f.session_id = v.session_id
  WHERE v.view_id IS NULL
  EMIT CHANGES;

CREATE TABLE dead_end_filters AS
  SELECT chosen, COUNT(*) AS times_used
  FROM filters_without_view
  GROUP BY chosen
  EMIT CHANGES;
