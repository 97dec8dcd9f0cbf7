/* The syntax tree of one script: plain data in an arena, made by the parser, read by bind and print.
 *
 * Owns nothing: every pointer and slice lives in the arena that was given to the parser, or in the
 * text (which lives there too). Nothing here is resolved: names are names, `days` as an argument is
 * a column until a function signature says that it is a unit.
 *
 * Invariants
 *  - Every node has a span: a byte range in the script's text, so that an error can point at it.
 *  - Unquoted identifiers are upper-cased in `name`; quoted ones (" or `) keep their case.
 *  - An expression is at most WEIR_EXPR_DEPTH_MAX deep, a type WEIR_TYPE_DEPTH_MAX, and nested
 *    queries are bounded by WEIR_PARSE_DEPTH_MAX: recursive walkers are safe.
 *  - ALL child expressions of an expression are in `args` (the OVER clause of a call is the one
 *    exception), so that a generic walker needs no switch.
 *  - Lists are arrays with a count; an empty list is {NULL, 0}. An absent clause is a NULL pointer.
 *  - Parentheses leave no trace, except that they end a run of AND or OR that is not the left one. */
#pragma once
#include "engine/base/base.h"
#include "engine/base/status.h"

typedef struct weir_ast_expr weir_ast_expr;
typedef struct weir_ast_type weir_ast_type;
typedef struct weir_ast_query weir_ast_query;
typedef struct weir_ast_stmt weir_ast_stmt;

/* ---------------------------------------------------------------- names, units, small parts */

/* `name.n == 0` means "not given" where an identifier is optional (`` `` `` does not parse). */
typedef struct weir_ast_ident {
    weir_sv name; /* upper-cased unless quoted; quotes removed and undoubled */
    weir_span span;
    bool quoted;
    bool variable; /* ${x} that was not substituted: name is x as written */
} weir_ast_ident;

static inline bool weir_ast_has(const weir_ast_ident *id)
{
    return id->name.n != 0;
}

typedef struct weir_ast_idents {
    weir_ast_ident *items;
    uint32_t n;
    uint32_t cap;
} weir_ast_idents;

typedef struct weir_ast_exprs {
    weir_ast_expr **items;
    uint32_t n;
    uint32_t cap;
} weir_ast_exprs;

/* ORDER weir_unit: names and milliseconds in ast.c */
typedef enum weir_unit {
    WEIR_UNIT_MILLISECONDS,
    WEIR_UNIT_SECONDS,
    WEIR_UNIT_MINUTES,
    WEIR_UNIT_HOURS,
    WEIR_UNIT_DAYS,
} weir_unit;

/* `5 MINUTES`, also `INTERVAL '5' MINUTE`. Not checked for sign or overflow in milliseconds. */
typedef struct weir_ast_duration {
    int64_t count;
    weir_unit unit;
    weir_span span; /* n == 0: the clause was not given */
} weir_ast_duration;

static inline bool weir_ast_given(const weir_ast_duration *d)
{
    return d->span.n != 0;
}

/* ---------------------------------------------------------------- types */

/* ORDER weir_ast_type_kind: names in ast.c */
typedef enum weir_ast_type_kind {
    WEIR_TY_BOOLEAN,
    WEIR_TY_INTEGER, /* INT, INTEGER */
    WEIR_TY_BIGINT,
    WEIR_TY_DOUBLE,
    WEIR_TY_DECIMAL, /* precision, scale: 1 <= p, 0 <= s <= p are checked */
    WEIR_TY_STRING,  /* STRING, VARCHAR, VARCHAR(n), VARCHAR(STRING) */
    WEIR_TY_BYTES,
    WEIR_TY_DATE,
    WEIR_TY_TIME,
    WEIR_TY_TIMESTAMP,
    WEIR_TY_ARRAY,  /* item */
    WEIR_TY_MAP,    /* key, item */
    WEIR_TY_STRUCT, /* fields; may be empty */
    WEIR_TY_CUSTOM, /* name: made with CREATE TYPE, or unknown */
} weir_ast_type_kind;

