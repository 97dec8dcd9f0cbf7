/* The connectors of a process: made, dropped, paused, asked. One loop of their own carries them all. */
#include "connectors/conn_impl.h"

#include "engine/base/hash.h"
#include "engine/base/log.h"

#include <stdarg.h>
#include <stdio.h>

#define STOP_LOOKS_MS 5
#define FINISH_MS 2000 /* for sources to give their last answers */

const char *weir_connect_state_name(weir_connect_state s)
{
    static const char *const names[] = {"RUNNING", "PAUSED", "FAILED", "ENDED"};
    WEIR_ASSERT((size_t)s < WEIR_COUNT(names));
    return names[s];
}

weir_connect *weir_connect_new(const weir_connect_config *config)
{
    weir_connect *c = weir_zalloc(sizeof *c);
    c->config = *config;
    return c;
}

/* ---- the loop ---- */

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

static void set_state(weir_conn *c, weir_connect_state s)
{
    weir_lock_enter(c->shared.lock);
    c->shared.state = s;
    weir_lock_leave(c->shared.lock);
}

static weir_connect_state state_of(weir_conn *c)
{
    weir_lock_enter(c->shared.lock);
    weir_connect_state s = c->shared.state;
    weir_lock_leave(c->shared.lock);
    return s;
}

static void stop(weir_conn *c)
{
    if (c->running) {
        weir__conn_on_loop(c, stop_on_loop, NULL);
        c->running = false;
    }
}

static weir_rc start(weir_conn *c, weir_status *st)
{
    starting s = {st, WEIR_OK};
    set_state(c, WEIR_CONNECT_RUNNING);
    c->running = true;
    weir__conn_on_loop(c, start_on_loop, &s);
    if (s.rc != WEIR_OK) {
        stop(c);
    }
    return s.rc;
}

static void conn_free(weir_conn *c)
{
    if (c->kind->sink) {
        if (c->self && c->kind->as_sink->close) {
            c->kind->as_sink->close(c->self);
        }
        weir__sink_close(c);
    } else {
        weir__source_close(c);
        if (c->self && c->kind->as_source->close) {
            c->kind->as_source->close(c->self);
        }
    }
    for (weir__conn_post *p = NULL; (p = weir__conn_posts_take(&c->shared.posts)) != NULL;) {
        weir__conn_post_free(p);
    }
    weir_buf_deinit(&c->shared.notes);
    weir_lock_free(c->shared.lock);
    weir_arena_deinit(&c->arena);
    weir_free(c);
}

static weir_conn *conn_of(const weir_connect *c, weir_sv name)
{
    for (uint32_t i = 0; i < c->n; i++) {
        if (weir_sv_ieq(c->conns[i]->name, name)) {
            return c->conns[i];
        }
    }
    return NULL;
}

static weir_rc open_conn(weir_connect *c, const weir_connect_spec *spec, weir_conn *before,
                         weir_conn **out, weir_status *st)
{
    const weir_conn_kind *kind = weir__conn_kind_of(spec, st);
    if (!kind) {
        return WEIR_EUSAGE;
    }
    weir_conn *k = weir_zalloc(sizeof *k);
    k->owner = c;
    k->kind = kind;
    weir_arena_init(&k->arena);
    k->name = weir_arena_sv(&k->arena, spec->name);
    k->statement = weir_arena_sv(&k->arena, spec->statement);
    k->stream = weir_arena_sv(&k->arena, spec->stream);
    k->shared.lock = weir_lock_new();
    weir_rng_seed(&k->rng, weir_entropy());
    weir_rc rc = weir__conn_options(k, spec, st);
    if (rc == WEIR_OK && kind->sink) {
        rc = kind->as_sink->open(k, &k->self, st);
        rc = rc ? rc : weir__sink_open(k, st);
    } else if (rc == WEIR_OK) {
        bool same = before && before->kind == kind;
        rc = weir__source_open(k, same ? before : NULL, st);
    }
    if (rc != WEIR_OK) {
        conn_free(k);
        return rc;
    }
    *out = k;
    return WEIR_OK;
}

