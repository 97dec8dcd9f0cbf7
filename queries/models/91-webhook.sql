-- Starts a training: once a day for new data, once a day for each feature that has drifted.
CREATE SINK CONNECTOR training_hook WITH (
  'connector' = 'http',
  'enabled' = '${hook}',
  'topics' = 'RETRAINING_DUE, DRIFT_ALERTS',
  'http.url' = '${hook_url}',
  'body' = '{"event":"model.retrain","reason":"${REASON:json}","feature":"${FEATURE:json}","events":${EVENTS},"psi":${PSI}}',
  'alert.cooldown' = '1d',
  'signing.secret' = '${hook_secret}',
  'http.allow.addresses' = '${hook_addresses}',
  'http.allow.insecure' = '${hook_insecure}',
  'errors.deadletterqueue.topic.name' = 'training-dlq');
