/* What others produce, and what retention takes. See sim_run.h. */
#include "tests/simulation/sim_impl.h"

#include "engine/base/hash.h"

#include <stdio.h>

static weir_sv key_of(sim *r, char *to, size_t n)
{
    return weir_sv_of(to, (size_t)snprintf(to, n, "k%u", sim_below(&r->world, r->keys)));
}

static void produce(sim *r, const char *topic, weir_sv key, weir_sv value, int64_t time, uint32_t txn)
{
    sim_topic *t = sim_broker_topic(r->broker, weir_sv_cstr(topic));
    uint32_t p = weir_partition_of(key, (uint32_t)t->partitions);
    sim_record record = {.key = key, .value = value, .timestamp = time, .txn = txn};
    sim_broker_append(r->broker, &t->logs[p], &record);
}

static void produce_order(sim *r)
{
    char key[16];
    char value[64];
    weir_sv k = key_of(r, key, sizeof key);
    uint32_t p = weir_partition_of(k, (uint32_t)r->partitions);
    int v = (int)sim_below(&r->world, 80) - 20;
    r->clock += sim_below(&r->world, 1500);
    int64_t time = r->clock - (sim_chance(&r->world, 200) ? sim_below(&r->world, 20000) : 0);
    int n = snprintf(value, sizeof value, "%u,%u,%d,%u", p, r->made[p]++, v,
                     sim_below(&r->world, r->groups));
    produce(r, "orders", k, weir_sv_of(value, (size_t)n), time, r->txn);
    r->figures->orders++;
}

/* Of one of the streams without groups. */
static void produce_other(sim *r, const char *topic, uint32_t *made)
{
    char key[16];
    char value[64];
    weir_sv k = key_of(r, key, sizeof key);
    uint32_t p = weir_partition_of(k, (uint32_t)r->partitions);
    int v = (int)sim_below(&r->world, 80) - 20;
    r->clock += sim_below(&r->world, 500);
    int64_t time = r->clock - (sim_chance(&r->world, 200) ? sim_below(&r->world, 20000) : 0);
    int n = snprintf(value, sizeof value, "%u,%u,%d", p, made[p]++, v);
    produce(r, topic, k, weir_sv_of(value, (size_t)n), time, r->txn);
    r->figures->orders++;
}

void sim_produce_user(sim *r)
{
    char key[16];
    char value[16];
    weir_sv k = key_of(r, key, sizeof key);
    int n = snprintf(value, sizeof value, "%u", ++r->versions);
    weir_sv text = sim_chance(&r->world, 200) ? (weir_sv){0} : weir_sv_of(value, (size_t)n);
    produce(r, "users", k, text, r->clock, 0);
}

/* Another producer, some of whose records are in transactions that may be aborted. */
void sim_produce_some(sim *r, uint32_t n)
{
    if (!r->txn && !r->large && sim_mishap(&r->world, 250)) {
        r->txn = sim_txn_begin(r->broker);
    }
    sim_note(&r->world, "%u records are produced%s", n, r->txn ? " in a transaction" : "");
    for (; n > 0; n--) {
        if (r->users_left && sim_chance(&r->world, 250)) {
            r->users_left--;
            sim_produce_user(r);
        } else if (r->clicks_left && sim_chance(&r->world, 300)) {
            r->clicks_left--;
            produce_other(r, "clicks", r->clicks);
        } else if (r->visits_left && sim_whole(r) && sim_chance(&r->world, 250)) {
            r->visits_left--;
            produce_other(r, "visits", r->visits);
        } else if (r->orders_left) {
            r->orders_left--;
            produce_order(r);
        }
    }
}

void sim_end_txn(sim *r)
{
    if (r->txn) {
        bool commit = sim_chance(&r->world, 600);
        sim_note(&r->world, "their transaction is %s", commit ? "committed" : "aborted");
        sim_txn_end(r->broker, r->txn, commit);
        r->txn = 0;
    }
}

/* Retention takes what may not have been read yet. */
void sim_trim(sim *r)
{
    sim_topic *t = sim_broker_topic(r->broker, WEIR_SV("orders"));
    int32_t p = (int32_t)sim_below(&r->world, (uint32_t)t->partitions);
    sim_log *log = &t->logs[p];
    int64_t room = sim_log_stable(log) - log->begin;
    if (room > 0 && r->n_gaps < SIM_GAPS_MAX) {
        int64_t to = log->begin + 1 + sim_below(&r->world, (uint32_t)room);
        int64_t read = sim_broker_position(r->broker, t->name, p);
        sim_note(&r->world, "retention: orders/%d begins at %lld, was read up to %lld", p,
                 (long long)to, (long long)read);
        sim_log_trim(log, to);
        r->gaps[r->n_gaps++] = (sim_gap){p, read, to};
    }
}

