/* Columns of an Avro schema, as ksqlDB takes them over: Connect's reading of Avro first, ksqlDB's
 * of Connect then. Names go to upper case unless the statement names the schema by its id. Fields
 * whose type SQL does not have are left out. */
#include "connectors/fmt_avro.h"
#include "engine/data/text.h"

typedef struct inferrer {
    weir_arena *a;
    bool upper;     /* names */
    uint32_t types; /* made so far: a small schema may stand for a large tree */
} inferrer;

static const weir_type *type_of(inferrer *x, const weir__avro *t, uint32_t depth);

/* Connect's fields of a record or of a union of several types; returns their number. */
static uint32_t fields_of(inferrer *x, const weir__avro *t, weir_field *out, uint32_t depth)
{
    uint32_t n = 0;
    bool record = t->kind == WEIR__AVRO_RECORD;
    for (uint32_t i = 0; i < t->n; i++) {
        const weir__avro *from = record ? t->fields[i].type : t->branches[i];
        weir_sv name = record ? t->fields[i].name : weir__avro_branch_name(from);
        const weir_type *type = from->kind == WEIR__AVRO_NULL ? NULL : type_of(x, from, depth + 1);
        if (type) {
            out[n].name = x->upper ? weir_text_upper(x->a, name) : weir_arena_sv(x->a, name);
            out[n++].type = type;
        }
    }
    return n;
}

static const weir_type *struct_of(inferrer *x, const weir__avro *t, uint32_t depth)
{
    weir_field *fields = WEIR_NEW_N(x->a, weir_field, t->n);
    uint32_t n = fields_of(x, t, fields, depth);
    return weir_type_struct(x->a, fields, n);
}

static const weir_type *map_of(inferrer *x, const weir__avro *key, const weir__avro *value,
                               uint32_t depth)
{
    const weir_type *item = type_of(x, value, depth + 1);
    const weir_type *k = key ? type_of(x, key, depth + 1) : weir_type_of(WEIR_T_STRING);
    bool ok = item && k &&
              (k->kind == WEIR_T_STRING || k->kind == WEIR_T_INTEGER || k->kind == WEIR_T_BIGINT ||
               k->kind == WEIR_T_BOOLEAN);
    return ok ? weir_type_map(x->a, weir_type_of(WEIR_T_STRING), item) : NULL;
}

static const weir_type *array_of(inferrer *x, const weir__avro *t, uint32_t depth)
{
    if (t->map_entries) {
        return map_of(x, t->item->fields[0].type, t->item->fields[1].type, depth);
    }
    const weir_type *item = type_of(x, t->item, depth + 1);
    return item ? weir_type_array(x->a, item) : NULL;
}

/* NULL: SQL has none, or it is too deep or too large. */
static const weir_type *type_of(inferrer *x, const weir__avro *t, uint32_t depth)
{
    uint32_t null_branch;
    const weir__avro *value = weir__avro_optional(t, &null_branch);
    t = value ? value : t;
    if (depth >= WEIR_TYPE_DEPTH_MAX || ++x->types > WEIR_AVRO_NODES_MAX) {
        return NULL;
    }
    switch (t->kind) {
    case WEIR__AVRO_BOOLEAN:
        return weir_type_of(WEIR_T_BOOLEAN);
    case WEIR__AVRO_INT:
        return weir_type_of(t->logical == WEIR__AVRO_DATE   ? WEIR_T_DATE
                            : t->logical == WEIR__AVRO_TIME ? WEIR_T_TIME
                                                            : WEIR_T_INTEGER);
    case WEIR__AVRO_LONG:
        return weir_type_of(t->logical == WEIR__AVRO_TIMESTAMP ? WEIR_T_TIMESTAMP : WEIR_T_BIGINT);
    case WEIR__AVRO_FLOAT:
    case WEIR__AVRO_DOUBLE:
        return weir_type_of(WEIR_T_DOUBLE);
    case WEIR__AVRO_BYTES:
    case WEIR__AVRO_FIXED:
        return t->logical == WEIR__AVRO_DECIMAL ? weir_type_decimal(x->a, t->precision, t->scale)
                                                : weir_type_of(WEIR_T_BYTES);
    case WEIR__AVRO_STRING:
    case WEIR__AVRO_ENUM:
        return weir_type_of(WEIR_T_STRING);
    case WEIR__AVRO_ARRAY:
        return array_of(x, t, depth);
    case WEIR__AVRO_MAP:
        return map_of(x, NULL, t->item, depth);
    case WEIR__AVRO_RECORD:
    case WEIR__AVRO_UNION:
        return struct_of(x, t, depth);
    case WEIR__AVRO_NULL:
    case WEIR__AVRO_KINDS:
        break;
    }
    return NULL;
}

weir_rc weir__avro_columns(weir_arena *a, const weir_codec_spec *spec, weir_sv text, bool unwrap,
                           const weir_column **cols, uint32_t *n, weir_status *st)
{
    const weir__avro *schema = NULL;
    inferrer x = {.a = a, .upper = spec->format->schema_id == 0};
    WEIR_TRY(weir__avro_parse(a, text, &schema, st));
    uint32_t null_branch;
    const weir__avro *value = weir__avro_optional(schema, &null_branch);
    schema = value ? value : schema;
    bool rows = schema->kind == WEIR__AVRO_RECORD || schema->kind == WEIR__AVRO_UNION;
    if (!unwrap && !rows) {
        return weir_fail(st, WEIR_EUSAGE,
                         "Schema returned from schema registry is anonymous type. To use this "
                         "schema with ksqlDB, set 'WRAP_SINGLE_VALUE=false' in the WITH clause "
                         "properties.");
    }
    uint32_t n_fields;
    weir_field *fields = WEIR_NEW_N(a, weir_field, rows ? schema->n + 1 : 1);
    if (unwrap) {
        fields[0].name = spec->is_key ? WEIR_SV("ROWKEY") : WEIR_SV("ROWVAL");
        fields[0].type = type_of(&x, schema, 0);
        n_fields = fields[0].type ? 1 : 0;
    } else {
        n_fields = fields_of(&x, schema, fields, 0);
    }
    if (n_fields == 0 || x.types > WEIR_AVRO_NODES_MAX) {
        return weir_fail(st, WEIR_EUSAGE,
                         "Schema does not include any columns with types that "
                         "ksqlDB supports.");
    }
    weir_column *out = WEIR_NEW_N(a, weir_column, n_fields);
    for (uint32_t i = 0; i < n_fields; i++) {
        out[i] = (weir_column){.name = fields[i].name, .type = fields[i].type};
    }
    *cols = out;
    *n = n_fields;
    return WEIR_OK;
}
