/* Table–table join on a foreign key: each left row names one right row. A change on the left looks
 * its right row up; a change on the right finds all left rows that name it.
 *
 *   left    key → [length of foreign key 4][foreign key][row]
 *   right   key → row
 *   subs    [length of foreign key 4][foreign key][left key] → subscription
 *   by_key  foreign key → its subscriptions, in no order
 *
 * A right row's change reaches left rows in the order of their topic key bytes. A subscription knows
 * which left row it was made for: where a foreign key became NULL an inner join leaves the old
 * subscription behind, and its answers are not taken (as in Kafka Streams). */
#include "engine/base/alloc.h"
#include "engine/base/hash.h"
#include "operators/op_join.h"
#include "operators/op_kinds.h"

#include <stdlib.h>

typedef struct fk_list {
    struct fk_sub **items;
    size_t n, cap;
} fk_list;

typedef struct fk_sub {
    uint64_t hash; /* of the left row it was made for */
    fk_list *list;
    size_t place;  /* in the list */
    char *wire;    /* topic key bytes of the left row */
    uint32_t wire_n;
} fk_sub;

typedef struct op_join_foreign {
    weir_op op;
    weir__join join;
    weir_program *program; /* the foreign key of a left row */
    weir_row_errors *errors;
    weir__wire_keys wire;
    weir__table left, right;
    weir_hmap *subs, *by_key;
    weir_slab *slab;       /* wire bytes */
    weir__table results;   /* need_old: what was passed on, [left length 4][left][right] */
    bool outer;
    weir_buf before, row, sub_key;
} op_join_foreign;

#define NO_KEY WEIR_NULL_BYTES /* length of a NULL foreign key */
#define TAG_LEFT 'L'
#define TAG_RIGHT 'M'
#define TAG_SUB 'S'
#define TAG_RESULT 'N'

static void free_list(void *ctx, void *payload)
{
    (void)ctx;
    weir_free(((fk_list *)payload)->items);
}

static weir_rc foreign_open(weir_op *op, weir_status *st)
{
    op_join_foreign *f = (op_join_foreign *)op;
    const weir_node *n = op->node;
    if (n->join.residual) {
        return weir_fail(st, WEIR_ENOTIMPL,
                         "a join of two tables takes one equality and no other condition");
    }
    weir__join_open(&f->join, op);
    f->program = weir_program_new(weir_task_arena(op->task), n->in[0]->schema, &n->join.foreign, 1,
                                  weir_task_settings(op->task));
    f->errors = weir_op_errors(op, WEIR_SV("ON"));
    f->outer = n->join.type == WEIR_JOIN_LEFT;
    weir__table_init(&f->left, op->task, n->in[0]->schema);
    weir__table_init(&f->right, op->task, n->in[1]->schema);
    weir__table_init(&f->results, op->task, n->schema);
    bool durable = weir_task_durable(op->task);
    f->subs = weir_hmap_new(sizeof(fk_sub));
    weir_hmap_track(f->subs, durable);
    f->by_key = weir_hmap_new(sizeof(fk_list));
    weir_hmap_track(f->by_key, false);
    f->slab = weir_slab_new();
    weir_format_spec format = weir__key_format(n->in[0]);
    return weir__wire_keys_init(&f->wire, op->task, &format, n->in[0], (weir_sv){NULL, 0}, st);
}

static void foreign_close(weir_op *op)
{
    op_join_foreign *f = (op_join_foreign *)op;
    weir__join_close(&f->join);
    weir__wire_keys_deinit(&f->wire);
    weir__table_deinit(&f->left);
    weir__table_deinit(&f->right);
    weir__table_deinit(&f->results);
    weir_hmap_free(f->subs, NULL, NULL);
    weir_hmap_free(f->by_key, free_list, NULL);
    if (f->slab) {
        weir_slab_free(f->slab);
    }
    weir_buf_deinit(&f->before);
    weir_buf_deinit(&f->row);
    weir_buf_deinit(&f->sub_key);
}

/* ---- left rows with their foreign keys ---- */

