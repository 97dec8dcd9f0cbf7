/* The loop of a run. One step takes a portion of input and lets the engine work; between steps
 * signals and timers have their turn.
 *
 *   --until-idle   each step is drained: every update, in the order of the records; ends by itself
 *   live           a step is one round; what tables hold back goes out when nothing is left to read,
 *                  or with the commit; ends by a signal, or when every SELECT has reached its LIMIT */
#include "engine/io/fault.h"
#include "tools/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define RECORDS_PER_STEP 8192
#define ROWS_PER_ROUND 8192
#define COMMIT_MS 1000       /* commit.interval.ms */
#define EXACTLY_ONCE_COMMIT_MS 100
#define WORK_PER_COMMIT 3    /* large commits come later (up to COMMIT_MS): a quarter of the time */
#define EXACTLY_ONCE_WORK_PER_COMMIT 10 /* they cost more: a tenth */
#define CLUSTER_LOOK_MS 50   /* without a call from the cluster */
#define PROGRESS_MS 500
#define NS_PER_MS 1000000LL

static bool stop(weir_run *r, weir_rc rc)
{
    r->rc = r->rc ? r->rc : rc;
    weir_loop_stop(r->loop);
    return false;
}

/* Queries that have stopped by themselves. With --until-idle that is the end; else it is told, and the
 * others go on. */
static weir_rc check_queries(weir_run *r, weir_status *st)
{
    weir_engine *e = weir_session_engine(r->session);
    uint32_t failed = 0;
    WEIR_TRY(weir_engine_whole(e, st));
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        const weir_query *q = weir_engine_query_at(e, i);
        if (!weir_query_error(q)) {
            continue;
        }
        weir_sv id = weir_query_plan(q)->query_id;
        if (r->until_idle) {
            return weir_fail(st, WEIR_EFATAL, "query " WEIR_SV_FMT " stopped: %s", WEIR_SV_ARG(id),
                             weir_query_error(q));
        }
        if (++failed > r->reported) {
            weir_run_progress_clear(r);
            fprintf(stderr, "weir run: query " WEIR_SV_FMT " stopped: %s\n", WEIR_SV_ARG(id),
                    weir_query_error(q));
            r->reported = failed;
        }
    }
    return WEIR_OK;
}

static weir_rc publish(weir_run *r, weir_status *st)
{
    if (r->line_shown && weir_outputs_count(r->outputs) == 0) {
        weir_run_progress_clear(r); /* rows may follow on the same terminal */
    }
    WEIR_TRY(weir_run_show_flush(r->show, st));
    WEIR_TRY(weir_outputs_pump(r->outputs, st));
    return weir_run_log_flush(r->log, st);
}

/* Connectors: what was committed goes to sinks, what sources brought goes to topics. */
static weir_rc pump(weir_run *r, bool *more, weir_status *st)
{
    bool moved = false;
    WEIR_TRY(weir_session_pump(r->session, &moved, st));
    if (moved) {
        r->uncommitted = true;
        *more = true;
    }
    return WEIR_OK;
}

/* With a data directory outputs follow the commit: what is written out is durable. */
static weir_rc commit(weir_run *r, weir_status *st)
{
    bool more = false;
    int64_t began = weir_mono_ns();
    WEIR_TRY(weir_session_commit(r->session, st));
    r->committed_ns = weir_mono_ns();
    r->commit_took_ns = r->committed_ns - began;
    r->uncommitted = false;
    WEIR_TRY(pump(r, &more, st));
    if (more) {
        weir_loop_busy(r->loop);
    }
    return publish(r, st);
}

/* Somebody outside waits for an answer, which waits for a commit: where there is other work, too, at most
 * half of the time goes there. What comes meanwhile is in the next one. */
static weir_rc commit_for_answers(weir_run *r, bool *more, weir_status *st)
{
    if (!weir_session_wants_commit(r->session)) {
        return WEIR_OK;
    }
    if (*more && weir_mono_ns() - r->committed_ns < r->commit_took_ns) {
        return WEIR_OK;
    }
    *more = true;
    return commit(r, st);
}

/* Before a run ends by itself: sinks get what they have not seen, and the time to deliver it. */
static weir_rc finish_connectors(weir_run *r, bool *more, bool *done, weir_status *st)
{
    if (!*done || *more) {
        *done &= !*more;
        return WEIR_OK;
    }
    if (r->uncommitted) {
        WEIR_TRY(commit(r, st));
    }
    *done = weir_session_connectors_idle(r->session) && !r->uncommitted;
    return WEIR_OK;
}

