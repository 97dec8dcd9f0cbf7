/* Columns that a statement leaves to the schema registry: asked for through weir_props, put beside
 * those it has. */
#include "dsl/binder.h"

#include "engine/base/limits.h"

static weir_rc take(weir__binder *b, const weir__infer *what, weir_column *cols, uint32_t *n)
{
    const weir_column *found = NULL;
    uint32_t n_found = 0;
    weir_inference ask = {
        .is_key = what->is_key,
        .unwrap = what->unwrap,
        .topic = what->topic,
        .format = what->format,
    };
    weir_rc rc = b->props->infer(b->props->ctx, &ask, b->a, &found, &n_found, b->st);
    if (rc != WEIR_OK) {
        b->st->span = what->span;
        return rc;
    }
    for (uint32_t i = 0; i < n_found; i++) {
        if (*n == WEIR_COLUMNS_MAX) {
            return weir_fail_at(b->st, WEIR_ELIMIT, what->span, "more than %d columns",
                                WEIR_COLUMNS_MAX);
        }
        for (uint32_t j = 0; j < *n; j++) {
            if (weir_sv_eq(cols[j].name, found[i].name)) {
                weir_sv name = weir__quoted(b, found[i].name);
                return weir__fail(b, what->span, "Duplicate column names: " WEIR_SV_FMT,
                                  WEIR_SV_ARG(name));
            }
        }
        if (weir__is_system(found[i].name)) {
            return weir__fail(b, what->span,
                              "'" WEIR_SV_FMT "' is a reserved column name. You cannot use it as a "
                              "name for a column.",
                              WEIR_SV_ARG(found[i].name));
        }
        cols[*n] = found[i];
        cols[(*n)++].role = what->is_key ? WEIR_COL_KEY : WEIR_COL_VALUE;
    }
    return WEIR_OK;
}

weir_rc weir__infer_columns(weir__binder *b, const weir__infer *key, const weir__infer *value,
                            const weir_schema **schema)
{
    const weir_schema *old = *schema;
    weir_column *cols = WEIR_NEW_N(b->a, weir_column, WEIR_COLUMNS_MAX);
    uint32_t n = 0;
    uint32_t at = 0;
    while (at < old->n_keys) {
        cols[n++] = old->cols[at++];
    }
    WEIR_TRY(key ? take(b, key, cols, &n) : WEIR_OK);
    uint32_t n_keys = n;
    while (at < old->n && old->cols[at].role == WEIR_COL_VALUE) {
        cols[n++] = old->cols[at++];
    }
    WEIR_TRY(value ? take(b, value, cols, &n) : WEIR_OK);
    if (n + (old->n - at) > WEIR_COLUMNS_MAX) {
        return weir_fail(b->st, WEIR_ELIMIT, "more than %d columns", WEIR_COLUMNS_MAX);
    }
    while (at < old->n) {
        cols[n++] = old->cols[at++];
    }
    weir_schema *s = WEIR_NEW(b->a, weir_schema);
    *s = (weir_schema){.n = (uint16_t)n, .n_keys = (uint16_t)n_keys, .cols = cols};
    *schema = s;
    return WEIR_OK;
}
