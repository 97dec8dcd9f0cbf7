/* Rows of a stream–stream join. Each side writes its rows one behind the other, in blocks, and never
 * moves them; one map leads from a key to the newest row of either side. What a row costs is finding
 * its key's entry, once, and touching the rows that it meets.
 *
 * A block goes when all its rows are too old. What still refers to a row of it finds out by its place,
 *
 *   place = number of the block (19 bits) ‖ offset in it / 8 (13 bits)
 *
 * which stands for nothing any more. Blocks in use are half as many as there are numbers, and neither
 * a row nor an entry refers to a row that was gone when it was written; so no number comes back while
 * somebody remembers it.
 *
 * In the store rows lie as they came, too: an epoch adds a part with what is new, and never writes a
 * row again, except that a small part is written anew with what follows. */
#include "engine/base/alloc.h"
#include "operators/op_join_stream.h"

#define BLOCK_BYTES ((uint32_t)1 << 16)
#define UNIT 8 /* rows begin at multiples; the first one of a block stays empty, so no place is 0 */
#define PLACE_BITS 13
#define NUMBER_MASK (((uint32_t)1 << (32 - PLACE_BITS)) - 1)
#define BLOCKS_MAX ((size_t)1 << (32 - PLACE_BITS - 1)) /* 16 GB */
#define PART_SMALL 4096 /* bytes of rows: a part with fewer is written again */
#define ROW_HEAD offsetof(stream_kept, bytes)
#define CACHE_LINE 64
#define WARM_DEPTH 3 /* rows of one key: more wait for each other anyway */
#define AHEAD 16     /* rows by which entries are fetched before they are needed */

static uint32_t row_bytes(uint32_t n)
{
    return (uint32_t)(ROW_HEAD + n + UNIT - 1) & ~(uint32_t)(UNIT - 1);
}

/* NULL: it is gone, or there is none. */
static stream_kept *row_at(const stream_log *log, uint32_t place)
{
    size_t i = ((place >> PLACE_BITS) - (uint32_t)log->base) & NUMBER_MASK;
    if (place == 0 || i < log->first || i >= log->n) {
        return NULL;
    }
    return (stream_kept *)(log->at[i].p + (size_t)(place & ((1u << PLACE_BITS) - 1)) * UNIT);
}

static uint32_t place_of(const stream_log *log, size_t block, uint32_t offset)
{
    return (uint32_t)((log->base + block) << PLACE_BITS) | offset / UNIT;
}

/* Rounded towards the newer row: a walk never stops too early. */
static uint32_t gap_between(int64_t older, int64_t newer)
{
    WEIR_ASSERT(older <= newer);
    uint64_t gap = (uint64_t)newer - (uint64_t)older;
    return gap < UINT32_MAX ? (uint32_t)gap : UINT32_MAX;
}

void weir__rows_open(stream_store *s)
{
    s->map = weir_hmap_new(sizeof(stream_entry));
    weir_hmap_track(s->map, false);
    s->log[0].newest = s->log[1].newest = -1;
}

void weir__rows_close(stream_store *s)
{
    for (int side = 0; side < 2; side++) {
        stream_log *log = &s->log[side];
        for (size_t i = log->first; i < log->n; i++) {
            weir_free(log->at[i].p);
        }
        weir_free(log->at);
        log->at = NULL;
        log->first = log->n = 0;
    }
    weir_hmap_free(s->map, NULL, NULL);
    s->map = NULL;
}

stream_entry *weir__rows_entry(stream_store *s, weir_sv key, const stream_hint *hint)
{
    bool added;
    return hint->entry && hint->removals == s->removals ? hint->entry
                                                        : weir_hmap_insert(s->map, key, &added);
}

void weir__rows_release(stream_store *s, stream_entry *e)
{
    if (e->rows == 0) {
        weir_hmap_remove(s->map, weir_hmap_key(s->map, e));
        s->removals++;
    }
}

