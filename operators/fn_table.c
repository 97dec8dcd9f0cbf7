/* Table functions: their result is an array, each item of which becomes a row. */
#include "operators/fn_values.h"

#include "engine/base/limits.h"

/* The argument: vectors of arrays hold pointers. */
static void explode(weir_call *c, const weir_vec *args, uint32_t nargs, const uint16_t *sel,
                    uint32_t n, weir_vec *out)
{
    (void)c;
    (void)nargs;
    const weir_value *const *from = args[0].data;
    const weir_value **to = out->data;
    WEIR__EACH_ROW (i, row, sel, n) {
        to[row] = from[row & args[0].mask];
    }
}

/* Row `mask` takes the items whose bit is set, the first item in the highest bit, and NULL for the
 * others. Rows that would take a NULL are those that do not take it. */
static weir_value cube(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    const weir_value *a = &args[0];
    if (a->n > WEIR_CUBE_COLUMNS_MAX) {
        return weir_row_error(c, "cube_explode: too many columns (%u); max is %d", a->n,
                              WEIR_CUBE_COLUMNS_MAX);
    }
    uint32_t present = 0;
    uint32_t rows = 1;
    for (uint32_t i = 0; i < a->n; i++) {
        bool some = !a->items[i].null;
        present = present << 1 | some;
        rows <<= some;
    }
    if (!weir__fn_room(c, (uint64_t)rows * (a->n + 1))) {
        return weir__none(c);
    }
    weir_value *list = weir_arena_alloc(c->arena, sizeof *list * rows);
    weir_value *items = weir_arena_alloc(c->arena, sizeof *items * rows * (a->n ? a->n : 1));
    weir_value none = weir_null(c->type->item->item->kind);
    uint32_t mask = 0;
    for (uint32_t row = 0; row < rows; row++) {
        weir_value *to = items + (size_t)row * a->n;
        for (uint32_t i = 0; i < a->n; i++) {
            to[i] = mask >> (a->n - 1 - i) & 1 ? a->items[i] : none;
        }
        list[row] = weir_array(to, a->n);
        mask = (mask - present) & present; /* the next subset of `present` */
    }
    return weir_array(list, rows);
}

static const weir_overload explode_rows[] = {{.sig = "ARRAY<T> -> ARRAY<T>", .vec = explode}};
static const weir_overload cube_rows[] = {{.sig = "ARRAY<T> -> ARRAY<ARRAY<T>>", .row = cube}};

const weir_function weir_fn_table[] = {
    {.name = "CUBE_EXPLODE", .category = WEIR_CAT_TABLE, .table_function = true,
     .doc = "A row for each combination of the items of an array with NULLs in their place.",
     .example = "CUBE_EXPLODE(ARRAY[1, 2]) gives [null, null], [null, 2], [1, null], [1, 2]",
     .overloads = cube_rows, .n_overloads = WEIR_COUNT(cube_rows)},
    {.name = "EXPLODE", .category = WEIR_CAT_TABLE, .table_function = true,
     .doc = "A row for each item of an array.", .example = "EXPLODE(ARRAY[1, 2]) gives 1, 2",
     .overloads = explode_rows, .n_overloads = WEIR_COUNT(explode_rows)},
};
const uint32_t weir_fn_table_n = WEIR_COUNT(weir_fn_table);
