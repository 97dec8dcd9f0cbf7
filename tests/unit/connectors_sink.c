/* The frame of sinks, with a kind that does as a seed says: what is sent, in which order, and what the
 * position says after any sequence of outcomes, pauses and restarts. */
#include "connectors/conn_impl.h"
#include "connectors/formats.h"

#include "engine/base/rng.h"
#include "tests/support/dir.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

#define PARTITIONS 3
#define RECORDS 600
#define KEYS 25
#define PATIENCE 20000 /* turns of a millisecond */

/* What the kind does, and what it has seen. Its fields are the loop's while the connector runs. */
typedef struct script {
    weir_rng rng;
    unsigned retry, poison, skip, fatal; /* of 100 */
    int64_t poison_value;   /* the records of this value: poison; -1: none */
    int64_t unrendered_value; /* … cannot be rendered */
    bool dead;              /* never answers */
    bool later;             /* answers in a timer */
    unsigned sent, done, poisoned, skipped;
    int64_t open[PARTITIONS][RECORDS]; /* times each was sent */
    uint8_t over[PARTITIONS][RECORDS];
    unsigned doubles;       /* sent after it was over */
    unsigned unordered;     /* sent before an earlier one of its key was over */
    int32_t key_of[PARTITIONS][RECORDS];
    weir_lock *lock;        /* of what the test reads while it runs */
} script;

static script *play;

typedef struct pending {
    weir_sink_lane *lane;
    weir_sink_item *const *items;
    uint32_t n;
    weir_timer *timer;
} pending;

static pending waiting[WEIR_SINK_PARTS];

static weir_rc kind_open(weir_conn *c, void **self, weir_status *st)
{
    (void)c;
    (void)st;
    *self = NULL;
    return WEIR_OK;
}

static int64_t value_of(weir_sv text)
{
    return strtoll(text.p, NULL, 10);
}

static void kind_render(void *self, const weir_sink_rows *r, weir_sink_parcel *out)
{
    (void)self;
    WEIR_EACH_ROW(r->batch, i, row) {
        weir_sv value = weir_rec_value(r->chunk, weir_sink_rec(r, row));
        weir_sink_item *item = weir_sink_begin(out, r, row);
        weir_buf_sv(&out->bytes, value);
        weir_buf_byte(&out->bytes, 0);
        if (value_of(value) == play->unrendered_value) {
            weir_sink_poison(out, item, "cannot be rendered");
        } else {
            weir_sink_end(out, item);
        }
    }
}

/* An earlier record of this one's key that is not over. */
static bool overtakes(int32_t p, int64_t offset)
{
    for (int64_t i = 0; i < offset; i++) {
        if (play->key_of[p][i] == play->key_of[p][offset] && !play->over[p][i]) {
            return true;
        }
    }
    return false;
}

static weir_sink_outcome_kind draw(const weir_sink_item *item)
{
    unsigned x = (unsigned)weir_rng_below(&play->rng, 100);
    if (value_of(weir_sink_bytes(item)) == play->poison_value) {
        return WEIR_SINK_POISON;
    }
    if (x < play->retry) {
        return WEIR_SINK_RETRY;
    }
    if ((x -= play->retry) < play->poison) {
        return WEIR_SINK_POISON;
    }
    if ((x -= play->poison) < play->skip) {
        return WEIR_SINK_SKIPPED;
    }
    return (x -= play->skip) < play->fatal ? WEIR_SINK_FATAL : WEIR_SINK_DONE;
}

