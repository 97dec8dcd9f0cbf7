/* Options of connectors: types, ranges, aliases, secrets, what is shown, and mistakes with their place. */
#include "connectors/conn_impl.h"
#include "connectors/formats.h"

#include "tests/support/dir.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

/* What open has seen. */
typedef struct seen {
    int64_t size, wait, pause, count;
    bool flag, flag_given;
    char word[16], secret[64], shape[64], others[64];
    uint32_t n_list;
} seen;

static seen last;

static void add_other(void *ctx, weir_sv rest, weir_sv value)
{
    size_t n = strlen(last.others);
    (void)ctx;
    snprintf(last.others + n, sizeof last.others - n, "%.*s=%.*s;", (int)rest.n, rest.p, (int)value.n,
             value.p);
}

static weir_rc kind_open(weir_conn *c, weir_sv position, void **self, weir_status *st)
{
    const weir_sv *list = NULL;
    (void)position;
    *self = NULL;
    last = (seen){.size = weir_conn_int(c, "size"), .wait = weir_conn_int(c, "wait"),
                  .pause = weir_conn_int(c, "pause"), .count = weir_conn_int(c, "count"),
                  .flag = weir_conn_bool(c, "flag"), .flag_given = weir_conn_given(c, "flag")};
    last.n_list = weir_conn_list(c, "list", &list);
    snprintf(last.word, sizeof last.word, "%s", weir_conn_cstr(c, "word"));
    snprintf(last.secret, sizeof last.secret, "%s", weir_conn_cstr(c, "secret"));
    snprintf(last.shape, sizeof last.shape, "%s", weir_conn_cstr(c, "shape"));
    weir_conn_each(c, "other.", add_other, NULL);
    return weir_conn_is(c, "word", "refused")
               ? weir_conn_refuse(c, "shape", 2, 3, st, "this part")
               : WEIR_OK;
}

static const weir_source_calls calls = {.open = kind_open};
static const weir_conn_option options[] = {
    {"size", "bytes|max.size", WEIR_CONN_BYTES, "1kb", false, 1, 1 << 20, NULL, "A size."},
    {"wait", NULL, WEIR_CONN_MS, "5", false, 0, 60000, NULL, "A time in ms."},
    {"pause", NULL, WEIR_CONN_SECONDS, NULL, false, 0, 0, NULL, "A time in s."},
    {"count", NULL, WEIR_CONN_INTEGER, "0", false, -1, 10, NULL, "A number."},
    {"flag", NULL, WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL, "True or false."},
    {"word", NULL, WEIR_CONN_CHOICE, "one", false, 0, 0, "one|two|refused", "A word."},
    {"secret", NULL, WEIR_CONN_SECRET, NULL, false, 0, 0, NULL, "A secret."},
    {"shape", "consumer.override.shape", WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL, "A template."},
    {"list", NULL, WEIR_CONN_LIST, NULL, false, 0, 0, NULL, "A list."},
    {"must", NULL, WEIR_CONN_TEXT, NULL, true, 0, 0, NULL, "What must be there."},
    {"other.*", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "Others."},
};
static const weir_conn_kind kind = {.name = "optional", .classes = "Opt|OptionalSource", .line = "for tests",
                                    .guarantee = "none", .options = options,
                                    .n_options = WEIR_COUNT(options), .as_source = &calls};

/* Checks the statement's options: name, value, name, value …, NULL. */
static weir_rc check(weir_status *st, const char *const *given)
{
    weir_connect_config config = {.formats = weir_formats_builtin()};
    weir_connect *c = weir_connect_new(&config);
    weir_conn_given_option o[16];
    weir_buf statement = {0};
    uint32_t n = 0;
    for (; given[2 * n]; n++) { /* values as literals, behind one another */
        weir_span span = {.at = (uint32_t)statement.n};
        weir_buf_byte(&statement, '\'');
        for (const char *p = given[2 * n + 1]; *p; p++) {
            weir_buf_str(&statement, *p == '\'' ? "''" : "");
            if (*p != '\'') {
                weir_buf_byte(&statement, *p);
            }
        }
        weir_buf_byte(&statement, '\'');
        span.n = (uint32_t)statement.n - span.at;
        o[n] = (weir_conn_given_option){weir_sv_cstr(given[2 * n]), weir_sv_cstr(given[2 * n + 1]), span};
    }
    weir_connect_spec spec = {.name = WEIR_SV("C"), .options = o, .n_options = n,
                              .statement = weir_buf_view(&statement)};
    weir_status_reset(st);
    weir_conn_kind_add(&kind);
    weir_rc rc = weir_connect_check(c, &spec, st);
    weir_connect_free(c);
    weir_buf_deinit(&statement);
    return rc;
}

#define TAKES(...)                                                                                       \
    do {                                                                                                 \
        weir_status taken;                                                                               \
        assert_ok(check(&taken, (const char *const[]){"connector", "optional", "must", "x", __VA_ARGS__, \
                                                      NULL}),                                            \
                  &taken);                                                                               \
    } while (0)

/* Fails with these words in message or hint. */
#define REFUSES(words, ...)                                                                              \
    do {                                                                                                 \
        weir_status why;                                                                                 \
        const char *const refused[] = {"connector", "optional", "must", "x", __VA_ARGS__, NULL};         \
        assert_int_not_equal(check(&why, refused), WEIR_OK);                                             \
        if (!strstr(why.msg, words) && !strstr(why.hint, words)) {                                       \
            fail_msg("%s / %s", why.msg, why.hint);                                                      \
        }                                                                                                \
    } while (0)

