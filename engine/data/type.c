/* Types are compared and printed by walking the tree; scalar types without parameters are one
 * static table, so that most comparisons end at the pointer. Depth is bounded by the binder
 * (WEIR_TYPE_DEPTH_MAX), hence plain recursion. */
#include "engine/data/type.h"

#include "engine/data/decimal.h"
#include "engine/data/value.h"

/* ORDER weir_kind */
static const struct {
    const char *name;
    uint32_t width; /* bytes of one value in a vector; 0: never in a vector */
} kinds[WEIR_T_KINDS] = {
    [WEIR_T_BOOLEAN] = {"BOOLEAN", sizeof(uint8_t)},
    [WEIR_T_INTEGER] = {"INTEGER", sizeof(int32_t)},
    [WEIR_T_BIGINT] = {"BIGINT", sizeof(int64_t)},
    [WEIR_T_DOUBLE] = {"DOUBLE", sizeof(double)},
    [WEIR_T_DECIMAL] = {"DECIMAL", sizeof(weir_dec)},
    [WEIR_T_STRING] = {"STRING", sizeof(weir_sv)},
    [WEIR_T_BYTES] = {"BYTES", sizeof(weir_sv)},
    [WEIR_T_DATE] = {"DATE", sizeof(int32_t)},
    [WEIR_T_TIME] = {"TIME", sizeof(int32_t)},
    [WEIR_T_TIMESTAMP] = {"TIMESTAMP", sizeof(int64_t)},
    [WEIR_T_ARRAY] = {"ARRAY", sizeof(const weir_value *)},
    [WEIR_T_MAP] = {"MAP", sizeof(const weir_value *)},
    [WEIR_T_STRUCT] = {"STRUCT", sizeof(const weir_value *)},
    [WEIR_T_NULL] = {"NULL", 0},
    [WEIR_T_LAMBDA] = {"LAMBDA", 0},
    [WEIR_T_UNIT] = {"INTERVALUNIT", sizeof(int32_t)},
};

#define SCALAR(k) [k] = {.kind = k}
static const weir_type scalars[WEIR_T_KINDS] = {
    SCALAR(WEIR_T_BOOLEAN),   SCALAR(WEIR_T_INTEGER), SCALAR(WEIR_T_BIGINT), SCALAR(WEIR_T_DOUBLE),
    SCALAR(WEIR_T_STRING),    SCALAR(WEIR_T_BYTES),   SCALAR(WEIR_T_DATE),   SCALAR(WEIR_T_TIME),
    SCALAR(WEIR_T_TIMESTAMP), SCALAR(WEIR_T_NULL),    SCALAR(WEIR_T_LAMBDA), SCALAR(WEIR_T_UNIT),
};

static bool has_parameters(weir_kind kind)
{
    return kind == WEIR_T_DECIMAL || kind == WEIR_T_ARRAY || kind == WEIR_T_MAP ||
           kind == WEIR_T_STRUCT;
}

const weir_type *weir_type_of(weir_kind kind)
{
    WEIR_ASSERT((unsigned)kind < WEIR_T_KINDS && !has_parameters(kind));
    return &scalars[kind];
}

const weir_type *weir_type_decimal(weir_arena *a, int32_t precision, int32_t scale)
{
    WEIR_ASSERT(weir_dec_type_valid(precision, scale));
    weir_type *t = WEIR_NEW(a, weir_type);
    t->kind = WEIR_T_DECIMAL;
    t->precision = precision;
    t->scale = scale;
    return t;
}

const weir_type *weir_type_array(weir_arena *a, const weir_type *item)
{
    WEIR_ASSERT(item);
    weir_type *t = WEIR_NEW(a, weir_type);
    t->kind = WEIR_T_ARRAY;
    t->item = item;
    return t;
}

const weir_type *weir_type_map(weir_arena *a, const weir_type *key, const weir_type *value)
{
    WEIR_ASSERT(key && value);
    weir_type *t = WEIR_NEW(a, weir_type);
    t->kind = WEIR_T_MAP;
    t->key = key;
    t->item = value;
    return t;
}

const weir_type *weir_type_struct(weir_arena *a, const weir_field *fields, uint32_t n)
{
    weir_field *copy = WEIR_NEW_N(a, weir_field, n);
    for (uint32_t i = 0; i < n; i++) {
        WEIR_ASSERT(fields[i].type);
        copy[i] = (weir_field){weir_arena_sv(a, fields[i].name), fields[i].type};
    }
    weir_type *t = WEIR_NEW(a, weir_type);
    t->kind = WEIR_T_STRUCT;
    t->n_fields = n;
    t->fields = copy;
    return t;
}

