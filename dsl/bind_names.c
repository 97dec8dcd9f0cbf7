/* Names: which source a column belongs to, what a column is called inside the plan, and what an
 * unnamed select item is called outside of it.
 *
 * Resolving copies the tree twice: once with every column qualified (messages about joins print
 * that), once with internal names (everything is bound from that). Lambda parameters and the words
 * of units (DAYS) stay as they are. */
#include "dsl/binder.h"

#include "engine/base/limits.h"
#include "engine/data/number.h"

/* ---------------------------------------------------------------- system columns */

weir__pseudo weir__pseudo_of(weir_sv name)
{
    static const struct {
        weir_sv name;
        weir__pseudo pseudo;
    } all[] = {
        {{"ROWTIME", 7}, WEIR__ROWTIME},     {{"ROWPARTITION", 12}, WEIR__ROWPARTITION},
        {{"ROWOFFSET", 9}, WEIR__ROWOFFSET}, {{"WINDOWSTART", 11}, WEIR__WINDOWSTART},
        {{"WINDOWEND", 9}, WEIR__WINDOWEND},
    };
    for (size_t i = 0; i < WEIR_COUNT(all); i++) {
        if (weir_sv_eq(name, all[i].name)) {
            return all[i].pseudo;
        }
    }
    return WEIR__NOT_PSEUDO;
}

/* ---------------------------------------------------------------- sources */

const weir__rel *weir__find_rel(const weir__query *q, weir_sv alias)
{
    for (uint32_t i = 0; i < q->n_rels; i++) {
        if (weir_sv_eq(q->rels[i].alias, alias)) {
            return &q->rels[i];
        }
    }
    return NULL;
}

bool weir__rel_has(const weir__rel *r, weir_sv column)
{
    if (!r->source) {
        bool fields = r->item->kind == WEIR_T_STRUCT;
        return weir_sv_eq(r->alias, column) || (fields && weir_type_field(r->item, column) >= 0);
    }
    weir__pseudo p = weir__pseudo_of(column);
    if (p == WEIR__ROWTIME || p == WEIR__ROWPARTITION || p == WEIR__ROWOFFSET) {
        return !r->query;
    }
    if (p != WEIR__NOT_PSEUDO && r->source->window.kind != WEIR_WINDOW_NONE) {
        return true;
    }
    return weir_schema_find(r->source->schema, column) >= 0;
}

weir_sv weir__alternatives_of(weir__binder *b, weir_sv name, bool any, bool table)
{
    const weir_source *found[8];
    uint32_t n = 0;
    for (uint32_t i = 0; i < weir_catalog_sources(b->catalog) && n < WEIR_COUNT(found); i++) {
        const weir_source *s = weir_catalog_source_at(b->catalog, i);
        if (weir_sv_ieq(s->name, name) && (any || s->table == table)) {
            found[n++] = s;
        }
    }
    if (n == 0) {
        return (weir_sv){0};
    }
    if (n == 1) {
        bool lower = false;
        for (uint32_t i = 0; i < found[0]->name.n; i++) {
            lower = lower || (found[0]->name.p[i] >= 'a' && found[0]->name.p[i] <= 'z');
        }
        if (!lower) {
            return weir__str(b,
                             "\nDid you mean " WEIR_SV_FMT
                             "? Hint: try removing double quotes from the source name.",
                             WEIR_SV_ARG(found[0]->name));
        }
    }
    weir_sv words[WEIR_COUNT(found)];
    for (uint32_t i = 0; i < n; i++) {
        words[i] = n == 1 ? weir__str(b, "\"" WEIR_SV_FMT "\"", WEIR_SV_ARG(found[i]->name))
                          : weir__str(b, "\"" WEIR_SV_FMT "\" (%s)", WEIR_SV_ARG(found[i]->name),
                                      found[i]->table ? "TABLE" : "STREAM");
    }
    weir_sv list = weir__join_words(b, words, n, n == 2 ? " or " : ", or ");
    return weir__str(b,
                     "\nDid you mean " WEIR_SV_FMT
                     "? Hint: wrap the source name in double quotes to make it case-sensitive.",
                     WEIR_SV_ARG(list));
}

weir_sv weir__alternatives(weir__binder *b, weir_sv name)
{
    return weir__alternatives_of(b, name, true, false);
}

/* ---------------------------------------------------------------- copying with other columns */

typedef struct frame {
    const struct frame *outer;
    const weir_ast_idents *names;
    uint32_t depth;
} frame;

