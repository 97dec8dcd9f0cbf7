/* How errors read: message, place, expected tokens, hints; rendering for terminals, programs and
 * ksqlDB's API. */
#include "dsl/diag.h"
#include "dsl/parse.h"
#include "engine/base/alloc.h"
#include "tests/support/test.h"

typedef struct fixture {
    weir_arena a;
    weir_diags diags;
    weir_script script;
    weir_buf out;
} fixture;

static int setup(void **state)
{
    fixture *f = weir_zalloc(sizeof *f);
    weir_arena_init(&f->a);
    weir_diags_init(&f->diags, &f->a);
    weir_buf_init(&f->out, 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    weir_buf_deinit(&f->out);
    weir_arena_deinit(&f->a);
    weir_free(f);
    return 0;
}

static const weir_diag *only_error(fixture *f, const char *sql)
{
    f->diags.n = 0;
    weir_parse_script(weir_sv_cstr(sql), &f->a, &f->script, &f->diags);
    if (f->diags.n != 1) {
        fail_msg("%u errors in %s", f->diags.n, sql);
    }
    return &f->diags.items[0];
}

static const char *rendered(fixture *f, const char *sql)
{
    const weir_diag *d = only_error(f, sql);
    weir_buf_reset(&f->out);
    weir_diag_render(&f->out, WEIR_SV("f.sql"), f->script.text, d);
    return weir_buf_cstr(&f->out);
}

/* ---- what the parser says */

typedef struct example {
    const char *sql;
    const char *at; /* the text under the caret */
    const char *message;
    const char *hint; /* NULL: none */
} example;

static const example examples[] = {
    {"SELCT a FROM t;", "SELCT", "Unknown statement 'SELCT'", "Did you mean 'SELECT'?"},
    {"SELECT a FROM t GRUP BY a;", "GRUP", "unexpected 'GRUP'",
     "did you mean GROUP instead of GRUP?"},
    {"SELECT a FROM t EMITT CHANGES;", "EMITT", "unexpected 'EMITT'",
     "did you mean EMIT instead of EMITT?"},
    {"SHOW STREMS;", "STREMS", "unexpected 'STREMS'", "did you mean STREAMS instead of STREMS?"},
    {"SELECT a, FROM t;", ",", "nothing follows the comma before 'FROM'", "remove the comma"},
    {"SELECT f(a,) FROM t;", ",", "nothing follows the comma before ')'", "remove the comma"},
    {"CREATE STREAM s (a INT,) WITH (b=1);", ",", "nothing follows the comma before ')'",
     "remove the comma"},
    {"CREATE STREAM s WITH (KEY_FORMAT = JSON');", "'", "a quote without its partner",
     "did you mean 'JSON'?"},
    {"SELECT 'a FROM t;", "'", "the string is never closed",
     "a quote inside quotes is written twice"},
    {"SELECT \"a FROM t;", "\"", "the quoted name is never closed",
     "strings are written in single quotes; double quotes make a name"},
    {"SELECT a /* FROM t;", "/*", "the comment is never closed", NULL},
    {"SELECT a FROM t", "", "';' is missing before the end of the text", NULL},
    {"SELECT a $ FROM t;", "$", "unexpected character '$'", NULL},
    {"SELECT \xc3\xa4 FROM t;", "\xc3\xa4", "unexpected character '\xc3\xa4'",
     "names with letters outside of A-Z must be written in back-quotes"},
    {"SELECT \x01 FROM t;", "\x01", "byte 0x01 is not part of SQL", NULL},
    {"SELECT count(a FROM t;", "FROM", "unexpected 'FROM'", NULL},
    {"SELECT (a + 1;", ";", "unexpected ';'", "')' is missing: the '(' at line 1:8 is still open"},
    {"SELECT a FROM t WINDOW TUMBLING (SIZE 5 MINTES);", "MINTES", "unknown time unit MINTES",
     "did you mean MINUTES?"},
    {"SELECT a FROM t WHERE a WHERE b;", "WHERE b", "a second WHERE clause",
     "the first one is at line 1:17"},
    {"SELECT a FROM t LIMIT 1 WHERE b;", "WHERE b", "WHERE must stand before LIMIT", NULL},
    {"SELECT a FROM t JOIN u;", "JOIN u", "JOIN without ON",
     "say which columns must be equal: ON a.id = b.id"},
    {"SELECT a FROM UNNEST(b) AS c;", "UNNEST(b) AS c", "UNNEST must be joined to a stream",
     "FROM orders o JOIN UNNEST(o.items) AS item"},
    {"SELECT from FROM t;", "from", "unexpected 'from'",
     "\"from\" is a reserved keyword and it can't be used as an identifier. You can use it as an "
     "identifier by escaping it as `FROM`"},
    {"SET 'a' = \"b\";", "\"b\"", "unexpected '\"b\"'",
     "strings are written in single quotes; double quotes make a name"},
    {"CREATE STREAM s (a DECIMAL);", "DECIMAL", "DECIMAL needs a precision and a scale",
     "for example DECIMAL(10, 2)"},
    {"CREATE STREAM s (a INT) AS SELECT * FROM t;", "AS",
     "columns cannot be declared together with AS SELECT", NULL},
    {"SELECT f(a.b => 1) FROM t;", "a.b", "a lambda parameter must be a plain name", NULL},
    {"SELECT a FROM t EMIT CHANGES UNION ALL SELECT a FROM t;", "EMIT CHANGES",
     "ORDER BY, EMIT, LIMIT and OFFSET belong behind the last SELECT of a UNION ALL", NULL},
    {"SELECT ``` FROM t;", "`", "the quoted name is never closed",
     "a quote inside quotes is written twice"},
    {"SELECT `` FROM t;", "``", "a name cannot be empty", NULL},
    {"SELECT a FROM t WHERE a = 'x\nAND b = 'y;", "y", "unexpected 'y'",
     "the string that starts at line 1:27 goes over several lines: is its closing quote missing?"},
};

static void messages(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < WEIR_COUNT(examples); i++) {
        const weir_diag *d = only_error(f, examples[i].sql);
        assert_int_equal(d->rc, WEIR_ESQL);
        assert_true(d->syntax);
        assert_sv_equal(d->message, examples[i].message);
        assert_sv_equal(weir_sv_of(f->script.text.p + d->span.at, d->span.n), examples[i].at);
        assert_sv_equal(d->hint, examples[i].hint ? examples[i].hint : "");
    }
}

