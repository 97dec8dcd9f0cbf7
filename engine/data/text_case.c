/* Case and character classes. utf8proc knows the mappings of one character to one; what Java does on
 * top of that is here: capitals of several characters, the dotted capital I, the final sigma. */
#include <utf8proc.h>

#include "engine/data/text.h"
#include "engine/data/text_special.h"

#define SIGMA 0x3a3
#define FINAL_SIGMA 0x3c2
#define DOTTED_I 0x130

static const weir__special_upper *special_upper(uint32_t c)
{
    size_t low = 0;
    size_t high = WEIR_COUNT(weir__special_uppers);
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (weir__special_uppers[mid].from < c) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    bool hit = low < WEIR_COUNT(weir__special_uppers) && weir__special_uppers[low].from == c;
    return hit ? &weir__special_uppers[low] : NULL;
}

/* Every mapping writes to `out` and returns the bytes; with NULL it only counts. */
static uint32_t put(char *out, uint32_t c)
{
    char bytes[4];
    return weir_utf8_put(out ? out : bytes, c);
}

static uint32_t put_upper(char *out, uint32_t c)
{
    const weir__special_upper *s = special_upper(c);
    if (!s) {
        return put(out, (uint32_t)utf8proc_toupper((utf8proc_int32_t)c));
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < WEIR_COUNT(s->to) && s->to[i]; i++) {
        n += put(out ? out + n : NULL, s->to[i]);
    }
    return n;
}

static utf8proc_category_t category(uint32_t c)
{
    return utf8proc_category((utf8proc_int32_t)c);
}

/* Unicode's Cased: letters with case and Other_Lowercase, Other_Uppercase. */
static bool is_cased(uint32_t c)
{
    utf8proc_category_t t = category(c);
    return t == UTF8PROC_CATEGORY_LU || t == UTF8PROC_CATEGORY_LL || t == UTF8PROC_CATEGORY_LT ||
           (c >= 0x2b0 && c <= 0x2b8) || c == 0x2c0 || c == 0x2c1 || (c >= 0x2e0 && c <= 0x2e4) ||
           c == 0x345 || c == 0x37a || (c >= 0x1d2c && c <= 0x1d61) ||
           (c >= 0x2160 && c <= 0x217f) || (c >= 0x24b6 && c <= 0x24e9);
}

/* What may stand inside a word: Java looks for cased letters up to the word's boundary. Its word
 * iterator does not know letters beyond the first plane and sees a word in each ideograph. */
static bool is_word_part(uint32_t c)
{
    if (c > 0xffff || (c >= 0x2e80 && c < 0xa000)) {
        return false;
    }
    switch ((int)category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_PC:
        return true;
    default:
        return c == '\'' || c == '.' || c == 0xb7 || c == 0x2019;
    }
}

static uint32_t previous(weir_sv s, uint32_t *at)
{
    do {
        --*at;
    } while (*at > 0 && ((unsigned char)s.p[*at] & 0xc0) == 0x80);
    uint32_t next = *at;
    return weir_utf8_next(s, &next);
}

/* The sigma before byte `end`, which starts at `start`, closes its word. */
static bool is_final_sigma(weir_sv s, uint32_t start, uint32_t end)
{
    bool before = false;
    while (start > 0 && !before) {
        uint32_t c = previous(s, &start);
        if (!is_word_part(c)) {
            return false;
        }
        before = is_cased(c);
    }
    while (before && end < s.n) {
        uint32_t c = weir_utf8_next(s, &end);
        if (is_cased(c) && (c > 0xffff || is_word_part(c))) {
            return false;
        }
        if (!is_word_part(c)) {
            break;
        }
    }
    return before;
}

static uint32_t put_lower(char *out, uint32_t c, weir_sv s, uint32_t start, uint32_t end)
{
    if (c == SIGMA && is_final_sigma(s, start, end)) {
        return put(out, FINAL_SIGMA);
    }
    if (c == DOTTED_I) {
        uint32_t n = put(out, 'i');
        return n + put(out ? out + n : NULL, 0x307);
    }
    return put(out, (uint32_t)utf8proc_tolower((utf8proc_int32_t)c));
}

static uint32_t map(char *out, weir_sv s, bool upper)
{
    uint32_t n = 0;
    for (uint32_t at = 0; at < s.n;) {
        uint32_t start = at;
        uint32_t c = weir_utf8_next(s, &at);
        char *to = out ? out + n : NULL;
        n += upper ? put_upper(to, c) : put_lower(to, c, s, start, at);
    }
    return n;
}

