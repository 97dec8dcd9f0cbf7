/* Every example of a function's documentation that has the form `EXPRESSION → RESULT` is true. */
#include "tests/support/fn_sql.h"

static void examples(void **state)
{
    (void)state;
    fn_sql t;
    fn_sql_init(&t);
    uint32_t checked = 0;
    uint32_t failed = 0;
    for (uint32_t i = 0; i < weir_functions_count(t.functions); i++) {
        const weir_function *fn = weir_functions_at(t.functions, i);
        weir_sv example = weir_sv_cstr(fn->example);
        int64_t arrow = weir_sv_find(example, WEIR_SV(" → "), 0);
        if (arrow < 0 || fn->n_aggs || fn->table_function ||
            fn->overloads[0].flags & WEIR_FN_IMPURE) {
            continue;
        }
        uint32_t after = (uint32_t)arrow + WEIR_SV(" → ").n;
        weir_sv expected = weir_sv_of(example.p + after, example.n - after);
        weir_sv r = fn_sql_eval(&t, weir_sv_of(example.p, (size_t)arrow));
        checked++;
        bool over_columns = weir_sv_starts(r, WEIR_SV("!Unknown column"));
        if (!over_columns && !weir_sv_eq(r, expected)) {
            print_error("%s: got " WEIR_SV_FMT "\n", fn->example, WEIR_SV_ARG(r));
            failed++;
        }
    }
    fn_sql_deinit(&t);
    assert_true(checked > 50);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(examples)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
