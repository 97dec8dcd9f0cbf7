/* See codec.h. */
#include "connectors/codec.h"

void weir__codec_null_row(const weir_codec_spec *spec, weir_vec *cols, weir_arena *step,
                          uint32_t row)
{
    for (uint32_t i = 0; i < spec->n; i++) {
        int32_t out = weir__codec_out(spec, i);
        if (out >= 0) {
            weir__codec_null(&cols[out], step, row);
        }
    }
}

void weir__codec_bad_row(const weir_codec_spec *spec, weir_vec *cols, weir_arena *step,
                         uint32_t row, weir_bad_rows *bad, weir_sv reason)
{
    weir__codec_null_row(spec, cols, step, row);
    if (weir_bit(bad->bits, row)) {
        return; /* the key could not be read either: told already */
    }
    weir_bit_set(bad->bits, row);
    bad->n++;
    if (bad->report) {
        bad->report(bad->ctx, row, reason);
    }
}

weir_codec_spec *weir__codec_spec_copy(weir_arena *a, const weir_codec_spec *spec)
{
    weir_codec_spec *copy = WEIR_NEW(a, weir_codec_spec);
    weir_format_spec *format = WEIR_NEW(a, weir_format_spec);
    weir_column *cols = WEIR_NEW_N(a, weir_column, spec->n);
    *format = *spec->format;
    format->full_name = weir_arena_sv(a, format->full_name);
    format->nullable = weir_arena_sv(a, format->nullable);
    for (uint32_t i = 0; i < spec->n; i++) {
        cols[i] = spec->cols[i];
        cols[i].name = weir_arena_sv(a, cols[i].name);
        cols[i].type = weir_type_copy(a, cols[i].type);
    }
    *copy = *spec;
    copy->format = format;
    copy->cols = cols;
    copy->out = NULL;
    copy->topic = weir_arena_sv(a, spec->topic);
    if (spec->out) {
        int32_t *out = WEIR_NEW_N(a, int32_t, spec->n);
        memcpy(out, spec->out, spec->n * sizeof *out);
        copy->out = out;
    }
    return copy;
}

weir_rc weir__codec_refuse(const weir_codec_spec *spec, const weir_column *c, weir_status *st)
{
    weir_buf type = {0};
    weir_type_print(&type, c->type, false);
    weir_fail(st, WEIR_EUSAGE,
              "the '%s' format does not support type '%s', column: `" WEIR_SV_FMT "`",
              weir_format_name(spec->format->kind), weir_buf_cstr(&type), WEIR_SV_ARG(c->name));
    weir_buf_deinit(&type);
    return WEIR_EUSAGE;
}

weir_rc weir__codec_need_registry(const weir_codec_spec *spec, weir_status *st)
{
    return spec->registry ? WEIR_OK
                          : weir_fail(st, WEIR_EUSAGE,
                                      "the %s format needs a schema registry: set "
                                      "ksql.schema.registry.url",
                                      weir_format_name(spec->format->kind));
}

bool weir__codec_schema_id(weir_sv *record, uint32_t *id)
{
    weir_reader in = weir_reader_of(*record);
    bool magic = weir_read_u8(&in) == 0;
    *id = weir_read_be32(&in);
    *record = weir_sv_of(in.p, (size_t)(in.end - in.p));
    return magic && !in.bad;
}
