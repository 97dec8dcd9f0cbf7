/* See sim_run.h. */
#include "tests/simulation/sim_impl.h"

#include "engine/base/hash.h"
#include "engine/io/file.h"
#include "engine/run/task.h"

#include <stdio.h>

#define TURNS_MAX 4000 /* of the engine, until it must have processed everything */

/* ---- steps ---- */

static bool check_queries(sim *r)
{
    weir_engine *e = weir_session_engine(r->session);
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        const weir_query *q = weir_engine_query_at(e, i);
        const char *why = weir_query_error(q);
        if (why && (sim_whole(r) || q != sim_seen(r))) {
            snprintf(r->problem, r->problem_n, "query %u stopped: %s", i, why);
            return false;
        }
    }
    return true;
}

/* As a host does it (tools/run_drive.c). */
bool sim_turn(sim *r, uint32_t rows)
{
    weir_status st;
    weir_status_reset(&st);
    weir_engine *e = weir_session_engine(r->session);
    bool full = false;
    bool progress = false;
    weir_rc rc = weir_engine_poll(e, &full, &st);
    if (rc == WEIR_OK && !full && !r->world.dead) {
        rc = weir_engine_round(e, rows, &progress, &st);
        if (rc == WEIR_OK && !progress && !r->world.dead) {
            rc = weir_engine_drain(e, &st);
        }
    }
    sim_note(&r->world, "turn%s%s", full ? ", full" : "", progress ? ", progress" : "");
    return (r->world.dead || check_queries(r)) && sim_survive(r, rc, &st);
}

bool sim_commit(sim *r)
{
    weir_status st;
    weir_status_reset(&st);
    sim_note(&r->world, "commit");
    r->figures->epochs++;
    weir_rc rc = weir_session_commit(r->session, &st);
    return (r->world.dead || check_queries(r)) && sim_survive(r, rc, &st);
}

static bool add_late(sim *r)
{
    if (r->late || !(r->shapes & 1u << SIM_REST)) {
        return true;
    }
    weir_status st;
    weir_status_reset(&st);
    return sim_survive(r, sim_add_late(r, &st), &st);
}

static bool stop_and_start(sim *r)
{
    sim_note(&r->world, "stopped");
    if (!sim_commit(r)) {
        return false;
    }
    if (r->session) {
        sim_bury(r);
    }
    return true;
}

/* Large: all the rest, when there has been a large epoch already. */
static void produce(sim *r)
{
    if (!r->large) {
        sim_produce_some(r, sim_between(&r->world, 1, 8));
    } else if (sim_broker_epoch(r->broker) > 0 && r->orders_left > 0) {
        sim_produce_some(r, r->orders_left);
    }
}

static bool step(sim *r)
{
    uint32_t what = sim_below(&r->world, 1000);
    r->world.step++;
    if (what < 230) {
        produce(r);
    } else if (what < 270) {
        sim_end_txn(r);
    } else if (what < 290) {
        sim_broker_tick(r->broker, false);
    } else if (what < 310) {
        sim_kill(r);
        r->figures->kills++;
    } else if (what < 325) {
        return stop_and_start(r);
    } else if (what < 345) {
        return add_late(r);
    } else if (what < 365 && r->retention) {
        sim_trim(r);
    } else if (what < 365) {
        sim_delete(r);
    } else if (what < 374 && r->config.exactly_once) {
        return sim_copy(r);
    } else if (what < 390 && !sim_whole(r)) {
        return sim_turn(r, r->rows) && (!r->session || sim_repair(r));
    } else if (what < 500) {
        return sim_commit(r);
    } else {
        return sim_turn(r, sim_between(&r->world, 1, r->rows));
    }
    return true;
}

/* Says which query waits for what. */
static bool stuck(sim *r)
{
    const weir_engine *e = r->session ? weir_session_engine(r->session) : NULL;
    snprintf(r->problem, r->problem_n, "it does not come to an end");
    for (size_t i = 0; e && i < e->n_queries; i++) {
        const weir_query *q = e->queries[i];
        for (uint32_t k = 0; k < q->n_stages; k++) {
            for (int32_t p = 0; p < q->stages[k]->partitions; p++) {
                const weir_task *t = q->stages[k]->tasks[p];
                for (uint32_t n = 0; n < t->n_scans; n++) {
                    const weir_scan *s = &t->scans[n];
                    size_t at = strlen(r->problem);
                    snprintf(r->problem + at, r->problem_n - at,
                             "\n  " WEIR_SV_FMT " reads " WEIR_SV_FMT "/%d at %lld of %lld%s%s",
                             WEIR_SV_ARG(q->plan->query_id), WEIR_SV_ARG(weir_topic_name(s->topic)), p,
                             (long long)s->next,
                             (long long)weir_topic_readable(s->topic, p, s->next),
                             s->held ? ", held" : "",
                             weir_topic_at_end(s->topic, p, s->next) ? ", at the end" : "");
                }
            }
        }
    }
    return false;
}

