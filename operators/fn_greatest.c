/* GREATEST and LEAST: NULLs are skipped. */
#include "operators/fn_values.h"

/* The argument that wins by `sign` (1: greatest, -1: least), or NULL. */
static const weir_value *pick(weir_call *c, const weir_value *args, uint32_t n, int sign)
{
    const weir_value *best = NULL;
    for (uint32_t i = 0; i < n; i++) {
        if (!args[i].null &&
            (!best || weir__fn_compare(c->type, &args[i], best) * sign > 0)) {
            best = &args[i];
        }
    }
    return best;
}

static weir_value greatest(weir_call *c, const weir_value *args, uint32_t n)
{
    const weir_value *best = pick(c, args, n, 1);
    return best ? *best : weir_null(c->type->kind);
}

static weir_value least(weir_call *c, const weir_value *args, uint32_t n)
{
    const weir_value *best = pick(c, args, n, -1);
    return best ? *best : weir_null(c->type->kind);
}

/* Decimals may differ in precision and scale; the result has the type that holds them all. */

static weir_value pick_decimal(weir_call *c, const weir_value *args, uint32_t n, int sign)
{
    uint32_t best = n;
    for (uint32_t i = 0; i < n; i++) {
        if (!args[i].null &&
            (best == n || weir_dec_cmp(args[i].dec, weir__fn_dec_type(c->arg_types[i]),
                                       args[best].dec, weir__fn_dec_type(c->arg_types[best])) *
                                  sign > 0)) {
            best = i;
        }
    }
    weir_value r = weir_null(WEIR_T_DECIMAL);
    if (best == n) {
        return r;
    }
    weir_dec_fault f = weir_dec_rescale(c->arena, args[best].dec,
                                        weir__fn_dec_type(c->arg_types[best]),
                                        weir__fn_dec_type(c->type), WEIR_ROUND_EXACT, &r.dec);
    r.null = false;
    return f == WEIR_DEC_OK ? r : weir_row_error(c, "%s", weir_dec_fault_text(f));
}

static weir_value greatest_decimal(weir_call *c, const weir_value *args, uint32_t n)
{
    return pick_decimal(c, args, n, 1);
}

static weir_value least_decimal(weir_call *c, const weir_value *args, uint32_t n)
{
    return pick_decimal(c, args, n, -1);
}

static const weir_type *widest(weir_arena *a, const weir_type *const *args, uint32_t n,
                               weir_status *st)
{
    weir_dec_type t = {0, 0};
    for (uint32_t i = 0; i < n; i++) {
        if (args[i]->kind == WEIR_T_DECIMAL) {
            weir_dec_type d = weir__fn_dec_type(args[i]);
            t = t.precision ? weir_dec_type_widen(t, d) : d;
        }
    }
    if (!weir_dec_type_valid(t.precision, t.scale)) {
        weir_fail(st, WEIR_ESQL, "no DECIMAL holds all arguments: DECIMAL(%d, %d)", t.precision,
                  t.scale);
        return NULL;
    }
    return weir_type_decimal(a, t.precision, t.scale);
}

#define ANY_TYPE(kernel)                                                                           \
    {.sig = "INT, INT... -> INT", .row = kernel, .flags = WEIR_FN_NULLS},                          \
    {.sig = "BIGINT, BIGINT... -> BIGINT", .row = kernel, .flags = WEIR_FN_NULLS},                 \
    {.sig = "DOUBLE, DOUBLE... -> DOUBLE", .row = kernel, .flags = WEIR_FN_NULLS},                 \
    {.sig = "STRING, STRING... -> STRING", .row = kernel, .flags = WEIR_FN_NULLS},                 \
    {.sig = "BYTES, BYTES... -> BYTES", .row = kernel, .flags = WEIR_FN_NULLS},                    \
    {.sig = "DATE, DATE... -> DATE", .row = kernel, .flags = WEIR_FN_NULLS},                       \
    {.sig = "TIME, TIME... -> TIME", .row = kernel, .flags = WEIR_FN_NULLS},                       \
    {.sig = "TIMESTAMP, TIMESTAMP... -> TIMESTAMP", .row = kernel, .flags = WEIR_FN_NULLS},        \
    {.sig = "DECIMAL, DECIMAL... -> *", .row = kernel##_decimal, .flags = WEIR_FN_NULLS,           \
     .ret = widest}
static const weir_overload greatest_rows[] = {ANY_TYPE(greatest)};
static const weir_overload least_rows[] = {ANY_TYPE(least)};

const weir_function weir_fn_greatest[] = {
    {.name = "GREATEST", .category = WEIR_CAT_MATH,
     .doc = "The greatest of the arguments that are not NULL.",
     .example = "GREATEST(3, NULL, 5) → 5",
     .overloads = greatest_rows, .n_overloads = WEIR_COUNT(greatest_rows)},
    {.name = "LEAST", .category = WEIR_CAT_MATH,
     .doc = "The least of the arguments that are not NULL.",
     .example = "LEAST('b', 'a') → a",
     .overloads = least_rows, .n_overloads = WEIR_COUNT(least_rows)},
};
const uint32_t weir_fn_greatest_n = WEIR_COUNT(weir_fn_greatest);
