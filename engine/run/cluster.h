/* A cluster: topics that live on brokers (Kafka), not in the data directory. The topic store keeps a
 * window of what has been fetched per partition (remote.h); the cluster fetches, produces, and decides
 * commits. One process, one transactional producer, manual assignment: no group membership.
 *
 * All calls are on the control thread, between rounds, unless said otherwise. Calls that wait do so in
 * slices and ask `interrupted` between them: WEIR_EINTR. `st->retriable` of a failed flush or commit:
 * the epoch is lost, the host opens everything again from its last commit. */
#pragma once
#include "engine/run/chunk.h"

typedef struct weir_cluster weir_cluster;
/* A topic of the cluster, as the cluster knows it. */
typedef struct weir_cluster_topic weir_cluster_topic;

/* A setting of a topic, as the cluster names it: "retention.ms". */
typedef struct weir_topic_config {
    weir_sv name, value;
} weir_topic_config;

typedef struct weir_topic_spec {
    weir_sv name;
    int32_t partitions;    /* ≤ 0: the default */
    int32_t replicas;      /* ≤ 0: the default */
    int64_t retention_ms;  /* < 0: not said */
    bool compact;          /* a table's: keep the last record per key */
    const weir_topic_config *configs; /* more settings; a cluster's only */
    uint32_t n_configs;
} weir_topic_spec;

/* The next record that is to be read of a partition. */
typedef struct weir_position {
    weir_sv topic;
    int32_t partition;
    int64_t next;
} weir_position;

/* Two independent fetches of a partition: who reads the newest, and who is behind. */
typedef enum weir_fetch { WEIR_FETCH_MAIN, WEIR_FETCH_BEHIND, WEIR_FETCHES } weir_fetch;

/* Where a cluster hands over what has arrived, in order per partition and fetch. `owner` is from
 * `open`. */
typedef struct weir_cluster_sink {
    void (*arrived)(void *owner, int32_t partition, weir_fetch fetch, weir_chunk *chunk);
    /* Nothing stable lies before `offset` that has not arrived. */
    void (*reached_end)(void *owner, int32_t partition, weir_fetch fetch, int64_t offset);
    /* Records before `begin` are gone (retention): fetching goes on there. */
    void (*overtaken)(void *owner, int32_t partition, weir_fetch fetch, int64_t begin);
    /* The partition cannot be read any more: deleted, made again, not allowed. */
    void (*failed)(void *owner, int32_t partition, const char *reason);
} weir_cluster_sink;

typedef struct weir_cluster_calls {
    /* Every topic that can be seen, internal ones left out. */
    weir_rc (*list)(weir_cluster *c, void (*each)(void *ctx, weir_sv name, int32_t partitions,
                                                  int32_t replicas), void *ctx, weir_status *st);
    /* WEIR_EEXISTS when it is there already. */
    weir_rc (*create)(weir_cluster *c, const weir_topic_spec *spec, weir_status *st);
    weir_rc (*drop)(weir_cluster *c, weir_sv name, weir_status *st);
    /* The settings of a topic. `standard`: nobody has set it for this topic. */
    weir_rc (*configs)(weir_cluster *c, weir_sv name,
                       void (*each)(void *ctx, const weir_topic_config *config, bool standard),
                       void *ctx, weir_status *st);
    weir_cluster_topic *(*open)(weir_cluster *c, weir_sv name, void *owner);
    void (*close_topic)(weir_cluster *c, weir_cluster_topic *t);
    /* First offset, and the one behind the last committed record, asked of the broker now. */
    weir_rc (*bounds)(weir_cluster *c, weir_cluster_topic *t, int32_t partition, int64_t *begin,
                      int64_t *end, weir_status *st);
    /* The first offset with a timestamp ≥ ms; the end when there is none. */
    weir_rc (*at_time)(weir_cluster *c, weir_cluster_topic *t, int32_t partition, int64_t ms,
                       int64_t *offset, weir_status *st);
    /* The end as last heard of, for lag; -1: nothing heard yet. */
    int64_t (*known_end)(weir_cluster *c, weir_cluster_topic *t, int32_t partition);

    /* Starts, or starts again elsewhere. What arrived for the earlier place is dropped. */
    void (*fetch)(weir_cluster *c, weir_cluster_topic *t, int32_t partition, weir_fetch fetch,
                  int64_t offset);
    void (*fetch_stop)(weir_cluster *c, weir_cluster_topic *t, int32_t partition, weir_fetch fetch);
    /* Hands over at most about `bytes` of what has arrived; serves delivery reports. */
    weir_rc (*poll)(weir_cluster *c, uint64_t bytes, weir_status *st);

    /* Queues the records for the partition; takes the reference. partition < 0: any. */
    void (*append)(weir_cluster *c, weir_cluster_topic *t, int32_t partition, weir_chunk *chunk);
    /* Output waits for room: process nothing, poll. */
    bool (*full)(const weir_cluster *c);
    /* Something was appended since the last commit. */
    bool (*dirty)(const weir_cluster *c);
    /* Returns when every record has been acknowledged (exactly_once_v2: in the open transaction). */
    weir_rc (*flush)(weir_cluster *c, weir_status *st);
    /* After flush. exactly_once_v2: puts positions and epoch into the transaction and commits it.
     * at_least_once: notes the positions for whoever looks at the group's lag. */
    weir_rc (*commit)(weir_cluster *c, uint64_t epoch, const weir_position *at, size_t n,
                      weir_status *st);
    /* The epoch of the last committed transaction of this instance; *found false: none. Settles doubt
     * about a transaction that was under way when the process died. `newest` is the last epoch that
     * the store knows of: when the cluster knows a later one, this is an old copy, and who has gone
     * on is left alone. */
    weir_rc (*committed)(weir_cluster *c, weir_sv instance, uint64_t newest, uint64_t *epoch,
                         bool *found, weir_status *st);
    void (*close)(weir_cluster *c);
} weir_cluster_calls;

struct weir_cluster {
    const weir_cluster_calls *calls;
    const weir_cluster_sink *sink; /* set by the topic store */
    bool exactly_once;
    bool no_queries; /* opened for its topics, and for what plans say */
    uint64_t last_epoch; /* what `committed` found; 0: none */
    /* With a lost epoch: a record of this topic will never be taken, and why. NULL: it was something
     * else, and the same may go well the next time. */
    const char *refused_topic, *refused_why;
    /* weir_mono_ns since when no broker has answered looks at topics that are read; 0: the last one was. */
    int64_t silent_since_ns;
    /* The largest batch that its topics take, as far as it was met; 0: any. For who opens it again. */
    uint64_t batch_bytes;
    /* Something has happened: poll is worth a call. Any thread. Set by the host, may be NULL. */
    void (*wake)(void *ctx);
    void *wake_ctx;
    /* The host wants to end: waits are given up. Control thread. May be NULL. */
    bool (*interrupted)(void *ctx);
    void *interrupted_ctx;
};
