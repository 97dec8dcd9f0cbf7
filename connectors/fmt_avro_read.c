/* Values: one function per pair of Avro's and SQL's types. */
#include "connectors/fmt_avro_read.h"
#include "engine/data/number.h"
#include "engine/data/text.h"

#include <stdarg.h>
#include <stdio.h>

bool weir__avro_refuse(weir__avro_input *x, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(x->why, sizeof x->why, fmt, args);
    va_end(args);
    return false;
}

static size_t left(const weir__avro_input *x)
{
    return (size_t)(x->in.end - x->in.p);
}

static bool cut_off(weir__avro_input *x)
{
    return weir__avro_refuse(x, "the record ends inside of a value");
}

static bool spend(weir__avro_input *x)
{
    if (x->budget == 0) {
        return weir__avro_refuse(x, "more values than the record's length allows");
    }
    x->budget--;
    return true;
}

/* ---- Avro's primitives ---- */

static bool read_long(weir__avro_input *x, int64_t *out)
{
    *out = weir_unzigzag(weir_read_varint(&x->in));
    return !x->in.bad || cut_off(x);
}

static bool read_int(weir__avro_input *x, int32_t *out)
{
    int64_t v;
    if (!read_long(x, &v)) {
        return false;
    }
    *out = (int32_t)v;
    return v == *out || weir__avro_refuse(x, "Invalid int encoding");
}

static bool read_fixed(weir__avro_input *x, size_t n, weir_sv *out)
{
    *out = weir_read_bytes(&x->in, n);
    return !x->in.bad || cut_off(x);
}

static bool read_text(weir__avro_input *x, weir_sv *out)
{
    int64_t n;
    if (!read_long(x, &n)) {
        return false;
    }
    if (n < 0 || (uint64_t)n > left(x)) {
        return cut_off(x);
    }
    return read_fixed(x, (size_t)n, out);
}

static uint64_t little_endian(weir_sv in)
{
    uint64_t v = 0;
    for (uint32_t i = in.n; i-- > 0;) {
        v = v << 8 | (unsigned char)in.p[i];
    }
    return v;
}

static bool read_float(weir__avro_input *x, float *out)
{
    weir_sv in;
    if (!read_fixed(x, 4, &in)) {
        return false;
    }
    uint32_t bits = (uint32_t)little_endian(in);
    memcpy(out, &bits, sizeof bits);
    return true;
}

static bool read_double(weir__avro_input *x, double *out)
{
    weir_sv in;
    if (!read_fixed(x, 8, &in)) {
        return false;
    }
    uint64_t bits = little_endian(in);
    memcpy(out, &bits, sizeof bits);
    return true;
}

static bool read_branch(weir__avro_input *x, uint32_t n, uint32_t *out)
{
    int64_t v;
    if (!read_long(x, &v)) {
        return false;
    }
    *out = (uint32_t)v;
    return (v >= 0 && v < n) || weir__avro_refuse(x, "no such branch of a union");
}

/* Items of the next block of an array or map; 0 at its end. Each takes a byte at least. */
static bool read_block(weir__avro_input *x, uint32_t *n)
{
    int64_t count;
    int64_t bytes;
    if (!read_long(x, &count) || (count < 0 && !read_long(x, &bytes))) {
        return false;
    }
    uint64_t items = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
    if (items > left(x) || items > WEIR_ARRAY_ITEMS_MAX) {
        return weir__avro_refuse(x, "more items than the record's length allows");
    }
    *n = (uint32_t)items;
    return true;
}

/* ---- what nobody asked for ---- */

static bool skip_blocks(weir__avro_input *x, const weir__avro *t, uint32_t depth)
{
    uint32_t n;
    for (;;) {
        if (!read_block(x, &n)) {
            return false;
        }
        if (n == 0) {
            return true;
        }
        for (uint32_t i = 0; i < n; i++) {
            weir_sv key;
            if ((t->kind == WEIR__AVRO_MAP && !read_text(x, &key)) ||
                !weir__avro_skip(x, t->item, depth)) {
                return false;
            }
        }
    }
}

