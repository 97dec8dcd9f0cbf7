/* STDDEV_SAMP, STDDEV_SAMPLE, CORRELATION: one pass, with ksqlDB's arithmetic step by step, because
 * its roundings and wrap-arounds are visible in results. */
#include "operators/agg.h"

#include <math.h>

static void put_double(weir_buf *out, double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    weir_buf_be64(out, bits);
}

static double get_double(weir_reader *in)
{
    uint64_t bits = weir_read_be64(in);
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* A count of rows: never negative, or dividing by it could trap. */
static bool get_count(weir_reader *in, int64_t *n)
{
    uint64_t count = weir_read_varint(in);
    *n = (int64_t)count;
    return !in->bad && count <= INT64_MAX;
}

/* ---- STDDEV: Youngs and Cramer's update of the sum of squared deviations ---- */

typedef struct deviation {
    int64_t n;
    union {
        int64_t i; /* an INTEGER sum wraps at 32 bits */
        double d;
    } sum;
    double m2;
} deviation;

static int64_t wrap_mul(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

static int64_t wrap_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t wrap_sub(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static bool is_double(const weir_call *c)
{
    return c->arg_types[0]->kind == WEIR_T_DOUBLE;
}

/* Sums in the argument's own width. */
static int64_t narrow(const weir_call *c, int64_t sum)
{
    return c->arg_types[0]->kind == WEIR_T_INTEGER ? (int32_t)sum : sum;
}

static int64_t whole(const weir_call *c, const weir_value *v)
{
    return c->arg_types[0]->kind == WEIR_T_INTEGER ? v->i32 : v->i64;
}

/* x · (n + 1) − (sum + x) */
static double delta_of(const weir_call *c, const deviation *s, const weir_value *v)
{
    if (is_double(c)) {
        return v->f64 * (double)(s->n + 1) - (s->sum.d + v->f64);
    }
    int64_t x = whole(c, v);
    return (double)wrap_sub(wrap_mul(x, s->n + 1), narrow(c, wrap_add(s->sum.i, x)));
}

static bool deviation_step(weir_call *c, void *state, const weir_value *args)
{
    deviation *s = state;
    if (args[0].null || s->n == INT64_MAX) {
        return true;
    }
    if (s->n > 0) {
        double delta = delta_of(c, s, &args[0]);
        s->m2 += delta * delta / (double)wrap_mul(s->n + 1, s->n);
    }
    if (is_double(c)) {
        s->sum.d += args[0].f64;
    } else {
        s->sum.i = narrow(c, wrap_add(s->sum.i, whole(c, &args[0])));
    }
    s->n++;
    return true;
}

/* ksqlDB takes the deviation from the state that still has the value in it. */
static bool deviation_undo(weir_call *c, void *state, const weir_value *args)
{
    deviation *s = state;
    if (args[0].null || s->n == 0) {
        return true;
    }
    if (s->n > 1) {
        double delta = s->n == INT64_MAX ? 0 : delta_of(c, s, &args[0]);
        s->m2 -= delta * delta / (double)wrap_mul(s->n - 1, s->n);
    }
    if (is_double(c)) {
        s->sum.d -= args[0].f64;
    } else {
        s->sum.i = narrow(c, wrap_sub(s->sum.i, whole(c, &args[0])));
    }
    s->n--;
    return true;
}

static weir_value variance_result(weir_call *c, const void *state)
{
    (void)c;
    const deviation *s = state;
    return weir_double(s->n < 2 ? 0.0 : s->m2 / (double)(s->n - 1));
}

static weir_value deviation_result(weir_call *c, const void *state)
{
    weir_value v = variance_result(c, state);
    v.f64 = sqrt(v.f64);
    return v;
}

/* `between`: the difference of the two means. */
static void deviation_merge(weir_call *c, deviation *a, const deviation *b, double between)
{
    a->m2 += b->m2;
    int64_t n = wrap_add(a->n, b->n);
    if (a->n && b->n) {
        a->m2 += (double)wrap_mul(a->n, b->n) * between * between / (double)n;
    }
    if (is_double(c)) {
        a->sum.d += b->sum.d;
    } else {
        a->sum.i = narrow(c, wrap_add(a->sum.i, b->sum.i));
    }
    a->n = n < 0 ? INT64_MAX : n;
}

static double mean_of(const weir_call *c, const deviation *s)
{
    return (is_double(c) ? s->sum.d : (double)s->sum.i) / (double)s->n;
}

/* STDDEV_SAMP divides whole sums as whole numbers. */
static void samp_merge(weir_call *c, void *into, const void *from)
{
    deviation *a = into;
    const deviation *b = from;
    double between = 0;
    if (a->n && b->n) {
        between = is_double(c) ? mean_of(c, a) - mean_of(c, b)
                               : (double)wrap_sub(a->sum.i / a->n, b->sum.i / b->n);
    }
    deviation_merge(c, a, b, between);
}

static void sample_merge(weir_call *c, void *into, const void *from)
{
    deviation *a = into;
    const deviation *b = from;
    deviation_merge(c, a, b, a->n && b->n ? mean_of(c, a) - mean_of(c, b) : 0);
}

static void deviation_save(weir_call *c, const void *state, weir_buf *out)
{
    const deviation *s = state;
    weir_buf_varint(out, (uint64_t)s->n);
    if (is_double(c)) {
        put_double(out, s->sum.d);
    } else {
        weir_buf_varint(out, weir_zigzag(s->sum.i));
    }
    put_double(out, s->m2);
}

static bool deviation_load(weir_call *c, void *state, weir_reader *in)
{
    deviation *s = state;
    if (!get_count(in, &s->n)) {
        return false;
    }
    if (is_double(c)) {
        s->sum.d = get_double(in);
    } else {
        s->sum.i = narrow(c, weir_unzigzag(weir_read_varint(in)));
    }
    s->m2 = get_double(in);
    return !in->bad;
}

/* ---- CORRELATION: Pearson's coefficient from six sums ---- */

typedef struct pairs {
    int64_t n;
    double x, y, xx, yy, xy;
} pairs;

static double as_double(const weir_call *c, const weir_value *v)
{
    return is_double(c) ? v->f64 : (double)whole(c, v);
}

static void pairs_add(pairs *s, double x, double y, double sign)
{
    s->x += sign * x;
    s->y += sign * y;
    s->xx += sign * (x * x);
    s->yy += sign * (y * y);
    s->xy += sign * (x * y);
    s->n = wrap_add(s->n, (int64_t)sign);
}

static bool pairs_step(weir_call *c, void *state, const weir_value *args)
{
    if (!args[0].null && !args[1].null) {
        pairs_add(state, as_double(c, &args[0]), as_double(c, &args[1]), 1);
    }
    return true;
}

static bool pairs_undo(weir_call *c, void *state, const weir_value *args)
{
    if (!args[0].null && !args[1].null) {
        pairs_add(state, as_double(c, &args[0]), as_double(c, &args[1]), -1);
    }
    return true;
}

static weir_value pairs_result(weir_call *c, const void *state)
{
    (void)c;
    const pairs *s = state;
    double n = (double)s->n;
    double spread = (n * s->xx - s->x * s->x) * (n * s->yy - s->y * s->y);
    return weir_double((n * s->xy - s->x * s->y) / sqrt(spread));
}

static void pairs_merge(weir_call *c, void *into, const void *from)
{
    (void)c;
    pairs *a = into;
    const pairs *b = from;
    a->n = wrap_add(a->n, b->n);
    a->x += b->x;
    a->y += b->y;
    a->xx += b->xx;
    a->yy += b->yy;
    a->xy += b->xy;
}

static void pairs_save(weir_call *c, const void *state, weir_buf *out)
{
    (void)c;
    const pairs *s = state;
    weir_buf_varint(out, weir_zigzag(s->n));
    put_double(out, s->x);
    put_double(out, s->y);
    put_double(out, s->xx);
    put_double(out, s->yy);
    put_double(out, s->xy);
}

static bool pairs_load(weir_call *c, void *state, weir_reader *in)
{
    (void)c;
    pairs *s = state;
    s->n = weir_unzigzag(weir_read_varint(in));
    s->x = get_double(in);
    s->y = get_double(in);
    s->xx = get_double(in);
    s->yy = get_double(in);
    s->xy = get_double(in);
    return !in->bad;
}

#define DEVIATION(signature, what, merging)                                                        \
    {                                                                                              \
        .sig = signature, .state_bytes = sizeof(deviation), .step = deviation_step,                \
        .undo = deviation_undo, .result = what##_result, .merge = merging##_merge,                 \
        .save = deviation_save, .load = deviation_load                                             \
    }
static const weir_agg stddev_samp_aggs[] = {DEVIATION("INT -> DOUBLE", variance, samp),
                                            DEVIATION("BIGINT -> DOUBLE", variance, samp),
                                            DEVIATION("DOUBLE -> DOUBLE", variance, samp)};
static const weir_agg stddev_sample_aggs[] = {DEVIATION("INT -> DOUBLE", deviation, sample),
                                              DEVIATION("BIGINT -> DOUBLE", deviation, sample),
                                              DEVIATION("DOUBLE -> DOUBLE", deviation, sample)};

#define CORRELATION(signature)                                                                     \
    {                                                                                              \
        .sig = signature, .state_bytes = sizeof(pairs), .step = pairs_step, .undo = pairs_undo,    \
        .result = pairs_result, .merge = pairs_merge, .save = pairs_save, .load = pairs_load       \
    }
static const weir_agg correlation_aggs[] = {CORRELATION("DOUBLE, DOUBLE -> DOUBLE"),
                                            CORRELATION("INT, INT -> DOUBLE"),
                                            CORRELATION("BIGINT, BIGINT -> DOUBLE")};

const weir_function weir_fn_agg_stats[] = {
    {.name = "STDDEV_SAMP", .category = WEIR_CAT_AGGREGATE,
     .doc = "The sample variance of the values that are not NULL (ksqlDB takes no square root).",
     .example = "STDDEV_SAMP(price) → 6.25", .aggs = stddev_samp_aggs,
     .n_aggs = WEIR_COUNT(stddev_samp_aggs)},
    {.name = "STDDEV_SAMPLE", .category = WEIR_CAT_AGGREGATE,
     .doc = "The sample standard deviation of the values that are not NULL.",
     .example = "STDDEV_SAMPLE(price) → 2.5", .aggs = stddev_sample_aggs,
     .n_aggs = WEIR_COUNT(stddev_sample_aggs)},
    {.name = "CORRELATION", .category = WEIR_CAT_AGGREGATE,
     .doc = "Pearson's correlation coefficient of two columns; NaN when one of them is constant.",
     .example = "CORRELATION(price, quantity) → -0.8", .aggs = correlation_aggs,
     .n_aggs = WEIR_COUNT(correlation_aggs)},
};
const uint32_t weir_fn_agg_stats_n = WEIR_COUNT(weir_fn_agg_stats);
