/* Shared inside operators/: keys as bytes, rows of other rows, state saved and loaded.
 *
 * A weir__keys turns the key columns of a batch (and window bounds, where the key is windowed) into
 * byte strings that are equal exactly when the keys are, and back. One text column is its bytes, one
 * column of fixed width its bytes in the vector, everything else a row (row.h). */
#pragma once
#include "engine/data/row.h"
#include "engine/run/hmap.h"
#include "engine/run/operator.h"

typedef struct weir__keys {
    uint8_t form;         /* KEYS_* in op_keys.c */
    uint32_t width;       /* of a fixed column */
    uint32_t n, n_keys;   /* columns; the first n_keys are the schema's key columns */
    const uint32_t *cols; /* where they stand in the batch */
    weir_row_codec codec;
    weir_vec *vecs;       /* scratch [n] */
    weir_buf buf;
    uint32_t starts[WEIR_BATCH_ROWS + 1];
} weir__keys;

/* A missing key among decoded ones. */
#define WEIR__NO_KEY ((weir_sv){NULL, WEIR_NULL_BYTES})

/* Keys of `schema`; `windowed`: with its window bounds. Memory from `a`. */
void weir__keys_init(weir__keys *k, weir_arena *a, const weir_schema *schema, bool windowed);
void weir__keys_deinit(weir__keys *k);
/* out[i] = key of rows[i], i < n; valid until the next call and while the batch is. False: over the
 * ceiling of one buffer, the task has failed. */
bool weir__keys_of(weir__keys *k, weir_task *t, const weir_batch *b, const uint16_t *rows,
                   uint32_t n, weir_sv *out);
/* Writes the key columns of svs[i] into row i of cols[0..n_keys). Texts point into svs. */
void weir__keys_columns(const weir__keys *k, const weir_sv *svs, uint32_t n, weir_vec *cols,
                        weir_arena *a);
/* A record without a key: joins and aggregations do not see it. One NULL column is a null key;
 * `any`: one NULL among several, too. */
bool weir__null_key(const weir_batch *b, uint32_t row, bool any);

/* Selected rows as a list: b->sel, or 0, 1, 2 … */
const uint16_t *weir__rows(const weir_batch *b);
/* Selected rows that have a value, and (keyed) a key. `out` has room for a batch. */
uint32_t weir__rows_with_value(const weir_batch *b, bool keyed, uint16_t *out);

/* Window columns of a schema: the first of each role, or -1. */
int32_t weir__column_of_role(const weir_schema *s, weir_role role);

/* The format in which the keys of a node's rows are written to topics: it decides the order of keys
 * where Kafka Streams iterates over a store. */
weir_format_spec weir__key_format(const weir_node *n);

/* Keys as topic bytes: key format, then window bounds. */
typedef struct weir__wire_keys {
    const weir_format *format; /* NULL: no key columns */
    void *encoder;
    const weir_node *node;     /* whose window */
    uint32_t ends[WEIR_BATCH_ROWS];
    uint64_t null[WEIR_BITS_WORDS];
    weir_buf buf;
} weir__wire_keys;
weir_rc weir__wire_keys_init(weir__wire_keys *w, weir_task *t, const weir_format_spec *format,
                             const weir_node *node, weir_sv topic, weir_status *st);
void weir__wire_keys_deinit(weir__wire_keys *w);
/* out[i] for rows[i]: key bytes without window; n == WEIR_NULL_BYTES for a null key. */
void weir__wire_keys_of(weir__wire_keys *w, const weir_vec *cols, const uint16_t *rows, uint32_t n,
                        weir_sv *out);

/* An array of `n` rows' times or flags in the step arena. */
int64_t *weir__times(const weir_batch *b);
