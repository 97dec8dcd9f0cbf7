/* Chunks in memory are an array searched by base offset. Older ones are in the store under
 * 'T' ‖ topic id ‖ partition ‖ base offset, big-endian, so that the chunk of an offset is the
 * greatest key that is not behind it. A large chunk lies in the partition's log file, and the store has
 * its place. Small neighbours are stored as one chunk: in live use a round
 * appends a few records, and an epoch has many rounds. Readers go by offset and do not see the
 * difference.
 *
 * Reading from the store happens on workers, several at a time. The last decoded chunk is kept in
 * one atomic pointer that a reader takes out, uses, and puts back: who finds it taken decodes. */
#include "engine/run/partition.h"
#include "engine/base/log.h"

#define PARTITION_KEY_BYTES 17
#define PARTITION_LOG_BYTES ((size_t)32 << 10) /* chunks from here on go to the log file */
#define IN_STORE 'C' /* first byte of a value: the chunk follows */
#define IN_LOG 'L'   /* its place and length follow */
#define PARTITION_JOIN_BYTES ((size_t)256 << 10) /* neighbours are joined up to this size */
#define PARTITION_JOIN_RECS 4096
#define PARTITION_EXPIRE_CHUNKS 256 /* looked at in one epoch, which must not take long */

void weir__partition_init(weir__partition *p, weir_store *store, uint64_t *held_bytes,
                          uint32_t topic_id, uint32_t number)
{
    *p = (weir__partition){.store = store,
                           .window = {.held_bytes = held_bytes},
                           .topic_id = topic_id,
                           .number = number,
                           .newest = INT64_MIN,
                           .least_reader = INT64_MAX};
}

static int64_t chunk_newest(const weir_chunk *c)
{
    int64_t newest = INT64_MIN;
    for (uint32_t i = 0; i < c->n; i++) {
        newest = weir_max64(newest, c->recs[i].timestamp);
    }
    return newest;
}

void weir__partition_deinit(weir__partition *p)
{
    weir__window_deinit(&p->window);
    weir__segment_close(&p->log);
    weir_chunk_unref(p->decoded);
    *p = (weir__partition){0};
}

void weir__partition_append(weir__partition *p, weir_chunk *chunk)
{
    chunk->base = p->end;
    weir__window_append(&p->window, chunk);
    p->end = weir_chunk_end(chunk);
    if (p->retains) {
        p->newest = weir_max64(p->newest, chunk_newest(chunk));
    }
    p->dirty = true;
}

void weir__partition_evict(weir__partition *p, int64_t offset)
{
    int64_t to = p->store ? weir_min64(offset, p->durable) : offset;
    int64_t held = weir__window_evict(&p->window, to);
    p->held = held < 0 ? p->held : held;
    if (!p->store) {
        p->begin = p->held;
    }
}

static void key_put(const weir__partition *p, weir_buf *key, int64_t offset)
{
    weir_buf_reset(key);
    weir_buf_byte(key, 'T');
    weir_buf_be32(key, p->topic_id);
    weir_buf_be32(key, p->number);
    weir_buf_be64(key, (uint64_t)offset);
}

/* The chunk that a stored value stands for. */
static weir_rc chunk_of(const weir__partition *p, weir_sv value, int64_t base, weir_chunk **out,
                        weir_status *st)
{
    weir_reader r = weir_reader_of(value);
    uint8_t where = weir_read_u8(&r);
    if (where == IN_STORE) {
        return weir_chunk_decode(weir_sv_of(value.p + 1, value.n - 1), base, out, st);
    }
    uint64_t at = weir_read_be64(&r);
    uint32_t n = weir_read_be32(&r);
    if (r.bad || where != IN_LOG || !p->log.path || at + n > p->log.end) {
        return weir_fail(st, WEIR_ECORRUPT,
                         "data directory \"%s\": partition %u of topic number %u is damaged",
                         weir_store_dir(p->store), p->number, p->topic_id);
    }
    weir_buf bytes = {0};
    weir_rc rc = weir__segment_read(&p->log, at, n, &bytes, st);
    rc = rc ? rc : weir_chunk_decode(weir_buf_view(&bytes), base, out, st);
    weir_buf_deinit(&bytes);
    return rc;
}

static weir_rc load(const weir__partition *p, int64_t offset, weir_chunk **out, weir_status *st)
{
    weir_buf key = {0};
    weir_buf at = {0};
    weir_buf value = {0};
    bool found;
    *out = NULL;
    key_put(p, &key, offset);
    weir_sv prefix = weir_sv_of(key.p, PARTITION_KEY_BYTES - 8);
    weir_rc rc = weir_store_floor(p->store, prefix, weir_buf_view(&key), &at, &value, &found, st);
    if (rc == WEIR_OK && found && at.n == PARTITION_KEY_BYTES) {
        weir_reader r = weir_reader_of(weir_sv_of(at.p + at.n - 8, 8));
        int64_t base = (int64_t)weir_read_be64(&r);
        rc = chunk_of(p, weir_buf_view(&value), base, out, st);
    }
    if (rc == WEIR_OK && (!*out || weir_chunk_end(*out) <= offset)) {
        weir_chunk_unref(*out);
        *out = NULL;
        rc = weir_fail(st, WEIR_ECORRUPT,
                       "data directory \"%s\": partition %u of topic number %u lacks offset %lld",
                       weir_store_dir(p->store), p->number, p->topic_id, (long long)offset);
    }
    weir_buf_deinit(&key);
    weir_buf_deinit(&at);
    weir_buf_deinit(&value);
    return rc;
}