typedef struct weir_ast_field {
    weir_ast_ident name;
    weir_ast_type *type;
} weir_ast_field;

typedef struct weir_ast_fields {
    weir_ast_field *items;
    uint32_t n;
    uint32_t cap;
} weir_ast_fields;

struct weir_ast_type {
    weir_ast_type_kind kind;
    uint16_t depth; /* 1 for a scalar */
    weir_span span;
    int32_t precision; /* DECIMAL */
    int32_t scale;
    weir_ast_type *key;     /* MAP */
    weir_ast_type *item;    /* ARRAY, MAP (the value) */
    weir_ast_fields fields; /* STRUCT */
    weir_ast_ident name;    /* CUSTOM */
};

/* ---------------------------------------------------------------- expressions */

/* What an expression is. */
typedef enum weir_ast_expr_kind {
    WEIR_X_NULL,
    WEIR_X_BOOLEAN, /* as.boolean */
    WEIR_X_INTEGER, /* as.integer, fits int32; a minus sign in front of a number is part of it */
    WEIR_X_BIGINT,  /* as.integer */
    WEIR_X_DECIMAL, /* as.text: [-]digits[.digits], as written, or the text of DECIMAL '…' */
    WEIR_X_DOUBLE,  /* as.real, finite */
    WEIR_X_STRING,  /* as.text: quotes removed and undoubled */
    WEIR_X_VARIABLE, /* as.text: the x of a ${x} that was not substituted */
    WEIR_X_COLUMN,  /* as.column: [qualifier.]name; also lambda parameters, units, item.field */
    WEIR_X_FIELD,   /* args[0] -> as.name */
    WEIR_X_INDEX,   /* args[0] [ args[1] ] */
    WEIR_X_UNARY,   /* op WEIR_OP_ADD or WEIR_OP_SUB, args[0] */
    WEIR_X_BINARY,  /* op WEIR_OP_ADD … WEIR_OP_CONCAT, args[0], args[1] */
    WEIR_X_COMPARE, /* op WEIR_OP_EQ … WEIR_OP_DISTINCT, args[0], args[1] */
    WEIR_X_LOGIC,   /* op WEIR_OP_AND or WEIR_OP_OR, args[0..n): n >= 2, left to right */
    WEIR_X_NOT,     /* args[0]. NOT IN, NOT LIKE, NOT BETWEEN, IS NOT DISTINCT FROM are NOT(…) */
    WEIR_X_IS_NULL, /* args[0]; as.negated: IS NOT NULL */
    WEIR_X_BETWEEN, /* args[0] BETWEEN args[1] AND args[2] */
    WEIR_X_IN,      /* args[0] IN (args[1..n)): n >= 2 */
    WEIR_X_LIKE,    /* args[0] LIKE args[1]; as.text: the ESCAPE character (UTF-8) or empty */
    WEIR_X_CASE,    /* as.kase; args: [operand] (when, then)+ [else] */
    WEIR_X_CAST,    /* CAST(args[0] AS as.type) */
    WEIR_X_ARRAY,   /* ARRAY[args…] */
    WEIR_X_MAP,     /* MAP(args[0] := args[1], …): an even number */
    WEIR_X_STRUCT,  /* STRUCT(as.names[i] := args[i], …) */
    WEIR_X_CALL,    /* as.call (args…) */
    WEIR_X_LAMBDA,  /* as.names => args[0]; only as a direct argument of a call */
    WEIR_X_AT_ZONE, /* args[0] AT TIME ZONE as.text */
} weir_ast_expr_kind;

