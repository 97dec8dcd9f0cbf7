/* Inside of the aggregate operator.
 *
 *   entry  [states of the aggregates][time 8: newest row time; top bit: a flag]
 *
 * The flag: when coalescing, the entry waits in the dirty list; else, it has been passed on before.
 *
 * Unwindowed entries live in one map; windowed ones in a bucket of maps per window start. Work on a
 * batch is a list of items: a row, the window it falls in, and the entry of its key there. */
#pragma once
#include "operators/op_aggs.h"
#include "operators/op_state.h"

/* A changed entry whose update has not been passed on. */
typedef struct agg_dirty {
    void *entry;
    weir_hmap *map;
    int64_t start;  /* of its window */
    int64_t seq;    /* of the row that changed it first */
    uint32_t old_at, old_n; /* results before, in old_rows; old_n 0: there was none */
} agg_dirty;

typedef struct op_aggregate {
    weir_op op;
    weir__aggs aggs;
    weir__keys keys;
    uint32_t time_at;        /* in the entry */
    bool windowed, coalesce;
    bool seq;                /* rows carry ordinals */
    weir_hmap *map;          /* unwindowed */
    weir__buckets buckets;   /* windowed, by start */
    weir__cold cold;
    uint64_t n_sized, sized; /* entries that own memory: bytes of so many, as saved */
    const bool *used;        /* columns of the input that are read: keys, arguments */
    int64_t stream_time;     /* -1: none seen */
    agg_dirty *dirty;
    size_t n_dirty, dirty_cap;
    weir_row_codec results;  /* for old_rows */
    weir_buf old_rows;
    int32_t start_col, end_col; /* of the output; -1: not there */
    /* EMIT FINAL */
    int64_t last_close;      /* close time of the last emission; -1: none */
    int64_t max_start;       /* newest window start written */
    weir__wire_keys wire;
} op_aggregate;

typedef struct agg_items {
    const weir_batch *b;
    uint16_t rows[WEIR_BATCH_ROWS];
    int64_t starts[WEIR_BATCH_ROWS];
    void *entries[WEIR_BATCH_ROWS];
    weir_hmap *maps[WEIR_BATCH_ROWS];
    uint32_t n;
} agg_items;

#define AGG_FLAG ((uint64_t)1 << 63)

static inline uint64_t *agg_time(const op_aggregate *g, void *entry)
{
    return (uint64_t *)(void *)((char *)entry + g->time_at);
}

/* op_aggregate.c: finds or makes the entries of items [from, to), all in `map`. */
bool weir__agg_entries(op_aggregate *g, agg_items *it, weir_hmap *map, uint32_t from, uint32_t to,
                       const weir_sv *keys);
/* op_aggregate_emit.c: adds the rows of the items; emits an update per item, or notes it. */
void weir__agg_apply(op_aggregate *g, agg_items *it, bool emit);
/* Notes the entry as changed, before it is. */
void weir__agg_note(op_aggregate *g, void *entry, weir_hmap *map, int64_t start, int64_t seq,
                    bool fresh, weir_arena *a);
weir_batch *weir__agg_output(op_aggregate *g, weir_arena *a, bool old);
void weir__agg_window(op_aggregate *g, weir_batch *out, uint32_t row, int64_t start);
void weir__agg_flush(weir_op *op, weir_arena *a);
/* Emits entries of one map with their keys: the dirty list and EMIT FINAL end here. */
typedef struct agg_rows {
    op_aggregate *g;
    weir_arena *a;
    weir_batch *out;
    weir_sv *keys;
    uint32_t n;
    bool old, seq;
} agg_rows;
void weir__agg_rows_open(agg_rows *r, op_aggregate *g, weir_arena *a, bool old, bool seq);
void weir__agg_rows_add(agg_rows *r, void *entry, weir_hmap *map, int64_t start, int64_t seq);
void weir__agg_rows_emit(agg_rows *r);
/* op_aggregate_window.c */
void weir__agg_push_windowed(op_aggregate *g, const weir_batch *b);
void weir__agg_expire(op_aggregate *g);
