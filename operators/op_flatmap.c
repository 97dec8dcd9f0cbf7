/* Table functions: the arrays of one row become rows, side by side; a shorter one is filled up with
 * NULLs. A row whose arrays are all empty or NULL leaves nothing. */
#include "operators/op.h"
#include "operators/op_kinds.h"

typedef struct op_flatmap {
    weir_op op;
    weir_program *program;
    weir_row_errors *errors;
} op_flatmap;

static weir_rc flatmap_open(weir_op *op, weir_status *st)
{
    (void)st;
    op_flatmap *f = (op_flatmap *)op;
    f->program =
        weir_program_new(weir_task_arena(op->task), op->node->in[0]->schema,
                         op->node->flatmap.exprs, op->node->flatmap.n, weir_task_settings(op->task));
    f->errors = weir_op_errors(op, WEIR_SV("EXPLODE"));
    return WEIR_OK;
}

/* Output rows that wait: which input row, and which item of its arrays. */
typedef struct exploded {
    const weir_batch *b;
    const weir_vec *arrays;
    uint16_t rows[WEIR_BATCH_ROWS];
    uint32_t items[WEIR_BATCH_ROWS];
    uint32_t n;
    weir_batch *out; /* one for all the rows of a batch */
} exploded;

static void emit(op_flatmap *f, exploded *x)
{
    const weir_schema *in = f->op.node->in[0]->schema;
    weir_arena *a = x->b->arena;
    if (x->n == 0) {
        return;
    }
    if (!x->out) {
        x->out = weir_batch_new(a, f->op.node->schema);
        x->out->seq = x->b->seq ? weir__times(x->b) : NULL;
    }
    weir_batch *out = x->out;
    for (uint32_t c = 0; c < in->n; c++) {
        weir_vec_gather(&out->cols[c], a, 0, &x->b->cols[c], x->rows, x->n);
    }
    for (uint32_t k = 0; k < f->op.node->flatmap.n; k++) {
        weir_vec *to = &out->cols[in->n + k];
        for (uint32_t i = 0; i < x->n; i++) {
            const weir_vec *from = &x->arrays[k];
            weir_value item = weir_null(to->type->kind);
            if (weir_vec_is_valid(from, x->rows[i])) {
                const weir_value *array = WEIR_AT(const weir_value *, from, x->rows[i]);
                item = x->items[i] < array->n ? array->items[x->items[i]] : item;
            }
            weir_vec_put(to, a, i, &item);
        }
    }
    for (uint32_t i = 0; i < x->n; i++) {
        uint16_t row = x->rows[i];
        out->rowtime[i] = x->b->rowtime[row];
        if (out->seq) {
            out->seq[i] = x->b->seq[row];
        }
        if (x->b->flags) {
            weir_batch_need_flags(out)[i] = x->b->flags[row];
        }
    }
    out->rows = out->nsel = (uint16_t)x->n;
    x->n = 0;
    weir_emit(&f->op, out);
}

static void flatmap_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    (void)port;
    op_flatmap *f = (op_flatmap *)op;
    uint16_t rows[WEIR_BATCH_ROWS];
    weir_batch view = *b;
    view.sel = rows;
    view.nsel = (uint16_t)weir__rows_with_value(b, false, rows);
    weir_vec *arrays = WEIR_NEW_N(b->arena, weir_vec, op->node->flatmap.n);
    weir_program_eval(f->program, &view, arrays, f->errors);
    exploded *x = weir_arena_alloc(b->arena, sizeof *x);
    x->b = b;
    x->arrays = arrays;
    x->n = 0;
    x->out = NULL;
    for (uint32_t i = 0; i < view.nsel; i++) {
        uint32_t longest = 0;
        for (uint32_t k = 0; k < op->node->flatmap.n; k++) {
            if (weir_vec_is_valid(&arrays[k], rows[i])) {
                uint32_t n = WEIR_AT(const weir_value *, &arrays[k], rows[i])->n;
                longest = n > longest ? n : longest;
            }
        }
        for (uint32_t item = 0; item < longest; item++) {
            if (x->n == WEIR_BATCH_ROWS) {
                emit(f, x);
            }
            x->rows[x->n] = rows[i];
            x->items[x->n++] = item;
        }
    }
    emit(f, x);
}

const weir_op_kind weir__op_flatmap = {
    .name = "flatmap",
    .size = sizeof(op_flatmap),
    .open = flatmap_open,
    .push = flatmap_push,
};
