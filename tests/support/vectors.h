/* Reads tests/vectors/NAME.txt: one case a line, fields between separators. */
#pragma once
#include "engine/base/base.h"

#define WEIR_VECTOR_FIELDS 16

/* Fields are NUL-terminated and may be changed. */
typedef void (*weir_vector_case)(char **fields, uint32_t n_fields, uint32_t line);
/* Returns the number of cases; fails the test when the file cannot be read. WEIR_VECTORS in the
 * environment names another folder, for runs over longer files. */
uint32_t weir_vectors_each(const char *name, char separator, weir_vector_case run);
/* Undoes \n \r \t \\ \uXXXX (a BMP code point, written as UTF-8) in place. */
weir_sv weir_vector_unescape(char *field);
