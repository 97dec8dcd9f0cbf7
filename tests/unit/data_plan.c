/* A small plan by hand, through the check and the four renderers. */
#include "engine/base/alloc.h"
#include "engine/data/plan.h"
#include "tests/support/test.h"

/* SELECT ID, V + 1 AS `w` FROM S JOIN S … WHERE T = 'a"<b>\n': one source with two users. */
typedef struct fixture {
    weir_arena a;
    weir_source source;
    weir_plan plan;
} fixture;

static const weir_schema *make_schema(weir_arena *a, const weir_column *cols, uint16_t n)
{
    weir_schema s = {.n = n, .n_keys = 1, .cols = cols};
    return weir_schema_copy(a, &s);
}

static weir_node *make_node(fixture *f, uint32_t id, weir_node_kind kind, const weir_schema *schema,
                            const weir_node *left, const weir_node *right)
{
    weir_node *node = WEIR_NEW(&f->a, weir_node);
    node->kind = kind;
    node->id = id;
    node->schema = schema;
    node->in[0] = left;
    node->in[1] = right;
    node->n_inputs = left ? right ? 2 : 1 : 0;
    ((const weir_node **)(uintptr_t)f->plan.nodes)[id] = node;
    return node;
}

static const weir_schema *joined_schema(fixture *f, const weir_schema *s)
{
    weir_column *cols = WEIR_NEW_N(&f->a, weir_column, 7);
    cols[0] = s->cols[0];
    for (uint32_t i = 0; i < 3; i++) {
        cols[1 + i] = s->cols[i];
        cols[4 + i] = s->cols[i];
        cols[1 + i].name = weir_arena_printf(&f->a, "L_%.*s", WEIR_SV_ARG(s->cols[i].name));
        cols[4 + i].name = weir_arena_printf(&f->a, "R_%.*s", WEIR_SV_ARG(s->cols[i].name));
        cols[1 + i].role = WEIR_COL_VALUE;
        cols[4 + i].role = WEIR_COL_VALUE;
    }
    return make_schema(&f->a, cols, 7);
}

static const weir_node *make_project(fixture *f, uint32_t id, const weir_node *in)
{
    weir_column cols[] = {
        {WEIR_SV("ID"), weir_type_of(WEIR_T_BIGINT), WEIR_COL_KEY, {0}},
        {WEIR_SV("w"), weir_type_of(WEIR_T_INTEGER), WEIR_COL_VALUE, {0}},
    };
    weir_node *project = make_node(f, id, WEIR_N_PROJECT, make_schema(&f->a, cols, 2), in, NULL);
    const weir_expr **exprs = WEIR_NEW_N(&f->a, const weir_expr *, 2);
    const weir_expr *sum[] = {
        weir_expr_column(&f->a, in->schema, 2),
        weir_expr_literal(&f->a, weir_type_of(WEIR_T_INTEGER), weir_int(1)),
    };
    exprs[0] = weir_expr_column(&f->a, in->schema, 0);
    exprs[1] = weir_expr_new(&f->a, WEIR_EX_ADD, weir_type_of(WEIR_T_INTEGER), sum, 2);
    project->project.exprs = exprs;
    return project;
}

