/* Tables that are looked up elsewhere (an extension): CREATE TABLE … WITH (connector='redis', …). They have
 * no topic and are never read through. A stream can be joined with one where it is still as it was read, so
 * that it can wait there: behind the source only filters, projections and UNNEST.
 *
 *   REKEY ← LookupJoin(stream, table) [← LookupJoin …]
 *
 * Rows stay where they are until the last look-up; the key of the result is the join's, as in every join. */
#include "dsl/bind_join.h"

/* The kind of connector that a CREATE TABLE names, if tables are looked up in it. */
weir_sv weir__lookup_kind(const weir__binder *b, const weir_ast_props *props)
{
    const weir_ast_stmt *s = b->stmt;
    if (!b->props->looks_up || s->kind != WEIR_S_CREATE || !s->as.create.table) {
        return (weir_sv){0};
    }
    for (uint32_t i = 0; i < props->n; i++) {
        const weir_ast_prop *p = &props->items[i];
        if (weir_sv_ieq(p->name, WEIR_SV("connector")) && p->value->kind == WEIR_X_STRING &&
            b->props->looks_up(b->props->ctx, p->value->as.text)) {
            return weir_arena_sv(b->a, p->value->as.text);
        }
    }
    return (weir_sv){0};
}

weir_rc weir__lookup_fail(weir__binder *b, const weir_source *s, weir_span span, const char *why)
{
    weir__fail(b, span, "%s: the table " WEIR_SV_FMT " is looked up in " WEIR_SV_FMT ", by key.", why,
               WEIR_SV_ARG(s->name), WEIR_SV_ARG(s->lookup));
    return weir_hint(b->st, "join a stream with it: SELECT … FROM stream s LEFT JOIN " WEIR_SV_FMT
                            " t ON s.column = t." WEIR_SV_FMT " EMIT CHANGES",
                     WEIR_SV_ARG(s->name), WEIR_SV_ARG(s->schema->cols[0].name));
}

/* What is particular to its CREATE. */
weir_rc weir__lookup_table(weir__binder *b, const weir_ast_create *c, weir_source *s)
{
    uint32_t keys = 0;
    for (uint32_t i = 0; i < c->columns.n; i++) {
        const weir_ast_column *col = &c->columns.items[i];
        keys += col->role == WEIR_COLUMN_PRIMARY_KEY;
        if (keys > 1) {
            return weir__fail(b, col->span, "A table that is looked up has one PRIMARY KEY column.");
        }
    }
    const weir_source *old = weir_catalog_source(b->catalog, s->name);
    if (c->or_replace && old) {
        weir__fail(b, c->name.span, "A table that is looked up cannot replace another one.");
        return weir_hint(b->st, "DROP TABLE " WEIR_SV_FMT " first", WEIR_SV_ARG(s->name));
    }
    s->key_format = (weir_format_spec){.kind = WEIR_FMT_JSON, .delimiter = ','};
    s->value_format = s->key_format;
    return WEIR_OK;
}

/* ---------------------------------------------------------------- joins */

/* Some row below has been looked up. */
bool weir__has_lookup(const weir_node *n)
{
    if (weir_node_looks_up(n)) {
        return true;
    }
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        if (weir__has_lookup(n->in[i])) {
            return true;
        }
    }
    return false;
}

/* The rows of `n` are those of a source, in its order and its partitions. */
static bool as_read(const weir_node *n)
{
    while (n->kind == WEIR_N_FILTER || n->kind == WEIR_N_PROJECT || n->kind == WEIR_N_FLATMAP ||
           weir_node_looks_up(n)) {
        n = n->in[0];
    }
    return n->kind == WEIR_N_SOURCE && !n->table;
}

/* The key that the join before has given to its result waits until the last one. */
void weir__lookup_unkey(weir__query *q)
{
    const weir_node *at = q->at;
    if (at->kind == WEIR_N_REKEY && weir_node_looks_up(at->in[0]) && at->id + 1 == q->n_nodes) {
        q->at = q->nodes[at->in[0]->id];
        q->n_nodes--;
    }
}

static weir_rc check(weir__join *j, const weir_expr *key)
{
    weir__query *q = j->q;
    weir__binder *b = q->b;
    if (q->at->table) {
        return weir__lookup_fail(b, j->rel->source, j->rel->ast->span, "Only a stream can be joined with it");
    }
    if (!as_read(q->at)) {
        weir__fail(b, j->rel->ast->span,
                   "A join with a table that is looked up comes first, before other joins and GROUP BY.");
        return weir_hint(b->st, "make a stream of what is joined before: CREATE STREAM … AS SELECT …");
    }
    if (j->n_residual) {
        weir__fail(b, j->residual[0]->span,
                   "A join with a table that is looked up has one equality in ON, and nothing else.");
        return weir_hint(b->st, "put the condition into WHERE");
    }
    const weir_type *want = j->rel->source->schema->cols[0].type;
    if (!weir_type_eq(key->type, want)) {
        weir_sv l = weir__type_text(b, key->type);
        weir_sv r = weir__type_text(b, want);
        weir__fail(b, j->criteria[0].ast->span,
                   "Invalid join. Key types differ: " WEIR_SV_FMT " vs " WEIR_SV_FMT, WEIR_SV_ARG(l),
                   WEIR_SV_ARG(r));
        return weir_hint(b->st, "CAST the stream's side to " WEIR_SV_FMT, WEIR_SV_ARG(r));
    }
    return WEIR_OK;
}

/* [the stream's keys][stream][table] */
static const weir_schema *joined(weir__query *q, const weir_node *l, const weir_node *r)
{
    uint32_t n_keys = l->schema->n_keys;
    uint32_t all = n_keys + l->schema->n + r->schema->n;
    weir_column *cols;
    weir_schema *s = weir__new_schema(q, all, &cols);
    memcpy(cols, l->schema->cols, n_keys * sizeof *cols);
    memcpy(cols + n_keys, l->schema->cols, l->schema->n * sizeof *cols);
    memcpy(cols + n_keys + l->schema->n, r->schema->cols, r->schema->n * sizeof *cols);
    for (uint32_t i = n_keys; i < all; i++) {
        bool bound = cols[i].role == WEIR_COL_WINDOWSTART || cols[i].role == WEIR_COL_WINDOWEND;
        cols[i].role = bound && i < n_keys + l->schema->n ? cols[i].role : WEIR_COL_VALUE;
    }
    *s = (weir_schema){.n = (uint16_t)all, .n_keys = (uint16_t)n_keys, .cols = cols};
    return s;
}

weir_rc weir__lookup_join(weir__join *j, const weir_expr *key, weir_node **out)
{
    weir__query *q = j->q;
    const weir_node *left = q->at;
    WEIR_TRY(check(j, key));
    weir_node *n = weir__node(q, WEIR_N_JOIN_LOOKUP, joined(q, left, j->right), left);
    n->in[1] = j->right;
    n->n_inputs = 2;
    n->join.type = j->rel->ast->join == WEIR_AST_JOIN_LEFT ? WEIR_JOIN_LEFT : WEIR_JOIN_INNER;
    n->join.foreign = key;
    *out = n;
    return WEIR_OK;
}
