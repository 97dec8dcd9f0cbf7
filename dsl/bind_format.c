/* What formats can hold: a table of formats, key and value checks, wrapping of single columns. */
#include "dsl/binder.h"

#include "engine/data/text.h"

enum { /* options that WITH may set */
       FULL_NAME = 1,
       SCHEMA_ID = 2,
       DELIMITER = 4,
       NULLABLE = 8,
};

/* ORDER weir_format_kind */
static const struct {
    bool wraps, unwraps; /* single columns with and without a record around them */
    bool infers;         /* schemas live in a registry */
    int options;
    int inherits;            /* options that a sink takes from the left-most source */
    const char *string_keys; /* refuses maps with other keys */
} formats[] = {
    [WEIR_FMT_JSON] = {true, true, false, 0, 0, "JSON only supports MAP types with STRING keys"},
    [WEIR_FMT_DELIMITED] = {false, true, false, DELIMITER, DELIMITER, NULL},
    [WEIR_FMT_KAFKA] = {false, true, false, 0, 0, NULL},
    [WEIR_FMT_NONE] = {false, false, false, 0, 0, NULL},
    [WEIR_FMT_AVRO] = {true, true, true, FULL_NAME | SCHEMA_ID, 0,
                       "Avro only supports MAPs with STRING keys"},
    [WEIR_FMT_JSON_SR] = {true, true, true, FULL_NAME | SCHEMA_ID, 0,
                          "JSON only supports MAP types with STRING keys"},
    [WEIR_FMT_PROTOBUF] = {true, false, true, FULL_NAME | SCHEMA_ID | NULLABLE, FULL_NAME,
                           "PROTOBUF format only supports MAP types with STRING keys"},
    [WEIR_FMT_PROTOBUF_NOSR] = {true, true, false, NULLABLE, NULLABLE,
                                "PROTOBUF_NOSR format only supports MAP types with STRING keys"},
};
_Static_assert(WEIR_COUNT(formats) == WEIR_FMT_KINDS, "one row per weir_format_kind");

bool weir__format_infers(weir_format_kind k)
{
    return formats[k].infers;
}

bool weir__format_unwraps(weir_format_kind k)
{
    return formats[k].unwraps;
}

weir_rc weir__format_kind(weir__binder *b, weir_sv name, weir_span span, weir_format_kind *out)
{
    if (weir_format_by_name(name, out)) {
        return WEIR_OK;
    }
    weir_sv upper = weir_text_upper(b->a, name);
    weir__fail(b, span, "Unknown format: " WEIR_SV_FMT, WEIR_SV_ARG(upper));
    weir_sv names[WEIR_FMT_KINDS];
    for (size_t i = 0; i < WEIR_FMT_KINDS; i++) {
        names[i] = weir_sv_cstr(weir_format_name((weir_format_kind)i));
    }
    weir__hint_nearest(b, name, names, WEIR_FMT_KINDS);
    return WEIR_ESQL;
}

weir_rc weir__default_key_format(weir__binder *b, weir_format_kind *out)
{
    weir_sv name;
    *out = WEIR_FMT_KAFKA;
    if (!weir__prop(b, "ksql.persistence.default.format.key", &name)) {
        return WEIR_OK;
    }
    return weir__format_kind(b, name, (weir_span){0}, out);
}

/* ---------------------------------------------------------------- options */

/* ksqlDB names a key's Avro record after the sink: CamelCase of its words, then Key. */
static weir_sv avro_key_name(weir__binder *b, weir_sv source)
{
    weir_buf buf;
    weir_buf_init(&buf, 0);
    weir_buf_str(&buf, "io.confluent.ksql.avro_schemas.");
    bool upper = true;
    for (uint32_t i = 0; i < source.n; i++) {
        char c = source.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9')) {
            upper = true;
            continue;
        }
        if (letter) {
            c = upper ? (char)(c & ~0x20) : (char)(c | 0x20);
        }
        upper = false;
        weir_buf_byte(&buf, c);
    }
    weir_buf_str(&buf, "Key");
    weir_sv name = weir_arena_sv(b->a, weir_buf_view(&buf));
    weir_buf_deinit(&buf);
    return name;
}

