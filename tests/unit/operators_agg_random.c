/* Each aggregate against a naive one that computes from the list of all rows, over random sequences
 * of adding, taking back, merging, saving and loading; and batches against single rows. */
#include "tests/support/agg_test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ROWS_MAX 400

typedef struct hrow {
    weir_value args[AGG_ARGS_MAX];
    int64_t seq;
} hrow;

typedef struct history {
    hrow rows[ROWS_MAX];
    uint32_t n;
} history;

typedef weir_value (*naive_fn)(agg_test *t, const history *h);

enum { UNDO = 1, MERGE = 2, APPROX = 4 };

static bool row_eq(const agg_test *t, const hrow *a, const weir_value *args)
{
    for (uint32_t i = 0; i < t->call.nargs; i++) {
        if (!weir_value_eq(t->types[i], &a->args[i], &args[i])) {
            return false;
        }
    }
    return true;
}

static void forget(const agg_test *t, history *h, const weir_value *args)
{
    for (uint32_t i = h->n; i-- > 0;) {
        if (row_eq(t, &h->rows[i], args)) {
            memmove(&h->rows[i], &h->rows[i + 1], (h->n - i - 1) * sizeof h->rows[0]);
            h->n--;
            return;
        }
    }
    fail();
}

/* ---- naive aggregates ---- */

static const weir_value *arg(const history *h, uint32_t row)
{
    return &h->rows[row].args[0];
}

static weir_value naive_count(agg_test *t, const history *h)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        n += t->call.nargs == 0 || !arg(h, i)->null;
    }
    return weir_bigint(n);
}

static double number(const weir_type *t, const weir_value *v)
{
    return v->null                      ? 0
           : t->kind == WEIR_T_DOUBLE   ? v->f64
           : t->kind == WEIR_T_INTEGER  ? v->i32
           : t->kind == WEIR_T_DECIMAL  ? weir_dec_to_double(v->dec, (weir_dec_type){t->precision,
                                                                                     t->scale})
                                        : (double)v->i64;
}

static double naive_total(agg_test *t, const history *h)
{
    double sum = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        sum += number(t->types[0], arg(h, i));
    }
    return sum;
}

static weir_value of_number(agg_test *t, double d)
{
    const weir_type *type = t->call.type;
    if (type->kind == WEIR_T_DOUBLE) {
        return weir_double(d);
    }
    weir_value v = weir_null(type->kind);
    v.null = false;
    if (type->kind == WEIR_T_INTEGER) {
        v.i32 = (int32_t)d;
    } else if (type->kind == WEIR_T_BIGINT) {
        v.i64 = (int64_t)d;
    } else {
        weir_dec_from_double(&t->step, d, (weir_dec_type){type->precision, type->scale}, &v.dec);
    }
    return v;
}

static weir_value naive_sum(agg_test *t, const history *h)
{
    return of_number(t, naive_total(t, h));
}

static weir_value naive_sum_list(agg_test *t, const history *h)
{
    double sum = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        for (uint32_t k = 0; !arg(h, i)->null && k < arg(h, i)->n; k++) {
            sum += number(t->types[0]->item, &arg(h, i)->items[k]);
        }
    }
    return of_number(t, sum);
}

static weir_value naive_avg(agg_test *t, const history *h)
{
    int64_t n = naive_count(t, h).i64;
    return weir_double(n ? naive_total(t, h) / (double)n : 0.0);
}

static weir_value naive_best(agg_test *t, const history *h, int sign)
{
    weir_value best = weir_null(t->call.type->kind);
    for (uint32_t i = 0; i < h->n; i++) {
        const weir_value *v = arg(h, i);
        if (!v->null && (best.null || sign * weir_value_cmp(t->call.type, v, &best) > 0)) {
            best = *v;
        }
    }
    return best;
}

static weir_value naive_min(agg_test *t, const history *h)
{
    return naive_best(t, h, -1);
}

static weir_value naive_max(agg_test *t, const history *h)
{
    return naive_best(t, h, 1);
}

