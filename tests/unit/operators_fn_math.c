/* Mathematical functions: special cases, rounding, decimals, NULLs; vectors of a JDK. */
#include "tests/support/fn_sql.h"

#include "tests/support/fn_test.h"
#include "tests/support/vectors.h"
#include <math.h>
#include <stdlib.h>

extern const weir_function weir_fn_round[];
extern const uint32_t weir_fn_round_n;

#define D(digits) "CAST('" digits "' AS DECIMAL(6, 3))"

static void rounding(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"ABS(-5)", "5"},
        {"ABS(-2147483647 - 1)", "-2147483648"},
        {"ABS(CAST(-5 AS BIGINT))", "5"},
        {"ABS(-0E0)", "0.0"},
        {"ABS(" D("-1.250") ")", "1.250"},
        {"CEIL(7)", "7"},
        {"CEIL(-1.5E0)", "-1.0"},
        {"CEIL(" D("1.001") ")", "2.000"},
        {"FLOOR(" D("-1.001") ")", "-2.000"},
        {"FLOOR(-1.5E0)", "-2.0"},
        {"ROUND(1.5E0)", "2"},
        {"ROUND(-1.5E0)", "-1"},
        {"ROUND(-2.5E0)", "-2"},
        {"ROUND(0.49999999999999994E0)", "0"},
        {"ROUND(1E300)", "9223372036854775807"},
        {"ROUND(7)", "7"},
        {"ROUND(CAST(NULL AS BIGINT))", "!argument 1 of ROUND"},
        {"ROUND(CAST(NULL AS DOUBLE))", "null"},
        {"ROUND(1.005E0, 2)", "1.01"},
        {"ROUND(-1.005E0, 2)", "-1.0"},
        {"ROUND(12345.678E0, -2)", "12300.0"},
        {"ROUND(55E0, -2)", "100.0"},
        {"ROUND(1E0, 2147483647)", "1.0"},
        {"ROUND(LN(-1E0), 1)", "!Infinite or NaN"},
        {"ROUND(" D("2.500") ")", "3"},
        {"ROUND(" D("-2.500") ")", "-2"},
        {"ROUND(" D("-2.501") ")", "-3"},
        {"ROUND(" D("999.999") ")", "1000"},
        {"ROUND(" D("2.565") ", 2)", "2.570"},
        {"ROUND(" D("-2.565") ", 2)", "-2.560"},
        {"ROUND(" D("255.000") ", -1)", "260.000"},
        {"ROUND(" D("2.565") ", 9)", "2.565"},
        {"ROUND(CAST('0.5' AS DECIMAL(1, 1)))", "!DECIMAL precision must be >= 1: DECIMAL(0,0)"},
        {"TRUNC(-1.7E0)", "-1"},
        {"TRUNC(7)", "7"},
        {"TRUNC(-1.239E0, 2)", "-1.23"},
        {"TRUNC(" D("-2.999") ")", "-2"},
        {"TRUNC(" D("-2.999") ", 1)", "-2.900"},
        {"TRUNC(" D("111.000") ", -2)", "100.000"},
        {"TRUNC(CAST(NULL AS INT))", "null"},
        {"SIGN(-3)", "-1"},
        {"SIGN(CAST(0 AS BIGINT))", "0"},
        {"SIGN(LN(-1E0))", "0"},
    };
    FN_CHECK(t, cases);
}

static void special_cases(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"LOG(0)", "-Infinity"},
        {"LOG(-13)", "NaN"},
        {"LOG(2, 8)", "3.0"},
        {"LOG(1, 8)", "NaN"},
        {"LOG(0, 8)", "NaN"},
        {"LOG(-2E0, 8E0)", "NaN"},
        {"LOG(2, 0)", "-Infinity"},
        {"LN(CAST(NULL AS INT))", "null"},
        {"EXP(1)", "2.718281828459045"},
        {"EXP(1000)", "Infinity"},
        {"SQRT(-1)", "NaN"},
        {"CBRT(-8)", "-2.0"},
        {"CBRT(3)", "1.4422495703074083"},
        {"POWER(2, 1024)", "Infinity"},
        {"POWER(1E0, LN(-1E0))", "NaN"},
        {"POWER(-1E0, EXP(1000))", "NaN"},
        {"POWER(LN(-1E0), 0E0)", "1.0"},
        {"POWER(CAST(NULL AS INT), 1)", "null"},
        {"COT(0)", "Infinity"},
        {"COT(-0E0)", "-Infinity"},
        {"ASIN(2)", "NaN"},
        {"ACOS(-1.1E0)", "NaN"},
        {"ATAN2(0, -1)", "3.141592653589793"},
        {"DEGREES(PI())", "180.0"},
        {"RADIANS(180)", "3.141592653589793"},
        {"COSH(1000)", "Infinity"},
        {"SINH(-1000)", "-Infinity"},
        {"TANH(1000)", "1.0"},
        {"RANDOM() >= 0E0 AND RANDOM() < 1E0 AND RANDOM() <> RANDOM()", "true"},
    };
    FN_CHECK(t, cases);
}

