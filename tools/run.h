/* `weir run`, in parts: cmd_run.c (options, statements, the end), run_drive.c (the loop),
 * run_inputs.c and run_outputs.c, run_show.c (tables on standard output), run_log.c (processing log),
 * run_bundle.c, run_resume.c (after a lost epoch), run_progress.c, run_report.c. */
#pragma once
#include "engine/io/child.h"
#include "engine/server/bundle.h"
#include "tools/cluster.h"
#include "tools/options.h"
#include "tools/run_io.h"

/* ---- run_log.c: skipped records and failed expressions ---- */

typedef struct weir_run_log weir_run_log;

/* `file` NULL: only standard error. */
weir_rc weir_run_log_open(const char *file, weir_run_log **out, weir_status *st);
void weir_run_log_free(weir_run_log *l); /* tells what was not shown */
void weir_run_log_problem(weir_run_log *l, const weir_problem *p);
/* Records of the topic that none of its `readers` queries could read, each once. */
uint64_t weir_run_log_malformed(const weir_run_log *l, weir_sv topic, uint32_t readers);
weir_rc weir_run_log_flush(weir_run_log *l, weir_status *st);

/* ---- run_show.c: results as tables on standard output ---- */

typedef struct weir_run_show weir_run_show;

weir_run_show *weir_run_show_new(void);
void weir_run_show_free(weir_run_show *s);
void weir_run_show_result(weir_run_show *s, const weir_result *r);
/* A worker's thread. Rows of a SELECT; false: its LIMIT is reached. */
bool weir_run_show_rows(weir_run_show *s, const weir_plan *plan, const weir_batch *b);
/* Writes what is ready. */
weir_rc weir_run_show_flush(weir_run_show *s, weir_status *st);
uint64_t weir_run_show_count(const weir_run_show *s); /* rows so far */
/* All SELECTs have reached their LIMIT. */
bool weir_run_show_done(const weir_run_show *s, uint32_t selects);

/* ---- run_resume.c: after a lost epoch ---- */

/* A topic that takes no more records, or a query that failed, and why. */
typedef struct weir_run_refusal {
    char *topic, *query; /* one is NULL */
    char *why;
} weir_run_refusal;

typedef struct weir_run_resume_state {
    weir_run_refusal *refused;
    size_t n, cap;
    uint64_t epoch; /* that was lost last */
    int64_t wait_ms;
} weir_run_resume_state;

/* ---- the whole ---- */

typedef struct weir_run {
    weir_option_list files, inputs_wanted, outputs_wanted, sets, defines, operands;
    const char *data_dir, *report, *log_file, *servers, *properties, *env;
    uint32_t workers, batch_rows;
    bool until_idle, exit_on_connect_failure;
    weir_cluster_door *door;
    weir_bundles *bundles;  /* NULL: files */
    weir_child **children;  /* that generate its data */
    size_t n_children, cap_children;
    weir_session *session;
    weir_loop *loop;
    weir_inputs *inputs;
    weir_outputs *outputs;
    weir_run_log *log;
    weir_run_show *show;
    /* run_drive.c */
    weir_status *st;      /* the first error */
    weir_rc rc;
    int signum;           /* that stopped the run; 0: none */
    int64_t committed_ns, commit_took_ns;
    bool uncommitted;     /* something has happened since */
    int64_t started_ns;
    uint32_t reported;    /* queries whose end was told */
    bool driven;          /* records may have been read */
    weir_run_resume_state resume;
    bool polled_idle;     /* a cluster: the last look found nothing new */
    /* run_progress.c */
    bool progress;        /* standard error is a terminal */
    bool line_shown;
    uint64_t events_before;
    int64_t shown_ns;
} weir_run;

/* cmd_run.c: executes a text; what is wrong with it is told under the name of the file. */
weir_rc weir_run_execute(weir_run *r, const char *file, weir_sv text, weir_status *st);
/* run_bundle.c */
weir_rc weir_run_bundle_statements(weir_run *r, weir_status *st);
/* Executes what is applied to the data directory. *any: something is. */
weir_rc weir_run_applied(weir_run *r, bool *any, weir_status *st);
weir_rc weir_run_bundle_data(weir_run *r, weir_status *st); /* opens it as input, where it is to be read */
void weir_run_bundle_free(weir_run *r);
/* run_drive.c: processes what there is (--until-idle), or until a signal comes. */
weir_rc weir_run_drive(weir_run *r, weir_status *st);
/* For weir_loop_post: the loop (`ctx`) has something to do. */
void weir_run_busy(void *loop);
/* run_resume.c */
bool weir_run_can_go_back(const weir_run *r); /* a failed query undoes its unfinished epoch */
/* After a failure: true when everything can be made anew from the last commit, which is now due. Waits
 * longer from time to time as long as nothing is committed. */
bool weir_run_resume(weir_run *r, weir_status *st);
/* Stops the queries that failed before, or write topics which take no more records. */
void weir_run_stop_refused(weir_run *r);
void weir_run_resume_free(weir_run_resume_state *s);
/* run_progress.c: one line on the terminal, rewritten in place. */
void weir_run_progress(weir_run *r);
void weir_run_progress_clear(weir_run *r); /* before anything else is printed there */
/* run_report.c */
weir_rc weir_run_report(weir_run *r, weir_status *st);
uint64_t weir_run_records(const weir_run *r); /* of all inputs */
