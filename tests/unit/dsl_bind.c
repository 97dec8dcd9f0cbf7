/* What statements bind to and what they are refused for: names, types, keys, properties. Plans are
 * in dsl_bind_plan.c. */
#include "tests/support/bind_test.h"

static void names_and_aliases(void **state)
{
    bind_world *w = *state;
    must_bind(w, "CREATE STREAM o AS SELECT id, amount + 1, amount + 2, tags[1]->k, note AS n"
                 " FROM orders;");
    schema_is(w, "O",
              "`ID` INTEGER KEY, `KSQL_COL_0` BIGINT, `KSQL_COL_1` BIGINT, `K` STRING, "
              "`N` STRING");
    must_bind(w, "CREATE STREAM p AS SELECT o.id, c.id, page FROM orders o JOIN clicks c"
                 " WITHIN 1 HOUR ON o.id = c.id;");
    schema_is(w, "P", "`O_ID` INTEGER KEY, `C_ID` INTEGER, `PAGE` STRING");
    must_bind(w, "CREATE STREAM q AS SELECT * FROM clicks PARTITION BY user_id;");
    schema_is(w, "Q", "`USER_ID` INTEGER KEY, `PAGE` STRING, `ID` INTEGER");
    must_bind(w, "CREATE STREAM r AS SELECT * FROM clicks c JOIN users u ON c.user_id = u.id;");
    schema_is(w, "R",
              "`C_USER_ID` INTEGER KEY, `C_ID` INTEGER, `C_PAGE` STRING, `U_ID` INTEGER, "
              "`U_NAME` STRING, `U_CITY` INTEGER");
}

static void unknown_and_ambiguous_names(void **state)
{
    bind_world *w = *state;
    must_refuse(w, "CREATE STREAM o AS SELECT id, amuont FROM orders;",
                "Line: 1, Col: 31: SELECT column 'AMUONT' cannot be resolved.", "amuont");
    assert_string_equal(w->st.hint, "did you mean AMOUNT?");
    must_refuse(w, "CREATE STREAM o AS SELECT * FROM orders WHERE x = 1;",
                "WHERE column 'X' cannot be resolved.", "x");
    must_refuse(w, "CREATE STREAM o AS SELECT * FROM ordres;", "ORDRES does not exist.", "ordres");
    assert_string_equal(w->st.hint, "did you mean ORDERS?");
    must_refuse(w, "CREATE STREAM o AS SELECT z.id FROM orders;",
                "'Z' is not a valid stream/table name or alias.", "z");
    must_refuse(w,
                "CREATE STREAM o AS SELECT o.id, page FROM orders o JOIN clicks c WITHIN 1 HOUR"
                " ON id = c.id;",
                "Column 'ID' is ambiguous. Could be C.ID or O.ID.", "id = c");
    must_refuse(w, "CREATE STREAM o AS SELECT id, UCAES(note) FROM orders;",
                "Can't find any functions with the name 'UCAES'", "UCAES");
    assert_string_equal(w->st.hint, "did you mean UCASE?");
    must_refuse(w, "SELECT * FROM \"orders\" EMIT CHANGES;",
                "Did you mean ORDERS? Hint: try removing double quotes", "\"orders\"");
}

