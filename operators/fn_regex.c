/* Regular expressions. A call site keeps the patterns it saw last, compiled or refused, so that a
 * literal is compiled once and a column with few patterns seldom. What the regex engine refuses or
 * gives up on is a row error. */
#include "engine/data/regex.h"

#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "operators/fn_text.h"

#define PATTERNS_KEPT 8

typedef struct pattern {
    char *text; /* on the heap, so that patterns come and go */
    uint32_t n;
    weir_regex *regex; /* NULL: refused */
    char *error;
} pattern;

typedef struct patterns {
    pattern kept[PATTERNS_KEPT];
    uint32_t n;
    uint32_t last; /* found; the others take turns in being replaced */
    uint32_t next;
} patterns;

static void pattern_free(pattern *p)
{
    weir_regex_free(p->regex);
    weir_free(p->text);
    weir_free(p->error);
    *p = (pattern){0};
}

static void patterns_free(void *all)
{
    patterns *p = all;
    for (uint32_t i = 0; i < p->n; i++) {
        pattern_free(&p->kept[i]);
    }
    p->n = 0;
}

static void prepare(weir_call *c)
{
    patterns *p = WEIR_NEW(c->plan_arena, patterns);
    weir_arena_on_end(c->plan_arena, patterns_free, p);
    c->prepared = p;
}

static char *heap_copy(weir_sv s)
{
    char *p = weir_alloc((size_t)s.n + 1);
    if (s.n) {
        memcpy(p, s.p, s.n);
    }
    p[s.n] = '\0';
    return p;
}

static bool is_pattern(const pattern *p, weir_sv text)
{
    return p->n == text.n && (text.n == 0 || memcmp(p->text, text.p, text.n) == 0);
}

static pattern *compile(patterns *all, weir_sv text)
{
    pattern *p = &all->kept[all->next];
    all->next = (all->next + 1) % PATTERNS_KEPT;
    if (all->n < PATTERNS_KEPT) {
        all->n++;
    } else {
        pattern_free(p);
    }
    p->text = heap_copy(text);
    p->n = text.n;
    weir_status st = {0};
    if (weir_regex_new(text, &p->regex, &st) != WEIR_OK) {
        p->regex = NULL;
        p->error = heap_copy(weir_sv_cstr(st.msg));
    }
    return p;
}

/* The compiled pattern, or NULL and a row error. */
static weir_regex *find_pattern(weir_call *c, weir_sv text)
{
    patterns *all = c->prepared;
    pattern *found = NULL;
    if (all->last < all->n && is_pattern(&all->kept[all->last], text)) {
        found = &all->kept[all->last];
    }
    for (uint32_t i = 0; i < all->n && !found; i++) {
        found = is_pattern(&all->kept[i], text) ? &all->kept[i] : NULL;
    }
    if (!found) {
        found = compile(all, text);
    }
    all->last = (uint32_t)(found - all->kept);
    if (!found->regex) {
        weir_row_error(c, "Invalid regular expression pattern: " WEIR_SV_FMT ": %s",
                       WEIR_SV_ARG(weir__shown(text)), found->error);
    }
    return found->regex;
}

/* Finds from byte `from` on. False: not found, or a row error (c->failed). */
static bool find(weir_call *c, weir_regex *r, weir_sv text, uint32_t from)
{
    bool found = false;
    weir_status st = {0};
    if (weir_regex_find(r, text, from, &found, &st) != WEIR_OK) {
        weir_row_error(c, "%s", st.msg);
        return false;
    }
    return found;
}

/* ---- REGEXP_EXTRACT, REGEXP_EXTRACT_ALL ---- */

static weir_value group_of(const weir_regex *r, weir_sv text, uint32_t group)
{
    uint32_t start;
    uint32_t end;
    if (!weir_regex_group(r, group, &start, &end)) {
        return weir_null(WEIR_T_STRING);
    }
    return weir_string(weir_sv_of(text.n ? text.p + start : text.p, end - start));
}

/* Whether there is such a group; a negative one is an error as soon as something is found. */
static bool has_group(weir_call *c, const weir_regex *r, int32_t group)
{
    if (group < 0) {
        weir_row_error(c, "No group %d", group);
        return false;
    }
    return (uint32_t)group <= weir_regex_groups(r);
}

static weir_value extract(weir_call *c, const weir_value *args, uint32_t n)
{
    weir_regex *r = find_pattern(c, args[0].sv);
    int32_t group = n > 2 ? args[2].i32 : 0;
    if (!r || !find(c, r, args[1].sv, 0) || !has_group(c, r, group)) {
        return weir__none(c);
    }
    return group_of(r, args[1].sv, (uint32_t)group);
}

static weir_value extract_all(weir_call *c, const weir_value *args, uint32_t n)
{
    weir_regex *r = find_pattern(c, args[0].sv);
    int32_t group = n > 2 ? args[2].i32 : 0;
    if (!r || group > (int64_t)weir_regex_groups(r)) {
        return weir__none(c);
    }
    weir_sv text = args[1].sv;
    weir__texts all = {.kind = WEIR_T_STRING};
    for (uint32_t from = 0; from != UINT32_MAX && find(c, r, text, from);
         from = weir_regex_next(r, text)) {
        if (!has_group(c, r, group)) {
            return weir__none(c);
        }
        weir_value v = group_of(r, text, (uint32_t)group);
        if (!weir__texts_add(c, &all, v.sv)) {
            return weir__none(c);
        }
        all.items[all.n - 1] = v;
    }
    return c->failed ? weir__none(c) : weir_array(all.items, all.n);
}

/* ---- REGEXP_REPLACE ---- */

