/* Text → syntax tree: statements, clauses, literals, names, spans, recovery, limits. What a tree
 * looks like when printed is in dsl_print.c; how errors read is in dsl_diag.c. */
#include "dsl/parse.h"
#include "dsl/print.h"
#include "engine/base/alloc.h"
#include "engine/base/limits.h"
#include "tests/support/test.h"

#include <stdio.h>

typedef struct fixture {
    weir_arena a;
    weir_diags diags;
    weir_script script;
    weir_buf out;
} fixture;

static void open_fixture(fixture *f)
{
    weir_arena_init(&f->a);
    weir_diags_init(&f->diags, &f->a);
    weir_buf_init(&f->out, 0);
}

static void close_fixture(fixture *f)
{
    weir_buf_deinit(&f->out);
    weir_arena_deinit(&f->a);
}

static int setup(void **state)
{
    fixture *f = weir_zalloc(sizeof *f);
    open_fixture(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    close_fixture(f);
    weir_free(f);
    return 0;
}

static void must_parse(fixture *f, const char *sql)
{
    weir_rc rc = weir_parse_script(weir_sv_cstr(sql), &f->a, &f->script, &f->diags);
    if (rc != WEIR_OK) {
        weir_diag_render(&f->out, (weir_sv){0}, f->script.text, &f->diags.items[0]);
        fail_msg("%s\n%s", sql, weir_buf_cstr(&f->out));
    }
}

static const weir_ast_stmt *one(fixture *f, const char *sql)
{
    must_parse(f, sql);
    assert_int_equal(f->script.n_stmts, 1);
    return f->script.stmts[0];
}

static const weir_ast_query *query(fixture *f, const char *sql)
{
    const weir_ast_stmt *s = one(f, sql);
    assert_int_equal(s->kind, WEIR_S_QUERY);
    return s->as.query;
}

static const weir_ast_expr *expression(fixture *f, const char *text)
{
    weir_ast_expr *e;
    weir_rc rc = weir_parse_expression(weir_sv_cstr(text), &f->a, &e, &f->diags);
    if (rc != WEIR_OK) {
        fail_msg("%s: " WEIR_SV_FMT, text, WEIR_SV_ARG(f->diags.items[0].message));
    }
    return e;
}

static weir_sv slice(const fixture *f, weir_span span)
{
    return weir_sv_of(f->script.text.p + span.at, span.n);
}

/* ---- statements */

static void kinds(void **state)
{
    static const struct {
        const char *sql;
        weir_ast_stmt_kind kind;
    } cases[] = {
        {"SELECT * FROM s;", WEIR_S_QUERY},
        {"CREATE STREAM s (a INT KEY) WITH (KAFKA_TOPIC='t');", WEIR_S_CREATE},
        {"CREATE OR REPLACE SOURCE TABLE IF NOT EXISTS t (a INT PRIMARY KEY);", WEIR_S_CREATE},
        {"CREATE TABLE t AS SELECT a, COUNT(*) FROM s GROUP BY a;", WEIR_S_CREATE},
        {"INSERT INTO s SELECT * FROM x;", WEIR_S_INSERT_QUERY},
        {"INSERT INTO s WITH (QUERY_ID='q') SELECT * FROM x EMIT CHANGES;", WEIR_S_INSERT_QUERY},
        {"INSERT INTO s WITH x AS (SELECT * FROM y) SELECT * FROM x;", WEIR_S_INSERT_QUERY},
        {"INSERT INTO s (a, b) VALUES (1, 'x');", WEIR_S_INSERT_VALUES},
        {"INSERT INTO s VALUES ();", WEIR_S_INSERT_VALUES},
        {"DROP STREAM IF EXISTS s DELETE TOPIC;", WEIR_S_DROP},
        {"DROP TABLE t CASCADE;", WEIR_S_DROP},
        {"ALTER STREAM s ADD COLUMN a INT, ADD b STRING;", WEIR_S_ALTER},
        {"CREATE TYPE IF NOT EXISTS a AS STRUCT<x INT>;", WEIR_S_CREATE_TYPE},
        {"DROP TYPE IF EXISTS a;", WEIR_S_DROP_TYPE},
        {"CREATE SINK CONNECTOR c WITH ('connector.class'='x', a=1);", WEIR_S_CREATE_CONNECTOR},
        {"CREATE SOURCE CONNECTOR IF NOT EXISTS c WITH (a='x');", WEIR_S_CREATE_CONNECTOR},
        {"DROP CONNECTOR IF EXISTS c;", WEIR_S_DROP_CONNECTOR},
        {"TERMINATE q1;", WEIR_S_TERMINATE},
        {"TERMINATE ALL;", WEIR_S_TERMINATE},
        {"PAUSE ALL;", WEIR_S_PAUSE},
        {"RESUME q1;", WEIR_S_RESUME},
        {"EXPLAIN q1;", WEIR_S_EXPLAIN},
        {"EXPLAIN SELECT * FROM s;", WEIR_S_EXPLAIN},
        {"DESCRIBE s EXTENDED;", WEIR_S_DESCRIBE},
        {"DESCRIBE STREAMS;", WEIR_S_DESCRIBE_STREAMS},
        {"DESCRIBE TABLES EXTENDED;", WEIR_S_DESCRIBE_TABLES},
        {"DESCRIBE `TABLES`;", WEIR_S_DESCRIBE},
        {"DESCRIBE FUNCTION abs;", WEIR_S_DESCRIBE_FUNCTION},
        {"DESCRIBE CONNECTOR c;", WEIR_S_DESCRIBE_CONNECTOR},
        {"PRINT 'topic' FROM BEGINNING INTERVAL 2 LIMIT 3;", WEIR_S_PRINT},
        {"SET 'a' = 'b';", WEIR_S_SET},
        {"UNSET 'a';", WEIR_S_UNSET},
        {"ALTER SYSTEM 'a'='b';", WEIR_S_ALTER_SYSTEM},
        {"DEFINE x = 'y';", WEIR_S_DEFINE},
        {"UNDEFINE x;", WEIR_S_UNDEFINE},
        {"ASSERT TOPIC t;", WEIR_S_ASSERT_TOPIC},
        {"ASSERT NOT EXISTS TOPIC 't' WITH (PARTITIONS=1) TIMEOUT 5 SECONDS;", WEIR_S_ASSERT_TOPIC},
        {"ASSERT SCHEMA SUBJECT s ID 3 TIMEOUT 1 SECOND;", WEIR_S_ASSERT_SCHEMA},
        {"ASSERT NOT EXISTS SCHEMA ID 3;", WEIR_S_ASSERT_SCHEMA},
        {"ASSERT VALUES s (a) VALUES (1);", WEIR_S_ASSERT_VALUES},
        {"ASSERT NULL VALUES s (a) KEY (1);", WEIR_S_ASSERT_NULL_VALUES},
        {"ASSERT STREAM s (a INT) WITH (KAFKA_TOPIC='t');", WEIR_S_ASSERT_SOURCE},
        {"ASSERT TABLE s;", WEIR_S_ASSERT_SOURCE},
        {"RUN SCRIPT 'x.sql';", WEIR_S_RUN_SCRIPT},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        const weir_ast_stmt *s = one(*state, cases[i].sql);
        if (s->kind != cases[i].kind) {
            fail_msg("%s is a %s", cases[i].sql, weir_ast_stmt_name(s->kind));
        }
        assert_sv_equal(s->text, cases[i].sql);
    }
}

static void listings(void **state)
{
    static const struct {
        const char *sql;
        weir_ast_show what;
        bool extended;
    } cases[] = {
        {"SHOW PROPERTIES;", WEIR_SHOW_PROPERTIES, false},
        {"LIST TOPICS;", WEIR_SHOW_TOPICS, false},
        {"SHOW ALL TOPICS EXTENDED;", WEIR_SHOW_TOPICS, true},
        {"SHOW STREAMS EXTENDED;", WEIR_SHOW_STREAMS, true},
        {"LIST TABLES;", WEIR_SHOW_TABLES, false},
        {"SHOW FUNCTIONS;", WEIR_SHOW_FUNCTIONS, false},
        {"SHOW CONNECTORS;", WEIR_SHOW_CONNECTORS, false},
        {"SHOW SOURCE CONNECTORS;", WEIR_SHOW_SOURCE_CONNECTORS, false},
        {"SHOW SINK CONNECTORS;", WEIR_SHOW_SINK_CONNECTORS, false},
        {"SHOW CONNECTOR PLUGINS;", WEIR_SHOW_CONNECTOR_PLUGINS, false},
        {"SHOW TYPES;", WEIR_SHOW_TYPES, false},
        {"SHOW VARIABLES;", WEIR_SHOW_VARIABLES, false},
        {"SHOW QUERIES EXTENDED;", WEIR_SHOW_QUERIES, true},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        const weir_ast_stmt *s = one(*state, cases[i].sql);
        assert_int_equal(s->kind, WEIR_S_SHOW);
        assert_int_equal(s->as.show.what, cases[i].what);
        assert_int_equal(s->as.show.extended, cases[i].extended);
    }
}

static void create_details(void **state)
{
    const weir_ast_stmt *s = one(
        *state,
        "create or replace source stream if not exists Orders (id bigint key, `Mixed` "
        "varchar(10), h array<struct<key string, value bytes>> headers, x bytes "
        "header( ' k ' )) with (kafka_topic = 'o', 'Some.Thing' = -1.5, `q` = true, n = null);");
    const weir_ast_create *c = &s->as.create;
    assert_true(c->or_replace && c->source && c->if_not_exists && !c->table);
    assert_sv_equal(c->name.name, "ORDERS");
    assert_int_equal(c->columns.n, 4);
    assert_int_equal(c->columns.items[0].role, WEIR_COLUMN_KEY);
    assert_sv_equal(c->columns.items[1].name.name, "Mixed");
    assert_int_equal(c->columns.items[1].type->kind, WEIR_TY_STRING);
    assert_int_equal(c->columns.items[2].role, WEIR_COLUMN_HEADERS);
    assert_int_equal(c->columns.items[3].role, WEIR_COLUMN_HEADER);
    assert_sv_equal(c->columns.items[3].header, "k");
    assert_int_equal(c->props.n, 4);
    assert_sv_equal(c->props.items[0].name, "KAFKA_TOPIC");
    assert_sv_equal(c->props.items[1].name, "Some.Thing");
    assert_sv_equal(c->props.items[1].value->as.text, "-1.5");
    assert_sv_equal(c->props.items[2].name, "q");
    assert_int_equal(c->props.items[3].value->kind, WEIR_X_NULL);
    assert_sv_equal(slice(*state, c->props.items[1].span), "'Some.Thing'");
}

/* Topics and subjects keep the case they were written in. */
static void written_case(void **state)
{
    assert_sv_equal(one(*state, "PRINT MyTopic;")->as.print.topic, "MyTopic");
    assert_sv_equal(one(*state, "PRINT \"my-Topic\";")->as.print.topic, "my-Topic");
    assert_sv_equal(one(*state, "ASSERT TOPIC aB;")->as.assert_topic.topic, "aB");
    const weir_ast_stmt *s = one(*state, "ASSERT SCHEMA SUBJECT 'x-Value';");
    assert_true(s->as.assert_schema.has_subject);
    assert_sv_equal(s->as.assert_schema.subject, "x-Value");
    assert_sv_equal(one(*state, "DEFINE Abc='d''e';")->as.set.name, "Abc");
    assert_sv_equal(one(*state, "DEFINE Abc='d''e';")->as.set.value, "d'e");
}

static void explained_text(void **state)
{
    const weir_ast_stmt *s = one(*state, "EXPLAIN  SELECT a\nFROM b ;");
    assert_sv_equal(s->as.explain.stmt->text, "SELECT a\nFROM b");
    assert_sv_equal(slice(*state, s->as.explain.stmt->span), "SELECT a\nFROM b");
}

/* ---- queries */

static void clauses(void **state)
{
    const weir_ast_query *q =
        query(*state,
              "SELECT a AS x, b y, t.*, c->*, * FROM t WINDOW w HOPPING (SIZE 10 MINUTES, ADVANCE "
              "BY 1 MINUTE, RETENTION 1 DAY, GRACE PERIOD 2 HOURS) WHERE a > 1 GROUP BY (a, b) "
              "PARTITION BY c HAVING COUNT(*) > 2 EMIT FINAL LIMIT 7;");
    assert_int_equal(q->select.n, 5);
    assert_sv_equal(q->select.items[1].alias.name, "Y");
    assert_int_equal(q->select.items[2].kind, WEIR_ITEM_SOURCE_ALL);
    assert_int_equal(q->select.items[3].kind, WEIR_ITEM_STRUCT_ALL);
    assert_int_equal(q->select.items[4].kind, WEIR_ITEM_ALL);
    assert_int_equal(q->window->kind, WEIR_AST_WINDOW_HOPPING);
    assert_int_equal(q->window->size.count, 10);
    assert_int_equal(q->window->advance.unit, WEIR_UNIT_MINUTES);
    assert_int_equal(q->window->retention.unit, WEIR_UNIT_DAYS);
    assert_int_equal(q->window->grace.count, 2);
    assert_sv_equal(q->window->name.name, "W");
    assert_int_equal(q->group_by.n, 2);
    assert_int_equal(q->partition_by.n, 1);
    assert_non_null(q->having);
    assert_int_equal(q->emit, WEIR_EMIT_FINAL);
    assert_int_equal(q->limit, 7);
    assert_sv_equal(slice(*state, q->where_span), "WHERE a > 1");
    assert_sv_equal(slice(*state, q->group_by_span), "GROUP BY (a, b)");
}

static void clauses_in_other_order(void **state)
{
    const weir_ast_query *q =
        query(*state, "SELECT a FROM t WHERE a = 1 GROUP BY a WINDOW TUMBLING "
                      "(SIZE 5 MINUTES) LIMIT 1 EMIT CHANGES;");
    assert_non_null(q->where);
    assert_non_null(q->window);
    assert_int_equal(q->emit, WEIR_EMIT_CHANGES);
    q = query(*state, "SELECT a FROM t GROUP BY ();");
    assert_true(q->has_group_by);
    assert_int_equal(q->group_by.n, 0);
    q = query(*state, "SELECT a FROM t GROUP BY (a + b) * 2, c;");
    assert_int_equal(q->group_by.n, 2);
}

static void joins(void **state)
{
    const weir_ast_query *q = query(
        *state, "SELECT * FROM a x JOIN b AS y WITHIN 1 HOUR GRACE PERIOD 2 MINUTES ON x.k = y.k "
                "LEFT OUTER JOIN c WITHIN (1 DAY, 2 DAYS) ON x.k = c.k AND x.j = c.j RIGHT JOIN d "
                "ON x.k = d.k FULL JOIN e ON x.k = e.k INNER JOIN UNNEST(x.items) AS i;");
    static const weir_ast_join_kind kinds_expected[] = {
        WEIR_AST_JOIN_NONE,  WEIR_AST_JOIN_INNER, WEIR_AST_JOIN_LEFT,
        WEIR_AST_JOIN_RIGHT, WEIR_AST_JOIN_FULL,  WEIR_AST_JOIN_INNER,
    };
    assert_int_equal(q->from.n, WEIR_COUNT(kinds_expected));
    for (uint32_t i = 0; i < q->from.n; i++) {
        assert_int_equal(q->from.items[i].join, kinds_expected[i]);
    }
    assert_sv_equal(q->from.items[0].alias.name, "X");
    assert_int_equal(q->from.items[1].within->grace.count, 2);
    assert_int_equal(q->from.items[1].within->after.unit, WEIR_UNIT_HOURS);
    assert_int_equal(q->from.items[2].within->after.count, 2);
    assert_int_equal(q->from.items[2].on->kind, WEIR_X_LOGIC);
    assert_null(q->from.items[3].within);
    assert_int_equal(q->from.items[5].kind, WEIR_REL_UNNEST);
    assert_null(q->from.items[5].on);
    assert_sv_equal(slice(*state, q->from.items[3].span), "RIGHT JOIN d ON x.k = d.k");
}

static void subqueries(void **state)
{
    const weir_ast_query *q = query(
        *state, "WITH a AS (SELECT * FROM b), c AS (SELECT * FROM a) SELECT x FROM (SELECT "
                "*, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC, w) rn FROM c) AS d "
                "WHERE rn = 1 UNION ALL SELECT x FROM e ORDER BY x EMIT CHANGES LIMIT 3 OFFSET 4;");
    assert_int_equal(q->ctes.n, 2);
    assert_int_equal(q->from.items[0].kind, WEIR_REL_QUERY);
    const weir_ast_expr *rn = q->from.items[0].query->select.items[1].expr;
    assert_int_equal(rn->as.call.over->partition_by.n, 1);
    assert_true(rn->as.call.over->order_by.items[0].desc);
    assert_false(rn->as.call.over->order_by.items[1].desc);
    assert_int_equal(q->n_unions, 1);
    assert_int_equal(q->emit, WEIR_EMIT_CHANGES);
    assert_int_equal(q->unions[0]->emit, WEIR_EMIT_NONE);
    assert_int_equal(q->order_by.n, 1);
    assert_int_equal(q->offset, 4);
}

static void match_recognize(void **state)
{
    const weir_ast_query *q = query(
        *state,
        "SELECT u, x FROM e MATCH_RECOGNIZE (PARTITION BY u ORDER BY ROWTIME MEASURES A.v AS "
        "x, LAST(B.v) AS y ONE ROW PER MATCH AFTER MATCH SKIP TO LAST B PATTERN (A B*? (C | "
        "D E)+ F{2,} G{3}?) WITHIN INTERVAL '10' MINUTE DEFINE A AS A.v = 1, B AS true) AS m;");
    const weir_ast_match *m = q->from.items[0].match;
    assert_non_null(m);
    assert_sv_equal(q->from.items[0].alias.name, "M");
    assert_int_equal(m->measures.n, 2);
    assert_int_equal(m->skip, WEIR_SKIP_TO_LAST);
    assert_sv_equal(m->skip_to.name, "B");
    assert_int_equal(m->within.count, 10);
    assert_int_equal(m->defines.n, 2);
    const weir_ast_pattern *t = m->pattern;
    assert_int_equal(t->n, 5);
    assert_true(t->items[1]->reluctant);
    assert_int_equal(t->items[1]->max, WEIR_PATTERN_MANY);
    assert_int_equal(t->items[2]->min, 1);
    assert_int_equal(t->items[2]->kind, WEIR_PATTERN_ALT);
    assert_int_equal(t->items[2]->n, 2);
    assert_int_equal(t->items[2]->items[1]->kind, WEIR_PATTERN_SEQ);
    assert_int_equal(t->items[3]->min, 2);
    assert_int_equal(t->items[4]->max, 3);
    assert_true(t->items[4]->reluctant);
}

/* ---- names */

static void soft_keywords_are_names(void **state)
{
    /* A word is a keyword only where the grammar has a use for it. */
    static const char *const words[] = {
        "emit",   "changes", "window_x", "streams", "tables",  "topic",     "key",     "map",
        "array",  "struct",  "date",     "time",    "days",    "order",     "union",   "offset",
        "over",   "unnest",  "cross",    "size",    "session", "values",    "show",    "describe",
        "type",   "decimal", "interval", "id",      "match",   "pattern",   "define",  "partition",
        "source", "sink",    "replace",  "list",    "print",   "terminate", "explain", "timestamp",
    };
    for (size_t i = 0; i < WEIR_COUNT(words); i++) {
        char sql[512];
        snprintf(sql, sizeof sql,
                 "CREATE STREAM %s (%s INT KEY, b STRUCT<%s INT>) WITH (KAFKA_TOPIC='t'); "
                 "SELECT %s, x.%s, b->%s AS %s, f(%s), %s + 1 FROM %s WHERE %s = 1 GROUP BY %s;",
                 words[i], words[i], words[i], words[i], words[i], words[i], words[i], words[i],
                 words[i], words[i], words[i], words[i]);
        must_parse(*state, sql);
    }
    must_parse(*state, "select a from changes where emit emit changes;");
    must_parse(*state, "select order, union, over from t order emit changes;");
}

static void names(void **state)
{
    const weir_ast_query *q =
        query(*state, "SELECT aBc, `aBc`, \"a\"\"b\", `a``b`, 1R, a@b FROM \"my-source\" AS 1x;");
    static const char *const expected[] = {"ABC", "aBc", "a\"b", "a`b", "1R", "A@B"};
    for (uint32_t i = 0; i < WEIR_COUNT(expected); i++) {
        assert_sv_equal(q->select.items[i].expr->as.column.name.name, expected[i]);
    }
    assert_sv_equal(q->from.items[0].name.name, "my-source");
    assert_sv_equal(q->from.items[0].alias.name, "1X");
}

static void reserved(void **state)
{
    (void)state;
    assert_true(weir_is_reserved(WEIR_SV("select")));
    assert_false(weir_is_reserved(WEIR_SV("streams")));
    assert_true(weir_needs_quotes(WEIR_SV("SELECT")));
    assert_true(weir_needs_quotes(WEIR_SV("abc")));
    assert_true(weir_needs_quotes(WEIR_SV("A-B")));
    assert_true(weir_needs_quotes(WEIR_SV("")));
    assert_true(weir_needs_quotes(WEIR_SV("12")));
    assert_true(weir_needs_quotes(WEIR_SV("1E5")));
    assert_false(weir_needs_quotes(WEIR_SV("1R")));
    assert_false(weir_needs_quotes(WEIR_SV("A_1@")));
}

/* ---- expressions */

static void literals(void **state)
{
    assert_int_equal(expression(*state, "2147483647")->kind, WEIR_X_INTEGER);
    assert_int_equal(expression(*state, "2147483648")->kind, WEIR_X_BIGINT);
    assert_int_equal(expression(*state, "-2147483648")->kind, WEIR_X_INTEGER);
    assert_int_equal(expression(*state, "-2147483649")->kind, WEIR_X_BIGINT);
    assert_true(expression(*state, "-9223372036854775808")->as.integer == INT64_MIN);
    assert_int_equal(expression(*state, "1.50")->kind, WEIR_X_DECIMAL);
    assert_sv_equal(expression(*state, "- .5")->as.text, "-.5");
    assert_sv_equal(expression(*state, "1.")->as.text, "1.");
    assert_sv_equal(expression(*state, "DECIMAL '-1.5'")->as.text, "-1.5");
    assert_true(expression(*state, "1.5E3")->as.real == 1500.0);
    assert_true(expression(*state, "-1e-2")->as.real == -0.01);
    assert_sv_equal(expression(*state, "'it''s'")->as.text, "it's");
    assert_sv_equal(expression(*state, "''")->as.text, "");
    assert_true(expression(*state, "tRuE")->as.boolean);
    assert_int_equal(expression(*state, "NULL")->kind, WEIR_X_NULL);
    assert_int_equal(expression(*state, "- -5")->kind, WEIR_X_UNARY);
    assert_int_equal(expression(*state, "a -5")->kind, WEIR_X_BINARY);
}

static void calls(void **state)
{
    const weir_ast_expr *e = expression(*state, "TIMESTAMPADD(DAYS, 3, ts)");
    weir_unit unit;
    assert_true(weir_ast_expr_as_unit(e->args[0], &unit));
    assert_int_equal(unit, WEIR_UNIT_DAYS);
    assert_false(weir_ast_expr_as_unit(e->args[2], &unit));
    assert_true(expression(*state, "COUNT(*)")->as.call.star);
    assert_true(expression(*state, "COUNT(DISTINCT a)")->as.call.distinct);
    e = expression(*state, "REDUCE(m, 0, (k, v) => k + v)");
    assert_int_equal(e->args[2]->kind, WEIR_X_LAMBDA);
    assert_int_equal(e->args[2]->as.names.n, 2);
    e = expression(*state, "TRANSFORM(a, x => FILTER(x, y => y > x))");
    assert_int_equal(e->args[1]->args[0]->args[1]->kind, WEIR_X_LAMBDA);
    e = expression(*state, "f((x) => x)");
    assert_int_equal(e->args[0]->as.names.n, 1);
    assert_int_equal(expression(*state, "MAP(1 := 2, 3 := 4)")->n, 4);
    assert_int_equal(expression(*state, "STRUCT(a := 1, b := 2)")->as.names.n, 2);
    assert_int_equal(expression(*state, "ARRAY[]")->n, 0);
    assert_int_equal(expression(*state, "map[1]")->kind, WEIR_X_INDEX);
    assert_int_equal(expression(*state, "a OR b OR c OR d")->n, 4);
    e = expression(*state, "CASE a WHEN 1 THEN 2 WHEN 3 THEN 4 ELSE 5 END");
    assert_true(e->as.kase.has_operand && e->as.kase.has_else);
    assert_int_equal(e->n, 6);
}

/* Errors of ksqlDB point at the operator of a binary node. */
static void positions(void **state)
{
    const weir_ast_query *q = query(*state, "SELECT (a +\n b) AS c FROM t;");
    const weir_ast_expr *e = q->select.items[0].expr;
    assert_sv_equal(slice(*state, e->span), "(a +\n b)");
    assert_sv_equal(slice(*state, e->at), "+");
    assert_sv_equal(slice(*state, e->args[1]->span), "b");
    assert_sv_equal(slice(*state, q->select.items[0].span), "(a +\n b) AS c");
}

static void equality(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool equal;
    } cases[] = {
        {"a+B", "A + b", true},
        {"f(a, 'x')", "F(A, 'x')", true},
        {"f(a, 'x')", "f(a, 'X')", false},
        {"a", "`a`", false},
        {"CAST(a AS ARRAY<INT>)", "CAST(a AS INTEGER ARRAY)", true},
        {"CAST(a AS DECIMAL(1,0))", "CAST(a AS DECIMAL(2,0))", false},
        {"a IS NULL", "a IS NOT NULL", false},
        {"x.a", "a", false},
        {"COUNT(*)", "COUNT(a)", false},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        const weir_ast_expr *a = expression(*state, cases[i].a);
        const weir_ast_expr *b = expression(*state, cases[i].b);
        assert_int_equal(weir_ast_expr_eq(a, b), cases[i].equal);
    }
}

