/* `weir run`: query files over files, streams and stored topics. Options, statements, and the end;
 * the loop is in run_drive.c. */
#include "tools/bundles.h"
#include "tools/run.h"

#include "dsl/diag.h"
#include "engine/base/limits.h"
#include "engine/io/file.h"
#include "engine/server/properties.h"

#include <stdio.h>
#include <unistd.h>

static int64_t wall(void *clock)
{
    (void)clock;
    return weir_wall_ms();
}

static void on_problem(void *ctx, const weir_problem *p)
{
    weir_run *r = ctx;
    weir_run_progress_clear(r);
    weir_run_log_problem(r->log, p);
}

static void on_result(void *ctx, const weir_result *result)
{
    weir_run_show_result(((weir_run *)ctx)->show, result);
}

static bool on_rows(void *ctx, const weir_plan *plan, const weir_batch *b)
{
    return weir_run_show_rows(((weir_run *)ctx)->show, plan, b);
}

/* ---- statements ---- */

weir_rc weir_run_execute(weir_run *r, const char *file, weir_sv text, weir_status *st)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_diags diags;
    weir_diags_init(&diags, &a);
    weir_script_outcome done;
    text = weir_session_fill(r->session, text, &a);
    weir_rc rc = weir_session_execute(r->session, text, &done, &diags, st);
    weir_buf out = {0};
    for (uint32_t i = 0; i < diags.n; i++) {
        weir_diag_render(&out, weir_sv_cstr(file), text, &diags.items[i]);
    }
    if (diags.dropped) {
        weir_buf_printf(&out, "%u more errors\n", diags.dropped);
    }
    weir_rc shown = weir_run_show_flush(r->show, rc ? NULL : st); /* what came before the error */
    fprintf(stderr, "%s", weir_buf_cstr(&out));
    weir_buf_deinit(&out);
    weir_arena_deinit(&a);
    if (rc != WEIR_OK) {
        st->rc = WEIR_ESQL; /* told with its place */
        return WEIR_ESQL;
    }
    return shown;
}

static weir_rc run_file(weir_run *r, const char *path, weir_status *st)
{
    weir_buf text = {0};
    weir_rc rc = weir_file_read(path, WEIR_STATEMENT_BYTES_MAX, &text, st);
    rc = rc ? rc : weir_run_execute(r, path, weir_buf_view(&text), st);
    weir_buf_deinit(&text);
    return rc;
}

static void quoted(weir_buf *out, weir_sv s)
{
    weir_buf_byte(out, '\'');
    for (uint32_t i = 0; i < s.n; i++) {
        weir_buf_str(out, s.p[i] == '\'' ? "'" : "");
        weir_buf_byte(out, s.p[i]);
    }
    weir_buf_byte(out, '\'');
}

/* --set is SET at the top of the file; so what it refuses is refused here, too. */
static weir_rc apply_settings(weir_run *r, weir_status *st)
{
    weir_sv name;
    const char *value;
    for (size_t i = 0; i < r->defines.n && !r->bundles; i++) { /* else they are its variables */
        if (!weir_option_pair(r->defines.items[i], &name, &value)) {
            return weir_fail(st, WEIR_EUSAGE, "--define wants NAME=VALUE, not \"%s\"",
                             r->defines.items[i]);
        }
        weir_session_define(r->session, name, weir_sv_cstr(value));
    }
    for (size_t i = 0; i < r->sets.n; i++) {
        if (!weir_option_pair(r->sets.items[i], &name, &value)) {
            return weir_fail(st, WEIR_EUSAGE, "--set wants NAME=VALUE, not \"%s\"",
                             r->sets.items[i]);
        }
        WEIR_TRY(weir_property_check(name, st));
        weir_buf text = {0};
        weir_buf_str(&text, "SET ");
        quoted(&text, name);
        weir_buf_byte(&text, '=');
        quoted(&text, weir_sv_cstr(value));
        weir_buf_byte(&text, ';');
        weir_rc rc = weir_run_execute(r, "--set", weir_buf_view(&text), st);
        weir_buf_deinit(&text);
        WEIR_TRY(rc);
    }
    return WEIR_OK;
}

/* ---- the run ---- */

