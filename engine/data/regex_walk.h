/* The walk over a Java pattern that regex_translate.c (structure), regex_escape.c (backslashes) and
 * regex_set.c (classes) share. For regex_*.c only. */
#pragma once
#include "engine/base/buf.h"
#include "engine/base/status.h"

#define WEIR__RX_DEPTH_MAX 200 /* groups in one another */

typedef struct weir__rx_flags {
    bool dot_all, multi_line, unix_lines, comments;
} weir__rx_flags;

typedef struct weir__rx {
    const char *p, *end;
    weir_buf *out;
    weir_status *st;
    weir__rx_flags now;
    weir__rx_flags outer[WEIR__RX_DEPTH_MAX];
    uint32_t depth;
    uint32_t n_groups; /* in the whole pattern */
    bool atom;         /* something a quantifier may follow */
    weir_sv pattern;
} weir__rx;

/* Fails with Java's words, the place and the pattern. */
weir_rc weir__rx_refuse(const weir__rx *t, const char *why);
/* In comments mode: white space and #… to the end of the line. */
void weir__rx_skip_comments(weir__rx *t);
/* One character; moves behind it. */
uint32_t weir__rx_utf8(weir__rx *t);

/* After a backslash: a character by number or by letter. `*is` false: something else. */
weir_rc weir__rx_char_escape(weir__rx *t, uint32_t *value, bool *is);
/* \d \W \h …, and \p{name}: the inside of a class. `*is` false: something else. */
weir_rc weir__rx_class_escape(weir__rx *t, bool *is, weir_buf *inside);
/* A class, behind its `[`; with `nested` the closing bracket is taken. `depth` counts from 0. */
weir_rc weir__rx_class_body(weir__rx *t, uint32_t depth, bool nested, weir_buf *out);

static inline bool weir__rx_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool weir__rx_is_alpha(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}
static inline bool weir__rx_peek(const weir__rx *t, char c)
{
    return t->p < t->end && *t->p == c;
}
