/* The durable store of a data directory: one RocksDB, ordered keys, atomic batches. Never touched
 * per row. One process at a time writes a directory (lock file with a clear error).
 *
 *   key space, first byte:  'M' meta   'J' journal   'T' topics   'S' state tables   'P' the store's own
 *
 * Every value carries a crc32c; a wrong one is WEIR_ECORRUPT with the remedy, never read. */
#pragma once
#include "engine/base/buf.h"
#include "engine/base/status.h"

typedef struct weir_store weir_store;
typedef struct weir_store_batch weir_store_batch;

/* Makes the directory when it is missing (not the ones above it). */
weir_rc weir_store_open(const char *dir, weir_store **out, weir_status *st);
/* The same of a directory that holds a store already; makes nothing. */
weir_rc weir_store_open_existing(const char *dir, weir_store **out, weir_status *st);
/* … and not even a file changes: only for reading, as of one commit, the last one when another process has
 * the directory and goes on. */
weir_rc weir_store_open_read_only(const char *dir, weir_store **out, weir_status *st);
void weir_store_close(weir_store *s);
const char *weir_store_dir(const weir_store *s);

weir_store_batch *weir_store_batch_new(void);
void weir_store_batch_free(weir_store_batch *b);
void weir_store_put(weir_store_batch *b, weir_sv key, weir_sv value);
void weir_store_delete(weir_store_batch *b, weir_sv key);
void weir_store_delete_range(weir_store_batch *b, weir_sv from, weir_sv to); /* [from, to) */
/* Moves the operations of `from` behind those of `b`. */
void weir_store_batch_append(weir_store_batch *b, weir_store_batch *from);
uint64_t weir_store_batch_bytes(const weir_store_batch *b);
/* One atomic, synced write: operations take effect in their order. Clears the batch. After an error
 * it is unknown whether the write is there: the store must be closed and opened again. */
weir_rc weir_store_commit(weir_store *s, weir_store_batch *b, weir_status *st);

/* Two phases, where somebody else decides whether an epoch counts (store_epochs.c): the batch becomes
 * durable, but not visible; then it is settled. The batch stays as it is until then. Epochs ascend from
 * 1; preparing one forgets the one before, if it is not settled. */
weir_rc weir_store_prepare(weir_store *s, weir_store_batch *b, uint64_t epoch, weir_status *st);
/* Makes what was prepared from `b` visible, at once. Clears the batch. */
weir_rc weir_store_settle(weir_store *s, weir_store_batch *b, weir_status *st);
/* At start: the epoch that a killed process had prepared, and not settled. */
weir_rc weir_store_prepared(weir_store *s, uint64_t *epoch, bool *found, weir_status *st);
/* … which counts (it becomes visible) or does not (it is forgotten). */
weir_rc weir_store_resolve(weir_store *s, bool counts, weir_status *st);

weir_rc weir_store_get(weir_store *s, weir_sv key, weir_buf *out, bool *found, weir_status *st);
/* Reads n keys in one go; calls found(ctx, i, value) for keys[i] that is there, and stops when it
 * returns other than WEIR_OK. Any thread. */
typedef weir_rc weir_store_each_of(void *ctx, uint32_t i, weir_sv value, weir_status *st);
weir_rc weir_store_get_many(weir_store *s, const weir_sv *keys, uint32_t n,
                            weir_store_each_of *found, void *ctx, weir_status *st);
/* The entry with the greatest key that is ≤ `key` and starts with `prefix`. */
weir_rc weir_store_floor(weir_store *s, weir_sv prefix, weir_sv key, weir_buf *found_key,
                         weir_buf *out, bool *found, weir_status *st);
/* Calls `each` for every key with the prefix, in order; stops when it returns other than WEIR_OK. */
weir_rc weir_store_scan(weir_store *s, weir_sv prefix,
                        weir_rc (*each)(void *ctx, weir_sv key, weir_sv value, weir_status *st),
                        void *ctx, weir_status *st);
/* Memory for what is read again and again; never less than what the store has by itself. */
void weir_store_cache(weir_store *s, uint64_t bytes);
uint64_t weir_store_disk_bytes(weir_store *s);
