/* Tasks: operator instances of one stage on one partition, wired as the plan says, and what
 * operators may ask of their task (operator.h). */
#include "engine/run/task.h"

#include <stdarg.h>
#include <stdio.h>

#define SEAL_BYTES ((size_t)256 << 10) /* of an output chunk: readers find it in the cache */
#define PROBLEMS_PER_ROUND_MAX 1000 /* reported one by one; more are only counted */

/* ---- services of operator.h ---- */

bool weir_task_holds(const weir_task *t)
{
    return t->holds;
}

weir_arena *weir_task_arena(weir_task *t)
{
    return &t->arena;
}

weir_arena *weir_task_step(weir_task *t)
{
    return t->step;
}

const weir_formats *weir_task_formats(const weir_task *t)
{
    return t->engine->config.formats;
}

const weir_settings *weir_task_settings(const weir_task *t)
{
    return t->stage->query->plan->settings;
}

const weir_plan *weir_task_plan(const weir_task *t)
{
    return t->stage->query->plan;
}

int32_t weir_task_partition(const weir_task *t)
{
    return t->partition;
}

bool weir_task_coalesces(const weir_task *t)
{
    return t->engine->config.coalesce;
}

bool weir_task_durable(const weir_task *t)
{
    return t->engine->config.store && t->stage->query->plan->persistent;
}

weir_store *weir_task_store(const weir_task *t)
{
    return t->engine->config.store;
}

void weir_emit(weir_op *op, const weir_batch *b)
{
    if (b->nsel == 0 || op->task->failed) {
        return;
    }
    op->rows_out += b->nsel;
    weir_op *next = op->next;
    next->rows_in += b->nsel;
    next->kind->push(next, op->next_port, b);
}

void weir_task_fail(weir_task *t, const char *fmt, ...)
{
    if (t->failed) {
        return; /* the first reason is the one to report */
    }
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t->error, sizeof t->error, fmt, ap);
    va_end(ap);
    t->failed = true;
}

bool weir_task_failed(const weir_task *t)
{
    return t->failed;
}

void weir_task_problem(weir_task *t, bool record, int64_t offset, weir_sv where, weir_sv reason)
{
    if (!t->engine->config.problem) {
        return;
    }
    if (t->n_problems >= PROBLEMS_PER_ROUND_MAX) {
        t->lost_problems++;
        if (!record) {
            return; /* skipped records are all reported: the host counts them */
        }
    }
    weir_problem p = {.query = t->stage->query,
                      .partition = t->partition,
                      .offset = offset,
                      .reason = weir_arena_sv(&t->problem_arena, reason),
                      .record = record};
    *(record ? &p.topic : &p.where) = weir_arena_sv(&t->problem_arena, where);
    WEIR_PUSH(&t->problem_arena, t->problems, t->n_problems, t->cap_problems, p);
}

typedef struct op_reporter {
    weir_row_errors errors;
    weir_op *op;
} op_reporter;

static void report_row_error(void *ctx, weir_sv where, weir_sv message, const weir_batch *b,
                             uint32_t row)
{
    op_reporter *r = ctx;
    (void)b;
    weir_task *t = r->op->task;
    r->op->errors++;
    /* Row numbers survive selections, so the scan's batch still knows the offset while only its
     * own operators have run; behind a join or exchange it is not known. */
    bool own = t->current && t->current->batch && t->n_scans == 1 && t->n_inboxes == 0;
    int64_t offset = own && row < t->current->batch->rows ? t->current->offsets[row] : -1;
    weir_task_problem(t, false, offset, where, message);
}

weir_row_errors *weir_op_errors(weir_op *op, weir_sv where)
{
    (void)where;
    op_reporter *r = WEIR_NEW(&op->task->arena, op_reporter);
    r->op = op;
    r->errors = (weir_row_errors){.report = report_row_error, .ctx = r};
    return &r->errors;
}

void weir_op_state_prefix(const weir_op *op, weir_buf *out)
{
    weir_buf_byte(out, 'S');
    weir_buf_sv(out, op->task->stage->query->plan->query_id);
    weir_buf_byte(out, 0);
    weir_buf_be32(out, op->node->id);
    weir_buf_be32(out, (uint32_t)op->task->partition);
}

