/* `weir state`: what a data directory holds of its queries. */
#include "engine/data/json_text.h"
#include "engine/io/loop.h"
#include "engine/server/table_text.h"
#include "tools/options.h"
#include "tools/stored_queries.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

typedef struct report {
    weir_stored stored;
    uint64_t disk_bytes;
    int64_t written_ms; /* when the directory was last written to; < 0: not known */
    const char *dir;
    weir_buf out;
} report;

/* The newest of its files. */
static int64_t last_write_ms(const char *dir)
{
    DIR *d = opendir(dir);
    int64_t newest = -1;
    struct dirent *e;
    while (d && (e = readdir(d)) != NULL) {
        weir_buf path = {0};
        struct stat s;
        size_t n = strlen(e->d_name);
        weir_buf_printf(&path, "%s/%s", dir, e->d_name);
        bool data = n > 4 && (strcmp(e->d_name + n - 4, ".log") == 0 ||
                              strcmp(e->d_name + n - 4, ".sst") == 0);
        if (data && stat(weir_buf_cstr(&path), &s) == 0) {
            newest = weir_max64(newest, (int64_t)s.st_mtim.tv_sec * 1000 +
                                            s.st_mtim.tv_nsec / 1000000);
        }
        weir_buf_deinit(&path);
    }
    if (d) {
        closedir(d);
    }
    return newest;
}

static weir_rc read_dir(report *r, weir_status *st)
{
    weir_store *store = NULL;
    r->written_ms = last_write_ms(r->dir);
    WEIR_TRY(weir_store_open_read_only(r->dir, &store, st));
    weir_rc rc = weir_stored_read(store, &r->stored, st);
    rc = rc ? rc : weir_stored_count(store, &r->stored, st);
    r->disk_bytes = weir_store_disk_bytes(store);
    weir_store_close(store);
    return rc;
}

static bool is_shown(const weir_stored_node *n)
{
    return n->entries > 0;
}

/* ---- text ---- */

static weir_sv count(weir_arena *a, uint64_t n)
{
    return weir_arena_printf(a, "%llu", (unsigned long long)n);
}

static void entry(report *r, const char *name, const char *value)
{
    weir_buf_printf(&r->out, "%-20s : %s\n", name, value);
}

static void print_age(report *r, weir_arena *a)
{
    int64_t age_s = (weir_wall_ms() - r->written_ms) / 1000;
    const char *text = r->written_ms < 0 ? "not known"
                       : age_s < 120
                           ? weir_arena_printf(a, "%lld s ago%c", (long long)age_s, 0).p
                       : age_s < 7200
                           ? weir_arena_printf(a, "%lld min ago%c", (long long)(age_s / 60), 0).p
                           : weir_arena_printf(a, "%lld h ago%c", (long long)(age_s / 3600), 0).p;
    entry(r, "Last write", text);
}

static void print_state(report *r, weir_arena *a)
{
    static const weir_sv names[] = {{"Query", 5}, {"State", 5}, {"Entries", 7}, {"Bytes", 5}};
    static const bool right[] = {false, false, true, true};
    weir_table_text *t = weir_table_text_new(names, right, WEIR_COUNT(names));
    bool any = false;
    for (uint32_t i = 0; i < r->stored.n; i++) {
        const weir_stored_query *q = &r->stored.queries[i];
        for (uint32_t k = 0; k < q->n_nodes; k++) {
            const weir_stored_node *n = &q->nodes[k];
            if (is_shown(n)) {
                weir_sv row[] = {q->id, weir_arena_printf(a, WEIR_SV_FMT " #%u", WEIR_SV_ARG(n->name), n->id),
                                 count(a, n->entries), count(a, n->bytes)};
                weir_table_text_row(t, row, &r->out);
                any = true;
            }
        }
    }
    if (any) {
        weir_buf_byte(&r->out, '\n');
    }
    weir_table_text_flush(t, &r->out);
    weir_table_text_free(t);
}

static void print_positions(report *r, weir_arena *a)
{
    static const weir_sv names[] = {{"Query", 5}, {"Topic", 5}, {"Partition", 9}, {"Position", 8}};
    static const bool right[] = {false, false, true, true};
    weir_table_text *t = weir_table_text_new(names, right, WEIR_COUNT(names));
    for (uint32_t i = 0; i < r->stored.n; i++) {
        const weir_stored_query *q = &r->stored.queries[i];
        for (uint32_t k = 0; k < q->n_nodes; k++) {
            const weir_stored_node *n = &q->nodes[k];
            for (uint32_t p = 0; p < n->n_positions; p++) {
                weir_sv row[] = {q->id, n->topic, count(a, (uint64_t)n->positions[p].partition),
                                 weir_arena_printf(a, "%lld", (long long)n->positions[p].next)};
                weir_table_text_row(t, row, &r->out);
            }
        }
    }
    weir_buf_byte(&r->out, '\n');
    weir_table_text_flush(t, &r->out);
    weir_table_text_free(t);
}

static void print_text(report *r)
{
    weir_arena a;
    char number[32];
    weir_arena_init(&a);
    entry(r, "Data directory", r->dir);
    snprintf(number, sizeof number, "%llu", (unsigned long long)r->stored.epoch);
    entry(r, "Epoch", number);
    if (r->stored.pending) {
        weir_buf_printf(&r->out, "%-20s : %llu, whose outcome only Kafka knows\n", "Pending epoch",
                        (unsigned long long)r->stored.pending);
    }
    print_age(r, &a);
    snprintf(number, sizeof number, "%llu", (unsigned long long)r->disk_bytes);
    entry(r, "Bytes on disk", number);
    snprintf(number, sizeof number, "%u", r->stored.n);
    entry(r, "Queries", number);
    if (r->stored.n) {
        print_state(r, &a);
        print_positions(r, &a);
    }
    weir_arena_deinit(&a);
}

