-- Many look, few buy: a candidate for a flash sale. The row goes when enough have bought.
CREATE TABLE flash_sale_candidates AS
  SELECT product_id,
         SUM(CASE WHEN event_type = 'view'     THEN 1 ELSE 0 END) AS view_count,
         SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END) AS purchase_count
  FROM clickstream
  WINDOW HOPPING (SIZE ${window_minutes} MINUTES, ADVANCE BY ${advance_minutes} MINUTES,
                  GRACE PERIOD ${grace_minutes} MINUTES)
  WHERE product_id IS NOT NULL
  GROUP BY product_id
  HAVING SUM(CASE WHEN event_type = 'view' THEN 1 ELSE 0 END) > ${flash_views}
     AND SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END) < ${flash_purchases}
  EMIT CHANGES;

-- The table's changes as a stream, one alert for each, keyed by the product.
CREATE STREAM flash_sale_changes (product_id STRING KEY, view_count BIGINT, purchase_count BIGINT)
  WITH (KAFKA_TOPIC = 'FLASH_SALE_CANDIDATES', VALUE_FORMAT = 'JSON', WINDOW_TYPE = 'HOPPING',
        WINDOW_SIZE = '${window_minutes} MINUTES');

CREATE STREAM flash_sale_alerts WITH (KAFKA_TOPIC = 'flash_sale_alerts') AS
  SELECT product_id,
         AS_VALUE(product_id) AS product,
         view_count,
         purchase_count,
         ROUND(purchase_count * 1E2 / view_count, 2) AS conversion_rate,
         FORMAT_TIMESTAMP(FROM_UNIXTIME(WINDOWSTART), 'yyyy-MM-dd HH:mm') AS window_start
  FROM flash_sale_changes
  WHERE view_count IS NOT NULL
  EMIT CHANGES;
