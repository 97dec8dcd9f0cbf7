/* See sim_model.h. */
#include "tests/simulation/sim_model_impl.h"

/* A statement that is executed again after each restart inserts its record once. */
static bool check_inserts(sim_model *m)
{
    sim_orders in = sim_read_orders(m, "orders");
    bool good = true;
    for (uint32_t i = 0; i < m->checks->inserts && good; i++) {
        uint32_t n = 0;
        for (size_t k = 0; k < in.n; k++) {
            n += in.items[k].n == (int)(SIM_INSERTED + i);
        }
        sim_item none = {.group = WEIR_SV("k0"), .key = WEIR_SV("INSERT")};
        good = n == 1 || (n > 1 && m->checks->rewinds > 0) ||
               sim_wrong(m, "orders", &none, n ? "twice:" : "lost:");
    }
    weir_free(in.items);
    return good;
}

static bool check_shape(sim_model *m, sim_shape shape)
{
    switch (shape) {
    case SIM_BIG: return sim_check_filter(m, "BIG", false);
    case SIM_BIG_EVEN: return sim_check_big_even(m);
    case SIM_BIG_TOTALS: return sim_check_totals(m, "BIG_TOTALS", "BIG");
    case SIM_BY_G: return sim_check_by_g(m);
    case SIM_G_TOTALS: return sim_check_g_totals(m);
    case SIM_TOTALS: return sim_check_totals(m, "TOTALS", "orders");
    case SIM_WINDOWS: return sim_check_windows(m);
    case SIM_GROUPS: return sim_check_groups(m);
    case SIM_LOOKED: return sim_check_looked(m);
    case SIM_PAIRS: return sim_check_pairs(m);
    case SIM_BY_UN: return sim_check_by_un(m);
    case SIM_REST: return sim_check_filter(m, "REST", true);
    case SIM_SEEN: return sim_check_seen(m);
    case SIM_SHAPES: break;
    }
    WEIR_UNREACHABLE();
}

bool sim_check(const sim_checks *c, char *problem, size_t n)
{
    sim_model m = {.checks = c, .problem = problem, .problem_n = n};
    weir_arena_init(&m.arena);
    bool good = check_inserts(&m);
    for (int i = 0; i < SIM_SHAPES && good; i++) {
        good = !(c->shapes & 1u << i) || check_shape(&m, (sim_shape)i);
    }
    weir_arena_deinit(&m.arena);
    return good;
}
