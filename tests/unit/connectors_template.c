/* Templates: each place and each way to put something in, what is NULL, what must not leave its place,
 * and mistakes with where they are. */
#include "connectors/template.h"
#include "tests/support/test.h"

typedef struct world {
    weir_arena a;
    weir_column cols[8];
    weir_schema own, schema;
    weir_source source;
    weir_sink_input in;
    weir_chunk *chunk;
    weir_batch *batch;
    weir_sink_rows rows;
} world;

enum { ID, TEXT, NUM, DBL, FLAG, AT, DAY, TAGS, COLS };

static void column(world *w, int i, const char *name, const weir_type *type)
{
    w->cols[i] = (weir_column){.name = weir_sv_cstr(name), .type = type,
                               .role = i == ID ? WEIR_COL_KEY : WEIR_COL_VALUE};
}

static world *world_new(void)
{
    world *w = weir_zalloc(sizeof *w);
    weir_chunk_builder b;
    weir_buf headers = {0};
    weir_arena_init(&w->a);
    column(w, ID, "ID", weir_type_of(WEIR_T_STRING));
    column(w, TEXT, "TEXT", weir_type_of(WEIR_T_STRING));
    column(w, NUM, "NUM", weir_type_of(WEIR_T_BIGINT));
    column(w, DBL, "DBL", weir_type_of(WEIR_T_DOUBLE));
    column(w, FLAG, "FLAG", weir_type_of(WEIR_T_BOOLEAN));
    column(w, AT, "AT", weir_type_of(WEIR_T_TIMESTAMP));
    column(w, DAY, "DAY", weir_type_of(WEIR_T_DATE));
    column(w, TAGS, "key", weir_type_of(WEIR_T_INTEGER)); /* goes before the word */
    w->own = w->schema = (weir_schema){.n = COLS, .n_keys = 1, .cols = w->cols};
    w->source = (weir_source){.name = WEIR_SV("S"), .topic = WEIR_SV("T/1"), .schema = &w->own,
                              .value_format = {.kind = WEIR_FMT_JSON}};
    w->in = (weir_sink_input){.topic = w->source.topic, .source = &w->source, .schema = &w->schema};
    weir_headers_add(&headers, WEIR_SV("h"), WEIR_SV("old"), false);
    weir_headers_add(&headers, WEIR_SV("h"), WEIR_SV("a\r\nb"), false);
    weir_chunk_builder_init(&b);
    for (int i = 0; i < 2; i++) {
        weir_chunk_builder_add(&b, WEIR_SV("k"), WEIR_SV("{\"a\":1}"), weir_buf_view(&headers),
                               1700000000123, 0);
    }
    w->chunk = weir_chunk_builder_take(&b);
    weir_chunk_builder_deinit(&b);
    weir_buf_deinit(&headers);
    w->batch = weir_batch_new(&w->a, &w->schema);
    w->batch->rows = w->batch->nsel = 2; /* row 1: all NULL */
    for (int i = 0; i < COLS; i++) {
        weir_value null = {.null = true};
        weir_vec_put(&w->batch->cols[i], &w->a, 1, &null);
    }
    w->rows = (weir_sink_rows){&w->in, w->chunk, 0, 7, w->batch};
    return w;
}

static void world_free(world *w)
{
    weir_chunk_unref(w->chunk);
    weir_arena_deinit(&w->a);
    weir_free(w);
}

static void set(world *w, int col, weir_value v)
{
    weir_vec_put(&w->batch->cols[col], &w->a, 0, &v);
}

static void text_is(world *w, const char *text)
{
    set(w, TEXT, (weir_value){.sv = weir_sv_cstr(text)});
}

/* NULL: it cannot be rendered. */
static void row_gives(world *w, uint32_t row, weir_template_place place, const char *text, const char *wanted,
                      int line)
{
    weir_template *t = NULL;
    weir_status st = {0};
    uint32_t at = 0;
    uint32_t n = 0;
    weir_buf out = {0};
    const char *why = NULL;
    weir_buf_str(&out, "before");
    test_ok(weir_template_compile(&w->a, &w->in, weir_sv_cstr(text), place, &t, &at, &n, &st), &st, __FILE__,
            line);
    bool ok = weir_template_render(t, &w->rows, row, &out, &why);
    if (wanted) {
        weir_sv got = weir_sv_of(out.p + 6, out.n - 6);
        _assert_true(ok, why ? why : "rendered", __FILE__, line);
        test_sv_equal(got, wanted, __FILE__, line);
    } else {
        _assert_true(!ok && why && *why, "refused", __FILE__, line);
    }
    weir_buf_deinit(&out);
}

#define GIVES(place, text, wanted) row_gives(w, 0, WEIR_TEMPLATE_##place, (text), (wanted), __LINE__)
#define NULLS(place, text, wanted) row_gives(w, 1, WEIR_TEMPLATE_##place, (text), (wanted), __LINE__)

