/* Bags and lists of kept values.
 *
 *   items   a b c d e …       counts  3 1 1 2 1 …
 *   slots   [2][0][5][1] …    item + 1 by hash, linear probing, load ≤ 1/2
 *
 * Up to SMALL items a scan is faster than hashing and most groups stay there. */
#include "operators/agg.h"

#define SMALL 8

static uint32_t slot_of(const weir_type *t, const weir__bag *b, const weir_value *v)
{
    return (uint32_t)weir_value_hash(t, v) & (b->n_slots - 1);
}

static void index_item(const weir_type *t, weir__bag *b, uint32_t item)
{
    uint32_t at = slot_of(t, b, &b->items[item]);
    while (b->slots[at]) {
        at = (at + 1) & (b->n_slots - 1);
    }
    b->slots[at] = item + 1;
}

/* The slot that holds `item`. */
static uint32_t find_slot(const weir_type *t, const weir__bag *b, uint32_t item)
{
    uint32_t at = slot_of(t, b, &b->items[item]);
    while (b->slots[at] != item + 1) {
        WEIR_ASSERT(b->slots[at]);
        at = (at + 1) & (b->n_slots - 1);
    }
    return at;
}

static void grow_index(const weir_type *t, weir__bag *b)
{
    weir_free(b->slots);
    b->n_slots = b->n_slots ? b->n_slots * 2 : 4 * SMALL;
    b->slots = weir_zalloc(b->n_slots * sizeof *b->slots);
    for (uint32_t i = 0; i < b->n; i++) {
        index_item(t, b, i);
    }
}

void weir__bag_free(const weir_type *t, weir__bag *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        weir__keep_drop(t, &b->items[i]);
    }
    weir_free(b->items);
    weir_free(b->counts);
    weir_free(b->slots);
    *b = (weir__bag){0};
}

int64_t weir__bag_find(const weir_type *t, const weir__bag *b, const weir_value *v)
{
    if (!b->slots) {
        for (uint32_t i = 0; i < b->n; i++) {
            if (weir_value_eq(t, &b->items[i], v)) {
                return i;
            }
        }
        return -1;
    }
    uint32_t at = slot_of(t, b, v);
    while (b->slots[at]) {
        if (weir_value_eq(t, &b->items[b->slots[at] - 1], v)) {
            return (int64_t)b->slots[at] - 1;
        }
        at = (at + 1) & (b->n_slots - 1);
    }
    return -1;
}

bool weir__bag_add(weir_call *c, const weir_type *t, weir__bag *b, const weir_value *v,
                   int64_t count)
{
    WEIR_ASSERT(count > 0);
    int64_t found = weir__bag_find(t, b, v);
    if (found >= 0) {
        b->counts[found] += weir_min64(count, INT64_MAX - b->counts[found]);
        return true;
    }
    if (b->n == WEIR_ARRAY_ITEMS_MAX) {
        return weir__agg_fail(c, "more than %d distinct values in one group",
                              WEIR_ARRAY_ITEMS_MAX);
    }
    WEIR_GROW(b->items, b->cap, b->n + 1);
    WEIR_GROW(b->counts, b->counts_cap, b->n + 1);
    b->items[b->n] = weir__keep(t, v);
    b->counts[b->n++] = count;
    if (b->slots && b->n * 2 <= b->n_slots) {
        index_item(t, b, b->n - 1);
    } else if (b->n > SMALL) {
        grow_index(t, b);
    }
    return true;
}

/* Empties the slot of `item` and closes the gap: what follows it in its run is placed anew. */
static void unindex_item(const weir_type *t, weir__bag *b, uint32_t item)
{
    uint32_t at = find_slot(t, b, item);
    b->slots[at] = 0;
    for (at = (at + 1) & (b->n_slots - 1); b->slots[at]; at = (at + 1) & (b->n_slots - 1)) {
        uint32_t moved = b->slots[at] - 1;
        b->slots[at] = 0;
        index_item(t, b, moved);
    }
}

void weir__bag_take(const weir_type *t, weir__bag *b, const weir_value *v)
{
    int64_t found = weir__bag_find(t, b, v);
    if (found < 0 || --b->counts[found] > 0) {
        return;
    }
    uint32_t item = (uint32_t)found;
    uint32_t last = b->n - 1;
    if (b->slots) {
        unindex_item(t, b, item);
        if (item != last) {
            b->slots[find_slot(t, b, last)] = item + 1;
        }
    }
    weir__keep_drop(t, &b->items[item]);
    b->items[item] = b->items[last];
    b->counts[item] = b->counts[last];
    b->n--;
}

bool weir__bag_merge(weir_call *c, const weir_type *t, weir__bag *into, const weir__bag *from)
{
    for (uint32_t i = 0; i < from->n; i++) {
        if (!weir__bag_add(c, t, into, &from->items[i], from->counts[i])) {
            return false;
        }
    }
    return true;
}

void weir__bag_save(const weir_type *t, const weir__bag *b, weir_buf *out)
{
    weir_buf_varint(out, b->n);
    for (uint32_t i = 0; i < b->n; i++) {
        weir_value_encode(out, t, &b->items[i]);
        weir_buf_varint(out, (uint64_t)b->counts[i]);
    }
}

bool weir__bag_load(weir_call *c, const weir_type *t, weir__bag *b, weir_reader *in)
{
    uint32_t n;
    if (!weir__read_count(in, WEIR_ARRAY_ITEMS_MAX, &n)) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        weir_value v;
        if (weir_value_decode(c->arena, t, in, &v) != WEIR_OK) {
            return false;
        }
        uint64_t count = weir_read_varint(in);
        if (in->bad || count == 0 || count > INT64_MAX || weir__bag_find(t, b, &v) >= 0) {
            return false;
        }
        weir__bag_add(c, t, b, &v, (int64_t)count);
    }
    return true;
}

bool weir__read_count(weir_reader *in, uint64_t max, uint32_t *n)
{
    uint64_t count = weir_read_varint(in);
    *n = (uint32_t)count;
    return !in->bad && count <= max && count <= (uint64_t)(in->end - in->p);
}

weir_value weir__list_result(weir_call *c, const weir_type *item, const weir_value *items,
                             uint32_t n)
{
    weir_value *copy = weir_arena_alloc(c->arena, n * sizeof *copy);
    for (uint32_t i = 0; i < n; i++) {
        copy[i] = weir_value_copy(c->arena, item, &items[i]);
    }
    return weir_array(copy, n);
}

weir_value weir__copy_list(weir_call *c, weir__copy *copy, uint64_t turn, const weir_type *item,
                           const weir_value *items, uint32_t n)
{
    if (copy->turn != turn) {
        *copy = (weir__copy){.turn = turn};
    }
    if (n > copy->cap) {
        uint32_t cap = copy->cap ? 2 * n : n; /* only the second copy knows that the list grows */
        weir_value *wider = weir_arena_alloc(c->arena, cap * sizeof *wider);
        if (copy->n) {
            memcpy(wider, copy->items, copy->n * sizeof *wider);
        }
        copy->items = wider;
        copy->cap = cap;
    }
    for (; copy->n < n; copy->n++) {
        copy->items[copy->n] = weir_value_copy(c->arena, item, &items[copy->n]);
    }
    return weir_array(copy->items, n);
}
