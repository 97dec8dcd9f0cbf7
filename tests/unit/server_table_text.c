/* Tables of text: widths, alignment, rows that come late, text that must not reach a terminal. */
#include "tests/support/test.h"

#include "engine/data/text_width.h"
#include "engine/server/table_text.h"

static void add(weir_table_text *t, const char *a, const char *b, weir_buf *out)
{
    weir_sv cells[] = {weir_sv_cstr(a), weir_sv_cstr(b)};
    weir_table_text_row(t, cells, out);
}

static void shown(weir_buf *out, const char *expected)
{
    assert_string_equal(weir_buf_cstr(out), expected);
    weir_buf_deinit(out);
    *out = (weir_buf){0};
}

static void widths(void **state)
{
    (void)state;
    assert_int_equal(weir_text_width(WEIR_SV("")), 0);
    assert_int_equal(weir_text_width(WEIR_SV("abc")), 3);
    assert_int_equal(weir_text_width(WEIR_SV("日本")), 4);
    assert_int_equal(weir_text_width(WEIR_SV("e\xCC\x81")), 1); /* combining accent */
    assert_int_equal(weir_text_width(WEIR_SV("\x1b[2J")), 3);
}

static void rows_after_the_sample(void **state)
{
    (void)state;
    weir_sv names[] = {WEIR_SV("K"), WEIR_SV("N")};
    bool right[] = {false, true};
    weir_table_text *t = weir_table_text_new(names, right, 2);
    weir_buf out = {0};
    add(t, "日本", "1", &out);
    assert_int_equal(out.n, 0); /* widths are not decided yet */
    weir_table_text_flush(t, &out);
    shown(&out, "K     N\n----  -\n日本  1\n");
    add(t, "a", "2", &out);
    shown(&out, "a     2\n");
    add(t, "longer", "3", &out); /* the header stays */
    shown(&out, "longer  3\n");
    weir_table_text_flush(t, &out);
    assert_int_equal(out.n, 0);
    weir_table_text_free(t);
}

static void control_characters(void **state)
{
    (void)state;
    weir_sv names[] = {WEIR_SV("A\x1b"), WEIR_SV("B")};
    weir_table_text *t = weir_table_text_new(names, NULL, 2);
    weir_buf out = {0};
    add(t, "\x1b]0;x\x07", "a\nb\t", &out);
    add(t, "\xff", "", &out); /* not UTF-8 */
    weir_table_text_flush(t, &out);
    shown(&out, "A\\u001B           B\n"
                "----------------  ------\n"
                "\\u001B]0;x\\u0007  a\\nb\\t\n"
                "\xEF\xBF\xBD\n");
    weir_table_text_free(t);
}

static void results(void **state)
{
    (void)state;
    weir_sv names[] = {WEIR_SV("Name"), WEIR_SV("Count")};
    weir_sv cells[] = {WEIR_SV("a"), WEIR_SV("7"), WEIR_SV("bb"), WEIR_SV("-12.5")};
    weir_buf out = {0};
    weir_rows rows = {2, 2, names, cells};
    weir_rows_print(&out, &rows);
    shown(&out, "Name  Count\n----  -----\na         7\nbb    -12.5\n");
    rows.n_rows = 0;
    weir_rows_print(&out, &rows);
    shown(&out, "Name  Count\n----  -----\n");
    weir_sv text[] = {WEIR_SV("a"), WEIR_SV("one\ntwo")};
    rows = (weir_rows){2, 1, names, text};
    weir_rows_print(&out, &rows);
    shown(&out, "Name: a\nCount:\none\ntwo\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths),
        cmocka_unit_test(rows_after_the_sample),
        cmocka_unit_test(control_characters),
        cmocka_unit_test(results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