/* ORDER weir_ast_op: texts in ast.c */
typedef enum weir_ast_op {
    WEIR_OP_NONE,
    WEIR_OP_ADD,
    WEIR_OP_SUB,
    WEIR_OP_MUL,
    WEIR_OP_DIV,
    WEIR_OP_MOD,
    WEIR_OP_CONCAT,
    WEIR_OP_EQ,
    WEIR_OP_NE,
    WEIR_OP_LT,
    WEIR_OP_LE,
    WEIR_OP_GT,
    WEIR_OP_GE,
    WEIR_OP_DISTINCT, /* IS DISTINCT FROM */
    WEIR_OP_AND,
    WEIR_OP_OR,
} weir_ast_op;

typedef struct weir_ast_order {
    weir_ast_expr *expr;
    bool desc;
} weir_ast_order;

typedef struct weir_ast_orders {
    weir_ast_order *items;
    uint32_t n;
    uint32_t cap;
} weir_ast_orders;

/* OVER ([PARTITION BY …] [ORDER BY …]). Extension. */
typedef struct weir_ast_over {
    weir_ast_exprs partition_by;
    weir_ast_orders order_by;
    weir_span span;
} weir_ast_over;

typedef struct weir_ast_call {
    weir_ast_ident name;
    bool star;           /* COUNT(*): no args */
    bool distinct;       /* COUNT(DISTINCT x). Extension */
    weir_ast_over *over; /* may be NULL */
} weir_ast_call;

struct weir_ast_expr {
    weir_ast_expr_kind kind;
    weir_ast_op op;
    uint16_t depth; /* 1 for a leaf */
    weir_span span;
    weir_span at; /* where ksqlDB says it is: the operator of a binary node, else the span */
    weir_ast_expr **args;
    uint32_t n;
    uint32_t cap;
    union {
        bool boolean;
        bool negated;
        int64_t integer;
        double real;
        weir_sv text;
        weir_ast_type *type;
        weir_ast_ident name;
        weir_ast_idents names;
        weir_ast_call call;
        struct {
            weir_ast_ident qualifier; /* may be absent */
            weir_ast_ident name;
        } column;
        struct {
            bool has_operand; /* simple CASE: args[0] is compared with every WHEN */
            bool has_else;    /* the last arg */
        } kase;
    } as;
};

/* ---------------------------------------------------------------- relations */

/* ORDER weir_ast_join_kind: names in ast.c. (WEIR_JOIN_* and WEIR_WINDOW_* are the plan's.) */
typedef enum weir_ast_join_kind {
    WEIR_AST_JOIN_NONE, /* the first relation of FROM */
    WEIR_AST_JOIN_INNER,
    WEIR_AST_JOIN_LEFT,
    WEIR_AST_JOIN_RIGHT,
    WEIR_AST_JOIN_FULL,
} weir_ast_join_kind;

typedef enum weir_ast_rel_kind {
    WEIR_REL_SOURCE, /* name */
    WEIR_REL_QUERY,  /* (SELECT …). Extension */
    WEIR_REL_UNNEST, /* UNNEST(expr): a row per element. Extension; only as a joined relation */
} weir_ast_rel_kind;

/* WITHIN before [, after] [GRACE PERIOD grace]. With one size, after == before. */
typedef struct weir_ast_within {
    weir_ast_duration before;
    weir_ast_duration after;
    weir_ast_duration grace; /* optional */
    weir_span span;
} weir_ast_within;

/* The row pattern of MATCH_RECOGNIZE, as a tree: a lone `a` is one VAR, without a SEQ around it. */
typedef enum weir_ast_pattern_kind {
    WEIR_PATTERN_VAR, /* name */
    WEIR_PATTERN_SEQ, /* items, one after the other */
    WEIR_PATTERN_ALT, /* items, one of them: a | b */
} weir_ast_pattern_kind;

