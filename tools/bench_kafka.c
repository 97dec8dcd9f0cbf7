/* What tools/bench needs around the engine: it fills topics of a Kafka cluster fast, and measures how
 * long records are on their way. For that script, so `weir bench --help` leaves it out:
 *
 *   weir bench kafka load SERVERS TOPIC EVENTS STEP_US SEED USERS    click events, key = user, lz4
 *   weir bench kafka table SERVERS TOPIC ROWS                  a row for each user
 *   weir bench kafka pace SERVERS IN OUT PER_SECOND SECONDS    writes to IN, waits for results in OUT
 *
 * Each prints one JSON object. Topics are made when they are missing. */
#include "tools/bench.h"
#include "tools/cmd.h"

#include "connectors/kafka.h"
#include "engine/io/loop.h"

#include <stdio.h>
#include <stdlib.h>

#define PARTITIONS 4
#define USERS 100000
#define PRODUCTS 50000
#define START_MS 1700000000000LL
#define PORTION 131072 /* events made at a time */
#define POLL_BYTES ((uint64_t)1 << 24)
#define WARM_UP_MS 3000 /* latencies before do not count */
#define SETTLE_MS 2000  /* for the last records to come back */
#define KEY_AT 11       /* {"userId":"user_00042" */
#define KEY_BYTES 10

typedef struct pacer {
    weir_cluster *cluster;
    weir_cluster_topic *in, *out;
    weir_loop *loop;
    weir_chunk **events;
    uint32_t n_events;
    uint64_t per_second, sent, arrived;
    int64_t began_ms, until_ms;
    uint32_t *counts; /* [n_counts] by latency in ms; the last one has all that are later */
    uint32_t n_counts;
    weir_rc rc;
    weir_status *st;
} pacer;

static weir_rc connect(const char *servers, void (*wake)(void *), void *ctx, weir_cluster **out,
                       weir_status *st)
{
    const weir_kafka_property properties[] = {
        {WEIR_SV("bootstrap.servers"), weir_sv_cstr(servers)},
        {WEIR_SV("compression.type"), WEIR_SV("lz4")},
        {WEIR_SV("linger.ms"), WEIR_SV("5")},
    };
    weir_kafka_config config = {.properties = properties,
                                .n = WEIR_COUNT(properties),
                                .application = WEIR_SV("weir-bench"),
                                .wake = wake,
                                .wake_ctx = ctx};
    return weir_kafka_open(&config, out, st);
}

static weir_rc make_topic(weir_cluster *c, const char *name, weir_cluster_topic **out, weir_status *st)
{
    weir_topic_spec spec = {.name = weir_sv_cstr(name), .partitions = PARTITIONS, .retention_ms = -1};
    weir_rc rc = c->calls->create(c, &spec, st);
    if (rc == WEIR_EEXISTS) {
        weir_status_reset(st);
        rc = WEIR_OK;
    }
    *out = rc ? NULL : c->calls->open(c, spec.name, NULL);
    return rc;
}

/* Waits while the producer is full. */
static weir_rc append(weir_cluster *c, weir_cluster_topic *t, weir_chunk *chunk, weir_status *st)
{
    c->calls->append(c, t, -1, chunk);
    do {
        WEIR_TRY(c->calls->poll(c, 0, st));
    } while (c->calls->full(c));
    return WEIR_OK;
}

/* The key is the user, and lies in the value. */
static void set_keys(weir_chunk *c)
{
    for (uint32_t i = 0; i < c->n; i++) {
        weir_rec *r = &c->recs[i];
        r->key_at = r->value_at + KEY_AT;
        const char *key = c->bytes + r->key_at;
        r->key_n = (uint32_t)((const char *)memchr(key, '"', r->value_n - KEY_AT) - key);
    }
}

