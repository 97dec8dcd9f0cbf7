/* One JSON value to one value of a type, by the rules of ksqlDB's deserializer: numbers may be
 * text, numbers are cut to what the type holds, everything may be a STRING. */
#include "connectors/fmt_json_read.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/data/number.h"
#include "engine/data/text.h"

#define BIT(kind) (1u << (kind))
#define NUMBERS (BIT(WEIR_JSON_INT) | BIT(WEIR_JSON_DECIMAL))
#define BOOLEANS (BIT(WEIR_JSON_FALSE) | BIT(WEIR_JSON_TRUE))

bool weir__json_refuse(weir__json_input *x, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(x->why, sizeof x->why, fmt, args);
    va_end(args);
    return false;
}

bool weir__json_refuse_in(weir__json_input *x, weir_sv name, uint32_t item)
{
    if (x->n_path < WEIR_COUNT(x->path)) {
        x->path[x->n_path++] = (weir__json_step){name, item};
    }
    return false;
}

static bool fail_type(weir__json_input *x, const weir__json_reader *r, const weir_json_token *t)
{
    weir_buf type = {0};
    weir_type_print(&type, r->type, false);
    weir__json_refuse(x, "Can't convert type. sourceType: %s, requiredType: %.150s",
                      weir_json_jackson_name(t), weir_buf_cstr(&type));
    weir_buf_deinit(&type);
    return false;
}

static bool fail_text(weir__json_input *x, const weir__json_reader *r)
{
    weir_buf type = {0};
    weir_type_print(&type, r->type, false);
    weir__json_refuse(x, "Can't coerce string to type. targetType: %s", weir_buf_cstr(&type));
    weir_buf_deinit(&type);
    return false;
}

static bool is_number(const weir_json_token *t)
{
    return t->kind == WEIR_JSON_INT || t->kind == WEIR_JSON_DECIMAL;
}

static bool read_boolean(weir__json_input *x, const weir__json_reader *r, const weir_json_token *t,
                         void *to)
{
    if (t->kind != WEIR_JSON_TRUE && t->kind != WEIR_JSON_FALSE) {
        return fail_type(x, r, t);
    }
    *(uint8_t *)to = t->kind == WEIR_JSON_TRUE;
    return true;
}

static bool read_integer(weir__json_input *x, const weir__json_reader *r, const weir_json_token *t,
                         void *to)
{
    if (is_number(t)) {
        *(int32_t *)to = (int32_t)weir_json_to_i64(t);
        return true;
    }
    if (t->kind != WEIR_JSON_STRING) {
        return fail_type(x, r, t);
    }
    return weir_i32_parse(weir_json_string_of(x->arena, t), to) || fail_text(x, r);
}

static bool read_bigint(weir__json_input *x, const weir__json_reader *r, const weir_json_token *t,
                        void *to)
{
    if (is_number(t)) {
        *(int64_t *)to = weir_json_to_i64(t);
        return true;
    }
    if (t->kind != WEIR_JSON_STRING) {
        return fail_type(x, r, t);
    }
    return weir_i64_parse(weir_json_string_of(x->arena, t), to) || fail_text(x, r);
}

static bool read_double(weir__json_input *x, const weir__json_reader *r, const weir_json_token *t,
                        void *to)
{
    if (is_number(t)) {
        *(double *)to = weir_json_to_double(t);
        return true;
    }
    if (t->kind != WEIR_JSON_STRING) {
        return fail_type(x, r, t);
    }
    return weir_double_parse(weir_json_string_of(x->arena, t), to) || fail_text(x, r);
}

static bool read_decimal(weir__json_input *x, const weir__json_reader *r, const weir_json_token *t,
                         void *to)
{
    weir_dec_type type = {r->type->precision, r->type->scale};
    if (!is_number(t) && t->kind != WEIR_JSON_STRING) {
        return fail_type(x, r, t);
    }
    weir_sv text = is_number(t) ? t->text : weir_json_string_of(x->arena, t);
    weir_dec_fault fault = weir_dec_parse(x->arena, text, type, WEIR_ROUND_EXACT, to);
    if (fault == WEIR_DEC_OVERFLOW) {
        return weir__json_refuse(
            x,
            "Numeric field overflow: A field with precision %d and scale %d must round "
            "to an absolute value less than 10^%d",
            type.precision, type.scale, type.precision - type.scale);
    }
    if (fault == WEIR_DEC_INEXACT) {
        return weir__json_refuse(x, "Cannot fit decimal into DECIMAL(%d, %d) without rounding",
                                 type.precision, type.scale);
    }
    return fault == WEIR_DEC_OK || fail_text(x, r);
}

