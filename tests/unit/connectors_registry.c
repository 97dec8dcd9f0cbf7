/* The registry over HTTP as far as it goes without a server; what goes into addresses. */
#include "connectors/http_client.h"
#include "connectors/registry_http.h"
#include "tests/support/test.h"

static void test_escape(void **state)
{
    (void)state;
    weir_buf b = {0};
    weir_http_escape(&b, WEIR_SV("a-Z_0.9~ /?#%\xc3\xa9"));
    assert_string_equal(weir_buf_cstr(&b), "a-Z_0.9~%20%2F%3F%23%25%C3%A9");
    weir_buf_deinit(&b);
}

static void test_nobody_there(void **state)
{
    (void)state;
    weir_status st;
    weir_registered found;
    weir_registry *r = weir_registry_http(WEIR_SV(" http://127.0.0.1:1/,http://other"));
    weir_status_reset(&st);
    assert_int_equal(r->calls->latest(r, WEIR_SV("a-value"), &found, &st), WEIR_ECONNECT);
    assert_true(st.retriable);
    const char *expected =
        "schema registry: GET http://127.0.0.1:1/subjects/a-value/versions/latest";
    assert_int_equal(strncmp(st.msg, expected, strlen(expected)), 0);
    weir_registry_close(r);
    r = weir_registry_http(WEIR_SV("file:///etc/passwd#"));
    assert_int_equal(r->calls->by_id(r, 1, &found, &st), WEIR_ECONNECT);
    weir_registry_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_nobody_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
