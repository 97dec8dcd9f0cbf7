/* A parser by hand, part after part from left to right:
 *
 *   scheme ":" ( "//" [user "@"] host [":" port] path ["?" query] | opaque ) ["#" fragment]
 *
 * What looks like a server but is none (a port that is no number) is taken as a name in some
 * registry if its characters allow that: then there is no host, but no error either. A `%` that
 * does not begin an escape is always an error. */
#include "operators/uri.h"

#include "engine/data/text.h"

/* Classes of ASCII characters, as bits. */
enum {
    ALPHA = 1,
    DIGIT = 2,
    HEX = 4,
    MARK = 8,      /* - _ . ! ~ * ' ( ) */
    USER = 16,     /* ; : & = + $ , */
    AT = 32,       /* @ */
    SLASH = 64,    /* / */
    BRACKET = 128, /* ? [ ] in queries and fragments; of these [ ] in servers */
    ESCAPES = 256, /* also escapes and visible characters that are no ASCII */
    ALNUM = ALPHA | DIGIT,
    NAME = ALNUM | MARK | USER | AT | ESCAPES, /* of a registry */
    USER_INFO = ALNUM | MARK | USER | ESCAPES,
    PATH = NAME | SLASH,
    URIC = PATH | BRACKET,
};

typedef struct parser {
    weir_sv s;
    bool bad; /* an escape that is none */
    uint32_t ipv6_bytes;
    weir_uri *out;
} parser;

static uint32_t class_of(char c)
{
    if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
        return ALPHA | HEX;
    }
    if ((c >= 'g' && c <= 'z') || (c >= 'G' && c <= 'Z')) {
        return ALPHA;
    }
    if (c >= '0' && c <= '9') {
        return DIGIT | HEX;
    }
    if (c == '\0') {
        return 0;
    }
    if (strchr("-_.!~*'()", c)) {
        return MARK;
    }
    if (strchr(";:&=+$,", c)) {
        return USER;
    }
    if (strchr("?[]", c)) {
        return BRACKET;
    }
    return c == '@' ? AT : (c == '/' ? SLASH : 0);
}

static bool is_visible(uint32_t c)
{
    bool space = c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
                 c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
    return c > 0x9f && !space;
}

static bool at_char(const parser *p, uint32_t at, uint32_t end, char c)
{
    return at < end && p->s.p[at] == c;
}

/* Behind the characters of these classes or of `extra`. */
static uint32_t skip(parser *p, uint32_t at, uint32_t end, uint32_t classes, const char *extra)
{
    while (at < end) {
        char c = p->s.p[at];
        if (!((unsigned char)c & 0x80)) {
            if ((class_of(c) & classes) || (c && strchr(extra, c))) {
                at++;
                continue;
            }
            if (!(classes & ESCAPES) || c != '%') {
                break;
            }
            if (end - at < 3 || !(class_of(p->s.p[at + 1]) & HEX) ||
                !(class_of(p->s.p[at + 2]) & HEX)) {
                p->bad = true;
                break;
            }
            at += 3;
            continue;
        }
        uint32_t next = at;
        if (!(classes & ESCAPES) || !is_visible(weir_utf8_next(p->s, &next))) {
            break;
        }
        at = next;
    }
    return at;
}

static bool all(parser *p, uint32_t at, uint32_t end, uint32_t classes, const char *extra)
{
    return skip(p, at, end, classes, extra) >= end;
}

/* The first of these characters, or `end`. */
static uint32_t find(const parser *p, uint32_t at, uint32_t end, const char *stops)
{
    while (at < end && (!p->s.p[at] || !strchr(stops, p->s.p[at]))) {
        at++;
    }
    return at;
}

static weir_sv part(const parser *p, uint32_t from, uint32_t to)
{
    return weir_sv_of(p->s.n ? p->s.p + from : "", to - from);
}

/* ---- hosts ---- */

static uint32_t skip_digits(const parser *p, uint32_t at, uint32_t end)
{
    while (at < end && (class_of(p->s.p[at]) & DIGIT)) {
        at++;
    }
    return at;
}

