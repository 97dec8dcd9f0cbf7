/* See bundle.h. Folders and files; the manifest is in bundle_manifest.c. Files are opened folder by
 * folder without following links, so nothing outside of the bundle is read. */
#include "engine/base/limits.h"
#include "engine/io/file.h"
#include "engine/server/bundle_impl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

typedef struct loader {
    weir_bundles *all;
    const weir_bundle_config *config;
    weir_sv under_way[WEIR_BUNDLES_MAX]; /* bundles whose dependencies are being loaded */
    uint32_t depth;
} loader;

static char *joined(weir_arena *a, weir_sv dir, weir_sv name)
{
    bool slash = dir.n > 0 && dir.p[dir.n - 1] == '/';
    weir_sv path = weir_arena_printf(a, WEIR_SV_FMT "%s" WEIR_SV_FMT, WEIR_SV_ARG(dir),
                                     slash ? "" : "/", WEIR_SV_ARG(name));
    return weir_arena_cstr(a, path);
}

bool weir_is_bundle(const char *dir)
{
    weir_arena a;
    struct stat s;
    weir_arena_init(&a);
    bool is = stat(joined(&a, weir_sv_cstr(dir), WEIR_SV(WEIR_BUNDLE_MANIFEST)), &s) == 0;
    weir_arena_deinit(&a);
    return is;
}

static weir_rc read_text(const weir_bundle *b, weir_sv name, size_t max, weir_arena *a, weir_sv *out,
                         weir_status *st)
{
    weir_buf text = {0};
    weir_rc rc = weir_file_read_beneath(b->dir.p, weir_arena_cstr(a, name), max, &text, st);
    if (rc == WEIR_OK) {
        *out = weir_arena_sv(a, weir_buf_view(&text));
    }
    weir_buf_deinit(&text);
    return rc;
}

/* ---- files ---- */

typedef struct names {
    weir_sv *items;
    uint32_t n, cap;
} names;

static bool ends(weir_sv name, weir_sv with)
{
    return name.n > with.n &&
           weir_sv_eq(weir_sv_of(name.p + name.n - with.n, with.n), with);
}

/* Names in a folder of the bundle with one of two endings; none when there is no such folder. */
static weir_rc list(const weir_bundle *b, weir_sv folder, weir_sv end, weir_sv other, weir_arena *a,
                    names *out, weir_status *st)
{
    const char *path = folder.n ? joined(a, b->dir, folder) : b->dir.p;
    DIR *d = opendir(path);
    if (!d && errno == ENOENT) {
        return WEIR_OK;
    }
    if (!d) {
        return weir_fail(st, WEIR_EIO, "cannot read %s: %s", path, strerror(errno));
    }
    struct dirent *e;
    while ((e = readdir(d)) != NULL && out->n <= WEIR_BUNDLE_FILES_MAX) {
        weir_sv name = weir_sv_cstr(e->d_name);
        if (name.p[0] != '.' && (ends(name, end) || (other.n && ends(name, other)))) {
            name = weir_arena_sv(a, name);
            WEIR_PUSH(a, out->items, out->n, out->cap, name);
        }
    }
    closedir(d);
    return out->n <= WEIR_BUNDLE_FILES_MAX
               ? WEIR_OK
               : weir_fail(st, WEIR_ELIMIT, "%s has more than %d files (WEIR_BUNDLE_FILES_MAX)", path,
                           WEIR_BUNDLE_FILES_MAX);
}

/* `10-sources.sql`, `V000010__Sources.sql`: 10. -1: no number. */
static int64_t number_of(weir_sv name)
{
    uint32_t at = name.p[0] == 'V' ? 1 : 0;
    uint32_t from = at;
    int64_t n = 0;
    for (; at < name.n && name.p[at] >= '0' && name.p[at] <= '9' && at - from < 15; at++) {
        n = n * 10 + (name.p[at] - '0');
    }
    return at > from && at < name.n && (name.p[at] == '-' || name.p[at] == '_') ? n : -1;
}

static int by_number(const void *x, const void *y)
{
    const weir_sv *a = x;
    const weir_sv *b = y;
    int64_t n = number_of(*a);
    int64_t m = number_of(*b);
    return n != m ? (n < m ? -1 : 1) : weir_sv_cmp(*a, *b);
}

