-- products: the latest document of each, by its id; deleted with the product.
CREATE SINK CONNECTOR products_to_search WITH (
  'connector' = 'elasticsearch',
  'enabled' = '${elasticsearch}',
  'topics' = 'PRODUCT_DOCUMENTS',
  'connection.url' = '${elasticsearch_url}',
  'index' = 'products',
  'write.method' = 'upsert',
  'include.key' = 'true',
  'behavior.on.null.values' = 'delete',
  'errors.deadletterqueue.topic.name' = 'products-to-search-dlq');

-- clicks-2026.01.26: every click once, by day.
CREATE SINK CONNECTOR clicks_to_search WITH (
  'connector' = 'elasticsearch',
  'enabled' = '${elasticsearch}',
  'topics' = 'clickstream',
  'connection.url' = '${elasticsearch_url}',
  'index' = 'clicks-${ROWTIME:%Y.%m.%d}',
  'include.key' = 'true',
  'timestamp.field' = '@timestamp',
  'index.template.create' = 'true',
  'errors.deadletterqueue.topic.name' = 'clicks-to-search-dlq');
