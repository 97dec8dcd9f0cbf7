/* Exact decimals of a fixed scale: DECIMAL(p, s) holds integers counted in units of 10^-s.
 *
 *   precision <= 38   .i      the unscaled value, always; the fast path, allocates nothing
 *   precision  > 38   .big    sign and magnitude: |n| limbs, little-endian, no leading zero limb,
 *                             n < 0 is negative, n == 0 is zero; limbs belong to an arena
 *
 * The type decides the member, so every function takes the type beside the value. Values are at
 * most 10^p in magnitude: one more than p digits allow, because ksqlDB's CAST checks the range
 * before it rounds (CAST(9.99 AS DECIMAL(2,1)) is 10.0).
 *
 * An operation that fails is data gone wrong (the row becomes NULL), so it returns a fault, not a
 * status. The arena is touched only when the result's precision is above 38. Any thread. */
#pragma once
#include "engine/base/arena.h"
#include "engine/base/limits.h"
#include "engine/data/number.h"

typedef union weir_dec {
    __int128 i;
    struct {
        const uint64_t *limbs;
        int32_t n;
    } big;
} weir_dec;

/* 1 <= precision <= WEIR_DECIMAL_DIGITS_MAX, 0 <= scale <= precision. */
typedef struct weir_dec_type {
    int32_t precision, scale;
} weir_dec_type;

#define WEIR_DEC_SMALL_DIGITS 38
#define WEIR_DEC_INT ((weir_dec_type){10, 0})    /* an INTEGER operand */
#define WEIR_DEC_BIGINT ((weir_dec_type){19, 0}) /* a BIGINT operand */

/* ORDER weir_dec_fault: texts in decimal.c */
typedef enum weir_dec_fault {
    WEIR_DEC_OK,
    WEIR_DEC_OVERFLOW, /* more digits before the point than the type holds */
    WEIR_DEC_INEXACT,  /* does not fit without rounding */
    WEIR_DEC_ZERO_DIV,
    WEIR_DEC_SYNTAX,   /* text is not a number */
} weir_dec_fault;
const char *weir_dec_fault_text(weir_dec_fault f);

static inline bool weir_dec_is_small(weir_dec_type t)
{
    return t.precision <= WEIR_DEC_SMALL_DIGITS;
}
static inline bool weir_dec_type_valid(int64_t precision, int64_t scale)
{
    return precision >= 1 && precision <= WEIR_DECIMAL_DIGITS_MAX && scale >= 0 &&
           scale <= precision;
}

/* Result types of the operators (ksqlDB's table). May be wider than WEIR_DECIMAL_DIGITS_MAX: the
 * binder checks with weir_dec_type_valid. */
weir_dec_type weir_dec_type_add(weir_dec_type x, weir_dec_type y); /* also - */
weir_dec_type weir_dec_type_mul(weir_dec_type x, weir_dec_type y);
weir_dec_type weir_dec_type_div(weir_dec_type x, weir_dec_type y);
weir_dec_type weir_dec_type_mod(weir_dec_type x, weir_dec_type y);
weir_dec_type weir_dec_type_widen(weir_dec_type x, weir_dec_type y); /* holds either */
bool weir_dec_type_holds(weir_dec_type to, weir_dec_type from); /* every value fits exactly */

/* r = x op y in type rt. Operands and result may have any types; a result that needs rounding is
 * INEXACT, one of more than rt.precision digits OVERFLOW. */
weir_dec_fault weir_dec_add(weir_arena *a, weir_dec x, weir_dec_type xt, weir_dec y,
                            weir_dec_type yt, weir_dec_type rt, weir_dec *r);
weir_dec_fault weir_dec_sub(weir_arena *a, weir_dec x, weir_dec_type xt, weir_dec y,
                            weir_dec_type yt, weir_dec_type rt, weir_dec *r);
