/* Records for a topic from JSON objects, for sources: HTTP, files, polling.
 *
 *   objects ─► columns of the stream over the topic ─► conditions ─► key and value as the stream has them
 *
 * A JSON value goes out as it came in, with all members; other formats get the columns. Without a stream
 * over the topic the columns are those that the conditions and the key name. Loop thread, after new. */
#pragma once
#include "connectors/conn.h"

/* The rows of the table of options for who uses this. */
#define WEIR_INTAKE_OPTIONS                                                                              \
    {"topic", "kafka.topic|topics", WEIR_CONN_TEXT, NULL, true, 0, 0, NULL, "The topic to write to."},    \
        {"key", "key.field|schema.keyfield|key.column", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,          \
         "The field that becomes the key; without it the key columns of the stream over the topic."},     \
        {"timestamp.field", "timestamp.column", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,                  \
         "The field that becomes the time of the record; without it that of its arrival."},               \
        {"timestamp.format", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,                               \
         "How that field is written, in Java's letters (yyyy-MM-dd HH:mm:ss); without it milliseconds or " \
         "ISO 8601."},                                                                                    \
        {"timestamp.zone", "timestamp.timezone", WEIR_CONN_TEXT, "UTC", false, 0, 0, NULL,                \
         "The time zone of times that name none: Europe/Paris, +01:00."},                                 \
        {"timestamp.missing", "timestamp.invalid", WEIR_CONN_CHOICE, "refuse", false, 0, 0,               \
         "refuse|arrival",                                                                                \
         "A record whose time is missing or cannot be read: it is refused as wrong, or has that of its "  \
         "arrival."},                                                                                     \
    {                                                                                                    \
        "validate", "check", WEIR_CONN_CONDITION, NULL, false, 0, 0, NULL,                                \
            "A condition in SQL that records must fulfil; each part between ANDs is told by itself."     \
    }

typedef struct weir_intake weir_intake;

/* Control thread; the options are those of the connector. */
weir_rc weir_intake_new(weir_conn *c, weir_source_output *to, weir_intake **out, weir_status *st);
/* Without those options: no key field, no condition. */
weir_rc weir_intake_new_bare(weir_conn *c, weir_source_output *to, weir_intake **out, weir_status *st);
void weir_intake_free(weir_intake *in); /* NULL is fine */

/* Why an object was not taken. */
typedef struct weir_intake_bad {
    uint32_t doc;   /* which of them */
    weir_sv field;  /* what it is about; empty: the whole */
    weir_sv reason; /* no data in it */
} weir_intake_bad;

/* Judges n ≤ WEIR_BATCH_ROWS objects; each has 64 readable bytes behind it. What is told of them holds
 * until the next call. Returns how many are good. An object may be at fault in several ways. */
uint32_t weir_intake_judge(weir_intake *in, const weir_sv *docs, uint32_t n);
const weir_intake_bad *weir_intake_bad_docs(const weir_intake *in, uint32_t *n);
bool weir_intake_is_good(const weir_intake *in, uint32_t doc);
/* Appends the good ones as records, all with these headers (encoded; may be empty) and this time where
 * no field says theirs. */
void weir_intake_add(weir_intake *in, weir_chunk_builder *to, weir_sv headers, int64_t timestamp);
/* What each object's record has of its own; `own` has one per object that was judged. */
typedef struct weir_intake_own {
    weir_sv key;       /* where neither key columns nor a key field say it; n WEIR_NULL_BYTES: null */
    weir_sv value;     /* the value where it goes out as it came in … */
    bool raw;          /* … or in any format; n WEIR_NULL_BYTES: a tombstone */
    int64_t timestamp;
} weir_intake_own;
void weir_intake_add_each(weir_intake *in, weir_chunk_builder *to, weir_sv headers,
                          const weir_intake_own *own);
