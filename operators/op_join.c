/* What the joins share. */
#include "operators/op_join.h"

#define JOIN_BYTES_MAX ((size_t)1 << 31)

static void open_side(weir__join *j, int side)
{
    const weir_node *in = j->op->node->in[side];
    weir_arena *a = weir_task_arena(j->op->task);
    const weir_type **types = WEIR_NEW_N(a, const weir_type *, in->schema->n);
    for (uint32_t i = 0; i < in->schema->n; i++) {
        types[i] = in->schema->cols[i].type;
    }
    weir_row_codec_init(&j->codec[side], a, types, in->schema->n);
    weir__keys_init(&j->keys[side], a, in->schema, in->window.kind != WEIR_WINDOW_NONE);
}

void weir__join_open(weir__join *j, weir_op *op)
{
    const weir_node *node = op->node;
    weir_arena *a = weir_task_arena(op->task);
    j->op = op;
    j->n_keys = node->schema->n_keys;
    j->n_left = node->in[0]->schema->n;
    j->n_right = node->in[1]->schema->n;
    open_side(j, 0);
    open_side(j, 1);
    weir_schema *both = WEIR_NEW(a, weir_schema);
    *both = (weir_schema){.n = (uint16_t)(j->n_left + j->n_right),
                          .cols = node->schema->cols + j->n_keys};
    j->both = both;
    if (node->join.residual) {
        j->residual =
            weir_program_new(a, both, &node->join.residual, 1, weir_task_settings(op->task));
        j->errors = weir_op_errors(op, WEIR_SV("ON"));
    }
    weir_buf_init(&j->rows[0], JOIN_BYTES_MAX);
    weir_buf_init(&j->rows[1], JOIN_BYTES_MAX);
    j->at = WEIR_NEW_N(a, weir__joined, WEIR_BATCH_ROWS);
    j->before = node->need_old ? WEIR_NEW_N(a, weir__joined, WEIR_BATCH_ROWS) : NULL;
    j->times = WEIR_NEW_N(a, int64_t, WEIR_BATCH_ROWS);
    j->seqs = WEIR_NEW_N(a, int64_t, WEIR_BATCH_ROWS);
}

void weir__join_close(weir__join *j)
{
    weir__keys_deinit(&j->keys[0]);
    weir__keys_deinit(&j->keys[1]);
    weir_buf_deinit(&j->rows[0]);
    weir_buf_deinit(&j->rows[1]);
}

void weir__join_begin(weir__join *j, weir_arena *a, bool seq)
{
    WEIR_ASSERT(j->n == 0);
    j->arena = a;
    j->seq = seq;
    j->out = NULL;
}

bool weir__join_encode(weir__join *j, int side, const weir_batch *b, const uint16_t *rows,
                       uint32_t n, weir_sv *out)
{
    weir_buf *to = &j->rows[side];
    uint32_t *starts = j->starts[side];
    weir_buf_reset(to);
    if (n && !weir_row_encode_batch(&j->codec[side], to, b->cols, rows, n, starts)) {
        weir_task_fail(j->op->task, "the rows of one batch take more than %zu bytes",
                       JOIN_BYTES_MAX);
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        out[i] = (weir_sv){to->p + starts[i], starts[i + 1] - starts[i]};
    }
    return true;
}

/* ---- joined rows ---- */

weir__joined *weir__join_new(weir__join *j, weir_sv key, int64_t time, int64_t seq)
{
    if (j->n == WEIR_BATCH_ROWS) {
        weir__join_emit(j);
    }
    weir__joined *r = &j->at[j->n];
    r->key = key;
    r->flags = key.n == WEIR_NULL_BYTES ? WEIR_ROW_NULL_KEY : 0;
    j->times[j->n] = time;
    j->seqs[j->n++] = seq;
    return r;
}

static weir_sv copy_of(weir__join *j, weir_sv s)
{
    return s.n && s.n != WEIR_NULL_BYTES ? weir_arena_sv(j->arena, s) : s;
}

