/* Columns to AVRO records. The columns' schema is registered when the encoder is made; values are
 * written along the parsed schema, so that what is written is what the schema says. */
#include "connectors/codec.h"
#include "connectors/fmt_avro.h"
#include "connectors/formats.h"
#include "engine/data/vec.h"

/* How a value of a type is written. */
typedef struct writer writer;
struct writer {
    const weir_type *type;
    const weir__avro *to;
    bool optional; /* a union of null and `to` */
    uint32_t null_branch;
    const writer *item;   /* ARRAY, MAP */
    const writer *fields; /* STRUCT: one per field */
};

typedef struct encoder {
    const weir_codec_spec *spec;
    uint32_t id;
    bool unwrapped;
    writer *columns;
} encoder;

/* Walks the schema beside the type that it was made from. */
static void writer_init(weir_arena *a, writer *w, const weir_type *type, const weir__avro *to)
{
    const weir__avro *value = weir__avro_optional(to, &w->null_branch);
    w->type = type;
    w->optional = value != NULL;
    w->to = value ? value : to;
    if (type->kind == WEIR_T_ARRAY || type->kind == WEIR_T_MAP) {
        writer *item = WEIR_NEW(a, writer);
        const weir__avro *of = w->to->item;
        WEIR_ASSERT((type->kind == WEIR_T_MAP) == w->to->map_entries);
        writer_init(a, item, type->item, w->to->map_entries ? of->fields[1].type : of);
        w->item = item;
    } else if (type->kind == WEIR_T_STRUCT) {
        writer *fields = WEIR_NEW_N(a, writer, type->n_fields);
        WEIR_ASSERT(w->to->kind == WEIR__AVRO_RECORD && w->to->n == type->n_fields);
        for (uint32_t i = 0; i < type->n_fields; i++) {
            writer_init(a, &fields[i], type->fields[i].type, w->to->fields[i].type);
        }
        w->fields = fields;
    }
}

weir_rc weir__avro_encoder_new(weir_arena *a, const weir_codec_spec *spec, void **out,
                               weir_status *st)
{
    weir_sv text;
    const weir__avro *schema = NULL;
    int32_t id = 0;
    WEIR_TRY(weir__codec_need_registry(spec, st));
    WEIR_TRY(weir__avro_schema(a, spec, &text, st));
    WEIR_TRY(weir__avro_parse(a, text, &schema, st));
    if (spec->topic.n) {
        weir_registry *r = spec->registry;
        WEIR_TRY(r->calls->put(r, weir_registry_subject(a, spec->topic, spec->is_key),
                               WEIR_SCHEMA_AVRO, text, &id, st));
    }
    encoder *e = WEIR_NEW(a, encoder);
    e->spec = weir__codec_spec_copy(a, spec);
    e->id = (uint32_t)id;
    e->unwrapped = weir__codec_unwrapped(spec);
    e->columns = WEIR_NEW_N(a, writer, spec->n);
    for (uint32_t i = 0; i < spec->n; i++) {
        writer_init(a, &e->columns[i], e->spec->cols[i].type,
                    e->unwrapped ? schema : schema->fields[i].type);
    }
    *out = e;
    return WEIR_OK;
}

/* ---- values ---- */

static void write_long(weir_buf *out, int64_t v)
{
    weir_buf_varint(out, weir_zigzag(v));
}

static void write_bytes(weir_buf *out, weir_sv v)
{
    write_long(out, v.n);
    weir_buf_sv(out, v);
}

static void write_double(weir_buf *out, double v)
{
    uint64_t bits;
    char bytes[8];
    memcpy(&bits, &v, sizeof bits);
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)(bits >> 8 * i);
    }
    weir_buf_add(out, bytes, sizeof bytes);
}

static void write_decimal(weir_buf *out, const weir_type *t, weir_dec v)
{
    weir_buf bytes = {0};
    weir_dec_to_bytes(&bytes, v, (weir_dec_type){t->precision, t->scale});
    write_bytes(out, weir_buf_view(&bytes));
    weir_buf_deinit(&bytes);
}

static void write_value(weir_buf *out, const writer *w, const weir_value *v);

static void write_items(weir_buf *out, const writer *w, const weir_value *v)
{
    if (v->n) {
        write_long(out, v->n);
    }
    for (uint32_t i = 0; i < v->n; i++) {
        if (w->type->kind == WEIR_T_MAP) { /* keys are optional strings */
            write_long(out, v->keys[i].null ? 0 : 1);
            if (!v->keys[i].null) {
                write_bytes(out, v->keys[i].sv);
            }
        }
        write_value(out, w->item, &v->items[i]);
    }
    write_long(out, 0);
}

static void write_present(weir_buf *out, const writer *w, const weir_value *v)
{
    switch (w->type->kind) {
    case WEIR_T_BOOLEAN:
        weir_buf_byte(out, v->b ? 1 : 0);
        return;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
        write_long(out, v->i32);
        return;
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        write_long(out, v->i64);
        return;
    case WEIR_T_DOUBLE:
        write_double(out, v->f64);
        return;
    case WEIR_T_DECIMAL:
        write_decimal(out, w->type, v->dec);
        return;
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        write_bytes(out, v->sv);
        return;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
        write_items(out, w, v);
        return;
    case WEIR_T_STRUCT:
        for (uint32_t i = 0; i < w->type->n_fields; i++) {
            write_value(out, &w->fields[i], &v->items[i]);
        }
        return;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

static void write_value(weir_buf *out, const writer *w, const weir_value *v)
{
    if (w->optional) {
        write_long(out, v->null ? w->null_branch : 1 - w->null_branch);
    }
    if (!v->null) {
        write_present(out, w, v);
    }
}

void weir__avro_encode(void *self, const weir_vec *cols, const uint16_t *rows, uint32_t n,
                       weir_buf *out, uint32_t *ends, uint64_t *null)
{
    const encoder *e = self;
    for (uint32_t i = 0; i < n; i++) {
        if (e->unwrapped && !weir_vec_is_valid(&cols[0], rows[i])) {
            weir_bit_set(null, i);
        } else {
            weir_buf_byte(out, 0);
            weir_buf_be32(out, e->id);
            for (uint32_t c = 0; c < e->spec->n; c++) {
                weir_value v = weir_vec_get(&cols[c], rows[i]);
                write_value(out, &e->columns[c], &v);
            }
        }
        WEIR_ASSERT(out->n <= UINT32_MAX);
        ends[i] = (uint32_t)out->n;
    }
}

const weir_format weir_format_avro = {
    .kind = WEIR_FMT_AVRO,
    .doc =
        "Avro's binary encoding behind the id of a schema in a registry; a single key column, or "
        "a single value column with WRAP_SINGLE_VALUE=false, is the bare value.",
    .decoder_new = weir__avro_decoder_new,
    .decode = weir__avro_decode,
    .encoder_new = weir__avro_encoder_new,
    .encode = weir__avro_encode,
    .schema = weir__avro_schema,
    .schema_kind = WEIR_SCHEMA_AVRO,
    .columns = weir__avro_columns,
};
