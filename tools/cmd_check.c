/* `weir check`: every error of query files, with its place, and nothing is executed. The statements
 * are applied to a session in memory, one by one, so that later ones see what earlier ones declare. A
 * statement that fails only because it uses what a wrong statement should have made is not an error
 * of its own. */
#include "tools/bundles.h"

#include "dsl/parse.h"
#include "engine/base/limits.h"
#include "engine/io/file.h"
#include "engine/server/bundle_session.h"

#include <stdio.h>

typedef struct checker {
    weir_session *session;
    weir_bundles *bundles;
    const char *env;
    bool json;
    uint32_t statements, errors, unchecked;
    weir_arena arena;
    weir_sv *missing; /* names that wrong statements should have made */
    uint32_t n_missing, cap_missing;
} checker;

static int64_t no_clock(void *clock)
{
    (void)clock;
    return 0;
}

static bool no_rows(void *ctx, const weir_plan *plan, const weir_batch *b)
{
    (void)ctx;
    (void)plan;
    (void)b;
    return true;
}

static void tell(checker *c, const char *file, weir_sv text, const weir_diag *d)
{
    weir_buf out = {0};
    if (c->json) {
        weir_diag_json(&out, weir_sv_cstr(file), text, d);
        weir_buf_byte(&out, '\n');
    } else {
        weir_diag_render(&out, weir_sv_cstr(file), text, d);
    }
    fwrite(out.p, 1, out.n, stdout);
    weir_buf_deinit(&out);
    c->errors++;
}

/* ---- what follows from an earlier error ---- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool mentions(weir_sv text, weir_sv name)
{
    for (uint32_t i = 0; i + name.n <= text.n; i++) {
        bool starts = i == 0 || !is_word(text.p[i - 1]);
        bool ends = i + name.n == text.n || !is_word(text.p[i + name.n]);
        if (starts && ends && weir_sv_ieq(weir_sv_of(text.p + i, name.n), name)) {
            return true;
        }
    }
    return false;
}

static bool follows_from_error(const checker *c, weir_sv text)
{
    for (uint32_t i = 0; i < c->n_missing; i++) {
        if (mentions(text, c->missing[i])) {
            return true;
        }
    }
    return false;
}

static void miss(checker *c, weir_sv name)
{
    if (name.n) {
        weir_sv kept = weir_arena_sv(&c->arena, name);
        WEIR_PUSH(&c->arena, c->missing, c->n_missing, c->cap_missing, kept);
    }
}

static weir_sv made_by(const weir_ast_stmt *stmt)
{
    return stmt->kind == WEIR_S_CREATE        ? stmt->as.create.name.name
           : stmt->kind == WEIR_S_CREATE_TYPE ? stmt->as.create_type.name.name
                                              : (weir_sv){0};
}

/* The name in `CREATE … STREAM name` of a statement that did not even parse. */
static weir_sv made_by_text(weir_sv text)
{
    static const char *const words[] = {"CREATE", "OR",   "REPLACE", "SOURCE", "STREAM",
                                        "TABLE",  "TYPE", "IF",      "NOT",    "EXISTS"};
    bool create = false;
    for (uint32_t at = 0; at < text.n;) {
        while (at < text.n && !is_word(text.p[at])) {
            at++;
        }
        uint32_t from = at;
        while (at < text.n && is_word(text.p[at])) {
            at++;
        }
        weir_sv word = weir_sv_of(text.p + from, at - from);
        bool known = false;
        for (size_t i = 0; i < WEIR_COUNT(words); i++) {
            known |= weir_sv_ieq(word, weir_sv_cstr(words[i]));
        }
        if (!known) {
            return create ? word : (weir_sv){0};
        }
        create = true;
    }
    return (weir_sv){0};
}

/* ---- files ---- */

static void check_statement(checker *c, const char *file, weir_sv text, const weir_ast_stmt *stmt)
{
    weir_diags diags;
    weir_diags_init(&diags, &c->arena);
    weir_script_outcome done;
    weir_status st;
    weir_status_reset(&st);
    if (weir_session_execute(c->session, stmt->text, &done, &diags, &st) == WEIR_OK) {
        return;
    }
    bool follows = follows_from_error(c, stmt->text);
    miss(c, made_by(stmt));
    if (follows) {
        c->unchecked++;
        return;
    }
    for (uint32_t i = 0; i < diags.n; i++) {
        weir_diag d = diags.items[i];
        d.span = d.span.n ? (weir_span){d.span.at + stmt->span.at, d.span.n} : stmt->span;
        d.stmt = stmt->span;
        tell(c, file, text, &d);
    }
}

static void check_text(checker *c, const char *file, weir_sv text)
{
    weir_script script = {0};
    weir_diags diags;
    weir_diags_init(&diags, &c->arena);
    text = weir_session_fill(c->session, text, &c->arena);
    weir_parse_script(text, &c->arena, &script, &diags);
    c->statements += script.n_stmts + script.n_failed;
    /* In the order of the file: a syntax error comes before what depends on the statement. */
    uint32_t d = 0;
    for (uint32_t i = 0; i <= script.n_stmts; i++) {
        uint32_t until = i < script.n_stmts ? script.stmts[i]->span.at : UINT32_MAX;
        for (; d < diags.n && diags.items[d].span.at < until; d++) {
            weir_span at = diags.items[d].stmt;
            miss(c, made_by_text(weir_sv_of(script.text.p + at.at, at.n)));
            tell(c, file, script.text, &diags.items[d]);
        }
        if (i < script.n_stmts) {
            check_statement(c, file, script.text, script.stmts[i]);
        }
    }
    c->errors += diags.dropped;
}

