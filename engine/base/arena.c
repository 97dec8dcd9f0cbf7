/* Blocks in one list; `current` is the one being filled, those behind it are kept from before the
 * last reset. A request too big for an ordinary block gets a block of its own, put at the front of
 * the list so that everything behind `current` is ordinary; reset frees it, so that one huge
 * record does not hold its memory for ever.
 *
 * Under AddressSanitizer all free room is poisoned and allocations stand apart by a poisoned gap.
 * The inline fast path cannot unpoison, so there `at` and `end` stay NULL and every request comes
 * to weir_arena_slow; the fill level then lives in the block. */
#include "engine/base/arena.h"

#include "engine/base/alloc.h"

#include <stdarg.h>
#include <stdio.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define ARENA_GAP 16
#else
#define ARENA_ASAN 0
#define ARENA_GAP 0
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define BLOCK_BYTES_MIN ((size_t)8 << 10)
#define BLOCK_BYTES_MAX ((size_t)256 << 10)  /* where doubling stops */
#define ORDINARY_BYTES_MAX ((size_t)1 << 20) /* a request over this gets a block of its own */

/* 32 bytes, so that the room behind it is 16-byte aligned. */
struct weir_arena_block {
    weir_arena_block *next;
    size_t bytes; /* room behind this header */
    size_t used;  /* only kept under AddressSanitizer */
    bool large;
};
_Static_assert(sizeof(struct weir_arena_block) % 16 == 0, "blocks must start aligned");

static char *block_room(weir_arena_block *b)
{
    return (char *)(b + 1);
}

static weir_arena_block *block_new(size_t bytes, bool large)
{
    weir_arena_block *b = weir_alloc(sizeof *b + bytes);
    *b = (weir_arena_block){.bytes = bytes, .large = large};
    ASAN_POISON_MEMORY_REGION(block_room(b), bytes);
    return b;
}

static void block_free(weir_arena_block *b)
{
    ASAN_UNPOISON_MEMORY_REGION(block_room(b), b->bytes);
    weir_free(b);
}

/* Makes an ordinary block the one being filled, empty. `b` may be NULL: no block yet. */
static void block_enter(weir_arena *a, weir_arena_block *b)
{
    a->current = b;
    a->at = NULL;
    a->end = NULL;
    if (!b) {
        return;
    }
    WEIR_ASSERT(!b->large);
    b->used = 0;
    ASAN_POISON_MEMORY_REGION(block_room(b), b->bytes);
    if (!ARENA_ASAN) {
        a->at = block_room(b);
        a->end = a->at + b->bytes;
    }
}

/* Takes from the current block, or returns NULL. */
static void *block_take(weir_arena *a, size_t bytes)
{
    weir_arena_block *b = a->current;
    if (!b) {
        return NULL;
    }
    if (ARENA_ASAN) {
        if (b->bytes - b->used < bytes + ARENA_GAP) {
            return NULL;
        }
        char *p = block_room(b) + b->used;
        b->used += bytes + ARENA_GAP;
        ASAN_UNPOISON_MEMORY_REGION(p, bytes);
        return p;
    }
    if ((size_t)(a->end - a->at) < bytes) {
        return NULL;
    }
    char *p = a->at;
    a->at += bytes;
    return p;
}

static void *large_take(weir_arena *a, size_t bytes)
{
    weir_arena_block *b = block_new(bytes, true);
    b->next = a->first;
    a->first = b;
    a->large_bytes += bytes;
    ASAN_UNPOISON_MEMORY_REGION(block_room(b), bytes);
    return block_room(b);
}

/* Goes on to the next kept block with room, or appends a new one. Blocks that are too small for
 * this request are passed over until the next reset. */
static void next_block(weir_arena *a, size_t bytes)
{
    weir_arena_block *last = a->current;
    while (last && last->next) {
        last = last->next;
        if (last->bytes >= bytes + ARENA_GAP) {
            block_enter(a, last);
            return;
        }
    }
    if (a->block_bytes < BLOCK_BYTES_MIN) {
        a->block_bytes = BLOCK_BYTES_MIN; /* a zeroed arena works, too */
    }
    size_t room = bytes + ARENA_GAP;
    if (room < a->block_bytes) {
        room = a->block_bytes;
    }
    weir_arena_block *b = block_new(room, false);
    if (last) {
        last->next = b;
    } else {
        /* No ordinary block yet: it goes behind the large ones. */
        weir_arena_block **to = &a->first;
        while (*to) {
            to = &(*to)->next;
        }
        *to = b;
    }
    block_enter(a, b);
    if (a->block_bytes < BLOCK_BYTES_MAX) {
        a->block_bytes *= 2;
    }
}

