/* `weir run`: query files over files, streams and stored topics. */
#include "tools/cmd.h"
#include "tools/run_io.h"

#include "engine/io/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define RECORDS_PER_STEP 8192 /* input records that go through every query before the next are read */
#define COMMIT_MS 1000

typedef struct run_options {
    const char **files, **inputs, **outputs, **sets;
    uint32_t n_files, n_inputs, n_outputs, n_sets;
    const char *data_dir, *report;
    uint32_t workers, batch_rows;
    bool until_idle;
} run_options;

/* Skipped records, each once however many queries could not read it. */
typedef struct bad_record {
    uint64_t topic_hash;
    int32_t partition;
    int64_t offset;
} bad_record;

typedef struct runner {
    run_options o;
    weir_session *session;
    weir_inputs *inputs;
    weir_buf text; /* of the statements */
    int64_t committed_ns;
    weir_buf log;
    uint64_t *malformed; /* per input */
} runner;

static int64_t wall(void *clock)
{
    (void)clock;
    return weir_wall_ms();
}

static void on_problem(void *ctx, const weir_problem *p)
{
    runner *r = ctx;
    for (uint32_t i = 0; p->record && r->malformed && i < weir_inputs_count(r->inputs); i++) {
        if (weir_sv_eq(weir_inputs_topic(r->inputs, i), p->topic)) {
            r->malformed[i]++;
            break;
        }
    }
    if (p->record) {
        fprintf(stderr, "skipped record: topic " WEIR_SV_FMT ", partition %d, offset %lld: "
                        WEIR_SV_FMT "\n", WEIR_SV_ARG(p->topic), p->partition,
                (long long)p->offset, WEIR_SV_ARG(p->reason));
    }
}

static weir_rc read_file(const char *path, weir_buf *out, weir_status *st)
{
    FILE *f = fopen(path, "r");
    if (!f) {
        return weir_fail(st, WEIR_EIO, "cannot open %s: %s", path, strerror(errno));
    }
    char part[65536];
    size_t n = 0;
    while ((n = fread(part, 1, sizeof part, f)) > 0) {
        weir_buf_add(out, part, n);
    }
    bool bad = ferror(f) != 0;
    fclose(f);
    if (bad || out->over) {
        return weir_fail(st, bad ? WEIR_EIO : WEIR_ELIMIT, "cannot read %s: %s", path,
                         bad ? strerror(errno) : "longer than 4 MiB (WEIR_STATEMENT_BYTES_MAX)");
    }
    return WEIR_OK;
}

static weir_rc run_file(runner *r, const char *path, weir_status *st)
{
    weir_buf_reset(&r->text);
    WEIR_TRY(read_file(path, &r->text, st));
    weir_arena a;
    weir_arena_init(&a);
    weir_diags diags;
    weir_diags_init(&diags, &a);
    weir_script_outcome done;
    weir_rc rc = weir_session_execute(r->session, weir_buf_view(&r->text), &done, &diags, st);
    weir_buf out = {0};
    for (uint32_t i = 0; i < diags.n; i++) {
        weir_diag_render(&out, weir_sv_cstr(path), weir_buf_view(&r->text), &diags.items[i]);
    }
    fwrite(out.p, 1, out.n, stderr);
    weir_buf_deinit(&out);
    weir_arena_deinit(&a);
    return rc;
}

static weir_rc check_queries(runner *r, weir_status *st)
{
    weir_engine *e = weir_session_engine(r->session);
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        weir_query *q = weir_engine_query_at(e, i);
        if (weir_query_error(q)) {
            return weir_fail(st, WEIR_EFATAL, "query " WEIR_SV_FMT " stopped: %s",
                             WEIR_SV_ARG(weir_query_plan(q)->query_id), weir_query_error(q));
        }
    }
    return WEIR_OK;
}

