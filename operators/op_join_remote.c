/* A stream joined with a table that lives elsewhere. Keys whose rows are not known are asked for; until they
 * are, nothing comes out and the task holds the batch (engine/run/looking.c). A row meets what the table had
 * when it was asked, or not longer than the lookup's ttl before.
 *
 * A lookup in front of another one emits what it knows, so that the other can ask, too. */
#include "operators/op.h"
#include "operators/op_kinds.h"
#include "operators/op_remote.h"

typedef struct op_remote {
    weir_op op;
    weir__answers answers;
    weir_program *key; /* over in[0] */
    weir_row_errors *errors, *unread;
    weir_schema key_schema;
    weir__keys keys;
    weir_row_codec codec; /* the table's columns without its key */
} op_remote;

/* The batch that is being worked on. */
typedef struct lookup_rows {
    uint16_t rows[WEIR_BATCH_ROWS];   /* with a value */
    weir__answer *of[WEIR_BATCH_ROWS]; /* per row of `rows`; NULL: its key is NULL */
    uint32_t n;
    bool missing;
} lookup_rows;

static weir_rc open_lookup(op_remote *r, weir_status *st)
{
    const weir_lookups *lookups = weir_task_lookups(r->op.task);
    const weir_node *table = r->op.node->in[1];
    const weir_schema *s = table->schema;
    weir_arena *a = weir_task_arena(r->op.task);
    const weir_type **types = WEIR_NEW_N(a, const weir_type *, s->n);
    uint32_t *columns = WEIR_NEW_N(a, uint32_t, s->n);
    weir_lookup *lookup = NULL;
    WEIR_ASSERT(s->n_keys == 1);
    for (uint32_t i = 1; i < s->n; i++) {
        WEIR_ASSERT(table->scan.read[i] > 0);
        columns[i - 1] = (uint32_t)table->scan.read[i];
        types[i - 1] = s->cols[i].type;
    }
    weir_row_codec_init(&r->codec, a, types, s->n - 1u);
    if (!lookups) {
        return weir_fail(st, WEIR_ENOTIMPL, "table " WEIR_SV_FMT " is looked up in " WEIR_SV_FMT
                         ", which cannot be done here: use weir run",
                         WEIR_SV_ARG(table->scan.source->name), WEIR_SV_ARG(table->scan.source->lookup));
    }
    weir_lookup_spec spec = {
        .source = table->scan.source, .columns = columns, .n = s->n - 1u, .codec = &r->codec};
    WEIR_TRY(lookups->open(lookups->ctx, &spec, &lookup, st));
    weir__answers_init(&r->answers, lookup);
    return WEIR_OK;
}

static weir_rc remote_open(weir_op *op, weir_status *st)
{
    op_remote *r = (op_remote *)op;
    const weir_node *n = op->node;
    weir_arena *a = weir_task_arena(op->task);
    WEIR_ASSERT(n->join.foreign && !n->join.residual);
    WEIR_ASSERT(n->join.type == WEIR_JOIN_INNER || n->join.type == WEIR_JOIN_LEFT);
    r->key = weir_program_new(a, n->in[0]->schema, &n->join.foreign, 1, weir_task_settings(op->task));
    r->errors = weir_op_errors(op, WEIR_SV("ON"));
    r->unread = weir_op_errors(op, WEIR_SV("JOIN"));
    weir_column *key = WEIR_NEW(a, weir_column);
    *key = (weir_column){.name = WEIR_SV("KEY"), .type = n->join.foreign->type, .role = WEIR_COL_KEY};
    r->key_schema = (weir_schema){.n = 1, .n_keys = 1, .cols = key};
    weir__keys_init(&r->keys, a, &r->key_schema, false);
    return open_lookup(r, st);
}

static void remote_close(weir_op *op)
{
    op_remote *r = (op_remote *)op;
    weir__keys_deinit(&r->keys);
    weir__answers_deinit(&r->answers);
}

/* Finds the answers of all rows, and asks for those that are not there. */
static bool find(op_remote *r, const weir_batch *b, const weir_vec *key, lookup_rows *x)
{
    uint16_t keyed[WEIR_BATCH_ROWS];
    uint16_t place[WEIR_BATCH_ROWS];
    uint16_t ask[WEIR_BATCH_ROWS];
    weir_sv keys[WEIR_BATCH_ROWS];
    weir__answer *found[WEIR_BATCH_ROWS];
    void *tags[WEIR_BATCH_ROWS];
    uint32_t n = 0;
    weir_task *t = r->op.task;
    int64_t emitted = weir_task_emitted(t);
    for (uint32_t i = 0; i < x->n; i++) {
        x->of[i] = NULL;
        if (weir_vec_is_valid(key, x->rows[i])) {
            place[n] = (uint16_t)i;
            keyed[n++] = x->rows[i];
        }
    }
    weir_batch view = *b;
    view.schema = &r->key_schema;
    view.cols = (weir_vec *)(uintptr_t)key;
    if (!weir__keys_of(&r->keys, t, &view, keyed, n, keys)) {
        return false;
    }
    uint32_t asks = n ? weir__answers_find(&r->answers, keys, n, emitted, weir_task_batch_end(t), found, ask) : 0;
    for (uint32_t i = 0; i < asks; i++) {
        tags[i] = found[ask[i]];
        ask[i] = keyed[ask[i]];
    }
    if (asks) {
        r->answers.lookup->calls->ask(r->answers.lookup, key, ask, tags, asks);
    }
    for (uint32_t i = 0; i < n; i++) {
        x->of[place[i]] = found[i];
        x->missing |= found[i]->state == WEIR__ANSWER_ASKED;
    }
    return true;
}

