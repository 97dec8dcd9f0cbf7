/* Queries and statements as SQL that parses again. */
#include "dsl/print.h"
#include "dsl/printer.h"

#define SQL WEIR_PRINT_SQL

static void ident(weir_buf *out, const weir_ast_ident *id)
{
    weir__print_ident(out, id, SQL);
}

static void expr(weir_buf *out, const weir_ast_expr *e)
{
    weir_print_expr(out, e, SQL);
}

static void exprs(weir_buf *out, const weir_ast_exprs *list)
{
    weir__print_exprs(out, list->items, list->n, SQL);
}

static void duration(weir_buf *out, const char *before, const weir_ast_duration *d)
{
    if (weir_ast_given(d)) {
        weir_buf_printf(out, "%s%lld %s", before, (long long)d->count, weir_unit_name(d->unit));
    }
}

/* ---- queries */

void weir_print_window(weir_buf *out, const weir_ast_window *w)
{
    switch (w->kind) {
    case WEIR_AST_WINDOW_TUMBLING:
        duration(out, "TUMBLING (SIZE ", &w->size);
        break;
    case WEIR_AST_WINDOW_HOPPING:
        duration(out, "HOPPING (SIZE ", &w->size);
        duration(out, ", ADVANCE BY ", &w->advance);
        break;
    case WEIR_AST_WINDOW_SESSION:
        duration(out, "SESSION (", &w->size);
        break;
    }
    duration(out, ", RETENTION ", &w->retention);
    duration(out, ", GRACE PERIOD ", &w->grace);
    weir_buf_byte(out, ')');
}

static void item(weir_buf *out, const weir_ast_item *it)
{
    switch (it->kind) {
    case WEIR_ITEM_ALL:
        weir_buf_byte(out, '*');
        return;
    case WEIR_ITEM_SOURCE_ALL:
        ident(out, &it->source);
        weir_buf_str(out, ".*");
        return;
    case WEIR_ITEM_STRUCT_ALL:
        expr(out, it->expr);
        weir_buf_str(out, "->*");
        return;
    case WEIR_ITEM_EXPR:
        break;
    }
    expr(out, it->expr);
    if (weir_ast_has(&it->alias)) {
        weir_buf_str(out, " AS ");
        ident(out, &it->alias);
    }
}

static void pattern(weir_buf *out, const weir_ast_pattern *t, bool root)
{
    bool group = t->kind != WEIR_PATTERN_VAR && !(root && t->min == 1 && t->max == 1);
    weir_buf_str(out, group ? "(" : "");
    if (t->kind == WEIR_PATTERN_VAR) {
        ident(out, &t->name);
    }
    for (uint32_t i = 0; i < t->n; i++) {
        weir_buf_str(out, i == 0 ? "" : t->kind == WEIR_PATTERN_ALT ? " | " : " ");
        pattern(out, t->items[i], false);
    }
    weir_buf_str(out, group ? ")" : "");
    if (t->max == WEIR_PATTERN_MANY) {
        if (t->min > 1) {
            weir_buf_printf(out, "{%u,}", t->min);
        } else {
            weir_buf_byte(out, t->min ? '+' : '*');
        }
    } else if (t->min == 0 && t->max == 1) {
        weir_buf_byte(out, '?');
    } else if (t->min != 1 || t->max != 1 || t->reluctant) {
        weir_buf_printf(out, "{%u,%u}", t->min, t->max);
    }
    weir_buf_str(out, t->reluctant ? "?" : "");
}

