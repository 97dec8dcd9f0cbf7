/* Answers to _bulk requests and what they mean, documents as they go into a request, index templates.
 * What needs a server is in tests/connectors. */
#include "tests/support/test.h"

#include "connectors/sink_elastic.h"

#define INDEX ((uint32_t)WEIR__ES_INDEX)
#define CREATE ((uint32_t)WEIR__ES_CREATE)
#define UPDATE ((uint32_t)WEIR__ES_UPDATE)
#define DELETE ((uint32_t)WEIR__ES_DELETE)

static void answers_are_read_item_by_item(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    weir__es_result r[3];
    weir_sv body = WEIR_SV(
        "{\"took\":3,\"errors\":true,\"items\":[{\"index\":{\"_id\":\"1\",\"status\":201}},"
        "{\"update\":{\"status\":400,\"error\":{\"type\":\"t\",\"reason\":\"r\\u0031\",\"caused_by\":"
        "{\"type\":\"u\",\"reason\":\"deep\"}}}},{\"delete\":{\"error\":\"plain\",\"status\":404}}]}");
    assert_true(weir__es_answer(&a, body, 3, r));
    assert_int_equal(r[0].status, 201);
    assert_sv_equal(r[0].action, weir__es_action_name(INDEX));
    assert_sv_equal(r[1].action, weir__es_action_name(UPDATE | WEIR__ES_ORDERED));
    assert_sv_equal(r[2].action, weir__es_action_name(DELETE));
    assert_int_equal(r[0].type.n, 0);
    assert_int_equal(r[1].status, 400);
    assert_sv_equal(r[1].type, "t");
    assert_sv_equal(r[1].reason, "r1: deep");
    assert_int_equal(r[2].status, 404);
    assert_sv_equal(r[2].reason, "plain");
    for (uint32_t n = 0; n < body.n; n++) { /* half an answer is none */
        assert_false(weir__es_answer(&a, weir_sv_of(body.p, n), 3, r));
    }
    assert_false(weir__es_answer(&a, body, 2, r));
    weir_arena_deinit(&a);
}

static void other_texts_are_no_answers(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "null", "[]", "{}", "<html>", "{\"items\":{}}", "{\"items\":[]}", "{\"items\":[1]}",
        "{\"items\":[{}]}", "{\"items\":[{\"index\":1}]}", "{\"items\":[{\"index\":{}}]}",
        "{\"items\":[{\"index\":{\"status\":\"201\"}}]}", "{\"items\":[{\"index\":{\"status\":99}}]}",
        "{\"items\":[{\"index\":{\"status\":4294967497}}]}", "{\"items\":[{\"index\":{\"status\":201}}}",
        "{\"items\":[{\"index\":{\"status\":201}},{\"index\":{\"status\":201}}]}"};
    weir_arena a;
    weir_arena_init(&a);
    weir__es_result r[1];
    for (size_t i = 0; i < WEIR_COUNT(texts); i++) {
        if (weir__es_answer(&a, weir_sv_cstr(texts[i]), 1, r)) {
            fail_msg("taken for an answer: %s", texts[i]);
        }
    }
    weir_arena_deinit(&a);
}

static void only_true_is_an_acknowledgement(void **state)
{
    (void)state;
    static const char *const no[] = {"", "true", "{}", "{\"acknowledged\":false}", "{\"acknowledged\":\"true\"}",
                                     "[{\"acknowledged\":true}]", "{\"acknowledged\":true", "<html>",
                                     "{\"x\":{\"acknowledged\":true}}"};
    weir_arena a;
    weir_arena_init(&a);
    for (size_t i = 0; i < WEIR_COUNT(no); i++) {
        assert_false(weir__es_acknowledged(&a, weir_sv_cstr(no[i])));
    }
    assert_true(weir__es_acknowledged(&a, WEIR_SV("{\"acknowledged\":true}")));
    weir_arena_deinit(&a);
}