bool weir__avro_skip(weir__avro_input *x, const weir__avro *t, uint32_t depth)
{
    int64_t number;
    weir_sv bytes;
    uint32_t branch;
    if (!spend(x)) {
        return false;
    }
    if (depth > WEIR_AVRO_DEPTH_MAX) {
        return weir__avro_refuse(x, "values nested deeper than %d", WEIR_AVRO_DEPTH_MAX);
    }
    switch (t->kind) {
    case WEIR__AVRO_NULL:
        return true;
    case WEIR__AVRO_BOOLEAN:
        return read_fixed(x, 1, &bytes);
    case WEIR__AVRO_INT:
    case WEIR__AVRO_LONG:
    case WEIR__AVRO_ENUM:
        return read_long(x, &number);
    case WEIR__AVRO_FLOAT:
        return read_fixed(x, 4, &bytes);
    case WEIR__AVRO_DOUBLE:
        return read_fixed(x, 8, &bytes);
    case WEIR__AVRO_BYTES:
    case WEIR__AVRO_STRING:
        return read_text(x, &bytes);
    case WEIR__AVRO_FIXED:
        return read_fixed(x, t->size, &bytes);
    case WEIR__AVRO_ARRAY:
    case WEIR__AVRO_MAP:
        return skip_blocks(x, t, depth + 1);
    case WEIR__AVRO_UNION:
        return read_branch(x, t->n, &branch) && weir__avro_skip(x, t->branches[branch], depth + 1);
    case WEIR__AVRO_RECORD:
        for (uint32_t i = 0; i < t->n; i++) {
            if (!weir__avro_skip(x, t->fields[i].type, depth + 1)) {
                return false;
            }
        }
        return true;
    case WEIR__AVRO_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

/* ---- scalars ---- */

static bool to_boolean(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    weir_sv in;
    (void)r;
    if (!read_fixed(x, 1, &in)) {
        return false;
    }
    *(uint8_t *)to = in.p[0] == 1;
    return true;
}

static bool to_int(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    (void)r;
    return read_int(x, to);
}

static bool int_to_long(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    int32_t v;
    (void)r;
    if (!read_int(x, &v)) {
        return false;
    }
    *(int64_t *)to = v;
    return true;
}

static bool to_long(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    (void)r;
    return read_long(x, to);
}

static bool float_to_double(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    float v;
    (void)r;
    if (!read_float(x, &v)) {
        return false;
    }
    *(double *)to = v;
    return true;
}

static bool to_double(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    (void)r;
    return read_double(x, to);
}

static bool to_bytes(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    return r->from->kind == WEIR__AVRO_FIXED ? read_fixed(x, r->from->size, to) : read_text(x, to);
}

static bool to_decimal(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    weir_dec_type from = {r->from->precision, r->from->scale};
    weir_dec_type type = {r->type->precision, r->type->scale};
    weir_sv bytes;
    weir_dec v;
    if (!to_bytes(x, r, &bytes)) {
        return false;
    }
    weir_dec_fault fault = weir_dec_from_bytes(x->arena, bytes, from, &v);
    if (fault == WEIR_DEC_OK && (from.precision != type.precision || from.scale != type.scale)) {
        fault = weir_dec_rescale(x->arena, v, from, type, WEIR_ROUND_EXACT, &v);
        fault = fault == WEIR_DEC_OK && !weir_dec_fits(v, type) ? WEIR_DEC_OVERFLOW : fault;
    }
    if (fault != WEIR_DEC_OK) {
        return weir__avro_refuse(x, "DECIMAL(%d, %d): %s", type.precision, type.scale,
                                 weir_dec_fault_text(fault));
    }
    *(weir_dec *)to = v;
    return true;
}

/* ---- into text, as String.valueOf ---- */

static bool to_string(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    weir_sv text;
    (void)r;
    if (!read_text(x, &text)) {
        return false;
    }
    *(weir_sv *)to = weir_utf8_repair(x->arena, text);
    return true;
}

static bool enum_to_string(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    int32_t at;
    if (!read_int(x, &at)) {
        return false;
    }
    if (at < 0 || (uint32_t)at >= r->from->n) {
        return weir__avro_refuse(x, "no such symbol of an enum");
    }
    *(weir_sv *)to = r->from->symbols[at];
    return true;
}

static bool boolean_to_string(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    uint8_t v;
    if (!to_boolean(x, r, &v)) {
        return false;
    }
    *(weir_sv *)to = v ? WEIR_SV("true") : WEIR_SV("false");
    return true;
}

static bool number_to_string(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    int64_t v;
    bool ok = r->from->kind == WEIR__AVRO_INT ? int_to_long(x, r, &v) : read_long(x, &v);
    if (ok) {
        char *text = weir_arena_alloc(x->arena, WEIR_I64_TEXT_MAX);
        *(weir_sv *)to = weir_sv_of(text, weir_i64_text(text, v));
    }
    return ok;
}

/* The shortest digits that give the float back are also the shortest of the double they stand for,
 * and Java lays both out in the same way. */
static double widen_by_text(float v)
{
    char digits[32];
    double wide = v;
    for (int n = 1; n <= 9 && v - v == 0; n++) {
        int length = snprintf(digits, sizeof digits, "%.*e", n - 1, (double)v);
        if (weir_double_parse(weir_sv_of(digits, (size_t)length), &wide) && (float)wide == v) {
            break;
        }
    }
    return wide;
}

static bool double_to_string(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    double v = 0;
    float f = 0;
    bool single = r->from->kind == WEIR__AVRO_FLOAT;
    if (single ? !read_float(x, &f) : !read_double(x, &v)) {
        return false;
    }
    char *text = weir_arena_alloc(x->arena, WEIR_DOUBLE_TEXT_MAX);
    *(weir_sv *)to = weir_sv_of(text, weir_double_text(text, single ? widen_by_text(f) : v));
    return true;
}

/* ---- nested values ---- */

bool weir__avro_read_presence(weir__avro_input *x, const weir__avro_reader *r, bool *null,
                              uint32_t *branch)
{
    *null = false;
    if (r->refused) {
        return weir__avro_refuse(x, "%s", r->refused);
    }
    if (!spend(x)) {
        return false;
    }
    if (r->choice) {
        bool ok = read_branch(x, r->from->n, branch);
        *null = ok && r->from->branches[*branch]->kind == WEIR__AVRO_NULL;
        return ok;
    }
    if (r->optional) {
        bool ok = read_branch(x, 2, branch);
        *null = ok && *branch == r->null_branch;
        return ok;
    }
    return true;
}

static bool read_value(weir__avro_input *x, const weir__avro_reader *r, weir_value *out);

/* The STRUCT of a union of several types: one field has a value. */
static bool read_choice(weir__avro_input *x, const weir__avro_reader *r, uint32_t branch,
                        weir_value *out)
{
    const weir__avro_member *m = &r->members[branch];
    weir_value *fields = WEIR_NEW_N(x->arena, weir_value, r->type->n_fields);
    for (uint32_t i = 0; i < r->type->n_fields; i++) {
        fields[i] = weir_null(r->type->fields[i].type->kind);
    }
    *out = (weir_value){.kind = WEIR_T_STRUCT, .n = r->type->n_fields};
    out->items = fields;
    return m->reader ? read_value(x, m->reader, &fields[m->to]) : weir__avro_skip(x, m->from, 1);
}

bool weir__avro_read(weir__avro_input *x, const weir__avro_reader *r, bool *null, void *to)
{
    uint32_t branch = 0;
    if (!weir__avro_read_presence(x, r, null, &branch)) {
        return false;
    }
    if (*null) {
        return true;
    }
    return r->choice ? read_choice(x, r, branch, to) : r->read(x, r, to);
}

static bool read_value(weir__avro_input *x, const weir__avro_reader *r, weir_value *out)
{
    bool null;
    *out = (weir_value){.kind = (uint8_t)r->type->kind};
    if (!weir__avro_read(x, r, &null, r->nested ? (void *)out : (void *)&out->i64)) {
        return false;
    }
    if (null) {
        *out = weir_null(r->type->kind);
    }
    return true;
}

static bool to_array(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    weir_value *items = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    uint32_t more;
    for (;;) {
        if (!read_block(x, &more)) {
            return false;
        }
        if (more == 0) {
            break;
        }
        for (uint32_t i = 0; i < more; i++) {
            weir_value v;
            if (!read_value(x, r->item, &v)) {
                return false;
            }
            WEIR_PUSH(x->arena, items, n, cap, v);
        }
    }
    *(weir_value *)to = weir_array(items, n);
    return true;
}

/* A map, or a list of entries. A key that comes again replaces the value. */
static bool to_map(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    weir_json_names names = {0};
    weir_value *values = NULL;
    uint32_t n = 0;
    uint32_t cap = 0;
    uint32_t more;
    for (;;) {
        if (!read_block(x, &more)) {
            return false;
        }
        if (more == 0) {
            break;
        }
        for (uint32_t i = 0; i < more; i++) {
            weir_value key;
            weir_value v;
            if (!read_value(x, r->key, &key) || !read_value(x, r->item, &v)) {
                return false;
            }
            if (key.null) {
                return weir__avro_refuse(x, "a map with a null key");
            }
            uint32_t at = weir_json_names_add(&names, x->arena, key.sv);
            if (at < n) {
                values[at] = v;
            } else {
                WEIR_PUSH(x->arena, values, n, cap, v);
            }
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

static bool to_struct(weir__avro_input *x, const weir__avro_reader *r, void *to)
{
    uint32_t n = r->type->n_fields;
    weir_value *fields = WEIR_NEW_N(x->arena, weir_value, n);
    for (uint32_t i = 0; i < n; i++) {
        fields[i] = weir_null(r->type->fields[i].type->kind);
    }
    for (uint32_t i = 0; i < r->n_members; i++) {
        const weir__avro_member *m = &r->members[i];
        if (m->reader ? !read_value(x, m->reader, &fields[m->to])
                      : !weir__avro_skip(x, m->from, 1)) {
            return false;
        }
    }
    weir_value *out = to;
    *out = (weir_value){.kind = WEIR_T_STRUCT, .n = n};
    out->items = fields;
    return true;
}

/* ---- choosing ---- */

/* What Connect calls the types. */
static const char *connect_name(const weir__avro *t)
{
    switch (t->kind) {
    case WEIR__AVRO_NULL:
        return "null";
    case WEIR__AVRO_BOOLEAN:
        return "boolean";
    case WEIR__AVRO_INT:
        return "int32";
    case WEIR__AVRO_LONG:
        return "int64";
    case WEIR__AVRO_FLOAT:
        return "float32";
    case WEIR__AVRO_DOUBLE:
        return "float64";
    case WEIR__AVRO_BYTES:
    case WEIR__AVRO_FIXED:
        return "bytes";
    case WEIR__AVRO_STRING:
    case WEIR__AVRO_ENUM:
        return "string";
    case WEIR__AVRO_RECORD:
    case WEIR__AVRO_UNION:
        return "struct";
    case WEIR__AVRO_ARRAY:
        return t->map_entries ? "map" : "array";
    case WEIR__AVRO_MAP:
        return "map";
    case WEIR__AVRO_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

static const char *sql_name(weir_kind kind)
{
    switch (kind) {
    case WEIR_T_BOOLEAN:
        return "boolean";
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
        return "int32";
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        return "int64";
    case WEIR_T_DOUBLE:
        return "float64";
    case WEIR_T_DECIMAL:
    case WEIR_T_BYTES:
        return "bytes";
    case WEIR_T_STRING:
        return "string";
    case WEIR_T_ARRAY:
        return "array";
    case WEIR_T_MAP:
        return "map";
    case WEIR_T_STRUCT:
        return "struct";
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

static weir__avro_read_fn string_from(weir__avro_kind from)
{
    switch (from) {
    case WEIR__AVRO_STRING:
        return to_string;
    case WEIR__AVRO_ENUM:
        return enum_to_string;
    case WEIR__AVRO_BOOLEAN:
        return boolean_to_string;
    case WEIR__AVRO_INT:
    case WEIR__AVRO_LONG:
        return number_to_string;
    case WEIR__AVRO_FLOAT:
    case WEIR__AVRO_DOUBLE:
        return double_to_string;
    case WEIR__AVRO_NULL:
    case WEIR__AVRO_BYTES:
    case WEIR__AVRO_FIXED:
    case WEIR__AVRO_RECORD:
    case WEIR__AVRO_ARRAY:
    case WEIR__AVRO_MAP:
    case WEIR__AVRO_UNION:
    case WEIR__AVRO_KINDS:
        break;
    }
    return NULL;
}

/* NULL: ksqlDB does not read this type from that one. */
static weir__avro_read_fn reader_of(weir_kind to, const weir__avro *from)
{
    weir__avro_kind k = from->kind;
    bool bytes = k == WEIR__AVRO_BYTES || k == WEIR__AVRO_FIXED;
    bool decimal = from->logical == WEIR__AVRO_DECIMAL;
    switch (to) {
    case WEIR_T_BOOLEAN:
        return k == WEIR__AVRO_BOOLEAN ? to_boolean : NULL;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
        return k == WEIR__AVRO_INT ? to_int : NULL;
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        return k == WEIR__AVRO_INT ? int_to_long : k == WEIR__AVRO_LONG ? to_long : NULL;
    case WEIR_T_DOUBLE:
        return k == WEIR__AVRO_FLOAT ? float_to_double : k == WEIR__AVRO_DOUBLE ? to_double : NULL;
    case WEIR_T_DECIMAL:
        return bytes && decimal ? to_decimal : NULL;
    case WEIR_T_BYTES:
        return bytes && !decimal ? to_bytes : NULL;
    case WEIR_T_STRING:
        return string_from(k);
    case WEIR_T_ARRAY:
        return k == WEIR__AVRO_ARRAY && !from->map_entries ? to_array : NULL;
    case WEIR_T_MAP:
        return k == WEIR__AVRO_MAP || (k == WEIR__AVRO_ARRAY && from->map_entries) ? to_map : NULL;
    case WEIR_T_STRUCT:
        return k == WEIR__AVRO_RECORD || k == WEIR__AVRO_UNION ? to_struct : NULL;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

static weir__avro_reader *start(weir_arena *a, const weir__avro *from, const weir_type *type)
{
    weir__avro_reader *r = WEIR_NEW(a, weir__avro_reader);
    const weir__avro *value = weir__avro_optional(from, &r->null_branch);
    r->optional = value != NULL;
    r->from = value ? value : from;
    r->choice = r->from->kind == WEIR__AVRO_UNION;
    r->type = type;
    r->nested = type && weir_type_is_nested(type);
    return r;
}

static int64_t find_field(const weir_field *fields, uint32_t n, weir_sv name)
{
    for (uint32_t i = 0; i < n; i++) {
        if (weir_sv_eq(fields[i].name, name)) {
            return i;
        }
    }
    return -1;
}

/* Each of the writer's fields finds its own by name: exactly, else in upper case. */
static void match(weir_arena *a, weir__avro_reader *r, const weir_field *fields, uint32_t n,
                  weir_sv path)
{
    r->n_members = r->from->n;
    r->members = WEIR_NEW_N(a, weir__avro_member, r->from->n);
    for (uint32_t i = 0; i < r->from->n; i++) {
        weir__avro_member *m = &r->members[i];
        m->from = r->choice ? r->from->branches[i] : r->from->fields[i].type;
        weir_sv name = r->choice ? weir__avro_branch_name(m->from) : r->from->fields[i].name;
        int64_t at = find_field(fields, n, name);
        at = at < 0 ? find_field(fields, n, weir_text_upper(a, name)) : at;
        if (at >= 0 && !(r->choice && m->from->kind == WEIR__AVRO_NULL)) {
            weir_sv inner = weir_arena_printf(a, WEIR_SV_FMT "->" WEIR_SV_FMT, WEIR_SV_ARG(path),
                                              WEIR_SV_ARG(fields[at].name));
            m->to = (uint32_t)at;
            m->reader = weir__avro_reader_new(a, m->from, fields[at].type, inner);
        }
    }
}

static void mismatch(weir_arena *a, weir__avro_reader *r, const char *to, weir_sv path)
{
    r->refused =
        weir_arena_printf(a, "Cannot deserialize type %s as type %s for path: " WEIR_SV_FMT,
                          connect_name(r->from), to, WEIR_SV_ARG(path))
            .p;
}

weir__avro_reader *weir__avro_reader_new(weir_arena *a, const weir__avro *from,
                                         const weir_type *type, weir_sv path)
{
    static const weir__avro text = {.kind = WEIR__AVRO_STRING};
    weir__avro_reader *r = start(a, from, type);
    r->read = reader_of(type->kind, r->from);
    if (!r->read) {
        mismatch(a, r, sql_name(type->kind), path);
    } else if (type->kind == WEIR_T_STRUCT) {
        match(a, r, type->fields, type->n_fields, path);
    } else if (type->kind == WEIR_T_ARRAY) {
        weir_sv inner = weir_arena_printf(a, WEIR_SV_FMT "->ARRAY", WEIR_SV_ARG(path));
        r->item = weir__avro_reader_new(a, r->from->item, type->item, inner);
    } else if (type->kind == WEIR_T_MAP) {
        const weir__avro *entry = r->from->map_entries ? r->from->item : NULL;
        weir_sv inner = weir_arena_printf(a, WEIR_SV_FMT "->MAP_KEY", WEIR_SV_ARG(path));
        r->key = weir__avro_reader_new(a, entry ? entry->fields[0].type : &text, type->key, inner);
        inner = weir_arena_printf(a, WEIR_SV_FMT "->MAP_VAL", WEIR_SV_ARG(path));
        r->item = weir__avro_reader_new(a, entry ? entry->fields[1].type : r->from->item,
                                        type->item, inner);
    }
    return r;
}

weir__avro_reader *weir__avro_reader_row(weir_arena *a, const weir__avro *from,
                                         const weir_column *cols, uint32_t n)
{
    weir__avro_reader *r = start(a, from, NULL);
    weir_field *fields = WEIR_NEW_N(a, weir_field, n);
    for (uint32_t i = 0; i < n; i++) {
        fields[i] = (weir_field){cols[i].name, cols[i].type};
    }
    if (r->from->kind != WEIR__AVRO_RECORD && r->from->kind != WEIR__AVRO_UNION) {
        mismatch(a, r, "struct", (weir_sv){0});
    } else {
        match(a, r, fields, n, (weir_sv){0});
    }
    return r;
}
