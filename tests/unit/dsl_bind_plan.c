/* The plans that queries become: which nodes, which columns are left, who sees old values; and the
 * values of INSERT VALUES. */
#include "tests/support/bind_test.h"

/* "Source(ID AMOUNT) Filter … Sink": kinds with their columns; `+old`, `+state`, `+keep` (re-keys
 * that keep rows without key), `+stay` (those that leave rows where they are). */
static void plan_is(bind_world *w, const char *sql, const char *text)
{
    must_bind(w, sql);
    const weir_plan *p =
        w->last.kind == WEIR_B_SELECT ? w->last.as.select.plan : w->last.as.create.plan;
    assert_non_null(p);
    weir_buf buf;
    weir_buf_init(&buf, 0);
    for (uint32_t i = 0; i < p->n; i++) {
        const weir_node *n = p->nodes[i];
        weir_buf_printf(&buf, "%s%s(", i ? " " : "", weir_node_name(n->kind));
        for (uint32_t c = 0; c < n->schema->n; c++) {
            weir_buf_printf(&buf, "%s%s" WEIR_SV_FMT, c ? " " : "",
                            c < n->schema->n_keys ? "*" : "", WEIR_SV_ARG(n->schema->cols[c].name));
        }
        weir_buf_printf(&buf, ")%s%s%s%s", n->need_old ? "+old" : "",
                        n->kind == WEIR_N_SOURCE && n->scan.materialize ? "+state" : "",
                        n->kind == WEIR_N_REKEY && !n->rekey.skip_null ? "+keep" : "",
                        n->kind == WEIR_N_REKEY && n->rekey.stays ? "+stay" : "");
    }
    assert_string_equal(weir_buf_cstr(&buf), text);
    weir_buf_deinit(&buf);
}

static void streams(void **state)
{
    bind_world *w = *state;
    plan_is(w, "CREATE STREAM o AS SELECT id, amount + 1 AS a FROM orders WHERE note = 'x';",
            "Source(*ID AMOUNT NOTE) Filter(*ID AMOUNT NOTE) Project(*ID A) Sink(*ID A)");
    plan_is(w, "CREATE STREAM p AS SELECT user_id, amount FROM orders PARTITION BY user_id;",
            "Source(*ID USER_ID AMOUNT) Rekey(*USER_ID AMOUNT)+keep Project(*USER_ID AMOUNT) "
            "Sink(*USER_ID AMOUNT)");
    plan_is(w, "CREATE STREAM q AS SELECT id, amount FROM orders PARTITION BY id;",
            "Source(*ID AMOUNT) Project(*ID AMOUNT) Sink(*ID AMOUNT)");
    plan_is(w, "CREATE STREAM r AS SELECT id, EXPLODE(tags)->n FROM orders;",
            "Source(*ID TAGS) FlatMap(*ID TAGS KSQL_SYNTH_0) Project(*ID N) Sink(*ID N)");
    plan_is(
        w,
        "CREATE STREAM s AS SELECT id, tag.n AS n FROM orders JOIN UNNEST(tags) AS tag"
        " WHERE tag->k = 'x';",
        "Source(*ID TAGS) FlatMap(*ID TAGS TAG) Filter(*ID TAGS TAG) Project(*ID N) Sink(*ID N)");
    plan_is(w,
            "CREATE STREAM t AS SELECT id, n FROM orders JOIN UNNEST(tags) AS tag WHERE k = 'x';",
            "Source(*ID TAGS) FlatMap(*ID TAGS TAG) Filter(*ID TAGS TAG) Project(*ID N) "
            "Sink(*ID N)");
    must_refuse(w, "CREATE STREAM u AS SELECT id FROM orders JOIN UNNEST(note) AS n;",
                "UNNEST needs an ARRAY, but got STRING.", "note");
    plan_is(w, "SELECT amount FROM orders EMIT CHANGES;",
            "Source(*ID AMOUNT) Project(*ID AMOUNT) Sink(*ID AMOUNT)");
}