static bool count_nodes(void *user, const weir_ast_expr *e)
{
    (void)e;
    ++*(int *)user;
    return true;
}

static void walking(void **state)
{
    int n = 0;
    weir_ast_walk(expression(*state, "f(a, b + 1) OVER (PARTITION BY c ORDER BY d)"), count_nodes,
                  &n);
    assert_int_equal(n, 7);
}

/* ---- types */

static weir_ast_type *type_of(fixture *f, const char *text)
{
    weir_ast_type *t;
    assert_int_equal(weir_parse_type(weir_sv_cstr(text), &f->a, &t, &f->diags), WEIR_OK);
    return t;
}

static void types(void **state)
{
    assert_int_equal(type_of(*state, "INT")->kind, WEIR_TY_INTEGER);
    assert_int_equal(type_of(*state, "varchar(STRING)")->kind, WEIR_TY_STRING);
    weir_ast_type *t = type_of(*state, "DECIMAL(10, 2)");
    assert_int_equal(t->precision, 10);
    assert_int_equal(t->scale, 2);
    t = type_of(*state, "MAP<STRING, ARRAY<STRUCT<a INT, `b` address>>>");
    assert_int_equal(t->depth, 4);
    assert_int_equal(t->item->item->fields.items[1].type->kind, WEIR_TY_CUSTOM);
    assert_sv_equal(t->item->item->fields.items[1].type->name.name, "ADDRESS");
    assert_int_equal(type_of(*state, "INT ARRAY ARRAY")->item->kind, WEIR_TY_ARRAY);
    assert_int_equal(type_of(*state, "STRUCT<>")->fields.n, 0);
    assert_int_equal(type_of(*state, "STRUCT< >")->fields.n, 0);
    weir_ast_columns columns;
    fixture *f = *state;
    assert_int_equal(
        weir_parse_columns(WEIR_SV("`ID` BIGINT KEY, V ARRAY<STRING>"), &f->a, &columns, &f->diags),
        WEIR_OK);
    assert_int_equal(columns.n, 2);
}

