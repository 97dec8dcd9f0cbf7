/* State of operators: what changed is written when an epoch ends, buckets of time go whole. */
#include "operators/op_state.h"

#include "engine/base/alloc.h"

/* ---- saving ---- */

void weir__saver_init(weir__saver *s, const weir_op *op, weir_store_batch *batch)
{
    *s = (weir__saver){.op = op, .batch = batch};
    weir_op_state_prefix(op, &s->key);
    s->prefix = s->key.n;
}

void weir__saver_deinit(weir__saver *s)
{
    weir_buf_deinit(&s->key);
    weir_buf_deinit(&s->value);
}

/* Signed order as byte order. */
static uint64_t ordered(int64_t x)
{
    return (uint64_t)x ^ ((uint64_t)1 << 63);
}

void weir__state_key(weir_buf *out, char tag, const int64_t *bucket, weir_sv key)
{
    weir_buf_byte(out, tag);
    if (bucket) {
        weir_buf_be64(out, ordered(*bucket));
    }
    weir_buf_sv(out, key);
}

static weir_sv saver_key(weir__saver *s, char tag, const int64_t *bucket, weir_sv key)
{
    s->key.n = s->prefix;
    weir__state_key(&s->key, tag, bucket, key);
    return weir_buf_view(&s->key);
}

void weir__saver_put(weir__saver *s, char tag, const int64_t *bucket, weir_sv key, weir_sv value)
{
    weir_store_put(s->batch, saver_key(s, tag, bucket, key), value);
}

void weir__saver_gone(weir__saver *s, char tag, const int64_t *bucket, weir_sv key)
{
    weir_store_delete(s->batch, saver_key(s, tag, bucket, key));
}

void weir__saver_drop_bucket(weir__saver *s, char tag, int64_t bucket)
{
    weir_buf from = {0};
    weir_buf_sv(&from, saver_key(s, tag, &bucket, (weir_sv){NULL, 0}));
    s->key.n = s->prefix;
    if (bucket < INT64_MAX) {
        weir_buf_byte(&s->key, tag);
        weir_buf_be64(&s->key, ordered(bucket + 1));
    } else {
        weir_buf_byte(&s->key, (char)(tag + 1));
    }
    weir_store_delete_range(s->batch, weir_buf_view(&from), weir_buf_view(&s->key));
    weir_buf_deinit(&from);
}

bool weir__load_tag(weir_sv *key, char *tag)
{
    if (key->n == 0) {
        return false;
    }
    *tag = *key->p++;
    key->n--;
    return true;
}

bool weir__load_bucket(weir_sv *key, int64_t *bucket)
{
    weir_reader r = weir_reader_of(*key);
    *bucket = (int64_t)(weir_read_be64(&r) ^ ((uint64_t)1 << 63));
    if (r.bad) {
        return false;
    }
    key->p += 8;
    key->n -= 8;
    return true;
}

weir_rc weir__load_bad(const weir_op *op, weir_status *st)
{
    weir_fail(st, WEIR_ECORRUPT, "stored state of operator %s (node %u) cannot be read",
              op->kind->name, op->node->id);
    return weir_hint(st, "it is damaged, or of another version: start with an empty --data-dir");
}

/* ---- maps by time ---- */

void weir__buckets_deinit(weir__buckets *s)
{
    for (size_t i = 0; i < s->n; i++) {
        weir_hmap_free(s->at[i].map, s->drop, s->ctx);
    }
    weir_hmap_free(s->spare, NULL, NULL);
    s->spare = NULL;
    weir_free(s->at);
    weir_free(s->dropped);
    s->at = NULL;
    s->dropped = NULL;
    s->n = s->cap = s->n_dropped = s->dropped_cap = 0;
}

size_t weir__buckets_from(const weir__buckets *s, int64_t start)
{
    size_t low = 0;
    size_t high = s->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (s->at[mid].start < start) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

weir_hmap *weir__buckets_find(weir__buckets *s, int64_t start)
{
    if (s->last < s->n && s->at[s->last].start == start) {
        return s->at[s->last].map;
    }
    size_t at = weir__buckets_from(s, start);
    if (at == s->n || s->at[at].start != start) {
        return NULL;
    }
    s->last = at;
    return s->at[at].map;
}

weir_hmap *weir__buckets_need(weir__buckets *s, int64_t start)
{
    weir_hmap *found = weir__buckets_find(s, start);
    if (found) {
        return found;
    }
    size_t at = weir__buckets_from(s, start);
    WEIR_GROW(s->at, s->cap, s->n + 1);
    memmove(&s->at[at + 1], &s->at[at], (s->n - at) * sizeof *s->at);
    s->n++;
    s->at[at] = (weir__bucket){
        .start = start, .map = s->spare ? s->spare : weir_hmap_new(s->payload_bytes)};
    s->spare = NULL;
    weir_hmap_track(s->at[at].map, s->durable);
    s->last = at;
    return s->at[at].map;
}

void weir__buckets_drop_first(weir__buckets *s, size_t n)
{
    WEIR_ASSERT(n <= s->n);
    if (n == 0) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (s->at[i].stored) {
            WEIR_GROW(s->dropped, s->dropped_cap, s->n_dropped + 1);
            s->dropped[s->n_dropped++] = s->at[i].start;
        }
        if (s->spare) {
            weir_hmap_free(s->at[i].map, s->drop, s->ctx);
        } else {
            weir_hmap_clear(s->at[i].map, s->drop, s->ctx);
            s->spare = s->at[i].map;
        }
    }
    s->n -= n;
    memmove(s->at, s->at + n, s->n * sizeof *s->at);
    s->last = 0;
}

