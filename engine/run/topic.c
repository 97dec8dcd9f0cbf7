/* One topic: what is asked of it goes to its partitions, local or a cluster's. */
#include "engine/base/limits.h"
#include "engine/run/topics_impl.h"

#define FETCHED_BYTES_MAX ((uint64_t)48 << 20) /* of all partitions of a cluster that are fetched */
#define FETCHED_BYTES_LEAST ((uint64_t)256 << 10) /* … and of each at least */

weir_sv weir_topic_name(const weir_topic *t)
{
    return t->name;
}

int32_t weir_topic_partitions(const weir_topic *t)
{
    return t->n;
}

static weir__partition *partition_at(const weir_topic *t, int32_t partition)
{
    WEIR_ASSERT(partition >= 0 && partition < t->n);
    return &t->partitions[partition];
}

int32_t weir_topic_replicas(const weir_topic *t)
{
    return t->replicas;
}

int64_t weir_topic_retention_ms(const weir_topic *t)
{
    return t->retention_ms;
}

/* As many as there are partitions, or more. */
static void fit_remotes(weir_topic *t)
{
    weir_cluster *c = t->owner->cluster;
    if (t->n_remotes < t->n) {
        t->remotes = weir_realloc(t->remotes, (size_t)t->n * sizeof *t->remotes);
        t->kept = weir_realloc(t->kept, (size_t)t->n * sizeof *t->kept);
    }
    if (!t->remote) {
        t->remote = c->calls->open(c, t->name, &t->remotes);
    }
    for (; t->n_remotes < t->n; t->n_remotes++) {
        weir__remote_init(&t->remotes[t->n_remotes], c, t->remote, t->n_remotes, &t->owner->held_bytes);
        t->kept[t->n_remotes] = INT64_MAX;
    }
}

/* The partition of a cluster's topic, which is in use from now on. */
static weir__remote *remote_at(weir_topic *t, int32_t partition)
{
    if (!t->remotes) {
        fit_remotes(t);
    }
    WEIR_ASSERT(partition >= 0 && partition < t->n_remotes);
    return &t->remotes[partition];
}

/* What a list of topics says of one. */
typedef struct sought {
    weir_sv name;
    int32_t partitions;    /* 0: it is not there */
} sought;

static void look_at(void *ctx, weir_sv name, int32_t partitions, int32_t replicas)
{
    sought *s = ctx;
    (void)replicas;
    s->partitions = weir_sv_eq(name, s->name) ? partitions : s->partitions;
}

weir_rc weir_topic_renew(weir_topic *t, weir_status *st)
{
    weir_cluster *c = t->owner->cluster;
    sought s = {.name = t->name};
    WEIR_ASSERT(c);
    WEIR_TRY(c->calls->list(c, look_at, &s, st));
    if (s.partitions <= 0 || s.partitions > WEIR_PARTITIONS_MAX) {
        return weir_fail(st, WEIR_ENOTFOUND, "topic " WEIR_SV_FMT " does not exist any more",
                         WEIR_SV_ARG(t->name));
    }
    t->n = s.partitions;
    fit_remotes(t);
    for (int32_t p = 0; p < t->n_remotes; p++) {
        weir__remote_renew(&t->remotes[p]);
    }
    return WEIR_OK;
}

int64_t weir_topic_begin(const weir_topic *t, int32_t partition)
{
    if (t->owner->cluster) {
        return t->remotes ? t->remotes[partition].begin : 0;
    }
    return partition_at(t, partition)->begin;
}

int64_t weir_topic_resume(const weir_topic *t, int32_t partition, int64_t offset)
{
    if (t->owner->cluster) {
        return t->remotes ? weir__remote_resume(&t->remotes[partition], offset) : offset;
    }
    return weir_max64(offset, partition_at(t, partition)->begin);
}

int64_t weir_topic_end(const weir_topic *t, int32_t partition)
{
    if (t->owner->cluster) {
        return t->remotes ? weir__remote_known_end(&t->remotes[partition]) : 0;
    }
    return partition_at(t, partition)->end;
}

weir_rc weir_topic_bounds(weir_topic *t, int32_t partition, int64_t *begin, int64_t *end,
                          weir_status *st)
{
    weir_cluster *c = t->owner->cluster;
    if (!c) {
        *begin = partition_at(t, partition)->begin;
        *end = partition_at(t, partition)->end;
        return WEIR_OK;
    }
    weir__remote *r = remote_at(t, partition);
    WEIR_TRY(c->calls->bounds(c, t->remote, partition, begin, end, st));
    r->begin = *begin;
    return WEIR_OK;
}

int64_t weir_topic_readable(const weir_topic *t, int32_t partition, int64_t offset)
{
    if (t->owner->cluster) {
        return t->remotes ? weir__remote_readable(&t->remotes[partition], offset) : offset;
    }
    return partition_at(t, partition)->end;
}

bool weir_topic_at_end(const weir_topic *t, int32_t partition, int64_t offset)
{
    if (t->owner->cluster) {
        return t->remotes && weir__remote_at_end(&t->remotes[partition], offset);
    }
    return offset >= partition_at(t, partition)->end;
}

