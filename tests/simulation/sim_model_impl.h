/* Inside of sim_model_*.c and sim_compare.c: items as the model wants them and as they are, and the
 * reading of logs. One file per kind of query. */
#pragma once
#include "engine/run/hmap.h"
#include "tests/simulation/sim_model.h"

typedef struct sim_item {
    weir_sv group, key, value;
    int64_t timestamp; /* -1: any */
    size_t at;         /* in its series */
    bool optional;
} sim_item;

typedef struct sim_series {
    sim_item *items;
    size_t n, cap;
} sim_series;

typedef struct sim_order {
    int32_t partition;
    int64_t offset;
    weir_sv key;
    int64_t timestamp;
    int p, n, v, g;
} sim_order;

typedef struct sim_model {
    const sim_checks *checks;
    weir_arena arena;
    char *problem;
    size_t problem_n;
} sim_model;

/* How the items of an output are grouped. */
typedef enum sim_grouping {
    SIM_BY_PARTITION, /* their order in the partition is determined */
    SIM_BY_KEY,
    SIM_BY_ORIGIN,    /* by partition, and the partition that the record came from (2nd number) */
    SIM_BY_ITEM,      /* no order: each item is its own group */
} sim_grouping;

/* Records of a topic with the columns p, n, v[, g]. */
typedef struct sim_orders {
    sim_model *m;
    sim_order *items;
    size_t n, cap;
} sim_orders;

/* sim_compare.c */
/* Says what is wrong with the output `name`. Returns false. */
bool sim_wrong(sim_model *m, const char *name, const sim_item *i, const char *what);
void sim_put(sim_model *m, sim_series *s, sim_grouping how, int32_t partition, weir_sv key,
             weir_sv value, int64_t timestamp, int origin);
/* By group. */
void sim_sort(sim_series *s);
size_t sim_group_end(const sim_series *s, size_t from);
/* Frees both. */
bool sim_compare(sim_model *m, const char *name, sim_series *want, sim_series *is);

/* sim_reading.c */
weir_sv sim_text(char *to, const char *fmt, ...) WEIR_PRINTF(2, 3); /* char to[SIM_TEXT_MAX] */
/* The numbers of a record's value; how many there are. */
int sim_numbers(weir_sv value, int *out, int most);
/* What is before its last comma, and what is behind it. */
weir_sv sim_cut(weir_sv value, weir_sv *behind);
typedef void (*sim_visit)(void *ctx, int32_t partition, int64_t offset, const sim_record *r);
/* Every record of a topic that counts. */
void sim_each(const sim_model *m, const char *topic, sim_visit f, void *ctx);
void sim_each_of(const sim_model *m, const sim_topic *t, sim_visit f, void *ctx);
int32_t sim_partitions(const sim_model *m);
/* A key that is a number, of four bytes. */
weir_sv sim_group_key(char *to, int g);
/* A key that can be printed. */
weir_sv sim_shown(char *to, weir_sv key);
sim_series sim_read_output(sim_model *m, const char *topic, sim_grouping how, bool timed);
sim_orders sim_read_orders(sim_model *m, const char *topic);
sim_orders sim_read_orders_of(sim_model *m, const sim_topic *t);

/* sim_model_streams.c: one record in, at most one out */
bool sim_check_filter(sim_model *m, const char *name, bool thirds);
bool sim_check_big_even(sim_model *m);
bool sim_check_by_g(sim_model *m);
/* sim_model_totals.c: tables whose updates follow from their partition */
bool sim_check_totals(sim_model *m, const char *name, const char *topic);
bool sim_check_g_totals(sim_model *m);
bool sim_check_windows(sim_model *m);
/* sim_model_groups.c: tables whose updates come from several partitions */
bool sim_check_groups(sim_model *m);
bool sim_check_by_un(sim_model *m);
/* sim_model_joins.c */
bool sim_check_looked(sim_model *m);
bool sim_check_pairs(sim_model *m);
/* sim_model_gone.c: a query whose topic was deleted */
bool sim_check_seen(sim_model *m);
