/* Fetching. Partitions are started and stopped one by one (no group, no assignment) and share one
 * queue per consumer, so librdkafka's limit on queued bytes holds for all of them together. What comes
 * out of the queue becomes chunks: runs of messages of one partition. A callback for each message takes
 * the lock of the queue once for all of them, and each is copied and freed while it is in the cache. */
#include "connectors/kafka_impl.h"

#include "engine/base/log.h"

#include <stdio.h>

#define RUN_RECORDS 1024 /* most of a chunk */
#define RUN_BYTES ((size_t)1 << 18)

static weir_rc open_input(weir_kafka *k, weir_cluster_topic *t, weir_fetch fetch, int32_t partition,
                          weir_status *st)
{
    WEIR_TRY(weir__kafka_consumer(k, fetch, st));
    if (!t->in[fetch]) {
        t->in[fetch] = rd_kafka_topic_new(k->consumers[fetch], t->name, NULL);
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

/* librdkafka makes and frees a buffer to find out that a message has no headers, an eighth of all that
 * reading costs. It points into the records as they came, so their count can be looked at: in the format
 * since Kafka 0.11 the length of the value, a varint, stands between key and value, and the number of
 * headers, another one, behind the value. Older formats have four bytes of length, and no headers. */
static bool without_headers(const rd_kafka_message_t *m)
{
    const uint8_t *value = m->payload;
    size_t zigzag = 2 * m->len;
    size_t n = zigzag < 1 << 7 ? 1 : zigzag < 1 << 14 ? 2 : 3;
    if (!value || zigzag >= 1 << 21) {
        return false;
    }
    if (m->key) {
        return (const uint8_t *)m->key + m->key_len + n == value && value[m->len] == 0;
    }
    const uint8_t *length = value - n;
    bool same = length[-1] == 1; /* -1: the key is null */
    for (size_t i = 0; i < n; i++) {
        same &= length[i] == (zigzag >> 7 * i & 0x7f) + (i + 1 < n ? 0x80 : 0);
    }
    return same && value[m->len] == 0;
}

static void encode_headers(const rd_kafka_message_t *m, weir_buf *out)
{
    rd_kafka_headers_t *all = NULL;
    const char *name = NULL;
    const void *value = NULL;
    size_t n = 0;
    if (without_headers(m) || rd_kafka_message_headers(m, &all) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    for (size_t i = 0; rd_kafka_header_get_all(all, i, &name, &value, &n) == 0; i++) {
        weir_headers_add(out, weir_sv_cstr(name), weir_sv_of(value, n), value == NULL);
    }
}

/* What has been taken of one partition and is not handed over yet. */
typedef struct run {
    weir_kafka *kafka;
    const rd_kafka_topic_t *rkt; /* of the last message, */
    weir_cluster_topic *known;   /* which is of this topic; NULL: of none that is open */
    weir_fetch fetch;
    weir_cluster_topic *topic;
    int32_t partition;
    uint32_t n;
    uint64_t taken, most; /* bytes */
    weir_buf bytes;
    weir_rec recs[RUN_RECORDS];
    int64_t offsets[RUN_RECORDS];
} run;

static void hand_over(run *r)
{
    if (r->n == 0) {
        return;
    }
    int64_t base = r->offsets[0];
    bool gaps = r->offsets[r->n - 1] - base != r->n - 1;
    weir_chunk *c = weir_chunk_new(r->n, r->bytes.n, gaps);
    c->base = base;
    memcpy(c->recs, r->recs, r->n * sizeof *c->recs);
    if (r->bytes.n > 0) {
        memcpy(c->bytes, r->bytes.p, r->bytes.n);
    }
    if (gaps) {
        memcpy(c->offsets, r->offsets, r->n * sizeof *c->offsets);
    }
    r->taken += r->bytes.n;
    r->n = 0;
    weir_buf_reset(&r->bytes);
    r->topic->fetches[r->fetch][r->partition].expected = weir_chunk_end(c);
    r->kafka->base.sink->arrived(r->topic->owner, r->partition, r->fetch, c);
}

/* Copies bytes behind the others; a null is told by its length. */
static uint32_t put(weir_buf *to, const void *p, size_t n, uint32_t *at)
{
    *at = (uint32_t)to->n;
    if (!p) {
        return WEIR_NULL_BYTES;
    }
    weir_buf_add(to, p, n);
    return (uint32_t)n;
}

static void take_record(run *r, const rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t type;
    weir_rec *rec = &r->recs[r->n];
    *rec = (weir_rec){.timestamp = rd_kafka_message_timestamp(m, &type)};
    rec->key_n = put(&r->bytes, m->key, m->key_len, &rec->key_at);
    rec->value_n = put(&r->bytes, m->payload, m->len, &rec->value_at);
    rec->headers_at = (uint32_t)r->bytes.n;
    encode_headers(m, &r->bytes);
    rec->headers_n = (uint32_t)r->bytes.n - rec->headers_at;
    r->offsets[r->n++] = m->offset;
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

/* librdkafka goes on behind it, and 2.0 at a wrong place: nothing more is taken of this partition. */
static void damaged(weir_kafka *k, weir_cluster_topic *t, int32_t partition, weir_fetch fetch,
                    int64_t offset)
{
    char why[128];
    snprintf(why, sizeof why, "the batch of records at offset %lld is damaged (its checksum is wrong)",
             (long long)offset);
    weir__kafka_fetch_stop(&k->base, t, partition, fetch);
    tell_failed(t, partition, why);
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
        damaged(k, t, p, fetch, m->offset);
        break;
    default:
        WEIR_LOG(WEIR_INFO, "topic %s, partition %d: %s", t->name, p, rd_kafka_message_errstr(m));
    }
}

/* By its name: librdkafka may have made its object of a topic by itself, when its offsets were asked for,
 * and then gives that one, without what we would have put into it. */
static weir_cluster_topic *topic_of(run *r, const rd_kafka_message_t *m)
{
    if (m->rkt != r->rkt) {
        const char *name = m->rkt ? rd_kafka_topic_name(m->rkt) : NULL;
        r->rkt = m->rkt;
        r->known = name ? r->kafka->topics : NULL;
        while (r->known && strcmp(r->known->name, name) != 0) {
            r->known = r->known->next;
        }
    }
    return r->known;
}

/* One message, or event, from the queue. */
static void on_message(rd_kafka_message_t *m, void *ctx)
{
    run *r = ctx;
    weir_cluster_topic *t = topic_of(r, m);
    if (!t || m->err || t != r->topic || m->partition != r->partition || r->n == RUN_RECORDS ||
        r->bytes.n >= RUN_BYTES) {
        hand_over(r);
        r->topic = t;
        r->partition = m->partition;
    }
    if (t && m->err) {
        take_event(r->kafka, t, r->fetch, m);
    } else if (t && m->partition < t->n) {
        const kafka_fetch *f = &t->fetches[r->fetch][m->partition];
        if (f->active && m->offset >= f->expected) { /* not of an earlier fetch */
            take_record(r, m);
        }
    }
    if (r->taken + r->bytes.n >= r->most) {
        rd_kafka_yield(r->kafka->consumers[r->fetch]);
    }
}

void weir__kafka_take_in(weir_kafka *k, uint64_t bytes)
{
    static _Thread_local run r; /* 56 kB, and its buffer stays for the next time */
    for (int i = 0; i < WEIR_FETCHES; i++) {
        r.kafka = k;
        r.fetch = (weir_fetch)i;
        r.rkt = NULL; /* topics may have been closed since */
        r.known = NULL;
        r.taken = 0;
        r.most = bytes;
        while (k->queues[i] && r.taken < bytes &&
               rd_kafka_consume_callback_queue(k->queues[i], 0, on_message, &r) > 0) {
            hand_over(&r);
        }
    }
}
