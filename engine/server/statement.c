/* One statement: bound, then applied to catalog, topics and engine. What can fail comes first, what
 * cannot fail last, so that a refused statement changes nothing. */
#include "engine/server/properties.h"
#include "engine/server/session_impl.h"

/* ---- queries ---- */

static weir_held_query *held(weir_session *s, const weir_query *q)
{
    for (size_t i = 0; i < s->n_queries; i++) {
        if (s->queries[i].query == q) {
            return &s->queries[i];
        }
    }
    return NULL;
}

static void hold(weir_session *s, weir_query *q, weir_arena *a)
{
    WEIR_GROW(s->queries, s->cap_queries, s->n_queries + 1);
    s->queries[s->n_queries++] = (weir_held_query){q, a};
}

static void release(weir_session *s, weir_held_query *h)
{
    weir_arena_deinit(h->arena);
    weir_free(h->arena);
    *h = s->queries[--s->n_queries];
}

static void stop_query(weir_session *s, weir_sv id)
{
    weir_query *q = weir_engine_find(s->engine, id);
    weir_catalog_drop_query(s->catalog, id);
    if (q) {
        weir_held_query *h = held(s, q);
        weir_engine_drop(s->engine, q);
        release(s, h);
    }
}

/* Whose rows they are; lives with the plan. */
typedef struct client {
    const weir_session *session;
    const weir_plan *plan;
} client;

static bool client_rows(void *ctx, const weir_batch *b)
{
    const client *c = ctx;
    return c->session->config.on_rows(c->session->config.ctx, c->plan, b);
}

/* Starts a plan; on success its arena is the session's. */
static weir_rc start_query(weir_session *s, const weir_plan *plan, weir_query *replace,
                           weir_arena *a, weir_status *st)
{
    weir_query *q = NULL;
    weir_held_query *before = replace ? held(s, replace) : NULL;
    client *c = WEIR_NEW(a, client);
    *c = (client){s, plan};
    if (s->config.dry) {
        hold(s, NULL, a);
        return WEIR_OK;
    }
    weir_start start;
    WEIR_TRY(weir__start_position(s, a, &start, st));
    WEIR_TRY(weir_engine_add(s->engine, plan, &start, replace,
                             s->config.on_rows ? client_rows : NULL, c, &q, st));
    if (before) {
        release(s, before);
    }
    hold(s, q, a);
    return WEIR_OK;
}

/* ---- CREATE, INSERT ---- */

static weir_rc topic_of(weir_session *s, const weir_source *source, weir_topic **out,
                        weir_status *st)
{
    weir_topic_spec spec = {.name = source->topic,
                            .partitions = source->partitions,
                            .replicas = source->replicas,
                            .retention_ms = source->retention_ms,
                            .compact = source->table && source->window.kind == WEIR_WINDOW_NONE};
    return weir_session_topic(s, &spec, out, st);
}

static void record_source(weir_session *s, const weir_source *source, const weir_topic *t)
{
    weir_source kept = *source;
    kept.partitions = t ? weir_topic_partitions(t) : 0; /* looked up: there is no topic */
    weir_catalog_put_source(s->catalog, &kept);
}

static void record_query(weir_session *s, const weir_bound_create *c, bool writes_source,
                         const weir_bound *b)
{
    weir_query_info info = {
        .id = c->query_id,
        .sink = writes_source ? c->source.name : (weir_sv){0},
        .sources = c->reads,
        .n_sources = c->n_reads,
        .sql = b->sql,
        .plan = c->plan,
    };
    weir_catalog_put_query(s->catalog, &info);
    if (c->new_query_id) {
        weir_catalog_next_query(s->catalog);
    }
}

/* Stream or table and its connector, or neither. */
static weir_rc create_source(weir_session *s, const weir_bound *b, const weir_topic *t,
                             bool topic_existed, weir_arena *a, weir_status *st)
{
    const weir_source *source = &b->as.create.source;
    const weir_source *old = weir_catalog_source(s->catalog, source->name);
    old = old ? weir_source_copy(a, old) : NULL;
    record_source(s, source, t);
    weir_rc rc = weir__stream_connector(s, b, a, st);
    if (rc == WEIR_OK) {
        return WEIR_OK;
    }
    if (old) {
        weir_catalog_put_source(s->catalog, old);
    } else {
        weir_catalog_drop_source(s->catalog, source->name);
    }
    if (!topic_existed && t) {
        (void)weir_topics_drop(s->topics, source->topic, NULL);
        weir_catalog_drop_topic(s->catalog, source->topic);
    }
    return rc;
}

