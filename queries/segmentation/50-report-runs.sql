-- A report is complete: the day as one row, told_minutes after the reports themselves by the times of the clicks.
CREATE TABLE report_runs AS
  SELECT 'daily segmentation'                                        AS report,
         FORMAT_TIMESTAMP(FROM_UNIXTIME(WINDOWSTART), 'yyyy-MM-dd')  AS day,
         COUNT(*)                                                    AS events,
         COUNT_DISTINCT(user_id)                                     AS users,
         SUM(CASE WHEN event_type = 'purchase' THEN 1 ELSE 0 END)    AS purchases
  FROM clickstream
  WINDOW TUMBLING (SIZE 1 DAY, RETENTION 7 DAYS, GRACE PERIOD ${told_minutes} MINUTES)
  GROUP BY 'daily segmentation'
  EMIT FINAL;
