/* Three ways to write a value: as Java's toString, as SQL, as JSON. All walk value and type. */
#include "engine/base/alloc.h"
#include "engine/data/datetime.h"
#include "engine/data/json_text.h"
#include "engine/data/number.h"
#include "engine/data/text.h"
#include "engine/data/value.h"

static weir_dec_type dec_type(const weir_type *t)
{
    return (weir_dec_type){t->precision, t->scale};
}

static const weir_type *item_type(const weir_type *t, uint32_t i)
{
    return t->kind == WEIR_T_STRUCT ? t->fields[i].type : t->item;
}

/* BigDecimal.toString: plain unless the value is smaller than 1E-6 at a larger scale, then
 * d.dddE-n. SQL's CAST prints plainly, but a decimal inside an array goes through toString. */
static void print_java_decimal(weir_buf *out, weir_dec d, weir_dec_type t)
{
    size_t start = out->n;
    weir_dec_print(out, d, t);
    if (out->over || t.scale < 7) {
        return;
    }
    char *text = out->p + start;
    size_t n = out->n - start;
    size_t first = 0; /* first significant digit; the last one for zero */
    while (first + 1 < n && (text[first] == '0' || text[first] == '.' || text[first] == '-')) {
        first++;
    }
    int32_t digits = (int32_t)(n - first);
    int32_t exponent = digits - 1 - t.scale;
    if (exponent >= -6) {
        return; /* also everything with digits before the point */
    }
    bool negative = text[0] == '-';
    char lead = text[first];
    memmove(text + negative + 1, text + first, (size_t)digits);
    text[negative] = lead;
    if (digits > 1) {
        text[negative + 1] = '.';
        out->n = start + (size_t)negative + 1 + (size_t)digits;
    } else {
        out->n = start + (size_t)negative + 1;
    }
    weir_buf_printf(out, "E%d", (int)exponent);
}

/* java.sql.Timestamp.toString: 2021-06-30 12:18:39.45, at least one digit behind the point. */
static void print_java_timestamp(weir_buf *out, int64_t ms)
{
    weir_civil day = weir_civil_from_days(weir_floor_div(ms, WEIR_MS_PER_DAY));
    int t = (int)weir_floor_mod(ms, WEIR_MS_PER_DAY);
    weir_buf_printf(out, "%04lld-%02d-%02d %02d:%02d:%02d", (long long)day.year, (int)day.month,
                    (int)day.day, t / 3600000, t / 60000 % 60, t / 1000 % 60);
    int fraction = t % 1000;
    int width = 3;
    while (width > 1 && fraction % 10 == 0) {
        fraction /= 10;
        width--;
    }
    weir_buf_printf(out, ".%0*d", width, fraction);
}

static void print_java(weir_buf *out, const weir_type *t, const weir_value *v, bool inside);

static void print_java_nested(weir_buf *out, const weir_type *t, const weir_value *v)
{
    bool is_struct = t->kind == WEIR_T_STRUCT;
    bool is_array = t->kind == WEIR_T_ARRAY;
    bool first = true;
    weir_buf_str(out, is_struct ? "Struct{" : is_array ? "[" : "{");
    for (uint32_t i = 0; i < v->n && !out->over; i++) {
        if (is_struct && v->items[i].null) {
            continue; /* Connect's Struct leaves out fields without a value */
        }
        if (!first) {
            weir_buf_str(out, is_struct ? "," : ", ");
        }
        first = false;
        if (is_struct) {
            weir_buf_sv(out, t->fields[i].name);
            weir_buf_byte(out, '=');
        } else if (!is_array) {
            print_java(out, t->key, &v->keys[i], true);
            weir_buf_byte(out, '=');
        }
        print_java(out, item_type(t, i), &v->items[i], true);
    }
    weir_buf_byte(out, is_array ? ']' : '}');
}

/* `inside` an array, map or struct the Java object's own toString is used instead of SQL's CAST. */
static void print_java(weir_buf *out, const weir_type *t, const weir_value *v, bool inside)
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
    case WEIR_T_UNIT:
        weir_buf_i64(out, v->i32);
        return;
    case WEIR_T_BIGINT:
        weir_buf_i64(out, v->i64);
        return;
    case WEIR_T_DOUBLE:
        weir_buf_double(out, v->f64);
        return;
    case WEIR_T_DECIMAL:
        if (inside) {
            print_java_decimal(out, v->dec, dec_type(t));
        } else {
            weir_dec_print(out, v->dec, dec_type(t));
        }
        return;
    case WEIR_T_STRING:
        weir_buf_sv(out, v->sv);
        return;
    case WEIR_T_BYTES:
        weir_buf_printf(out, "java.nio.HeapByteBuffer[pos=0 lim=%u cap=%u]", v->sv.n, v->sv.n);
        return;
    case WEIR_T_DATE:
        weir_date_print(out, v->i32);
        return;
    case WEIR_T_TIME:
        if (inside) {
            int s = (int)weir_floor_mod(v->i32, WEIR_MS_PER_DAY) / 1000;
            weir_buf_printf(out, "%02d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
        } else {
            weir_time_print(out, v->i32);
        }
        return;
    case WEIR_T_TIMESTAMP:
        if (inside) {
            print_java_timestamp(out, v->i64);
        } else {
            weir_timestamp_print(out, v->i64);
        }
        return;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
        print_java_nested(out, t, v);
        return;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

void weir_value_print(weir_buf *out, const weir_type *t, const weir_value *v)
{
    print_java(out, t, v, false);
}

static void print_sql_string(weir_buf *out, weir_sv s)
{
    weir_buf_byte(out, '\'');
    for (uint32_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'') {
            weir_buf_byte(out, '\'');
        }
        weir_buf_byte(out, s.p[i]);
    }
    weir_buf_byte(out, '\'');
}