typedef struct walk {
    weir__query *q;
    const char *clause;
    bool qualify; /* else: to internal names */
} walk;

static bool is_parameter(const frame *f, const weir_ast_expr *e)
{
    if (weir_ast_has(&e->as.column.qualifier)) {
        return false;
    }
    for (; f; f = f->outer) {
        for (uint32_t i = 0; i < f->names->n; i++) {
            if (weir_sv_eq(f->names->items[i].name, e->as.column.name.name)) {
                return true;
            }
        }
    }
    return false;
}

static void note_unknown(walk *w, const weir_ast_expr *e)
{
    if (!w->q->unknown) {
        w->q->unknown = e;
        w->q->unknown_clause = weir_sv_cstr(w->clause);
    }
}

static weir_ast_expr *with_qualifier(walk *w, const weir_ast_expr *e, weir_sv qualifier)
{
    weir_ast_expr *c = WEIR_NEW(w->q->b->a, weir_ast_expr);
    *c = *e;
    c->as.column.qualifier.name = qualifier;
    return c;
}

static weir_rc ambiguous(walk *w, const weir_ast_expr *e)
{
    weir__binder *b = w->q->b;
    weir_sv *could = WEIR_NEW_N(b->a, weir_sv, w->q->n_rels);
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->q->n_rels; i++) {
        if (weir__rel_has(&w->q->rels[i], e->as.column.name.name)) {
            could[n] = weir__str(b, WEIR_SV_FMT "." WEIR_SV_FMT, WEIR_SV_ARG(w->q->rels[i].alias),
                                 WEIR_SV_ARG(e->as.column.name.name));
            for (uint32_t j = n; j > 0 && weir_sv_cmp(could[j], could[j - 1]) < 0; j--) {
                weir_sv t = could[j];
                could[j] = could[j - 1];
                could[j - 1] = t;
            }
            n++;
        }
    }
    weir_sv list = weir__join_words(b, could, n, " or ");
    weir_sv where = weir__where(b, e->at);
    b->prefix = WEIR__PREPARING;
    weir__fail(b, e->span,
               WEIR_SV_FMT "Column '" WEIR_SV_FMT "' is ambiguous. Could be " WEIR_SV_FMT ".",
               WEIR_SV_ARG(where), WEIR_SV_ARG(e->as.column.name.name), WEIR_SV_ARG(list));
    return weir_hint(b->st, "write " WEIR_SV_FMT, WEIR_SV_ARG(could[0]));
}

/* `item.field`, item being an element of UNNEST. */
static weir_ast_expr *field_of(walk *w, const weir_ast_expr *e)
{
    weir_ast_expr *base = WEIR_NEW(w->q->b->a, weir_ast_expr);
    *base = *e;
    base->as.column.name = e->as.column.qualifier;
    base->as.column.qualifier = (weir_ast_ident){0};
    weir_ast_expr *f = WEIR_NEW(w->q->b->a, weir_ast_expr);
    *f = (weir_ast_expr){.kind = WEIR_X_FIELD, .depth = 2, .span = e->span, .at = e->at, .n = 1};
    f->args = WEIR_NEW_N(w->q->b->a, weir_ast_expr *, 1);
    f->args[0] = base;
    f->as.name = e->as.column.name;
    return f;
}

static weir_rc qualify_column(walk *w, const weir_ast_expr *e, weir_ast_expr **out)
{
    weir__query *q = w->q;
    weir_sv name = e->as.column.name.name;
    if (weir_ast_has(&e->as.column.qualifier)) {
        weir_sv alias = e->as.column.qualifier.name;
        const weir__rel *r = weir__find_rel(q, alias);
        if (r && !r->source) {
            *out = field_of(w, e);
            return WEIR_OK;
        }
        if (!r) { /* the name of a source that has an alias: only the alias can be used */
            note_unknown(w, e);
            *out = with_qualifier(w, e, alias);
            return WEIR_OK;
        }
        bool bound = weir__is_window_bound(name) && q->windowed;
        if (!weir__rel_has(r, name) && !bound) {
            note_unknown(w, e);
        }
        *out = with_qualifier(w, e, alias);
        return WEIR_OK;
    }
    const weir__rel *found = NULL;
    for (uint32_t i = 0; i < q->n_rels; i++) {
        if (weir__rel_has(&q->rels[i], name)) {
            if (found) {
                return ambiguous(w, e);
            }
            found = &q->rels[i];
        }
    }
    bool synthetic = q->join && !q->pull && !q->grouped &&
                     weir_sv_starts(name, WEIR_SV("ROWKEY")) && strcmp(w->clause, "SELECT") == 0;
    bool bound = weir__is_window_bound(name) && q->windowed && !q->join;
    if (!found && !synthetic && !bound) {
        note_unknown(w, e);
    }
    if (found && !found->source && !weir_sv_eq(found->alias, name)) {
        *out = field_of(w, with_qualifier(w, e, found->alias));
        return WEIR_OK;
    }
    *out = with_qualifier(w, e, found && found->source ? found->alias : (weir_sv){0});
    return WEIR_OK;
}

