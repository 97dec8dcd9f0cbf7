/* COALESCE, IFNULL, NULLIF. The first two move words, whatever the type is: a vector holds values
 * of 1, 4, 8 or 16 bytes. */
#include "operators/fn_values.h"

typedef uint32_t __attribute__((may_alias)) word4;
typedef uint64_t __attribute__((may_alias)) word8;
typedef struct __attribute__((may_alias)) word16 {
    uint64_t a, b;
} word16;

/* Copies the first valid argument of each row. */
#define FIRST_VALID(name, word)                                                                    \
    static void name(weir_call *c, const weir_vec *args, uint32_t nargs, const uint16_t *sel,      \
                     uint32_t n, weir_vec *out)                                                    \
    {                                                                                              \
        word *restrict to = out->data;                                                             \
        WEIR__EACH_ROW (i, row, sel, n) {                                                          \
            uint32_t k = 0;                                                                        \
            while (k < nargs && !weir_vec_is_valid(&args[k], row)) {                               \
                k++;                                                                               \
            }                                                                                      \
            if (k < nargs) {                                                                       \
                to[row] = ((const word *)args[k].data)[row & args[k].mask];                        \
            } else {                                                                               \
                weir_bit_clear(weir_vec_need_valid(out, c->arena), row);                           \
            }                                                                                      \
        }                                                                                          \
    }
FIRST_VALID(first_1, uint8_t)
FIRST_VALID(first_4, word4)
FIRST_VALID(first_8, word8)
FIRST_VALID(first_16, word16)

static void coalesce(weir_call *c, const weir_vec *args, uint32_t nargs, const uint16_t *sel,
                     uint32_t n, weir_vec *out)
{
    switch (weir_type_width(c->type)) {
    case 1:
        first_1(c, args, nargs, sel, n, out);
        break;
    case 4:
        first_4(c, args, nargs, sel, n, out);
        break;
    case 8:
        first_8(c, args, nargs, sel, n, out);
        break;
    default:
        WEIR_ASSERT(weir_type_width(c->type) == 16);
        first_16(c, args, nargs, sel, n, out);
    }
}

static weir_value nullif(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)n;
    bool equal = args[0].null || (!args[1].null && weir_value_eq(c->type, &args[0], &args[1]));
    return equal ? weir__none(c) : args[0];
}

static const weir_overload coalesce_rows[] = {
    {.sig = "T, T... -> T", .vec = coalesce, .flags = WEIR_FN_NULLS},
};
static const weir_overload ifnull_rows[] = {
    {.sig = "T, T -> T", .vec = coalesce, .flags = WEIR_FN_NULLS},
};
static const weir_overload nullif_rows[] = {
    {.sig = "T, T -> T", .row = nullif, .flags = WEIR_FN_NULLS},
};

#define ROW(text, rows, words, sample)                                                             \
    {.name = text, .category = WEIR_CAT_CONDITIONAL, .doc = words, .example = sample,              \
     .overloads = rows, .n_overloads = WEIR_COUNT(rows)}
const weir_function weir_fn_conditional[] = {
    ROW("COALESCE", coalesce_rows, "The first of the arguments that is not NULL.",
        "COALESCE(NULL, 2, 3) → 2"),
    ROW("IFNULL", ifnull_rows, "The first argument or, if it is NULL, the second.",
        "IFNULL('a', 'b') → a"),
    ROW("NULLIF", nullif_rows, "The first argument or, if both are equal, NULL.",
        "NULLIF(1, 1) → null"),
};
const uint32_t weir_fn_conditional_n = WEIR_COUNT(weir_fn_conditional);
