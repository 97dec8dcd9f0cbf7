/* Fetching. Partitions are started and stopped one by one (no group, no assignment) and share one
 * queue per consumer, so librdkafka's limit on queued bytes holds for all of them together. What comes
 * out of the queue becomes chunks: runs of messages of one partition, copied once. */
#include "connectors/kafka_impl.h"

#include "engine/base/log.h"

#include <stdio.h>

#define TAKE_MESSAGES 4096 /* out of the queue at a time */

static weir_rc open_input(weir_kafka *k, weir_cluster_topic *t, weir_fetch fetch, int32_t partition,
                          weir_status *st)
{
    WEIR_TRY(weir__kafka_consumer(k, fetch, st));
    if (!t->in[fetch]) {
        rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(k->consumers[fetch]);
        rd_kafka_topic_conf_set_opaque(conf, t);
        t->in[fetch] = rd_kafka_topic_new(k->consumers[fetch], t->name, conf);
    }
    if (!t->in[fetch]) {
        return weir__kafka_fail(k, WEIR_EIO, rd_kafka_last_error(), "cannot open a topic", st);
    }
    if (partition >= t->n) {
        int32_t n = partition + 1;
        for (int i = 0; i < WEIR_FETCHES; i++) {
            t->fetches[i] = weir_realloc(t->fetches[i], sizeof *t->fetches[i] * (size_t)n);
            memset(t->fetches[i] + t->n, 0, sizeof *t->fetches[i] * (size_t)(n - t->n));
        }
        t->n = n;
    }
    return WEIR_OK;
}

static void tell_failed(weir_cluster_topic *t, int32_t partition, const char *why)
{
    char text[512];
    snprintf(text, sizeof text, "topic %s, partition %d: %s", t->name, partition, why);
    t->kafka->base.sink->failed(t->owner, partition, text);
}

void weir__kafka_fetch(weir_cluster *c, weir_cluster_topic *t, int32_t partition, weir_fetch fetch,
                       int64_t offset)
{
    weir_kafka *k = weir__kafka_of(c);
    weir_status st;
    weir_status_reset(&st);
    if (open_input(k, t, fetch, partition, &st) != WEIR_OK) {
        tell_failed(t, partition, st.msg);
        return;
    }
    weir__kafka_fetch_stop(c, t, partition, fetch);
    kafka_fetch *f = &t->fetches[fetch][partition];
    *f = (kafka_fetch){.active = true, .expected = offset};
    if (rd_kafka_consume_start_queue(t->in[fetch], partition, offset, k->queues[fetch]) != 0) {
        f->active = false;
        tell_failed(t, partition, rd_kafka_err2str(rd_kafka_last_error()));
    }
}

void weir__kafka_fetch_stop(weir_cluster *c, weir_cluster_topic *t, int32_t partition,
                            weir_fetch fetch)
{
    (void)c;
    if (partition < t->n && t->fetches[fetch][partition].active) {
        t->fetches[fetch][partition].active = false;
        rd_kafka_consume_stop(t->in[fetch], partition);
    }
}

/* ---- messages become chunks ---- */

