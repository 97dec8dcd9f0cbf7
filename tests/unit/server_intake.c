/* Records from JSON objects: what is taken and what is told of the rest, which key, value and time a record
 * has, for streams of several formats and for topics that nobody has declared. A kind of source that only
 * opens an intake is put into a session, so that options, columns and conditions are the real ones. */
#include "connectors/intake.h"

#include "engine/base/rng.h"
#include "engine/server/session.h"
#include "tests/support/test.h"

#include <stdio.h>

#define ARRIVAL 77
#define DOCS_MAX WEIR_BATCH_ROWS
#define DOC_BYTES 256 /* with the 64 that must be readable behind it */

/* ---- a source that does nothing ---- */

static weir_intake *intake; /* of the connector that was made last */
static bool bare;

static weir_rc kind_open(weir_conn *c, weir_sv position, void **self, weir_status *st)
{
    weir_source_output *to = NULL;
    (void)position;
    WEIR_TRY(weir_source_to(c, weir_conn_text(c, "topic"), &to, st));
    WEIR_TRY(bare ? weir_intake_new_bare(c, to, &intake, st) : weir_intake_new(c, to, &intake, st));
    *self = intake;
    return WEIR_OK;
}

static void kind_close(void *self)
{
    weir_intake_free(self);
}

static const weir_conn_option options[] = {WEIR_INTAKE_OPTIONS};
static const weir_source_calls calls = {.open = kind_open, .close = kind_close};
static const weir_conn_kind kind = {.name = "taker", .line = "opens an intake", .guarantee = "none",
                                    .options = options, .n_options = WEIR_COUNT(options),
                                    .as_source = &calls};

/* ---- a session ---- */

static int64_t no_clock(void *clock)
{
    (void)clock;
    return 0;
}

static weir_session *session_new(void)
{
    weir_session_config config = {.workers = 1, .default_partitions = 1, .now_ms = no_clock};
    weir_session *s = NULL;
    weir_status st;
    weir_status_reset(&st);
    weir_conn_kind_add(&kind);
    bare = false;
    assert_ok(weir_session_open(&config, &s, &st), &st);
    return s;
}

static weir_rc try_execute(weir_session *s, const char *sql, weir_status *st)
{
    weir_status_reset(st);
    return weir_session_execute_as(s, weir_sv_cstr(sql), UINT64_MAX, st);
}

/* A session with this stream over topic "t", whose connector is a taker. */
static weir_session *stream(const char *columns, const char *with)
{
    weir_session *s = session_new();
    weir_status st;
    char sql[1024];
    snprintf(sql, sizeof sql, "CREATE STREAM s (%s) WITH (kafka_topic='t', partitions=1, connector='taker'%s);",
             columns, with);
    assert_ok(try_execute(s, sql, &st), &st);
    return s;
}

static void refused(const char *columns, const char *with, const char *part)
{
    weir_session *s = session_new();
    weir_status st;
    char sql[1024];
    snprintf(sql, sizeof sql, "CREATE STREAM s (%s) WITH (kafka_topic='t', partitions=1, connector='taker'%s);",
             columns, with);
    assert_int_not_equal(try_execute(s, sql, &st), WEIR_OK);
    if (!strstr(st.msg, part)) {
        print_error("no \"%s\" in \"%s\"\n", part, st.msg);
        fail();
    }
    weir_session_close(s);
}

/* ---- documents ---- */

typedef struct documents {
    char bytes[DOCS_MAX][DOC_BYTES];
    weir_sv docs[DOCS_MAX];
    uint32_t n;
} documents;

static documents given;

static void give(const char *const *texts, uint32_t n)
{
    memset(&given, 0, sizeof given);
    for (uint32_t i = 0; i < n; i++) {
        size_t bytes = strlen(texts[i]);
        assert_true(bytes + 64 <= DOC_BYTES);
        memcpy(given.bytes[i], texts[i], bytes);
        given.docs[i] = weir_sv_of(given.bytes[i], bytes);
    }
    given.n = n;
}

static void put(weir_buf *out, weir_sv text)
{
    weir_buf_sv(out, text.n == WEIR_NULL_BYTES ? WEIR_SV("NULL") : text);
}

