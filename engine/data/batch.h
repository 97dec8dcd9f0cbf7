/* A batch: up to WEIR_BATCH_ROWS consecutive records of one topic partition (or what became of
 * them), as columns. A batch is borrowed for the length of the call that receives it.
 *
 * Streams: `old` is NULL. Tables: each row is one change of one key; `old`, where the plan asks
 * for it, is a batch of the same rows and selection with the values before the change. A row whose
 * flag has WEIR_ROW_NULL_VALUE has no value: a null-valued stream record, a tombstone, or, in
 * `old`, "there was no row". Key columns of `old` are those of the batch itself.
 * (Kafka Streams' Change<old, new>: filters, projections and undo see both sides of one change.)
 *
 * `seq` is the ordinal of the input record that caused the row. It orders what several inputs of a
 * task, or several writers of a topic, produce from the same input; NULL where nothing needs it.
 *
 * `headers` are the headers of the input records (encoded as in run/chunk.h), only on batches that
 * come from a topic or an exchange; a record written later finds those of its cause by `seq`. */
#pragma once
#include "engine/data/schema.h"
#include "engine/data/vec.h"

enum {
    WEIR_ROW_NULL_VALUE = 1, /* the record's value is null */
    WEIR_ROW_NULL_KEY = 2,   /* the record's key is null (several key columns: the whole key) */
};

typedef struct weir_batch weir_batch;
struct weir_batch {
    const weir_schema *schema;
    uint16_t rows;        /* physical rows */
    uint16_t nsel;        /* selected rows; == rows when sel is NULL */
    const uint16_t *sel;  /* ascending, unique; NULL = all rows */
    int64_t *rowtime;     /* ms, per row */
    int64_t *seq;         /* per row, or NULL */
    weir_sv *headers;     /* per row, or NULL = no record has any; then seq is there, too */
    uint8_t *flags;       /* WEIR_ROW_*, or NULL = all 0 */
    weir_vec *cols;       /* schema->n vectors */
    weir_batch *old;      /* see above */
    weir_arena *arena;    /* the step arena: lives until the source batch has been pushed through */
};

/* Row number of the i-th selected row. */
static inline uint16_t weir_batch_row(const weir_batch *b, uint32_t i)
{
    return b->sel ? b->sel[i] : (uint16_t)i;
}
static inline uint8_t weir_batch_flags(const weir_batch *b, uint32_t row)
{
    return b->flags ? b->flags[row] : 0;
}
/* for (each selected row): WEIR_EACH_ROW(b, i, row) { … } */
#define WEIR_EACH_ROW(b, i, row)                                                                   \
    for (uint32_t i = 0, row = 0; i < (b)->nsel && ((row = weir_batch_row((b), i)), true); i++)

/* An empty batch with flat columns of full capacity in `a`. */
weir_batch *weir_batch_new(weir_arena *a, const weir_schema *schema);
uint8_t *weir_batch_need_flags(weir_batch *b); /* makes zeroed flags if there are none */
/* A view of the same columns with another selection. */
weir_batch weir_batch_select(const weir_batch *b, const uint16_t *sel, uint16_t nsel);
/* Checks invariants (selection in range and ascending, flat columns, UTF-8 not checked); aborts. */
void weir_batch_verify(const weir_batch *b);