static void values_have_types(void **state)
{
    (void)state;
    TAKES("size", "5", "wait", "30s", "pause", "2", "count", "-1", "flag", "TRUE", "word", "Two");
    assert_int_equal(last.size, 5);
    assert_int_equal(last.wait, 30000);
    assert_int_equal(last.pause, 2000);
    assert_int_equal(last.count, -1);
    assert_true(last.flag && last.flag_given);
    TAKES("SIZE", " 2 KB ", "wait", "0", "pause", "5m", "list", " a, b ,, c ");
    assert_int_equal(last.size, 2048);
    assert_int_equal(last.wait, 0);
    assert_int_equal(last.pause, 300000);
    assert_int_equal(last.n_list, 3);
    assert_false(last.flag_given);
    TAKES("bytes", "1mb", "other.a", "1", "Other.B", "2", "key.converter", "ignored", "tasks.max", "1");
    assert_int_equal(last.size, 1 << 20);
    assert_string_equal(last.others, "a=1;B=2;");
    assert_int_equal(last.wait, 5);
    assert_string_equal(last.word, "one");
    TAKES("consumer.override.shape", "s", "consumer.override.what", "ignored");
    assert_string_equal(last.shape, "s"); /* an alias goes before what is ignored */
}

static void mistakes_are_told(void **state)
{
    (void)state;
    REFUSES("from 1 to 1048576", "size", "0");
    REFUSES("from 1 to 1048576", "size", "2mb");
    REFUSES("is not a size", "size", "5 apples");
    REFUSES("is not a size", "size", "99999999999999999999");
    REFUSES("is not a size", "size", "9999999999999gb");
    REFUSES("is not a time", "wait", "soon");
    REFUSES("from 0 to 60000", "wait", "61s");
    REFUSES("from 0 to", "pause", "-1");
    REFUSES("a whole number", "count", "1.5");
    REFUSES("a whole number", "count", "");
    REFUSES("true or false", "flag", "yes");
    REFUSES("one|two|refused", "word", "three");
    REFUSES("given twice", "size", "1", "max.size", "2");
    REFUSES("did you mean 'count'?", "coumt", "2");
    REFUSES("weir docs connector optional", "zzzzzzzz", "2");
    REFUSES("do it in SQL", "transforms", "a");
    weir_status st;
    const char *const without[] = {"connector", "optional", NULL};
    assert_int_not_equal(check(&st, without), WEIR_OK);
    assert_non_null(strstr(st.msg, "needs option 'must'"));
    const char *const unknown[] = {"connector", "optionl", NULL};
    assert_int_equal(check(&st, unknown), WEIR_EUSAGE);
    assert_non_null(strstr(st.hint, "did you mean 'optional'?"));
    assert_int_equal(st.span.n, 9);
    const char *const none[] = {"must", "x", NULL};
    assert_int_equal(check(&st, none), WEIR_EUSAGE);
}

static void classes_name_kinds(void **state)
{
    (void)state;
    static const char *const names[] = {"Opt", "OptionalSource", "io.example.OptionalSourceConnector",
                                        "optional"};
    for (size_t i = 0; i < WEIR_COUNT(names); i++) {
        weir_status st;
        const char *const given[] = {"connector.class", names[i], "must", "x", NULL};
        assert_ok(check(&st, given), &st);
    }
}

static void carets_count_quotes_once(void **state)
{
    (void)state;
    weir_status st;
    const char *const given[] = {"connector", "optional", "must", "x", "word", "refused",
                                 "shape",     "'ab'cd",   NULL};
    assert_int_not_equal(check(&st, given), WEIR_OK);
    uint32_t begin = 10 + 3 + 9;                   /* literals in front */
    assert_int_equal(st.span.at, begin + 1 + 3);   /* behind the quote: '' a */
    assert_int_equal(st.span.n, 3);
}

static void secrets_come_from_elsewhere(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    char path[512];
    char text[600];
    snprintf(path, sizeof path, "%s/secrets", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("user = ann \nword= pass=word\n", f);
    fclose(f);
    setenv("WEIR_TEST_SECRET", "se${cr}et", 1);
    TAKES("secret", "${env:WEIR_TEST_SECRET}", "shape", "a ${env:WEIR_TEST_SECRET} ${X}");
    assert_string_equal(last.secret, "se${cr}et");
    assert_string_equal(last.shape, "a se$${cr}et ${X}"); /* what a secret holds is no template */
    snprintf(text, sizeof text, "${file:%s:word}", path);
    TAKES("secret", text);
    assert_string_equal(last.secret, "pass=word");
    snprintf(text, sizeof text, "<${file:%s:user}>", path);
    TAKES("secret", text);
    assert_string_equal(last.secret, "<ann>");
    snprintf(text, sizeof text, "${file:%s:nobody}", path);
    REFUSES("has no key nobody", "secret", text);
    REFUSES("is not set", "secret", "${env:WEIR_TEST_NOT_THERE}");
    REFUSES("without }", "secret", "${env:WEIR_TEST_SECRET");
    unsetenv("WEIR_TEST_SECRET");
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_types),     cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(classes_name_kinds),    cmocka_unit_test(carets_count_quotes_once),
        cmocka_unit_test(secrets_come_from_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
