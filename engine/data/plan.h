/* The plan of one query: typed nodes, made by dsl/bind, read by the physical planner, EXPLAIN and
 * the journal. It is the whole contract between the language and the machine.
 *
 * nodes[] is in topological order (inputs before users); the last node is the SINK. Each node has
 * an output schema. Expressions are bound to the schema of the node's input (joins: see there).
 * `table` says whether the output is a stream of facts or of changes (see batch.h). */
#pragma once
#include "engine/data/catalog.h"
#include "engine/data/expr.h"
#include "engine/data/window.h"

/* ORDER weir_node_kind: names in plan.c */
typedef enum weir_node_kind {
    WEIR_N_SOURCE,      /* reads a topic */
    WEIR_N_FILTER,      /* WHERE, HAVING */
    WEIR_N_PROJECT,     /* SELECT list */
    WEIR_N_REKEY,       /* PARTITION BY, GROUP BY, repartition before a join */
    WEIR_N_AGGREGATE,   /* grouped, windowed or not */
    WEIR_N_FLATMAP,     /* EXPLODE … */
    WEIR_N_JOIN_STREAM, /* stream–stream */
    WEIR_N_JOIN_LOOKUP, /* stream–table; the table may be one that is looked up elsewhere */
    WEIR_N_JOIN_TABLE,  /* table–table on primary keys */
    WEIR_N_JOIN_FOREIGN, /* table–table on a foreign key */
    WEIR_N_SINK,        /* writes a topic, or hands rows to a client */
} weir_node_kind;

typedef enum weir_join { WEIR_JOIN_INNER, WEIR_JOIN_LEFT, WEIR_JOIN_RIGHT, WEIR_JOIN_FULL } weir_join;

typedef struct weir_node weir_node;
struct weir_node {
    weir_node_kind kind;
    uint32_t id;                /* index in plan->nodes; names state tables: stable for a plan */
    const weir_schema *schema;  /* output; [0, n_keys) are key columns */
    bool table;
    bool need_old;              /* a consumer reads batch->old */
    weir_window window;         /* kind != NONE: the key is windowed; then the schema has columns
                                   with roles WINDOWSTART and WINDOWEND, wherever they stand */
    uint32_t n_inputs;
    const weir_node *in[2];
    union {
        struct {
            const weir_source *source;  /* copied into the plan */
            const int32_t *read;        /* per output column: index into source->schema, or -1 for
                                           a pseudo column (by its role) */
            bool materialize;           /* table: keep a state table, so that `old` is known and a
                                           tombstone for an unknown key is told apart */
        } scan;
        struct {
            const weir_expr *where;
        } filter;
        struct {
            const weir_expr *const *exprs; /* one per output column: [keys, values]. Key columns
                                              are plain column references of the input's keys */
            bool where_rowtime;
        } project;
        struct {
            const weir_expr *const *exprs; /* one per output column; the first n_keys make the key */
            bool skip_null;   /* GROUP BY, join: a row whose key is NULL or failed is dropped
                                 (outer side of a stream join keeps it, see join.keep_null_*);
                                 false: PARTITION BY, it gets a NULL key */
            bool stays;       /* the keys are those of the input: a row stays in its partition */
            weir_format_spec key_format; /* bytes that choose the partition */
        } rekey;
        struct {
            uint32_t n;
            weir_call *const *calls;       /* aggregate call sites */
            const uint32_t *const *args;   /* per call: input column of each non-init argument */
            /* Output: key columns, then one column per call, then passed[] (constant per group:
             * last value seen), then WINDOWSTART, WINDOWEND when windowed. */
            bool emit_final;               /* EMIT FINAL */
            weir_format_spec key_format;   /* order of EMIT FINAL within one start: key bytes */
        } aggregate;
        struct {
            uint32_t n;
            const weir_expr *const *exprs; /* ARRAY-typed, zipped; output: input columns, then one
                                              per expression */
        } flatmap;
        struct {
            weir_join type;
            int64_t before_ms, after_ms; /* JOIN_STREAM: right.ts ∈ [left.ts − before, left.ts + after] */
            bool has_grace;
            int64_t grace_ms;
            /* Output: n_keys key columns, then all columns of in[0], then all of in[1].
             * key_side: where key column values come from: 0 left, 1 right, 2 whichever is there. */
            int key_side;
            const weir_expr *foreign;    /* JOIN_FOREIGN: over in[0]; equals the key of in[1]. JOIN_LOOKUP:
                                            in[1] is looked up by it, and is not read */
            const weir_expr *residual;   /* extra ON condition over [in[0] columns, in[1] columns],
                                            or NULL (extension) */
        } join;
        struct {
            const weir_source *sink;     /* what is written; NULL: rows go to the client */
            int64_t limit;               /* -1: none */
            int32_t timestamp_column;    /* output column that gives the record's timestamp, or -1 */
        } sink;
    };
};

/* A join with a table that is looked up elsewhere: in[1] is a SOURCE that only says which one. */
static inline bool weir_node_looks_up(const weir_node *n)
{
    return n->kind == WEIR_N_JOIN_LOOKUP && n->join.foreign;
}

typedef struct weir_plan {
    weir_sv query_id;
    weir_sv sql;
    uint32_t n;
    const weir_node *const *nodes;
    const weir_node *sink;
    bool persistent;
    bool emit_final;
    const weir_settings *settings;
} weir_plan;

/* "Sink(REVENUE) ← Project(…) ← …": an indented tree, the text the journal stores and compares. */
void weir_plan_print(weir_buf *out, const weir_plan *p);
void weir_plan_print_json(weir_buf *out, const weir_plan *p);
void weir_plan_print_dot(weir_buf *out, const weir_plan *p);
void weir_plan_print_mermaid(weir_buf *out, const weir_plan *p);
/* Checks invariants of a finished plan (schemas match expressions, inputs come first); aborts. */
void weir_plan_verify(const weir_plan *p);
const char *weir_node_name(weir_node_kind kind);
