/* Topics in memory and in a store: the same script against both, restarts at any point, retention,
 * readers on several threads. */
#include "engine/base/rng.h"
#include "engine/run/topic.h"
#include "tests/support/dir.h"
#include "tests/support/test.h"

#include <pthread.h>
#include <stdio.h>

typedef struct world {
    char *dir; /* NULL: memory only */
    weir_store *store;
    weir_topics *topics;
    weir_store_batch *batch;
} world;

static void world_start(world *w)
{
    weir_status st = {0};
    if (w->dir) {
        assert_ok(weir_store_open(w->dir, &w->store, &st), &st);
    }
    w->batch = weir_store_batch_new();
    assert_ok(weir_topics_open(w->store, NULL, &w->topics, &st), &st);
}

static void world_stop(world *w)
{
    weir_topics_close(w->topics);
    weir_store_close(w->store);
    weir_store_batch_free(w->batch);
    w->store = NULL;
}

static world world_new(bool embedded)
{
    world w = {.dir = embedded ? test_dir_new() : NULL};
    world_start(&w);
    return w;
}

static void world_free(world *w)
{
    world_stop(w);
    if (w->dir) {
        test_dir_remove(w->dir);
    }
}

static void commit(world *w)
{
    weir_status st = {0};
    assert_ok(weir_topics_save(w->topics, w->batch, &st), &st);
    weir_topics_expire(w->topics, w->batch);
    if (w->store) {
        assert_ok(weir_store_commit(w->store, w->batch, &st), &st);
    }
}

static weir_topic *create(world *w, weir_sv name, int32_t partitions, int64_t retention_ms)
{
    weir_topic_spec spec = {.name = name, .partitions = partitions, .retention_ms = retention_ms};
    weir_topic *t = NULL;
    weir_status st = {0};
    assert_ok(weir_topics_create(w->topics, &spec, &t, &st), &st);
    return t;
}

/* The only reader that is not at the beginning of its partition is at `offset` of this one. */
static void consumed(world *w, weir_topic *t, int32_t partition, int64_t offset)
{
    for (int32_t p = 0; p < weir_topic_partitions(t); p++) {
        weir_topic_reader(t, p, p == partition ? offset : 0);
    }
    weir_topics_readers_told(w->topics);
}

/* A record tells its offset, so that whoever reads it can check. */
static void append(weir_topic *t, int32_t partition, uint32_t n, int64_t timestamp)
{
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    int64_t at = weir_topic_end(t, partition);
    for (uint32_t i = 0; i < n; i++) {
        char value[40];
        int length = snprintf(value, sizeof value, "%d/%lld", partition, (long long)(at + i));
        weir_chunk_builder_add(&b, WEIR_SV("k"), weir_sv_of(value, (size_t)length), (weir_sv){0},
                               timestamp, 0);
    }
    weir_topic_append(t, partition, weir_chunk_builder_take(&b));
    weir_chunk_builder_deinit(&b);
}

/* Checks the record at the offset; returns the offset behind its chunk. */
static int64_t check_read(weir_topic *t, int32_t partition, int64_t offset)
{
    weir_status st = {0};
    weir_chunk *c;
    assert_ok(weir_topic_read(t, partition, offset, &c, &st), &st);
    assert_non_null(c);
    assert_true(c->base <= offset && offset < c->base + c->n);
    int64_t end = c->base + c->n;
    char value[40];
    snprintf(value, sizeof value, "%d/%lld", partition, (long long)offset);
    assert_sv_equal(weir_rec_value(c, &c->recs[offset - c->base]), value);
    weir_chunk_unref(c);
    return end;
}

static void assert_end(weir_topic *t, int32_t partition, int64_t offset)
{
    weir_status st = {0};
    weir_chunk *c;
    assert_ok(weir_topic_read(t, partition, offset, &c, &st), &st);
    assert_null(c);
}

