/* A small seeded generator (xoshiro256**): the same seed gives the same sequence everywhere. */
#pragma once
#include "engine/base/base.h"

typedef struct weir_rng {
    uint64_t s[4];
} weir_rng;

void weir_rng_seed(weir_rng *r, uint64_t seed);
uint64_t weir_rng_next(weir_rng *r);
uint64_t weir_rng_below(weir_rng *r, uint64_t n); /* uniform in [0, n), n > 0 */
double weir_rng_unit(weir_rng *r);                /* uniform in [0, 1) */
