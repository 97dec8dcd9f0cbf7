/* The projection: stars expanded, columns typed, and the rules about the key, which every
 * persistent query has to select exactly once. */
#include "dsl/binder.h"

#include "engine/base/limits.h"

/* ---------------------------------------------------------------- what the select list contains */

/* `column` is selected: by name, by `*`, or (qualified) by its source's star. */
bool weir__projection_has(const weir__query *q, const weir_ast_expr *column, bool qualified)
{
    for (uint32_t i = 0; i < q->n_items; i++) {
        const weir__item *item = &q->items[i];
        if (item->kind == WEIR_ITEM_ALL) {
            return true;
        }
        if (item->kind == WEIR_ITEM_SOURCE_ALL) {
            if (qualified && column->kind == WEIR_X_COLUMN &&
                weir_sv_eq(item->source, column->as.column.qualifier.name)) {
                return true;
            }
            continue;
        }
        if (weir_ast_expr_eq(qualified ? item->qualified : item->expr, column)) {
            return true;
        }
    }
    return false;
}

weir_rc weir__keys_missing(weir__query *q, const char *what, const weir_sv *keys, uint32_t n,
                           bool all, bool synthetic)
{
    weir__binder *b = q->b;
    weir_sv sink = weir__quoted(b, q->sink_name);
    weir_sv list = weir__join_words(b, keys, n, all ? " and " : " or ");
    weir_sv example = all ? weir__join_words(b, keys, n, ", ") : keys[0];
    weir_sv more = {0};
    if (synthetic) {
        more =
            weir__str(b,
                      "\n" WEIR_SV_FMT " was added as a synthetic key column because the join "
                      "criteria did not match any source column. This expression must be included "
                      "in the projection and may be aliased. ",
                      WEIR_SV_ARG(keys[0]));
    }
    weir__fail(
        b, q->ast->select.items[0].span,
        "Key%s missing from projection (ie, SELECT). %s\nThe query used to build " WEIR_SV_FMT
        " must include the %s%s " WEIR_SV_FMT " in its projection (eg, SELECT " WEIR_SV_FMT
        "...)." WEIR_SV_FMT,
        all && n > 1 ? "s" : "", synthetic ? "See https://cnfl.io/2LV7ouS." : "", WEIR_SV_ARG(sink),
        what, n == 1 ? "" : "s", WEIR_SV_ARG(list), WEIR_SV_ARG(example), WEIR_SV_ARG(more));
    return weir_hint(b->st, "add " WEIR_SV_FMT " to the SELECT list", WEIR_SV_ARG(example));
}

/* ---------------------------------------------------------------- stars */

typedef struct outputs {
    weir__output *items;
    uint32_t n, cap;
} outputs;

static void push_column(weir__query *q, outputs *out, weir_span span, weir_sv name)
{
    weir_ast_expr *e = WEIR_NEW(q->b->a, weir_ast_expr);
    *e = (weir_ast_expr){.kind = WEIR_X_COLUMN, .depth = 1, .span = span, .at = span};
    e->as.column.name.name = name;
    weir__output o = {.name = name, .span = span, .expr = e};
    WEIR_PUSH(q->b->a, out->items, out->n, out->cap, o);
}

/* Keys, window bounds, values and headers of one source, under internal names. */
static void push_source(weir__query *q, outputs *out, weir_span span, const weir__rel *r)
{
    const weir_schema *s = r->source->schema;
    for (uint32_t i = 0; i < s->n; i++) {
        if (i == s->n_keys && r->source->window.kind != WEIR_WINDOW_NONE) {
            push_column(q, out, span, weir__internal_name(q, r->alias, WEIR_SV("WINDOWSTART")));
            push_column(q, out, span, weir__internal_name(q, r->alias, WEIR_SV("WINDOWEND")));
        }
        push_column(q, out, span, weir__internal_name(q, r->alias, s->cols[i].name));
    }
}

static void push_once(weir__query *q, outputs *out, weir_span span, weir_sv name)
{
    for (uint32_t i = 0; i < out->n; i++) {
        if (weir_sv_eq(out->items[i].name, name)) {
            return;
        }
    }
    push_column(q, out, span, name);
}