static void groups(void **state)
{
    bind_world *w = *state;
    plan_is(w,
            "CREATE TABLE t AS SELECT user_id, COUNT(*) AS n FROM orders GROUP BY user_id"
            " HAVING SUM(amount) > 1;",
            "Source(*ID USER_ID AMOUNT) Rekey(*USER_ID KSQL_ARG_0) "
            "Aggregate(*USER_ID KSQL_AGG_VARIABLE_0 KSQL_AGG_VARIABLE_1)+old "
            "Filter(*USER_ID KSQL_AGG_VARIABLE_0 KSQL_AGG_VARIABLE_1) Project(*USER_ID N) "
            "Sink(*USER_ID N)");
    plan_is(w,
            "CREATE TABLE u AS SELECT city, COUNT(*) AS n FROM users WHERE name <> 'x'"
            " GROUP BY city;",
            "Source(*ID NAME CITY)+old+state Filter(*ID NAME CITY)+old Rekey(*CITY)+old "
            "Aggregate(*CITY KSQL_AGG_VARIABLE_0) Project(*CITY N) Sink(*CITY N)");
    plan_is(w,
            "CREATE TABLE v AS SELECT user_id, COUNT(*) AS n FROM orders"
            " WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD 5 MINUTES) GROUP BY user_id EMIT FINAL;",
            "Source(*ID USER_ID) Rekey(*USER_ID) "
            "Aggregate(*USER_ID KSQL_AGG_VARIABLE_0 WINDOWSTART WINDOWEND) "
            "Project(*USER_ID N WINDOWSTART WINDOWEND) Sink(*USER_ID N WINDOWSTART WINDOWEND)");
    const weir_plan *p = w->last.as.create.plan;
    assert_true(p->emit_final && p->nodes[2]->aggregate.emit_final);
    assert_int_equal(p->nodes[2]->window.grace_ms, 300000);
    assert_int_equal(p->nodes[2]->window.retention_ms, 3900000);
    schema_is(w, "V", "`USER_ID` INTEGER KEY, `N` BIGINT");
    plan_is(w, "SELECT id, COUNT(*) FROM orders WHERE amount > 1 GROUP BY id EMIT CHANGES;",
            "Source(*ID AMOUNT) Filter(*ID AMOUNT) Rekey(*ID)+stay "
            "Aggregate(*ID KSQL_AGG_VARIABLE_0) Project(*ID ID KSQL_COL_0) "
            "Sink(*ID ID KSQL_COL_0)");
    plan_is(w, "SELECT COUNT(*) FROM orders GROUP BY id + 0 EMIT CHANGES;",
            "Source(*ID) Rekey(*KSQL_COL_1) Aggregate(*KSQL_COL_1 KSQL_AGG_VARIABLE_0) "
            "Project(*KSQL_COL_1 KSQL_COL_0) Sink(*KSQL_COL_1 KSQL_COL_0)");
    plan_is(w, "SELECT COUNT(*) FROM orders EMIT CHANGES;",
            "Source(*ID) Rekey(*KSQL_COL_0) Aggregate(*KSQL_COL_0 KSQL_AGG_VARIABLE_0) "
            "Project(*KSQL_COL_0 KSQL_COL_0) Sink(*KSQL_COL_0 KSQL_COL_0)");
}

