/* State of operators: maps that are saved by what changed, maps cut into buckets of time that expire
 * whole, and tables of rows. */
#pragma once
#include "operators/op.h"

/* Writes and reads the operator's entries of the store. Keys: prefix ‖ tag ‖ what the owner adds. */
typedef struct weir__saver {
    const weir_op *op;
    weir_store_batch *batch;
    weir_buf key;   /* prefix and tag at the front */
    size_t prefix;
    weir_buf value; /* scratch of the owner */
} weir__saver;
void weir__saver_init(weir__saver *s, const weir_op *op, weir_store_batch *batch);
void weir__saver_deinit(weir__saver *s);
/* The key is tag ‖ bucket (when `bucketed`) ‖ key. */
void weir__saver_put(weir__saver *s, char tag, const int64_t *bucket, weir_sv key, weir_sv value);
void weir__saver_gone(weir__saver *s, char tag, const int64_t *bucket, weir_sv key);
void weir__saver_drop_bucket(weir__saver *s, char tag, int64_t bucket);

/* tag ‖ bucket (when not NULL) ‖ key: what stands behind the operator's prefix. */
void weir__state_key(weir_buf *out, char tag, const int64_t *bucket, weir_sv key);

/* A loaded key: its tag is taken off, then its bucket. False: too short. */
bool weir__load_tag(weir_sv *key, char *tag);
bool weir__load_bucket(weir_sv *key, int64_t *bucket);
weir_rc weir__load_bad(const weir_op *op, weir_status *st);

/* ---- cold entries ---- */

/* Beyond the memory budget entries of a map are in the store only. Before a batch is worked on, those
 * that it needs are put back, all of them by one read. */
typedef struct weir__cold_key {
    weir_hmap *map;
    weir_sv key; /* borrowed until the read */
} weir__cold_key;

typedef struct weir__cold {
    weir_op *op;
    char tag;
    /* Inserts the entry as it was saved, clean. `map` does not have the key. */
    bool (*load)(void *ctx, weir_hmap *map, weir_sv key, weir_reader *value);
    void *ctx;
    weir__cold_key *wanted;
    size_t n, cap;
    weir_buf keys; /* of the store, all of them */
    uint32_t *ends;
    size_t ends_cap;
} weir__cold;

void weir__cold_deinit(weir__cold *c);
/* Wants those of `keys` that may be cold. */
void weir__cold_want(weir__cold *c, weir_hmap *map, const int64_t *bucket, const weir_sv *keys,
                     uint32_t n);
/* Puts back what is wanted. False: the task has failed. */
bool weir__cold_read(weir__cold *c);
/* All cold entries of the map. */
bool weir__cold_read_all(weir__cold *c, weir_hmap *map, const int64_t *bucket);
/* Evicts n entries, the used ones last. */
uint64_t weir__evict(weir_hmap *map, uint64_t n, void (*drop)(void *ctx, void *payload), void *ctx);
/* The part of n entries that are `bytes` of `all`. */
uint64_t weir__part(uint64_t n, uint64_t bytes, uint64_t all);

/* ---- maps by time ---- */

typedef struct weir__bucket {
    int64_t start;
    weir_hmap *map;
    bool stored;     /* something of it is in the store */
} weir__bucket;

typedef struct weir__buckets {
    uint32_t payload_bytes;
    bool durable;
    void (*drop)(void *ctx, void *payload); /* NULL: payloads own nothing */
    void *ctx;
    weir__bucket *at; /* by start */
    size_t n, cap;
    size_t last;      /* of the last look-up */
    weir_hmap *spare; /* of a dropped bucket: the next one needs as much memory */
    int64_t *dropped; /* buckets to remove from the store */
    size_t n_dropped, dropped_cap;
} weir__buckets;

void weir__buckets_deinit(weir__buckets *s);
/* Index of the first bucket with a start >= `start`. */
size_t weir__buckets_from(const weir__buckets *s, int64_t start);
weir_hmap *weir__buckets_find(weir__buckets *s, int64_t start); /* or NULL */
weir_hmap *weir__buckets_need(weir__buckets *s, int64_t start);
void weir__buckets_drop_first(weir__buckets *s, size_t n);
/* put() writes the value of one payload into saver->value. */
void weir__buckets_save(weir__buckets *s, weir__saver *saver, char tag,
                        void (*put)(void *ctx, void *payload, weir_buf *value), void *ctx);
/* Evicts n entries from the oldest bucket on. */
void weir__buckets_evict(weir__buckets *s, uint64_t n);
uint64_t weir__buckets_entries(const weir__buckets *s); /* cold ones, too */
uint64_t weir__buckets_resident(const weir__buckets *s); /* in memory */
uint64_t weir__buckets_bytes(const weir__buckets *s);

/* ---- tables ---- */

/* A row by its key: all columns of a schema, and the time of the change that made it. */
typedef struct weir__row {
    int64_t time;
    char *bytes;
    uint32_t n;
} weir__row;

typedef struct weir__table {
    weir_row_codec codec;
    weir_hmap *map; /* payload: weir__row */
    weir_slab *slab;
    weir__cold cold;
} weir__table;

void weir__table_init(weir__table *t, weir_task *task, const weir_schema *schema);
void weir__table_deinit(weir__table *t);
void weir__table_put(weir__table *t, weir_sv key, weir_sv row, int64_t time);
void weir__table_set(weir__table *t, weir__row *r, weir_sv row, int64_t time); /* of an entry */
bool weir__table_remove(weir__table *t, weir_sv key);
void weir__table_save(weir__table *t, weir__saver *saver, char tag);
weir_rc weir__table_load(weir__table *t, const weir_op *op, weir_sv key, weir_sv value,
                         weir_status *st);
void weir__table_loaded(weir__table *t); /* of a kind with `loaded` */
/* Rows of these keys, or all of them, are in memory from here on; `tag` as they are saved. False: the
 * task has failed. */
bool weir__table_need(weir__table *t, weir_op *op, char tag, const weir_sv *keys, uint32_t n);
bool weir__table_need_all(weir__table *t, weir_op *op, char tag);
void weir__table_evict(weir__table *t, uint64_t bytes);
uint64_t weir__table_entries(const weir__table *t); /* cold ones, too */
uint64_t weir__table_bytes(const weir__table *t);
static inline weir_sv weir__row_bytes(const weir__row *r)
{
    return r ? (weir_sv){r->bytes, r->n} : (weir_sv){NULL, 0};
}