/* PARTITION BY: the new key, then per source its values and, last, what had been its key. */
static void push_partitioned(weir__query *q, outputs *out, weir_span span)
{
    const weir_schema *s = q->at->schema;
    outputs mine = {0};
    for (uint32_t k = 0; k < s->n_keys; k++) {
        push_once(q, &mine, span, s->cols[k].name);
    }
    for (uint32_t r = 0; r < q->n_rels; r++) {
        const weir__rel *rel = &q->rels[r];
        const weir_schema *from = rel->source ? rel->source->schema : NULL;
        if (!from) {
            push_once(q, &mine, span, rel->alias);
            continue;
        }
        for (uint32_t i = from->n_keys; i < from->n; i++) {
            push_once(q, &mine, span, weir__internal_name(q, rel->alias, from->cols[i].name));
        }
        /* With a prefix they no longer look like pseudo columns to ksqlDB: it selects them. */
        static const char *const pseudo[] = {"ROWTIME", "ROWPARTITION", "ROWOFFSET"};
        for (size_t i = 0; q->join && !rel->query && i < WEIR_COUNT(pseudo); i++) {
            push_once(q, &mine, span, weir__internal_name(q, rel->alias, weir_sv_cstr(pseudo[i])));
        }
        for (uint32_t i = 0; i < from->n_keys; i++) {
            push_once(q, &mine, span, weir__internal_name(q, rel->alias, from->cols[i].name));
        }
    }
    for (uint32_t i = 0; i < mine.n; i++) {
        WEIR_PUSH(q->b->a, out->items, out->n, out->cap, mine.items[i]);
    }
}

static void push_all(weir__query *q, outputs *out, weir_span span)
{
    if (q->n_partition_by && !q->partition_null && q->at->kind == WEIR_N_REKEY) {
        push_partitioned(q, out, span);
        return;
    }
    if (q->join && q->join_synthetic) {
        push_column(q, out, span, q->join_key);
    }
    for (uint32_t i = 0; i < q->n_rels; i++) {
        if (q->rels[i].source) {
            push_source(q, out, span, &q->rels[i]);
        } else {
            push_column(q, out, span, q->rels[i].alias);
        }
    }
}

static weir_rc push_struct(weir__query *q, outputs *out, const weir__item *item)
{
    weir__env env = {
        .b = q->b, .schema = q->at->schema, .matches = &q->matches, .no_aggregates = "->*"};
    const weir_expr *x;
    WEIR_TRY(weir__expr(&env, item->expr, &x));
    if (x->type->kind != WEIR_T_STRUCT) {
        weir_sv text = weir__text(q->b, item->qualified);
        return weir__fail(q->b, item->span, "Column " WEIR_SV_FMT " is not a STRUCT type.",
                          WEIR_SV_ARG(text));
    }
    for (uint32_t i = 0; i < x->type->n_fields; i++) {
        weir_ast_expr *e = WEIR_NEW(q->b->a, weir_ast_expr);
        *e = (weir_ast_expr){.kind = WEIR_X_FIELD, .span = item->span, .at = item->span, .n = 1};
        e->depth = (uint16_t)(item->expr->depth + 1);
        e->args = WEIR_NEW_N(q->b->a, weir_ast_expr *, 1);
        memcpy(e->args, &item->expr, sizeof item->expr);
        e->as.name.name = x->type->fields[i].name;
        weir__output o = {.name = x->type->fields[i].name, .span = item->span, .expr = e};
        WEIR_PUSH(q->b->a, out->items, out->n, out->cap, o);
    }
    return WEIR_OK;
}

weir_rc weir__outputs(weir__query *q, weir__output **items, uint32_t *n)
{
    outputs out = {0};
    for (uint32_t i = 0; i < q->n_items; i++) {
        const weir__item *item = &q->items[i];
        if (item->kind == WEIR_ITEM_ALL) {
            push_all(q, &out, item->span);
        } else if (item->kind == WEIR_ITEM_SOURCE_ALL) {
            const weir__rel *r = weir__find_rel(q, item->source);
            WEIR_ASSERT(r);
            if (!r->source) {
                push_column(q, &out, item->span, r->alias);
            } else if (!q->join) {
                push_all(q, &out, item->span);
            } else {
                push_source(q, &out, item->span, r);
            }
        } else if (item->kind == WEIR_ITEM_STRUCT_ALL) {
            WEIR_TRY(push_struct(q, &out, item));
        } else {
            weir__output o = {.name = item->alias, .span = item->span, .expr = item->expr};
            WEIR_PUSH(q->b->a, out.items, out.n, out.cap, o);
        }
        if (out.n > WEIR_COLUMNS_MAX) {
            return weir_fail_at(q->b->st, WEIR_ELIMIT, item->span, "more than %d columns",
                                WEIR_COLUMNS_MAX);
        }
    }
    *items = out.items;
    *n = out.n;
    return WEIR_OK;
}

