/* Stream–table join: the table side fills a map, each row of the stream looks its key up and leaves
 * with the table's row of that moment. The stream's columns are not touched; only the table's are
 * made, for the whole batch at once. */
#include "operators/op_join.h"
#include "operators/op_kinds.h"

#define CACHE_LINE 64
#define WARM_BYTES 256 /* of a row: longer ones are read in sequence anyway */

typedef struct op_lookup {
    weir_op op;
    weir__join join;
    weir__table table;
} op_lookup;

#define TAG_ROW 'R'

static weir_rc lookup_open(weir_op *op, weir_status *st)
{
    (void)st;
    op_lookup *l = (op_lookup *)op;
    WEIR_ASSERT(op->node->join.type == WEIR_JOIN_INNER || op->node->join.type == WEIR_JOIN_LEFT);
    weir__join_open(&l->join, op);
    weir__table_init(&l->table, op->task, op->node->in[1]->schema);
    return WEIR_OK;
}

static void lookup_close(weir_op *op)
{
    op_lookup *l = (op_lookup *)op;
    weir__join_close(&l->join);
    weir__table_deinit(&l->table);
}

static void push_table(op_lookup *l, const weir_batch *b)
{
    uint16_t rows[WEIR_BATCH_ROWS];
    uint16_t valued[WEIR_BATCH_ROWS];
    weir_sv keys[WEIR_BATCH_ROWS];
    weir_sv bytes[WEIR_BATCH_ROWS];
    uint32_t n = 0;
    uint32_t n_valued = 0;
    WEIR_EACH_ROW(b, i, row)
    {
        if (weir__null_key(b, row, false)) {
            continue;
        }
        rows[n++] = (uint16_t)row;
        if (!(weir_batch_flags(b, row) & WEIR_ROW_NULL_VALUE)) {
            valued[n_valued++] = (uint16_t)row;
        }
    }
    if (!weir__keys_of(&l->join.keys[1], l->op.task, b, rows, n, keys) ||
        !weir__join_encode(&l->join, 1, b, valued, n_valued, bytes) ||
        !weir__table_need(&l->table, &l->op, TAG_ROW, keys, n)) {
        return;
    }
    uint32_t k = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (weir_batch_flags(b, rows[i]) & WEIR_ROW_NULL_VALUE) {
            weir__table_remove(&l->table, keys[i]);
        } else {
            weir__table_put(&l->table, keys[i], bytes[k++], b->rowtime[rows[i]]);
        }
    }
}

/* found[i]: the table's row for rows[i], empty when there is none. */
static bool look_up(op_lookup *l, const weir_batch *b, const uint16_t *rows, uint32_t n,
                    weir_sv *found)
{
    uint16_t keyed[WEIR_BATCH_ROWS];
    uint16_t place[WEIR_BATCH_ROWS];
    uint32_t m = 0;
    for (uint32_t i = 0; i < n; i++) {
        found[i] = (weir_sv){NULL, 0};
        if (!weir__null_key(b, rows[i], true)) {
            place[m] = (uint16_t)i;
            keyed[m++] = rows[i];
        }
    }
    weir_sv keys[WEIR_BATCH_ROWS];
    void *entries[WEIR_BATCH_ROWS];
    if (!weir__keys_of(&l->join.keys[0], l->op.task, b, keyed, m, keys) ||
        !weir__table_need(&l->table, &l->op, TAG_ROW, keys, m)) {
        return false;
    }
    weir_hmap_find_batch(l->table.map, keys, m, entries);
    for (uint32_t i = 0; i < m; i++) {
        weir_sv row = weir__row_bytes(entries[i]);
        for (uint32_t k = 0; k < row.n && k < WARM_BYTES; k += CACHE_LINE) {
            __builtin_prefetch(row.p + k); /* all of them at once, before the first is decoded */
        }
        found[place[i]] = row;
    }
    return true;
}

