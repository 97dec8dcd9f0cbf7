/* SELECT list: keys are columns of the input, values are computed. What cannot be computed is NULL.
 * Rows without a value stay without one and are not evaluated. Both sides of a table's change are
 * projected where somebody reads the old one. */
#include "operators/op.h"
#include "operators/op_kinds.h"

typedef struct op_project {
    weir_op op;
    weir_program *program;
    weir_program *old_program; /* results live until the next evaluation: old needs its own */
    weir_row_errors *errors;
} op_project;

static weir_rc project_open(weir_op *op, weir_status *st)
{
    (void)st;
    op_project *p = (op_project *)op;
    const weir_node *n = op->node;
    weir_arena *a = weir_task_arena(op->task);
    const weir_settings *settings = weir_task_settings(op->task);
    p->program =
        weir_program_new(a, n->in[0]->schema, n->project.exprs, n->schema->n, settings);
    if (n->need_old) {
        p->old_program =
            weir_program_new(a, n->in[0]->schema, n->project.exprs, n->schema->n, settings);
    }
    p->errors = weir_op_errors(op, WEIR_SV("SELECT"));
    return WEIR_OK;
}

static weir_vec *evaluate(op_project *p, weir_program *program, const weir_batch *b,
                          weir_row_errors *errors)
{
    const weir_node *node = p->op.node;
    uint32_t n_cols = node->schema->n;
    weir_vec *cols = WEIR_NEW_N(b->arena, weir_vec, n_cols);
    if (b->flags) {
        uint16_t rows[WEIR_BATCH_ROWS];
        uint32_t n = weir__rows_with_value(b, false, rows);
        weir_batch view = *b;
        view.sel = rows;
        view.nsel = (uint16_t)n;
        weir_program_eval(program, &view, cols, errors);
    } else {
        weir_program_eval(program, b, cols, errors);
    }
    for (uint32_t i = 0; i < n_cols; i++) {
        cols[i].err = NULL; /* failed rows are NULL */
    }
    /* Keys also of rows without a value. */
    for (uint32_t i = 0; i < node->schema->n_keys; i++) {
        WEIR_ASSERT(node->project.exprs[i]->ex == WEIR_EX_COLUMN);
        cols[i] = b->cols[node->project.exprs[i]->column];
    }
    /* Window bounds belong to the key. */
    for (uint32_t i = node->schema->n_keys; i < n_cols; i++) {
        if (node->project.exprs[i]->ex == WEIR_EX_COLUMN) {
            cols[i] = b->cols[node->project.exprs[i]->column];
        }
    }
    return cols;
}

static void project_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    (void)port;
    op_project *p = (op_project *)op;
    weir_batch out = *b;
    weir_batch old;
    out.schema = op->node->schema;
    out.cols = evaluate(p, p->program, b, p->errors);
    out.old = NULL;
    if (p->old_program && b->old) {
        old = *b->old;
        old.schema = op->node->schema;
        old.cols = evaluate(p, p->old_program, b->old, NULL);
        out.old = &old;
    }
    weir_emit(op, &out);
}

const weir_op_kind weir__op_project = {
    .name = "project",
    .size = sizeof(op_project),
    .open = project_open,
    .push = project_push,
    .local = true,
};
