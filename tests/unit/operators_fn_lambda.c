/* FILTER, TRANSFORM, REDUCE. */
#include "tests/support/fn_sql.h"

#define SOME "ARRAY[3, NULL, 1]"
#define NO_INTS "CAST(NULL AS ARRAY<INT>)"
#define M "MAP('a' := 1, 'b' := 2)"
#define NO_MAP "CAST(NULL AS MAP<STRING, INT>)"

static void filters(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"FILTER(" SOME ", x => x > 1)", "[3]"},
        {"FILTER(" SOME ", x => x IS NULL)", "[null]"},
        {"FILTER(" NO_INTS ", x => true)", "null"},
        {"FILTER(ARRAY[true, NULL], x => x)", "!FILTER: the condition is NULL"},
        {"FILTER(ARRAY[1, 0], x => 1 / x = 1)", "!"},
        {"FILTER(" M ", (k, v) => k = 'b' OR v = 0)", "{b=2}"},
        {"FILTER(MAP('a' := 1, 'b' := CAST(NULL AS INT)), (k, v) => k <> 'b')", "{a=1}"},
        {"FILTER(MAP('a' := 1, 'b' := CAST(NULL AS INT)), (k, v) => true)", "!is NULL"},
        {"FILTER(" NO_MAP ", (k, v) => true)", "null"},
        {"ARRAY_LENGTH(FILTER(GENERATE_SERIES(1, 5000), x => x % 2 = 0))", "2500"},
        {"FILTER(ARRAY[ARRAY[1], ARRAY[2, 3]], a => ARRAY_LENGTH(FILTER(a, x => x > 1)) > 0)",
         "[[2, 3]]"},
    };
    FN_CHECK(t, cases);
}

static void transforms(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"TRANSFORM(ARRAY[3, 1], x => x + 1)", "[4, 2]"},
        {"TRANSFORM(" SOME ", x => COALESCE(x, 0))", "[3, 0, 1]"},
        {"TRANSFORM(" SOME ", x => x + 1)", "!"},
        {"TRANSFORM(ARRAY[3, 1], x => CAST(x AS STRING))", "[3, 1]"},
        {"TRANSFORM(" NO_INTS ", x => x)", "null"},
        {"TRANSFORM(" M ", (k, v) => UCASE(k), (k, v) => v * 10)", "{A=10, B=20}"},
        {"TRANSFORM(" M ", (k, v) => 'same', (k, v) => v)", "!Duplicate key same"},
        {"TRANSFORM(" M ", (k, v) => k, (k, v) => CAST(NULL AS INT))", "!is NULL"},
        {"TRANSFORM(" M ", (k, v) => v, (k, v) => k)", "{1=a, 2=b}"},
        {"ARRAY_MAX(TRANSFORM(GENERATE_SERIES(1, 5000), x => x * 2))", "10000"},
    };
    FN_CHECK(t, cases);
}

/* An expression that would fill the memory. */
static void limits(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"REDUCE(GENERATE_SERIES(1, 100000), LPAD('', 200000, 'x'), (s, x) => CONCAT(s, 'a'))",
         "!the results of this batch are over 1073741824 bytes"},
    };
    FN_CHECK(t, cases);
}

static void reductions(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"REDUCE(ARRAY[1, 2], 10, (s, x) => s * x)", "20"},
        {"REDUCE(ARRAY[1, 2], CAST(NULL AS INT), (s, x) => s + x)", "null"},
        {"REDUCE(" NO_INTS ", 10, (s, x) => s + x)", "10"},
        {"REDUCE(" SOME ", 0, (s, x) => s + COALESCE(x, 5))", "9"},
        {"REDUCE(" SOME ", 0, (s, x) => s + x)", "!"},
        {"REDUCE(ARRAY['b', 'c'], 'a', (s, x) => CONCAT(s, x))", "abc"},
        {"REDUCE(" M ", '', (s, k, v) => CONCAT(s, k))", "ab"},
        {"REDUCE(" NO_MAP ", 3, (s, k, v) => s + v)", "3"},
        /* in the order of HashMap */
        {"REDUCE(MAP('yes, thanks' := 3.5E0, 'nope' := 7.3E0, 'sure, yeah' := 2.1E0), 3.2E0, "
         "(s, k, v) => CASE WHEN INSTR(k, 'ye') > 0 THEN CEIL(v * s) ELSE FLOOR(s * v) END)",
         "189.0"},
        {"REDUCE(ARRAY[ARRAY[1, 2], ARRAY[3]], 0, (s, a) => s + REDUCE(a, 0, (q, x) => q + x))",
         "6"},
    };
    FN_CHECK(t, cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters),
        cmocka_unit_test(transforms),
        cmocka_unit_test(reductions),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, fn_sql_setup, fn_sql_teardown);
}
