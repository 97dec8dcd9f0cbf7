/* Batches of the store: operations in the order they were given, over one buffer. RocksDB takes
 * sorted keys several times faster than unsorted ones, and state comes in the order it was changed
 * in, so large batches are sorted: by the eight bytes behind the prefix that all keys share, and by
 * the whole key only where these are equal. */
#include "engine/run/store_batch.h"
#include "engine/base/hash.h"

#include <stdlib.h>

/* A batch that once was larger gives its memory back: epochs after a burst are small again. */
#define BATCH_KEEP_BYTES ((size_t)1 << 20)

weir_store_batch *weir_store_batch_new(void)
{
    return weir_zalloc(sizeof(weir_store_batch));
}

void weir_store_batch_free(weir_store_batch *b)
{
    if (!b) {
        return;
    }
    weir_buf_deinit(&b->bytes);
    weir_free(b->ops);
    weir_free(b);
}

void weir__store_batch_clear(weir_store_batch *b)
{
    weir_buf_reset(&b->bytes);
    b->n = 0;
    b->n_ranges = 0;
}

void weir__store_batch_reset(weir_store_batch *b)
{
    if (b->bytes.cap + b->cap * sizeof *b->ops > BATCH_KEEP_BYTES) {
        weir_buf_deinit(&b->bytes);
        weir_free(b->ops);
        b->ops = NULL;
        b->cap = 0;
    }
    weir__store_batch_clear(b);
}

uint32_t weir__store_crc(weir_sv key, weir_sv value)
{
    return weir_crc32c(weir_crc32c(0, key.p, key.n), value.p, value.n);
}

static store_op *op_add(weir_store_batch *b, store_op_kind kind, weir_sv key)
{
    WEIR_GROW(b->ops, b->cap, b->n + 1);
    store_op *op = &b->ops[b->n++];
    *op = (store_op){.at = b->bytes.n, .key_n = key.n, .kind = kind};
    weir_buf_sv(&b->bytes, key);
    return op;
}

void weir__store_batch_add(weir_store_batch *b, store_op_kind kind, weir_sv key, weir_sv stored)
{
    op_add(b, kind, key)->value_n = stored.n;
    weir_buf_sv(&b->bytes, stored);
    b->n_ranges += kind == STORE_DELETE_RANGE;
}

void weir_store_put(weir_store_batch *b, weir_sv key, weir_sv value)
{
    WEIR_ASSERT(value.n <= UINT32_MAX - WEIR_STORE_CRC_BYTES);
    store_op *op = op_add(b, STORE_PUT, key);
    op->value_n = value.n + WEIR_STORE_CRC_BYTES;
    weir_buf_be32(&b->bytes, weir__store_crc(key, value));
    weir_buf_sv(&b->bytes, value);
}

void weir_store_delete(weir_store_batch *b, weir_sv key)
{
    op_add(b, STORE_DELETE, key);
}

void weir_store_delete_range(weir_store_batch *b, weir_sv from, weir_sv to)
{
    if (weir_sv_cmp(from, to) >= 0) {
        return;
    }
    weir__store_batch_add(b, STORE_DELETE_RANGE, from, to);
}

void weir_store_batch_append(weir_store_batch *b, weir_store_batch *from)
{
    WEIR_ASSERT(b != from);
    WEIR_GROW(b->ops, b->cap, b->n + from->n);
    for (size_t i = 0; i < from->n; i++) {
        b->ops[b->n] = from->ops[i];
        b->ops[b->n++].at += b->bytes.n;
    }
    weir_buf_add(&b->bytes, from->bytes.p, from->bytes.n);
    b->n_ranges += from->n_ranges;
    weir__store_batch_reset(from);
}

void weir__store_batch_prepend(weir_store_batch *b, weir_store_batch *from)
{
    size_t n = from->n;
    weir_store_batch_append(b, from);
    if (n == 0 || n == b->n) {
        return;
    }
    size_t before = b->n - n;
    store_op *ops = weir_alloc(n * sizeof *ops);
    memcpy(ops, b->ops + before, n * sizeof *ops);
    memmove(b->ops + n, b->ops, before * sizeof *ops);
    memcpy(b->ops, ops, n * sizeof *ops);
    weir_free(ops);
}