/* Texts that fit the grammar and are wrong all the same: ksqlDB's words. */
static void meaning(void **state)
{
    static const char *const cases[][2] = {
        {"SELECT 9223372036854775808 FROM t;", "Invalid numeric literal: 9223372036854775808"},
        {"SELECT -9223372036854775809 FROM t;", "Invalid numeric literal: -9223372036854775809"},
        {"SELECT a FROM t LIMIT 9223372036854775808;",
         "Invalid numeric literal: 9223372036854775808"},
        {"SELECT -1.8E308 FROM t;", "Number overflows DOUBLE: -1.8E308"},
        {"SELECT TIMESTAMP '2020' FROM t;", "Unknown type: TIMESTAMP"},
        {"SELECT DECIMAL 'x' FROM t;", "Invalid numeric literal: x"},
        {"SELECT a LIKE b ESCAPE '!!' FROM t;",
         "Line: 1, Col: 24: Expected single character escape but got: !!"},
        {"CREATE STREAM s (a DECIMAL(0, 0));", "DECIMAL precision must be >= 1: DECIMAL(0,0)"},
        {"CREATE STREAM s (a DECIMAL(1, 2));", "DECIMAL precision must be >= scale: DECIMAL(1,2)"},
        {"CREATE STREAM s (a DECIMAL(1, -2));", "DECIMAL scale must be >= 0: DECIMAL(1,-2)"},
        {"CREATE STREAM s (a DECIMAL(1.5, 2));",
         "Value must be integer for command: DECIMAL(PRECISION)"},
        {"SELECT a FROM `a b`;", "Illegal argument at Line: 1, Col: 15. Source names may only "
                                 "contain alphanumeric values, '_' "
                                 "or '-'. Got: 'a b'"},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        const weir_diag *d = only_error(*state, cases[i][0]);
        assert_false(d->syntax);
        assert_sv_equal(d->message, cases[i][1]);
    }
}

static void expected_lists(void **state)
{
    assert_sv_equal(only_error(*state, "DROP STREAM;")->expected, "a name, IF");
    assert_sv_equal(only_error(*state, "SELECT a b c FROM t;")->expected, "',', FROM");
    assert_sv_equal(only_error(*state, "SELECT a FROM t WHERE ;")->expected, "an expression");
    assert_sv_equal(only_error(*state, "SELECT FROM t;")->expected, "an expression, '*'");
    assert_sv_equal(only_error(*state, "SET 'a' 'b';")->expected, "'='");
    assert_sv_equal(only_error(*state, "SELECT (a b) FROM t;")->expected, "')', an operator");
    assert_sv_equal(only_error(*state, "CREATE TYPE a AS MAP<INT>;")->expected, "'(', ',', ARRAY");
    assert_sv_equal(only_error(*state, "SELECT CASE a END FROM t;")->expected, "an operator, WHEN");
}

/* ---- renderings */

static void terminal(void **state)
{
    assert_string_equal(rendered(*state, "SELECT 1 FROM t;\nSELECT a FROM t\n\tGRUP BY a;"),
                        "f.sql:3:2: Syntax Error: unexpected 'GRUP'\n"
                        "  \tGRUP BY a;\n"
                        "  \t^~~~\n"
                        "  hint: did you mean GROUP instead of GRUP?\n");
    /* Wide characters take two columns, Windows line ends none. */
    assert_string_equal(rendered(*state, "SELECT '\xe6\x97\xa5\xc3\xa9' b c FROM t;\r\n"),
                        "f.sql:1:15: Syntax Error: unexpected 'c'\n"
                        "  SELECT '\xe6\x97\xa5\xc3\xa9' b c FROM t;\n"
                        "                 ^\n"
                        "  expected: ',', FROM\n");
    /* Control characters and broken UTF-8 do not reach the terminal. */
    assert_string_equal(rendered(*state, "SELECT '\x1b[31m\xff' b c FROM t;"),
                        "f.sql:1:19: Syntax Error: unexpected 'c'\n"
                        "  SELECT '?[31m?' b c FROM t;\n"
                        "                    ^\n"
                        "  expected: ',', FROM\n");
}

