/* The joins of FROM: their nodes and the key of the result.
 *
 * Joins are left-deep: the result so far on the left, the next source on the right. Each side is
 * re-keyed to its side of the criterion unless that is its key already; tables cannot be re-keyed.
 * What ksqlDB calls viable keys (columns that may stand for the key in the projection) and
 * equivalent expressions (those that equal the key, so that the next join needs no re-key) are
 * carried along from join to join. */
#include "dsl/bind_join.h"

#include "engine/base/limits.h"

/* ---------------------------------------------------------------- keys of the two sides */

/* ASTs of one side → expressions over a node. */
static weir_rc bind_keys(weir__join *j, const weir_node *node, bool old, const weir_expr ***out)
{
    weir__query *q = j->q;
    weir__env env = {.b = q->b, .schema = node->schema, .no_aggregates = "JOIN ON"};
    *out = WEIR_NEW_N(q->b->a, const weir_expr *, j->n);
    for (uint32_t i = 0; i < j->n; i++) {
        weir__clause c;
        WEIR_TRY(weir__resolve(q, old ? j->criteria[i].old : j->criteria[i].new, "JOIN ON", &c));
        WEIR_TRY(weir__expr(&env, c.expr, &(*out)[i]));
        WEIR_TRY(weir__not_null(&env, c.expr, (*out)[i]));
    }
    return WEIR_OK;
}

/* The keys are the node's key already. Joins have a copy of the key column among their values, so
 * names are compared. */
static bool keyed_by(const weir_node *node, const weir_expr *const *keys, uint32_t n)
{
    if (node->schema->n_keys != n) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (keys[i]->ex != WEIR_EX_COLUMN ||
            !weir_sv_eq(node->schema->cols[keys[i]->column].name, node->schema->cols[i].name)) {
            return false;
        }
    }
    return true;
}

/* [keys][all columns of the node] */
static weir_node *rekey(weir__query *q, const weir_node *in, const weir_expr *const *keys,
                        uint32_t n, bool skip_null, weir_format_spec format)
{
    uint32_t all = n + in->schema->n;
    weir_column *cols;
    weir_schema *s = weir__new_schema(q, all, &cols);
    const weir_expr **exprs = WEIR_NEW_N(q->b->a, const weir_expr *, all);
    for (uint32_t i = 0; i < all; i++) {
        if (i < n) {
            exprs[i] = keys[i];
            cols[i] = (weir_column){.name = weir__str(q->b, "KSQL_KEY_%u", i),
                                    .role = WEIR_COL_KEY,
                                    .type = keys[i]->type};
        } else {
            exprs[i] = weir_expr_column(q->b->a, in->schema, i - n);
            cols[i] = in->schema->cols[i - n];
            cols[i].role = cols[i].role == WEIR_COL_KEY ? WEIR_COL_VALUE : cols[i].role;
        }
    }
    *s = (weir_schema){.n = (uint16_t)all, .n_keys = (uint16_t)n, .cols = cols};
    weir_node *node = weir__node(q, WEIR_N_REKEY, s, in);
    node->rekey.exprs = exprs;
    node->rekey.skip_null = skip_null;
    node->rekey.key_format = format;
    return node;
}

static bool same_key_bytes(const weir_format_spec *x, const weir_format_spec *y)
{
    return x->kind == y->kind && x->delimiter == y->delimiter &&
           weir_sv_eq(x->full_name, y->full_name);
}

/* An outer join: rows of this side come out even if their key is NULL. */
static bool keeps_rows(const weir__join *j, bool old)
{
    weir_ast_join_kind k = j->rel->ast->join;
    return k == WEIR_AST_JOIN_FULL || k == (old ? WEIR_AST_JOIN_LEFT : WEIR_AST_JOIN_RIGHT);
}

#define NO_WINDOWED_REKEY                                                                          \
    "Implicit repartitioning of windowed sources is not supported. "                               \
    "See https://github.com/confluentinc/ksql/issues/4385."

