/* Rows of a stream–stream join. Time is cut into buckets, so that expiry touches no key that stays.
 * A bucket's rows are written one behind the other and never move: what a row costs is finding its
 * key's entry, which takes one cache line, and touching the rows that it meets. */
#include "engine/base/alloc.h"
#include "operators/op_join_stream.h"

#include <stdlib.h>

#define HEAD 12 /* of a row in the store: time, length */
#define CACHE_LINE 64
#define WARM_DEPTH 3 /* rows of one key: more wait for each other anyway */
#define BYTES_MAX ((uint64_t)1 << 30) /* rows of one key and side in one bucket; of a waiting entry */
#define BLOCK_MIN 64

static int64_t read_time(const char *p)
{
    int64_t t;
    memcpy(&t, p, sizeof t);
    return t;
}

static uint32_t read_length(const char *p)
{
    uint32_t n;
    memcpy(&n, p, sizeof n);
    return n;
}

static int64_t bucket_of(const stream_store *s, int64_t time)
{
    return time / s->width * s->width;
}

static int64_t end_of(const stream_store *s, int64_t start)
{
    int64_t end;
    return __builtin_add_overflow(start, s->width - 1, &end) ? INT64_MAX : end;
}

/* Rounded towards the newer row: a walk never stops too early. */
static uint32_t gap_between(int64_t older, int64_t newer)
{
    WEIR_ASSERT(older <= newer);
    uint64_t gap = (uint64_t)newer - (uint64_t)older;
    return gap < UINT32_MAX ? (uint32_t)gap : UINT32_MAX;
}

void weir__rows_open(stream_store *s, weir_task *t, int64_t width)
{
    WEIR_ASSERT(width > 0);
    s->width = width;
    s->newest[0] = s->newest[1] = -1;
    s->buckets = (weir__buckets){.payload_bytes = sizeof(stream_entry),
                                 .durable = weir_task_durable(t),
                                 .slabs = true};
}

void weir__rows_close(stream_store *s)
{
    weir__buckets_deinit(&s->buckets);
    weir_free(s->scratch);
    s->scratch = NULL;
}

static stream_entry *hinted(const stream_hint *hint, int64_t start)
{
    for (uint32_t i = 0; hint && i < hint->n; i++) {
        if (hint->start[i] == start) {
            return hint->entry[i];
        }
    }
    return NULL;
}

/* Of the row that lies `gap` before `newer`. */
static int64_t time_of(const stream_kept *row, int64_t newer, uint32_t gap)
{
    return gap < UINT32_MAX ? newer - gap : row->time;
}

/* Links a row in behind those that are newer, which are none unless it is late. */
static void link_row(stream_rows *rows, stream_kept *row, int64_t end)
{
    stream_kept **link = &rows->newest;
    uint32_t *gap = &rows->gap;
    int64_t newer = end;
    int64_t time = row->time;
    for (; *link && (time = time_of(*link, newer, *gap)) > row->time; newer = time) {
        gap = &(*link)->gap;
        link = &(*link)->older;
    }
    row->older = *link;
    row->gap = *link ? gap_between(time, row->time) : 0;
    *link = row;
    *gap = gap_between(row->time, newer);
}

/* Mostly that of the last row, which is found without a division. */
static weir__bucket *bucket_for(stream_store *s, int64_t time)
{
    weir__buckets *b = &s->buckets;
    if (b->last >= b->n || time < b->at[b->last].start || time > end_of(s, b->at[b->last].start)) {
        weir__buckets_need(b, bucket_of(s, time));
    }
    return &b->at[b->last];
}

bool weir__rows_put(stream_store *s, int side, weir_sv key, const stream_hint *hint, int64_t time,
                    weir_sv row)
{
    weir__bucket *b = bucket_for(s, time);
    b->users |= (uint8_t)(1 << side);
    bool added;
    stream_entry *e = hinted(hint, b->start);
    e = e ? e : weir_hmap_insert(b->map, key, &added);
    stream_rows *rows = &e->side[side];
    if (rows->bytes + HEAD + (uint64_t)row.n > BYTES_MAX) {
        return false;
    }
    rows->bytes += HEAD + row.n;
    stream_kept *kept = weir_slab_alloc(b->slab, (uint32_t)sizeof *kept + row.n);
    kept->n = row.n;
    kept->time = time;
    memcpy(kept->bytes, row.p, row.n);
    link_row(rows, kept, end_of(s, b->start));
    weir_hmap_mark(b->map, e);
    return true;
}

static void reverse(const stream_kept **rows, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        const stream_kept *row = rows[i];
        rows[i] = rows[n - 1 - i];
        rows[n - 1 - i] = row;
    }
}

/* The first bucket that may hold rows of this time or later ones. */
static size_t buckets_from(const stream_store *s, int64_t time)
{
    return weir__buckets_from(&s->buckets, time - (s->width - 1));
}

