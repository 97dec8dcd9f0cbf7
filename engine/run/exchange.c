/* Exchanges: rows change tasks. The sender splits each batch by the partition of its key (Kafka's
 * murmur2 of the serialised key, so that what is exchanged meets what a topic stores) and copies the
 * rows, column by column, into one parcel per receiving task. The copy is what lets memory cross
 * threads: a parcel belongs to exactly one side at a time, and delivery between levels hands it
 * over. Parcels go back to their sender, so that steady state allocates nothing. */
#include "engine/base/hash.h"
#include "engine/run/task.h"

typedef struct weir_exchange {
    int32_t partitions;
    weir_parcel **out;       /* [partitions]; NULL: nothing sent */
    weir_parcel *spare;
    const weir_format *format;
    void *encoder;           /* NULL: the key is one STRING of a format that writes it raw */
    weir_buf keys;
    uint16_t (*rows)[WEIR_BATCH_ROWS]; /* [partitions]: rows of the batch that go there */
    uint16_t *n_rows;
    uint32_t ends[WEIR_BATCH_ROWS];
} weir_exchange;

typedef struct op_exchange {
    weir_op op;
} op_exchange;

static weir_format_spec key_format_of(const weir_node *root)
{
    if (root->kind == WEIR_N_REKEY) {
        return root->rekey.key_format;
    }
    /* Both inputs of a foreign-key join meet in one task: any format will do. */
    return (weir_format_spec){.kind = WEIR_FMT_JSON, .delimiter = ','};
}

weir_rc weir_exchange_open(weir_task *t, weir_status *st)
{
    const weir_node *root = t->stage->root;
    weir_exchange *x = WEIR_NEW(&t->arena, weir_exchange);
    t->exchange = x;
    x->partitions = t->stage->to->partitions;
    x->out = WEIR_NEW_N(&t->arena, weir_parcel *, x->partitions);
    x->rows = weir_alloc(sizeof *x->rows * (size_t)x->partitions);
    x->n_rows = WEIR_NEW_N(&t->arena, uint16_t, x->partitions);
    weir_buf_init(&x->keys, 0);
    weir_format_spec spec = key_format_of(root);
    const weir_schema *schema = root->schema;
    bool raw = schema->n_keys == 1 && schema->cols[0].type->kind == WEIR_T_STRING &&
               spec.kind == WEIR_FMT_KAFKA;
    if (raw || schema->n_keys == 0 || x->partitions == 1) {
        return WEIR_OK;
    }
    x->format = weir_task_formats(t)->by_kind[spec.kind];
    if (!x->format) {
        return weir_fail(st, WEIR_ENOTIMPL, "format %s is not available in this build",
                         weir_format_name(spec.kind));
    }
    weir_format_spec *kept = WEIR_NEW(&t->arena, weir_format_spec);
    *kept = spec;
    weir_codec_spec codec = {
        .format = kept, .is_key = true, .n = schema->n_keys, .cols = schema->cols,
        .registry = weir_task_formats(t)->registry};
    return x->format->encoder_new(&t->arena, &codec, &x->encoder, st);
}

static void parcel_free(weir_parcel *p)
{
    weir_arena_deinit(&p->arena);
    weir_free(p);
}

void weir_exchange_close(weir_task *t)
{
    weir_exchange *x = t->exchange;
    if (!x) {
        return;
    }
    for (int32_t i = 0; i < x->partitions; i++) {
        if (x->out[i]) {
            parcel_free(x->out[i]);
        }
    }
    while (x->spare) {
        weir_parcel *p = x->spare;
        x->spare = p->next_spare;
        parcel_free(p);
    }
    weir_free(x->rows);
    weir_buf_deinit(&x->keys);
    if (x->encoder && x->format->close) {
        x->format->close(x->encoder);
    }
    t->exchange = NULL;
}

weir_parcel *weir_exchange_take(weir_task *t, int32_t partition)
{
    weir_parcel *p = t->exchange->out[partition];
    t->exchange->out[partition] = NULL;
    return p;
}

