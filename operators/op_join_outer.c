/* Rows of outer joins that wait for a match, in the order in which they are given up. */
#include "engine/base/alloc.h"
#include "operators/op_join_stream.h"

#include <stdlib.h>

#define BYTES_MAX ((uint64_t)1 << 30) /* of one entry */
#define BLOCK_MIN 64

static uint32_t read_length(const char *p)
{
    uint32_t n;
    memcpy(&n, p, sizeof n);
    return n;
}

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