static void answer(void *ctx)
{
    pending *w = ctx;
    weir_sink_outcome *all = weir_zalloc(sizeof *all * w->n);
    uint32_t n = w->n;
    weir_lock_enter(play->lock);
    for (uint32_t i = 0; i < n; i++) {
        const weir_sink_item *item = w->items[i];
        int32_t p = item->parcel->partition;
        all[i].kind = draw(item);
        all[i].reason = all[i].kind == WEIR_SINK_DONE || (play->rng.s[0] & 1) ? (weir_sv){0}
                                                                              : WEIR_SV("by the seed");
        bool over = all[i].kind == WEIR_SINK_DONE || all[i].kind == WEIR_SINK_SKIPPED ||
                    all[i].kind == WEIR_SINK_POISON;
        play->over[p][weir_sink_item_offset(item)] = over;
        play->done += all[i].kind == WEIR_SINK_DONE;
        play->poisoned += all[i].kind == WEIR_SINK_POISON;
        play->skipped += all[i].kind == WEIR_SINK_SKIPPED;
    }
    weir_lock_leave(play->lock);
    weir_sink_finish(w->lane, all);
    weir_free(all);
}

static void kind_send(void *self, weir_sink_lane *lane, weir_sink_item *const *items, uint32_t n)
{
    pending *w = &waiting[lane->index];
    (void)self;
    weir_lock_enter(play->lock);
    for (uint32_t i = 0; i < n; i++) {
        int32_t p = items[i]->parcel->partition;
        int64_t offset = weir_sink_item_offset(items[i]);
        play->sent++;
        play->open[p][offset]++;
        play->doubles += play->over[p][offset];
    }
    for (uint32_t i = 0; i < n && n == 1; i++) { /* alone: nothing of its batch comes before */
        play->unordered += overtakes(items[i]->parcel->partition, weir_sink_item_offset(items[i]));
    }
    weir_lock_leave(play->lock);
    if (play->dead) {
        return;
    }
    w->lane = lane;
    w->items = items;
    w->n = n;
    if (!play->later) {
        answer(w);
    } else if (!w->timer) {
        w->timer = weir_timer_once(weir_conn_loop(lane->conn), 1, answer, w);
    } else {
        weir_timer_arm(w->timer, 1);
    }
}

static void kind_stop(void *self)
{
    (void)self;
    for (size_t i = 0; i < WEIR_COUNT(waiting); i++) {
        weir_timer_stop(waiting[i].timer);
        waiting[i] = (pending){0};
    }
}

static const weir_sink_calls calls = {
    .open = kind_open, .render = kind_render, .send = kind_send, .stop = kind_stop};
static const weir_conn_kind kind = {.name = "scripted", .sink = true, .line = "does as a seed says",
                                    .guarantee = "none", .as_sink = &calls};

/* ---- a host ---- */

typedef struct world {
    char *dir;
    weir_store *store;
    weir_topics *topics;
    weir_topic *topic, *dead;
    weir_catalog *catalog;
    weir_connect *connect;
    int64_t seq;
    script s;
} world;

static int64_t take_seq(void *ctx, int64_t n)
{
    world *w = ctx;
    w->seq += n;
    return w->seq - n;
}

static weir_rc make_topic(void *ctx, weir_sv name, weir_topic **out, weir_status *st)
{
    world *w = ctx;
    weir_topic_spec spec = {.name = name, .partitions = 1, .retention_ms = -1};
    *out = weir_topics_find(w->topics, name);
    return *out ? WEIR_OK : weir_topics_create(w->topics, &spec, out, st);
}

static void wake(void *ctx)
{
    (void)ctx;
}

static void open_world(world *w)
{
    weir_status st = {0};
    assert_ok(weir_store_open(w->dir, &w->store, &st), &st);
    assert_ok(weir_topics_open(w->store, NULL, &w->topics, &st), &st);
    w->topic = weir_topics_find(w->topics, WEIR_SV("T"));
    weir_connect_config config = {.topics = w->topics, .store = w->store, .catalog = w->catalog,
                                  .formats = weir_formats_builtin(), .take_seq = take_seq, .make_topic = make_topic,
                                  .wake = wake, .ctx = w};
    w->connect = weir_connect_new(&config);
}

