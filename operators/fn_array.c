/* Functions on arrays: parts, order, text, series. Those that treat arrays as sets are in
 * fn_array_set.c. */
#include "operators/fn_values.h"

#include "engine/base/limits.h"

static const weir_type *item_type(const weir_call *c)
{
    return c->arg_types[0]->item;
}

static weir_value *new_items(weir_call *c, uint32_t n)
{
    return weir_arena_alloc(c->arena, sizeof(weir_value) * (n ? n : 1));
}

static weir_value concat(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    if (args[0].null || args[1].null) {
        return args[0].null ? args[1] : args[0];
    }
    uint64_t total = (uint64_t)args[0].n + args[1].n;
    if (!weir__fn_room(c, total)) {
        return weir__none(c);
    }
    weir_value *items = new_items(c, (uint32_t)total);
    for (uint32_t i = 0; i < args[0].n; i++) {
        items[i] = args[0].items[i];
    }
    for (uint32_t i = 0; i < args[1].n; i++) {
        items[args[0].n + i] = args[1].items[i];
    }
    return weir_array(items, (uint32_t)total);
}

static weir_value contains(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    const weir_type *t = item_type(c);
    for (uint32_t i = 0; !args[0].null && i < args[0].n; i++) {
        const weir_value *v = &args[0].items[i];
        if (v->null == args[1].null && (v->null || weir_value_eq(t, v, &args[1]))) {
            return weir_bool(true);
        }
    }
    return weir_bool(false);
}

static weir_value length(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)c;
    (void)n;
    return weir_int((int32_t)args[0].n);
}

static weir_value join(weir_call *c, const weir_value *args, uint32_t n)
{
    if (args[0].null) {
        return weir__none(c);
    }
    weir_sv delimiter = n == 1 ? WEIR_SV(",") : args[1].null ? WEIR_SV("") : args[1].sv;
    const weir_type *t = item_type(c);
    bool primitive = t->kind <= WEIR_T_STRING;
    weir_buf b;
    weir_buf_init(&b, WEIR_STRING_BYTES_MAX);
    for (uint32_t i = 0; i < args[0].n && !b.over; i++) {
        const weir_value *v = &args[0].items[i];
        if (!v->null && !primitive) {
            weir_buf_deinit(&b);
            return weir_row_error(c, "error: hit element of type " WEIR_SV_FMT
                                     " which is currently not supported",
                                  WEIR_SV_ARG(weir_type_name(c->arena, t)));
        }
        if (i) {
            weir_buf_sv(&b, delimiter);
        }
        if (v->null) {
            weir_buf_str(&b, "null");
        } else if (t->kind == WEIR_T_DECIMAL) { /* inside an array: as BigDecimal.toString */
            weir_value one = weir_array(v, 1);
            size_t at = b.n;
            weir_value_print(&b, c->arg_types[0], &one);
            if (b.n >= at + 2) {
                memmove(b.p + at, b.p + at + 1, b.n - at - 2); /* without [ ] */
                b.n -= 2;
            }
        } else {
            weir_value_print(&b, t, v);
        }
    }
    return weir__taken(c, &b);
}

/* ---- order ---- */

/* Java finds out that items cannot be compared when it compares two of them. */
static bool comparable(weir_call *c)
{
    if (weir_type_is_nested(item_type(c))) {
        weir_row_error(c, "%s: items of type " WEIR_SV_FMT " have no order", c->function->name,
                       WEIR_SV_ARG(weir_type_name(c->arena, item_type(c))));
        return false;
    }
    return true;
}

/* The item that wins by `sign` (1: greatest, -1: least). */
static weir_value extreme(weir_call *c, const weir_value *array, int sign)
{
    const weir_value *best = NULL;
    for (uint32_t i = 0; i < array->n; i++) {
        const weir_value *v = &array->items[i];
        if (v->null) {
            continue;
        }
        if (best && !comparable(c)) {
            return weir__none(c);
        }
        if (!best || weir__fn_compare(item_type(c), v, best) * sign > 0) {
            best = v;
        }
    }
    return best ? *best : weir__none(c);
}

static weir_value max(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return extreme(c, &args[0], 1);
}

static weir_value min(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    return extreme(c, &args[0], -1);
}

