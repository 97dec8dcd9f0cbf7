/* A budget for state in memory. Between commits state grows as it likes; right after one every entry is
 * clean and stored, so that any of them can leave: then operators are asked to evict, each its part,
 * until there is room again for the next epoch. A host that asks (weir_engine_wants_commit) commits
 * early, so that an epoch cannot grow without bounds.
 *
 * State that cannot leave may exceed the budget by itself; then the others keep next to nothing, and
 * growth is measured from there. Without a budget, too, a commit is due when it would write much: what it
 * writes lies in memory once more. */
#include "engine/run/task.h"

#define BUDGET_KEEP_PART 5  /* an eviction keeps 4/5 of the budget */
#define BUDGET_SLACK_PART 8 /* 1/8 above the budget a commit is due */
#define BUDGET_EPOCH_PART 4 /* and when an epoch has added 1/4: it is written in one piece */
#define BUDGET_CACHE_PART 8 /* of the budget, for blocks and filters of the store */
#define EPOCH_ENTRIES_MAX 100000 /* changed entries in one commit: some 10 MB … */
#define EPOCH_STATE_MIN 250000   /* … of more than so many: below, the same ones change again and again */

static uint64_t part_of(uint64_t bytes, uint64_t part)
{
    return bytes / part;
}

static uint64_t op_bytes(const weir_op *op)
{
    return op->kind->state_bytes ? op->kind->state_bytes(op) : 0;
}

static bool evicts(const weir_query *q, const weir_op *op)
{
    return op->kind->evict && q->plan->persistent && !q->failed;
}

typedef void (*op_visit)(const weir_query *q, weir_op *op, void *ctx);

static void each_op(const weir_engine *e, op_visit visit, void *ctx)
{
    for (size_t i = 0; i < e->n_queries; i++) {
        const weir_query *q = e->queries[i];
        for (uint32_t k = 0; k < q->n_stages; k++) {
            for (int32_t p = 0; p < q->stages[k]->partitions; p++) {
                const weir_task *t = q->stages[k]->tasks[p];
                for (uint32_t n = 0; n < t->n_ops; n++) {
                    visit(q, t->ops[n], ctx);
                }
            }
        }
    }
}

typedef struct budget {
    uint64_t all, movable; /* bytes in memory */
    uint64_t surplus;      /* to be evicted */
} budget;

static void add_bytes(const weir_query *q, weir_op *op, void *ctx)
{
    budget *b = ctx;
    uint64_t bytes = op_bytes(op);
    b->all += bytes;
    b->movable += evicts(q, op) ? bytes : 0;
}

static budget measure(const weir_engine *e)
{
    budget b = {0};
    each_op(e, add_bytes, &b);
    return b;
}

static void evict_part(const weir_query *q, weir_op *op, void *ctx)
{
    const budget *b = ctx;
    if (evicts(q, op)) {
        double part = (double)op_bytes(op) / (double)b->movable;
        op->kind->evict(op, (uint64_t)(part * (double)b->surplus));
    }
}

typedef struct epoch_size {
    uint64_t rows, entries; /* that came to operators with state; that these have */
} epoch_size;

static void add_size(const weir_query *q, weir_op *op, void *ctx)
{
    epoch_size *s = ctx;
    if (op->kind->save && q->plan->persistent) {
        s->rows += op->rows_in;
        s->entries += op->kind->state_entries ? op->kind->state_entries(op) : 0;
    }
}

static epoch_size epoch_of(const weir_engine *e)
{
    epoch_size s = {0};
    each_op(e, add_size, &s);
    return s;
}

/* No more entries have changed than there are, or than rows have come. */
static bool epoch_is_large(const weir_engine *e)
{
    epoch_size s = epoch_of(e);
    return s.entries > EPOCH_STATE_MIN && s.rows > e->rows_committed + EPOCH_ENTRIES_MAX;
}

void weir_budget_evict(weir_engine *e)
{
    e->rows_committed = epoch_of(e).rows;
    if (!e->state_limit || !e->config.store) {
        return;
    }
    budget b = measure(e);
    if (b.all > e->state_limit && b.movable) {
        uint64_t keep = e->state_limit - part_of(e->state_limit, BUDGET_KEEP_PART);
        b.surplus = b.all - keep < b.movable ? b.all - keep : b.movable;
        each_op(e, evict_part, &b);
        b = measure(e);
    }
    e->state_kept = b.all;
}

void weir_engine_limit_state(weir_engine *e, uint64_t bytes)
{
    e->state_limit = bytes;
    e->state_kept = 0;
    if (e->config.store) {
        weir_store_cache(e->config.store, part_of(bytes, BUDGET_CACHE_PART));
    }
}

bool weir_engine_wants_commit(const weir_engine *e)
{
    return e->config.store && (weir_budget_is_over(e) || epoch_is_large(e));
}

bool weir_budget_is_over(const weir_engine *e)
{
    if (!e->state_limit || !e->config.store) {
        return false;
    }
    uint64_t from = e->state_kept > e->state_limit ? e->state_kept : e->state_limit;
    uint64_t all = measure(e).all;
    return all > from + part_of(e->state_limit, BUDGET_SLACK_PART) ||
           all > e->state_kept + part_of(e->state_limit, BUDGET_EPOCH_PART);
}

/* ---- loading ---- */

void weir_budget_load(weir_engine *e)
{
    e->state_full = false;
    e->state_loaded = e->state_limit ? measure(e).all : 0;
}

void weir_budget_loading(const weir_op *op, bool done)
{
    weir_engine *e = op->task->engine;
    uint64_t bytes = e->state_limit ? e->state_loaded + op_bytes(op) : 0;
    e->state_full = bytes > e->state_limit - part_of(e->state_limit, BUDGET_KEEP_PART);
    if (done) {
        e->state_loaded = e->state_kept = bytes;
    }
}

bool weir_op_full(const weir_op *op)
{
    return op->task->engine->state_full && op->kind->evict && weir_task_durable(op->task);
}
