/* Connectors: sinks carry the records of topics out, sources bring records in. What a kind (Redis,
 * HTTP, file …) must say and do is here; the frame (conn_*.c) does the rest: options, positions, lanes,
 * batches, retries, dead letters, limits, metrics.
 *
 *   control thread   topics ─► frame ─ chunks ─┐          ┌─ positions, dead letters ─► commit
 *   the connector's                            ▼          │
 *   loop                       decode ─► render ─► lanes ─┴─ send ─► outside
 *
 * A kind is a row of conn_kinds.def with a table of options and a table of calls. To add one: the row,
 * a file sink_NAME.c or source_NAME.c, its tests.
 *
 * Threads: open, bind and close on the control thread; everything else on the connector's loop. */
#pragma once
#include "engine/base/arena.h"
#include "engine/base/rng.h"
#include "engine/data/catalog.h"
#include "engine/data/program.h"
#include "engine/io/loop.h"
#include "engine/run/decoder.h"

typedef struct weir_conn weir_conn;

/* ---- options ---- */

/* ORDER weir_conn_type: names in conn_options.c */
typedef enum weir_conn_type {
    WEIR_CONN_TEXT,
    WEIR_CONN_SECRET,   /* never shown */
    WEIR_CONN_TEMPLATE, /* ${COLUMN}: compiled by the kind in bind */
    WEIR_CONN_INTEGER,
    WEIR_CONN_BYTES,    /* 5mb, 64kb, 1048576 */
    WEIR_CONN_MS,       /* 100ms, 30s, 5m, 1h, 30d; a bare number is milliseconds */
    WEIR_CONN_SECONDS,  /* the same; a bare number is seconds. Read in ms */
    WEIR_CONN_BOOLEAN,
    WEIR_CONN_CHOICE,   /* one of `choices` */
    WEIR_CONN_LIST,     /* a, b, c */
    WEIR_CONN_CONDITION, /* a boolean SQL expression over the columns */
} weir_conn_type;

/* One option. A name that ends with ".*" stands for all names that begin so. A kind's row hides the
 * frame's row of the same name (to give it another standard value). */
typedef struct weir_conn_option {
    const char *name;
    const char *aliases;  /* other names for it, with | between; NULL */
    weir_conn_type type;
    const char *standard; /* its value when not given; NULL: none */
    bool required;
    int64_t min, max;     /* INTEGER, BYTES, MS, SECONDS (in ms); both 0: any that is not negative */
    const char *choices;  /* a|b|c */
    const char *doc;      /* one sentence, for people */
} weir_conn_option;

/* Values, checked when the connector was made. `name` is the row's; a name that is in no row is a
 * programmer's error. Texts live as long as the connector; ${env:…} and ${file:…} are in. */
bool weir_conn_given(const weir_conn *c, const char *name); /* by the statement */
weir_sv weir_conn_text(const weir_conn *c, const char *name); /* empty: neither given nor standard */
const char *weir_conn_cstr(const weir_conn *c, const char *name);
int64_t weir_conn_int(const weir_conn *c, const char *name);  /* INTEGER, BYTES, MS, SECONDS */
bool weir_conn_bool(const weir_conn *c, const char *name);
bool weir_conn_is(const weir_conn *c, const char *name, const char *choice);
/* The items of a LIST, without blanks around them; in the connector's arena. */
uint32_t weir_conn_list(const weir_conn *c, const char *name, const weir_sv **items);
/* Options "prefix.*": calls for each given one with what follows the prefix. */
void weir_conn_each(const weir_conn *c, const char *prefix,
                    void (*each)(void *ctx, weir_sv rest, weir_sv value), void *ctx);
/* An option's value is wrong: the caret goes below byte `at` of its value (or all of it: n 0). */
weir_rc weir_conn_refuse(const weir_conn *c, const char *name, uint32_t at, uint32_t n,
                         weir_status *st, const char *fmt, ...) WEIR_PRINTF(6, 7);

