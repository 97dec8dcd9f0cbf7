/* Text → syntax tree. Pure: no I/O, no clock, no globals; any thread.
 *
 * Every statement ends with `;`. All errors of a text are reported, one per statement: after an
 * error the parser goes on behind the next `;` that is not inside a string, quotes or a comment.
 * Limits: WEIR_STATEMENT_BYTES_MAX, WEIR_PARSE_DEPTH_MAX, WEIR_EXPR_DEPTH_MAX, WEIR_EXPR_NODES_MAX,
 * WEIR_TYPE_DEPTH_MAX, WEIR_COLUMNS_MAX. */
#pragma once
#include "dsl/ast.h"
#include "dsl/diag.h"
#include "engine/base/arena.h"

/* The text is copied into `a`; `out` is filled in any case. Returns WEIR_OK, or the code of the
 * first diagnostic. */
weir_rc weir_parse_script(weir_sv text, weir_arena *a, weir_script *out, weir_diags *diags);
/* Exactly one statement; its `;` may be missing. Spans point into the statement's own text, which
 * `out->text` starts when `text` has no white space in front. */
weir_rc weir_parse_statement(weir_sv text, weir_arena *a, weir_ast_stmt **out, weir_diags *diags);
weir_rc weir_parse_expression(weir_sv text, weir_arena *a, weir_ast_expr **out, weir_diags *diags);
weir_rc weir_parse_type(weir_sv text, weir_arena *a, weir_ast_type **out, weir_diags *diags);
/* `ID BIGINT KEY, V ARRAY<STRING>`: columns as between the parentheses of CREATE. */
weir_rc weir_parse_columns(weir_sv text, weir_arena *a, weir_ast_columns *out, weir_diags *diags);

/* Replaces ${name} by values. Outside of quotes the value must be a literal ('…', number, TRUE,
 * FALSE) or an identifier and goes in as it is; inside '…' it goes in as text, quotes doubled.
 * Comments and quoted identifiers are left alone, as is a variable that `lookup` does not know.
 * Returns `text` itself when there is nothing to replace. */
typedef bool weir_variable_lookup(void *user, weir_sv name, weir_sv *value);
weir_rc weir_substitute(weir_sv text, weir_variable_lookup *lookup, void *user, weir_arena *a,
                        weir_sv *out, weir_status *st);

/* Words that cannot be a name without quotes. */
bool weir_is_reserved(weir_sv word);
/* True if `name` must be written in quotes to be read back as the same name. */
bool weir_needs_quotes(weir_sv name);
