/* Arrays as sets: results hold every value once, in the order in which it was met first. */
#include "operators/fn_values.h"

static bool start(weir_call *c, weir__set *s, uint64_t room)
{
    if (!weir__fn_room(c, room)) {
        return false;
    }
    weir__set_init(s, c->arena, c->arg_types[0]->item, (uint32_t)room);
    return true;
}

static void add_all(weir__set *s, const weir_value *array)
{
    bool fresh;
    for (uint32_t i = 0; i < array->n; i++) {
        weir__set_add(s, &array->items[i], &fresh);
    }
}

static weir_value distinct(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    weir__set s;
    if (!start(c, &s, args[0].n)) {
        return weir__none(c);
    }
    add_all(&s, &args[0]);
    return weir_array(s.items, s.n);
}

static weir_value unite(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    weir__set s;
    if (!start(c, &s, (uint64_t)args[0].n + args[1].n)) {
        return weir__none(c);
    }
    add_all(&s, &args[0]);
    add_all(&s, &args[1]);
    return weir_array(s.items, s.n);
}

/* The values of the first array that the second has or has not. */
static weir_value compare(weir_call *c, const weir_value *args, bool has)
{
    weir__set right;
    weir__set s;
    if (!start(c, &right, args[1].n) || !start(c, &s, args[0].n)) {
        return weir__none(c);
    }
    add_all(&right, &args[1]);
    bool fresh;
    for (uint32_t i = 0; i < args[0].n; i++) {
        if (weir__set_has(&right, &args[0].items[i]) == has) {
            weir__set_add(&s, &args[0].items[i], &fresh);
        }
    }
    return weir_array(s.items, s.n);
}

static weir_value except(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return compare(c, args, false);
}

static weir_value intersect(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return compare(c, args, true);
}

static const weir_overload distinct_rows[] = {{.sig = "ARRAY<T> -> ARRAY<T>", .row = distinct}};
static const weir_overload except_rows[] = {
    {.sig = "ARRAY<T>, ARRAY<T> -> ARRAY<T>", .row = except}};
static const weir_overload intersect_rows[] = {
    {.sig = "ARRAY<T>, ARRAY<T> -> ARRAY<T>", .row = intersect}};
static const weir_overload union_rows[] = {
    {.sig = "ARRAY<T>, ARRAY<T> -> ARRAY<T>", .row = unite}};

#define ROW(text, rows, words, sample)                                                             \
    {.name = text, .category = WEIR_CAT_ARRAY, .doc = words, .example = sample, .overloads = rows, \
     .n_overloads = WEIR_COUNT(rows)}
const weir_function weir_fn_array_set[] = {
    ROW("ARRAY_DISTINCT", distinct_rows, "The values of an array, each once.",
        "ARRAY_DISTINCT(ARRAY[1, 2, 1]) → [1, 2]"),
    ROW("ARRAY_EXCEPT", except_rows, "The values of the first array that are not in the second.",
        "ARRAY_EXCEPT(ARRAY[1, 2, 3], ARRAY[2]) → [1, 3]"),
    ROW("ARRAY_INTERSECT", intersect_rows, "The values that are in both arrays.",
        "ARRAY_INTERSECT(ARRAY[1, 2, 3], ARRAY[3, 2]) → [2, 3]"),
    ROW("ARRAY_UNION", union_rows, "The values that are in one of two arrays or in both.",
        "ARRAY_UNION(ARRAY[1, 2], ARRAY[2, 3]) → [1, 2, 3]"),
};
const uint32_t weir_fn_array_set_n = WEIR_COUNT(weir_fn_array_set);
