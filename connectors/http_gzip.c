/* The stream is kept: making one costs more than a small body. Home of zlib.h among the connectors.
 */
#include "connectors/http_gzip.h"

#include <zlib.h>

#define LEVEL 4               /* most of the gain for JSON, half the time of the default */
#define GZIP_WINDOW (15 + 16) /* + 16: gzip's head and end instead of zlib's */
#define MEMORY 8

struct weir_gzip {
    z_stream z;
};

weir_gzip *weir_gzip_new(void)
{
    weir_gzip *g = weir_zalloc(sizeof *g);
    int rc = deflateInit2(&g->z, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY);
    WEIR_ASSERT(rc == Z_OK);
    return g;
}

void weir_gzip_free(weir_gzip *g)
{
    if (g) {
        deflateEnd(&g->z);
        weir_free(g);
    }
}

void weir_gzip_pack(weir_gzip *g, weir_sv bytes, weir_buf *out)
{
    uLong bound = deflateBound(&g->z, bytes.n);
    char *to = weir_buf_reserve(out, bound);
    if (!to) {
        return; /* out->over tells */
    }
    g->z.next_in = (Bytef *)(uintptr_t)bytes.p;
    g->z.avail_in = bytes.n;
    g->z.next_out = (Bytef *)to;
    g->z.avail_out = (uInt)bound;
    int rc = deflate(&g->z, Z_FINISH);
    WEIR_ASSERT(rc == Z_STREAM_END); /* there was room for the worst */
    out->n += bound - g->z.avail_out;
    deflateReset(&g->z);
}
