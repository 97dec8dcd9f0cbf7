/* Integers go two digits at a time. Doubles of up to six decimals, nearly all that occur in data,
 * are found by testing whether n / 10^k gives the value back: a decimal of at most 15 digits that
 * does is the only one and therefore the shortest. Everything else goes through the shim. Reading is
 * the mirror image: up to 15 digits and a power of ten up to 22 are one exact division. */
#include "engine/data/number.h"

#include <math.h>

#include "engine/data/number_shim.h"

static const char digit_pairs[] = "00010203040506070809101112131415161718192021222324"
                                  "25262728293031323334353637383940414243444546474849"
                                  "50515253545556575859606162636465666768697071727374"
                                  "75767778798081828384858687888990919293949596979899";

static const double pow10_double[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static uint32_t u64_digits(uint64_t v)
{
    static const uint64_t powers[] = {0,
                                      10,
                                      100,
                                      1000,
                                      10000,
                                      100000,
                                      1000000,
                                      10000000,
                                      100000000,
                                      1000000000,
                                      10000000000,
                                      100000000000,
                                      1000000000000,
                                      10000000000000,
                                      100000000000000,
                                      1000000000000000,
                                      10000000000000000,
                                      100000000000000000,
                                      1000000000000000000,
                                      10000000000000000000u};
    /* 1233 / 4096 approximates log10(2): the guess is right or one too high. */
    uint32_t bits = 64 - (uint32_t)__builtin_clzll(v | 1);
    uint32_t guess = (bits * 1233) >> 12;
    return guess + (v >= powers[guess]);
}

static void u64_write(char *end, uint64_t v)
{
    while (v >= 100) {
        uint64_t rest = v / 100;
        end -= 2;
        memcpy(end, digit_pairs + (v - rest * 100) * 2, 2);
        v = rest;
    }
    if (v >= 10) {
        memcpy(end - 2, digit_pairs + v * 2, 2);
    } else {
        end[-1] = (char)('0' + v);
    }
}

static uint32_t u64_text(char *out, uint64_t v)
{
    uint32_t n = v ? u64_digits(v) : 1;
    u64_write(out + n, v);
    return n;
}

uint32_t weir_i64_text(char out[WEIR_I64_TEXT_MAX], int64_t v)
{
    if (v >= 0) {
        return u64_text(out, (uint64_t)v);
    }
    out[0] = '-';
    return 1 + u64_text(out + 1, -(uint64_t)v);
}

uint32_t weir_double_digits(double v, char digits[24], int32_t *point)
{
    WEIR_ASSERT(v > 0 && isfinite(v));
    char text[32];
    uint32_t n = weir__double_shortest(text, v);
    uint32_t n_digits = 0;
    uint32_t at = 0;
    for (; at < n && text[at] != 'e'; at++) {
        if (text[at] != '.') {
            digits[n_digits++] = text[at];
        }
    }
    WEIR_ASSERT(at + 2 < n && n_digits > 0 && n_digits < 24);
    n_digits -= n_digits == 2 && digits[1] == '0';
    bool negative = text[at + 1] == '-';
    int32_t exponent = 0;
    for (at += 2; at < n; at++) {
        exponent = exponent * 10 + (text[at] - '0');
    }
    *point = (negative ? -exponent : exponent) + 1;
    return n_digits;
}

/* whole + fraction / 10^decimals, an even number of them; at least one decimal stays, no trailing
 * zeros behind it. */
static uint32_t fixed_text(char *out, uint64_t whole, uint64_t fraction, uint32_t decimals)
{
    char *at = out + u64_text(out, whole);
    *at = '.';
    for (uint32_t i = decimals; i > 0; i -= 2) {
        uint64_t rest = fraction / 100;
        memcpy(at + i - 1, digit_pairs + (fraction - rest * 100) * 2, 2);
        fraction = rest;
    }
    at += decimals;
    while (*at == '0' && at[-1] != '.') {
        at--;
    }
    return (uint32_t)(at + 1 - out);
}

/* Java's layout of shortest digits: plain between 10^-3 and 10^7, else scientific. */
static uint32_t layout_text(char *out, const char *digits, uint32_t n, int32_t point)
{
    char *at = out;
    if (point > -3 && point <= 0) {
        memcpy(at, "0.", 2);
        at += 2;
        for (int32_t i = point; i < 0; i++) {
            *at++ = '0';
        }
        memcpy(at, digits, n);
        return (uint32_t)(at + n - out);
    }
    if (point > 0 && point <= 7) {
        for (int32_t i = 0; i < point; i++) {
            *at++ = (uint32_t)i < n ? digits[i] : '0';
        }
        *at++ = '.';
        if (n <= (uint32_t)point) {
            *at++ = '0';
        } else {
            memcpy(at, digits + point, n - (uint32_t)point);
            at += n - (uint32_t)point;
        }
        return (uint32_t)(at - out);
    }
    *at++ = digits[0];
    *at++ = '.';
    if (n == 1) {
        *at++ = '0';
    } else {
        memcpy(at, digits + 1, n - 1);
        at += n - 1;
    }
    *at++ = 'E';
    int32_t exponent = point - 1;
    if (exponent < 0) {
        *at++ = '-';
        exponent = -exponent;
    }
    at += u64_text(at, (uint64_t)exponent);
    return (uint32_t)(at - out);
}

static uint32_t literal_text(char *out, const char *s)
{
    uint32_t n = (uint32_t)strlen(s);
    memcpy(out, s, n);
    return n;
}

uint32_t weir_double_text(char out[WEIR_DOUBLE_TEXT_MAX], double v)
{
    if (WEIR_UNLIKELY(isnan(v))) {
        return literal_text(out, "NaN");
    }
    uint32_t sign = 0;
    if (signbit(v)) {
        *out++ = '-';
        sign = 1;
        v = -v;
    }
    if (v >= 1e-3 && v < 1e7) {
        uint64_t cents = (uint64_t)(v * 100 + 0.5);
        if ((double)cents / 100 == v) {
            return sign + fixed_text(out, cents / 100, cents % 100, 2);
        }
        uint64_t micros = (uint64_t)(v * 1e6 + 0.5);
        if ((double)micros / 1e6 == v) {
            return sign + fixed_text(out, micros / 1000000, micros % 1000000, 6);
        }
    } else if (v == 0) {
        return sign + literal_text(out, "0.0");
    } else if (WEIR_UNLIKELY(isinf(v))) {
        return sign + literal_text(out, "Infinity");
    }
    char digits[24];
    int32_t point;
    uint32_t n = weir_double_digits(v, digits, &point);
    return sign + layout_text(out, digits, n, point);
}

void weir_buf_i64(weir_buf *b, int64_t v)
{
    char *to = weir_buf_reserve(b, WEIR_I64_TEXT_MAX);
    if (to) {
        b->n += weir_i64_text(to, v);
    }
}

void weir_buf_double(weir_buf *b, double v)
{
    char *to = weir_buf_reserve(b, WEIR_DOUBLE_TEXT_MAX);
    if (to) {
        b->n += weir_double_text(to, v);
    }
}

bool weir_i64_parse(weir_sv s, int64_t *out)
{
    const char *p = s.p;
    const char *end = s.p + s.n;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }
    if (p == end) {
        return false;
    }
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t v = 0;
    for (; p < end; p++) {
        uint32_t digit = (uint32_t)(unsigned char)*p - '0';
        if (digit > 9 || v > (limit - digit) / 10) {
            return false;
        }
        v = v * 10 + digit;
    }
    *out = (int64_t)(negative ? -v : v);
    return true;
}

