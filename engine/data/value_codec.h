/* Pieces of the binary value form that rows share. Internal to engine/data. */
#pragma once
#include "engine/data/value.h"

/* A DECIMAL of more than 38 digits: i32 signed limb count, then the limbs. */
static inline bool weir__dec_is_big(const weir_type *t)
{
    return t->kind == WEIR_T_DECIMAL && t->precision > WEIR_DEC_SMALL_DIGITS;
}
static inline uint32_t weir__dec_bytes(weir_dec d)
{
    uint32_t limbs = (uint32_t)(d.big.n < 0 ? -d.big.n : d.big.n);
    return 4 + limbs * 8;
}
void weir__dec_write(char *to, weir_dec d); /* weir__dec_bytes(d) bytes */
/* False when the bytes are no number of type `t`. Limbs are copied to `a`. */
bool weir__dec_read(weir_arena *a, const weir_type *t, weir_sv bytes, weir_dec *out);
