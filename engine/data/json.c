/* The shim finds where tokens start; what follows walks those offsets. A token's end is the start
 * of the next one less white space, so strings are never scanned for their closing quote, and a
 * member costs four offsets: name, colon, value, comma. */
#include "engine/data/json.h"

#include "engine/base/bits.h"
#include "engine/data/json_shim.h"
#include "engine/data/json_walk.h"

#define RUN_BYTES 16384 /* text and tokens together stay in the first-level cache */

bool weir_json_open(weir_json_doc *d, weir_arena *a, weir_sv text)
{
    static const uint32_t none[2] = {0, 0};
    /* ORDER weir__json_fault */
    static const char *const faults[] = {
        NULL,
        NULL,
        "not UTF-8",
        "a string does not end",
        "a control character in a string",
        "out of memory",
    };
    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) {
        text = weir_sv_of(text.p + 3, text.n - 3);
    }
    *d = (weir_json_doc){.p = text.p, .at = none, .arena = a};
    weir__json_fault fault = weir__json_index(text.p, text.n, &d->at, &d->n);
    if (WEIR_UNLIKELY(fault != WEIR__JSON_OK)) {
        d->error = faults[fault];
        return !d->error;
    }
    d->escapes = memchr(text.p, '\\', text.n) != NULL;
    return true;
}

uint32_t weir_json_run_open(weir_json_run *r, const weir_sv *texts, uint32_t n)
{
    uintptr_t start = (uintptr_t)texts[0].p; /* they may lie in different objects */
    uintptr_t end = start;
    uint32_t taken = 0;
    for (; taken < n; taken++) {
        uintptr_t p = (uintptr_t)texts[taken].p;
        bool near = p >= end && p - end <= WEIR_JSON_RUN_GAP;
        if (!near || p - start + texts[taken].n > RUN_BYTES) {
            break;
        }
        end = p + texts[taken].n;
    }
    if (taken < 2) {
        return 0;
    }
    *r = (weir_json_run){.p = texts[0].p};
    if (weir__json_index(r->p, (uint32_t)(end - start), &r->at, &r->n) != WEIR__JSON_OK) {
        r->n = 0; /* one of them is at fault: the first weir_json_run_next fails */
    }
    r->escape = memchr(r->p, '\\', end - start);
    return taken;
}

/* An opening bracket is a token only outside of strings, and whatever came before it has no effect
 * behind it; a closing bracket at the end shows that nothing is left open there. */
bool weir_json_run_next(weir_json_run *r, weir_json_doc *d, weir_arena *a, weir_sv text)
{
    if (text.n < 2 || text.p[0] != '{' || text.p[text.n - 1] != '}') {
        return false;
    }
    uint32_t start = (uint32_t)(text.p - r->p);
    uint32_t last = start + text.n - 1;
    uint32_t i = r->next;
    while (i < r->n && r->at[i] < start) { /* between the texts */
        i++;
    }
    if (i == r->n || r->at[i] != start) {
        return false;
    }
    uint32_t n = r->per_text; /* the same for all records of one make */
    if (n == 0 || n > r->n - i || r->at[i + n - 1] != last) {
        for (n = 1; n < r->n - i && r->at[i + n] <= last; n++) {
        }
        if (r->at[i + n - 1] != last) {
            return false;
        }
    }
    const char *end = text.p + text.n;
    if (r->escape && r->escape < text.p) {
        r->escape = memchr(text.p, '\\', r->at[r->n] - start);
    }
    *d = (weir_json_doc){
        .p = r->p, .at = r->at + i, .n = n, .escapes = r->escape && r->escape < end, .arena = a};
    r->per_text = n;
    r->next = i + n;
    return true;
}

/* A member's name and the colon behind it. */
static bool read_name(weir_json_doc *d, uint32_t at, weir_json_token *name)
{
    if (weir__json_char(d, at) != '"') {
        return weir__json_fail(d, at, "a member name was expected");
    }
    if (weir__json_char(d, at + 1) != ':') {
        return weir__json_fail(d, at + 1, "a colon was expected");
    }
    return weir__json_read_string(d, at, name);
}

