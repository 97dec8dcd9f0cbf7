/* `weir test`: SQL test files in ksqlDB's dialect. A test is in test_case.c; here are files and
 * reports. */
#include "tools/bundles.h"
#include "tools/test_case.h"
#include "tools/test_files.h"

#include "engine/base/limits.h"
#include "engine/io/file.h"

#include <stdio.h>

typedef struct tester {
    bool json;
    const char *junit, *env;
    weir_option_list defines;
    weir_bundles *bundles; /* whose tests they are; NULL: nobody's */
    weir_buf xml;
    uint32_t passed, failed;
} tester;

static void indented(const weir_buf *message)
{
    fputs("        ", stdout);
    for (size_t i = 0; i < message->n; i++) {
        putchar(message->p[i]);
        if (message->p[i] == '\n') {
            fputs("        ", stdout);
        }
    }
    putchar('\n');
}

static void xml_text(weir_buf *out, weir_sv s)
{
    for (uint32_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '<':
            weir_buf_str(out, "&lt;");
            break;
        case '&':
            weir_buf_str(out, "&amp;");
            break;
        case '"':
            weir_buf_str(out, "&quot;");
            break;
        default:
            weir_buf_byte(out, (unsigned char)s.p[i] < ' ' && s.p[i] != '\n' ? ' ' : s.p[i]);
        }
    }
}

static void add_xml(tester *r, const char *file, const weir_test_case *t, weir_sv where)
{
    weir_buf_str(&r->xml, "  <testcase classname=\"");
    xml_text(&r->xml, weir_sv_cstr(file));
    weir_buf_str(&r->xml, "\" name=\"");
    xml_text(&r->xml, t->name);
    weir_buf_printf(&r->xml, "\" time=\"%.3f\"", (double)t->ns / 1e9);
    if (t->passed) {
        weir_buf_str(&r->xml, "/>\n");
        return;
    }
    weir_buf_str(&r->xml, ">\n    <failure message=\"");
    xml_text(&r->xml, where);
    weir_buf_str(&r->xml, "\">");
    xml_text(&r->xml, weir_buf_view(&t->message));
    weir_buf_str(&r->xml, "</failure>\n  </testcase>\n");
}

static void report(tester *r, const char *file, weir_sv text, const weir_test_case *t)
{
    weir_text_pos at = weir_text_pos_of(text, t->failed_at);
    weir_buf where = {0};
    weir_buf_printf(&where, "%s:%u:%u", file, at.line, at.col);
    if (r->json) {
        weir_buf b = {0};
        weir_buf_str(&b, "{\"test\":");
        weir_diag_json_string(&b, t->name);
        weir_buf_printf(&b, ",\"status\":\"%s\",\"message\":", t->passed ? "pass" : "fail");
        weir_buf message = {0};
        if (!t->passed) {
            weir_buf_printf(&message, "%s: ", weir_buf_cstr(&where));
            weir_buf_sv(&message, weir_buf_view(&t->message));
        }
        weir_diag_json_string(&b, weir_buf_view(&message));
        printf("%s}\n", weir_buf_cstr(&b));
        weir_buf_deinit(&message);
        weir_buf_deinit(&b);
    } else {
        printf("%-6s  " WEIR_SV_FMT, t->passed ? "ok" : "FAILED", WEIR_SV_ARG(t->name));
        printf(t->passed ? "\n" : "  %s\n", weir_buf_cstr(&where));
        if (!t->passed) {
            indented(&t->message);
        }
    }
    fflush(stdout);
    add_xml(r, file, t, weir_buf_view(&where));
    weir_buf_deinit(&where);
    r->passed += t->passed;
    r->failed += !t->passed;
}

static void run_case(tester *r, const char *file, const weir_script *script, const weir_diags *diags,
                     weir_sv name, uint32_t from, uint32_t to)
{
    weir_test_case t = {.name = name, .from = from, .to = to, .bundles = r->bundles};
    weir_test_case_run(&t, file, script, diags);
    report(r, file, script->text, &t);
    weir_buf_deinit(&t.message);
}

