-- What people search for, hour by hour.
CREATE TABLE top_searches AS
  SELECT LCASE(TRIM(search_query)) AS query, COUNT(*) AS searches, COUNT_DISTINCT(user_id) AS users
  FROM clickstream
  WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD ${grace_minutes} MINUTES)
  WHERE event_type = 'search' AND search_query IS NOT NULL
  GROUP BY LCASE(TRIM(search_query))
  EMIT CHANGES;

-- A search that found nothing: the visitor viewed nothing after it. Both sides stand in one statement, so that they are
-- read in the order of their times, also when it has to catch up.
CREATE STREAM searches_without_result AS
  WITH searches AS (
         SELECT session_id, event_id AS search_id, LCASE(TRIM(search_query)) AS query
         FROM clickstream
         WHERE event_type = 'search' AND search_query IS NOT NULL
         PARTITION BY session_id),
       views AS (
         SELECT session_id, event_id AS view_id
         FROM clickstream
         WHERE event_type = 'view'
         PARTITION BY session_id)
  SELECT s.session_id AS session_id, s.search_id AS search_id, s.query AS query
  FROM searches s
  LEFT JOIN views v WITHIN (0 SECONDS, ${found_seconds} SECONDS) GRACE PERIOD ${grace_minutes} MINUTES
    ON s.session_id = v.session_id
  WHERE v.view_id IS NULL
  EMIT CHANGES;

CREATE TABLE missing_products AS
  SELECT query, COUNT(*) AS searches
  FROM searches_without_result
  GROUP BY query
  EMIT CHANGES;
