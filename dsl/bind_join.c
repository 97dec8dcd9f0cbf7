/* FROM: the sources, their nodes, and the joins between them.
 *
 * Joins are left-deep: the result so far on the left, the next source on the right. Each side is
 * re-keyed to its side of the criterion unless that is its key already; tables cannot be re-keyed.
 * What ksqlDB calls viable keys (columns that may stand for the key in the projection) and
 * equivalent expressions (those that equal the key, so that the next join needs no re-key) are
 * carried along from join to join. */
#include "dsl/binder.h"

#include "engine/base/limits.h"

#define SOURCES_MAX 64 /* of one query */

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

static weir_rc add_rel(weir__query *q, const weir_ast_rel *r)
{
    weir__binder *b = q->b;
    const weir_ast_ident *name = weir_ast_has(&r->alias) ? &r->alias : &r->name;
    weir__rel rel = {.alias = name->name, .span = name->span, .ast = r};
    if (r->kind == WEIR_REL_QUERY) {
        return weir__unsupported(b, r->span, "a query in FROM");
    }
    if (r->match) {
        return weir__unsupported(b, r->match->span, "MATCH_RECOGNIZE");
    }
    if (r->kind == WEIR_REL_UNNEST && !weir_ast_has(&r->alias)) {
        return weir__fail(b, r->span, "UNNEST needs an alias: JOIN UNNEST(…) AS item");
    }
    if (r->kind == WEIR_REL_SOURCE) {
        WEIR_TRY(source_of(q, r, &rel.source));
    }
    const weir__rel *same = weir__find_rel(q, rel.alias);
    if (same) {
        weir__fail(b, rel.span,
                   "Can not join '" WEIR_SV_FMT "' to '" WEIR_SV_FMT
                   "': self joins are not yet supported.",
                   WEIR_SV_ARG(rel.alias), WEIR_SV_ARG(rel.alias));
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
    /* Sources first, so that they are numbered 0 … n_sources-1. */
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < from->n; i++) {
            if ((from->items[i].kind == WEIR_REL_UNNEST) == (pass == 1)) {
                WEIR_TRY(add_rel(q, &from->items[i]));
            }
        }
        if (pass == 0) {
            q->n_sources = q->n_rels;
        }
    }
    if (q->n_sources == 0 || from->items[0].kind != WEIR_REL_SOURCE) {
        return weir__fail(q->b, from->items[0].span, "FROM needs a stream or a table first.");
    }
    q->join = q->n_sources > 1;
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

static weir_schema *new_schema(weir__query *q, uint32_t room, weir_column **cols)
{
    weir_schema *s = WEIR_NEW(q->b->a, weir_schema);
    *cols = WEIR_NEW_N(q->b->a, weir_column, room);
    s->cols = *cols;
    return s;
}

/* All columns of a source, then the pseudo columns; what is not read is dropped at the end. */
static weir_node *source_node(weir__query *q, const weir__rel *r)
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
    const weir_source *source = weir_source_copy(q->b->a, r->source);
    bool windowed = source->window.kind != WEIR_WINDOW_NONE;
    uint32_t n = source->schema->n;
    uint32_t all = n + (windowed ? 5 : 3);
    weir_column *cols;
    weir_schema *s = new_schema(q, all, &cols);
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

static weir_rc unnest(weir__query *q, const weir__rel *r)
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
    weir__env env = {.b = b, .schema = q->at->schema, .no_aggregates = "UNNEST"};
    WEIR_TRY(weir__expr(&env, c.expr, &x));
    if (x->type->kind != WEIR_T_ARRAY) {
        weir_sv type = weir__type_text(b, x->type);
        return weir__fail(b, r->ast->unnest->span,
                          "UNNEST needs an ARRAY, but got " WEIR_SV_FMT ".", WEIR_SV_ARG(type));
    }
    if (q->at->table) {
        return weir__fail(b, r->ast->span, "Table source is not supported with table functions");
    }
    const weir_schema *in = q->at->schema;
    weir_column *cols;
    weir_schema *s = new_schema(q, in->n + 1u, &cols);
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

/* ---------------------------------------------------------------- criteria */

/* One equality of ON: `old` belongs to what is joined already, `new` to the source being joined. */
typedef struct criterion {
    const weir_ast_expr *old, *new; /* qualified */
    const weir_ast_expr *ast;       /* the comparison, qualified */
    const weir__rel *old_rel;
    bool flipped; /* written new = old */
} criterion;

