/* Lookups: questions from workers to the connectors' loop, answers back. See conn_lookup.h. */
#include "connectors/conn_lookup.h"

#include "connectors/conn_impl.h"
#include "engine/base/alloc.h"

static void leave(weir__asker *a)
{
    if (__atomic_sub_fetch(&a->users, 1, __ATOMIC_ACQ_REL) == 0) {
        weir_lock_free(a->lock);
        weir_arena_deinit(&a->arena);
        weir_free(a);
    }
}

static void question_free(weir__question *q)
{
    weir__asker *a = q->asker;
    weir_buf_deinit(&q->bytes);
    weir_buf_deinit(&q->rows);
    weir_free(q);
    leave(a);
}

void weir__question_abandon(weir__question *q)
{
    question_free(q);
}

/* ---- answers: loop, or a worker that needs nobody ---- */

static void hand_over(weir__question *q)
{
    weir__asker *a = q->asker;
    const weir_connect_config *host = &a->conn->owner->config;
    weir_lock_enter(a->lock);
    q->later = NULL;
    *a->last = q;
    a->last = &q->later;
    __atomic_store_n(&a->ready, true, __ATOMIC_RELEASE);
    weir_lock_leave(a->lock);
    host->wake(host->ctx);
}

static void answered(weir__question *q, uint32_t i)
{
    WEIR_ASSERT(i < q->n && !q->keys[i].answered && q->open > 0);
    q->keys[i].answered = true;
    if (--q->open == 0) {
        hand_over(q);
    }
}

void weir__question_absent(weir__question *q, uint32_t i)
{
    answered(q, i);
}

void weir__question_found(weir__question *q, uint32_t i, size_t at, weir_sv reason)
{
    weir__question_key *k = &q->keys[i];
    k->found = true;
    k->row_at = (uint32_t)at;
    k->row_n = (uint32_t)(q->rows.n - at);
    k->reason_n = reason.n;
    weir_buf_sv(&q->rows, reason);
    answered(q, i);
}

/* ---- asking: worker ---- */

static void on_question(void *ctx)
{
    weir__question *q = ctx;
    weir_conn *c = q->asker->conn;
    c->kind->as_table->ask(c->self, q);
}

static void ask(weir_lookup *l, const weir_vec *keys, const uint16_t *rows, void *const *tags, uint32_t n)
{
    weir__asker *a = (weir__asker *)l;
    weir__question *q = weir_zalloc(sizeof *q + n * sizeof *q->keys);
    q->asker = a;
    q->n = q->open = n;
    __atomic_add_fetch(&a->users, 1, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < n; i++) {
        q->keys[i].tag = tags[i];
        q->keys[i].at = (uint32_t)q->bytes.n;
        a->conn->kind->as_table->render(a, keys, rows[i], q, i);
        q->keys[i].n = (uint32_t)q->bytes.n - q->keys[i].at;
    }
    if (a->conn->loop) {
        weir_loop_post(a->conn->loop, on_question, q);
        return;
    }
    for (uint32_t i = 0; i < n; i++) { /* not enabled: nothing is there */
        weir__question_absent(q, i);
    }
}

static bool ready(weir_lookup *l)
{
    return __atomic_load_n(&((weir__asker *)l)->ready, __ATOMIC_ACQUIRE);
}

static void take(weir_lookup *l, void (*each)(void *ctx, const weir_lookup_answer *a), void *ctx)
{
    weir__asker *a = (weir__asker *)l;
    if (!ready(l)) {
        return;
    }
    weir_lock_enter(a->lock);
    weir__question *q = a->first;
    a->first = NULL;
    a->last = &a->first;
    __atomic_store_n(&a->ready, false, __ATOMIC_RELEASE);
    weir_lock_leave(a->lock);
    while (q) {
        weir__question *later = q->later;
        for (uint32_t i = 0; i < q->n; i++) {
            const weir__question_key *k = &q->keys[i];
            weir_lookup_answer got = {.tag = k->tag,
                                      .found = k->found,
                                      .row = weir_sv_of(q->rows.p + k->row_at, k->row_n),
                                      .reason = weir_sv_of(q->rows.p + k->row_at + k->row_n, k->reason_n)};
            each(ctx, &got);
        }
        question_free(q);
        q = later;
    }
}

