/* COLLECT_LIST, COLLECT_SET: values of a group as an array; HISTOGRAM: how often each text came;
 * ATTR: the one value of a group.
 *
 * Lists that are over the limit of their setting stop growing, silently, as in ksqlDB; a list
 * without a limit stops the query at WEIR_ARRAY_ITEMS_MAX. */
#include "operators/agg.h"

/* ---- COLLECT_LIST ---- */

typedef struct list {
    weir_value *items; /* kept */
    size_t cap;
    uint32_t n;
    weir__copy copy;
} list;

/* Of one call site. */
typedef struct collecting {
    uint64_t turn;   /* number of the call of update() */
    uint32_t limit;
    bool unlimited;
    const weir_type *item;
} collecting;

static void collect_prepare(weir_call *c, int32_t limit)
{
    collecting *p = WEIR_NEW(c->plan_arena, collecting);
    p->unlimited = limit < 0 || limit > WEIR_ARRAY_ITEMS_MAX;
    p->limit = p->unlimited ? WEIR_ARRAY_ITEMS_MAX : (uint32_t)limit;
    p->item = c->type->item;
    c->prepared = p;
}

static void list_prepare(weir_call *c)
{
    collect_prepare(c, c->settings ? c->settings->collect_list_limit : -1);
}

static bool full(weir_call *c, const collecting *p)
{
    return !p->unlimited ||
           weir__agg_fail(c, "more than %u items in one group", p->limit);
}

static bool list_append(weir_call *c, list *s, const weir_value *v)
{
    const collecting *p = c->prepared;
    if (s->n >= p->limit) {
        return full(c, p);
    }
    WEIR_GROW(s->items, s->cap, s->n + 1);
    s->items[s->n++] = weir__keep(p->item, v);
    return true;
}

static bool list_update(weir_call *c, void *const *states, const weir_vec *args,
                        const uint16_t *sel, uint32_t n, weir_vec *emit)
{
    collecting *p = c->prepared;
    p->turn++;
    WEIR__EACH(i, row, sel, n) {
        list *s = states[i];
        weir_value v = weir_vec_get(&args[0], row);
        if (!list_append(c, s, &v)) {
            return false;
        }
        if (emit) {
            v = weir__copy_list(c, &s->copy, p->turn, p->item, s->items, s->n);
            weir__emit(c, emit, row, &v);
        }
    }
    return true;
}

/* Takes out the last equal item. An item that is not there was over the limit. */
static bool list_undo(weir_call *c, void *state, const weir_value *args)
{
    const collecting *p = c->prepared;
    list *s = state;
    for (uint32_t i = s->n; i-- > 0;) {
        if (weir_value_eq(p->item, &s->items[i], &args[0])) {
            weir__keep_drop(p->item, &s->items[i]);
            memmove(&s->items[i], &s->items[i + 1], (s->n - i - 1) * sizeof *s->items);
            s->n--;
            break;
        }
    }
    return true;
}

static weir_value list_result(weir_call *c, const void *state)
{
    const list *s = state;
    return weir__list_result(c, c->type->item, s->items, s->n);
}

static void list_merge(weir_call *c, void *into, const void *from)
{
    const list *other = from;
    for (uint32_t i = 0; i < other->n && list_append(c, into, &other->items[i]); i++) {
    }
}

static void list_free(weir_call *c, void *state)
{
    list *s = state;
    for (uint32_t i = 0; i < s->n; i++) {
        weir__keep_drop(c->type->item, &s->items[i]);
    }
    weir_free(s->items);
    *s = (list){0};
}

static void list_save(weir_call *c, const void *state, weir_buf *out)
{
    const list *s = state;
    weir_buf_varint(out, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        weir_value_encode(out, c->type->item, &s->items[i]);
    }
}

/* The limit may have been lowered since: what was collected stays. */
static bool list_load(weir_call *c, void *state, weir_reader *in)
{
    list *s = state;
    uint32_t n;
    if (!weir__read_count(in, WEIR_ARRAY_ITEMS_MAX, &n)) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        weir_value v;
        if (weir_value_decode(c->arena, c->type->item, in, &v) != WEIR_OK) {
            return false;
        }
        WEIR_GROW(s->items, s->cap, s->n + 1);
        s->items[s->n++] = weir__keep(c->type->item, &v);
    }
    return true;
}