weir_rc weir__format_spec(weir__binder *b, const weir__with *w, bool key, weir_format_kind kind,
                          weir_sv source_name, const weir_format_spec *inherit,
                          weir_format_spec *out)
{
    weir_span span = key ? w->key_format_span : w->value_format_span;
    weir_sv nullable = key ? w->key_nullable : w->value_nullable;
    weir_sv full_name = key ? w->key_schema_name : w->value_schema_name;
    bool has_full_name = key ? w->has_key_schema_name : w->has_value_schema_name;
    char delimiter = key ? w->key_delimiter : w->value_delimiter;
    int32_t schema_id = key ? w->key_schema_id : w->value_schema_id;
    int can = formats[kind].options;
    *out = (weir_format_spec){.kind = kind, .delimiter = ','};
    if (inherit && inherit->kind == kind) {
        int in = formats[kind].inherits;
        out->delimiter = in & DELIMITER ? inherit->delimiter : ',';
        out->full_name = in & FULL_NAME ? inherit->full_name : (weir_sv){0};
        out->nullable = in & NULLABLE ? inherit->nullable : (weir_sv){0};
    }
    const char *side = key ? "KEY" : "VALUE";
    if (nullable.n && !(can & NULLABLE)) {
        return weir__fail(b, span,
                          "Property %s_PROTOBUF_NULLABLE_REPRESENTATION can only be enabled "
                          "with protobuf format",
                          side);
    }
    if (schema_id && !(can & SCHEMA_ID)) {
        return weir__fail(b, span,
                          "%s_FORMAT should support schema inference when %s_SCHEMA_ID is "
                          "provided. Current format is %s.",
                          side, side, weir_format_name(kind));
    }
    if ((delimiter && !(can & DELIMITER)) || (has_full_name && !(can & FULL_NAME))) {
        return weir__fail(b, span, "%s does not support the following configs: [%s]",
                          weir_format_name(kind),
                          delimiter && !(can & DELIMITER) ? "delimiter" : "fullSchemaName");
    }
    if (has_full_name && weir_sv_trim(full_name).n == 0) {
        return weir__fail(b, span,
                          "fullSchemaName cannot be empty. Format configuration: "
                          "{fullSchemaName=}");
    }
    if (has_full_name) {
        out->full_name = weir_sv_trim(full_name);
    } else if (key && kind == WEIR_FMT_AVRO) {
        out->full_name = avro_key_name(b, source_name);
    }
    out->delimiter = delimiter ? delimiter : out->delimiter;
    out->nullable = nullable.n ? nullable : out->nullable;
    out->schema_id = schema_id;
    return WEIR_OK;
}

/* ---------------------------------------------------------------- schemas */

static bool kafka_type(const weir_type *t)
{
    return t->kind == WEIR_T_INTEGER || t->kind == WEIR_T_BIGINT || t->kind == WEIR_T_DOUBLE ||
           t->kind == WEIR_T_STRING || t->kind == WEIR_T_BYTES;
}

static bool string_keyed(const weir_type *t)
{
    if (t->kind == WEIR_T_MAP) {
        return t->key->kind == WEIR_T_STRING && string_keyed(t->item);
    }
    if (t->kind == WEIR_T_ARRAY) {
        return string_keyed(t->item);
    }
    for (uint32_t i = 0; i < t->n_fields; i++) {
        if (!string_keyed(t->fields[i].type)) {
            return false;
        }
    }
    return true;
}

