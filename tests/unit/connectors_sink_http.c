/* Webhooks without a network: what a record's request is, which statements are refused, which answers
 * mean what, and that ids neither change nor have dots. */
#include "connectors/conn_impl.h"
#include "connectors/formats.h"
#include "connectors/sink_http.h"
#include "tests/support/test.h"

#define OPTIONS_MAX 24
#define URL "https://example.com/hook"

/* A connector that was never started, over one topic. */
typedef struct made {
    weir_catalog *catalog;
    weir_connect owner;
    weir_conn conn;
    weir__sink_topic topic;
    weir_status st;
} made;

static const weir_conn_kind *http_kind(void)
{
    for (uint32_t i = 0; i < weir_conn_kinds(); i++) {
        if (strcmp(weir_conn_kind_at(i)->name, "http") == 0 && weir_conn_kind_at(i)->sink) {
            return weir_conn_kind_at(i);
        }
    }
    fail_msg("there is no such kind");
    return NULL;
}

static void put_source(weir_catalog *c)
{
    const weir_type *text = weir_type_of(WEIR_T_STRING);
    weir_column cols[] = {
        {.name = WEIR_SV("ID"), .type = text, .role = WEIR_COL_KEY},
        {.name = WEIR_SV("KIND"), .type = text, .role = WEIR_COL_VALUE},
        {.name = WEIR_SV("N"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_VALUE},
    };
    weir_schema schema = {.n = 3, .n_keys = 1, .cols = cols};
    weir_source s = {.name = WEIR_SV("ALERTS"),
                     .table = true,
                     .schema = &schema,
                     .topic = WEIR_SV("shop.alerts"),
                     .key_format = {.kind = WEIR_FMT_KAFKA},
                     .value_format = {.kind = WEIR_FMT_JSON},
                     .partitions = 1,
                     .replicas = 1};
    weir_catalog_put_source(c, &s);
}

/* `options`: name, value, …, NULL. */
static weir_rc try_make(made *m, const char *name, const char *const *options)
{
    weir_conn_given_option given[OPTIONS_MAX];
    weir_connect_spec spec = {.name = weir_sv_cstr(name), .sink = true, .options = given};
    memset(m, 0, sizeof *m);
    weir_status_reset(&m->st);
    for (; options[2 * spec.n_options]; spec.n_options++) {
        given[spec.n_options] = (weir_conn_given_option){
            .name = weir_sv_cstr(options[2 * spec.n_options]),
            .value = weir_sv_cstr(options[2 * spec.n_options + 1])};
    }
    given[spec.n_options++] = (weir_conn_given_option){.name = WEIR_SV("topics"),
                                                       .value = WEIR_SV("ALERTS")};
    m->catalog = weir_catalog_new();
    put_source(m->catalog);
    m->owner.config = (weir_connect_config){.catalog = m->catalog, .formats = weir_formats_builtin()};
    weir_conn *c = &m->conn;
    c->owner = &m->owner;
    c->kind = http_kind();
    weir_arena_init(&c->arena);
    weir_arena_init(&c->sink.step);
    weir_decoded_init(&c->sink.decoded);
    c->sink.zones = weir_tz_cache_new();
    c->sink.topics = &m->topic;
    c->name = spec.name;
    c->shared.lock = weir_lock_new();
    WEIR_TRY(weir__conn_options(c, &spec, &m->st));
    WEIR_TRY(c->kind->as_sink->open(c, &c->self, &m->st));
    WEIR_TRY(weir__sink_columns(c, &m->topic, WEIR_SV("ALERTS"), &m->st));
    return c->kind->as_sink->bind(c->self, &m->topic.in, &m->st);
}

static void unmake(made *m)
{
    weir_conn *c = &m->conn;
    if (c->self) {
        c->kind->as_sink->close(c->self);
    }
    weir_decoder_free(m->topic.decoder);
    weir_decoded_deinit(&c->sink.decoded);
    weir_tz_cache_free(c->sink.zones);
    weir_arena_deinit(&c->sink.step);
    weir_arena_deinit(&c->arena);
    weir_lock_free(c->shared.lock);
    weir_catalog_free(m->catalog);
}

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* What CHECK CONNECTOR says of a record; value NULL: a deleted row. */
static void show(made *m, const char *key, const char *value, weir_buf *out)
{
    weir_conn *c = &m->conn;
    weir_chunk_builder b;
    weir_decoded *d = &c->sink.decoded;
    char poison[256] = "";
    weir_sink_item item;
    weir_sink_item *const one = &item;
    weir_sv bytes = value ? weir_sv_cstr(value) : (weir_sv){NULL, WEIR_NULL_BYTES};
    weir_chunk_builder_init(&b);
    weir_chunk_builder_add(&b, weir_sv_cstr(key), bytes, (weir_sv){0}, 1500, 0);
    weir_chunk *chunk = weir_chunk_builder_take(&b);
    weir_chunk_builder_deinit(&b);
    weir_sink_parcel p = {.in = &m->topic.in, .chunk = chunk, .items = &item, .told_poison = poison};
    weir_decoder_chunk(m->topic.decoder, chunk, 0, 1, 0, d);
    assert_int_equal(d->n_bad, 0);
    weir_sink_rows rows = {&m->topic.in, chunk, 0, 0, d->batch};
    c->kind->as_sink->render(c->self, &rows, &p);
    if (p.n) {
        c->kind->as_sink->show(c->self, &one, 1, out);
    } else {
        weir_buf_printf(out, "-- %s", poison);
    }
    weir_buf_deinit(&p.bytes);
    weir_decoded_reset(d);
    weir_chunk_unref(chunk);
}

/* The request has these words. */
static void shows(const char *const *options, const char *key, const char *value, const char *words)
{
    made m;
    weir_buf out = {0};
    assert_ok(try_make(&m, "HOOKS", options), &m.st);
    show(&m, key, value, &out);
    if (!strstr(weir_buf_cstr(&out), words)) {
        fail_msg("\"%s\" is not in\n%s", words, weir_buf_cstr(&out));
    }
    weir_buf_deinit(&out);
    unmake(&m);
}

static void refuses(const char *const *options, const char *words)
{
    made m;
    assert_int_not_equal(try_make(&m, "HOOKS", options), WEIR_OK);
    if (!strstr(m.st.msg, words)) {
        fail_msg("\"%s\" is not in \"%s\"", words, m.st.msg);
    }
    unmake(&m);
}

static void test_requests(void **state)
{
    (void)state;
    const char *value = "{\"KIND\":\"a/b \\\"c\\\"\",\"N\":7}";
    shows(OPTIONS("http.url", URL "/${KIND}?n=${N}"), "k", value, "POST " URL "/a%2Fb%20%22c%22?n=7\n");
    shows(OPTIONS("http.url", URL, "method", "patch"), "k", value, "PATCH " URL "\n");
    shows(OPTIONS("http.url", URL), "k", value, "{\"ID\":\"k\",\"KIND\":\"a/b \\\"c\\\"\",\"N\":7}\n");
    shows(OPTIONS("http.url", URL, "body", "{\"x\":${KIND},\"y\":\"${KIND}\",\"z\":${N}}"), "k", value,
          "{\"x\":\"a/b \\\"c\\\"\",\"y\":\"a/b \\\"c\\\"\",\"z\":7}\n");
    shows(OPTIONS("http.url", URL, "body", "{\"x\":${N},\"y\":\"${KIND}\"}"), "k", "{}",
          "{\"x\":null,\"y\":\"\"}\n");
    shows(OPTIONS("http.url", URL, "body", "${KIND}", "content.type", "text/plain"), "k", value,
          "a/b \"c\"\n");
    shows(OPTIONS("http.url", URL, "body.format", "form"), "k", value, "ID=k&KIND=a%2Fb%20%22c%22&N=7\n");
    shows(OPTIONS("http.url", URL, "headers", "A: 1;B: ${ID}", "header.separator", ";"), "k", value,
          "A: 1\nB: k\n");
    shows(OPTIONS("http.url", URL, "batch.size", "10"), "k", value, "\n[{\"ID\"");
    shows(OPTIONS("http.url", URL, "body.format", "cloudevents", "cloudevents.type", "x.${KIND}"), "k",
          value, "\"type\":\"x.a/b \\\"c\\\"\",\"subject\":\"k\",\"time\":\"1970-01-01T00:00:01.500Z\"");
}

static void test_records_that_cannot_be_sent(void **state)
{
    (void)state;
    shows(OPTIONS("http.url", URL "/${KIND}/x"), "k", "{\"KIND\":\"..\"}", "-- the URL would leave");
    shows(OPTIONS("http.url", URL "/${KIND}"), "k", "{\"KIND\":\".\"}", "-- the URL would leave");
    shows(OPTIONS("http.url", URL "/${KIND}"), "k", "{\"KIND\":\"...\"}", "POST " URL "/...\n");
    shows(OPTIONS("http.url", URL "?up=${KIND}"), "k", "{\"KIND\":\"..\"}", "POST " URL "?up=..\n");
    shows(OPTIONS("http.url", URL "/${KIND}"), "k", "{}", "-- a column of its template is NULL");
    shows(OPTIONS("http.url", URL, "header.X-A", "${KIND}"), "k", "{\"KIND\":\"a\\r\\nB: c\"}",
          "-- a header's value would hold a control character");
    shows(OPTIONS("http.url", URL, "body.bytes.max", "5"), "k", "{\"KIND\":\"a\"}", "'body.bytes.max' is 5");
}

static void test_deleted_rows(void **state)
{
    (void)state;
    shows(OPTIONS("http.url", URL), "k", NULL, "-- ");
    shows(OPTIONS("http.url", URL "/${ID}", "behavior.on.null.values", "delete"), "k", NULL,
          "DELETE " URL "/k\n");
    shows(OPTIONS("http.url", URL, "on.delete.body", "{\"over\":\"${ID}\"}"), "k", NULL,
          "POST " URL "\nContent-Type: application/json\n");
    shows(OPTIONS("http.url", URL, "behavior.on.null.values", "fail"), "k", NULL, "-- a deleted row");
    shows(OPTIONS("preset", "pagerduty", "alert.token", "t"), "k", NULL,
          "{\"routing_key\":\"t\",\"event_action\":\"resolve\",\"dedup_key\":\"shop.alerts/k\"}");
    refuses(OPTIONS("http.url", URL "/${KIND}", "behavior.on.null.values", "delete"), "and no KIND");
    refuses(OPTIONS("preset", "pagerduty", "alert.key", "${KIND}"), "and no KIND");
}

static void test_presets_keep_their_form(void **state)
{
    (void)state;
    /* what an operator writes and what a record holds is text inside of theirs */
    shows(OPTIONS("preset", "slack", "http.url", URL, "alert.text", "a \"b\" ${KIND} \\"), "k",
          "{\"KIND\":\"\\\"}\"}", "{\"text\":\"a \\\"b\\\" \\\"} \\\\\"}\n");
    shows(OPTIONS("preset", "pagerduty", "alert.token", "${ID}"), "k", "{\"KIND\":\"x\"}",
          "\"routing_key\":\"${ID}\"");
    shows(OPTIONS("preset", "opsgenie", "alert.token", "t"), "k", "{}", "Authorization: [hidden]\n");
    shows(OPTIONS("preset", "opsgenie", "alert.token", "t", "alert.key", "a b/${ID}"), "k/1", NULL,
          "/v2/alerts/a%20b%2Fk%2F1/close?identifierType=alias\n");
}

static void test_ids(void **state)
{
    (void)state;
    const char *names[] = {"A", "A", "B", "A.B"};
    weir_buf ids[4] = {{0}};
    for (size_t i = 0; i < WEIR_COUNT(names); i++) {
        made m;
        weir_chunk chunk = {0};
        assert_ok(try_make(&m, names[i], OPTIONS("http.url", URL)), &m.st);
        weir_sink_parcel p = {.in = &m.topic.in, .chunk = &chunk, .partition = 3};
        weir_sink_item item = {.parcel = &p};
        weir__hook_id(&ids[i], &item);
        assert_null(strchr(weir_buf_cstr(&ids[i]), '.'));
        unmake(&m);
    }
    assert_string_equal(weir_buf_cstr(&ids[0]), weir_buf_cstr(&ids[1]));
    assert_string_not_equal(weir_buf_cstr(&ids[0]), weir_buf_cstr(&ids[2]));
    assert_string_not_equal(weir_buf_cstr(&ids[0]), weir_buf_cstr(&ids[3]));
    for (size_t i = 0; i < WEIR_COUNT(names); i++) {
        weir_buf_deinit(&ids[i]);
    }
}

static void test_codes(void **state)
{
    (void)state;
    weir__hook_codes c;
    static const char *const wrong[] = {"x", "99", "600", "500-400", "-500", "2xx", "200,,x", "99999999999"};
    assert_true(weir__hook_codes_parse(WEIR_SV(" 408, 429,500- "), &c));
    assert_true(weir__hook_codes_have(&c, 408) && weir__hook_codes_have(&c, 429));
    assert_true(weir__hook_codes_have(&c, 500) && weir__hook_codes_have(&c, 599));
    assert_false(weir__hook_codes_have(&c, 200) || weir__hook_codes_have(&c, 499));
    assert_false(weir__hook_codes_have(&c, -1) || weir__hook_codes_have(&c, 0) ||
                 weir__hook_codes_have(&c, 600) || weir__hook_codes_have(&c, 99999));
    assert_true(weir__hook_codes_parse((weir_sv){0}, &c));
    for (size_t i = 0; i < WEIR_COUNT(wrong); i++) {
        assert_false(weir__hook_codes_parse(weir_sv_cstr(wrong[i]), &c));
    }
}

static void test_refusals(void **state)
{
    (void)state;
    refuses(OPTIONS("preset", "slack"), "needs option 'http.url'");
    refuses(OPTIONS("http.url", "https://${ID}/"), "the host must not come from records");
    refuses(OPTIONS("http.url", "https://a.example:443${ID}/"), "the host must not come from records");
    refuses(OPTIONS("http.url", "https://169.254.169.254/${ID}"), "credentials");
    refuses(OPTIONS("http.url", "http://example.com/"), "not https");
    refuses(OPTIONS("http.url", URL, "body.format", "template"), "needs option 'body'");
    refuses(OPTIONS("http.url", URL, "headers", "Content-Length: 5"), "cannot be sent");
    refuses(OPTIONS("http.url", URL, "header.X Y", "5"), "cannot be sent");
    refuses(OPTIONS("http.url", URL, "idempotency.header", "a b"), "cannot be sent");
    refuses(OPTIONS("http.url", URL, "auth.token", "a\nb"), "control character");
    refuses(OPTIONS("http.url", URL, "auth.type", "basic"), "'auth.user'");
    refuses(OPTIONS("http.url", URL, "oauth2.token.url", "https://10.0.0.1/", "oauth2.client.id", "a",
                    "oauth2.client.secret", "b"), "private address");
    refuses(OPTIONS("http.url", URL, "signing.secret", "whsec_!"), "signing.secret");
    refuses(OPTIONS("http.url", URL, "batch.size", "9", "body.format", "form"), "one record at a time");
}

static void test_docs(void **state)
{
    (void)state;
    const weir_conn_kind *k = http_kind();
    for (uint32_t i = 0; i < k->n_options; i++) {
        size_t n = strlen(k->options[i].doc);
        assert_true(n > 10 && strchr(".:", k->options[i].doc[n - 1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_records_that_cannot_be_sent),
        cmocka_unit_test(test_deleted_rows),
        cmocka_unit_test(test_presets_keep_their_form),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_docs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
