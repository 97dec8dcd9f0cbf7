/* The JSON decoder with a schema made from the first bytes, the encoder on what it read, and the
 * tree. What was read, written and read again must be written the same.
 *
 * Its lines, read together, must be what each is alone.
 *
 *   byte 0: flags (1 unwrapped, 2 key)   byte 1: number of columns   then one byte per column: type
 */
#include <stdlib.h>
#include <string.h>

#include "connectors/formats.h"
#include "engine/data/batch.h"
#include "engine/data/json.h"
#include "engine/run/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const weir_type *type_of(weir_arena *a, uint8_t byte)
{
    weir_kind kind = (weir_kind)(byte % 16 % WEIR_T_ARRAY);
    const weir_type *t = kind == WEIR_T_DECIMAL
                             ? weir_type_decimal(a, byte & 64 ? 50 : 12, byte & 128 ? 9 : 2)
                             : weir_type_of(kind);
    switch ((byte >> 4) & 3) {
    case 1:
        return weir_type_array(a, t);
    case 2:
        return weir_type_map(a, weir_type_of(WEIR_T_STRING), t);
    case 3: {
        weir_field fields[] = {{WEIR_SV("A"), t}, {WEIR_SV("b"), weir_type_array(a, t)}};
        return weir_type_struct(a, fields, 2);
    }
    default:
        return t;
    }
}

typedef struct round_trip {
    const weir_format *format;
    const weir_codec_spec *codec;
    void *decoder, *encoder;
    weir_schema schema;
} round_trip;

/* Decodes one record; false when it is bad. */
static bool decode(const round_trip *r, weir_arena *step, weir_sv text, weir_batch **out)
{
    weir_bad_rows bad = {0};
    char *copy = weir_arena_zalloc(step, text.n + WEIR_CHUNK_PADDING);
    weir_sv in = weir_sv_of(copy, text.n);
    if (text.n) {
        memcpy(copy, text.p, text.n);
    }
    *out = weir_batch_new(step, &r->schema);
    r->format->decode(r->decoder, &in, 0, 1, (*out)->cols, step, &bad);
    return bad.n == 0;
}

static bool encode(const round_trip *r, const weir_batch *b, weir_buf *out)
{
    uint16_t row = 0;
    uint32_t end;
    uint64_t null[WEIR_BITS_WORDS] = {0};
    r->format->encode(r->encoder, b->cols, &row, 1, out, &end, null);
    return !weir_bit(null, 0);
}

/* The first writing may change things (-0.0 is 0.0 as a number), the second one must not. */
static void check_record(const round_trip *r, weir_arena *step, weir_sv in)
{
    weir_buf text[3] = {0};
    for (int i = 0; i < 3; i++) {
        weir_batch *b;
        if (!decode(r, step, i ? weir_buf_view(&text[i - 1]) : in, &b)) {
            if (i > 0) {
                abort();
            }
            break;
        }
        if (!encode(r, b, &text[i])) {
            break;
        }
    }
    if (text[2].n > 0 && !weir_sv_eq(weir_buf_view(&text[1]), weir_buf_view(&text[2]))) {
        abort();
    }
    for (int i = 0; i < 3; i++) {
        weir_buf_deinit(&text[i]);
    }
}

/* Row `row` as JSON; what could not be read is empty. */
static void encode_row(const round_trip *r, const weir_batch *b, const weir_bad_rows *bad,
                       uint16_t row, weir_buf *out)
{
    uint32_t end;
    uint64_t null[WEIR_BITS_WORDS] = {0};
    if (!weir_bit(bad->bits, row)) {
        r->format->encode(r->encoder, b->cols, &row, 1, out, &end, null);
    }
}

/* The lines of a text as the records of one call: each must be read as if it were alone, by a
 * decoder that has seen no other. */