static bool read_date(weir__json_input *x, const weir__json_reader *r, const weir_json_token *t,
                      void *to)
{
    int64_t days;
    if (!read_bigint(x, r, t, &days)) {
        return false;
    }
    *(int32_t *)to = (int32_t)days;
    return true;
}

static bool read_time(weir__json_input *x, const weir__json_reader *r, const weir_json_token *t,
                      void *to)
{
    int64_t ms;
    if (!read_bigint(x, r, t, &ms)) {
        return false;
    }
    if (ms < 0 || ms > INT64_C(86400000)) {
        return weir__json_refuse(
            x, "Time values must use number of milliseconds greater than 0 and less than "
               "86400000.");
    }
    *(int32_t *)to = (int32_t)ms;
    return true;
}

/* Jackson's MIME-NO-LINEFEEDS: white space between groups of four is skipped, padding is needed. */
static bool read_bytes(weir__json_input *x, const weir__json_reader *r, const weir_json_token *t,
                       void *to)
{
    if (t->kind != WEIR_JSON_STRING) {
        return fail_type(x, r, t);
    }
    weir_sv text = weir_json_string_of(x->arena, t);
    char *dense = weir_arena_bytes_alloc(x->arena, text.n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] > ' ' || n % 4 != 0) {
            dense[n++] = text.p[i];
        }
    }
    weir_buf bytes = {0};
    bool ok = n % 4 == 0 && weir_base64_decode(&bytes, weir_sv_of(dense, n));
    *(weir_sv *)to = weir_arena_sv(x->arena, weir_buf_view(&bytes));
    weir_buf_deinit(&bytes);
    return ok || weir__json_refuse(x, "Value is not a valid Base64 encoded string");
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

static bool read_string(weir__json_input *x, const weir__json_reader *r, const weir_json_token *t,
                        void *to)
{
    (void)r;
    weir_sv *out = to;
    if (WEIR_LIKELY(t->kind == WEIR_JSON_STRING)) {
        *out = weir_json_string_of(x->arena, t);
        return true;
    }
    if (is_number(t)) {
        uint32_t room = t->text.n + WEIR_JSON_NUMBER_ROOM;
        char *text = weir_arena_bytes_alloc(x->arena, room);
        *out = weir_sv_of(text, weir_json_number_text(text, t->text));
        weir_arena_shrink(x->arena, text, room, out->n);
        return true;
    }
    if (t->kind != WEIR_JSON_ARRAY && t->kind != WEIR_JSON_OBJECT) {
        *out = t->text; /* true, false; nothing for an empty document */
        return true;
    }
    weir_json_node tree;
    weir_json_build(&x->doc, t, &tree);
    weir_buf text = {0};
    print_item(&tree, &text);
    *out = weir_arena_sv(x->arena, weir_buf_view(&text));
    weir_buf_deinit(&text);
    return true;
}

static bool read_value(weir__json_input *x, const weir__json_reader *r, const weir_json_token *t,
                       weir_value *v)
{
    *v = weir_null(r->type->kind);
    if (t->kind <= WEIR_JSON_NULL) {
        return true;
    }
    v->null = false;
    return r->read(x, r, t, r->nested ? (void *)v : (void *)&v->i64);
}

static bool read_array(weir__json_input *x, const weir__json_reader *r, const weir_json_token *t,
                       void *to)
{
    weir_value *items = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    weir_json_token item;
    if (t->kind != WEIR_JSON_ARRAY) {
        return fail_type(x, r, t);
    }
    weir_json_iter it = weir_json_first(t);
    while (weir_json_next(&x->doc, &it, NULL, &item)) {
        weir_value v;
        if (!read_value(x, r->items, &item, &v)) {
            return weir__json_refuse_in(x, (weir_sv){0}, n);
        }
        WEIR_PUSH(x->arena, items, n, cap, v);
    }
    *(weir_value *)to = weir_array(items, n);
    return true;
}

