/* Names of nodes and the check of a finished plan. The check is the contract of plan.h in code: who
 * makes a plan runs it, so that who executes one can rely on it. */
#include "engine/data/plan.h"

/* ORDER weir_node_kind */
static const struct {
    const char *name;
    uint32_t n_inputs;
} kinds[] = {
    [WEIR_N_SOURCE] = {"Source", 0},
    [WEIR_N_FILTER] = {"Filter", 1},
    [WEIR_N_PROJECT] = {"Project", 1},
    [WEIR_N_REKEY] = {"Rekey", 1},
    [WEIR_N_AGGREGATE] = {"Aggregate", 1},
    [WEIR_N_FLATMAP] = {"FlatMap", 1},
    [WEIR_N_JOIN_STREAM] = {"StreamJoin", 2},
    [WEIR_N_JOIN_LOOKUP] = {"LookupJoin", 2},
    [WEIR_N_JOIN_TABLE] = {"TableJoin", 2},
    [WEIR_N_JOIN_FOREIGN] = {"ForeignKeyJoin", 2},
    [WEIR_N_SINK] = {"Sink", 1},
};

const char *weir_node_name(weir_node_kind kind)
{
    WEIR_ASSERT((size_t)kind < WEIR_COUNT(kinds));
    return kinds[kind].name;
}

/* Column `i` of the columns of `left`, then those of `right` (NULL: none). */
static const weir_column *column_of(const weir_schema *left, const weir_schema *right, uint32_t i)
{
    if (i < left->n) {
        return &left->cols[i];
    }
    WEIR_ASSERT(right && i - left->n < right->n);
    return &right->cols[i - left->n];
}

static void verify_expr(const weir_expr *e, const weir_schema *left, const weir_schema *right)
{
    WEIR_ASSERT(e && e->type);
    if (e->ex == WEIR_EX_COLUMN) {
        WEIR_ASSERT(weir_type_eq(e->type, column_of(left, right, e->column)->type));
    } else if (e->ex == WEIR_EX_LITERAL) {
        WEIR_ASSERT(e->value);
    } else if (e->ex == WEIR_EX_CALL) {
        WEIR_ASSERT(e->call && e->call->function && e->call->nargs == e->n);
    }
    for (uint32_t i = 0; i < e->n; i++) {
        verify_expr(e->kids[i], left, right);
    }
}

/* One expression per output column, of its type, over the input's columns. */
static void verify_columns(const weir_node *node, const weir_expr *const *exprs)
{
    for (uint32_t i = 0; i < node->schema->n; i++) {
        verify_expr(exprs[i], node->in[0]->schema, NULL);
        WEIR_ASSERT(weir_type_eq(exprs[i]->type, node->schema->cols[i].type));
    }
}

static void verify_source(const weir_node *node)
{
    const weir_source *source = node->scan.source;
    WEIR_ASSERT(source && source->schema && node->table == source->table);
    for (uint32_t i = 0; i < node->schema->n; i++) {
        int32_t from = node->scan.read[i];
        if (from < 0) {
            WEIR_ASSERT(node->schema->cols[i].role >= WEIR_COL_ROWTIME);
            continue;
        }
        WEIR_ASSERT(from < source->schema->n);
        WEIR_ASSERT(weir_type_eq(node->schema->cols[i].type, source->schema->cols[from].type));
    }
}

static void verify_filter(const weir_node *node)
{
    const weir_schema *in = node->in[0]->schema;
    verify_expr(node->filter.where, in, NULL);
    WEIR_ASSERT(node->filter.where->type->kind == WEIR_T_BOOLEAN);
    WEIR_ASSERT(node->schema->n == in->n);
    for (uint32_t i = 0; i < in->n; i++) {
        WEIR_ASSERT(weir_type_eq(node->schema->cols[i].type, in->cols[i].type));
    }
}

static void verify_aggregate(const weir_node *node)
{
    const weir_schema *out = node->schema;
    const weir_schema *in = node->in[0]->schema;
    WEIR_ASSERT(node->table && out->n >= out->n_keys + node->aggregate.n);
    for (uint32_t i = 0; i < node->aggregate.n; i++) {
        const weir_call *call = node->aggregate.calls[i];
        WEIR_ASSERT(call && call->function && call->agg);
        WEIR_ASSERT(weir_type_eq(call->type, out->cols[out->n_keys + i].type));
        for (uint32_t k = 0; k < call->nargs; k++) {
            if (!call->literals || !call->literals[k]) {
                WEIR_ASSERT(node->aggregate.args[i][k] < in->n);
            }
        }
    }
}

