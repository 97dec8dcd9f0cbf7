/* Diagnostics: what is wrong with a text, where, and what to do about it.
 *
 * Owns: the list that parse and bind fill, its rendering (terminal, JSON, ksqlDB's message), and the
 * search for the nearest name. Refuses more than WEIR_DIAGNOSTICS_MAX entries (they are counted).
 *
 *   orders.sql:3:9: Syntax Error: unexpected BY
 *     GRUP BY user_id
 *          ^~
 *   expected: JOIN, WHERE, GROUP, …
 *   hint: did you mean GROUP instead of GRUP? */
#pragma once
#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/nearest.h"
#include "engine/base/status.h"

typedef struct weir_diag {
    weir_rc rc;
    bool syntax;      /* the text does not fit the grammar (else: it does, but means nothing) */
    bool number;      /* a literal out of range: ksqlDB gives a position for these */
    weir_span span;   /* into the text */
    weir_span stmt;   /* the statement it belongs to; n == 0: not known */
    weir_sv message;  /* without position */
    weir_sv expected; /* human names, comma separated; may be empty */
    weir_sv hint;     /* may be empty */
} weir_diag;

typedef struct weir_diags {
    weir_arena *a;
    weir_diag *items;
    uint32_t n;
    uint32_t cap;
    uint32_t dropped; /* over the limit */
} weir_diags;

void weir_diags_init(weir_diags *d, weir_arena *a);
/* Adds one and returns it, or NULL when the list is full. */
weir_diag *weir_diag_add(weir_diags *d, weir_rc rc, weir_span span, const char *fmt, ...)
    WEIR_PRINTF(4, 5);
/* Adds what a failed call left behind. */
weir_diag *weir_diag_add_status(weir_diags *d, const weir_status *st);
/* The first entry as a status, for callers that take one error. Returns its code, or WEIR_OK. */
weir_rc weir_diags_status(const weir_diags *d, weir_sv text, weir_status *st);

/* Position of a byte: both from 1; columns count code points, as ksqlDB does. */
typedef struct weir_text_pos {
    uint32_t line;
    uint32_t col;
} weir_text_pos;
weir_text_pos weir_text_pos_of(weir_sv text, uint32_t at);

/* For a terminal; ends with a newline. `file` may be empty. */
void weir_diag_render(weir_buf *out, weir_sv file, weir_sv text, const weir_diag *d);
/* One JSON object on one line, no newline. */
void weir_diag_json(weir_buf *out, weir_sv file, weir_sv text, const weir_diag *d);
/* ksqlDB's message for its API: `line 1:32: Syntax Error\n…`, without "Statement: …". */
void weir_diag_message(weir_buf *out, weir_sv text, const weir_diag *d);
/* A JSON string with quotes; bytes that are not UTF-8 become U+FFFD. */
void weir_diag_json_string(weir_buf *out, weir_sv s);
