/* What the parts of the store share: RocksDB (rocks_store.c), and the commits in front of it
 * (store_epochs.c). */
#pragma once
#include "engine/run/store_recent.h"

#define WEIR__STORE_DAMAGE_HINT                                                                    \
    "restore it from a copy, or start with an empty directory and reprocess"

typedef struct weir__epochs weir__epochs;

/* rocks_store.c. One atomic, synced write. */
weir_rc weir__store_write(weir_store *s, const weir_store_batch *b, weir_status *st);
/* A sorted, synced table file outside of the store, and its atomic move into it. */
weir_rc weir__store_write_table(weir_store *s, weir_store_batch *b, const char *path,
                                weir_status *st);
weir_rc weir__store_ingest(weir_store *s, const char *path, weir_status *st);
weir__epochs *weir__store_epochs(const weir_store *s);

/* store_epochs.c */
weir__epochs *weir__epochs_new(void);
void weir__epochs_free(weir__epochs *e);
/* Reads the log of epochs. */
weir_rc weir__epochs_open(weir_store *s, bool read_only, weir_status *st);
const weir__recent *weir__epochs_recent(const weir__epochs *e);
