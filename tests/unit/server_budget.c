/* A budget for state changes nothing but where state is: two sessions take the same random records, one
 * with next to no memory, both commit now and then; the first is closed and opened again, too. All that
 * they write must be the same. */
#include "engine/base/rng.h"
#include "engine/server/session.h"
#include "tests/support/dir.h"
#include "tests/support/test.h"

#include <stdio.h>

#define STEPS 1500
#define KEYS 300

static const char sql[] =
    "CREATE STREAM s (k STRING KEY, v INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);"
    "CREATE STREAM s2 (k STRING KEY, v INT) WITH (KAFKA_TOPIC='s2', VALUE_FORMAT='JSON', PARTITIONS=2);"
    "CREATE TABLE t (k STRING PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', "
    "PARTITIONS=2);"
    "CREATE TABLE u (k STRING PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='u', VALUE_FORMAT='JSON', "
    "PARTITIONS=2);"
    "CREATE TABLE o1 AS SELECT k, COUNT(*) AS n, COLLECT_LIST(v) AS l, MAX(v) AS m FROM s GROUP BY k;"
    "CREATE TABLE o2 AS SELECT k, SUM(v) AS n, WINDOWSTART AS w FROM s WINDOW TUMBLING (SIZE 10 SECONDS, "
    "GRACE PERIOD 20 SECONDS) GROUP BY k;"
    "CREATE TABLE o3 AS SELECT k, COUNT(*) AS n FROM s WINDOW HOPPING (SIZE 10 SECONDS, ADVANCE BY 3 "
    "SECONDS, GRACE PERIOD 5 SECONDS) GROUP BY k;"
    "CREATE TABLE o4 AS SELECT k, COUNT(*) AS n, SUM(v) AS t FROM s WINDOW TUMBLING (SIZE 10 SECONDS, "
    "GRACE PERIOD 5 SECONDS) GROUP BY k EMIT FINAL;"
    "CREATE STREAM o5 AS SELECT s.k AS k, s.v AS v, t.v AS tv FROM s LEFT JOIN t ON s.k = t.k;"
    "CREATE TABLE o6 AS SELECT ROWKEY AS k, t.v AS a, u.v AS b FROM t FULL OUTER JOIN u ON t.k = u.k;"
    "CREATE TABLE o7 AS SELECT v % 20 AS g, COUNT(*) AS n, SUM(v) AS t FROM t GROUP BY v % 20;"
    "CREATE TABLE o8 AS SELECT k, COUNT(*) AS n FROM s WINDOW SESSION (3 SECONDS) GROUP BY k;"
    "CREATE STREAM o9 AS SELECT s.k AS k, s.v AS a, s2.v AS b FROM s JOIN s2 WITHIN 2 SECONDS ON s.k = s2.k;"
    "CREATE TABLE o10 AS SELECT k, v FROM t WHERE v > 20;";
static const char replaced[] =
    "CREATE OR REPLACE TABLE o1 AS SELECT k, COUNT(*) AS n, COLLECT_LIST(v) AS l, MAX(v) AS m FROM s "
    "WHERE v > 5 GROUP BY k;"
    "CREATE OR REPLACE TABLE o10 AS SELECT k, v FROM t WHERE v > 50;";
static const char *const inputs[] = {"s", "s2", "t", "u"};

typedef struct host {
    weir_session *session;
    char *dir;
    const char *limit; /* NULL: none */
    bool coalesce;
} host;

static weir_rc execute(weir_session *s, const char *text, weir_status *st)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_diags diags;
    weir_diags_init(&diags, &a);
    weir_script_outcome outcome;
    weir_rc rc = weir_session_execute(s, weir_sv_cstr(text), &outcome, &diags, st);
    weir_arena_deinit(&a);
    return rc;
}

static void run(host *h, const char *text)
{
    weir_status st = {0};
    assert_ok(execute(h->session, text, &st), &st);
}

static void start(host *h)
{
    weir_status st = {0};
    weir_session_config config = {
        .workers = 1,
        .order = h->coalesce ? WEIR_ORDER_TIME : WEIR_ORDER_SEQ,
        .coalesce = h->coalesce,
        .default_partitions = 2,
        .data_dir = h->dir,
    };
    assert_ok(weir_session_open(&config, &h->session, &st), &st);
    weir_session_set(h->session, WEIR_SV("auto.offset.reset"), WEIR_SV("earliest"));
    if (h->limit) {
        weir_session_set(h->session, WEIR_SV("weir.state.memory.bytes"), weir_sv_cstr(h->limit));
    }
    run(h, sql);
}

static void append(host *h, const char *topic, const char *key, int value, int64_t time, int64_t seq)
{
    char text[32];
    weir_topic *t = weir_topics_find(weir_session_topics(h->session), weir_sv_cstr(topic));
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    snprintf(text, sizeof text, "{\"V\":%d}", value);
    weir_sv none = {NULL, WEIR_NULL_BYTES};
    weir_chunk_builder_add(&b, weir_sv_cstr(key), value < 0 ? none : weir_sv_cstr(text), (weir_sv){0},
                           time, seq);
    weir_topic_append(t, key[1] % 2, weir_chunk_builder_take(&b));
    weir_chunk_builder_deinit(&b);
}

