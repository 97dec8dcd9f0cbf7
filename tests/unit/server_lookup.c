/* Joins with a table that is looked up, by a fake that answers when it is told to, in any order: whatever the
 * sizes of batches and the moments of answers, each row comes out once and in order, nothing is asked for
 * twice within its life, and a commit at any moment goes on without a loss. */
#include "engine/base/rng.h"
#include "engine/run/lookup.h"
#include "engine/server/session.h"
#include "engine/server/session_impl.h"
#include "tests/support/dir.h"
#include "tests/support/test.h"

#include <stdio.h>

#define USERS 40
#define QUESTIONS_MAX 8192

/* ---- the fake: key "uN" has the row {name "nN"}; N % 4 == 3 has none, N % 4 == 2 cannot be read ---- */

typedef struct question {
    void *tag;
    uint32_t user;
    bool answered;
} question;

typedef struct fake {
    weir_lookup lookup; /* first */
    weir_row_codec codec;
    question questions[QUESTIONS_MAX];
    uint32_t n, answered;
    uint64_t asked;
    int64_t now;
    weir_rng *early; /* answers also come while a task runs; NULL: none */
} fake;

static fake the_fake;

static void answer_some(fake *f, weir_rng *rng, bool all)
{
    for (uint32_t i = 0; i < f->n; i++) {
        if (!f->questions[i].answered && (all || weir_rng_below(rng, 3) == 0)) {
            f->questions[i].answered = true;
            f->answered++;
        }
    }
}

static void ask(weir_lookup *l, const weir_vec *keys, const uint16_t *rows, void *const *tags, uint32_t n)
{
    fake *f = (fake *)l;
    for (uint32_t i = 0; i < n; i++) {
        weir_sv key = WEIR_AT(weir_sv, keys, rows[i]);
        uint32_t user = 0;
        assert_true(weir_vec_is_valid(keys, rows[i]) && f->n < QUESTIONS_MAX);
        for (uint32_t k = 1; k < key.n; k++) {
            user = user * 10 + (uint32_t)(key.p[k] - '0');
        }
        f->questions[f->n++] = (question){.tag = tags[i], .user = user};
        f->asked++;
    }
}

static void take(weir_lookup *l, void (*each)(void *ctx, const weir_lookup_answer *a), void *ctx)
{
    fake *f = (fake *)l;
    weir_rng *early = f->early;
    uint32_t left = 0;
    f->early = NULL;
    for (uint32_t i = 0; i < f->n; i++) {
        const question *q = &f->questions[i];
        if (!q->answered) {
            f->questions[left++] = *q;
            continue;
        }
        char name[16];
        weir_buf row = {0};
        snprintf(name, sizeof name, "n%u", q->user);
        weir_value v = weir_string(weir_sv_cstr(name));
        weir_lookup_answer a = {.tag = q->tag, .found = q->user % 4 != 3};
        if (f->codec.n && q->user % 4 < 2) {
            weir_row_encode_values(&f->codec, &row, &v);
        }
        a.row = weir_buf_view(&row);
        a.reason = q->user % 4 == 2 ? WEIR_SV("unreadable") : (weir_sv){0};
        each(ctx, &a);
        weir_buf_deinit(&row);
    }
    f->n = left;
    f->answered = 0;
    f->early = early;
}

static bool ready(weir_lookup *l)
{
    return ((fake *)l)->answered > 0;
}

static int64_t now_ms(weir_lookup *l)
{
    fake *f = (fake *)l;
    if (f->early) {
        answer_some(f, f->early, weir_rng_below(f->early, 2) == 0);
    }
    return f->now;
}

static void close_fake(weir_lookup *l)
{
    ((fake *)l)->n = 0;
}

static weir_rc open_fake(void *ctx, const weir_lookup_spec *spec, weir_lookup **out, weir_status *st)
{
    static const weir_lookup_calls calls = {
        .ask = ask, .take = take, .ready = ready, .now_ms = now_ms, .close = close_fake};
    fake *f = ctx;
    (void)st;
    assert_true(spec->n <= 1);
    f->codec = *spec->codec;
    f->lookup.calls = &calls;
    *out = &f->lookup;
    return WEIR_OK;
}

/* ---- the host ---- */

static uint32_t problems;

static void on_problem(void *ctx, const weir_problem *p)
{
    (void)ctx;
    problems += weir_sv_eq(p->reason, WEIR_SV("unreadable"));
}

