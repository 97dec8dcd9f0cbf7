/* A growing byte buffer, born with a ceiling. Going over the ceiling sets `over` and drops the
 * bytes: check once at the end, not at every append. */
#pragma once
#include "engine/base/alloc.h"
#include "engine/base/base.h"

typedef struct weir_buf {
    char *p;
    size_t n, cap;
    size_t max; /* ceiling; 0 in a zeroed struct means no ceiling */
    bool over;
} weir_buf;

void weir_buf_init(weir_buf *b, size_t max);
void weir_buf_deinit(weir_buf *b);
static inline void weir_buf_reset(weir_buf *b)
{
    b->n = 0;
    b->over = false;
}
bool weir_buf_reserve_slow(weir_buf *b, size_t more);
/* Room for `more` bytes after b->n, or NULL over the ceiling. The caller adds to b->n itself. */
static inline char *weir_buf_reserve(weir_buf *b, size_t more)
{
    if (WEIR_UNLIKELY(b->cap - b->n < more) && !weir_buf_reserve_slow(b, more)) {
        return NULL;
    }
    return b->p + b->n;
}
static inline void weir_buf_add(weir_buf *b, const void *p, size_t n)
{
    char *to = n ? weir_buf_reserve(b, n) : NULL; /* nothing into nothing has no address */
    if (WEIR_LIKELY(to != NULL)) {
        memcpy(to, p, n);
        b->n += n;
    }
}
static inline void weir_buf_byte(weir_buf *b, char c)
{
    char *to = weir_buf_reserve(b, 1);
    if (WEIR_LIKELY(to != NULL)) {
        *to = c;
        b->n++;
    }
}
static inline void weir_buf_sv(weir_buf *b, weir_sv s)
{
    weir_buf_add(b, s.p, s.n);
}
static inline void weir_buf_str(weir_buf *b, const char *s)
{
    weir_buf_add(b, s, strlen(s));
}
void weir_buf_printf(weir_buf *b, const char *fmt, ...) WEIR_PRINTF(2, 3);
static inline weir_sv weir_buf_view(const weir_buf *b)
{
    return (weir_sv){b->p, (uint32_t)b->n};
}
const char *weir_buf_cstr(weir_buf *b); /* NUL-terminates (not counted in n) */

/* Big-endian and varint encodings, used by keys, chunks and state. */
void weir_buf_be32(weir_buf *b, uint32_t v);
void weir_buf_be64(weir_buf *b, uint64_t v);
void weir_buf_varint(weir_buf *b, uint64_t v); /* LEB128 */
static inline uint64_t weir_zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}
static inline int64_t weir_unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* Bounds-checked reading: a failed read sets `bad` and returns 0/empty from then on. */
typedef struct weir_reader {
    const char *p, *end;
    bool bad;
} weir_reader;
static inline weir_reader weir_reader_of(weir_sv s)
{
    return (weir_reader){s.p, s.p + s.n, false};
}
uint8_t weir_read_u8(weir_reader *r);
uint32_t weir_read_be32(weir_reader *r);
uint64_t weir_read_be64(weir_reader *r);
uint64_t weir_read_varint(weir_reader *r);
weir_sv weir_read_bytes(weir_reader *r, size_t n); /* borrowed from the input */
