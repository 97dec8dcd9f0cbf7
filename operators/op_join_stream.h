/* Inside of the stream–stream join: the rows that wait for the other side, and the rows that wait to
 * be given up. */
#pragma once
#include "operators/op_join.h"

/* What is known of a key: the newest row of each side. A row looks for the other side's where its own
 * place is noted. */
typedef struct stream_entry {
    int64_t time[2];    /* of the newest row */
    uint32_t newest[2]; /* its place; 0: none */
    uint32_t rows;      /* of both sides */
} stream_entry;

/* A row that waits for the other side. Rows of one key and side are linked by time (of two at one time,
 * the one that came first is the older). A walk towards older rows knows from `gap` when to stop, so
 * that it touches no row in vain: they are scattered, and each is a cache miss. */
typedef struct stream_kept {
    stream_entry *entry;
    int64_t time;
    uint32_t older; /* place of the next older one; 0, or of a row that is gone: none */
    uint32_t gap;   /* ms to it; at most UINT32_MAX */
    uint32_t n;
    char bytes[];
} stream_kept;

typedef struct stream_block {
    char *p;         /* NULL: the one before reaches to here */
    int64_t newest;  /* time of its rows */
    uint32_t n;      /* bytes in use */
    uint32_t stored; /* of them, in the store */
    uint32_t part;   /* where the last part begins, which may be written again */
    bool open;       /* it may */
    uint64_t parts;  /* of the store below this number end in this block, or before; 0: not known */
} stream_block;

/* Rows of one side in the order in which they came, in blocks that go whole when all their rows are
 * too old. In the store they are parts, numbered on. */
typedef struct stream_log {
    stream_block *at;      /* [first, n) */
    size_t first, n, cap;
    uint64_t base;         /* number of at[0] */
    int64_t newest;        /* largest row time put; -1: none */
    uint64_t next_part;
    uint64_t gone_from, gone_to; /* parts to remove from the store */
} stream_log;

typedef struct stream_store {
    weir_hmap *map;    /* key → stream_entry */
    uint64_t removals; /* of keys: what was found before may be gone */
    stream_log log[2];
} stream_store;

/* The entry of a row's key, looked up before its turn. */
typedef struct stream_hint {
    stream_entry *entry; /* NULL: not yet */
    uint64_t removals;   /* as they were then */
} stream_hint;

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

void weir__rows_open(stream_store *s);
void weir__rows_close(stream_store *s);
/* The key's entry, made where there is none. */
stream_entry *weir__rows_entry(stream_store *s, weir_sv key, const stream_hint *hint);
/* An entry that is not used is given back when it has no rows. */
void weir__rows_release(stream_store *s, stream_entry *e);
/* False: the rows of this side take too much memory. */
bool weir__rows_put(stream_store *s, int side, stream_entry *e, int64_t time, weir_sv row);
/* Appends the side's rows of the key with from <= time <= to, by time, to *out. They stay until
 * weir__rows_expire. */
void weir__rows_fetch(const stream_store *s, int side, const stream_entry *e, int64_t from,
                      int64_t to, const stream_kept ***out, size_t *n, size_t *cap);
/* Finds the entries of these keys and gets into the cache what fetches of the side's rows from these
 * times on will touch. n ≤ WEIR__WARM_ROWS. */
#define WEIR__WARM_ROWS 32
void weir__rows_warm(stream_store *s, int side, const weir_sv *keys, uint32_t n, const int64_t *from,
                     stream_hint **hints);
/* Drops blocks whose rows are all older than newest - retention of their side. */
void weir__rows_expire(stream_store *s, int64_t retention);
uint64_t weir__rows_bytes(const stream_store *s);
void weir__rows_save(stream_store *s, int side, weir__saver *saver, char tag);
weir_rc weir__rows_load(stream_store *s, int side, const weir_row_codec *codec, const weir_op *op,
                        weir_sv key, weir_sv value, weir_status *st);

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
