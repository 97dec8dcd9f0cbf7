/* Reads JSON values into values of SQL types; for the JSON decoder. What reads a type is chosen
 * once, when the reader is made. */
#pragma once
#include "engine/base/limits.h"
#include "engine/data/json.h"
#include "engine/data/vec.h"

/* A step of the path to what could not be read. */
typedef struct weir__json_step {
    weir_sv name; /* empty: an array's item */
    uint32_t item;
} weir__json_step;

/* The document being read, and why it could not be. */
typedef struct weir__json_input {
    weir_json_doc doc;
    weir_arena *arena; /* takes what has to be made: the step arena of the batch */
    char why[256];
    weir__json_step path[WEIR_TYPE_DEPTH_MAX + 2]; /* innermost first */
    uint32_t n_path;
} weir__json_input;

/* Both return false. The second one adds a step around what was refused. */
bool weir__json_refuse(weir__json_input *x, const char *fmt, ...) WEIR_PRINTF(2, 3);
bool weir__json_refuse_in(weir__json_input *x, weir_sv name, uint32_t item);

typedef struct weir__json_reader weir__json_reader;
/* Writes one value; the token has one (its kind is above NULL, or ABSENT for an empty document).
 * `to` is the vector's element for a column, the value's member inside nested data, and a whole
 * weir_value for ARRAY, MAP and STRUCT. */
typedef bool (*weir__json_read_fn)(weir__json_input *x, const weir__json_reader *r,
                                   const weir_json_token *t, void *to);

#define WEIR__JSON_EVERYTHING ((1u << WEIR_JSON_KINDS) - 1)
struct weir__json_reader {
    const weir_type *type;
    weir__json_read_fn read;
    uint32_t always; /* bit per weir_json_kind that can be read whatever the value */
    uint32_t width;  /* of an element of the vector */
    bool nested;
    weir__json_reader *items; /* ARRAY, MAP: one · STRUCT: one per field */
    weir_json_keys *keys;     /* STRUCT */
};
void weir__json_reader_init(weir_arena *a, weir__json_reader *r, const weir_type *type);