static weir_rc create(weir_session *s, const weir_bound *b, weir_arena *a, bool *keep,
                      weir_result *r, weir_status *st)
{
    const weir_bound_create *c = &b->as.create;
    r->source = c->source.name;
    r->topic = c->source.topic;
    r->query = c->query_id;
    const char *what = c->source.table ? "Table" : "Stream";
    if (b->kind != WEIR_B_INSERT_SELECT && c->exists && !c->or_replace) {
        r->message = weir_arena_printf(a, "Cannot add %s `" WEIR_SV_FMT "`: A %s with the same "
                                       "name already exists.", c->source.table ? "table" : "stream",
                                       WEIR_SV_ARG(c->source.name),
                                       c->source.table ? "table" : "stream");
        return WEIR_OK;
    }
    if (b->kind != WEIR_B_INSERT_SELECT && !c->source.lookup.n) {
        bool sink = c->plan && c->plan->sink->sink.sink;
        WEIR_TRY(weir__register_schemas(s, &c->source, sink, a, st));
    }
    bool existed = weir_topics_find(s->topics, c->source.topic) != NULL;
    weir_topic *topic = NULL;
    WEIR_TRY(c->source.lookup.n ? WEIR_OK : topic_of(s, &c->source, &topic, st));
    if (c->plan) {
        weir_query *replace = weir_engine_find(s->engine, c->query_id);
        weir_rc rc = start_query(s, c->plan, replace, a, st);
        if (rc != WEIR_OK && !existed) {
            (void)weir_topics_drop(s->topics, c->source.topic, NULL);
            weir_catalog_drop_topic(s->catalog, c->source.topic);
        }
        WEIR_TRY(rc);
        *keep = true;
    }
    if (b->kind == WEIR_B_CREATE_SOURCE) {
        WEIR_TRY(create_source(s, b, topic, existed, a, st));
    } else if (b->kind == WEIR_B_CREATE_AS) {
        record_source(s, &c->source, topic);
    }
    if (c->plan) {
        record_query(s, c, c->plan->sink->sink.sink != NULL, b);
    }
    r->message = c->plan ? weir_arena_printf(a, "Created query with ID " WEIR_SV_FMT,
                                             WEIR_SV_ARG(c->query_id))
                         : weir_arena_printf(a, "%s created", what);
    return WEIR_OK;
}

static weir_rc insert_values(weir_session *s, const weir_bound *b, weir_result *r, weir_status *st)
{
    const weir_bound_insert *in = &b->as.insert;
    r->source = in->source.name;
    r->topic = in->source.topic;
    if (s->config.dry) {
        return WEIR_OK;
    }
    weir_buf key = {0};
    weir_buf value = {0};
    bool key_null = false;
    bool value_null = false;
    bool done = false;
    weir_rc rc = weir_session_encode(s, &in->source, in->values, false, &key, &key_null, &value,
                                     &value_null, st);
    rc = rc ? rc : weir__journal_insert(s, b->sql, &done, st);
    if (rc == WEIR_OK && !done) {
        weir_topic *t = NULL;
        weir_sv k = key_null ? (weir_sv){NULL, WEIR_NULL_BYTES} : weir_buf_view(&key);
        weir_sv v = value_null ? (weir_sv){NULL, WEIR_NULL_BYTES} : weir_buf_view(&value);
        rc = topic_of(s, &in->source, &t, st);
        rc = rc ? rc
                : weir_session_append(s, t, -1, k, v, (weir_sv){0},
                                 in->has_rowtime ? in->rowtime : weir_session_now(s), NULL);
    }
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
    return rc;
}

/* ---- DROP, TERMINATE, PAUSE, RESUME ---- */

