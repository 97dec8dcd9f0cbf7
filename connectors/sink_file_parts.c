/* Which files are open. A path has at most one part; when there are too many, the one that was used
 * longest ago is completed.
 *
 * Names: without rolling a file is written in place, under its own name. With rolling a part is hidden
 * (.NAME.inprogress) until it is complete; the first is called as the path says, later ones get the time
 * and a number: orders.jsonl, orders_20260126T080000_000002.jsonl. They sort in the order they were
 * begun, also when the clock was set back. */
#include "connectors/sink_file.h"

#include "engine/base/hash.h"
#include "engine/data/datetime.h"

#include <stdio.h>

#define NAMES_TRIED 1000
#define SWEEP_FILES_MAX 1000000u

static int64_t now_ms(void)
{
    return weir_mono_ns() / 1000000;
}

static char *heap_text(weir_sv text)
{
    char *copy = weir_alloc(text.n + 1);
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    return copy;
}

/* ---- names ---- */

static const char *compressed_end(const weir__file_sink *s)
{
    return s->compression == WEIR_COMPRESSION_GZIP   ? ".gz"
           : s->compression == WEIR_COMPRESSION_ZSTD ? ".zst"
                                                     : "";
}

/* Where a path's folder, stem and end are apart: dir/stem|.jsonl.gz */
static void split(const weir__file_sink *s, weir_sv path, uint32_t *dir, uint32_t *stem)
{
    weir_sv rest;
    *dir = 0;
    for (uint32_t i = 0; i < path.n; i++) {
        *dir = path.p[i] == '/' ? i + 1 : *dir;
    }
    (void)weir__file_compression(path, &rest);
    rest = s->compression == WEIR_COMPRESSION_NONE ? path : rest;
    *stem = rest.n;
    for (uint32_t i = rest.n; i-- > *dir + 1;) {
        if (rest.p[i] == '.') {
            *stem = i;
            break;
        }
    }
}

/* The path with the end of its compression. */
static void full_path(const weir__file_sink *s, weir_sv path, weir_buf *out)
{
    weir_sv rest;
    weir_buf_sv(out, path);
    if (weir__file_compression(path, &rest) != s->compression) {
        weir_buf_str(out, compressed_end(s));
    }
}

static void numbered(weir__file_sink *s, weir_sv path, weir_buf *out)
{
    uint32_t dir = 0;
    uint32_t stem = 0;
    s->stamp_s = weir_max64(s->stamp_s, weir_wall_ms() / 1000);
    s->sequence++;
    split(s, path, &dir, &stem);
    weir_buf_add(out, path.p, stem);
    weir_buf_byte(out, '_');
    weir_template_time(out, WEIR_SV("%Y%m%dT%H%M%S"), s->stamp_s * 1000);
    weir_buf_printf(out, "_%06llu", (unsigned long long)s->sequence);
    weir_buf_add(out, path.p + stem, path.n - stem);
}

static bool is_free(weir__file_sink *s, const char *name)
{
    weir_file_info info;
    weir_status st;
    weir_status_reset(&st);
    return weir_folder_info(s->folder, name, &info, &st) == WEIR_ENOTFOUND;
}

void weir__file_new_names(weir__file_sink *s, weir__file_part *p)
{
    weir_buf full = {0};
    weir_buf name = {0};
    full_path(s, weir_sv_cstr(p->path), &full);
    weir_free(p->name);
    weir_free(p->open_name);
    bool plain = !s->rolls || (s->retention_ms == 0 && !p->name && is_free(s, weir_buf_cstr(&full)));
    if (plain) {
        weir_buf_sv(&name, weir_buf_view(&full));
    } else {
        numbered(s, weir_buf_view(&full), &name);
    }
    p->name = heap_text(weir_buf_view(&name));
    if (s->rolls) {
        const char *slash = strrchr(p->name, '/');
        size_t dir = slash ? (size_t)(slash - p->name) + 1 : 0;
        weir_buf_reset(&full);
        weir_buf_add(&full, p->name, dir);
        weir_buf_printf(&full, ".%s.inprogress", p->name + dir);
        p->open_name = heap_text(weir_buf_view(&full));
    } else {
        p->open_name = heap_text(weir_buf_view(&name));
    }
    weir_buf_deinit(&full);
    weir_buf_deinit(&name);
}