/* ---- scripts */

static void recovery(void **state)
{
    fixture *f = *state;
    weir_rc rc = weir_parse_script(
        WEIR_SV("\xef\xbb\xbf-- first; not a statement\r\n"
                "SELECT FROM 'a;b' \";\" /* ; */ `;`;\r\n"
                "SELECT 1 FROM t;;\n"
                "SELECT 2 FROM t\n"
                "CREATE STREAM x (a INT);\n"
                "SELECT 3 FROM t;\n"
                "CREATE STREAM y (a INT) WITH (KEY_FORMAT = JSON', VALUE_FORMAT='JSON');\n"
                "SELECT 'a;\n"
                "SELECT 4 FROM t;"),
        &f->a, &f->script, &f->diags);
    assert_int_equal(rc, WEIR_ESQL);
    assert_int_equal(f->script.n_failed, 4);
    assert_int_equal(f->diags.n, 4);
    assert_int_equal(f->script.n_stmts, 4);
    assert_sv_equal(f->script.stmts[0]->text, "SELECT 1 FROM t;");
    assert_sv_equal(f->script.stmts[1]->text, "CREATE STREAM x (a INT);");
    assert_sv_equal(f->script.stmts[2]->text, "SELECT 3 FROM t;");
    assert_sv_equal(f->script.stmts[3]->text, "SELECT 4 FROM t;");
    assert_sv_equal(slice(f, f->diags.items[0].stmt), "SELECT FROM 'a;b' \";\" /* ; */ `;`;");
}

