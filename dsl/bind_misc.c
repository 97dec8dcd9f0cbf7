/* The small statements: they name something or carry options, and bind to themselves. */
#include "dsl/binder.h"

#include "engine/base/limits.h"

static weir_rc bind_target(weir__binder *b, const weir_ast_stmt *stmt, weir_bound_kind kind,
                           weir_bound *out)
{
    out->kind = kind;
    out->as.target.name = weir_arena_sv(b->a, stmt->as.target.name.name);
    out->as.target.extended = stmt->as.target.extended;
    return WEIR_OK;
}

/* TERMINATE, PAUSE, RESUME: a query that exists, or ALL. */
static weir_rc bind_query_target(weir__binder *b, const weir_ast_stmt *stmt, weir_bound_kind kind,
                                 weir_bound *out)
{
    const weir_ast_ident *name = &stmt->as.target.name;
    WEIR_TRY(bind_target(b, stmt, kind, out));
    if (!weir_ast_has(name) || weir_catalog_query(b->catalog, name->name)) {
        return WEIR_OK;
    }
    weir__fail(b, name->span, "Unknown queryId: " WEIR_SV_FMT, WEIR_SV_ARG(name->name));
    uint32_t n = weir_catalog_queries(b->catalog);
    weir_sv *ids = WEIR_NEW_N(b->a, weir_sv, n);
    for (uint32_t i = 0; i < n; i++) {
        ids[i] = weir_catalog_query_at(b->catalog, i)->id;
    }
    weir__hint_nearest(b, name->name, ids, n);
    return WEIR_ESQL;
}

static weir_rc bind_describe(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out)
{
    const weir_ast_ident *name = &stmt->as.target.name;
    WEIR_TRY(bind_target(b, stmt, WEIR_B_DESCRIBE, out));
    if (weir_catalog_source(b->catalog, name->name)) {
        return WEIR_OK;
    }
    weir_sv more = weir__alternatives(b, name->name);
    return weir__fail(b, name->span,
                      "Could not find STREAM/TABLE '" WEIR_SV_FMT "' in the Metastore" WEIR_SV_FMT,
                      WEIR_SV_ARG(name->name), WEIR_SV_ARG(more));
}

static weir_rc bind_describe_function(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out)
{
    const weir_ast_ident *name = &stmt->as.target.name;
    WEIR_TRY(bind_target(b, stmt, WEIR_B_DESCRIBE_FUNCTION, out));
    if (weir_functions_find(b->functions, name->name)) {
        return WEIR_OK;
    }
    weir__fail(b, name->span, "Can't find any functions with the name '" WEIR_SV_FMT "'",
               WEIR_SV_ARG(name->name));
    const weir_function *near = weir_functions_nearest(b->functions, name->name);
    return near ? weir_hint(b->st, "did you mean %s?", near->name) : WEIR_ESQL;
}

static weir_rc bind_explain(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out)
{
    const weir_ast_ident *id = &stmt->as.explain.query_id;
    out->kind = WEIR_B_EXPLAIN;
    if (weir_ast_has(id)) {
        out->as.explain.query_id = weir_arena_sv(b->a, id->name);
        return weir_catalog_query(b->catalog, id->name)
                   ? WEIR_OK
                   : weir__fail(b, id->span,
                                "Query with id:" WEIR_SV_FMT " does not exist, use SHOW "
                                "QUERIES to view the full set of queries.",
                                WEIR_SV_ARG(id->name));
    }
    const weir_ast_stmt *inner = stmt->as.explain.stmt;
    if (inner->kind == WEIR_S_EXPLAIN) {
        return weir__fail(b, inner->span, "The provided statement does not run a ksql query");
    }
    weir_bound *bound = WEIR_NEW(b->a, weir_bound);
    out->as.explain.stmt = bound;
    weir_rc rc = weir__bind_stmt(b, inner, bound);
    if (rc == WEIR_OK && bound->kind != WEIR_B_SELECT && bound->kind != WEIR_B_CREATE_AS &&
        bound->kind != WEIR_B_INSERT_SELECT &&
        !(bound->kind == WEIR_B_CREATE_SOURCE && bound->as.create.plan)) {
        return weir__fail(b, inner->span, "The provided statement does not run a ksql query");
    }
    return rc;
}