static void test_list(void **state)
{
    (void)state;
    for (int embedded = 0; embedded < 2; embedded++) {
        world w = world_new(embedded);
        weir_topic *a = create(&w, WEIR_SV("a"), 2, -1);
        create(&w, WEIR_SV("b"), 1, 1000);
        assert_ptr_equal(create(&w, WEIR_SV("a"), 7, 5), a);
        assert_int_equal(weir_topic_partitions(a), 2);
        assert_null(weir_topics_find(w.topics, WEIR_SV("c")));
        append(a, 1, 3, 10);
        commit(&w);
        (void)weir_topics_drop(w.topics, WEIR_SV("a"), NULL);
        (void)weir_topics_drop(w.topics, WEIR_SV("none"), NULL);
        a = create(&w, WEIR_SV("a"), 3, -1);
        create(&w, WEIR_SV("short"), 3, -1);
        (void)weir_topics_drop(w.topics, WEIR_SV("short"), NULL);
        append(a, 1, 1, 10);
        commit(&w);
        for (int restarted = 0; restarted <= embedded; restarted++) {
            assert_int_equal(weir_topics_count(w.topics), 2);
            assert_sv_equal(weir_topic_name(weir_topics_at(w.topics, 0)), "b");
            a = weir_topics_at(w.topics, 1);
            assert_ptr_equal(weir_topics_find(w.topics, WEIR_SV("a")), a);
            assert_int_equal(weir_topic_partitions(a), 3);
            assert_int_equal(weir_topic_end(a, 0), 0);
            assert_int_equal(weir_topic_end(a, 1), 1);
            assert_int_equal(check_read(a, 1, 0), 1);
            assert_end(a, 1, 1);
            assert_end(a, 0, 0);
            if (embedded) {
                world_stop(&w);
                world_start(&w);
            }
        }
        world_free(&w);
    }
}

static void test_forget(void **state)
{
    (void)state;
    world w = world_new(false);
    weir_topic *t = create(&w, WEIR_SV("t"), 1, -1);
    for (int i = 0; i < 4; i++) {
        append(t, 0, 5, i);
    }
    uint64_t full = weir_topics_bytes(w.topics);
    consumed(&w, t, 0, 12);
    assert_int_equal(weir_topic_begin(t, 0), 0);
    assert_int_equal(weir_topics_bytes(w.topics), full);
    weir_topics_forget_consumed(w.topics, true);
    consumed(&w, t, 0, 12);
    assert_int_equal(weir_topic_begin(t, 0), 10); /* whole chunks */
    assert_true(weir_topics_bytes(w.topics) < full);
    weir_status st = {0};
    weir_chunk *c;
    assert_ok(weir_topic_read(t, 0, 3, &c, &st), &st);
    assert_int_equal(c->base, 10);
    weir_chunk_unref(c);
    check_read(t, 0, 17);
    consumed(&w, t, 0, 20);
    assert_int_equal(weir_topics_bytes(w.topics), 0);
    append(t, 0, 2, 9);
    assert_int_equal(check_read(t, 0, 20), 22);
    world_free(&w);
}

static void test_durable(void **state)
{
    (void)state;
    world w = world_new(true);
    weir_topic *t = create(&w, WEIR_SV("t"), 2, -1);
    for (int i = 0; i < 50; i++) {
        append(t, 0, 3, i);
    }
    append(t, 1, 2, 0);
    consumed(&w, t, 0, 150);
    assert_int_equal(check_read(t, 0, 4), 6); /* nothing is durable yet */
    commit(&w);
    append(t, 0, 10, 0);
    commit(&w); /* the first commit is known to have happened: evicted */
    assert_int_equal(weir_topic_begin(t, 0), 0);
    assert_int_equal(check_read(t, 0, 4), 150); /* small chunks were joined */
    assert_int_equal(check_read(t, 0, 149), 150);
    assert_int_equal(check_read(t, 0, 151), 160);
    append(t, 0, 5, 0); /* lost with the process */
    create(&w, WEIR_SV("lost"), 1, -1);
    world_stop(&w);
    world_start(&w);
    assert_int_equal(weir_topics_count(w.topics), 1);
    t = weir_topics_find(w.topics, WEIR_SV("t"));
    assert_int_equal(weir_topic_end(t, 0), 160);
    assert_int_equal(weir_topics_bytes(w.topics), 0);
    for (int64_t at = 0; at < 160; at++) {
        check_read(t, 0, at);
    }
    assert_int_equal(check_read(t, 1, 1), 2);
    append(t, 0, 1, 0);
    assert_int_equal(check_read(t, 0, 160), 161);
    world_free(&w);
}