static weir_rc side(weir__join *j, bool old, const weir_node *node, const weir_expr *const *keys,
                    bool keyed, weir_format_spec have, weir_format_spec want, bool same_window,
                    const weir_node **out)
{
    weir__query *q = j->q;
    const weir__criterion *c = &j->criteria[0];
    *out = node;
    if (keyed && same_key_bytes(&have, &want) && same_window) {
        return WEIR_OK;
    }
    if (node->table && !keyed) {
        if (node->schema->n_keys > 1) {
            return weir__fail(
                q->b, c->ast->span,
                "Cannot repartition a TABLE source. If this is a join, joins on tables "
                "with multiple columns is not yet supported.");
        }
        weir_sv key = node->schema->cols[0].name;
        weir_sv text = weir__text(q->b, old ? c->old : c->new);
        return weir__fail(
            q->b, c->ast->span,
            "Cannot repartition a TABLE source. If this is a join, make sure that the "
            "criteria uses the TABLE's key column " WEIR_SV_FMT " instead of [" WEIR_SV_FMT "]",
            WEIR_SV_ARG(key), WEIR_SV_ARG(text));
    }
    if (node->window.kind != WEIR_WINDOW_NONE) {
        /* ksqlDB always re-keys for registry formats, and then asks for nothing but the key. */
        bool same = keyed && have.kind == want.kind && weir__format_infers(have.kind);
        return same ? WEIR_OK : weir__fail(q->b, c->ast->span, NO_WINDOWED_REKEY);
    }
    *out = rekey(q, node, keys, j->n, !keeps_rows(j, old), want);
    return WEIR_OK;
}

/* ---------------------------------------------------------------- the join itself */

static weir_rc check_partitions(weir__join *j, const weir_node *left, int32_t *left_partitions)
{
    weir__query *q = j->q;
    const weir_source *r = j->rel->source;
    int32_t right = weir_catalog_topic_partitions(q->b->catalog, r->topic);
    right = right ? right : r->partitions;
    int32_t l = *left_partitions;
    *left_partitions = right;
    (void)left;
    if (j->foreign || !l || !right || l == right) {
        return WEIR_OK;
    }
    weir_sv ln = weir__quoted(q->b, q->rels[0].alias);
    weir_sv rn = weir__quoted(q->b, j->rel->alias);
    return weir__fail(
        q->b, j->rel->ast->span,
        "Can't join " WEIR_SV_FMT " with " WEIR_SV_FMT " since the number of partitions "
        "don't match. " WEIR_SV_FMT " partitions = %d; " WEIR_SV_FMT " partitions = %d. "
        "Please repartition either one so that the number of partitions match.",
        WEIR_SV_ARG(ln), WEIR_SV_ARG(rn), WEIR_SV_ARG(ln), l, WEIR_SV_ARG(rn), right);
}

static bool in_list(const weir_ast_expr *const *list, uint32_t n, const weir_ast_expr *e)
{
    for (uint32_t i = 0; i < n; i++) {
        if (weir_ast_expr_eq(list[i], e)) {
            return true;
        }
    }
    return false;
}

static void push_unique(weir__binder *b, const weir_ast_expr ***list, uint32_t *n,
                        const weir_ast_expr *e)
{
    if (in_list(*list, *n, e)) {
        return;
    }
    const weir_ast_expr **more = WEIR_NEW_N(b->a, const weir_ast_expr *, *n + 1);
    if (*n) {
        memcpy(more, *list, *n * sizeof *more);
    }
    more[(*n)++] = e;
    *list = more;
}

