/* A vector: one column of up to WEIR_BATCH_ROWS rows, or one constant.
 *
 *   data[i & mask]     mask 0xffff: a value per row (FLAT); mask 0: one value for all rows (CONST)
 *   valid  bit 1 = not NULL; a NULL pointer = no NULLs at all. CONST: bit 0 decides
 *   err    bit 1 = evaluating this row failed; a NULL pointer = no failures. Only registers of an
 *          expression program have it; a failed row counts as NULL once it leaves the program
 *
 * Kernels index with `i & mask` and so need no case per form. Rows outside the selection hold
 * garbage and must not be looked at. */
#pragma once
#include "engine/base/bits.h"
#include "engine/data/value.h"

typedef struct weir_vec {
    const weir_type *type;
    void *data;
    uint64_t *valid;
    uint64_t *err;
    uint16_t mask;
} weir_vec;

#define WEIR_VEC_FLAT 0xffffu
#define WEIR_VEC_CONST 0u

static inline bool weir_vec_is_valid(const weir_vec *v, uint32_t row)
{
    return !v->valid || weir_bit(v->valid, row & v->mask);
}
static inline bool weir_vec_is_err(const weir_vec *v, uint32_t row)
{
    return v->err && weir_bit(v->err, row & v->mask);
}
/* Typed access: WEIR_AT(int64_t, vec, row). */
#define WEIR_AT(ctype, vec, row) (((const ctype *)(vec)->data)[(row) & (vec)->mask])

/* A flat vector with room for WEIR_BATCH_ROWS rows; valid and err are NULL. */
void weir_vec_init(weir_vec *v, weir_arena *a, const weir_type *type);
/* Gives the vector a validity bitmap of its own, all rows valid, if it has none. */
uint64_t *weir_vec_need_valid(weir_vec *v, weir_arena *a);
uint64_t *weir_vec_need_err(weir_vec *v, weir_arena *a);
/* A constant vector. The value is referenced, not copied. */
void weir_vec_const(weir_vec *v, weir_arena *a, const weir_type *type, const weir_value *value);

/* Boxing: reads and writes one row. put() needs `valid` only for NULLs (made on demand from `a`).
 * Nested values are copied shallowly into `a`. */
weir_value weir_vec_get(const weir_vec *v, uint32_t row);
void weir_vec_put(weir_vec *v, weir_arena *a, uint32_t row, const weir_value *value);
/* to[i] = from[rows[i]] for i < n, appended at row `at`; strings keep pointing where they did. */
void weir_vec_gather(weir_vec *to, weir_arena *a, uint32_t at, const weir_vec *from,
                     const uint16_t *rows, uint32_t n);
