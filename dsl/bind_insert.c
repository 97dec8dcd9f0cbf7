/* INSERT INTO … VALUES, and the test runner's ASSERT VALUES: constant expressions are evaluated
 * here and brought to the types of their columns. */
#include "dsl/binder.h"

static weir_rc failed(weir__binder *b, weir_span span, weir_sv target, weir_sv why)
{
    return weir__fail(b, span, "Failed to insert values into '" WEIR_SV_FMT "'. " WEIR_SV_FMT,
                      WEIR_SV_ARG(target), WEIR_SV_ARG(why));
}

static weir_rc find_target(weir__binder *b, const weir_ast_stmt *stmt, const weir_source **out)
{
    const weir_ast_ident *name = &stmt->as.values.name;
    const weir_source *s = weir_catalog_source(b->catalog, name->name);
    *out = s;
    if (!s) {
        weir_sv quoted = weir__quoted(b, name->name);
        weir_sv more = weir__alternatives(b, name->name);
        return weir__fail(
            b, name->span,
            "Cannot insert values into an unknown stream/table: " WEIR_SV_FMT WEIR_SV_FMT,
            WEIR_SV_ARG(quoted), WEIR_SV_ARG(more));
    }
    if (s->lookup.n) {
        return weir__lookup_fail(b, s, name->span, stmt->kind == WEIR_S_INSERT_VALUES
                                                       ? "Nothing can be inserted"
                                                       : "There are no records to look at");
    }
    if (stmt->kind != WEIR_S_INSERT_VALUES) {
        return WEIR_OK; /* asserts look at any source */
    }
    if (s->window.kind != WEIR_WINDOW_NONE) {
        return weir__fail(b, name->span, "Cannot insert values into windowed stream/table!");
    }
    if (s->read_only) {
        return weir__fail(b, name->span, "Cannot insert values into read-only %s: " WEIR_SV_FMT,
                          s->table ? "table" : "stream", WEIR_SV_ARG(s->name));
    }
    if (!weir__prop_bool(b, "ksql.insert.into.values.enabled", true)) {
        return weir__fail(b, name->span,
                          "The server has disabled INSERT INTO ... VALUES "
                          "functionality. To enable it, restart your ksqlDB server with "
                          "'ksql.insert.into.values.enabled'=true");
    }
    return WEIR_OK;
}

static bool is_header(const weir_column *c)
{
    return c->role == WEIR_COL_HEADER || c->role == WEIR_COL_HEADERS;
}

static weir_rc check_headers(weir__binder *b, const weir_source *s, const weir_ast_idents *names,
                             weir_span span)
{
    weir_sv *headers = WEIR_NEW_N(b->a, weir_sv, s->schema->n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->schema->n; i++) {
        bool named = names->n == 0;
        for (uint32_t k = 0; k < names->n; k++) {
            named = named || weir_sv_eq(names->items[k].name, s->schema->cols[i].name);
        }
        if (named && is_header(&s->schema->cols[i])) {
            headers[n++] = s->schema->cols[i].name;
        }
    }
    if (n == 0) {
        return WEIR_OK;
    }
    weir_sv list = weir__join_words(b, headers, n, ", ");
    return weir__fail(b, span, "Cannot insert into HEADER columns: " WEIR_SV_FMT,
                      WEIR_SV_ARG(list));
}

/* ---------------------------------------------------------------- one value */

static bool find_column(void *user, const weir_ast_expr *e)
{
    weir_unit unit;
    const weir_ast_expr **found = user;
    if (e->kind == WEIR_X_COLUMN && !weir_ast_expr_as_unit(e, &unit)) {
        *found = *found ? *found : e;
    }
    return e->kind != WEIR_X_LAMBDA;
}

static weir_rc wrong_type(weir__binder *b, weir_sv target, const weir_ast_expr *e,
                          const weir_column *c, const weir_type *type, const weir_value *v)
{
    weir_buf buf;
    weir_buf_init(&buf, 512);
    weir_value_print(&buf, type, v);
    weir_sv text = weir_arena_sv(b->a, weir_buf_view(&buf));
    weir_buf_deinit(&buf);
    weir_sv want = weir__type_text(b, c->type);
    weir_sv name = weir__quoted(b, c->name);
    const char *more = "";
    if (type->kind == WEIR_T_STRING) {
        more = c->type->kind == WEIR_T_TIMESTAMP
                   ? ". Timestamp format must be yyyy-mm-ddThh:mm:ss[.S]"
               : c->type->kind == WEIR_T_TIME ? ". Time format must be hh:mm:ss[.S]"
               : c->type->kind == WEIR_T_DATE ? ". Date format must be yyyy-mm-dd"
                                              : "";
    }
    weir_sv why = weir__str(
        b, "Expected type " WEIR_SV_FMT " for field " WEIR_SV_FMT " but got %s(" WEIR_SV_FMT ")%s",
        WEIR_SV_ARG(want), WEIR_SV_ARG(name), weir__kind_name(type->kind), WEIR_SV_ARG(text), more);
    return failed(b, e->span, target, why);
}

