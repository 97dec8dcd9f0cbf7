/* What sessions pass on: every change; or, coalesced, the outcome per session; or, with EMIT FINAL,
 * the sessions that have ended, by end, start and key bytes. */
#include "engine/base/alloc.h"
#include "operators/op_session.h"

#include <stdlib.h>

/* ---- rows ---- */

/* A row for [start, end] of a key, deleted until somebody fills it. */
static uint32_t add_out(op_session *s, session_out *out, weir_sv key, int64_t start, int64_t end,
                        int64_t seq)
{
    if (out->n == WEIR_BATCH_ROWS) {
        weir__session_emit(s, out);
    }
    weir_batch *b = out->batch;
    if (!b) {
        b = out->batch = weir_batch_new(out->arena, s->op.node->schema);
        b->seq = s->seq ? weir_arena_alloc(out->arena, WEIR_BATCH_ROWS * sizeof *b->seq) : NULL;
        if (s->op.node->need_old) {
            b->old = weir_batch_new(out->arena, s->op.node->schema);
            b->old->rowtime = b->rowtime;
        }
    }
    uint32_t row = out->n++;
    out->keys[row] = key;
    b->rowtime[row] = end;
    if (b->seq) {
        b->seq[row] = seq;
    }
    if (s->start_col >= 0) {
        ((int64_t *)b->cols[s->start_col].data)[row] = start;
    }
    if (s->end_col >= 0) {
        ((int64_t *)b->cols[s->end_col].data)[row] = end;
    }
    weir_batch_need_flags(b)[row] = WEIR_ROW_NULL_VALUE;
    if (b->old) {
        weir_batch_need_flags(b->old)[row] = WEIR_ROW_NULL_VALUE;
    }
    return row;
}

static void fill(op_session *s, session_out *out, weir_batch *b, uint32_t row, session *e)
{
    weir__aggs_results(&s->aggs, out->arena, weir__session_states(e),
                       b->cols + s->op.node->schema->n_keys, row);
    b->flags[row] = 0;
}

void weir__session_emit(op_session *s, session_out *out)
{
    weir_batch *b = out->batch;
    if (out->n == 0) {
        return;
    }
    weir__keys_columns(&s->keys, out->keys, out->n, b->cols, out->arena);
    b->rows = b->nsel = (uint16_t)out->n;
    if (b->old) {
        memcpy(b->old->cols, b->cols, s->op.node->schema->n_keys * sizeof *b->cols);
        if (s->start_col >= 0) {
            b->old->cols[s->start_col] = b->cols[s->start_col];
        }
        if (s->end_col >= 0) {
            b->old->cols[s->end_col] = b->cols[s->end_col];
        }
        b->old->rows = b->old->nsel = b->rows;
    }
    out->batch = NULL;
    out->n = 0;
    weir_emit(&s->op, b);
}

/* ---- coalescing ---- */

void weir__session_pending_open(op_session *s)
{
    weir_arena *a = weir_task_arena(s->op.task);
    const weir_type **types = WEIR_NEW_N(a, const weir_type *, s->aggs.n);
    for (uint32_t i = 0; i < s->aggs.n; i++) {
        types[i] = s->aggs.at[i].call->type;
    }
    weir_row_codec_init(&s->results, a, types, s->aggs.n);
    s->pending_map = weir_hmap_new(0);
    weir_hmap_track(s->pending_map, false);
}

void weir__session_pending_close(op_session *s)
{
    weir_hmap_free(s->pending_map, NULL, NULL);
    weir_free(s->pending);
    weir_buf_deinit(&s->pending_bytes);
    for (size_t i = 0; i < s->n_ends; i++) {
        weir_free(s->ends[i].key);
    }
    weir_free(s->ends);
}

static void snapshot(op_session *s, session_change *c, session *e, weir_arena *a)
{
    weir_value *values = weir_arena_alloc(a, s->aggs.n * sizeof *values);
    for (uint32_t i = 0; i < s->aggs.n; i++) {
        weir__agg *g = &s->aggs.at[i];
        g->call->arena = a;
        values[i] = g->agg->result(g->call, (char *)weir__session_states(e) + g->at);
    }
    c->old_at = (uint32_t)s->pending_bytes.n;
    c->old_n = weir_row_encode_values(&s->results, &s->pending_bytes, values);
}

