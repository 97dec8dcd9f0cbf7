/* Reads Avro's binary encoding into values of SQL types; for the AVRO decoder. What reads a type is
 * chosen once per writer's schema. Every read is checked against the end of the record, and a
 * record has a budget of values, because some take no bytes. */
#pragma once
#include "connectors/fmt_avro.h"
#include "engine/data/vec.h"

/* The record being read, and why it could not be. */
typedef struct weir__avro_input {
    weir_reader in;
    weir_arena *arena; /* takes what has to be made: the step arena of the batch */
    uint64_t budget;   /* values that may still be read */
    char why[256];
} weir__avro_input;

typedef struct weir__avro_reader weir__avro_reader;
/* Writes one value that is not NULL. `to` is the vector's element for a column, the value's member
 * inside nested data, and a whole weir_value for ARRAY, MAP and STRUCT. */
typedef bool (*weir__avro_read_fn)(weir__avro_input *x, const weir__avro_reader *r, void *to);

/* One field of a record, or one branch of a union that becomes a STRUCT. */
typedef struct weir__avro_member {
    weir__avro_reader *reader; /* NULL: skipped */
    const weir__avro *from;
    uint32_t to; /* index of the field or column */
} weir__avro_member;

struct weir__avro_reader {
    weir__avro_read_fn read;
    const weir_type *type; /* NULL: the columns of a row */
    const weir__avro *from;
    const char *refused; /* why no value of this schema has the type; else NULL */
    bool optional;       /* a union of null and `from` */
    uint32_t null_branch;
    bool choice; /* a union of several types: a STRUCT with a field per type */
    bool nested;
    weir__avro_reader *key, *item; /* MAP · ARRAY, MAP */
    uint32_t n_members;
    weir__avro_member *members; /* STRUCT, row: in the writer's order */
};

/* Prepares for a value written with `from`. `path` is for messages: "->A->B", empty at the root. */
weir__avro_reader *weir__avro_reader_new(weir_arena *a, const weir__avro *from,
                                         const weir_type *type, weir_sv path);
/* The same for columns, written as one record. */
weir__avro_reader *weir__avro_reader_row(weir_arena *a, const weir__avro *from,
                                         const weir_column *cols, uint32_t n);

bool weir__avro_refuse(weir__avro_input *x, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* A value or NULL. */
bool weir__avro_read(weir__avro_input *x, const weir__avro_reader *r, bool *null, void *to);
/* Whether a value is there: takes the union's branch from the input. */
bool weir__avro_read_presence(weir__avro_input *x, const weir__avro_reader *r, bool *null,
                              uint32_t *branch);
bool weir__avro_skip(weir__avro_input *x, const weir__avro *t, uint32_t depth);