static void execute(weir_session *s, const char *text)
{
    weir_status st = {0};
    weir_arena a;
    weir_diags diags;
    weir_script_outcome outcome;
    weir_arena_init(&a);
    weir_diags_init(&diags, &a);
    assert_ok(weir_session_execute(s, weir_sv_cstr(text), &outcome, &diags, &st), &st);
    weir_arena_deinit(&a);
}

static const char declared[] =
    "CREATE STREAM c (k STRING KEY, u STRING, n INT) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON', PARTITIONS=1);"
    "CREATE TABLE t (id STRING PRIMARY KEY, name STRING) WITH (connector='redis', 'redis.key'='${ID}');";

static weir_session *start(const char *dir, const char *query, uint32_t batch_rows)
{
    weir_status st = {0};
    weir_session *s = NULL;
    static weir_lookups lookups = {.open = open_fake, .ctx = &the_fake};
    weir_session_config config = {.workers = 1, .order = WEIR_ORDER_SEQ, .default_partitions = 1,
                                  .batch_rows = batch_rows, .data_dir = dir, .on_problem = on_problem};
    assert_ok(weir_session_open(&config, &s, &st), &st);
    s->lookups = lookups;
    weir_session_set(s, WEIR_SV("auto.offset.reset"), WEIR_SV("earliest"));
    execute(s, declared);
    execute(s, query);
    return s;
}

static void feed(weir_session *s, uint32_t from, uint32_t n, weir_rng *rng, uint32_t *users)
{
    weir_status st = {0};
    char value[64];
    weir_topic *t = weir_topics_find(weir_session_topics(s), WEIR_SV("c"));
    for (uint32_t i = from; i < from + n; i++) {
        users[i] = (uint32_t)weir_rng_below(rng, USERS);
        snprintf(value, sizeof value, "{\"U\":\"u%u\",\"N\":%u}", users[i], i);
        assert_ok(weir_session_append(s, t, 0, WEIR_SV("k"), weir_sv_cstr(value), (weir_sv){0}, i, NULL), &st);
    }
}

/* Rows of topic O: what comes out for clicks [0, n), `copies` of each. */
static void check_out(weir_session *s, const uint32_t *users, uint32_t n, uint32_t copies)
{
    weir_topic *t = weir_topics_find(weir_session_topics(s), WEIR_SV("O"));
    int64_t end = weir_topic_end(t, 0);
    uint32_t at = 0;
    char wanted[64];
    assert_int_equal(end, (int64_t)n * copies);
    for (int64_t offset = 0; offset < end;) {
        weir_chunk *c = NULL;
        weir_status st = {0};
        assert_ok(weir_topic_read(t, 0, offset, &c, &st), &st);
        for (uint32_t i = weir_chunk_seek(c, offset); i < c->n; i++, at++) {
            uint32_t u = users[at / copies];
            if (u % 4 < 2) {
                snprintf(wanted, sizeof wanted, "{\"N\":%u,\"NAME\":\"n%u\"}", at / copies, u);
            } else {
                snprintf(wanted, sizeof wanted, "{\"N\":%u,\"NAME\":null}", at / copies);
            }
            assert_sv_equal(weir_rec_value(c, &c->recs[i]), wanted);
        }
        offset = weir_chunk_end(c);
        weir_chunk_unref(c);
    }
}

static void drain(weir_session *s)
{
    weir_status st = {0};
    assert_ok(weir_engine_drain(weir_session_engine(s), &st), &st);
}

static void finish(weir_session *s, weir_rng *rng)
{
    drain(s);
    for (int turns = 0; weir_engine_waits(weir_session_engine(s)); turns++) {
        assert_true(the_fake.n > 0 && turns < 100000); /* somebody who waits has asked, and not for ever */
        answer_some(&the_fake, rng, true);
        drain(s);
    }
}

#define JOIN "CREATE STREAM o AS SELECT c.u AS u, c.n AS n, t.name AS name FROM c LEFT JOIN t ON c.u = t.id;"
#define FANNED                                                                                            \
    "CREATE STREAM o AS SELECT x.u AS u, x.n AS n, t.name AS name FROM (SELECT k, u, n, "                  \
    "EXPLODE(ARRAY[1, 2, 3]) AS e FROM c) x LEFT JOIN t ON x.u = t.id;"

/* ---- tests ---- */