static weir_rc evaluate(weir__binder *b, weir_sv target, const weir_ast_expr *e,
                        const weir_column *c, weir_value *out)
{
    if (e->kind == WEIR_X_NULL) {
        *out = weir_null(c->type->kind);
        return WEIR_OK;
    }
    const weir_ast_expr *column = NULL;
    weir_ast_walk(e, find_column, &column);
    if (column) {
        weir_sv text = weir__text(b, e);
        weir_sv why = weir__str(b, "Unsupported column reference in insert value: " WEIR_SV_FMT,
                                WEIR_SV_ARG(text));
        return failed(b, column->span, target, why);
    }
    static const weir_schema no_columns;
    weir__env env = {.b = b,
                     .schema = &no_columns,
                     .root = e,
                     .no_aggregates = "INSERT VALUES",
                     .code_error = "Invalid insert value: "};
    const weir_expr *x;
    weir_rc rc = weir__expr(&env, e, &x);
    if (rc == WEIR_OK) {
        rc = weir__not_null(&env, e, x);
    }
    if (rc == WEIR_ESQL) {
        return failed(b, b->st->span, target, weir_arena_sv(b->a, weir_sv_cstr(b->st->msg)));
    }
    WEIR_TRY(rc);
    weir_value v;
    weir_status why;
    weir_status_reset(&why);
    if (!weir_expr_eval_const(b->a, x, b->settings, &v, &why)) {
        return failed(b, e->span, target, weir_arena_sv(b->a, weir_sv_cstr(why.msg)));
    }
    if (!weir__coerce_value(b->a, x->type, &v, c->type, false, out)) {
        return wrong_type(b, target, e, c, x->type, &v);
    }
    *out = weir_value_copy(b->a, c->type, out);
    return WEIR_OK;
}

/* ---------------------------------------------------------------- the statement */

typedef struct row {
    const weir_source *source;
    weir_value *values;
    bool *given;
    weir_bound_insert *out; /* times */
} row;

static weir_rc put_named(weir__binder *b, row *r, const weir_ast_ident *name,
                         const weir_ast_expr *value)
{
    weir_sv target = r->source->name;
    weir_sv quoted = weir__quoted(b, name->name);
    weir__pseudo p = weir__pseudo_of(name->name);
    int32_t i = weir_schema_find(r->source->schema, name->name);
    if (i >= 0) {
        r->given[i] = true;
        return evaluate(b, target, value, &r->source->schema->cols[i], &r->values[i]);
    }
    if (p == WEIR__ROWPARTITION || p == WEIR__ROWOFFSET) {
        return failed(b, name->span, target,
                      weir__str(b, "Inserting into column " WEIR_SV_FMT " is not allowed.",
                                WEIR_SV_ARG(quoted)));
    }
    bool bounds = weir__is_window_bound(name->name) && r->source->window.kind != WEIR_WINDOW_NONE;
    if (p != WEIR__ROWTIME && !bounds) {
        failed(b, name->span, target,
               weir__str(b, "Column name " WEIR_SV_FMT " does not exist.", WEIR_SV_ARG(quoted)));
        weir_sv *names = WEIR_NEW_N(b->a, weir_sv, r->source->schema->n);
        for (uint32_t c = 0; c < r->source->schema->n; c++) {
            names[c] = r->source->schema->cols[c].name;
        }
        weir__hint_nearest(b, name->name, names, r->source->schema->n);
        return WEIR_ESQL;
    }
    weir_column time = {.name = name->name, .type = weir_type_of(WEIR_T_BIGINT)};
    weir_value v;
    WEIR_TRY(evaluate(b, target, value, &time, &v));
    if (v.null) {
        return WEIR_OK;
    }
    if (p == WEIR__ROWTIME) {
        r->out->has_rowtime = true;
        r->out->rowtime = v.i64;
    } else if (p == WEIR__WINDOWSTART) {
        r->out->has_window_start = true;
        r->out->window_start = v.i64;
    } else if (p == WEIR__WINDOWEND) {
        r->out->has_window_end = true;
        r->out->window_end = v.i64;
    }
    return WEIR_OK;
}

