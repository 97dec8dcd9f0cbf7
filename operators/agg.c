/* Values that outlive their batch.
 *
 * A kept value is one block that starts with what its value points to first (text, limbs, items), so
 * that the block can be found again and no pointer to it is stored:
 *
 *   ARRAY, STRUCT   [items][what the items point to …]
 *   MAP             [items][keys][what they point to …] */
#include "operators/agg.h"

#include <stdarg.h>
#include <stdio.h>

bool weir__agg_fail(weir_call *c, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    c->error = weir_arena_sv(c->arena, weir_sv_cstr(text));
    c->failed = true;
    return false;
}

const weir_type *weir__agg_same_type(weir_arena *a, const weir_type *const *args, uint32_t n,
                                     weir_status *st)
{
    (void)a;
    (void)n;
    (void)st;
    return args[0];
}

static bool is_text(const weir_type *t)
{
    return t->kind == WEIR_T_STRING || t->kind == WEIR_T_BYTES;
}

static bool is_big(const weir_type *t)
{
    return t->kind == WEIR_T_DECIMAL && t->precision > WEIR_DEC_SMALL_DIGITS;
}

static size_t round_up(size_t bytes)
{
    return (bytes + 15) & ~(size_t)15;
}

static uint32_t limbs_of(const weir_value *v)
{
    return (uint32_t)(v->dec.big.n < 0 ? -v->dec.big.n : v->dec.big.n);
}

static const weir_type *item_type(const weir_type *t, uint32_t i)
{
    return t->kind == WEIR_T_STRUCT ? t->fields[i].type : t->item;
}

/* Bytes of what `v` points to. */
static size_t bytes_behind(const weir_type *t, const weir_value *v)
{
    if (v->null) {
        return 0;
    }
    if (is_text(t)) {
        return round_up(v->sv.n);
    }
    if (is_big(t)) {
        return round_up(limbs_of(v) * sizeof(uint64_t));
    }
    if (!weir_type_is_nested(t)) {
        return 0;
    }
    size_t bytes = v->n * sizeof *v * (t->kind == WEIR_T_MAP ? 2 : 1);
    for (uint32_t i = 0; i < v->n; i++) {
        bytes += bytes_behind(item_type(t, i), &v->items[i]);
        if (t->kind == WEIR_T_MAP) {
            bytes += bytes_behind(t->key, &v->keys[i]);
        }
    }
    return bytes;
}

static void *take(char **at, const void *from, size_t bytes)
{
    char *p = *at;
    if (bytes) {
        memcpy(p, from, bytes);
    }
    *at += round_up(bytes);
    return p;
}

/* Moves what `v` points to behind `*at`. */
static void move(char **at, const weir_type *t, weir_value *v)
{
    if (v->null) {
        return;
    }
    if (is_text(t)) {
        v->sv.p = take(at, v->sv.p, v->sv.n);
    } else if (is_big(t)) {
        v->dec.big.limbs = take(at, v->dec.big.limbs, limbs_of(v) * sizeof(uint64_t));
    } else if (weir_type_is_nested(t)) {
        weir_value *items = take(at, v->items, v->n * sizeof *items);
        weir_value *keys = NULL;
        if (t->kind == WEIR_T_MAP) {
            keys = take(at, v->keys, v->n * sizeof *keys);
        }
        v->items = items;
        v->keys = keys;
        for (uint32_t i = 0; i < v->n; i++) {
            move(at, item_type(t, i), &items[i]);
            if (keys) {
                move(at, t->key, &keys[i]);
            }
        }
    }
}

weir_value weir__keep(const weir_type *t, const weir_value *v)
{
    weir_value kept = *v;
    if (v->null) {
        return weir_null(t->kind);
    }
    size_t bytes = bytes_behind(t, v);
    if (bytes || weir_type_is_nested(t)) {
        char *block = weir_alloc(bytes ? bytes : 1);
        char *at = block;
        move(&at, t, &kept);
        WEIR_ASSERT(at == block + bytes);
    } else if (is_text(t)) {
        kept.sv = (weir_sv){0};
    } else if (is_big(t)) {
        kept.dec.big.limbs = NULL;
    }
    return kept;
}

void weir__keep_drop(const weir_type *t, weir_value *kept)
{
    const void *block = NULL;
    if (!kept->null) {
        block = is_text(t)               ? (const void *)kept->sv.p
                : is_big(t)              ? (const void *)kept->dec.big.limbs
                : weir_type_is_nested(t) ? (const void *)kept->items
                                         : NULL;
    }
    weir_free((void *)(uintptr_t)block);
    *kept = weir_null(t->kind);
}

void weir__keep_over(const weir_type *t, weir_value *kept, const weir_value *v)
{
    if (is_text(t) && !kept->null && !v->null && kept->sv.n && v->sv.n &&
        round_up(kept->sv.n) == round_up(v->sv.n)) {
        memcpy((char *)(uintptr_t)kept->sv.p, v->sv.p, v->sv.n);
        kept->sv.n = v->sv.n;
        return;
    }
    weir_value now = weir__keep(t, v); /* first: `v` may point into what is dropped */
    weir__keep_drop(t, kept);
    *kept = now;
}
