/* See split.h. */
#include "tools/split.h"

void weir_splitter_deinit(weir_splitter *s)
{
    weir_buf_deinit(&s->bytes);
}

char *weir_splitter_room(weir_splitter *s, size_t n)
{
    size_t left = weir_splitter_left(s);
    if (s->at >= left) { /* moving costs less than what has been taken since the last time */
        if (left) {
            memmove(s->bytes.p, s->bytes.p + s->at, left);
        }
        s->scanned = s->scanned > s->at ? s->scanned - s->at : 0;
        s->bytes.n = left;
        s->at = 0;
    }
    return weir_buf_reserve(&s->bytes, n);
}

bool weir_splitter_next(weir_splitter *s, uint32_t most, bool ended, weir_sv *line)
{
    size_t from = s->scanned > s->at ? s->scanned : s->at;
    size_t left = weir_splitter_left(s);
    if (left == 0) {
        return false;
    }
    char *start = s->bytes.p + s->at;
    char *end = s->bytes.n > from ? memchr(s->bytes.p + from, '\n', s->bytes.n - from) : NULL;
    s->scanned = s->bytes.n;
    if (end && (size_t)(end - start) <= most) {
        *line = weir_sv_of(start, (size_t)(end - start));
        s->at += line->n + 1u;
        s->scanned = s->at;
        return true;
    }
    if (left > most || ended) {
        *line = weir_sv_of(start, left > most ? most : left);
        s->at += line->n;
        s->scanned = s->at;
        return true;
    }
    return false;
}