/* Which expressions equal the key of the result, and which columns may be selected for it. */
static void update_keys(weir__join *j)
{
    weir__query *q = j->q;
    const weir__criterion *c = &j->criteria[0];
    if (j->rel->ast->join == WEIR_AST_JOIN_FULL) {
        q->n_equivalent = 0; /* either side may be NULL where the key is not */
        q->n_viable = 0;
        return;
    }
    bool carried = in_list(q->equivalent, q->n_equivalent, c->old);
    const weir_ast_expr **equivalent = carried ? q->equivalent : NULL;
    uint32_t n = carried ? q->n_equivalent : 0;
    push_unique(q->b, &equivalent, &n, c->old);
    push_unique(q->b, &equivalent, &n, c->new);
    const weir_ast_expr **viable = NULL;
    uint32_t n_viable = 0;
    for (uint32_t i = 0; i < q->n_viable; i++) {
        if (in_list(equivalent, n, q->viable[i])) {
            push_unique(q->b, &viable, &n_viable, q->viable[i]);
        }
    }
    if (c->old->kind == WEIR_X_COLUMN) {
        push_unique(q->b, &viable, &n_viable, c->old);
    }
    if (c->new->kind == WEIR_X_COLUMN) {
        push_unique(q->b, &viable, &n_viable, c->new);
    }
    q->equivalent = equivalent;
    q->n_equivalent = n;
    q->viable = viable;
    q->n_viable = n_viable;
}

/* Name of the key column: the first viable column that is selected, or ROWKEY. */
static weir_sv key_name(weir__query *q)
{
    q->join_synthetic = q->n_viable == 0;
    if (q->join_synthetic) {
        return weir__join_key_name(q);
    }
    const weir_ast_expr *e = q->viable[0];
    for (uint32_t i = 0; i < q->n_viable; i++) {
        if (weir__projection_has(q, q->viable[i], true)) {
            e = q->viable[i];
            break;
        }
    }
    return weir__internal_name(q, e->as.column.qualifier.name, e->as.column.name.name);
}

/* [keys][left][right]; columns of the inputs lose their roles, but for the window bounds. */
static const weir_schema *joined_schema(weir__join *j, const weir_node *l, const weir_node *r,
                                        bool last)
{
    weir__query *q = j->q;
    uint32_t n_keys = j->foreign ? l->schema->n_keys : j->n;
    uint32_t all = n_keys + l->schema->n + r->schema->n;
    weir_column *cols;
    weir_schema *s = weir__new_schema(q, all, &cols);
    for (uint32_t i = 0; i < all; i++) {
        bool left = i < n_keys + l->schema->n;
        if (i < n_keys) {
            cols[i] = l->schema->cols[i];
            cols[i].role = WEIR_COL_KEY;
            if (!j->foreign && j->n > 1) { /* composite: what the new side calls them */
                const weir_ast_expr *e = j->criteria[i].old;
                cols[i].name = e->kind == WEIR_X_COLUMN
                                   ? weir__internal_name(q, e->as.column.qualifier.name,
                                                         e->as.column.name.name)
                                   : weir__str(q->b, "ROWKEY_%u", i);
            } else if (!j->foreign) {
                cols[i].name = q->join_key;
                if (!last && q->join_synthetic) {
                    cols[i].name = weir__str(q->b, "KSQL_KEY_%u", q->n_nodes);
                }
            }
            continue;
        }
        cols[i] = left ? l->schema->cols[i - n_keys] : r->schema->cols[i - n_keys - l->schema->n];
        bool bound = cols[i].role == WEIR_COL_WINDOWSTART || cols[i].role == WEIR_COL_WINDOWEND;
        cols[i].role = bound && left ? cols[i].role : WEIR_COL_VALUE;
    }
    *s = (weir_schema){.n = (uint16_t)all, .n_keys = (uint16_t)n_keys, .cols = cols};
    return s;
}

static weir_rc duration_ms(weir__binder *b, const weir_ast_duration *d, int64_t *ms)
{
    if (__builtin_mul_overflow(d->count, weir_unit_ms(d->unit), ms)) {
        return weir__fail(b, d->span, "The duration is too long.");
    }
    return WEIR_OK;
}

