/* JSON schemas of columns, and columns of JSON schemas, with the properties by which Connect's
 * JsonSchemaData keeps what JSON does not say: connect.type, connect.index, titles of logical
 * types. Maps are objects, as the JSON format writes them. */
#include "connectors/codec.h"
#include "connectors/fmt_json_sr.h"
#include "engine/base/limits.h"
#include "engine/data/decimal.h"
#include "engine/data/json.h"
#include "engine/data/json_text.h"
#include "engine/data/text.h"

#define CONNECT "org.apache.kafka.connect.data."
#define REFERENCES_MAX 32 /* a reference to a reference … */

/* ---- columns to schema ---- */

static void write_optional(weir_buf *out, const weir_type *t);

static void write_fields(weir_buf *out, const weir_field *fields, uint32_t n)
{
    weir_buf_str(out, "{\"type\":\"object\",\"properties\":{");
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_str(out, i ? "," : "");
        weir_json_string(out, fields[i].name);
        weir_buf_printf(out, ":{\"connect.index\":%u,", i);
        write_optional(out, fields[i].type);
        weir_buf_byte(out, '}');
    }
    weir_buf_str(out, "}}");
}

static void write_type(weir_buf *out, const weir_type *t)
{
    switch (t->kind) {
    case WEIR_T_BOOLEAN:
        weir_buf_str(out, "{\"type\":\"boolean\"}");
        return;
    case WEIR_T_INTEGER:
        weir_buf_str(out, "{\"type\":\"integer\",\"connect.type\":\"int32\"}");
        return;
    case WEIR_T_BIGINT:
        weir_buf_str(out, "{\"type\":\"integer\",\"connect.type\":\"int64\"}");
        return;
    case WEIR_T_DOUBLE:
        weir_buf_str(out, "{\"type\":\"number\",\"connect.type\":\"float64\"}");
        return;
    case WEIR_T_STRING:
        weir_buf_str(out, "{\"type\":\"string\"}");
        return;
    case WEIR_T_BYTES:
        weir_buf_str(out, "{\"type\":\"string\",\"connect.type\":\"bytes\"}");
        return;
    case WEIR_T_DECIMAL:
        weir_buf_printf(out,
                        "{\"type\":\"number\",\"title\":\"" CONNECT
                        "Decimal\",\"connect.version\":1,\"connect.type\":\"bytes\","
                        "\"connect.parameters\":{\"scale\":\"%d\",\"connect.decimal.precision\":"
                        "\"%d\"}}",
                        t->scale, t->precision);
        return;
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_TIMESTAMP:
        weir_buf_printf(out,
                        "{\"type\":\"integer\",\"title\":\"" CONNECT
                        "%s\",\"connect.version\":1,\"connect.type\":\"%s\"}",
                        t->kind == WEIR_T_DATE   ? "Date"
                        : t->kind == WEIR_T_TIME ? "Time"
                                                 : "Timestamp",
                        t->kind == WEIR_T_TIMESTAMP ? "int64" : "int32");
        return;
    case WEIR_T_ARRAY:
        weir_buf_str(out, "{\"type\":\"array\",\"items\":{");
        write_optional(out, t->item);
        weir_buf_str(out, "}}");
        return;
    case WEIR_T_MAP:
        weir_buf_str(out, "{\"type\":\"object\",\"connect.type\":\"map\","
                          "\"additionalProperties\":{");
        write_optional(out, t->item);
        weir_buf_str(out, "}}");
        return;
    case WEIR_T_STRUCT:
        write_fields(out, t->fields, t->n_fields);
        return;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

/* The inside of an object. */
static void write_optional(weir_buf *out, const weir_type *t)
{
    weir_buf_str(out, "\"oneOf\":[{\"type\":\"null\"},");
    write_type(out, t);
    weir_buf_byte(out, ']');
}

weir_rc weir__json_sr_schema(weir_arena *a, const weir_codec_spec *spec, weir_sv *text,
                             weir_status *st)
{
    weir_buf out = {0};
    (void)st;
    if (weir__codec_unwrapped(spec)) {
        weir_buf_byte(&out, '{');
        write_optional(&out, spec->cols[0].type);
        weir_buf_byte(&out, '}');
    } else {
        weir_field *fields = WEIR_NEW_N(a, weir_field, spec->n);
        for (uint32_t i = 0; i < spec->n; i++) {
            fields[i] = (weir_field){spec->cols[i].name, spec->cols[i].type};
        }
        write_fields(&out, fields, spec->n);
    }
    *text = weir_arena_sv(a, weir_buf_view(&out));
    weir_buf_deinit(&out);
    return WEIR_OK;
}

/* ---- schema to columns ---- */

typedef struct inferrer {
    weir_arena *a;
    const weir_json_node *root;
    bool upper;     /* names */
    uint32_t types; /* made so far: a small schema may stand for a large tree */
} inferrer;

static const weir_type *type_of(inferrer *x, const weir_json_node *t, uint32_t depth);

static bool says(const weir_json_node *t, const char *name, const char *value)
{
    return weir_sv_eq(weir_json_get_text(t, weir_sv_cstr(name), WEIR_SV("")), weir_sv_cstr(value));
}

/* "#/definitions/name" */
static const weir_json_node *follow(const inferrer *x, weir_sv path)
{
    const weir_json_node *t = x->root;
    uint32_t at = 0;
    while (t && at < path.n) {
        int64_t slash = weir_sv_find(path, WEIR_SV("/"), at);
        uint32_t end = slash < 0 ? path.n : (uint32_t)slash;
        weir_sv part = weir_sv_of(path.p + at, end - at);
        t = part.n == 0 || weir_sv_eq(part, WEIR_SV("#")) ? t : weir_json_get(t, part);
        at = end + 1;
    }
    return t;
}

static bool is_null_type(const weir_json_node *t)
{
    return (t->kind == WEIR_JSON_STRING && weir_sv_eq(t->text, WEIR_SV("null"))) ||
           says(t, "type", "null");
}

/* The one alternative beside null; NULL when there are more. */
static const weir_json_node *only(const weir_json_node *list)
{
    const weir_json_node *found = NULL;
    for (uint32_t i = 0; list->kind == WEIR_JSON_ARRAY && i < list->n; i++) {
        if (!is_null_type(&list->items[i])) {
            if (found) {
                return NULL;
            }
            found = &list->items[i];
        }
    }
    return found;
}

/* Behind references and alternatives; NULL when that leads nowhere. */
static const weir_json_node *resolve(const inferrer *x, const weir_json_node *t)
{
    for (uint32_t i = 0; t && i < REFERENCES_MAX; i++) {
        weir_sv ref = weir_json_get_text(t, WEIR_SV("$ref"), WEIR_SV(""));
        const weir_json_node *some = weir_json_get(t, WEIR_SV("oneOf"));
        some = some ? some : weir_json_get(t, WEIR_SV("anyOf"));
        if (ref.n) {
            t = follow(x, ref);
        } else if (some) {
            t = only(some);
        } else {
            return t;
        }
    }
    return NULL;
}

static uint32_t index_of(const weir_json_node *t, uint32_t otherwise)
{
    return (uint32_t)weir_json_get_i64(t, WEIR_SV("connect.index"), otherwise);
}

/* Fields in the order of connect.index, which is not that of the text; returns their number. */
static uint32_t fields_of(inferrer *x, const weir_json_node *properties, weir_field *out,
                          uint32_t depth)
{
    uint32_t *order = WEIR_NEW_N(x->a, uint32_t, properties->n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < properties->n; i++) {
        uint32_t at = i;
        uint32_t index = index_of(&properties->items[i], i);
        while (at > 0 && index_of(&properties->items[order[at - 1]], order[at - 1]) > index) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
    for (uint32_t i = 0; i < properties->n; i++) {
        weir_sv name = properties->names[order[i]];
        const weir_type *type = type_of(x, &properties->items[order[i]], depth + 1);
        if (type) {
            out[n].name = x->upper ? weir_text_upper(x->a, name) : weir_arena_sv(x->a, name);
            out[n++].type = type;
        }
    }
    return n;
}

static const weir_json_node *properties_of(const weir_json_node *t)
{
    const weir_json_node *list = weir_json_get(t, WEIR_SV("properties"));
    bool map = says(t, "connect.type", "map");
    return list && !map && list->kind == WEIR_JSON_OBJECT && list->n <= WEIR_COLUMNS_MAX ? list
                                                                                         : NULL;
}

static const weir_type *object_of(inferrer *x, const weir_json_node *t, uint32_t depth)
{
    const weir_json_node *list = properties_of(t);
    if (!list) {
        const weir_json_node *more = weir_json_get(t, WEIR_SV("additionalProperties"));
        const weir_type *item = more ? type_of(x, more, depth + 1) : NULL;
        return item ? weir_type_map(x->a, weir_type_of(WEIR_T_STRING), item) : NULL;
    }
    weir_field *fields = WEIR_NEW_N(x->a, weir_field, list->n);
    uint32_t n = fields_of(x, list, fields, depth);
    return weir_type_struct(x->a, fields, n);
}

static const weir_type *decimal_of(inferrer *x, const weir_json_node *t)
{
    const weir_json_node *with = weir_json_get(t, WEIR_SV("connect.parameters"));
    int32_t precision = 64; /* Connect's default */
    int32_t scale = 0;
    weir_sv text = weir_json_get_text(with, WEIR_SV("connect.decimal.precision"), WEIR_SV("64"));
    bool ok = weir_i32_parse(text, &precision);
    text = weir_json_get_text(with, WEIR_SV("scale"), WEIR_SV("0"));
    ok = ok && weir_i32_parse(text, &scale) && weir_dec_type_valid(precision, scale);
    return ok ? weir_type_decimal(x->a, precision, scale) : NULL;
}

static weir_kind integer_of(const weir_json_node *t)
{
    weir_sv size = weir_json_get_text(t, WEIR_SV("connect.type"), WEIR_SV("int64"));
    return says(t, "title", CONNECT "Date")        ? WEIR_T_DATE
           : says(t, "title", CONNECT "Time")      ? WEIR_T_TIME
           : says(t, "title", CONNECT "Timestamp") ? WEIR_T_TIMESTAMP
           : weir_sv_eq(size, WEIR_SV("int64"))    ? WEIR_T_BIGINT
                                                   : WEIR_T_INTEGER;
}

/* NULL: SQL has none, or it is too deep or too large. */
static const weir_type *type_of(inferrer *x, const weir_json_node *t, uint32_t depth)
{
    t = resolve(x, t);
    if (!t || t->kind != WEIR_JSON_OBJECT || depth >= WEIR_TYPE_DEPTH_MAX ||
        ++x->types > WEIR_AVRO_NODES_MAX) {
        return NULL;
    }
    const weir_json_node *type = weir_json_get(t, WEIR_SV("type"));
    type = type && type->kind == WEIR_JSON_ARRAY ? only(type) : type;
    weir_sv name = type && type->kind == WEIR_JSON_STRING ? type->text : (weir_sv){0};
    if (says(t, "title", CONNECT "Decimal")) {
        return decimal_of(x, t);
    }
    if (weir_sv_eq(name, WEIR_SV("boolean"))) {
        return weir_type_of(WEIR_T_BOOLEAN);
    }
    if (weir_sv_eq(name, WEIR_SV("integer"))) {
        return weir_type_of(integer_of(t));
    }
    if (weir_sv_eq(name, WEIR_SV("number"))) {
        return weir_type_of(WEIR_T_DOUBLE);
    }
    if (weir_sv_eq(name, WEIR_SV("string"))) {
        return weir_type_of(says(t, "connect.type", "bytes") ? WEIR_T_BYTES : WEIR_T_STRING);
    }
    if (weir_sv_eq(name, WEIR_SV("object"))) {
        return object_of(x, t, depth);
    }
    const weir_json_node *items = weir_json_get(t, WEIR_SV("items"));
    if (weir_sv_eq(name, WEIR_SV("array")) && items && !says(t, "connect.type", "map")) {
        const weir_type *item = type_of(x, items, depth + 1);
        return item ? weir_type_array(x->a, item) : NULL;
    }
    return weir_json_get(t, WEIR_SV("enum")) ? weir_type_of(WEIR_T_STRING) : NULL;
}

weir_rc weir__json_sr_columns(weir_arena *a, const weir_codec_spec *spec, weir_sv text, bool unwrap,
                              const weir_column **cols, uint32_t *n, weir_status *st)
{
    inferrer x = {.a = a, .upper = spec->format->schema_id == 0};
    WEIR_TRY(weir_json_parse(a, text, NULL, &x.root, st));
    const weir_json_node *t = resolve(&x, x.root);
    const weir_json_node *list = t ? properties_of(t) : NULL;
    if (!unwrap && !list) {
        return weir_fail(st, WEIR_EUSAGE,
                         "Schema returned from schema registry is anonymous type. To use this "
                         "schema with ksqlDB, set 'WRAP_SINGLE_VALUE=false' in the WITH clause "
                         "properties.");
    }
    uint32_t n_fields;
    weir_field *fields = WEIR_NEW_N(a, weir_field, unwrap ? 1 : list->n);
    if (unwrap) {
        fields[0].name = spec->is_key ? WEIR_SV("ROWKEY") : WEIR_SV("ROWVAL");
        fields[0].type = t ? type_of(&x, t, 0) : NULL;
        n_fields = fields[0].type ? 1 : 0;
    } else {
        n_fields = fields_of(&x, list, fields, 0);
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
