/* COUNT, SUM, AVG: the aggregates of every dashboard, in vector form; and SUM_LIST. MIN and MAX are
 * in agg_minmax.c. Undo makes them usable on tables. */
#include "operators/agg.h"

/* ---- COUNT ---- */

static bool count_update(weir_call *c, void *const *states, const weir_vec *args,
                         const uint16_t *sel, uint32_t n, weir_vec *emit)
{
    const weir_vec *arg = c->nargs ? &args[0] : NULL;
    bool all = !arg || !arg->valid;
    WEIR__EACH(i, row, sel, n) {
        int64_t *state = states[i];
        *state += all || weir_vec_is_valid(arg, row);
        if (emit) {
            WEIR__EMIT(int64_t, emit, row, *state);
        }
    }
    return true;
}

static bool count_undo(weir_call *c, void *state, const weir_value *args)
{
    *(int64_t *)state -= c->nargs == 0 || !args[0].null;
    return true;
}

static weir_value i64_result(weir_call *c, const void *state)
{
    (void)c;
    return weir_bigint(*(const int64_t *)state);
}

static void i64_merge(weir_call *c, void *into, const void *from)
{
    (void)c;
    *(int64_t *)into = (int64_t)((uint64_t) * (int64_t *)into + (uint64_t) * (const int64_t *)from);
}

static void i64_save(weir_call *c, const void *state, weir_buf *out)
{
    (void)c;
    weir_buf_varint(out, weir_zigzag(*(const int64_t *)state));
}

static bool i64_load(weir_call *c, void *state, weir_reader *in)
{
    (void)c;
    *(int64_t *)state = weir_unzigzag(weir_read_varint(in));
    return !in->bad;
}

/* ---- SUM of INTEGER, BIGINT, DOUBLE: wraps as Java does ---- */

static bool sum_int_update(weir_call *c, void *const *states, const weir_vec *args,
                           const uint16_t *sel, uint32_t n, weir_vec *emit)
{
    (void)c;
    WEIR__EACH(i, row, sel, n) {
        int64_t *state = states[i];
        if (weir_vec_is_valid(&args[0], row)) {
            *state = (int32_t)((uint32_t)*state + (uint32_t)WEIR_AT(int32_t, &args[0], row));
        }
        if (emit) {
            WEIR__EMIT(int32_t, emit, row, (int32_t)*state);
        }
    }
    return true;
}

static bool sum_int_undo(weir_call *c, void *state, const weir_value *args)
{
    (void)c;
    int64_t *s = state;
    *s = (int32_t)((uint32_t)*s - (args[0].null ? 0 : (uint32_t)args[0].i32));
    return true;
}

static weir_value sum_int_result(weir_call *c, const void *state)
{
    (void)c;
    return weir_int((int32_t) * (const int64_t *)state);
}

static void sum_int_merge(weir_call *c, void *into, const void *from)
{
    (void)c;
    int64_t *a = into;
    *a = (int32_t)((uint32_t)*a + (uint32_t) * (const int64_t *)from);
}

static bool sum_bigint_update(weir_call *c, void *const *states, const weir_vec *args,
                              const uint16_t *sel, uint32_t n, weir_vec *emit)
{
    (void)c;
    WEIR__EACH(i, row, sel, n) {
        int64_t *state = states[i];
        if (weir_vec_is_valid(&args[0], row)) {
            *state = (int64_t)((uint64_t)*state + (uint64_t)WEIR_AT(int64_t, &args[0], row));
        }
        if (emit) {
            WEIR__EMIT(int64_t, emit, row, *state);
        }
    }
    return true;
}

static bool sum_bigint_undo(weir_call *c, void *state, const weir_value *args)
{
    (void)c;
    int64_t *s = state;
    *s = (int64_t)((uint64_t)*s - (args[0].null ? 0 : (uint64_t)args[0].i64));
    return true;
}

static bool sum_double_update(weir_call *c, void *const *states, const weir_vec *args,
                              const uint16_t *sel, uint32_t n, weir_vec *emit)
{
    (void)c;
    WEIR__EACH(i, row, sel, n) {
        double *state = states[i];
        if (weir_vec_is_valid(&args[0], row)) {
            *state += WEIR_AT(double, &args[0], row);
        }
        if (emit) {
            WEIR__EMIT(double, emit, row, *state);
        }
    }
    return true;
}

