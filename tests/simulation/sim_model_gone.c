/* A query one of whose topics was deleted by others. Its source: what it wrote is what the old topic
 * began with, at least up to where it was read, then all of the new one. Its sink: all of the source
 * stands in the new sink. See sim_model.h. */
#include "tests/simulation/sim_model_impl.h"

/* Of visits, what passes the filter; `optional` behind what was read. */
static void want_seen(sim_model *m, const sim_topic *t, bool old, sim_series *want)
{
    sim_orders in = sim_read_orders_of(m, t);
    char value[SIM_TEXT_MAX];
    for (size_t i = 0; i < in.n; i++) {
        const sim_order *o = &in.items[i];
        if (o->v % 3 != 0) {
            sim_put(m, want, SIM_BY_PARTITION, o->partition, o->key,
                    sim_text(value, "%d,%d,%d", o->p, o->n, o->v), o->timestamp, 0);
            want->items[want->n - 1].optional = old && o->offset >= m->checks->read[o->partition];
        }
    }
    weir_free(in.items);
}

static bool is_in(const sim_series *is, const sim_item *i)
{
    for (size_t k = 0; k < is->n; k++) {
        if (weir_sv_eq(is->items[k].group, i->group) && weir_sv_eq(is->items[k].value, i->value)) {
            return true;
        }
    }
    return false;
}

/* What is there of the old topic has no holes. */
static bool check_beginning(sim_model *m, const sim_series *want, const sim_series *is)
{
    for (size_t i = 1; i < want->n; i++) {
        const sim_item *before = &want->items[i - 1];
        bool hole = weir_sv_eq(before->group, want->items[i].group) && !is_in(is, before) &&
                    is_in(is, &want->items[i]);
        if (hole) {
            return sim_wrong(m, "SEEN", before, "left out:");
        }
    }
    return true;
}

bool sim_check_seen(sim_model *m)
{
    sim_series want = {0};
    sim_series is = sim_read_output(m, "SEEN", SIM_BY_PARTITION, true);
    bool good = true;
    if (m->checks->gone == SIM_SOURCE) {
        want_seen(m, sim_broker_dropped(m->checks->broker, WEIR_SV("visits")), true, &want);
        good = check_beginning(m, &want, &is);
    }
    want_seen(m, sim_broker_topic(m->checks->broker, WEIR_SV("visits")), false, &want);
    return sim_compare(m, "SEEN", &want, &is) && good;
}
