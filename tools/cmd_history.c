/* `weir history`: what was applied to a data directory. */
#include "engine/data/datetime.h"
#include "engine/data/json_text.h"
#include "engine/server/revision.h"
#include "engine/server/table_text.h"
#include "tools/options.h"

#include <stdio.h>

typedef struct history {
    const char *dir;
    bool json;
    uint32_t statements; /* of this revision; 0: the list */
    weir_revisions all;
    weir_buf out;
} history;

static bool is_in_force(const history *h, const weir_revision *r)
{
    return r->n_statements > 0 && weir_revision_of(&h->all, r->bundle) == r;
}

static weir_sv what(weir_arena *a, const weir_revision *r)
{
    return r->origin == r->number
               ? r->action
               : weir_arena_printf(a, WEIR_SV_FMT " to %u", WEIR_SV_ARG(r->action), r->origin);
}

static weir_sv when(weir_arena *a, const weir_revision *r)
{
    weir_buf text = {0};
    weir_timestamp_print(&text, r->time_ms - weir_floor_mod(r->time_ms, 1000));
    weir_sv kept = weir_arena_sv(a, weir_buf_view(&text));
    weir_buf_deinit(&text);
    return kept;
}

static void print_table(history *h)
{
    static const weir_sv names[] = {{"Revision", 8}, {"Time (UTC)", 10}, {"Action", 6},
                                    {"Bundle", 6},   {"Version", 7},     {"Environment", 11},
                                    {"By", 2},       {"Statements", 10}, {"Hash", 4},
                                    {"", 0}};
    static const bool right[] = {true, false, false, false, false, false, false, true, false, false};
    weir_table_text *t = weir_table_text_new(names, right, WEIR_COUNT(names));
    weir_arena a;
    weir_arena_init(&a);
    for (uint32_t i = 0; i < h->all.n; i++) {
        const weir_revision *r = &h->all.items[i];
        weir_sv row[] = {weir_arena_printf(&a, "%u", r->number),
                         when(&a, r),
                         what(&a, r),
                         r->bundle,
                         r->version,
                         r->env,
                         r->who,
                         weir_arena_printf(&a, "%u", r->n_statements),
                         weir_arena_printf(&a, "%016llx", (unsigned long long)r->hash),
                         is_in_force(h, r) ? WEIR_SV("in force") : (weir_sv){0}};
        weir_table_text_row(t, row, &h->out);
    }
    weir_table_text_flush(t, &h->out);
    weir_table_text_free(t);
    weir_arena_deinit(&a);
}

static void member(weir_buf *out, const char *name, weir_sv text)
{
    weir_buf_printf(out, ",\"%s\":", name);
    weir_json_string(out, text);
}

static void print_json(history *h)
{
    for (uint32_t i = 0; i < h->all.n; i++) {
        const weir_revision *r = &h->all.items[i];
        if (h->statements && r->number != h->statements) {
            continue;
        }
        weir_buf_printf(&h->out, "{\"revision\":%u,\"time_ms\":%lld,\"origin\":%u,\"in_force\":%s",
                        r->number, (long long)r->time_ms, r->origin,
                        is_in_force(h, r) ? "true" : "false");
        member(&h->out, "action", r->action);
        member(&h->out, "bundle", r->bundle);
        member(&h->out, "version", r->version);
        member(&h->out, "environment", r->env);
        member(&h->out, "by", r->who);
        weir_buf_printf(&h->out, ",\"hash\":\"%016llx\",\"statements\":[", (unsigned long long)r->hash);
        for (uint32_t k = 0; k < r->n_statements; k++) {
            weir_buf_str(&h->out, k ? "," : "");
            weir_json_string(&h->out, r->statements[k].text);
        }
        weir_buf_str(&h->out, "]}\n");
    }
}

static weir_rc print(history *h, weir_status *st)
{
    const weir_revision *r = weir_revision_find(&h->all, h->statements);
    if (h->statements && !r) {
        return weir_fail(st, WEIR_EUSAGE, "there is no revision %u in %s", h->statements, h->dir);
    }
    if (h->json) {
        print_json(h);
    } else if (r) {
        for (uint32_t k = 0; k < r->n_statements; k++) {
            weir_buf_printf(&h->out, WEIR_SV_FMT "\n\n", WEIR_SV_ARG(r->statements[k].text));
        }
    } else if (h->all.n == 0) {
        weir_buf_printf(&h->out, "nothing has been applied to %s\n", h->dir);
    } else {
        print_table(h);
    }
    return weir_print_text(weir_buf_view(&h->out), st);
}

static int run(const weir_command *self, int argc, char **argv)
{
    history h = {0};
    weir_option_list operands = {0};
    const weir_option_row rows[] = {
        {"--data-dir", WEIR_OPT_TEXT, &h.dir, 0, 0},
        {"--statements", WEIR_OPT_COUNT, &h.statements, 1, UINT32_MAX},
        {"--json", WEIR_OPT_FLAG, &h.json, 0, 0},
    };
    int status = WEIR_EXIT_USAGE;
    bool usable = weir_options_read(self, rows, WEIR_COUNT(rows), argc, argv, &operands);
    if (usable && (!h.dir || operands.n)) {
        fprintf(stderr, "weir history: wants --data-dir DIR\n");
    } else if (usable) {
        weir_store *store = NULL;
        weir_status st;
        weir_status_reset(&st);
        weir_rc rc = weir_store_open_read_only(h.dir, &store, &st);
        rc = rc ? rc : weir_revisions_read(store, &h.all, &st);
        rc = rc ? rc : print(&h, &st);
        if (rc != WEIR_OK) {
            fprintf(stderr, "weir history: %s%s%s\n", st.msg, st.hint[0] ? "; " : "", st.hint);
        }
        status = rc == WEIR_OK ? WEIR_EXIT_OK : rc == WEIR_EUSAGE ? WEIR_EXIT_USAGE : WEIR_EXIT_FAILED;
        weir_revisions_deinit(&h.all);
        weir_store_close(store);
        weir_buf_deinit(&h.out);
    }
    weir_option_list_deinit(&operands);
    return status;
}

const weir_command weir_cmd_history = {
    .name = "history",
    .line = "list what was applied to a data directory",
    .help = "usage: weir history --data-dir DIR [--statements N] [--json]\n"
            "\n"
            "Lists the revisions of a data directory, the oldest first: when, which bundle in which version\n"
            "and environment, by whom, and which are in force, one of each bundle. `weir rollback` goes\n"
            "back to one. `weir run` may go on over the directory meanwhile. What a process had\n"
            "committed to Kafka when it was killed is listed when the next one has looked there.\n"
            "\n"
            "  --statements N   the statements of revision N, with their variables filled in\n"
            "  --json           one JSON object per revision, with its statements\n"
            "\n"
            "Exit status: 0 done, 1 failed, 2 wrong usage.\n"
            "\n"
            "Example:\n"
            "  weir history --data-dir shop\n",
    .run = run,
};
