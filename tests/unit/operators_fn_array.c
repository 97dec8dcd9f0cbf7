/* Functions on arrays, maps, bytes; conditional and other functions; table functions. */
#include "tests/support/fn_sql.h"

#include "tests/support/vectors.h"

#define NO_INTS "CAST(NULL AS ARRAY<INT>)"
#define NO_INT "CAST(NULL AS INT)"
#define SOME "ARRAY[3, NULL, 1, 3]"

static void parts(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"ARRAY_CONCAT(ARRAY[1], " NO_INTS ")", "[1]"},
        {"ARRAY_CONCAT(" NO_INTS ", " SOME ")", "[3, null, 1, 3]"},
        {"ARRAY_CONCAT(" NO_INTS ", " NO_INTS ")", "null"},
        {"ARRAY_CONTAINS(" SOME ", 1)", "true"},
        {"ARRAY_CONTAINS(" SOME ", 2)", "false"},
        {"ARRAY_CONTAINS(" SOME ", " NO_INT ")", "true"},
        {"ARRAY_CONTAINS(ARRAY[1], " NO_INT ")", "false"},
        {"ARRAY_CONTAINS(" NO_INTS ", 1)", "false"},
        {"ARRAY_CONTAINS(ARRAY[ARRAY[1], ARRAY[2]], ARRAY[2])", "true"},
        {"ARRAY_LENGTH(" SOME ")", "4"},
        {"ARRAY_LENGTH(" NO_INTS ")", "null"},
        {"ARRAY_REMOVE(" SOME ", 3)", "[null, 1]"},
        {"ARRAY_REMOVE(" SOME ", " NO_INT ")", "[3, 1, 3]"},
        {"ARRAY_REMOVE(" NO_INTS ", 3)", "null"},
        {"SLICE(" SOME ", 2, 3)", "[null, 1]"},
        {"SLICE(" SOME ", NULL, 1)", "[3]"},
        {"SLICE(" SOME ", 3, NULL)", "[1, 3]"},
        {"SLICE(" SOME ", 5, 4)", "[]"},
        {"SLICE(" SOME ", 0, 2)", "null"},
        {"SLICE(" SOME ", 1, 5)", "null"},
        {"SLICE(" SOME ", 4, 1)", "!fromIndex(3) > toIndex(1)"},
        {"SLICE(" SOME ", -2147483647, 1)", "null"},
        {"SLICE(" NO_INTS ", 1, 2)", "null"},
    };
    FN_CHECK(t, cases);
}

static void text(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"ARRAY_JOIN(" SOME ")", "3,null,1,3"},
        {"ARRAY_JOIN(" SOME ", '')", "3null13"},
        {"ARRAY_JOIN(" SOME ", NULL)", "3null13"},
        {"ARRAY_JOIN(ARRAY[1.5E10, 0.5E0], '; ')", "1.5E10; 0.5"},
        {"ARRAY_JOIN(ARRAY[true, false])", "true,false"},
        {"ARRAY_JOIN(ARRAY[CAST('0.0000001' AS DECIMAL(8, 7)), CAST('1' AS DECIMAL(8, 7))])",
         "1E-7,1.0000000"},
        {"ARRAY_JOIN(ARRAY[ARRAY[1]])", "!hit element of type ARRAY<INTEGER>"},
        {"ARRAY_JOIN(ARRAY[CAST('2020-01-01' AS DATE)])", "!currently not supported"},
        {"ARRAY_JOIN(" NO_INTS ", ',')", "null"},
        {"ARRAY_JOIN(ARRAY_REMOVE(ARRAY['a'], 'a'))", ""},
    };
    FN_CHECK(t, cases);
}

