/* TOPK and TOPKDISTINCT: the k greatest values, descending; with further arguments, the rows they
 * came with, as structs {sort_col, col0, col1, …}.
 *
 * The state is a sorted array of kept items. A new item goes behind its equals, so the first of
 * them stays when there is no room for all. */
#include "operators/agg.h"

typedef struct top {
    weir_value *items; /* kept, descending */
    size_t cap;
    uint32_t n;
} top;

/* The last argument, or 0 when it cannot be a number of items. */
static uint32_t k_of(const weir_call *c)
{
    const weir_value *k = c->literals ? c->literals[c->nargs - 1] : NULL;
    return k && !k->null && k->i32 >= 1 && k->i32 <= WEIR_ARRAY_ITEMS_MAX ? (uint32_t)k->i32 : 0;
}

static weir_rc topk_check(const weir_call *c, weir_status *st)
{
    if (k_of(c) == 0) {
        return weir_fail(st, WEIR_ESQL, "%s: k must be from 1 to %d", c->function->name,
                         WEIR_ARRAY_ITEMS_MAX);
    }
    return WEIR_OK;
}

static const weir_value *sort_key(const weir_type *item, const weir_value *v)
{
    return item->kind == WEIR_T_STRUCT ? &v->items[0] : v;
}

/* Where `v` belongs: the first item that is smaller. */
static uint32_t place_of(const weir_call *c, const top *s, const weir_value *v)
{
    const weir_type *item = c->type->item;
    uint32_t lo = 0;
    uint32_t hi = s->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        const weir_value *there = sort_key(item, &s->items[mid]);
        if (weir_value_cmp(c->arg_types[0], there, sort_key(item, v)) < 0) {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }
    return lo;
}

static bool insert(weir_call *c, top *s, const weir_value *v, bool distinct)
{
    const weir_type *item = c->type->item;
    uint32_t k = k_of(c);
    if (k == 0) {
        return weir__agg_fail(c, "k must be from 1 to %d", WEIR_ARRAY_ITEMS_MAX);
    }
    uint32_t at = place_of(c, s, v);
    if (at >= k || (distinct && at > 0 && weir_value_cmp(item, &s->items[at - 1], v) == 0)) {
        return true;
    }
    if (s->n >= k) {
        weir__keep_drop(item, &s->items[--s->n]);
    }
    WEIR_GROW(s->items, s->cap, s->n + 1);
    memmove(&s->items[at + 1], &s->items[at], (s->n - at) * sizeof *s->items);
    s->items[at] = weir__keep(item, v);
    s->n++;
    return true;
}

static bool topk_step(weir_call *c, void *state, const weir_value *args)
{
    if (args[0].null) {
        return true;
    }
    weir_value v = args[0];
    if (c->nargs > 2) {
        v = (weir_value){.kind = WEIR_T_STRUCT, .n = c->nargs - 1};
        v.items = args;
    }
    return insert(c, state, &v, false);
}

static bool topkdistinct_step(weir_call *c, void *state, const weir_value *args)
{
    return args[0].null || insert(c, state, &args[0], true);
}

static weir_value top_result(weir_call *c, const void *state)
{
    const top *s = state;
    return weir__list_result(c, c->type->item, s->items, s->n);
}

static void topk_merge(weir_call *c, void *into, const void *from)
{
    const top *other = from;
    for (uint32_t i = 0; i < other->n; i++) {
        insert(c, into, &other->items[i], false);
    }
}

static void topkdistinct_merge(weir_call *c, void *into, const void *from)
{
    const top *other = from;
    for (uint32_t i = 0; i < other->n; i++) {
        insert(c, into, &other->items[i], true);
    }
}

static void top_free(weir_call *c, void *state)
{
    top *s = state;
    for (uint32_t i = 0; i < s->n; i++) {
        weir__keep_drop(c->type->item, &s->items[i]);
    }
    weir_free(s->items);
    *s = (top){0};
}

static void top_save(weir_call *c, const void *state, weir_buf *out)
{
    const top *s = state;
    weir_buf_varint(out, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        weir_value_encode(out, c->type->item, &s->items[i]);
    }
}

