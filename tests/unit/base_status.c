/* Codes, messages, hints, and truncation at a character's border. */
#include "tests/support/test.h"

static void test_fail(void **state)
{
    (void)state;
    weir_status st = {0};
    assert_int_equal(weir_fail(&st, WEIR_EIO, "cannot read \"%s\"", "x.sql"), WEIR_EIO);
    assert_int_equal(st.rc, WEIR_EIO);
    assert_string_equal(st.msg, "cannot read \"x.sql\"");
    assert_int_equal(weir_hint(&st, "look at %d", 7), WEIR_EIO);
    assert_string_equal(st.hint, "look at 7");
    assert_int_equal(weir_wrap(&st, "query %s", "Q1"), WEIR_EIO);
    assert_string_equal(st.msg, "query Q1: cannot read \"x.sql\"");
    assert_string_equal(st.hint, "look at 7");

    weir_fail_at(&st, WEIR_ESQL, (weir_span){4, 2}, "unknown column");
    assert_int_equal(st.span.at, 4);
    assert_int_equal(st.span.n, 2);
    assert_string_equal(st.hint, "");

    weir_status_reset(&st);
    assert_int_equal(st.rc, WEIR_OK);
    assert_int_equal(st.span.n, 0);
    assert_string_equal(st.msg, "");
}

static void test_without_status(void **state)
{
    (void)state;
    assert_int_equal(weir_fail(NULL, WEIR_EDATA, "x"), WEIR_EDATA);
    assert_int_equal(weir_fail_at(NULL, WEIR_ESQL, (weir_span){0}, "x"), WEIR_ESQL);
}

static void test_own_message_as_argument(void **state)
{
    (void)state;
    weir_status st = {0};
    weir_fail(&st, WEIR_EIO, "inner");
    weir_fail(&st, WEIR_EUSAGE, "outer: %s", st.msg);
    assert_string_equal(st.msg, "outer: inner");
}

static void test_truncation(void **state)
{
    (void)state;
    weir_status st = {0};
    char text[3 * sizeof st.msg + 2] = "x";
    for (size_t i = 0; i < sizeof st.msg; i++) {
        memcpy(text + 1 + 3 * i, "\xe2\x82\xac", 4);
    }
    weir_fail(&st, WEIR_EIO, "%s", text);
    size_t n = strlen(st.msg);
    assert_true(n < sizeof st.msg && n > sizeof st.msg - 4);
    assert_int_equal((n - 1) % 3, 0);
    weir_wrap(&st, "%s", text);
    /* 340 whole characters after the x, and what is left of ": …" */
    assert_int_equal(strlen(st.msg), 1 + 340 * 3 + 2);
    assert_string_equal(st.msg + 1 + 339 * 3, "\xe2\x82\xac: ");
}

static void test_names(void **state)
{
    (void)state;
    for (int rc = WEIR_OK; rc <= WEIR_EINTR; rc++) {
        assert_true(strlen(weir_rc_name((weir_rc)rc)) > 0);
    }
    assert_string_equal(weir_rc_name(WEIR_OK), "ok");
    assert_string_equal(weir_rc_name(WEIR_EINTR), "interrupted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail),
        cmocka_unit_test(test_without_status),
        cmocka_unit_test(test_own_message_as_argument),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
