/* ABS, CEIL, FLOOR, ROUND, TRUNC. Integers and doubles are vector loops, decimals are exact. */
#include "operators/fn_values.h"

#include <math.h>

/* A loop `to[row] = expr` over `v`, the argument. Rows that are not valid hold garbage, so `expr`
 * must be defined for every bit pattern. */
#define LOOP(name, in_type, out_type, expr)                                                        \
    static void name(weir_call *c, const weir_vec *args, uint32_t nargs, const uint16_t *sel,      \
                     uint32_t n, weir_vec *out)                                                    \
    {                                                                                              \
        (void)c;                                                                                   \
        (void)nargs;                                                                               \
        const in_type *restrict from = args[0].data;                                               \
        out_type *restrict to = out->data;                                                         \
        uint32_t mask = args[0].mask;                                                              \
        if (!sel && mask) {                                                                        \
            for (uint32_t row = 0; row < n; row++) {                                               \
                const in_type v = from[row];                                                       \
                to[row] = expr;                                                                    \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        WEIR__EACH_ROW (i, row, sel, n) {                                                          \
            const in_type v = from[row & mask];                                                    \
            to[row] = expr;                                                                        \
        }                                                                                          \
    }

LOOP(abs_int, int32_t, int32_t, v < 0 ? (int32_t)(0u - (uint32_t)v) : v)
LOOP(abs_bigint, int64_t, int64_t, v < 0 ? (int64_t)(0u - (uint64_t)v) : v)
LOOP(abs_double, double, double, fabs(v))
LOOP(same_int, int32_t, int32_t, v)
LOOP(same_bigint, int64_t, int64_t, v)
LOOP(ceil_double, double, double, ceil(v))
LOOP(floor_double, double, double, floor(v))
LOOP(round_double, double, int64_t, weir_double_round(v))
LOOP(trunc_int, int32_t, int64_t, v)
LOOP(trunc_double, double, int64_t, weir_double_to_i64(v))

/* ROUND of an integer is declared over primitives: NULL is an error. */
static weir_value round_integer(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    if (args[0].null) {
        return weir__null_argument(c, 0);
    }
    return weir_bigint(args[0].kind == WEIR_T_INTEGER ? args[0].i32 : args[0].i64);
}

static weir_value places_double(weir_call *c, const weir_value *args, weir_rounding mode)
{
    double r;
    if (!weir_double_set_scale(args[0].f64, args[1].i32, mode, &r)) {
        return weir_row_error(c, "Infinite or NaN");
    }
    return weir_double(r);
}

static weir_value round_double_places(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return places_double(c, args, WEIR_ROUND_HALF_CEIL);
}

static weir_value trunc_double_places(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return places_double(c, args, WEIR_ROUND_DOWN);
}

/* Decimals. */

static weir_value decimal_result(weir_call *c, weir_dec_fault f, weir_dec d)
{
    if (f != WEIR_DEC_OK) {
        return weir_row_error(c, "%s: %s", c->function->name, weir_dec_fault_text(f));
    }
    weir_value v = {.kind = WEIR_T_DECIMAL};
    v.dec = d;
    return v;
}

/* Rounded, in the type of the argument. */
static weir_value decimal_places(weir_call *c, const weir_value *x, int32_t places,
                                 weir_rounding mode)
{
    weir_dec r = x->dec;
    weir_dec_fault f = weir_dec_round(c->arena, x->dec, weir__fn_dec_type(c->arg_types[0]), places,
                                      mode, &r);
    return decimal_result(c, f, r);
}

/* Rounded, in a type without a fraction. */
static weir_value decimal_whole(weir_call *c, const weir_value *x, weir_rounding mode)
{
    weir_dec r = x->dec;
    weir_dec_fault f = weir_dec_rescale(c->arena, x->dec, weir__fn_dec_type(c->arg_types[0]),
                                        weir__fn_dec_type(c->type), mode, &r);
    return decimal_result(c, f, r);
}

static weir_value abs_decimal(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return decimal_result(c, WEIR_DEC_OK,
                          weir_dec_abs(args[0].dec, weir__fn_dec_type(c->arg_types[0])));
}

static weir_value ceil_decimal(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return decimal_places(c, &args[0], 0, WEIR_ROUND_CEIL);
}

static weir_value floor_decimal(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return decimal_places(c, &args[0], 0, WEIR_ROUND_FLOOR);
}

static weir_value round_decimal(weir_call *c, const weir_value *args, uint32_t n)
{
    return n == 1 ? decimal_whole(c, &args[0], WEIR_ROUND_HALF_CEIL)
                  : decimal_places(c, &args[0], args[1].i32, WEIR_ROUND_HALF_CEIL);
}

static weir_value trunc_decimal(weir_call *c, const weir_value *args, uint32_t n)
{
    return n == 1 ? decimal_whole(c, &args[0], WEIR_ROUND_DOWN)
                  : decimal_places(c, &args[0], args[1].i32, WEIR_ROUND_DOWN);
}

static const weir_type *whole_type(weir_arena *a, const weir_type *const *args, uint32_t n,
                                   weir_status *st)
{
    (void)n;
    int32_t digits = args[0]->precision - args[0]->scale;
    if (digits < 1) {
        weir_fail(st, WEIR_ESQL, "DECIMAL precision must be >= 1: DECIMAL(%d,0)", digits);
        return NULL;
    }
    return weir_type_decimal(a, digits, 0);
}

static const weir_overload abs_rows[] = {
    {.sig = "INT -> INT", .vec = abs_int},
    {.sig = "BIGINT -> BIGINT", .vec = abs_bigint},
    {.sig = "DOUBLE -> DOUBLE", .vec = abs_double},
    {.sig = "DECIMAL -> *", .row = abs_decimal, .ret = weir__fn_first_type},
};
static const weir_overload ceil_rows[] = {
    {.sig = "INT -> INT", .vec = same_int},
    {.sig = "BIGINT -> BIGINT", .vec = same_bigint},
    {.sig = "DOUBLE -> DOUBLE", .vec = ceil_double},
    {.sig = "DECIMAL -> *", .row = ceil_decimal, .ret = weir__fn_first_type},
};
static const weir_overload floor_rows[] = {
    {.sig = "INT -> INT", .vec = same_int},
    {.sig = "BIGINT -> BIGINT", .vec = same_bigint},
    {.sig = "DOUBLE -> DOUBLE", .vec = floor_double},
    {.sig = "DECIMAL -> *", .row = floor_decimal, .ret = weir__fn_first_type},
};
static const weir_overload round_rows[] = {
    {.sig = "BIGINT -> BIGINT", .row = round_integer, .flags = WEIR_FN_NULLS},
    {.sig = "INT -> BIGINT", .row = round_integer, .flags = WEIR_FN_NULLS},
    {.sig = "DOUBLE -> BIGINT", .vec = round_double},
    {.sig = "DOUBLE, INT -> DOUBLE", .row = round_double_places},
    {.sig = "DECIMAL -> *", .row = round_decimal, .ret = whole_type},
    {.sig = "DECIMAL, INT -> *", .row = round_decimal, .ret = weir__fn_first_type},
};
static const weir_overload trunc_rows[] = {
    {.sig = "BIGINT -> BIGINT", .vec = same_bigint},
    {.sig = "INT -> BIGINT", .vec = trunc_int},
    {.sig = "DOUBLE -> BIGINT", .vec = trunc_double},
    {.sig = "DOUBLE, INT -> DOUBLE", .row = trunc_double_places},
    {.sig = "DECIMAL -> *", .row = trunc_decimal, .ret = whole_type},
    {.sig = "DECIMAL, INT -> *", .row = trunc_decimal, .ret = weir__fn_first_type},
};

#define ROW(text, rows, words, sample)                                                             \
    {.name = text, .category = WEIR_CAT_MATH, .doc = words, .example = sample, .overloads = rows,  \
     .n_overloads = WEIR_COUNT(rows)}
const weir_function weir_fn_round[] = {
    ROW("ABS", abs_rows, "The absolute value of a number.", "ABS(-3) → 3"),
    ROW("CEIL", ceil_rows, "The smallest whole number that is not less than the argument.",
        "CEIL(1.2E0) → 2.0"),
    ROW("FLOOR", floor_rows, "The largest whole number that is not greater than the argument.",
        "FLOOR(-1.2E0) → -2.0"),
    ROW("ROUND", round_rows,
        "Rounds to a number of decimal places, by default none; ties go towards positive infinity.",
        "ROUND(-1.5E0) → -1"),
    ROW("TRUNC", trunc_rows,
        "Cuts off behind a number of decimal places, by default none: rounds towards zero.",
        "TRUNC(-1.7E0) → -1"),
};
const uint32_t weir_fn_round_n = WEIR_COUNT(weir_fn_round);
