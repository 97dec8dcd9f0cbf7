/* The built-in functions: rows of the family files, listed in functions.def. To add a function, add
 * a row to its family; to add a family, add a line to functions.def. */
#pragma once
#include "engine/data/func.h"

/* Builds the registry; free it with weir_functions_free. */
weir_functions *weir_functions_builtin(void);
