/* The registry over HTTP as far as it goes without a server; what goes into addresses. */
#include "connectors/http_client.h"
#include "connectors/registry_http.h"
#include "connectors/template.h"
#include "tests/support/http_peer.h"
#include "tests/support/test.h"

#include <stdlib.h>

static void test_escape(void **state)
{
    (void)state;
    weir_buf b = {0};
    weir_template_url(&b, WEIR_SV("a-Z_0.9~ /?#%\xc3\xa9"));
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

static void ask(weir_http *h, const char *url, int32_t status, const char *body)
{
    weir_status st;
    weir_http_answer a;
    weir_status_reset(&st);
    assert_ok(weir_http_ask(h, "GET", url, (weir_sv){0}, "text/plain", &a, &st), &st);
    assert_int_equal(a.status, status);
    assert_sv_equal(a.body, body);
}

/* Neither the environment nor an answer says where to ask. */
static void test_nowhere_else(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start(NULL);
    weir_http *h = weir_http_new();
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    http_peer_on(peer, "/here", "{\"body\": \"here\"}");
    http_peer_on(peer, "/moved", "{\"status\": 301, \"headers\": {\"Location\": \"/here\"}}");
    ask(h, http_peer_url(peer, "/here"), 200, "here");
    ask(h, http_peer_url(peer, "/moved"), 301, "");
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    weir_http_free(h);
    http_peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_nowhere_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
