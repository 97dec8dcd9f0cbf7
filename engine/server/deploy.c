/* See deploy.h. The two models, and what differs between them. */
#include "engine/server/bundle_session.h"
#include "engine/server/deploy_impl.h"

#include "engine/base/hash.h"

/* ---- what is stored ---- */

static weir_rc note_stored(void *ctx, weir_sv key, weir_sv plan, weir_status *st)
{
    (void)st;
    weir_deploy *d = ctx;
    weir__stored_plan p = {.id = weir_arena_sv(&d->arena, weir_sv_of(key.p + 6, key.n - 6)),
                           .text = weir_arena_sv(&d->arena, plan)};
    WEIR_PUSH(&d->arena, d->stored, d->n_stored, d->cap_stored, p);
    return WEIR_OK;
}

/* The number at the end of CTAS_X_12; -1: there is none. `stem` is what stands in front of it. */
static int64_t number_of(weir_sv id, weir_sv *stem)
{
    uint32_t at = id.n;
    int64_t n = 0;
    while (at > 0 && id.p[at - 1] >= '0' && id.p[at - 1] <= '9') {
        at--;
    }
    *stem = weir_sv_of(id.p, at);
    for (uint32_t i = at; i < id.n && id.n - at < 18; i++) {
        n = n * 10 + (id.p[i] - '0');
    }
    return at < id.n && id.n - at < 18 && at > 0 && id.p[at - 1] == '_' ? n : -1;
}

static weir__stored_plan *stored_plan(const weir_deploy *d, weir_sv id)
{
    for (uint32_t i = 0; i < d->n_stored; i++) {
        if (weir_sv_eq(d->stored[i].id, id)) {
            return &d->stored[i];
        }
    }
    return NULL;
}

/* ---- models ---- */

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

static weir_rc build_is(weir_deploy *d, weir_buf *told, weir_status *st)
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

static weir_rc build_should(weir_deploy *d, weir_buf *told, weir_status *st)
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

/* ---- what differs ---- */

static void renumber(weir_deploy *d, weir__unit *u, uint64_t number)
{
    weir_sv stem;
    (void)number_of(u->query_id, &stem);
    u->number = number;
    u->query_id = weir_arena_printf(&d->arena, WEIR_SV_FMT "%llu", WEIR_SV_ARG(stem),
                                    (unsigned long long)number);
}

bool weir__keeps_state(const weir_plan *p)
{
    for (uint32_t i = 0; i < p->n; i++) {
        weir_node_kind kind = p->nodes[i]->kind;
        if (kind == WEIR_N_AGGREGATE || kind == WEIR_N_JOIN_STREAM || kind == WEIR_N_JOIN_TABLE ||
            kind == WEIR_N_JOIN_LOOKUP || kind == WEIR_N_JOIN_FOREIGN ||
            (kind == WEIR_N_SOURCE && p->nodes[i]->scan.materialize)) {
            return true;
        }
    }
    return false;
}

/* A new query, which may be one that query files have started in this directory. */
static void new_query(weir_deploy *d, weir__unit *u)
{
    weir_sv stem;
    weir_sv other;
    (void)number_of(u->query_id, &stem);
    u->state = WEIR_STATE_NEW;
    for (uint32_t i = 0; i < d->n_stored; i++) {
        weir__stored_plan *p = &d->stored[i];
        int64_t number = number_of(p->id, &other);
        if (!p->claimed && weir_sv_eq(p->text, u->plan_text) &&
            (u->number == WEIR_NO_QUERY ? weir_sv_eq(p->id, u->query_id)
                                        : number >= 0 && weir_sv_eq(stem, other))) {
            if (u->number != WEIR_NO_QUERY) {
                renumber(d, u, (uint64_t)number);
            }
            u->adopted = true;
            u->state = WEIR_STATE_KEPT;
            return;
        }
    }
}

static weir_rc begin_again(weir_deploy *d, weir__unit *u, weir_status *st)
{
    u->state = u->start == WEIR_START_EARLIEST ? WEIR_STATE_REBUILT : WEIR_STATE_LOST;
    if (u->number == WEIR_NO_QUERY) {
        return weir_fail(st, WEIR_EUSAGE, "query " WEIR_SV_FMT " changes so much that it begins again; "
                         "give it another QUERY_ID", WEIR_SV_ARG(u->query_id));
    }
    renumber(d, u, d->next++);
    return WEIR_OK;
}