static void joined(void **state)
{
    bind_world *w = *state;
    plan_is(w,
            "CREATE STREAM a AS SELECT o.id, page FROM orders o LEFT JOIN clicks c"
            " WITHIN 1 HOUR GRACE PERIOD 1 MINUTE ON o.id = c.id;",
            "Source(*O_ID) Source(*C_ID C_PAGE) StreamJoin(*O_ID O_ID C_ID C_PAGE) "
            "Project(*O_ID PAGE) Sink(*O_ID PAGE)");
    assert_int_equal(w->last.as.create.plan->nodes[2]->join.grace_ms, 60000);
    plan_is(w,
            "CREATE STREAM b AS SELECT o.user_id, page FROM orders o LEFT JOIN clicks c"
            " WITHIN 1 HOUR ON o.user_id = c.user_id;",
            "Source(*O_ID O_USER_ID) Source(*C_ID C_USER_ID C_PAGE) Rekey(*KSQL_KEY_0)+keep "
            "Rekey(*KSQL_KEY_0 C_PAGE) StreamJoin(*O_USER_ID KSQL_KEY_0 KSQL_KEY_0 C_PAGE) "
            "Project(*O_USER_ID PAGE) Sink(*O_USER_ID PAGE)");
    plan_is(w,
            "CREATE STREAM c AS SELECT c.user_id, page, name FROM clicks c JOIN users u"
            " ON c.user_id = u.id;",
            "Source(*C_ID C_USER_ID C_PAGE) Source(*U_ID U_NAME) Rekey(*KSQL_KEY_0 C_PAGE) "
            "LookupJoin(*C_USER_ID KSQL_KEY_0 C_PAGE U_ID U_NAME) Project(*USER_ID PAGE NAME) "
            "Sink(*USER_ID PAGE NAME)");
    plan_is(
        w, "CREATE TABLE d AS SELECT u.id, c.name FROM users u JOIN cities c ON u.city = c.id;",
        "Source(*U_ID U_CITY)+old+state Source(*C_ID C_NAME)+old+state "
        "ForeignKeyJoin(*U_ID U_ID U_CITY C_ID C_NAME) Project(*U_ID C_NAME) Sink(*U_ID C_NAME)");
    plan_is(w,
            "CREATE TABLE e AS SELECT ROWKEY AS k, u.name FROM users u FULL JOIN cities c"
            " ON u.id = c.id WHERE c.name = 'x';",
            "Source(*U_ID U_NAME)+old+state Source(*C_ID C_NAME)+old+state "
            "TableJoin(*ROWKEY U_ID U_NAME C_ID C_NAME)+old "
            "Filter(*ROWKEY U_ID U_NAME C_ID C_NAME) Project(*K U_NAME) Sink(*K U_NAME)");
    assert_int_equal(w->last.as.create.plan->nodes[2]->join.key_side, 2);
}

/* ksqlDB's right join is the left join of the two swapped, with the window as written; the default
 * of GRACE looks at the time before only. EMIT FINAL waits for nobody unless told to. */
static void join_windows(void **state)
{
    bind_world *w = *state;
    const int64_t hour = 3600000;
    must_bind(w, "CREATE STREAM a AS SELECT o.id, page FROM orders o JOIN clicks c"
                 " WITHIN (1 HOUR, 2 HOURS) ON o.id = c.id;");
    const weir_node *join = w->last.as.create.plan->nodes[2];
    assert_int_equal(join->join.before_ms, hour);
    assert_int_equal(join->join.after_ms, 2 * hour);
    assert_int_equal(join->join.grace_ms, 22 * hour);
    must_bind(w, "CREATE STREAM b AS SELECT c.id, page FROM orders o RIGHT JOIN clicks c"
                 " WITHIN (1 HOUR, 2 HOURS) ON o.id = c.id;");
    join = w->last.as.create.plan->nodes[2];
    assert_int_equal(join->join.before_ms, 2 * hour);
    assert_int_equal(join->join.after_ms, hour);
    assert_int_equal(join->join.grace_ms, 22 * hour);
    must_bind(w, "CREATE TABLE c AS SELECT user_id, COUNT(*) AS n FROM orders"
                 " WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY user_id EMIT FINAL;");
    const weir_window *window = &w->last.as.create.plan->nodes[2]->window;
    assert_int_equal(window->grace_ms, 0);
    assert_int_equal(window->retention_ms, hour);
    must_bind(w, "CREATE TABLE d AS SELECT user_id, COUNT(*) AS n FROM orders"
                 " WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY user_id;");
    assert_int_equal(w->last.as.create.plan->nodes[2]->window.grace_ms, 23 * hour);
}

/* What ksqlDB does not do. */
static void extensions(void **state)
{
    bind_world *w = *state;
    plan_is(w,
            "CREATE STREAM a AS SELECT x.id, y.amount FROM orders x JOIN orders y WITHIN 1 HOUR"
            " ON x.id = y.id AND x.amount < y.amount;",
            "Source(*X_ID X_AMOUNT) Source(*Y_ID Y_AMOUNT) "
            "StreamJoin(*X_ID X_ID X_AMOUNT Y_ID Y_AMOUNT) Project(*X_ID Y_AMOUNT) Sink(*X_ID "
            "Y_AMOUNT)");
    assert_non_null(w->last.as.create.plan->nodes[2]->join.residual);
    plan_is(w,
            "CREATE STREAM b WITH (key_format = 'JSON') AS SELECT o.id, o.user_id, page"
            " FROM orders o JOIN clicks c WITHIN 1 HOUR ON o.id = c.id AND o.user_id = c.user_id;",
            "Source(*O_ID O_USER_ID) Source(*C_ID C_USER_ID C_PAGE) "
            "Rekey(*KSQL_KEY_0 *KSQL_KEY_1) Rekey(*KSQL_KEY_0 *KSQL_KEY_1 C_PAGE) "
            "StreamJoin(*O_ID *O_USER_ID KSQL_KEY_0 KSQL_KEY_1 KSQL_KEY_0 KSQL_KEY_1 C_PAGE) "
            "Project(*O_ID *O_USER_ID PAGE) Sink(*O_ID *O_USER_ID PAGE)");
    must_refuse(w,
                "CREATE STREAM c AS SELECT o.id, page FROM orders o JOIN clicks c WITHIN 1 HOUR"
                " ON o.id = c.id AND o.id = c.id;",
                "joins on multiple conditions are not yet supported.", NULL);
}

