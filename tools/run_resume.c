/* After a lost epoch: Kafka did not take a record or a transaction. Everything is made anew in this
 * process and goes on from the last commit. What Kafka will never take stops the queries that write
 * it, and no others. */
#include "tools/run.h"

#include <stdio.h>

#define WAIT_MS_FIRST 1000
#define WAIT_MS_MOST 30000

/* What came from files is not there a second time; without a data directory what was read is gone. */
static bool can_resume(const weir_run *r, const weir_status *st)
{
    weir_sv servers;
    return st->retriable && r->signum == 0 && r->inputs_wanted.n == 0 && r->outputs_wanted.n == 0 &&
           (r->data_dir || !r->driven) &&
           weir_cluster_property(r->door, "bootstrap.servers", &servers) &&
           weir_cluster_stop_ms(r->door) < 0;
}

static const weir_run_refusal *refusal_of(const weir_run *r, weir_sv topic)
{
    for (size_t i = 0; i < r->resume.n; i++) {
        if (weir_sv_eq(weir_sv_cstr(r->resume.refused[i].topic), topic)) {
            return &r->resume.refused[i];
        }
    }
    return NULL;
}

/* False: it was refused before, so it is no query that writes it. */
static bool note_refusal(weir_run *r)
{
    const weir_cluster *c =
        r->session ? weir_topics_cluster(weir_session_topics(r->session)) : NULL;
    weir_run_resume_state *s = &r->resume;
    if (!c || !c->refused_topic) {
        return true;
    }
    if (refusal_of(r, weir_sv_cstr(c->refused_topic))) {
        return false;
    }
    WEIR_GROW(s->refused, s->cap, s->n + 1);
    s->refused[s->n++] =
        (weir_run_refusal){weir_strdup(c->refused_topic), weir_strdup(c->refused_why)};
    s->wait_ms = 0; /* its queries will not be in the way again */
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
        const weir_run_refusal *refusal = sink ? refusal_of(r, sink->topic) : NULL;
        if (refusal) {
            weir_query_stop(q, refusal->why);
        }
    }
}

void weir_run_resume_free(weir_run_resume_state *s)
{
    for (size_t i = 0; i < s->n; i++) {
        weir_free(s->refused[i].topic);
        weir_free(s->refused[i].why);
    }
    weir_free(s->refused);
}