static bool sum_double_undo(weir_call *c, void *state, const weir_value *args)
{
    (void)c;
    *(double *)state -= args[0].null ? 0 : args[0].f64;
    return true;
}

static weir_value sum_double_result(weir_call *c, const void *state)
{
    (void)c;
    return weir_double(*(const double *)state);
}

static void sum_double_merge(weir_call *c, void *into, const void *from)
{
    (void)c;
    *(double *)into += *(const double *)from;
}

static void f64_save(weir_call *c, const void *state, weir_buf *out)
{
    (void)c;
    uint64_t bits;
    memcpy(&bits, state, sizeof bits);
    weir_buf_be64(out, bits);
}

static bool f64_load(weir_call *c, void *state, weir_reader *in)
{
    (void)c;
    uint64_t bits = weir_read_be64(in);
    memcpy(state, &bits, sizeof bits);
    return !in->bad;
}

/* ---- SUM of DECIMAL: overflow stops the query, as in ksqlDB ---- */

/* The state has more digits than the result (where 38 digits are enough for that), because only a
 * step checks for overflow: a table's change is an undo and a step, and must not fail half-way. */
static void sum_decimal_prepare(weir_call *c)
{
    int32_t p = c->type->precision;
    int32_t wide = p <= WEIR_DEC_SMALL_DIGITS ? WEIR_DEC_SMALL_DIGITS : WEIR_DECIMAL_DIGITS_MAX;
    c->prepared = (void *)(uintptr_t)weir_type_decimal(c->plan_arena, wide, c->type->scale);
}

static weir_dec_type dec_type(const weir_type *t)
{
    return (weir_dec_type){t->precision, t->scale};
}

static weir_value dec_value(weir_dec d)
{
    weir_value v = {.kind = WEIR_T_DECIMAL};
    v.dec = d;
    return v;
}

/* Wide decimals own their limbs: the state keeps a heap copy. */
static void dec_keep(const weir_type *t, weir_dec *state, weir_dec now)
{
    weir_value kept = dec_value(*state);
    weir_value v = dec_value(now);
    weir__keep_over(t, &kept, &v);
    *state = kept.dec;
}

#define DEC_OVERFLOW                                                                               \
    "Numeric field overflow: A field with precision %d and scale %d must round to an absolute "    \
    "value less than 10^%d"

static bool dec_overflow(weir_call *c, weir_dec sum)
{
    weir_dec_type wide = dec_type(c->prepared);
    int32_t p = c->type->precision;
    int32_t scale = c->type->scale;
    /* ksqlDB's sum has been rounded to p digits, one less than it has. */
    weir_dec_type shown = {wide.precision, scale ? scale - 1 : 0};
    weir_dec r = sum;
    if (scale) {
        weir_dec_rescale(c->arena, sum, wide, shown, WEIR_ROUND_HALF_UP, &r);
    } else {
        weir_dec_round(c->arena, sum, wide, -1, WEIR_ROUND_HALF_UP, &r);
    }
    weir_buf text;
    weir_buf_init(&text, 2 * WEIR_DECIMAL_DIGITS_MAX);
    weir_dec_print(&text, r, shown);
    weir__agg_fail(c, DEC_OVERFLOW ". Got " WEIR_SV_FMT, p, scale, p - scale,
                   WEIR_SV_ARG(weir_buf_view(&text)));
    weir_buf_deinit(&text);
    return false;
}

/* False: beyond what the state holds. */
static bool dec_combine(weir_call *c, weir_dec *state, weir_dec x, const weir_type *xt,
                        bool subtract)
{
    weir_dec_type wide = dec_type(c->prepared);
    weir_dec r;
    weir_dec_fault fault =
        subtract ? weir_dec_sub(c->arena, *state, wide, x, dec_type(xt), wide, &r)
                 : weir_dec_add(c->arena, *state, wide, x, dec_type(xt), wide, &r);
    if (fault != WEIR_DEC_OK) {
        return weir__agg_fail(c, DEC_OVERFLOW ".", c->type->precision, c->type->scale,
                              c->type->precision - c->type->scale);
    }
    dec_keep(c->prepared, state, r);
    return true;
}

