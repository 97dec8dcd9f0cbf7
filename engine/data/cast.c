/* CAST: one function per pair of scalar types in a matrix, nested types element by element. A pair
 * without a function does not exist. Everything is Java's: BIGINT → INTEGER keeps the low bits,
 * DOUBLE → INTEGER saturates, text is trimmed first (String.trim).
 *
 * Text results are printed into a stack buffer and copied into the arena once; only nested values
 * need a growing one. */
#include "engine/data/expr.h"

#include "engine/data/datetime.h"
#include "engine/data/text.h"

#define TEXT_BYTES (WEIR_DECIMAL_DIGITS_MAX + 64) /* any scalar as text */

typedef bool (*cast_fn)(weir_arena *a, const weir_type *from, const weir_value *v,
                        const weir_type *to, weir_value *out);

static weir_dec_type dec_type(const weir_type *t)
{
    return (weir_dec_type){t->precision, t->scale};
}

/* Conversions between numbers. */

static bool same(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from, const weir_value *v,
                 WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = *v;
    return true;
}

static bool int_to_bigint(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                          const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = weir_bigint(v->i32);
    return true;
}

static bool int_to_double(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                          const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = weir_double(v->i32);
    return true;
}

static bool bigint_to_int(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                          const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = weir_int((int32_t)(uint32_t)(uint64_t)v->i64);
    return true;
}

static bool bigint_to_double(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                             const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = weir_double((double)v->i64);
    return true;
}

static bool double_to_int(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                          const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = weir_int(weir_double_to_i32(v->f64));
    return true;
}

static bool double_to_bigint(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                             const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = weir_bigint(weir_double_to_i64(v->f64));
    return true;
}

static bool dec_result(weir_dec_fault fault, weir_dec d, weir_value *out)
{
    *out = (weir_value){.kind = WEIR_T_DECIMAL};
    out->dec = d;
    return fault == WEIR_DEC_OK;
}

static bool int_to_dec(weir_arena *a, WEIR_UNUSED const weir_type *from, const weir_value *v,
                       const weir_type *to, weir_value *out)
{
    weir_dec d = {0};
    weir_dec_fault fault = weir_dec_from_i64(a, v->i32, dec_type(to), &d);
    return dec_result(fault, d, out);
}

static bool bigint_to_dec(weir_arena *a, WEIR_UNUSED const weir_type *from, const weir_value *v,
                          const weir_type *to, weir_value *out)
{
    weir_dec d = {0};
    weir_dec_fault fault = weir_dec_from_i64(a, v->i64, dec_type(to), &d);
    return dec_result(fault, d, out);
}

static bool double_to_dec(weir_arena *a, WEIR_UNUSED const weir_type *from, const weir_value *v,
                          const weir_type *to, weir_value *out)
{
    weir_dec d = {0};
    weir_dec_fault fault = weir_dec_from_double(a, v->f64, dec_type(to), &d);
    return dec_result(fault, d, out);
}

static bool dec_to_dec(weir_arena *a, const weir_type *from, const weir_value *v,
                       const weir_type *to, weir_value *out)
{
    weir_dec d = {0};
    weir_dec_fault fault = weir_dec_cast(a, v->dec, dec_type(from), dec_type(to), &d);
    return dec_result(fault, d, out);
}

static bool dec_to_int(WEIR_UNUSED weir_arena *a, const weir_type *from, const weir_value *v,
                       WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = weir_int((int32_t)(uint32_t)(uint64_t)weir_dec_to_i64(v->dec, dec_type(from)));
    return true;
}

static bool dec_to_bigint(WEIR_UNUSED weir_arena *a, const weir_type *from, const weir_value *v,
                          WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = weir_bigint(weir_dec_to_i64(v->dec, dec_type(from)));
    return true;
}

static bool dec_to_double(WEIR_UNUSED weir_arena *a, const weir_type *from, const weir_value *v,
                          WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = weir_double(weir_dec_to_double(v->dec, dec_type(from)));
    return true;
}

/* Conversions from text. */

static bool to_bool(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                    const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    weir_sv s = weir_text_trim(v->sv);
    *out = weir_bool(s.n > 0 && (weir_sv_istarts(WEIR_SV("true"), s) ||
                                 weir_sv_istarts(WEIR_SV("yes"), s)));
    return true;
}