static void order(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"ARRAY_MAX(" SOME ")", "3"},
        {"ARRAY_MIN(" SOME ")", "1"},
        {"ARRAY_MAX(ARRAY[" NO_INT "])", "null"},
        {"ARRAY_MIN(" NO_INTS ")", "null"},
        {"ARRAY_MIN(ARRAY['foo', 'Food', 'bar'])", "Food"},
        {"ARRAY_MAX(ARRAY[false, true])", "true"},
        {"ARRAY_MAX(ARRAY[ARRAY[1]])", "[1]"},
        {"ARRAY_MAX(ARRAY[ARRAY[1], ARRAY[2]])", "!have no order"},
        {"ARRAY_SORT(" SOME ")", "[1, 3, 3, null]"},
        {"ARRAY_SORT(" SOME ", 'descending')", "[3, 3, 1, null]"},
        {"ARRAY_SORT(" SOME ", 'Asc')", "[1, 3, 3, null]"},
        {"ARRAY_SORT(" SOME ", 'up')", "null"},
        {"ARRAY_SORT(" SOME ", CAST(NULL AS STRING))", "null"},
        {"ARRAY_SORT(ARRAY[5, 4, 3, 2, 1, 9, 8, 7, 6])", "[1, 2, 3, 4, 5, 6, 7, 8, 9]"},
        {"ARRAY_SORT(ARRAY[ARRAY[2], ARRAY[1]])", "!have no order"},
        {"GENERATE_SERIES(1, 3)", "[1, 2, 3]"},
        {"GENERATE_SERIES(3, 1)", "[3, 2, 1]"},
        {"GENERATE_SERIES(2, 2)", "[2]"},
        {"GENERATE_SERIES(2, 2, 5)", "[2]"},
        {"GENERATE_SERIES(9, 0, -4)", "[9, 5, 1]"},
        {"GENERATE_SERIES(1, 5, -1)", "!GENERATE_SERIES step has wrong sign"},
        {"GENERATE_SERIES(1, 5, 0)", "!GENERATE_SERIES step cannot be zero"},
        {"GENERATE_SERIES(9223372036854775806, 9223372036854775807)",
         "[9223372036854775806, 9223372036854775807]"},
        {"GENERATE_SERIES(-9223372036854775807, 9223372036854775807)", "!items are more than"},
        {"GENERATE_SERIES(0, 2000000000)", "!items are more than"},
        {"GENERATE_SERIES(" NO_INT ", 3)", "!argument 1 of GENERATE_SERIES"},
    };
    FN_CHECK(t, cases);
}

static void sets(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"ARRAY_DISTINCT(ARRAY[3, NULL, 1, 3, NULL])", "[3, null, 1]"},
        {"ARRAY_DISTINCT(ARRAY[ARRAY[1], ARRAY[1], ARRAY[2]])", "[[1], [2]]"},
        {"ARRAY_DISTINCT(ARRAY[MAP('a' := 1, 'b' := 2), MAP('b' := 2, 'a' := 1)])",
         "[{a=1, b=2}]"},
        {"ARRAY_DISTINCT(" NO_INTS ")", "null"},
        {"ARRAY_UNION(" SOME ", ARRAY[4, 1])", "[3, null, 1, 4]"},
        {"ARRAY_UNION(" SOME ", " NO_INTS ")", "null"},
        {"ARRAY_EXCEPT(" SOME ", ARRAY[1])", "[3, null]"},
        {"ARRAY_EXCEPT(" NO_INTS ", " SOME ")", "null"},
        {"ARRAY_INTERSECT(" SOME ", ARRAY[1, NULL, 7])", "[null, 1]"},
        {"ARRAY_INTERSECT(" SOME ", " NO_INTS ")", "null"},
        {"ARRAY_LENGTH(ARRAY_DISTINCT(GENERATE_SERIES(1, 5000)))", "5000"},
        {"ARRAY_LENGTH(ARRAY_INTERSECT(GENERATE_SERIES(1, 5000), GENERATE_SERIES(4001, 9000)))",
         "1000"},
    };
    FN_CHECK(t, cases);
}

#define NO_MAP "CAST(NULL AS MAP<STRING, INT>)"

