/* The engine: queries, workers, rounds. See engine.h for the model. */
#include "engine/io/fault.h"
#include "engine/run/task.h"

#include <stdio.h>

#define DRAIN_ROWS 65536 /* of a round, when there is a limit for state */

/* ---- workers ---- */

/* What it reads and what it lets go leave together: a level is delivered once. */
static bool task_turn(weir_engine *e, weir_task *t)
{
    bool progress = weir_task_run(t, e->rows);
    if (e->flushing) {
        weir_task_flush(t);
    }
    return progress;
}

static void worker_level(weir_worker *w)
{
    weir_engine *e = w->engine;
    for (size_t i = 0; i < e->n_ready; i++) {
        if (e->ready[i]->worker == w->index && task_turn(e, e->ready[i])) {
            w->progress = true;
        }
    }
}

/* Control → worker: run your tasks of the level that is set up in the engine. */
static void worker_turn(void *ctx)
{
    weir_worker *w = ctx;
    worker_level(w);
    weir_gate_leave(w->engine->gate);
}

static void worker_main(void *ctx)
{
    weir_worker *w = ctx;
    weir_loop_run(w->loop);
}

static void worker_stop(void *ctx)
{
    weir_worker *w = ctx;
    weir_loop_stop(w->loop);
}

static bool has_work(const weir_engine *e, uint32_t worker)
{
    for (size_t i = 0; i < e->n_ready; i++) {
        if (e->ready[i]->worker == worker) {
            return true;
        }
    }
    return false;
}

/* Runs the ready tasks on their workers. True: something was read. */
static bool run_ready(weir_engine *e)
{
    uint32_t others = 0;
    for (uint32_t i = 0; i < e->config.workers; i++) {
        e->workers[i].progress = false;
        others += i > 0 && has_work(e, i);
    }
    if (others) {
        weir_gate_expect(e->gate, others);
        for (uint32_t i = 1; i < e->config.workers; i++) {
            if (has_work(e, i)) {
                weir_loop_post(e->workers[i].loop, worker_turn, &e->workers[i]);
            }
        }
    }
    worker_level(&e->workers[0]);
    if (others) {
        weir_gate_wait(e->gate);
    }
    bool progress = false;
    for (uint32_t i = 0; i < e->config.workers; i++) {
        progress |= e->workers[i].progress;
    }
    return progress;
}

weir_rc weir_engine_new(const weir_engine_config *config, weir_engine **out, weir_status *st)
{
    if (config->workers < 1 || config->workers > WEIR_WORKERS_MAX) {
        return weir_fail(st, WEIR_EUSAGE, "%u workers: from 1 to %d", config->workers,
                         WEIR_WORKERS_MAX);
    }
    weir_engine *e = weir_zalloc(sizeof *e);
    e->config = *config;
    e->rows = WEIR_BATCH_ROWS; /* a commit reads, too, and may come before the first round */
    e->workers = weir_zalloc(sizeof *e->workers * config->workers);
    e->gate = weir_gate_new();
    e->dropped = weir_store_batch_new();
    e->dropped_ids = weir_hmap_new(0);
    weir_hmap_track(e->dropped_ids, false);
    for (uint32_t i = 0; i < config->workers; i++) {
        weir_worker *w = &e->workers[i];
        w->engine = e;
        w->index = i;
        w->zones = weir_tz_cache_new();
        weir_arena_init(&w->step);
        if (i > 0) {
            w->loop = weir_loop_new();
            w->thread = weir_thread_start(worker_main, w);
        }
    }
    weir_rc rc = config->store ? weir_epoch_load(e, st) : WEIR_OK;
    if (rc != WEIR_OK) {
        weir_engine_free(e);
        return rc;
    }
    *out = e;
    return WEIR_OK;
}

static void query_free(weir_query *q)
{
    for (uint32_t i = 0; i < q->n_stages; i++) {
        for (int32_t p = 0; p < q->stages[i]->partitions && q->stages[i]->tasks; p++) {
            weir_task_free(q->stages[i]->tasks[p]);
        }
    }
    weir_arena_deinit(&q->arena);
    weir_free(q);
}

