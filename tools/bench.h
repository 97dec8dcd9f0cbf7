/* `weir bench`: workloads over generated click events, in memory, one CPU. See cmd_bench.c. */
#pragma once
#include "engine/run/topic.h"
#include "engine/server/session.h"

/* Of what has no yardstick in the same run. The best pass counts: what else runs on the machine can
 * only take away. */
#define WEIR_BENCH_PASSES 5

typedef struct weir_bench_options {
    uint64_t events; /* of a workload; 0: its default */
    uint64_t keys;   /* distinct keys; 0: its default */
    uint32_t workers;
} weir_bench_options;

/* A workload measures itself and fills in what it has. */
typedef struct weir_bench_result {
    uint64_t events;
    int64_t cpu_ns;
    uint64_t peak_rss_bytes;
    double yardstick_ns;  /* CPU per event of simdjson reading four fields of the same events */
    double value;         /* instead: one number */
    const char *unit;     /* NULL: events and cpu_ns count */
} weir_bench_result;

typedef struct weir_bench {
    const char *name;
    const char *doc;
    double least;  /* ratio to the yardstick, or the value, that it must reach */
    bool at_most;  /* the value must not be above `least` */
    weir_rc (*run)(const weir_bench_options *o, weir_bench_result *out, weir_status *st);
} weir_bench;

extern const weir_bench weir_bench_queries[]; /* bench_queries.c */
extern const uint32_t weir_bench_queries_n;
extern const weir_bench weir_bench_parts[];   /* bench_parts.c */
extern const uint32_t weir_bench_parts_n;

/* For tools/bench (bench_kafka.c, bench_http.c): arguments behind `weir bench kafka`; the exit status. */
int weir_bench_kafka(int argc, char **argv);
int weir_bench_http(int argc, char **argv);

/* Executes statements; a clock that stands still. */
weir_rc weir_bench_sql(weir_session *s, const char *text, weir_status *st);
int64_t weir_bench_clock(void *clock);

/* Generated click events: 237 bytes of JSON, nine fields (bench_events.c). */
typedef struct weir_events {
    uint64_t n;
    uint32_t users, products;
    int64_t start_ms, step_us; /* record time = start + step · i, mean step */
    uint64_t seed;
} weir_events;
/* Chunks of WEIR_BATCH_ROWS events each; the caller owns the references. */
weir_chunk **weir_events_make(const weir_events *e, uint32_t *n_chunks);
void weir_events_free(weir_chunk **chunks, uint32_t n);

/* simdjson alone over the same bytes: returns a checksum so that nothing is optimised away. */
double weir_yardstick(const char *bytes, const uint32_t *at, const uint32_t *len, uint32_t n,
                      size_t total);
