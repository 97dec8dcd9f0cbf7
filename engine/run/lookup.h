/* Tables that live elsewhere: looked up by key, never read through. A connector implements them, the
 * operator join_remote asks.
 *
 *   worker   ask(keys) ──────► the connector's loop ─── requests ───► outside
 *            take(answers) ◄── later; the host is woken
 *
 * Nothing here waits. Every key that was asked for is answered once, however long that takes: while the
 * outside is away the question stays open, and the query that has asked stands still (looking.c). */
#pragma once
#include "engine/data/batch.h"
#include "engine/data/catalog.h"
#include "engine/data/row.h"

typedef struct weir_lookup weir_lookup;

typedef struct weir_lookup_answer {
    void *tag;      /* that came with the key */
    bool found;
    weir_sv row;    /* found: the wanted columns, by the codec of the spec; empty: all of them NULL */
    weir_sv reason; /* not empty: found, but not (wholly) readable */
} weir_lookup_answer;

/* All calls on the worker of the task that has opened it, but for open and close: control thread. */
typedef struct weir_lookup_calls {
    /* keys: a vector of the primary key's type; rows[i] has the key of tags[i], and is not NULL. */
    void (*ask)(weir_lookup *l, const weir_vec *keys, const uint16_t *rows, void *const *tags, uint32_t n);
    /* The answers that have come; each is handed over once, and its texts are gone after the call. */
    void (*take)(weir_lookup *l, void (*each)(void *ctx, const weir_lookup_answer *a), void *ctx);
    bool (*ready)(weir_lookup *l); /* any thread: take has something */
    int64_t (*now_ms)(weir_lookup *l); /* of a clock that does not go back */
    void (*close)(weir_lookup *l); /* what is not answered never will be */
} weir_lookup_calls;

/* What every lookup begins with. */
struct weir_lookup {
    const weir_lookup_calls *calls;
    int64_t ttl_ms;       /* how long an answer may be used again */
    uint64_t entries_max; /* answers that are kept */
};

typedef struct weir_lookup_spec {
    const weir_source *source;   /* the table; its first column is the key */
    const uint32_t *columns;     /* of source->schema, those that are wanted, none of them the key */
    uint32_t n;
    const weir_row_codec *codec; /* of these columns */
} weir_lookup_spec;

/* Who opens them, for the engine. */
typedef struct weir_lookups {
    /* What the spec points to outlives the lookup. */
    weir_rc (*open)(void *ctx, const weir_lookup_spec *spec, weir_lookup **out, weir_status *st);
    void *ctx;
} weir_lookups;
