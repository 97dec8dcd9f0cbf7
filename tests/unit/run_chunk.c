/* Building, merging, storing chunks; stored bytes that were damaged, with and without a checksum
 * that fits. */
#include "engine/base/hash.h"
#include "engine/base/rng.h"
#include "engine/run/chunk.h"
#include "tests/support/test.h"

static const weir_sv null_bytes = {NULL, WEIR_NULL_BYTES};

static weir_chunk *chunk_of(uint32_t n, uint32_t value_n)
{
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    char value[5000];
    weir_rng r;
    weir_rng_seed(&r, n + value_n);
    weir_buf headers = {0};
    weir_headers_add(&headers, WEIR_SV("trace"), WEIR_SV("1"), false);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t length = (uint32_t)weir_rng_below(&r, value_n + 1);
        memset(value, 'a' + (int)(i % 26), length);
        weir_sv v = i % 7 == 3 ? null_bytes : (weir_sv){value, length};
        weir_sv key = i % 5 == 2 ? null_bytes : weir_sv_of("key-of-a-record", i % 16);
        int64_t timestamp = i % 11 == 10 ? INT64_MIN : 1600000000000 + (int64_t)i * 3;
        weir_chunk_builder_add(&b, key, v, i % 3 ? (weir_sv){0} : weir_buf_view(&headers),
                               timestamp, 0);
    }
    weir_chunk *c = weir_chunk_builder_take(&b);
    weir_buf_deinit(&headers);
    weir_chunk_builder_deinit(&b);
    return c;
}

static void assert_same(const weir_chunk *a, const weir_chunk *b)
{
    assert_int_equal(a->n, b->n);
    for (uint32_t i = 0; i < a->n; i++) {
        const weir_rec *x = &a->recs[i];
        const weir_rec *y = &b->recs[i];
        assert_int_equal(x->key_n, y->key_n);
        assert_int_equal(x->value_n, y->value_n);
        assert_int_equal(x->headers_n, y->headers_n);
        assert_true(x->timestamp == y->timestamp);
        assert_true(weir_sv_eq(weir_rec_key(a, x), weir_rec_key(b, y)));
        assert_true(weir_sv_eq(weir_rec_value(a, x), weir_rec_value(b, y)));
        assert_memory_equal(a->bytes + x->headers_at, b->bytes + y->headers_at, x->headers_n);
    }
}

static void test_builder(void **state)
{
    (void)state;
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    assert_null(weir_chunk_builder_take(&b));
    for (int round = 0; round < 2; round++) {
        weir_chunk_builder_add(&b, WEIR_SV("k"), WEIR_SV("v1"), (weir_sv){0}, 10, 4);
        weir_rec *direct = weir_chunk_builder_rec(&b);
        assert_int_equal(direct->value_n + direct->timestamp + direct->seq, 0);
        direct->key_n = WEIR_NULL_BYTES;
        direct->value_at = (uint32_t)b.bytes.n;
        weir_buf_str(&b.bytes, "direct");
        direct->value_n = 6;
        direct->seq = round ? 3 : 4;
        weir_chunk *c = weir_chunk_builder_take(&b);
        assert_int_equal(c->n, 2);
        assert_int_equal(c->sorted_seq, round == 0);
        assert_sv_equal(weir_rec_key(c, &c->recs[0]), "k");
        assert_sv_equal(weir_rec_value(c, &c->recs[0]), "v1");
        assert_int_equal(weir_rec_key(c, &c->recs[1]).n, 0);
        assert_sv_equal(weir_rec_value(c, &c->recs[1]), "direct");
        for (int i = 0; i < WEIR_CHUNK_PADDING; i++) {
            assert_int_equal(c->bytes[c->n_bytes + (size_t)i], 0);
        }
        weir_chunk_ref(c);
        weir_chunk_unref(c);
        assert_int_equal(c->recs[0].timestamp, 10);
        weir_chunk_unref(c);
    }
    weir_chunk_builder_add(&b, WEIR_SV("k"), null_bytes, (weir_sv){0}, 0, 0);
    weir_chunk *c = weir_chunk_builder_take(&b);
    assert_false(c->sorted_seq);
    weir_chunk_unref(c);
    weir_chunk_unref(NULL);
    weir_chunk_builder_deinit(&b);
}

static weir_chunk *seqs(const char *from, const int64_t *seq, uint32_t n)
{
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    for (uint32_t i = 0; i < n; i++) {
        char value[2] = {from[0], (char)('0' + i)};
        weir_chunk_builder_add(&b, null_bytes, weir_sv_of(value, 2), (weir_sv){0}, 0, seq[i]);
    }
    weir_chunk *c = weir_chunk_builder_take(&b);
    weir_chunk_builder_deinit(&b);
    return c;
}

static void test_merge(void **state)
{
    (void)state;
    assert_null(weir_chunk_merge(NULL, 0));
    weir_chunk *from[4];
    from[0] = seqs("a", (int64_t[]){2, 2, 9}, 3);
    from[1] = seqs("b", (int64_t[]){1, 2, 2, 10}, 4);
    from[2] = seqs("c", (int64_t[]){2}, 1);
    from[3] = seqs("d", (int64_t[]){1, 9}, 2);
    weir_chunk *one = from[2];
    weir_chunk_ref(one);
    assert_ptr_equal(weir_chunk_merge(&one, 1), from[2]);
    weir_chunk *c = weir_chunk_merge(from, 4);
    weir_chunk_unref(one);
    assert_int_equal(c->n, 10);
    assert_true(c->sorted_seq);
    weir_buf text = {0};
    for (uint32_t i = 0; i < c->n; i++) {
        weir_buf_sv(&text, weir_rec_value(c, &c->recs[i]));
    }
    assert_sv_equal(weir_buf_view(&text), "b0d0a0a1b1b2c0a2d1b3");
    weir_buf_deinit(&text);
    weir_chunk_unref(c);
}