/* The records, key=value@time each, and what is told, !document:field:reason each. */
static void outcome(weir_buf *out)
{
    weir_chunk_builder b;
    uint32_t n_bad = 0;
    uint32_t good = weir_intake_judge(intake, given.docs, given.n);
    weir_chunk_builder_init(&b);
    weir_intake_add(intake, &b, (weir_sv){0}, ARRIVAL);
    weir_chunk *c = weir_chunk_builder_take(&b);
    assert_int_equal(c ? c->n : 0, good);
    for (uint32_t i = 0; c && i < c->n; i++) {
        weir_sv key = {c->bytes + c->recs[i].key_at, c->recs[i].key_n};
        weir_sv value = {c->bytes + c->recs[i].value_at, c->recs[i].value_n};
        put(out, key);
        weir_buf_byte(out, '=');
        put(out, value);
        weir_buf_printf(out, "@%lld ", (long long)c->recs[i].timestamp);
    }
    const weir_intake_bad *bad = weir_intake_bad_docs(intake, &n_bad);
    for (uint32_t i = 0; i < n_bad; i++) {
        assert_true(i == 0 || bad[i].doc >= bad[i - 1].doc);
        assert_false(weir_intake_is_good(intake, bad[i].doc));
        weir_buf_printf(out, "!%u:" WEIR_SV_FMT ":" WEIR_SV_FMT " ", bad[i].doc, WEIR_SV_ARG(bad[i].field),
                        WEIR_SV_ARG(bad[i].reason));
    }
    weir_chunk_unref(c);
    weir_chunk_builder_deinit(&b);
}

static void check_outcome(const char *wanted)
{
    weir_buf out = {0};
    outcome(&out);
    assert_sv_equal(weir_sv_trim(weir_buf_view(&out)), wanted);
    weir_buf_deinit(&out);
}

#define GIVE(...)                                                                                        \
    do {                                                                                                 \
        const char *const texts[] = {__VA_ARGS__};                                                       \
        give(texts, WEIR_COUNT(texts));                                                                  \
    } while (0)

/* ---- tests ---- */

static void json_goes_out_as_it_came(void **state)
{
    (void)state;
    weir_session *s = stream("id BIGINT KEY, name STRING", ", format='JSON'");
    GIVE("{\"id\":1,\"name\":\"a\",\"more\":[1, 2]}", " {\"ID\" : 2} ", "{\"name\":null,\"Id\":3}", "{}");
    check_outcome("1={\"id\":1,\"name\":\"a\",\"more\":[1, 2]}@77 2= {\"ID\" : 2} @77 "
                  "3={\"name\":null,\"Id\":3}@77 NULL={}@77");
    give(NULL, 0);
    check_outcome("");
    weir_session_close(s);
}

static void what_is_no_object_is_told(void **state)
{
    (void)state;
    const char *const wrong[] = {"", "null", "[]", "1", "\"{}\"", "{", "{\"id\":1", "{\"id\":1}x", "{} {}",
                                 "{\"id\":1}}", "{\"id\" 1}", "\xff", "{\"id\":\"x\"}"};
    weir_session *s = stream("id BIGINT KEY", ", format='JSON'");
    for (uint32_t i = 0; i < WEIR_COUNT(wrong); i++) {
        uint32_t n = 0;
        GIVE("{\"id\":1}", wrong[i], "{\"id\":2}");
        if (weir_intake_judge(intake, given.docs, given.n) != 2) {
            print_error("taken: %s\n", wrong[i]);
            fail();
        }
        const weir_intake_bad *bad = weir_intake_bad_docs(intake, &n);
        assert_int_equal(n, 1);
        assert_int_equal(bad->doc, 1);
        assert_true(bad->reason.n > 0);
    }
    weir_session_close(s);
}

static void keys_come_from_fields(void **state)
{
    (void)state;
    weir_session *s = stream("id BIGINT, name STRING", ", value_format='JSON', key='name'"); /* no key column */
    GIVE("{\"name\":\"a\"}", "{\"id\":1}");
    check_outcome("a={\"name\":\"a\"}@77 NULL={\"id\":1}@77");
    weir_session_close(s);
    s = stream("id BIGINT", ", value_format='JSON', key='user'"); /* … and no column */
    GIVE("{\"USER\":\"u\",\"id\":1}", "{\"user\":5}");
    check_outcome("u={\"USER\":\"u\",\"id\":1}@77 5={\"user\":5}@77");
    weir_session_close(s);
    s = stream("k STRING KEY, name STRING", ", value_format='JSON', key='name'"); /* another column's value */
    GIVE("{\"k\":\"x\",\"name\":\"a\"}");
    check_outcome("a={\"k\":\"x\",\"name\":\"a\"}@77");
    weir_session_close(s);
    refused("k BIGINT KEY, name STRING", ", value_format='JSON', key='name'", "is not one column of the type");
    refused("k STRING KEY, l STRING KEY", ", value_format='JSON', key_format='JSON', key='k'",
            "is not one column of the type");
}

