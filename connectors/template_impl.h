/* Between template.c, which compiles, and template_render.c. */
#pragma once
#include "connectors/template.h"

/* What a part puts in. */
typedef enum weir__tpl_what {
    WEIR__TPL_LITERAL,
    WEIR__TPL_COLUMN,
    WEIR__TPL_KEY,
    WEIR__TPL_VALUE,
    WEIR__TPL_TOPIC,
    WEIR__TPL_PARTITION,
    WEIR__TPL_OFFSET,
    WEIR__TPL_TIMESTAMP,
    WEIR__TPL_CONNECTOR,
    WEIR__TPL_HEADER,
} weir__tpl_what;

/* … and how: by the place of the template, or as its author has said. */
typedef enum weir__tpl_how {
    WEIR__TPL_BY_PLACE,
    WEIR__TPL_AS_JSON,
    WEIR__TPL_AS_URL,
    WEIR__TPL_AS_RAW,
    WEIR__TPL_AS_TIME,
} weir__tpl_how;

typedef struct weir__tpl_part {
    weir__tpl_what what;
    weir__tpl_how how;
    bool quoted;   /* JSON: inside of a string */
    uint32_t col;  /* COLUMN */
    uint32_t at;   /* of its name in the text */
    weir_sv text;  /* LITERAL: text · HEADER: name · AS_TIME: format */
} weir__tpl_part;

struct weir_template {
    weir_template_place place;
    const weir_sink_input *in;
    weir__tpl_part *parts;
    uint32_t n, cap;
};
