/* A source table that somebody needs the old rows of: keeps the newest row of each key. */
#include "operators/op_kinds.h"
#include "operators/op_state.h"

typedef struct op_materialize {
    weir_op op;
    weir__keys keys;
    weir__table table;
    weir_buf rows;     /* encoded rows of the batch */
    weir_buf replaced; /* what they replaced */
    uint32_t starts[WEIR_BATCH_ROWS + 1];
} op_materialize;

#define TAG_ROW 'R'

static weir_rc materialize_open(weir_op *op, weir_status *st)
{
    (void)st;
    op_materialize *m = (op_materialize *)op;
    const weir_node *n = op->node;
    weir__keys_init(&m->keys, weir_task_arena(op->task), n->schema,
                    n->window.kind != WEIR_WINDOW_NONE);
    weir__table_init(&m->table, op->task, n->schema);
    return WEIR_OK;
}

static void materialize_close(weir_op *op)
{
    op_materialize *m = (op_materialize *)op;
    weir__keys_deinit(&m->keys);
    weir__table_deinit(&m->table);
    weir_buf_deinit(&m->rows);
    weir_buf_deinit(&m->replaced);
}

/* Applies rows[0..n) one after the other; before[i] is what row i replaced (n == 0: nothing), as a
 * place in m->replaced until the end, when that has stopped growing. */
static bool apply(op_materialize *m, const weir_batch *b, const uint16_t *rows, uint32_t n,
                  weir_sv *before)
{
    weir_sv keys[WEIR_BATCH_ROWS];
    uint32_t at[WEIR_BATCH_ROWS];
    weir_buf_reset(&m->rows);
    weir_buf_reset(&m->replaced);
    uint16_t valued[WEIR_BATCH_ROWS];
    weir_batch view = weir_batch_select(b, rows, (uint16_t)n);
    uint32_t n_valued = weir__rows_with_value(&view, false, valued);
    if (!weir__keys_of(&m->keys, m->op.task, b, rows, n, keys) ||
        (n_valued && !weir_row_encode_batch(&m->table.codec, &m->rows, b->cols, valued, n_valued,
                                            m->starts))) {
        weir_task_fail(m->op.task, "the rows of one batch take too many bytes");
        return false;
    }
    if (!weir__table_need(&m->table, &m->op, TAG_ROW, keys, n)) {
        return false;
    }
    uint32_t k = 0;
    for (uint32_t i = 0; i < n; i++) {
        const weir__row *r = weir_hmap_find(m->table.map, keys[i]);
        before[i] = weir__row_bytes(r);
        at[i] = (uint32_t)m->replaced.n;
        weir_buf_sv(&m->replaced, before[i]);
        if (weir_batch_flags(b, rows[i]) & WEIR_ROW_NULL_VALUE) {
            weir__table_remove(&m->table, keys[i]);
        } else {
            weir_sv row = {m->rows.p + m->starts[k], m->starts[k + 1] - m->starts[k]};
            weir__table_put(&m->table, keys[i], row, b->rowtime[rows[i]]);
            k++;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        before[i].p = m->replaced.p + at[i];
    }
    return true;
}

static void materialize_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    (void)port;
    op_materialize *m = (op_materialize *)op;
    uint16_t rows[WEIR_BATCH_ROWS];
    weir_sv before[WEIR_BATCH_ROWS];
    uint32_t n = 0;
    WEIR_EACH_ROW(b, i, row)
    {
        if (!weir__null_key(b, row, false)) {
            rows[n++] = (uint16_t)row;
        }
    }
    if (n == 0 || !apply(m, b, rows, n, before)) {
        return;
    }
    weir_batch out = *b;
    out.sel = rows;
    out.nsel = (uint16_t)n;
    if (op->node->need_old) {
        weir_batch *old = weir_batch_new(b->arena, b->schema);
        uint8_t *flags = weir_batch_need_flags(old);
        for (uint32_t i = 0; i < n; i++) {
            flags[rows[i]] = before[i].n ? 0 : WEIR_ROW_NULL_VALUE;
        }
        for (uint32_t c = 0; c < b->schema->n; c++) {
            if (c < b->schema->n_keys) {
                old->cols[c] = b->cols[c];
            } else {
                weir_row_gather(&m->table.codec, before, n, c, &old->cols[c], b->arena, rows);
            }
        }
        old->rowtime = b->rowtime;
        old->rows = b->rows;
        old->sel = rows;
        old->nsel = (uint16_t)n;
        out.old = old;
    }
    weir_emit(op, &out);
}

static void materialize_save(weir_op *op, weir_store_batch *batch)
{
    op_materialize *m = (op_materialize *)op;
    weir__saver saver;
    weir__saver_init(&saver, op, batch);
    weir__table_save(&m->table, &saver, TAG_ROW);
    weir__saver_deinit(&saver);
}

static weir_rc materialize_load(weir_op *op, weir_sv key, weir_sv value, weir_status *st)
{
    char tag = 0;
    if (!weir__load_tag(&key, &tag) || tag != TAG_ROW) {
        return weir__load_bad(op, st);
    }
    return weir__table_load(&((op_materialize *)op)->table, op, key, value, st);
}

static void materialize_loaded(weir_op *op)
{
    weir__table_loaded(&((op_materialize *)op)->table);
}

/* Rows of other columns are of no use: those keys are unknown until they come again. */
static void materialize_take(weir_op *op, const weir_op *from)
{
    op_materialize *m = (op_materialize *)op;
    op_materialize *other = (op_materialize *)(uintptr_t)from;
    const weir_schema *mine = op->node->schema;
    const weir_schema *theirs = from->node->schema;
    bool same = mine->n == theirs->n;
    for (uint32_t i = 0; same && i < mine->n; i++) {
        same = weir_sv_eq(mine->cols[i].name, theirs->cols[i].name) &&
               weir_type_eq(mine->cols[i].type, theirs->cols[i].type);
    }
    if (same && !weir__table_need_all(&other->table, &other->op, TAG_ROW)) {
        weir_task_fail(op->task, "the rows of the replaced query cannot be read");
        return;
    }
    uint64_t cursor = 0;
    void *entry;
    while (same && weir_hmap_next(other->table.map, &cursor, &entry)) {
        const weir__row *r = entry;
        weir__table_put(&m->table, weir_hmap_key(other->table.map, entry), weir__row_bytes(r),
                        r->time);
    }
}

static void materialize_evict(weir_op *op, uint64_t bytes)
{
    weir__table_evict(&((op_materialize *)op)->table, bytes);
}

static uint64_t materialize_entries(const weir_op *op)
{
    return weir__table_entries(&((const op_materialize *)op)->table);
}

static uint64_t materialize_bytes(const weir_op *op)
{
    return weir__table_bytes(&((const op_materialize *)op)->table);
}

const weir_op_kind weir__op_materialize = {
    .name = "materialize",
    .size = sizeof(op_materialize),
    .open = materialize_open,
    .push = materialize_push,
    .save = materialize_save,
    .load = materialize_load,
    .loaded = materialize_loaded,
    .take = materialize_take,
    .evict = materialize_evict,
    .close = materialize_close,
    .state_entries = materialize_entries,
    .state_bytes = materialize_bytes,
};
