/* Topics: what is asked of the brokers about them. See sim_cluster.h. */
#include "tests/simulation/sim_cluster_impl.h"

#include "engine/base/alloc.h"

weir_rc sim_cluster_list(weir_cluster *base, void (*each)(void *ctx, weir_sv name, int32_t partitions,
                                                          int32_t replicas), void *ctx,
                         weir_status *st)
{
    sim_cluster *c = sim_cluster_of(base);
    WEIR_TRY(sim_cluster_asked(c, st));
    sim_topic *t;
    for (size_t i = 0; (t = sim_broker_topic_at(c->broker, i)) != NULL; i++) {
        each(ctx, t->name, t->partitions, 1);
    }
    return WEIR_OK;
}

weir_rc sim_cluster_create(weir_cluster *base, const weir_topic_spec *spec, weir_status *st)
{
    sim_cluster *c = sim_cluster_of(base);
    WEIR_TRY(sim_cluster_asked(c, st));
    if (sim_broker_topic(c->broker, spec->name)) {
        return weir_fail(st, WEIR_EEXISTS, "topic " WEIR_SV_FMT " exists already",
                         WEIR_SV_ARG(spec->name));
    }
    sim_broker_create(c->broker, spec->name, spec->partitions > 0 ? spec->partitions : 1);
    return WEIR_OK;
}

weir_rc sim_cluster_drop(weir_cluster *base, weir_sv name, weir_status *st)
{
    sim_cluster *c = sim_cluster_of(base);
    WEIR_TRY(sim_cluster_asked(c, st));
    sim_topic *t = sim_broker_topic(c->broker, name);
    if (t) {
        sim_broker_drop(c->broker, t);
    }
    return WEIR_OK;
}

weir_rc sim_cluster_configs(weir_cluster *base, weir_sv name,
                            void (*each)(void *ctx, const weir_topic_config *config, bool standard),
                            void *ctx, weir_status *st)
{
    (void)name;
    (void)each;
    (void)ctx;
    return sim_cluster_asked(sim_cluster_of(base), st);
}

weir_cluster_topic *sim_cluster_open_topic(weir_cluster *base, weir_sv name, void *owner)
{
    sim_cluster *c = sim_cluster_of(base);
    weir_cluster_topic *t = weir_zalloc(sizeof *t);
    t->topic = sim_broker_topic(c->broker, name);
    t->topic = t->topic ? t->topic : sim_broker_dropped(c->broker, name);
    WEIR_ASSERT(t->topic);
    t->owner = owner;
    for (int i = 0; i < WEIR_FETCHES; i++) {
        t->fetches[i] = weir_zalloc(sizeof(sim_fetch) * (size_t)t->topic->partitions);
    }
    t->next = c->topics;
    c->topics = t;
    return t;
}

void sim_cluster_close_topic(weir_cluster *base, weir_cluster_topic *t)
{
    weir_cluster_topic **at = &sim_cluster_of(base)->topics;
    while (*at != t) {
        at = &(*at)->next;
    }
    *at = t->next;
    for (int i = 0; i < WEIR_FETCHES; i++) {
        weir_free(t->fetches[i]);
    }
    weir_free(t);
}

sim_log *sim_cluster_log(const weir_cluster_topic *t, int32_t partition)
{
    WEIR_ASSERT(partition >= 0 && partition < t->topic->partitions);
    return &t->topic->logs[partition];
}

bool sim_topic_is_there(const sim_cluster *c, sim_topic **t)
{
    sim_topic *again = (*t)->dropped ? sim_broker_topic(c->broker, (*t)->name) : NULL;
    WEIR_ASSERT(!again || again->partitions == (*t)->partitions);
    *t = again ? again : *t;
    return !(*t)->dropped;
}

weir_rc sim_cluster_bounds(weir_cluster *base, weir_cluster_topic *t, int32_t partition,
                           int64_t *begin, int64_t *end, weir_status *st)
{
    WEIR_TRY(sim_cluster_asked(sim_cluster_of(base), st));
    if (!sim_topic_is_there(sim_cluster_of(base), &t->topic)) {
        return weir_fail(st, WEIR_ENOTFOUND, "simulated: the topic does not exist");
    }
    const sim_log *log = sim_cluster_log(t, partition);
    *begin = log->begin;
    *end = sim_log_stable(log);
    return WEIR_OK;
}

weir_rc sim_cluster_at_time(weir_cluster *base, weir_cluster_topic *t, int32_t partition, int64_t ms,
                            int64_t *offset, weir_status *st)
{
    sim_cluster *c = sim_cluster_of(base);
    WEIR_TRY(sim_cluster_asked(c, st));
    const sim_log *log = sim_cluster_log(t, partition);
    *offset = log->begin;
    while (*offset < sim_log_stable(log) &&
           (!sim_record_counts(c->broker, &log->records[*offset]) ||
            log->records[*offset].timestamp < ms)) {
        ++*offset;
    }
    return WEIR_OK;
}

int64_t sim_cluster_known_end(weir_cluster *base, weir_cluster_topic *t, int32_t partition)
{
    bool heard = !sim_chance(sim_cluster_of(base)->world, 300);
    return heard ? sim_log_stable(sim_cluster_log(t, partition)) : -1;
}
