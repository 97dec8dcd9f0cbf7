/* Inside of the topic stores: topics.c (the list), topic.c (one topic). */
#pragma once
#include "engine/run/hmap.h"
#include "engine/run/partition.h"
#include "engine/run/remote.h"
#include "engine/run/topic.h"

/* A reader outside of the engine, and where it is in each partition; INT64_MAX: it reads no more. */
typedef struct weir__keeper {
    const void *who;
    int64_t *from;
    int32_t n;
} weir__keeper;

struct weir_topic {
    weir_topics *owner;
    uint32_t id;
    bool stored; /* its meta entry is, or will be with the batch that was saved last */
    int32_t n;
    int64_t retention_ms;
    weir_sv name; /* owned */
    weir__partition *partitions; /* NULL: a cluster's */
    weir__keeper *keepers;
    size_t n_keepers, cap_keepers;
    /* of a cluster */
    int32_t replicas;
    weir_cluster_topic *remote; /* NULL: not in use */
    weir__remote *remotes;      /* n_remotes ≥ n: those behind n were there once */
    int32_t n_remotes;
    int64_t *kept;              /* the least of the keepers; INT64_MAX: none */
    bool seen;                  /* in the last list */
    bool absent;
};

typedef struct removed_topic {
    uint32_t id, partitions;
} removed_topic;

struct weir_topics {
    weir_store *store;
    weir_cluster *cluster;
    bool forget;
    weir_topic **topics;
    size_t n, cap;
    weir_topic **absent;   /* not in the last list; a query may still have them */
    size_t n_absent, absent_cap;
    weir_hmap *by_name; /* payload: weir_topic *, also of those that are absent */
    uint32_t next_id;
    removed_topic *dropped; /* to be removed from the store */
    size_t n_dropped, dropped_cap;
    removed_topic *gone;    /* their files go when the batch is known to be committed */
    size_t n_gone, gone_cap;
    uint64_t held_bytes;
};
