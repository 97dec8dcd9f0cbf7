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
/* The key of the member at token `at`; NULL: no member. */
typedef struct weir__json_key weir__json_key;
const weir__json_key *weir__json_key_at(weir_json_doc *d, uint32_t at, weir_json_keys *keys);
#define WEIR__JSON_PLACES 64 /* places of an object whose name is guessed */

/* A member name seen before. */
struct weir__json_key {
    uint64_t head; /* the first eight bytes, zeros behind a shorter name */
    weir_sv name;
    int32_t wanted; /* index of the wanted member or -1 */
    bool exact;     /* its very name, not by upper case */
    /* `"name":`, as nearly every writer puts it: the bytes that are read to compare it (UINT32_MAX:
     * not comparable), its first and its last eight bytes, those at `tail`, what counts of them. */
    uint32_t room, tail;
    uint64_t first, last, mask;
};

struct weir_json_keys {
    weir_arena *arena;
    weir__json_key *items;
    uint32_t n, cap;
    uint32_t n_wanted;
    uint32_t *slots; /* open addressing: index into items + 1 */
    uint32_t n_slots;
    /* Copies of items: what was there in the last object; the last one is never comparable. */
    weir__json_key places[WEIR__JSON_PLACES + 1];
};
/* Looks a name up that is not the one guessed for its place. */
const weir__json_key *weir__json_keys_search(weir_json_keys *k, weir_arena *a,
                                             weir__json_key *guess, uint64_t head, weir_sv name);

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
/* Whether a member starts with exactly this name and a colon. */
static inline bool weir__json_starts(const weir__json_key *k, const char *quote, size_t readable)
{
    if (WEIR_UNLIKELY(readable < k->room)) {
        return false;
    }
    uint64_t first = weir__json_word(quote) ^ k->first;
    uint64_t last = weir__json_word(quote + k->tail) ^ k->last;
    return ((first | last) & k->mask) == 0 &&
           (WEIR_LIKELY(k->tail <= 8) || memcmp(quote + 8, k->name.p + 7, k->tail - 8) == 0);
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

#define WEIR__JSON_BYTES(c) (UINT64_C(0x0101010101010101) * (c))
/* Reads a number of up to eight characters and without an exponent; eight bytes are readable.
 * False: something else, perhaps a fault. */
static inline bool weir__json_read_small(const char *p, size_t n, weir_json_token *t)
{
    uint64_t w = weir__json_word(p);
    weir_sv text = weir_sv_of(p, n);
    bool negative = *p == '-';
    if (negative) {
        w >>= 8;
        n--;
    }
    if (n - 1 >= 8) { /* nor none */
        return false;
    }
    w &= UINT64_MAX >> (64 - 8 * n);
    size_t whole = n;
    uint64_t point = w ^ WEIR__JSON_BYTES('.');
    point = (point - WEIR__JSON_BYTES(1)) & ~point & WEIR__JSON_BYTES(0x80);
    if (point) { /* is taken out */
        whole = (size_t)__builtin_ctzll(point) / 8;
        if (whole == 0 || whole == --n) {
            return false;
        }
        uint64_t below = (UINT64_C(1) << 8 * whole) - 1;
        w = (w & below) | (w >> 8 & ~below);
    }
    if (whole > 1 && (w & 0xff) == '0') {
        return false;
    }
    w = (w ^ WEIR__JSON_BYTES('0')) << (64 - 8 * n);
    if (((w + WEIR__JSON_BYTES(0x76)) | w) & WEIR__JSON_BYTES(0x80)) {
        return false;
    }
    w = w * 10 + (w >> 8); /* pairs, then all of them */
    w = ((w & UINT64_C(0xff000000ff)) * UINT64_C(0xf424000000064) +
         (w >> 16 & UINT64_C(0xff000000ff)) * UINT64_C(0x271000000001)) >>
        32;
    t->text = text;
    t->kind = whole == n ? WEIR_JSON_INT : WEIR_JSON_DECIMAL;
    t->escaped = false;
    t->small = true;
    t->scale = (uint8_t)(n - whole);
    t->value = negative ? -(int32_t)w : (int32_t)w;
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
    t->small = false;
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
