/* The registry: rows sorted by name, each with its parsed signatures beside it. Rows are static
 * data, so the registry owns only an arena with the index.
 *
 * Overload resolution is func_resolve.c, the signature parser func_sig.c. */
#include "engine/data/func.h"

#include "engine/base/alloc.h"
#include "engine/base/log.h"
#include "engine/data/func_sig.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME_BYTES_MAX 64 /* of a function; keeps the edit distance on the stack */

typedef struct entry {
    const weir_function *fn;
    weir_sv name;
    const weir_sig **sigs;
    uint32_t n_sigs;
} entry;

struct weir_functions {
    weir_arena arena;
    entry *entries;
    uint32_t n;
};

const char *weir_category_name(weir_category c)
{
    /* ORDER weir_category */
    static const char *const names[] = {
        "AGGREGATE", "ARRAY", "CONDITIONAL", "CONVERSIONS",        "DATE / TIME", "JSON", "LAMBDA",
        "MAP",       "MATHEMATICAL", "REGULAR EXPRESSION", "STRING", "TABLE", "URL",  "OTHER",
    };
    WEIR_ASSERT((size_t)c < WEIR_COUNT(names));
    return names[c];
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->fn->name, ((const entry *)b)->fn->name);
}

_Noreturn static void bad_row(const weir_function *fn, const char *what, const char *text)
{
    weir_log_line(WEIR_ERROR, "function %s: %s: %s", fn->name ? fn->name : "?", what, text);
    WEIR_UNREACHABLE();
}

static const char *sig_text(const weir_function *fn, uint32_t i)
{
    return fn->n_aggs ? fn->aggs[i].sig : fn->overloads[i].sig;
}

static void check_overload(const weir_function *fn, const weir_overload *o, const weir_sig *sig)
{
    if (!o->row == !o->vec) {
        bad_row(fn, "exactly one kernel is needed", o->sig);
    }
    if (!sig->result != (o->ret != NULL)) {
        bad_row(fn, "`*` and `ret` go together", o->sig);
    }
}

static void add_entry(weir_functions *f, entry *e, const weir_function *fn)
{
    if (!fn->name || !fn->name[0] || strlen(fn->name) > NAME_BYTES_MAX) {
        bad_row(fn, "bad name", "");
    }
    if (!fn->doc || !fn->doc[0] || !fn->example || !fn->example[0]) {
        bad_row(fn, "empty doc or example", "");
    }
    if ((fn->n_aggs == 0) == (fn->n_overloads == 0)) {
        bad_row(fn, "either overloads or aggregates are needed", "");
    }
    *e = (entry){.fn = fn, .name = weir_sv_cstr(fn->name)};
    e->n_sigs = fn->n_aggs ? fn->n_aggs : fn->n_overloads;
    e->sigs = WEIR_NEW_N(&f->arena, const weir_sig *, e->n_sigs);
    for (uint32_t i = 0; i < e->n_sigs; i++) {
        e->sigs[i] = weir__sig_parse(&f->arena, sig_text(fn, i));
        if (!e->sigs[i]) {
            bad_row(fn, "cannot parse signature", sig_text(fn, i));
        }
        if (!fn->n_aggs) {
            check_overload(fn, &fn->overloads[i], e->sigs[i]);
        }
    }
}

weir_functions *weir_functions_new(const weir_function *const *rows, uint32_t n)
{
    weir_functions *f = weir_zalloc(sizeof *f);
    weir_arena_init(&f->arena);
    f->n = n;
    f->entries = WEIR_NEW_N(&f->arena, entry, n);
    for (uint32_t i = 0; i < n; i++) {
        add_entry(f, &f->entries[i], rows[i]);
    }
    if (n) {
        qsort(f->entries, n, sizeof *f->entries, by_name);
    }
    for (uint32_t i = 1; i < n; i++) {
        if (by_name(&f->entries[i - 1], &f->entries[i]) == 0) {
            bad_row(f->entries[i].fn, "duplicate name", "");
        }
    }
    return f;
}

void weir_functions_free(weir_functions *f)
{
    if (f) {
        weir_arena_deinit(&f->arena);
        weir_free(f);
    }
}

static const entry *find_entry(const weir_functions *f, weir_sv name)
{
    char upper[NAME_BYTES_MAX];
    if (name.n == 0 || name.n > sizeof upper) {
        return NULL;
    }
    for (uint32_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    weir_sv key = weir_sv_of(upper, name.n);
    uint32_t lo = 0;
    uint32_t hi = f->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        int c = weir_sv_cmp(f->entries[mid].name, key);
        if (c == 0) {
            return &f->entries[mid];
        }
        if (c < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return NULL;
}

const weir_function *weir_functions_find(const weir_functions *f, weir_sv name)
{
    const entry *e = find_entry(f, name);
    return e ? e->fn : NULL;
}

const weir_sig *const *weir__functions_sigs(const weir_functions *f, const weir_function *fn,
                                            uint32_t *n)
{
    const entry *e = find_entry(f, weir_sv_cstr(fn->name));
    WEIR_ASSERT(e && e->fn == fn);
    *n = e->n_sigs;
    return (const weir_sig *const *)e->sigs;
}

/* Levenshtein distance, any case; both at most NAME_BYTES_MAX. */
static uint32_t edit_distance(weir_sv a, weir_sv b)
{
    uint32_t row[NAME_BYTES_MAX + 1];
    for (uint32_t j = 0; j <= b.n; j++) {
        row[j] = j;
    }
    for (uint32_t i = 1; i <= a.n; i++) {
        uint32_t diagonal = row[0];
        row[0] = i;
        for (uint32_t j = 1; j <= b.n; j++) {
            bool same = weir_sv_ieq(weir_sv_of(a.p + i - 1, 1), weir_sv_of(b.p + j - 1, 1));
            uint32_t best = diagonal + !same;
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b.n];
}

const weir_function *weir_functions_nearest(const weir_functions *f, weir_sv name)
{
    if (name.n == 0 || name.n > NAME_BYTES_MAX) {
        return NULL;
    }
    uint32_t best = name.n / 3 + 2; /* farther is not "near" */
    const weir_function *found = NULL;
    for (uint32_t i = 0; i < f->n; i++) {
        uint32_t d = edit_distance(name, f->entries[i].name);
        if (d < best) {
            best = d;
            found = f->entries[i].fn;
        }
    }
    return found;
}

uint32_t weir_functions_count(const weir_functions *f)
{
    return f->n;
}

const weir_function *weir_functions_at(const weir_functions *f, uint32_t i)
{
    WEIR_ASSERT(i < f->n);
    return f->entries[i].fn;
}

void weir_overload_print(const weir_functions *f, const weir_function *fn, uint32_t i,
                         weir_buf *out)
{
    uint32_t n;
    const weir_sig *const *sigs = weir__functions_sigs(f, fn, &n);
    WEIR_ASSERT(i < n);
    weir__sig_print(out, fn->name, sigs[i]);
}

weir_value weir_row_error(weir_call *c, const char *fmt, ...)
{
    char text[512] = "";
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    size_t used = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    if (used == sizeof text - 1) { /* no half character at the cut */
        while (used > 0 && ((unsigned char)text[used] & 0xc0) == 0x80) {
            used--;
        }
    }
    c->failed = true;
    c->error = weir_arena_sv(c->arena, weir_sv_of(text, used));
    return weir_null(c->type ? c->type->kind : WEIR_T_NULL);
}
