/* What has been applied to a data directory: one history of revisions, each with all statements of one
 * bundle as they were then, variables filled in. What is in force is the newest revision of each bundle.
 *
 *   'M' "revision" ‖ 0 ‖ number (4)  →  see revision.c
 *
 * A statement that makes a query has the number of the query with it, so that it is the same query, with
 * its state, in every process and after every other change. */
#pragma once
#include "engine/base/arena.h"
#include "engine/run/store.h"
#include "engine/server/session.h"

#define WEIR_NO_QUERY UINT64_MAX

typedef struct weir_applied {
    weir_sv text;
    uint64_t query; /* its number; WEIR_NO_QUERY: makes none */
} weir_applied;

typedef struct weir_revision {
    uint32_t number; /* from 1 */
    int64_t time_ms;
    weir_sv action;     /* apply, rollback, remove */
    uint32_t origin;    /* the revision that a rollback went back to, else its own number */
    weir_sv bundle, version, env, who;
    uint64_t hash;      /* of the statements */
    uint64_t next_query; /* numbers from here on have never been used */
    weir_applied *statements;
    uint32_t n_statements;
} weir_revision;

typedef struct weir_revisions {
    weir_arena arena;
    weir_revision *items; /* by number, the oldest first */
    uint32_t n, cap;
} weir_revisions;

/* `out` must be given to weir_revisions_deinit whatever this returns. `store` NULL: none. */
weir_rc weir_revisions_read(weir_store *store, weir_revisions *out, weir_status *st);
void weir_revisions_deinit(weir_revisions *r);
const weir_revision *weir_revision_find(const weir_revisions *r, uint32_t number);
/* The newest one of a bundle, or NULL. */
const weir_revision *weir_revision_of(const weir_revisions *r, weir_sv bundle);
/* The i-th bundle in force, in the order in which they came and run; NULL behind the last one. */
const weir_revision *weir_revision_in_force(const weir_revisions *r, uint32_t i);
uint64_t weir_revisions_next_query(const weir_revisions *r);
void weir_revision_put(weir_store_batch *batch, const weir_revision *r);

/* Executes what is in force. On error *failed is the revision whose statement it was, and st->span lies
 * in its text. */
weir_rc weir_revisions_execute(const weir_revisions *r, weir_session *s,
                               const weir_revision **failed, weir_sv *statement, weir_status *st);
