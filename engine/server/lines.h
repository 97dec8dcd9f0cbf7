/* Records as lines of JSON: {"key":…,"value":…,"timestamp":…}. The form of `weir run --input` and
 * `--output`, of produce and consume. How key and value become bytes depends on the formats that the
 * topic's source declares: JSON goes through unchanged, KAFKA by the column's type, DELIMITED as the
 * text of the line. `raw` in the place of `value` is a text that is not JSON. */
#pragma once
#include "engine/server/session.h"

typedef struct weir_lines weir_lines;

/* For one topic. `source` (borrowed, may be NULL: JSON values, text keys) says how it is written. */
weir_rc weir_lines_new(weir_session *s, const weir_source *source, weir_lines **out,
                       weir_status *st);
void weir_lines_free(weir_lines *l);
/* For bytes that others may have written: a value that is not JSON is printed as `raw`, what is not
 * UTF-8 is repaired, JSON over several lines becomes one. On where there is no source. */
void weir_lines_trust_nothing(weir_lines *l);
/* From now on keys, values and the values of headers are base64, whatever the source says. */
void weir_lines_base64(weir_lines *l);

typedef struct weir_line_record {
    weir_sv key, value, headers; /* .n == WEIR_NULL_BYTES: null; borrowed until the next call */
    int64_t timestamp;
    bool has_timestamp;
    int32_t partition; /* -1: not given */
} weir_line_record;

/* Reads one line. WEIR_EDATA with a message when it is no record. */
weir_rc weir_lines_parse(weir_lines *l, weir_sv line, weir_line_record *out, weir_status *st);
/* Appends one record as a line (no newline). */
void weir_lines_print(weir_lines *l, weir_buf *out, const weir_chunk *c, const weir_rec *r,
                      int32_t partition);
