/* The aggregates of one operator and their states side by side:
 *
 *   [state 0, 16-byte aligned][state 1 …]   bytes: the end of the last one
 *
 * Whoever keeps states puts its own fields behind `bytes`. */
#pragma once
#include "operators/op.h"

typedef struct weir__agg {
    weir_call *call;         /* this task's own copy: calls have a step arena */
    const weir_agg *agg;
    uint32_t at;             /* of its state */
    uint32_t width;          /* of a result in a vector */
    const uint32_t *columns; /* per argument: input column; literals: unused */
    weir_vec *literals;      /* per argument: constant vectors where it is a literal */
    weir_vec *args;          /* scratch [nargs] */
    weir_value *boxed;       /* scratch [nargs] */
} weir__agg;

typedef struct weir__aggs {
    weir_task *task;
    uint32_t n;
    weir__agg *at;
    uint32_t bytes;
    bool owns; /* some state owns heap memory */
} weir__aggs;

void weir__aggs_open(weir__aggs *s, weir_op *op);
void weir__aggs_init(weir__aggs *s, void *states);
void weir__aggs_free(void *aggs, void *states); /* shaped as a drop callback */
/* Adds row sel[i] of `cols` to states[i], i < n. `emit` (one vector per aggregate) also gets the
 * result after each row, at sel[i]. False: the task has failed. */
bool weir__aggs_add(weir__aggs *s, weir_arena *a, void *const *states, const weir_vec *cols,
                    const uint16_t *sel, uint32_t n, weir_vec *emit);
bool weir__aggs_undo(weir__aggs *s, weir_arena *a, void *states, const weir_vec *cols,
                     uint32_t row);
/* False: the task has failed. */
bool weir__aggs_merge(weir__aggs *s, weir_arena *a, void *into, const void *from);
/* Results of one entry into row `row` of emit[]. */
void weir__aggs_results(weir__aggs *s, weir_arena *a, const void *states, weir_vec *emit,
                        uint32_t row);
void weir__aggs_save(weir__aggs *s, const void *states, weir_buf *out);
bool weir__aggs_load(weir__aggs *s, weir_arena *a, void *states, weir_reader *in);