static weir_rc within(weir__join *j, weir_node *node)
{
    const weir_ast_within *w = j->rel->ast->within;
    weir__binder *b = j->q->b;
    const int64_t day = INT64_C(86400000);
    WEIR_TRY(duration_ms(b, &w->before, &node->join.before_ms));
    WEIR_TRY(duration_ms(b, &w->after, &node->join.after_ms));
    int64_t span;
    if (__builtin_add_overflow(node->join.before_ms, node->join.after_ms, &span) || span < 0) {
        return weir__fail(b, w->span,
                          "Window interval (ie, beforeMs+afterMs) must not be negative.");
    }
    node->join.has_grace = weir_ast_given(&w->grace);
    /* JoinWindows.of(before).after(after): the default looks at the time before only. */
    int64_t twice;
    bool over = __builtin_mul_overflow(node->join.before_ms, INT64_C(2), &twice);
    node->join.grace_ms = over ? 0 : weir_max64(day - twice, 0);
    if (node->join.has_grace) {
        WEIR_TRY(duration_ms(b, &w->grace, &node->join.grace_ms));
        if (node->join.grace_ms < 0) {
            return weir__fail(b, w->grace.span, "Grace period must not be negative.");
        }
    }
    if (node->join.type == WEIR_JOIN_RIGHT) {
        /* ksqlDB makes it `right LEFT JOIN left` with the same window: seen from the right. */
        int64_t before = node->join.before_ms;
        node->join.before_ms = node->join.after_ms;
        node->join.after_ms = before;
    }
    return WEIR_OK;
}

/* Conditions beyond the equalities, over [left columns, right columns]. */
static weir_rc residual(weir__join *j, weir_node *node, const weir_node *l, const weir_node *r)
{
    weir__query *q = j->q;
    if (j->n_residual == 0) {
        return WEIR_OK;
    }
    weir_column *cols;
    weir_schema *s = weir__new_schema(q, (uint32_t)l->schema->n + r->schema->n, &cols);
    memcpy(cols, l->schema->cols, l->schema->n * sizeof *cols);
    memcpy(cols + l->schema->n, r->schema->cols, r->schema->n * sizeof *cols);
    s->n = (uint16_t)(l->schema->n + r->schema->n);
    weir__env env = {.b = q->b, .schema = s, .no_aggregates = "JOIN ON"};
    const weir_expr *all = NULL;
    for (uint32_t i = 0; i < j->n_residual; i++) {
        weir__clause c;
        const weir_expr *x;
        WEIR_TRY(weir__resolve(q, j->residual[i], "JOIN ON", &c));
        WEIR_TRY(weir__expr(&env, c.expr, &x));
        if (x->type->kind != WEIR_T_BOOLEAN) {
            weir_sv text = weir__text(q->b, j->residual[i]);
            return weir__fail(q->b, j->residual[i]->span,
                              "Unsupported join expression: " WEIR_SV_FMT, WEIR_SV_ARG(text));
        }
        const weir_expr *pair[2] = {all, x};
        all = all ? weir_expr_new(q->b->a, WEIR_EX_AND, x->type, pair, 2) : x;
    }
    node->join.residual = all;
    return WEIR_OK;
}

/* Tables: the condition is applied to the joined row. Where it does not hold an outer join keeps
 * the row of its own side, and nothing of the other. */
static weir_rc table_condition(weir__join *j, weir_node *node)
{
    weir__query *q = j->q;
    weir_arena *a = q->b->a;
    const weir_schema *s = node->schema;
    uint32_t sides[2] = {node->in[0]->schema->n, node->in[1]->schema->n};
    int32_t *map = WEIR_NEW_N(a, int32_t, sides[0] + sides[1]);
    for (uint32_t i = 0; i < sides[0] + sides[1]; i++) {
        map[i] = (int32_t)(i + s->n_keys);
    }
    const weir_expr *when = weir_expr_remap(a, node->join.residual, map);
    node->join.residual = NULL;
    if (node->join.type == WEIR_JOIN_FULL) {
        return weir__unsupported(q->b, j->residual[0]->span,
                                 "a condition beside the equality in a full outer join of tables");
    }
    if (node->join.type == WEIR_JOIN_INNER) {
        q->at = weir__node(q, WEIR_N_FILTER, s, node);
        q->at->filter.where = when;
        return WEIR_OK;
    }
    bool left = node->join.type == WEIR_JOIN_LEFT;
    uint32_t from = s->n_keys + (left ? sides[0] : 0);
    uint32_t to = from + sides[left];
    const weir_expr *key = weir_expr_column(a, s, from); /* of the other side: there at all? */
    const weir_expr *both[2] = {
        weir_expr_new(a, WEIR_EX_IS_NOT_NULL, weir_type_of(WEIR_T_BOOLEAN), &key, 1), when};
    when = weir_expr_new(a, WEIR_EX_AND, weir_type_of(WEIR_T_BOOLEAN), both, 2);
    const weir_expr **exprs = WEIR_NEW_N(a, const weir_expr *, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        const weir_expr *branch[2] = {when, weir_expr_column(a, s, i)};
        bool other = i >= from && i < to && s->cols[i].role == WEIR_COL_VALUE;
        exprs[i] = other ? weir_expr_new(a, WEIR_EX_CASE, branch[1]->type, branch, 2) : branch[1];
    }
    q->at = weir__node(q, WEIR_N_PROJECT, s, node);
    q->at->project.exprs = exprs;
    return WEIR_OK;
}

