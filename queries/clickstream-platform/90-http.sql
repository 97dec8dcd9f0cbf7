-- One listener, three front ends. Each is answered when its events cannot be lost any more; what is wrong is
-- answered 400 with the field and the reason, and nothing of it is taken.

-- POST /track: one event, or many under /track/batch. Answered 204.
CREATE SOURCE CONNECTOR track WITH (
  'connector' = 'http-server',
  'enabled' = '${ingest}',
  'listen' = '${listen}',
  'path' = '/track',
  'batch.path' = '/track/batch',
  'topic' = 'events',
  'key' = 'userId',
  'validate' = 'userId IS NOT NULL AND eventType IN (''view'', ''click'', ''add_to_cart'', ''remove_from_cart'', ''checkout'', ''purchase'', ''search'', ''filter'')',
  'header.fields' = 'userAgent=user-agent',
  'remote.address.field' = 'ipAddress',
  'trusted.proxies' = '${proxies}',
  'cors.allowed.origins' = '${origins}',
  'response.status' = '204');

-- POST /api/events and /api/events/batch: answers in the envelope that the storefront expects, 201.
CREATE SOURCE CONNECTOR api_events WITH (
  'connector' = 'http-server',
  'enabled' = '${ingest}',
  'listen' = '${listen}',
  'path' = '/api/events',
  'batch.path' = '/api/events/batch',
  'health.path' = '/api/events/health',
  'topic' = 'events',
  'key' = 'userId',
  'validate' = 'userId IS NOT NULL AND sessionId IS NOT NULL AND eventType IN (''view'', ''add_to_cart'', ''remove_from_cart'', ''purchase'', ''search'', ''filter'') AND (productId IS NOT NULL OR eventType IN (''search'', ''filter''))',
  'header.fields' = 'userAgent=user-agent, referrer=referer',
  'remote.address.field' = 'ipAddress',
  'trusted.proxies' = '${proxies}',
  'cors.allowed.origins' = '${origins}',
  'response.status' = '201',
  'response.body' = '{"success":true,"message":"Event tracked","data":null,"timestamp":"${timestamp}"}',
  'batch.response.body' = '{"success":true,"message":"Events tracked","data":{"count":${count}},"timestamp":"${timestamp}"}');

-- POST /events
CREATE SOURCE CONNECTOR plain_events WITH (
  'connector' = 'http-server',
  'enabled' = '${ingest}',
  'listen' = '${listen}',
  'path' = '/events',
  'topic' = 'events',
  'key' = 'userId',
  'validate' = 'userId IS NOT NULL AND productId IS NOT NULL AND eventType IN (''view'', ''click'', ''add_to_cart'', ''purchase'')',
  'remote.address.field' = 'ipAddress',
  'trusted.proxies' = '${proxies}',
  'cors.allowed.origins' = '${origins}',
  'response.status' = '201');
