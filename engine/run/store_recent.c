/* See store_recent.h. State is saved in the same order epoch after epoch, so the key that follows the
 * one found before is tried first. A value that has kept its length is written over. */
#include "engine/run/store_recent.h"
#include "engine/base/hash.h"

#include <stdlib.h>

#define SLOTS_MIN ((size_t)1 << 10)

void weir__recent_init(weir__recent *r)
{
    *r = (weir__recent){.ranges = weir_store_batch_new(), .points = weir_store_batch_new()};
}

void weir__recent_deinit(weir__recent *r)
{
    weir_store_batch_free(r->ranges);
    weir_store_batch_free(r->points);
    weir_free(r->slots);
    *r = (weir__recent){0};
}

/* Of the key, or the free one where it belongs. */
static weir__recent_slot *slot_of(const weir__recent *r, weir_sv key, uint64_t hash)
{
    size_t mask = r->n_slots - 1;
    for (size_t at = (size_t)hash & mask;; at = (at + 1) & mask) {
        weir__recent_slot *s = &r->slots[at];
        if (s->op == 0 || (s->tag == (uint32_t)(hash >> 32) &&
                           weir_sv_eq(store_op_key(r->points, &r->points->ops[s->op - 1]), key))) {
            return s;
        }
    }
}

/* At most three quarters full. */
static void make_room(weir__recent *r)
{
    if ((r->points->n + 1) * 4 <= r->n_slots * 3) {
        return;
    }
    r->n_slots = r->n_slots ? r->n_slots * 2 : SLOTS_MIN;
    weir_free(r->slots);
    r->slots = weir_zalloc(r->n_slots * sizeof *r->slots);
    for (size_t i = 0; i < r->points->n; i++) {
        weir_sv key = store_op_key(r->points, &r->points->ops[i]);
        uint64_t hash = weir_hash_sv(key);
        *slot_of(r, key, hash) = (weir__recent_slot){(uint32_t)(i + 1), (uint32_t)(hash >> 32)};
    }
}

static void replace(weir__recent *r, store_op *op, store_op_kind kind, weir_sv key, weir_sv value)
{
    weir_store_batch *b = r->points;
    op->kind = kind;
    if (value.n > op->value_n) {
        op->at = b->bytes.n;
        weir_buf_sv(&b->bytes, key);
        weir_buf_sv(&b->bytes, value);
    } else if (value.n > 0) {
        memcpy(b->bytes.p + op->at + op->key_n, value.p, value.n);
    }
    op->value_n = value.n;
}

/* Returns the index of the key's operation. */
static size_t put_point(weir__recent *r, const weir_store_batch *b, const store_op *op, size_t guess)
{
    weir_sv key = store_op_key(b, op);
    weir_sv value = store_op_value(b, op);
    weir_store_batch *points = r->points;
    if (guess < points->n && weir_sv_eq(store_op_key(points, &points->ops[guess]), key)) {
        replace(r, &points->ops[guess], op->kind, key, value);
        return guess;
    }
    make_room(r);
    uint64_t hash = weir_hash_sv(key);
    weir__recent_slot *s = slot_of(r, key, hash);
    if (s->op) {
        replace(r, &points->ops[s->op - 1], op->kind, key, value);
        return s->op - 1;
    }
    weir__store_batch_add(points, op->kind, key, value);
    WEIR_ASSERT(points->n < UINT32_MAX);
    *s = (weir__recent_slot){(uint32_t)points->n, (uint32_t)(hash >> 32)};
    return points->n - 1;
}

static void put_range(weir__recent *r, const weir_store_batch *b, const store_op *op)
{
    weir_store_batch *points = r->points;
    for (size_t i = 0; i < points->n; i++) {
        store_op *p = &points->ops[i];
        if (weir__store_covers(b, op, store_op_key(points, p))) {
            p->kind = STORE_DELETE;
            p->value_n = 0;
        }
    }
    weir__store_batch_add(r->ranges, STORE_DELETE_RANGE, store_op_key(b, op), store_op_value(b, op));
}

void weir__recent_add(weir__recent *r, const weir_store_batch *b)
{
    size_t guess = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (b->ops[i].kind == STORE_DELETE_RANGE) {
            put_range(r, b, &b->ops[i]);
        } else {
            guess = put_point(r, b, &b->ops[i], guess) + 1;
        }
    }
}

weir__recent_look weir__recent_find(const weir__recent *r, weir_sv key, weir_sv *stored)
{
    const weir__recent_slot *s = r->points->n ? slot_of(r, key, weir_hash_sv(key)) : NULL;
    if (s && s->op) {
        const store_op *op = &r->points->ops[s->op - 1];
        *stored = store_op_value(r->points, op);
        return op->kind == STORE_PUT ? RECENT_PUT : RECENT_GONE;
    }
    for (size_t i = 0; i < r->ranges->n; i++) {
        if (weir__store_covers(r->ranges, &r->ranges->ops[i], key)) {
            return RECENT_GONE;
        }
    }
    return RECENT_UNKNOWN;
}

static int compare(const void *a, const void *b, void *ctx)
{
    const store_op *const *x = a;
    const store_op *const *y = b;
    return weir_sv_cmp(store_op_key(ctx, *x), store_op_key(ctx, *y));
}

const store_op **weir__recent_sorted(const weir__recent *r, weir_sv prefix, size_t *n)
{
    const store_op **found = NULL;
    size_t cap = 0;
    *n = 0;
    for (size_t i = 0; i < r->points->n; i++) {
        const store_op *op = &r->points->ops[i];
        if (op->kind == STORE_PUT && weir_sv_starts(store_op_key(r->points, op), prefix)) {
            WEIR_GROW(found, cap, *n + 1);
            found[(*n)++] = op;
        }
    }
    if (*n > 1) {
        qsort_r(found, *n, sizeof *found, compare, r->points);
    }
    return found;
}

weir_store_batch *weir__recent_all(weir__recent *r)
{
    weir__store_batch_prepend(r->points, r->ranges);
    return r->points;
}

void weir__recent_clear(weir__recent *r)
{
    weir__store_batch_clear(r->points);
    weir__store_batch_clear(r->ranges);
    if (r->n_slots) {
        memset(r->slots, 0, r->n_slots * sizeof *r->slots);
    }
}
