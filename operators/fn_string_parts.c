/* Functions that look into strings and take them apart or fill them up: INSTR, LPAD, RPAD, REPLACE,
 * SPLIT, SPLIT_TO_MAP, ELT, FIELD. Positions are UTF-16 units; searching is done on bytes,
 * which finds the same, because no UTF-8 text begins inside a character. */
#include "operators/fn_text.h"

#include "engine/base/limits.h"
#include "engine/data/json.h"

/* ---- INSTR ---- */

/* The n-th occurrence from byte `from` on, or -1. Occurrences may overlap, so that searching anew
 * from each would not be linear: this is Knuth, Morris and Pratt's search. */
static int64_t nth(weir_arena *a, weir_sv s, weir_sv needle, uint32_t from, int32_t occurrence)
{
    if (occurrence == 1) {
        return weir_sv_find(s, needle, from);
    }
    uint32_t *border = WEIR_NEW_N(a, uint32_t, needle.n + 1); /* of the first i bytes */
    for (uint32_t i = 1, k = 0; i < needle.n; i++) {
        while (k > 0 && needle.p[i] != needle.p[k]) {
            k = border[k];
        }
        k += needle.p[i] == needle.p[k];
        border[i + 1] = k;
    }
    uint32_t have = 0;
    for (uint32_t i = from; i < s.n; i++) {
        while (have > 0 && (have == needle.n || s.p[i] != needle.p[have])) {
            have = border[have];
        }
        have += s.p[i] == needle.p[have];
        if (have == needle.n && --occurrence == 0) {
            return (int64_t)i + 1 - needle.n;
        }
    }
    return -1;
}

static weir_sv reversed(weir_arena *a, weir_sv s)
{
    char *p = weir_arena_bytes_alloc(a, s.n);
    for (uint32_t i = 0; i < s.n; i++) {
        p[i] = s.p[s.n - 1 - i];
    }
    return weir_sv_of(p, s.n);
}

/* The n-th from the right that ends at or before byte `end`. */
static int64_t nth_back(weir_arena *a, weir_sv s, weir_sv needle, uint32_t end, int32_t occurrence)
{
    int64_t at = nth(a, reversed(a, s), reversed(a, needle), s.n - end, occurrence);
    return at < 0 ? -1 : (int64_t)s.n - at - needle.n;
}

/* The empty string is found where the search begins, whatever occurrence is asked for. */
static int32_t instr_empty(int32_t total, int32_t position)
{
    if (position >= 0) {
        return position;
    }
    return (int32_t)((uint32_t)total + (uint32_t)position + 2);
}

static weir_value instr(weir_call *c, const weir_value *args, uint32_t n)
{
    if (args[0].null || args[1].null) {
        return weir_int(0);
    }
    for (uint32_t i = 2; i < n; i++) {
        if (args[i].null) {
            return weir__null_argument(c, i);
        }
    }
    weir_sv s = args[0].sv;
    weir_sv needle = args[1].sv;
    int32_t position = n > 2 ? args[2].i32 : 1;
    int32_t occurrence = n > 3 ? args[3].i32 : 1;
    int32_t total = (int32_t)weir_utf16_len(s);
    if (occurrence <= 0 || (position > total || (position < -total && position != INT32_MIN))) {
        return weir_int(0);
    }
    if (needle.n == 0) {
        return weir_int(instr_empty(total, position));
    }
    if (position == 0 || position == INT32_MIN) {
        return weir_int(0); /* Java looks at the last unit only, and counts from nothing */
    }
    int64_t at;
    if (position > 0) {
        uint32_t units = (uint32_t)position - 1;
        uint32_t from = weir_utf16_to_byte(s, units);
        bool half = weir_byte_to_utf16(s, from) != units;
        at = nth(c->arena, s, needle, from + (half ? 4 : 0), occurrence);
    } else {
        uint32_t end = weir_utf16_to_byte(s, (uint32_t)(total + position + 1));
        at = nth_back(c->arena, s, needle, end, occurrence);
    }
    return weir_int(at < 0 ? 0 : (int32_t)weir_byte_to_utf16(s, (uint32_t)at) + 1);
}