/* Stable, bottom-up merge sort; `room` holds as many items. */
static void sort_items(const weir_type *t, weir_value *items, weir_value *room, uint32_t n, int sign)
{
    for (uint64_t width = 1; width < n; width *= 2) {
        for (uint64_t start = 0; start < n; start += 2 * width) {
            uint64_t middle = start + width < n ? start + width : n;
            uint64_t end = start + 2 * width < n ? start + 2 * width : n;
            uint64_t a = start;
            uint64_t b = middle;
            for (uint64_t at = start; at < end; at++) {
                bool left = b == end ||
                            (a < middle && weir__fn_compare(t, &items[a], &items[b]) * sign <= 0);
                room[at] = left ? items[a++] : items[b++];
            }
        }
        memcpy(items, room, sizeof *items * n);
    }
}

static weir_value sorted(weir_call *c, const weir_value *array, int sign)
{
    if (!weir__fn_room(c, array->n)) {
        return weir__none(c);
    }
    weir_value *items = new_items(c, array->n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < array->n; i++) {
        if (!array->items[i].null) {
            items[n++] = array->items[i];
        }
    }
    for (uint32_t i = n; i < array->n; i++) {
        items[i] = weir_null(item_type(c)->kind);
    }
    if (n > 1) {
        if (!comparable(c)) {
            return weir__none(c);
        }
        sort_items(item_type(c), items, new_items(c, n), n, sign);
    }
    return weir_array(items, array->n);
}

static weir_value sort(weir_call *c, const weir_value *args, uint32_t n)
{
    weir_sv direction = n > 1 ? args[1].sv : WEIR_SV("ASC");
    if (weir_sv_ieq(direction, WEIR_SV("ASC")) || weir_sv_ieq(direction, WEIR_SV("ASCENDING"))) {
        return sorted(c, &args[0], 1);
    }
    if (weir_sv_ieq(direction, WEIR_SV("DESC")) || weir_sv_ieq(direction, WEIR_SV("DESCENDING"))) {
        return sorted(c, &args[0], -1);
    }
    return weir__none(c);
}

/* ---- parts ---- */

static weir_value slice(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    if (args[0].null) {
        return weir__none(c);
    }
    int64_t from = args[1].null ? 0 : (int64_t)args[1].i32 - 1;
    int64_t to = args[2].null ? (int64_t)args[0].n : args[2].i32;
    if (from < 0 || to > args[0].n) {
        return weir__none(c);
    }
    if (from > to) {
        return weir_row_error(c, "fromIndex(%lld) > toIndex(%lld)", (long long)from,
                              (long long)to);
    }
    return weir_array(args[0].items + from, (uint32_t)(to - from));
}

static weir_value remove_items(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    if (args[0].null || !weir__fn_room(c, args[0].n)) {
        return weir__none(c);
    }
    weir_value *items = new_items(c, args[0].n);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < args[0].n; i++) {
        const weir_value *v = &args[0].items[i];
        if (v->null != args[1].null || (!v->null && !weir_value_eq(item_type(c), v, &args[1]))) {
            items[kept++] = *v;
        }
    }
    return weir_array(items, kept);
}

/* ---- series ---- */

static weir_value series(weir_call *c, const weir_value *args, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (args[i].null) {
            return weir__null_argument(c, i);
        }
    }
    bool wide = c->type->item->kind == WEIR_T_BIGINT;
    int64_t from = wide ? args[0].i64 : args[0].i32;
    int64_t to = wide ? args[1].i64 : args[1].i32;
    int64_t step = n > 2 ? args[2].i32 : to > from ? 1 : -1;
    if (step == 0) {
        return weir_row_error(c, "GENERATE_SERIES step cannot be zero");
    }
    if (to != from && (to > from) != (step > 0)) {
        return weir_row_error(c, "GENERATE_SERIES step has wrong sign");
    }
    uint64_t distance = to > from ? (uint64_t)to - (uint64_t)from : (uint64_t)from - (uint64_t)to;
    uint64_t count = distance / (uint64_t)(step > 0 ? step : -step);
    if (!weir__fn_room(c, count < UINT64_MAX ? count + 1 : count)) {
        return weir__none(c);
    }
    weir_value *items = new_items(c, (uint32_t)count + 1);
    for (uint32_t i = 0; i <= count; i++) {
        int64_t v = from + (int64_t)i * step;
        items[i] = wide ? weir_bigint(v) : weir_int((int32_t)v);
    }
    return weir_array(items, (uint32_t)count + 1);
}

