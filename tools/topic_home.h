/* Where the topics of a command are: in a data directory or on a Kafka cluster. For commands that
 * look at topics and change them without any query: `weir topic`, `produce`, `consume`. */
#pragma once
#include "engine/io/loop.h"
#include "engine/server/lines.h"
#include "tools/cluster.h"
#include "tools/options.h"

typedef struct weir_home {
    /* options */
    const char *data_dir, *servers, *properties;
    weir_option_list sets, sql;
    /* open */
    weir_cluster_door *door;
    weir_cluster *cluster; /* NULL: embedded */
    weir_store *store;     /* NULL: a cluster */
    weir_topics *topics;
    weir_session *schemas; /* what the files of --sql declare; in memory. NULL: none */
    weir_stop *stop;
} weir_home;

/* Rows for weir_options_read. */
#define WEIR_HOME_OPTIONS(h)                                                                       \
    {"--data-dir", WEIR_OPT_TEXT, &(h).data_dir, 0, 0},                                            \
    {"--bootstrap-servers", WEIR_OPT_TEXT, &(h).servers, 0, 0},                                    \
    {"--properties", WEIR_OPT_TEXT, &(h).properties, 0, 0},                                        \
    {"--set", WEIR_OPT_LIST, &(h).sets, 0, 0},                                                     \
    {"--sql", WEIR_OPT_LIST, &(h).sql, 0, 0}

#define WEIR_HOME_HELP                                                                             \
    "Where the topics are:\n"                                                                      \
    "  --bootstrap-servers HOST:PORT,…  on this Kafka cluster, or\n"                               \
    "  --data-dir DIR        in this data directory of `weir run`; only while nobody uses it\n"    \
    "  --properties FILE     properties of Kafka's clients, bootstrap.servers among them\n"        \
    "  --set NAME=VALUE      one such property; repeatable\n"

/* Opens what the options name; `make`: a data directory is made when it is missing. Kafka is asked
 * once: WEIR_ECONNECT. Reads the files of --sql. */
weir_rc weir_home_open(weir_home *h, bool make, weir_status *st);
void weir_home_close(weir_home *h);
/* WEIR_ENOTFOUND with the nearest name. */
weir_rc weir_home_topic(weir_home *h, weir_sv name, weir_topic **out, weir_status *st);
/* Returns when everything appended so far is acknowledged by Kafka, or in the data directory. */
weir_rc weir_home_commit(weir_home *h, weir_status *st);
/* Records of the topic as lines, by the formats that --sql declares for it. */
weir_rc weir_home_lines(weir_home *h, weir_sv topic, bool base64, weir_lines **out, weir_status *st);
bool weir_home_stopped(weir_home *h);
/* The exit status of a command, after telling what went wrong. */
int weir_home_status(weir_home *h, const weir_command *self, weir_rc rc, const weir_status *st);
