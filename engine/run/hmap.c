/* How it is fast: a slot carries 32 bits of the hash, so a probe touches an entry only when it is
 * almost surely the right one, and a batch touches memory in three passes (hash and prefetch slots;
 * find candidates and prefetch entries; compare), so that the misses of many rows overlap.
 *
 * A slot's home is the top bits of its tag. Growth therefore reads slots only, in order, and writes
 * them nearly in order; entries stay where they are. Entry i lives in slab k of doubling sizes:
 *
 *   slab      0        1             2
 *   entries   [0..16)  [16..48)      [48..112)    …    start of slab k = 16 (2^k - 1)
 *
 * so that small maps are small, and finding an entry takes one count of leading zeros. Removal
 * shifts later slots of the run back, which leaves no tombstones behind. */
#include "engine/run/hmap.h"
#include "engine/base/alloc.h"
#include "engine/base/buf.h"
#include "engine/base/hash.h"
#include "engine/base/limits.h"

#include <sys/mman.h>

#define HMAP_SLAB_LOG 4 /* entries in the first slab: 16 */
#define HMAP_SLABS (32 - HMAP_SLAB_LOG)
#define HMAP_SLOTS_MIN 16
#define HMAP_KEY_INLINE_MIN 24
#define HMAP_HUGE_BYTES ((size_t)2 << 20)
#define HMAP_PAGE ((size_t)4096)
#define HMAP_FREE UINT32_MAX /* key_n of a free entry */
#define HMAP_USED UINT32_MAX /* mark of a clean entry that was found or marked not long ago */
#define HMAP_AHEAD 8         /* entries by which memory is fetched before it is handed out */
#define HMAP_BLOCK 256       /* rows in flight: their slots and entries stay in L1 */

/* Behind the payload. The key's room is the rest of the stride. */
typedef struct hmap_tail {
    uint32_t key_n;
    uint32_t mark; /* place in marks + 1, or HMAP_USED, or 0 */
    union {
        char key[8]; /* reaches to the end of the entry */
        char *far;   /* keys longer than key_inline */
        uint32_t next_free;
    } u;
} hmap_tail;

typedef uint64_t hmap_slot; /* tag << 32 | entry + 1; 0 is empty */

struct weir_hmap {
    hmap_slot *slots;
    uint64_t slot_mask;
    uint32_t slot_shift; /* home of a tag: tag >> slot_shift */
    uint32_t payload_bytes;
    uint32_t tail_at;    /* in the entry */
    uint32_t key_inline; /* longest key inside the entry */
    uint32_t stride;
    uint32_t used; /* entries ever handed out: live or free */
    uint32_t free; /* entry + 1 of the free list */
    uint64_t count;
    bool track;
    bool filling; /* entries have no slots yet */
    char *slabs[HMAP_SLABS];
    weir_slab *keys; /* long ones; NULL until needed */
    void **marks;    /* payloads; NULL where a marked entry was removed */
    size_t n_marks, marks_cap;
    size_t n_holes; /* NULLs in marks */
    uint64_t n_gone;
    weir_buf gone; /* length and bytes of each removed key */
    bool cools;    /* entries have been, or may be, evicted: their use is noted */
    uint64_t cold;
    uint32_t hand; /* the entry that eviction looks at next */
    weir_hmap *removed; /* while there are cold entries: the keys of `gone` */
};

static inline uint32_t tag_of(weir_sv key)
{
    return (uint32_t)(weir_hash_sv(key) >> 32);
}

static inline uint32_t slab_of(uint32_t entry)
{
    return 63 - HMAP_SLAB_LOG - (uint32_t)__builtin_clzll((uint64_t)entry + (1u << HMAP_SLAB_LOG));
}

static inline uint64_t slab_entries(uint32_t slab)
{
    return (uint64_t)1 << (HMAP_SLAB_LOG + slab);
}

static inline char *payload_at(const weir_hmap *m, uint32_t entry)
{
    uint32_t slab = slab_of(entry);
    uint64_t at = (uint64_t)entry + (1u << HMAP_SLAB_LOG) - slab_entries(slab);
    return m->slabs[slab] + at * m->stride;
}

static inline hmap_tail *tail_of(const weir_hmap *m, const void *payload)
{
    return (hmap_tail *)((char *)payload + m->tail_at);
}

