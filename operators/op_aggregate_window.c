/* Tumbling and hopping windows: a bucket per window start. A row that comes when its window has
 * closed is counted and left out. Stream time is the largest row time this operator has seen, row by
 * row, so that results do not depend on how rows are batched.
 *
 * EMIT FINAL passes windows on when they close: after each row, those that closed with it, by start
 * and then by key bytes. Windows whose start is older than the retention by then are lost; Kafka
 * Streams' store drops them, too. */
#include "engine/base/alloc.h"
#include "operators/op_aggregate.h"

#include <stdlib.h>

static int64_t plus(int64_t a, int64_t b)
{
    int64_t r;
    return __builtin_add_overflow(a, b, &r) ? INT64_MAX : r;
}

/* Drops what can neither change nor be emitted any more. */
void weir__agg_expire(op_aggregate *g)
{
    const weir_window *w = &g->op.node->window;
    if (g->op.node->aggregate.emit_final || g->stream_time < 0) {
        return;
    }
    size_t n = 0;
    while (n < g->buckets.n &&
           weir_window_closed(w, plus(g->buckets.at[n].start, w->size_ms), g->stream_time)) {
        n++;
    }
    weir__buckets_drop_first(&g->buckets, n);
}

/* Consecutive items of one window go together. */
static uint32_t run_end(const agg_items *it, uint32_t from)
{
    uint32_t to = from + 1;
    while (to < it->n && it->starts[to] == it->starts[from]) {
        to++;
    }
    return to;
}

/* Groups that are cold come back, those of all windows by one read. */
static bool need(op_aggregate *g, const agg_items *it, const weir_sv *keys)
{
    for (uint32_t from = 0, to; from < it->n; from = to) {
        to = run_end(it, from);
        weir_hmap *map = weir__buckets_find(&g->buckets, it->starts[from]);
        if (map) {
            weir__cold_want(&g->cold, map, &it->starts[from], keys + from, to - from);
        }
    }
    return weir__cold_read(&g->cold);
}

/* Looks up the entries of all items. */
static bool find_entries(op_aggregate *g, agg_items *it)
{
    weir_sv keys[WEIR_BATCH_ROWS];
    if (!weir__keys_of(&g->keys, g->op.task, it->b, it->rows, it->n, keys) || !need(g, it, keys)) {
        return false;
    }
    uint32_t from = 0;
    while (from < it->n) {
        uint32_t to = run_end(it, from);
        g->max_start = weir_max64(g->max_start, it->starts[from]);
        weir_hmap *map = weir__buckets_need(&g->buckets, it->starts[from]);
        weir__agg_entries(g, it, map, from, to, keys);
        from = to;
    }
    return true;
}

/* ---- EMIT FINAL ---- */

/* The starts of the windows that contain `ts`, as a range. */
static void starts_of(const weir_window *w, int64_t ts, int64_t *first, int64_t *last)
{
    *first = weir_window_first_start(w, ts);
    *last = ts / w->advance_ms * w->advance_ms;
}

/* Which window starts are to be emitted now: false when none are. */
static bool final_range(op_aggregate *g, int64_t *lower, int64_t *upper)
{
    const weir_window *w = &g->op.node->window;
    int64_t close = g->stream_time - w->grace_ms;
    if (g->last_close != -1 && g->last_close >= close) {
        return false;
    }
    *upper = close - w->size_ms;
    if (*upper < 0) {
        return false;
    }
    *lower = 0;
    if (g->last_close != -1) {
        int64_t before = weir_max64(0, g->last_close - w->size_ms);
        *lower = before + 1;
        int64_t range[4];
        starts_of(w, *upper, &range[0], &range[1]);
        starts_of(w, before, &range[2], &range[3]);
        if (range[0] == range[2] && range[1] == range[3]) {
            return false;
        }
    }
    return true;
}

typedef struct final_row {
    void *entry;
    weir_sv key; /* topic bytes */
} final_row;

static int by_key(const void *a, const void *b)
{
    return weir_sv_cmp(((const final_row *)a)->key, ((const final_row *)b)->key);
}

