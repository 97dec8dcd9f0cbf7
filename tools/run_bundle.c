/* A bundle in `weir run`: its statements after those of what it depends on, and its data when
 * everything is in memory and no other input is given. */
#include "tools/run.h"

#include "engine/server/bundle_session.h"

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
