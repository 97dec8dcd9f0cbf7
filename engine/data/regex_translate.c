/* One pass over the pattern, after \Q…\E has become single escapes as in Java. What differs is written
 * out: the dot and the anchors name Java's line terminators, \b knows Unicode letters, a class with a
 * class inside or with && becomes a choice or a look-ahead, comments mode is applied here. */
#include "engine/data/regex_translate.h"

#include "engine/data/regex_walk.h"

#define GROUPS_MAX 1000
#define LINE_ENDS "\\n\\r\\x{85}\\x{2028}\\x{2029}"
#define WORD "[\\p{L}\\p{Nd}_]"

weir_rc weir__rx_refuse(const weir__rx *t, const char *why)
{
    return weir_fail(t->st, WEIR_EUSAGE, "%s near index %lld: " WEIR_SV_FMT, why,
                     (long long)(t->p - t->pattern.p), WEIR_SV_ARG(t->pattern));
}

void weir__rx_skip_comments(weir__rx *t)
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

uint32_t weir__rx_utf8(weir__rx *t)
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
            if (c < 0x80 && !weir__rx_is_alpha(s.p[i]) && !weir__rx_is_digit(s.p[i])) {
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

static void put_char(weir__rx *t, uint32_t c)
{
    weir_buf_printf(t->out, "\\x{%x}", c);
}

/* -- outside classes --------------------------------------------------------------------------- */

static weir_rc back_reference(weir__rx *t)
{
    uint32_t n = (uint32_t)(*t->p++ - '0');
    while (t->p < t->end && weir__rx_is_digit(*t->p) && n * 10 + (uint32_t)(*t->p - '0') <= t->n_groups) {
        n = n * 10 + (uint32_t)(*t->p++ - '0');
    }
    if (n > t->n_groups) {
        weir_buf_str(t->out, "(?!)"); /* a group that is not there never matches */
    } else {
        weir_buf_printf(t->out, "\\g{%u}", n);
    }
    return WEIR_OK;
}

static weir_rc group_name(weir__rx *t, weir_sv *name)
{
    const char *start = t->p;
    while (t->p < t->end && (weir__rx_is_alpha(*t->p) || (t->p > start && weir__rx_is_digit(*t->p)))) {
        t->p++;
    }
    *name = weir_sv_of(start, (size_t)(t->p - start));
    if (name->n == 0 || !weir__rx_peek(t, '>')) {
        return weir__rx_refuse(t, "named capturing group is missing trailing '>'");
    }
    t->p++;
    return WEIR_OK;
}

/* Java wants a named group to stand before the references to it. */
static bool is_defined(const weir__rx *t, weir_sv name)
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

static void end_of_input(weir__rx *t)
{
    if (t->now.unix_lines) {
        weir_buf_str(t->out, "(?:(?=\\n?\\z))");
    } else {
        weir_buf_str(t->out, "(?:(?!(?<=\\r)\\n)(?=(?:\\r\\n|[" LINE_ENDS "])?\\z))");
    }
}

static weir_rc escape(weir__rx *t)
{
    t->p++;
    if (t->p == t->end) {
        return weir__rx_refuse(t, "Unexpected internal error: nothing behind the backslash");
    }
    char c = *t->p;
    uint32_t value;
    bool is;
    t->atom = true;
    if (c >= '1' && c <= '9') {
        return back_reference(t);
    }
    weir_buf inside = {0};
    weir_rc rc = weir__rx_class_escape(t, &is, &inside);
    if (rc == WEIR_OK && is) {
        weir_buf_printf(t->out, "[" WEIR_SV_FMT "]", WEIR_SV_ARG(weir_buf_view(&inside)));
    }
    weir_buf_deinit(&inside);
    if (rc != WEIR_OK || is) {
        return rc;
    }
    WEIR_TRY(weir__rx_char_escape(t, &value, &is));
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
        if (!weir__rx_peek(t, '<')) {
            return weir__rx_refuse(t, "\\k is not followed by '<' for named capturing group");
        }
        t->p++;
        WEIR_TRY(group_name(t, &name));
        if (!is_defined(t, name)) {
            return weir__rx_refuse(t, "named capturing group does not exist");
        }
        weir_buf_printf(t->out, "\\k{" WEIR_SV_FMT "}", WEIR_SV_ARG(name));
        return WEIR_OK;
    }
    default:
        if ((unsigned char)c >= 0x80) {
            t->p--;
            put_char(t, weir__rx_utf8(t));
            return WEIR_OK;
        }
        return weir__rx_refuse(t, "Illegal/unsupported escape sequence");
    }
}