static bool read_map(weir__json_input *x, const weir__json_reader *r, const weir_json_token *t,
                     void *to)
{
    weir_json_names names = {0};
    weir_value *values = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    weir_json_token name;
    weir_json_token item;
    if (t->kind != WEIR_JSON_OBJECT) {
        return fail_type(x, r, t);
    }
    weir_json_iter it = weir_json_first(t);
    while (weir_json_next(&x->doc, &it, &name, &item)) {
        weir_value v;
        uint32_t at = weir_json_names_add(&names, x->arena, weir_json_string_of(x->arena, &name));
        if (!read_value(x, r->items, &item, &v)) {
            return weir__json_refuse_in(x, WEIR_SV("value"), 0);
        }
        if (at < n) {
            values[at] = v;
        } else {
            WEIR_PUSH(x->arena, values, n, cap, v);
        }
    }
    weir_value *keys = WEIR_NEW_N(x->arena, weir_value, n);
    for (uint32_t i = 0; i < n; i++) {
        keys[i] = weir_string(names.names[i]);
    }
    weir_value *map = to;
    *map = (weir_value){.kind = WEIR_T_MAP, .n = n};
    map->items = values;
    map->keys = keys;
    return true;
}

static bool read_struct(weir__json_input *x, const weir__json_reader *r, const weir_json_token *t,
                        void *to)
{
    if (t->kind != WEIR_JSON_OBJECT) {
        return fail_type(x, r, t);
    }
    uint32_t n = r->type->n_fields;
    weir_json_token *tokens = weir_arena_alloc(x->arena, n * sizeof *tokens);
    weir_value *fields = weir_arena_alloc(x->arena, n * sizeof *fields);
    if (!weir_json_members(&x->doc, t->at, r->keys, tokens)) {
        return weir__json_refuse(x, "%s", x->doc.error);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!read_value(x, &r->items[i], &tokens[i], &fields[i])) {
            return weir__json_refuse_in(x, r->type->fields[i].name, 0);
        }
    }
    weir_value *v = to;
    *v = (weir_value){.kind = WEIR_T_STRUCT, .n = n};
    v->items = fields;
    return true;
}

/* How each kind is read, and what it accepts without looking at the value. ORDER weir_kind */
static const struct {
    weir__json_read_fn read;
    uint32_t always;
} by_kind[] = {
    [WEIR_T_BOOLEAN] = {read_boolean, BOOLEANS},
    [WEIR_T_INTEGER] = {read_integer, NUMBERS},
    [WEIR_T_BIGINT] = {read_bigint, NUMBERS},
    [WEIR_T_DOUBLE] = {read_double, NUMBERS},
    [WEIR_T_DECIMAL] = {read_decimal, 0},
    [WEIR_T_STRING] = {read_string, WEIR__JSON_EVERYTHING},
    [WEIR_T_BYTES] = {read_bytes, 0},
    [WEIR_T_DATE] = {read_date, NUMBERS},
    [WEIR_T_TIME] = {read_time, 0},
    [WEIR_T_TIMESTAMP] = {read_bigint, NUMBERS},
    [WEIR_T_ARRAY] = {read_array, 0},
    [WEIR_T_MAP] = {read_map, 0},
    [WEIR_T_STRUCT] = {read_struct, 0},
};

void weir__json_reader_init(weir_arena *a, weir__json_reader *r, const weir_type *type)
{
    WEIR_ASSERT(type->kind < WEIR_COUNT(by_kind));
    *r = (weir__json_reader){.type = type,
                             .read = by_kind[type->kind].read,
                             .always = by_kind[type->kind].always,
                             .nested = weir_type_is_nested(type),
                             .width = weir_type_width(type)};
    if (type->kind == WEIR_T_STRUCT) {
        weir_sv *names = WEIR_NEW_N(a, weir_sv, type->n_fields);
        r->items = WEIR_NEW_N(a, weir__json_reader, type->n_fields);
        for (uint32_t i = 0; i < type->n_fields; i++) {
            names[i] = type->fields[i].name;
            weir__json_reader_init(a, &r->items[i], type->fields[i].type);
        }
        r->keys = weir_json_keys_new(a, names, type->n_fields);
    } else if (r->nested) {
        r->items = WEIR_NEW(a, weir__json_reader);
        weir__json_reader_init(a, r->items, type->item);
    }
}
