/* What the parts of the store share: RocksDB (rocks_store.c), the commits in front of it
 * (store_epochs.c), and what it is to other processes (store_shared.c). */
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
/* There is a store. Without one RocksDB would leave a log file. */
weir_rc weir__store_there(const char *dir, weir_status *st);
/* For reading, whoever writes it. */
weir_rc weir__store_open_view(const char *dir, weir_store **out, weir_status *st);

/* store_shared.c: WEIR_EBUSY that says who has it. Closing a file of the directory gives up this process'
 * own lock, so it must have none. */
weir_rc weir__store_in_use(const char *dir, weir_status *st);

/* store_epochs.c */
weir__epochs *weir__epochs_new(void);
void weir__epochs_free(weir__epochs *e);
/* For reading only, before the store is opened. */
weir_rc weir__epochs_copy(weir_store *s, weir_status *st);
/* Reads the log of epochs. */
weir_rc weir__epochs_open(weir_store *s, bool read_only, weir_status *st);
const weir__recent *weir__epochs_recent(const weir__epochs *e);