static void test_retention(void **state)
{
    (void)state;
    for (int embedded = 0; embedded < 2; embedded++) {
        world w = world_new(embedded);
        weir_topic *t = create(&w, WEIR_SV("t"), 2, 100);
        weir_topic *keep = create(&w, WEIR_SV("keep"), 1, -1);
        append(keep, 0, 1, 0);
        append(t, 1, 4, 7);
        for (int64_t i = 0; i < 10; i++) {
            append(t, 0, 10, i * 30);
            commit(&w);
        }
        commit(&w); /* newest 270: what is older than 170 goes */
        assert_int_equal(weir_topic_begin(t, 0), 60);
        assert_int_equal(weir_topic_begin(t, 1), 4);
        assert_int_equal(weir_topic_begin(keep, 0), 0);
        if (embedded) {
            world_stop(&w);
            world_start(&w);
            t = weir_topics_find(w.topics, WEIR_SV("t"));
            assert_int_equal(weir_topic_begin(t, 0), 60);
        }
        check_read(t, 0, 60);
        weir_status st = {0};
        weir_chunk *c;
        assert_ok(weir_topic_read(t, 0, 0, &c, &st), &st);
        assert_int_equal(c->base, 60);
        weir_chunk_unref(c);
        append(t, 1, 1, 100000);
        commit(&w);
        commit(&w);
        assert_int_equal(weir_topic_begin(t, 0), 100);
        assert_int_equal(weir_topic_end(t, 0), 100);
        assert_end(t, 0, 0);
        assert_int_equal(check_read(t, 1, 4), 5);
        append(t, 0, 1, 100000);
        check_read(t, 0, 100);
        world_free(&w);
    }
}

/* Random steps; after each, any offset that was not lost reads as what was written there. */
static void test_random(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        weir_rng r;
        weir_rng_seed(&r, seed);
        world w = world_new(true);
        create(&w, WEIR_SV("t"), 2, seed % 2 ? -1 : 500);
        commit(&w);
        int64_t committed[2] = {0, 0};
        int64_t now = 0;
        for (int step = 0; step < 300; step++) {
            weir_topic *t = weir_topics_find(w.topics, WEIR_SV("t"));
            int32_t p = (int32_t)weir_rng_below(&r, 2);
            int64_t end = weir_topic_end(t, p);
            switch (weir_rng_below(&r, 10)) {
            case 0:
                world_stop(&w);
                world_start(&w);
                t = weir_topics_find(w.topics, WEIR_SV("t"));
                assert_int_equal(weir_topic_end(t, 0), committed[0]);
                assert_int_equal(weir_topic_end(t, 1), committed[1]);
                break;
            case 1:
            case 2:
                commit(&w);
                committed[0] = weir_topic_end(t, 0);
                committed[1] = weir_topic_end(t, 1);
                break;
            case 3:
                consumed(&w, t, p, (int64_t)weir_rng_below(&r, (uint64_t)end + 1));
                break;
            default:
                now += (int64_t)weir_rng_below(&r, 50);
                append(t, p, 1 + (uint32_t)weir_rng_below(&r, step % 7 ? 20 : 6000), now);
                break;
            }
            int64_t begin = weir_topic_begin(t, p);
            end = weir_topic_end(t, p);
            for (int i = 0; i < 5 && begin < end; i++) {
                check_read(t, p, begin + (int64_t)weir_rng_below(&r, (uint64_t)(end - begin)));
            }
            if (step % 50 == 49) {
                for (int64_t at = begin; at < end;) {
                    at = check_read(t, p, at);
                }
            }
        }
        world_free(&w);
    }
}

