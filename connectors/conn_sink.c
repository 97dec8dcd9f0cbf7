/* A sink's topics: opened, and read as far as what waits inside has room. What is read goes to the loop as
 * parcels (conn_parcel.c); where each partition is, conn_place.c knows. Control thread. */
#include "connectors/conn_impl.h"

#define SLICE_RECORDS 1024u /* a batch */

/* ---- opening ---- */

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

/* ---- handing over ---- */

static void give(weir_conn *c, weir__sink_topic *t, int32_t p, weir_chunk *chunk, uint32_t first,
                 uint32_t n)
{
    weir_sink_parcel *parcel = weir__parcel_new(t, p, chunk, first, n);
    weir_lock_enter(c->shared.lock);
    c->shared.in_records += n;
    c->shared.in_bytes += weir__parcel_weight(chunk, n);
    weir_lock_leave(c->shared.lock);
    c->sink.losses = 0;
    weir_loop_post(c->loop, weir__parcel_take, parcel);
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

/* Nothing lies between: when all before is done, so is this. */
static void skip_to(weir_conn *c, weir__sink_part *part, int64_t at)
{
    weir_lock_enter(c->shared.lock);
    if (part->done == part->read) {
        part->done = at;
    } else {
        part->gap = part->gap_end == part->read ? part->gap : part->read;
        part->gap_end = at;
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
        return WEIR_OK; /* new: that it begins is to be known first */
    }
    int64_t resume = weir_topic_resume(t->topic, p, part->read);
    if (resume > part->read) {
        weir_conn_well(c); /* told whatever trouble there is */
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
        int64_t next = first + n == chunk->n ? weir_chunk_end(chunk)
                                             : weir_chunk_offset(chunk, first + n);
        if (n) {
            give(c, t, p, chunk, first, n);
            part->read = next;
        } else {
            skip_to(c, part, next);
        }
        weir_chunk_unref(chunk);
    }
    weir_topic_keep(t->topic, p, c, part->read);
    return WEIR_OK;
}

static weir_rc pump_all(weir_conn *c, weir_status *st)
{
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        weir__sink_topic *t = &c->sink.topics[i];
        for (int32_t p = 0; p < t->n_parts; p++) {
            WEIR_TRY(pump_part(c, t, p, st));
        }
    }
    return WEIR_OK;
}

weir_rc weir__sink_pump(weir_conn *c, weir_status *st)
{
    weir_status why;
    weir_status_reset(&why);
    weir__sink_listen(c);
    weir_rc rc = c->sink.lost ? WEIR_OK : pump_all(c, &why);
    if (rc != WEIR_OK && weir_topics_cluster(c->owner->config.topics)) {
        weir__sink_lose(c, why.msg);
        return WEIR_OK;
    }
    if (rc != WEIR_OK && st) {
        *st = why;
    }
    return rc;
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