static void match(weir_buf *out, const weir_ast_match *m)
{
    weir_buf_str(out, " MATCH_RECOGNIZE (");
    if (m->partition_by.n) {
        weir_buf_str(out, "\n  PARTITION BY ");
        exprs(out, &m->partition_by);
    }
    if (m->order_by.n) {
        weir_buf_str(out, "\n  ORDER BY ");
        weir__print_orders(out, &m->order_by, SQL);
    }
    for (uint32_t i = 0; i < m->measures.n; i++) {
        weir_buf_str(out, i ? ", " : "\n  MEASURES ");
        expr(out, m->measures.items[i].expr);
        weir_buf_str(out, " AS ");
        ident(out, &m->measures.items[i].name);
    }
    weir_buf_str(out, "\n  ONE ROW PER MATCH\n  AFTER MATCH SKIP ");
    switch (m->skip) {
    case WEIR_SKIP_PAST_LAST_ROW:
        weir_buf_str(out, "PAST LAST ROW");
        break;
    case WEIR_SKIP_TO_NEXT_ROW:
        weir_buf_str(out, "TO NEXT ROW");
        break;
    case WEIR_SKIP_TO_FIRST:
    case WEIR_SKIP_TO_LAST:
        weir_buf_str(out, m->skip == WEIR_SKIP_TO_FIRST ? "TO FIRST " : "TO LAST ");
        ident(out, &m->skip_to);
        break;
    }
    weir_buf_str(out, "\n  PATTERN (");
    pattern(out, m->pattern, true);
    weir_buf_byte(out, ')');
    duration(out, " WITHIN ", &m->within);
    for (uint32_t i = 0; i < m->defines.n; i++) {
        weir_buf_str(out, i ? ", " : "\n  DEFINE ");
        ident(out, &m->defines.items[i].name);
        weir_buf_str(out, " AS ");
        expr(out, m->defines.items[i].expr);
    }
    weir_buf_byte(out, ')');
}

static void within(weir_buf *out, const weir_ast_within *w)
{
    bool two = w->before.count != w->after.count || w->before.unit != w->after.unit;
    duration(out, two ? " WITHIN (" : " WITHIN ", &w->before);
    if (two) {
        duration(out, ", ", &w->after);
        weir_buf_byte(out, ')');
    }
    duration(out, " GRACE PERIOD ", &w->grace);
}

static void relation(weir_buf *out, const weir_ast_rel *r)
{
    if (r->join != WEIR_AST_JOIN_NONE) {
        weir_buf_printf(out, "\n%s JOIN ", weir_ast_join_name(r->join));
    }
    switch (r->kind) {
    case WEIR_REL_SOURCE:
        ident(out, &r->name);
        break;
    case WEIR_REL_QUERY:
        weir_buf_byte(out, '(');
        weir_print_query(out, r->query);
        weir_buf_byte(out, ')');
        break;
    case WEIR_REL_UNNEST:
        weir_buf_str(out, "UNNEST(");
        expr(out, r->unnest);
        weir_buf_byte(out, ')');
        break;
    }
    if (r->match) {
        match(out, r->match);
    }
    if (weir_ast_has(&r->alias)) {
        weir_buf_str(out, " AS ");
        ident(out, &r->alias);
    }
    if (r->within) {
        within(out, r->within);
    }
    if (r->on) {
        weir_buf_str(out, " ON ");
        expr(out, r->on);
    }
}

static void keys(weir_buf *out, const char *clause, const weir_ast_exprs *list)
{
    weir_buf_str(out, clause);
    if (list->n == 0) {
        weir_buf_str(out, "()");
    }
    exprs(out, list);
}

static void select(weir_buf *out, const weir_ast_query *q)
{
    weir_buf_str(out, q->distinct ? "SELECT DISTINCT" : "SELECT");
    for (uint32_t i = 0; i < q->select.n; i++) {
        weir_buf_str(out, i ? ",\n  " : q->select.n > 1 ? "\n  " : " ");
        item(out, &q->select.items[i]);
    }
    weir_buf_str(out, "\nFROM ");
    for (uint32_t i = 0; i < q->from.n; i++) {
        relation(out, &q->from.items[i]);
    }
    if (q->window) {
        weir_buf_str(out, "\nWINDOW ");
        if (weir_ast_has(&q->window->name)) {
            ident(out, &q->window->name);
            weir_buf_byte(out, ' ');
        }
        weir_print_window(out, q->window);
    }
    if (q->where) {
        weir_buf_str(out, "\nWHERE ");
        expr(out, q->where);
    }
    if (q->has_group_by) {
        keys(out, "\nGROUP BY ", &q->group_by);
    }
    if (q->has_partition_by) {
        keys(out, "\nPARTITION BY ", &q->partition_by);
    }
    if (q->having) {
        weir_buf_str(out, "\nHAVING ");
        expr(out, q->having);
    }
}

