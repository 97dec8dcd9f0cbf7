/* Aggregations against a model that keeps everything and takes a row at a time. */
#include "tests/support/op_test.h"

#define ROWS 1500

/* One group, or one window of one group. */
typedef struct group {
    int64_t key, start;
    int64_t count, time;
    char *list;
    bool emitted; /* has been passed on */
} group;

typedef struct model {
    group *at;
    size_t n, cap;
    weir_buf out;
    key_shape shape;
    weir_window window;
    bool old, final;
    int64_t stream_time, last_close, max_start;
} model;

static group *group_of(model *m, int64_t key, int64_t start, bool make)
{
    for (size_t i = 0; i < m->n; i++) {
        if (m->at[i].key == key && m->at[i].start == start) {
            return &m->at[i];
        }
    }
    if (!make) {
        return NULL;
    }
    assert_true(m->n < m->cap); /* pointers stay */
    m->at[m->n] = (group){.key = key, .start = start, .list = weir_strdup("")};
    return &m->at[m->n++];
}

static void list_append(group *g, char sign, int64_t value)
{
    char more[32];
    snprintf(more, sizeof more, "%c%lld", sign, (long long)value);
    text_add(&g->list, more);
}

static void print_key(weir_buf *out, key_shape shape, int64_t key)
{
    if (shape != KEY_BIGINT) {
        weir_buf_printf(out, "k%02lld", (long long)key);
    }
    if (shape != KEY_TEXT) {
        weir_buf_printf(out, "%lld", (long long)key);
    }
}

static void print_group(model *m, const group *g, int64_t count, const char *list)
{
    if (list) {
        weir_buf_printf(&m->out, " %lld %s", (long long)count, list);
    } else {
        weir_buf_str(&m->out, " -");
    }
    if (m->window.kind != WEIR_WINDOW_NONE) {
        weir_buf_printf(&m->out, " %lld %lld", (long long)g->start,
                        (long long)(g->start + m->window.size_ms));
    }
}

static void print_update(model *m, const group *g, int64_t seq, int64_t old_count, const char *old)
{
    weir_buf_printf(&m->out, "%lld @%lld ", (long long)seq, (long long)g->time);
    print_key(&m->out, m->shape, g->key);
    print_group(m, g, g->count, g->list);
    if (m->old) {
        weir_buf_str(&m->out, " <-");
        print_group(m, g, old_count, old);
    }
    weir_buf_byte(&m->out, '\n');
}

static int by_start_and_key(const void *a, const void *b)
{
    const group *x = *(group *const *)a;
    const group *y = *(group *const *)b;
    if (x->start != y->start) {
        return x->start < y->start ? -1 : 1;
    }
    return (x->key > y->key) - (x->key < y->key);
}

/* As Kafka Streams does after each record; keys of one byte length sort as numbers. */
static void model_final(model *m, int64_t seq)
{
    int64_t close = m->stream_time - m->window.grace_ms;
    if (m->last_close != -1 && m->last_close >= close) {
        return;
    }
    int64_t upper = close - m->window.size_ms;
    if (upper < 0) {
        return;
    }
    int64_t lower = 0;
    if (m->last_close != -1) {
        lower = weir_max64(0, m->last_close - m->window.size_ms) + 1;
        bool same = true;
        int64_t from = weir_window_first_start(&m->window, lower - 1);
        for (int64_t s = from; s <= upper || s <= lower - 1; s += m->window.advance_ms) {
            bool in_lower = s <= lower - 1 && lower - 1 < s + m->window.size_ms;
            bool in_upper = s <= upper && upper < s + m->window.size_ms;
            same &= in_lower == in_upper;
        }
        if (same) {
            return;
        }
    }
    group **ready = weir_alloc((m->n + 1) * sizeof *ready);
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++) {
        group *g = &m->at[i];
        if (g->start >= lower && g->start <= upper &&
            g->start >= m->max_start - m->window.retention_ms) {
            ready[n++] = g;
        }
    }
    qsort(ready, n, sizeof *ready, by_start_and_key);
    for (size_t i = 0; i < n; i++) {
        print_update(m, ready[i], seq, 0, NULL);
    }
    weir_free(ready);
    m->last_close = close;
}

