/* Stream–stream join within a time window. Each row of one side is kept and meets the rows of the
 * other side whose time is near enough, in order of time.
 *
 * Outer joins. Without GRACE a row that meets nobody leaves at once with NULLs (and again when a
 * match comes). With GRACE it waits until its window is closed for good. When that is checked, and
 * how far the check looks, follows Kafka Streams to the letter, with `least` in the part of its
 * minTime: the results' order depends on it.
 *
 * Everything happens row by row: batches only save the encoding of keys and rows. */
#include "engine/base/alloc.h"
#include "operators/op_join_stream.h"
#include "operators/op_kinds.h"

typedef struct stream_row {
    int64_t time, seq;
    weir_sv key, wire, bytes; /* bytes.p NULL: no value */
    stream_hint hint;
} stream_row;

/* Rows of one side that have arrived and are not joined yet. Those without a value only move time. */
typedef struct held_rows {
    uint32_t n, at;
    stream_row rows[WEIR_BATCH_ROWS];
    weir_buf keys; /* keys of the rows: what they came from may be gone */
} held_rows;

typedef struct op_join_stream {
    weir_op op;
    weir__join join;
    stream_store rows;
    int64_t before[2], after[2]; /* as seen from each side */
    bool outer[2];               /* rows of this side leave also without a match */
    int64_t retention;
    int64_t stream_time;         /* of both sides together; -1: none */
    bool waits;                  /* outer, with GRACE */
    outer_buffer waiting;
    int64_t least;               /* no waiting row is older, as far as is known; INT64_MAX: none */
    weir__wire_keys wire[2];
    const stream_kept **found;
    size_t n_found, found_cap;
    held_rows *held;             /* [2] */
    bool seq;
} op_join_stream;

#define TAG_LEFT '0' /* number → rows, as they came */
#define TAG_RIGHT '1'
#define TAG_WAITING 'O'
#define TAG_CLOCK 'T'

static int64_t plus(int64_t a, int64_t b)
{
    int64_t r;
    return __builtin_add_overflow(a, b, &r) ? (b < 0 ? INT64_MIN : INT64_MAX) : r;
}

static weir_rc stream_open(weir_op *op, weir_status *st)
{
    op_join_stream *j = (op_join_stream *)op;
    const weir_node *n = op->node;
    weir_join type = n->join.type;
    weir__join_open(&j->join, op);
    j->before[0] = j->after[1] = n->join.before_ms;
    j->after[0] = j->before[1] = n->join.after_ms;
    j->outer[0] = type == WEIR_JOIN_LEFT || type == WEIR_JOIN_FULL;
    j->outer[1] = type == WEIR_JOIN_RIGHT || type == WEIR_JOIN_FULL;
    int64_t span = plus(n->join.before_ms, n->join.after_ms);
    j->retention = plus(span, n->join.grace_ms);
    weir__rows_open(&j->rows);
    j->held = WEIR_NEW_N(weir_task_arena(op->task), held_rows, 2);
    j->stream_time = -1;
    j->least = INT64_MAX;
    j->waits = n->join.has_grace && (j->outer[0] || j->outer[1]);
    if (!j->waits) {
        return WEIR_OK;
    }
    weir__outer_open(&j->waiting, op->task);
    weir_format_spec format = weir__key_format(n->in[0]);
    for (int side = 0; side < 2; side++) {
        WEIR_TRY(weir__wire_keys_init(&j->wire[side], op->task, &format, n->in[side],
                                      (weir_sv){NULL, 0}, st));
    }
    return WEIR_OK;
}

static void stream_close(weir_op *op)
{
    op_join_stream *j = (op_join_stream *)op;
    weir__join_close(&j->join);
    weir__rows_close(&j->rows);
    for (int side = 0; side < 2; side++) {
        weir__wire_keys_deinit(&j->wire[side]);
        if (j->held) {
            weir_buf_deinit(&j->held[side].keys);
        }
    }
    weir__outer_close(&j->waiting);
    weir_free(j->found);
}

/* A result row; `other` without bytes: all NULL. Their bytes must stay. */
static void join_rows(op_join_stream *j, int side, const stream_row *r, int64_t time, weir_sv other)
{
    weir__joined *to = weir__join_new(&j->join, r->key, time, r->seq);
    to->rows[side] = r->bytes;
    to->rows[1 - side] = other;
}

static void emit_alone(op_join_stream *j, int side, const stream_row *r)
{
    join_rows(j, side, r, r->time, (weir_sv){NULL, 0});
}

