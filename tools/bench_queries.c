/* Workloads of `weir bench` that are queries: SQL over memory topics (one also on disk). Events are
 * generated before the clock runs; what is measured is CPU time of the whole process. The first
 * quarter of the events warms up (tables grow, memory is touched for the first time); the clock
 * runs from there to the last result. */
#include "tools/bench.h"

#include "engine/io/file.h"
#include "engine/io/loop.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#define CLICKS                                                                                     \
    " (userId STRING, sessionId STRING, eventType STRING, productId STRING, productName STRING,"   \
    " category STRING, price DOUBLE, quantity INT, timestamp STRING)"                              \
    " WITH (KAFKA_TOPIC='%s', VALUE_FORMAT='JSON', PARTITIONS=%d);"
#define STEP_CHUNKS 64    /* chunks appended before the queries run */
#define FLUSH_CHUNKS 1024 /* coalesced results leave once in a million events */
#define COMMIT_NS 1000000000LL
#define START_MS 1700000000000LL

typedef struct workload {
    const char *sql; /* the query, after the streams are declared */
    bool coalesce, second_stream, table, disk;
    uint64_t events, users, products;
    int64_t step_us;
} workload;

typedef struct bench_run {
    const workload *w;
    const weir_bench_options *o;
    weir_session *s;
    int32_t partitions;
    weir_chunk **clicks, **buys;
    uint32_t n_clicks, n_buys;
    uint32_t warm_chunks;    /* chunks of each stream before the clock runs */
    int64_t cpu_ns, mono_ns; /* when it started */
    char dir[64];
} bench_run;

int64_t weir_bench_clock(void *clock)
{
    (void)clock;
    return 0;
}

weir_rc weir_bench_sql(weir_session *s, const char *text, weir_status *st)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_diags diags;
    weir_diags_init(&diags, &a);
    weir_script_outcome done;
    weir_rc rc = weir_session_execute(s, weir_sv_cstr(text), &done, &diags, st);
    weir_arena_deinit(&a);
    return rc;
}

static weir_rc declare(bench_run *b, weir_status *st)
{
    char text[1024];
    snprintf(text, sizeof text, "CREATE STREAM clicks" CLICKS, "clicks", b->partitions);
    WEIR_TRY(weir_bench_sql(b->s, text, st));
    if (b->w->second_stream) {
        snprintf(text, sizeof text, "CREATE STREAM buys" CLICKS, "buys", b->partitions);
        WEIR_TRY(weir_bench_sql(b->s, text, st));
    }
    if (b->w->table) {
        snprintf(text, sizeof text,
                 "CREATE TABLE products (id STRING PRIMARY KEY, name STRING, margin DOUBLE) "
                 "WITH (KAFKA_TOPIC='products', VALUE_FORMAT='JSON', PARTITIONS=%d);",
                 b->partitions);
        WEIR_TRY(weir_bench_sql(b->s, text, st));
    }
    return weir_bench_sql(b->s, b->w->sql, st);
}

static weir_rc fill_table(bench_run *b, uint64_t rows, weir_status *st)
{
    weir_topic *t = weir_topics_find(weir_session_topics(b->s), WEIR_SV("products"));
    weir_chunk_builder cb;
    weir_chunk_builder_init(&cb);
    for (uint64_t i = 0; i < rows; i++) {
        char key[32];
        char value[96];
        int k = snprintf(key, sizeof key, "prod_%05u", (unsigned)i);
        int v = snprintf(value, sizeof value, "{\"NAME\":\"Product %u\",\"MARGIN\":%u.5}",
                         (unsigned)i, (unsigned)(i % 90));
        weir_chunk_builder_add(&cb, weir_sv_of(key, (size_t)k), weir_sv_of(value, (size_t)v),
                               (weir_sv){0}, START_MS - 1, 0);
        if (cb.n == WEIR_BATCH_ROWS || i + 1 == rows) {
            weir_topic_append(t, 0, weir_chunk_builder_take(&cb));
        }
    }
    weir_chunk_builder_deinit(&cb);
    return weir_engine_drain(weir_session_engine(b->s), st);
}

static void append(weir_session *s, const char *topic, int32_t partition, weir_chunk *c)
{
    weir_chunk_ref(c);
    weir_topic_append(weir_topics_find(weir_session_topics(s), weir_sv_cstr(topic)), partition, c);
}

