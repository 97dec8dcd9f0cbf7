/* The brokers: what outlives the engine's process. Logs with offsets, transactions as Kafka has them,
 * offsets of groups.
 *
 * A record of a transaction is in the log at once. It counts when its transaction has been committed
 * and the marker of it has reached the partition; markers take an offset, one partition after the
 * other gets them. Readers get nothing at or behind the first record of a transaction without its
 * marker: the last stable offset. */
#pragma once
#include "engine/base/arena.h"
#include "engine/run/cluster.h"
#include "tests/simulation/sim_world.h"

typedef struct sim_record {
    weir_sv key, value; /* .p NULL: null */
    int64_t timestamp;
    uint32_t txn;       /* 0: of none */
    bool marker;
} sim_record;

/* One partition; the offset of a record is its index. */
typedef struct sim_log {
    sim_record *records;
    size_t n, cap;
    int64_t begin;
    struct sim_open {   /* transactions without a marker here */
        uint32_t txn;
        int64_t first;
    } *open;
    size_t n_open, cap_open;
} sim_log;

typedef struct sim_topic {
    weir_sv name;
    int32_t partitions;
    bool dropped; /* it is there no more; who had it may still look at it */
    sim_log *logs;
} sim_topic;

/* Offsets of a group, as one commit wrote them. */
typedef struct sim_offsets {
    weir_position *at;
    size_t n;
    uint64_t epoch;
} sim_offsets;

/* UNDECIDED: the end was asked for, but nobody knows whether that was heard. */
typedef enum sim_fate { SIM_OPEN, SIM_UNDECIDED, SIM_COMMITTED, SIM_ABORTED } sim_fate;

/* A transactional id and the group of the same name. */
typedef struct sim_producer {
    weir_sv name;
    uint32_t generation; /* who has an older one is fenced */
    uint32_t txn;        /* under way; 0: none */
    sim_offsets offsets; /* of the group */
    bool any;            /* it has some */
} sim_producer;

typedef struct sim_broker sim_broker;

sim_broker *sim_broker_new(sim_world *w);
void sim_broker_free(sim_broker *b);
sim_world *sim_broker_world(sim_broker *b);

sim_topic *sim_broker_topic(sim_broker *b, weir_sv name); /* NULL: there is none */
sim_topic *sim_broker_topic_at(sim_broker *b, size_t i);  /* NULL: no more */
sim_topic *sim_broker_create(sim_broker *b, weir_sv name, int32_t partitions);
void sim_broker_drop(sim_broker *b, sim_topic *t);
sim_topic *sim_broker_dropped(sim_broker *b, weir_sv name); /* the newest of the name; NULL: none */

/* Copies the record's bytes. */
void sim_broker_append(sim_broker *b, sim_log *log, const sim_record *record);
int64_t sim_log_stable(const sim_log *log);
bool sim_record_counts(const sim_broker *b, const sim_record *r);

uint32_t sim_txn_begin(sim_broker *b);
sim_fate sim_txn_fate(const sim_broker *b, uint32_t txn);
void sim_txn_doubt(sim_broker *b, uint32_t txn);
/* Decides. Markers follow: sim_broker_tick. */
void sim_txn_end(sim_broker *b, uint32_t txn, bool commit);
/* Offsets that count when the transaction does. */
void sim_txn_offsets(sim_broker *b, uint32_t txn, sim_producer *p, uint64_t epoch,
                     const weir_position *at, size_t n);
void sim_group_offsets(sim_broker *b, sim_producer *p, uint64_t epoch, const weir_position *at,
                       size_t n);
/* Some of the markers that are due are written; `all` of them. */
void sim_broker_tick(sim_broker *b, bool all);

sim_producer *sim_broker_producer(sim_broker *b, weir_sv name); /* made when missing */
/* The last offset that a group has committed, the least of all groups; 0: none. */
int64_t sim_broker_position(const sim_broker *b, weir_sv topic, int32_t partition);
void sim_broker_tell(const sim_broker *b); /* all logs, when steps are told */
uint64_t sim_broker_epoch(const sim_broker *b); /* the newest that is committed */
/* Retention: what is before `begin` is gone. */
void sim_log_trim(sim_log *log, int64_t begin);
