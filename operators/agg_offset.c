/* EARLIEST_BY_OFFSET and LATEST_BY_OFFSET: the first or last value, or the first or last n.
 *
 * Sessions merge states that saw rows at different times, so each kept value has a number: the
 * position of its row among all rows this call site has seen. Loading moves the numbering behind
 * all that was saved.
 *
 * Merged lists are sorted by number and cut to the first n, by LATEST_BY_OFFSET, too: ksqlDB does
 * so, and the next row puts it right. */
#include "operators/agg.h"

/* Of one call site. */
typedef struct numbering {
    int64_t next;
    uint32_t n;      /* 0: the argument makes no sense */
    bool keep_nulls;
} numbering;

typedef struct numbered {
    weir_value v; /* kept */
    int64_t at;
} numbered;

static numbering read_literals(const weir_call *c)
{
    numbering p = {.n = 1};
    for (uint32_t i = 1; i < c->nargs; i++) {
        const weir_value *v = c->literals[i];
        if (c->arg_types[i]->kind == WEIR_T_BOOLEAN) {
            p.keep_nulls = v && !v->null && !v->b;
        } else {
            bool ok = v && !v->null && v->i32 >= 1 && v->i32 <= WEIR_ARRAY_ITEMS_MAX;
            p.n = ok ? (uint32_t)v->i32 : 0;
        }
    }
    return p;
}

static void prepare(weir_call *c)
{
    numbering *p = WEIR_NEW(c->plan_arena, numbering);
    *p = read_literals(c);
    c->prepared = p;
}

static weir_rc check(const weir_call *c, weir_status *st)
{
    if (read_literals(c).n == 0) {
        bool latest = c->function->name[0] == 'L';
        return weir_fail(st, WEIR_ESQL, "%sN must be 1 or greater", latest ? "latest" : "earliest");
    }
    return WEIR_OK;
}

/* Saved numbers stay below this, so that numbering can go on behind them. */
#define NUMBER_MAX (INT64_MAX / 2)

static bool read_number(numbering *p, weir_reader *in, int64_t *at)
{
    uint64_t number = weir_read_varint(in);
    if (in->bad || number > NUMBER_MAX) {
        return false;
    }
    *at = (int64_t)number;
    p->next = weir_max64(p->next, *at + 1);
    return true;
}

/* ---- one value ---- */

typedef struct pick {
    numbered one;
    bool set;
} pick;

static void pick_init(weir_call *c, void *state)
{
    ((pick *)state)->one.v = weir_null(c->type->kind);
}

static void pick_free(weir_call *c, void *state)
{
    weir__keep_drop(c->type, &((pick *)state)->one.v);
}

static void pick_set(weir_call *c, pick *s, const weir_value *v, int64_t at)
{
    weir__keep_over(c->type, &s->one.v, v);
    s->one.at = at;
    s->set = true;
}

static bool pick_update(weir_call *c, void *const *states, const weir_vec *arg,
                        const uint16_t *sel, uint32_t n, weir_vec *emit, bool latest)
{
    numbering *p = c->prepared;
    WEIR__EACH(i, row, sel, n) {
        pick *s = states[i];
        weir_value v = weir_null(c->type->kind);
        bool valid = weir_vec_is_valid(arg, row);
        bool taken = (valid || p->keep_nulls) && (latest || !s->set);
        if (taken) {
            v = weir_vec_get(arg, row);
            pick_set(c, s, &v, p->next++);
        }
        if (emit) {
            if (!taken) {
                v = weir_value_copy(c->arena, c->type, &s->one.v);
            }
            weir__emit(c, emit, row, &v);
        }
    }
    return true;
}

static bool earliest_update(weir_call *c, void *const *states, const weir_vec *args,
                            const uint16_t *sel, uint32_t n, weir_vec *emit)
{
    return pick_update(c, states, &args[0], sel, n, emit, false);
}

static bool latest_update(weir_call *c, void *const *states, const weir_vec *args,
                          const uint16_t *sel, uint32_t n, weir_vec *emit)
{
    return pick_update(c, states, &args[0], sel, n, emit, true);
}

static weir_value pick_result(weir_call *c, const void *state)
{
    return weir_value_copy(c->arena, c->type, &((const pick *)state)->one.v);
}

static void earliest_merge(weir_call *c, void *into, const void *from)
{
    const pick *s = into;
    const pick *other = from;
    if (other->set && (!s->set || other->one.at < s->one.at)) {
        pick_set(c, into, &other->one.v, other->one.at);
    }
}

static void latest_merge(weir_call *c, void *into, const void *from)
{
    const pick *s = into;
    const pick *other = from;
    if (other->set && (!s->set || other->one.at > s->one.at)) {
        pick_set(c, into, &other->one.v, other->one.at);
    }
}

static void pick_save(weir_call *c, const void *state, weir_buf *out)
{
    const pick *s = state;
    weir_buf_byte(out, s->set);
    if (s->set) {
        weir_buf_varint(out, (uint64_t)s->one.at);
        weir_value_encode(out, c->type, &s->one.v);
    }
}

static bool pick_load(weir_call *c, void *state, weir_reader *in)
{
    uint8_t is_set = weir_read_u8(in);
    if (in->bad || is_set > 1) {
        return false;
    }
    if (is_set) {
        int64_t at;
        weir_value v;
        if (!read_number(c->prepared, in, &at) ||
            weir_value_decode(c->arena, c->type, in, &v) != WEIR_OK) {
            return false;
        }
        pick_set(c, state, &v, at);
    }
    return true;
}

/* ---- the first or last n ---- */

/* Live items are [first, first + n): the latest list drops at its front, and closes the gap only
 * when that is as long as the list. */