static void commit(world *w)
{
    weir_status st = {0};
    weir_store_batch *batch = weir_store_batch_new();
    assert_ok(weir_connect_save(w->connect, batch, &st), &st);
    assert_ok(weir_topics_save(w->topics, batch, &st), &st);
    assert_ok(weir_store_commit(w->store, batch, &st), &st);
    weir_connect_committed(w->connect);
    weir_store_batch_free(batch);
}

static void add(world *w, int32_t partition, int32_t key, int64_t value)
{
    weir_chunk_builder b;
    char k[16];
    char v[16];
    int kn = snprintf(k, sizeof k, "k%d", key);
    int vn = snprintf(v, sizeof v, "%lld", (long long)value);
    weir_chunk_builder_init(&b);
    w->s.key_of[partition][weir_topic_end(w->topic, partition)] = key;
    weir_chunk_builder_add(&b, weir_sv_of(k, (size_t)kn), weir_sv_of(v, (size_t)vn), (weir_sv){0}, value,
                           take_seq(w, 1));
    weir_topic_append(w->topic, partition, weir_chunk_builder_take(&b));
    weir_chunk_builder_deinit(&b);
}

static world *world_new(uint64_t seed, uint32_t records)
{
    world *w = weir_zalloc(sizeof *w);
    weir_status st = {0};
    weir_topic_spec spec = {.name = WEIR_SV("T"), .partitions = PARTITIONS, .retention_ms = -1};
    weir_conn_kind_add(&kind);
    w->dir = test_dir_new();
    w->catalog = weir_catalog_new();
    w->s.lock = weir_lock_new();
    w->s.poison_value = w->s.unrendered_value = -1;
    weir_rng_seed(&w->s.rng, seed);
    play = &w->s;
    open_world(w);
    assert_ok(weir_topics_create(w->topics, &spec, &w->topic, &st), &st);
    for (uint32_t i = 0; i < records; i++) {
        int32_t key = (int32_t)weir_rng_below(&w->s.rng, KEYS);
        add(w, key % PARTITIONS, key, i);
    }
    commit(w);
    return w;
}

static void close_world(world *w)
{
    weir_connect_free(w->connect);
    weir_topics_close(w->topics);
    weir_store_close(w->store);
}

static void world_free(world *w)
{
    close_world(w);
    weir_catalog_free(w->catalog);
    weir_lock_free(w->s.lock);
    test_dir_remove(w->dir);
    weir_free(w);
}

static weir_rc try_create(world *w, const char *const *options, uint32_t n, weir_status *st)
{
    weir_conn_given_option given[16] = {
        {WEIR_SV("connector"), WEIR_SV("scripted"), {0}}, {WEIR_SV("topics"), WEIR_SV("T"), {0}},
        {WEIR_SV("retry.backoff.ms"), WEIR_SV("1"), {0}},
        {WEIR_SV("retry.backoff.max.ms"), WEIR_SV("2"), {0}},
        {WEIR_SV("linger.ms"), WEIR_SV("0"), {0}}};
    for (uint32_t i = 0; i < n; i++) {
        given[5 + i] = (weir_conn_given_option){weir_sv_cstr(options[2 * i]),
                                                weir_sv_cstr(options[2 * i + 1]), {0}};
    }
    weir_connect_spec spec = {.name = WEIR_SV("C"), .sink = true, .options = given, .n_options = 5 + n};
    return weir_connect_create(w->connect, &spec, st);
}

#define CREATE(w, ...)                                                                                   \
    do {                                                                                                 \
        const char *const options[] = {__VA_ARGS__};                                                     \
        weir_status created = {0};                                                                       \
        assert_ok(try_create((w), options, WEIR_COUNT(options) / 2, &created), &created);                 \
    } while (0)

static weir_connect_info info_of(world *w, weir_arena *a)
{
    weir_connect_info i = {0};
    assert_true(weir_connect_find(w->connect, WEIR_SV("C"), a, &i));
    return i;
}

static weir_connect_state state_of(world *w)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_connect_state s = info_of(w, &a).state;
    weir_arena_deinit(&a);
    return s;
}

