/* LIKE and IN.
 *
 * LIKE with a literal pattern is compiled with the program; other patterns when they change from
 * row to row. IN puts the literals of the list into a set: short lists are searched in order, long
 * ones by hash (text) or binary search (fixed width, as 64-bit images whose equality is Java's
 * equals: -0.0 differs from 0.0, NaN equals NaN). */
#include "engine/data/kernels.h"

#include "engine/base/hash.h"
#include "engine/data/text.h"
#include <stdlib.h>

#define FEW_ITEMS 8

/* LIKE. A NULL on either side and a pattern that ends in its escape character fail the row. */

static void like_literal(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *v = weir__arg(p, s, 0);
    uint8_t *out = weir__out(p, s)->data;
    weir__spread(p, s, true);
    WEIR_EACH (r, k, row) {
        if (weir_vec_is_valid(v, row)) {
            out[row] = weir_like_match(s->like, WEIR_AT(weir_sv, v, row));
        }
    }
}

static void like_pattern(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *v = weir__arg(p, s, 0);
    const weir_vec *patterns = weir__arg(p, s, 1);
    weir_vec *result = weir__out(p, s);
    uint8_t *out = result->data;
    weir__spread(p, s, true);
    weir_like *like = NULL;
    weir_sv compiled = {0};
    bool bad = false;
    WEIR_EACH (r, k, row) {
        if (!weir_vec_is_valid(result, row)) {
            continue;
        }
        weir_sv pattern = WEIR_AT(weir_sv, patterns, row);
        if ((!like && !bad) || !weir_sv_eq(pattern, compiled)) {
            compiled = pattern;
            bad = weir_like_compile(p->step_arena, pattern, s->expr->escape, &like, NULL) != WEIR_OK;
        }
        if (bad) {
            weir__fail_row(p, s->dst, row,
                           WEIR_SV("LIKE pattern must not end with escape character"));
        } else {
            out[row] = weir_like_match(like, WEIR_AT(weir_sv, v, row));
        }
    }
}

void weir__pick_like(weir_step *s, weir_arena *a, const weir_value *pattern, uint32_t escape)
{
    s->run = like_pattern;
    if (pattern && !pattern->null &&
        weir_like_compile(a, pattern->sv, escape, &s->like, NULL) == WEIR_OK) {
        s->run = like_literal;
    }
}

/* IN. */

typedef struct weir_in_set {
    uint32_t n;
    weir_sv *texts;        /* STRING, BYTES: in order of the list */
    uint32_t *slots, mask; /* hash index over texts, 1-based; NULL: few */
    uint64_t *images;      /* fixed width; sorted when many */
    const weir_value **boxed; /* the rest */
} weir_in_set;

static uint64_t double_image(double d)
{
    if (d != d) {
        return UINT64_C(0x7ff8000000000000);
    }
    uint64_t image;
    memcpy(&image, &d, sizeof image);
    return image;
}

static uint64_t image_of(const weir_vec *v, uint32_t row)
{
    switch ((int)v->type->kind) {
    case WEIR_T_BOOLEAN:
        return WEIR_AT(uint8_t, v, row);
    case WEIR_T_DOUBLE:
        return double_image(WEIR_AT(double, v, row));
    case WEIR_T_BIGINT:
    case WEIR_T_TIMESTAMP:
        return (uint64_t)WEIR_AT(int64_t, v, row);
    default:
        return (uint64_t)(int64_t)WEIR_AT(int32_t, v, row);
    }
}

static uint64_t image_of_value(const weir_value *v)
{
    return v->kind == WEIR_T_BOOLEAN                                  ? v->b
           : v->kind == WEIR_T_DOUBLE                                 ? double_image(v->f64)
           : v->kind == WEIR_T_BIGINT || v->kind == WEIR_T_TIMESTAMP ? (uint64_t)v->i64
                                                                      : (uint64_t)(int64_t)v->i32;
}

static bool has_text(const weir_in_set *set, weir_sv s)
{
    if (!set->slots) {
        for (uint32_t i = 0; i < set->n; i++) {
            if (set->texts[i].n == s.n && weir__same_bytes(set->texts[i].p, s.p, s.n)) {
                return true;
            }
        }
        return false;
    }
    uint32_t at = (uint32_t)weir_hash_sv(s) & set->mask;
    for (; set->slots[at]; at = (at + 1) & set->mask) {
        if (weir_sv_eq(set->texts[set->slots[at] - 1], s)) {
            return true;
        }
    }
    return false;
}

