/* Where a sink is in the partitions of its topics: what the store has of it, what commits save. `done` is what
 * a commit saves; what is behind it comes again after a crash.
 *
 *   "Msink" ‖ 0 ‖ connector ‖ 0 ‖ topic ‖ 0 ‖ partition (4)  →  next offset (8), generation (4; not there: 0)
 *
 * A topic that ends before the place up to which it was read is another one of the same name (or has lost
 * records). Then it is read from the beginning, in its next generation: what a sink tells its outside about
 * offsets (fences, ids, versions) is of a generation. Control thread. */
#include "connectors/conn_impl.h"

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

/* What is known of a partition while it is placed. */
typedef struct known {
    bool found;            /* it was begun before */
    int64_t at;
    uint32_t generation;
    int64_t begin, end;
} known;

static weir_rc read_stored(const weir_conn *c, const weir__sink_topic *t, int32_t p, known *k,
                           weir_status *st)
{
    weir_store *store = c->owner->config.store;
    weir_buf key = {0};
    weir_buf value = {0};
    weir_rc rc = WEIR_OK;
    position_key(&key, c, t, p);
    if (store && !weir__conn_forgotten(c->owner, c->name)) {
        rc = weir_store_get(store, weir_buf_view(&key), &value, &k->found, st);
    }
    if (rc == WEIR_OK && k->found) {
        weir_reader r = weir_reader_of(weir_buf_view(&value));
        k->at = (int64_t)weir_read_be64(&r);
        k->generation = r.p < r.end ? weir_read_be32(&r) : 0;
    }
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
    return rc;
}

/* Of the partitions there are, and of the one behind the last: topics do not get smaller. */
static weir_rc read_known(const weir_conn *c, weir__sink_topic *t, int32_t n, known *all, weir_status *st)
{
    for (int32_t p = 0; p <= n; p++) {
        if (p < t->n_parts) {
            all[p] = (known){.found = true, .at = t->parts[p].done, .generation = t->in.generation};
        } else {
            WEIR_TRY(read_stored(c, t, p, &all[p], st));
        }
        if (p < n) {
            WEIR_TRY(weir_topic_bounds(t->topic, p, &all[p].begin, &all[p].end, st));
        }
        t->in.generation = all[p].generation > t->in.generation ? all[p].generation : t->in.generation;
    }
    return WEIR_OK;
}

/* Says so, and why. */
static bool made_again(weir_conn *c, const weir__sink_topic *t, int32_t n, const known *all)
{
    for (int32_t p = 0; p <= n; p++) {
        const known *k = &all[p];
        if (!k->found || k->generation != t->in.generation || (p < n && k->at <= k->end)) {
            continue;
        }
        weir_conn_well(c); /* told whatever trouble there was before */
        if (p == n) {
            weir_conn_trouble(c, "topic " WEIR_SV_FMT " was made again: it has %d partitions, and had more; its "
                              "records are read from the beginning, as new ones", WEIR_SV_ARG(t->in.topic), n);
        } else {
            weir_conn_trouble(c, "topic " WEIR_SV_FMT " was made again, or has lost records: partition %d ends at "
                              "%lld and was read up to %lld; its records are read from the beginning, as new ones",
                              WEIR_SV_ARG(t->in.topic), p, (long long)k->end, (long long)k->at);
        }
        return true;
    }
    return false;
}

static int64_t first_of(const weir_conn *c, const weir__sink_topic *t, int32_t p, const known *k, bool new_topic)
{
    bool begun = k->found && k->generation == t->in.generation;
    if (begun && p >= t->n_parts && c->kind->as_sink->resume_at) {
        return c->kind->as_sink->resume_at(c->self, &t->in, p, k->at);
    }
    return begun                                                      ? k->at
           : new_topic && weir_conn_is(c, "start", "latest") ? k->end
                                                             : k->begin;
}

/* As many as the topic has now, each where it goes on. */
static void set_parts(const weir_conn *c, weir__sink_topic *t, int32_t n, const known *all)
{
    bool new_topic = t->in.generation == 0; /* and not only a partition that was added, or another generation */
    for (int32_t p = 0; p < n; p++) {
        new_topic &= !all[p].found;
    }
    t->parts = weir_realloc(t->parts, sizeof *t->parts * (size_t)n);
    for (int32_t p = 0; p < n; p++) {
        const known *k = &all[p];
        bool begun = k->found && k->generation == t->in.generation;
        int64_t saved = !begun ? -1 : p < t->n_parts ? t->parts[p].saved : k->at;
        int64_t at = first_of(c, t, p, k, new_topic);
        t->parts[p] = (weir__sink_part){.read = at, .done = at, .saved = saved, .durable = k->end};
    }
    t->n_parts = n;
    t->in.partitions = n;
}

static weir_rc place_topic(weir_conn *c, weir__sink_topic *t, weir_status *st)
{
    int32_t n = weir_topic_partitions(t->topic);
    known *all = weir_zalloc(sizeof *all * ((size_t)n + 1));
    weir_rc rc = read_known(c, t, n, all, st);
    if (rc == WEIR_OK) {
        t->in.generation += made_again(c, t, n, all);
        set_parts(c, t, n, all);
    }
    weir_free(all);
    return rc;
}

weir_rc weir__sink_place(weir_conn *c, weir_status *st)
{
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        WEIR_TRY(place_topic(c, &c->sink.topics[i], st));
    }
    weir__sink_keep(c, true);
    return WEIR_OK;
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

void weir__sink_keep(weir_conn *c, bool on)
{
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        weir__sink_topic *t = &c->sink.topics[i];
        for (int32_t p = 0; p < t->n_parts; p++) {
            weir_topic_keep(t->topic, p, c, on ? t->parts[p].read : INT64_MAX);
        }
    }
}

/* ---- commits ---- */

static void save_part(const weir_conn *c, const weir__sink_topic *t, int32_t p, weir_store_batch *batch)
{
    weir__sink_part *part = &t->parts[p];
    int64_t done = part->done; /* under the lock of `shared` */
    if (done == part->saved) {
        return;
    }
    weir_buf key = {0};
    weir_buf value = {0};
    position_key(&key, c, t, p);
    weir_buf_be64(&value, (uint64_t)done);
    if (t->in.generation) {
        weir_buf_be32(&value, t->in.generation);
    }
    weir_store_put(batch, weir_buf_view(&key), weir_buf_view(&value));
    part->saved = done;
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
}

void weir__sink_save(weir_conn *c, weir_store_batch *batch)
{
    for (uint32_t i = 0; batch && i < c->sink.n_topics; i++) {
        for (int32_t p = 0; p < c->sink.topics[i].n_parts; p++) {
            save_part(c, &c->sink.topics[i], p, batch);
        }
    }
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
