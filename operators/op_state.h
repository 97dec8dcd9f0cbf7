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

/* A loaded key: its tag is taken off, then its bucket. False: too short. */
bool weir__load_tag(weir_sv *key, char *tag);
bool weir__load_bucket(weir_sv *key, int64_t *bucket);
weir_rc weir__load_bad(const weir_op *op, weir_status *st);

/* ---- maps by time ---- */

typedef struct weir__bucket {
    int64_t start;
    weir_hmap *map;
    weir_slab *slab; /* what the payloads own, to be freed as a whole; NULL unless `slabs` */
    bool stored;     /* something of it is in the store */
    uint8_t users;   /* the owner's own marks */
} weir__bucket;

typedef struct weir__buckets {
    uint32_t payload_bytes;
    bool durable;
    bool slabs; /* each bucket has one */
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
uint64_t weir__buckets_entries(const weir__buckets *s);
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
} weir__table;

void weir__table_init(weir__table *t, weir_task *task, const weir_schema *schema);
void weir__table_deinit(weir__table *t);
void weir__table_put(weir__table *t, weir_sv key, weir_sv row, int64_t time);
void weir__table_set(weir__table *t, weir__row *r, weir_sv row, int64_t time); /* of an entry */
bool weir__table_remove(weir__table *t, weir_sv key);
void weir__table_save(weir__table *t, weir__saver *saver, char tag);
weir_rc weir__table_load(weir__table *t, const weir_op *op, weir_sv key, weir_sv value,
                         weir_status *st);
uint64_t weir__table_bytes(const weir__table *t);
static inline weir_sv weir__row_bytes(const weir__row *r)
{
    return r ? (weir_sv){r->bytes, r->n} : (weir_sv){NULL, 0};
}