static weir_rc drop(weir_session *s, const weir_bound_drop *d, weir_arena *a, weir_result *r,
                    weir_status *st)
{
    r->source = d->name;
    r->topic = d->topic;
    if (!d->exists) {
        r->message = weir_arena_printf(a, "Source `" WEIR_SV_FMT "` does not exist.",
                                       WEIR_SV_ARG(d->name));
        return WEIR_OK;
    }
    if (d->delete_topic) {
        WEIR_TRY(weir__topic_unused(s, d->topic, d->sources, d->n_sources, st));
        WEIR_TRY(weir__drop_schemas(s, d->topic, a, st));
    }
    for (uint32_t i = 0; i < d->n_queries; i++) {
        stop_query(s, d->queries[i]);
    }
    for (uint32_t i = 0; i < d->n_sources; i++) {
        weir__drop_stream_connector(s, d->sources[i]);
        weir_catalog_drop_source(s->catalog, d->sources[i]);
    }
    if (d->delete_topic) {
        WEIR_TRY(weir_topics_drop(s->topics, d->topic, st));
        weir_catalog_drop_topic(s->catalog, d->topic);
    }
    r->message = weir_arena_printf(a, "Source `" WEIR_SV_FMT "` (topic: " WEIR_SV_FMT
                                      ") was dropped.",
                                   WEIR_SV_ARG(d->name), WEIR_SV_ARG(d->topic));
    return WEIR_OK;
}

static void set_paused(weir_session *s, const weir_query_info *q, bool paused)
{
    weir_query_info changed = *q;
    changed.paused = paused;
    weir_query *running = weir_engine_find(s->engine, q->id);
    if (running) {
        weir_query_pause(running, paused);
    }
    weir_catalog_put_query(s->catalog, &changed);
}

static weir_rc target(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r)
{
    weir_sv id = b->as.target.name;
    r->query = id;
    for (uint32_t i = weir_catalog_queries(s->catalog); i-- > 0;) {
        const weir_query_info *q = weir_catalog_query_at(s->catalog, i);
        if (id.n && !weir_sv_eq(q->id, id)) {
            continue;
        }
        if (b->kind == WEIR_B_TERMINATE) {
            stop_query(s, weir_arena_sv(a, q->id));
        } else {
            set_paused(s, q, b->kind == WEIR_B_PAUSE);
        }
    }
    r->message = b->kind == WEIR_B_TERMINATE ? WEIR_SV("Query terminated.")
                 : b->kind == WEIR_B_PAUSE   ? WEIR_SV("Query paused.")
                                             : WEIR_SV("Query resumed.");
    return WEIR_OK;
}

/* ---- SELECT ---- */

static weir_rc transient(weir_session *s, const weir_bound_select *q, weir_arena *a, bool *keep,
                         weir_result *r, weir_status *st)
{
    if (!s->config.on_rows) {
        return weir_fail(st, WEIR_EUSAGE, "SELECT needs somebody to show its rows to: use it in "
                                          "weir run, or CREATE STREAM … AS SELECT");
    }
    if (!q->push) {
        return weir_fail(st, WEIR_ENOTIMPL, "pull queries are not executable yet: add EMIT CHANGES");
    }
    r->query = q->plan->query_id;
    r->plan = q->plan;
    WEIR_TRY(start_query(s, q->plan, NULL, a, st));
    *keep = true;
    return WEIR_OK;
}

static weir_rc types(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r)
{
    weir_sv name = b->as.type.name;
    if (b->kind == WEIR_B_CREATE_TYPE) {
        if (b->as.type.exists) {
            r->message = weir_arena_printf(a, WEIR_SV_FMT " is already registered with type",
                                           WEIR_SV_ARG(name));
            return WEIR_OK;
        }
        weir_catalog_put_type(s->catalog, name, b->as.type.type);
        r->message = weir_arena_printf(a, "Registered custom type with name '" WEIR_SV_FMT "'",
                                       WEIR_SV_ARG(name));
        return WEIR_OK;
    }
    weir_catalog_drop_type(s->catalog, name);
    r->message = weir_arena_printf(a, "Dropped type '" WEIR_SV_FMT "'", WEIR_SV_ARG(name));
    return WEIR_OK;
}

/* What SET may not say, or not of this process. */
static weir_rc check_setting(const weir_session *s, weir_sv name, weir_sv value, weir_status *st)
{
    uint64_t bytes;
    const weir_cluster *c = weir_topics_cluster(s->topics);
    if (s->config.check_properties) {
        WEIR_TRY(weir_property_check(name, st));
    }
    if (weir_sv_eq(name, WEIR_SV(WEIR_STATE_MEMORY))) {
        return weir_property_bytes(name, value, &bytes, st);
    }
    bool guarantee = weir_sv_eq(weir_property_plain(name), WEIR_SV("processing.guarantee"));
    if (!c || c->no_queries || !guarantee || c->exactly_once != weir_sv_eq(value, WEIR_SV("at_least_once"))) {
        return WEIR_OK;
    }
    weir_fail(st, WEIR_EUSAGE, "'processing.guarantee' holds for all queries of a process, and of this one it is %s",
              c->exactly_once ? "exactly_once_v2" : "at_least_once");
    return weir_hint(st, "take the SET out, or start with --set processing.guarantee=" WEIR_SV_FMT,
                     WEIR_SV_ARG(value));
}

