/* Where a sink is in the partitions of its topics: what the store has of it, what commits save. `done` is what
 * a commit saves; what is behind it comes again after a crash. Control thread. */
#include "connectors/conn_impl.h"

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
