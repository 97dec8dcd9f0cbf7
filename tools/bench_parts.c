/* Parts of the engine by themselves: one operator, one exchange, state, start and reload. They look
 * inside a task, which nothing else outside of engine/run does. */
#include "tools/bench.h"

#include "engine/base/rng.h"
#include "engine/io/file.h"
#include "engine/io/loop.h"
#include "engine/run/task.h"
#include "engine/server/properties.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#define AGG_ROWS 2000000
#define EXCHANGE_ROWS 4000000
#define STATE_KEYS 1000000
#define STATE_KEY_BYTES 65 /* of a count, in memory */
#define BATCHES 128 /* prepared batches that are pushed again and again */

static weir_rc open_session(const char *dir, int32_t partitions, weir_session **s, weir_status *st)
{
    weir_session_config config = {
        .workers = 1,
        .order = WEIR_ORDER_TIME,
        .coalesce = true,
        .default_partitions = partitions,
        .data_dir = dir,
        .forget_consumed = true,
        .now_ms = weir_bench_clock,
    };
    return weir_session_open(&config, s, st);
}

static weir_op *find_op(weir_session *s, weir_node_kind kind)
{
    weir_query *q = weir_engine_query_at(weir_session_engine(s), 0);
    for (uint32_t i = 0; i < q->n_stages; i++) {
        weir_task *t = q->stages[i]->tasks[0];
        for (uint32_t k = 0; k < t->n_ops; k++) {
            if (t->ops[k]->node->kind == kind) {
                return t->ops[k];
            }
        }
    }
    WEIR_UNREACHABLE();
}

/* Batches of random user ids (first column) and numbers (the others). */
static weir_batch **make_batches(weir_arena *a, const weir_schema *schema, uint32_t keys)
{
    weir_rng r;
    weir_rng_seed(&r, 7);
    weir_batch **out = WEIR_NEW_N(a, weir_batch *, BATCHES);
    for (uint32_t b = 0; b < BATCHES; b++) {
        out[b] = weir_batch_new(a, schema);
        out[b]->rows = out[b]->nsel = WEIR_BATCH_ROWS;
        for (uint32_t i = 0; i < WEIR_BATCH_ROWS; i++) {
            weir_sv key = weir_arena_printf(a, "user_%08u", (unsigned)weir_rng_below(&r, keys));
            ((weir_sv *)out[b]->cols[0].data)[i] = key;
            for (uint32_t c = 1; c < schema->n; c++) {
                weir_value v = weir_double((double)weir_rng_below(&r, 1000));
                WEIR_ASSERT(schema->cols[c].type->kind == WEIR_T_DOUBLE);
                weir_vec_put(&out[b]->cols[c], a, i, &v);
            }
            out[b]->rowtime[i] = 1000;
        }
    }
    return out;
}

static void ignore(weir_op *op, uint32_t port, const weir_batch *b)
{
    (void)op;
    (void)port;
    (void)b;
}

static double agg_pass(weir_op *op, weir_batch **batches, uint64_t rows)
{
    uint64_t done = 0;
    int64_t before = weir_cpu_ns();
    for (uint32_t i = 0; done < rows; i++, done += WEIR_BATCH_ROWS) {
        weir_batch view = *batches[i % BATCHES];
        view.arena = op->task->step;
        op->kind->push(op, 0, &view);
        weir_arena_reset(op->task->step);
    }
    return (double)(weir_cpu_ns() - before) / (double)done;
}

static weir_rc run_agg_operator(const weir_bench_options *o, weir_bench_result *out,
                                weir_status *st)
{
    static const weir_op_kind nothing = {.name = "nothing", .push = ignore};
    weir_session *s = NULL;
    weir_arena a;
    weir_arena_init(&a);
    weir_rc rc = open_session(NULL, 1, &s, st);
    rc =
        rc ? rc
           : weir_bench_sql(s,
                            "CREATE STREAM clicks (userId STRING KEY, price DOUBLE) WITH "
                            "(KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON');"
                            "CREATE TABLE out AS SELECT userId, COUNT(*) AS n, SUM(price) AS total "
                            "FROM clicks GROUP BY userId;",
                            st);
    if (rc == WEIR_OK) {
        weir_op *op = find_op(s, WEIR_N_AGGREGATE);
        weir_op end = {.kind = &nothing, .node = op->node, .task = op->task};
        weir_op *next = op->next;
        op->next = &end;
        weir_batch **batches =
            make_batches(&a, op->node->in[0]->schema, (uint32_t)(o->keys ? o->keys : 100000));
        double least = DBL_MAX;
        for (uint32_t i = 0; i < WEIR_BENCH_PASSES; i++) {
            least = fmin(least, agg_pass(op, batches, o->events ? o->events : AGG_ROWS));
        }
        out->value = 1e9 / least;
        out->unit = "rows/s";
        op->next = next;
    }
    weir_session_close(s);
    weir_arena_deinit(&a);
    return rc;
}

