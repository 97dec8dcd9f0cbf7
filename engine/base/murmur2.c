/* Murmur2 as Kafka's producers use it: seed 0x9747b28c, 32-bit wrap-around arithmetic, words read
 * little-endian. It decides which partition a key lands in, so it may never change. */
#include "engine/base/hash.h"

#define SEED 0x9747b28cu
#define M 0x5bd1e995u

static inline uint32_t word_at(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The last one to three bytes of a key; of a longer key, without a loop. */
static inline uint32_t tail_of(const unsigned char *p, size_t n)
{
    if (n >= 4) {
        return word_at(p + n - 4) >> (32 - 8 * (n & 3));
    }
    return (uint32_t)p[0] | (n > 1 ? (uint32_t)p[1] << 8 : 0) | (n > 2 ? (uint32_t)p[2] << 16 : 0);
}

static inline uint32_t murmur2(const unsigned char *p, size_t n)
{
    uint32_t h = SEED ^ (uint32_t)n;
    for (size_t at = 0; at + 4 <= n; at += 4) {
        uint32_t k = word_at(p + at);
        k *= M;
        k ^= k >> 24;
        k *= M;
        h *= M;
        h ^= k;
    }
    if (n & 3) {
        h ^= tail_of(p, n);
        h *= M;
    }
    h ^= h >> 13;
    h *= M;
    return h ^ (h >> 15);
}

uint32_t weir_murmur2(const void *p, size_t n)
{
    return murmur2(p, n);
}

/* The remainder in two multiplications (Lemire, Kaser, Kurz 2019: exact for 32 bits). */
void weir_partitions_of(const weir_sv *keys, uint32_t n, uint32_t partitions, uint32_t *out)
{
    uint64_t modulus = UINT64_MAX / partitions + 1;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t low = modulus * (murmur2((const unsigned char *)keys[i].p, keys[i].n) & 0x7fffffffu);
        out[i] = (uint32_t)(((unsigned __int128)low * partitions) >> 64);
    }
}