weir_rc weir__file_finish(weir__file_sink *s, const char *open_name, const char *name, weir_status *st)
{
    weir_buf other = {0};
    weir_rc rc = weir_folder_rename(s->folder, open_name, name, st);
    for (int i = 0; rc == WEIR_EEXISTS && i < NAMES_TRIED; i++) { /* somebody else's */
        weir_status_reset(st);
        weir_buf_reset(&other);
        numbered(s, weir_sv_cstr(name), &other);
        rc = weir_folder_rename(s->folder, open_name, weir_buf_cstr(&other), st);
    }
    weir_buf_deinit(&other);
    return rc;
}

/* ---- the table ---- */

static weir__file_part **bucket_of(weir__file_sink *s, weir_sv path)
{
    return &s->buckets[weir_hash_sv(path) % WEIR__FILE_BUCKETS];
}

static void unlink_use(weir__file_sink *s, weir__file_part *p)
{
    *(p->newer ? &p->newer->older : &s->newest) = p->older;
    *(p->older ? &p->older->newer : &s->oldest) = p->newer;
}

static void link_newest(weir__file_sink *s, weir__file_part *p)
{
    p->newer = NULL;
    p->older = s->newest;
    *(s->newest ? &s->newest->newer : &s->oldest) = p;
    s->newest = p;
}

void weir__file_drop_part(weir__file_sink *s, weir__file_part *p)
{
    weir__file_part **at = bucket_of(s, weir_sv_cstr(p->path));
    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
    unlink_use(s, p);
    s->n_parts--;
    weir_handle_close(p->handle);
    weir_buf_deinit(&p->text);
    weir_free(p->path);
    weir_free(p->name);
    weir_free(p->open_name);
    weir_free(p->refused);
    weir_free(p);
}

weir_rc weir__file_complete(weir__file_sink *s, weir__file_part *p, weir_status *st)
{
    WEIR_ASSERT(p->n_text == 0);
    if (p->torn) {
        WEIR_TRY(weir_handle_cut(p->handle, p->bytes, st));
        p->torn = false;
    }
    if (s->rolls && p->handle) {
        s->unsynced |= s->lazy;
        WEIR_TRY(p->bytes == 0 ? weir_folder_remove(s->folder, p->open_name, st)
                               : weir__file_finish(s, p->open_name, p->name, st));
    }
    weir__file_drop_part(s, p);
    return WEIR_OK;
}

void weir__file_many(weir__file_sink *s, bool many)
{
    s->lazy = many || !s->sync;
    weir_folder_lazy(s->folder, s->lazy);
}

/* Room for one more. */
static weir_rc make_room(weir__file_sink *s, bool *room, weir_status *st)
{
    *room = s->n_parts < s->max_open;
    for (weir__file_part *p = s->oldest; p && !*room; p = p->newer) {
        if (p->n_text == 0) {
            *room = true;
            weir__file_many(s, true); /* they come and go */
            return weir__file_complete(s, p, st);
        }
    }
    return WEIR_OK;
}

weir_rc weir__file_part_for(weir__file_sink *s, weir_sv path, weir__file_part **out, weir_status *st)
{
    weir__file_part **bucket = bucket_of(s, path);
    bool room = false;
    *out = NULL;
    for (weir__file_part *p = *bucket; p; p = p->next) {
        if (weir_sv_eq(weir_sv_cstr(p->path), path)) {
            unlink_use(s, p);
            link_newest(s, p);
            *out = p;
            return WEIR_OK;
        }
    }
    WEIR_TRY(make_room(s, &room, st));
    if (!room) {
        return WEIR_OK;
    }
    weir__file_part *p = weir_zalloc(sizeof *p);
    p->path = heap_text(path);
    p->opened_ms = p->touched_ms = now_ms();
    p->next = *bucket;
    *bucket = p;
    link_newest(s, p);
    s->n_parts++;
    weir__file_new_names(s, p);
    *out = p;
    return WEIR_OK;
}

