/* A sink between its topics and its lanes.
 *
 *   control: topic chunks, up to what is durable ─ slices ─► loop: decode, render ─► parcels ─► lanes
 *   a partition's parcels are a list; what is before the first open item of it is done
 *
 * `done` is what a commit saves; what is behind it comes again after a crash. */
#include "connectors/conn_impl.h"

#include "engine/base/hash.h"

#include <stdarg.h>
#include <stdio.h>

#define SLICE_RECORDS 1024u /* a batch */

/* ---- opening: control thread ---- */

static weir_rc open_topic(weir_conn *c, weir_sv name, weir__sink_topic *t, weir_status *st)
{
    weir_topics *topics = c->owner->config.topics;
    WEIR_TRY(weir__sink_columns(c, t, name, st));
    t->in.index = (uint32_t)(t - c->sink.topics);
    t->topic = weir_topics_find(topics, t->in.topic);
    if (!t->topic && c->owner->config.make_topic) {
        weir_conn_refuse(c, "topics", 0, 0, st, "there is no topic " WEIR_SV_FMT, WEIR_SV_ARG(name));
        return weir_hint(st, "create the stream or table first");
    }
    return c->kind->as_sink->bind ? c->kind->as_sink->bind(c->self, &t->in, st) : WEIR_OK;
}

static weir_rc extra_topic(weir_conn *c, const char *option, weir_topic **out, weir_status *st)
{
    weir_sv name = weir_conn_text(c, option);
    if (name.n == 0 || !c->owner->config.make_topic) {
        return WEIR_OK;
    }
    return c->owner->config.make_topic(c->owner->config.ctx, name, out, st);
}

static void read_policy(weir_conn *c)
{
    weir__sink *s = &c->sink;
    int64_t retries = weir_conn_int(c, "max.retries");
    s->policy = (weir_retry_policy){
        .max_retries = retries < 0 ? WEIR_RETRY_FOREVER : (uint32_t)retries,
        .base_ms = weir_conn_int(c, "retry.backoff.ms"),
        .cap_ms = weir_conn_int(c, "retry.backoff.max.ms"),
        .deadline_ms = weir_conn_int(c, "retries.max.timeout.ms"),
    };
    weir_sv schedule = weir_conn_text(c, "retry.schedule");
    if (schedule.n) {
        weir_retry_schedule(schedule, &s->policy);
    }
    weir_breaker_init(&s->breaker, (uint32_t)weir_conn_int(c, "breaker.failures"),
                      weir_conn_int(c, "breaker.pause.ms"), weir_conn_int(c, "breaker.pause.max.ms"));
}

weir_rc weir__sink_open(weir_conn *c, weir_status *st)
{
    weir__sink *s = &c->sink;
    const weir_sv *names = NULL;
    weir_arena_init(&s->step);
    weir_decoded_init(&s->decoded);
    s->zones = weir_tz_cache_new();
    uint32_t n = weir_conn_list(c, "topics", &names);
    s->topics = WEIR_NEW_N(&c->arena, weir__sink_topic, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        s->n_topics++;
        WEIR_TRY(open_topic(c, names[i], &s->topics[i], st));
    }
    if (n == 0) {
        return weir_conn_refuse(c, "topics", 0, 0, st, "names no topic");
    }
    WEIR_TRY(extra_topic(c, "errors.deadletterqueue.topic.name", &s->dead, st));
    WEIR_TRY(extra_topic(c, "reporter.result.topic.name", &s->report_ok, st));
    WEIR_TRY(extra_topic(c, "reporter.error.topic.name", &s->report_bad, st));
    s->batch_max = (uint32_t)weir_conn_int(c, "batch.size");
    s->batch_bytes = (uint64_t)weir_conn_int(c, "batch.bytes");
    s->linger_ms = weir_conn_int(c, "linger.ms");
    s->n_lanes = (uint32_t)weir_conn_int(c, "max.in.flight.requests");
    s->buffer_records = (uint64_t)weir_conn_int(c, "max.buffered.records");
    s->buffer_bytes = (uint64_t)weir_conn_int(c, "max.buffered.bytes");
    s->tolerant = weir_conn_is(c, "errors.tolerance", "all");
    read_policy(c);
    return WEIR_OK;
}