/* Behind `(?`: flags up to `)` or `:`. The case flag is left to PCRE2. */
static weir_rc group_flags(weir__rx *t)
{
    weir__rx_flags f = t->now;
    bool on = true;
    int fold = -1;
    for (; t->p < t->end && *t->p != ')' && *t->p != ':'; t->p++) {
        switch (*t->p) {
        case '-':
            if (!on) {
                return weir__rx_refuse(t, "Unknown inline modifier");
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
            return weir__rx_refuse(t, "the flag U is not supported");
        default:
            return weir__rx_refuse(t, "Unknown inline modifier");
        }
    }
    if (t->p == t->end) {
        return weir__rx_refuse(t, "Unknown inline modifier");
    }
    bool group = *t->p++ == ':';
    if (group) {
        if (t->depth == WEIR__RX_DEPTH_MAX) {
            return weir__rx_refuse(t, "too many groups in one another");
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

static weir_rc open_group(weir__rx *t)
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
    if (t->depth == WEIR__RX_DEPTH_MAX) {
        return weir__rx_refuse(t, "too many groups in one another");
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

static weir_rc close_group(weir__rx *t)
{
    if (t->depth == 0) {
        return weir__rx_refuse(t, "Unmatched closing ')'");
    }
    t->now = t->outer[--t->depth];
    t->p++;
    t->atom = true;
    weir_buf_byte(t->out, ')');
    return WEIR_OK;
}

static bool take_count(weir__rx *t, uint32_t *value)
{
    const char *start = t->p;
    *value = 0;
    while (t->p < t->end && weir__rx_is_digit(*t->p) && *value < 100000) {
        *value = *value * 10 + (uint32_t)(*t->p++ - '0');
    }
    return t->p > start;
}

static weir_rc quantifier(weir__rx *t)
{
    const char *start = t->p;
    if (*t->p != '{') {
        if (!t->atom) {
            return weir__rx_refuse(t, "Dangling meta character");
        }
        t->p++;
    } else {
        uint32_t low;
        uint32_t high;
        t->p++;
        if (!take_count(t, &low)) {
            return weir__rx_refuse(t, "Illegal repetition");
        }
        high = low;
        if (weir__rx_peek(t, ',')) {
            t->p++;
            high = take_count(t, &high) ? high : UINT32_MAX;
        }
        if (!weir__rx_peek(t, '}')) {
            return weir__rx_refuse(t, "Unclosed counted closure");
        }
        t->p++;
        if (high < low) {
            return weir__rx_refuse(t, "Illegal repetition range");
        }
        if (!t->atom) {
            weir_buf_str(t->out, "(?:)"); /* Java repeats nothing here */
        }
    }
    if (weir__rx_peek(t, '?') || weir__rx_peek(t, '+')) {
        t->p++;
    }
    weir_buf_add(t->out, start, (size_t)(t->p - start));
    t->atom = false;
    return WEIR_OK;
}

static void caret(weir__rx *t)
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

static void dollar(weir__rx *t)
{
    if (!t->now.multi_line) {
        end_of_input(t);
    } else if (t->now.unix_lines) {
        weir_buf_str(t->out, "(?:(?=\\n|\\z))");
    } else {
        weir_buf_str(t->out, "(?:(?!(?<=\\r)\\n)(?=[" LINE_ENDS "]|\\z))");
    }
}

static void dot(weir__rx *t)
{
    if (t->now.dot_all) {
        weir_buf_str(t->out, "[\\x{0}-\\x{10ffff}]");
    } else {
        weir_buf_str(t->out, t->now.unix_lines ? "[^\\n]" : "[^" LINE_ENDS "]");
    }
}

static weir_rc step(weir__rx *t)
{
    switch (*t->p) {
    case '\\':
        return escape(t);
    case '[': {
        t->p++;
        t->atom = true;
        return weir__rx_class_body(t, 0, true, t->out);
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
        put_char(t, weir__rx_utf8(t));
        t->atom = true;
        return WEIR_OK;
    }
    t->p++;
    t->atom = true;
    return WEIR_OK;
}

static weir_rc translate(weir__rx *t)
{
    for (;;) {
        weir__rx_skip_comments(t);
        if (t->p == t->end) {
            break;
        }
        WEIR_TRY(step(t));
    }
    return t->depth ? weir__rx_refuse(t, "Unclosed group") : WEIR_OK;
}

weir_rc weir__regex_translate(weir_sv pattern, weir_buf *out, weir_status *st)
{
    weir_buf plain = {0};
    unquote(pattern, &plain);
    weir_sv p = weir_sv_of(weir_buf_cstr(&plain), plain.n);
    weir__rx t = {.p = p.p, .end = p.p + p.n, .out = out, .st = st, .pattern = p};
    t.n_groups = count_groups(p);
    weir_rc rc = t.n_groups > GROUPS_MAX ? weir__rx_refuse(&t, "too many groups") : translate(&t);
    weir_buf_deinit(&plain);
    return rc;
}
