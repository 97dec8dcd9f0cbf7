/* The windows of a partition of a cluster: a reader that stands still does not stop the others. */
#include "engine/run/remote.h"
#include "tests/support/test.h"

#define RECORDS 10 /* of a chunk */
#define CHUNK_BYTES 1000
#define LIMIT (4 * CHUNK_BYTES)

/* A broker that has any number of records. */
typedef struct broker {
    weir_cluster cluster; /* first */
    int64_t next[WEIR_FETCHES];
    bool fetching[WEIR_FETCHES];
} broker;

static void fetch(weir_cluster *c, weir_cluster_topic *t, int32_t partition, weir_fetch which, int64_t from)
{
    broker *b = (broker *)(void *)c;
    (void)t;
    (void)partition;
    b->next[which] = from;
    b->fetching[which] = true;
}

static void fetch_stop(weir_cluster *c, weir_cluster_topic *t, int32_t partition, weir_fetch which)
{
    broker *b = (broker *)(void *)c;
    (void)t;
    (void)partition;
    b->fetching[which] = false;
}

static void deliver(broker *b, weir__remote *r)
{
    for (int i = 0; i < WEIR_FETCHES; i++) {
        if (b->fetching[i]) {
            weir_chunk *chunk = weir_chunk_new(RECORDS, CHUNK_BYTES, false);
            memset(chunk->recs, 0, sizeof *chunk->recs * RECORDS);
            chunk->base = b->next[i];
            b->next[i] += RECORDS;
            weir__remote_sink.arrived(&r, 0, (weir_fetch)i, chunk);
        }
    }
}

static void test_standing(void **state)
{
    (void)state;
    static const weir_cluster_calls calls = {.fetch = fetch, .fetch_stop = fetch_stop};
    broker b = {.cluster = {.calls = &calls}};
    weir__remote r;
    uint64_t held = 0;
    int64_t moving = 0;
    int64_t standing = 20;
    weir__remote_init(&r, &b.cluster, NULL, 0, &held);
    for (int turn = 0; turn < 200; turn++) {
        weir__remote_reader(&r, moving, false);
        weir__remote_reader(&r, standing, turn < 100);
        weir__remote_place(&r, LIMIT);
        deliver(&b, &r);
        assert_true(held <= 2 * (LIMIT + CHUNK_BYTES));
        moving = weir__remote_readable(&r, moving);
        if (turn == 99) {
            assert_true(moving > 500); /* far beyond what one window holds */
            assert_int_equal(standing, 20);
        }
        if (turn >= 100) { /* it goes on where it was, and misses nothing */
            weir_chunk *c = NULL;
            weir_status st = {0};
            int64_t to = weir__remote_readable(&r, standing);
            assert_ok(weir__remote_read(&r, standing, &c, &st), &st);
            assert_true(!c || (c->base <= standing && standing < weir_chunk_end(c)));
            assert_true(c || to <= standing);
            standing = c ? weir_chunk_end(c) : standing;
            weir_chunk_unref(c);
        }
    }
    assert_true(standing > 500);
    weir__remote_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_standing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
