/* One query: its clauses resolved in ksqlDB's order, then the plan from FROM to the projection. */
#include "dsl/binder.h"

#include "engine/base/limits.h"

/* ---------------------------------------------------------------- what is not there yet */

static weir_rc supported(weir__query *q)
{
    const weir_ast_query *a = q->ast;
    weir__binder *b = q->b;
    if (a->distinct) {
        return weir__unsupported(b, a->span, "SELECT DISTINCT");
    }
    if (a->n_unions) {
        return weir__unsupported(b, a->unions[0]->span, "UNION ALL");
    }
    if (a->order_by.n) {
        return weir__unsupported(b, a->order_by_span, "ORDER BY");
    }
    if (a->has_offset) {
        return weir__unsupported(b, a->offset_span, "OFFSET");
    }
    return WEIR_OK;
}

/* ---------------------------------------------------------------- resolving the clauses */

static bool find_aggregate(void *user, const weir_ast_expr *e)
{
    weir__query *q = user;
    q->grouped = q->grouped || weir__is_aggregate(q->b, e);
    return true;
}

static weir_rc resolve_list(weir__query *q, const weir_ast_exprs *list, const char *clause,
                            weir__clause **out, uint32_t *n)
{
    *out = WEIR_NEW_N(q->b->a, weir__clause, list->n);
    *n = list->n;
    for (uint32_t i = 0; i < list->n; i++) {
        WEIR_TRY(weir__resolve(q, list->items[i], clause, &(*out)[i]));
    }
    return WEIR_OK;
}

/* In several sources, so that the plain name would not tell which. */
static bool clashes(const weir__query *q, weir_sv name)
{
    if (!q->join) {
        return false;
    }
    weir__pseudo p = weir__pseudo_of(name);
    if (p == WEIR__ROWTIME || p == WEIR__ROWPARTITION || p == WEIR__ROWOFFSET) {
        return true;
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < q->n_sources; i++) {
        n += weir_schema_find(q->rels[i].source->schema, name) >= 0;
    }
    return n > 1;
}

static weir_sv item_name(weir__query *q, const weir_ast_item *item, const weir_ast_expr *qualified)
{
    if (weir_ast_has(&item->alias)) {
        return item->alias.name;
    }
    if (qualified->kind != WEIR_X_COLUMN) {
        return weir__name_for(q, qualified);
    }
    weir_sv name = qualified->as.column.name.name;
    if (weir_ast_has(&qualified->as.column.qualifier) && clashes(q, name)) {
        return weir__str(q->b, WEIR_SV_FMT "_" WEIR_SV_FMT,
                         WEIR_SV_ARG(qualified->as.column.qualifier.name), WEIR_SV_ARG(name));
    }
    return name;
}

static weir_rc unknown_alias(weir__query *q, const weir_ast_ident *alias)
{
    q->b->prefix = WEIR__PARSING;
    weir__fail(q->b, alias->span, "'" WEIR_SV_FMT "' is not a valid stream/table name or alias.",
               WEIR_SV_ARG(alias->name));
    weir_sv *names = WEIR_NEW_N(q->b->a, weir_sv, q->n_rels);
    for (uint32_t i = 0; i < q->n_rels; i++) {
        names[i] = q->rels[i].alias;
    }
    weir__hint_nearest(q->b, alias->name, names, q->n_rels);
    return WEIR_ESQL;
}

static weir_rc resolve_items(weir__query *q)
{
    const weir_ast_items *items = &q->ast->select;
    q->items = WEIR_NEW_N(q->b->a, weir__item, items->n);
    q->n_items = items->n;
    for (uint32_t i = 0; i < items->n; i++) {
        const weir_ast_item *from = &items->items[i];
        weir__item *to = &q->items[i];
        *to = (weir__item){.kind = from->kind, .span = from->span};
        if (from->kind == WEIR_ITEM_SOURCE_ALL) {
            to->source = from->source.name;
            if (!weir__find_rel(q, to->source)) {
                return unknown_alias(q, &from->source);
            }
        }
        if (from->kind == WEIR_ITEM_EXPR || from->kind == WEIR_ITEM_STRUCT_ALL) {
            weir__clause c;
            WEIR_TRY(weir__resolve(q, from->expr, "SELECT", &c));
            to->qualified = c.qualified;
            to->expr = c.expr;
        }
    }
    for (uint32_t i = 0; i < items->n; i++) {
        if (q->items[i].kind == WEIR_ITEM_EXPR) {
            q->items[i].alias = item_name(q, &items->items[i], q->items[i].qualified);
        }
    }
    return WEIR_OK;
}

