/* Which files there are. One is known again by its inode, whatever it is called meanwhile (rotation), or
 * by its name when another one has taken its place that begins alike (a copy, a restored folder); the
 * head tells whether it is the same text. A file whose name no longer fits is looked for beside it. */
#include "connectors/source_file.h"

#include "engine/base/hash.h"

#include <stdlib.h>

static char *heap_text(weir_sv text)
{
    char *copy = weir_alloc(text.n + 1);
    memcpy(copy, text.n ? text.p : "", text.n);
    copy[text.n] = 0;
    return copy;
}

static void entry_free(weir__file_entry *e)
{
    weir__file_reader_close(e->reader);
    weir_free(e->name);
    weir_free(e);
}

void weir__file_list_free(weir__file_list *l)
{
    for (uint32_t i = 0; i < l->n; i++) {
        entry_free(l->items[i]);
    }
    weir_free(l->items);
    l->items = NULL;
    l->n = l->cap = 0;
}

void weir__file_list_drop(weir__file_list *l, uint32_t i)
{
    entry_free(l->items[i]);
    memmove(&l->items[i], &l->items[i + 1], sizeof *l->items * (l->n - i - 1));
    l->n--;
}

static weir__file_entry *add(weir__file_list *l, weir_sv name)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 16;
        l->items = weir_realloc(l->items, sizeof *l->items * l->cap);
    }
    weir__file_entry *e = weir_zalloc(sizeof *e);
    e->name = heap_text(name);
    l->items[l->n++] = e;
    return e;
}

/* ---- positions ---- */

void weir__file_list_write(const weir__file_list *l, weir_buf *position)
{
    weir_buf_varint(position, l->n);
    for (uint32_t i = 0; i < l->n; i++) {
        const weir__file_entry *e = l->items[i];
        weir_sv name = weir_sv_cstr(e->name);
        weir_buf_varint(position, name.n);
        weir_buf_sv(position, name);
        weir_buf_varint(position, e->inode);
        weir_buf_varint(position, (uint64_t)e->offset);
        weir_buf_varint(position, e->head_n);
        weir_buf_be64(position, e->head);
        weir_buf_byte(position, e->done);
        weir_buf_varint(position, (uint64_t)e->size);
    }
}

weir_rc weir__file_list_read(weir__file_list *l, weir_sv position, weir_status *st)
{
    weir_reader r = weir_reader_of(position);
    for (uint64_t n = position.n ? weir_read_varint(&r) : 0; n > 0 && !r.bad; n--) {
        weir_sv name = weir_read_bytes(&r, weir_read_varint(&r));
        weir__file_entry *e = add(l, name);
        e->inode = weir_read_varint(&r);
        e->offset = (int64_t)weir_read_varint(&r);
        e->head_n = (uint32_t)weir_read_varint(&r);
        e->head = weir_read_be64(&r);
        e->done = weir_read_u8(&r);
        e->size = (int64_t)weir_read_varint(&r);
    }
    return r.bad ? weir_fail(st, WEIR_ECORRUPT, "the position of a file source cannot be read") : WEIR_OK;
}

/* ---- heads ---- */

bool weir__file_same(weir__file_entry *e, weir_handle *h)
{
    char head[WEIR__FILE_HEAD];
    size_t n = 0;
    weir_status st;
    weir_status_reset(&st);
    if (weir_handle_read(h, 0, head, sizeof head, &n, &st) != WEIR_OK || n < e->head_n ||
        weir_hash_sv(weir_sv_of(head, e->head_n)) != e->head) {
        if (e->head_n) {
            return false;
        }
    }
    e->head_n = (uint32_t)n;
    e->head = weir_hash_sv(weir_sv_of(head, n));
    return true;
}

static bool same_by_name(weir__file_list *l, weir__file_entry *e, const char *name)
{
    weir_handle *h = NULL;
    weir_status st;
    weir_status_reset(&st);
    if (weir_folder_file(l->folder, name, WEIR_OPEN_READ, &h, &st) != WEIR_OK) {
        return false;
    }
    bool same = weir__file_same(e, h);
    weir_handle_close(h);
    return same;
}

/* ---- comparing ---- */

typedef struct file_found {
    char *name; /* first: it is what they are sorted by */
    uint64_t inode;
    int64_t size;
    bool taken;
} file_found;

typedef struct found {
    file_found *items;
    uint32_t n, cap;
} found;

static void on_file(void *ctx, weir_sv path, const weir_file_info *info)
{
    found *f = ctx;
    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 64;
        f->items = weir_realloc(f->items, sizeof *f->items * f->cap);
    }
    f->items[f->n++] = (file_found){.name = heap_text(path), .inode = info->inode, .size = info->size};
}

