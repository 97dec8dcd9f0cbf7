/* An expression program: one or several bound expressions compiled to a flat list of steps over
 * vector registers. Types are dispatched when it is compiled; evaluating a batch is a loop over
 * steps, each a loop over selected rows. AND, OR and CASE narrow the selection and skip their
 * steps when nothing is selected. Common sub-expressions are computed once.
 *
 * A program is compiled once per task and owned by it; it is not thread-safe. */
#pragma once
#include "engine/data/batch.h"
#include "engine/data/expr.h"

/* Counts and reports row errors (processing log). `where` names the operator and column. */
typedef struct weir_row_errors {
    uint64_t count;
    void (*report)(void *ctx, weir_sv where, weir_sv message, const weir_batch *b, uint32_t row);
    void *ctx;
} weir_row_errors;

/* Compiles `n` expressions over `input`. Memory from `a` (task arena); never fails: what cannot be
 * executed was refused by the binder. */
weir_program *weir_program_new(weir_arena *a, const weir_schema *input,
                               const weir_expr *const *exprs, uint32_t n,
                               const weir_settings *settings);

/* GROUP BY keys: failures inside casts, calls and constructors are not turned into NULL but fail the
 * row, as in a filter (see the head of program.c). */
void weir_program_strict(weir_program *p);

/* Evaluates over the selected rows of `b`. Result i is at out[i]: flat or constant vectors, owned
 * by the program until its next evaluation or by the input batch (plain columns are not copied).
 * Strings and nested results live in b->arena. Failed rows have their err bit set and are also
 * NULL in `valid`; they are counted and reported once per root in `errors` (may be NULL). */
void weir_program_eval(weir_program *p, const weir_batch *b, weir_vec *out,
                       weir_row_errors *errors);

/* A single BOOLEAN expression as a filter: writes the rows where it is TRUE to `sel_out` (room for
 * WEIR_BATCH_ROWS) and returns how many. Failed and NULL rows do not pass. */
uint32_t weir_program_filter(weir_program *p, const weir_batch *b, uint16_t *sel_out,
                             weir_row_errors *errors);

/* EXPLAIN VERBOSE. */
void weir_program_print(const weir_program *p, weir_buf *out);

/* Evaluates one constant expression (no columns). false: it failed (message in st). */
bool weir_expr_eval_const(weir_arena *a, const weir_expr *e, const weir_settings *settings,
                          weir_value *out, weir_status *st);

/* For row kernels with lambda arguments: evaluates lambda argument `at` of the running call for
 * the current row with `n` boxed parameters. false: a row error. */
bool weir_lambda_eval(weir_call *c, uint32_t at, const weir_value *params, uint32_t n,
                      weir_value *out);
/* The same for `rows` parameter tuples at once (params[k] is a flat vector per parameter): results
 * to `out` (flat, in c->arena), failed rows in out->err. rows ≤ WEIR_BATCH_ROWS. */
void weir_lambda_eval_many(weir_call *c, uint32_t at, const weir_vec *params, uint32_t rows,
                           weir_vec *out);
