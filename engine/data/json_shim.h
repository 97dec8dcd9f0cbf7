/* Between json.c and simdjson: where the tokens of a JSON text start. For json*.c only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ORDER weir__json_fault: texts in json.c */
typedef enum weir__json_fault {
    WEIR__JSON_OK,
    WEIR__JSON_EMPTY,    /* nothing but white space */
    WEIR__JSON_UTF8,     /* not UTF-8 */
    WEIR__JSON_UNCLOSED, /* a string without an end */
    WEIR__JSON_CONTROL,  /* a control character inside a string */
    WEIR__JSON_MEMORY,   /* too large for the library */
} weir__json_fault;

/* Offsets of every bracket, colon, comma, opening quote and first character of a bare word in text
 * order, followed by `n`. They belong to the library and to this thread: valid until the next call.
 */
weir__json_fault weir__json_index(const char *p, uint32_t n, const uint32_t **at, uint32_t *n_at);
/* Whether bytes are UTF-8. For json_layout.c. */
bool weir__json_utf8_valid(const char *p, uint32_t n);

#ifdef __cplusplus
}
#endif
