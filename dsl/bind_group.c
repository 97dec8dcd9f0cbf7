/* GROUP BY: what may stand where, and the nodes of an aggregation:
 *
 *   … ─► REKEY [groups][arguments] ─► AGGREGATE [groups][results][window] ─► FILTER ─► PROJECT
 *
 * Behind the aggregate only group expressions, results and window bounds exist; the select list and
 * HAVING are bound against those by comparing trees, so `GROUP BY a + b` makes `(a + b) * 2` fine.
 */
#include "dsl/binder.h"

#include "engine/base/limits.h"

/* ---------------------------------------------------------------- what may stand where */

typedef struct checker {
    weir__query *q;
    const char *aggregate;       /* name of the aggregate around the node */
    bool forbid_aggregates;      /* GROUP BY */
    bool bounds_forbidden;       /* window bounds outside of SELECT */
    bool loose;                  /* a column outside aggregates and groups was met */
    const weir_ast_expr *column; /* that column */
    uint32_t *n_aggregates;
} checker;

static bool is_group(const weir__query *q, const weir_ast_expr *e)
{
    for (uint32_t i = 0; i < q->n_group_by; i++) {
        if (weir_ast_expr_eq(q->group_by[i].expr, e)) {
            return true;
        }
    }
    return q->windowed && e->kind == WEIR_X_COLUMN && !weir_ast_has(&e->as.column.qualifier) &&
           weir__is_window_bound(e->as.column.name.name);
}

static weir_rc check_bound(checker *c, const weir_ast_expr *e)
{
    if (!c->q->windowed || !weir__is_window_bound(e->as.column.name.name) ||
        !(c->aggregate || c->bounds_forbidden)) {
        return WEIR_OK;
    }
    weir_sv text = weir__text(c->q->b, e);
    return weir__fail(c->q->b, e->span,
                      "Window bounds column " WEIR_SV_FMT " can only be used in the "
                      "SELECT clause of windowed aggregations and can not be passed to aggregate "
                      "functions.\nSee https://github.com/confluentinc/ksql/issues/4397",
                      WEIR_SV_ARG(text));
}

static weir_rc check_call(checker *c, const weir_ast_expr *e, const char **outer)
{
    weir__binder *b = c->q->b;
    const weir_function *fn = weir__function(b, e);
    *outer = c->aggregate;
    if (!fn) {
        weir__fail(b, e->as.call.name.span,
                   "Can't find any functions with the name '" WEIR_SV_FMT "'",
                   WEIR_SV_ARG(e->as.call.name.name));
        const weir_function *near = weir_functions_nearest(b->functions, e->as.call.name.name);
        return near ? weir_hint(b->st, "did you mean %s?", near->name) : WEIR_ESQL;
    }
    if (fn->n_aggs == 0) {
        return WEIR_OK;
    }
    if (c->aggregate) {
        return weir__fail(b, e->span, "Aggregate functions can not be nested: %s(%s())",
                          c->aggregate, fn->name);
    }
    if (c->forbid_aggregates) {
        return weir__fail(b, e->span,
                          "GROUP BY does not support aggregate functions: %s is an "
                          "aggregate function.",
                          fn->name);
    }
    (*c->n_aggregates)++;
    c->aggregate = fn->name;
    return WEIR_OK;
}

static bool is_parameter(const weir_ast_idents *const *frames, uint32_t n, const weir_ast_expr *e)
{
    for (uint32_t f = 0; f < n; f++) {
        for (uint32_t i = 0; i < frames[f]->n; i++) {
            if (weir_sv_eq(frames[f]->items[i].name, e->as.column.name.name)) {
                return true;
            }
        }
    }
    return false;
}