bool weir_i32_parse(weir_sv s, int32_t *out)
{
    int64_t v;
    if (!weir_i64_parse(s, &v) || v < INT32_MIN || v > INT32_MAX) {
        return false;
    }
    *out = (int32_t)v;
    return true;
}

/* The parts of a decimal number's text. */
typedef struct number_scan {
    uint64_t mantissa;   /* first 15 significant digits */
    uint32_t n_digits;   /* significant digits, leading zeros not counted */
    int64_t exponent;    /* of ten, for the mantissa as an integer of all n_digits */
    const char *end;
    bool ok;
} number_scan;

static const char *scan_exponent(const char *p, const char *end, number_scan *scan)
{
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }
    const char *start = p;
    int64_t exponent = 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        exponent = exponent < 1000000000 ? exponent * 10 + (*p - '0') : exponent;
    }
    scan->ok &= p > start;
    scan->exponent += negative ? -exponent : exponent;
    return p;
}

static number_scan scan_number(const char *p, const char *end)
{
    number_scan scan = {.end = end};
    bool point = false;
    for (; p < end; p++) {
        uint32_t digit = (uint32_t)(unsigned char)*p - '0';
        if (digit <= 9) {
            scan.ok = true;
            if (scan.n_digits < 15) {
                scan.mantissa = scan.mantissa * 10 + digit;
            }
            scan.n_digits += scan.n_digits > 0 || digit > 0;
            scan.exponent -= point;
        } else if (*p == '.' && !point) {
            point = true;
        } else {
            break;
        }
    }
    if (scan.ok && p < end && (*p == 'e' || *p == 'E')) {
        p = scan_exponent(p + 1, end, &scan);
    }
    scan.end = p;
    return scan;
}

static bool is_suffix(const char *p, const char *end)
{
    return p == end || (p + 1 == end && (*p == 'f' || *p == 'F' || *p == 'd' || *p == 'D'));
}