static void print_partition(host *h, const char *topic, int32_t p, weir_buf *out)
{
    weir_status st = {0};
    weir_topic *t = weir_topics_find(weir_session_topics(h->session), weir_sv_cstr(topic));
    assert_non_null(t);
    for (int64_t at = 0; at < weir_topic_end(t, p);) {
        weir_chunk *c;
        assert_ok(weir_topic_read(t, p, at, &c, &st), &st);
        for (; at < c->base + c->n; at++) {
            const weir_rec *r = &c->recs[at - c->base];
            weir_buf_printf(out, "%s %d @%lld ", topic, (int)p, (long long)r->timestamp);
            weir_buf_add(out, c->bytes + r->key_at, r->key_n == WEIR_NULL_BYTES ? 0 : r->key_n);
            weir_buf_byte(out, ' ');
            weir_buf_add(out, c->bytes + r->value_at, r->value_n == WEIR_NULL_BYTES ? 0 : r->value_n);
            weir_buf_byte(out, '\n');
        }
        weir_chunk_unref(c);
    }
}

static void print_outputs(host *h, weir_buf *out)
{
    for (int i = 1; i <= 10; i++) {
        char topic[16];
        snprintf(topic, sizeof topic, "O%d", i);
        for (int32_t p = 0; p < 2; p++) {
            print_partition(h, topic, p, out);
        }
    }
}

static uint64_t entries(const host *h, uint64_t *bytes)
{
    weir_engine *e = weir_session_engine(h->session);
    uint64_t n = 0;
    *bytes = 0;
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        weir_query_stats stats;
        weir_query_stats_of(weir_engine_query_at(e, i), &stats);
        n += stats.state_entries;
        *bytes += stats.state_bytes;
    }
    return n;
}

static void commit(host *h)
{
    weir_status st = {0};
    assert_ok(weir_engine_drain(weir_session_engine(h->session), &st), &st);
    assert_ok(weir_session_commit(h->session, &st), &st);
}

static void compare(bool coalesce, uint64_t seed)
{
    host hosts[2] = {{.limit = NULL, .coalesce = coalesce}, {.limit = "1", .coalesce = coalesce}};
    weir_rng r;
    weir_rng_seed(&r, seed);
    for (int i = 0; i < 2; i++) {
        hosts[i].dir = test_dir_new();
        start(&hosts[i]);
    }
    int64_t time = 0;
    uint64_t saved = 0;
    for (int64_t step = 1; step <= STEPS; step++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", (unsigned)weir_rng_below(&r, 1 + weir_rng_below(&r, KEYS)));
        const char *topic = inputs[weir_rng_below(&r, 4)];
        bool table = topic[0] != 's';
        int value = table && weir_rng_below(&r, 4) == 0 ? -1 : (int)weir_rng_below(&r, 100);
        time += (int64_t)weir_rng_below(&r, 200);
        int64_t late = weir_rng_below(&r, 10) ? 0 : (int64_t)weir_rng_below(&r, 30000);
        bool commits = weir_rng_below(&r, 15) == 0;
        bool restarts = step < STEPS / 2 && weir_rng_below(&r, 10) == 0;
        for (int i = 0; i < 2; i++) {
            host *h = &hosts[i];
            append(h, topic, key, value, time > late ? time - late : 0, step);
            if (commits) {
                commit(h);
            }
            if (commits && restarts && i == 1) {
                weir_session_close(h->session);
                start(h);
            }
            if (step == STEPS / 2) {
                commit(h);
                run(h, replaced);
            }
        }
        uint64_t bytes[2];
        if (commits) {
            assert_int_equal(entries(&hosts[0], &bytes[0]), entries(&hosts[1], &bytes[1]));
            saved += bytes[1] < bytes[0];
        }
    }
    assert_true(saved > 10);
    weir_buf out[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        commit(&hosts[i]);
        print_outputs(&hosts[i], &out[i]);
        weir_session_close(hosts[i].session);
        test_dir_remove(hosts[i].dir);
    }
    assert_true(out[0].n > 10000);
    const char *a = weir_buf_cstr(&out[0]);
    const char *b = weir_buf_cstr(&out[1]);
    size_t same = 0;
    while (a[same] && a[same] == b[same]) {
        same++;
    }
    if (a[same] || b[same]) {
        size_t from = same > 200 ? same - 200 : 0;
        fail_msg("seed %llu: differs at %zu\n%.300s\n---\n%.300s", (unsigned long long)seed, same,
                 a + from, b + from);
    }
    weir_buf_deinit(&out[0]);
    weir_buf_deinit(&out[1]);
}

static void test_every_update(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        compare(false, seed);
    }
}

static void test_coalesced(void **state)
{
    (void)state;
    for (uint64_t seed = 4; seed <= 6; seed++) {
        compare(true, seed);
    }
}

static void test_property(void **state)
{
    (void)state;
    weir_session *s;
    weir_status st = {0};
    weir_session_config config = {.workers = 1, .check_properties = true};
    assert_ok(weir_session_open(&config, &s, &st), &st);
    static const char *const good[] = {"0", "1", "65536", "256MB", "1gb", "16KB", "2TB"};
    static const char *const bad[] = {"", "-1", "MB", "1.5GB", "1 GB", "10XB", "99999999999999999999",
                                      "18446744073709551615KB"};
    for (size_t i = 0; i < WEIR_COUNT(good) + WEIR_COUNT(bad); i++) {
        bool ok = i < WEIR_COUNT(good);
        char text[100];
        snprintf(text, sizeof text, "SET 'weir.state.memory.bytes'='%s';",
                 ok ? good[i] : bad[i - WEIR_COUNT(good)]);
        weir_status_reset(&st);
        weir_rc rc = execute(s, text, &st);
        assert_int_equal(rc == WEIR_OK, ok);
        assert_true(ok || strstr(st.msg, "256MB"));
    }
    weir_session_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_property),
        cmocka_unit_test(test_every_update),
        cmocka_unit_test(test_coalesced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