void weir_parcel_return(weir_parcel *p)
{
    weir_arena_reset(&p->arena);
    p->batches = NULL;
    p->n = p->cap = 0;
    p->next_spare = p->owner->spare;
    p->owner->spare = p;
}

static weir_parcel *parcel_for(weir_exchange *x, int32_t partition)
{
    weir_parcel *p = x->out[partition];
    if (!p) {
        p = x->spare;
        if (p) {
            x->spare = p->next_spare;
        } else {
            p = weir_zalloc(sizeof *p);
            weir_arena_init(&p->arena);
            p->owner = x;
        }
        x->out[partition] = p;
    }
    return p;
}

static void own_strings(weir_sv *s, uint32_t n, weir_arena *a)
{
    size_t total = 0;
    for (uint32_t i = 0; i < n; i++) {
        total += s[i].n;
    }
    char *to = weir_arena_bytes_alloc(a, total + WEIR_CHUNK_PADDING);
    for (uint32_t i = 0; i < n; i++) {
        weir_copy_short(to, s[i].p, s[i].n);
        s[i].p = to;
        to += s[i].n;
    }
}

/* Makes strings and nested values of rows [at, at + n) the arena's own. */
static void own_column(weir_vec *v, weir_arena *a, uint32_t at, uint32_t n)
{
    if (v->type->kind == WEIR_T_STRING || v->type->kind == WEIR_T_BYTES) {
        weir_sv *s = (weir_sv *)v->data + at;
        for (uint32_t i = 0; v->valid && i < n; i++) {
            s[i].n = weir_vec_is_valid(v, at + i) ? s[i].n : 0;
        }
        own_strings(s, n, a);
        return;
    }
    bool wide = v->type->kind == WEIR_T_DECIMAL && v->type->precision > WEIR_DEC_SMALL_DIGITS;
    if (!wide && !weir_type_is_nested(v->type)) {
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (weir_vec_is_valid(v, at + i)) {
            weir_value boxed = weir_vec_get(v, at + i);
            weir_value copy = weir_value_copy(a, v->type, &boxed);
            weir_vec_put(v, a, at + i, &copy);
        }
    }
}

