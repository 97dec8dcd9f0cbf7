/* What everything in the simulation of one seed shares: where chance comes from, and whether the
 * simulated process is alive. One thread, no clock: a seed is the whole schedule. */
#pragma once
#include "engine/base/rng.h"
#include "engine/base/status.h"

typedef struct sim_world {
    weir_rng rng;
    bool verbose; /* tell every step */
    bool dead;    /* the process was killed: whatever it still calls has no effect */
    bool calm;    /* no faults any more: the seed comes to its end */
    unsigned step;
} sim_world;

static inline uint32_t sim_below(sim_world *w, uint32_t n)
{
    return (uint32_t)weir_rng_below(&w->rng, n);
}
/* `from` and `to` included. */
static inline uint32_t sim_between(sim_world *w, uint32_t from, uint32_t to)
{
    return from + sim_below(w, to - from + 1);
}
static inline bool sim_chance(sim_world *w, uint32_t per_mille)
{
    return sim_below(w, 1000) < per_mille;
}
/* The same, of something bad. */
static inline bool sim_mishap(sim_world *w, uint32_t per_mille)
{
    return !w->calm && per_mille && sim_chance(w, per_mille);
}
void sim_note(const sim_world *w, const char *fmt, ...) WEIR_PRINTF(2, 3);
