/* A chunk is one allocation: struct, recs, bytes, padding. Taking from a builder copies once into
 * memory of the exact size, which is cheaper over a chunk's life than keeping the builder's slack.
 *
 * Stored form (integers are varints where not said otherwise):
 *
 *   crc32c 4 (big-endian, of all that follows) | version 1 | packing 1 | n | raw bytes | body
 *   body, plain or as one lz4 block:  n × {key length + 1, value length + 1, headers length,
 *                                     timestamp − previous (zigzag)}   0 = null
 *                                     then the bytes of each record: key, value, headers
 *
 * Positions are sums of lengths, so a reader has one thing to check: that the sum ends exactly at
 * the end of the body. Decoding unpacks straight into the chunk; the lengths in front of the bytes
 * stay there unused, which is less than copying would cost. */
#include "engine/run/chunk.h"
#include "engine/base/hash.h"
#include "engine/base/limits.h"

#include <lz4.h>

#define CHUNK_VERSION 1
#define CHUNK_CRC_BYTES 4
#define CHUNK_REC_BYTES_MIN 4   /* stored, of one rec */
#define CHUNK_PACK_BYTES_MIN 96 /* below, lz4 gains nothing */
#define CHUNK_LZ4_RATIO_MAX 255 /* of the format: bounds what a stored chunk can claim */

/* ORDER packing: stored, never renumbered. */
typedef enum chunk_packing { CHUNK_PLAIN = 0, CHUNK_LZ4 = 1 } chunk_packing;

weir_chunk *weir_chunk_new(uint32_t n, size_t n_bytes, bool gaps)
{
    size_t recs_bytes = (size_t)n * sizeof(weir_rec);
    size_t offsets_bytes = gaps ? (size_t)n * sizeof(int64_t) : 0;
    weir_chunk *c = weir_alloc(sizeof *c + recs_bytes + offsets_bytes + n_bytes + WEIR_CHUNK_PADDING);
    *c = (weir_chunk){.n = n, .refs = 1, .n_bytes = n_bytes};
    c->recs = (weir_rec *)(c + 1);
    c->offsets = gaps ? (int64_t *)(c->recs + n) : NULL;
    c->bytes = (char *)(c->recs + n) + offsets_bytes;
    memset(c->bytes + n_bytes, 0, WEIR_CHUNK_PADDING);
    return c;
}

void weir_chunk_ref(weir_chunk *c)
{
    uint32_t before = __atomic_fetch_add(&c->refs, 1, __ATOMIC_RELAXED);
    WEIR_ASSERT(before > 0 && before < UINT32_MAX);
}

void weir_chunk_unref(weir_chunk *c)
{
    if (!c) {
        return;
    }
    uint32_t before = __atomic_fetch_sub(&c->refs, 1, __ATOMIC_ACQ_REL);
    WEIR_ASSERT(before > 0);
    if (before == 1) {
        weir_free(c);
    }
}

