/* Hashes against published or independently computed values, and the generator's promises. */
#include "engine/base/hash.h"
#include "engine/base/rng.h"
#include "tests/support/test.h"

#include <stdio.h>

static void test_murmur2(void **state)
{
    (void)state;
    /* Computed with Java arithmetic from the algorithm's definition. */
    const struct {
        weir_sv key;
        uint32_t hash;
        uint32_t partition_of_7;
    } known[] = {
        {WEIR_SV(""), 0x106e08d9, 2},
        {WEIR_SV("a"), 0xa2d0b27c, 5},
        {WEIR_SV("21"), 0xc5f2f8ec, 3},
        {WEIR_SV("abc"), 0x1c94221b, 4},
        {WEIR_SV("user-17"), 0x44874f6c, 6},
        {WEIR_SV("foobar"), 0xd0e47bbe, 0},
        {WEIR_SV("a-little-bit-long-string"), 0xc53b1da0, 1},
        {WEIR_SV("h\xc3\xa4 \xc3\xbc"
                 "ber 4"),
         0xea42b9bc, 4},
    };
    for (size_t i = 0; i < WEIR_COUNT(known); i++) {
        assert_int_equal(weir_murmur2(known[i].key.p, known[i].key.n), known[i].hash);
        assert_int_equal(weir_partition_of(known[i].key, 7), known[i].partition_of_7);
    }
    unsigned char bytes[256];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)i;
    }
    assert_int_equal(weir_murmur2(bytes, sizeof bytes), 0x8bde9476);
    assert_int_equal(weir_murmur2("\0\0\0\7", 4), 0xc2b47aeb);
    assert_int_equal(weir_murmur2("\xff\x80\xfe", 3), 0x390b8ddd);
}

static void test_crc32c(void **state)
{
    (void)state;
    /* RFC 3720, B.4 */
    char zeros[32] = {0};
    char ones[32];
    memset(ones, 0xff, sizeof ones);
    assert_int_equal(weir_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(weir_crc32c(0, zeros, 32), 0x8a9136aa);
    assert_int_equal(weir_crc32c(0, ones, 32), 0x62a8ab43);
    assert_int_equal(weir_crc32c(0, "", 0), 0);
    assert_int_equal(weir_crc32c(weir_crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
    weir_rng r;
    weir_rng_seed(&r, 3);
    char bytes[100];
    for (size_t n = 0; n <= sizeof bytes; n++) {
        for (size_t i = 0; i < n; i++) {
            bytes[i] = (char)weir_rng_below(&r, 256);
        }
        assert_int_equal(weir_crc32c(7, bytes, n), weir__crc32c_scalar(7, bytes, n));
    }
}

static void test_hash(void **state)
{
    (void)state;
    assert_true(weir_hash_sv(WEIR_SV("abc")) == weir_hash("abc", 3));
    assert_true(weir_hash(NULL, 0) == weir_hash("", 0));
    assert_true(weir_hash("abc", 3) != weir_hash("abd", 3));
    /* XXH3_64bits of nothing with seed 0, from the library's own test vectors. */
    assert_true(weir_hash("", 0) == 0x2d06800538d394c2u);
    assert_true(weir_hash_u64(1) != weir_hash_u64(2));
}

static void test_rng(void **state)
{
    (void)state;
    weir_rng a;
    weir_rng b;
    weir_rng_seed(&a, 42);
    weir_rng_seed(&b, 42);
    int buckets[10] = {0};
    for (int i = 0; i < 10000; i++) {
        assert_true(weir_rng_next(&a) == weir_rng_next(&b));
        double unit = weir_rng_unit(&a);
        assert_true(unit >= 0 && unit < 1);
        uint64_t below = weir_rng_below(&a, 10);
        assert_true(below < 10);
        buckets[below]++;
        weir_rng_next(&b);
        weir_rng_next(&b);
    }
    for (size_t i = 0; i < WEIR_COUNT(buckets); i++) {
        assert_true(buckets[i] > 800 && buckets[i] < 1200);
    }
    assert_int_equal(weir_rng_below(&a, 1), 0);
    weir_rng_seed(&a, 0);
    /* Reference: splitmix64(0) gives the state, the published xoshiro256** the output. */
    assert_true(weir_rng_next(&a) == 0x99ec5f36cb75f2b4u);
}

static void test_partitions_of(void **state)
{
    (void)state;
    enum { KEYS = 200 };
    char texts[KEYS][16];
    weir_sv keys[KEYS];
    uint32_t to[KEYS];
    for (uint32_t n = 1; n <= 1000; n++) {
        for (uint32_t k = 0; k < KEYS; k++) {
            keys[k] = (weir_sv){texts[k], (uint32_t)snprintf(texts[k], sizeof *texts, "k%u", k * n)};
        }
        weir_partitions_of(keys, KEYS, n, to);
        for (uint32_t k = 0; k < KEYS; k++) {
            assert_int_equal(to[k], weir_partition_of(keys[k], n));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partitions_of),
        cmocka_unit_test(test_murmur2),
        cmocka_unit_test(test_crc32c),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_rng),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