/* Entries of one window in the order of their keys' topic bytes, which `bytes` keeps. */
static final_row *sorted_entries(op_aggregate *g, weir_arena *a, weir_hmap *map, weir_buf *bytes)
{
    uint64_t n = weir_hmap_count(map);
    final_row *rows = weir_alloc(n * sizeof *rows);
    uint32_t *starts = weir_alloc((n + 1) * sizeof *starts);
    weir_sv keys[WEIR_BATCH_ROWS];
    weir_sv wire[WEIR_BATCH_ROWS];
    uint16_t identity[WEIR_BATCH_ROWS];
    uint64_t cursor = 0;
    void *entry = NULL;
    weir_batch *cols = weir_batch_new(a, g->op.node->schema);
    for (uint64_t done = 0; done < n;) {
        uint32_t m = 0;
        for (; m < WEIR_BATCH_ROWS && weir_hmap_next(map, &cursor, &entry); m++) {
            rows[done + m].entry = entry;
            keys[m] = weir_hmap_key(map, entry);
            identity[m] = (uint16_t)m;
        }
        weir__keys_columns(&g->keys, keys, m, cols->cols, a);
        weir__wire_keys_of(&g->wire, cols->cols, identity, m, wire);
        for (uint32_t i = 0; i < m; i++) {
            starts[done + i] = (uint32_t)bytes->n;
            weir_buf_add(bytes, wire[i].p, wire[i].n == WEIR_NULL_BYTES ? 0 : wire[i].n);
        }
        done += m;
        starts[done] = (uint32_t)bytes->n;
    }
    for (uint64_t i = 0; i < n; i++) {
        rows[i].key = (weir_sv){bytes->p + starts[i], starts[i + 1] - starts[i]};
    }
    weir_free(starts);
    qsort(rows, n, sizeof *rows, by_key);
    return rows;
}

static void emit_final(op_aggregate *g, const weir_batch *b, int64_t lower, int64_t upper,
                       int64_t seq)
{
    lower = weir_max64(lower, g->max_start - g->op.node->window.retention_ms);
    weir_buf bytes;
    weir_buf_init(&bytes, (size_t)UINT32_MAX);
    agg_rows out;
    weir__agg_rows_open(&out, g, b->arena, g->op.node->need_old, b->seq != NULL);
    size_t at = weir__buckets_from(&g->buckets, lower);
    for (; at < g->buckets.n && g->buckets.at[at].start <= upper; at++) {
        weir_hmap *map = g->buckets.at[at].map;
        if (!weir__cold_read_all(&g->cold, map, &g->buckets.at[at].start)) {
            break;
        }
        weir_buf_reset(&bytes);
        final_row *rows = sorted_entries(g, b->arena, map, &bytes);
        for (uint64_t i = 0; i < weir_hmap_count(map); i++) {
            weir__agg_rows_add(&out, rows[i].entry, map, g->buckets.at[at].start, seq);
        }
        weir__agg_rows_emit(&out); /* its keys point into the map */
        weir_free(rows);
    }
    weir_buf_deinit(&bytes);
    weir__buckets_drop_first(&g->buckets, at);
    g->last_close = g->stream_time - g->op.node->window.grace_ms;
}

/* ---- rows to items ---- */

static void settle(op_aggregate *g, agg_items *it)
{
    if (it->n && find_entries(g, it)) {
        weir__agg_apply(g, it, !g->op.node->aggregate.emit_final);
    }
    it->n = 0;
}

static void after_row(op_aggregate *g, agg_items *it, const weir_batch *b, uint32_t row)
{
    int64_t lower;
    int64_t upper;
    if (g->op.node->aggregate.emit_final && final_range(g, &lower, &upper)) {
        settle(g, it);
        emit_final(g, b, lower, upper, b->seq ? b->seq[row] : 0);
    }
}

