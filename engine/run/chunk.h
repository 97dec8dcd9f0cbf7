/* A chunk: ascending records of one topic partition, as bytes. Topics are lists of chunks, so
 * appending a batch of output costs one pointer, and the embedded store keeps one value per chunk.
 *
 *   recs[0..n)  positions into bytes, timestamps
 *   bytes       keys, values and headers in any order, followed by WEIR_CHUNK_PADDING readable bytes
 *               (simdjson reads ahead)
 *
 * A chunk is built by one thread (builder), then immutable and reference-counted across threads. */
#pragma once
#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/status.h"

#define WEIR_CHUNK_PADDING 64
#define WEIR_NULL_BYTES UINT32_MAX /* length of a null key or value */

typedef struct weir_rec {
    uint32_t key_at, key_n;         /* key_n == WEIR_NULL_BYTES: null key */
    uint32_t value_at, value_n;     /* value_n == WEIR_NULL_BYTES: null value */
    uint32_t headers_at, headers_n; /* 0 bytes: no headers; encoded, see weir_headers_* */
    int64_t timestamp;              /* ms */
    int64_t seq;                    /* ordinal of the causing input record; 0 where not kept */
} weir_rec;

typedef struct weir_chunk {
    int64_t base;    /* offset of recs[0] in its partition; set by append */
    int64_t *offsets; /* per record, where they are not consecutive (Kafka); else NULL */
    uint32_t n;
    uint32_t refs;   /* atomic */
    bool sorted_seq; /* every rec has a seq and they do not descend */
    size_t n_bytes;
    weir_rec *recs;
    char *bytes;
} weir_chunk;

/* A chunk to be filled by the caller: recs and bytes are not initialised. `gaps`: with offsets. */
weir_chunk *weir_chunk_new(uint32_t n, size_t n_bytes, bool gaps);
void weir_chunk_ref(weir_chunk *c);
void weir_chunk_unref(weir_chunk *c); /* NULL is fine */
static inline int64_t weir_chunk_offset(const weir_chunk *c, uint32_t i)
{
    return c->offsets ? c->offsets[i] : c->base + i;
}
/* The offset behind the last record. */
static inline int64_t weir_chunk_end(const weir_chunk *c)
{
    return weir_chunk_offset(c, c->n - 1) + 1;
}
/* The first record at or behind `offset`; c->n: none. */
uint32_t weir_chunk_seek(const weir_chunk *c, int64_t offset);
static inline weir_sv weir_rec_key(const weir_chunk *c, const weir_rec *r)
{
    return (weir_sv){c->bytes + r->key_at, r->key_n == WEIR_NULL_BYTES ? 0 : r->key_n};
}
static inline weir_sv weir_rec_value(const weir_chunk *c, const weir_rec *r)
{
    return (weir_sv){c->bytes + r->value_at, r->value_n == WEIR_NULL_BYTES ? 0 : r->value_n};
}

/* Building: append bytes to b->bytes, then add a rec. Keeps its memory over reset. Bytes over
 * WEIR_CHUNK_BYTES_MAX set b->bytes.over: who appends checks it before the chunk is taken. */
typedef struct weir_chunk_builder {
    weir_buf bytes;
    weir_rec *recs;
    size_t n, cap;
} weir_chunk_builder;
void weir_chunk_builder_init(weir_chunk_builder *b);
void weir_chunk_builder_deinit(weir_chunk_builder *b);
weir_rec *weir_chunk_builder_rec(weir_chunk_builder *b); /* a zeroed rec at the end */
/* Adds one record by copying its parts; NULL .p with n == WEIR_NULL_BYTES means null. */
void weir_chunk_builder_add(weir_chunk_builder *b, weir_sv key, weir_sv value, weir_sv headers,
                            int64_t timestamp, int64_t seq);
/* Makes a chunk of what was built (NULL when empty) and resets the builder. */
weir_chunk *weir_chunk_builder_take(weir_chunk_builder *b);
/* Merges chunks by seq (stable: ties go by position in `from`). Consumes the references. */
weir_chunk *weir_chunk_merge(weir_chunk **from, uint32_t n);

/* Stored form: crc32c, header, recs as varints, bytes in the order of the recs, lz4-compressed where
 * that helps. seq is not stored. Bytes that were not encoded here are WEIR_ECORRUPT. */
void weir_chunk_encode(const weir_chunk *c, bool pack, weir_buf *out);
weir_rc weir_chunk_decode(weir_sv in, int64_t base, weir_chunk **out, weir_status *st);

/* Headers: one after the other, per header varint name length, name, varint value length + 1 (0 =
 * null), value. */
void weir_headers_add(weir_buf *out, weir_sv name, weir_sv value, bool null);
typedef struct weir_header {
    weir_sv name, value;
    bool null;
} weir_header;
/* Calls per header are in order; false at the end or on bad bytes. */
bool weir_headers_next(weir_reader *r, weir_header *out);
