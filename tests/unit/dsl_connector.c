/* CREATE STREAM … WITH (connector='…'): which properties are the statement's, and which the connector's. */
#include "dsl/print.h"
#include "tests/support/bind_test.h"

#define COLUMNS "CREATE STREAM s (id BIGINT KEY, name STRING) WITH "
#define OWN "kafka_topic='t', value_format='JSON', partitions=3"

static void options_are_the_connectors(void **state)
{
    bind_world *w = *state;
    const char *sql = COLUMNS "(connector='datagen', rows.per.second=50, Fields.Id.end=-5, 'max rows'='x', seed=42, "
                              "a.`B c`.null=true, " OWN ");";
    must_bind(w, sql);
    const weir_bound_create *c = &w->last.as.create;
    static const char *const wanted[][2] = {{"CONNECTOR", "datagen"}, {"rows.per.second", "50"},
                                            {"Fields.Id.end", "-5"},  {"max rows", "x"},
                                            {"SEED", "42"},           {"a.B c.null", "true"}};
    assert_int_equal(c->n_options, WEIR_COUNT(wanted));
    for (uint32_t i = 0; i < c->n_options; i++) {
        assert_sv_equal(c->options[i].name, wanted[i][0]);
        assert_sv_equal(c->options[i].value, wanted[i][1]);
    }
    assert_memory_equal(sql + c->options[1].value_span.at, "50", 2);
    assert_sv_equal(c->source.topic, "t");
    assert_int_equal(c->source.partitions, 3);
    must_bind(w, "CREATE TABLE t2 (id BIGINT PRIMARY KEY, name STRING) WITH ('connector.class'='Datagen', " OWN ");");
    assert_int_equal(w->last.as.create.n_options, 1);
    must_bind(w, "CREATE STREAM s3 (id BIGINT KEY) WITH (" OWN ");");
    assert_int_equal(w->last.as.create.n_options, 0);
}

static void without_a_connector_nothing_is_passed_on(void **state)
{
    bind_world *w = *state;
    must_refuse(w, COLUMNS "(rows.per.second=50, " OWN ");", "rows.per.second", "rows.per.second");
    must_refuse(w, COLUMNS "(connector='datagen', seed=1, SEED=2, " OWN ");", "Duplicate property", "SEED");
    must_refuse(w, COLUMNS "(connector='datagen', seed=1);", "KAFKA_TOPIC", NULL);
    must_refuse(w, COLUMNS "(connector='datagen', " OWN ", partitions='x', value_delimiter=',');", "PARTITIONS", NULL);
    must_refuse(w, "CREATE STREAM x WITH (connector='datagen', seed=1) AS SELECT * FROM orders;", "CONNECTOR", NULL);
    must_refuse(w, "CREATE SOURCE STREAM x (id INT KEY, n INT) WITH (connector='datagen', " OWN ");",
                "only read", NULL);
}

static void it_is_printed_as_it_can_be_read(void **state)
{
    bind_world *w = *state;
    weir_script script;
    weir_diags diags;
    weir_buf out = {0};
    weir_diags_init(&diags, &w->a);
    const char *sql = COLUMNS "(connector='file', max.line.bytes='1mb', kafka_topic='t', value_format='JSON');";
    assert_int_equal(weir_parse_script(weir_sv_cstr(sql), &w->a, &script, &diags), WEIR_OK);
    weir_print_stmt(&out, script.stmts[0]);
    weir_sv text = weir_arena_sv(&w->a, weir_buf_view(&out));
    assert_true(weir_sv_find(text, WEIR_SV("'max.line.bytes'='1mb'"), 0) > 0);
    weir_buf_byte(&out, ';');
    weir_sv again = weir_arena_sv(&w->a, weir_buf_view(&out));
    assert_int_equal(weir_parse_script(again, &w->a, &script, &diags), WEIR_OK);
    weir_buf_reset(&out);
    weir_print_stmt(&out, script.stmts[0]);
    assert_true(weir_sv_eq(weir_buf_view(&out), text));
    weir_buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(options_are_the_connectors, bind_setup, bind_teardown),
        cmocka_unit_test_setup_teardown(without_a_connector_nothing_is_passed_on, bind_setup, bind_teardown),
        cmocka_unit_test_setup_teardown(it_is_printed_as_it_can_be_read, bind_setup, bind_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
