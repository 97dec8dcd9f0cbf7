/* Rows as bytes: state tables, join buffers, changelogs. One codec made from a list of types.
 *
 *   [null bitmap, 1 bit a column, 1 = NULL][fixed slots, packed][variable bytes]
 *
 * Fixed slots: 1, 4, 8 or 16 bytes (see type.h); STRING, BYTES, DECIMAL of more than 38 digits and
 * nested values: u32 offset into the row + u32 length. Slots of NULLs are zero. Any column is read
 * without touching the others. Decoded strings point into the row. Little-endian; rows never leave
 * the machine's data directory.
 *
 * Rows are read where they lie, at any alignment. Reading takes an empty row (n == 0) as one whose
 * columns are all NULL: the missing side of an outer join. */
#pragma once
#include "engine/data/batch.h"

typedef struct weir_row_codec {
    uint32_t n;                    /* columns */
    const weir_type *const *types;
    const uint32_t *slot;          /* offset of each fixed slot */
    uint32_t fixed_bytes;          /* bitmap + slots */
    const uint8_t *form;           /* per column: how its slot is read and written (row.c) */
    bool has_trees;                /* some column is nested */
    bool has_texts;                /* some column keeps bytes behind the slots, but is not nested */
    const char *null_row;          /* what an empty row is read as */
} weir_row_codec;

void weir_row_codec_init(weir_row_codec *c, weir_arena *a, const weir_type *const *types, uint32_t n);
/* Appends the row made of cols[i][row] to `out`; returns its length. A failed (err) value is NULL. */
uint32_t weir_row_encode(const weir_row_codec *c, weir_buf *out, const weir_vec *cols, uint32_t row);
uint32_t weir_row_encode_values(const weir_row_codec *c, weir_buf *out, const weir_value *values);
/* Appends the rows cols[…][sel[i]], i < n (sel NULL: row i), one behind the other: row i is
 * out->p[starts[i] .. starts[i + 1]), counted from out->p. `starts` has room for n + 1. The same
 * bytes as weir_row_encode, a column at a time. False when `out` is over its ceiling. */
bool weir_row_encode_batch(const weir_row_codec *c, weir_buf *out, const weir_vec *cols,
                           const uint16_t *sel, uint32_t n, uint32_t *starts);
/* Writes column `col` of `bytes` into row `row` of `out`. Nested values are built in `a`. */
void weir_row_get(const weir_row_codec *c, weir_sv bytes, uint32_t col, weir_vec *out, weir_arena *a,
                  uint32_t row);
/* Writes column `col` of rows[0..n) into rows dest[i] of `out` (dest NULL: row i): one loop per type
 * instead of one dispatch per row. */
void weir_row_gather(const weir_row_codec *c, const weir_sv *rows, uint32_t n, uint32_t col,
                     weir_vec *out, weir_arena *a, const uint16_t *dest);
weir_value weir_row_value(const weir_row_codec *c, weir_sv bytes, uint32_t col, weir_arena *a);
/* Checks that offsets and lengths lie inside: for bytes that come from disk. */
bool weir_row_check(const weir_row_codec *c, weir_sv bytes);