void weir__rows_fetch(stream_store *s, int side, weir_sv key, const stream_hint *hint, int64_t from,
                      int64_t to, const stream_kept ***out, size_t *n, size_t *cap)
{
    size_t at = from > to ? s->buckets.n : buckets_from(s, from);
    for (; at < s->buckets.n && s->buckets.at[at].start <= to; at++) {
        const weir__bucket *b = &s->buckets.at[at];
        const stream_entry *e = hinted(hint, b->start);
        e = e ? e : weir_hmap_find(b->map, key);
        if (!e) {
            continue;
        }
        size_t first = *n;
        int64_t newer = end_of(s, b->start);
        uint32_t gap = e->side[side].gap;
        const stream_kept *row = e->side[side].newest;
        for (; row && newer - gap >= from && row->time >= from; row = row->older) {
            if (row->time <= to) {
                WEIR_GROW(*out, *cap, *n + 1);
                (*out)[(*n)++] = row;
            }
            newer = row->time;
            gap = row->gap;
        }
        reverse(*out + first, *n - first);
    }
}

/* The first lines of a row; the rest comes in sequence. */
static const stream_kept *prefetched(const stream_kept *row)
{
    __builtin_prefetch(row);
    __builtin_prefetch((const char *)row + CACHE_LINE);
    return row;
}

void weir__rows_warm(stream_store *s, int side, const weir_sv *keys, uint32_t n, int64_t from,
                     int64_t to, stream_hint **hints)
{
    void *found[WEIR__WARM_ROWS];
    const stream_kept *rows[WEIR__WARM_ROWS];
    WEIR_ASSERT(n <= WEIR__WARM_ROWS);
    size_t at = buckets_from(s, weir_max64(from, 0));
    for (; at < s->buckets.n && s->buckets.at[at].start <= to; at++) {
        int64_t start = s->buckets.at[at].start;
        weir_hmap_find_batch(s->buckets.at[at].map, keys, n, found);
        for (uint32_t i = 0; i < n; i++) {
            stream_entry *e = found[i];
            stream_hint *h = hints[i];
            rows[i] = NULL;
            if (!e) {
                continue;
            }
            if (h->n < WEIR_COUNT(h->entry)) {
                h->start[h->n] = start;
                h->entry[h->n++] = e;
            }
            const stream_rows *r = &e->side[side];
            rows[i] = end_of(s, start) - r->gap >= from ? prefetched(r->newest) : NULL;
        }
        for (uint32_t depth = 1; depth < WARM_DEPTH; depth++) {
            for (uint32_t i = 0; i < n; i++) {
                const stream_kept *r = rows[i];
                rows[i] = r && r->time - r->gap >= from ? prefetched(r->older) : NULL;
            }
        }
    }
}

static bool is_old(const stream_store *s, const weir__bucket *b, int64_t retention)
{
    for (int side = 0; side < 2; side++) {
        if ((b->users >> side & 1) && s->newest[side] - retention < b->start + s->width) {
            return false;
        }
    }
    return true;
}

void weir__rows_expire(stream_store *s, int64_t retention)
{
    size_t n = 0;
    while (n < s->buckets.n && is_old(s, &s->buckets.at[n], retention)) {
        n++;
    }
    weir__buckets_drop_first(&s->buckets, n);
}

/* As they are read again: the oldest first. */
static void put_rows(stream_store *s, const stream_rows *rows, weir_buf *value)
{
    size_t n = 0;
    for (const stream_kept *row = rows->newest; row; row = row->older) {
        WEIR_GROW(s->scratch, s->scratch_cap, n + 1);
        s->scratch[n++] = row;
    }
    while (n) {
        const stream_kept *row = s->scratch[--n];
        weir_buf_add(value, &row->time, sizeof row->time);
        weir_buf_add(value, &row->n, sizeof row->n);
        weir_buf_add(value, row->bytes, row->n);
    }
}

static void put_entry(void *ctx, void *payload, weir_buf *value)
{
    const stream_entry *e = payload;
    weir_buf_be32(value, e->side[0].bytes);
    put_rows(ctx, &e->side[0], value);
    put_rows(ctx, &e->side[1], value);
}

void weir__rows_save(stream_store *s, weir__saver *saver, char tag)
{
    weir__buckets_save(&s->buckets, saver, tag, put_entry, s);
}

static bool load_rows(stream_store *s, int side, int64_t bucket, weir_sv key, weir_sv rows)
{
    for (uint32_t at = 0; at < rows.n;) {
        if (rows.n - at < HEAD || rows.n - at - HEAD < read_length(rows.p + at + 8) ||
            bucket_of(s, read_time(rows.p + at)) != bucket) {
            return false;
        }
        weir_sv row = {rows.p + at + HEAD, read_length(rows.p + at + 8)};
        if (!weir__rows_put(s, side, key, NULL, read_time(rows.p + at), row)) {
            return false;
        }
        at += HEAD + row.n;
    }
    return true;
}