static int64_t now_ms(weir_lookup *l)
{
    (void)l;
    return weir_mono_ns() / 1000000;
}

static void drop_answer(void *ctx, const weir_lookup_answer *a)
{
    (void)ctx;
    (void)a;
}

static void close_asker(weir_lookup *l)
{
    take(l, drop_answer, NULL);
    leave((weir__asker *)l);
}

/* ---- opening: control thread ---- */

bool weir_connect_looks_up(weir_sv connector)
{
    for (uint32_t i = 0; i < weir_conn_kinds(); i++) {
        const weir_conn_kind *k = weir_conn_kind_at(i);
        if (k->as_table && weir_sv_ieq(weir_sv_cstr(k->name), connector)) {
            return true;
        }
    }
    return false;
}

const weir_source *weir_conn_table(const weir_conn *c)
{
    const weir_source *s = weir_catalog_source(c->owner->config.catalog, c->stream);
    WEIR_ASSERT(s);
    return weir_source_copy((weir_arena *)(uintptr_t)&c->arena, s);
}

/* Columns and codec of its own: questions outlive the task that has asked. */
static void copy_columns(weir__asker *a, const weir_lookup_spec *spec)
{
    weir_column *columns = WEIR_NEW_N(&a->arena, weir_column, spec->n + 1);
    uint32_t *places = WEIR_NEW_N(&a->arena, uint32_t, spec->n + 1);
    const weir_type **types = WEIR_NEW_N(&a->arena, const weir_type *, spec->n + 1);
    for (uint32_t i = 0; i < spec->n; i++) {
        const weir_column *from = &spec->source->schema->cols[spec->columns[i]];
        types[i] = weir_type_copy(&a->arena, from->type);
        columns[i] = (weir_column){
            .name = weir_arena_sv(&a->arena, from->name), .type = types[i], .role = WEIR_COL_VALUE};
        places[i] = spec->columns[i] - 1;
    }
    a->n = spec->n;
    a->columns = columns;
    a->places = places;
    weir_row_codec_init(&a->codec, &a->arena, types, spec->n);
}

static weir_conn *conn_of(weir_connect *c, weir_sv table)
{
    for (size_t i = 0; i < c->n + c->n_resting; i++) {
        weir_conn *k = i < c->n ? c->conns[i] : c->resting[i - c->n];
        if (weir_sv_eq(k->stream, table)) {
            return k;
        }
    }
    WEIR_UNREACHABLE(); /* a table that is looked up has one */
}

weir_rc weir_connect_lookup(weir_connect *owner, const weir_lookup_spec *spec, weir_lookup **out,
                            weir_status *st)
{
    weir_conn *c = conn_of(owner, spec->source->name);
    static const weir_lookup_calls calls = {
        .ask = ask, .take = take, .ready = ready, .now_ms = now_ms, .close = close_asker};
    weir__asker *a = weir_zalloc(sizeof *a);
    weir_arena_init(&a->arena);
    a->lookup = (weir_lookup){.calls = &calls,
                              .ttl_ms = weir_conn_int(c, "lookup.cache.ttl"),
                              .entries_max = (uint64_t)weir_conn_int(c, "lookup.cache.max.entries")};
    a->conn = c;
    a->lock = weir_lock_new();
    a->last = &a->first;
    a->users = 1;
    copy_columns(a, spec);
    weir_rc rc = c->kind->as_table->bind(c->self, a, st);
    if (rc != WEIR_OK) {
        leave(a);
        return rc;
    }
    *out = &a->lookup;
    return WEIR_OK;
}
