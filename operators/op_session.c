/* Session windows: rows of a key that are at most the gap apart are one session. A row opens a
 * session, or extends one, or joins several into one; the sessions that it changes leave as
 * deletions first, because the window is part of their key.
 *
 *   bucket of time (by a session's end) → map: key → [session][session] … by end
 *   session  [start 8, top bit: has been passed on][end 8][states of the aggregates]
 *
 * A session that is older than the retention is not seen any more, even by a row that would still
 * join it: so does Kafka Streams' store. */
#include "operators/op_session.h"

#include "engine/base/alloc.h"
#include "operators/op_kinds.h"

static int64_t bucket_of(const op_session *s, int64_t end)
{
    return end / s->width * s->width;
}

static void release_list(void *ctx, void *payload)
{
    op_session *s = ctx;
    session_list *l = payload;
    for (uint32_t i = 0; s->aggs.owns && i < l->n; i++) {
        weir__aggs_free(&s->aggs, weir__session_states(weir__session_at(s, l, i)));
    }
    if (l->p) {
        weir_slab_release(s->slab, l->p, l->cap * s->stride);
    }
}

/* ---- life ---- */

static weir_rc session_open(weir_op *op, weir_status *st)
{
    op_session *s = (op_session *)op;
    const weir_node *n = op->node;
    const weir_window *w = &n->window;
    weir_arena *a = weir_task_arena(op->task);
    weir__aggs_open(&s->aggs, op);
    weir__keys_init(&s->keys, a, n->in[0]->schema, false);
    s->stride = (uint32_t)sizeof(session) + ((s->aggs.bytes + 15) & ~15u);
    s->width = weir_max64(weir_max64(w->size_ms, w->retention_ms / 64), 1);
    s->segment = weir_max64(w->retention_ms / 2, 60000);
    s->slab = weir_slab_new();
    s->coalesce = weir_task_coalesces(op->task) && !n->aggregate.emit_final;
    s->stream_time = s->newest = s->last_close = -1;
    s->start_col = weir__column_of_role(n->schema, WEIR_COL_WINDOWSTART);
    s->end_col = weir__column_of_role(n->schema, WEIR_COL_WINDOWEND);
    s->buckets = (weir__buckets){.payload_bytes = sizeof(session_list),
                                 .durable = weir_task_durable(op->task),
                                 .drop = release_list,
                                 .ctx = s};
    s->scratch = weir_arena_zalloc(a, s->stride);
    weir__session_pending_open(s);
    if (n->aggregate.emit_final) {
        return weir__wire_keys_init(&s->wire, op->task, &n->aggregate.key_format, n,
                                    (weir_sv){NULL, 0}, st);
    }
    return WEIR_OK;
}

static void session_close(weir_op *op)
{
    op_session *s = (op_session *)op;
    if (s->slab) {
        weir__buckets_deinit(&s->buckets);
        weir_slab_free(s->slab);
    }
    weir__session_pending_close(s);
    weir__keys_deinit(&s->keys);
    weir__wire_keys_deinit(&s->wire);
    weir_free(s->found);
}

/* ---- lists ---- */

/* The place of the session [start, end] in its key's list, or where it belongs. */
static uint32_t place_of(const op_session *s, const session_list *l, int64_t start, int64_t end,
                         bool *there)
{
    uint32_t i = 0;
    *there = false;
    for (; i < l->n; i++) {
        const session *e = weir__session_at(s, l, i);
        if (e->end > end || (e->end == end && weir__session_start(e) >= start)) {
            *there = e->end == end && weir__session_start(e) == start;
            break;
        }
    }
    return i;
}

session *weir__session_find(op_session *s, weir_sv key, int64_t start, int64_t end)
{
    weir_hmap *map = weir__buckets_find(&s->buckets, bucket_of(s, end));
    session_list *l = map ? weir_hmap_find(map, key) : NULL;
    bool there = false;
    uint32_t i = l ? place_of(s, l, start, end, &there) : 0;
    return there ? weir__session_at(s, l, i) : NULL;
}