typedef struct bucket_sweep {
    weir__saver *saver;
    char tag;
    int64_t bucket;
    void (*put)(void *ctx, void *payload, weir_buf *value);
    void *ctx;
} bucket_sweep;

static void sweep_put(void *ctx, weir_sv key, void *payload)
{
    bucket_sweep *s = ctx;
    weir_buf_reset(&s->saver->value);
    s->put(s->ctx, payload, &s->saver->value);
    weir__saver_put(s->saver, s->tag, &s->bucket, key, weir_buf_view(&s->saver->value));
}

static void sweep_gone(void *ctx, weir_sv key)
{
    bucket_sweep *s = ctx;
    weir__saver_gone(s->saver, s->tag, &s->bucket, key);
}

void weir__buckets_save(weir__buckets *s, weir__saver *saver, char tag,
                        void (*put)(void *ctx, void *payload, weir_buf *value), void *ctx)
{
    /* A dropped bucket may have come back: removal first. */
    for (size_t i = 0; i < s->n_dropped; i++) {
        weir__saver_drop_bucket(saver, tag, s->dropped[i]);
    }
    s->n_dropped = 0;
    for (size_t i = 0; i < s->n; i++) {
        weir__bucket *b = &s->at[i];
        if (weir_hmap_marked(b->map) == 0) {
            continue;
        }
        bucket_sweep sweep = {
            .saver = saver, .tag = tag, .bucket = b->start, .put = put, .ctx = ctx};
        weir_hmap_sweep(b->map, sweep_put, sweep_gone, &sweep);
        b->stored = true;
    }
}

/* Twice: entries that were used are spared the first time. */
void weir__buckets_evict(weir__buckets *s, uint64_t n)
{
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < s->n && n > 0; i++) {
            n -= weir_hmap_evict(s->at[i].map, n, s->drop, s->ctx);
        }
    }
    weir_hmap_free(s->spare, NULL, NULL);
    s->spare = NULL;
}

uint64_t weir__buckets_entries(const weir__buckets *s)
{
    uint64_t n = weir__buckets_resident(s);
    for (size_t i = 0; i < s->n; i++) {
        n += weir_hmap_cold(s->at[i].map);
    }
    return n;
}

uint64_t weir__buckets_resident(const weir__buckets *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        n += weir_hmap_count(s->at[i].map);
    }
    return n;
}

uint64_t weir__buckets_bytes(const weir__buckets *s)
{
    uint64_t n = s->cap * sizeof *s->at;
    for (size_t i = 0; i < s->n; i++) {
        n += weir_hmap_bytes(s->at[i].map);
    }
    return n;
}

/* ---- tables ---- */

void weir__table_init(weir__table *t, weir_task *task, const weir_schema *schema)
{
    weir_arena *a = weir_task_arena(task);
    const weir_type **types = WEIR_NEW_N(a, const weir_type *, schema->n);
    for (uint32_t i = 0; i < schema->n; i++) {
        types[i] = schema->cols[i].type;
    }
    weir_row_codec_init(&t->codec, a, types, schema->n);
    t->map = weir_hmap_new(sizeof(weir__row));
    weir_hmap_track(t->map, weir_task_durable(task));
    t->slab = weir_slab_new();
}

void weir__table_deinit(weir__table *t)
{
    weir_hmap_free(t->map, NULL, NULL);
    if (t->slab) {
        weir_slab_free(t->slab);
    }
    t->map = NULL;
    t->slab = NULL;
    weir__cold_deinit(&t->cold);
}

static void row_set(weir__table *t, weir__row *r, weir_sv row, int64_t time)
{
    if (r->bytes && r->n != row.n) {
        weir_slab_release(t->slab, r->bytes, r->n);
        r->bytes = NULL;
    }
    if (!r->bytes) {
        r->bytes = weir_slab_alloc(t->slab, row.n);
        r->n = row.n;
    }
    memcpy(r->bytes, row.p, row.n);
    r->time = time;
}