weir_rc weir_connect_check(weir_connect *c, const weir_connect_spec *spec, weir_status *st)
{
    weir_conn *k = NULL;
    WEIR_TRY(open_conn(c, spec, NULL, &k, st));
    conn_free(k);
    return WEIR_OK;
}

weir_rc weir_connect_create(weir_connect *c, const weir_connect_spec *spec, weir_status *st)
{
    weir_conn *k = NULL;
    if (conn_of(c, spec->name)) {
        return weir_fail(st, WEIR_EEXISTS, "Connector " WEIR_SV_FMT " already exists",
                         WEIR_SV_ARG(spec->name));
    }
    WEIR_TRY(open_conn(c, spec, NULL, &k, st));
    if (!weir_conn_bool(k, "enabled")) {
        conn_free(k);
        return WEIR_OK;
    }
    weir_rc rc = k->kind->sink ? weir__sink_place(k, st) : WEIR_OK;
    if (rc != WEIR_OK) {
        conn_free(k);
        return rc;
    }
    need_loop(c);
    k->loop = c->loop;
    rc = start(k, st);
    if (rc != WEIR_OK) {
        if (k->kind->sink) {
            weir__sink_keep(k, false);
        }
        conn_free(k);
        return rc;
    }
    WEIR_GROW(c->conns, c->cap, c->n + 1);
    c->conns[c->n++] = k;
    return WEIR_OK;
}

weir_rc weir__conn_find(const weir_connect *c, weir_sv name, weir_conn **out, weir_status *st)
{
    *out = conn_of(c, name);
    return *out ? WEIR_OK
                : weir_fail(st, WEIR_ENOTFOUND, "Connector " WEIR_SV_FMT " does not exist",
                            WEIR_SV_ARG(name));
}

static void forget_later(weir_conn *k)
{
    weir_buf_sv(&k->owner->forgotten, k->name);
    weir_buf_byte(&k->owner->forgotten, 0);
}

static weir_conn *conn_of_stream(const weir_connect *c, weir_sv stream)
{
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->conns[i]->stream.n && weir_sv_eq(c->conns[i]->stream, stream)) {
            return c->conns[i];
        }
    }
    return NULL;
}

/* The old one stands still, and all it has brought is in the topics. */
static weir_rc take_place(weir_conn *old, const weir_connect_spec *spec, weir_conn **out,
                          weir_status *st)
{
    bool moved = false;
    WEIR_TRY(weir__source_pump(old, &moved, st));
    WEIR_TRY(open_conn(old->owner, spec, old, out, st));
    (*out)->loop = old->loop;
    weir_rc rc = start(*out, st);
    if (rc != WEIR_OK) {
        conn_free(*out);
    }
    return rc;
}

weir_rc weir_connect_replace(weir_connect *c, const weir_connect_spec *spec, weir_status *st)
{
    weir_conn *old = conn_of_stream(c, spec->stream);
    weir_conn *new = NULL;
    if (!old) {
        return weir_connect_create(c, spec, st);
    }
    stop(old);
    weir_rc rc = take_place(old, spec, &new, st);
    if (rc != WEIR_OK) {
        weir_status why;
        weir_status_reset(&why);
        if (start(old, &why) != WEIR_OK) {
            weir_conn_fail(old, "%s", why.msg);
        }
        return rc;
    }
    if (new->kind == old->kind) {
        weir__source_inherit(new, old);
    } else {
        forget_later(old);
    }
    for (uint32_t i = 0; i < c->n; i++) {
        c->conns[i] = c->conns[i] == old ? new : c->conns[i];
    }
    conn_free(old);
    return WEIR_OK;
}

void weir_connect_drop_of(weir_connect *c, weir_sv stream)
{
    weir_conn *k = c ? conn_of_stream(c, stream) : NULL;
    if (k) {
        (void)weir_connect_drop(c, k->name, NULL);
    }
}