#define WEIR_PATTERN_MANY UINT32_MAX
typedef struct weir_ast_pattern {
    weir_ast_pattern_kind kind;
    uint16_t depth;
    uint32_t min;   /* quantifier: {1, 1} if none; * {0, MANY}; + {1, MANY}; ? {0, 1}; {n,m} */
    uint32_t max;
    bool reluctant; /* `?` after the quantifier */
    bool grouped;   /* written in parentheses; of no meaning to the reader of the tree */
    weir_ast_ident name;
    struct weir_ast_pattern **items;
    uint32_t n;
    uint32_t cap;
    weir_span span;
} weir_ast_pattern;

typedef struct weir_ast_named_expr {
    weir_ast_ident name;
    weir_ast_expr *expr;
} weir_ast_named_expr;

typedef struct weir_ast_named_exprs {
    weir_ast_named_expr *items;
    uint32_t n;
    uint32_t cap;
} weir_ast_named_exprs;

typedef enum weir_ast_skip {
    WEIR_SKIP_PAST_LAST_ROW, /* also when the clause is missing */
    WEIR_SKIP_TO_NEXT_ROW,
    WEIR_SKIP_TO_FIRST, /* skip_to names the variable */
    WEIR_SKIP_TO_LAST,
} weir_ast_skip;

/* MATCH_RECOGNIZE (…): ONE ROW PER MATCH is the only form. Extension. */
typedef struct weir_ast_match {
    weir_ast_exprs partition_by;
    weir_ast_orders order_by;
    weir_ast_named_exprs measures;
    weir_ast_skip skip;
    weir_ast_ident skip_to;
    weir_ast_pattern *pattern;
    weir_ast_duration within; /* optional */
    weir_ast_named_exprs defines;
    weir_span span;
} weir_ast_match;

/* One relation of FROM: the first, or one that is joined to those before it (left-deep). */
typedef struct weir_ast_rel {
    weir_ast_rel_kind kind;
    weir_ast_join_kind join;
    weir_span span;         /* from JOIN's first word to the end of ON */
    weir_ast_ident name;    /* SOURCE */
    weir_ast_query *query;  /* QUERY */
    weir_ast_expr *unnest;  /* UNNEST */
    weir_ast_match *match;  /* MATCH_RECOGNIZE after the relation; may be NULL */
    weir_ast_ident alias;   /* optional; the binder uses name if absent */
    weir_ast_within *within; /* NULL if not given */
    weir_ast_expr *on;      /* NULL for the first relation and for UNNEST without ON */
} weir_ast_rel;

typedef struct weir_ast_rels {
    weir_ast_rel *items;
    uint32_t n;
    uint32_t cap;
} weir_ast_rels;

/* ---------------------------------------------------------------- queries */

typedef enum weir_ast_item_kind {
    WEIR_ITEM_EXPR,       /* expr [[AS] alias] */
    WEIR_ITEM_ALL,        /* * */
    WEIR_ITEM_SOURCE_ALL, /* source.* */
    WEIR_ITEM_STRUCT_ALL, /* expr->* */
} weir_ast_item_kind;

typedef struct weir_ast_item {
    weir_ast_item_kind kind;
    weir_span span;
    weir_ast_expr *expr;
    weir_ast_ident alias;
    weir_ast_ident source;
} weir_ast_item;

typedef struct weir_ast_items {
    weir_ast_item *items;
    uint32_t n;
    uint32_t cap;
} weir_ast_items;

typedef enum weir_ast_window_kind {
    WEIR_AST_WINDOW_TUMBLING,
    WEIR_AST_WINDOW_HOPPING,
    WEIR_AST_WINDOW_SESSION,
} weir_ast_window_kind;

typedef struct weir_ast_window {
    weir_ast_window_kind kind;
    weir_span span;
    weir_ast_ident name; /* WINDOW w TUMBLING (…): parses, means nothing */
    weir_ast_duration size; /* SESSION: the gap */
    weir_ast_duration advance;   /* HOPPING */
    weir_ast_duration retention; /* optional */
    weir_ast_duration grace;     /* optional */
} weir_ast_window;

