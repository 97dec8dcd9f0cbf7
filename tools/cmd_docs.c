/* `weir docs`: reference pages, printed from the tables that the engine itself goes by. */
#include "tools/cmd.h"

#include "connectors/conn.h"
#include "engine/base/buf.h"
#include "engine/base/nearest.h"
#include "tools/options.h"

#include <stdio.h>

#define TEXT_COLUMN 30
#define TEXT_WIDTH 100

static const char *type_of(const weir_conn_option *o)
{
    switch (o->type) {
    case WEIR_CONN_TEXT: return "text";
    case WEIR_CONN_SECRET: return "secret";
    case WEIR_CONN_TEMPLATE: return "template";
    case WEIR_CONN_INTEGER: return "number";
    case WEIR_CONN_BYTES: return "size";
    case WEIR_CONN_MS: return "time, ms";
    case WEIR_CONN_SECONDS: return "time, s";
    case WEIR_CONN_BOOLEAN: return "true or false";
    case WEIR_CONN_CHOICE: return o->choices;
    case WEIR_CONN_LIST: return "list";
    case WEIR_CONN_CONDITION: return "condition";
    }
    return "";
}

/* Words, wrapped at TEXT_WIDTH, each line beginning at TEXT_COLUMN. */
static void add_wrapped(weir_buf *out, const char *text)
{
    size_t col = TEXT_COLUMN;
    weir_buf_printf(out, "%*s", TEXT_COLUMN, "");
    while (*text) {
        size_t n = strcspn(text, " ");
        if (col > TEXT_COLUMN && col + n + 1 > TEXT_WIDTH) {
            weir_buf_printf(out, "\n%*s", TEXT_COLUMN, "");
            col = TEXT_COLUMN;
        } else if (col > TEXT_COLUMN) {
            weir_buf_byte(out, ' ');
            col++;
        }
        weir_buf_add(out, text, n);
        col += n;
        text += n + (text[n] == ' ');
    }
    weir_buf_byte(out, '\n');
}

static void add_option(weir_buf *out, const weir_conn_option *o)
{
    weir_buf_printf(out, "  %-*s  %s", TEXT_COLUMN - 4, o->name, type_of(o));
    if (o->required) {
        weir_buf_str(out, "; required");
    } else if (o->standard && o->standard[0]) {
        weir_buf_printf(out, "; %s if not given", o->standard);
    }
    weir_buf_byte(out, '\n');
    add_wrapped(out, o->doc);
    if (o->aliases) {
        weir_buf aliases = {0};
        weir_buf_str(&aliases, "Also: ");
        for (const char *p = o->aliases; *p; p++) {
            if (*p == '|') {
                weir_buf_str(&aliases, ", ");
            } else {
                weir_buf_byte(&aliases, *p);
            }
        }
        add_wrapped(out, weir_buf_cstr(&aliases));
        weir_buf_deinit(&aliases);
    }
}

static bool is_hidden(const weir_conn_kind *k, const weir_conn_option *common)
{
    for (uint32_t i = 0; i < k->n_options; i++) {
        if (strcmp(k->options[i].name, common->name) == 0) {
            return true;
        }
    }
    return false;
}

static const char *role_of(const weir_conn_kind *k)
{
    return k->sink ? "sink" : k->as_table ? "table" : "source";
}

static void add_head(weir_buf *out, const weir_conn_kind *k)
{
    weir_buf_printf(out, "%s, a %s: %s.\n\n", k->name, k->as_table ? "table that is looked up" : role_of(k),
                    k->line);
    if (k->as_table) {
        weir_buf_printf(out,
                        "  CREATE TABLE name (id STRING PRIMARY KEY, …) WITH ('connector'='%s', …);\n"
                        "  SELECT … FROM stream s LEFT JOIN name t ON s.column = t.id EMIT CHANGES;\n\n",
                        k->name);
    } else {
        weir_buf_printf(out, "  CREATE %s CONNECTOR name WITH ('connector'='%s', …);\n\n",
                        k->sink ? "SINK" : "SOURCE", k->name);
    }
    weir_buf_printf(out, "After a crash: %s.\n", k->guarantee);
    if (k->classes) {
        weir_buf_printf(out, "Names of its class in Kafka Connect are understood: %s.\n", k->classes);
    }
}