/* A file without `--@test:` is one test, named as the file. */
static void run_cases(tester *r, const char *file, const weir_script *script,
                      const weir_diags *diags)
{
    const weir_ast_directive *before = NULL;
    for (uint32_t i = 0; i < script->n_directives; i++) {
        const weir_ast_directive *d = &script->directives[i];
        if (!weir_sv_ieq(d->name, WEIR_SV("test"))) {
            continue;
        }
        if (before) {
            run_case(r, file, script, diags, before->value, before->span.at, d->span.at);
        }
        before = d;
    }
    if (before) {
        run_case(r, file, script, diags, before->value, before->span.at, UINT32_MAX);
    } else if (script->n_stmts || script->n_failed) {
        run_case(r, file, script, diags, weir_sv_cstr(file), 0, UINT32_MAX);
    }
}

static weir_rc run_file(tester *r, const char *file, weir_status *st)
{
    weir_buf text = {0};
    weir_rc rc = weir_file_read(file, WEIR_STATEMENT_BYTES_MAX, &text, st);
    if (rc == WEIR_OK) {
        weir_arena a;
        weir_arena_init(&a);
        weir_script script = {0};
        weir_diags diags;
        weir_diags_init(&diags, &a);
        weir_parse_script(weir_buf_view(&text), &a, &script, &diags);
        run_cases(r, file, &script, &diags);
        weir_arena_deinit(&a);
    }
    weir_buf_deinit(&text);
    return rc;
}

static weir_rc write_junit(tester *r, weir_status *st)
{
    weir_buf b = {0};
    weir_buf_printf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                        "<testsuite name=\"weir\" tests=\"%u\" failures=\"%u\">\n",
                    r->passed + r->failed, r->failed);
    weir_buf_sv(&b, weir_buf_view(&r->xml));
    weir_buf_str(&b, "</testsuite>\n");
    weir_rc rc = weir_file_write(r->junit, weir_buf_view(&b), st);
    weir_buf_deinit(&b);
    return rc;
}

static weir_rc bundle_tests(const weir_bundles *all, weir_option_list *files, weir_status *st)
{
    weir_buf path = {0};
    weir_option_list folder = {0};
    weir_buf_printf(&path, "%s/tests", all->items[all->n - 1]->dir.p);
    WEIR_GROW(folder.items, folder.cap, 1);
    folder.items[folder.n++] = weir_buf_cstr(&path);
    weir_rc rc = weir_query_files(&folder, files, st);
    weir_option_list_deinit(&folder);
    weir_buf_deinit(&path);
    return rc;
}

static weir_rc test(tester *r, const weir_option_list *operands, weir_status *st)
{
    weir_option_list files = {0};
    weir_bundle_choice choice = {.env = r->env, .defines = &r->defines};
    WEIR_TRY(weir_bundle_operand(operands, &choice, &r->bundles, st));
    weir_rc rc = r->bundles ? bundle_tests(r->bundles, &files, st)
                            : weir_query_files(operands, &files, st);
    for (size_t i = 0; rc == WEIR_OK && i < files.n; i++) {
        rc = run_file(r, files.items[i], st);
    }
    weir_query_files_free(&files);
    return rc ? rc : r->junit ? write_junit(r, st) : WEIR_OK;
}

/* -s, -i, -o: one test. */
static int run_three(const weir_test_files *f)
{
    if (!f->statements || !f->input || !f->output) {
        fprintf(stderr, "weir test: -s, -i and -o go together\n");
        return WEIR_EXIT_USAGE;
    }
    bool passed = false;
    weir_buf message = {0};
    weir_status st;
    weir_status_reset(&st);
    weir_rc rc = weir_test_files_run(f, &passed, &message, &st);
    if (rc != WEIR_OK) {
        fprintf(stderr, "weir test: %s\n", st.msg);
    } else {
        fputs(weir_buf_cstr(&message), stdout);
        printf("%d passed, %d failed\n", passed, !passed);
    }
    weir_buf_deinit(&message);
    return rc ? WEIR_EXIT_USAGE : passed ? WEIR_EXIT_OK : WEIR_EXIT_FAILED;
}