/* Takes rows away from those found that fail the residual condition. */
static void apply_residual(op_lookup *l, const weir_batch *out, const uint16_t *rows, uint32_t n,
                           weir_sv *found)
{
    uint16_t sel[WEIR_BATCH_ROWS];
    uint16_t pass[WEIR_BATCH_ROWS];
    uint16_t m = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (found[i].n) {
            sel[m++] = rows[i];
        }
    }
    weir_batch view = *out;
    view.schema = l->join.both;
    view.cols = out->cols + l->join.n_keys;
    view.flags = NULL;
    view.sel = sel;
    view.nsel = m;
    uint32_t passed = m ? weir_program_filter(l->join.residual, &view, pass, l->join.errors) : 0;
    uint32_t k = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (k < passed && pass[k] == rows[i]) {
            k++;
        } else {
            found[i] = (weir_sv){NULL, 0};
        }
    }
}

static void decode_table(op_lookup *l, weir_batch *out, const uint16_t *rows, uint32_t n,
                         const weir_sv *found)
{
    const weir_schema *right = l->op.node->in[1]->schema;
    weir_vec *cols = out->cols + l->join.n_keys + l->join.n_left;
    for (uint32_t c = 0; c < right->n; c++) {
        weir_vec_init(&cols[c], out->arena, right->cols[c].type);
        weir_row_gather(&l->join.codec[1], found, n, c, &cols[c], out->arena, rows);
    }
}

static void push_stream(op_lookup *l, const weir_batch *b)
{
    bool left = l->op.node->join.type == WEIR_JOIN_LEFT;
    uint16_t rows[WEIR_BATCH_ROWS];
    weir_sv found[WEIR_BATCH_ROWS];
    uint32_t n = weir__rows_with_value(b, false, rows);
    if (n == 0 || !look_up(l, b, rows, n, found)) {
        return;
    }
    weir_batch out = *b;
    out.schema = l->op.node->schema;
    out.cols = WEIR_NEW_N(b->arena, weir_vec, out.schema->n);
    memcpy(out.cols, b->cols, l->join.n_keys * sizeof *out.cols);
    memcpy(out.cols + l->join.n_keys, b->cols, l->join.n_left * sizeof *out.cols);
    for (int pass = 0; pass < 2; pass++) {
        uint32_t m = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (left || found[i].n) {
                rows[m] = rows[i];
                found[m++] = found[i];
            }
        }
        n = m;
        decode_table(l, &out, rows, n, found);
        if (!l->join.residual || pass == 1) {
            break;
        }
        apply_residual(l, &out, rows, n, found);
    }
    out.sel = rows;
    out.nsel = (uint16_t)n;
    weir_emit(&l->op, &out);
}

static void lookup_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    op_lookup *l = (op_lookup *)op;
    if (port == 1) {
        push_table(l, b);
    } else {
        push_stream(l, b);
    }
}

static void lookup_save(weir_op *op, weir_store_batch *batch)
{
    weir__saver saver;
    weir__saver_init(&saver, op, batch);
    weir__table_save(&((op_lookup *)op)->table, &saver, TAG_ROW);
    weir__saver_deinit(&saver);
}

static weir_rc lookup_load(weir_op *op, weir_sv key, weir_sv value, weir_status *st)
{
    char tag = 0;
    if (!weir__load_tag(&key, &tag) || tag != TAG_ROW) {
        return weir__load_bad(op, st);
    }
    return weir__table_load(&((op_lookup *)op)->table, op, key, value, st);
}

static void lookup_loaded(weir_op *op)
{
    weir__table_loaded(&((op_lookup *)op)->table);
}

static void lookup_evict(weir_op *op, uint64_t bytes)
{
    weir__table_evict(&((op_lookup *)op)->table, bytes);
}

static uint64_t lookup_entries(const weir_op *op)
{
    return weir__table_entries(&((const op_lookup *)op)->table);
}

static uint64_t lookup_bytes(const weir_op *op)
{
    return weir__table_bytes(&((const op_lookup *)op)->table);
}

const weir_op_kind weir__op_join_lookup = {
    .name = "join_lookup",
    .size = sizeof(op_lookup),
    .open = lookup_open,
    .push = lookup_push,
    .save = lookup_save,
    .load = lookup_load,
    .loaded = lookup_loaded,
    .evict = lookup_evict,
    .close = lookup_close,
    .state_entries = lookup_entries,
    .state_bytes = lookup_bytes,
};
