/* Topics: named, partitioned, append-only logs of chunks. Two stores: memory, and embedded (memory
 * in front of RocksDB). (A Kafka store is a third.)
 *
 * Threads: create/drop/commit on the control thread between rounds. During a round a partition is
 * appended to by nobody and read by the workers: appends happen in the delivery step. */
#pragma once
#include "engine/run/chunk.h"
#include "engine/run/store.h"

typedef struct weir_topics weir_topics;
typedef struct weir_topic weir_topic;

/* `store` NULL: memory only. With a store, topics found in it are opened. */
weir_rc weir_topics_open(weir_store *store, weir_topics **out, weir_status *st);
void weir_topics_close(weir_topics *t);
/* Memory only: weir_topic_consumed may forget records for good. Off at birth. */
void weir_topics_forget_consumed(weir_topics *t, bool on);

/* Existing topic, or NULL. */
weir_topic *weir_topics_find(weir_topics *t, weir_sv name);
/* Creates; returns the existing one when there is one (its partition count stays). retention_ms
 * < 0: for ever. */
weir_topic *weir_topics_create(weir_topics *t, weir_sv name, int32_t partitions,
                               int64_t retention_ms);
void weir_topics_drop(weir_topics *t, weir_sv name);
uint32_t weir_topics_count(const weir_topics *t);
weir_topic *weir_topics_at(weir_topics *t, uint32_t i); /* in creation order */

weir_sv weir_topic_name(const weir_topic *t);
int32_t weir_topic_partitions(const weir_topic *t);
int64_t weir_topic_begin(const weir_topic *t, int32_t partition);
int64_t weir_topic_end(const weir_topic *t, int32_t partition);
/* Appends; sets the chunk's base offset; takes the reference. Visible at once, durable with the
 * next commit. */
void weir_topic_append(weir_topic *t, int32_t partition, weir_chunk *chunk);
/* The chunk that holds `offset` (a new reference), or NULL at the end. Below the begin it is the
 * first chunk there is. A chunk may begin below `offset`. Any thread. */
weir_rc weir_topic_read(weir_topic *t, int32_t partition, int64_t offset, weir_chunk **out,
                        weir_status *st);
/* Tells the store that nobody reads below `offset` in this run, so that memory may be given back
 * (memory store: only when weir_topics_forget_consumed allows it; embedded: evicts what is known to be
 * durable). */
void weir_topic_consumed(weir_topic *t, int32_t partition, int64_t offset);
/* A reader that the engine does not know wants what is from `offset` on (at first: 0) to stay. */
void weir_topic_keep(weir_topic *t, int32_t partition, int64_t offset);

/* Puts all appends since the last commit into log files and the batch. The batch's commit makes them durable; it
 * must have succeeded before the next save. */
weir_rc weir_topics_save(weir_topics *t, weir_store_batch *batch, weir_status *st);
/* After weir_topics_save, into the same batch (NULL without a store).
 * Drops chunks older than each topic's retention, measured against its newest timestamp. */
void weir_topics_expire(weir_topics *t, weir_store_batch *batch);
uint64_t weir_topics_bytes(const weir_topics *t); /* held in memory */