static void the_key_is_selected_once(void **state)
{
    bind_world *w = *state;
    must_refuse(w, "CREATE STREAM o AS SELECT amount FROM orders;",
                "must include the key column ID in its projection (eg, SELECT ID...).", NULL);
    must_refuse(w, "CREATE STREAM o AS SELECT id, id AS other, amount FROM orders;",
                "contains a key column (`ID`) more than once, aliased as: ID and OTHER.", NULL);
    must_refuse(w, "CREATE STREAM o AS SELECT id FROM orders;",
                "The projection contains no value columns.", NULL);
    must_bind(w, "CREATE STREAM o AS SELECT id, AS_VALUE(id) AS copy FROM orders;");
    schema_is(w, "O", "`ID` INTEGER KEY, `COPY` INTEGER");
    must_refuse(w,
                "CREATE TABLE t AS SELECT name, n.name FROM users u FULL JOIN cities n"
                " ON u.id = n.id;",
                "Column 'NAME' is ambiguous", NULL);
    must_refuse(w,
                "CREATE TABLE t AS SELECT u.name FROM users u FULL JOIN cities n"
                " ON u.id = n.id;",
                "must include the join expression ROWKEY", NULL);
    must_refuse(w, "CREATE TABLE t AS SELECT COUNT(*) FROM orders GROUP BY user_id;",
                "must include the grouping expression USER_ID", NULL);
    must_refuse(w, "CREATE STREAM o2 AS SELECT amount FROM orders PARTITION BY user_id;",
                "must include the partitioning expression ORDERS.USER_ID", NULL);
}

static void types_are_checked(void **state)
{
    bind_world *w = *state;
    must_refuse(w, "SELECT * FROM orders WHERE note > 3 EMIT CHANGES;",
                "Error in WHERE expression: Cannot compare NOTE (STRING) to 3 (INTEGER) with "
                "GREATER_THAN.",
                "note > 3");
    must_refuse(w, "SELECT amount + note FROM orders EMIT CHANGES;",
                "Unsupported arithmetic types. BIGINT STRING", NULL);
    must_refuse(w, "SELECT * FROM orders WHERE amount EMIT CHANGES;",
                "Should evaluate to boolean but is AMOUNT (BIGINT) instead.", "amount");
    must_refuse(w, "SELECT NULL FROM orders EMIT CHANGES;", "Can't infer a type of null", "NULL");
    must_refuse(w, "SELECT * FROM orders WHERE amount = NULL EMIT CHANGES;",
                "Comparison with NULL not supported: BIGINT = NULL", NULL);
    must_refuse(w, "SELECT * FROM orders WHERE amount IN (1, TRUE) EMIT CHANGES;",
                "operator does not exist: BIGINT = BOOLEAN (true)", NULL);
    must_refuse(w, "SELECT * FROM orders WHERE amount IN (1, 'x') EMIT CHANGES;",
                "invalid input syntax for type BIGINT: \"x\".", NULL);
    must_refuse(w, "SELECT CAST(note AS ARRAY<INT>) FROM orders EMIT CHANGES;",
                "Cast of STRING to ARRAY<INTEGER> is not supported", NULL);
    must_refuse(w, "SELECT CASE WHEN amount > 1 THEN 1 ELSE 'x' END FROM orders EMIT CHANGES;",
                "Type for the default clause should be the same", "'x'");
    must_refuse(w, "SELECT tags[1]->q FROM orders EMIT CHANGES;", "Could not find field 'Q'", NULL);
    must_bind(
        w,
        "SELECT price * 2 / 3, price + amount, price > 1.5e0, day = '2020-01-01',"
        " made > day, ROWTIME, TIMESTAMPADD(DAYS, 3, made), TRANSFORM(tags, t => t->n + user_id),"
        " ARRAY[1, 2.5, '3'], MAP('a' := 1), STRUCT(a := 1)->a, CASE user_id WHEN 1 THEN 'a' END"
        " FROM orders WHERE ROWTIME >= '2020-01-01T00:00:00' EMIT CHANGES;");
}