static weir_rc query_files(weir_bundle *b, weir_arena *a, weir_status *st)
{
    names found = {0};
    WEIR_TRY(list(b, (weir_sv){0}, WEIR_SV(".sql"), (weir_sv){0}, a, &found, st));
    if (found.n == 0) {
        return weir_fail(st, WEIR_ENOTFOUND, "no .sql file in " WEIR_SV_FMT, WEIR_SV_ARG(b->dir));
    }
    for (uint32_t i = 0; i < found.n; i++) {
        if (number_of(found.items[i]) < 0) {
            return weir_fail(st, WEIR_EDATA, WEIR_SV_FMT ": the name of a query file begins with a "
                             "number, as 10-" WEIR_SV_FMT, WEIR_SV_ARG(weir_sv_cstr(joined(a, b->dir,
                             found.items[i]))), WEIR_SV_ARG(found.items[i]));
        }
    }
    qsort(found.items, found.n, sizeof *found.items, by_number);
    b->files = WEIR_NEW_N(a, weir_bundle_file, found.n);
    for (uint32_t i = 0; i < found.n; i++) {
        weir_bundle_file *f = &b->files[b->n_files++];
        f->path = weir_sv_cstr(joined(a, b->dir, found.items[i]));
        WEIR_TRY(read_text(b, found.items[i], WEIR_STATEMENT_BYTES_MAX, a, &f->text, st));
    }
    return WEIR_OK;
}

static int by_name(const void *x, const void *y)
{
    return weir_sv_cmp(*(const weir_sv *)x, *(const weir_sv *)y);
}

static weir_rc schema_files(weir_bundle *b, weir_arena *a, weir_status *st)
{
    names found = {0};
    WEIR_TRY(list(b, WEIR_SV("schemas"), WEIR_SV(".avsc"), WEIR_SV(".json"), a, &found, st));
    if (found.n) {
        qsort(found.items, found.n, sizeof *found.items, by_name);
    }
    b->schemas = WEIR_NEW_N(a, weir_bundle_schema, found.n);
    for (uint32_t i = 0; i < found.n; i++) {
        weir_bundle_schema *s = &b->schemas[b->n_schemas++];
        weir_sv name = found.items[i];
        s->json = ends(name, WEIR_SV(".json"));
        s->subject = weir_sv_of(name.p, name.n - 5);
        weir_sv path = weir_arena_printf(a, "schemas/" WEIR_SV_FMT, WEIR_SV_ARG(name));
        s->path = weir_sv_cstr(joined(a, b->dir, path));
        if (!ends(s->subject, WEIR_SV("-key")) && !ends(s->subject, WEIR_SV("-value"))) {
            return weir_fail(st, WEIR_EDATA, WEIR_SV_FMT ": a schema is named after its subject, "
                             "TOPIC-key or TOPIC-value", WEIR_SV_ARG(s->path));
        }
        WEIR_TRY(read_text(b, path, WEIR_HTTP_BODY_MAX, a, &s->text, st));
    }
    return WEIR_OK;
}

static weir_rc data_files(weir_bundle *b, weir_arena *a, weir_status *st)
{
    for (uint32_t i = 0; i < b->n_data; i++) {
        weir_bundle_data *d = &b->data[i];
        if (d->datagen.n) {
            continue;
        }
        WEIR_TRY(weir_file_check_beneath(b->dir.p, weir_arena_cstr(a, d->file), st));
        d->file = weir_sv_cstr(joined(a, b->dir, d->file));
    }
    return WEIR_OK;
}

/* ---- bundles ---- */

static weir_bundle *find(const weir_bundles *all, weir_sv name)
{
    for (uint32_t i = 0; i < all->n; i++) {
        if (weir_sv_eq(all->items[i]->name, name)) {
            return all->items[i];
        }
    }
    return NULL;
}

static weir_rc load(loader *l, weir_sv dir, weir_sv expected, weir_status *st);

static weir_rc check_version(const weir_bundle *b, const weir_bundle_need *need,
                             const weir_bundle *found, weir_status *st)
{
    weir_bundle_version least;
    weir_bundle_version has;
    if (need->version.n && weir_bundle_version_parse(need->version, &least) &&
        weir_bundle_version_parse(found->version, &has) &&
        weir_bundle_version_cmp(has, least) < 0) {
        return weir_fail(st, WEIR_EUSAGE, "bundle " WEIR_SV_FMT " wants " WEIR_SV_FMT " " WEIR_SV_FMT
                         ", and %s has " WEIR_SV_FMT, WEIR_SV_ARG(b->name), WEIR_SV_ARG(need->name),
                         WEIR_SV_ARG(need->version), found->dir.p, WEIR_SV_ARG(found->version));
    }
    return WEIR_OK;
}

