/* Statements about connectors, and what connectors need of a session. */
#include "engine/server/session_impl.h"

#include "connectors/connect.h"
#include "engine/run/lookup.h"
#include "engine/server/grid.h"

#define STOP_GRACE_MS 3000

/* ---- what connectors ask of the session ---- */

static int64_t take_seq(void *ctx, int64_t n)
{
    return weir_session_take_seq(ctx, n);
}

/* The topic of dead letters or of a source: with the partitions of the default. */
static weir_rc make_topic(void *ctx, weir_sv name, weir_topic **out, weir_status *st)
{
    weir_session *s = ctx;
    *out = weir_topics_find(s->topics, name);
    if (*out) {
        return WEIR_OK;
    }
    weir_topic_spec spec = {.name = name, .partitions = 1, .retention_ms = -1};
    return weir_session_topic(s, &spec, out, st);
}

static weir_rc condition(void *ctx, weir_sv text, const weir_schema *schema, weir_arena *a,
                         weir_conn_condition *out, weir_status *st)
{
    weir_session *s = ctx;
    weir_bound_condition b = {0};
    weir_props props = weir_session_props(s);
    WEIR_TRY(weir_bind_condition(text, schema, s->functions, &props, a, &b, st));
    *out = (weir_conn_condition){.schema = b.schema, .n = b.n, .texts = b.texts, .columns = b.columns};
    out->program = weir_program_new(a, b.schema, b.parts, b.n, b.settings);
    return WEIR_OK;
}

static void wake(void *ctx)
{
    weir_session *s = ctx;
    if (s->config.wake) {
        s->config.wake(s->config.wake_ctx);
    }
}

static bool only_checks(const weir_session *s)
{
    return s->config.check_only || s->config.dry || s->config.no_connectors;
}

static weir_connect *connect_of(weir_session *s)
{
    if (!s->connect) {
        weir_connect_config config = {
            .topics = s->topics,
            .store = s->store,
            .data_dir = s->config.data_dir,
            .catalog = s->catalog,
            .formats = &s->formats,
            .take_seq = take_seq,
            .make_topic = only_checks(s) ? NULL : make_topic,
            .condition = condition,
            .wake = wake,
            .ctx = s,
        };
        s->connect = weir_connect_new(&config);
    }
    return s->connect;
}

/* ---- CREATE, DROP, PAUSE, RESUME, CHECK ---- */

/* With room for one more. */
static weir_conn_given_option *options_of(const weir_option *from, uint32_t n, weir_arena *a)
{
    weir_conn_given_option *options = WEIR_NEW_N(a, weir_conn_given_option, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        options[i] = (weir_conn_given_option){from[i].name, from[i].value, from[i].value_span};
    }
    return options;
}

static weir_rc create(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                      weir_status *st)
{
    weir_conn_given_option *options =
        options_of(b->as.connector.options, b->as.connector.n_options, a);
    weir_connect_spec spec = {.name = b->as.connector.name,
                              .sink = b->as.connector.sink,
                              .options = options,
                              .n_options = b->as.connector.n_options,
                              .statement = b->sql};
    weir_connect *c = connect_of(s);
    if (only_checks(s)) {
        return weir_connect_check(c, &spec, st);
    }
    weir_rc rc = weir_connect_create(c, &spec, st);
    r->source = spec.name;
    if (rc == WEIR_EEXISTS && b->as.connector.if_exists) {
        weir_status_reset(st);
        r->message = weir_arena_printf(a, "Connector " WEIR_SV_FMT " already exists",
                                       WEIR_SV_ARG(spec.name));
        return WEIR_OK;
    }
    weir_connect_info made;
    if (rc == WEIR_OK && !weir_connect_find(c, spec.name, a, &made)) {
        r->message =
            weir_arena_printf(a, "Connector " WEIR_SV_FMT " is not enabled", WEIR_SV_ARG(spec.name));
        return WEIR_OK;
    }
    r->message = weir_arena_printf(a, "Created connector " WEIR_SV_FMT, WEIR_SV_ARG(spec.name));
    return rc;
}

static weir_rc drop(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                    weir_status *st)
{
    weir_sv name = b->as.connector.name;
    weir_rc rc = weir_connect_drop(connect_of(s), name, st);
    r->source = name;
    r->message = weir_arena_printf(a, "Dropped connector \"" WEIR_SV_FMT "\"", WEIR_SV_ARG(name));
    if (rc == WEIR_ENOTFOUND && b->as.connector.if_exists) {
        weir_status_reset(st);
        r->message =
            weir_arena_printf(a, "Connector '" WEIR_SV_FMT "' does not exist.", WEIR_SV_ARG(name));
        return WEIR_OK;
    }
    return rc;
}

static weir_rc check(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                     weir_status *st)
{
    weir_buf text = {0};
    weir_rc rc = weir_connect_show(connect_of(s), b->as.target.name, &text, st);
    r->message = weir_arena_sv(a, weir_sv_trim(weir_buf_view(&text)));
    weir_buf_deinit(&text);
    return rc;
}

/* ---- tables that are looked up ---- */