static weir_sv map_ascii(weir_arena *a, weir_sv s, char first, char last)
{
    uint32_t at = 0;
    while (at < s.n && (s.p[at] < first || s.p[at] > last)) {
        at++;
    }
    if (at == s.n) {
        return s;
    }
    char *out = weir_arena_bytes_alloc(a, s.n);
    memcpy(out, s.p, at);
    for (; at < s.n; at++) {
        char c = s.p[at];
        out[at] = (char)(c ^ (c >= first && c <= last ? 0x20 : 0));
    }
    return weir_sv_of(out, s.n);
}

static weir_sv map_case(weir_arena *a, weir_sv s, bool upper)
{
    if (weir_is_ascii(s)) {
        return upper ? map_ascii(a, s, 'a', 'z') : map_ascii(a, s, 'A', 'Z');
    }
    uint32_t n = map(NULL, s, upper);
    char *out = weir_arena_bytes_alloc(a, n);
    map(out, s, upper);
    return weir_sv_of(out, n);
}

weir_sv weir_text_upper(weir_arena *a, weir_sv s)
{
    return map_case(a, s, true);
}

weir_sv weir_text_lower(weir_arena *a, weir_sv s)
{
    return map_case(a, s, false);
}

/* Java compares character by character: upper cases first, then their lower cases. */
bool weir_text_ieq(weir_sv a, weir_sv b)
{
    if (weir_is_ascii(a) && weir_is_ascii(b)) {
        return weir_sv_ieq(a, b);
    }
    uint32_t at_a = 0;
    uint32_t at_b = 0;
    while (at_a < a.n && at_b < b.n) {
        utf8proc_int32_t x = (utf8proc_int32_t)weir_utf8_next(a, &at_a);
        utf8proc_int32_t y = (utf8proc_int32_t)weir_utf8_next(b, &at_b);
        if (x == y) {
            continue;
        }
        x = special_upper((uint32_t)x) ? x : utf8proc_toupper(x);
        y = special_upper((uint32_t)y) ? y : utf8proc_toupper(y);
        if (x != y && utf8proc_tolower(x) != utf8proc_tolower(y)) {
            return false;
        }
    }
    return at_a == a.n && at_b == b.n;
}

static bool is_regex_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

weir_sv weir_text_initcap(weir_arena *a, weir_sv s)
{
    weir_sv lower = weir_text_lower(a, s);
    while (lower.n && is_regex_space(lower.p[0])) { /* the words begin with the first word */
        lower.p++;
        lower.n--;
    }
    char *out = weir_arena_bytes_alloc(a, (size_t)lower.n * 3);
    uint32_t n = 0;
    bool first = true;
    for (uint32_t at = 0; at < lower.n;) {
        uint32_t start = at;
        uint32_t c = weir_utf8_next(lower, &at);
        /* Java upper-cases one UTF-16 unit, so characters outside the first plane stay. */
        if (first && c < 0x10000) {
            n += put_upper(out + n, c);
        } else {
            memcpy(out + n, lower.p + start, at - start);
            n += at - start;
        }
        first = c < 0x80 && is_regex_space((char)c);
    }
    return weir_sv_of(out, n);
}

weir_char_class weir_char_class_of(uint32_t c)
{
    switch ((int)category(c)) {
    case UTF8PROC_CATEGORY_LU:
        return WEIR_CHAR_UPPER;
    case UTF8PROC_CATEGORY_LL:
        return WEIR_CHAR_LOWER;
    case UTF8PROC_CATEGORY_ND:
        return WEIR_CHAR_DIGIT;
    default:
        return WEIR_CHAR_OTHER;
    }
}

bool weir_char_is_letter_or_digit(uint32_t c)
{
    utf8proc_category_t t = category(c);
    return (t >= UTF8PROC_CATEGORY_LU && t <= UTF8PROC_CATEGORY_LO) || t == UTF8PROC_CATEGORY_ND;
}

bool weir_char_is_whitespace(uint32_t c)
{
    if (c < 0x80) {
        return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
    }
    /* No-break spaces do not count. */
    return c == 0x1680 || (c >= 0x2000 && c <= 0x200a && c != 0x2007) || c == 0x2028 ||
           c == 0x2029 || c == 0x205f || c == 0x3000;
}
