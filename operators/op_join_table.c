/* Table–table join on primary keys: both sides are kept, a change of either joins what the other
 * side has. Which changes are passed on, also those that change nothing, follows Kafka Streams:
 *
 *                    other side present        other side absent
 *   inner            always                    never
 *   left, of left    always                    when there is or was a left row
 *   left, of right   always                    never                     (right: mirrored)
 *   full             always                    when there is or was a row */
#include "operators/op_join.h"
#include "operators/op_kinds.h"

typedef struct op_join_table {
    weir_op op;
    weir__join join;
    weir__table sides[2];
    bool outer[2]; /* rows of this side live without the other */
    weir_buf before; /* the replaced row, while its successor is in place */
} op_join_table;

#define TAG_SIDE 'L' /* and 'M' */

static weir_rc table_open(weir_op *op, weir_status *st)
{
    op_join_table *j = (op_join_table *)op;
    weir_join type = op->node->join.type;
    if (op->node->join.residual) {
        return weir_fail(st, WEIR_ENOTIMPL,
                         "a join of two tables takes one equality and no other condition");
    }
    weir__join_open(&j->join, op);
    weir__table_init(&j->sides[0], op->task, op->node->in[0]->schema);
    weir__table_init(&j->sides[1], op->task, op->node->in[1]->schema);
    j->outer[0] = type == WEIR_JOIN_LEFT || type == WEIR_JOIN_FULL;
    j->outer[1] = type == WEIR_JOIN_RIGHT || type == WEIR_JOIN_FULL;
    return WEIR_OK;
}

static void table_close(weir_op *op)
{
    op_join_table *j = (op_join_table *)op;
    weir__join_close(&j->join);
    weir__table_deinit(&j->sides[0]);
    weir__table_deinit(&j->sides[1]);
    weir_buf_deinit(&j->before);
}

/* The joined row of `mine` (n == 0: absent) of `side` and `other`. */
static weir__pair joined(const op_join_table *j, int side, weir_sv mine, weir_sv other)
{
    bool present = (mine.n && other.n) || (mine.n && j->outer[side]) ||
                   (other.n && j->outer[1 - side]);
    if (!present) {
        return (weir__pair){0};
    }
    return side == 0 ? (weir__pair){true, mine, other} : (weir__pair){true, other, mine};
}

static void change(op_join_table *j, int side, weir_sv key, weir_sv now, int64_t time, int64_t seq)
{
    weir__row *r = weir_hmap_find(j->sides[side].map, key);
    weir_buf_reset(&j->before);
    weir_buf_sv(&j->before, weir__row_bytes(r));
    weir_sv before = weir_buf_view(&j->before);
    if (now.n) {
        weir__table_put(&j->sides[side], key, now, time);
    } else {
        weir__table_remove(&j->sides[side], key);
    }
    const weir__row *o = weir_hmap_find(j->sides[1 - side].map, key);
    weir_sv other = weir__row_bytes(o);
    if (!o && (!j->outer[side] || (!now.n && !before.n))) {
        return;
    }
    weir__pair old = joined(j, side, before, other);
    weir__join_add(&j->join, key, o ? weir_max64(time, o->time) : time, seq,
                   joined(j, side, now, other), j->op.node->need_old ? &old : NULL);
}

static void table_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    op_join_table *j = (op_join_table *)op;
    int side = (int)port;
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
    weir__join_begin(&j->join, b->arena, b->seq != NULL);
    if (!weir__keys_of(&j->join.keys[side], op->task, b, rows, n, keys) ||
        !weir__join_encode(&j->join, side, b, valued, n_valued, bytes) ||
        !weir__table_need(&j->sides[0], op, TAG_SIDE, keys, n) ||
        !weir__table_need(&j->sides[1], op, TAG_SIDE + 1, keys, n)) {
        return;
    }
    uint32_t k = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool none = (weir_batch_flags(b, rows[i]) & WEIR_ROW_NULL_VALUE) != 0;
        change(j, side, keys[i], none ? (weir_sv){NULL, 0} : bytes[k++], b->rowtime[rows[i]],
               b->seq ? b->seq[rows[i]] : 0);
    }
    weir__join_emit(&j->join);
}

static void table_save(weir_op *op, weir_store_batch *batch)
{
    op_join_table *j = (op_join_table *)op;
    weir__saver saver;
    weir__saver_init(&saver, op, batch);
    weir__table_save(&j->sides[0], &saver, TAG_SIDE);
    weir__table_save(&j->sides[1], &saver, TAG_SIDE + 1);
    weir__saver_deinit(&saver);
}

static weir_rc table_load(weir_op *op, weir_sv key, weir_sv value, weir_status *st)
{
    op_join_table *j = (op_join_table *)op;
    char tag = 0;
    if (!weir__load_tag(&key, &tag) || (tag != TAG_SIDE && tag != TAG_SIDE + 1)) {
        return weir__load_bad(op, st);
    }
    return weir__table_load(&j->sides[tag - TAG_SIDE], op, key, value, st);
}

static void table_loaded(weir_op *op)
{
    weir__table_loaded(&((op_join_table *)op)->sides[0]);
    weir__table_loaded(&((op_join_table *)op)->sides[1]);
}

static void table_evict(weir_op *op, uint64_t bytes)
{
    op_join_table *j = (op_join_table *)op;
    uint64_t all = weir__table_bytes(&j->sides[0]) + weir__table_bytes(&j->sides[1]);
    for (int side = 0; side < 2; side++) {
        uint64_t own = weir__table_bytes(&j->sides[side]);
        weir__table_evict(&j->sides[side], weir__part(bytes, own, all));
    }
}

static uint64_t table_entries(const weir_op *op)
{
    const op_join_table *j = (const op_join_table *)op;
    return weir__table_entries(&j->sides[0]) + weir__table_entries(&j->sides[1]);
}

static uint64_t table_bytes(const weir_op *op)
{
    const op_join_table *j = (const op_join_table *)op;
    return weir__table_bytes(&j->sides[0]) + weir__table_bytes(&j->sides[1]);
}

const weir_op_kind weir__op_join_table = {
    .name = "join_table",
    .size = sizeof(op_join_table),
    .open = table_open,
    .push = table_push,
    .save = table_save,
    .load = table_load,
    .loaded = table_loaded,
    .evict = table_evict,
    .close = table_close,
    .state_entries = table_entries,
    .state_bytes = table_bytes,
};
