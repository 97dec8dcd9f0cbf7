/* What the queries of a seed must have written, computed from the input as it stands in the logs: one
 * record after the other, nothing shared with the engine but the partitioner's hash.
 *
 *   series   items in groups; inside a group the order counts
 *   item     must be there once; an optional one may be missing (a table holds updates back)
 *
 * exactly_once_v2: the output is the series. at_least_once: after each restart it may go back to an
 * earlier item of the group and repeat what follows. */
#pragma once
#include "tests/simulation/sim_broker.h"

#define SIM_TEXT_MAX 64

typedef enum sim_shape {
    SIM_BIG,        /* filter and projection */
    SIM_BIG_EVEN,   /* reads BIG */
    SIM_BIG_TOTALS, /* reads BIG */
    SIM_BY_G,       /* another key */
    SIM_G_TOTALS,   /* reads BY_G */
    SIM_TOTALS,     /* COUNT and SUM by key */
    SIM_WINDOWS,    /* the same in tumbling windows, with late records */
    SIM_GROUPS,     /* the same by another key, through the exchange inside of the engine */
    SIM_LOOKED,     /* stream-table join */
    SIM_PAIRS,      /* stream-stream join */
    SIM_BY_UN,      /* a table of a table: what a row was is undone */
    SIM_REST,       /* a filter that is added later */
    SIM_SEEN,       /* a filter, one of whose topics is deleted by others */
    SIM_SHAPES
} sim_shape;

#define SIM_WINDOW_MS 10000
#define SIM_GRACE_MS 3000
#define SIM_WITHIN_MS 5000
#define SIM_GROUPS_MAX 6
#define SIM_UN_GROUPS 5
#define SIM_PARTITIONS_MAX 3
#define SIM_INSERTED 1000000 /* n of the first order that is inserted by a statement */

/* Offsets of orders that retention may have taken before they were read. */
typedef struct sim_gap {
    int32_t partition;
    int64_t from, to;
} sim_gap;

/* What others have deleted. */
typedef enum sim_gone { SIM_NOTHING, SIM_SOURCE, SIM_SINK } sim_gone;

typedef struct sim_checks {
    sim_broker *broker;
    uint32_t shapes;   /* bits */
    bool coalesce;
    uint32_t rewinds;  /* at_least_once: how often a series may go back; else 0 */
    const sim_gap *gaps;
    size_t n_gaps;
    uint32_t inserts;
    sim_gone gone;
    const int64_t *read;  /* … when visits was read up to here, per partition */
    uint32_t known_users; /* so many records of each partition of users were there at the start */
} sim_checks;

/* True: all is as it must be. Else `problem` says what is not. */
bool sim_check(const sim_checks *c, char *problem, size_t n);
