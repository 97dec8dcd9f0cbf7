/* NONE: no columns, no bytes. What stands in the topic is not looked at. */
#include "connectors/codec.h"
#include "connectors/formats.h"

static weir_rc codec_new(weir_arena *a, const weir_codec_spec *spec, void **out, weir_status *st)
{
    if (spec->n > 0) {
        return weir_fail(st, WEIR_EUSAGE,
                         "the 'NONE' format can only be used when no columns are defined, got %u",
                         spec->n);
    }
    *out = weir__codec_spec_copy(a, spec);
    return WEIR_OK;
}

static void decode(void *self, const weir_sv *in, uint32_t at, uint32_t n, weir_vec *cols,
                   weir_arena *step, weir_bad_rows *bad)
{
    (void)self;
    (void)in;
    (void)at;
    (void)n;
    (void)cols;
    (void)step;
    (void)bad;
}

static void encode(void *self, const weir_vec *cols, const uint16_t *rows, uint32_t n,
                   weir_buf *out, uint32_t *ends, uint64_t *null)
{
    (void)self;
    (void)cols;
    (void)rows;
    for (uint32_t i = 0; i < n; i++) {
        weir_bit_set(null, i);
        ends[i] = (uint32_t)out->n;
    }
}

const weir_format weir_format_none = {
    .kind = WEIR_FMT_NONE,
    .doc = "No key: for sources without key columns.",
    .decoder_new = codec_new,
    .decode = decode,
    .encoder_new = codec_new,
    .encode = encode,
};