static void pack_left(weir_buf *out, weir_sv fk, weir_sv row)
{
    weir_buf_reset(out);
    weir_buf_be32(out, fk.n);
    weir_buf_add(out, fk.p, fk.n == NO_KEY ? 0 : fk.n);
    weir_buf_sv(out, row);
}

/* False: the bytes are none. */
static bool unpack_left(weir_sv packed, weir_sv *fk, weir_sv *row)
{
    weir_reader r = weir_reader_of(packed);
    uint32_t n = weir_read_be32(&r);
    *fk = n == NO_KEY ? WEIR__NO_KEY : weir_read_bytes(&r, n);
    *row = r.bad ? (weir_sv){NULL, 0} : (weir_sv){r.p, (uint32_t)(r.end - r.p)};
    return !r.bad;
}

/* ---- subscriptions ---- */

static weir_sv sub_key(op_join_foreign *f, weir_sv fk, weir_sv key)
{
    weir_buf_reset(&f->sub_key);
    weir_buf_be32(&f->sub_key, fk.n);
    weir_buf_sv(&f->sub_key, fk);
    weir_buf_sv(&f->sub_key, key);
    return weir_buf_view(&f->sub_key);
}

static void subscribe(op_join_foreign *f, weir_sv fk, weir_sv key, weir_sv wire, uint64_t hash)
{
    bool added;
    fk_sub *s = weir_hmap_insert(f->subs, sub_key(f, fk, key), &added);
    s->hash = hash;
    weir_hmap_mark(f->subs, s);
    if (!added) {
        return;
    }
    s->wire = weir_slab_alloc(f->slab, wire.n);
    s->wire_n = wire.n;
    memcpy(s->wire, wire.n ? wire.p : "", wire.n);
    s->list = weir_hmap_insert(f->by_key, fk, &added);
    WEIR_GROW(s->list->items, s->list->cap, s->list->n + 1);
    s->place = s->list->n;
    s->list->items[s->list->n++] = s;
}

static void unsubscribe(op_join_foreign *f, weir_sv fk, weir_sv key)
{
    fk_sub *s = weir_hmap_find(f->subs, sub_key(f, fk, key));
    if (!s) {
        return;
    }
    fk_list *list = s->list;
    list->items[s->place] = list->items[--list->n];
    list->items[s->place]->place = s->place;
    weir_slab_release(f->slab, s->wire, s->wire_n);
    weir_hmap_remove(f->subs, weir_buf_view(&f->sub_key));
    if (list->n == 0) {
        weir_free(list->items);
        weir_hmap_remove(f->by_key, fk);
    }
}

/* ---- results ---- */

static void answer(op_join_foreign *f, weir_sv key, int64_t time, int64_t seq, weir__pair now)
{
    if (!f->op.node->need_old) {
        weir__join_add(&f->join, key, time, seq, now, NULL);
        return;
    }
    weir__pair old = {0};
    weir_sv packed = weir__row_bytes(weir_hmap_find(f->results.map, key));
    if (packed.n) {
        weir_buf_reset(&f->before);
        weir_buf_sv(&f->before, packed);
        old.present = unpack_left(weir_buf_view(&f->before), &old.left, &old.right);
    }
    weir__join_add(&f->join, key, time, seq, now, &old);
    if (now.present) {
        pack_left(&f->row, now.left, now.right);
        weir__table_put(&f->results, key, weir_buf_view(&f->row), time);
    } else {
        weir__table_remove(&f->results, key);
    }
}

static weir__pair joined(const op_join_foreign *f, weir_sv left, weir_sv right)
{
    return right.n || f->outer ? (weir__pair){true, left, right} : (weir__pair){0};
}

/* ---- changes ---- */

typedef struct left_change {
    weir_sv key, wire;
    weir_sv now;    /* n == 0: deleted */
    weir_sv fk;     /* of `now`; WEIR__NO_KEY: NULL */
    int64_t time, seq;
} left_change;

static int64_t later(int64_t time, const weir__row *r)
{
    return r ? weir_max64(time, r->time) : time;
}

