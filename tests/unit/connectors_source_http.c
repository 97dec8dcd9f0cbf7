/* Bodies of the HTTP source: cutting them up, names in another case, names as the client has them. */
#include "connectors/source_http.h"
#include "tests/support/test.h"

static weir_sv padded(weir_arena *a, const char *text)
{
    size_t n = strlen(text);
    char *copy = weir_arena_zalloc(a, n + WEIR_CHUNK_PADDING);
    memcpy(copy, text, n);
    return weir_sv_of(copy, n);
}

static void assert_name(const char *given, weir__http_case to, const char *wanted)
{
    weir_buf out = {0};
    weir__http_name(&out, weir_sv_cstr(given), to);
    assert_string_equal(weir_buf_cstr(&out), wanted);
    weir_buf_deinit(&out);
}

static void names(void **state)
{
    (void)state;
    static const char *const snake[][2] = {
        {"userId", "user_id"},   {"user-id", "user_id"},       {"user_id", "user_id"}, {"USER_ID", "user_id"},
        {"UserID", "user_id"},   {"HTTPServer", "http_server"}, {"page2Url", "page2_url"}, {"_id", "_id"},
        {"a", "a"},              {"", ""},                     {"a--b", "a_b"},        {"a_", "a_"},
        {"__", "__"},            {"größeNeu", "größe_neu"},    {"A", "a"},             {"N", "n"},
        {"x\\u0041B", "x\\u0041B"}};
    static const char *const camel[][2] = {{"user_id", "userId"}, {"user-id", "userId"}, {"USER_ID", "userId"},
                                           {"userId", "userId"},  {"UserId", "userId"},  {"_id", "_id"},
                                           {"a_b_c", "aBC"},      {"", ""},              {"a_1", "a1"}};
    for (size_t i = 0; i < WEIR_COUNT(snake); i++) {
        assert_name(snake[i][0], WEIR__HTTP_SNAKE, snake[i][1]);
        assert_name(snake[i][0], WEIR__HTTP_AS_IS, snake[i][0]);
    }
    for (size_t i = 0; i < WEIR_COUNT(camel); i++) {
        assert_name(camel[i][0], WEIR__HTTP_CAMEL, camel[i][1]);
    }
}

static void assert_shape(weir_arena *a, const char *doc, weir__http_case to, const char *members,
                         const char *wanted)
{
    weir_field inner[] = {{WEIR_SV("PRODUCT_ID"), weir_type_of(WEIR_T_STRING)}};
    const weir_type *item = weir_type_struct(a, inner, 1);
    weir_column cols[] = {{.name = WEIR_SV("ITEM"), .type = item},
                          {.name = WEIR_SV("MORE_ITEMS"), .type = weir_type_array(a, item)},
                          {.name = WEIR_SV("DATA"), .type = weir_type_map(a, weir_type_of(WEIR_T_STRING),
                                                                         weir_type_of(WEIR_T_STRING))}};
    weir_schema schema = {.n = WEIR_COUNT(cols), .cols = cols};
    weir_buf out = {0};
    weir__http_shape(&out, padded(a, doc), to, &schema, weir_sv_cstr(members));
    assert_string_equal(weir_buf_cstr(&out), wanted);
    weir_buf_deinit(&out);
}

