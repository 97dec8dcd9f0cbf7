/* Sessions against a model that keeps a plain list of them. */
#include "tests/support/op_test.h"

#define ROWS 3000

typedef struct one {
    int64_t key, start, end, count;
    char *list;
    bool live;
} one;

typedef struct model {
    one *at;
    size_t n, cap;
    weir_buf out;
    weir_window w;
    bool old, final;
    int64_t stream_time, newest, last_close;
    uint64_t late;
} model;

static void print_one(model *m, const one *s, bool present, bool old_present, int64_t seq)
{
    weir_buf_printf(&m->out, "%lld @%lld k%02lld", (long long)seq, (long long)s->end,
                    (long long)s->key);
    for (int side = 0; side < 1 + m->old; side++) {
        weir_buf_str(&m->out, side ? " <-" : "");
        if (side ? old_present : present) {
            weir_buf_printf(&m->out, " %lld %s", (long long)s->count, s->list);
        } else {
            weir_buf_str(&m->out, " -");
        }
        weir_buf_printf(&m->out, " %lld %lld", (long long)s->start, (long long)s->end);
    }
    weir_buf_byte(&m->out, '\n');
}

static int by_end(const void *a, const void *b)
{
    const one *x = *(one *const *)a;
    const one *y = *(one *const *)b;
    if (x->end != y->end) {
        return x->end < y->end ? -1 : 1;
    }
    if (x->start != y->start) {
        return x->start < y->start ? -1 : 1;
    }
    return (x->key > y->key) - (x->key < y->key);
}

static size_t collect(model *m, one **to, bool (*want)(model *m, const one *s, const int64_t *arg),
                      const int64_t *arg)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++) {
        if (m->at[i].live && want(m, &m->at[i], arg)) {
            to[n++] = &m->at[i];
        }
    }
    qsort(to, n, sizeof *to, by_end);
    return n;
}

static bool near(model *m, const one *s, const int64_t *arg)
{
    return s->key == arg[0] && s->end >= arg[1] - m->w.size_ms &&
           s->start <= arg[1] + m->w.size_ms && s->end > m->newest - m->w.retention_ms;
}

static bool ended(model *m, const one *s, const int64_t *arg)
{
    int64_t segment = weir_max64(m->w.retention_ms / 2, 60000);
    return s->end >= arg[0] && s->end <= arg[1] &&
           s->end / segment >= (m->newest - m->w.retention_ms) / segment;
}

static void model_final(model *m, one **room, int64_t seq)
{
    int64_t close = m->stream_time - m->w.grace_ms - m->w.size_ms;
    int64_t range[] = {weir_max64(0, m->last_close), close - 1};
    if ((m->last_close != -1 && m->last_close >= close) || range[1] < range[0]) {
        return;
    }
    size_t n = collect(m, room, ended, range);
    for (size_t i = 0; i < n; i++) {
        print_one(m, room[i], true, false, seq);
    }
    m->last_close = close;
}

static void model_row(model *m, one **room, const test_row *row, int64_t seq)
{
    m->stream_time = weir_max64(m->stream_time, row->time);
    int64_t arg[] = {row->key, row->time};
    size_t n = collect(m, room, near, arg);
    assert_true(m->n < m->cap);
    one *merged = &m->at[m->n++];
    *merged = (one){.key = row->key, .start = row->time, .end = row->time};
    for (size_t i = 0; i < n; i++) {
        merged->start = weir_min64(merged->start, room[i]->start);
        merged->end = weir_max64(merged->end, room[i]->end);
        merged->count += room[i]->count;
        text_add(&merged->list, room[i]->list);
    }
    if (merged->end < m->stream_time - m->w.grace_ms - m->w.size_ms) {
        m->late++;
        return;
    }
    bool same = merged->start == merged->end;
    for (size_t i = 0; i < n; i++) {
        if (!m->final && !same) {
            print_one(m, room[i], false, true, seq);
        }
        room[i]->live = false;
    }
    char more[32];
    snprintf(more, sizeof more, "+%lld", (long long)row->value);
    text_add(&merged->list, more);
    merged->count++;
    merged->live = true;
    m->newest = weir_max64(m->newest, merged->end);
    if (!m->final) {
        print_one(m, merged, true, false, seq);
    }
}