static bool to_int(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                   const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = weir_int(0);
    return weir_i32_parse(weir_text_trim(v->sv), &out->i32);
}

static bool to_bigint(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                      const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = weir_bigint(0);
    return weir_i64_parse(weir_text_trim(v->sv), &out->i64);
}

static bool to_double(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                      const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = weir_double(0);
    return weir_double_parse_finite(weir_text_trim(v->sv), &out->f64);
}

static bool to_dec(weir_arena *a, WEIR_UNUSED const weir_type *from, const weir_value *v,
                   const weir_type *to, weir_value *out)
{
    weir_dec d = {0};
    weir_sv s = weir_text_trim(v->sv);
    return dec_result(weir_dec_parse(a, s, dec_type(to), WEIR_ROUND_HALF_UP, &d), d, out);
}

static bool to_date(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                    const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = (weir_value){.kind = WEIR_T_DATE};
    return weir_date_parse(weir_text_trim(v->sv), &out->i32, NULL) == WEIR_OK;
}

static bool to_time(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                    const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = (weir_value){.kind = WEIR_T_TIME};
    return weir_time_parse(weir_text_trim(v->sv), &out->i32, NULL) == WEIR_OK;
}

static bool to_timestamp(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                         const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = (weir_value){.kind = WEIR_T_TIMESTAMP};
    return weir_timestamp_parse(weir_text_trim(v->sv), &out->i64, NULL) == WEIR_OK;
}

static bool to_bytes(weir_arena *a, WEIR_UNUSED const weir_type *from, const weir_value *v,
                     WEIR_UNUSED const weir_type *to, weir_value *out)
{
    weir_sv s = weir_text_trim(v->sv);
    size_t room = (size_t)s.n / 4 * 3 + 8; /* the decoded form is shorter: the buffer never grows */
    weir_buf b = {.p = weir_arena_bytes_alloc(a, room), .cap = room, .max = room};
    *out = (weir_value){.kind = WEIR_T_BYTES};
    if (!weir_base64_decode(&b, s)) {
        return false;
    }
    out->sv = weir_buf_view(&b);
    return true;
}

/* Conversions between times. */

static bool timestamp_to_time(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                              const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = (weir_value){.kind = WEIR_T_TIME};
    out->i32 = weir_ts_to_time(v->i64);
    return true;
}

static bool timestamp_to_date(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                              const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = (weir_value){.kind = WEIR_T_DATE};
    out->i32 = weir_ts_to_date(v->i64);
    return true;
}

static bool date_to_timestamp(WEIR_UNUSED weir_arena *a, WEIR_UNUSED const weir_type *from,
                              const weir_value *v, WEIR_UNUSED const weir_type *to, weir_value *out)
{
    *out = (weir_value){.kind = WEIR_T_TIMESTAMP};
    out->i64 = v->i32 * WEIR_MS_PER_DAY;
    return true;
}

/* Conversions to text. */

