/* Inside of connectors/kafka*.c. */
#pragma once
#include "connectors/kafka.h"
#include "engine/base/buf.h"
#include "engine/io/loop.h"

#include <librdkafka/rdkafka.h>

#define KAFKA_SLICE_MS 100 /* waits look at `interrupted` so often */
#define KAFKA_ACL_HINT "the user lacks an ACL for it"
#define KAFKA_ANSWER_MS 10000 /* how long a broker may take for one question */

typedef struct weir_kafka weir_kafka;

/* One partition being fetched. */
typedef struct kafka_fetch {
    bool active;
    int64_t expected; /* offsets below are of an earlier fetch */
} kafka_fetch;

struct weir_cluster_topic {
    weir_kafka *kafka;
    char *name;
    void *owner;                     /* of the sink */
    rd_kafka_topic_t *in[WEIR_FETCHES], *out; /* NULL until used */
    kafka_fetch *fetches[WEIR_FETCHES]; /* [n] */
    int32_t n;                       /* partitions seen by fetch */
    int32_t seen;                    /* partitions at the first look */
    int odd_looks;                   /* in a row, that found it gone or grown */
    weir_cluster_topic *next;
};

/* Records that wait for room in the producer. */
typedef struct kafka_waiting {
    weir_cluster_topic *topic;
    int32_t partition;
    weir_chunk *chunk;
    uint32_t at; /* next record */
} kafka_waiting;

struct weir_kafka {
    weir_cluster base;
    char *servers;
    char *group, *transactional_id; /* made with the instance's name */
    char *application;
    rd_kafka_conf_t *consumer_conf, *producer_conf; /* to be copied */
    rd_kafka_t *consumers[WEIR_FETCHES]; /* BEHIND: NULL until used */
    rd_kafka_queue_t *queues[WEIR_FETCHES];
    rd_kafka_t *grouper;       /* knows the group: librdkafka 2.0.2 asks for a group's offsets only through
                                  such a one without a crash when the coordinator moves (#5040) */
    rd_kafka_queue_t *answers; /* to what nobody waits for; of the grouper */
    rd_kafka_t *producer;
    weir_cluster_topic *topics;
    weir_cluster_topic *looked_at;   /* kafka_watch.c: the last one */
    int64_t next_look_ns;
    /* producing */
    kafka_waiting *waiting;
    size_t first_waiting, n_waiting, cap_waiting;
    bool in_transaction, dirty;
    bool suspect;            /* the end of a transaction was slow: it needs a new epoch (rule P7) */
    bool lost;               /* a record could not be delivered: the epoch is lost */
    char lost_why[512];
    char *lost_topic;        /* NULL: not for a reason that lasts */
    uint64_t lost_bytes;
    rd_kafka_resp_err_t lost_err;
    char not_added[256];     /* topic that the transaction does not take; written once */
    bool has_not_added;      /* atomic: it is written */
    /* what librdkafka said last, for messages; written by its threads */
    char said[512];
    weir_lock *lock;         /* guards said and the writing of not_added */
    bool refused;            /* wrong credentials: trying again is of no use. Atomic */
    bool woken;              /* atomic */
};

static inline weir_kafka *weir__kafka_of(weir_cluster *c)
{
    return (weir_kafka *)c;
}

/* kafka.c */
bool weir__kafka_interrupted(const weir_kafka *k);
/* Trying the same again helps, sooner or later. */
bool weir__kafka_passes(rd_kafka_resp_err_t err);
bool weir__kafka_denied(rd_kafka_resp_err_t err); /* an ACL is missing */
/* Translates; st->retriable where trying again may help. */
weir_rc weir__kafka_fail(weir_kafka *k, weir_rc rc, rd_kafka_resp_err_t err, const char *what,
                         weir_status *st);

/* kafka_config.c: fills in k->consumer_conf, k->producer_conf, k->servers. */
weir_rc weir__kafka_configure(weir_kafka *k, const weir_kafka_config *config, weir_status *st);

