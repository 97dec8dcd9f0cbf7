/* JSON to columns, by the rules of ksqlDB's deserializer: members are found by exact name, then in
 * upper case; missing and null are NULL; numbers may be text, everything may be a STRING. A column
 * that nobody needs is checked all the same, because one bad column makes the record bad.
 *
 * What reads a column is chosen once. Scalars go straight into the vector, nested values are built
 * in the step arena. */
#include "connectors/codec.h"
#include "connectors/fmt_json.h"
#include "engine/base/limits.h"
#include "engine/data/json.h"
#include "engine/data/number.h"
#include "engine/data/text.h"

#include <stdarg.h>
#include <stdio.h>

#define BIT(kind) (1u << (kind))
#define NUMBERS (BIT(WEIR_JSON_INT) | BIT(WEIR_JSON_DECIMAL))
#define BOOLEANS (BIT(WEIR_JSON_FALSE) | BIT(WEIR_JSON_TRUE))
#define EVERYTHING (BIT(WEIR_JSON_KINDS) - 1)

typedef struct decoder decoder;
typedef struct reader reader;

/* Writes one value; `to` is the vector's element for a column, the value's member inside nested
 * data, and a whole weir_value for ARRAY, MAP and STRUCT. */
typedef bool (*read_fn)(decoder *d, const reader *r, const weir_json_token *t, void *to);

struct reader {
    const weir_type *type;
    read_fn read;
    uint32_t always; /* kinds that can be read whatever the value */
    bool nested;
    uint32_t width;       /* of an element of the vector */
    reader *items;        /* ARRAY, MAP: one · STRUCT: one per field */
    weir_json_keys *keys; /* STRUCT */
};

/* A column of the record. */
typedef struct column {
    reader reader;
    weir_sv name;
    int32_t out; /* index of the vector, -1: only checked */
} column;

/* A step of the path to what could not be read, innermost first. */
typedef struct path_step {
    weir_sv name; /* empty: an array's item */
    uint32_t item;
} path_step;

struct decoder {
    const weir_codec_spec *spec;
    bool unwrapped;
    column *columns; /* that are needed or can go wrong */
    uint32_t n;
    weir_json_keys *keys;
    weir_json_token *tokens;
    weir_json_doc doc;
    weir_arena *arena; /* step arena of the batch */
    char why[256];
    path_step path[WEIR_TYPE_DEPTH_MAX + 2];
    uint32_t n_path;
};

static bool fail(decoder *d, const char *fmt, ...) WEIR_PRINTF(2, 3);
static bool fail(decoder *d, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(d->why, sizeof d->why, fmt, args);
    va_end(args);
    return false;
}

static bool fail_in(decoder *d, weir_sv name, uint32_t item)
{
    if (d->n_path < WEIR_COUNT(d->path)) {
        d->path[d->n_path++] = (path_step){name, item};
    }
    return false;
}

static bool fail_type(decoder *d, const reader *r, const weir_json_token *t)
{
    weir_buf type = {0};
    weir_type_print(&type, r->type, false);
    fail(d, "Can't convert type. sourceType: %s, requiredType: %.150s", weir_json_jackson_name(t),
         weir_buf_cstr(&type));
    weir_buf_deinit(&type);
    return false;
}

static bool fail_text(decoder *d, const reader *r)
{
    weir_buf type = {0};
    weir_type_print(&type, r->type, false);
    fail(d, "Can't coerce string to type. targetType: %s", weir_buf_cstr(&type));
    weir_buf_deinit(&type);
    return false;
}

static bool is_number(const weir_json_token *t)
{
    return t->kind == WEIR_JSON_INT || t->kind == WEIR_JSON_DECIMAL;
}

static bool read_boolean(decoder *d, const reader *r, const weir_json_token *t, void *to)
{
    if (t->kind != WEIR_JSON_TRUE && t->kind != WEIR_JSON_FALSE) {
        return fail_type(d, r, t);
    }
    *(uint8_t *)to = t->kind == WEIR_JSON_TRUE;
    return true;
}

