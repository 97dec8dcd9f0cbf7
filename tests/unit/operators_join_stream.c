/* Stream–stream joins against a model of Kafka Streams' that keeps every row in a list. */
#include "operators/op_join_stream.h"
#include "tests/support/op_test.h"

#define ROWS 1200

typedef struct kept {
    int64_t time, key, value;
    int side;
    bool waits;
} kept;

typedef struct model {
    kept *at;
    size_t n;
    weir_buf out;
    key_shape shape;
    weir_join type;
    int64_t before, after, grace;
    bool has_grace;
    int64_t stream_time, least, newest[2];
    int64_t residual; /* pairs whose values add up to a multiple of it do not meet; 0: none */
} model;

static void print_cell(weir_buf *out, key_shape shape, int64_t key, int64_t value, bool there)
{
    if (shape != KEY_BIGINT) {
        weir_buf_printf(out, there && key >= 0 ? " k%02lld" : " null", (long long)key);
    }
    if (shape != KEY_TEXT) {
        weir_buf_printf(out, there && key >= 0 ? " %lld" : " null", (long long)key);
    }
    weir_buf_printf(out, there ? " %lld" : " null", (long long)value);
}

static void print_joined(model *m, int64_t seq, int64_t time, int64_t key, const int64_t *values)
{
    weir_buf_printf(&m->out, "%lld @%lld ", (long long)seq, (long long)time);
    if (key < 0) {
        weir_buf_str(&m->out, "nokey");
    } else {
        weir_buf_printf(&m->out, m->shape == KEY_BIGINT ? "%lld" : "k%02lld", (long long)key);
        if (m->shape == KEY_TWO) {
            weir_buf_printf(&m->out, "%lld", (long long)key);
        }
    }
    for (int side = 0; side < 2; side++) {
        print_cell(&m->out, m->shape, key, values[side], values[side] >= 0);
    }
    weir_buf_byte(&m->out, '\n');
}

static void print_alone(model *m, int64_t seq, const kept *r)
{
    int64_t values[2] = {-1, -1};
    values[r->side] = r->value;
    print_joined(m, seq, r->time, r->key, values);
}

static bool outer(const model *m, int side)
{
    return m->type == WEIR_JOIN_FULL || m->type == (side ? WEIR_JOIN_RIGHT : WEIR_JOIN_LEFT);
}

static int64_t after(const model *m, int side)
{
    return side ? m->before : m->after;
}

/* At one time: the right side first, then by key; then by arrival. */
static int by_order(const void *a, const void *b)
{
    const kept *x = *(kept *const *)a;
    const kept *y = *(kept *const *)b;
    if (x->time != y->time) {
        return x->time < y->time ? -1 : 1;
    }
    if (x->side != y->side) {
        return x->side > y->side ? -1 : 1;
    }
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return (x > y) - (x < y);
}

static void release(model *m, int side, int64_t seq)
{
    if (m->least == INT64_MAX || m->least + after(m, side) + m->grace >= m->stream_time) {
        return;
    }
    m->least = INT64_MAX;
    kept **waiting = weir_alloc((m->n + 1) * sizeof *waiting);
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++) {
        if (m->at[i].waits) {
            waiting[n++] = &m->at[i];
        }
    }
    qsort(waiting, n, sizeof *waiting, by_order);
    bool open[2] = {false, false};
    for (size_t i = 0; i < n; i++) {
        kept *w = waiting[i];
        m->least = w->time;
        if (open[0] && open[1]) {
            break;
        }
        if (w->time + after(m, w->side) + m->grace >= m->stream_time) {
            open[w->side] = true;
        } else {
            print_alone(m, seq, w);
            w->waits = false;
        }
    }
    weir_free(waiting);
}

