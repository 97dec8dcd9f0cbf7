/* The report: one JSON object about inputs, outputs and queries. */
#include "tools/run.h"

#include "dsl/diag.h"
#include "engine/io/file.h"

#include <errno.h>
#include <stdio.h>

static bool reads(const weir_plan *p, weir_sv topic, bool *only)
{
    bool found = false;
    *only = true;
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->nodes[i]->kind == WEIR_N_SOURCE) {
            bool same = weir_sv_eq(p->nodes[i]->scan.source->topic, topic);
            found |= same;
            *only &= same;
        }
    }
    return found;
}

/* Records that no query could read. When there were too many to be told one by one, the queries that
 * read nothing else know the number. */
static uint64_t malformed(const weir_run *r, weir_sv topic)
{
    weir_engine *e = weir_session_engine(r->session);
    uint32_t readers = 0;
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        const weir_query *q = weir_engine_query_at(e, i);
        bool only = false;
        if (!reads(weir_query_plan(q), topic, &only)) {
            continue;
        }
        weir_query_stats s;
        weir_query_stats_of(q, &s);
        readers++;
        least = only && s.bad_records < least ? s.bad_records : least;
    }
    uint64_t told = readers ? weir_run_log_malformed(r->log, topic, readers) : 0;
    return least != UINT64_MAX && least > told ? least : told;
}

uint64_t weir_run_records(const weir_run *r)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < weir_inputs_count(r->inputs); i++) {
        n += weir_inputs_records(r->inputs, i);
    }
    return n;
}

/* Several --input options may name one topic. */
static bool is_first(const weir_run *r, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++) {
        if (weir_sv_eq(weir_inputs_topic(r->inputs, i), weir_inputs_topic(r->inputs, at))) {
            return false;
        }
    }
    return true;
}

static void inputs(const weir_run *r, weir_buf *b)
{
    const char *sep = "";
    weir_buf_str(b, "{\"inputs\":{");
    for (uint32_t i = 0; i < weir_inputs_count(r->inputs); i++) {
        weir_sv topic = weir_inputs_topic(r->inputs, i);
        if (!is_first(r, i)) {
            continue;
        }
        uint64_t records = 0;
        for (uint32_t k = i; k < weir_inputs_count(r->inputs); k++) {
            bool same = weir_sv_eq(weir_inputs_topic(r->inputs, k), topic);
            records += same ? weir_inputs_records(r->inputs, k) : 0;
        }
        weir_buf_str(b, sep);
        weir_diag_json_string(b, topic);
        weir_buf_printf(b, ":{\"records\":%llu,\"malformed\":%llu}", (unsigned long long)records,
                        (unsigned long long)malformed(r, topic));
        sep = ",";
    }
}

static void queries(const weir_run *r, weir_buf *b)
{
    weir_engine *e = weir_session_engine(r->session);
    for (uint32_t i = 0; i < weir_engine_queries(e); i++) {
        const weir_query *q = weir_engine_query_at(e, i);
        weir_query_stats s;
        weir_query_stats_of(q, &s);
        const weir_plan *p = weir_query_plan(q);
        const weir_source *sink = p->sink->sink.sink;
        weir_buf_str(b, i ? "," : "");
        weir_diag_json_string(b, sink ? sink->name : p->query_id);
        weir_buf_str(b, ":{\"id\":");
        weir_diag_json_string(b, p->query_id);
        weir_buf_printf(b,
                        ",\"read\":%llu,\"written\":%llu,\"late\":%llu,\"errors\":%llu,"
                        "\"malformed\":%llu,\"state_entries\":%llu,\"state_bytes\":%llu}",
                        (unsigned long long)s.read, (unsigned long long)s.written,
                        (unsigned long long)s.late, (unsigned long long)s.errors,
                        (unsigned long long)s.bad_records, (unsigned long long)s.state_entries,
                        (unsigned long long)s.state_bytes);
    }
}

weir_rc weir_run_report(weir_run *r, weir_status *st)
{
    weir_buf b = {0};
    inputs(r, &b);
    weir_buf_str(&b, "},\"outputs\":{");
    for (uint32_t i = 0; i < weir_outputs_count(r->outputs); i++) {
        weir_buf_str(&b, i ? "," : "");
        weir_diag_json_string(&b, weir_outputs_topic(r->outputs, i));
        weir_buf_printf(&b, ":{\"records\":%llu}",
                        (unsigned long long)weir_outputs_records(r->outputs, i));
    }
    weir_buf_str(&b, "},\"queries\":{");
    queries(r, &b);
    int64_t ms = (weir_mono_ns() - r->started_ns) / 1000000;
    weir_buf_printf(&b, "},\"elapsed_ms\":%lld,\"peak_rss_bytes\":%llu}\n", (long long)ms,
                    (unsigned long long)weir_rss_peak_bytes());
    weir_rc rc = WEIR_OK;
    if (strcmp(r->report, "-") == 0) {
        errno = 0;
        bool ok = fwrite(b.p, 1, b.n, stdout) == b.n && fflush(stdout) == 0;
        rc = ok ? WEIR_OK : weir_fail(st, WEIR_EIO, "cannot write the report: %s", strerror(errno));
    } else {
        rc = weir_file_write(r->report, weir_buf_view(&b), st);
    }
    weir_buf_deinit(&b);
    return rc;
}