void weir_engine_free(weir_engine *e)
{
    if (!e) {
        return;
    }
    for (size_t i = 0; i < e->n_queries; i++) {
        query_free(e->queries[i]);
    }
    for (uint32_t i = 0; i < e->config.workers; i++) {
        weir_worker *w = &e->workers[i];
        if (w->thread) {
            weir_loop_post(w->loop, worker_stop, w);
            weir_thread_join(w->thread);
            weir_loop_free(w->loop);
        }
        weir_tz_cache_free(w->zones);
        weir_arena_deinit(&w->step);
    }
    weir_gate_free(e->gate);
    weir_store_batch_free(e->dropped);
    weir_hmap_free(e->dropped_ids, NULL, NULL);
    weir_free(e->workers);
    weir_free(e->queries);
    weir_free(e->ready);
    weir_free(e->outgoing);
    weir_free(e);
}

/* ---- queries ---- */

/* Level of a stage: after its senders, and after every earlier query that writes what it reads. (A
 * later one closes a cycle; its records are read in the next round.) */
static uint32_t level_of(const weir_engine *e, const weir_stage *s)
{
    uint32_t level = 0;
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        const weir_stage_input *in = &s->inputs[i];
        if (in->from && in->from->level + 1 > level) {
            level = in->from->level + 1;
        }
        for (size_t k = 0; !in->from && k < e->n_queries; k++) {
            const weir_query *w = e->queries[k];
            uint32_t writer = w->stages[w->n_stages - 1]->level;
            if (w->ordinal < s->query->ordinal && w->sink && writer + 1 > level &&
                weir_sv_eq(weir_topic_name(w->sink), in->node->scan.source->topic)) {
                level = writer + 1;
            }
        }
    }
    return level;
}

static void set_levels(weir_engine *e)
{
    e->n_levels = 0;
    for (size_t i = 0; i < e->n_queries; i++) {
        weir_query *q = e->queries[i];
        for (uint32_t k = 0; k < q->n_stages; k++) {
            q->stages[k]->level = level_of(e, q->stages[k]);
            if (q->stages[k]->level >= e->n_levels) {
                e->n_levels = q->stages[k]->level + 1;
            }
        }
    }
}

static size_t index_of(const weir_engine *e, const weir_query *q)
{
    size_t i = 0;
    while (e->queries[i] != q) {
        i++;
    }
    return i;
}

static void set_client(weir_query *q, weir_client client, void *ctx)
{
    weir_stage *last = q->stages[q->n_stages - 1];
    for (int32_t p = 0; p < last->partitions; p++) {
        last->tasks[p]->client = client;
        last->tasks[p]->client_ctx = ctx;
    }
}

static weir_rc deploy(weir_query *q, weir_status *st)
{
    WEIR_TRY(weir_query_cut(q, st));
    for (uint32_t i = 0; i < q->n_stages; i++) {
        weir_stage *s = q->stages[i];
        for (int32_t p = 0; p < s->partitions; p++) {
            WEIR_TRY(weir_task_new(s, p, &s->tasks[p], st));
        }
    }
    return WEIR_OK;
}

/* The n-th operator of a kind in the tasks of a partition. */
static weir_op *nth_op(const weir_query *q, int32_t partition, const weir_op_kind *kind, uint32_t n)
{
    for (uint32_t i = 0; i < q->n_stages; i++) {
        const weir_stage *s = q->stages[i];
        for (uint32_t k = 0; partition < s->partitions && k < s->tasks[partition]->n_ops; k++) {
            weir_op *op = s->tasks[partition]->ops[k];
            if (op->kind == kind && n-- == 0) {
                return op;
            }
        }
    }
    return NULL;
}

/* Plans that may replace one another have the same steps with state in the same order. */
static void take_state(weir_query *q, const weir_query *from)
{
    for (uint32_t i = 0; i < q->n_stages; i++) {
        const weir_stage *s = q->stages[i];
        for (int32_t p = 0; p < s->partitions; p++) {
            for (uint32_t k = 0; k < s->tasks[p]->n_ops; k++) {
                weir_op *op = s->tasks[p]->ops[k];
                uint32_t n = 0;
                while (op->kind->take && nth_op(q, p, op->kind, n) != op) {
                    n++;
                }
                weir_op *old = op->kind->take ? nth_op(from, p, op->kind, n) : NULL;
                if (old) {
                    op->kind->take(op, old);
                }
            }
        }
    }
}

