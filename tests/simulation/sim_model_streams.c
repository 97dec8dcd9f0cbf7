/* Streams of single records. See sim_model.h. */
#include "tests/simulation/sim_model_impl.h"

#include "engine/base/hash.h"

static bool in_gap(const sim_model *m, const sim_order *o)
{
    for (size_t i = 0; i < m->checks->n_gaps; i++) {
        const sim_gap *g = &m->checks->gaps[i];
        if (g->partition == o->partition && o->offset >= g->from && o->offset < g->to) {
            return true;
        }
    }
    return false;
}

bool sim_check_filter(sim_model *m, const char *name, bool thirds)
{
    sim_orders in = sim_read_orders(m, "orders");
    sim_series want = {0};
    char value[SIM_TEXT_MAX];
    for (size_t i = 0; i < in.n; i++) {
        const sim_order *o = &in.items[i];
        if ((o->v % 3 == 0) == thirds) {
            sim_put(m, &want, SIM_BY_PARTITION, o->partition, o->key,
                    sim_text(value, "%d,%d,%d", o->p, o->n, o->v), o->timestamp, 0);
            want.items[want.n - 1].optional = in_gap(m, o);
        }
    }
    weir_free(in.items);
    sim_series is = sim_read_output(m, name, SIM_BY_PARTITION, true);
    return sim_compare(m, name, &want, &is);
}

bool sim_check_big_even(sim_model *m)
{
    sim_orders in = sim_read_orders(m, "BIG");
    sim_series want = {0};
    char value[SIM_TEXT_MAX];
    for (size_t i = 0; i < in.n; i++) {
        const sim_order *o = &in.items[i];
        if (o->v % 2 == 0) {
            sim_put(m, &want, SIM_BY_PARTITION, o->partition, o->key,
                    sim_text(value, "%d,%d,%d", o->p, o->n, 2 * o->v), o->timestamp, 0);
        }
    }
    weir_free(in.items);
    sim_series is = sim_read_output(m, "BIG_EVEN", SIM_BY_PARTITION, true);
    return sim_compare(m, "BIG_EVEN", &want, &is);
}

bool sim_check_by_g(sim_model *m)
{
    sim_orders in = sim_read_orders(m, "orders");
    sim_series want = {0};
    char value[SIM_TEXT_MAX];
    char key[4];
    for (size_t i = 0; i < in.n; i++) {
        const sim_order *o = &in.items[i];
        weir_sv k = sim_group_key(key, o->g);
        weir_sv v = sim_text(value, WEIR_SV_FMT ",%d,%d,%d", WEIR_SV_ARG(o->key), o->p, o->n, o->v);
        uint32_t p = weir_partition_of(k, (uint32_t)sim_partitions(m));
        sim_put(m, &want, SIM_BY_ORIGIN, (int32_t)p, k, v, o->timestamp, o->p);
    }
    weir_free(in.items);
    sim_series is = sim_read_output(m, "BY_G", SIM_BY_ORIGIN, true);
    return sim_compare(m, "BY_G", &want, &is);
}
