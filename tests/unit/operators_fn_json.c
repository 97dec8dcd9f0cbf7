/* JSON functions against what Jackson and ksqlDB's functions do. */
#include "tests/support/fn_test.h"

#define S fn_s
#define I fn_i
#define NO_S fn_null(WEIR_T_STRING)

extern const weir_function weir_fn_json[], weir_fn_json_extract[], weir_fn_json_text[];
extern const uint32_t weir_fn_json_n, weir_fn_json_extract_n, weir_fn_json_text_n;

static fn_test t;

static int setup(void **state)
{
    (void)state;
    const fn_family families[] = {
        {weir_fn_json, weir_fn_json_n},
        {weir_fn_json_extract, weir_fn_json_extract_n},
        {weir_fn_json_text, weir_fn_json_text_n},
    };
    fn_test_init(&t, families, WEIR_COUNT(families));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fn_test_deinit(&t);
    return 0;
}

static void is_json(void **state)
{
    (void)state;
    fn_is(&t, "true", "IS_JSON_STRING", S("[1, {\"a\": null}]"));
    fn_is(&t, "true", "IS_JSON_STRING", S("\"abc\""));
    fn_is(&t, "true", "IS_JSON_STRING", S("null"));
    fn_is(&t, "true", "IS_JSON_STRING", S("1 abc")); /* what follows is not read */
    fn_is(&t, "false", "IS_JSON_STRING", S("1abc"));
    fn_is(&t, "false", "IS_JSON_STRING", S("abc"));
    fn_is(&t, "false", "IS_JSON_STRING", S("{\"a\": 1"));
    fn_is(&t, "false", "IS_JSON_STRING", S(""));
    fn_is(&t, "false", "IS_JSON_STRING", S("  "));
    fn_is(&t, "false", "IS_JSON_STRING", S("\xef\xbb\xbf" "1"));
    fn_is(&t, "false", "IS_JSON_STRING", NO_S);
}

static void arrays(void **state)
{
    (void)state;
    fn_is(&t, "3", "JSON_ARRAY_LENGTH", S("[1, [2], {}]"));
    fn_is(&t, "0", "JSON_ARRAY_LENGTH", S("[]"));
    fn_is(&t, "NULL", "JSON_ARRAY_LENGTH", S("{}"));
    fn_is(&t, "NULL", "JSON_ARRAY_LENGTH", S(""));
    fn_is(&t, "NULL", "JSON_ARRAY_LENGTH", NO_S);
    fn_is(&t, FN_FAILED, "JSON_ARRAY_LENGTH", S("[1"));
    assert_string_equal(t.error, "Invalid JSON format:[1");
    fn_is(&t, "[1, \"a\", {\"b\":1.50}, null, 1E+3]", "JSON_ITEMS",
          S("[1, \"a\", {\"b\": 1.50}, null, 1e3]"));
    fn_is(&t, "[]", "JSON_ITEMS", S("[]"));
    fn_is(&t, FN_FAILED, "JSON_ITEMS", S("{}"));
    fn_is(&t, FN_FAILED, "JSON_ITEMS", S(""));
    fn_is(&t, "NULL", "JSON_ITEMS", NO_S);
}

static void objects(void **state)
{
    (void)state;
    fn_is(&t, "[a, b\n]", "JSON_KEYS", S("{\"a\": 1, \"b\\n\": {\"c\": 2}, \"a\": 3}"));
    fn_is(&t, "[]", "JSON_KEYS", S("{}"));
    fn_is(&t, "NULL", "JSON_KEYS", S("[]"));
    fn_is(&t, FN_FAILED, "JSON_KEYS", S("{"));
    fn_is(&t, "{a=x\", b=[1,\"y\"], c=null}", "JSON_RECORDS",
          S("{\"a\": \"x\\\"\", \"b\": [1, \"y\"], \"c\": null}"));
    fn_is(&t, "NULL", "JSON_RECORDS", S("1"));
}

