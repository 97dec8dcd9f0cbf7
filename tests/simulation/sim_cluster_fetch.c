/* Fetching: polls hand over random portions of random partitions, from the log as it is now up to the
 * last stable offset; the end is told when it has been reached, by and by. Topics that others delete are met
 * again when they were made again, and else are told of by and by. See sim_cluster.h. */
#include "tests/simulation/sim_cluster_impl.h"

#include <stdio.h>

void sim_cluster_fetch(weir_cluster *base, weir_cluster_topic *t, int32_t partition,
                       weir_fetch which, int64_t offset)
{
    (void)base;
    sim_cluster_log(t, partition);
    t->fetches[which][partition] = (sim_fetch){.active = true, .next = offset, .told = -1};
}

void sim_cluster_fetch_stop(weir_cluster *base, weir_cluster_topic *t, int32_t partition,
                            weir_fetch which)
{
    (void)base;
    sim_cluster_log(t, partition);
    t->fetches[which][partition].active = false;
}

static void put_bytes(weir_chunk *c, size_t *used, weir_sv bytes, uint32_t *at, uint32_t *n)
{
    *at = (uint32_t)*used;
    *n = bytes.p ? bytes.n : WEIR_NULL_BYTES;
    if (bytes.p && bytes.n) {
        memcpy(c->bytes + *used, bytes.p, bytes.n);
        *used += bytes.n;
    }
}

/* The chunk of log[offsets[0..n)]. */
static weir_chunk *chunk_of(const sim_log *log, const int64_t *offsets, uint32_t n)
{
    size_t bytes = 0;
    bool gaps = offsets[n - 1] - offsets[0] != n - 1;
    for (uint32_t i = 0; i < n; i++) {
        const sim_record *r = &log->records[offsets[i]];
        bytes += (r->key.p ? r->key.n : 0) + (r->value.p ? r->value.n : 0);
    }
    weir_chunk *c = weir_chunk_new(n, bytes, gaps);
    c->base = offsets[0];
    size_t used = 0;
    for (uint32_t i = 0; i < n; i++) {
        const sim_record *r = &log->records[offsets[i]];
        c->recs[i] = (weir_rec){.timestamp = r->timestamp};
        put_bytes(c, &used, r->key, &c->recs[i].key_at, &c->recs[i].key_n);
        put_bytes(c, &used, r->value, &c->recs[i].value_at, &c->recs[i].value_n);
        if (gaps) {
            c->offsets[i] = offsets[i];
        }
    }
    return c;
}

/* Hands over at most `most` records. True: there were any. */
static bool hand_over(sim_cluster *c, weir_cluster_topic *t, int32_t partition, weir_fetch which,
                      uint32_t most)
{
    static int64_t offsets[SIM_CHUNK_RECORDS];
    sim_fetch *f = &t->fetches[which][partition];
    const sim_log *log = sim_cluster_log(t, partition);
    int64_t stable = sim_log_stable(log);
    uint32_t n = 0;
    int64_t at = f->next;
    for (; at < stable && n < most; at++) {
        if (sim_record_counts(c->broker, &log->records[at])) {
            offsets[n++] = at;
        }
    }
    f->next = weir_max64(f->next, at);
    if (n > 0) {
        c->base.sink->arrived(t->owner, partition, which, chunk_of(log, offsets, n));
    }
    return n > 0;
}

/* The topic was deleted, and perhaps made again. */
static bool lost_topic(sim_cluster *c, weir_cluster_topic *t, int32_t partition, sim_fetch *f)
{
    char why[96];
    bool there = sim_topic_is_there(c, &t->topic);
    if (there && f->next <= (int64_t)sim_cluster_log(t, partition)->n) {
        return false;
    }
    if (c->world->calm || sim_chance(c->world, 400)) {
        snprintf(why, sizeof why, "topic " WEIR_SV_FMT " %s", WEIR_SV_ARG(t->topic->name),
                 there ? "was made again" : "does not exist any more");
        sim_note(c->world, "%s", why);
        f->active = false;
        c->base.sink->failed(t->owner, partition, why);
    }
    return true;
}

static void serve(sim_cluster *c, weir_cluster_topic *t, int32_t partition, weir_fetch which)
{
    sim_fetch *f = &t->fetches[which][partition];
    if (!f->active || sim_chance(c->world, 250) || lost_topic(c, t, partition, f)) {
        return;
    }
    const sim_log *log = sim_cluster_log(t, partition);
    if (f->next < log->begin) {
        sim_note(c->world, WEIR_SV_FMT "/%d: retention has overtaken %lld", WEIR_SV_ARG(t->topic->name),
                 partition, (long long)f->next);
        f->next = log->begin;
        c->base.sink->overtaken(t->owner, partition, which, log->begin);
    }
    uint32_t chunks = sim_between(c->world, 1, 3);
    while (chunks-- > 0 && f->active &&
           hand_over(c, t, partition, which, sim_between(c->world, 1, c->config.portion))) {
    }
    bool ended = f->active && f->next == sim_log_stable(log) && f->told != f->next;
    if (ended && (c->world->calm || sim_chance(c->world, 600))) {
        f->told = f->next;
        c->base.sink->reached_end(t->owner, partition, which, f->next);
    }
}

void sim_cluster_take_in(sim_cluster *c)
{
    weir_cluster_topic *all[64];
    uint32_t n = 0;
    for (weir_cluster_topic *t = c->topics; t; t = t->next) {
        WEIR_ASSERT(n < WEIR_COUNT(all));
        all[n++] = t;
    }
    for (; n > 0; n--) {
        uint32_t i = sim_below(c->world, n);
        weir_cluster_topic *t = all[i];
        all[i] = all[n - 1];
        int32_t first = (int32_t)sim_below(c->world, (uint32_t)t->topic->partitions);
        for (int32_t k = 0; k < t->topic->partitions; k++) {
            for (int which = 0; which < WEIR_FETCHES; which++) {
                serve(c, t, (first + k) % t->topic->partitions, (weir_fetch)which);
            }
        }
    }
}
