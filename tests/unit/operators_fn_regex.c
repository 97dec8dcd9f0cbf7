/* Regular expressions as functions: NULLs, errors, the patterns kept; and the vectors of a JDK. */
#include "tests/support/fn_vectors.h"

#define S fn_s
#define I fn_i
#define NO_S fn_null(WEIR_T_STRING)
#define NO_I fn_null(WEIR_T_INTEGER)

extern const weir_function weir_fn_regex[];
extern const uint32_t weir_fn_regex_n;

static fn_test t;

static int setup(void **state)
{
    (void)state;
    const fn_family families[] = {{weir_fn_regex, weir_fn_regex_n}};
    fn_test_init(&t, families, WEIR_COUNT(families));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fn_test_deinit(&t);
    return 0;
}

static void nulls(void **state)
{
    (void)state;
    fn_is(&t, "NULL", "REGEXP_EXTRACT", NO_S, S("a"));
    fn_is(&t, "NULL", "REGEXP_EXTRACT", S("a"), NO_S);
    fn_is(&t, "NULL", "REGEXP_EXTRACT", S("a"), S("a"), NO_I);
    fn_is(&t, "NULL", "REGEXP_EXTRACT", S("a"), S("b"));
    fn_is(&t, "NULL", "REGEXP_EXTRACT", S("(a)|b"), S("b"), I(1));
    fn_is(&t, "NULL", "REGEXP_EXTRACT_ALL", S("a"), S("b"), I(1));
    fn_is(&t, "[]", "REGEXP_EXTRACT_ALL", S("a"), S("b"));
    fn_is(&t, "[a, null]", "REGEXP_EXTRACT_ALL", S("(a)|b"), S("ab"), I(1));
    fn_is(&t, "NULL", "REGEXP_REPLACE", S("a"), S("b"), NO_S);
    fn_is(&t, "NULL", "REGEXP_SPLIT_TO_ARRAY", S("a"), NO_S);
    fn_is(&t, "[a, ?, ?]", "REGEXP_SPLIT_TO_ARRAY", S("a😀"), S(""));
    fn_is(&t, "[]", "REGEXP_SPLIT_TO_ARRAY", S(""), S(""));
}

static void errors(void **state)
{
    (void)state;
    fn_is(&t, FN_FAILED, "REGEXP_EXTRACT", S("("), S("a"));
    assert_non_null(strstr(t.error, "Invalid regular expression pattern: ("));
    fn_is(&t, FN_FAILED, "REGEXP_EXTRACT", S("a"), S("a"), I(-1));
    assert_string_equal(t.error, "No group -1");
    fn_is(&t, "NULL", "REGEXP_EXTRACT", S("a"), S("b"), I(-1));
    fn_is(&t, FN_FAILED, "REGEXP_REPLACE", S("a"), S("a"), S("$1"));
    fn_is(&t, FN_FAILED, "REGEXP_SPLIT_TO_ARRAY", S("a"), S("["));
    char hard[200];
    memset(hard, 'a', sizeof hard);
    hard[sizeof hard - 1] = '\0';
    fn_is(&t, FN_FAILED, "REGEXP_EXTRACT", S("(?:a|aa)+[bc]"), S(hard)); /* bounded, never hangs */
}

/* More patterns than are kept, again and again, some of them bad. */
static void many_patterns(void **state)
{
    (void)state;
    weir_column columns[] = {
        {.name = WEIR_SV("P"), .type = weir_type_of(WEIR_T_STRING), .role = WEIR_COL_VALUE},
        {.name = WEIR_SV("S"), .type = weir_type_of(WEIR_T_STRING), .role = WEIR_COL_VALUE},
    };
    const weir_schema schema = {.n = 2, .cols = columns};
    const weir_type *types[] = {columns[0].type, columns[1].type};
    const weir_expr *kids[] = {weir_expr_column(&t.arena, &schema, 0),
                               weir_expr_column(&t.arena, &schema, 1)};
    const weir_expr *e = fn_call(&t, "REGEXP_EXTRACT", types, kids, 2);
    weir_program *p = weir_program_new(&t.arena, &schema, &e, 1, &t.settings);
    weir_batch *b = weir_batch_new(&t.arena, &schema);
    b->arena = &t.arena;
    b->rows = 100;
    b->nsel = 100;
    for (uint32_t row = 0; row < 100; row++) {
        uint32_t k = row * 7 % 23;
        weir_value pattern = weir_string(k == 22 ? WEIR_SV("(") :
                                         weir_arena_printf(&t.arena, "%c+", 'a' + k));
        weir_value text = S("aabbccddeeffgghhiijjkkllmmnnooppqqrrssttuuvv");
        weir_vec_put(&b->cols[0], &t.arena, row, &pattern);
        weir_vec_put(&b->cols[1], &t.arena, row, &text);
    }
    weir_vec out;
    weir_program_eval(p, b, &out, NULL);
    for (uint32_t row = 0; row < 100; row++) {
        uint32_t k = row * 7 % 23;
        assert_int_equal(weir_vec_is_err(&out, row), k == 22);
        if (k != 22) {
            char expected[] = {(char)('a' + k), (char)('a' + k), '\0'};
            assert_sv_equal(WEIR_AT(weir_sv, &out, row), expected);
        }
    }
}

static void vectors(void **state)
{
    (void)state;
    fn_vectors(&t, "regexes", 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nulls),
        cmocka_unit_test(errors),
        cmocka_unit_test(many_patterns),
        cmocka_unit_test(vectors),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