/* Why `kind` cannot hold these columns; empty: it can. */
static weir_sv refusal(weir__binder *b, weir_format_kind kind, const weir_column *cols, uint32_t n,
                       weir_sv columns)
{
    if (kind == WEIR_FMT_NONE && n) {
        return weir__str(
            b,
            "The 'NONE' format can only be used when no columns are defined. Got: [" WEIR_SV_FMT
            "]",
            WEIR_SV_ARG(columns));
    }
    if (kind == WEIR_FMT_KAFKA && n > 1) {
        return weir__str(b,
                         "The 'KAFKA' format only supports a single field. Got: [" WEIR_SV_FMT "]",
                         WEIR_SV_ARG(columns));
    }
    for (uint32_t i = 0; i < n; i++) {
        const weir_type *t = cols[i].type;
        if (kind == WEIR_FMT_KAFKA && !kafka_type(t)) {
            return weir__str(b, "The 'KAFKA' format does not support type '%s'",
                             weir__kind_name(t->kind));
        }
        if (kind == WEIR_FMT_DELIMITED && weir_type_is_nested(t)) {
            weir_sv name = weir__quoted(b, cols[i].name);
            return weir__str(
                b, "The 'DELIMITED' format does not support type '%s', column: " WEIR_SV_FMT,
                weir__kind_name(t->kind), WEIR_SV_ARG(name));
        }
        if (formats[kind].string_keys && !string_keyed(t)) {
            return weir_sv_cstr(formats[kind].string_keys);
        }
    }
    return (weir_sv){0};
}

static weir_rc check_columns(weir__binder *b, bool key, const weir_column *cols, uint32_t n,
                             const weir_format_spec *spec, weir_span span)
{
    weir_schema s = {.n = (uint16_t)n, .n_keys = key ? (uint16_t)n : 0, .cols = cols};
    weir_sv columns = weir__schema_text(b, &s);
    weir_sv why = refusal(b, spec->kind, cols, n, columns);
    if (!why.n) {
        return WEIR_OK;
    }
    const char *features = spec->wrap == WEIR_WRAP_YES  ? "WRAP_SINGLES"
                           : spec->wrap == WEIR_WRAP_NO ? "UNWRAP_SINGLES"
                                                        : "";
    weir__fail(b, span,
               "%s format does not support schema.\nformat: %s\nschema: "
               "Persistence{columns=[" WEIR_SV_FMT "], features=[%s]}\nreason: " WEIR_SV_FMT,
               key ? "Key" : "Value", weir_format_name(spec->kind), WEIR_SV_ARG(columns), features,
               WEIR_SV_ARG(why));
    if (key && spec->kind == WEIR_FMT_KAFKA) {
        weir_hint(b->st, "KEY_FORMAT = 'JSON' in the WITH clause can hold %s",
                  n > 1 ? "several key columns" : "this type");
    }
    return WEIR_ESQL;
}

weir_rc weir__check_key(weir__binder *b, const weir_column *cols, uint32_t n,
                        const weir_format_spec *spec, weir_span span)
{
    for (uint32_t i = 0; i < n; i++) {
        if (weir_type_has_map(cols[i].type)) {
            weir_sv name = weir__quoted(b, cols[i].name);
            weir_sv type = weir__type_text(b, cols[i].type);
            return weir__fail(b, span,
                              "Map keys, including types that contain maps, are not supported as "
                              "they may lead to unexpected behavior due to inconsistent "
                              "serialization. Key column name: " WEIR_SV_FMT
                              ". Column type: " WEIR_SV_FMT
                              ". See https://github.com/confluentinc/ksql/issues/6621 "
                              "for more.",
                              WEIR_SV_ARG(name), WEIR_SV_ARG(type));
        }
    }
    return check_columns(b, true, cols, n, spec, span);
}

static weir_rc value_wrapping(weir__binder *b, uint32_t n, weir_wrapping explicit_wrap,
                              weir_format_spec *value, weir_span span)
{
    bool can =
        explicit_wrap == WEIR_WRAP_YES ? formats[value->kind].wraps : formats[value->kind].unwraps;
    if (explicit_wrap != WEIR_WRAP_DEFAULT) {
        if (!can) {
            return weir__fail(b, span,
                              "Format '%s' does not support 'WRAP_SINGLE_VALUE' set to "
                              "'%s'.",
                              weir_format_name(value->kind),
                              explicit_wrap == WEIR_WRAP_YES ? "true" : "false");
        }
        if (n != 1) {
            return weir__fail(b, span,
                              "'WRAP_SINGLE_VALUE' is only valid for single-field value schemas");
        }
        value->wrap = explicit_wrap;
        return WEIR_OK;
    }
    weir_sv text;
    value->wrap = WEIR_WRAP_DEFAULT;
    if (n == 1 && weir__prop(b, "ksql.persistence.wrap.single.values", &text)) {
        bool wrap = weir_sv_ieq(weir_sv_trim(text), WEIR_SV("true"));
        if (wrap ? formats[value->kind].wraps : formats[value->kind].unwraps) {
            value->wrap = wrap ? WEIR_WRAP_YES : WEIR_WRAP_NO;
        }
    }
    return WEIR_OK;
}