static void note(op_session *s, weir_arena *a, weir_sv key, session *e, int64_t seq)
{
    weir_buf *bytes = &s->pending_bytes;
    size_t at = bytes->n;
    weir_buf_be64(bytes, (uint64_t)weir__session_start(e));
    weir_buf_be64(bytes, (uint64_t)e->end);
    weir_buf_sv(bytes, key);
    bool added;
    weir_hmap_insert(s->pending_map, (weir_sv){bytes->p + at, (uint32_t)(bytes->n - at)}, &added);
    if (!added) {
        bytes->n = at;
        return;
    }
    WEIR_GROW(s->pending, s->pending_cap, s->n_pending + 1);
    session_change *c = &s->pending[s->n_pending++];
    *c = (session_change){.seq = seq,
                          .key_at = (uint32_t)at,
                          .key_n = (uint32_t)(bytes->n - at),
                          .sent = (e->start_flag & SESSION_SENT) != 0};
    if (c->sent && s->op.node->need_old) {
        snapshot(s, c, e, a);
    }
}

void weir__session_flush(op_session *s, weir_arena *a)
{
    session_out out = {.arena = a};
    uint32_t n_keys = s->op.node->schema->n_keys;
    for (size_t i = 0; i < s->n_pending; i++) {
        const session_change *c = &s->pending[i];
        weir_reader r = weir_reader_of((weir_sv){s->pending_bytes.p + c->key_at, c->key_n});
        int64_t start = (int64_t)weir_read_be64(&r);
        int64_t end = (int64_t)weir_read_be64(&r);
        weir_sv key = weir_read_bytes(&r, c->key_n - 16);
        session *e = weir__session_find(s, key, start, end);
        if (!e && !c->sent) {
            continue; /* came and went */
        }
        uint32_t row = add_out(s, &out, key, start, end, c->seq);
        if (e) {
            fill(s, &out, out.batch, row, e);
            e->start_flag |= SESSION_SENT;
        }
        if (c->old_n) {
            weir_sv old = {s->pending_bytes.p + c->old_at, c->old_n};
            for (uint32_t k = 0; k < s->aggs.n; k++) {
                weir_row_get(&s->results, old, k, &out.batch->old->cols[n_keys + k], a, row);
            }
            out.batch->old->flags[row] = 0;
        }
    }
    weir__session_emit(s, &out);
    for (size_t i = 0; i < s->n_pending; i++) {
        const session_change *c = &s->pending[i];
        weir_hmap_remove(s->pending_map, (weir_sv){s->pending_bytes.p + c->key_at, c->key_n});
    }
    s->n_pending = 0;
    weir_buf_reset(&s->pending_bytes);
}

/* ---- changes ---- */

void weir__session_deleted(op_session *s, session_out *out, weir_sv key, session *e, int64_t seq)
{
    if (s->op.node->aggregate.emit_final) {
        return;
    }
    if (s->coalesce) {
        note(s, out->arena, key, e, seq);
        return;
    }
    uint32_t row = add_out(s, out, key, weir__session_start(e), e->end, seq);
    if (out->batch->old) {
        fill(s, out, out->batch->old, row, e);
    }
}

void weir__session_changed(op_session *s, session_out *out, weir_sv key, session *e, int64_t seq)
{
    if (s->op.node->aggregate.emit_final) {
        weir__session_note_end(s, key, e);
        return;
    }
    if (s->coalesce) {
        note(s, out->arena, key, e, seq);
        return;
    }
    uint32_t row = add_out(s, out, key, weir__session_start(e), e->end, seq);
    fill(s, out, out->batch, row, e);
}

/* ---- EMIT FINAL ---- */

static void heap_down(session_end *h, size_t n, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t kid = 2 * at + 1; kid <= 2 * at + 2 && kid < n; kid++) {
            least = h[kid].end < h[least].end ? kid : least;
        }
        if (least == at) {
            return;
        }
        session_end t = h[at];
        h[at] = h[least];
        h[least] = t;
        at = least;
    }
}

