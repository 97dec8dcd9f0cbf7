-- One alert per card, window and hour, however often it is tried.
CREATE SINK CONNECTOR fraud_hook WITH (
  'connector' = 'http',
  'enabled' = '${hook}',
  'topics' = 'FRAUD_ALERTS, HIGH_PAYMENT_ALERTS',
  'http.url' = '${hook_url}',
  'body' = '{"event":"fraud","card":"${CARD:json}","rule":"${RULE:json}","score":${SCORE},"attempts":${ATTEMPTS},"most":${MOST}}',
  'alert.cooldown' = '1h',
  'signing.secret' = '${hook_secret}',
  'http.allow.addresses' = '${hook_addresses}',
  'http.allow.insecure' = '${hook_insecure}',
  'errors.deadletterqueue.topic.name' = 'fraud-dlq');