void weir__sink_close(weir_conn *c)
{
    weir__sink *s = &c->sink;
    for (uint32_t i = 0; i < s->n_topics; i++) {
        weir_decoder_free(s->topics[i].decoder);
        weir_free(s->topics[i].parts);
    }
    weir_decoded_deinit(&s->decoded);
    weir_arena_deinit(&s->step);
    weir_tz_cache_free(s->zones);
}

/* ---- positions: control thread ---- */

/* "Msink" ‖ 0 ‖ connector ‖ 0 ‖ topic ‖ 0 ‖ partition (4) → next offset (8) */
static void position_key(weir_buf *key, const weir_conn *c, const weir__sink_topic *t, int32_t p)
{
    weir_buf_reset(key);
    weir_buf_add(key, "Msink", 6);
    weir_buf_sv(key, c->name);
    weir_buf_byte(key, 0);
    weir_buf_sv(key, t->in.topic);
    weir_buf_byte(key, 0);
    weir_buf_be32(key, (uint32_t)p);
}

static weir_rc place_part(weir_conn *c, weir__sink_topic *t, int32_t p, weir_status *st)
{
    weir__sink_part *part = &t->parts[p];
    weir_store *store = c->owner->config.store;
    weir_buf key = {0};
    weir_buf value = {0};
    bool found = false;
    int64_t begin = 0;
    int64_t end = 0;
    weir_rc rc = weir_topic_bounds(t->topic, p, &begin, &end, st);
    position_key(&key, c, t, p);
    if (rc == WEIR_OK && store && !weir__conn_forgotten(c->owner, c->name)) {
        rc = weir_store_get(store, weir_buf_view(&key), &value, &found, st);
    }
    if (rc == WEIR_OK) {
        bool latest = weir_conn_is(c, "start", "latest");
        weir_reader r = weir_reader_of(weir_buf_view(&value));
        int64_t at = found ? (int64_t)weir_read_be64(&r) : latest ? end : begin;
        if (found && c->kind->as_sink->resume_at) {
            at = c->kind->as_sink->resume_at(c->self, &t->in, p, at);
        }
        t->in.fresh |= !found;
        *part = (weir__sink_part){.read = at, .done = at, .saved = found ? at : -1, .durable = end};
    }
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
    return rc;
}

/* Places partitions that are new: all of them at first. */
weir_rc weir__sink_place(weir_conn *c, weir_status *st)
{
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        weir__sink_topic *t = &c->sink.topics[i];
        int32_t n = weir_topic_partitions(t->topic);
        t->parts = weir_realloc(t->parts, sizeof *t->parts * (size_t)n);
        for (; t->n_parts < n; t->n_parts++) {
            WEIR_TRY(place_part(c, t, t->n_parts, st));
        }
        t->in.partitions = n;
    }
    weir__sink_keep(c, true);
    return WEIR_OK;
}

weir_rc weir__sink_rewind(weir_conn *c, weir_status *st)
{
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        weir__sink_topic *t = &c->sink.topics[i];
        for (int32_t p = 0; p < t->n_parts; p++) {
            t->parts[p].read = t->parts[p].done;
        }
    }
    return weir__sink_place(c, st);
}

bool weir__sink_is_new(const weir_conn *c)
{
    for (uint32_t i = 0; c->owner->config.store && i < c->sink.n_topics; i++) {
        for (int32_t p = 0; p < c->sink.topics[i].n_parts; p++) {
            if (c->sink.topics[i].parts[p].saved < 0) {
                return true;
            }
        }
    }
    return false;
}

bool weir__sink_grown(const weir_conn *c)
{
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        const weir__sink_topic *t = &c->sink.topics[i];
        if (weir_topic_partitions(t->topic) > t->n_parts) {
            return true;
        }
    }
    return false;
}

void weir__sink_keep(weir_conn *c, bool on)
{
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        weir__sink_topic *t = &c->sink.topics[i];
        for (int32_t p = 0; p < t->n_parts; p++) {
            weir_topic_keep(t->topic, p, c, on ? t->parts[p].read : INT64_MAX);
        }
    }
}

