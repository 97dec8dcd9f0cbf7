/* Alerts held back: a key's repeats within alert.cooldown, and whatever is more than alert.limit in an
 * interval. Time is that of the records, so that the same records always give the same alerts.
 *
 *   seen  key → time of its last alert, as records are rendered
 *   told  the same, as alerts are delivered; it is kept in notes, and `seen` begins as its copy
 *
 * So after a restart, what was not delivered is judged again as the first time, and what follows a
 * delivered alert too closely stays held back. The limit counts anew after a restart. Both tables have
 * buckets of a few places, in which the oldest key makes way: memory stays what it is, and at worst a
 * repeat gets through. */
#include "connectors/sink_http.h"

#include "engine/base/hash.h"

#define WAYS 8u

typedef struct entry {
    uint64_t key;          /* 0: free */
    int64_t at;
} entry;

typedef struct table {
    entry *entries;
    uint64_t mask;         /* of buckets */
} table;

struct weir__hook_shape {
    weir_conn *conn;
    int64_t cooldown_ms, interval_ms;
    uint64_t limit;        /* 0: none */
    table seen, told;      /* entries NULL: no cooldown */
    int64_t interval;      /* … the number of the current one */
    uint64_t passed;       /* in it */
};

static entry *bucket_of(const table *t, uint64_t key)
{
    return &t->entries[(key & t->mask) * WAYS];
}

static entry *find(const table *t, uint64_t key)
{
    entry *b = bucket_of(t, key);
    for (uint32_t i = 0; i < WAYS; i++) {
        if (b[i].key == key) {
            return &b[i];
        }
    }
    return NULL;
}

/* Returns the key that made way; 0: none. */
static uint64_t put(table *t, uint64_t key, int64_t at)
{
    entry *b = bucket_of(t, key);
    entry *to = find(t, key);
    for (uint32_t i = 0; !to && i < WAYS; i++) {
        to = b[i].key == 0 ? &b[i] : NULL;
    }
    if (!to) {
        to = b;
        for (uint32_t i = 1; i < WAYS; i++) {
            to = b[i].at < to->at ? &b[i] : to;
        }
    }
    uint64_t gone = to->key == key ? 0 : to->key;
    *to = (entry){key, at};
    return gone;
}

static void drop(table *t, uint64_t key)
{
    entry *e = find(t, key);
    if (e) {
        *e = (entry){0};
    }
}

/* ---- opening ---- */

static void on_note(void *ctx, weir_sv key, weir_sv value)
{
    weir__hook_shape *s = ctx;
    weir_reader k = weir_reader_of(key);
    weir_reader v = weir_reader_of(value);
    uint64_t hash = weir_read_be64(&k);
    int64_t at = (int64_t)weir_read_be64(&v);
    if (!k.bad && !v.bad && hash) {
        put(&s->told, hash, at);
    }
}

static size_t bytes_of(const table *t)
{
    return sizeof *t->entries * (size_t)(t->mask + 1) * WAYS;
}

weir_rc weir__hook_shape_new(weir_conn *c, weir__hook_shape **out, weir_status *st)
{
    int64_t cooldown = weir_conn_int(c, "alert.cooldown");
    int64_t limit = weir_conn_int(c, "alert.limit");
    *out = NULL;
    if (cooldown == 0 && limit == 0) {
        return WEIR_OK;
    }
    weir__hook_shape *s = weir_zalloc(sizeof *s);
    *out = s;
    s->conn = c;
    s->cooldown_ms = cooldown;
    s->limit = (uint64_t)limit;
    s->interval_ms = weir_conn_int(c, "alert.limit.interval");
    if (cooldown == 0) {
        return WEIR_OK;
    }
    uint64_t buckets = 1;
    while (buckets * WAYS < (uint64_t)weir_conn_int(c, "alert.cooldown.keys")) {
        buckets *= 2;
    }
    s->seen.mask = s->told.mask = buckets - 1;
    s->seen.entries = weir_zalloc(bytes_of(&s->seen));
    s->told.entries = weir_zalloc(bytes_of(&s->told));
    return weir_conn_notes(c, on_note, s, st);
}

void weir__hook_shape_free(weir__hook_shape *s)
{
    if (s) {
        weir_free(s->seen.entries);
        weir_free(s->told.entries);
        weir_free(s);
    }
}

void weir__hook_shape_start(weir__hook_shape *s)
{
    s->interval = INT64_MIN;
    s->passed = 0;
    if (s->cooldown_ms) {
        memcpy(s->seen.entries, s->told.entries, bytes_of(&s->told));
    }
}

/* ---- judging ---- */

static uint64_t key_of(const weir_sink_input *in, const weir_chunk *chunk, const weir_rec *rec)
{
    const weir__hook_topic *t = in->bound;
    uint64_t key = rec->key_n == WEIR_NULL_BYTES ? 1 : weir_hash_sv(weir_rec_key(chunk, rec));
    key = weir_hash_u64(key ^ t->id_seed);
    return key ? key : 1;
}

static bool over_limit(weir__hook_shape *s, int64_t at)
{
    if (s->limit == 0) {
        return false;
    }
    int64_t interval = at / s->interval_ms;
    if (interval > s->interval) {
        s->interval = interval;
        s->passed = 0;
    }
    return s->passed >= s->limit;
}

bool weir__hook_shape_passes(weir__hook_shape *s, const weir_sink_rows *r, uint32_t row)
{
    const weir_rec *rec = weir_sink_rec(r, row);
    uint64_t key = key_of(r->in, r->chunk, rec);
    int64_t at = rec->timestamp;
    if (weir_sink_tombstone(r, row)) {
        if (s->cooldown_ms) {
            drop(&s->seen, key);
        }
        return true;
    }
    const entry *last = s->cooldown_ms ? find(&s->seen, key) : NULL;
    if ((last && at - last->at < s->cooldown_ms) || over_limit(s, at)) {
        return false;
    }
    s->passed++;
    if (s->cooldown_ms) {
        put(&s->seen, key, at);
    }
    return true;
}

static void note(weir__hook_shape *s, uint64_t key, const int64_t *at)
{
    weir_buf k = {0};
    weir_buf v = {0};
    weir_buf_be64(&k, key);
    if (at) {
        weir_buf_be64(&v, (uint64_t)*at);
    }
    weir_conn_note(s->conn, weir_buf_view(&k), weir_buf_view(&v));
    weir_buf_deinit(&k);
    weir_buf_deinit(&v);
}

void weir__hook_shape_settled(weir__hook_shape *s, const weir_sink_item *item, bool delivered)
{
    const weir_sink_parcel *p = item->parcel;
    const weir_rec *rec = weir_sink_item_rec(item);
    uint64_t key = key_of(p->in, p->chunk, rec);
    if (s->cooldown_ms == 0) {
        return;
    }
    if (!delivered) {
        const entry *e = find(&s->seen, key);
        if (e && e->at == rec->timestamp) {
            drop(&s->seen, key);
        }
        return;
    }
    if (rec->value_n == WEIR_NULL_BYTES) {
        drop(&s->told, key);
        note(s, key, NULL);
        return;
    }
    uint64_t gone = put(&s->told, key, rec->timestamp);
    note(s, key, &rec->timestamp);
    if (gone) {
        note(s, gone, NULL);
    }
}
