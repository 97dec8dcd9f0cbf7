/* Producing. Chunks wait in a list and go to librdkafka as far as its queue has room; as long as some
 * wait, the engine processes nothing (weir__kafka_full), which is the one place of back-pressure. */
#include "connectors/kafka_impl.h"

#include "engine/base/log.h"
#include "engine/io/loop.h"

#include <stdio.h>

#define FULL_WAIT_MS 5
#define TELL_WAITING_NS 5000000000LL /* a broker that is started again is back by then */

void weir__kafka_append(weir_cluster *c, weir_cluster_topic *t, int32_t partition, weir_chunk *chunk)
{
    weir_kafka *k = weir__kafka_of(c);
    WEIR_GROW(k->waiting, k->cap_waiting, k->n_waiting + 1);
    k->waiting[k->n_waiting++] = (kafka_waiting){t, partition, chunk, 0};
    k->dirty = true;
}

bool weir__kafka_full(const weir_cluster *c)
{
    const weir_kafka *k = (const weir_kafka *)c;
    return k->first_waiting < k->n_waiting;
}

bool weir__kafka_dirty(const weir_cluster *c)
{
    return ((const weir_kafka *)c)->dirty;
}

void weir__kafka_forget_waiting(weir_kafka *k)
{
    while (k->first_waiting < k->n_waiting) {
        weir_chunk_unref(k->waiting[k->first_waiting++].chunk);
    }
    k->first_waiting = k->n_waiting = 0;
}

static rd_kafka_headers_t *headers_of(const weir_chunk *c, const weir_rec *r)
{
    weir_reader in = weir_reader_of((weir_sv){c->bytes + r->headers_at, r->headers_n});
    weir_header h;
    rd_kafka_headers_t *out = rd_kafka_headers_new(4);
    while (weir_headers_next(&in, &h)) {
        rd_kafka_header_add(out, h.name.p, (ssize_t)h.name.n, h.null ? NULL : h.value.p,
                            h.null ? 0 : (ssize_t)h.value.n);
    }
    return out;
}

/* A null is NULL, an empty one is not. */
static void *part(const weir_chunk *c, uint32_t at, uint32_t n)
{
    return n == WEIR_NULL_BYTES ? NULL : c->bytes + at;
}

static rd_kafka_resp_err_t send_one(weir_kafka *k, const kafka_waiting *w, const weir_rec *r)
{
    const weir_chunk *c = w->chunk;
    rd_kafka_vu_t vus[8] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = w->topic->out},
        {.vtype = RD_KAFKA_VTYPE_PARTITION,
         .u.i32 = w->partition < 0 ? RD_KAFKA_PARTITION_UA : w->partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = r->timestamp},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {part(c, r->key_at, r->key_n), r->key_n == WEIR_NULL_BYTES ? 0 : r->key_n}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {part(c, r->value_at, r->value_n), r->value_n == WEIR_NULL_BYTES ? 0 : r->value_n}},
    };
    size_t n = 6;
    rd_kafka_headers_t *headers = r->headers_n ? headers_of(c, r) : NULL;
    if (headers) {
        vus[n].vtype = RD_KAFKA_VTYPE_HEADERS;
        vus[n++].u.headers = headers;
    }
    rd_kafka_error_t *error = rd_kafka_produceva(k->producer, vus, n);
    if (!error) {
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (headers) {
        rd_kafka_headers_destroy(headers);
    }
    return code;
}

static uint64_t size_of(const weir_rec *r)
{
    return (r->key_n == WEIR_NULL_BYTES ? 0ULL : r->key_n) +
           (r->value_n == WEIR_NULL_BYTES ? 0ULL : r->value_n);
}

/* True: the whole chunk is with the producer. */
static bool send_chunk(weir_kafka *k, kafka_waiting *w)
{
    for (; w->at < w->chunk->n; w->at++) {
        const weir_rec *r = &w->chunk->recs[w->at];
        rd_kafka_resp_err_t err = send_one(k, w, r);
        if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            return false;
        }
        if (err) {
            weir__kafka_lose(k, w->topic->name, size_of(r), err);
            return false;
        }
    }
    return true;
}

weir_rc weir__kafka_send(weir_kafka *k, weir_status *st)
{
    if (k->first_waiting == k->n_waiting) {
        if (k->producer) {
            rd_kafka_poll(k->producer, 0);
        }
        return k->lost ? weir__kafka_lost(k, st) : WEIR_OK;
    }
    WEIR_TRY(weir__kafka_producer(k, st));
    if (k->base.exactly_once && !k->in_transaction) {
        WEIR_TRY(weir__kafka_begin(k, st));
    }
    while (k->first_waiting < k->n_waiting && !k->lost) {
        kafka_waiting *w = &k->waiting[k->first_waiting];
        if (!w->topic->out) {
            w->topic->out = rd_kafka_topic_new(k->producer, w->topic->name, NULL);
        }
        if (!w->topic->out) {
            return weir__kafka_fail(k, WEIR_EIO, rd_kafka_last_error(), w->topic->name, st);
        }
        if (!send_chunk(k, w)) {
            break;
        }
        weir_chunk_unref(w->chunk);
        k->first_waiting++;
    }
    bool full = k->first_waiting < k->n_waiting;
    if (!full) {
        k->first_waiting = k->n_waiting = 0;
    }
    rd_kafka_poll(k->producer, full && !k->lost ? FULL_WAIT_MS : 0);
    return k->lost ? weir__kafka_lost(k, st) : WEIR_OK;
}

/* That outputs wait for a broker is said, after a while, and then more and more seldom. */
static int64_t tell_waiting(const weir_kafka *k, int64_t since_ns, int64_t next_ns)
{
    int64_t waited = weir_mono_ns() - since_ns;
    if (waited < next_ns) {
        return next_ns;
    }
    WEIR_LOG(WEIR_WARN, "Kafka at %s: %d records have not been acknowledged for %lld s; waiting",
             k->servers, rd_kafka_outq_len(k->producer), (long long)(waited / 1000000000));
    return 2 * next_ns;
}

weir_rc weir__kafka_flush(weir_cluster *c, weir_status *st)
{
    weir_kafka *k = weir__kafka_of(c);
    int64_t since = weir_mono_ns();
    int64_t next = TELL_WAITING_NS;
    for (;;) {
        WEIR_TRY(weir__kafka_send(k, st));
        if (!k->producer || (!weir__kafka_full(c) && rd_kafka_outq_len(k->producer) == 0)) {
            return WEIR_OK;
        }
        if (rd_kafka_flush(k->producer, KAFKA_SLICE_MS) && weir__kafka_aborted(k)) {
            return weir__kafka_lost(k, st);
        }
        next = tell_waiting(k, since, next);
        if (weir__kafka_interrupted(k)) {
            weir_fail(st, WEIR_EINTR, "interrupted while Kafka had not acknowledged all records");
            return WEIR_EINTR;
        }
    }
}