static void model_add(model *m, int64_t key, int64_t start, const test_row *row, int64_t seq)
{
    group *g = group_of(m, key, start, true);
    int64_t old_count = g->count;
    char *old = g->emitted ? weir_strdup(g->list) : NULL;
    g->count++;
    list_append(g, '+', row->value);
    g->time = weir_max64(g->time, row->time);
    m->max_start = weir_max64(m->max_start, start);
    if (!m->final) {
        print_update(m, g, seq, old_count, old);
    }
    g->emitted = true;
    weir_free(old);
}

static void model_row(model *m, const test_row *row, int64_t seq, uint64_t *late)
{
    if (row->key < 0 || row->value < 0) {
        return;
    }
    if (m->window.kind == WEIR_WINDOW_NONE) {
        model_add(m, row->key, 0, row, seq);
        return;
    }
    m->stream_time = weir_max64(m->stream_time, row->time);
    for (int64_t s = 0; s <= row->time; s += m->window.advance_ms) {
        int64_t end = s + m->window.size_ms;
        if (row->time >= end) {
            continue;
        }
        if (end > m->stream_time - m->window.grace_ms) {
            model_add(m, row->key, s, row, seq);
        } else {
            ++*late;
        }
    }
    if (m->final) {
        model_final(m, seq);
    }
}

static void model_free(model *m)
{
    for (size_t i = 0; i < m->n; i++) {
        weir_free(m->at[i].list);
    }
    weir_free(m->at);
    weir_buf_deinit(&m->out);
}

static test_row *random_rows(uint64_t seed, uint32_t n, int64_t step, int64_t disorder)
{
    weir_rng rng;
    weir_rng_seed(&rng, seed);
    test_row *rows = weir_zalloc(n * sizeof *rows);
    int64_t now = 0;
    for (uint32_t i = 0; i < n; i++) {
        now += (int64_t)weir_rng_below(&rng, (uint64_t)step);
        if (weir_rng_below(&rng, 300) == 0) {
            now += disorder * 3;
        }
        bool late = weir_rng_below(&rng, 3) == 0;
        int64_t back = late ? (int64_t)weir_rng_below(&rng, (uint64_t)disorder) : 0;
        rows[i] = (test_row){.time = weir_max64(0, now - back),
                             .key = (int64_t)weir_rng_below(&rng, 12),
                             .value = (int64_t)weir_rng_below(&rng, 1000)};
        if (weir_rng_below(&rng, 40) == 0) {
            rows[i].key = -1;
        } else if (weir_rng_below(&rng, 40) == 0) {
            rows[i].value = -1;
        }
    }
    return rows;
}

static const uint32_t batch_sizes[] = {1, 3, 1024};

static void check(weir_window window, bool final, bool old, uint64_t seed)
{
    test_row *rows = random_rows(seed, ROWS, 20, 150);
    for (key_shape shape = 0; shape < KEY_SHAPES; shape++) {
        model m = {.shape = shape, .window = window, .old = old, .final = final,
                   .stream_time = -1, .last_close = -1, .max_start = -1};
        m.cap = ROWS * 8;
        m.at = weir_zalloc(m.cap * sizeof *m.at);
        uint64_t late = 0;
        for (uint32_t i = 0; i < ROWS; i++) {
            model_row(&m, &rows[i], i, &late);
        }
        for (uint32_t k = 0; k < WEIR_COUNT(batch_sizes); k++) {
            for (int restarts = 0; restarts < 2; restarts++) {
                rig r;
                rig_init(&r, weir_ops_builtin()->aggregate, shape);
                rig_aggregate(&r, window, final);
                r.node.need_old = old;
                r.batch_rows = batch_sizes[k];
                r.gaps = k == 1 ? 0 : 4;
                r.durable = restarts;
                rig_open(&r);
                rig_run(&r, rows, ROWS, restarts ? 1 + 60 / r.batch_rows : 0);
                if (!restarts) {
                    assert_int_equal(r.op->late, late);
                }
                assert_true(m.out.n > 1000);
                rig_expect(&r, weir_buf_cstr(&m.out));
                rig_deinit(&r);
            }
        }
        model_free(&m);
    }
    weir_free(rows);
}

