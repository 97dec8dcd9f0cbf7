/* Size classes: multiples of 16 up to 128, then four steps per doubling up to SLAB_ITEM_MAX. A
 * class is a free list; what it lacks is cut from the current block. Blocks double from 4 KiB to 1
 * MiB, so that a map with three long keys stays small. Larger items have an allocation of their
 * own, in a list so that weir_slab_free finds them. */
#include "engine/base/alloc.h"
#include "engine/run/hmap.h"

#define SLAB_ITEM_MAX 8192
#define SLAB_BLOCK_MIN ((size_t)4096)
#define SLAB_BLOCK_MAX ((size_t)1 << 20)
#define SLAB_LINEAR_MAX 128 /* classes are multiples of 16 up to here */
#define SLAB_CLASSES (SLAB_LINEAR_MAX / 16 + 4 * 6)

typedef struct slab_item {
    struct slab_item *next;
} slab_item;

typedef struct slab_block {
    struct slab_block *next;
    size_t bytes;
} slab_block;

/* In front of a large item; 16 bytes on every platform of ours, which keeps the item aligned. */
typedef struct slab_large {
    _Alignas(16) struct slab_large *prev;
    struct slab_large *next;
} slab_large;

struct weir_slab {
    char *at, *end;
    slab_block *blocks;
    slab_large *large;
    size_t block_bytes; /* of the next block */
    uint64_t bytes, idle;
    slab_item *free[SLAB_CLASSES];
};

/* The class of a size, and the size that items of it have. */
static uint32_t class_of(uint32_t bytes, uint32_t *size)
{
    WEIR_ASSERT(bytes <= SLAB_ITEM_MAX);
    if (bytes <= SLAB_LINEAR_MAX) {
        uint32_t class = bytes ? (bytes - 1) / 16 : 0;
        *size = (class + 1) * 16;
        return class;
    }
    uint32_t doubling = 31 - (uint32_t)__builtin_clz(bytes - 1); /* ≥ 7 */
    uint32_t step = (uint32_t)1 << (doubling - 2);
    uint32_t quarter = (bytes - 1 - ((uint32_t)1 << doubling)) / step;
    *size = ((uint32_t)1 << doubling) + (quarter + 1) * step;
    return SLAB_LINEAR_MAX / 16 + (doubling - 7) * 4 + quarter;
}

weir_slab *weir_slab_new(void)
{
    weir_slab *s = weir_zalloc(sizeof *s);
    s->block_bytes = SLAB_BLOCK_MIN;
    s->bytes = sizeof *s;
    return s;
}

void weir_slab_free(weir_slab *s)
{
    if (!s) {
        return;
    }
    while (s->blocks) {
        slab_block *block = s->blocks;
        s->blocks = block->next;
        weir_free(block);
    }
    while (s->large) {
        slab_large *large = s->large;
        s->large = large->next;
        weir_free(large);
    }
    weir_free(s);
}

static void *large_alloc(weir_slab *s, uint32_t bytes)
{
    slab_large *large = weir_alloc(sizeof *large + bytes);
    large->prev = NULL;
    large->next = s->large;
    if (s->large) {
        s->large->prev = large;
    }
    s->large = large;
    s->bytes += sizeof *large + bytes;
    return large + 1;
}

static void large_release(weir_slab *s, void *p, uint32_t bytes)
{
    slab_large *large = (slab_large *)p - 1;
    if (large->prev) {
        large->prev->next = large->next;
    } else {
        WEIR_ASSERT(s->large == large);
        s->large = large->next;
    }
    if (large->next) {
        large->next->prev = large->prev;
    }
    s->bytes -= sizeof *large + bytes;
    weir_free(large);
}

/* The rest of the old block is given up: at most one item's size. */
static void block_add(weir_slab *s, uint32_t size)
{
    size_t bytes = s->block_bytes;
    while (bytes < sizeof(slab_block) + size) {
        bytes *= 2;
    }
    slab_block *block = weir_alloc(bytes);
    block->next = s->blocks;
    block->bytes = bytes;
    s->blocks = block;
    s->at = (char *)block + sizeof *block;
    s->end = (char *)block + bytes;
    s->bytes += bytes;
    s->block_bytes = bytes < SLAB_BLOCK_MAX ? bytes * 2 : SLAB_BLOCK_MAX;
}

void *weir_slab_alloc(weir_slab *s, uint32_t bytes)
{
    if (bytes > SLAB_ITEM_MAX) {
        return large_alloc(s, bytes);
    }
    uint32_t size;
    uint32_t class = class_of(bytes, &size);
    WEIR_ASSERT(class < SLAB_CLASSES && size >= bytes);
    slab_item *item = s->free[class];
    if (item) {
        s->free[class] = item->next;
        s->idle -= size;
        return item;
    }
    if ((size_t)(s->end - s->at) < size) {
        block_add(s, size);
    }
    void *p = s->at;
    s->at += size;
    return p;
}

void weir_slab_release(weir_slab *s, void *p, uint32_t bytes)
{
    WEIR_ASSERT(p != NULL);
    if (bytes > SLAB_ITEM_MAX) {
        large_release(s, p, bytes);
        return;
    }
    uint32_t size;
    uint32_t class = class_of(bytes, &size);
    slab_item *item = p;
    item->next = s->free[class];
    s->free[class] = item;
    s->idle += size;
}

uint64_t weir_slab_bytes(const weir_slab *s)
{
    return s->bytes;
}

uint64_t weir_slab_idle(const weir_slab *s)
{
    return s->idle;
}
