/* Number text against JDK vectors, and the corners they do not reach. */
#include <math.h>
#include <stdlib.h>

#include "engine/data/number.h"
#include "tests/support/test.h"
#include "tests/support/vectors.h"

static double bits_double(const char *hex)
{
    uint64_t bits = strtoull(hex, NULL, 16);
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static uint64_t double_bits(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return isnan(d) ? UINT64_C(0x7ff8000000000000) : bits;
}

static void check_text(char **f)
{
    double d = bits_double(f[1]);
    char text[WEIR_DOUBLE_TEXT_MAX];
    uint32_t n = weir_double_text(text, d);
    assert_sv_equal(weir_sv_of(text, n), f[2]);
    double back = 0;
    assert_true(weir_double_parse(weir_sv_of(text, n), &back));
    assert_int_equal(double_bits(back), double_bits(d));
    assert_int_equal(weir_double_to_i32(d), strtol(f[3], NULL, 10));
    assert_int_equal(weir_double_to_i64(d), strtoll(f[4], NULL, 10));
    assert_int_equal(weir_double_round(d), strtoll(f[5], NULL, 10));
    int64_t i = 0;
    assert_true(weir_i64_parse(weir_sv_cstr(f[4]), &i));
    assert_int_equal(i, weir_double_to_i64(d));
    n = weir_i64_text(text, i);
    assert_sv_equal(weir_sv_of(text, n), f[4]);
}

static void check_parse(char **f, uint32_t line)
{
    double d = 0;
    bool ok = weir_double_parse(weir_sv_cstr(f[1]), &d);
    if (ok != (f[2][0] != '!') || (ok && double_bits(d) != strtoull(f[2], NULL, 16))) {
        fail_msg("number.txt:%u: '%s' read as %d %.17g", line, f[1], ok, d);
    }
}

static void check_line(char **f, uint32_t n, uint32_t line)
{
    assert_true(n >= 3);
    if (strcmp(f[0], "text") == 0) {
        check_text(f);
    } else if (strcmp(f[0], "round") == 0) {
        double d = 0;
        assert_true(weir_double_set_scale(bits_double(f[1]), (int32_t)strtol(f[2], NULL, 10),
                                          WEIR_ROUND_HALF_CEIL, &d));
        assert_int_equal(double_bits(d), strtoull(f[3], NULL, 16));
    } else {
        check_parse(f, line);
    }
}

static void test_vectors(void **state)
{
    (void)state;
    assert_true(weir_vectors_each("number", ' ', check_line) > 500);
}

static void test_tiny(void **state)
{
    (void)state;
    char text[WEIR_DOUBLE_TEXT_MAX];
    assert_sv_equal(weir_sv_of(text, weir_double_text(text, 4.9e-324)), "4.9E-324");
    assert_sv_equal(weir_sv_of(text, weir_double_text(text, -0.0)), "-0.0");
    assert_sv_equal(weir_sv_of(text, weir_double_text(text, 0.001)), "0.001");
    assert_sv_equal(weir_sv_of(text, weir_double_text(text, 9999999.999)), "9999999.999");
    assert_sv_equal(weir_sv_of(text, weir_double_text(text, 0.1 + 0.2)), "0.30000000000000004");
    assert_sv_equal(weir_sv_of(text, weir_double_text(text, -INFINITY)), "-Infinity");
    assert_sv_equal(weir_sv_of(text, weir_i64_text(text, INT64_MIN)), "-9223372036854775808");
    weir_buf b = {0};
    weir_buf_i64(&b, 0);
    weir_buf_double(&b, 100);
    assert_sv_equal(weir_buf_view(&b), "0100.0");
    weir_buf_deinit(&b);
}

static void test_integers(void **state)
{
    (void)state;
    int32_t i;
    int64_t v;
    assert_true(weir_i32_parse(WEIR_SV("+7"), &i) && i == 7);
    assert_true(weir_i32_parse(WEIR_SV("-2147483648"), &i) && i == INT32_MIN);
    assert_false(weir_i32_parse(WEIR_SV("2147483648"), &i));
    assert_true(weir_i64_parse(WEIR_SV("-9223372036854775808"), &v) && v == INT64_MIN);
    assert_false(weir_i64_parse(WEIR_SV("9223372036854775808"), &v));
    assert_false(weir_i64_parse(WEIR_SV("99999999999999999999999"), &v));
    const char *const bad[] = {"", "-", "+", " 1", "1 ", "1.0", "1L", "--1", "0x1"};
    for (size_t at = 0; at < WEIR_COUNT(bad); at++) {
        assert_false(weir_i64_parse(weir_sv_cstr(bad[at]), &v));
    }
}

static void test_finite(void **state)
{
    (void)state;
    double d;
    assert_true(weir_double_parse_finite(WEIR_SV("\t 2.5 \n"), &d) && d == 2.5);
    assert_false(weir_double_parse_finite(WEIR_SV("NaN"), &d));
    assert_false(weir_double_parse_finite(WEIR_SV("1e999"), &d));
    assert_false(weir_double_set_scale(INFINITY, 1, WEIR_ROUND_DOWN, &d));
    assert_true(weir_double_set_scale(-1.299, 2, WEIR_ROUND_DOWN, &d) && d == -1.29);
    assert_true(weir_double_set_scale(1e300, INT32_MIN, WEIR_ROUND_DOWN, &d) && d == 0);
    assert_true(weir_double_set_scale(1e-300, INT32_MAX, WEIR_ROUND_DOWN, &d) && d == 1e-300);
    assert_false(weir_double_set_scale(1.25, 1, WEIR_ROUND_EXACT, &d));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_tiny),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