void weir__table_set(weir__table *t, weir__row *r, weir_sv row, int64_t time)
{
    row_set(t, r, row, time);
    weir_hmap_mark(t->map, r);
}

void weir__table_put(weir__table *t, weir_sv key, weir_sv row, int64_t time)
{
    bool added;
    weir__table_set(t, weir_hmap_insert(t->map, key, &added), row, time);
}

bool weir__table_remove(weir__table *t, weir_sv key)
{
    weir__row *r = weir_hmap_find(t->map, key);
    if (!r) {
        return false;
    }
    weir_slab_release(t->slab, r->bytes, r->n);
    return weir_hmap_remove(t->map, key);
}

typedef struct table_sweep {
    weir__saver *saver;
    char tag;
} table_sweep;

static void table_put(void *ctx, weir_sv key, void *payload)
{
    table_sweep *s = ctx;
    const weir__row *r = payload;
    weir_buf *value = &s->saver->value;
    weir_buf_reset(value);
    weir_buf_be64(value, (uint64_t)r->time);
    weir_buf_add(value, r->bytes, r->n);
    weir__saver_put(s->saver, s->tag, NULL, key, weir_buf_view(value));
}

static void table_gone(void *ctx, weir_sv key)
{
    table_sweep *s = ctx;
    weir__saver_gone(s->saver, s->tag, NULL, key);
}

void weir__table_save(weir__table *t, weir__saver *saver, char tag)
{
    table_sweep sweep = {saver, tag};
    weir_hmap_sweep(t->map, table_put, table_gone, &sweep);
}

static bool table_load(void *ctx, weir_hmap *map, weir_sv key, weir_reader *value)
{
    weir__table *t = ctx;
    int64_t time = (int64_t)weir_read_be64(value);
    weir_sv row = {value->p, (uint32_t)(value->end - value->p)};
    if (value->bad || !weir_row_check(&t->codec, row)) {
        return false;
    }
    bool added;
    row_set(t, weir_hmap_insert(map, key, &added), row, time);
    return added;
}

weir_rc weir__table_load(weir__table *t, const weir_op *op, weir_sv key, weir_sv value,
                         weir_status *st)
{
    if (weir_op_full(op)) {
        weir_hmap_cool(t->map, 1);
        return WEIR_OK;
    }
    if (op->kind->loaded) {
        weir_hmap_filling(t->map, true);
    }
    weir_reader r = weir_reader_of(value);
    return table_load(t, t->map, key, &r) ? WEIR_OK : weir__load_bad(op, st);
}

void weir__table_loaded(weir__table *t)
{
    weir_hmap_filling(t->map, false);
}

static void table_cold(weir__table *t, weir_op *op, char tag)
{
    t->cold.op = op;
    t->cold.tag = tag;
    t->cold.load = table_load;
    t->cold.ctx = t;
}

bool weir__table_need(weir__table *t, weir_op *op, char tag, const weir_sv *keys, uint32_t n)
{
    if (weir_hmap_cold(t->map) == 0) {
        return true;
    }
    table_cold(t, op, tag);
    weir__cold_want(&t->cold, t->map, NULL, keys, n);
    return weir__cold_read(&t->cold);
}

bool weir__table_need_all(weir__table *t, weir_op *op, char tag)
{
    table_cold(t, op, tag);
    return weir__cold_read_all(&t->cold, t->map, NULL);
}

static void row_drop(void *ctx, void *payload)
{
    weir__table *t = ctx;
    weir__row *r = payload;
    weir_slab_release(t->slab, r->bytes, r->n);
}

/* Rows that are left move together when more than half of the memory lies idle. */
static void slab_compact(weir__table *t)
{
    if (weir_slab_idle(t->slab) * 2 < weir_slab_bytes(t->slab)) {
        return;
    }
    weir_slab *old = t->slab;
    t->slab = weir_slab_new();
    uint64_t cursor = 0;
    void *payload;
    while (weir_hmap_next(t->map, &cursor, &payload)) {
        weir__row *r = payload;
        char *bytes = weir_slab_alloc(t->slab, r->n);
        memcpy(bytes, r->bytes, r->n);
        r->bytes = bytes;
    }
    weir_slab_free(old);
}

void weir__table_evict(weir__table *t, uint64_t bytes)
{
    uint64_t n = weir__part(weir_hmap_count(t->map), bytes, weir__table_bytes(t));
    if (weir__evict(t->map, n, row_drop, t)) {
        slab_compact(t);
    }
}

uint64_t weir__table_entries(const weir__table *t)
{
    return weir_hmap_count(t->map) + weir_hmap_cold(t->map);
}

uint64_t weir__table_bytes(const weir__table *t)
{
    return weir_hmap_bytes(t->map) + weir_slab_bytes(t->slab) - weir_slab_idle(t->slab);
}