/* Where nothing is processed nobody is asked. */
static void ask_nobody(weir_lookup *l, const weir_vec *keys, const uint16_t *rows, void *const *tags,
                       uint32_t n)
{
    (void)l;
    (void)keys;
    (void)rows;
    (void)tags;
    (void)n;
}

static void take_nothing(weir_lookup *l, void (*each)(void *ctx, const weir_lookup_answer *a), void *ctx)
{
    (void)l;
    (void)each;
    (void)ctx;
}

static bool never_ready(weir_lookup *l)
{
    (void)l;
    return false;
}

static int64_t no_time(weir_lookup *l)
{
    (void)l;
    return 0;
}

static void close_nothing(weir_lookup *l)
{
    (void)l;
}

weir_rc weir__open_lookup(void *ctx, const weir_lookup_spec *spec, weir_lookup **out, weir_status *st)
{
    static const weir_lookup_calls calls = {.ask = ask_nobody,
                                            .take = take_nothing,
                                            .ready = never_ready,
                                            .now_ms = no_time,
                                            .close = close_nothing};
    static weir_lookup nobody = {.calls = &calls};
    weir_session *s = ctx;
    if (only_checks(s)) {
        *out = &nobody;
        return WEIR_OK;
    }
    return weir_connect_lookup(connect_of(s), spec, out, st);
}

bool weir__looks_up(void *ctx, weir_sv connector)
{
    (void)ctx;
    return weir_connect_looks_up(connector);
}

/* CREATE STREAM … WITH (connector='…'): the source of the stream's topic, called as the stream. */
weir_rc weir__stream_connector(weir_session *s, const weir_bound *b, weir_arena *a, weir_status *st)
{
    const weir_bound_create *c = &b->as.create;
    if (c->n_options == 0) {
        weir__drop_stream_connector(s, c->source.name); /* what was replaced had one */
        return WEIR_OK;
    }
    weir_conn_given_option *options = options_of(c->options, c->n_options, a);
    bool lookup = c->source.lookup.n > 0;
    options[c->n_options] = (weir_conn_given_option){.name = WEIR_SV("topic"), .value = c->source.topic};
    weir_connect_spec spec = {.name = c->source.name,
                              .options = options,
                              .n_options = c->n_options + !lookup,
                              .statement = b->sql,
                              .stream = c->source.name,
                              .lookup = lookup};
    return only_checks(s) ? weir_connect_check(connect_of(s), &spec, st)
                          : weir_connect_replace(connect_of(s), &spec, st);
}

void weir__drop_stream_connector(weir_session *s, weir_sv stream)
{
    weir_connect_drop_of(s->connect, stream);
}

weir_rc weir__topic_unused(weir_session *s, weir_sv topic, const weir_sv *streams, uint32_t n,
                           weir_status *st)
{
    weir_sv user = weir_connect_user(s->connect, topic, streams, n);
    if (user.n == 0) {
        return WEIR_OK;
    }
    weir_fail(st, WEIR_EUSAGE, "topic " WEIR_SV_FMT " cannot be deleted: connector " WEIR_SV_FMT " uses it",
              WEIR_SV_ARG(topic), WEIR_SV_ARG(user));
    return weir_hint(st, "DROP CONNECTOR " WEIR_SV_FMT " first", WEIR_SV_ARG(user));
}

weir_rc weir_statement_connector(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                                 weir_status *st)
{
    switch ((int)b->kind) {
    case WEIR_B_CREATE_CONNECTOR:
        return create(s, b, a, r, st);
    case WEIR_B_DROP_CONNECTOR:
        return drop(s, b, a, r, st);
    case WEIR_B_CHECK_CONNECTOR:
        return check(s, b, a, r, st);
    default:
        r->source = b->as.target.name;
        r->message = b->kind == WEIR_B_PAUSE_CONNECTOR ? WEIR_SV("Connector paused.")
                                                       : WEIR_SV("Connector resumed.");
        return weir_connect_pause(connect_of(s), b->as.target.name,
                                  b->kind == WEIR_B_PAUSE_CONNECTOR, st);
    }
}

/* ---- SHOW, DESCRIBE ---- */

static weir_sv number(weir_arena *a, int64_t n)
{
    return weir_arena_printf(a, "%lld", (long long)n);
}

static weir_sv type_of(const weir_conn_kind *k)
{
    return k->sink ? WEIR_SV("SINK") : k->as_table ? WEIR_SV("TABLE") : WEIR_SV("SOURCE");
}

static void show_plugins(weir_grid *g)
{
    static const weir_sv names[] = {{"Class", 5}, {"Type", 4}, {"Version", 7}, {"About", 5}};
    g->names = names;
    g->n_cols = WEIR_COUNT(names);
    for (uint32_t i = 0; i < weir_conn_kinds(); i++) {
        const weir_conn_kind *k = weir_conn_kind_at(i);
        weir_sv row[] = {weir_sv_cstr(k->name), type_of(k),
                         WEIR_SV("built in"), weir_sv_cstr(k->line)};
        weir_grid_add(g, row);
    }
}

