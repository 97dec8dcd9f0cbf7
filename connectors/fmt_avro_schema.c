/* The schema that ksqlDB registers for columns: it builds a Connect schema, in which everything but
 * the root can be NULL, and lets Connect's AvroData write it. So the text has Connect's properties,
 * and nested records are named after the way to them: KsqlDataSourceSchema_ADDRESS_CITY. */
#include "connectors/codec.h"
#include "connectors/fmt_avro.h"
#include "engine/data/json_text.h"

#define STANDARD_NAME "io.confluent.ksql.avro_schemas.KsqlDataSourceSchema"

typedef struct writer {
    weir_arena *a;
    weir_buf out;
    weir_status *st;
} writer;

static weir_rc write_type(writer *w, const weir_type *t, weir_sv name, weir_sv space, bool root);

weir_sv weir__avro_field_name(weir_arena *a, weir_sv name)
{
    char *to = weir_arena_cstr(a, name);
    for (uint32_t i = 0; i < name.n; i++) {
        to[i] = name.p[i] == '.' ? '_' : to[i];
    }
    return weir_sv_of(to, name.n);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static weir_rc check_name(writer *w, weir_sv name)
{
    for (uint32_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!is_letter(c) && (i == 0 || c < '0' || c > '9')) {
            return weir_fail(w->st, WEIR_EUSAGE,
                             "Schema is not compatible with Avro: Illegal %s: " WEIR_SV_FMT,
                             i == 0 ? "initial character" : "character in", WEIR_SV_ARG(name));
        }
    }
    return name.n ? WEIR_OK
                  : weir_fail(w->st, WEIR_EUSAGE, "Schema is not compatible with Avro: Empty name");
}

static void member(writer *w, const char *name, weir_sv value)
{
    weir_buf_printf(&w->out, ",\"%s\":", name);
    weir_json_string(&w->out, value);
}

/* Splits "a.b.C" into the namespace "a.b" and "C". */
static weir_sv split_name(weir_sv full, weir_sv *space)
{
    uint32_t at = full.n;
    while (at > 0 && full.p[at - 1] != '.') {
        at--;
    }
    *space = weir_sv_of(full.p, at ? at - 1 : 0);
    return weir_sv_of(full.p + at, full.n - at);
}

/* `{"type":"record","name":…,"namespace":…,"fields":[`; *space becomes the record's. */
static weir_rc open_record(writer *w, weir_sv full, weir_sv *space)
{
    weir_sv outer = *space;
    weir_sv name = split_name(full, space);
    WEIR_TRY(check_name(w, name));
    weir_buf_str(&w->out, "{\"type\":\"record\"");
    member(w, "name", name);
    if (space->n && !weir_sv_eq(*space, outer)) {
        member(w, "namespace", *space);
    }
    weir_buf_str(&w->out, ",\"fields\":[");
    return WEIR_OK;
}

static weir_rc write_record(writer *w, const weir_field *fields, uint32_t n, weir_sv full,
                            weir_sv space)
{
    WEIR_TRY(open_record(w, full, &space));
    for (uint32_t i = 0; i < n; i++) {
        weir_sv name = weir__avro_field_name(w->a, fields[i].name);
        weir_sv inner = weir_arena_printf(w->a, WEIR_SV_FMT "_" WEIR_SV_FMT, WEIR_SV_ARG(full),
                                          WEIR_SV_ARG(fields[i].name));
        WEIR_TRY(check_name(w, name));
        weir_buf_str(&w->out, i ? ",{\"name\":" : "{\"name\":");
        weir_json_string(&w->out, name);
        weir_buf_str(&w->out, ",\"type\":");
        WEIR_TRY(write_type(w, fields[i].type, inner, space, false));
        weir_buf_str(&w->out, ",\"default\":null}");
    }
    weir_buf_byte(&w->out, ']');
    member(w, "connect.name", full);
    weir_buf_byte(&w->out, '}');
    return WEIR_OK;
}

/* Keys that can be NULL make it a list of entries, not an Avro map. */
static weir_rc write_map(writer *w, const weir_type *t, weir_sv full, weir_sv space)
{
    weir_sv inner = weir_arena_printf(w->a, WEIR_SV_FMT "_MapValue", WEIR_SV_ARG(full));
    weir_buf_str(&w->out, "{\"type\":\"array\",\"items\":");
    WEIR_TRY(open_record(w, full, &space));
    weir_buf_str(&w->out, "{\"name\":\"key\",\"type\":[\"null\",\"string\"],\"default\":null},"
                          "{\"name\":\"value\",\"type\":");
    WEIR_TRY(write_type(w, t->item, inner, space, false));
    weir_buf_str(&w->out, ",\"default\":null}],\"connect.internal.type\":\"MapEntry\"}");
    member(w, "connect.name", full);
    weir_buf_byte(&w->out, '}');
    return WEIR_OK;
}