static weir_rc map_column(walk *w, const weir_ast_expr *e, weir_ast_expr **out)
{
    if (w->qualify) {
        return qualify_column(w, e, out);
    }
    weir_ast_expr *c = with_qualifier(w, e, (weir_sv){0});
    if (weir_ast_has(&e->as.column.qualifier)) {
        c->as.column.name.name =
            weir__internal_name(w->q, e->as.column.qualifier.name, e->as.column.name.name);
    }
    *out = c;
    return WEIR_OK;
}

/* DAYS in TIMESTAMPADD(DAYS, 3, ts): a unit, unless some source has a column of that name. */
static bool is_unit(const walk *w, const weir_ast_expr *e)
{
    weir_unit unit;
    if (!weir_ast_expr_as_unit(e, &unit)) {
        return false;
    }
    for (uint32_t i = 0; i < w->q->n_rels; i++) {
        if (weir__rel_has(&w->q->rels[i], e->as.column.name.name)) {
            return false;
        }
    }
    return true;
}

static weir_rc check_lambda(walk *w, const frame *f, const weir_ast_expr *e)
{
    weir__binder *b = w->q->b;
    for (uint32_t i = 0; i < e->as.names.n; i++) {
        const weir_ast_ident *id = &e->as.names.items[i];
        for (uint32_t r = 0; r < w->q->n_sources; r++) {
            if (weir_schema_find(w->q->rels[r].source->schema, id->name) >= 0) {
                b->prefix = WEIR__PREPARING;
                return weir__fail(b, id->span,
                                  "Lambda function argument can't be a column name: " WEIR_SV_FMT,
                                  WEIR_SV_ARG(id->name));
            }
        }
        bool used = false;
        for (const frame *o = f; o; o = o->outer) {
            for (uint32_t k = 0; k < o->names->n; k++) {
                used = used || weir_sv_eq(o->names->items[k].name, id->name);
            }
        }
        for (uint32_t k = 0; k < i; k++) {
            used = used || weir_sv_eq(e->as.names.items[k].name, id->name);
        }
        if (used) {
            b->prefix = WEIR__PREPARING;
            return weir__fail(b, id->span,
                              "Reusing lambda arguments in nested lambda is not allowed");
        }
    }
    if (f && f->depth + 1 > WEIR_LAMBDA_DEPTH_MAX) {
        return weir_fail_at(b->st, WEIR_ELIMIT, e->span, "more than %d lambdas inside one another",
                            WEIR_LAMBDA_DEPTH_MAX);
    }
    return WEIR_OK;
}

static weir_rc copy(walk *w, const frame *f, const weir_ast_expr *e, weir_ast_expr **out)
{
    if (e->kind == WEIR_X_COLUMN) {
        if (is_parameter(f, e)) {
            *out = with_qualifier(w, e, (weir_sv){0});
            return WEIR_OK;
        }
        return map_column(w, e, out);
    }
    frame inner = {.outer = f, .names = &e->as.names, .depth = f ? f->depth + 1 : 1};
    const frame *below = f;
    if (e->kind == WEIR_X_LAMBDA) {
        WEIR_TRY(check_lambda(w, f, e));
        below = &inner;
    }
    weir_ast_expr *c = WEIR_NEW(w->q->b->a, weir_ast_expr);
    *c = *e;
    c->args = WEIR_NEW_N(w->q->b->a, weir_ast_expr *, e->n);
    c->cap = e->n;
    for (uint32_t i = 0; i < e->n; i++) {
        bool unit =
            e->kind == WEIR_X_CALL && !is_parameter(below, e->args[i]) && is_unit(w, e->args[i]);
        if (unit) {
            c->args[i] = e->args[i];
        } else {
            WEIR_TRY(copy(w, below, e->args[i], &c->args[i]));
        }
    }
    *out = c;
    return WEIR_OK;
}

