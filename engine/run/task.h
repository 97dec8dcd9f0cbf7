/* Inside of the engine: queries, stages, tasks, and the lanes that feed them. Not for operators.
 *
 *   stage    the plan nodes between exchanges; `inputs` say where its rows come from
 *   task     one stage on one partition: operator instances, scans, outboxes
 *   scan     reads one topic partition: chunk → decoded batch
 *   inbox    rows that an exchange brought, one lane per sending task */
#pragma once
#include "engine/data/tz.h"
#include "engine/io/loop.h"
#include "engine/run/decoder.h"
#include "engine/run/engine.h"
#include "engine/run/hmap.h"

typedef struct weir_stage weir_stage;
typedef struct weir_share weir_share;

/* A sink chunk on its way to its topic. */
typedef struct weir_outgoing {
    weir_topic *topic;
    int32_t partition;
    weir_chunk *chunk;
} weir_outgoing;

/* A column batch that owns its memory, between two levels. */
typedef struct weir_parcel weir_parcel;
struct weir_parcel {
    weir_arena arena;
    weir_batch **batches; /* of up to WEIR_BATCH_ROWS rows each, flat, no selection */
    uint32_t n, cap;
    weir_parcel *next_spare;
    struct weir_exchange *owner; /* gets it back when it has been read */
};

typedef struct weir_scan {
    const weir_node *node;
    weir_task *task;
    weir_topic *topic;
    int32_t partition;
    int64_t next;         /* offset of the next record to read */
    bool known;           /* its position was in the store */
    int64_t warm_end;     /* of a table: its end when the query was first started */
    bool held;            /* waits for the tables of its query */
    weir_op *to;
    uint32_t to_port;
    /* decoding: source.c */
    weir_share *share;
    struct weir_scan *next_shared;
    uint32_t *columns;    /* per column: which of the share's batches; NULL: alone, all of them */
    weir_vec *own_cols;   /* [columns of the node] */
    weir_batch own;       /* what it sees of a shared batch */
    weir_decoded *decoded;
    uint64_t read, bad;
    /* the batch being walked */
    weir_batch *batch;    /* NULL: none */
    const int64_t *offsets; /* per row of the batch */
} weir_scan;

typedef struct weir_stage_input {
    const weir_node *node;      /* a SOURCE, or a REKEY whose rows come through an exchange */
    weir_stage *from;           /* REKEY: the sending stage */
} weir_stage_input;

struct weir_stage {
    weir_query *query;
    uint32_t index, level;
    int32_t partitions;
    const weir_node *root;      /* last node: SINK, or REKEY that sends */
    weir_stage *to;             /* receiving stage of a sending root */
    weir_stage_input *inputs;
    uint32_t n_inputs, cap_inputs;
    weir_task **tasks;          /* [partitions] */
};

typedef struct weir_inbox {
    weir_arena arena;           /* merged batches */
    weir_batch **batches;
    uint32_t n_batches;
    const weir_stage *from;     /* who sends */
    weir_op *to;
    uint32_t to_port;
    weir_parcel **lanes;        /* one per sending task; filled by delivery */
    uint32_t n_lanes;
} weir_inbox;

struct weir_task {
    weir_stage *stage;
    weir_engine *engine;
    int32_t partition;
    uint32_t worker;
    weir_arena arena;           /* lives as long as the task */
    weir_arena *step;           /* the worker's; reset after each pushed batch */
    weir_tz_cache *zones;       /* the worker's */
    weir_op **ops;              /* in plan order: inputs before users */
    uint32_t n_ops;
    weir_scan *scans;
    uint32_t n_scans;
    weir_inbox *inboxes;        /* one per exchange input */
    uint32_t n_inboxes;
    weir_op *meeting;           /* where both of two inputs are held, or NULL */
    bool holds;
    struct weir_looking *looking; /* it asks elsewhere: looking.c. NULL: it does not */
    struct weir_exchange *exchange; /* sending end, or NULL */
    /* sink */
    weir_topic *sink;
    weir_chunk_builder *outputs; /* [sink partitions] */
    int32_t n_outputs;
    weir_outgoing *sealed;      /* outputs that are full, in order */
    size_t n_sealed, cap_sealed;
    weir_client client;
    void *client_ctx;
    bool client_done;
    /* problems of this step, reported between rounds */
    weir_problem *problems;
    uint32_t n_problems, cap_problems;
    uint64_t lost_problems;     /* beyond the limit of one round */
    weir_arena problem_arena;
    weir_scan *current;         /* whose batch is being pushed */
    const weir_batch *current_batch;
    bool failed;
    char error[512];
};

struct weir_query {
    weir_engine *engine;
    const weir_plan *plan;
    uint32_t ordinal;           /* creation order; a replacement keeps it */
    bool paused, failed;
    bool worked;                /* since the last commit */
    bool torn;                  /* failed with work that is not committed, see weir_engine_whole */
    bool warming;               /* its streams wait for its tables */
    bool replaces;              /* its state comes from a running query, not from the store */
    bool anew;                  /* nothing in the store is its own: the name was another's until now */
    char error[512];
    weir_stage **stages;        /* [n_stages], senders before receivers */
    uint32_t n_stages;
    weir_arena arena;
    weir_topic *sink;
};

/* A thread with a loop. Worker 0 is the control thread and has neither. */
typedef struct weir_worker {
    weir_engine *engine;
    uint32_t index;
    weir_loop *loop;
    weir_thread *thread;
    weir_arena step;             /* of the batch being pushed */
    weir_tz_cache *zones;
    bool progress;               /* some task of this level read something */
} weir_worker;

