/* Operators: one row per kind in operators/operators.def. An instance belongs to one task (one
 * query, one stage, one partition) and is only ever called on that task's worker.
 *
 * Data moves by push: weir_emit hands a batch to the next operator inside the task. A batch is
 * borrowed for the call; who wants bytes longer copies them. Results of an operator live in the
 * batch's step arena (b->arena), which is reset when the source batch has been pushed through.
 * Rows must be emitted in the order of the rows that caused them.
 *
 * Operators have no clock: time is rowtime. State is the task's: an operator keeps hash maps and
 * writes what changed when the epoch asks (save), reads it all back at start (load). */
#pragma once
#include "engine/data/plan.h"
#include "engine/data/program.h"
#include "engine/run/format.h"
#include "engine/run/chunk.h"
#include "engine/run/store.h"

typedef struct weir_task weir_task;
typedef struct weir_op weir_op;

typedef struct weir_op_kind {
    const char *name;
    size_t size;            /* of the instance struct, which starts with weir_op */
    /* Memory from weir_task_arena(op->task). */
    weir_rc (*open)(weir_op *op, weir_status *st);
    void (*push)(weir_op *op, uint32_t port, const weir_batch *b);
    /* Two inputs that must meet in order without being cut into single rows: while the task holds
     * (weir_task_holds), push only takes a batch in; walk then works through what both sides hold,
     * in order, until a side that is `open` (more may come) has nothing left. A side is pushed to
     * only when it holds nothing. NULL: the operator is handed slices in order. */
    uint32_t (*held)(const weir_op *op, uint32_t port);
    void (*walk)(weir_op *op, const bool *open, weir_arena *arena);
    /* It asks elsewhere (looking.c): some of what it waits for has come. NULL: it waits for nobody. */
    bool (*answered)(const weir_op *op);
    void (*hear)(weir_op *op); /* with `answered`: takes in what has come, before the first push of a run */
    bool local;             /* stateless: a row leaves in the batch it came in, or not at all */
    /* Lets held-back (coalesced) results go. Called when the task is caught up or an epoch ends;
     * `arena` is the step arena. NULL: holds nothing back. */
    void (*flush)(weir_op *op, weir_arena *arena);
    /* State to the epoch's batch: only what changed since the last save. Keys start with
     * weir_op_state_prefix. NULL: no state. */
    void (*save)(weir_op *op, weir_store_batch *batch);
    /* One stored entry back (key without the prefix). */
    weir_rc (*load)(weir_op *op, weir_sv key, weir_sv value, weir_status *st);
    void (*loaded)(weir_op *op); /* all of them; NULL: nothing to do */
    /* CREATE OR REPLACE: takes over the state of the same step of the query that is replaced, whose
     * plan may differ in filters and projections only. All of it counts as changed since the last
     * save. NULL: such steps are never replaced (the binder refuses), or have nothing to hand on. */
    void (*take)(weir_op *op, const weir_op *from);
    /* Right after a commit: state in memory shrinks by about `bytes`. Everything is clean then, and the
     * store has it: entries are let go, and read again when they are needed. NULL: all of the state
     * stays in memory. */
    void (*evict)(weir_op *op, uint64_t bytes);
    void (*close)(weir_op *op);
    uint64_t (*state_entries)(const weir_op *op); /* NULL: none */
    uint64_t (*state_bytes)(const weir_op *op);   /* in memory */
} weir_op_kind;

struct weir_op {
    const weir_op_kind *kind;
    const weir_node *node;
    weir_task *task;
    weir_op *next;          /* NULL: last of its stage */
    uint32_t next_port;
    /* metrics, kept by weir_emit and the operators */
    uint64_t rows_in, rows_out, late, errors;
};

/* Hands `b` to the next operator. Empty selections are not passed on. */
void weir_emit(weir_op *op, const weir_batch *b);

bool weir_task_holds(const weir_task *t);
/* For operators that ask elsewhere; looking.c tells how. */
const struct weir_lookups *weir_task_lookups(const weir_task *t); /* NULL: nobody can be asked here */
void weir_task_miss(weir_task *t);         /* answers for rows of this batch are still to come */
bool weir_task_only_asks(const weir_op *op); /* nothing may be emitted now */
int64_t weir_task_emitted(const weir_task *t); /* rows of this offset and behind are not emitted yet */
int64_t weir_task_batch_end(const weir_task *t); /* offset behind the batch that is pushed now */
weir_arena *weir_task_arena(weir_task *t);             /* lives as long as the task */
weir_arena *weir_task_step(weir_task *t);              /* as a batch's arena: of this step, of this load */
const weir_formats *weir_task_formats(const weir_task *t);
const weir_settings *weir_task_settings(const weir_task *t);
const weir_plan *weir_task_plan(const weir_task *t);
int32_t weir_task_partition(const weir_task *t);
/* Every update leaves at once (tests, --until-idle), or updates of a key are coalesced. */
bool weir_task_coalesces(const weir_task *t);
/* False: nobody will ask for `save`, so nothing need be remembered for it. */
bool weir_task_durable(const weir_task *t);
weir_store *weir_task_store(const weir_task *t);       /* of the evicted entries */
/* While state is loaded: memory for it is used up, an entry of an operator that evicts is only counted. */
bool weir_op_full(const weir_op *op);
/* Stream time: the largest rowtime this task has seen, over all keys; INT64_MIN before any. The
 * source advances nothing: operators that need stream time keep their own (per Kafka Streams, a
 * processor's observed stream time), saved with their state. */

/* Stops the query with an error (ksqlDB: an exception that kills the query thread). The rest of
 * the batch is ignored; nothing of the current epoch is committed. */
void weir_task_fail(weir_task *t, const char *fmt, ...) WEIR_PRINTF(2, 3);
bool weir_task_failed(const weir_task *t);
/* The row-error reporter to pass to programs of this operator. */
weir_row_errors *weir_op_errors(weir_op *op, weir_sv where);
/* 'S' ‖ query id ‖ 0 ‖ node id ‖ partition: prefix of the operator's keys in the store. */
void weir_op_state_prefix(const weir_op *op, weir_buf *out);

/* Where a sink operator puts encoded records: the engine delivers them after the step. `partition`
 * of the target topic. The builder is the task's own. */
weir_chunk_builder *weir_task_output(weir_task *t, int32_t partition);
int32_t weir_task_output_partitions(const weir_task *t);
/* Headers of the input record that caused a row (records carry them along, as in Kafka Streams);
 * empty when it has none. */
bool weir_task_has_headers(const weir_task *t);
weir_sv weir_task_headers(const weir_task *t, int64_t seq);
/* For a sink without a topic: the client's callback (transient queries). Returns false when the
 * client wants no more. */
bool weir_task_client_rows(weir_task *t, const weir_batch *b);

/* Key bytes, for exchanges and for EMIT FINAL order: the serialised key of each selected row. */
typedef struct weir_ops {
    const weir_op_kind *filter, *project, *rekey, *aggregate, *session, *flatmap, *join_stream,
        *join_lookup, *join_remote, *join_table, *join_foreign, *sink, *materialize;
} weir_ops;
