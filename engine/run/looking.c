/* Tasks that ask elsewhere: rows meet a table that has to be asked for over a connection (lookup.h).
 *
 * Such a task has one scan, stateless operators, the lookups, and behind the last of them whatever follows.
 * A batch is pushed as always. Where an answer is missing, the lookup asks for it and the last lookup
 * emits nothing: the batch has left no trace, and the scan goes back to its beginning. When answers have
 * come, the batch is read again, and now passes. So a row comes out once and in order, and the position that
 * a commit writes down is that of the first row that has not come out.
 *
 *      emitted        held: read again     asked ahead
 *   ───────────────┼───────────────────┼───────────────► offsets
 *                  back                 asked
 *
 * Behind the held batch some more are pushed only to ask, so that there is one round trip for many batches.
 * With a FLATMAP in front of the lookups a batch becomes several: those tasks first push each batch only to
 * ask, and once more when nothing is missing. Whatever operators count and report in a push that is not the
 * last one is taken back. */
#include "engine/run/task.h"

#define AHEAD_RECORDS 8192 /* asked for at most, before the first of them is answered */

/* What an operator has counted. */
typedef struct tally {
    uint64_t in, out, late, errors;
} tally;

/* What a push may change besides what it emits. */
typedef struct trace {
    int64_t next;
    uint64_t read, bad, lost_problems;
    uint32_t n_problems;
    tally *ops;
} trace;

typedef struct weir_looking {
    weir_op *last;  /* of the lookups */
    uint32_t n;     /* lookups */
    bool fans_out;  /* a batch may come to them as several */
    bool waits;     /* nothing more can be read before answers come */
    bool missing;   /* of the batch that is pushed: some */
    bool asks;      /* this push is only for asking */
    int64_t back, asked, end; /* see above; end: behind the batch that is pushed */
    trace before, begun; /* before the held batch; before the batch that is pushed */
} weir_looking;

/* ---- what operators ask ---- */

const struct weir_lookups *weir_task_lookups(const weir_task *t)
{
    return t->engine->config.lookups;
}

void weir_task_miss(weir_task *t)
{
    t->looking->missing = true;
}

bool weir_task_only_asks(const weir_op *op)
{
    const weir_looking *l = op->task->looking;
    return op == l->last && (l->asks || l->missing);
}

int64_t weir_task_emitted(const weir_task *t)
{
    return t->looking->back;
}

int64_t weir_task_batch_end(const weir_task *t)
{
    return t->looking->end;
}

/* ---- what the engine asks ---- */

bool weir_task_waits(const weir_task *t)
{
    return t->looking && t->looking->waits;
}

bool weir_task_answered(const weir_task *t)
{
    for (uint32_t i = 0; weir_task_waits(t) && i < t->n_ops; i++) {
        if (t->ops[i]->kind->answered && t->ops[i]->kind->answered(t->ops[i])) {
            return true;
        }
    }
    return false;
}

void weir_task_find_lookups(weir_task *t)
{
    weir_looking *l = NULL;
    bool fans_out = false;
    for (uint32_t i = 0; i < t->n_ops; i++) { /* inputs before users: one chain */
        fans_out |= t->ops[i]->node->kind == WEIR_N_FLATMAP;
        if (!t->ops[i]->kind->answered) {
            continue;
        }
        l = l ? l : WEIR_NEW(&t->arena, weir_looking);
        l->last = t->ops[i];
        l->fans_out = fans_out;
        l->n++;
    }
    if (l) {
        WEIR_ASSERT(t->n_scans == 1 && t->n_inboxes == 0);
        l->before.ops = WEIR_NEW_N(&t->arena, tally, t->n_ops);
        l->begun.ops = WEIR_NEW_N(&t->arena, tally, t->n_ops);
        t->looking = l;
    }
}

/* ---- traces ---- */

static void note(const weir_task *t, trace *x)
{
    const weir_scan *s = t->scans;
    x->next = s->next;
    x->read = s->read;
    x->bad = s->bad;
    x->n_problems = t->n_problems;
    x->lost_problems = t->lost_problems;
    for (uint32_t i = 0; i < t->n_ops; i++) {
        const weir_op *op = t->ops[i];
        x->ops[i] = (tally){op->rows_in, op->rows_out, op->late, op->errors};
    }
}

