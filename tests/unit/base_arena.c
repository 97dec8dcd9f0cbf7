/* Arena: alignment, kept blocks, oversized requests, text, growing arrays; and the allocator's
 * growth helper. */
#include "engine/base/alloc.h"
#include "engine/base/arena.h"
#include "engine/base/rng.h"
#include "tests/support/test.h"

static void test_alignment(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    for (size_t n = 0; n < 3000; n++) {
        char *p = n % 2 ? weir_arena_alloc(&a, n) : weir_arena_bytes_alloc(&a, n);
        assert_non_null(p);
        if (n % 2) {
            assert_int_equal((uintptr_t)p % 16, 0);
        }
        memset(p, 0xee, n);
    }
    weir_arena_deinit(&a);
}

/* Each allocation keeps its own pattern to the end: nothing overlaps. */
static void test_no_overlap(void **state)
{
    (void)state;
    enum { PIECES = 2000 };
    weir_arena a;
    weir_arena_init(&a);
    weir_rng r;
    weir_rng_seed(&r, 1);
    for (int round = 0; round < 3; round++) {
        unsigned char *piece[PIECES];
        size_t size[PIECES];
        for (size_t i = 0; i < PIECES; i++) {
            size[i] = weir_rng_below(&r, i % 100 == 0 ? 40000 : 300);
            piece[i] = weir_arena_alloc(&a, size[i]);
            memset(piece[i], (int)(i & 0xff), size[i]);
        }
        for (size_t i = 0; i < PIECES; i++) {
            for (size_t at = 0; at < size[i]; at++) {
                assert_int_equal(piece[i][at], i & 0xff);
            }
        }
        weir_arena_reset(&a);
    }
    weir_arena_deinit(&a);
}

static void fill(weir_arena *a)
{
    for (size_t i = 0; i < 500; i++) {
        weir_arena_alloc(a, 64 + i);
    }
}

static void test_reset_keeps_blocks(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    assert_int_equal(weir_arena_bytes(&a), 0);
    fill(&a);
    size_t held = weir_arena_bytes(&a);
    assert_true(held > 0);
    for (int round = 0; round < 100; round++) {
        weir_arena_reset(&a);
        fill(&a);
    }
    assert_int_equal(weir_arena_bytes(&a), held);
    weir_arena_deinit(&a);
    assert_int_equal(weir_arena_bytes(&a), 0);
}

static void test_large(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    char *first = weir_arena_alloc(&a, 5 << 20); /* before any ordinary block */
    memset(first, 1, 5 << 20);
    fill(&a);
    size_t ordinary = weir_arena_bytes(&a) - (5 << 20);
    char *second = weir_arena_alloc(&a, 3 << 20);
    memset(second, 2, 3 << 20);
    assert_int_equal(first[(5 << 20) - 1], 1);
    assert_int_equal(weir_arena_bytes(&a), ordinary + (8 << 20));
    weir_arena_reset(&a);
    assert_int_equal(weir_arena_bytes(&a), ordinary);
    fill(&a);
    assert_int_equal(weir_arena_bytes(&a), ordinary);
    weir_arena_deinit(&a);
}

static void test_zeroed_arena(void **state)
{
    (void)state;
    weir_arena a = {0};
    weir_arena_reset(&a);
    assert_non_null(weir_arena_alloc(&a, 10));
    weir_arena_deinit(&a);
}

static void test_text(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    weir_sv s = weir_arena_sv(&a, WEIR_SV("copy"));
    assert_sv_equal(s, "copy");
    assert_int_equal(s.p[4], '\0');
    assert_string_equal(weir_arena_cstr(&a, (weir_sv){0}), "");
    assert_sv_equal(weir_arena_printf(&a, "%d-%s", 42, "x"), "42-x");
    char big[20001];
    memset(big, 'b', 20000);
    big[20000] = '\0';
    assert_int_equal(weir_arena_printf(&a, "%s", big).n, 20000);
    weir_arena_deinit(&a);
}

static void test_shrink(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    weir_arena_alloc(&a, 16);
    size_t held = weir_arena_bytes(&a);
    for (int i = 0; i < 10000; i++) {
        char *p = weir_arena_bytes_alloc(&a, 2000);
        memset(p, 'x', 2000);
        weir_arena_shrink(&a, p, 2000, 0);
    }
    assert_int_equal(weir_arena_bytes(&a), held);
    char *kept = weir_arena_bytes_alloc(&a, 100);
    memset(kept, 'k', 100);
    weir_arena_shrink(&a, kept, 100, 20);
    char *next = weir_arena_alloc(&a, 64);
    memset(next, 'n', 64);
    assert_int_equal(kept[19], 'k');
    weir_arena_shrink(&a, kept, 20, 10); /* not the newest: nothing moves, nothing breaks */
    assert_int_equal(next[0], 'n');
    weir_arena_deinit(&a);
}

static void test_push(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    int *items = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    for (int i = 0; i < 1000; i++) {
        WEIR_PUSH(&a, items, n, cap, i);
    }
    assert_int_equal(n, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(items[i], i);
    }
    int64_t *zeroed = WEIR_NEW_N(&a, int64_t, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(zeroed[i], 0);
    }
    weir_arena_deinit(&a);
}

static void test_heap(void **state)
{
    (void)state;
    int *items = NULL;
    size_t cap = 0;
    for (size_t n = 0; n < 1000; n++) {
        WEIR_GROW(items, cap, n + 1);
        items[n] = (int)n;
    }
    assert_true(cap >= 1000 && cap < 4000);
    assert_int_equal(items[999], 999);
    weir_free(items);

    void *line = weir_alloc_aligned(64, 100);
    assert_int_equal((uintptr_t)line % 64, 0);
    weir_free(line);
    char *copy = weir_strdup("text");
    assert_string_equal(copy, "text");
    weir_free(copy);
    void *nothing = weir_alloc(0);
    assert_non_null(nothing);
    weir_free(nothing);
    weir_free(NULL);
}

static char order[8];
static size_t n_order;

static void note(void *p)
{
    order[n_order++] = *(const char *)p;
}

static void test_ends(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    weir_arena_on_end(&a, note, weir_arena_cstr(&a, WEIR_SV("1")));
    weir_arena_on_end(&a, note, weir_arena_cstr(&a, WEIR_SV("2")));
    weir_arena_reset(&a);
    assert_string_equal(order, "21");
    weir_arena_on_end(&a, note, weir_arena_cstr(&a, WEIR_SV("3")));
    weir_arena_deinit(&a);
    assert_string_equal(order, "213");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_no_overlap),
        cmocka_unit_test(test_reset_keeps_blocks),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_zeroed_arena),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_shrink),
        cmocka_unit_test(test_push),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_heap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
