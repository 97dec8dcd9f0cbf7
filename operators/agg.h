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

/* ---- bags: distinct values and how often each was seen ---- */

/* Values in the order of their first appearance, until one is taken out (the last one then fills
 * its place). A zeroed bag is empty. Big bags have an index, so that adding is constant time. */
typedef struct weir__bag {
    weir_value *items; /* kept */
    int64_t *counts;   /* > 0 */
    uint32_t *slots;   /* open addressing: item + 1, or 0; NULL while the bag is small */
    uint32_t n, n_slots;
    size_t cap, counts_cap;
} weir__bag;

void weir__bag_free(const weir_type *t, weir__bag *b);
int64_t weir__bag_find(const weir_type *t, const weir__bag *b, const weir_value *v); /* or -1 */
/* False: over WEIR_ARRAY_ITEMS_MAX values, the call has failed. */
bool weir__bag_add(weir_call *c, const weir_type *t, weir__bag *b, const weir_value *v,
                   int64_t count);
/* Takes out one, if it is there. */
void weir__bag_take(const weir_type *t, weir__bag *b, const weir_value *v);
bool weir__bag_merge(weir_call *c, const weir_type *t, weir__bag *into, const weir__bag *from);
void weir__bag_save(const weir_type *t, const weir__bag *b, weir_buf *out);
bool weir__bag_load(weir_call *c, const weir_type *t, weir__bag *b, weir_reader *in);

/* ---- lists as results ---- */

/* A list that grows by a row is emitted after each row: the copies share what they have in common,
 * so that a batch costs what the list grew by, not rows × items. Valid during one turn, that is one
 * call of update(). */
typedef struct weir__copy {
    weir_value *items; /* in the step arena */
    uint64_t turn;
    uint32_t n, cap;
} weir__copy;

/* The first n of `items`, which may only have grown since the last call of the same turn. */
weir_value weir__copy_list(weir_call *c, weir__copy *copy, uint64_t turn, const weir_type *item,
                           const weir_value *items, uint32_t n);
/* The same, alone. */
weir_value weir__list_result(weir_call *c, const weir_type *item, const weir_value *items,
                             uint32_t n);
/* Count of a saved list. False: more than `max`, or than the bytes that are left can hold. */
bool weir__read_count(weir_reader *in, uint64_t max, uint32_t *n);
