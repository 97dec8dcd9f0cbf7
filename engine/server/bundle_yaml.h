/* The part of YAML that a bundle's manifest is written in: maps, lists and text. What makes YAML
 * surprising is refused with its place: anchors, aliases, tags, keys that are no text or come twice,
 * several documents. Limits: WEIR_BUNDLE_YAML_BYTES_MAX, …_NODES_MAX, …_DEPTH_MAX. */
#pragma once
#include "engine/base/arena.h"
#include "engine/base/status.h"

typedef enum weir_yaml_kind {
    WEIR_YAML_NONE, /* nothing, ~ or null */
    WEIR_YAML_TEXT,
    WEIR_YAML_LIST,
    WEIR_YAML_MAP,
} weir_yaml_kind;

typedef struct weir_yaml weir_yaml;
struct weir_yaml {
    weir_yaml_kind kind;
    uint32_t line, col; /* from 1 */
    weir_sv text;
    weir_yaml **items; /* of a map: key, value, key, value, … */
    uint32_t n, cap;
};

/* A document; *out is a node of kind NONE when there is nothing in it. Messages begin with
 * `file:line:column: `. */
weir_rc weir_yaml_parse(weir_sv text, const char *file, weir_arena *a, weir_yaml **out,
                        weir_status *st);
/* A message with the place of a node. */
weir_rc weir_yaml_fail(const weir_yaml *at, const char *file, weir_status *st, const char *fmt, ...)
    WEIR_PRINTF(4, 5);
