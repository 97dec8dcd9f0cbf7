/* CHR: a character by its code point, or written with the escapes of Java source, which are read as
 * Apache's StringEscapeUtils reads them. */
#include "operators/fn_text.h"

static weir_value chr_code(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    if (args[0].i32 < 0 || args[0].i32 > 0x10ffff) {
        return weir__none(c);
    }
    char *p = weir_arena_bytes_alloc(c->arena, 4);
    return weir__text(c, weir_sv_of(p, weir_utf8_put(p, (uint32_t)args[0].i32)));
}

static int digit(char c, int base)
{
    int d = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' ? (c | 0x20) - 'a' + 10 : 36;
    return d < base ? d : -1;
}

/* `\u004b`, also `\uuu+004b`. The four characters are read as Java reads a number: they may begin
 * with a sign. Returns the bytes used; 0, a row error, when it is no unit. */
static uint32_t unicode_escape(weir_call *c, weir_sv s, uint32_t at, uint32_t *unit)
{
    uint32_t i = at + 2;
    while (i < s.n && s.p[i] == 'u') {
        i++;
    }
    if (i < s.n && s.p[i] == '+') {
        i++;
    }
    if (s.n - i < 4) {
        weir_row_error(c, "Less than 4 hex digits in unicode value: '" WEIR_SV_FMT
                       "' due to end of CharSequence", WEIR_SV_ARG(weir_sv_of(s.p + at, s.n - at)));
        return 0;
    }
    bool minus = s.p[i] == '-';
    uint32_t value = 0;
    for (uint32_t k = minus || s.p[i] == '+'; k < 4; k++) {
        int d = digit(s.p[i + k], 16);
        if (d < 0) {
            weir_sv rest = weir__shown(weir_sv_of(s.p + i, s.n - i));
            weir_row_error(c, "Unable to parse unicode value: " WEIR_SV_FMT, WEIR_SV_ARG(rest));
            return 0;
        }
        value = value * 16 + (uint32_t)d;
    }
    *unit = (minus ? 0u - value : value) & 0xffff;
    return i + 4 - at;
}

/* One to three octal digits, below 256. */
static uint32_t octal_escape(weir_sv s, uint32_t at, uint32_t *unit)
{
    uint32_t max = s.p[at + 1] <= '3' ? 3 : 2;
    uint32_t n = 0;
    *unit = 0;
    while (n < max && at + 1 + n < s.n && digit(s.p[at + 1 + n], 8) >= 0) {
        *unit = *unit * 8 + (uint32_t)digit(s.p[at + 1 + n], 8);
        n++;
    }
    return n + 1;
}

/* What a backslash begins, as Java source has it; one alone is dropped. Returns the bytes used, or 0
 * for a row error; *unit is UINT32_MAX when nothing is written. */
static uint32_t escape(weir_call *c, weir_sv s, uint32_t at, uint32_t *unit)
{
    static const char letters[] = "bntfr\\\"'";
    static const char means[] = "\b\n\t\f\r\\\"'";
    *unit = UINT32_MAX;
    if (at + 1 == s.n) {
        return 1;
    }
    char next = s.p[at + 1];
    if (next == 'u') {
        return unicode_escape(c, s, at, unit);
    }
    if (digit(next, 8) >= 0) {
        return octal_escape(s, at, unit);
    }
    const char *letter = next ? strchr(letters, next) : NULL;
    if (!letter) {
        return 1;
    }
    *unit = (unsigned char)means[letter - letters];
    return 2;
}

static weir_value chr_escaped(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_sv s = args[0].sv;
    if (weir_utf16_len(s) < 6 || !weir_sv_starts(s, WEIR_SV("\\u"))) {
        return weir__none(c);
    }
    weir__units u = {.p = weir_arena_bytes_alloc(c->arena, (size_t)s.n * 3)};
    for (uint32_t at = 0; at < s.n;) {
        uint32_t unit;
        if (s.p[at] == '\\') {
            uint32_t used = escape(c, s, at, &unit);
            if (used == 0) {
                return weir__none(c);
            }
            at += used;
            if (unit != UINT32_MAX) {
                weir__unit(&u, unit);
            }
            continue;
        }
        unit = weir_utf8_next(s, &at);
        if (unit > 0xffff) {
            weir__unit(&u, 0xd800 + ((unit - 0x10000) >> 10));
            unit = 0xdc00 + ((unit - 0x10000) & 0x3ff);
        }
        weir__unit(&u, unit);
    }
    return weir__text(c, weir__units_end(&u));
}

static const weir_overload chr_rows[] = {
    {.sig = "INT -> STRING", .row = chr_code},
    {.sig = "STRING -> STRING", .row = chr_escaped},
};

const weir_function weir_fn_string_chr[] = {
    {.name = "CHR", .category = WEIR_CAT_STRING,
     .doc = "The character of a code point, or of UTF-16 escapes.",
     .example = "CHR(75) → K", .overloads = chr_rows,
     .n_overloads = WEIR_COUNT(chr_rows)},
};
const uint32_t weir_fn_string_chr_n = WEIR_COUNT(weir_fn_string_chr);
