/* What the formats share: rows that became NULL, rows that could not be read, columns by number. */
#pragma once
#include "engine/run/chunk.h"
#include "engine/run/format.h"

/* Index of the output vector of column i, or -1 when nobody needs it. */
static inline int32_t weir__codec_out(const weir_codec_spec *spec, uint32_t i)
{
    return spec->out ? spec->out[i] : (int32_t)i;
}
static inline void weir__codec_null(weir_vec *v, weir_arena *step, uint32_t row)
{
    weir_bit_clear(weir_vec_need_valid(v, step), row);
}
/* A single key column is always the bare value, a single value column where the source says so. */
static inline bool weir__codec_unwrapped(const weir_codec_spec *spec)
{
    return spec->n == 1 && (spec->is_key || spec->format->wrap == WEIR_WRAP_NO);
}
/* All columns that are needed become NULL in this row. */
void weir__codec_null_row(const weir_codec_spec *spec, weir_vec *cols, weir_arena *step,
                          uint32_t row);
/* The same for a row that cannot be read, which is reported. */
void weir__codec_bad_row(const weir_codec_spec *spec, weir_vec *cols, weir_arena *step,
                         uint32_t row, weir_bad_rows *bad, weir_sv reason);
/* A copy that outlives the statement that asked for the codec. */
weir_codec_spec *weir__codec_spec_copy(weir_arena *a, const weir_codec_spec *spec);
/* Formats with a schema registry: refuses to go on without one. */
weir_rc weir__codec_need_registry(const weir_codec_spec *spec, weir_status *st);
/* Takes the prefix 00, id (4 bytes, big-endian) off the record; false: there is none. */
bool weir__codec_schema_id(weir_sv *record, uint32_t *id);
/* "DELIMITED format: column X of type Y is not supported". */
weir_rc weir__codec_refuse(const weir_codec_spec *spec, const weir_column *c, weir_status *st);
