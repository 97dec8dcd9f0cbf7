/* Requests over HTTP/1.1 and HTTPS that wait for their answer; the connection is kept. For what is
 * rare (schemas), never for the way of records. Redirects are not followed, proxies that the
 * environment names not used. Not thread-safe. Home of curl.h. */
#pragma once
#include "engine/base/buf.h"
#include "engine/base/status.h"

typedef struct weir_http weir_http;
weir_http *weir_http_new(void);
void weir_http_free(weir_http *h); /* NULL is fine */

typedef struct weir_http_answer {
    int32_t status; /* 200 … */
    weir_sv body;   /* until the next request */
} weir_http_answer;

/* `body` with n 0: none. Fails when there is no answer; every status is an answer. */
weir_rc weir_http_ask(weir_http *h, const char *method, const char *url, weir_sv body,
                      const char *content_type, weir_http_answer *out, weir_status *st);