static void maps(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"AS_MAP(ARRAY['a', 'b', 'a'], ARRAY[1, 2])", "{a=null, b=2}"},
        {"AS_MAP(ARRAY['a'], ARRAY[1, 2])", "{a=1}"},
        {"AS_MAP(CAST(NULL AS ARRAY<STRING>), ARRAY[1])", "null"},
        {"MAP_UNION(MAP('a' := 1), " NO_MAP ")", "{a=1}"},
        {"MAP_UNION(" NO_MAP ", " NO_MAP ")", "null"},
        {"MAP_UNION(MAP('a' := 1), MAP('a' := " NO_INT ", 'b' := 2))", "{a=null, b=2}"},
        {"MAP_KEYS(" NO_MAP ")", "null"},
        {"MAP_KEYS(MAP('f' := 1, 'e' := 2, 'd' := 3, 'c' := 4))", "[c, d, e, f]"},
        {"MAP_VALUES(MAP('f' := 1, 'e' := 2, 'd' := 3, 'c' := 4))", "[4, 3, 2, 1]"},
        {"MAP_KEYS(MAP('yes, thanks' := 1, 'nope' := 2, 'sure, yeah' := 3))",
         "[yes, thanks, sure, yeah, nope]"},
        {"ENTRIES(MAP('b' := 2.5E0, 'a' := 1E0), false)",
         "[Struct{K=a,V=1.0}, Struct{K=b,V=2.5}]"},
        {"ENTRIES(MAP('é' := true, 'Z' := false, 'a' := true), true)",
         "[Struct{K=Z,V=false}, Struct{K=a,V=true}, Struct{K=é,V=true}]"},
        {"ENTRIES(" NO_MAP ", true)", "null"},
        {"ENTRIES(" NO_MAP ", CAST(NULL AS BOOLEAN))", "!argument 2 of ENTRIES"},
    };
    FN_CHECK(t, cases);
}

/* The keys as put, and as HashMap gives them. */
static void check_order(char **f, uint32_t n, uint32_t line)
{
    assert_int_equal(n, 2);
    weir_buf b = {0};
    weir_buf_str(&b, "ARRAY_JOIN(MAP_KEYS(MAP(");
    for (const char *key = f[0]; *key;) {
        size_t bytes = strcspn(key, " ");
        weir_buf_printf(&b, "%s'%.*s' := 1", key == f[0] ? "" : ", ", (int)bytes, key);
        key += bytes + (key[bytes] == ' ');
    }
    weir_buf_str(&b, ")), ' ')");
    weir_sv r = fn_sql_eval(&fn_sql_group, weir_buf_view(&b));
    if (!weir_sv_eq(r, weir_sv_cstr(f[1]))) {
        fail_msg("line %u: got " WEIR_SV_FMT ", not %s", line, WEIR_SV_ARG(r), f[1]);
    }
    weir_buf_deinit(&b);
}

static void map_order(void **state)
{
    (void)state;
    assert_int_equal(weir_vectors_each("hashmap", '\t', check_order), 60);
}

static void conditions(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"COALESCE(" NO_INT ", " NO_INT ", 3)", "3"},
        {"COALESCE(" NO_INT ", " NO_INT ")", "null"},
        {"COALESCE(CAST(NULL AS STRING), 'x')", "x"},
        {"COALESCE(" NO_INTS ", ARRAY[1])", "[1]"},
        {"COALESCE(CAST(NULL AS BOOLEAN), true)", "true"},
        {"COALESCE(CAST(NULL AS DECIMAL(4, 2)), CAST('1.5' AS DECIMAL(4, 2)))", "1.50"},
        {"COALESCE(1)", "1"},
        {"IFNULL(CAST(NULL AS BIGINT), CAST(7 AS BIGINT))", "7"},
        {"IFNULL('a', CAST(NULL AS STRING))", "a"},
        {"NULLIF('a', 'a')", "null"},
        {"NULLIF('a', 'b')", "a"},
        {"NULLIF(1, " NO_INT ")", "1"},
        {"NULLIF(" NO_INT ", 1)", "null"},
        {"AS_VALUE('k')", "k"},
        {"AS_VALUE(ARRAY[1])", "[1]"},
    };
    FN_CHECK(t, cases);
}

#define HEX(digits) "TO_BYTES('" digits "', 'hex')"