/* Tables hold updates back in live runs, unless the cache is switched off. */
static bool coalesces(const weir_run *r)
{
    for (size_t i = 0; i < r->sets.n; i++) {
        weir_sv name;
        const char *value;
        static const weir_sv cache = {"cache.max.bytes.buffering", 25};
        if (weir_option_pair(r->sets.items[i], &name, &value) && name.n >= cache.n &&
            weir_sv_eq(weir_sv_of(name.p + name.n - cache.n, cache.n), cache) &&
            strcmp(value, "0") == 0) {
            return false;
        }
    }
    return !r->until_idle;
}

/* A thread of the cluster or of the connectors: there is something to do. */
static void wake(void *ctx)
{
    weir_run *r = ctx;
    weir_loop_post(r->loop, weir_run_busy, r->loop);
}

static weir_rc open_session(weir_run *r, weir_status *st)
{
    weir_cluster *cluster = NULL;
    WEIR_TRY(weir_cluster_connect(r->door, &cluster, st));
    if (cluster && cluster->exactly_once && !r->data_dir) {
        cluster->calls->close(cluster);
        return weir_fail(st, WEIR_EUSAGE, "exactly_once_v2 needs a --data-dir for state");
    }
    weir_session_config config = {
        .cluster = cluster,
        .workers = r->workers,
        .batch_rows = r->batch_rows,
        .order = r->until_idle && !cluster ? WEIR_ORDER_SEQ : WEIR_ORDER_TIME,
        .coalesce = coalesces(r),
        .default_partitions = 1,
        .data_dir = r->data_dir,
        .check_properties = true,
        .rolls_back = weir_run_can_go_back(r),
        .forget_consumed = !r->until_idle,
        .schemas_in_memory = r->bundles && !cluster && !r->data_dir, /* nothing else reads the topics */
        .now_ms = wall,
        .on_result = on_result,
        .on_rows = on_rows,
        .on_problem = on_problem,
        .ctx = r,
        .wake = wake,
        .wake_ctx = r,
    };
    return weir_session_open(&config, &r->session, st);
}

/* From opening the session to the end of its loop. */
static weir_rc attempt(weir_run *r, weir_status *st)
{
    WEIR_TRY(open_session(r, st));
    WEIR_TRY(apply_settings(r, st));
    bool applied = false;
    WEIR_TRY(r->data_dir ? weir_run_applied(r, &applied, st) : WEIR_OK);
    if (!applied && r->operands.n == 0) {
        return weir_fail(st, WEIR_EUSAGE, "no query file, and nothing is applied to %s", r->data_dir);
    }
    WEIR_TRY(r->bundles && !applied ? weir_run_bundle_statements(r, st) : WEIR_OK);
    for (size_t i = 0; i < r->files.n; i++) {
        WEIR_TRY(run_file(r, r->files.items[i], st));
    }
    weir_run_stop_refused(r);
    WEIR_TRY(weir_inputs_bind(r->inputs, r->session, r->loop, st));
    r->driven = true;
    for (size_t i = 0; i < r->outputs_wanted.n; i++) {
        WEIR_TRY(weir_outputs_open(r->outputs, r->session, r->outputs_wanted.items[i], st));
    }
    return weir_run_drive(r, st);
}

static weir_rc go(weir_run *r, weir_status *st)
{
    weir_bundle_choice choice = {.env = r->env, .defines = &r->defines};
    WEIR_TRY(weir_bundle_operand(&r->operands, &choice, &r->bundles, st));
    WEIR_TRY(r->bundles ? WEIR_OK : weir_query_files(&r->operands, &r->files, st));
    for (size_t i = 0; i < r->inputs_wanted.n; i++) {
        WEIR_TRY(weir_inputs_open(r->inputs, r->inputs_wanted.items[i], st));
    }
    WEIR_TRY(weir_run_log_open(r->log_file, &r->log, st));
    weir_cluster_options options = {.servers = r->servers,
                                    .properties = r->properties,
                                    .sets = &r->sets,
                                    .exit_on_failure = r->exit_on_connect_failure,
                                    .wake = wake,
                                    .wake_ctx = r};
    WEIR_TRY(weir_cluster_door_new(&options, &r->door, st));
    WEIR_TRY(weir_run_bundle_data(r, st));
    weir_rc rc = attempt(r, st);
    while (rc != WEIR_OK && weir_run_resume(r, st)) {
        rc = attempt(r, st);
    }
    if (rc == WEIR_EINTR && !r->driven) {
        r->signum = weir_cluster_stop_signum(r->door);
        return WEIR_OK; /* nothing has begun that is to be ended */
    }
    WEIR_TRY(rc);
    return r->report ? weir_run_report(r, st) : WEIR_OK;
}