/* The left row is new, or names another right row, or has other values. */
static void left_set(op_join_foreign *f, const left_change *c, bool existed)
{
    if (c->fk.n == NO_KEY) {
        answer(f, c->key, c->time, c->seq, (weir__pair){true, c->now, {NULL, 0}});
        return;
    }
    subscribe(f, c->fk, c->key, c->wire, weir_hash_sv(c->now));
    const weir__row *r = weir_hmap_find(f->right.map, c->fk);
    if (r || f->outer || existed) {
        answer(f, c->key, later(c->time, r), c->seq, joined(f, c->now, weir__row_bytes(r)));
    }
}

static void change_left(op_join_foreign *f, const left_change *c)
{
    weir__row *stored = weir_hmap_find(f->left.map, c->key);
    weir_sv old_fk = WEIR__NO_KEY;
    bool existed = stored != NULL;
    if (existed) {
        weir_sv row;
        unpack_left(weir__row_bytes(stored), &old_fk, &row);
        old_fk = old_fk.n == NO_KEY ? old_fk : weir_arena_sv(f->join.arena, old_fk);
    }
    if (c->now.n) {
        pack_left(&f->row, c->fk, c->now);
        weir__table_put(&f->left, c->key, weir_buf_view(&f->row), c->time);
    } else {
        weir__table_remove(&f->left, c->key);
    }
    if (!existed && !c->now.n) {
        return;
    }
    if (!f->outer && ((existed && old_fk.n == NO_KEY) || (c->now.n && c->fk.n == NO_KEY))) {
        f->op.errors++;
        return; /* an inner join skips what has no foreign key */
    }
    bool moved = existed && old_fk.n != NO_KEY &&
                 !(c->now.n && c->fk.n != NO_KEY && weir_sv_eq(old_fk, c->fk));
    if (moved) {
        unsubscribe(f, old_fk, c->key);
    }
    if (c->now.n) {
        left_set(f, c, existed);
        return;
    }
    const weir__row *r = old_fk.n == NO_KEY ? NULL : weir_hmap_find(f->right.map, old_fk);
    answer(f, c->key, later(c->time, r), c->seq, (weir__pair){0});
}

static int by_wire(const void *a, const void *b)
{
    const fk_sub *x = *(fk_sub *const *)a;
    const fk_sub *y = *(fk_sub *const *)b;
    return weir_sv_cmp((weir_sv){x->wire, x->wire_n}, (weir_sv){y->wire, y->wire_n});
}

static void change_right(op_join_foreign *f, weir_sv key, weir_sv now, int64_t time, int64_t seq)
{
    if (now.n) {
        weir__table_put(&f->right, key, now, time);
    } else {
        weir__table_remove(&f->right, key);
    }
    const fk_list *list = weir_hmap_find(f->by_key, key);
    if (!list) {
        return;
    }
    fk_sub **subs = weir_arena_alloc(f->join.arena, list->n * sizeof(fk_sub *));
    memcpy(subs, list->items, list->n * sizeof(fk_sub *));
    qsort(subs, list->n, sizeof(fk_sub *), by_wire);
    for (size_t i = 0; i < list->n; i++) {
        weir_sv left_key = weir_hmap_key(f->subs, subs[i]);
        left_key.p += 4 + key.n;
        left_key.n -= 4 + key.n;
        weir_sv packed = weir__row_bytes(weir_hmap_find(f->left.map, left_key));
        weir_sv fk;
        weir_sv left;
        if (packed.n && unpack_left(packed, &fk, &left) && weir_hash_sv(left) == subs[i]->hash) {
            answer(f, left_key, time, seq, joined(f, left, now));
        }
    }
}

/* ---- batches ---- */

typedef struct fk_rows {
    uint16_t rows[WEIR_BATCH_ROWS];
    weir_sv keys[WEIR_BATCH_ROWS];
    weir_sv bytes[WEIR_BATCH_ROWS]; /* of the rows with a value, in order */
    uint32_t n, n_valued;
    uint16_t valued[WEIR_BATCH_ROWS];
} fk_rows;

