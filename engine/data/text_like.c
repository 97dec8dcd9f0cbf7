/* LIKE. A pattern is cut at its `%` into segments; each is a chain of literals and `_`s.
 *
 *   a%b_c%d      first: starts the text · middle: leftmost place each · last: ends the text
 *
 * Taking the leftmost place is right although `%` must not cross a line terminator: if a later place
 * of a segment were needed, a terminator would lie inside its leftmost place and so before the later
 * one, where the gap would have to cross it. So nothing is ever tried twice. */
#include "engine/data/text.h"

typedef struct like_part {
    weir_sv literal;
    uint32_t any; /* `_`s behind it */
} like_part;

typedef struct like_segment {
    const like_part *parts;
    uint32_t n_parts;
} like_segment;

struct weir_like {
    const like_segment *segments;
    uint32_t n_segments; /* one more than there are `%`s */
};

/* Java's line terminators: \n, \r, U+0085, U+2028, U+2029. Bytes of the one at `at`, or 0. */
static uint32_t terminator(weir_sv s, uint32_t at)
{
    unsigned char c = (unsigned char)s.p[at];
    if (WEIR_LIKELY(c > '\r' && c != 0xc2 && c != 0xe2)) {
        return 0;
    }
    if (c == '\n' || c == '\r') {
        return 1;
    }
    if (c == 0xc2) {
        return (unsigned char)s.p[at + 1] == 0x85 ? 2 : 0;
    }
    bool separator = c == 0xe2 && (unsigned char)s.p[at + 1] == 0x80 &&
                     ((unsigned char)s.p[at + 2] & 0xfe) == 0xa8;
    return separator ? 3 : 0;
}

static uint32_t next_terminator(weir_sv s, uint32_t from)
{
    while (from < s.n && !terminator(s, from)) {
        from++;
    }
    return from;
}

/* -- compiling ------------------------------------------------------------------------------ */

typedef struct like_compiler {
    weir_arena *arena;
    char *literal; /* all literal bytes, unescaped, one behind the other */
    uint32_t n_literal, literal_from;
    like_part *parts;
    uint32_t n_parts, cap_parts;
    like_segment *segments;
    uint32_t n_segments, cap_segments;
} like_compiler;

static void end_literal(like_compiler *c, uint32_t any)
{
    uint32_t n = c->n_literal - c->literal_from;
    if (n == 0 && any && c->n_parts) {
        c->parts[c->n_parts - 1].any += any;
    } else if (n || any) {
        like_part part = {{c->literal + c->literal_from, n}, any};
        WEIR_PUSH(c->arena, c->parts, c->n_parts, c->cap_parts, part);
    }
    c->literal_from = c->n_literal;
}

static void end_segment(like_compiler *c)
{
    end_literal(c, 0);
    like_segment segment = {c->parts, c->n_parts};
    WEIR_PUSH(c->arena, c->segments, c->n_segments, c->cap_segments, segment);
    c->parts = NULL;
    c->n_parts = 0;
    c->cap_parts = 0;
}

weir_rc weir_like_compile(weir_arena *a, weir_sv pattern, uint32_t escape, weir_like **out,
                          weir_status *st)
{
    like_compiler c = {.arena = a, .literal = weir_arena_bytes_alloc(a, (size_t)pattern.n + 1)};
    bool escaped = false;
    for (uint32_t at = 0; at < pattern.n;) {
        uint32_t start = at;
        uint32_t ch = weir_utf8_next(pattern, &at);
        if (!escaped && escape && ch == escape) {
            escaped = true;
            continue;
        }
        if (!escaped && ch == '%') {
            end_segment(&c);
            continue;
        }
        if (!escaped && ch == '_') {
            end_literal(&c, 1);
            continue;
        }
        escaped = false;
        memcpy(c.literal + c.n_literal, pattern.p + start, at - start);
        c.n_literal += at - start;
    }
    if (escaped) {
        return weir_fail(st, WEIR_EDATA, "LIKE pattern must not end with escape character");
    }
    end_segment(&c);
    weir_like *l = WEIR_NEW(a, weir_like);
    l->segments = c.segments;
    l->n_segments = c.n_segments;
    *out = l;
    return WEIR_OK;
}

/* -- matching ------------------------------------------------------------------------------- */

static bool has_literal(weir_sv text, uint32_t at, weir_sv literal)
{
    return literal.n <= text.n - at &&
           (literal.n == 0 || memcmp(text.p + at, literal.p, literal.n) == 0);
}

/* The segment at `at`; moves behind it. */
static bool match_at(const like_segment *g, weir_sv text, uint32_t *at)
{
    uint32_t pos = *at;
    for (uint32_t i = 0; i < g->n_parts; i++) {
        if (!has_literal(text, pos, g->parts[i].literal)) {
            return false;
        }
        pos += g->parts[i].literal.n;
        for (uint32_t k = 0; k < g->parts[i].any; k++) {
            if (pos == text.n || terminator(text, pos)) {
                return false;
            }
            weir_utf8_next(text, &pos);
        }
    }
    *at = pos;
    return true;
}

/* The segment so that it ends with the text; its start goes to `*at`. */
static bool match_end(const like_segment *g, weir_sv text, uint32_t *at)
{
    uint32_t pos = text.n;
    for (uint32_t i = g->n_parts; i-- > 0;) {
        for (uint32_t k = 0; k < g->parts[i].any; k++) {
            if (pos == 0) {
                return false;
            }
            do {
                pos--;
            } while (pos > 0 && ((unsigned char)text.p[pos] & 0xc0) == 0x80);
            if (terminator(text, pos)) {
                return false;
            }
        }
        weir_sv literal = g->parts[i].literal;
        if (literal.n > pos || !has_literal(text, pos - literal.n, literal)) {
            return false;
        }
        pos -= literal.n;
    }
    *at = pos;
    return true;
}

/* Leftmost place at or after `from`, before `limit`. */
static bool find(const like_segment *g, weir_sv text, uint32_t from, uint32_t limit, uint32_t *end)
{
    if (g->n_parts == 0) {
        *end = from;
        return true;
    }
    weir_sv first = g->parts[0].literal;
    bool plain = g->n_parts == 1 && g->parts[0].any == 0;
    while (from <= limit) {
        if (first.n) {
            int64_t hit = weir_sv_find(text, first, from);
            if (hit < 0 || hit > limit) {
                return false;
            }
            from = (uint32_t)hit;
        }
        *end = plain ? from + first.n : from;
        if (plain || match_at(g, text, end)) {
            return true;
        }
        if (from == text.n) {
            return false;
        }
        weir_utf8_next(text, &from);
    }
    return false;
}

bool weir_like_match(const weir_like *l, weir_sv text)
{
    uint32_t at = 0;
    if (!match_at(&l->segments[0], text, &at)) {
        return false;
    }
    if (l->n_segments == 1) {
        return at == text.n;
    }
    uint32_t gap_end = next_terminator(text, at);
    for (uint32_t i = 1; i + 1 < l->n_segments; i++) {
        if (!find(&l->segments[i], text, at, gap_end, &at)) {
            return false;
        }
        gap_end = gap_end < at ? next_terminator(text, at) : gap_end;
    }
    uint32_t last;
    return match_end(&l->segments[l->n_segments - 1], text, &last) && last >= at &&
           last <= gap_end;
}
