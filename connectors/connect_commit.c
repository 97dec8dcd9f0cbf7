/* Connectors and commits: what is handed over between topics and connectors, the positions that go into a
 * commit, and what is forgotten with it. */
#include "connectors/conn_impl.h"

static weir_rc pump_sink(weir_conn *k, bool *moved, weir_status *st)
{
    weir_lock_enter(k->shared.lock);
    weir__conn_posts posts = k->shared.posts;
    k->shared.posts = (weir__conn_posts){0};
    weir_lock_leave(k->shared.lock);
    weir__conn_posts_append(k, &posts, moved);
    if (weir__conn_state(k) == WEIR_CONNECT_RUNNING && weir__sink_changed(k)) {
        weir_status why; /* its own trouble, not the engine's */
        weir_status_reset(&why);
        weir__conn_restart(k, &why);
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

void weir__conn_forget_later(weir_conn *k)
{
    weir_buf_sv(&k->owner->forgotten, k->name);
    weir_buf_byte(&k->owner->forgotten, 0);
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
        weir__sink_save(k, batch);
        weir__notes_save(k, batch);
        weir_lock_leave(k->shared.lock);
        weir__conn_posts_append(k, &posts, &moved);
    }
    for (uint32_t i = 0; i < c->n_resting; i++) {
        weir__source_save(c->resting[i], batch);
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