typedef struct reader {
    weir_topic *topic;
    uint64_t seed;
    uint64_t wrong;
} reader;

static void *read_many(void *arg)
{
    reader *me = arg;
    weir_rng r;
    weir_rng_seed(&r, me->seed);
    for (int i = 0; i < 400; i++) {
        int32_t p = (int32_t)weir_rng_below(&r, 2);
        int64_t offset = (int64_t)weir_rng_below(&r, (uint64_t)weir_topic_end(me->topic, p));
        weir_status st = {0};
        weir_chunk *c;
        if (weir_topic_read(me->topic, p, offset, &c, &st) != WEIR_OK || !c) {
            me->wrong++;
            continue;
        }
        char value[40];
        snprintf(value, sizeof value, "%d/%lld", p, (long long)offset);
        me->wrong +=
            !weir_sv_eq(weir_rec_value(c, &c->recs[offset - c->base]), weir_sv_cstr(value));
        weir_chunk_unref(c);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    world w = world_new(true);
    weir_topic *t = create(&w, WEIR_SV("t"), 2, -1);
    for (int i = 0; i < 40; i++) {
        append(t, i % 2, 500, 0);
        commit(&w);
        consumed(&w, t, i % 2, 5000); /* half in the store, half in memory */
    }
    pthread_t threads[4];
    reader readers[4];
    for (uint64_t i = 0; i < 4; i++) {
        readers[i] = (reader){.topic = t, .seed = i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, &readers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readers[i].wrong, 0);
    }
    world_free(&w);
}

static void test_damaged(void **state)
{
    (void)state;
    const weir_sv keys[] = {
        WEIR_SV("Mtopic"),
        WEIR_SV("Mtopic\0\0\0\1"),
        WEIR_SV("Mpart\0\0\0\0\0\0\0\0"),
        WEIR_SV("Mpart\0\0\0\0\0\0\0\x09"),
        WEIR_SV("Mpart\0\0\0\x05\0\0\0\0"),
    };
    for (size_t i = 0; i < WEIR_COUNT(keys); i++) {
        world w = world_new(true);
        create(&w, WEIR_SV("t"), 1, -1);
        commit(&w);
        weir_topics_close(w.topics);
        weir_store_put(w.batch, keys[i], WEIR_SV("\x05\x01\0"));
        weir_status st = {0};
        assert_ok(weir_store_commit(w.store, w.batch, &st), &st);
        weir_rc rc = weir_topics_open(w.store, NULL, &w.topics, &st);
        bool fine = i == 1; /* a second topic with an empty name is a topic */
        assert_int_equal(rc, fine ? WEIR_OK : WEIR_ECORRUPT);
        world_free(&w);
    }

    /* A chunk that is not there. */
    world w = world_new(true);
    weir_topic *t = create(&w, WEIR_SV("t"), 1, -1);
    append(t, 0, 5, 0);
    commit(&w);
    weir_store_delete_range(w.batch, WEIR_SV("T"), WEIR_SV("U"));
    commit(&w);
    world_stop(&w);
    world_start(&w);
    weir_status st = {0};
    weir_chunk *c;
    t = weir_topics_find(w.topics, WEIR_SV("t"));
    assert_int_equal(weir_topic_read(t, 0, 2, &c, &st), WEIR_ECORRUPT);
    assert_null(c);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),    cmocka_unit_test(test_forget),
        cmocka_unit_test(test_durable), cmocka_unit_test(test_retention),
        cmocka_unit_test(test_random),  cmocka_unit_test(test_threads),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
