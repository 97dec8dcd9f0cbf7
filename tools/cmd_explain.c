/* `weir explain`: the plans of a file's queries. The statements are applied to a session in memory;
 * nothing is processed. */
#include "tools/options.h"

#include "dsl/diag.h"
#include "engine/base/limits.h"
#include "engine/io/file.h"
#include "engine/server/session.h"

#include <stdio.h>

typedef struct form {
    const char *name;
    void (*print)(weir_buf *out, const weir_plan *p);
} form;

static const form forms[] = {
    {"tree", weir_plan_print},
    {"json", weir_plan_print_json},
    {"dot", weir_plan_print_dot},
    {"mermaid", weir_plan_print_mermaid},
};

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

static const form *form_of(const char *name)
{
    const char *names[WEIR_COUNT(forms)];
    for (size_t i = 0; i < WEIR_COUNT(forms); i++) {
        if (strcmp(forms[i].name, name) == 0) {
            return &forms[i];
        }
        names[i] = forms[i].name;
    }
    const char *near = weir_option_nearest(name, names, WEIR_COUNT(names));
    fprintf(stderr, "weir explain: --format wants tree, json, dot or mermaid, not %s%s%s%s\n", name,
            near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return NULL;
}

static weir_rc execute(weir_session *s, const char *file, weir_status *st)
{
    weir_buf text = {0};
    weir_arena a;
    weir_arena_init(&a);
    weir_diags diags;
    weir_diags_init(&diags, &a);
    weir_rc rc = weir_file_read(file, WEIR_STATEMENT_BYTES_MAX, &text, st);
    if (rc == WEIR_OK) {
        weir_script_outcome done;
        rc = weir_session_execute(s, weir_buf_view(&text), &done, &diags, st);
        weir_buf out = {0};
        for (uint32_t i = 0; i < diags.n; i++) {
            weir_diag_render(&out, weir_sv_cstr(file), weir_buf_view(&text), &diags.items[i]);
        }
        fprintf(stderr, "%s", weir_buf_cstr(&out));
        weir_buf_deinit(&out);
        rc = rc ? WEIR_ESQL : WEIR_OK;
    }
    weir_arena_deinit(&a);
    weir_buf_deinit(&text);
    return rc;
}

/* By query id, or by the stream or table that it writes. */
static bool wanted(const weir_plan *p, const char *query)
{
    const weir_source *sink = p->sink->sink.sink;
    return !query || weir_sv_ieq(p->query_id, weir_sv_cstr(query)) ||
           (sink && weir_sv_ieq(sink->name, weir_sv_cstr(query)));
}

static weir_rc print_plans(weir_session *s, const form *f, const char *query, weir_status *st)
{
    weir_engine *e = weir_session_engine(s);
    weir_buf out = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        const weir_plan *p = weir_query_plan(weir_engine_query_at(e, i));
        if (!wanted(p, query)) {
            continue;
        }
        bool tree = f->print == weir_plan_print;
        if (tree) {
            weir_buf_printf(&out, "%s" WEIR_SV_FMT "\n" WEIR_SV_FMT "\n\n", n ? "\n" : "",
                            WEIR_SV_ARG(p->query_id), WEIR_SV_ARG(p->sql));
        }
        f->print(&out, p);
        weir_buf_str(&out, out.n && out.p[out.n - 1] == '\n' ? "" : "\n");
        n++;
    }
    fwrite(weir_buf_cstr(&out), 1, out.n, stdout);
    weir_buf_deinit(&out);
    return n ? WEIR_OK
             : weir_fail(st, WEIR_ENOTFOUND, query ? "there is no query %s" : "there is no query%s",
                         query ? query : "");
}

static weir_rc explain(const weir_option_list *operands, const form *f, const char *query,
                       weir_status *st)
{
    weir_session *s = NULL;
    weir_option_list files = {0};
    weir_session_config config = {
        .workers = 1,
        .default_partitions = 1,
        .check_only = true,
        .schemas_in_memory = true,
        .check_properties = true,
        .now_ms = no_clock,
        .on_rows = no_rows,
    };
    weir_rc rc = weir_query_files(operands, &files, st);
    rc = rc ? rc : weir_session_open(&config, &s, st);
    for (size_t i = 0; rc == WEIR_OK && i < files.n; i++) {
        rc = execute(s, files.items[i], st);
    }
    rc = rc ? rc : print_plans(s, f, query, st);
    weir_session_close(s);
    weir_query_files_free(&files);
    return rc;
}

static int run(const weir_command *self, int argc, char **argv)
{
    const char *format = "tree";
    const char *query = NULL;
    weir_option_list operands = {0};
    const weir_option_row rows[] = {
        {"--format", WEIR_OPT_TEXT, &format, 0, 0},
        {"--query", WEIR_OPT_TEXT, &query, 0, 0},
    };
    int status = WEIR_EXIT_USAGE;
    const form *f = NULL;
    bool usable = weir_options_read(self, rows, WEIR_COUNT(rows), argc, argv, &operands) &&
                  (f = form_of(format)) != NULL;
    if (usable && operands.n == 0) {
        fprintf(stderr, "weir explain: no query file; `weir explain --help` shows how\n");
    } else if (usable) {
        weir_status st;
        weir_status_reset(&st);
        weir_rc rc = explain(&operands, f, query, &st);
        if (rc != WEIR_OK && rc != WEIR_ESQL) {
            fprintf(stderr, "weir explain: %s\n", st.msg);
        }
        status = rc == WEIR_OK ? WEIR_EXIT_OK : WEIR_EXIT_FAILED;
    }
    weir_option_list_deinit(&operands);
    return status;
}

const weir_command weir_cmd_explain = {
    .name = "explain",
    .line = "show the plans of a file's queries",
    .help = "usage: weir explain [options] FILE.sql|DIR…\n"
            "\n"
            "Prints how every query of the files would run: from the sink back to its sources.\n"
            "Nothing is executed.\n"
            "\n"
            "  --format FORMAT   tree (default), json, dot (Graphviz) or mermaid\n"
            "  --query NAME      only this one: a query id, or the stream or table that it writes\n"
            "\n"
            "Exit status: 0 done, 1 a statement is wrong, or there is no such query, 2 wrong usage.\n"
            "\n"
            "Examples:\n"
            "  weir explain revenue.sql\n"
            "  weir explain --format dot --query REVENUE revenue.sql | dot -Tsvg > plan.svg\n",
    .run = run,
};