static weir_rc compare_query(weir_deploy *d, weir__unit *u, weir_status *st)
{
    const weir__unit *was = u->other;
    const weir__stored_plan *stored = stored_plan(d, was->query_id);
    weir_sv made_by = stored ? stored->text : was->plan_text;
    weir_status why;
    weir_status_reset(&why);
    bool same_id = weir_sv_eq(u->query_id, was->query_id);
    if (same_id && weir_sv_eq(u->plan_text, made_by)) {
        u->state = weir__keeps_state(u->plan) ? WEIR_STATE_KEPT : WEIR_STATE_NONE;
        return WEIR_OK;
    }
    u->action = WEIR_REPLACE;
    if (!weir_sv_eq(was->plan_text, made_by)) {
        u->reason = WEIR_SV("this version of weir plans it in another way");
    } else if (!same_id) {
        u->reason = WEIR_SV("it makes a table now, or no longer");
    } else if (weir_bind_replaces(was->source, was->plan, u->source, u->plan, &d->arena, &why) ==
               WEIR_OK) {
        u->reason = WEIR_SV("filters or columns change");
        u->state = weir__keeps_state(u->plan) ? WEIR_STATE_KEPT : WEIR_STATE_NONE;
        u->takes_over = true;
        return WEIR_OK;
    } else {
        u->reason = weir_arena_sv(&d->arena, weir_sv_cstr(why.msg));
    }
    return begin_again(d, u, st);
}

static weir_rc compare(weir_deploy *d, weir__unit *u, weir_status *st)
{
    const weir__unit *was = u->other;
    u->action = was ? WEIR_KEEP : WEIR_CREATE;
    if (was && was->plan && u->plan) {
        WEIR_TRY(compare_query(d, u, st));
    } else if (u->plan) {
        new_query(d, u);
    }
    if (was && u->action == WEIR_KEEP && !weir_sv_eq(u->canonical, was->canonical)) {
        u->action = WEIR_REPLACE;
        u->reason = was->plan && u->plan ? WEIR_SV("the statement changes, the query does not")
                                         : WEIR_SV("the statement changes");
    }
    weir__stored_plan *p = u->query_id.n ? stored_plan(d, u->query_id) : NULL;
    if (p) {
        p->claimed = true;
    }
    return WEIR_OK;
}

/* Queries that stay are nobody else's to take. */
static void claim_known(weir_deploy *d, bool claimed)
{
    for (uint32_t i = 0; i < d->is.n; i++) {
        weir__stored_plan *p =
            d->is.units[i]->query_id.n ? stored_plan(d, d->is.units[i]->query_id) : NULL;
        if (p) {
            p->claimed = claimed;
        }
    }
}

static weir_rc compare_all(weir_deploy *d, weir_status *st)
{
    claim_known(d, true);
    for (uint32_t i = 0; i < d->should.n; i++) {
        WEIR_TRY(compare(d, d->should.units[i], st));
    }
    claim_known(d, false);
    for (uint32_t i = 0; i < d->should.n; i++) {
        const weir__unit *u = d->should.units[i];
        weir__stored_plan *p = u->query_id.n ? stored_plan(d, u->query_id) : NULL;
        if (p) {
            p->claimed = true;
        }
        d->differs |= u->action != WEIR_KEEP;
    }
    return WEIR_OK;
}

/* ---- the revision ---- */

static uint64_t hash_of(const weir__model *m, weir_sv bundle)
{
    weir_buf all = {0};
    for (uint32_t i = 0; i < m->n; i++) {
        if (weir_sv_eq(m->units[i]->bundle, bundle)) {
            weir_buf_sv(&all, m->units[i]->canonical);
        }
    }
    uint64_t hash = weir_hash(all.n ? all.p : "", all.n);
    weir_buf_deinit(&all);
    return hash;
}

weir_rc weir_deploy_hash(const weir_bundle *b, uint64_t *hash, weir_buf *told, weir_status *st)
{
    weir_deploy *d = weir_zalloc(sizeof *d);
    weir_arena_init(&d->arena);
    weir_rc rc = weir__units_of_bundle(d, &d->should, b, told, st);
    *hash = hash_of(&d->should, b->name);
    weir_deploy_free(d);
    return rc;
}