static void shapes(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    assert_shape(&a, " {\"aB\": 1, \"x\" : {\"aB\":2}} ", WEIR__HTTP_AS_IS, "",
                 "{\"aB\": 1, \"x\" : {\"aB\":2}}");
    assert_shape(&a, "{}", WEIR__HTTP_AS_IS, ",\"ip\":1", "{\"ip\":1}");
    assert_shape(&a, "{ }", WEIR__HTTP_SNAKE, ",\"ip\":1", "{ \"ip\":1}");
    assert_shape(&a, "{\"aB\":1}", WEIR__HTTP_SNAKE, ",\"iP\":1", "{\"a_b\":1,\"iP\":1}");
    assert_shape(&a, "{\"item\":{\"productId\":{\"aB\":1}},\"data\":{\"aB\":1},\"other\":[{\"aB\":1}]}",
                 WEIR__HTTP_SNAKE, "",
                 "{\"item\":{\"product_id\":{\"aB\":1}},\"data\":{\"aB\":1},\"other\":[{\"aB\":1}]}");
    assert_shape(&a, "{\"moreItems\":[{\"productId\":\"aB\"},3,[{\"productId\":1}]]}", WEIR__HTTP_SNAKE, "",
                 "{\"more_items\":[{\"product_id\":\"aB\"},3,[{\"productId\":1}]]}");
    /* What is no object stays what it is, to be refused. */
    static const char *const wrong[] = {"[1]", "{\"aB\":1", "nothing", "{\"aB\":tru}", "{\"aB\" 1}", "\"{}\""};
    for (size_t i = 0; i < WEIR_COUNT(wrong); i++) {
        assert_shape(&a, wrong[i], WEIR__HTTP_SNAKE, "", wrong[i]);
    }
    weir_arena_deinit(&a);
}

static void assert_told(weir_arena *a, const char *doc, weir__http_case to, const char *path,
                        const char *wanted)
{
    weir_sv told = weir__http_told_name(a, padded(a, doc), to, weir_sv_cstr(path));
    assert_int_equal(told.n, strlen(wanted));
    assert_memory_equal(told.p, wanted, told.n);
}

static void told_names(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    const char *doc = "{\"userID\":1,\"user-id\":2,\"item\":[0,{\"Price\":3}],\"n\":{\"m\":{}}}";
    assert_told(&a, doc, WEIR__HTTP_AS_IS, "USERID", "userID");
    assert_told(&a, doc, WEIR__HTTP_SNAKE, "USER_ID", "userID");
    assert_told(&a, doc, WEIR__HTTP_AS_IS, "ITEM[1].PRICE", "item[1].Price");
    assert_told(&a, doc, WEIR__HTTP_AS_IS, "ITEM[7].PRICE", "item[7].PRICE");
    assert_told(&a, doc, WEIR__HTTP_AS_IS, "N.M.X", "n.m.X");
    assert_told(&a, doc, WEIR__HTTP_AS_IS, "other", "other");
    assert_told(&a, doc, WEIR__HTTP_AS_IS, "", "");
    assert_told(&a, "[1]", WEIR__HTTP_AS_IS, "A", "A");
    assert_told(&a, "{\"a\":1}", WEIR__HTTP_AS_IS, "A.B", "a.B");
    assert_told(&a, "{\"a\":1}", WEIR__HTTP_AS_IS, "A[0]", "a[0]");
    assert_told(&a, "nothing", WEIR__HTTP_AS_IS, "A.B[", "A.B[");
    weir_arena_deinit(&a);
}

static void assert_split(weir_arena *a, const char *body, size_t n, const char *last)
{
    weir_sv *docs = NULL;
    size_t cap = 0;
    size_t got = 0;
    const char *why = weir__http_split(padded(a, body), &docs, &got, &cap);
    assert_int_equal(why == NULL, last != NULL);
    if (last && n) {
        assert_int_equal(got, n);
        assert_int_equal(docs[n - 1].n, strlen(last));
        assert_memory_equal(docs[n - 1].p, last, docs[n - 1].n);
    }
    weir_free(docs);
}

static void splits(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    assert_split(&a, " [ {\"a\":1} , {\"b\":\"],\"} ] ", 2, "{\"b\":\"],\"}");
    assert_split(&a, "{\"a\":1}\r\n\n {\"b\":2} ", 2, "{\"b\":2}");
    assert_split(&a, "[]", 0, "");
    assert_split(&a, "", 0, NULL);
    assert_split(&a, "[1", 0, NULL);
    weir_arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(shapes),
        cmocka_unit_test(told_names),
        cmocka_unit_test(splits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