static weir_rc check_partition_by(weir__query *q)
{
    for (uint32_t i = 0; i < q->n_partition_by; i++) {
        const weir_ast_expr *e = q->partition_by[i].qualified;
        q->partition_null = q->partition_null || e->kind == WEIR_X_NULL;
        for (uint32_t j = 0; j < i; j++) {
            if (weir_ast_expr_eq(e, q->partition_by[j].qualified)) {
                weir_sv text = weir__text(q->b, e);
                return weir__fail(q->b, e->span, "Duplicate PARTITION BY expression: " WEIR_SV_FMT,
                                  WEIR_SV_ARG(text));
            }
        }
    }
    if (q->partition_null && q->n_partition_by > 1) {
        return weir__fail(q->b, q->ast->partition_by_span,
                          "Cannot PARTITION BY multiple columns including NULL");
    }
    return WEIR_OK;
}

static weir_rc resolve_clauses(weir__query *q)
{
    const weir_ast_query *a = q->ast;
    q->grouped = a->has_group_by;
    for (uint32_t i = 0; i < a->select.n; i++) {
        if (a->select.items[i].expr) {
            weir_ast_walk(a->select.items[i].expr, find_aggregate, q);
        }
    }
    if (a->has_group_by && a->group_by.n == 0) {
        return weir__fail(q->b, a->group_by_span, "GROUP BY requires at least one expression");
    }
    if (a->has_partition_by && a->partition_by.n == 0) {
        return weir__fail(q->b, a->partition_by_span,
                          "PARTITION BY requires at least one expression");
    }
    if (a->window) {
        WEIR_TRY(weir__window_clause(q));
    }
    WEIR_TRY(weir__check_qualifiers(q));
    WEIR_TRY(weir__resolve_on(q));
    if (a->where) {
        WEIR_TRY(weir__resolve(q, a->where, "WHERE", &q->where));
    }
    WEIR_TRY(resolve_list(q, &a->group_by, "GROUP BY", &q->group_by, &q->n_group_by));
    WEIR_TRY(
        resolve_list(q, &a->partition_by, "PARTITION BY", &q->partition_by, &q->n_partition_by));
    if (a->having) {
        WEIR_TRY(weir__resolve(q, a->having, "HAVING", &q->having));
    }
    WEIR_TRY(resolve_items(q));
    WEIR_TRY(weir__check_groups(q));
    return check_partition_by(q);
}

/* ---------------------------------------------------------------- checks of ksqlDB's analyzer */

static bool upper_eq(weir_sv a, const char *b)
{
    return weir_sv_ieq(a, weir_sv_cstr(b));
}

/* Names of system columns in the select list. */
static weir_rc check_reserved(weir__query *q)
{
    static const char *const names[] = {"WINDOWSTART", "WINDOWEND", "ROWTIME", "ROWPARTITION",
                                        "ROWOFFSET"};
    for (uint32_t i = 0; i < q->n_items; i++) {
        const weir__item *item = &q->items[i];
        for (size_t n = 0; item->kind == WEIR_ITEM_EXPR && n < WEIR_COUNT(names); n++) {
            if (!upper_eq(item->alias, names[n])) {
                continue;
            }
            bool itself = item->qualified->kind == WEIR_X_COLUMN &&
                          weir_sv_ieq(item->qualified->as.column.name.name, item->alias);
            if (!itself) {
                return weir__fail(q->b, item->span,
                                  "`%s` is a reserved column name. You cannot use "
                                  "it as an alias for a column.",
                                  names[n]);
            }
            if (q->persistent) {
                return weir__fail(q->b, item->span,
                                  "Reserved column name in select: `%s`. Please "
                                  "remove or alias the column.",
                                  names[n]);
            }
        }
    }
    return WEIR_OK;
}

typedef struct table_calls {
    weir__query *q;
    const weir_ast_expr **calls;
    uint32_t n, cap;
} table_calls;