typedef struct picks {
    numbered *items;
    size_t cap;
    uint32_t first, n;
} picks;

static void picks_append(const weir_type *t, picks *s, const weir_value *v, int64_t at)
{
    if (s->first && s->first + s->n == s->cap && s->first >= s->n) {
        memmove(s->items, s->items + s->first, s->n * sizeof *s->items);
        s->first = 0;
    }
    WEIR_GROW(s->items, s->cap, (size_t)s->first + s->n + 1);
    s->items[s->first + s->n++] = (numbered){weir__keep(t, v), at};
}

static void picks_clear(const weir_type *t, picks *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        weir__keep_drop(t, &s->items[s->first + i].v);
    }
    weir_free(s->items);
    *s = (picks){0};
}

static bool picks_step(weir_call *c, picks *s, const weir_value *v, bool latest)
{
    numbering *p = c->prepared;
    const weir_type *t = c->arg_types[0];
    if (p->n == 0) {
        return weir__agg_fail(c, "%sN must be 1 or greater", latest ? "latest" : "earliest");
    }
    if ((v->null && !p->keep_nulls) || (!latest && s->n >= p->n)) {
        return true;
    }
    while (s->n >= p->n) {
        weir__keep_drop(t, &s->items[s->first++].v);
        s->n--;
    }
    picks_append(t, s, v, p->next++);
    return true;
}

static bool earliest_step(weir_call *c, void *state, const weir_value *args)
{
    return picks_step(c, state, &args[0], false);
}

static bool latest_step(weir_call *c, void *state, const weir_value *args)
{
    return picks_step(c, state, &args[0], true);
}

static weir_value picks_result(weir_call *c, const void *state)
{
    const picks *s = state;
    weir_value *items = weir_arena_alloc(c->arena, s->n * sizeof *items);
    for (uint32_t i = 0; i < s->n; i++) {
        items[i] = weir_value_copy(c->arena, c->arg_types[0], &s->items[s->first + i].v);
    }
    return weir_array(items, s->n);
}

static void picks_merge(weir_call *c, void *into, const void *from)
{
    const numbering *p = c->prepared;
    const weir_type *t = c->arg_types[0];
    picks *s = into;
    const picks *other = from;
    picks merged = {0};
    uint32_t i = 0;
    uint32_t k = 0;
    while (merged.n < p->n && (i < s->n || k < other->n)) {
        const numbered *a = i < s->n ? &s->items[s->first + i] : NULL;
        const numbered *b = k < other->n ? &other->items[other->first + k] : NULL;
        bool first = a && (!b || a->at <= b->at);
        const numbered *next = first ? a : b;
        picks_append(t, &merged, &next->v, next->at);
        i += first;
        k += !first;
    }
    picks_clear(t, s);
    *s = merged;
}

static void picks_free(weir_call *c, void *state)
{
    picks_clear(c->arg_types[0], state);
}

static void picks_save(weir_call *c, const void *state, weir_buf *out)
{
    const picks *s = state;
    weir_buf_varint(out, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        weir_buf_varint(out, (uint64_t)s->items[s->first + i].at);
        weir_value_encode(out, c->arg_types[0], &s->items[s->first + i].v);
    }
}

static bool picks_load(weir_call *c, void *state, weir_reader *in)
{
    numbering *p = c->prepared;
    uint32_t n;
    if (!weir__read_count(in, p->n, &n)) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        int64_t at;
        weir_value v;
        if (!read_number(p, in, &at) ||
            weir_value_decode(c->arena, c->arg_types[0], in, &v) != WEIR_OK) {
            return false;
        }
        picks_append(c->arg_types[0], state, &v, at);
    }
    return true;
}

#define ONE(signature, which)                                                                      \
    {                                                                                              \
        .sig = signature, .state_bytes = sizeof(pick), .prepare = prepare, .init = pick_init,      \
        .free = pick_free, .update = which##_update, .result = pick_result,                        \
        .merge = which##_merge, .save = pick_save, .load = pick_load                               \
    }
#define SEVERAL(signature, which)                                                                  \
    {                                                                                              \
        .sig = signature, .state_bytes = sizeof(picks), .prepare = prepare, .free = picks_free,    \
        .step = which##_step, .result = picks_result, .merge = picks_merge, .save = picks_save,    \
        .load = picks_load, .check = check                                                         \
    }
#define SHAPES(which)                                                                              \
    {                                                                                              \
        ONE("T -> T", which), ONE("T, init BOOLEAN -> T", which),                                  \
            SEVERAL("T, init INT -> ARRAY<T>", which),                                             \
            SEVERAL("T, init INT, init BOOLEAN -> ARRAY<T>", which)                                \
    }
static const weir_agg earliest_aggs[] = SHAPES(earliest);
static const weir_agg latest_aggs[] = SHAPES(latest);

const weir_function weir_fn_agg_offset[] = {
    {.name = "EARLIEST_BY_OFFSET", .category = WEIR_CAT_AGGREGATE,
     .doc = "The value that arrived first, or the first n; skips NULLs unless told otherwise.",
     .example = "EARLIEST_BY_OFFSET(price) → 4.5", .aggs = earliest_aggs,
     .n_aggs = WEIR_COUNT(earliest_aggs)},
    {.name = "LATEST_BY_OFFSET", .category = WEIR_CAT_AGGREGATE,
     .doc = "The value that arrived last, or the last n; skips NULLs unless told otherwise.",
     .example = "LATEST_BY_OFFSET(price) → 7.0", .aggs = latest_aggs,
     .n_aggs = WEIR_COUNT(latest_aggs)},
};
const uint32_t weir_fn_agg_offset_n = WEIR_COUNT(weir_fn_agg_offset);