static weir_rc load(weir_cluster *c, int argc, char **argv, weir_status *st)
{
    weir_cluster_topic *t = NULL;
    uint64_t n = strtoull(argv[1], NULL, 10);
    int64_t step_us = strtoll(argv[2], NULL, 10);
    uint64_t seed = strtoull(argv[3], NULL, 10);
    uint32_t users = (uint32_t)strtoul(argv[4], NULL, 10);
    (void)argc;
    WEIR_TRY(make_topic(c, argv[0], &t, st));
    int64_t began = weir_mono_ns();
    for (uint64_t done = 0; done < n;) {
        weir_events e = {.n = n - done < PORTION ? n - done : PORTION,
                         .users = users,
                         .products = PRODUCTS,
                         .start_ms = START_MS + (int64_t)done * step_us / 1000,
                         .step_us = step_us,
                         .seed = seed + done};
        uint32_t n_chunks = 0;
        weir_chunk **chunks = weir_events_make(&e, &n_chunks);
        weir_rc rc = WEIR_OK;
        for (uint32_t i = 0; i < n_chunks && rc == WEIR_OK; i++) {
            set_keys(chunks[i]);
            weir_chunk_ref(chunks[i]);
            rc = append(c, t, chunks[i], st);
        }
        weir_events_free(chunks, n_chunks);
        WEIR_TRY(rc);
        done += e.n;
    }
    WEIR_TRY(c->calls->flush(c, st));
    printf("{\"records\":%llu,\"seconds\":%.3f}\n", (unsigned long long)n,
           (double)(weir_mono_ns() - began) / 1e9);
    return WEIR_OK;
}

static weir_rc table(weir_cluster *c, int argc, char **argv, weir_status *st)
{
    weir_cluster_topic *t = NULL;
    uint64_t n = strtoull(argv[1], NULL, 10);
    (void)argc;
    WEIR_TRY(make_topic(c, argv[0], &t, st));
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    weir_rc rc = WEIR_OK;
    for (uint64_t i = 0; i < n && rc == WEIR_OK; i++) {
        char key[32];
        char value[96];
        int k = snprintf(key, sizeof key, "user_%05u", (unsigned)i);
        int v = snprintf(value, sizeof value, "{\"NAME\":\"User %u\",\"RATE\":%u.5}", (unsigned)i,
                         (unsigned)(i % 90));
        weir_chunk_builder_add(&b, weir_sv_of(key, (size_t)k), weir_sv_of(value, (size_t)v),
                               (weir_sv){0}, START_MS - 1, 0);
        if (b.n == WEIR_BATCH_ROWS || i + 1 == n) {
            rc = append(c, t, weir_chunk_builder_take(&b), st);
        }
    }
    weir_chunk_builder_deinit(&b);
    rc = rc ? rc : c->calls->flush(c, st);
    printf("{\"records\":%llu}\n", (unsigned long long)n);
    return rc;
}

/* ---- latency ---- */

static void arrived(void *owner, int32_t partition, weir_fetch fetch, weir_chunk *chunk)
{
    pacer *p = owner;
    int64_t now = weir_wall_ms();
    (void)partition;
    (void)fetch;
    for (uint32_t i = 0; i < chunk->n; i++) {
        int64_t sent = chunk->recs[i].timestamp;
        if (sent - p->began_ms >= WARM_UP_MS) {
            int64_t ms = weir_max64(now - sent, 0);
            p->counts[ms < p->n_counts ? ms : p->n_counts - 1]++;
            p->arrived++;
        }
    }
    weir_chunk_unref(chunk);
}

static void reached_end(void *owner, int32_t partition, weir_fetch fetch, int64_t offset)
{
    (void)owner;
    (void)partition;
    (void)fetch;
    (void)offset;
}

static void failed(void *owner, int32_t partition, const char *reason)
{
    pacer *p = owner;
    (void)partition;
    p->rc = weir_fail(p->st, WEIR_EIO, "%s", reason);
    weir_loop_stop(p->loop);
}

static const weir_cluster_sink sink = {
    .arrived = arrived, .reached_end = reached_end, .overtaken = reached_end, .failed = failed};

static void take_in(void *ctx)
{
    pacer *p = ctx;
    if (p->rc == WEIR_OK) {
        p->rc = p->cluster->calls->poll(p->cluster, POLL_BYTES, p->st);
    }
    if (p->rc != WEIR_OK) {
        weir_loop_stop(p->loop);
    }
}

static void wake(void *ctx)
{
    pacer *p = ctx;
    weir_loop_post(p->loop, take_in, p);
}

/* Each millisecond: what is due by now. */
static void tick(void *ctx)
{
    pacer *p = ctx;
    int64_t now = weir_wall_ms();
    if (now >= p->until_ms + SETTLE_MS) {
        weir_loop_stop(p->loop);
        return;
    }
    uint64_t ms = (uint64_t)(weir_min64(now, p->until_ms) - p->began_ms);
    uint64_t due = ms * p->per_second / 1000;
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    for (; p->sent < due; p->sent++) {
        uint64_t at = p->sent % ((uint64_t)p->n_events * WEIR_BATCH_ROWS);
        const weir_chunk *c = p->events[at / WEIR_BATCH_ROWS];
        weir_sv value = weir_rec_value(c, &c->recs[at % WEIR_BATCH_ROWS]);
        weir_chunk_builder_add(&b, weir_sv_of(value.p + KEY_AT, KEY_BYTES), value, (weir_sv){0}, now,
                               0);
    }
    if (b.n > 0) {
        p->cluster->calls->append(p->cluster, p->in, -1, weir_chunk_builder_take(&b));
    }
    weir_chunk_builder_deinit(&b);
    take_in(p);
}