static void aggregates(void **state)
{
    bind_world *w = *state;
    must_bind(w, "CREATE TABLE t AS SELECT user_id + 1 AS u, (user_id + 1) * 2 AS v, COUNT(*) AS n,"
                 " TOPK(user_id, 3) FROM orders GROUP BY user_id + 1 HAVING SUM(amount) > 3;");
    schema_is(w, "T", "`U` INTEGER KEY, `V` INTEGER, `N` BIGINT, `KSQL_COL_0` ARRAY<INTEGER>");
    must_refuse(w, "CREATE TABLE u AS SELECT user_id, note, COUNT(*) FROM orders GROUP BY user_id;",
                "Non-aggregate SELECT expression(s) not part of GROUP BY: NOTE", "note");
    must_refuse(w, "CREATE TABLE u AS SELECT user_id, SUM(COUNT(*)) FROM orders GROUP BY user_id;",
                "Aggregate functions can not be nested: SUM(COUNT())", NULL);
    must_refuse(w, "CREATE TABLE u AS SELECT user_id, note FROM orders GROUP BY user_id, note;",
                "GROUP BY requires aggregate functions", NULL);
    must_refuse(w, "CREATE TABLE u AS SELECT city, MAX(city) FROM users GROUP BY city;",
                "The aggregation function MAX cannot be applied to a table source", NULL);
    must_refuse(w,
                "CREATE TABLE u AS SELECT user_id, TOPK(user_id, user_id) FROM orders"
                " GROUP BY user_id;",
                "Parameter 2 passed to function TOPK must be a literal", NULL);
    must_refuse(w,
                "CREATE TABLE u AS SELECT user_id, note, COUNT(*) FROM orders"
                " GROUP BY user_id, note;",
                "The 'KAFKA' format only supports a single field.", NULL);
    assert_non_null(strstr(w->st.hint, "KEY_FORMAT = 'JSON'"));
    must_refuse(w, "CREATE STREAM u AS SELECT user_id, COUNT(*) FROM orders GROUP BY user_id;",
                "Please use CREATE TABLE AS SELECT statement instead.", NULL);
    must_refuse(
        w,
        "CREATE TABLE u AS SELECT user_id, COUNT(*) FROM orders WINDOW HOPPING (SIZE 1 HOUR,"
        " ADVANCE BY 2 HOURS) GROUP BY user_id;",
        "Window advancement interval", "2 HOURS");
    must_refuse(
        w, "CREATE TABLE u AS SELECT user_id, COUNT(*) FROM orders GROUP BY user_id EMIT FINAL;",
        "EMIT FINAL is only supported for windowed aggregations.", "EMIT FINAL");
}

static void joins(void **state)
{
    bind_world *w = *state;
    must_refuse(w,
                "CREATE STREAM o AS SELECT o.id, page FROM orders o JOIN clicks c ON o.id = c.id;",
                "Stream-Stream joins must have a WITHIN clause specified.", NULL);
    must_refuse(w,
                "CREATE STREAM o AS SELECT c.id, name FROM clicks c JOIN users u WITHIN 1 HOUR"
                " ON c.id = u.id;",
                "A window definition was provided for a Stream-Table join.", NULL);
    must_refuse(w, "CREATE STREAM o AS SELECT c.id FROM users u JOIN clicks c ON c.id = u.id;",
                "table-stream joins are not supported", NULL);
    must_refuse(
        w, "CREATE STREAM o AS SELECT c.id, name FROM clicks c JOIN users u ON c.id = u.city;",
        "stream-table joins require to join on the table's primary key. Got C.ID = U.CITY.", NULL);
    must_refuse(w,
                "CREATE STREAM o AS SELECT o.note, c.page FROM orders o JOIN clicks c WITHIN 1 HOUR"
                " ON o.id = c.page;",
                "Key types differ: INTEGER vs STRING", NULL);
    must_refuse(w,
                "CREATE STREAM o AS SELECT o.id FROM orders o JOIN clicks c WITHIN 1 HOUR"
                " ON o.id > c.id;",
                "Only equality join criteria is supported.", NULL);
    weir_catalog_put_topic(w->catalog, WEIR_SV("orders"), 1);
    weir_catalog_put_topic(w->catalog, WEIR_SV("clicks"), 2);
    must_refuse(w,
                "CREATE STREAM o AS SELECT o.id, page FROM orders o JOIN clicks c WITHIN 1 HOUR"
                " ON o.id = c.id;",
                "since the number of partitions don't match.", NULL);
}

