/* Requests that come again: a client that heard no answer asks the same with the same key, and must get
 * the first answer without anything being written a second time.
 *
 *   key ─► what was asked (hash), what it was answered ─► oldest … newest, so that the oldest go first
 *
 * A key is a note in the commit of the records it stands for, so a crash leaves both or neither. */
#include "connectors/source_http.h"

#include "engine/base/hash.h"
#include "engine/run/hmap.h"

#include <stdlib.h>

#define KEY_BYTES_MAX 255
#define BYTES_MAX ((size_t)64 << 20) /* of answers that tell of errors */
#define RETRY_AFTER_S 1

struct weir__http_once {
    weir_conn *conn;
    const char *header;
    int64_t window_ms;
    uint64_t entries_max;
    weir_hmap *map;          /* weir__http_first */
    weir__http_first *oldest, *newest;
    size_t bytes;
};

/* ---- the list ---- */

static void append(weir__http_once *o, weir__http_first *f)
{
    f->older = o->newest;
    *(o->newest ? &o->newest->newer : &o->oldest) = f;
    o->newest = f;
}

static void drop_answer(weir__http_once *o, weir__http_first *f)
{
    o->bytes -= f->answer.errors.n;
    weir_free((void *)(uintptr_t)f->answer.errors.p);
    f->answer.errors = (weir_sv){0};
}

static void forget(weir__http_once *o, weir__http_first *f)
{
    *(f->older ? &f->older->newer : &o->oldest) = f->newer;
    *(f->newer ? &f->newer->older : &o->newest) = f->older;
    drop_answer(o, f);
    weir_free(f->again);
    weir_hmap_remove(o->map, f->key);
}

/* What is too old, or too much. Those on their way are young, and stay. */
static void make_room(weir__http_once *o, int64_t now_ms)
{
    while (o->oldest && o->oldest->over &&
           (o->oldest->answer.at_ms + o->window_ms < now_ms || weir_hmap_count(o->map) > o->entries_max ||
            o->bytes > BYTES_MAX)) {
        weir_source_note(o->conn, o->oldest->key, (weir_sv){0});
        forget(o, o->oldest);
    }
}

/* ---- notes ---- */

static void keep_answer(weir__http_once *o, weir__http_first *f, const weir__http_answer *a)
{
    f->answer = *a;
    f->answer.errors = (weir_sv){0};
    if (a->errors.n) {
        char *copy = weir_alloc(a->errors.n);
        memcpy(copy, a->errors.p, a->errors.n);
        f->answer.errors = weir_sv_of(copy, a->errors.n);
        o->bytes += a->errors.n;
    }
}

void weir__http_once_taken(weir__http_once *o, weir__http_first *f, const weir__http_answer *a)
{
    weir_buf note = {0};
    keep_answer(o, f, a);
    weir_buf_be64(&note, f->asked);
    weir_buf_be64(&note, (uint64_t)a->at_ms);
    weir_buf_be32(&note, a->records);
    weir_buf_byte(&note, a->batch);
    weir_buf_sv(&note, a->errors);
    weir_source_note(o->conn, f->key, weir_buf_view(&note));
    weir_buf_deinit(&note);
}

static void on_note(void *ctx, weir_sv key, weir_sv value)
{
    weir__http_once *o = ctx;
    weir_reader r = weir_reader_of(value);
    uint64_t asked = weir_read_be64(&r);
    weir__http_answer a = {.at_ms = (int64_t)weir_read_be64(&r)};
    a.records = weir_read_be32(&r);
    a.batch = weir_read_u8(&r);
    a.errors = weir_sv_of(r.p, (size_t)(r.end - r.p));
    bool added = false;
    weir__http_first *f = r.bad ? NULL : weir_hmap_insert(o->map, key, &added);
    if (added) {
        f->key = weir_hmap_key(o->map, f);
        f->asked = asked;
        f->over = true;
        keep_answer(o, f, &a);
    }
}

