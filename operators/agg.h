/* Shared by the aggregates: values that outlive their batch, and bags of them.
 *
 * The contract of an aggregate is weir_agg (func.h). States live in the operator's map and own heap
 * memory; arguments and results live in the step arena. So a value that enters a state is kept (a
 * deep copy in one block of its own), and one that leaves it is copied. */
#pragma once
#include "engine/base/alloc.h"
#include "engine/data/func.h"

/* For each of the n rows, with `row` set. */
#define WEIR__EACH(i, row, sel, n)                                                                 \
    for (uint32_t i = 0, row = 0; i < (n) && ((row = (sel) ? (sel)[i] : i), true); i++)

/* Stops the query: sets the call's error, returns false. */
bool weir__agg_fail(weir_call *c, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* A `ret` for results of the type of the first argument. */
const weir_type *weir__agg_same_type(weir_arena *a, const weir_type *const *args, uint32_t n,
                                     weir_status *st);

/* ---- kept values ---- */

/* A deep copy that owns its memory. Values of fixed width own nothing. */
weir_value weir__keep(const weir_type *t, const weir_value *v);
/* Puts `v` in the place of a kept value; short texts reuse its memory. */
void weir__keep_over(const weir_type *t, weir_value *kept, const weir_value *v);
void weir__keep_drop(const weir_type *t, weir_value *kept);
/* Writes one row of a result vector. `v` is not copied. */
static inline void weir__emit(weir_call *c, weir_vec *emit, uint32_t row, const weir_value *v)
{
    weir_vec_put(emit, c->arena, row, v);
}

/* A column of fixed width: written without boxing. */
#define WEIR__EMIT(ctype, emit, row, value)                                                        \
    do {                                                                                           \
        ((ctype *)(emit)->data)[row] = (value);                                                    \
        if ((emit)->valid) {                                                                       \
            weir_bit_set((emit)->valid, row);                                                      \
        }                                                                                          \
    } while (0)
#define WEIR__EMIT_NULL(c, emit, row) weir_bit_clear(weir_vec_need_valid((emit), (c)->arena), row)
