/* Files of vectors for scalar functions, one case a line: FUNCTION, arguments as `s:text`, `i:1` or
 * `n:` (a NULL string), the result as `=text`, `NULL` or `!` (an error). */
#pragma once
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/fn_test.h"
#include "tests/support/vectors.h"

static fn_test *fn_vectors_of;
static const char *fn_vectors_name;

static inline weir_value fn_vector_argument(char *text)
{
    if (text[0] == 'i') {
        return weir_int((int32_t)strtol(text + 2, NULL, 10));
    }
    return text[0] == 'n' ? weir_null(WEIR_T_STRING) : weir_string(weir_vector_unescape(text + 2));
}

static inline void fn_vector(char **f, uint32_t n, uint32_t line)
{
    fn_test *t = fn_vectors_of;
    weir_value args[FN_ARGS_MAX];
    assert_true(n >= 3 && n - 2 <= FN_ARGS_MAX);
    for (uint32_t i = 0; i + 2 < n; i++) {
        args[i] = fn_vector_argument(f[i + 1]);
    }
    weir_sv expected = weir_vector_unescape(f[n - 1]);
    if (expected.p[0] == '=') {
        expected.p++;
        expected.n--;
    }
    weir_sv actual = fn_eval(t, f[0], args, n - 2);
    if (!weir_sv_eq(actual, expected)) {
        print_error("%s.txt:%u: %s: got \"" WEIR_SV_FMT "\", expected \"" WEIR_SV_FMT "\"\n",
                    fn_vectors_name, line, f[0], WEIR_SV_ARG(actual), WEIR_SV_ARG(expected));
        fail();
    }
    weir_arena_reset(&t->arena);
}

static inline void fn_vectors(fn_test *t, const char *name, uint32_t at_least)
{
    fn_vectors_of = t;
    fn_vectors_name = name;
    assert_true(weir_vectors_each(name, '\t', fn_vector) >= at_least);
}
