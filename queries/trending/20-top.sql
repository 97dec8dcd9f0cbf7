-- The most viewed products of each window as one list, longest first. HISTOGRAM counts views per product;
-- its counts become text of equal length so that they sort.
CREATE TABLE trending_top AS
  SELECT 'shop' AS board,
         TRANSFORM(
           SLICE(ARRAY_SORT(TRANSFORM(ENTRIES(HISTOGRAM(product_id), true),
                                      e => LPAD(CAST(e->v AS STRING), 9, '0') + e->k), 'DESC'),
                 1, LEAST(${top}, CAST(COUNT_DISTINCT(product_id) AS INT))),
           t => STRUCT(product_id := SUBSTRING(t, 10), page_views := CAST(SUBSTRING(t, 1, 9) AS BIGINT))
         ) AS items
  FROM clickstream
  WINDOW HOPPING (SIZE ${window_minutes} MINUTES, ADVANCE BY ${advance_minutes} MINUTES,
                  GRACE PERIOD ${grace_minutes} MINUTES)
  WHERE event_type = 'view' AND product_id IS NOT NULL
  GROUP BY 'shop'
  EMIT CHANGES;

-- Who is here.
CREATE TABLE active_users AS
  SELECT 'shop' AS board, COUNT_DISTINCT(user_id) AS users, COUNT(*) AS events
  FROM clickstream
  WINDOW HOPPING (SIZE ${window_minutes} MINUTES, ADVANCE BY ${advance_minutes} MINUTES,
                  GRACE PERIOD ${grace_minutes} MINUTES)
  GROUP BY 'shop'
  EMIT CHANGES;
