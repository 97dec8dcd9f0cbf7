/* Regular expressions against java.util.regex, and limits. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/data/regex.h"
#include "engine/data/text.h"
#include "tests/support/test.h"
#include "tests/support/vectors.h"

static char where[48];

/* Every match with its groups, positions in UTF-16 units: `0:2,1:2 3:3,-1:-1`. */
static void print_matches(weir_regex *r, weir_sv text, weir_buf *out)
{
    bool found;
    for (uint32_t from = 0; from != UINT32_MAX; from = weir_regex_next(r, text)) {
        weir_status st;
        assert_ok(weir_regex_find(r, text, from, &found, &st), &st);
        if (!found) {
            break;
        }
        weir_buf_str(out, out->n ? " " : "");
        for (uint32_t g = 0; g <= weir_regex_groups(r); g++) {
            uint32_t start;
            uint32_t end;
            weir_buf_str(out, g ? "," : "");
            if (weir_regex_group(r, g, &start, &end)) {
                weir_buf_printf(out, "%u:%u", weir_byte_to_utf16(text, start),
                                weir_byte_to_utf16(text, end));
            } else {
                weir_buf_str(out, "-1:-1");
            }
        }
    }
}

static void check_find(char **f, weir_regex *r, weir_sv text)
{
    weir_buf b = {0};
    print_matches(r, text, &b);
    if (strcmp(weir_buf_cstr(&b), f[4]) != 0) {
        fail_msg("%s: '%s' in '%s': found %s, not %s", where, f[1], f[2], weir_buf_cstr(&b), f[4]);
    }
    weir_buf_deinit(&b);
    bool found;
    weir_status st;
    assert_ok(weir_regex_matches(r, text, &found, &st), &st);
    if (found != (f[3][0] == '1')) {
        fail_msg("%s: '%s' matches '%s': %d", where, f[1], f[2], found);
    }
}

static void check_replace(char **f, weir_regex *r, weir_sv text)
{
    weir_buf b = {0};
    weir_status st;
    weir_rc rc = weir_regex_replace_all(r, text, weir_vector_unescape(f[3]), &b, &st);
    const char *expected = weir_vector_unescape(f[4]).p;
    const char *got = rc ? "!" : weir_buf_cstr(&b);
    if ((rc != WEIR_OK) != (expected[0] == '!') || (!rc && strcmp(got, expected + 1) != 0)) {
        fail_msg("%s: '%s' in '%s' by '%s': %s, not %s", where, f[1], f[2], f[3], got, expected);
    }
    weir_buf_deinit(&b);
}

static void check_line(char **f, uint32_t n, uint32_t line)
{
    snprintf(where, sizeof where, "regex.txt:%u", line);
    assert_true(n >= 4);
    weir_sv pattern = weir_vector_unescape(f[1]);
    weir_sv text = weir_vector_unescape(f[2]);
    weir_regex *r = NULL;
    weir_status st;
    weir_rc rc = weir_regex_new(pattern, &r, &st);
    bool bad = n == 4;
    if ((rc != WEIR_OK) != bad) {
        fail_msg("%s: '%s' compiled: %s", where, f[1], rc ? st.msg : "ok");
    }
    if (rc == WEIR_OK && !bad) {
        if (strcmp(f[0], "find") == 0) {
            check_find(f, r, text);
        } else {
            check_replace(f, r, text);
        }
    }
    weir_regex_free(r);
}

static void test_vectors(void **state)
{
    (void)state;
    assert_true(weir_vectors_each("regex", '\t', check_line) > 200);
}

static void test_limits(void **state)
{
    (void)state;
    weir_status st;
    weir_regex *r = NULL;
    bool found;
    assert_ok(weir_regex_new(WEIR_SV("(x+x+)+[yz]"), &r, &st), &st);
    char text[64];
    memset(text, 'x', sizeof text);
    assert_int_equal(weir_regex_find(r, weir_sv_of(text, 64), 0, &found, &st), WEIR_ELIMIT);
    weir_regex_free(r);
    char deep[2000];
    memset(deep, '(', sizeof deep);
    assert_int_equal(weir_regex_new(weir_sv_of(deep, 2000), &r, &st), WEIR_EUSAGE);
    memset(deep, '[', sizeof deep);
    assert_int_equal(weir_regex_new(weir_sv_of(deep, 2000), &r, &st), WEIR_EUSAGE);
    assert_null(r);
    assert_int_equal(weir_regex_new(WEIR_SV("\xff"), &r, &st), WEIR_EUSAGE);
}

static void test_ceiling(void **state)
{
    (void)state;
    weir_status st;
    weir_regex *r = NULL;
    assert_ok(weir_regex_new(WEIR_SV(""), &r, &st), &st);
    weir_buf b;
    weir_buf_init(&b, 100);
    weir_rc rc = weir_regex_replace_all(r, WEIR_SV("abcdefghij"), WEIR_SV("0123456789"), &b, &st);
    assert_int_equal(rc, WEIR_ELIMIT);
    weir_buf_deinit(&b);
    weir_regex_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
