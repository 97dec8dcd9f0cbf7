/* What the functions on text share: results with a ceiling, lists of texts, text written in UTF-16
 * units. Private to fn_*.c. */
#pragma once
#include "engine/data/func.h"
#include "engine/data/text.h"

/* for (each of the n selected rows) with `row` set. */
#define WEIR__EACH_ROW(k, row, sel, n)                                                             \
    for (uint32_t k = 0, row = 0; k < (n) && ((row = (sel) ? (sel)[k] : k), true); k++)

static inline weir_value weir__none(const weir_call *c)
{
    return weir_null(c->type->kind);
}
/* A STRING or BYTES result. */
static inline weir_value weir__text(const weir_call *c, weir_sv s)
{
    weir_value v = weir_string(s);
    v.kind = (uint8_t)c->type->kind;
    return v;
}

/* Room for a result in step memory; NULL, a row error, over WEIR_STRING_BYTES_MAX. */
char *weir__room(weir_call *c, uint64_t bytes);
/* The bytes of `b` as the result; a row error if they are too many. Frees `b`, which is to be
 * initialised with WEIR_STRING_BYTES_MAX. */
weir_value weir__taken(weir_call *c, weir_buf *b);
/* Vector kernels: marks a row whose weir_row_error was called. */
void weir__fail_row_of(weir_call *c, weir_vec *out, uint32_t row);
/* An argument that Java takes as a primitive cannot be NULL. */
weir_value weir__null_argument(weir_call *c, uint32_t at);

/* The beginning of a text, for messages. */
weir_sv weir__shown(weir_sv s);

/* A list that grows; the texts are borrowed. False over WEIR_ARRAY_ITEMS_MAX: a row error. */
typedef struct weir__texts {
    weir_value *items;
    uint32_t n, cap;
    uint8_t kind; /* STRING or BYTES */
} weir__texts;
bool weir__texts_add(weir_call *c, weir__texts *t, weir_sv s);
/* Every UTF-16 unit of a text, every byte of bytes. */
bool weir__texts_units(weir_call *c, weir__texts *t, weir_sv s);

/* Text made of UTF-16 units, three bytes of room for each: halves of pairs that meet become one
 * character, others `?`. */
typedef struct weir__units {
    char *p;
    uint32_t n;
    uint32_t high; /* half of a pair that waits for the other, or 0 */
} weir__units;
void weir__unit(weir__units *u, uint32_t unit);
weir_sv weir__units_end(weir__units *u);
