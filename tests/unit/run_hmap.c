/* The hash map against a plain array as model, its batch calls, marks and the slab under it. */
#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "engine/base/rng.h"
#include "engine/run/hmap.h"
#include "tests/support/test.h"

#include <stdio.h>

#define KEYS 3000

/* Lengths 0 to 70 on both sides of what fits into an entry; distinct for distinct i. */
static weir_sv key_of(uint32_t i, char *room)
{
    uint32_t n = i == 0 ? 0 : 5 + i % 66;
    memset(room, 'k', n);
    if (n) {
        room[0] = (char)i;
        room[1] = (char)(i >> 8);
        room[n - 1] = (char)(i >> 4);
    }
    return (weir_sv){room, n};
}

static void test_model(void **state)
{
    (void)state;
    static uint64_t model[KEYS]; /* 0: absent */
    memset(model, 0, sizeof model);
    weir_hmap *m = weir_hmap_new(24);
    weir_rng r;
    weir_rng_seed(&r, 7);
    char room[80];
    uint64_t live = 0;
    for (uint64_t step = 1; step < 60000; step++) {
        uint32_t i = (uint32_t)weir_rng_below(&r, KEYS);
        weir_sv key = key_of(i, room);
        uint64_t what = weir_rng_below(&r, 8);
        /* Grows for a while, then shrinks, then grows again on freed entries. */
        bool removing = step / 15000 % 2 ? what < 5 : what < 2;
        if (removing) {
            assert_int_equal(weir_hmap_remove(m, key), model[i] != 0);
            live -= model[i] != 0;
            model[i] = 0;
        } else {
            bool added;
            uint64_t *payload = weir_hmap_insert(m, key, &added);
            assert_int_equal((uintptr_t)payload % 16, 0);
            assert_int_equal(added, model[i] == 0);
            assert_true(payload[0] == model[i] && (!added || (!payload[1] && !payload[2])));
            assert_true(weir_sv_eq(weir_hmap_key(m, payload), key));
            payload[0] = payload[1] = payload[2] = model[i] = step;
            live += added;
        }
        assert_int_equal(weir_hmap_count(m), live);
    }
    uint64_t cursor = 0;
    uint64_t seen = 0;
    void *payload;
    while (weir_hmap_next(m, &cursor, &payload)) {
        seen++;
    }
    assert_int_equal(seen, live);
    for (uint32_t i = 0; i < KEYS; i++) {
        uint64_t *found = weir_hmap_find(m, key_of(i, room));
        assert_true(found ? *found == model[i] : model[i] == 0);
    }
    weir_hmap_free(m, NULL, NULL);
}

/* Entries stay where they are while the map grows inside a batch; equal keys share one. */
static void test_batches(void **state)
{
    (void)state;
    static char rooms[WEIR_BATCH_ROWS][80];
    static weir_sv keys[WEIR_BATCH_ROWS];
    static void *payloads[WEIR_BATCH_ROWS];
    static void *again[WEIR_BATCH_ROWS];
    static bool added[WEIR_BATCH_ROWS];
    static void *first[KEYS];
    weir_hmap *m = weir_hmap_new(8);
    weir_rng r;
    weir_rng_seed(&r, 3);
    memset(first, 0, sizeof first);
    for (int batch = 0; batch < 20; batch++) {
        uint32_t n = batch == 5 ? 0 : batch == 6 ? 1 : WEIR_BATCH_ROWS;
        uint32_t ix[WEIR_BATCH_ROWS];
        for (uint32_t i = 0; i < n; i++) {
            ix[i] = (uint32_t)weir_rng_below(&r, KEYS);
            keys[i] = key_of(ix[i], rooms[i]);
        }
        weir_hmap_find_batch(m, keys, n, payloads);
        for (uint32_t i = 0; i < n; i++) {
            assert_ptr_equal(payloads[i], first[ix[i]]);
        }
        weir_hmap_insert_batch(m, keys, n, payloads, added);
        for (uint32_t i = 0; i < n; i++) {
            assert_int_equal(added[i], first[ix[i]] == NULL);
            first[ix[i]] = first[ix[i]] ? first[ix[i]] : payloads[i];
            assert_ptr_equal(payloads[i], first[ix[i]]);
            assert_ptr_equal(weir_hmap_find(m, keys[i]), payloads[i]);
        }
        weir_hmap_find_batch(m, keys, n, again);
        assert_memory_equal(payloads, again, n * sizeof *again);
    }
    weir_hmap_free(m, NULL, NULL);
}

