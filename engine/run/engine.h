/* The engine: runs the plans of queries over topics, in rounds.
 *
 *   query ─► stages (cut at re-keys that need an exchange) ─► one task per stage and partition
 *
 * A round is bulk-synchronous: stages are sorted by level (a reader comes after every writer of
 * what it reads), the tasks of one level run in parallel on the workers, each over what has arrived
 * for it; then their outputs are delivered: sink records to topics, exchanged rows to the tasks of
 * the next level. Between rounds nothing is in flight, so an epoch is a consistent cut without
 * barriers: state, outputs and source positions at that moment. Results do not depend on the
 * number of workers, because tasks are per partition and deliveries are ordered.
 *
 * Order: WEIR_ORDER_SEQ gives every input record an ordinal, carries it through, and merges what
 * meets (inputs of a join, lanes of an exchange, writers of a topic) by it: the outputs are those
 * of processing one record completely before the next. WEIR_ORDER_TIME merges by record time, as
 * Kafka Streams does between topics, and is what live modes use.
 *
 * All calls are on the control thread. */
#pragma once
#include "engine/data/plan.h"
#include "engine/run/operator.h"
#include "engine/run/topic.h"

typedef struct weir_engine weir_engine;
typedef struct weir_query weir_query;

typedef enum weir_order { WEIR_ORDER_SEQ, WEIR_ORDER_TIME } weir_order;

/* A record that could not be read, or an expression that failed. Called between rounds. */
typedef struct weir_problem {
    const weir_query *query;
    weir_sv topic;      /* of the record; empty for later operators */
    int32_t partition;
    int64_t offset;     /* -1: not known */
    weir_sv where;      /* operator or column */
    weir_sv reason;
    bool record;        /* the record was skipped (else: a value became NULL, a row was dropped) */
} weir_problem;

typedef struct weir_engine_config {
    uint32_t workers;   /* ≥ 1; 1 runs everything on the control thread */
    weir_order order;
    bool coalesce;      /* tables hold updates back until caught up or committed */
    bool single_log;    /* one task per query whatever the partition counts (weir pipe) */
    uint32_t batch_rows; /* 1..WEIR_BATCH_ROWS: rows per batch (tests); 0 = full */
    weir_topics *topics;
    weir_store *store;  /* NULL: nothing is durable */
    const weir_formats *formats;
    const weir_ops *ops;
    const struct weir_lookups *lookups; /* who opens tables that live elsewhere; NULL: nobody */
    bool rolls_back;        /* the host begins again from the last commit when a query fails */
    void (*problem)(void *ctx, const weir_problem *p); /* processing log; may be NULL */
    void *problem_ctx;
} weir_engine_config;

weir_rc weir_engine_new(const weir_engine_config *config, weir_engine **out, weir_status *st);
void weir_engine_free(weir_engine *e);

/* Where a new query starts to read its streams. Positions in the store win over this; tables are read
 * from their beginning. */
typedef enum weir_start_kind { WEIR_START_EARLIEST, WEIR_START_LATEST, WEIR_START_TIME } weir_start_kind;
typedef struct weir_start {
    weir_start_kind kind;
    int64_t ms;              /* TIME: the first record with a timestamp ≥ ms */
    const weir_position *at; /* partitions that start elsewhere */
    size_t n_at;
} weir_start;
/* Called with result rows of a query without a sink topic; false: wants no more. */
typedef bool (*weir_client)(void *ctx, const weir_batch *b);
/* Deploys a plan: makes tasks, loads their state, registers its place in the order. `replace` (may
 * be NULL) is stopped and gives the new query its positions and its place. Topics must exist. */
weir_rc weir_engine_add(weir_engine *e, const weir_plan *plan, const weir_start *start,
                        weir_query *replace, weir_client client, void *client_ctx,
                        weir_query **out, weir_status *st);
/* Stops the query; its state in the store is removed with the next commit. */
void weir_engine_drop(weir_engine *e, weir_query *q);
/* Removes what the store has of a query that is not deployed: plan, positions, state. */
void weir_engine_forget(weir_sv query_id, weir_store_batch *batch);
void weir_query_pause(weir_query *q, bool paused);
weir_query *weir_engine_find(weir_engine *e, weir_sv id);

