/* Functions on maps. What they list comes in the order of Java's HashMap, as in ksqlDB. */
#include "operators/fn_values.h"

/* Entries in the making: keys are a set. */
typedef struct entries {
    weir__set keys;
    weir_value *items;
} entries;

static bool start(weir_call *c, entries *e, uint64_t room)
{
    if (!weir__fn_room(c, room * 2)) {
        return false;
    }
    weir__set_init(&e->keys, c->arena, c->type->key, (uint32_t)room);
    e->items = weir_arena_alloc(c->arena, sizeof *e->items * (room ? (size_t)room : 1));
    return true;
}

static void put(entries *e, const weir_value *key, const weir_value *item)
{
    bool fresh;
    e->items[weir__set_add(&e->keys, key, &fresh)] = *item;
}

static weir_value finish(const entries *e)
{
    weir_value v = {.kind = WEIR_T_MAP, .n = e->keys.n};
    v.keys = e->keys.items;
    v.items = e->items;
    return v;
}

static weir_value as_map(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    entries e;
    if (!start(c, &e, args[0].n)) {
        return weir__none(c);
    }
    weir_value missing = weir_null(c->type->item->kind);
    for (uint32_t i = 0; i < args[0].n; i++) {
        put(&e, &args[0].items[i], i < args[1].n ? &args[1].items[i] : &missing);
    }
    return finish(&e);
}

static weir_value map_union(weir_call *c, const weir_value *args, uint32_t n)
{
    if (args[0].null || args[1].null) {
        return args[0].null ? args[1] : args[0];
    }
    entries e;
    if (!start(c, &e, (uint64_t)args[0].n + args[1].n)) {
        return weir__none(c);
    }
    for (uint32_t k = 0; k < n; k++) {
        for (uint32_t i = 0; i < args[k].n; i++) {
            put(&e, &args[k].keys[i], &args[k].items[i]);
        }
    }
    return finish(&e);
}

/* `list` in the order of the map's entries. */
static weir_value listed(weir_call *c, const weir_value *map, const weir_value *list)
{
    const uint32_t *order = weir__map_order(c->arena, c->arg_types[0], map);
    if (!order) {
        return weir_array(list, map->n);
    }
    weir_value *items = weir_arena_alloc(c->arena, sizeof *items * map->n);
    for (uint32_t i = 0; i < map->n; i++) {
        items[i] = list[order[i]];
    }
    return weir_array(items, map->n);
}

static weir_value map_keys(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return weir__fn_room(c, args[0].n) ? listed(c, &args[0], args[0].keys) : weir__none(c);
}

static weir_value map_values(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return weir__fn_room(c, args[0].n) ? listed(c, &args[0], args[0].items) : weir__none(c);
}

/* ---- ENTRIES ---- */

/* Stable merge sort of entries, each K and V, by K. */
static weir_value *by_key(const weir_type *key, weir_value *pairs, weir_value *room, uint32_t n)
{
    for (uint64_t width = 1; width < n; width *= 2) {
        for (uint64_t from = 0; from < n; from += 2 * width) {
            uint64_t middle = from + width < n ? from + width : n;
            uint64_t end = from + 2 * width < n ? from + 2 * width : n;
            uint64_t a = from;
            uint64_t b = middle;
            for (uint64_t at = from; at < end; at++) {
                bool left = b == end || (a < middle && weir_value_cmp(key, &pairs[a * 2],
                                                                      &pairs[b * 2]) <= 0);
                memcpy(&room[at * 2], &pairs[(left ? a++ : b++) * 2], 2 * sizeof *room);
            }
        }
        weir_value *swap = pairs;
        pairs = room;
        room = swap;
    }
    return pairs;
}

static weir_value entries_of(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    if (args[1].null) {
        return weir__null_argument(c, 1);
    }
    const weir_value *map = &args[0];
    if (map->null || !weir__fn_room(c, (uint64_t)map->n * 4)) {
        return weir__none(c);
    }
    size_t room = map->n ? map->n : 1;
    weir_value *pairs = weir_arena_alloc(c->arena, 2 * room * sizeof *pairs);
    const uint32_t *order = weir__map_order(c->arena, c->arg_types[0], map);
    for (uint32_t i = 0; i < map->n; i++) {
        uint32_t from = order ? order[i] : i;
        if (args[1].b && map->keys[from].null) {
            return weir_row_error(c, "ENTRIES: a NULL key has no order");
        }
        pairs[2 * i] = map->keys[from];
        pairs[2 * i + 1] = map->items[from];
    }
    if (args[1].b && map->n > 1) {
        weir_value *more = weir_arena_alloc(c->arena, 2 * room * sizeof *more);
        pairs = by_key(c->arg_types[0]->key, pairs, more, map->n);
    }
    weir_value *items = weir_arena_alloc(c->arena, room * sizeof *items);
    for (uint32_t i = 0; i < map->n; i++) {
        items[i] = weir_array(&pairs[2 * i], 2);
        items[i].kind = WEIR_T_STRUCT;
    }
    return weir_array(items, map->n);
}

static const weir_overload as_map_rows[] = {
    {.sig = "ARRAY<STRING>, ARRAY<T> -> MAP<STRING, T>", .row = as_map},
};
#define ENTRIES(type)                                                                              \
    {.sig = "MAP<STRING, " type ">, BOOLEAN -> ARRAY<STRUCT<K STRING, V " type ">>",               \
     .row = entries_of, .flags = WEIR_FN_NULLS}
static const weir_overload entries_rows[] = {
    ENTRIES("INT"), ENTRIES("BIGINT"), ENTRIES("DOUBLE"), ENTRIES("BOOLEAN"), ENTRIES("STRING"),
};
static const weir_overload keys_rows[] = {
    {.sig = "MAP<STRING, T> -> ARRAY<STRING>", .row = map_keys},
};
static const weir_overload union_rows[] = {
    {.sig = "MAP<STRING, T>, MAP<STRING, T> -> MAP<STRING, T>", .row = map_union,
     .flags = WEIR_FN_NULLS},
};
static const weir_overload values_rows[] = {
    {.sig = "MAP<STRING, T> -> ARRAY<T>", .row = map_values},
};

#define ROW(text, rows, words, sample)                                                             \
    {.name = text, .category = WEIR_CAT_MAP, .doc = words, .example = sample, .overloads = rows,   \
     .n_overloads = WEIR_COUNT(rows)}
const weir_function weir_fn_map[] = {
    ROW("AS_MAP", as_map_rows, "A map from an array of keys and an array of values.",
        "AS_MAP(ARRAY['a', 'b'], ARRAY[1, 2]) → {a=1, b=2}"),
    ROW("ENTRIES", entries_rows,
        "The entries of a map as an array of structs with fields K and V, in order of keys if the "
        "second argument is true.",
        "ENTRIES(MAP('b' := 1, 'a' := 2), true) → [Struct{K=a,V=2}, Struct{K=b,V=1}]"),
    ROW("MAP_KEYS", keys_rows, "The keys of a map.", "MAP_KEYS(MAP('a' := 1)) → [a]"),
    ROW("MAP_UNION", union_rows,
        "The entries of two maps; where both have a key, the second wins.",
        "MAP_UNION(MAP('a' := 1, 'b' := 2), MAP('b' := 3)) → {a=1, b=3}"),
    ROW("MAP_VALUES", values_rows, "The values of a map.", "MAP_VALUES(MAP('a' := 1)) → [1]"),
};
const uint32_t weir_fn_map_n = WEIR_COUNT(weir_fn_map);
