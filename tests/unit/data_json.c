/* JSON documents: trees, printing as Jackson, strictness, numbers, members by name. */
#include "tests/support/test.h"

#include "engine/base/limits.h"
#include "engine/base/rng.h"
#include "engine/data/json.h"

/* Parses and prints; NULL when it is not JSON. `rest` allows text behind the value. */
static const char *reprint(weir_arena *a, const char *text, bool plain, bool rest)
{
    const weir_json_node *node;
    weir_status st;
    uint32_t used;
    /* An exact copy, so that the sanitizer sees a read past the end. */
    size_t n = strlen(text);
    char *copy = weir_alloc(n);
    memcpy(copy, text, n);
    weir_rc rc = weir_json_parse(a, weir_sv_of(copy, n), rest ? &used : NULL, &node, &st);
    weir_free(copy);
    if (rc != WEIR_OK) {
        assert_null(node);
        assert_int_equal(rc, WEIR_EDATA);
        return NULL;
    }
    if (!node) {
        return "";
    }
    weir_buf out = {0};
    weir_json_print(&out, node, plain);
    const char *printed = weir_arena_cstr(a, weir_buf_view(&out));
    weir_buf_deinit(&out);
    return printed;
}

static void test_print(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    const char *const cases[][2] = {
        {" { \"a\" : [ 1 , true , null , \"x\\u0000\\/é\" ] , \"b\" : { } } ",
         "{\"a\":[1,true,null,\"x\\u0000/é\"],\"b\":{}}"},
        {"{\"a\":1,\"b\":2,\"a\":[3]}", "{\"a\":[3],\"b\":2}"},
        {"{\"\\u0061\":1,\"a\":2,\"\":3}", "{\"a\":2,\"\":3}"},
        {"[]", "[]"},
        {"[[],[[]],{\"a\":{\"b\":[{}]}}]", "[[],[[]],{\"a\":{\"b\":[{}]}}]"},
        {"-0", "0"},
        {"1.50", "1.50"},
        {"1E400", "1E+400"},
        {"123e-10", "1.23E-8"},
        {"12345678901234567890123456789.5", "12345678901234567890123456789.5"},
        {"\"\\b\\f\\n\\r\\t\\\\\\\"\"", "\"\\b\\f\\n\\r\\t\\\\\\\"\""},
        {"\"\\u001f\x7f\"", "\"\\u001F\x7f\""},
        {"null", "null"},
        {"\xef\xbb\xbf[1]", "[1]"},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        assert_string_equal(reprint(&a, cases[i][0], false, false), cases[i][1]);
    }
    const char *const plain[][2] = {
        {"1E5", "100000"},      {"-1.25e2", "-125"},   {"0e5", "0"},
        {"0e-8", "0.00000000"}, {"1e-7", "0.0000001"}, {"-123e-10", "-0.0000000123"},
        {"1.5e3", "1500"},      {"1e4000", "1E+4000"}, {"1.50", "1.50"},
    };
    for (size_t i = 0; i < WEIR_COUNT(plain); i++) {
        assert_string_equal(reprint(&a, plain[i][0], true, false), plain[i][1]);
    }
    weir_arena_deinit(&a);
}

static void test_strict(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    const char *const bad[] = {
        "{",         "}",         "[",
        "]",         "[1",        "[1,]",
        "[,]",       "[1 2]",     "{\"a\"}",
        "{\"a\":",   "{\"a\":}",  "{\"a\":1,}",
        "{a:1}",     "{1:2}",     "\"",
        "\"\\\"",    "\"\\u12\"", "tru",
        "nul",       "nulll",     "truefalse",
        "+1",        "01",        "1.",
        ".1",        "1e",        "0x1",
        "--1",       "'a'",       "[1}",
        "{\"a\":1]", "\"\xc3\"",  "\"\xed\xa0\x80\"",
        "\x01",      "[\f1]",     "1\x1a",
        "NaN",       "Infinity",  ",",
        ":",         "\"a\":1",   "[\"a\" \"b\"]",
        "[1:2]",     "{\"a\",1}",
    };
    for (size_t i = 0; i < WEIR_COUNT(bad); i++) {
        if (reprint(&a, bad[i], false, false)) {
            fail_msg("%s was taken", bad[i]);
        }
    }
    const char *const behind[] = {"1 x", "[] ]", "{}{}", "\"a\"b", "true ,", ""};
    for (size_t i = 0; i < WEIR_COUNT(behind); i++) {
        assert_null(reprint(&a, behind[i], false, false));
        assert_non_null(reprint(&a, behind[i], false, true));
    }
    assert_null(reprint(&a, "1x", false, true));
    assert_null(reprint(&a, "1,", false, true));
    const weir_json_node *node;
    weir_status st;
    uint32_t used;
    assert_ok(weir_json_parse(&a, WEIR_SV(" [1] x"), &used, &node, &st), &st);
    assert_int_equal(used, 4);
    assert_ok(weir_json_parse(&a, WEIR_SV(" \"a\" x"), &used, &node, &st), &st);
    assert_int_equal(used, 4);
    assert_int_equal(weir_json_parse(&a, WEIR_SV("[1] x"), NULL, &node, &st), WEIR_EDATA);
    assert_string_equal(st.msg, "malformed JSON: text behind the value at byte 4");
    weir_arena_deinit(&a);
}

