/* GROUP BY, PARTITION BY and the re-keying before a join: the same rows under other keys. What moves
 * them to the task of their new key is the exchange behind.
 *
 * A table's change may leave one key and enter another. It then becomes two: the old key loses the
 * row first, then the new key gains it (as Kafka Streams' KTableRepartitionMap does). */
#include "operators/op.h"
#include "operators/op_kinds.h"

typedef struct side {
    weir_program **keys; /* one per key column: they may see different rows */
    weir_program *values;
} side;

typedef struct op_rekey {
    weir_op op;
    side now, before;
    bool *of_key; /* per key column: reads nothing but key columns */
    weir_row_errors *errors;
    weir__keys bytes; /* to compare old and new keys */
} op_rekey;

static void open_side(op_rekey *r, side *s)
{
    const weir_node *n = r->op.node;
    const weir_schema *in = n->in[0]->schema;
    uint32_t n_keys = n->schema->n_keys;
    weir_arena *a = weir_task_arena(r->op.task);
    const weir_settings *settings = weir_task_settings(r->op.task);
    s->keys = WEIR_NEW_N(a, weir_program *, n_keys);
    for (uint32_t i = 0; i < n_keys; i++) {
        s->keys[i] = weir_program_new(a, in, &n->rekey.exprs[i], 1, settings);
        if (n->rekey.skip_null) {
            weir_program_strict(s->keys[i]);
        }
    }
    s->values =
        weir_program_new(a, in, n->rekey.exprs + n_keys, n->schema->n - n_keys, settings);
}

static weir_rc rekey_open(weir_op *op, weir_status *st)
{
    (void)st;
    op_rekey *r = (op_rekey *)op;
    const weir_node *n = op->node;
    const weir_schema *in = n->in[0]->schema;
    weir_arena *a = weir_task_arena(op->task);
    open_side(r, &r->now);
    if (n->table) {
        open_side(r, &r->before);
    }
    r->of_key = WEIR_NEW_N(a, bool, n->schema->n_keys);
    bool *used = WEIR_NEW_N(a, bool, in->n);
    for (uint32_t i = 0; i < n->schema->n_keys; i++) {
        memset(used, 0, in->n * sizeof *used);
        weir_expr_columns(n->rekey.exprs[i], used);
        r->of_key[i] = true;
        for (uint32_t c = in->n_keys; c < in->n; c++) {
            r->of_key[i] &= !used[c];
        }
    }
    weir__keys_init(&r->bytes, a, n->schema, false);
    r->errors = weir_op_errors(op, WEIR_SV("key"));
    return WEIR_OK;
}

static void rekey_close(weir_op *op)
{
    weir__keys_deinit(&((op_rekey *)op)->bytes);
}

/* Rows outside `some` get a NULL, in a vector that may be changed. */
static void null_elsewhere(weir_vec *v, const weir_batch *b, const weir_batch *some)
{
    weir_vec own;
    weir_vec_init(&own, b->arena, v->type);
    uint64_t *valid = weir_vec_need_valid(&own, b->arena);
    weir_bits_fill(valid, false);
    WEIR_EACH_ROW(some, i, row)
    {
        weir_value value = weir_vec_get(v, row);
        weir_vec_put(&own, b->arena, row, &value);
    }
    *v = own;
}

/* All columns under the new key. A key that needs values is NULL where there are none. */
static weir_vec *evaluate(op_rekey *r, side *s, const weir_batch *b, weir_row_errors *errors)
{
    const weir_schema *schema = r->op.node->schema;
    weir_vec *cols = WEIR_NEW_N(b->arena, weir_vec, schema->n);
    uint16_t rows[WEIR_BATCH_ROWS];
    weir_batch some = *b;
    if (b->flags) {
        some.sel = rows;
        some.nsel = (uint16_t)weir__rows_with_value(b, false, rows);
    }
    for (uint32_t i = 0; i < schema->n_keys; i++) {
        bool all = r->of_key[i] || some.nsel == b->nsel;
        weir_program_eval(s->keys[i], all ? b : &some, &cols[i], errors);
        if (!all) {
            null_elsewhere(&cols[i], b, &some);
        }
        cols[i].err = NULL;
    }
    weir_program_eval(s->values, &some, cols + schema->n_keys, errors);
    for (uint32_t i = schema->n_keys; i < schema->n; i++) {
        cols[i].err = NULL;
    }
    return cols;
}

static bool any_null(const weir_vec *cols, uint32_t n_keys, uint32_t row)
{
    for (uint32_t i = 0; i < n_keys; i++) {
        if (!weir_vec_is_valid(&cols[i], row)) {
            return true;
        }
    }
    return n_keys == 0;
}

static void push_stream(op_rekey *r, const weir_batch *b)
{
    uint32_t n_keys = r->op.node->schema->n_keys;
    bool skip = r->op.node->rekey.skip_null;
    weir_batch out = *b;
    out.schema = r->op.node->schema;
    out.cols = evaluate(r, &r->now, b, r->errors);
    uint16_t *sel = weir_arena_alloc(b->arena, b->nsel * sizeof *sel);
    uint16_t n = 0;
    out.flags = NULL;
    WEIR_EACH_ROW(b, i, row)
    {
        uint8_t flags = weir_batch_flags(b, row) & WEIR_ROW_NULL_VALUE;
        bool null = n_keys <= 1 && any_null(out.cols, n_keys, row);
        if (skip && (flags || null || any_null(out.cols, n_keys, row))) {
            continue;
        }
        flags |= null ? WEIR_ROW_NULL_KEY : 0;
        if (flags) {
            weir_batch_need_flags(&out)[row] = flags;
        }
        sel[n++] = (uint16_t)row;
    }
    out.sel = sel;
    out.nsel = n;
    weir_emit(&r->op, &out);
}

