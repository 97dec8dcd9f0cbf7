-- One alert when stock runs low, not one per sale; and the all-clear when it is filled up.
CREATE SINK CONNECTOR low_stock_alerts WITH (
  'connector' = 'http',
  'enabled' = '${hook}',
  'topics' = 'LOW_STOCK',
  'http.url' = '${hook_url}',
  'body' = '{"event":"stock.low","product":"${PRODUCT_ID:json}","name":"${NAME:json}","on_hand":${ON_HAND},"missing":${MISSING}}',
  'on.delete.body' = '{"event":"stock.ok","product":"${PRODUCT_ID:json}"}',
  'on.delete.method' = 'POST',
  'alert.cooldown' = '1d',
  'signing.secret' = '${hook_secret}',
  'http.allow.addresses' = '${hook_addresses}',
  'http.allow.insecure' = '${hook_insecure}',
  'errors.deadletterqueue.topic.name' = 'low-stock-dlq');