/* ---------------------------------------------------------------- qualifiers */

typedef struct qualifiers {
    const weir__query *q;
    const weir_ast_expr *bad; /* the first column whose qualifier is nothing */
} qualifiers;

static bool check_qualifier(void *user, const weir_ast_expr *e)
{
    qualifiers *c = user;
    if (c->bad || e->kind != WEIR_X_COLUMN || !weir_ast_has(&e->as.column.qualifier)) {
        return !c->bad;
    }
    weir_sv alias = e->as.column.qualifier.name;
    bool known = weir__find_rel(c->q, alias) != NULL;
    for (uint32_t i = 0; i < c->q->n_sources; i++) {
        known = known || weir_sv_eq(c->q->rels[i].source->name, alias);
    }
    c->bad = known ? NULL : e;
    return known;
}

static void check_list(qualifiers *c, const weir_ast_exprs *list)
{
    for (uint32_t i = 0; i < list->n; i++) {
        weir_ast_walk(list->items[i], check_qualifier, c);
    }
}

weir_rc weir__check_qualifiers(weir__query *q)
{
    const weir_ast_query *a = q->ast;
    weir__binder *b = q->b;
    qualifiers c = {.q = q};
    for (uint32_t i = 0; i < a->select.n; i++) {
        if (a->select.items[i].expr) {
            weir_ast_walk(a->select.items[i].expr, check_qualifier, &c);
        }
    }
    const weir_ast_expr *single[] = {a->where, a->having};
    for (uint32_t i = 0; i < q->n_rels; i++) {
        if (q->rels[i].ast->on) {
            weir_ast_walk(q->rels[i].ast->on, check_qualifier, &c);
        }
    }
    for (size_t i = 0; i < WEIR_COUNT(single); i++) {
        if (single[i]) {
            weir_ast_walk(single[i], check_qualifier, &c);
        }
    }
    check_list(&c, &a->group_by);
    check_list(&c, &a->partition_by);
    if (!c.bad) {
        return WEIR_OK;
    }
    weir_sv alias = c.bad->as.column.qualifier.name;
    b->prefix = WEIR__PARSING;
    weir__fail(b, c.bad->as.column.qualifier.span,
               "'" WEIR_SV_FMT "' is not a valid stream/table name or alias.", WEIR_SV_ARG(alias));
    weir_sv *names = WEIR_NEW_N(b->a, weir_sv, q->n_rels);
    for (uint32_t i = 0; i < q->n_rels; i++) {
        names[i] = q->rels[i].alias;
        if (weir__rel_has(&q->rels[i], alias)) {
            return weir_hint(b->st, "fields of a STRUCT: " WEIR_SV_FMT "->" WEIR_SV_FMT,
                             WEIR_SV_ARG(alias), WEIR_SV_ARG(c.bad->as.column.name.name));
        }
    }
    weir__hint_nearest(b, alias, names, q->n_rels);
    return WEIR_ESQL;
}

weir_rc weir__resolve(weir__query *q, const weir_ast_expr *e, const char *clause, weir__clause *out)
{
    weir_ast_expr *qualified = NULL;
    weir_ast_expr *internal = NULL;
    walk w = {.q = q, .clause = clause, .qualify = true};
    WEIR_TRY(copy(&w, NULL, e, &qualified));
    w.qualify = false;
    WEIR_TRY(copy(&w, NULL, qualified, &internal));
    out->qualified = qualified;
    out->expr = internal;
    return WEIR_OK;
}