static bool seen(agg_test *t, const history *h, uint32_t row)
{
    for (uint32_t i = 0; i < row; i++) {
        if (weir_value_eq(t->types[0], arg(h, i), arg(h, row))) {
            return true;
        }
    }
    return false;
}

static weir_value naive_list(agg_test *t, const history *h, bool distinct)
{
    weir_value *items = WEIR_NEW_N(&t->step, weir_value, h->n + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        if (!distinct || !seen(t, h, i)) {
            items[n++] = *arg(h, i);
        }
    }
    return weir_array(items, n);
}

static weir_value naive_collect_list(agg_test *t, const history *h)
{
    return naive_list(t, h, false);
}

static weir_value naive_collect_set(agg_test *t, const history *h)
{
    return naive_list(t, h, true);
}

static weir_value naive_attr(agg_test *t, const history *h)
{
    weir_value set = naive_list(t, h, true);
    return set.n == 1 ? set.items[0] : weir_null(t->call.type->kind);
}

static weir_value naive_distinct(agg_test *t, const history *h)
{
    weir_value set = naive_list(t, h, true);
    int64_t n = set.n;
    for (uint32_t i = 0; i < set.n; i++) {
        n -= set.items[i].null;
    }
    return weir_bigint(n);
}

static weir_value naive_histogram(agg_test *t, const history *h)
{
    weir_value set = naive_list(t, h, true);
    weir_value *counts = WEIR_NEW_N(&t->step, weir_value, set.n + 1);
    weir_value *keys = WEIR_NEW_N(&t->step, weir_value, set.n + 1);
    for (uint32_t k = 0; k < set.n; k++) {
        keys[k] = set.items[k].null ? weir_string(WEIR_SV("null")) : set.items[k];
        counts[k] = weir_bigint(0);
        for (uint32_t i = 0; i < h->n; i++) {
            counts[k].i64 += weir_value_eq(t->types[0], arg(h, i), &set.items[k]);
        }
    }
    weir_value v = {.kind = WEIR_T_MAP, .n = set.n};
    v.keys = keys;
    v.items = counts;
    return v;
}

static int by_seq(const void *a, const void *b)
{
    const hrow *x = a;
    const hrow *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

/* The first (n > 0) or last n rows that count, by their order of arrival. */
static weir_value naive_offset(agg_test *t, const history *h, bool latest)
{
    uint32_t n = 1;
    bool keep_nulls = false;
    for (uint32_t i = 1; i < t->call.nargs; i++) {
        if (t->types[i]->kind == WEIR_T_BOOLEAN) {
            keep_nulls = !t->literals[i]->b;
        } else {
            n = (uint32_t)t->literals[i]->i32;
        }
    }
    history *sorted = weir_arena_alloc(&t->step, sizeof *sorted);
    *sorted = *h;
    qsort(sorted->rows, sorted->n, sizeof sorted->rows[0], by_seq);
    weir_value *items = WEIR_NEW_N(&t->step, weir_value, h->n + 1);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < sorted->n; i++) {
        if (keep_nulls || !arg(sorted, i)->null) {
            items[kept++] = *arg(sorted, i);
        }
    }
    uint32_t shown = kept < n ? kept : n;
    weir_value list = weir_array(latest ? items + (kept - shown) : items, shown);
    if (t->call.type->kind == WEIR_T_ARRAY) {
        return list;
    }
    return shown ? list.items[0] : weir_null(t->call.type->kind);
}

static weir_value naive_earliest(agg_test *t, const history *h)
{
    return naive_offset(t, h, false);
}

static weir_value naive_latest(agg_test *t, const history *h)
{
    return naive_offset(t, h, true);
}

