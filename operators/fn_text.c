/* Results of functions on text; see the header. */
#include "operators/fn_text.h"

#include "engine/base/limits.h"

#define SHOWN_BYTES_MAX 200

static void too_long(weir_call *c)
{
    weir_row_error(c, "the result of %s is longer than %d bytes", c->function->name,
                   WEIR_STRING_BYTES_MAX);
}

char *weir__room(weir_call *c, uint64_t bytes)
{
    if (bytes > WEIR_STRING_BYTES_MAX) {
        too_long(c);
        return NULL;
    }
    return weir_arena_bytes_alloc(c->arena, (size_t)bytes);
}

weir_value weir__taken(weir_call *c, weir_buf *b)
{
    weir_value result = weir__none(c);
    if (b->over) {
        too_long(c);
    } else {
        result = weir__text(c, weir_arena_sv(c->arena, weir_buf_view(b)));
    }
    weir_buf_deinit(b);
    return result;
}

void weir__fail_row_of(weir_call *c, weir_vec *out, uint32_t row)
{
    WEIR_ASSERT(c->failed);
    weir_bit_clear(weir_vec_need_valid(out, c->arena), row);
    weir_bit_set(weir_vec_need_err(out, c->arena), row);
}

weir_value weir__null_argument(weir_call *c, uint32_t at)
{
    return weir_row_error(c, "argument %u of %s cannot be NULL", at + 1, c->function->name);
}

weir_sv weir__shown(weir_sv s)
{
    if (s.n > SHOWN_BYTES_MAX) {
        s.n = SHOWN_BYTES_MAX;
        while (((unsigned char)s.p[s.n] & 0xc0) == 0x80) { /* not inside a character */
            s.n--;
        }
    }
    return s;
}

bool weir__texts_add(weir_call *c, weir__texts *t, weir_sv s)
{
    if (t->n == WEIR_ARRAY_ITEMS_MAX) {
        weir_row_error(c, "the result of %s has more than %d items", c->function->name,
                       WEIR_ARRAY_ITEMS_MAX);
        return false;
    }
    weir_value v = weir_string(s);
    v.kind = t->kind;
    WEIR_PUSH(c->arena, t->items, t->n, t->cap, v);
    return true;
}

bool weir__texts_units(weir_call *c, weir__texts *t, weir_sv s)
{
    for (uint32_t at = 0; at < s.n;) {
        uint32_t start = at;
        if (t->kind == WEIR_T_BYTES) {
            at++;
        } else if (weir_utf8_next(s, &at) > 0xffff) {
            if (!weir__texts_add(c, t, WEIR_SV("?")) || !weir__texts_add(c, t, WEIR_SV("?"))) {
                return false;
            }
            continue;
        }
        if (!weir__texts_add(c, t, weir_sv_of(s.p + start, at - start))) {
            return false;
        }
    }
    return true;
}

static void put(weir__units *u, uint32_t c)
{
    u->n += weir_utf8_put(u->p + u->n, c);
}

void weir__unit(weir__units *u, uint32_t unit)
{
    WEIR_ASSERT(unit < 0x10000);
    if (u->high && unit >= 0xdc00 && unit < 0xe000) {
        put(u, 0x10000 + ((u->high - 0xd800) << 10) + (unit - 0xdc00));
        u->high = 0;
        return;
    }
    if (u->high) {
        put(u, u->high);
        u->high = 0;
    }
    if (unit >= 0xd800 && unit < 0xdc00) {
        u->high = unit;
    } else {
        put(u, unit);
    }
}

weir_sv weir__units_end(weir__units *u)
{
    if (u->high) {
        put(u, u->high);
        u->high = 0;
    }
    return weir_sv_of(u->p, u->n);
}
