/* Java's string operations on UTF-8.
 *
 * Owns: UTF-8 validity, positions counted in UTF-16 code units, case mapping of Locale.ROOT, Java's
 * character classes, hex and base64, String.compareTo order, LIKE. Pure, any thread. Strings are
 * valid UTF-8 unless said otherwise; ASCII takes short cuts everywhere.
 *
 * A cut through a surrogate pair leaves half a character; it is written as `?`, as Java does when it
 * encodes such a string. */
#pragma once
#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/status.h"

bool weir_utf8_valid(weir_sv s);
/* `s` itself when valid, else a copy where every bad sequence is U+FFFD, as new String(bytes, UTF_8). */
weir_sv weir_utf8_repair(weir_arena *a, weir_sv s);
bool weir_is_ascii(weir_sv s);
/* Decodes the character at `*at` (valid UTF-8, *at < s.n) and moves behind it. */
uint32_t weir_utf8_next(weir_sv s, uint32_t *at);
/* Writes one code point (not a surrogate: that is `?`), returns 1..4. */
uint32_t weir_utf8_put(char out[4], uint32_t c);

uint32_t weir_utf16_len(weir_sv s); /* String.length() */
/* String.substring(from, to) in UTF-16 units, 0 <= from <= to <= length. Borrows from `s` unless a
 * pair is cut. */
weir_sv weir_utf16_sub(weir_arena *a, weir_sv s, uint32_t from, uint32_t to);
/* Byte offset of a UTF-16 position; inside a pair: of the pair. */
uint32_t weir_utf16_to_byte(weir_sv s, uint32_t units);
uint32_t weir_byte_to_utf16(weir_sv s, uint32_t byte);
/* String.compareTo: order of UTF-16 code units. */
int weir_utf16_cmp(weir_sv a, weir_sv b);

/* String.toUpperCase and toLowerCase. Returns `s` itself when nothing changes. */
weir_sv weir_text_upper(weir_arena *a, weir_sv s);
weir_sv weir_text_lower(weir_arena *a, weir_sv s);
weir_sv weir_text_trim(weir_sv s); /* String.trim: everything <= ' ' at both ends */
bool weir_text_ieq(weir_sv a, weir_sv b); /* String.equalsIgnoreCase */
/* INITCAP: words split at \s, first character upper-cased, the rest lower-cased. */
weir_sv weir_text_initcap(weir_arena *a, weir_sv s);

/* Character.getType, as far as functions need it. */
typedef enum weir_char_class {
    WEIR_CHAR_UPPER,
    WEIR_CHAR_LOWER,
    WEIR_CHAR_DIGIT,
    WEIR_CHAR_OTHER,
} weir_char_class;
weir_char_class weir_char_class_of(uint32_t c);
bool weir_char_is_whitespace(uint32_t c); /* Character.isWhitespace */
bool weir_char_is_letter_or_digit(uint32_t c);

void weir_hex_encode(weir_buf *out, weir_sv bytes, bool upper);
bool weir_hex_decode(weir_buf *out, weir_sv text); /* either case, even length */
void weir_base64_encode(weir_buf *out, weir_sv bytes);
/* Base64.getDecoder(): standard alphabet, padding optional but right if there, nothing else. */
bool weir_base64_decode(weir_buf *out, weir_sv text);

/* LIKE: compiled once, matched in time linear in text × segments, without recursion. `%` and `_` do
 * not match line terminators, as a Java regex's dot. */
typedef struct weir_like weir_like;
/* `escape` 0: none. WEIR_EDATA when the pattern ends with the escape character. */
weir_rc weir_like_compile(weir_arena *a, weir_sv pattern, uint32_t escape, weir_like **out,
                          weir_status *st);
bool weir_like_match(const weir_like *l, weir_sv text);
