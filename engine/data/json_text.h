/* Strings and doubles as Jackson writes them into JSON: only `"`, `\` and control characters are
 * escaped (\b \t \n \f \r or \u00XX in upper case), everything else goes out as it is. Pure. */
#pragma once
#include "engine/base/buf.h"

/* With the quotes around it. */
void weir_json_string(weir_buf *out, weir_sv s);
/* The same to `to`, which has room for s.n + 2 bytes; returns where it ends. NULL when something in
 * it must be escaped: what was written counts for nothing then. */
char *weir_json_string_put(char *to, weir_sv s);
/* Double.toString; NaN and infinities as the strings "NaN", "Infinity", "-Infinity". */
void weir_json_double(weir_buf *out, double d);