/* Leaves only rows that go on. */
static void choose(const op_remote *r, lookup_rows *x)
{
    bool left = r->op.node->join.type == WEIR_JOIN_LEFT;
    uint32_t n = 0;
    for (uint32_t i = 0; i < x->n; i++) {
        const weir__answer *a = x->of[i];
        bool there = a && a->state == WEIR__ANSWER_FOUND;
        if (there || (left && !(a && a->state == WEIR__ANSWER_ASKED))) {
            x->rows[n] = x->rows[i];
            x->of[n++] = there ? x->of[i] : NULL;
        }
    }
    x->n = n;
}

/* The table's key is the row's where the table has it. */
static void key_column(const lookup_rows *x, const weir_vec *key, weir_vec *out, weir_arena *a)
{
    weir_vec_init(out, a, key->type);
    for (uint32_t i = 0; i < x->n; i++) {
        weir_value v = x->of[i] ? weir_vec_get(key, x->rows[i]) : weir_null(key->type->kind);
        weir_vec_put(out, a, x->rows[i], &v);
    }
}

static void emit(op_remote *r, const weir_batch *b, const weir_vec *key, const lookup_rows *x)
{
    const weir_node *n = r->op.node;
    uint32_t n_keys = n->schema->n_keys;
    uint32_t n_left = n->in[0]->schema->n;
    weir_sv found[WEIR_BATCH_ROWS];
    weir_batch out = *b;
    out.schema = n->schema;
    out.cols = WEIR_NEW_N(b->arena, weir_vec, n->schema->n);
    memcpy(out.cols, b->cols, n_keys * sizeof *out.cols);
    memcpy(out.cols + n_keys, b->cols, n_left * sizeof *out.cols);
    weir_vec *right = out.cols + n_keys + n_left;
    key_column(x, key, &right[0], b->arena);
    for (uint32_t i = 0; i < x->n; i++) {
        weir_sv reason = x->of[i] ? weir__answer_reason(x->of[i]) : (weir_sv){0};
        found[i] = x->of[i] ? weir__answer_row(x->of[i]) : (weir_sv){0};
        if (reason.n) {
            r->unread->report(r->unread->ctx, n->in[1]->scan.source->name, reason, b, x->rows[i]);
        }
    }
    for (uint32_t c = 0; c < r->codec.n; c++) {
        weir_vec_init(&right[1 + c], b->arena, r->codec.types[c]);
        weir_row_gather(&r->codec, found, x->n, c, &right[1 + c], b->arena, x->rows);
    }
    out.sel = x->rows;
    out.nsel = (uint16_t)x->n;
    weir_emit(&r->op, &out);
}

static void remote_push(weir_op *op, uint32_t port, const weir_batch *b)
{
    op_remote *r = (op_remote *)op;
    lookup_rows x = {.n = 0};
    weir_vec key;
    WEIR_ASSERT(port == 0 && !b->old);
    x.n = weir__rows_with_value(b, false, x.rows);
    if (x.n == 0) {
        return;
    }
    weir_batch view = *b;
    view.sel = x.rows;
    view.nsel = (uint16_t)x.n;
    weir_program_eval(r->key, &view, &key, r->errors);
    if (!find(r, b, &key, &x)) {
        return;
    }
    if (x.missing) {
        weir_task_miss(op->task);
    }
    if (!weir_task_only_asks(op)) {
        choose(r, &x);
        emit(r, b, &key, &x);
    }
}

static bool remote_answered(const weir_op *op)
{
    weir_lookup *l = ((const op_remote *)op)->answers.lookup;
    return l->calls->ready(l);
}

static void remote_hear(weir_op *op)
{
    weir__answers_take(&((op_remote *)op)->answers, weir_task_emitted(op->task));
}

const weir_op_kind weir__op_join_remote = {
    .name = "join_remote",
    .size = sizeof(op_remote),
    .open = remote_open,
    .push = remote_push,
    .answered = remote_answered,
    .hear = remote_hear,
    .close = remote_close,
};
