/* Inside of the session operator. */
#pragma once
#include "operators/op_aggs.h"
#include "operators/op_state.h"

#define SESSION_SENT ((uint64_t)1 << 63)

typedef struct session {
    uint64_t start_flag; /* start; top bit: has been passed on */
    int64_t end;
} session;               /* the states follow */

/* Sessions of one key that end in one bucket of time, by end. */
typedef struct session_list {
    char *p;
    uint32_t n, cap;
} session_list;

/* A session that may have ended: EMIT FINAL looks at those with the smallest end. */
typedef struct session_end {
    int64_t end, start;
    char *key;
    uint32_t key_n;
} session_end;

/* A session that changed since the last flush. */
typedef struct session_change {
    int64_t seq;
    uint32_t key_at, key_n; /* in pending_bytes: [start 8][end 8][key] */
    uint32_t old_at, old_n; /* results as they were passed on, in pending_bytes */
    bool sent;              /* had been passed on */
} session_change;

typedef struct op_session {
    weir_op op;
    weir__aggs aggs;
    weir__keys keys;
    uint32_t stride;
    int64_t width;       /* of a bucket */
    int64_t segment;     /* of Kafka Streams' store: sessions are lost by segments */
    weir__buckets buckets;
    weir_slab *slab;
    bool coalesce, seq;
    int64_t stream_time; /* -1: none seen */
    int64_t newest;      /* largest end put; -1: none */
    int64_t last_close;  /* EMIT FINAL: close time of the last emission; -1: none */
    int32_t start_col, end_col;
    session *scratch;
    char *found;         /* copies of sessions, `stride` each */
    size_t n_found, found_cap;
    /* coalescing */
    weir_hmap *pending_map; /* [start 8][end 8][key] → nothing: is in the list */
    session_change *pending;
    size_t n_pending, pending_cap;
    weir_buf pending_bytes;
    weir_row_codec results;
    /* EMIT FINAL: a heap by end */
    session_end *ends;
    size_t n_ends, ends_cap;
    weir__wire_keys wire;
} op_session;

static inline session *weir__session_at(const op_session *s, const session_list *l, uint32_t i)
{
    return (session *)(void *)(l->p + (size_t)i * s->stride);
}
static inline void *weir__session_states(session *e)
{
    return e + 1;
}
static inline int64_t weir__session_start(const session *e)
{
    return (int64_t)(e->start_flag & ~SESSION_SENT);
}

/* Rows on their way out. */
typedef struct session_out {
    weir_arena *arena;
    weir_batch *batch; /* NULL: none yet */
    weir_sv keys[WEIR_BATCH_ROWS];
    uint32_t n;
} session_out;

/* op_session.c */
session *weir__session_find(op_session *s, weir_sv key, int64_t start, int64_t end);
/* op_session_emit.c: every update, or noted for the flush. `e` is not in the lists any more, or not
 * yet as it will be. Keys must live until the emission. */
void weir__session_deleted(op_session *s, session_out *out, weir_sv key, session *e, int64_t seq);
void weir__session_changed(op_session *s, session_out *out, weir_sv key, session *e, int64_t seq);
void weir__session_emit(op_session *s, session_out *out);
void weir__session_pending_open(op_session *s);
void weir__session_pending_close(op_session *s);
void weir__session_flush(op_session *s, weir_arena *a);
void weir__session_note_end(op_session *s, weir_sv key, const session *e);
void weir__session_final(op_session *s, session_out *out, int64_t seq);