static double exchange_pass(weir_task *t, weir_op *op, weir_batch **batches, uint64_t rows,
                            weir_arena *a)
{
    uint64_t done = 0;
    int64_t before = weir_cpu_ns();
    for (uint32_t i = 0; done < rows; i++, done += WEIR_BATCH_ROWS) {
        op->kind->push(op, 0, batches[i % BATCHES]);
        for (int32_t p = 0; i % 16 == 15 && p < 4; p++) {
            weir_parcel *got = weir_exchange_take(t, p);
            weir_batch **merged = NULL;
            WEIR_ASSERT(weir_parcels_merge(&got, 1, WEIR_ORDER_TIME, a, &merged) > 0);
            weir_parcel_return(got);
        }
    }
    return (double)(weir_cpu_ns() - before) / (double)done;
}

static weir_rc run_exchange(const weir_bench_options *o, weir_bench_result *out, weir_status *st)
{
    weir_session *s = NULL;
    weir_arena a;
    weir_arena_init(&a);
    weir_rc rc = open_session(NULL, 4, &s, st);
    rc = rc ? rc
            : weir_bench_sql(s,
                             "CREATE STREAM clicks (id STRING, price DOUBLE, amount DOUBLE) WITH "
                             "(KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON', PARTITIONS=4);"
                             "CREATE STREAM out AS SELECT id, price, amount FROM clicks "
                             "PARTITION BY id;",
                             st);
    if (rc == WEIR_OK) {
        weir_query *q = weir_engine_query_at(weir_session_engine(s), 0);
        weir_task *t = q->stages[0]->tasks[0];
        weir_op *op = t->ops[t->n_ops - 1];
        WEIR_ASSERT(op->kind == weir_exchange_kind());
        weir_batch **batches = make_batches(&a, op->node->schema, 100000);
        uint64_t rows = o->events ? o->events : EXCHANGE_ROWS;
        out->value = DBL_MAX;
        for (uint32_t i = 0; i < WEIR_BENCH_PASSES; i++) {
            out->value = fmin(out->value, exchange_pass(t, op, batches, rows, &a));
        }
        out->unit = "ns/row";
    }
    weir_session_close(s);
    weir_arena_deinit(&a);
    return rc;
}

static const char count_sql[] =
    "CREATE STREAM clicks (userId STRING KEY, price DOUBLE) WITH (KAFKA_TOPIC='clicks', "
    "VALUE_FORMAT='JSON', PARTITIONS=1);"
    "CREATE TABLE out AS SELECT userId, COUNT(*) AS n FROM clicks GROUP BY userId;";

static weir_rc count_keys(weir_session *s, uint64_t keys, weir_status *st)
{
    WEIR_TRY(weir_bench_sql(s, count_sql, st));
    weir_topic *t = weir_topics_find(weir_session_topics(s), WEIR_SV("clicks"));
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    for (uint64_t i = 0; i < keys; i++) {
        char key[32];
        int n = snprintf(key, sizeof key, "user_%08u", (unsigned)i);
        weir_chunk_builder_add(&b, weir_sv_of(key, (size_t)n), WEIR_SV("{\"PRICE\":1.5}"),
                               (weir_sv){0}, 1000, 0);
        if (b.n == WEIR_BATCH_ROWS || i + 1 == keys) {
            weir_topic_append(t, 0, weir_chunk_builder_take(&b));
        }
    }
    weir_chunk_builder_deinit(&b);
    WEIR_TRY(weir_engine_drain(weir_session_engine(s), st));
    return weir_engine_commit(weir_session_engine(s), NULL, st);
}

static weir_rc run_state_key(const weir_bench_options *o, weir_bench_result *out, weir_status *st)
{
    weir_session *s = NULL;
    weir_rc rc = open_session(NULL, 1, &s, st);
    rc = rc ? rc : count_keys(s, o->keys ? o->keys : STATE_KEYS, st);
    if (rc == WEIR_OK) {
        weir_query_stats stats;
        weir_query_stats_of(weir_engine_query_at(weir_session_engine(s), 0), &stats);
        out->value = (double)stats.state_bytes / (double)stats.state_entries;
        out->unit = "bytes/key";
    }
    weir_session_close(s);
    return rc;
}

static weir_rc run_reload(const weir_bench_options *o, weir_bench_result *out, weir_status *st)
{
    char dir[64];
    WEIR_TRY(weir_temp_dir(dir, sizeof dir, st));
    weir_session *s = NULL;
    weir_rc rc = open_session(dir, 1, &s, st);
    rc = rc ? rc : count_keys(s, o->keys ? o->keys : STATE_KEYS, st);
    weir_session_close(s);
    s = NULL;
    if (rc == WEIR_OK) {
        int64_t before = weir_mono_ns();
        rc = open_session(dir, 1, &s, st);
        rc = rc ? rc : weir_bench_sql(s, count_sql, st);
        out->value = (double)(weir_mono_ns() - before) / 1e9;
        out->unit = "s";
        weir_session_close(s);
    }
    weir_remove_tree(dir);
    return rc;
}

