/* Lives and deaths of the engine's process. See sim_run.h. */
#include "tests/simulation/sim_impl.h"

#include "engine/base/hash.h"
#include "engine/server/properties.h"

#include <stdio.h>

#define LIVES_MAX 400
#define ANY_POINT WEIR_FAULT_POINTS

static const char *const queries[SIM_SHAPES] = {
    [SIM_BIG] = "CREATE STREAM big AS SELECT k, p, n, v FROM orders WHERE v % 3 <> 0;",
    [SIM_BIG_EVEN] = "CREATE STREAM big_even AS SELECT k, p, n, v * 2 AS w FROM big WHERE v % 2 = 0;",
    [SIM_BIG_TOTALS] = "CREATE TABLE big_totals AS SELECT k, COUNT(*) AS c, SUM(v) AS s FROM big "
                       "GROUP BY k;",
    [SIM_BY_G] = "CREATE STREAM by_g AS SELECT g, k, p, n, v FROM orders PARTITION BY g;",
    [SIM_G_TOTALS] = "CREATE TABLE g_totals AS SELECT g, COUNT(*) AS c, SUM(v) AS s FROM by_g "
                     "GROUP BY g;",
    [SIM_TOTALS] = "CREATE TABLE totals AS SELECT k, COUNT(*) AS c, SUM(v) AS s FROM orders "
                   "GROUP BY k;",
    [SIM_WINDOWS] = "CREATE TABLE windows AS SELECT k, COUNT(*) AS c, SUM(v) AS s FROM orders "
                    "WINDOW TUMBLING (SIZE 10 SECONDS, GRACE PERIOD 3 SECONDS) GROUP BY k;",
    [SIM_GROUPS] = "CREATE TABLE groups AS SELECT g, COUNT(*) AS c, SUM(v) AS s FROM orders "
                   "GROUP BY g;",
    [SIM_LOOKED] = "CREATE STREAM looked AS SELECT o.k AS k, o.p AS p, o.n AS n, o.v AS v, u.un AS un "
                   "FROM orders o LEFT JOIN users u ON o.k = u.k;",
    [SIM_PAIRS] = "CREATE STREAM pairs AS SELECT o.k AS k, o.p AS p, o.n AS n, c.n AS cn, o.v + c.v AS v "
                  "FROM orders o JOIN clicks c WITHIN 5 SECONDS GRACE PERIOD 10 HOURS ON o.k = c.k;",
    [SIM_BY_UN] = "CREATE TABLE by_un AS SELECT un % 5 AS g, COUNT(*) AS c, SUM(un) AS s FROM users "
                  "GROUP BY un % 5;",
};

static const char sources[] =
    "CREATE STREAM orders (k STRING KEY, p INT, n INT, v INT, g INT)"
    " WITH (kafka_topic='orders', value_format='DELIMITED');"
    "CREATE STREAM clicks (k STRING KEY, p INT, n INT, v INT)"
    " WITH (kafka_topic='clicks', value_format='DELIMITED');"
    "CREATE TABLE users (k STRING PRIMARY KEY, un INT)"
    " WITH (kafka_topic='users', value_format='DELIMITED');";

bool sim_fail(sim *r, const char *what, const weir_status *st)
{
    snprintf(r->problem, r->problem_n, "%s%s%s", what, st ? ": " : "", st ? st->msg : "");
    return false;
}

/* ---- death ---- */

weir_rc sim_at_point(void *ctx, weir_fault_point point, weir_status *st)
{
    sim *r = ctx;
    if (!r->world.dead && r->countdown > 0 && (r->point == ANY_POINT || r->point == point) &&
        --r->countdown == 0) {
        sim_note(&r->world, "killed at %s", weir_fault_name(point));
        sim_cluster_last_words(r->cluster);
        r->world.dead = true;
        r->figures->hits[point]++;
    }
    return r->world.dead ? weir_fail(st, WEIR_EIO, "simulated: killed") : WEIR_OK;
}

/* A table file has been moved into the store, and its old name is still there. */
bool sim_torn(void *ctx)
{
    sim *r = ctx;
    if (r->world.dead || !sim_mishap(&r->world, 600)) {
        return false;
    }
    sim_note(&r->world, "killed while a file was moved");
    r->world.dead = true;
    return true;
}

void sim_bury(sim *r)
{
    sim_keep_store = !r->lone && !sim_chance(&r->world, 80);
    weir_session_close(r->session);
    sim_keep_store = false;
    r->session = NULL;
    r->cluster = NULL;
    r->world.dead = false;
    r->countdown = 0;
    r->rewinds++;
}

void sim_kill(sim *r)
{
    sim_note(&r->world, "killed");
    sim_cluster_last_words(r->cluster);
    r->world.dead = true;
    sim_bury(r);
}

/* After a call of the engine. False: the seed has failed. */
bool sim_survive(sim *r, weir_rc rc, const weir_status *st)
{
    if (r->world.dead || (rc != WEIR_OK && st->retriable)) {
        r->figures->kills += r->world.dead;
        r->refused |= !r->world.dead && r->cluster->refused_topic;
        sim_bury(r);
        return true;
    }
    return rc == WEIR_OK || sim_fail(r, "the engine stopped", st);
}