static weir_rc check(checker *c, const weir_ast_expr *e, const weir_ast_idents **frames,
                     uint32_t n_frames, bool grouped)
{
    const char *outer = c->aggregate;
    grouped = grouped || (!c->aggregate && is_group(c->q, e));
    if (e->kind == WEIR_X_COLUMN && !is_parameter(frames, n_frames, e)) {
        WEIR_TRY(check_bound(c, e));
        if (!c->aggregate && !grouped) {
            c->column = c->loose ? c->column : e;
            c->loose = true;
        }
        return WEIR_OK;
    }
    if (e->kind == WEIR_X_CALL) {
        WEIR_TRY(check_call(c, e, &outer));
    }
    uint32_t n = n_frames;
    if (e->kind == WEIR_X_LAMBDA && n < WEIR_LAMBDA_DEPTH_MAX) {
        frames[n++] = &e->as.names;
    }
    weir_unit unit;
    for (uint32_t i = 0; i < e->n; i++) {
        if (e->kind == WEIR_X_CALL && weir_ast_expr_as_unit(e->args[i], &unit) &&
            weir__find_column(c->q->at->schema, e->args[i]->as.column.name.name) < 0) {
            continue;
        }
        WEIR_TRY(check(c, e->args[i], frames, n, grouped));
    }
    c->aggregate = outer;
    return WEIR_OK;
}

static weir_rc check_one(checker *c, const weir_ast_expr *e)
{
    const weir_ast_idents *frames[WEIR_LAMBDA_DEPTH_MAX];
    c->loose = false;
    c->aggregate = NULL;
    return check(c, e, frames, 0, false);
}

static weir_rc check_clauses(weir__query *q, const weir__output *out, uint32_t n)
{
    weir__binder *b = q->b;
    uint32_t n_aggregates = 0;
    checker c = {.q = q, .n_aggregates = &n_aggregates};
    weir_sv *loose = WEIR_NEW_N(b->a, weir_sv, n + 1);
    weir_span span = {0};
    uint32_t n_loose = 0;
    for (uint32_t i = 0; i < n; i++) {
        WEIR_TRY(check_one(&c, out[i].expr));
        if (c.loose) {
            span = n_loose ? span : out[i].span;
            loose[n_loose++] = weir__text(b, out[i].expr);
        }
    }
    c.bounds_forbidden = true;
    c.forbid_aggregates = true;
    for (uint32_t i = 0; i < q->n_group_by; i++) {
        WEIR_TRY(check_one(&c, q->group_by[i].expr));
    }
    c.forbid_aggregates = false;
    const weir_ast_expr *having = NULL;
    if (q->having.expr) {
        WEIR_TRY(check_one(&c, q->having.expr));
        having = c.loose ? c.column : NULL;
    }
    if (n_aggregates == 0) {
        weir__fail(b, q->ast->group_by_span,
                   "GROUP BY requires aggregate functions in either the "
                   "SELECT or HAVING clause.");
        return weir_hint(b->st, "COUNT(*), SUM(x), LATEST_BY_OFFSET(x) …");
    }
    if (n_loose) {
        weir_sv list = weir__join_words(b, loose, n_loose, ", ");
        return weir__fail(b, span,
                          "Non-aggregate SELECT expression(s) not part of GROUP BY: " WEIR_SV_FMT
                          "\nEither add the column(s) to the GROUP BY or remove them from "
                          "the SELECT.",
                          WEIR_SV_ARG(list));
    }
    if (having) {
        weir_sv text = weir__text(b, having);
        return weir__fail(b, having->span,
                          "Non-aggregate HAVING expression not part of GROUP BY: " WEIR_SV_FMT
                          "\nConsider switching the HAVING clause to a WHERE clause before "
                          "the GROUP BY.",
                          WEIR_SV_ARG(text));
    }
    return WEIR_OK;
}

/* ---------------------------------------------------------------- WINDOW */

static weir_rc ms_of(weir__binder *b, const weir_ast_duration *d, int64_t *ms)
{
    if (__builtin_mul_overflow(d->count, weir_unit_ms(d->unit), ms)) {
        return weir__fail(b, d->span, "The duration is too long.");
    }
    return WEIR_OK;
}

