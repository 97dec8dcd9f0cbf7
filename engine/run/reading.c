/* What the engine reads next, and how far it is: readers told to the topics, streams that wait for their
 * tables, the end. Between rounds, on the control thread. */
#include "engine/run/task.h"

#include <stdio.h>

#define ENGINE_NEAR_RECORDS 1000
#define ENGINE_FETCHED_BYTES ((uint64_t)12 << 20) /* taken in and not read: enough for the next rounds */

typedef void (*scan_visit)(weir_scan *s, void *ctx);

static void each_scan(const weir_query *q, scan_visit visit, void *ctx)
{
    for (uint32_t i = 0; i < q->n_stages; i++) {
        const weir_stage *s = q->stages[i];
        for (int32_t p = 0; p < s->partitions; p++) {
            for (uint32_t k = 0; k < s->tasks[p]->n_scans; k++) {
                visit(&s->tasks[p]->scans[k], ctx);
            }
        }
    }
}

static void tell_reader(weir_scan *s, void *ctx)
{
    (void)ctx;
    if (s->task->stage->query->paused || weir_task_waits(s->task)) {
        weir_topic_reader_stands(s->topic, s->partition, s->next);
    } else {
        weir_topic_reader(s->topic, s->partition, s->next);
    }
}

/* Tells the topics where their readers are: what is behind them may leave memory. */
void weir_engine_tell_readers(weir_engine *e)
{
    for (size_t k = 0; k < e->n_queries; k++) {
        if (!e->queries[k]->failed || !weir_topics_cluster(e->config.topics)) {
            each_scan(e->queries[k], tell_reader, NULL);
        }
    }
    weir_topics_readers_told(e->config.topics);
}

static void table_behind(weir_scan *s, void *ctx)
{
    if (s->node->scan.source->table && s->next < s->warm_end &&
        !weir_topic_at_end(s->topic, s->partition, s->next)) {
        *(bool *)ctx = true;
    }
}

static void hold_stream(weir_scan *s, void *ctx)
{
    s->held = *(bool *)ctx && !s->node->scan.source->table;
}

/* Streams wait until the tables of their query are read to the end they had when the query was first
 * started: a stream that overtook its table would miss what it should have met. */
void weir_engine_warm_up(weir_engine *e)
{
    for (size_t i = 0; i < e->n_queries; i++) {
        weir_query *q = e->queries[i];
        if (q->warming) {
            q->warming = false;
            each_scan(q, table_behind, &q->warming);
            each_scan(q, hold_stream, &q->warming);
        }
    }
}

static void scan_at_end(weir_scan *s, void *ctx)
{
    if (!weir_topic_at_end(s->topic, s->partition, s->next)) {
        *(bool *)ctx = false;
    }
}

void weir_scan_overtaken(weir_scan *s)
{
    int64_t to = weir_topic_resume(s->topic, s->partition, s->next);
    const weir_engine_config *config = &s->task->engine->config;
    char reason[128];
    if (s->next >= to) {
        return;
    }
    snprintf(reason, sizeof reason, "%lld records were removed before they were read (retention)",
             (long long)(to - s->next));
    weir_problem p = {.query = s->task->stage->query,
                      .topic = weir_topic_name(s->topic),
                      .partition = s->partition,
                      .offset = s->next,
                      .where = weir_topic_name(s->topic),
                      .reason = weir_sv_cstr(reason)};
    if (config->problem) {
        config->problem(config->problem_ctx, &p);
    }
    s->next = to;
}

static void scan_overtaken(weir_scan *s, void *ctx)
{
    (void)ctx;
    weir_scan_overtaken(s);
}

/* By the ends that came with the last fetches: those say at once that more is coming. Who waits for
 * somebody outside is not waited for. */
static void scan_near_end(weir_scan *s, void *ctx)
{
    if (!weir_task_waits(s->task) &&
        weir_topic_end(s->topic, s->partition) - s->next > ENGINE_NEAR_RECORDS) {
        *(bool *)ctx = false;
    }
}

/* Of the queries that run. */
static void each_live_scan(const weir_engine *e, scan_visit visit, void *ctx)
{
    for (size_t i = 0; i < e->n_queries; i++) {
        if (!e->queries[i]->failed && !e->queries[i]->paused) {
            each_scan(e->queries[i], visit, ctx);
        }
    }
}

static bool all_scans(const weir_engine *e, scan_visit visit)
{
    bool all = true;
    each_live_scan(e, visit, &all);
    return all;
}

static void scan_waits(weir_scan *s, void *ctx)
{
    *(bool *)ctx |= weir_task_waits(s->task);
}

bool weir_engine_waits(const weir_engine *e)
{
    bool waits = false;
    each_live_scan(e, scan_waits, &waits);
    return waits;
}

bool weir_engine_near_end(const weir_engine *e)
{
    return all_scans(e, scan_near_end);
}

weir_rc weir_engine_poll(weir_engine *e, bool *full, weir_status *st)
{
    weir_engine_tell_readers(e);
    bool enough = e->progressed && weir_topics_bytes(e->config.topics) > ENGINE_FETCHED_BYTES;
    WEIR_TRY(enough ? weir_topics_send(e->config.topics, st) : weir_topics_poll(e->config.topics, st));
    for (size_t i = 0; i < e->n_queries && weir_topics_cluster(e->config.topics); i++) {
        each_scan(e->queries[i], scan_overtaken, NULL);
    }
    *full = weir_topics_full(e->config.topics);
    return WEIR_OK;
}

typedef struct idle_check {
    bool idle;
    weir_rc rc;
    weir_status *st;
} idle_check;

static void scan_idle(weir_scan *s, void *ctx)
{
    idle_check *c = ctx;
    int64_t begin = 0;
    int64_t end = 0;
    if (c->rc == WEIR_OK && c->idle) {
        c->rc = weir_topic_bounds(s->topic, s->partition, &begin, &end, c->st);
        c->idle = s->next >= end;
    }
}

weir_rc weir_engine_idle(const weir_engine *e, bool *idle, weir_status *st)
{
    idle_check c = {.idle = weir_engine_caught_up(e), .st = st};
    if (c.idle && weir_topics_cluster(e->config.topics)) {
        each_live_scan(e, scan_idle, &c);
    }
    *idle = c.idle;
    return c.rc;
}

bool weir_engine_caught_up(const weir_engine *e)
{
    return all_scans(e, scan_at_end);
}
