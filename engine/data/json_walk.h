/* Shared by the json*.c files: one token of an open document. */
#pragma once
#include "engine/base/limits.h"
#include "engine/data/json.h"

/* Kind of a number's text by JSON's grammar: INT, DECIMAL, or ABSENT when it is not a number that
 * Jackson reads (too long, exponent beyond 32 bits). */
weir_json_kind weir__json_number_kind(const char *p, size_t n);
/* Every escape is one that JSON knows. */
bool weir__json_escapes_valid(weir_sv raw);
/* Steps over the array or object at token *at, checking it; *at is behind it then. */
bool weir__json_skip(weir_json_doc *d, uint32_t *at);
/* Index of a wanted member or -1; `nth` is its place in the object. *exact: not by upper case. */
int32_t weir__json_keys_find(weir_json_keys *k, weir_json_doc *d, uint32_t nth, weir_sv name,
                             bool *exact);
uint32_t weir__json_keys_wanted(const weir_json_keys *k);

static inline bool weir__json_fail(weir_json_doc *d, uint32_t at, const char *why)
{
    d->error = why;
    d->error_at = at < d->n ? d->at[at] : d->at[d->n];
    return false;
}
/* First character of token `at`, 0 behind the last one. */
static inline char weir__json_char(const weir_json_doc *d, uint32_t at)
{
    return at < d->n ? d->p[d->at[at]] : '\0';
}
static inline bool weir__json_is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline bool weir__json_word(const char *p, const char *end, const char *word, size_t n)
{
    return (size_t)(end - p) == n && memcmp(p, word, n) == 0;
}

/* Reads the string at token `at`, which starts with a quote. Between a token and the next there is
 * only white space behind the closing quote, so the end is found from there. */
static inline bool weir__json_read_string(weir_json_doc *d, uint32_t at, weir_json_token *t)
{
    const char *p = d->p + d->at[at];
    const char *end = d->p + d->at[at + 1] - 1;
    t->at = at;
    while (*end != '"') {
        end--;
    }
    if (WEIR_UNLIKELY(end <= p)) {
        return weir__json_fail(d, at, "a string does not end");
    }
    t->text = weir_sv_of(p + 1, (size_t)(end - p - 1));
    t->kind = WEIR_JSON_STRING;
    t->escaped = false;
    if (WEIR_UNLIKELY(d->escapes) && memchr(t->text.p, '\\', t->text.n)) {
        if (!weir__json_escapes_valid(t->text)) {
            return weir__json_fail(d, at, "unknown escape in a string");
        }
        t->escaped = true;
    }
    return true;
}

/* Reads a string, number or word at token `at` < d->n. */
static inline bool weir__json_read_scalar(weir_json_doc *d, uint32_t at, weir_json_token *t)
{
    const char *p = d->p + d->at[at];
    if (*p == '"') {
        return weir__json_read_string(d, at, t);
    }
    const char *end = d->p + d->at[at + 1];
    while (end > p && weir__json_is_space(end[-1])) {
        end--;
    }
    t->text = weir_sv_of(p, (size_t)(end - p));
    t->at = at;
    t->escaped = false;
    switch (*p) {
    case 't':
        t->kind = WEIR_JSON_TRUE;
        if (weir__json_word(p, end, "true", 4)) {
            return true;
        }
        break;
    case 'f':
        t->kind = WEIR_JSON_FALSE;
        if (weir__json_word(p, end, "false", 5)) {
            return true;
        }
        break;
    case 'n':
        t->kind = WEIR_JSON_NULL;
        if (weir__json_word(p, end, "null", 4)) {
            return true;
        }
        break;
    default:
        t->kind = (uint8_t)weir__json_number_kind(p, (size_t)(end - p));
        if (WEIR_LIKELY(t->kind != WEIR_JSON_ABSENT)) {
            return true;
        }
    }
    return weir__json_fail(d, at, "unexpected character");
}