static weir_join plan_join(weir_ast_join_kind k)
{
    return k == WEIR_AST_JOIN_LEFT    ? WEIR_JOIN_LEFT
           : k == WEIR_AST_JOIN_RIGHT ? WEIR_JOIN_RIGHT
           : k == WEIR_AST_JOIN_FULL  ? WEIR_JOIN_FULL
                                      : WEIR_JOIN_INNER;
}

/* How the key is written between the two: the left side's format, unless only the right side
 * already has the key it needs. */
static weir_format_spec common_format(weir__join *j, bool left_keyed, bool right_keyed,
                                      const weir_expr *const *keys)
{
    weir__query *q = j->q;
    weir_format_spec f = q->key_format;
    if ((!left_keyed && right_keyed) || f.kind == WEIR_FMT_NONE) {
        f = j->rel->source->key_format;
    }
    const weir_type **types = WEIR_NEW_N(q->b->a, const weir_type *, j->n);
    for (uint32_t i = 0; i < j->n; i++) {
        types[i] = keys[i]->type;
    }
    return weir__internal_key(q->b, f, types, j->n);
}

static weir_rc key_types(weir__join *j, const weir_expr *const *old, const weir_expr *const *new)
{
    for (uint32_t i = 0; i < j->n; i++) {
        if (!weir_type_eq(old[i]->type, new[i]->type)) {
            weir_sv l = weir__type_text(j->q->b, old[i]->type);
            weir_sv r = weir__type_text(j->q->b, new[i]->type);
            weir__fail(j->q->b, j->criteria[i].ast->span,
                       "Invalid join. Key types differ: " WEIR_SV_FMT " vs " WEIR_SV_FMT,
                       WEIR_SV_ARG(l), WEIR_SV_ARG(r));
            return weir_hint(j->q->b->st, "CAST one side to the type of the other");
        }
    }
    return WEIR_OK;
}

static bool same_windows(const weir_node *l, const weir_node *r)
{
    return l->window.kind == r->window.kind && l->window.size_ms == r->window.size_ms;
}

/* The only key of the node is called as the join's. */
static void name_key(weir__query *q, weir_node *node)
{
    weir_column *cols;
    weir_schema *s = weir__new_schema(q, node->schema->n, &cols);
    memcpy(cols, node->schema->cols, node->schema->n * sizeof *cols);
    cols[0].name = q->join_key;
    *s = (weir_schema){.n = node->schema->n, .n_keys = 1, .cols = cols};
    node->schema = s;
}

/* The table is asked while the rows are still in their places; then they get the key of the join. */
static weir_rc make_lookup(weir__join *j, const weir_expr *key, int32_t *left_partitions)
{
    weir__query *q = j->q;
    const weir_node *left = q->at;
    weir_node *node;
    bool keyed = keyed_by(left, &key, 1);
    WEIR_TRY(weir__lookup_join(j, key, &node));
    update_keys(j);
    q->join_key = key_name(q);
    q->join_foreign = false;
    q->at = node;
    *left_partitions = q->partitions;
    if (keyed) {
        name_key(q, node);
        return WEIR_OK;
    }
    int32_t *map = WEIR_NEW_N(q->b->a, int32_t, left->schema->n);
    for (uint32_t i = 0; i < left->schema->n; i++) {
        map[i] = (int32_t)(i + left->schema->n_keys);
    }
    const weir_expr *again = weir_expr_remap(q->b->a, key, map);
    q->key_format = weir__internal_key(q->b, q->key_format, &again->type, 1);
    q->at = rekey(q, node, &again, 1, !keeps_rows(j, true), q->key_format);
    name_key(q, q->at);
    return WEIR_OK;
}