static weir_rc find_table_calls(table_calls *t, const weir_ast_expr *e, const weir_ast_expr *outer,
                                const weir_ast_expr *in_case)
{
    weir__binder *b = t->q->b;
    if (e->kind == WEIR_X_CASE) {
        in_case = in_case ? in_case : e;
    }
    if (weir__is_table_function(b, e)) {
        const char *name = weir__function(b, e)->name;
        if (outer) {
            return weir__fail(b, e->span, "Table functions cannot be nested: %s(%s())",
                              weir__function(b, outer)->name, name);
        }
        if (t->q->grouped) {
            return weir__fail(b, e->span, "Table functions cannot be used with aggregations.");
        }
        if (in_case) {
            weir_sv text = weir__text(b, in_case);
            return weir__fail(b, e->span, "Table functions cannot be used in CASE: " WEIR_SV_FMT,
                              WEIR_SV_ARG(text));
        }
        WEIR_PUSH(b->a, t->calls, t->n, t->cap, e);
        outer = e;
    }
    for (uint32_t i = 0; i < e->n; i++) {
        WEIR_TRY(find_table_calls(t, e->args[i], outer, in_case));
    }
    return WEIR_OK;
}

static weir_rc check_kafka_values(weir__query *q)
{
    weir_sv list = {0};
    for (uint32_t i = 0; i < q->n_sources; i++) {
        if (q->rels[i].source->value_format.kind == WEIR_FMT_KAFKA) {
            list = weir__str(q->b, WEIR_SV_FMT "%s" WEIR_SV_FMT, WEIR_SV_ARG(list),
                             list.n ? ", " : "", WEIR_SV_ARG(q->rels[i].alias));
        }
    }
    const char *what = q->join ? "JOIN" : q->ast->has_group_by ? "GROUP BY" : NULL;
    if (!list.n || !what) {
        return WEIR_OK;
    }
    weir__fail(
        q->b, q->ast->span,
        "Source(s) " WEIR_SV_FMT " are using the 'KAFKA' value format. This "
        "format does not yet support %s.\nThe KAFKA format is primarily intended for use as a "
        "key format. It can be used as a value format, but can not be used in any operation "
        "that requires a repartition or changelog topic.",
        WEIR_SV_ARG(list), what);
    return weir_hint(q->b->st, "copy it first: CREATE STREAM copy WITH (VALUE_FORMAT = 'JSON') AS "
                               "SELECT * FROM …");
}

static weir_rc check_windowed_tables(weir__query *q)
{
    for (uint32_t i = 0; q->persistent && i < q->n_sources; i++) {
        const weir_source *s = q->rels[i].source;
        if (s->table && s->window.kind != WEIR_WINDOW_NONE && !q->rels[i].query) {
            weir__fail(q->b, q->rels[i].span,
                       "KSQL does not support persistent queries on windowed tables.");
            return weir_hint(q->b->st, "declare a stream over its topic: CREATE STREAM … WITH "
                                       "(WINDOW_TYPE = …)");
        }
    }
    return WEIR_OK;
}

#define PULL_HELP                                                                                  \
    " See https://cnfl.io/queries for more info.\n"                                                \
    "Add EMIT CHANGES if you intended to issue a push query."

static bool find_offset_column(void *user, const weir_ast_expr *e)
{
    weir_sv *found = user;
    if (e->kind == WEIR_X_COLUMN) {
        weir__pseudo p = weir__pseudo_of(e->as.column.name.name);
        if (p == WEIR__ROWPARTITION || p == WEIR__ROWOFFSET) {
            *found = e->as.column.name.name;
        }
    }
    return true;
}