typedef enum weir_ast_emit {
    WEIR_EMIT_NONE, /* a pull query, or CHANGES in a persistent one */
    WEIR_EMIT_CHANGES,
    WEIR_EMIT_FINAL,
} weir_ast_emit;

typedef struct weir_ast_cte {
    weir_ast_ident name;
    weir_ast_query *query;
} weir_ast_cte;

typedef struct weir_ast_ctes {
    weir_ast_cte *items;
    uint32_t n;
    uint32_t cap;
} weir_ast_ctes;

/* Clauses are collected in any order; each at most once. `has_*` tells GROUP BY () from none. */
struct weir_ast_query {
    weir_span span;
    weir_ast_ctes ctes; /* WITH name AS (…), …. Extension */
    bool distinct;      /* SELECT DISTINCT. Extension */
    weir_ast_items select;
    weir_ast_rels from; /* n >= 1 */
    weir_ast_window *window;
    weir_ast_expr *where;
    bool has_group_by;
    bool has_partition_by;
    weir_ast_exprs group_by;
    weir_ast_exprs partition_by;
    weir_ast_expr *having;
    weir_ast_orders order_by; /* Extension */
    weir_ast_emit emit;
    bool has_limit;
    bool has_offset;
    int64_t limit;
    int64_t offset; /* Extension */
    weir_span window_span; /* of each clause, for errors about it; n == 0: not given */
    weir_span where_span;
    weir_span group_by_span;
    weir_span partition_by_span;
    weir_span having_span;
    weir_span order_by_span;
    weir_span emit_span;
    weir_span limit_span;
    weir_span offset_span;
    /* UNION ALL: the branches after this one. ORDER BY, EMIT, LIMIT and OFFSET written after the
     * last branch belong to the whole and are found in the first (this) query. Extension. */
    weir_ast_query **unions;
    uint32_t n_unions;
    uint32_t cap_unions;
};

/* ---------------------------------------------------------------- statements */

typedef enum weir_ast_column_role {
    WEIR_COLUMN_VALUE,
    WEIR_COLUMN_KEY,
    WEIR_COLUMN_PRIMARY_KEY,
    WEIR_COLUMN_HEADERS,
    WEIR_COLUMN_HEADER, /* header: the 'k' of HEADER('k') */
} weir_ast_column_role;

typedef struct weir_ast_column {
    weir_ast_ident name;
    weir_ast_type *type;
    weir_ast_column_role role;
    weir_sv header;
    weir_span span;
} weir_ast_column;

typedef struct weir_ast_columns {
    weir_ast_column *items;
    uint32_t n;
    uint32_t cap;
} weir_ast_columns;

/* NAME = literal. Unquoted names are upper-cased, names in any quotes are as written. */
typedef struct weir_ast_prop {
    weir_sv name;
    weir_span span; /* of the name */
    weir_ast_expr *value; /* a literal or WEIR_X_VARIABLE */
} weir_ast_prop;

typedef struct weir_ast_props {
    weir_ast_prop *items;
    uint32_t n;
    uint32_t cap;
} weir_ast_props;

