/* Numbers and strings of JSON as Java sees them: BigInteger for numbers without fraction and
 * exponent, BigDecimal for the others, never a double in between. */
#include "engine/data/json_walk.h"

#include "engine/data/number.h"
#include "engine/data/text.h"

/* A number's parts: digits of both sides of the point are one run, leading zeros dropped. */
typedef struct number {
    bool negative;
    weir_sv whole, fraction;
    int64_t exponent;
} number;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits_end(const char *p, size_t n, size_t at)
{
    while (at < n && is_digit(p[at])) {
        at++;
    }
    return at;
}

/* Digits of an exponent from `at` to the end, at most INT32_MAX. */
static bool exponent_valid(const char *p, size_t n, size_t at)
{
    at += at < n && (p[at] == '+' || p[at] == '-');
    if (at == n || digits_end(p, n, at) != n) {
        return false;
    }
    int64_t v = 0;
    for (; at < n && v <= INT32_MAX; at++) {
        v = v * 10 + (p[at] - '0');
    }
    return v <= INT32_MAX;
}

weir_json_kind weir__json_number_kind(const char *p, size_t n)
{
    if (n == 0 || n > WEIR_JSON_NUMBER_MAX) {
        return WEIR_JSON_ABSENT;
    }
    size_t first = p[0] == '-';
    size_t at = digits_end(p, n, first);
    if (at == first || (p[first] == '0' && at > first + 1)) {
        return WEIR_JSON_ABSENT;
    }
    if (at == n) {
        return WEIR_JSON_INT;
    }
    if (p[at] == '.') {
        size_t end = digits_end(p, n, at + 1);
        if (end == at + 1) {
            return WEIR_JSON_ABSENT;
        }
        at = end;
    }
    if (at == n) {
        return WEIR_JSON_DECIMAL;
    }
    bool exponent = (p[at] == 'e' || p[at] == 'E') && exponent_valid(p, n, at + 1);
    return exponent ? WEIR_JSON_DECIMAL : WEIR_JSON_ABSENT;
}

static number split(weir_sv s)
{
    number v = {.negative = s.p[0] == '-'};
    size_t first = v.negative;
    size_t at = digits_end(s.p, s.n, first);
    v.whole = weir_sv_of(s.p + first, at - first);
    if (at < s.n && s.p[at] == '.') {
        size_t end = digits_end(s.p, s.n, at + 1);
        v.fraction = weir_sv_of(s.p + at + 1, end - at - 1);
        at = end;
    }
    if (at < s.n) {
        at++;
        bool negative = s.p[at] == '-';
        at += negative || s.p[at] == '+';
        for (; at < s.n; at++) {
            v.exponent = v.exponent * 10 + (s.p[at] - '0');
        }
        v.exponent = negative ? -v.exponent : v.exponent;
    }
    return v;
}

/* The i-th digit of whole and fraction together, zeros behind them. */
static uint32_t digit_at(const number *v, int64_t i)
{
    if (i < v->whole.n) {
        return (uint32_t)(v->whole.p[i] - '0');
    }
    i -= v->whole.n;
    return i < v->fraction.n ? (uint32_t)(v->fraction.p[i] - '0') : 0;
}

int64_t weir_json_to_i64(const weir_json_token *t)
{
    WEIR_ASSERT(t->kind == WEIR_JSON_INT || t->kind == WEIR_JSON_DECIMAL);
    uint64_t v = 0;
    if (t->small && t->scale == 0) {
        return t->value;
    }
    if (WEIR_LIKELY(t->kind == WEIR_JSON_INT)) {
        bool negative = t->text.p[0] == '-';
        for (uint32_t i = negative; i < t->text.n; i++) {
            v = v * 10 + (uint64_t)(t->text.p[i] - '0');
        }
        return (int64_t)(negative ? -v : v);
    }
    number parts = split(t->text);
    int64_t digits = (int64_t)parts.whole.n + parts.fraction.n;
    int64_t end = parts.whole.n + parts.exponent;
    if (end > digits + 64) {
        return 0; /* a multiple of 10^64, so of 2^64 */
    }
    for (int64_t i = 0; i < end; i++) {
        v = v * 10 + digit_at(&parts, i);
    }
    return (int64_t)(parts.negative ? -v : v);
}

static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

/* Up to 15 digits without an exponent are one exact division. */
static bool short_double(weir_sv s, double *out)
{
    bool negative = s.p[0] == '-';
    int64_t v = 0;
    uint32_t point = s.n - 1; /* the last digit's place when there is no point */
    if (s.n - negative > 16) {
        return false;
    }
    for (uint32_t i = negative; i < s.n; i++) {
        uint32_t digit = (uint32_t)(unsigned char)s.p[i] - '0';
        if (digit <= 9) {
            v = v * 10 + digit;
        } else if (s.p[i] == '.') {
            point = i;
        } else {
            return false;
        }
    }
    if (v >= INT64_C(1) << 53) {
        return false;
    }
    *out = (double)(negative ? -v : v) / powers[s.n - 1 - point];
    return true;
}