static test_row *random_rows(uint64_t seed, uint32_t n)
{
    weir_rng rng;
    weir_rng_seed(&rng, seed);
    test_row *rows = weir_zalloc(n * sizeof *rows);
    int64_t now = 0;
    for (uint32_t i = 0; i < n; i++) {
        now += (int64_t)weir_rng_below(&rng, 8);
        now += weir_rng_below(&rng, 400) ? 0 : 70000;
        int64_t back = weir_rng_below(&rng, 3) ? 0 : (int64_t)weir_rng_below(&rng, 120);
        rows[i] = (test_row){.time = weir_max64(0, now - back),
                             .key = (int64_t)weir_rng_below(&rng, 8) - (i % 50 == 0),
                             .value = (int64_t)weir_rng_below(&rng, 100) - (i % 41 == 0)};
    }
    return rows;
}

static const uint32_t batch_sizes[] = {1, 3, 1024};

static void check(int64_t gap, int64_t grace, bool final, bool old, uint64_t seed)
{
    weir_window w = {.kind = WEIR_WINDOW_SESSION, .size_ms = gap, .grace_ms = grace,
                     .retention_ms = gap + grace};
    test_row *rows = random_rows(seed, ROWS);
    model m = {.w = w, .old = old, .final = final, .stream_time = -1, .newest = -1,
               .last_close = -1, .cap = ROWS};
    m.at = weir_zalloc(m.cap * sizeof *m.at);
    one **room = weir_alloc(m.cap * sizeof *room);
    for (uint32_t i = 0; i < ROWS; i++) {
        if (rows[i].key >= 0 && rows[i].value >= 0) {
            model_row(&m, room, &rows[i], i);
            if (final) {
                model_final(&m, room, i);
            }
        }
    }
    assert_true(m.out.n > 1000);
    for (uint32_t k = 0; k < WEIR_COUNT(batch_sizes); k++) {
        for (int restarts = 0; restarts < 2; restarts++) {
            rig r;
            rig_init(&r, weir_ops_builtin()->session, KEY_TEXT);
            rig_aggregate(&r, w, final);
            r.node.need_old = old;
            r.batch_rows = batch_sizes[k];
            r.gaps = k == 1 ? 0 : 4;
            r.durable = restarts;
            rig_open(&r);
            rig_run(&r, rows, ROWS, restarts ? 1 + 60 / r.batch_rows : 0);
            if (!restarts) {
                assert_int_equal(r.op->late, m.late);
            }
            rig_expect(&r, weir_buf_cstr(&m.out));
            rig_deinit(&r);
        }
    }
    for (size_t i = 0; i < m.n; i++) {
        weir_free(m.at[i].list);
    }
    weir_free(room);
    weir_free(m.at);
    weir_buf_deinit(&m.out);
    weir_free(rows);
}

static void test_changes(void **state)
{
    (void)state;
    check(20, 0, false, false, 1);
    check(20, 100, false, true, 2);
    check(3, 50, false, false, 3);
}

static void test_final(void **state)
{
    (void)state;
    check(20, 0, true, false, 4);
    check(20, 60, true, true, 5);
}

/* A session that came and went between two flushes is not seen at all. */
static void test_coalesced(void **state)
{
    (void)state;
    static const test_row rows[] = {
        {.time = 10, .key = 1, .value = 1}, {.time = 15, .key = 1, .value = 2},
        {.time = 50, .key = 2, .value = 3}, {.time = 20, .key = 1, .value = 4},
        {.time = 18, .key = 1, .value = 5},
    };
    for (uint32_t k = 0; k < WEIR_COUNT(batch_sizes); k++) {
        rig r;
        rig_init(&r, weir_ops_builtin()->session, KEY_TEXT);
        rig_aggregate(&r, (weir_window){.kind = WEIR_WINDOW_SESSION, .size_ms = 10,
                                        .grace_ms = 1000, .retention_ms = 1010}, false);
        r.engine.config.coalesce = true;
        r.node.need_old = true;
        r.batch_rows = batch_sizes[k];
        rig_open(&r);
        rig_run(&r, rows, 3, 0);
        rig_flush(&r);
        rig_run(&r, rows + 3, 1, 0);
        rig_flush(&r);
        rig_run(&r, rows + 4, 1, 0);
        rig_flush(&r);
        rig_flush(&r);
        assert_string_equal(rig_text(&r),
                            "1 @15 k01 2 +1+2 10 15 <- - 10 15\n"
                            "2 @50 k02 1 +3 50 50 <- - 50 50\n"
                            "3 @15 k01 - 10 15 <- 2 +1+2 10 15\n"
                            "3 @20 k01 3 +1+2+4 10 20 <- - 10 20\n"
                            "4 @20 k01 4 +1+2+4+5 10 20 <- 3 +1+2+4 10 20\n");
        rig_deinit(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_final),
        cmocka_unit_test(test_coalesced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