void weir_print_query(weir_buf *out, const weir_ast_query *q)
{
    for (uint32_t i = 0; i < q->ctes.n; i++) {
        weir_buf_str(out, i ? ",\n" : "WITH ");
        ident(out, &q->ctes.items[i].name);
        weir_buf_str(out, " AS (");
        weir_print_query(out, q->ctes.items[i].query);
        weir_buf_byte(out, ')');
    }
    weir_buf_str(out, q->ctes.n ? "\n" : "");
    select(out, q);
    for (uint32_t i = 0; i < q->n_unions; i++) {
        weir_buf_str(out, "\nUNION ALL\n");
        select(out, q->unions[i]);
    }
    if (q->order_by.n) {
        weir_buf_str(out, "\nORDER BY ");
        weir__print_orders(out, &q->order_by, SQL);
    }
    if (q->emit != WEIR_EMIT_NONE) {
        weir_buf_str(out, q->emit == WEIR_EMIT_FINAL ? "\nEMIT FINAL" : "\nEMIT CHANGES");
    }
    if (q->has_limit) {
        weir_buf_printf(out, "\nLIMIT %lld", (long long)q->limit);
    }
    if (q->has_offset) {
        weir_buf_printf(out, "\nOFFSET %lld", (long long)q->offset);
    }
}

/* ---- statements */

static void columns(weir_buf *out, const weir_ast_columns *list, const char *between)
{
    for (uint32_t i = 0; i < list->n; i++) {
        const weir_ast_column *c = &list->items[i];
        weir_buf_str(out, i ? between : "");
        ident(out, &c->name);
        weir_buf_byte(out, ' ');
        weir_print_type(out, c->type, SQL);
        switch (c->role) {
        case WEIR_COLUMN_VALUE:
            break;
        case WEIR_COLUMN_KEY:
            weir_buf_str(out, " KEY");
            break;
        case WEIR_COLUMN_PRIMARY_KEY:
            weir_buf_str(out, " PRIMARY KEY");
            break;
        case WEIR_COLUMN_HEADERS:
            weir_buf_str(out, " HEADERS");
            break;
        case WEIR_COLUMN_HEADER:
            weir_buf_str(out, " HEADER(");
            weir_print_string(out, c->header);
            weir_buf_byte(out, ')');
            break;
        }
    }
}

static void properties(weir_buf *out, const weir_ast_props *props, weir_span span)
{
    if (!span.n) {
        return;
    }
    weir_buf_str(out, " WITH (");
    for (uint32_t i = 0; i < props->n; i++) {
        weir_buf_str(out, i ? ", " : "");
        size_t from = out->n;
        weir_print_name(out, props->items[i].name, SQL);
        if (out->n == from || out->p[from] == '`') {
            out->n = from; /* 'connector.class' reads better than `connector.class` */
            weir_print_string(out, props->items[i].name);
        }
        weir_buf_byte(out, '=');
        expr(out, props->items[i].value);
    }
    weir_buf_byte(out, ')');
}

static void created(weir_buf *out, const weir_ast_create *c)
{
    weir_buf_str(out, c->or_replace ? "OR REPLACE " : "");
    weir_buf_str(out, c->source ? "SOURCE " : "");
    weir_buf_str(out, c->table ? "TABLE " : "STREAM ");
    weir_buf_str(out, c->if_not_exists ? "IF NOT EXISTS " : "");
    ident(out, &c->name);
    if (c->columns.n) {
        weir_buf_str(out, " (");
        columns(out, &c->columns, ", ");
        weir_buf_byte(out, ')');
    }
    properties(out, &c->props, c->props_span);
    if (c->query) {
        weir_buf_str(out, " AS ");
        weir_print_query(out, c->query);
    }
}

static void values(weir_buf *out, const weir_ast_stmt *s, const char *before, const char *word)
{
    weir_buf_str(out, before);
    ident(out, &s->as.values.name);
    for (uint32_t i = 0; i < s->as.values.columns.n; i++) {
        weir_buf_str(out, i ? ", " : " (");
        ident(out, &s->as.values.columns.items[i]);
    }
    weir_buf_str(out, s->as.values.columns.n ? ")" : "");
    weir_buf_printf(out, " %s (", word);
    exprs(out, &s->as.values.values);
    weir_buf_byte(out, ')');
}

static void target(weir_buf *out, const weir_ast_stmt *s)
{
    weir_buf_str(out, weir_ast_stmt_name(s->kind));
    if (weir_ast_has(&s->as.target.name)) {
        weir_buf_byte(out, ' ');
        ident(out, &s->as.target.name);
    } else if (s->kind == WEIR_S_TERMINATE || s->kind == WEIR_S_PAUSE || s->kind == WEIR_S_RESUME) {
        weir_buf_str(out, " ALL");
    }
    weir_buf_str(out, s->as.target.extended ? " EXTENDED" : "");
}