static void what_a_status_means(void **state)
{
    (void)state;
    static const struct {
        uint32_t aux;
        int32_t status;
        const char *type, *reason;
        uint32_t attempts;
        weir_sink_outcome_kind kind;
    } cases[] = {
        {INDEX, 200, "", "", 1, WEIR_SINK_DONE},
        {INDEX, 201, "", "", 1, WEIR_SINK_DONE},
        {INDEX, 400, "mapper_parsing_exception", "failed to parse", 1, WEIR_SINK_POISON},
        {INDEX, 400, "illegal_argument_exception", "pipeline with id [p] does not exist", 1, WEIR_SINK_FATAL},
        {INDEX, 400, "illegal_argument_exception",
         "only write ops with an op_type of create are allowed in data streams", 1, WEIR_SINK_FATAL},
        {INDEX, 400, "validation_exception", "this action would add [2] shards", 9, WEIR_SINK_RETRY},
        {INDEX, 400, "illegal_argument_exception",
         "mapper [A] cannot be changed from type [long] to [float]", 1, WEIR_SINK_RETRY},
        {INDEX, 400, "illegal_argument_exception",
         "mapper [A] cannot be changed from type [long] to [float]", 5, WEIR_SINK_POISON},
        {INDEX, 401, "", "", 1, WEIR_SINK_FATAL},
        {INDEX, 403, "security_exception", "", 1, WEIR_SINK_FATAL},
        {INDEX, 403, "cluster_block_exception", "", 1, WEIR_SINK_RETRY},
        {INDEX, 404, "index_not_found_exception", "", 1, WEIR_SINK_FATAL},
        {DELETE, 404, "index_not_found_exception", "", 1, WEIR_SINK_DONE},
        {DELETE | WEIR__ES_VERSIONED, 404, "", "", 1, WEIR_SINK_DONE},
        {UPDATE, 404, "document_missing_exception", "", 1, WEIR_SINK_POISON},
        {INDEX | WEIR__ES_VERSIONED, 409, "version_conflict_engine_exception", "", 1, WEIR_SINK_SKIPPED},
        {DELETE | WEIR__ES_VERSIONED, 409, "version_conflict_engine_exception", "", 1, WEIR_SINK_SKIPPED},
        {CREATE, 409, "version_conflict_engine_exception", "", 1, WEIR_SINK_SKIPPED},
        {UPDATE | WEIR__ES_ORDERED, 409, "version_conflict_engine_exception", "", 1, WEIR_SINK_RETRY},
        {INDEX | WEIR__ES_ORDERED, 409, "version_conflict_engine_exception", "", 1, WEIR_SINK_RETRY},
        {INDEX, 413, "", "", 1, WEIR_SINK_POISON},
        {INDEX, 429, "rejected_execution_exception", "", 1, WEIR_SINK_RETRY},
        {INDEX, 500, "", "", 1, WEIR_SINK_RETRY},
        {INDEX, 503, "unavailable_shards_exception", "", 1, WEIR_SINK_RETRY}};
    weir_arena a;
    weir_arena_init(&a);
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        weir__es_result r = {.status = cases[i].status, .type = weir_sv_cstr(cases[i].type),
                             .reason = weir_sv_cstr(cases[i].reason)};
        weir_sink_outcome o = weir__es_judge(&a, cases[i].aux, cases[i].attempts, &r);
        if (o.kind != cases[i].kind) {
            fail_msg("case %zu: status %d is %d", i, cases[i].status, (int)o.kind);
        }
        bool silent = o.kind == WEIR_SINK_DONE || o.kind == WEIR_SINK_SKIPPED;
        assert_int_equal(silent, o.reason.n == 0);
    }
    weir_arena_deinit(&a);
}

static void versions_in_conflicts(void **state)
{
    (void)state;
    static const struct {
        const char *reason;
        int64_t version;
    } cases[] = {{"[1]: version conflict, current version [57] is higher than the one provided [3]", 57},
                 {"[x]: version conflict, document already exists (current version [5])", 5},
                 {"current version [9223372036854775807]", INT64_MAX},
                 {"current version [9223372036854775808]", -1},
                 {"current version []", -1},
                 {"current version [12", -1},
                 {"current version [-1]", -1},
                 {"", -1}};
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        assert_true(weir__es_conflicting_version(weir_sv_cstr(cases[i].reason)) == cases[i].version);
    }
}

