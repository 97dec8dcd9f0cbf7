/* Decimals and text, bytes, integers and doubles. Reading never looks at more digits than the type
 * can hold and one more: a hostile exponent or a megabyte of digits costs one pass. */
#include "engine/data/decimal_big.h"
#include "engine/data/decimal_pow10.h"

#include <math.h>
#include <stdlib.h>

/* A decimal number taken apart: its significant digits lie in [p, end), a point may be among them;
 * value = 0.d1d2d3… * 10^point. */
typedef struct dec_scan {
    const char *p, *end;
    int64_t n_digits; /* leading zeros not counted */
    int64_t point;
    int64_t scale;    /* BigDecimal.scale() */
    bool negative;
} dec_scan;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* [eE][+-]digits; the value must fit an int, as in BigDecimal. */
static bool scan_exponent(const char *p, const char *end, int64_t *out)
{
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }
    if (p == end) {
        return false;
    }
    int64_t v = 0;
    for (; p < end; p++) {
        if (!is_digit(*p) || v > INT32_MAX) {
            return false;
        }
        v = v * 10 + (*p - '0');
    }
    *out = negative ? -v : v;
    return v <= INT32_MAX;
}

static bool scan_decimal(weir_sv s, dec_scan *scan)
{
    const char *p = s.p;
    const char *end = s.p + s.n;
    scan->negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }
    int64_t n_all = 0;
    int64_t n_fraction = 0;
    bool point = false;
    scan->n_digits = 0;
    scan->p = NULL;
    for (; p < end; p++) {
        if (is_digit(*p)) {
            if (scan->n_digits == 0 && *p != '0') {
                scan->p = p;
            }
            scan->n_digits += scan->p != NULL;
            n_all++;
            n_fraction += point;
        } else if (*p == '.' && !point) {
            point = true;
        } else {
            break;
        }
    }
    scan->end = p;
    int64_t exponent = 0;
    if (n_all == 0 || (p < end && *p != 'e' && *p != 'E') ||
        (p < end && !scan_exponent(p + 1, end, &exponent))) {
        return false;
    }
    scan->scale = n_fraction - exponent;
    scan->point = scan->n_digits - scan->scale;
    return scan->scale >= INT32_MIN && scan->scale <= INT32_MAX;
}

/* Copies the first `keep` digits to `out`, zeros behind the last one, and tells what was dropped. */
static void take_digits(const dec_scan *scan, int64_t keep, char *out, int *half, bool *dropped)
{
    int64_t n = 0;
    *half = -1;
    *dropped = false;
    for (const char *p = scan->p; p < scan->end; p++) {
        if (*p == '.') {
            continue;
        }
        if (n < keep) {
            out[n] = *p;
        } else if (n == keep) {
            *half = *p > '5' ? 1 : (*p == '5' ? 0 : -1);
            *dropped = *p != '0';
        } else if (*p != '0') {
            *half += *half == 0;
            *dropped = true;
            break;
        }
        n++;
    }
    for (; n < keep; n++) {
        out[n] = '0';
    }
}

weir_dec_fault weir_dec_parse(weir_arena *a, weir_sv s, weir_dec_type t, weir_rounding mode,
                              weir_dec *r)
{
    WEIR_ASSERT(weir_dec_type_valid(t.precision, t.scale));
    dec_scan scan;
    if (!scan_decimal(s, &scan)) {
        return WEIR_DEC_SYNTAX;
    }
    if (scan.n_digits == 0) {
        *r = weir_dec_zero(t);
        return WEIR_DEC_OK;
    }
    if (scan.point > t.precision - t.scale) {
        return WEIR_DEC_OVERFLOW;
    }
    int64_t keep = scan.point + t.scale;
    char digits[WEIR_DECIMAL_DIGITS_MAX];
    digits[0] = '0'; /* nothing kept reads as zero */
    int half = -1;
    bool dropped = true;
    if (keep >= 0) {
        take_digits(&scan, keep, digits, &half, &dropped);
    }
    if (dropped && mode == WEIR_ROUND_EXACT) {
        return WEIR_DEC_INEXACT;
    }
    bool up = dropped && weir_round_away(mode, scan.negative, half);
    if (weir_dec_is_small(t)) {
        uint64_t high = 0;
        int64_t at = 0;
        for (; at < keep && at < 18; at++) {
            high = high * 10 + (uint64_t)(digits[at] - '0');
        }
        __int128 v = high;
        for (; at < keep; at++) {
            v = v * 10 + (digits[at] - '0');
        }
        v += up;
        r->i = scan.negative ? -v : v;
        return WEIR_DEC_OK;
    }
    weir__big b;
    weir__big_from_digits(&b, digits, keep > 0 ? (uint32_t)keep : 0, scan.negative);
    if (up) {
        weir__big one;
        weir__big_set(&one, 1, scan.negative);
        b.negative = scan.negative;
        weir__big_add(&b, &one);
    }
    return weir__big_store(a, &b, t, r) ? WEIR_DEC_OK : WEIR_DEC_OVERFLOW;
}