static bool has_image(const weir_in_set *set, uint64_t image)
{
    if (set->n <= FEW_ITEMS) {
        bool found = false;
        for (uint32_t i = 0; i < set->n; i++) {
            found |= set->images[i] == image;
        }
        return found;
    }
    uint32_t lo = 0;
    uint32_t hi = set->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (set->images[mid] < image) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < set->n && set->images[lo] == image;
}

static bool has_boxed(const weir_in_set *set, const weir_vec *v, uint32_t row)
{
    weir_value value = weir_vec_get(v, row);
    for (uint32_t i = 0; i < set->n; i++) {
        if (weir_value_eq(v->type, &value, set->boxed[i])) {
            return true;
        }
    }
    return false;
}

static bool in_items(const weir_program *p, const weir_step *s, uint32_t row)
{
    const weir_vec *v = weir__arg(p, s, 0);
    weir_value value = weir_vec_get(v, row);
    for (uint32_t i = 1; i < s->n_args; i++) {
        const weir_vec *item = weir__arg(p, s, i);
        if (weir_vec_is_valid(item, row)) {
            weir_value boxed = weir_vec_get(item, row);
            if (weir_value_eq(v->type, &value, &boxed)) {
                return true;
            }
        }
    }
    return false;
}

static void run_in(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *v = weir__arg(p, s, 0);
    const weir_in_set *set = s->set;
    uint8_t *out = weir__out(p, s)->data;
    for (uint32_t i = 0; i < s->n_args; i++) {
        if (weir__arg(p, s, i)->err) {
            WEIR_EACH (r, k, row) {
                if (weir_vec_is_err(weir__arg(p, s, i), row)) {
                    weir__set_err(p, s->dst, row);
                }
            }
        }
    }
    WEIR_EACH (r, k, row) {
        if (!weir_vec_is_valid(v, row)) {
            out[row] = 0;
            continue;
        }
        bool found = set->texts    ? has_text(set, WEIR_AT(weir_sv, v, row))
                     : set->images ? has_image(set, image_of(v, row))
                                   : has_boxed(set, v, row);
        out[row] = found || (s->n_args > 1 && in_items(p, s, row));
    }
}

static int by_image(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void index_texts(weir_in_set *set, weir_arena *a)
{
    set->mask = 15;
    while (set->mask < set->n * 2) {
        set->mask = set->mask * 2 + 1;
    }
    set->slots = WEIR_NEW_N(a, uint32_t, set->mask + 1);
    for (uint32_t i = 0; i < set->n; i++) {
        uint32_t at = (uint32_t)weir_hash_sv(set->texts[i]) & set->mask;
        while (set->slots[at]) {
            at = (at + 1) & set->mask;
        }
        set->slots[at] = i + 1;
    }
}

void weir__pick_in(weir_step *s, weir_arena *a, const weir_type *type,
                   const weir_value *const *items, uint32_t n)
{
    weir_in_set *set = WEIR_NEW(a, weir_in_set);
    bool text = type->kind == WEIR_T_STRING || type->kind == WEIR_T_BYTES;
    bool boxed = type->kind == WEIR_T_DECIMAL || weir_type_is_nested(type);
    set->texts = text ? WEIR_NEW_N(a, weir_sv, n + 1) : NULL;
    set->boxed = boxed ? WEIR_NEW_N(a, const weir_value *, n + 1) : NULL;
    set->images = !text && !boxed ? WEIR_NEW_N(a, uint64_t, n + 1) : NULL;
    for (uint32_t i = 0; i < n; i++) {
        if (items[i]->null) {
            continue; /* NULL matches nothing */
        }
        if (text) {
            set->texts[set->n++] = items[i]->sv;
        } else if (boxed) {
            set->boxed[set->n++] = items[i];
        } else {
            set->images[set->n++] = image_of_value(items[i]);
        }
    }
    if (text && set->n > FEW_ITEMS) {
        index_texts(set, a);
    } else if (set->images && set->n > FEW_ITEMS) {
        qsort(set->images, set->n, sizeof *set->images, by_image);
    }
    s->set = set;
    s->run = run_in;
}
