/* Integers of up to WEIR__BIG_DIGITS digits on the stack, for decimals beyond 38 digits and for
 * intermediate results that leave 128 bits. For decimal*.c only; no allocation except by store.
 * A result that would be larger fails: no valid pair of types leads there. */
#pragma once
#include "engine/data/decimal.h"

#define WEIR__BIG_LIMBS 224 /* 224 * 64 * log10(2) */
#define WEIR__BIG_DIGITS 4315

typedef struct weir__big {
    uint32_t n; /* limbs in use, no leading zero limb; 0 is zero */
    bool negative;
    uint64_t w[WEIR__BIG_LIMBS];
} weir__big;

void weir__big_load(weir__big *b, weir_dec x, weir_dec_type t);
/* False when the representation of `t` cannot hold it. */
bool weir__big_store(weir_arena *a, const weir__big *b, weir_dec_type t, weir_dec *r);
void weir__big_set(weir__big *b, unsigned __int128 magnitude, bool negative);
bool weir__big_get(const weir__big *b, __int128 *out); /* false when it needs more bits */

WEIR_NODISCARD bool weir__big_mul_pow10(weir__big *b, int64_t digits);
WEIR_NODISCARD bool weir__big_shift_left(weir__big *b, uint32_t bits);
void weir__big_add(weir__big *x, const weir__big *y);
WEIR_NODISCARD bool weir__big_mul(weir__big *r, const weir__big *x, const weir__big *y);
/* Truncating, the remainder has the dividend's sign. y is not zero. */
void weir__big_divmod(const weir__big *x, const weir__big *y, weir__big *quot, weir__big *rem);
int weir__big_cmp(const weir__big *x, const weir__big *y);
int weir__big_cmp_magnitude(const weir__big *x, const weir__big *y);
/* x / 10^digits rounded; false when the mode is EXACT and something was dropped. */
WEIR_NODISCARD bool weir__big_drop(weir__big *x, int64_t digits, weir_rounding mode);
/* x / y rounded, in place, same rules. */
WEIR_NODISCARD bool weir__big_div_round(weir__big *x, const weir__big *y, weir_rounding mode);
/* |x| < 10^digits. */
bool weir__big_below_pow10(const weir__big *x, int64_t digits);

/* Decimal digits of the magnitude, at least one; returns their count. */
uint32_t weir__big_digits(const weir__big *x, char out[WEIR__BIG_DIGITS + 8]);
/* n digits '0'..'9', n <= WEIR__BIG_DIGITS. */
void weir__big_from_digits(weir__big *b, const char *digits, uint32_t n, bool negative);
/* Magnitude as big-endian bytes; false when too long. */
bool weir__big_from_bytes(weir__big *b, const uint8_t *bytes, uint32_t n);