/* At the root ksqlDB loses the version. */
static void write_logical(writer *w, const char *type, const char *connect, const char *logical,
                          bool root)
{
    weir_buf_printf(&w->out,
                    "{\"type\":\"%s\"%s,\"connect.name\":\"org.apache.kafka.connect.data.%s\","
                    "\"logicalType\":\"%s\"}",
                    type, root ? "" : ",\"connect.version\":1", connect, logical);
}

static void write_decimal(writer *w, const weir_type *t, bool root)
{
    weir_buf_printf(&w->out,
                    "{\"type\":\"bytes\",\"scale\":%d,\"precision\":%d%s,\"connect.parameters\":"
                    "{\"scale\":\"%d\",\"connect.decimal.precision\":\"%d\"},\"connect.name\":"
                    "\"org.apache.kafka.connect.data.Decimal\",\"logicalType\":\"decimal\"}",
                    t->scale, t->precision, root ? "" : ",\"connect.version\":1", t->scale,
                    t->precision);
}

static weir_rc write_bare(writer *w, const weir_type *t, weir_sv name, weir_sv space, bool root)
{
    switch (t->kind) {
    case WEIR_T_BOOLEAN:
        weir_buf_str(&w->out, "\"boolean\"");
        return WEIR_OK;
    case WEIR_T_INTEGER:
        weir_buf_str(&w->out, "\"int\"");
        return WEIR_OK;
    case WEIR_T_BIGINT:
        weir_buf_str(&w->out, "\"long\"");
        return WEIR_OK;
    case WEIR_T_DOUBLE:
        weir_buf_str(&w->out, "\"double\"");
        return WEIR_OK;
    case WEIR_T_STRING:
        weir_buf_str(&w->out, "\"string\"");
        return WEIR_OK;
    case WEIR_T_BYTES:
        weir_buf_str(&w->out, "\"bytes\"");
        return WEIR_OK;
    case WEIR_T_DECIMAL:
        write_decimal(w, t, root);
        return WEIR_OK;
    case WEIR_T_DATE:
        write_logical(w, "int", "Date", "date", root);
        return WEIR_OK;
    case WEIR_T_TIME:
        write_logical(w, "int", "Time", "time-millis", root);
        return WEIR_OK;
    case WEIR_T_TIMESTAMP:
        write_logical(w, "long", "Timestamp", "timestamp-millis", root);
        return WEIR_OK;
    case WEIR_T_ARRAY:
        weir_buf_str(&w->out, "{\"type\":\"array\",\"items\":");
        WEIR_TRY(write_type(w, t->item, name, space, false));
        weir_buf_byte(&w->out, '}');
        return WEIR_OK;
    case WEIR_T_MAP:
        return write_map(w, t, name, space);
    case WEIR_T_STRUCT:
        return write_record(w, t->fields, t->n_fields, name, space);
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

static weir_rc write_type(writer *w, const weir_type *t, weir_sv name, weir_sv space, bool root)
{
    weir_buf_str(&w->out, root ? "" : "[\"null\",");
    WEIR_TRY(write_bare(w, t, name, space, root));
    weir_buf_str(&w->out, root ? "" : "]");
    return WEIR_OK;
}

static bool keys_are_strings(const weir_type *t)
{
    if (t->kind == WEIR_T_MAP && t->key->kind != WEIR_T_STRING) {
        return false;
    }
    bool ok = !t->item || keys_are_strings(t->item);
    for (uint32_t i = 0; i < t->n_fields && ok; i++) {
        ok = keys_are_strings(t->fields[i].type);
    }
    return ok;
}

static weir_rc write_columns(writer *w, const weir_codec_spec *spec)
{
    weir_sv name = spec->format->full_name.n ? spec->format->full_name : WEIR_SV(STANDARD_NAME);
    weir_field *fields = WEIR_NEW_N(w->a, weir_field, spec->n);
    for (uint32_t i = 0; i < spec->n; i++) {
        if (!keys_are_strings(spec->cols[i].type)) {
            return weir_fail(w->st, WEIR_EUSAGE, "Avro only supports MAPs with STRING keys");
        }
        fields[i] = (weir_field){spec->cols[i].name, spec->cols[i].type};
    }
    if (weir__codec_unwrapped(spec)) {
        return write_type(w, spec->cols[0].type, name, (weir_sv){0}, true);
    }
    return write_record(w, fields, spec->n, name, (weir_sv){0});
}

weir_rc weir__avro_schema(weir_arena *a, const weir_codec_spec *spec, weir_sv *text,
                          weir_status *st)
{
    writer w = {.a = a, .st = st};
    weir_rc rc = write_columns(&w, spec);
    *text = weir_arena_sv(a, weir_buf_view(&w.out));
    weir_buf_deinit(&w.out);
    return rc;
}
