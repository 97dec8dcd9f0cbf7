/* The chunks of one topic partition that are in memory: ascending by offset. Internal to the topic
 * stores. Appended to and evicted from on the control thread between rounds, read by workers. */
#pragma once
#include "engine/run/chunk.h"

typedef struct weir__window {
    uint64_t *held_bytes; /* of all windows */
    uint64_t bytes;       /* of this one */
    weir_chunk **chunks;  /* [first, n) */
    size_t first, n, cap;
} weir__window;

void weir__window_deinit(weir__window *w);
/* Takes the reference. The chunk lies behind all others. */
void weir__window_append(weir__window *w, weir_chunk *chunk);
/* Gives back the chunks that end at or before `offset`; returns the end of the last one, or -1. */
int64_t weir__window_evict(weir__window *w, int64_t offset);
static inline bool weir__window_empty(const weir__window *w)
{
    return w->first == w->n;
}
/* Index of the first chunk that ends behind `offset`; w->n: none. */
size_t weir__window_find(const weir__window *w, int64_t offset);