double weir_json_to_double(const weir_json_token *t)
{
    WEIR_ASSERT(t->kind == WEIR_JSON_INT || t->kind == WEIR_JSON_DECIMAL);
    if (WEIR_LIKELY(t->small)) {
        return t->value / powers[t->scale];
    }
    double quick;
    if (WEIR_LIKELY(short_double(t->text, &quick))) {
        return quick;
    }
    double v = 0;
    bool ok = weir_double_parse(t->text, &v);
    WEIR_ASSERT(ok);
    if (v == 0 && t->text.p[0] == '-') {
        number parts = split(t->text);
        uint32_t i = 0;
        while (i < parts.whole.n + parts.fraction.n && digit_at(&parts, i) == 0) {
            i++;
        }
        return i == parts.whole.n + parts.fraction.n ? 0.0 : v;
    }
    return v;
}

/* d.dddE±x, BigDecimal's scientific form. `digits` are already in `out`. */
static uint32_t scientific(char *out, uint32_t n, int64_t exponent)
{
    if (n > 1) {
        memmove(out + 2, out + 1, n - 1);
        out[1] = '.';
        n++;
    }
    if (exponent != 0) {
        out[n++] = 'E';
        if (exponent > 0) {
            out[n++] = '+';
        }
        n += weir_i64_text(out + n, exponent);
    }
    return n;
}

uint32_t weir_json_number_text(char *out, weir_sv s)
{
    number v = split(s);
    uint32_t all = v.whole.n + v.fraction.n;
    uint32_t zeros = 0;
    while (zeros + 1 < all && digit_at(&v, zeros) == 0) {
        zeros++;
    }
    bool zero = digit_at(&v, zeros) == 0;
    char *at = out;
    if (v.negative && !zero) {
        *at++ = '-';
    }
    uint32_t digits = all - zeros;
    int64_t scale = (int64_t)v.fraction.n - v.exponent;
    int64_t exponent = (int64_t)digits - 1 - scale;
    int64_t pad = 0; /* zeros in front so that one digit stands before the point */
    if (scale >= 0 && exponent >= -6) {
        pad = scale >= digits ? scale + 1 - digits : 0;
    }
    memset(at, '0', (size_t)pad);
    for (uint32_t i = 0; i < digits; i++) {
        at[pad + i] = (char)('0' + digit_at(&v, zeros + i));
    }
    uint32_t n = digits + (uint32_t)pad;
    if (scale < 0 || exponent < -6) {
        n = scientific(at, n, exponent);
    } else if (scale > 0) {
        uint32_t point = n - (uint32_t)scale;
        memmove(at + point + 1, at + point, (size_t)scale);
        at[point] = '.';
        n++;
    }
    return (uint32_t)(at - out) + n;
}

static int hex_digit(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool weir__json_escapes_valid(weir_sv raw)
{
    for (uint32_t i = 0; i < raw.n; i++) {
        if (raw.p[i] != '\\') {
            continue;
        }
        i++; /* the backslash is never the last character: it would escape the closing quote */
        if (raw.p[i] == 'u') {
            for (uint32_t k = 1; k <= 4; k++) {
                if (i + k >= raw.n || hex_digit(raw.p[i + k]) < 0) {
                    return false;
                }
            }
            i += 4;
        } else if (!memchr("\"\\/bfnrt", raw.p[i], 8)) {
            return false;
        }
    }
    return true;
}

static uint32_t hex4(const char *p)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) {
        v = v << 4 | (uint32_t)hex_digit(p[i]);
    }
    return v;
}

/* The character of an escape whose `u` is at `*at`; *at is on its last hex digit then. */
static uint32_t unicode_escape(weir_sv s, uint32_t *at)
{
    uint32_t c = hex4(s.p + *at + 1);
    *at += 4;
    bool high = c >= 0xd800 && c < 0xdc00;
    if (high && s.n - *at > 6 && s.p[*at + 1] == '\\' && s.p[*at + 2] == 'u') {
        uint32_t low = hex4(s.p + *at + 3);
        if (low >= 0xdc00 && low < 0xe000) {
            *at += 6;
            return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return c; /* a lone surrogate is written as `?` */
}

weir_sv weir_json_string_of(weir_arena *a, const weir_json_token *t)
{
    static const char plain[128] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    WEIR_ASSERT(t->kind == WEIR_JSON_STRING);
    if (WEIR_LIKELY(!t->escaped)) {
        return t->text;
    }
    weir_sv s = t->text;
    char *out = weir_arena_bytes_alloc(a, s.n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\\') {
            out[n++] = s.p[i];
            continue;
        }
        i++;
        if (s.p[i] == 'u') {
            char c[4];
            uint32_t bytes = weir_utf8_put(c, unicode_escape(s, &i));
            memcpy(out + n, c, bytes);
            n += bytes;
        } else {
            out[n++] = plain[(unsigned char)s.p[i]];
        }
    }
    weir_arena_shrink(a, out, s.n, n);
    return weir_sv_of(out, n);
}
