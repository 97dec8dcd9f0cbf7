/* A small HTTP/1.1 server on a loop: one listener, routes, handlers that answer now or later.
 *
 * Everything belongs to the loop's thread. It owns its connections and enforces, without the handlers:
 * the grammar (http1.h), 10 s for the headers, 1000 B/s for the body and for the answer, 60 s between
 * requests, sizes, numbers of connections, origins. Each request that a handler was called with is
 * answered exactly once by weir_http_reply (or begin … end); the connection may be gone by then, and
 * the answer is dropped. Requests of one connection are handled one at a time, in order. */
#pragma once
#include "engine/base/buf.h"
#include "engine/base/status.h"
#include "engine/io/loop.h"
#include "engine/io/tls.h"

typedef struct weir_http_server weir_http_server;
typedef struct weir_http_req weir_http_req;

#define WEIR_HTTP_REQUEST_BODY_MAX (1u << 20) /* default; 413 */
#define WEIR_HTTP_RATIO_MAX 100               /* of a compressed body to its text; 413 */

typedef struct weir_http_server_spec {
    const char *listen;  /* as weir_listener_spec.address; "host" alone is not one */
    const weir_tls *tls; /* NULL: plain. Borrowed for the call */
    bool authenticates;  /* the handlers let nobody in without credentials */
    bool insecure;       /* may listen beyond this machine without TLS and authentication */
    uint32_t connections_max; /* 0: 1000 */
    uint32_t per_address_max; /* 0: no limit */
    size_t body_max;          /* decoded; 0: WEIR_HTTP_REQUEST_BODY_MAX. Routes may have their own */
    size_t out_max;           /* of one connection; 0: WEIR_STREAM_OUT_MAX */
    uint32_t head_ms;         /* for request line and headers; 0: 10 000 */
    uint32_t idle_ms;         /* between requests; 0: 60 000 */
    uint32_t grace_ms;        /* before a body or an answer has to keep the rate; 0: 10 000 */
    uint32_t rate_min;        /* bytes a second; 0: 1000 */
    /* Web pages that may call ("https://shop.example"; "*": all). A request with another Origin than
     * these or the server's own is answered 403: CORS is off by default. Its own is one that equals
     * Host, when that is in `hosts`, an address or localhost. Borrowed for the server's life, as
     * `hosts`. */
    const char *const *origins;
    size_t n_origins;
    /* Names this server may be called by (Host without port), against pages that make a name of theirs
     * point here: others are answered 421. None given: any. */
    const char *const *hosts;
    size_t n_hosts;
    /* Writes the body of the server's own answers (400, 404, …); NULL: {"status":400,"message":"…"} */
    void (*error_body)(void *ctx, weir_buf *out, int32_t status, const char *message);
    const char *error_content_type; /* NULL: application/json */
    void *ctx;                      /* of error_body */
} weir_http_server_spec;

/* WEIR_EUSAGE when the address reaches beyond this machine and neither `insecure` nor both TLS and
 * authentication are there. */
weir_rc weir_http_server_open(weir_loop *l, const weir_http_server_spec *spec,
                              weir_http_server **out, weir_status *st);
/* Closes listener and connections. Requests that are not answered yet stay valid until they are. NULL
 * is fine. */
void weir_http_server_close(weir_http_server *s);
/* Accepts no more and closes connections as their answers are out. */
void weir_http_server_drain(weir_http_server *s);
/* Then: no request is being handled, all answers are out, and peers have had `leave_ns` to see the end. */
bool weir_http_server_is_quiet(const weir_http_server *s, int64_t leave_ns);
uint16_t weir_http_server_port(const weir_http_server *s);
void weir_http_server_renew(weir_http_server *s, const weir_tls *tls); /* for new connections */

typedef struct weir_http_counts {
    uint32_t connections;                 /* open now */
    uint64_t requests, bad, late, refused; /* handled; not understood; too slow; over a number */
} weir_http_counts;
weir_http_counts weir_http_server_counts(const weir_http_server *s);