/* Insertion sort, stable and descending. */
static weir_value naive_top(agg_test *t, const history *h, bool distinct)
{
    uint32_t others = t->call.nargs - 2;
    uint32_t k = (uint32_t)t->literals[t->call.nargs - 1]->i32;
    weir_value *items = WEIR_NEW_N(&t->step, weir_value, h->n + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        if (arg(h, i)->null || (distinct && seen(t, h, i))) {
            continue;
        }
        uint32_t at = n++;
        for (; at > 0; at--) {
            const weir_value *before = others ? &items[at - 1].items[0] : &items[at - 1];
            if (weir_value_cmp(t->types[0], before, arg(h, i)) >= 0) {
                break;
            }
            items[at] = items[at - 1];
        }
        items[at] = *arg(h, i);
        if (others) {
            items[at] = (weir_value){.kind = WEIR_T_STRUCT, .n = others + 1};
            items[at].items = h->rows[i].args;
        }
    }
    return weir_array(items, n < k ? n : k);
}

static weir_value naive_topk(agg_test *t, const history *h)
{
    return naive_top(t, h, false);
}

static weir_value naive_topkdistinct(agg_test *t, const history *h)
{
    return naive_top(t, h, true);
}

static weir_value naive_variance(agg_test *t, const history *h)
{
    double mean = naive_avg(t, h).f64;
    int64_t n = naive_count(t, h).i64;
    double m2 = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        double d = number(t->types[0], arg(h, i)) - mean;
        m2 += arg(h, i)->null ? 0 : d * d;
    }
    return weir_double(n < 2 ? 0 : m2 / (double)(n - 1));
}

static weir_value naive_deviation(agg_test *t, const history *h)
{
    return weir_double(sqrt(naive_variance(t, h).f64));
}

static weir_value naive_correlation(agg_test *t, const history *h)
{
    double s[2] = {0, 0};
    double n = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        const weir_value *a = h->rows[i].args;
        if (!a[0].null && !a[1].null) {
            s[0] += number(t->types[0], &a[0]);
            s[1] += number(t->types[1], &a[1]);
            n++;
        }
    }
    double xx = 0;
    double yy = 0;
    double xy = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        const weir_value *a = h->rows[i].args;
        if (!a[0].null && !a[1].null) {
            double x = number(t->types[0], &a[0]) - s[0] / n;
            double y = number(t->types[1], &a[1]) - s[1] / n;
            xx += x * x;
            yy += y * y;
            xy += x * y;
        }
    }
    return weir_double(xy / sqrt(xx * yy));
}

/* ---- random rows ---- */

static weir_value random_value(agg_test *t, weir_rng *rng, const weir_type *type)
{
    weir_value v = weir_null(type->kind);
    uint64_t r = weir_rng_below(rng, 24);
    if (r >= 20) {
        return v;
    }
    v.null = false;
    int32_t i = (int32_t)r - 10;
    switch (type->kind) {
    case WEIR_T_BOOLEAN:
        v.b = r % 2;
        break;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
        v.i32 = i;
        break;
    case WEIR_T_TIME:
        v.i32 = i + 10;
        break;
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        v.i64 = (int64_t)i * INT64_C(10000000000);
        break;
    case WEIR_T_DOUBLE:
        v.f64 = i * 0.5;
        break;
    case WEIR_T_DECIMAL: {
        weir_dec_type dt = {type->precision, type->scale};
        weir_dec_from_double(&t->plan, i * 1.25, dt, &v.dec);
        break;
    }
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        v.sv = weir_arena_printf(&t->plan, "%.*s", i + 10, "abcdefghijklmnopqrstu");
        break;
    case WEIR_T_ARRAY: {
        weir_value *items = WEIR_NEW_N(&t->plan, weir_value, r % 4 + 1);
        for (uint32_t k = 0; k < r % 4; k++) {
            items[k] = random_value(t, rng, type->item);
        }
        v = weir_array(items, (uint32_t)(r % 4));
        break;
    }
    case WEIR_T_MAP: {
        weir_value *items = WEIR_NEW_N(&t->plan, weir_value, 2);
        items[0] = weir_string(r % 2 ? WEIR_SV("k") : WEIR_SV("key"));
        items[1] = random_value(t, rng, type->item);
        v.n = 1;
        v.keys = &items[0];
        v.items = &items[1];
        break;
    }
    case WEIR_T_STRUCT: {
        weir_value *items = WEIR_NEW_N(&t->plan, weir_value, type->n_fields);
        for (uint32_t k = 0; k < type->n_fields; k++) {
            items[k] = random_value(t, rng, type->fields[k].type);
        }
        v.n = type->n_fields;
        v.items = items;
        break;
    }
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        fail();
    }
    return v;
}