static bool read_integer(decoder *d, const reader *r, const weir_json_token *t, void *to)
{
    if (is_number(t)) {
        *(int32_t *)to = (int32_t)weir_json_to_i64(t);
        return true;
    }
    if (t->kind != WEIR_JSON_STRING) {
        return fail_type(d, r, t);
    }
    return weir_i32_parse(weir_json_string_of(d->arena, t), to) || fail_text(d, r);
}

static bool read_bigint(decoder *d, const reader *r, const weir_json_token *t, void *to)
{
    if (is_number(t)) {
        *(int64_t *)to = weir_json_to_i64(t);
        return true;
    }
    if (t->kind != WEIR_JSON_STRING) {
        return fail_type(d, r, t);
    }
    return weir_i64_parse(weir_json_string_of(d->arena, t), to) || fail_text(d, r);
}

static bool read_double(decoder *d, const reader *r, const weir_json_token *t, void *to)
{
    if (is_number(t)) {
        *(double *)to = weir_json_to_double(t);
        return true;
    }
    if (t->kind != WEIR_JSON_STRING) {
        return fail_type(d, r, t);
    }
    return weir_double_parse(weir_json_string_of(d->arena, t), to) || fail_text(d, r);
}

static bool read_decimal(decoder *d, const reader *r, const weir_json_token *t, void *to)
{
    weir_dec_type type = {r->type->precision, r->type->scale};
    if (!is_number(t) && t->kind != WEIR_JSON_STRING) {
        return fail_type(d, r, t);
    }
    weir_sv text = is_number(t) ? t->text : weir_json_string_of(d->arena, t);
    weir_dec_fault fault = weir_dec_parse(d->arena, text, type, WEIR_ROUND_EXACT, to);
    if (fault == WEIR_DEC_OVERFLOW) {
        return fail(d,
                    "Numeric field overflow: A field with precision %d and scale %d must round "
                    "to an absolute value less than 10^%d",
                    type.precision, type.scale, type.precision - type.scale);
    }
    if (fault == WEIR_DEC_INEXACT) {
        return fail(d, "Cannot fit decimal into DECIMAL(%d, %d) without rounding", type.precision,
                    type.scale);
    }
    return fault == WEIR_DEC_OK || fail_text(d, r);
}

static bool read_date(decoder *d, const reader *r, const weir_json_token *t, void *to)
{
    int64_t days;
    if (!read_bigint(d, r, t, &days)) {
        return false;
    }
    *(int32_t *)to = (int32_t)days;
    return true;
}

static bool read_time(decoder *d, const reader *r, const weir_json_token *t, void *to)
{
    int64_t ms;
    if (!read_bigint(d, r, t, &ms)) {
        return false;
    }
    if (ms < 0 || ms > INT64_C(86400000)) {
        return fail(d, "Time values must use number of milliseconds greater than 0 and less than "
                       "86400000.");
    }
    *(int32_t *)to = (int32_t)ms;
    return true;
}

/* Jackson's MIME-NO-LINEFEEDS: white space between groups of four is skipped, padding is needed. */
static bool read_bytes(decoder *d, const reader *r, const weir_json_token *t, void *to)
{
    if (t->kind != WEIR_JSON_STRING) {
        return fail_type(d, r, t);
    }
    weir_sv text = weir_json_string_of(d->arena, t);
    char *dense = weir_arena_bytes_alloc(d->arena, text.n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] > ' ' || n % 4 != 0) {
            dense[n++] = text.p[i];
        }
    }
    weir_buf bytes = {0};
    bool ok = n % 4 == 0 && weir_base64_decode(&bytes, weir_sv_of(dense, n));
    *(weir_sv *)to = weir_arena_sv(d->arena, weir_buf_view(&bytes));
    weir_buf_deinit(&bytes);
    return ok || fail(d, "Value is not a valid Base64 encoded string");
}

static void print_array(const weir_json_node *array, weir_buf *out);

/* A value as text inside an array that became a STRING: Objects.toString of what a STRING item of
 * the array would have been. */
static void print_item(const weir_json_node *v, weir_buf *out)
{
    if (v->kind == WEIR_JSON_ARRAY) {
        print_array(v, out);
    } else if (v->kind == WEIR_JSON_STRING) {
        weir_buf_sv(out, v->text);
    } else {
        weir_json_print(out, v, false);
    }
}