/* ---- LPAD, RPAD ---- */

/* `bytes` of padding, the last copy cut. */
static void fill(char *to, uint64_t bytes, weir_sv pad, weir_sv cut)
{
    uint64_t whole = bytes - cut.n;
    for (uint64_t at = 0; at < whole; at += pad.n) {
        memcpy(to + at, pad.p, pad.n);
    }
    if (cut.n) {
        memcpy(to + whole, cut.p, cut.n);
    }
}

static weir_value pad_to(weir_call *c, const weir_value *args, bool left)
{
    bool bytes = c->type->kind == WEIR_T_BYTES;
    weir_sv s = args[0].sv;
    weir_sv pad = args[2].sv;
    if (args[1].i32 < 0 || pad.n == 0) {
        return weir__none(c);
    }
    uint32_t target = (uint32_t)args[1].i32;
    uint32_t has = bytes ? s.n : weir_utf16_len(s);
    if (has >= target) {
        return weir__text(c, bytes ? weir_sv_of(s.p, target)
                                   : weir_utf16_sub(c->arena, s, 0, target));
    }
    uint32_t pad_units = bytes ? pad.n : weir_utf16_len(pad);
    uint32_t rest = (target - has) % pad_units;
    weir_sv cut = bytes ? weir_sv_of(pad.p, rest) : weir_utf16_sub(c->arena, pad, 0, rest);
    uint64_t padding = (uint64_t)((target - has) / pad_units) * pad.n + cut.n;
    char *p = weir__room(c, padding + s.n);
    if (!p) {
        return weir__none(c);
    }
    fill(left ? p : p + s.n, padding, pad, cut);
    if (s.n) {
        memcpy(left ? p + padding : p, s.p, s.n);
    }
    return weir__text(c, weir_sv_of(p, padding + s.n));
}

static weir_value lpad(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    return pad_to(c, args, true);
}

static weir_value rpad(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    return pad_to(c, args, false);
}

/* ---- REPLACE ---- */

/* An empty string is found before, between and behind all units, also inside pairs. */
static weir_value replace_empty(weir_call *c, weir_sv s, weir_sv with)
{
    if (with.n == 0) {
        return weir__text(c, s);
    }
    uint32_t units = weir_utf16_len(s);
    char *p = weir__room(c, (uint64_t)units * 3 + ((uint64_t)units + 1) * with.n);
    if (!p) {
        return weir__none(c);
    }
    memcpy(p, with.p, with.n);
    uint32_t n = with.n;
    for (uint32_t at = 0; at < s.n;) {
        uint32_t ch = weir_utf8_next(s, &at);
        for (uint32_t half = 0; half < (ch > 0xffff ? 2u : 1u); half++) {
            n += weir_utf8_put(p + n, ch > 0xffff ? '?' : ch);
            memcpy(p + n, with.p, with.n);
            n += with.n;
        }
    }
    return weir__text(c, weir_sv_of(p, n));
}

static weir_value replace(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_sv s = args[0].sv;
    weir_sv old = args[1].sv;
    weir_sv with = args[2].sv;
    if (old.n == 0) {
        return replace_empty(c, s, with);
    }
    uint64_t count = 0;
    for (int64_t at = weir_sv_find(s, old, 0); at >= 0;
         at = weir_sv_find(s, old, (uint32_t)at + old.n)) {
        count++;
    }
    if (count == 0) {
        return weir__text(c, s);
    }
    char *p = weir__room(c, s.n - count * old.n + count * with.n);
    if (!p) {
        return weir__none(c);
    }
    uint32_t from = 0;
    uint32_t to = 0;
    while (count-- > 0) {
        uint32_t at = (uint32_t)weir_sv_find(s, old, from);
        memcpy(p + to, s.p + from, at - from);
        to += at - from;
        if (with.n) {
            memcpy(p + to, with.p, with.n);
        }
        to += with.n;
        from = at + old.n;
    }
    memcpy(p + to, s.p + from, s.n - from);
    return weir__text(c, weir_sv_of(p, to + s.n - from));
}