static void directives(void **state)
{
    fixture *f = *state;
    must_parse(
        f,
        "--@test: first one \nSELECT 1 FROM t;\n--@expected.error: X\n--@flag\nSELECT 2 FROM t;");
    assert_int_equal(f->script.n_directives, 3);
    assert_sv_equal(f->script.directives[0].name, "test");
    assert_sv_equal(f->script.directives[0].value, "first one");
    assert_sv_equal(f->script.directives[2].name, "flag");
    assert_true(f->script.directives[1].span.at > f->script.stmts[0]->span.at);
    assert_true(f->script.directives[1].span.at < f->script.stmts[1]->span.at);
    assert_int_equal(f->script.n_stmts, 2);
}

static void nothing(void **state)
{
    fixture *f = *state;
    must_parse(f, "");
    must_parse(f, " \n-- x\n--\nSELECT 1 FROM t; --\n;;/***/ /* * ** */");
    assert_int_equal(f->script.n_stmts, 1);
}

static void single_statement(void **state)
{
    fixture *f = *state;
    weir_ast_stmt *s;
    assert_int_equal(weir_parse_statement(WEIR_SV("SELECT a FROM b "), &f->a, &s, &f->diags),
                     WEIR_OK);
    assert_sv_equal(s->text, "SELECT a FROM b");
    assert_int_equal(weir_parse_statement(WEIR_SV(" SHOW TABLES; "), &f->a, &s, &f->diags),
                     WEIR_OK);
    assert_sv_equal(s->text, "SHOW TABLES;");
    assert_int_equal(f->diags.n, 0);
    assert_int_equal(weir_parse_statement(WEIR_SV("SHOW TABLES; SHOW"), &f->a, &s, &f->diags),
                     WEIR_ESQL);
    assert_null(s);
    assert_int_equal(weir_parse_statement(WEIR_SV(""), &f->a, &s, &f->diags), WEIR_ESQL);
    assert_int_equal(weir_parse_statement(WEIR_SV("SELECT a FROM"), &f->a, &s, &f->diags),
                     WEIR_ESQL);
}

