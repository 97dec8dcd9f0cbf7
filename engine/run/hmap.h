/* A hash map from key bytes to fixed-size payloads: the state of aggregations, tables and joins.
 *
 *   slots   {tag 32, entry 32}, linear probing, load ≤ 2/3
 *   entries in slabs of equal stride: [payload][key length 4][mark 4][key ≤ 24 inline | pointer];
 *           an entry stays where it is, so payload pointers are valid until it is removed, or
 *           until entries are evicted
 *
 * Batch calls hash and prefetch first, then touch. No malloc per entry. One thread. */
#pragma once
#include "engine/base/base.h"

typedef struct weir_hmap weir_hmap;

/* Payloads are 16-byte aligned and zeroed on insertion. */
weir_hmap *weir_hmap_new(uint32_t payload_bytes);
/* drop(payload) is called for each live entry when not NULL. */
void weir_hmap_free(weir_hmap *m, void (*drop)(void *ctx, void *payload), void *ctx);

/* Empties the map and keeps its memory; marks and remembered removals are forgotten. */
void weir_hmap_clear(weir_hmap *m, void (*drop)(void *ctx, void *payload), void *ctx);

void *weir_hmap_find(const weir_hmap *m, weir_sv key); /* payload, or NULL */
void *weir_hmap_insert(weir_hmap *m, weir_sv key, bool *added);
bool weir_hmap_remove(weir_hmap *m, weir_sv key); /* the payload must be dropped by the caller */
/* payloads[i] for keys[i], i < n ≤ WEIR_BATCH_ROWS; absent ones are NULL, or inserted when `insert`
 * (then added[i] tells). Equal keys give the same payload. */
void weir_hmap_find_batch(const weir_hmap *m, const weir_sv *keys, uint32_t n, void **payloads);
void weir_hmap_insert_batch(weir_hmap *m, const weir_sv *keys, uint32_t n, void **payloads,
                            bool *added);
weir_sv weir_hmap_key(const weir_hmap *m, const void *payload); /* of an entry */
/* While it is on, entries can only be inserted, one at a time and each key once; they can be found
 * when it is off again. For maps that are filled from a store. */
void weir_hmap_filling(weir_hmap *m, bool on);

/* Dirty marks: entries changed since the last commit, each listed once. Removal of an entry is
 * remembered by key until the marks are cleared. */
void weir_hmap_mark(weir_hmap *m, void *payload);
/* Calls gone(key) for each removed key, then put(key, payload) for each marked entry (a key that was
 * removed and inserted again gets both, in this order), then clears. NULL callbacks just clear. */
void weir_hmap_sweep(weir_hmap *m, void (*put)(void *ctx, weir_sv key, void *payload),
                     void (*gone)(void *ctx, weir_sv key), void *ctx);
uint64_t weir_hmap_marked(const weir_hmap *m); /* marked entries and remembered removals */
/* Off: nothing is marked or remembered, for maps that nobody sweeps. On at birth. */
void weir_hmap_track(weir_hmap *m, bool on);

/* Cold entries: the owner has them elsewhere and takes them out of memory when it is short. The map
 * counts them, and notes which of its entries were found or marked since they were last looked at.
 *
 * Takes out up to `most` entries, those first that were not used for long, drops their payloads, and
 * moves the others together: no payload pointer is valid any more. Payloads are moved as bytes. One
 * call looks at each entry at most once, and spares the used ones: called twice, it takes out all that
 * were asked for. Returns how many; 0 while something is marked or remembered. */
uint64_t weir_hmap_evict(weir_hmap *m, uint64_t most, void (*drop)(void *ctx, void *payload),
                         void *ctx);
uint64_t weir_hmap_cold(const weir_hmap *m);
/* The owner learns of more cold entries, or has put some of them back (less than 0). */
void weir_hmap_cool(weir_hmap *m, int64_t more);
/* Removed since the last sweep: what is stored of it does not count any more. Known of maps with cold
 * entries. */
bool weir_hmap_removed(const weir_hmap *m, weir_sv key);

uint64_t weir_hmap_count(const weir_hmap *m); /* in memory */
uint64_t weir_hmap_bytes(const weir_hmap *m);
/* Visits entries in slab order (insertion order while nothing is removed). *cursor starts at 0;
 * false at the end. Entries must not be added or removed meanwhile. */
bool weir_hmap_next(const weir_hmap *m, uint64_t *cursor, void **payload);

/* Bytes of varying size with few frees: size classes inside slabs. 16-byte aligned, uninitialised;
 * `bytes` of release is that of alloc. */
typedef struct weir_slab weir_slab;
weir_slab *weir_slab_new(void);
void weir_slab_free(weir_slab *s);
void *weir_slab_alloc(weir_slab *s, uint32_t bytes);
void weir_slab_release(weir_slab *s, void *p, uint32_t bytes);
uint64_t weir_slab_bytes(const weir_slab *s); /* taken from the system */
uint64_t weir_slab_idle(const weir_slab *s);  /* of them, released and not used again */
