/* KAFKA: one column as Kafka's own serializers write it: numbers big-endian, text as UTF-8, bytes
 * as they are. NULL is a null key or value. */
#include "connectors/codec.h"
#include "connectors/formats.h"
#include "engine/data/text.h"

static weir_rc codec_new(weir_arena *a, const weir_codec_spec *spec, void **out, weir_status *st)
{
    if (spec->n > 1) {
        return weir_fail(st, WEIR_EUSAGE, "the 'KAFKA' format only supports a single field, got %u",
                         spec->n);
    }
    if (spec->n == 1) {
        weir_kind kind = spec->cols[0].type->kind;
        bool known = kind == WEIR_T_INTEGER || kind == WEIR_T_BIGINT || kind == WEIR_T_DOUBLE ||
                     kind == WEIR_T_STRING || kind == WEIR_T_BYTES;
        if (!known) {
            return weir__codec_refuse(spec, &spec->cols[0], st);
        }
    }
    *out = weir__codec_spec_copy(a, spec);
    return WEIR_OK;
}

static uint64_t big_endian(weir_sv in)
{
    uint64_t v = 0;
    for (uint32_t i = 0; i < in.n; i++) {
        v = v << 8 | (unsigned char)in.p[i];
    }
    return v;
}

/* Kafka's words, the missing name of the double's deserializer included. */
static const char *read_value(weir_kind kind, weir_sv in, weir_arena *step, void *data,
                              uint32_t row)
{
    uint64_t bits = in.n <= 8 ? big_endian(in) : 0;
    if (kind == WEIR_T_INTEGER) {
        if (in.n != 4) {
            return "Size of data received by IntegerDeserializer is not 4";
        }
        ((int32_t *)data)[row] = (int32_t)(uint32_t)bits;
    } else if (kind == WEIR_T_BIGINT) {
        if (in.n != 8) {
            return "Size of data received by LongDeserializer is not 8";
        }
        ((int64_t *)data)[row] = (int64_t)bits;
    } else if (kind == WEIR_T_DOUBLE) {
        if (in.n != 8) {
            return "Size of data received by Deserializer is not 8";
        }
        memcpy((double *)data + row, &bits, sizeof bits);
    } else {
        WEIR_ASSERT(kind == WEIR_T_STRING || kind == WEIR_T_BYTES);
        ((weir_sv *)data)[row] = kind == WEIR_T_STRING ? weir_utf8_repair(step, in) : in;
    }
    return NULL;
}

static void decode(void *self, const weir_sv *in, uint32_t at, uint32_t n, weir_vec *cols,
                   weir_arena *step, weir_bad_rows *bad)
{
    const weir_codec_spec *spec = self;
    if (spec->n == 0) {
        return;
    }
    WEIR_ASSERT(at + n <= WEIR_BATCH_ROWS);
    weir_kind kind = spec->cols[0].type->kind;
    int32_t out = weir__codec_out(spec, 0);
    union {
        int64_t i64;
        weir_sv sv;
    } unneeded;
    for (uint32_t i = 0; i < n; i++) {
        if (in[i].n == WEIR_NULL_BYTES) {
            weir__codec_null_row(spec, cols, step, at + i);
            continue;
        }
        weir_vec *v = out >= 0 ? &cols[out] : NULL;
        const char *fault = v ? read_value(kind, in[i], step, v->data, at + i)
                              : read_value(kind, in[i], step, &unneeded, 0);
        if (fault) {
            weir_sv reason = weir_arena_printf(
                step, "Error deserializing KAFKA message from topic: " WEIR_SV_FMT ": %s",
                WEIR_SV_ARG(spec->topic), fault);
            weir__codec_bad_row(spec, cols, step, at + i, bad, reason);
        } else if (v && v->valid) {
            weir_bit_set(v->valid, at + i);
        }
    }
}

static void write_value(weir_buf *out, const weir_vec *v, uint32_t row)
{
    weir_kind kind = v->type->kind;
    if (kind == WEIR_T_INTEGER) {
        weir_buf_be32(out, (uint32_t)WEIR_AT(int32_t, v, row));
    } else if (kind == WEIR_T_BIGINT) {
        weir_buf_be64(out, (uint64_t)WEIR_AT(int64_t, v, row));
    } else if (kind == WEIR_T_DOUBLE) {
        double d = WEIR_AT(double, v, row);
        uint64_t bits = UINT64_C(0x7ff8000000000000); /* Double.doubleToLongBits: one NaN */
        if (d == d) {
            memcpy(&bits, &d, sizeof bits);
        }
        weir_buf_be64(out, bits);
    } else {
        weir_buf_sv(out, WEIR_AT(weir_sv, v, row));
    }
}

static void encode(void *self, const weir_vec *cols, const uint16_t *rows, uint32_t n,
                   weir_buf *out, uint32_t *ends, uint64_t *null)
{
    const weir_codec_spec *spec = self;
    for (uint32_t i = 0; i < n; i++) {
        if (spec->n == 0 || !weir_vec_is_valid(&cols[0], rows[i])) {
            weir_bit_set(null, i);
        } else {
            write_value(out, &cols[0], rows[i]);
        }
        WEIR_ASSERT(out->n <= UINT32_MAX);
        ends[i] = (uint32_t)out->n;
    }
}

const weir_format weir_format_kafka = {
    .kind = WEIR_FMT_KAFKA,
    .doc = "One column as Kafka's own serializers write it: INT, BIGINT and DOUBLE big-endian, "
           "STRING as UTF-8, BYTES as they are.",
    .decoder_new = codec_new,
    .decode = decode,
    .encoder_new = codec_new,
    .encode = encode,
};
