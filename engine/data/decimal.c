/* Every operation first tries 128-bit integers with checked arithmetic: alignment to the common
 * scale, the operation, the move to the result's scale, the test of the range. Only when one of
 * these leaves 128 bits, or a type is wider than 38 digits, the same steps are taken with the
 * integers of decimal_big.h. Text is in decimal_text.c. */
#include "engine/data/decimal.h"

#include "engine/base/hash.h"
#include "engine/data/decimal_big.h"
#include "engine/data/decimal_pow10.h"

/* ORDER weir_dec_fault */
static const char *const fault_texts[] = {
    "ok", "numeric field overflow", "rounding necessary", "division by zero",
    "not a decimal number",
};

const char *weir_dec_fault_text(weir_dec_fault f)
{
    WEIR_ASSERT((size_t)f < WEIR_COUNT(fault_texts));
    return fault_texts[f];
}

static int32_t max32(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t min32(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

weir_dec_type weir_dec_type_add(weir_dec_type x, weir_dec_type y)
{
    int32_t scale = max32(x.scale, y.scale);
    int32_t whole = max32(x.precision - x.scale, y.precision - y.scale);
    return (weir_dec_type){scale + whole + 1, scale};
}

weir_dec_type weir_dec_type_mul(weir_dec_type x, weir_dec_type y)
{
    return (weir_dec_type){x.precision + y.precision + 1, x.scale + y.scale};
}

weir_dec_type weir_dec_type_div(weir_dec_type x, weir_dec_type y)
{
    int32_t scale = max32(6, x.scale + y.precision + 1);
    return (weir_dec_type){x.precision - x.scale + y.scale + scale, scale};
}

weir_dec_type weir_dec_type_mod(weir_dec_type x, weir_dec_type y)
{
    int32_t scale = max32(x.scale, y.scale);
    return (weir_dec_type){min32(x.precision - x.scale, y.precision - y.scale) + scale, scale};
}

weir_dec_type weir_dec_type_widen(weir_dec_type x, weir_dec_type y)
{
    int32_t scale = max32(x.scale, y.scale);
    return (weir_dec_type){scale + max32(x.precision - x.scale, y.precision - y.scale), scale};
}

bool weir_dec_type_holds(weir_dec_type to, weir_dec_type from)
{
    return from.scale <= to.scale && from.precision - from.scale <= to.precision - to.scale;
}

/* -- 128 bits ------------------------------------------------------------------------------- */

/* i * 10^digits, false when it leaves 128 bits. */
static bool scale_up(__int128 i, int32_t digits, __int128 *out)
{
    if (digits == 0 || i == 0) {
        *out = i;
        return true;
    }
    return digits <= WEIR_DEC_SMALL_DIGITS &&
           !__builtin_mul_overflow(i, weir__pow10[digits], out);
}

static __int128 div128(__int128 x, __int128 y, __int128 *rem)
{
    if ((int64_t)x == x && (int64_t)y == y && y != -1) {
        *rem = (int64_t)x % (int64_t)y; /* several times faster than the library's division */
        return (int64_t)x / (int64_t)y;
    }
    if (y == -1) { /* the one quotient that can leave 128 bits, for a value no type holds */
        *rem = 0;
        return (__int128) - (unsigned __int128)x;
    }
    *rem = x % y;
    return x / y;
}

/* i / 10^digits rounded. */
static weir_dec_fault scale_down(__int128 i, int32_t digits, weir_rounding mode, __int128 *out)
{
    __int128 rem = i;
    __int128 quot = 0;
    int half = -1;
    if (digits <= WEIR_DEC_SMALL_DIGITS) {
        __int128 power = weir__pow10[digits];
        quot = div128(i, power, &rem);
        __int128 magnitude = rem < 0 ? -rem : rem;
        half = (magnitude > power - magnitude) - (magnitude < power - magnitude);
    }
    *out = quot;
    if (rem == 0) {
        return WEIR_DEC_OK;
    }
    if (mode == WEIR_ROUND_EXACT) {
        return WEIR_DEC_INEXACT;
    }
    if (weir_round_away(mode, i < 0, half)) {
        *out += i < 0 ? -1 : 1;
    }
    return WEIR_DEC_OK;
}

static bool below_pow10(__int128 i, int32_t digits)
{
    return digits > WEIR_DEC_SMALL_DIGITS ||
           (i < weir__pow10[digits] && i > -weir__pow10[digits]);
}

/* -- finishing an operation ----------------------------------------------------------------- */

static weir_dec_fault finish_big(weir_arena *a, weir__big *b, int32_t scale, weir_dec_type rt,
                                 weir_dec *r)
{
    if (scale > rt.scale && !weir__big_drop(b, scale - rt.scale, WEIR_ROUND_EXACT)) {
        return WEIR_DEC_INEXACT;
    }
    if (scale < rt.scale && !weir__big_mul_pow10(b, rt.scale - scale)) {
        return WEIR_DEC_OVERFLOW;
    }
    if (!weir__big_below_pow10(b, rt.precision)) {
        return WEIR_DEC_OVERFLOW;
    }
    return weir__big_store(a, b, rt, r) ? WEIR_DEC_OK : WEIR_DEC_OVERFLOW;
}

/* A 128-bit result at `scale` brought to type rt and checked. */
static weir_dec_fault finish_small(weir_arena *a, __int128 i, int32_t scale, weir_dec_type rt,
                                   weir_dec *r)
{
    if (!weir_dec_is_small(rt)) {
        weir__big b;
        weir__big_set(&b, i < 0 ? -(unsigned __int128)i : (unsigned __int128)i, i < 0);
        return finish_big(a, &b, scale, rt, r);
    }
    if (scale > rt.scale) {
        weir_dec_fault f = scale_down(i, scale - rt.scale, WEIR_ROUND_EXACT, &i);
        if (f != WEIR_DEC_OK) {
            return f;
        }
    } else if (!scale_up(i, rt.scale - scale, &i)) {
        return WEIR_DEC_OVERFLOW;
    }
    r->i = i;
    return below_pow10(i, rt.precision) ? WEIR_DEC_OK : WEIR_DEC_OVERFLOW;
}

/* Loads both operands at their larger scale. */
static bool load_aligned(weir__big *bx, weir_dec x, weir_dec_type xt, weir__big *by, weir_dec y,
                         weir_dec_type yt)
{
    int32_t scale = max32(xt.scale, yt.scale);
    weir__big_load(bx, x, xt);
    weir__big_load(by, y, yt);
    return weir__big_mul_pow10(bx, scale - xt.scale) && weir__big_mul_pow10(by, scale - yt.scale);
}

/* -- operators ------------------------------------------------------------------------------ */

static weir_dec_fault add_sub(weir_arena *a, weir_dec x, weir_dec_type xt, weir_dec y,
                              weir_dec_type yt, bool subtract, weir_dec_type rt, weir_dec *r)
{
    int32_t scale = max32(xt.scale, yt.scale);
    __int128 i;
    __int128 j;
    __int128 sum;
    if (weir_dec_is_small(xt) && weir_dec_is_small(yt) &&
        scale_up(x.i, scale - xt.scale, &i) && scale_up(y.i, scale - yt.scale, &j) &&
        !(subtract ? __builtin_sub_overflow(i, j, &sum) : __builtin_add_overflow(i, j, &sum))) {
        return finish_small(a, sum, scale, rt, r);
    }
    weir__big bx;
    weir__big by;
    if (!load_aligned(&bx, x, xt, &by, y, yt)) {
        return WEIR_DEC_OVERFLOW;
    }
    by.negative = by.n > 0 && by.negative != subtract;
    weir__big_add(&bx, &by);
    return finish_big(a, &bx, scale, rt, r);
}

weir_dec_fault weir_dec_add(weir_arena *a, weir_dec x, weir_dec_type xt, weir_dec y,
                            weir_dec_type yt, weir_dec_type rt, weir_dec *r)
{
    return add_sub(a, x, xt, y, yt, false, rt, r);
}

weir_dec_fault weir_dec_sub(weir_arena *a, weir_dec x, weir_dec_type xt, weir_dec y,
                            weir_dec_type yt, weir_dec_type rt, weir_dec *r)
{
    return add_sub(a, x, xt, y, yt, true, rt, r);
}

weir_dec_fault weir_dec_mul(weir_arena *a, weir_dec x, weir_dec_type xt, weir_dec y,
                            weir_dec_type yt, weir_dec_type rt, weir_dec *r)
{
    int32_t scale = xt.scale + yt.scale;
    __int128 product;
    if (weir_dec_is_small(xt) && weir_dec_is_small(yt)) {
        if ((int64_t)x.i == x.i && (int64_t)y.i == y.i) {
            return finish_small(a, x.i * (int64_t)y.i, scale, rt, r);
        }
        if (!__builtin_mul_overflow(x.i, y.i, &product)) {
            return finish_small(a, product, scale, rt, r);
        }
    }
    weir__big bx;
    weir__big by;
    weir__big br;
    weir__big_load(&bx, x, xt);
    weir__big_load(&by, y, yt);
    if (!weir__big_mul(&br, &bx, &by)) {
        return WEIR_DEC_OVERFLOW;
    }
    return finish_big(a, &br, scale, rt, r);
}

weir_dec_fault weir_dec_div(weir_arena *a, weir_dec x, weir_dec_type xt, weir_dec y,
                            weir_dec_type yt, weir_dec_type rt, weir_dec *r)
{
    if (weir_dec_sign(y, yt) == 0) {
        return WEIR_DEC_ZERO_DIV;
    }
    /* The quotient in units of 10^-rt.scale is x * 10^shift / y. */
    int32_t shift = rt.scale - xt.scale + yt.scale;
    __int128 i;
    if (weir_dec_is_small(xt) && weir_dec_is_small(yt) && weir_dec_is_small(rt) && shift >= 0 &&
        scale_up(x.i, shift, &i)) {
        __int128 rem;
        r->i = div128(i, y.i, &rem);
        if (rem != 0) {
            return WEIR_DEC_INEXACT;
        }
        return below_pow10(r->i, rt.precision) ? WEIR_DEC_OK : WEIR_DEC_OVERFLOW;
    }
    weir__big bx;
    weir__big by;
    weir__big_load(&bx, x, xt);
    weir__big_load(&by, y, yt);
    if (!weir__big_mul_pow10(shift >= 0 ? &bx : &by, shift >= 0 ? shift : -shift)) {
        return WEIR_DEC_OVERFLOW;
    }
    if (!weir__big_div_round(&bx, &by, WEIR_ROUND_EXACT)) {
        return WEIR_DEC_INEXACT;
    }
    return finish_big(a, &bx, rt.scale, rt, r);
}

weir_dec_fault weir_dec_mod(weir_arena *a, weir_dec x, weir_dec_type xt, weir_dec y,
                            weir_dec_type yt, weir_dec_type rt, weir_dec *r)
{
    if (weir_dec_sign(y, yt) == 0) {
        return WEIR_DEC_ZERO_DIV;
    }
    int32_t scale = max32(xt.scale, yt.scale);
    __int128 i;
    __int128 j;
    /* BigDecimal.remainder refuses an integer quotient of more significant digits than the context
     * has, whatever the remainder. */
    if (weir_dec_is_small(xt) && weir_dec_is_small(yt) &&
        scale_up(x.i, scale - xt.scale, &i) && scale_up(y.i, scale - yt.scale, &j)) {
        __int128 rem;
        __int128 quot = div128(i, j, &rem);
        while (!below_pow10(quot, rt.precision) && quot % 10 == 0) {
            quot /= 10;
        }
        return below_pow10(quot, rt.precision) ? finish_small(a, rem, scale, rt, r)
                                               : WEIR_DEC_OVERFLOW;
    }
    weir__big bx;
    weir__big by;
    weir__big quot;
    weir__big rem;
    if (!load_aligned(&bx, x, xt, &by, y, yt)) {
        return WEIR_DEC_OVERFLOW;
    }
    weir__big_divmod(&bx, &by, &quot, &rem);
    char digits[WEIR__BIG_DIGITS + 8];
    uint32_t n = weir__big_digits(&quot, digits);
    for (uint32_t at = (uint32_t)rt.precision; at < n; at++) {
        if (digits[at] != '0') {
            return WEIR_DEC_OVERFLOW;
        }
    }
    return finish_big(a, &rem, scale, rt, r);
}

/* -- one operand ---------------------------------------------------------------------------- */

weir_dec weir_dec_neg(weir_dec x, weir_dec_type t)
{
    if (weir_dec_is_small(t)) {
        x.i = -x.i;
    } else {
        x.big.n = -x.big.n;
    }
    return x;
}

weir_dec weir_dec_abs(weir_dec x, weir_dec_type t)
{
    return weir_dec_sign(x, t) < 0 ? weir_dec_neg(x, t) : x;
}

int weir_dec_sign(weir_dec x, weir_dec_type t)
{
    if (weir_dec_is_small(t)) {
        return (x.i > 0) - (x.i < 0);
    }
    return (x.big.n > 0) - (x.big.n < 0);
}

int weir_dec_cmp(weir_dec x, weir_dec_type xt, weir_dec y, weir_dec_type yt)
{
    __int128 i;
    __int128 j;
    int32_t scale = max32(xt.scale, yt.scale);
    if (weir_dec_is_small(xt) && weir_dec_is_small(yt) &&
        scale_up(x.i, scale - xt.scale, &i) && scale_up(y.i, scale - yt.scale, &j)) {
        return (i > j) - (i < j);
    }
    weir__big bx;
    weir__big by;
    bool fits = load_aligned(&bx, x, xt, &by, y, yt);
    WEIR_ASSERT(fits);
    return weir__big_cmp(&bx, &by);
}

bool weir_dec_eq(weir_dec x, weir_dec y, weir_dec_type t)
{
    if (weir_dec_is_small(t)) {
        return x.i == y.i;
    }
    size_t n = (size_t)(x.big.n < 0 ? -x.big.n : x.big.n);
    return x.big.n == y.big.n &&
           (n == 0 || memcmp(x.big.limbs, y.big.limbs, n * sizeof *x.big.limbs) == 0);
}

uint64_t weir_dec_hash(weir_dec x, weir_dec_type t)
{
    if (weir_dec_is_small(t)) {
        return weir_hash_u64((uint64_t)x.i ^ weir_hash_u64((uint64_t)(x.i >> 64) + 1));
    }
    size_t n = (size_t)(x.big.n < 0 ? -x.big.n : x.big.n);
    uint64_t h = n ? weir_hash(x.big.limbs, n * sizeof *x.big.limbs) : 0;
    return x.big.n < 0 ? ~h : h;
}

weir_dec weir_dec_copy(weir_arena *a, weir_dec x, weir_dec_type t)
{
    if (!weir_dec_is_small(t) && x.big.n) {
        size_t bytes = (size_t)(x.big.n < 0 ? -x.big.n : x.big.n) * sizeof *x.big.limbs;
        uint64_t *w = weir_arena_alloc(a, bytes);
        memcpy(w, x.big.limbs, bytes);
        x.big.limbs = w;
    }
    return x;
}

weir_dec weir_dec_zero(weir_dec_type t)
{
    weir_dec v = {.i = 0};
    if (!weir_dec_is_small(t)) {
        v.big.limbs = NULL;
        v.big.n = 0;
    }
    return v;
}

bool weir_dec_fits(weir_dec x, weir_dec_type t)
{
    if (weir_dec_is_small(t)) {
        return below_pow10(x.i, t.precision);
    }
    weir__big b;
    weir__big_load(&b, x, t);
    return weir__big_below_pow10(&b, t.precision);
}

weir_dec_fault weir_dec_rescale(weir_arena *a, weir_dec x, weir_dec_type from, weir_dec_type to,
                                weir_rounding mode, weir_dec *r)
{
    if (weir_dec_is_small(from) && weir_dec_is_small(to)) {
        if (to.scale < from.scale) {
            return scale_down(x.i, from.scale - to.scale, mode, &r->i);
        }
        return scale_up(x.i, to.scale - from.scale, &r->i) ? WEIR_DEC_OK : WEIR_DEC_OVERFLOW;
    }
    weir__big b;
    weir__big_load(&b, x, from);
    if (to.scale < from.scale && !weir__big_drop(&b, from.scale - to.scale, mode)) {
        return WEIR_DEC_INEXACT;
    }
    bool fits = to.scale <= from.scale || weir__big_mul_pow10(&b, to.scale - from.scale);
    return fits && weir__big_store(a, &b, to, r) ? WEIR_DEC_OK : WEIR_DEC_OVERFLOW;
}

weir_dec_fault weir_dec_cast(weir_arena *a, weir_dec x, weir_dec_type from, weir_dec_type to,
                             weir_dec *r)
{
    /* |x| < 10^(whole digits of `to`), counted in units of from.scale. */
    int32_t digits = to.precision - to.scale + from.scale;
    bool fits = digits >= from.precision + 1;
    if (!fits && weir_dec_is_small(from)) {
        fits = below_pow10(x.i, digits);
    } else if (!fits) {
        weir__big b;
        weir__big_load(&b, x, from);
        fits = weir__big_below_pow10(&b, digits);
    }
    return fits ? weir_dec_rescale(a, x, from, to, WEIR_ROUND_HALF_UP, r) : WEIR_DEC_OVERFLOW;
}

weir_dec_fault weir_dec_round(weir_arena *a, weir_dec x, weir_dec_type t, int32_t places,
                              weir_rounding mode, weir_dec *r)
{
    if (places >= t.scale) {
        *r = x;
        return WEIR_DEC_OK;
    }
    int64_t drop = (int64_t)t.scale - places;
    if (weir_dec_is_small(t) && drop <= WEIR_DEC_SMALL_DIGITS) {
        weir_dec_fault f = scale_down(x.i, (int32_t)drop, mode, &r->i);
        if (f != WEIR_DEC_OK) {
            return f;
        }
        return scale_up(r->i, (int32_t)drop, &r->i) ? WEIR_DEC_OK : WEIR_DEC_OVERFLOW;
    }
    weir__big b;
    weir__big_load(&b, x, t);
    if (!weir__big_drop(&b, drop, mode)) {
        return WEIR_DEC_INEXACT;
    }
    return weir__big_mul_pow10(&b, drop) && weir__big_store(a, &b, t, r) ? WEIR_DEC_OK
                                                                          : WEIR_DEC_OVERFLOW;
}