static void verify_flatmap(const weir_node *node)
{
    const weir_schema *in = node->in[0]->schema;
    WEIR_ASSERT(node->schema->n == in->n + node->flatmap.n);
    for (uint32_t i = 0; i < node->flatmap.n; i++) {
        const weir_expr *e = node->flatmap.exprs[i];
        verify_expr(e, in, NULL);
        WEIR_ASSERT(e->type->kind == WEIR_T_ARRAY);
        WEIR_ASSERT(weir_type_eq(e->type->item, node->schema->cols[in->n + i].type));
    }
}

static void verify_join(const weir_node *node)
{
    const weir_schema *left = node->in[0]->schema;
    const weir_schema *right = node->in[1]->schema;
    WEIR_ASSERT(node->schema->n == node->schema->n_keys + left->n + right->n);
    WEIR_ASSERT(node->join.key_side >= 0 && node->join.key_side <= 2);
    for (uint32_t i = 0; i < left->n + (uint32_t)right->n; i++) {
        WEIR_ASSERT(weir_type_eq(node->schema->cols[node->schema->n_keys + i].type,
                                 column_of(left, right, i)->type));
    }
    bool elsewhere = node->kind == WEIR_N_JOIN_LOOKUP && node->in[1]->kind == WEIR_N_SOURCE &&
                     node->in[1]->scan.source->lookup.n > 0;
    WEIR_ASSERT((node->kind == WEIR_N_JOIN_FOREIGN || elsewhere) == (node->join.foreign != NULL));
    if (node->join.foreign) {
        verify_expr(node->join.foreign, left, NULL);
        WEIR_ASSERT(right->n_keys == 1);
        WEIR_ASSERT(weir_type_eq(node->join.foreign->type, right->cols[0].type));
    }
    if (node->join.residual) {
        verify_expr(node->join.residual, left, right);
        WEIR_ASSERT(node->join.residual->type->kind == WEIR_T_BOOLEAN);
    }
}

static void verify_kind(const weir_node *node)
{
    switch (node->kind) {
    case WEIR_N_SOURCE:
        verify_source(node);
        return;
    case WEIR_N_FILTER:
        verify_filter(node);
        return;
    case WEIR_N_PROJECT:
        verify_columns(node, node->project.exprs);
        return;
    case WEIR_N_REKEY:
        verify_columns(node, node->rekey.exprs);
        return;
    case WEIR_N_AGGREGATE:
        verify_aggregate(node);
        return;
    case WEIR_N_FLATMAP:
        verify_flatmap(node);
        return;
    case WEIR_N_JOIN_STREAM:
    case WEIR_N_JOIN_LOOKUP:
    case WEIR_N_JOIN_TABLE:
    case WEIR_N_JOIN_FOREIGN:
        verify_join(node);
        return;
    case WEIR_N_SINK:
        WEIR_ASSERT(node->sink.limit >= -1);
        WEIR_ASSERT(node->sink.timestamp_column < (int32_t)node->schema->n);
        return;
    }
    WEIR_UNREACHABLE();
}

void weir_plan_verify(const weir_plan *p)
{
    WEIR_ASSERT(p->n > 0 && p->sink == p->nodes[p->n - 1] && p->sink->kind == WEIR_N_SINK);
    for (uint32_t i = 0; i < p->n; i++) {
        const weir_node *node = p->nodes[i];
        WEIR_ASSERT(node->id == i && node->schema);
        WEIR_ASSERT((size_t)node->kind < WEIR_COUNT(kinds));
        WEIR_ASSERT(node->n_inputs == kinds[node->kind].n_inputs);
        for (uint32_t k = 0; k < node->n_inputs; k++) {
            WEIR_ASSERT(node->in[k]->id < i && p->nodes[node->in[k]->id] == node->in[k]);
        }
        WEIR_ASSERT(node->schema->n_keys <= node->schema->n);
        for (uint32_t k = 0; k < node->schema->n_keys; k++) {
            WEIR_ASSERT(node->schema->cols[k].role == WEIR_COL_KEY);
        }
        verify_kind(node);
    }
}