weir_rc weir__rows_load(stream_store *s, const weir_op *op, weir_sv key, weir_sv value,
                        weir_status *st)
{
    int64_t bucket;
    weir_reader in = weir_reader_of(value);
    uint32_t n = weir_read_be32(&in);
    if (!weir__load_bucket(&key, &bucket) || bucket % s->width != 0 || n > value.n - 4 || in.bad) {
        return weir__load_bad(op, st);
    }
    weir_hmap *map = weir__buckets_need(&s->buckets, bucket);
    s->buckets.at[s->buckets.last].stored = true;
    if (!load_rows(s, 0, bucket, key, weir_sv_of(value.p + 4, n)) ||
        !load_rows(s, 1, bucket, key, weir_sv_of(value.p + 4 + n, value.n - 4 - n))) {
        return weir__load_bad(op, st);
    }
    weir_hmap_sweep(map, NULL, NULL, NULL);
    return WEIR_OK;
}

/* ---- rows of outer joins that wait ---- */

/* Room for `more` bytes behind the block's end; NULL: more than one block may hold. */
static char *grow_block(weir_slab *slab, char *p, uint32_t n, uint32_t *cap, uint64_t more)
{
    uint64_t need = n + more;
    if (need <= *cap) {
        return p;
    }
    if (need > BYTES_MAX) {
        return NULL;
    }
    uint64_t to = *cap ? (uint64_t)*cap * 2 : BLOCK_MIN;
    while (to < need) {
        to *= 2;
    }
    char *grown = weir_slab_alloc(slab, (uint32_t)to);
    if (p) {
        memcpy(grown, p, n);
        weir_slab_release(slab, p, *cap);
    }
    *cap = (uint32_t)to;
    return grown;
}

void weir__outer_open(outer_buffer *o, weir_task *t)
{
    o->map = weir_hmap_new(sizeof(outer_rows));
    weir_hmap_track(o->map, weir_task_durable(t));
    o->slab = weir_slab_new();
}

void weir__outer_close(outer_buffer *o)
{
    if (o->map) {
        weir_hmap_free(o->map, NULL, NULL);
        weir_slab_free(o->slab);
        o->map = NULL;
    }
    weir_free(o->order);
    weir_buf_deinit(&o->key);
}

/* At one time the right side comes first (Kafka Streams' TimestampedKeyAndJoinSide). */
static weir_sv order_key(outer_buffer *o, int64_t time, int side, weir_sv wire, weir_sv key)
{
    weir_buf_reset(&o->key);
    weir_buf_be64(&o->key, (uint64_t)time);
    weir_buf_byte(&o->key, side == 0 ? 1 : 0);
    weir_buf_sv(&o->key, wire);
    weir_buf_sv(&o->key, key);
    return weir_buf_view(&o->key);
}

static bool block_add(outer_buffer *o, outer_rows *r, weir_sv bytes)
{
    char *grown = grow_block(o->slab, r->p, r->n, &r->cap, 4 + (uint64_t)bytes.n);
    if (!grown) {
        return false;
    }
    r->p = grown;
    memcpy(r->p + r->n, &bytes.n, 4);
    if (bytes.n) {
        memcpy(r->p + r->n + 4, bytes.p, bytes.n);
    }
    r->n += 4 + bytes.n;
    return true;
}

static void note_entry(outer_buffer *o, void *entry)
{
    WEIR_GROW(o->order, o->cap, o->n + 1);
    if (o->n > o->head && !o->unsorted) {
        o->unsorted = weir_sv_cmp(weir_hmap_key(o->map, o->order[o->n - 1]),
                                  weir_hmap_key(o->map, entry)) > 0;
    }
    o->order[o->n++] = entry;
}

bool weir__outer_put(outer_buffer *o, int64_t time, int side, weir_sv wire, weir_sv key, weir_sv row)
{
    bool added;
    outer_rows *r = weir_hmap_insert(o->map, order_key(o, time, side, wire, key), &added);
    if (added) {
        note_entry(o, r);
    }
    if (r->count == 0) {
        o->alive++;
        if (!block_add(o, r, key)) {
            return false;
        }
    }
    r->count++;
    weir_hmap_mark(o->map, r);
    return block_add(o, r, row);
}

static void kill_entry(outer_buffer *o, outer_rows *r)
{
    if (r->count) {
        weir_slab_release(o->slab, r->p, r->cap);
        *r = (outer_rows){0};
        o->alive--;
        weir_hmap_mark(o->map, r);
    }
}

