/* The two models of a deployment: what is in force and what should be, each executed in a session that
 * changes nothing. */
#include "engine/server/bundle_session.h"
#include "engine/server/deploy_impl.h"

/* ---- executing without effect ---- */

static int64_t no_clock(void *clock)
{
    (void)clock;
    return 0;
}

static bool no_rows(void *ctx, const weir_plan *plan, const weir_batch *b)
{
    (void)ctx;
    (void)plan;
    (void)b;
    return true;
}

/* The query that the statement made. */
static void on_result(void *ctx, const weir_result *r)
{
    weir_deploy *d = ctx;
    if (d->executing) { /* else it is of --set */
        d->executing->query_id = weir_arena_sv(&d->arena, r->query);
    }
}

static void put_topic(void *ctx, weir_sv name, int32_t partitions)
{
    weir_session *s = ctx;
    weir_topic_spec spec = {.name = name, .partitions = partitions, .retention_ms = -1};
    weir_topic *ignored;
    (void)weir_topics_create(weir_session_topics(s), &spec, &ignored, NULL); /* in memory */
    weir_catalog_put_topic(weir_session_catalog(s), name, partitions);
}

static weir_rc open_model(weir_deploy *d, weir__model *m, weir_status *st)
{
    const weir_deploy_config *c = &d->config;
    weir_session_config config = {
        .workers = 1,
        .default_partitions = 1,
        .dry = true,
        .topics_as_asked = c->cluster,
        .schemas_in_memory = true,
        .check_properties = true,
        .now_ms = no_clock,
        .on_result = on_result,
        .on_rows = no_rows,
        .ctx = d,
    };
    WEIR_TRY(weir_session_open(&config, &m->session, st));
    if (c->topics) {
        WEIR_TRY(c->topics(c->topics_source, put_topic, m->session, st));
    }
    return c->settings ? c->settings(c->settings_source, m->session, st) : WEIR_OK;
}

static weir_rc look_at(weir_deploy *d, weir__model *m, weir__unit *u, weir_status *st)
{
    weir_arena *a = &d->arena;
    const weir_catalog *c = weir_session_catalog(m->session);
    const weir_query_info *q = u->query_id.n ? weir_catalog_query(c, u->query_id) : NULL;
    const weir_source *source = weir_catalog_source(c, u->name);
    bool has_source = u->kind == WEIR__UNIT_SOURCE || u->kind == WEIR__UNIT_QUERY;
    weir_start start;
    u->source = has_source && source ? weir_source_copy(a, source) : NULL;
    if (q) {
        weir_buf text = {0};
        u->plan = q->plan;
        weir_plan_print(&text, q->plan);
        u->plan_text = weir_arena_sv(a, weir_buf_view(&text));
        weir_buf_deinit(&text);
    } else {
        u->query_id = (weir_sv){0}; /* there was one already: IF NOT EXISTS */
    }
    WEIR_TRY(weir__start_position(m->session, a, &start, st));
    u->start = start.kind;
    return WEIR_OK;
}

static weir_rc execute(weir_deploy *d, weir__model *m, weir__unit *u, weir_status *st)
{
    weir_catalog *c = weir_session_catalog(m->session);
    weir_catalog_query_from(c, u->number == WEIR_NO_QUERY ? d->next : u->number);
    uint64_t number = weir_catalog_peek_query(c);
    d->executing = u;
    weir_rc rc = weir_session_execute_as(m->session, u->text, number, st);
    d->executing = NULL;
    WEIR_TRY(rc);
    bool numbered = weir_catalog_peek_query(c) != number;
    u->number = numbered ? number : WEIR_NO_QUERY;
    d->next += numbered && number == d->next;
    return look_at(d, m, u, st);
}

/* Where a statement of a bundle is wrong. */
static weir_rc tell(weir_deploy *d, const weir__unit *u, weir_buf *told, weir_status *st)
{
    weir_diags diags;
    if (!u->file) { /* of another bundle, which this one was part of */
        return weir_wrap(st, "bundle " WEIR_SV_FMT ": " WEIR_SV_FMT, WEIR_SV_ARG(u->bundle),
                         WEIR_SV_ARG(u->text));
    }
    bool same = u->at + u->text.n <= u->file_text.n &&
                weir_sv_eq(weir_sv_of(u->file_text.p + u->at, u->text.n), u->text);
    weir_span at = {u->at + (same ? st->span.at : 0), same && st->span.n ? st->span.n : u->text.n};
    weir_diags_init(&diags, &d->arena);
    weir_diag *one = weir_diag_add_status(&diags, st);
    one->span = at;
    one->stmt = (weir_span){u->at, u->text.n};
    weir_diag_render(told, weir_sv_cstr(u->file), u->file_text, one);
    st->rc = WEIR_ESQL;
    return WEIR_ESQL;
}

