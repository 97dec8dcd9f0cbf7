/* Aggregates have a row form (step), a vector form (update), or both; here the difference ends. */
#include "operators/op_aggs.h"

static void open_one(weir__aggs *s, weir__agg *g, const weir_call *call, const uint32_t *columns)
{
    weir_arena *a = weir_task_arena(s->task);
    g->call = WEIR_NEW(a, weir_call);
    *g->call = *call;
    g->call->plan_arena = a;
    g->call->settings = weir_task_settings(s->task);
    g->agg = call->agg;
    g->width = weir_type_width(call->type);
    WEIR_ASSERT(g->agg && g->agg->result && (g->agg->step || g->agg->update));
    g->columns = columns;
    g->args = WEIR_NEW_N(a, weir_vec, call->nargs);
    g->literals = WEIR_NEW_N(a, weir_vec, call->nargs);
    g->boxed = WEIR_NEW_N(a, weir_value, call->nargs);
    for (uint32_t i = 0; call->literals && i < call->nargs; i++) {
        if (call->literals[i]) {
            weir_vec_const(&g->literals[i], a, call->arg_types[i], call->literals[i]);
        }
    }
    if (g->agg->prepare) {
        g->agg->prepare(g->call);
    }
}

void weir__aggs_open(weir__aggs *s, weir_op *op)
{
    const weir_node *n = op->node;
    s->task = op->task;
    s->n = n->aggregate.n;
    s->at = WEIR_NEW_N(weir_task_arena(op->task), weir__agg, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        open_one(s, &s->at[i], n->aggregate.calls[i], n->aggregate.args[i]);
        s->at[i].at = (s->bytes + 15) & ~15u;
        s->bytes = s->at[i].at + s->at[i].agg->state_bytes;
        s->owns |= s->at[i].agg->free != NULL;
    }
}

static void *state_of(const weir__agg *g, void *states)
{
    return (char *)states + g->at;
}

static const void *const_state_of(const weir__agg *g, const void *states)
{
    return (const char *)states + g->at;
}

void weir__aggs_init(weir__aggs *s, void *states)
{
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->at[i].agg->init) {
            s->at[i].agg->init(s->at[i].call, state_of(&s->at[i], states));
        }
    }
}

void weir__aggs_free(void *aggs, void *states)
{
    weir__aggs *s = aggs;
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->at[i].agg->free) {
            s->at[i].agg->free(s->at[i].call, state_of(&s->at[i], states));
        }
    }
}

static void set_args(weir__agg *g, weir_arena *a, const weir_vec *cols)
{
    g->call->arena = a;
    for (uint32_t i = 0; i < g->call->nargs; i++) {
        g->args[i] = g->literals[i].data ? g->literals[i] : cols[g->columns[i]];
    }
}

static const weir_value *box_args(weir__agg *g, uint32_t row)
{
    for (uint32_t i = 0; i < g->call->nargs; i++) {
        g->boxed[i] = weir_vec_get(&g->args[i], row);
    }
    return g->boxed;
}

static bool fatal(weir__aggs *s, const weir__agg *g)
{
    weir_task_fail(s->task, "%s: " WEIR_SV_FMT, g->call->function->name,
                   WEIR_SV_ARG(g->call->error));
    return false;
}

static bool add_rows(weir__agg *g, void *const *states, const uint16_t *sel, uint32_t n,
                     weir_vec *emit)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = sel ? sel[i] : i;
        void *state = state_of(g, states[i]);
        if (!g->agg->step(g->call, state, box_args(g, row))) {
            return false;
        }
        if (emit) {
            weir_value v = g->agg->result(g->call, state);
            weir_vec_put(emit, g->call->arena, row, &v);
        }
    }
    return true;
}

bool weir__aggs_add(weir__aggs *s, weir_arena *a, void *const *states, const weir_vec *cols,
                    const uint16_t *sel, uint32_t n, weir_vec *emit)
{
    void *own[WEIR_BATCH_ROWS];
    for (uint32_t k = 0; k < s->n; k++) {
        weir__agg *g = &s->at[k];
        set_args(g, a, cols);
        bool ok;
        if (g->agg->update) {
            for (uint32_t i = 0; g->at && i < n; i++) {
                own[i] = state_of(g, states[i]);
            }
            ok = g->agg->update(g->call, g->at ? own : states, g->args, sel, n,
                                emit ? &emit[k] : NULL);
        } else {
            ok = add_rows(g, states, sel, n, emit ? &emit[k] : NULL);
        }
        if (!ok) {
            return fatal(s, g);
        }
    }
    return true;
}

bool weir__aggs_undo(weir__aggs *s, weir_arena *a, void *states, const weir_vec *cols, uint32_t row)
{
    for (uint32_t k = 0; k < s->n; k++) {
        weir__agg *g = &s->at[k];
        WEIR_ASSERT(g->agg->undo); /* the binder lets no other near a table */
        set_args(g, a, cols);
        if (!g->agg->undo(g->call, state_of(g, states), box_args(g, row))) {
            return fatal(s, g);
        }
    }
    return true;
}

bool weir__aggs_merge(weir__aggs *s, weir_arena *a, void *into, const void *from)
{
    for (uint32_t k = 0; k < s->n; k++) {
        weir__agg *g = &s->at[k];
        g->call->arena = a;
        g->call->failed = false;
        g->agg->merge(g->call, state_of(g, into), const_state_of(g, from));
        if (g->call->failed) {
            return fatal(s, g);
        }
    }
    return true;
}

void weir__aggs_results(weir__aggs *s, weir_arena *a, const void *states, weir_vec *emit,
                        uint32_t row)
{
    for (uint32_t k = 0; k < s->n; k++) {
        weir__agg *g = &s->at[k];
        if (g->agg->plain) {
            memcpy((char *)emit[k].data + (size_t)row * g->width, const_state_of(g, states),
                   g->width);
            continue;
        }
        g->call->arena = a;
        weir_value v = g->agg->result(g->call, const_state_of(g, states));
        weir_vec_put(&emit[k], a, row, &v);
    }
}

void weir__aggs_save(weir__aggs *s, const void *states, weir_buf *out)
{
    for (uint32_t k = 0; k < s->n; k++) {
        s->at[k].agg->save(s->at[k].call, const_state_of(&s->at[k], states), out);
    }
}

bool weir__aggs_load(weir__aggs *s, weir_arena *a, void *states, weir_reader *in)
{
    for (uint32_t k = 0; k < s->n; k++) {
        s->at[k].call->arena = a;
        if (!s->at[k].agg->load(s->at[k].call, state_of(&s->at[k], states), in)) {
            return false;
        }
    }
    return !in->bad;
}