static bool sum_decimal_undo(weir_call *c, void *state, const weir_value *args)
{
    return args[0].null || dec_combine(c, state, args[0].dec, c->type, true);
}

/* The state as the result's type. */
static weir_value sum_decimal_result(weir_call *c, const void *state)
{
    const weir_dec *s = state;
    weir_dec_type wide = dec_type(c->prepared);
    weir_value v = weir_null(WEIR_T_DECIMAL);
    v.null = weir_dec_rescale(c->arena, *s, wide, dec_type(c->type), WEIR_ROUND_EXACT, &v.dec) !=
                 WEIR_DEC_OK ||
             !weir_dec_fits(v.dec, dec_type(c->type));
    return v.null ? v : weir_value_copy(c->arena, c->type, &v);
}

static bool sum_decimal_update(weir_call *c, void *const *states, const weir_vec *args,
                               const uint16_t *sel, uint32_t n, weir_vec *emit)
{
    const weir_dec_type narrow = dec_type(c->type);
    WEIR__EACH(i, row, sel, n) {
        weir_dec *state = states[i];
        if (weir_vec_is_valid(&args[0], row)) {
            if (!dec_combine(c, state, WEIR_AT(weir_dec, &args[0], row), c->type, false)) {
                return false;
            }
            if (!weir_dec_fits(*state, narrow)) {
                return dec_overflow(c, *state);
            }
        }
        if (emit) {
            weir_value v = sum_decimal_result(c, state);
            weir__emit(c, emit, row, &v);
        }
    }
    return true;
}

/* The step after a merge checks for overflow. */
static void sum_decimal_merge(weir_call *c, void *into, const void *from)
{
    dec_combine(c, into, *(const weir_dec *)from, c->prepared, false);
}

static void sum_decimal_save(weir_call *c, const void *state, weir_buf *out)
{
    weir_value v = dec_value(*(const weir_dec *)state);
    weir_value_encode(out, c->prepared, &v);
}

static bool sum_decimal_load(weir_call *c, void *state, weir_reader *in)
{
    weir_value v;
    if (weir_value_decode(c->arena, c->prepared, in, &v) != WEIR_OK || v.null ||
        !weir_dec_fits(v.dec, dec_type(c->prepared))) {
        return false;
    }
    dec_keep(c->prepared, state, v.dec);
    return true;
}

static void sum_decimal_free(weir_call *c, void *state)
{
    weir_value v = dec_value(*(const weir_dec *)state);
    weir__keep_drop(c->prepared, &v);
    memset(state, 0, sizeof(weir_dec));
}

/* ---- SUM_LIST: the sum of each list, added to the sum of lists ---- */

static bool sum_list_int(weir_call *c, void *state, const weir_value *list, bool subtract)
{
    (void)c;
    uint32_t sum = 0;
    for (uint32_t i = 0; !list->null && i < list->n; i++) {
        sum += list->items[i].null ? 0 : (uint32_t)list->items[i].i32;
    }
    int64_t *s = state;
    *s = (int32_t)((uint32_t)*s + (subtract ? 0 - sum : sum));
    return true;
}

static bool sum_list_bigint(weir_call *c, void *state, const weir_value *list, bool subtract)
{
    (void)c;
    uint64_t sum = 0;
    for (uint32_t i = 0; !list->null && i < list->n; i++) {
        sum += list->items[i].null ? 0 : (uint64_t)list->items[i].i64;
    }
    int64_t *s = state;
    *s = (int64_t)((uint64_t)*s + (subtract ? 0 - sum : sum));
    return true;
}

static bool sum_list_double(weir_call *c, void *state, const weir_value *list, bool subtract)
{
    (void)c;
    double sum = 0;
    for (uint32_t i = 0; !list->null && i < list->n; i++) {
        sum += list->items[i].null ? 0 : list->items[i].f64;
    }
    double *s = state;
    *s = subtract ? *s - sum : *s + sum;
    return true;
}

