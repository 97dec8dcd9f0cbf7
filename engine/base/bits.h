/* Bitmaps over the rows of a batch: bit i of word i/64. A NULL bitmap pointer has a meaning of its
 * own where it is used (validity: "no NULLs"), so these take real pointers only. */
#pragma once
#include "engine/base/limits.h"
#include "engine/base/base.h"

#define WEIR_BITS_WORDS (WEIR_BATCH_ROWS / 64)
static inline bool weir_bit(const uint64_t *bits, uint32_t i)
{
    return (bits[i >> 6] >> (i & 63)) & 1;
}
static inline void weir_bit_set(uint64_t *bits, uint32_t i)
{
    bits[i >> 6] |= (uint64_t)1 << (i & 63);
}
static inline void weir_bit_clear(uint64_t *bits, uint32_t i)
{
    bits[i >> 6] &= ~((uint64_t)1 << (i & 63));
}
static inline void weir_bit_put(uint64_t *bits, uint32_t i, bool on)
{
    uint64_t mask = (uint64_t)1 << (i & 63);
    bits[i >> 6] = on ? bits[i >> 6] | mask : bits[i >> 6] & ~mask;
}
static inline void weir_bits_fill(uint64_t *bits, bool on)
{
    memset(bits, on ? 0xff : 0, WEIR_BITS_WORDS * sizeof *bits);
}