static void print_array(const weir_json_node *array, weir_buf *out)
{
    weir_buf_byte(out, '[');
    for (uint32_t i = 0; i < array->n; i++) {
        weir_buf_str(out, i ? ", " : "");
        print_item(&array->items[i], out);
    }
    weir_buf_byte(out, ']');
}

static bool read_string(decoder *d, const reader *r, const weir_json_token *t, void *to)
{
    (void)r;
    weir_sv *out = to;
    if (WEIR_LIKELY(t->kind == WEIR_JSON_STRING)) {
        *out = weir_json_string_of(d->arena, t);
        return true;
    }
    if (is_number(t)) {
        uint32_t room = t->text.n + WEIR_JSON_NUMBER_ROOM;
        char *text = weir_arena_bytes_alloc(d->arena, room);
        *out = weir_sv_of(text, weir_json_number_text(text, t->text));
        weir_arena_shrink(d->arena, text, room, out->n);
        return true;
    }
    if (t->kind != WEIR_JSON_ARRAY && t->kind != WEIR_JSON_OBJECT) {
        *out = t->text; /* true, false; nothing for an empty document */
        return true;
    }
    weir_json_node tree;
    weir_json_build(&d->doc, t, &tree);
    weir_buf text = {0};
    print_item(&tree, &text);
    *out = weir_arena_sv(d->arena, weir_buf_view(&text));
    weir_buf_deinit(&text);
    return true;
}

static bool read_value(decoder *d, const reader *r, const weir_json_token *t, weir_value *v)
{
    *v = weir_null(r->type->kind);
    if (t->kind <= WEIR_JSON_NULL) {
        return true;
    }
    v->null = false;
    return r->read(d, r, t, r->nested ? (void *)v : (void *)&v->i64);
}

static bool read_array(decoder *d, const reader *r, const weir_json_token *t, void *to)
{
    weir_value *items = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    weir_json_token item;
    if (t->kind != WEIR_JSON_ARRAY) {
        return fail_type(d, r, t);
    }
    weir_json_iter it = weir_json_first(t);
    while (weir_json_next(&d->doc, &it, NULL, &item)) {
        weir_value v;
        if (!read_value(d, r->items, &item, &v)) {
            return fail_in(d, (weir_sv){0}, n);
        }
        WEIR_PUSH(d->arena, items, n, cap, v);
    }
    *(weir_value *)to = weir_array(items, n);
    return true;
}

static bool read_map(decoder *d, const reader *r, const weir_json_token *t, void *to)
{
    weir_json_names names = {0};
    weir_value *values = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    weir_json_token name;
    weir_json_token item;
    if (t->kind != WEIR_JSON_OBJECT) {
        return fail_type(d, r, t);
    }
    weir_json_iter it = weir_json_first(t);
    while (weir_json_next(&d->doc, &it, &name, &item)) {
        weir_value v;
        uint32_t at = weir_json_names_add(&names, d->arena, weir_json_string_of(d->arena, &name));
        if (!read_value(d, r->items, &item, &v)) {
            return fail_in(d, WEIR_SV("value"), 0);
        }
        if (at < n) {
            values[at] = v;
        } else {
            WEIR_PUSH(d->arena, values, n, cap, v);
        }
    }
    weir_value *keys = WEIR_NEW_N(d->arena, weir_value, n);
    for (uint32_t i = 0; i < n; i++) {
        keys[i] = weir_string(names.names[i]);
    }
    weir_value *map = to;
    *map = (weir_value){.kind = WEIR_T_MAP, .n = n};
    map->items = values;
    map->keys = keys;
    return true;
}

static bool read_struct(decoder *d, const reader *r, const weir_json_token *t, void *to)
{
    if (t->kind != WEIR_JSON_OBJECT) {
        return fail_type(d, r, t);
    }
    uint32_t n = r->type->n_fields;
    weir_json_token *tokens = weir_arena_alloc(d->arena, n * sizeof *tokens);
    weir_value *fields = weir_arena_alloc(d->arena, n * sizeof *fields);
    if (!weir_json_members(&d->doc, t->at, r->keys, tokens)) {
        return fail(d, "%s", d->doc.error);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!read_value(d, &r->items[i], &tokens[i], &fields[i])) {
            return fail_in(d, r->type->fields[i].name, 0);
        }
    }
    weir_value *v = to;
    *v = (weir_value){.kind = WEIR_T_STRUCT, .n = n};
    v->items = fields;
    return true;
}