static void give_up(op_join_stream *j, size_t i, int side, int64_t time, int64_t seq)
{
    weir_sv key;
    weir_sv row;
    uint32_t at = 0;
    while (weir__outer_next(weir__outer_at(&j->waiting, i), &at, &key, &row)) {
        weir__pair pair = {.present = true};
        *(side == 0 ? &pair.left : &pair.right) = row;
        weir__join_add(&j->join, key, time, seq, pair, NULL);
    }
    weir__outer_kill(&j->waiting, i);
}

/* A row of `side` has moved stream time (or stands at it): lets waiting rows go whose window has
 * closed. The walk ends when both sides have been found open. */
static void release_waiting(op_join_stream *j, int side, int64_t seq)
{
    int64_t grace = j->op.node->join.grace_ms;
    if (j->least == INT64_MAX ||
        plus(plus(j->least, j->after[side]), grace) >= j->stream_time) {
        return;
    }
    j->least = INT64_MAX;
    weir__outer_sort(&j->waiting);
    bool open[2] = {false, false};
    size_t i = j->waiting.head;
    for (; i < j->waiting.n; i++) {
        int whose;
        int64_t time = weir__outer_time(&j->waiting, i, &whose);
        if (weir__outer_at(&j->waiting, i)->count == 0) {
            continue;
        }
        j->least = time;
        if (open[0] && open[1]) {
            break;
        }
        if (plus(plus(time, j->after[whose]), grace) >= j->stream_time) {
            open[whose] = true;
            if (open[0] && open[1] && weir__outer_at(&j->waiting, i)->count > 1) {
                break; /* the entry's second row ends the walk */
            }
            continue;
        }
        give_up(j, i, whose, time, seq);
    }
    weir__outer_sweep(&j->waiting, i);
}

/* Keeps of the candidates those that meet the residual condition. */
static void filter_found(op_join_stream *j, int side, weir_sv row)
{
    size_t kept = 0;
    for (size_t from = 0; from < j->n_found; from += WEIR_BATCH_ROWS) {
        size_t left = j->n_found - from;
        uint32_t n = left < WEIR_BATCH_ROWS ? (uint32_t)left : WEIR_BATCH_ROWS;
        weir_sv rows[WEIR_BATCH_ROWS];
        uint16_t pass[WEIR_BATCH_ROWS];
        for (uint32_t i = 0; i < n; i++) {
            rows[i] = (weir_sv){j->found[from + i]->bytes, j->found[from + i]->n};
        }
        uint32_t m = weir__join_filter(&j->join, side, row, rows, n, pass);
        for (uint32_t i = 0; i < m; i++) {
            j->found[kept++] = j->found[from + pass[i]];
        }
    }
    j->n_found = kept;
}

static void too_many(op_join_stream *j)
{
    weir_task_fail(j->op.task, "the rows within the time of the join take too much memory");
}

static void join_row(op_join_stream *j, int side, const stream_row *r)
{
    if (j->waits && r->time == j->stream_time) {
        release_waiting(j, side, r->seq);
    }
    int64_t from = weir_max64(0, plus(r->time, -j->before[side]));
    int64_t to = weir_max64(0, plus(r->time, j->after[side]));
    int64_t *newest = &j->rows.log[side].newest;
    /* The store of the other side has dropped older rows. */
    int64_t visible = j->rows.log[1 - side].newest - j->retention + 1;
    stream_entry *e = weir__rows_entry(&j->rows, r->key, &r->hint);
    j->n_found = 0;
    weir__rows_fetch(&j->rows, 1 - side, e, weir_max64(from, visible), to, &j->found, &j->n_found,
                     &j->found_cap);
    if (j->join.residual && j->n_found) {
        filter_found(j, side, r->bytes);
    }
    for (size_t i = 0; i < j->n_found; i++) {
        const stream_kept *c = j->found[i];
        if (j->waits) {
            weir__outer_met(&j->waiting, c->time, 1 - side, r->wire, r->key);
        }
        join_rows(j, side, r, weir_max64(r->time, c->time), (weir_sv){c->bytes, c->n});
    }
    if (j->outer[side] && j->n_found == 0) {
        if (!j->waits || to < j->stream_time) {
            emit_alone(j, side, r);
        } else {
            j->least = weir_min64(j->least, r->time);
            if (!weir__outer_put(&j->waiting, r->time, side, r->wire, r->key, r->bytes)) {
                too_many(j);
            }
        }
    }
    *newest = weir_max64(*newest, r->time);
    if (r->time < *newest - j->retention + 1) {
        weir__rows_release(&j->rows, e);
    } else if (!weir__rows_put(&j->rows, side, e, r->time, r->bytes)) {
        too_many(j);
    }
}