/* Conditions beside the equality between tables become steps behind the join. */
static void table_conditions(void **state)
{
    bind_world *w = *state;
    plan_is(w,
            "CREATE TABLE a AS SELECT u.id, u.name, c.name FROM users u JOIN cities c"
            " ON u.id = c.id AND u.name < c.name;",
            "Source(*U_ID U_NAME)+old+state Source(*C_ID C_NAME)+old+state TableJoin(*U_ID "
            "U_ID U_NAME C_ID C_NAME)+old Filter(*U_ID U_ID U_NAME C_ID C_NAME) "
            "Project(*U_ID U_NAME C_NAME) Sink(*U_ID U_NAME C_NAME)");
    plan_is(w,
            "CREATE TABLE b AS SELECT u.id, u.name, c.name FROM users u LEFT JOIN cities c"
            " ON u.id = c.id AND u.name < c.name;",
            "Source(*U_ID U_NAME)+old+state Source(*C_ID C_NAME)+old+state TableJoin(*U_ID "
            "U_ID U_NAME C_ID C_NAME) Project(*U_ID U_NAME C_NAME) Project(*U_ID U_NAME "
            "C_NAME) Sink(*U_ID U_NAME C_NAME)");
    must_refuse(w,
                "CREATE TABLE c AS SELECT ROWKEY, u.name FROM users u FULL JOIN cities c"
                " ON u.id = c.id AND u.name < c.name;",
                "a condition beside the equality in a full outer join of tables", "u.name");
    plan_is(w,
            "CREATE STREAM d AS SELECT o.id, o.user_id, page FROM orders o JOIN clicks c"
            " WITHIN 1 HOUR ON o.id = c.id AND o.user_id = c.user_id;",
            "Source(*O_ID O_USER_ID) Source(*C_ID C_USER_ID C_PAGE) Rekey(*KSQL_KEY_0 "
            "*KSQL_KEY_1) Rekey(*KSQL_KEY_0 *KSQL_KEY_1 C_PAGE) StreamJoin(*O_ID "
            "*O_USER_ID KSQL_KEY_0 KSQL_KEY_1 KSQL_KEY_0 KSQL_KEY_1 C_PAGE) Project(*O_ID "
            "*O_USER_ID PAGE) Sink(*O_ID *O_USER_ID PAGE)");
    assert_int_equal(w->last.as.create.source.key_format.kind, WEIR_FMT_JSON);
}

