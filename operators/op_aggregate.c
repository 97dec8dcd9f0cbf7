/* GROUP BY: one entry per key (and window). Each step of the work is a loop over the batch: encode
 * keys, look all of them up, then one call per aggregate over all rows.
 *
 * A stream's row adds to its group. A table's change takes the old row out and puts the new one in,
 * which may bring a count down to 0; the group stays (as in ksqlDB). */
#include "operators/op_aggregate.h"

#include "engine/base/alloc.h"
#include "operators/op_kinds.h"

#define TAG_GROUP 'A'  /* key → entry */
#define TAG_WINDOW 'W' /* start ‖ key → entry */
#define TAG_CLOCK 'T'
#define SIZED_MAX 100000 /* entries whose size is remembered: older ones fade */

/* ---- life ---- */

static const bool *columns_read(op_aggregate *g)
{
    const weir_node *n = g->op.node;
    bool *used = WEIR_NEW_N(weir_task_arena(g->op.task), bool, n->in[0]->schema->n);
    for (uint32_t i = 0; i < n->schema->n_keys; i++) {
        used[i] = true;
    }
    for (uint32_t i = 0; i < g->aggs.n; i++) {
        const weir__agg *agg = &g->aggs.at[i];
        for (uint32_t k = 0; k < agg->call->nargs; k++) {
            if (!agg->literals[k].data) {
                used[agg->columns[k]] = true;
            }
        }
    }
    return used;
}

static bool load_entry(void *ctx, weir_hmap *map, weir_sv key, weir_reader *r);

static weir_rc aggregate_open(weir_op *op, weir_status *st)
{
    op_aggregate *g = (op_aggregate *)op;
    const weir_node *n = op->node;
    weir_arena *a = weir_task_arena(op->task);
    weir__aggs_open(&g->aggs, op);
    g->time_at = (g->aggs.bytes + 7) & ~7u;
    weir__keys_init(&g->keys, a, n->in[0]->schema, false);
    g->used = columns_read(g);
    g->windowed = n->window.kind != WEIR_WINDOW_NONE;
    g->coalesce = weir_task_coalesces(op->task) && !n->aggregate.emit_final;
    g->stream_time = g->last_close = g->max_start = -1;
    g->start_col = weir__column_of_role(n->schema, WEIR_COL_WINDOWSTART);
    g->end_col = weir__column_of_role(n->schema, WEIR_COL_WINDOWEND);
    bool durable = weir_task_durable(op->task);
    g->cold = (weir__cold){
        .op = op, .tag = g->windowed ? TAG_WINDOW : TAG_GROUP, .load = load_entry, .ctx = g};
    if (g->windowed) {
        g->buckets = (weir__buckets){.payload_bytes = g->time_at + 8,
                                     .durable = durable,
                                     .drop = g->aggs.owns ? weir__aggs_free : NULL,
                                     .ctx = &g->aggs};
    } else {
        g->map = weir_hmap_new(g->time_at + 8);
        weir_hmap_track(g->map, durable);
    }
    const weir_type **types = WEIR_NEW_N(a, const weir_type *, g->aggs.n);
    for (uint32_t i = 0; i < g->aggs.n; i++) {
        types[i] = g->aggs.at[i].call->type;
    }
    weir_row_codec_init(&g->results, a, types, g->aggs.n);
    if (n->aggregate.emit_final) {
        return weir__wire_keys_init(&g->wire, op->task, &n->aggregate.key_format, n,
                                    (weir_sv){NULL, 0}, st);
    }
    return WEIR_OK;
}

static void aggregate_close(weir_op *op)
{
    op_aggregate *g = (op_aggregate *)op;
    weir_hmap_free(g->map, g->aggs.owns ? weir__aggs_free : NULL, &g->aggs);
    weir__buckets_deinit(&g->buckets);
    weir__cold_deinit(&g->cold);
    weir__keys_deinit(&g->keys);
    weir__wire_keys_deinit(&g->wire);
    weir_buf_deinit(&g->old_rows);
    weir_free(g->dirty);
}

/* Unwindowed groups that are cold come back. False: the task has failed. */
static bool need(op_aggregate *g, const weir_sv *keys, uint32_t n)
{
    weir__cold_want(&g->cold, g->map, NULL, keys, n);
    return weir__cold_read(&g->cold);
}

/* ---- streams ---- */