/* Where a row of this size goes. NULL: there is too much. */
static stream_block *block_for(stream_log *log, uint32_t bytes)
{
    stream_block *last = log->n > log->first ? &log->at[log->n - 1] : NULL;
    if (last && last->p && last->n + (uint64_t)bytes <= BLOCK_BYTES) {
        return last;
    }
    size_t n = (UNIT + (size_t)bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
    if (log->first > log->n / 2) {
        log->n -= log->first;
        log->base += log->first;
        memmove(log->at, log->at + log->first, log->n * sizeof *log->at);
        log->first = 0;
    }
    if (log->n - log->first + n > BLOCKS_MAX) {
        return NULL;
    }
    WEIR_GROW(log->at, log->cap, log->n + n);
    stream_block *b = &log->at[log->n];
    for (size_t i = 0; i < n; i++) {
        b[i] = (stream_block){.newest = INT64_MIN};
    }
    b->p = weir_alloc(n * BLOCK_BYTES);
    b->n = b->stored = UNIT;
    log->n += n;
    return b;
}

/* Links a late row in behind those that are newer. */
static void link_late(const stream_log *log, stream_kept *newer, stream_kept *row, uint32_t place)
{
    stream_kept *older;
    for (;;) {
        older = newer->time - newer->gap > row->time ? row_at(log, newer->older) : NULL;
        if (!older || older->time <= row->time) {
            break;
        }
        newer = older;
    }
    older = row_at(log, newer->older);
    row->older = older ? newer->older : 0;
    row->gap = older ? gap_between(older->time, row->time) : 0;
    newer->older = place;
    newer->gap = gap_between(row->time, newer->time);
}

static void link_row(const stream_log *log, int side, stream_kept *row, uint32_t place)
{
    stream_entry *e = row->entry;
    stream_kept *newest = row_at(log, e->newest[side]); /* not touched unless the row is late */
    if (newest && e->time[side] > row->time) {
        link_late(log, newest, row, place);
        return;
    }
    row->older = newest ? e->newest[side] : 0;
    row->gap = newest ? gap_between(e->time[side], row->time) : 0;
    e->newest[side] = place;
    e->time[side] = row->time;
}

bool weir__rows_put(stream_store *s, int side, stream_entry *e, int64_t time, weir_sv row)
{
    stream_log *log = &s->log[side];
    stream_block *b = block_for(log, row_bytes(row.n));
    if (!b) {
        return false;
    }
    stream_kept *kept = (stream_kept *)(b->p + b->n);
    uint32_t place = place_of(log, (size_t)(b - log->at), b->n);
    b->n += row_bytes(row.n);
    b->newest = weir_max64(b->newest, time);
    kept->entry = e;
    kept->time = time;
    kept->n = row.n;
    if (row.n) {
        memcpy(kept->bytes, row.p, row.n);
    }
    e->rows++;
    link_row(log, side, kept, place);
    return true;
}

static void reverse(const stream_kept **rows, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        const stream_kept *row = rows[i];
        rows[i] = rows[n - 1 - i];
        rows[n - 1 - i] = row;
    }
}

void weir__rows_fetch(const stream_store *s, int side, const stream_entry *e, int64_t from,
                      int64_t to, const stream_kept ***out, size_t *n, size_t *cap)
{
    const stream_log *log = &s->log[side];
    size_t first = *n;
    int64_t newest = e->time[side];
    uint32_t place = e->newest[side];
    const stream_kept *row;
    while (newest >= from && (row = row_at(log, place)) != NULL && row->time >= from) {
        if (row->time <= to) {
            WEIR_GROW(*out, *cap, *n + 1);
            (*out)[(*n)++] = row;
        }
        newest = row->time - row->gap;
        place = row->older;
    }
    reverse(*out + first, *n - first);
}

/* The first lines of a row; the rest comes in sequence. */
static const stream_kept *prefetched(const stream_kept *row)
{
    if (row) {
        __builtin_prefetch(row);
        __builtin_prefetch((const char *)row + CACHE_LINE);
    }
    return row;
}

void weir__rows_warm(stream_store *s, int side, const weir_sv *keys, uint32_t n, const int64_t *from,
                     stream_hint **hints)
{
    const stream_log *log = &s->log[side];
    void *found[WEIR__WARM_ROWS];
    bool added[WEIR__WARM_ROWS];
    const stream_kept *rows[WEIR__WARM_ROWS];
    WEIR_ASSERT(n <= WEIR__WARM_ROWS);
    weir_hmap_insert_batch(s->map, keys, n, found, added);
    for (uint32_t i = 0; i < n; i++) {
        stream_entry *e = found[i];
        *hints[i] = (stream_hint){e, s->removals};
        rows[i] = e->time[side] >= from[i] ? prefetched(row_at(log, e->newest[side])) : NULL;
    }
    for (uint32_t depth = 1; depth < WARM_DEPTH; depth++) {
        for (uint32_t i = 0; i < n; i++) {
            const stream_kept *r = rows[i];
            rows[i] = r && r->time - r->gap >= from[i] ? prefetched(row_at(log, r->older)) : NULL;
        }
    }
}

/* Walks the rows of a block from *at on; entries of rows farther ahead are on their way. */
typedef struct block_walk {
    const char *at, *ahead, *end;
} block_walk;

static const char *fetch_entry(const char *at)
{
    const stream_kept *row = (const stream_kept *)at;
    __builtin_prefetch(row->entry, 1);
    return at + row_bytes(row->n);
}

static block_walk walk_from(const stream_block *b, uint32_t offset)
{
    block_walk w = {b->p + offset, b->p + offset, b->p + b->n};
    for (uint32_t i = 0; i < AHEAD && w.ahead < w.end; i++) {
        w.ahead = fetch_entry(w.ahead);
    }
    return w;
}

