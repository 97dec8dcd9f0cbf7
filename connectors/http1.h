/* A strict, incremental parser of HTTP/1.1 requests (RFC 9112): bytes in, events out. What two readers
 * could take for different requests is refused, never repaired.
 *
 * Owns the head of the request it is at (one buffer, kept for the next); bodies are passed on as
 * pieces of the input. Refuses, with the status to answer before closing: both Content-Length and
 * Transfer-Encoding, several of either, another coding than exactly `chunked`, lines that do not end
 * in CR LF, folded lines, white space before a colon, control characters, no Host or several, and
 * whatever is over a limit. Any thread. */
#pragma once
#include "engine/base/buf.h"

#define WEIR_HTTP1_LINE_MAX 8192     /* request line: 414 */
#define WEIR_HTTP1_HEADERS_MAX 32768 /* all header lines with their line ends: 431 */
#define WEIR_HTTP1_FIELDS_MAX 100    /* header lines: 431 */
#define WEIR_HTTP1_CHUNK_LINE_MAX 256 /* a chunk's size and extensions: 400 */
#define WEIR_HTTP1_CHUNK_EXTRA_MAX 16384 /* extensions and trailers of one request: 400 */

typedef enum weir_http1_event {
    WEIR_HTTP1_MORE, /* all input is used */
    WEIR_HTTP1_HEAD, /* request line and headers are complete: look at them */
    WEIR_HTTP1_BODY, /* a piece of the body */
    WEIR_HTTP1_DONE, /* the request is complete: weir_http1_reset, then the next */
    WEIR_HTTP1_BAD,  /* answer with `status` and close: nothing after this can be understood */
} weir_http1_event;

/* A header line: offsets into the head. */
typedef struct weir_http1_field {
    uint16_t name_at, name_n, value_at, value_n;
} weir_http1_field;

typedef struct weir_http1 {
    uint64_t body_max; /* bytes of the body, decoded from chunks; may be changed at HEAD */
    /* From HEAD until reset, as weir_http1_text. */
    weir_http1_field fields[WEIR_HTTP1_FIELDS_MAX];
    uint16_t n_fields;
    uint16_t method_at, method_n;
    uint16_t target_at, target_n; /* as sent */
    uint16_t path_at, path_n;     /* as sent: not decoded; "/" for an absolute target without one */
    uint16_t query_at, query_n;   /* after the `?` */
    uint16_t host_at, host_n;     /* of an absolute target, or of the Host header */
    bool has_query;
    bool http10;
    bool keep_alive; /* the client allows another request after this one */
    bool expects;    /* waits for "100 Continue" before it sends the body */
    bool chunked;
    int64_t length; /* Content-Length; -1: none (no body, unless chunked) */
    /* After BAD. */
    int32_t status;
    const char *problem; /* a literal */
    /* The parser's own. */
    weir_buf head;
    uint8_t state; /* of connectors/http1.c */
    bool has_host, has_close, has_keep, skipped_line;
    uint16_t line_at;    /* of the line that is read */
    uint16_t headers_at; /* of the first header line */
    uint32_t line_n;     /* bytes of a chunk's line */
    uint32_t extra;      /* bytes of extensions and trailers */
    uint64_t left;       /* of the body or chunk */
    uint64_t total;      /* of the body so far, with the chunk that is read */
} weir_http1;

void weir_http1_init(weir_http1 *h, uint64_t body_max);
void weir_http1_deinit(weir_http1 *h);
/* For the next request on the same connection. */
void weir_http1_reset(weir_http1 *h);
/* Takes from `*in` what the next event needs. `piece` is set for BODY and lives in the input. A body
 * larger than body_max is BAD with 413 before its first byte is passed on when its length is known.
 * After HEAD of a request without body comes DONE. */
weir_http1_event weir_http1_next(weir_http1 *h, weir_sv *in, weir_sv *piece);
/* Whether a byte of this request has arrived. */
bool weir_http1_begun(const weir_http1 *h);

static inline weir_sv weir_http1_text(const weir_http1 *h, uint16_t at, uint16_t n)
{
    return (weir_sv){h->head.p + at, n};
}
static inline weir_sv weir_http1_method(const weir_http1 *h)
{
    return weir_http1_text(h, h->method_at, h->method_n);
}
/* The first header of that name (any case); false: none. Values have no white space around them. */
bool weir_http1_header(const weir_http1 *h, weir_sv name, weir_sv *value);
/* Whether `token` is in the comma-separated list of one of the headers of that name (any case). */
bool weir_http1_has_token(const weir_http1 *h, weir_sv name, weir_sv token);
