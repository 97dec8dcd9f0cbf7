/* Byte streams on a loop: TCP and unix sockets, plain or TLS, to a server or from a listener.
 *
 * Everything here belongs to the loop's thread, the callbacks too. No callback is made from within a
 * call of this header; errors come through `closed`. Callbacks may call anything here, also close
 * their own stream.
 * A stream is its owner's until `closed` was called or weir_stream_close was: then it is gone, and
 * there is no further callback. Streams and listeners that are left when the loop is freed are closed
 * without a call.
 * Timeouts are the caller's (weir_timer_once), except that for opening. Keep-alive is on, Nagle off. */
#pragma once
#include "engine/base/buf.h"
#include "engine/base/status.h"
#include "engine/io/loop.h"
#include "engine/io/tls.h"

typedef struct weir_stream weir_stream;
typedef struct weir_listener weir_listener;

#define WEIR_STREAM_OUT_MAX (16u << 20) /* default ceiling for bytes that wait to be sent */
#define WEIR_STREAM_OPEN_MS 10000       /* default time for name, connection and TLS together */

/* What the owner hears. Only `data` and `closed` are needed. */
typedef struct weir_stream_events {
    /* Connected, TLS agreed on. Streams of a listener are open from the start. */
    void (*opened)(void *ctx, weir_stream *s);
    /* Bytes for the length of the call; all of them are the callee's. At most 64 kB. */
    void (*data)(void *ctx, weir_stream *s, const char *p, size_t n);
    /* The peer sends no more, but may still read. NULL: the stream finishes, as weir_stream_finish. */
    void (*ended)(void *ctx, weir_stream *s);
    /* All that was written has gone to the system: queued is 0. */
    void (*drained)(void *ctx, weir_stream *s);
    /* The last call. `why->rc` is WEIR_OK: ended in order, by the peer or weir_stream_finish;
     * WEIR_ECONNECT: never was open; WEIR_EIO: broken off. `why` is the callee's for the call. */
    void (*closed)(void *ctx, weir_stream *s, const weir_status *why);
} weir_stream_events;

typedef struct weir_stream_spec {
    const char *host; /* name or address; all its addresses are tried */
    uint16_t port;
    const char *unix_path; /* instead of host and port */
    const weir_tls *tls;   /* NULL: plain. Borrowed for the call */
    const char *server_name; /* what the certificate must be for; NULL: host */
    uint32_t open_ms;        /* 0: WEIR_STREAM_OPEN_MS */
    size_t out_max;          /* 0: WEIR_STREAM_OUT_MAX */
} weir_stream_spec;

/* Never fails here. Bytes may be written at once: they wait until it is open. `events` is borrowed for
 * the life of the stream, `spec` for the call. */
weir_stream *weir_stream_connect(weir_loop *l, const weir_stream_spec *spec,
                                 const weir_stream_events *events, void *ctx);
/* Gives the stream (of a listener) an owner, or another one. */
void weir_stream_own(weir_stream *s, const weir_stream_events *events, void *ctx);

/* Copies. What is written in one turn of the loop is sent together at its end. False: that would be
 * more than out_max, and nothing was taken; or the stream has failed or finishes (`closed` follows). */
bool weir_stream_write(weir_stream *s, const void *p, size_t n);
/* The same, moving the memory when that is less work than copying. `b` is empty afterwards, also when
 * it was refused. */
bool weir_stream_take(weir_stream *s, weir_buf *b);
size_t weir_stream_queued(const weir_stream *s); /* not yet with the system */
uint64_t weir_stream_sent(const weir_stream *s); /* with the system, since the start */
/* No `data` and no `ended` until resume: the peer is held back by its full window. */
void weir_stream_pause(weir_stream *s);
void weir_stream_resume(weir_stream *s);
/* Drops what is queued and breaks off. No further callback: `s` is gone. NULL is fine. */
void weir_stream_close(weir_stream *s);
/* Sends what is queued, tells the peer that this was the end, reads and drops what it still sends (for
 * 2 s at most: closing at once would tear down what it has not read yet), then `closed`. Who cannot
 * wait for a peer that does not read closes. */
void weir_stream_finish(weir_stream *s);

/* "127.0.0.1:5123", "[::1]:5123", "unix"; "" before it is known. As long as the stream. */
const char *weir_stream_peer(const weir_stream *s);
/* The same without the port. */
const char *weir_stream_peer_host(const weir_stream *s);
/* The protocol agreed on with ALPN; empty: none. As long as the stream. */
weir_sv weir_stream_alpn(const weir_stream *s);
bool weir_stream_is_tls(const weir_stream *s);
/* Subject of the verified certificate of the peer ("CN=ann,O=shop"); "" without one. As long as the
 * stream. */
const char *weir_stream_peer_subject(const weir_stream *s);

typedef struct weir_listener_spec {
    /* "host:port", "[v6]:port", "unix:path"; port 0: any. An empty host is 127.0.0.1, `*` all. A stale
     * unix socket is replaced, one that answers is not; new ones are the owner's alone (0600). */
    const char *address;
    const weir_tls *tls;      /* NULL: plain. Borrowed for the call */
    uint32_t streams_max;     /* open at once; 0: 1000. What is more is closed at once */
    uint32_t per_address_max; /* of one peer address; 0: no limit. Unix sockets have none */
    uint32_t open_ms;         /* for TLS; 0: WEIR_STREAM_OPEN_MS */
    size_t out_max;           /* of each stream; 0: WEIR_STREAM_OUT_MAX */
} weir_listener_spec;

/* `accepted` is called with each open stream (TLS agreed on): it gives the stream an owner, or closes
 * it. Without descriptors or memory left, accepting rests for 100 ms. */
weir_rc weir_listener_open(weir_loop *l, const weir_listener_spec *spec,
                           void (*accepted)(void *ctx, weir_stream *s), void *ctx,
                           weir_listener **out, weir_status *st);
/* Accepts no more. Open streams go on. NULL is fine. */
void weir_listener_close(weir_listener *l);
uint16_t weir_listener_port(const weir_listener *l); /* 0: a unix socket */
uint32_t weir_listener_streams(const weir_listener *l);
uint64_t weir_listener_refused(const weir_listener *l); /* closed for one of the limits */
/* Other certificates for connections from now on. */
void weir_listener_renew(weir_listener *l, const weir_tls *tls);
/* Whether only this machine can reach such an address (127.0.0.0/8, ::1, localhost, unix). WEIR_EUSAGE:
 * it is none to listen on. */
weir_rc weir_address_check(const char *address, bool *is_local, weir_status *st);