static weir_window time_window(int64_t size, int64_t advance, int64_t grace)
{
    return (weir_window){.kind = size == advance ? WEIR_WINDOW_TUMBLING : WEIR_WINDOW_HOPPING,
                         .size_ms = size,
                         .advance_ms = advance,
                         .grace_ms = grace,
                         .retention_ms = size + grace};
}

static void test_unwindowed(void **state)
{
    (void)state;
    check((weir_window){0}, false, false, 1);
    check((weir_window){0}, false, true, 2);
}

static void test_tumbling(void **state)
{
    (void)state;
    check(time_window(100, 100, 0), false, false, 3);
    check(time_window(100, 100, 70), false, true, 4);
    check(time_window(50, 50, 100000), false, false, 5);
}

static void test_hopping(void **state)
{
    (void)state;
    check(time_window(100, 30, 0), false, false, 6);
    check(time_window(90, 30, 60), false, true, 7);
}

static void test_final(void **state)
{
    (void)state;
    check(time_window(100, 100, 0), true, false, 8);
    check(time_window(100, 100, 80), true, true, 9);
    check(time_window(100, 30, 40), true, false, 10);
}

/* ---- coalescing: the last update of each group, in the order in which groups changed first ---- */

static void test_coalesced(void **state)
{
    (void)state;
    test_row rows[] = {
        {.time = 10, .key = 1, .value = 5}, {.time = 20, .key = 2, .value = 6},
        {.time = 5, .key = 1, .value = 7},
    };
    for (uint32_t k = 0; k < WEIR_COUNT(batch_sizes); k++) {
        rig r;
        rig_init(&r, weir_ops_builtin()->aggregate, KEY_TEXT);
        rig_aggregate(&r, (weir_window){0}, false);
        r.engine.config.coalesce = true;
        r.node.need_old = true;
        r.batch_rows = batch_sizes[k];
        rig_open(&r);
        rig_run(&r, rows, 3, 0);
        assert_string_equal(rig_text(&r), "");
        rig_flush(&r);
        rig_flush(&r);
        rig_run(&r, rows, 1, 0);
        rig_flush(&r);
        assert_string_equal(rig_text(&r), "0 @10 k01 2 +5+7 <- -\n"
                                          "1 @20 k02 1 +6 <- -\n"
                                          "3 @10 k01 3 +5+7+5 <- 2 +5+7\n");
        rig_deinit(&r);
    }
}

/* CREATE OR REPLACE: the new query goes on where the old one stood, and has it in the store. */
static void test_taken(void **state)
{
    test_row rows[] = {
        {.time = 10, .key = 1, .value = 5},
        {.time = 20, .key = 2, .value = 6},
        {.time = 5, .key = 1, .value = 7},
    };
    (void)state;
    for (int coalesce = 0; coalesce < 2; coalesce++) {
        rig old;
        rig_init(&old, weir_ops_builtin()->aggregate, KEY_TEXT);
        rig_aggregate(&old, (weir_window){0}, false);
        old.engine.config.coalesce = coalesce;
        rig_open(&old);
        rig_run(&old, rows, 3, 0);
        rig new;
        rig_init(&new, weir_ops_builtin()->aggregate, KEY_TEXT);
        rig_aggregate(&new, (weir_window){0}, false);
        new.engine.config.coalesce = coalesce;
        new.durable = true;
        rig_open(&new);
        new.kind->take(new.op, old.op);
        rig_deinit(&old);
        rig_restart(&new);
        rig_run(&new, rows, 1, 0);
        rig_flush(&new);
        assert_string_equal(rig_text(&new), coalesce ? "-1 @10 k01 2 +5+7\n"
                                                       "-1 @20 k02 1 +6\n"
                                                       "0 @10 k01 3 +5+7+5\n"
                                                     : "0 @10 k01 3 +5+7+5\n");
        rig_deinit(&new);
    }
}