static void encode_headers(const rd_kafka_message_t *m, weir_buf *out)
{
    rd_kafka_headers_t *all = NULL;
    const char *name = NULL;
    const void *value = NULL;
    size_t n = 0;
    if (rd_kafka_message_headers(m, &all) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    for (size_t i = 0; rd_kafka_header_get_all(all, i, &name, &value, &n) == 0; i++) {
        weir_headers_add(out, weir_sv_cstr(name), weir_sv_of(value, n), value == NULL);
    }
}

/* The chunk of messages[0..n), with their headers behind one another in `headers`. */
static weir_chunk *chunk_of(rd_kafka_message_t **messages, uint32_t n, const weir_buf *headers,
                            const uint32_t *header_ends)
{
    size_t bytes = headers->n;
    bool gaps = messages[n - 1]->offset - messages[0]->offset != n - 1;
    for (uint32_t i = 0; i < n; i++) {
        bytes += messages[i]->len + messages[i]->key_len;
    }
    weir_chunk *c = weir_chunk_new(n, bytes, gaps);
    c->base = messages[0]->offset;
    uint32_t at = 0;
    uint32_t header = 0;
    for (uint32_t i = 0; i < n; i++) {
        const rd_kafka_message_t *m = messages[i];
        weir_rec *r = &c->recs[i];
        rd_kafka_timestamp_type_t type;
        *r = (weir_rec){.timestamp = rd_kafka_message_timestamp(m, &type)};
        r->key_at = at;
        r->key_n = m->key ? (uint32_t)m->key_len : WEIR_NULL_BYTES;
        memcpy(c->bytes + at, m->key ? m->key : "", m->key ? m->key_len : 0);
        at += m->key ? (uint32_t)m->key_len : 0;
        r->value_at = at;
        r->value_n = m->payload ? (uint32_t)m->len : WEIR_NULL_BYTES;
        memcpy(c->bytes + at, m->payload ? m->payload : "", m->payload ? m->len : 0);
        at += m->payload ? (uint32_t)m->len : 0;
        r->headers_at = at;
        r->headers_n = header_ends[i] - header;
        memcpy(c->bytes + at, headers->p ? headers->p + header : "", r->headers_n);
        at += r->headers_n;
        header = header_ends[i];
        if (gaps) {
            c->offsets[i] = m->offset;
        }
    }
    return c;
}

static uint64_t hand_over(weir_cluster_topic *t, int32_t partition, weir_fetch fetch,
                          rd_kafka_message_t **messages, uint32_t n)
{
    kafka_fetch *f = &t->fetches[fetch][partition];
    uint32_t from = 0;
    while (from < n && (!f->active || messages[from]->offset < f->expected)) {
        from++; /* of an earlier fetch */
    }
    if (from == n) {
        return 0;
    }
    static _Thread_local uint32_t ends[TAKE_MESSAGES];
    weir_buf headers = {0};
    for (uint32_t i = from; i < n; i++) {
        encode_headers(messages[i], &headers);
        ends[i - from] = (uint32_t)headers.n;
    }
    weir_chunk *c = chunk_of(messages + from, n - from, &headers, ends);
    weir_buf_deinit(&headers);
    f->expected = weir_chunk_end(c);
    uint64_t bytes = c->n_bytes;
    t->kafka->base.sink->arrived(t->owner, partition, fetch, c);
    return bytes;
}

/* ---- events ---- */

/* The position is not (or no more) an offset of the partition. */
static void out_of_range(weir_kafka *k, weir_cluster_topic *t, int32_t partition, weir_fetch fetch)
{
    int64_t begin = 0;
    int64_t end = 0;
    int64_t at = t->fetches[fetch][partition].expected;
    weir_status st;
    weir_status_reset(&st);
    if (weir__kafka_bounds(&k->base, t, partition, &begin, &end, &st) != WEIR_OK) {
        tell_failed(t, partition, st.msg);
        return;
    }
    if (at > end) {
        char why[256];
        snprintf(why, sizeof why, "ends at offset %lld, but was read up to %lld: it was made again, or "
                 "lost records; drop the query and create it again to start over", (long long)end,
                 (long long)at);
        tell_failed(t, partition, why);
        return;
    }
    WEIR_LOG(WEIR_WARN, "topic %s, partition %d: retention removed offsets %lld to %lld before they "
             "were read", t->name, partition, (long long)at, (long long)begin - 1);
    k->base.sink->overtaken(t->owner, partition, fetch, begin);
    weir__kafka_fetch(&k->base, t, partition, fetch, begin);
}

static void take_event(weir_kafka *k, weir_cluster_topic *t, weir_fetch fetch,
                       const rd_kafka_message_t *m)
{
    int32_t p = m->partition;
    if (p < 0 || p >= t->n || !t->fetches[fetch][p].active) {
        return;
    }
    switch ((int)m->err) { /* those that matter of a few hundred */
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (m->offset >= t->fetches[fetch][p].expected) {
            t->fetches[fetch][p].expected = m->offset;
            k->base.sink->reached_end(t->owner, p, fetch, m->offset);
        }
        break;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        out_of_range(k, t, p, fetch);
        break;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        tell_failed(t, p, "it does not exist any more");
        break;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        tell_failed(t, p, "the user has no right to read it");
        break;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
        tell_failed(t, p, "a batch of records is damaged (its checksum is wrong)");
        break;
    default:
        WEIR_LOG(WEIR_INFO, "topic %s, partition %d: %s", t->name, p, rd_kafka_message_errstr(m));
    }
}

static uint64_t take_messages(weir_kafka *k, weir_fetch fetch, rd_kafka_message_t **messages,
                              uint32_t n)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < n;) {
        const rd_kafka_message_t *first = messages[i];
        weir_cluster_topic *t = first->rkt ? rd_kafka_topic_opaque(first->rkt) : NULL;
        uint32_t to = i + 1;
        while (!first->err && to < n && !messages[to]->err && messages[to]->rkt == first->rkt &&
               messages[to]->partition == first->partition) {
            to++;
        }
        if (t && first->err) {
            take_event(k, t, fetch, first);
        } else if (t && first->partition < t->n) {
            bytes += hand_over(t, first->partition, fetch, messages + i, to - i);
        }
        i = to;
    }
    return bytes;
}

weir_rc weir__kafka_take_in(weir_kafka *k, uint64_t bytes, weir_status *st)
{
    (void)st;
    static _Thread_local rd_kafka_message_t *messages[TAKE_MESSAGES];
    for (int i = 0; i < WEIR_FETCHES; i++) {
        uint64_t taken = 0;
        ssize_t n = 1;
        while (k->queues[i] && taken < bytes && n > 0) {
            n = rd_kafka_consume_batch_queue(k->queues[i], 0, messages, TAKE_MESSAGES);
            if (n > 0) {
                taken += take_messages(k, (weir_fetch)i, messages, (uint32_t)n);
            }
            for (ssize_t m = 0; m < n; m++) {
                rd_kafka_message_destroy(messages[m]);
            }
        }
    }
    return WEIR_OK;
}