weir_chunk_builder *weir_task_output(weir_task *t, int32_t partition)
{
    WEIR_ASSERT(partition >= 0 && partition < t->n_outputs);
    weir_chunk_builder *b = &t->outputs[partition];
    if (WEIR_UNLIKELY(b->bytes.n >= SEAL_BYTES)) {
        WEIR_GROW(t->sealed, t->cap_sealed, t->n_sealed + 1);
        t->sealed[t->n_sealed++] =
            (weir_outgoing){t->sink, partition, weir_chunk_builder_take(b)};
    }
    return b;
}

int32_t weir_task_output_partitions(const weir_task *t)
{
    return t->n_outputs;
}

bool weir_task_has_headers(const weir_task *t)
{
    return t->current_batch && t->current_batch->headers;
}

weir_sv weir_task_headers(const weir_task *t, int64_t seq)
{
    if (!weir_task_has_headers(t)) {
        return (weir_sv){0};
    }
    const weir_batch *b = t->current_batch; /* seq ascends over its rows */
    uint32_t lo = 0;
    uint32_t hi = b->rows;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (b->seq[mid] < seq) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < b->rows && b->seq[lo] == seq ? b->headers[lo] : (weir_sv){0};
}

bool weir_task_client_rows(weir_task *t, const weir_batch *b)
{
    /* Nobody listens to a query that only keeps a table (CREATE SOURCE TABLE). */
    if (t->client && !t->client_done && !t->client(t->client_ctx, b)) {
        t->client_done = true;
    }
    return !t->client_done;
}

/* ---- building ---- */

static const weir_op_kind *kind_of(const weir_ops *ops, const weir_node *n)
{
    switch (n->kind) {
    case WEIR_N_SOURCE: return ops->materialize;
    case WEIR_N_FILTER: return ops->filter;
    case WEIR_N_PROJECT: return ops->project;
    case WEIR_N_REKEY: return ops->rekey;
    case WEIR_N_AGGREGATE:
        return n->window.kind == WEIR_WINDOW_SESSION ? ops->session : ops->aggregate;
    case WEIR_N_FLATMAP: return ops->flatmap;
    case WEIR_N_JOIN_STREAM: return ops->join_stream;
    case WEIR_N_JOIN_LOOKUP: return weir_node_looks_up(n) ? ops->join_remote : ops->join_lookup;
    case WEIR_N_JOIN_TABLE: return ops->join_table;
    case WEIR_N_JOIN_FOREIGN: return ops->join_foreign;
    case WEIR_N_SINK: return ops->sink;
    }
    WEIR_UNREACHABLE();
}

typedef struct builder {
    weir_task *t;
    weir_op **ops; /* users before inputs; reversed at the end */
    uint32_t n, cap;
    weir_status *st;
} builder;

static weir_op *add_op(builder *b, const weir_op_kind *kind, const weir_node *node, weir_op *next,
                       uint32_t port)
{
    weir_op *op = weir_arena_zalloc(&b->t->arena, kind->size);
    *op = (weir_op){.kind = kind, .node = node, .task = b->t, .next = next, .next_port = port};
    WEIR_PUSH(&b->t->arena, b->ops, b->n, b->cap, op);
    return op;
}

static const weir_stage_input *stage_input(const weir_stage *s, const weir_node *n, bool scan)
{
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        if (s->inputs[i].node == n && !s->inputs[i].from == scan) {
            return &s->inputs[i];
        }
    }
    return NULL;
}

static weir_rc open_scan(builder *b, const weir_node *n, weir_op *to, uint32_t port)
{
    weir_task *t = b->t;
    weir_scan *s = &t->scans[t->n_scans++];
    s->node = n;
    s->task = t;
    s->to = to;
    s->to_port = port;
    s->partition = t->partition;
    s->own_cols = WEIR_NEW_N(&t->arena, weir_vec, n->schema->n);
    s->topic = weir_topics_find(t->engine->config.topics, n->scan.source->topic);
    if (!s->topic) {
        return weir_fail(b->st, WEIR_ENOTFOUND, "topic " WEIR_SV_FMT " does not exist",
                         WEIR_SV_ARG(n->scan.source->topic));
    }
    return weir_scan_open(s, b->st);
}

