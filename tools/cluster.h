/* Where the topics of a command are: Kafka when --bootstrap-servers or a property says so. */
#pragma once
#include "engine/run/cluster.h"
#include "tools/options.h"

typedef struct weir_cluster_options {
    const char *servers;         /* --bootstrap-servers; may be NULL */
    const char *properties;      /* --properties FILE; may be NULL */
    const weir_option_list *sets; /* --set NAME=VALUE */
    bool exit_on_failure;        /* --exit-on-connect-failure: of the first connection */
    bool no_transactions;        /* whatever processing.guarantee says */
    void (*wake)(void *ctx);
    void *wake_ctx;
} weir_cluster_options;

/* What was read of the options, and the watch for signals. Lives as long as the cluster. */
typedef struct weir_cluster_door weir_cluster_door;

weir_rc weir_cluster_door_new(const weir_cluster_options *options, weir_cluster_door **out,
                              weir_status *st);
void weir_cluster_door_free(weir_cluster_door *d);
/* A property of the file or of --set; the last one counts. */
bool weir_cluster_property(const weir_cluster_door *d, const char *name, weir_sv *value);
/* Connects; tries again and again, telling so on standard error, unless told otherwise or refused. *out
 * is NULL when nothing names a cluster. */
weir_rc weir_cluster_connect(weir_cluster_door *d, weir_cluster **out, weir_status *st);
/* What this connection has found out is for the next one. */
void weir_cluster_learn(weir_cluster_door *d, const weir_cluster *c);
/* Waits. False: asked to end meanwhile. */
bool weir_cluster_wait(weir_cluster_door *d, int64_t ms);
/* How long ago the process was asked to end, in ms; -1: it was not. */
int64_t weir_cluster_stop_ms(weir_cluster_door *d);
int weir_cluster_stop_signum(weir_cluster_door *d); /* who asked; 0: nobody */