static weir_rc drive(runner *r, weir_status *st)
{
    weir_engine *e = weir_session_engine(r->session);
    WEIR_TRY(weir_engine_drain(e, st));
    for (uint32_t taken = 1; taken;) {
        WEIR_TRY(weir_inputs_take(r->inputs, r->session, RECORDS_PER_STEP, &taken, st));
        WEIR_TRY(weir_engine_drain(e, st));
        if (r->o.data_dir && weir_mono_ns() - r->committed_ns > COMMIT_MS * 1000000LL) {
            WEIR_TRY(weir_engine_commit(e, NULL, st));
            r->committed_ns = weir_mono_ns();
        }
    }
    WEIR_TRY(weir_engine_commit(e, NULL, st));
    return check_queries(r, st);
}

static weir_rc write_report(runner *r, const uint64_t *written, weir_status *st)
{
    weir_buf b = {0};
    weir_engine *e = weir_session_engine(r->session);
    weir_buf_str(&b, "{\"inputs\":{");
    for (uint32_t i = 0; i < weir_inputs_count(r->inputs); i++) {
        weir_buf_str(&b, i ? "," : "");
        weir_diag_json_string(&b, weir_inputs_topic(r->inputs, i));
        weir_buf_printf(&b, ":{\"records\":%llu,\"malformed\":%llu}",
                        (unsigned long long)weir_inputs_records(r->inputs, i),
                        (unsigned long long)r->malformed[i]);
    }
    weir_buf_str(&b, "},\"outputs\":{");
    for (uint32_t i = 0; i < r->o.n_outputs; i++) {
        weir_sv topic;
        const char *file;
        WEIR_TRY(weir_split_spec("--output", r->o.outputs[i], &topic, &file, st));
        weir_buf_str(&b, i ? "," : "");
        weir_diag_json_string(&b, topic);
        weir_buf_printf(&b, ":{\"records\":%llu}", (unsigned long long)written[i]);
    }
    weir_buf_str(&b, "},\"queries\":{");
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        weir_query *q = weir_engine_query_at(e, i);
        weir_query_stats s;
        weir_query_stats_of(q, &s);
        const weir_source *sink = weir_query_plan(q)->sink->sink.sink;
        weir_buf_str(&b, i ? "," : "");
        weir_diag_json_string(&b, sink ? sink->name : weir_query_plan(q)->query_id);
        weir_buf_str(&b, ":{\"id\":");
        weir_diag_json_string(&b, weir_query_plan(q)->query_id);
        weir_buf_printf(&b, ",\"read\":%llu,\"written\":%llu,\"late\":%llu,\"errors\":%llu}",
                        (unsigned long long)s.read, (unsigned long long)s.written,
                        (unsigned long long)s.late, (unsigned long long)s.errors);
    }
    weir_buf_str(&b, "}}\n");
    FILE *f = fopen(r->o.report, "w");
    bool ok = f && fwrite(b.p, 1, b.n, f) == b.n;
    ok &= f && fclose(f) == 0;
    weir_buf_deinit(&b);
    return ok ? WEIR_OK : weir_fail(st, WEIR_EIO, "cannot write %s: %s", r->o.report, strerror(errno));
}