static int run(const weir_command *self, int argc, char **argv)
{
    tester r = {0};
    weir_test_files three = {0};
    weir_option_list operands = {0};
    const weir_option_row rows[] = {
        {"--json", WEIR_OPT_FLAG, &r.json, 0, 0},
        {"--junit", WEIR_OPT_TEXT, &r.junit, 0, 0},
        {"--env", WEIR_OPT_TEXT, &r.env, 0, 0},
        {"--define", WEIR_OPT_LIST, &r.defines, 0, 0},
        {"-s", WEIR_OPT_TEXT, &three.statements, 0, 0},
        {"-i", WEIR_OPT_TEXT, &three.input, 0, 0},
        {"-o", WEIR_OPT_TEXT, &three.output, 0, 0},
    };
    int status = WEIR_EXIT_USAGE;
    bool usable = weir_options_read(self, rows, WEIR_COUNT(rows), argc, argv, &operands);
    if (usable && (three.statements || three.input || three.output)) {
        status = run_three(&three);
    } else if (usable && operands.n == 0) {
        fprintf(stderr, "weir test: no test file; `weir test --help` shows how\n");
    } else if (usable) {
        weir_status st;
        weir_status_reset(&st);
        weir_rc rc = test(&r, &operands, &st);
        if (rc != WEIR_OK) {
            fprintf(stderr, "weir test: %s\n", st.msg); /* not a failed test: there is no result */
        } else {
            status = r.failed ? WEIR_EXIT_FAILED : WEIR_EXIT_OK;
        }
        if (rc == WEIR_OK && !r.json) {
            printf("%u passed, %u failed\n", r.passed, r.failed);
        }
    }
    weir_buf_deinit(&r.xml);
    weir_bundles_free(r.bundles);
    weir_option_list_deinit(&r.defines);
    weir_option_list_deinit(&operands);
    return status;
}

const weir_command weir_cmd_test = {
    .name = "test",
    .line = "run SQL test files",
    .help = "usage: weir test [options] FILE.sql|DIR|BUNDLE…\n"
            "       weir test -s statements.sql -i input.json -o output.json\n"
            "\n"
            "Runs test files in ksqlDB's dialect. A test begins at its --@test: line and starts with\n"
            "an empty engine; records are processed by all queries as soon as they are inserted.\n"
            "\n"
            "  --@test: counts per user\n"
            "  CREATE STREAM clicks (id STRING KEY, n INT) WITH (kafka_topic='c', value_format='JSON');\n"
            "  CREATE TABLE counts AS SELECT id, COUNT(*) AS n FROM clicks GROUP BY id;\n"
            "  INSERT INTO clicks (rowtime, id, n) VALUES (1, 'ann', 5);\n"
            "  ASSERT VALUES counts (rowtime, id, n) VALUES (1, 'ann', 1);\n"
            "\n"
            "ASSERT VALUES takes the next record of a stream or table that was not asserted yet;\n"
            "ASSERT NULL VALUES wants a tombstone; ASSERT STREAM, TABLE and TOPIC compare\n"
            "declarations. --@expected.error: and --@expected.message: say that the test must fail.\n"
            "\n"
            "Of a bundle the files in tests/ are run, with its variables.\n"
            "\n"
            "  --env NAME     an environment of the bundle\n"
            "  --define NAME=VALUE  a variable of the bundle; repeatable\n"
            "  --json         one JSON object per test on standard output\n"
            "  --junit FILE   a report in JUnit's XML\n"
            "\n"
            "  -s, -i, -o     the form of ksqlDB's older runner: statements, {\"inputs\": [records]},\n"
            "                 {\"outputs\": [records]}; a record has topic, key, value, timestamp\n"
            "\n"
            "Exit status: 0 all passed, 1 some failed, 2 could not be run.\n"
            "\n"
            "Examples:\n"
            "  weir test tests/revenue_test.sql\n"
            "  weir test --junit report.xml tests\n",
    .run = run,
};