static weir_rc apply(weir_session *s, const weir_bound *b, weir_arena *a, bool *keep,
                     weir_result *r, weir_status *st)
{
    switch (b->kind) {
    case WEIR_B_CREATE_SOURCE:
    case WEIR_B_CREATE_AS:
    case WEIR_B_INSERT_SELECT:
        return create(s, b, a, keep, r, st);
    case WEIR_B_ALTER:
        WEIR_TRY(weir__register_schemas(s, &b->as.create.source, true, a, st));
        weir_catalog_put_source(s->catalog, &b->as.create.source);
        r->source = b->as.create.source.name;
        r->message = WEIR_SV("Source altered");
        return WEIR_OK;
    case WEIR_B_INSERT_VALUES:
        return insert_values(s, b, r, st);
    case WEIR_B_SELECT:
        return transient(s, &b->as.select, a, keep, r, st);
    case WEIR_B_DROP:
        return drop(s, &b->as.drop, a, r, st);
    case WEIR_B_CREATE_TYPE:
    case WEIR_B_DROP_TYPE:
        return types(s, b, a, r);
    case WEIR_B_TERMINATE:
    case WEIR_B_PAUSE:
    case WEIR_B_RESUME:
        return target(s, b, a, r);
    case WEIR_B_SET:
    case WEIR_B_ALTER_SYSTEM:
        WEIR_TRY(check_setting(s, b->as.set.name, b->as.set.value, st));
        weir_session_set(s, b->as.set.name, b->as.set.value);
        return weir__put_wanted_schemas(s, st);
    case WEIR_B_UNSET:
        weir_session_unset(s, b->as.set.name);
        return WEIR_OK;
    case WEIR_B_DEFINE:
        weir_session_define(s, b->as.set.name, b->as.set.value);
        return WEIR_OK;
    case WEIR_B_UNDEFINE:
        weir_session_undefine(s, b->as.set.name);
        return WEIR_OK;
    case WEIR_B_EXPLAIN:
    case WEIR_B_DESCRIBE:
    case WEIR_B_DESCRIBE_STREAMS:
    case WEIR_B_DESCRIBE_TABLES:
    case WEIR_B_DESCRIBE_FUNCTION:
    case WEIR_B_DESCRIBE_CONNECTOR:
    case WEIR_B_SHOW:
    case WEIR_B_PRINT:
        return weir_statement_show(s, b, a, r, st);
    case WEIR_B_ASSERT_TOPIC:
    case WEIR_B_ASSERT_VALUES:
    case WEIR_B_ASSERT_NULL_VALUES:
    case WEIR_B_ASSERT_SOURCE:
        return weir_statement_assert(s, b, a, st);
    case WEIR_B_RUN_SCRIPT:
        return weir_statement_run_script(s, b->as.set.value, st);
    case WEIR_B_CREATE_CONNECTOR:
    case WEIR_B_DROP_CONNECTOR:
    case WEIR_B_PAUSE_CONNECTOR:
    case WEIR_B_RESUME_CONNECTOR:
    case WEIR_B_CHECK_CONNECTOR:
        return weir_statement_connector(s, b, a, r, st);
    case WEIR_B_ASSERT_SCHEMA:
        break;
    }
    return weir_fail(st, WEIR_ENOTIMPL, "%s is not executable here yet",
                     weir_bound_name(b));
}

weir_rc weir_statement_execute(weir_session *s, const weir_ast_stmt *stmt, weir_arena *a, bool *keep,
                               weir_status *st)
{
    weir_bound b = {0};
    weir_props props = weir_session_props(s);
    WEIR_TRY(weir_bind(stmt, s->catalog, s->functions, &props, a, &b, st));
    weir_result r = {.kind = b.kind, .name = weir_bound_name(&b), .statement = stmt->text};
    WEIR_TRY(apply(s, &b, a, keep, &r, st));
    if (s->config.on_result) {
        s->config.on_result(s->config.ctx, &r);
    }
    return WEIR_OK;
}