static void random_args(agg_test *t, weir_rng *rng, weir_value *args)
{
    for (uint32_t i = 0; i < t->call.nargs; i++) {
        args[i] = t->literals[i] ? *t->literals[i] : random_value(t, rng, t->types[i]);
    }
}

static void check_result(agg_test *t, void *state, naive_fn naive, const history *h, int flags)
{
    weir_value now = agg_test_result(t, state);
    weir_value expected = naive(t, h);
    bool same = weir_value_eq(t->call.type, &now, &expected);
    if (!same && (flags & APPROX)) {
        /* Rounding, relative to what went in: a BIGINT here is up to 1e11, squared in a variance. */
        double scale = naive == naive_correlation             ? 1
                       : t->types[0]->kind != WEIR_T_BIGINT   ? 100
                       : naive == naive_variance              ? 1e22
                                                              : 1e11;
        double tolerance = 1e-7 * scale;
        same = fabs(now.f64 - expected.f64) <= tolerance || isnan(expected.f64) ||
               (isnan(now.f64) && fabs(expected.f64) <= tolerance);
    }
    if (!same) {
        print_error("%s: %s, expected %s\n", t->call.function->name, agg_test_text(t, &now),
                    agg_test_text(t, &expected));
        fail();
    }
}

/* ---- the sequences ---- */

static void run_sequence(agg_test *t, weir_rng *rng, naive_fn naive, int flags)
{
    static history h[2];
    void *states[2] = {agg_test_new(t), agg_test_new(t)};
    h[0].n = h[1].n = 0;
    int64_t seq = 0;
    for (int step = 0; step < 150; step++) {
        uint32_t which = (uint32_t)weir_rng_below(rng, 2);
        history *own = &h[which];
        history *other = &h[1 - which];
        uint64_t what = weir_rng_below(rng, 20);
        if (what < 14 && own->n < ROWS_MAX / 2) {
            hrow *row = &own->rows[own->n++];
            random_args(t, rng, row->args);
            row->seq = seq++;
            assert_true(agg_test_add(t, states[which], row->args));
        } else if (what < 17 && (flags & UNDO) && own->n) {
            hrow gone = own->rows[weir_rng_below(rng, own->n)];
            assert_true(t->agg->undo(&t->call, states[which], gone.args));
            forget(t, own, gone.args);
        } else if (what == 17 && (flags & MERGE) && own->n + other->n < ROWS_MAX / 2) {
            t->agg->merge(&t->call, states[which], states[1 - which]);
            agg_test_free(t, states[1 - which]);
            states[1 - which] = agg_test_new(t);
            memcpy(&own->rows[own->n], other->rows, other->n * sizeof other->rows[0]);
            own->n += other->n;
            other->n = 0;
        } else if (what == 18) {
            states[which] = agg_test_reload(t, states[which], rng);
        }
        check_result(t, states[which], naive, own, flags);
        weir_arena_reset(&t->step);
    }
    agg_test_free(t, states[0]);
    agg_test_free(t, states[1]);
}