/* One window per row: items are the batch's own rows. */
static void push_tumbling(op_aggregate *g, const weir_batch *b, const uint16_t *rows, uint32_t n)
{
    const weir_window *w = &g->op.node->window;
    agg_items it;
    it.b = b;
    it.n = 0;
    int64_t start = 0;
    int64_t end = -1; /* of the window of the row before */
    for (uint32_t i = 0; i < n; i++) {
        int64_t ts = b->rowtime[rows[i]];
        g->stream_time = weir_max64(g->stream_time, ts);
        if (ts < start || ts >= end) {
            start = weir_window_first_start(w, ts);
            end = plus(start, w->size_ms);
        }
        if (weir_window_closed(w, end, g->stream_time)) {
            g->op.late++;
        } else {
            it.rows[it.n] = rows[i];
            it.starts[it.n++] = start;
        }
        after_row(g, &it, b, rows[i]);
    }
    settle(g, &it);
}

/* Several windows per row: items are rows of a batch of their own, with the columns that are read. */
typedef struct hops {
    op_aggregate *g;
    const weir_batch *b;
    agg_items it;
    uint16_t from[WEIR_BATCH_ROWS]; /* row of b */
} hops;

static void hops_settle(hops *h)
{
    uint32_t n = h->it.n;
    if (n == 0) {
        return;
    }
    const weir_schema *schema = h->b->schema;
    weir_batch *own = weir_arena_alloc(h->b->arena, sizeof *own);
    *own = (weir_batch){.schema = schema,
                        .rows = (uint16_t)n,
                        .nsel = (uint16_t)n,
                        .rowtime = weir__times(h->b),
                        .seq = h->b->seq ? weir__times(h->b) : NULL,
                        .cols = WEIR_NEW_N(h->b->arena, weir_vec, schema->n),
                        .arena = h->b->arena};
    for (uint32_t c = 0; c < schema->n; c++) {
        if (h->g->used[c]) {
            weir_vec_init(&own->cols[c], h->b->arena, schema->cols[c].type);
            weir_vec_gather(&own->cols[c], h->b->arena, 0, &h->b->cols[c], h->from, n);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        own->rowtime[i] = h->b->rowtime[h->from[i]];
        if (own->seq) {
            own->seq[i] = h->b->seq[h->from[i]];
        }
        h->it.rows[i] = (uint16_t)i;
    }
    h->it.b = own;
    settle(h->g, &h->it);
}

static void push_hopping(op_aggregate *g, const weir_batch *b, const uint16_t *rows, uint32_t n)
{
    const weir_window *w = &g->op.node->window;
    hops *h = weir_arena_alloc(b->arena, sizeof *h);
    h->g = g;
    h->b = b;
    h->it.n = 0;
    int64_t lower;
    int64_t upper;
    for (uint32_t i = 0; i < n; i++) {
        int64_t ts = b->rowtime[rows[i]];
        g->stream_time = weir_max64(g->stream_time, ts);
        for (int64_t start = weir_window_first_start(w, ts); start <= ts;
             start = plus(start, w->advance_ms)) {
            if (weir_window_closed(w, plus(start, w->size_ms), g->stream_time)) {
                g->op.late++;
            } else {
                if (h->it.n == WEIR_BATCH_ROWS) {
                    hops_settle(h);
                }
                h->from[h->it.n] = rows[i];
                h->it.starts[h->it.n++] = start;
            }
            if (start == INT64_MAX) {
                break;
            }
        }
        if (g->op.node->aggregate.emit_final && final_range(g, &lower, &upper)) {
            hops_settle(h);
            emit_final(g, b, lower, upper, b->seq ? b->seq[rows[i]] : 0);
        }
    }
    hops_settle(h);
}

void weir__agg_push_windowed(op_aggregate *g, const weir_batch *b)
{
    uint16_t rows[WEIR_BATCH_ROWS];
    uint32_t n = weir__rows_with_value(b, true, rows);
    if (g->op.node->window.kind == WEIR_WINDOW_HOPPING) {
        push_hopping(g, b, rows, n);
    } else {
        push_tumbling(g, b, rows, n);
    }
    if (!g->coalesce) {
        weir__agg_expire(g);
    }
}
