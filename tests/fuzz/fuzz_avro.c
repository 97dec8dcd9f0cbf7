/* The AVRO decoder with a schema and a record that strangers wrote, and the encoder on what it
 * read.
 *
 *   text of the schema, a zero byte, the value's bytes */
#include <stdlib.h>

#include "connectors/formats.h"
#include "engine/data/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool decode(const weir_format *f, void *decoder, weir_sv in, const weir_schema *schema,
                   weir_arena *a, weir_batch **out)
{
    weir_bad_rows bad = {0};
    *out = weir_batch_new(a, schema);
    f->decode(decoder, &in, 0, 1, (*out)->cols, a, &bad);
    return bad.n == 0;
}

static void encode(const weir_format *f, void *encoder, const weir_batch *b, weir_buf *out)
{
    uint16_t row = 0;
    uint32_t end;
    uint64_t null[WEIR_BITS_WORDS] = {0};
    f->encode(encoder, b->cols, &row, 1, out, &end, null);
}

/* What was read is written under the columns' own schema, which must give the same bytes again. */
static void check(weir_arena *a, const weir_codec_spec *codec, weir_sv record)
{
    const weir_format *f = weir_formats_builtin()->by_kind[WEIR_FMT_AVRO];
    weir_schema schema = {(uint16_t)codec->n, 0, codec->cols};
    void *decoder;
    void *encoder;
    weir_batch *b;
    weir_buf text[2] = {0};
    if (f->decoder_new(a, codec, &decoder, NULL) || f->encoder_new(a, codec, &encoder, NULL)) {
        abort();
    }
    if (decode(f, decoder, record, &schema, a, &b)) {
        encode(f, encoder, b, &text[0]);
        if (text[0].n) { /* a bare NULL has no bytes */
            if (!decode(f, decoder, weir_buf_view(&text[0]), &schema, a, &b)) {
                abort();
            }
            encode(f, encoder, b, &text[1]);
            if (!weir_sv_eq(weir_buf_view(&text[0]), weir_buf_view(&text[1]))) {
                abort();
            }
        }
    }
    weir_buf_deinit(&text[0]);
    weir_buf_deinit(&text[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    if (!zero) {
        return 0;
    }
    weir_arena a;
    weir_arena_init(&a);
    weir_registry *registry = weir_registry_in_memory();
    const weir_type *text = weir_type_of(WEIR_T_STRING);
    const weir_type *number = weir_type_of(WEIR_T_INTEGER);
    weir_field fields[] = {{WEIR_SV("A"), number}, {WEIR_SV("STRING"), text}};
    const weir_type *types[] = {
        weir_type_of(WEIR_T_BOOLEAN),
        number,
        weir_type_of(WEIR_T_BIGINT),
        weir_type_of(WEIR_T_DOUBLE),
        text,
        weir_type_of(WEIR_T_BYTES),
        weir_type_decimal(&a, 5, 2),
        weir_type_decimal(&a, 50, 5),
        weir_type_array(&a, weir_type_array(&a, number)),
        weir_type_map(&a, text, text),
        weir_type_struct(&a, fields, 2),
        weir_type_map(&a, text, weir_type_struct(&a, fields, 2)),
    };
    weir_column cols[WEIR_COUNT(types)] = {0};
    for (uint32_t i = 0; i < WEIR_COUNT(types); i++) {
        cols[i] = (weir_column){.name = weir_sv_of(&"ABCDEFGHIJKL"[i], 1), .type = types[i]};
    }
    int32_t id;
    weir_buf record = {0};
    registry->calls->put(registry, WEIR_SV("w"), WEIR_SCHEMA_AVRO,
                         weir_sv_of((const char *)data, (size_t)(zero - data)), &id, NULL);
    weir_buf_byte(&record, 0);
    weir_buf_be32(&record, (uint32_t)id);
    weir_buf_add(&record, zero + 1, size - (size_t)(zero + 1 - data));
    weir_format_spec spec = {.kind = WEIR_FMT_AVRO};
    weir_codec_spec codec = {.format = &spec,
                             .n = WEIR_COUNT(types),
                             .cols = cols,
                             .topic = WEIR_SV("t"),
                             .registry = registry};
    check(&a, &codec, weir_buf_view(&record));
    spec.wrap = WEIR_WRAP_NO;
    codec.n = 1;
    for (uint32_t i = 0; i < WEIR_COUNT(types); i++) {
        codec.cols = &cols[i];
        check(&a, &codec, weir_buf_view(&record));
    }
    weir_buf_deinit(&record);
    weir_registry_close(registry);
    weir_arena_deinit(&a);
    return 0;
}
