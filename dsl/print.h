/* Syntax tree → SQL.
 *
 * WEIR_PRINT_SQL can be parsed again and then prints the same: names in back-quotes where they need
 * it, everything upper-case. WEIR_PRINT_MESSAGE is what ksqlDB puts into its error messages: bare
 * names, `concat(A, B)` for `A || B`, decimals as BigDecimal.toString. Both put every operator into
 * parentheses: `(A + B)`. Pure; the depth of a tree bounds the recursion. */
#pragma once
#include "dsl/ast.h"
#include "engine/base/buf.h"

typedef enum weir_print_style {
    WEIR_PRINT_SQL,
    WEIR_PRINT_MESSAGE,
} weir_print_style;

/* A name, in back-quotes where needed (SQL) or bare (MESSAGE). */
void weir_print_name(weir_buf *out, weir_sv name, weir_print_style style);
void weir_print_string(weir_buf *out, weir_sv text); /* 'it''s' */
void weir_print_expr(weir_buf *out, const weir_ast_expr *e, weir_print_style style);
void weir_print_type(weir_buf *out, const weir_ast_type *t, weir_print_style style);
void weir_print_window(weir_buf *out, const weir_ast_window *w); /* `TUMBLING (SIZE 5 MINUTES)` */
void weir_print_query(weir_buf *out, const weir_ast_query *q);   /* several lines, no `;` */
void weir_print_stmt(weir_buf *out, const weir_ast_stmt *s);     /* ends with `;` */
