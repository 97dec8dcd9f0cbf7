/* Operators without windows and joins: exact outputs, whatever the batches are. */
#include "tests/support/op_test.h"

static const uint32_t batch_sizes[] = {1, 3, 1024};

static const weir_expr *column(rig *r, uint32_t i)
{
    return weir_expr_column(&r->arena, r->inputs[0].schema, i);
}

/* V % by = rest */
static const weir_expr *modulo_is(rig *r, int64_t by, int64_t rest)
{
    weir_arena *a = &r->arena;
    const weir_type *bigint = weir_type_of(WEIR_T_BIGINT);
    const weir_expr *mod_kids[] = {column(r, r->inputs[0].schema->n_keys),
                                   weir_expr_literal(a, bigint, weir_bigint(by))};
    const weir_expr *mod = weir_expr_new(a, WEIR_EX_MOD, bigint, mod_kids, 2);
    const weir_expr *eq_kids[] = {mod, weir_expr_literal(a, bigint, weir_bigint(rest))};
    return weir_expr_new(a, WEIR_EX_EQ, weir_type_of(WEIR_T_BOOLEAN), eq_kids, 2);
}

/* 12 / V: an error where V is 0 */
static const weir_expr *twelve_by_value(rig *r)
{
    const weir_type *bigint = weir_type_of(WEIR_T_BIGINT);
    const weir_expr *kids[] = {weir_expr_literal(&r->arena, bigint, weir_bigint(12)),
                               column(r, r->inputs[0].schema->n_keys)};
    return weir_expr_new(&r->arena, WEIR_EX_DIV, bigint, kids, 2);
}

typedef void (*rig_setup)(rig *r);

static void check(const weir_op_kind *kind, key_shape shape, rig_setup setup, const test_row *rows,
                  uint32_t n, const char *expected)
{
    for (uint32_t k = 0; k < WEIR_COUNT(batch_sizes); k++) {
        rig r;
        rig_init(&r, kind, shape);
        setup(&r);
        r.batch_rows = batch_sizes[k];
        r.gaps = k == 1 ? 0 : 2;
        r.durable = kind->save != NULL;
        rig_open(&r);
        rig_run(&r, rows, n, r.durable ? 2 : 0);
        rig_expect(&r, expected);
        rig_deinit(&r);
    }
}

/* ---- filter ---- */

static const test_row stream_rows[] = {
    {.time = 1, .key = 1, .value = 4},
    {.time = 2, .key = 2, .value = 5},
    {.time = 3, .key = 3, .value = -1},
    {.time = 4, .key = -1, .value = 6},
    {.time = 5, .key = 4, .value = 0},
};

static const test_row table_rows[] = {
    {.time = 1, .key = 1, .value = 4, .old = -1},
    {.time = 2, .key = 1, .value = 5, .old = 4},
    {.time = 3, .key = 1, .value = 7, .old = 5},
    {.time = 4, .key = 1, .value = 8, .old = 7},
    {.time = 5, .key = 1, .value = 6, .old = 8},
    {.time = 6, .key = 1, .value = -1, .old = 6},
    {.time = 7, .key = 1, .value = -1, .old = -1},
};

static void even_stream(rig *r)
{
    r->node.kind = WEIR_N_FILTER;
    r->node.filter.where = modulo_is(r, 2, 0);
}

static void even_table(rig *r)
{
    even_stream(r);
    r->node.table = r->inputs[0].table = r->with_old = r->node.need_old = true;
}

static void test_filter(void **state)
{
    (void)state;
    check(weir_ops_builtin()->filter, KEY_TEXT, even_stream, stream_rows,
          WEIR_COUNT(stream_rows), "0 @1 k01 4\n3 @4 nokey 6\n4 @5 k04 0\n");
    check(weir_ops_builtin()->filter, KEY_TEXT, even_table, table_rows, WEIR_COUNT(table_rows),
          "0 @1 k01 4 <- -\n"
          "1 @2 k01 - <- 4\n"
          "3 @4 k01 8 <- -\n"
          "4 @5 k01 6 <- 8\n"
          "5 @6 k01 - <- 6\n");
}

/* ---- project ---- */