static void queries_in_from(void **state)
{
    bind_world *w = *state;
    plan_is(w,
            "CREATE STREAM a AS SELECT id, b FROM (SELECT id, amount + 1 AS b FROM orders) x"
            " WHERE x.b > 1;",
            "Source(*ID AMOUNT) Project(*ID B) Filter(*ID B) Project(*ID B) "
            "Sink(*ID B)");
    plan_is(w,
            "CREATE TABLE b AS WITH t AS (SELECT user_id, COUNT(*) AS n FROM orders GROUP BY"
            " user_id) SELECT n, COUNT(*) AS users FROM t GROUP BY n;",
            "Source(*ID USER_ID) Rekey(*USER_ID) Aggregate(*USER_ID "
            "KSQL_AGG_VARIABLE_0)+old Project(*USER_ID N)+old Rekey(*N)+old "
            "Aggregate(*N KSQL_AGG_VARIABLE_0) Project(*N USERS) Sink(*N USERS)");
    assert_int_equal(w->last.as.create.n_reads, 1);
    plan_is(w,
            "CREATE STREAM c AS WITH x AS (SELECT id, amount FROM orders), y AS (SELECT * FROM x"
            " WHERE amount > 1) SELECT x.id, y.amount FROM x JOIN y WITHIN 1 HOUR ON x.id = y.id;",
            "Source(*ID) Project(*ID) Source(*ID AMOUNT) Project(*ID AMOUNT) "
            "Filter(*ID AMOUNT) Project(*ID AMOUNT) Project(*X_ID) Project(*Y_ID "
            "Y_AMOUNT) StreamJoin(*X_ID X_ID Y_ID Y_AMOUNT) Project(*X_ID Y_AMOUNT) "
            "Sink(*X_ID Y_AMOUNT)");
    must_refuse(w, "CREATE STREAM d AS SELECT id, note FROM (SELECT id, amount FROM orders);",
                "SELECT column 'NOTE' cannot be resolved.", "note");
    must_refuse(w, "CREATE STREAM d AS SELECT * FROM (SELECT amount FROM orders) x;",
                "must include the key column ID in its projection", NULL);
    must_refuse(w,
                "CREATE STREAM d AS WITH x AS (SELECT * FROM y), y AS (SELECT * FROM orders)"
                " SELECT * FROM x;",
                "Y does not exist.", "y");
}

/* Each name stands for the one before it twice: the plan would have 2^40 steps. */
static void names_that_double(void **state)
{
    bind_world *w = *state;
    weir_buf sql;
    weir_buf_init(&sql, 0);
    weir_buf_str(&sql, "CREATE STREAM z AS WITH x0 AS (SELECT id, amount FROM orders)");
    for (int i = 1; i < 40; i++) {
        weir_buf_printf(&sql,
                        ", x%d AS (SELECT a.id AS id, b.amount AS amount FROM x%d a JOIN x%d b"
                        " WITHIN 1 HOUR ON a.id = b.id)",
                        i, i - 1, i - 1);
    }
    weir_buf_str(&sql, " SELECT * FROM x39;");
    assert_int_equal(bind_script(w, weir_buf_cstr(&sql)), WEIR_ELIMIT);
    weir_buf_deinit(&sql);
}

static void inserted_values(void **state)
{
    bind_world *w = *state;
    must_bind(w, "INSERT INTO orders (rowtime, id, amount, price, day)"
                 " VALUES (1234, 1, 2, 3, '2020-01-02');");
    const weir_bound_insert *in = &w->last.as.insert;
    assert_true(in->has_rowtime);
    assert_int_equal(in->rowtime, 1234);
    assert_int_equal(in->values[0].i32, 1);
    assert_int_equal(in->values[2].i64, 2);
    assert_true(in->values[3].null && !in->given[3]);
    assert_int_equal((int64_t)in->values[4].dec.i, 300);
    assert_int_equal(in->values[7].i32, 18263);
    must_refuse(
        w, "INSERT INTO orders (id) VALUES ('x');",
        "Failed to insert values into 'ORDERS'. Expected type INTEGER for field `ID` but got "
        "STRING(x)",
        "'x'");
    must_refuse(w, "INSERT INTO orders (id, nope) VALUES (1, 2);",
                "Column name `NOPE` does not exist.", "nope");
    must_refuse(w, "INSERT INTO orders (id, amount) VALUES (1);",
                "Expected a value for each column. Expected Columns: [`ID`, `AMOUNT`]. Got [1]",
                NULL);
    must_refuse(w, "INSERT INTO orders (id, rowoffset) VALUES (1, 2);",
                "Inserting into column `ROWOFFSET` is not allowed.", NULL);
    must_refuse(w, "INSERT INTO users (name) VALUES ('x');",
                "Value for primary key column(s) ID is required for tables", NULL);
    must_refuse(w, "INSERT INTO orders (id) VALUES (amount);",
                "Unsupported column reference in insert value: AMOUNT", "amount");
    must_refuse(w, "INSERT INTO orders (day) VALUES ('soon');", "Date format must be yyyy-mm-dd",
                NULL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, bind_setup, bind_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(streams),         T(groups),           T(joined),          T(join_windows),
        T(extensions),      T(table_conditions), T(queries_in_from), T(names_that_double),
        T(inserted_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