weir_rc weir__window_clause(weir__query *q)
{
    weir__binder *b = q->b;
    const weir_ast_window *w = q->ast->window;
    weir_window *out = &q->window;
    const int64_t day = INT64_C(86400000);
    q->windowed = true;
    out->kind = w->kind == WEIR_AST_WINDOW_TUMBLING  ? WEIR_WINDOW_TUMBLING
                : w->kind == WEIR_AST_WINDOW_HOPPING ? WEIR_WINDOW_HOPPING
                                                     : WEIR_WINDOW_SESSION;
    WEIR_TRY(ms_of(b, &w->size, &out->size_ms));
    if (out->size_ms <= 0) {
        return weir__fail(b, w->size.span, "Window size (sizeMs) must be larger than zero.");
    }
    out->advance_ms = out->size_ms;
    if (out->kind == WEIR_WINDOW_HOPPING) {
        WEIR_TRY(ms_of(b, &w->advance, &out->advance_ms));
        if (out->advance_ms <= 0 || out->advance_ms > out->size_ms) {
            return weir__fail(b, w->advance.span,
                              "Window advancement interval should be more than "
                              "zero and less than window duration which is %lld ms, but given "
                              "advancement interval is: %lld ms",
                              (long long)out->size_ms, (long long)out->advance_ms);
        }
        if (out->size_ms / out->advance_ms > WEIR_WINDOWS_PER_ROW_MAX) {
            return weir_fail_at(b->st, WEIR_ELIMIT, w->advance.span,
                                "a record would be in more than %d windows",
                                WEIR_WINDOWS_PER_ROW_MAX);
        }
    }
    bool final = q->ast->emit == WEIR_EMIT_FINAL; /* then nothing is waited for by default */
    bool given = weir_ast_given(&w->grace);
    out->has_grace = given || final;
    out->grace_ms = final ? 0 : weir_max64(day - out->size_ms, 0);
    if (given) {
        WEIR_TRY(ms_of(b, &w->grace, &out->grace_ms));
        if (out->grace_ms < 0) {
            return weir__fail(b, w->grace.span, "Grace period must not be negative.");
        }
    }
    int64_t least;
    if (__builtin_add_overflow(out->size_ms, out->grace_ms, &least)) {
        return weir__fail(b, w->span, "The duration is too long.");
    }
    out->has_retention = weir_ast_given(&w->retention);
    out->retention_ms = least;
    if (out->has_retention) {
        WEIR_TRY(ms_of(b, &w->retention, &out->retention_ms));
        if (out->retention_ms < least) {
            return weir__fail(
                b, w->retention.span,
                "The retention period of the window store must be "
                "no smaller than its window size plus the grace period. Got size=[%lld],"
                " grace=[%lld], retention=[%lld]",
                (long long)out->size_ms, (long long)out->grace_ms, (long long)out->retention_ms);
        }
    }
    return WEIR_OK;
}

/* ---------------------------------------------------------------- the aggregates */

typedef struct aggregate {
    const weir_ast_expr *ast;
    weir_call *call;
    uint32_t n_args;
    uint32_t *args; /* columns of the re-key */
} aggregate;

typedef struct grouping {
    weir__query *q;
    const weir_schema *in; /* before the re-key */
    weir__output *out;
    uint32_t n_out;
    const weir_expr **keys;
    uint32_t n_keys;
    weir_sv *key_names;
    aggregate *aggs;
    uint32_t n_aggs, cap_aggs;
    const weir_expr **columns; /* of the re-key: keys, then arguments */
    uint32_t n_columns, cap_columns;
} grouping;

static uint32_t argument_column(grouping *g, const weir_expr *x)
{
    for (uint32_t i = 0; i < g->n_columns; i++) {
        if (weir_expr_eq(g->columns[i], x)) {
            return i;
        }
    }
    WEIR_PUSH(g->q->b->a, g->columns, g->n_columns, g->cap_columns, x);
    return g->n_columns - 1;
}