/* ---- limits */

static weir_rc parse_repeated(fixture *f, const char *before, const char *part, uint32_t times,
                              const char *after)
{
    weir_buf sql;
    weir_buf_init(&sql, 0);
    weir_buf_str(&sql, before);
    for (uint32_t i = 0; i < times; i++) {
        weir_buf_str(&sql, part);
    }
    weir_buf_str(&sql, after);
    f->diags.n = 0;
    weir_rc rc = weir_parse_script(weir_buf_view(&sql), &f->a, &f->script, &f->diags);
    weir_buf_deinit(&sql);
    return rc;
}

static void limits(void **state)
{
    fixture *f = *state;
    assert_int_equal(parse_repeated(f, "SELECT ", "(", 100000, "a FROM t;"), WEIR_ELIMIT);
    assert_int_equal(parse_repeated(f, "SELECT a", " + a", 100000, " FROM t;"), WEIR_ELIMIT);
    assert_int_equal(parse_repeated(f, "SELECT a", "[1]", 100000, " FROM t;"), WEIR_ELIMIT);
    assert_int_equal(parse_repeated(f, "SELECT ", "NOT ", 100000, "a FROM t;"), WEIR_ELIMIT);
    assert_int_equal(parse_repeated(f, "SELECT CAST(a AS INT", " ARRAY", 100, ") FROM t;"),
                     WEIR_ELIMIT);
    assert_int_equal(parse_repeated(f, "SELECT * FROM ", "(SELECT * FROM ", 1000, "t;"),
                     WEIR_ELIMIT);
    assert_int_equal(parse_repeated(f, "", "EXPLAIN ", 1000, "q;"), WEIR_ELIMIT);
    assert_int_equal(parse_repeated(f, "SELECT a", ", a", 100001, " FROM t;"), WEIR_ELIMIT);
    assert_int_equal(parse_repeated(f, "CREATE STREAM s (a INT", ", a INT", 5000, ");"),
                     WEIR_ELIMIT);
    assert_int_equal(parse_repeated(f, "SELECT '", "aaaaaaaaaaaaaaaa", 300000, "' FROM t;"),
                     WEIR_ELIMIT);
    assert_int_equal(parse_repeated(f, "SELECT over ", "over ", 100000, ";"), WEIR_ESQL);
    /* Long, but flat: legal. */
    assert_int_equal(parse_repeated(f, "SELECT a FROM t WHERE a = 1", " OR a = 2", 20000, ";"),
                     WEIR_OK);
    assert_int_equal(parse_repeated(f, "SELECT a FROM t WHERE a IN (1", ", 2", 90000, ");"),
                     WEIR_OK);
    assert_int_equal(parse_repeated(f, "SELECT a FROM t", " JOIN t ON a = b", 10000, ";"), WEIR_OK);
    assert_int_equal(parse_repeated(f, "SELECT ", "- ", 150, "a FROM t;"), WEIR_OK);
    assert_int_equal(parse_repeated(f, "", "x; ", 300, ""), WEIR_ESQL);
    assert_int_equal(f->diags.n, WEIR_DIAGNOSTICS_MAX);
}