static void model_row(model *m, const test_row *row, int64_t seq)
{
    int side = (int)row->port;
    m->stream_time = weir_max64(m->stream_time, row->time);
    kept now = {.time = row->time, .key = row->key, .value = row->value, .side = side};
    if (row->value < 0) {
        return;
    }
    if (row->key < 0) {
        if (outer(m, side)) {
            print_alone(m, seq, &now);
        }
        return;
    }
    bool waits = m->has_grace && m->type != WEIR_JOIN_INNER;
    if (waits && row->time == m->stream_time) {
        release(m, side, seq);
    }
    int64_t retention = m->before + m->after + m->grace;
    int64_t from = weir_max64(0, row->time - after(m, 1 - side));
    int64_t to = row->time + after(m, side);
    bool met = false;
    for (int64_t t = from; t <= to; t++) { /* by time, then by arrival */
        for (size_t i = 0; i < m->n; i++) {
            kept *k = &m->at[i];
            if (k->time != t || k->side == side || k->key != row->key ||
                t <= m->newest[1 - side] - retention) {
                continue;
            }
            if (m->residual && (k->value + row->value) % m->residual == 0) {
                continue;
            }
            for (size_t w = 0; w < m->n; w++) {
                kept *x = &m->at[w];
                x->waits &= !(x->time == t && x->side == k->side && x->key == k->key);
            }
            int64_t values[2] = {side ? k->value : row->value, side ? row->value : k->value};
            print_joined(m, seq, weir_max64(t, row->time), row->key, values);
            met = true;
        }
    }
    if (outer(m, side) && !met) {
        if (!waits || to < m->stream_time) {
            print_alone(m, seq, &now);
        } else {
            now.waits = true;
            m->least = weir_min64(m->least, row->time);
        }
    }
    m->newest[side] = weir_max64(m->newest[side], row->time);
    m->at[m->n++] = now;
}

static test_row *random_rows(uint64_t seed, uint32_t n, bool rotate)
{
    weir_rng rng;
    weir_rng_seed(&rng, seed);
    test_row *rows = weir_zalloc(n * sizeof *rows);
    int64_t now = 0;
    uint32_t port = 0;
    for (uint32_t i = 0; i < n; i++) {
        now += (int64_t)weir_rng_below(&rng, 6);
        now += weir_rng_below(&rng, 200) ? 0 : 500;
        port = weir_rng_below(&rng, 3) ? port : (uint32_t)weir_rng_below(&rng, 2);
        int64_t back = weir_rng_below(&rng, 3) ? 0 : (int64_t)weir_rng_below(&rng, 60);
        rows[i] = (test_row){.port = port,
                             .time = weir_max64(0, now - back),
                             .key = (int64_t)weir_rng_below(&rng, 10) - (i % 60 == 0) +
                                    (rotate ? i / 500 % 50 : 0),
                             .value = (int64_t)weir_rng_below(&rng, 1000)};
        if (i % 47 == 0) {
            rows[i].value = -1;
        }
    }
    return rows;
}

static const uint32_t batch_sizes[] = {1, 3, 1024};

/* (left.V + right.V) % by <> 0 */
static const weir_expr *residual(rig *r, int64_t by)
{
    weir_arena *a = &r->arena;
    const weir_type *bigint = weir_type_of(WEIR_T_BIGINT);
    uint32_t n = r->inputs[0].schema->n;
    weir_expr *left = weir_expr_new(a, WEIR_EX_COLUMN, bigint, NULL, 0);
    weir_expr *right = weir_expr_new(a, WEIR_EX_COLUMN, bigint, NULL, 0);
    left->column = n - 1;
    right->column = 2 * n - 1;
    const weir_expr *sum_kids[] = {left, right};
    const weir_expr *sum = weir_expr_new(a, WEIR_EX_ADD, bigint, sum_kids, 2);
    const weir_expr *mod_kids[] = {sum, weir_expr_literal(a, bigint, weir_bigint(by))};
    const weir_expr *mod = weir_expr_new(a, WEIR_EX_MOD, bigint, mod_kids, 2);
    const weir_expr *ne_kids[] = {mod, weir_expr_literal(a, bigint, weir_bigint(0))};
    return weir_expr_new(a, WEIR_EX_NE, weir_type_of(WEIR_T_BOOLEAN), ne_kids, 2);
}

/* What the operator makes of the rows, when it is restarted every so many of them (0: never). */
static void check_run(const model *m, const test_row *rows, uint32_t n, uint32_t batch, uint32_t restart)
{
    rig r;
    rig_init(&r, weir_ops_builtin()->join_stream, m->shape);
    rig_join(&r, WEIR_N_JOIN_STREAM, m->type);
    r.node.join.before_ms = m->before;
    r.node.join.after_ms = m->after;
    r.node.join.has_grace = m->has_grace;
    r.node.join.grace_ms = m->grace;
    r.node.join.residual = m->residual ? residual(&r, m->residual) : NULL;
    r.batch_rows = batch;
    r.gaps = batch == 3 ? 0 : 4;
    r.durable = restart > 0;
    rig_open(&r);
    rig_run(&r, rows, n, restart);
    rig_expect(&r, weir_buf_cstr((weir_buf *)&m->out));
    rig_deinit(&r);
}