struct weir_engine {
    weir_engine_config config;
    weir_query **queries;        /* creation order */
    size_t n_queries, cap_queries;
    uint32_t n_levels;
    uint32_t next_ordinal;
    weir_worker *workers;        /* [config.workers]; 0 is the control thread */
    weir_gate *gate;             /* closes a level */
    weir_task **ready;           /* tasks of the running level */
    size_t n_ready, cap_ready;
    uint32_t rows;               /* of the running round: most records per scan */
    bool flushing;               /* the running level lets coalesced results go */
    weir_store_batch *dropped;   /* of removed queries, for the next commit */
    weir_hmap *dropped_ids;      /* what is still stored under these names is nobody's */
    weir_outgoing *outgoing;     /* waiting for their topic's last writer */
    size_t n_outgoing, cap_outgoing;
    weir_share *shares;          /* decoders of the scans */
    uint64_t epoch;
    bool progressed;             /* the last round read something */
    bool moved;                  /* something was read since the last commit */
    /* memory for state: budget.c */
    uint64_t state_limit;        /* 0: none */
    uint64_t state_kept;         /* bytes in memory after the last eviction */
    uint64_t rows_committed;     /* into operators with state, up to the last commit */
    uint64_t state_loaded;       /* bytes in memory while a query is being loaded */
    bool state_full;             /* … are as many as there may be */
};

/* reading.c */
void weir_engine_tell_readers(weir_engine *e); /* what is behind all of them may leave memory */
void weir_engine_warm_up(weir_engine *e);      /* who of the streams waits for its tables now */
/* engine.c: a level at a time, runs what has arrived and lets go what was held back. True: something
 * was read. */
bool weir_engine_flush_round(weir_engine *e);

/* delivery.c: outputs of the level that has run reach topics and inboxes. */
void weir_deliver(weir_engine *e, uint32_t level);
void weir_deliver_rest(weir_engine *e); /* what waited for writers that did not run */

/* epoch.c */
/* State made by another plan must not be read: WEIR_ECORRUPT, with the remedy. */
weir_rc weir_query_check_plan(const weir_query *q, weir_status *st);
/* The name that tells this data directory from others, made at first use. */
weir_rc weir_epoch_instance(weir_store *store, weir_buf *out, weir_status *st);
/* The number of commits so far, from the store. Settles an epoch in doubt. */
weir_rc weir_epoch_load(weir_engine *e, weir_status *st);
weir_rc weir_query_load_positions(weir_query *q, const weir_start *start, const weir_query *replaced,
                                  weir_status *st);
void weir_query_forget(const weir_query *q, weir_store_batch *batch); /* state and positions */

/* engine.c: retention has taken records before they were read: tells so, goes on behind them. */
void weir_scan_overtaken(weir_scan *s);

/* budget.c: the memory for state */
void weir_budget_evict(weir_engine *e); /* after a commit */
bool weir_budget_is_over(const weir_engine *e);
void weir_budget_load(weir_engine *e);  /* before a query's state is loaded */
void weir_budget_loading(const weir_op *op, bool done); /* now and then, and when all of it is */

/* source.c */
weir_rc weir_scan_open(weir_scan *s, weir_status *st);
void weir_scan_close(weir_scan *s);
/* Records from s->next on that can be read now, at most `most`, and only up to the first with a time
 * > `until`; *newest: the largest time among them. */
weir_rc weir_scan_peek(const weir_scan *s, uint32_t most, int64_t until, uint32_t *n, int64_t *newest,
                       weir_status *st);
/* Decodes up to `rows` records from s->next on into s->batch; false: nothing to read. Advances
 * s->next. Fails the task on store errors. */
bool weir_scan_fill(weir_scan *s, uint32_t rows);
void weir_scan_release(weir_scan *s);

/* exchange.c */
weir_rc weir_exchange_open(weir_task *t, weir_status *st); /* t->exchange for a sending root */
void weir_exchange_close(weir_task *t);
const weir_op_kind *weir_exchange_kind(void); /* the last operator of a sending stage */
weir_parcel *weir_exchange_take(weir_task *t, int32_t partition); /* what was sent there, or NULL */
void weir_parcel_return(weir_parcel *p); /* read; the sender's memory again */
/* Merges parcels by order into batches in `a`; rows keep pointing into the parcels. One parcel: its
 * own batches. Returns the number of batches. */
uint32_t weir_parcels_merge(weir_parcel *const *parcels, uint32_t n, weir_order order,
                            weir_arena *a, weir_batch ***out);

/* task.c */
weir_rc weir_task_new(weir_stage *stage, int32_t partition, weir_task **out, weir_status *st);
void weir_task_free(weir_task *t);
/* Runs everything that has arrived, at most `rows` records per scan. True: something was read. */
bool weir_task_run(weir_task *t, uint32_t rows);
void weir_task_flush(weir_task *t);
void weir_task_problem(weir_task *t, bool record, int64_t offset, weir_sv where, weir_sv reason);
/* lanes.c: merges scans and inboxes by order and pushes slices of their batches. True: something
 * was read. */
bool weir_task_push_lanes(weir_task *t, uint32_t rows);
/* looking.c: tasks that ask elsewhere. */
void weir_task_find_lookups(weir_task *t); /* when its operators are there */
bool weir_task_look(weir_task *t, uint32_t rows); /* as push_lanes */
bool weir_task_waits(const weir_task *t);  /* for answers */
bool weir_task_answered(const weir_task *t); /* it waits, and some have come */
/* stage.c: cuts a plan into stages. */
weir_rc weir_query_cut(weir_query *q, weir_status *st);