void weir_arena_init(weir_arena *a)
{
    *a = (weir_arena){.block_bytes = BLOCK_BYTES_MIN};
}

typedef struct weir_arena_end weir_arena_end;
struct weir_arena_end {
    weir_arena_end *next;
    void (*fn)(void *p);
    void *p;
};

void weir_arena_on_end(weir_arena *a, void (*fn)(void *p), void *p)
{
    weir_arena_end *e = weir_arena_alloc(a, sizeof *e);
    *e = (weir_arena_end){a->ends, fn, p};
    a->ends = e;
}

/* The objects are still there. */
static void call_ends(weir_arena *a)
{
    while (a->ends) {
        weir_arena_end *e = a->ends;
        a->ends = e->next;
        e->fn(e->p);
    }
}

void weir_arena_deinit(weir_arena *a)
{
    call_ends(a);
    weir_arena_block *b = a->first;
    while (b) {
        weir_arena_block *next = b->next;
        block_free(b);
        b = next;
    }
    *a = (weir_arena){0};
}

void weir_arena_reset(weir_arena *a)
{
    call_ends(a);
    while (a->first && a->first->large) {
        weir_arena_block *b = a->first;
        a->first = b->next;
        block_free(b);
    }
    a->large_bytes = 0;
    if (ARENA_ASAN) {
        for (weir_arena_block *b = a->first; b; b = b->next) {
            ASAN_POISON_MEMORY_REGION(block_room(b), b->bytes);
        }
    }
    block_enter(a, a->first);
}

size_t weir_arena_bytes(const weir_arena *a)
{
    size_t total = 0;
    for (const weir_arena_block *b = a->first; b; b = b->next) {
        total += b->bytes;
    }
    WEIR_ASSERT(total >= a->large_bytes);
    return total;
}

void *weir_arena_slow(weir_arena *a, size_t bytes)
{
    WEIR_ASSERT(bytes % 16 == 0 && bytes <= SIZE_MAX / 2);
    if (bytes == 0) {
        bytes = 16; /* a pointer of its own, never NULL */
    }
    if (bytes > ORDINARY_BYTES_MAX) {
        return large_take(a, bytes);
    }
    void *p = block_take(a, bytes);
    if (!p) {
        next_block(a, bytes);
        p = block_take(a, bytes);
    }
    WEIR_ASSERT(p != NULL);
    return p;
}

char *weir_arena_bytes_alloc(weir_arena *a, size_t bytes)
{
    size_t rounded = (bytes + 15) & ~(size_t)15;
    char *p = weir_arena_alloc(a, bytes);
    ASAN_POISON_MEMORY_REGION(p + bytes, rounded - bytes);
    return p;
}

void weir_arena_shrink(weir_arena *a, char *p, size_t had, size_t used)
{
    WEIR_ASSERT(used <= had);
    size_t had16 = (had + 15) & ~(size_t)15;
    size_t used16 = (used + 15) & ~(size_t)15;
    if (ARENA_ASAN) {
        ASAN_POISON_MEMORY_REGION(p + used, had16 - used);
        weir_arena_block *b = a->current;
        if (b && p + had16 + ARENA_GAP == block_room(b) + b->used) {
            b->used -= used ? had16 - used16 : had16 + ARENA_GAP;
        }
    } else if (p + had16 == a->at) {
        a->at = p + used16;
    }
}

void *weir_arena_zalloc(weir_arena *a, size_t bytes)
{
    return memset(weir_arena_alloc(a, bytes), 0, bytes);
}

weir_sv weir_arena_sv(weir_arena *a, weir_sv s)
{
    return (weir_sv){weir_arena_cstr(a, s), s.n};
}

char *weir_arena_cstr(weir_arena *a, weir_sv s)
{
    char *p = weir_arena_bytes_alloc(a, (size_t)s.n + 1);
    if (s.n) {
        memcpy(p, s.p, s.n);
    }
    p[s.n] = '\0';
    return p;
}

weir_sv weir_arena_printf(weir_arena *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    WEIR_ASSERT(n >= 0);
    char *p = weir_arena_bytes_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return weir_sv_of(p, (size_t)n);
}
