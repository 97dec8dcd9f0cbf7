/* Binary form of one value. The type is known to both sides, so only what varies is written:
 *
 *   value    u8 is-null, then unless NULL:
 *   scalar   its bytes, little-endian                 (as in a vector)
 *   STRING   varint length, bytes                     (BYTES, big DECIMAL alike)
 *   ARRAY    varint count, values
 *   MAP      varint count, (key, value)…
 *   STRUCT   one value per field
 *
 * Decoding trusts nothing: counts are checked against the bytes that are left (each value takes at
 * least one), and depth is that of the type. */
#include "engine/data/value_codec.h"

void weir__dec_write(char *to, weir_dec d)
{
    memcpy(to, &d.big.n, 4);
    uint32_t bytes = weir__dec_bytes(d) - 4;
    if (bytes) {
        memcpy(to + 4, d.big.limbs, bytes);
    }
}

bool weir__dec_read(weir_arena *a, const weir_type *t, weir_sv bytes, weir_dec *out)
{
    int32_t n;
    if (bytes.n < 4) {
        return false;
    }
    memcpy(&n, bytes.p, 4);
    /* 10^p takes p·log2(10) bits; 3.33 is a little above log2(10). */
    int32_t limbs_max = (t->precision * 333 / 100 + 1) / 64 + 1;
    if (n < -limbs_max || n > limbs_max) {
        return false;
    }
    uint32_t limbs = (uint32_t)(n < 0 ? -n : n);
    if (bytes.n != 4 + limbs * 8) {
        return false;
    }
    uint64_t *copy = NULL;
    if (limbs) {
        copy = weir_arena_alloc(a, limbs * sizeof *copy);
        memcpy(copy, bytes.p + 4, limbs * sizeof *copy);
        if (copy[limbs - 1] == 0) {
            return false; /* leading zero limbs are not canonical */
        }
    }
    memset(out, 0, sizeof *out);
    out->big.limbs = copy;
    out->big.n = n;
    return true;
}

static void encode_bytes(weir_buf *out, weir_sv s)
{
    weir_buf_varint(out, s.n);
    weir_buf_sv(out, s);
}

static void encode_decimal(weir_buf *out, const weir_type *t, const weir_value *v)
{
    if (!weir__dec_is_big(t)) {
        weir_buf_add(out, &v->dec.i, 16);
        return;
    }
    uint32_t n = weir__dec_bytes(v->dec);
    weir_buf_varint(out, n);
    char *to = weir_buf_reserve(out, n);
    if (to) {
        weir__dec_write(to, v->dec);
        out->n += n;
    }
}

static void encode_nested(weir_buf *out, const weir_type *t, const weir_value *v)
{
    if (t->kind == WEIR_T_STRUCT) {
        WEIR_ASSERT(v->n == t->n_fields);
    } else {
        weir_buf_varint(out, v->n);
    }
    for (uint32_t i = 0; i < v->n && !out->over; i++) {
        if (t->kind == WEIR_T_MAP) {
            weir_value_encode(out, t->key, &v->keys[i]);
        }
        const weir_type *item = t->kind == WEIR_T_STRUCT ? t->fields[i].type : t->item;
        weir_value_encode(out, item, &v->items[i]);
    }
}

void weir_value_encode(weir_buf *out, const weir_type *t, const weir_value *v)
{
    weir_buf_byte(out, v->null);
    if (v->null) {
        return;
    }
    switch (t->kind) {
    case WEIR_T_BOOLEAN:
        weir_buf_byte(out, v->b);
        return;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
        weir_buf_add(out, &v->i32, 4);
        return;
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        weir_buf_add(out, &v->i64, 8);
        return;
    case WEIR_T_DOUBLE:
        weir_buf_add(out, &v->f64, 8);
        return;
    case WEIR_T_DECIMAL:
        encode_decimal(out, t, v);
        return;
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        encode_bytes(out, v->sv);
        return;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
        encode_nested(out, t, v);
        return;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

static void read_fixed(weir_reader *in, void *to, size_t n)
{
    weir_sv s = weir_read_bytes(in, n);
    if (!in->bad) {
        memcpy(to, s.p, n);
    }
}

static weir_sv read_sized(weir_reader *in)
{
    uint64_t n = weir_read_varint(in);
    if (in->bad || n > (uint64_t)(in->end - in->p)) {
        in->bad = true;
        return (weir_sv){0};
    }
    return weir_read_bytes(in, (size_t)n);
}

static void decode_decimal(weir_arena *a, const weir_type *t, weir_reader *in, weir_value *out)
{
    if (!weir__dec_is_big(t)) {
        read_fixed(in, &out->dec.i, 16);
        return;
    }
    weir_sv bytes = read_sized(in);
    if (!in->bad && !weir__dec_read(a, t, bytes, &out->dec)) {
        in->bad = true;
    }
}

static void decode_nested(weir_arena *a, const weir_type *t, weir_reader *in, weir_value *out)
{
    uint64_t n = t->kind == WEIR_T_STRUCT ? t->n_fields : weir_read_varint(in);
    if (in->bad || n > (uint64_t)(in->end - in->p)) {
        in->bad = true;
        return;
    }
    weir_value *items = weir_arena_alloc(a, (size_t)n * sizeof *items);
    weir_value *keys = t->kind == WEIR_T_MAP ? weir_arena_alloc(a, (size_t)n * sizeof *keys) : NULL;
    for (uint32_t i = 0; i < n; i++) {
        const weir_type *item = t->kind == WEIR_T_STRUCT ? t->fields[i].type : t->item;
        if ((keys && weir_value_decode(a, t->key, in, &keys[i]) != WEIR_OK) ||
            weir_value_decode(a, item, in, &items[i]) != WEIR_OK) {
            return;
        }
    }
    out->n = (uint32_t)n;
    out->items = items;
    out->keys = keys;
}

weir_rc weir_value_decode(weir_arena *a, const weir_type *t, weir_reader *in, weir_value *out)
{
    *out = weir_null(t->kind);
    uint8_t null = weir_read_u8(in);
    if (in->bad || null > 1) {
        in->bad = true;
        return WEIR_EDATA;
    }
    if (null) {
        return WEIR_OK;
    }
    out->null = false;
    switch (t->kind) {
    case WEIR_T_BOOLEAN:
        out->b = weir_read_u8(in) != 0;
        break;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
        read_fixed(in, &out->i32, 4);
        break;
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        read_fixed(in, &out->i64, 8);
        break;
    case WEIR_T_DOUBLE:
        read_fixed(in, &out->f64, 8);
        break;
    case WEIR_T_DECIMAL:
        decode_decimal(a, t, in, out);
        break;
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        out->sv = read_sized(in);
        break;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
        decode_nested(a, t, in, out);
        break;
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_UNIT:
    case WEIR_T_KINDS:
        WEIR_UNREACHABLE();
    }
    if (in->bad) {
        *out = weir_null(t->kind);
        return WEIR_EDATA;
    }
    return WEIR_OK;
}
