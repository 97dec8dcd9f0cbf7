/* See options.h. */
#include "tools/options.h"

#include "dsl/diag.h"
#include "engine/base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void push(weir_option_list *l, const char *item)
{
    WEIR_GROW(l->items, l->cap, l->n + 1);
    l->items[l->n++] = item;
}

void weir_option_list_deinit(weir_option_list *l)
{
    weir_free((void *)l->items);
}

bool weir_option_pair(const char *text, weir_sv *name, const char **value)
{
    const char *eq = strchr(text, '=');
    if (!eq || eq == text) {
        return false;
    }
    *name = weir_sv_of(text, (size_t)(eq - text));
    *value = eq + 1;
    return true;
}

const char *weir_option_nearest(const char *word, const char *const *names, size_t n)
{
    weir_sv *all = weir_alloc(sizeof *all * (n + 1));
    for (size_t i = 0; i < n; i++) {
        all[i] = weir_sv_cstr(names[i]);
    }
    int64_t at = weir_nearest(weir_sv_cstr(word), all, (uint32_t)n);
    weir_free(all);
    return at < 0 ? NULL : names[at];
}

static bool wrong(const weir_command *self, const char *what, const char *name, const char *hint)
{
    fprintf(stderr, "weir %s: %s %s%s%s%s\n", self->name, what, name, hint ? "; did you mean " : "",
            hint ? hint : "", hint ? "?" : "");
    fprintf(stderr, "`weir %s --help` lists the options\n", self->name);
    return false;
}

static bool unknown(const weir_command *self, const weir_option_row *rows, size_t n,
                    const char *name)
{
    const char **names = weir_alloc(sizeof *names * (n + 1));
    for (size_t i = 0; i < n; i++) {
        names[i] = rows[i].name;
    }
    const char *near = weir_option_nearest(name, names, n);
    weir_free((void *)names);
    return wrong(self, "unknown option", name, near);
}

static bool put_count(const weir_command *self, const weir_option_row *row, const char *value)
{
    char *end = NULL;
    errno = 0;
    unsigned long n = strtoul(value, &end, 10);
    if (errno || end == value || *end || *value == '-' || n < row->least || n > row->most) {
        fprintf(stderr, "weir %s: %s wants a number from %u to %u, not \"%s\"\n", self->name,
                row->name, row->least, row->most, value);
        return false;
    }
    *(uint32_t *)row->to = (uint32_t)n;
    return true;
}

static bool put(const weir_command *self, const weir_option_row *row, const char *value)
{
    switch (row->kind) {
    case WEIR_OPT_FLAG:
        *(bool *)row->to = true;
        return true;
    case WEIR_OPT_TEXT:
        *(const char **)row->to = value;
        return true;
    case WEIR_OPT_LIST:
        push(row->to, value);
        return true;
    case WEIR_OPT_COUNT:
        return put_count(self, row, value);
    }
    WEIR_UNREACHABLE();
}

static const weir_option_row *find(const weir_option_row *rows, size_t n, const char *arg)
{
    const char *eq = strchr(arg, '=');
    size_t len = eq ? (size_t)(eq - arg) : strlen(arg);
    for (size_t i = 0; i < n; i++) {
        if (strlen(rows[i].name) == len && strncmp(rows[i].name, arg, len) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

bool weir_options_read(const weir_command *self, const weir_option_row *rows, size_t n_rows, int argc,
                       char **argv, weir_option_list *operands)
{
    bool only_operands = false;
    for (int i = 0; i < argc; i++) {
        const char *arg = argv[i];
        if (only_operands || arg[0] != '-' || !arg[1]) {
            push(operands, arg);
            continue;
        }
        if (strcmp(arg, "--") == 0) {
            only_operands = true;
            continue;
        }
        const weir_option_row *row = find(rows, n_rows, arg);
        if (!row) {
            return unknown(self, rows, n_rows, arg);
        }
        const char *value = strchr(arg, '=');
        if (row->kind == WEIR_OPT_FLAG && value) {
            return wrong(self, "no value is wanted by", row->name, NULL);
        }
        if (row->kind != WEIR_OPT_FLAG && !value && i + 1 == argc) {
            return wrong(self, "a value is missing after", row->name, NULL);
        }
        if (!put(self, row, row->kind == WEIR_OPT_FLAG ? NULL : value ? value + 1 : argv[++i])) {
            return false;
        }
    }
    return true;
}

/* ---- files ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static weir_rc add_folder(const char *dir, weir_option_list *files, weir_status *st)
{
    DIR *d = opendir(dir);
    if (!d) {
        return weir_fail(st, WEIR_EIO, "cannot read %s: %s", dir, strerror(errno));
    }
    size_t first = files->n;
    struct dirent *e;
    while ((e = readdir(d)) != NULL) {
        size_t n = strlen(e->d_name);
        if (e->d_name[0] == '.' || n < 5 || strcmp(e->d_name + n - 4, ".sql") != 0) {
            continue;
        }
        weir_buf path = {0};
        weir_buf_printf(&path, "%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", e->d_name);
        push(files, weir_strdup(weir_buf_cstr(&path)));
        weir_buf_deinit(&path);
    }
    closedir(d);
    if (files->n == first) {
        return weir_fail(st, WEIR_ENOTFOUND, "no .sql file in %s", dir);
    }
    qsort((void *)(files->items + first), files->n - first, sizeof *files->items, by_name);
    return WEIR_OK;
}

weir_rc weir_query_files(const weir_option_list *operands, weir_option_list *files, weir_status *st)
{
    for (size_t i = 0; i < operands->n; i++) {
        const char *path = operands->items[i];
        struct stat s;
        if (stat(path, &s) != 0) {
            return weir_fail(st, WEIR_EIO, "cannot open %s: %s", path, strerror(errno));
        }
        if (S_ISDIR(s.st_mode)) {
            WEIR_TRY(add_folder(path, files, st));
        } else {
            push(files, weir_strdup(path));
        }
    }
    return WEIR_OK;
}

void weir_query_files_free(weir_option_list *files)
{
    for (size_t i = 0; i < files->n; i++) {
        weir_free((void *)(uintptr_t)files->items[i]);
    }
    weir_option_list_deinit(files);
}
