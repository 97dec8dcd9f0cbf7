/* FROM: the sources by name, the nodes that read them, UNNEST. */
#include "dsl/bind_join.h"

#include "engine/base/limits.h"

/* ---------------------------------------------------------------- names of the sources */

static weir_rc source_of(weir__query *q, const weir_ast_rel *r, const weir_source **out)
{
    weir__binder *b = q->b;
    *out = weir_catalog_source(b->catalog, r->name.name);
    if (*out) {
        return WEIR_OK;
    }
    weir_sv more = weir__alternatives(b, r->name.name);
    b->prefix = WEIR__PREPARING;
    weir__fail(b, r->name.span, WEIR_SV_FMT " does not exist." WEIR_SV_FMT,
               WEIR_SV_ARG(r->name.name), WEIR_SV_ARG(more));
    uint32_t n = weir_catalog_sources(b->catalog);
    weir_sv *names = WEIR_NEW_N(b->a, weir_sv, n);
    for (uint32_t i = 0; i < n; i++) {
        names[i] = weir_catalog_source_at(b->catalog, i)->name;
    }
    weir__hint_nearest(b, r->name.name, names, n);
    return WEIR_ESQL;
}

/* ---------------------------------------------------------------- queries in FROM */

/* The query's nodes go before those of the query around it, and it looks like a source from then
 * on. It has to select its key, like every query that is written somewhere. */
static weir_rc derived(weir__query *q, const weir_ast_query *ast, const weir__scope *scope,
                       weir__rel *rel)
{
    weir__binder *b = q->b;
    if (q->pull) {
        return weir__unsupported(b, rel->ast->span, "a query in FROM without EMIT CHANGES");
    }
    if (ast->has_limit) {
        return weir__unsupported(b, ast->limit_span, "LIMIT of a query in FROM");
    }
    weir__query *sub = WEIR_NEW(b->a, weir__query);
    *sub = (weir__query){.b = b,
                         .ast = ast,
                         .persistent = true,
                         .sink_name = rel->alias,
                         .outer = scope,
                         .depth = q->depth + 1,
                         .nodes = q->nodes,
                         .n_nodes = q->n_nodes,
                         .cap_nodes = q->cap_nodes};
    if (sub->depth > WEIR_QUERY_DEPTH_MAX) {
        return weir_fail_at(b->st, WEIR_ELIMIT, rel->ast->span,
                            "more than %d queries inside one another", WEIR_QUERY_DEPTH_MAX);
    }
    WEIR_TRY(weir__query_plan(sub));
    q->nodes = sub->nodes;
    q->n_nodes = sub->n_nodes;
    q->cap_nodes = sub->cap_nodes;
    if (q->n_nodes > WEIR_PLAN_NODES_MAX) {
        return weir_fail_at(b->st, WEIR_ELIMIT, rel->ast->span,
                            "the query takes more than %d steps", WEIR_PLAN_NODES_MAX);
    }
    weir_source *s = WEIR_NEW(b->a, weir_source);
    const weir_source *from = sub->rels[0].source;
    *s = (weir_source){.name = rel->alias,
                       .table = sub->at->table,
                       .schema = weir__result_schema(sub),
                       .key_format = sub->key_format,
                       .value_format = from->value_format,
                       .window = sub->at->window,
                       .partitions = sub->partitions,
                       .replicas = from->replicas,
                       .retention_ms = -1};
    rel->source = s;
    rel->query = sub;
    return WEIR_OK;
}

/* WITH name AS (…): the innermost of that name. It sees what stands before it. */
static bool find_cte(const weir__scope *s, weir_sv name, const weir_ast_query **query,
                     weir__scope *inside)
{
    for (; s; s = s->outer) {
        for (uint32_t i = s->n; i-- > 0;) {
            if (weir_sv_eq(s->ctes->items[i].name.name, name)) {
                *query = s->ctes->items[i].query;
                *inside = (weir__scope){.outer = s->outer, .ctes = s->ctes, .n = i};
                return true;
            }
        }
    }
    return false;
}

