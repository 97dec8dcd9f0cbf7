/* See sim_cluster.h.
 *
 *   fetching   polls hand over random portions of random partitions, from the log as it is now up to
 *              the last stable offset; the end is told when it has been reached, by and by
 *   producing  appended chunks wait; polls send random numbers of their records, each partition in
 *              order, partitions in any; flush sends the rest
 *
 * A client with an older generation than its transactional id is fenced. Topics that others delete are
 * met again when they were made again, and else are told of by and by. */
#include "tests/simulation/sim_cluster.h"

#include "engine/base/alloc.h"
#include "engine/io/fault.h"

#include <stdio.h>

#define CHUNK_RECORDS 2000

typedef struct fetch {
    bool active;
    int64_t next;
    int64_t told; /* the end that has been told of; -1: none */
} fetch;

struct weir_cluster_topic {
    sim_topic *topic;
    void *owner;
    fetch *fetches[WEIR_FETCHES]; /* [partitions] */
    weir_cluster_topic *next;
};

typedef struct waiting {
    sim_topic *topic;
    int32_t partition;
    weir_chunk *chunk;
    uint32_t at; /* next record */
} waiting;

typedef struct sim_cluster {
    weir_cluster base;
    sim_broker *broker;
    sim_world *world;
    sim_cluster_config config;
    weir_cluster_topic *topics;
    waiting *waiting;
    size_t n_waiting, cap_waiting;
    bool full, dirty, lost;
    char refused[32], why[64]; /* the topic that cannot be written */
    sim_producer *producer; /* NULL until `committed` */
    uint32_t generation;
    uint32_t txn;           /* 0: none */
} sim_cluster;

static sim_cluster *of(weir_cluster *c)
{
    return (sim_cluster *)c;
}

static weir_rc retriable(sim_cluster *c, weir_status *st, const char *what)
{
    sim_note(c->world, "mishap: %s", what);
    weir_fail(st, WEIR_EIO, "simulated: %s", what);
    st->retriable = true;
    return WEIR_EIO;
}

static weir_rc alive(const sim_cluster *c, weir_status *st)
{
    return c->world->dead ? weir_fail(st, WEIR_EIO, "simulated: the process is dead") : WEIR_OK;
}

static weir_rc asked(sim_cluster *c, weir_status *st)
{
    WEIR_TRY(alive(c, st));
    return sim_mishap(c->world, c->config.mishaps.ask) ? retriable(c, st, "no answer") : WEIR_OK;
}

/* ---- topics ---- */

static weir_rc list(weir_cluster *base, void (*each)(void *ctx, weir_sv name, int32_t partitions,
                                                     int32_t replicas), void *ctx, weir_status *st)
{
    sim_cluster *c = of(base);
    WEIR_TRY(asked(c, st));
    sim_topic *t;
    for (size_t i = 0; (t = sim_broker_topic_at(c->broker, i)) != NULL; i++) {
        each(ctx, t->name, t->partitions, 1);
    }
    return WEIR_OK;
}

static weir_rc create(weir_cluster *base, const weir_topic_spec *spec, weir_status *st)
{
    sim_cluster *c = of(base);
    WEIR_TRY(asked(c, st));
    if (sim_broker_topic(c->broker, spec->name)) {
        return weir_fail(st, WEIR_EEXISTS, "topic " WEIR_SV_FMT " exists already",
                         WEIR_SV_ARG(spec->name));
    }
    sim_broker_create(c->broker, spec->name, spec->partitions > 0 ? spec->partitions : 1);
    return WEIR_OK;
}

static weir_rc drop(weir_cluster *base, weir_sv name, weir_status *st)
{
    sim_cluster *c = of(base);
    WEIR_TRY(asked(c, st));
    sim_topic *t = sim_broker_topic(c->broker, name);
    if (t) {
        sim_broker_drop(c->broker, t);
    }
    return WEIR_OK;
}

static weir_rc configs(weir_cluster *base, weir_sv name,
                       void (*each)(void *ctx, const weir_topic_config *config, bool standard),
                       void *ctx, weir_status *st)
{
    (void)name;
    (void)each;
    (void)ctx;
    return asked(of(base), st);
}

static weir_cluster_topic *open_topic(weir_cluster *base, weir_sv name, void *owner)
{
    sim_cluster *c = of(base);
    weir_cluster_topic *t = weir_zalloc(sizeof *t);
    t->topic = sim_broker_topic(c->broker, name);
    t->topic = t->topic ? t->topic : sim_broker_dropped(c->broker, name);
    WEIR_ASSERT(t->topic);
    t->owner = owner;
    for (int i = 0; i < WEIR_FETCHES; i++) {
        t->fetches[i] = weir_zalloc(sizeof(fetch) * (size_t)t->topic->partitions);
    }
    t->next = c->topics;
    c->topics = t;
    return t;
}

