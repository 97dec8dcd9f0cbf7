/* See topic_home.h. Topics are opened without an engine: there are no queries, and nothing of an
 * epoch is touched but the topics. */
#include "tools/topic_home.h"

#include "dsl/diag.h"
#include "engine/base/limits.h"
#include "engine/io/file.h"
#include "engine/server/properties.h"
#include "tools/run_io.h"

#include <stdio.h>

static weir_rc check_options(const weir_home *h, weir_status *st)
{
    if (h->data_dir && (h->servers || h->properties || h->sets.n)) {
        return weir_fail(st, WEIR_EUSAGE, "--data-dir and the options of Kafka exclude one another");
    }
    if (!h->data_dir && !h->servers && !h->properties && !h->sets.n) {
        return weir_fail(st, WEIR_EUSAGE, "where are the topics? name --bootstrap-servers or --data-dir");
    }
    for (size_t i = 0; i < h->sets.n; i++) {
        weir_sv name;
        const char *value;
        if (!weir_option_pair(h->sets.items[i], &name, &value)) {
            return weir_fail(st, WEIR_EUSAGE, "--set wants NAME=VALUE, not \"%s\"", h->sets.items[i]);
        }
        WEIR_TRY(weir_property_check(name, st));
    }
    return WEIR_OK;
}

static weir_rc open_cluster(weir_home *h, weir_status *st)
{
    weir_cluster_options options = {.servers = h->servers,
                                    .properties = h->properties,
                                    .sets = &h->sets,
                                    .exit_on_failure = true,
                                    .no_transactions = true};
    WEIR_TRY(weir_cluster_door_new(&options, &h->door, st));
    WEIR_TRY(weir_cluster_connect(h->door, &h->cluster, st));
    return h->cluster ? WEIR_OK
                      : weir_fail(st, WEIR_EUSAGE, "no property names the Kafka cluster: "
                                                   "bootstrap.servers, or --bootstrap-servers");
}

/* ---- declarations ---- */

static int64_t wall(void *clock)
{
    (void)clock;
    return weir_wall_ms();
}

static bool no_rows(void *ctx, const weir_plan *plan, const weir_batch *b)
{
    (void)ctx;
    (void)plan;
    (void)b;
    return true;
}

static weir_rc read_sql(weir_home *h, const char *file, weir_status *st)
{
    weir_buf text = {0};
    weir_arena a;
    weir_diags diags;
    weir_script_outcome done;
    weir_rc rc = weir_file_read(file, WEIR_STATEMENT_BYTES_MAX, &text, st);
    if (rc == WEIR_OK) {
        weir_arena_init(&a);
        weir_diags_init(&diags, &a);
        rc = weir_session_execute(h->schemas, weir_buf_view(&text), &done, &diags, st);
        weir_buf out = {0};
        for (uint32_t i = 0; i < diags.n; i++) {
            weir_diag_render(&out, weir_sv_cstr(file), weir_buf_view(&text), &diags.items[i]);
        }
        fprintf(stderr, "%s", weir_buf_cstr(&out));
        weir_buf_deinit(&out);
        weir_arena_deinit(&a);
        st->rc = rc ? WEIR_ESQL : WEIR_OK; /* told with its place */
        rc = st->rc;
    }
    weir_buf_deinit(&text);
    return rc;
}

/* Statements are executed in memory, for what they declare: no topic is made or read. */
static weir_rc declare(weir_home *h, weir_status *st)
{
    if (h->sql.n == 0) {
        return WEIR_OK;
    }
    weir_session_config config = {.workers = 1,
                                  .default_partitions = 1,
                                  .check_only = true,
                                  .schemas_in_memory = true,
                                  .now_ms = wall,
                                  .on_rows = no_rows};
    WEIR_TRY(weir_session_open(&config, &h->schemas, st));
    weir_option_list files = {0};
    weir_rc rc = weir_query_files(&h->sql, &files, st);
    for (size_t i = 0; rc == WEIR_OK && i < files.n; i++) {
        rc = read_sql(h, files.items[i], st);
    }
    weir_query_files_free(&files);
    return rc;
}