/* State has outgrown its memory: what is written down may leave it. */
static weir_rc commit_early(weir_run *r, bool *more, weir_status *st)
{
    if (!r->data_dir || !weir_engine_wants_commit(weir_session_engine(r->session))) {
        return WEIR_OK;
    }
    *more = true;
    return commit(r, st);
}

static uint32_t selects(weir_run *r, bool *persistent)
{
    weir_engine *e = weir_session_engine(r->session);
    uint32_t n = 0;
    *persistent = false;
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        bool kept = weir_query_plan(weir_engine_query_at(e, i))->persistent;
        *persistent |= kept;
        n += !kept;
    }
    return n;
}

static weir_rc step_until_idle(weir_run *r, bool *more, bool *done, weir_status *st)
{
    uint32_t taken = 0;
    bool waiting = false;
    WEIR_TRY(weir_inputs_take(r->inputs, r->session, RECORDS_PER_STEP, true, &taken, &waiting, st));
    WEIR_TRY(weir_engine_drain(weir_session_engine(r->session), st));
    WEIR_TRY(check_queries(r, st));
    if (!r->data_dir) {
        WEIR_TRY(publish(r, st));
    } else if (weir_mono_ns() - r->committed_ns > COMMIT_MS * NS_PER_MS) {
        WEIR_TRY(commit(r, st));
    }
    *more = taken > 0;
    *done = taken == 0 && !waiting;
    return commit_early(r, more, st);
}

static weir_rc step_live(weir_run *r, bool *more, bool *done, weir_status *st)
{
    uint32_t taken = 0;
    bool waiting = false;
    bool progress = false;
    weir_engine *e = weir_session_engine(r->session);
    WEIR_TRY(weir_inputs_take(r->inputs, r->session, RECORDS_PER_STEP, false, &taken, &waiting, st));
    WEIR_TRY(weir_engine_round(e, ROWS_PER_ROUND, &progress, st));
    *more = taken > 0 || progress;
    if (!*more) {
        WEIR_TRY(weir_engine_drain(e, st)); /* caught up: tables let go what they hold back */
    }
    WEIR_TRY(check_queries(r, st));
    if (!r->data_dir) {
        WEIR_TRY(publish(r, st));
    } else {
        WEIR_TRY(weir_run_show_flush(r->show, st));
    }
    bool persistent;
    uint32_t n = selects(r, &persistent);
    *done = !persistent && weir_run_show_done(r->show, n);
    return commit_early(r, more, st);
}

/* A cluster: takes in what has arrived. *go false: outputs wait for room. */
static weir_rc poll_cluster(weir_run *r, bool *go, weir_status *st)
{
    bool full = false;
    WEIR_TRY(weir_engine_poll(weir_session_engine(r->session), &full, st));
    *go = !full;
    return WEIR_OK;
}

/* Everything that the brokers have now has been read and answered: asked after a commit, because what
 * it made visible may be read by another query. */
static weir_rc cluster_done(weir_run *r, bool *done, weir_status *st)
{
    weir_engine *e = weir_session_engine(r->session);
    if (!weir_engine_caught_up(e)) {
        return WEIR_OK;
    }
    WEIR_TRY(commit(r, st));
    WEIR_TRY(weir_engine_idle(e, done, st));
    return *done ? weir_outputs_idle(r->outputs, done, st) : WEIR_OK;
}

static weir_rc step_cluster(weir_run *r, bool *more, bool *done, weir_status *st)
{
    uint32_t taken = 0;
    bool waiting = false;
    bool progress = false;
    bool go = false;
    weir_engine *e = weir_session_engine(r->session);
    WEIR_TRY(poll_cluster(r, &go, st));
    *more = true;
    if (!go) {
        return WEIR_OK;
    }
    WEIR_TRY(weir_inputs_take(r->inputs, r->session, RECORDS_PER_STEP, r->until_idle, &taken, &waiting,
                              st));
    WEIR_TRY(weir_engine_round(e, ROWS_PER_ROUND, &progress, st));
    *more = taken > 0 || progress;
    if (!*more && weir_engine_near_end(e)) {
        WEIR_TRY(weir_engine_drain(e, st)); /* tables let go what they hold back */
    }
    WEIR_TRY(check_queries(r, st));
    if (!r->data_dir) {
        WEIR_TRY(publish(r, st));
    } else {
        WEIR_TRY(weir_run_show_flush(r->show, st));
    }
    if (r->until_idle) {
        bool wait = *more || waiting;
        WEIR_TRY(commit_early(r, more, st));
        return wait ? WEIR_OK : cluster_done(r, done, st);
    }
    bool persistent;
    uint32_t n = selects(r, &persistent);
    *done = !persistent && weir_run_show_done(r->show, n);
    return commit_early(r, more, st);
}

