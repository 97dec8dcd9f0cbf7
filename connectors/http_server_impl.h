/* The HTTP server as its own files see it: http_server.c (listener, routes, deadlines), http_conn.c
 * (from bytes to requests), http_reply.c (answers), http_req.c (what a handler asks a request). */
#pragma once
#include "connectors/http1.h"
#include "connectors/http_server.h"
#include "engine/base/compress.h"
#include "engine/io/stream.h"

#define WEIR__HTTP_PENDING_MAX 65536 /* bytes taken in while a request is being answered */
#define WEIR__HTTP_QUEUE_HIGH 262144 /* answers queued beyond which no further request is looked at */
#define WEIR__HTTP_KEEP_BYTES 32768  /* of an idle connection's buffers */
#define WEIR__HTTP_PADDING 64        /* readable after a body */

typedef enum weir__http_phase {
    WEIR__HTTP_IDLE,      /* between requests */
    WEIR__HTTP_HEAD,      /* the head is coming; a new connection, too */
    WEIR__HTTP_BODY,      /* the body is coming */
    WEIR__HTTP_HANDLING,  /* a handler has it */
    WEIR__HTTP_STREAMING, /* a handler answers in pieces */
    WEIR__HTTP_ENDING,    /* the last answer is on its way out */
} weir__http_phase;

typedef struct weir__http_conn {
    weir_http_server *server;
    weir_stream *stream; /* NULL: gone; the memory lives while `busy` */
    struct weir__http_conn *next, **link;
    struct weir__http_conn *next_ready, **ready_link; /* link NULL: not in the list */
    weir_http_req *req;
    weir__http_phase phase;
    bool busy;       /* requests are being taken from it, up the stack */
    bool peer_ended; /* it sends no more */
    bool blocked;    /* until its answers have gone out */
    bool paused;
    weir_buf pending;
    int64_t since_ns;    /* start of the phase */
    uint64_t body_bytes; /* received of the body */
    bool sending;        /* since send_ns, from send_mark bytes on */
    int64_t send_ns;
    uint64_t send_mark;
} weir__http_conn;

struct weir_http_req {
    weir__http_conn *conn; /* NULL: gone */
    weir_http1 http;
    weir_sv path;       /* decoded */
    weir_buf path_text; /* where it is when it had to be decoded */
    weir_buf params;    /* decoded parameters, each at its place in the query */
    weir_buf body;
    size_t body_max;
    weir_inflater *inflater; /* NULL: the body is plain */
    weir_sv origin;          /* of a page that may read the answer; empty: none */
    bool is_head;
    void (*drained)(void *ctx, weir_http_req *r);
    void (*gone)(void *ctx, weir_http_req *r);
    void *ctx;
    char remote[64];
    char *subject; /* NULL: none */
    bool is_tls;
};

struct weir_http_server {
    weir_loop *loop;
    weir_listener *listener;
    weir_http_server_spec spec; /* with the defaults filled in */
    weir_http_route *routes;
    size_t n_routes, cap_routes;
    weir__http_conn *conns;
    weir__http_conn *ready; /* have pending bytes and may go on */
    weir_timer *tick, *soon;
    bool draining;
    weir_http_counts counts;
    weir_buf head; /* of the answer being written */
    weir_buf text; /* of an error */
    int64_t date_s;
    char date[40];
};

/* http_server.c */
const weir_http_route *weir__http_find(const weir_http_server *s, weir_sv method, weir_sv path,
                                       bool *path_known);
void weir__http_methods(const weir_http_server *s, weir_sv path, weir_buf *out);
void weir__http_soon(weir__http_conn *c); /* goes on with its pending bytes in the next turn */

/* http_conn.c */
void weir__http_accept(void *ctx, weir_stream *stream);
void weir__http_go_on(weir__http_conn *c);
void weir__http_check(weir__http_conn *c, int64_t now_ns); /* the deadlines */
void weir__http_drop(weir__http_conn *c);                  /* closes at once */
void weir__http_finish(weir__http_conn *c);                /* closes when all is out */
/* The answer to the request is complete. */
void weir__http_answered(weir_http_req *r, bool keep);
void weir__http_req_free(weir_http_req *r);

/* http_reply.c: the server's own answer to what is no request for a handler; closes unless `keep`. */
void weir__http_refuse(weir__http_conn *c, int32_t status, const char *message,
                       const weir_http_pair *extra, size_t n_extra, bool keep);
void weir__http_preflight(weir__http_conn *c);
