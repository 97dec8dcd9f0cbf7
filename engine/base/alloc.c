/* Thin wrappers over malloc. They exist so that no caller checks for NULL, and so that lint can
 * hold every other file to them. Poisoning and leak checking are the sanitizer's job, so there is
 * no bookkeeping here. */
#include "engine/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>

static _Noreturn void out_of_memory(size_t bytes)
{
    fprintf(stderr, "weir: out of memory: cannot get %zu bytes\n", bytes);
    abort();
}

static void *checked(void *p, size_t bytes)
{
    if (WEIR_UNLIKELY(p == NULL)) {
        out_of_memory(bytes);
    }
    return p;
}

/* malloc(0) may return NULL, which callers must never see. */
static size_t at_least_one(size_t bytes)
{
    return bytes ? bytes : 1;
}

void *weir_alloc(size_t bytes)
{
    return checked(malloc(at_least_one(bytes)), bytes);
}

void *weir_zalloc(size_t bytes)
{
    return checked(calloc(1, at_least_one(bytes)), bytes);
}

void *weir_realloc(void *p, size_t bytes)
{
    return checked(realloc(p, at_least_one(bytes)), bytes);
}

void *weir_alloc_aligned(size_t align, size_t bytes)
{
    WEIR_ASSERT(align >= sizeof(void *) && (align & (align - 1)) == 0);
    WEIR_ASSERT(bytes <= SIZE_MAX - align);
    size_t rounded = (at_least_one(bytes) + align - 1) & ~(align - 1);
    return checked(aligned_alloc(align, rounded), rounded);
}

void weir_free(void *p)
{
    free(p);
}

char *weir_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(weir_alloc(n), s, n);
}

void weir_grow_bytes(void **items, size_t *cap, size_t need, size_t size)
{
    WEIR_ASSERT(size > 0);
    size_t grown = *cap > SIZE_MAX / 2 ? SIZE_MAX : *cap * 2;
    if (grown < need) {
        grown = need;
    }
    if (grown < 8) {
        grown = 8;
    }
    size_t bytes;
    if (__builtin_mul_overflow(grown, size, &bytes)) {
        out_of_memory(SIZE_MAX);
    }
    *items = weir_realloc(*items, bytes);
    *cap = grown;
    WEIR_ASSERT(*cap >= need);
}