/* Told when it stopped, through the log. */
static bool has_failed_connector(const weir_run *r)
{
    weir_arena a;
    weir_sv name;
    weir_sv why;
    weir_arena_init(&a);
    bool failed = weir_session_failed_connector(r->session, &a, &name, &why);
    weir_arena_deinit(&a);
    return failed;
}

static int status_of(const weir_run *r, weir_rc rc, const weir_status *st)
{
    if (rc != WEIR_OK) {
        if (rc != WEIR_ESQL) { /* those are told with their place */
            fprintf(stderr, "weir run: %s%s%s\n", st->msg, st->hint[0] ? "; " : "", st->hint);
        }
        return rc == WEIR_EUSAGE     ? WEIR_EXIT_USAGE
               : rc == WEIR_ECONNECT ? WEIR_EXIT_CONNECT
                                     : WEIR_EXIT_FAILED;
    }
    if (r->signum) {
        return weir_exit_of_signal(r->signum);
    }
    weir_engine *e = weir_session_engine(r->session);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        kept += weir_query_plan(weir_engine_query_at(e, i))->persistent;
    }
    if (r->reported || has_failed_connector(r)) {
        return WEIR_EXIT_FAILED;
    }
    if (weir_engine_queries(e) > 0 && kept == 0 && weir_run_show_count(r->show) == 0) {
        fprintf(stderr, "weir run: no rows\n");
        return WEIR_EXIT_NO_DATA;
    }
    return WEIR_EXIT_OK;
}

static void deinit(weir_run *r)
{
    if (r->loop) {
        weir_inputs_free(r->inputs); /* its threads post to the loop */
        weir_outputs_free(r->outputs);
        weir_session_close(r->session);
        weir_run_show_free(r->show);
        weir_run_log_free(r->log);
        weir_cluster_door_free(r->door);
        weir_loop_free(r->loop);
    }
    weir_run_bundle_free(r);
    weir_run_resume_free(&r->resume);
    weir_query_files_free(&r->files);
    weir_option_list *lists[] = {&r->inputs_wanted, &r->outputs_wanted, &r->sets, &r->defines,
                                 &r->operands};
    for (size_t i = 0; i < WEIR_COUNT(lists); i++) {
        weir_option_list_deinit(lists[i]);
    }
}

static int run(const weir_command *self, int argc, char **argv)
{
    weir_run r = {.workers = 1, .progress = isatty(STDERR_FILENO) == 1};
    const weir_option_row rows[] = {
        {"--input", WEIR_OPT_LIST, &r.inputs_wanted, 0, 0},
        {"--output", WEIR_OPT_LIST, &r.outputs_wanted, 0, 0},
        {"--until-idle", WEIR_OPT_FLAG, &r.until_idle, 0, 0},
        {"--set", WEIR_OPT_LIST, &r.sets, 0, 0},
        {"--define", WEIR_OPT_LIST, &r.defines, 0, 0},
        {"--env", WEIR_OPT_TEXT, &r.env, 0, 0},
        {"--data-dir", WEIR_OPT_TEXT, &r.data_dir, 0, 0},
        {"--bootstrap-servers", WEIR_OPT_TEXT, &r.servers, 0, 0},
        {"--properties", WEIR_OPT_TEXT, &r.properties, 0, 0},
        {"--exit-on-connect-failure", WEIR_OPT_FLAG, &r.exit_on_connect_failure, 0, 0},
        {"--report", WEIR_OPT_TEXT, &r.report, 0, 0},
        {"--processing-log", WEIR_OPT_TEXT, &r.log_file, 0, 0},
        {"--workers", WEIR_OPT_COUNT, &r.workers, 1, WEIR_WORKERS_MAX},
        {"--batch-rows", WEIR_OPT_COUNT, &r.batch_rows, 1, WEIR_BATCH_ROWS},
    };
    int status = WEIR_EXIT_USAGE;
    bool usable = weir_options_read(self, rows, WEIR_COUNT(rows), argc, argv, &r.operands);
    if (usable && r.operands.n == 0 && !r.data_dir) {
        fprintf(stderr, "weir run: no query file; `weir run --help` shows how\n");
    } else if (usable) {
        weir_status st;
        weir_status_reset(&st);
        r.inputs = weir_inputs_new();
        r.outputs = weir_outputs_new();
        r.show = weir_run_show_new();
        r.loop = weir_loop_new();
        r.started_ns = weir_mono_ns();
        weir_rc rc = go(&r, &st);
        status = status_of(&r, rc, &st);
    }
    deinit(&r);
    return status;
}

