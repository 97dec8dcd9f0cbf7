/* Rows as bytes: state tables, join buffers, changelogs. One codec made from a list of types.
 *
 *   [null bitmap, 1 bit a column, 1 = NULL][fixed slots, packed][variable bytes]
 *
 * Fixed slots: 1, 4, 8 or 16 bytes (see type.h); STRING, BYTES and nested values: u32 offset into
 * the row + u32 length. Any column is read without touching the others. Decoded strings point into
 * the row. Little-endian; rows never leave the machine's data directory. */
#pragma once
#include "engine/data/batch.h"

typedef struct weir_row_codec {
    uint32_t n;                    /* columns */
    const weir_type *const *types;
    const uint32_t *slot;          /* offset of each fixed slot */
    uint32_t fixed_bytes;          /* bitmap + slots */
} weir_row_codec;

void weir_row_codec_init(weir_row_codec *c, weir_arena *a, const weir_type *const *types, uint32_t n);
/* Appends the row made of cols[i][row] to `out`; returns its length. A failed (err) value is NULL. */
uint32_t weir_row_encode(const weir_row_codec *c, weir_buf *out, const weir_vec *cols, uint32_t row);
uint32_t weir_row_encode_values(const weir_row_codec *c, weir_buf *out, const weir_value *values);
/* Writes column `col` of `bytes` into row `row` of `out`. Nested values are built in `a`. */
void weir_row_get(const weir_row_codec *c, weir_sv bytes, uint32_t col, weir_vec *out, weir_arena *a,
                  uint32_t row);
weir_value weir_row_value(const weir_row_codec *c, weir_sv bytes, uint32_t col, weir_arena *a);
/* Checks that offsets and lengths lie inside: for bytes that come from disk. */
bool weir_row_check(const weir_row_codec *c, weir_sv bytes);
