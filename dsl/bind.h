/* Syntax tree → bound statement: names resolved, types checked, properties validated, plan built.
 *
 *   statement ─► weir_bind(catalog snapshot, functions, properties) ─► weir_bound, or one error
 *
 * Pure: no I/O, no clock, no change of the catalog. Everything that a statement can be refused for
 * without looking at the outside (topics' contents, connectors) is refused here, in ksqlDB's words,
 * with a span and a hint of ours; a schema registry is asked through weir_props. Variables (${x})
 * must be substituted before.
 *
 * A bound statement lives in the arena that was given; its plan refers to function rows, and to
 * nothing of the catalog. Any thread, as long as nobody changes the catalog meanwhile. */
#pragma once
#include "dsl/ast.h"
#include "engine/data/catalog.h"
#include "engine/data/plan.h"

/* Asks for the columns of a topic's keys or values, which a CREATE statement does not list. */
typedef struct weir_inference {
    bool is_key;
    bool unwrap; /* the schema is that of a single column: ROWKEY, ROWVAL */
    weir_sv topic;
    const weir_format_spec *format; /* with the id of the schema, if the statement gives one */
} weir_inference;

/* Properties in force: those of the server, overridden by those of the session. */
typedef struct weir_props {
    bool (*get)(void *ctx, weir_sv name, weir_sv *value); /* false: not set */
    void *ctx;
    int64_t (*now_ms)(void *clock); /* goes into weir_settings, is never called here; may be NULL */
    void *clock;
    /* Looks into the schema registry; columns live in `a`. NULL: there is none. */
    weir_rc (*infer)(void *ctx, const weir_inference *what, weir_arena *a, const weir_column **cols,
                     uint32_t *n, weir_status *st);
    /* CREATE TABLE … WITH (connector='…'): tables are looked up in what this connector leads to. NULL: in
     * none. */
    bool (*looks_up)(void *ctx, weir_sv connector);
    /* Where the statement's own text begins in its script, for positions in messages; both from 1,
     * 0: the statement is a slice of its script, which is then looked at. */
    uint32_t line, col;
} weir_props;

/* After each: the member of `as`. */
typedef enum weir_bound_kind {
    WEIR_B_CREATE_SOURCE,      /* create: CREATE STREAM | TABLE (columns) */
    WEIR_B_CREATE_AS,          /* create: … AS SELECT */
    WEIR_B_INSERT_SELECT,      /* create: the query writes into an existing stream */
    WEIR_B_INSERT_VALUES,      /* insert */
    WEIR_B_SELECT,             /* select */
    WEIR_B_DROP,               /* drop */
    WEIR_B_ALTER,              /* create: the source with its new schema */
    WEIR_B_CREATE_TYPE,        /* type */
    WEIR_B_DROP_TYPE,          /* type */
    WEIR_B_CREATE_CONNECTOR,   /* connector */
    WEIR_B_DROP_CONNECTOR,     /* connector */
    WEIR_B_TERMINATE,          /* target: query id, or empty for ALL */
    WEIR_B_PAUSE,              /* target */
    WEIR_B_RESUME,             /* target */
    WEIR_B_EXPLAIN,            /* explain */
    WEIR_B_DESCRIBE,           /* target: source */
    WEIR_B_DESCRIBE_STREAMS,   /* target: extended */
    WEIR_B_DESCRIBE_TABLES,    /* target: extended */
    WEIR_B_DESCRIBE_FUNCTION,  /* target: function's name */
    WEIR_B_DESCRIBE_CONNECTOR, /* target: connector's name */
    WEIR_B_PAUSE_CONNECTOR,    /* target: connector's name */
    WEIR_B_RESUME_CONNECTOR,   /* target: connector's name */
    WEIR_B_CHECK_CONNECTOR,    /* target: connector's name */
    WEIR_B_SHOW,               /* show */
    WEIR_B_PRINT,              /* print */
    WEIR_B_SET,                /* set */
    WEIR_B_UNSET,              /* set: name */
    WEIR_B_ALTER_SYSTEM,       /* set */
    WEIR_B_DEFINE,             /* set */
    WEIR_B_UNDEFINE,           /* set: name */
    WEIR_B_ASSERT_TOPIC,       /* assert_topic */
    WEIR_B_ASSERT_SCHEMA,      /* assert_schema */
    WEIR_B_ASSERT_VALUES,      /* insert: what must come next */
    WEIR_B_ASSERT_NULL_VALUES, /* insert: a tombstone for this key */
    WEIR_B_ASSERT_SOURCE,      /* create: the source as it must be */
    WEIR_B_RUN_SCRIPT,         /* set: value is the file */
} weir_bound_kind;

/* Sources and queries that a statement makes or changes.
 *
 * `source.topic` need not exist: `source.partitions` and `source.replicas` are those of the
 * statement, else those of the topic if the catalog knows it, else (CREATE AS) those of the
 * left-most source, else 0. Whoever executes the statement creates topics and refuses what it does
 * not want to create. */
