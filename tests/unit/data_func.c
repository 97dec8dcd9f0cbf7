/* Registry of functions: signatures, overload resolution, messages. */
#include "engine/data/func.h"
#include "tests/support/test.h"

static weir_value nothing(weir_call *c, const weir_value *args, uint32_t n)
{
    (void)args;
    (void)n;
    return weir_row_error(c, "never called");
}

static const weir_type *first_arg(weir_arena *a, const weir_type *const *args, uint32_t n,
                                  weir_status *st)
{
    (void)a;
    (void)st;
    return n ? args[0] : weir_type_of(WEIR_T_INTEGER);
}

#define ROW(text) {.sig = text, .row = nothing}
static const weir_overload abs_rows[] = {
    ROW("INT -> INT"),
    ROW("BIGINT -> BIGINT"),
    {.sig = "DECIMAL -> *", .row = nothing, .ret = first_arg},
    ROW("DOUBLE -> DOUBLE"),
};
static const weir_overload concat_rows[] = {ROW("STRING... -> STRING"), ROW("BYTES... -> BYTES")};
static const weir_overload coalesce_rows[] = {ROW("T, T... -> T")};
static const weir_overload contains_rows[] = {ROW("ARRAY<T>, T -> BOOLEAN")};
static const weir_overload dateadd_rows[] = {ROW("UNIT, INT, DATE -> DATE")};
static const weir_overload transform_rows[] = {
    ROW("ARRAY<T>, (T) => R -> ARRAY<R>"),
    ROW("MAP<K, V>, (K, V) => R, (K, V) => S -> MAP<R, S>"),
};
static const weir_overload filter_rows[] = {ROW("ARRAY<T>, (T) => BOOLEAN -> ARRAY<T>")};
static const weir_overload reduce_rows[] = {ROW("ARRAY<T>, S, (S, T) => S -> S")};
static const weir_overload pick_rows[] = {ROW("INT -> INT"), ROW("INT, INT... -> BIGINT"),
                                          ROW("INT... -> DOUBLE"), ROW("ANY... -> STRING")};
static const weir_overload pi_rows[] = {ROW("-> DOUBLE")};
static const weir_overload middle_rows[] = {ROW("STRING, INT..., BOOLEAN -> STRING")};
static const weir_agg sum_rows[] = {{.sig = "INT -> INT"}, {.sig = "DOUBLE, init INT -> DOUBLE"}};

#define FUNCTION(id, text, list)                                                                   \
    static const weir_function id = {.name = text, .category = WEIR_CAT_OTHER, .doc = "d",         \
                                     .example = "e", .overloads = list,                            \
                                     .n_overloads = WEIR_COUNT(list)}
FUNCTION(fn_abs, "ABS", abs_rows);
FUNCTION(fn_concat, "CONCAT", concat_rows);
FUNCTION(fn_coalesce, "COALESCE", coalesce_rows);
FUNCTION(fn_contains, "ARRAY_CONTAINS", contains_rows);
FUNCTION(fn_dateadd, "DATEADD", dateadd_rows);
FUNCTION(fn_transform, "TRANSFORM", transform_rows);
FUNCTION(fn_filter, "FILTER", filter_rows);
FUNCTION(fn_reduce, "REDUCE", reduce_rows);
FUNCTION(fn_pick, "PICK", pick_rows);
FUNCTION(fn_pi, "PI", pi_rows);
FUNCTION(fn_middle, "MIDDLE", middle_rows);
static const weir_function fn_sum = {.name = "SUM", .doc = "d", .example = "e", .aggs = sum_rows,
                                     .n_aggs = WEIR_COUNT(sum_rows)};
static const weir_function *const rows[] = {
    &fn_transform, &fn_abs, &fn_pick, &fn_concat, &fn_coalesce, &fn_contains,
    &fn_dateadd, &fn_filter, &fn_reduce, &fn_pi, &fn_middle, &fn_sum,
};

typedef struct world {
    weir_arena a;
    weir_functions *f;
    weir_status st;
    weir_resolved r;
} world;

static int setup(void **state)
{
    static world w;
    weir_arena_init(&w.a);
    w.f = weir_functions_new(rows, WEIR_COUNT(rows));
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    weir_functions_free(w->f);
    weir_arena_deinit(&w->a);
    return 0;
}

#define T(kind) weir_type_of(WEIR_T_##kind)