static bool step(void *ctx)
{
    weir_run *r = ctx;
    bool more = false;
    bool done = false;
    bool cluster = weir_topics_cluster(weir_session_topics(r->session)) != NULL;
    bool brought = false;
    weir_rc rc = pump(r, &brought, r->st);
    rc = rc ? rc : cluster  ? step_cluster(r, &more, &done, r->st)
         : r->until_idle    ? step_until_idle(r, &more, &done, r->st)
                            : step_live(r, &more, &done, r->st);
    r->uncommitted |= more;
    more |= brought;
    rc = rc ? rc : commit_for_answers(r, &more, r->st);
    rc = rc || !r->until_idle ? rc : finish_connectors(r, &more, &done, r->st);
    return rc != WEIR_OK || done ? stop(r, rc) : more;
}

static void on_commit(void *ctx)
{
    weir_run *r = ctx;
    const weir_cluster *c = weir_topics_cluster(weir_session_topics(r->session));
    int64_t work = c && c->exactly_once ? EXACTLY_ONCE_WORK_PER_COMMIT : WORK_PER_COMMIT;
    int64_t apart = weir_min64(work * r->commit_took_ns, COMMIT_MS * NS_PER_MS);
    if (weir_mono_ns() - r->committed_ns < apart) {
        return;
    }
    weir_rc rc = r->rc ? r->rc : commit(r, r->st);
    if (rc != WEIR_OK) {
        stop(r, rc);
    }
}

void weir_run_busy(void *loop)
{
    weir_loop_busy(loop);
}

static void on_progress(void *ctx)
{
    weir_run_progress(ctx);
}

/* The first signal ends the run in order; the second one ends the process at once. */
static void on_signal(void *ctx, int signum)
{
    weir_run *r = ctx;
    r->signum = signum;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    stop(r, WEIR_OK);
}

static uint64_t commit_interval(const weir_run *r)
{
    weir_sv v;
    char text[16];
    const weir_cluster *c = weir_topics_cluster(weir_session_topics(r->session));
    uint64_t standard = c && c->exactly_once ? EXACTLY_ONCE_COMMIT_MS : COMMIT_MS;
    if (!weir_session_get(r->session, WEIR_SV("commit.interval.ms"), &v) || v.n >= sizeof text) {
        return standard;
    }
    memcpy(text, v.p, v.n);
    text[v.n] = 0;
    char *end = NULL;
    unsigned long long ms = strtoull(text, &end, 10);
    return end == text || *end || ms < 1 || ms > 3600000 ? standard : ms;
}

weir_rc weir_run_drive(weir_run *r, weir_status *st)
{
    r->st = st;
    WEIR_TRY(WEIR_FAULT(START_DONE, st));
    r->committed_ns = r->shown_ns = weir_mono_ns();
    weir_loop_on_signal(r->loop, on_signal, r);
    if (weir_cluster_stop_ms(r->door) >= 0) { /* while it was starting */
        r->signum = weir_cluster_stop_signum(r->door);
        return WEIR_OK;
    }
    weir_timer *committing =
        r->until_idle && !weir_topics_cluster(weir_session_topics(r->session))
            ? NULL
            : weir_timer_start(r->loop, commit_interval(r), on_commit, r);
    bool cluster = weir_topics_cluster(weir_session_topics(r->session)) != NULL;
    weir_timer *looking =
        cluster ? weir_timer_start(r->loop, CLUSTER_LOOK_MS, weir_run_busy, r->loop) : NULL;
    weir_timer *showing = r->progress ? weir_timer_start(r->loop, PROGRESS_MS, on_progress, r) : NULL;
    weir_loop_on_idle(r->loop, step, r);
    weir_loop_busy(r->loop);
    weir_loop_run(r->loop);
    if (committing) {
        weir_timer_stop(committing);
    }
    if (looking) {
        weir_timer_stop(looking);
    }
    if (showing) {
        weir_timer_stop(showing);
    }
    weir_run_progress_clear(r);
    weir_session_stop_connectors(r->session);
    return r->rc ? r->rc : commit(r, st);
}