static weir_rc open_out(pacer *p, const char *name, weir_status *st)
{
    p->out = p->cluster->calls->open(p->cluster, weir_sv_cstr(name), p);
    for (int32_t i = 0; i < PARTITIONS; i++) {
        int64_t begin = 0;
        int64_t end = 0;
        WEIR_TRY(p->cluster->calls->bounds(p->cluster, p->out, i, &begin, &end, st));
        p->cluster->calls->fetch(p->cluster, p->out, i, WEIR_FETCH_MAIN, end);
    }
    return WEIR_OK;
}

/* The least latency that a part of the records does not exceed. */
static uint32_t quantile(const pacer *p, double part)
{
    uint64_t seen = 0;
    uint32_t ms = 0;
    while (ms < p->n_counts && (double)seen < part * (double)p->arrived) {
        seen += p->counts[ms++];
    }
    return ms > 0 ? ms - 1 : 0;
}

static weir_rc pace(weir_cluster *c, int argc, char **argv, pacer *p)
{
    (void)argc;
    p->cluster = c;
    c->sink = &sink;
    p->per_second = strtoull(argv[2], NULL, 10);
    WEIR_TRY(make_topic(c, argv[0], &p->in, p->st));
    WEIR_TRY(open_out(p, argv[1], p->st));
    weir_events e = {.n = 128 * WEIR_BATCH_ROWS,
                     .users = USERS,
                     .products = PRODUCTS,
                     .start_ms = START_MS,
                     .step_us = 50,
                     .seed = 7};
    p->events = weir_events_make(&e, &p->n_events);
    p->n_counts = 10000;
    p->counts = weir_zalloc(sizeof *p->counts * p->n_counts);
    p->began_ms = weir_wall_ms();
    p->until_ms = p->began_ms + strtoll(argv[3], NULL, 10) * 1000;
    weir_timer *timer = weir_timer_start(p->loop, 1, tick, p);
    int64_t cpu = weir_cpu_ns();
    weir_loop_run(p->loop);
    cpu = weir_cpu_ns() - cpu;
    weir_timer_stop(timer);
    weir_events_free(p->events, p->n_events);
    if (p->rc == WEIR_OK) {
        printf("{\"sent\":%llu,\"measured\":%llu,\"p50_ms\":%u,\"p90_ms\":%u,\"p99_ms\":%u,"
               "\"p999_ms\":%u,\"own_cpu\":%.3f}\n",
               (unsigned long long)p->sent, (unsigned long long)p->arrived, quantile(p, 0.5),
               quantile(p, 0.9), quantile(p, 0.99), quantile(p, 0.999),
               (double)cpu / 1e6 / (double)(p->until_ms - p->began_ms));
    }
    weir_free(p->counts);
    return p->rc;
}

int weir_bench_kafka(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[0] : "";
    bool paces = strcmp(what, "pace") == 0 && argc == 6;
    bool loads = strcmp(what, "load") == 0 && argc == 7;
    if (!paces && !loads && !(strcmp(what, "table") == 0 && argc == 4)) {
        fprintf(stderr, "weir bench kafka: load, table or pace; see tools/bench_kafka.c\n");
        return WEIR_EXIT_USAGE;
    }
    weir_status st;
    weir_status_reset(&st);
    pacer p = {.st = &st, .loop = paces ? weir_loop_new() : NULL};
    weir_cluster *c = NULL;
    weir_rc rc = connect(argv[1], paces ? wake : NULL, &p, &c, &st);
    argc -= 2;
    argv += 2;
    rc = rc      ? rc
         : paces ? pace(c, argc, argv, &p)
         : loads ? load(c, argc, argv, &st)
                 : table(c, argc, argv, &st);
    if (c) {
        c->calls->close(c);
    }
    if (p.loop) {
        weir_loop_free(p.loop);
    }
    if (rc != WEIR_OK) {
        fprintf(stderr, "weir bench kafka: %s\n", st.msg);
        return WEIR_EXIT_FAILED;
    }
    return WEIR_EXIT_OK;
}
