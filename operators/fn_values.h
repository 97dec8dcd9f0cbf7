/* Shared by the function families that build arrays and maps.
 *
 * Values are immutable, and arguments live at least as long as the step arena, so results share the
 * items of their arguments. What a row may add to the step arena is bounded (weir__fn_room). */
#pragma once
#include "operators/fn_text.h"

static inline weir_dec_type weir__fn_dec_type(const weir_type *t)
{
    return (weir_dec_type){t->precision, t->scale};
}
/* A `ret` for results of the type of the first argument. */
const weir_type *weir__fn_first_type(weir_arena *a, const weir_type *const *args, uint32_t n,
                                     weir_status *st);
/* Whether an array or map of `items` may be built; sets the row error if not. */
bool weir__fn_room(weir_call *c, uint64_t items);
/* Whether a loop over items may go on to its turn `i`: each may add to the step arena. */
bool weir__fn_may_go_on(weir_call *c, uint32_t i);
int64_t weir__fn_now_ms(const weir_call *c);
/* Comparable.compareTo: as weir_value_cmp, but bytes are signed, as in a ByteBuffer. */
int weir__fn_compare(const weir_type *t, const weir_value *a, const weir_value *b);

/* An insertion-ordered set of values, in an arena. */
typedef struct weir__set {
    const weir_type *type;
    weir_value *items;
    uint32_t n, room;
    uint32_t *slots; /* index + 1 */
    uint32_t mask;
} weir__set;
/* With room for `room` items, which must have been allowed. */
void weir__set_init(weir__set *s, weir_arena *a, const weir_type *type, uint32_t room);
/* Index of the item; it is added if `fresh`. */
uint32_t weir__set_add(weir__set *s, const weir_value *v, bool *fresh);
bool weir__set_has(const weir__set *s, const weir_value *v);

/* The entries of a map in the order in which Java's HashMap gives them: ksqlDB's results depend on
 * it (REDUCE, MAP_KEYS). A permutation of 0..n-1, or NULL for the order as it is. */
const uint32_t *weir__map_order(weir_arena *a, const weir_type *type, const weir_value *map);