static weir_connect_counts counts_of(world *w)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_connect_counts c = info_of(w, &a).counts;
    weir_arena_deinit(&a);
    return c;
}

static bool turn(world *w)
{
    bool moved = false;
    weir_status st = {0};
    assert_ok(weir_connect_pump(w->connect, &moved, &st), &st);
    commit(w);
    weir_sleep_ms(1);
    return weir_connect_idle(w->connect);
}

static void settle(world *w)
{
    int i = 0;
    while (!turn(w)) {
        assert_true(i++ < PATIENCE);
    }
    turn(w);
}

/* Nothing that is not over lies in front of a saved position. */
static void positions_are_safe(world *w)
{
    const weir_conn *c = w->connect->conns[0];
    weir_lock_enter(w->s.lock);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        for (int64_t i = 0; i < c->sink.topics[0].parts[p].saved; i++) {
            assert_true(w->s.over[p][i]);
        }
    }
    weir_lock_leave(w->s.lock);
}

static uint32_t over_of(const world *w)
{
    uint32_t n = 0;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        for (int i = 0; i < RECORDS; i++) {
            n += w->s.over[p][i];
        }
    }
    return n;
}

static int64_t length_of(world *w, const char *name)
{
    weir_topic *t = weir_topics_find(w->topics, weir_sv_cstr(name));
    return t ? weir_topic_end(t, 0) : 0;
}

static void await_state(world *w, weir_connect_state s)
{
    int i = 0;
    while (state_of(w) != s) {
        assert_true(i++ < PATIENCE);
        turn(w);
    }
}

/* ---- tests ---- */

static void whatever_the_outcomes_are(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        world *w = world_new(seed, RECORDS);
        w->s.retry = 30;
        w->s.poison = 5;
        w->s.skip = 5;
        w->s.later = seed % 2;
        CREATE(w, "batch.size", seed % 3 ? "7" : "1", "max.in.flight.requests", seed % 4 ? "5" : "64",
               "errors.deadletterqueue.topic.name", "D");
        for (int i = 0; i < PATIENCE && !turn(w); i++) {
            positions_are_safe(w);
        }
        settle(w);
        assert_int_equal(over_of(w), RECORDS);
        assert_int_equal(w->s.doubles, 0);
        assert_int_equal(w->s.unordered, 0);
        weir_connect_counts c = counts_of(w);
        assert_int_equal(c.records, w->s.done);
        assert_int_equal(c.dead, w->s.poisoned);
        assert_int_equal(c.skipped, w->s.skipped);
        assert_int_equal(c.lag, 0);
        assert_int_equal(c.waiting, 0);
        assert_int_equal(length_of(w, "D"), w->s.poisoned);
        world_free(w);
    }
}

static void a_pause_takes_nothing_away(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        world *w = world_new(seed, RECORDS);
        weir_status st = {0};
        w->s.retry = 20;
        w->s.later = true;
        CREATE(w, "batch.size", "3", "max.buffered.records", "64");
        for (int i = 0; i < 20; i++) {
            turn(w);
            positions_are_safe(w);
            assert_ok(weir_connect_pause(w->connect, WEIR_SV("C"), i % 2 == 0, &st), &st);
            assert_int_equal(state_of(w), i % 2 == 0 ? WEIR_CONNECT_PAUSED : WEIR_CONNECT_RUNNING);
        }
        settle(w);
        positions_are_safe(w);
        assert_int_equal(over_of(w), RECORDS);
        world_free(w);
    }
}