/* Appends rows of `b` to `to`, which has room; the copy is `a`'s own when `own`. */
static void append_rows(weir_batch *to, weir_arena *a, const weir_batch *b, const uint16_t *rows,
                        uint32_t n, bool own)
{
    uint32_t at = to->rows;
    for (uint32_t i = 0; i < b->schema->n; i++) {
        weir_vec_gather(&to->cols[i], a, at, &b->cols[i], rows, n);
        if (own) {
            own_column(&to->cols[i], a, at, n);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        to->rowtime[at + i] = b->rowtime[rows[i]];
    }
    if (b->seq) {
        for (uint32_t i = 0; i < n; i++) {
            to->seq[at + i] = b->seq[rows[i]];
        }
    }
    for (uint32_t i = 0; to->headers && i < n; i++) {
        to->headers[at + i] = b->headers ? b->headers[rows[i]] : (weir_sv){0};
    }
    if (b->flags || to->flags) {
        uint8_t *flags = weir_batch_need_flags(to);
        for (uint32_t i = 0; i < n; i++) {
            flags[at + i] = weir_batch_flags(b, rows[i]);
        }
    }
    to->rows = (uint16_t)(at + n);
    to->nsel = to->rows;
}

static weir_batch *owned_batch(weir_arena *a, const weir_batch *like)
{
    weir_batch *b = weir_batch_new(a, like->schema);
    b->rows = b->nsel = 0;
    if (like->seq) {
        b->seq = weir_arena_alloc(a, sizeof *b->seq * WEIR_BATCH_ROWS);
    }
    if (like->old) {
        b->old = owned_batch(a, like->old);
    }
    return b;
}

/* Headers of the causing records: copied, since they stay behind. */
static void own_headers(const weir_task *t, weir_arena *a, weir_batch *to, uint32_t at)
{
    for (uint32_t i = at; to->headers && i < to->rows; i++) {
        to->headers[i] = weir_arena_sv(a, weir_task_headers(t, to->seq[i]));
    }
}

static void parcel_append(const weir_task *t, weir_parcel *p, const weir_batch *b,
                          const uint16_t *rows, uint32_t n)
{
    while (n) {
        weir_batch *last = p->n ? p->batches[p->n - 1] : NULL;
        if (!last || last->rows == WEIR_BATCH_ROWS || !last->old != !b->old ||
            !last->seq != !b->seq || (weir_task_has_headers(t) && !last->headers)) {
            last = owned_batch(&p->arena, b);
            if (weir_task_has_headers(t)) {
                last->headers = WEIR_NEW_N(&p->arena, weir_sv, WEIR_BATCH_ROWS);
            }
            WEIR_PUSH(&p->arena, p->batches, p->n, p->cap, last);
        }
        uint32_t room = WEIR_BATCH_ROWS - last->rows;
        uint32_t m = n < room ? n : room;
        if (b->old) {
            append_rows(last->old, &p->arena, b->old, rows, m, true);
        }
        uint32_t at = last->rows;
        append_rows(last, &p->arena, b, rows, m, true);
        own_headers(t, &p->arena, last, at);
        rows += m;
        n -= m;
    }
}

/* The partition of each selected row; that of rows without a key is 0. */
static void route(weir_exchange *x, const weir_batch *b, const uint16_t *sel, uint32_t *to)
{
    weir_sv keys[WEIR_BATCH_ROWS];
    uint64_t null[WEIR_BITS_WORDS] = {0};
    const weir_vec *column = &b->cols[0];
    if (x->encoder) {
        weir_buf_reset(&x->keys);
        x->format->encode(x->encoder, b->cols, sel, b->nsel, &x->keys, x->ends, null);
        for (uint32_t i = 0, from = 0; i < b->nsel; from = x->ends[i++]) {
            keys[i] = (weir_sv){x->keys.p + from, weir_bit(null, i) ? 0 : x->ends[i] - from};
        }
    } else {
        for (uint32_t i = 0; i < b->nsel; i++) {
            keys[i] = WEIR_AT(weir_sv, column, sel[i]);
        }
        for (uint32_t i = 0; column->valid && i < b->nsel; i++) {
            if (!weir_vec_is_valid(column, sel[i])) {
                keys[i].n = 0;
                weir_bit_set(null, i);
            }
        }
    }
    weir_partitions_of(keys, b->nsel, (uint32_t)x->partitions, to);
    for (uint32_t i = 0; (x->encoder || column->valid) && i < b->nsel; i++) {
        to[i] = weir_bit(null, i) ? 0 : to[i];
    }
}

/* Two passes: where a row goes is known late, and the counters would wait for it row by row. */
static void split(weir_exchange *x, const weir_batch *b)
{
    uint16_t all[WEIR_BATCH_ROWS];
    uint32_t to[WEIR_BATCH_ROWS] = {0};
    uint16_t *n_rows = x->n_rows;
    uint16_t(*rows)[WEIR_BATCH_ROWS] = x->rows;
    const uint16_t *sel = b->sel;
    for (uint32_t i = 0; !sel && i < b->nsel; i++) {
        all[i] = (uint16_t)i;
    }
    sel = sel ? sel : all;
    if (x->partitions > 1 && b->schema->n_keys > 0) {
        route(x, b, sel, to);
    }
    memset(n_rows, 0, sizeof *n_rows * (size_t)x->partitions);
    for (uint32_t i = 0; i < b->nsel; i++) {
        rows[to[i]][n_rows[to[i]]++] = sel[i];
    }
}

static void exchange_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    (void)port;
    weir_exchange *x = op->task->exchange;
    split(x, b);
    for (int32_t p = 0; p < x->partitions; p++) {
        if (x->n_rows[p]) {
            parcel_append(op->task, parcel_for(x, p), b, x->rows[p], x->n_rows[p]);
        }
    }
}

static weir_rc exchange_open(weir_op *op, weir_status *st)
{
    return weir_exchange_open(op->task, st);
}