/* 0x1.8p3, behind the 0x. The binary exponent is required. */
static bool parse_hex(const char *p, const char *end, double *out)
{
    const char *start = p;
    uint32_t n_digits = 0;
    bool zero = true;
    for (bool point = false; p < end; p++) {
        bool digit = (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'f');
        if (!digit && (*p != '.' || point)) {
            break;
        }
        point |= *p == '.';
        n_digits += digit;
        zero &= *p == '0' || *p == '.';
    }
    number_scan exponent = {.ok = true};
    if (n_digits == 0 || p == end || (*p | 32) != 'p') {
        return false;
    }
    p = scan_exponent(p + 1, end, &exponent);
    if (!exponent.ok || !is_suffix(p, end)) {
        return false;
    }
    int rc = weir__double_read(start, (uint32_t)(p - start), true, out);
    if (rc > 0) {
        *out = zero || exponent.exponent < 0 ? 0 : HUGE_VAL;
    }
    return rc >= 0;
}

static bool parse_decimal(const char *p, const char *end, double *out)
{
    number_scan scan = scan_number(p, end);
    if (!scan.ok || !is_suffix(scan.end, end)) {
        return false;
    }
    if (scan.n_digits <= 15 && scan.exponent >= -22 && scan.exponent <= 22) {
        double m = (double)scan.mantissa;
        *out = scan.exponent < 0 ? m / pow10_double[-scan.exponent]
                                 : m * pow10_double[scan.exponent];
        return true;
    }
    int rc = scan.n_digits ? weir__double_read(p, (uint32_t)(scan.end - p), false, out) : 1;
    if (rc > 0) {
        *out = scan.n_digits && scan.exponent + scan.n_digits > 0 ? HUGE_VAL : 0;
    }
    return rc >= 0;
}

bool weir_double_parse(weir_sv s, double *out)
{
    const char *p = s.p;
    const char *end = s.p + s.n;
    while (p < end && (unsigned char)*p <= ' ') {
        p++;
    }
    while (end > p && (unsigned char)end[-1] <= ' ') {
        end--;
    }
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }
    weir_sv rest = weir_sv_of(p, (size_t)(end - p));
    bool ok = true;
    if (weir_sv_eq(rest, WEIR_SV("NaN"))) {
        *out = (double)NAN;
    } else if (weir_sv_eq(rest, WEIR_SV("Infinity"))) {
        *out = HUGE_VAL;
    } else if (rest.n > 2 && p[0] == '0' && (p[1] | 32) == 'x') {
        ok = parse_hex(p + 2, end, out);
    } else {
        ok = parse_decimal(p, end, out);
    }
    if (ok && negative) {
        *out = -*out;
    }
    return ok;
}

bool weir_double_parse_finite(weir_sv s, double *out)
{
    return weir_double_parse(s, out) && isfinite(*out);
}

int64_t weir_double_to_i64(double v)
{
    if (isnan(v)) {
        return 0;
    }
    if (v >= 0x1p63) {
        return INT64_MAX;
    }
    return v < -0x1p63 ? INT64_MIN : (int64_t)v;
}

int32_t weir_double_to_i32(double v)
{
    if (isnan(v)) {
        return 0;
    }
    if (v >= 0x1p31) {
        return INT32_MAX;
    }
    return v <= -0x1p31 ? INT32_MIN : (int32_t)v;
}

int64_t weir_double_round(double v)
{
    double down = floor(v);
    /* v - down is exact, so a tie is seen as one; adding 0.5 first would round 0.49999999999999994
     * up. */
    return weir_double_to_i64(v - down >= 0.5 ? down + 1 : down);
}

bool weir_double_set_scale(double v, int32_t places, weir_rounding mode, double *out)
{
    if (!isfinite(v)) {
        return false;
    }
    *out = 0;
    if (v == 0) {
        return true;
    }
    bool negative = v < 0;
    char digits[24];
    int32_t point;
    int64_t n = weir_double_digits(fabs(v), digits, &point);
    int64_t keep = (int64_t)point + places;
    if (keep >= n) {
        *out = v;
        return true;
    }
    int half = -1;
    if (keep >= 0) {
        half = digits[keep] > '5' || (digits[keep] == '5' && keep + 1 < n);
        half = digits[keep] < '5' ? -1 : half;
    }
    if (mode == WEIR_ROUND_EXACT) {
        return false;
    }
    uint64_t kept = 0;
    for (int64_t i = 0; i < keep; i++) {
        kept = kept * 10 + (uint64_t)(digits[i] - '0');
    }
    kept += weir_round_away(mode, negative, half);
    char text[64];
    uint32_t at = u64_text(text, kept);
    text[at++] = 'E';
    at += weir_i64_text(text + at, -(int64_t)places);
    WEIR_ASSERT(weir_double_parse(weir_sv_of(text, at), out));
    *out = negative && *out != 0 ? -*out : *out;
    return true;
}