/* ---- variables */

static bool look_up(void *user, weir_sv name, weir_sv *value)
{
    (void)user;
    static const char *const pairs[][2] = {
        {"name", "my_stream"},       {"lit", "'it''s'"},    {"num", "-5"},       {"q", "it's"},
        {"bad", "a; DROP STREAM b"}, {"comment", "1 -- x"}, {"quoted", "`a b`"},
    };
    for (size_t i = 0; i < WEIR_COUNT(pairs); i++) {
        if (weir_sv_eq(name, weir_sv_cstr(pairs[i][0]))) {
            *value = weir_sv_cstr(pairs[i][1]);
            return true;
        }
    }
    return false;
}

static void substitution(void **state)
{
    fixture *f = *state;
    weir_status st;
    weir_status_reset(&st);
    weir_sv out;
    weir_sv text =
        WEIR_SV("SELECT ${lit}, ${num}, 'x ${q} ${none}', `${q}` /* ${q} */ FROM ${name};");
    assert_ok(weir_substitute(text, look_up, NULL, &f->a, &out, &st), &st);
    assert_sv_equal(out,
                    "SELECT 'it''s', -5, 'x it''s ${none}', `${q}` /* ${q} */ FROM my_stream;");
    assert_ok(weir_substitute(WEIR_SV("a ${none} $ { ${1}"), look_up, NULL, &f->a, &out, &st), &st);
    assert_sv_equal(out, "a ${none} $ { ${1}");
    assert_int_equal(weir_substitute(WEIR_SV("a ${bad}"), look_up, NULL, &f->a, &out, &st),
                     WEIR_ESQL);
    assert_int_equal(weir_substitute(WEIR_SV("${comment}"), look_up, NULL, &f->a, &out, &st),
                     WEIR_ESQL);
    assert_ok(weir_substitute(WEIR_SV("${quoted}"), look_up, NULL, &f->a, &out, &st), &st);
    assert_sv_equal(out, "`a b`");
}

static void variables_parse(void **state)
{
    const weir_ast_stmt *s = one(*state, "CREATE STREAM ${name} (a INT) WITH (KAFKA_TOPIC=${t});");
    assert_true(s->has_variables);
    assert_true(s->as.create.name.variable);
    assert_int_equal(s->as.create.props.items[0].value->kind, WEIR_X_VARIABLE);
    assert_true(one(*state, "SET 'a'='${b}';")->has_variables);
    assert_false(one(*state, "SET 'a'='b';")->has_variables);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(kinds),
        TEST(listings),
        TEST(create_details),
        TEST(written_case),
        TEST(explained_text),
        TEST(clauses),
        TEST(clauses_in_other_order),
        TEST(joins),
        TEST(subqueries),
        TEST(match_recognize),
        TEST(soft_keywords_are_names),
        TEST(names),
        TEST(reserved),
        TEST(literals),
        TEST(calls),
        TEST(positions),
        TEST(equality),
        TEST(walking),
        TEST(types),
        TEST(recovery),
        TEST(directives),
        TEST(nothing),
        TEST(single_statement),
        TEST(limits),
        TEST(substitution),
        TEST(variables_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