static bool top_load(weir_call *c, void *state, weir_reader *in)
{
    const weir_type *item = c->type->item;
    top *s = state;
    uint32_t n;
    if (!weir__read_count(in, k_of(c), &n)) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        weir_value v;
        if (weir_value_decode(c->arena, item, in, &v) != WEIR_OK || v.null ||
            sort_key(item, &v)->null || place_of(c, s, &v) != s->n) {
            return false;
        }
        WEIR_GROW(s->items, s->cap, s->n + 1);
        s->items[s->n++] = weir__keep(item, &v);
    }
    return true;
}

/* ARRAY of the column, or of structs when there are other columns. The last argument is k. */
static const weir_type *topk_type(weir_arena *a, const weir_type *const *args, uint32_t n,
                                  weir_status *st)
{
    if (n == 2) {
        return weir_type_array(a, args[0]);
    }
    weir_field *fields = WEIR_NEW_N(a, weir_field, n - 1);
    for (uint32_t i = 0; i < n - 1; i++) {
        if (args[i]->kind == WEIR_T_NULL) {
            weir_fail(st, WEIR_ESQL, "TOPK: argument %u is NULL and has no type", i + 1);
            return NULL;
        }
        fields[i].type = args[i];
        fields[i].name = i ? weir_arena_printf(a, "col%u", i - 1) : WEIR_SV("sort_col");
    }
    return weir_type_array(a, weir_type_struct(a, fields, n - 1));
}

static const weir_type *array_of_first(weir_arena *a, const weir_type *const *args, uint32_t n,
                                       weir_status *st)
{
    (void)n;
    (void)st;
    return weir_type_array(a, args[0]);
}

#define TOPK(signature)                                                                            \
    {                                                                                              \
        .sig = signature, .state_bytes = sizeof(top), .free = top_free, .step = topk_step,         \
        .result = top_result, .merge = topk_merge, .save = top_save, .load = top_load,             \
        .ret = topk_type, .check = topk_check                                                      \
    }
static const weir_agg topk_aggs[] = {
    TOPK("INT, ANY..., init INT -> *"), TOPK("BIGINT, ANY..., init INT -> *"),
    TOPK("DOUBLE, ANY..., init INT -> *"), TOPK("STRING, ANY..., init INT -> *")};

#define TOPKDISTINCT(kind)                                                                         \
    {                                                                                              \
        .sig = kind ", init INT -> *", .state_bytes = sizeof(top), .free = top_free,               \
        .step = topkdistinct_step, .result = top_result, .merge = topkdistinct_merge,              \
        .save = top_save, .load = top_load, .ret = array_of_first, .check = topk_check             \
    }
static const weir_agg topkdistinct_aggs[] = {
    TOPKDISTINCT("INT"),    TOPKDISTINCT("BIGINT"),  TOPKDISTINCT("DOUBLE"),
    TOPKDISTINCT("STRING"), TOPKDISTINCT("DECIMAL"), TOPKDISTINCT("DATE"),
    TOPKDISTINCT("TIME"),   TOPKDISTINCT("TIMESTAMP"), TOPKDISTINCT("BYTES")};

const weir_function weir_fn_agg_topk[] = {
    {.name = "TOPK", .category = WEIR_CAT_AGGREGATE,
     .doc = "The k greatest values, descending; with other columns, the rows they came with.",
     .example = "TOPK(price, 3) → [9.5, 7.0, 7.0]", .aggs = topk_aggs,
     .n_aggs = WEIR_COUNT(topk_aggs)},
    {.name = "TOPKDISTINCT", .category = WEIR_CAT_AGGREGATE,
     .doc = "The k greatest distinct values, descending.",
     .example = "TOPKDISTINCT(price, 3) → [9.5, 7.0, 4.5]", .aggs = topkdistinct_aggs,
     .n_aggs = WEIR_COUNT(topkdistinct_aggs)},
};
const uint32_t weir_fn_agg_topk_n = WEIR_COUNT(weir_fn_agg_topk);