static weir_rc resolve(world *w, const char *name, const weir_type *const *args, uint32_t n,
                       const uint32_t *arity)
{
    const weir_function *fn = weir_functions_find(w->f, weir_sv_cstr(name));
    assert_non_null(fn);
    weir_status_reset(&w->st);
    return weir_functions_resolve(w->f, fn, args, arity, n, &w->a, &w->r, &w->st);
}
#define RESOLVE(w, name, ...)                                                                      \
    resolve((w), (name), (const weir_type *const[]){__VA_ARGS__},                                  \
            (uint32_t)WEIR_COUNT(((const weir_type *const[]){__VA_ARGS__})), NULL)

static void assert_type(const weir_type *t, const char *text)
{
    assert_non_null(t);
    weir_buf b;
    weir_buf_init(&b, 0);
    weir_type_print(&b, t, false);
    assert_string_equal(weir_buf_cstr(&b), text);
    weir_buf_deinit(&b);
}

static void finds_names(void **state)
{
    world *w = *state;
    assert_ptr_equal(weir_functions_find(w->f, WEIR_SV("abs")), &fn_abs);
    assert_null(weir_functions_find(w->f, WEIR_SV("ABSS")));
    assert_null(weir_functions_find(w->f, WEIR_SV("")));
    assert_ptr_equal(weir_functions_nearest(w->f, WEIR_SV("colaesce")), &fn_coalesce);
    assert_null(weir_functions_nearest(w->f, WEIR_SV("quite_another_thing")));
    assert_int_equal(weir_functions_count(w->f), WEIR_COUNT(rows));
    assert_string_equal(weir_functions_at(w->f, 0)->name, "ABS");
    weir_buf b;
    weir_buf_init(&b, 0);
    weir_overload_print(w->f, &fn_reduce, 0, &b);
    weir_overload_print(w->f, &fn_pick, 1, &b);
    assert_string_equal(weir_buf_cstr(&b),
                        "REDUCE(ARRAY<T>, S, LAMBDA (S, T) => S)PICK(INT, INT...)");
    weir_buf_deinit(&b);
}

static void exact_before_casts(void **state)
{
    world *w = *state;
    assert_int_equal(RESOLVE(w, "ABS", T(BIGINT)), WEIR_OK);
    assert_int_equal(w->r.index, 1);
    assert_type(w->r.result, "BIGINT");
    assert_int_equal(RESOLVE(w, "ABS", weir_type_decimal(&w->a, 4, 2)), WEIR_OK);
    assert_type(w->r.result, "DECIMAL(4, 2)");
    assert_int_equal(RESOLVE(w, "DATEADD", T(UNIT), T(INTEGER), T(STRING)), WEIR_OK);
    assert_type(w->r.args[2], "DATE");
    assert_int_equal(resolve(w, "PI", NULL, 0, NULL), WEIR_OK);
    assert_type(w->r.result, "DOUBLE");
}

static void prefers_the_narrower(void **state)
{
    world *w = *state;
    assert_int_equal(RESOLVE(w, "PICK", T(INTEGER)), WEIR_OK);
    assert_int_equal(w->r.index, 0); /* not variadic */
    assert_int_equal(RESOLVE(w, "PICK", T(INTEGER), T(INTEGER)), WEIR_OK);
    assert_int_equal(w->r.index, 1); /* more parameters */
    assert_int_equal(resolve(w, "PICK", NULL, 0, NULL), WEIR_OK);
    assert_int_equal(w->r.index, 2); /* not ANY... */
    assert_int_equal(RESOLVE(w, "PICK", T(STRING), T(INTEGER)), WEIR_OK);
    assert_int_equal(w->r.index, 3);
    assert_int_equal(RESOLVE(w, "MIDDLE", T(STRING), T(BOOLEAN)), WEIR_OK);
    assert_int_equal(RESOLVE(w, "MIDDLE", T(STRING), T(INTEGER), T(INTEGER), T(BOOLEAN)), WEIR_OK);
    assert_int_equal(RESOLVE(w, "MIDDLE", T(STRING), T(BOOLEAN), T(BOOLEAN)), WEIR_ESQL);
}

static void binds_generics(void **state)
{
    world *w = *state;
    const weir_type *ints = weir_type_array(&w->a, T(INTEGER));
    assert_int_equal(RESOLVE(w, "COALESCE", T(NULL), T(STRING)), WEIR_OK);
    assert_type(w->r.result, "STRING");
    assert_type(w->r.args[0], "STRING"); /* the NULL gets the type of the others */
    assert_int_equal(RESOLVE(w, "COALESCE", T(INTEGER), T(BIGINT)), WEIR_ESQL);
    assert_int_equal(RESOLVE(w, "ARRAY_CONTAINS", ints, T(INTEGER)), WEIR_OK);
    assert_int_equal(RESOLVE(w, "ARRAY_CONTAINS", ints, T(BIGINT)), WEIR_ESQL);
    assert_int_equal(RESOLVE(w, "ARRAY_CONTAINS", ints, T(NULL)), WEIR_OK);
}

