/* Inside of the stream–stream join: the rows that wait for the other side, and the rows that wait to
 * be given up. */
#pragma once
#include "operators/op_join.h"

/* A row that waits for the other side, and the next older one of its key and side in its bucket of
 * time (of two at one time, the one that came first). Rows lie in the order in which they came. A walk
 * towards older rows knows from `gap` when to stop, so that it touches no row in vain: they are
 * scattered, and each is a cache miss. */
typedef struct stream_kept {
    struct stream_kept *older; /* NULL: none */
    uint32_t gap;              /* ms to the older one; at most UINT32_MAX */
    uint32_t n;
    int64_t time;
    char bytes[];
} stream_kept;

/* Rows of one key and side in one bucket. */
typedef struct stream_rows {
    stream_kept *newest;
    uint32_t gap;   /* ms from it to the bucket's end; at most UINT32_MAX */
    uint32_t bytes; /* they take in the store */
} stream_rows;

/* Rows of both sides under one key: a row looks for the other side's where it will lie itself. */
typedef struct stream_entry {
    stream_rows side[2];
} stream_entry;

/* Entries of one key that have been looked up before; they stay where they are. */
typedef struct stream_hint {
    int64_t start[2]; /* of their buckets */
    stream_entry *entry[2];
    uint32_t n;
} stream_hint;

/* Buckets of `width` ms hold a map from key to stream_entry, and the rows. */
typedef struct stream_store {
    weir__buckets buckets;
    int64_t width;
    int64_t newest[2]; /* largest row time put per side; -1: none */
    const stream_kept **scratch; /* of weir__rows_save */
    size_t scratch_cap;
} stream_store;

/* Rows of outer joins that have no match yet: [time 8][side 1][topic key][key] → rows of that key.
 * The map's keys are in the order in which such rows are given up. A dead entry has no rows. */
typedef struct outer_rows {
    char *p; /* [key length 4][key][row length 4][row] … */
    uint32_t n, cap;
    uint32_t count;
} outer_rows;

typedef struct outer_buffer {
    weir_hmap *map;
    weir_slab *slab;
    void **order; /* entries [head, n); sorted by key unless `unsorted` */
    size_t head, n, cap;
    bool unsorted;
    uint64_t alive;
    weir_buf key; /* scratch */
} outer_buffer;

void weir__rows_open(stream_store *s, weir_task *t, int64_t width);
void weir__rows_close(stream_store *s);
/* False: the key's rows in this bucket take too many bytes. */
bool weir__rows_put(stream_store *s, int side, weir_sv key, const stream_hint *hint, int64_t time,
                    weir_sv row);
/* Appends the side's rows of `key` with from <= time <= to, by time, to *out. They stay until
 * weir__rows_expire. */
void weir__rows_fetch(stream_store *s, int side, weir_sv key, const stream_hint *hint, int64_t from,
                      int64_t to, const stream_kept ***out, size_t *n, size_t *cap);
/* Gets into the cache what fetches of the side's rows of these keys between these times will touch,
 * and remembers in hints[i] what it has found. n ≤ WEIR__WARM_ROWS. */
#define WEIR__WARM_ROWS 32
void weir__rows_warm(stream_store *s, int side, const weir_sv *keys, uint32_t n, int64_t from,
                     int64_t to, stream_hint **hints);
/* Drops buckets whose rows are all older than newest - retention of their side. */
void weir__rows_expire(stream_store *s, int64_t retention);
void weir__rows_save(stream_store *s, weir__saver *saver, char tag);
weir_rc weir__rows_load(stream_store *s, const weir_op *op, weir_sv key, weir_sv value,
                        weir_status *st);

void weir__outer_open(outer_buffer *o, weir_task *t);
void weir__outer_close(outer_buffer *o);
bool weir__outer_put(outer_buffer *o, int64_t time, int side, weir_sv wire, weir_sv key, weir_sv row);
/* Forgets the rows of this key and time: they have met. */
void weir__outer_met(outer_buffer *o, int64_t time, int side, weir_sv wire, weir_sv key);
void weir__outer_sort(outer_buffer *o);
/* What the i-th entry is about. */
int64_t weir__outer_time(const outer_buffer *o, size_t i, int *side);
static inline const outer_rows *weir__outer_at(const outer_buffer *o, size_t i)
{
    return o->order[i];
}
/* Walks rows of an entry: *at starts at 0; false at the end. */
bool weir__outer_next(const outer_rows *r, uint32_t *at, weir_sv *key, weir_sv *row);
/* Kills entry i. */
void weir__outer_kill(outer_buffer *o, size_t i);
/* Removes dead entries before the n-th. Places change. */
void weir__outer_sweep(outer_buffer *o, size_t n);
void weir__outer_save(outer_buffer *o, weir__saver *saver, char tag);
weir_rc weir__outer_load(outer_buffer *o, const weir_op *op, weir_sv key, weir_sv value,
                         weir_status *st);
