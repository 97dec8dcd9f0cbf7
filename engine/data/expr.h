/* Bound expressions: typed trees over the columns of one input schema. Made by dsl/bind, read by
 * program.c (compile), by EXPLAIN, and by nobody else. Immutable after binding.
 *
 * Semantics are ksqlDB's (reference: expressions):
 *   - comparison with NULL is FALSE, never NULL; NOT of it is TRUE
 *   - arithmetic, boolean logic and LIKE on NULL operands, failing casts and failing calls are row
 *     *errors*. An error spreads upwards until something isolates it, i.e. turns it into NULL:
 *     CAST (its operand and its own failure), the items of ARRAY, MAP and STRUCT constructors, and
 *     a CALL or FIELD that is directly an argument of a CALL. Other operands do not isolate:
 *     COALESCE(1 / 0, 5) is an error
 *   - an error that reaches the root makes a select column NULL, drops a row in WHERE, skips it in
 *     GROUP BY, gives a NULL key in PARTITION BY. In WHERE and GROUP BY nothing isolates at all
 *     (weir_program_filter, weir_program_strict)
 *   - AND, OR and CASE evaluate only what they need */
#pragma once
#include "engine/data/func.h"
#include "engine/data/schema.h"

/* ORDER weir_ex: names in expr.c */
typedef enum weir_ex {
    WEIR_EX_COLUMN,   /* column of the input */
    WEIR_EX_LITERAL,  /* value */
    WEIR_EX_CALL,     /* kids: arguments, coerced by CASTs where needed */
    WEIR_EX_CAST,     /* kid 0 → type, explicit or implicit */
    WEIR_EX_ADD, WEIR_EX_SUB, WEIR_EX_MUL, WEIR_EX_DIV, WEIR_EX_MOD, /* kids of the common type;
                         DECIMAL kids keep their own precision and scale */
    WEIR_EX_NEG,
    WEIR_EX_EQ, WEIR_EX_NE, WEIR_EX_LT, WEIR_EX_LE, WEIR_EX_GT, WEIR_EX_GE, /* kids of one type
                         (DECIMAL: any precision and scale; against DOUBLE compared exactly) */
    WEIR_EX_DISTINCT, WEIR_EX_NOT_DISTINCT, /* NULL-safe */
    WEIR_EX_AND, WEIR_EX_OR, WEIR_EX_NOT,
    WEIR_EX_IS_NULL, WEIR_EX_IS_NOT_NULL,
    WEIR_EX_IN,       /* kid 0 in kids 1..n-1, all of one type; NULLs never match */
    WEIR_EX_LIKE,     /* kid 0 LIKE kid 1; escape in `escape` (0 = none) */
    WEIR_EX_CASE,     /* kids: when, then, when, then, …, [else]; odd count = with else */
    WEIR_EX_INDEX,    /* ARRAY[i] 1-based, negative from the end; MAP[k] */
    WEIR_EX_FIELD,    /* STRUCT field number `field` */
    WEIR_EX_ARRAY, WEIR_EX_MAP, WEIR_EX_STRUCT, /* constructors; MAP kids: k, v, k, v … */
    WEIR_EX_LAMBDA,   /* argument of CALL: kid 0 is the body, params in `lambda` */
    WEIR_EX_PARAM,    /* lambda parameter: `param` = number in the frame (see weir_lambda_def) */
} weir_ex;

typedef struct weir_lambda_def {
    uint32_t first_param, n_params;     /* numbers of this lambda's parameters; unique in the tree */
    const weir_type *const *param_types;
} weir_lambda_def;

typedef struct weir_expr weir_expr;
struct weir_expr {
    weir_ex ex;
    const weir_type *type;
    uint32_t n;
    const weir_expr *const *kids;
    weir_span span;             /* in the statement's text */
    union {
        uint32_t column;
        uint32_t field;
        uint32_t param;
        uint32_t escape;        /* code point */
        bool widen;             /* CAST: of an operand of an operator, see weir_expr_widen */
        const weir_value *value;
        weir_lambda_def lambda;
        weir_call *call;        /* function, overload, types; literals filled in */
    };
};

/* Re-writes column numbers: map[old] = new. Returns a new tree (shares what has no columns). */
const weir_expr *weir_expr_remap(weir_arena *a, const weir_expr *e, const int32_t *map);
/* Sets bits of `used` for each column read. */
void weir_expr_columns(const weir_expr *e, bool *used);
bool weir_expr_eq(const weir_expr *a, const weir_expr *b); /* structural; impure calls never equal */
bool weir_expr_is_pure(const weir_expr *e);
/* Text for EXPLAIN, with column names of `s`. */
void weir_expr_print(weir_buf *out, const weir_expr *e, const weir_schema *s);
/* Makers used by the binder and the rewriter. */
weir_expr *weir_expr_new(weir_arena *a, weir_ex ex, const weir_type *type,
                         const weir_expr *const *kids, uint32_t n);
const weir_expr *weir_expr_column(weir_arena *a, const weir_schema *s, uint32_t column);
const weir_expr *weir_expr_literal(weir_arena *a, const weir_type *type, weir_value v);
const weir_expr *weir_expr_cast(weir_arena *a, const weir_expr *e, const weir_type *to); /* no-op if equal */
/* The cast the binder puts around an operand of arithmetic or a comparison: unlike CAST and the
 * coercion of arguments and lists it does not isolate errors. */
const weir_expr *weir_expr_widen(weir_arena *a, const weir_expr *e, const weir_type *to);
/* Equal for weir_expr_eq implies the same hash. */
uint64_t weir_expr_hash(const weir_expr *e);
/* Whether CAST(from AS to) exists (reference: cast matrix). */
bool weir_cast_exists(const weir_type *from, const weir_type *to);
/* Casts one value; false = row error. Also used for INSERT VALUES and literals. */
bool weir_cast_value(weir_arena *a, const weir_type *from, const weir_value *v, const weir_type *to,
                     weir_value *out);