typedef struct weir_bound_create {
    weir_source source; /* INSERT_SELECT: the target, as it is */
    bool or_replace;
    bool if_not_exists;
    bool exists;           /* there is a source of this name already: without or_replace there is
                              nothing to do (IF NOT EXISTS) */
    const weir_plan *plan; /* CREATE_AS, INSERT_SELECT; CREATE SOURCE TABLE: the query that keeps
                              it readable (its sink writes nothing) */
    weir_sv query_id;      /* as in plan; empty without one */
    bool new_query_id;     /* it was numbered with weir_catalog_peek_query: take that number */
    const weir_sv *reads;  /* names of the sources that the query reads */
    uint32_t n_reads;
    const struct weir_option *options; /* CREATE_SOURCE with connector='…': what is the connector's, … */
    uint32_t n_options;                /* … that word among it; 0: it has none */
} weir_bound_create;

typedef struct weir_bound_insert {
    weir_source source;
    const weir_value *values; /* one per column of source.schema; NULL when not given */
    const bool *given;        /* one per column */
    bool has_rowtime;
    int64_t rowtime;
    bool has_window_start; /* ASSERT VALUES of a windowed source */
    bool has_window_end;
    int64_t window_start;
    int64_t window_end;
} weir_bound_insert;

/* A transient query. Output schema of the plan's sink: the key columns, then every selected item
 * as a value column (also keys, if selected): a client is shown the value columns. */
typedef struct weir_bound_select {
    const weir_plan *plan;
    bool push;     /* EMIT CHANGES | FINAL; else a pull query: read what there is */
    int64_t limit; /* -1: none */
} weir_bound_select;

typedef struct weir_bound_drop {
    weir_sv name;
    bool exists; /* false only with IF EXISTS */
    bool delete_topic;
    weir_sv topic;
    bool cascade;
    /* Queries to stop first, then sources to drop, in this order. Without CASCADE: the query that
     * made the source, and the source itself. */
    const weir_sv *queries;
    uint32_t n_queries;
    const weir_sv *sources;
    uint32_t n_sources;
} weir_bound_drop;

typedef struct weir_option {
    weir_sv name;  /* as written; unquoted: upper-cased */
    weir_sv value; /* text of the literal */
    weir_span value_span; /* … and its place in the statement */
} weir_option;

typedef struct weir_bound weir_bound;
struct weir_bound {
    weir_bound_kind kind;
    weir_sv sql;    /* the statement's text */
    weir_span span; /* of the statement, in its script */
    union {
        weir_bound_create create;
        weir_bound_insert insert;
        weir_bound_select select;
        weir_bound_drop drop;
        struct {
            weir_sv name;
            const weir_type *type; /* CREATE_TYPE */
            bool exists;
            bool if_exists; /* IF [NOT] EXISTS was written */
        } type;
        struct {
            weir_sv name;
            bool sink;
            bool if_exists; /* IF [NOT] EXISTS was written; whether it exists is not known here */
            const weir_option *options;
            uint32_t n_options;
        } connector;
        struct {
            weir_sv name; /* empty: ALL */
            bool extended;
        } target;
        struct {
            weir_sv query_id;       /* a running query, or */
            const weir_bound *stmt; /* a statement */
        } explain;
        struct {
            weir_ast_show what;
            bool extended;
            bool all;
        } show;
        struct {
            weir_sv topic;
            bool from_beginning;
            int64_t interval; /* 1: every record */
            int64_t limit;    /* -1: none */
        } print;
        struct {
            weir_sv name;
            weir_sv value;
        } set;
        struct {
            weir_sv topic;
            bool not_exists;
            int32_t partitions; /* 0: not given */
            int32_t replicas;   /* 0: not given */
            int64_t timeout_ms; /* -1: not given */
        } assert_topic;
        struct {
            weir_sv subject; /* may be empty */
            int32_t id;      /* 0: not given */
            bool not_exists;
            int64_t timeout_ms;
        } assert_schema;
    } as;
};

/* What CREATE OR REPLACE asks: a query with this plan and sink could go on with the state, positions and
 * topic of the one before. WEIR_ESQL says why not. */
weir_rc weir_bind_replaces(const weir_source *old_sink, const weir_plan *old, const weir_source *sink,
                           const weir_plan *plan, weir_arena *a, weir_status *st);

/* A BOOLEAN expression on its own, cut at its ANDs: a connector's condition. */
typedef struct weir_bound_condition {
    const weir_schema *schema; /* that it reads */
    const weir_settings *settings;
    uint32_t n;
    const weir_expr *const *parts;
    const weir_sv *texts;   /* of the parts, as written */
    const weir_sv *columns; /* the first column each part names; may be empty */
} weir_bound_condition;
/* Spans point into `text`. `schema` NULL: the columns are those that are named, with the types that their
 * use suggests (compared with a number: DOUBLE; a condition itself: BOOLEAN; else STRING). */
weir_rc weir_bind_condition(weir_sv text, const weir_schema *schema, const weir_functions *functions,
                            const weir_props *props, weir_arena *a, weir_bound_condition *out,
                            weir_status *st);

/* Binds one statement. On error `*out` is not to be used; the span points into the script's text.
 */
weir_rc weir_bind(const weir_ast_stmt *stmt, const weir_catalog *catalog,
                  const weir_functions *functions, const weir_props *props, weir_arena *a,
                  weir_bound *out, weir_status *st);