static void long_lines(void **state)
{
    char sql[400];
    memset(sql, ' ', sizeof sql);
    memcpy(sql, "SELECT a", 8);
    memcpy(sql + 200, "b c FROM t;", 12);
    const char *text = rendered(*state, sql);
    assert_non_null(strstr(text, "f.sql:1:203: "));
    const char *line = strchr(text, '\n') + 1;
    const char *caret = strchr(line, '\n') + 1;
    assert_true(caret - line < 120);
    assert_int_equal(strncmp(line, "  \xe2\x80\xa6", 5), 0);
    /* The mark of the cut is three bytes but one column. */
    assert_int_equal(line[strcspn(caret, "^") + 2], 'c');
}

static void ksqldb_message(void **state)
{
    fixture *f = *state;
    weir_diag_message(&f->out, f->script.text, only_error(f, "DROP STREAM;"));
    weir_buf_reset(&f->out);
    weir_diag_message(&f->out, f->script.text, &f->diags.items[0]);
    assert_string_equal(weir_buf_cstr(&f->out),
                        "line 1:12: Syntax Error\nunexpected ';'\nExpecting a name, IF");
    const weir_diag *d = only_error(f, "SELECT 1E999 FROM t;");
    weir_buf_reset(&f->out);
    weir_diag_message(&f->out, f->script.text, d);
    assert_string_equal(weir_buf_cstr(&f->out), "Failed to prepare statement: line 1:9: Number "
                                                "overflows DOUBLE: 1E999");
    weir_status st;
    weir_status_reset(&st);
    assert_int_equal(weir_diags_status(&f->diags, f->script.text, &st), WEIR_ESQL);
    assert_int_equal(st.span.at, 7);
}

static void json(void **state)
{
    fixture *f = *state;
    const weir_diag *d = only_error(f, "SELECT 1 FROM t;\nDROP \"\xff\" ;");
    weir_diag_json(&f->out, WEIR_SV("a\"b"), f->script.text, d);
    assert_string_equal(
        weir_buf_cstr(&f->out),
        "{\"file\":\"a\\\"b\",\"line\":2,\"column\":6,\"endLine\":2,\"endColumn\":9,"
        "\"offset\":22,\"length\":3,\"kind\":\"wrong statement\",\"syntax\":true,\"message\":"
        "\"unexpected '\\\"\\ufffd\\\"'\",\"expected\":\"CONNECTOR, STREAM, TABLE, "
        "TYPE\"}");
}

static void positions(void **state)
{
    (void)state;
    weir_sv text = WEIR_SV("a\n\xc3\xa4"
                           "b\r\nc");
    assert_int_equal(weir_text_pos_of(text, 0).col, 1);
    assert_int_equal(weir_text_pos_of(text, 2).line, 2);
    assert_int_equal(weir_text_pos_of(text, 4).col, 2);
    assert_int_equal(weir_text_pos_of(text, 7).line, 3);
    assert_int_equal(weir_text_pos_of(text, 99).line, 3);
}

static void nearest(void **state)
{
    (void)state;
    assert_int_equal(weir_edit_distance(WEIR_SV("abc"), WEIR_SV("ABC"), 3), 0);
    assert_int_equal(weir_edit_distance(WEIR_SV("abcd"), WEIR_SV("abdc"), 3), 1);
    assert_int_equal(weir_edit_distance(WEIR_SV("abc"), WEIR_SV(""), 3), 3);
    assert_int_equal(weir_edit_distance(WEIR_SV("abcdef"), WEIR_SV("x"), 2), 3);
    static const weir_sv names[] = {{"COUNT", 5}, {"COUNT_DISTINCT", 14}, {"SUM", 3}};
    assert_int_equal(weir_nearest(WEIR_SV("cuont"), names, 3), 0);
    assert_int_equal(weir_nearest(WEIR_SV("count_distnct"), names, 3), 1);
    assert_int_equal(weir_nearest(WEIR_SV("smu"), names, 3), 2);
    assert_int_equal(weir_nearest(WEIR_SV("xyz"), names, 3), -1);
}

static void full_list(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 150; i++) {
        weir_diag_add(&f->diags, WEIR_ESQL, (weir_span){0, 0}, "%d", i);
    }
    assert_int_equal(f->diags.n, 100);
    assert_int_equal(f->diags.dropped, 50);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(messages),       TEST(meaning), TEST(expected_lists), TEST(terminal), TEST(long_lines),
        TEST(ksqldb_message), TEST(json),    TEST(positions),      TEST(nearest),  TEST(full_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