static void test_limits(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    static char text[400000];
    for (uint32_t depth = WEIR_JSON_DEPTH_MAX; depth <= WEIR_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = '\0';
        assert_int_equal(reprint(&a, text, false, false) != NULL, depth == WEIR_JSON_DEPTH_MAX);
    }
    memset(text, '[', sizeof text - 1);
    assert_null(reprint(&a, text, false, false));
    for (uint32_t i = 0; i < 60000; i++) {
        memcpy(text + (size_t)i * 5, "{\"a\":", 5);
    }
    assert_null(reprint(&a, text, false, false));
    memset(text, '1', WEIR_JSON_NUMBER_MAX);
    text[WEIR_JSON_NUMBER_MAX] = '\0';
    assert_string_equal(reprint(&a, text, false, false), text);
    text[WEIR_JSON_NUMBER_MAX] = '1';
    text[WEIR_JSON_NUMBER_MAX + 1] = '\0';
    assert_null(reprint(&a, text, false, false));
    weir_arena_deinit(&a);
}

/* After a large text the parser is made smaller again; both must work. */
static void test_sizes(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    const uint32_t sizes[] = {5, 2500, 1500000, 5, 50000};
    for (size_t i = 0; i < WEIR_COUNT(sizes); i++) {
        weir_buf text = {0};
        weir_buf_str(&text, "[7");
        for (uint32_t k = 1; k < sizes[i]; k++) {
            weir_buf_str(&text, ",7");
        }
        weir_buf_byte(&text, ']');
        const weir_json_node *node;
        weir_status st;
        assert_ok(weir_json_parse(&a, weir_buf_view(&text), NULL, &node, &st), &st);
        assert_int_equal(node->n, sizes[i]);
        weir_buf_deinit(&text);
        weir_arena_reset(&a);
    }
    weir_arena_deinit(&a);
}

static void test_get(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    const weir_json_node *o;
    weir_status st;
    assert_ok(weir_json_parse(&a,
                              WEIR_SV("{\"s\":\"x\",\"i\":-7,\"d\":1.5,\"b\":true,\"n\":null,"
                                      "\"a\":[1,2]}"),
                              NULL, &o, &st),
              &st);
    assert_sv_equal(weir_json_get_text(o, WEIR_SV("s"), (weir_sv){0}), "x");
    assert_sv_equal(weir_json_get_text(o, WEIR_SV("d"), (weir_sv){0}), "1.5");
    assert_sv_equal(weir_json_get_text(o, WEIR_SV("n"), WEIR_SV("-")), "-");
    assert_true(weir_json_get_i64(o, WEIR_SV("i"), 0) == -7);
    assert_true(weir_json_get_i64(o, WEIR_SV("d"), 9) == 9);
    assert_true(weir_json_get_bool(o, WEIR_SV("b"), false));
    assert_true(weir_json_get_bool(o, WEIR_SV("S"), true));
    assert_int_equal(weir_json_get(o, WEIR_SV("a"))->n, 2);
    assert_null(weir_json_get(weir_json_get(o, WEIR_SV("a")), WEIR_SV("x")));
    assert_null(weir_json_get(NULL, WEIR_SV("x")));
    weir_arena_deinit(&a);
}