static void check_neighbours(const round_trip *r, weir_arena *step, weir_sv in)
{
    weir_sv lines[64];
    uint32_t n = 0;
    char *copy = weir_arena_zalloc(step, in.n + WEIR_CHUNK_PADDING);
    memcpy(copy, in.p, in.n);
    const char *end = copy + in.n;
    for (const char *p = copy; p < end && n < WEIR_COUNT(lines); n++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        stop = stop ? stop : end;
        lines[n] = weir_sv_of(p, (size_t)(stop - p));
        p = stop + 1;
    }
    weir_bad_rows bad = {0};
    weir_batch *all = weir_batch_new(step, &r->schema);
    r->format->decode(r->decoder, lines, 0, n, all->cols, step, &bad);
    for (uint32_t i = 0; i < n; i++) {
        weir_buf text[2] = {0};
        weir_bad_rows bad_alone = {0};
        weir_batch *alone = weir_batch_new(step, &r->schema);
        void *fresh = NULL;
        if (r->format->decoder_new(step, r->codec, &fresh, NULL) != WEIR_OK) {
            abort();
        }
        r->format->decode(fresh, &lines[i], 0, 1, alone->cols, step, &bad_alone);
        encode_row(r, all, &bad, (uint16_t)i, &text[0]);
        encode_row(r, alone, &bad_alone, 0, &text[1]);
        if (weir_bit(bad.bits, i) != weir_bit(bad_alone.bits, 0) ||
            !weir_sv_eq(weir_buf_view(&text[0]), weir_buf_view(&text[1]))) {
            abort();
        }
        weir_buf_deinit(&text[0]);
        weir_buf_deinit(&text[1]);
    }
}

static void check_tree(weir_arena *a, weir_sv in)
{
    const weir_json_node *first;
    const weir_json_node *second;
    weir_buf text = {0};
    weir_buf again = {0};
    uint32_t used;
    if (weir_json_parse(a, in, &used, &first, NULL) == WEIR_OK && first) {
        weir_json_print(&text, first, true);
        if (used > in.n || weir_json_parse(a, weir_buf_view(&text), NULL, &second, NULL)) {
            abort();
        }
        weir_json_print(&again, second, true);
        if (!weir_sv_eq(weir_buf_view(&text), weir_buf_view(&again))) {
            abort();
        }
    }
    weir_buf_deinit(&text);
    weir_buf_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"A", "B", "NAME", "a", "A_LONGER_NAME_OF_SOME",
                                        "É", "",  "\""};
    weir_column cols[8] = {0};
    if (size < 2 || size < 2 + (size_t)(data[1] % 9)) {
        return 0;
    }
    uint32_t n = data[1] % 9;
    weir_arena a;
    weir_arena step;
    weir_arena_init(&a);
    weir_arena_init(&step);
    for (uint32_t i = 0; i < n; i++) {
        cols[i] = (weir_column){.name = weir_sv_cstr(names[i]), .type = type_of(&a, data[2 + i])};
    }
    weir_format_spec spec = {.kind = WEIR_FMT_JSON,
                             .wrap = data[0] & 1 ? WEIR_WRAP_NO : WEIR_WRAP_YES};
    weir_codec_spec codec = {
        .format = &spec, .is_key = data[0] & 2, .n = n, .cols = cols, .topic = WEIR_SV("t")};
    round_trip r = {.format = weir_formats_builtin()->by_kind[WEIR_FMT_JSON],
                    .codec = &codec,
                    .schema = {(uint16_t)n, 0, cols}};
    if (r.format->decoder_new(&a, &codec, &r.decoder, NULL) != WEIR_OK ||
        r.format->encoder_new(&a, &codec, &r.encoder, NULL) != WEIR_OK) {
        abort();
    }
    weir_sv in = weir_sv_of((const char *)data + 2 + n, size - 2 - n);
    check_record(&r, &step, in);
    check_record(&r, &step, in); /* with the names learned */
    check_neighbours(&r, &step, in);
    check_tree(&step, in);
    weir_arena_deinit(&step);
    weir_arena_deinit(&a);
    return 0;
}