static void print_sql_nested(weir_buf *out, const weir_type *t, const weir_value *v)
{
    bool is_array = t->kind == WEIR_T_ARRAY;
    weir_buf_str(out, is_array ? "ARRAY[" : t->kind == WEIR_T_MAP ? "MAP(" : "STRUCT(");
    for (uint32_t i = 0; i < v->n; i++) {
        weir_buf_str(out, i ? ", " : "");
        if (t->kind == WEIR_T_MAP) {
            weir_value_print_sql(out, t->key, &v->keys[i]);
            weir_buf_str(out, " := ");
        } else if (t->kind == WEIR_T_STRUCT) {
            weir_name_print(out, t->fields[i].name, false);
            weir_buf_str(out, " := ");
        }
        weir_value_print_sql(out, item_type(t, i), &v->items[i]);
    }
    weir_buf_byte(out, is_array ? ']' : ')');
}

void weir_value_print_sql(weir_buf *out, const weir_type *t, const weir_value *v)
{
    if (v->null) {
        weir_buf_str(out, "NULL");
    } else if (t->kind == WEIR_T_BOOLEAN) {
        weir_buf_str(out, v->b ? "TRUE" : "FALSE");
    } else if (t->kind == WEIR_T_STRING) {
        print_sql_string(out, v->sv);
    } else if (t->kind == WEIR_T_BYTES) {
        weir_buf_byte(out, '\'');
        weir_base64_encode(out, v->sv);
        weir_buf_byte(out, '\'');
    } else if (weir_type_is_nested(t)) {
        print_sql_nested(out, t, v);
    } else if (t->kind == WEIR_T_DATE || t->kind == WEIR_T_TIME || t->kind == WEIR_T_TIMESTAMP) {
        weir_buf_byte(out, '\'');
        weir_value_print(out, t, v);
        weir_buf_byte(out, '\'');
    } else {
        weir_value_print(out, t, v);
    }
}

/* A map's key is a JSON name, whatever its type. */
static void print_json_key(weir_buf *out, const weir_type *t, const weir_value *v)
{
    if (t->kind == WEIR_T_STRING && !v->null) {
        weir_json_string(out, v->sv);
        return;
    }
    weir_buf text = {0};
    print_java(&text, t, v, true);
    weir_json_string(out, weir_buf_view(&text));
    weir_buf_deinit(&text);
}

static void print_json_nested(weir_buf *out, const weir_type *t, const weir_value *v)
{
    bool is_array = t->kind == WEIR_T_ARRAY;
    weir_buf_byte(out, is_array ? '[' : '{');
    for (uint32_t i = 0; i < v->n && !out->over; i++) {
        if (i) {
            weir_buf_byte(out, ',');
        }
        if (t->kind == WEIR_T_MAP) {
            print_json_key(out, t->key, &v->keys[i]);
            weir_buf_byte(out, ':');
        } else if (t->kind == WEIR_T_STRUCT) {
            weir_json_string(out, t->fields[i].name);
            weir_buf_byte(out, ':');
        }
        weir_value_print_json(out, item_type(t, i), &v->items[i]);
    }
    weir_buf_byte(out, is_array ? ']' : '}');
}

void weir_value_print_json(weir_buf *out, const weir_type *t, const weir_value *v)
{
    if (v->null) {
        weir_buf_add(out, "null", 4);
        return;
    }
    switch (t->kind) {
    case WEIR_T_BOOLEAN:
    case WEIR_T_DECIMAL:
        print_java(out, t, v, true);
        return;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_UNIT:
        weir_buf_i64(out, v->i32);
        return;
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        weir_buf_i64(out, v->i64);
        return;
    case WEIR_T_DOUBLE:
        weir_json_double(out, v->f64);
        return;
    case WEIR_T_STRING:
        weir_json_string(out, v->sv);
        return;
    case WEIR_T_BYTES:
        weir_buf_byte(out, '"');
        weir_base64_encode(out, v->sv);
        weir_buf_byte(out, '"');
        return;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
        print_json_nested(out, t, v);
        return;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}
