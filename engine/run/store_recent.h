/* What counts, and is in the log of epochs, but not in the store yet: the latest operation of every key,
 * found by its hash. Range deletions take effect before all of them. Changed between rounds only; read
 * by any thread. */
#pragma once
#include "engine/run/store_batch.h"

typedef struct weir__recent_slot {
    uint32_t op; /* index of the operation + 1; 0: free */
    uint32_t tag;
} weir__recent_slot;

typedef struct weir__recent {
    weir_store_batch *ranges;
    weir_store_batch *points; /* puts and deletions */
    weir__recent_slot *slots;
    size_t n_slots; /* a power of two, or 0 */
} weir__recent;

typedef enum weir__recent_look {
    RECENT_UNKNOWN, /* as the store has it */
    RECENT_PUT,
    RECENT_GONE
} weir__recent_look;

void weir__recent_init(weir__recent *r);
void weir__recent_deinit(weir__recent *r);
/* The operations of the batch come after all others. */
void weir__recent_add(weir__recent *r, const weir_store_batch *b);
/* *stored: the value as it is stored. */
weir__recent_look weir__recent_find(const weir__recent *r, weir_sv key, weir_sv *stored);
/* The puts with the prefix, by key. To be freed. */
const store_op **weir__recent_sorted(const weir__recent *r, weir_sv prefix, size_t *n);
/* Everything in an order that has the same effect; then only clear may follow. */
weir_store_batch *weir__recent_all(weir__recent *r);
/* Keeps its memory: it will need as much again. */
void weir__recent_clear(weir__recent *r);

static inline bool weir__recent_empty(const weir__recent *r)
{
    return r->points->n + r->ranges->n == 0;
}
/* Of memory in use, the index apart. */
static inline uint64_t weir__recent_bytes(const weir__recent *r)
{
    return r->points->bytes.n + r->ranges->bytes.n +
           (r->points->n + r->ranges->n) * sizeof(store_op);
}
