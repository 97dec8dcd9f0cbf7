/* gzip and deflate through zlib, zstd through libzstd, behind one interface. The ratio is checked on
 * running totals, so that a bomb is noticed after its first pieces. */
#include "engine/base/compress.h"

#include "engine/base/alloc.h"

#include <zlib.h>
#include <zstd.h>

#define OUT_BYTES 65536    /* room made at once */
#define RATIO_FREE 65536   /* what may come out whatever the ratio is */
#define ZSTD_LEVEL 3
#define GZIP_LEVEL 6
#define WINDOW_GZIP (15 + 16)
#define WINDOW_ZLIB 15
#define WINDOW_LOG_MAX 23 /* zstd: 8 MB, what RFC 8878 asks of everybody */

/* ORDER weir_compression */
static const char *const names[] = {"none", "gzip", "deflate", "zstd"};

struct weir_inflater {
    weir_compression kind;
    uint64_t max, in, out;
    uint32_t ratio;
    bool at_end; /* a member or frame is complete, or nothing has come yet */
    z_stream zlib;
    ZSTD_DStream *zstd;
};

bool weir_compression_find(weir_sv name, weir_compression *out)
{
    for (size_t i = 0; i < WEIR_COUNT(names); i++) {
        if (weir_sv_ieq(name, weir_sv_cstr(names[i]))) {
            *out = (weir_compression)i;
            return true;
        }
    }
    if (name.n == 0 || weir_sv_ieq(name, WEIR_SV("identity"))) {
        *out = WEIR_COMPRESSION_NONE;
        return true;
    }
    *out = WEIR_COMPRESSION_GZIP;
    return weir_sv_ieq(name, WEIR_SV("x-gzip"));
}

const char *weir_compression_name(weir_compression c)
{
    WEIR_ASSERT((size_t)c < WEIR_COUNT(names));
    return names[c];
}

static void *zlib_alloc(void *ctx, unsigned n, unsigned bytes)
{
    (void)ctx;
    return weir_zalloc((size_t)n * bytes);
}

static void zlib_free(void *ctx, void *p)
{
    (void)ctx;
    weir_free(p);
}