#define SUM_LIST_FORMS(name)                                                                       \
    static bool sum_list_##name##_step(weir_call *c, void *state, const weir_value *args)          \
    {                                                                                              \
        return sum_list_##name(c, state, &args[0], false);                                         \
    }                                                                                              \
    static bool sum_list_##name##_undo(weir_call *c, void *state, const weir_value *args)          \
    {                                                                                              \
        return sum_list_##name(c, state, &args[0], true);                                          \
    }
SUM_LIST_FORMS(int)
SUM_LIST_FORMS(bigint)
SUM_LIST_FORMS(double)

/* ---- AVG: sum in the argument's own arithmetic, divided as a double; nothing seen is 0.0 ---- */

typedef struct average {
    int64_t n;
    union {
        int64_t i;
        double d;
    } sum;
} average;

/* add(sum, value): in the width of the argument. */
#define WRAP_I32(a, b) ((int32_t)((uint32_t)(a) + (uint32_t)(b)))
#define WRAP_I64(a, b) ((int64_t)((uint64_t)(a) + (uint64_t)(b)))
#define ADD_F64(a, b) ((a) + (b))

static double average_of(const weir_call *c, const average *s)
{
    double sum = c->arg_types[0]->kind == WEIR_T_DOUBLE ? s->sum.d : (double)s->sum.i;
    return s->n ? sum / (double)s->n : 0.0;
}