void weir__outer_met(outer_buffer *o, int64_t time, int side, weir_sv wire, weir_sv key)
{
    outer_rows *r = o->alive ? weir_hmap_find(o->map, order_key(o, time, side, wire, key)) : NULL;
    if (r) {
        kill_entry(o, r);
    }
}

static int by_key(const void *a, const void *b, void *ctx)
{
    const outer_buffer *o = ctx;
    return weir_sv_cmp(weir_hmap_key(o->map, *(void *const *)a),
                       weir_hmap_key(o->map, *(void *const *)b));
}

/* Entries come nearly in order: merging halves that are in order already costs little. */
static void merge_sort(outer_buffer *o, void **from, void **room, size_t n)
{
    if (n < 2) {
        return;
    }
    size_t half = n / 2;
    merge_sort(o, from, room, half);
    merge_sort(o, from + half, room, n - half);
    if (by_key(&from[half - 1], &from[half], o) <= 0) {
        return;
    }
    memcpy(room, from, half * sizeof *room);
    size_t i = 0;
    size_t k = half;
    size_t to = 0;
    while (i < half) {
        from[to++] = k < n && by_key(&from[k], &room[i], o) < 0 ? from[k++] : room[i++];
    }
}

void weir__outer_sort(outer_buffer *o)
{
    if (o->unsorted) {
        size_t n = o->n - o->head;
        void **room = weir_alloc((n / 2 + 1) * sizeof *room);
        merge_sort(o, o->order + o->head, room, n);
        weir_free(room);
        o->unsorted = false;
    }
}

int64_t weir__outer_time(const outer_buffer *o, size_t i, int *side)
{
    weir_sv key = weir_hmap_key(o->map, o->order[i]);
    weir_reader r = weir_reader_of(key);
    int64_t time = (int64_t)weir_read_be64(&r);
    *side = weir_read_u8(&r) ? 0 : 1;
    return time;
}

bool weir__outer_next(const outer_rows *r, uint32_t *at, weir_sv *key, weir_sv *row)
{
    if (r->count == 0) {
        return false;
    }
    *key = (weir_sv){r->p + 4, read_length(r->p)};
    if (*at == 0) {
        *at = 4 + key->n;
    }
    if (*at == r->n) {
        return false;
    }
    *row = (weir_sv){r->p + *at + 4, read_length(r->p + *at)};
    *at += 4 + row->n;
    return true;
}

void weir__outer_kill(outer_buffer *o, size_t i)
{
    kill_entry(o, o->order[i]);
}

void weir__outer_sweep(outer_buffer *o, size_t n)
{
    size_t to = n;
    for (size_t i = n; i > o->head; i--) {
        outer_rows *r = o->order[i - 1];
        if (r->count) {
            o->order[--to] = r;
            continue;
        }
        weir_buf_reset(&o->key);
        weir_buf_sv(&o->key, weir_hmap_key(o->map, r));
        weir_hmap_remove(o->map, weir_buf_view(&o->key));
    }
    o->head = to;
    if (o->head > o->n / 2) {
        o->n -= o->head;
        memmove(o->order, o->order + o->head, o->n * sizeof *o->order);
        o->head = 0;
    }
}

typedef struct outer_sweep {
    weir__saver *saver;
    char tag;
} outer_sweep;

static void outer_gone(void *ctx, weir_sv key)
{
    outer_sweep *s = ctx;
    weir__saver_gone(s->saver, s->tag, NULL, key);
}

static void outer_put(void *ctx, weir_sv key, void *payload)
{
    outer_sweep *s = ctx;
    const outer_rows *r = payload;
    if (r->count == 0) {
        outer_gone(ctx, key);
        return;
    }
    weir__saver_put(s->saver, s->tag, NULL, key, (weir_sv){r->p, r->n});
}

void weir__outer_save(outer_buffer *o, weir__saver *saver, char tag)
{
    outer_sweep sweep = {saver, tag};
    weir_hmap_sweep(o->map, outer_put, outer_gone, &sweep);
}

weir_rc weir__outer_load(outer_buffer *o, const weir_op *op, weir_sv key, weir_sv value,
                         weir_status *st)
{
    bool added;
    outer_rows *r = weir_hmap_insert(o->map, key, &added);
    bool first = true;
    for (uint32_t at = 0; at < value.n; first = false) {
        if (value.n - at < 4 || value.n - at - 4 < read_length(value.p + at)) {
            return weir__load_bad(op, st);
        }
        weir_sv part = {value.p + at + 4, read_length(value.p + at)};
        if (!block_add(o, r, part)) {
            return weir__load_bad(op, st);
        }
        r->count += !first;
        at += 4 + part.n;
    }
    if (!added || r->count == 0 || key.n < 9) {
        return weir__load_bad(op, st);
    }
    o->alive++;
    note_entry(o, r);
    return WEIR_OK;
}
