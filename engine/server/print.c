/* PRINT: the records of a topic as they are, oldest first. What is there when the statement is
 * executed is printed; it does not wait for more, as the statements behind it (and every query) wait
 * for this one. `weir consume --follow` waits. */
#include "engine/server/lines.h"
#include "engine/server/session_impl.h"

#include "engine/io/loop.h"

#define PRINT_RECORDS 1000 /* without LIMIT */
#define FETCH_WAIT_MS 5
#define FETCH_MS_MOST 30000 /* without a record from the cluster */

typedef struct printing {
    weir_session *session;
    weir_topic *topic;
    weir_lines *lines;
    int64_t interval, most; /* every `interval`-th record, until `most` are printed */
    int64_t seen, printed;
    weir_buf out;
} printing;

static const weir_source *source_of(const weir_session *s, weir_sv topic)
{
    for (uint32_t i = 0; i < weir_catalog_sources(s->catalog); i++) {
        const weir_source *src = weir_catalog_source_at(s->catalog, i);
        if (weir_sv_eq(src->topic, topic)) {
            return src;
        }
    }
    return NULL;
}

/* The records of a chunk from `at` on and before `end`; returns where to go on. */
static int64_t print_chunk(printing *p, int32_t partition, const weir_chunk *c, int64_t at,
                           int64_t end)
{
    for (uint32_t i = weir_chunk_seek(c, at); i < c->n && p->printed < p->most; i++) {
        if (weir_chunk_offset(c, i) >= end) {
            return end;
        }
        if (p->seen++ % p->interval == 0) {
            weir_lines_print(p->lines, &p->out, c, &c->recs[i], partition);
            weir_buf_byte(&p->out, '\n');
            p->printed++;
        }
    }
    return weir_chunk_end(c);
}

/* A cluster: takes in what has arrived for a reader at `at`. Queries keep their places. */
static weir_rc fetch(printing *p, int32_t partition, int64_t at, int64_t *waited_ms, weir_status *st)
{
    bool full = false;
    weir_topic_keep(p->topic, partition, p->session, at);
    WEIR_TRY(weir_engine_poll(p->session->engine, &full, st));
    if (weir_topic_readable(p->topic, partition, at) > at) {
        *waited_ms = 0;
        return WEIR_OK;
    }
    const weir_cluster *c = weir_topics_cluster(p->session->topics);
    if (c->interrupted && c->interrupted(c->interrupted_ctx)) {
        return weir_fail(st, WEIR_EINTR, "interrupted");
    }
    if (*waited_ms > FETCH_MS_MOST) {
        return weir_fail(st, WEIR_ECONNECT, "Kafka has not sent topic " WEIR_SV_FMT ", partition %d "
                         "from offset %lld on for %d s", WEIR_SV_ARG(weir_topic_name(p->topic)),
                         partition, (long long)at, FETCH_MS_MOST / 1000);
    }
    weir_sleep_ms(FETCH_WAIT_MS);
    *waited_ms += FETCH_WAIT_MS;
    return WEIR_OK;
}

static weir_rc print_partition(printing *p, int32_t partition, weir_status *st)
{
    int64_t at = 0;
    int64_t end = 0;
    int64_t waited_ms = 0;
    WEIR_TRY(weir_topic_bounds(p->topic, partition, &at, &end, st));
    while (at < end && p->printed < p->most) {
        weir_chunk *c = NULL;
        int64_t readable = weir_topic_readable(p->topic, partition, at);
        if (readable <= at) {
            WEIR_TRY(fetch(p, partition, at, &waited_ms, st));
            continue;
        }
        WEIR_TRY(weir_topic_read(p->topic, partition, at, &c, st));
        at = c ? print_chunk(p, partition, c, at, end) : readable; /* or only transactions' markers */
        weir_chunk_unref(c);
    }
    return WEIR_OK;
}

static weir_rc print_all(printing *p, weir_status *st)
{
    weir_rc rc = WEIR_OK;
    for (int32_t n = 0; rc == WEIR_OK && n < weir_topic_partitions(p->topic); n++) {
        rc = print_partition(p, n, st);
        if (weir_topics_cluster(p->session->topics)) {
            weir_topic_keep(p->topic, n, p->session, INT64_MAX);
        }
    }
    return rc;
}

weir_rc weir_statement_print(weir_session *s, const weir_bound *b, weir_arena *a, weir_result *r,
                             weir_status *st)
{
    weir_sv name = b->as.print.topic;
    printing p = {.session = s,
                  .topic = weir_topics_find(s->topics, name),
                  .most = b->as.print.limit >= 0 ? b->as.print.limit : PRINT_RECORDS,
                  .interval = b->as.print.interval > 0 ? b->as.print.interval : 1};
    if (!p.topic) {
        return weir_fail(st, WEIR_ESQL, "Could not find topic '" WEIR_SV_FMT "', or the KSQL user "
                                        "does not have permissions to list the topic.",
                         WEIR_SV_ARG(name));
    }
    WEIR_TRY(weir_lines_new(s, source_of(s, name), &p.lines, st));
    if (weir_topics_cluster(s->topics)) {
        weir_lines_trust_nothing(p.lines);
    }
    weir_rc rc = print_all(&p, st);
    r->topic = name;
    r->message = weir_arena_sv(a, weir_sv_trim(weir_buf_view(&p.out)));
    weir_buf_deinit(&p.out);
    weir_lines_free(p.lines);
    return rc;
}