static void test_many(void **state)
{
    (void)state;
    weir_hmap *m = weir_hmap_new(16);
    for (uint64_t i = 0; i < 200000; i++) {
        bool added;
        char key[16];
        snprintf(key, sizeof key, "user%09u", (unsigned)i);
        *(uint64_t *)weir_hmap_insert(m, (weir_sv){key, 13}, &added) = i;
        assert_true(added);
    }
    uint64_t cursor = 0;
    void *payload;
    for (uint64_t i = 0; weir_hmap_next(m, &cursor, &payload); i++) {
        assert_int_equal(*(uint64_t *)payload, i); /* in order of insertion */
    }
    assert_true(weir_hmap_bytes(m) / weir_hmap_count(m) <= 80);
    weir_hmap_free(m, NULL, NULL);
}

static void test_filling(void **state)
{
    (void)state;
    weir_hmap *m = weir_hmap_new(8);
    char room[80];
    bool added;
    *(uint64_t *)weir_hmap_insert(m, key_of(0, room), &added) = 0;
    for (uint64_t i = 1; i < KEYS; i++) {
        weir_hmap_filling(m, true);
        *(uint64_t *)weir_hmap_insert(m, key_of((uint32_t)i, room), &added) = i;
        assert_true(added);
    }
    weir_hmap_filling(m, false);
    assert_int_equal(weir_hmap_count(m), KEYS);
    for (uint64_t i = 0; i < KEYS; i++) {
        assert_true(*(uint64_t *)weir_hmap_insert(m, key_of((uint32_t)i, room), &added) == i);
        assert_false(added);
    }
    weir_hmap_free(m, NULL, NULL);
}

typedef struct swept {
    char log[200];
} swept;

static void put(void *ctx, weir_sv key, void *payload)
{
    swept *s = ctx;
    size_t n = strlen(s->log);
    snprintf(s->log + n, sizeof s->log - n, "+" WEIR_SV_FMT "=%d ", WEIR_SV_ARG(key),
             *(int *)payload);
}

static void gone(void *ctx, weir_sv key)
{
    swept *s = ctx;
    size_t n = strlen(s->log);
    snprintf(s->log + n, sizeof s->log - n, "-" WEIR_SV_FMT " ", WEIR_SV_ARG(key));
}

static void set(weir_hmap *m, const char *key, int value)
{
    bool added;
    int *payload = weir_hmap_insert(m, weir_sv_cstr(key), &added);
    *payload = value;
    weir_hmap_mark(m, payload);
}

static void assert_swept(weir_hmap *m, const char *expected)
{
    swept s = {{0}};
    weir_hmap_sweep(m, put, gone, &s);
    assert_string_equal(s.log, expected);
    assert_int_equal(weir_hmap_marked(m), 0);
}

static void test_marks(void **state)
{
    (void)state;
    weir_hmap *m = weir_hmap_new(4);
    set(m, "a", 1);
    set(m, "b", 2);
    set(m, "a", 3);
    assert_int_equal(weir_hmap_marked(m), 2);
    assert_swept(m, "+a=3 +b=2 ");
    assert_swept(m, "");
    weir_hmap_remove(m, WEIR_SV("b")); /* clean before */
    set(m, "a", 4);
    weir_hmap_remove(m, WEIR_SV("a")); /* marked before */
    set(m, "c", 5);                    /* on the memory of a */
    assert_int_equal(weir_hmap_marked(m), 3);
    assert_swept(m, "-b -a +c=5 ");
    weir_hmap_remove(m, WEIR_SV("c"));
    set(m, "c", 6);
    assert_swept(m, "-c +c=6 ");
    set(m, "d", 7);
    weir_hmap_track(m, false);
    set(m, "d", 8);
    weir_hmap_remove(m, WEIR_SV("c"));
    assert_swept(m, "");
    weir_hmap_free(m, NULL, NULL);
}