weir_rc weir__sink_save(weir_conn *c, weir_store_batch *batch, weir_status *st)
{
    weir_buf key = {0};
    weir_buf value = {0};
    (void)st;
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        weir__sink_topic *t = &c->sink.topics[i];
        for (int32_t p = 0; p < t->n_parts; p++) {
            weir__sink_part *part = &t->parts[p];
            int64_t done = part->done; /* under the lock of `shared` */
            if (!batch || done == part->saved) {
                continue;
            }
            position_key(&key, c, t, p);
            weir_buf_reset(&value);
            weir_buf_be64(&value, (uint64_t)done);
            weir_store_put(batch, weir_buf_view(&key), weir_buf_view(&value));
            part->saved = done;
        }
    }
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
    return WEIR_OK;
}

void weir__sink_committed(weir_conn *c)
{
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        weir__sink_topic *t = &c->sink.topics[i];
        for (int32_t p = 0; p < t->n_parts; p++) {
            t->parts[p].durable = weir_topic_end(t->topic, p);
        }
    }
}

/* ---- handing over: control thread ---- */

typedef struct slice {
    weir_conn *conn;
    weir__sink_topic *topic;
    weir_chunk *chunk;
    uint32_t first, n;
    int32_t partition;
    int64_t end;
} slice;

static void on_slice(void *ctx);

static uint64_t bytes_of(const weir_chunk *chunk, uint32_t n)
{
    return chunk->n_bytes / chunk->n * n + n;
}

static void give(weir_conn *c, weir__sink_topic *t, int32_t p, weir_chunk *chunk, uint32_t first,
                 uint32_t n)
{
    slice *s = weir_alloc(sizeof *s);
    weir_chunk_ref(chunk);
    *s = (slice){c, t, chunk, first, n, p, weir_topic_end(t->topic, p)};
    weir_lock_enter(c->shared.lock);
    c->shared.in_records += n;
    c->shared.in_bytes += bytes_of(chunk, n);
    weir_lock_leave(c->shared.lock);
    weir_loop_post(c->loop, on_slice, s);
}

static bool has_room(weir_conn *c)
{
    weir_lock_enter(c->shared.lock);
    bool room = c->shared.state == WEIR_CONNECT_RUNNING &&
                c->shared.in_records < c->sink.buffer_records &&
                c->shared.in_bytes < c->sink.buffer_bytes;
    weir_lock_leave(c->shared.lock);
    return room;
}

/* Nothing lies between: who has done all before is done up to here, too. */
static void skip_to(weir_conn *c, weir__sink_part *part, int64_t at)
{
    weir_lock_enter(c->shared.lock);
    if (part->done == part->read) {
        part->done = at;
    }
    weir_lock_leave(c->shared.lock);
    part->read = at;
}

/* Where records may be read up to. */
static int64_t limit_of(const weir_conn *c, const weir__sink_topic *t, int32_t p)
{
    int64_t readable = weir_topic_readable(t->topic, p, t->parts[p].read);
    bool waits = c->owner->config.store && !weir_topics_cluster(c->owner->config.topics);
    return waits ? weir_min64(readable, t->parts[p].durable) : readable;
}

static weir_rc pump_part(weir_conn *c, weir__sink_topic *t, int32_t p, weir_status *st)
{
    weir__sink_part *part = &t->parts[p];
    if (c->owner->config.store && part->saved < 0) {
        return WEIR_OK; /* new: that it begins is to be known first, see weir_sink_input.fresh */
    }
    int64_t resume = weir_topic_resume(t->topic, p, part->read);
    if (resume > part->read) {
        weir_conn_trouble(c, "%lld records of " WEIR_SV_FMT " were gone (retention) before they could be "
                          "delivered", (long long)(resume - part->read), WEIR_SV_ARG(t->in.topic));
        skip_to(c, part, resume);
    }
    while (part->read < limit_of(c, t, p) && has_room(c)) {
        weir_chunk *chunk = NULL;
        WEIR_TRY(weir_topic_read(t->topic, p, part->read, &chunk, st));
        if (!chunk) { /* no records, but markers of transactions */
            skip_to(c, part, weir_topic_readable(t->topic, p, part->read));
            break;
        }
        uint32_t first = weir_chunk_seek(chunk, part->read);
        int64_t end = weir_min64(weir_chunk_end(chunk), limit_of(c, t, p));
        uint32_t stop = end >= weir_chunk_end(chunk) ? chunk->n : weir_chunk_seek(chunk, end);
        uint32_t n = stop - first < SLICE_RECORDS ? stop - first : SLICE_RECORDS;
        if (n) {
            give(c, t, p, chunk, first, n);
        }
        part->read = first + n == chunk->n ? weir_chunk_end(chunk)
                                           : weir_chunk_offset(chunk, first + n);
        weir_chunk_unref(chunk);
    }
    weir_topic_keep(t->topic, p, c, part->read);
    return WEIR_OK;
}