uint32_t weir_chunk_seek(const weir_chunk *c, int64_t offset)
{
    if (!c->offsets) {
        return offset <= c->base             ? 0
               : offset - c->base < c->n ? (uint32_t)(offset - c->base)
                                         : c->n;
    }
    uint32_t low = 0;
    uint32_t high = c->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->offsets[middle] < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool recs_sorted(const weir_rec *recs, uint32_t n)
{
    int64_t last = 1;
    for (uint32_t i = 0; i < n; i++) {
        if (recs[i].seq < last) {
            return false; /* also one without seq: 0 */
        }
        last = recs[i].seq;
    }
    return true;
}

void weir_chunk_builder_init(weir_chunk_builder *b)
{
    *b = (weir_chunk_builder){0};
    weir_buf_init(&b->bytes, WEIR_CHUNK_BYTES_MAX);
}

void weir_chunk_builder_deinit(weir_chunk_builder *b)
{
    weir_buf_deinit(&b->bytes);
    weir_free(b->recs);
    *b = (weir_chunk_builder){0};
}

weir_rec *weir_chunk_builder_rec(weir_chunk_builder *b)
{
    WEIR_ASSERT(b->n < UINT32_MAX);
    WEIR_GROW(b->recs, b->cap, b->n + 1);
    weir_rec *r = &b->recs[b->n++];
    *r = (weir_rec){0};
    return r;
}

/* Position of the copy. A null is no bytes. */
static uint32_t part_add(weir_buf *bytes, weir_sv part)
{
    uint32_t at = (uint32_t)bytes->n;
    if (part.n != WEIR_NULL_BYTES) {
        weir_buf_sv(bytes, part);
    }
    return at;
}

void weir_chunk_builder_add(weir_chunk_builder *b, weir_sv key, weir_sv value, weir_sv headers,
                            int64_t timestamp, int64_t seq)
{
    WEIR_ASSERT(headers.n != WEIR_NULL_BYTES);
    weir_rec *r = weir_chunk_builder_rec(b);
    r->key_at = part_add(&b->bytes, key);
    r->key_n = key.n;
    r->value_at = part_add(&b->bytes, value);
    r->value_n = value.n;
    r->headers_at = part_add(&b->bytes, headers);
    r->headers_n = headers.n;
    r->timestamp = timestamp;
    r->seq = seq;
}

weir_chunk *weir_chunk_builder_take(weir_chunk_builder *b)
{
    WEIR_ASSERT(!b->bytes.over);
    if (b->n == 0) {
        weir_buf_reset(&b->bytes);
        return NULL;
    }
    weir_chunk *c = weir_chunk_new((uint32_t)b->n, b->bytes.n, false);
    memcpy(c->recs, b->recs, b->n * sizeof *c->recs);
    if (b->bytes.n) {
        memcpy(c->bytes, b->bytes.p, b->bytes.n);
    }
    c->sorted_seq = recs_sorted(c->recs, c->n);
    weir_buf_reset(&b->bytes);
    b->n = 0;
    return c;
}

/* One input of a merge: its next record, and how far its bytes moved. */
typedef struct merge_head {
    const weir_chunk *chunk;
    uint32_t ix, order, shift;
} merge_head;

static bool head_before(const merge_head *a, const merge_head *b)
{
    int64_t x = a->chunk->recs[a->ix].seq;
    int64_t y = b->chunk->recs[b->ix].seq;
    return x < y || (x == y && a->order < b->order);
}

/* Restores the heap below `at`. */
static void heap_sink(merge_head *heap, uint32_t n, uint32_t at)
{
    for (;;) {
        uint32_t least = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < n; child++) {
            if (head_before(&heap[child], &heap[least])) {
                least = child;
            }
        }
        if (least == at) {
            return;
        }
        merge_head swap = heap[at];
        heap[at] = heap[least];
        heap[least] = swap;
        at = least;
    }
}

/* Takes the least head again and again. Bytes were copied whole before: records only shift. */
static void merge_recs(weir_chunk *to, merge_head *heap, uint32_t n)
{
    for (uint32_t i = n / 2; i-- > 0;) {
        heap_sink(heap, n, i);
    }
    for (uint32_t at = 0; at < to->n; at++) {
        merge_head *h = &heap[0];
        weir_rec r = h->chunk->recs[h->ix++];
        r.key_at += h->shift;
        r.value_at += h->shift;
        r.headers_at += h->shift;
        to->recs[at] = r;
        if (h->ix == h->chunk->n) {
            *h = heap[--n];
        }
        heap_sink(heap, n, 0);
    }
    WEIR_ASSERT(n == 0);
}

weir_chunk *weir_chunk_merge(weir_chunk **from, uint32_t n)
{
    if (n <= 1) {
        return n ? from[0] : NULL;
    }
    uint64_t recs = 0;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < n; i++) {
        WEIR_ASSERT(from[i]->n > 0);
        recs += from[i]->n;
        bytes += from[i]->n_bytes;
    }
    WEIR_ASSERT(recs < UINT32_MAX && bytes < UINT32_MAX);
    weir_chunk *to = weir_chunk_new((uint32_t)recs, bytes, false);
    merge_head *heap = weir_alloc(n * sizeof *heap);
    uint32_t shift = 0;
    for (uint32_t i = 0; i < n; i++) {
        memcpy(to->bytes + shift, from[i]->bytes, from[i]->n_bytes);
        heap[i] = (merge_head){.chunk = from[i], .order = i, .shift = shift};
        shift += (uint32_t)from[i]->n_bytes;
    }
    merge_recs(to, heap, n);
    to->sorted_seq = recs_sorted(to->recs, to->n);
    weir_free(heap);
    for (uint32_t i = 0; i < n; i++) {
        weir_chunk_unref(from[i]);
    }
    return to;
}