static weir_rc go(runner *r, weir_status *st)
{
    for (uint32_t i = 0; i < r->o.n_inputs; i++) {
        WEIR_TRY(weir_inputs_open(r->inputs, r->o.inputs[i], st));
    }
    r->malformed = weir_zalloc(sizeof *r->malformed * (r->o.n_inputs + 1));
    weir_session_config config = {
        .workers = r->o.workers,
        .batch_rows = r->o.batch_rows,
        .order = WEIR_ORDER_SEQ,
        .default_partitions = 1,
        .data_dir = r->o.data_dir,
        .now_ms = wall,
        .on_problem = on_problem,
        .ctx = r,
    };
    WEIR_TRY(weir_session_open(&config, &r->session, st));
    for (uint32_t i = 0; i < r->o.n_sets; i++) {
        weir_sv name;
        const char *value;
        WEIR_TRY(weir_split_spec("--set", r->o.sets[i], &name, &value, st));
        weir_session_set(r->session, name, weir_sv_cstr(value));
    }
    for (uint32_t i = 0; i < r->o.n_files; i++) {
        WEIR_TRY(run_file(r, r->o.files[i], st));
    }
    WEIR_TRY(weir_inputs_bind(r->inputs, r->session, st));
    WEIR_TRY(drive(r, st));
    uint64_t *written = weir_zalloc(sizeof *written * (r->o.n_outputs + 1));
    weir_rc rc = WEIR_OK;
    for (uint32_t i = 0; rc == WEIR_OK && i < r->o.n_outputs; i++) {
        weir_sv topic;
        const char *file;
        rc = weir_split_spec("--output", r->o.outputs[i], &topic, &file, st);
        rc = rc ? rc : weir_output_write(r->session, topic, file, &written[i], st);
    }
    if (rc == WEIR_OK && r->o.report) {
        rc = write_report(r, written, st);
    }
    weir_free(written);
    return rc;
}

static bool take(const char *name, int argc, char **argv, int *i, const char **list, uint32_t *n)
{
    if (strcmp(argv[*i], name) != 0 || *i + 1 >= argc) {
        return false;
    }
    list[(*n)++] = argv[++*i];
    return true;
}

static int run(const weir_command *self, int argc, char **argv)
{
    runner r = {.o = {.workers = 1}, .inputs = weir_inputs_new()};
    run_options *o = &r.o;
    const char **lists = weir_zalloc(sizeof *lists * 4 * (size_t)(argc + 1));
    o->files = lists;
    o->inputs = lists + (argc + 1);
    o->outputs = lists + 2 * (argc + 1);
    o->sets = lists + 3 * (argc + 1);
    const char *one[1];
    int status = WEIR_EXIT_OK;
    for (int i = 0; i < argc; i++) {
        uint32_t n = 0;
        if (take("--input", argc, argv, &i, o->inputs, &o->n_inputs) ||
            take("--output", argc, argv, &i, o->outputs, &o->n_outputs) ||
            take("--set", argc, argv, &i, o->sets, &o->n_sets)) {
        } else if (take("--data-dir", argc, argv, &i, one, &n)) {
            o->data_dir = one[0];
        } else if (take("--report", argc, argv, &i, one, &n)) {
            o->report = one[0];
        } else if (take("--workers", argc, argv, &i, one, &n)) {
            o->workers = (uint32_t)strtoul(one[0], NULL, 10);
        } else if (take("--batch-rows", argc, argv, &i, one, &n)) {
            o->batch_rows = (uint32_t)strtoul(one[0], NULL, 10);
        } else if (strcmp(argv[i], "--until-idle") == 0) {
            o->until_idle = true;
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "weir run: unknown option %s\n\n%s", argv[i], self->help);
            status = WEIR_EXIT_USAGE;
        } else {
            o->files[o->n_files++] = argv[i];
        }
    }
    if (status == WEIR_EXIT_OK && o->n_files == 0) {
        fprintf(stderr, "weir run: no query file\n\n%s", self->help);
        status = WEIR_EXIT_USAGE;
    }
    weir_status st;
    weir_status_reset(&st);
    if (status == WEIR_EXIT_OK && go(&r, &st) != WEIR_OK) {
        if (st.rc != WEIR_ESQL) {
            fprintf(stderr, "weir run: %s\n", st.msg);
        }
        status = st.rc == WEIR_EUSAGE ? WEIR_EXIT_USAGE : WEIR_EXIT_FAILED;
    }
    weir_inputs_free(r.inputs);
    weir_session_close(r.session);
    weir_buf_deinit(&r.text);
    weir_free(r.malformed);
    weir_free((void *)lists);
    return status;
}

const weir_command weir_cmd_run = {
    .name = "run",
    .line = "run query files over files, streams and stored topics",
    .help = "usage: weir run [options] FILE.sql…\n",
    .run = run,
};
