/* Sessions: opening, closing, properties, scripts. Statements are in statement.c and show.c. */
#include "engine/server/session_impl.h"

#include "connectors/connect.h"
#include "connectors/formats.h"
#include "dsl/parse.h"
#include "engine/server/properties.h"
#include "operators/functions.h"
#include "operators/operators.h"

#define REGISTRY_URL "ksql.schema.registry.url"

/* ---- settings ---- */

static int64_t setting_at(const weir_setting_list *l, weir_sv name, bool any_case)
{
    for (size_t i = 0; i < l->n; i++) {
        if (any_case ? weir_sv_ieq(l->items[i].name, name) : weir_sv_eq(l->items[i].name, name)) {
            return (int64_t)i;
        }
    }
    return -1;
}

static weir_sv own(weir_sv s)
{
    char *p = weir_alloc((size_t)s.n + 1);
    memcpy(p, s.n ? s.p : "", s.n);
    p[s.n] = 0;
    return (weir_sv){p, s.n};
}

bool weir_settings_get(const weir_setting_list *l, weir_sv name, bool any_case, weir_sv *value)
{
    int64_t at = setting_at(l, name, any_case);
    if (at >= 0) {
        *value = l->items[at].value;
    }
    return at >= 0;
}

void weir_settings_put(weir_setting_list *l, weir_sv name, bool any_case, weir_sv value)
{
    int64_t at = setting_at(l, name, any_case);
    if (at < 0) {
        WEIR_GROW(l->items, l->cap, l->n + 1);
        l->items[l->n++] = (weir_setting){own(name), own(value)};
        return;
    }
    weir_sv before = l->items[at].value;
    l->items[at].value = own(value);
    weir_free((void *)(uintptr_t)before.p);
}

static void setting_free(weir_setting *s)
{
    weir_free((void *)(uintptr_t)s->name.p);
    weir_free((void *)(uintptr_t)s->value.p);
}

void weir_settings_drop(weir_setting_list *l, weir_sv name, bool any_case)
{
    int64_t at = setting_at(l, name, any_case);
    if (at >= 0) {
        setting_free(&l->items[at]);
        l->items[at] = l->items[--l->n];
    }
}

void weir_settings_deinit(weir_setting_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        setting_free(&l->items[i]);
    }
    weir_free(l->items);
}

void weir_session_set(weir_session *s, weir_sv name, weir_sv value)
{
    weir_settings_put(&s->props, weir_property_plain(name), false, value);
    if (weir_sv_eq(name, WEIR_SV(REGISTRY_URL))) {
        weir__use_registry(s, value);
    }
    uint64_t bytes;
    if (weir_sv_eq(name, WEIR_SV(WEIR_STATE_MEMORY)) &&
        weir_property_bytes(name, value, &bytes, NULL) == WEIR_OK) {
        weir_engine_limit_state(s->engine, bytes);
    }
}

void weir_session_unset(weir_session *s, weir_sv name)
{
    weir_settings_drop(&s->props, weir_property_plain(name), false);
    if (weir_sv_eq(name, WEIR_SV(REGISTRY_URL))) {
        weir__use_registry(s, (weir_sv){0});
    }
    if (weir_sv_eq(name, WEIR_SV(WEIR_STATE_MEMORY))) {
        weir_engine_limit_state(s->engine, 0);
    }
}

bool weir_session_get(const weir_session *s, weir_sv name, weir_sv *value)
{
    return weir_settings_get(&s->props, weir_property_plain(name), false, value);
}

void weir_session_define(weir_session *s, weir_sv name, weir_sv value)
{
    weir_settings_put(&s->vars, name, true, value);
}

void weir_session_undefine(weir_session *s, weir_sv name)
{
    weir_settings_drop(&s->vars, name, true);
}

static bool get_prop(void *ctx, weir_sv name, weir_sv *value)
{
    return weir_session_get(ctx, name, value);
}

weir_props weir_session_props(weir_session *s)
{
    bool infers = s->formats.registry && !s->config.check_only;
    return (weir_props){.get = get_prop,
                        .ctx = s,
                        .now_ms = s->config.now_ms,
                        .clock = s->config.clock,
                        .infer = infers ? weir__infer_schema : NULL,
                        .looks_up = weir__looks_up,
                        .line = s->line,
                        .col = s->col};
}

/* ---- opening and closing ---- */

static void pass_problem(void *ctx, const weir_problem *p)
{
    weir_session *s = ctx;
    if (s->config.on_problem) {
        s->config.on_problem(s->config.ctx, p);
    }
}

static void list_topics(weir_session *s)
{
    for (uint32_t i = 0; i < weir_topics_count(s->topics); i++) {
        weir_topic *t = weir_topics_at(s->topics, i);
        weir_catalog_put_topic(s->catalog, weir_topic_name(t), weir_topic_partitions(t));
    }
}

