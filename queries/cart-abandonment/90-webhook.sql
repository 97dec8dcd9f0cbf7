-- A reminder for each cart, to whoever writes the mails. At most one a day for the same visit.
CREATE SINK CONNECTOR cart_reminders WITH (
  'connector' = 'http',
  'enabled' = '${hook}',
  'topics' = 'ABANDONED_CARTS',
  'http.url' = '${hook_url}',
  'body' = '{"event":"cart.abandoned","session":"${SESSION_ID:json}","user":"${USER_ID:json}","amount":${AMOUNT},"products":${PRODUCTS}}',
  'alert.cooldown' = '1d',
  'signing.secret' = '${hook_secret}',
  'http.allow.addresses' = '${hook_addresses}',
  'http.allow.insecure' = '${hook_insecure}',
  'errors.deadletterqueue.topic.name' = 'cart-reminders-dlq');