/* ---- tables ---- */

/* Rows under way to one output batch. */
typedef struct moves {
    op_rekey *r;
    const weir_batch *b;
    weir_vec *now, *before; /* columns under the new keys; before: NULL, or of b->old */
    uint16_t rows[WEIR_BATCH_ROWS];
    bool has_now[WEIR_BATCH_ROWS], has_before[WEIR_BATCH_ROWS];
    uint32_t n;
} moves;

static void gather_side(const moves *m, weir_batch *out, const weir_vec *cols, const bool *has)
{
    uint8_t *flags = weir_batch_need_flags(out);
    bool any = false; /* without a row nothing has been evaluated: there may be no column to read */
    for (uint32_t i = 0; i < m->n; i++) {
        flags[i] = has[i] ? 0 : WEIR_ROW_NULL_VALUE;
        any |= has[i];
    }
    for (uint32_t c = m->r->op.node->schema->n_keys; any && c < out->schema->n; c++) {
        weir_vec_gather(&out->cols[c], m->b->arena, 0, &cols[c], m->rows, m->n);
    }
}

static void moves_emit(moves *m)
{
    if (m->n == 0) {
        return;
    }
    const weir_schema *schema = m->r->op.node->schema;
    weir_arena *a = m->b->arena;
    weir_batch *out = weir_batch_new(a, schema);
    out->rows = out->nsel = (uint16_t)m->n;
    out->old = weir_batch_new(a, schema);
    out->old->rows = out->old->nsel = (uint16_t)m->n;
    gather_side(m, out, m->now, m->has_now);
    gather_side(m, out->old, m->before, m->has_before);
    for (uint32_t c = 0; c < schema->n_keys; c++) {
        weir_vec_gather(&out->cols[c], a, 0, &m->now[c], m->rows, m->n);
        for (uint32_t i = 0; i < m->n; i++) {
            if (!m->has_now[i]) {
                weir_value v = weir_vec_get(&m->before[c], m->rows[i]);
                weir_vec_put(&out->cols[c], a, i, &v);
            }
        }
        out->old->cols[c] = out->cols[c];
    }
    out->seq = m->b->seq ? weir__times(m->b) : NULL;
    for (uint32_t i = 0; i < m->n; i++) {
        out->rowtime[i] = m->b->rowtime[m->rows[i]];
        if (out->seq) {
            out->seq[i] = m->b->seq[m->rows[i]];
        }
    }
    out->old->rowtime = out->rowtime;
    weir_emit(&m->r->op, out);
    m->n = 0;
}

static void moves_add(moves *m, uint32_t row, bool has_now, bool has_before)
{
    if (m->n == WEIR_BATCH_ROWS) {
        moves_emit(m);
    }
    m->rows[m->n] = (uint16_t)row;
    m->has_now[m->n] = has_now;
    m->has_before[m->n++] = has_before;
}

/* Bytes of the keys, one per selected row; NULL texts and garbage where there is no such key. */
static bool key_bytes(op_rekey *r, const weir_batch *b, weir_vec *cols, const bool *has,
                      weir_sv *out)
{
    weir_batch view = *b;
    view.cols = cols;
    uint16_t rows[WEIR_BATCH_ROWS];
    weir_sv some[WEIR_BATCH_ROWS];
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->nsel; i++) {
        if (has[i]) {
            rows[n++] = weir_batch_row(b, i);
        }
    }
    if (!weir__keys_of(&r->bytes, r->op.task, &view, rows, n, some)) {
        return false;
    }
    n = 0;
    for (uint32_t i = 0; i < b->nsel; i++) {
        out[i] = has[i] ? weir_arena_sv(b->arena, some[n++]) : (weir_sv){NULL, 0};
    }
    return true;
}

static void push_table(op_rekey *r, const weir_batch *b)
{
    uint32_t n_keys = r->op.node->schema->n_keys;
    moves m = {.r = r, .b = b};
    m.now = evaluate(r, &r->now, b, r->errors);
    m.before = b->old ? evaluate(r, &r->before, b->old, NULL) : NULL;
    bool now[WEIR_BATCH_ROWS];
    bool before[WEIR_BATCH_ROWS];
    for (uint32_t i = 0; i < b->nsel; i++) {
        uint16_t row = weir_batch_row(b, i);
        now[i] = !(weir_batch_flags(b, row) & WEIR_ROW_NULL_VALUE) &&
                 !any_null(m.now, n_keys, row);
        before[i] = m.before && !(weir_batch_flags(b->old, row) & WEIR_ROW_NULL_VALUE) &&
                    !any_null(m.before, n_keys, row);
    }
    weir_sv new_keys[WEIR_BATCH_ROWS];
    weir_sv old_keys[WEIR_BATCH_ROWS];
    if (!key_bytes(r, b, m.now, now, new_keys) ||
        (m.before && !key_bytes(r, b, m.before, before, old_keys))) {
        return;
    }
    for (uint32_t i = 0; i < b->nsel; i++) {
        uint16_t row = weir_batch_row(b, i);
        if (now[i] && before[i] && weir_sv_eq(new_keys[i], old_keys[i])) {
            moves_add(&m, row, true, true);
            continue;
        }
        if (before[i]) {
            moves_add(&m, row, false, true);
        }
        if (now[i]) {
            moves_add(&m, row, true, false);
        }
    }
    moves_emit(&m);
}

static void rekey_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    (void)port;
    if (op->node->table) {
        push_table((op_rekey *)op, b);
    } else {
        push_stream((op_rekey *)op, b);
    }
}

const weir_op_kind weir__op_rekey = {
    .name = "rekey",
    .size = sizeof(op_rekey),
    .open = rekey_open,
    .push = rekey_push,
    .local = true,
    .close = rekey_close,
};