static void a_restart_goes_on_where_it_was(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        world *w = world_new(seed, RECORDS);
        w->s.later = true;
        w->s.retry = 10;
        CREATE(w, "batch.size", "3", "max.buffered.records", "64");
        for (uint64_t i = 0; i < 3 + seed; i++) {
            turn(w);
        }
        close_world(w); /* what was under way is not saved: as after a crash */
        memset(waiting, 0, sizeof waiting);
        open_world(w);
        CREATE(w, "batch.size", "3");
        settle(w);
        assert_int_equal(over_of(w), RECORDS);
        unsigned doubles = w->s.doubles;
        assert_true(doubles <= 64 + PARTITIONS);
        close_world(w);
        open_world(w);
        CREATE(w, "batch.size", "3");
        settle(w);
        assert_int_equal(w->s.doubles, doubles); /* all was saved: nothing again */
        world_free(w);
    }
}

static void what_is_fatal_stops_until_resumed(void **state)
{
    (void)state;
    world *w = world_new(3, RECORDS);
    weir_status st = {0};
    w->s.fatal = 3;
    w->s.later = true;
    CREATE(w, "batch.size", "5");
    await_state(w, WEIR_CONNECT_FAILED);
    turn(w);
    positions_are_safe(w);
    assert_true(weir_connect_idle(w->connect)); /* a failed one is not waited for */
    unsigned sent = w->s.sent;
    turn(w);
    assert_int_equal(w->s.sent, sent);
    w->s.fatal = 0;
    assert_ok(weir_connect_pause(w->connect, WEIR_SV("C"), false, &st), &st);
    settle(w);
    assert_int_equal(over_of(w), RECORDS);
    world_free(w);
}

/* Without a place for it a record that cannot be delivered ends the connector in front of it. */
static void poison_without_dead_letters(bool renders)
{
    world *w = world_new(4, RECORDS);
    weir_status st = {0};
    if (renders) {
        w->s.unrendered_value = 300;
    } else {
        w->s.poison_value = 300;
    }
    CREATE(w, "batch.size", "5");
    await_state(w, WEIR_CONNECT_FAILED);
    turn(w);
    const weir_conn *c = w->connect->conns[0];
    int64_t before = 0;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        before += c->sink.topics[0].parts[p].saved;
    }
    assert_true(before < RECORDS);
    w->s.unrendered_value = w->s.poison_value = -1;
    memset(w->s.over, 0, sizeof w->s.over);
    assert_ok(weir_connect_pause(w->connect, WEIR_SV("C"), false, &st), &st);
    settle(w);
    assert_true(over_of(w) >= RECORDS - before);
    bool found = false; /* the record itself was delivered now */
    for (int32_t p = 0; p < PARTITIONS; p++) {
        for (int64_t i = 0; i < weir_topic_end(w->topic, p); i++) {
            weir_chunk *chunk = NULL;
            assert_ok(weir_topic_read(w->topic, p, i, &chunk, &st), &st);
            uint32_t at = weir_chunk_seek(chunk, i);
            if (value_of(weir_rec_value(chunk, &chunk->recs[at])) == 300) {
                found = w->s.over[p][i];
            }
            weir_chunk_unref(chunk);
        }
    }
    assert_true(found);
    world_free(w);
}

static void poison_is_not_passed(void **state)
{
    (void)state;
    poison_without_dead_letters(false);
    poison_without_dead_letters(true);
}

static void tolerance_skips(void **state)
{
    (void)state;
    world *w = world_new(5, RECORDS);
    w->s.poison_value = 100;
    w->s.unrendered_value = 200;
    CREATE(w, "errors.tolerance", "all");
    settle(w);
    assert_int_equal(counts_of(w).skipped, 2);
    assert_int_equal(counts_of(w).records, RECORDS - 2);
    assert_int_equal(state_of(w), WEIR_CONNECT_RUNNING);
    world_free(w);
}

static void retries_are_counted_for_each_record(void **state)
{
    (void)state;
    world *w = world_new(6, 60);
    w->s.retry = 100;
    CREATE(w, "max.retries", "2", "errors.deadletterqueue.topic.name", "D", "batch.size", "4");
    settle(w);
    assert_int_equal(counts_of(w).dead, 60);
    assert_int_equal(length_of(w, "D"), 60);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        for (int64_t i = 0; i < weir_topic_end(w->topic, p); i++) {
            assert_int_equal(w->s.open[p][i], 3);
        }
    }
    world_free(w);
}

