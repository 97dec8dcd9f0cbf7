/* Equality, order, hash and copy of boxed values walk value and type together; recursion is bounded
 * by the depth of the type. Maps compare as sets of entries: first in step, which settles maps that
 * were filled in the same order, then by sorted keys, so that hostile maps cost n log n. */
#include "engine/data/value.h"

#include "engine/base/alloc.h"
#include "engine/base/hash.h"
#include "engine/data/text.h"

static weir_dec_type dec_type(const weir_type *t)
{
    return (weir_dec_type){t->precision, t->scale};
}

static int cmp_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* All NaN are one value and -0.0 is below 0.0: Double.doubleToLongBits. */
static int64_t double_bits(double d)
{
    int64_t bits;
    d = d != d ? __builtin_nan("") : d;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

static int cmp_double(double a, double b)
{
    if (a < b) {
        return -1;
    }
    return a > b ? 1 : cmp_i64(double_bits(a), double_bits(b));
}

/* ByteBuffer.compareTo: bytes are signed. */
static int cmp_bytes(weir_sv a, weir_sv b)
{
    uint32_t n = a.n < b.n ? a.n : b.n;
    if (n && memcmp(a.p, b.p, n) != 0) {
        uint32_t i = 0;
        while (a.p[i] == b.p[i]) {
            i++;
        }
        return (signed char)a.p[i] < (signed char)b.p[i] ? -1 : 1;
    }
    return cmp_i64(a.n, b.n);
}

static int cmp_items(const weir_type *item, const weir_value *a, const weir_value *b)
{
    for (uint32_t i = 0; i < a->n && i < b->n; i++) {
        int c = weir_value_cmp(item, &a->items[i], &b->items[i]);
        if (c) {
            return c;
        }
    }
    return cmp_i64(a->n, b->n);
}

static int cmp_fields(const weir_type *t, const weir_value *a, const weir_value *b)
{
    WEIR_ASSERT(a->n == t->n_fields && b->n == t->n_fields);
    for (uint32_t i = 0; i < t->n_fields; i++) {
        int c = weir_value_cmp(t->fields[i].type, &a->items[i], &b->items[i]);
        if (c) {
            return c;
        }
    }
    return 0;
}

static void sift_down(const weir_type *key, const weir_value *keys, uint32_t *order, uint32_t at,
                      uint32_t n)
{
    for (;;) {
        uint32_t kid = 2 * at + 1;
        if (kid >= n) {
            return;
        }
        if (kid + 1 < n && weir_value_cmp(key, &keys[order[kid]], &keys[order[kid + 1]]) < 0) {
            kid++;
        }
        if (weir_value_cmp(key, &keys[order[at]], &keys[order[kid]]) >= 0) {
            return;
        }
        uint32_t swap = order[at];
        order[at] = order[kid];
        order[kid] = swap;
        at = kid;
    }
}

/* Heap sort: in place, and no input makes it quadratic. */
static void sort_keys(const weir_type *key, const weir_value *map, uint32_t *order)
{
    for (uint32_t i = 0; i < map->n; i++) {
        order[i] = i;
    }
    for (uint32_t i = map->n / 2; i-- > 0;) {
        sift_down(key, map->keys, order, i, map->n);
    }
    for (uint32_t n = map->n; n-- > 1;) {
        uint32_t swap = order[0];
        order[0] = order[n];
        order[n] = swap;
        sift_down(key, map->keys, order, 0, n);
    }
}

static int cmp_entry(const weir_type *t, const weir_value *a, uint32_t i, const weir_value *b,
                     uint32_t j)
{
    int c = weir_value_cmp(t->key, &a->keys[i], &b->keys[j]);
    return c ? c : weir_value_cmp(t->item, &a->items[i], &b->items[j]);
}

static int cmp_maps(const weir_type *t, const weir_value *a, const weir_value *b)
{
    if (a->n != b->n) {
        return a->n < b->n ? -1 : 1;
    }
    uint32_t same = 0;
    while (same < a->n && cmp_entry(t, a, same, b, same) == 0) {
        same++;
    }
    if (same == a->n) {
        return 0;
    }
    uint32_t *order = weir_alloc(2 * sizeof *order * a->n);
    uint32_t *other = order + a->n;
    sort_keys(t->key, a, order);
    sort_keys(t->key, b, other);
    int c = 0;
    for (uint32_t i = 0; i < a->n && c == 0; i++) {
        c = cmp_entry(t, a, order[i], b, other[i]);
    }
    weir_free(order);
    return c;
}

int weir_value_cmp(const weir_type *t, const weir_value *a, const weir_value *b)
{
    if (a->null || b->null) {
        return (int)b->null - (int)a->null;
    }
    switch (t->kind) {
    case WEIR_T_BOOLEAN:
        return (int)a->b - (int)b->b;
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_UNIT:
        return cmp_i64(a->i32, b->i32);
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        return cmp_i64(a->i64, b->i64);
    case WEIR_T_DOUBLE:
        return cmp_double(a->f64, b->f64);
    case WEIR_T_DECIMAL:
        return weir_dec_cmp(a->dec, dec_type(t), b->dec, dec_type(t));
    case WEIR_T_STRING:
        return weir_utf16_cmp(a->sv, b->sv);
    case WEIR_T_BYTES:
        return cmp_bytes(a->sv, b->sv);
    case WEIR_T_ARRAY:
        return cmp_items(t->item, a, b);
    case WEIR_T_MAP:
        return cmp_maps(t, a, b);
    case WEIR_T_STRUCT:
        return cmp_fields(t, a, b);
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

bool weir_value_eq(const weir_type *t, const weir_value *a, const weir_value *b)
{
    if (a->null || b->null) {
        return a->null == b->null;
    }
    if (t->kind == WEIR_T_STRING || t->kind == WEIR_T_BYTES) {
        return weir_sv_eq(a->sv, b->sv);
    }
    if ((t->kind == WEIR_T_ARRAY || t->kind == WEIR_T_MAP) && a->n != b->n) {
        return false;
    }
    return weir_value_cmp(t, a, b) == 0;
}

#define HASH_NULL UINT64_C(0x9e3779b97f4a7c15)

static uint64_t mix(uint64_t h, uint64_t next)
{
    return weir_hash_u64(h * 31 + next);
}

static uint64_t hash_nested(const weir_type *t, const weir_value *v)
{
    uint64_t h = mix(HASH_NULL, v->n);
    uint64_t entries = 0; /* a sum: the order of a map's entries does not count */
    for (uint32_t i = 0; i < v->n; i++) {
        const weir_type *item = t->kind == WEIR_T_STRUCT ? t->fields[i].type : t->item;
        uint64_t value = weir_value_hash(item, &v->items[i]);
        if (t->kind == WEIR_T_MAP) {
            entries += mix(weir_value_hash(t->key, &v->keys[i]), value);
        } else {
            h = mix(h, value);
        }
    }
    return mix(h, entries);
}

uint64_t weir_value_hash(const weir_type *t, const weir_value *v)
{
    if (v->null) {
        return HASH_NULL;
    }
    switch (t->kind) {
    case WEIR_T_BOOLEAN:
        return weir_hash_u64(v->b ? 2 : 1);
    case WEIR_T_INTEGER:
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_UNIT:
        return weir_hash_u64((uint64_t)(int64_t)v->i32);
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        return weir_hash_u64((uint64_t)v->i64);
    case WEIR_T_DOUBLE:
        return weir_hash_u64((uint64_t)double_bits(v->f64));
    case WEIR_T_DECIMAL:
        return weir_dec_hash(v->dec, dec_type(t));
    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        return weir_hash_sv(v->sv);
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT:
        return hash_nested(t, v);
    case WEIR_T_NULL:
    case WEIR_T_LAMBDA:
    case WEIR_T_KINDS:
        break;
    }
    WEIR_UNREACHABLE();
}

weir_value weir_value_copy(weir_arena *a, const weir_type *t, const weir_value *v)
{
    weir_value copy = *v;
    if (v->null) {
        return copy;
    }
    if (t->kind == WEIR_T_DECIMAL) {
        copy.dec = weir_dec_copy(a, v->dec, dec_type(t));
    } else if (t->kind == WEIR_T_STRING || t->kind == WEIR_T_BYTES) {
        copy.sv = weir_arena_sv(a, v->sv);
    } else if (weir_type_is_nested(t)) {
        WEIR_ASSERT(t->kind != WEIR_T_STRUCT || v->n == t->n_fields);
        weir_value *items = weir_arena_alloc(a, v->n * sizeof *items);
        weir_value *keys = t->kind == WEIR_T_MAP ? weir_arena_alloc(a, v->n * sizeof *keys) : NULL;
        for (uint32_t i = 0; i < v->n; i++) {
            const weir_type *item = t->kind == WEIR_T_STRUCT ? t->fields[i].type : t->item;
            items[i] = weir_value_copy(a, item, &v->items[i]);
            if (keys) {
                keys[i] = weir_value_copy(a, t->key, &v->keys[i]);
            }
        }
        copy.items = items;
        copy.keys = keys;
    }
    return copy;
}

const weir_value *weir_value_map_get(const weir_type *t, const weir_value *map,
                                     const weir_value *key)
{
    WEIR_ASSERT(t->kind == WEIR_T_MAP);
    for (uint32_t i = 0; !map->null && i < map->n; i++) {
        if (weir_value_eq(t->key, &map->keys[i], key)) {
            return &map->items[i];
        }
    }
    return NULL;
}