static bool read_rows(op_join_foreign *f, int side, const weir_batch *b, fk_rows *r)
{
    r->n = r->n_valued = 0;
    WEIR_EACH_ROW(b, i, row)
    {
        if (weir__null_key(b, row, false)) {
            continue;
        }
        r->rows[r->n++] = (uint16_t)row;
        if (!(weir_batch_flags(b, row) & WEIR_ROW_NULL_VALUE)) {
            r->valued[r->n_valued++] = (uint16_t)row;
        }
    }
    return weir__keys_of(&f->join.keys[side], f->op.task, b, r->rows, r->n, r->keys) &&
           weir__join_encode(&f->join, side, b, r->valued, r->n_valued, r->bytes);
}

/* The foreign keys of the rows with a value, in order: a copy, because encoding keys of two batches
 * shares a buffer. */
static bool foreign_keys(op_join_foreign *f, const weir_batch *b, const fk_rows *r, weir_sv *out)
{
    weir_batch view = *b;
    view.sel = r->valued;
    view.nsel = (uint16_t)r->n_valued;
    weir_vec fk;
    weir_program_eval(f->program, &view, &fk, f->errors);
    fk.err = NULL;
    view.cols = &fk;
    uint16_t rows[WEIR_BATCH_ROWS];
    weir_sv keys[WEIR_BATCH_ROWS];
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n_valued; i++) {
        if (weir_vec_is_valid(&fk, r->valued[i])) {
            rows[n++] = r->valued[i];
        }
    }
    if (!weir__keys_of(&f->join.keys[1], f->op.task, &view, rows, n, keys)) {
        return false;
    }
    uint32_t k = 0;
    for (uint32_t i = 0; i < r->n_valued; i++) {
        out[i] = weir_vec_is_valid(&fk, r->valued[i]) ? keys[k++] : WEIR__NO_KEY;
    }
    return true;
}

static void push_left(op_join_foreign *f, const weir_batch *b)
{
    fk_rows *r = weir_arena_alloc(b->arena, sizeof *r);
    weir_sv fks[WEIR_BATCH_ROWS];
    weir_sv wire[WEIR_BATCH_ROWS];
    if (!read_rows(f, 0, b, r) || !foreign_keys(f, b, r, fks)) {
        return;
    }
    weir__wire_keys_of(&f->wire, b->cols, r->rows, r->n, wire);
    uint32_t k = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        uint16_t row = r->rows[i];
        left_change c = {.key = r->keys[i],
                         .wire = wire[i].n == WEIR_NULL_BYTES ? (weir_sv){NULL, 0} : wire[i],
                         .fk = WEIR__NO_KEY,
                         .time = b->rowtime[row],
                         .seq = b->seq ? b->seq[row] : 0};
        if (!(weir_batch_flags(b, row) & WEIR_ROW_NULL_VALUE)) {
            c.now = r->bytes[k];
            c.fk = fks[k++];
        }
        change_left(f, &c);
    }
}

static void push_right(op_join_foreign *f, const weir_batch *b)
{
    fk_rows *r = weir_arena_alloc(b->arena, sizeof *r);
    if (!read_rows(f, 1, b, r)) {
        return;
    }
    uint32_t k = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        uint16_t row = r->rows[i];
        bool none = (weir_batch_flags(b, row) & WEIR_ROW_NULL_VALUE) != 0;
        change_right(f, r->keys[i], none ? (weir_sv){NULL, 0} : r->bytes[k++], b->rowtime[row],
                     b->seq ? b->seq[row] : 0);
    }
}

static void foreign_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    op_join_foreign *f = (op_join_foreign *)op;
    weir__join_begin(&f->join, b->arena, b->seq != NULL);
    if (port == 0) {
        push_left(f, b);
    } else {
        push_right(f, b);
    }
    weir__join_emit(&f->join);
}

/* ---- state ---- */

static void put_sub(void *ctx, weir_sv key, void *payload)
{
    weir__saver *saver = ctx;
    const fk_sub *s = payload;
    weir_buf_reset(&saver->value);
    weir_buf_be64(&saver->value, s->hash);
    weir_buf_add(&saver->value, s->wire, s->wire_n);
    weir__saver_put(saver, TAG_SUB, NULL, key, weir_buf_view(&saver->value));
}

