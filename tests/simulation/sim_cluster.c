/* Producing and committing. Appended chunks wait; polls send random numbers of their records, each
 * partition in order, partitions in any; flush sends the rest. A client with an older generation than
 * its transactional id is fenced. See sim_cluster.h. */
#include "tests/simulation/sim_cluster_impl.h"

#include "engine/base/alloc.h"
#include "engine/io/fault.h"

#include <stdio.h>

weir_rc sim_cluster_retriable(sim_cluster *c, weir_status *st, const char *what)
{
    sim_note(c->world, "mishap: %s", what);
    weir_fail(st, WEIR_EIO, "simulated: %s", what);
    st->retriable = true;
    return WEIR_EIO;
}

weir_rc sim_cluster_alive(const sim_cluster *c, weir_status *st)
{
    return c->world->dead ? weir_fail(st, WEIR_EIO, "simulated: the process is dead") : WEIR_OK;
}

weir_rc sim_cluster_asked(sim_cluster *c, weir_status *st)
{
    WEIR_TRY(sim_cluster_alive(c, st));
    bool answered = !sim_mishap(c->world, c->config.mishaps.ask);
    return answered ? WEIR_OK : sim_cluster_retriable(c, st, "no answer");
}

/* ---- producing ---- */

static void append(weir_cluster *base, weir_cluster_topic *t, int32_t partition, weir_chunk *chunk)
{
    sim_cluster *c = sim_cluster_of(base);
    if (c->world->dead) {
        weir_chunk_unref(chunk);
        return;
    }
    int32_t any = (int32_t)sim_below(c->world, (uint32_t)t->topic->partitions);
    WEIR_GROW(c->waiting, c->cap_waiting, c->n_waiting + 1);
    c->waiting[c->n_waiting++] =
        (sim_waiting){t->topic, partition < 0 ? any : partition, chunk, 0};
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

static void send_records(sim_cluster *c, sim_waiting *w, uint32_t n)
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
    return sim_cluster_retriable(c, st, c->why);
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
        if (!sim_topic_is_there(c, &c->waiting[i].topic)) {
            return refused(c, c->waiting[i].topic->name, st);
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < c->n_waiting; i++) {
        sim_waiting *w = &c->waiting[i];
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
    sim_cluster *c = sim_cluster_of(base);
    WEIR_TRY(sim_cluster_alive(c, st));
    if (c->lost || (c->dirty && sim_mishap(c->world, c->config.mishaps.flush / 8))) {
        c->lost = true;
        return sim_cluster_retriable(c, st, "a record cannot be written");
    }
    if (bytes > 0) {
        sim_cluster_take_in(c);
    }
    return send(c, false, st);
}

static weir_rc flush(weir_cluster *base, weir_status *st)
{
    sim_cluster *c = sim_cluster_of(base);
    WEIR_TRY(sim_cluster_alive(c, st));
    if (c->config.lie == SIM_NO_FLUSH) {
        return WEIR_OK;
    }
    if (c->lost || sim_mishap(c->world, c->config.mishaps.flush)) {
        c->lost = true;
        return sim_cluster_retriable(c, st, "records are not acknowledged");
    }
    WEIR_TRY(send(c, true, st));
    WEIR_ASSERT(c->n_waiting == 0);
    return WEIR_OK;
}

void sim_cluster_last_words(weir_cluster *base)
{
    sim_cluster *c = sim_cluster_of(base);
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
        return sim_cluster_retriable(c, st, "the connection broke while a transaction was ending");
    }
    sim_txn_end(c->broker, txn, true);
    c->producer->txn = 0;
    if (sim_mishap(c->world, m->answer_lost)) {
        return sim_cluster_retriable(c, st, "the answer to the commit is lost");
    }
    return WEIR_OK;
}

static weir_rc commit_once(sim_cluster *c, uint64_t epoch, const weir_position *at, size_t n,
                           weir_status *st)
{
    WEIR_TRY(begin(c, st));
    if (sim_mishap(c->world, c->config.mishaps.offsets)) {
        return sim_cluster_retriable(c, st, "the positions cannot be added to the transaction");
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
    sim_cluster *c = sim_cluster_of(base);
    WEIR_TRY(sim_cluster_alive(c, st));
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
    sim_cluster *c = sim_cluster_of(base);
    WEIR_TRY(sim_cluster_asked(c, st));
    c->producer = sim_broker_producer(c->broker, instance);
    bool old = c->producer->any && c->producer->offsets.epoch > newest;
    if (base->exactly_once && !old) {
        c->generation = ++c->producer->generation;
        settle(c);
        WEIR_TRY(sim_cluster_asked(c, st));
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
    sim_cluster *c = sim_cluster_of(base);
    for (size_t i = 0; i < c->n_waiting; i++) {
        weir_chunk_unref(c->waiting[i].chunk);
    }
    while (c->topics) {
        sim_cluster_close_topic(base, c->topics);
    }
    weir_free(c->waiting);
    weir_free(c);
}

static const weir_cluster_calls calls = {
    .list = sim_cluster_list,
    .create = sim_cluster_create,
    .drop = sim_cluster_drop,
    .configs = sim_cluster_configs,
    .open = sim_cluster_open_topic,
    .close_topic = sim_cluster_close_topic,
    .bounds = sim_cluster_bounds,
    .at_time = sim_cluster_at_time,
    .known_end = sim_cluster_known_end,
    .fetch = sim_cluster_fetch,
    .fetch_stop = sim_cluster_fetch_stop,
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
    WEIR_ASSERT(config->portion > 0 && config->portion <= SIM_CHUNK_RECORDS);
    sim_cluster *c = weir_zalloc(sizeof *c);
    c->base = (weir_cluster){.calls = &calls, .exactly_once = config->exactly_once};
    c->broker = b;
    c->world = sim_broker_world(b);
    c->config = *config;
    return &c->base;
}