static void with_properties(void **state)
{
    bind_world *w = *state;
    must_refuse(w, "CREATE STREAM s (a INT) WITH (kafka_topc = 't', value_format = 'JSON');",
                "Invalid config variable(s) in the WITH clause: KAFKA_TOPC", "kafka_topc");
    assert_string_equal(w->st.hint, "did you mean KAFKA_TOPIC?");
    must_refuse(w, "CREATE STREAM s (a INT) WITH (kafka_topic = 't', value_format = 'JSN');",
                "Unknown format: JSN", "'JSN'");
    must_refuse(w, "CREATE STREAM s (a INT) WITH (kafka_topic = 't');",
                "Statement is missing the 'VALUE_FORMAT' property", NULL);
    must_refuse(w, "CREATE STREAM s (a INT) WITH (value_format = 'JSON');",
                "Missing required property \"KAFKA_TOPIC\"", NULL);
    must_refuse(w,
                "CREATE STREAM s (a INT) WITH (kafka_topic = 't', format = 'JSON',"
                " key_format = 'JSON');",
                "Cannot supply both 'KEY_FORMAT' and 'FORMAT'", NULL);
    must_refuse(w,
                "CREATE STREAM s (a INT) WITH (kafka_topic = 't', value_format = 'JSON',"
                " partitions = 'x');",
                "Not a number of type INT", "'x'");
    must_refuse(w,
                "CREATE STREAM s (k MAP<STRING, INT> KEY, a INT) WITH (kafka_topic = 't',"
                " format = 'JSON');",
                "Map keys, including types that contain maps", NULL);
    must_refuse(w,
                "CREATE STREAM s (a ARRAY<INT>) WITH (kafka_topic = 't',"
                " value_format = 'DELIMITED');",
                "does not support type 'ARRAY'", NULL);
    must_refuse(w,
                "CREATE STREAM s (a INT, b INT) WITH (kafka_topic = 't', value_format = 'JSON',"
                " wrap_single_value = false);",
                "only valid for single-field value schemas", NULL);
    must_refuse(w,
                "CREATE STREAM s (a INT) WITH (kafka_topic = 't', value_format = 'JSON',"
                " timestamp = 'b');",
                "does not exist in the schema: 'B'", "'b'");
    must_refuse(w,
                "CREATE STREAM s (k INT KEY, a INT) WITH (kafka_topic = 't', value_format = 'JSON',"
                " window_type = 'TUMBLING');",
                "TUMBLING windows require 'WINDOW_SIZE'", NULL);
    must_refuse(
        w, "CREATE TABLE s (a INT KEY, b INT) WITH (kafka_topic = 't', value_format = 'JSON');",
        "Column `A` is a 'KEY' column: please use 'PRIMARY KEY' for tables.", "a INT");
    must_refuse(w, "CREATE TABLE s (b INT) WITH (kafka_topic = 't', value_format = 'JSON');",
                "Tables require a PRIMARY KEY.", NULL);
    must_refuse(w, "CREATE STREAM s WITH (kafka_topic = 't', value_format = 'AVRO');",
                "schema registry", NULL);
    w->props[0][0] = "ksql.persistence.default.format.value";
    w->props[0][1] = "JSON";
    w->n_props = 1;
    must_bind(w, "CREATE STREAM s (a INT) WITH (kafka_topic = 't');");
}