/* Puts the session at `from` there, replacing one of the same bounds. */
static void put_session(op_session *s, weir_sv key, const session *from)
{
    weir_hmap *map = weir__buckets_need(&s->buckets, bucket_of(s, from->end));
    bool there;
    session_list *l = weir_hmap_insert(map, key, &there);
    uint32_t i = place_of(s, l, weir__session_start(from), from->end, &there);
    if (there) {
        weir__aggs_free(&s->aggs, weir__session_states(weir__session_at(s, l, i)));
    } else {
        if (l->n == l->cap) {
            uint32_t cap = l->cap ? l->cap * 2 : 1;
            char *grown = weir_slab_alloc(s->slab, cap * s->stride);
            if (l->p) {
                memcpy(grown, l->p, l->n * s->stride);
                weir_slab_release(s->slab, l->p, l->cap * s->stride);
            }
            l->p = grown;
            l->cap = cap;
        }
        memmove(l->p + (i + 1) * s->stride, l->p + i * s->stride, (l->n - i) * s->stride);
        l->n++;
    }
    memcpy(l->p + i * s->stride, from, s->stride);
    weir_hmap_mark(map, l);
}

/* Takes it off the list; its states are the caller's now. */
static void take_session(op_session *s, weir_sv key, int64_t start, int64_t end)
{
    weir_hmap *map = weir__buckets_find(&s->buckets, bucket_of(s, end));
    session_list *l = weir_hmap_find(map, key);
    bool there;
    uint32_t i = place_of(s, l, start, end, &there);
    WEIR_ASSERT(there);
    l->n--;
    memmove(l->p + i * s->stride, l->p + (i + 1) * s->stride, (l->n - i) * s->stride);
    weir_hmap_mark(map, l);
    if (l->n == 0) {
        weir_slab_release(s->slab, l->p, l->cap * s->stride);
        weir_hmap_remove(map, key);
    }
}

/* ---- rows ---- */

static int64_t minus(int64_t a, int64_t b)
{
    int64_t r;
    return __builtin_sub_overflow(a, b, &r) ? INT64_MIN : r;
}

static int64_t plus(int64_t a, int64_t b)
{
    int64_t r;
    return __builtin_add_overflow(a, b, &r) ? INT64_MAX : r;
}

/* Sessions within the gap around `ts`, by time, into s->found as copies. */
static void find_near(op_session *s, weir_sv key, int64_t ts, int64_t *start, int64_t *end)
{
    const weir_window *w = &s->op.node->window;
    int64_t from = weir_max64(minus(ts, w->size_ms), minus(s->newest, w->retention_ms - 1));
    int64_t to = plus(ts, w->size_ms);
    *start = *end = ts;
    s->n_found = 0;
    size_t at = weir__buckets_from(&s->buckets, bucket_of(s, weir_max64(from, 0)));
    for (; at < s->buckets.n; at++) {
        const session_list *l = weir_hmap_find(s->buckets.at[at].map, key);
        for (uint32_t i = 0; l && i < l->n; i++) {
            const session *e = weir__session_at(s, l, i);
            if (e->end < from || weir__session_start(e) > to) {
                continue;
            }
            WEIR_GROW(s->found, s->found_cap, (s->n_found + 1) * s->stride);
            memcpy(s->found + s->n_found++ * s->stride, e, s->stride);
            *start = weir_min64(*start, weir__session_start(e));
            *end = weir_max64(*end, e->end);
        }
    }
}

