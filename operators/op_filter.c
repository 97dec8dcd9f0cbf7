/* WHERE and HAVING. On a stream a row passes or is gone. On a table each side of the change is
 * judged: a new value that does not pass is a deletion, an old one that did not pass was never
 * there, and a change with neither is not passed on. Columns are not touched. */
#include "operators/op.h"
#include "operators/op_kinds.h"

typedef struct op_filter {
    weir_op op;
    weir_program *program;
    weir_row_errors *errors;
} op_filter;

static weir_rc filter_open(weir_op *op, weir_status *st)
{
    (void)st;
    op_filter *f = (op_filter *)op;
    f->program = weir_program_new(weir_task_arena(op->task), op->node->in[0]->schema,
                                  &op->node->filter.where, 1, weir_task_settings(op->task));
    f->errors = weir_op_errors(op, WEIR_SV("WHERE"));
    return WEIR_OK;
}

/* Rows of `b` that have a value and pass. */
static uint32_t passing(op_filter *f, const weir_batch *b, uint16_t *out, weir_row_errors *errors)
{
    if (!b->flags) {
        return weir_program_filter(f->program, b, out, errors);
    }
    uint16_t rows[WEIR_BATCH_ROWS];
    uint32_t n = weir__rows_with_value(b, false, rows);
    weir_batch view = weir_batch_select(b, rows, (uint16_t)n);
    return n ? weir_program_filter(f->program, &view, out, errors) : 0;
}

static uint8_t *deleted(const weir_batch *b, const uint64_t *pass)
{
    uint8_t *flags = weir_arena_alloc(b->arena, b->rows);
    for (uint32_t i = 0; i < b->nsel; i++) {
        uint16_t row = weir_batch_row(b, i);
        flags[row] = (uint8_t)(weir_batch_flags(b, row) & ~WEIR_ROW_NULL_VALUE);
        if (!weir_bit(pass, row)) {
            flags[row] |= WEIR_ROW_NULL_VALUE;
        }
    }
    return flags;
}

static void mark_passing(op_filter *f, const weir_batch *b, uint64_t *pass, weir_row_errors *errors)
{
    uint16_t rows[WEIR_BATCH_ROWS];
    uint32_t n = passing(f, b, rows, errors);
    weir_bits_fill(pass, false);
    for (uint32_t i = 0; i < n; i++) {
        weir_bit_set(pass, rows[i]);
    }
}

static void push_table(op_filter *f, const weir_batch *b)
{
    uint64_t now[WEIR_BITS_WORDS];
    uint64_t before[WEIR_BITS_WORDS];
    mark_passing(f, b, now, f->errors);
    weir_batch out = *b;
    out.flags = deleted(b, now);
    weir_batch old;
    if (b->old) {
        mark_passing(f, b->old, before, NULL); /* errors were reported when it was new */
        old = *b->old;
        old.flags = deleted(b->old, before);
        out.old = &old;
    } else {
        weir_bits_fill(before, true); /* not known: a deletion too many is harmless */
    }
    uint16_t *sel = weir_arena_alloc(b->arena, b->nsel * sizeof *sel);
    uint16_t n = 0;
    WEIR_EACH_ROW(b, i, row)
    {
        if (weir_bit(now, row) || weir_bit(before, row)) {
            sel[n++] = (uint16_t)row;
        }
    }
    out.sel = old.sel = sel;
    out.nsel = old.nsel = n;
    if (!f->op.node->need_old) {
        out.old = NULL;
    }
    weir_emit(&f->op, &out);
}

static void filter_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    (void)port;
    op_filter *f = (op_filter *)op;
    if (op->node->table) {
        push_table(f, b);
        return;
    }
    uint16_t *sel = weir_arena_alloc(b->arena, WEIR_BATCH_ROWS * sizeof *sel);
    uint32_t n = passing(f, b, sel, f->errors);
    weir_batch out = weir_batch_select(b, sel, (uint16_t)n);
    weir_emit(op, &out);
}

const weir_op_kind weir__op_filter = {
    .name = "filter",
    .size = sizeof(op_filter),
    .open = filter_open,
    .push = filter_push,
    .local = true,
};
