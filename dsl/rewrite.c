/* The last step of a plan: columns that nobody reads are dropped from every node, and nodes learn
 * whether somebody reads what a row was before its change.
 *
 *   backwards   which output columns of each node are read, need_old
 *   forwards    smaller schemas, expressions re-numbered
 *
 * Every node has one consumer, so one pass each way is enough. Keys and the bounds of windowed keys
 * always stay: they identify the rows. */
#include "dsl/binder.h"

typedef struct pass {
    weir__query *q;
    bool **used;   /* per node and output column */
    int32_t **map; /* per node: old column → new column, or -1 */
} pass;

static bool is_bound(const weir_column *c)
{
    return c->role == WEIR_COL_WINDOWSTART || c->role == WEIR_COL_WINDOWEND;
}

static bool is_join(weir_node_kind k)
{
    return k == WEIR_N_JOIN_STREAM || k == WEIR_N_JOIN_LOOKUP || k == WEIR_N_JOIN_TABLE ||
           k == WEIR_N_JOIN_FOREIGN;
}

/* ---------------------------------------------------------------- backwards */

static void use_all(pass *p, const weir_node *n)
{
    memset(p->used[n->id], true, n->schema->n);
}

static void use_join(pass *p, const weir_node *n)
{
    bool *left = p->used[n->in[0]->id];
    bool *right = p->used[n->in[1]->id];
    uint32_t n_left = n->in[0]->schema->n;
    for (uint32_t i = n->schema->n_keys; i < n->schema->n; i++) {
        uint32_t at = i - n->schema->n_keys;
        if (p->used[n->id][i]) {
            *(at < n_left ? &left[at] : &right[at - n_left]) = true;
        }
    }
    if (n->join.foreign) {
        weir_expr_columns(n->join.foreign, left);
    }
    if (n->join.residual) {
        bool *both = WEIR_NEW_N(p->q->b->a, bool, n_left + n->in[1]->schema->n);
        weir_expr_columns(n->join.residual, both);
        for (uint32_t i = 0; i < n_left + n->in[1]->schema->n; i++) {
            if (both[i]) {
                *(i < n_left ? &left[i] : &right[i - n_left]) = true;
            }
        }
    }
}

static void use_inputs(pass *p, const weir_node *n)
{
    const bool *mine = p->used[n->id];
    bool *in = n->n_inputs ? p->used[n->in[0]->id] : NULL;
    switch (n->kind) {
    case WEIR_N_SOURCE:
        return;
    case WEIR_N_SINK:
        use_all(p, n->in[0]);
        return;
    case WEIR_N_FILTER:
        for (uint32_t i = 0; i < n->schema->n; i++) {
            in[i] = in[i] || mine[i];
        }
        weir_expr_columns(n->filter.where, in);
        return;
    case WEIR_N_PROJECT:
    case WEIR_N_REKEY:
        for (uint32_t i = 0; i < n->schema->n; i++) {
            if (mine[i]) {
                weir_expr_columns(
                    n->kind == WEIR_N_PROJECT ? n->project.exprs[i] : n->rekey.exprs[i], in);
            }
        }
        return;
    case WEIR_N_AGGREGATE:
        use_all(p, n->in[0]);
        return;
    case WEIR_N_FLATMAP:
        for (uint32_t i = 0; i < n->in[0]->schema->n; i++) {
            in[i] = in[i] || mine[i];
        }
        for (uint32_t i = 0; i < n->flatmap.n; i++) {
            weir_expr_columns(n->flatmap.exprs[i], in);
        }
        return;
    case WEIR_N_JOIN_STREAM:
    case WEIR_N_JOIN_LOOKUP:
    case WEIR_N_JOIN_TABLE:
    case WEIR_N_JOIN_FOREIGN:
        use_join(p, n);
        return;
    }
    WEIR_UNREACHABLE();
}

/* A table filter asks whether the row had passed, a table aggregate takes it back, a table join
 * tells what the joined row was. Everything else hands the question on. */
static void ask_for_old(weir__query *q, const weir_node *n)
{
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        weir_node *in = q->nodes[n->in[i]->id];
        bool reads = n->kind == WEIR_N_FILTER || n->kind == WEIR_N_AGGREGATE ||
                     n->kind == WEIR_N_JOIN_TABLE || n->kind == WEIR_N_JOIN_FOREIGN;
        bool passes_on = n->need_old && !is_join(n->kind) && n->kind != WEIR_N_AGGREGATE;
        if (in->table && (reads || passes_on)) {
            in->need_old = true;
        }
    }
    if (n->kind == WEIR_N_SOURCE && n->need_old) {
        q->nodes[n->id]->scan.materialize = true;
    }
}