uint64_t weir_store_batch_bytes(const weir_store_batch *b)
{
    return b->bytes.n;
}

typedef struct sort_item {
    uint64_t prefix;
    size_t ix;
} sort_item;

static int item_compare(const void *a, const void *b, void *ctx)
{
    const sort_item *x = a;
    const sort_item *y = b;
    if (x->prefix != y->prefix) {
        return x->prefix < y->prefix ? -1 : 1;
    }
    const weir_store_batch *batch = ctx;
    int c = weir_sv_cmp(store_op_key(batch, &batch->ops[x->ix]),
                        store_op_key(batch, &batch->ops[y->ix]));
    return c ? c : (x->ix > y->ix) - (x->ix < y->ix);
}

/* Bytes that all keys of the segment start with. */
static uint32_t shared_prefix(const weir_store_batch *b, size_t from, size_t to)
{
    weir_sv first = store_op_key(b, &b->ops[from]);
    uint32_t shared = first.n;
    for (size_t i = from + 1; i < to; i++) {
        weir_sv key = store_op_key(b, &b->ops[i]);
        uint32_t n = key.n < shared ? key.n : shared;
        shared = 0;
        while (shared < n && key.p[shared] == first.p[shared]) {
            shared++;
        }
    }
    return shared;
}

/* Big-endian, zeros behind a short key: ties and short keys are settled by the whole key. */
static uint64_t key_word(weir_sv key, uint32_t at)
{
    uint64_t word = 0;
    uint32_t n = key.n - at < 8 ? key.n - at : 8;
    if (n) {
        memcpy(&word, key.p + at, n);
    }
    return __builtin_bswap64(word);
}

static void segment_sort(weir_store_batch *b, size_t from, size_t to)
{
    size_t n = to - from;
    if (n < 2) {
        return;
    }
    uint32_t shared = shared_prefix(b, from, to);
    sort_item *items = weir_alloc(n * sizeof *items);
    bool sorted = true;
    for (size_t i = 0; i < n; i++) {
        items[i] = (sort_item){key_word(store_op_key(b, &b->ops[from + i]), shared), from + i};
        sorted = sorted && (i == 0 || item_compare(&items[i - 1], &items[i], b) < 0);
    }
    if (!sorted) {
        qsort_r(items, n, sizeof *items, item_compare, b);
        store_op *ops = weir_alloc(n * sizeof *ops);
        for (size_t i = 0; i < n; i++) {
            ops[i] = b->ops[items[i].ix];
        }
        memcpy(b->ops + from, ops, n * sizeof *ops);
        weir_free(ops);
    }
    weir_free(items);
}

void weir__store_batch_sort(weir_store_batch *b)
{
    size_t from = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (b->ops[i].kind == STORE_DELETE_RANGE) {
            segment_sort(b, from, i);
            from = i + 1;
        }
    }
    segment_sort(b, from, b->n);
}

bool weir__store_covers(const weir_store_batch *b, const store_op *range, weir_sv key)
{
    weir_sv from = store_op_key(b, range);
    weir_sv to = store_op_value(b, range);
    return weir_sv_cmp(from, key) <= 0 && weir_sv_cmp(key, to) < 0;
}

void weir__store_batch_flatten(weir_store_batch *b)
{
    if (b->n_ranges == 0) {
        segment_sort(b, 0, b->n);
        return;
    }
    store_op *flat = weir_alloc(b->n * sizeof *flat);
    size_t n_ranges = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (b->ops[i].kind == STORE_DELETE_RANGE) {
            flat[n_ranges++] = b->ops[i];
        }
    }
    size_t n = n_ranges;
    size_t later = 0; /* ranges from here on come after operation i */
    for (size_t i = 0; i < b->n; i++) {
        const store_op *op = &b->ops[i];
        if (op->kind == STORE_DELETE_RANGE) {
            later++;
            continue;
        }
        size_t r = later;
        while (r < n_ranges && !weir__store_covers(b, &flat[r], store_op_key(b, op))) {
            r++;
        }
        if (r == n_ranges) {
            flat[n++] = *op;
        }
    }
    memcpy(b->ops, flat, n * sizeof *flat);
    weir_free(flat);
    b->n = n;
    segment_sort(b, n_ranges, n);
}
