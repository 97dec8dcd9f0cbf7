/* One partition of a topic. Internal to the topic stores.
 *
 *      begin            held        durable      saved       end
 *   …forgotten | in the store only | in both, can go | in both | in memory only
 *
 * `saved` was put into the last batch; `durable` into the one before, whose commit has returned.
 * Without a store, begin == held and durable == saved == 0. */
#pragma once
#include "engine/run/chunk.h"
#include "engine/run/segment.h"
#include "engine/run/store.h"
#include "engine/run/window.h"

typedef struct weir__partition {
    weir_store *store;    /* NULL: memory only */
    uint32_t topic_id, number;
    weir__window window; /* consecutive chunks, from `held` to `end` */
    int64_t begin, held, durable, saved, end;
    int64_t consumed; /* nobody reads below */
    int64_t least_reader; /* of those told of in this turn */
    bool kept;        /* a reader outside of the engine wants what is at keep_from and above */
    int64_t keep_from;
    bool retains;     /* records are dropped by age: only then `newest` is kept */
    int64_t newest;   /* largest timestamp ever appended; INT64_MIN before any */
    /* What is known of the chunk at `begin`: its end and its largest timestamp. */
    int64_t first_end, first_newest;
    bool dirty;          /* what Mpart stores has changed */
    weir_chunk *decoded; /* atomic: the last chunk read from the store; a reference */
    weir__segment log;   /* large chunks; the store has their places */
} weir__partition;

void weir__partition_init(weir__partition *p, weir_store *store, uint64_t *held_bytes,
                          uint32_t topic_id, uint32_t number);
void weir__partition_deinit(weir__partition *p);
void weir__partition_append(weir__partition *p, weir_chunk *chunk);
weir_rc weir__partition_read(weir__partition *p, int64_t offset, weir_chunk **out, weir_status *st);
/* Gives memory back below `offset`: of durable chunks; of all when there is no store. */
void weir__partition_evict(weir__partition *p, int64_t offset);

/* "Mpart" ‖ topic id ‖ number: begin, end, newest, end of the log file. */
#define WEIR__PARTITION_META "Mpart"
weir_rc weir__partition_save(weir__partition *p, weir_store_batch *batch, weir_status *st);
weir_rc weir__partition_load(weir__partition *p, weir_sv value, weir_status *st);
/* Drops whole chunks with nothing at or after `time`. */
void weir__partition_expire(weir__partition *p, int64_t time, weir_store_batch *batch);