/* ---------------------------------------------------------------- forwards */

static const weir_schema *pick(pass *p, const weir_node *n)
{
    weir_column *cols = WEIR_NEW_N(p->q->b->a, weir_column, n->schema->n);
    int32_t *map = p->map[n->id];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n->schema->n; i++) {
        map[i] = p->used[n->id][i] ? (int32_t)kept : -1;
        if (p->used[n->id][i]) {
            cols[kept++] = n->schema->cols[i];
        }
    }
    weir_schema *s = WEIR_NEW(p->q->b->a, weir_schema);
    *s = (weir_schema){.n = (uint16_t)kept, .n_keys = n->schema->n_keys, .cols = cols};
    return s;
}

static const weir_expr *const *pick_exprs(pass *p, const weir_node *n,
                                          const weir_expr *const *exprs)
{
    const weir_expr **kept = WEIR_NEW_N(p->q->b->a, const weir_expr *, n->schema->n);
    uint32_t k = 0;
    for (uint32_t i = 0; i < n->schema->n; i++) {
        if (p->used[n->id][i]) {
            kept[k++] = weir_expr_remap(p->q->b->a, exprs[i], p->map[n->in[0]->id]);
        }
    }
    return kept;
}

static void shrink_source(pass *p, weir_node *n)
{
    int32_t *read = WEIR_NEW_N(p->q->b->a, int32_t, n->schema->n);
    uint32_t k = 0;
    for (uint32_t i = 0; i < n->schema->n; i++) {
        if (p->used[n->id][i]) {
            read[k++] = n->scan.read[i];
        }
    }
    n->scan.read = read;
    n->schema = pick(p, n);
}

/* Output columns of a join are those that its inputs kept. */
static void shrink_join(pass *p, weir_node *n, const uint32_t *old_n)
{
    uint32_t keys = n->schema->n_keys;
    const int32_t *left = p->map[n->in[0]->id];
    const int32_t *right = p->map[n->in[1]->id];
    uint32_t n_left = n->in[0]->schema->n; /* already shrunk */
    int32_t *map = p->map[n->id];
    uint32_t all = n->schema->n;
    weir_column *cols = WEIR_NEW_N(p->q->b->a, weir_column, all);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < all; i++) {
        uint32_t at = i - keys;
        bool keep = i < keys || (at < old_n[0] ? left[at] : right[at - old_n[0]]) >= 0;
        map[i] = keep ? (int32_t)kept : -1;
        if (keep) {
            cols[kept++] = n->schema->cols[i];
        }
    }
    weir_schema *s = WEIR_NEW(p->q->b->a, weir_schema);
    *s = (weir_schema){.n = (uint16_t)kept, .n_keys = (uint16_t)keys, .cols = cols};
    n->schema = s;
    if (n->join.foreign) {
        n->join.foreign = weir_expr_remap(p->q->b->a, n->join.foreign, left);
    }
    if (n->join.residual) {
        int32_t *both = WEIR_NEW_N(p->q->b->a, int32_t, old_n[0] + old_n[1]);
        for (uint32_t i = 0; i < old_n[0] + old_n[1]; i++) {
            int32_t to = i < old_n[0] ? left[i] : right[i - old_n[0]];
            both[i] = to < 0 ? -1 : i < old_n[0] ? to : to + (int32_t)n_left;
        }
        n->join.residual = weir_expr_remap(p->q->b->a, n->join.residual, both);
    }
}

static void shrink_flatmap(pass *p, weir_node *n, uint32_t old_in)
{
    const weir_schema *in = n->in[0]->schema;
    weir_column *cols = WEIR_NEW_N(p->q->b->a, weir_column, in->n + n->flatmap.n);
    const weir_expr **exprs = WEIR_NEW_N(p->q->b->a, const weir_expr *, n->flatmap.n);
    const int32_t *from = p->map[n->in[0]->id];
    memcpy(cols, in->cols, in->n * sizeof *cols);
    for (uint32_t i = 0; i < n->schema->n; i++) {
        p->map[n->id][i] = i < old_in ? from[i] : (int32_t)(in->n + i - old_in);
    }
    for (uint32_t i = 0; i < n->flatmap.n; i++) {
        cols[in->n + i] = n->schema->cols[old_in + i];
        exprs[i] = weir_expr_remap(p->q->b->a, n->flatmap.exprs[i], from);
    }
    weir_schema *s = WEIR_NEW(p->q->b->a, weir_schema);
    *s = (weir_schema){.n = (uint16_t)(in->n + n->flatmap.n), .n_keys = in->n_keys, .cols = cols};
    n->flatmap.exprs = exprs;
    n->schema = s;
}