#define AVERAGE_FORMS(name, ctype, boxed, member, add)                                             \
    static bool average_##name##_update(weir_call *c, void *const *states, const weir_vec *args,   \
                                        const uint16_t *sel, uint32_t n, weir_vec *emit)           \
    {                                                                                              \
        WEIR__EACH(i, row, sel, n) {                                                               \
            average *s = states[i];                                                                \
            if (weir_vec_is_valid(&args[0], row)) {                                                \
                s->sum.member = add(s->sum.member, WEIR_AT(ctype, &args[0], row));                 \
                s->n++;                                                                            \
            }                                                                                      \
            if (emit) {                                                                            \
                WEIR__EMIT(double, emit, row, average_of(c, s));                                   \
            }                                                                                      \
        }                                                                                          \
        return true;                                                                               \
    }                                                                                              \
    static bool average_##name##_undo(weir_call *c, void *state, const weir_value *args)           \
    {                                                                                              \
        (void)c;                                                                                   \
        average *s = state;                                                                        \
        if (!args[0].null) {                                                                       \
            s->sum.member = add(s->sum.member, NEGATED_##member(args[0].boxed));                   \
            s->n--;                                                                                \
        }                                                                                          \
        return true;                                                                               \
    }
#define NEGATED_i(x) (0 - (uint64_t)(x))
#define NEGATED_d(x) (-(x))
AVERAGE_FORMS(int, int32_t, i32, i, WRAP_I32)
AVERAGE_FORMS(bigint, int64_t, i64, i, WRAP_I64)
AVERAGE_FORMS(double, double, f64, d, ADD_F64)

static weir_value average_result(weir_call *c, const void *state)
{
    return weir_double(average_of(c, state));
}

static void average_merge(weir_call *c, void *into, const void *from)
{
    average *a = into;
    const average *b = from;
    a->n = WRAP_I64(a->n, b->n);
    if (c->arg_types[0]->kind == WEIR_T_DOUBLE) {
        a->sum.d += b->sum.d;
    } else if (c->arg_types[0]->kind == WEIR_T_INTEGER) {
        a->sum.i = WRAP_I32(a->sum.i, b->sum.i);
    } else {
        a->sum.i = WRAP_I64(a->sum.i, b->sum.i);
    }
}

static void average_save(weir_call *c, const void *state, weir_buf *out)
{
    const average *s = state;
    weir_buf_varint(out, weir_zigzag(s->n));
    i64_save(c, &s->sum.i, out); /* the bits of a double, too */
}

static bool average_load(weir_call *c, void *state, weir_reader *in)
{
    average *s = state;
    s->n = weir_unzigzag(weir_read_varint(in));
    return i64_load(c, &s->sum.i, in);
}

#define COUNT(signature)                                                                           \
    {                                                                                              \
        .sig = signature, .state_bytes = sizeof(int64_t), .plain = true,                           \
        .update = count_update,                                                                    \
        .undo = count_undo, .result = i64_result, .merge = i64_merge, .save = i64_save,            \
        .load = i64_load                                                                           \
    }
static const weir_agg count_aggs[] = {COUNT("-> BIGINT"), COUNT("T -> BIGINT")};

static const weir_agg sum_aggs[] = {
    {.sig = "INT -> INT", .state_bytes = sizeof(int64_t), .plain = true, .update = sum_int_update,
     .undo = sum_int_undo, .result = sum_int_result, .merge = sum_int_merge, .save = i64_save,
     .load = i64_load},
    {.sig = "BIGINT -> BIGINT", .state_bytes = sizeof(int64_t), .plain = true,
     .update = sum_bigint_update,
     .undo = sum_bigint_undo, .result = i64_result, .merge = i64_merge, .save = i64_save,
     .load = i64_load},
    {.sig = "DOUBLE -> DOUBLE", .state_bytes = sizeof(double), .plain = true, .update = sum_double_update,
     .undo = sum_double_undo, .result = sum_double_result, .merge = sum_double_merge,
     .save = f64_save, .load = f64_load},
    {.sig = "DECIMAL -> *", .ret = weir__agg_same_type, .prepare = sum_decimal_prepare,
     .state_bytes = sizeof(weir_dec), .free = sum_decimal_free, .update = sum_decimal_update,
     .undo = sum_decimal_undo, .result = sum_decimal_result, .merge = sum_decimal_merge,
     .save = sum_decimal_save, .load = sum_decimal_load},
};

#define SUM_LIST(signature, name, number, bits)                                                    \
    {                                                                                              \
        .sig = signature, .state_bytes = sizeof(int64_t), .step = sum_list_##name##_step,          \
        .undo = sum_list_##name##_undo, .result = number##_result, .merge = number##_merge,        \
        .save = bits##_save, .load = bits##_load                                                   \
    }
static const weir_agg sum_list_aggs[] = {
    SUM_LIST("ARRAY<INT> -> INT", int, sum_int, i64),
    SUM_LIST("ARRAY<BIGINT> -> BIGINT", bigint, i64, i64),
    SUM_LIST("ARRAY<DOUBLE> -> DOUBLE", double, sum_double, f64),
};

#define AVERAGE(signature, name)                                                                   \
    {                                                                                              \
        .sig = signature, .state_bytes = sizeof(average), .update = average_##name##_update,       \
        .undo = average_##name##_undo, .result = average_result, .merge = average_merge,           \
        .save = average_save, .load = average_load                                                 \
    }
static const weir_agg avg_aggs[] = {AVERAGE("INT -> DOUBLE", int),
                                    AVERAGE("BIGINT -> DOUBLE", bigint),
                                    AVERAGE("DOUBLE -> DOUBLE", double)};

const weir_function weir_fn_agg_basic[] = {
    {.name = "COUNT", .category = WEIR_CAT_AGGREGATE,
     .doc = "Counts the rows, or the rows where the argument is not NULL.",
     .example = "COUNT(*) → 3", .aggs = count_aggs, .n_aggs = WEIR_COUNT(count_aggs)},
    {.name = "SUM", .category = WEIR_CAT_AGGREGATE,
     .doc = "Adds the values that are not NULL; 0 when there are none.",
     .example = "SUM(quantity) → 42", .aggs = sum_aggs, .n_aggs = WEIR_COUNT(sum_aggs)},
    {.name = "SUM_LIST", .category = WEIR_CAT_AGGREGATE,
     .doc = "Adds the items of all arrays; NULLs count as 0.",
     .example = "SUM_LIST(amounts) → 42", .aggs = sum_list_aggs,
     .n_aggs = WEIR_COUNT(sum_list_aggs)},
    {.name = "AVG", .category = WEIR_CAT_AGGREGATE,
     .doc = "The mean of the values that are not NULL; 0.0 when there are none.",
     .example = "AVG(price) → 9.5", .aggs = avg_aggs, .n_aggs = WEIR_COUNT(avg_aggs)},
};
const uint32_t weir_fn_agg_basic_n = WEIR_COUNT(weir_fn_agg_basic);