static inline const char *key_of(const weir_hmap *m, const hmap_tail *tail)
{
    return tail->key_n <= m->key_inline ? tail->u.key : tail->u.far;
}

static inline uint64_t load64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Equality of n > 0 bytes. Overlapping words are much faster than a call for the short keys that
 * are the rule. */
static inline bool bytes_equal(const char *a, const char *b, uint32_t n)
{
    if (n >= 8) {
        if (n > 24) {
            return memcmp(a, b, n) == 0;
        }
        uint64_t differ = (load64(a) ^ load64(b)) | (load64(a + n - 8) ^ load64(b + n - 8));
        if (n > 16) {
            differ |= load64(a + 8) ^ load64(b + 8);
        }
        return differ == 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

static inline bool key_equal(const weir_hmap *m, const hmap_tail *tail, weir_sv key)
{
    return tail->key_n == key.n && (key.n == 0 || bytes_equal(key_of(m, tail), key.p, key.n));
}

/* Huge pages only where they can be filled: the request is for memory that is used soon. */
static void *pages_alloc(size_t bytes)
{
    if (bytes < HMAP_HUGE_BYTES) {
        return weir_alloc_aligned(64, bytes);
    }
    size_t whole = (bytes + HMAP_HUGE_BYTES - 1) & ~(HMAP_HUGE_BYTES - 1);
    void *p = weir_alloc_aligned(HMAP_HUGE_BYTES, whole);
    (void)madvise(p, whole, MADV_HUGEPAGE); /* a kernel without it is only slower */
    return p;
}

static hmap_slot *slots_alloc(uint64_t n)
{
    hmap_slot *slots = pages_alloc(n * sizeof *slots);
    memset(slots, 0, n * sizeof *slots);
    return slots;
}

weir_hmap *weir_hmap_new(uint32_t payload_bytes)
{
    WEIR_ASSERT(payload_bytes < (1u << 24));
    weir_hmap *m = weir_zalloc(sizeof *m);
    m->payload_bytes = payload_bytes;
    m->tail_at = (payload_bytes + 7) & ~7u;
    uint32_t key_at = m->tail_at + (uint32_t)offsetof(hmap_tail, u);
    m->stride = (key_at + HMAP_KEY_INLINE_MIN + 15) & ~15u;
    m->key_inline = m->stride - key_at;
    m->slot_mask = HMAP_SLOTS_MIN - 1;
    m->slot_shift = 32 - (uint32_t)__builtin_ctz(HMAP_SLOTS_MIN);
    m->slots = slots_alloc(HMAP_SLOTS_MIN);
    m->track = true;
    return m;
}

static void drop_all(weir_hmap *m, void (*drop)(void *ctx, void *payload), void *ctx)
{
    uint64_t cursor = 0;
    void *payload;
    while (drop && weir_hmap_next(m, &cursor, &payload)) {
        drop(ctx, payload);
    }
}

void weir_hmap_clear(weir_hmap *m, void (*drop)(void *ctx, void *payload), void *ctx)
{
    drop_all(m, drop, ctx);
    memset(m->slots, 0, (m->slot_mask + 1) * sizeof *m->slots);
    weir_slab_free(m->keys);
    m->keys = NULL;
    m->used = m->free = 0;
    m->count = 0;
    m->n_marks = m->n_holes = 0;
    m->n_gone = 0;
    weir_buf_reset(&m->gone);
    m->cools = false;
    m->cold = 0;
    m->hand = 0;
    weir_hmap_free(m->removed, NULL, NULL);
    m->removed = NULL;
}

void weir_hmap_free(weir_hmap *m, void (*drop)(void *ctx, void *payload), void *ctx)
{
    if (!m) {
        return;
    }
    drop_all(m, drop, ctx);
    for (uint32_t k = 0; k < HMAP_SLABS; k++) {
        weir_free(m->slabs[k]);
    }
    weir_slab_free(m->keys);
    weir_buf_deinit(&m->gone);
    weir_hmap_free(m->removed, NULL, NULL);
    weir_free(m->marks);
    weir_free(m->slots);
    weir_free(m);
}

/* Entries of neighbouring old slots land in neighbouring new slots: the walk is sequential. */
static void slots_grow(weir_hmap *m)
{
    uint64_t old_n = m->slot_mask + 1;
    hmap_slot *old = m->slots;
    WEIR_ASSERT(m->slot_shift > 0); /* 2^32 slots: more than entries can be numbered */
    m->slot_shift--;
    m->slot_mask = old_n * 2 - 1;
    m->slots = slots_alloc(old_n * 2);
    for (uint64_t i = 0; i < old_n; i++) {
        if (old[i] == 0) {
            continue;
        }
        uint64_t at = (uint32_t)(old[i] >> 32) >> m->slot_shift;
        while (m->slots[at]) {
            at = (at + 1) & m->slot_mask;
        }
        m->slots[at] = old[i];
    }
    weir_free(old);
}

static inline void *probe(const weir_hmap *m, weir_sv key, uint32_t tag, uint64_t *slot)
{
    uint64_t at = tag >> m->slot_shift;
    for (;; at = (at + 1) & m->slot_mask) {
        hmap_slot s = m->slots[at];
        if (s == 0) {
            break;
        }
        if ((uint32_t)(s >> 32) == tag) {
            char *payload = payload_at(m, (uint32_t)s - 1);
            if (key_equal(m, tail_of(m, payload), key)) {
                *slot = at;
                return payload;
            }
        }
    }
    *slot = at;
    return NULL;
}

static uint32_t entry_take(weir_hmap *m)
{
    if (m->free) {
        uint32_t entry = m->free - 1;
        m->free = tail_of(m, payload_at(m, entry))->u.next_free;
        return entry;
    }
    WEIR_ASSERT(m->used < UINT32_MAX - (1u << HMAP_SLAB_LOG));
    uint32_t slab = slab_of(m->used);
    if (!m->slabs[slab]) {
        m->slabs[slab] = pages_alloc(slab_entries(slab) * m->stride);
    }
    /* New entries are cold memory, and their owner reads them at once. */
    __builtin_prefetch(payload_at(m, m->used) + HMAP_AHEAD * (size_t)m->stride, 1);
    return m->used++;
}

static inline void *entry_init(weir_hmap *m, uint32_t entry, weir_sv key)
{
    char *payload = payload_at(m, entry);
    hmap_tail *tail = tail_of(m, payload);
    memset(payload, 0, m->tail_at);
    tail->key_n = key.n;
    tail->mark = 0;
    char *to = tail->u.key;
    if (key.n > m->key_inline) {
        if (!m->keys) {
            m->keys = weir_slab_new();
        }
        to = tail->u.far = weir_slab_alloc(m->keys, key.n);
    }
    if (key.n) {
        weir_copy_short(to, key.p, key.n);
    }
    m->count++;
    return payload;
}

/* The key is known to be absent and `slot` is where it belongs. */
static void *entry_add(weir_hmap *m, weir_sv key, uint32_t tag, uint64_t slot)
{
    if ((m->count + 1) * 3 > (m->slot_mask + 1) * 2) {
        slots_grow(m);
        slot = tag >> m->slot_shift;
        while (m->slots[slot]) {
            slot = (slot + 1) & m->slot_mask;
        }
    }
    uint32_t entry = entry_take(m);
    m->slots[slot] = (uint64_t)tag << 32 | (entry + 1);
    return entry_init(m, entry, key);
}

void *weir_hmap_find(const weir_hmap *m, weir_sv key)
{
    uint64_t slot;
    return probe(m, key, tag_of(key), &slot);
}

static void *insert_tagged(weir_hmap *m, weir_sv key, uint32_t tag, bool *added)
{
    WEIR_ASSERT(key.n != HMAP_FREE);
    uint64_t slot;
    void *payload = probe(m, key, tag, &slot);
    *added = payload == NULL;
    return payload ? payload : entry_add(m, key, tag, slot);
}

void *weir_hmap_insert(weir_hmap *m, weir_sv key, bool *added)
{
    if (m->filling) {
        *added = true;
        return entry_init(m, entry_take(m), key);
    }
    return insert_tagged(m, key, tag_of(key), added);
}

/* Passes one and two: the first entry with the same tag, which is the key's or (one in billions) a
 * stranger's. Entries never move, so candidates outlive insertions of the same batch. */
static void candidates(const weir_hmap *m, const weir_sv *keys, uint32_t n, uint32_t *tags,
                       void **payloads)
{
    for (uint32_t i = 0; i < n; i++) {
        tags[i] = tag_of(keys[i]);
        __builtin_prefetch(&m->slots[tags[i] >> m->slot_shift]);
    }
    for (uint32_t i = 0; i < n; i++) {
        uint64_t at = tags[i] >> m->slot_shift;
        hmap_slot s = m->slots[at];
        while (s && (uint32_t)(s >> 32) != tags[i]) {
            at = (at + 1) & m->slot_mask;
            s = m->slots[at];
        }
        char *payload = NULL;
        if (s) {
            payload = payload_at(m, (uint32_t)s - 1);
            __builtin_prefetch(payload);
            __builtin_prefetch(payload + m->stride - 1);
        }
        payloads[i] = payload;
    }
}

static void note_use(const weir_hmap *m, void *const *payloads, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        hmap_tail *tail = payloads[i] ? tail_of(m, payloads[i]) : NULL;
        if (tail && tail->mark == 0) {
            tail->mark = HMAP_USED;
        }
    }
}

void weir_hmap_find_batch(const weir_hmap *m, const weir_sv *keys, uint32_t n, void **payloads)
{
    WEIR_ASSERT(n <= WEIR_BATCH_ROWS);
    uint32_t tags[HMAP_BLOCK];
    for (uint32_t from = 0; from < n; from += HMAP_BLOCK) {
        uint32_t rows = n - from < HMAP_BLOCK ? n - from : HMAP_BLOCK;
        candidates(m, keys + from, rows, tags, payloads + from);
        for (uint32_t i = 0; i < rows; i++) {
            void *payload = payloads[from + i];
            if (payload && WEIR_UNLIKELY(!key_equal(m, tail_of(m, payload), keys[from + i]))) {
                uint64_t slot;
                payloads[from + i] = probe(m, keys[from + i], tags[i], &slot);
            }
        }
    }
    if (m->cools) {
        note_use(m, payloads, n);
    }
}

void weir_hmap_insert_batch(weir_hmap *m, const weir_sv *keys, uint32_t n, void **payloads,
                            bool *added)
{
    WEIR_ASSERT(n <= WEIR_BATCH_ROWS);
    uint32_t tags[HMAP_BLOCK];
    for (uint32_t from = 0; from < n; from += HMAP_BLOCK) {
        uint32_t rows = n - from < HMAP_BLOCK ? n - from : HMAP_BLOCK;
        candidates(m, keys + from, rows, tags, payloads + from);
        for (uint32_t i = 0; i < rows; i++) {
            uint32_t row = from + i;
            if (payloads[row] && key_equal(m, tail_of(m, payloads[row]), keys[row])) {
                added[row] = false;
            } else {
                payloads[row] = insert_tagged(m, keys[row], tags[i], &added[row]);
            }
        }
    }
}

weir_sv weir_hmap_key(const weir_hmap *m, const void *payload)
{
    const hmap_tail *tail = tail_of(m, payload);
    WEIR_ASSERT(tail->key_n != HMAP_FREE);
    return (weir_sv){key_of(m, tail), tail->key_n};
}

/* Closes the gap: a later slot of the run moves back when its home is not behind the gap. */
static void slot_erase(weir_hmap *m, uint64_t gap)
{
    uint64_t at = gap;
    for (;;) {
        at = (at + 1) & m->slot_mask;
        hmap_slot s = m->slots[at];
        if (s == 0) {
            break;
        }
        uint64_t home = (uint32_t)(s >> 32) >> m->slot_shift;
        if (((at - home) & m->slot_mask) >= ((at - gap) & m->slot_mask)) {
            m->slots[gap] = s;
            gap = at;
        }
    }
    m->slots[gap] = 0;
}

/* Its memory is used again; the slot is the caller's business. */
static void entry_free(weir_hmap *m, hmap_tail *tail, uint32_t entry)
{
    if (tail->key_n > m->key_inline) {
        weir_slab_release(m->keys, tail->u.far, tail->key_n);
    }
    tail->key_n = HMAP_FREE;
    tail->u.next_free = m->free;
    m->free = entry + 1;
    m->count--;
}

static inline bool is_marked(const hmap_tail *tail)
{
    return tail->mark != 0 && tail->mark != HMAP_USED;
}

bool weir_hmap_remove(weir_hmap *m, weir_sv key)
{
    uint64_t slot;
    void *payload = probe(m, key, tag_of(key), &slot);
    if (!payload) {
        return false;
    }
    hmap_tail *tail = tail_of(m, payload);
    if (m->track) {
        weir_buf_varint(&m->gone, key.n);
        weir_buf_sv(&m->gone, key);
        m->n_gone++;
    }
    if (m->track && m->cold) {
        bool added;
        m->removed = m->removed ? m->removed : weir_hmap_new(0);
        weir_hmap_insert(m->removed, key, &added);
    }
    if (is_marked(tail)) {
        m->marks[tail->mark - 1] = NULL;
        m->n_holes++;
    }
    uint32_t entry = (uint32_t)m->slots[slot] - 1;
    slot_erase(m, slot);
    entry_free(m, tail, entry);
    return true;
}

void weir_hmap_mark(weir_hmap *m, void *payload)
{
    hmap_tail *tail = tail_of(m, payload);
    if (is_marked(tail) || !m->track) {
        return;
    }
    WEIR_ASSERT(m->n_marks < HMAP_USED - 1);
    WEIR_GROW(m->marks, m->marks_cap, m->n_marks + 1);
    m->marks[m->n_marks++] = payload;
    tail->mark = (uint32_t)m->n_marks;
}

void weir_hmap_sweep(weir_hmap *m, void (*put)(void *ctx, weir_sv key, void *payload),
                     void (*gone)(void *ctx, weir_sv key), void *ctx)
{
    weir_reader r = {m->gone.p, m->gone.p + m->gone.n, false};
    for (uint64_t i = 0; i < m->n_gone; i++) {
        weir_sv key = weir_read_bytes(&r, weir_read_varint(&r));
        WEIR_ASSERT(!r.bad);
        if (gone) {
            gone(ctx, key);
        }
    }
    for (size_t i = 0; i < m->n_marks; i++) {
        void *payload = m->marks[i];
        if (!payload) {
            continue;
        }
        tail_of(m, payload)->mark = HMAP_USED;
        if (put) {
            put(ctx, weir_hmap_key(m, payload), payload);
        }
    }
    m->n_marks = 0;
    m->n_holes = 0;
    m->n_gone = 0;
    weir_buf_reset(&m->gone);
    weir_hmap_free(m->removed, NULL, NULL);
    m->removed = NULL;
}

uint64_t weir_hmap_marked(const weir_hmap *m)
{
    return m->n_marks - m->n_holes + m->n_gone;
}

void weir_hmap_track(weir_hmap *m, bool on)
{
    weir_hmap_sweep(m, NULL, NULL, NULL);
    m->track = on;
}

/* ---- entries without slots ---- */

/* Far cheaper than insertion by insertion: entries are read in order, and many slots are under way. */
static void slots_rebuild(weir_hmap *m)
{
    uint64_t n = HMAP_SLOTS_MIN;
    m->slot_shift = 32 - (uint32_t)__builtin_ctz(HMAP_SLOTS_MIN);
    for (; m->count * 3 > n * 2; n *= 2) {
        m->slot_shift--;
    }
    weir_free(m->slots);
    m->slots = slots_alloc(n);
    m->slot_mask = n - 1;
    uint32_t tags[HMAP_BLOCK];
    for (uint32_t from = 0; from < m->used; from += HMAP_BLOCK) {
        uint32_t rows = m->used - from < HMAP_BLOCK ? m->used - from : HMAP_BLOCK;
        for (uint32_t i = 0; i < rows; i++) {
            tags[i] = tag_of(weir_hmap_key(m, payload_at(m, from + i)));
            __builtin_prefetch(&m->slots[tags[i] >> m->slot_shift], 1);
        }
        for (uint32_t i = 0; i < rows; i++) {
            uint64_t at = tags[i] >> m->slot_shift;
            while (m->slots[at]) {
                at = (at + 1) & m->slot_mask;
            }
            m->slots[at] = (uint64_t)tags[i] << 32 | (from + i + 1);
        }
    }
}

void weir_hmap_filling(weir_hmap *m, bool on)
{
    WEIR_ASSERT(!on || m->free == 0);
    if (m->filling && !on) {
        slots_rebuild(m);
    }
    m->filling = on;
}

/* ---- eviction ---- */

static bool is_live(const weir_hmap *m, uint32_t entry)
{
    return tail_of(m, payload_at(m, entry))->key_n != HMAP_FREE;
}

/* Gives back what lies behind the last entry. */
static void slabs_trim(weir_hmap *m)
{
    for (uint32_t k = 0; k < HMAP_SLABS && m->slabs[k]; k++) {
        uint64_t first = slab_entries(k) - slab_entries(0);
        size_t bytes = slab_entries(k) * m->stride;
        if (first >= m->used) {
            weir_free(m->slabs[k]);
            m->slabs[k] = NULL;
        } else if (bytes >= HMAP_HUGE_BYTES && m->used - first < slab_entries(k)) {
            size_t keep = ((m->used - first) * m->stride + HMAP_PAGE - 1) & ~(HMAP_PAGE - 1);
            (void)madvise(m->slabs[k] + keep, bytes - keep, MADV_DONTNEED);
        }
    }
}

/* The last entries move into the gaps, so that memory is given back at the end. */
static void compact(weir_hmap *m)
{
    uint32_t low = 0;
    uint32_t high = m->used;
    for (;;) {
        while (low < high && is_live(m, low)) {
            low++;
        }
        while (low < high && !is_live(m, high - 1)) {
            high--;
        }
        if (low == high) {
            break;
        }
        memcpy(payload_at(m, low), payload_at(m, --high), m->stride);
        tail_of(m, payload_at(m, high))->key_n = HMAP_FREE;
    }
    WEIR_ASSERT(high == m->count);
    m->used = high;
    m->free = 0;
    slabs_trim(m);
    slots_rebuild(m);
    if (m->count == 0) {
        weir_slab_free(m->keys);
        m->keys = NULL;
    }
}

uint64_t weir_hmap_evict(weir_hmap *m, uint64_t most, void (*drop)(void *ctx, void *payload),
                         void *ctx)
{
    if (weir_hmap_marked(m)) {
        return 0;
    }
    m->cools = true;
    weir_free(m->marks);
    m->marks = NULL;
    m->marks_cap = 0;
    weir_buf_deinit(&m->gone);
    uint64_t n = 0;
    for (uint32_t looked = 0; looked < m->used && n < most; looked++) {
        m->hand = m->hand < m->used ? m->hand : 0;
        uint32_t entry = m->hand++;
        void *payload = payload_at(m, entry);
        hmap_tail *tail = tail_of(m, payload);
        if (tail->key_n == HMAP_FREE) {
            continue;
        }
        if (tail->mark) {
            tail->mark = 0;
            continue;
        }
        if (drop) {
            drop(ctx, payload);
        }
        entry_free(m, tail, entry);
        n++;
    }
    if (n) {
        m->cold += n;
        compact(m);
    }
    return n;
}

uint64_t weir_hmap_cold(const weir_hmap *m)
{
    return m->cold;
}

void weir_hmap_cool(weir_hmap *m, int64_t more)
{
    WEIR_ASSERT(more >= 0 || m->cold >= (uint64_t)-more);
    m->cools = true;
    m->cold += (uint64_t)more;
}

bool weir_hmap_removed(const weir_hmap *m, weir_sv key)
{
    return m->removed && weir_hmap_find(m->removed, key);
}

/* ---- numbers ---- */

uint64_t weir_hmap_count(const weir_hmap *m)
{
    return m->count;
}

/* Counts the entries handed out, not the slabs: what was never touched takes no memory. */
uint64_t weir_hmap_bytes(const weir_hmap *m)
{
    return sizeof *m + (m->slot_mask + 1) * sizeof *m->slots + (uint64_t)m->used * m->stride +
           (m->keys ? weir_slab_bytes(m->keys) - weir_slab_idle(m->keys) : 0) + m->gone.cap +
           m->marks_cap * sizeof *m->marks + (m->removed ? weir_hmap_bytes(m->removed) : 0);
}

bool weir_hmap_next(const weir_hmap *m, uint64_t *cursor, void **payload)
{
    while (*cursor < m->used) {
        char *at = payload_at(m, (uint32_t)(*cursor)++);
        if (tail_of(m, at)->key_n != HMAP_FREE) {
            *payload = at;
            return true;
        }
    }
    return false;
}
