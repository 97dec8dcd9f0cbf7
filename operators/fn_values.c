/* Helpers of the function families: limits, sets of values, the order of HashMap. */
#include "operators/fn_values.h"

#include "engine/base/limits.h"
#include "engine/data/text.h"

const weir_type *weir__fn_first_type(weir_arena *a, const weir_type *const *args, uint32_t n,
                                     weir_status *st)
{
    (void)a;
    (void)st;
    WEIR_ASSERT(n > 0);
    return args[0];
}

static bool too_much(weir_call *c)
{
    weir_row_error(c, "%s: the results of this batch are over %d bytes", c->function->name,
                   WEIR_STEP_BYTES_MAX);
    return false;
}

bool weir__fn_room(weir_call *c, uint64_t items)
{
    if (items > WEIR_ARRAY_ITEMS_MAX) {
        weir_row_error(c, "%s: %llu items are more than %d", c->function->name,
                       (unsigned long long)items, WEIR_ARRAY_ITEMS_MAX);
        return false;
    }
    if (items > 1024 && /* few are not worth asking */
        weir_arena_bytes(c->arena) + items * sizeof(weir_value) > WEIR_STEP_BYTES_MAX) {
        return too_much(c);
    }
    return true;
}

bool weir__fn_may_go_on(weir_call *c, uint32_t i)
{
    if (c->arena->large_bytes > WEIR_STEP_BYTES_MAX ||
        (i % 1024 == 0 && weir_arena_bytes(c->arena) > WEIR_STEP_BYTES_MAX)) {
        return too_much(c);
    }
    return true;
}

int64_t weir__fn_now_ms(const weir_call *c)
{
    const weir_settings *s = c->settings;
    return s && s->now_ms ? s->now_ms(s->clock) : 0;
}

int weir__fn_compare(const weir_type *t, const weir_value *a, const weir_value *b)
{
    if (t->kind != WEIR_T_BYTES) {
        return weir_value_cmp(t, a, b);
    }
    uint32_t n = a->sv.n < b->sv.n ? a->sv.n : b->sv.n;
    for (uint32_t i = 0; i < n; i++) {
        if (a->sv.p[i] != b->sv.p[i]) {
            return (signed char)a->sv.p[i] < (signed char)b->sv.p[i] ? -1 : 1;
        }
    }
    return (a->sv.n > b->sv.n) - (a->sv.n < b->sv.n);
}

/* Sets. */

void weir__set_init(weir__set *s, weir_arena *a, const weir_type *type, uint32_t room)
{
    uint32_t slots = 8;
    while (slots < room * 2) {
        slots *= 2;
    }
    *s = (weir__set){.type = type, .room = room, .mask = slots - 1};
    s->items = weir_arena_alloc(a, sizeof *s->items * (room ? room : 1));
    s->slots = WEIR_NEW_N(a, uint32_t, slots);
}

/* The slot of `v`, or the free one where it belongs. */
static uint32_t find(const weir__set *s, const weir_value *v)
{
    uint32_t at = (uint32_t)weir_value_hash(s->type, v) & s->mask;
    while (s->slots[at] && !weir_value_eq(s->type, &s->items[s->slots[at] - 1], v)) {
        at = (at + 1) & s->mask;
    }
    return at;
}

uint32_t weir__set_add(weir__set *s, const weir_value *v, bool *fresh)
{
    uint32_t at = find(s, v);
    *fresh = !s->slots[at];
    if (*fresh) {
        WEIR_ASSERT(s->n < s->room);
        s->items[s->n] = *v;
        s->slots[at] = ++s->n;
    }
    return s->slots[at] - 1;
}

bool weir__set_has(const weir__set *s, const weir_value *v)
{
    return s->slots[find(s, v)] != 0;
}

/* HashMap: buckets by hashCode, a power of two at least 4/3 of the entries; entries of one bucket
 * in the order of insertion. */

static uint32_t string_hash(weir_sv s)
{
    uint32_t h = 0;
    for (uint32_t at = 0; at < s.n;) {
        uint32_t c = weir_utf8_next(s, &at);
        if (c >= 0x10000) {
            h = h * 31 + (0xd7c0 + (c >> 10));
            c = 0xdc00 + (c & 0x3ff);
        }
        h = h * 31 + c;
    }
    return h;
}

/* hashCode() of a key, spread as HashMap does; false: not known here. */
static bool hash_code(const weir_type *t, const weir_value *v, uint32_t *out)
{
    uint64_t bits = 0;
    uint32_t h = 0;
    if (!v->null) {
        if (t->kind == WEIR_T_STRING) {
            h = string_hash(v->sv);
        } else if (t->kind == WEIR_T_INTEGER) {
            h = (uint32_t)v->i32;
        } else if (t->kind == WEIR_T_BOOLEAN) {
            h = v->b ? 1231 : 1237;
        } else if (t->kind == WEIR_T_BIGINT || t->kind == WEIR_T_DOUBLE) {
            memcpy(&bits, &v->i64, sizeof bits);
            h = (uint32_t)(bits ^ (bits >> 32));
        } else {
            return false;
        }
    }
    *out = h ^ (h >> 16);
    return true;
}

const uint32_t *weir__map_order(weir_arena *a, const weir_type *type, const weir_value *map)
{
    uint32_t n = map->n;
    uint32_t buckets = 1;
    while ((uint64_t)buckets * 3 / 4 < n) {
        buckets *= 2;
    }
    if (n < 2) {
        return NULL;
    }
    uint32_t *bucket = weir_arena_alloc(a, sizeof *bucket * n);
    uint32_t *start = WEIR_NEW_N(a, uint32_t, buckets + 1);
    uint32_t *order = weir_arena_alloc(a, sizeof *order * n);
    for (uint32_t i = 0; i < n; i++) {
        if (!hash_code(type->key, &map->keys[i], &bucket[i])) {
            return NULL;
        }
        bucket[i] &= buckets - 1;
        start[bucket[i] + 1]++;
    }
    for (uint32_t b = 0; b < buckets; b++) {
        start[b + 1] += start[b];
    }
    for (uint32_t i = 0; i < n; i++) {
        order[start[bucket[i]]++] = i;
    }
    return order;
}
