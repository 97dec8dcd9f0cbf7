/* DESCRIBE and EXPLAIN. What does not fit into rows (properties of a source, plans) goes into the
 * result's message, as lines of `Name : value`. */
#include "engine/server/session_impl.h"

#include "dsl/diag.h"

#define PARTITIONS_SHOWN 100 /* of a topic, one by one */

static weir_sv take(weir_arena *a, weir_buf *b)
{
    weir_sv text = weir_arena_sv(a, weir_sv_trim(weir_buf_view(b)));
    weir_buf_deinit(b);
    return text;
}

static void entry(weir_buf *out, const char *name, weir_sv value)
{
    weir_buf_printf(out, "%-20s : ", name);
    weir_buf_sv(out, value);
    weir_buf_byte(out, '\n');
}

static weir_sv window_name(const weir_window *w)
{
    /* ORDER weir_window_kind */
    static const char *const names[] = {"", "TUMBLING", "HOPPING", "SESSION"};
    return weir_sv_cstr(names[w->kind]);
}

/* ---- sources ---- */

static weir_sv field_type(const weir_source *src, const weir_column *c, weir_arena *a)
{
    weir_buf b = {0};
    if (c->type->kind == WEIR_T_STRING) {
        weir_buf_str(&b, "VARCHAR(STRING)");
    } else {
        weir_type_print(&b, c->type, false);
    }
    if (c->role == WEIR_COL_KEY) {
        weir_buf_str(&b, src->table ? "  (primary key)" : "  (key)");
        if (src->window.kind != WEIR_WINDOW_NONE) {
            weir_buf_str(&b, " (Window type: ");
            weir_buf_sv(&b, window_name(&src->window));
            weir_buf_byte(&b, ')');
        }
    } else if (c->role == WEIR_COL_HEADERS) {
        weir_buf_str(&b, "  (headers)");
    } else if (c->role == WEIR_COL_HEADER) {
        weir_buf_printf(&b, "  (header('" WEIR_SV_FMT "'))", WEIR_SV_ARG(c->header));
    }
    return take(a, &b);
}

static void fields(const weir_source *src, weir_arena *a, weir_result *r)
{
    static const weir_sv names[] = {{"Field", 5}, {"Type", 4}};
    weir_rows *rows = WEIR_NEW(a, weir_rows);
    weir_sv *cells = WEIR_NEW_N(a, weir_sv, src->schema->n * 2u);
    for (uint32_t i = 0; i < src->schema->n; i++) {
        cells[i * 2] = src->schema->cols[i].name;
        cells[i * 2 + 1] = field_type(src, &src->schema->cols[i], a);
    }
    *rows = (weir_rows){2, src->schema->n, names, cells};
    r->rows = rows;
}

static bool reads(const weir_query_info *q, weir_sv name)
{
    for (uint32_t i = 0; i < q->n_sources; i++) {
        if (weir_sv_eq(q->sources[i], name)) {
            return true;
        }
    }
    return false;
}

static void queries_of(weir_session *s, const weir_source *src, weir_buf *out)
{
    for (uint32_t i = 0; i < weir_catalog_queries(s->catalog); i++) {
        const weir_query_info *q = weir_catalog_query_at(s->catalog, i);
        if (reads(q, src->name)) {
            entry(out, "Read by query", q->id);
        }
        if (weir_sv_eq(q->sink, src->name)) {
            entry(out, "Written by query", q->id);
        }
    }
}

/* `offsets 0 to 120; CSAS_OUT_0 at 100, lag 20`: what there is of a partition, who has read how far. */
static weir_sv offsets_of(weir_session *s, weir_sv topic, int32_t partition, int64_t begin,
                          int64_t end, weir_arena *a)
{
    weir_buf b = {0};
    weir_buf_printf(&b, "offsets %lld to %lld", (long long)begin, (long long)end);
    for (uint32_t i = 0; i < weir_engine_queries(s->engine); i++) {
        const weir_query *q = weir_engine_query_at(s->engine, i);
        int64_t next = 0;
        if (weir_query_position(q, topic, partition, &next)) {
            weir_buf_printf(&b, "; " WEIR_SV_FMT " at %lld, lag %lld",
                            WEIR_SV_ARG(weir_query_plan(q)->query_id), (long long)next,
                            (long long)weir_max64(end - weir_max64(next, begin), 0));
        }
    }
    return take(a, &b);
}

/* Records and partitions of the topic, asked of a cluster now. */
static weir_rc partitions_of(weir_session *s, weir_sv topic, weir_arena *a, weir_buf *out,
                             weir_status *st)
{
    weir_topic *t = weir_topics_find(s->topics, topic);
    weir_buf lines = {0};
    int64_t records = 0;
    weir_rc rc = WEIR_OK;
    for (int32_t p = 0; t && rc == WEIR_OK && p < weir_topic_partitions(t); p++) {
        int64_t begin = 0;
        int64_t end = 0;
        rc = weir_topic_bounds(t, p, &begin, &end, st);
        records += end - begin;
        if (p < PARTITIONS_SHOWN) {
            entry(&lines, weir_arena_printf(a, "Partition %d%c", p, 0).p,
                  offsets_of(s, topic, p, begin, end, a));
        }
    }
    entry(out, "Records", weir_arena_printf(a, "%lld", (long long)records));
    weir_buf_sv(out, weir_buf_view(&lines));
    weir_buf_deinit(&lines);
    return rc;
}