bool weir__agg_entries(op_aggregate *g, agg_items *it, weir_hmap *map, uint32_t from, uint32_t to,
                       const weir_sv *keys)
{
    bool added[WEIR_BATCH_ROWS];
    weir_hmap_insert_batch(map, keys + from, to - from, it->entries + from, added);
    for (uint32_t i = from; i < to; i++) {
        it->maps[i] = map;
        if (added[i - from]) {
            weir__aggs_init(&g->aggs, it->entries[i]);
            if (g->coalesce) {
                weir__agg_note(g, it->entries[i], map, it->starts[i],
                               it->b->seq ? it->b->seq[it->rows[i]] : 0, true, it->b->arena);
            }
        }
        weir_hmap_mark(map, it->entries[i]);
    }
    return true;
}

static void push_stream(op_aggregate *g, const weir_batch *b)
{
    agg_items it;
    it.b = b;
    it.n = weir__rows_with_value(b, true, it.rows);
    weir_sv keys[WEIR_BATCH_ROWS];
    if (it.n == 0 || !weir__keys_of(&g->keys, g->op.task, b, it.rows, it.n, keys) ||
        !need(g, keys, it.n)) {
        return;
    }
    memset(it.starts, 0, it.n * sizeof *it.starts);
    weir__agg_entries(g, &it, g->map, 0, it.n, keys);
    weir__agg_apply(g, &it, true);
}

/* ---- tables ---- */

static bool has_value(const weir_batch *b, uint32_t row)
{
    return b && !(weir_batch_flags(b, row) & WEIR_ROW_NULL_VALUE);
}

/* One change of one group. Returns its entry; NULL: there is none. */
static void *change(op_aggregate *g, const weir_batch *b, uint32_t row, weir_sv key, bool *fresh)
{
    bool now = has_value(b, row);
    bool before = has_value(b->old, row);
    void *entry = weir_hmap_find(g->map, key);
    int64_t seq = b->seq ? b->seq[row] : 0;
    *fresh = !entry && now;
    if (*fresh) {
        bool added;
        entry = weir_hmap_insert(g->map, key, &added);
        weir__aggs_init(&g->aggs, entry);
    }
    if (!entry) {
        return NULL;
    }
    if (g->coalesce) {
        weir__agg_note(g, entry, g->map, 0, seq, *fresh, b->arena);
    }
    if (before && !*fresh && !weir__aggs_undo(&g->aggs, b->arena, entry, b->old->cols, row)) {
        return NULL;
    }
    uint16_t sel = (uint16_t)row;
    if (now && !weir__aggs_add(&g->aggs, b->arena, &entry, b->cols, &sel, 1, NULL)) {
        return NULL;
    }
    uint64_t *time = agg_time(g, entry);
    if ((int64_t)(*time & ~AGG_FLAG) < b->rowtime[row]) {
        *time = (*time & AGG_FLAG) | (uint64_t)b->rowtime[row];
    }
    weir_hmap_mark(g->map, entry);
    return entry;
}

static void push_table(op_aggregate *g, const weir_batch *b)
{
    uint16_t rows[WEIR_BATCH_ROWS];
    uint32_t n = 0;
    WEIR_EACH_ROW(b, i, row)
    {
        if (!weir__null_key(b, row, false) && (has_value(b, row) || has_value(b->old, row))) {
            rows[n++] = (uint16_t)row;
        }
    }
    weir_sv keys[WEIR_BATCH_ROWS];
    if (n == 0 || !weir__keys_of(&g->keys, g->op.task, b, rows, n, keys) || !need(g, keys, n)) {
        return;
    }
    uint32_t n_keys = g->op.node->schema->n_keys;
    weir_batch *out = weir__agg_output(g, b->arena, g->op.node->need_old);
    for (uint32_t i = 0; i < n && !weir_task_failed(g->op.task); i++) {
        uint16_t row = rows[i];
        void *entry = out->old ? weir_hmap_find(g->map, keys[i]) : NULL;
        if (entry) {
            weir__aggs_results(&g->aggs, b->arena, entry, out->old->cols + n_keys, row);
        }
        bool fresh;
        if (out->old) {
            weir_batch_need_flags(out->old)[row] = entry ? 0 : WEIR_ROW_NULL_VALUE;
        }
        entry = change(g, b, row, keys[i], &fresh);
        if (entry && !g->coalesce) {
            weir__aggs_results(&g->aggs, b->arena, entry, out->cols + n_keys, row);
            out->rowtime[row] = (int64_t)(*agg_time(g, entry) & ~AGG_FLAG);
        } else if (!entry) { /* an old row of a group that was never there */
            weir_batch_need_flags(out)[row] = WEIR_ROW_NULL_VALUE;
            out->rowtime[row] = b->rowtime[row];
        }
    }
    if (g->coalesce || weir_task_failed(g->op.task)) {
        return;
    }
    for (uint32_t c = 0; c < n_keys; c++) {
        out->cols[c] = b->cols[c];
        if (out->old) {
            out->old->cols[c] = b->cols[c];
        }
    }
    out->seq = b->seq;
    out->rows = b->rows;
    out->sel = rows;
    out->nsel = (uint16_t)n;
    if (out->old) {
        out->old->rows = out->rows;
        out->old->sel = rows;
        out->old->nsel = out->nsel;
    }
    weir_emit(&g->op, out);
}

