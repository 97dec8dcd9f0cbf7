/* Memory with one lifetime: allocate many, free all at once. Three lifetimes exist: query (plan,
 * programs), task (operator instances), step (one source batch pushed through).
 *
 *   block ─► block ─► block          reset keeps the blocks, so steady state does not allocate
 *   [used | free      ]
 *
 * Not thread-safe: an arena belongs to one thread at a time. */
#pragma once
#include "engine/base/base.h"

typedef struct weir_arena_block weir_arena_block;
typedef struct weir_arena {
    char *at, *end;            /* free room of the current block */
    weir_arena_block *first, *current;
    size_t block_bytes;        /* size of the next block */
    size_t large_bytes;        /* held in blocks of their own since the last reset */
    struct weir_arena_end *ends; /* to be called at its end, the latest first */
} weir_arena;

void weir_arena_init(weir_arena *a);
void weir_arena_deinit(weir_arena *a);
void weir_arena_reset(weir_arena *a); /* frees oversized blocks, keeps ordinary ones */
size_t weir_arena_bytes(const weir_arena *a); /* held, used or not */
/* Calls fn(p) when the arena is reset or freed, the latest first: for what its objects own outside. */
void weir_arena_on_end(weir_arena *a, void (*fn)(void *p), void *p);

void *weir_arena_slow(weir_arena *a, size_t bytes); /* internal */
/* 16-byte aligned, uninitialised. */
static inline void *weir_arena_alloc(weir_arena *a, size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (WEIR_LIKELY((size_t)(a->end - a->at) >= bytes && a->at)) {
        void *p = a->at;
        a->at += bytes;
        return p;
    }
    return weir_arena_slow(a, bytes);
}
/* Byte-aligned room for text; unused room can be given back with weir_arena_shrink at once. */
char *weir_arena_bytes_alloc(weir_arena *a, size_t bytes);
/* Gives back all but `used` of the `had` bytes at `p`, if nothing was allocated since. */
void weir_arena_shrink(weir_arena *a, char *p, size_t had, size_t used);
void *weir_arena_zalloc(weir_arena *a, size_t bytes);
weir_sv weir_arena_sv(weir_arena *a, weir_sv s);          /* copy; NUL follows */
weir_sv weir_arena_printf(weir_arena *a, const char *fmt, ...) WEIR_PRINTF(2, 3);
char *weir_arena_cstr(weir_arena *a, weir_sv s);          /* copy, NUL-terminated */
#define WEIR_NEW(arena, type) ((type *)weir_arena_zalloc((arena), sizeof(type)))
#define WEIR_NEW_N(arena, type, n) ((type *)weir_arena_zalloc((arena), sizeof(type) * (size_t)(n)))

/* A growing array inside an arena (old room is abandoned on growth). */
#define WEIR_PUSH(arena, items, n, cap, item)                                                      \
    do {                                                                                           \
        if ((n) == (cap)) {                                                                        \
            size_t weir_push_cap = (cap) ? (size_t)(cap) * 2 : 4;                                  \
            void *weir_push_p = weir_arena_alloc((arena), weir_push_cap * sizeof *(items));        \
            if (n) {                                                                               \
                memcpy(weir_push_p, (items), (size_t)(n) * sizeof *(items));                       \
            }                                                                                      \
            (items) = weir_push_p;                                                                 \
            (cap) = (uint32_t)weir_push_cap;                                                       \
        }                                                                                          \
        (items)[(n)++] = (item);                                                                   \
    } while (0)