/* No more faults: everything must be processed in bounded time. */
static bool finish(sim *r)
{
    r->world.calm = true;
    r->countdown = 0;
    sim_end_txn(r);
    sim_broker_tick(r->broker, true);
    sim_note(&r->world, "calm: to the end");
    bool done = false;
    for (uint32_t i = 0; i < TURNS_MAX && !done; i++) {
        r->world.step++;
        if (!sim_live(r) || !add_late(r) || !sim_turn(r, 8192)) {
            return false;
        }
        /* Without a session an epoch was lost to a topic that is deleted. */
        weir_engine *e = r->session ? weir_session_engine(r->session) : NULL;
        if (!e || !weir_engine_caught_up(e) || (!sim_whole(r) && !sim_noticed(r))) {
            continue;
        }
        if (!sim_whole(r)) {
            if (!sim_repair(r)) {
                return false;
            }
            sim_produce_some(r, r->visits_left);
            continue;
        }
        weir_status st;
        weir_status_reset(&st);
        if (!sim_commit(r)) {
            return false;
        }
        sim_broker_tick(r->broker, true);
        WEIR_ASSERT(r->session);
        if (weir_engine_idle(e, &done, &st) != WEIR_OK) {
            return sim_fail(r, "idle", &st);
        }
    }
    return done || stuck(r);
}

/* ---- setting up ---- */

static void choose_mishaps(sim *r)
{
    static const uint32_t levels[] = {0, 10, 60, 200};
    sim_mishaps *m = &r->config.mishaps;
    uint32_t *all[] = {&m->flush, &m->offsets, &m->answer_lost, &m->doubt};
    for (size_t i = 0; i < WEIR_COUNT(all); i++) {
        *all[i] = levels[sim_below(&r->world, WEIR_COUNT(levels))];
    }
    m->ask = sim_chance(&r->world, 200) ? 8 : 0;
    m->full = sim_chance(&r->world, 500) ? 500 : 0;
    m->note_lost = 300;
}

static void choose_queries(sim *r)
{
    r->shapes = sim_between(&r->world, 1, (1u << SIM_SHAPES) - 1);
    if (r->shapes & (1u << SIM_BIG_EVEN | 1u << SIM_BIG_TOTALS)) {
        r->shapes |= 1u << SIM_BIG;
    }
    if (r->shapes & 1u << SIM_G_TOTALS) {
        r->shapes |= 1u << SIM_BY_G;
    }
    if (r->retention || r->large) {
        r->shapes = r->large ? 1u << SIM_TOTALS : 1u << SIM_BIG;
    }
    if (r->shapes & 1u << SIM_SEEN) {
        static const sim_gone ways[] = {SIM_NOTHING, SIM_SOURCE, SIM_SOURCE, SIM_SINK};
        r->gone = ways[sim_below(&r->world, WEIR_COUNT(ways))];
    }
}

static void choose(sim *r)
{
    static const uint32_t portions[] = {1, 3, 10, 100, 2000};
    static const uint32_t batches[] = {0, 0, 1, 3};
    static const uint32_t rows[] = {1, 4, 20, 200, 8192};
    static const char *const memories[] = {"1", "1", "4096", "32KB"};
    sim_world *w = &r->world;
    bool large = sim_chance(w, 8); /* an epoch whose batch does not fit into an entry of the store */
    r->config.exactly_once = large || !sim_chance(w, 300);
    r->config.lie = r->options->lie;
    r->retention = !large && sim_chance(w, 50);
    r->coalesce = sim_chance(w, 500);
    r->partitions = (int32_t)sim_between(w, 1, SIM_PARTITIONS_MAX);
    r->workers = sim_chance(w, 30) ? sim_between(w, 2, 3) : 1;
    r->keys = large ? SIM_LARGE_KEYS : sim_between(w, 1, 12);
    r->groups = sim_between(w, 1, SIM_GROUPS_MAX);
    r->large = large;
    r->inserts = !large && !r->retention && sim_chance(w, 200) ? sim_between(w, 1, 3) : 0;
    r->config.portion = large ? 2000 : portions[sim_below(w, WEIR_COUNT(portions))];
    r->rows = large ? 8192 : rows[sim_below(w, WEIR_COUNT(rows))];
    r->batch_rows = large ? 0 : batches[sim_below(w, WEIR_COUNT(batches))];
    r->orders_left = large ? 22000 : sim_between(w, 5, 120);
    r->users_left = large ? 0 : sim_between(w, 0, 40);
    r->clicks_left = large ? 0 : sim_between(w, 0, 40);
    r->visits_left = large ? 0 : sim_between(w, 0, 40);
    r->memory = sim_chance(w, 250) ? memories[sim_below(w, WEIR_COUNT(memories))] : NULL;
    r->clock = SIM_START_MS;
    choose_mishaps(r);
    choose_queries(r);
}

