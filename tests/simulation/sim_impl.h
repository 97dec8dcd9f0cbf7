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
    const char *memory;    /* for state; NULL: any */
    uint32_t shapes, workers, batch_rows, keys, groups, rows;
    int32_t partitions;
    bool late;             /* REST has been added */
    uint32_t inserts;      /* INSERT statements of the script */
    uint32_t known_users;
    /* input */
    uint32_t orders_left, users_left, clicks_left, visits_left;
    uint32_t made[SIM_PARTITIONS_MAX], clicks[SIM_PARTITIONS_MAX], visits[SIM_PARTITIONS_MAX];
    uint32_t versions;
    int64_t clock;
    uint32_t txn;          /* of another producer; 0: none */
    /* a topic that others delete */
    sim_gone gone;
    bool deleted, tried, repaired;
    bool absent;           /* this life has found no topic to read SEEN from */
    bool refused;          /* no record for SEEN is taken */
    int64_t read[SIM_PARTITIONS_MAX];
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
/* A query with a name of its own: others are called by their place in the script. */
weir_rc sim_insert_query(sim *r, const char *sink, const char *select, weir_status *st);

/* Statements. */
weir_rc sim_execute(sim *r, weir_sv text, weir_status *st);

/* sim_gone.c */
/* The query over the topic that may be deleted; NULL: it does not run in this life. */
weir_query *sim_seen(sim *r);
/* Its part of the script. WEIR_OK, too, when its topic is not there. */
weir_rc sim_open_seen(sim *r, weir_status *st);
void sim_delete(sim *r);
/* The engine knows of it, as far as it can. It has a session. */
bool sim_noticed(sim *r);
/* Others make the topic again, and the query is dropped and created. False: the seed has failed. */
bool sim_repair(sim *r);
/* Nothing is to be done, or it was. */
bool sim_whole(const sim *r);

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
