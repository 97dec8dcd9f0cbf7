/* Compressed texts: there and back in pieces of every size, cut short, damaged, and bombs. */
#include "tests/support/test.h"

#include "engine/base/compress.h"

static const weir_compression all[] = {WEIR_COMPRESSION_NONE, WEIR_COMPRESSION_GZIP,
                                       WEIR_COMPRESSION_DEFLATE, WEIR_COMPRESSION_ZSTD};

static weir_buf sample(size_t n)
{
    weir_buf text = {0};
    for (size_t i = 0; text.n < n; i++) {
        weir_buf_printf(&text, "{\"n\":%zu,\"square\":%zu}\n", i, i * i);
    }
    return text;
}

static void what_goes_in_comes_out(void **state)
{
    (void)state;
    weir_status st = {0};
    weir_buf text = sample(300000);
    for (size_t c = 0; c < WEIR_COUNT(all); c++) {
        for (size_t piece = 1; piece < 100000; piece = piece * 7 + 1) {
            weir_buf small = {0};
            weir_buf back = {0};
            weir_compress(all[c], weir_buf_view(&text), &small);
            assert_true(c == 0 || small.n < text.n / 3);
            weir_inflater *i = weir_inflater_new(all[c], text.n, 0);
            for (size_t at = 0; at < small.n; at += piece) {
                size_t n = small.n - at < piece ? small.n - at : piece;
                assert_ok(weir_inflater_add(i, small.p + at, n, &back, &st), &st);
            }
            assert_ok(weir_inflater_end(i, &st), &st);
            assert_true(weir_sv_eq(weir_buf_view(&text), weir_buf_view(&back)));
            weir_inflater_free(i);
            weir_buf_deinit(&small);
            weir_buf_deinit(&back);
        }
    }
    weir_buf_deinit(&text);
}

static void members_follow_one_another(void **state)
{
    (void)state;
    weir_status st = {0};
    static const weir_compression several[] = {WEIR_COMPRESSION_GZIP, WEIR_COMPRESSION_ZSTD};
    for (size_t c = 0; c < WEIR_COUNT(several); c++) {
        weir_buf two = {0};
        weir_buf back = {0};
        weir_compress(several[c], WEIR_SV("one "), &two);
        weir_compress(several[c], WEIR_SV("two"), &two);
        assert_ok(weir_decompress(several[c], weir_buf_view(&two), 100, 0, &back, &st), &st);
        assert_sv_equal(weir_buf_view(&back), "one two");
        weir_buf_deinit(&two);
        weir_buf_deinit(&back);
    }
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    for (size_t c = 1; c < WEIR_COUNT(all); c++) {
        weir_buf small = {0};
        weir_compress(all[c], WEIR_SV("a text that is cut short"), &small);
        for (uint32_t n = 0; n < small.n; n++) {
            weir_status st = {0};
            weir_buf back = {0};
            weir_sv cut = {small.p, n};
            assert_int_equal(weir_decompress(all[c], cut, 1000, 0, &back, &st), WEIR_EDATA);
            weir_buf_deinit(&back);
        }
        weir_buf_deinit(&small);
    }
}

static void damage_is_noticed(void **state)
{
    (void)state;
    for (size_t c = 1; c < WEIR_COUNT(all); c++) {
        weir_status st = {0};
        weir_buf back = {0};
        weir_rc rc = weir_decompress(all[c], WEIR_SV("this is no such text"), 1000, 0, &back, &st);
        assert_int_equal(rc, WEIR_EDATA);
        weir_buf_deinit(&back);
    }
}

static void ceilings_hold(void **state)
{
    (void)state;
    weir_buf zeros = {0};
    memset(weir_buf_reserve(&zeros, 4 << 20), 0, 4 << 20);
    zeros.n = 4 << 20;
    for (size_t c = 0; c < WEIR_COUNT(all); c++) {
        weir_status st = {0};
        weir_buf small = {0};
        weir_buf back = {0};
        weir_compress(all[c], weir_buf_view(&zeros), &small);
        weir_sv in = weir_buf_view(&small);
        assert_ok(weir_decompress(all[c], in, 4 << 20, 0, &back, &st), &st);
        weir_buf_reset(&back);
        assert_int_equal(weir_decompress(all[c], in, (4 << 20) - 1, 0, &back, &st), WEIR_ELIMIT);
        weir_buf_reset(&back);
        assert_int_equal(weir_decompress(all[c], in, UINT64_MAX, 100, &back, &st),
                         c ? WEIR_ELIMIT : WEIR_OK);
        assert_true(c == 0 || back.n < 1 << 20);
        weir_buf_deinit(&small);
        weir_buf_deinit(&back);
    }
    weir_buf_deinit(&zeros);
}

static void names_are_found(void **state)
{
    (void)state;
    weir_compression c;
    assert_true(weir_compression_find(WEIR_SV("GZip"), &c) && c == WEIR_COMPRESSION_GZIP);
    assert_true(weir_compression_find(WEIR_SV("x-gzip"), &c) && c == WEIR_COMPRESSION_GZIP);
    assert_true(weir_compression_find(WEIR_SV("zstd"), &c) && c == WEIR_COMPRESSION_ZSTD);
    assert_true(weir_compression_find(WEIR_SV("identity"), &c) && c == WEIR_COMPRESSION_NONE);
    assert_false(weir_compression_find(WEIR_SV("br"), &c));
    assert_string_equal(weir_compression_name(WEIR_COMPRESSION_DEFLATE), "deflate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out), cmocka_unit_test(members_follow_one_another),
        cmocka_unit_test(every_cut_is_noticed),   cmocka_unit_test(damage_is_noticed),
        cmocka_unit_test(ceilings_hold),          cmocka_unit_test(names_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