/* How each kind is read, and what it accepts without looking at the value. ORDER weir_kind */
static const struct {
    read_fn read;
    uint32_t always;
} by_kind[] = {
    [WEIR_T_BOOLEAN] = {read_boolean, BOOLEANS},
    [WEIR_T_INTEGER] = {read_integer, NUMBERS},
    [WEIR_T_BIGINT] = {read_bigint, NUMBERS},
    [WEIR_T_DOUBLE] = {read_double, NUMBERS},
    [WEIR_T_DECIMAL] = {read_decimal, 0},
    [WEIR_T_STRING] = {read_string, EVERYTHING},
    [WEIR_T_BYTES] = {read_bytes, 0},
    [WEIR_T_DATE] = {read_date, NUMBERS},
    [WEIR_T_TIME] = {read_time, 0},
    [WEIR_T_TIMESTAMP] = {read_bigint, NUMBERS},
    [WEIR_T_ARRAY] = {read_array, 0},
    [WEIR_T_MAP] = {read_map, 0},
    [WEIR_T_STRUCT] = {read_struct, 0},
};

static void reader_init(weir_arena *a, reader *r, const weir_type *type)
{
    WEIR_ASSERT(type->kind < WEIR_COUNT(by_kind));
    *r = (reader){.type = type,
                  .read = by_kind[type->kind].read,
                  .always = by_kind[type->kind].always,
                  .nested = weir_type_is_nested(type),
                  .width = weir_type_width(type)};
    if (type->kind == WEIR_T_STRUCT) {
        weir_sv *names = WEIR_NEW_N(a, weir_sv, type->n_fields);
        r->items = WEIR_NEW_N(a, reader, type->n_fields);
        for (uint32_t i = 0; i < type->n_fields; i++) {
            names[i] = type->fields[i].name;
            reader_init(a, &r->items[i], type->fields[i].type);
        }
        r->keys = weir_json_keys_new(a, names, type->n_fields);
    } else if (r->nested) {
        r->items = WEIR_NEW(a, reader);
        reader_init(a, r->items, type->item);
    }
}

weir_rc weir__json_decoder_new(weir_arena *a, const weir_codec_spec *spec, void **out,
                               weir_status *st)
{
    decoder *d = WEIR_NEW(a, decoder);
    weir_sv *names = WEIR_NEW_N(a, weir_sv, spec->n);
    d->spec = weir__codec_spec_copy(a, spec);
    d->unwrapped = weir__json_unwrapped(spec);
    d->columns = WEIR_NEW_N(a, column, spec->n);
    d->tokens = WEIR_NEW_N(a, weir_json_token, spec->n);
    for (uint32_t i = 0; i < spec->n; i++) {
        const weir_column *from = &d->spec->cols[i];
        column *c = &d->columns[d->n];
        WEIR_TRY(weir__json_check_type(spec, &spec->cols[i], st));
        reader_init(a, &c->reader, from->type);
        c->name = from->name;
        c->out = weir__codec_out(spec, i);
        if (c->out >= 0 || c->reader.always != EVERYTHING) {
            names[d->n++] = c->name;
        }
    }
    d->keys = weir_json_keys_new(a, names, d->n);
    *out = d;
    return WEIR_OK;
}

/* The row as a whole cannot be a STRUCT. */
static bool fail_row(decoder *d, const weir_json_token *t)
{
    weir_buf type = {0};
    for (uint32_t i = 0; i < d->spec->n; i++) {
        weir_buf_str(&type, i ? ", " : "");
        weir_name_print(&type, d->spec->cols[i].name, false);
        weir_buf_byte(&type, ' ');
        weir_type_print(&type, d->spec->cols[i].type, false);
    }
    fail(d, "Can't convert type. sourceType: %s, requiredType: STRUCT<%.150s>",
         weir_json_jackson_name(t), weir_buf_cstr(&type));
    weir_buf_deinit(&type);
    return false;
}

