/* Byte-slice helpers. */
#include "tests/support/test.h"

static void test_compare(void **state)
{
    (void)state;
    assert_true(weir_sv_eq(WEIR_SV("abc"), WEIR_SV("abc")));
    assert_false(weir_sv_eq(WEIR_SV("abc"), WEIR_SV("abd")));
    assert_true(weir_sv_eq((weir_sv){0}, WEIR_SV("")));
    assert_true(weir_sv_cmp(WEIR_SV("ab"), WEIR_SV("abc")) < 0);
    assert_true(weir_sv_cmp(WEIR_SV("b"), WEIR_SV("abc")) > 0);
    assert_true(weir_sv_cmp(WEIR_SV("\xc3"), WEIR_SV("a")) > 0);
}

static void test_ignore_case(void **state)
{
    (void)state;
    assert_true(weir_sv_ieq(WEIR_SV("SeLeCt"), WEIR_SV("sElEcT")));
    assert_false(weir_sv_ieq(WEIR_SV("select"), WEIR_SV("selec")));
    /* Only letters fold: '[' and '{' differ by the same bit as 'A' and 'a'. */
    assert_false(weir_sv_ieq(WEIR_SV("["), WEIR_SV("{")));
    assert_true(weir_sv_istarts(WEIR_SV("CREATE stream"), WEIR_SV("create")));
    assert_false(weir_sv_istarts(WEIR_SV("cre"), WEIR_SV("create")));
    assert_true(weir_sv_starts(WEIR_SV("abc"), (weir_sv){0}));
    assert_false(weir_sv_starts(WEIR_SV("Abc"), WEIR_SV("ab")));
}

static void test_find(void **state)
{
    (void)state;
    weir_sv s = WEIR_SV("abcabc");
    assert_int_equal(weir_sv_find(s, WEIR_SV("bc"), 0), 1);
    assert_int_equal(weir_sv_find(s, WEIR_SV("bc"), 2), 4);
    assert_int_equal(weir_sv_find(s, WEIR_SV("bc"), 5), -1);
    assert_int_equal(weir_sv_find(s, WEIR_SV("abcabcd"), 0), -1);
    assert_int_equal(weir_sv_find(s, WEIR_SV(""), 6), 6);
    assert_int_equal(weir_sv_find(s, WEIR_SV(""), 7), -1);
}

static void test_trim(void **state)
{
    (void)state;
    assert_sv_equal(weir_sv_trim(WEIR_SV(" \t a b\r\n")), "a b");
    assert_sv_equal(weir_sv_trim(WEIR_SV("  \n")), "");
    assert_sv_equal(weir_sv_trim((weir_sv){0}), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_ignore_case),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_trim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
