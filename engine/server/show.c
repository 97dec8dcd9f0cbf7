/* SHOW and LIST: rows with the column names of ksqlDB's console. DESCRIBE and EXPLAIN are in
 * describe.c, PRINT in print.c. */
#include "engine/server/grid.h"
#include "engine/server/properties.h"
#include "engine/server/session_impl.h"

static weir_sv number(weir_arena *a, int64_t n)
{
    return weir_arena_printf(a, "%lld", (long long)n);
}

static weir_sv format_name(const weir_format_spec *f)
{
    return weir_sv_cstr(weir_format_name(f->kind));
}

static void show_sources(weir_session *s, bool table, weir_grid *g)
{
    static const weir_sv names[2][5] = {
        {{"Stream Name", 11}, {"Kafka Topic", 11}, {"Key Format", 10}, {"Value Format", 12},
         {"Windowed", 8}},
        {{"Table Name", 10}, {"Kafka Topic", 11}, {"Key Format", 10}, {"Value Format", 12},
         {"Windowed", 8}},
    };
    g->names = names[table];
    g->n_cols = 5;
    for (uint32_t i = 0; i < weir_catalog_sources(s->catalog); i++) {
        const weir_source *src = weir_catalog_source_at(s->catalog, i);
        if (src->table == table) {
            weir_sv row[5] = {src->name, src->topic, format_name(&src->key_format),
                              format_name(&src->value_format),
                              src->window.kind == WEIR_WINDOW_NONE ? WEIR_SV("false")
                                                                   : WEIR_SV("true")};
            weir_grid_add(g, row);
        }
    }
    weir_grid_sort(g);
}

/* Queries that read the topic: what ksqlDB counts as consumer groups. */
static uint32_t readers_of(weir_session *s, weir_sv topic)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < weir_catalog_queries(s->catalog); i++) {
        const weir_query_info *q = weir_catalog_query_at(s->catalog, i);
        for (uint32_t k = 0; k < q->n_sources; k++) {
            const weir_source *src = weir_catalog_source(s->catalog, q->sources[k]);
            if (src && weir_sv_eq(src->topic, topic)) {
                n++;
                break;
            }
        }
    }
    return n;
}

/* What a cluster keeps beside the data of its users; the names that ksqlDB hides. */
static bool is_hidden(weir_sv topic)
{
    static const char *const names[] = {"_schemas", "connect-configs", "connect-offsets",
                                        "connect-status", "connect-statuses"};
    for (size_t i = 0; i < WEIR_COUNT(names); i++) {
        if (weir_sv_eq(topic, weir_sv_cstr(names[i]))) {
            return true;
        }
    }
    return weir_sv_starts(topic, WEIR_SV("_confluent")) || weir_sv_starts(topic, WEIR_SV("__"));
}

static void show_topics(weir_session *s, bool extended, bool all, weir_grid *g)
{
    static const weir_sv names[] = {{"Kafka Topic", 11}, {"Partitions", 10},
                                    {"Partition Replicas", 18}, {"Consumers", 9},
                                    {"ConsumerGroups", 14}};
    g->names = names;
    g->n_cols = extended ? 5 : 3;
    for (uint32_t i = 0; i < weir_topics_count(s->topics); i++) {
        const weir_topic *t = weir_topics_at(s->topics, i);
        if (!all && is_hidden(weir_topic_name(t))) {
            continue;
        }
        uint32_t readers = readers_of(s, weir_topic_name(t));
        int32_t partitions = weir_topic_partitions(t);
        weir_sv row[5] = {weir_topic_name(t), number(g->a, partitions),
                          number(g->a, weir_topic_replicas(t)),
                          number(g->a, (int64_t)readers * partitions), number(g->a, readers)};
        weir_grid_add(g, row);
    }
    weir_grid_sort(g);
}

static weir_sv query_state(weir_session *s, const weir_query_info *q)
{
    const weir_query *running = weir_engine_find(s->engine, q->id);
    if (running && weir_query_error(running)) {
        return WEIR_SV("ERROR");
    }
    return q->paused ? WEIR_SV("PAUSED") : WEIR_SV("RUNNING");
}

static void show_queries(weir_session *s, weir_grid *g)
{
    static const weir_sv names[] = {{"Query ID", 8}, {"Query Type", 10}, {"Status", 6},
                                    {"Sink Name", 9}, {"Sink Kafka Topic", 16},
                                    {"Query String", 12}};
    g->names = names;
    g->n_cols = 6;
    for (uint32_t i = 0; i < weir_catalog_queries(s->catalog); i++) {
        const weir_query_info *q = weir_catalog_query_at(s->catalog, i);
        const weir_source *sink = weir_catalog_source(s->catalog, q->sink);
        weir_sv row[6] = {q->id, WEIR_SV("PERSISTENT"), query_state(s, q), q->sink,
                          sink ? sink->topic : (weir_sv){0}, q->sql};
        /* one line per query, however the statement was laid out */
        weir_sv sql = weir_arena_sv(g->a, q->sql);
        for (uint32_t k = 0; k < sql.n; k++) {
            char *p = (char *)(uintptr_t)sql.p + k;
            *p = *p == '\n' || *p == '\r' || *p == '\t' ? ' ' : *p;
        }
        row[5] = sql;
        weir_grid_add(g, row);
    }
    for (uint32_t i = 0; i < weir_engine_queries(s->engine); i++) {
        const weir_plan *p = weir_query_plan(weir_engine_query_at(s->engine, i));
        if (!p->persistent) {
            weir_sv row[6] = {p->query_id, WEIR_SV("PUSH"), WEIR_SV("RUNNING"), {0}, {0}, p->sql};
            weir_grid_add(g, row);
        }
    }
}

