/* Texts that match a pattern. The pattern becomes a tree, writing walks it and draws at each
 * choice. How long a text can get is known when the pattern is compiled, so that none can be
 * without bounds. */
#include "connectors/datagen_impl.h"

#include "engine/data/text.h"

#define MORE 8 /* of `*`, `+` and `{n,}` */
#define REPEAT_MAX 10000
#define PRINTABLE_FIRST 0x20
#define PRINTABLE_LAST 0x7e

typedef struct range {
    uint32_t first, last;
} range;

/* One of several sequences, each a list of pieces. */
typedef struct piece piece;
typedef struct sequence {
    piece *pieces;
    uint32_t n, cap;
} sequence;
struct weir__dg_regex {
    sequence *ways;
    uint32_t n, cap;
};
struct piece {
    range *ranges; /* of characters; NULL: a group */
    uint32_t n_ranges, cap;
    uint32_t chars; /* in all ranges */
    const weir__dg_regex *group;
    uint32_t least, most;
};

typedef struct parser {
    weir_arena *a;
    weir_sv pattern;
    uint32_t at;
    weir_status *st;
} parser;

static weir_rc fault(parser *p, const char *what)
{
    return weir_fail(p->st, WEIR_EUSAGE, "regex \"" WEIR_SV_FMT "\": %s at character %u",
                     WEIR_SV_ARG(p->pattern), what, p->at + 1);
}

static bool more(const parser *p)
{
    return p->at < p->pattern.n;
}

static char peek(const parser *p)
{
    return more(p) ? p->pattern.p[p->at] : '\0';
}

static bool take(parser *p, char c)
{
    bool is = more(p) && peek(p) == c;
    p->at += is;
    return is;
}

static void add(parser *p, piece *x, uint32_t first, uint32_t last)
{
    range r = {first, last};
    WEIR_PUSH(p->a, x->ranges, x->n_ranges, x->cap, r);
    x->chars += last - first + 1;
}

/* Everything printable that is not in the ranges. */
static void negate(parser *p, piece *x)
{
    piece out = {.least = 1, .most = 1};
    for (uint32_t c = PRINTABLE_FIRST; c <= PRINTABLE_LAST; c++) {
        bool in = false;
        for (uint32_t i = 0; i < x->n_ranges && !in; i++) {
            in = c >= x->ranges[i].first && c <= x->ranges[i].last;
        }
        if (!in) {
            add(p, &out, c, c);
        }
    }
    *x = out;
}

static bool named_class(parser *p, piece *x, char c)
{
    piece own = {.least = 1, .most = 1};
    switch (c) {
    case 'd':
    case 'D':
        add(p, &own, '0', '9');
        break;
    case 'w':
    case 'W':
        add(p, &own, 'a', 'z');
        add(p, &own, 'A', 'Z');
        add(p, &own, '0', '9');
        add(p, &own, '_', '_');
        break;
    case 's':
    case 'S':
        add(p, &own, ' ', ' ');
        break;
    default:
        return false;
    }
    if (c < 'a') {
        negate(p, &own);
    }
    for (uint32_t i = 0; i < own.n_ranges; i++) {
        add(p, x, own.ranges[i].first, own.ranges[i].last);
    }
    return true;
}

/* Behind a backslash: a class is added to x (*c is 0), else *c is the character. */
static weir_rc escape(parser *p, piece *x, uint32_t *c)
{
    if (!more(p)) {
        return fault(p, "an escape without a character");
    }
    char e = p->pattern.p[p->at++];
    *c = 0;
    if (named_class(p, x, e)) {
        return WEIR_OK;
    }
    if ((e >= 'a' && e <= 'z') || (e >= 'A' && e <= 'Z') || (e >= '0' && e <= '9')) {
        *c = e == 't' ? '\t' : e == 'n' ? '\n' : e == 'r' ? '\r' : 0;
        return *c ? WEIR_OK : fault(p, "an escape that cannot be generated");
    }
    p->at--;
    *c = weir_utf8_next(p->pattern, &p->at);
    return WEIR_OK;
}

static weir_rc class_char(parser *p, piece *x, uint32_t *c)
{
    if (take(p, '\\')) {
        return escape(p, x, c);
    }
    *c = weir_utf8_next(p->pattern, &p->at);
    return WEIR_OK;
}

static weir_rc read_class(parser *p, piece *x)
{
    bool negated = take(p, '^');
    bool first = true;
    while (more(p) && (peek(p) != ']' || first)) {
        uint32_t from;
        first = false;
        if (peek(p) == '[' ||
            (peek(p) == '&' && p->at + 1 < p->pattern.n && p->pattern.p[p->at + 1] == '&')) {
            return fault(p, "a class inside of a class");
        }
        WEIR_TRY(class_char(p, x, &from));
        if (from == 0) {
            continue;
        }
        uint32_t to = from;
        if (peek(p) == '-' && p->at + 1 < p->pattern.n && p->pattern.p[p->at + 1] != ']') {
            p->at++;
            WEIR_TRY(class_char(p, x, &to));
            if (to < from || (from < 0xd800 && to > 0xdfff)) {
                return fault(p, "a range that goes backwards, or over surrogates,");
            }
        }
        add(p, x, from, to);
    }
    if (!take(p, ']')) {
        return fault(p, "a class without an end");
    }
    if (negated) {
        negate(p, x);
    }
    return x->chars ? WEIR_OK : fault(p, "a class without characters");
}

static weir_rc read_count(parser *p, uint32_t *out, bool *given)
{
    *out = 0;
    for (*given = false; peek(p) >= '0' && peek(p) <= '9'; *given = true) {
        *out = *out * 10 + (uint32_t)(p->pattern.p[p->at++] - '0');
        if (*out > REPEAT_MAX) {
            return fault(p, "too many repetitions");
        }
    }
    return WEIR_OK;
}