static void describe(weir_deploy *d)
{
    const weir_deploy_config *c = &d->config;
    weir_arena *a = &d->arena;
    weir_revision *r = &d->revision;
    uint32_t cap = 0;
    uint32_t newest = c->revisions->n ? c->revisions->items[c->revisions->n - 1].number : 0;
    *r = (weir_revision){.number = newest + 1, .bundle = weir_arena_sv(a, c->name)};
    r->action = c->back ? WEIR_SV("rollback") : c->bundle ? WEIR_SV("apply") : WEIR_SV("remove");
    r->origin = c->back ? c->back->origin : r->number;
    r->version = c->bundle ? c->bundle->version : c->back ? c->back->version : (weir_sv){0};
    r->env = c->bundle ? c->bundle->env : c->back ? c->back->env : (weir_sv){0};
    r->next_query = d->next;
    for (uint32_t i = 0; i < d->should.n; i++) {
        const weir__unit *u = d->should.units[i];
        if (weir_sv_eq(u->bundle, c->name)) {
            weir_applied one = {u->text, u->number};
            WEIR_PUSH(a, r->statements, r->n_statements, cap, one);
        }
    }
    r->hash = hash_of(&d->should, r->bundle);
    d->differs |= !d->before ? r->n_statements > 0
                             : r->hash != d->before->hash || !weir_sv_eq(r->version, d->before->version) ||
                                   !weir_sv_eq(r->env, d->before->env);
}

/* ---- the whole ---- */

static weir_rc check_needs(const weir_deploy *d, weir_status *st)
{
    const weir_bundle *b = d->config.bundle;
    for (uint32_t i = 0; b && i < b->n_depends; i++) {
        const weir_bundle_need *need = &b->depends[i];
        const weir_revision *r = weir_revision_of(d->config.revisions, need->name);
        weir_bundle_version least;
        weir_bundle_version has;
        if (!r || r->n_statements == 0) {
            weir_fail(st, WEIR_EUSAGE, "bundle " WEIR_SV_FMT " depends on " WEIR_SV_FMT
                      ", which is not applied", WEIR_SV_ARG(b->name), WEIR_SV_ARG(need->name));
            return weir_hint(st, "apply that one first");
        }
        if (need->version.n && weir_bundle_version_parse(need->version, &least) &&
            weir_bundle_version_parse(r->version, &has) && weir_bundle_version_cmp(has, least) < 0) {
            weir_fail(st, WEIR_EUSAGE, "bundle " WEIR_SV_FMT " wants " WEIR_SV_FMT " " WEIR_SV_FMT
                      ", and " WEIR_SV_FMT " is applied", WEIR_SV_ARG(b->name), WEIR_SV_ARG(need->name),
                      WEIR_SV_ARG(need->version), WEIR_SV_ARG(r->version));
            return weir_hint(st, "apply that one first");
        }
    }
    return WEIR_OK;
}

/* No number that any query here has had is given to another one. */
static void find_next(weir_deploy *d)
{
    weir_sv stem;
    d->next = weir_revisions_next_query(d->config.revisions);
    for (uint32_t i = 0; i < d->n_stored; i++) {
        int64_t n = number_of(d->stored[i].id, &stem);
        d->next = n >= 0 && (uint64_t)n >= d->next ? (uint64_t)n + 1 : d->next;
    }
}

static weir_rc plan(weir_deploy *d, weir_buf *told, weir_status *st)
{
    weir_store *store = d->config.store;
    WEIR_TRY(check_needs(d, st));
    if (store) {
        WEIR_TRY(weir_store_scan(store, (weir_sv){"Mplan", 6}, note_stored, d, st));
    }
    find_next(d);
    WEIR_TRY(build_is(d, told, st));
    WEIR_TRY(build_should(d, told, st));
    WEIR_TRY(compare_all(d, st));
    describe(d);
    weir__deploy_words(d);
    return WEIR_OK;
}

weir_rc weir_deploy_plan(const weir_deploy_config *config, weir_deploy **out, weir_buf *told,
                         weir_status *st)
{
    weir_deploy *d = weir_zalloc(sizeof *d);
    weir_arena_init(&d->arena);
    d->config = *config;
    weir_rc rc = plan(d, told, st);
    if (rc != WEIR_OK) {
        weir_deploy_free(d);
        return rc;
    }
    *out = d;
    return WEIR_OK;
}

void weir_deploy_free(weir_deploy *d)
{
    if (d) {
        weir_session_close(d->is.session);
        weir_session_close(d->should.session);
        weir_arena_deinit(&d->arena);
        weir_free(d);
    }
}

const weir_change *weir_deploy_changes(const weir_deploy *d, uint32_t *n)
{
    *n = d->n_changes;
    return d->changes;
}

bool weir_deploy_differs(const weir_deploy *d)
{
    return d->differs;
}

const weir_revision *weir_deploy_revision(const weir_deploy *d)
{
    return &d->revision;
}