static weir_rc properties_of(weir_session *s, const weir_source *src, weir_arena *a, weir_buf *out,
                             weir_status *st)
{
    const weir_topic *topic = weir_topics_find(s->topics, src->topic);
    entry(out, "Name", src->name);
    entry(out, "Type", src->table ? WEIR_SV("TABLE") : WEIR_SV("STREAM"));
    if (src->lookup.n) {
        entry(out, "Looked up in", weir_arena_printf(a, WEIR_SV_FMT ", by key; connector " WEIR_SV_FMT,
                                                     WEIR_SV_ARG(src->lookup), WEIR_SV_ARG(src->name)));
        entry(out, "Statement", src->sql);
        queries_of(s, src, out);
        return WEIR_OK;
    }
    entry(out, "Timestamp field",
          src->timestamp_column.n ? src->timestamp_column
                                  : WEIR_SV("Not set - using <ROWTIME>"));
    entry(out, "Key format", weir_sv_cstr(weir_format_name(src->key_format.kind)));
    entry(out, "Value format", weir_sv_cstr(weir_format_name(src->value_format.kind)));
    entry(out, "Kafka topic",
          weir_arena_printf(a, WEIR_SV_FMT " (partitions: %d, replication: %d)",
                            WEIR_SV_ARG(src->topic), src->partitions,
                            topic ? weir_topic_replicas(topic) : 1));
    WEIR_TRY(partitions_of(s, src->topic, a, out, st));
    if (src->window.kind != WEIR_WINDOW_NONE) {
        entry(out, "Window", window_name(&src->window));
    }
    entry(out, "Statement", src->sql);
    queries_of(s, src, out);
    return WEIR_OK;
}

/* DESCRIBE STREAMS, TABLES and SHOW … EXTENDED: every source, one after the other. */
static weir_rc describe_all(weir_session *s, bool table, weir_arena *a, weir_result *r,
                            weir_status *st)
{
    weir_buf out = {0};
    weir_rc rc = WEIR_OK;
    for (uint32_t i = 0; i < weir_catalog_sources(s->catalog) && rc == WEIR_OK; i++) {
        const weir_source *src = weir_catalog_source_at(s->catalog, i);
        if (src->table != table) {
            continue;
        }
        weir_buf_str(&out, out.n ? "\n" : "");
        rc = properties_of(s, src, a, &out, st);
        weir_buf_str(&out, "\n");
        for (uint32_t k = 0; k < src->schema->n; k++) {
            const weir_column *c = &src->schema->cols[k];
            weir_buf_printf(&out, "  " WEIR_SV_FMT "  " WEIR_SV_FMT "\n", WEIR_SV_ARG(c->name),
                            WEIR_SV_ARG(field_type(src, c, a)));
        }
    }
    r->message = take(a, &out);
    return rc;
}

static weir_rc no_source(weir_session *s, weir_sv name, weir_status *st)
{
    uint32_t n = weir_catalog_sources(s->catalog);
    weir_sv *names = weir_alloc(sizeof *names * (n + 1));
    for (uint32_t i = 0; i < n; i++) {
        names[i] = weir_catalog_source_at(s->catalog, i)->name;
    }
    int64_t near = weir_nearest(name, names, n);
    weir_rc rc = weir_fail(st, WEIR_ESQL, "Could not find STREAM/TABLE '" WEIR_SV_FMT
                                          "' in the Metastore", WEIR_SV_ARG(name));
    if (near >= 0) {
        weir_hint(st, "did you mean " WEIR_SV_FMT "?", WEIR_SV_ARG(names[near]));
    }
    weir_free(names);
    return rc;
}

weir_rc weir_statement_describe(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                                weir_status *st)
{
    if (b->kind != WEIR_B_DESCRIBE) {
        return describe_all(s, b->kind == WEIR_B_DESCRIBE_TABLES ||
                                   (b->kind == WEIR_B_SHOW && b->as.show.what == WEIR_SHOW_TABLES),
                            a, r, st);
    }
    const weir_source *src = weir_catalog_source(s->catalog, b->as.target.name);
    if (!src) {
        return no_source(s, b->as.target.name, st);
    }
    weir_buf out = {0};
    weir_rc rc = WEIR_OK;
    if (b->as.target.extended) {
        rc = properties_of(s, src, a, &out, st);
    } else {
        entry(&out, "Name", src->name);
        if (src->lookup.n) {
            entry(&out, "Looked up in", src->lookup);
        }
    }
    r->message = take(a, &out);
    fields(src, a, r);
    return rc;
}

