/* Functions, aggregates and table functions are rows in tables, found by name at bind time.
 *
 *   weir_function  name, category, docs  ──► overloads ──► kernel
 *   weir_functions the registry: all rows of operators/functions.def, sorted by name
 *
 * A signature is text, parsed once when the registry is built:
 *
 *   "INT, DOUBLE -> DOUBLE"      "ARRAY<T>, T -> BOOLEAN"     "STRING... -> STRING"  (variadic)
 *   "ARRAY<T>, (T) => BOOLEAN -> ARRAY<T>"                    lambda argument
 *   "DECIMAL -> *"               result type computed by `ret`
 *   "T, init INT -> ARRAY<T>"    aggregate argument that must be a literal
 *   "UNIT, INT, DATE -> DATE"    window unit word      "ANY... -> *" arguments of any type
 *
 * T E K V S R are generic types. `INT` means INTEGER.
 *
 * Kernels come in two forms: `row` (boxed values, one row; simple, for the many) and `vec` (typed
 * loops over a selection; for the hot). Exactly one is set. */
#pragma once
#include "engine/data/vec.h"

typedef struct weir_call weir_call;
typedef struct weir_program weir_program;

/* A row kernel returns its result, or weir_row_error(call, …) for a row error. */
typedef weir_value (*weir_fn_row)(weir_call *c, const weir_value *args, uint32_t n);
/* A vector kernel writes out->data (flat, full capacity), and valid/err for the selected rows.
 * `sel` NULL: rows 0..n-1. Rows with a failed or (without WEIR_FN_NULLS) NULL argument are already
 * taken out of `sel` and NULL in `out`. */
typedef void (*weir_fn_vec)(weir_call *c, const weir_vec *args, uint32_t nargs,
                            const uint16_t *sel, uint32_t n, weir_vec *out);

enum {
    WEIR_FN_NULLS = 1,   /* sees NULL arguments; without it any NULL argument gives NULL */
    WEIR_FN_IMPURE = 2,  /* RANDOM, UUID, UNIX_TIMESTAMP(): never folded */
};

typedef struct weir_overload {
    const char *sig;
    weir_fn_row row;
    weir_fn_vec vec;
    uint32_t flags;
    /* Result type where the signature says `*`; NULL otherwise. Fails with a SQL error. */
    const weir_type *(*ret)(weir_arena *a, const weir_type *const *args, uint32_t n,
                            weir_status *st);
    /* Once per call site before the first row: compile literal patterns into c->prepared (arena
     * c->plan_arena). NULL when there is nothing to do. A bad literal is not an error here: leave
     * `prepared` NULL and fail per row, as ksqlDB does. */
    void (*prepare)(weir_call *c);
} weir_overload;

typedef struct weir_agg weir_agg;

/* ORDER weir_category: names in func.c, as ksqlDB prints them */
typedef enum weir_category {
    WEIR_CAT_AGGREGATE, WEIR_CAT_ARRAY, WEIR_CAT_CONDITIONAL, WEIR_CAT_CONVERSIONS,
    WEIR_CAT_DATE_TIME, WEIR_CAT_JSON, WEIR_CAT_LAMBDA, WEIR_CAT_MAP, WEIR_CAT_MATH,
    WEIR_CAT_REGEX, WEIR_CAT_STRING, WEIR_CAT_TABLE, WEIR_CAT_URL, WEIR_CAT_OTHER
} weir_category;

typedef struct weir_function {
    const char *name; /* upper case */
    weir_category category;
    const char *doc;      /* one sentence; never empty */
    const char *example;  /* "LCASE('Abc') → abc"; never empty */
    const weir_overload *overloads; /* scalar and table functions */
    uint32_t n_overloads;
    const weir_agg *aggs; /* aggregates: one per overload */
    uint32_t n_aggs;
    bool table_function;  /* the result is an array that becomes rows */
} weir_function;

/* One call site. Lives in the plan; `arena` is set to the step arena before each evaluation. */
struct weir_call {
    const weir_function *function;
    const weir_overload *overload; /* or agg */
    const weir_agg *agg;
    uint32_t nargs;
    const weir_type *const *arg_types;  /* after coercion to the signature */
    const weir_value *const *literals;  /* per argument: its literal value, or NULL */
    const weir_type *type;              /* of the result */
    weir_arena *plan_arena;
    weir_arena *arena;                  /* step memory: results live here */
    void *prepared;
    const struct weir_settings *settings;
    /* Lambda arguments: evaluate with weir_lambda_eval (program.h). */
    struct weir_lambda *const *lambdas; /* per argument, or NULL */
    uint32_t row;                       /* row being evaluated (row kernels with lambdas) */
    bool failed;                        /* set by weir_row_error */
    weir_sv error;                      /* its message, in `arena` */
};

const char *weir_category_name(weir_category c); /* "DATE / TIME" */

/* Values a function reads from the session or server. Constant for the life of a query. */
typedef struct weir_settings {
    bool substring_legacy_args;  /* ksql.functions.substring.legacy.args */
    int32_t collect_list_limit;  /* ksql.functions.collect_list.limit; < 0: none */
    int32_t collect_set_limit;
    bool timestamp_throw_on_invalid;
    int64_t (*now_ms)(void *clock); /* wall clock, by the host's leave */
    void *clock;
} weir_settings;

