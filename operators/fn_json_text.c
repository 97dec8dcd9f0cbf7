/* TO_JSON_STRING: any value as JSON text. Unlike the JSON format it writes DATE, TIME and TIMESTAMP
 * as ISO text, and members of structs and maps in the order of their names. */
#include "engine/data/json_text.h"

#include <stdlib.h>

#include "engine/base/limits.h"
#include "engine/data/datetime.h"
#include "engine/data/number.h"
#include "operators/fn_text.h"

typedef struct member {
    weir_sv name;
    const weir_type *type;
    const weir_value *value;
} member;

static void write_value(weir_call *c, weir_buf *out, const weir_type *t, const weir_value *v);

static int by_name(const void *a, const void *b)
{
    return weir_utf16_cmp(((const member *)a)->name, ((const member *)b)->name);
}

static void write_members(weir_call *c, weir_buf *out, member *m, uint32_t n)
{
    if (n) {
        qsort(m, n, sizeof *m, by_name);
    }
    weir_buf_byte(out, '{');
    for (uint32_t i = 0; i < n && !out->over; i++) {
        weir_buf_str(out, i ? "," : "");
        weir_json_string(out, m[i].name);
        weir_buf_byte(out, ':');
        write_value(c, out, m[i].type, m[i].value);
    }
    weir_buf_byte(out, '}');
}

static void write_struct(weir_call *c, weir_buf *out, const weir_type *t, const weir_value *v)
{
    member *m = WEIR_NEW_N(c->arena, member, t->n_fields);
    for (uint32_t i = 0; i < t->n_fields; i++) {
        m[i] = (member){t->fields[i].name, t->fields[i].type, &v->items[i]};
    }
    write_members(c, out, m, t->n_fields);
}

static void write_map(weir_call *c, weir_buf *out, const weir_type *t, const weir_value *v)
{
    member *m = WEIR_NEW_N(c->arena, member, v->n);
    for (uint32_t i = 0; i < v->n; i++) {
        m[i] = (member){{0}, t->item, &v->items[i]};
        if (t->key->kind == WEIR_T_STRING && !v->keys[i].null) {
            m[i].name = v->keys[i].sv;
            continue;
        }
        weir_buf text = {0};
        weir_value_print(&text, t->key, &v->keys[i]);
        m[i].name = weir_arena_sv(c->arena, weir_buf_view(&text));
        weir_buf_deinit(&text);
    }
    write_members(c, out, m, v->n);
}

static void write_array(weir_call *c, weir_buf *out, const weir_type *t, const weir_value *v)
{
    weir_buf_byte(out, '[');
    for (uint32_t i = 0; i < v->n && !out->over; i++) {
        weir_buf_str(out, i ? "," : "");
        write_value(c, out, t->item, &v->items[i]);
    }
    weir_buf_byte(out, ']');
}

/* Text that needs no escapes. */
static void write_quoted(weir_buf *out, const weir_type *t, const weir_value *v)
{
    weir_buf_byte(out, '"');
    if (t->kind == WEIR_T_DATE) {
        weir_date_print(out, v->i32);
    } else if (t->kind == WEIR_T_TIME) {
        weir_time_print(out, v->i32);
    } else if (t->kind == WEIR_T_TIMESTAMP) {
        weir_timestamp_print(out, v->i64);
    } else {
        weir_base64_encode(out, v->sv);
    }
    weir_buf_byte(out, '"');
}

static void write_value(weir_call *c, weir_buf *out, const weir_type *t, const weir_value *v)
{
    if (v->null) {
        weir_buf_str(out, "null");
        return;
    }
    switch (t->kind) {
    case WEIR_T_BOOLEAN:
        weir_buf_str(out, v->b ? "true" : "false");
        return;
    case WEIR_T_INTEGER:
        weir_buf_i64(out, v->i32);
        return;
    case WEIR_T_BIGINT:
        weir_buf_i64(out, v->i64);
        return;
    case WEIR_T_DOUBLE:
        weir_json_double(out, v->f64);
        return;
    case WEIR_T_DECIMAL:
        weir_value_print(out, t, v);
        return;
    case WEIR_T_STRING:
        weir_json_string(out, v->sv);
        return;
    case WEIR_T_BYTES:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_TIMESTAMP:
        write_quoted(out, t, v);
        return;
    case WEIR_T_ARRAY:
        write_array(c, out, t, v);
        return;
    case WEIR_T_MAP:
        write_map(c, out, t, v);
        return;
    case WEIR_T_STRUCT:
        write_struct(c, out, t, v);
        return;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

static weir_value to_json_string(weir_call *c, const weir_value *args, WEIR_UNUSED uint32_t n)
{
    weir_buf out;
    weir_buf_init(&out, WEIR_STRING_BYTES_MAX);
    write_value(c, &out, c->arg_types[0], &args[0]);
    return weir__taken(c, &out);
}

static const weir_overload to_json_string_rows[] = {
    {.sig = "T -> STRING", .row = to_json_string, .flags = WEIR_FN_NULLS},
};

const weir_function weir_fn_json_text[] = {
    {.name = "TO_JSON_STRING", .category = WEIR_CAT_JSON,
     .doc = "A value of any type as JSON text; dates and times in ISO form.",
     .example = "TO_JSON_STRING(ARRAY[1, 2]) → [1,2]", .overloads = to_json_string_rows,
     .n_overloads = WEIR_COUNT(to_json_string_rows)},
};
const uint32_t weir_fn_json_text_n = WEIR_COUNT(weir_fn_json_text);