/* Batches over five groups, with a selection and without, against single rows. */
static void run_batches(agg_test *t, weir_rng *rng)
{
    enum { GROUPS = 5 };
    void *batched[GROUPS];
    void *single[GROUPS];
    for (int i = 0; i < GROUPS; i++) {
        batched[i] = agg_test_new(t);
        single[i] = agg_test_new(t);
    }
    for (int round = 0; round < 6; round++) {
        weir_vec vecs[AGG_ARGS_MAX];
        weir_vec emit;
        weir_vec_init(&emit, &t->step, t->call.type);
        uint32_t rows = 1 + (uint32_t)weir_rng_below(rng, 60);
        for (uint32_t k = 0; k < t->call.nargs; k++) {
            weir_vec_init(&vecs[k], &t->step, t->types[k]);
        }
        uint16_t sel[64];
        void *states[64];
        uint32_t group[64];
        uint32_t n = 0;
        weir_value args[64][AGG_ARGS_MAX];
        for (uint32_t row = 0; row < rows; row++) {
            random_args(t, rng, args[row]);
            for (uint32_t k = 0; k < t->call.nargs; k++) {
                weir_vec_put(&vecs[k], &t->step, row, &args[row][k]);
            }
            if (round % 2 == 0 || weir_rng_below(rng, 2)) {
                group[n] = (uint32_t)weir_rng_below(rng, GROUPS);
                states[n] = batched[group[n]];
                sel[n++] = (uint16_t)row;
            }
        }
        bool emits = round % 3 != 2;
        assert_true(t->agg->update(&t->call, states, vecs, round % 2 ? sel : NULL, n,
                                   emits ? &emit : NULL));
        for (uint32_t i = 0; i < n; i++) {
            assert_true(agg_test_add(t, single[group[i]], args[sel[i]]));
            weir_value expected = agg_test_result(t, single[group[i]]);
            if (emits) {
                weir_value now = weir_vec_get(&emit, sel[i]);
                assert_true(weir_value_eq(t->call.type, &now, &expected));
            }
        }
        weir_arena_reset(&t->step);
    }
    for (int i = 0; i < GROUPS; i++) {
        weir_value a = agg_test_result(t, batched[i]);
        weir_value b = agg_test_result(t, single[i]);
        assert_true(weir_value_eq(t->call.type, &a, &b));
        agg_test_free(t, batched[i]);
        agg_test_free(t, single[i]);
    }
}

/* `types`: one letter per argument: i l d s b D T S (date, time, timestamp), m n w (decimals of 20,
 * 38 and 60 digits), B boolean; A L C arrays of i, l, d; x a struct, y a map, q an array of
 * strings. A digit is the literal 2 … 9 of an INT, t and f are literals of a BOOLEAN. */
static const weir_type *type_of(agg_test *t, char c)
{
    static const struct {
        char letter;
        weir_kind kind;
    } scalars[] = {{'i', WEIR_T_INTEGER}, {'l', WEIR_T_BIGINT}, {'d', WEIR_T_DOUBLE},
                   {'s', WEIR_T_STRING},  {'b', WEIR_T_BYTES},  {'D', WEIR_T_DATE},
                   {'T', WEIR_T_TIME},    {'S', WEIR_T_TIMESTAMP}, {'B', WEIR_T_BOOLEAN},
                   {'t', WEIR_T_BOOLEAN}, {'f', WEIR_T_BOOLEAN}};
    for (size_t i = 0; i < WEIR_COUNT(scalars); i++) {
        if (scalars[i].letter == c) {
            return weir_type_of(scalars[i].kind);
        }
    }
    weir_field fields[] = {{WEIR_SV("A"), weir_type_of(WEIR_T_STRING)},
                           {WEIR_SV("B"), weir_type_decimal(&t->plan, 50, 5)},
                           {WEIR_SV("C"), weir_type_of(WEIR_T_INTEGER)}};
    switch (c) {
    case 'm':
        return weir_type_decimal(&t->plan, 20, 4);
    case 'n':
        return weir_type_decimal(&t->plan, 38, 4);
    case 'w':
        return weir_type_decimal(&t->plan, 60, 4);
    case 'A':
        return weir_type_array(&t->plan, type_of(t, 'i'));
    case 'L':
        return weir_type_array(&t->plan, type_of(t, 'l'));
    case 'C':
        return weir_type_array(&t->plan, type_of(t, 'd'));
    case 'q':
        return weir_type_array(&t->plan, type_of(t, 's'));
    case 'x':
        return weir_type_struct(&t->plan, fields, WEIR_COUNT(fields));
    case 'y':
        return weir_type_map(&t->plan, type_of(t, 's'), type_of(t, 'q'));
    default:
        return weir_type_of(WEIR_T_INTEGER);
    }
}

