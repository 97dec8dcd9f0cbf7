/* xoshiro256** by Blackman and Vigna (public domain), seeded by splitmix64 as they advise: a seed
 * with few bits set still fills the whole state, and the state is never all zero. */
#include "engine/base/rng.h"

static inline uint64_t rotl(uint64_t x, unsigned k)
{
    return (x << k) | (x >> (64 - k));
}

void weir_rng_seed(weir_rng *r, uint64_t seed)
{
    for (size_t i = 0; i < WEIR_COUNT(r->s); i++) {
        seed += 0x9e3779b97f4a7c15u;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        r->s[i] = z ^ (z >> 31);
    }
}

uint64_t weir_rng_next(weir_rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t weir_rng_below(weir_rng *r, uint64_t n)
{
    WEIR_ASSERT(n > 0);
    /* Lemire's method: the high half of a product is uniform once the few low halves that would
     * favour some results are drawn again. */
    uint64_t reject_below = (0 - n) % n;
    for (;;) {
        unsigned __int128 product = (unsigned __int128)weir_rng_next(r) * n;
        if ((uint64_t)product >= reject_below) {
            return (uint64_t)(product >> 64);
        }
    }
}

double weir_rng_unit(weir_rng *r)
{
    return (double)(weir_rng_next(r) >> 11) * 0x1p-53;
}
