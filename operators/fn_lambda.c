/* FILTER, TRANSFORM, REDUCE. The first two evaluate a body for many items at once, REDUCE one after
 * the other. An error inside a body is an error of the row. */
#include "operators/fn_values.h"

#include "engine/base/limits.h"
#include "engine/data/program.h"

/* Up to a batch of parameter tuples: items of one collection. */
typedef struct tuples {
    weir_vec params[2];
    uint32_t n_params;
} tuples;

static void start_param(weir_call *c, weir_vec *v, const weir_type *type, uint32_t rows)
{
    *v = (weir_vec){.type = type, .mask = WEIR_VEC_FLAT};
    v->data = weir_arena_alloc(c->arena, (size_t)weir_type_width(type) * rows);
}

/* Room for the items of `collection`, at most a batch of them. */
static tuples start_tuples(weir_call *c, const weir_value *collection)
{
    const weir_type *t = c->arg_types[0];
    uint32_t rows = collection->n < WEIR_BATCH_ROWS ? collection->n : WEIR_BATCH_ROWS;
    tuples u = {.n_params = t->kind == WEIR_T_MAP ? 2 : 1};
    if (t->kind == WEIR_T_MAP) {
        start_param(c, &u.params[0], t->key, rows);
    }
    start_param(c, &u.params[u.n_params - 1], t->item, rows);
    return u;
}

/* Takes items from, from + 1, … and returns how many. */
static uint32_t fill_tuples(weir_call *c, tuples *u, const weir_value *collection, uint32_t from)
{
    uint32_t left = collection->n - from;
    uint32_t rows = left < WEIR_BATCH_ROWS ? left : WEIR_BATCH_ROWS;
    for (uint32_t i = 0; i < rows; i++) {
        if (u->n_params == 2) {
            weir_vec_put(&u->params[0], c->arena, i, &collection->keys[from + i]);
        }
        weir_vec_put(&u->params[u->n_params - 1], c->arena, i, &collection->items[from + i]);
    }
    return rows;
}

/* The error that a body left in the call. */
static bool body_failed(weir_call *c)
{
    weir_row_error(c, WEIR_SV_FMT, WEIR_SV_ARG(c->error));
    return false;
}

/* Results of lambda argument `at` over all items, boxed; false: a row error. */
static bool map_items(weir_call *c, uint32_t at, const weir_value *collection, weir_value *out)
{
    tuples u = start_tuples(c, collection);
    weir_vec r;
    for (uint32_t from = 0; from < collection->n;) {
        if (!weir__fn_may_go_on(c, from)) {
            return false;
        }
        uint32_t rows = fill_tuples(c, &u, collection, from);
        weir_lambda_eval_many(c, at, u.params, rows, &r);
        for (uint32_t i = 0; i < rows; i++) {
            if (weir_vec_is_err(&r, i)) {
                return body_failed(c);
            }
            out[from + i] = weir_vec_get(&r, i);
        }
        from += rows;
    }
    return true;
}

static weir_value *new_values(weir_call *c, uint32_t n)
{
    return weir_arena_alloc(c->arena, sizeof(weir_value) * (n ? n : 1));
}

/* ---- FILTER ---- */

/* Results of the condition; NULL: a row error. */
static const weir_value *conditions(weir_call *c, const weir_value *collection)
{
    if (!weir__fn_room(c, (uint64_t)collection->n * 2)) {
        return NULL;
    }
    weir_value *pass = new_values(c, collection->n);
    if (!map_items(c, 1, collection, pass)) {
        return NULL;
    }
    for (uint32_t i = 0; i < collection->n; i++) {
        if (pass[i].null) {
            weir_row_error(c, "FILTER: the condition is NULL");
            return NULL;
        }
    }
    return pass;
}

static weir_value filter_array(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    const weir_value *pass = conditions(c, &args[0]);
    if (!pass) {
        return weir__none(c);
    }
    weir_value *items = new_values(c, args[0].n);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < args[0].n; i++) {
        if (pass[i].b) {
            items[kept++] = args[0].items[i];
        }
    }
    return weir_array(items, kept);
}

static weir_value new_map(const weir_value *keys, const weir_value *items, uint32_t n)
{
    weir_value v = {.kind = WEIR_T_MAP, .n = n};
    v.keys = keys;
    v.items = items;
    return v;
}

static weir_value null_in_map(weir_call *c)
{
    return weir_row_error(c, "%s: a value of the resulting map is NULL", c->function->name);
}