static weir_rc make_join(weir__join *j, const weir_expr *const *old_keys, bool last,
                         int32_t *left_partitions)
{
    weir__query *q = j->q;
    const weir_expr **new_keys;
    const weir_node *left = q->at;
    const weir_node *right = j->right;
    WEIR_TRY(bind_keys(j, right, false, &new_keys));
    bool left_keyed = keyed_by(left, old_keys, j->n) ||
                      (j->n == 1 && in_list(q->equivalent, q->n_equivalent, j->criteria[0].old));
    bool right_keyed = keyed_by(right, new_keys, j->n);
    weir_format_spec format = common_format(j, left_keyed, right_keyed, old_keys);
    if (!j->foreign) {
        WEIR_TRY(side(j, true, left, old_keys, left_keyed, q->key_format, format, true, &left));
        WEIR_TRY(side(j, false, right, new_keys, right_keyed, j->rel->source->key_format, format,
                      same_windows(left, right), &right));
        WEIR_TRY(key_types(j, old_keys, new_keys));
    }
    update_keys(j);
    q->join_key = key_name(q);
    q->join_foreign = j->foreign;
    weir_column key = {.name = q->join_key, .type = old_keys[0]->type, .role = WEIR_COL_KEY};
    if (weir_type_has_map(key.type)) {
        return weir__check_key(q->b, &key, 1, &format, j->criteria[0].ast->span);
    }
    weir_node_kind kind = j->foreign     ? WEIR_N_JOIN_FOREIGN
                          : left->table  ? WEIR_N_JOIN_TABLE
                          : right->table ? WEIR_N_JOIN_LOOKUP
                                         : WEIR_N_JOIN_STREAM;
    WEIR_TRY(check_partitions(j, left, left_partitions));
    weir_node *node = weir__node(q, kind, joined_schema(j, left, right, last), left);
    node->in[1] = right;
    node->n_inputs = 2;
    node->table = left->table;
    node->join.type = plan_join(j->rel->ast->join);
    node->join.key_side = node->join.type == WEIR_JOIN_RIGHT  ? 1
                          : node->join.type == WEIR_JOIN_FULL ? 2
                                                              : 0;
    node->join.foreign = j->foreign ? old_keys[0] : NULL;
    if (kind == WEIR_N_JOIN_STREAM) {
        WEIR_TRY(within(j, node));
    }
    WEIR_TRY(residual(j, node, left, right));
    if (!j->foreign) {
        q->key_format = format;
    }
    q->at = node;
    return node->table && node->join.residual ? table_condition(j, node) : WEIR_OK;
}

static weir_rc join_source(weir__query *q, uint32_t at, int32_t *left_partitions)
{
    weir__join j = {.q = q, .at = at, .rel = &q->rels[at]};
    const weir_expr **old_keys;
    if (j.rel->source->lookup.n) {
        weir__lookup_unkey(q);
    }
    WEIR_TRY(weir__criteria(&j));
    WEIR_TRY(bind_keys(&j, q->at, true, &old_keys));
    j.right = weir__source_node(q, j.rel);
    if (j.rel->source->lookup.n && q->at->table) {
        return weir__lookup_join(&j, old_keys[0], NULL); /* refused with what it is for */
    }
    WEIR_TRY(weir__check_kinds(&j, old_keys));
    if (j.rel->source->lookup.n) {
        return make_lookup(&j, old_keys[0], left_partitions);
    }
    if (weir__has_lookup(q->at) || weir__has_lookup(j.right)) {
        weir__fail(q->b, j.rel->ast->span, "What is joined with a table that is looked up cannot be joined "
                                           "again in the same query.");
        return weir_hint(q->b->st, "make a stream of it: CREATE STREAM … AS SELECT …, and join that");
    }
    return make_join(&j, old_keys, at + 1 == q->n_sources, left_partitions);
}