static uint64_t nullable(uint32_t n)
{
    return n == WEIR_NULL_BYTES ? 0 : (uint64_t)n + 1;
}

/* Nearly every length and difference of times takes one byte or two. */
static inline void varint_put(weir_buf *to, uint64_t v)
{
    if (WEIR_LIKELY(v < 0x4000 && to->cap - to->n >= 2)) {
        to->p[to->n] = (char)(v < 0x80 ? v : v | 0x80);
        to->p[to->n + 1] = (char)(v >> 7);
        to->n += v < 0x80 ? 1 : 2;
    } else {
        weir_buf_varint(to, v);
    }
}

static inline uint64_t varint_get(weir_reader *r)
{
    if (WEIR_LIKELY(r->end - r->p >= 2 && (r->p[1] & 0x80) == 0)) {
        uint64_t low = (uint64_t)(r->p[0] & 0x7f);
        bool two = (r->p[0] & 0x80) != 0;
        uint64_t high = two ? (uint64_t)r->p[1] << 7 : 0;
        r->p += two ? 2 : 1;
        return high | low;
    }
    return weir_read_varint(r);
}

static void body_build(const weir_chunk *c, weir_buf *body)
{
    int64_t last = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const weir_rec *r = &c->recs[i];
        varint_put(body, nullable(r->key_n));
        varint_put(body, nullable(r->value_n));
        varint_put(body, r->headers_n);
        varint_put(body, weir_zigzag((int64_t)((uint64_t)r->timestamp - (uint64_t)last)));
        last = r->timestamp;
    }
    for (uint32_t i = 0; i < c->n; i++) {
        const weir_rec *r = &c->recs[i];
        weir_buf_sv(body, weir_rec_key(c, r));
        weir_buf_sv(body, weir_rec_value(c, r));
        weir_buf_add(body, c->bytes + r->headers_at, r->headers_n);
    }
    WEIR_ASSERT(body->n < UINT32_MAX);
}

/* Appends the packed body, or nothing when that would not be smaller. */
static bool body_pack(const weir_buf *body, weir_buf *out)
{
    if (body->n < CHUNK_PACK_BYTES_MIN || body->n > LZ4_MAX_INPUT_SIZE) {
        return false;
    }
    int bound = LZ4_compressBound((int)body->n);
    char *to = weir_buf_reserve(out, (size_t)bound);
    WEIR_ASSERT(to != NULL);
    int packed = LZ4_compress_default(body->p, to, (int)body->n, bound);
    if (packed <= 0 || (size_t)packed >= body->n) {
        return false;
    }
    out->n += (size_t)packed;
    return true;
}

void weir_chunk_encode(const weir_chunk *c, bool pack, weir_buf *out)
{
    WEIR_ASSERT(c->n > 0 && out->max == 0);
    weir_buf body = {0};
    weir_buf_reserve(&body, c->n_bytes + (size_t)c->n * 8);
    body_build(c, &body);
    size_t start = out->n;
    weir_buf_be32(out, 0);
    weir_buf_byte(out, CHUNK_VERSION);
    size_t packing_at = out->n;
    weir_buf_byte(out, CHUNK_LZ4);
    weir_buf_varint(out, c->n);
    weir_buf_varint(out, body.n);
    if (!pack || !body_pack(&body, out)) {
        out->p[packing_at] = CHUNK_PLAIN;
        weir_buf_add(out, body.p, body.n);
    }
    weir_buf_deinit(&body);
    size_t from = start + CHUNK_CRC_BYTES;
    uint32_t crc = __builtin_bswap32(weir_crc32c(0, out->p + from, out->n - from));
    memcpy(out->p + start, &crc, sizeof crc);
}

static uint32_t read_nullable(weir_reader *r)
{
    uint64_t n = varint_get(r);
    if (n > UINT32_MAX - 1) {
        r->bad = true;
    }
    return n == 0 ? WEIR_NULL_BYTES : (uint32_t)(n - 1);
}

