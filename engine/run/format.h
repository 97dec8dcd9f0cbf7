/* Formats: bytes ↔ columns. One row per format in connectors/formats.def. A decoder or encoder is
 * made for one list of columns (the key's or the value's) and used for whole batches. Not
 * thread-safe: one per task. */
#pragma once
#include "engine/data/batch.h"
#include "engine/data/format.h"
#include "engine/run/registry.h"

/* Which records could not be read and why. */
typedef struct weir_bad_rows {
    uint64_t bits[WEIR_BITS_WORDS]; /* 1 = bad */
    uint32_t n;                     /* how many */
    /* Called once per bad row; reason names column and cause, without row data. */
    void (*report)(void *ctx, uint32_t row, weir_sv reason);
    void *ctx;
} weir_bad_rows;

typedef struct weir_codec_spec {
    const weir_format_spec *format;
    bool is_key;
    uint32_t n;                  /* columns of this side, in schema order */
    const weir_column *cols;
    const int32_t *out;          /* decoding: index into the output vectors per column, or -1 when
                                    not needed. NULL = identity */
    weir_sv topic;               /* for schema registries and messages; empty: bytes that are
                                    compared, but never read */
    weir_registry *registry;     /* NULL: none; formats that need one are refused */
} weir_codec_spec;

typedef struct weir_format weir_format;
struct weir_format {
    weir_format_kind kind;
    const char *doc; /* one sentence */
    weir_rc (*decoder_new)(weir_arena *a, const weir_codec_spec *spec, void **out, weir_status *st);
    /* Decodes in[i] into row at + i of cols[] for i < n. in[i].n == WEIR_NULL_BYTES: null, skipped
     * (the columns of that row become NULL). Bytes have 64 readable bytes behind them. Strings may
     * point into the input; what has to be made is in `step`. A bad record sets its bit (row at +
     * i); its columns become NULL. */
    void (*decode)(void *decoder, const weir_sv *in, uint32_t at, uint32_t n, weir_vec *cols,
                   weir_arena *step, weir_bad_rows *bad);
    weir_rc (*encoder_new)(weir_arena *a, const weir_codec_spec *spec, void **out, weir_status *st);
    /* Appends the encoding of cols[c][rows[i]] for i < n to `out`; ends[i] is out->n after it. A
     * row that the format has no bytes for (KAFKA null, NONE) gets ends[i] = the previous end and
     * its bit set in `null` (indexed by i). */
    void (*encode)(void *encoder, const weir_vec *cols, const uint16_t *rows, uint32_t n,
                   weir_buf *out, uint32_t *ends, uint64_t *null);
    /* Why the last batch cannot be written: a schema that somebody else made asks for values that
     * are not there. NULL: it could be. Formats without such schemas leave it out. */
    const char *(*refused)(const void *encoder);
    void (*close)(void *codec); /* NULL: everything is in the arena */
    /* The schema under which the encoder's records stand in a registry; NULL: has none. */
    weir_rc (*schema)(weir_arena *a, const weir_codec_spec *spec, weir_sv *text, weir_status *st);
    weir_schema_kind schema_kind; /* where `schema` is set */
    /* The other way: columns of a schema (for spec->is_key and spec->format), in `a`. `unwrap`: it
     * is that of a single column. NULL: cannot be done. */
    weir_rc (*columns)(weir_arena *a, const weir_codec_spec *spec, weir_sv text, bool unwrap,
                       const weir_column **cols, uint32_t *n, weir_status *st);
};

/* The table of formats, filled by the composition root. */
typedef struct weir_formats {
    const weir_format *by_kind[WEIR_FMT_KINDS]; /* NULL: not available */
    weir_registry *registry;                    /* for the codec specs; NULL: none */
} weir_formats;