static void replacing_and_dropping(void **state)
{
    bind_world *w = *state;
    must_bind(w, "CREATE STREAM o AS SELECT id, amount FROM orders WHERE amount > 1;");
    assert_sv_equal(w->last.as.create.query_id, "CSAS_O_0");
    must_bind(w, "CREATE OR REPLACE STREAM o AS SELECT id, amount, note FROM orders;");
    assert_sv_equal(w->last.as.create.query_id, "CSAS_O_0");
    assert_false(w->last.as.create.new_query_id);
    must_refuse(w, "CREATE OR REPLACE STREAM o AS SELECT id, note FROM orders;",
                "(The following columns are changed, missing or reordered:", NULL);
    must_refuse(w, "CREATE STREAM o AS SELECT * FROM orders;",
                "A stream with the same name already exists", NULL);
    must_bind(w, "CREATE STREAM IF NOT EXISTS o AS SELECT * FROM orders;");
    assert_true(w->last.as.create.exists);
    must_refuse(w, "DROP STREAM orders;", "read from this source: [O].", "orders");
    must_bind(w, "INSERT INTO o SELECT id, amount, note FROM orders;");
    assert_sv_equal(w->last.as.create.query_id, "INSERTQUERY_1");
    must_refuse(w, "DROP STREAM o;", "write into this source: [INSERTQUERY_1].", NULL);
    must_refuse(w, "DROP TABLE o;", "Incompatible data source type is stream", NULL);
    must_bind(w, "DROP TABLE IF EXISTS nothing;");
    must_bind(w, "DROP STREAM orders CASCADE;");
    assert_int_equal(w->last.as.drop.n_sources, 2);
    assert_int_equal(w->last.as.drop.n_queries, 2);
    must_bind(w, "ALTER STREAM clicks ADD COLUMN extra ARRAY<INT>;");
    schema_is(w, "CLICKS",
              "`ID` INTEGER KEY, `USER_ID` INTEGER, `PAGE` STRING, "
              "`EXTRA` ARRAY<INTEGER>");
    must_refuse(w, "ALTER STREAM clicks ADD COLUMN page INT;", "Cannot add column `PAGE`", "page");
    must_bind(w, "CREATE STREAM first AS SELECT * FROM clicks;");
    must_bind(w, "CREATE STREAM second AS SELECT * FROM first;");
    must_bind(w, "CREATE STREAM third AS SELECT c.id, s.page FROM clicks c"
                 " JOIN second s WITHIN 1 HOUR ON c.id = s.id;");
    must_bind(w, "DROP STREAM clicks CASCADE;");
    assert_int_equal(w->last.as.drop.n_sources, 4);
    assert_sv_equal(w->last.as.drop.sources[0], "THIRD");
    assert_sv_equal(w->last.as.drop.sources[1], "SECOND");
    assert_sv_equal(w->last.as.drop.sources[2], "FIRST");
    assert_sv_equal(w->last.as.drop.sources[3], "CLICKS");
}

static void inserted_results_must_fit(void **state)
{
    bind_world *w = *state;
    must_refuse(w, "INSERT INTO clicks SELECT id, user_id FROM orders;",
                "Incompatible schema between results and sink.", "clicks");
    must_refuse(w, "INSERT INTO users SELECT id, note, 1 FROM orders;",
                "INSERT INTO can only be used to insert into a stream. USERS is a table.", "users");
    must_refuse(w, "INSERT INTO nothing SELECT * FROM orders;",
                "Line: 1, Col: 13: Source `NOTHING` does not exist.", "nothing");
    must_bind(w, "INSERT INTO clicks WITH (query_id = 'mine') SELECT id, user_id, note AS page"
                 " FROM orders;");
    assert_sv_equal(w->last.as.create.query_id, "MINE");
    must_refuse(w,
                "INSERT INTO clicks WITH (query_id = 'CSAS_X') SELECT id, user_id, note AS page"
                " FROM orders;",
                "must not start with a reserved query ID prefix", NULL);
}

static void pull_queries(void **state)
{
    bind_world *w = *state;
    must_refuse(w, "SELECT * FROM users;", "The `USERS` table isn't queryable.", "users");
    must_refuse(w, "SELECT COUNT(*) FROM orders;", "Pull queries don't support GROUP BY clauses.",
                NULL);
    must_bind(w, "CREATE SOURCE TABLE src (id INT PRIMARY KEY, v INT)"
                 " WITH (kafka_topic = 'src', value_format = 'JSON');");
    assert_sv_equal(w->last.as.create.query_id, "CST_SRC_0");
    must_bind(w, "SELECT * FROM src WHERE id = 3;");
    assert_false(w->last.as.select.push);
    must_bind(w, "SELECT * FROM orders EMIT CHANGES LIMIT 2;");
    assert_true(w->last.as.select.push);
    assert_int_equal(w->last.as.select.limit, 2);
}