/* ---------------------------------------------------------------- the PROJECT node */

weir_rc weir__no_duplicates(weir__query *q, const weir_column *cols, uint32_t n, uint32_t n_keys)
{
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (!weir_sv_eq(cols[i].name, cols[j].name)) {
                continue;
            }
            bool both_keys = i < n_keys && j < n_keys;
            bool both_values = i >= n_keys && j >= n_keys;
            weir_span span = q->ast->select.items[0].span;
            if (both_keys || both_values) {
                weir_column c = cols[i];
                c.role = both_keys ? WEIR_COL_KEY : WEIR_COL_VALUE;
                weir_sv text = weir__column_text(q->b, &c);
                return weir__fail(q->b, span, "Duplicate %s columns found in schema: " WEIR_SV_FMT,
                                  both_keys ? "key" : "value", WEIR_SV_ARG(text));
            }
            if (q->persistent) {
                weir_sv name = weir__quoted(q->b, cols[i].name);
                return weir__fail(q->b, span, "Value columns clash with key columns: " WEIR_SV_FMT,
                                  WEIR_SV_ARG(name));
            }
        }
    }
    return WEIR_OK;
}

weir_rc weir__check_result_timestamp(weir__query *q, const weir_column *cols, uint32_t n)
{
    weir_schema s = {.n = (uint16_t)n, .cols = cols};
    return q->with ? weir__check_timestamp(q->b, &s, q->with->timestamp, q->with->timestamp_format,
                                           q->with->timestamp_span)
                   : WEIR_OK;
}

weir_rc weir__make_project(weir__query *q, const weir_column *cols, const weir_expr *const *exprs,
                           uint32_t n, uint32_t n_keys)
{
    const weir_schema *in = q->at->schema;
    weir_column *all = WEIR_NEW_N(q->b->a, weir_column, n + 2);
    const weir_expr **x = WEIR_NEW_N(q->b->a, const weir_expr *, n + 2);
    for (uint32_t i = 0; i < n; i++) {
        all[i] = cols[i];
        all[i].role = i < n_keys ? WEIR_COL_KEY : WEIR_COL_VALUE;
        x[i] = exprs[i];
    }
    /* The bounds belong to the key: they go along even if nobody selects them. */
    for (uint32_t i = 0; q->at->window.kind != WEIR_WINDOW_NONE && i < in->n; i++) {
        if (in->cols[i].role == WEIR_COL_WINDOWSTART || in->cols[i].role == WEIR_COL_WINDOWEND) {
            all[n] = in->cols[i];
            x[n++] = weir_expr_column(q->b->a, in, i);
        }
    }
    weir_schema *s = WEIR_NEW(q->b->a, weir_schema);
    *s = (weir_schema){.n = (uint16_t)n, .n_keys = (uint16_t)n_keys, .cols = all};
    weir_node *node = weir__node(q, WEIR_N_PROJECT, s, q->at);
    node->project.exprs = x;
    q->at = node;
    return WEIR_OK;
}

/* ---------------------------------------------------------------- without aggregates */

typedef struct select {
    weir__query *q;
    weir__output *out;
    uint32_t n;
    const weir_expr **exprs; /* per output; key columns: references to the key */
    int32_t *key;            /* per output: number of the key column it is, or -1 */
} select;

/* A plain column that is (by name) a key of the input is the key, not a copy of it. */
static int32_t key_of(const weir__query *q, const weir_ast_expr *e)
{
    const weir_schema *s = q->at->schema;
    for (uint32_t i = 0; i < q->matches.n; i++) { /* PARTITION BY f(x): f(x) is the key */
        const weir_expr *x = q->matches.items[i].expr;
        if (x->ex == WEIR_EX_COLUMN && x->column < s->n_keys &&
            weir_ast_expr_eq(q->matches.items[i].ast, e)) {
            return (int32_t)x->column;
        }
    }
    if (e->kind != WEIR_X_COLUMN || weir_ast_has(&e->as.column.qualifier)) {
        return -1;
    }
    for (uint32_t k = 0; k < s->n_keys; k++) {
        if (weir_sv_eq(s->cols[k].name, e->as.column.name.name)) {
            return (int32_t)k;
        }
    }
    return -1;
}

