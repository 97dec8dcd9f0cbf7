/* The connectors of a process, as their host (a session) sees them.
 *
 *   create ─► pump (often): topics ─► sinks, sources ─► topics
 *          ─► save (into each commit): positions     ─► committed: sources answer, sinks may read on
 *
 * Control thread only. */
#pragma once
#include "connectors/conn.h"

typedef struct weir_connect weir_connect;

typedef struct weir_connect_config {
    weir_topics *topics;
    weir_store *store;         /* NULL: positions are not kept */
    const char *data_dir;      /* NULL: none */
    const weir_catalog *catalog;
    const weir_formats *formats;
    /* The ordinals of records that sources bring. */
    int64_t (*take_seq)(void *ctx, int64_t n);
    /* Makes a topic (dead letters, sources) unless it is there. */
    weir_rc (*make_topic)(void *ctx, weir_sv name, weir_topic **out, weir_status *st);
    /* A boolean expression, compiled; memory from `a`. `schema` NULL: over what it names. */
    weir_rc (*condition)(void *ctx, weir_sv text, const weir_schema *schema, weir_arena *a,
                         weir_conn_condition *out, weir_status *st);
    /* Any thread: pump is worth a call. */
    void (*wake)(void *ctx);
    void *ctx;
} weir_connect_config;

weir_connect *weir_connect_new(const weir_connect_config *config);
/* Waits up to `grace_ms` for what is under way; then nothing runs any more but sources that owe answers:
 * they give them when a last commit has made them true, in weir_connect_free at the latest. Positions can
 * still be saved until then. */
void weir_connect_stop(weir_connect *c, int64_t grace_ms);
void weir_connect_free(weir_connect *c); /* NULL is fine */

/* One WITH property: value_span (of the literal in the statement) is for carets; n 0: none. */
typedef struct weir_conn_given_option {
    weir_sv name, value;
    weir_span value_span;
} weir_conn_given_option;

typedef struct weir_connect_spec {
    weir_sv name;
    bool sink;
    const weir_conn_given_option *options;
    uint32_t n_options;
    weir_sv statement; /* its text: carets, DESCRIBE */
    weir_sv stream;    /* the stream or table whose statement it is; empty: its own */
    bool lookup;       /* … and it is a table that is looked up */
} weir_connect_spec;

/* The kind that the options name; NULL: there is no such. */
const weir_conn_kind *weir_connect_kind(const weir_connect_spec *spec);
/* Checks everything that can be checked, then starts; with 'enabled'='false' it is only checked, and cannot
 * be found. WEIR_EEXISTS: the name is taken. */
weir_rc weir_connect_create(weir_connect *c, const weir_connect_spec *spec, weir_status *st);
/* The same checks, and nothing is made (weir check). */
weir_rc weir_connect_check(weir_connect *c, const weir_connect_spec *spec, weir_status *st);
/* The one of a stream takes the place of that stream's connector, if there is one, and goes on where it
 * was; when this fails, that goes on instead. With 'enabled'='false' nothing runs, and the position stays
 * for the next one. WEIR_EEXISTS: the name is another connector's. */
weir_rc weir_connect_replace(weir_connect *c, const weir_connect_spec *spec, weir_status *st);
/* Its position is forgotten with the next commit. WEIR_ENOTFOUND. */
weir_rc weir_connect_drop(weir_connect *c, weir_sv name, weir_status *st);
void weir_connect_drop_of(weir_connect *c, weir_sv stream); /* the stream's connector, if it has one */
/* Removes what the store has of a connector that does not run. */
void weir_connect_forget(weir_sv name, weir_store_batch *batch);
/* RESUME also restarts a failed one. WEIR_ENOTFOUND. */
weir_rc weir_connect_pause(weir_connect *c, weir_sv name, bool paused, weir_status *st);
/* The exact request for the last record there is of each of its topics. Sinks only. */
weir_rc weir_connect_show(weir_connect *c, weir_sv name, weir_buf *out, weir_status *st);

/* ORDER weir_connect_state: names in conn_state.c */
typedef enum weir_connect_state {
    WEIR_CONNECT_RUNNING,
    WEIR_CONNECT_PAUSED,
    WEIR_CONNECT_FAILED,
    WEIR_CONNECT_ENDED, /* a bounded source that is at its end */
    WEIR_CONNECT_STATES
} weir_connect_state;
const char *weir_connect_state_name(weir_connect_state s); /* "RUNNING" */

typedef struct weir_connect_counts {
    uint64_t records, bytes;   /* delivered, or brought in */
    uint64_t retries, dead, skipped;
    uint64_t waiting;          /* records under way inside of the connector */
    int64_t lag;               /* records of its topics that it has not taken; sinks */
} weir_connect_counts;

typedef struct weir_connect_info {
    weir_sv name;
    const weir_conn_kind *kind;
    weir_connect_state state;
    weir_sv topics;            /* A, B */
    weir_sv statement;
    weir_sv trouble;           /* the last error; empty: none */
    weir_connect_counts counts;
} weir_connect_info;
uint32_t weir_connect_count(const weir_connect *c);
/* Texts are in `a`. */
void weir_connect_at(weir_connect *c, uint32_t i, weir_arena *a, weir_connect_info *out);
bool weir_connect_find(weir_connect *c, weir_sv name, weir_arena *a, weir_connect_info *out);
/* Tables are looked up in connectors of this name. */
bool weir_connect_looks_up(weir_sv connector);
/* For weir_lookups.open: of a table whose connector was made. */
struct weir_lookup_spec; /* engine/run/lookup.h */
struct weir_lookup;
weir_rc weir_connect_lookup(weir_connect *c, const struct weir_lookup_spec *spec, struct weir_lookup **out,
                            weir_status *st);
/* A connector that reads or writes the topic, but one of these streams; empty: none does. */
weir_sv weir_connect_user(const weir_connect *c, weir_sv topic, const weir_sv *streams, uint32_t n);
/* The options of a connector with their values, secrets masked. */
void weir_connect_options(weir_connect *c, weir_sv name, weir_arena *a,
                          void (*each)(void *ctx, const weir_conn_option *o, weir_sv value, bool given),
                          void *ctx);

/* Hands records to sinks and takes those of sources. *moved: something was appended to topics. */
weir_rc weir_connect_pump(weir_connect *c, bool *moved, weir_status *st);
/* Somebody waits for the next commit: a source owes an answer, a sink is new. */
bool weir_connect_wants_commit(const weir_connect *c);
/* Positions, and the dead letters and reports they stand for: into the commit. Without a store (batch
 * NULL), too. */
weir_rc weir_connect_save(weir_connect *c, weir_store_batch *batch, weir_status *st);
/* The commit has succeeded. */
void weir_connect_committed(weir_connect *c);
/* Every sink has delivered all there is (as last committed), every bounded source is at its end, and
 * what they brought is in the topics. A failed or paused one is not waited for. */
bool weir_connect_idle(weir_connect *c);
/* A failed connector's name and reason, for the end of a run. False: none. */
bool weir_connect_failed(weir_connect *c, weir_arena *a, weir_connect_info *out);