static void variadic_by_array(void **state)
{
    world *w = *state;
    const weir_type *texts = weir_type_array(&w->a, T(STRING));
    assert_int_equal(RESOLVE(w, "CONCAT", texts), WEIR_OK);
    assert_type(w->r.args[0], "ARRAY<STRING>");
    assert_int_equal(RESOLVE(w, "CONCAT", T(NULL)), WEIR_ESQL);
    assert_non_null(strstr(w->st.msg, "Function 'concat' cannot be resolved due to ambiguous method "
                                      "parameters (null).\nUse CAST()"));
    assert_int_equal(RESOLVE(w, "CONCAT", T(STRING), T(NULL), T(STRING)), WEIR_OK);
    assert_int_equal(w->r.index, 0);
}

static void messages(void **state)
{
    world *w = *state;
    assert_int_equal(RESOLVE(w, "DATEADD", T(DATE), T(INTEGER), T(DATE)), WEIR_ESQL);
    assert_non_null(strstr(w->st.msg, "Function 'dateadd' does not accept parameters (DATE, "
                                      "INTEGER, DATE).\nValid alternatives are:\n"
                                      "DATEADD(INTERVAL UNIT, INT, DATE)\nFor detailed"));
    assert_int_equal(resolve(w, "COALESCE", NULL, 0, NULL), WEIR_ESQL);
    assert_non_null(strstr(w->st.msg, "Function 'COALESCE' does not accept parameters ()."));
    assert_int_equal(RESOLVE(w, "ABS", T(NULL)), WEIR_ESQL); /* four equally good ones */
}

static void aggregates_take_no_casts(void **state)
{
    world *w = *state;
    assert_int_equal(RESOLVE(w, "SUM", T(INTEGER)), WEIR_OK);
    assert_int_equal(RESOLVE(w, "SUM", T(BIGINT)), WEIR_ESQL);
    assert_int_equal(RESOLVE(w, "SUM", T(DOUBLE), T(INTEGER)), WEIR_OK);
    assert_false(w->r.is_init[0]);
    assert_true(w->r.is_init[1]);
}

static void lambdas(void **state)
{
    world *w = *state;
    const weir_type *ints = weir_type_array(&w->a, T(INTEGER));
    const weir_type *args[] = {ints, T(LAMBDA)};
    assert_int_equal(resolve(w, "TRANSFORM", args, 2, (const uint32_t[]){0, 1}), WEIR_OK);
    assert_null(w->r.result);
    assert_int_equal(w->r.lambdas[1].n, 1);
    assert_type(w->r.lambdas[1].params[0], "INTEGER");
    assert_int_equal(weir_resolved_lambda(&w->r, 1, T(STRING), &w->a, &w->st), WEIR_OK);
    assert_int_equal(weir_resolved_finish(&w->r, &fn_transform, &w->a, &w->st), WEIR_OK);
    assert_type(w->r.result, "ARRAY<STRING>");
    assert_int_equal(resolve(w, "TRANSFORM", args, 2, (const uint32_t[]){0, 2}), WEIR_ESQL);

    assert_int_equal(resolve(w, "FILTER", args, 2, (const uint32_t[]){0, 1}), WEIR_OK);
    assert_int_equal(weir_resolved_lambda(&w->r, 1, T(INTEGER), &w->a, &w->st), WEIR_ESQL);

    const weir_type *reduce[] = {ints, T(BIGINT), T(LAMBDA)};
    assert_int_equal(resolve(w, "REDUCE", reduce, 3, (const uint32_t[]){0, 0, 2}), WEIR_OK);
    assert_type(w->r.lambdas[2].params[0], "BIGINT");
    assert_type(w->r.lambdas[2].params[1], "INTEGER");
    assert_int_equal(weir_resolved_lambda(&w->r, 2, T(STRING), &w->a, &w->st), WEIR_ESQL);
    assert_int_equal(weir_resolved_lambda(&w->r, 2, T(BIGINT), &w->a, &w->st), WEIR_OK);
    assert_int_equal(weir_resolved_finish(&w->r, &fn_reduce, &w->a, &w->st), WEIR_OK);
    assert_type(w->r.result, "BIGINT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_names),       cmocka_unit_test(exact_before_casts),
        cmocka_unit_test(prefers_the_narrower), cmocka_unit_test(binds_generics),
        cmocka_unit_test(variadic_by_array), cmocka_unit_test(messages),
        cmocka_unit_test(aggregates_take_no_casts), cmocka_unit_test(lambdas),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
