/* Functions on URLs: the vectors of a JDK, and what they do not reach. */
#include "tests/support/fn_vectors.h"

#define S fn_s
#define NO_S fn_null(WEIR_T_STRING)

extern const weir_function weir_fn_url[];
extern const uint32_t weir_fn_url_n;

static fn_test t;

static int setup(void **state)
{
    (void)state;
    const fn_family families[] = {{weir_fn_url, weir_fn_url_n}};
    fn_test_init(&t, families, WEIR_COUNT(families));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fn_test_deinit(&t);
    return 0;
}

#define URL "https://u:p@example.org:8080/a%20b?x=1&y=%C3%BC&z&x=2#top%21"

static void parts(void **state)
{
    (void)state;
    fn_is(&t, "https", "URL_EXTRACT_PROTOCOL", S(URL));
    fn_is(&t, "example.org", "URL_EXTRACT_HOST", S(URL));
    fn_is(&t, "8080", "URL_EXTRACT_PORT", S(URL));
    fn_is(&t, "/a b", "URL_EXTRACT_PATH", S(URL));
    fn_is(&t, "x=1&y=ü&z&x=2", "URL_EXTRACT_QUERY", S(URL));
    fn_is(&t, "top!", "URL_EXTRACT_FRAGMENT", S(URL));
    fn_is(&t, "1", "URL_EXTRACT_PARAMETER", S(URL), S("x"));
    fn_is(&t, "ü", "URL_EXTRACT_PARAMETER", S(URL), S("y"));
    fn_is(&t, "", "URL_EXTRACT_PARAMETER", S(URL), S("z"));
    fn_is(&t, "NULL", "URL_EXTRACT_PARAMETER", S(URL), S("w"));
    fn_is(&t, "", "URL_EXTRACT_PATH", S(""));
    fn_is(&t, "NULL", "URL_EXTRACT_HOST", S(""));
}

static void nulls_and_errors(void **state)
{
    (void)state;
    fn_is(&t, "NULL", "URL_EXTRACT_HOST", NO_S);
    fn_is(&t, "NULL", "URL_EXTRACT_PORT", NO_S);
    fn_is(&t, "NULL", "URL_EXTRACT_PARAMETER", S(URL), NO_S);
    fn_is(&t, "NULL", "URL_ENCODE_PARAM", NO_S);
    fn_is(&t, FN_FAILED, "URL_EXTRACT_HOST", S("http://a b"));
    assert_string_equal(t.error, "URL input has invalid syntax: http://a b");
    fn_is(&t, FN_FAILED, "URL_DECODE_PARAM", S("100%"));
    fn_is(&t, FN_FAILED, "URL_DECODE_PARAM", S("%g0"));
}

static void vectors(void **state)
{
    (void)state;
    fn_vectors(&t, "url", 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),
        cmocka_unit_test(nulls_and_errors),
        cmocka_unit_test(vectors),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