typedef struct join {
    weir__query *q;
    uint32_t at; /* index of the joined source */
    const weir__rel *rel;
    criterion *criteria;
    uint32_t n;
    const weir_ast_expr **residual; /* internal names */
    uint32_t n_residual;
    const weir_node *right; /* its source node */
    weir_sv type_text;
    bool foreign;
} join;

typedef struct used {
    const weir__query *q;
    bool rels[SOURCES_MAX];
    uint32_t n;
    const weir__rel *one;
} used;

static bool note_rel(void *user, const weir_ast_expr *e)
{
    used *u = user;
    if (e->kind == WEIR_X_COLUMN && weir_ast_has(&e->as.column.qualifier)) {
        const weir__rel *r = weir__find_rel(u->q, e->as.column.qualifier.name);
        if (r && !u->rels[r - u->q->rels]) {
            u->rels[r - u->q->rels] = true;
            u->one = r;
            u->n++;
        }
    }
    return true;
}

static used rels_of(const weir__query *q, const weir_ast_expr *e)
{
    used u = {.q = q};
    weir_ast_walk(e, note_rel, &u);
    return u;
}

static weir_rc only_one_source(weir__query *q, const weir_ast_expr *side, const weir_ast_expr *cmp)
{
    weir_sv s = weir__text(q->b, side);
    weir_sv c = weir__text(q->b, cmp);
    return weir__fail(q->b, side->span,
                      "Invalid comparison expression '" WEIR_SV_FMT "' in join '" WEIR_SV_FMT
                      "'. Each side of the join comparision must contain references "
                      "from exactly one source.",
                      WEIR_SV_ARG(s), WEIR_SV_ARG(c));
}

static weir_rc check_windows(weir__query *q, const weir__rel *l, const weir__rel *r, weir_span span)
{
    static const char *const kinds[] = {"not", "TUMBLING", "HOPPING", "SESSION"};
    weir_window_kind lk = l->source->window.kind;
    weir_window_kind rk = r->source->window.kind;
    if ((lk == WEIR_WINDOW_NONE) != (rk == WEIR_WINDOW_NONE)) {
        weir_sv ln = weir__quoted(q->b, l->alias);
        weir_sv rn = weir__quoted(q->b, r->alias);
        return weir__fail(q->b, span,
                          "Can not join windowed source to non-windowed source.\n" WEIR_SV_FMT
                          " is %s windowed\n" WEIR_SV_FMT " is %s windowed",
                          WEIR_SV_ARG(ln), kinds[lk], WEIR_SV_ARG(rn), kinds[rk]);
    }
    if ((lk == WEIR_WINDOW_SESSION) != (rk == WEIR_WINDOW_SESSION)) {
        return weir__fail(
            q->b, span,
            "Incompatible windowed sources.\nLeft source: %s\n"
            "Right source: %s\nSession windowed sources can only be joined to other "
            "session windowed sources, and may still not result in expected behaviour "
            "as session bounds must be an exact match for the join to work\nHopping "
            "and tumbling windowed sources can only be joined to other hopping and "
            "tumbling windowed sources",
            kinds[lk], kinds[rk]);
    }
    return WEIR_OK;
}

/* A comparison of ON as ksqlDB checks it. */
static weir_rc equality(join *j, const weir_ast_expr *e, criterion *out)
{
    weir__query *q = j->q;
    weir__binder *b = q->b;
    used l = rels_of(q, e->args[0]);
    used r = rels_of(q, e->args[1]);
    if (l.n != 1) {
        return only_one_source(q, e->args[0], e);
    }
    if (r.n != 1) {
        return only_one_source(q, e->args[1], e);
    }
    if (l.one == r.one) {
        weir_sv ln = weir__quoted(b, l.one->alias);
        weir_sv rn = weir__quoted(b, r.one->alias);
        return weir__fail(b, e->span,
                          "Each side of the join must reference exactly one source and "
                          "not the same source. Left side references " WEIR_SV_FMT " and right "
                          "references " WEIR_SV_FMT,
                          WEIR_SV_ARG(ln), WEIR_SV_ARG(rn));
    }
    WEIR_TRY(check_windows(q, l.one, r.one, e->span));
    if (l.one != j->rel && r.one != j->rel) {
        weir_sv mine = weir__quoted(b, j->rel->alias);
        weir_sv ln = weir__quoted(b, l.one->alias);
        weir_sv rn = weir__quoted(b, r.one->alias);
        return weir__fail(b, e->span,
                          "A join criteria is expected to reference the source (" WEIR_SV_FMT
                          ") in the FROM clause, instead the right source references " WEIR_SV_FMT
                          " and the left source references " WEIR_SV_FMT,
                          WEIR_SV_ARG(mine), WEIR_SV_ARG(rn), WEIR_SV_ARG(ln));
    }
    bool flipped = l.one == j->rel;
    *out = (criterion){.old = e->args[flipped ? 1 : 0],
                       .new = e->args[flipped ? 0 : 1],
                       .ast = e,
                       .old_rel = flipped ? r.one : l.one,
                       .flipped = flipped};
    return WEIR_OK;
}