static void run_random(uint64_t seed, const char *query, uint32_t batch_rows, int64_t ttl, uint64_t most)
{
    enum { STEPS = 40, MOST = 12000 };
    static uint32_t users[MOST];
    weir_rng rng;
    uint32_t n = 0;
    weir_rng_seed(&rng, seed);
    the_fake = (fake){.lookup = {.ttl_ms = ttl, .entries_max = most}, .early = seed % 2 ? &rng : NULL};
    weir_session *s = start(NULL, query, batch_rows);
    for (int step = 0; step < STEPS; step++) {
        uint32_t more = (uint32_t)weir_rng_below(&rng, MOST / STEPS);
        feed(s, n, more, &rng, users);
        n += more;
        drain(s);
        answer_some(&the_fake, &rng, false);
        the_fake.now += (int64_t)weir_rng_below(&rng, 3);
    }
    finish(s, &rng);
    check_out(s, users, n, 1);
    if (ttl > 1000000 && most > USERS) {
        assert_true(the_fake.asked <= USERS);
    }
    weir_session_close(s);
}

static void test_any_moment(void **state)
{
    (void)state;
    static const uint32_t batches[] = {1, 3, 100, 0};
    for (uint64_t seed = 0; seed < 24; seed++) {
        run_random(seed, JOIN, batches[seed % 4], seed % 3 ? INT64_C(1) << 40 : (int64_t)seed % 2, 1000);
    }
}

/* Nothing leaves while an answer is missing, what was asked for once is not asked for again, and rows that cannot be
 * read are told once. */
static void test_held(void **state)
{
    (void)state;
    uint32_t users[10];
    weir_rng rng;
    weir_query_stats stats;
    weir_rng_seed(&rng, 5);
    problems = 0;
    the_fake = (fake){.lookup = {.ttl_ms = 1000, .entries_max = 1000}};
    weir_session *s = start(NULL, JOIN, 0);
    weir_topic *out = weir_topics_find(weir_session_topics(s), WEIR_SV("O"));
    feed(s, 0, 10, &rng, users);
    drain(s);
    uint64_t asked = the_fake.asked;
    assert_true(asked > 1 && weir_engine_waits(weir_session_engine(s)));
    the_fake.questions[0].answered = true;
    the_fake.answered = 1;
    drain(s);
    drain(s);
    assert_int_equal(weir_topic_end(out, 0), 0);
    assert_int_equal(the_fake.asked, asked);
    weir_query_stats_of(weir_engine_query_at(weir_session_engine(s), 0), &stats);
    assert_int_equal(stats.read, 0);
    assert_int_equal(stats.lag, 10);
    finish(s, &rng);
    check_out(s, users, 10, 1);
    weir_query_stats_of(weir_engine_query_at(weir_session_engine(s), 0), &stats);
    assert_int_equal(stats.read, 10);
    assert_int_equal(stats.written, 10);
    uint32_t bad = 0;
    for (uint32_t u = 2; u < USERS; u += 4) {
        bool there = false;
        for (uint32_t i = 0; i < 10; i++) {
            there |= users[i] == u;
        }
        bad += there;
    }
    assert_int_equal(problems, bad);
    weir_session_close(s);
}

/* One record becomes three rows before the join: all of them, or none. */
static void test_fanned(void **state)
{
    (void)state;
    static uint32_t users[3000];
    weir_rng rng;
    weir_rng_seed(&rng, 9);
    the_fake = (fake){.lookup = {.ttl_ms = 0, .entries_max = 0}};
    weir_session *s = start(NULL, FANNED, 0);
    for (uint32_t n = 0; n < 3000; n += 1000) {
        feed(s, n, 1000, &rng, users);
        drain(s);
        answer_some(&the_fake, &rng, false);
        drain(s);
    }
    finish(s, &rng);
    check_out(s, users, 3000, 3);
    weir_session_close(s);
}

/* Closed with questions open and opened again: no row is lost, none comes twice. */
static void test_restarts(void **state)
{
    (void)state;
    static uint32_t users[4000];
    char *dir = test_dir_new();
    weir_rng rng;
    weir_status st = {0};
    weir_rng_seed(&rng, 11);
    uint32_t n = 0;
    for (int life = 0; life < 8; life++) {
        the_fake = (fake){.lookup = {.ttl_ms = 5, .entries_max = 10}};
        weir_session *s = start(dir, JOIN, 0);
        for (int step = 0; step < 5; step++, n += 100) {
            feed(s, n, 100, &rng, users);
            drain(s);
            answer_some(&the_fake, &rng, step == 2);
            drain(s);
            assert_ok(weir_session_commit(s, &st), &st);
        }
        if (life == 7) {
            finish(s, &rng);
            check_out(s, users, n, 1);
        }
        weir_session_close(s);
    }
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_held), cmocka_unit_test(test_any_moment),
                                       cmocka_unit_test(test_fanned), cmocka_unit_test(test_restarts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