static weir_rc check_pull(weir__query *q)
{
    const weir_ast_query *a = q->ast;
    weir__binder *b = q->b;
    const char *clause = q->join               ? "JOIN"
                         : a->window           ? "WINDOW"
                         : q->grouped          ? "GROUP BY"
                         : a->has_partition_by ? "PARTITION BY"
                         : a->having           ? "HAVING"
                                               : NULL;
    if (clause) {
        return weir__fail(b, a->span, "Pull queries don't support %s clauses." PULL_HELP, clause);
    }
    if (a->has_limit && !weir__prop_bool(b, "ksql.query.pull.limit.clause.enabled", true)) {
        return weir__fail(
            b, a->limit_span,
            "LIMIT clause in pull queries is currently disabled. You "
            "can enable them by setting ksql.query.pull.limit.clause.enabled=true." PULL_HELP);
    }
    if (a->has_limit && a->limit < 0) {
        return weir__fail(b, a->limit_span,
                          "Pull queries don't support negative integers in the "
                          "LIMIT clause." PULL_HELP);
    }
    weir_sv found = {0};
    for (uint32_t i = 0; i < q->n_items; i++) {
        if (q->items[i].expr) {
            weir_ast_walk(q->items[i].expr, find_offset_column, &found);
        }
    }
    const char *where = "SELECT";
    if (!found.n && q->where.expr) {
        weir_ast_walk(q->where.expr, find_offset_column, &found);
        where = "WHERE";
    }
    if (found.n) {
        weir_sv name = weir__quoted(b, found);
        return weir__fail(
            b, a->span,
            "Pull queries don't support the following columns in %s clauses: " WEIR_SV_FMT
            "\n" PULL_HELP,
            where, WEIR_SV_ARG(name));
    }
    return WEIR_OK;
}

/* ---------------------------------------------------------------- WHERE, PARTITION BY, tables */

static weir_rc where(weir__query *q)
{
    if (!q->where.expr) {
        return WEIR_OK;
    }
    weir__env env = {.b = q->b,
                     .schema = q->at->schema,
                     .filter = true,
                     .root = q->where.expr,
                     .type_error = "Error in WHERE expression: ",
                     .code_error = "Invalid Predicate: ",
                     .no_aggregates = "WHERE"};
    const weir_expr *x;
    WEIR_TRY(weir__expr(&env, q->where.expr, &x));
    if (x->type->kind != WEIR_T_BOOLEAN) {
        weir_sv text = weir__text(q->b, q->where.expr);
        weir_sv type = weir__type_text(q->b, x->type);
        return weir__fail(q->b, q->where.expr->span,
                          "Type error in WHERE expression: Should evaluate "
                          "to boolean but is " WEIR_SV_FMT " (" WEIR_SV_FMT ") instead.",
                          WEIR_SV_ARG(text), WEIR_SV_ARG(type));
    }
    weir_node *node = weir__node(q, WEIR_N_FILTER, q->at->schema, q->at);
    node->filter.where = x;
    q->at = node;
    return WEIR_OK;
}

static void note_match(weir__query *q, const weir_ast_expr *ast, uint32_t column)
{
    weir__match m = {.ast = ast, .expr = weir_expr_column(q->b->a, q->at->schema, column)};
    WEIR_PUSH(q->b->a, q->matches.items, q->matches.n, q->matches.cap, m);
}

/* The same single key again: nothing to do. */
static bool keeps_key(const weir__query *q)
{
    const weir_schema *s = q->at->schema;
    const weir_ast_expr *e = q->partition_by[0].expr;
    return s->n_keys == 1 && q->n_partition_by == 1 && e->kind == WEIR_X_COLUMN &&
           weir_sv_eq(e->as.column.name.name, s->cols[0].name);
}