/* The states of the found sessions, merged in order, in s->scratch. False: the task has failed. */
static bool merge_found(op_session *s, weir_arena *a)
{
    void *states = weir__session_states(s->scratch);
    if (s->n_found == 0) {
        memset(states, 0, s->stride - sizeof(session));
        weir__aggs_init(&s->aggs, states);
        return true;
    }
    bool ok = true;
    session *first = (session *)(void *)s->found;
    memcpy(states, weir__session_states(first), s->stride - sizeof(session));
    for (size_t i = 1; i < s->n_found; i++) {
        session *e = (session *)(void *)(s->found + i * s->stride);
        ok = ok && weir__aggs_merge(&s->aggs, a, states, weir__session_states(e));
        weir__aggs_free(&s->aggs, weir__session_states(e));
    }
    return ok;
}

static void add_row(op_session *s, const weir_batch *b, uint16_t row, weir_sv key, session_out *out)
{
    int64_t ts = b->rowtime[row];
    int64_t seq = b->seq ? b->seq[row] : 0;
    int64_t start;
    int64_t end;
    find_near(s, key, ts, &start, &end);
    if (weir_window_closed(&s->op.node->window, end, s->stream_time)) {
        s->op.late++;
        return;
    }
    bool same = start == ts && end == ts; /* [ts, ts]: replaced, not deleted */
    for (size_t i = 0; i < s->n_found; i++) {
        session *e = (session *)(void *)(s->found + i * s->stride);
        if (!same) {
            weir__session_deleted(s, out, key, e, seq);
        } else if (s->coalesce) {
            weir__session_changed(s, out, key, e, seq);
        }
        take_session(s, key, weir__session_start(e), e->end);
    }
    bool merged = merge_found(s, b->arena);
    *s->scratch = (session){.start_flag = (uint64_t)start, .end = end};
    void *states = weir__session_states(s->scratch);
    if (!merged || !weir__aggs_add(&s->aggs, b->arena, &states, b->cols, &row, 1, NULL)) {
        weir__aggs_free(&s->aggs, states);
        return;
    }
    s->newest = weir_max64(s->newest, end);
    if (!s->coalesce) {
        s->scratch->start_flag |= SESSION_SENT;
    }
    put_session(s, key, s->scratch);
    weir__session_changed(s, out, key, s->scratch, seq);
}

static void expire(op_session *s)
{
    int64_t retention = s->op.node->window.retention_ms;
    int64_t live = s->newest - retention;
    if (s->op.node->aggregate.emit_final) {
        live = live / s->segment * s->segment;
    }
    size_t n = 0;
    while (n < s->buckets.n && s->buckets.at[n].start <= minus(live, s->width)) {
        n++;
    }
    weir__buckets_drop_first(&s->buckets, n);
}

static void session_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    (void)port;
    op_session *s = (op_session *)op;
    uint16_t rows[WEIR_BATCH_ROWS];
    weir_sv keys[WEIR_BATCH_ROWS];
    uint32_t n = weir__rows_with_value(b, true, rows);
    if (n == 0 || !weir__keys_of(&s->keys, op->task, b, rows, n, keys)) {
        return;
    }
    s->seq = b->seq != NULL;
    session_out out = {.arena = b->arena};
    for (uint32_t i = 0; i < n && !weir_task_failed(op->task); i++) {
        s->stream_time = weir_max64(s->stream_time, b->rowtime[rows[i]]);
        add_row(s, b, rows[i], keys[i], &out);
        if (op->node->aggregate.emit_final) {
            weir__session_final(s, &out, b->seq ? b->seq[rows[i]] : 0);
        }
    }
    weir__session_emit(s, &out);
    if (!s->coalesce) {
        expire(s);
    }
}

static void session_flush(weir_op *op, weir_arena *a)
{
    op_session *s = (op_session *)op;
    if (s->coalesce) {
        weir__session_flush(s, a);
        expire(s);
    }
}

/* ---- state ---- */

#define TAG_LIST 'W'
#define TAG_CLOCK 'T'

