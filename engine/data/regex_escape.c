/* Backslashes that mean the same inside and outside of classes: characters by number or letter, and the
 * predefined sets. */
#include "engine/data/regex_class.h"
#include "engine/data/regex_walk.h"

static int hex_digit(char c)
{
    if (weir__rx_is_digit(c)) {
        return c - '0';
    }
    return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* n hexadecimal digits; false when there are fewer. */
static bool take_hex(weir__rx *t, uint32_t n, uint32_t *value)
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

static bool take_braced_hex(weir__rx *t, uint32_t *value)
{
    const char *start = ++t->p;
    *value = 0;
    while (t->p < t->end && hex_digit(*t->p) >= 0 && *value <= 0x10ffff) {
        *value = *value * 16 + (uint32_t)hex_digit(*t->p++);
    }
    return t->p > start && weir__rx_peek(t, '}') && *value <= 0x10ffff && t->p++;
}

/* \uD83D\uDE00 is one character. */
static bool take_unicode(weir__rx *t, uint32_t *value)
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

static bool take_octal(weir__rx *t, uint32_t *value)
{
    uint32_t n = 0;
    *value = 0;
    while (n < 3 && t->p < t->end && *t->p >= '0' && *t->p <= '7' && *value * 8 <= 0377) {
        *value = *value * 8 + (uint32_t)(*t->p++ - '0');
        n++;
    }
    return n > 0;
}

weir_rc weir__rx_char_escape(weir__rx *t, uint32_t *value, bool *is)
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
        ok = weir__rx_peek(t, '{') ? take_braced_hex(t, value) : take_hex(t, 2, value);
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
    } else if (!weir__rx_is_alpha(c) && !weir__rx_is_digit(c) && (unsigned char)c < 0x80) {
        *value = (unsigned char)c;
        t->p++;
    } else {
        *is = false;
    }
    return ok ? WEIR_OK : weir__rx_refuse(t, "Illegal character escape");
}

weir_rc weir__rx_class_escape(weir__rx *t, bool *is, weir_buf *inside)
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
        return weir__rx_refuse(t, "Illegal character property");
    }
    weir_sv name = weir_sv_of(t->p, 1);
    if (*t->p == '{') {
        const char *close = memchr(t->p, '}', (size_t)(t->end - t->p));
        if (!close) {
            return weir__rx_refuse(t, "Unclosed character family");
        }
        name = weir_sv_of(t->p + 1, (size_t)(close - t->p - 1));
        t->p = close;
    }
    t->p++;
    if (c == 'p') {
        return weir__regex_property(name, inside) ? WEIR_OK
                                                  : weir__rx_refuse(t, "Unknown character property");
    }
    /* Not, in a class of its own, since the property may be several. */
    weir_buf_str(inside, "^");
    return weir__regex_property(name, inside) ? WEIR_OK : weir__rx_refuse(t, "Unknown character property");
}