typedef struct weir_http_route {
    const char *method; /* "GET" also serves HEAD */
    const char *path;   /* decoded; one that ends in "/" + "*" also matches what is below */
    void (*call)(void *ctx, weir_http_req *req);
    void *ctx;
    size_t body_max; /* decoded; 0: the server's */
} weir_http_route;
/* `route` is copied, its strings are borrowed until it is removed. WEIR_EEXISTS: there is such a route.
 * Unknown paths are answered 404, known paths with other methods 405, OPTIONS is answered itself. */
weir_rc weir_http_route_add(weir_http_server *s, const weir_http_route *route, weir_status *st);
/* Requests that are being handled go on. */
void weir_http_route_remove(weir_http_server *s, const char *method, const char *path);

/* The request: views live until it is answered. */
weir_sv weir_http_method(const weir_http_req *r);
weir_sv weir_http_path(const weir_http_req *r);  /* decoded; begins with `/`; no `.`, `..`, NUL */
weir_sv weir_http_query(const weir_http_req *r); /* as sent, without `?` */
/* The first parameter of that name, decoded; false: none. */
bool weir_http_param(weir_http_req *r, const char *name, weir_sv *value);
/* Goes through all parameters: `*at` starts as 0; false: there are no more. */
bool weir_http_next_param(weir_http_req *r, uint32_t *at, weir_sv *name, weir_sv *value);
/* The first header of that name (any case); false: none. */
bool weir_http_header(const weir_http_req *r, const char *name, weir_sv *value);
uint32_t weir_http_n_headers(const weir_http_req *r);
void weir_http_header_at(const weir_http_req *r, uint32_t ix, weir_sv *name, weir_sv *value);
/* Decoded (gzip, deflate, zstd; another Content-Encoding was answered 415). 64 readable bytes follow,
 * as the JSON reader wants. */
weir_sv weir_http_body(const weir_http_req *r);
const char *weir_http_remote(const weir_http_req *r); /* address without port */
const char *weir_http_subject(const weir_http_req *r); /* of the client's certificate; "": none */
bool weir_http_is_tls(const weir_http_req *r);

typedef struct weir_http_pair {
    const char *name, *value;
} weir_http_pair;

/* Answers and frees the request. `content_type` NULL: no body. All is copied. `extra` headers must not
 * hold control characters (those that do are left out). */
void weir_http_reply(weir_http_req *r, int32_t status, const char *content_type, weir_sv body,
                     const weir_http_pair *extra, size_t n_extra);
/* The server's own form of an error. */
void weir_http_reply_error(weir_http_req *r, int32_t status, const char *message);
/* 429 or 503 with Retry-After. */
void weir_http_reply_busy(weir_http_req *r, int32_t status, uint32_t retry_after_s,
                          const char *message);

/* An answer in pieces, for as long as one likes (chunked; with HTTP/1.0 until close). `drained`: all
 * pieces have gone out; `gone`: the client has left: the request must still be ended. Either may be
 * NULL, neither is called from within a call. */
void weir_http_begin(weir_http_req *r, int32_t status, const char *content_type,
                     const weir_http_pair *extra, size_t n_extra,
                     void (*drained)(void *ctx, weir_http_req *r),
                     void (*gone)(void *ctx, weir_http_req *r), void *ctx);
/* False: more waits than out_max, or the client has left; nothing was taken. */
bool weir_http_send(weir_http_req *r, weir_sv piece);
/* Ends the answer and frees the request. `whole` false: breaks off, so that the client can tell. */
void weir_http_end(weir_http_req *r, bool whole);

/* %XX; `plus`: '+' is a space (query parameters). Returns the decoded length, or -1 for a wrong %. May
 * decode in place; `out` has room for text.n bytes. */
int64_t weir_http_unescape(weir_sv text, bool plus, char *out);
