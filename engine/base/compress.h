/* gzip, zlib and zstd: whole texts in and out, with ceilings against bombs. Home of zlib.h and
 * zstd.h. Any thread. */
#pragma once
#include "engine/base/buf.h"
#include "engine/base/status.h"

/* ORDER weir_compression: names in compress.c */
typedef enum weir_compression {
    WEIR_COMPRESSION_NONE,
    WEIR_COMPRESSION_GZIP,    /* several members are one text, as gzip(1) */
    WEIR_COMPRESSION_DEFLATE, /* zlib format, as HTTP's "deflate" */
    WEIR_COMPRESSION_ZSTD,    /* several frames are one text */
} weir_compression;

/* "gzip", "x-gzip", "deflate", "zstd", "identity", "none", "": false: unknown. */
bool weir_compression_find(weir_sv name, weir_compression *out);
const char *weir_compression_name(weir_compression c);

/* Appends the compressed text. */
void weir_compress(weir_compression c, weir_sv in, weir_buf *out);

/* Reads a compressed text piece by piece. */
typedef struct weir_inflater weir_inflater;
/* `max`: ceiling of what comes out. `ratio`: what comes out may be that many times what went in, and
 * 64 kB on top; 0: any. */
weir_inflater *weir_inflater_new(weir_compression c, uint64_t max, uint32_t ratio);
void weir_inflater_free(weir_inflater *i); /* NULL is fine */
/* Appends what the next bytes stand for. WEIR_ELIMIT: over a ceiling. WEIR_EDATA: not such a text.
 * After an error it is of no more use. */
weir_rc weir_inflater_add(weir_inflater *i, const char *p, size_t n, weir_buf *out,
                          weir_status *st);
/* WEIR_EDATA when the text was cut short. */
weir_rc weir_inflater_end(weir_inflater *i, weir_status *st);

/* All at once. */
weir_rc weir_decompress(weir_compression c, weir_sv in, uint64_t max, uint32_t ratio, weir_buf *out,
                        weir_status *st);