static void aggregate_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    (void)port;
    op_aggregate *g = (op_aggregate *)op;
    g->seq = b->seq != NULL;
    if (g->windowed) {
        weir__agg_push_windowed(g, b);
    } else if (op->node->in[0]->table) {
        push_table(g, b);
    } else {
        push_stream(g, b);
    }
}

/* ---- state ---- */

/* What entries own outside of the map is not known, but what they take when they are saved is. */
static void note_size(op_aggregate *g, uint64_t bytes)
{
    if (g->n_sized == SIZED_MAX) {
        g->n_sized /= 2;
        g->sized /= 2;
    }
    g->n_sized++;
    g->sized += bytes;
}

static void put_entry(void *ctx, void *entry, weir_buf *value)
{
    op_aggregate *g = ctx;
    size_t before = value->n;
    weir_buf_varint(value, *agg_time(g, entry) & ~AGG_FLAG);
    weir__aggs_save(&g->aggs, entry, value);
    note_size(g, value->n - before);
}

typedef struct group_sweep {
    op_aggregate *g;
    weir__saver *saver;
} group_sweep;

static void put_group(void *ctx, weir_sv key, void *entry)
{
    group_sweep *s = ctx;
    weir_buf_reset(&s->saver->value);
    put_entry(s->g, entry, &s->saver->value);
    weir__saver_put(s->saver, TAG_GROUP, NULL, key, weir_buf_view(&s->saver->value));
}

static void aggregate_save(weir_op *op, weir_store_batch *batch)
{
    op_aggregate *g = (op_aggregate *)op;
    weir__saver saver;
    weir__saver_init(&saver, op, batch);
    if (!g->windowed) {
        group_sweep sweep = {g, &saver};
        weir_hmap_sweep(g->map, put_group, NULL, &sweep);
    } else {
        weir__buckets_save(&g->buckets, &saver, TAG_WINDOW, put_entry, g);
        weir_buf_reset(&saver.value);
        weir_buf_be64(&saver.value, (uint64_t)g->stream_time);
        weir_buf_be64(&saver.value, (uint64_t)g->last_close);
        weir_buf_be64(&saver.value, (uint64_t)g->max_start);
        weir__saver_put(&saver, TAG_CLOCK, NULL, (weir_sv){NULL, 0}, weir_buf_view(&saver.value));
    }
    weir__saver_deinit(&saver);
}

static bool load_entry(void *ctx, weir_hmap *map, weir_sv key, weir_reader *r)
{
    op_aggregate *g = ctx;
    bool added;
    void *entry = weir_hmap_insert(map, key, &added);
    note_size(g, (uint64_t)(r->end - r->p));
    *agg_time(g, entry) = (weir_read_varint(r) & ~AGG_FLAG) | (g->coalesce ? 0 : AGG_FLAG);
    weir__aggs_init(&g->aggs, entry);
    return added && weir__aggs_load(&g->aggs, weir_task_step(g->op.task), entry, r);
}

/* At start: an entry for which there is no room is only counted. */
static bool load_group(op_aggregate *g, weir_hmap *map, weir_sv key, weir_reader *r)
{
    if (weir_op_full(&g->op)) {
        weir_hmap_cool(map, 1);
        return true;
    }
    weir_hmap_filling(map, true);
    return load_entry(g, map, key, r);
}

