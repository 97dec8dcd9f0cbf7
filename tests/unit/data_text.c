/* Strings, LIKE and codings against JDK vectors; case tables against Character; worst cases. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/data/text.h"
#include "tests/support/test.h"
#include "tests/support/vectors.h"

static weir_arena arena;
static char where[40];

static void expect_sv(weir_sv got, weir_sv expected)
{
    if (!weir_sv_eq(got, expected)) {
        fail_msg("%s: got '" WEIR_SV_FMT "', not '" WEIR_SV_FMT "'", where, WEIR_SV_ARG(got),
                 WEIR_SV_ARG(expected));
    }
}

static void expect_int(int64_t got, const char *expected)
{
    if (got != strtoll(expected, NULL, 10)) {
        fail_msg("%s: got %lld, not %s", where, (long long)got, expected);
    }
}

static uint32_t number(const char *s)
{
    return (uint32_t)strtoul(s, NULL, 10);
}

static weir_sv unhex(const char *hex)
{
    weir_buf b = {0};
    assert_true(weir_hex_decode(&b, weir_sv_cstr(hex)));
    weir_sv s = weir_arena_sv(&arena, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return s;
}

static void check_base64(weir_sv text, const char *hex)
{
    weir_buf b = {0};
    bool ok = weir_base64_decode(&b, text);
    if (ok != (hex[0] != '!')) {
        fail_msg("%s: base64 decoded %d", where, ok);
    }
    if (ok) {
        expect_sv(weir_buf_view(&b), unhex(hex));
        weir_buf again = {0};
        weir_base64_encode(&again, weir_buf_view(&b));
        assert_true(again.n == (text.n + 3) / 4 * 4);
        assert_true(text.n < 4 || memcmp(again.p, text.p, text.n / 4 * 4 - 4) == 0);
        weir_buf_deinit(&again);
    }
    weir_buf_deinit(&b);
}

static void check_like(weir_sv text, weir_sv pattern, weir_sv escape, const char *expected)
{
    weir_like *l = NULL;
    uint32_t e = escape.n ? (unsigned char)escape.p[0] : 0;
    weir_status st;
    weir_rc rc = weir_like_compile(&arena, pattern, e, &l, &st);
    if ((rc != WEIR_OK) != (expected[0] == '!')) {
        fail_msg("%s: LIKE compiled: %d", where, rc);
    }
    if (rc == WEIR_OK) {
        expect_int(weir_like_match(l, text), expected);
    }
}

static void check_line(char **f, uint32_t n, uint32_t line)
{
    snprintf(where, sizeof where, "text.txt:%u", line);
    assert_true(n >= 3);
    const char *kind = f[0];
    weir_sv s = weir_vector_unescape(f[1]);
    weir_sv t = weir_vector_unescape(f[2]);
    if (strcmp(kind, "case") == 0) {
        expect_sv(weir_text_upper(&arena, s), t);
        expect_sv(weir_text_lower(&arena, s), weir_vector_unescape(f[3]));
        expect_int(weir_utf16_len(s), f[4]);
    } else if (strcmp(kind, "sub") == 0) {
        expect_sv(weir_utf16_sub(&arena, s, number(f[2]), number(f[3])),
                  weir_vector_unescape(f[4]));
        uint32_t byte = weir_utf16_to_byte(s, number(f[3]));
        uint32_t units = weir_byte_to_utf16(s, byte);
        assert_true(units == number(f[3]) || units + 1 == number(f[3]));
    } else if (strcmp(kind, "cmp") == 0) {
        expect_int(weir_utf16_cmp(s, t), f[3]);
        expect_int(weir_text_ieq(s, t), f[4]);
    } else if (strcmp(kind, "repair") == 0) {
        expect_sv(weir_utf8_repair(&arena, unhex(f[1])), unhex(f[2]));
    } else if (strcmp(kind, "base64") == 0) {
        check_base64(s, f[2]);
    } else if (strcmp(kind, "like") == 0) {
        check_like(s, t, weir_vector_unescape(f[3]), f[4]);
    } else {
        assert_string_equal(kind, "initcap");
        expect_sv(weir_text_initcap(&arena, s), t);
    }
    weir_arena_reset(&arena);
}

static void test_vectors(void **state)
{
    (void)state;
    weir_arena_init(&arena);
    assert_true(weir_vectors_each("text", '\t', check_line) > 400);
    weir_arena_deinit(&arena);
}

static void test_classes(void **state)
{
    (void)state;
    assert_int_equal(weir_char_class_of('A'), WEIR_CHAR_UPPER);
    assert_int_equal(weir_char_class_of(0xdf), WEIR_CHAR_LOWER);
    assert_int_equal(weir_char_class_of(0x663), WEIR_CHAR_DIGIT);
    assert_int_equal(weir_char_class_of(0x1c5), WEIR_CHAR_OTHER);
    assert_int_equal(weir_char_class_of(0x110000), WEIR_CHAR_OTHER);
    const uint32_t spaces[] = {9,      0xa,    0xb,    0xc,    0xd,    0x1c,   0x1d,   0x1e,
                               0x1f,   0x20,   0x1680, 0x2000, 0x2006, 0x2008, 0x200a, 0x2028,
                               0x2029, 0x205f, 0x3000};
    for (size_t i = 0; i < WEIR_COUNT(spaces); i++) {
        assert_true(weir_char_is_whitespace(spaces[i]));
    }
    assert_false(weir_char_is_whitespace(0xa0) || weir_char_is_whitespace(0x2007) ||
                 weir_char_is_whitespace(0x202f) || weir_char_is_whitespace(0x85));
}

static void test_borrowing(void **state)
{
    (void)state;
    weir_arena_init(&arena);
    weir_sv s = WEIR_SV("plain ascii");
    assert_ptr_equal(weir_utf8_repair(&arena, s).p, s.p);
    assert_true(weir_utf8_valid((weir_sv){0}));
    assert_null(weir_utf8_repair(&arena, (weir_sv){0}).p);
    assert_ptr_equal(weir_utf16_sub(&arena, s, 2, 5).p, s.p + 2);
    assert_ptr_equal(weir_text_lower(&arena, s).p, s.p);
    assert_sv_equal(weir_text_trim(WEIR_SV(" \t\001x \n")), "x");
    assert_int_equal(weir_text_trim(WEIR_SV("  ")).n, 0);
    weir_buf b = {0};
    weir_hex_encode(&b, WEIR_SV("\xff\x01"), true);
    assert_sv_equal(weir_buf_view(&b), "FF01");
    assert_false(weir_hex_decode(&b, WEIR_SV("abc")));
    assert_false(weir_hex_decode(&b, WEIR_SV("0x")));
    weir_buf_deinit(&b);
    weir_arena_deinit(&arena);
}

/* A back-tracking matcher would need longer than the age of the universe. */
static void test_like_is_linear(void **state)
{
    (void)state;
    weir_arena_init(&arena);
    enum { N = 20000 };
    char *text = weir_arena_bytes_alloc(&arena, N);
    memset(text, 'a', N);
    weir_buf pattern = {0};
    for (int i = 0; i < 200; i++) {
        weir_buf_str(&pattern, "%a_a");
    }
    weir_buf_str(&pattern, "%b%");
    weir_like *l = NULL;
    assert_int_equal(weir_like_compile(&arena, weir_buf_view(&pattern), 0, &l, NULL), WEIR_OK);
    assert_false(weir_like_match(l, weir_sv_of(text, N)));
    weir_buf_deinit(&pattern);
    weir_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_borrowing),
        cmocka_unit_test(test_like_is_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