static weir_rc bind_connector(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out)
{
    if (stmt->kind == WEIR_S_DROP_CONNECTOR) {
        out->kind = WEIR_B_DROP_CONNECTOR;
        out->as.connector.name = weir_arena_sv(b->a, stmt->as.drop.name.name);
        out->as.connector.if_exists = stmt->as.drop.if_exists;
        return WEIR_OK;
    }
    const weir_ast_props *props = &stmt->as.create_connector.props;
    weir_option *options = WEIR_NEW_N(b->a, weir_option, props->n);
    for (uint32_t i = 0; i < props->n; i++) {
        options[i].name = weir_arena_sv(b->a, props->items[i].name);
        options[i].value_span = props->items[i].value->span;
        WEIR_TRY(weir__option_text(b, props->items[i].value, &options[i].value));
        for (uint32_t k = 0; k < i; k++) {
            if (weir_sv_eq(options[k].name, options[i].name)) {
                return weir__fail(b, props->items[i].span, "Duplicate option: " WEIR_SV_FMT,
                                  WEIR_SV_ARG(options[i].name));
            }
        }
    }
    out->kind = WEIR_B_CREATE_CONNECTOR;
    out->as.connector.name = weir_arena_sv(b->a, stmt->as.create_connector.name.name);
    out->as.connector.sink = stmt->as.create_connector.sink;
    out->as.connector.if_exists = stmt->as.create_connector.if_not_exists;
    out->as.connector.options = options;
    out->as.connector.n_options = props->n;
    return WEIR_OK;
}

static weir_rc bind_set(weir__binder *b, const weir_ast_stmt *stmt, weir_bound_kind kind,
                        weir_bound *out)
{
    out->kind = kind;
    out->as.set.name = weir_arena_sv(b->a, stmt->as.set.name);
    out->as.set.value = weir_arena_sv(b->a, stmt->as.set.value);
    return WEIR_OK;
}

static weir_rc bind_print(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out)
{
    out->kind = WEIR_B_PRINT;
    out->as.print.topic = weir_arena_sv(b->a, stmt->as.print.topic);
    out->as.print.from_beginning = stmt->as.print.from_beginning;
    out->as.print.interval = stmt->as.print.has_interval ? stmt->as.print.interval : 1;
    out->as.print.limit = stmt->as.print.has_limit ? stmt->as.print.limit : -1;
    if (out->as.print.interval < 1) {
        return weir__fail(b, stmt->span, "The interval of PRINT must be at least 1.");
    }
    return WEIR_OK;
}

/* ---------------------------------------------------------------- ASSERT */

static weir_rc timeout(weir__binder *b, const weir_ast_duration *d, int64_t *ms)
{
    *ms = -1;
    if (weir_ast_given(d) && __builtin_mul_overflow(d->count, weir_unit_ms(d->unit), ms)) {
        return weir__fail(b, d->span, "The duration is too long.");
    }
    return WEIR_OK;
}

static weir_rc count_prop(weir__binder *b, const weir_ast_prop *p, int32_t *out)
{
    weir_sv text;
    WEIR_TRY(weir__option_text(b, p->value, &text));
    if (!weir_i32_parse(text, out) || *out < 1) {
        return weir__fail(b, p->value->span, "Cannot parse value of " WEIR_SV_FMT ": " WEIR_SV_FMT,
                          WEIR_SV_ARG(p->name), WEIR_SV_ARG(text));
    }
    return WEIR_OK;
}

static weir_rc bind_assert_topic(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out)
{
    const weir_ast_props *props = &stmt->as.assert_topic.props;
    out->kind = WEIR_B_ASSERT_TOPIC;
    out->as.assert_topic.topic = weir_arena_sv(b->a, stmt->as.assert_topic.topic);
    out->as.assert_topic.not_exists = stmt->as.assert_topic.not_exists;
    for (uint32_t i = 0; i < props->n; i++) {
        const weir_ast_prop *p = &props->items[i];
        if (weir_sv_ieq(p->name, WEIR_SV("PARTITIONS"))) {
            WEIR_TRY(count_prop(b, p, &out->as.assert_topic.partitions));
        } else if (weir_sv_ieq(p->name, WEIR_SV("REPLICAS"))) {
            WEIR_TRY(count_prop(b, p, &out->as.assert_topic.replicas));
        } else {
            return weir__fail(b, p->span, "Cannot assert unknown topic property: " WEIR_SV_FMT,
                              WEIR_SV_ARG(p->name));
        }
    }
    return timeout(b, &stmt->as.assert_topic.timeout, &out->as.assert_topic.timeout_ms);
}

static weir_rc bind_assert_schema(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out)
{
    const weir_ast_expr *id = stmt->as.assert_schema.id;
    out->kind = WEIR_B_ASSERT_SCHEMA;
    out->as.assert_schema.subject = weir_arena_sv(b->a, stmt->as.assert_schema.subject);
    out->as.assert_schema.not_exists = stmt->as.assert_schema.not_exists;
    if (!stmt->as.assert_schema.has_subject && !id) {
        return weir__fail(b, stmt->span,
                          "ASSERT SCHEMA statements much include a subject name or an id");
    }
    if (id && id->kind != WEIR_X_INTEGER) {
        return weir__fail(b, id->span, "ID must be an integer");
    }
    out->as.assert_schema.id = id ? (int32_t)id->as.integer : 0;
    return timeout(b, &stmt->as.assert_schema.timeout, &out->as.assert_schema.timeout_ms);
}