bool weir_dec_literal_type(weir_sv s, weir_dec_type *t)
{
    dec_scan scan;
    if (!scan_decimal(s, &scan)) {
        return false;
    }
    int64_t scale = scan.scale > 0 ? scan.scale : 0;
    /* Between -1 and 1 the digits before the first significant one count too. */
    int64_t precision = scan.n_digits == 0 || scan.point <= 0 ? scale + 1 : scan.point + scale;
    if (precision > WEIR_DECIMAL_DIGITS_MAX) {
        return false;
    }
    *t = (weir_dec_type){(int32_t)precision, (int32_t)scale};
    return true;
}

/* -- text ----------------------------------------------------------------------------------- */

#define DEC_TEXT_MAX (WEIR_DECIMAL_DIGITS_MAX + 8) /* sign, leading zero, point, 10^p */

/* Digits of the magnitude, zero-padded in front so that one stands before the point. */
static uint32_t magnitude_digits(char *out, weir_dec x, weir_dec_type t)
{
    char digits[WEIR__BIG_DIGITS + 8];
    uint32_t n = 0;
    const char *from = digits;
    if (weir_dec_is_small(t)) {
        unsigned __int128 v = x.i < 0 ? -(unsigned __int128)x.i : (unsigned __int128)x.i;
        char *at = digits + 40;
        while (v > UINT64_MAX) {
            *--at = (char)('0' + (int)(v % 10));
            v /= 10;
        }
        for (uint64_t low = (uint64_t)v; low; low /= 10) {
            *--at = (char)('0' + (int)(low % 10));
        }
        n = (uint32_t)(digits + 40 - at);
        from = at;
    } else if (x.big.n) {
        weir__big b;
        weir__big_load(&b, x, t);
        n = weir__big_digits(&b, digits);
    }
    uint32_t least = (uint32_t)t.scale + 1;
    uint32_t pad = n < least ? least - n : 0;
    WEIR_ASSERT(n + pad < DEC_TEXT_MAX);
    memset(out, '0', pad);
    memcpy(out + pad, from, n);
    return pad + n;
}

static uint32_t dec_text(char out[DEC_TEXT_MAX + 2], weir_dec x, weir_dec_type t)
{
    char *at = out;
    if (weir_dec_sign(x, t) < 0) {
        *at++ = '-';
    }
    uint32_t n = magnitude_digits(at, x, t);
    at += n;
    if (t.scale > 0) {
        memmove(at - t.scale + 1, at - t.scale, (size_t)t.scale);
        at[-t.scale] = '.';
        at++;
    }
    return (uint32_t)(at - out);
}

void weir_dec_print(weir_buf *out, weir_dec x, weir_dec_type t)
{
    char text[DEC_TEXT_MAX + 2];
    weir_buf_add(out, text, dec_text(text, x, t));
}

/* -- integers and doubles ------------------------------------------------------------------- */

weir_dec_fault weir_dec_from_i64(weir_arena *a, int64_t v, weir_dec_type t, weir_dec *r)
{
    int32_t whole = t.precision - t.scale;
    if (whole < 19 && (v >= weir__pow10[whole] || v <= -weir__pow10[whole])) {
        return WEIR_DEC_OVERFLOW;
    }
    return weir_dec_rescale(a, (weir_dec){.i = v}, (weir_dec_type){19, 0}, t, WEIR_ROUND_EXACT, r);
}

/* v = D * 10^-scale with D of `precision` digits, rounded half up from the exact binary value.
 * `point` is the guessed number of digits before the decimal point. */
static int32_t double_to_big(double v, int32_t precision, int32_t point, weir__big *b)
{
    int exponent;
    uint64_t mantissa = (uint64_t)ldexp(frexp(v, &exponent), 53);
    exponent -= 53;
    for (;;) {
        int32_t scale = precision - point;
        weir__big divisor;
        weir__big_set(b, mantissa, false);
        weir__big_set(&divisor, 1, false);
        bool fits = weir__big_shift_left(exponent >= 0 ? b : &divisor, (uint32_t)abs(exponent)) &&
                    weir__big_mul_pow10(scale >= 0 ? b : &divisor, scale >= 0 ? scale : -scale);
        WEIR_ASSERT(fits);
        /* The guess comes from rounded digits and can be one too high: 1.0E23 is a little less. */
        weir__big least = divisor;
        fits = weir__big_mul_pow10(&least, precision - 1);
        WEIR_ASSERT(fits);
        if (weir__big_cmp_magnitude(b, &least) < 0) {
            point--;
            continue;
        }
        bool ok = weir__big_div_round(b, &divisor, WEIR_ROUND_HALF_UP);
        WEIR_ASSERT(ok);
        return scale;
    }
}