/* Rows with a value, as bytes; those with a key have key and wire set. */
typedef struct encoded {
    uint16_t rows[WEIR_BATCH_ROWS];
    weir_sv bytes[WEIR_BATCH_ROWS];
    weir_sv keys[WEIR_BATCH_ROWS];
    weir_sv wire[WEIR_BATCH_ROWS];
} encoded;

static bool encode(op_join_stream *j, int side, const weir_batch *b, encoded *e)
{
    uint16_t keyed[WEIR_BATCH_ROWS];
    uint16_t place[WEIR_BATCH_ROWS];
    weir_sv svs[WEIR_BATCH_ROWS];
    uint32_t n = weir__rows_with_value(b, false, e->rows);
    uint32_t m = 0;
    for (uint32_t i = 0; i < n; i++) {
        e->keys[i] = WEIR__NO_KEY;
        if (!weir__null_key(b, e->rows[i], true)) {
            place[m] = (uint16_t)i;
            keyed[m++] = e->rows[i];
        }
    }
    if (!weir__join_encode(&j->join, side, b, e->rows, n, e->bytes) ||
        !weir__keys_of(&j->join.keys[side], j->op.task, b, keyed, m, svs)) {
        return false;
    }
    for (uint32_t i = 0; i < m; i++) {
        e->keys[place[i]] = svs[i];
    }
    if (j->waits) {
        weir__wire_keys_of(&j->wire[side], b->cols, keyed, m, svs);
        for (uint32_t i = 0; i < m; i++) {
            e->wire[place[i]] = svs[i].n == WEIR_NULL_BYTES ? (weir_sv){NULL, 0} : svs[i];
        }
    }
    return true;
}

/* Fetches what the next rows of a side will touch, many at a time, so that the walk does not wait for
 * memory row by row. */
static void warm(op_join_stream *j, int side)
{
    held_rows *h = &j->held[side];
    weir_sv keys[WEIR__WARM_ROWS];
    int64_t from[WEIR__WARM_ROWS];
    stream_hint *hints[WEIR__WARM_ROWS];
    uint32_t n = 0;
    for (uint32_t i = h->at; i < h->n && i < h->at + WEIR__WARM_ROWS; i++) {
        stream_row *r = &h->rows[i];
        if (r->bytes.p && r->key.n != WEIR_NULL_BYTES) {
            keys[n] = r->key;
            from[n] = plus(r->time, -j->before[side]);
            hints[n++] = &r->hint;
        }
    }
    if (n > 1) {
        weir__rows_warm(&j->rows, 1 - side, keys, n, from, hints);
    }
}

static const char *own_copy(char **to, weir_sv s)
{
    char *p = *to;
    weir_copy_short(p, s.p, s.n);
    *to += s.n;
    return p;
}

/* Takes the rows of a batch in; they are joined by walk(). */
static void hold(op_join_stream *j, int side, const weir_batch *b)
{
    held_rows *h = &j->held[side];
    WEIR_ASSERT(h->at == h->n);
    h->at = h->n = 0;
    encoded *e = weir_arena_alloc(b->arena, sizeof *e);
    if (!encode(j, side, b, e)) {
        return;
    }
    size_t bytes = 0;
    uint32_t at = 0; /* in the encoded rows */
    WEIR_EACH_ROW(b, i, row)
    {
        stream_row *r = &h->rows[h->n++];
        r->time = b->rowtime[row];
        r->seq = b->seq ? b->seq[row] : 0;
        r->bytes.p = NULL;
        r->hint.entry = NULL;
        if (weir_batch_flags(b, row) & WEIR_ROW_NULL_VALUE) {
            continue;
        }
        r->key = e->keys[at];
        r->bytes = e->bytes[at];
        r->wire = j->waits && r->key.n != WEIR_NULL_BYTES ? e->wire[at] : (weir_sv){NULL, 0};
        bytes += r->key.n == WEIR_NULL_BYTES ? 0 : r->key.n + r->wire.n;
        at++;
    }
    weir_buf_reset(&h->keys);
    if (!weir_buf_reserve(&h->keys, bytes + 1)) {
        too_many(j);
        return;
    }
    char *own = h->keys.p;
    for (uint32_t i = 0; i < h->n; i++) {
        stream_row *r = &h->rows[i];
        if (!r->bytes.p || r->key.n == WEIR_NULL_BYTES) {
            continue;
        }
        r->key.p = own_copy(&own, r->key);
        r->wire.p = own_copy(&own, r->wire);
    }
}

static void take_row(op_join_stream *j, int side)
{
    held_rows *h = &j->held[side];
    if (h->at % WEIR__WARM_ROWS == 0) {
        warm(j, side);
    }
    const stream_row *r = &h->rows[h->at++];
    j->stream_time = weir_max64(j->stream_time, r->time);
    if (!r->bytes.p) {
        return;
    }
    if (r->key.n != WEIR_NULL_BYTES) {
        join_row(j, side, r);
    } else if (j->outer[side]) {
        emit_alone(j, side, r);
    }
}

