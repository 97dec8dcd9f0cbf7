/* Growth, formatting and the bounds-checked reader. Capacity doubles but never passes the ceiling,
 * so the inline fast path needs no ceiling check of its own. */
#include "engine/base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#define BUF_BYTES_MIN 64

void weir_buf_init(weir_buf *b, size_t max)
{
    *b = (weir_buf){.max = max};
}

void weir_buf_deinit(weir_buf *b)
{
    weir_free(b->p);
    *b = (weir_buf){.max = b->max};
}

bool weir_buf_reserve_slow(weir_buf *b, size_t more)
{
    size_t need;
    WEIR_ASSERT(b->n <= b->cap);
    if (__builtin_add_overflow(b->n, more, &need) || (b->max && need > b->max)) {
        b->over = true;
        return false;
    }
    size_t cap = b->cap < BUF_BYTES_MIN ? BUF_BYTES_MIN : b->cap;
    while (cap < need) {
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    }
    if (b->max && cap > b->max) {
        cap = b->max;
    }
    b->p = weir_realloc(b->p, cap);
    b->cap = cap;
    WEIR_ASSERT(b->cap - b->n >= more);
    return true;
}

void weir_buf_printf(weir_buf *b, const char *fmt, ...)
{
    char small[256];
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, fmt, args);
    va_end(args);
    WEIR_ASSERT(n >= 0);
    if ((size_t)n < sizeof small) {
        weir_buf_add(b, small, (size_t)n);
    } else {
        /* vsnprintf writes a NUL, which may be the one byte that does not fit under the ceiling. */
        char *big = weir_alloc((size_t)n + 1);
        vsnprintf(big, (size_t)n + 1, fmt, again);
        weir_buf_add(b, big, (size_t)n);
        weir_free(big);
    }
    va_end(again);
}

const char *weir_buf_cstr(weir_buf *b)
{
    if (b->n == b->cap) {
        /* The NUL is not content: it may stand over the ceiling and is not part of `cap`. */
        b->p = weir_realloc(b->p, b->n + 1);
    }
    b->p[b->n] = '\0';
    return b->p;
}

void weir_buf_be32(weir_buf *b, uint32_t v)
{
    v = __builtin_bswap32(v);
    weir_buf_add(b, &v, sizeof v);
}

void weir_buf_be64(weir_buf *b, uint64_t v)
{
    v = __builtin_bswap64(v);
    weir_buf_add(b, &v, sizeof v);
}

void weir_buf_varint(weir_buf *b, uint64_t v)
{
    char bytes[10];
    size_t n = 0;
    while (v >= 0x80) {
        bytes[n++] = (char)(v | 0x80);
        v >>= 7;
    }
    bytes[n++] = (char)v;
    weir_buf_add(b, bytes, n);
}

/* The next n bytes, or NULL and `bad`. */
static const char *reader_take(weir_reader *r, size_t n)
{
    if (r->bad || (size_t)(r->end - r->p) < n) {
        r->bad = true;
        return NULL;
    }
    const char *p = r->p;
    r->p += n;
    return p;
}

uint8_t weir_read_u8(weir_reader *r)
{
    const char *p = reader_take(r, 1);
    return p ? (uint8_t)*p : 0;
}

uint32_t weir_read_be32(weir_reader *r)
{
    uint32_t v = 0;
    const char *p = reader_take(r, sizeof v);
    if (p) {
        memcpy(&v, p, sizeof v);
    }
    return __builtin_bswap32(v);
}

uint64_t weir_read_be64(weir_reader *r)
{
    uint64_t v = 0;
    const char *p = reader_take(r, sizeof v);
    if (p) {
        memcpy(&v, p, sizeof v);
    }
    return __builtin_bswap64(v);
}

uint64_t weir_read_varint(weir_reader *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = weir_read_u8(r);
        if (r->bad || (shift == 63 && byte > 1)) {
            break; /* cut off, or more than 64 bits */
        }
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return v;
        }
    }
    r->bad = true;
    return 0;
}

weir_sv weir_read_bytes(weir_reader *r, size_t n)
{
    const char *p = n <= UINT32_MAX ? reader_take(r, n) : NULL;
    if (!p) {
        r->bad = true;
        return (weir_sv){0};
    }
    return weir_sv_of(p, n);
}