static weir_rc aggregate_load(weir_op *op, weir_sv key, weir_sv value, weir_status *st)
{
    op_aggregate *g = (op_aggregate *)op;
    weir_reader r = weir_reader_of(value);
    char tag = 0;
    int64_t start = 0;
    bool ok = weir__load_tag(&key, &tag);
    if (ok && tag == TAG_CLOCK && g->windowed) {
        g->stream_time = (int64_t)weir_read_be64(&r);
        g->last_close = (int64_t)weir_read_be64(&r);
        g->max_start = (int64_t)weir_read_be64(&r);
        ok = !r.bad;
    } else if (ok && tag == TAG_WINDOW && g->windowed) {
        ok = weir__load_bucket(&key, &start);
        if (ok) {
            weir_hmap *map = weir__buckets_need(&g->buckets, start);
            g->buckets.at[g->buckets.last].stored = true;
            ok = load_group(g, map, key, &r);
        }
    } else {
        ok = ok && tag == TAG_GROUP && !g->windowed && load_group(g, g->map, key, &r);
    }
    return ok ? WEIR_OK : weir__load_bad(op, st);
}

static void aggregate_loaded(weir_op *op)
{
    op_aggregate *g = (op_aggregate *)op;
    if (!g->windowed) {
        weir_hmap_filling(g->map, false);
    }
    for (size_t i = 0; i < g->buckets.n; i++) {
        weir_hmap_filling(g->buckets.at[i].map, false);
    }
}

static void aggregate_take(weir_op *op, const weir_op *from)
{
    op_aggregate *g = (op_aggregate *)op;
    op_aggregate *other = (op_aggregate *)(uintptr_t)from;
    WEIR_ASSERT(!g->windowed && !other->windowed && g->aggs.n == other->aggs.n);
    if (!weir__cold_read_all(&other->cold, other->map, NULL)) {
        weir_task_fail(op->task, "the groups of the replaced query cannot be read");
        return;
    }
    weir_buf bytes = {0};
    uint64_t cursor = 0;
    void *entry;
    while (weir_hmap_next(other->map, &cursor, &entry)) {
        weir_sv key = weir_hmap_key(other->map, entry);
        weir_buf_reset(&bytes);
        put_entry(other, entry, &bytes);
        weir_reader r = weir_reader_of(weir_buf_view(&bytes));
        if (!load_entry(g, g->map, key, &r)) {
            weir_task_fail(op->task, "a group of the replaced query cannot be taken over");
            break;
        }
        void *taken = weir_hmap_find(g->map, key);
        weir_hmap_mark(g->map, taken);
        if (g->coalesce && (*agg_time(other, entry) & AGG_FLAG)) { /* it was still to be told */
            weir__agg_note(g, taken, g->map, 0, 0, true, weir_task_arena(op->task));
        }
    }
    weir_buf_deinit(&bytes);
}

static uint64_t aggregate_entries(const weir_op *op)
{
    const op_aggregate *g = (const op_aggregate *)op;
    return g->windowed ? weir__buckets_entries(&g->buckets)
                       : weir_hmap_count(g->map) + weir_hmap_cold(g->map);
}

static uint64_t resident(const op_aggregate *g)
{
    return g->windowed ? weir__buckets_resident(&g->buckets) : weir_hmap_count(g->map);
}

static uint64_t aggregate_bytes(const weir_op *op)
{
    const op_aggregate *g = (const op_aggregate *)op;
    uint64_t owned = g->aggs.owns && g->n_sized ? resident(g) * g->sized / g->n_sized : 0;
    return owned + (g->windowed ? weir__buckets_bytes(&g->buckets) : weir_hmap_bytes(g->map));
}

static void aggregate_evict(weir_op *op, uint64_t bytes)
{
    op_aggregate *g = (op_aggregate *)op;
    if (g->n_dirty) { /* a paused query: these entries must stay where they are */
        return;
    }
    uint64_t n = weir__part(resident(g), bytes, aggregate_bytes(op));
    if (g->windowed) {
        weir__buckets_evict(&g->buckets, n);
    } else {
        weir__evict(g->map, n, g->aggs.owns ? weir__aggs_free : NULL, &g->aggs);
    }
}

const weir_op_kind weir__op_aggregate = {
    .name = "aggregate",
    .size = sizeof(op_aggregate),
    .open = aggregate_open,
    .push = aggregate_push,
    .flush = weir__agg_flush,
    .save = aggregate_save,
    .load = aggregate_load,
    .loaded = aggregate_loaded,
    .take = aggregate_take,
    .evict = aggregate_evict,
    .close = aggregate_close,
    .state_entries = aggregate_entries,
    .state_bytes = aggregate_bytes,
};
