/* Topics: named, partitioned, append-only logs of chunks. Three stores: memory, embedded (memory in
 * front of RocksDB), and a cluster's (windows of what has been fetched, see cluster.h).
 *
 * Threads: create/drop/poll/commit on the control thread between rounds. During a round a partition
 * is appended to by nobody and read by the workers: appends happen in the delivery step. */
#pragma once
#include "engine/run/chunk.h"
#include "engine/run/cluster.h"
#include "engine/run/store.h"

typedef struct weir_topics weir_topics;
typedef struct weir_topic weir_topic;

/* With a cluster topics are there, and `store` is not used. Else `store` NULL: memory only; with a
 * store, topics found in it are opened. */
weir_rc weir_topics_open(weir_store *store, weir_cluster *cluster, weir_topics **out,
                         weir_status *st);
void weir_topics_close(weir_topics *t);
/* Memory only: weir_topic_consumed may forget records for good. Off at birth. */
void weir_topics_forget_consumed(weir_topics *t, bool on);

/* The topics that a store has, without opening them: the store may be open for reading only. */
weir_rc weir_topics_stored(weir_store *store,
                           void (*each)(void *ctx, weir_sv name, int32_t partitions), void *ctx,
                           weir_status *st);
/* Learns what topics the cluster has now. Nothing to do for other stores. */
weir_rc weir_topics_refresh(weir_topics *t, weir_status *st);
/* Existing topic, or NULL. */
weir_topic *weir_topics_find(weir_topics *t, weir_sv name);
/* Creates; gives the existing one when there is one (its partition count stays). Fails only on a
 * cluster. */
weir_rc weir_topics_create(weir_topics *t, const weir_topic_spec *spec, weir_topic **out,
                           weir_status *st);
weir_rc weir_topics_drop(weir_topics *t, weir_sv name, weir_status *st);
uint32_t weir_topics_count(const weir_topics *t);
weir_topic *weir_topics_at(weir_topics *t, uint32_t i); /* in creation order */

weir_sv weir_topic_name(const weir_topic *t);
int32_t weir_topic_partitions(const weir_topic *t);
int32_t weir_topic_replicas(const weir_topic *t); /* 1 where it is not a cluster's */
int64_t weir_topic_retention_ms(const weir_topic *t); /* < 0: for ever, or a cluster's */
/* First and behind the last offset; of a cluster's topic as last heard of. */
/* Where a reader at `offset` goes on: behind what retention has taken. */
int64_t weir_topic_resume(const weir_topic *t, int32_t partition, int64_t offset);
int64_t weir_topic_begin(const weir_topic *t, int32_t partition);
int64_t weir_topic_end(const weir_topic *t, int32_t partition);
/* The same, asked now. */
weir_rc weir_topic_bounds(weir_topic *t, int32_t partition, int64_t *begin, int64_t *end,
                          weir_status *st);
/* A cluster's: learns what it is now. It may have been made again, or have other partitions; what was fetched is
 * forgotten, what could not be read is tried again, for all its readers. WEIR_ENOTFOUND: it is not there. */
weir_rc weir_topic_renew(weir_topic *t, weir_status *st);
/* The first offset with a timestamp ≥ ms; the end when there is none. */
weir_rc weir_topic_at_time(weir_topic *t, int32_t partition, int64_t ms, int64_t *offset,
                           weir_status *st);
/* How far a reader at `offset` can read now; ≤ offset: nothing. Any thread. */
int64_t weir_topic_readable(const weir_topic *t, int32_t partition, int64_t offset);
/* A reader at `offset` has seen all there is (as last heard). Any thread. */
bool weir_topic_at_end(const weir_topic *t, int32_t partition, int64_t offset);
/* Appends; sets the chunk's base offset; takes the reference. Visible at once, durable with the
 * next commit; in a cluster both when it says so. Partition -1, any: the topic chooses. */
void weir_topic_append(weir_topic *t, int32_t partition, weir_chunk *chunk);
/* The chunk that holds `offset` or else the next record (a new reference), or NULL when none is there
 * now. Below the begin it is the first chunk there is. A chunk may begin below `offset`. Any thread. */
weir_rc weir_topic_read(weir_topic *t, int32_t partition, int64_t offset, weir_chunk **out,
                        weir_status *st);
/* Tells the store where readers are: first each of them, then that these were all. What is before all
 * readers may leave memory (memory store: only when weir_topics_forget_consumed allows it; embedded:
 * when it is durable); a cluster fetches what comes next. */
void weir_topic_reader(weir_topic *t, int32_t partition, int64_t offset);
/* The same of one that stands still for now: others that read a cluster's topic are not to wait for it. */
void weir_topic_reader_stands(weir_topic *t, int32_t partition, int64_t offset);
void weir_topics_readers_told(weir_topics *t);
/* A reader outside of the engine, known by the address `who`, is at `offset` until it says otherwise; it
 * is told of on each turn. INT64_MAX: it reads no more. */
void weir_topic_keep(weir_topic *t, int32_t partition, const void *who, int64_t offset);

/* A cluster: takes in what has arrived, sends what waits. */
weir_rc weir_topics_poll(weir_topics *t, weir_status *st);
weir_rc weir_topics_send(weir_topics *t, weir_status *st); /* only sends */
bool weir_topics_full(const weir_topics *t); /* output waits for room: do not run a round */
weir_cluster *weir_topics_cluster(const weir_topics *t); /* NULL: none */

/* Puts all appends since the last commit into log files and the batch. The batch's commit makes them durable; it
 * must have succeeded before the next save. */
weir_rc weir_topics_save(weir_topics *t, weir_store_batch *batch, weir_status *st);
/* After weir_topics_save, into the same batch (NULL without a store).
 * Drops chunks older than each topic's retention, measured against its newest timestamp. */
void weir_topics_expire(weir_topics *t, weir_store_batch *batch);
uint64_t weir_topics_bytes(const weir_topics *t); /* held in memory */