/* Digits that are a number up to `max`. */
static bool number(const parser *p, uint32_t at, uint32_t end, int32_t max, int32_t *out)
{
    int64_t v = 0;
    for (uint32_t i = at; i < end; i++) {
        v = v * 10 + (p->s.p[i] - '0');
        if (v > max) {
            return false;
        }
    }
    *out = (int32_t)v;
    return end > at;
}

/* Behind four bytes with dots between them, or `at`. Digits and dots must end there. */
static uint32_t skip_ipv4(const parser *p, uint32_t at, uint32_t end)
{
    uint32_t next = at;
    for (uint32_t i = 0; i < 4; i++) {
        int32_t byte;
        uint32_t to = skip_digits(p, next, end);
        if (!number(p, next, to, 255, &byte) || (i < 3 && !at_char(p, to, end, '.'))) {
            return at;
        }
        next = to + (i < 3);
    }
    return at_char(p, next, end, '.') ? at : next;
}

static uint32_t skip_hex(const parser *p, uint32_t at, uint32_t end)
{
    while (at < end && (class_of(p->s.p[at]) & HEX)) {
        at++;
    }
    return at;
}

/* Groups of up to four hexadecimal digits with colons between them; stops before `::` and before an
 * IPv4 address. Returns `at` when there is no group; false when it is wrong. */
static bool hex_groups(parser *p, uint32_t at, uint32_t end, uint32_t *behind)
{
    *behind = at;
    uint32_t to = skip_hex(p, at, end);
    if (to == at || at_char(p, to, end, '.')) {
        return true;
    }
    for (;;) {
        if (to > at + 4) {
            return false;
        }
        p->ipv6_bytes += 2;
        *behind = to;
        if (!at_char(p, to, end, ':') || at_char(p, to + 1, end, ':')) {
            return true;
        }
        at = to + 1;
        to = skip_hex(p, at, end);
        if (to == at) {
            return false;
        }
        if (at_char(p, to, end, '.')) {
            return true;
        }
    }
}

static bool ipv4_tail(parser *p, uint32_t at, uint32_t end, uint32_t *behind)
{
    *behind = skip_ipv4(p, at, end);
    p->ipv6_bytes += 4;
    return *behind > at && *behind == end;
}

/* What follows `::`. */
static bool ipv6_rest(parser *p, uint32_t at, uint32_t end)
{
    uint32_t behind;
    if (at == end) {
        return true;
    }
    if (!hex_groups(p, at, end, &behind)) {
        return false;
    }
    if (behind == at) {
        return ipv4_tail(p, at, end, &behind);
    }
    return at_char(p, behind, end, ':') ? ipv4_tail(p, behind + 1, end, &behind) : behind == end;
}

static bool ipv6(parser *p, uint32_t at, uint32_t end)
{
    uint32_t behind;
    p->ipv6_bytes = 0;
    if (!hex_groups(p, at, end, &behind)) {
        return false;
    }
    if (at_char(p, behind, end, ':') && at_char(p, behind + 1, end, ':')) {
        return ipv6_rest(p, behind + 2, end) && p->ipv6_bytes < 16;
    }
    bool tail = behind > at && at_char(p, behind, end, ':');
    bool ok = tail ? ipv4_tail(p, behind + 1, end, &behind) : behind == end;
    return ok && p->ipv6_bytes == 16;
}

/* Labels of letters, digits and inner dashes; the last of several begins with a letter. Returns what
 * is behind it, or `at` when it is wrong. */
static uint32_t skip_hostname(parser *p, uint32_t at, uint32_t end)
{
    uint32_t next = at;
    uint32_t label = UINT32_MAX;
    while (next < end) {
        if (!(class_of(p->s.p[next]) & ALNUM)) {
            break;
        }
        label = next;
        next = skip(p, next, end, ALNUM, "-");
        if (p->s.p[next - 1] == '-') {
            return at;
        }
        if (!at_char(p, next, end, '.')) {
            break;
        }
        next++;
    }
    bool ok = label != UINT32_MAX && (next == end || p->s.p[next] == ':') &&
              (label == at || (class_of(p->s.p[label]) & ALPHA));
    return ok ? next : at;
}