static model model_of(const model *spec, key_shape shape, const test_row *rows, uint32_t n)
{
    model m = *spec;
    m.shape = shape;
    m.stream_time = m.newest[0] = m.newest[1] = -1;
    m.least = INT64_MAX;
    m.at = weir_zalloc(n * sizeof *m.at);
    for (uint32_t i = 0; i < n; i++) {
        model_row(&m, &rows[i], i);
    }
    weir_free(m.at);
    assert_true(m.out.n > 1000);
    return m;
}

static void check(model spec, uint64_t seed)
{
    test_row *rows = random_rows(seed, ROWS, false);
    for (key_shape shape = 0; shape < KEY_SHAPES; shape++) {
        model m = model_of(&spec, shape, rows, ROWS);
        for (uint32_t k = 0; k < WEIR_COUNT(batch_sizes); k++) {
            check_run(&m, rows, ROWS, batch_sizes[k], 0);
            check_run(&m, rows, ROWS, batch_sizes[k], 60);
        }
        weir_buf_deinit(&m.out);
    }
    weir_free(rows);
}

static void test_inner(void **state)
{
    (void)state;
    check((model){.type = WEIR_JOIN_INNER, .before = 20, .after = 20, .grace = 100}, 1);
    check((model){.type = WEIR_JOIN_INNER, .before = 0, .after = 30, .grace = 0,
                  .has_grace = true}, 2);
}

static void test_eager(void **state)
{
    (void)state;
    check((model){.type = WEIR_JOIN_LEFT, .before = 10, .after = 10, .grace = 100000}, 3);
    check((model){.type = WEIR_JOIN_FULL, .before = 10, .after = 25, .grace = 50}, 4);
}

static void test_patient(void **state)
{
    (void)state;
    static const weir_join types[] = {WEIR_JOIN_LEFT, WEIR_JOIN_RIGHT, WEIR_JOIN_FULL};
    for (uint32_t i = 0; i < WEIR_COUNT(types); i++) {
        check((model){.type = types[i], .before = 10, .after = 10, .has_grace = true}, 5 + i);
        check((model){.type = types[i], .before = 5, .after = 30, .grace = 40,
                      .has_grace = true}, 15 + i);
    }
}

static void test_residual(void **state)
{
    (void)state;
    check((model){.type = WEIR_JOIN_FULL, .before = 10, .after = 10, .grace = 20,
                  .has_grace = true, .residual = 2}, 30);
    check((model){.type = WEIR_JOIN_INNER, .before = 10, .after = 10, .grace = 20,
                  .residual = 3}, 31);
}

/* One row that meets more rows than a batch holds. */
static void test_many_matches(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    test_row *rows = weir_zalloc((MANY + 1) * sizeof *rows);
    weir_buf expected = {0};
    for (uint32_t i = 0; i < MANY; i++) {
        rows[i] = (test_row){.port = 1, .time = 5, .key = 1, .value = i};
        weir_buf_printf(&expected, "%d @7 1 1 9 1 %u\n", MANY, i);
    }
    rows[MANY] = (test_row){.port = 0, .time = 7, .key = 1, .value = 9};
    rig r;
    rig_init(&r, weir_ops_builtin()->join_stream, KEY_BIGINT);
    rig_join(&r, WEIR_N_JOIN_STREAM, WEIR_JOIN_INNER);
    r.node.join.before_ms = r.node.join.after_ms = 10;
    rig_open(&r);
    rig_run(&r, rows, MANY + 1, 0);
    rig_expect(&r, weir_buf_cstr(&expected));
    rig_deinit(&r);
    weir_buf_deinit(&expected);
    weir_free(rows);
}