static bool is_equality(const weir_ast_expr *e)
{
    return e->kind == WEIR_X_COMPARE && e->op == WEIR_OP_EQ;
}

static bool is_criterion(const join *j, const weir_ast_expr *e)
{
    if (!is_equality(e)) {
        return false;
    }
    used l = rels_of(j->q, e->args[0]);
    used r = rels_of(j->q, e->args[1]);
    return l.n == 1 && r.n == 1 && l.one != r.one && (l.one == j->rel || r.one == j->rel);
}

static weir_rc add_conjunct(join *j, const weir_ast_expr *e)
{
    weir__query *q = j->q;
    if (e->kind == WEIR_X_LOGIC && e->op == WEIR_OP_AND) {
        for (uint32_t i = 0; i < e->n; i++) {
            WEIR_TRY(add_conjunct(j, e->args[i]));
        }
        return WEIR_OK;
    }
    if (!is_criterion(j, e)) {
        j->residual[j->n_residual++] = e;
        return WEIR_OK;
    }
    WEIR_TRY(equality(j, e, &j->criteria[j->n]));
    for (uint32_t i = 0; i < j->n; i++) {
        if (weir_ast_expr_eq(j->criteria[i].old, j->criteria[j->n].old) &&
            weir_ast_expr_eq(j->criteria[i].new, j->criteria[j->n].new)) {
            weir__clause on;
            WEIR_TRY(weir__resolve(q, j->rel->ast->on, "JOIN ON", &on));
            weir_sv text = weir__text(q->b, on.qualified);
            weir__fail(q->b, e->span,
                       "Invalid join condition: joins on multiple conditions are not "
                       "yet supported. Got " WEIR_SV_FMT ".",
                       WEIR_SV_ARG(text));
            return weir_hint(q->b->st, "the same condition is there twice");
        }
    }
    j->n++;
    return WEIR_OK;
}

static uint32_t count_conjuncts(const weir_ast_expr *e)
{
    if (e->kind != WEIR_X_LOGIC || e->op != WEIR_OP_AND) {
        return 1;
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        n += count_conjuncts(e->args[i]);
    }
    return n;
}

/* A column of a source that is not joined yet. */
static weir_rc known_sources(join *j, const weir_ast_expr *e)
{
    if (e->kind == WEIR_X_COLUMN && weir_ast_has(&e->as.column.qualifier)) {
        const weir__rel *r = weir__find_rel(j->q, e->as.column.qualifier.name);
        if (r && (uint32_t)(r - j->q->rels) > j->at) {
            return weir__unknown_column(j->q, WEIR_SV("JOIN ON"), e);
        }
    }
    for (uint32_t i = 0; i < e->n; i++) {
        WEIR_TRY(known_sources(j, e->args[i]));
    }
    return WEIR_OK;
}

/* Names in all ON clauses, before anything else is looked at. */
weir_rc weir__resolve_on(weir__query *q)
{
    for (uint32_t i = 1; i < q->n_sources; i++) {
        const weir_ast_rel *r = q->rels[i].ast;
        weir__clause on;
        if (!r->on) {
            q->b->prefix = WEIR__PARSING;
            return weir__fail(
                q->b, r->span,
                "Invalid join criteria specified. KSQL only supports joining on column "
                "values. For example `... left JOIN right on left.col = right.col ...`."
                " Tables can only be joined on the Table's key column. KSQL will "
                "repartition streams if the column in the join criteria is not the key "
                "column.");
        }
        WEIR_TRY(weir__resolve(q, r->on, "JOIN ON", &on));
        if (q->unknown) {
            return weir__unknown_column(q, q->unknown_clause, q->unknown);
        }
    }
    return WEIR_OK;
}

