/* Random types and values for property tests. A header, because tests of the base box link the
 * support folder without the data box. */
#pragma once
#include "engine/base/rng.h"
#include "engine/data/value.h"

static inline weir_sv random_text(weir_rng *r, weir_arena *a)
{
    static const char *const pieces[] = {"a",  "Z", "0", "\"", "\\",   "\n",
                                         "\t", "ü", "€", "𝄞",  "\x01", "plain text "};
    char text[256];
    size_t n = 0;
    for (uint64_t i = weir_rng_below(r, 12); i > 0; i--) {
        const char *piece = pieces[weir_rng_below(r, WEIR_COUNT(pieces))];
        memcpy(text + n, piece, strlen(piece));
        n += strlen(piece);
    }
    return weir_arena_sv(a, weir_sv_of(text, n));
}

static inline const weir_type *random_type(weir_rng *r, weir_arena *a, uint32_t depth)
{
    static const weir_kind scalars[] = {
        WEIR_T_BOOLEAN, WEIR_T_INTEGER, WEIR_T_BIGINT, WEIR_T_DOUBLE,    WEIR_T_STRING,
        WEIR_T_BYTES,   WEIR_T_DATE,    WEIR_T_TIME,   WEIR_T_TIMESTAMP,
    };
    uint64_t pick = weir_rng_below(r, depth ? 16 : 11);
    if (pick < WEIR_COUNT(scalars)) {
        return weir_type_of(scalars[pick]);
    }
    if (pick < 11) {
        int32_t precision =
            pick == 9 ? 1 + (int32_t)weir_rng_below(r, 38) : 39 + (int32_t)weir_rng_below(r, 200);
        return weir_type_decimal(a, precision, (int32_t)weir_rng_below(r, (uint64_t)precision + 1));
    }
    if (pick < 13) {
        return weir_type_array(a, random_type(r, a, depth - 1));
    }
    if (pick == 13) {
        return weir_type_map(a, random_type(r, a, 0), random_type(r, a, depth - 1));
    }
    weir_field fields[5];
    uint32_t n = (uint32_t)weir_rng_below(r, 5);
    for (uint32_t i = 0; i < n; i++) {
        fields[i] = (weir_field){weir_arena_printf(a, "F%u", i), random_type(r, a, depth - 1)};
    }
    return weir_type_struct(a, fields, n);
}

static inline weir_dec random_decimal(weir_rng *r, weir_arena *a, const weir_type *t)
{
    char text[1100];
    size_t n = 0;
    int32_t whole = t->precision - t->scale;
    int32_t digits = (int32_t)weir_rng_below(r, (uint64_t)whole + 1);
    if (weir_rng_below(r, 2)) {
        text[n++] = '-';
    }
    text[n++] = '0';
    for (int32_t i = 0; i < digits; i++) {
        text[n++] = (char)('0' + weir_rng_below(r, 10));
    }
    if (t->scale) {
        text[n++] = '.';
    }
    for (int32_t i = 0; i < t->scale; i++) {
        text[n++] = (char)('0' + weir_rng_below(r, 10));
    }
    weir_dec d;
    weir_dec_fault fault = weir_dec_parse(
        a, weir_sv_of(text, n), (weir_dec_type){t->precision, t->scale}, WEIR_ROUND_EXACT, &d);
    WEIR_ASSERT(fault == WEIR_DEC_OK);
    return d;
}

static inline double random_double(weir_rng *r)
{
    static const double special[] = {0.0, -0.0, 1e10, -5e-4, 1.0 / 3};
    uint64_t pick = weir_rng_below(r, WEIR_COUNT(special) + 4);
    if (pick < WEIR_COUNT(special)) {
        return special[pick];
    }
    return pick == WEIR_COUNT(special) ? __builtin_nan("") : weir_rng_unit(r) * 1e6 - 5e5;
}

static inline weir_value random_value(weir_rng *r, weir_arena *a, const weir_type *t);

static inline weir_value random_tree(weir_rng *r, weir_arena *a, const weir_type *t)
{
    uint32_t n = t->kind == WEIR_T_STRUCT ? t->n_fields : (uint32_t)weir_rng_below(r, 5);
    weir_value *items = WEIR_NEW_N(a, weir_value, n);
    weir_value *keys = WEIR_NEW_N(a, weir_value, n);
    for (uint32_t i = 0; i < n; i++) {
        items[i] = random_value(r, a, t->kind == WEIR_T_STRUCT ? t->fields[i].type : t->item);
        if (t->kind == WEIR_T_MAP) {
            keys[i] = random_value(r, a, t->key);
        }
    }
    weir_value v = {.kind = (uint8_t)t->kind, .n = n};
    v.items = items;
    v.keys = keys;
    return v;
}

static inline weir_value random_value(weir_rng *r, weir_arena *a, const weir_type *t)
{
    weir_value v = weir_null(t->kind);
    if (weir_rng_below(r, 5) == 0) {
        return v;
    }
    v.null = false;
    uint64_t bits = weir_rng_next(r) >> weir_rng_below(r, 64);
    switch (t->kind) {
    case WEIR_T_BOOLEAN:
        v.b = bits & 1;
        break;
    case WEIR_T_INTEGER:
        v.i32 = (int32_t)bits;
        break;
    case WEIR_T_DATE:
        v.i32 = (int32_t)(bits % 40000);
        break;
    case WEIR_T_TIME:
        v.i32 = (int32_t)(bits % 86400000);
        break;
    case WEIR_T_BIGINT:
        v.i64 = (int64_t)bits;
        break;
    case WEIR_T_TIMESTAMP:
        v.i64 = (int64_t)(bits % 4000000000000);
        break;
    case WEIR_T_DOUBLE:
        v.f64 = random_double(r);
        break;
    case WEIR_T_DECIMAL:
        v.dec = random_decimal(r, a, t);
        break;
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        v.sv = random_text(r, a);
        break;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
        v = random_tree(r, a, t);
        break;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        WEIR_UNREACHABLE();
    }
    return v;
}