bool weir__json_skip(weir_json_doc *d, uint32_t *at)
{
    uint64_t objects[WEIR_JSON_DEPTH_MAX / 64] = {0};
    weir_json_token ignored;
    uint32_t depth = 0;
    uint32_t i = *at;
    for (;;) { /* token i starts a value */
        char c = weir__json_char(d, i);
        bool opened = c == '{' || c == '[';
        if (opened) {
            if (depth == WEIR_JSON_DEPTH_MAX) {
                return weir__json_fail(d, i, "nested too deeply");
            }
            weir_bit_put(objects, depth++, c == '{');
        } else if (i >= d->n || !weir__json_read_scalar(d, i, &ignored)) {
            return d->error ? false : weir__json_fail(d, i, "unexpected end");
        }
        i++;
        bool object = weir_bit(objects, depth - 1);
        while (weir__json_char(d, i) == (object ? '}' : ']')) {
            i++;
            if (--depth == 0) {
                *at = i;
                return true;
            }
            object = weir_bit(objects, depth - 1);
            opened = false;
        }
        if (!opened) {
            if (weir__json_char(d, i) != ',') {
                return weir__json_fail(d, i, "a comma or closing bracket was expected");
            }
            i++;
        }
        if (object) {
            if (!read_name(d, i, &ignored)) {
                return false;
            }
            i += 2;
        }
    }
}

/* Reads the value at token *at; *at is behind it then. */
static bool read_value(weir_json_doc *d, uint32_t *at, weir_json_token *t)
{
    char c = weir__json_char(d, *at);
    if (c == '{' || c == '[') {
        uint32_t end = *at;
        if (!weir__json_skip(d, &end)) {
            return false;
        }
        t->kind = c == '{' ? WEIR_JSON_OBJECT : WEIR_JSON_ARRAY;
        t->at = *at;
        t->escaped = false;
        t->text = weir_sv_of(d->p + d->at[*at], d->at[end - 1] + 1 - d->at[*at]);
        *at = end;
        return true;
    }
    if (*at >= d->n) {
        return weir__json_fail(d, *at, "unexpected end");
    }
    return weir__json_read_scalar(d, (*at)++, t);
}

bool weir_json_root(weir_json_doc *d, weir_json_token *out)
{
    uint32_t at = 0;
    if (d->n == 0) {
        *out = (weir_json_token){.kind = WEIR_JSON_ABSENT};
        return true;
    }
    if (!read_value(d, &at, out)) {
        return false;
    }
    bool number = out->kind == WEIR_JSON_INT || out->kind == WEIR_JSON_DECIMAL;
    if (number && at < d->n && !weir__json_is_space(d->p[d->at[at] - 1])) {
        return weir__json_fail(d, at, "unexpected character");
    }
    return true;
}

/* The key of the member at token `at` whose name is not the one guessed for its place, or is
 * written in another way. NULL: no member. */
__attribute__((noinline)) static const weir__json_key *find_key(weir_json_doc *d, uint32_t at,
                                                                weir_json_keys *keys,
                                                                weir__json_key *guess)
{
    weir_json_token name;
    if (!read_name(d, at, &name)) {
        return NULL;
    }
    weir_sv text = weir_json_string_of(d->arena, &name);
    uint64_t head = weir__json_head(text, text.n);
    return weir__json_same(guess, head, text)
               ? guess
               : weir__json_keys_search(keys, d->arena, guess, head, text);
}

const weir__json_key *weir__json_key_at(weir_json_doc *d, uint32_t at, weir_json_keys *keys)
{
    weir__json_key *guess = weir_arena_alloc(d->arena, sizeof *guess);
    *guess = (weir__json_key){.name = {.n = UINT32_MAX}};
    return find_key(d, at, keys, guess);
}

/* The value at a token; returns the token behind it, NULL at a fault. Not in the way of
 * weir_json_members. */
__attribute__((noinline)) static const uint32_t *read_member(weir_json_doc *d, const uint32_t *at,
                                                             weir_json_token *t)
{
    uint32_t i = (uint32_t)(at - d->at);
    if (d->at[d->n] - *at >= 8 && weir__json_read_small(d->p + *at, at[1] - *at, t)) {
        t->at = i;
        return at + 1;
    }
    return read_value(d, &i, t) ? d->at + i : NULL;
}