static uint32_t stream_held(const weir_op *op, uint32_t port)
{
    const op_join_stream *j = (const op_join_stream *)op;
    return j->held[port].n - j->held[port].at;
}

/* Joins held rows in order, the left side first at a tie, until a side that is `open` has none. */
static void stream_walk(weir_op *op, const bool *open, weir_arena *arena)
{
    op_join_stream *j = (op_join_stream *)op;
    weir__join_begin(&j->join, arena, j->seq);
    while (!weir_task_failed(op->task)) {
        held_rows *l = &j->held[0];
        held_rows *r = &j->held[1];
        bool has_left = l->at < l->n;
        bool has_right = r->at < r->n;
        if ((!has_left && (open[0] || !has_right)) || (!has_right && open[1])) {
            break;
        }
        int side = !has_left;
        if (has_left && has_right) {
            const stream_row *a = &l->rows[l->at];
            const stream_row *b = &r->rows[r->at];
            side = j->seq ? b->seq < a->seq : b->time < a->time;
        }
        take_row(j, side);
    }
    weir__join_emit(&j->join);
    weir__rows_expire(&j->rows, j->retention);
}

static void stream_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    static const bool open[2] = {false, false};
    op_join_stream *j = (op_join_stream *)op;
    j->seq = b->seq != NULL;
    hold(j, (int)port, b);
    if (!weir_task_holds(op->task)) {
        stream_walk(op, open, b->arena);
    }
}

/* ---- state ---- */

static void stream_save(weir_op *op, weir_store_batch *batch)
{
    op_join_stream *j = (op_join_stream *)op;
    weir__saver saver;
    weir__saver_init(&saver, op, batch);
    weir__rows_save(&j->rows, 0, &saver, TAG_LEFT);
    weir__rows_save(&j->rows, 1, &saver, TAG_RIGHT);
    if (j->waits) {
        weir__outer_save(&j->waiting, &saver, TAG_WAITING);
    }
    weir_buf_reset(&saver.value);
    const int64_t clock[] = {j->stream_time, j->least, j->rows.log[0].newest,
                             j->rows.log[1].newest};
    for (uint32_t i = 0; i < WEIR_COUNT(clock); i++) {
        weir_buf_be64(&saver.value, (uint64_t)clock[i]);
    }
    weir__saver_put(&saver, TAG_CLOCK, NULL, (weir_sv){NULL, 0}, weir_buf_view(&saver.value));
    weir__saver_deinit(&saver);
}

static weir_rc stream_load(weir_op *op, weir_sv key, weir_sv value, weir_status *st)
{
    op_join_stream *j = (op_join_stream *)op;
    char tag = 0;
    if (!weir__load_tag(&key, &tag)) {
        return weir__load_bad(op, st);
    }
    if (tag == TAG_LEFT || tag == TAG_RIGHT) {
        int side = tag == TAG_RIGHT;
        return weir__rows_load(&j->rows, side, &j->join.codec[side], op, key, value, st);
    }
    if (tag == TAG_WAITING && j->waits) {
        return weir__outer_load(&j->waiting, op, key, value, st);
    }
    weir_reader r = weir_reader_of(value);
    j->stream_time = (int64_t)weir_read_be64(&r);
    j->least = (int64_t)weir_read_be64(&r);
    j->rows.log[0].newest = (int64_t)weir_read_be64(&r);
    j->rows.log[1].newest = (int64_t)weir_read_be64(&r);
    return tag == TAG_CLOCK && !r.bad ? WEIR_OK : weir__load_bad(op, st);
}

static uint64_t stream_entries(const weir_op *op)
{
    const op_join_stream *j = (const op_join_stream *)op;
    return weir_hmap_count(j->rows.map) + j->waiting.alive;
}

static uint64_t stream_bytes(const weir_op *op)
{
    const op_join_stream *j = (const op_join_stream *)op;
    uint64_t n = j->waits ? weir_hmap_bytes(j->waiting.map) + weir_slab_bytes(j->waiting.slab) : 0;
    return n + weir__rows_bytes(&j->rows);
}

const weir_op_kind weir__op_join_stream = {
    .name = "join_stream",
    .size = sizeof(op_join_stream),
    .open = stream_open,
    .push = stream_push,
    .held = stream_held,
    .walk = stream_walk,
    .save = stream_save,
    .load = stream_load,
    .close = stream_close,
    .state_entries = stream_entries,
    .state_bytes = stream_bytes,
};
