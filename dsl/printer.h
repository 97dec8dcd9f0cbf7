/* What print.c and print_stmt.c share. Private to the two. */
#pragma once
#include "dsl/print.h"

void weir__print_ident(weir_buf *out, const weir_ast_ident *id, weir_print_style style);
void weir__print_exprs(weir_buf *out, weir_ast_expr *const *items, uint32_t n,
                       weir_print_style style);
void weir__print_orders(weir_buf *out, const weir_ast_orders *orders, weir_print_style style);
