/* See window.h. An array whose front is given up lazily. */
#include "engine/run/window.h"

static uint64_t chunk_bytes(const weir_chunk *c)
{
    return sizeof *c + c->n * sizeof *c->recs + c->n_bytes + WEIR_CHUNK_PADDING;
}

void weir__window_deinit(weir__window *w)
{
    weir__window_evict(w, INT64_MAX);
    weir_free(w->chunks);
    *w = (weir__window){.held_bytes = w->held_bytes};
}

void weir__window_append(weir__window *w, weir_chunk *chunk)
{
    WEIR_ASSERT(chunk->n > 0);
    WEIR_ASSERT(weir__window_empty(w) || weir_chunk_end(w->chunks[w->n - 1]) <= chunk->base);
    if (w->first > 0 && w->n == w->cap) { /* reuse the room of evicted ones */
        memmove(w->chunks, w->chunks + w->first, (w->n - w->first) * sizeof *w->chunks);
        w->n -= w->first;
        w->first = 0;
    }
    WEIR_GROW(w->chunks, w->cap, w->n + 1);
    w->chunks[w->n++] = chunk;
    *w->held_bytes += chunk_bytes(chunk);
    w->bytes += chunk_bytes(chunk);
}

int64_t weir__window_evict(weir__window *w, int64_t offset)
{
    int64_t end = -1;
    while (w->first < w->n && weir_chunk_end(w->chunks[w->first]) <= offset) {
        weir_chunk *c = w->chunks[w->first++];
        end = weir_chunk_end(c);
        *w->held_bytes -= chunk_bytes(c);
        w->bytes -= chunk_bytes(c);
        weir_chunk_unref(c);
    }
    if (w->first == w->n) {
        w->first = w->n = 0;
    }
    return end;
}

size_t weir__window_find(const weir__window *w, int64_t offset)
{
    size_t low = w->first;
    size_t high = w->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (weir_chunk_end(w->chunks[middle]) <= offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