static void drop(weir_buf *out, const weir_ast_stmt *s)
{
    weir_buf_str(out, weir_ast_stmt_name(s->kind));
    if (s->kind == WEIR_S_DROP) {
        weir_buf_str(out, s->as.drop.table ? " TABLE" : " STREAM");
    }
    weir_buf_str(out, s->as.drop.if_exists ? " IF EXISTS " : " ");
    ident(out, &s->as.drop.name);
    weir_buf_str(out, s->as.drop.delete_topic ? " DELETE TOPIC" : "");
    weir_buf_str(out, s->as.drop.cascade ? " CASCADE" : "");
}

static void show(weir_buf *out, const weir_ast_stmt *s)
{
    static const char *const words[] = {
        "PROPERTIES",        "TOPICS",     "STREAMS",           "TABLES",
        "FUNCTIONS",         "CONNECTORS", "SOURCE CONNECTORS", "SINK CONNECTORS",
        "CONNECTOR PLUGINS", "TYPES",      "VARIABLES",         "QUERIES",
    };
    weir_buf_printf(out, "SHOW %s%s%s", s->as.show.all ? "ALL " : "", words[s->as.show.what],
                    s->as.show.extended ? " EXTENDED" : "");
}

/* SET, ALTER SYSTEM, DEFINE and the like. */
static void setting(weir_buf *out, const weir_ast_stmt *s)
{
    weir_buf_str(out, weir_ast_stmt_name(s->kind));
    weir_buf_byte(out, ' ');
    bool plain = s->kind == WEIR_S_DEFINE || s->kind == WEIR_S_UNDEFINE;
    if (plain) {
        weir_buf_sv(out, s->as.set.name);
    } else if (s->kind != WEIR_S_RUN_SCRIPT) {
        weir_print_string(out, s->as.set.name);
    }
    if (s->kind != WEIR_S_UNSET && s->kind != WEIR_S_UNDEFINE) {
        weir_buf_str(out, s->kind == WEIR_S_RUN_SCRIPT ? "" : "=");
        weir_print_string(out, s->as.set.value);
    }
}

static void print(weir_buf *out, const weir_ast_stmt *s)
{
    weir_buf_str(out, "PRINT ");
    weir_print_string(out, s->as.print.topic);
    weir_buf_str(out, s->as.print.from_beginning ? " FROM BEGINNING" : "");
    if (s->as.print.has_interval) {
        weir_buf_printf(out, " INTERVAL %lld", (long long)s->as.print.interval);
    }
    if (s->as.print.has_limit) {
        weir_buf_printf(out, " LIMIT %lld", (long long)s->as.print.limit);
    }
}

static void assert_topic(weir_buf *out, const weir_ast_stmt *s)
{
    weir_buf_str(out, s->as.assert_topic.not_exists ? "ASSERT NOT EXISTS TOPIC " : "ASSERT TOPIC ");
    weir_print_string(out, s->as.assert_topic.topic);
    properties(out, &s->as.assert_topic.props, s->as.assert_topic.props_span);
    duration(out, " TIMEOUT ", &s->as.assert_topic.timeout);
}

static void assert_schema(weir_buf *out, const weir_ast_stmt *s)
{
    weir_buf_str(out,
                 s->as.assert_schema.not_exists ? "ASSERT NOT EXISTS SCHEMA" : "ASSERT SCHEMA");
    if (s->as.assert_schema.has_subject) {
        weir_buf_str(out, " SUBJECT ");
        weir_print_string(out, s->as.assert_schema.subject);
    }
    if (s->as.assert_schema.id) {
        weir_buf_str(out, " ID ");
        expr(out, s->as.assert_schema.id);
    }
    duration(out, " TIMEOUT ", &s->as.assert_schema.timeout);
}

static void connector(weir_buf *out, const weir_ast_stmt *s)
{
    weir_buf_printf(out, "CREATE %s CONNECTOR %s", s->as.create_connector.sink ? "SINK" : "SOURCE",
                    s->as.create_connector.if_not_exists ? "IF NOT EXISTS " : "");
    ident(out, &s->as.create_connector.name);
    properties(out, &s->as.create_connector.props, s->as.create_connector.props_span);
}

