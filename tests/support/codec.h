/* Drives a format's codec in tests: columns from a short list, records from C strings, rows back as
 * JSON text. Header only, because not every test links the connectors. */
#pragma once
#include "connectors/formats.h"
#include "engine/data/batch.h"
#include "engine/run/chunk.h"
#include "tests/support/test.h"

#include <stdio.h>

typedef struct codec_test {
    weir_arena arena, step;
    weir_format_spec spec;
    weir_schema schema;
    weir_codec_spec codec;
    const weir_format *format;
    void *decoder, *encoder;
    weir_batch *batch;
    weir_bad_rows bad;
    char reason[512]; /* of the last bad row */
    weir_buf text;
    weir_status st;
} codec_test;

typedef struct codec_column {
    const char *name;
    const weir_type *type;
} codec_column;

static inline void codec_report(void *ctx, uint32_t row, weir_sv reason)
{
    codec_test *t = ctx;
    (void)row;
    snprintf(t->reason, sizeof t->reason, WEIR_SV_FMT, WEIR_SV_ARG(reason));
}

/* Returns the result of making decoder and encoder. The arenas must have been made. */
static inline weir_rc codec_start(codec_test *t, weir_format_kind kind, bool is_key,
                                  const codec_column *columns, uint32_t n)
{
    weir_column *cols = WEIR_NEW_N(&t->arena, weir_column, n);
    for (uint32_t i = 0; i < n; i++) {
        cols[i] = (weir_column){.name = weir_sv_cstr(columns[i].name),
                                .type = columns[i].type,
                                .role = is_key ? WEIR_COL_KEY : WEIR_COL_VALUE};
    }
    t->spec.kind = kind;
    t->spec.delimiter = t->spec.delimiter ? t->spec.delimiter : ',';
    t->schema = (weir_schema){(uint16_t)n, is_key ? (uint16_t)n : 0, cols};
    t->codec.format = &t->spec;
    t->codec.is_key = is_key;
    t->codec.n = n;
    t->codec.cols = cols;
    t->codec.topic = WEIR_SV("t");
    t->format = weir_formats_builtin()->by_kind[kind];
    assert_non_null(t->format);
    WEIR_TRY(t->format->decoder_new(&t->arena, &t->codec, &t->decoder, &t->st));
    return t->format->encoder_new(&t->arena, &t->codec, &t->encoder, &t->st);
}

static inline void codec_init(codec_test *t)
{
    memset(t, 0, sizeof *t);
    weir_arena_init(&t->arena);
    weir_arena_init(&t->step);
}

static inline void codec_end(codec_test *t)
{
    weir_buf_deinit(&t->text);
    weir_arena_deinit(&t->step);
    weir_arena_deinit(&t->arena);
}

/* Decodes into row 0 of a new batch; "!" and the reason when the record is bad. */
static inline const char *codec_decode(codec_test *t, weir_sv in)
{
    weir_arena_reset(&t->step);
    memset(&t->bad, 0, sizeof t->bad);
    t->bad.report = codec_report;
    t->bad.ctx = t;
    t->batch = weir_batch_new(&t->step, &t->schema);
    char *padded = weir_arena_zalloc(&t->step, in.n + WEIR_CHUNK_PADDING);
    memcpy(padded, in.p, in.n);
    weir_sv copy = weir_sv_of(padded, in.n);
    t->format->decode(t->decoder, &copy, 0, 1, t->batch->cols, &t->step, &t->bad);
    weir_buf_reset(&t->text);
    if (t->bad.n) {
        assert_true(weir_bit(t->bad.bits, 0));
        weir_buf_printf(&t->text, "!%s", t->reason);
    }
    for (uint32_t c = 0; c < t->schema.n; c++) {
        weir_value v = weir_vec_get(&t->batch->cols[c], 0);
        if (t->bad.n) {
            assert_true(v.null);
            continue;
        }
        weir_buf_str(&t->text, c ? "|" : "");
        weir_value_print_json(&t->text, t->schema.cols[c].type, &v);
    }
    return weir_buf_cstr(&t->text);
}

/* Encodes row 0 of the last batch; NULL when there are no bytes. */
static inline const char *codec_encode(codec_test *t)
{
    uint16_t row = 0;
    uint32_t end = 0;
    uint64_t null[WEIR_BITS_WORDS] = {0};
    weir_buf_reset(&t->text);
    weir_buf_str(&t->text, "x"); /* what stands in front must not be touched */
    t->format->encode(t->encoder, t->batch->cols, &row, 1, &t->text, &end, null);
    assert_int_equal(end, t->text.n);
    assert_int_equal(t->text.p[0], 'x');
    if (weir_bit(null, 0)) {
        assert_int_equal(end, 1);
        return NULL;
    }
    return weir_buf_cstr(&t->text) + 1;
}
