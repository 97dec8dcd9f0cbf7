/* What an aggregation passes on: an update per row, made by the loops that add the rows, or one
 * update per changed group when it is asked for them. */
#include "operators/op_aggregate.h"

#define PREFETCH 16 /* entries ahead: changed groups lie anywhere */

weir_batch *weir__agg_output(op_aggregate *g, weir_arena *a, bool old)
{
    weir_batch *out = weir_batch_new(a, g->op.node->schema);
    if (old) {
        out->old = weir_batch_new(a, g->op.node->schema);
        out->old->rowtime = out->rowtime;
    }
    return out;
}

void weir__agg_window(op_aggregate *g, weir_batch *out, uint32_t row, int64_t start)
{
    if (g->start_col >= 0) {
        ((int64_t *)out->cols[g->start_col].data)[row] = start;
    }
    if (g->end_col >= 0) {
        int64_t end;
        if (__builtin_add_overflow(start, g->op.node->window.size_ms, &end)) {
            end = INT64_MAX;
        }
        ((int64_t *)out->cols[g->end_col].data)[row] = end;
    }
}

/* Keys and windows of the old side are those of the new one. */
static void share_keys(op_aggregate *g, weir_batch *out)
{
    if (!out->old) {
        return;
    }
    for (uint32_t c = 0; c < g->op.node->schema->n_keys; c++) {
        out->old->cols[c] = out->cols[c];
    }
    if (g->start_col >= 0) {
        out->old->cols[g->start_col] = out->cols[g->start_col];
    }
    if (g->end_col >= 0) {
        out->old->cols[g->end_col] = out->cols[g->end_col];
    }
    out->old->rows = out->rows;
    out->old->sel = out->sel;
    out->old->nsel = out->nsel;
}

/* ---- one update per row ---- */

static void advance_times(op_aggregate *g, const agg_items *it, int64_t *times)
{
    for (uint32_t i = 0; i < it->n; i++) {
        uint64_t *time = agg_time(g, it->entries[i]);
        uint64_t now = (uint64_t)it->b->rowtime[it->rows[i]];
        uint64_t flag = *time & AGG_FLAG;
        if ((*time & ~AGG_FLAG) < now) {
            *time = flag | now;
        }
        if (times) {
            times[it->rows[i]] = (int64_t)(*time & ~AGG_FLAG);
        }
    }
}

/* With the results before each row: a row at a time, because a group may come twice. The flag of an
 * entry that does not coalesce says that it has been passed on before. */
static bool add_with_old(op_aggregate *g, agg_items *it, weir_batch *out)
{
    uint32_t n_keys = g->op.node->schema->n_keys;
    uint8_t *flags = weir_batch_need_flags(out->old);
    for (uint32_t i = 0; i < it->n; i++) {
        uint16_t row = it->rows[i];
        bool fresh = (*agg_time(g, it->entries[i]) & AGG_FLAG) == 0;
        flags[row] = fresh ? WEIR_ROW_NULL_VALUE : 0;
        if (!fresh) {
            weir__aggs_results(&g->aggs, it->b->arena, it->entries[i], out->old->cols + n_keys,
                               row);
        }
        *agg_time(g, it->entries[i]) |= AGG_FLAG;
        if (!weir__aggs_add(&g->aggs, it->b->arena, &it->entries[i], it->b->cols, &row, 1,
                            out->cols + n_keys)) {
            return false;
        }
    }
    return true;
}

void weir__agg_apply(op_aggregate *g, agg_items *it, bool emit)
{
    const weir_batch *b = it->b;
    if (it->n == 0) {
        return;
    }
    if (g->coalesce || !emit) {
        for (uint32_t i = 0; g->coalesce && i < it->n; i++) {
            weir__agg_note(g, it->entries[i], it->maps[i], it->starts[i],
                           b->seq ? b->seq[it->rows[i]] : 0, false, b->arena);
        }
        weir__aggs_add(&g->aggs, b->arena, it->entries, b->cols, it->rows, it->n, NULL);
        advance_times(g, it, NULL);
        return;
    }
    uint32_t n_keys = g->op.node->schema->n_keys;
    weir_batch *out = weir__agg_output(g, b->arena, g->op.node->need_old);
    bool ok = out->old ? add_with_old(g, it, out)
                       : weir__aggs_add(&g->aggs, b->arena, it->entries, b->cols, it->rows, it->n,
                                        out->cols + n_keys);
    if (!ok) {
        return;
    }
    advance_times(g, it, out->rowtime);
    for (uint32_t c = 0; c < n_keys; c++) {
        out->cols[c] = b->cols[c];
    }
    for (uint32_t i = 0; g->windowed && i < it->n; i++) {
        weir__agg_window(g, out, it->rows[i], it->starts[i]);
    }
    out->seq = b->seq;
    out->rows = b->rows;
    out->sel = it->rows;
    out->nsel = (uint16_t)it->n;
    share_keys(g, out);
    weir_emit(&g->op, out);
}