static weir_rc read_repeat(parser *p, piece *x)
{
    x->least = 1;
    x->most = 1;
    if (take(p, '*')) {
        x->least = 0;
        x->most = MORE;
    } else if (take(p, '+')) {
        x->most = 1 + MORE;
    } else if (take(p, '?')) {
        x->least = 0;
    } else if (take(p, '{')) {
        bool low;
        bool high = true;
        WEIR_TRY(read_count(p, &x->least, &low));
        x->most = x->least;
        if (take(p, ',')) {
            WEIR_TRY(read_count(p, &x->most, &high));
            x->most = high ? x->most : x->least + MORE;
        }
        if (!low || !take(p, '}') || x->most < x->least) {
            return fault(p, "a repetition that is not {n}, {n,} or {n,m}");
        }
    } else {
        return WEIR_OK;
    }
    if (!take(p, '?')) { /* how eager it is does not matter here */
        take(p, '+');
    }
    return WEIR_OK;
}

static weir_rc read_ways(parser *p, uint32_t depth, weir__dg_regex *out, uint64_t *longest);

static weir_rc read_group(parser *p, uint32_t depth, piece *x, uint64_t *longest)
{
    if (take(p, '?') && !take(p, ':')) {
        return fault(p, "a group that cannot be generated");
    }
    weir__dg_regex *group = WEIR_NEW(p->a, weir__dg_regex);
    x->group = group;
    WEIR_TRY(read_ways(p, depth + 1, group, longest));
    return take(p, ')') ? WEIR_OK : fault(p, "a group without an end");
}

static weir_rc read_piece(parser *p, uint32_t depth, piece *x, uint64_t *longest)
{
    *longest = 4;
    char c = peek(p);
    uint32_t ch = 0;
    if (take(p, '(')) {
        WEIR_TRY(read_group(p, depth, x, longest));
    } else if (take(p, '[')) {
        WEIR_TRY(read_class(p, x));
    } else if (take(p, '.')) {
        add(p, x, PRINTABLE_FIRST, PRINTABLE_LAST);
    } else if (take(p, '\\')) {
        WEIR_TRY(escape(p, x, &ch));
        if (ch) {
            add(p, x, ch, ch);
        }
    } else if (strchr("*+?{", c)) {
        return fault(p, "a repetition of nothing");
    } else {
        ch = weir_utf8_next(p->pattern, &p->at);
        add(p, x, ch, ch);
    }
    WEIR_TRY(read_repeat(p, x));
    *longest *= x->most;
    return *longest <= WEIR_DATAGEN_TEXT_MAX ? WEIR_OK : fault(p, "a text that may get too long");
}

static weir_rc read_ways(parser *p, uint32_t depth, weir__dg_regex *out, uint64_t *longest)
{
    if (depth > WEIR_DATAGEN_DEPTH_MAX) {
        return fault(p, "too many groups inside of one another");
    }
    *longest = 0;
    do {
        sequence s = {0};
        uint64_t length = 0;
        while (more(p) && peek(p) != '|' && peek(p) != ')') {
            if (depth == 0 && p->at == 0 && take(p, '^')) {
                continue;
            }
            if (depth == 0 && p->at + 1 == p->pattern.n && take(p, '$')) {
                continue;
            }
            if (peek(p) == '^' || peek(p) == '$') {
                return fault(p, "an anchor");
            }
            piece x = {.least = 1, .most = 1};
            uint64_t own;
            WEIR_TRY(read_piece(p, depth, &x, &own));
            WEIR_PUSH(p->a, s.pieces, s.n, s.cap, x);
            length += own;
            if (length > WEIR_DATAGEN_TEXT_MAX) {
                return fault(p, "a text that may get too long");
            }
        }
        WEIR_PUSH(p->a, out->ways, out->n, out->cap, s);
        *longest = length > *longest ? length : *longest;
    } while (take(p, '|'));
    return WEIR_OK;
}

weir_rc weir__dg_regex_compile(weir_arena *a, weir_sv pattern, weir__dg_regex **out,
                               uint64_t *longest, weir_status *st)
{
    parser p = {.a = a, .pattern = pattern, .st = st};
    if (!weir_utf8_valid(pattern) || (pattern.n && memchr(pattern.p, 0, pattern.n))) {
        return weir_fail(st, WEIR_EUSAGE, "a regex that is not UTF-8, or has a NUL");
    }
    *out = WEIR_NEW(a, weir__dg_regex);
    WEIR_TRY(read_ways(&p, 0, *out, longest));
    return more(&p) ? fault(&p, "a bracket too many") : WEIR_OK;
}

static void write_char(const piece *x, weir_rng *r, weir_buf *out)
{
    uint32_t nth = x->chars > 1 ? (uint32_t)weir_rng_below(r, x->chars) : 0;
    const range *at = x->ranges;
    for (; nth > at->last - at->first; at++) {
        nth -= at->last - at->first + 1;
    }
    char utf8[4];
    weir_buf_add(out, utf8, weir_utf8_put(utf8, at->first + nth));
}

void weir__dg_regex_write(const weir__dg_regex *x, weir_rng *r, weir_buf *out)
{
    const sequence *s = &x->ways[x->n > 1 ? weir_rng_below(r, x->n) : 0];
    for (uint32_t i = 0; i < s->n; i++) {
        const piece *p = &s->pieces[i];
        uint32_t n = p->least;
        n += p->most > n ? (uint32_t)weir_rng_below(r, (uint64_t)(p->most - n) + 1) : 0;
        for (; n; n--) {
            if (p->group) {
                weir__dg_regex_write(p->group, r, out);
            } else {
                write_char(p, r, out);
            }
        }
    }
}
