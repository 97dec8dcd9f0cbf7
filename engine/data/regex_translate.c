/* One pass over the pattern, after \Q…\E has become single escapes as in Java. What differs is written
 * out: the dot and the anchors name Java's line terminators, \b knows Unicode letters, a class with a
 * class inside or with && becomes a choice or a look-ahead, comments mode is applied here. */
#include "engine/data/regex_translate.h"

#include "engine/data/regex_class.h"

#define DEPTH_MAX 200      /* groups in one another */
#define CLASS_DEPTH_MAX 16 /* classes in one another */
#define GROUPS_MAX 1000
#define LINE_ENDS "\\n\\r\\x{85}\\x{2028}\\x{2029}"
#define WORD "[\\p{L}\\p{Nd}_]"

typedef struct flags {
    bool dot_all, multi_line, unix_lines, comments;
} flags;

typedef struct translator {
    const char *p, *end;
    weir_buf *out;
    weir_status *st;
    flags now;
    flags outer[DEPTH_MAX];
    uint32_t depth;
    uint32_t n_groups; /* in the whole pattern */
    bool atom;         /* something a quantifier may follow */
    weir_sv pattern;
} translator;

static weir_rc refuse(const translator *t, const char *why)
{
    return weir_fail(t->st, WEIR_EUSAGE, "%s near index %lld: " WEIR_SV_FMT, why,
                     (long long)(t->p - t->pattern.p), WEIR_SV_ARG(t->pattern));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static int hex_digit(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static bool peek(const translator *t, char c)
{
    return t->p < t->end && *t->p == c;
}

/* -- \Q…\E ------------------------------------------------------------------------------------ */

static void unquote(weir_sv s, weir_buf *out)
{
    bool quoted = false;
    for (uint32_t i = 0; i < s.n; i++) {
        bool escape = s.p[i] == '\\' && i + 1 < s.n;
        if (quoted && escape && s.p[i + 1] == 'E') {
            quoted = false;
            i++;
        } else if (quoted) {
            unsigned char c = (unsigned char)s.p[i];
            if (c < 0x80 && !is_alpha(s.p[i]) && !is_digit(s.p[i])) {
                weir_buf_byte(out, '\\');
            }
            weir_buf_byte(out, s.p[i]);
        } else if (escape && s.p[i + 1] == 'Q') {
            quoted = true;
            i++;
        } else {
            weir_buf_byte(out, s.p[i]);
            if (escape) {
                weir_buf_byte(out, s.p[++i]);
            }
        }
    }
}

/* Capturing groups, needed to know which back references can ever match. */
static uint32_t count_groups(weir_sv s)
{
    uint32_t n = 0;
    uint32_t in_class = 0;
    for (uint32_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\\') {
            i++;
        } else if (c == '[') {
            in_class++;
        } else if (c == ']' && in_class) {
            in_class--;
        } else if (c == '(' && !in_class) {
            bool plain = i + 1 == s.n || s.p[i + 1] != '?';
            bool named = i + 3 < s.n && s.p[i + 1] == '?' && s.p[i + 2] == '<' &&
                         s.p[i + 3] != '=' && s.p[i + 3] != '!';
            n += plain || named;
        }
    }
    return n;
}

/* -- escapes that stand for one character ------------------------------------------------------ */

static void put_char(translator *t, uint32_t c)
{
    weir_buf_printf(t->out, "\\x{%x}", c);
}

/* n hexadecimal digits; false when there are fewer. */
static bool take_hex(translator *t, uint32_t n, uint32_t *value)
{
    *value = 0;
    for (uint32_t i = 0; i < n; i++) {
        int digit = t->p < t->end ? hex_digit(*t->p) : -1;
        if (digit < 0) {
            return false;
        }
        *value = *value * 16 + (uint32_t)digit;
        t->p++;
    }
    return true;
}

static bool take_braced_hex(translator *t, uint32_t *value)
{
    const char *start = ++t->p;
    *value = 0;
    while (t->p < t->end && hex_digit(*t->p) >= 0 && *value <= 0x10ffff) {
        *value = *value * 16 + (uint32_t)hex_digit(*t->p++);
    }
    return t->p > start && peek(t, '}') && *value <= 0x10ffff && t->p++;
}

/* \uD83D\uDE00 is one character. */
static bool take_unicode(translator *t, uint32_t *value)
{
    if (!take_hex(t, 4, value)) {
        return false;
    }
    if (*value >= 0xd800 && *value < 0xdc00 && t->end - t->p >= 6 && t->p[0] == '\\' &&
        t->p[1] == 'u') {
        const char *back = t->p;
        uint32_t low;
        t->p += 2;
        if (take_hex(t, 4, &low) && low >= 0xdc00 && low < 0xe000) {
            *value = 0x10000 + ((*value - 0xd800) << 10) + (low - 0xdc00);
        } else {
            t->p = back;
        }
    }
    return *value < 0xd800 || *value > 0xdfff; /* UTF-8 has no halves of characters */
}

static bool take_octal(translator *t, uint32_t *value)
{
    uint32_t n = 0;
    *value = 0;
    while (n < 3 && t->p < t->end && *t->p >= '0' && *t->p <= '7' && *value * 8 <= 0377) {
        *value = *value * 8 + (uint32_t)(*t->p++ - '0');
        n++;
    }
    return n > 0;
}

/* After a backslash: a character by number or by letter. `*is` false: something else. */
static weir_rc char_escape(translator *t, uint32_t *value, bool *is)
{
    static const char letters[] = "tnrfae";
    static const uint8_t values[] = {9, 10, 13, 12, 7, 27};
    char c = *t->p;
    const char *found = memchr(letters, c, sizeof letters - 1);
    bool ok = true;
    *is = true;
    if (found) {
        *value = values[found - letters];
        t->p++;
    } else if (c == 'x') {
        t->p++;
        ok = peek(t, '{') ? take_braced_hex(t, value) : take_hex(t, 2, value);
    } else if (c == 'u') {
        t->p++;
        ok = take_unicode(t, value);
    } else if (c == '0') {
        t->p++;
        ok = take_octal(t, value);
    } else if (c == 'c') {
        t->p++;
        ok = t->p < t->end;
        *value = ok ? (unsigned char)*t->p++ ^ 64u : 0;
    } else if (!is_alpha(c) && !is_digit(c) && (unsigned char)c < 0x80) {
        *value = (unsigned char)c;
        t->p++;
    } else {
        *is = false;
    }
    return ok ? WEIR_OK : refuse(t, "Illegal character escape");
}

/* \d \W \h …, and \p{name}: the inside of a class. `*is` false: something else. */
static weir_rc class_escape(translator *t, bool *is, weir_buf *inside)
{
    char c = *t->p;
    *is = true;
    if (strchr("dDwWsShHvV", c)) {
        weir_buf_printf(inside, "\\%c", c);
        t->p++;
        return WEIR_OK;
    }
    if (c != 'p' && c != 'P') {
        *is = false;
        return WEIR_OK;
    }
    t->p++;
    if (t->p == t->end) {
        return refuse(t, "Illegal character property");
    }
    weir_sv name = weir_sv_of(t->p, 1);
    if (*t->p == '{') {
        const char *close = memchr(t->p, '}', (size_t)(t->end - t->p));
        if (!close) {
            return refuse(t, "Unclosed character family");
        }
        name = weir_sv_of(t->p + 1, (size_t)(close - t->p - 1));
        t->p = close;
    }
    t->p++;
    if (c == 'p') {
        return weir__regex_property(name, inside) ? WEIR_OK
                                                  : refuse(t, "Unknown character property");
    }
    /* Not, in a class of its own, since the property may be several. */
    weir_buf_str(inside, "^");
    return weir__regex_property(name, inside) ? WEIR_OK : refuse(t, "Unknown character property");
}

/* -- classes ----------------------------------------------------------------------------------- */

/* Java's classes nest and intersect. The value of a class is a PCRE2 expression for one character:
 * `[…]` as long as it is simple, else choices (?:x|y) and look-aheads (?=x)y. */
typedef struct class_value {
    weir_buf simple;  /* inside of a plain class */
    weir_buf choices; /* |-separated expressions */
} class_value;

static void class_free(class_value *v)
{
    weir_buf_deinit(&v->simple);
    weir_buf_deinit(&v->choices);
}

static bool class_is_empty(const class_value *v)
{
    return v->simple.n == 0 && v->choices.n == 0;
}

static void add_choice(class_value *v, weir_sv expression)
{
    if (v->choices.n) {
        weir_buf_byte(&v->choices, '|');
    }
    weir_buf_sv(&v->choices, expression);
}

/* The union of everything in `v` as one expression. */
static void class_print(const class_value *v, weir_buf *out)
{
    if (v->choices.n == 0) {
        weir_buf_printf(out, "[" WEIR_SV_FMT "]", WEIR_SV_ARG(weir_buf_view(&v->simple)));
        return;
    }
    weir_buf_str(out, "(?:");
    if (v->simple.n) {
        weir_buf_printf(out, "[" WEIR_SV_FMT "]|", WEIR_SV_ARG(weir_buf_view(&v->simple)));
    }
    weir_buf_sv(out, weir_buf_view(&v->choices));
    weir_buf_byte(out, ')');
}

static void skip_comments(translator *t)
{
    while (t->now.comments && t->p < t->end &&
           (*t->p == ' ' || (*t->p >= '\t' && *t->p <= '\r') || *t->p == '#')) {
        if (*t->p == '#') {
            while (t->p < t->end && *t->p != '\n' && *t->p != '\r') {
                t->p++;
            }
        } else {
            t->p++;
        }
    }
}

static uint32_t take_utf8(translator *t)
{
    unsigned char lead = (unsigned char)*t->p;
    uint32_t n = lead < 0x80 ? 1 : (lead < 0xe0 ? 2 : (lead < 0xf0 ? 3 : 4));
    n = n > (uint32_t)(t->end - t->p) ? 1 : n;
    uint32_t c = n == 1 ? lead : lead & (0xffu >> (n + 1));
    for (uint32_t i = 1; i < n; i++) {
        c = c << 6 | ((unsigned char)t->p[i] & 0x3fu);
    }
    t->p += n;
    return c;
}

/* One character of a class, plain or escaped. */
static weir_rc class_char(translator *t, uint32_t *value)
{
    if (!peek(t, '\\')) {
        *value = take_utf8(t);
        return WEIR_OK;
    }
    t->p++;
    bool is = false;
    if (t->p < t->end) {
        WEIR_TRY(char_escape(t, value, &is));
    }
    if (!is && t->p < t->end && (unsigned char)*t->p >= 0x80) {
        *value = take_utf8(t);
        is = true;
    }
    return is ? WEIR_OK : refuse(t, "Illegal/unsupported escape sequence");
}

static weir_rc class_range(translator *t, class_value *v)
{
    uint32_t low;
    uint32_t high;
    WEIR_TRY(class_char(t, &low));
    weir_buf_printf(&v->simple, "\\x{%x}", low);
    skip_comments(t);
    bool range = peek(t, '-') && t->p + 1 < t->end && t->p[1] != ']' && t->p[1] != '[';
    if (!range) {
        return WEIR_OK;
    }
    t->p++;
    skip_comments(t);
    if (t->p == t->end) {
        return refuse(t, "Unclosed character class");
    }
    WEIR_TRY(class_char(t, &high));
    if (high < low) {
        return refuse(t, "Illegal character range");
    }
    weir_buf_printf(&v->simple, "-\\x{%x}", high);
    return WEIR_OK;
}

static weir_rc class_escape_item(translator *t, class_value *v, bool *is)
{
    weir_buf inside = {0};
    const char *back = t->p++;
    weir_rc rc = t->p < t->end ? class_escape(t, is, &inside)
                               : refuse(t, "Unclosed character class");
    if (rc == WEIR_OK && *is && inside.n && inside.p[0] == '^') {
        weir_buf_byte(&inside, ']');
        weir_buf negated = {0};
        weir_buf_byte(&negated, '[');
        weir_buf_sv(&negated, weir_buf_view(&inside));
        add_choice(v, weir_buf_view(&negated));
        weir_buf_deinit(&negated);
    } else if (rc == WEIR_OK && *is) {
        weir_buf_sv(&v->simple, weir_buf_view(&inside));
    } else {
        t->p = back;
    }
    weir_buf_deinit(&inside);
    return rc;
}

static weir_rc class_body(translator *t, uint32_t depth, bool nested, weir_buf *out);

/* The right side of &&: classes in brackets, or everything up to the end of this class. */
static weir_rc class_and(translator *t, uint32_t depth, class_value *v)
{
    t->p += 2;
    class_value right = {0};
    weir_rc rc = WEIR_OK;
    while (rc == WEIR_OK && t->p < t->end && *t->p != ']' && *t->p != '&') {
        weir_buf one = {0};
        bool bracket = *t->p == '[';
        t->p += bracket;
        rc = class_body(t, depth + 1, bracket, &one);
        add_choice(&right, weir_buf_view(&one));
        weir_buf_deinit(&one);
    }
    if (rc == WEIR_OK && class_is_empty(&right) && class_is_empty(v)) {
        rc = refuse(t, "Bad class syntax");
    }
    if (rc == WEIR_OK && class_is_empty(v)) {
        class_free(v);
        *v = right;
        return WEIR_OK;
    }
    if (rc == WEIR_OK && !class_is_empty(&right)) {
        weir_buf both = {0};
        weir_buf_str(&both, "(?=");
        class_print(&right, &both);
        weir_buf_byte(&both, ')');
        class_print(v, &both);
        weir_buf_reset(&v->simple);
        weir_buf_reset(&v->choices);
        add_choice(v, weir_buf_view(&both));
        weir_buf_deinit(&both);
    }
    class_free(&right);
    return rc;
}

static weir_rc class_item(translator *t, uint32_t depth, class_value *v)
{
    if (*t->p == '[') {
        weir_buf inner = {0};
        t->p++;
        weir_rc rc = class_body(t, depth + 1, true, &inner);
        add_choice(v, weir_buf_view(&inner));
        weir_buf_deinit(&inner);
        return rc;
    }
    bool is = false;
    if (*t->p == '\\') {
        WEIR_TRY(class_escape_item(t, v, &is));
    }
    return is ? WEIR_OK : class_range(t, v);
}

/* Behind the `[`; with `nested` the closing bracket is taken. */
static weir_rc class_body(translator *t, uint32_t depth, bool nested, weir_buf *out)
{
    if (depth > CLASS_DEPTH_MAX) {
        return refuse(t, "too many character classes in one another");
    }
    bool negated = nested && peek(t, '^');
    t->p += negated;
    class_value v = {0};
    weir_rc rc = WEIR_OK;
    for (;;) {
        skip_comments(t);
        if (t->p == t->end) {
            rc = refuse(t, "Unclosed character class");
            break;
        }
        if (*t->p == ']' && !class_is_empty(&v)) {
            break;
        }
        bool both = t->end - t->p >= 2 && t->p[0] == '&' && t->p[1] == '&';
        rc = both ? class_and(t, depth, &v) : class_item(t, depth, &v);
        if (rc != WEIR_OK) {
            break;
        }
    }
    if (rc == WEIR_OK) {
        t->p += nested;
        if (negated && v.choices.n == 0) {
            weir_buf_printf(out, "[^" WEIR_SV_FMT "]", WEIR_SV_ARG(weir_buf_view(&v.simple)));
        } else {
            weir_buf_str(out, negated ? "(?:(?!" : "");
            class_print(&v, out);
            weir_buf_str(out, negated ? ")[\\x{0}-\\x{10ffff}])" : "");
        }
    }
    class_free(&v);
    return rc;
}

/* -- outside classes --------------------------------------------------------------------------- */

static weir_rc back_reference(translator *t)
{
    uint32_t n = (uint32_t)(*t->p++ - '0');
    while (t->p < t->end && is_digit(*t->p) && n * 10 + (uint32_t)(*t->p - '0') <= t->n_groups) {
        n = n * 10 + (uint32_t)(*t->p++ - '0');
    }
    if (n > t->n_groups) {
        weir_buf_str(t->out, "(?!)"); /* a group that is not there never matches */
    } else {
        weir_buf_printf(t->out, "\\g{%u}", n);
    }
    return WEIR_OK;
}

static weir_rc group_name(translator *t, weir_sv *name)
{
    const char *start = t->p;
    while (t->p < t->end && (is_alpha(*t->p) || (t->p > start && is_digit(*t->p)))) {
        t->p++;
    }
    *name = weir_sv_of(start, (size_t)(t->p - start));
    if (name->n == 0 || !peek(t, '>')) {
        return refuse(t, "named capturing group is missing trailing '>'");
    }
    t->p++;
    return WEIR_OK;
}

/* Java wants a named group to stand before the references to it. */
static bool is_defined(const translator *t, weir_sv name)
{
    weir_sv before = weir_sv_of(t->pattern.p, (size_t)(t->p - t->pattern.p));
    int64_t at = -1;
    while ((at = weir_sv_find(before, WEIR_SV("(?<"), (uint32_t)(at + 1))) >= 0) {
        weir_sv rest = weir_sv_of(before.p + at + 3, before.n - (size_t)at - 3);
        if (weir_sv_starts(rest, name) && rest.n > name.n && rest.p[name.n] == '>') {
            return true;
        }
    }
    return false;
}

static void end_of_input(translator *t)
{
    if (t->now.unix_lines) {
        weir_buf_str(t->out, "(?:(?=\\n?\\z))");
    } else {
        weir_buf_str(t->out, "(?:(?!(?<=\\r)\\n)(?=(?:\\r\\n|[" LINE_ENDS "])?\\z))");
    }
}

static weir_rc escape(translator *t)
{
    t->p++;
    if (t->p == t->end) {
        return refuse(t, "Unexpected internal error: nothing behind the backslash");
    }
    char c = *t->p;
    uint32_t value;
    bool is;
    t->atom = true;
    if (c >= '1' && c <= '9') {
        return back_reference(t);
    }
    weir_buf inside = {0};
    weir_rc rc = class_escape(t, &is, &inside);
    if (rc == WEIR_OK && is) {
        weir_buf_printf(t->out, "[" WEIR_SV_FMT "]", WEIR_SV_ARG(weir_buf_view(&inside)));
    }
    weir_buf_deinit(&inside);
    if (rc != WEIR_OK || is) {
        return rc;
    }
    WEIR_TRY(char_escape(t, &value, &is));
    if (is) {
        put_char(t, value);
        return WEIR_OK;
    }
    t->p++;
    switch (c) {
    case 'b':
        weir_buf_str(t->out, "(?:(?<=" WORD ")(?!" WORD ")|(?<!" WORD ")(?=" WORD "))");
        return WEIR_OK;
    case 'B':
        weir_buf_str(t->out, "(?:(?<=" WORD ")(?=" WORD ")|(?<!" WORD ")(?!" WORD "))");
        return WEIR_OK;
    case 'Z':
        end_of_input(t);
        return WEIR_OK;
    case 'A':
    case 'G':
    case 'z':
        weir_buf_printf(t->out, "(?:\\%c)", c);
        return WEIR_OK;
    case 'R':
        weir_buf_str(t->out, "(?:\\r\\n|[\\x0a-\\x0d\\x{85}\\x{2028}\\x{2029}])");
        return WEIR_OK;
    case 'X':
        weir_buf_str(t->out, "\\X");
        return WEIR_OK;
    case 'k': {
        weir_sv name;
        if (!peek(t, '<')) {
            return refuse(t, "\\k is not followed by '<' for named capturing group");
        }
        t->p++;
        WEIR_TRY(group_name(t, &name));
        if (!is_defined(t, name)) {
            return refuse(t, "named capturing group does not exist");
        }
        weir_buf_printf(t->out, "\\k{" WEIR_SV_FMT "}", WEIR_SV_ARG(name));
        return WEIR_OK;
    }
    default:
        if ((unsigned char)c >= 0x80) {
            t->p--;
            put_char(t, take_utf8(t));
            return WEIR_OK;
        }
        return refuse(t, "Illegal/unsupported escape sequence");
    }
}

/* Behind `(?`: flags up to `)` or `:`. The case flag is left to PCRE2. */
static weir_rc group_flags(translator *t)
{
    flags f = t->now;
    bool on = true;
    int fold = -1;
    for (; t->p < t->end && *t->p != ')' && *t->p != ':'; t->p++) {
        switch (*t->p) {
        case '-':
            if (!on) {
                return refuse(t, "Unknown inline modifier");
            }
            on = false;
            break;
        case 'i':
            fold = on;
            break;
        case 's':
            f.dot_all = on;
            break;
        case 'm':
            f.multi_line = on;
            break;
        case 'd':
            f.unix_lines = on;
            break;
        case 'x':
            f.comments = on;
            break;
        case 'u': /* folding knows Unicode anyway */
            break;
        case 'U':
            return refuse(t, "the flag U is not supported");
        default:
            return refuse(t, "Unknown inline modifier");
        }
    }
    if (t->p == t->end) {
        return refuse(t, "Unknown inline modifier");
    }
    bool group = *t->p++ == ':';
    if (group) {
        if (t->depth == DEPTH_MAX) {
            return refuse(t, "too many groups in one another");
        }
        t->outer[t->depth++] = t->now;
    }
    t->now = f;
    const char *letters = fold < 0 ? "" : (fold ? "i" : "-i");
    if (group || fold >= 0) {
        weir_buf_printf(t->out, "(?%s%s", letters, group ? ":" : ")");
    }
    t->atom = false;
    return WEIR_OK;
}

static weir_rc open_group(translator *t)
{
    static const char *const starts[] = {"?:", "?=", "?!", "?>", "?<=", "?<!"};
    weir_sv rest = weir_sv_of(t->p + 1, (size_t)(t->end - t->p - 1));
    const char *start = "";
    bool named = false;
    if (rest.n && rest.p[0] == '?') {
        start = NULL;
        for (size_t i = 0; i < WEIR_COUNT(starts); i++) {
            if (weir_sv_starts(rest, weir_sv_cstr(starts[i]))) {
                start = starts[i];
            }
        }
        named = !start && rest.n > 1 && rest.p[1] == '<';
        if (!start && !named) {
            t->p += 2;
            return group_flags(t);
        }
    }
    if (t->depth == DEPTH_MAX) {
        return refuse(t, "too many groups in one another");
    }
    t->outer[t->depth++] = t->now;
    t->atom = false;
    if (named) {
        weir_sv name;
        t->p += 3;
        WEIR_TRY(group_name(t, &name));
        weir_buf_printf(t->out, "(?<" WEIR_SV_FMT ">", WEIR_SV_ARG(name));
        return WEIR_OK;
    }
    t->p += 1 + strlen(start);
    weir_buf_printf(t->out, "(%s", start);
    return WEIR_OK;
}

static weir_rc close_group(translator *t)
{
    if (t->depth == 0) {
        return refuse(t, "Unmatched closing ')'");
    }
    t->now = t->outer[--t->depth];
    t->p++;
    t->atom = true;
    weir_buf_byte(t->out, ')');
    return WEIR_OK;
}

static bool take_count(translator *t, uint32_t *value)
{
    const char *start = t->p;
    *value = 0;
    while (t->p < t->end && is_digit(*t->p) && *value < 100000) {
        *value = *value * 10 + (uint32_t)(*t->p++ - '0');
    }
    return t->p > start;
}

static weir_rc quantifier(translator *t)
{
    const char *start = t->p;
    if (*t->p != '{') {
        if (!t->atom) {
            return refuse(t, "Dangling meta character");
        }
        t->p++;
    } else {
        uint32_t low;
        uint32_t high;
        t->p++;
        if (!take_count(t, &low)) {
            return refuse(t, "Illegal repetition");
        }
        high = low;
        if (peek(t, ',')) {
            t->p++;
            high = take_count(t, &high) ? high : UINT32_MAX;
        }
        if (!peek(t, '}')) {
            return refuse(t, "Unclosed counted closure");
        }
        t->p++;
        if (high < low) {
            return refuse(t, "Illegal repetition range");
        }
        if (!t->atom) {
            weir_buf_str(t->out, "(?:)"); /* Java repeats nothing here */
        }
    }
    if (peek(t, '?') || peek(t, '+')) {
        t->p++;
    }
    weir_buf_add(t->out, start, (size_t)(t->p - start));
    t->atom = false;
    return WEIR_OK;
}

static void caret(translator *t)
{
    if (!t->now.multi_line) {
        weir_buf_str(t->out, "(?:\\A)");
    } else if (t->now.unix_lines) {
        weir_buf_str(t->out, "(?:(?:\\A|(?<=\\n))(?!\\z))");
    } else {
        weir_buf_str(t->out, "(?:(?:\\A|(?<=[\\n\\x{85}\\x{2028}\\x{2029}])|(?<=\\r)(?!\\n))"
                             "(?!\\z))");
    }
}

static void dollar(translator *t)
{
    if (!t->now.multi_line) {
        end_of_input(t);
    } else if (t->now.unix_lines) {
        weir_buf_str(t->out, "(?:(?=\\n|\\z))");
    } else {
        weir_buf_str(t->out, "(?:(?!(?<=\\r)\\n)(?=[" LINE_ENDS "]|\\z))");
    }
}

static void dot(translator *t)
{
    if (t->now.dot_all) {
        weir_buf_str(t->out, "[\\x{0}-\\x{10ffff}]");
    } else {
        weir_buf_str(t->out, t->now.unix_lines ? "[^\\n]" : "[^" LINE_ENDS "]");
    }
}

static weir_rc step(translator *t)
{
    switch (*t->p) {
    case '\\':
        return escape(t);
    case '[': {
        t->p++;
        t->atom = true;
        return class_body(t, 0, true, t->out);
    }
    case '(':
        return open_group(t);
    case ')':
        return close_group(t);
    case '*':
    case '+':
    case '?':
    case '{':
        return quantifier(t);
    case '|':
        weir_buf_byte(t->out, '|');
        t->p++;
        t->atom = false;
        return WEIR_OK;
    case '^':
        caret(t);
        break;
    case '$':
        dollar(t);
        break;
    case '.':
        dot(t);
        break;
    default:
        put_char(t, take_utf8(t));
        t->atom = true;
        return WEIR_OK;
    }
    t->p++;
    t->atom = true;
    return WEIR_OK;
}

static weir_rc translate(translator *t)
{
    for (;;) {
        skip_comments(t);
        if (t->p == t->end) {
            break;
        }
        WEIR_TRY(step(t));
    }
    return t->depth ? refuse(t, "Unclosed group") : WEIR_OK;
}

weir_rc weir__regex_translate(weir_sv pattern, weir_buf *out, weir_status *st)
{
    weir_buf plain = {0};
    unquote(pattern, &plain);
    weir_sv p = weir_buf_view(&plain);
    translator t = {.p = p.p, .end = p.p + p.n, .out = out, .st = st, .pattern = p};
    t.n_groups = count_groups(p);
    weir_rc rc = t.n_groups > GROUPS_MAX ? refuse(&t, "too many groups") : translate(&t);
    weir_buf_deinit(&plain);
    return rc;
}
