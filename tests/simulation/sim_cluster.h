/* A cluster in memory for the engine: the client side of sim_broker.h, one per life of the process.
 * It does what engine/run/cluster.h promises and no more, with the mishaps that a real one has. */
#pragma once
#include "tests/simulation/sim_broker.h"

/* How often what goes wrong, per mille. */
typedef struct sim_mishaps {
    uint32_t ask;         /* a question at the start is not answered */
    uint32_t flush;       /* records are not acknowledged: the epoch is lost */
    uint32_t offsets;     /* the positions cannot be added to the transaction */
    uint32_t answer_lost; /* committed, but the client does not hear of it */
    uint32_t doubt;       /* the end of the transaction is under way when the connection breaks */
    uint32_t full;        /* output waits for room */
    uint32_t note_lost;   /* at_least_once: the positions are not noted */
} sim_mishaps;

/* Rules of the protocol that the cluster breaks, so that a test can see that this is found. */
typedef enum sim_lie {
    SIM_HONEST,
    SIM_SAYS_COMMITTED, /* `committed` answers with an epoch that was aborted */
    SIM_SAYS_ABORTED,   /* … denies one that was committed */
    SIM_NO_OFFSETS,     /* the transaction has no offsets (P3) */
    SIM_NO_FLUSH,       /* records are not acknowledged when it says so */
} sim_lie;

typedef struct sim_cluster_config {
    bool exactly_once;
    sim_mishaps mishaps;
    uint32_t portion; /* most records of a partition that arrive at a time */
    sim_lie lie;
} sim_cluster_config;

weir_cluster *sim_cluster_open(sim_broker *b, const sim_cluster_config *config);
/* The process is about to die: what it had handed to its sockets may still reach the brokers. */
void sim_cluster_last_words(weir_cluster *c);