/* ORDER weir_ast_stmt_kind: names in ast.c. After each: the member of `as`, or "no member". */
typedef enum weir_ast_stmt_kind {
    WEIR_S_QUERY,             /* as.query: SELECT, push (EMIT) or pull */
    WEIR_S_CREATE,            /* as.create */
    WEIR_S_INSERT_QUERY,      /* as.insert */
    WEIR_S_INSERT_VALUES,     /* as.values */
    WEIR_S_DROP,              /* as.drop: STREAM or TABLE */
    WEIR_S_ALTER,             /* as.alter */
    WEIR_S_CREATE_TYPE,       /* as.create_type */
    WEIR_S_DROP_TYPE,         /* as.drop */
    WEIR_S_CREATE_CONNECTOR,  /* as.create_connector */
    WEIR_S_DROP_CONNECTOR,    /* as.drop */
    WEIR_S_TERMINATE,         /* as.target: name absent = ALL */
    WEIR_S_PAUSE,             /* as.target */
    WEIR_S_RESUME,            /* as.target */
    WEIR_S_EXPLAIN,           /* as.explain */
    WEIR_S_DESCRIBE,          /* as.target: a stream or table, [extended] */
    WEIR_S_DESCRIBE_STREAMS,  /* as.target: only extended */
    WEIR_S_DESCRIBE_TABLES,   /* as.target: only extended */
    WEIR_S_DESCRIBE_FUNCTION, /* as.target: name */
    WEIR_S_DESCRIBE_CONNECTOR, /* as.target: name */
    WEIR_S_PAUSE_CONNECTOR,   /* as.target: name */
    WEIR_S_RESUME_CONNECTOR,  /* as.target: name */
    WEIR_S_CHECK_CONNECTOR,   /* as.target: name */
    WEIR_S_SHOW,              /* as.show */
    WEIR_S_PRINT,             /* as.print */
    WEIR_S_SET,               /* as.set: name, value */
    WEIR_S_UNSET,             /* as.set: name */
    WEIR_S_ALTER_SYSTEM,      /* as.set: name, value */
    WEIR_S_DEFINE,            /* as.set: name (as written), value */
    WEIR_S_UNDEFINE,          /* as.set: name */
    WEIR_S_ASSERT_TOPIC,      /* as.assert_topic */
    WEIR_S_ASSERT_SCHEMA,     /* as.assert_schema */
    WEIR_S_ASSERT_VALUES,     /* as.values */
    WEIR_S_ASSERT_NULL_VALUES, /* as.values: columns and values of the key */
    WEIR_S_ASSERT_SOURCE,     /* as.create: table, name, columns, props */
    WEIR_S_RUN_SCRIPT,        /* as.set: value is the file */
} weir_ast_stmt_kind;

typedef enum weir_ast_show {
    WEIR_SHOW_PROPERTIES,
    WEIR_SHOW_TOPICS,
    WEIR_SHOW_STREAMS,
    WEIR_SHOW_TABLES,
    WEIR_SHOW_FUNCTIONS,
    WEIR_SHOW_CONNECTORS,
    WEIR_SHOW_SOURCE_CONNECTORS,
    WEIR_SHOW_SINK_CONNECTORS,
    WEIR_SHOW_CONNECTOR_PLUGINS,
    WEIR_SHOW_TYPES,
    WEIR_SHOW_VARIABLES,
    WEIR_SHOW_QUERIES,
} weir_ast_show;

/* CREATE [OR REPLACE] [SOURCE] STREAM|TABLE [IF NOT EXISTS] name [(columns)] [WITH (…)] [AS query] */
typedef struct weir_ast_create {
    bool table;
    bool or_replace;
    bool source;
    bool if_not_exists;
    weir_ast_ident name;
    weir_ast_columns columns; /* none: inferred, or AS query */
    weir_ast_props props;
    weir_span props_span;  /* n == 0: no WITH */
    weir_ast_query *query; /* NULL without AS */
} weir_ast_create;

