/* A WHERE behind a stream–table join that reads only the stream is asked before the join: rows that
 * do not pass need no look-up.
 *
 *   SINK ← PROJECT ← FILTER ← [PROJECT] ← JOIN(stream, table)
 *   SINK ← PROJECT ← [PROJECT] ← JOIN(FILTER(stream), table)
 *
 * The result is the same for INNER and LEFT: the join keeps a stream row's columns as they are, and
 * rows without a value pass neither. */
#include "dsl/binder.h"

/* Columns only pass through: a projection, or the key that a look-up's rows get after it. */
static bool is_between(const weir_node *n)
{
    return n->kind == WEIR_N_PROJECT || (n->kind == WEIR_N_REKEY && weir_node_looks_up(n->in[0]));
}

/* Column of the join's output that column `c` of `n` passes on, or -1. */
static int32_t join_column(const weir_node *n, uint32_t c)
{
    while (is_between(n)) {
        const weir_expr *e = n->kind == WEIR_N_PROJECT ? n->project.exprs[c] : n->rekey.exprs[c];
        if (e->ex != WEIR_EX_COLUMN) {
            return -1;
        }
        c = e->column;
        n = n->in[0];
    }
    return (int32_t)c;
}

static const weir_node *join_below(const weir_node *n)
{
    while (is_between(n)) {
        n = n->in[0];
    }
    return n->kind == WEIR_N_JOIN_LOOKUP ? n : NULL;
}

/* The condition over the stream's own columns, or NULL when it reads others. */
static const weir_expr *on_stream(weir_arena *a, const weir_node *filter, const weir_node *join)
{
    const weir_schema *in = filter->in[0]->schema;
    bool *used = WEIR_NEW_N(a, bool, in->n);
    int32_t *map = WEIR_NEW_N(a, int32_t, in->n);
    weir_expr_columns(filter->filter.where, used);
    for (uint32_t c = 0; c < in->n; c++) {
        int32_t at = used[c] ? join_column(filter->in[0], c) - join->schema->n_keys : -1;
        if (used[c] && (at < 0 || at >= join->in[0]->schema->n)) {
            return NULL;
        }
        map[c] = at;
    }
    return weir_expr_is_pure(filter->filter.where)
               ? weir_expr_remap(a, filter->filter.where, map)
               : NULL;
}

/* Moves nodes[from] to place `to` < from; the ones between move up. */
static void move_node(weir__query *q, uint32_t from, uint32_t to)
{
    weir_node *n = q->nodes[from];
    memmove(&q->nodes[to + 1], &q->nodes[to], (from - to) * sizeof *q->nodes);
    q->nodes[to] = n;
    for (uint32_t i = to; i <= from; i++) {
        q->nodes[i]->id = i;
    }
}

static void push_filter(weir__query *q, weir_node *filter, const weir_node *at)
{
    const weir_expr *where = on_stream(q->b->a, filter, at);
    if (!where) {
        return;
    }
    weir_node *join = q->nodes[at->id];
    for (uint32_t i = filter->id + 1; i < q->n_nodes; i++) {
        for (uint32_t k = 0; k < q->nodes[i]->n_inputs; k++) {
            if (q->nodes[i]->in[k] == filter) {
                q->nodes[i]->in[k] = filter->in[0];
            }
        }
    }
    filter->filter.where = where;
    filter->in[0] = join->in[0];
    filter->schema = filter->in[0]->schema;
    filter->window = filter->in[0]->window;
    filter->table = false;
    join->in[0] = filter;
    move_node(q, filter->id, join->id);
}

void weir__push_filters(weir__query *q)
{
    for (uint32_t i = 0; i < q->n_nodes; i++) {
        weir_node *n = q->nodes[i];
        const weir_node *join =
            n->kind == WEIR_N_FILTER && !n->table ? join_below(n->in[0]) : NULL;
        if (join) {
            push_filter(q, n, join);
        }
    }
}
