/* Inside of sim_cluster*.c: one life's client of the brokers. */
#pragma once
#include "tests/simulation/sim_cluster.h"

#define SIM_CHUNK_RECORDS 2000

typedef struct sim_fetch {
    bool active;
    int64_t next;
    int64_t told; /* the end that has been told of; -1: none */
} sim_fetch;

struct weir_cluster_topic {
    sim_topic *topic;
    void *owner;
    sim_fetch *fetches[WEIR_FETCHES]; /* [partitions] */
    weir_cluster_topic *next;
};

typedef struct sim_waiting {
    sim_topic *topic;
    int32_t partition;
    weir_chunk *chunk;
    uint32_t at; /* next record */
} sim_waiting;

typedef struct sim_cluster {
    weir_cluster base;
    sim_broker *broker;
    sim_world *world;
    sim_cluster_config config;
    weir_cluster_topic *topics;
    sim_waiting *waiting;
    size_t n_waiting, cap_waiting;
    bool full, dirty, lost;
    char refused[32], why[64]; /* the topic that cannot be written */
    sim_producer *producer; /* NULL until `committed` */
    uint32_t generation;
    uint32_t txn;           /* 0: none */
} sim_cluster;

static inline sim_cluster *sim_cluster_of(weir_cluster *c)
{
    return (sim_cluster *)c;
}

/* sim_cluster.c: what can happen to any call. */
weir_rc sim_cluster_retriable(sim_cluster *c, weir_status *st, const char *what);
weir_rc sim_cluster_alive(const sim_cluster *c, weir_status *st);
weir_rc sim_cluster_asked(sim_cluster *c, weir_status *st);

/* sim_cluster_topics.c */
/* The log, also of a topic that is deleted. */
sim_log *sim_cluster_log(const weir_cluster_topic *t, int32_t partition);
/* False: it is deleted. One that was made again is met here. */
bool sim_topic_is_there(const sim_cluster *c, sim_topic **t);
void sim_cluster_close_topic(weir_cluster *base, weir_cluster_topic *t);
weir_rc sim_cluster_list(weir_cluster *base, void (*each)(void *ctx, weir_sv name, int32_t partitions,
                                                          int32_t replicas), void *ctx,
                         weir_status *st);
weir_rc sim_cluster_create(weir_cluster *base, const weir_topic_spec *spec, weir_status *st);
weir_rc sim_cluster_drop(weir_cluster *base, weir_sv name, weir_status *st);
weir_rc sim_cluster_configs(weir_cluster *base, weir_sv name,
                            void (*each)(void *ctx, const weir_topic_config *config, bool standard),
                            void *ctx, weir_status *st);
weir_cluster_topic *sim_cluster_open_topic(weir_cluster *base, weir_sv name, void *owner);
weir_rc sim_cluster_bounds(weir_cluster *base, weir_cluster_topic *t, int32_t partition,
                           int64_t *begin, int64_t *end, weir_status *st);
weir_rc sim_cluster_at_time(weir_cluster *base, weir_cluster_topic *t, int32_t partition, int64_t ms,
                            int64_t *offset, weir_status *st);
int64_t sim_cluster_known_end(weir_cluster *base, weir_cluster_topic *t, int32_t partition);

/* sim_cluster_fetch.c */
void sim_cluster_fetch(weir_cluster *base, weir_cluster_topic *t, int32_t partition,
                       weir_fetch which, int64_t offset);
void sim_cluster_fetch_stop(weir_cluster *base, weir_cluster_topic *t, int32_t partition,
                            weir_fetch which);
/* Some of what there is arrives. Partitions in any order. */
void sim_cluster_take_in(sim_cluster *c);