static void put_list(void *ctx, void *payload, weir_buf *value)
{
    op_session *s = ctx;
    const session_list *l = payload;
    weir_buf_varint(value, l->n);
    for (uint32_t i = 0; i < l->n; i++) {
        session *e = weir__session_at(s, l, i);
        weir_buf_varint(value, (uint64_t)weir__session_start(e));
        weir_buf_varint(value, (uint64_t)e->end);
        weir__aggs_save(&s->aggs, weir__session_states(e), value);
    }
}

static void session_save(weir_op *op, weir_store_batch *batch)
{
    op_session *s = (op_session *)op;
    weir__saver saver;
    weir__saver_init(&saver, op, batch);
    weir__buckets_save(&s->buckets, &saver, TAG_LIST, put_list, s);
    weir_buf_reset(&saver.value);
    weir_buf_be64(&saver.value, (uint64_t)s->stream_time);
    weir_buf_be64(&saver.value, (uint64_t)s->newest);
    weir_buf_be64(&saver.value, (uint64_t)s->last_close);
    weir__saver_put(&saver, TAG_CLOCK, NULL, (weir_sv){NULL, 0}, weir_buf_view(&saver.value));
    weir__saver_deinit(&saver);
}

/* Everything was passed on before it was saved. */
static bool load_list(op_session *s, weir_sv key, int64_t bucket, weir_reader *r)
{
    uint64_t n = weir_read_varint(r);
    for (uint64_t i = 0; i < n; i++) {
        int64_t start = (int64_t)(weir_read_varint(r) & ~SESSION_SENT);
        *s->scratch = (session){.start_flag = (uint64_t)start | SESSION_SENT};
        s->scratch->end = (int64_t)(weir_read_varint(r) & ~SESSION_SENT);
        void *states = weir__session_states(s->scratch);
        memset(states, 0, s->stride - sizeof(session));
        weir__aggs_init(&s->aggs, states);
        if (r->bad || bucket_of(s, s->scratch->end) != bucket ||
            !weir__aggs_load(&s->aggs, weir_task_arena(s->op.task), states, r)) {
            weir__aggs_free(&s->aggs, states);
            return false;
        }
        put_session(s, key, s->scratch);
        weir__session_note_end(s, key, s->scratch);
    }
    return n > 0;
}

static weir_rc session_load(weir_op *op, weir_sv key, weir_sv value, weir_status *st)
{
    op_session *s = (op_session *)op;
    weir_reader r = weir_reader_of(value);
    char tag = 0;
    int64_t bucket = 0;
    if (!weir__load_tag(&key, &tag)) {
        return weir__load_bad(op, st);
    }
    if (tag == TAG_CLOCK) {
        s->stream_time = (int64_t)weir_read_be64(&r);
        s->newest = (int64_t)weir_read_be64(&r);
        s->last_close = (int64_t)weir_read_be64(&r);
        return r.bad ? weir__load_bad(op, st) : WEIR_OK;
    }
    if (tag != TAG_LIST || !weir__load_bucket(&key, &bucket) || !load_list(s, key, bucket, &r)) {
        return weir__load_bad(op, st);
    }
    weir_hmap *map = weir__buckets_need(&s->buckets, bucket);
    s->buckets.at[s->buckets.last].stored = true;
    weir_hmap_sweep(map, NULL, NULL, NULL);
    return WEIR_OK;
}

static uint64_t session_entries(const weir_op *op)
{
    return weir__buckets_entries(&((const op_session *)op)->buckets);
}

static uint64_t session_bytes(const weir_op *op)
{
    const op_session *s = (const op_session *)op;
    return weir__buckets_bytes(&s->buckets) + weir_slab_bytes(s->slab);
}

const weir_op_kind weir__op_session = {
    .name = "session",
    .size = sizeof(op_session),
    .open = session_open,
    .push = session_push,
    .flush = session_flush,
    .save = session_save,
    .load = session_load,
    .close = session_close,
    .state_entries = session_entries,
    .state_bytes = session_bytes,
};