static weir_rc run_model(weir_deploy *d, weir__model *m, weir_buf *told, weir_status *st)
{
    for (uint32_t i = 0; i < m->n; i++) {
        if (execute(d, m, m->units[i], st) != WEIR_OK) {
            return tell(d, m->units[i], told, st);
        }
    }
    return WEIR_OK;
}

/* ---- what is, and what should be ---- */

weir_rc weir__model_is(weir_deploy *d, weir_buf *told, weir_status *st)
{
    const weir_revision *r;
    for (uint32_t i = 0; (r = weir_revision_in_force(d->config.revisions, i)) != NULL; i++) {
        WEIR_TRY(weir__units_of_revision(d, &d->is, r, st));
    }
    WEIR_TRY(open_model(d, &d->is, st));
    return run_model(d, &d->is, told, st);
}

/* The units of the bundle that is deployed. */
static weir_rc add_target(weir_deploy *d, weir_buf *told, weir_status *st)
{
    const weir_deploy_config *c = &d->config;
    uint32_t before = d->should.n;
    if (!c->bundle && !c->back) {
        return WEIR_OK;
    }
    WEIR_TRY(c->bundle ? weir__units_of_bundle(d, &d->should, c->bundle, told, st)
                       : weir__units_of_revision(d, &d->should, c->back, st));
    return d->should.n > before ? WEIR_OK
                                : weir_fail(st, WEIR_EUSAGE, "bundle " WEIR_SV_FMT " has no statements",
                                            WEIR_SV_ARG(c->name));
}

static weir_rc collect_should(weir_deploy *d, weir_buf *told, weir_status *st)
{
    const weir_revision *r;
    for (uint32_t i = 0; (r = weir_revision_in_force(d->config.revisions, i)) != NULL; i++) {
        if (weir_sv_eq(r->bundle, d->config.name)) {
            d->before = r;
            WEIR_TRY(add_target(d, told, st));
        } else {
            WEIR_TRY(weir__units_of_revision(d, &d->should, r, st));
        }
    }
    return d->before ? WEIR_OK : add_target(d, told, st);
}

/* ---- which is which ---- */

static bool same_thing(const weir__unit *u, const weir__unit *v, bool exactly)
{
    bool named = u->kind == v->kind && weir_sv_eq(u->name, v->name);
    bool repeats = u->kind == WEIR__UNIT_ROWS; /* rows are never changed: they are others */
    return named && !v->other && (!(exactly || repeats) || weir_sv_eq(u->canonical, v->canonical));
}

static void match(weir_deploy *d, bool exactly)
{
    for (uint32_t i = 0; i < d->should.n; i++) {
        weir__unit *u = d->should.units[i];
        for (uint32_t k = 0; k < d->is.n && !u->other; k++) {
            weir__unit *v = d->is.units[k];
            if (same_thing(u, v, exactly)) {
                u->other = v;
                v->other = u;
            }
        }
    }
}

weir_rc weir__model_should(weir_deploy *d, weir_buf *told, weir_status *st)
{
    const weir_deploy_config *c = &d->config;
    WEIR_TRY(collect_should(d, told, st));
    match(d, true); /* of statements that are alike the same one first */
    match(d, false);
    for (uint32_t i = 0; i < d->should.n; i++) {
        weir__unit *u = d->should.units[i];
        u->number = u->other ? u->other->number : WEIR_NO_QUERY;
    }
    WEIR_TRY(open_model(d, &d->should, st));
    if (c->bundle) {
        WEIR_TRY(weir_bundle_provide(c->bundle, d->should.session, st));
    }
    WEIR_TRY(run_model(d, &d->should, told, st));
    return c->bundle ? weir_bundle_leave(c->bundle, d->should.session, st) : WEIR_OK;
}