static weir_rc criteria(join *j)
{
    weir__query *q = j->q;
    const weir_ast_rel *r = j->rel->ast;
    weir__clause on;
    WEIR_TRY(weir__resolve(q, r->on, "JOIN ON", &on));
    WEIR_TRY(known_sources(j, on.qualified));
    uint32_t max = count_conjuncts(on.qualified);
    j->criteria = WEIR_NEW_N(q->b->a, criterion, max);
    j->residual = WEIR_NEW_N(q->b->a, const weir_ast_expr *, max);
    if (max > 1) {
        WEIR_TRY(add_conjunct(j, on.qualified));
        if (j->n == 0) {
            return weir__fail(q->b, r->on->span, "Only equality join criteria is supported.");
        }
        return WEIR_OK;
    }
    if (on.qualified->kind != WEIR_X_COMPARE) {
        weir_sv text = weir__text(q->b, on.qualified);
        return weir__fail(q->b, r->on->span, "Unsupported join expression: " WEIR_SV_FMT,
                          WEIR_SV_ARG(text));
    }
    if (!is_equality(on.qualified)) {
        weir__fail(q->b, r->on->span, "Only equality join criteria is supported.");
        return weir_hint(q->b->st, "one equality is needed, more conditions may follow with AND");
    }
    j->n = 1;
    return equality(j, on.qualified, &j->criteria[0]);
}

/* ---------------------------------------------------------------- what can be joined with what */

static const char *join_words(weir_ast_join_kind k)
{
    switch (k) {
    case WEIR_AST_JOIN_LEFT:
        return "LEFT [OUTER] JOIN";
    case WEIR_AST_JOIN_RIGHT:
        return "RIGHT [OUTER] JOIN";
    case WEIR_AST_JOIN_FULL:
        return "[FULL] OUTER JOIN";
    case WEIR_AST_JOIN_INNER:
    case WEIR_AST_JOIN_NONE:
        return "[INNER] JOIN";
    }
    WEIR_UNREACHABLE();
}

/* Whether the new side of every criterion is exactly the key of its source. */
static bool is_key(const weir_source *s, const weir__rel *rel, const criterion *c, uint32_t n,
                   bool old)
{
    if (s->schema->n_keys != n) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        const weir_ast_expr *e = old ? c[i].old : c[i].new;
        if (!weir__same_column(e, rel->alias, s->schema->cols[i].name)) {
            return false;
        }
    }
    return true;
}

/* "Got a = b", the way it was written. */
static weir_sv condition(join *j)
{
    const criterion *c = &j->criteria[0];
    weir_sv l = weir__text(j->q->b, c->flipped ? c->new : c->old);
    weir_sv r = weir__text(j->q->b, c->flipped ? c->old : c->new);
    return weir__str(j->q->b, WEIR_SV_FMT " = " WEIR_SV_FMT, WEIR_SV_ARG(l), WEIR_SV_ARG(r));
}

static weir_rc bad_condition(join *j, const char *why)
{
    weir_sv got = condition(j);
    return weir__fail(j->q->b, j->criteria[0].ast->span,
                      "Invalid join condition: %s Got " WEIR_SV_FMT ".", why, WEIR_SV_ARG(got));
}

static weir_rc bad_types(join *j, const weir_type *old, const weir_type *new)
{
    const criterion *c = &j->criteria[0];
    weir__binder *b = j->q->b;
    weir_sv l = weir__text(b, c->flipped ? c->new : c->old);
    weir_sv r = weir__text(b, c->flipped ? c->old : c->new);
    weir_sv lt = weir__type_text(b, c->flipped ? new : old);
    weir_sv rt = weir__type_text(b, c->flipped ? old : new);
    return weir__fail(b, c->ast->span,
                      "Invalid join condition: types don't match. Got " WEIR_SV_FMT "{" WEIR_SV_FMT
                      "} = " WEIR_SV_FMT "{" WEIR_SV_FMT "}.",
                      WEIR_SV_ARG(l), WEIR_SV_ARG(lt), WEIR_SV_ARG(r), WEIR_SV_ARG(rt));
}

static weir_rc bad_pair(join *j, const char *why)
{
    const weir_source *l = j->criteria[0].old_rel->source;
    const weir_source *r = j->rel->source;
    return weir__fail(j->q->b, j->rel->ast->span, "%s Got " WEIR_SV_FMT " %s " WEIR_SV_FMT ".", why,
                      WEIR_SV_ARG(l->name), join_words(j->rel->ast->join), WEIR_SV_ARG(r->name));
}

