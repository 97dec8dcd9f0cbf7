/* Typed access to vectors by width: every kind is stored as 1, 4, 8 or 16 bytes, so that moving
 * values needs four loops, not thirteen. */
#include "engine/data/vec.h"

void weir_vec_init(weir_vec *v, weir_arena *a, const weir_type *type)
{
    *v = (weir_vec){
        .type = type,
        .data = weir_arena_alloc(a, (size_t)WEIR_BATCH_ROWS * weir_type_width(type)),
        .mask = WEIR_VEC_FLAT,
    };
}

uint64_t *weir_vec_need_valid(weir_vec *v, weir_arena *a)
{
    if (!v->valid) {
        v->valid = weir_arena_alloc(a, WEIR_BITS_WORDS * sizeof *v->valid);
        weir_bits_fill(v->valid, true);
    }
    return v->valid;
}

uint64_t *weir_vec_need_err(weir_vec *v, weir_arena *a)
{
    if (!v->err) {
        v->err = weir_arena_alloc(a, WEIR_BITS_WORDS * sizeof *v->err);
        weir_bits_fill(v->err, false);
    }
    return v->err;
}

void weir_vec_const(weir_vec *v, weir_arena *a, const weir_type *type, const weir_value *value)
{
    *v = (weir_vec){.type = type, .mask = WEIR_VEC_CONST};
    if (weir_type_is_nested(type)) {
        const weir_value **boxed = weir_arena_alloc(a, sizeof *boxed);
        *boxed = value;
        v->data = boxed;
    } else {
        /* All members of the union start at one address. A vector's data is only written through
         * weir_vec_put and kernels, which never write to constants. */
        v->data = (void *)(uintptr_t)&value->dec;
    }
    if (value->null) {
        weir_bits_fill(weir_vec_need_valid(v, a), false);
    }
}

weir_value weir_vec_get(const weir_vec *v, uint32_t row)
{
    weir_kind kind = v->type->kind;
    if (!weir_vec_is_valid(v, row) || weir_vec_is_err(v, row)) {
        return weir_null(kind);
    }
    weir_value value = {.kind = (uint8_t)kind};
    switch (kind) {
    case WEIR_T_BOOLEAN:
        value.b = WEIR_AT(uint8_t, v, row) != 0;
        break;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_UNIT:
        value.i32 = WEIR_AT(int32_t, v, row);
        break;
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        value.i64 = WEIR_AT(int64_t, v, row);
        break;
    case WEIR_T_DOUBLE:
        value.f64 = WEIR_AT(double, v, row);
        break;
    case WEIR_T_DECIMAL:
        value.dec = WEIR_AT(weir_dec, v, row);
        break;
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        value.sv = WEIR_AT(weir_sv, v, row);
        break;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
        value = *WEIR_AT(const weir_value *, v, row);
        break;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_KINDS:
        WEIR_UNREACHABLE();
    }
    return value;
}

static void put_valid(weir_vec *v, weir_arena *a, uint32_t row, const weir_value *value)
{
    switch (v->type->kind) {
    case WEIR_T_BOOLEAN:
        ((uint8_t *)v->data)[row] = value->b;
        break;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_UNIT:
        ((int32_t *)v->data)[row] = value->i32;
        break;
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        ((int64_t *)v->data)[row] = value->i64;
        break;
    case WEIR_T_DOUBLE:
        ((double *)v->data)[row] = value->f64;
        break;
    case WEIR_T_DECIMAL:
        ((weir_dec *)v->data)[row] = value->dec;
        break;
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        ((weir_sv *)v->data)[row] = value->sv;
        break;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT: {
        weir_value *boxed = weir_arena_alloc(a, sizeof *boxed);
        *boxed = *value;
        ((const weir_value **)v->data)[row] = boxed;
        break;
    }
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_KINDS:
        WEIR_UNREACHABLE();
    }
}

void weir_vec_put(weir_vec *v, weir_arena *a, uint32_t row, const weir_value *value)
{
    WEIR_ASSERT(v->mask == WEIR_VEC_FLAT && row < WEIR_BATCH_ROWS);
    if (value->null) {
        weir_bit_clear(weir_vec_need_valid(v, a), row);
        return;
    }
    if (v->valid) {
        weir_bit_set(v->valid, row);
    }
    put_valid(v, a, row, value);
}

/* `mask` stands for the form of the source; `rows` NULL means 0..n-1. */
#define GATHER(name, ctype)                                                                        \
    static void name(void *restrict to, const void *restrict from, uint32_t mask,                  \
                     const uint16_t *restrict rows, uint32_t n)                                    \
    {                                                                                              \
        ctype *restrict t = to;                                                                    \
        const ctype *restrict f = from;                                                            \
        if (mask == WEIR_VEC_CONST) {                                                              \
            for (uint32_t i = 0; i < n; i++) {                                                     \
                t[i] = f[0];                                                                       \
            }                                                                                      \
        } else if (rows) {                                                                         \
            for (uint32_t i = 0; i < n; i++) {                                                     \
                t[i] = f[rows[i]];                                                                 \
            }                                                                                      \
        } else if (n) {                                                                            \
            memcpy(t, f, n * sizeof *t);                                                           \
        }                                                                                          \
    }
/* Moved as plain words, whatever their type is. */
typedef uint32_t __attribute__((may_alias)) word4;
typedef uint64_t __attribute__((may_alias)) word8;
typedef struct __attribute__((may_alias)) word16 {
    uint64_t a, b;
} word16;
GATHER(gather_1, uint8_t)
GATHER(gather_4, word4)
GATHER(gather_8, word8)
GATHER(gather_16, word16)

static void gather_valid(weir_vec *to, weir_arena *a, uint32_t at, const weir_vec *from,
                         const uint16_t *rows, uint32_t n)
{
    if (!from->valid && !from->err) {
        for (uint32_t i = 0; to->valid && i < n; i++) {
            weir_bit_set(to->valid, at + i);
        }
        return;
    }
    uint64_t *valid = weir_vec_need_valid(to, a);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = rows ? rows[i] : i;
        weir_bit_put(valid, at + i, weir_vec_is_valid(from, row) && !weir_vec_is_err(from, row));
    }
}

void weir_vec_gather(weir_vec *to, weir_arena *a, uint32_t at, const weir_vec *from,
                     const uint16_t *rows, uint32_t n)
{
    WEIR_ASSERT(to->mask == WEIR_VEC_FLAT && at + n <= WEIR_BATCH_ROWS);
    WEIR_ASSERT(to->type->kind == from->type->kind);
    uint32_t width = weir_type_width(to->type);
    void *dest = (char *)to->data + (size_t)at * width;
    if (width == 1) {
        gather_1(dest, from->data, from->mask, rows, n);
    } else if (width == 4) {
        gather_4(dest, from->data, from->mask, rows, n);
    } else if (width == 8) {
        gather_8(dest, from->data, from->mask, rows, n);
    } else {
        WEIR_ASSERT(width == sizeof(word16));
        gather_16(dest, from->data, from->mask, rows, n);
    }
    gather_valid(to, a, at, from, rows, n);
}
