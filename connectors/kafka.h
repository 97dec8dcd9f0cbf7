/* Topics of a Kafka cluster, by librdkafka. See engine/run/cluster.h for what is promised.
 *
 * Threads: librdkafka's own fetch and send; everything here is on the control thread, but the callback
 * that wakes the host. */
#pragma once
#include "engine/run/cluster.h"

/* A property as it was set: ksqlDB's and Kafka's names, or librdkafka's. */
typedef struct weir_kafka_property {
    weir_sv name, value;
} weir_kafka_property;

typedef struct weir_kafka_config {
    const weir_kafka_property *properties; /* the last one of a name counts */
    size_t n;
    bool exactly_once;     /* processing.guarantee */
    uint64_t batch_bytes;  /* the largest batch; 0: the standard */
    weir_sv application;   /* names the group and the transactions, with the instance behind it */
    void (*wake)(void *ctx);
    void *wake_ctx;
    bool (*interrupted)(void *ctx);
    void *interrupted_ctx;
} weir_kafka_config;

/* Connects. WEIR_ECONNECT: nobody answers (st->retriable), or the credentials are wrong (not so).
 * WEIR_EUSAGE: a property is wrong. */
weir_rc weir_kafka_open(const weir_kafka_config *config, weir_cluster **out, weir_status *st);
/* The name under which librdkafka knows a property of ksqlDB or Kafka's Java clients; empty: it is not
 * one of a Kafka client. */
weir_sv weir_kafka_property_of(weir_sv name);