/* Makes k->grouper, which reads nothing and is no member. */
weir_rc weir__kafka_grouper(weir_kafka *k, weir_status *st);

/* kafka_admin.c */
weir_rc weir__kafka_list(weir_cluster *c, void (*each)(void *ctx, weir_sv name, int32_t partitions,
                                                       int32_t replicas), void *ctx, weir_status *st);
weir_rc weir__kafka_create(weir_cluster *c, const weir_topic_spec *spec, weir_status *st);
weir_rc weir__kafka_drop(weir_cluster *c, weir_sv name, weir_status *st);
weir_rc weir__kafka_configs(weir_cluster *c, weir_sv name,
                            void (*each)(void *ctx, const weir_topic_config *config, bool standard),
                            void *ctx, weir_status *st);
weir_rc weir__kafka_bounds(weir_cluster *c, weir_cluster_topic *t, int32_t partition, int64_t *begin,
                           int64_t *end, weir_status *st);
weir_rc weir__kafka_at_time(weir_cluster *c, weir_cluster_topic *t, int32_t partition, int64_t ms,
                            int64_t *offset, weir_status *st);
int64_t weir__kafka_known_end(weir_cluster *c, weir_cluster_topic *t, int32_t partition);
/* The epoch noted with the offsets of the group; *found false: none. `settled`: waits for the end of a
 * transaction that may change it. */
weir_rc weir__kafka_group_epoch(weir_kafka *k, bool settled, uint64_t *epoch, bool *found,
                                weir_status *st);

/* kafka_fetch.c */
weir_rc weir__kafka_consumer(weir_kafka *k, weir_fetch fetch, weir_status *st);
void weir__kafka_fetch(weir_cluster *c, weir_cluster_topic *t, int32_t partition, weir_fetch fetch,
                       int64_t offset);
void weir__kafka_fetch_stop(weir_cluster *c, weir_cluster_topic *t, int32_t partition,
                            weir_fetch fetch);
void weir__kafka_take_in(weir_kafka *k, uint64_t bytes);

/* kafka_watch.c: now and then looks whether what is read is what it was. */
void weir__kafka_watch(weir_kafka *k);

/* kafka_produce.c */
weir_rc weir__kafka_producer(weir_kafka *k, weir_status *st);
void weir__kafka_append(weir_cluster *c, weir_cluster_topic *t, int32_t partition, weir_chunk *chunk);
bool weir__kafka_full(const weir_cluster *c);
bool weir__kafka_dirty(const weir_cluster *c);
/* Gives the producer what it has room for. */
weir_rc weir__kafka_send(weir_kafka *k, weir_status *st);
weir_rc weir__kafka_flush(weir_cluster *c, weir_status *st);
void weir__kafka_forget_waiting(weir_kafka *k);

/* kafka_lost.c */
/* The record could not be written, and with it the epoch is lost. */
void weir__kafka_lose(weir_kafka *k, const char *topic, uint64_t bytes, rd_kafka_resp_err_t err);
/* A thread of librdkafka: the log says that a partition cannot be part of the transaction. */
void weir__kafka_not_added(weir_kafka *k, const char *text);
/* The open transaction has met an error: it cannot be committed. */
bool weir__kafka_aborted(weir_kafka *k);
/* Why the epoch is lost. */
weir_rc weir__kafka_lost(weir_kafka *k, weir_status *st);
/* A step of the transaction has failed: the epoch is lost. Frees the error. */
weir_rc weir__kafka_failed(weir_kafka *k, rd_kafka_error_t *error, const char *what, weir_status *st);

/* kafka_commit.c */
weir_rc weir__kafka_begin(weir_kafka *k, weir_status *st);
weir_rc weir__kafka_commit(weir_cluster *c, uint64_t epoch, const weir_position *at, size_t n,
                           weir_status *st);
weir_rc weir__kafka_committed(weir_cluster *c, weir_sv instance, uint64_t newest, uint64_t *epoch,
                              bool *found, weir_status *st);