static weir_rc dependencies(loader *l, const weir_bundle *b, weir_status *st)
{
    for (uint32_t i = 0; i < b->n_depends && !l->config->alone; i++) {
        const weir_bundle_need *need = &b->depends[i];
        if (!find(l->all, need->name)) {
            weir_sv next = weir_arena_printf(&l->all->arena, "../" WEIR_SV_FMT, WEIR_SV_ARG(need->name));
            weir_sv dir = weir_sv_cstr(joined(&l->all->arena, b->dir, next));
            if (load(l, dir, need->name, st) != WEIR_OK) {
                return weir_wrap(st, "bundle " WEIR_SV_FMT " depends on " WEIR_SV_FMT,
                                 WEIR_SV_ARG(b->name), WEIR_SV_ARG(need->name));
            }
        }
        WEIR_TRY(check_version(b, need, find(l->all, need->name), st));
    }
    return WEIR_OK;
}

static weir_rc enter(loader *l, weir_sv name, weir_status *st)
{
    for (uint32_t i = 0; i < l->depth; i++) {
        if (weir_sv_eq(l->under_way[i], name)) {
            return weir_fail(st, WEIR_EUSAGE, "it depends on itself");
        }
    }
    if (l->depth + l->all->n == WEIR_BUNDLES_MAX) {
        return weir_fail(st, WEIR_ELIMIT, "more than %d bundles (WEIR_BUNDLES_MAX)",
                         WEIR_BUNDLES_MAX);
    }
    l->under_way[l->depth++] = name;
    return WEIR_OK;
}

/* `expected` is the name it must have; empty: any, and it is the bundle that was asked for. */
static weir_rc load(loader *l, weir_sv dir, weir_sv expected, weir_status *st)
{
    weir_arena *a = &l->all->arena;
    weir_bundle *b = WEIR_NEW(a, weir_bundle);
    weir_sv text;
    b->dir = weir_arena_sv(a, dir);
    b->env = l->config->env ? weir_arena_sv(a, weir_sv_cstr(l->config->env)) : (weir_sv){0};
    const char *file = joined(a, b->dir, WEIR_SV(WEIR_BUNDLE_MANIFEST));
    WEIR_TRY(read_text(b, WEIR_SV(WEIR_BUNDLE_MANIFEST), WEIR_BUNDLE_YAML_BYTES_MAX, a, &text, st));
    WEIR_TRY(weir__bundle_manifest(b, text, file, l->config, expected.n > 0, a, st));
    if (expected.n && !weir_sv_eq(b->name, expected)) {
        return weir_fail(st, WEIR_EUSAGE, "%s is the manifest of " WEIR_SV_FMT, file,
                         WEIR_SV_ARG(b->name));
    }
    WEIR_TRY(enter(l, b->name, st));
    WEIR_TRY(dependencies(l, b, st));
    l->depth--;
    WEIR_TRY(query_files(b, a, st));
    WEIR_TRY(schema_files(b, a, st));
    WEIR_TRY(data_files(b, a, st));
    WEIR_PUSH(a, l->all->items, l->all->n, l->all->cap, b);
    return WEIR_OK;
}

/* A value for a variable that no bundle has is a mistake. */
static weir_rc check_defines(const weir_bundles *all, const weir_bundle_config *config,
                             weir_status *st)
{
    for (uint32_t i = 0; i < config->n_defines; i++) {
        bool known = false;
        for (uint32_t k = 0; k < all->n; k++) {
            weir_sv ignored;
            known |= weir_bundle_lookup(all->items[k], config->defines[i].name, &ignored);
        }
        if (!known) {
            return weir_fail(st, WEIR_EUSAGE, "--define: the bundle has no variable \"" WEIR_SV_FMT
                             "\"", WEIR_SV_ARG(config->defines[i].name));
        }
    }
    return WEIR_OK;
}

weir_rc weir_bundles_load(const char *dir, const weir_bundle_config *config, weir_bundles **out,
                          weir_status *st)
{
    weir_bundles *all = weir_zalloc(sizeof *all);
    loader l = {.all = all, .config = config};
    weir_arena_init(&all->arena);
    weir_rc rc = load(&l, weir_sv_cstr(dir), (weir_sv){0}, st);
    rc = rc ? rc : check_defines(all, config, st);
    if (rc != WEIR_OK) {
        weir_bundles_free(all);
        return rc;
    }
    *out = all;
    return WEIR_OK;
}

void weir_bundles_free(weir_bundles *b)
{
    if (b) {
        weir_arena_deinit(&b->arena);
        weir_free(b);
    }
}
