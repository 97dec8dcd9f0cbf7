/* Between the frame of lookups (conn_lookup.c) and kinds of connectors that answer them.
 *
 *   worker     ask ─► render: keys to bytes ─► question ─┐                ┌─► take
 *   loop                                                 └► ask … answer ─┘   (all of a question at once)
 *
 * A question belongs to the kind from `ask` on until each of its keys was answered, or until it is abandoned.
 * It outlives whoever has asked. */
#pragma once
#include "connectors/conn.h"
#include "engine/run/lookup.h"

#define WEIR__LOOKUP_ROW_BYTES_MAX (1u << 20) /* of what is found for a key: more is not read */

/* One who asks: a join in one task. Its columns are read by all threads, and never change. */
typedef struct weir__asker {
    weir_lookup lookup; /* first: the engine has its address */
    weir_conn *conn;    /* not after close */
    weir_arena arena;
    uint32_t n;         /* wanted columns */
    const weir_column *columns;
    const uint32_t *places; /* where they stand behind the table's key */
    weir_row_codec codec;
    void *own;          /* the kind's */
    struct reading *reading; /* lookup_text.c */
    weir_lock *lock;
    struct weir__question *first, **last; /* answered, under the lock */
    bool ready;         /* atomic: there are some */
    uint32_t users;     /* atomic: itself and its questions */
} weir__asker;

typedef struct weir__question_key {
    void *tag;
    uint32_t at, n;     /* in `bytes`: what render has made of it */
    uint32_t aux;       /* the kind's */
    bool answered, found;
    uint32_t row_at, row_n, reason_n; /* in `rows`; the reason is behind the row */
} weir__question_key;

typedef struct weir__question {
    struct weir__question *later;
    weir__asker *asker;
    uint32_t n, open;   /* keys, and those without an answer */
    weir_buf bytes, rows;
    weir__question_key keys[];
} weir__question;

static inline weir_sv weir__question_bytes(const weir__question *q, uint32_t i)
{
    return (weir_sv){q->bytes.p + q->keys[i].at, q->keys[i].n};
}
/* Loop. Key i has no row. */
void weir__question_absent(weir__question *q, uint32_t i);
/* Loop. Key i has a row: appended to q->rows from `at` on, empty when nothing is known of it; with what could not
 * be read in it, or an empty reason. */
void weir__question_found(weir__question *q, uint32_t i, size_t at, weir_sv reason);
/* Loop. It will not be answered. */
void weir__question_abandon(weir__question *q);

/* Of a kind that answers lookups, beside its weir_source_calls. */
struct weir_table_calls {
    /* Control thread: what render needs, in a->arena. NULL: nothing. */
    weir_rc (*bind)(void *self, weir__asker *a, weir_status *st);
    /* Worker. Appends the request for row `row` of `keys` to q->bytes; sets q->keys[i].aux. */
    void (*render)(const weir__asker *a, const weir_vec *keys, uint16_t row, weir__question *q, uint32_t i);
    /* Loop, also before start and after stop: then it is abandoned. */
    void (*ask)(void *self, weir__question *q);
};

/* lookup_text.c: texts and JSON as rows of an asker. Loop. */
/* The wanted columns from a text each; n == WEIR_NULL_BYTES: NULL. `texts`: per column behind the key. */
void weir__asker_texts(weir__asker *a, const weir_sv *texts, weir__question *q, uint32_t i);
/* … from a JSON object. */
void weir__asker_json(weir__asker *a, weir_sv text, weir__question *q, uint32_t i);
/* Control thread, in bind: makes what these two need. */
weir_rc weir__asker_reads(weir__asker *a, const weir_formats *formats, bool json, weir_status *st);