weir_rc weir_engine_add(weir_engine *e, const weir_plan *plan, const weir_start *start,
                        weir_query *replace, weir_client client, void *client_ctx,
                        weir_query **out, weir_status *st)
{
    weir_query *q = weir_zalloc(sizeof *q);
    q->engine = e;
    q->plan = plan;
    q->replaces = replace != NULL;
    q->anew = !replace && weir_hmap_find(e->dropped_ids, plan->query_id);
    q->ordinal = replace ? replace->ordinal : e->next_ordinal;
    weir_arena_init(&q->arena);
    q->warming = weir_topics_cluster(e->config.topics) != NULL; /* elsewhere tables are all there */
    const weir_source *sink = plan->sink->sink.sink;
    weir_rc rc = WEIR_OK;
    if (sink) {
        q->sink = weir_topics_find(e->config.topics, sink->topic);
        rc = q->sink ? WEIR_OK
                     : weir_fail(st, WEIR_ENOTFOUND, "topic " WEIR_SV_FMT " does not exist",
                                 WEIR_SV_ARG(sink->topic));
    }
    rc = rc || replace ? rc : weir_query_check_plan(q, st);
    rc = rc ? rc : WEIR_FAULT(START_STATE, st);
    weir_budget_load(e);
    rc = rc ? rc : deploy(q, st);
    rc = rc ? rc : weir_query_load_positions(q, start, replace, st);
    if (rc != WEIR_OK) {
        query_free(q);
        return rc;
    }
    set_client(q, client, client_ctx);
    if (replace) {
        take_state(q, replace);
        e->queries[index_of(e, replace)] = q;
        query_free(replace);
    } else {
        WEIR_GROW(e->queries, e->cap_queries, e->n_queries + 1);
        e->queries[e->n_queries++] = q;
        e->next_ordinal++;
    }
    set_levels(e);
    *out = q;
    return WEIR_OK;
}

void weir_engine_drop(weir_engine *e, weir_query *q)
{
    size_t i = index_of(e, q);
    memmove(&e->queries[i], &e->queries[i + 1], sizeof *e->queries * (e->n_queries - i - 1));
    e->n_queries--;
    if (q->plan->persistent) {
        bool added;
        weir_query_forget(q, e->dropped);
        weir_hmap_insert(e->dropped_ids, q->plan->query_id, &added);
    }
    query_free(q);
    set_levels(e);
}

void weir_query_pause(weir_query *q, bool paused)
{
    q->paused = paused;
}

weir_query *weir_engine_find(weir_engine *e, weir_sv id)
{
    for (size_t i = 0; i < e->n_queries; i++) {
        if (weir_sv_eq(e->queries[i]->plan->query_id, id)) {
            return e->queries[i];
        }
    }
    return NULL;
}

uint32_t weir_engine_queries(const weir_engine *e)
{
    return (uint32_t)e->n_queries;
}

weir_query *weir_engine_query_at(weir_engine *e, uint32_t i)
{
    WEIR_ASSERT(i < e->n_queries);
    return e->queries[i];
}

/* ---- rounds ---- */

static bool task_has_input(const weir_task *t)
{
    if (weir_task_waits(t)) {
        return weir_task_answered(t);
    }
    for (uint32_t i = 0; i < t->n_scans; i++) {
        const weir_scan *s = &t->scans[i];
        if (!s->held && weir_topic_readable(s->topic, s->partition, s->next) > s->next) {
            return true;
        }
    }
    for (uint32_t i = 0; i < t->n_inboxes; i++) {
        for (uint32_t k = 0; k < t->inboxes[i].n_lanes; k++) {
            if (t->inboxes[i].lanes[k]) {
                return true;
            }
        }
    }
    return false;
}