/* ---- one update per changed group ---- */

void weir__agg_note(op_aggregate *g, void *entry, weir_hmap *map, int64_t start, int64_t seq,
                    bool fresh, weir_arena *a)
{
    uint64_t *time = agg_time(g, entry);
    if (*time & AGG_FLAG) {
        return;
    }
    *time |= AGG_FLAG;
    WEIR_GROW(g->dirty, g->dirty_cap, g->n_dirty + 1);
    agg_dirty *d = &g->dirty[g->n_dirty++];
    *d = (agg_dirty){.entry = entry, .map = map, .start = start, .seq = seq};
    if (!g->op.node->need_old || fresh) {
        return;
    }
    weir_value *values = weir_arena_alloc(a, g->aggs.n * sizeof *values);
    for (uint32_t i = 0; i < g->aggs.n; i++) {
        weir__agg *agg = &g->aggs.at[i];
        agg->call->arena = a;
        values[i] = agg->agg->result(agg->call, (const char *)entry + agg->at);
    }
    d->old_at = (uint32_t)g->old_rows.n;
    d->old_n = weir_row_encode_values(&g->results, &g->old_rows, values);
}

void weir__agg_rows_open(agg_rows *r, op_aggregate *g, weir_arena *a, bool old, bool seq)
{
    *r = (agg_rows){.g = g, .a = a, .old = old, .seq = seq};
    r->keys = weir_arena_alloc(a, WEIR_BATCH_ROWS * sizeof *r->keys);
}

void weir__agg_rows_add(agg_rows *r, void *entry, weir_hmap *map, int64_t start, int64_t seq)
{
    op_aggregate *g = r->g;
    if (r->n == WEIR_BATCH_ROWS) {
        weir__agg_rows_emit(r);
    }
    if (!r->out) {
        r->out = weir__agg_output(g, r->a, r->old);
        r->out->seq = r->seq ? weir_arena_alloc(r->a, WEIR_BATCH_ROWS * sizeof(int64_t)) : NULL;
    }
    uint32_t row = r->n++;
    r->keys[row] = weir_hmap_key(map, entry);
    weir__aggs_results(&g->aggs, r->a, entry, r->out->cols + g->op.node->schema->n_keys, row);
    r->out->rowtime[row] = (int64_t)(*agg_time(g, entry) & ~AGG_FLAG);
    weir__agg_window(g, r->out, row, start);
    if (r->seq) {
        r->out->seq[row] = seq;
    }
    if (r->old) {
        weir_batch_need_flags(r->out->old)[row] = WEIR_ROW_NULL_VALUE;
    }
}

void weir__agg_rows_emit(agg_rows *r)
{
    if (r->n == 0) {
        return;
    }
    weir__keys_columns(&r->g->keys, r->keys, r->n, r->out->cols, r->a);
    r->out->rows = r->out->nsel = (uint16_t)r->n;
    share_keys(r->g, r->out);
    weir_emit(&r->g->op, r->out); /* then the batch is free for the next rows */
    r->n = 0;
}

void weir__agg_flush(weir_op *op, weir_arena *a)
{
    op_aggregate *g = (op_aggregate *)op;
    agg_rows r;
    weir__agg_rows_open(&r, g, a, op->node->need_old, g->seq);
    uint32_t n_keys = op->node->schema->n_keys;
    for (size_t i = 0; i < g->n_dirty; i++) {
        const agg_dirty *d = &g->dirty[i];
        if (i + PREFETCH < g->n_dirty) {
            __builtin_prefetch(d[PREFETCH].entry);
            __builtin_prefetch(agg_time(g, d[PREFETCH].entry));
        }
        *agg_time(g, d->entry) &= ~AGG_FLAG;
        weir__agg_rows_add(&r, d->entry, d->map, d->start, d->seq);
        if (d->old_n) {
            weir_sv row = {g->old_rows.p + d->old_at, d->old_n};
            for (uint32_t c = 0; c < g->aggs.n; c++) {
                weir_row_get(&g->results, row, c, &r.out->old->cols[n_keys + c], a, r.n - 1);
            }
            r.out->old->flags[r.n - 1] = 0;
        }
    }
    weir__agg_rows_emit(&r);
    g->n_dirty = 0;
    weir_buf_reset(&g->old_rows);
    if (g->windowed) {
        weir__agg_expire(g);
    }
}
