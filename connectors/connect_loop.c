/* The loop of a process' connectors, and what is done to one on it: started, paused, asked to finish,
 * stopped. */
#include "connectors/conn_impl.h"

#define STOP_LOOKS_MS 5
#define FINISH_MS 2000 /* for sources to give their last answers */

static void loop_main(void *ctx)
{
    weir_loop_run(ctx);
}

static void need_loop(weir_connect *c)
{
    if (!c->loop) {
        c->loop = weir_loop_new();
        c->thread = weir_thread_start(loop_main, c->loop);
    }
}

/* Runs a call on the loop, and waits until it has. */
typedef struct errand {
    void (*call)(weir_conn *c, void *ctx);
    weir_conn *conn;
    void *ctx;
    weir_gate *gate;
} errand;

static void on_errand(void *ctx)
{
    errand *e = ctx;
    e->call(e->conn, e->ctx);
    weir_gate_leave(e->gate);
}

void weir__conn_on_loop(weir_conn *c, void (*call)(weir_conn *c, void *ctx), void *ctx)
{
    errand e = {call, c, ctx, weir_gate_new()};
    weir_gate_expect(e.gate, 1);
    weir_loop_post(c->loop, on_errand, &e);
    weir_gate_wait(e.gate);
    weir_gate_free(e.gate);
}

/* ---- one connector ---- */

typedef struct starting {
    weir_status *st;
    weir_rc rc;
} starting;

static void start_on_loop(weir_conn *c, void *ctx)
{
    starting *s = ctx;
    if (c->kind->sink) {
        s->rc = weir__sink_start(c, s->st);
    } else if (c->kind->as_source->start) {
        s->rc = c->kind->as_source->start(c->self, s->st);
    }
}

static void stop_on_loop(weir_conn *c, void *ctx)
{
    (void)ctx;
    if (c->kind->sink) {
        weir__sink_stop(c);
    } else if (c->kind->as_source->stop) {
        c->kind->as_source->stop(c->self);
    }
}

void weir__conn_stop(weir_conn *c)
{
    if (c->running) {
        weir__conn_on_loop(c, stop_on_loop, NULL);
        c->running = false;
    }
}

weir_rc weir__conn_start(weir_conn *c, weir_status *st)
{
    starting s = {st, WEIR_OK};
    need_loop(c->owner);
    c->loop = c->owner->loop;
    weir__conn_set_state(c, WEIR_CONNECT_RUNNING);
    c->running = true;
    weir__conn_on_loop(c, start_on_loop, &s);
    if (s.rc != WEIR_OK) {
        weir__conn_stop(c);
    }
    return s.rc;
}

static void halt(weir_conn *c, void *ctx)
{
    (void)ctx;
    c->sink.halted = true;
}

static void pause_on_loop(weir_conn *c, void *ctx)
{
    (void)ctx;
    c->kind->as_source->pause(c->self, c->wants_pause);
}

weir_rc weir__conn_restart(weir_conn *k, weir_status *st)
{
    weir__conn_stop(k);
    weir_rc rc = weir__sink_place(k, st);
    rc = rc ? rc : weir__conn_start(k, st);
    if (rc != WEIR_OK) {
        weir_conn_fail(k, "%s", st->msg);
    }
    return rc;
}

weir_rc weir_connect_pause(weir_connect *c, weir_sv name, bool paused, weir_status *st)
{
    weir_conn *k = NULL;
    WEIR_TRY(weir__conn_find(c, name, &k, st));
    weir_connect_state was = weir__conn_state(k);
    k->wants_pause = paused;
    if (k->kind->sink && !paused && was != WEIR_CONNECT_RUNNING) {
        WEIR_TRY(weir__conn_restart(k, st));
    } else if (k->kind->sink && paused && was == WEIR_CONNECT_RUNNING) {
        weir__conn_set_state(k, WEIR_CONNECT_PAUSED);
        weir__conn_on_loop(k, halt, NULL);
    } else if (!k->kind->sink && k->kind->as_source->pause) {
        weir__conn_on_loop(k, pause_on_loop, NULL);
        weir__conn_set_state(k, paused ? WEIR_CONNECT_PAUSED : WEIR_CONNECT_RUNNING);
    }
    return WEIR_OK;
}

/* ---- the end ---- */

static bool under_way(weir_connect *c)
{
    bool any = false;
    for (uint32_t i = 0; i < c->n; i++) {
        weir_conn *k = c->conns[i];
        weir_lock_enter(k->shared.lock);
        any |= k->kind->sink && k->shared.in_records > 0 &&
               k->shared.state == WEIR_CONNECT_RUNNING && !k->shared.troubled;
        weir_lock_leave(k->shared.lock);
    }
    return any;
}

static bool finishes(const weir_conn *c)
{
    return c->running && !c->kind->sink && c->kind->as_source->finish;
}

static void finish_on_loop(weir_conn *c, void *ctx)
{
    *(bool *)ctx &= c->kind->as_source->finish(c->self);
}

/* True: all who waited for an answer have it. */
static bool finish_sources(weir_connect *c)
{
    bool all = true;
    for (uint32_t i = 0; i < c->n; i++) {
        if (finishes(c->conns[i])) {
            weir__conn_on_loop(c->conns[i], finish_on_loop, &all);
        }
    }
    return all;
}

void weir_connect_stop(weir_connect *c, int64_t grace_ms)
{
    if (!c || c->stopped) {
        return;
    }
    c->stopped = true; /* nothing more is handed over */
    finish_sources(c);
    for (int64_t waited = 0; waited < grace_ms && under_way(c); waited += STOP_LOOKS_MS) {
        weir_sleep_ms(STOP_LOOKS_MS);
    }
    for (uint32_t i = 0; i < c->n; i++) {
        if (!finishes(c->conns[i])) {
            weir__conn_stop(c->conns[i]);
        }
    }
}

static void stop_loop(void *ctx)
{
    weir_loop_stop(ctx);
}

void weir__connect_end(weir_connect *c)
{
    for (int64_t waited = 0; waited < FINISH_MS && !finish_sources(c); waited += STOP_LOOKS_MS) {
        weir_sleep_ms(STOP_LOOKS_MS);
    }
    for (uint32_t i = 0; i < c->n; i++) {
        weir__conn_stop(c->conns[i]);
    }
    if (c->loop) {
        weir_loop_post(c->loop, stop_loop, c->loop);
        weir_thread_join(c->thread);
    }
}