static void take_back(weir_task *t, const trace *x)
{
    weir_scan *s = t->scans;
    s->next = x->next;
    s->read = x->read;
    s->bad = x->bad;
    t->n_problems = x->n_problems;
    t->lost_problems = x->lost_problems;
    if (t->n_problems == 0) {
        t->problems = NULL;
        t->cap_problems = 0;
        weir_arena_reset(&t->problem_arena);
    }
    for (uint32_t i = 0; i < t->n_ops; i++) {
        weir_op *op = t->ops[i];
        op->rows_in = x->ops[i].in;
        op->rows_out = x->ops[i].out;
        op->late = x->ops[i].late;
        op->errors = x->ops[i].errors;
    }
}

/* ---- reading ---- */

static void push(weir_task *t, bool asks)
{
    weir_scan *s = t->scans;
    weir_batch view = *s->batch;
    view.arena = t->step;
    t->looking->asks = asks;
    t->looking->missing = false;
    t->current = s;
    t->current_batch = &view;
    s->to->kind->push(s->to, s->to_port, &view);
    s->to->rows_in += view.nsel;
    t->current = NULL;
    t->current_batch = NULL;
    weir_arena_reset(t->step);
}

static bool fill(weir_task *t, uint32_t *budget)
{
    uint32_t most = t->engine->config.batch_rows ? t->engine->config.batch_rows : WEIR_BATCH_ROWS;
    uint32_t want = most < *budget ? most : *budget;
    if (want == 0 || !weir_scan_fill(t->scans, want)) {
        return false;
    }
    uint32_t rows = t->scans->batch->rows;
    *budget -= rows < *budget ? rows : *budget;
    t->looking->end = t->scans->next;
    return true;
}

/* The batch that was read. True: its rows have come out. */
static bool pass(weir_task *t, bool held)
{
    weir_looking *l = t->looking;
    trace filled = l->begun; /* its counts were taken before the batch was read, those of the scan are newer */
    filled.next = t->scans->next;
    filled.read = t->scans->read;
    filled.bad = t->scans->bad;
    filled.n_problems = t->n_problems;
    filled.lost_problems = t->lost_problems;
    if (t->scans->batch->nsel == 0) {
        return !held;
    }
    push(t, held || l->fans_out);
    if (held || l->missing) {
        return false;
    }
    if (l->fans_out && !t->failed) {
        take_back(t, &filled);
        push(t, false);
        WEIR_ASSERT(!l->missing);
    }
    return true;
}

/* Once for each run: what comes later is not known to the batch that is held, and must wake the task. */
static void hear(weir_task *t)
{
    for (uint32_t i = 0; i < t->n_ops; i++) {
        if (t->ops[i]->kind->hear) {
            t->ops[i]->kind->hear(t->ops[i]);
        }
    }
}

bool weir_task_look(weir_task *t, uint32_t rows)
{
    weir_looking *l = t->looking;
    weir_scan *s = t->scans;
    int64_t from = s->next;
    bool held = false;
    if (l->waits && !weir_task_answered(t)) {
        return false;
    }
    l->waits = false;
    l->back = s->next;
    hear(t);
    while (!t->failed && !t->client_done && (!held || s->next - l->back < AHEAD_RECORDS)) {
        note(t, &l->begun);
        l->back = held ? l->back : s->next;
        if (!fill(t, &rows)) {
            break;
        }
        if (pass(t, held)) {
            continue;
        }
        if (!held) {
            held = true;
            trace swap = l->before;
            l->before = l->begun;
            l->begun = swap;
        }
        if (l->n == 1 && l->asked > s->next) {
            s->next = l->asked; /* up to there all was asked for */
        }
        l->asked = weir_max64(l->asked, s->next);
    }
    weir_scan_release(s);
    if (held && !t->failed) {
        take_back(t, &l->before);
        l->waits = true;
    }
    return s->next != from;
}