static void found_free(found *f)
{
    for (uint32_t i = 0; i < f->n; i++) {
        weir_free(f->items[i].name);
    }
    weir_free(f->items);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void take(weir__file_entry *e, found *f, uint32_t i)
{
    if (strcmp(e->name, f->items[i].name) != 0) {
        weir_free(e->name);
        e->name = heap_text(weir_sv_cstr(f->items[i].name));
    }
    e->done = e->done && f->items[i].size == e->size;
    e->inode = f->items[i].inode;
    e->seen = f->items[i].taken = true;
}

typedef struct inode_at {
    uint64_t inode;
    uint32_t at;
} inode_at;

static int by_inode(const void *a, const void *b)
{
    uint64_t x = ((const inode_at *)a)->inode;
    uint64_t y = ((const inode_at *)b)->inode;
    return (x > y) - (x < y);
}

/* An inode that was given up may be another file's by now: only an open file keeps its own. */
static bool same_inode(weir__file_list *l, weir__file_entry *e, const file_found *at)
{
    bool untouched = e->done && strcmp(e->name, at->name) == 0 && at->size == e->size;
    return e->reader || untouched || same_by_name(l, e, at->name);
}

static void take_by_inode(weir__file_list *l, found *f)
{
    inode_at *all = weir_alloc(sizeof *all * (f->n + 1u));
    for (uint32_t k = 0; k < f->n; k++) {
        all[k] = (inode_at){f->items[k].inode, k};
    }
    qsort(all, f->n, sizeof *all, by_inode);
    for (uint32_t i = 0; i < l->n; i++) {
        inode_at key = {.inode = l->items[i]->inode};
        const inode_at *at = bsearch(&key, all, f->n, sizeof *all, by_inode);
        if (at && !f->items[at->at].taken && same_inode(l, l->items[i], &f->items[at->at])) {
            take(l->items[i], f, at->at);
        }
    }
    weir_free(all);
}

static void take_by_name(weir__file_list *l, found *f)
{
    for (uint32_t i = 0; i < l->n; i++) {
        weir__file_entry *e = l->items[i];
        const file_found *at = e->seen || !f->n ? NULL
                                                : bsearch(&e->name, f->items, f->n, sizeof *f->items, by_name);
        if (at && !at->taken && same_by_name(l, e, e->name)) {
            take(e, f, (uint32_t)(at - f->items));
        }
    }
}

/* Files that have been renamed to something that does not fit any more. */
static weir_rc look_beside(weir__file_list *l, weir_status *st)
{
    for (uint32_t i = 0; i < l->n; i++) {
        weir__file_entry *e = l->items[i];
        const char *slash = strrchr(e->name, '/');
        weir_buf pattern = {0};
        found f = {0};
        if (e->seen || e->done) {
            continue;
        }
        weir_buf_add(&pattern, e->name, slash ? (size_t)(slash - e->name) + 1 : 0);
        weir_buf_byte(&pattern, '*');
        weir_rc rc = weir_folder_match(l->folder, weir_buf_cstr(&pattern), l->max, on_file, &f, st);
        for (uint32_t k = 0; rc == WEIR_OK && k < f.n && !e->seen; k++) {
            if (f.items[k].inode == e->inode && same_by_name(l, e, f.items[k].name)) {
                take(e, &f, k);
            }
        }
        weir_buf_deinit(&pattern);
        found_free(&f);
        if (rc != WEIR_OK && rc != WEIR_ENOTFOUND) {
            return rc;
        }
        weir_status_reset(st);
    }
    return WEIR_OK;
}

weir_rc weir__file_list_look(weir__file_list *l, bool at_end, weir_status *st)
{
    found f = {0};
    weir_rc rc = weir_folder_match(l->folder, l->pattern, l->max, on_file, &f, st);
    if (rc == WEIR_ENOTFOUND) { /* a folder of the pattern is not there yet */
        weir_status_reset(st);
        rc = WEIR_OK;
    }
    if (f.n) {
        qsort(f.items, f.n, sizeof *f.items, by_name);
    }
    for (uint32_t i = 0; i < l->n; i++) {
        l->items[i]->seen = false;
    }
    take_by_inode(l, &f);
    rc = rc ? rc : look_beside(l, st);
    take_by_name(l, &f);
    for (uint32_t k = 0; k < f.n && rc == WEIR_OK; k++) {
        if (f.items[k].taken) {
            continue;
        }
        if (l->n >= l->max) {
            rc = weir_fail(st, WEIR_ELIMIT, "more than %u files", l->max);
            break;
        }
        weir__file_entry *e = add(l, weir_sv_cstr(f.items[k].name));
        e->inode = f.items[k].inode;
        e->offset = at_end ? f.items[k].size : 0;
        e->seen = true;
    }
    found_free(&f);
    return rc;
}
