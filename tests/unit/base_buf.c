/* Buffer ceilings, encodings and the bounds-checked reader. */
#include "engine/base/buf.h"
#include "tests/support/test.h"

static void test_append(void **state)
{
    (void)state;
    weir_buf b = {0};
    weir_buf_str(&b, "ab");
    weir_buf_byte(&b, 'c');
    weir_buf_sv(&b, WEIR_SV("de"));
    weir_buf_sv(&b, (weir_sv){0});
    weir_buf_printf(&b, "%03d", 7);
    assert_sv_equal(weir_buf_view(&b), "abcde007");
    assert_string_equal(weir_buf_cstr(&b), "abcde007");
    char big[1001];
    memset(big, 'x', 1000);
    big[1000] = '\0';
    weir_buf_printf(&b, "%s", big);
    assert_int_equal(b.n, 1008);
    weir_buf_reset(&b);
    assert_int_equal(b.n, 0);
    assert_string_equal(weir_buf_cstr(&b), "");
    weir_buf_deinit(&b);
    assert_string_equal(weir_buf_cstr(&b), "");
    weir_buf_deinit(&b);
}

static void test_ceiling(void **state)
{
    (void)state;
    weir_buf b;
    weir_buf_init(&b, 100);
    for (int i = 0; i < 100; i++) {
        weir_buf_byte(&b, 'x');
    }
    assert_false(b.over);
    assert_int_equal(strlen(weir_buf_cstr(&b)), 100);
    weir_buf_byte(&b, 'y');
    assert_true(b.over);
    assert_int_equal(b.n, 100);
    assert_null(weir_buf_reserve(&b, SIZE_MAX));
    weir_buf_reset(&b);
    assert_false(b.over);
    weir_buf_printf(&b, "%101s", "z");
    assert_true(b.over);
    assert_int_equal(b.n, 0);
    weir_buf_deinit(&b);
}

static void test_round_trip(void **state)
{
    (void)state;
    const uint64_t values[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, INT64_MAX, UINT64_MAX};
    weir_buf b = {0};
    for (size_t i = 0; i < WEIR_COUNT(values); i++) {
        weir_buf_varint(&b, values[i]);
        weir_buf_be64(&b, values[i]);
        weir_buf_be32(&b, (uint32_t)values[i]);
    }
    weir_buf_str(&b, "tail");
    weir_reader r = weir_reader_of(weir_buf_view(&b));
    for (size_t i = 0; i < WEIR_COUNT(values); i++) {
        assert_true(weir_read_varint(&r) == values[i]);
        assert_true(weir_read_be64(&r) == values[i]);
        assert_int_equal(weir_read_be32(&r), (uint32_t)values[i]);
    }
    assert_sv_equal(weir_read_bytes(&r, 4), "tail");
    assert_false(r.bad);
    assert_int_equal(weir_read_u8(&r), 0);
    assert_true(r.bad);
    assert_int_equal(weir_read_bytes(&r, 0).n, 0);
    weir_buf_deinit(&b);

    weir_buf_be32(&b, 0x01020304);
    assert_memory_equal(b.p, "\1\2\3\4", 4);
    weir_buf_deinit(&b);
}

static void test_bad_varints(void **state)
{
    (void)state;
    const weir_sv bad[] = {
        WEIR_SV(""),
        WEIR_SV("\x80"),
        WEIR_SV("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        WEIR_SV("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
    };
    for (size_t i = 0; i < WEIR_COUNT(bad); i++) {
        weir_reader r = weir_reader_of(bad[i]);
        assert_true(weir_read_varint(&r) == 0);
        assert_true(r.bad);
    }
    weir_reader r = weir_reader_of(WEIR_SV("abc"));
    assert_int_equal(weir_read_bytes(&r, SIZE_MAX).n, 0);
    assert_true(r.bad);
    assert_int_equal(weir_read_u8(&r), 0); /* stays bad */
}

static void test_zigzag(void **state)
{
    (void)state;
    const int64_t values[] = {0, -1, 1, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < WEIR_COUNT(values); i++) {
        assert_true(weir_unzigzag(weir_zigzag(values[i])) == values[i]);
    }
    assert_int_equal(weir_zigzag(-1), 1);
    assert_int_equal(weir_zigzag(1), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),     cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_bad_varints),
        cmocka_unit_test(test_zigzag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
