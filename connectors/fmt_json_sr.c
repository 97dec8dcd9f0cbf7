/* JSON_SR: what the JSON format reads and writes, behind the id of a JSON schema. The schema of a
 * record that is read is not looked up: JSON says itself what it is. */
#include "connectors/fmt_json_sr.h"

#include "connectors/codec.h"
#include "connectors/fmt_json.h"
#include "connectors/formats.h"

typedef struct codec {
    const weir_codec_spec *spec;
    void *json;
    uint32_t id;
} codec;

static weir_rc decoder_new(weir_arena *a, const weir_codec_spec *spec, void **out, weir_status *st)
{
    WEIR_TRY(weir__codec_need_registry(spec, st));
    codec *d = WEIR_NEW(a, codec);
    d->spec = weir__codec_spec_copy(a, spec);
    *out = d;
    return weir__json_decoder_new(a, spec, &d->json, st);
}

static void decode(void *self, const weir_sv *in, uint32_t at, uint32_t n, weir_vec *cols,
                   weir_arena *step, weir_bad_rows *bad)
{
    codec *d = self;
    weir_sv texts[WEIR_BATCH_ROWS];
    uint32_t done = 0;
    WEIR_ASSERT(at + n <= WEIR_BATCH_ROWS);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id;
        texts[i] = in[i];
        if (in[i].n == WEIR_NULL_BYTES || weir__codec_schema_id(&texts[i], &id)) {
            continue;
        }
        weir__json_decode(d->json, texts + done, at + done, i - done, cols, step, bad);
        done = i + 1;
        weir_sv reason = weir_arena_printf(
            step, "Failed to deserialize %s from topic: " WEIR_SV_FMT ". Unknown magic byte!",
            d->spec->is_key ? "key" : "value", WEIR_SV_ARG(d->spec->topic));
        weir__codec_bad_row(d->spec, cols, step, at + i, bad, reason);
    }
    weir__json_decode(d->json, texts + done, at + done, n - done, cols, step, bad);
}

static weir_rc encoder_new(weir_arena *a, const weir_codec_spec *spec, void **out, weir_status *st)
{
    weir_sv text;
    int32_t id = 0;
    WEIR_TRY(weir__codec_need_registry(spec, st));
    codec *e = WEIR_NEW(a, codec);
    WEIR_TRY(weir__json_encoder_new(a, spec, &e->json, st));
    WEIR_TRY(weir__json_sr_schema(a, spec, &text, st));
    if (spec->topic.n && spec->format->schema_id) {
        id = spec->format->schema_id;
    } else if (spec->topic.n) {
        weir_registry *r = spec->registry;
        WEIR_TRY(r->calls->put(r, weir_registry_subject(a, spec->topic, spec->is_key),
                               WEIR_SCHEMA_JSON, text, &id, st));
    }
    e->id = (uint32_t)id;
    *out = e;
    return WEIR_OK;
}

static void encode(void *self, const weir_vec *cols, const uint16_t *rows, uint32_t n,
                   weir_buf *out, uint32_t *ends, uint64_t *null)
{
    const codec *e = self;
    for (uint32_t i = 0; i < n; i++) {
        size_t start = out->n;
        uint64_t none[WEIR_BITS_WORDS] = {0};
        weir_buf_byte(out, 0);
        weir_buf_be32(out, e->id);
        weir__json_encode(e->json, cols, &rows[i], 1, out, &ends[i], none);
        if (weir_bit(none, 0)) {
            out->n = start;
            ends[i] = (uint32_t)start;
            weir_bit_set(null, i);
        }
    }
}

const weir_format weir_format_json_sr = {
    .kind = WEIR_FMT_JSON_SR,
    .doc = "JSON behind the id of a JSON schema in a registry.",
    .decoder_new = decoder_new,
    .decode = decode,
    .encoder_new = encoder_new,
    .encode = encode,
    .schema = weir__json_sr_schema,
    .schema_kind = WEIR_SCHEMA_JSON,
    .columns = weir__json_sr_columns,
};