void weir__session_note_end(op_session *s, weir_sv key, const session *e)
{
    if (!s->op.node->aggregate.emit_final) {
        return;
    }
    WEIR_GROW(s->ends, s->ends_cap, s->n_ends + 1);
    session_end *h = s->ends;
    size_t at = s->n_ends++;
    h[at] = (session_end){.end = e->end, .start = weir__session_start(e), .key_n = key.n};
    h[at].key = weir_alloc(key.n + 1);
    memcpy(h[at].key, key.n ? key.p : "", key.n);
    while (at && h[(at - 1) / 2].end > h[at].end) {
        session_end t = h[at];
        h[at] = h[(at - 1) / 2];
        at = (at - 1) / 2;
        h[at] = t;
    }
}

typedef struct ended {
    session_end e;
    weir_sv wire;
} ended;

static int by_end(const void *a, const void *b)
{
    const ended *x = a;
    const ended *y = b;
    if (x->e.end != y->e.end) {
        return x->e.end < y->e.end ? -1 : 1;
    }
    if (x->e.start != y->e.start) {
        return x->e.start < y->e.start ? -1 : 1;
    }
    return weir_sv_cmp(x->wire, y->wire);
}

/* Gives the sessions their topic key bytes. */
static void set_wires(op_session *s, weir_arena *a, ended *list, size_t n)
{
    weir_batch *cols = weir_batch_new(a, s->op.node->schema);
    uint16_t identity[WEIR_BATCH_ROWS];
    weir_sv keys[WEIR_BATCH_ROWS];
    weir_sv wire[WEIR_BATCH_ROWS];
    for (size_t from = 0; from < n; from += WEIR_BATCH_ROWS) {
        uint32_t m = n - from < WEIR_BATCH_ROWS ? (uint32_t)(n - from) : WEIR_BATCH_ROWS;
        for (uint32_t i = 0; i < m; i++) {
            keys[i] = (weir_sv){list[from + i].e.key, list[from + i].e.key_n};
            identity[i] = (uint16_t)i;
        }
        weir__keys_columns(&s->keys, keys, m, cols->cols, a);
        weir__wire_keys_of(&s->wire, cols->cols, identity, m, wire);
        for (uint32_t i = 0; i < m; i++) {
            bool null = wire[i].n == WEIR_NULL_BYTES;
            list[from + i].wire = null ? (weir_sv){NULL, 0} : weir_arena_sv(a, wire[i]);
        }
    }
}

/* Those that end before `lower` have been emitted; loading brings them back. */
static void emit_ended(op_session *s, session_out *out, ended *list, size_t n, int64_t lower,
                       int64_t seq)
{
    set_wires(s, out->arena, list, n);
    qsort(list, n, sizeof *list, by_end);
    for (size_t i = 0; i < n; i++) {
        const session_end *e = &list[i].e;
        weir_sv key = {e->key, e->key_n};
        session *found = weir__session_find(s, key, e->start, e->end);
        int64_t lost = (s->newest - s->op.node->window.retention_ms) / s->segment;
        bool twice = i && by_end(&list[i - 1], &list[i]) == 0;
        if (found && !twice && e->end >= lower && e->end / s->segment >= lost) {
            uint32_t row = add_out(s, out, key, e->start, e->end, seq);
            fill(s, out, out->batch, row, found);
        }
    }
    weir__session_emit(s, out);
}

void weir__session_final(op_session *s, session_out *out, int64_t seq)
{
    const weir_window *w = &s->op.node->window;
    int64_t close = s->stream_time - w->grace_ms - w->size_ms;
    int64_t lower = weir_max64(0, s->last_close);
    int64_t upper = close - 1;
    if ((s->last_close != -1 && s->last_close >= close) || upper < lower) {
        return;
    }
    s->last_close = close;
    ended *list = NULL;
    size_t n = 0;
    size_t cap = 0;
    while (s->n_ends && s->ends[0].end <= upper) {
        WEIR_GROW(list, cap, n + 1);
        list[n++] = (ended){.e = s->ends[0]};
        s->ends[0] = s->ends[--s->n_ends];
        heap_down(s->ends, s->n_ends, 0);
    }
    if (n) {
        emit_ended(s, out, list, n, lower, seq);
    }
    for (size_t i = 0; i < n; i++) {
        weir_free(list[i].e.key);
    }
    weir_free(list);
}
