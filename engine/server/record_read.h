/* Records of a source, one at a time, as values: ASSERT VALUES, PRINT. Not for hot paths. */
#pragma once
#include "engine/server/session.h"

typedef struct weir_record_reader weir_record_reader;

typedef struct weir_record_values {
    const weir_value *values; /* per column of the source's schema; header columns are NULL */
    bool null_value;
    bool windowed;
    int64_t window_start, window_end;
    int64_t rowtime;
} weir_record_values;

weir_rc weir_record_reader_new(weir_session *s, const weir_source *source, weir_record_reader **out,
                               weir_status *st);
void weir_record_reader_free(weir_record_reader *r);
/* Values live in `a`, or in the chunk. WEIR_EDATA when the bytes do not fit the schema. */
weir_rc weir_record_read(weir_record_reader *r, const weir_chunk *c, const weir_rec *rec,
                         weir_arena *a, weir_record_values *out, weir_status *st);
/* Takes the window off the end of a windowed source's key bytes; false when they are too short. */
bool weir_window_of_key(const weir_window *w, weir_sv *key, int64_t *start, int64_t *end);
