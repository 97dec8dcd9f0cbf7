/* After a lost epoch: Kafka did not take a record or a transaction. Everything is made anew in this
 * process and goes on from the last commit. What Kafka will never take stops the queries that write
 * it, and no others. */
#include "tools/run.h"

#include <stdio.h>

#define WAIT_MS_FIRST 1000
#define WAIT_MS_MOST 30000

/* What came from files is not there a second time. */
static bool no_files(const weir_run *r)
{
    return r->inputs_wanted.n == 0 && r->outputs_wanted.n == 0;
}

bool weir_run_can_go_back(const weir_run *r)
{
    return r->data_dir && !r->until_idle && no_files(r);
}

/* Without a data directory what was read is gone. */
static bool can_resume(const weir_run *r, const weir_status *st)
{
    return st->retriable && r->signum == 0 && no_files(r) && (r->data_dir || !r->driven) &&
           weir_cluster_stop_ms(r->door) < 0;
}

static bool is_named(const char *name, weir_sv text)
{
    return name && weir_sv_eq(weir_sv_cstr(name), text);
}

/* What was noted of the topic or of the query; the other one is empty. */
static const weir_run_refusal *refusal_of(const weir_run *r, weir_sv topic, weir_sv query)
{
    for (size_t i = 0; i < r->resume.n; i++) {
        const weir_run_refusal *f = &r->resume.refused[i];
        if (is_named(f->topic, topic) || is_named(f->query, query)) {
            return f;
        }
    }
    return NULL;
}

static void refuse(weir_run *r, const char *topic, weir_sv query, const char *why)
{
    weir_run_resume_state *s = &r->resume;
    weir_run_refusal f = {.topic = topic ? weir_strdup(topic) : NULL, .why = weir_strdup(why)};
    if (!topic) {
        f.query = weir_alloc((size_t)query.n + 1);
        memcpy(f.query, query.p, query.n);
        f.query[query.n] = 0;
    }
    WEIR_GROW(s->refused, s->cap, s->n + 1);
    s->refused[s->n++] = f;
    s->wait_ms = 0; /* it will not be in the way again */
}

/* Queries that failed by themselves would do so again. */
static void note_failed(weir_run *r)
{
    weir_engine *e = r->session ? weir_session_engine(r->session) : NULL;
    for (uint32_t i = 0; e && i < weir_engine_queries(e); i++) {
        const weir_query *q = weir_engine_query_at(e, i);
        weir_sv id = weir_query_plan(q)->query_id;
        if (weir_query_error(q) && !refusal_of(r, (weir_sv){0}, id)) {
            refuse(r, NULL, id, weir_query_error(q));
        }
    }
}

/* False: it was refused before, so it is no query that writes it. */
static bool note_refusal(weir_run *r)
{
    const weir_cluster *c =
        r->session ? weir_topics_cluster(weir_session_topics(r->session)) : NULL;
    if (c) {
        weir_cluster_learn(r->door, c);
    }
    if (!c || !c->refused_topic) {
        return true;
    }
    if (refusal_of(r, weir_sv_cstr(c->refused_topic), (weir_sv){0})) {
        return false;
    }
    refuse(r, c->refused_topic, (weir_sv){0}, c->refused_why);
    return true;
}

/* Before the next attempt: none after some commits, else longer from time to time. */
static int64_t wait_of(weir_run *r)
{
    weir_run_resume_state *s = &r->resume;
    uint64_t epoch = r->session ? weir_engine_epoch(weir_session_engine(r->session)) : 0;
    bool progress = epoch > s->epoch + 1; /* the lost one may be counted */
    int64_t ms = progress ? 0 : s->wait_ms;
    s->wait_ms = progress || ms == 0 ? WAIT_MS_FIRST : weir_min64(ms * 2, WAIT_MS_MOST);
    s->epoch = epoch ? epoch : s->epoch;
    return ms;
}

bool weir_run_resume(weir_run *r, weir_status *st)
{
    if (!can_resume(r, st) || !note_refusal(r)) {
        return false;
    }
    note_failed(r);
    int64_t ms = wait_of(r);
    weir_run_progress_clear(r);
    fprintf(stderr, "weir run: %s; going on from the last commit", st->msg);
    if (ms > 0) {
        fprintf(stderr, " in %lld s", (long long)(ms / 1000));
    }
    fprintf(stderr, "\n");
    weir_session_close(r->session);
    r->session = NULL;
    if (!weir_cluster_wait(r->door, ms)) {
        return false; /* asked to end */
    }
    r->rc = WEIR_OK;
    r->reported = 0;
    weir_status_reset(st);
    return true;
}

void weir_run_stop_refused(weir_run *r)
{
    weir_engine *e = weir_session_engine(r->session);
    for (uint32_t i = 0; i < weir_engine_queries(e) && r->resume.n > 0; i++) {
        weir_query *q = weir_engine_query_at(e, i);
        const weir_source *sink = weir_query_plan(q)->sink->sink.sink;
        const weir_run_refusal *refusal =
            refusal_of(r, sink ? sink->topic : (weir_sv){0}, weir_query_plan(q)->query_id);
        if (refusal) {
            weir_query_stop(q, refusal->why);
        }
    }
}

void weir_run_resume_free(weir_run_resume_state *s)
{
    for (size_t i = 0; i < s->n; i++) {
        weir_free(s->refused[i].topic);
        weir_free(s->refused[i].query);
        weir_free(s->refused[i].why);
    }
    weir_free(s->refused);
}
