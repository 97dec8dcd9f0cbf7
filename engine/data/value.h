/* One boxed value: literals, nested data, row-wise function arguments, state. Small enough to pass
 * by value; bytes and children are borrowed or arena-owned, never freed singly.
 *
 * A NULL is `null == true` with any kind. Arrays hold items; maps hold keys and values in insertion
 * order; structs hold one value per field of the type. */
#pragma once
#include "engine/data/decimal.h"
#include "engine/data/type.h"

typedef struct weir_value weir_value;
struct weir_value {
    uint8_t kind;   /* weir_kind */
    bool null;
    uint32_t n;     /* ARRAY, STRUCT: items · MAP: entries */
    union {
        bool b;
        int32_t i32;    /* INTEGER, DATE, TIME */
        int64_t i64;    /* BIGINT, TIMESTAMP */
        double f64;
        weir_dec dec;   /* precision and scale are the type's */
        weir_sv sv;     /* STRING, BYTES */
        struct {
            const weir_value *items; /* ARRAY, STRUCT: n · MAP: n values */
            const weir_value *keys;  /* MAP: n keys */
        };
    };
};

static inline weir_value weir_null(weir_kind kind)
{
    weir_value v = {.kind = (uint8_t)kind, .null = true};
    return v;
}
static inline weir_value weir_bool(bool b)
{
    weir_value v = {.kind = WEIR_T_BOOLEAN};
    v.b = b;
    return v;
}
static inline weir_value weir_int(int32_t i)
{
    weir_value v = {.kind = WEIR_T_INTEGER};
    v.i32 = i;
    return v;
}
static inline weir_value weir_bigint(int64_t i)
{
    weir_value v = {.kind = WEIR_T_BIGINT};
    v.i64 = i;
    return v;
}
static inline weir_value weir_double(double d)
{
    weir_value v = {.kind = WEIR_T_DOUBLE};
    v.f64 = d;
    return v;
}
static inline weir_value weir_string(weir_sv s)
{
    weir_value v = {.kind = WEIR_T_STRING};
    v.sv = s;
    return v;
}
static inline weir_value weir_array(const weir_value *items, uint32_t n)
{
    weir_value v = {.kind = WEIR_T_ARRAY, .n = n};
    v.items = items;
    return v;
}

/* Deep equality and order. NULL equals NULL and sorts first. Doubles as Java's Double.compareTo,
 * strings in UTF-16 order, maps as sets of entries. `t` describes both. */
bool weir_value_eq(const weir_type *t, const weir_value *a, const weir_value *b);
int weir_value_cmp(const weir_type *t, const weir_value *a, const weir_value *b);
uint64_t weir_value_hash(const weir_type *t, const weir_value *v);
weir_value weir_value_copy(weir_arena *a, const weir_type *t, const weir_value *v); /* deep */
/* Entry of a map by key, or NULL. */
const weir_value *weir_value_map_get(const weir_type *t, const weir_value *map, const weir_value *key);

/* Binary form for state and exchange; decode(encode(v)) == v. Decode borrows strings from `in`. */
void weir_value_encode(weir_buf *out, const weir_type *t, const weir_value *v);
weir_rc weir_value_decode(weir_arena *a, const weir_type *t, weir_reader *in, weir_value *out);

/* Java's toString, as CAST(x AS STRING) prints: 1.0E10, [a, b], {k=v}, Struct{F=1}, null. */
void weir_value_print(weir_buf *out, const weir_type *t, const weir_value *v);
/* SQL literal text for EXPLAIN and error messages. */
void weir_value_print_sql(weir_buf *out, const weir_type *t, const weir_value *v);
/* JSON text as the JSON format writes it (DECIMAL as number, DATE as days, …). */
void weir_value_print_json(weir_buf *out, const weir_type *t, const weir_value *v);