static void containing(void **state)
{
    (void)state;
    weir_value half = weir_double(0.5);
    weir_value one = weir_double(1);
    weir_value big = weir_bigint(INT64_C(5000000000));
    weir_value yes = weir_bool(true);
    fn_is(&t, "true", "JSON_ARRAY_CONTAINS", S("[1, 2, 3]"), I(3));
    fn_is(&t, "false", "JSON_ARRAY_CONTAINS", S("[1, 2, 3]"), one);
    fn_is(&t, "true", "JSON_ARRAY_CONTAINS", S("[1, 5e-1]"), half);
    fn_is(&t, "true", "JSON_ARRAY_CONTAINS", S("[5000000000]"), big);
    fn_is(&t, "false", "JSON_ARRAY_CONTAINS", S("[5000000000, 1]"), I(1)); /* does not fit: ends */
    fn_is(&t, "true", "JSON_ARRAY_CONTAINS", S("[[\"a\"], \"\\u0061\"]"), S("a"));
    fn_is(&t, "false", "JSON_ARRAY_CONTAINS", S("[[\"a\"]]"), S("a"));
    fn_is(&t, "true", "JSON_ARRAY_CONTAINS", S("[true]"), yes);
    fn_is(&t, "false", "JSON_ARRAY_CONTAINS", S("[false, \"true\"]"), yes);
    fn_is(&t, "true", "JSON_ARRAY_CONTAINS", S("[1, null]"), NO_S);
    fn_is(&t, "false", "JSON_ARRAY_CONTAINS", S("[1]"), NO_S);
    fn_is(&t, "false", "JSON_ARRAY_CONTAINS", S("{}"), I(1));
    fn_is(&t, "false", "JSON_ARRAY_CONTAINS", S(""), I(1));
    fn_is(&t, "true", "JSON_ARRAY_CONTAINS", S("[1, x"), I(1)); /* not read that far */
    fn_is(&t, "false", "JSON_ARRAY_CONTAINS", S("[x, 1]"), I(1));
    fn_is(&t, FN_FAILED, "JSON_ARRAY_CONTAINS", NO_S, I(1));
}

static void concatenating(void **state)
{
    (void)state;
    fn_is(&t, "[1,2,3]", "JSON_CONCAT", S("[1, 2]"), S("3"));
    fn_is(&t, "{\"a\":1,\"b\":{\"c\":4},\"d\":5}", "JSON_CONCAT",
          S("{\"a\": 1, \"b\": {\"c\": 3, \"e\": 1}}"), S("{\"b\": {\"c\": 4}, \"d\": 5}"));
    fn_is(&t, "[{\"a\":1},[2],3]", "JSON_CONCAT", S("{\"a\": 1}"), S("[[2], 3]"));
    fn_is(&t, "[null,null]", "JSON_CONCAT", S("null"), S("null"));
    fn_is(&t, "1000", "JSON_CONCAT", S("1e3"));
    fn_is(&t, "NULL", "JSON_CONCAT", S("1"), NO_S);
    fn_is(&t, "NULL", "JSON_CONCAT", S("1"), S(""));
    fn_is(&t, FN_FAILED, "JSON_CONCAT", S("1"), S("{"));
}

#define DOC "{\"log\": {\"a.b\": [\"x\", {\"c\": \"\\u00fc\"}, 1.50, 1e3, null, true]}, \"é:@\": 1}"

static void extracting(void **state)
{
    (void)state;
    fn_is(&t, "x", "EXTRACTJSONFIELD", S(DOC), S("$.log[\"a.b\"][0]"));
    fn_is(&t, "ü", "EXTRACTJSONFIELD", S(DOC), S("$[log][\"a.b\"][1].c"));
    fn_is(&t, "{\"c\":\"ü\"}", "EXTRACTJSONFIELD", S(DOC), S("$.log[\"a.b\"][1]"));
    fn_is(&t, "1.50", "EXTRACTJSONFIELD", S(DOC), S("$.log[\"a.b\"][2]"));
    fn_is(&t, "1E+3", "EXTRACTJSONFIELD", S(DOC), S("$.log[\"a.b\"].3"));
    fn_is(&t, "null", "EXTRACTJSONFIELD", S(DOC), S("$.log[\"a.b\"][4]"));
    fn_is(&t, "true", "EXTRACTJSONFIELD", S(DOC), S("$.log[\"a.b\"][5]"));
    fn_is(&t, "1", "EXTRACTJSONFIELD", S(DOC), S("$.é:@"));
    fn_is(&t, "NULL", "EXTRACTJSONFIELD", S(DOC), S("$.log[\"a.b\"][6]"));
    fn_is(&t, "NULL", "EXTRACTJSONFIELD", S(DOC), S("$.log[\"a.b\"][\"-1\"]"));
    fn_is(&t, "NULL", "EXTRACTJSONFIELD", S(DOC), S("$.log[\"a.b\"].x"));
    fn_is(&t, "NULL", "EXTRACTJSONFIELD", S(DOC), S("$.log.x.y"));
    fn_is(&t, "NULL", "EXTRACTJSONFIELD", S("\"a\""), S("$.x"));
    fn_is(&t, "2", "EXTRACTJSONFIELD", S("{\"a\": 1, \"a\": 2}"), S("$.a"));
    fn_is(&t, "3", "EXTRACTJSONFIELD", S("{\"a\\\"\\\\\": 3}"), S("$[\"a\\\"\\\\\"]"));
    fn_is(&t, "[1,2]", "EXTRACTJSONFIELD", S("[1, 2]"), S("$"));
    fn_is(&t, "", "EXTRACTJSONFIELD", S(""), S("$"));
    fn_is(&t, "NULL", "EXTRACTJSONFIELD", S(""), S("$.a"));
    fn_is(&t, "NULL", "EXTRACTJSONFIELD", NO_S, S("$.a"));
    fn_is(&t, "NULL", "EXTRACTJSONFIELD", S("1"), NO_S);
    fn_is(&t, FN_FAILED, "EXTRACTJSONFIELD", S("{\"a\": 1, \"b\""), S("$.a"));
}

