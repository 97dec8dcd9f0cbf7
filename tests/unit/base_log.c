/* A log line is one line whatever is in it, and levels below the threshold print nothing. */
#include "engine/base/log.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <unistd.h>

/* Standard error as a file, from begin_capture to end_capture. */
static int saved_stderr;
static FILE *captured;

static void begin_capture(void)
{
    fflush(stderr);
    saved_stderr = dup(STDERR_FILENO);
    captured = tmpfile();
    assert_non_null(captured);
    dup2(fileno(captured), STDERR_FILENO);
}

static size_t end_capture(char *text, size_t room)
{
    fflush(stderr);
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    rewind(captured);
    size_t n = fread(text, 1, room - 1, captured);
    text[n] = '\0';
    fclose(captured);
    return n;
}

static void test_lines(void **state)
{
    (void)state;
    char text[8192];
    begin_capture();
    WEIR_LOG(WEIR_INFO, "not shown");
    WEIR_LOG(WEIR_WARN, "topic %s", "a\nweir: error: forged\x1b[31m");
    WEIR_LOG(WEIR_ERROR, "%d", 5);
    end_capture(text, sizeof text);
    assert_string_equal(text, "weir: warning: topic a weir: error: forged [31m\nweir: error: 5\n");
}

static void test_long_line(void **state)
{
    (void)state;
    char text[8192];
    char long_text[5000];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    begin_capture();
    WEIR_LOG(WEIR_WARN, "%s", long_text);
    size_t n = end_capture(text, sizeof text);
    assert_true(n > 1000 && n < 4096);
    assert_ptr_equal(strchr(text, '\n'), text + n - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_long_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