weir_rc weir_connect_drop(weir_connect *c, weir_sv name, weir_status *st)
{
    weir_conn *k = NULL;
    WEIR_TRY(weir__conn_find(c, name, &k, st));
    stop(k);
    if (k->kind->sink) {
        weir__sink_keep(k, false);
    }
    forget_later(k);
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->conns[i] == k) {
            memmove(&c->conns[i], &c->conns[i + 1], sizeof *c->conns * (c->n - i - 1));
            c->n--;
            break;
        }
    }
    conn_free(k);
    return WEIR_OK;
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

/* From what is delivered on; what is under way comes again. */
static weir_rc restart(weir_conn *k, weir_status *st)
{
    stop(k);
    weir_rc rc = weir__sink_rewind(k, st);
    rc = rc ? rc : start(k, st);
    if (rc != WEIR_OK) {
        weir_conn_fail(k, "%s", st->msg);
    }
    return rc;
}

weir_rc weir_connect_pause(weir_connect *c, weir_sv name, bool paused, weir_status *st)
{
    weir_conn *k = NULL;
    WEIR_TRY(weir__conn_find(c, name, &k, st));
    weir_connect_state was = state_of(k);
    k->wants_pause = paused;
    if (k->kind->sink && !paused && was != WEIR_CONNECT_RUNNING) {
        WEIR_TRY(restart(k, st));
    } else if (k->kind->sink && paused && was == WEIR_CONNECT_RUNNING) {
        set_state(k, WEIR_CONNECT_PAUSED);
        weir__conn_on_loop(k, halt, NULL);
    } else if (!k->kind->sink && k->kind->as_source->pause) {
        weir__conn_on_loop(k, pause_on_loop, NULL);
        set_state(k, paused ? WEIR_CONNECT_PAUSED : WEIR_CONNECT_RUNNING);
    }
    return WEIR_OK;
}

/* ---- from the loop to the control thread ---- */

void weir__conn_posts_add(weir__conn_posts *to, weir__conn_post *p)
{
    p->later = NULL;
    if (!to->first) {
        to->last = &to->first;
    }
    *to->last = p;
    to->last = &p->later;
    to->bytes += p->chunk ? p->chunk->n_bytes : 0;
}

weir__conn_post *weir__conn_posts_take(weir__conn_posts *from)
{
    weir__conn_post *p = from->first;
    if (p) {
        from->first = p->later;
        p->later = NULL;
    }
    return p;
}

void weir__conn_post_free(weir__conn_post *p)
{
    weir_chunk_unref(p->chunk);
    weir_buf_deinit(&p->notes);
    weir_free((void *)(uintptr_t)p->position.p);
    weir_free(p);
}

void weir__conn_post_to_control(weir_conn *c, weir__conn_post *p)
{
    weir_lock_enter(c->shared.lock);
    weir__conn_posts_add(&c->shared.posts, p);
    weir_lock_leave(c->shared.lock);
    c->owner->config.wake(c->owner->config.ctx);
}

void weir_conn_trouble(weir_conn *c, const char *fmt, ...)
{
    char text[sizeof c->shared.trouble];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    weir_lock_enter(c->shared.lock);
    bool news = !c->shared.troubled;
    c->shared.troubled = true;
    memcpy(c->shared.trouble, text, sizeof text);
    weir_lock_leave(c->shared.lock);
    if (news) {
        WEIR_LOG(WEIR_WARN, "connector " WEIR_SV_FMT ": %s", WEIR_SV_ARG(c->name), text);
    }
}

void weir_conn_well(weir_conn *c)
{
    weir_lock_enter(c->shared.lock);
    c->shared.troubled = false; /* the text stays: it was the last */
    weir_lock_leave(c->shared.lock);
}

void weir_conn_fail(weir_conn *c, const char *fmt, ...)
{
    char text[sizeof c->shared.trouble];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    c->sink.halted = true;
    weir_lock_enter(c->shared.lock);
    bool news = c->shared.state != WEIR_CONNECT_FAILED;
    c->shared.state = WEIR_CONNECT_FAILED;
    if (news) {
        memcpy(c->shared.trouble, text, sizeof text);
    }
    weir_lock_leave(c->shared.lock);
    if (news) {
        WEIR_LOG(WEIR_ERROR, "connector " WEIR_SV_FMT " has stopped: %s", WEIR_SV_ARG(c->name), text);
        c->owner->config.wake(c->owner->config.ctx);
    }
}

