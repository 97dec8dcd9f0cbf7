/* Joins. Which version of a row a record meets, and in which order pairs are made, depends on how the
 * two topics were merged. See sim_model.h. */
#include "tests/simulation/sim_model_impl.h"

#include <stdlib.h>

/* The records of a key in users, up to `to`: the next version at or after *from with this value. */
static bool find_version(const sim_model *m, int32_t partition, weir_sv key, weir_sv value,
                         int64_t *from)
{
    const sim_topic *t = sim_broker_topic(m->checks->broker, WEIR_SV("users"));
    const sim_log *log = &t->logs[partition];
    /* *from: offset + 1 of the newest record known; 0: none. Its own version first. */
    for (int64_t at = *from; at <= (int64_t)log->n; at++) {
        weir_sv is = WEIR_SV("");
        int64_t last = at;
        while (last > 0 && !(sim_record_counts(m->checks->broker, &log->records[last - 1]) &&
                             weir_sv_eq(log->records[last - 1].key, key))) {
            last--;
        }
        if (last > 0 && log->records[last - 1].value.p) {
            is = log->records[last - 1].value;
        }
        if (weir_sv_eq(is, value)) {
            *from = at;
            return true;
        }
    }
    return false;
}

/* Each order once and in order, with a version of the table's row that is not older than the one before
 * of the same partition and than what was there at the start. */
bool sim_check_looked(sim_model *m)
{
    sim_orders in = sim_read_orders(m, "orders");
    sim_series is = sim_read_output(m, "LOOKED", SIM_BY_PARTITION, true);
    sim_series want = {0};
    char value[SIM_TEXT_MAX];
    for (size_t i = 0; i < in.n; i++) {
        const sim_order *o = &in.items[i];
        sim_put(m, &want, SIM_BY_PARTITION, o->partition, o->key,
                sim_text(value, "%d,%d,%d", o->p, o->n, o->v), -1, 0);
    }
    int32_t partition = -1;
    int64_t known = 0;
    uint32_t rewinds = 0;
    bool good = true;
    for (size_t i = 0; i < is.n && good; i++) {
        sim_item *o = &is.items[i];
        int32_t p = (int32_t)strtol(o->group.p, NULL, 10);
        weir_sv un;
        o->value = sim_cut(o->value, &un);
        o->timestamp = -1;
        if (p != partition) {
            known = m->checks->known_users;
            rewinds = m->checks->rewinds;
        }
        partition = p;
        good = find_version(m, p, o->key, un, &known);
        if (!good && rewinds > 0) { /* whether it went back there is judged below */
            rewinds--;
            known = m->checks->known_users;
            good = find_version(m, p, o->key, un, &known);
        }
        good = good || sim_wrong(m, "LOOKED", o, "joined with a row that was not there:");
    }
    weir_free(in.items);
    if (!good) {
        weir_free(want.items);
        weir_free(is.items);
        return false;
    }
    return sim_compare(m, "LOOKED", &want, &is);
}

/* Each order with each click of its key that is near enough, once: the grace period is longer than all
 * of the input, so nothing comes too late to meet. */
bool sim_check_pairs(sim_model *m)
{
    sim_orders left = sim_read_orders(m, "orders");
    sim_orders right = sim_read_orders(m, "clicks");
    sim_series want = {0};
    char value[SIM_TEXT_MAX];
    for (size_t i = 0; i < left.n; i++) {
        for (size_t k = 0; k < right.n; k++) {
            const sim_order *o = &left.items[i];
            const sim_order *c = &right.items[k];
            int64_t apart = o->timestamp - c->timestamp;
            if (weir_sv_eq(o->key, c->key) && apart <= SIM_WITHIN_MS && apart >= -SIM_WITHIN_MS) {
                sim_put(m, &want, SIM_BY_ITEM, o->partition, o->key,
                        sim_text(value, "%d,%d,%d,%d", o->p, o->n, c->n, o->v + c->v),
                        weir_max64(o->timestamp, c->timestamp), 0);
            }
        }
    }
    weir_free(left.items);
    weir_free(right.items);
    sim_series is = sim_read_output(m, "PAIRS", SIM_BY_ITEM, true);
    return sim_compare(m, "PAIRS", &want, &is);
}
