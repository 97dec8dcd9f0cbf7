/* The only callers of malloc. Out of memory aborts: it is a crash like any other, and the kill
 * tests cover it. Sizes that come from data are checked against limits.h before they get here. */
#pragma once
#include "engine/base/base.h"

void *weir_alloc(size_t bytes);                      /* never NULL; uninitialised */
void *weir_zalloc(size_t bytes);                     /* zeroed */
void *weir_realloc(void *p, size_t bytes);
void *weir_alloc_aligned(size_t align, size_t bytes); /* free with weir_free */
void weir_free(void *p);
char *weir_strdup(const char *s);

/* Grows `*items` (of `size` bytes each) so that `need` fit; doubles. `*cap` is updated. */
void weir_grow_bytes(void **items, size_t *cap, size_t need, size_t size);
#define WEIR_GROW(items, cap, need)                                                                \
    do {                                                                                           \
        if ((size_t)(need) > (cap)) {                                                              \
            void *weir_grow_p = (items);                                                           \
            weir_grow_bytes(&weir_grow_p, &(cap), (need), sizeof *(items));                        \
            (items) = weir_grow_p;                                                                 \
        }                                                                                          \
    } while (0)