static void bad_paths(void **state)
{
    (void)state;
    const char *const bad[] = {"",      "a",        "$a",        "$.",       "$..a",  "$.a b",
                               "$.a[",  "$.a[]",    "$.a[1",     "$[\"a",    "$[\"a\"", "$[\"\\n\"]",
                               "$[\"\\", "$[a:b]", "$.*",       "$.a\xf0\x9d\x92\x9c", "$[-1]"};
    for (size_t i = 0; i < WEIR_COUNT(bad); i++) {
        fn_is(&t, FN_FAILED, "EXTRACTJSONFIELD", S("{}"), S(bad[i]));
        assert_non_null(strstr(t.error, "Invalid JSON path: '"));
    }
}

static void is_text(const char *expected, const weir_type *type, weir_value v)
{
    const weir_expr *kid = weir_expr_literal(&t.arena, type, v);
    const weir_expr *e = fn_call(&t, "TO_JSON_STRING", &type, &kid, 1);
    weir_value out;
    weir_status st = {0};
    assert_true(weir_expr_eval_const(&t.arena, e, &t.settings, &out, &st));
    assert_sv_equal(out.sv, expected);
}

static void writing(void **state)
{
    (void)state;
    fn_is(&t, "null", "TO_JSON_STRING", NO_S);
    fn_is(&t, "\"a\\\"ü\"", "TO_JSON_STRING", S("a\"ü"));
    fn_is(&t, "-1", "TO_JSON_STRING", I(-1));
    fn_is(&t, "1.0E10", "TO_JSON_STRING", weir_double(1e10));
    fn_is(&t, "\"NaN\"", "TO_JSON_STRING", weir_double(__builtin_nan("")));
    fn_is(&t, "true", "TO_JSON_STRING", weir_bool(true));
    fn_is(&t, "\"w7w=\"", "TO_JSON_STRING", fn_b("ü"));
    weir_value v = weir_int(18911);
    v.kind = WEIR_T_DATE;
    fn_is(&t, "\"2021-10-11\"", "TO_JSON_STRING", v);
    v = weir_int(48300999);
    v.kind = WEIR_T_TIME;
    fn_is(&t, "\"13:25\"", "TO_JSON_STRING", v);
    v = weir_bigint(INT64_C(1625055519446));
    v.kind = WEIR_T_TIMESTAMP;
    fn_is(&t, "\"2021-06-30T12:18:39.446\"", "TO_JSON_STRING", v);

    const weir_type *string = weir_type_of(WEIR_T_STRING);
    const weir_type *ints = weir_type_array(&t.arena, weir_type_of(WEIR_T_INTEGER));
    const weir_value items[] = {I(1), fn_null(WEIR_T_INTEGER)};
    is_text("[1,null]", ints, weir_array(items, 2));
    const weir_field fields[] = {{WEIR_SV("B"), string}, {WEIR_SV("A"), ints}};
    const weir_value values[] = {NO_S, weir_array(items, 1)};
    weir_value tree = {.kind = WEIR_T_STRUCT, .n = 2};
    tree.items = values;
    is_text("{\"A\":[1],\"B\":null}", weir_type_struct(&t.arena, fields, 2), tree);
    const weir_value keys[] = {S("z"), S("a")};
    weir_value map = {.kind = WEIR_T_MAP, .n = 2};
    map.items = items;
    map.keys = keys;
    is_text("{\"a\":null,\"z\":1}",
            weir_type_map(&t.arena, string, weir_type_of(WEIR_T_INTEGER)), map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_json),       cmocka_unit_test(arrays),
        cmocka_unit_test(objects),       cmocka_unit_test(containing),
        cmocka_unit_test(concatenating), cmocka_unit_test(extracting),
        cmocka_unit_test(bad_paths),     cmocka_unit_test(writing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
