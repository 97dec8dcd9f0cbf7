/* INDEX, FIELD and the constructors of nested values. Items are handed on by pointer: trees are
 * immutable and live in the step arena or in the input batch. */
#include "engine/data/kernels.h"

/* Java: (int) NULL fails, an index out of range is NULL, a NULL array is NULL whatever the index. */
static void index_array(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *base = weir__arg(p, s, 0);
    const weir_vec *index = weir__arg(p, s, 1);
    weir__out(p, s);
    bool big = index->type->kind == WEIR_T_BIGINT;
    WEIR_EACH (r, k, row) {
        if (weir_vec_is_err(base, row) || weir_vec_is_err(index, row)) {
            weir__set_err(p, s->dst, row);
            continue;
        }
        if (!weir_vec_is_valid(base, row)) {
            weir__set_null(p, s->dst, row);
            continue;
        }
        if (!weir_vec_is_valid(index, row)) {
            weir__set_err(p, s->dst, row);
            continue;
        }
        const weir_value *array = WEIR_AT(weir_tree, base, row);
        int64_t i = big ? WEIR_AT(int64_t, index, row) : WEIR_AT(int32_t, index, row);
        int64_t at = i >= 0 ? i - 1 : (int64_t)array->n + i;
        if (at < 0 || at >= (int64_t)array->n) {
            weir__set_null(p, s->dst, row);
        } else {
            weir__store(p, s->dst, row, &array->items[at]);
        }
    }
}

static void index_map(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *base = weir__arg(p, s, 0);
    const weir_vec *key = weir__arg(p, s, 1);
    weir__out(p, s);
    WEIR_EACH (r, k, row) {
        if (weir_vec_is_err(base, row) || weir_vec_is_err(key, row)) {
            weir__set_err(p, s->dst, row);
            continue;
        }
        if (!weir_vec_is_valid(base, row)) {
            weir__set_null(p, s->dst, row);
            continue;
        }
        weir_value boxed = weir_vec_get(key, row);
        const weir_value *found =
            weir_value_map_get(base->type, WEIR_AT(weir_tree, base, row), &boxed);
        if (found) {
            weir__store(p, s->dst, row, found);
        } else {
            weir__set_null(p, s->dst, row);
        }
    }
}

void weir__pick_index(weir_step *s, const weir_type *base, const weir_type *index)
{
    if (base->kind == WEIR_T_MAP) {
        s->run = index_map;
        return;
    }
    WEIR_ASSERT(base->kind == WEIR_T_ARRAY);
    WEIR_ASSERT(index->kind == WEIR_T_INTEGER || index->kind == WEIR_T_BIGINT);
    s->run = index_array;
}

void weir__run_field(weir_program *p, const weir_step *s, const weir_rows *r)
{
    const weir_vec *base = weir__arg(p, s, 0);
    uint32_t field = s->expr->field;
    weir__out(p, s);
    WEIR_EACH (r, k, row) {
        if (weir_vec_is_err(base, row)) {
            weir__set_err(p, s->dst, row);
        } else if (!weir_vec_is_valid(base, row)) {
            weir__set_null(p, s->dst, row);
        } else {
            const weir_value *item = WEIR_AT(weir_tree, base, row);
            WEIR_ASSERT(field < item->n);
            weir__store(p, s->dst, row, &item->items[field]);
        }
    }
}

/* Without isolation (strict) a failed item fails the whole. */
static bool any_failed(const weir_program *p, const weir_step *s, uint32_t row)
{
    for (uint32_t i = 0; i < s->n_args; i++) {
        if (weir_vec_is_err(weir__arg(p, s, i), row)) {
            return true;
        }
    }
    return false;
}

static void construct(weir_program *p, const weir_step *s, const weir_rows *r, weir_kind kind)
{
    const weir_value **out = weir__out(p, s)->data;
    WEIR_EACH (r, k, row) {
        if (any_failed(p, s, row)) {
            weir__set_err(p, s->dst, row);
            continue;
        }
        weir_value *items = WEIR_NEW_N(p->step_arena, weir_value, s->n_args + 1);
        for (uint32_t i = 0; i < s->n_args; i++) {
            items[i + 1] = weir_vec_get(weir__arg(p, s, i), row);
        }
        items[0] = (weir_value){.kind = (uint8_t)kind, .n = s->n_args};
        items[0].items = items + 1;
        out[row] = items;
    }
}

void weir__run_array(weir_program *p, const weir_step *s, const weir_rows *r)
{
    construct(p, s, r, WEIR_T_ARRAY);
}

void weir__run_struct(weir_program *p, const weir_step *s, const weir_rows *r)
{
    construct(p, s, r, WEIR_T_STRUCT);
}

/* A key given twice: the later value wins. */
void weir__run_map(weir_program *p, const weir_step *s, const weir_rows *r)
{
    weir_vec *v = weir__out(p, s);
    const weir_value **out = v->data;
    uint32_t pairs = s->n_args / 2;
    WEIR_EACH (r, k, row) {
        if (any_failed(p, s, row)) {
            weir__set_err(p, s->dst, row);
            continue;
        }
        weir_value *map = WEIR_NEW_N(p->step_arena, weir_value, 2 * pairs + 1);
        weir_value *keys = map + 1;
        weir_value *items = keys + pairs;
        map->kind = WEIR_T_MAP;
        map->keys = keys;
        map->items = items;
        for (uint32_t i = 0; i < pairs; i++) {
            weir_value key = weir_vec_get(weir__arg(p, s, 2 * i), row);
            weir_value item = weir_vec_get(weir__arg(p, s, 2 * i + 1), row);
            const weir_value *old = weir_value_map_get(v->type, map, &key);
            uint32_t at = old ? (uint32_t)(old - items) : map->n;
            keys[at] = key;
            items[at] = item;
            map->n += !old;
        }
        out[row] = map;
    }
}