static weir_rc read_from(weir__query *q, const weir_ast_rel *r, weir__rel *rel)
{
    const weir_ast_query *query = r->query;
    weir__scope *inside = WEIR_NEW(q->b->a, weir__scope);
    if (r->kind == WEIR_REL_QUERY) {
        return derived(q, query, &q->scope, rel);
    }
    if (find_cte(&q->scope, r->name.name, &query, inside)) {
        return derived(q, query, inside, rel);
    }
    return source_of(q, r, &rel->source);
}

/* ---------------------------------------------------------------- UNNEST */

/* All that stands before an UNNEST, as far as types go. */
static const weir_schema *columns_before(weir__query *q)
{
    uint32_t room = q->n_rels;
    for (uint32_t i = 0; i < q->n_sources; i++) {
        room += q->rels[i].source->schema->n;
    }
    weir_column *cols;
    weir_schema *s = weir__new_schema(q, room, &cols);
    for (uint32_t i = 0; i < q->n_rels; i++) {
        const weir__rel *r = &q->rels[i];
        if (!r->source) {
            cols[s->n++] = (weir_column){.name = r->alias, .type = r->item};
            continue;
        }
        for (uint32_t c = 0; c < r->source->schema->n; c++) {
            cols[s->n] = r->source->schema->cols[c];
            cols[s->n].name = weir__internal_name(q, r->alias, cols[s->n].name);
            s->n++;
        }
    }
    return s;
}

/* The type has to be known before names are looked up: the fields of the items are columns. */
static weir_rc item_type(weir__query *q, weir__rel *r)
{
    weir__binder *b = q->b;
    weir__clause c;
    const weir_expr *x;
    if (r->ast->join != WEIR_AST_JOIN_INNER || r->ast->on || r->ast->within) {
        return weir__fail(b, r->ast->span,
                          "UNNEST is joined as JOIN UNNEST(array) AS name, without "
                          "LEFT, ON or WITHIN.");
    }
    WEIR_TRY(weir__resolve(q, r->ast->unnest, "UNNEST", &c));
    if (q->unknown) {
        return weir__unknown_column(q, q->unknown_clause, q->unknown);
    }
    weir__env env = {.b = b, .schema = columns_before(q), .no_aggregates = "UNNEST"};
    WEIR_TRY(weir__expr(&env, c.expr, &x));
    if (x->type->kind != WEIR_T_ARRAY) {
        weir_sv type = weir__type_text(b, x->type);
        return weir__fail(b, r->ast->unnest->span,
                          "UNNEST needs an ARRAY, but got " WEIR_SV_FMT ".", WEIR_SV_ARG(type));
    }
    r->unnest = c.expr;
    r->item = x->type->item;
    return WEIR_OK;
}

/* ---------------------------------------------------------------- the relations */