/* ---- a life ---- */

static int64_t fixed_clock(void *ctx)
{
    (void)ctx;
    return SIM_START_MS;
}

static void script(const sim *r, weir_buf *out)
{
    weir_buf_str(out, sources);
    for (uint32_t i = 0; i < r->inserts; i++) {
        weir_buf_printf(out, "INSERT INTO orders (k, p, n, v, g) VALUES ('k0', %u, %u, %u, 0);",
                        weir_partition_of(WEIR_SV("k0"), (uint32_t)r->partitions),
                        SIM_INSERTED + i, i);
    }
    for (int i = 0; i < SIM_SHAPES; i++) {
        if (queries[i] && r->shapes & 1u << i) {
            weir_buf_str(out, queries[i]);
        }
    }
}

weir_rc sim_execute(sim *r, weir_sv text, weir_status *st)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_diags diags;
    weir_diags_init(&diags, &a);
    weir_script_outcome done;
    weir_rc rc = weir_session_execute(r->session, text, &done, &diags, st);
    weir_arena_deinit(&a);
    return rc;
}

weir_rc sim_insert_query(sim *r, const char *sink, const char *select, weir_status *st)
{
    weir_buf text = {0};
    weir_buf_printf(&text, "CREATE STREAM %s (k STRING KEY, p INT, n INT, v INT)"
                    " WITH (kafka_topic='%s', value_format='DELIMITED', partitions=%d);"
                    "INSERT INTO %s WITH (query_id='%s') %s", sink, sink, r->partitions, sink, sink,
                    select);
    weir_rc rc = sim_execute(r, weir_buf_view(&text), st);
    weir_buf_deinit(&text);
    return rc;
}

static weir_rc insert_rest(sim *r, weir_status *st)
{
    return sim_insert_query(r, "REST", "SELECT k, p, n, v FROM orders WHERE v % 3 = 0;", st);
}

weir_rc sim_open(sim *r, weir_status *st)
{
    r->cluster = sim_cluster_open(r->broker, &r->config);
    weir_session_config config = {
        .cluster = r->cluster,
        .workers = r->workers,
        .batch_rows = r->batch_rows,
        .order = WEIR_ORDER_TIME,
        .coalesce = r->coalesce,
        .default_partitions = r->partitions,
        .data_dir = r->dir,
        .now_ms = fixed_clock,
    };
    sim_keep_store = !r->lone && !sim_chance(&r->world, 80); /* if it fails */
    weir_rc rc = weir_session_open(&config, &r->session, st);
    sim_keep_store = false;
    if (rc != WEIR_OK) {
        r->session = NULL;
        return rc;
    }
    weir_session_set(r->session, WEIR_SV("auto.offset.reset"), WEIR_SV("earliest"));
    if (r->memory) {
        weir_session_set(r->session, WEIR_SV(WEIR_STATE_MEMORY), weir_sv_cstr(r->memory));
    }
    weir_buf text = {0};
    script(r, &text);
    rc = sim_execute(r, weir_buf_view(&text), st);
    weir_buf_deinit(&text);
    rc = rc || !r->late ? rc : insert_rest(r, st);
    return rc ? rc : sim_open_seen(r, st);
}

weir_rc sim_add_late(sim *r, weir_status *st)
{
    sim_note(&r->world, "a query is added");
    r->late = true;
    return insert_rest(r, st);
}

/* Sometimes a life is to end at a fault point. */
void sim_plan_death(sim *r, uint32_t per_mille)
{
    if (r->countdown == 0 && sim_mishap(&r->world, per_mille)) {
        bool any = sim_chance(&r->world, 400);
        r->point = any ? ANY_POINT : sim_below(&r->world, WEIR_FAULT_POINTS);
        r->countdown = sim_between(&r->world, 1, any ? 30 : 3);
        sim_note(&r->world, "will die at %s, time %u",
                 any ? "any point" : weir_fault_name((weir_fault_point)r->point), r->countdown);
    }
}

/* Until the process is up. */
bool sim_live(sim *r)
{
    while (!r->session) {
        weir_status st;
        weir_status_reset(&st);
        if (++r->lives > LIVES_MAX) {
            return sim_fail(r, "it does not come up", NULL);
        }
        r->figures->lives++;
        sim_note(&r->world, "life %u", r->lives);
        sim_plan_death(r, 150);
        if (r->countdown == 0 && sim_mishap(&r->world, 100)) { /* rarely passed */
            r->point = WEIR_FAULT_RECOVER_DECIDED;
            r->countdown = 1;
        }
        weir_rc rc = sim_open(r, &st);
        if (rc != WEIR_OK && !r->world.dead && !st.retriable) {
            return sim_fail(r, "it cannot be started", &st);
        }
        if (rc != WEIR_OK || r->world.dead) {
            r->figures->kills += r->world.dead;
            sim_bury(r);
        }
    }
    return true;
}