weir_dec_fault weir_dec_from_double(weir_arena *a, double v, weir_dec_type t, weir_dec *r)
{
    if (!isfinite(v)) {
        return WEIR_DEC_SYNTAX;
    }
    if (fabs(v) < 0x1p53 && v == (double)(int64_t)v) {
        return weir_dec_from_i64(a, (int64_t)v, t, r);
    }
    char digits[24];
    int32_t point;
    weir_double_digits(fabs(v), digits, &point);
    int32_t whole = t.precision - t.scale;
    if (point > whole + 1) {
        return WEIR_DEC_OVERFLOW;
    }
    weir__big b;
    int32_t scale = double_to_big(fabs(v), t.precision, point, &b);
    if (whole + scale < t.precision + 1 && !weir__big_below_pow10(&b, whole + scale)) {
        return WEIR_DEC_OVERFLOW;
    }
    b.negative = v < 0 && b.n > 0;
    bool ok = scale > t.scale ? weir__big_drop(&b, scale - t.scale, WEIR_ROUND_HALF_UP)
                              : weir__big_mul_pow10(&b, t.scale - scale);
    return ok && weir__big_store(a, &b, t, r) ? WEIR_DEC_OK : WEIR_DEC_OVERFLOW;
}

int64_t weir_dec_to_i64(weir_dec x, weir_dec_type t)
{
    if (weir_dec_is_small(t)) {
        return (int64_t)(x.i / weir__pow10[t.scale]);
    }
    weir__big b;
    weir__big_load(&b, x, t);
    bool ok = weir__big_drop(&b, t.scale, WEIR_ROUND_DOWN);
    WEIR_ASSERT(ok);
    uint64_t low = b.n ? b.w[0] : 0;
    return (int64_t)(b.negative ? -low : low);
}

double weir_dec_to_double(weir_dec x, weir_dec_type t)
{
    const int64_t exact = INT64_C(1) << 53;
    if (weir_dec_is_small(t) && t.scale <= 22 && x.i > -exact && x.i < exact) {
        return (double)(int64_t)x.i / (double)weir__pow10[t.scale];
    }
    char text[DEC_TEXT_MAX + 2];
    double v = 0;
    bool ok = weir_double_parse(weir_sv_of(text, dec_text(text, x, t)), &v);
    WEIR_ASSERT(ok);
    return v;
}

/* -- bytes ---------------------------------------------------------------------------------- */

void weir_dec_to_bytes(weir_buf *out, weir_dec x, weir_dec_type t)
{
    weir__big b;
    weir__big_load(&b, x, t);
    uint8_t bytes[WEIR__BIG_LIMBS * 8 + 1];
    uint32_t n = b.n * 8 + 1; /* room for the sign bit */
    uint32_t carry = 1;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t byte = (uint8_t)(i / 8 < b.n ? b.w[i / 8] >> (i % 8 * 8) : 0);
        if (b.negative) {
            carry += (uint8_t)~byte;
            byte = (uint8_t)carry;
            carry >>= 8;
        }
        bytes[n - 1 - i] = byte;
    }
    uint32_t skip = 0; /* a first byte that only repeats the sign */
    while (skip + 1 < n && bytes[skip] == (b.negative ? 0xff : 0) &&
           (bytes[skip + 1] >> 7) == (b.negative ? 1 : 0)) {
        skip++;
    }
    weir_buf_add(out, bytes + skip, n - skip);
}

weir_dec_fault weir_dec_from_bytes(weir_arena *a, weir_sv bytes, weir_dec_type t, weir_dec *r)
{
    const uint8_t *p = (const uint8_t *)bytes.p;
    weir__big b;
    if (bytes.n == 0 || !weir__big_from_bytes(&b, p, bytes.n)) {
        return bytes.n ? WEIR_DEC_OVERFLOW : WEIR_DEC_SYNTAX;
    }
    if (p[0] & 0x80) { /* two's complement: subtract 2^(8n) */
        weir__big modulus;
        weir__big_set(&modulus, 1, false);
        if (!weir__big_shift_left(&modulus, bytes.n * 8)) {
            return WEIR_DEC_OVERFLOW;
        }
        modulus.negative = true;
        weir__big_add(&b, &modulus);
    }
    if (!weir__big_below_pow10(&b, t.precision)) {
        return WEIR_DEC_OVERFLOW;
    }
    return weir__big_store(a, &b, t, r) ? WEIR_DEC_OK : WEIR_DEC_OVERFLOW;
}