static void close_topic(weir_cluster *base, weir_cluster_topic *t)
{
    weir_cluster_topic **at = &of(base)->topics;
    while (*at != t) {
        at = &(*at)->next;
    }
    *at = t->next;
    for (int i = 0; i < WEIR_FETCHES; i++) {
        weir_free(t->fetches[i]);
    }
    weir_free(t);
}

static sim_log *log_of(const weir_cluster_topic *t, int32_t partition)
{
    WEIR_ASSERT(partition >= 0 && partition < t->topic->partitions);
    return &t->topic->logs[partition];
}

/* False: it is deleted. */
static bool is_there(const sim_cluster *c, sim_topic **t)
{
    sim_topic *again = (*t)->dropped ? sim_broker_topic(c->broker, (*t)->name) : NULL;
    WEIR_ASSERT(!again || again->partitions == (*t)->partitions);
    *t = again ? again : *t;
    return !(*t)->dropped;
}

static weir_rc bounds(weir_cluster *base, weir_cluster_topic *t, int32_t partition, int64_t *begin,
                      int64_t *end, weir_status *st)
{
    WEIR_TRY(asked(of(base), st));
    if (!is_there(of(base), &t->topic)) {
        return weir_fail(st, WEIR_ENOTFOUND, "simulated: the topic does not exist");
    }
    const sim_log *log = log_of(t, partition);
    *begin = log->begin;
    *end = sim_log_stable(log);
    return WEIR_OK;
}

static weir_rc at_time(weir_cluster *base, weir_cluster_topic *t, int32_t partition, int64_t ms,
                       int64_t *offset, weir_status *st)
{
    sim_cluster *c = of(base);
    WEIR_TRY(asked(c, st));
    const sim_log *log = log_of(t, partition);
    *offset = log->begin;
    while (*offset < sim_log_stable(log) &&
           (!sim_record_counts(c->broker, &log->records[*offset]) ||
            log->records[*offset].timestamp < ms)) {
        ++*offset;
    }
    return WEIR_OK;
}

static int64_t known_end(weir_cluster *base, weir_cluster_topic *t, int32_t partition)
{
    return sim_chance(of(base)->world, 300) ? -1 : sim_log_stable(log_of(t, partition));
}

/* ---- fetching ---- */

static void start_fetch(weir_cluster *base, weir_cluster_topic *t, int32_t partition,
                        weir_fetch which, int64_t offset)
{
    (void)base;
    log_of(t, partition);
    t->fetches[which][partition] = (fetch){.active = true, .next = offset, .told = -1};
}