static weir_rc add_rel(weir__query *q, const weir_ast_rel *r)
{
    weir__binder *b = q->b;
    const weir_ast_ident *name = weir_ast_has(&r->alias) ? &r->alias : &r->name;
    weir__rel rel = {.alias = name->name, .span = name->span, .ast = r};
    if (r->match) {
        return weir__unsupported(b, r->match->span, "MATCH_RECOGNIZE");
    }
    if (r->kind == WEIR_REL_UNNEST && !weir_ast_has(&r->alias)) {
        return weir__fail(b, r->span, "UNNEST needs an alias: JOIN UNNEST(…) AS item");
    }
    if (r->kind == WEIR_REL_QUERY && !weir_ast_has(&r->alias)) {
        rel.alias = weir__str(b, "KSQL_QUERY_%u", q->n_rels);
    }
    WEIR_TRY(r->kind == WEIR_REL_UNNEST ? item_type(q, &rel) : read_from(q, r, &rel));
    if (rel.source && rel.source->lookup.n && r == &q->ast->from.items[0]) {
        return weir__lookup_fail(b, rel.source, r->span, "It cannot be read through");
    }
    if (weir__find_rel(q, rel.alias)) {
        if (q->n_rels > 1) {
            weir__fail(b, rel.span,
                       "N-way joins do not support multiple occurrences of the same source. "
                       "Source: '" WEIR_SV_FMT "'.",
                       WEIR_SV_ARG(rel.alias));
        } else {
            weir__fail(b, rel.span,
                       "Can not join '" WEIR_SV_FMT "' to '" WEIR_SV_FMT
                       "': self joins are not yet supported.",
                       WEIR_SV_ARG(rel.alias), WEIR_SV_ARG(rel.alias));
        }
        return weir_hint(
            b->st, "give each of them an alias: FROM " WEIR_SV_FMT " a JOIN " WEIR_SV_FMT " b",
            WEIR_SV_ARG(r->name.name), WEIR_SV_ARG(r->name.name));
    }
    q->rels[q->n_rels++] = rel;
    return WEIR_OK;
}

weir_rc weir__from(weir__query *q)
{
    const weir_ast_rels *from = &q->ast->from;
    q->rels = WEIR_NEW_N(q->b->a, weir__rel, from->n);
    q->scope = (weir__scope){.outer = q->outer, .ctes = &q->ast->ctes, .n = q->ast->ctes.n};
    if (from->items[0].kind == WEIR_REL_UNNEST) {
        return weir__fail(q->b, from->items[0].span, "FROM needs a stream or a table first.");
    }
    /* Sources first, so that they are numbered 0 … n_sources-1. */
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < from->n; i++) {
            if ((from->items[i].kind == WEIR_REL_UNNEST) == (pass == 1)) {
                WEIR_TRY(add_rel(q, &from->items[i]));
            }
        }
        if (pass == 0) {
            q->n_sources = q->n_rels;
            q->join = q->n_sources > 1;
        }
    }
    return WEIR_OK;
}

/* ---------------------------------------------------------------- nodes */

weir_node *weir__node(weir__query *q, weir_node_kind kind, const weir_schema *schema,
                      const weir_node *in)
{
    weir_node *n = WEIR_NEW(q->b->a, weir_node);
    n->kind = kind;
    n->id = q->n_nodes;
    n->schema = schema;
    if (in) {
        n->in[0] = in;
        n->n_inputs = 1;
        n->table = in->table;
        n->window = in->window;
    }
    WEIR_PUSH(q->b->a, q->nodes, q->n_nodes, q->cap_nodes, n);
    return n;
}
weir_schema *weir__new_schema(weir__query *q, uint32_t room, weir_column **cols)
{
    weir_schema *s = WEIR_NEW(q->b->a, weir_schema);
    *cols = WEIR_NEW_N(q->b->a, weir_column, room);
    s->cols = *cols;
    return s;
}

/* The result of a query under the names of the query around it. */
static weir_node *derived_node(weir__query *q, const weir__rel *r)
{
    weir_node *at = r->query->at;
    uint32_t n = at->schema->n;
    if (!q->join && at->window.kind == WEIR_WINDOW_NONE) {
        return at; /* the names are right */
    }
    weir_column *cols;
    weir_schema *s = weir__new_schema(q, n, &cols);
    const weir_expr **exprs = WEIR_NEW_N(q->b->a, const weir_expr *, n);
    for (uint32_t i = 0; i < n; i++) {
        cols[i] = at->schema->cols[i];
        weir_sv name = cols[i].role == WEIR_COL_WINDOWSTART ? WEIR_SV("WINDOWSTART")
                       : cols[i].role == WEIR_COL_WINDOWEND ? WEIR_SV("WINDOWEND")
                                                            : cols[i].name;
        cols[i].name = weir__internal_name(q, r->alias, name);
        exprs[i] = weir_expr_column(q->b->a, at->schema, i);
    }
    *s = (weir_schema){.n = (uint16_t)n, .n_keys = at->schema->n_keys, .cols = cols};
    weir_node *node = weir__node(q, WEIR_N_PROJECT, s, at);
    node->project.exprs = exprs;
    return node;
}