static weir_value filter_map(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    const weir_value *pass = conditions(c, &args[0]);
    if (!pass) {
        return weir__none(c);
    }
    weir_value *keys = new_values(c, args[0].n);
    weir_value *items = new_values(c, args[0].n);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < args[0].n; i++) {
        if (!pass[i].b) {
            continue;
        }
        if (args[0].items[i].null) {
            return null_in_map(c);
        }
        keys[kept] = args[0].keys[i];
        items[kept++] = args[0].items[i];
    }
    return new_map(keys, items, kept);
}

/* ---- TRANSFORM ---- */

static weir_value transform_array(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    if (!weir__fn_room(c, args[0].n)) {
        return weir__none(c);
    }
    weir_value *items = new_values(c, args[0].n);
    return map_items(c, 1, &args[0], items) ? weir_array(items, args[0].n) : weir__none(c);
}

static weir_value transform_map(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    uint32_t count = args[0].n;
    if (!weir__fn_room(c, (uint64_t)count * 4)) {
        return weir__none(c);
    }
    weir_value *keys = new_values(c, count);
    weir_value *items = new_values(c, count);
    if (!map_items(c, 1, &args[0], keys) || !map_items(c, 2, &args[0], items)) {
        return weir__none(c);
    }
    weir__set seen;
    weir__set_init(&seen, c->arena, c->type->key, count);
    for (uint32_t i = 0; i < count; i++) {
        bool fresh;
        if (items[i].null) {
            return null_in_map(c);
        }
        weir__set_add(&seen, &keys[i], &fresh);
        if (!fresh) {
            weir_buf b;
            weir_buf_init(&b, 256);
            weir_value_print(&b, c->type->key, &keys[i]);
            weir_row_error(c, "Duplicate key " WEIR_SV_FMT, WEIR_SV_ARG(weir_buf_view(&b)));
            weir_buf_deinit(&b);
            return weir__none(c);
        }
    }
    return new_map(keys, items, count);
}

/* ---- REDUCE: no state, no result; no collection, the state as it is ---- */

static weir_value reduce(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    const weir_value *collection = &args[0];
    if (args[1].null || collection->null) {
        return args[1];
    }
    bool map = c->arg_types[0]->kind == WEIR_T_MAP;
    const uint32_t *order = map ? weir__map_order(c->arena, c->arg_types[0], collection) : NULL;
    weir_value tuple[3] = {args[1]}; /* state, [key,] item */
    for (uint32_t i = 0; i < collection->n; i++) {
        uint32_t at = order ? order[i] : i;
        tuple[1] = map ? collection->keys[at] : collection->items[at];
        tuple[2] = collection->items[at];
        weir_value next;
        if (!weir__fn_may_go_on(c, i)) {
            return weir__none(c);
        }
        if (!weir_lambda_eval(c, 2, tuple, map ? 3 : 2, &next)) {
            body_failed(c);
            return weir__none(c);
        }
        tuple[0] = next;
    }
    return tuple[0];
}

static const weir_overload filter_rows[] = {
    {.sig = "ARRAY<T>, (T) => BOOLEAN -> ARRAY<T>", .row = filter_array},
    {.sig = "MAP<K, V>, (K, V) => BOOLEAN -> MAP<K, V>", .row = filter_map},
};
static const weir_overload reduce_rows[] = {
    {.sig = "ARRAY<T>, S, (S, T) => S -> S", .row = reduce, .flags = WEIR_FN_NULLS},
    {.sig = "MAP<K, V>, S, (S, K, V) => S -> S", .row = reduce, .flags = WEIR_FN_NULLS},
};
static const weir_overload transform_rows[] = {
    {.sig = "ARRAY<T>, (T) => R -> ARRAY<R>", .row = transform_array},
    {.sig = "MAP<K, V>, (K, V) => R, (K, V) => T -> MAP<R, T>", .row = transform_map},
};

#define ROW(text, rows, words, sample)                                                             \
    {.name = text, .category = WEIR_CAT_LAMBDA, .doc = words, .example = sample,                   \
     .overloads = rows, .n_overloads = WEIR_COUNT(rows)}
const weir_function weir_fn_lambda[] = {
    ROW("FILTER", filter_rows, "The items of an array or map for which a condition is true.",
        "FILTER(ARRAY[1, 2, 3], x => x > 1) → [2, 3]"),
    ROW("REDUCE", reduce_rows,
        "A state that a lambda computes anew from itself and each item of an array or map.",
        "REDUCE(ARRAY[1, 2, 3], 10, (s, x) => s + x) → 16"),
    ROW("TRANSFORM", transform_rows, "An array or map with its items changed by lambdas.",
        "TRANSFORM(ARRAY[1, 2, 3], x => x * 2) → [2, 4, 6]"),
};
const uint32_t weir_fn_lambda_n = WEIR_COUNT(weir_fn_lambda);
