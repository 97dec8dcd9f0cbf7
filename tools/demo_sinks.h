/* The demo's connectors: alerts go to a webhook; products and users to Redis, where there is one. */
#pragma once
#include "engine/base/buf.h"
#include "engine/io/loop.h"

#define WEIR_DEMO_REDIS "redis://127.0.0.1:6379" /* is looked for */
#define WEIR_DEMO_REDIS_PORT 6379
#define WEIR_DEMO_REDIS_PREFIX "weir:demo:"

/* Appends the statement of the webhook to a receiver on this port. */
void weir_demo_webhook_statement(weir_buf *out, uint16_t port);
/* Whether a Redis answers there, within a moment. Runs the loop. */
bool weir_demo_redis_answers(weir_loop *l);
/* Appends "host:port" or a path: no names, no passwords. */
weir_rc weir_demo_redis_place(const char *uri, weir_buf *out, weir_status *st);
/* Appends the statements of the sinks into Redis; its URI goes into the environment, where they find it. */
void weir_demo_redis_statements(weir_buf *out, const char *uri);
