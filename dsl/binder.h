/* What the parts of the binder share. Private to dsl/bind*.c and dsl/rewrite.c.
 *
 *   bind.c         entry, errors            bind_query.c   one query: clauses in order, the plan
 *   bind_types.c   types, arithmetic        bind_from.c    FROM: sources, queries, UNNEST
 *   bind_coerce.c  lists of one type        bind_on.c      ON: what is joined with what
 *   bind_names.c   columns and aliases      bind_join.c    the joins and the key of their result
 *   bind_expr.c    expressions              bind_group.c   GROUP BY, aggregates, windows, HAVING
 *   bind_call.c    functions, lambdas       bind_select.c  the projection and its key
 *   bind_with.c    WITH properties          bind_sink.c    CREATE AS, INSERT INTO: what is written
 *   bind_format.c  what formats can hold    bind_create.c  CREATE, ALTER, DROP, types
 *   bind_misc.c    the small statements     bind_insert.c  INSERT VALUES
 *   bind_lookup.c  tables elsewhere
 *
 * Names pass through three forms, as in ksqlDB, because its messages show them:
 *   as written      id            what the parser made
 *   qualified       o.id          the source is known (JOIN ON, PARTITION BY messages)
 *   internal        O_ID or ID    with several sources every column is ALIAS_COLUMN
 * All expressions are bound from their internal form against the schema of a plan node. */
#pragma once
#include "dsl/bind.h"
#include "dsl/diag.h"
#include "engine/data/program.h"

typedef struct weir__binder {
    const weir_ast_stmt *stmt;
    weir_sv text; /* the script, for line numbers in messages */
    const weir_catalog *catalog;
    const weir_functions *functions;
    const weir_props *props;
    const weir_settings *settings;
    weir_arena *a;
    weir_status *st;
    const char *prefix; /* goes before every message: "Failed to prepare statement: " */
} weir__binder;

#define WEIR__PARSING "Failed to prepare statement: " /* what ksqlDB's AST builder refuses */
#define WEIR__PREPARING "Exception while preparing statement: " /* what its sanitizer refuses */

/* ---------------------------------------------------------------- bind.c */

