/* Regular expressions in java.util.regex's dialect, matched by PCRE2.
 *
 * Owns: translation of a Java pattern, bounded matching, Java's replacement templates. A compiled
 * regex belongs to one thread (it carries its match workspace). Offsets are bytes of UTF-8 text.
 *
 * Refuses, with a message: patterns Java refuses, class intersections it cannot translate, and
 * matches that exceed WEIR_REGEX_MATCH_LIMIT or its stack (WEIR_ELIMIT). */
#pragma once
#include "engine/base/buf.h"
#include "engine/base/status.h"

#define WEIR_REGEX_PATTERN_MAX 65536 /* bytes of a pattern */
#define WEIR_REGEX_GROUPS_MAX 1000   /* capturing groups */

typedef struct weir_regex weir_regex;

/* WEIR_EUSAGE when the pattern is not valid. */
weir_rc weir_regex_new(weir_sv pattern, weir_regex **out, weir_status *st);
void weir_regex_free(weir_regex *r); /* NULL is fine */
uint32_t weir_regex_groups(const weir_regex *r); /* capturing groups, group 0 not counted */

/* Matcher.find from byte `from` on. `*found` says whether; then groups can be read until the next
 * match. The text must be valid UTF-8. */
weir_rc weir_regex_find(weir_regex *r, weir_sv text, uint32_t from, bool *found, weir_status *st);
/* Matcher.matches: the whole text. */
weir_rc weir_regex_matches(weir_regex *r, weir_sv text, bool *found, weir_status *st);
/* Bytes of a group of the last match; false when the group took no part in it. */
bool weir_regex_group(const weir_regex *r, uint32_t group, uint32_t *start, uint32_t *end);
/* Where find goes on after the last match: behind it, one character further if it was empty.
 * UINT32_MAX when the text is used up. */
uint32_t weir_regex_next(const weir_regex *r, weir_sv text);

/* String.replaceAll: `$1`, `${name}`, `\x`. WEIR_EUSAGE for a template Java refuses. */
weir_rc weir_regex_replace_all(weir_regex *r, weir_sv text, weir_sv replacement, weir_buf *out,
                               weir_status *st);
