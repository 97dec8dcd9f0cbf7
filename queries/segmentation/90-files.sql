-- reports/user_segments_20260126.csv and its sisters
CREATE SINK CONNECTOR user_segment_files WITH (
  'connector' = 'file',
  'enabled' = '${files}',
  'topics' = 'DAILY_USER_SEGMENTS',
  'base.dir' = '${files_dir}',
  'path' = 'reports/user_segments_${WINDOWSTART:%Y%m%d}.csv');

CREATE SINK CONNECTOR product_files WITH (
  'connector' = 'file',
  'enabled' = '${files}',
  'topics' = 'DAILY_PRODUCTS',
  'base.dir' = '${files_dir}',
  'path' = 'reports/products_${WINDOWSTART:%Y%m%d}.csv');

CREATE SINK CONNECTOR conversion_files WITH (
  'connector' = 'file',
  'enabled' = '${files}',
  'topics' = 'DAILY_CONVERSION',
  'base.dir' = '${files_dir}',
  'path' = 'reports/conversion_rates_${WINDOWSTART:%Y%m%d}.csv');
