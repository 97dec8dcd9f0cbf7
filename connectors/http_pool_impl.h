/* What the files of the HTTP pool share. http_pool.c moves the library by the loop's events;
 * http_pool_call.c knows what one request asks of it, http_pool_sign.c what makes it AWS's,
 * http_pool_answer.c what is taken of the answer and how its end is told. */
#pragma once
#include <curl/curl.h>

#include "connectors/http_pool.h"
#include "engine/base/buf.h"

/* A socket of the library that is watched. */
typedef struct weir__http_door {
    weir_http_pool *pool;
    struct weir__http_door *next, **link;
    weir_watch *watch;
    int fd;
} weir__http_door;

struct weir_http_pool {
    weir_loop *loop;
    CURLM *multi;
    weir_timer *timer;
    weir_http_pool_settings set; /* defaults filled in; texts are copies, NULL for none */
    weir_http_call *calls;       /* in flight */
    weir_http_call *spare;
    uint32_t n_calls;
    weir__http_door *doors;
    bool telling; /* inside a done function */
    bool freed;   /* from there: the rest follows when it has returned */
};

struct weir_http_call {
    weir_http_pool *pool;
    weir_http_call *next, **link; /* link NULL: not in flight */
    CURL *easy;
    struct curl_slist *headers, *connect_to;
    weir_buf answer;
    weir_buf packed; /* the body of the request, when it is compressed */
    uint64_t head_bytes;
    int64_t length;  /* Content-Length of the answer; -1: it has not said yet */
    const char *odd; /* why its head is not to be believed; NULL: it is */
    bool headed;     /* the head is whole, and not that of a 1xx */
    bool over;       /* the answer is longer than it may be */
    bool opened;     /* a socket, allowed by the guard */
    char why[CURL_ERROR_SIZE];
    char refused[128]; /* by the guard: which address, and why */
    void (*done)(void *ctx, const weir_http_result *r);
    void *ctx;
};

weir_http_call *weir__http_call_new(weir_http_pool *p);
void weir__http_call_free(weir_http_call *c);
/* Judges the request and sets it up. On failure the call is as it was. */
weir_rc weir__http_call_begin(weir_http_call *c, const weir_http_outgoing *r, weir_status *st);
/* Adds the headers that AWS wants to a request that is set up. */
weir_rc weir__http_call_sign(weir_http_call *c, const weir_http_outgoing *r, weir_sv body, weir_status *st);
void weir__http_call_header(weir_http_call *c, const char *line);
/* CURLOPT_WRITEFUNCTION, CURLOPT_HEADERFUNCTION */
size_t weir__http_take_body(char *p, size_t size, size_t n, void *call);
size_t weir__http_take_head(char *p, size_t size, size_t n, void *call);
/* Tells how it ended. */
void weir__http_call_end(weir_http_call *c, CURLcode code);
/* Ready for the next request. */
void weir__http_call_reset(weir_http_call *c);
/* CURLOPT_OPENSOCKETFUNCTION, where there is a guard. */
curl_socket_t weir__http_open_socket(void *call, curlsocktype purpose, struct curl_sockaddr *a);