static void count_drop(void *ctx, void *payload)
{
    *(uint64_t *)ctx += *(uint64_t *)payload;
}

static void test_drop(void **state)
{
    (void)state;
    weir_hmap *m = weir_hmap_new(8);
    char room[80];
    bool added;
    for (uint32_t i = 0; i < 100; i++) {
        *(uint64_t *)weir_hmap_insert(m, key_of(i, room), &added) = i;
    }
    weir_hmap_remove(m, key_of(7, room));
    uint64_t sum = 0;
    weir_hmap_free(m, count_drop, &sum);
    assert_int_equal(sum, 4950 - 7);
    weir_hmap_free(NULL, NULL, NULL);

    m = weir_hmap_new(0); /* a set */
    for (int round = 0; round < 2; round++) {
        weir_hmap_insert(m, WEIR_SV("x"), &added);
        assert_int_equal(added, round == 0);
    }
    weir_hmap_free(m, NULL, NULL);
}

/* A store as an array, for keys 0..KEYS: what the last sweep left there; 0: nothing. */
typedef struct stored {
    uint64_t values[KEYS];
    weir_hmap *numbers; /* key → its number + 1 */
    uint64_t dropped;
} stored;

static uint64_t *stored_at(stored *s, weir_sv key)
{
    return &s->values[*(uint64_t *)weir_hmap_find(s->numbers, key) - 1];
}

static void store_put(void *ctx, weir_sv key, void *payload)
{
    *stored_at(ctx, key) = *(uint64_t *)payload;
}

static void store_gone(void *ctx, weir_sv key)
{
    *stored_at(ctx, key) = 0;
}

static void count_payload(void *ctx, void *payload)
{
    assert_true(*(uint64_t *)payload != 0);
    ((stored *)ctx)->dropped++;
}

/* As an operator does it: the entry, from memory or from the store. */
static uint64_t *thawed(weir_hmap *m, stored *s, weir_sv key)
{
    uint64_t *payload = NULL;
    weir_hmap_find_batch(m, &key, 1, (void **)&payload);
    uint64_t value = *stored_at(s, key);
    if (!payload && weir_hmap_cold(m) && !weir_hmap_removed(m, key) && value) {
        bool added;
        payload = weir_hmap_insert(m, key, &added);
        *payload = value;
        weir_hmap_cool(m, -1);
    }
    return payload;
}

static void test_cold(void **state)
{
    (void)state;
    static uint64_t model[KEYS];
    static stored s;
    memset(model, 0, sizeof model);
    memset(&s, 0, sizeof s);
    s.numbers = weir_hmap_new(8);
    char room[80];
    bool added;
    for (uint64_t i = 0; i < KEYS; i++) {
        *(uint64_t *)weir_hmap_insert(s.numbers, key_of((uint32_t)i, room), &added) = i + 1;
    }
    weir_hmap *m = weir_hmap_new(16);
    weir_rng r;
    weir_rng_seed(&r, 5);
    uint64_t live = 0;
    uint64_t evicted = 0;
    for (uint64_t step = 1; step < 100000; step++) {
        uint32_t i = (uint32_t)weir_rng_below(&r, 1 + weir_rng_below(&r, KEYS));
        weir_sv key = key_of(i, room);
        uint64_t *payload = thawed(m, &s, key);
        assert_true(payload ? *payload == model[i] : model[i] == 0);
        uint64_t what = weir_rng_below(&r, 8);
        if (what == 0 && payload) {
            assert_true(weir_hmap_remove(m, key));
            model[i] = 0;
            live--;
        } else if (what < 5) {
            payload = payload ? payload : weir_hmap_insert(m, key, &added);
            live += *payload == 0;
            *payload = model[i] = step;
            weir_hmap_mark(m, payload);
        }
        if (weir_rng_below(&r, 500) == 0) {
            if (weir_hmap_marked(m)) {
                assert_int_equal(weir_hmap_evict(m, UINT64_MAX, NULL, NULL), 0);
            }
            weir_hmap_sweep(m, store_put, store_gone, &s);
            uint64_t most = weir_rng_below(&r, 4) ? weir_rng_below(&r, 1000) : UINT64_MAX;
            evicted += weir_hmap_evict(m, most, count_payload, &s);
            assert_int_equal(s.dropped, evicted);
        }
        assert_int_equal(weir_hmap_count(m) + weir_hmap_cold(m), live);
    }
    assert_true(evicted > 10000);
    weir_hmap_sweep(m, store_put, store_gone, &s);
    uint64_t before = weir_hmap_bytes(m);
    weir_hmap_evict(m, UINT64_MAX, NULL, NULL); /* spares what was used */
    weir_hmap_evict(m, UINT64_MAX, NULL, NULL);
    assert_int_equal(weir_hmap_count(m), 0);
    assert_int_equal(weir_hmap_cold(m), live);
    assert_true(weir_hmap_bytes(m) < before / 20);
    weir_hmap_free(m, NULL, NULL);
    weir_hmap_free(s.numbers, NULL, NULL);
}