static void check(const char *name, const char *shapes, naive_fn naive, int flags)
{
    char text[128];
    snprintf(text, sizeof text, "%s", shapes);
    char *rest = text;
    uint64_t seed = 1;
    for (char *shape = strtok_r(rest, " ", &rest); shape; shape = strtok_r(NULL, " ", &rest)) {
        agg_test t;
        agg_test_init(&t);
        const weir_type *types[AGG_ARGS_MAX];
        const weir_value *literals[AGG_ARGS_MAX] = {NULL};
        uint32_t n = shape[0] == '-' ? 0 : (uint32_t)strlen(shape);
        for (uint32_t i = 0; i < n; i++) {
            types[i] = type_of(&t, shape[i]);
            weir_value *v = WEIR_NEW(&t.plan, weir_value);
            if (shape[i] >= '0' && shape[i] <= '9') {
                *v = weir_int(shape[i] - '0');
                literals[i] = v;
            } else if (shape[i] == 't' || shape[i] == 'f') {
                *v = weir_bool(shape[i] == 't');
                literals[i] = v;
            }
        }
        assert_ok(agg_test_resolve(&t, name, types, literals, n), &t.st);
        assert_true(!(flags & UNDO) == !t.agg->undo);
        for (int i = 0; i < 8; i++) {
            weir_rng rng;
            weir_rng_seed(&rng, seed++);
            run_sequence(&t, &rng, naive, flags);
            if (t.agg->update) {
                run_batches(&t, &rng);
            }
        }
        agg_test_deinit(&t);
    }
}

static void counts_and_sums(void **state)
{
    (void)state;
    check("COUNT", "- i s x", naive_count, UNDO | MERGE);
    check("SUM", "i l d m n w", naive_sum, UNDO | MERGE);
    check("SUM_LIST", "A L C", naive_sum_list, UNDO | MERGE);
    check("AVG", "i l d", naive_avg, UNDO | MERGE);
}

static void extremes(void **state)
{
    (void)state;
    check("MIN", "i l d m w D T S s b", naive_min, MERGE);
    check("MAX", "i l d m w D T S s b", naive_max, MERGE);
    check("TOPK", "i3 l3 d5 s2 is3 ssx4 dy5", naive_topk, MERGE);
    check("TOPKDISTINCT", "i3 l3 d5 s2 m3 w4 D2 T2 S2 b9", naive_topkdistinct, MERGE);
}

static void collections(void **state)
{
    (void)state;
    check("COLLECT_LIST", "i d s b w B x y q D", naive_collect_list, UNDO | MERGE);
    check("COLLECT_SET", "i d s b w B x y q S", naive_collect_set, MERGE);
    check("HISTOGRAM", "s", naive_histogram, UNDO | MERGE);
    check("ATTR", "B s x y", naive_attr, UNDO | MERGE);
    check("COUNT_DISTINCT", "i l d s w x", naive_distinct, MERGE);
    check("COUNT_DISTINCT_EXACT", "i l d s w x", naive_distinct, UNDO | MERGE);
}

static void by_offset(void **state)
{
    (void)state;
    check("EARLIEST_BY_OFFSET", "i s x it sf i3 w3 s3t s3f y2f", naive_earliest, MERGE);
    check("LATEST_BY_OFFSET", "i s b x it sf", naive_latest, MERGE);
    check("LATEST_BY_OFFSET", "i3 w3 s3t s3f y2f", naive_latest, 0);
}

static void statistics(void **state)
{
    (void)state;
    check("STDDEV_SAMP", "i l d", naive_variance, UNDO | APPROX);
    check("STDDEV_SAMP", "d", naive_variance, UNDO | MERGE | APPROX);
    check("STDDEV_SAMPLE", "i l d", naive_deviation, UNDO | MERGE | APPROX);
    check("CORRELATION", "ii ll dd", naive_correlation, UNDO | MERGE | APPROX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_sums), cmocka_unit_test(extremes),
        cmocka_unit_test(collections),     cmocka_unit_test(by_offset),
        cmocka_unit_test(statistics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