/* Everything through the query, in steps; commits once a second on disk. */
static weir_rc drive(bench_run *b, weir_status *st)
{
    weir_engine *e = weir_session_engine(b->s);
    int64_t committed = weir_mono_ns();
    uint32_t i = 0;
    while (i < b->n_clicks) {
        if (b->cpu_ns == 0 && i >= b->warm_chunks) {
            b->cpu_ns = weir_cpu_ns();
            b->mono_ns = weir_mono_ns();
            b->warm_chunks = i;
        }
        for (uint32_t k = 0; k < STEP_CHUNKS && i < b->n_clicks; k++, i++) {
            int32_t p = (int32_t)(i % (uint32_t)b->partitions);
            append(b->s, "clicks", p, b->clicks[i]);
            if (b->w->second_stream && i < b->n_buys) {
                append(b->s, "buys", p, b->buys[i]);
            }
        }
        bool progress = false;
        WEIR_TRY(weir_engine_round(e, UINT32_MAX, &progress, st));
        if (i % FLUSH_CHUNKS == 0) {
            WEIR_TRY(weir_engine_drain(e, st));
        }
        if (b->w->disk && weir_mono_ns() - committed > COMMIT_NS) {
            WEIR_TRY(weir_engine_commit(e, NULL, st));
            committed = weir_mono_ns();
        }
    }
    return weir_engine_commit(e, NULL, st);
}

static double yardstick_ns(weir_chunk **chunks, uint32_t n)
{
    uint32_t at[WEIR_BATCH_ROWS];
    uint32_t len[WEIR_BATCH_ROWS];
    uint64_t events = 0;
    double sum = 0;
    int64_t before = weir_cpu_ns();
    for (uint32_t i = 0; i < n; i++) {
        const weir_chunk *c = chunks[i];
        for (uint32_t k = 0; k < c->n; k++) {
            at[k] = c->recs[k].value_at;
            len[k] = c->recs[k].value_n;
        }
        sum += weir_yardstick(c->bytes, at, len, c->n, c->n_bytes + WEIR_CHUNK_PADDING);
        events += c->n;
    }
    int64_t ns = weir_cpu_ns() - before;
    WEIR_ASSERT(sum > 0);
    return (double)ns / (double)events;
}

static weir_rc open_run(bench_run *b, weir_status *st)
{
    const workload *w = b->w;
    weir_events e = {
        .n = b->o->events ? b->o->events : w->events,
        .users = (uint32_t)(b->o->keys ? b->o->keys : w->users),
        .products = (uint32_t)w->products,
        .start_ms = START_MS,
        .step_us = w->step_us,
        .seed = 42,
    };
    b->clicks = weir_events_make(&e, &b->n_clicks);
    b->warm_chunks = b->n_clicks / 4;
    e.seed = 43;
    if (w->second_stream) {
        b->buys = weir_events_make(&e, &b->n_buys);
    }
    weir_session_config config = {
        .workers = b->o->workers,
        .order = WEIR_ORDER_TIME,
        .coalesce = w->coalesce,
        .default_partitions = b->partitions,
        .forget_consumed = true,
        .now_ms = weir_bench_clock,
    };
    if (w->disk) {
        WEIR_TRY(weir_temp_dir(b->dir, sizeof b->dir, st));
        config.data_dir = b->dir;
    }
    WEIR_TRY(weir_session_open(&config, &b->s, st));
    WEIR_TRY(declare(b, st));
    return w->table ? fill_table(b, w->products, st) : WEIR_OK;
}

static void close_run(bench_run *b)
{
    weir_session_close(b->s);
    weir_events_free(b->clicks, b->n_clicks);
    weir_events_free(b->buys, b->n_buys);
    if (b->dir[0]) {
        weir_remove_tree(b->dir);
    }
}

static weir_rc measure(const workload *w, const weir_bench_options *o, weir_bench_result *out,
                       weir_status *st)
{
    bench_run b = {.w = w, .o = o, .partitions = o->workers > 1 ? (int32_t)o->workers : 1};
    weir_rc rc = open_run(&b, st);
    if (rc == WEIR_OK) {
        out->yardstick_ns = yardstick_ns(b.clicks, b.n_clicks);
        rc = drive(&b, st);
        out->cpu_ns = weir_cpu_ns() - b.cpu_ns;
        out->peak_rss_bytes = weir_rss_peak_bytes();
        for (uint32_t i = b.warm_chunks; i < b.n_clicks; i++) {
            out->events += b.clicks[i]->n;
        }
        for (uint32_t i = b.warm_chunks; i < b.n_buys; i++) {
            out->events += b.buys[i]->n;
        }
    }
    close_run(&b);
    return rc;
}

