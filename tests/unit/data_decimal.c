/* Decimals against BigDecimal vectors, and hostile text. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/data/decimal.h"
#include "tests/support/test.h"
#include "tests/support/vectors.h"

static weir_arena arena;
static const char *where;

static weir_dec_type type_of(char **f)
{
    return (weir_dec_type){(int32_t)strtol(f[0], NULL, 10), (int32_t)strtol(f[1], NULL, 10)};
}

static weir_dec dec_of(const char *text, weir_dec_type t)
{
    weir_dec v;
    weir_dec_fault f = weir_dec_parse(&arena, weir_sv_cstr(text), t, WEIR_ROUND_EXACT, &v);
    if (f != WEIR_DEC_OK) {
        fail_msg("%s: '%s' as DECIMAL(%d, %d): %s", where, text, t.precision, t.scale,
                 weir_dec_fault_text(f));
    }
    return v;
}

static void expect(weir_dec_fault f, weir_dec v, weir_dec_type t, const char *expected)
{
    weir_buf b = {0};
    if (f != WEIR_DEC_OK) {
        weir_buf_byte(&b, '!');
    } else {
        weir_dec_print(&b, v, t);
    }
    if (strcmp(weir_buf_cstr(&b), expected) != 0) {
        fail_msg("%s: got %s (%s), not %s", where, weir_buf_cstr(&b), weir_dec_fault_text(f),
                 expected);
    }
    weir_buf_deinit(&b);
}

static void check_operator(char **f)
{
    weir_dec_type xt = type_of(f + 1);
    weir_dec_type yt = type_of(f + 4);
    weir_dec x = dec_of(f[3], xt);
    weir_dec y = dec_of(f[6], yt);
    weir_dec r = {.i = 0};
    weir_dec_type rt;
    weir_dec_fault fault = WEIR_DEC_OK;
    switch (f[0][0]) {
    case '?':
        assert_int_equal(weir_dec_cmp(x, xt, y, yt), strtol(f[7], NULL, 10));
        return;
    case '+':
        rt = weir_dec_type_add(xt, yt);
        fault = weir_dec_add(&arena, x, xt, y, yt, rt, &r);
        break;
    case '-':
        rt = weir_dec_type_add(xt, yt);
        fault = weir_dec_sub(&arena, x, xt, y, yt, rt, &r);
        break;
    case '*':
        rt = weir_dec_type_mul(xt, yt);
        fault = weir_dec_mul(&arena, x, xt, y, yt, rt, &r);
        break;
    case '/':
        rt = weir_dec_type_div(xt, yt);
        fault = weir_dec_div(&arena, x, xt, y, yt, rt, &r);
        break;
    default:
        rt = weir_dec_type_mod(xt, yt);
        fault = weir_dec_mod(&arena, x, xt, y, yt, rt, &r);
        break;
    }
    assert_int_equal(rt.precision, type_of(f + 7).precision);
    assert_int_equal(rt.scale, type_of(f + 7).scale);
    expect(fault, r, rt, f[9]);
}

static void check_conversions(char **f)
{
    weir_dec_type t = type_of(f + 1);
    weir_dec x = dec_of(f[3], t);
    double d = weir_dec_to_double(x, t);
    uint64_t bits = strtoull(f[4], NULL, 16);
    double zero_sign = 0;
    memcpy(&zero_sign, &bits, sizeof bits);
    assert_true(d == zero_sign);
    assert_int_equal(weir_dec_to_i64(x, t), strtoll(f[5], NULL, 10));
    weir_buf b = {0};
    weir_dec_to_bytes(&b, x, t);
    assert_int_equal(b.n, strlen(f[6]) / 2);
    for (size_t i = 0; i < b.n; i++) {
        char hex[3] = {f[6][2 * i], f[6][2 * i + 1], 0};
        assert_int_equal((uint8_t)b.p[i], strtoul(hex, NULL, 16));
    }
    weir_dec back;
    assert_int_equal(weir_dec_from_bytes(&arena, weir_buf_view(&b), t, &back), WEIR_DEC_OK);
    assert_true(weir_dec_eq(x, back, t));
    assert_int_equal(weir_dec_hash(x, t), weir_dec_hash(back, t));
    assert_int_equal(weir_dec_sign(weir_dec_neg(x, t), t), -weir_dec_sign(x, t));
    weir_buf_deinit(&b);
}

static void check_line(char **f, uint32_t n, uint32_t line)
{
    char text[40];
    snprintf(text, sizeof text, "decimal.txt:%u", line);
    where = text;
    assert_true(n >= 5);
    weir_dec r = {.i = 0};
    if (strcmp(f[0], "cast") == 0) {
        weir_dec x = dec_of(f[3], type_of(f + 1));
        weir_dec_type to = type_of(f + 4);
        expect(weir_dec_cast(&arena, x, type_of(f + 1), to, &r), r, to, f[6]);
    } else if (strcmp(f[0], "round") == 0) {
        weir_dec_type t = type_of(f + 1);
        weir_rounding mode = (weir_rounding)strtol(f[5], NULL, 10);
        expect(weir_dec_round(&arena, dec_of(f[3], t), t, (int32_t)strtol(f[4], NULL, 10), mode,
                              &r),
               r, t, f[6]);
    } else if (strcmp(f[0], "parse") == 0) {
        weir_rounding mode = f[4][0] == '0' ? WEIR_ROUND_EXACT : WEIR_ROUND_HALF_UP;
        weir_dec_fault fault =
            weir_dec_parse(&arena, weir_sv_cstr(f[3]), type_of(f + 1), mode, &r);
        expect(fault, r, type_of(f + 1), f[5]);
    } else if (strcmp(f[0], "double") == 0) {
        uint64_t bits = strtoull(f[3], NULL, 16);
        double d;
        memcpy(&d, &bits, sizeof d);
        expect(weir_dec_from_double(&arena, d, type_of(f + 1), &r), r, type_of(f + 1), f[4]);
    } else if (strcmp(f[0], "to") == 0) {
        check_conversions(f);
    } else {
        check_operator(f);
    }
    weir_arena_reset(&arena);
}

static void test_vectors(void **state)
{
    (void)state;
    weir_arena_init(&arena);
    assert_true(weir_vectors_each("decimal", ' ', check_line) > 500);
    weir_arena_deinit(&arena);
}

static void test_bad_text(void **state)
{
    (void)state;
    weir_arena_init(&arena);
    weir_dec v;
    weir_dec_type t = {10, 2};
    const char *const bad[] = {"",   ".",   "-",    "1e",  "e5",  "1e+",         "1..2", "0x10",
                               "1 ", " 1", "1e1.0", "NaN", "--1", "1e99999999999"};
    for (size_t i = 0; i < WEIR_COUNT(bad); i++) {
        weir_sv s = weir_sv_cstr(bad[i]);
        assert_int_equal(weir_dec_parse(&arena, s, t, WEIR_ROUND_HALF_UP, &v), WEIR_DEC_SYNTAX);
    }
    weir_sv huge = WEIR_SV("1e999999999");
    assert_int_equal(weir_dec_parse(&arena, huge, t, WEIR_ROUND_HALF_UP, &v), WEIR_DEC_OVERFLOW);
    weir_sv tiny = WEIR_SV("1e-999999999");
    assert_int_equal(weir_dec_parse(&arena, tiny, t, WEIR_ROUND_HALF_UP, &v), WEIR_DEC_OK);
    assert_true(v.i == 0);
    assert_int_equal(weir_dec_parse(&arena, tiny, t, WEIR_ROUND_EXACT, &v), WEIR_DEC_INEXACT);
    weir_arena_deinit(&arena);
}

static void test_edges(void **state)
{
    (void)state;
    weir_arena_init(&arena);
    where = "edges";
    weir_dec_type one = {2, 1};
    weir_dec v = dec_of("9.9", one);
    weir_dec r;
    weir_dec_type cent = {3, 2};
    expect(weir_dec_cast(&arena, dec_of("9.99", cent), cent, one, &r), r, one, "10.0");
    expect(weir_dec_round(&arena, v, one, 0, WEIR_ROUND_CEIL, &r), r, one, "10.0");
    assert_false(weir_dec_fits(r, one));
    assert_int_equal(weir_dec_add(&arena, v, one, v, one, one, &r), WEIR_DEC_OVERFLOW);
    assert_int_equal(weir_dec_div(&arena, v, one, weir_dec_zero(one), one, one, &r),
                     WEIR_DEC_ZERO_DIV);
    weir_dec_type wide = {WEIR_DECIMAL_DIGITS_MAX, 500};
    assert_int_equal(weir_dec_from_i64(&arena, INT64_MIN, wide, &r), WEIR_DEC_OK);
    assert_int_equal(weir_dec_to_i64(r, wide), INT64_MIN);
    weir_dec m;
    assert_int_equal(weir_dec_mul(&arena, r, wide, r, wide, wide, &m), WEIR_DEC_OK);
    assert_int_equal(weir_dec_cmp(m, wide, weir_dec_copy(&arena, r, wide), wide), 1);
    weir_dec_type t;
    assert_true(weir_dec_literal_type(WEIR_SV("0.005"), &t) && t.precision == 4 && t.scale == 3);
    assert_true(weir_dec_literal_type(WEIR_SV("12.50"), &t) && t.precision == 4 && t.scale == 2);
    assert_true(weir_dec_literal_type(WEIR_SV("1E2"), &t) && t.precision == 3 && t.scale == 0);
    assert_false(weir_dec_literal_type(WEIR_SV("1E2000"), &t));
    weir_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