static weir_value replace(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_regex *r = find_pattern(c, args[1].sv);
    if (!r) {
        return weir__none(c);
    }
    weir_buf out;
    weir_buf_init(&out, WEIR_STRING_BYTES_MAX);
    weir_status st = {0};
    if (weir_regex_replace_all(r, args[0].sv, args[2].sv, &out, &st) != WEIR_OK) {
        weir_buf_deinit(&out);
        return weir_row_error(c, "%s", st.msg);
    }
    return weir__taken(c, &out);
}

/* ---- REGEXP_SPLIT_TO_ARRAY ---- */

static bool add_part(weir_call *c, weir__texts *parts, weir_sv text, uint32_t from, uint32_t to)
{
    return weir__texts_add(c, parts, weir_sv_of(text.n ? text.p + from : text.p, to - from));
}

/* Pattern.split, for patterns that match the empty string: no empty part before an empty match at
 * the start, no empty parts at the end. */
static bool split_java(weir_call *c, weir_regex *r, weir_sv text, weir__texts *parts)
{
    uint32_t part = 0;
    for (uint32_t from = 0; from != UINT32_MAX && find(c, r, text, from);
         from = weir_regex_next(r, text)) {
        uint32_t start = 0;
        uint32_t end = 0;
        weir_regex_group(r, 0, &start, &end);
        if (part == 0 && end == 0) {
            continue;
        }
        if (!add_part(c, parts, text, part, start)) {
            return false;
        }
        part = end;
    }
    if (c->failed || !add_part(c, parts, text, part, text.n)) {
        return false;
    }
    while (part > 0 && parts->n > 0 && parts->items[parts->n - 1].sv.n == 0) {
        parts->n--;
    }
    return true;
}

/* Guava's Splitter, for all others: an empty match where a part begins does not end it; one at the
 * end of the text leaves no part behind. */
static bool split_guava(weir_call *c, weir_regex *r, weir_sv text, weir__texts *parts)
{
    uint32_t part = 0;
    uint32_t from = 0;
    while (find(c, r, text, from)) {
        uint32_t start = 0;
        uint32_t end = 0;
        weir_regex_group(r, 0, &start, &end);
        if (end == part) {
            if (end == text.n) {
                return true;
            }
            from = end;
            weir_utf8_next(text, &from);
            continue;
        }
        if (!add_part(c, parts, text, part, start)) {
            return false;
        }
        part = end;
        from = end;
    }
    return !c->failed && add_part(c, parts, text, part, text.n);
}

static weir_value split(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_regex *r = find_pattern(c, args[1].sv);
    weir_status st = {0};
    bool empty = false;
    weir__texts parts = {.kind = WEIR_T_STRING};
    if (!r) {
        return weir__none(c);
    }
    if (weir_regex_matches(r, WEIR_SV(""), &empty, &st) != WEIR_OK) {
        return weir_row_error(c, "%s", st.msg);
    }
    bool ok;
    if (args[1].sv.n == 0 && args[0].sv.n > 0) {
        ok = weir__texts_units(c, &parts, args[0].sv);
    } else {
        ok = (empty ? split_java : split_guava)(c, r, args[0].sv, &parts);
    }
    return ok ? weir_array(parts.items, parts.n) : weir__none(c);
}

/* ---- rows ---- */

#define EXTRACT_ROWS(kernel, result)                                                               \
    {                                                                                              \
        {.sig = "STRING, STRING -> " result, .row = (kernel), .prepare = prepare},                 \
        {.sig = "STRING, STRING, INT -> " result, .row = (kernel), .prepare = prepare},            \
    }
static const weir_overload extract_rows[] = EXTRACT_ROWS(extract, "STRING");
static const weir_overload extract_all_rows[] = EXTRACT_ROWS(extract_all, "ARRAY<STRING>");
static const weir_overload replace_rows[] = {
    {.sig = "STRING, STRING, STRING -> STRING", .row = replace, .prepare = prepare},
};
static const weir_overload split_rows[] = {
    {.sig = "STRING, STRING -> ARRAY<STRING>", .row = split, .prepare = prepare},
};

#define ROWS(rows) .overloads = (rows), .n_overloads = WEIR_COUNT(rows)

const weir_function weir_fn_regex[] = {
    {.name = "REGEXP_EXTRACT", .category = WEIR_CAT_REGEX,
     .doc = "The first match of a pattern, or of one of its groups; NULL when there is none.",
     .example = "REGEXP_EXTRACT('(.*) (.*)', 'hello there', 2) → there", ROWS(extract_rows)},
    {.name = "REGEXP_EXTRACT_ALL", .category = WEIR_CAT_REGEX,
     .doc = "All matches of a pattern, or of one of its groups.",
     .example = "REGEXP_EXTRACT_ALL('[a-z]+', 'ab 1 cd') → [ab, cd]", ROWS(extract_all_rows)},
    {.name = "REGEXP_REPLACE", .category = WEIR_CAT_REGEX,
     .doc = "Replaces all matches of a pattern; $1 and ${name} in the replacement are groups.",
     .example = "REGEXP_REPLACE('a1b22', '[0-9]+', '-') → a-b-", ROWS(replace_rows)},
    {.name = "REGEXP_SPLIT_TO_ARRAY", .category = WEIR_CAT_REGEX,
     .doc = "Splits a string at each match of a pattern.",
     .example = "REGEXP_SPLIT_TO_ARRAY('a1b22c', '[0-9]+') → [a, b, c]", ROWS(split_rows)},
};
const uint32_t weir_fn_regex_n = WEIR_COUNT(weir_fn_regex);
