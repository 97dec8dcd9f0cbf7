/* Carrying out a plan of changes. The statements that should be there are executed over the data
 * directory; a query that goes on with another plan is deployed with its old plan first, and replaced.
 * Nothing runs meanwhile. Then one commit has everything: new positions and plans, the removal of what
 * is gone, and the revision. Killed before it, nothing has happened. */
#include "engine/io/loop.h"
#include "engine/server/bundle_session.h"
#include "engine/server/deploy_impl.h"

static weir_rc deploy_old(weir_session *s, const weir__unit *was, weir_status *st)
{
    weir_start start = {.kind = WEIR_START_LATEST};
    weir_query *q = NULL;
    weir_engine *e = weir_session_engine(s);
    return weir_engine_add(e, was->plan, &start, NULL, NULL, NULL, &q, st);
}

static void pause_all(weir_session *s)
{
    weir_engine *e = weir_session_engine(s);
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        weir_query_pause(weir_engine_query_at(e, i), true);
    }
}

static weir_rc execute(weir_deploy *d, weir_session *s, weir_status *st)
{
    const weir_bundle *b = d->config.bundle;
    WEIR_TRY(b ? weir_bundle_provide(b, s, st) : WEIR_OK);
    for (uint32_t i = 0; i < d->should.n; i++) {
        const weir__unit *u = d->should.units[i];
        weir_rc rc = u->takes_over ? deploy_old(s, u->other, st) : WEIR_OK;
        rc = rc ? rc : weir_session_execute_as(s, u->text, u->number, st);
        if (rc != WEIR_OK) {
            return weir_wrap(st, WEIR_SV_FMT, WEIR_SV_ARG(u->name));
        }
        pause_all(s);
    }
    return b ? weir_bundle_leave(b, s, st) : WEIR_OK;
}

/* Topics of a cluster are made at once. Those of a plan that failed are empty, and go. */
static void drop_new_topics(weir_deploy *d, weir_session *s)
{
    for (uint32_t i = 0; i < d->should.n; i++) {
        const weir__unit *u = d->should.units[i];
        weir_sv topic = u->kind == WEIR__UNIT_SOURCE && u->source ? u->source->topic : (weir_sv){0};
        if (topic.n && weir_topics_cluster(weir_session_topics(s)) &&
            weir_catalog_topic_partitions(weir_session_catalog(d->is.session), topic) == 0 &&
            weir_topics_find(weir_session_topics(s), topic)) {
            weir_status ignored;
            (void)weir_topics_drop(weir_session_topics(s), topic, &ignored);
        }
    }
}

weir_rc weir_deploy_apply(weir_deploy *d, weir_session *s, weir_sv who, weir_status *st)
{
    weir_store_batch *batch = weir_session_extra(s);
    WEIR_ASSERT(batch != NULL);
    weir_rc rc = execute(d, s, st);
    if (rc != WEIR_OK) {
        drop_new_topics(d, s);
        return rc;
    }
    for (uint32_t i = 0; i < d->n_stored; i++) {
        if (!d->stored[i].claimed) {
            weir_engine_forget(d->stored[i].id, batch);
        }
    }
    for (uint32_t i = 0; i < d->is.n; i++) {
        const weir__unit *u = d->is.units[i];
        if (weir__loses_position(u)) {
            weir_connect_forget(u->name, batch);
        }
    }
    d->revision.time_ms = weir_wall_ms();
    d->revision.who = weir_arena_sv(&d->arena, who);
    weir_revision_put(batch, &d->revision);
    return weir_session_commit(s, st);
}