weir_rc weir__fail(weir__binder *b, weir_span span, const char *fmt, ...) WEIR_PRINTF(3, 4);
weir_rc weir__unsupported(weir__binder *b, weir_span span, const char *feature);
weir_sv weir__where(weir__binder *b, weir_span at); /* "Line: 3, Col: 14: " */
bool weir__prop(const weir__binder *b, const char *name, weir_sv *value);
bool weir__prop_bool(const weir__binder *b, const char *name, bool otherwise);
weir_sv weir__str(weir__binder *b, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* "a, b and c" with `last` = " and ". */
weir_sv weir__join_words(weir__binder *b, const weir_sv *words, uint32_t n, const char *last);
/* "; did you mean X?" goes into the hint when one of the names is near. */
void weir__hint_nearest(weir__binder *b, weir_sv word, const weir_sv *names, uint32_t n);
const weir_settings *weir__settings(const weir__binder *b); /* what functions read of the properties */
weir_rc weir__bind_stmt(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out);

/* ---------------------------------------------------------------- bind_text.c */

/* An expression as ksqlDB's messages print it. */
weir_sv weir__text(weir__binder *b, const weir_ast_expr *e);
weir_sv weir__type_text(weir__binder *b, const weir_type *t);
weir_sv weir__quoted(weir__binder *b, weir_sv name);              /* `NAME` */
weir_sv weir__column_text(weir__binder *b, const weir_column *c); /* `ID` BIGINT KEY */
weir_sv weir__schema_text(weir__binder *b, const weir_schema *s);

/* ---------------------------------------------------------------- bind_types.c */

weir_rc weir__type(weir__binder *b, const weir_ast_type *t, const weir_type **out);
const char *weir__kind_name(weir_kind k); /* INTEGER; NULL for the literal */
static inline weir_dec_type weir__dec_type(const weir_type *t)
{
    return t->kind == WEIR_T_DECIMAL   ? (weir_dec_type){t->precision, t->scale}
           : t->kind == WEIR_T_INTEGER ? WEIR_DEC_INT
                                       : WEIR_DEC_BIGINT;
}
bool weir__implicit(weir_kind from, weir_kind to); /* SqlBaseType.canImplicitlyCast */
/* NULL: not possible. */
const weir_type *weir__arith_type(weir_arena *a, weir_ast_op op, const weir_type *l,
                                  const weir_type *r);
bool weir__comparable(const weir_type *l, weir_ast_op op, const weir_type *r);
const char *weir__op_name(weir_ast_op op); /* GREATER_THAN */

/* ---------------------------------------------------------------- bind_names.c */

typedef struct weir__rel {
    weir_sv alias;
    weir_span span;
    const weir_source *source; /* NULL: UNNEST, a column called `alias` */
    const struct weir__query
        *query;                  /* where rows come from instead; `source` describes its result */
    const weir_ast_expr *unnest; /* UNNEST: its array, internal names */
    const weir_type *item; /* UNNEST: type of its items; fields of a STRUCT are columns, too */
    const weir_ast_rel *ast;
} weir__rel;

/* WITH name AS (…): the first `n` of `ctes` can be seen, then those of `outer`. */
typedef struct weir__scope {
    const struct weir__scope *outer;
    const weir_ast_ctes *ctes;
    uint32_t n;
} weir__scope;

typedef struct weir__item {
    weir_ast_item_kind kind;
    weir_span span;
    weir_sv alias;  /* EXPR: given or generated */
    weir_sv source; /* SOURCE_ALL */
    const weir_ast_expr *qualified;
    const weir_ast_expr *expr; /* internal names */
} weir__item;

/* A pair of names for one clause's expression. */
typedef struct weir__clause {
    const weir_ast_expr *qualified;
    const weir_ast_expr *expr;
} weir__clause;

/* Generated names: KSQL_COL_0, A, A_1, ROWKEY. */
typedef struct weir__names {
    struct weir__name_counter *counters;
    uint32_t n, cap;
} weir__names;

typedef struct weir__match {
    const weir_ast_expr *ast; /* this expression … */
    const weir_expr *expr;    /* … has been computed already */
} weir__match;

typedef struct weir__matches {
    weir__match *items;
    uint32_t n, cap;
} weir__matches;

typedef struct weir__query {
    weir__binder *b;
    const weir_ast_query *ast;
    bool persistent;
    bool pull;
    weir_sv sink_name;             /* persistent */
    const weir_source *target;     /* INSERT INTO */
    const struct weir__with *with; /* CREATE AS */
    const weir__scope *outer;      /* of a query inside another; else NULL */
    weir__scope scope;
    uint32_t depth; /* queries around this one */

    weir__rel *rels; /* sources, then UNNESTs as they come */
    uint32_t n_rels;
    uint32_t n_sources; /* rels with a source */
    bool join;          /* n_sources > 1: internal names are ALIAS_COLUMN */
    weir__names names;

    weir__clause where;
    weir__clause having;
    weir__clause *group_by;
    uint32_t n_group_by;
    bool grouped; /* GROUP BY, or aggregates without it */
    weir__clause *partition_by;
    uint32_t n_partition_by;
    bool partition_null;
    weir__item *items;
    uint32_t n_items;
    bool windowed; /* WINDOW clause */
    weir_window window;
    weir_sv unknown_clause; /* first column that no source has */
    const weir_ast_expr *unknown;

    /* joins (bind_join.c) */
    weir_sv join_key; /* name of the result's key column */
    bool join_synthetic;
    bool join_foreign;
    const weir_ast_expr **viable; /* qualified columns that may stand for the key */
    uint32_t n_viable;
    const weir_ast_expr **equivalent; /* qualified expressions that equal the key */
    uint32_t n_equivalent;

    /* the plan so far */
    weir_node **nodes;
    uint32_t n_nodes, cap_nodes;
    weir_node *at;
    weir_format_spec key_format; /* of the key at `at` */
    weir__matches matches;       /* expressions that `at` has as columns */
    int32_t partitions;          /* of the left-most source, 0: not known */
} weir__query;

typedef enum weir__pseudo {
    WEIR__NOT_PSEUDO,
    WEIR__ROWTIME,
    WEIR__ROWPARTITION,
    WEIR__ROWOFFSET,
    WEIR__WINDOWSTART,
    WEIR__WINDOWEND,
} weir__pseudo;
weir__pseudo weir__pseudo_of(weir_sv name); /* exact */
static inline bool weir__is_window_bound(weir_sv name)
{
    return weir__pseudo_of(name) >= WEIR__WINDOWSTART;
}
static inline bool weir__is_system(weir_sv name)
{
    return weir__pseudo_of(name) != WEIR__NOT_PSEUDO;
}

const weir__rel *weir__find_rel(const weir__query *q, weir_sv alias);
bool weir__rel_has(const weir__rel *r, weir_sv column);
/* Qualifies and internalises an expression of a clause ("WHERE", …). Unknown columns are noted. */
weir_rc weir__resolve(weir__query *q, const weir_ast_expr *e, const char *clause,
                      weir__clause *out);
/* Every qualifier names a source: what ksqlDB's parser refuses, so before all else. */
weir_rc weir__check_qualifiers(weir__query *q);
weir_rc weir__unknown_column(weir__query *q, weir_sv clause, const weir_ast_expr *column);
weir_sv weir__internal_name(weir__query *q, weir_sv alias, weir_sv column);
weir_sv weir__next_name(weir__query *q, weir_sv prefix); /* "KSQL_COL" counts from _0 */
weir_sv weir__name_for(weir__query *q, const weir_ast_expr *e);
weir_sv weir__join_key_name(weir__query *q); /* ROWKEY, ROWKEY_1 … */
bool weir__same_column(const weir_ast_expr *a, weir_sv qualifier, weir_sv name);
/* Tables and streams whose name differs in case only: "\nDid you mean …". */
weir_sv weir__alternatives(weir__binder *b, weir_sv name);
weir_sv weir__alternatives_of(weir__binder *b, weir_sv name, bool any, bool table);

/* ---------------------------------------------------------------- bind_expr.c, bind_call.c */

typedef struct weir__lambda {
    const struct weir__lambda *outer;
    const weir_ast_idents *names;
    const weir_type *const *types;
    uint32_t first; /* number of the first parameter */
    uint32_t depth;
} weir__lambda;

typedef struct weir__env {
    weir__binder *b;
    const weir_schema *schema;
    const weir__matches *matches; /* may be NULL */
    const char *type_error;       /* before errors of types: "Error in WHERE expression: " */
    const char
        *code_error; /* before errors that ksqlDB's code generator finds: "Invalid Select: " */
    const weir_ast_expr *root;
    bool filter;               /* ROWTIME and window bounds compare with text */
    bool aggregates_typed;     /* aggregates may be typed (see weir__aggregate), not used */
    const char *no_aggregates; /* the clause, for the message */
    const weir__lambda *lambda;
    uint32_t n_params;
} weir__env;

weir_rc weir__expr(weir__env *env, const weir_ast_expr *e, const weir_expr **out);
/* The literal NULL is refused or becomes a typed NULL by these two. */
weir_rc weir__not_null(weir__env *env, const weir_ast_expr *e, const weir_expr *x);
const weir_expr *weir__to_type(weir__env *env, const weir_expr *x, const weir_type *t);
weir_rc weir__call(weir__env *env, const weir_ast_expr *e, const weir_expr **out);
weir_rc weir__call_named(weir__env *env, const weir_ast_expr *e, weir_sv name,
                         const weir_expr *const *args, uint32_t n, const weir_expr **out);
weir_rc weir__call_bound(weir__env *env, const weir_ast_expr *e, const weir_function *fn,
                         const weir_expr **args, uint32_t n, const weir_expr **out);
bool weir__is_aggregate(const weir__binder *b, const weir_ast_expr *e);
bool weir__is_table_function(const weir__binder *b, const weir_ast_expr *e);
const weir_function *weir__function(const weir__binder *b, const weir_ast_expr *call);
/* An aggregate's call site and its arguments (not the init ones), bound to env's schema. */
weir_rc weir__aggregate(weir__env *env, const weir_ast_expr *e, weir_call **call,
                        const weir_expr ***args, uint32_t *n_args);
weir_rc weir__type_fail(weir__env *env, weir_span span, const char *fmt, ...) WEIR_PRINTF(3, 4);
weir_rc weir__code_fail(weir__env *env, weir_span span, const char *fmt, ...) WEIR_PRINTF(3, 4);
int32_t weir__find_column(const weir_schema *s, weir_sv name); /* the last one of that name */
const weir_expr *weir__literal_null(weir__binder *b, const weir_type *t);

/* ---------------------------------------------------------------- bind_coerce.c */

/* Brings bound expressions to one type as IN, ARRAY[] and MAP() do. `*common` is NULL when all are
 * the literal NULL. `asts` tell literals and constructors. `code`: which kind of error it is. */
weir_rc weir__coerce(weir__env *env, const weir_ast_expr *const *asts, const weir_expr **exprs,
                     uint32_t n, bool code, const weir_type **common);
/* NULL: `from` cannot become `to`; else the type that holds both. */
const weir_type *weir__can_coerce(weir_arena *a, const weir_type *from, const weir_type *to,
                                  bool lax);
/* DefaultSqlValueCoercer: INSERT VALUES (strict), literals (lax). */
bool weir__coerce_value(weir_arena *a, const weir_type *from, const weir_value *v,
                        const weir_type *to, bool lax, weir_value *out);

/* ---------------------------------------------------------------- bind_with.c, bind_format.c */

/* WITH (…) of CREATE and CREATE AS, as written. */
typedef struct weir__with weir__with;
struct weir__with {
    const weir_ast_props *ast;
    weir_sv topic, key_format, value_format, timestamp, timestamp_format;
    weir_sv key_schema_name, value_schema_name, key_nullable, value_nullable;
    bool has_key_schema_name, has_value_schema_name;
    bool has_key_format, has_value_format;
    weir_span key_format_span, value_format_span, topic_span, timestamp_span;
    int32_t partitions, replicas; /* 0: not given */
    int64_t retention_ms;         /* -1: not given */
    weir_span retention_span;
    weir_wrapping wrap;
    weir_span wrap_span;
    char key_delimiter, value_delimiter;    /* 0: not given */
    int32_t key_schema_id, value_schema_id; /* 0: not given */
    weir_window window;                     /* WINDOW_TYPE, WINDOW_SIZE */
    weir_option *options;                   /* connector='…' and what is not the statement's own */
    uint32_t n_options;
    weir_sv lookup;                         /* it is a table that is looked up by this connector */
};

weir_rc weir__bind_with(weir__binder *b, const weir_ast_props *props, weir_span span,
                        bool create_as, weir__with *out);
weir_rc weir__with_query_id(weir__binder *b, const weir_ast_props *props, weir_sv *id);
weir_rc weir__option_text(weir__binder *b, const weir_ast_expr *value, weir_sv *out);

weir_rc weir__format_kind(weir__binder *b, weir_sv name, weir_span span, weir_format_kind *out);
/* Format with its options; `inherit` (may be NULL) is that of the left-most source. */
weir_rc weir__format_spec(weir__binder *b, const weir__with *w, bool key, weir_format_kind kind,
                          weir_sv source_name, const weir_format_spec *inherit,
                          weir_format_spec *out);
bool weir__format_infers(weir_format_kind k);  /* has schemas in a registry */
bool weir__format_unwraps(weir_format_kind k); /* can hold a single column as it is */
/* Resolves `wrap` and checks that the formats can hold the schema. */
weir_rc weir__check_formats(weir__binder *b, const weir_schema *s, weir_format_spec *key,
                            weir_format_spec *value, weir_wrapping explicit_wrap, weir_span span);
weir_rc weir__check_key(weir__binder *b, const weir_column *cols, uint32_t n,
                        const weir_format_spec *spec, weir_span span);
/* A format for the key of an internal exchange. */
weir_format_spec weir__internal_key(weir__binder *b, weir_format_spec f,
                                    const weir_type *const *types, uint32_t n);
weir_rc weir__default_key_format(weir__binder *b, weir_format_kind *out);
weir_rc weir__check_timestamp(weir__binder *b, const weir_schema *s, weir_sv column, weir_sv format,
                              weir_span span);

/* ---------------------------------------------------------------- bind_lookup.c */

weir_sv weir__lookup_kind(const weir__binder *b, const weir_ast_props *props); /* empty: none */
weir_rc weir__lookup_table(weir__binder *b, const weir_ast_create *c, weir_source *s);
/* `why` something cannot be done with such a table. */
weir_rc weir__lookup_fail(weir__binder *b, const weir_source *s, weir_span span, const char *why);

/* ---------------------------------------------------------------- bind_infer.c */

/* A side of a source whose columns are in the registry. */
typedef struct weir__infer {
    bool is_key, unwrap;
    weir_sv topic;
    const weir_format_spec *format;
    weir_span span;
} weir__infer;
/* Puts the columns of each side (NULL: as it is) into the schema. */
weir_rc weir__infer_columns(weir__binder *b, const weir__infer *key, const weir__infer *value,
                            const weir_schema **schema);

/* ---------------------------------------------------------------- queries */

weir_node *weir__node(weir__query *q, weir_node_kind kind, const weir_schema *schema,
                      const weir_node *in);
/* Query → plan without sink. Ends with a PROJECT. */
weir_rc weir__query_plan(weir__query *q);
weir_rc weir__from(weir__query *q);       /* bind_from.c: names of the sources */
weir_rc weir__resolve_on(weir__query *q); /* bind_on.c: names in their criteria */
weir_rc weir__joins(weir__query *q);      /* bind_join.c: their nodes */
weir_rc weir__check_join_key(weir__query *q);
weir_rc weir__window_clause(weir__query *q);
weir_rc weir__check_groups(weir__query *q); /* bind_group.c: what may stand where */
weir_rc weir__group(weir__query *q);        /* bind_group.c: REKEY, AGGREGATE, HAVING, PROJECT */
weir_rc weir__project(weir__query *q);      /* bind_select.c: PROJECT without aggregates */
/* Select items with stars expanded. */
typedef struct weir__output {
    weir_sv name;
    weir_span span;
    const weir_ast_expr *expr; /* internal; COLUMN for those of a star */
} weir__output;
weir_rc weir__outputs(weir__query *q, weir__output **out, uint32_t *n);
bool weir__projection_has(const weir__query *q, const weir_ast_expr *column, bool qualified);
weir_rc weir__keys_missing(weir__query *q, const char *what, const weir_sv *keys, uint32_t n,
                           bool all, bool synthetic);
/* PROJECT over q->at: columns [keys][values][window bounds of a windowed key]. */
weir_rc weir__make_project(weir__query *q, const weir_column *cols, const weir_expr *const *exprs,
                           uint32_t n, uint32_t n_keys);
/* WITH (TIMESTAMP = …) against the result: before the key is asked for, as ksqlDB does. */
weir_rc weir__check_result_timestamp(weir__query *q, const weir_column *cols, uint32_t n);
weir_rc weir__no_duplicates(weir__query *q, const weir_column *cols, uint32_t n, uint32_t n_keys);

/* Key and value columns of the result, without the bounds of a windowed key. */
const weir_schema *weir__result_schema(const weir__query *q);
weir_rc weir__bind_select(weir__binder *b, const weir_ast_query *ast, weir_bound *out);
weir_rc weir__bind_create_as(weir__binder *b, const weir_ast_create *c, weir_bound *out);
weir_rc weir__bind_insert_query(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out);
weir_rc weir__bind_create(weir__binder *b, const weir_ast_create *c, weir_bound *out);
weir_rc weir__source_table_plan(weir__binder *b, weir_bound_create *c);
weir_rc weir__bind_alter(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out);
weir_rc weir__bind_drop(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out);
weir_rc weir__bind_type(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out);
weir_rc weir__bind_insert_values(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out);
weir_rc weir__bind_misc(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out);
weir_rc weir__can_upgrade(weir__binder *b, const weir_source *from, const weir_source *to,
                          weir_span span);

/* ---------------------------------------------------------------- rewrite.c */

/* rewrite_filter.c: conditions on the stream go below stream–table joins. */
void weir__push_filters(weir__query *q);
/* Drops columns that nobody reads, sets need_old and materialize, and makes the plan. */
const weir_plan *weir__finish_plan(weir__query *q, weir_node *sink, weir_sv query_id, weir_sv sql,
                                   bool emit_final);