static const weir_overload concat_rows[] = {
    {.sig = "ARRAY<T>, ARRAY<T> -> ARRAY<T>", .row = concat, .flags = WEIR_FN_NULLS},
};
static const weir_overload contains_rows[] = {
    {.sig = "ARRAY<T>, T -> BOOLEAN", .row = contains, .flags = WEIR_FN_NULLS},
};
static const weir_overload join_rows[] = {
    {.sig = "ARRAY<T> -> STRING", .row = join},
    {.sig = "ARRAY<T>, STRING -> STRING", .row = join, .flags = WEIR_FN_NULLS},
};
static const weir_overload length_rows[] = {{.sig = "ARRAY<T> -> INT", .row = length}};
static const weir_overload max_rows[] = {{.sig = "ARRAY<T> -> T", .row = max}};
static const weir_overload min_rows[] = {{.sig = "ARRAY<T> -> T", .row = min}};
static const weir_overload remove_rows[] = {
    {.sig = "ARRAY<T>, T -> ARRAY<T>", .row = remove_items, .flags = WEIR_FN_NULLS},
};
static const weir_overload sort_rows[] = {
    {.sig = "ARRAY<T> -> ARRAY<T>", .row = sort},
    {.sig = "ARRAY<T>, STRING -> ARRAY<T>", .row = sort},
};
static const weir_overload slice_rows[] = {
    {.sig = "ARRAY<T>, INT, INT -> ARRAY<T>", .row = slice, .flags = WEIR_FN_NULLS},
};
static const weir_overload series_rows[] = {
    {.sig = "INT, INT -> ARRAY<INT>", .row = series, .flags = WEIR_FN_NULLS},
    {.sig = "INT, INT, INT -> ARRAY<INT>", .row = series, .flags = WEIR_FN_NULLS},
    {.sig = "BIGINT, BIGINT -> ARRAY<BIGINT>", .row = series, .flags = WEIR_FN_NULLS},
    {.sig = "BIGINT, BIGINT, INT -> ARRAY<BIGINT>", .row = series, .flags = WEIR_FN_NULLS},
};

#define ROW(text, rows, words, sample)                                                             \
    {.name = text, .category = WEIR_CAT_ARRAY, .doc = words, .example = sample, .overloads = rows, \
     .n_overloads = WEIR_COUNT(rows)}
const weir_function weir_fn_array[] = {
    ROW("ARRAY_CONCAT", concat_rows,
        "The items of the first array, then those of the second; if one is NULL, the other.",
        "ARRAY_CONCAT(ARRAY[1], ARRAY[2]) → [1, 2]"),
    ROW("ARRAY_CONTAINS", contains_rows, "Whether a value is among the items of an array.",
        "ARRAY_CONTAINS(ARRAY[1, 2], 2) → true"),
    ROW("ARRAY_JOIN", join_rows,
        "The items of an array as text, with a delimiter between them, by default a comma.",
        "ARRAY_JOIN(ARRAY[1, 2], '-') → 1-2"),
    ROW("ARRAY_LENGTH", length_rows, "The number of items of an array.",
        "ARRAY_LENGTH(ARRAY[1, 2]) → 2"),
    ROW("ARRAY_MAX", max_rows, "The greatest item of an array that is not NULL.",
        "ARRAY_MAX(ARRAY[1, 3, 2]) → 3"),
    ROW("ARRAY_MIN", min_rows, "The least item of an array that is not NULL.",
        "ARRAY_MIN(ARRAY[2, 1, 3]) → 1"),
    ROW("ARRAY_REMOVE", remove_rows, "An array without the items that are equal to a value.",
        "ARRAY_REMOVE(ARRAY[1, 2, 1], 1) → [2]"),
    ROW("ARRAY_SORT", sort_rows,
        "The items of an array in order, ASC (default) or DESC; NULLs come last.",
        "ARRAY_SORT(ARRAY[2, 3, 1], 'DESC') → [3, 2, 1]"),
    ROW("GENERATE_SERIES", series_rows,
        "The whole numbers from a first to a last one, by a step that may be negative.",
        "GENERATE_SERIES(1, 7, 3) → [1, 4, 7]"),
    ROW("SLICE", slice_rows, "The items from one position to another, both included, from 1.",
        "SLICE(ARRAY[1, 2, 3], 2, 3) → [2, 3]"),
};
const uint32_t weir_fn_array_n = WEIR_COUNT(weir_fn_array);
