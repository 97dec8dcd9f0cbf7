/* See deploy.h. The plan as a whole, and the revision that it makes. */
#include "engine/server/deploy_impl.h"

#include "engine/base/hash.h"

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

static weir_rc note_stored(void *ctx, weir_sv key, weir_sv plan, weir_status *st)
{
    (void)st;
    weir_deploy *d = ctx;
    weir__stored_plan p = {.id = weir_arena_sv(&d->arena, weir_sv_of(key.p + 6, key.n - 6)),
                           .text = weir_arena_sv(&d->arena, plan)};
    WEIR_PUSH(&d->arena, d->stored, d->n_stored, d->cap_stored, p);
    return WEIR_OK;
}

const weir_bundle_need *weir_deploy_unmet(const weir_revisions *r, const weir_bundle *b, uint32_t *at)
{
    while (*at < b->n_depends) {
        const weir_bundle_need *need = &b->depends[(*at)++];
        const weir_revision *has = weir_revision_of(r, need->name);
        weir_bundle_version least;
        weir_bundle_version version;
        bool there = has && has->n_statements > 0;
        if (!there || (need->version.n && weir_bundle_version_parse(need->version, &least) &&
                       weir_bundle_version_parse(has->version, &version) &&
                       weir_bundle_version_cmp(version, least) < 0)) {
            return need;
        }
    }
    return NULL;
}

/* Where a bundle lies that this one depends on: beside it. */
static void put_path(weir_buf *out, const weir_bundle *b, weir_sv name)
{
    uint32_t n = b->dir.n;
    while (n > 1 && b->dir.p[n - 1] == '/') {
        n--;
    }
    uint32_t last = n;
    while (last > 0 && b->dir.p[last - 1] != '/') {
        last--;
    }
    bool dots = n > last && b->dir.p[n - 1] == '.'; /* no name of a bundle ends so */
    weir_buf_sv(out, weir_sv_of(b->dir.p, dots ? n : last));
    weir_buf_str(out, dots ? "/../" : "");
    weir_buf_sv(out, name);
}

static weir_rc check_needs(const weir_deploy *d, weir_status *st)
{
    const weir_bundle *b = d->config.bundle;
    uint32_t at = 0;
    const weir_bundle_need *need = b ? weir_deploy_unmet(d->config.revisions, b, &at) : NULL;
    if (!need) {
        return WEIR_OK;
    }
    const weir_revision *has = weir_revision_of(d->config.revisions, need->name);
    weir_buf commands = {0};
    if (!has || has->n_statements == 0) {
        weir_fail(st, WEIR_EUSAGE, "bundle " WEIR_SV_FMT " depends on " WEIR_SV_FMT
                  ", which is not applied", WEIR_SV_ARG(b->name), WEIR_SV_ARG(need->name));
    } else {
        weir_fail(st, WEIR_EUSAGE, "bundle " WEIR_SV_FMT " wants " WEIR_SV_FMT " " WEIR_SV_FMT
                  ", and " WEIR_SV_FMT " is applied", WEIR_SV_ARG(b->name), WEIR_SV_ARG(need->name),
                  WEIR_SV_ARG(need->version), WEIR_SV_ARG(has->version));
    }
    for (; need; need = weir_deploy_unmet(d->config.revisions, b, &at)) {
        weir_buf_printf(&commands, "%sweir apply --data-dir %s ", commands.n ? " && " : "",
                        d->config.data_dir);
        put_path(&commands, b, need->name);
    }
    weir_hint(st, "`" WEIR_SV_FMT "` comes first, or apply with --with-dependencies",
              WEIR_SV_ARG(weir_buf_view(&commands)));
    weir_buf_deinit(&commands);
    return WEIR_EUSAGE;
}

/* No number that any query here has had is given to another one. */
static void find_next(weir_deploy *d)
{
    weir_sv stem;
    d->next = weir_revisions_next_query(d->config.revisions);
    for (uint32_t i = 0; i < d->n_stored; i++) {
        int64_t n = weir__number_of(d->stored[i].id, &stem);
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
    WEIR_TRY(weir__model_is(d, told, st));
    WEIR_TRY(weir__model_should(d, told, st));
    WEIR_TRY(weir__compare(d, st));
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

bool weir_deploy_differs(const weir_deploy *d)
{
    return d->differs;
}

const weir_revision *weir_deploy_revision(const weir_deploy *d)
{
    return &d->revision;
}