static weir_rc check_stream_table(join *j)
{
    weir_ast_join_kind kind = j->rel->ast->join;
    if (kind == WEIR_AST_JOIN_FULL) {
        return bad_pair(j,
                        "Invalid join type: full-outer join not supported for stream-table join.");
    }
    if (!is_key(j->rel->source, j->rel, j->criteria, j->n, false)) {
        return bad_condition(j, "stream-table joins require to join on the table's primary key.");
    }
    if (j->rel->ast->within) {
        return weir__fail(
            j->q->b, j->rel->ast->within->span,
            "A window definition was provided for a Stream-Table join. These joins are "
            "not windowed. Please drop the window definition (ie. the WITHIN clause) "
            "and try to execute your join again.");
    }
    if (kind == WEIR_AST_JOIN_RIGHT) {
        return weir__fail(j->q->b, j->rel->ast->span, "Invalid join type encountered: %s",
                          join_words(kind));
    }
    return WEIR_OK;
}

static weir_rc check_foreign(join *j, const weir_expr *const *keys)
{
    weir__query *q = j->q;
    weir_ast_join_kind kind = j->rel->ast->join;
    if (kind == WEIR_AST_JOIN_FULL) {
        return bad_pair(j, "Invalid join type: full-outer join not supported for foreign-key "
                           "table-table join.");
    }
    if (q->at->kind != WEIR_N_SOURCE) {
        return bad_condition(j, "foreign-key table-table joins are not supported as part of n-way "
                                "joins.");
    }
    if (j->n > 1) {
        return weir__unsupported(q->b, j->rel->ast->span, "a foreign-key join on several columns");
    }
    const weir_type *key = j->rel->source->schema->cols[0].type;
    if (!weir_type_eq(keys[0]->type, key)) {
        return bad_types(j, keys[0]->type, key);
    }
    if (j->rel->source->window.kind != WEIR_WINDOW_NONE) {
        return weir__fail(q->b, j->rel->ast->span,
                          "Foreign-key table-table joins are not supported on windowed tables.");
    }
    if (kind == WEIR_AST_JOIN_RIGHT) {
        return weir__fail(q->b, j->rel->ast->span,
                          "RIGHT OUTER JOIN on a foreign key is not supported");
    }
    j->foreign = true;
    return WEIR_OK;
}

static weir_rc check_table_table(join *j, const weir_expr *const *old_keys)
{
    weir__query *q = j->q;
    if (!is_key(j->rel->source, j->rel, j->criteria, j->n, false)) {
        return bad_condition(j, "table-table joins require to join on the primary key of the right "
                                "input table.");
    }
    if (j->rel->ast->within) {
        return weir__fail(
            q->b, j->rel->ast->within->span,
            "A window definition was provided for a Table-Table join. These joins are "
            "not windowed. Please drop the window definition (i.e. the WITHIN clause) "
            "and try to execute your Table-Table join again.");
    }
    const weir__rel *old = j->criteria[0].old_rel;
    if (!is_key(old->source, old, j->criteria, j->n, true)) {
        return check_foreign(j, old_keys);
    }
    for (uint32_t i = 0; i < j->n; i++) {
        if (!weir_type_eq(old->source->schema->cols[i].type,
                          j->rel->source->schema->cols[i].type)) {
            return bad_types(j, old->source->schema->cols[i].type,
                             j->rel->source->schema->cols[i].type);
        }
    }
    return WEIR_OK;
}

static weir_rc check_stream_stream(join *j)
{
    if (j->rel->ast->within) {
        return WEIR_OK;
    }
    weir__fail(
        j->q->b, j->rel->ast->span,
        "Stream-Stream joins must have a WITHIN clause specified. None was provided. To learn "
        "about how to specify a WITHIN clause with a stream-stream join, please visit: "
        "https://docs.confluent.io/current/ksql/docs/syntax-reference.html"
        "#create-stream-as-select");
    return weir_hint(j->q->b->st, "JOIN … WITHIN 1 HOUR GRACE PERIOD 10 MINUTES ON …");
}

/* ---------------------------------------------------------------- keys of the two sides */