/* CREATE OR REPLACE: the state is taken over, so what made it must stay. */
static void upgrades(void **state)
{
    bind_world *w = *state;
    must_bind(w, "CREATE TABLE t AS SELECT user_id AS k, SUM(amount) AS n FROM orders"
                 " GROUP BY user_id;");
    must_bind(w, "CREATE OR REPLACE TABLE t AS SELECT user_id AS k, SUM(amount) AS n FROM orders"
                 " WHERE id > 1 GROUP BY user_id;");
    must_refuse(w,
                "CREATE OR REPLACE TABLE t AS SELECT id AS k, SUM(amount) AS n FROM orders"
                " GROUP BY id;",
                "Plan step of type StreamGroupBy must have matching class. Values differ: "
                "StreamGroupBy vs. StreamGroupByKey",
                NULL);
    must_refuse(w,
                "CREATE OR REPLACE TABLE t AS SELECT user_id + 1 AS k, SUM(amount) AS n FROM"
                " orders GROUP BY user_id + 1;",
                "Plan step of type StreamGroupBy must have matching group by clause. "
                "Values differ: [USER_ID] vs. [(USER_ID + 1)]",
                NULL);
    must_refuse(w,
                "CREATE OR REPLACE TABLE t AS SELECT user_id AS k, SUM(amount) AS n, COUNT(*) AS c"
                " FROM orders GROUP BY user_id;",
                "must have matching aggregate functions. Values differ: [SUM] vs. [SUM, COUNT]",
                NULL);
    must_bind(w, "CREATE STREAM s AS SELECT id, page FROM clicks;");
    must_refuse(w,
                "CREATE OR REPLACE STREAM s AS SELECT c.id AS id, page FROM clicks c JOIN orders o"
                " WITHIN 1 HOUR ON c.id = o.id;",
                "Cannot change a non-join source into a join source.", NULL);
    must_bind(w, "CREATE TABLE v AS SELECT user_id, COUNT(*) AS n FROM orders"
                 " WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY user_id;");
    must_refuse(w,
                "CREATE OR REPLACE TABLE v AS SELECT user_id, COUNT(*) AS n FROM orders"
                " WINDOW TUMBLING (SIZE 1 HOUR) WHERE id > 1 GROUP BY user_id;",
                "Upgrades not yet supported for StreamWindowedAggregate", NULL);
}

static void features_to_come(void **state)
{
    bind_world *w = *state;
    static const char *const sql[] = {
        "SELECT DISTINCT note FROM orders EMIT CHANGES;",
        "SELECT * FROM (SELECT * FROM orders);",
        "SELECT * FROM (SELECT * FROM orders EMIT CHANGES LIMIT 1) EMIT CHANGES;",
        "SELECT * FROM orders ORDER BY note;",
        "SELECT id FROM orders UNION ALL SELECT id FROM orders EMIT CHANGES;",
    };
    for (size_t i = 0; i < WEIR_COUNT(sql); i++) {
        assert_int_equal(bind_script(w, sql[i]), WEIR_ENOTIMPL);
        assert_non_null(strstr(w->st.msg, "not implemented yet"));
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, bind_setup, bind_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(names_and_aliases),
        T(unknown_and_ambiguous_names),
        T(the_key_is_selected_once),
        T(types_are_checked),
        T(aggregates),
        T(joins),
        T(with_properties),
        T(replacing_and_dropping),
        T(inserted_results_must_fit),
        T(pull_queries),
        T(upgrades),
        T(features_to_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
