/* A bundle in `weir run`: its statements after those of what it depends on, and its data when
 * everything is in memory and no other input is given. */
#include "tools/run.h"

#include "dsl/diag.h"
#include "engine/server/bundle_session.h"
#include "engine/server/deploy.h"

#include <stdio.h>

#define WORDS_MAX 60

weir_rc weir_run_bundle_statements(weir_run *r, weir_status *st)
{
    for (uint32_t i = 0; i < r->bundles->n; i++) {
        const weir_bundle *b = r->bundles->items[i];
        WEIR_TRY(weir_bundle_enter(b, r->session, st));
        for (uint32_t k = 0; k < b->n_files; k++) {
            WEIR_TRY(weir_run_execute(r, b->files[k].path.p, b->files[k].text, st));
        }
        WEIR_TRY(weir_bundle_leave(b, r->session, st));
    }
    return WEIR_OK;
}

/* Where a statement that is applied does not work any more. */
static void tell_applied(const weir_revision *r, weir_sv text, const weir_status *st)
{
    weir_buf name = {0};
    weir_buf out = {0};
    weir_arena a;
    weir_diags diags;
    weir_arena_init(&a);
    weir_diags_init(&diags, &a);
    weir_buf_printf(&name, "revision %u of " WEIR_SV_FMT, r->number, WEIR_SV_ARG(r->bundle));
    weir_diag_render(&out, weir_buf_view(&name), text, weir_diag_add_status(&diags, st));
    fputs(weir_buf_cstr(&out), stderr);
    weir_buf_deinit(&name);
    weir_buf_deinit(&out);
    weir_arena_deinit(&a);
}

/* Files are not for a directory with applied bundles; a bundle must be what is applied. */
static weir_rc check_operand(const weir_run *r, const weir_revisions *all, weir_status *st)
{
    const weir_bundle *b = r->bundles ? r->bundles->items[r->bundles->n - 1] : NULL;
    const weir_revision *applied = b ? weir_revision_of(all, b->name) : NULL;
    uint64_t hash = 0;
    if (r->operands.n == 0) {
        return WEIR_OK;
    }
    if (applied && applied->n_statements) {
        weir_buf told = {0};
        weir_rc rc = weir_deploy_hash(b, &hash, &told, st);
        fputs(weir_buf_cstr(&told), stderr);
        weir_buf_deinit(&told);
        WEIR_TRY(rc);
        if (hash == applied->hash) {
            return WEIR_OK;
        }
        weir_fail(st, WEIR_EUSAGE, "%s differs from what is applied to %s", r->operands.items[0],
                  r->data_dir);
        return weir_hint(st, "`weir plan` shows how, `weir apply` applies it");
    }
    weir_fail(st, WEIR_EUSAGE, "%s runs what is applied to it", r->data_dir);
    return weir_hint(st, "leave %s out, or use `weir apply`", r->operands.items[0]);
}

static weir_rc run_revisions(weir_run *r, const weir_revisions *all, bool *any, weir_status *st)
{
    const weir_revision *failed = weir_revision_in_force(all, 0);
    weir_sv text;
    *any = failed != NULL;
    WEIR_TRY(*any ? check_operand(r, all, st) : WEIR_OK);
    if (!*any || weir_revisions_execute(all, r->session, &failed, &text, st) == WEIR_OK) {
        return WEIR_OK;
    }
    tell_applied(failed, text, st);
    st->rc = WEIR_ESQL; /* told with its place */
    return WEIR_ESQL;
}

weir_rc weir_run_applied(weir_run *r, bool *any, weir_status *st)
{
    weir_revisions all;
    weir_rc rc = weir_revisions_read(weir_session_store(r->session), &all, st);
    rc = rc ? rc : run_revisions(r, &all, any, st);
    weir_revisions_deinit(&all);
    return rc;
}

/* Starts `weir datagen`; its options are words between blanks. */
static weir_rc generate(weir_run *r, const weir_bundle_data *d, weir_arena *a, const char **path,
                        weir_status *st)
{
    const char *words[WORDS_MAX + 2] = {"datagen"};
    weir_child *child = NULL;
    uint32_t n = 1;
    weir_sv rest = weir_sv_trim(d->datagen);
    while (rest.n) {
        uint32_t length = 0;
        while (length < rest.n && rest.p[length] != ' ') {
            length++;
        }
        if (n > WORDS_MAX) {
            return weir_fail(st, WEIR_ELIMIT, "data of topic " WEIR_SV_FMT ": more than %d words",
                             WEIR_SV_ARG(d->topic), WORDS_MAX);
        }
        words[n++] = weir_arena_cstr(a, weir_sv_of(rest.p, length));
        rest = weir_sv_trim(weir_sv_of(rest.p + length, rest.n - length));
    }
    WEIR_TRY(weir_child_start(words, &child, st));
    WEIR_GROW(r->children, r->cap_children, r->n_children + 1);
    r->children[r->n_children++] = child;
    *path = weir_child_path(child);
    return WEIR_OK;
}

static weir_rc open_data(weir_run *r, const weir_bundle_data *d, weir_arena *a, weir_status *st)
{
    const char *path = d->file.p;
    if (d->datagen.n) {
        WEIR_TRY(generate(r, d, a, &path, st));
    }
    weir_sv spec = weir_arena_printf(a, WEIR_SV_FMT "=%s", WEIR_SV_ARG(d->topic), path);
    return weir_inputs_open(r->inputs, weir_arena_cstr(a, spec), st);
}

/* Two bundles may name the same topic: the one that depends on the other has the last word. */
static bool is_replaced(const weir_bundles *all, uint32_t from, weir_sv topic)
{
    for (uint32_t i = from; i < all->n; i++) {
        for (uint32_t k = 0; k < all->items[i]->n_data; k++) {
            if (weir_sv_eq(all->items[i]->data[k].topic, topic)) {
                return true;
            }
        }
    }
    return false;
}

weir_rc weir_run_bundle_data(weir_run *r, weir_status *st)
{
    weir_sv servers;
    weir_arena a;
    weir_rc rc = WEIR_OK;
    bool memory = !r->data_dir && !weir_cluster_property(r->door, "bootstrap.servers", &servers);
    if (!r->bundles || !memory || r->inputs_wanted.n) {
        return WEIR_OK;
    }
    weir_arena_init(&a);
    for (uint32_t i = 0; i < r->bundles->n; i++) {
        const weir_bundle *b = r->bundles->items[i];
        for (uint32_t k = 0; k < b->n_data && rc == WEIR_OK; k++) {
            if (!is_replaced(r->bundles, i + 1, b->data[k].topic)) {
                rc = open_data(r, &b->data[k], &a, st);
            }
        }
    }
    weir_arena_deinit(&a);
    return rc;
}

void weir_run_bundle_free(weir_run *r)
{
    for (size_t i = 0; i < r->n_children; i++) {
        weir_child_end(r->children[i]);
    }
    weir_free(r->children);
    weir_bundles_free(r->bundles);
}