/* DECIMAL literals take the type of the column they are inserted into. */
static const weir_expr *fit_target(weir__query *q, uint32_t at, const weir_ast_expr *e,
                                   const weir_expr *x)
{
    const weir_schema *t = q->target ? q->target->schema : NULL;
    weir_value v;
    if (!t || at >= t->n || t->cols[at].type->kind != WEIR_T_DECIMAL || !weir_ast_is_literal(e) ||
        x->ex != WEIR_EX_LITERAL) {
        return x;
    }
    bool number = weir_type_is_numeric(x->type);
    if (!number || !weir_cast_value(q->b->a, x->type, x->value, t->cols[at].type, &v)) {
        return x;
    }
    if (x->type->kind == WEIR_T_DECIMAL &&
        !weir_dec_type_holds(weir__dec_type(t->cols[at].type), weir__dec_type(x->type))) {
        return x;
    }
    return weir_expr_literal(q->b->a, t->cols[at].type, v);
}

static weir_rc bind_outputs(select *s)
{
    weir__query *q = s->q;
    s->exprs = WEIR_NEW_N(q->b->a, const weir_expr *, s->n);
    s->key = WEIR_NEW_N(q->b->a, int32_t, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        const weir_ast_expr *e = s->out[i].expr;
        s->key[i] = key_of(q, e);
        if (s->key[i] >= 0) {
            s->exprs[i] = weir_expr_column(q->b->a, q->at->schema, (uint32_t)s->key[i]);
            continue;
        }
        if (e->kind == WEIR_X_COLUMN && q->join &&
            weir__find_column(q->at->schema, e->as.column.name.name) < 0) {
            weir_sv where = weir__where(q->b, e->at);
            return weir__fail(q->b, e->span,
                              WEIR_SV_FMT "Column '" WEIR_SV_FMT "' cannot be resolved.",
                              WEIR_SV_ARG(where), WEIR_SV_ARG(e->as.column.name.name));
        }
        weir__env env = {.b = q->b,
                         .schema = q->at->schema,
                         .matches = &q->matches,
                         .code_error = "Invalid Select: ",
                         .root = e,
                         .no_aggregates = "SELECT"};
        WEIR_TRY(weir__expr(&env, e, &s->exprs[i]));
        WEIR_TRY(weir__not_null(&env, e, s->exprs[i]));
        s->exprs[i] = fit_target(q, i, e, s->exprs[i]);
    }
    return WEIR_OK;
}

/* A key may be selected under one name only. */
static weir_rc one_name_per_key(select *s)
{
    weir__query *q = s->q;
    for (uint32_t k = 0; k < q->at->schema->n_keys; k++) {
        weir_sv names[16];
        uint32_t n = 0;
        for (uint32_t i = 0; i < s->n && n < WEIR_COUNT(names); i++) {
            bool seen = s->key[i] != (int32_t)k;
            for (uint32_t j = 0; j < n; j++) {
                seen = seen || weir_sv_eq(names[j], s->out[i].name);
            }
            if (!seen) {
                names[n] = s->out[i].name;
                for (uint32_t j = n++; j > 0 && weir_sv_cmp(names[j], names[j - 1]) < 0; j--) {
                    weir_sv t = names[j];
                    names[j] = names[j - 1];
                    names[j - 1] = t;
                }
            }
        }
        if (n > 1) {
            weir_sv key = weir__quoted(q->b, q->at->schema->cols[k].name);
            weir_sv list = weir__join_words(q->b, names, n, " and ");
            return weir__fail(
                q->b, q->ast->select.items[0].span,
                "The projection contains a key column (" WEIR_SV_FMT ") more than "
                "once, aliased as: " WEIR_SV_FMT ".\nEach key column must only be in "
                "the projection once. If you intended to copy the key into the value, "
                "then consider using the AS_VALUE function to indicate which key "
                "reference should be copied.",
                WEIR_SV_ARG(key), WEIR_SV_ARG(list));
        }
    }
    return WEIR_OK;
}