static void print_scalar(weir_buf *b, const weir_type *from, const weir_value *v)
{
    switch (from->kind) {
    case WEIR_T_BOOLEAN:
        weir_buf_str(b, v->b ? "true" : "false");
        return;
    case WEIR_T_INTEGER:
        weir_buf_i64(b, v->i32);
        return;
    case WEIR_T_BIGINT:
        weir_buf_i64(b, v->i64);
        return;
    case WEIR_T_DOUBLE:
        weir_buf_double(b, v->f64);
        return;
    case WEIR_T_DECIMAL:
        weir_dec_print(b, v->dec, dec_type(from));
        return;
    case WEIR_T_DATE:
        weir_date_print(b, v->i32);
        return;
    case WEIR_T_TIME:
        weir_time_print(b, v->i32);
        return;
    case WEIR_T_TIMESTAMP:
        weir_timestamp_print(b, v->i64);
        return;
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

static bool scalar_to_text(weir_arena *a, const weir_type *from, const weir_value *v,
                           WEIR_UNUSED const weir_type *to, weir_value *out)
{
    char text[TEXT_BYTES];
    weir_buf b = {.p = text, .cap = sizeof text, .max = sizeof text};
    print_scalar(&b, from, v);
    WEIR_ASSERT(!b.over);
    *out = weir_string(weir_arena_sv(a, weir_buf_view(&b)));
    return true;
}

static bool nested_to_text(weir_arena *a, const weir_type *from, const weir_value *v,
                           WEIR_UNUSED const weir_type *to, weir_value *out)
{
    weir_buf b;
    weir_buf_init(&b, WEIR_STRING_BYTES_MAX);
    weir_value_print(&b, from, v);
    bool ok = !b.over;
    *out = weir_string(ok ? weir_arena_sv(a, weir_buf_view(&b)) : WEIR_SV(""));
    weir_buf_deinit(&b);
    return ok;
}

/* Nested to nested. Any failing part fails the whole. */

static bool array_to_array(weir_arena *a, const weir_type *from, const weir_value *v,
                           const weir_type *to, weir_value *out)
{
    weir_value *items = WEIR_NEW_N(a, weir_value, v->n ? v->n : 1);
    for (uint32_t i = 0; i < v->n; i++) {
        if (!weir_cast_value(a, from->item, &v->items[i], to->item, &items[i])) {
            return false;
        }
    }
    *out = weir_array(items, v->n);
    return true;
}

/* Where `key` is among the first `n` of `keys`, or n. `slots` is an open-addressing index of 1-based
 * positions that gains the key. */
static uint32_t place_key(const weir_type *t, uint32_t *slots, uint32_t mask, weir_value *keys,
                          uint32_t n)
{
    uint32_t at = (uint32_t)weir_value_hash(t, &keys[n]) & mask;
    while (slots[at]) {
        if (weir_value_eq(t, &keys[slots[at] - 1], &keys[n])) {
            return slots[at] - 1;
        }
        at = (at + 1) & mask;
    }
    slots[at] = n + 1;
    return n;
}

/* Keys that become equal: the later entry wins, in the place of the first. */
static bool map_to_map(weir_arena *a, const weir_type *from, const weir_value *v,
                       const weir_type *to, weir_value *out)
{
    uint32_t room = 4;
    while (room < v->n * 2) {
        room *= 2;
    }
    uint32_t *slots = WEIR_NEW_N(a, uint32_t, room);
    weir_value *keys = WEIR_NEW_N(a, weir_value, v->n ? v->n : 1);
    weir_value *items = WEIR_NEW_N(a, weir_value, v->n ? v->n : 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        weir_value item;
        if (!weir_cast_value(a, from->key, &v->keys[i], to->key, &keys[n]) ||
            !weir_cast_value(a, from->item, &v->items[i], to->item, &item)) {
            return false;
        }
        uint32_t at = place_key(to->key, slots, room - 1, keys, n);
        items[at] = item;
        n += at == n;
    }
    *out = (weir_value){.kind = WEIR_T_MAP, .n = n};
    out->keys = keys;
    out->items = items;
    return true;
}

/* By field name; what the source lacks is NULL, what the target lacks is dropped. */
static bool struct_to_struct(weir_arena *a, const weir_type *from, const weir_value *v,
                             const weir_type *to, weir_value *out)
{
    weir_value *items = WEIR_NEW_N(a, weir_value, to->n_fields ? to->n_fields : 1);
    for (uint32_t i = 0; i < to->n_fields; i++) {
        const weir_type *field = to->fields[i].type;
        int32_t at = weir_type_field(from, to->fields[i].name);
        items[i] = weir_null(field->kind);
        if (at >= 0 &&
            !weir_cast_value(a, from->fields[at].type, &v->items[at], field, &items[i])) {
            return false;
        }
    }
    *out = (weir_value){.kind = WEIR_T_STRUCT, .n = to->n_fields};
    out->items = items;
    return true;
}

/* ORDER weir_kind */
static const cast_fn matrix[WEIR_T_KINDS][WEIR_T_KINDS] = {
    [WEIR_T_BOOLEAN] = {[WEIR_T_BOOLEAN] = same, [WEIR_T_STRING] = scalar_to_text},
    [WEIR_T_INTEGER] = {[WEIR_T_INTEGER] = same,
                        [WEIR_T_BIGINT] = int_to_bigint,
                        [WEIR_T_DECIMAL] = int_to_dec,
                        [WEIR_T_DOUBLE] = int_to_double,
                        [WEIR_T_STRING] = scalar_to_text},
    [WEIR_T_BIGINT] = {[WEIR_T_BIGINT] = same,
                       [WEIR_T_INTEGER] = bigint_to_int,
                       [WEIR_T_DECIMAL] = bigint_to_dec,
                       [WEIR_T_DOUBLE] = bigint_to_double,
                       [WEIR_T_STRING] = scalar_to_text},
    [WEIR_T_DECIMAL] = {[WEIR_T_INTEGER] = dec_to_int,
                        [WEIR_T_BIGINT] = dec_to_bigint,
                        [WEIR_T_DECIMAL] = dec_to_dec,
                        [WEIR_T_DOUBLE] = dec_to_double,
                        [WEIR_T_STRING] = scalar_to_text},
    [WEIR_T_DOUBLE] = {[WEIR_T_DOUBLE] = same,
                       [WEIR_T_INTEGER] = double_to_int,
                       [WEIR_T_BIGINT] = double_to_bigint,
                       [WEIR_T_DECIMAL] = double_to_dec,
                       [WEIR_T_STRING] = scalar_to_text},
    [WEIR_T_STRING] = {[WEIR_T_STRING] = same,
                       [WEIR_T_BOOLEAN] = to_bool,
                       [WEIR_T_INTEGER] = to_int,
                       [WEIR_T_BIGINT] = to_bigint,
                       [WEIR_T_DECIMAL] = to_dec,
                       [WEIR_T_DOUBLE] = to_double,
                       [WEIR_T_DATE] = to_date,
                       [WEIR_T_TIME] = to_time,
                       [WEIR_T_TIMESTAMP] = to_timestamp,
                       [WEIR_T_BYTES] = to_bytes},
    [WEIR_T_BYTES] = {[WEIR_T_BYTES] = same},
    [WEIR_T_DATE] = {[WEIR_T_DATE] = same,
                     [WEIR_T_TIMESTAMP] = date_to_timestamp,
                     [WEIR_T_STRING] = scalar_to_text},
    [WEIR_T_TIME] = {[WEIR_T_TIME] = same, [WEIR_T_STRING] = scalar_to_text},
    [WEIR_T_TIMESTAMP] = {[WEIR_T_TIMESTAMP] = same,
                          [WEIR_T_DATE] = timestamp_to_date,
                          [WEIR_T_TIME] = timestamp_to_time,
                          [WEIR_T_STRING] = scalar_to_text},
    [WEIR_T_ARRAY] = {[WEIR_T_ARRAY] = array_to_array, [WEIR_T_STRING] = nested_to_text},
    [WEIR_T_MAP] = {[WEIR_T_MAP] = map_to_map, [WEIR_T_STRING] = nested_to_text},
    [WEIR_T_STRUCT] = {[WEIR_T_STRUCT] = struct_to_struct, [WEIR_T_STRING] = nested_to_text},
};

bool weir_cast_exists(const weir_type *from, const weir_type *to)
{
    if (from->kind == WEIR_T_NULL || weir_type_eq(from, to)) {
        return true;
    }
    if (!matrix[from->kind][to->kind]) {
        return false;
    }
    if (from->kind == WEIR_T_ARRAY && to->kind == WEIR_T_ARRAY) {
        return weir_cast_exists(from->item, to->item);
    }
    if (from->kind == WEIR_T_MAP && to->kind == WEIR_T_MAP) {
        return weir_cast_exists(from->key, to->key) && weir_cast_exists(from->item, to->item);
    }
    if (from->kind == WEIR_T_STRUCT && to->kind == WEIR_T_STRUCT) {
        for (uint32_t i = 0; i < from->n_fields; i++) {
            int32_t at = weir_type_field(to, from->fields[i].name);
            if (at >= 0 && !weir_cast_exists(from->fields[i].type, to->fields[at].type)) {
                return false;
            }
        }
    }
    return true;
}

bool weir_cast_value(weir_arena *a, const weir_type *from, const weir_value *v, const weir_type *to,
                     weir_value *out)
{
    if (v->null) {
        *out = weir_null(to->kind);
        return true;
    }
    if (from == to) {
        *out = *v;
        return true;
    }
    cast_fn cast = matrix[from->kind][to->kind];
    WEIR_ASSERT(cast != NULL);
    if (cast(a, from, v, to, out)) {
        return true;
    }
    *out = weir_null(to->kind);
    return false;
}