/* Fills recs from the lengths in front of c->bytes. False when they do not fit the bytes. */
static bool recs_read(weir_chunk *c)
{
    weir_reader r = {c->bytes, c->bytes + c->n_bytes, false};
    int64_t timestamp = 0;
    uint64_t at = 0; /* of the first part, once the lengths are known */
    for (uint32_t i = 0; i < c->n; i++) {
        weir_rec *rec = &c->recs[i];
        *rec = (weir_rec){0};
        rec->key_n = read_nullable(&r);
        rec->value_n = read_nullable(&r);
        uint64_t headers_n = varint_get(&r);
        int64_t delta = weir_unzigzag(varint_get(&r));
        if (r.bad || headers_n >= UINT32_MAX) {
            return false;
        }
        rec->headers_n = (uint32_t)headers_n;
        timestamp = (int64_t)((uint64_t)timestamp + (uint64_t)delta);
        rec->timestamp = timestamp;
    }
    at = (uint64_t)(r.p - c->bytes);
    for (uint32_t i = 0; i < c->n; i++) {
        weir_rec *rec = &c->recs[i];
        rec->key_at = (uint32_t)at;
        at += rec->key_n == WEIR_NULL_BYTES ? 0 : rec->key_n;
        rec->value_at = (uint32_t)at;
        at += rec->value_n == WEIR_NULL_BYTES ? 0 : rec->value_n;
        rec->headers_at = (uint32_t)at;
        at += rec->headers_n;
        if (at > c->n_bytes) {
            return false;
        }
    }
    return at == c->n_bytes;
}

static weir_rc corrupt(weir_status *st, const char *what)
{
    return weir_fail(st, WEIR_ECORRUPT, "a stored chunk of records is damaged: %s", what);
}

static bool body_unpack(weir_sv body, chunk_packing packing, weir_chunk *c)
{
    if (packing == CHUNK_PLAIN) {
        memcpy(c->bytes, body.p, body.n);
        return true;
    }
    int n = LZ4_decompress_safe(body.p, c->bytes, (int)body.n, (int)c->n_bytes);
    return n >= 0 && (size_t)n == c->n_bytes;
}

weir_rc weir_chunk_decode(weir_sv in, int64_t base, weir_chunk **out, weir_status *st)
{
    *out = NULL;
    weir_reader r = weir_reader_of(in);
    uint32_t crc = weir_read_be32(&r);
    if (r.bad || crc != weir_crc32c(0, r.p, (size_t)(r.end - r.p))) {
        return corrupt(st, "wrong checksum");
    }
    uint8_t version = weir_read_u8(&r);
    uint8_t packing = weir_read_u8(&r);
    uint64_t n = weir_read_varint(&r);
    uint64_t raw = weir_read_varint(&r);
    if (r.bad || version != CHUNK_VERSION || packing > CHUNK_LZ4) {
        return corrupt(st, "unknown format");
    }
    weir_sv body = weir_sv_of(r.p, (size_t)(r.end - r.p));
    bool fits = packing == CHUNK_PLAIN
                    ? raw == body.n
                    : raw <= LZ4_MAX_INPUT_SIZE && body.n <= LZ4_MAX_INPUT_SIZE &&
                          raw <= (uint64_t)body.n * CHUNK_LZ4_RATIO_MAX;
    if (!fits || n == 0 || n > raw / CHUNK_REC_BYTES_MIN) {
        return corrupt(st, "sizes that cannot be");
    }
    weir_chunk *c = weir_chunk_new((uint32_t)n, raw, false);
    if (!body_unpack(body, (chunk_packing)packing, c) || !recs_read(c)) {
        weir_chunk_unref(c);
        return corrupt(st, "records do not fit");
    }
    c->base = base;
    *out = c;
    return WEIR_OK;
}

void weir_headers_add(weir_buf *out, weir_sv name, weir_sv value, bool null)
{
    weir_buf_varint(out, name.n);
    weir_buf_sv(out, name);
    weir_buf_varint(out, null ? 0 : (uint64_t)value.n + 1);
    if (!null) {
        weir_buf_sv(out, value);
    }
}

bool weir_headers_next(weir_reader *r, weir_header *out)
{
    *out = (weir_header){0};
    if (r->p == r->end) {
        return false;
    }
    out->name = weir_read_bytes(r, weir_read_varint(r));
    uint64_t n = weir_read_varint(r);
    out->null = n == 0;
    if (n > 0) {
        out->value = weir_read_bytes(r, n - 1);
    }
    return !r->bad;
}