/* Column numbers are 16 bits, and every join and re-key repeats its columns. */
static weir_rc check_size(weir__query *q)
{
    uint32_t columns = 0;
    for (uint32_t i = 0; i < q->n_sources; i++) {
        columns += q->rels[i].source->schema->n + 8u;
    }
    if (q->n_sources > WEIR__SOURCES_MAX || columns > 4 * WEIR_COLUMNS_MAX) {
        return weir_fail_at(q->b->st, WEIR_ELIMIT, q->rels[0].span,
                            "FROM has more than %d sources or %d columns", WEIR__SOURCES_MAX,
                            4 * WEIR_COLUMNS_MAX);
    }
    return WEIR_OK;
}

weir_rc weir__joins(weir__query *q)
{
    const weir_source *first = q->rels[0].source;
    int32_t partitions = weir_catalog_topic_partitions(q->b->catalog, first->topic);
    partitions = partitions ? partitions : first->partitions;
    q->partitions = partitions;
    WEIR_TRY(check_size(q));
    q->at = weir__source_node(q, &q->rels[0]);
    q->key_format = first->key_format;
    for (uint32_t i = 1; i < q->n_sources; i++) {
        WEIR_TRY(join_source(q, i, &partitions));
    }
    for (uint32_t i = q->n_sources; i < q->n_rels; i++) {
        WEIR_TRY(weir__unnest(q, &q->rels[i]));
    }
    return WEIR_OK;
}

/* ---------------------------------------------------------------- the key in the projection */

weir_rc weir__check_join_key(weir__query *q)
{
    weir__binder *b = q->b;
    if (q->at->schema->n_keys > 1 && !q->join_foreign) {
        return WEIR_OK; /* composite keys (an extension): the projection checks its own key */
    }
    if (!q->join_foreign) {
        if (q->join_synthetic) {
            weir_ast_expr key = {.kind = WEIR_X_COLUMN};
            key.as.column.name.name = q->join_key;
            return weir__projection_has(q, &key, false)
                       ? WEIR_OK
                       : weir__keys_missing(q, "join expression", &q->join_key, 1, false, true);
        }
        weir_sv *names = WEIR_NEW_N(b->a, weir_sv, q->n_viable);
        for (uint32_t i = 0; i < q->n_viable; i++) {
            if (weir__projection_has(q, q->viable[i], true)) {
                return WEIR_OK;
            }
            names[i] = weir__text(b, q->viable[i]);
        }
        return weir__keys_missing(q, "join expression", names, q->n_viable, false, false);
    }
    const weir__rel *left = &q->rels[0];
    const weir_schema *s = left->source->schema;
    weir_sv *missing = WEIR_NEW_N(b->a, weir_sv, s->n_keys);
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_keys; i++) {
        weir_ast_expr key = {.kind = WEIR_X_COLUMN};
        key.as.column.qualifier.name = left->alias;
        key.as.column.name.name = s->cols[i].name;
        if (!weir__projection_has(q, &key, true)) {
            missing[n++] = weir__quoted(b, s->cols[i].name);
        }
    }
    if (n == 0) {
        return WEIR_OK;
    }
    weir_sv table = weir__quoted(b, left->alias);
    weir_sv list = weir__join_words(b, missing, n, ", ");
    return weir__fail(b, q->ast->select.items[0].span,
                      "Primary key column%s missing in projection. For foreign-key table-table "
                      "joins, the projection must include all primary key columns from the left "
                      "input table (" WEIR_SV_FMT "). Missing column%s: " WEIR_SV_FMT ".",
                      n > 1 ? "s" : "", WEIR_SV_ARG(table), n > 1 ? "s" : "", WEIR_SV_ARG(list));
}