/* ---- time ---- */

typedef struct sweep {
    weir__file_sink *sink;
    int64_t before_ms;
} sweep;

static void remove_old(void *ctx, weir_sv path, const weir_file_info *info)
{
    const sweep *w = ctx;
    weir_status st;
    weir_status_reset(&st);
    if (info->changed_ms < w->before_ms) {
        weir_buf name = {0};
        weir_buf_sv(&name, path);
        if (weir_folder_remove(w->sink->folder, weir_buf_cstr(&name), &st) != WEIR_OK) {
            weir_conn_trouble(w->sink->conn, "%s", st.msg);
        }
        weir_buf_deinit(&name);
    }
}

/* The template as a pattern for the names that numbered() makes of it. */
static void pattern_of(const weir__file_sink *s, weir_buf *out)
{
    weir_sv text = weir_conn_text(s->conn, "path");
    weir_buf plain = {0};
    weir_buf full = {0};
    for (uint32_t i = s->skip; i < text.n; i++) {
        const char *end = memchr(text.p + i, '}', text.n - i);
        if (text.p[i] == '$' && i + 1 < text.n && text.p[i + 1] == '{' && end) {
            weir_buf_byte(&plain, '*');
            i = (uint32_t)(end - text.p);
        } else if (strchr("*?[", text.p[i])) {
            weir_buf_printf(&plain, "[%c]", text.p[i]);
        } else {
            weir_buf_byte(&plain, text.p[i]);
        }
    }
    uint32_t dir = 0;
    uint32_t stem = 0;
    full_path(s, weir_buf_view(&plain), &full);
    split(s, weir_buf_view(&full), &dir, &stem);
    weir_buf_add(out, full.p, stem);
    weir_buf_str(out, "_[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T*_[0-9][0-9][0-9][0-9][0-9][0-9]*");
    weir_buf_add(out, full.p + stem, full.n - stem);
    weir_buf_deinit(&plain);
    weir_buf_deinit(&full);
}

static void remove_expired(weir__file_sink *s)
{
    weir_buf pattern = {0};
    weir_status st;
    weir_status_reset(&st);
    sweep w = {s, weir_wall_ms() - s->retention_ms};
    pattern_of(s, &pattern);
    weir_rc rc = weir_folder_match(s->folder, weir_buf_cstr(&pattern), SWEEP_FILES_MAX, remove_old, &w, &st);
    if (rc != WEIR_OK && rc != WEIR_ENOTFOUND) {
        weir_conn_trouble(s->conn, "retention: %s", st.msg);
    }
    weir_buf_deinit(&pattern);
}

void weir__file_tick(weir__file_sink *s)
{
    int64_t now = now_ms();
    weir__file_part *p = s->oldest;
    weir__file_many(s, s->n_parts > WEIR__FILE_FEW);
    while (p) {
        weir__file_part *newer = p->newer;
        weir_status st;
        weir_status_reset(&st);
        bool old = s->roll_ms && now - p->opened_ms >= s->roll_ms;
        bool idle = s->idle_ms && now - p->touched_ms >= s->idle_ms;
        if ((old || idle) && weir__file_complete(s, p, &st) != WEIR_OK) {
            weir_conn_trouble(s->conn, "%s", st.msg);
        }
        p = newer;
    }
    if (s->retention_ms && (s->swept_ms == 0 || now - s->swept_ms >= weir_min64(s->retention_ms / 10, 60000))) {
        s->swept_ms = now;
        remove_expired(s);
    }
}
