/* Parcels: consecutive records of a partition on their way through a sink.
 *
 *   control: chunk ─► parcel ─► loop: decode, render ─► items ─► lanes ─► over
 *   a partition's parcels are a list; what is before the first open item of it is done
 *
 * Born on the control thread, everything else on the connector's loop. */
#include "connectors/conn_impl.h"

#include "engine/base/hash.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- birth and death ---- */

static weir__sink_topic *topic_of(const weir_sink_parcel *p)
{
    return (weir__sink_topic *)p->in; /* its first member */
}

uint64_t weir__parcel_weight(const weir_chunk *chunk, uint32_t n)
{
    return chunk->n_bytes / chunk->n * n + n;
}

weir_sink_parcel *weir__parcel_new(weir__sink_topic *t, int32_t partition, weir_chunk *chunk, uint32_t first,
                                   uint32_t n)
{
    weir_sink_parcel *p = weir_zalloc(sizeof *p);
    weir_chunk_ref(chunk);
    *p = (weir_sink_parcel){.in = &t->in,
                            .chunk = chunk,
                            .partition = partition,
                            .end = weir_topic_end(t->topic, partition),
                            .first = first,
                            .records = n};
    weir_buf_init(&p->bytes, WEIR_CHUNK_BYTES_MAX);
    p->next = first + n == chunk->n ? weir_chunk_end(chunk) : weir_chunk_offset(chunk, first + n);
    return p;
}

static void parcel_free(weir_sink_parcel *p)
{
    weir_chunk_unref(p->chunk);
    weir_buf_deinit(&p->bytes);
    weir_free(p->items);
    weir_free(p);
}

/* ---- items, as render makes them ---- */

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
static void bury_bad(weir_conn *c, weir_sink_parcel *p)
{
    for (uint32_t i = 0; i < c->sink.decoded.n_bad; i++) {
        const weir_bad_record *bad = &c->sink.decoded.bad[i];
        weir_sink_item item = {.rec = p->first + bad->row, .parcel = p};
        weir__sink_bury(c, &item, "DESERIALIZATION", bad->reason);
    }
}

/* ---- in the order of the partition ---- */

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
        c->shared.in_bytes -= weir__parcel_weight(p->chunk, p->records);
        part->head = p->later;
        part->tail = part->head ? part->tail : NULL;
        parcel_free(p);
    }
    part->done = part->done == part->gap ? part->gap_end : part->done;
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

/* Decodes, renders, and gives the items to their lanes. */
static void render(weir_conn *c, weir_sink_parcel *p)
{
    weir_decoded *d = &c->sink.decoded;
    weir_decoder_chunk(topic_of(p)->decoder, p->chunk, p->first, p->records, p->partition, d);
    bury_bad(c, p);
    weir_sink_rows rows = {p->in, p->chunk, p->first, p->partition, d->batch};
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

void weir__parcel_take(void *ctx)
{
    weir_sink_parcel *p = ctx;
    weir_conn *c = p->in->conn;
    add_parcel(&topic_of(p)->parts[p->partition], p);
    if (c->sink.halted) {
        weir__sink_stick(p, weir_chunk_offset(p->chunk, p->first)); /* it comes again after the restart */
        return;
    }
    p->items = weir_alloc(sizeof *p->items * p->records);
    render(c, p);
}

/* ---- starting and stopping ---- */

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