/* More rows than a few blocks hold, of keys that come and go: blocks and keys expire. */
static void test_long(void **state)
{
    (void)state;
    enum { LONG = 6000 };
    static const model specs[] = {
        {.type = WEIR_JOIN_INNER, .before = 20, .after = 20, .grace = 300},
        {.type = WEIR_JOIN_FULL, .before = 10, .after = 30, .grace = 5000, .has_grace = true},
    };
    test_row *rows = random_rows(40, LONG, true);
    for (uint32_t i = 0; i < WEIR_COUNT(specs); i++) {
        model m = model_of(&specs[i], KEY_TEXT, rows, LONG);
        check_run(&m, rows, LONG, 1024, 0);
        check_run(&m, rows, LONG, 1024, 700);
        weir_buf_deinit(&m.out);
    }
    weir_free(rows);
}

/* ---- the rows by themselves ---- */

typedef struct put_row {
    int64_t time;
    uint32_t key, length;
} put_row;

static uint32_t text_of(char *to, uint32_t i, const put_row *row)
{
    memset(to, 'a' + (char)(i % 26), row->length);
    memcpy(to, &i, sizeof i);
    return row->length;
}

/* Rows of all sizes against a list: what is fetched before and after rows expire, and whether all is
 * given back in the end. */
static void test_rows(void **state)
{
    (void)state;
    enum { ROUNDS = 3000, KEYS = 7, RETENTION = 2000, TEXT_MAX = 300000 };
    static const uint32_t lengths[] = {4, 5, 30, 3000, 65000, 65500, 65536, 200000};
    put_row *rows = weir_zalloc(ROUNDS * sizeof *rows);
    char *text = weir_alloc(TEXT_MAX);
    const stream_kept **found = NULL;
    size_t cap = 0;
    stream_store s = {0};
    weir__rows_open(&s);
    weir_rng rng;
    weir_rng_seed(&rng, 50);
    int64_t now = 0;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        now += (int64_t)weir_rng_below(&rng, 20);
        put_row *row = &rows[i];
        bool large = weir_rng_below(&rng, 20) == 0;
        *row = (put_row){weir_max64(now - (int64_t)weir_rng_below(&rng, 100), 0),
                         (uint32_t)weir_rng_below(&rng, KEYS) + i / 200 * KEYS,
                         lengths[weir_rng_below(&rng, large ? WEIR_COUNT(lengths) : 3)]};
        char name[16];
        weir_sv key = weir_sv_of(name, (size_t)snprintf(name, sizeof name, "key %u", row->key));
        stream_hint none = {0};
        stream_entry *e = weir__rows_entry(&s, key, &none);
        weir_sv bytes = {text, text_of(text, i, row)};
        assert_true(weir__rows_put(&s, 1, e, row->time, bytes));
        s.log[1].newest = weir_max64(s.log[1].newest, row->time);
        int64_t from = weir_max64(now - 500, s.log[1].newest - RETENTION + 1);
        size_t n = 0;
        weir__rows_fetch(&s, 1, e, from, now - 10, &found, &n, &cap);
        size_t expected = 0;
        for (uint32_t k = 0; k <= i; k++) {
            expected += rows[k].key == row->key && rows[k].time >= from && rows[k].time <= now - 10;
        }
        assert_int_equal(n, expected);
        for (size_t k = 0; k < n; k++) {
            uint32_t which;
            memcpy(&which, found[k]->bytes, sizeof which);
            assert_int_equal(found[k]->time, rows[which].time);
            assert_int_equal(found[k]->n, text_of(text, which, &rows[which]));
            assert_memory_equal(found[k]->bytes, text, found[k]->n);
            assert_true(k == 0 || found[k]->time >= found[k - 1]->time);
        }
        weir__rows_expire(&s, RETENTION);
    }
    assert_true(weir_hmap_count(s.map) <= 4 * KEYS);
    s.log[1].newest = now + RETENTION;
    weir__rows_expire(&s, RETENTION);
    assert_int_equal(weir_hmap_count(s.map), 0);
    assert_int_equal(s.log[1].first, s.log[1].n);
    weir__rows_close(&s);
    weir_free(found);
    weir_free(text);
    weir_free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inner),    cmocka_unit_test(test_eager),
        cmocka_unit_test(test_patient),  cmocka_unit_test(test_residual),
        cmocka_unit_test(test_many_matches), cmocka_unit_test(test_long),
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