/* A million events a minute (step 60 µs). */
static const char filter_sql[] = "CREATE STREAM out AS SELECT userId, productId, price, timestamp "
                                 "FROM clicks WHERE price > 500;";
static const char tumbling_sql[] =
    "CREATE TABLE out AS SELECT userId, COUNT(*) AS n, SUM(price) AS total FROM clicks "
    "WINDOW TUMBLING (SIZE 1 MINUTE, GRACE PERIOD 1 MINUTE) GROUP BY userId;";

static const workload filter = {
    .sql = filter_sql, .events = 1000000, .users = 100000, .products = 50000, .step_us = 60};
static const workload tumbling = {.sql = tumbling_sql,
                                  .coalesce = true,
                                  .events = 2000000,
                                  .users = 100000,
                                  .products = 50000,
                                  .step_us = 60};
static const workload tumbling_updates = {
    .sql = tumbling_sql, .events = 1000000, .users = 100000, .products = 50000, .step_us = 60};
/* 100 000 events of each side in ten minutes, and as many keys: about one match per row. */
static const workload join_streams = {
    .sql = "CREATE STREAM out AS SELECT c.userId AS userId, c.productId AS seen, b.productId AS "
           "bought, b.price AS price FROM clicks c JOIN buys b WITHIN 10 MINUTES GRACE PERIOD 1 "
           "MINUTE "
           "ON c.userId = b.userId;",
    .second_stream = true,
    .events = 1000000,
    .users = 100000,
    .products = 50000,
    .step_us = 6000};
static const workload join_table = {
    .sql = "CREATE STREAM out AS SELECT c.productId AS productId, c.userId AS userId, p.name AS "
           "name, c.price * p.margin AS margin FROM clicks c JOIN products p "
           "ON c.productId = p.id WHERE c.price > 500;",
    .table = true,
    .events = 1000000,
    .users = 100000,
    .products = 1000000,
    .step_us = 60};
static const workload embedded = {.sql = tumbling_sql,
                                  .coalesce = true,
                                  .disk = true,
                                  .events = 2000000,
                                  .users = 100000,
                                  .products = 50000,
                                  .step_us = 60};

#define RUN(name)                                                                                  \
    static weir_rc run_##name(const weir_bench_options *o, weir_bench_result *out,                 \
                              weir_status *st)                                                     \
    {                                                                                              \
        return measure(&name, o, out, st);                                                         \
    }
RUN(filter)
RUN(tumbling)
RUN(tumbling_updates)
RUN(join_streams)
RUN(join_table)
RUN(embedded)

/* Speed-up of two workers over one, by wall clock: two partitions in both runs. */
static weir_rc run_workers(const weir_bench_options *o, weir_bench_result *out, weir_status *st)
{
    double least[2] = {DBL_MAX, DBL_MAX};
    for (uint32_t i = 0; i < 2 * WEIR_BENCH_PASSES; i++) {
        weir_bench_options own = *o;
        own.workers = i % 2 + 1;
        bench_run b = {.w = &tumbling, .o = &own, .partitions = 2};
        weir_rc rc = open_run(&b, st);
        rc = rc ? rc : drive(&b, st);
        least[i % 2] = fmin(least[i % 2], (double)(weir_mono_ns() - b.mono_ns));
        close_run(&b);
        WEIR_TRY(rc);
    }
    out->value = least[0] / least[1];
    out->unit = "times";
    return WEIR_OK;
}

const weir_bench weir_bench_queries[] = {
    {"filter", "half pass, 4 columns, JSON out", 0.45, false, run_filter},
    {"tumbling", "1 min count+sum by key, 1e5 keys, coalesced, JSON out", 0.45, false,
     run_tumbling},
    {"tumbling_updates", "the same, every update emitted", 0.25, false, run_tumbling_updates},
    {"join_streams", "within 10 min, about one match per row", 0.2, false, run_join_streams},
    {"join_table", "1e6-row table, filter, JSON out", 0.35, false, run_join_table},
    {"embedded", "append, query, output, commit each second, on disk", 0.15, false, run_embedded},
    {"workers", "speed-up from one worker to two", 1.7, false, run_workers},
};
const uint32_t weir_bench_queries_n = WEIR_COUNT(weir_bench_queries);