weir_dec_fault weir_dec_mul(weir_arena *a, weir_dec x, weir_dec_type xt, weir_dec y,
                            weir_dec_type yt, weir_dec_type rt, weir_dec *r);
weir_dec_fault weir_dec_div(weir_arena *a, weir_dec x, weir_dec_type xt, weir_dec y,
                            weir_dec_type yt, weir_dec_type rt, weir_dec *r);
weir_dec_fault weir_dec_mod(weir_arena *a, weir_dec x, weir_dec_type xt, weir_dec y,
                            weir_dec_type yt, weir_dec_type rt, weir_dec *r);
weir_dec weir_dec_neg(weir_dec x, weir_dec_type t); /* shares the limbs of x */
weir_dec weir_dec_abs(weir_dec x, weir_dec_type t);
int weir_dec_sign(weir_dec x, weir_dec_type t);
int weir_dec_cmp(weir_dec x, weir_dec_type xt, weir_dec y, weir_dec_type yt);
/* Same type on both sides. */
bool weir_dec_eq(weir_dec x, weir_dec y, weir_dec_type t);
uint64_t weir_dec_hash(weir_dec x, weir_dec_type t);
weir_dec weir_dec_copy(weir_arena *a, weir_dec x, weir_dec_type t);
weir_dec weir_dec_zero(weir_dec_type t);

/* CAST: the range of `to` is checked before rounding half up. */
weir_dec_fault weir_dec_cast(weir_arena *a, weir_dec x, weir_dec_type from, weir_dec_type to,
                             weir_dec *r);
/* The value at another scale; no check of the range beyond what the representation of `to` holds.
 * With ROUND_EXACT this is BigDecimal.setScale(scale). */
weir_dec_fault weir_dec_rescale(weir_arena *a, weir_dec x, weir_dec_type from, weir_dec_type to,
                                weir_rounding mode, weir_dec *r);
/* ROUND(x, places), TRUNC(x, places), CEIL(x), FLOOR(x): rounds to `places` digits after the point
 * (negative: before it) and returns to the scale of `t`. Places beyond the scale fail as INEXACT
 * never: they change nothing. */
weir_dec_fault weir_dec_round(weir_arena *a, weir_dec x, weir_dec_type t, int32_t places,
                              weir_rounding mode, weir_dec *r);
/* |x| < 10^precision. */
bool weir_dec_fits(weir_dec x, weir_dec_type t);

/* new BigDecimal(s) brought to type t: the range is checked first, then digits beyond the scale are
 * rounded (CAST: HALF_UP) or refused (data formats: EXACT). No trimming. */
weir_dec_fault weir_dec_parse(weir_arena *a, weir_sv s, weir_dec_type t, weir_rounding mode,
                              weir_dec *r);
/* Precision and scale of a decimal literal's text as ksqlDB types it: '0.005' is DECIMAL(4, 3). */
bool weir_dec_literal_type(weir_sv s, weir_dec_type *t);
/* Plain text at exactly the type's scale: 10.50, -0.05, 0. */
void weir_dec_print(weir_buf *out, weir_dec x, weir_dec_type t);
weir_dec_fault weir_dec_from_i64(weir_arena *a, int64_t v, weir_dec_type t, weir_dec *r);
/* The exact binary value rounded half up to t.precision digits, then to the scale, as CAST does. */
weir_dec_fault weir_dec_from_double(weir_arena *a, double v, weir_dec_type t, weir_dec *r);
int64_t weir_dec_to_i64(weir_dec x, weir_dec_type t); /* truncates, then wraps to 64 bits */
double weir_dec_to_double(weir_dec x, weir_dec_type t);

/* The unscaled value as Java's BigInteger.toByteArray: shortest two's complement, big-endian. */
void weir_dec_to_bytes(weir_buf *out, weir_dec x, weir_dec_type t);
weir_dec_fault weir_dec_from_bytes(weir_arena *a, weir_sv bytes, weir_dec_type t, weir_dec *r);