weir_rc weir__sink_pump(weir_conn *c, weir_status *st)
{
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        weir__sink_topic *t = &c->sink.topics[i];
        for (int32_t p = 0; p < t->n_parts; p++) {
            WEIR_TRY(pump_part(c, t, p, st));
        }
    }
    return WEIR_OK;
}

bool weir__sink_idle(weir_conn *c)
{
    bool idle = true;
    weir_lock_enter(c->shared.lock);
    for (uint32_t i = 0; i < c->sink.n_topics && idle; i++) {
        weir__sink_topic *t = &c->sink.topics[i];
        for (int32_t p = 0; p < t->n_parts && idle; p++) {
            const weir__sink_part *part = &t->parts[p];
            idle = part->done >= part->read && weir_topic_at_end(t->topic, p, part->read);
        }
    }
    idle = idle || c->shared.state != WEIR_CONNECT_RUNNING;
    weir_lock_leave(c->shared.lock);
    return idle;
}

int64_t weir__sink_lag(weir_conn *c)
{
    int64_t lag = 0;
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        weir__sink_topic *t = &c->sink.topics[i];
        for (int32_t p = 0; p < t->n_parts; p++) {
            lag += weir_max64(weir_topic_end(t->topic, p) - t->parts[p].done, 0);
        }
    }
    return lag;
}

/* ---- parcels: loop ---- */

static void parcel_free(weir_sink_parcel *p)
{
    weir_chunk_unref(p->chunk);
    weir_buf_deinit(&p->bytes);
    weir_free(p->items);
    weir_free(p);
}

weir_sink_item *weir_sink_begin(weir_sink_parcel *out, const weir_sink_rows *r, uint32_t row)
{
    const weir_rec *rec = weir_sink_rec(r, row);
    WEIR_ASSERT(out->n < r->batch->rows);
    weir_sink_item *i = &out->items[out->n];
    *i = (weir_sink_item){.at = (uint32_t)out->bytes.n, .rec = r->first + row, .parcel = out};
    i->lane_hash = rec->key_n == WEIR_NULL_BYTES ? weir_hash_u64((uint64_t)weir_sink_offset(r, row))
                                                 : weir_hash_sv(weir_rec_key(r->chunk, rec));
    return i;
}

void weir_sink_end(weir_sink_parcel *out, weir_sink_item *item)
{
    if (out->bytes.over) {
        weir_sink_poison(out, item, "what it is rendered to is too long");
        return;
    }
    item->n = (uint32_t)out->bytes.n - item->at;
    out->n++;
}

void weir_sink_poison(weir_sink_parcel *out, weir_sink_item *item, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    out->bytes.n = item->at;
    out->bytes.over = false;
    if (out->told_poison) {
        memcpy(out->told_poison, text, strlen(text) + 1);
        return;
    }
    weir__sink_bury(out->in->conn, item, "RENDER", weir_sv_cstr(text));
}

/* What could not be read. */
static void bury_bad(weir_conn *c, weir_sink_parcel *p, uint32_t first)
{
    for (uint32_t i = 0; i < c->sink.decoded.n_bad; i++) {
        const weir_bad_record *bad = &c->sink.decoded.bad[i];
        weir_sink_item item = {.rec = first + bad->row, .parcel = p};
        weir__sink_bury(c, &item, "DESERIALIZATION", bad->reason);
    }
}

static void add_parcel(weir__sink_part *part, weir_sink_parcel *p)
{
    if (part->tail) {
        part->tail->later = p;
    } else {
        part->head = p;
    }
    part->tail = p;
}

void weir__sink_stick(weir_sink_parcel *p, int64_t offset)
{
    p->stuck_at = p->stuck ? weir_min64(p->stuck_at, offset) : offset;
    p->stuck = true;
}