weir_sv weir_conn_name(const weir_conn *c);
weir_loop *weir_conn_loop(const weir_conn *c);
weir_arena *weir_conn_arena(const weir_conn *c); /* control thread; lives as long as the connector */
const weir_formats *weir_conn_formats(const weir_conn *c);
const char *weir_conn_dir(const weir_conn *c);   /* where the data directory is; NULL: none */
weir_rng *weir_conn_rng(weir_conn *c);           /* loop */
const weir_source *weir_conn_table(const weir_conn *c); /* that is looked up in it; a copy */
void *weir_conn_self(const weir_conn *c);        /* what the kind's open has made */
/* A condition, cut at its ANDs: result i of the program is part i. */
typedef struct weir_conn_condition {
    const weir_schema *schema; /* that it reads */
    weir_program *program;
    uint32_t n;
    const weir_sv *texts;      /* of the parts, as written */
    const weir_sv *columns;    /* the first column each part names; may be empty */
} weir_conn_condition;
/* Compiles a CONDITION option over columns (NULL: those it names); memory from the connector's arena.
 * Control thread. */
weir_rc weir_conn_compile(const weir_conn *c, const char *option, const weir_schema *schema,
                          weir_conn_condition *out, weir_status *st);

/* Something that an operator should know: it is the last error in DESCRIBE CONNECTOR, and logged
 * at most once in a while. The connector goes on. */
