/* A stream as stream.c, stream_open.c and listener.c see it. */
#pragma once
#include "engine/io/loop_uv.h"
#include "engine/io/stream.h"
#include "engine/io/tls_session.h"

#include <netdb.h>
#include <sys/socket.h>

typedef enum weir__stream_state {
    WEIR__STREAM_NEW,     /* start is a chore */
    WEIR__STREAM_NAMING,  /* the host's addresses are looked up */
    WEIR__STREAM_CALLING, /* connect */
    WEIR__STREAM_SHAKING, /* TLS handshake */
    WEIR__STREAM_OPEN,
    WEIR__STREAM_LEAVING, /* all is sent and the peer knows; waits for it to see */
    WEIR__STREAM_DEAD,    /* is freed as a chore: callers up the stack may still look at it */
} weir__stream_state;

struct weir_stream {
    weir__lodger lodger;
    weir__chore chore; /* start, flush, go on with decrypted bytes, free */
    weir_loop *loop;
    weir__stream_state state;
    bool finishing; /* closes when all is sent */
    bool paused;
    bool peer_ended;
    bool flushed; /* `drained` is owed when the queue is empty */
    bool is_unix;
    int fd; /* -1: none */
    weir_watch *watch;
    uint32_t watched; /* events asked for */
    const weir_stream_events *events;
    void *ctx;
    weir_buf out;  /* written, from out_at on; waits for its turn, or for TLS to be agreed on */
    weir_buf wire; /* being sent, from wire_at on */
    size_t out_at, wire_at;
    size_t out_max;
    uint64_t sent;
    weir__tls_session *tls;
    weir_timer *timer; /* opening, then leaving */
    char host[64];     /* of the peer */
    char peer[80];
    /* Only of clients. */
    char *target; /* host or path, for messages */
    uint16_t port;
    uint32_t open_ms;
    struct weir__lookup *lookup;
    struct addrinfo *addresses, *next_address;
    /* Only of a listener's. */
    weir_listener *listener;
    weir_stream *same_bucket, **bucket_link; /* by address */
};

weir_stream *weir__stream_new(weir_loop *l, size_t out_max);
/* `closed` is called unless the stream is dead. */
void weir__stream_fail(weir_stream *s, const weir_status *why);
/* The socket is connected: TLS, or open. */
void weir__stream_connected(weir_stream *s);
void weir__stream_watch(weir_stream *s, uint32_t events);
/* stream_open.c */
void weir__stream_start(weir_stream *s);
void weir__stream_call_done(weir_stream *s); /* the socket has an answer to connect */
void weir__stream_stop_opening(weir_stream *s);
/* listener.c */
void weir__stream_set_options(int fd, int family);
/* The stream of a listener is open, or has died. */
void weir__listener_opened(weir_stream *s);
void weir__listener_left(weir_stream *s);
/* Fills in `host` and `peer`. */
void weir__stream_name_peer(weir_stream *s, const struct sockaddr *address);
