/* What a batch of the store holds: operations over one buffer, so that large ones can be sorted.
 * Internal to the store. */
#pragma once
#include "engine/run/store.h"

#define WEIR_STORE_CRC_BYTES 4

/* ORDER store_op_kind */
typedef enum store_op_kind { STORE_PUT, STORE_DELETE, STORE_DELETE_RANGE } store_op_kind;

/* The key is at `at` of the bytes, the value (PUT: crc32c, then the value; DELETE_RANGE: the end of
 * the range) right behind it. */
typedef struct store_op {
    uint64_t at;
    uint32_t key_n, value_n;
    store_op_kind kind;
} store_op;

struct weir_store_batch {
    weir_buf bytes;
    store_op *ops;
    size_t n, cap;
    size_t n_ranges;
};

static inline weir_sv store_op_key(const weir_store_batch *b, const store_op *op)
{
    return (weir_sv){b->bytes.p + op->at, op->key_n};
}
static inline weir_sv store_op_value(const weir_store_batch *b, const store_op *op)
{
    return (weir_sv){b->bytes.p + op->at + op->key_n, op->value_n};
}

/* Gives large memory back; clear keeps it. */
void weir__store_batch_reset(weir_store_batch *b);
void weir__store_batch_clear(weir_store_batch *b);
/* `stored`: the value as it is stored, with its checksum; the end of a range. */
void weir__store_batch_add(weir_store_batch *b, store_op_kind kind, weir_sv key, weir_sv stored);
/* Moves the operations of `from` before those of `b`. */
void weir__store_batch_prepend(weir_store_batch *b, weir_store_batch *from);
/* The range of operation `range` of the batch has the key. */
bool weir__store_covers(const weir_store_batch *b, const store_op *range, weir_sv key);
/* The same effect as a table file has it: range deletions first, which take nothing of their own file,
 * then the operations that no later range covers, sorted. */
void weir__store_batch_flatten(weir_store_batch *b);
/* Sorts by key without changing the effect: only between range deletions, equal keys stay in order.
 */
void weir__store_batch_sort(weir_store_batch *b);
/* Of a stored value: covers the key, too. */
uint32_t weir__store_crc(weir_sv key, weir_sv value);
