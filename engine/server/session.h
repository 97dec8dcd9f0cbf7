/* The composition root: a catalog, its queries on an engine, properties and variables. Executes
 * statements, one at a time, wholly or not at all. `weir run`, `weir pipe`, `weir test` and the
 * server are hosts of a session.
 *
 * Control thread only. */
#pragma once
#include "dsl/bind.h"
#include "dsl/diag.h"
#include "engine/run/engine.h"
#include "engine/server/bundle.h"

typedef struct weir_session weir_session;

/* Rows of SHOW, DESCRIBE, EXPLAIN …: text cells, one list per row. */
typedef struct weir_rows {
    uint32_t n_cols, n_rows;
    const weir_sv *names;
    const weir_sv *cells; /* n_rows * n_cols */
} weir_rows;

/* What a statement did. Valid during the callback. */
typedef struct weir_result {
    weir_bound_kind kind;
    const char *name;      /* "CREATE_STREAM_AS_SELECT" */
    weir_sv statement;     /* its text */
    weir_sv source, topic, query; /* made or changed; may be empty */
    weir_sv message;       /* ksqlDB's answer: "Stream created" */
    const weir_rows *rows; /* NULL: none */
    const weir_plan *plan; /* of a transient query that has been started */
} weir_result;

typedef struct weir_session_config {
    uint32_t workers;
    uint32_t batch_rows;        /* 0: full */
    weir_order order;
    bool coalesce;
    bool single_log;
    int32_t default_partitions; /* of topics that no statement describes */
    const char *data_dir;       /* NULL: memory */
    weir_cluster *cluster;      /* where topics are; the session's from now on. NULL: embedded */
    bool forget_consumed;       /* memory topics without readers are forgotten (live runs) */
    bool rolls_back;            /* see weir_engine_config */
    bool check_only;            /* ASSERT is bound, but not looked at (weir check) */
    bool check_properties;      /* SET of a name that nobody knows is refused */
    bool dry;                   /* statements change the catalog, and nothing else: no query starts, no row
                                   is inserted, no schema is registered (weir plan) */
    bool no_connectors;         /* they are checked, none is started (weir apply) */
    bool topics_as_asked;       /* topics are as the statements ask for, or they are refused, as with a
                                   cluster */
    bool schemas_in_memory;     /* schemas of AVRO are kept here: nothing else reads the topics */
    const char *script_dir;     /* where RUN SCRIPT also looks for files; NULL: nowhere */
    int64_t (*now_ms)(void *clock);
    void *clock;
    void (*on_result)(void *ctx, const weir_result *r); /* may be NULL */
    /* Rows of transient queries; false: wants no more. */
    bool (*on_rows)(void *ctx, const weir_plan *plan, const weir_batch *b);
    void (*on_problem)(void *ctx, const weir_problem *p); /* processing log; may be NULL */
    void *ctx;                  /* of the three callbacks */
    void (*wake)(void *ctx);    /* any thread: weir_session_pump is worth a call; may be NULL */
    void *wake_ctx;
} weir_session_config;

weir_rc weir_session_open(const weir_session_config *config, weir_session **out, weir_status *st);
void weir_session_close(weir_session *s);

/* How far a script came. */
typedef struct weir_script_outcome {
    bool parsed;         /* false: a syntax error, nothing was executed */
    uint32_t executed, total;
    weir_sv failed;      /* text of the failing statement */
    weir_span failed_at; /* its place in the script */
} weir_script_outcome;
/* Parses the whole text, then executes statement by statement until one fails. Diagnostics (with
 * spans into the text) go to `diags`; `st` has the first error's message as ksqlDB words it. */
weir_rc weir_session_execute(weir_session *s, weir_sv text, weir_script_outcome *out,
                             weir_diags *diags, weir_status *st);

/* One statement; the query that it makes gets this number, UINT64_MAX: the next one. st->span lies in
 * `text`. */
weir_rc weir_session_execute_as(weir_session *s, weir_sv text, uint64_t query, weir_status *st);
/* A script as it can be parsed: where the grammar takes no variable (SIZE ${n} MINUTES), all that are
 * known now are filled in. Else the text itself. */
weir_sv weir_session_fill(weir_session *s, weir_sv text, weir_arena *a);

/* Commits the engine together with the session's journal. With a data directory every INSERT INTO …
 * VALUES is journaled: the same statement in a later run over the same directory is not executed
 * again (the k-th occurrence of a text stands for the k-th). */
weir_rc weir_session_commit(weir_session *s, weir_status *st);
/* What else becomes durable with the next commit: the host puts its own entries (positions) here.
 * NULL: memory. */
weir_store_batch *weir_session_extra(weir_session *s);

/* Connectors: hands records to sinks, up to what is committed, and appends what sources brought. Often;
 * and after a commit. *moved: topics have new records. */
weir_rc weir_session_pump(weir_session *s, bool *moved, weir_status *st);
/* A source owes somebody an answer, which waits for the next commit. */
bool weir_session_wants_commit(const weir_session *s);
/* Sinks have delivered all that is committed, bounded sources are at their end, no query waits for rows of
 * a table that is looked up. */
bool weir_session_connectors_idle(weir_session *s);
/* Before the last commit: what is under way gets a moment, then nothing runs any more. */
void weir_session_stop_connectors(weir_session *s);
/* What a connector has done so far; texts in `a`. False: there is none of this name. */
struct weir_connect_info; /* connectors/connect.h */
bool weir_session_connector(weir_session *s, weir_sv name, weir_arena *a, struct weir_connect_info *out);
/* A connector that has stopped by itself; texts in `a`. */
bool weir_session_failed_connector(weir_session *s, weir_arena *a, weir_sv *name, weir_sv *why);

/* Properties of the session (SET). Names are checked only by who reads them. */
void weir_session_set(weir_session *s, weir_sv name, weir_sv value);
void weir_session_unset(weir_session *s, weir_sv name);
bool weir_session_get(const weir_session *s, weir_sv name, weir_sv *value);
void weir_session_define(weir_session *s, weir_sv name, weir_sv value); /* ${name} */
void weir_session_undefine(weir_session *s, weir_sv name);
/* A schema that the registry, once there is one, must have for a subject. A SET that names the registry
 * comes earlier or later. Borrowed. */
weir_rc weir_session_schema(weir_session *s, const weir_bundle_schema *schema, weir_status *st);

weir_engine *weir_session_engine(weir_session *s);
weir_topics *weir_session_topics(weir_session *s);
weir_store *weir_session_store(weir_session *s); /* NULL: memory */
weir_catalog *weir_session_catalog(weir_session *s);
const weir_formats *weir_session_formats(const weir_session *s);
int64_t weir_session_now(const weir_session *s);

/* Creates the topic if it does not exist, in the catalog, too. */
weir_rc weir_session_topic(weir_session *s, const weir_topic_spec *spec, weir_topic **out,
                           weir_status *st);
/* Ordinal of the next input record (WEIR_ORDER_SEQ); takes `n`. */
int64_t weir_session_take_seq(weir_session *s, int64_t n);
/* Encodes one row of a source (values per schema column; NULL `given` = all given) as a record. */
weir_rc weir_session_encode(weir_session *s, const weir_source *source, const weir_value *values,
                            bool null_value, weir_buf *key, bool *key_null, weir_buf *value,
                            bool *value_null, weir_status *st);
/* Appends one record; partition -1: by key. Returns the offset in *offset. */
weir_rc weir_session_append(weir_session *s, weir_topic *t, int32_t partition, weir_sv key,
                            weir_sv value, weir_sv headers, int64_t timestamp, int64_t *offset);