static void conditions_are_told_by_part(void **state)
{
    (void)state;
    weir_session *s = stream("id BIGINT KEY, n INT, name STRING",
                             ", format='JSON', validate='n > 0 AND LEN(name) < 3 AND id IS NOT NULL'");
    GIVE("{\"id\":1,\"n\":1,\"name\":\"ab\"}", "{\"id\":2,\"n\":0,\"name\":\"abc\"}", "{\"id\":3,\"name\":\"a\"}",
         "{\"n\":1,\"name\":\"a\"}", "no");
    weir_buf out = {0};
    outcome(&out);
    const char *text = weir_buf_cstr(&out);
    assert_non_null(strstr(text, "1={\"id\":1,\"n\":1,\"name\":\"ab\"}@77 !1:n:must fulfil n > 0 "
                                 "!1:name:must fulfil "));
    assert_non_null(strstr(text, "!2:n:must fulfil n > 0 !3:id:must fulfil "));
    assert_non_null(strstr(text, "!4::"));
    weir_buf_deinit(&out);
    weir_session_close(s);
    refused("id BIGINT", ", value_format='JSON', validate='nope > 0'", "NOPE");
    refused("id BIGINT", ", value_format='JSON', validate='id + 1'", "");
}

static void other_formats_get_the_columns(void **state)
{
    (void)state;
    weir_session *s = stream("id BIGINT KEY, name STRING, n INT", ", format='DELIMITED'");
    GIVE("{\"n\":5,\"name\":\"a,b\",\"id\":1,\"more\":1}", "{\"id\":2}");
    check_outcome("1=\"a,b\",5@77 2=,@77");
    weir_session_close(s);
    s = stream("id BIGINT KEY, n INT", ", format='JSON', wrap_single_value=false");
    GIVE("{\"id\":1,\"n\":5}", "{\"id\":2,\"n\":null}");
    check_outcome("1=5@77 2=NULL@77");
    weir_session_close(s);
}

static void times_come_from_fields(void **state)
{
    (void)state;
    weir_session *s = stream("t STRING", ", value_format='JSON', timestamp.field='t'");
    GIVE("{\"t\":\"1970-01-01T00:00:01Z\"}", "{\"t\":\"2500\"}", "{\"t\":\"soon\"}", "{}");
    check_outcome("NULL={\"t\":\"1970-01-01T00:00:01Z\"}@1000 NULL={\"t\":\"2500\"}@2500 "
                  "!2:t:must be a time: milliseconds, or as 2026-01-26T10:30:00.123+01:00 "
                  "!3:t:must be there: it is the time of the record");
    weir_session_close(s);
    s = stream("t BIGINT", ", value_format='JSON', timestamp.field='t', timestamp.missing='arrival'");
    GIVE("{\"t\":5}", "{}", "{\"t\":-1}");
    check_outcome("NULL={\"t\":5}@5 NULL={}@77 NULL={\"t\":-1}@77");
    weir_session_close(s);
    refused("t DOUBLE", ", value_format='JSON', timestamp.field='t'", "a time is a STRING");
}

static void undeclared_topics(void **state)
{
    (void)state;
    weir_session *s = session_new();
    weir_status st;
    assert_ok(try_execute(s, "CREATE SOURCE CONNECTOR c WITH ('connector'='taker', 'topic'='t', 'key'='id', "
                             "'validate'='name <> ''x''');", &st), &st);
    GIVE("{\"id\":1,\"name\":\"a\"}", "{\"id\":2,\"name\":\"x\"}", "{\"id\":{\"a\":1},\"name\":\"b\"}", "[]");
    weir_buf out = {0};
    outcome(&out);
    assert_int_equal(strncmp(weir_buf_cstr(&out), "1={\"id\":1,\"name\":\"a\"}@77 ", 25), 0);
    assert_non_null(strstr(weir_buf_cstr(&out), "!1:name:must fulfil "));
    assert_non_null(strstr(weir_buf_cstr(&out), "!3:"));
    weir_buf_deinit(&out);
    weir_session_close(s);
    s = session_new();
    assert_ok(try_execute(s, "CREATE SOURCE CONNECTOR c WITH ('connector'='taker', 'topic'='t');", &st), &st);
    GIVE("{\"a\":[]}", "[]", "{", "{}");
    check_outcome("NULL={\"a\":[]}@77 NULL={}@77 !1::not a JSON object "
                  "!2::malformed JSON: a member name was expected at byte 1");
    weir_session_close(s);
}