/* [user@]host[:port], all of it. */
static bool parse_server(parser *p, uint32_t at, uint32_t end)
{
    uint32_t to = find(p, at, end, "@");
    if (to < end) {
        if (!all(p, at, to, USER_INFO, "")) {
            return false;
        }
        at = to + 1;
    }
    uint32_t host = at;
    if (at_char(p, at, end, '[')) {
        to = find(p, at + 1, end, "]");
        uint32_t scope = find(p, at + 1, to, "%");
        if (to == end || !ipv6(p, at + 1, scope) || scope + 1 == to ||
            (scope < to && !all(p, scope + 1, to, ALNUM, "_."))) {
            return false;
        }
        at = to + 1;
    } else {
        to = skip_ipv4(p, at, end);
        if (to == at || (to < end && p->s.p[to] != ':')) {
            to = skip_hostname(p, at, end);
        }
        if (to == at) {
            return false;
        }
        at = to;
    }
    int32_t port = -1;
    if (at < end) {
        bool digits = p->s.p[at] == ':' && skip_digits(p, at + 1, end) == end;
        if (!digits || (at + 1 < end && !number(p, at + 1, end, INT32_MAX, &port))) {
            return false;
        }
    }
    p->out->host = part(p, host, at);
    p->out->port = port;
    return true;
}

static bool parse_authority(parser *p, uint32_t at, uint32_t end)
{
    bool server = all(p, at, end, USER_INFO | AT, "[]%");
    bool name = all(p, at, end, NAME, "");
    if (p->bad) {
        return false;
    }
    return (server && parse_server(p, at, end)) || name;
}

/* ---- the whole ---- */

static bool parse_hierarchical(parser *p, uint32_t *at)
{
    uint32_t n = p->s.n;
    if (at_char(p, *at, n, '/') && at_char(p, *at + 1, n, '/')) {
        *at += 2;
        uint32_t to = find(p, *at, n, "/?#");
        if (to == *at ? to == n : !parse_authority(p, *at, to)) {
            return false;
        }
        *at = to;
    }
    uint32_t to = find(p, *at, n, "?#");
    p->out->path = part(p, *at, to);
    if (!all(p, *at, to, PATH, "")) {
        return false;
    }
    *at = to;
    if (at_char(p, *at, n, '?')) {
        to = find(p, *at + 1, n, "#");
        p->out->query = part(p, *at + 1, to);
        if (!all(p, *at + 1, to, URIC, "")) {
            return false;
        }
        *at = to;
    }
    return true;
}

bool weir_uri_parse(weir_sv text, weir_uri *out)
{
    parser p = {.s = text, .out = out};
    *out = (weir_uri){.port = -1};
    uint32_t at = 0;
    uint32_t colon = find(&p, 0, text.n, ":/?#");
    if (at_char(&p, colon, text.n, ':')) {
        if (colon == 0 || !(class_of(text.p[0]) & ALPHA) || !all(&p, 1, colon, ALNUM, "+-.")) {
            return false;
        }
        out->scheme = part(&p, 0, colon);
        at = colon + 1;
    }
    if (at == 0 || at_char(&p, at, text.n, '/')) {
        if (!parse_hierarchical(&p, &at)) {
            return false;
        }
    } else {
        uint32_t to = find(&p, at, text.n, "#");
        if (to == at || !all(&p, at, to, URIC, "")) {
            return false;
        }
        at = to;
    }
    if (at < text.n) {
        WEIR_ASSERT(text.p[at] == '#');
        out->fragment = part(&p, at + 1, text.n);
        return all(&p, at + 1, text.n, URIC, "");
    }
    return true;
}

static uint32_t hex_digit(char c)
{
    return (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

weir_sv weir_uri_decode(weir_arena *a, weir_sv s)
{
    if (!s.n || !memchr(s.p, '%', s.n)) {
        return s;
    }
    char *p = weir_arena_bytes_alloc(a, s.n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%') {
            WEIR_ASSERT(s.n - i >= 3);
            p[n++] = (char)(hex_digit(s.p[i + 1]) << 4 | hex_digit(s.p[i + 2]));
            i += 2;
        } else {
            p[n++] = s.p[i];
        }
    }
    return weir_utf8_repair(a, weir_sv_of(p, n));
}
