/* SQL types. A type is an immutable tree; scalar types without parameters are shared singletons,
 * others are arena-owned and live as long as the plan or catalog that holds them.
 *
 * Representation of one value in a vector's data array, by kind:
 *
 *   BOOLEAN uint8_t (0/1)          DECIMAL   weir_dec (16 bytes, see decimal.h)
 *   INTEGER int32_t                STRING    weir_sv, valid UTF-8
 *   BIGINT  int64_t                BYTES     weir_sv
 *   DOUBLE  double                 DATE int32_t days   TIME int32_t ms of day   TIMESTAMP int64_t ms
 *   ARRAY, MAP, STRUCT             const weir_value * (arena-owned tree, see value.h)
 */
#pragma once
#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/status.h"

/* ORDER weir_kind: tables in type.c */
typedef enum weir_kind {
    WEIR_T_BOOLEAN,
    WEIR_T_INTEGER,
    WEIR_T_BIGINT,
    WEIR_T_DOUBLE,
    WEIR_T_DECIMAL,
    WEIR_T_STRING,
    WEIR_T_BYTES,
    WEIR_T_DATE,
    WEIR_T_TIME,
    WEIR_T_TIMESTAMP,
    WEIR_T_ARRAY,
    WEIR_T_MAP,
    WEIR_T_STRUCT,
    /* Only while binding, never in a schema: */
    WEIR_T_NULL,    /* the literal NULL */
    WEIR_T_LAMBDA,  /* a lambda argument */
    WEIR_T_UNIT,    /* a window unit word used as an argument: INTEGER factor in milliseconds */
    WEIR_T_KINDS
} weir_kind;

typedef struct weir_type weir_type;
typedef struct weir_field {
    weir_sv name;
    const weir_type *type;
} weir_field;

struct weir_type {
    weir_kind kind;
    int32_t precision, scale;   /* DECIMAL */
    const weir_type *key;       /* MAP */
    const weir_type *item;      /* ARRAY item, MAP value */
    uint32_t n_fields;          /* STRUCT */
    const weir_field *fields;
};

/* The shared type of a kind without parameters. */
const weir_type *weir_type_of(weir_kind kind);
const weir_type *weir_type_decimal(weir_arena *a, int32_t precision, int32_t scale);
const weir_type *weir_type_array(weir_arena *a, const weir_type *item);
const weir_type *weir_type_map(weir_arena *a, const weir_type *key, const weir_type *value);
const weir_type *weir_type_struct(weir_arena *a, const weir_field *fields, uint32_t n); /* copies */
const weir_type *weir_type_copy(weir_arena *a, const weir_type *t); /* deep, names included */

bool weir_type_eq(const weir_type *a, const weir_type *b); /* field names are case-sensitive */
bool weir_type_is_nested(const weir_type *t);
bool weir_type_is_numeric(const weir_type *t); /* INTEGER BIGINT DOUBLE DECIMAL */
bool weir_type_has_map(const weir_type *t);    /* somewhere inside */
/* Index of a struct field, exact name, or -1. */
int32_t weir_type_field(const weir_type *t, weir_sv name);
/* Bytes of one value in a vector. */
uint32_t weir_type_width(const weir_type *t);
/* ksqlDB's text: `ARRAY<STRUCT<`A` INTEGER, `B` DECIMAL(4, 2)>>`. Names are back-quoted always
 * (quote_all) or only where the lexer needs it. */
void weir_type_print(weir_buf *out, const weir_type *t, bool quote_all);
weir_sv weir_type_name(weir_arena *a, const weir_type *t); /* printed with quote_all */
/* A name as SQL writes it: plain when it is an upper-case word, else in back-quotes. */
void weir_name_print(weir_buf *out, weir_sv name, bool quote_all);