const weir_type *weir_type_copy(weir_arena *a, const weir_type *t)
{
    if (!has_parameters(t->kind)) {
        return weir_type_of(t->kind);
    }
    weir_type *copy = WEIR_NEW(a, weir_type);
    *copy = *t;
    if (t->key) {
        copy->key = weir_type_copy(a, t->key);
    }
    if (t->item) {
        copy->item = weir_type_copy(a, t->item);
    }
    if (t->n_fields) {
        weir_field *fields = WEIR_NEW_N(a, weir_field, t->n_fields);
        for (uint32_t i = 0; i < t->n_fields; i++) {
            fields[i].name = weir_arena_sv(a, t->fields[i].name);
            fields[i].type = weir_type_copy(a, t->fields[i].type);
        }
        copy->fields = fields;
    }
    return copy;
}

static bool struct_eq(const weir_type *a, const weir_type *b)
{
    if (a->n_fields != b->n_fields) {
        return false;
    }
    for (uint32_t i = 0; i < a->n_fields; i++) {
        if (!weir_sv_eq(a->fields[i].name, b->fields[i].name) ||
            !weir_type_eq(a->fields[i].type, b->fields[i].type)) {
            return false;
        }
    }
    return true;
}

bool weir_type_eq(const weir_type *a, const weir_type *b)
{
    if (a == b) {
        return true;
    }
    if (!a || !b || a->kind != b->kind) {
        return false;
    }
    if (a->kind == WEIR_T_DECIMAL) {
        return a->precision == b->precision && a->scale == b->scale;
    }
    if (a->kind == WEIR_T_ARRAY) {
        return weir_type_eq(a->item, b->item);
    }
    if (a->kind == WEIR_T_MAP) {
        return weir_type_eq(a->key, b->key) && weir_type_eq(a->item, b->item);
    }
    return a->kind != WEIR_T_STRUCT || struct_eq(a, b);
}

bool weir_type_is_nested(const weir_type *t)
{
    return t->kind == WEIR_T_ARRAY || t->kind == WEIR_T_MAP || t->kind == WEIR_T_STRUCT;
}

bool weir_type_is_numeric(const weir_type *t)
{
    return t->kind == WEIR_T_INTEGER || t->kind == WEIR_T_BIGINT || t->kind == WEIR_T_DOUBLE ||
           t->kind == WEIR_T_DECIMAL;
}

bool weir_type_has_map(const weir_type *t)
{
    if (t->kind == WEIR_T_MAP) {
        return true;
    }
    if (t->kind == WEIR_T_ARRAY) {
        return weir_type_has_map(t->item);
    }
    for (uint32_t i = 0; i < t->n_fields; i++) {
        if (weir_type_has_map(t->fields[i].type)) {
            return true;
        }
    }
    return false;
}

int32_t weir_type_field(const weir_type *t, weir_sv name)
{
    for (uint32_t i = 0; i < t->n_fields; i++) {
        if (weir_sv_eq(t->fields[i].name, name)) {
            return (int32_t)i;
        }
    }
    return -1;
}

uint32_t weir_type_width(const weir_type *t)
{
    uint32_t width = kinds[t->kind].width;
    WEIR_ASSERT(width > 0);
    return width;
}

static void print_fields(weir_buf *out, const weir_type *t, bool quote_all)
{
    for (uint32_t i = 0; i < t->n_fields; i++) {
        weir_buf_str(out, i ? ", " : "");
        weir_name_print(out, t->fields[i].name, quote_all);
        weir_buf_byte(out, ' ');
        weir_type_print(out, t->fields[i].type, quote_all);
    }
    if (t->n_fields == 0) {
        weir_buf_byte(out, ' '); /* ksqlDB: STRUCT< > */
    }
}

void weir_type_print(weir_buf *out, const weir_type *t, bool quote_all)
{
    weir_buf_str(out, kinds[t->kind].name);
    if (t->kind == WEIR_T_DECIMAL) {
        weir_buf_printf(out, "(%d, %d)", (int)t->precision, (int)t->scale);
    } else if (weir_type_is_nested(t)) {
        weir_buf_byte(out, '<');
        if (t->kind == WEIR_T_STRUCT) {
            print_fields(out, t, quote_all);
        } else {
            if (t->kind == WEIR_T_MAP) {
                weir_type_print(out, t->key, quote_all);
                weir_buf_str(out, ", ");
            }
            weir_type_print(out, t->item, quote_all);
        }
        weir_buf_byte(out, '>');
    }
}

weir_sv weir_type_name(weir_arena *a, const weir_type *t)
{
    weir_buf b = {0};
    weir_type_print(&b, t, true);
    weir_sv name = weir_arena_sv(a, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return name;
}