static void each_has_its_own(void **state)
{
    (void)state;
    weir_chunk_builder b;
    bare = false;
    weir_session *s = stream("name STRING, n INT", ", value_format='DELIMITED'");
    GIVE("{\"name\":\"a\",\"n\":1}", "{\"n\":2}", "no", "{\"name\":\"d\"}");
    assert_int_equal(weir_intake_judge(intake, given.docs, given.n), 3);
    const weir_intake_own own[] = {{WEIR_SV("k"), given.docs[0], false, 1},
                                   {{NULL, WEIR_NULL_BYTES}, WEIR_SV("as it is"), true, 2},
                                   {WEIR_SV("never"), WEIR_SV("never"), true, 3},
                                   {WEIR_SV("gone"), {NULL, WEIR_NULL_BYTES}, true, 4}};
    weir_chunk_builder_init(&b);
    weir_intake_add_each(intake, &b, (weir_sv){0}, own);
    weir_chunk *c = weir_chunk_builder_take(&b);
    assert_int_equal(c->n, 3);
    assert_sv_equal(weir_rec_key(c, &c->recs[0]), "k");
    assert_sv_equal(weir_rec_value(c, &c->recs[0]), "a,1");
    assert_int_equal(c->recs[1].key_n, WEIR_NULL_BYTES);
    assert_sv_equal(weir_rec_value(c, &c->recs[1]), "as it is");
    assert_sv_equal(weir_rec_key(c, &c->recs[2]), "gone");
    assert_int_equal(c->recs[2].value_n, WEIR_NULL_BYTES);
    assert_int_equal(c->recs[2].timestamp, 4);
    weir_chunk_unref(c);
    weir_chunk_builder_deinit(&b);
    weir_session_close(s);
}

/* Any mix, in batches of any size: the good ones go out unchanged and in order, the others are told once. */
static void any_mix(void **state)
{
    (void)state;
    weir_rng rng;
    weir_rng_seed(&rng, 5);
    weir_session *s = stream("id BIGINT KEY, n INT", ", format='JSON', validate='n >= 0'");
    for (uint32_t round = 0; round < 40; round++) {
        weir_buf wanted = {0};
        weir_buf got = {0};
        uint32_t n = round ? (uint32_t)weir_rng_below(&rng, DOCS_MAX + 1) : DOCS_MAX;
        memset(&given, 0, sizeof given);
        for (uint32_t i = 0; i < n; i++) {
            uint64_t x = weir_rng_below(&rng, 10);
            const char *form = x == 0 ? "{\"id\":%u} x" : "{\"id\":%u,\"n\":%d}";
            int len = snprintf(given.bytes[i], DOC_BYTES, form, i, x == 1 ? -1 : 1);
            given.docs[i] = weir_sv_of(given.bytes[i], (size_t)len);
            if (x > 1) {
                weir_buf_printf(&wanted, "%u=%s@77 ", i, given.bytes[i]);
            }
        }
        given.n = n;
        for (uint32_t i = 0; i < n; i++) {
            if (strchr(given.bytes[i], 'x')) {
                weir_buf_printf(&wanted, "!%u::not a JSON object ", i);
            } else if (strstr(given.bytes[i], "-1")) {
                weir_buf_printf(&wanted, "!%u:n:must fulfil n >= 0 ", i);
            }
        }
        outcome(&got);
        size_t same = 0;
        while (same < got.n && same < wanted.n && got.p[same] == wanted.p[same]) {
            same++;
        }
        if (same < got.n || same < wanted.n) {
            print_error("%.80s\n  is not\n%.80s\n", weir_buf_cstr(&got) + same, weir_buf_cstr(&wanted) + same);
            fail();
        }
        weir_buf_deinit(&wanted);
        weir_buf_deinit(&got);
    }
    weir_session_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_goes_out_as_it_came),   cmocka_unit_test(what_is_no_object_is_told),
        cmocka_unit_test(keys_come_from_fields),      cmocka_unit_test(conditions_are_told_by_part),
        cmocka_unit_test(other_formats_get_the_columns), cmocka_unit_test(times_come_from_fields),
        cmocka_unit_test(undeclared_topics),          cmocka_unit_test(each_has_its_own),
        cmocka_unit_test(any_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