static void key_wrapping(weir_format_spec *key, uint32_t n)
{
    bool choice = formats[key->kind].wraps && formats[key->kind].unwraps;
    key->wrap = n == 1 && choice ? WEIR_WRAP_NO : WEIR_WRAP_DEFAULT;
}

weir_rc weir__check_formats(weir__binder *b, const weir_schema *s, weir_format_spec *key,
                            weir_format_spec *value, weir_wrapping explicit_wrap, weir_span span)
{
    uint32_t n = 0;
    weir_column *values = WEIR_NEW_N(b->a, weir_column, s->n);
    for (uint32_t i = s->n_keys; i < s->n; i++) {
        if (s->cols[i].role == WEIR_COL_VALUE) {
            values[n++] = s->cols[i];
        }
    }
    key_wrapping(key, s->n_keys);
    WEIR_TRY(value_wrapping(b, n, explicit_wrap, value, span));
    WEIR_TRY(weir__check_key(b, s->cols, s->n_keys, key, span));
    return check_columns(b, false, values, n, value, span);
}

weir_format_spec weir__internal_key(weir__binder *b, weir_format_spec f,
                                    const weir_type *const *types, uint32_t n)
{
    weir_format_kind fallback = WEIR_FMT_JSON;
    bool json = false;
    if (f.kind == WEIR_FMT_NONE && weir__default_key_format(b, &fallback) == WEIR_OK) {
        f = (weir_format_spec){.kind = fallback, .delimiter = ','};
    }
    json = n > 1 && (f.kind == WEIR_FMT_KAFKA || f.kind == WEIR_FMT_NONE);
    for (uint32_t i = 0; i < n; i++) {
        json = json || (f.kind == WEIR_FMT_KAFKA && !kafka_type(types[i])) ||
               (f.kind == WEIR_FMT_DELIMITED && weir_type_is_nested(types[i]));
    }
    if (json) {
        f = (weir_format_spec){.kind = WEIR_FMT_JSON, .delimiter = ','};
    }
    key_wrapping(&f, n);
    return f;
}

/* ---------------------------------------------------------------- TIMESTAMP */

weir_rc weir__check_timestamp(weir__binder *b, const weir_schema *s, weir_sv column, weir_sv format,
                              weir_span span)
{
    if (!column.n) {
        return WEIR_OK;
    }
    int32_t i = weir_schema_find(s, column);
    if (i < 0) {
        weir__fail(b, span,
                   "The TIMESTAMP column set in the WITH clause does not exist in the "
                   "schema: '" WEIR_SV_FMT "'",
                   WEIR_SV_ARG(column));
        weir_sv *names = WEIR_NEW_N(b->a, weir_sv, s->n);
        for (uint32_t c = 0; c < s->n; c++) {
            names[c] = s->cols[c].name;
        }
        weir__hint_nearest(b, column, names, s->n);
        return WEIR_ESQL;
    }
    weir_kind kind = s->cols[i].type->kind;
    if (kind == WEIR_T_STRING) {
        return format.n ? WEIR_OK
                        : weir__fail(b, span,
                                     "A String timestamp field has been specified without "
                                     "also specifying the timestamp_format");
    }
    if (format.n) {
        return weir__fail(b, span,
                          "'TIMESTAMP_FORMAT' set in the WITH clause can only be used when "
                          "the timestamp column is of type STRING.");
    }
    if (kind == WEIR_T_BIGINT || kind == WEIR_T_TIMESTAMP) {
        return WEIR_OK;
    }
    weir_sv name = weir__quoted(b, column);
    return weir__fail(b, span,
                      "Timestamp column, " WEIR_SV_FMT ", should be LONG(INT64), TIMESTAMP, "
                      "or a String with a timestamp_format specified.",
                      WEIR_SV_ARG(name));
}
