/* The log of epochs on their way into the store: prepared ones are appended and synced, and stay until
 * the store has them (store_epochs.c). One file per data directory, made when it is first needed.
 *
 *   head:    "weirlog1" ‖ salt (8) ‖ base (8) ‖ crc (4)
 *   record:  kind (1) ‖ epoch (8) ‖ bytes (8) ‖ crc (4) ‖ operations ‖ crc (4)
 *   kinds:   'P' an epoch is prepared; 'C' it counts (no operations, no second crc)
 *
 * Epochs ascend. A 'P' counts when a 'C' or any later record follows. Checksums begin with the salt, which
 * is new whenever the log begins anew: neither data nor what lay there before can look like a record. A
 * record that is not whole is the end of the log, an append that never returned, unless a later one
 * follows: then it was damaged, and the log is refused. `base` is the last epoch the store had when the
 * log began: a store that has less is older than its log. */
#pragma once
#include "engine/run/store_batch.h"

typedef struct weir__epoch_log {
    char *dir; /* of the store */
    int fd;    /* < 0: there is no file */
    bool read_only;
    uint64_t salt;
    uint64_t end;     /* behind the last whole record; 0: nothing, not even a head */
    uint64_t size;    /* of the file */
    uint64_t last;    /* newest epoch of a record */
    uint64_t pending; /* the epoch in doubt; 0: none */
    uint64_t pending_at;
} weir__epoch_log;

/* For reading only, before the store beside it is opened: whoever writes the log goes on. */
weir_rc weir__epoch_log_copy(weir__epoch_log *l, const char *dir, weir_status *st);
/* An epoch that counts; may take the operations out of the batch. */
typedef weir_rc weir__epoch_each(void *ctx, uint64_t epoch, weir_store_batch *b, weir_status *st);
/* Calls `each` for those after `stored`, the last epoch that the store has. `read_only`: of the copy. */
weir_rc weir__epoch_log_open(weir__epoch_log *l, const char *dir, bool read_only, uint64_t stored,
                             weir__epoch_each *each, void *ctx, weir_status *st);
void weir__epoch_log_close(weir__epoch_log *l);
/* Synced. The epoch is in doubt until the next call; one that still is does not count. `stored` as
 * above. */
weir_rc weir__epoch_log_prepare(weir__epoch_log *l, const weir_store_batch *b, uint64_t epoch,
                                uint64_t stored, weir_status *st);
/* The epoch in doubt counts. Not synced: who has lost it asks again. */
weir_rc weir__epoch_log_settle(weir__epoch_log *l, weir_status *st);
/* … does not count. Synced. */
weir_rc weir__epoch_log_forget(weir__epoch_log *l, weir_status *st);
/* Appends the operations of the epoch in doubt. */
weir_rc weir__epoch_log_read(const weir__epoch_log *l, weir_store_batch *b, weir_status *st);
/* The store has them all. With an epoch in doubt nothing happens. */
weir_rc weir__epoch_log_clear(weir__epoch_log *l, weir_status *st);
