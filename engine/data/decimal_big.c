/* GMP's mpn layer works on limbs the caller owns, so everything here lives on the stack and GMP's
 * allocator is never asked for more than its own small scratch. */
#include "engine/data/decimal_big.h"

#include <gmp.h>

_Static_assert(sizeof(mp_limb_t) == 8 && GMP_NAIL_BITS == 0, "limbs are 64 bits");

static mp_limb_t *limbs(uint64_t *w)
{
    return (mp_limb_t *)w;
}

static const mp_limb_t *climbs(const uint64_t *w)
{
    return (const mp_limb_t *)w;
}

static void normalise(weir__big *b)
{
    while (b->n > 0 && b->w[b->n - 1] == 0) {
        b->n--;
    }
    b->negative = b->negative && b->n > 0;
}

void weir__big_set(weir__big *b, unsigned __int128 magnitude, bool negative)
{
    b->w[0] = (uint64_t)magnitude;
    b->w[1] = (uint64_t)(magnitude >> 64);
    b->n = 2;
    b->negative = negative;
    normalise(b);
}

bool weir__big_get(const weir__big *b, __int128 *out)
{
    if (b->n > 2 || (b->n == 2 && b->w[1] >> 63)) {
        return false;
    }
    unsigned __int128 v = b->n > 0 ? b->w[0] : 0;
    v |= b->n > 1 ? (unsigned __int128)b->w[1] << 64 : 0;
    *out = b->negative ? -(__int128)v : (__int128)v;
    return true;
}

void weir__big_load(weir__big *b, weir_dec x, weir_dec_type t)
{
    if (weir_dec_is_small(t)) {
        weir__big_set(b, x.i < 0 ? -(unsigned __int128)x.i : (unsigned __int128)x.i, x.i < 0);
        return;
    }
    b->n = (uint32_t)(x.big.n < 0 ? -x.big.n : x.big.n);
    b->negative = x.big.n < 0;
    WEIR_ASSERT(b->n <= WEIR__BIG_LIMBS / 2);
    if (b->n) {
        memcpy(b->w, x.big.limbs, b->n * sizeof b->w[0]);
    }
}

bool weir__big_store(weir_arena *a, const weir__big *b, weir_dec_type t, weir_dec *r)
{
    if (weir_dec_is_small(t)) {
        return weir__big_get(b, &r->i);
    }
    if (b->n > WEIR__BIG_LIMBS / 2) {
        return false;
    }
    uint64_t *w = NULL;
    if (b->n) {
        w = weir_arena_alloc(a, b->n * sizeof *w);
        memcpy(w, b->w, b->n * sizeof *w);
    }
    weir_dec v = {.i = 0};
    v.big.limbs = w;
    v.big.n = b->negative ? -(int32_t)b->n : (int32_t)b->n;
    *r = v;
    return true;
}

bool weir__big_mul_pow10(weir__big *b, int64_t digits)
{
    if (b->n == 0) {
        return true;
    }
    while (digits > 0) {
        int64_t step = digits < 19 ? digits : 19;
        mp_limb_t factor = 1;
        for (int64_t i = 0; i < step; i++) {
            factor *= 10;
        }
        mp_limb_t carry = mpn_mul_1(limbs(b->w), climbs(b->w), (mp_size_t)b->n, factor);
        if (carry) {
            if (b->n == WEIR__BIG_LIMBS) {
                return false;
            }
            b->w[b->n++] = carry;
        }
        digits -= step;
    }
    return true;
}

bool weir__big_shift_left(weir__big *b, uint32_t bits)
{
    uint32_t words = bits / 64;
    if (b->n == 0) {
        return true;
    }
    if (b->n + words + 1 > WEIR__BIG_LIMBS) {
        return false;
    }
    memmove(b->w + words, b->w, b->n * sizeof b->w[0]);
    memset(b->w, 0, words * sizeof b->w[0]);
    b->n += words;
    if (bits % 64) {
        mp_limb_t carry = mpn_lshift(limbs(b->w), climbs(b->w), (mp_size_t)b->n, bits % 64);
        b->w[b->n] = carry;
        b->n += carry != 0;
    }
    return true;
}

int weir__big_cmp_magnitude(const weir__big *x, const weir__big *y)
{
    if (x->n != y->n) {
        return x->n < y->n ? -1 : 1;
    }
    return x->n ? mpn_cmp(climbs(x->w), climbs(y->w), (mp_size_t)x->n) : 0;
}

int weir__big_cmp(const weir__big *x, const weir__big *y)
{
    if (x->negative != y->negative) {
        return x->negative ? -1 : 1;
    }
    int c = weir__big_cmp_magnitude(x, y);
    return x->negative ? -c : c;
}

void weir__big_add(weir__big *x, const weir__big *y)
{
    const weir__big *big = weir__big_cmp_magnitude(x, y) >= 0 ? x : y;
    const weir__big *small = big == x ? y : x;
    WEIR_ASSERT(big->n < WEIR__BIG_LIMBS);
    if (small->n == 0) {
        if (big == y) {
            *x = *y;
        }
        return;
    }
    bool same = x->negative == y->negative;
    bool negative = big->negative;
    uint32_t n = big->n;
    if (same) {
        mp_limb_t carry = mpn_add(limbs(x->w), climbs(big->w), (mp_size_t)n, climbs(small->w),
                                  (mp_size_t)small->n);
        x->w[n] = carry;
        n += carry != 0;
    } else {
        mpn_sub(limbs(x->w), climbs(big->w), (mp_size_t)n, climbs(small->w), (mp_size_t)small->n);
    }
    x->n = n;
    x->negative = negative;
    normalise(x);
}

