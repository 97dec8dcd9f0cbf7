/* Batches are arena bumps: column data is not zeroed, because rows outside the selection may hold
 * anything and selected rows are always written. */
#include "engine/data/batch.h"

weir_batch *weir_batch_new(weir_arena *a, const weir_schema *schema)
{
    WEIR_ASSERT(schema->n_keys <= schema->n);
    weir_batch *b = weir_arena_alloc(a, sizeof *b);
    *b = (weir_batch){
        .schema = schema,
        .rowtime = weir_arena_alloc(a, WEIR_BATCH_ROWS * sizeof *b->rowtime),
        .cols = weir_arena_alloc(a, schema->n * sizeof *b->cols),
        .arena = a,
    };
    for (uint32_t i = 0; i < schema->n; i++) {
        weir_vec_init(&b->cols[i], a, schema->cols[i].type);
    }
    return b;
}

uint8_t *weir_batch_need_flags(weir_batch *b)
{
    if (!b->flags) {
        b->flags = weir_arena_zalloc(b->arena, WEIR_BATCH_ROWS * sizeof *b->flags);
    }
    return b->flags;
}

weir_batch weir_batch_select(const weir_batch *b, const uint16_t *sel, uint16_t nsel)
{
    WEIR_ASSERT(nsel <= b->rows && (sel || nsel == b->rows));
    weir_batch view = *b;
    view.sel = sel;
    view.nsel = nsel;
    if (b->old) {
        weir_batch *old = weir_arena_alloc(b->arena, sizeof *old);
        *old = *b->old;
        old->sel = sel;
        old->nsel = nsel;
        view.old = old;
    }
    return view;
}

static void verify_one(const weir_batch *b)
{
    WEIR_ASSERT(b->schema && b->schema->n_keys <= b->schema->n);
    WEIR_ASSERT(b->rows <= WEIR_BATCH_ROWS && b->nsel <= b->rows);
    WEIR_ASSERT(b->sel || b->nsel == b->rows);
    WEIR_ASSERT(b->cols || b->schema->n == 0);
    for (uint32_t i = 0; b->sel && i < b->nsel; i++) {
        WEIR_ASSERT(b->sel[i] < b->rows);
        WEIR_ASSERT(i == 0 || b->sel[i] > b->sel[i - 1]);
    }
    for (uint32_t i = 0; i < b->schema->n; i++) {
        const weir_vec *v = &b->cols[i];
        WEIR_ASSERT(v->type && v->data && !v->err);
        WEIR_ASSERT(v->mask == WEIR_VEC_FLAT || v->mask == WEIR_VEC_CONST);
        WEIR_ASSERT(weir_type_eq(v->type, b->schema->cols[i].type));
    }
}

void weir_batch_verify(const weir_batch *b)
{
    verify_one(b);
    WEIR_ASSERT(b->rowtime && b->arena);
    if (b->old) {
        const weir_batch *old = b->old;
        WEIR_ASSERT(!old->old && old->rows == b->rows && old->nsel == b->nsel);
        WEIR_ASSERT(old->schema->n == b->schema->n);
        for (uint32_t i = 0; i < b->nsel; i++) {
            WEIR_ASSERT(weir_batch_row(old, i) == weir_batch_row(b, i));
        }
        verify_one(old);
    }
}
