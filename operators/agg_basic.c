/* COUNT, SUM, AVG: the aggregates of every dashboard, in vector form. MIN and MAX are in
 * agg_minmax.c. Undo makes them usable on tables. */
#include "engine/base/alloc.h"
#include "engine/data/func.h"

/* for (each of the n rows) with `row` set. */
#define EACH(i, row, sel, n)                                                                       \
    for (uint32_t i = 0, row = 0; i < (n) && ((row = (sel) ? (sel)[i] : i), true); i++)

/* ---- COUNT ---- */

static bool count_update(weir_call *c, void *const *states, const weir_vec *args,
                         const uint16_t *sel, uint32_t n, weir_vec *emit)
{
    const weir_vec *arg = c->nargs ? &args[0] : NULL;
    bool all = !arg || !arg->valid;
    EACH(i, row, sel, n) {
        int64_t *state = states[i];
        *state += all || weir_vec_is_valid(arg, row);
        if (emit) {
            ((int64_t *)emit->data)[row] = *state;
        }
    }
    return true;
}

static bool count_undo(weir_call *c, void *state, const weir_value *args)
{
    *(int64_t *)state -= c->nargs == 0 || !args[0].null;
    return true;
}

static weir_value count_result(weir_call *c, const void *state)
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
    EACH(i, row, sel, n) {
        int64_t *state = states[i];
        if (weir_vec_is_valid(&args[0], row)) {
            *state = (int32_t)((uint32_t)*state + (uint32_t)WEIR_AT(int32_t, &args[0], row));
        }
        if (emit) {
            ((int32_t *)emit->data)[row] = (int32_t)*state;
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
    EACH(i, row, sel, n) {
        int64_t *state = states[i];
        if (weir_vec_is_valid(&args[0], row)) {
            *state = (int64_t)((uint64_t)*state + (uint64_t)WEIR_AT(int64_t, &args[0], row));
        }
        if (emit) {
            ((int64_t *)emit->data)[row] = *state;
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
    EACH(i, row, sel, n) {
        double *state = states[i];
        if (weir_vec_is_valid(&args[0], row)) {
            *state += WEIR_AT(double, &args[0], row);
        }
        if (emit) {
            ((double *)emit->data)[row] = *state;
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

static const weir_type *same_type(weir_arena *a, const weir_type *const *args, uint32_t n,
                                  weir_status *st)
{
    (void)a;
    (void)n;
    (void)st;
    return args[0];
}

static weir_dec_type dec_type(const weir_call *c)
{
    return (weir_dec_type){c->type->precision, c->type->scale};
}

/* Wide decimals own their limbs: the state keeps a heap copy. */
static void dec_keep(weir_dec_type t, weir_dec *state, weir_dec now)
{
    if (weir_dec_is_small(t)) {
        *state = now;
        return;
    }
    uint32_t n = (uint32_t)(now.big.n < 0 ? -now.big.n : now.big.n);
    uint64_t *limbs = n ? weir_alloc(sizeof *limbs * n) : NULL;
    for (uint32_t i = 0; i < n; i++) {
        limbs[i] = now.big.limbs[i];
    }
    weir_free((void *)(uintptr_t)state->big.limbs);
    state->big.limbs = limbs;
    state->big.n = now.big.n;
}

static bool dec_combine(weir_call *c, weir_dec *state, weir_dec x, bool subtract)
{
    weir_dec_type t = dec_type(c);
    weir_dec r;
    weir_dec_fault fault = subtract ? weir_dec_sub(c->arena, *state, t, x, t, t, &r)
                                    : weir_dec_add(c->arena, *state, t, x, t, t, &r);
    if (fault != WEIR_DEC_OK) {
        c->error = weir_arena_printf(c->arena, "Numeric field overflow: A field with precision %d "
                                               "and scale %d must round to an absolute value less "
                                               "than 10^%d.",
                                     t.precision, t.scale, t.precision - t.scale);
        return false;
    }
    dec_keep(t, state, r);
    return true;
}

static bool sum_decimal_step(weir_call *c, void *state, const weir_value *args)
{
    return args[0].null || dec_combine(c, state, args[0].dec, false);
}

static bool sum_decimal_undo(weir_call *c, void *state, const weir_value *args)
{
    return args[0].null || dec_combine(c, state, args[0].dec, true);
}

static bool sum_decimal_update(weir_call *c, void *const *states, const weir_vec *args,
                               const uint16_t *sel, uint32_t n, weir_vec *emit)
{
    EACH(i, row, sel, n) {
        weir_dec *state = states[i];
        if (weir_vec_is_valid(&args[0], row) &&
            !dec_combine(c, state, WEIR_AT(weir_dec, &args[0], row), false)) {
            return false;
        }
        if (emit) {
            weir_value now = {.kind = WEIR_T_DECIMAL};
            now.dec = *state;
            now = weir_value_copy(c->arena, c->type, &now);
            ((weir_dec *)emit->data)[row] = now.dec;
        }
    }
    return true;
}

static weir_value sum_decimal_result(weir_call *c, const void *state)
{
    weir_value v = {.kind = WEIR_T_DECIMAL};
    v.dec = *(const weir_dec *)state;
    return weir_value_copy(c->arena, c->type, &v);
}

static void sum_decimal_merge(weir_call *c, void *into, const void *from)
{
    dec_combine(c, into, *(const weir_dec *)from, false);
}

static void sum_decimal_save(weir_call *c, const void *state, weir_buf *out)
{
    weir_value v = {.kind = WEIR_T_DECIMAL};
    v.dec = *(const weir_dec *)state;
    weir_value_encode(out, c->type, &v);
}

static bool sum_decimal_load(weir_call *c, void *state, weir_reader *in)
{
    weir_value v;
    if (weir_value_decode(c->arena, c->type, in, &v) != WEIR_OK || v.null) {
        return false;
    }
    dec_keep(dec_type(c), state, v.dec);
    return true;
}

static void sum_decimal_free(weir_call *c, void *state)
{
    if (!weir_dec_is_small(dec_type(c))) {
        weir_free((void *)(uintptr_t)((weir_dec *)state)->big.limbs);
    }
}

/* ---- AVG: sum in the argument's own arithmetic, divided as a double; nothing seen is 0.0 ---- */

typedef struct average {
    int64_t n;
    union {
        int64_t i;
        double d;
    } sum;
} average;

static bool average_add(weir_call *c, average *s, const weir_value *v, int64_t sign)
{
    if (v->null) {
        return true;
    }
    s->n += sign;
    if (c->arg_types[0]->kind == WEIR_T_DOUBLE) {
        s->sum.d += (double)sign * v->f64;
    } else if (c->arg_types[0]->kind == WEIR_T_INTEGER) {
        s->sum.i = (int32_t)((uint32_t)s->sum.i + (uint32_t)(sign * v->i32));
    } else {
        s->sum.i = (int64_t)((uint64_t)s->sum.i + (uint64_t)sign * (uint64_t)v->i64);
    }
    return true;
}

static bool average_step(weir_call *c, void *state, const weir_value *args)
{
    return average_add(c, state, &args[0], 1);
}

static bool average_undo(weir_call *c, void *state, const weir_value *args)
{
    return average_add(c, state, &args[0], -1);
}

static weir_value average_result(weir_call *c, const void *state)
{
    const average *s = state;
    double sum = c->arg_types[0]->kind == WEIR_T_DOUBLE ? s->sum.d : (double)s->sum.i;
    return weir_double(s->n ? sum / (double)s->n : 0.0);
}

static void average_merge(weir_call *c, void *into, const void *from)
{
    average *a = into;
    const average *b = from;
    a->n += b->n;
    if (c->arg_types[0]->kind == WEIR_T_DOUBLE) {
        a->sum.d += b->sum.d;
    } else {
        a->sum.i = (int64_t)((uint64_t)a->sum.i + (uint64_t)b->sum.i);
        if (c->arg_types[0]->kind == WEIR_T_INTEGER) {
            a->sum.i = (int32_t)a->sum.i;
        }
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
        .sig = signature, .state_bytes = sizeof(int64_t), .update = count_update,                  \
        .undo = count_undo, .result = count_result, .merge = i64_merge, .save = i64_save,          \
        .load = i64_load                                                                           \
    }
static const weir_agg count_aggs[] = {COUNT("-> BIGINT"), COUNT("T -> BIGINT")};

static const weir_agg sum_aggs[] = {
    {.sig = "INT -> INT", .state_bytes = sizeof(int64_t), .update = sum_int_update,
     .undo = sum_int_undo, .result = sum_int_result, .merge = sum_int_merge, .save = i64_save,
     .load = i64_load},
    {.sig = "BIGINT -> BIGINT", .state_bytes = sizeof(int64_t), .update = sum_bigint_update,
     .undo = sum_bigint_undo, .result = count_result, .merge = i64_merge, .save = i64_save,
     .load = i64_load},
    {.sig = "DOUBLE -> DOUBLE", .state_bytes = sizeof(double), .update = sum_double_update,
     .undo = sum_double_undo, .result = sum_double_result, .merge = sum_double_merge,
     .save = f64_save, .load = f64_load},
    {.sig = "DECIMAL -> *", .ret = same_type, .state_bytes = sizeof(weir_dec),
     .free = sum_decimal_free, .step = sum_decimal_step, .update = sum_decimal_update,
     .undo = sum_decimal_undo, .result = sum_decimal_result, .merge = sum_decimal_merge,
     .save = sum_decimal_save, .load = sum_decimal_load},
};

#define AVERAGE(signature)                                                                         \
    {                                                                                              \
        .sig = signature, .state_bytes = sizeof(average), .step = average_step,                    \
        .undo = average_undo, .result = average_result, .merge = average_merge,                    \
        .save = average_save, .load = average_load                                                 \
    }
static const weir_agg avg_aggs[] = {AVERAGE("INT -> DOUBLE"), AVERAGE("BIGINT -> DOUBLE"),
                                    AVERAGE("DOUBLE -> DOUBLE")};

const weir_function weir_fn_agg_basic[] = {
    {.name = "COUNT", .category = WEIR_CAT_AGGREGATE,
     .doc = "Counts the rows, or the rows where the argument is not NULL.",
     .example = "COUNT(*) → 3", .aggs = count_aggs, .n_aggs = WEIR_COUNT(count_aggs)},
    {.name = "SUM", .category = WEIR_CAT_AGGREGATE,
     .doc = "Adds the values that are not NULL; 0 when there are none.",
     .example = "SUM(quantity) → 42", .aggs = sum_aggs, .n_aggs = WEIR_COUNT(sum_aggs)},
    {.name = "AVG", .category = WEIR_CAT_AGGREGATE,
     .doc = "The mean of the values that are not NULL; 0.0 when there are none.",
     .example = "AVG(price) → 9.5", .aggs = avg_aggs, .n_aggs = WEIR_COUNT(avg_aggs)},
};
const uint32_t weir_fn_agg_basic_n = WEIR_COUNT(weir_fn_agg_basic);
