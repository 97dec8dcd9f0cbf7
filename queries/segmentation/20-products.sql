CREATE TABLE product_views WITH (KEY_FORMAT = 'JSON') AS
  SELECT FORMAT_TIMESTAMP(FROM_UNIXTIME(ROWTIME), 'yyyy-MM-dd') AS day,
         product_id,
         LATEST_BY_OFFSET(category) AS category,
         COUNT(*)                   AS page_views,
         COUNT_DISTINCT(user_id)    AS viewers
  FROM clickstream
  WHERE event_type = 'view'
  GROUP BY FORMAT_TIMESTAMP(FROM_UNIXTIME(ROWTIME), 'yyyy-MM-dd'), product_id
  EMIT CHANGES;

-- The most viewed products of a day, with how many have viewed them. The counts become text of equal length
-- so that they sort.
CREATE TABLE top_products AS
  SELECT day,
         TRANSFORM(
           SLICE(ARRAY_SORT(COLLECT_LIST(LPAD(CAST(page_views AS STRING), 9, '0')
                                         + LPAD(CAST(viewers AS STRING), 9, '0') + product_id), 'DESC'),
                 1, LEAST(${top}, CAST(COUNT(*) AS INT))),
           t => STRUCT(product_id := SUBSTRING(t, 19),
                       page_views := CAST(SUBSTRING(t, 1, 9) AS BIGINT),
                       viewers    := CAST(SUBSTRING(t, 10, 9) AS BIGINT))) AS items
  FROM product_views
  GROUP BY day
  EMIT CHANGES;