const weir_op_kind *weir_exchange_kind(void)
{
    static const weir_op_kind kind = {
        .name = "exchange",
        .size = sizeof(op_exchange),
        .open = exchange_open,
        .push = exchange_push,
    };
    return &kind;
}

/* One parcel being merged. */
typedef struct cursor {
    const weir_parcel *p;
    uint32_t batch, row;
} cursor;

static bool cursor_head(const cursor *c, weir_order order, int64_t *key)
{
    if (c->batch >= c->p->n) {
        return false;
    }
    const weir_batch *b = c->p->batches[c->batch];
    *key = (order == WEIR_ORDER_SEQ ? b->seq : b->rowtime)[c->row];
    return true;
}

static void cursor_next(cursor *c)
{
    if (++c->row >= c->p->batches[c->batch]->rows) {
        c->row = 0;
        c->batch++;
    }
}

/* How many rows from the cursor on, inside its batch, come before `bound` (or at it, when it wins
 * ties). */
static uint32_t run_length(const cursor *c, weir_order order, int64_t bound, bool ties,
                           uint32_t most)
{
    const weir_batch *b = c->p->batches[c->batch];
    const int64_t *key = (order == WEIR_ORDER_SEQ ? b->seq : b->rowtime) + c->row;
    uint32_t left = b->rows - c->row;
    uint32_t n = 0;
    most = most < left ? most : left;
    while (n < most && (key[n] < bound || (ties && key[n] == bound))) {
        n++;
    }
    return n;
}

static void merge_run(weir_batch *to, weir_arena *a, const weir_batch *b, uint32_t row, uint32_t n)
{
    uint16_t rows[WEIR_BATCH_ROWS];
    for (uint32_t i = 0; i < n; i++) {
        rows[i] = (uint16_t)(row + i);
    }
    if (b->old) {
        append_rows(to->old, a, b->old, rows, n, false);
    }
    append_rows(to, a, b, rows, n, false);
}

uint32_t weir_parcels_merge(weir_parcel *const *parcels, uint32_t n, weir_order order,
                            weir_arena *a, weir_batch ***out)
{
    if (n == 1) {
        *out = parcels[0]->batches;
        return parcels[0]->n;
    }
    cursor *c = WEIR_NEW_N(a, cursor, n);
    for (uint32_t i = 0; i < n; i++) {
        c[i].p = parcels[i];
    }
    weir_batch **batches = NULL;
    uint32_t n_batches = 0;
    uint32_t cap = 0;
    weir_batch *to = NULL;
    for (;;) {
        int64_t least = INT64_MAX;
        int64_t second = INT64_MAX;
        uint32_t at = UINT32_MAX;
        uint32_t rival = UINT32_MAX;
        for (uint32_t i = 0; i < n; i++) {
            int64_t key;
            if (!cursor_head(&c[i], order, &key)) {
                continue;
            }
            if (at == UINT32_MAX || key < least) {
                second = least;
                rival = at;
                least = key;
                at = i;
            } else if (rival == UINT32_MAX || key < second) {
                second = key;
                rival = i;
            }
        }
        if (at == UINT32_MAX) {
            break;
        }
        const weir_batch *b = c[at].p->batches[c[at].batch];
        if (!to || to->rows == WEIR_BATCH_ROWS || !to->old != !b->old || !to->seq != !b->seq ||
            (b->headers && !to->headers)) {
            to = owned_batch(a, b);
            to->headers = b->headers ? WEIR_NEW_N(a, weir_sv, WEIR_BATCH_ROWS) : NULL;
            WEIR_PUSH(a, batches, n_batches, cap, to);
        }
        uint32_t room = WEIR_BATCH_ROWS - to->rows;
        uint32_t run = rival == UINT32_MAX
                           ? (b->rows - c[at].row < room ? b->rows - c[at].row : room)
                           : run_length(&c[at], order, second, at < rival, room);
        WEIR_ASSERT(run > 0);
        merge_run(to, a, b, c[at].row, run);
        for (uint32_t i = 0; i < run; i++) {
            cursor_next(&c[at]);
        }
    }
    *out = batches;
    return n_batches;
}