static void collect_ready(weir_engine *e, uint32_t level)
{
    e->n_ready = 0;
    for (size_t i = 0; i < e->n_queries; i++) {
        weir_query *q = e->queries[i];
        for (uint32_t k = 0; k < q->n_stages && !q->paused && !q->failed; k++) {
            weir_stage *s = q->stages[k];
            for (int32_t p = 0; s->level == level && p < s->partitions; p++) {
                if (e->flushing || task_has_input(s->tasks[p])) {
                    WEIR_GROW(e->ready, e->cap_ready, e->n_ready + 1);
                    e->ready[e->n_ready++] = s->tasks[p];
                }
            }
        }
    }
}

static void fail_query(weir_task *t)
{
    weir_query *q = t->stage->query;
    if (!q->failed) {
        q->failed = true;
        memcpy(q->error, t->error, sizeof q->error);
        q->torn = q->engine->config.rolls_back && q->plan->persistent && q->worked;
    }
}

weir_rc weir_engine_whole(const weir_engine *e, weir_status *st)
{
    for (size_t i = 0; i < e->n_queries; i++) {
        const weir_query *q = e->queries[i];
        if (q->torn) {
            weir_fail(st, WEIR_EFATAL, "query " WEIR_SV_FMT " stopped: %s",
                      WEIR_SV_ARG(q->plan->query_id), q->error);
            st->retriable = true;
            return WEIR_EFATAL;
        }
    }
    return WEIR_OK;
}

static void report_problems(weir_engine *e)
{
    for (size_t i = 0; i < e->n_ready; i++) {
        weir_task *t = e->ready[i];
        for (uint32_t k = 0; k < t->n_problems; k++) {
            e->config.problem(e->config.problem_ctx, &t->problems[k]);
        }
        if (t->n_problems) {
            t->problems = NULL;
            t->n_problems = t->cap_problems = 0;
            weir_arena_reset(&t->problem_arena);
        }
    }
}

/* One level: run, report, deliver. True: something was read. */
static bool run_level(weir_engine *e, uint32_t level)
{
    collect_ready(e, level);
    if (e->n_ready == 0) {
        return false;
    }
    bool progress = run_ready(e);
    for (size_t i = 0; i < e->n_ready; i++) {
        if (e->ready[i]->failed) {
            fail_query(e->ready[i]);
        } else {
            e->ready[i]->stage->query->worked = true;
        }
    }
    report_problems(e);
    weir_deliver(e, level);
    return progress;
}

weir_rc weir_engine_round(weir_engine *e, uint32_t rows_per_task, bool *progress, weir_status *st)
{
    e->rows = rows_per_task;
    *progress = false;
    weir_engine_warm_up(e);
    for (uint32_t level = 0; level < e->n_levels; level++) {
        *progress |= run_level(e, level);
    }
    weir_deliver_rest(e);
    weir_engine_tell_readers(e);
    e->moved |= *progress;
    e->progressed = *progress;
    WEIR_TRY(weir_topics_send(e->config.topics, st));
    return *progress ? WEIR_FAULT(ROUND_DONE, st) : WEIR_OK;
}

/* Lets held-back results go, level by level: what one level lets go, the next may hold back. */
bool weir_engine_flush_round(weir_engine *e)
{
    bool progress = false;
    weir_engine_warm_up(e);
    e->flushing = true;
    for (uint32_t level = 0; level < e->n_levels; level++) {
        progress |= run_level(e, level);
    }
    e->flushing = false;
    weir_deliver_rest(e);
    weir_engine_tell_readers(e);
    return progress;
}

/* While state is beyond its limit, a live engine does not read all there is before it commits. */
static bool may_drain(const weir_engine *e)
{
    return e->config.order == WEIR_ORDER_SEQ || !weir_budget_is_over(e);
}

weir_rc weir_engine_drain(weir_engine *e, weir_status *st)
{
    bool portions = e->state_limit && e->config.order == WEIR_ORDER_TIME;
    bool progress = true;
    while (progress && may_drain(e)) {
        WEIR_TRY(weir_engine_round(e, portions ? DRAIN_ROWS : UINT32_MAX, &progress, st));
    }
    if (!e->config.coalesce) {
        return WEIR_OK;
    }
    do {
        progress = weir_engine_flush_round(e);
    } while (progress && may_drain(e));
    return weir_topics_send(e->config.topics, st);
}