static void stop_fetch(weir_cluster *base, weir_cluster_topic *t, int32_t partition,
                       weir_fetch which)
{
    (void)base;
    log_of(t, partition);
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
    static int64_t offsets[CHUNK_RECORDS];
    fetch *f = &t->fetches[which][partition];
    const sim_log *log = log_of(t, partition);
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
static bool lost_topic(sim_cluster *c, weir_cluster_topic *t, int32_t partition, fetch *f)
{
    char why[96];
    bool there = is_there(c, &t->topic);
    if (there && f->next <= (int64_t)log_of(t, partition)->n) {
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
    fetch *f = &t->fetches[which][partition];
    if (!f->active || sim_chance(c->world, 250) || lost_topic(c, t, partition, f)) {
        return;
    }
    const sim_log *log = log_of(t, partition);
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

/* Partitions in any order. */
static void take_in(sim_cluster *c)
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

/* ---- producing ---- */

static void append(weir_cluster *base, weir_cluster_topic *t, int32_t partition, weir_chunk *chunk)
{
    sim_cluster *c = of(base);
    if (c->world->dead) {
        weir_chunk_unref(chunk);
        return;
    }
    int32_t any = (int32_t)sim_below(c->world, (uint32_t)t->topic->partitions);
    WEIR_GROW(c->waiting, c->cap_waiting, c->n_waiting + 1);
    c->waiting[c->n_waiting++] =
        (waiting){t->topic, partition < 0 ? any : partition, chunk, 0};
    c->dirty = true;
}

static bool full(const weir_cluster *base)
{
    return ((const sim_cluster *)base)->full;
}

static bool dirty(const weir_cluster *base)
{
    return ((const sim_cluster *)base)->dirty;
}

static weir_rc fenced(const sim_cluster *c, weir_status *st)
{
    if (c->base.exactly_once && c->generation != c->producer->generation) {
        return weir_fail(st, WEIR_EIO, "simulated: fenced");
    }
    return WEIR_OK;
}

static weir_rc begin(sim_cluster *c, weir_status *st)
{
    WEIR_ASSERT(!c->base.exactly_once || c->producer);
    WEIR_TRY(fenced(c, st));
    if (c->base.exactly_once && !c->txn) {
        sim_broker_tick(c->broker, true); /* an id's next transaction waits for the last one's end */
        c->txn = c->producer->txn = sim_txn_begin(c->broker);
    }
    return WEIR_OK;
}

static void send_records(sim_cluster *c, waiting *w, uint32_t n)
{
    for (; n > 0; n--, w->at++) {
        const weir_rec *r = &w->chunk->recs[w->at];
        sim_record out = {.key = weir_rec_key(w->chunk, r),
                          .value = weir_rec_value(w->chunk, r),
                          .timestamp = r->timestamp,
                          .txn = c->txn};
        out.key.p = r->key_n == WEIR_NULL_BYTES ? NULL : out.key.p;
        out.value.p = r->value_n == WEIR_NULL_BYTES ? NULL : out.value.p;
        sim_broker_append(c->broker, &w->topic->logs[w->partition], &out);
    }
}

/* Nobody takes it, now or later. */
static weir_rc refused(sim_cluster *c, weir_sv topic, weir_status *st)
{
    snprintf(c->refused, sizeof c->refused, WEIR_SV_FMT, WEIR_SV_ARG(topic));
    snprintf(c->why, sizeof c->why, "topic " WEIR_SV_FMT " does not exist any more",
             WEIR_SV_ARG(topic));
    c->base.refused_topic = c->refused;
    c->base.refused_why = c->why;
    c->lost = true;
    return retriable(c, st, c->why);
}

/* An earlier chunk of the same partition waits. */
static bool blocked(const sim_cluster *c, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (c->waiting[i].topic == c->waiting[at].topic &&
            c->waiting[i].partition == c->waiting[at].partition) {
            return true;
        }
    }
    return false;
}

static weir_rc send(sim_cluster *c, bool all, weir_status *st)
{
    if (c->n_waiting == 0) {
        c->full = false;
        return WEIR_OK;
    }
    WEIR_TRY(begin(c, st));
    for (size_t i = 0; i < c->n_waiting; i++) {
        if (!is_there(c, &c->waiting[i].topic)) {
            return refused(c, c->waiting[i].topic->name, st);
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < c->n_waiting; i++) {
        waiting *w = &c->waiting[i];
        c->waiting[kept] = *w;
        w = &c->waiting[kept];
        uint32_t left = w->chunk->n - w->at;
        uint32_t n = all || sim_chance(c->world, 600) ? left : sim_below(c->world, left + 1);
        send_records(c, w, blocked(c, kept) ? 0 : n);
        if (w->at == w->chunk->n) {
            weir_chunk_unref(w->chunk);
        } else {
            kept++;
        }
    }
    c->n_waiting = kept;
    c->full = kept > 0 && sim_mishap(c->world, c->config.mishaps.full);
    return WEIR_OK;
}

static weir_rc poll(weir_cluster *base, uint64_t bytes, weir_status *st)
{
    sim_cluster *c = of(base);
    WEIR_TRY(alive(c, st));
    if (c->lost || (c->dirty && sim_mishap(c->world, c->config.mishaps.flush / 8))) {
        c->lost = true;
        return retriable(c, st, "a record cannot be written");
    }
    if (bytes > 0) {
        take_in(c);
    }
    return send(c, false, st);
}

static weir_rc flush(weir_cluster *base, weir_status *st)
{
    sim_cluster *c = of(base);
    WEIR_TRY(alive(c, st));
    if (c->config.lie == SIM_NO_FLUSH) {
        return WEIR_OK;
    }
    if (c->lost || sim_mishap(c->world, c->config.mishaps.flush)) {
        c->lost = true;
        return retriable(c, st, "records are not acknowledged");
    }
    WEIR_TRY(send(c, true, st));
    WEIR_ASSERT(c->n_waiting == 0);
    return WEIR_OK;
}

void sim_cluster_last_words(weir_cluster *base)
{
    sim_cluster *c = of(base);
    weir_status st;
    weir_status_reset(&st);
    if (c->n_waiting && sim_chance(c->world, 500)) {
        (void)send(c, false, &st);
    }
}

/* ---- commits ---- */

static weir_rc end(sim_cluster *c, weir_status *st)
{
    const sim_mishaps *m = &c->config.mishaps;
    uint32_t txn = c->txn;
    c->txn = 0;
    if (sim_mishap(c->world, m->doubt)) {
        sim_txn_doubt(c->broker, txn);
        return retriable(c, st, "the connection broke while the transaction was being committed");
    }
    sim_txn_end(c->broker, txn, true);
    c->producer->txn = 0;
    if (sim_mishap(c->world, m->answer_lost)) {
        return retriable(c, st, "the answer to the commit is lost");
    }
    return WEIR_OK;
}

static weir_rc commit_once(sim_cluster *c, uint64_t epoch, const weir_position *at, size_t n,
                           weir_status *st)
{
    WEIR_TRY(begin(c, st));
    if (sim_mishap(c->world, c->config.mishaps.offsets)) {
        return retriable(c, st, "the positions cannot be added to the transaction");
    }
    if (c->config.lie != SIM_NO_OFFSETS) {
        sim_txn_offsets(c->broker, c->txn, c->producer, epoch, at, n);
    }
    WEIR_TRY(WEIR_FAULT(OFFSETS_SENT, st));
    return end(c, st);
}

static weir_rc commit(weir_cluster *base, uint64_t epoch, const weir_position *at, size_t n,
                      weir_status *st)
{
    sim_cluster *c = of(base);
    WEIR_TRY(alive(c, st));
    WEIR_ASSERT(c->n_waiting == 0 || c->config.lie == SIM_NO_FLUSH);
    if (c->base.exactly_once) {
        WEIR_TRY(commit_once(c, epoch, at, n, st));
    } else if (c->producer && !sim_mishap(c->world, c->config.mishaps.note_lost)) {
        sim_group_offsets(c->broker, c->producer, epoch, at, n);
    }
    sim_note(c->world, "epoch %llu is committed", (unsigned long long)epoch);
    c->dirty = false;
    return WEIR_OK;
}

/* What the last process had under way is decided now, if it was not. */
static void settle(sim_cluster *c)
{
    sim_producer *p = c->producer;
    if (p->txn) {
        bool doubt = sim_txn_fate(c->broker, p->txn) == SIM_UNDECIDED;
        bool commits = doubt && sim_chance(c->world, 500);
        sim_note(c->world, "the open transaction is %s%s", commits ? "committed" : "aborted",
                 doubt ? ": it was in doubt" : "");
        sim_txn_end(c->broker, p->txn, commits);
        p->txn = 0;
    }
    sim_broker_tick(c->broker, true);
}

static weir_rc committed(weir_cluster *base, weir_sv instance, uint64_t newest, uint64_t *epoch,
                         bool *found, weir_status *st)
{
    sim_cluster *c = of(base);
    WEIR_TRY(asked(c, st));
    c->producer = sim_broker_producer(c->broker, instance);
    bool old = c->producer->any && c->producer->offsets.epoch > newest;
    if (base->exactly_once && !old) {
        c->generation = ++c->producer->generation;
        settle(c);
        WEIR_TRY(asked(c, st));
    }
    *found = c->producer->any;
    *epoch = c->producer->offsets.epoch;
    if (c->config.lie == SIM_SAYS_COMMITTED) {
        *found = true;
        ++*epoch;
    } else if (c->config.lie == SIM_SAYS_ABORTED && *found) {
        --*epoch;
    }
    base->last_epoch = *found ? *epoch : 0;
    if (c->config.lie == SIM_SAYS_COMMITTED) {
        base->last_epoch = 0;
    }
    sim_note(c->world, "the last epoch committed is %llu%s", (unsigned long long)*epoch,
             *found ? "" : " (none)");
    return WEIR_OK;
}

/* ---- the cluster as a whole ---- */

static void close_cluster(weir_cluster *base)
{
    sim_cluster *c = of(base);
    for (size_t i = 0; i < c->n_waiting; i++) {
        weir_chunk_unref(c->waiting[i].chunk);
    }
    while (c->topics) {
        close_topic(base, c->topics);
    }
    weir_free(c->waiting);
    weir_free(c);
}

static const weir_cluster_calls calls = {
    .list = list,
    .create = create,
    .drop = drop,
    .configs = configs,
    .open = open_topic,
    .close_topic = close_topic,
    .bounds = bounds,
    .at_time = at_time,
    .known_end = known_end,
    .fetch = start_fetch,
    .fetch_stop = stop_fetch,
    .poll = poll,
    .append = append,
    .full = full,
    .dirty = dirty,
    .flush = flush,
    .commit = commit,
    .committed = committed,
    .close = close_cluster,
};

weir_cluster *sim_cluster_open(sim_broker *b, const sim_cluster_config *config)
{
    WEIR_ASSERT(config->portion > 0 && config->portion <= CHUNK_RECORDS);
    sim_cluster *c = weir_zalloc(sizeof *c);
    c->base = (weir_cluster){.calls = &calls, .exactly_once = config->exactly_once};
    c->broker = b;
    c->world = sim_broker_world(b);
    c->config = *config;
    return &c->base;
}