/* One record into d->tokens. */
static bool read_record(decoder *d, weir_sv in)
{
    weir_json_token root;
    if (!weir_json_open(&d->doc, d->arena, in)) {
        return fail(d, "malformed JSON: %s", d->doc.error);
    }
    if (!d->unwrapped && weir_json_starts_object(&d->doc)) {
        return weir_json_members(&d->doc, 0, d->keys, d->tokens) ||
               fail(d, "malformed JSON: %s", d->doc.error);
    }
    if (!weir_json_root(&d->doc, &root)) {
        return fail(d, "malformed JSON: %s", d->doc.error);
    }
    if (d->unwrapped) {
        d->tokens[0] = root;
        return true;
    }
    return fail_row(d, &root);
}

/* An empty document is a MissingNode, which a STRING takes as empty text and nothing else takes. */
static bool is_null(const decoder *d, const weir_json_token *t)
{
    return t->kind == WEIR_JSON_NULL || (t->kind == WEIR_JSON_ABSENT && !d->unwrapped);
}

static bool write_column(decoder *d, const reader *r, const weir_json_token *t, weir_vec *v,
                         uint32_t row)
{
    if (is_null(d, t)) {
        weir__codec_null(v, d->arena, row);
        return true;
    }
    if (v->valid) {
        weir_bit_set(v->valid, row);
    }
    void *to = (char *)v->data + (size_t)row * r->width;
    if (WEIR_UNLIKELY(r->nested)) {
        weir_value *value = weir_arena_alloc(d->arena, sizeof *value);
        *(const weir_value **)to = value;
        to = value;
    }
    return r->read(d, r, t, to);
}

/* A column that nobody needs. */
static bool check_column(decoder *d, const reader *r, const weir_json_token *t)
{
    weir_value ignored;
    if (is_null(d, t) || (r->always >> t->kind & 1)) {
        return true;
    }
    return r->read(d, r, t, r->nested ? (void *)&ignored : (void *)&ignored.i64);
}

static bool write_row(decoder *d, weir_vec *cols, uint32_t row)
{
    for (uint32_t i = 0; i < d->n; i++) {
        const column *c = &d->columns[i];
        const weir_json_token *t = &d->tokens[i];
        bool ok = c->out >= 0 ? write_column(d, &c->reader, t, &cols[c->out], row)
                              : check_column(d, &c->reader, t);
        if (WEIR_UNLIKELY(!ok)) {
            return d->unwrapped ? false : fail_in(d, c->name, 0);
        }
    }
    return true;
}

static weir_sv reason_of(decoder *d)
{
    weir_buf text = {0};
    weir_buf_printf(&text, "Failed to deserialize %s from topic: " WEIR_SV_FMT ". %s",
                    d->spec->is_key ? "key" : "value", WEIR_SV_ARG(d->spec->topic), d->why);
    if (!d->doc.error) {
        weir_buf_str(&text, ", path: $");
        for (uint32_t i = d->n_path; i-- > 0;) {
            if (d->path[i].name.n) {
                weir_buf_printf(&text, "." WEIR_SV_FMT, WEIR_SV_ARG(d->path[i].name));
            } else {
                weir_buf_printf(&text, "[%u]", d->path[i].item);
            }
        }
    }
    weir_sv reason = weir_arena_sv(d->arena, weir_buf_view(&text));
    weir_buf_deinit(&text);
    return reason;
}

void weir__json_decode(void *self, const weir_sv *in, uint32_t at, uint32_t n, weir_vec *cols,
                       weir_arena *step, weir_bad_rows *bad)
{
    decoder *d = self;
    WEIR_ASSERT(at + n <= WEIR_BATCH_ROWS);
    d->arena = step;
    for (uint32_t i = 0; i < n; i++) {
        if (in[i].n == WEIR_NULL_BYTES) {
            weir__codec_null_row(d->spec, cols, step, at + i);
            continue;
        }
        if (WEIR_UNLIKELY(!read_record(d, in[i]) || !write_row(d, cols, at + i))) {
            weir__codec_bad_row(d->spec, cols, step, at + i, bad, reason_of(d));
            d->n_path = 0;
        }
    }
}
