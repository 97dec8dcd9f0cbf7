/* Columns to AVRO records. The schema is the columns' own, which is registered when the encoder is
 * made, or one that the statement names by its id. Values are written along the parsed schema, so
 * that what is written is what the schema says. */
#include "connectors/codec.h"
#include "connectors/fmt_avro.h"
#include "connectors/formats.h"
#include "engine/data/vec.h"

/* How a value of a type is written. */
typedef struct writer writer;

/* A field of the schema's record. */
typedef struct part {
    const writer *writer; /* NULL: a constant */
    uint32_t from;        /* index of the field or column */
    weir_sv constant;     /* the encoded default */
} part;

struct writer {
    const weir_type *type; /* NULL: the row */
    const weir__avro *to;
    bool optional; /* a union of null and `to` */
    uint32_t null_branch;
    const writer *item; /* ARRAY, MAP */
    uint32_t n_parts;   /* STRUCT, row: in the schema's order */
    const part *parts;
};

typedef struct encoder {
    const weir_codec_spec *spec;
    uint32_t id;
    bool unwrapped;
    writer root;
    const char *why; /* the batch cannot be written */
} encoder;

typedef struct maker {
    weir_arena *a;
    weir_status *st;
} maker;

static weir_rc make(maker *m, writer *w, const weir_type *type, const weir__avro *to);

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

/* ---- walking the schema beside the type ---- */

/* A default of the schema; false for those that nobody has needed: floats, bytes, nested values. */
static bool write_default(weir_buf *out, const weir__avro *t, const weir_json_node *v)
{
    int64_t number;
    if (t->kind == WEIR__AVRO_UNION) { /* a default is of the first branch */
        write_long(out, 0);
        t = t->branches[0];
    }
    bool list = v->kind == WEIR_JSON_ARRAY || v->kind == WEIR_JSON_OBJECT;
    if (t->kind == WEIR__AVRO_NULL) {
        return v->kind == WEIR_JSON_NULL;
    }
    if (t->kind == WEIR__AVRO_BOOLEAN) {
        weir_buf_byte(out, v->kind == WEIR_JSON_TRUE ? 1 : 0);
        return v->kind == WEIR_JSON_TRUE || v->kind == WEIR_JSON_FALSE;
    }
    if ((t->kind == WEIR__AVRO_INT || t->kind == WEIR__AVRO_LONG) && v->kind == WEIR_JSON_INT &&
        weir_i64_parse(v->text, &number)) {
        write_long(out, number);
        return t->kind == WEIR__AVRO_LONG || number == (int32_t)number;
    }
    if (t->kind == WEIR__AVRO_STRING && v->kind == WEIR_JSON_STRING) {
        write_bytes(out, v->text);
        return true;
    }
    for (uint32_t i = 0; t->kind == WEIR__AVRO_ENUM && i < t->n; i++) {
        if (v->kind == WEIR_JSON_STRING && weir_sv_eq(t->symbols[i], v->text)) {
            write_long(out, i);
            return true;
        }
    }
    if ((t->kind == WEIR__AVRO_ARRAY || t->kind == WEIR__AVRO_MAP) && list && v->n == 0) {
        write_long(out, 0);
        return true;
    }
    return false;
}

static weir_rc make_constant(maker *m, part *p, const weir__avro_field *f)
{
    weir_buf bytes = {0};
    uint32_t null_branch;
    if (f->standard ? !write_default(&bytes, f->type, f->standard)
                    : !weir__avro_optional(f->type, &null_branch)) {
        weir_buf_deinit(&bytes);
        return weir_fail(m->st, WEIR_EUSAGE,
                         f->standard
                             ? "The default of Avro field [" WEIR_SV_FMT
                               "] is of a kind that is not supported"
                             : "Missing default value for required Avro field: [" WEIR_SV_FMT
                               "]. This field appears in Avro schema in Schema Registry",
                         WEIR_SV_ARG(f->name));
    }
    if (!f->standard) {
        write_long(&bytes, null_branch);
    }
    p->constant = weir_arena_sv(m->a, weir_buf_view(&bytes));
    weir_buf_deinit(&bytes);
    return WEIR_OK;
}

static weir_rc make_parts(maker *m, writer *w, const weir_field *fields, uint32_t n)
{
    weir_sv *names = WEIR_NEW_N(m->a, weir_sv, n);
    part *parts = WEIR_NEW_N(m->a, part, w->to->n);
    for (uint32_t i = 0; i < n; i++) {
        names[i] = weir__avro_field_name(m->a, fields[i].name);
    }
    for (uint32_t i = 0; i < w->to->n; i++) {
        const weir__avro_field *f = &w->to->fields[i];
        uint32_t at = i; /* where it is in a schema of ours */
        if (at >= n || !weir_sv_eq(names[at], f->name)) {
            for (at = 0; at < n && !weir_sv_eq(names[at], f->name); at++) {
            }
        }
        if (at == n) {
            WEIR_TRY(make_constant(m, &parts[i], f));
            continue;
        }
        writer *inner = WEIR_NEW(m->a, writer);
        WEIR_TRY(make(m, inner, fields[at].type, f->type));
        parts[i] = (part){.writer = inner, .from = at};
    }
    w->n_parts = w->to->n;
    w->parts = parts;
    return WEIR_OK;
}

