/* Bytes that come in parts, taken out line by line. */
#pragma once
#include "engine/base/buf.h"

typedef struct weir_splitter {
    weir_buf bytes;
    size_t at;      /* bytes that are taken */
    size_t scanned; /* no line end before this */
} weir_splitter;

void weir_splitter_deinit(weir_splitter *s);
/* Room for `n` bytes more; the caller adds what it has written to s->bytes.n. Invalidates lines. */
char *weir_splitter_room(weir_splitter *s, size_t n);
/* The next line without its end, valid until the next call of either. `ended`: nothing more comes, so
 * that the rest is a line. A line of more than `most` bytes is cut there. */
bool weir_splitter_next(weir_splitter *s, uint32_t most, bool ended, weir_sv *line);
static inline size_t weir_splitter_left(const weir_splitter *s)
{
    return s->bytes.n - s->at;
}