/* All columns of a source, then the pseudo columns; what is not read is dropped at the end. */
weir_node *weir__source_node(weir__query *q, const weir__rel *r)
{
    static const struct {
        const char *name;
        weir_role role;
        weir_kind kind;
    } pseudo[] = {
        {"ROWTIME", WEIR_COL_ROWTIME, WEIR_T_BIGINT},
        {"ROWPARTITION", WEIR_COL_ROWPARTITION, WEIR_T_INTEGER},
        {"ROWOFFSET", WEIR_COL_ROWOFFSET, WEIR_T_BIGINT},
        {"WINDOWSTART", WEIR_COL_WINDOWSTART, WEIR_T_BIGINT},
        {"WINDOWEND", WEIR_COL_WINDOWEND, WEIR_T_BIGINT},
    };
    if (r->query) {
        return derived_node(q, r);
    }
    const weir_source *source = weir_source_copy(q->b->a, r->source);
    bool windowed = source->window.kind != WEIR_WINDOW_NONE;
    uint32_t n = source->schema->n;
    uint32_t all = n + (source->lookup.n ? 0 : windowed ? 5 : 3); /* no record: it has no time or place */
    weir_column *cols;
    weir_schema *s = weir__new_schema(q, all, &cols);
    int32_t *read = WEIR_NEW_N(q->b->a, int32_t, all);
    for (uint32_t i = 0; i < all; i++) {
        if (i < n) {
            cols[i] = source->schema->cols[i];
            read[i] = (int32_t)i;
        } else {
            cols[i].name = weir_sv_cstr(pseudo[i - n].name);
            cols[i].type = weir_type_of(pseudo[i - n].kind);
            cols[i].role = pseudo[i - n].role;
            read[i] = -1;
        }
        cols[i].name = weir__internal_name(q, r->alias, cols[i].name);
    }
    s->n = (uint16_t)all;
    s->n_keys = source->schema->n_keys;
    weir_node *node = weir__node(q, WEIR_N_SOURCE, s, NULL);
    node->table = source->table;
    node->window = source->window;
    node->scan.source = source;
    node->scan.read = read;
    return node;
}

/* ---------------------------------------------------------------- UNNEST */

weir_rc weir__unnest(weir__query *q, const weir__rel *r)
{
    weir__binder *b = q->b;
    const weir_expr *x;
    weir__env env = {.b = b, .schema = q->at->schema, .no_aggregates = "UNNEST"};
    WEIR_TRY(weir__expr(&env, r->unnest, &x));
    WEIR_ASSERT(x->type->kind == WEIR_T_ARRAY);
    if (q->at->table) {
        return weir__fail(b, r->ast->span, "Table source is not supported with table functions");
    }
    const weir_schema *in = q->at->schema;
    weir_column *cols;
    weir_schema *s = weir__new_schema(q, in->n + 1u, &cols);
    memcpy(cols, in->cols, in->n * sizeof *cols);
    cols[in->n] = (weir_column){.name = r->alias, .type = x->type->item, .role = WEIR_COL_VALUE};
    *s = (weir_schema){.n = (uint16_t)(in->n + 1), .n_keys = in->n_keys, .cols = cols};
    weir_node *node = weir__node(q, WEIR_N_FLATMAP, s, q->at);
    const weir_expr **exprs = WEIR_NEW_N(b->a, const weir_expr *, 1);
    exprs[0] = x;
    node->flatmap.n = 1;
    node->flatmap.exprs = exprs;
    q->at = node;
    return WEIR_OK;
}
