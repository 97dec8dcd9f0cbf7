/* The registry of functions, from the families of functions.def. */
#include "operators/functions.h"

#include "engine/base/alloc.h"

/* A family file exports its rows and their number. */
#define WEIR_FUNCTIONS(family)                                                                     \
    extern const weir_function weir_fn_##family[];                                                 \
    extern const uint32_t weir_fn_##family##_n;
#include "operators/functions.def"
#undef WEIR_FUNCTIONS

weir_functions *weir_functions_builtin(void)
{
    const struct {
        const weir_function *rows;
        uint32_t n;
    } families[] = {
#define WEIR_FUNCTIONS(family) {weir_fn_##family, weir_fn_##family##_n},
#include "operators/functions.def"
#undef WEIR_FUNCTIONS
    };
    const weir_function **rows = NULL;
    size_t n = 0;
    size_t cap = 0;
    for (size_t i = 0; i < WEIR_COUNT(families); i++) {
        for (uint32_t k = 0; k < families[i].n; k++) {
            WEIR_GROW(rows, cap, n + 1);
            rows[n++] = &families[i].rows[k];
        }
    }
    weir_functions *f = weir_functions_new(rows, (uint32_t)n);
    weir_free((void *)(uintptr_t)rows);
    return f;
}