struct weir_ast_stmt {
    weir_ast_stmt_kind kind;
    bool has_variables; /* "${" occurs in the text: substitute it and parse it again before use */
    weir_span span;
    weir_sv text; /* from the first token to the `;`, both included */
    union {
        weir_ast_query *query;
        weir_ast_create create;
        struct {
            weir_ast_ident name;
            weir_ast_props props; /* QUERY_ID */
            weir_span props_span;
            weir_ast_query *query;
        } insert;
        struct {
            weir_ast_ident name;
            weir_ast_idents columns; /* none given: all, in order */
            weir_ast_exprs values;
        } values;
        struct {
            bool table;
            bool if_exists;
            bool delete_topic;
            bool cascade; /* Extension */
            weir_ast_ident name;
        } drop;
        struct {
            bool table;
            weir_ast_ident name;
            weir_ast_columns columns; /* ADD [COLUMN] name type, … */
        } alter;
        struct {
            bool if_not_exists;
            weir_ast_ident name;
            weir_ast_type *type;
        } create_type;
        struct {
            bool sink; /* else SOURCE */
            bool if_not_exists;
            weir_ast_ident name;
            weir_ast_props props;
            weir_span props_span;
        } create_connector;
        struct {
            weir_ast_ident name; /* absent: ALL */
            bool extended;
        } target;
        struct {
            weir_ast_ident query_id; /* or */
            weir_ast_stmt *stmt;
        } explain;
        struct {
            weir_ast_show what;
            bool extended;
            bool all; /* ALL TOPICS */
        } show;
        struct {
            weir_sv topic; /* case as written */
            weir_span topic_span;
            bool from_beginning;
            bool has_interval;
            bool has_limit;
            int64_t interval;
            int64_t limit;
        } print;
        struct {
            weir_sv name;
            weir_sv value;
            weir_span name_span;
            weir_span value_span;
        } set;
        struct {
            bool not_exists;
            weir_sv topic; /* case as written */
            weir_span topic_span;
            weir_ast_props props;
            weir_span props_span;
            weir_ast_duration timeout; /* optional */
        } assert_topic;
        struct {
            bool not_exists;
            bool has_subject;
            weir_sv subject;
            weir_ast_expr *id; /* a literal; NULL if not given */
            weir_ast_duration timeout; /* optional */
        } assert_schema;
    } as;
};

/* `--@name: value`: for the test runner. Its place among the statements is its span. */
typedef struct weir_ast_directive {
    weir_sv name;
    weir_sv value; /* trimmed; may be empty */
    weir_span span;
} weir_ast_directive;

typedef struct weir_script {
    weir_sv text; /* NUL-terminated copy in the arena; all spans point into it */
    weir_ast_stmt **stmts; /* those that parsed, in order */
    uint32_t n_stmts;
    uint32_t cap_stmts;
    uint32_t n_failed; /* statements with an error: see the diagnostics */
    weir_ast_directive *directives;
    uint32_t n_directives;
    uint32_t cap_directives;
} weir_script;

/* ---------------------------------------------------------------- questions about nodes */

const char *weir_ast_stmt_name(weir_ast_stmt_kind kind); /* "CREATE", "INSERT VALUES", … */
const char *weir_ast_type_name(weir_ast_type_kind kind); /* "INTEGER", …; "" for CUSTOM */
const char *weir_ast_join_name(weir_ast_join_kind kind); /* "INNER", "LEFT OUTER", … */
const char *weir_ast_op_text(weir_ast_op op);            /* "+", "<>", "IS DISTINCT FROM", … */
const char *weir_unit_name(weir_unit unit);              /* "DAYS", … */
int64_t weir_unit_ms(weir_unit unit);
/* DAY, DAYS, …, in any case. */
bool weir_unit_of(weir_sv word, weir_unit *out);
/* A bare unquoted word in argument position that can be a unit: TIMESTAMPADD(DAYS, 3, ts). */
bool weir_ast_expr_as_unit(const weir_ast_expr *e, weir_unit *out);
bool weir_ast_is_literal(const weir_ast_expr *e);
/* Calls `visit` for `e` and everything below it, parents first, the OVER clause included.
 * `visit` returns false to leave out what is below. */
typedef bool weir_ast_visit(void *user, const weir_ast_expr *e);
void weir_ast_walk(const weir_ast_expr *e, weir_ast_visit *visit, void *user);
/* Same tree up to spans: `a+b` equals `A + B`. What GROUP BY matching needs. */
bool weir_ast_expr_eq(const weir_ast_expr *a, const weir_ast_expr *b);
bool weir_ast_type_eq(const weir_ast_type *a, const weir_ast_type *b);