static weir_rc check_file(checker *c, const char *file, weir_status *st)
{
    weir_buf text = {0};
    weir_rc rc = weir_file_read(file, WEIR_STATEMENT_BYTES_MAX, &text, st);
    if (rc == WEIR_OK) {
        check_text(c, file, weir_buf_view(&text));
    }
    weir_buf_deinit(&text);
    return rc;
}

static weir_rc check_bundles(checker *c, weir_status *st)
{
    for (uint32_t i = 0; i < c->bundles->n; i++) {
        const weir_bundle *b = c->bundles->items[i];
        WEIR_TRY(weir_bundle_enter(b, c->session, st));
        for (uint32_t k = 0; k < b->n_files; k++) {
            check_text(c, b->files[k].path.p, b->files[k].text);
        }
        WEIR_TRY(weir_bundle_leave(b, c->session, st));
    }
    return WEIR_OK;
}

static weir_rc check(checker *c, const weir_option_list *operands, const weir_option_list *defines,
                     weir_status *st)
{
    weir_session_config config = {
        .workers = 1,
        .default_partitions = 1,
        .check_only = true,
        .schemas_in_memory = true,
        .check_properties = true,
        .now_ms = no_clock,
        .on_rows = no_rows,
    };
    weir_bundle_choice choice = {.env = c->env, .defines = defines};
    WEIR_TRY(weir_session_open(&config, &c->session, st));
    WEIR_TRY(weir_bundle_operand(operands, &choice, &c->bundles, st));
    if (c->bundles) {
        return check_bundles(c, st);
    }
    for (size_t i = 0; i < defines->n; i++) {
        weir_sv name;
        const char *value;
        if (!weir_option_pair(defines->items[i], &name, &value)) {
            return weir_fail(st, WEIR_EUSAGE, "--define wants NAME=VALUE, not \"%s\"",
                             defines->items[i]);
        }
        weir_session_define(c->session, name, weir_sv_cstr(value));
    }
    weir_option_list files = {0};
    weir_rc rc = weir_query_files(operands, &files, st);
    for (size_t i = 0; rc == WEIR_OK && i < files.n; i++) {
        rc = check_file(c, files.items[i], st);
    }
    weir_query_files_free(&files);
    return rc;
}

static int run(const weir_command *self, int argc, char **argv)
{
    checker c = {0};
    weir_option_list operands = {0};
    weir_option_list defines = {0};
    const weir_option_row rows[] = {
        {"--json", WEIR_OPT_FLAG, &c.json, 0, 0},
        {"--define", WEIR_OPT_LIST, &defines, 0, 0},
        {"--env", WEIR_OPT_TEXT, &c.env, 0, 0},
    };
    int status = WEIR_EXIT_USAGE;
    bool usable = weir_options_read(self, rows, WEIR_COUNT(rows), argc, argv, &operands);
    if (usable && operands.n == 0) {
        fprintf(stderr, "weir check: no query file; `weir check --help` shows how\n");
    } else if (usable) {
        weir_status st;
        weir_status_reset(&st);
        weir_arena_init(&c.arena);
        weir_rc rc = check(&c, &operands, &defines, &st);
        if (rc != WEIR_OK) {
            fprintf(stderr, "weir check: %s\n", st.msg);
        } else if (!c.json) {
            printf("%u statement%s, %u error%s", c.statements, c.statements == 1 ? "" : "s",
                   c.errors, c.errors == 1 ? "" : "s");
            printf(c.unchecked ? ", %u not checked because of them\n" : "\n", c.unchecked);
        }
        status = rc == WEIR_EUSAGE        ? WEIR_EXIT_USAGE
                 : rc != WEIR_OK || c.errors ? WEIR_EXIT_FAILED
                                          : WEIR_EXIT_OK;
        weir_session_close(c.session);
        weir_bundles_free(c.bundles);
        weir_arena_deinit(&c.arena);
    }
    weir_option_list_deinit(&operands);
    weir_option_list_deinit(&defines);
    return status;
}

const weir_command weir_cmd_check = {
    .name = "check",
    .line = "find the errors of query files without running them",
    .help = "usage: weir check [options] FILE.sql|DIR|BUNDLE…\n"
            "\n"
            "Parses and type-checks all statements and reports every error with its place. Nothing is\n"
            "executed, no topic is read. Files see what earlier files declare; of a folder the *.sql\n"
            "are taken in the order of their names. Of a bundle the manifest is checked, too, and what\n"
            "it depends on.\n"
            "\n"
            "  --json                one JSON object per error on standard output, for editors\n"
            "  --define NAME=VALUE   a variable for ${NAME} in the statements; repeatable\n"
            "  --env NAME            an environment of the bundle\n"
            "\n"
            "Exit status: 0 no error, 1 errors, 2 wrong usage.\n"
            "\n"
            "Examples:\n"
            "  weir check revenue.sql\n"
            "  weir check --json queries/ecommerce\n",
    .run = run,
};
