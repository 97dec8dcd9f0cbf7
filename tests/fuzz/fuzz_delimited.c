/* The DELIMITED decoder with a schema made from the first bytes, and the encoder on what it read.
 *
 *   byte 0: delimiter   byte 1: number of columns   then one byte per column: type */
#include <stdlib.h>

#include "connectors/formats.h"
#include "engine/data/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    weir_column cols[8] = {0};
    if (size < 2 || size < 2 + (size_t)(data[1] % 9)) {
        return 0;
    }
    uint32_t n = data[1] % 9;
    weir_arena a;
    weir_arena_init(&a);
    for (uint32_t i = 0; i < n; i++) {
        weir_kind kind = (weir_kind)(data[2 + i] % WEIR_T_ARRAY);
        cols[i] = (weir_column){.name = WEIR_SV("C"),
                                .type = kind == WEIR_T_DECIMAL ? weir_type_decimal(&a, 12, 3)
                                                               : weir_type_of(kind)};
    }
    /* Letters, digits and signs as delimiters cannot be told from values without quotes. */
    weir_format_spec spec = {.kind = WEIR_FMT_DELIMITED, .delimiter = ",|\t ;:"[data[0] % 6]};
    weir_codec_spec codec = {.format = &spec, .n = n, .cols = cols, .topic = WEIR_SV("t")};
    weir_schema schema = {(uint16_t)n, 0, cols};
    const weir_format *f = weir_formats_builtin()->by_kind[WEIR_FMT_DELIMITED];
    void *decoder;
    void *encoder;
    if (f->decoder_new(&a, &codec, &decoder, NULL) || f->encoder_new(&a, &codec, &encoder, NULL)) {
        abort();
    }
    weir_sv in = weir_sv_of((const char *)data + 2 + n, size - 2 - n);
    weir_buf text[2] = {0};
    bool ok = true;
    for (int i = 0; i < 2 && ok; i++) {
        weir_bad_rows bad = {0};
        uint16_t row = 0;
        uint32_t end;
        uint64_t null[WEIR_BITS_WORDS] = {0};
        weir_batch *b = weir_batch_new(&a, &schema);
        f->decode(decoder, &in, 0, 1, b->cols, &a, &bad);
        ok = bad.n == 0;
        /* A single NULL is an empty line, which holds no record. */
        if (i == 1 && !ok && text[0].n > 0) {
            abort();
        }
        if (ok) {
            f->encode(encoder, b->cols, &row, 1, &text[i], &end, null);
            in = text[0].n > 0 ? weir_buf_view(&text[0]) : WEIR_SV("");
        }
    }
    if (ok && !weir_sv_eq(weir_buf_view(&text[0]), weir_buf_view(&text[1]))) {
        abort();
    }
    weir_buf_deinit(&text[0]);
    weir_buf_deinit(&text[1]);
    weir_arena_deinit(&a);
    return 0;
}