static void sub_gone(void *ctx, weir_sv key)
{
    weir__saver_gone(ctx, TAG_SUB, NULL, key);
}

static void foreign_save(weir_op *op, weir_store_batch *batch)
{
    op_join_foreign *f = (op_join_foreign *)op;
    weir__saver saver;
    weir__saver_init(&saver, op, batch);
    weir__table_save(&f->left, &saver, TAG_LEFT);
    weir__table_save(&f->right, &saver, TAG_RIGHT);
    weir__table_save(&f->results, &saver, TAG_RESULT);
    weir_hmap_sweep(f->subs, put_sub, sub_gone, &saver);
    weir__saver_deinit(&saver);
}

/* Two rows packed together; `second` NULL: only the second is a row. */
static bool load_packed(weir__table *t, const weir_row_codec *first, const weir_row_codec *second,
                        weir_sv key, weir_sv value)
{
    weir_reader r = weir_reader_of(value);
    int64_t time = (int64_t)weir_read_be64(&r);
    weir_sv packed = {r.p, r.bad ? 0 : (uint32_t)(r.end - r.p)};
    weir_sv one;
    weir_sv two;
    if (r.bad || !unpack_left(packed, &one, &two) ||
        (first && one.n && !weir_row_check(first, one)) ||
        (two.n && !weir_row_check(second, two))) {
        return false;
    }
    weir__table_put(t, key, packed, time);
    weir_hmap_sweep(t->map, NULL, NULL, NULL);
    return true;
}

static bool load_sub(op_join_foreign *f, weir_sv key, weir_sv value)
{
    weir_reader k = weir_reader_of(key);
    weir_sv fk = weir_read_bytes(&k, weir_read_be32(&k));
    weir_reader v = weir_reader_of(value);
    uint64_t hash = weir_read_be64(&v);
    if (k.bad || v.bad) {
        return false;
    }
    subscribe(f, fk, (weir_sv){k.p, (uint32_t)(k.end - k.p)},
              (weir_sv){v.p, (uint32_t)(v.end - v.p)}, hash);
    weir_hmap_sweep(f->subs, NULL, NULL, NULL);
    return true;
}

static weir_rc foreign_load(weir_op *op, weir_sv key, weir_sv value, weir_status *st)
{
    op_join_foreign *f = (op_join_foreign *)op;
    const weir_row_codec *codec = f->join.codec;
    char tag = 0;
    bool ok = weir__load_tag(&key, &tag);
    if (ok && tag == TAG_RIGHT) {
        return weir__table_load(&f->right, op, key, value, st);
    }
    if (ok && tag == TAG_LEFT) {
        ok = load_packed(&f->left, NULL, &codec[0], key, value);
    } else if (ok && tag == TAG_RESULT) {
        ok = load_packed(&f->results, &codec[0], &codec[1], key, value);
    } else {
        ok = ok && tag == TAG_SUB && load_sub(f, key, value);
    }
    return ok ? WEIR_OK : weir__load_bad(op, st);
}

static uint64_t foreign_entries(const weir_op *op)
{
    const op_join_foreign *f = (const op_join_foreign *)op;
    return weir_hmap_count(f->left.map) + weir_hmap_count(f->right.map) +
           weir_hmap_count(f->subs);
}

static uint64_t foreign_bytes(const weir_op *op)
{
    const op_join_foreign *f = (const op_join_foreign *)op;
    return weir__table_bytes(&f->left) + weir__table_bytes(&f->right) + weir_hmap_bytes(f->subs) +
           weir_hmap_bytes(f->by_key) + weir_slab_bytes(f->slab) + weir__table_bytes(&f->results);
}

const weir_op_kind weir__op_join_foreign = {
    .name = "join_foreign",
    .size = sizeof(op_join_foreign),
    .open = foreign_open,
    .push = foreign_push,
    .save = foreign_save,
    .load = foreign_load,
    .close = foreign_close,
    .state_entries = foreign_entries,
    .state_bytes = foreign_bytes,
};
