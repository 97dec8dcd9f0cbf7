/* Draws that are not equally likely. Tables are quantised to 2^-32, which swallows what C libraries
 * may differ by in pow. */
#include "connectors/datagen_impl.h"

#include <math.h>

/* Vose's way to fill Walker's table: each column of height 1/n holds its own number below and
 * another one above. */
const weir__dg_alias *weir__dg_weighted(weir_arena *a, const double *weights, uint32_t n)
{
    WEIR_ASSERT(n > 0);
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        WEIR_ASSERT(weights[i] >= 0);
        sum += weights[i];
    }
    WEIR_ASSERT(sum > 0);
    weir__dg_alias *out = WEIR_NEW_N(a, weir__dg_alias, n);
    double *height = weir_alloc(sizeof *height * n);
    uint32_t *small = weir_alloc(sizeof *small * n);
    uint32_t *large = weir_alloc(sizeof *large * n);
    uint32_t n_small = 0;
    uint32_t n_large = 0;
    for (uint32_t i = 0; i < n; i++) {
        height[i] = weights[i] / sum * n;
        out[i] = (weir__dg_alias){.keep = UINT32_MAX, .other = i};
        if (height[i] < 1) {
            small[n_small++] = i;
        } else {
            large[n_large++] = i;
        }
    }
    while (n_small && n_large) {
        uint32_t s = small[--n_small];
        uint32_t l = large[n_large - 1];
        out[s] = (weir__dg_alias){.keep = (uint32_t)(height[s] * 0x1p32), .other = l};
        height[l] -= 1 - height[s];
        if (height[l] < 1) {
            n_large--;
            small[n_small++] = l;
        }
    }
    weir_free(height);
    weir_free(small);
    weir_free(large);
    return out;
}

const weir__dg_alias *weir__dg_zipf(weir_arena *a, double s, uint32_t n)
{
    double *weights = weir_alloc(sizeof *weights * n);
    for (uint32_t i = 0; i < n; i++) {
        weights[i] = pow((double)i + 1, -s);
    }
    const weir__dg_alias *out = weir__dg_weighted(a, weights, n);
    weir_free(weights);
    return out;
}

weir_rc weir__dg_zipf_for(weir__dg_maker *m, double s, uint64_t n, const weir__dg_alias **out,
                          weir_status *st)
{
    if (n == 0 || n > WEIR_DATAGEN_RANKS_MAX) {
        return weir_fail(st, WEIR_ELIMIT, "zipf wants 1 to %d values (WEIR_DATAGEN_RANKS_MAX)",
                         WEIR_DATAGEN_RANKS_MAX);
    }
    m->ranks += n;
    if (m->ranks > WEIR_DATAGEN_ALL_RANKS_MAX) {
        return weir_fail(st, WEIR_ELIMIT, "more than %d values (WEIR_DATAGEN_ALL_RANKS_MAX)",
                         WEIR_DATAGEN_ALL_RANKS_MAX);
    }
    *out = weir__dg_zipf(m->a, s, (uint32_t)n);
    return WEIR_OK;
}

uint64_t weir__dg_pick_one(const weir__dg_pick *p, weir_rng *r)
{
    if (p->n == 0) {
        return weir_rng_next(r);
    }
    if (p->hot_n && weir_rng_unit(r) < p->hot_share) {
        return weir_rng_below(r, p->hot_n);
    }
    uint64_t i = weir_rng_below(r, p->n);
    if (!p->alias) {
        return i;
    }
    const weir__dg_alias *at = &p->alias[i];
    return (uint32_t)weir_rng_next(r) <= at->keep ? i : at->other;
}

/* The sum of twelve uniform numbers: mean 6, variance 1, nothing but additions, so that it is the
 * same on every machine. The tails end at six deviations. */
double weir__dg_normal(weir_rng *r)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        sum += weir_rng_unit(r);
    }
    return sum;
}