/* ---- topics: control thread ---- */

static void number_records(weir_conn *c, weir_chunk *chunk)
{
    int64_t seq = c->owner->config.take_seq(c->owner->config.ctx, chunk->n);
    for (uint32_t i = 0; i < chunk->n; i++) {
        chunk->recs[i].seq = seq + i;
    }
    chunk->sorted_seq = true;
}

void weir__conn_append(weir_conn *c, weir_topic *t, weir_chunk *chunk)
{
    int32_t n = weir_topic_partitions(t);
    if (n == 1) {
        number_records(c, chunk);
        weir_topic_append(t, 0, chunk);
        return;
    }
    weir_chunk_builder *parts = weir_alloc(sizeof *parts * ((size_t)n + 1));
    for (int32_t p = 0; p <= n; p++) { /* the last one: without a key, any */
        weir_chunk_builder_init(&parts[p]);
    }
    int64_t seq = c->owner->config.take_seq(c->owner->config.ctx, chunk->n);
    for (uint32_t i = 0; i < chunk->n; i++) {
        const weir_rec *r = &chunk->recs[i];
        bool keyed = r->key_n != WEIR_NULL_BYTES;
        weir_sv key = {chunk->bytes + r->key_at, r->key_n};
        weir_sv value = {chunk->bytes + r->value_at, r->value_n};
        uint32_t p = keyed ? weir_partition_of(key, (uint32_t)n) : (uint32_t)n;
        weir_chunk_builder_add(&parts[p], key, value,
                               weir_sv_of(chunk->bytes + r->headers_at, r->headers_n), r->timestamp,
                               seq + i);
    }
    weir_chunk_unref(chunk);
    for (int32_t p = 0; p <= n; p++) {
        weir_chunk *part = weir_chunk_builder_take(&parts[p]);
        if (part) {
            part->sorted_seq = true;
            weir_topic_append(t, p == n ? -1 : p, part);
        }
        weir_chunk_builder_deinit(&parts[p]);
    }
    weir_free(parts);
}

/* Dead letters and reports of a sink. */
static void append_posts(weir_conn *c, weir__conn_posts *posts, bool *moved)
{
    for (weir__conn_post *p = NULL; (p = weir__conn_posts_take(posts)) != NULL;) {
        weir__conn_append(c, p->topic, p->chunk);
        p->chunk = NULL;
        weir__conn_post_free(p);
        *moved = true;
    }
}

static weir_rc pump_sink(weir_conn *k, bool *moved, weir_status *st)
{
    weir_lock_enter(k->shared.lock);
    weir__conn_posts posts = k->shared.posts;
    k->shared.posts = (weir__conn_posts){0};
    weir_lock_leave(k->shared.lock);
    append_posts(k, &posts, moved);
    if (weir__sink_grown(k) && state_of(k) == WEIR_CONNECT_RUNNING) {
        weir_status why; /* its own trouble, not the engine's */
        weir_status_reset(&why);
        restart(k, &why);
    }
    return weir__sink_pump(k, st);
}

weir_rc weir_connect_pump(weir_connect *c, bool *moved, weir_status *st)
{
    for (uint32_t i = 0; i < c->n && !c->stopped; i++) {
        weir_conn *k = c->conns[i];
        WEIR_TRY(k->kind->sink ? pump_sink(k, moved, st) : weir__source_pump(k, moved, st));
    }
    return WEIR_OK;
}

bool weir_connect_wants_commit(const weir_connect *c)
{
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->conns[i]->kind->sink && weir__sink_is_new(c->conns[i])) {
            return true;
        }
        if (weir__source_waits(c->conns[i])) {
            return true;
        }
    }
    return false;
}

/* All of one connector below a prefix. */
static void forget_range(weir_store_batch *batch, const char *prefix, weir_sv name)
{
    weir_buf from = {0};
    weir_buf to = {0};
    weir_buf_add(&from, prefix, strlen(prefix) + 1);
    weir_buf_sv(&from, name);
    weir_buf_sv(&to, weir_buf_view(&from));
    weir_buf_byte(&from, 0);
    weir_buf_byte(&to, 1);
    weir_store_delete_range(batch, weir_buf_view(&from), weir_buf_view(&to));
    weir_buf_deinit(&from);
    weir_buf_deinit(&to);
}