/* ---- COLLECT_SET ---- */

typedef struct set {
    weir__bag bag;
    weir__copy copy;
} set;

static void set_prepare(weir_call *c)
{
    collect_prepare(c, c->settings ? c->settings->collect_set_limit : -1);
}

/* The counts of a set stay 1. */
static bool set_add(weir_call *c, weir__bag *b, const weir_value *v)
{
    const collecting *p = c->prepared;
    if (weir__bag_find(p->item, b, v) >= 0) {
        return true;
    }
    return b->n >= p->limit ? full(c, p) : weir__bag_add(c, p->item, b, v, 1);
}

static bool set_update(weir_call *c, void *const *states, const weir_vec *args,
                       const uint16_t *sel, uint32_t n, weir_vec *emit)
{
    collecting *p = c->prepared;
    p->turn++;
    WEIR__EACH(i, row, sel, n) {
        set *s = states[i];
        weir_value v = weir_vec_get(&args[0], row);
        if (!set_add(c, &s->bag, &v)) {
            return false;
        }
        if (emit) {
            v = weir__copy_list(c, &s->copy, p->turn, p->item, s->bag.items, s->bag.n);
            weir__emit(c, emit, row, &v);
        }
    }
    return true;
}

static weir_value set_result(weir_call *c, const void *state)
{
    const set *s = state;
    return weir__list_result(c, c->type->item, s->bag.items, s->bag.n);
}

static void set_merge(weir_call *c, void *into, const void *from)
{
    set *s = into;
    const set *other = from;
    for (uint32_t i = 0; i < other->bag.n && set_add(c, &s->bag, &other->bag.items[i]); i++) {
    }
}

static void set_free(weir_call *c, void *state)
{
    weir__bag_free(c->type->item, &((set *)state)->bag);
}

static void set_save(weir_call *c, const void *state, weir_buf *out)
{
    weir__bag_save(c->type->item, &((const set *)state)->bag, out);
}

static bool set_load(weir_call *c, void *state, weir_reader *in)
{
    return weir__bag_load(c, c->type->item, &((set *)state)->bag, in);
}

/* ---- HISTOGRAM ---- */

/* ksqlDB writes a NULL among map keys as this text. */
static weir_value histogram_key(const weir_value *v)
{
    return v->null ? weir_string(WEIR_SV("null")) : *v;
}

static bool histogram_add(weir_call *c, weir__bag *b, const weir_value *key, int64_t count)
{
    const weir_type *t = c->type->key;
    if (b->n >= WEIR_HISTOGRAM_ENTRIES_MAX && weir__bag_find(t, b, key) < 0) {
        return true;
    }
    return weir__bag_add(c, t, b, key, count);
}

static bool histogram_step(weir_call *c, void *state, const weir_value *args)
{
    weir_value key = histogram_key(&args[0]);
    return histogram_add(c, state, &key, 1);
}

static bool histogram_undo(weir_call *c, void *state, const weir_value *args)
{
    weir_value key = histogram_key(&args[0]);
    weir__bag_take(c->type->key, state, &key);
    return true;
}

static weir_value histogram_result(weir_call *c, const void *state)
{
    const weir__bag *b = state;
    weir_value *counts = weir_arena_alloc(c->arena, b->n * sizeof *counts);
    for (uint32_t i = 0; i < b->n; i++) {
        counts[i] = weir_bigint(b->counts[i]);
    }
    weir_value v = {.kind = WEIR_T_MAP, .n = b->n};
    v.keys = weir__list_result(c, c->type->key, b->items, b->n).items;
    v.items = counts;
    return v;
}

static void histogram_merge(weir_call *c, void *into, const void *from)
{
    const weir__bag *other = from;
    for (uint32_t i = 0; i < other->n; i++) {
        histogram_add(c, into, &other->items[i], other->counts[i]);
    }
}

static void histogram_free(weir_call *c, void *state)
{
    weir__bag_free(c->type->key, state);
}

static void histogram_save(weir_call *c, const void *state, weir_buf *out)
{
    weir__bag_save(c->type->key, state, out);
}

