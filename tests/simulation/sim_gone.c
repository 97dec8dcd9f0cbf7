/* Others delete a topic while the engine works, or while it is not there; it may be made again at once.
 *
 *   a source   the query that reads it stops and says so, at the latest when it is started again
 *   a sink     the epoch that writes it is lost, and the host stops the query that does
 *
 * The other queries go on and lose nothing: the model sees to that. Somebody repairs it: the topic is
 * made again, the query dropped and created. */
#include "tests/simulation/sim_impl.h"

#include "engine/data/plan.h"

#include <stdio.h>

static const char visits_sql[] = "CREATE STREAM visits (k STRING KEY, p INT, n INT, v INT)"
                                 " WITH (kafka_topic='visits', value_format='DELIMITED');";

weir_query *sim_seen(sim *r)
{
    weir_engine *e = weir_session_engine(r->session);
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        weir_query *q = weir_engine_query_at(e, i);
        const weir_source *sink = weir_query_plan(q)->sink->sink.sink;
        if (sink && weir_sv_eq(sink->name, WEIR_SV("SEEN"))) {
            return q;
        }
    }
    return NULL;
}

static weir_rc create(sim *r, bool source, weir_status *st)
{
    if (source) {
        WEIR_TRY(sim_execute(r, weir_sv_cstr(visits_sql), st));
    }
    return sim_insert_query(r, "SEEN", "SELECT k, p, n, v FROM visits WHERE v % 3 <> 0;", st);
}

weir_rc sim_open_seen(sim *r, weir_status *st)
{
    if (!(r->shapes & 1u << SIM_SEEN)) {
        return WEIR_OK;
    }
    r->absent = !sim_broker_topic(r->broker, WEIR_SV("visits"));
    weir_rc rc = create(r, true, st);
    if (r->absent && rc != WEIR_OK && !r->world.dead && !st->retriable) {
        sim_note(&r->world, "not started: %s", st->msg);
        return WEIR_OK;
    }
    r->absent = false;
    weir_query *q = rc == WEIR_OK ? sim_seen(r) : NULL;
    if (q && r->refused) {
        weir_query_stop(q, "SEEN cannot be written");
    }
    return rc;
}

void sim_delete(sim *r)
{
    weir_sv name = r->gone == SIM_SOURCE ? WEIR_SV("visits") : WEIR_SV("SEEN");
    sim_topic *t = sim_broker_topic(r->broker, name);
    if (r->gone == SIM_NOTHING || r->deleted || !t) {
        return;
    }
    r->deleted = true;
    for (int32_t p = 0; p < t->partitions; p++) {
        r->read[p] = sim_broker_position(r->broker, name, p);
    }
    sim_broker_drop(r->broker, t);
    bool again = r->gone == SIM_SOURCE && sim_chance(&r->world, 400);
    if (again) {
        sim_broker_create(r->broker, name, r->partitions);
    }
    sim_note(&r->world, "others delete " WEIR_SV_FMT "%s", WEIR_SV_ARG(name),
             again ? ", and make it again" : "");
}

bool sim_whole(const sim *r)
{
    return !r->deleted || r->repaired;
}

/* Where nothing was read there is nothing to notice in a topic that was made again. */
bool sim_noticed(sim *r)
{
    const weir_query *q = sim_seen(r);
    bool read = false;
    for (int32_t p = 0; p < r->partitions; p++) {
        read = read || r->read[p] > 0;
    }
    return !q || r->gone != SIM_SOURCE || !read || r->tried || weir_query_error(q);
}

/* A query that has stopped says why. */
static bool check_reason(sim *r)
{
    const weir_query *q = sim_seen(r);
    const char *why = q ? weir_query_error(q) : NULL;
    const char *name = r->gone == SIM_SOURCE ? "visits" : "SEEN";
    return !why || strstr(why, name) || sim_fail(r, why, NULL);
}

static weir_rc make_again(sim *r, weir_status *st)
{
    if (!sim_broker_topic(r->broker, WEIR_SV("visits"))) {
        sim_broker_create(r->broker, WEIR_SV("visits"), r->partitions);
    }
    if (r->absent) { /* it is known again, with the old positions */
        WEIR_TRY(create(r, true, st));
        r->absent = false;
    }
    bool sink = r->gone == SIM_SINK;
    WEIR_TRY(sim_execute(r, sink ? WEIR_SV("TERMINATE SEEN; DROP STREAM seen DELETE TOPIC;")
                                 : WEIR_SV("TERMINATE SEEN; DROP STREAM seen;"), st));
    return create(r, false, st);
}

bool sim_repair(sim *r)
{
    weir_status st;
    weir_status_reset(&st);
    if (!sim_commit(r) || !r->session || !check_reason(r)) {
        return !r->problem[0];
    }
    sim_note(&r->world, "the topic is made again, the query dropped and created");
    weir_rc rc = make_again(r, &st);
    r->refused = rc ? r->refused : false;
    r->tried |= rc == WEIR_OK;
    if (!sim_survive(r, rc, &st) || !r->session || !sim_commit(r)) {
        return !r->problem[0];
    }
    r->repaired = r->session != NULL;
    return true;
}
