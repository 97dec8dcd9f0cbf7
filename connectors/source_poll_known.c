/* Hash tables of 16 bytes a record, open addressing. */
#include "connectors/source_poll.h"

typedef struct slot {
    uint64_t key, record; /* key 0: empty */
} slot;

typedef struct set {
    slot *slots;
    uint32_t cap, n; /* cap: a power of two, or 0 */
} set;

struct weir__poll_known {
    set before, now;
    uint32_t max;
    bool full;
};

weir__poll_known *weir__poll_known_new(uint32_t max)
{
    weir__poll_known *k = weir_zalloc(sizeof *k);
    k->max = max;
    return k;
}

void weir__poll_known_free(weir__poll_known *k)
{
    if (k) {
        weir_free(k->before.slots);
        weir_free(k->now.slots);
        weir_free(k);
    }
}

static slot *find(const set *s, uint64_t key)
{
    uint32_t i = (uint32_t)key & (s->cap - 1);
    while (s->slots[i].key && s->slots[i].key != key) {
        i = (i + 1) & (s->cap - 1);
    }
    return &s->slots[i];
}

static void put(set *s, uint64_t key, uint64_t record)
{
    if ((s->n + 1) * 2 > s->cap) {
        set larger = {.cap = s->cap ? s->cap * 2 : 64};
        larger.slots = weir_zalloc(sizeof *larger.slots * larger.cap);
        for (uint32_t i = 0; i < s->cap; i++) {
            if (s->slots[i].key) {
                *find(&larger, s->slots[i].key) = s->slots[i];
            }
        }
        larger.n = s->n;
        weir_free(s->slots);
        *s = larger;
    }
    slot *at = find(s, key);
    s->n += at->key == 0;
    *at = (slot){key, record};
}

static bool has(const set *s, uint64_t key, uint64_t record)
{
    return s->cap && find(s, key)->key == key && find(s, key)->record == record;
}

bool weir__poll_known_add(weir__poll_known *k, uint64_t key, uint64_t record)
{
    key = key ? key : 1;
    bool known = has(&k->now, key, record) || (!(k->now.cap && find(&k->now, key)->key == key) &&
                                               has(&k->before, key, record));
    if (k->now.n < k->max) {
        put(&k->now, key, record);
    } else {
        k->full = true;
    }
    return !known;
}

bool weir__poll_known_full(const weir__poll_known *k)
{
    return k->full;
}

void weir__poll_known_turn(weir__poll_known *k)
{
    weir_free(k->before.slots);
    k->before = k->now;
    k->now = (set){0};
    k->full = false;
}

static void write_set(const set *s, weir_buf *out)
{
    weir_buf_varint(out, s->n);
    for (uint32_t i = 0; i < s->cap; i++) {
        if (s->slots[i].key) {
            weir_buf_be64(out, s->slots[i].key);
            weir_buf_be64(out, s->slots[i].record);
        }
    }
}

void weir__poll_known_write(const weir__poll_known *k, weir_buf *out)
{
    write_set(&k->before, out);
    write_set(&k->now, out);
}

static void read_set(set *s, weir_reader *r)
{
    for (uint64_t n = weir_read_varint(r); n > 0 && !r->bad; n--) {
        uint64_t key = weir_read_be64(r);
        put(s, key ? key : 1, weir_read_be64(r));
    }
}

bool weir__poll_known_read(weir__poll_known *k, weir_reader *r)
{
    read_set(&k->before, r);
    read_set(&k->now, r);
    return !r->bad;
}