/* Whatever a record holds, it stays one line, and nothing but its object. */
static void documents_are_one_object_in_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *object; /* NULL: refused */
    } cases[] = {{"{}", "{}"},
                 {" {\"a\":1} ", "{\"a\":1}"},
                 {"{\"a\":\n[1,\r\n2]}", "{\"a\": [1,  2]}"},
                 {"{\"a\":\"x\\ny\"}\n", "{\"a\":\"x\\ny\"}"},
                 {"{\"a\":1},\"script\":{}", "{\"a\":1}"},
                 {"{\"a\":1}\n{\"delete\":{\"_id\":\"1\"}}", "{\"a\":1}"},
                 {"[{\"a\":1}]", NULL},
                 {"{\"a\":1", NULL},
                 {"{\"a\":\"x\ny\"}", NULL},
                 {"null", NULL},
                 {"\"{}\"", NULL},
                 {"1", NULL},
                 {"", NULL}};
    weir_arena a;
    weir_arena_init(&a);
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        weir_sv object = {0};
        bool ok = weir__es_object(&a, weir_sv_cstr(cases[i].text), &object);
        if (ok != (cases[i].object != NULL)) {
            fail_msg("case %zu: %s", i, cases[i].text);
        }
        if (ok) {
            assert_sv_equal(object, cases[i].object);
        }
    }
    assert_true(weir__es_has_member(&a, WEIR_SV("{\"x\":{},\"@timestamp\":1}"), "@timestamp"));
    assert_false(weir__es_has_member(&a, WEIR_SV("{\"x\":{\"@timestamp\":1}}"), "@timestamp"));
    assert_false(weir__es_has_member(&a, WEIR_SV("{\"x\":\"@timestamp\"}"), "@timestamp"));
    weir_arena_deinit(&a);
}

static void patterns_of_indices(void **state)
{
    (void)state;
    static const struct {
        const char *index, *pattern;
    } cases[] = {{"orders", "orders"},
                 {"orders-${ROWTIME:%Y.%m.%d}", "orders-*"},
                 {"${topic}-${KIND}${ID}", "shop_orders-*"},
                 {"${KIND}", "*"},
                 {"a-${B}-c", "a-*-c"}};
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        weir_buf out = {0};
        weir__es_pattern(&out, weir_sv_cstr(cases[i].index), WEIR_SV("SHOP_ORDERS"));
        assert_sv_equal(weir_buf_view(&out), cases[i].pattern);
        weir_buf_deinit(&out);
    }
}

static void types_of_columns(void **state)
{
    (void)state;
    weir_arena a;
    weir_arena_init(&a);
    const weir_column cols[] = {
        {.name = WEIR_SV("ID"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_KEY},
        {.name = WEIR_SV("D"), .type = weir_type_decimal(&a, 10, 2), .role = WEIR_COL_VALUE},
        {.name = WEIR_SV("BIG"), .type = weir_type_decimal(&a, 30, 2), .role = WEIR_COL_VALUE},
        {.name = WEIR_SV("T"), .type = weir_type_of(WEIR_T_TIMESTAMP), .role = WEIR_COL_VALUE},
        {.name = WEIR_SV("L"), .type = weir_type_array(&a, weir_type_of(WEIR_T_STRING)),
         .role = WEIR_COL_VALUE},
        {.name = WEIR_SV("ROWTIME"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_ROWTIME}};
    weir_schema schema = {.n = WEIR_COUNT(cols), .n_keys = 1, .cols = cols};
    weir__es_mapping m = {.pattern = WEIR_SV("o-*"), .decimals = WEIR_SV("scaled_float"),
                          .strings = WEIR_SV("keyword"), .time_name = WEIR_SV("@timestamp"),
                          .data_stream = true};
    weir_buf out = {0};
    weir__es_mapping_print(&out, &schema, &m);
    assert_sv_equal(weir_buf_view(&out),
                    "{\"index_patterns\":[\"o-*\"],\"priority\":200,\"data_stream\":{},\"template\":{\"mappings\":"
                    "{\"properties\":{\"D\":{\"type\":\"scaled_float\",\"scaling_factor\":100},"
                    "\"BIG\":{\"type\":\"keyword\"},\"T\":{\"type\":\"date\",\"format\":\"epoch_millis\"},"
                    "\"L\":{\"type\":\"keyword\"},\"@timestamp\":{\"type\":\"date\"}}}}}");
    m = (weir__es_mapping){.pattern = WEIR_SV("o"), .decimals = WEIR_SV("double"),
                           .strings = WEIR_SV("text"), .keys = true};
    schema.n = 2;
    weir_buf_reset(&out);
    weir__es_mapping_print(&out, &schema, &m);
    assert_sv_equal(weir_buf_view(&out),
                    "{\"index_patterns\":[\"o\"],\"priority\":200,\"template\":{\"mappings\":{\"properties\":"
                    "{\"ID\":{\"type\":\"long\"},\"D\":{\"type\":\"double\"}}}}}");
    weir_buf_deinit(&out);
    weir_arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read_item_by_item),
        cmocka_unit_test(other_texts_are_no_answers),
        cmocka_unit_test(only_true_is_an_acknowledgement),
        cmocka_unit_test(what_a_status_means),
        cmocka_unit_test(versions_in_conflicts),
        cmocka_unit_test(documents_are_one_object_in_one_line),
        cmocka_unit_test(patterns_of_indices),
        cmocka_unit_test(types_of_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