static void fails(world *w, const char *text, const char *msg, const char *hint, uint32_t at, uint32_t n,
                  int line)
{
    weir_template *t = NULL;
    weir_status st = {0};
    uint32_t got_at = 0;
    uint32_t got_n = 0;
    weir_rc rc = weir_template_compile(&w->a, &w->in, weir_sv_cstr(text), WEIR_TEMPLATE_PLAIN, &t, &got_at,
                                       &got_n, &st);
    _assert_true(rc == WEIR_EUSAGE, "it compiles", __FILE__, line);
    _assert_true(strstr(st.msg, msg) != NULL, st.msg, __FILE__, line);
    _assert_true(strstr(st.hint, hint) != NULL, st.hint, __FILE__, line);
    _assert_int_equal(got_at, at, __FILE__, line);
    _assert_int_equal(got_n, n, __FILE__, line);
}

#define FAILS(text, msg, hint, at, n) fails(w, (text), (msg), (hint), (at), (n), __LINE__)

static void parts_are_put_in(void **state)
{
    (void)state;
    world *w = world_new();
    set(w, ID, (weir_value){.sv = WEIR_SV("id")});
    set(w, NUM, (weir_value){.i64 = INT64_MIN});
    set(w, DBL, (weir_value){.f64 = 1.5});
    set(w, FLAG, (weir_value){.b = true});
    set(w, TAGS, (weir_value){.i32 = -5});
    text_is(w, "a b");
    GIVES(PLAIN, "", "");
    GIVES(PLAIN, "${TEXT}-${text}-${Text}", "a b-a b-a b");
    GIVES(PLAIN, "${NUM} ${DBL} ${FLAG}", "-9223372036854775808 1.5 true");
    GIVES(PLAIN, "${key}", "-5");
    GIVES(PLAIN, "${value} ${topic} ${partition} ${offset} ${timestamp}", "{\"a\":1} T/1 7 0 1700000000123");
    GIVES(PLAIN, "$${TEXT} $$ $ ${TEXT}$", "${TEXT} $$ $ a b$");
    GIVES(PLAIN, "${TEXT:url}${TEXT:raw}", "a%20ba b");
    world_free(w);
}

static void times_are_written(void **state)
{
    (void)state;
    world *w = world_new();
    set(w, AT, (weir_value){.i64 = -1});
    set(w, NUM, (weir_value){.i64 = 1709210096789});
    set(w, DAY, (weir_value){.i32 = 19782});
    GIVES(PLAIN, "${NUM:%Y.%m.%d %H:%M:%S.%L %j %y %s %Q %%}",
          "2024.02.29 12:34:56.789 060 24 1709210096 1709210096789 %");
    GIVES(PLAIN, "${AT:%Y-%m-%dT%H:%M:%S.%L}", "1969-12-31T23:59:59.999");
    GIVES(PLAIN, "${DAY:%Y-%m-%d}", "2024-02-29");
    GIVES(INDEX, "Orders-${timestamp:%Y.%m}", "orders-2023.11");
    NULLS(INDEX, "orders-${AT:%Y}", NULL);
    world_free(w);
}

static void json_stays_json(void **state)
{
    (void)state;
    world *w = world_new();
    text_is(w, "say \"hi\"\n\\");
    set(w, NUM, (weir_value){.i64 = 5});
    set(w, FLAG, (weir_value){.b = false});
    GIVES(JSON, "{\"t\":\"<${TEXT}>\",\"u\":${TEXT}}",
          "{\"t\":\"<say \\\"hi\\\"\\n\\\\>\",\"u\":\"say \\\"hi\\\"\\n\\\\\"}");
    GIVES(JSON, "{\"t\":\"${TEXT:json}\"}", "{\"t\":\"say \\\"hi\\\"\\n\\\\\"}");
    GIVES(JSON, "{\"n\":${NUM},\"s\":\"${NUM}\",\"f\":${FLAG},\"v\":${value}}",
          "{\"n\":5,\"s\":\"5\",\"f\":false,\"v\":{\"a\":1}}");
    GIVES(JSON, "{\"a\\\"\":${TEXT:json}", "{\"a\\\"\":say \\\"hi\\\"\\n\\\\");
    NULLS(JSON, "{\"t\":\"<${TEXT}>\",\"u\":${TEXT},\"n\":${NUM}}", "{\"t\":\"<>\",\"u\":null,\"n\":null}");
    text_is(w, "\xff\xc3(");
    GIVES(JSON, "\"${TEXT}\"", "\"\xEF\xBF\xBD\xEF\xBF\xBD(\"");
    GIVES(BODY, "${TEXT}", "\xff\xc3(");
    world_free(w);
}

static void nulls_are_for_bodies_only(void **state)
{
    (void)state;
    world *w = world_new();
    NULLS(BODY, "a${TEXT}b${NUM}", "ab");
    NULLS(PLAIN, "a${TEXT}", NULL);
    NULLS(URL, "a${NUM}", NULL);
    NULLS(PATH, "a/${TEXT}", NULL);
    NULLS(HEADER, "${TEXT}", NULL);
    GIVES(HEADER, "${header:none}", NULL);
    GIVES(BODY, "${header:none}", "");
    world_free(w);
}