/* Marks the row as failed; returns a NULL of the result type. */
weir_value weir_row_error(weir_call *c, const char *fmt, ...) WEIR_PRINTF(2, 3);

/* An aggregate. Its state is `state_bytes` inline bytes, 16-byte aligned, zeroed before init, that
 * may own heap objects (then free() releases them). Fills in from a row form (step/undo) or a
 * vector form (update…). */
struct weir_agg {
    const char *sig; /* "INT -> INT", "T, init INT -> ARRAY<T>" */
    uint32_t state_bytes;
    void (*init)(weir_call *c, void *state); /* NULL: zeroes are the initial state */
    void (*free)(weir_call *c, void *state); /* NULL: owns nothing */
    /* Row form. NULL arguments are passed. Returning false sets c->error: the query must stop
     * (SUM overflow), as in ksqlDB. */
    bool (*step)(weir_call *c, void *state, const weir_value *args);
    bool (*undo)(weir_call *c, void *state, const weir_value *args); /* NULL: not table-capable */
    weir_value (*result)(weir_call *c, const void *state);
    /* The state begins with the result as a vector holds it, and is never NULL: it is copied instead of
     * calling `result`. */
    bool plain;
    /* into ← into followed by from (session merge). Sets c->failed and c->error when the query must
     * stop (SUM overflow). */
    void (*merge)(weir_call *c, void *into, const void *from);
    void (*save)(weir_call *c, const void *state, weir_buf *out);
    bool (*load)(weir_call *c, void *state, weir_reader *in);
    /* Vector form, optional, for the hot aggregates: update states[i] with row sel[i] for each i <
     * n (sel NULL: row i). emit != NULL: also write the result after each row to emit[sel[i]]. */
    bool (*update)(weir_call *c, void *const *states, const weir_vec *args, const uint16_t *sel,
                   uint32_t n, weir_vec *emit);
    const weir_type *(*ret)(weir_arena *a, const weir_type *const *args, uint32_t n,
                            weir_status *st);
    /* Once per call site and task before the first row; as in weir_overload. */
    void (*prepare)(weir_call *c);
    /* While binding: refuses literals that make no sense (LATEST_BY_OFFSET(x, 0)). NULL: none. */
    weir_rc (*check)(const weir_call *c, weir_status *st);
};

typedef struct weir_functions weir_functions; /* the registry; immutable after build */

/* Builds the registry from rows. Aborts on a bad row (unparsable signature, empty doc, duplicate
 * name): the tables are part of the program. */
weir_functions *weir_functions_new(const weir_function *const *rows, uint32_t n);
void weir_functions_free(weir_functions *f);
const weir_function *weir_functions_find(const weir_functions *f, weir_sv name); /* any case */
/* Nearest name by edit distance, for "did you mean"; NULL when nothing is near. */
const weir_function *weir_functions_nearest(const weir_functions *f, weir_sv name);
uint32_t weir_functions_count(const weir_functions *f);
const weir_function *weir_functions_at(const weir_functions *f, uint32_t i); /* sorted by name */

/* Overload resolution. `args` may hold WEIR_T_NULL (literal NULL) and WEIR_T_LAMBDA. For lambda
 * arguments the body's type is not known yet: resolution fixes the parameter types first; the
 * binder then binds the bodies and calls weir_resolve_result.
 * On success fills `out`: overload index, coerced argument types, result type (NULL while a lambda
 * body is open), lambda parameter types. Errors have ksqlDB's wording ("Function 'X' does not
 * accept parameters (…)", "Valid alternatives are: …"). */
typedef struct weir_resolved {
    uint32_t index;                     /* into overloads or aggs */
    uint32_t n;
    const weir_type **args;             /* coerced; NULL for lambdas */
    const bool *is_init;                /* aggregate arguments that must be literals */
    struct {
        uint32_t n;
        const weir_type **params;
        const weir_type *result;        /* known, or NULL: taken from the bound body */
    } *lambdas;                         /* per argument */
    const weir_type *result;
    void *generics;                     /* internal: bound generic types */
} weir_resolved;
weir_rc weir_functions_resolve(const weir_functions *f, const weir_function *fn,
                               const weir_type *const *args, const uint32_t *lambda_arity,
                               uint32_t n, weir_arena *a, weir_resolved *out, weir_status *st);
/* Gives the type of lambda argument `at`'s body; fixes generics that depend on it. */
weir_rc weir_resolved_lambda(weir_resolved *r, uint32_t at, const weir_type *body, weir_arena *a,
                             weir_status *st);
/* The result type once every lambda is known. */
weir_rc weir_resolved_finish(weir_resolved *r, const weir_function *fn, weir_arena *a,
                             weir_status *st);
/* "LCASE(STRING)" etc. for DESCRIBE FUNCTION: prints overload i. */
void weir_overload_print(const weir_functions *f, const weir_function *fn, uint32_t i, weir_buf *out);