static weir_rc collect_aggregates(grouping *g, const weir_ast_expr *e, const char *type_error)
{
    weir__query *q = g->q;
    if (!weir__is_aggregate(q->b, e)) {
        for (uint32_t i = 0; i < e->n; i++) {
            WEIR_TRY(collect_aggregates(g, e->args[i], type_error));
        }
        return WEIR_OK;
    }
    for (uint32_t i = 0; i < g->n_aggs; i++) {
        if (weir_ast_expr_eq(g->aggs[i].ast, e)) {
            return WEIR_OK;
        }
    }
    weir__env env = {.b = q->b,
                     .schema = g->in,
                     .type_error = type_error,
                     .root = e,
                     .code_error = "Invalid Aggregate: ",
                     .no_aggregates = "An aggregate function"};
    aggregate agg = {.ast = e};
    const weir_expr **args;
    WEIR_TRY(weir__aggregate(&env, e, &agg.call, &args, &agg.n_args));
    agg.args = WEIR_NEW_N(q->b->a, uint32_t, agg.n_args);
    for (uint32_t i = 0; i < agg.n_args; i++) { /* literals are in the call */
        agg.args[i] = agg.call->literals[i] ? 0 : argument_column(g, args[i]);
    }
    WEIR_PUSH(q->b->a, g->aggs, g->n_aggs, g->cap_aggs, agg);
    return WEIR_OK;
}

static weir_rc bind_groups(grouping *g)
{
    weir__query *q = g->q;
    g->n_keys = q->n_group_by ? q->n_group_by : 1;
    g->keys = WEIR_NEW_N(q->b->a, const weir_expr *, g->n_keys);
    g->key_names = WEIR_NEW_N(q->b->a, weir_sv, g->n_keys);
    if (q->n_group_by == 0) { /* aggregates over everything: one group */
        g->keys[0] = weir_expr_literal(q->b->a, weir_type_of(WEIR_T_INTEGER), weir_int(1));
        g->key_names[0] = WEIR_SV("KSQL_COL_0");
    }
    for (uint32_t i = 0; i < q->n_group_by; i++) {
        weir__env env = {.b = q->b,
                         .schema = g->in,
                         .root = q->group_by[i].expr,
                         .code_error = "Invalid Group By: ",
                         .no_aggregates = "GROUP BY"};
        WEIR_TRY(weir__expr(&env, q->group_by[i].expr, &g->keys[i]));
        WEIR_TRY(weir__not_null(&env, q->group_by[i].expr, g->keys[i]));
    }
    for (uint32_t i = 0; i < g->n_keys; i++) {
        WEIR_PUSH(q->b->a, g->columns, g->n_columns, g->cap_columns, g->keys[i]);
    }
    return WEIR_OK;
}

/* A group expression is called as it is selected; it may be selected once. */
static weir_rc name_groups(grouping *g)
{
    weir__query *q = g->q;
    for (uint32_t i = 0; i < q->n_group_by; i++) {
        const weir_ast_expr *e = q->group_by[i].expr;
        weir_sv names[16];
        uint32_t n = 0;
        for (uint32_t o = 0; o < g->n_out && n < WEIR_COUNT(names); o++) {
            if (weir_ast_expr_eq(g->out[o].expr, e)) {
                names[n++] = weir__quoted(q->b, g->out[o].name);
                g->key_names[i] = g->out[o].name;
            }
        }
        if (n > 1) {
            weir_sv list = weir__join_words(q->b, names, n, " and ");
            return weir__fail(q->b, q->ast->select.items[0].span,
                              "The projection contains a key column more than once: " WEIR_SV_FMT
                              ".\nEach key column must only be in the projection once. If you "
                              "intended to copy the key into the value, then consider using the "
                              "AS_VALUE function to indicate which key reference should be copied.",
                              WEIR_SV_ARG(list));
        }
        if (n == 0) {
            g->key_names[i] =
                e->kind == WEIR_X_COLUMN ? e->as.column.name.name : weir__name_for(q, e);
        }
    }
    return WEIR_OK;
}

