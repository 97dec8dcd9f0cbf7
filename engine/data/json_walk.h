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
#define WEIR__JSON_GUESSES 64 /* places of an object whose name is guessed */

/* A member name seen before. */
typedef struct weir__json_key {
    uint64_t head; /* the first eight bytes, zeros behind a shorter name */
    weir_sv name;
    int32_t wanted; /* index of the wanted member or -1 */
    bool exact;     /* its very name, not by upper case */
} weir__json_key;

struct weir_json_keys {
    weir_arena *arena;
    weir__json_key *items;
    uint32_t n, cap;
    uint32_t n_wanted;
    uint32_t *slots; /* open addressing: index into items + 1 */
    uint32_t n_slots;
    uint32_t guess[WEIR__JSON_GUESSES];
};
/* Looks a name up that is not the one guessed for its place. */
const weir__json_key *weir__json_keys_search(weir_json_keys *k, weir_arena *a, uint32_t *guess,
                                             uint64_t head, weir_sv name);

static inline uint64_t weir__json_word(const char *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}
/* `readable` bytes can be read at name.p. */
static inline uint64_t weir__json_head(weir_sv name, size_t readable)
{
    if (WEIR_LIKELY(readable >= 8)) {
        uint64_t head = weir__json_word(name.p);
        return name.n >= 8 ? head : head & ((UINT64_C(1) << name.n * 8) - 1);
    }
    uint64_t head = 0;
    memcpy(&head, name.p, name.n < 8 ? name.n : 8);
    return head;
}
static inline bool weir__json_same(const weir__json_key *k, uint64_t head, weir_sv name)
{
    if (k->head != head || k->name.n != name.n) {
        return false;
    }
    if (name.n <= 16) { /* the last eight bytes, overlapping the first ones */
        return name.n <= 8 ||
               weir__json_word(k->name.p + name.n - 8) == weir__json_word(name.p + name.n - 8);
    }
    return memcmp(k->name.p + 8, name.p + 8, name.n - 8) == 0;
}
/* The key of a member that stands at place `nth` of its object. */
static inline const weir__json_key *weir__json_keys_find(weir_json_keys *k, weir_arena *a,
                                                         uint32_t nth, weir_sv name,
                                                         size_t readable)
{
    uint64_t head = weir__json_head(name, readable);
    uint32_t *guess = &k->guess[nth % WEIR__JSON_GUESSES];
    const weir__json_key *key = &k->items[*guess];
    return WEIR_LIKELY(weir__json_same(key, head, name))
               ? key
               : weir__json_keys_search(k, a, guess, head, name);
}

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

static inline bool weir__json_is(const char *p, const char *end, const char *word, size_t n)
{
    return (size_t)(end - p) == n && memcmp(p, word, n) == 0;
}

/* The closing quote of the string whose next token starts at `next`: there is only white space
 * between them. */
static inline const char *weir__json_closing_quote(const char *next)
{
    do {
        next--;
    } while (*next != '"');
    return next;
}

/* Reads the string at token `at`, which starts with a quote. */
static inline bool weir__json_read_string(weir_json_doc *d, uint32_t at, weir_json_token *t)
{
    const char *p = d->p + d->at[at];
    const char *end = weir__json_closing_quote(d->p + d->at[at + 1]);
    t->at = at;
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
        if (weir__json_is(p, end, "true", 4)) {
            return true;
        }
        break;
    case 'f':
        t->kind = WEIR_JSON_FALSE;
        if (weir__json_is(p, end, "false", 5)) {
            return true;
        }
        break;
    case 'n':
        t->kind = WEIR_JSON_NULL;
        if (weir__json_is(p, end, "null", 4)) {
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