static bool histogram_load(weir_call *c, void *state, weir_reader *in)
{
    weir__bag *b = state;
    if (!weir__bag_load(c, c->type->key, b, in)) {
        return false;
    }
    for (uint32_t i = 0; i < b->n; i++) {
        if (b->items[i].null) {
            return false; /* a map has no NULL key */
        }
    }
    return true;
}

/* ---- ATTR: NULL is a value like others ---- */

static bool attr_step(weir_call *c, void *state, const weir_value *args)
{
    return weir__bag_add(c, c->type, state, &args[0], 1);
}

static bool attr_undo(weir_call *c, void *state, const weir_value *args)
{
    weir__bag_take(c->type, state, &args[0]);
    return true;
}

static weir_value attr_result(weir_call *c, const void *state)
{
    const weir__bag *b = state;
    return b->n == 1 ? weir_value_copy(c->arena, c->type, &b->items[0]) : weir_null(c->type->kind);
}

static void attr_merge(weir_call *c, void *into, const void *from)
{
    weir__bag_merge(c, c->type, into, from);
}

static void attr_free(weir_call *c, void *state)
{
    weir__bag_free(c->type, state);
}

static void attr_save(weir_call *c, const void *state, weir_buf *out)
{
    weir__bag_save(c->type, state, out);
}

static bool attr_load(weir_call *c, void *state, weir_reader *in)
{
    return weir__bag_load(c, c->type, state, in);
}

static const weir_agg collect_list_aggs[] = {
    {.sig = "T -> ARRAY<T>", .state_bytes = sizeof(list), .prepare = list_prepare,
     .free = list_free, .update = list_update, .undo = list_undo, .result = list_result,
     .merge = list_merge, .save = list_save, .load = list_load}};
static const weir_agg collect_set_aggs[] = {
    {.sig = "T -> ARRAY<T>", .state_bytes = sizeof(set), .prepare = set_prepare, .free = set_free,
     .update = set_update, .result = set_result, .merge = set_merge, .save = set_save,
     .load = set_load}};
static const weir_agg histogram_aggs[] = {
    {.sig = "STRING -> MAP<STRING, BIGINT>", .state_bytes = sizeof(weir__bag),
     .free = histogram_free, .step = histogram_step, .undo = histogram_undo,
     .result = histogram_result, .merge = histogram_merge, .save = histogram_save,
     .load = histogram_load}};
static const weir_agg attr_aggs[] = {
    {.sig = "T -> T", .state_bytes = sizeof(weir__bag), .free = attr_free, .step = attr_step,
     .undo = attr_undo, .result = attr_result, .merge = attr_merge, .save = attr_save,
     .load = attr_load}};

const weir_function weir_fn_agg_collect[] = {
    {.name = "COLLECT_LIST", .category = WEIR_CAT_AGGREGATE,
     .doc = "All values, NULLs too, in the order of their arrival.",
     .example = "COLLECT_LIST(city) → ['Rome', 'Oslo', 'Rome']", .aggs = collect_list_aggs,
     .n_aggs = WEIR_COUNT(collect_list_aggs)},
    {.name = "COLLECT_SET", .category = WEIR_CAT_AGGREGATE,
     .doc = "The distinct values, NULL too, in the order of their first arrival.",
     .example = "COLLECT_SET(city) → ['Rome', 'Oslo']", .aggs = collect_set_aggs,
     .n_aggs = WEIR_COUNT(collect_set_aggs)},
    {.name = "HISTOGRAM", .category = WEIR_CAT_AGGREGATE,
     .doc = "How often each text was seen; the first 1000 texts are counted.",
     .example = "HISTOGRAM(city) → {'Rome': 2, 'Oslo': 1}", .aggs = histogram_aggs,
     .n_aggs = WEIR_COUNT(histogram_aggs)},
    {.name = "ATTR", .category = WEIR_CAT_AGGREGATE,
     .doc = "The value that all rows of the group have; NULL when they differ.",
     .example = "ATTR(country) → 'Italy'", .aggs = attr_aggs, .n_aggs = WEIR_COUNT(attr_aggs)},
};
const uint32_t weir_fn_agg_collect_n = WEIR_COUNT(weir_fn_agg_collect);