static void test_stored(void **state)
{
    (void)state;
    const uint32_t sizes[][2] = {{1, 0}, {1, 10}, {3, 20}, {1024, 300}, {50, 5000}};
    for (size_t i = 0; i < WEIR_COUNT(sizes); i++) {
        weir_chunk *c = chunk_of(sizes[i][0], sizes[i][1]);
        weir_buf out = {0};
        weir_buf_str(&out, "before");
        weir_chunk_encode(c, true, &out);
        weir_sv stored = weir_sv_of(out.p + 6, out.n - 6);
        weir_status st = {0};
        weir_chunk *back;
        assert_ok(weir_chunk_decode(stored, 77, &back, &st), &st);
        assert_int_equal(back->base, 77);
        assert_false(back->sorted_seq);
        assert_same(c, back);
        if (sizes[i][0] == 1024) {
            assert_true(stored.n < c->n_bytes / 4);
        }
        /* What was read can be stored again, to the same bytes. */
        weir_buf again = {0};
        weir_chunk_encode(back, true, &again);
        assert_true(weir_sv_eq(stored, weir_buf_view(&again)));
        weir_buf_deinit(&again);
        weir_buf_deinit(&out);
        weir_chunk_unref(back);
        weir_chunk_unref(c);
    }
}

/* Reads whatever was accepted, so that a sanitizer sees a position out of bounds. */
static uint64_t touch(const weir_chunk *c)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const weir_rec *r = &c->recs[i];
        weir_sv key = weir_rec_key(c, r);
        weir_sv value = weir_rec_value(c, r);
        sum += weir_hash_sv(key) + weir_hash_sv(value);
        weir_reader in = weir_reader_of((weir_sv){c->bytes + r->headers_at, r->headers_n});
        weir_header h;
        while (weir_headers_next(&in, &h)) {
            sum += weir_hash_sv(h.name) + weir_hash_sv(h.value);
        }
    }
    return sum;
}

static void test_hostile(void **state)
{
    (void)state;
    weir_rng r;
    weir_rng_seed(&r, 5);
    uint64_t sum = 0;
    for (uint32_t shape = 0; shape < 3; shape++) {
        weir_chunk *c = chunk_of(shape ? 40 : 2, shape == 1 ? 3 : 60);
        weir_buf good = {0};
        weir_chunk_encode(c, true, &good);
        for (int i = 0; i < 6000; i++) {
            weir_sv in = weir_buf_view(&good);
            char copy[8192];
            assert_true(in.n <= sizeof copy);
            memcpy(copy, in.p, in.n);
            in.p = copy;
            for (uint64_t flips = 1 + weir_rng_below(&r, 3); flips > 0; flips--) {
                uint64_t at = weir_rng_below(&r, i % 2 ? in.n : in.n < 40 ? in.n : 40);
                copy[at] = (char)(copy[at] ^ (char)(1 + weir_rng_below(&r, 255)));
            }
            in.n = i % 4 == 3 ? (uint32_t)weir_rng_below(&r, in.n + 1) : in.n;
            bool sealed = i % 3 && in.n >= 4;
            if (sealed) {
                uint32_t crc = __builtin_bswap32(weir_crc32c(0, copy + 4, in.n - 4));
                memcpy(copy, &crc, sizeof crc);
            }
            weir_status st = {0};
            weir_chunk *back;
            weir_rc rc = weir_chunk_decode(in, 0, &back, &st);
            if (rc == WEIR_OK) {
                sum += touch(back);
                weir_chunk_unref(back);
            } else {
                assert_int_equal(rc, WEIR_ECORRUPT);
                assert_null(back);
                assert_true(strlen(st.msg) > 0);
            }
        }
        weir_buf_deinit(&good);
        weir_chunk_unref(c);
    }
    assert_true(sum != 1);
}

static void test_headers(void **state)
{
    (void)state;
    weir_buf b = {0};
    weir_headers_add(&b, WEIR_SV("a"), WEIR_SV("x"), false);
    weir_headers_add(&b, WEIR_SV(""), WEIR_SV(""), false);
    weir_headers_add(&b, WEIR_SV("n"), WEIR_SV(""), true);
    weir_reader r = weir_reader_of(weir_buf_view(&b));
    weir_header h;
    assert_true(weir_headers_next(&r, &h));
    assert_sv_equal(h.name, "a");
    assert_sv_equal(h.value, "x");
    assert_true(weir_headers_next(&r, &h));
    assert_int_equal(h.name.n + h.value.n, 0);
    assert_false(h.null);
    assert_true(weir_headers_next(&r, &h));
    assert_true(h.null);
    assert_false(weir_headers_next(&r, &h));
    assert_false(r.bad);
    r = weir_reader_of(WEIR_SV("\x01"
                               "a\x05x"));
    assert_false(weir_headers_next(&r, &h));
    assert_true(r.bad);
    weir_buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builder), cmocka_unit_test(test_merge),
        cmocka_unit_test(test_stored),  cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