static const stream_kept *walk_next(block_walk *w)
{
    const stream_kept *row = (const stream_kept *)w->at;
    if (w->at == w->end) {
        return NULL;
    }
    w->at += row_bytes(row->n);
    w->ahead = w->ahead < w->end ? fetch_entry(w->ahead) : w->end;
    return row;
}

static void drop_rows(stream_store *s, int side, size_t block)
{
    const stream_log *log = &s->log[side];
    const stream_block *b = &log->at[block];
    block_walk w = walk_from(b, UNIT);
    const stream_kept *row;
    while ((row = walk_next(&w)) != NULL) {
        stream_entry *e = row->entry;
        uint32_t offset = (uint32_t)((const char *)row - b->p);
        if (e->newest[side] == place_of(log, block, offset)) {
            e->newest[side] = 0;
        }
        WEIR_ASSERT(e->rows > 0);
        e->rows--;
        weir__rows_release(s, e);
    }
}

void weir__rows_expire(stream_store *s, int64_t retention)
{
    for (int side = 0; side < 2; side++) {
        stream_log *log = &s->log[side];
        while (log->first < log->n && log->at[log->first].newest <= log->newest - retention) {
            stream_block *b = &log->at[log->first];
            if (b->p) {
                drop_rows(s, side, log->first);
                weir_free(b->p);
            }
            log->gone_to = b->parts > log->gone_to ? b->parts : log->gone_to;
            log->first++;
        }
    }
}

uint64_t weir__rows_bytes(const stream_store *s)
{
    uint64_t n = weir_hmap_bytes(s->map);
    for (int side = 0; side < 2; side++) {
        const stream_log *log = &s->log[side];
        n += (log->n - log->first) * BLOCK_BYTES + log->cap * sizeof *log->at;
    }
    return n;
}

/* ---- in the store: [row length][key length][time, from the one before][key][row] … ---- */

static void save_part(const stream_store *s, stream_log *log, stream_block *b, weir__saver *saver,
                      char tag)
{
    if (!b->open || b->stored - b->part >= PART_SMALL) {
        b->part = b->stored;
        b->parts = ++log->next_part;
        b->open = true;
    }
    weir_buf *value = &saver->value;
    int64_t number = (int64_t)b->parts - 1;
    int64_t time = 0;
    block_walk w = walk_from(b, b->part);
    const stream_kept *row;
    weir_buf_reset(value);
    while ((row = walk_next(&w)) != NULL) {
        weir_sv key = weir_hmap_key(s->map, row->entry);
        weir_buf_varint(value, row->n);
        weir_buf_varint(value, key.n);
        weir_buf_varint(value, weir_zigzag((int64_t)((uint64_t)row->time - (uint64_t)time)));
        weir_buf_sv(value, key);
        weir_buf_add(value, row->bytes, row->n);
        time = row->time;
    }
    b->stored = b->n;
    weir__saver_put(saver, tag, &number, (weir_sv){NULL, 0}, weir_buf_view(value));
}

void weir__rows_save(stream_store *s, int side, weir__saver *saver, char tag)
{
    stream_log *log = &s->log[side];
    for (; log->gone_from < log->gone_to; log->gone_from++) {
        int64_t number = (int64_t)log->gone_from;
        weir__saver_gone(saver, tag, &number, (weir_sv){NULL, 0});
    }
    for (size_t i = log->first; i < log->n; i++) {
        stream_block *b = &log->at[i];
        if (b->stored < b->n) {
            save_part(s, log, b, saver, tag);
        }
    }
}

weir_rc weir__rows_load(stream_store *s, int side, const weir_row_codec *codec, const weir_op *op,
                        weir_sv key, weir_sv value, weir_status *st)
{
    stream_log *log = &s->log[side];
    weir_reader r = weir_reader_of(value);
    int64_t number;
    int64_t time = 0;
    bool added;
    if (!weir__load_bucket(&key, &number) || key.n || value.n == 0 || number < 0 ||
        (uint64_t)number < log->next_part) {
        return weir__load_bad(op, st);
    }
    while (r.p < r.end) {
        uint64_t row_n = weir_read_varint(&r);
        uint64_t key_n = weir_read_varint(&r);
        time = (int64_t)((uint64_t)time + (uint64_t)weir_unzigzag(weir_read_varint(&r)));
        weir_sv row_key = weir_read_bytes(&r, key_n);
        weir_sv row = weir_read_bytes(&r, row_n);
        if (r.bad || !weir_row_check(codec, row) ||
            !weir__rows_put(s, side, weir_hmap_insert(s->map, row_key, &added), time, row)) {
            return weir__load_bad(op, st);
        }
    }
    if (log->next_part == 0) {
        log->gone_from = log->gone_to = (uint64_t)number;
    }
    log->next_part = (uint64_t)number + 1;
    log->at[log->n - 1].parts = log->next_part;
    for (size_t i = log->n; i-- > log->first && log->at[i].stored < log->at[i].n;) {
        log->at[i].stored = log->at[i].n;
    }
    return WEIR_OK;
}