static void test_many_members(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    weir_buf text = {0};
    for (int i = 0; i < 5000; i++) {
        weir_buf_printf(&text, "%s\"key%d\":%d", i ? "," : "{", i % 2500, i);
    }
    weir_buf_byte(&text, '}');
    const weir_json_node *o;
    weir_status st;
    assert_ok(weir_json_parse(&a, weir_buf_view(&text), NULL, &o, &st), &st);
    assert_int_equal(o->n, 2500);
    assert_sv_equal(o->names[2499], "key2499");
    assert_true(weir_json_get_i64(o, WEIR_SV("key7"), 0) == 2507);
    weir_buf_deinit(&text);
    weir_arena_deinit(&a);
}

static void test_members(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    const weir_sv names[] = {WEIR_SV("A"), WEIR_SV("LONGERNAME"), WEIR_SV("a name of more than 16"),
                             WEIR_SV("É")};
    weir_json_keys *keys = weir_json_keys_new(&a, names, 4);
    for (int round = 0; round < 2; round++) {
        weir_json_doc d;
        weir_json_token t[4];
        weir_sv text = WEIR_SV("{\"longerName\":[{\"a\":1}],\"A\":1,\"a\":2,\"é\":true,"
                               "\"a name of more than 17\":3,\"a name of more than 16\":\"\\n\"}");
        assert_true(weir_json_open(&d, &a, text));
        assert_true(weir_json_members(&d, 0, keys, t));
        assert_int_equal(t[0].kind, WEIR_JSON_INT);
        assert_true(weir_json_to_i64(&t[0]) == 1);
        assert_sv_equal(t[1].text, "[{\"a\":1}]");
        assert_sv_equal(weir_json_string_of(&a, &t[2]), "\n");
        assert_int_equal(t[3].kind, WEIR_JSON_TRUE);
        weir_json_iter it = weir_json_first(&t[1]);
        weir_json_token item;
        assert_true(weir_json_next(&d, &it, NULL, &item));
        assert_int_equal(item.kind, WEIR_JSON_OBJECT);
        assert_false(weir_json_next(&d, &it, NULL, &item));
        assert_null(d.error);
    }
    weir_arena_deinit(&a);
}

/* Short numbers of members are read in another way than those that stand alone. */
static void test_short_numbers(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    weir_sv name = WEIR_SV("a");
    weir_json_keys *keys = weir_json_keys_new(&a, &name, 1);
    weir_rng r;
    weir_rng_seed(&r, 3);
    for (int i = 0; i < 200000; i++) {
        char text[32] = "{\"a\":";
        uint32_t n = 1 + (uint32_t)weir_rng_below(&r, 10);
        for (uint32_t k = 0; k < n; k++) {
            /* Few points and signs, so that many are numbers. */
            text[5 + k] = "0123456789.-e"[weir_rng_below(&r, weir_rng_below(&r, 4) ? 10 : 13)];
        }
        text[5 + n] = '}';
        weir_json_doc d;
        weir_json_token alone;
        weir_json_token member;
        bool ok = weir_json_open(&d, &a, weir_sv_of(text + 5, n)) && weir_json_root(&d, &alone);
        int64_t whole = ok ? weir_json_to_i64(&alone) : 0;
        double number = ok ? weir_json_to_double(&alone) : 0;
        for (int round = 0; round < 2; round++) {
            assert_true(weir_json_open(&d, &a, weir_sv_of(text, n + 6)));
            assert_int_equal(weir_json_members(&d, 0, keys, &member), ok);
            if (ok) {
                assert_int_equal(member.kind, alone.kind);
                assert_true(weir_sv_eq(member.text, alone.text));
                assert_true(weir_json_to_i64(&member) == whole);
                double again = weir_json_to_double(&member);
                assert_memory_equal(&again, &number, sizeof number);
            }
        }
    }
    weir_arena_deinit(&a);
}

/* A value for a member; not always one that is JSON. */
static void put_value(weir_buf *out, weir_rng *r)
{
    static const char *const values[] = {
        "0", "7", "-3", "12.50", "1234567.5", "123456789012345678901234567890", "-0.5e-12", "true",
        "false", "null", "\"\"", "\"\\u00e9\\n\"", "\"Caf\xc3\xa9\"", /* from here on not JSON */
        "01", "1.", "-", "tru", "x", "",
        "\"\\x\"", "\"\xff\"", "\"\x01\"", "\"\\\"", "[1]", "{}", "\"a\"b", "1}",
    };
    if (weir_rng_below(r, 3) > 0) {
        weir_buf_byte(out, '"');
        for (uint64_t n = weir_rng_below(r, weir_rng_below(r, 8) ? 30 : 110); n > 0; n--) {
            weir_buf_byte(out, (char)('a' + weir_rng_below(r, 26)));
        }
        weir_buf_byte(out, '"');
        return;
    }
    weir_buf_str(out, values[weir_rng_below(r, weir_rng_below(r, 9) ? 13 : WEIR_COUNT(values))]);
}