static weir_rc open_parts(weir_session *s, weir_status *st)
{
    const weir_session_config *c = &s->config;
    if (c->data_dir) {
        WEIR_TRY(weir_store_open(c->data_dir, &s->store, st));
        s->journal = weir_store_batch_new();
    }
    WEIR_TRY(weir_topics_open(s->store, c->cluster, &s->topics, st));
    weir_topics_forget_consumed(s->topics, c->forget_consumed && !s->store);
    s->catalog = weir_catalog_new();
    list_topics(s);
    s->functions = weir_functions_builtin();
    s->formats = *weir_formats_builtin();
    weir__use_registry(s, (weir_sv){0});
    s->lookups = (weir_lookups){.open = weir__open_lookup, .ctx = s};
    weir_engine_config engine = {
        .workers = c->workers ? c->workers : 1,
        .order = c->order,
        .coalesce = c->coalesce,
        .rolls_back = c->rolls_back,
        .single_log = c->single_log,
        .batch_rows = c->batch_rows,
        .topics = s->topics,
        .store = s->store,
        .formats = &s->formats,
        .ops = weir_ops_builtin(),
        .lookups = c->single_log ? NULL : &s->lookups,
        .problem = pass_problem,
        .problem_ctx = s,
    };
    return weir_engine_new(&engine, &s->engine, st);
}

weir_rc weir_session_open(const weir_session_config *config, weir_session **out, weir_status *st)
{
    weir_session *s = weir_zalloc(sizeof *s);
    s->config = *config;
    s->next_seq = 1;
    weir_rc rc = open_parts(s, st);
    if (rc != WEIR_OK) {
        weir_session_close(s);
        return rc;
    }
    *out = s;
    return WEIR_OK;
}

static void arena_free(weir_arena *a)
{
    weir_arena_deinit(a);
    weir_free(a);
}

void weir_session_close(weir_session *s)
{
    if (!s) {
        return;
    }
    weir_connect_free(s->connect);
    weir_engine_free(s->engine);
    for (size_t i = 0; i < s->n_queries; i++) {
        arena_free(s->queries[i].arena);
    }
    weir_free(s->queries);
    weir_catalog_free(s->catalog);
    weir_functions_free(s->functions);
    weir_topics_close(s->topics);
    if (s->config.cluster) {
        s->config.cluster->calls->close(s->config.cluster);
    }
    weir_store_close(s->store);
    weir_settings_deinit(&s->props);
    weir_settings_deinit(&s->vars);
    weir_store_batch_free(s->journal);
    for (size_t i = 0; i < s->n_registries; i++) {
        weir_registry_close(s->registries[i]);
    }
    weir_free(s->registries);
    weir_free((void *)s->wanted);
    weir_free(s->inserts);
    weir__asserted_deinit(s);
    weir_free(s);
}

/* ---- scripts ---- */

static bool lookup_variable(void *ctx, weir_sv name, weir_sv *value)
{
    weir_session *s = ctx;
    return weir_settings_get(&s->vars, name, true, value);
}

static bool substitutes(weir_session *s)
{
    weir_sv v;
    return !weir_session_get(s, WEIR_SV("ksql.variable.substitution.enable"), &v) ||
           !weir_sv_ieq(v, WEIR_SV("false"));
}

/* Executes one statement of a script; *span is where it stands there. */
static weir_rc run_statement(weir_session *s, const weir_ast_stmt *stmt, weir_status *st)
{
    weir_arena *a = weir_zalloc(sizeof *a);
    weir_arena_init(a);
    bool keep = false;
    weir_rc rc = WEIR_OK;
    weir_ast_stmt *own_stmt = NULL;
    if (stmt->has_variables && substitutes(s)) {
        weir_sv text;
        weir_diags diags;
        weir_diags_init(&diags, a);
        rc = weir_substitute(stmt->text, lookup_variable, s, a, &text, st);
        if (rc == WEIR_OK && weir_parse_statement(text, a, &own_stmt, &diags) != WEIR_OK) {
            rc = weir_diags_status(&diags, text, st);
        }
        st->span = stmt->span; /* the substituted text is not the script's */
    } else {
        /* What stays (plans, sources) must not live in the script's arena. */
        weir_diags diags;
        weir_diags_init(&diags, a);
        rc = weir_parse_statement(stmt->text, a, &own_stmt, &diags);
        WEIR_ASSERT(rc == WEIR_OK);
    }
    if (rc == WEIR_OK) {
        weir_status_reset(st);
        if (weir_topics_cluster(s->topics)) { /* others make topics there, too */
            rc = weir_topics_refresh(s->topics, st);
            list_topics(s);
        }
        rc = rc ? rc : weir_statement_execute(s, own_stmt, a, &keep, st);
        if (rc != WEIR_OK && own_stmt->text.n == stmt->text.n) {
            st->span = st->span.n ? (weir_span){st->span.at - own_stmt->span.at + stmt->span.at,
                                                st->span.n}
                                  : stmt->span;
        } else if (rc != WEIR_OK) {
            st->span = stmt->span;
        }
    }
    if (!keep) {
        arena_free(a);
    }
    return rc;
}