/* Pipe mode: pushes `count` records of `topic` from `offset` through this query only; outputs are
 * appended to the sink topic. Fails with the query's error if it stops. */
weir_rc weir_engine_feed(weir_engine *e, weir_query *q, weir_sv topic, int64_t offset,
                         uint32_t count, weir_status *st);

/* Topics of a cluster: takes in what has arrived, sends what waits. *full: outputs wait for room, do
 * not run a round. */
weir_rc weir_engine_poll(weir_engine *e, bool *full, weir_status *st);
/* Every running query has read all there is, as last heard. */
bool weir_engine_caught_up(const weir_engine *e);
/* Every running query is at most a few records behind: what tables hold back may go. */
bool weir_engine_near_end(const weir_engine *e);
/* Some running query waits for answers from elsewhere (lookup.h): it has not read all there is. */
bool weir_engine_waits(const weir_engine *e);
/* The same as caught_up, asked of the cluster now. */
weir_rc weir_engine_idle(const weir_engine *e, bool *idle, weir_status *st);
/* One round over all running queries, reading at most `rows_per_task` records per task and topic
 * partition. *progress: something was read. A failed query is stopped and reported by
 * weir_query_error; the others go on. */
weir_rc weir_engine_round(weir_engine *e, uint32_t rows_per_task, bool *progress, weir_status *st);
/* Rounds until nothing is left to read; then lets coalesced results go, until nothing moves. In live
 * order it ends early when a commit is wanted. */
weir_rc weir_engine_drain(weir_engine *e, weir_status *st);
/* With `rolls_back`: WEIR_EFATAL with st->retriable when a query has failed after it had worked in this
 * epoch. What it wrote must not count without what it read; so nothing of the epoch does. */
weir_rc weir_engine_whole(const weir_engine *e, weir_status *st);
/* Lets coalesced results go, then makes everything so far durable in one atomic write; with a cluster,
 * in the order that its guarantee asks for. Extra entries (journal, host positions) ride along in
 * `extra` (may be NULL; cleared). After an error with st->retriable the engine must be made anew from
 * its last commit. */
weir_rc weir_engine_commit(weir_engine *e, weir_store_batch *extra, weir_status *st);

/* Bytes of state that may be in memory between commits; 0: any number. What is beyond is in the store
 * only, and read when it is needed. Sessions and the rows of stream–stream and foreign-key joins count,
 * but stay. Without a store nothing can leave. */
void weir_engine_limit_state(weir_engine *e, uint64_t bytes);
/* State has grown so far beyond the limit, or so much of it has changed since the last commit, that the
 * host should commit now. Cheap. */
bool weir_engine_wants_commit(const weir_engine *e);

/* Numbers. */
typedef struct weir_query_stats {
    uint64_t read, written, late, errors, bad_records;
    uint64_t state_entries, state_bytes; /* all entries; bytes in memory */
    int64_t lag; /* records not read yet */
} weir_query_stats;
void weir_query_stats_of(const weir_query *q, weir_query_stats *out);
const weir_plan *weir_query_plan(const weir_query *q);
const char *weir_query_error(const weir_query *q); /* NULL while healthy */
/* The next record that the query reads of a topic's partition; false: it does not read it. */
bool weir_query_position(const weir_query *q, weir_sv topic, int32_t partition, int64_t *next);
void weir_query_stop(weir_query *q, const char *why); /* as if it had failed; the others go on */
uint64_t weir_engine_epoch(const weir_engine *e);     /* of the last commit; a failed one counts */
uint32_t weir_engine_queries(const weir_engine *e);
weir_query *weir_engine_query_at(weir_engine *e, uint32_t i); /* creation order */
/* Operators of a query, stage by stage, summed over its tasks: for EXPLAIN ANALYZE and metrics. */
typedef struct weir_op_stats {
    const weir_node *node;
    const char *name;
    uint64_t rows_in, rows_out, late, errors, state_entries, state_bytes;
} weir_op_stats;
uint32_t weir_query_ops(const weir_query *q, weir_op_stats *out, uint32_t max);