static void test_coalesced_windows(void **state)
{
    (void)state;
    test_row rows[] = {
        {.time = 10, .key = 1, .value = 5},   {.time = 110, .key = 1, .value = 6},
        {.time = 20, .key = 1, .value = 7},   {.time = 500, .key = 2, .value = 8},
    };
    rig r;
    rig_init(&r, weir_ops_builtin()->aggregate, KEY_BIGINT);
    rig_aggregate(&r, time_window(100, 100, 50), false);
    r.engine.config.coalesce = true;
    r.durable = true;
    rig_open(&r);
    rig_run(&r, rows, 4, 0);
    rig_restart(&r);
    assert_string_equal(rig_text(&r), "0 @20 1 2 +5+7 0 100\n"
                                      "1 @110 1 1 +6 100 200\n"
                                      "3 @500 2 1 +8 500 600\n");
    assert_int_equal(r.kind->state_entries(r.op), 1); /* closed windows are gone, also in the store */
    rig_deinit(&r);
}

/* ---- tables ---- */

static void test_table(void **state)
{
    (void)state;
    static const test_row rows[] = {
        {.time = 1, .key = 1, .value = 5, .old = -1},
        {.time = 5, .key = 1, .value = 6, .old = 5},
        {.time = 3, .key = 1, .value = -1, .old = 6},
        {.time = 4, .key = 2, .value = -1, .old = 9}, /* never there */
        {.time = 6, .key = 2, .value = -1, .old = -1},
        {.time = 7, .key = 1, .value = 8, .old = -1},
    };
    for (uint32_t k = 0; k < WEIR_COUNT(batch_sizes); k++) {
        rig r;
        rig_init(&r, weir_ops_builtin()->aggregate, KEY_TEXT);
        rig_aggregate(&r, (weir_window){0}, false);
        r.inputs[0].table = true;
        r.with_old = true;
        r.node.need_old = true;
        r.batch_rows = batch_sizes[k];
        r.durable = true;
        rig_open(&r);
        rig_run(&r, rows, WEIR_COUNT(rows), k == 0 ? 2 : 0);
        assert_string_equal(rig_text(&r), "0 @1 k01 1 +5 <- -\n"
                                          "1 @5 k01 1 +5-5+6 <- 1 +5\n"
                                          "2 @5 k01 0 +5-5+6-6 <- 1 +5-5+6\n"
                                          "3 @4 k02 - <- -\n"
                                          "5 @7 k01 1 +5-5+6-6+8 <- 0 +5-5+6-6\n");
        rig_deinit(&r);
    }
}

static void test_table_coalesced(void **state)
{
    (void)state;
    static const test_row rows[] = {
        {.time = 1, .key = 1, .value = 5, .old = -1},
        {.time = 5, .key = 1, .value = 6, .old = 5},
    };
    rig r;
    rig_init(&r, weir_ops_builtin()->aggregate, KEY_TWO);
    rig_aggregate(&r, (weir_window){0}, false);
    r.inputs[0].table = true;
    r.with_old = true;
    r.engine.config.coalesce = true;
    rig_open(&r);
    rig_run(&r, rows, WEIR_COUNT(rows), 0);
    rig_flush(&r);
    assert_string_equal(rig_text(&r), "0 @5 k011 1 +5-5+6\n");
    rig_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unwindowed),  cmocka_unit_test(test_tumbling),
        cmocka_unit_test(test_hopping),     cmocka_unit_test(test_final),
        cmocka_unit_test(test_coalesced),   cmocka_unit_test(test_taken),
        cmocka_unit_test(test_coalesced_windows),
        cmocka_unit_test(test_table),       cmocka_unit_test(test_table_coalesced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