void weir__show_connectors(weir_session *s, weir_ast_show what, weir_grid *g)
{
    static const weir_sv names[] = {{"Connector Name", 14}, {"Type", 4},    {"Class", 5},
                                    {"Status", 6},          {"Topics", 6},  {"Records", 7},
                                    {"Dead", 4},            {"Retries", 7}, {"Lag", 3}};
    if (what == WEIR_SHOW_CONNECTOR_PLUGINS) {
        show_plugins(g);
        return;
    }
    g->names = names;
    g->n_cols = WEIR_COUNT(names);
    for (uint32_t i = 0; s->connect && i < weir_connect_count(s->connect); i++) {
        weir_connect_info c;
        weir_connect_at(s->connect, i, g->a, &c);
        if ((what == WEIR_SHOW_SINK_CONNECTORS && !c.kind->sink) ||
            (what == WEIR_SHOW_SOURCE_CONNECTORS && c.kind->sink)) {
            continue;
        }
        weir_sv row[] = {weir_arena_sv(g->a, c.name),
                         type_of(c.kind),
                         weir_sv_cstr(c.kind->name),
                         weir_sv_cstr(weir_connect_state_name(c.state)),
                         c.topics,
                         number(g->a, (int64_t)c.counts.records),
                         number(g->a, (int64_t)(c.counts.dead + c.counts.skipped)),
                         number(g->a, (int64_t)c.counts.retries),
                         number(g->a, c.counts.lag)};
        weir_grid_add(g, row);
    }
}

static void add_fact(weir_grid *g, const char *name, weir_sv value)
{
    weir_sv row[] = {weir_sv_cstr(name), value};
    weir_grid_add(g, row);
}

static void add_option(void *ctx, const weir_conn_option *o, weir_sv value, bool given)
{
    if (given) {
        add_fact(ctx, o->name, value);
    }
}

weir_rc weir_statement_describe_connector(weir_session *s, weir_sv name, weir_arena *a,
                                          weir_result *r, weir_status *st)
{
    static const weir_sv names[] = {{"Property", 8}, {"Value", 5}};
    weir_connect_info c;
    if (!s->connect || !weir_connect_find(s->connect, name, a, &c)) {
        return weir_fail(st, WEIR_ENOTFOUND, "Connector " WEIR_SV_FMT " does not exist",
                         WEIR_SV_ARG(name));
    }
    weir_grid g = {.a = a, .names = names, .n_cols = WEIR_COUNT(names)};
    add_fact(&g, "Name", weir_arena_sv(a, c.name));
    add_fact(&g, "Class", weir_sv_cstr(c.kind->name));
    add_fact(&g, "Type", c.kind->sink       ? WEIR_SV("sink")
                         : c.kind->as_table ? WEIR_SV("table")
                                            : WEIR_SV("source"));
    add_fact(&g, "State", weir_sv_cstr(weir_connect_state_name(c.state)));
    add_fact(&g, "Topics", c.topics);
    add_fact(&g, "After a crash", weir_sv_cstr(c.kind->guarantee));
    add_fact(&g, "Records", number(a, (int64_t)c.counts.records));
    add_fact(&g, "Bytes", number(a, (int64_t)c.counts.bytes));
    add_fact(&g, "Under way", number(a, (int64_t)c.counts.waiting));
    add_fact(&g, "Lag", number(a, c.counts.lag));
    add_fact(&g, "Retries", number(a, (int64_t)c.counts.retries));
    add_fact(&g, "Dead letters", number(a, (int64_t)c.counts.dead));
    add_fact(&g, "Skipped", number(a, (int64_t)c.counts.skipped));
    add_fact(&g, "Last trouble", c.trouble.n ? c.trouble : WEIR_SV("none"));
    weir_connect_options(s->connect, c.name, a, add_option, &g);
    weir_grid_finish(&g, r);
    return WEIR_OK;
}

/* ---- for hosts ---- */

weir_rc weir_session_pump(weir_session *s, bool *moved, weir_status *st)
{
    return s->connect ? weir_connect_pump(s->connect, moved, st) : WEIR_OK;
}

bool weir_session_wants_commit(const weir_session *s)
{
    return s->connect && weir_connect_wants_commit(s->connect);
}

bool weir_session_connectors_idle(weir_session *s)
{
    return !s->connect || (weir_connect_idle(s->connect) && !weir_engine_waits(s->engine));
}

void weir_session_stop_connectors(weir_session *s)
{
    weir_connect_stop(s->connect, STOP_GRACE_MS);
}

bool weir_session_connector(weir_session *s, weir_sv name, weir_arena *a, weir_connect_info *out)
{
    return s->connect && weir_connect_find(s->connect, name, a, out);
}

bool weir_session_failed_connector(weir_session *s, weir_arena *a, weir_sv *name, weir_sv *why)
{
    weir_connect_info c;
    if (!s->connect || !weir_connect_failed(s->connect, a, &c)) {
        return false;
    }
    *name = weir_arena_sv(a, c.name);
    *why = c.trouble;
    return true;
}
