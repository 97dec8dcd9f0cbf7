/* Tables of counts and sums, update by update. See sim_model.h. */
#include "tests/simulation/sim_model_impl.h"

#include "engine/base/buf.h"

typedef struct total {
    int64_t c, s;
    size_t last; /* item */
} total;

/* The table's next update of a key. One that is held back may be replaced by the next. */
static void count(sim_model *m, sim_series *want, weir_hmap *totals, int32_t partition,
                  weir_sv key, int v)
{
    char value[SIM_TEXT_MAX];
    bool added;
    weir_buf id = {0};
    weir_buf_be32(&id, (uint32_t)partition);
    weir_buf_sv(&id, key);
    total *t = weir_hmap_insert(totals, weir_buf_view(&id), &added);
    weir_buf_deinit(&id);
    if (added) {
        *t = (total){0};
    } else if (m->checks->coalesce) {
        want->items[t->last].optional = true;
    }
    t->c++;
    t->s += v;
    t->last = want->n;
    sim_put(m, want, m->checks->coalesce ? SIM_BY_KEY : SIM_BY_PARTITION, partition, key,
            sim_text(value, "%lld,%lld", (long long)t->c, (long long)t->s), -1, 0);
}

static weir_hmap *totals_new(void)
{
    weir_hmap *totals = weir_hmap_new(sizeof(total));
    weir_hmap_track(totals, false);
    return totals;
}

static bool end_totals(sim_model *m, const char *name, sim_orders *in, sim_series *want,
                       weir_hmap *totals)
{
    weir_free(in->items);
    weir_hmap_free(totals, NULL, NULL);
    sim_grouping how = m->checks->coalesce ? SIM_BY_KEY : SIM_BY_PARTITION;
    sim_series is = sim_read_output(m, name, how, false);
    return sim_compare(m, name, want, &is);
}

/* COUNT and SUM of what stands in `topic`, by its key. */
bool sim_check_totals(sim_model *m, const char *name, const char *topic)
{
    sim_orders in = sim_read_orders(m, topic);
    sim_series want = {0};
    weir_hmap *totals = totals_new();
    for (size_t i = 0; i < in.n; i++) {
        count(m, &want, totals, in.items[i].partition, in.items[i].key, in.items[i].v);
    }
    return end_totals(m, name, &in, &want, totals);
}

/* The same of BY_G, whose value begins with a text. */
bool sim_check_g_totals(sim_model *m)
{
    sim_orders in = sim_read_orders(m, "BY_G");
    sim_series want = {0};
    weir_hmap *totals = totals_new();
    const sim_topic *t = sim_broker_topic(m->checks->broker, WEIR_SV("BY_G"));
    for (size_t i = 0; i < in.n; i++) {
        const sim_order *o = &in.items[i];
        weir_sv value = t->logs[o->partition].records[o->offset].value;
        weir_sv last;
        int v = 0;
        (void)sim_cut(value, &last);
        (void)sim_numbers(last, &v, 1);
        count(m, &want, totals, o->partition, o->key, v);
    }
    return end_totals(m, "G_TOTALS", &in, &want, totals);
}

bool sim_check_windows(sim_model *m)
{
    sim_orders in = sim_read_orders(m, "orders");
    sim_series want = {0};
    weir_hmap *totals = totals_new();
    int64_t time = -1;
    for (size_t i = 0; i < in.n; i++) {
        const sim_order *o = &in.items[i];
        time = i > 0 && in.items[i - 1].partition == o->partition ? time : -1;
        time = weir_max64(time, o->timestamp);
        int64_t start = o->timestamp / SIM_WINDOW_MS * SIM_WINDOW_MS;
        if (start + SIM_WINDOW_MS > time - SIM_GRACE_MS) {
            weir_buf key = {0};
            weir_buf_sv(&key, o->key);
            weir_buf_be64(&key, (uint64_t)start);
            count(m, &want, totals, o->partition, weir_buf_view(&key), o->v);
            weir_buf_deinit(&key);
        }
    }
    return end_totals(m, "WINDOWS", &in, &want, totals);
}