static void prepare(sim *r)
{
    sim_broker_create(r->broker, WEIR_SV("orders"), r->partitions);
    sim_broker_create(r->broker, WEIR_SV("users"), r->partitions);
    sim_broker_create(r->broker, WEIR_SV("clicks"), r->partitions);
    sim_broker_create(r->broker, WEIR_SV("visits"), r->partitions);
    for (uint32_t n = r->users_left / 4; n > 0; n--) {
        sim_produce_user(r);
    }
    const sim_topic *users = sim_broker_topic(r->broker, WEIR_SV("users"));
    r->known_users = r->partitions == 1 ? (uint32_t)users->logs[0].n : 0;
    if (r->large) { /* so much at once, twice */
        sim_produce_some(r, r->orders_left / 2);
    }
    sim_note(&r->world, "%s, %s, %d partitions, %u workers, batches of %u, queries %#x%s",
             r->config.exactly_once ? "exactly_once_v2" : "at_least_once",
             r->coalesce ? "tables hold back" : "every update", r->partitions, r->workers,
             r->batch_rows, r->shapes,
             r->retention ? ", retention" : r->large ? ", many keys" : "");
    if (r->memory) {
        sim_note(&r->world, "memory for state: %s", r->memory);
    }
}

static bool drive(sim *r)
{
    uint32_t steps = sim_between(&r->world, 20, 90);
    for (uint32_t i = 0; i < steps; i++) {
        if (!sim_live(r)) {
            return false;
        }
        sim_plan_death(r, r->large ? 300 : 60);
        if (!step(r)) {
            return false;
        }
    }
    if (!finish(r)) {
        return false;
    }
    if (r->large || sim_chance(&r->world, 300)) { /* and all of it is remembered */
        r->lone = true;
        sim_kill(r);
        return finish(r);
    }
    return true;
}

static bool check(sim *r)
{
    sim_checks checks = {
        .broker = r->broker,
        .shapes = r->shapes,
        .coalesce = r->coalesce,
        .rewinds = r->config.exactly_once ? 0 : r->rewinds,
        .gaps = r->gaps,
        .n_gaps = r->n_gaps,
        .known_users = r->known_users,
        .inserts = r->inserts,
        .gone = r->deleted ? r->gone : SIM_NOTHING,
        .read = r->read,
    };
    return sim_check(&checks, r->problem, r->problem_n);
}

/* What the brokers hold at the end. */
static uint64_t digest(sim *r)
{
    uint64_t h = weir_hash_u64(r->world.step + r->lives);
    sim_topic *t;
    for (size_t i = 0; (t = sim_broker_topic_at(r->broker, i)) != NULL; i++) {
        for (int32_t p = 0; p < t->partitions; p++) {
            for (size_t k = 0; k < t->logs[p].n; k++) {
                const sim_record *record = &t->logs[p].records[k];
                h = weir_hash_u64(h ^ weir_hash_sv(record->key) ^ weir_hash_sv(record->value) * 31 ^
                                  record->txn);
                r->figures->outputs += t->name.p[0] < 'a' && !record->marker;
            }
        }
    }
    return h;
}

bool sim_run(const sim_options *options, sim_figures *figures, char *problem, size_t n)
{
    sim r = {.options = options, .figures = figures, .problem = problem, .problem_n = n};
    r.world.verbose = options->verbose;
    weir_rng_seed(&r.world.rng, options->seed);
    snprintf(r.dir, sizeof r.dir, "%s/%llu", options->parent, (unsigned long long)options->seed);
    r.broker = sim_broker_new(&r.world);
    choose(&r);
    prepare(&r);
    weir_faults_hook(sim_at_point, &r);
    sim_ingest_torn = sim_torn;
    sim_ingest_ctx = &r;
    bool good = drive(&r);
    weir_faults_hook(NULL, NULL);
    sim_ingest_torn = NULL;
    if (r.session) {
        weir_session_close(r.session);
    }
    sim_broker_tell(r.broker);
    good = good && check(&r);
    figures->digest = digest(&r);
    sim_broker_free(r.broker);
    weir_remove_tree(r.dir);
    return good;
}
