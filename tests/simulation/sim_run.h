/* One seed: the engine over a simulated cluster, killed and started again, until everything has been
 * processed; then the outputs are compared with the model.
 *
 * The engine's process is a session. It dies between steps or at a fault point: from there on every
 * fault point fails and the cluster does nothing, so that what the dying calls still do changes
 * nothing. The next life opens a session on the same directory and brokers. */
#pragma once
#include "engine/io/fault.h"
#include "tests/simulation/sim_cluster.h"

/* Rules of the engine that the program can be made to break (sim_break.c), to see that it is found. */
typedef enum sim_break {
    SIM_WHOLE,
    SIM_STATE_FIRST,     /* state is visible before the transaction is decided (P1) */
    SIM_OLD_POSITIONS,   /* positions are those of an earlier epoch */
    SIM_EARLY_POSITIONS, /* … of a later one: what lies between is skipped */
    SIM_STATE_LOST,      /* some state is not written */
    SIM_NEVER_SETTLED,   /* a committed epoch does not reach the store */
} sim_break;

typedef struct sim_options {
    uint64_t seed;
    bool verbose;
    sim_lie lie;
    const char *parent; /* where data directories are made */
} sim_options;

/* Summed over seeds. */
typedef struct sim_figures {
    uint64_t lives, kills, epochs, orders, outputs, opened; /* opened: the store itself */
    uint64_t hits[WEIR_FAULT_POINTS]; /* kills at the point */
    uint64_t digest; /* of everything a seed did */
} sim_figures;

/* True: the seed passed. Else `problem` says why not. */
bool sim_run(const sim_options *options, sim_figures *figures, char *problem, size_t n);

/* sim_break.c */
extern sim_break sim_broken;
extern bool sim_keep_store; /* weir_store_close only puts it aside for the next weir_store_open */
/* After a table file was moved into the store; true: the process dies before the old name is removed. */
extern bool (*sim_ingest_torn)(void *ctx);
extern void *sim_ingest_ctx;
extern uint64_t sim_stores_opened;