/* ---- JSON ---- */

static void json_node(weir_buf *out, const weir_stored_node *n)
{
    weir_buf_printf(out, "{\"operator\":\"" WEIR_SV_FMT "\",\"node\":%u,\"entries\":%llu,\"bytes\":%llu}",
                    WEIR_SV_ARG(n->name), n->id, (unsigned long long)n->entries,
                    (unsigned long long)n->bytes);
}

static void json_source(weir_buf *out, const weir_stored_node *n)
{
    weir_buf_str(out, "{\"topic\":");
    weir_json_string(out, n->topic);
    weir_buf_printf(out, ",\"node\":%u,\"positions\":{", n->id);
    for (uint32_t p = 0; p < n->n_positions; p++) {
        weir_buf_printf(out, "%s\"%d\":%lld", p ? "," : "", n->positions[p].partition,
                        (long long)n->positions[p].next);
    }
    weir_buf_str(out, "}}");
}

static void json_list(weir_buf *out, const weir_stored_query *q, const char *name,
                      bool (*wanted)(const weir_stored_node *n),
                      void (*put)(weir_buf *out, const weir_stored_node *n))
{
    bool first = true;
    weir_buf_printf(out, ",\"%s\":[", name);
    for (uint32_t k = 0; k < q->n_nodes; k++) {
        if (wanted(&q->nodes[k])) {
            weir_buf_str(out, first ? "" : ",");
            put(out, &q->nodes[k]);
            first = false;
        }
    }
    weir_buf_byte(out, ']');
}

static void print_json(report *r)
{
    weir_buf *out = &r->out;
    weir_buf_str(out, "{\"data_dir\":");
    weir_json_string(out, weir_sv_cstr(r->dir));
    weir_buf_printf(out, ",\"epoch\":%llu,\"pending_epoch\":", (unsigned long long)r->stored.epoch);
    if (r->stored.pending) {
        weir_buf_printf(out, "%llu", (unsigned long long)r->stored.pending);
    } else {
        weir_buf_str(out, "null");
    }
    weir_buf_printf(out, ",\"last_write_ms\":%lld,\"disk_bytes\":%llu,\"inserts\":%llu,\"queries\":[",
                    (long long)r->written_ms, (unsigned long long)r->disk_bytes,
                    (unsigned long long)r->stored.journal);
    for (uint32_t i = 0; i < r->stored.n; i++) {
        const weir_stored_query *q = &r->stored.queries[i];
        weir_buf_str(out, i ? ",{\"id\":" : "{\"id\":");
        weir_json_string(out, q->id);
        json_list(out, q, "state", is_shown, json_node);
        json_list(out, q, "sources", weir_stored_is_source, json_source);
        weir_buf_byte(out, '}');
    }
    weir_buf_str(out, "]}\n");
}

/* ---- the command ---- */

static int run(const weir_command *self, int argc, char **argv)
{
    report r = {0};
    const char *format = "table";
    weir_option_list operands = {0};
    const weir_option_row rows[] = {
        {"--data-dir", WEIR_OPT_TEXT, &r.dir, 0, 0},
        {"--format", WEIR_OPT_TEXT, &format, 0, 0},
    };
    int status = WEIR_EXIT_USAGE;
    bool usable = weir_options_read(self, rows, WEIR_COUNT(rows), argc, argv, &operands);
    bool json = strcmp(format, "json") == 0;
    if (usable && (!r.dir || operands.n)) {
        fprintf(stderr, "weir state: wants --data-dir DIR\n");
    } else if (usable && !json && strcmp(format, "table") != 0) {
        fprintf(stderr, "weir state: --format is table or json, not \"%s\"\n", format);
    } else if (usable) {
        weir_status st;
        weir_status_reset(&st);
        weir_rc rc = read_dir(&r, &st);
        if (rc == WEIR_OK) {
            (json ? print_json : print_text)(&r);
            rc = weir_print_text(weir_buf_view(&r.out), &st);
        }
        status = WEIR_EXIT_OK;
        if (rc != WEIR_OK) {
            fprintf(stderr, "weir state: %s%s%s\n", st.msg, st.hint[0] ? "; " : "", st.hint);
            status = rc == WEIR_EUSAGE ? WEIR_EXIT_USAGE : WEIR_EXIT_FAILED;
        }
        weir_stored_deinit(&r.stored);
        weir_buf_deinit(&r.out);
    }
    weir_option_list_deinit(&operands);
    return status;
}

const weir_command weir_cmd_state = {
    .name = "state",
    .line = "show what a data directory holds of its queries",
    .help =
        "usage: weir state --data-dir DIR [--format json]\n"
        "\n"
        "Lists the queries of a data directory: the state of their operators (entries and bytes, before\n"
        "compression), how far they have read each topic, how many commits (epochs) there were, and how\n"
        "long ago it was last written to. `weir run` may go on over it meanwhile: all is as of one\n"
        "commit. A pending epoch is one that Kafka is committing, or belongs to a process that was killed\n"
        "while it did; the next `weir run` settles it. Operators are named as in EXPLAIN. Nothing is\n"
        "changed.\n"
        "\n"
        "  --format json         one JSON object\n"
        "\n"
        "Exit status: 0 done, 1 failed (damaged, of another version, no data directory), 2 wrong\n"
        "usage.\n"
        "\n"
        "Example:\n"
        "  weir state --data-dir shop\n",
    .run = run,
};