static void same_columns(pass *p, const weir_node *n)
{
    for (uint32_t i = 0; i < n->schema->n; i++) {
        p->map[n->id][i] = (int32_t)i;
    }
}

static void shrink(pass *p, weir_node *n, const uint32_t *old_n)
{
    weir_arena *a = p->q->b->a;
    uint32_t in_n[2] = {n->n_inputs > 0 ? old_n[n->in[0]->id] : 0,
                        n->n_inputs > 1 ? old_n[n->in[1]->id] : 0};
    const int32_t *in = n->n_inputs ? p->map[n->in[0]->id] : NULL;
    switch (n->kind) {
    case WEIR_N_SOURCE:
        shrink_source(p, n);
        return;
    case WEIR_N_FILTER:
        n->filter.where = weir_expr_remap(a, n->filter.where, in);
        n->schema = n->in[0]->schema;
        memcpy(p->map[n->id], in, in_n[0] * sizeof *in);
        return;
    case WEIR_N_PROJECT:
        n->project.exprs = pick_exprs(p, n, n->project.exprs);
        n->schema = pick(p, n);
        return;
    case WEIR_N_REKEY:
        n->rekey.exprs = pick_exprs(p, n, n->rekey.exprs);
        n->schema = pick(p, n);
        return;
    case WEIR_N_FLATMAP:
        shrink_flatmap(p, n, in_n[0]);
        return;
    case WEIR_N_AGGREGATE: /* reads and makes exactly what is needed */
        same_columns(p, n);
        return;
    case WEIR_N_JOIN_STREAM:
    case WEIR_N_JOIN_LOOKUP:
    case WEIR_N_JOIN_TABLE:
    case WEIR_N_JOIN_FOREIGN:
        shrink_join(p, n, in_n);
        return;
    case WEIR_N_SINK:
        n->schema = n->in[0]->schema;
        same_columns(p, n);
        return;
    }
    WEIR_UNREACHABLE();
}

/* ---------------------------------------------------------------- the plan */

const weir_plan *weir__finish_plan(weir__query *q, weir_node *sink, weir_sv query_id, weir_sv sql,
                                   bool emit_final)
{
    weir_arena *a = q->b->a;
    weir__push_filters(q);
    pass p = {.q = q};
    p.used = WEIR_NEW_N(a, bool *, q->n_nodes);
    p.map = WEIR_NEW_N(a, int32_t *, q->n_nodes);
    uint32_t *old_n = WEIR_NEW_N(a, uint32_t, q->n_nodes);
    for (uint32_t i = 0; i < q->n_nodes; i++) {
        const weir_node *n = q->nodes[i];
        WEIR_ASSERT(n->id == i);
        old_n[i] = n->schema->n;
        p.used[i] = WEIR_NEW_N(a, bool, n->schema->n);
        p.map[i] = WEIR_NEW_N(a, int32_t, n->schema->n);
        for (uint32_t c = 0; c < n->schema->n; c++) {
            p.used[i][c] = c < n->schema->n_keys ||
                           (n->window.kind != WEIR_WINDOW_NONE && is_bound(&n->schema->cols[c]));
        }
    }
    for (uint32_t i = q->n_nodes; i-- > 0;) {
        use_inputs(&p, q->nodes[i]);
        ask_for_old(q, q->nodes[i]);
    }
    for (uint32_t i = 0; i < q->n_nodes; i++) {
        shrink(&p, q->nodes[i], old_n);
    }
    weir_plan *plan = WEIR_NEW(a, weir_plan);
    *plan = (weir_plan){
        .query_id = query_id,
        .sql = sql,
        .n = q->n_nodes,
        .nodes = (const weir_node *const *)q->nodes,
        .sink = sink,
        .persistent = q->persistent,
        .emit_final = emit_final,
        .settings = q->b->settings,
    };
    weir_plan_verify(plan);
    return plan;
}
