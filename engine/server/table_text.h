/* Rows as an aligned table of text.
 *
 *   USER_ID  ORDERS   TOTAL
 *   -------  ------  ------
 *   ann           3   12.50
 *
 * Rows may come for ever: the first TABLE_SAMPLE_ROWS (or what there is at a flush) decide the widths,
 * then rows go out as they come; a wider cell later shifts the rest of its row. Columns of numbers are
 * right-aligned. Control characters in cells are written as escapes, so that data cannot drive a
 * terminal. */
#pragma once
#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/server/session.h"

typedef struct weir_table_text weir_table_text;

/* Copies the names. `right` (may be NULL): columns of numbers. */
weir_table_text *weir_table_text_new(const weir_sv *names, const bool *right, uint32_t n_cols);
void weir_table_text_free(weir_table_text *t);
/* Appends to `out` what can be shown now. */
void weir_table_text_row(weir_table_text *t, const weir_sv *cells, weir_buf *out);
/* Shows what is held back: call it when no row is expected soon, and at the end. */
void weir_table_text_flush(weir_table_text *t, weir_buf *out);

/* All rows of a result. A cell with line breaks makes every row a block of `name: value` lines. */
void weir_rows_print(weir_buf *out, const weir_rows *rows);