static void compress_zlib(weir_sv in, int window, weir_buf *out)
{
    z_stream z = {.zalloc = zlib_alloc, .zfree = zlib_free};
    WEIR_ASSERT(deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    size_t room = deflateBound(&z, in.n);
    char *to = weir_buf_reserve(out, room);
    if (to) {
        z.next_in = (Bytef *)(uintptr_t)in.p; /* zlib only reads it */
        z.avail_in = in.n;
        z.next_out = (Bytef *)to;
        z.avail_out = (uInt)room;
        WEIR_ASSERT(deflate(&z, Z_FINISH) == Z_STREAM_END);
        out->n += z.total_out;
    }
    deflateEnd(&z);
}

void weir_compress(weir_compression c, weir_sv in, weir_buf *out)
{
    switch (c) {
    case WEIR_COMPRESSION_NONE:
        weir_buf_sv(out, in);
        break;
    case WEIR_COMPRESSION_GZIP:
        compress_zlib(in, WINDOW_GZIP, out);
        break;
    case WEIR_COMPRESSION_DEFLATE:
        compress_zlib(in, WINDOW_ZLIB, out);
        break;
    case WEIR_COMPRESSION_ZSTD: {
        size_t room = ZSTD_compressBound(in.n);
        char *to = weir_buf_reserve(out, room);
        if (to) {
            size_t n = ZSTD_compress(to, room, in.p, in.n, ZSTD_LEVEL);
            WEIR_ASSERT(!ZSTD_isError(n));
            out->n += n;
        }
        break;
    }
    }
}

weir_inflater *weir_inflater_new(weir_compression c, uint64_t max, uint32_t ratio)
{
    weir_inflater *i = weir_zalloc(sizeof *i);
    i->kind = c;
    i->max = max;
    i->ratio = ratio;
    i->at_end = c == WEIR_COMPRESSION_NONE;
    i->zlib.zalloc = zlib_alloc;
    i->zlib.zfree = zlib_free;
    if (c == WEIR_COMPRESSION_GZIP || c == WEIR_COMPRESSION_DEFLATE) {
        int window = c == WEIR_COMPRESSION_GZIP ? WINDOW_GZIP : WINDOW_ZLIB;
        WEIR_ASSERT(inflateInit2(&i->zlib, window) == Z_OK);
    } else if (c == WEIR_COMPRESSION_ZSTD) {
        i->zstd = ZSTD_createDStream();
        WEIR_ASSERT(i->zstd != NULL);
        ZSTD_DCtx_setParameter(i->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    }
    return i;
}

void weir_inflater_free(weir_inflater *i)
{
    if (i) {
        if (i->kind == WEIR_COMPRESSION_GZIP || i->kind == WEIR_COMPRESSION_DEFLATE) {
            inflateEnd(&i->zlib);
        }
        ZSTD_freeDStream(i->zstd);
        weir_free(i);
    }
}

/* Counts what went in and came out. */
static weir_rc account(weir_inflater *i, uint64_t in, uint64_t out, weir_status *st)
{
    i->in += in;
    i->out += out;
    if (i->out > i->max) {
        return weir_fail(st, WEIR_ELIMIT, "%s text is more than %llu bytes", names[i->kind],
                         (unsigned long long)i->max);
    }
    if (i->ratio && i->out > RATIO_FREE + i->in * i->ratio) {
        return weir_fail(st, WEIR_ELIMIT, "%s text is more than %u times its compressed size",
                         names[i->kind], i->ratio);
    }
    return WEIR_OK;
}

static char *make_room(const weir_inflater *i, weir_buf *out, weir_status *st)
{
    char *to = weir_buf_reserve(out, OUT_BYTES);
    if (!to) {
        weir_fail(st, WEIR_ELIMIT, "%s text is more than %zu bytes", names[i->kind], out->max);
    }
    return to;
}

static weir_rc add_zlib(weir_inflater *i, const char *p, size_t n, weir_buf *out, weir_status *st)
{
    z_stream *z = &i->zlib;
    z->next_in = (Bytef *)(uintptr_t)p; /* zlib only reads it */
    z->avail_in = (uInt)n;
    while (z->avail_in > 0 || z->avail_out == 0) {
        if (i->at_end) {
            if (z->avail_in == 0) {
                break;
            }
            if (i->kind == WEIR_COMPRESSION_DEFLATE) {
                return weir_fail(st, WEIR_EDATA, "deflate text goes on after its end");
            }
            inflateReset(z);
            i->at_end = false;
        }
        char *to = make_room(i, out, st);
        if (!to) {
            return WEIR_ELIMIT;
        }
        uInt before = z->avail_in;
        z->next_out = (Bytef *)to;
        z->avail_out = OUT_BYTES;
        int rc = inflate(z, Z_NO_FLUSH);
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
            return weir_fail(st, WEIR_EDATA, "not %s text: %s", names[i->kind],
                             z->msg ? z->msg : "broken");
        }
        i->at_end = rc == Z_STREAM_END;
        out->n += OUT_BYTES - z->avail_out;
        WEIR_TRY(account(i, before - z->avail_in, OUT_BYTES - z->avail_out, st));
        if (rc == Z_BUF_ERROR) {
            break;
        }
    }
    z->avail_out = 1; /* nothing is held back */
    return WEIR_OK;
}

static weir_rc add_zstd(weir_inflater *i, const char *p, size_t n, weir_buf *out, weir_status *st)
{
    ZSTD_inBuffer in = {p, n, 0};
    bool full = false;
    while (in.pos < in.size || full) {
        char *to = make_room(i, out, st);
        if (!to) {
            return WEIR_ELIMIT;
        }
        size_t before = in.pos;
        ZSTD_outBuffer piece = {to, OUT_BYTES, 0};
        size_t rc = ZSTD_decompressStream(i->zstd, &piece, &in);
        if (ZSTD_isError(rc)) {
            return weir_fail(st, WEIR_EDATA, "not zstd text: %s", ZSTD_getErrorName(rc));
        }
        i->at_end = rc == 0;
        full = piece.pos == piece.size && rc != 0;
        out->n += piece.pos;
        WEIR_TRY(account(i, in.pos - before, piece.pos, st));
    }
    return WEIR_OK;
}

weir_rc weir_inflater_add(weir_inflater *i, const char *p, size_t n, weir_buf *out, weir_status *st)
{
    WEIR_ASSERT(n <= UINT32_MAX);
    if (n == 0) {
        return WEIR_OK;
    }
    switch (i->kind) {
    case WEIR_COMPRESSION_GZIP:
    case WEIR_COMPRESSION_DEFLATE:
        return add_zlib(i, p, n, out, st);
    case WEIR_COMPRESSION_ZSTD:
        return add_zstd(i, p, n, out, st);
    case WEIR_COMPRESSION_NONE:
        break;
    }
    WEIR_TRY(account(i, n, n, st));
    weir_buf_add(out, p, n);
    return out->over ? weir_fail(st, WEIR_ELIMIT, "text is more than %zu bytes", out->max) : WEIR_OK;
}

weir_rc weir_inflater_end(weir_inflater *i, weir_status *st)
{
    return i->at_end ? WEIR_OK
                     : weir_fail(st, WEIR_EDATA, "%s text ends too early", names[i->kind]);
}

weir_rc weir_decompress(weir_compression c, weir_sv in, uint64_t max, uint32_t ratio, weir_buf *out,
                        weir_status *st)
{
    weir_inflater *i = weir_inflater_new(c, max, ratio);
    weir_rc rc = weir_inflater_add(i, in.p, in.n, out, st);
    if (rc == WEIR_OK) {
        rc = weir_inflater_end(i, st);
    }
    weir_inflater_free(i);
    return rc;
}