/* ---------------------------------------------------------------- the switch */

static weir_bound_kind kind_of(weir_ast_stmt_kind k)
{
    static const struct {
        weir_ast_stmt_kind from;
        weir_bound_kind to;
    } table[] = {
        {WEIR_S_TERMINATE, WEIR_B_TERMINATE},
        {WEIR_S_PAUSE, WEIR_B_PAUSE},
        {WEIR_S_RESUME, WEIR_B_RESUME},
        {WEIR_S_DESCRIBE_STREAMS, WEIR_B_DESCRIBE_STREAMS},
        {WEIR_S_DESCRIBE_TABLES, WEIR_B_DESCRIBE_TABLES},
        {WEIR_S_DESCRIBE_CONNECTOR, WEIR_B_DESCRIBE_CONNECTOR},
        {WEIR_S_PAUSE_CONNECTOR, WEIR_B_PAUSE_CONNECTOR},
        {WEIR_S_RESUME_CONNECTOR, WEIR_B_RESUME_CONNECTOR},
        {WEIR_S_CHECK_CONNECTOR, WEIR_B_CHECK_CONNECTOR},
        {WEIR_S_SET, WEIR_B_SET},
        {WEIR_S_UNSET, WEIR_B_UNSET},
        {WEIR_S_ALTER_SYSTEM, WEIR_B_ALTER_SYSTEM},
        {WEIR_S_DEFINE, WEIR_B_DEFINE},
        {WEIR_S_UNDEFINE, WEIR_B_UNDEFINE},
        {WEIR_S_RUN_SCRIPT, WEIR_B_RUN_SCRIPT},
    };
    for (size_t i = 0; i < WEIR_COUNT(table); i++) {
        if (table[i].from == k) {
            return table[i].to;
        }
    }
    WEIR_UNREACHABLE();
}

weir_rc weir__bind_misc(weir__binder *b, const weir_ast_stmt *stmt, weir_bound *out)
{
    switch (stmt->kind) {
    case WEIR_S_TERMINATE:
    case WEIR_S_PAUSE:
    case WEIR_S_RESUME:
        return bind_query_target(b, stmt, kind_of(stmt->kind), out);
    case WEIR_S_DESCRIBE:
        return bind_describe(b, stmt, out);
    case WEIR_S_DESCRIBE_FUNCTION:
        return bind_describe_function(b, stmt, out);
    case WEIR_S_DESCRIBE_STREAMS:
    case WEIR_S_DESCRIBE_TABLES:
    case WEIR_S_DESCRIBE_CONNECTOR:
    case WEIR_S_PAUSE_CONNECTOR:
    case WEIR_S_RESUME_CONNECTOR:
    case WEIR_S_CHECK_CONNECTOR:
        return bind_target(b, stmt, kind_of(stmt->kind), out);
    case WEIR_S_EXPLAIN:
        return bind_explain(b, stmt, out);
    case WEIR_S_CREATE_CONNECTOR:
    case WEIR_S_DROP_CONNECTOR:
        return bind_connector(b, stmt, out);
    case WEIR_S_SHOW:
        out->kind = WEIR_B_SHOW;
        out->as.show.what = stmt->as.show.what;
        out->as.show.extended = stmt->as.show.extended;
        out->as.show.all = stmt->as.show.all;
        return WEIR_OK;
    case WEIR_S_PRINT:
        return bind_print(b, stmt, out);
    case WEIR_S_SET:
    case WEIR_S_UNSET:
    case WEIR_S_ALTER_SYSTEM:
    case WEIR_S_DEFINE:
    case WEIR_S_UNDEFINE:
    case WEIR_S_RUN_SCRIPT:
        return bind_set(b, stmt, kind_of(stmt->kind), out);
    case WEIR_S_ASSERT_TOPIC:
        return bind_assert_topic(b, stmt, out);
    case WEIR_S_ASSERT_SCHEMA:
        return bind_assert_schema(b, stmt, out);
    case WEIR_S_QUERY:
    case WEIR_S_CREATE:
    case WEIR_S_INSERT_QUERY:
    case WEIR_S_INSERT_VALUES:
    case WEIR_S_DROP:
    case WEIR_S_ALTER:
    case WEIR_S_CREATE_TYPE:
    case WEIR_S_DROP_TYPE:
    case WEIR_S_ASSERT_VALUES:
    case WEIR_S_ASSERT_NULL_VALUES:
    case WEIR_S_ASSERT_SOURCE:
        break;
    }
    WEIR_UNREACHABLE();
}
