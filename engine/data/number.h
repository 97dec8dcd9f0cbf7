/* Numbers as text, the way Java writes and reads them.
 *
 * Owns: text of integers and doubles (Double.toString layout, shortest digits), parsing with Java's
 * grammars, Java's narrowing casts and roundings. Pure functions, any thread, no allocation.
 *
 * Refuses: locales, digits outside ASCII. */
#pragma once
#include "engine/base/buf.h"

/* How digits that do not fit are dropped. ORDER weir_rounding: weir_round_away */
typedef enum weir_rounding {
    WEIR_ROUND_EXACT,     /* dropping anything but zeros is a failure */
    WEIR_ROUND_HALF_UP,   /* nearest, ties away from zero: CAST */
    WEIR_ROUND_HALF_CEIL, /* nearest, ties towards positive infinity: ROUND() */
    WEIR_ROUND_DOWN,      /* towards zero: TRUNC() */
    WEIR_ROUND_FLOOR,
    WEIR_ROUND_CEIL,
} weir_rounding;

/* Whether dropping something that is `half` (-1 below, 0 equal to, 1 above) one half of the last
 * kept unit moves the magnitude up by one. Nothing dropped: do not ask. */
static inline bool weir_round_away(weir_rounding mode, bool negative, int half)
{
    switch (mode) {
    case WEIR_ROUND_HALF_UP:
        return half >= 0;
    case WEIR_ROUND_HALF_CEIL:
        return half > 0 || (half == 0 && !negative);
    case WEIR_ROUND_FLOOR:
        return negative;
    case WEIR_ROUND_CEIL:
        return !negative;
    case WEIR_ROUND_EXACT:
    case WEIR_ROUND_DOWN:
        return false;
    }
    WEIR_UNREACHABLE();
}

#define WEIR_I64_TEXT_MAX 20    /* "-9223372036854775808" */
#define WEIR_DOUBLE_TEXT_MAX 32 /* "-2.2250738585072014E-308" and room for block copies */

/* Decimal text without NUL; returns its length. */
uint32_t weir_i64_text(char out[WEIR_I64_TEXT_MAX], int64_t v);
/* Double.toString: 1.0, 1.0E10, 5.0E-4, NaN, -Infinity. */
uint32_t weir_double_text(char out[WEIR_DOUBLE_TEXT_MAX], double v);
void weir_buf_i64(weir_buf *b, int64_t v);
void weir_buf_double(weir_buf *b, double v);

/* Integer.parseInt and Long.parseLong: an optional sign, then ASCII digits, nothing else. */
bool weir_i32_parse(weir_sv s, int32_t *out);
bool weir_i64_parse(weir_sv s, int64_t *out);
/* Double.parseDouble: characters <= ' ' are trimmed, exponent, suffix f F d D, NaN,
 * Infinity, hexadecimal with a binary exponent. */
bool weir_double_parse(weir_sv s, double *out);
/* The same, but a result that is not finite is refused, as every SQL conversion does. */
bool weir_double_parse_finite(weir_sv s, double *out);

/* Java's (int) and (long) of a double: NaN is 0, out of range saturates. */
int32_t weir_double_to_i32(double v);
int64_t weir_double_to_i64(double v);
/* Math.round: ties towards positive infinity, saturating. */
int64_t weir_double_round(double v);
/* BigDecimal.valueOf(v).setScale(places, mode).doubleValue(); false when v is not finite. */
bool weir_double_set_scale(double v, int32_t places, weir_rounding mode, double *out);

/* Shortest decimal digits of a positive finite double: v = 0.d1d2… * 10^point. Used by decimal.c. */
uint32_t weir_double_digits(double v, char digits[24], int32_t *point);