const weir_command weir_cmd_run = {
    .name = "run",
    .line = "run query files over files, streams and stored topics",
    .help =
        "usage: weir run [options] FILE.sql|DIR|BUNDLE…\n"
        "       weir run [options] --data-dir DIR\n"
        "\n"
        "Executes the statements of the files (of a folder: its *.sql in the order of their names),\n"
        "then processes records until SIGINT or SIGTERM. Rows of SELECT … EMIT CHANGES are shown as\n"
        "a table on standard output. A folder with a bundle.yaml is a bundle: what it depends on runs\n"
        "with it, and without other input, data directory and Kafka it is run over its own data.\n"
        "A data directory with applied bundles (`weir apply`) runs those, and nothing else.\n"
        "\n"
        "  --input TOPIC=FILE      records to put into a topic, one JSON object a line; repeatable;\n"
        "                          FILE - is standard input\n"
        "  --output TOPIC=FILE     write the records of a topic to FILE (- is standard output);\n"
        "                          repeatable\n"
        "  --until-idle            end when all input has been processed; every update is written,\n"
        "                          the same input always gives the same output\n"
        "  --set NAME=VALUE        a property, as SET at the top of the file; repeatable\n"
        "  --define NAME=VALUE     a variable for ${NAME} in the statements; repeatable\n"
        "  --env NAME              an environment of the bundle\n"
        "  --data-dir DIR          where topics and state live; made when missing. Without it\n"
        "                          everything is in memory and gone at the end\n"
        "  --bootstrap-servers HOST:PORT,…  topics are on this Kafka cluster\n"
        "  --properties FILE       properties, as ksqlDB's server has them: those of --set, and those\n"
        "                          of Kafka's clients\n"
        "  --exit-on-connect-failure  end with status 4 when Kafka cannot be reached at the start; else\n"
        "                          it is tried again\n"
        "  --report FILE           a summary of the run as one JSON object\n"
        "  --processing-log FILE   skipped records and failed expressions, one JSON object each\n"
        "  --workers N             threads that process partitions (1)\n"
        "  --batch-rows N          most records that are processed at once (1024); for tests\n"
        "\n"
        "A line of input or output:\n"
        "  {\"key\":\"ann\",\"value\":{\"TOTAL\":12.50},\"timestamp\":1769421670000}\n"
        "\n"
        "Exit status: 0 done, 1 a statement, input or output failed, 2 wrong usage, 3 a SELECT found\n"
        "no rows, 4 cannot connect, 130 ended by SIGINT after a clean stop (by SIGTERM: 0). A second\n"
        "signal ends at once.\n"
        "\n"
        "Examples:\n"
        "  weir run --input clicks=clicks.jsonl --output REVENUE=- --until-idle revenue.sql\n"
        "  tail -f clicks.jsonl | weir run --input clicks=- alerts.sql\n"
        "  weir run --until-idle --output REVENUE_BY_DAY=- queries/revenue\n"
        "  weir run --data-dir shop queries/ecommerce\n"
        "  weir apply --data-dir store queries/shop && weir apply --data-dir store queries/revenue &&\n"
        "      weir run --data-dir store\n"
        "  weir run --bootstrap-servers localhost:9092 --data-dir state \\\n"
        "      --set processing.guarantee=exactly_once_v2 queries/ecommerce\n",
    .run = run,
};