static void a_deadline_ends_the_retries(void **state)
{
    (void)state;
    world *w = world_new(7, 30);
    w->s.retry = 100;
    CREATE(w, "retries.max.timeout.ms", "30", "errors.deadletterqueue.topic.name", "D");
    settle(w);
    assert_int_equal(length_of(w, "D"), 30);
    world_free(w);
}

static void a_dead_sink_holds_no_more_than_its_buffer(void **state)
{
    (void)state;
    world *w = world_new(8, RECORDS);
    w->s.dead = true;
    CREATE(w, "max.buffered.records", "50");
    for (int i = 0; i < 50; i++) {
        turn(w);
        assert_true(counts_of(w).waiting < 50 + PARTITIONS);
    }
    assert_false(weir_connect_idle(w->connect));
    assert_int_equal(counts_of(w).lag, RECORDS);
    world_free(w);
}

static void limits_only_delay(void **state)
{
    (void)state;
    world *w = world_new(9, 200);
    w->s.retry = 20;
    w->s.later = true;
    CREATE(w, "rate.limit", "2000", "breaker.failures", "2", "breaker.pause.ms", "1",
           "breaker.pause.max.ms", "3", "batch.size", "5");
    settle(w);
    assert_int_equal(counts_of(w).records, 200);
    world_free(w);
}

static void drop_forgets(void **state)
{
    (void)state;
    world *w = world_new(10, 100);
    weir_status st = {0};
    CREATE(w, "batch.size", "5");
    settle(w);
    assert_ok(weir_connect_drop(w->connect, WEIR_SV("C"), &st), &st);
    assert_int_equal(weir_connect_drop(w->connect, WEIR_SV("C"), &st), WEIR_ENOTFOUND);
    CREATE(w, "batch.size", "5"); /* before the commit that forgets */
    settle(w);
    assert_int_equal(w->s.doubles, 100);
    close_world(w);
    open_world(w);
    CREATE(w, "batch.size", "5"); /* and its own position is kept */
    settle(w);
    assert_int_equal(w->s.doubles, 100);
    world_free(w);
}

static void a_name_is_taken_once(void **state)
{
    (void)state;
    world *w = world_new(11, 1);
    weir_status st = {0};
    CREATE(w, "start", "latest");
    assert_int_equal(try_create(w, NULL, 0, &st), WEIR_EEXISTS);
    settle(w);
    assert_int_equal(w->s.sent, 0); /* latest */
    world_free(w);
}

static void what_is_under_way_may_end(void **state)
{
    (void)state;
    world *w = world_new(12, 40);
    bool moved = false;
    weir_status st = {0};
    w->s.later = true;
    CREATE(w, "batch.size", "5");
    turn(w);
    assert_ok(weir_connect_pump(w->connect, &moved, &st), &st);
    weir_connect_stop(w->connect, 10000);
    commit(w);
    assert_int_equal(over_of(w), 40);
    positions_are_safe(w);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        assert_int_equal(w->connect->conns[0]->sink.topics[0].parts[p].saved, weir_topic_end(w->topic, p));
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_the_outcomes_are),
        cmocka_unit_test(a_pause_takes_nothing_away),
        cmocka_unit_test(a_restart_goes_on_where_it_was),
        cmocka_unit_test(what_is_fatal_stops_until_resumed),
        cmocka_unit_test(poison_is_not_passed),
        cmocka_unit_test(tolerance_skips),
        cmocka_unit_test(retries_are_counted_for_each_record),
        cmocka_unit_test(a_deadline_ends_the_retries),
        cmocka_unit_test(a_dead_sink_holds_no_more_than_its_buffer),
        cmocka_unit_test(limits_only_delay),
        cmocka_unit_test(drop_forgets),
        cmocka_unit_test(a_name_is_taken_once),
        cmocka_unit_test(what_is_under_way_may_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