void weir_connect_forget(weir_sv name, weir_store_batch *batch)
{
    weir_buf key = {0};
    forget_range(batch, "Msink", name);
    forget_range(batch, "Mnote", name);
    weir_buf_add(&key, "Msource", 8); /* with its NUL */
    weir_buf_sv(&key, name);
    weir_store_delete(batch, weir_buf_view(&key));
    weir_buf_deinit(&key);
}

bool weir__conn_forgotten(const weir_connect *c, weir_sv name)
{
    for (size_t at = 0; at < c->forgotten.n;) {
        weir_sv gone = weir_sv_cstr(c->forgotten.p + at);
        if (weir_sv_eq(gone, name)) {
            return true;
        }
        at += gone.n + 1;
    }
    return false;
}

/* Positions and notes of dropped connectors. */
static void forget(weir_connect *c, weir_store_batch *batch)
{
    for (size_t at = 0; at < c->forgotten.n;) {
        weir_sv name = weir_sv_cstr(c->forgotten.p + at);
        weir_connect_forget(name, batch);
        at += name.n + 1;
    }
    weir_buf_reset(&c->forgotten);
}

weir_rc weir_connect_save(weir_connect *c, weir_store_batch *batch, weir_status *st)
{
    bool moved = false;
    if (batch) {
        forget(c, batch);
    }
    for (uint32_t i = 0; i < c->n; i++) {
        weir_conn *k = c->conns[i];
        if (!k->kind->sink) {
            WEIR_TRY(weir__source_pump(k, &moved, st));
            weir__source_save(k, batch);
            continue;
        }
        weir_lock_enter(k->shared.lock); /* positions and the dead letters they stand for */
        weir__conn_posts posts = k->shared.posts;
        k->shared.posts = (weir__conn_posts){0};
        weir_rc rc = weir__sink_save(k, batch, st);
        weir__notes_save(k, batch);
        weir_lock_leave(k->shared.lock);
        append_posts(k, &posts, &moved);
        WEIR_TRY(rc);
    }
    return WEIR_OK;
}

void weir_connect_committed(weir_connect *c)
{
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->conns[i]->kind->sink) {
            weir__sink_committed(c->conns[i]);
        } else {
            weir__source_committed(c->conns[i]);
        }
    }
}

bool weir_connect_idle(weir_connect *c)
{
    for (uint32_t i = 0; i < c->n; i++) {
        weir_conn *k = c->conns[i];
        if (k->kind->sink ? !weir__sink_idle(k) : !weir__source_idle(k)) {
            return false;
        }
    }
    return true;
}

bool weir_connect_failed(weir_connect *c, weir_arena *a, weir_connect_info *out)
{
    for (uint32_t i = 0; i < c->n; i++) {
        weir_connect_at(c, i, a, out);
        if (out->state == WEIR_CONNECT_FAILED) {
            return true;
        }
    }
    return false;
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
            stop(c->conns[i]);
        }
    }
}

static void stop_loop(void *ctx)
{
    weir_loop_stop(ctx);
}

void weir_connect_free(weir_connect *c)
{
    if (!c) {
        return;
    }
    weir_connect_stop(c, 0);
    for (int64_t waited = 0; waited < FINISH_MS && !finish_sources(c); waited += STOP_LOOKS_MS) {
        weir_sleep_ms(STOP_LOOKS_MS);
    }
    for (uint32_t i = 0; i < c->n; i++) {
        stop(c->conns[i]);
    }
    if (c->loop) {
        weir_loop_post(c->loop, stop_loop, c->loop);
        weir_thread_join(c->thread);
    }
    for (uint32_t i = 0; i < c->n; i++) {
        conn_free(c->conns[i]);
    }
    weir_loop_free(c->loop);
    weir_buf_deinit(&c->forgotten);
    weir_free(c->conns);
    weir_free(c);
}