bool weir__big_mul(weir__big *r, const weir__big *x, const weir__big *y)
{
    WEIR_ASSERT(r != x && r != y);
    r->n = 0;
    r->negative = false;
    if (x->n == 0 || y->n == 0) {
        return true;
    }
    if (x->n + y->n > WEIR__BIG_LIMBS) {
        return false;
    }
    const weir__big *u = x->n >= y->n ? x : y;
    const weir__big *v = u == x ? y : x;
    mpn_mul(limbs(r->w), climbs(u->w), (mp_size_t)u->n, climbs(v->w), (mp_size_t)v->n);
    r->n = x->n + y->n;
    r->negative = x->negative != y->negative;
    normalise(r);
    return true;
}

void weir__big_divmod(const weir__big *x, const weir__big *y, weir__big *quot, weir__big *rem)
{
    WEIR_ASSERT(y->n > 0);
    WEIR_ASSERT(quot != x && quot != y && rem != x && rem != y);
    bool negative = x->negative != y->negative;
    if (x->n < y->n) {
        *rem = *x;
        quot->n = 0;
        quot->negative = false;
        return;
    }
    mpn_tdiv_qr(limbs(quot->w), limbs(rem->w), 0, climbs(x->w), (mp_size_t)x->n, climbs(y->w),
                (mp_size_t)y->n);
    quot->n = x->n - y->n + 1;
    quot->negative = negative;
    normalise(quot);
    rem->n = y->n;
    rem->negative = x->negative;
    normalise(rem);
}

bool weir__big_div_round(weir__big *x, const weir__big *y, weir_rounding mode)
{
    weir__big quot;
    weir__big rem;
    bool negative = x->negative != y->negative;
    weir__big_divmod(x, y, &quot, &rem);
    *x = quot;
    if (rem.n == 0) {
        return true;
    }
    if (mode == WEIR_ROUND_EXACT) {
        return false;
    }
    /* Twice the remainder against the divisor says on which side of one half it lies. */
    bool fits = weir__big_shift_left(&rem, 1);
    WEIR_ASSERT(fits);
    if (weir_round_away(mode, negative, weir__big_cmp_magnitude(&rem, y))) {
        weir__big one;
        weir__big_set(&one, 1, negative);
        x->negative = negative;
        weir__big_add(x, &one);
    }
    return true;
}

bool weir__big_drop(weir__big *x, int64_t digits, weir_rounding mode)
{
    if (digits <= 0 || x->n == 0) {
        return true;
    }
    weir__big divisor;
    weir__big_set(&divisor, 1, false);
    if (digits > WEIR__BIG_DIGITS - 20) {
        digits = WEIR__BIG_DIGITS - 20; /* already more than any value has */
    }
    bool fits = weir__big_mul_pow10(&divisor, digits);
    WEIR_ASSERT(fits);
    return weir__big_div_round(x, &divisor, mode);
}

bool weir__big_below_pow10(const weir__big *x, int64_t digits)
{
    weir__big power;
    weir__big_set(&power, 1, false);
    return !weir__big_mul_pow10(&power, digits) || weir__big_cmp_magnitude(x, &power) < 0;
}

uint32_t weir__big_digits(const weir__big *x, char out[WEIR__BIG_DIGITS + 8])
{
    if (x->n == 0) {
        out[0] = '0';
        return 1;
    }
    weir__big scratch = *x; /* mpn_get_str destroys its input */
    unsigned char *to = (unsigned char *)out;
    uint32_t n = (uint32_t)mpn_get_str(to, 10, limbs(scratch.w), (mp_size_t)scratch.n);
    uint32_t skip = 0;
    while (skip + 1 < n && to[skip] == 0) {
        skip++;
    }
    for (uint32_t i = skip; i < n; i++) {
        to[i - skip] = (unsigned char)(to[i] + '0');
    }
    return n - skip;
}

void weir__big_from_digits(weir__big *b, const char *digits, uint32_t n, bool negative)
{
    unsigned char values[WEIR__BIG_DIGITS];
    WEIR_ASSERT(n <= WEIR__BIG_DIGITS);
    for (uint32_t i = 0; i < n; i++) {
        values[i] = (unsigned char)(digits[i] - '0');
    }
    b->n = n ? (uint32_t)mpn_set_str(limbs(b->w), values, n, 10) : 0;
    b->negative = negative;
    normalise(b);
}

bool weir__big_from_bytes(weir__big *b, const uint8_t *bytes, uint32_t n)
{
    if (n > WEIR__BIG_LIMBS / 2 * 8) {
        return false;
    }
    b->n = (n + 7) / 8;
    b->negative = false;
    memset(b->w, 0, b->n * sizeof b->w[0]);
    for (uint32_t i = 0; i < n; i++) {
        b->w[i / 8] |= (uint64_t)bytes[n - 1 - i] << (i % 8 * 8);
    }
    normalise(b);
    return true;
}