static void show_functions(weir_session *s, weir_grid *g)
{
    static const weir_sv names[] = {{"Function Name", 13}, {"Category", 8}};
    g->names = names;
    g->n_cols = 2;
    for (uint32_t i = 0; i < weir_functions_count(s->functions); i++) {
        const weir_function *f = weir_functions_at(s->functions, i);
        weir_sv row[2] = {weir_sv_cstr(f->name), weir_sv_cstr(weir_category_name(f->category))};
        weir_grid_add(g, row);
    }
}

static void show_types(weir_session *s, weir_grid *g)
{
    static const weir_sv names[] = {{"Type Name", 9}, {"Schema", 6}};
    g->names = names;
    g->n_cols = 2;
    for (uint32_t i = 0; i < weir_catalog_types(s->catalog); i++) {
        const weir_custom_type *t = weir_catalog_type_at(s->catalog, i);
        weir_buf text = {0};
        weir_type_print(&text, t->type, false);
        weir_sv row[2] = {t->name, weir_arena_sv(g->a, weir_buf_view(&text))};
        weir_buf_deinit(&text);
        weir_grid_add(g, row);
    }
    weir_grid_sort(g);
}

static void show_variables(weir_session *s, weir_grid *g)
{
    static const weir_sv names[] = {{"Variable Name", 13}, {"Value", 5}};
    g->names = names;
    g->n_cols = 2;
    for (size_t i = 0; i < s->vars.n; i++) {
        weir_sv row[2] = {s->vars.items[i].name, s->vars.items[i].value};
        weir_grid_add(g, row);
    }
    weir_grid_sort(g);
}

static void show_properties(weir_session *s, weir_grid *g)
{
    static const weir_sv names[] = {{"Property", 8}, {"Scope", 5}, {"Default override", 16},
                                    {"Effective Value", 15}};
    g->names = names;
    g->n_cols = 4;
    for (size_t i = 0; i < s->props.n; i++) {
        weir_sv row[4] = {s->props.items[i].name, WEIR_SV("KSQL"), WEIR_SV("SESSION"),
                          s->props.items[i].value};
        weir_grid_add(g, row);
    }
    for (uint32_t i = 0; i < weir_properties_n; i++) {
        weir_sv name = weir_sv_cstr(weir_properties[i].name);
        weir_sv value;
        if (!weir_session_get(s, name, &value)) {
            weir_sv row[4] = {name, WEIR_SV("KSQL"), {0}, weir_sv_cstr(weir_properties[i].standard)};
            weir_grid_add(g, row);
        }
    }
    weir_grid_sort(g);
}

static weir_rc show(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                    weir_status *st)
{
    weir_grid g = {.a = a};
    switch (b->as.show.what) {
    case WEIR_SHOW_PROPERTIES:
        show_properties(s, &g);
        break;
    case WEIR_SHOW_TOPICS:
        show_topics(s, b->as.show.extended, b->as.show.all, &g);
        break;
    case WEIR_SHOW_STREAMS:
    case WEIR_SHOW_TABLES:
        if (b->as.show.extended) {
            return weir_statement_describe(s, b, a, r, st);
        }
        show_sources(s, b->as.show.what == WEIR_SHOW_TABLES, &g);
        break;
    case WEIR_SHOW_FUNCTIONS:
        show_functions(s, &g);
        break;
    case WEIR_SHOW_TYPES:
        show_types(s, &g);
        break;
    case WEIR_SHOW_VARIABLES:
        show_variables(s, &g);
        break;
    case WEIR_SHOW_QUERIES:
        show_queries(s, &g);
        break;
    case WEIR_SHOW_CONNECTORS:
    case WEIR_SHOW_SOURCE_CONNECTORS:
    case WEIR_SHOW_SINK_CONNECTORS:
    case WEIR_SHOW_CONNECTOR_PLUGINS:
        weir__show_connectors(s, b->as.show.what, &g);
        break;
    }
    weir_grid_finish(&g, r);
    return WEIR_OK;
}

weir_rc weir_statement_show(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                            weir_status *st)
{
    if (b->kind == WEIR_B_SHOW) {
        return show(s, b, a, r, st);
    }
    if (b->kind == WEIR_B_EXPLAIN) {
        return weir_statement_explain(s, b, a, r, st);
    }
    if (b->kind == WEIR_B_PRINT) {
        return weir_statement_print(s, b, a, r, st);
    }
    if (b->kind == WEIR_B_DESCRIBE_FUNCTION) {
        return weir_statement_describe_function(s, b->as.target.name, a, r, st);
    }
    if (b->kind == WEIR_B_DESCRIBE_CONNECTOR) {
        return weir_statement_describe_connector(s, b->as.target.name, a, r, st);
    }
    return weir_statement_describe(s, b, a, r, st);
}