/* Whether values of the type are written as what the schema says. */
static bool fits(const weir_type *type, const weir__avro *to)
{
    switch (type->kind) {
    case WEIR_T_BOOLEAN:
        return to->kind == WEIR__AVRO_BOOLEAN;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
        return to->kind == WEIR__AVRO_INT;
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        return to->kind == WEIR__AVRO_LONG;
    case WEIR_T_DOUBLE:
        return to->kind == WEIR__AVRO_DOUBLE;
    case WEIR_T_DECIMAL:
        return to->kind == WEIR__AVRO_BYTES && to->logical == WEIR__AVRO_DECIMAL &&
               to->scale == type->scale;
    case WEIR_T_STRING:
        return to->kind == WEIR__AVRO_STRING;
    case WEIR_T_BYTES:
        return to->kind == WEIR__AVRO_BYTES && to->logical == WEIR__AVRO_PLAIN;
    case WEIR_T_ARRAY:
        return to->kind == WEIR__AVRO_ARRAY && !to->map_entries;
    case WEIR_T_MAP:
        return to->kind == WEIR__AVRO_MAP || (to->kind == WEIR__AVRO_ARRAY && to->map_entries);
    case WEIR_T_STRUCT:
        return to->kind == WEIR__AVRO_RECORD;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

static void start(writer *w, const weir_type *type, const weir__avro *to)
{
    const weir__avro *value = weir__avro_optional(to, &w->null_branch);
    w->type = type;
    w->optional = value != NULL;
    w->to = value ? value : to;
}

/* The key of an entry must be as ours are: an optional string, or a plain one. */
static bool is_string_key(const weir__avro *t, uint32_t *null_branch)
{
    const weir__avro *value = weir__avro_optional(t, null_branch);
    return (value ? value : t)->kind == WEIR__AVRO_STRING;
}

static weir_rc make(maker *m, writer *w, const weir_type *type, const weir__avro *to)
{
    uint32_t null_branch;
    start(w, type, to);
    bool entries = w->to->map_entries;
    if (!fits(type, w->to) ||
        (entries && !is_string_key(w->to->item->fields[0].type, &null_branch))) {
        weir_buf name = {0};
        weir_type_print(&name, type, false);
        weir_fail(m->st, WEIR_EUSAGE,
                  "the schema in the Schema Registry has %s where the statement has %s",
                  weir__avro_kind_name(w->to->kind), weir_buf_cstr(&name));
        weir_buf_deinit(&name);
        return WEIR_EUSAGE;
    }
    if (type->kind == WEIR_T_ARRAY || type->kind == WEIR_T_MAP) {
        writer *item = WEIR_NEW(m->a, writer);
        w->item = item;
        return make(m, item, type->item, entries ? w->to->item->fields[1].type : w->to->item);
    }
    return type->kind == WEIR_T_STRUCT ? make_parts(m, w, type->fields, type->n_fields) : WEIR_OK;
}

static weir_rc make_row(maker *m, writer *w, const weir_codec_spec *spec, const weir__avro *to)
{
    weir_field *fields = WEIR_NEW_N(m->a, weir_field, spec->n);
    start(w, NULL, to);
    if (w->to->kind != WEIR__AVRO_RECORD) {
        return weir_fail(m->st, WEIR_EUSAGE, "the schema in the Schema Registry is no record");
    }
    for (uint32_t i = 0; i < spec->n; i++) {
        fields[i] = (weir_field){spec->cols[i].name, spec->cols[i].type};
    }
    WEIR_TRY(make_parts(m, w, fields, spec->n));
    for (uint32_t i = 0; i < spec->n; i++) {
        bool found = false;
        for (uint32_t p = 0; p < w->n_parts && !found; p++) {
            found = w->parts[p].writer && w->parts[p].from == i;
        }
        if (!found) {
            return weir_fail(m->st, WEIR_EUSAGE,
                             "Schema from Schema Registry misses field with name: " WEIR_SV_FMT,
                             WEIR_SV_ARG(fields[i].name));
        }
    }
    return WEIR_OK;
}

/* The columns' own schema, registered, or the one that the statement names. */
static weir_rc find_schema(weir_arena *a, const weir_codec_spec *spec, uint32_t *id,
                           const weir__avro **out, weir_status *st)
{
    weir_registry *r = spec->registry;
    weir_sv text;
    weir_registered found = {0};
    if (spec->topic.n && spec->format->schema_id) {
        WEIR_TRY(r->calls->by_id(r, spec->format->schema_id, &found, st));
        text = found.text;
    } else {
        WEIR_TRY(weir__avro_schema(a, spec, &text, st));
        if (spec->topic.n) {
            weir_sv subject = weir_registry_subject(a, spec->topic, spec->is_key);
            WEIR_TRY(r->calls->put(r, subject, WEIR_SCHEMA_AVRO, text, &found.id, st));
        }
    }
    *id = (uint32_t)found.id;
    return weir__avro_parse(a, text, out, st);
}

weir_rc weir__avro_encoder_new(weir_arena *a, const weir_codec_spec *spec, void **out,
                               weir_status *st)
{
    const weir__avro *schema = NULL;
    maker m = {a, st};
    WEIR_TRY(weir__codec_need_registry(spec, st));
    encoder *e = WEIR_NEW(a, encoder);
    WEIR_TRY(find_schema(a, spec, &e->id, &schema, st));
    e->spec = weir__codec_spec_copy(a, spec);
    e->unwrapped = weir__codec_unwrapped(spec);
    *out = e;
    return e->unwrapped ? make(&m, &e->root, e->spec->cols[0].type, schema)
                        : make_row(&m, &e->root, e->spec, schema);
}

/* ---- values ---- */

static void write_decimal(weir_buf *out, const weir_type *t, weir_dec v)
{
    weir_buf bytes = {0};
    weir_dec_to_bytes(&bytes, v, (weir_dec_type){t->precision, t->scale});
    write_bytes(out, weir_buf_view(&bytes));
    weir_buf_deinit(&bytes);
}

static void write_value(encoder *e, weir_buf *out, const writer *w, const weir_value *v);

static const char *const required = "NULL for what the schema in the Schema Registry requires";

static void write_key(encoder *e, weir_buf *out, const writer *w, const weir_value *key)
{
    uint32_t null_branch;
    const weir__avro *to = w->to->map_entries ? w->to->item->fields[0].type : NULL;
    bool optional = to && weir__avro_optional(to, &null_branch);
    if (optional) {
        write_long(out, key->null ? null_branch : 1 - (int64_t)null_branch);
    }
    if (!key->null) {
        write_bytes(out, key->sv);
    } else if (!optional) {
        e->why = required;
    }
}

static void write_items(encoder *e, weir_buf *out, const writer *w, const weir_value *v)
{
    if (v->n) {
        write_long(out, v->n);
    }
    for (uint32_t i = 0; i < v->n; i++) {
        if (w->type->kind == WEIR_T_MAP) {
            write_key(e, out, w, &v->keys[i]);
        }
        write_value(e, out, w->item, &v->items[i]);
    }
    write_long(out, 0);
}

static void write_present(encoder *e, weir_buf *out, const writer *w, const weir_value *v)
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
        write_items(e, out, w, v);
        return;
    case WEIR_T_STRUCT:
        for (uint32_t i = 0; i < w->n_parts; i++) {
            const part *p = &w->parts[i];
            if (p->writer) {
                write_value(e, out, p->writer, &v->items[p->from]);
            } else {
                weir_buf_sv(out, p->constant);
            }
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

static void write_value(encoder *e, weir_buf *out, const writer *w, const weir_value *v)
{
    if (w->optional) {
        write_long(out, v->null ? w->null_branch : 1 - (int64_t)w->null_branch);
    }
    if (!v->null) {
        write_present(e, out, w, v);
    } else if (!w->optional) {
        e->why = required;
    }
}

static void write_row(encoder *e, weir_buf *out, const weir_vec *cols, uint32_t row)
{
    const writer *w = &e->root;
    if (w->optional) {
        write_long(out, 1 - (int64_t)w->null_branch);
    }
    for (uint32_t i = 0; i < w->n_parts; i++) {
        const part *p = &w->parts[i];
        if (p->writer) {
            weir_value v = weir_vec_get(&cols[p->from], row);
            write_value(e, out, p->writer, &v);
        } else {
            weir_buf_sv(out, p->constant);
        }
    }
}

void weir__avro_encode(void *self, const weir_vec *cols, const uint16_t *rows, uint32_t n,
                       weir_buf *out, uint32_t *ends, uint64_t *null)
{
    encoder *e = self;
    for (uint32_t i = 0; i < n; i++) {
        if (e->unwrapped && !weir_vec_is_valid(&cols[0], rows[i])) {
            weir_bit_set(null, i);
        } else {
            weir_buf_byte(out, 0);
            weir_buf_be32(out, e->id);
            if (e->unwrapped) {
                weir_value v = weir_vec_get(&cols[0], rows[i]);
                write_value(e, out, &e->root, &v);
            } else {
                write_row(e, out, cols, rows[i]);
            }
        }
        WEIR_ASSERT(out->n <= UINT32_MAX);
        ends[i] = (uint32_t)out->n;
    }
}

static const char *refused(const void *self)
{
    return ((const encoder *)self)->why;
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
    .refused = refused,
    .schema = weir__avro_schema,
    .schema_kind = WEIR_SCHEMA_AVRO,
    .columns = weir__avro_columns,
};