weir_rc weir__unknown_column(weir__query *q, weir_sv clause, const weir_ast_expr *column)
{
    weir__binder *b = q->b;
    weir_sv text = weir__text(b, column);
    weir_sv where = weir__where(b, column->at);
    const char *more = "";
    if (weir_sv_eq(clause, WEIR_SV("PARTITION BY"))) {
        more = " must be a column in the source schema since PARTITION BY is applied on the input.";
        weir__fail(b, column->span,
                   WEIR_SV_FMT WEIR_SV_FMT " column '" WEIR_SV_FMT
                                           "' cannot be resolved. '" WEIR_SV_FMT "'%s",
                   WEIR_SV_ARG(where), WEIR_SV_ARG(clause), WEIR_SV_ARG(text), WEIR_SV_ARG(text),
                   more);
    } else {
        weir__fail(b, column->span,
                   WEIR_SV_FMT WEIR_SV_FMT " column '" WEIR_SV_FMT "' cannot be resolved.",
                   WEIR_SV_ARG(where), WEIR_SV_ARG(clause), WEIR_SV_ARG(text));
    }
    uint32_t max = q->n_rels;
    for (uint32_t i = 0; i < q->n_sources; i++) {
        max += q->rels[i].source->schema->n;
    }
    weir_sv *names = WEIR_NEW_N(b->a, weir_sv, max);
    uint32_t n = 0;
    for (uint32_t i = 0; i < q->n_rels; i++) {
        const weir_source *s = q->rels[i].source;
        if (!s) {
            names[n++] = q->rels[i].alias;
        }
        for (uint32_t c = 0; s && c < s->schema->n; c++) {
            names[n++] = s->schema->cols[c].name;
        }
    }
    weir__hint_nearest(b, column->as.column.name.name, names, n);
    return WEIR_ESQL;
}

bool weir__same_column(const weir_ast_expr *a, weir_sv qualifier, weir_sv name)
{
    return a->kind == WEIR_X_COLUMN && weir_sv_eq(a->as.column.qualifier.name, qualifier) &&
           weir_sv_eq(a->as.column.name.name, name);
}

weir_sv weir__internal_name(weir__query *q, weir_sv alias, weir_sv column)
{
    if (!q->join) {
        return column;
    }
    return weir__str(q->b, WEIR_SV_FMT "_" WEIR_SV_FMT, WEIR_SV_ARG(alias), WEIR_SV_ARG(column));
}

/* ---------------------------------------------------------------- generated names */

struct weir__name_counter {
    weir_sv prefix;
    int32_t next;
};

/* "NAME_12" is NAME and 12, "NAME" is NAME and 0. */
static weir_sv split_number(weir_sv name, int32_t *number)
{
    uint32_t at = name.n;
    while (at > 0 && name.p[at - 1] >= '0' && name.p[at - 1] <= '9') {
        at--;
    }
    *number = 0;
    if (at == name.n || at == 0 || name.p[at - 1] != '_' || name.n - at > 9) {
        return name;
    }
    bool ok = weir_i32_parse(weir_sv_of(name.p + at, name.n - at), number);
    WEIR_ASSERT(ok);
    return weir_sv_of(name.p, at - 1);
}

static bool number_used(const weir__query *q, weir_sv prefix, int32_t number)
{
    for (uint32_t i = 0; i < q->n_sources; i++) {
        const weir_schema *s = q->rels[i].source->schema;
        for (uint32_t c = 0; c < s->n; c++) {
            int32_t used;
            weir_sv name = split_number(s->cols[c].name, &used);
            if (used == number && weir_sv_eq(name, prefix)) {
                return true;
            }
        }
    }
    return false;
}

static int32_t *counter(weir__query *q, weir_sv prefix)
{
    weir__names *names = &q->names;
    for (uint32_t i = 0; i < names->n; i++) {
        if (weir_sv_eq(names->counters[i].prefix, prefix)) {
            return &names->counters[i].next;
        }
    }
    struct weir__name_counter c = {.prefix = prefix};
    WEIR_PUSH(q->b->a, names->counters, names->n, names->cap, c);
    return &names->counters[names->n - 1].next;
}

weir_sv weir__next_name(weir__query *q, weir_sv prefix)
{
    int32_t *next = counter(q, prefix);
    while (number_used(q, prefix, *next)) {
        (*next)++;
    }
    int32_t number = (*next)++;
    if (number == 0 && !weir_sv_eq(prefix, WEIR_SV("KSQL_COL"))) {
        return prefix;
    }
    return weir__str(q->b, WEIR_SV_FMT "_%d", WEIR_SV_ARG(prefix), number);
}

weir_sv weir__name_for(weir__query *q, const weir_ast_expr *e)
{
    if (e->kind == WEIR_X_FIELD) {
        int32_t number;
        return weir__next_name(q, split_number(e->as.name.name, &number));
    }
    return weir__next_name(q, WEIR_SV("KSQL_COL"));
}

weir_sv weir__join_key_name(weir__query *q)
{
    for (int32_t n = 0;; n++) {
        if (!number_used(q, WEIR_SV("ROWKEY"), n)) {
            return n == 0 ? WEIR_SV("ROWKEY") : weir__str(q->b, "ROWKEY_%d", n);
        }
    }
}