void weir_conn_trouble(weir_conn *c, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* The trouble is over. */
void weir_conn_well(weir_conn *c);
/* The connector cannot go on: state FAILED, until RESUME CONNECTOR. */
void weir_conn_fail(weir_conn *c, const char *fmt, ...) WEIR_PRINTF(2, 3);

/* Notes: what a sink must know after a restart besides its positions. Loop: durable no later than what is
 * finished after it. `value` without bytes: the note of this key goes. */
void weir_conn_note(weir_conn *c, weir_sv key, weir_sv value);
/* In open: those that a restart has left. */
weir_rc weir_conn_notes(weir_conn *c, void (*each)(void *ctx, weir_sv key, weir_sv value), void *ctx,
                        weir_status *st);

/* ---- sinks ---- */

/* One topic of a sink. */
typedef struct weir_sink_input {
    weir_conn *conn;
    weir_sv topic;
    const weir_source *source; /* the stream or table over it; no columns when there is none */
    /* Columns of the rows: those of the source, then ROWTIME, ROWPARTITION, ROWOFFSET, and of a
     * windowed one WINDOWSTART, WINDOWEND. */
    const weir_schema *schema;
    void *bound;               /* what the kind's bind made */
    int32_t partitions;        /* from start on */
    /* From start on: how often the topic was made again under this sink. Offsets are of a generation: ids and
     * fences that are made of them must differ by it. */
    uint32_t generation;
    uint32_t index;            /* among the sink's topics */
} weir_sink_input;

/* Up to WEIR_BATCH_ROWS consecutive records of one partition, decoded. Row i is record rec[i]. */
typedef struct weir_sink_rows {
    const weir_sink_input *in;
    const weir_chunk *chunk;
    uint32_t first;            /* record of row 0 in the chunk */
    int32_t partition;
    const weir_batch *batch;   /* arena: of this call; nsel may be less: the others were poison */
} weir_sink_rows;

static inline const weir_rec *weir_sink_rec(const weir_sink_rows *r, uint32_t row)
{
    return &r->chunk->recs[r->first + row];
}
static inline int64_t weir_sink_offset(const weir_sink_rows *r, uint32_t row)
{
    return weir_chunk_offset(r->chunk, r->first + row);
}
static inline bool weir_sink_tombstone(const weir_sink_rows *r, uint32_t row)
{
    return weir_sink_rec(r, row)->value_n == WEIR_NULL_BYTES;
}
/* The value columns of all selected rows as JSON objects: row `row` is at [ends[row - 1], ends[row]).
 * Records of the JSON format as they are. `keys`: with the key columns (then always made anew). */
typedef struct weir_sink_json {
    weir_sv *rows; /* per row; empty for tombstones */
} weir_sink_json;
void weir_sink_rows_json(const weir_sink_rows *r, bool keys, weir_sink_json *out);

/* One record on its way out: bytes for the kind's send. */
typedef struct weir_sink_item {
    uint32_t at, n;        /* in the parcel's bytes */
    uint32_t aux;          /* the kind's: number of replies, where the body begins … */
    uint32_t rec;          /* in the parcel's chunk */
    uint32_t attempts;     /* how often it was sent; the frame's, as `over` and first_ms */
    int64_t first_ms;      /* when it was sent first */
    bool over;
    uint64_t lane_hash;    /* items of equal hash stay in order; set by the frame from the key, or by render */
    struct weir_sink_parcel *parcel;
} weir_sink_item;

typedef struct weir_sink_parcel {
    weir_sink_input *in;
    weir_chunk *chunk;
    int32_t partition;
    int64_t end;           /* behind the partition's last record, as known when these were taken */
    weir_buf bytes;
    uint32_t n;
    weir_sink_item *items;
    /* the frame's */
    uint32_t open;         /* the first item that is not over */
    uint32_t first, records; /* of the chunk that it stands for */
    bool stuck;            /* it will never be over … */
    int64_t stuck_at;      /* … because of the record of this offset */
    char *told_poison;     /* CHECK CONNECTOR: room for 256 bytes, and nothing is buried; else NULL */
    int64_t next;          /* offset behind its last record */
    struct weir_sink_parcel *later;
} weir_sink_parcel;

static inline weir_sv weir_sink_bytes(const weir_sink_item *i)
{
    return (weir_sv){i->parcel->bytes.p + i->at, i->n};
}
static inline int64_t weir_sink_item_offset(const weir_sink_item *i)
{
    return weir_chunk_offset(i->parcel->chunk, i->rec);
}
static inline const weir_rec *weir_sink_item_rec(const weir_sink_item *i)
{
    return &i->parcel->chunk->recs[i->rec];
}

/* For render. Begin, append to out->bytes, end: the record has an item with what was appended. */
weir_sink_item *weir_sink_begin(weir_sink_parcel *out, const weir_sink_rows *r, uint32_t row);
void weir_sink_end(weir_sink_parcel *out, weir_sink_item *item);
/* The record begun cannot be rendered: to the dead letters. Instead of end. */
void weir_sink_poison(weir_sink_parcel *out, weir_sink_item *item, const char *fmt, ...)
    WEIR_PRINTF(3, 4);
/* A record without an item was nothing to do (an ignored tombstone). One that is kept back on purpose: it
 * is counted as skipped. */
void weir_sink_skip(weir_sink_parcel *out);

/* What became of an item. */
typedef enum weir_sink_outcome_kind {
    WEIR_SINK_DONE,
    WEIR_SINK_RETRY,  /* again, after the back-off */
    WEIR_SINK_POISON, /* this record will never be taken: dead letter */
    WEIR_SINK_FATAL,  /* nothing will be taken: FAILED */
    WEIR_SINK_SKIPPED, /* it is not to be taken: over, and counted as skipped */
} weir_sink_outcome_kind;
typedef struct weir_sink_outcome {
    weir_sink_outcome_kind kind;
    int64_t retry_after_ms; /* RETRY: at least so long; 0: not said */
    weir_sv reason;         /* copied */
} weir_sink_outcome;

/* Lanes: each has at most one batch under way, so records of a key stay in order; and so do all whose
 * lane_hash is equal modulo WEIR_SINK_PARTS. */
#define WEIR_SINK_PARTS 64
typedef struct weir_sink_lane {
    weir_conn *conn;
    uint32_t index;
    void *own; /* the kind's: a connection */
} weir_sink_lane;
/* Before it is finished: only the first n ≥ 1 items of the batch are sent now, and will be finished; the
 * others are given again, in order, as if they had not been given yet. */
void weir_sink_sent(weir_sink_lane *lane, uint32_t n);
/* The batch given to send is over: one outcome per item, in its order; NULL: all done. May be called
 * inside of send. */
void weir_sink_finish(weir_sink_lane *lane, const weir_sink_outcome *outcomes);
/* The same for all items. */
void weir_sink_finish_all(weir_sink_lane *lane, weir_sink_outcome_kind kind, int64_t retry_after_ms,
                          const char *fmt, ...) WEIR_PRINTF(4, 5);

typedef struct weir_sink_calls {
    /* Checks what options say together, and opens nothing. *self may be NULL. */
    weir_rc (*open)(weir_conn *c, void **self, weir_status *st);
    /* Compiles what depends on the columns of one topic into in->bound (in the connector's arena). */
    weir_rc (*bind)(void *self, weir_sink_input *in, weir_status *st);
    /* Where this sink goes on, by what it knows itself; `stored`: what the frame knows. NULL: there. Asked of
     * partitions that were begun before: what it knows of others is of an earlier connector. */
    int64_t (*resume_at)(void *self, const weir_sink_input *in, int32_t partition, int64_t stored);
    /* The loop runs. May be NULL, as the next ones where they are not needed. Fails where CREATE
     * CONNECTOR is to fail: what is merely out of reach now is not a failure. */
    weir_rc (*start)(void *self, weir_status *st);
    /* Appends an item for each selected row that is to be sent. */
    void (*render)(void *self, const weir_sink_rows *rows, weir_sink_parcel *out);
    /* Sends n ≥ 1 items in their order. They are valid until weir_sink_finish. */
    void (*send)(void *self, weir_sink_lane *lane, weir_sink_item *const *items, uint32_t n);
    /* Lets go of everything outside at once. No finish may follow. */
    void (*stop)(void *self);
    void (*close)(void *self);
    /* The exact request for the items, for people (CHECK CONNECTOR). Secrets masked. */
    void (*show)(void *self, weir_sink_item *const *items, uint32_t n, weir_buf *out);
} weir_sink_calls;

/* ---- sources ---- */

/* Where a source's records go: a topic, made when it is not there. */
typedef struct weir_source_output {
    weir_conn *conn;
    weir_sv topic;
    const weir_source *source; /* the stream or table over it; no columns when there is none */
    uint32_t index;
} weir_source_output;
/* In open: the topic of this name as an output, the same each time. */
weir_rc weir_source_to(weir_conn *c, weir_sv topic, weir_source_output **out, weir_status *st);

/* Hands records over (takes the chunk; partitions are chosen by key). False: no room now, the chunk is
 * still the caller's; `room` is called when there is some. `position` (copied; may be empty) becomes
 * durable with the records and is given to open after a restart. `durable` (may be NULL) is called on the
 * loop when the records are durable (ok), or never will be. */
bool weir_source_put(weir_conn *c, weir_source_output *to, weir_chunk *chunk, weir_sv position,
                     void (*durable)(void *ctx, bool ok), void *ctx);
/* The same for chunks of several topics: all of them or none, in one commit. n 0: only the position. */
typedef struct weir_source_part {
    weir_source_output *to;
    weir_chunk *chunk;
} weir_source_part;
bool weir_source_put_all(weir_conn *c, const weir_source_part *parts, uint32_t n, weir_sv position,
                         void (*durable)(void *ctx, bool ok), void *ctx);
/* A note (as above) in the commit of the records that are put next; when those find no room it is lost. */
void weir_source_note(weir_conn *c, weir_sv key, weir_sv value);
/* So many records were bad: they are on their way to dead letters, or were skipped. Any thread. */
void weir_source_lost(weir_conn *c, uint64_t dead, uint64_t skipped);
/* Nothing more will come: a bounded source is at its end. */
void weir_source_end(weir_conn *c);

typedef struct weir_source_calls {
    /* `position`: of the last commit; empty: from the beginning. */
    weir_rc (*open)(weir_conn *c, weir_sv position, void **self, weir_status *st);
    weir_rc (*start)(void *self, weir_status *st); /* as of a sink: a port that is taken fails */
    void (*room)(void *self); /* there is room again; may be NULL */
    void (*pause)(void *self, bool paused); /* may be NULL */
    /* The process ends: nothing more is taken in. Called before the last commit, and after it again and
     * again, for a while: true when all who waited for an answer have it. May be NULL. */
    bool (*finish)(void *self);
    /* As of a sink. `durable` is called (ok false, by the control thread) for what is not durable then:
     * it may only free what is its own. */
    void (*stop)(void *self);
    void (*close)(void *self);
} weir_source_calls;

/* ---- kinds ---- */

typedef struct weir_conn_kind {
    const char *name;      /* 'connector'='redis' */
    bool sink;
    const char *classes;   /* names and ends of 'connector.class' that mean it, with | between; NULL */
    const char *line;      /* one line for people */
    const char *guarantee; /* what holds after a crash, for DESCRIBE and the docs */
    const weir_conn_option *options;
    uint32_t n_options;
    const weir_sink_calls *as_sink;
    const weir_source_calls *as_source;
    const struct weir_table_calls *as_table; /* no records come from it: tables are looked up in it
                                                (conn_lookup.h); then as_source opens and starts it */
    bool (*bounded)(const weir_conn *c); /* a source that comes to an end by itself; NULL: none does */
} weir_conn_kind;

uint32_t weir_conn_kinds(void);
/* One kind more, behind the others: for tests. */
void weir_conn_kind_add(const weir_conn_kind *k);
const weir_conn_kind *weir_conn_kind_at(uint32_t i);
/* The frame's own options for sinks or sources. */
const weir_conn_option *weir_conn_common(bool sink, uint32_t *n);
