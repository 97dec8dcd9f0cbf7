/* Records of one topic partition become decoded batches. A decoder belongs to a worker; several scans
 * of that worker share one while they read the same stream (source.c).
 *
 * Every declared column is checked, also those nobody reads, so that a record is skipped exactly when
 * ksqlDB would skip it. A skipped record is noted with its offset and never with its data. */
#pragma once
#include "engine/data/catalog.h"
#include "engine/data/datetime.h"
#include "engine/run/format.h"
#include "engine/run/topic.h"

typedef struct weir_decoder_spec {
    const weir_source *source;   /* these two: live as long as the decoder */
    const weir_schema *schema;   /* of the batches */
    const int32_t *read;         /* per column: index into source->schema, or -1 for a pseudo column */
    weir_topic *topic;
    int32_t partition;
    const weir_formats *formats;
    weir_tz_cache *zones;        /* the worker's */
    bool seq;                    /* batches carry ordinals */
    bool throw_on_bad_time;      /* ksql.timestamp.throw.on.invalid */
} weir_decoder_spec;

/* Why a record was skipped. */
typedef struct weir_bad_record {
    uint32_t row;
    weir_sv reason; /* in the batch's arena */
} weir_bad_record;

/* A decoded batch with all it points into. */
typedef struct weir_decoded {
    weir_chunk **chunks; /* referenced: strings point into them */
    size_t n_chunks, cap_chunks;
    weir_arena arena;
    weir_batch *batch;   /* NULL: empty */
    int64_t *offsets;    /* per row */
    int64_t from, next;  /* offsets: where it was to begin, where reading goes on */
    uint32_t want;       /* rows that were asked for */
    weir_bad_record *bad;
    uint32_t n_bad, cap_bad;
    char error[512];     /* not empty: reading failed */
    uint32_t users;      /* scans that walk it */
} weir_decoded;

typedef struct weir_decoder weir_decoder;

weir_rc weir_decoder_new(const weir_decoder_spec *spec, weir_decoder **out, weir_status *st);
void weir_decoder_free(weir_decoder *d); /* NULL is fine */
/* Decodes up to `want` records from `from` on. False: nothing to read now; out->next may still be
 * ahead of `from`, and out->error may be set. */
bool weir_decoder_fill(weir_decoder *d, int64_t from, uint32_t want, weir_decoded *out);
/* Decodes records [first, first + n) of a chunk, n ≤ WEIR_BATCH_ROWS: row i is record first + i. For
 * readers outside of the engine: needs no topic (NULL in the spec), and the partition is given. */
void weir_decoder_chunk(weir_decoder *d, weir_chunk *chunk, uint32_t first, uint32_t n,
                        int32_t partition, weir_decoded *out);

void weir_decoded_init(weir_decoded *d);
void weir_decoded_reset(weir_decoded *d); /* keeps its memory */
void weir_decoded_deinit(weir_decoded *d);