static void nothing_leaves_its_place(void **state)
{
    (void)state;
    world *w = world_new();
    text_is(w, "../a b/\\%?#");
    GIVES(URL, "http://h/${TEXT}", "http://h/..%2Fa%20b%2F%5C%25%3F%23");
    GIVES(PATH, "out/${TEXT}/x", "out/%2E.%2Fa b%2F%5C%25?#/x");
    GIVES(PATH, "${TEXT:raw}", "%2E.%2Fa b%2F%5C%25?#");
    GIVES(PATH, "${TEXT:json}/x", "%2E.%2Fa b%2F%5C%5C%25?#/x");
    text_is(w, "..");
    GIVES(PATH, "out/${TEXT}/x", "out/%2E./x");
    GIVES(PATH, "out/${TEXT:url}/x", "out/%2E./x");
    GIVES(PATH, "${TEXT}", "%2E.");
    GIVES(PATH, "a${TEXT}", "a..");
    text_is(w, "");
    GIVES(PATH, "out/${TEXT}${TEXT}x", "out/x");
    text_is(w, "a\r\nX: y");
    GIVES(HEADER, "${TEXT}", NULL);
    GIVES(HEADER, "${TEXT:raw}", NULL);
    GIVES(HEADER, "${header:h}", NULL);
    GIVES(HEADER, "${TEXT:url}", "a%0D%0AX%3A%20y");
    GIVES(PLAIN, "${header:h}", "a\r\nb");
    text_is(w, "MiXed");
    GIVES(INDEX, "${TEXT}", "mixed");
    GIVES(INDEX, "${TEXT:raw}", "mixed");
    GIVES(INDEX, "-${TEXT}", NULL);
    GIVES(INDEX, "", NULL);
    for (const char *bad = "\\/*?\"<>| ,#:\n"; *bad; bad++) {
        const char text[2] = {*bad, 0};
        text_is(w, text);
        GIVES(INDEX, "a${TEXT}", NULL);
    }
    char *long_text = weir_zalloc(300);
    memset(long_text, 'x', 256);
    text_is(w, long_text);
    GIVES(INDEX, "${TEXT}", NULL);
    GIVES(PATH, "a/${TEXT}", NULL);
    long_text[255] = 0;
    text_is(w, long_text);
    GIVES(INDEX, "${TEXT}", long_text);
    GIVES(PATH, "${TEXT}", long_text);
    weir_free(long_text);
    world_free(w);
}

static void mistakes_have_a_place(void **state)
{
    (void)state;
    world *w = world_new();
    FAILS("a ${TEXTS} b", "TEXTS is no column of topic T/1", "did you mean ${TEXT}?", 4, 5);
    FAILS("${", "${ without }", "", 0, 2);
    FAILS("x${}", "is no column", "", 3, 1);
    FAILS("${TEXT:jsn}", "neither json, url, raw nor a time", "", 2, 8);
    FAILS("${TEXT:%Y}", "this is no time", "", 2, 7);
    FAILS("${AT:%x}", "neither json", "", 2, 5);
    FAILS("${AT:Y}", "neither json", "", 2, 4);
    FAILS("${header}", "is no column", "", 2, 6);
    FAILS("${header:}", "is no column", "", 2, 7);
    world_free(w);
}

static void what_a_template_needs(void **state)
{
    (void)state;
    world *w = world_new();
    static const struct {
        const char *text, *needs;
        uint32_t at;
        bool constant;
    } cases[] = {{"abc", NULL, 0, true},      {"", NULL, 0, true},
                 {"a$${b", NULL, 0, false},   {"${ID} ${topic}", NULL, 0, false},
                 {"${ID} ${NUM}", "NUM", 8, false}, {"x${value}", "value", 3, false}};
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        weir_template *t = NULL;
        weir_status st = {0};
        uint32_t at = 0;
        uint32_t n = 0;
        weir_sv name = {0};
        assert_ok(weir_template_compile(&w->a, &w->in, weir_sv_cstr(cases[i].text), WEIR_TEMPLATE_PLAIN, &t,
                                        &at, &n, &st), &st);
        assert_int_equal(weir_template_needs_value(t, &name, &at), cases[i].needs != NULL);
        if (cases[i].needs) {
            assert_sv_equal(name, cases[i].needs);
            assert_int_equal(at, cases[i].at);
        }
        assert_int_equal(weir_template_constant(t, &name), cases[i].constant);
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_put_in),
        cmocka_unit_test(times_are_written),
        cmocka_unit_test(json_stays_json),
        cmocka_unit_test(nulls_are_for_bodies_only),
        cmocka_unit_test(nothing_leaves_its_place),
        cmocka_unit_test(mistakes_have_a_place),
        cmocka_unit_test(what_a_template_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