/* ---- SPLIT, SPLIT_TO_MAP ---- */

static weir_value split(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_sv s = args[0].sv;
    weir_sv by = args[1].sv;
    weir__texts out = {.kind = (uint8_t)c->type->item->kind};
    if (by.n == 0 && s.n > 0) {
        return weir__texts_units(c, &out, s) ? weir_array(out.items, out.n) : weir__none(c);
    }
    uint32_t from = 0;
    int64_t at;
    while (s.n > 0 && (at = weir_sv_find(s, by, from)) >= 0) {
        if (!weir__texts_add(c, &out, weir_sv_of(s.p + from, (size_t)at - from))) {
            return weir__none(c);
        }
        from = (uint32_t)at + by.n;
    }
    if (!weir__texts_add(c, &out, weir_sv_of(s.n ? s.p + from : s.p, s.n - from))) {
        return weir__none(c);
    }
    return weir_array(out.items, out.n);
}

/* Up to the next `by` from `*from` on, which then is behind it. */
static weir_sv next_part(weir_sv s, weir_sv by, uint32_t *from)
{
    int64_t at = weir_sv_find(s, by, *from);
    weir_sv part = weir_sv_of(s.p + *from, (at < 0 ? s.n : (uint32_t)at) - *from);
    *from = at < 0 ? s.n : (uint32_t)at + by.n;
    return part;
}

static weir_value split_to_map(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_sv s = args[0].sv;
    weir_sv between = args[1].sv;
    weir_sv equals = args[2].sv;
    if (between.n == 0 || equals.n == 0 || weir_sv_eq(between, equals)) {
        return weir__none(c);
    }
    weir_json_names names = {0};
    weir__texts values = {.kind = WEIR_T_STRING};
    for (uint32_t from = 0; from < s.n;) {
        weir_sv entry = next_part(s, between, &from);
        int64_t at = entry.n ? weir_sv_find(entry, equals, 0) : -1;
        if (at < 0) {
            continue;
        }
        uint32_t value_at = (uint32_t)at + equals.n;
        weir_sv value = next_part(entry, equals, &value_at); /* what follows it is dropped */
        uint32_t i = weir_json_names_add(&names, c->arena, weir_sv_of(entry.p, (uint32_t)at));
        if (i < values.n) {
            values.items[i].sv = value;
        } else if (!weir__texts_add(c, &values, value)) {
            return weir__none(c);
        }
    }
    weir_value *keys = WEIR_NEW_N(c->arena, weir_value, values.n);
    for (uint32_t i = 0; i < values.n; i++) {
        keys[i] = weir_string(names.names[i]);
    }
    weir_value map = {.kind = WEIR_T_MAP, .n = values.n};
    map.keys = keys;
    map.items = values.items;
    return map;
}

/* ---- ELT, FIELD ---- */

static weir_value elt(weir_call *c, const weir_value *args, uint32_t n)
{
    if (args[0].null) {
        return weir__null_argument(c, 0);
    }
    int32_t at = args[0].i32;
    return at < 1 || (uint32_t)at >= n ? weir__none(c) : args[at];
}

static weir_value field(WEIR_UNUSED weir_call *c, const weir_value *args, uint32_t n)
{
    for (uint32_t i = 1; i < n && !args[0].null; i++) {
        if (!args[i].null && weir_sv_eq(args[0].sv, args[i].sv)) {
            return weir_int((int32_t)i);
        }
    }
    return weir_int(0);
}

/* ---- rows ---- */