static weir_rc check_key(select *s)
{
    weir__query *q = s->q;
    weir__binder *b = q->b;
    const weir_schema *in = q->at->schema;
    if (q->n_partition_by) {
        weir_sv *names = WEIR_NEW_N(b->a, weir_sv, q->n_partition_by);
        bool missing = false;
        for (uint32_t i = 0; i < q->n_partition_by && !q->partition_null; i++) {
            missing = missing || !weir__projection_has(q, q->partition_by[i].qualified, true);
            names[i] = weir__text(b, q->partition_by[i].qualified);
        }
        return missing ? weir__keys_missing(q, "partitioning expression", names, q->n_partition_by,
                                            true, false)
                       : WEIR_OK;
    }
    if (q->join) {
        WEIR_TRY(weir__check_join_key(q));
    }
    bool missing = false;
    weir_sv *names = WEIR_NEW_N(b->a, weir_sv, in->n_keys);
    for (uint32_t k = 0; k < in->n_keys; k++) {
        bool found = false;
        for (uint32_t i = 0; i < s->n; i++) {
            found = found || s->key[i] == (int32_t)k;
        }
        missing = missing || !found;
        names[k] = in->cols[k].name;
    }
    return missing ? weir__keys_missing(q, "key column", names, in->n_keys, true, false) : WEIR_OK;
}

/* Unaliased window bounds are not written into a sink: they are in its key. */
static bool is_own_bound(const select *s, uint32_t i)
{
    const weir_ast_expr *e = s->out[i].expr;
    return e->kind == WEIR_X_COLUMN && weir__is_window_bound(e->as.column.name.name) &&
           weir_sv_eq(e->as.column.name.name, s->out[i].name);
}

static weir_rc persistent_project(select *s)
{
    weir__query *q = s->q;
    uint32_t n_keys = q->at->schema->n_keys;
    weir_column *cols = WEIR_NEW_N(q->b->a, weir_column, s->n + n_keys);
    const weir_expr **exprs = WEIR_NEW_N(q->b->a, const weir_expr *, s->n + n_keys);
    uint32_t n = 0;
    for (uint32_t k = 0; k < n_keys; k++) {
        for (uint32_t i = 0; i < s->n; i++) {
            if (s->key[i] == (int32_t)k) {
                cols[n] = (weir_column){.name = s->out[i].name, .type = s->exprs[i]->type};
                exprs[n++] = s->exprs[i];
                break;
            }
        }
    }
    uint32_t keys_found = n;
    uint32_t n_values = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->key[i] < 0 && !is_own_bound(s, i)) {
            cols[n] = (weir_column){.name = s->out[i].name, .type = s->exprs[i]->type};
            exprs[n++] = s->exprs[i];
            n_values++;
        }
    }
    /* Two values of one name are found before a missing key is, a value named as a key after. */
    WEIR_TRY(weir__no_duplicates(q, cols + keys_found, n - keys_found, 0));
    WEIR_TRY(one_name_per_key(s));
    if (n_values == 0) {
        weir__fail(q->b, q->ast->select.items[0].span, "The projection contains no value columns.");
        return weir_hint(q->b->st, "AS_VALUE(key) AS name copies a key into the value");
    }
    WEIR_TRY(weir__check_result_timestamp(q, cols, n));
    WEIR_TRY(check_key(s));
    WEIR_ASSERT(keys_found == n_keys);
    WEIR_TRY(weir__no_duplicates(q, cols, n, n_keys));
    return weir__make_project(q, cols, exprs, n, n_keys);
}

/* Clients get everything that was selected as values; the key goes before it for the machine. */
static weir_rc transient_project(select *s)
{
    weir__query *q = s->q;
    const weir_schema *in = q->at->schema;
    uint32_t n_keys = in->n_keys;
    weir_column *cols = WEIR_NEW_N(q->b->a, weir_column, s->n + n_keys);
    const weir_expr **exprs = WEIR_NEW_N(q->b->a, const weir_expr *, s->n + n_keys);
    for (uint32_t k = 0; k < n_keys; k++) {
        cols[k] = (weir_column){.name = in->cols[k].name, .type = in->cols[k].type};
        exprs[k] = weir_expr_column(q->b->a, in, k);
    }
    for (uint32_t i = 0; i < s->n; i++) {
        cols[n_keys + i] = (weir_column){.name = s->out[i].name, .type = s->exprs[i]->type};
        exprs[n_keys + i] = s->exprs[i];
    }
    WEIR_TRY(weir__no_duplicates(q, cols + n_keys, s->n, 0));
    return weir__make_project(q, cols, exprs, s->n + n_keys, n_keys);
}

weir_rc weir__project(weir__query *q)
{
    select s = {.q = q};
    WEIR_TRY(weir__outputs(q, &s.out, &s.n));
    WEIR_TRY(bind_outputs(&s));
    return q->persistent ? persistent_project(&s) : transient_project(&s);
}
