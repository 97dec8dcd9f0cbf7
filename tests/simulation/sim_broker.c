/* See sim_broker.h. */
#include "tests/simulation/sim_broker.h"

#include "engine/base/alloc.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct transaction {
    sim_fate fate;
    sim_producer *producer; /* of the offsets; NULL: none */
    sim_offsets offsets;
} transaction;

struct sim_broker {
    sim_world *world;
    weir_arena arena;
    sim_topic **topics;
    size_t n_topics, cap_topics;
    sim_topic **dropped;
    size_t n_dropped, cap_dropped;
    transaction *txns; /* the number of a transaction is its index + 1 */
    size_t n_txns, cap_txns;
    sim_producer **producers;
    size_t n_producers, cap_producers;
};

void sim_note(const sim_world *w, const char *fmt, ...)
{
    if (!w->verbose) {
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    printf("  %4u  ", w->step);
    vprintf(fmt, ap);
    putchar('\n');
    va_end(ap);
}

sim_broker *sim_broker_new(sim_world *w)
{
    sim_broker *b = weir_zalloc(sizeof *b);
    b->world = w;
    weir_arena_init(&b->arena);
    return b;
}

static void topic_free(sim_topic *t)
{
    for (int32_t p = 0; p < t->partitions; p++) {
        weir_free(t->logs[p].records);
        weir_free(t->logs[p].open);
    }
    weir_free(t->logs);
    weir_free(t);
}

void sim_broker_free(sim_broker *b)
{
    for (size_t i = 0; i < b->n_topics; i++) {
        topic_free(b->topics[i]);
    }
    for (size_t i = 0; i < b->n_producers; i++) {
        weir_free(b->producers[i]);
    }
    for (size_t i = 0; i < b->n_dropped; i++) {
        topic_free(b->dropped[i]);
    }
    weir_free(b->topics);
    weir_free(b->dropped);
    weir_free(b->txns);
    weir_free(b->producers);
    weir_arena_deinit(&b->arena);
    weir_free(b);
}

sim_world *sim_broker_world(sim_broker *b)
{
    return b->world;
}

/* ---- topics ---- */

sim_topic *sim_broker_topic_at(sim_broker *b, size_t i)
{
    return i < b->n_topics ? b->topics[i] : NULL;
}

sim_topic *sim_broker_topic(sim_broker *b, weir_sv name)
{
    for (size_t i = 0; i < b->n_topics; i++) {
        if (weir_sv_eq(b->topics[i]->name, name)) {
            return b->topics[i];
        }
    }
    return NULL;
}

sim_topic *sim_broker_create(sim_broker *b, weir_sv name, int32_t partitions)
{
    WEIR_ASSERT(partitions > 0 && !sim_broker_topic(b, name));
    sim_topic *t = weir_zalloc(sizeof *t);
    t->name = weir_arena_sv(&b->arena, name);
    t->partitions = partitions;
    t->logs = weir_zalloc(sizeof *t->logs * (size_t)partitions);
    WEIR_GROW(b->topics, b->cap_topics, b->n_topics + 1);
    b->topics[b->n_topics++] = t;
    return t;
}

void sim_broker_drop(sim_broker *b, sim_topic *t)
{
    size_t i = 0;
    while (b->topics[i] != t) {
        i++;
    }
    memmove(b->topics + i, b->topics + i + 1, sizeof *b->topics * (b->n_topics - i - 1));
    b->n_topics--;
    t->dropped = true;
    WEIR_GROW(b->dropped, b->cap_dropped, b->n_dropped + 1);
    b->dropped[b->n_dropped++] = t;
}

sim_topic *sim_broker_dropped(sim_broker *b, weir_sv name)
{
    for (size_t i = b->n_dropped; i-- > 0;) {
        if (weir_sv_eq(b->dropped[i]->name, name)) {
            return b->dropped[i];
        }
    }
    return NULL;
}

/* ---- logs ---- */

static weir_sv copy(sim_broker *b, weir_sv s)
{
    return s.p ? weir_arena_sv(&b->arena, s) : s;
}

static void note_open(sim_log *log, uint32_t txn)
{
    for (size_t i = 0; i < log->n_open; i++) {
        if (log->open[i].txn == txn) {
            return;
        }
    }
    WEIR_GROW(log->open, log->cap_open, log->n_open + 1);
    log->open[log->n_open++] = (struct sim_open){txn, (int64_t)log->n};
}

void sim_broker_append(sim_broker *b, sim_log *log, const sim_record *record)
{
    WEIR_ASSERT(!record->marker);
    if (record->txn) {
        WEIR_ASSERT(sim_txn_fate(b, record->txn) == SIM_OPEN);
        note_open(log, record->txn);
    }
    WEIR_GROW(log->records, log->cap, log->n + 1);
    sim_record *r = &log->records[log->n++];
    *r = *record;
    r->key = copy(b, record->key);
    r->value = copy(b, record->value);
}

int64_t sim_log_stable(const sim_log *log)
{
    int64_t stable = (int64_t)log->n;
    for (size_t i = 0; i < log->n_open; i++) {
        stable = weir_min64(stable, log->open[i].first);
    }
    return stable;
}

void sim_log_trim(sim_log *log, int64_t begin)
{
    WEIR_ASSERT(begin >= log->begin && begin <= sim_log_stable(log));
    log->begin = begin;
}

/* ---- transactions ---- */

static transaction *txn_of(const sim_broker *b, uint32_t number)
{
    WEIR_ASSERT(number > 0 && number <= b->n_txns);
    return &b->txns[number - 1];
}

uint32_t sim_txn_begin(sim_broker *b)
{
    WEIR_GROW(b->txns, b->cap_txns, b->n_txns + 1);
    b->txns[b->n_txns++] = (transaction){.fate = SIM_OPEN};
    return (uint32_t)b->n_txns;
}

sim_fate sim_txn_fate(const sim_broker *b, uint32_t number)
{
    return txn_of(b, number)->fate;
}

bool sim_record_counts(const sim_broker *b, const sim_record *r)
{
    return !r->marker && (!r->txn || sim_txn_fate(b, r->txn) == SIM_COMMITTED);
}

void sim_txn_doubt(sim_broker *b, uint32_t number)
{
    WEIR_ASSERT(txn_of(b, number)->fate == SIM_OPEN);
    txn_of(b, number)->fate = SIM_UNDECIDED;
}

static sim_offsets offsets_of(sim_broker *b, uint64_t epoch, const weir_position *at, size_t n)
{
    sim_offsets o = {.n = n, .epoch = epoch, .at = WEIR_NEW_N(&b->arena, weir_position, n)};
    for (size_t i = 0; i < n; i++) {
        o.at[i] = at[i];
        o.at[i].topic = weir_arena_sv(&b->arena, at[i].topic);
    }
    return o;
}

void sim_txn_offsets(sim_broker *b, uint32_t number, sim_producer *p, uint64_t epoch,
                     const weir_position *at, size_t n)
{
    txn_of(b, number)->producer = p;
    txn_of(b, number)->offsets = offsets_of(b, epoch, at, n);
}

static void take_offsets(sim_producer *p, sim_offsets o)
{
    p->offsets = o;
    p->any = true;
}

void sim_group_offsets(sim_broker *b, sim_producer *p, uint64_t epoch, const weir_position *at,
                       size_t n)
{
    take_offsets(p, offsets_of(b, epoch, at, n));
}

void sim_txn_end(sim_broker *b, uint32_t number, bool commit)
{
    transaction *t = txn_of(b, number);
    WEIR_ASSERT(t->fate == SIM_OPEN || t->fate == SIM_UNDECIDED);
    t->fate = commit ? SIM_COMMITTED : SIM_ABORTED;
    if (commit && t->producer) {
        take_offsets(t->producer, t->offsets);
    }
}

static void write_markers(sim_broker *b, sim_log *log, bool all)
{
    for (size_t i = 0; i < log->n_open;) {
        uint32_t number = log->open[i].txn;
        sim_fate fate = sim_txn_fate(b, number);
        if (fate == SIM_OPEN || fate == SIM_UNDECIDED || (!all && sim_chance(b->world, 500))) {
            i++;
            continue;
        }
        WEIR_GROW(log->records, log->cap, log->n + 1);
        log->records[log->n++] = (sim_record){.txn = number, .marker = true};
        log->open[i] = log->open[--log->n_open];
    }
}

void sim_broker_tick(sim_broker *b, bool all)
{
    for (size_t i = 0; i < b->n_topics; i++) {
        for (int32_t p = 0; p < b->topics[i]->partitions; p++) {
            write_markers(b, &b->topics[i]->logs[p], all);
        }
    }
}

/* ---- groups ---- */

sim_producer *sim_broker_producer(sim_broker *b, weir_sv name)
{
    for (size_t i = 0; i < b->n_producers; i++) {
        if (weir_sv_eq(b->producers[i]->name, name)) {
            return b->producers[i];
        }
    }
    sim_producer *p = weir_zalloc(sizeof *p);
    p->name = weir_arena_sv(&b->arena, name);
    WEIR_GROW(b->producers, b->cap_producers, b->n_producers + 1);
    b->producers[b->n_producers++] = p;
    return p;
}

int64_t sim_broker_position(const sim_broker *b, weir_sv topic, int32_t partition)
{
    int64_t least = b->n_producers ? INT64_MAX : 0;
    for (size_t i = 0; i < b->n_producers; i++) {
        const sim_offsets *o = &b->producers[i]->offsets;
        int64_t at = 0;
        for (size_t k = 0; k < o->n; k++) {
            bool same = o->at[k].partition == partition && weir_sv_eq(o->at[k].topic, topic);
            at = same ? o->at[k].next : at;
        }
        least = weir_min64(least, at);
    }
    return least;
}

uint64_t sim_broker_epoch(const sim_broker *b)
{
    uint64_t newest = 0;
    for (size_t i = 0; i < b->n_producers; i++) {
        uint64_t epoch = b->producers[i]->offsets.epoch;
        newest = epoch > newest ? epoch : newest;
    }
    return newest;
}

static void tell_bytes(weir_sv s)
{
    printf(" ");
    for (uint32_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        printf(c > 32 && c < 127 ? "%c" : "\\%02x", c);
    }
    printf("%s", s.p ? "" : "(null)");
}

void sim_broker_tell(const sim_broker *b)
{
    for (size_t i = 0; i < b->n_topics && b->world->verbose; i++) {
        const sim_topic *t = b->topics[i];
        for (int32_t p = 0; p < t->partitions; p++) {
            for (size_t k = 0; k < t->logs[p].n; k++) {
                const sim_record *r = &t->logs[p].records[k];
                bool aborted = r->txn && sim_txn_fate(b, r->txn) == SIM_ABORTED;
                printf(WEIR_SV_FMT "/%d %zu", WEIR_SV_ARG(t->name), p, k);
                if (r->marker) {
                    printf(" marker");
                } else {
                    tell_bytes(r->key);
                    tell_bytes(r->value);
                    printf(" @%lld", (long long)r->timestamp);
                }
                printf(r->txn ? " txn %u%s\n" : "\n", r->txn, aborted ? " aborted" : "");
            }
        }
    }
}
