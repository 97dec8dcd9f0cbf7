/* The assertions of test.h. They report the place of the call, not this file. */
#include "tests/support/test.h"

void test_sv_equal(weir_sv actual, const char *expected, const char *file, int line)
{
    if (!weir_sv_eq(actual, weir_sv_cstr(expected))) {
        print_error("expected \"%s\", got \"" WEIR_SV_FMT "\"\n", expected, WEIR_SV_ARG(actual));
        _fail(file, line);
    }
}

void test_ok(weir_rc rc, const weir_status *st, const char *file, int line)
{
    if (rc != WEIR_OK) {
        print_error("%s: %s\n", weir_rc_name(rc), st ? st->msg : "");
        _fail(file, line);
    }
}
