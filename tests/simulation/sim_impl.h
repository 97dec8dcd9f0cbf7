/* Inside of sim_*.c: the state of a seed, the lives and deaths of the process, its input. */
#pragma once
#include "engine/server/session.h"
#include "tests/simulation/sim_model.h"
#include "tests/simulation/sim_run.h"

#define SIM_GAPS_MAX 64
#define SIM_START_MS 1000000
#define SIM_LARGE_KEYS 1000000

typedef struct sim {
    const sim_options *options;
    sim_figures *figures;
    char *problem;
    size_t problem_n;
    sim_world world;
    sim_broker *broker;
    weir_cluster *cluster; /* of this life; the session's */
    weir_session *session; /* NULL: the process is not there */
    char dir[512];
    /* what is simulated */
    sim_cluster_config config;
    bool coalesce, retention, large;
    uint32_t shapes, workers, batch_rows, keys, groups, rows;
    int32_t partitions;
    bool late;             /* REST has been added */
    uint32_t inserts;      /* INSERT statements of the script */
    uint32_t known_users;
    /* input */
    uint32_t orders_left, users_left;
    uint32_t made[8];      /* orders per partition */
    uint32_t versions;
    int64_t clock;
    uint32_t txn;          /* of another producer; 0: none */
    /* death */
    uint32_t point, countdown; /* countdown 0: not planned */
    bool lone;             /* the store is not to be kept open: it must come from its files */
    uint32_t lives, rewinds;
    sim_gap gaps[SIM_GAPS_MAX];
    size_t n_gaps;
} sim;

/* sim_life.c */
/* The seed has failed: why. Returns false. */
bool sim_fail(sim *r, const char *what, const weir_status *st);
weir_rc sim_at_point(void *ctx, weir_fault_point point, weir_status *st); /* weir_fault_hook */
bool sim_torn(void *ctx); /* of sim_break.c */
/* Sometimes a life is to end at a fault point. */
void sim_plan_death(sim *r, uint32_t per_mille);
void sim_kill(sim *r);
/* The process is gone. The store is mostly left open for the next life: nothing of it is in memory
 * that is not in its log. */
void sim_bury(sim *r);
/* After a call of the engine. False: the seed has failed. */
bool sim_survive(sim *r, weir_rc rc, const weir_status *st);
weir_rc sim_open(sim *r, weir_status *st);
/* Until the process is up. */
bool sim_live(sim *r);
weir_rc sim_add_late(sim *r, weir_status *st);

/* sim_input.c */
void sim_produce_user(sim *r);
void sim_produce_some(sim *r, uint32_t n);
void sim_end_txn(sim *r);
void sim_trim(sim *r);

/* sim_run.c */
bool sim_turn(sim *r, uint32_t rows);
bool sim_commit(sim *r);

/* sim_copy.c: another process is started on a copy of the data directory. */
bool sim_copy(sim *r);