/* [new keys][all columns]: what had been the key stays as a value. */
static weir_rc partition_by(weir__query *q)
{
    if (q->n_partition_by == 0 || keeps_key(q)) {
        return WEIR_OK;
    }
    weir__binder *b = q->b;
    const weir_schema *in = q->at->schema;
    uint32_t n_keys = q->partition_null ? 0 : q->n_partition_by;
    uint32_t n = n_keys + in->n;
    weir_column *cols = WEIR_NEW_N(b->a, weir_column, n);
    const weir_expr **exprs = WEIR_NEW_N(b->a, const weir_expr *, n);
    const weir_type **types = WEIR_NEW_N(b->a, const weir_type *, n_keys);
    if (q->at->table) {
        weir_sv key = in->cols[0].name;
        weir_sv text = weir__text(b, q->partition_by[0].expr);
        return weir__fail(
            b, q->ast->partition_by_span,
            "Cannot repartition a TABLE source. If this is a join, make sure that the "
            "criteria uses the TABLE's key column " WEIR_SV_FMT " instead of [" WEIR_SV_FMT "]",
            WEIR_SV_ARG(key), WEIR_SV_ARG(text));
    }
    if (q->at->window.kind != WEIR_WINDOW_NONE) {
        return weir__fail(b, q->ast->partition_by_span,
                          "Implicit repartitioning of windowed sources is not supported. "
                          "See https://github.com/confluentinc/ksql/issues/4385.");
    }
    for (uint32_t i = 0; i < n_keys; i++) {
        const weir_ast_expr *e = q->partition_by[i].expr;
        weir__env env = {.b = b,
                         .schema = in,
                         .root = e,
                         .code_error = "Invalid SelectKey: ",
                         .no_aggregates = "PARTITION BY"};
        WEIR_TRY(weir__expr(&env, e, &exprs[i]));
        WEIR_TRY(weir__not_null(&env, e, exprs[i]));
        types[i] = exprs[i]->type;
        cols[i] = (weir_column){.type = types[i], .role = WEIR_COL_KEY};
        cols[i].name = e->kind == WEIR_X_COLUMN ? e->as.column.name.name : weir__name_for(q, e);
    }
    for (uint32_t i = 0; i < in->n; i++) {
        cols[n_keys + i] = in->cols[i];
        cols[n_keys + i].role =
            in->cols[i].role == WEIR_COL_KEY ? WEIR_COL_VALUE : in->cols[i].role;
        exprs[n_keys + i] = weir_expr_column(b->a, in, i);
    }
    weir_schema *s = WEIR_NEW(b->a, weir_schema);
    *s = (weir_schema){.n = (uint16_t)n, .n_keys = (uint16_t)n_keys, .cols = cols};
    q->key_format = q->partition_null ? (weir_format_spec){.kind = WEIR_FMT_NONE, .delimiter = ','}
                                      : weir__internal_key(b, q->key_format, types, n_keys);
    weir_node *node = weir__node(q, WEIR_N_REKEY, s, q->at);
    node->rekey.exprs = exprs;
    node->rekey.key_format = q->key_format;
    q->at = node;
    for (uint32_t i = 0; i < n_keys; i++) {
        if (q->partition_by[i].expr->kind != WEIR_X_COLUMN) {
            note_match(q, q->partition_by[i].expr, i);
        }
    }
    return WEIR_OK;
}

/* EXPLODE … in the select list. */
static weir_rc flatmap(weir__query *q, const table_calls *t)
{
    weir__binder *b = q->b;
    if (t->n == 0) {
        return WEIR_OK;
    }
    if (q->at->table) {
        return weir__fail(b, t->calls[0]->span,
                          "Table source is not supported with table functions");
    }
    const weir_schema *in = q->at->schema;
    weir_column *cols = WEIR_NEW_N(b->a, weir_column, in->n + t->n);
    const weir_expr **exprs = WEIR_NEW_N(b->a, const weir_expr *, t->n);
    memcpy(cols, in->cols, in->n * sizeof *cols);
    for (uint32_t i = 0; i < t->n; i++) {
        const weir_ast_expr *e = t->calls[i];
        const weir_function *fn = weir__function(b, e);
        weir__env env = {.b = b,
                         .schema = in,
                         .matches = &q->matches,
                         .root = e,
                         .code_error = "Invalid Table function: ",
                         .no_aggregates = "A table function"};
        const weir_expr **args = WEIR_NEW_N(b->a, const weir_expr *, e->n);
        for (uint32_t k = 0; k < e->n; k++) {
            WEIR_TRY(weir__expr(&env, e->args[k], &args[k]));
        }
        WEIR_TRY(weir__call_bound(&env, e, fn, args, e->n, &exprs[i]));
        WEIR_ASSERT(exprs[i]->type->kind == WEIR_T_ARRAY);
        cols[in->n + i] = (weir_column){.name = weir__str(b, "KSQL_SYNTH_%u", i),
                                        .type = exprs[i]->type->item,
                                        .role = WEIR_COL_VALUE};
    }
    weir_schema *s = WEIR_NEW(b->a, weir_schema);
    *s = (weir_schema){.n = (uint16_t)(in->n + t->n), .n_keys = in->n_keys, .cols = cols};
    weir_node *node = weir__node(q, WEIR_N_FLATMAP, s, q->at);
    node->flatmap.n = t->n;
    node->flatmap.exprs = exprs;
    q->at = node;
    for (uint32_t i = 0; i < t->n; i++) {
        note_match(q, t->calls[i], in->n + i);
    }
    return WEIR_OK;
}