/* Sets the rows and whether they are there. */
static void fill(weir__join *j, weir__joined *r, const weir__pair *p)
{
    r->rows[0] = copy_of(j, p->left);
    r->rows[1] = copy_of(j, p->right);
    r->flags |= p->present ? 0 : WEIR_ROW_NULL_VALUE;
}

void weir__join_add(weir__join *j, weir_sv key, int64_t time, int64_t seq, weir__pair now,
                    const weir__pair *before)
{
    fill(j, weir__join_new(j, copy_of(j, key), time, seq), &now);
    if (before) {
        weir__joined *was = &j->before[j->n - 1];
        was->flags = 0;
        fill(j, was, before);
    }
}

static void decode_side(weir__join *j, weir_batch *out, const weir__joined *from, uint32_t side)
{
    weir_sv *rows = weir_arena_alloc(j->arena, j->n * sizeof *rows);
    for (uint32_t i = 0; i < j->n; i++) {
        rows[i] = from[i].rows[side];
    }
    weir_vec *cols = out->cols + j->n_keys + (side ? j->n_left : 0);
    for (uint32_t c = 0; c < j->codec[side].n; c++) {
        weir_row_gather(&j->codec[side], rows, j->n, c, &cols[c], j->arena, NULL);
    }
}

static void decode_keys(weir__join *j, weir_batch *out)
{
    weir_sv *keys = weir_arena_alloc(j->arena, j->n * sizeof *keys);
    for (uint32_t i = 0; i < j->n; i++) {
        keys[i] = j->at[i].key;
    }
    weir__keys_columns(&j->keys[0], keys, j->n, out->cols, j->arena);
}

void weir__join_emit(weir__join *j)
{
    if (j->n == 0 || weir_task_failed(j->op->task)) {
        j->n = 0;
        return;
    }
    bool old = j->op->node->need_old;
    if (!j->out) { /* one batch serves all the rows that come from the batch being read */
        j->out = weir_batch_new(j->arena, j->op->node->schema);
        j->out->old = old ? weir_batch_new(j->arena, j->op->node->schema) : NULL;
    }
    weir_batch *out = j->out;
    uint8_t flags = 0;
    for (uint32_t i = 0; i < j->n; i++) {
        flags |= j->at[i].flags;
    }
    if (flags || out->flags) {
        for (uint32_t i = 0; i < j->n; i++) {
            weir_batch_need_flags(out)[i] = j->at[i].flags;
        }
    }
    decode_keys(j, out);
    decode_side(j, out, j->at, 0);
    decode_side(j, out, j->at, 1);
    out->rowtime = j->times;
    out->seq = j->seq ? j->seqs : NULL;
    out->rows = out->nsel = (uint16_t)j->n;
    if (old) {
        decode_side(j, out->old, j->before, 0);
        decode_side(j, out->old, j->before, 1);
        for (uint32_t i = 0; i < j->n; i++) {
            weir_batch_need_flags(out->old)[i] = j->before[i].flags;
        }
        memcpy(out->old->cols, out->cols, j->n_keys * sizeof *out->cols);
        out->old->rowtime = j->times;
        out->old->rows = out->old->nsel = out->rows;
    }
    j->n = 0;
    weir_emit(j->op, out);
}

uint32_t weir__join_filter(weir__join *j, int side, weir_sv fixed, const weir_sv *rows, uint32_t n,
                           uint16_t *pass)
{
    weir_batch *b = weir_batch_new(j->arena, j->both);
    b->rows = b->nsel = (uint16_t)n;
    memset(b->rowtime, 0, n * sizeof *b->rowtime);
    weir_sv *same = weir_arena_alloc(j->arena, n * sizeof *same);
    for (uint32_t i = 0; i < n; i++) {
        same[i] = fixed;
    }
    for (uint32_t s = 0; s < 2; s++) {
        weir_vec *cols = b->cols + (s ? j->n_left : 0);
        for (uint32_t c = 0; c < j->codec[s].n; c++) {
            weir_row_gather(&j->codec[s], (int)s == side ? same : rows, n, c, &cols[c], j->arena,
                            NULL);
        }
    }
    return weir_program_filter(j->residual, b, pass, j->errors);
}