static const weir_overload elt_rows[] = {
    {.sig = "INT, STRING... -> STRING", .row = elt, .flags = WEIR_FN_NULLS},
};
static const weir_overload field_rows[] = {
    {.sig = "STRING, STRING... -> INT", .row = field, .flags = WEIR_FN_NULLS},
};
static const weir_overload instr_rows[] = {
    {.sig = "STRING, STRING -> INT", .row = instr, .flags = WEIR_FN_NULLS},
    {.sig = "STRING, STRING, INT -> INT", .row = instr, .flags = WEIR_FN_NULLS},
    {.sig = "STRING, STRING, INT, INT -> INT", .row = instr, .flags = WEIR_FN_NULLS},
};
static const weir_overload lpad_rows[] = {
    {.sig = "STRING, INT, STRING -> STRING", .row = lpad},
    {.sig = "BYTES, INT, BYTES -> BYTES", .row = lpad},
};
static const weir_overload replace_rows[] = {
    {.sig = "STRING, STRING, STRING -> STRING", .row = replace},
};
static const weir_overload rpad_rows[] = {
    {.sig = "STRING, INT, STRING -> STRING", .row = rpad},
    {.sig = "BYTES, INT, BYTES -> BYTES", .row = rpad},
};
static const weir_overload split_rows[] = {
    {.sig = "STRING, STRING -> ARRAY<STRING>", .row = split},
    {.sig = "BYTES, BYTES -> ARRAY<BYTES>", .row = split},
};
static const weir_overload split_to_map_rows[] = {
    {.sig = "STRING, STRING, STRING -> MAP<STRING, STRING>", .row = split_to_map},
};

#define ROWS(rows) .overloads = (rows), .n_overloads = WEIR_COUNT(rows)

const weir_function weir_fn_string_parts[] = {
    {.name = "ELT", .category = WEIR_CAT_STRING,
     .doc = "The n-th of the strings that follow, counted from 1; NULL when there is none.",
     .example = "ELT(2, 'a', 'b') → b", ROWS(elt_rows)},
    {.name = "FIELD", .category = WEIR_CAT_STRING,
     .doc = "The position of the first string among the others, counted from 1; 0 when it is not "
            "there.",
     .example = "FIELD('b', 'a', 'b') → 2", ROWS(field_rows)},
    {.name = "INSTR", .category = WEIR_CAT_STRING,
     .doc = "The position of a string in another, counted from 1; 0 when it is not there. The "
            "search starts at a position, from the end when it is negative, and may ask for the "
            "n-th occurrence.",
     .example = "INSTR('corporate floor', 'or', 3, 2) → 14", ROWS(instr_rows)},
    {.name = "LPAD", .category = WEIR_CAT_STRING,
     .doc = "Fills up a string or bytes on the left to a length, or cuts what is longer.",
     .example = "LPAD('7', 3, '0') → 007", ROWS(lpad_rows)},
    {.name = "REPLACE", .category = WEIR_CAT_STRING,
     .doc = "Puts another string in place of all occurrences of a string.",
     .example = "REPLACE('a-b-c', '-', '+') → a+b+c", ROWS(replace_rows)},
    {.name = "RPAD", .category = WEIR_CAT_STRING,
     .doc = "Fills up a string or bytes on the right to a length, or cuts what is longer.",
     .example = "RPAD('ab', 4, '.') → ab..", ROWS(rpad_rows)},
    {.name = "SPLIT", .category = WEIR_CAT_STRING,
     .doc = "Splits a string or bytes at each delimiter; an empty delimiter splits everywhere.",
     .example = "SPLIT('a,b,', ',') → [a, b, ]", ROWS(split_rows)},
    {.name = "SPLIT_TO_MAP", .category = WEIR_CAT_STRING,
     .doc = "Splits a string into entries and each entry into key and value; the last one of the "
            "same key stays.",
     .example = "SPLIT_TO_MAP('a=1;b=2', ';', '=') → {a=1, b=2}", ROWS(split_to_map_rows)},
};
const uint32_t weir_fn_string_parts_n = WEIR_COUNT(weir_fn_string_parts);
