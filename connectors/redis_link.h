/* A connection to Redis on a loop: commands go out as bytes, replies come back in order. Says hello by
 * itself (AUTH, SELECT, CLIENT SETNAME). Loop thread. Home of hiredis (its reader of replies), together
 * with redis_uri.c. */
#pragma once
#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/io/stream.h"

typedef struct weir_redis_link weir_redis_link;

/* Where to, and as whom. Texts are borrowed for the link's life; NULL: not needed. */
typedef struct weir_redis_target {
    const char *host, *unix_path;
    uint16_t port;
    int32_t db;
    const char *user, *password;
    const char *client_name;
    const weir_tls *tls;     /* NULL: plain */
    const char *server_name;
    uint32_t connect_ms, reply_ms; /* for opening; without any reply while some are owed */
} weir_redis_target;

/* "redis://user:password@host:port/db", "rediss://…" (*tls), "unix:///path?db=1" or "host:port". Texts
 * are in `a`. */
weir_rc weir_redis_uri(weir_arena *a, weir_sv uri, weir_redis_target *out, bool *tls, weir_status *st);

typedef enum weir_redis_kind {
    WEIR_REDIS_NIL,
    WEIR_REDIS_STATUS,
    WEIR_REDIS_ERROR,
    WEIR_REDIS_INTEGER,
    WEIR_REDIS_STRING,
    WEIR_REDIS_ARRAY,
} weir_redis_kind;

/* A reply, for the length of the call. */
typedef struct weir_redis_reply {
    weir_redis_kind kind;
    weir_sv text;      /* STATUS, ERROR, STRING */
    int64_t integer;   /* INTEGER; ARRAY: items */
    const void *items; /* ARRAY: for weir_redis_item */
} weir_redis_reply;
weir_redis_reply weir_redis_item(const weir_redis_reply *array, uint32_t i);

typedef struct weir_redis_events {
    /* A reply to the oldest command that waits for one. May close the link. */
    void (*reply)(void *ctx, const weir_redis_reply *r);
    /* The last call: the link is gone, what is owed will not come. `fatal`: it will be refused the next
     * time, too (wrong password). */
    void (*closed)(void *ctx, const char *why, bool fatal);
} weir_redis_events;

weir_redis_link *weir_redis_open(weir_loop *l, const weir_redis_target *t,
                                 const weir_redis_events *events, void *ctx);
/* Sends commands that `replies` replies belong to; the buffer is empty afterwards. May be called before it
 * is open. No ceiling: who sends waits for the replies before he sends more. False: the link is failing,
 * `closed` follows. */
bool weir_redis_send(weir_redis_link *r, weir_buf *commands, uint32_t replies);
void weir_redis_close(weir_redis_link *r); /* no further call; NULL is fine */

/* ---- commands as bytes ---- */

void weir_redis_args(weir_buf *out, uint32_t n);        /* a command of n words follows */
void weir_redis_arg(weir_buf *out, weir_sv word);
void weir_redis_arg_int(weir_buf *out, int64_t number);

/* What an error means for who sent the command. */
typedef enum weir_redis_fault {
    WEIR_REDIS_AGAIN,  /* loading, busy, read-only, out of memory, … */
    WEIR_REDIS_WRONG,  /* this command will never be taken */
    WEIR_REDIS_DENIED, /* nothing will be: not allowed, wrong password */
    WEIR_REDIS_MOVED,  /* MOVED, ASK: another node has the slot */
    WEIR_REDIS_NOSCRIPT, /* Redis has forgotten the script */
} weir_redis_fault;
weir_redis_fault weir_redis_fault_of(weir_sv error);