/* Moves `done` over what is over. Under the lock. */
static void advance(weir_conn *c, weir__sink_part *part)
{
    while (part->head) {
        weir_sink_parcel *p = part->head;
        while (p->open < p->n && p->items[p->open].over) {
            p->open++;
        }
        if (p->open < p->n || p->stuck) {
            int64_t to = p->open < p->n ? weir_sink_item_offset(&p->items[p->open]) : p->next;
            part->done = p->stuck ? weir_min64(to, p->stuck_at) : to;
            return;
        }
        part->done = p->next;
        c->shared.in_records -= p->records;
        c->shared.in_bytes -= bytes_of(p->chunk, p->records);
        part->head = p->later;
        part->tail = part->head ? part->tail : NULL;
        parcel_free(p);
    }
}

void weir__sink_settle(weir_conn *c, uint64_t delivered, uint64_t bytes)
{
    weir_lock_enter(c->shared.lock);
    bool was_full = c->shared.in_records >= c->sink.buffer_records / 2 ||
                    c->shared.in_bytes >= c->sink.buffer_bytes / 2;
    c->shared.counts.records += delivered;
    c->shared.counts.bytes += bytes;
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        weir__sink_topic *t = &c->sink.topics[i];
        for (int32_t p = 0; p < t->n_parts; p++) {
            advance(c, &t->parts[p]);
        }
    }
    bool wake = was_full || c->shared.in_records == 0;
    weir_lock_leave(c->shared.lock);
    if (wake) {
        c->owner->config.wake(c->owner->config.ctx);
    }
}

static void on_slice(void *ctx)
{
    slice s = *(slice *)ctx;
    weir_conn *c = s.conn;
    weir_free(ctx);
    weir_sink_parcel *p = weir_zalloc(sizeof *p);
    *p = (weir_sink_parcel){.in = &s.topic->in, .chunk = s.chunk, .partition = s.partition,
                            .end = s.end, .records = s.n};
    p->items = weir_alloc(sizeof *p->items * s.n);
    weir_buf_init(&p->bytes, WEIR_CHUNK_BYTES_MAX);
    p->next = s.first + s.n == s.chunk->n ? weir_chunk_end(s.chunk)
                                          : weir_chunk_offset(s.chunk, s.first + s.n);
    add_parcel(&s.topic->parts[s.partition], p);
    if (c->sink.halted) {
        weir__sink_stick(p, weir_chunk_offset(s.chunk, s.first)); /* it comes again after the restart */
        return;
    }
    weir_decoded *d = &c->sink.decoded;
    weir_decoder_chunk(s.topic->decoder, s.chunk, s.first, s.n, s.partition, d);
    bury_bad(c, p, s.first);
    weir_sink_rows rows = {&s.topic->in, s.chunk, s.first, s.partition, d->batch};
    c->kind->as_sink->render(c->self, &rows, p);
    weir_decoded_reset(d);
    for (uint32_t i = 0; i < p->n; i++) {
        weir__lane_put(c, &p->items[i]);
    }
    if (p->n == 0) {
        weir__sink_settle(c, 0, 0);
    }
    weir__lanes_run(c);
}

/* ---- starting and stopping: loop ---- */

weir_rc weir__sink_start(weir_conn *c, weir_status *st)
{
    c->sink.halted = false;
    uint32_t rate = (uint32_t)weir_conn_int(c, "rate.limit");
    if (rate) {
        weir_bucket_init(&c->sink.rate, rate, 1000, rate, weir_mono_ns() / 1000000);
    }
    weir__lanes_open(c);
    return c->kind->as_sink->start ? c->kind->as_sink->start(c->self, st) : WEIR_OK;
}

void weir__sink_stop(weir_conn *c)
{
    if (c->kind->as_sink->stop) {
        c->kind->as_sink->stop(c->self);
    }
    weir__lanes_close(c);
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        weir__sink_topic *t = &c->sink.topics[i];
        for (int32_t p = 0; p < t->n_parts; p++) {
            while (t->parts[p].head) {
                weir_sink_parcel *first = t->parts[p].head;
                t->parts[p].head = first->later;
                parcel_free(first);
            }
            t->parts[p].tail = NULL;
        }
    }
    weir_lock_enter(c->shared.lock);
    c->shared.in_records = c->shared.in_bytes = 0;
    weir_lock_leave(c->shared.lock);
}