weir_rc weir_engine_feed(weir_engine *e, weir_query *q, weir_sv topic, int64_t offset,
                         uint32_t count, weir_status *st)
{
    WEIR_ASSERT(e->config.single_log && q->n_stages == 1);
    weir_task *t = q->stages[0]->tasks[0];
    int64_t keep[2 * WEIR_COUNT(q->plan->nodes[0]->in) + 64];
    bool reads = false;
    WEIR_ASSERT(t->n_scans <= WEIR_COUNT(keep));
    for (uint32_t i = 0; i < t->n_scans; i++) {
        weir_scan *s = &t->scans[i];
        keep[i] = s->next;
        if (weir_sv_eq(weir_topic_name(s->topic), topic)) {
            reads = true;
            s->next = offset;
        } else {
            s->next = INT64_MAX; /* sees nothing of the others now */
        }
    }
    if (!reads || q->failed) {
        return weir_fail(st, WEIR_EUSAGE, reads ? "%s" : "the query does not read this topic",
                         q->error);
    }
    WEIR_ASSERT(!t->looking); /* nobody can be asked while a record is fed */
    weir_task_run(t, count);
    for (uint32_t i = 0; i < t->n_scans; i++) {
        if (t->scans[i].next == INT64_MAX) {
            t->scans[i].next = keep[i];
        }
    }
    e->n_ready = 0;
    WEIR_GROW(e->ready, e->cap_ready, 1);
    e->ready[e->n_ready++] = t;
    report_problems(e);
    weir_deliver(e, 0);
    weir_deliver_rest(e);
    if (t->failed) {
        fail_query(t);
        return weir_fail(st, WEIR_EFATAL, "%s", t->error);
    }
    return WEIR_OK;
}

/* ---- numbers ---- */

const weir_plan *weir_query_plan(const weir_query *q)
{
    return q->plan;
}

const char *weir_query_error(const weir_query *q)
{
    return q->failed ? q->error : NULL;
}

void weir_query_stop(weir_query *q, const char *why)
{
    if (!q->failed) {
        q->failed = true;
        snprintf(q->error, sizeof q->error, "%s", why);
    }
}

uint64_t weir_engine_epoch(const weir_engine *e)
{
    return e->epoch;
}

void weir_query_stats_of(const weir_query *q, weir_query_stats *out)
{
    *out = (weir_query_stats){0};
    for (uint32_t i = 0; i < q->n_stages; i++) {
        const weir_stage *s = q->stages[i];
        for (int32_t p = 0; p < s->partitions; p++) {
            const weir_task *t = s->tasks[p];
            for (uint32_t k = 0; k < t->n_scans; k++) {
                const weir_scan *scan = &t->scans[k];
                out->read += scan->read;
                out->bad_records += scan->bad;
                out->lag += weir_max64(
                    weir_topic_end(scan->topic, scan->partition) - scan->next, 0);
            }
            for (uint32_t k = 0; k < t->n_ops; k++) {
                const weir_op *op = t->ops[k];
                out->late += op->late;
                out->errors += op->errors;
                out->state_entries += op->kind->state_entries ? op->kind->state_entries(op) : 0;
                out->state_bytes += op->kind->state_bytes ? op->kind->state_bytes(op) : 0;
                out->written += op->node->kind == WEIR_N_SINK ? op->rows_out : 0;
            }
        }
    }
}

uint32_t weir_query_ops(const weir_query *q, weir_op_stats *out, uint32_t max)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < q->n_stages; i++) {
        const weir_stage *s = q->stages[i];
        uint32_t first = n;
        for (int32_t p = 0; p < s->partitions; p++) {
            const weir_task *t = s->tasks[p];
            n = first;
            for (uint32_t k = 0; k < t->n_ops && n < max; k++, n++) {
                const weir_op *op = t->ops[k];
                if (p == 0) {
                    out[n] = (weir_op_stats){.node = op->node, .name = op->kind->name};
                }
                out[n].rows_in += op->rows_in;
                out[n].rows_out += op->rows_out;
                out[n].late += op->late;
                out[n].errors += op->errors;
                out[n].state_entries += op->kind->state_entries ? op->kind->state_entries(op) : 0;
                out[n].state_bytes += op->kind->state_bytes ? op->kind->state_bytes(op) : 0;
            }
        }
    }
    return n;
}