bool weir_json_members(weir_json_doc *d, uint32_t start, weir_json_keys *keys, weir_json_token *out)
{
    /* Copies: the compiler cannot know that writing tokens leaves the document alone. */
    const char *p = d->p;
    const uint32_t *stop = d->at + d->n;
    const uint32_t *at = d->at + start + 1;    /* the token looked at */
    const char plain = d->escapes ? ' ' : '"'; /* no token starts with a space */
    weir_json_token unwanted = {0};
    for (uint32_t i = 0; i < keys->n_wanted; i++) {
        out[i].kind = WEIR_JSON_ABSENT;
        out[i].exact = false;
    }
    if (weir__json_char(d, start + 1) == '}') {
        return true;
    }
    for (weir__json_key *place = keys->places;; place++) {
        if (WEIR_UNLIKELY(stop - at <= 3)) { /* name, colon, value and what follows it */
            return weir__json_fail(d, d->n, "unexpected end");
        }
        const weir__json_key *key = place;
        if (WEIR_UNLIKELY(!weir__json_starts(key, p + *at, *stop - *at))) {
            place -= place == keys->places + WEIR__JSON_PLACES; /* all behind share the last one */
            key = find_key(d, (uint32_t)(at - d->at), keys, place);
            if (!key) {
                return false;
            }
        }
        at += 2;
        weir_json_token *to = &unwanted;
        if (key->wanted >= 0) {
            to = &out[key->wanted];
            if (WEIR_UNLIKELY(to->exact && !key->exact)) {
                to = &unwanted;
            }
            to->exact = key->exact;
        }
        const char *value = p + *at;
        if (*value == plain) {
            if (to != &unwanted) {
                const char *end = weir__json_closing_quote(p + at[1]);
                to->text = weir_sv_of(value + 1, (size_t)(end - value - 1));
                to->kind = WEIR_JSON_STRING;
                to->escaped = false;
                to->at = (uint32_t)(at - d->at);
            }
            at++;
        } else {
            at = read_member(d, at, to);
            if (!at) {
                return false;
            }
        }
        if (WEIR_UNLIKELY(at >= stop || p[*at] != ',')) {
            uint32_t i = (uint32_t)(at - d->at);
            return weir__json_char(d, i) == '}' ||
                   weir__json_fail(d, i, "a comma or closing bracket was expected");
        }
        at++;
    }
}

weir_json_iter weir_json_first(const weir_json_token *t)
{
    WEIR_ASSERT(t->kind == WEIR_JSON_ARRAY || t->kind == WEIR_JSON_OBJECT);
    return (weir_json_iter){.at = t->at + 1, .object = t->kind == WEIR_JSON_OBJECT};
}

bool weir_json_next(weir_json_doc *d, weir_json_iter *it, weir_json_token *name,
                    weir_json_token *value)
{
    if (weir__json_char(d, it->at) == (it->object ? '}' : ']')) {
        return false;
    }
    if (it->started) {
        if (weir__json_char(d, it->at) != ',') {
            return weir__json_fail(d, it->at, "a comma or closing bracket was expected");
        }
        it->at++;
    }
    it->started = true;
    if (it->object) {
        if (!read_name(d, it->at, name)) {
            return false;
        }
        it->at += 2;
    }
    return read_value(d, &it->at, value);
}

const char *weir_json_jackson_name(const weir_json_token *t)
{
    /* ORDER weir_json_kind */
    static const char *const names[] = {"MissingNode", "NullNode",  "BooleanNode",
                                        "BooleanNode", "IntNode",   "DecimalNode",
                                        "TextNode",    "ArrayNode", "ObjectNode"};
    if (t->kind == WEIR_JSON_INT) {
        int64_t v = weir_json_to_i64(t);
        uint32_t digits = t->text.n - (t->text.p[0] == '-');
        bool fits = digits < 19 || (digits == 19 && (v < 0) == (t->text.p[0] == '-'));
        return !fits ? "BigIntegerNode" : v == (int32_t)v ? "IntNode" : "LongNode";
    }
    WEIR_ASSERT(t->kind < WEIR_JSON_KINDS);
    return names[t->kind];
}