static void twelve_stream(rig *r)
{
    weir_column cols[] = {
        {.name = WEIR_SV("D"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_VALUE},
        {.name = WEIR_SV("V"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_VALUE}};
    const weir_expr **exprs = WEIR_NEW_N(&r->arena, const weir_expr *, 3);
    exprs[0] = column(r, 0);
    exprs[1] = twelve_by_value(r);
    exprs[2] = column(r, 1);
    r->node.kind = WEIR_N_PROJECT;
    r->node.schema = rig_output(r, cols, 2);
    r->node.project.exprs = exprs;
}

static void twelve_table(rig *r)
{
    twelve_stream(r);
    r->node.table = r->inputs[0].table = r->with_old = r->node.need_old = true;
}

static void test_project(void **state)
{
    (void)state;
    check(weir_ops_builtin()->project, KEY_TEXT, twelve_stream, stream_rows,
          WEIR_COUNT(stream_rows),
          "0 @1 k01 3 4\n1 @2 k02 2 5\n2 @3 k03 -\n3 @4 nokey 2 6\n4 @5 k04 null 0\n");
    check(weir_ops_builtin()->project, KEY_TEXT, twelve_table, table_rows, 2,
          "0 @1 k01 3 4 <- -\n1 @2 k01 2 5 <- 3 4\n");
}

/* ---- rekey: by 12 / V ---- */

static void rekey(rig *r, bool skip_null)
{
    const weir_type *bigint = weir_type_of(WEIR_T_BIGINT);
    weir_schema *s = WEIR_NEW(&r->arena, weir_schema);
    weir_column *cols = WEIR_NEW_N(&r->arena, weir_column, 2);
    cols[0] = (weir_column){.name = WEIR_SV("D"), .type = bigint};
    cols[1] = (weir_column){.name = WEIR_SV("V"), .type = bigint, .role = WEIR_COL_VALUE};
    *s = (weir_schema){.n = 2, .n_keys = 1, .cols = cols};
    const weir_expr **exprs = WEIR_NEW_N(&r->arena, const weir_expr *, 2);
    exprs[0] = twelve_by_value(r);
    exprs[1] = column(r, 1);
    r->node.kind = WEIR_N_REKEY;
    r->node.schema = s;
    r->node.rekey.exprs = exprs;
    r->node.rekey.skip_null = skip_null;
}

static void partition_by(rig *r)
{
    rekey(r, false);
}

static void group_by(rig *r)
{
    rekey(r, true);
}

static void group_table(rig *r)
{
    rekey(r, true);
    r->node.table = r->inputs[0].table = r->with_old = r->node.need_old = true;
}

/* PARTITION BY the old key: it is there also when the value is not. */
static void partition_by_key(rig *r)
{
    rekey(r, false);
    const weir_expr **exprs = WEIR_NEW_N(&r->arena, const weir_expr *, 2);
    exprs[0] = column(r, 0);
    exprs[1] = column(r, 1);
    r->node.rekey.exprs = exprs;
    r->node.schema = r->inputs[0].schema;
}

static void test_rekey(void **state)
{
    (void)state;
    check(weir_ops_builtin()->rekey, KEY_TEXT, partition_by, stream_rows, WEIR_COUNT(stream_rows),
          "0 @1 3 4\n1 @2 2 5\n2 @3 nokey -\n3 @4 2 6\n4 @5 nokey 0\n");
    check(weir_ops_builtin()->rekey, KEY_TEXT, group_by, stream_rows, WEIR_COUNT(stream_rows),
          "0 @1 3 4\n1 @2 2 5\n3 @4 2 6\n");
    check(weir_ops_builtin()->rekey, KEY_TEXT, partition_by_key, stream_rows,
          WEIR_COUNT(stream_rows),
          "0 @1 k01 4\n1 @2 k02 5\n2 @3 k03 -\n3 @4 nokey 6\n4 @5 k04 0\n");
}

static void test_rekey_table(void **state)
{
    (void)state;
    static const test_row rows[] = {
        {.time = 1, .key = 1, .value = 4, .old = -1},
        {.time = 2, .key = 1, .value = 5, .old = 4},  /* 3 → 2 */
        {.time = 3, .key = 1, .value = 6, .old = 5},  /* stays at 2 */
        {.time = 4, .key = 1, .value = 0, .old = 6},  /* to no key */
        {.time = 5, .key = 1, .value = 12, .old = 0}, /* from no key */
        {.time = 6, .key = 1, .value = -1, .old = 12},
        {.time = 7, .key = 1, .value = -1, .old = -1},
    };
    check(weir_ops_builtin()->rekey, KEY_TEXT, group_table, rows, WEIR_COUNT(rows),
          "0 @1 3 4 <- -\n"
          "1 @2 3 - <- 4\n"
          "1 @2 2 5 <- -\n"
          "2 @3 2 6 <- 5\n"
          "3 @4 2 - <- 6\n"
          "4 @5 1 12 <- -\n"
          "5 @6 1 - <- 12\n");
}

/* ---- flatmap: ARRAY of V ones, and of V / 2 twos ---- */

static weir_value repeat(weir_call *c, const weir_value *args, uint32_t n)
{
    int64_t times = n > 1 ? args[0].i64 / args[1].i64 : args[0].i64;
    if (times > 5) {
        return weir_row_error(c, "too many");
    }
    weir_value *items = WEIR_NEW_N(c->arena, weir_value, times);
    for (int64_t i = 0; i < times; i++) {
        items[i] = weir_bigint((int64_t)n * 10 + i);
    }
    return weir_array(items, (uint32_t)times);
}

static const weir_overload repeat_overload = {.sig = "BIGINT -> ARRAY<BIGINT>", .row = repeat};
static const weir_function repeat_function = {.name = "REPEAT", .overloads = &repeat_overload,
                                              .n_overloads = 1};

static const weir_expr *repeat_expr(rig *r, uint32_t n)
{
    weir_arena *a = &r->arena;
    const weir_type *bigint = weir_type_of(WEIR_T_BIGINT);
    const weir_type *array = weir_type_array(a, bigint);
    const weir_expr *kids[] = {column(r, 1), weir_expr_literal(a, bigint, weir_bigint(2))};
    weir_expr *call = weir_expr_new(a, WEIR_EX_CALL, array, kids, n);
    const weir_type **types = WEIR_NEW_N(a, const weir_type *, 2);
    types[0] = types[1] = bigint;
    call->call = WEIR_NEW(a, weir_call);
    *call->call = (weir_call){.function = &repeat_function, .overload = &repeat_overload,
                              .nargs = n, .arg_types = types, .type = array, .plan_arena = a,
                              .settings = &r->settings};
    return call;
}

static void explode(rig *r)
{
    weir_column cols[] = {
        {.name = WEIR_SV("V"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_VALUE},
        {.name = WEIR_SV("A"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_VALUE},
        {.name = WEIR_SV("B"), .type = weir_type_of(WEIR_T_BIGINT), .role = WEIR_COL_VALUE}};
    const weir_expr **exprs = WEIR_NEW_N(&r->arena, const weir_expr *, 2);
    exprs[0] = repeat_expr(r, 1);
    exprs[1] = repeat_expr(r, 2);
    r->node.kind = WEIR_N_FLATMAP;
    r->node.schema = rig_output(r, cols, 3);
    r->node.flatmap.n = 2;
    r->node.flatmap.exprs = exprs;
}

static void test_flatmap(void **state)
{
    (void)state;
    static const test_row rows[] = {
        {.time = 1, .key = 1, .value = 3}, {.time = 2, .key = 1, .value = -1},
        {.time = 3, .key = 1, .value = 0}, {.time = 4, .key = -1, .value = 6},
        {.time = 5, .key = 2, .value = 1},
    };
    check(weir_ops_builtin()->flatmap, KEY_TEXT, explode, rows, WEIR_COUNT(rows),
          "0 @1 k01 3 10 20\n0 @1 k01 3 11 null\n0 @1 k01 3 12 null\n"
          "3 @4 nokey 6 null 20\n3 @4 nokey 6 null 21\n3 @4 nokey 6 null 22\n"
          "4 @5 k02 1 10 null\n");
}

/* ---- materialize ---- */

static void materialize(rig *r)
{
    r->node = r->inputs[0];
    r->node.table = r->node.need_old = true;
    r->node.scan.materialize = true;
}

static void test_materialize(void **state)
{
    (void)state;
    static const test_row rows[] = {
        {.time = 1, .key = 1, .value = 3}, {.time = 5, .key = 2, .value = 4},
        {.time = 3, .key = 1, .value = 5}, {.time = 4, .key = 1, .value = -1},
        {.time = 5, .key = 1, .value = -1}, {.time = 6, .key = 1, .value = 7},
        {.time = 6, .key = -1, .value = 7},
    };
    for (key_shape shape = 0; shape < KEY_SHAPES; shape++) {
        const char *expected = shape == KEY_TEXT ? "0 @1 k01 3 <- -\n1 @5 k02 4 <- -\n"
                                                   "2 @3 k01 5 <- 3\n3 @4 k01 - <- 5\n"
                                                   "4 @5 k01 - <- -\n5 @6 k01 7 <- -\n"
                               : shape == KEY_BIGINT
                                   ? "0 @1 1 3 <- -\n1 @5 2 4 <- -\n2 @3 1 5 <- 3\n3 @4 1 - <- 5\n"
                                     "4 @5 1 - <- -\n5 @6 1 7 <- -\n"
                                   : "0 @1 k011 3 <- -\n1 @5 k022 4 <- -\n2 @3 k011 5 <- 3\n"
                                     "3 @4 k011 - <- 5\n4 @5 k011 - <- -\n5 @6 k011 7 <- -\n";
        check(weir_ops_builtin()->materialize, shape, materialize, rows, WEIR_COUNT(rows),
              expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filter),      cmocka_unit_test(test_project),
        cmocka_unit_test(test_rekey),       cmocka_unit_test(test_rekey_table),
        cmocka_unit_test(test_flatmap),     cmocka_unit_test(test_materialize),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
