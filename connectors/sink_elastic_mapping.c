/* Index templates: how the columns are to be indexed, told before the first document does it by guess.
 *
 *   BOOLEAN boolean    INTEGER integer   BIGINT long          DOUBLE double   DECIMAL scaled_float
 *   STRING  text       BYTES   binary    TIMESTAMP date       DATE, TIME integer, as JSON has them
 *   ARRAY   its items  STRUCT  object    MAP object, by guess */
#include "connectors/sink_elastic.h"

#include "engine/data/json_text.h"

#define SCALED_DIGITS_MAX 18 /* scaled_float keeps a 64-bit number */

static void print_type(weir_buf *out, const weir_type *t, const weir__es_mapping *m);

static void print_decimal(weir_buf *out, const weir_type *t, const weir__es_mapping *m)
{
    bool scaled = weir_sv_ieq(m->decimals, WEIR_SV("scaled_float"));
    if (scaled && t->precision <= SCALED_DIGITS_MAX) {
        weir_buf_str(out, "{\"type\":\"scaled_float\",\"scaling_factor\":1");
        for (int32_t i = 0; i < t->scale; i++) {
            weir_buf_byte(out, '0');
        }
        weir_buf_byte(out, '}');
        return;
    }
    bool inexact = weir_sv_ieq(m->decimals, WEIR_SV("double"));
    weir_buf_str(out, inexact ? "{\"type\":\"double\"}" : "{\"type\":\"keyword\"}");
}

static void print_fields(weir_buf *out, const weir_type *t, const weir__es_mapping *m)
{
    weir_buf_str(out, "{\"properties\":{");
    for (uint32_t i = 0; i < t->n_fields; i++) {
        weir_buf_str(out, i ? "," : "");
        weir_json_string(out, t->fields[i].name);
        weir_buf_byte(out, ':');
        print_type(out, t->fields[i].type, m);
    }
    weir_buf_str(out, "}}");
}

static void print_type(weir_buf *out, const weir_type *t, const weir__es_mapping *m)
{
    switch (t->kind) {
    case WEIR_T_BOOLEAN: weir_buf_str(out, "{\"type\":\"boolean\"}"); return;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE: /* JSON has them as days, and milliseconds of the day */
    case WEIR_T_TIME: weir_buf_str(out, "{\"type\":\"integer\"}"); return;
    case WEIR_T_BIGINT: weir_buf_str(out, "{\"type\":\"long\"}"); return;
    case WEIR_T_DOUBLE: weir_buf_str(out, "{\"type\":\"double\"}"); return;
    case WEIR_T_DECIMAL: print_decimal(out, t, m); return;
    case WEIR_T_STRING:
        weir_buf_str(out, weir_sv_ieq(m->strings, WEIR_SV("keyword"))
                              ? "{\"type\":\"keyword\"}"
                              : "{\"type\":\"text\",\"fields\":{\"keyword\":{\"type\":\"keyword\","
                                "\"ignore_above\":256}}}");
        return;
    case WEIR_T_BYTES: weir_buf_str(out, "{\"type\":\"binary\"}"); return;
    case WEIR_T_TIMESTAMP:
        weir_buf_str(out, "{\"type\":\"date\",\"format\":\"epoch_millis\"}");
        return;
    case WEIR_T_ARRAY: print_type(out, t->item, m); return;
    case WEIR_T_MAP: weir_buf_str(out, "{\"type\":\"object\"}"); return;
    case WEIR_T_STRUCT: print_fields(out, t, m); return;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS: break;
    }
    WEIR_UNREACHABLE();
}

void weir__es_mapping_print(weir_buf *out, const weir_schema *s, const weir__es_mapping *m)
{
    uint32_t n = 0;
    weir_buf_str(out, "{\"index_patterns\":[");
    weir_json_string(out, m->pattern);
    weir_buf_printf(out, "],\"priority\":200,%s\"template\":{\"mappings\":{\"properties\":{",
                    m->data_stream ? "\"data_stream\":{}," : "");
    for (uint32_t i = 0; i < s->n; i++) {
        const weir_column *c = &s->cols[i];
        if (c->role != WEIR_COL_VALUE && !(m->keys && c->role == WEIR_COL_KEY)) {
            continue;
        }
        weir_buf_str(out, n++ ? "," : "");
        weir_json_string(out, c->name);
        weir_buf_byte(out, ':');
        if (weir_sv_eq(c->name, m->time_name)) { /* the column says it in its own way */
            weir_buf_str(out, "{\"type\":\"date\"}");
        } else {
            print_type(out, c->type, m);
        }
    }
    if (m->time_name.n && weir_schema_find(s, m->time_name) < 0) {
        weir_buf_str(out, n ? "," : "");
        weir_json_string(out, m->time_name);
        weir_buf_str(out, ":{\"type\":\"date\"}");
    }
    weir_buf_str(out, "}}}}");
}

static void put_lower(weir_buf *out, weir_sv text)
{
    for (uint32_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        weir_buf_byte(out, (char)(c >= 'A' && c <= 'Z' ? c + 32 : c));
    }
}

void weir__es_pattern(weir_buf *out, weir_sv index, weir_sv topic)
{
    for (uint32_t i = 0; i < index.n;) {
        weir_sv rest = weir_sv_of(index.p + i, index.n - i);
        const char *end = weir_sv_starts(rest, WEIR_SV("${")) ? memchr(rest.p, '}', rest.n) : NULL;
        if (!end) {
            put_lower(out, weir_sv_of(rest.p, 1));
            i++;
            continue;
        }
        uint32_t n = (uint32_t)(end - rest.p) + 1;
        if (weir_sv_eq(weir_sv_of(rest.p, n), WEIR_SV("${topic}"))) {
            put_lower(out, topic);
        } else if (out->n == 0 || out->p[out->n - 1] != '*') {
            weir_buf_byte(out, '*');
        }
        i += n;
    }
}