void weir_topic_append(weir_topic *t, int32_t partition, weir_chunk *chunk)
{
    weir_cluster *c = t->owner->cluster;
    if (c) {
        remote_at(t, 0);
        c->calls->append(c, t->remote, partition, chunk);
        return;
    }
    weir__partition_append(partition_at(t, partition < 0 ? 0 : partition), chunk);
}

weir_rc weir_topic_read(weir_topic *t, int32_t partition, int64_t offset, weir_chunk **out,
                        weir_status *st)
{
    if (t->owner->cluster) {
        *out = NULL;
        return t->remotes ? weir__remote_read(&t->remotes[partition], offset, out, st) : WEIR_OK;
    }
    return weir__partition_read(partition_at(t, partition), offset, out, st);
}

static int64_t first_at_time(const weir_chunk *c, int64_t ms)
{
    uint32_t i = 0;
    while (i < c->n && c->recs[i].timestamp < ms) {
        i++;
    }
    return i < c->n ? weir_chunk_offset(c, i) : -1;
}

weir_rc weir_topic_at_time(weir_topic *t, int32_t partition, int64_t ms, int64_t *offset,
                           weir_status *st)
{
    weir_cluster *cluster = t->owner->cluster;
    if (cluster) {
        remote_at(t, partition);
        return cluster->calls->at_time(cluster, t->remote, partition, ms, offset, st);
    }
    int64_t at = weir_topic_begin(t, partition);
    *offset = -1;
    while (*offset < 0 && at < weir_topic_end(t, partition)) {
        weir_chunk *c = NULL;
        WEIR_TRY(weir_topic_read(t, partition, at, &c, st));
        *offset = first_at_time(c, ms);
        at = weir_chunk_end(c);
        weir_chunk_unref(c);
    }
    *offset = *offset < 0 ? at : *offset;
    return WEIR_OK;
}

static void add_reader(weir_topic *t, int32_t partition, int64_t offset, bool stands)
{
    if (t->owner->cluster) {
        weir__remote_reader(remote_at(t, partition), offset, stands);
        return;
    }
    weir__partition *p = partition_at(t, partition);
    p->least_reader = weir_min64(p->least_reader, offset);
}

void weir_topic_reader(weir_topic *t, int32_t partition, int64_t offset)
{
    add_reader(t, partition, offset, false);
}

void weir_topic_reader_stands(weir_topic *t, int32_t partition, int64_t offset)
{
    add_reader(t, partition, offset, true);
}

static weir__keeper *keeper_of(weir_topic *t, const void *who)
{
    for (size_t i = 0; i < t->n_keepers; i++) {
        if (t->keepers[i].who == who) {
            return &t->keepers[i];
        }
    }
    WEIR_GROW(t->keepers, t->cap_keepers, t->n_keepers + 1);
    weir__keeper *k = &t->keepers[t->n_keepers++];
    *k = (weir__keeper){.who = who};
    return k;
}

/* Partitions that were added since are not kept yet. */
static void keeper_fit(weir__keeper *k, int32_t n)
{
    if (k->n < n) {
        k->from = weir_realloc(k->from, sizeof *k->from * (size_t)n);
        for (; k->n < n; k->n++) {
            k->from[k->n] = INT64_MAX;
        }
    }
}

void weir_topic_keep(weir_topic *t, int32_t partition, const void *who, int64_t offset)
{
    weir__keeper *k = keeper_of(t, who);
    keeper_fit(k, t->n > t->n_remotes ? t->n : t->n_remotes); /* it may not know yet that there are fewer */
    k->from[partition] = offset;
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < t->n_keepers; i++) {
        bool knows = partition < t->keepers[i].n;
        least = knows ? weir_min64(least, t->keepers[i].from[partition]) : least;
    }
    if (t->owner->cluster) {
        remote_at(t, partition);
        t->kept[partition] = least;
        return;
    }
    weir__partition *p = partition_at(t, partition);
    p->kept = least != INT64_MAX;
    p->keep_from = least;
}

static void local_told(weir_topic *t)
{
    for (int32_t i = 0; i < t->n; i++) {
        weir__partition *p = &t->partitions[i];
        int64_t least = weir_min64(p->least_reader, p->end);
        least = p->kept ? weir_min64(least, p->keep_from) : least;
        p->consumed = weir_max64(p->consumed, least);
        p->least_reader = INT64_MAX;
        if (t->owner->store || t->owner->forget) {
            weir__partition_evict(p, p->consumed);
        }
    }
}

static void remote_told(weir_topic *t, uint64_t limit)
{
    for (int32_t i = 0; i < t->n_remotes; i++) {
        if (t->kept[i] != INT64_MAX) {
            weir__remote_reader(&t->remotes[i], t->kept[i], false);
        }
        weir__remote_place(&t->remotes[i], limit);
    }
}

void weir_topics_readers_told(weir_topics *t)
{
    uint64_t used = 1;
    for (size_t i = 0; i < t->n && t->cluster; i++) {
        used += t->topics[i]->remotes ? (uint64_t)t->topics[i]->n : 0;
    }
    uint64_t limit = FETCHED_BYTES_MAX / used;
    limit = limit < FETCHED_BYTES_LEAST ? FETCHED_BYTES_LEAST : limit;
    for (size_t i = 0; i < t->n; i++) {
        if (t->cluster) {
            remote_told(t->topics[i], limit);
        } else {
            local_told(t->topics[i]);
        }
    }
}