static void extremes(void **state)
{
    fn_sql *t = *state;
    static const fn_case cases[] = {
        {"GREATEST(1, 3, 2)", "3"},
        {"LEAST(3, NULL, 2)", "2"},
        {"GREATEST(CAST(NULL AS INT), CAST(NULL AS INT))", "null"},
        {"GREATEST('Z', 'a')", "a"},
        {"LEAST(0E0, -0E0)", "-0.0"},
        {"GREATEST(1E0, LN(-1E0))", "NaN"},
        {"GREATEST(CAST('1.5' AS DECIMAL(2, 1)), CAST('1.25' AS DECIMAL(3, 2)))", "1.50"},
        {"LEAST(CAST('1.5' AS DECIMAL(2, 1)), CAST('10' AS DECIMAL(3, 0)))", "1.5"},
        {"GREATEST(CAST('2020-01-02' AS DATE), CAST('2020-01-01' AS DATE))", "2020-01-02"},
        {"LEAST(CAST('10:00' AS TIME), CAST('09:00' AS TIME))", "09:00"},
        /* bytes are signed: 0x7f is greater than 0x80 */
        {"FROM_BYTES(GREATEST(TO_BYTES('7f', 'hex'), TO_BYTES('80', 'hex')), 'hex')", "7F"},
        {"GREATEST('1', 2)", "!does not accept parameters (STRING, INTEGER)"},
    };
    FN_CHECK(t, cases);
}

/* The vector kernels see columns with gaps, as whole batches and by selection. */
static void columns(void **state)
{
    (void)state;
    static fn_test f;
    const fn_family family = {weir_fn_round, weir_fn_round_n};
    fn_test_init(&f, &family, 1);
    fn_is(&f, "5", "ABS", fn_i(-5));
    fn_is(&f, "NULL", "ABS", fn_null(WEIR_T_INTEGER));
    fn_is(&f, "9223372036854775807", "ABS", weir_bigint(-INT64_MAX));
    fn_is(&f, "2.0", "CEIL", weir_double(1.5));
    fn_is(&f, "1.0", "FLOOR", weir_double(1.5));
    fn_is(&f, "2", "ROUND", weir_double(1.5));
    fn_is(&f, "1", "TRUNC", weir_double(1.5));
    fn_is(&f, "7", "CEIL", weir_bigint(7));
    fn_is(&f, FN_FAILED, "ROUND", fn_null(WEIR_T_INTEGER));
    fn_test_deinit(&f);
}

/* kind, arguments as bits or text, result as bits or text. */
static void check_vector(char **f, uint32_t n, uint32_t line)
{
    assert_int_equal(n, 4);
    weir_sv r;
    char sql[512];
    bool decimal = strncmp(f[0], "dec", 3) == 0;
    if (decimal) {
        snprintf(sql, sizeof sql, "%s(CAST('%s' AS DECIMAL(12, 6))%s%s)", f[0] + 3, f[1],
                 f[2][0] ? ", " : "", f[2]);
    } else {
        snprintf(sql, sizeof sql, "%s(CAST('%s' AS DOUBLE)%s%s)", f[0], f[1], f[2][0] ? ", " : "",
                 f[2]);
    }
    r = fn_sql_eval(&fn_sql_group, weir_sv_cstr(sql));
    bool same = weir_sv_eq(r, weir_sv_cstr(f[3]));
    if (!same && !decimal && f[2][0] == '\0') { /* the last bit is nobody's */
        double a = strtod(weir_arena_cstr(&fn_sql_group.arena, r), NULL);
        double b = strtod(f[3], NULL);
        same = fabs(a - b) <= 4e-16 * fabs(b);
    }
    if (!same) {
        fail_msg("line %u: %s: got " WEIR_SV_FMT ", not %s", line, sql, WEIR_SV_ARG(r), f[3]);
    }
}

static void vectors(void **state)
{
    (void)state;
    assert_true(weir_vectors_each("math", '\t', check_vector) > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounding), cmocka_unit_test(special_cases), cmocka_unit_test(extremes),
        cmocka_unit_test(columns),  cmocka_unit_test(vectors),
    };
    return cmocka_run_group_tests(tests, fn_sql_setup, fn_sql_teardown);
}