/* What was used since eviction last came by stays longer. */
static void test_second_chance(void **state)
{
    (void)state;
    enum { all = 30000, kept = all / 3 };
    weir_hmap *m = weir_hmap_new(8);
    char room[16];
    bool added;
    for (uint32_t i = 0; i < all; i++) {
        snprintf(room, sizeof room, "user%09u", i);
        weir_hmap_insert(m, (weir_sv){room, 13}, &added);
    }
    assert_int_equal(weir_hmap_evict(m, 0, NULL, NULL), 0); /* uses count from here on */
    for (uint32_t i = 0; i < all; i += 3) {
        snprintf(room, sizeof room, "user%09u", i);
        weir_sv key = {room, 13};
        void *payload;
        weir_hmap_find_batch(m, &key, 1, &payload);
    }
    assert_int_equal(weir_hmap_evict(m, all, NULL, NULL), all - kept);
    for (uint32_t i = 0; i < all; i++) {
        snprintf(room, sizeof room, "user%09u", i);
        assert_int_equal(weir_hmap_find(m, (weir_sv){room, 13}) != NULL, i % 3 == 0);
    }
    assert_int_equal(weir_hmap_evict(m, 10, NULL, NULL), 10);
    assert_int_equal(weir_hmap_count(m), kept - 10);
    weir_hmap_free(m, NULL, NULL);
}

static void test_slab(void **state)
{
    (void)state;
    enum { items = 500 };
    static unsigned char *p[items];
    static uint32_t n[items];
    weir_slab *s = weir_slab_new();
    weir_rng r;
    weir_rng_seed(&r, 11);
    for (uint32_t step = 0; step < 20000; step++) {
        size_t i = weir_rng_below(&r, items);
        if (p[i]) {
            for (uint32_t at = 0; at < n[i]; at++) {
                assert_int_equal(p[i][at], (unsigned char)i);
            }
            weir_slab_release(s, p[i], n[i]);
        }
        n[i] = (uint32_t)weir_rng_below(&r, weir_rng_below(&r, 50) ? 600 : 20000);
        p[i] = weir_slab_alloc(s, n[i]);
        assert_int_equal((uintptr_t)p[i] % 16, 0);
        memset(p[i], (int)i, n[i]);
    }
    for (uint32_t bytes = 0; bytes < 9000; bytes++) { /* every class takes its largest item */
        void *q = weir_slab_alloc(s, bytes);
        memset(q, 1, bytes);
        weir_slab_release(s, q, bytes);
    }
    assert_true(weir_slab_bytes(s) > weir_slab_idle(s));
    weir_slab_free(s);
    weir_slab_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model), cmocka_unit_test(test_batches), cmocka_unit_test(test_many),
        cmocka_unit_test(test_marks), cmocka_unit_test(test_drop),    cmocka_unit_test(test_slab),
        cmocka_unit_test(test_filling), cmocka_unit_test(test_cold),  cmocka_unit_test(test_second_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