/* A record that is read by the layout of another one is read as if there were no layout. */
static void test_layout(void **state)
{
    (void)state;
    static const char *const leads[][6] = {
        {"{\"a\":", ",\"B\":", ",\"b\":", ",\"a name that is longer than a step\":", ",\"c\":",
         "}"},
        {" { \"A\" : ", " ,\n\"a\":\t", ", \"x\": ", ",\"\\u0062\": ", ",\"\": ", "\n} \n"},
    };
    const weir_sv names[] = {WEIR_SV("A"), WEIR_SV("B"), WEIR_SV("D")};
    weir_arena keep;
    weir_arena a;
    weir_arena_init(&keep);
    weir_arena_init(&a);
    weir_json_keys *keys = weir_json_keys_new(&keep, names, 3);
    weir_json_layout *layout = weir_json_layout_new(&keep, keys);
    weir_rng r;
    weir_rng_seed(&r, 11);
    bool learned = false;
    uint32_t alike = 0;
    for (int i = 0; i < 100000; i++) {
        const char *const *lead = leads[i / 1000 % 2];
        weir_buf text = {0};
        for (int k = 0; k < 6; k++) {
            weir_buf_str(&text, lead[k]);
            if (k < 5) {
                put_value(&text, &r);
            }
        }
        uint32_t n = (uint32_t)text.n;
        if (weir_rng_below(&r, 10) == 0) {
            text.p[weir_rng_below(&r, n)] = "\"\\{}[]:, 1a\x80"[weir_rng_below(&r, 12)];
        }
        if (weir_rng_below(&r, 10) == 0) {
            n = (uint32_t)weir_rng_below(&r, n); /* the rest stands behind it */
        }
        char *copy = weir_zalloc(n + WEIR_JSON_READABLE);
        memcpy(copy, text.p, text.n < n + WEIR_JSON_READABLE ? text.n : n + WEIR_JSON_READABLE);
        weir_sv record = weir_sv_of(copy, n);
        weir_json_token long_way[3];
        weir_json_token short_way[3];
        weir_json_doc d;
        bool quick = weir_json_layout_read(layout, record, short_way);
        bool ok = weir_json_open(&d, &a, record) && weir_json_starts_object(&d) &&
                  weir_json_members(&d, 0, keys, long_way);
        assert_true(ok || !quick);
        for (int k = 0; k < 3 && quick; k++) {
            assert_int_equal(short_way[k].kind, long_way[k].kind);
            if (long_way[k].kind == WEIR_JSON_ABSENT) {
                continue;
            }
            assert_ptr_equal(short_way[k].text.p, long_way[k].text.p);
            assert_int_equal(short_way[k].text.n, long_way[k].text.n);
            assert_int_equal(short_way[k].escaped, long_way[k].escaped);
            if (long_way[k].kind == WEIR_JSON_INT || long_way[k].kind == WEIR_JSON_DECIMAL) {
                assert_true(weir_json_to_i64(&short_way[k]) == weir_json_to_i64(&long_way[k]));
                double number = weir_json_to_double(&long_way[k]);
                assert_true(weir_json_to_double(&short_way[k]) == number);
            }
        }
        alike += quick;
        if (ok && !quick && (!learned || weir_rng_below(&r, 50) == 0)) {
            learned = weir_json_layout_learn(layout, &d, record);
        }
        weir_free(copy);
        weir_buf_deinit(&text);
        weir_arena_reset(&a);
    }
    assert_true(alike == 0 || alike > 30000); /* none where the machine is not able to */
    weir_arena_deinit(&keep);
    weir_arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),   cmocka_unit_test(test_strict),
        cmocka_unit_test(test_limits),  cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_get),     cmocka_unit_test(test_many_members),
        cmocka_unit_test(test_members), cmocka_unit_test(test_short_numbers),
        cmocka_unit_test(test_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