weir_rc weir_home_lines(weir_home *h, weir_sv topic, bool base64, weir_lines **out, weir_status *st)
{
    const weir_source *source = NULL;
    if (h->schemas) {
        source = weir_source_of_topic(weir_session_catalog(h->schemas), topic);
        if (!source) {
            return weir_fail(st, WEIR_ENOTFOUND, "no statement of --sql declares topic " WEIR_SV_FMT,
                             WEIR_SV_ARG(topic));
        }
    }
    WEIR_TRY(weir_lines_new(h->schemas, source, out, st));
    weir_lines_trust_nothing(*out);
    if (base64) {
        weir_lines_base64(*out);
    }
    return WEIR_OK;
}

/* ---- topics ---- */

weir_rc weir_home_open(weir_home *h, bool make, weir_status *st)
{
    WEIR_TRY(check_options(h, st));
    WEIR_TRY(declare(h, st));
    h->stop = weir_stop_new();
    if (!h->data_dir) {
        WEIR_TRY(open_cluster(h, st));
    } else {
        WEIR_TRY(make ? weir_store_open(h->data_dir, &h->store, st)
                      : weir_store_open_existing(h->data_dir, &h->store, st));
    }
    return weir_topics_open(h->store, h->cluster, &h->topics, st);
}

void weir_home_close(weir_home *h)
{
    weir_topics_close(h->topics);
    if (h->cluster) {
        h->cluster->calls->close(h->cluster);
    }
    weir_store_close(h->store);
    weir_session_close(h->schemas);
    weir_cluster_door_free(h->door);
    weir_stop_free(h->stop);
    weir_option_list_deinit(&h->sets);
    weir_option_list_deinit(&h->sql);
}

weir_rc weir_home_topic(weir_home *h, weir_sv name, weir_topic **out, weir_status *st)
{
    *out = weir_topics_find(h->topics, name);
    if (*out) {
        return WEIR_OK;
    }
    weir_fail(st, WEIR_ENOTFOUND, "topic " WEIR_SV_FMT " does not exist", WEIR_SV_ARG(name));
    uint32_t n = weir_topics_count(h->topics);
    weir_sv *names = weir_alloc(sizeof *names * (n + 1));
    for (uint32_t i = 0; i < n; i++) {
        names[i] = weir_topic_name(weir_topics_at(h->topics, i));
    }
    int64_t near = weir_nearest(name, names, n);
    if (near >= 0) {
        weir_hint(st, "did you mean " WEIR_SV_FMT "?", WEIR_SV_ARG(names[near]));
    }
    weir_free(names);
    return WEIR_ENOTFOUND;
}

weir_rc weir_home_commit(weir_home *h, weir_status *st)
{
    if (h->cluster) {
        return h->cluster->calls->flush(h->cluster, st);
    }
    weir_store_batch *batch = weir_store_batch_new();
    weir_rc rc = weir_topics_save(h->topics, batch, st);
    if (rc == WEIR_OK) {
        weir_topics_expire(h->topics, batch);
        rc = weir_store_commit(h->store, batch, st);
    }
    weir_store_batch_free(batch);
    return rc;
}

/* ---- the end ---- */

bool weir_home_stopped(weir_home *h)
{
    return weir_stop_signum(h->stop) != 0;
}

int weir_home_status(weir_home *h, const weir_command *self, weir_rc rc, const weir_status *st)
{
    int signum = h->stop ? weir_stop_signum(h->stop) : 0;
    bool gave_up = signum && (rc == WEIR_ECONNECT || rc == WEIR_EINTR) && !h->topics;
    if (rc != WEIR_OK && rc != WEIR_ESQL && !gave_up) {
        fprintf(stderr, "weir %s: %s%s%s\n", self->name, st->msg, st->hint[0] ? "; " : "", st->hint);
        return rc == WEIR_EUSAGE     ? WEIR_EXIT_USAGE
               : rc == WEIR_ECONNECT ? WEIR_EXIT_CONNECT
                                     : WEIR_EXIT_FAILED;
    }
    if (signum) {
        return weir_exit_of_signal(signum);
    }
    return rc == WEIR_OK ? WEIR_EXIT_OK : WEIR_EXIT_FAILED;
}