/* Any thread. */
static weir_rc read_stored(weir__partition *p, int64_t offset, weir_chunk **out, weir_status *st)
{
    weir_chunk *c = __atomic_exchange_n(&p->decoded, NULL, __ATOMIC_ACQ_REL);
    if (!c || offset < c->base || offset >= weir_chunk_end(c)) {
        weir_chunk_unref(c);
        c = NULL;
        WEIR_TRY(load(p, offset, &c, st));
    }
    weir_chunk_ref(c);
    weir_chunk_unref(__atomic_exchange_n(&p->decoded, c, __ATOMIC_ACQ_REL));
    *out = c;
    return WEIR_OK;
}

weir_rc weir__partition_read(weir__partition *p, int64_t offset, weir_chunk **out, weir_status *st)
{
    *out = NULL;
    offset = weir_max64(offset, p->begin);
    if (offset >= p->end) {
        return WEIR_OK;
    }
    if (offset < p->held) {
        return read_stored(p, offset, out, st);
    }
    *out = p->window.chunks[weir__window_find(&p->window, offset)];
    weir_chunk_ref(*out);
    return WEIR_OK;
}

static bool joins(const weir_chunk *c, size_t n_bytes, size_t n_recs)
{
    return n_bytes + c->n_bytes <= PARTITION_JOIN_BYTES && n_recs + c->n <= PARTITION_JOIN_RECS;
}

/* One chunk of the records of chunks[from, to), or the chunk itself. A new reference. */
static weir_chunk *join(const weir__window *w, size_t from, size_t to)
{
    if (to - from == 1) {
        weir_chunk_ref(w->chunks[from]);
        return w->chunks[from];
    }
    weir_chunk_builder b;
    weir_chunk_builder_init(&b);
    for (size_t i = from; i < to; i++) {
        const weir_chunk *c = w->chunks[i];
        for (uint32_t k = 0; k < c->n; k++) {
            const weir_rec *r = &c->recs[k];
            weir_chunk_builder_add(&b, (weir_sv){c->bytes + r->key_at, r->key_n},
                                   (weir_sv){c->bytes + r->value_at, r->value_n},
                                   (weir_sv){c->bytes + r->headers_at, r->headers_n}, r->timestamp,
                                   0);
        }
    }
    weir_chunk *c = weir_chunk_builder_take(&b);
    c->base = w->chunks[from]->base;
    weir_chunk_builder_deinit(&b);
    return c;
}

/* The value for a chunk; a large one goes to the log file. */
static weir_rc place_chunk(weir__partition *p, const weir_chunk *c, weir_buf *value, weir_buf *bytes,
                           weir_status *st)
{
    weir_buf_reset(value);
    if (c->n_bytes < PARTITION_LOG_BYTES) {
        weir_buf_byte(value, IN_STORE);
        weir_chunk_encode(c, true, value);
        return WEIR_OK;
    }
    if (!p->log.path) {
        WEIR_TRY(weir__segment_open(&p->log, weir_store_dir(p->store), p->topic_id, p->number, 0, st));
    }
    uint64_t at = 0;
    weir_buf_reset(bytes);
    weir_chunk_encode(c, false, bytes);
    WEIR_TRY(weir__segment_append(&p->log, weir_buf_view(bytes), &at, st));
    weir_buf_byte(value, IN_LOG);
    weir_buf_be64(value, at);
    weir_buf_be32(value, (uint32_t)bytes->n);
    return WEIR_OK;
}

static weir_rc save_chunks(weir__partition *p, weir_store_batch *batch, weir_status *st)
{
    weir_buf key = {0};
    weir_buf value = {0};
    weir_buf bytes = {0};
    weir_rc rc = WEIR_OK;
    const weir__window *w = &p->window;
    for (size_t from = weir__window_find(w, p->saved); rc == WEIR_OK && from < w->n;) {
        size_t to = from;
        size_t n_bytes = 0;
        size_t n_recs = 0;
        do {
            n_bytes += w->chunks[to]->n_bytes;
            n_recs += w->chunks[to++]->n;
        } while (to < w->n && joins(w->chunks[to], n_bytes, n_recs));
        weir_chunk *c = join(w, from, to);
        key_put(p, &key, c->base);
        rc = place_chunk(p, c, &value, &bytes, st);
        weir_store_put(batch, weir_buf_view(&key), weir_buf_view(&value));
        weir_chunk_unref(c);
        from = to;
    }
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
    weir_buf_deinit(&bytes);
    return rc;
}