/* ASTs of one side → expressions over a node. */
static weir_rc bind_keys(join *j, const weir_node *node, bool old, const weir_expr ***out)
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
    weir_schema *s = new_schema(q, all, &cols);
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
static bool keeps_rows(const join *j, bool old)
{
    weir_ast_join_kind k = j->rel->ast->join;
    return k == WEIR_AST_JOIN_FULL || k == (old ? WEIR_AST_JOIN_LEFT : WEIR_AST_JOIN_RIGHT);
}

#define NO_WINDOWED_REKEY                                                                          \
    "Implicit repartitioning of windowed sources is not supported. "                               \
    "See https://github.com/confluentinc/ksql/issues/4385."

static weir_rc side(join *j, bool old, const weir_node *node, const weir_expr *const *keys,
                    bool keyed, weir_format_spec have, weir_format_spec want, bool same_window,
                    const weir_node **out)
{
    weir__query *q = j->q;
    const criterion *c = &j->criteria[0];
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

static weir_rc check_partitions(join *j, const weir_node *left, int32_t *left_partitions)
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
static void update_keys(join *j)
{
    weir__query *q = j->q;
    const criterion *c = &j->criteria[0];
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
static const weir_schema *joined_schema(join *j, const weir_node *l, const weir_node *r, bool last)
{
    weir__query *q = j->q;
    uint32_t n_keys = j->foreign ? l->schema->n_keys : j->n;
    uint32_t all = n_keys + l->schema->n + r->schema->n;
    weir_column *cols;
    weir_schema *s = new_schema(q, all, &cols);
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

static weir_rc within(join *j, weir_node *node)
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
static weir_rc residual(join *j, weir_node *node, const weir_node *l, const weir_node *r)
{
    weir__query *q = j->q;
    if (j->n_residual == 0) {
        return WEIR_OK;
    }
    weir_column *cols;
    weir_schema *s = new_schema(q, (uint32_t)l->schema->n + r->schema->n, &cols);
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

static weir_join plan_join(weir_ast_join_kind k)
{
    return k == WEIR_AST_JOIN_LEFT    ? WEIR_JOIN_LEFT
           : k == WEIR_AST_JOIN_RIGHT ? WEIR_JOIN_RIGHT
           : k == WEIR_AST_JOIN_FULL  ? WEIR_JOIN_FULL
                                      : WEIR_JOIN_INNER;
}

/* How the key is written between the two: the left side's format, unless only the right side
 * already has the key it needs. */
static weir_format_spec common_format(join *j, bool left_keyed, bool right_keyed,
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

static weir_rc key_types(join *j, const weir_expr *const *old, const weir_expr *const *new)
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

static weir_rc make_join(join *j, const weir_expr *const *old_keys, bool last,
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
    return WEIR_OK;
}

static weir_rc join_source(weir__query *q, uint32_t at, int32_t *left_partitions)
{
    join j = {.q = q, .at = at, .rel = &q->rels[at]};
    const weir_expr **old_keys;
    WEIR_TRY(criteria(&j));
    WEIR_TRY(bind_keys(&j, q->at, true, &old_keys));
    j.right = source_node(q, j.rel);
    bool left_table = q->at->table;
    bool right_table = j.right->table;
    if (left_table && !right_table) {
        return bad_pair(&j, "Invalid join order: table-stream joins are not supported; only "
                            "stream-table joins.");
    }
    WEIR_TRY(left_table    ? check_table_table(&j, old_keys)
             : right_table ? check_stream_table(&j)
                           : check_stream_stream(&j));
    return make_join(&j, old_keys, at + 1 == q->n_sources, left_partitions);
}

/* Column numbers are 16 bits, and every join and re-key repeats its columns. */
static weir_rc check_size(weir__query *q)
{
    uint32_t columns = 0;
    for (uint32_t i = 0; i < q->n_sources; i++) {
        columns += q->rels[i].source->schema->n + 8u;
    }
    if (q->n_sources > SOURCES_MAX || columns > 4 * WEIR_COLUMNS_MAX) {
        return weir_fail_at(q->b->st, WEIR_ELIMIT, q->rels[0].span,
                            "FROM has more than %d sources or %d columns", SOURCES_MAX,
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
    q->at = source_node(q, &q->rels[0]);
    q->key_format = first->key_format;
    for (uint32_t i = 1; i < q->n_sources; i++) {
        WEIR_TRY(join_source(q, i, &partitions));
    }
    for (uint32_t i = q->n_sources; i < q->n_rels; i++) {
        WEIR_TRY(unnest(q, &q->rels[i]));
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