/* ---- functions ---- */

weir_rc weir_statement_describe_function(weir_session *s, weir_sv name, weir_arena *a,
                                         weir_result *r, weir_status *st)
{
    const weir_function *f = weir_functions_find(s->functions, name);
    if (!f) {
        const weir_function *near = weir_functions_nearest(s->functions, name);
        weir_rc rc = weir_fail(st, WEIR_ESQL, "Can't find any functions with the name '" WEIR_SV_FMT
                                              "'", WEIR_SV_ARG(name));
        return near ? weir_hint(st, "did you mean %s?", near->name) : rc;
    }
    weir_buf out = {0};
    weir_buf_printf(&out, "%-12s: %s\n", "Name", f->name);
    weir_buf_printf(&out, "%-12s: %s\n", "Overview", f->doc);
    weir_buf_printf(&out, "%-12s: %s\n", "Type",
                    f->n_aggs ? "AGGREGATE" : f->table_function ? "TABLE" : "SCALAR");
    weir_buf_printf(&out, "%-12s: %s\n", "Example", f->example);
    weir_buf_printf(&out, "%-12s:\n", "Variations");
    for (uint32_t i = 0; i < (f->n_aggs ? f->n_aggs : f->n_overloads); i++) {
        weir_buf_printf(&out, "\n\t%-12s: ", "Variation");
        weir_overload_print(s->functions, f, i, &out);
        const char *sig = f->n_aggs ? f->aggs[i].sig : f->overloads[i].sig;
        const char *arrow = strstr(sig, "-> ");
        for (const char *more; arrow && (more = strstr(arrow + 3, "-> ")) != NULL;) {
            arrow = more;
        }
        if (arrow) {
            weir_buf_printf(&out, "\n\t%-12s: %s", "Returns",
                            arrow[3] == '*' ? "depends on the arguments" : arrow + 3);
        }
        weir_buf_byte(&out, '\n');
    }
    r->message = take(a, &out);
    return WEIR_OK;
}

/* ---- EXPLAIN ---- */

static void explain_plan(weir_session *s, const weir_plan *p, weir_buf *out)
{
    const weir_query_info *info = weir_catalog_query(s->catalog, p->query_id);
    const weir_query *q = weir_engine_find(s->engine, p->query_id);
    const weir_source *sink = p->sink->sink.sink;
    entry(out, "ID", p->query_id);
    entry(out, "Query Type", p->persistent ? WEIR_SV("PERSISTENT") : WEIR_SV("PUSH"));
    entry(out, "SQL", p->sql);
    if (sink) {
        entry(out, "Sink", sink->name);
        entry(out, "Sink topic", sink->topic);
    }
    if (q) {
        weir_query_stats n;
        weir_query_stats_of(q, &n);
        entry(out, "Status", info && info->paused  ? WEIR_SV("PAUSED")
                             : weir_query_error(q) ? WEIR_SV("ERROR")
                                                   : WEIR_SV("RUNNING"));
        weir_buf_printf(out, "%-20s : read %llu, written %llu, late %llu, errors %llu\n", "Records",
                        (unsigned long long)n.read, (unsigned long long)n.written,
                        (unsigned long long)n.late, (unsigned long long)n.errors);
        if (weir_query_error(q)) {
            entry(out, "Error", weir_sv_cstr(weir_query_error(q)));
        }
    }
    weir_buf_str(out, "\nExecution plan\n--------------\n");
    weir_plan_print(out, p);
}

static const weir_plan *plan_of(const weir_bound *b)
{
    return b->kind == WEIR_B_SELECT ? b->as.select.plan
           : b->kind == WEIR_B_CREATE_AS || b->kind == WEIR_B_INSERT_SELECT ||
                   b->kind == WEIR_B_CREATE_SOURCE
               ? b->as.create.plan
               : NULL;
}

weir_rc weir_statement_explain(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                               weir_status *st)
{
    const weir_plan *plan = NULL;
    if (b->as.explain.stmt) {
        plan = plan_of(b->as.explain.stmt);
        if (!plan) {
            return weir_fail(st, WEIR_ESQL, "The provided statement does not run a ksql query");
        }
    } else {
        weir_sv id = b->as.explain.query_id;
        const weir_query_info *info = weir_catalog_query(s->catalog, id);
        const weir_query *q = weir_engine_find(s->engine, id);
        plan = info ? info->plan : q ? weir_query_plan(q) : NULL;
        if (!plan) {
            return weir_fail(st, WEIR_ESQL, "Query with id:" WEIR_SV_FMT " does not exist, use "
                                            "SHOW QUERIES to view the full set of queries.",
                             WEIR_SV_ARG(id));
        }
        r->query = id;
    }
    weir_buf out = {0};
    explain_plan(s, plan, &out);
    r->message = take(a, &out);
    return WEIR_OK;
}
