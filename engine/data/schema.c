/* Schemas are small and read when something is planned, never per row: linear look-up will do. */
#include "engine/data/schema.h"

#include "engine/base/limits.h"

int32_t weir_schema_find(const weir_schema *s, weir_sv name)
{
    for (uint32_t i = 0; i < s->n; i++) {
        if (weir_sv_eq(s->cols[i].name, name)) {
            return (int32_t)i;
        }
    }
    return -1;
}

const weir_schema *weir_schema_copy(weir_arena *a, const weir_schema *s)
{
    WEIR_ASSERT(s->n_keys <= s->n && s->n <= WEIR_COLUMNS_MAX);
    weir_column *cols = WEIR_NEW_N(a, weir_column, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        cols[i].name = weir_arena_sv(a, s->cols[i].name);
        cols[i].type = weir_type_copy(a, s->cols[i].type);
        cols[i].role = s->cols[i].role;
        cols[i].header = weir_arena_sv(a, s->cols[i].header);
    }
    weir_schema *copy = WEIR_NEW(a, weir_schema);
    *copy = (weir_schema){.n = s->n, .n_keys = s->n_keys, .cols = cols};
    return copy;
}

/* As LogicalSchema.toString. Pseudo columns are plain value columns there, so they print alike. */
void weir_schema_print(weir_buf *out, const weir_schema *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        const weir_column *col = &s->cols[i];
        weir_buf_str(out, i ? ", " : "");
        weir_name_print(out, col->name, true);
        weir_buf_byte(out, ' ');
        weir_type_print(out, col->type, true);
        if (col->role == WEIR_COL_KEY) {
            weir_buf_str(out, " KEY");
        } else if (col->role == WEIR_COL_HEADERS) {
            weir_buf_str(out, " HEADERS");
        } else if (col->role == WEIR_COL_HEADER) {
            weir_buf_printf(out, " HEADER('" WEIR_SV_FMT "')", WEIR_SV_ARG(col->header));
        }
    }
}

bool weir_schema_eq(const weir_schema *a, const weir_schema *b)
{
    if (a->n != b->n || a->n_keys != b->n_keys) {
        return false;
    }
    for (uint32_t i = 0; i < a->n; i++) {
        const weir_column *x = &a->cols[i];
        const weir_column *y = &b->cols[i];
        if (x->role != y->role || !weir_sv_eq(x->name, y->name) ||
            !weir_type_eq(x->type, y->type) || !weir_sv_eq(x->header, y->header)) {
            return false;
        }
    }
    return true;
}