static void bytes_and_places(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"INT_FROM_BYTES(" HEX("ffffffff") ")", "-1"},
        {"INT_FROM_BYTES(" HEX("01000000") ", 'little_endian')", "1"},
        {"INT_FROM_BYTES(" HEX("01000000") ", 'MIDDLE')", "!Unknown byte order 'MIDDLE'"},
        {"INT_FROM_BYTES(" HEX("0100") ")", "!Number of bytes must be equal to 4, but found 2"},
        {"BIGINT_FROM_BYTES(" HEX("8000000000000000") ")", "-9223372036854775808"},
        {"DOUBLE_FROM_BYTES(" HEX("3ff8000000000000") ", 'BIG_ENDIAN')", "1.5"},
        {"DOUBLE_FROM_BYTES(CAST(NULL AS BYTES))", "null"},
        {"ROUND(GEO_DISTANCE(37.4439E0, -122.1663E0, 51.5257E0, -0.1122E0), 9)",
         "8634.65979658"},
        {"ROUND(GEO_DISTANCE(37.4439E0, -122.1663E0, 51.5257E0, -0.1122E0, ' Miles '), 9)",
         "5365.659729188"},
        {"GEO_DISTANCE(1E0, 1E0, 1E0, 1E0, '')", "0.0"},
        {"GEO_DISTANCE(1E0, 1E0, 1E0, 1E0, 'yd')", "!kilometre or kilometres"},
        {"GEO_DISTANCE(90.5E0, 1E0, 1E0, 1E0)", "!valid latitude"},
        {"GEO_DISTANCE(1E0, 180.5E0, 1E0, 1E0)", "!valid longitude"},
        {"GEO_DISTANCE(1E0, 1E0, CAST(NULL AS DOUBLE), 1E0)", "!argument 3 of GEO_DISTANCE"},
    };
    FN_CHECK(t, cases);
}

/* The result of a table function, called as it is. */
static weir_sv table_result(const char *name, const weir_value *items, uint32_t n)
{
    const weir_function *fn = weir_functions_find(fn_sql_group.functions, weir_sv_cstr(name));
    const weir_type *arg = weir_type_array(&fn_sql_group.arena, weir_type_of(WEIR_T_INTEGER));
    weir_call c = {.function = fn, .overload = &fn->overloads[0], .nargs = 1, .arg_types = &arg,
                   .arena = &fn_sql_group.arena, .type = weir_type_array(&fn_sql_group.arena, arg)};
    weir_value array = weir_array(items, n);
    weir_value v = fn->overloads[0].row(&c, &array, 1);
    if (c.failed) {
        return c.error;
    }
    weir_buf b = {0};
    weir_value_print(&b, c.type, &v);
    weir_sv text = weir_arena_sv(&fn_sql_group.arena, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return text;
}

static void cubes(void **state)
{
    (void)state;
    weir_value items[32];
    for (int32_t i = 0; i < 32; i++) {
        items[i] = weir_int(i);
    }
    assert_sv_equal(table_result("CUBE_EXPLODE", items, 0), "[[]]");
    assert_sv_equal(table_result("CUBE_EXPLODE", items, 2),
                    "[[null, null], [null, 1], [0, null], [0, 1]]");
    items[1] = weir_null(WEIR_T_INTEGER);
    assert_sv_equal(table_result("CUBE_EXPLODE", items, 3),
                    "[[null, null, null], [null, null, 2], [0, null, null], [0, null, 2]]");
    assert_sv_equal(table_result("CUBE_EXPLODE", items, 21),
                    "cube_explode: too many columns (21); max is 20");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),      cmocka_unit_test(text),
        cmocka_unit_test(order),      cmocka_unit_test(sets),
        cmocka_unit_test(maps),       cmocka_unit_test(map_order),
        cmocka_unit_test(conditions), cmocka_unit_test(bytes_and_places),
        cmocka_unit_test(cubes),
    };
    return cmocka_run_group_tests(tests, fn_sql_setup, fn_sql_teardown);
}