static void insert(weir_buf *out, const weir_ast_stmt *s)
{
    weir_buf_str(out, "INSERT INTO ");
    ident(out, &s->as.insert.name);
    properties(out, &s->as.insert.props, s->as.insert.props_span);
    weir_buf_byte(out, ' ');
    weir_print_query(out, s->as.insert.query);
}

static void create_type(weir_buf *out, const weir_ast_stmt *s)
{
    weir_buf_str(out, "CREATE TYPE ");
    weir_buf_str(out, s->as.create_type.if_not_exists ? "IF NOT EXISTS " : "");
    ident(out, &s->as.create_type.name);
    weir_buf_str(out, " AS ");
    weir_print_type(out, s->as.create_type.type, SQL);
}

static void statement(weir_buf *out, const weir_ast_stmt *s);

static void explain(weir_buf *out, const weir_ast_stmt *s)
{
    weir_buf_str(out, "EXPLAIN ");
    if (s->as.explain.stmt) {
        statement(out, s->as.explain.stmt);
    } else {
        ident(out, &s->as.explain.query_id);
    }
}

static void statement(weir_buf *out, const weir_ast_stmt *s)
{
    switch (s->kind) {
    case WEIR_S_QUERY:
        weir_print_query(out, s->as.query);
        break;
    case WEIR_S_CREATE:
    case WEIR_S_ASSERT_SOURCE:
        weir_buf_str(out, s->kind == WEIR_S_CREATE ? "CREATE " : "ASSERT ");
        created(out, &s->as.create);
        break;
    case WEIR_S_INSERT_QUERY:
        insert(out, s);
        break;
    case WEIR_S_INSERT_VALUES:
        values(out, s, "INSERT INTO ", "VALUES");
        break;
    case WEIR_S_ASSERT_VALUES:
        values(out, s, "ASSERT VALUES ", "VALUES");
        break;
    case WEIR_S_ASSERT_NULL_VALUES:
        values(out, s, "ASSERT NULL VALUES ", "KEY");
        break;
    case WEIR_S_DROP:
    case WEIR_S_DROP_TYPE:
    case WEIR_S_DROP_CONNECTOR:
        drop(out, s);
        break;
    case WEIR_S_ALTER:
        weir_buf_str(out, s->as.alter.table ? "ALTER TABLE " : "ALTER STREAM ");
        ident(out, &s->as.alter.name);
        weir_buf_str(out, " ADD COLUMN ");
        columns(out, &s->as.alter.columns, ", ADD COLUMN ");
        break;
    case WEIR_S_CREATE_TYPE:
        create_type(out, s);
        break;
    case WEIR_S_CREATE_CONNECTOR:
        connector(out, s);
        break;
    case WEIR_S_TERMINATE:
    case WEIR_S_PAUSE:
    case WEIR_S_RESUME:
    case WEIR_S_DESCRIBE:
    case WEIR_S_DESCRIBE_STREAMS:
    case WEIR_S_DESCRIBE_TABLES:
    case WEIR_S_DESCRIBE_FUNCTION:
    case WEIR_S_DESCRIBE_CONNECTOR:
    case WEIR_S_PAUSE_CONNECTOR:
    case WEIR_S_RESUME_CONNECTOR:
    case WEIR_S_CHECK_CONNECTOR:
        target(out, s);
        break;
    case WEIR_S_EXPLAIN:
        explain(out, s);
        break;
    case WEIR_S_SHOW:
        show(out, s);
        break;
    case WEIR_S_PRINT:
        print(out, s);
        break;
    case WEIR_S_SET:
    case WEIR_S_UNSET:
    case WEIR_S_ALTER_SYSTEM:
    case WEIR_S_DEFINE:
    case WEIR_S_UNDEFINE:
    case WEIR_S_RUN_SCRIPT:
        setting(out, s);
        break;
    case WEIR_S_ASSERT_TOPIC:
        assert_topic(out, s);
        break;
    case WEIR_S_ASSERT_SCHEMA:
        assert_schema(out, s);
        break;
    }
}

void weir_print_stmt(weir_buf *out, const weir_ast_stmt *s)
{
    statement(out, s);
    weir_buf_byte(out, ';');
}
