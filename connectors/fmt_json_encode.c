/* Columns to JSON: all columns in schema order, NULLs included. What stands between the values is
 * escaped once. A member of a usual type is written into room made once, as long as no string needs
 * an escape. */
#include "connectors/codec.h"
#include "connectors/fmt_json.h"
#include "connectors/formats.h"
#include "engine/data/json.h"
#include "engine/data/json_text.h"
#include "engine/data/number.h"
#include "engine/data/text.h"

/* What comes before a value is short and padded: copied in steps of 16 bytes without a call. */
#define LEAD_STEP 16

/* How a column is written. */
typedef enum plain_kind { PLAIN_NOT, PLAIN_I32, PLAIN_I64, PLAIN_DOUBLE, PLAIN_STRING } plain_kind;

typedef struct encoder {
    const weir_codec_spec *spec;
    bool unwrapped;
    weir_sv *lead; /* what comes before each value: `{"A":` or `,"B":` */
    plain_kind *plain;
} encoder;

static bool keys_are_strings(const weir_type *t)
{
    switch (t->kind) {
    case WEIR_T_ARRAY:
        return keys_are_strings(t->item);
    case WEIR_T_MAP:
        return t->key->kind == WEIR_T_STRING && keys_are_strings(t->item);
    case WEIR_T_STRUCT:
        for (uint32_t i = 0; i < t->n_fields; i++) {
            if (!keys_are_strings(t->fields[i].type)) {
                return false;
            }
        }
        return true;
    case WEIR_T_BOOLEAN:
    case WEIR_T_INTEGER:
    case WEIR_T_BIGINT:
    case WEIR_T_DOUBLE:
    case WEIR_T_DECIMAL:
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_TIMESTAMP:
        return true;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

weir_rc weir__json_check_type(const weir_codec_spec *spec, const weir_column *c, weir_status *st)
{
    (void)spec;
    if (keys_are_strings(c->type)) {
        return WEIR_OK;
    }
    return weir_fail(st, WEIR_EUSAGE,
                     "JSON only supports MAP types with STRING keys, column: `" WEIR_SV_FMT "`",
                     WEIR_SV_ARG(c->name));
}

static plain_kind plain_of(weir_kind kind)
{
    if (kind == WEIR_T_INTEGER || kind == WEIR_T_DATE || kind == WEIR_T_TIME) {
        return PLAIN_I32;
    }
    if (kind == WEIR_T_BIGINT || kind == WEIR_T_TIMESTAMP) {
        return PLAIN_I64;
    }
    return kind == WEIR_T_DOUBLE ? PLAIN_DOUBLE : kind == WEIR_T_STRING ? PLAIN_STRING : PLAIN_NOT;
}

weir_rc weir__json_encoder_new(weir_arena *a, const weir_codec_spec *spec, void **out,
                               weir_status *st)
{
    encoder *e = WEIR_NEW(a, encoder);
    e->spec = weir__codec_spec_copy(a, spec);
    e->unwrapped = weir__codec_unwrapped(spec);
    e->lead = WEIR_NEW_N(a, weir_sv, spec->n);
    e->plain = WEIR_NEW_N(a, plain_kind, spec->n);
    for (uint32_t i = 0; i < spec->n; i++) {
        weir_buf lead = {0};
        WEIR_TRY(weir__json_check_type(spec, &spec->cols[i], st));
        weir_buf_byte(&lead, i ? ',' : '{');
        weir_json_string(&lead, spec->cols[i].name);
        weir_buf_byte(&lead, ':');
        char *padded = weir_arena_zalloc(a, lead.n + LEAD_STEP);
        memcpy(padded, lead.p, lead.n);
        e->lead[i] = weir_sv_of(padded, lead.n);
        e->plain[i] = plain_of(spec->cols[i].type->kind);
        weir_buf_deinit(&lead);
    }
    *out = e;
    return WEIR_OK;
}

static void write_i64(weir_buf *out, int64_t v)
{
    char *to = weir_buf_reserve(out, WEIR_I64_TEXT_MAX);
    if (to) {
        out->n += weir_i64_text(to, v);
    }
}

static void write_double(weir_buf *out, double v)
{
    bool finite = v - v == 0;
    char *to = finite ? weir_buf_reserve(out, WEIR_DOUBLE_TEXT_MAX) : NULL;
    if (to) {
        out->n += weir_double_text(to, v);
    } else if (!finite) {
        weir_json_double(out, v);
    }
}

/* BigDecimal.toString: plain text except for small values of a large scale, 1E-7. */
static void write_decimal(weir_buf *out, const weir_type *t, weir_dec v)
{
    size_t start = out->n;
    weir_dec_print(out, v, (weir_dec_type){t->precision, t->scale});
    if (t->scale > 6 && !out->over) {
        weir_sv plain = weir_sv_of(out->p + start, out->n - start);
        weir_buf text = {0};
        char *to = weir_buf_reserve(&text, plain.n + WEIR_JSON_NUMBER_ROOM);
        text.n = weir_json_number_text(to, plain);
        out->n = start;
        weir_buf_sv(out, weir_buf_view(&text));
        weir_buf_deinit(&text);
    }
}

static void write_value(weir_buf *out, const weir_vec *v, uint32_t row)
{
    const weir_type *t = v->type;
    if (!weir_vec_is_valid(v, row)) {
        weir_buf_add(out, "null", 4);
        return;
    }
    switch (t->kind) {
    case WEIR_T_BOOLEAN:
        weir_buf_str(out, WEIR_AT(uint8_t, v, row) ? "true" : "false");
        return;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
        write_i64(out, WEIR_AT(int32_t, v, row));
        return;
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        write_i64(out, WEIR_AT(int64_t, v, row));
        return;
    case WEIR_T_DOUBLE:
        write_double(out, WEIR_AT(double, v, row));
        return;
    case WEIR_T_DECIMAL:
        write_decimal(out, t, WEIR_AT(weir_dec, v, row));
        return;
    case WEIR_T_STRING:
        weir_json_string(out, WEIR_AT(weir_sv, v, row));
        return;
    case WEIR_T_BYTES:
        weir_buf_byte(out, '"');
        weir_base64_encode(out, WEIR_AT(weir_sv, v, row));
        weir_buf_byte(out, '"');
        return;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
        weir_value_print_json(out, t, WEIR_AT(const weir_value *, v, row));
        return;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

/* A value of a plain column that is not NULL. NULL: it has to go the long way. */
static char *put_plain(char *to, plain_kind kind, const weir_vec *v, uint32_t row)
{
    switch (kind) {
    case PLAIN_I32:
        return to + weir_i64_text(to, WEIR_AT(int32_t, v, row));
    case PLAIN_I64:
        return to + weir_i64_text(to, WEIR_AT(int64_t, v, row));
    case PLAIN_DOUBLE: {
        double d = WEIR_AT(double, v, row);
        return d - d == 0 ? to + weir_double_text(to, d) : NULL;
    }
    case PLAIN_STRING:
        return weir_json_string_put(to, WEIR_AT(weir_sv, v, row));
    case PLAIN_NOT:
        return NULL;
    }
    WEIR_UNREACHABLE();
}

/* A column's name and value. */
static void write_member(weir_buf *out, weir_sv lead, plain_kind kind, const weir_vec *v,
                         uint32_t row)
{
    bool valid = weir_vec_is_valid(v, row);
    size_t text = kind == PLAIN_STRING && valid ? WEIR_AT(weir_sv, v, row).n : 0;
    char *to = weir_buf_reserve(out, lead.n + LEAD_STEP + WEIR_DOUBLE_TEXT_MAX + text);
    if (!to) {
        return;
    }
    for (uint32_t i = 0; i < lead.n; i += LEAD_STEP) {
        memcpy(to + i, lead.p + i, LEAD_STEP);
    }
    char *end = valid ? put_plain(to + lead.n, kind, v, row) : NULL;
    out->n = (size_t)((end ? end : to + lead.n) - out->p);
    if (WEIR_UNLIKELY(!end)) {
        write_value(out, v, row);
    }
}

static void write_object(const encoder *e, weir_buf *out, const weir_vec *cols, uint32_t row)
{
    uint32_t n = e->spec->n;
    for (uint32_t c = 0; c < n; c++) {
        write_member(out, e->lead[c], e->plain[c], &cols[c], row);
    }
    weir_buf_add(out, n ? "}" : "{}", n ? 1 : 2);
}

void weir__json_encode(void *self, const weir_vec *cols, const uint16_t *rows, uint32_t n,
                       weir_buf *out, uint32_t *ends, uint64_t *null)
{
    const encoder *e = self;
    for (uint32_t i = 0; i < n; i++) {
        if (!e->unwrapped) {
            write_object(e, out, cols, rows[i]);
        } else if (weir_vec_is_valid(&cols[0], rows[i])) {
            write_value(out, &cols[0], rows[i]);
        } else {
            weir_bit_set(null, i);
        }
        WEIR_ASSERT(out->n <= UINT32_MAX);
        ends[i] = (uint32_t)out->n;
    }
}

const weir_format weir_format_json = {
    .kind = WEIR_FMT_JSON,
    .doc = "One JSON object per record; a single key column, or a single value column with "
           "WRAP_SINGLE_VALUE=false, is the bare value.",
    .decoder_new = weir__json_decoder_new,
    .decode = weir__json_decode,
    .encoder_new = weir__json_encoder_new,
    .encode = weir__json_encode,
};
