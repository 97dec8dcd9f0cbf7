/* Signatures of functions as small trees, parsed once from the text of a registry row.
 *
 *   "ARRAY<T>, (T) => BOOLEAN -> ARRAY<T>"
 *      params[0]   params[1] a lambda   result
 *
 * Private to func*.c. Immutable after parsing. */
#pragma once
#include "engine/data/func.h"

typedef enum weir_sig_kind {
    WEIR_SIG_SCALAR,  /* `kind`; DECIMAL without precision: any */
    WEIR_SIG_DECIMAL, /* a result with its precision and scale written out */
    WEIR_SIG_ARRAY,   /* kids[0] */
    WEIR_SIG_MAP,     /* kids[0] → kids[1] */
    WEIR_SIG_STRUCT,  /* kids with names */
    WEIR_SIG_GENERIC, /* `letter` */
    WEIR_SIG_ANY,
    WEIR_SIG_LAMBDA,  /* kids[0 … n-2] are parameters, kids[n-1] is the body */
} weir_sig_kind;

typedef struct weir_sig_type weir_sig_type;
struct weir_sig_type {
    weir_sig_kind sig;
    weir_kind kind;
    char letter;
    int32_t precision, scale;
    uint32_t n;
    const weir_sig_type **kids;
    weir_sv *names;
};

#define WEIR_SIG_PARAMS_MAX 32

typedef struct weir_sig {
    uint32_t n;
    const weir_sig_type **params; /* a variadic one holds the type of an item */
    bool *is_init;
    int32_t variadic;             /* index of the variadic parameter, or -1 */
    const weir_sig_type *result;  /* NULL: computed (`*`) */
} weir_sig;

/* NULL when the text is not a signature. */
const weir_sig *weir__sig_parse(weir_arena *a, const char *text);
/* As ksqlDB writes parameter types: INT, VARCHAR, ARRAY<T>, LAMBDA (T) => BOOLEAN. */
void weir__sig_type_print(weir_buf *out, const weir_sig_type *t);
/* The parsed signatures of a registered function, one per overload or aggregate. */
const weir_sig *const *weir__functions_sigs(const weir_functions *f, const weir_function *fn,
                                            uint32_t *n);
/* "NAME(VARCHAR, INT...)" */
void weir__sig_print(weir_buf *out, const char *name, const weir_sig *s);