/* ---------------------------------------------------------------- the whole */

static weir_rc analyze(weir__query *q, table_calls *tables)
{
    WEIR_TRY(supported(q));
    WEIR_TRY(weir__from(q));
    WEIR_TRY(resolve_clauses(q));
    WEIR_TRY(check_reserved(q));
    tables->q = q;
    for (uint32_t i = 0; i < q->n_items; i++) {
        if (q->items[i].kind == WEIR_ITEM_EXPR) {
            WEIR_TRY(find_table_calls(tables, q->items[i].expr, NULL, NULL));
        }
    }
    if (q->unknown) {
        return weir__unknown_column(q, q->unknown_clause, q->unknown);
    }
    WEIR_TRY(check_kafka_values(q));
    return q->pull ? check_pull(q) : check_windowed_tables(q);
}

weir_rc weir__query_plan(weir__query *q)
{
    const weir_ast_query *a = q->ast;
    table_calls tables = {0};
    WEIR_TRY(analyze(q, &tables));
    WEIR_TRY(weir__joins(q));
    WEIR_TRY(where(q));
    WEIR_TRY(partition_by(q));
    WEIR_TRY(flatmap(q, &tables));
    if (q->grouped) {
        WEIR_TRY(weir__group(q));
    } else if (a->window) {
        weir_sv at = weir__where(q->b, a->window->span);
        return weir__fail(q->b, a->window->span,
                          WEIR_SV_FMT "WINDOW clause requires a GROUP BY clause.", WEIR_SV_ARG(at));
    } else if (a->having) {
        weir__fail(q->b, a->having_span, "HAVING requires a GROUP BY clause.");
        return weir_hint(q->b->st, "WHERE filters rows that are not grouped");
    } else {
        WEIR_TRY(weir__project(q));
    }
    if (a->emit == WEIR_EMIT_FINAL && !(q->grouped && a->window)) {
        return weir__fail(q->b, a->emit_span,
                          "EMIT FINAL is only supported for windowed aggregations.");
    }
    return WEIR_OK;
}

/* A table that some query keeps, or a SOURCE table. */
static bool is_materialized(const weir__query *q)
{
    const weir_source *s = q->rels[0].source;
    return !s->table || s->created_by_query || s->read_only;
}

weir_rc weir__bind_select(weir__binder *b, const weir_ast_query *ast, weir_bound *out)
{
    weir__query q = {.b = b, .ast = ast, .pull = ast->emit == WEIR_EMIT_NONE};
    out->kind = WEIR_B_SELECT;
    WEIR_TRY(weir__query_plan(&q));
    if (q.pull && !is_materialized(&q)) {
        weir_sv name = weir__quoted(b, q.rels[0].source->name);
        weir_sv plain = q.rels[0].source->name;
        return weir__fail(b, q.rels[0].span,
                          "The " WEIR_SV_FMT " table isn't queryable. To derive a "
                          "queryable table, you can do 'CREATE TABLE QUERYABLE_" WEIR_SV_FMT
                          " AS SELECT * FROM " WEIR_SV_FMT "'." PULL_HELP,
                          WEIR_SV_ARG(name), WEIR_SV_ARG(plain), WEIR_SV_ARG(plain));
    }
    weir_node *sink = weir__node(&q, WEIR_N_SINK, q.at->schema, q.at);
    sink->sink.limit = ast->has_limit ? ast->limit : -1;
    sink->sink.timestamp_column = -1;
    out->as.select.push = !q.pull;
    out->as.select.limit = sink->sink.limit;
    weir_sv id = weir__str(b, "transient_" WEIR_SV_FMT "_%llu", WEIR_SV_ARG(q.rels[0].alias),
                           (unsigned long long)weir_catalog_peek_query(b->catalog));
    out->as.select.plan = weir__finish_plan(&q, sink, id, out->sql, ast->emit == WEIR_EMIT_FINAL);
    return WEIR_OK;
}
