/* ON: the equalities that make the join, the conditions beside them, and which sources can be
 * joined that way. */
#include "dsl/bind_join.h"

/* ---------------------------------------------------------------- criteria */

typedef struct used {
    const weir__query *q;
    bool rels[WEIR__SOURCES_MAX];
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
static weir_rc equality(weir__join *j, const weir_ast_expr *e, weir__criterion *out)
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
    *out = (weir__criterion){.old = e->args[flipped ? 1 : 0],
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

static bool is_criterion(const weir__join *j, const weir_ast_expr *e)
{
    if (!is_equality(e)) {
        return false;
    }
    used l = rels_of(j->q, e->args[0]);
    used r = rels_of(j->q, e->args[1]);
    return l.n == 1 && r.n == 1 && l.one != r.one && (l.one == j->rel || r.one == j->rel);
}

static weir_rc add_conjunct(weir__join *j, const weir_ast_expr *e)
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
static weir_rc known_sources(weir__join *j, const weir_ast_expr *e)
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

weir_rc weir__criteria(weir__join *j)
{
    weir__query *q = j->q;
    const weir_ast_rel *r = j->rel->ast;
    weir__clause on;
    WEIR_TRY(weir__resolve(q, r->on, "JOIN ON", &on));
    WEIR_TRY(known_sources(j, on.qualified));
    uint32_t max = count_conjuncts(on.qualified);
    j->criteria = WEIR_NEW_N(q->b->a, weir__criterion, max);
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
static bool is_key(const weir_source *s, const weir__rel *rel, const weir__criterion *c, uint32_t n,
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
static weir_sv condition(weir__join *j)
{
    const weir__criterion *c = &j->criteria[0];
    weir_sv l = weir__text(j->q->b, c->flipped ? c->new : c->old);
    weir_sv r = weir__text(j->q->b, c->flipped ? c->old : c->new);
    return weir__str(j->q->b, WEIR_SV_FMT " = " WEIR_SV_FMT, WEIR_SV_ARG(l), WEIR_SV_ARG(r));
}

static weir_rc bad_condition(weir__join *j, const char *why)
{
    weir_sv got = condition(j);
    return weir__fail(j->q->b, j->criteria[0].ast->span,
                      "Invalid join condition: %s Got " WEIR_SV_FMT ".", why, WEIR_SV_ARG(got));
}

static weir_rc bad_types(weir__join *j, const weir_type *old, const weir_type *new)
{
    const weir__criterion *c = &j->criteria[0];
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

weir_rc weir__bad_pair(weir__join *j, const char *why)
{
    const weir_source *l = j->criteria[0].old_rel->source;
    const weir_source *r = j->rel->source;
    return weir__fail(j->q->b, j->rel->ast->span, "%s Got " WEIR_SV_FMT " %s " WEIR_SV_FMT ".", why,
                      WEIR_SV_ARG(l->name), join_words(j->rel->ast->join), WEIR_SV_ARG(r->name));
}

static weir_rc check_stream_table(weir__join *j)
{
    weir_ast_join_kind kind = j->rel->ast->join;
    if (kind == WEIR_AST_JOIN_FULL) {
        return weir__bad_pair(
            j, "Invalid join type: full-outer join not supported for stream-table join.");
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

static weir_rc check_foreign(weir__join *j, const weir_expr *const *keys)
{
    weir__query *q = j->q;
    weir_ast_join_kind kind = j->rel->ast->join;
    if (kind == WEIR_AST_JOIN_FULL) {
        return weir__bad_pair(j, "Invalid join type: full-outer join not supported for foreign-key "
                                 "table-table join.");
    }
    if (j->at > 1) {
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

static weir_rc check_table_table(weir__join *j, const weir_expr *const *old_keys)
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

static weir_rc check_stream_stream(weir__join *j)
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

weir_rc weir__check_kinds(weir__join *j, const weir_expr *const *old_keys)
{
    bool left_table = j->q->at->table;
    bool right_table = j->right->table;
    if (left_table && !right_table) {
        return weir__bad_pair(j, "Invalid join order: table-stream joins are not supported; only "
                                 "stream-table joins.");
    }
    return left_table    ? check_table_table(j, old_keys)
           : right_table ? check_stream_table(j)
                         : check_stream_stream(j);
}