/* State that ksqlDB keeps as a nested value; a DELIMITED source cannot hold it there. */
static bool nested_state(const char *name)
{
    static const char *const names[] = {
        "ATTR",
        "AVG",
        "COLLECT_LIST",
        "COLLECT_SET",
        "CORRELATION",
        "COUNT_DISTINCT",
        "EARLIEST_BY_OFFSET",
        "HISTOGRAM",
        "LATEST_BY_OFFSET",
        "STDDEV_SAMP",
        "STDDEV_SAMPLE",
        "TOPK",
        "TOPKDISTINCT",
    };
    for (size_t i = 0; i < WEIR_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static weir_rc check_table(grouping *g, const weir_node *in)
{
    weir__query *q = g->q;
    if (!in->table) {
        return WEIR_OK;
    }
    if (q->windowed) {
        return weir__fail(q->b, q->ast->window_span,
                          "Windowing not supported for table aggregations.");
    }
    weir_sv *names = WEIR_NEW_N(q->b->a, weir_sv, g->n_aggs);
    weir_span span = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n_aggs; i++) {
        weir_sv name = weir_sv_cstr(g->aggs[i].call->function->name);
        bool seen = g->aggs[i].call->agg->undo != NULL;
        for (uint32_t k = 0; k < n; k++) {
            seen = seen || weir_sv_eq(names[k], name);
        }
        if (!seen) {
            span = n ? span : g->aggs[i].ast->span;
            names[n++] = name;
        }
    }
    if (n == 0) {
        return WEIR_OK;
    }
    weir_sv list = weir__join_words(q->b, names, n, " and ");
    return weir__fail(q->b, span,
                      "The aggregation function%s " WEIR_SV_FMT " cannot be applied to a "
                      "table source, only to a stream source.",
                      n > 1 ? "s" : "", WEIR_SV_ARG(list));
}

static weir_rc check_state_format(grouping *g)
{
    weir__query *q = g->q;
    if (q->rels[0].source->value_format.kind != WEIR_FMT_DELIMITED) {
        return WEIR_OK;
    }
    for (uint32_t i = 0; i < g->n_aggs; i++) {
        if (nested_state(g->aggs[i].call->function->name)) {
            weir__fail(
                q->b, g->aggs[i].ast->span,
                "One of the functions used in the statement has an intermediate type that the "
                "value format can not handle. Please remove the function or change the format."
                "\nConsider up-voting https://github.com/confluentinc/ksql/issues/3950, which "
                "will resolve this limitation");
            return weir_hint(q->b->st, "read the source in another format than DELIMITED");
        }
    }
    return WEIR_OK;
}

/* ---------------------------------------------------------------- the nodes */

static weir_schema *schema_of(weir__query *q, uint32_t n, uint32_t n_keys, weir_column **cols)
{
    weir_schema *s = WEIR_NEW(q->b->a, weir_schema);
    *cols = WEIR_NEW_N(q->b->a, weir_column, n);
    *s = (weir_schema){.n = (uint16_t)n, .n_keys = (uint16_t)n_keys, .cols = *cols};
    return s;
}

/* GROUP BY just the key of a stream, as ksqlDB decides it. Rows of a windowed key are spread by its
 * window, too. */
static bool groups_are_key(const grouping *g)
{
    const weir_node *in = g->q->at;
    bool same = !in->table && in->window.kind == WEIR_WINDOW_NONE && g->n_keys > 0 &&
                g->n_keys == in->schema->n_keys;
    for (uint32_t i = 0; same && i < g->n_keys; i++) {
        same = g->columns[i]->ex == WEIR_EX_COLUMN && g->columns[i]->column == i;
    }
    return same;
}

static weir_node *rekey_node(grouping *g)
{
    weir__query *q = g->q;
    weir_column *cols;
    weir_schema *s = schema_of(q, g->n_columns, g->n_keys, &cols);
    const weir_type **types = WEIR_NEW_N(q->b->a, const weir_type *, g->n_keys);
    for (uint32_t i = 0; i < g->n_columns; i++) {
        cols[i].role = i < g->n_keys ? WEIR_COL_KEY : WEIR_COL_VALUE;
        cols[i].type = g->columns[i]->type;
        cols[i].name =
            i < g->n_keys ? g->key_names[i] : weir__str(q->b, "KSQL_ARG_%u", i - g->n_keys);
        if (i < g->n_keys) {
            types[i] = cols[i].type;
        }
    }
    q->key_format = weir__internal_key(q->b, q->key_format, types, g->n_keys);
    weir_node *node = weir__node(q, WEIR_N_REKEY, s, q->at);
    node->window = (weir_window){0};
    node->rekey.exprs = g->columns;
    node->rekey.skip_null = true;
    node->rekey.stays = groups_are_key(g);
    node->rekey.key_format = q->key_format;
    return node;
}

static weir_node *aggregate_node(grouping *g, const weir_node *in)
{
    weir__query *q = g->q;
    uint32_t n = g->n_keys + g->n_aggs;
    weir_column *cols;
    weir_schema *s = schema_of(q, n + (q->windowed ? 2 : 0), g->n_keys, &cols);
    weir_call **calls = WEIR_NEW_N(q->b->a, weir_call *, g->n_aggs);
    const uint32_t **args = WEIR_NEW_N(q->b->a, const uint32_t *, g->n_aggs);
    for (uint32_t i = 0; i < n; i++) {
        if (i < g->n_keys) {
            cols[i] = in->schema->cols[i];
            continue;
        }
        aggregate *agg = &g->aggs[i - g->n_keys];
        cols[i] = (weir_column){.name = weir__str(q->b, "KSQL_AGG_VARIABLE_%u", i - g->n_keys),
                                .type = agg->call->type,
                                .role = WEIR_COL_VALUE};
        calls[i - g->n_keys] = agg->call;
        args[i - g->n_keys] = agg->args;
    }
    if (q->windowed) {
        cols[n] = (weir_column){.name = WEIR_SV("WINDOWSTART"),
                                .role = WEIR_COL_WINDOWSTART,
                                .type = weir_type_of(WEIR_T_BIGINT)};
        cols[n + 1] = (weir_column){.name = WEIR_SV("WINDOWEND"),
                                    .role = WEIR_COL_WINDOWEND,
                                    .type = weir_type_of(WEIR_T_BIGINT)};
    }
    weir_node *node = weir__node(q, WEIR_N_AGGREGATE, s, in);
    node->table = true;
    node->window = q->window;
    node->aggregate.n = g->n_aggs;
    node->aggregate.calls = calls;
    node->aggregate.args = args;
    node->aggregate.emit_final = q->ast->emit == WEIR_EMIT_FINAL;
    node->aggregate.key_format = q->key_format;
    return node;
}

/* What exists behind the aggregate. */
static void note_results(grouping *g)
{
    weir__query *q = g->q;
    q->matches = (weir__matches){0};
    for (uint32_t i = 0; i < g->n_keys + g->n_aggs; i++) {
        if (i < g->n_keys && q->n_group_by == 0) {
            continue;
        }
        weir__match m = {
            .ast = i < g->n_keys ? q->group_by[i].expr : g->aggs[i - g->n_keys].ast,
            .expr = weir_expr_column(q->b->a, q->at->schema, i),
        };
        WEIR_PUSH(q->b->a, q->matches.items, q->matches.n, q->matches.cap, m);
    }
}

static weir_rc having(weir__query *q)
{
    if (!q->having.expr) {
        return WEIR_OK;
    }
    weir__env env = {.b = q->b,
                     .schema = q->at->schema,
                     .matches = &q->matches,
                     .filter = true,
                     .type_error = "Error in HAVING expression: ",
                     .root = q->having.expr,
                     .code_error = "Invalid Predicate: ",
                     .no_aggregates = "HAVING"};
    const weir_expr *x;
    WEIR_TRY(weir__expr(&env, q->having.expr, &x));
    if (x->type->kind != WEIR_T_BOOLEAN) {
        weir_sv text = weir__text(q->b, q->having.expr);
        weir_sv type = weir__type_text(q->b, x->type);
        return weir__fail(q->b, q->having.expr->span,
                          "Type error in HAVING expression: Should "
                          "evaluate to boolean but is " WEIR_SV_FMT " (" WEIR_SV_FMT ") instead.",
                          WEIR_SV_ARG(text), WEIR_SV_ARG(type));
    }
    weir_node *node = weir__node(q, WEIR_N_FILTER, q->at->schema, q->at);
    node->filter.where = x;
    q->at = node;
    return WEIR_OK;
}

/* ---------------------------------------------------------------- the projection */

static bool is_group_output(const weir__query *q, const weir_ast_expr *e)
{
    for (uint32_t i = 0; i < q->n_group_by; i++) {
        if (weir_ast_expr_eq(q->group_by[i].expr, e)) {
            return true;
        }
    }
    return false;
}

static weir_rc missing_groups(grouping *g)
{
    weir__query *q = g->q;
    weir__binder *b = q->b;
    if (q->n_group_by == 0) {
        weir_sv *calls = WEIR_NEW_N(b->a, weir_sv, g->n_aggs);
        for (uint32_t i = 0; i < g->n_aggs; i++) {
            calls[i] = weir__text(b, g->aggs[i].ast);
        }
        weir_sv list = weir__join_words(b, calls, g->n_aggs, ", ");
        return weir__fail(b, q->ast->select.items[0].span,
                          "CREATE TABLE AS SELECT statement does not "
                          "support aggregate function [" WEIR_SV_FMT "] without a GROUP BY clause.",
                          WEIR_SV_ARG(list));
    }
    weir_sv *missing = WEIR_NEW_N(b->a, weir_sv, q->n_group_by);
    uint32_t n = 0;
    for (uint32_t i = 0; i < q->n_group_by; i++) {
        bool found = false;
        for (uint32_t o = 0; o < g->n_out; o++) {
            found = found || weir_ast_expr_eq(g->out[o].expr, q->group_by[i].expr);
        }
        if (!found) {
            missing[n++] = weir__text(b, q->group_by[i].expr);
        }
    }
    return n ? weir__keys_missing(q, "grouping expression", missing, n, true, false) : WEIR_OK;
}

static weir_rc project(grouping *g)
{
    weir__query *q = g->q;
    const weir_schema *in = q->at->schema;
    uint32_t room = g->n_keys + g->n_out;
    weir_column *cols = WEIR_NEW_N(q->b->a, weir_column, room);
    const weir_expr **exprs = WEIR_NEW_N(q->b->a, const weir_expr *, room);
    uint32_t n = 0;
    for (; n < g->n_keys; n++) {
        cols[n] = (weir_column){.name = g->key_names[n], .type = in->cols[n].type};
        exprs[n] = weir_expr_column(q->b->a, in, n);
    }
    for (uint32_t o = 0; o < g->n_out; o++) {
        const weir_ast_expr *e = g->out[o].expr;
        if (q->persistent && is_group_output(q, e)) {
            continue;
        }
        weir__env env = {.b = q->b,
                         .schema = in,
                         .matches = &q->matches,
                         .root = e,
                         .code_error = "Invalid Select: ",
                         .no_aggregates = "SELECT"};
        WEIR_TRY(weir__expr(&env, e, &exprs[n]));
        WEIR_TRY(weir__not_null(&env, e, exprs[n]));
        cols[n] = (weir_column){.name = g->out[o].name, .type = exprs[n]->type};
        n++;
    }
    if (q->persistent && n == g->n_keys) {
        return weir__fail(q->b, q->ast->select.items[0].span,
                          "The projection contains no value columns.");
    }
    if (q->persistent) {
        WEIR_TRY(weir__check_result_timestamp(q, cols, n));
        WEIR_TRY(missing_groups(g));
        WEIR_TRY(weir__no_duplicates(q, cols, n, g->n_keys));
    } else {
        WEIR_TRY(weir__no_duplicates(q, cols + g->n_keys, n - g->n_keys, 0));
    }
    return weir__make_project(q, cols, exprs, n, g->n_keys);
}

/* Two items of one name; a group that is a key of the source already does not count. */
static weir_rc duplicate_outputs(grouping *g)
{
    weir__query *q = g->q;
    for (uint32_t i = 0; i < g->n_out; i++) {
        for (uint32_t j = 0; j < i; j++) {
            const weir__output *x = &g->out[i];
            const weir__output *y = &g->out[j];
            int32_t xi = x->expr->kind == WEIR_X_COLUMN
                             ? weir_schema_find(g->in, x->expr->as.column.name.name)
                             : -1;
            int32_t yi = y->expr->kind == WEIR_X_COLUMN
                             ? weir_schema_find(g->in, y->expr->as.column.name.name)
                             : -1;
            bool key = (xi >= 0 && xi < g->in->n_keys) || (yi >= 0 && yi < g->in->n_keys);
            if (!weir_sv_eq(x->name, y->name) || key) {
                continue;
            }
            const weir_expr *e;
            weir__env env = {.b = q->b,
                             .schema = q->at->schema,
                             .matches = &q->matches,
                             .no_aggregates = "SELECT"};
            WEIR_TRY(weir__expr(&env, x->expr, &e));
            weir_column c = {.name = x->name, .type = e->type, .role = WEIR_COL_VALUE};
            weir_sv text = weir__column_text(q->b, &c);
            return weir__fail(q->b, x->span,
                              "Duplicate value columns found in schema: " WEIR_SV_FMT,
                              WEIR_SV_ARG(text));
        }
    }
    return WEIR_OK;
}

weir_rc weir__check_groups(weir__query *q)
{
    for (uint32_t i = 0; i < q->n_group_by; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (weir_ast_expr_eq(q->group_by[i].qualified, q->group_by[j].qualified)) {
                weir_sv text = weir__text(q->b, q->group_by[i].qualified);
                return weir__fail(q->b, q->group_by[i].qualified->span,
                                  "Duplicate GROUP BY expression: " WEIR_SV_FMT, WEIR_SV_ARG(text));
            }
        }
    }
    return WEIR_OK;
}

weir_rc weir__group(weir__query *q)
{
    grouping g = {.q = q, .in = q->at->schema};
    const weir_node *in = q->at;
    WEIR_TRY(weir__outputs(q, &g.out, &g.n_out));
    WEIR_TRY(check_clauses(q, g.out, g.n_out));
    WEIR_TRY(bind_groups(&g));
    for (uint32_t o = 0; o < g.n_out; o++) {
        WEIR_TRY(collect_aggregates(&g, g.out[o].expr, NULL));
    }
    if (q->having.expr) {
        WEIR_TRY(collect_aggregates(&g, q->having.expr, "Error in HAVING expression: "));
    }
    WEIR_TRY(name_groups(&g));
    const weir_node *rekeyed = rekey_node(&g);
    q->at = aggregate_node(&g, rekeyed);
    note_results(&g);
    WEIR_TRY(duplicate_outputs(&g));
    WEIR_TRY(having(q));
    WEIR_TRY(project(&g));
    WEIR_TRY(check_table(&g, in));
    return check_state_format(&g);
}