static int by_age(const void *a, const void *b)
{
    const weir__http_first *const *x = a;
    const weir__http_first *const *y = b;
    return ((*x)->answer.at_ms > (*y)->answer.at_ms) - ((*x)->answer.at_ms < (*y)->answer.at_ms);
}

/* Notes come in the order of their keys. */
static void sort_by_age(weir__http_once *o)
{
    size_t n = weir_hmap_count(o->map);
    weir__http_first **all = weir_alloc(sizeof *all * (n + 1));
    uint64_t cursor = 0;
    void *payload = NULL;
    for (size_t i = 0; weir_hmap_next(o->map, &cursor, &payload); i++) {
        all[i] = payload;
    }
    qsort(all, n, sizeof *all, by_age);
    for (size_t i = 0; i < n; i++) {
        append(o, all[i]);
    }
    weir_free(all);
}

/* ---- opening ---- */

weir_rc weir__http_once_new(weir_conn *c, weir__http_once **out, weir_status *st)
{
    uint64_t entries = (uint64_t)weir_conn_int(c, "idempotency.entries");
    if (entries == 0) {
        return WEIR_OK;
    }
    weir__http_once *o = weir_zalloc(sizeof *o);
    o->conn = c;
    o->header = weir_conn_cstr(c, "idempotency.header");
    o->window_ms = weir_conn_int(c, "idempotency.window");
    o->entries_max = entries;
    o->map = weir_hmap_new(sizeof(weir__http_first));
    weir_hmap_track(o->map, false);
    *out = o; /* also a failed one is freed by its owner */
    WEIR_TRY(weir_conn_notes(c, on_note, o, st));
    sort_by_age(o);
    return WEIR_OK;
}

void weir__http_once_free(weir__http_once *o)
{
    if (!o) {
        return;
    }
    while (o->oldest) {
        forget(o, o->oldest);
    }
    weir_hmap_free(o->map, NULL, NULL);
    weir_free(o);
}

/* ---- requests ---- */

static uint64_t hash_of(const weir_http_req *req)
{
    uint64_t path = weir_hash_sv(weir_http_path(req));
    return weir_hash_sv(weir_http_body(req)) ^ (path << 1);
}

bool weir__http_once_is_new(weir__http_source *s, weir_http_req *req, weir__http_first **first)
{
    weir__http_once *o = s->once;
    weir_sv key = {0};
    *first = NULL;
    if (!o || !weir_http_header(req, o->header, &key)) {
        return true;
    }
    if (key.n == 0 || key.n > KEY_BYTES_MAX) {
        weir_http_reply_error(req, 400, "the key of the request must have 1 to 255 bytes");
        return false;
    }
    make_room(o, weir_wall_ms());
    bool added = false;
    uint64_t asked = hash_of(req);
    weir__http_first *f = weir_hmap_insert(o->map, key, &added);
    if (added) {
        f->key = weir_hmap_key(o->map, f);
        f->asked = asked;
        append(o, f);
        *first = f;
        return true;
    }
    if (f->asked != asked) {
        weir_http_reply_error(req, 422, "this key came before with another body: give each request its own");
    } else if (f->over) {
        weir__http_reply_taken(s, req, &f->answer);
    } else {
        WEIR_GROW(f->again, f->cap_again, f->n_again + 1);
        f->again[f->n_again++] = req;
    }
    return false;
}

void weir__http_once_settle(weir__http_source *s, weir__http_first *f, bool taken)
{
    if (!f) {
        return;
    }
    for (size_t i = 0; i < f->n_again; i++) {
        if (taken) {
            weir__http_reply_taken(s, f->again[i], &f->answer);
        } else {
            weir_http_reply_busy(f->again[i], 503, RETRY_AFTER_S, "the first one was not taken");
        }
    }
    weir_free(f->again);
    f->again = NULL;
    f->n_again = f->cap_again = 0;
    f->over = true;
    if (!taken) {
        forget(s->once, f);
    }
}