static void save_meta(weir__partition *p, weir_store_batch *batch)
{
    weir_buf key = {0};
    weir_buf value = {0};
    weir_buf_str(&key, WEIR__PARTITION_META);
    weir_buf_be32(&key, p->topic_id);
    weir_buf_be32(&key, p->number);
    weir_buf_varint(&value, (uint64_t)p->begin);
    weir_buf_varint(&value, (uint64_t)p->end);
    weir_buf_varint(&value, weir_zigzag(p->newest));
    weir_buf_varint(&value, p->log.end);
    weir_store_put(batch, weir_buf_view(&key), weir_buf_view(&value));
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
    p->dirty = false;
}

weir_rc weir__partition_save(weir__partition *p, weir_store_batch *batch, weir_status *st)
{
    p->durable = p->saved;
    weir__partition_evict(p, p->consumed);
    if (p->saved < p->end) {
        WEIR_TRY(save_chunks(p, batch, st));
        p->saved = p->end;
    }
    WEIR_TRY(weir__segment_sync(&p->log, st)); /* also rounds its end up */
    if (p->dirty) {
        save_meta(p, batch);
    }
    return WEIR_OK;
}

weir_rc weir__partition_load(weir__partition *p, weir_sv value, weir_status *st)
{
    weir_reader r = weir_reader_of(value);
    p->begin = (int64_t)weir_read_varint(&r);
    p->end = (int64_t)weir_read_varint(&r);
    p->newest = weir_unzigzag(weir_read_varint(&r));
    uint64_t log_end = weir_read_varint(&r);
    if (r.bad || p->begin < 0 || p->begin > p->end) {
        return weir_fail(st, WEIR_ECORRUPT,
                         "data directory \"%s\": partition %u of topic number %u is damaged",
                         weir_store_dir(p->store), p->number, p->topic_id);
    }
    p->held = p->durable = p->saved = p->consumed = p->end;
    return log_end ? weir__segment_open(&p->log, weir_store_dir(p->store), p->topic_id, p->number,
                                        log_end, st)
                   : WEIR_OK;
}

/* Learns the end and the largest timestamp of the first chunk. */
static bool first_known(weir__partition *p)
{
    if (p->first_end > p->begin) {
        return true;
    }
    weir_chunk *c;
    weir_status st = {0};
    weir_rc rc = p->store ? load(p, p->begin, &c, &st) : weir__partition_read(p, p->begin, &c, &st);
    if (rc != WEIR_OK) {
        WEIR_LOG(WEIR_WARN, "retention: %s", st.msg);
        return false;
    }
    p->first_end = weir_chunk_end(c);
    p->first_newest = chunk_newest(c);
    weir_chunk_unref(c);
    return true;
}

/* What the log holds before the first chunk can go once this is committed. */
static void cut_log(weir__partition *p)
{
    weir_buf key = {0};
    weir_buf at = {0};
    weir_buf value = {0};
    bool found = false;
    key_put(p, &key, p->begin);
    weir_sv prefix = weir_sv_of(key.p, PARTITION_KEY_BYTES - 8);
    weir_rc rc = p->begin == p->end ? WEIR_OK
                                    : weir_store_floor(p->store, prefix, weir_buf_view(&key), &at,
                                                       &value, &found, NULL);
    weir_reader r = weir_reader_of(weir_buf_view(&value));
    if (p->begin == p->end) {
        p->log.cut_next = p->log.end;
    } else if (rc == WEIR_OK && found && weir_read_u8(&r) == IN_LOG) {
        p->log.cut_next = weir_read_be64(&r);
    }
    weir_buf_deinit(&key);
    weir_buf_deinit(&at);
    weir_buf_deinit(&value);
}

void weir__partition_expire(weir__partition *p, int64_t time, weir_store_batch *batch)
{
    int64_t begin = p->begin;
    int64_t limit = p->store ? p->durable : p->end; /* what can be read back and dropped */
    if (p->newest < time) {
        p->begin = limit; /* all of it, unseen */
    }
    for (int looked = 0; p->begin < limit && looked < PARTITION_EXPIRE_CHUNKS; looked++) {
        if (!first_known(p) || p->first_newest >= time) {
            break;
        }
        p->begin = p->first_end;
    }
    if (p->begin == begin) {
        return;
    }
    int64_t now = p->begin;
    weir__partition_evict(p, now);
    WEIR_ASSERT(p->begin == now);
    if (p->store) {
        weir_buf from = {0};
        weir_buf to = {0};
        key_put(p, &from, begin);
        key_put(p, &to, p->begin);
        weir_store_delete_range(batch, weir_buf_view(&from), weir_buf_view(&to));
        cut_log(p);
        weir_buf_deinit(&from);
        weir_buf_deinit(&to);
        save_meta(p, batch);
    }
}
