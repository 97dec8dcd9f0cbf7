-- Tells whoever waits for the report that it is there.
CREATE SINK CONNECTOR report_hook WITH (
  'connector' = 'http',
  'enabled' = '${hook}',
  'topics' = 'REPORT_RUNS',
  'http.url' = '${hook_url}',
  'body' = '{"event":"report.complete","report":"${REPORT:json}","day":"${DAY:json}","events":${EVENTS},"users":${USERS},"purchases":${PURCHASES}}',
  'signing.secret' = '${hook_secret}',
  'http.allow.addresses' = '${hook_addresses}',
  'http.allow.insecure' = '${hook_insecure}',
  'errors.deadletterqueue.topic.name' = 'report-hook-dlq');