static void add_page(weir_buf *out, const weir_conn_kind *k)
{
    uint32_t n = 0;
    const weir_conn_option *common = weir_conn_common(k->sink, &n);
    add_head(out, k);
    weir_buf_str(out, "\nOptions\n\n");
    for (uint32_t i = 0; i < k->n_options; i++) {
        add_option(out, &k->options[i]);
    }
    weir_buf_printf(out, "\nOptions of every %s\n\n", role_of(k));
    for (uint32_t i = 0; i < n; i++) {
        if (!is_hidden(k, &common[i]) && (!k->as_table || strcmp(common[i].name, "enabled") == 0)) {
            add_option(out, &common[i]);
        }
    }
    weir_buf_byte(out, '\n');
}

static void add_list(weir_buf *out)
{
    for (uint32_t i = 0; i < weir_conn_kinds(); i++) {
        const weir_conn_kind *k = weir_conn_kind_at(i);
        weir_buf_printf(out, "  %-14s %-7s %s\n", k->name, role_of(k), k->line);
    }
}

/* Pages of all kinds of that name: some are sinks and sources. False: there is none. */
static bool add_pages(weir_buf *out, weir_sv name)
{
    bool found = false;
    for (uint32_t i = 0; i < weir_conn_kinds(); i++) {
        if (weir_sv_ieq(weir_sv_cstr(weir_conn_kind_at(i)->name), name)) {
            add_page(out, weir_conn_kind_at(i));
            found = true;
        }
    }
    return found;
}

static int unknown(weir_sv name)
{
    weir_sv names[64];
    uint32_t n = 0;
    for (uint32_t i = 0; i < weir_conn_kinds() && n < WEIR_COUNT(names); i++) {
        names[n++] = weir_sv_cstr(weir_conn_kind_at(i)->name);
    }
    int64_t near = weir_nearest(name, names, n);
    fprintf(stderr, "weir docs: there is no connector " WEIR_SV_FMT, WEIR_SV_ARG(name));
    if (near >= 0) {
        fprintf(stderr, "; did you mean " WEIR_SV_FMT "?\n", WEIR_SV_ARG(names[near]));
    } else {
        fprintf(stderr, "; `weir docs connector` lists them\n");
    }
    return WEIR_EXIT_FAILED;
}

static int run(const weir_command *self, int argc, char **argv)
{
    weir_option_list operands = {0};
    if (!weir_options_read(self, NULL, 0, argc, argv, &operands)) {
        return WEIR_EXIT_USAGE;
    }
    int status = WEIR_EXIT_OK;
    weir_buf out = {0};
    if (operands.n == 0 || operands.n > 2 || strcmp(operands.items[0], "connector") != 0) {
        fprintf(stderr, "weir docs: wants `connector [NAME]`; `weir docs --help` shows how\n");
        status = WEIR_EXIT_USAGE;
    } else if (operands.n == 1) {
        add_list(&out);
    } else if (!add_pages(&out, weir_sv_cstr(operands.items[1]))) {
        status = unknown(weir_sv_cstr(operands.items[1]));
    }
    weir_status st;
    weir_status_reset(&st);
    if (status == WEIR_EXIT_OK && weir_print_text(weir_buf_view(&out), &st) != WEIR_OK) {
        fprintf(stderr, "weir docs: %s\n", st.msg);
        status = WEIR_EXIT_FAILED;
    }
    weir_buf_deinit(&out);
    weir_option_list_deinit(&operands);
    return status;
}

const weir_command weir_cmd_docs = {
    .name = "docs",
    .line = "print the reference page of a connector",
    .help = "usage: weir docs connector [NAME]\n"
            "\n"
            "Prints what a connector does, what holds after a crash, and all its options; without a NAME\n"
            "the list of connectors.\n"
            "\n"
            "Exit status: 0 done, 1 no such connector, 2 wrong usage.\n"
            "\n"
            "Examples:\n"
            "  weir docs connector\n"
            "  weir docs connector redis\n",
    .run = run,
};
