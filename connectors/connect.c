/* The connectors of a process: made, replaced, dropped. */
#include "connectors/conn_impl.h"

weir_connect *weir_connect_new(const weir_connect_config *config)
{
    weir_connect *c = weir_zalloc(sizeof *c);
    c->config = *config;
    return c;
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

const weir_conn_kind *weir_connect_kind(const weir_connect_spec *spec)
{
    weir_status ignored;
    return weir__conn_kind_of(spec, &ignored);
}

static weir_rc taken(const weir_connect_spec *spec, weir_status *st)
{
    return weir_fail(st, WEIR_EEXISTS, "Connector " WEIR_SV_FMT " already exists",
                     WEIR_SV_ARG(spec->name));
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
        return taken(spec, st);
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
    rc = weir__conn_start(k, st);
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

static weir_conn *conn_of_stream(const weir_connect *c, weir_sv stream)
{
    for (uint32_t i = 0; i < c->n + c->n_resting; i++) {
        weir_conn *k = i < c->n ? c->conns[i] : c->resting[i - c->n];
        if (k->stream.n && weir_sv_eq(k->stream, stream)) {
            return k;
        }
    }
    return NULL;
}

static bool take_out(weir_conn **conns, size_t *n, const weir_conn *k)
{
    for (size_t i = 0; i < *n; i++) {
        if (conns[i] == k) {
            memmove(&conns[i], &conns[i + 1], sizeof *conns * (*n - i - 1));
            (*n)--;
            return true;
        }
    }
    return false;
}

static void leave(weir_conn *k)
{
    weir_connect *c = k->owner;
    WEIR_ASSERT(take_out(c->conns, &c->n, k) || take_out(c->resting, &c->n_resting, k));
    conn_free(k);
}

/* The old one, if there is one, stands still, and all it has brought is in the topics. */
static weir_rc take_place(weir_connect *c, weir_conn *old, const weir_connect_spec *spec,
                          weir_conn **out, weir_status *st)
{
    bool moved = false;
    if (old) {
        WEIR_TRY(weir__source_pump(old, &moved, st));
    }
    WEIR_TRY(open_conn(c, spec, old, out, st));
    if (!weir_conn_bool(*out, "enabled")) {
        return WEIR_OK;
    }
    weir_rc rc = weir__conn_start(*out, st);
    if (rc != WEIR_OK) {
        conn_free(*out);
    }
    return rc;
}

static void go_on(weir_conn *k)
{
    weir_status why;
    weir_status_reset(&why);
    if (weir__conn_start(k, &why) != WEIR_OK) {
        weir_conn_fail(k, "%s", why.msg);
    }
}

weir_rc weir_connect_replace(weir_connect *c, const weir_connect_spec *spec, weir_status *st)
{
    weir_conn *old = conn_of_stream(c, spec->stream);
    weir_conn *new = NULL;
    bool ran = old && old->running;
    if (!old && conn_of(c, spec->name)) {
        return taken(spec, st);
    }
    if (ran) {
        weir__conn_stop(old);
    }
    weir_rc rc = take_place(c, old, spec, &new, st);
    if (rc != WEIR_OK && ran) {
        go_on(old);
    }
    WEIR_TRY(rc);
    if (old && new->kind == old->kind) {
        weir__source_inherit(new, old);
    } else if (old) {
        weir__conn_forget_later(old);
    }
    if (old) {
        leave(old);
    }
    if (new->running) {
        WEIR_GROW(c->conns, c->cap, c->n + 1);
        c->conns[c->n++] = new;
    } else {
        WEIR_GROW(c->resting, c->cap_resting, c->n_resting + 1);
        c->resting[c->n_resting++] = new;
    }
    return WEIR_OK;
}

static void drop(weir_conn *k)
{
    weir__conn_stop(k);
    if (k->kind->sink) {
        weir__sink_keep(k, false);
    }
    weir__conn_forget_later(k);
    leave(k);
}

void weir_connect_drop_of(weir_connect *c, weir_sv stream)
{
    weir_conn *k = c ? conn_of_stream(c, stream) : NULL;
    if (k) {
        drop(k);
    }
}

weir_rc weir_connect_drop(weir_connect *c, weir_sv name, weir_status *st)
{
    weir_conn *k = NULL;
    WEIR_TRY(weir__conn_find(c, name, &k, st));
    drop(k);
    return WEIR_OK;
}

void weir_connect_free(weir_connect *c)
{
    if (!c) {
        return;
    }
    weir_connect_stop(c, 0);
    weir__connect_end(c);
    for (uint32_t i = 0; i < c->n; i++) {
        conn_free(c->conns[i]);
    }
    for (uint32_t i = 0; i < c->n_resting; i++) {
        conn_free(c->resting[i]);
    }
    weir_loop_free(c->loop);
    weir_buf_deinit(&c->forgotten);
    weir_free(c->conns);
    weir_free(c->resting);
    weir_free(c);
}