static weir_rc wrong_count(weir__binder *b, const weir_ast_stmt *stmt, const weir_source *s)
{
    const weir_ast_idents *names = &stmt->as.values.columns;
    weir_sv *columns = WEIR_NEW_N(b->a, weir_sv, names->n);
    weir_sv *values = WEIR_NEW_N(b->a, weir_sv, stmt->as.values.values.n);
    for (uint32_t i = 0; i < names->n; i++) {
        columns[i] = weir__quoted(b, names->items[i].name);
    }
    for (uint32_t i = 0; i < stmt->as.values.values.n; i++) {
        values[i] = weir__text(b, stmt->as.values.values.items[i]);
    }
    weir_sv c = weir__join_words(b, columns, names->n, ", ");
    weir_sv v = weir__join_words(b, values, stmt->as.values.values.n, ", ");
    return failed(b, stmt->as.values.name.span, s->name,
                  weir__str(b,
                            "Expected a value for each column. Expected Columns: [" WEIR_SV_FMT
                            "]. Got [" WEIR_SV_FMT "]",
                            WEIR_SV_ARG(c), WEIR_SV_ARG(v)));
}

static weir_rc check_primary_key(weir__binder *b, const weir_ast_stmt *stmt, const row *r)
{
    const weir_schema *s = r->source->schema;
    weir_sv *missing = WEIR_NEW_N(b->a, weir_sv, s->n_keys);
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_keys; i++) {
        if (!r->given[i]) {
            missing[n++] = s->cols[i].name;
        }
    }
    if (!r->source->table || n == 0) {
        return WEIR_OK;
    }
    weir_sv list = weir__join_words(b, missing, n, ", ");
    return failed(b, stmt->as.values.name.span, r->source->name,
                  weir__str(b,
                            "Value for primary key column(s) " WEIR_SV_FMT " is required for "
                            "tables",
                            WEIR_SV_ARG(list)));
}

weir_rc weir__bind_insert_values(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out)
{
    const weir_ast_idents *names = &stmt->as.values.columns;
    const weir_ast_exprs *values = &stmt->as.values.values;
    const weir_source *s;
    out->kind = stmt->kind == WEIR_S_INSERT_VALUES   ? WEIR_B_INSERT_VALUES
                : stmt->kind == WEIR_S_ASSERT_VALUES ? WEIR_B_ASSERT_VALUES
                                                     : WEIR_B_ASSERT_NULL_VALUES;
    WEIR_TRY(find_target(b, stmt, &s));
    if (stmt->kind == WEIR_S_INSERT_VALUES) {
        WEIR_TRY(check_headers(b, s, names, stmt->as.values.name.span));
    }
    out->as.insert = (weir_bound_insert){0};
    row r = {.source = weir_source_copy(b->a, s), .out = &out->as.insert};
    r.values = WEIR_NEW_N(b->a, weir_value, s->schema->n);
    r.given = WEIR_NEW_N(b->a, bool, s->schema->n);
    for (uint32_t i = 0; i < s->schema->n; i++) {
        r.values[i] = weir_null(s->schema->cols[i].type->kind);
    }
    uint32_t expected = names->n ? names->n : s->schema->n;
    if (stmt->kind == WEIR_S_ASSERT_NULL_VALUES && names->n == 0) {
        expected = s->schema->n_keys;
    }
    if (expected != values->n) {
        return wrong_count(b, stmt, s);
    }
    for (uint32_t i = 0; i < values->n; i++) {
        weir_ast_ident implicit = {.name =
                                       i < s->schema->n ? s->schema->cols[i].name : (weir_sv){0},
                                   .span = values->items[i]->span};
        WEIR_TRY(put_named(b, &r, names->n ? &names->items[i] : &implicit, values->items[i]));
    }
    if (stmt->kind == WEIR_S_INSERT_VALUES) {
        WEIR_TRY(check_primary_key(b, stmt, &r));
    }
    out->as.insert.source = *r.source;
    out->as.insert.values = r.values;
    out->as.insert.given = r.given;
    return WEIR_OK;
}