static weir_rc build(builder *b, const weir_node *n, weir_op *next, uint32_t port);

static weir_rc build_input(builder *b, const weir_node *n, weir_op *next, uint32_t port)
{
    weir_task *t = b->t;
    if (stage_input(t->stage, n, false)) {
        weir_inbox *in = &t->inboxes[t->n_inboxes++];
        weir_arena_init(&in->arena);
        in->to = next;
        in->to_port = port;
        in->from = stage_input(t->stage, n, false)->from;
        in->n_lanes = (uint32_t)in->from->partitions;
        in->lanes = WEIR_NEW_N(&t->arena, weir_parcel *, in->n_lanes);
        return WEIR_OK;
    }
    return build(b, n, next, port);
}

static weir_rc build(builder *b, const weir_node *n, weir_op *next, uint32_t port)
{
    if (n->kind == WEIR_N_SOURCE) {
        if (n->scan.materialize && b->t->engine->config.ops->materialize) {
            next = add_op(b, b->t->engine->config.ops->materialize, n, next, port);
            port = 0;
        }
        return open_scan(b, n, next, port);
    }
    const weir_op_kind *kind = kind_of(b->t->engine->config.ops, n);
    if (!kind) {
        return weir_fail(b->st, WEIR_ENOTIMPL, "operator %s is not available in this build",
                         weir_node_name(n->kind));
    }
    weir_op *op = add_op(b, kind, n, next, port);
    uint32_t read = weir_node_looks_up(n) ? 1 : n->n_inputs;
    for (uint32_t i = 0; i < read; i++) {
        WEIR_TRY(build_input(b, n->in[i], op, i));
    }
    return WEIR_OK;
}

typedef struct loading {
    weir_op *op;
    uint32_t prefix_n;
    uint64_t n;
} loading;

static weir_rc load_entry(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    loading *l = ctx;
    if (++l->n % WEIR_BATCH_ROWS == 0) {
        weir_arena_reset(l->op->task->step);
        weir_budget_loading(l->op, false);
    }
    weir_sv rest = {key.p + l->prefix_n, key.n - l->prefix_n};
    return l->op->kind->load(l->op, rest, value, st);
}

static weir_rc load_state(weir_op *op, weir_status *st)
{
    weir_buf prefix = {0};
    weir_op_state_prefix(op, &prefix);
    loading l = {.op = op, .prefix_n = (uint32_t)prefix.n};
    weir_budget_loading(op, false);
    weir_rc rc = weir_store_scan(op->task->engine->config.store, weir_buf_view(&prefix), load_entry,
                                 &l, st);
    weir_buf_deinit(&prefix);
    if (rc == WEIR_OK && op->kind->loaded) {
        op->kind->loaded(op);
    }
    weir_arena_reset(op->task->step);
    weir_budget_loading(op, true);
    return rc;
}

static weir_rc open_ops(weir_task *t, weir_status *st)
{
    weir_store *store = t->engine->config.store;
    for (uint32_t i = 0; i < t->n_ops; i++) {
        weir_op *op = t->ops[i];
        if (op->kind->open) {
            WEIR_TRY(op->kind->open(op, st));
        }
        const weir_query *q = t->stage->query;
        if (store && op->kind->load && !q->replaces && !q->anew) {
            WEIR_TRY(load_state(op, st));
        }
    }
    return WEIR_OK;
}

static void open_outputs(weir_task *t)
{
    weir_query *q = t->stage->query;
    if (t->stage->root->kind != WEIR_N_SINK || !q->sink) {
        return;
    }
    t->sink = q->sink;
    t->n_outputs = t->engine->config.single_log ? 1 : weir_topic_partitions(q->sink);
    t->outputs = WEIR_NEW_N(&t->arena, weir_chunk_builder, t->n_outputs);
    for (int32_t i = 0; i < t->n_outputs; i++) {
        weir_chunk_builder_init(&t->outputs[i]);
    }
}

