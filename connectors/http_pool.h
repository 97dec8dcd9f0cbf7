/* Requests over HTTP that do not wait, on a loop. A pool belongs to one connector: its settings,
 * its kept connections, its requests in flight. Everything happens on the loop's thread; names are
 * resolved on threads of the library. Redirects are never followed.
 *
 * Requests of one pool run side by side and may end in any order: who needs an order sends one
 * after the other. Over https with http2 they share a connection. */
#pragma once
#include "connectors/aws_sign.h"
#include "connectors/http_guard.h"
#include "engine/io/loop.h"

typedef struct weir_http_pool weir_http_pool;
typedef struct weir_http_call weir_http_call;

/* All zero is a good setting. Texts are copied; NULL or "" is the default. */
typedef struct weir_http_pool_settings {
    uint32_t connect_ms;    /* name, connection, TLS; 0: 5 s */
    uint32_t total_ms;      /* the whole request; 0: 30 s */
    uint32_t slow_bytes;    /* less than so many bytes a second … 0: no such limit */
    uint32_t slow_s;        /* … for so long: it has failed (WEIR_HTTP_TIMEOUT) */
    uint32_t answer_max;    /* bytes of a body, after decompression; 0: 64 kB */
    uint32_t in_flight_max; /* 0: 64 */
    bool http2;             /* offered in TLS; plain http stays HTTP/1.1 */
    bool accept_gzip;       /* compressed answers are asked for, and decompressed */
    bool tls_unverified;    /* certificates are not checked: for an operator's tests only */
    const char *tls_ca;     /* PEM files */
    const char *tls_cert;
    const char *tls_key;
    const char *tls_key_password;
    const char *tls_server_name; /* asked for and checked instead of the URL's host */
    const char *proxy;           /* http://host:port. The environment's are never used */
    /* Borrowed for the pool's life; NULL: every address and port. With a proxy, which is what is
     * connected to then, only URLs are judged. */
    const weir_http_guard *guard;
    const weir_aws_login *aws; /* requests are signed. Borrowed as the guard is; NULL: they are not */
} weir_http_pool_settings;

/* ORDER weir_http_failure: names in http_pool_answer.c */
typedef enum weir_http_failure {
    WEIR_HTTP_ANSWERED = 0, /* wholly; the status tells the rest */
    WEIR_HTTP_UNRESOLVED,   /* the host's name has no address */
    WEIR_HTTP_UNREACHABLE,  /* refused, no route */
    WEIR_HTTP_TIMED_OUT,    /* connecting, in total or too slow */
    WEIR_HTTP_TLS,          /* certificate or handshake */
    WEIR_HTTP_RESET,        /* the connection broke before the answer was whole */
    WEIR_HTTP_TOO_LARGE,    /* body over answer_max: what fits is there */
    WEIR_HTTP_BLOCKED,      /* by the guard */
    WEIR_HTTP_MALFORMED,    /* what came is not HTTP */
} weir_http_failure;
const char *weir_http_failure_name(weir_http_failure e);

typedef struct weir_http_field {
    weir_sv name, value;
} weir_http_field;
/* WEIR_EUSAGE, WEIR_ELIMIT: it must not be sent: no name, a control character, too long, or the library's
 * own. */
weir_rc weir_http_field_check(const weir_http_field *h, weir_status *st);

/* Borrowed for the call to the done function. */
typedef struct weir_http_result {
    weir_http_failure failure;
    int32_t status;         /* 0: no answer. With a failure: the head of an answer had come */
    weir_sv body;           /* with a failure: what had come */
    int64_t retry_after_ms; /* Retry-After, seconds or a date; -1: absent or wrong */
    const char *why;        /* of a failure: for people. No secrets: neither URL nor headers */
    bool reused;            /* an earlier connection */
    int32_t http_version;   /* 10, 11, 20; 0: no answer */
    int64_t connected_us;   /* from the sending until connected, TLS included; 0 when reused */
    int64_t first_byte_us;  /* … until the answer began; 0: it did not */
    int64_t total_us;       /* … until the end */
    const weir_http_call *call;
} weir_http_result;
/* The header's value, the last one if there are several; p NULL: it is absent. Any case. In the
 * done function only, and only until the next call of this. */
weir_sv weir_http_result_field(const weir_http_result *r, const char *name);

/* Everything is copied but the body, which stays where it is until done or cancelled. */
typedef struct weir_http_outgoing {
    const char *method; /* "POST" … */
    weir_sv url;
    const weir_http_field *headers; /* Content-Length and such are the library's */
    uint32_t n_headers;
    weir_sv body; /* n 0: none */
    bool gzip;    /* the body is compressed, Content-Encoding added (not for small ones) */
    /* Once, never from within weir_http_pool_send. It may send, cancel and free the pool. */
    void (*done)(void *ctx, const weir_http_result *r);
    void *ctx;
} weir_http_outgoing;

/* WEIR_EUSAGE when a TLS file cannot be read. */
weir_rc weir_http_pool_new(weir_loop *l, const weir_http_pool_settings *s, weir_http_pool **out,
                           weir_status *st);
/* Before its loop is. Cancels what is in flight. NULL is fine. */
void weir_http_pool_free(weir_http_pool *p);
uint32_t weir_http_pool_in_flight(const weir_http_pool *p);
/* Done is called exactly once unless this fails: WEIR_EBUSY (retriable) with in_flight_max requests
 * in flight, WEIR_EUSAGE for a URL, a method or a header that must not be sent (line breaks,
 * guard). `out` may be NULL. */
weir_rc weir_http_pool_send(weir_http_pool *p, const weir_http_outgoing *r, weir_http_call **out,
                            weir_status *st);
/* Done is not called. The other side may have had the request. */
void weir_http_call_cancel(weir_http_call *c);

/* Retry-After: seconds or a date. -1: neither. */
int64_t weir_http_retry_after(weir_sv value, int64_t now_ms);