static int set_up(void **state)
{
    fixture *f = weir_zalloc(sizeof *f);
    weir_arena_init(&f->a);
    weir_column cols[] = {
        {WEIR_SV("ID"), weir_type_of(WEIR_T_BIGINT), WEIR_COL_KEY, {0}},
        {WEIR_SV("V"), weir_type_of(WEIR_T_INTEGER), WEIR_COL_VALUE, {0}},
        {WEIR_SV("T"), weir_type_of(WEIR_T_STRING), WEIR_COL_VALUE, {0}},
    };
    static const int32_t read[] = {0, 1, 2};
    const weir_schema *s = make_schema(&f->a, cols, 3);
    f->source = (weir_source){.name = WEIR_SV("S"),
                              .topic = WEIR_SV("s"),
                              .schema = s,
                              .key_format = {.kind = WEIR_FMT_KAFKA},
                              .value_format = {.kind = WEIR_FMT_JSON, .wrap = WEIR_WRAP_NO}};
    f->plan = (weir_plan){.query_id = WEIR_SV("CSAS_OUT_0"),
                          .n = 5,
                          .persistent = true,
                          .nodes = WEIR_NEW_N(&f->a, const weir_node *, 5)};
    weir_node *source = make_node(f, 0, WEIR_N_SOURCE, s, NULL, NULL);
    source->scan.source = &f->source;
    source->scan.read = read;
    weir_node *filter = make_node(f, 1, WEIR_N_FILTER, s, source, NULL);
    const weir_expr *both[] = {
        weir_expr_column(&f->a, s, 2),
        weir_expr_literal(&f->a, weir_type_of(WEIR_T_STRING), weir_string(WEIR_SV("a\"<b>\n"))),
    };
    filter->filter.where = weir_expr_new(&f->a, WEIR_EX_EQ, weir_type_of(WEIR_T_BOOLEAN), both, 2);
    weir_node *join = make_node(f, 2, WEIR_N_JOIN_STREAM, joined_schema(f, s), filter, source);
    join->join.type = WEIR_JOIN_LEFT;
    join->join.before_ms = 1000;
    join->join.after_ms = 2000;
    const weir_node *project = make_project(f, 3, join);
    weir_node *sink = make_node(f, 4, WEIR_N_SINK, project->schema, project, NULL);
    sink->sink.sink = &f->source;
    sink->sink.limit = -1;
    sink->sink.timestamp_column = -1;
    f->plan.sink = sink;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    weir_arena_deinit(&f->a);
    weir_free(f);
    return 0;
}

static void expect(void (*print)(weir_buf *, const weir_plan *), const weir_plan *p,
                   const char *want)
{
    weir_buf out = {0};
    print(&out, p);
    assert_sv_equal(weir_buf_view(&out), want);
    weir_buf_deinit(&out);
}

static bool contains(void (*print)(weir_buf *, const weir_plan *), const weir_plan *p,
                     const char *part)
{
    weir_buf out = {0};
    print(&out, p);
    bool found = weir_sv_find(weir_buf_view(&out), weir_sv_cstr(part), 0) >= 0;
    weir_buf_deinit(&out);
    return found;
}

static void test_tree(void **state)
{
    fixture *f = *state;
    weir_plan_verify(&f->plan);
    expect(weir_plan_print, &f->plan,
           "Sink #4 stream; name: S; topic: s; key: KAFKA; value: JSON unwrapped; "
           "schema: `ID` BIGINT KEY, `w` INTEGER\n"
           "  Project #3 stream; columns: ID, `w` := (L_V + 1); "
           "schema: `ID` BIGINT KEY, `w` INTEGER\n"
           "    StreamJoin #2 stream; join: LEFT; before: 1000 ms; after: 2000 ms; "
           "key from: left; schema: `ID` BIGINT KEY, `L_ID` BIGINT, `L_V` INTEGER, `L_T` STRING, "
           "`R_ID` BIGINT, `R_V` INTEGER, `R_T` STRING\n"
           "      Filter #1 stream; where: (T = 'a\"<b>\\x0A'); "
           "schema: `ID` BIGINT KEY, `V` INTEGER, `T` STRING\n"
           "        Source #0 stream; name: S; topic: s; key: KAFKA; value: JSON unwrapped; "
           "schema: `ID` BIGINT KEY, `V` INTEGER, `T` STRING\n"
           "      Source #0 stream, see above\n");
}

static void test_other_forms(void **state)
{
    const weir_plan *p = &((fixture *)*state)->plan;
    assert_true(contains(weir_plan_print_json, p,
                         "{\"id\":1,\"kind\":\"Filter\",\"table\":false,\"inputs\":[0],"
                         "\"facts\":{\"where\":\"(T = 'a\\\"<b>\\n')\","));
    assert_true(contains(weir_plan_print_json, p, "{\"queryId\":\"CSAS_OUT_0\",\"nodes\":[{"));
    assert_true(contains(weir_plan_print_dot, p, "  n1 -> n2;\n  n0 -> n2;\n"));
    assert_true(contains(weir_plan_print_dot, p, "where: (T = 'a\\\"<b> ')\\l"));
    assert_true(contains(weir_plan_print_mermaid, p, "  n1 --> n2\n  n0 --> n2\n"));
    assert_true(contains(weir_plan_print_mermaid, p, "where: (T = 'a#34;#60;b#62;#32;')<br/>"));
}

static void test_names(void **state)
{
    (void)state;
    for (int kind = WEIR_N_SOURCE; kind <= WEIR_N_SINK; kind++) {
        assert_true(strlen(weir_node_name((weir_node_kind)kind)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_forms, set_up, tear_down),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