/* A stream that is counted by key, a chunk at a time: every key once, or any of them. */
static weir_rc count_rows(weir_session *s, uint64_t rows, uint64_t keys, bool each, uint64_t *peak,
                          weir_status *st)
{
    weir_engine *e = weir_session_engine(s);
    weir_topic *t = weir_topics_find(weir_session_topics(s), WEIR_SV("clicks"));
    weir_rng r;
    weir_rng_seed(&r, 11);
    int64_t committed = weir_mono_ns();
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    weir_rc rc = WEIR_OK;
    for (uint64_t i = 0; i < rows && rc == WEIR_OK; i++) {
        char key[32];
        uint64_t number = each ? i : weir_rng_below(&r, keys);
        int n = snprintf(key, sizeof key, "user_%08u", (unsigned)number);
        weir_chunk_builder_add(&b, weir_sv_of(key, (size_t)n), WEIR_SV("{\"PRICE\":1.5}"),
                               (weir_sv){0}, 1000, 0);
        if (b.n < WEIR_BATCH_ROWS && i + 1 < rows) {
            continue;
        }
        bool progress;
        weir_topic_append(t, 0, weir_chunk_builder_take(&b));
        rc = weir_engine_round(e, UINT32_MAX, &progress, st);
        if (rc == WEIR_OK &&
            (weir_engine_wants_commit(e) || weir_mono_ns() - committed > 1000000000)) {
            rc = weir_engine_commit(e, NULL, st);
            committed = weir_mono_ns();
            *peak = weir_rss_bytes() > *peak ? weir_rss_bytes() : *peak;
        }
    }
    weir_chunk_builder_deinit(&b);
    return rc;
}

/* Counts of many keys with memory for a quarter of them: first each key once, then any of them. */
static weir_rc run_cold_state(const weir_bench_options *o, weir_bench_result *out, weir_status *st)
{
    char dir[64];
    char budget[32];
    uint64_t keys = o->keys ? o->keys : STATE_KEYS;
    uint64_t rows = o->events ? o->events : keys / 2;
    WEIR_TRY(weir_temp_dir(dir, sizeof dir, st));
    weir_session *s = NULL;
    weir_rc rc = open_session(dir, 1, &s, st);
    rc = rc ? rc : weir_bench_sql(s, count_sql, st);
    if (rc == WEIR_OK) {
        snprintf(budget, sizeof budget, "%llu", (unsigned long long)(keys * STATE_KEY_BYTES / 4));
        weir_session_set(s, WEIR_SV(WEIR_STATE_MEMORY), weir_sv_cstr(budget));
        rc = count_rows(s, keys, keys, true, &out->peak_rss_bytes, st);
        int64_t before = weir_cpu_ns();
        rc = rc ? rc : count_rows(s, rows, keys, false, &out->peak_rss_bytes, st);
        out->value = (double)rows * 1e9 / (double)(weir_cpu_ns() - before);
        out->unit = "rows/s";
    }
    weir_session_close(s);
    weir_remove_tree(dir);
    return rc;
}

static weir_rc run_start(const weir_bench_options *o, weir_bench_result *out, weir_status *st)
{
    (void)o;
    char dir[64];
    WEIR_TRY(weir_temp_dir(dir, sizeof dir, st));
    weir_session *s = NULL;
    int64_t before = weir_mono_ns();
    weir_rc rc = open_session(dir, 1, &s, st);
    out->value = (double)(weir_mono_ns() - before) / 1e6;
    out->unit = "ms";
    weir_session_close(s);
    weir_remove_tree(dir);
    return rc;
}

static weir_rc run_idle_rss(const weir_bench_options *o, weir_bench_result *out, weir_status *st)
{
    (void)o;
    char dir[64];
    WEIR_TRY(weir_temp_dir(dir, sizeof dir, st));
    weir_session *s = NULL;
    weir_rc rc = open_session(dir, 1, &s, st);
    rc = rc ? rc : weir_bench_sql(s, count_sql, st);
    out->value = (double)weir_rss_bytes() / 1e6;
    out->unit = "MB";
    weir_session_close(s);
    weir_remove_tree(dir);
    return rc;
}

const weir_bench weir_bench_parts[] = {
    {"agg_operator", "count+sum by key, 1e5 keys, the operator alone", 30e6, false,
     run_agg_operator},
    {"exchange", "splitting rows by key and copying them, per row", 15, true, run_exchange},
    {"state_key", "state of a count at 1e6 keys", 80, true, run_state_key},
    {"start", "an empty engine with a data directory", 50, true, run_start},
    {"idle_rss", "resident memory of an idle engine", 25, true, run_idle_rss},
    {"cold_state", "count of any of 1e6 keys, memory for a quarter of them", 30e3, false,
     run_cold_state},
    {"reload", "state of 1e6 keys after a restart", 1, true, run_reload},
};
const uint32_t weir_bench_parts_n = WEIR_COUNT(weir_bench_parts);