/* The operator that an input reaches through stateless ones only. */
static weir_op *reached(weir_op *op)
{
    while (op->kind->local && op->next) {
        op = op->next;
    }
    return op;
}

static void find_meeting(weir_task *t)
{
    weir_op *to[2] = {NULL, NULL};
    uint32_t n = 0;
    if (t->n_scans + t->n_inboxes != 2) {
        return;
    }
    for (uint32_t i = 0; i < t->n_scans; i++) {
        to[n++] = reached(t->scans[i].to);
    }
    for (uint32_t i = 0; i < t->n_inboxes; i++) {
        to[n++] = reached(t->inboxes[i].to);
    }
    if (to[0] == to[1] && to[0]->kind->walk) {
        t->meeting = to[0];
    }
}

weir_rc weir_task_new(weir_stage *stage, int32_t partition, weir_task **out, weir_status *st)
{
    weir_task *t = weir_zalloc(sizeof *t);
    *out = t;
    weir_engine *e = stage->query->engine;
    t->stage = stage;
    t->engine = e;
    t->partition = partition;
    t->worker = (stage->query->ordinal + (uint32_t)partition) % e->config.workers;
    t->step = &e->workers[t->worker].step;
    t->zones = e->workers[t->worker].zones;
    weir_arena_init(&t->arena);
    weir_arena_init(&t->problem_arena);
    t->scans = WEIR_NEW_N(&t->arena, weir_scan, stage->n_inputs);
    t->inboxes = WEIR_NEW_N(&t->arena, weir_inbox, stage->n_inputs);
    open_outputs(t);
    builder b = {.t = t, .st = st};
    weir_op *last = NULL;
    if (stage->to) {
        last = add_op(&b, weir_exchange_kind(), stage->root, NULL, 0);
    }
    WEIR_TRY(build(&b, stage->root, last, 0));
    t->ops = WEIR_NEW_N(&t->arena, weir_op *, b.n);
    t->n_ops = b.n;
    for (uint32_t i = 0; i < b.n; i++) {
        t->ops[i] = b.ops[b.n - 1 - i];
    }
    find_meeting(t);
    weir_task_find_lookups(t);
    return open_ops(t, st);
}

void weir_task_free(weir_task *t)
{
    if (!t) {
        return;
    }
    for (uint32_t i = 0; i < t->n_ops; i++) {
        if (t->ops[i]->kind->close) {
            t->ops[i]->kind->close(t->ops[i]);
        }
    }
    for (uint32_t i = 0; i < t->n_scans; i++) {
        weir_scan_close(&t->scans[i]);
    }
    for (uint32_t i = 0; i < t->n_inboxes; i++) {
        weir_arena_deinit(&t->inboxes[i].arena);
    }
    for (int32_t i = 0; i < t->n_outputs; i++) {
        weir_chunk_builder_deinit(&t->outputs[i]);
    }
    for (size_t i = 0; i < t->n_sealed; i++) {
        weir_chunk_unref(t->sealed[i].chunk);
    }
    weir_free(t->sealed);
    weir_exchange_close(t);
    weir_arena_deinit(&t->problem_arena);
    weir_arena_deinit(&t->arena);
    weir_free(t);
}

/* ---- running ---- */

bool weir_task_run(weir_task *t, uint32_t rows)
{
    bool progress = t->looking ? weir_task_look(t, rows) : weir_task_push_lanes(t, rows);
    for (uint32_t i = 0; i < t->n_inboxes; i++) {
        t->inboxes[i].n_batches = 0; /* parcels go back at delivery */
        t->inboxes[i].batches = NULL;
    }
    return progress;
}

void weir_task_flush(weir_task *t)
{
    for (uint32_t i = 0; i < t->n_ops && !t->failed; i++) {
        if (t->ops[i]->kind->flush) {
            t->ops[i]->kind->flush(t->ops[i], t->step);
            weir_arena_reset(t->step);
        }
    }
}
