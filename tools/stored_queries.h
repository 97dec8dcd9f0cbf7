/* What a data directory says about the queries that work in it: their plans' nodes, how far each source
 * has been read, the epochs. Reads the store, runs nothing. */
#pragma once
#include "engine/base/arena.h"
#include "engine/run/store.h"

typedef struct weir_stored_position {
    int32_t partition;
    int64_t next; /* offset of the next record to read */
} weir_stored_position;

/* A line of the plan: `Aggregate #2 table; …`. */
typedef struct weir_stored_node {
    uint32_t id;
    weir_sv name;  /* "Aggregate" */
    weir_sv topic; /* of sources and sinks */
    weir_stored_position *positions; /* of sources */
    uint32_t n_positions, cap_positions;
    uint64_t entries, bytes; /* of its state; with weir_stored_count */
} weir_stored_node;

typedef struct weir_stored_query {
    weir_sv id;
    weir_stored_node *nodes; /* as the plan has them: the sink first */
    uint32_t n_nodes, cap_nodes;
} weir_stored_query;

typedef struct weir_stored {
    weir_arena arena;
    weir_stored_query *queries; /* by id */
    uint32_t n, cap;
    uint64_t epoch;   /* commits so far; 0: none */
    uint64_t pending; /* prepared, and not settled; 0: none */
    uint64_t journal; /* INSERTs that are not executed again */
} weir_stored;

/* `s` must be given to weir_stored_deinit whatever this returns. */
weir_rc weir_stored_read(weir_store *store, weir_stored *s, weir_status *st);
/* Counts the state of all nodes: walks through it. */
weir_rc weir_stored_count(weir_store *store, weir_stored *s, weir_status *st);
void weir_stored_deinit(weir_stored *s);
bool weir_stored_is_sink(const weir_stored_node *n);
bool weir_stored_is_source(const weir_stored_node *n);