weir_sv weir_session_fill(weir_session *s, weir_sv text, weir_arena *a)
{
    weir_script script = {0};
    weir_diags diags;
    weir_sv filled;
    weir_diags_init(&diags, a);
    if (weir_sv_find(text, WEIR_SV("${"), 0) < 0 || !substitutes(s) ||
        weir_parse_script(text, a, &script, &diags) == WEIR_OK ||
        weir_substitute(text, lookup_variable, s, a, &filled, NULL) != WEIR_OK) {
        return text;
    }
    return filled;
}

weir_rc weir_session_execute(weir_session *s, weir_sv text, weir_script_outcome *out,
                             weir_diags *diags, weir_status *st)
{
    weir_script script = {0};
    *out = (weir_script_outcome){0};
    weir_rc rc = weir_parse_script(text, diags->a, &script, diags);
    out->total = script.n_stmts + script.n_failed;
    if (rc != WEIR_OK) {
        weir_diags_status(diags, script.text, st);
        if (diags->n) {
            weir_span at = diags->items[0].stmt;
            out->failed = weir_sv_of(script.text.p + at.at, at.n);
            out->failed_at = at;
        }
        return rc;
    }
    out->parsed = true;
    uint32_t line = s->line; /* RUN SCRIPT comes back to its own script */
    uint32_t col = s->col;
    for (uint32_t i = 0; i < script.n_stmts; i++) {
        const weir_ast_stmt *stmt = script.stmts[i];
        weir_status_reset(st);
        weir_text_pos at = weir_text_pos_of(script.text, stmt->span.at);
        s->line = at.line;
        s->col = at.col;
        rc = run_statement(s, stmt, st);
        s->line = line;
        s->col = col;
        if (rc != WEIR_OK) {
            out->failed = stmt->text;
            out->failed_at = stmt->span;
            weir_diag *d = weir_diag_add_status(diags, st);
            if (d) {
                d->stmt = stmt->span;
            }
            return rc;
        }
        out->executed++;
    }
    return WEIR_OK;
}

weir_rc weir_session_execute_as(weir_session *s, weir_sv text, uint64_t query, weir_status *st)
{
    weir_arena a;
    weir_diags diags;
    weir_script_outcome done;
    weir_arena_init(&a);
    weir_diags_init(&diags, &a);
    if (query != UINT64_MAX) {
        weir_catalog_query_from(s->catalog, query);
    }
    weir_rc rc = weir_session_execute(s, text, &done, &diags, st);
    weir_arena_deinit(&a);
    return rc;
}

/* ---- access ---- */

weir_engine *weir_session_engine(weir_session *s)
{
    return s->engine;
}

weir_topics *weir_session_topics(weir_session *s)
{
    return s->topics;
}

weir_store *weir_session_store(weir_session *s)
{
    return s->store;
}

weir_catalog *weir_session_catalog(weir_session *s)
{
    return s->catalog;
}

const weir_formats *weir_session_formats(const weir_session *s)
{
    return &s->formats;
}

int64_t weir_session_now(const weir_session *s)
{
    return s->config.now_ms ? s->config.now_ms(s->config.clock) : 0;
}

/* A cluster's topics are made when asked for, and are as asked for; ksqlDB's words. */
static weir_rc check_topic(weir_session *s, const weir_topic_spec *spec, weir_status *st)
{
    const weir_topic *t = weir_topics_find(s->topics, spec->name);
    if (!t && spec->partitions <= 0) {
        return weir_fail(st, WEIR_ENOTFOUND,
                         "Topic '" WEIR_SV_FMT "' does not exist. If you want to create a new topic for "
                         "the stream/table please re-run the statement providing the required "
                         "'PARTITIONS' configuration in the WITH clause (and optionally 'REPLICAS').",
                         WEIR_SV_ARG(spec->name));
    }
    int32_t partitions = t && spec->partitions <= 0 ? weir_topic_partitions(t) : spec->partitions;
    int32_t replicas = t && spec->replicas <= 0 ? weir_topic_replicas(t) : spec->replicas;
    if (!t || (partitions == weir_topic_partitions(t) && replicas <= weir_topic_replicas(t))) {
        return WEIR_OK;
    }
    return weir_fail(st, WEIR_EEXISTS,
                     "A Kafka topic with the name '" WEIR_SV_FMT "' already exists, with different "
                     "partition/replica configuration than required. KSQL expects %d partitions (topic "
                     "has %d), %d replication factor (topic has %d).", WEIR_SV_ARG(spec->name), partitions,
                     weir_topic_partitions(t), replicas, weir_topic_replicas(t));
}

weir_rc weir_session_topic(weir_session *s, const weir_topic_spec *spec, weir_topic **out,
                           weir_status *st)
{
    if (weir_topics_cluster(s->topics) || s->config.topics_as_asked) {
        WEIR_TRY(check_topic(s, spec, st));
    }
    weir_topic_spec wanted = *spec;
    wanted.partitions = spec->partitions > 0 ? spec->partitions : s->config.default_partitions;
    WEIR_TRY(weir_topics_create(s->topics, &wanted, out, st));
    weir_catalog_put_topic(s->catalog, spec->name, weir_topic_partitions(*out));
    return WEIR_OK;
}

int64_t weir_session_take_seq(weir_session *s, int64_t n)
{
    int64_t first = s->next_seq;
    s->next_seq += n;
    return first;
}
