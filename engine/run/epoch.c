/* Epochs: everything that became true between two commits, written in one atomic batch: outputs
 * (the topics' new chunks), state (dirty entries of every operator), source positions, and whatever
 * the host adds. Between rounds nothing is in flight, so the batch is a consistent cut.
 *
 *   'M' "position" ‖ 0 ‖ query ‖ 0 ‖ node(4) ‖ partition(4)  →  next offset (8) [‖ warm_end (8)]
 *   'M' "plan" ‖ 0 ‖ query                                   →  printed plan
 *   'M' "epoch"                                              →  number of commits (8)
 *   'M' "instance"                                           →  name of this directory's process
 *
 * A query whose stored plan differs from the one it is started with must not read that state. */
#include "engine/io/fault.h"
#include "engine/run/task.h"

/* `s` NULL: what all positions of the query begin with. */
static void position_key(weir_buf *key, weir_sv query_id, const weir_scan *s)
{
    weir_buf_reset(key);
    weir_buf_add(key, "Mposition", 10); /* with its NUL */
    weir_buf_sv(key, query_id);
    weir_buf_byte(key, 0);
    if (s) {
        weir_buf_be32(key, s->node->id);
        weir_buf_be32(key, (uint32_t)s->partition);
    }
}

static void plan_key(weir_buf *key, weir_sv query_id)
{
    weir_buf_reset(key);
    weir_buf_add(key, "Mplan", 6);
    weir_buf_sv(key, query_id);
}

static void save_query(weir_query *q, weir_store_batch *batch)
{
    weir_buf key = {0};
    weir_buf value = {0};
    for (uint32_t i = 0; i < q->n_stages; i++) {
        weir_stage *s = q->stages[i];
        for (int32_t p = 0; p < s->partitions; p++) {
            weir_task *t = s->tasks[p];
            for (uint32_t k = 0; k < t->n_ops; k++) {
                if (t->ops[k]->kind->save) {
                    t->ops[k]->kind->save(t->ops[k], batch);
                }
            }
            for (uint32_t k = 0; k < t->n_scans; k++) {
                position_key(&key, q->plan->query_id, &t->scans[k]);
                weir_buf_reset(&value);
                weir_buf_be64(&value, (uint64_t)t->scans[k].next);
                if (t->scans[k].next < t->scans[k].warm_end) {
                    weir_buf_be64(&value, (uint64_t)t->scans[k].warm_end);
                }
                weir_store_put(batch, weir_buf_view(&key), weir_buf_view(&value));
            }
        }
    }
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
}

void weir_engine_forget(weir_sv query_id, weir_store_batch *batch)
{
    weir_buf from = {0};
    weir_buf to = {0};
    weir_buf_byte(&from, 'S');
    weir_buf_sv(&from, query_id);
    weir_buf_sv(&to, weir_buf_view(&from));
    weir_buf_byte(&from, 0);
    weir_buf_byte(&to, 1);
    weir_store_delete_range(batch, weir_buf_view(&from), weir_buf_view(&to));
    position_key(&from, query_id, NULL);
    weir_buf_reset(&to);
    weir_buf_add(&to, from.p, from.n - 1);
    weir_buf_byte(&to, 1);
    weir_store_delete_range(batch, weir_buf_view(&from), weir_buf_view(&to));
    plan_key(&from, query_id);
    weir_store_delete(batch, weir_buf_view(&from));
    weir_buf_deinit(&from);
    weir_buf_deinit(&to);
}

void weir_query_forget(const weir_query *q, weir_store_batch *batch)
{
    weir_engine_forget(q->plan->query_id, batch);
}

static const weir_position *given_of(const weir_start *start, const weir_scan *s)
{
    for (size_t i = 0; i < start->n_at; i++) {
        if (start->at[i].partition == s->partition &&
            weir_sv_eq(start->at[i].topic, weir_topic_name(s->topic))) {
            return &start->at[i];
        }
    }
    return NULL;
}

/* A table is read from its beginning whatever the property says, as in ksqlDB. */
static weir_rc start_at(weir_scan *s, const weir_start *start, bool known, weir_status *st)
{
    int64_t begin = 0;
    int64_t end = 0;
    if (known) {
        return WEIR_OK;
    }
    WEIR_TRY(weir_topic_bounds(s->topic, s->partition, &begin, &end, st));
    const weir_position *given = given_of(start, s);
    if (s->node->scan.source->table) {
        s->next = begin;
        s->warm_end = end;
    } else if (given) {
        s->next = weir_min64(weir_max64(given->next, begin), end);
    } else if (start->kind == WEIR_START_TIME) {
        return weir_topic_at_time(s->topic, s->partition, start->ms, &s->next, st);
    } else {
        s->next = start->kind == WEIR_START_EARLIEST ? begin : end;
    }
    return WEIR_OK;
}

static const weir_scan *scan_of(const weir_query *q, weir_sv topic, int32_t partition)
{
    for (uint32_t i = 0; i < q->n_stages; i++) {
        weir_stage *s = q->stages[i];
        weir_task *t = partition < s->partitions ? s->tasks[partition] : NULL;
        for (uint32_t k = 0; t && k < t->n_scans; k++) {
            if (weir_sv_eq(t->scans[k].node->scan.source->topic, topic)) {
                return &t->scans[k];
            }
        }
    }
    return NULL;
}

bool weir_query_position(const weir_query *q, weir_sv topic, int32_t partition, int64_t *next)
{
    bool found = false;
    for (uint32_t i = 0; i < q->n_stages; i++) {
        const weir_stage *s = q->stages[i];
        const weir_task *t = partition < s->partitions ? s->tasks[partition] : NULL;
        for (uint32_t k = 0; t && k < t->n_scans; k++) {
            if (weir_sv_eq(t->scans[k].node->scan.source->topic, topic)) {
                *next = found ? weir_min64(*next, t->scans[k].next) : t->scans[k].next;
                found = true;
            }
        }
    }
    return found;
}

static weir_rc load_position(weir_query *q, weir_scan *s, const weir_start *start,
                             const weir_query *replaced, weir_status *st)
{
    const weir_scan *before =
        replaced ? scan_of(replaced, s->node->scan.source->topic, s->partition) : NULL;
    if (before) {
        s->next = before->next;
        return start_at(s, start, true, st);
    }
    if (!q->engine->config.store || q->anew) {
        return start_at(s, start, false, st);
    }
    weir_buf key = {0};
    weir_buf value = {0};
    bool found = false;
    position_key(&key, q->plan->query_id, s);
    weir_rc rc = weir_store_get(q->engine->config.store, weir_buf_view(&key), &value, &found, st);
    if (rc == WEIR_OK && found) {
        weir_reader r = weir_reader_of(weir_buf_view(&value));
        s->next = (int64_t)weir_read_be64(&r);
        s->warm_end = r.p < r.end ? (int64_t)weir_read_be64(&r) : 0;
        s->known = true;
    }
    rc = rc ? rc : start_at(s, start, found, st);
    if (rc == WEIR_OK) {
        weir_scan_overtaken(s);
    }
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
    return rc;
}

weir_rc weir_query_check_plan(const weir_query *q, weir_status *st)
{
    weir_store *store = q->engine->config.store;
    if (!store || !q->plan->persistent || q->anew) {
        return WEIR_OK;
    }
    weir_buf key = {0};
    weir_buf stored = {0};
    weir_buf now = {0};
    bool found = false;
    plan_key(&key, q->plan->query_id);
    weir_plan_print(&now, q->plan);
    weir_rc rc = weir_store_get(store, weir_buf_view(&key), &stored, &found, st);
    if (rc == WEIR_OK && found && !weir_sv_eq(weir_buf_view(&stored), weir_buf_view(&now))) {
        rc = weir_fail(st, WEIR_ECORRUPT,
                       "the state of query " WEIR_SV_FMT " in %s was made by another plan",
                       WEIR_SV_ARG(q->plan->query_id), weir_store_dir(store));
        weir_hint(st, "run the statements that made it, or start with an empty --data-dir");
    }
    weir_buf_deinit(&key);
    weir_buf_deinit(&stored);
    weir_buf_deinit(&now);
    return rc;
}

/* The plan whose state the next commit writes. */
static void note_plan(const weir_query *q)
{
    if (q->engine->config.store) {
        weir_buf key = {0};
        weir_buf now = {0};
        plan_key(&key, q->plan->query_id);
        weir_plan_print(&now, q->plan);
        weir_store_put(q->engine->dropped, weir_buf_view(&key), weir_buf_view(&now));
        weir_buf_deinit(&key);
        weir_buf_deinit(&now);
    }
}

/* How many partitions of a scan's topic were known when the query was stopped. */
static int32_t known_partitions(const weir_stage *stage, const weir_scan *s)
{
    int32_t n = 0;
    for (int32_t p = 0; p < stage->partitions; p++) {
        for (uint32_t k = 0; k < stage->tasks[p]->n_scans; k++) {
            const weir_scan *other = &stage->tasks[p]->scans[k];
            n += other->node == s->node && other->known;
        }
    }
    return n;
}

static bool has_state(const weir_query *q)
{
    for (uint32_t i = 0; i < q->n_stages; i++) {
        const weir_task *t = q->stages[i]->tasks[0];
        for (uint32_t k = 0; k < t->n_ops; k++) {
            if (t->ops[k]->kind->state_entries) {
                return true;
            }
        }
    }
    return false;
}

/* A partition that was added since the last run is read from its beginning. State is kept by partition,
 * and its keys lie in other ones now. */
static weir_rc check_added(const weir_query *q, const weir_stage *stage, weir_scan *s,
                           weir_status *st)
{
    int32_t known = s->known ? 0 : known_partitions(stage, s);
    int64_t end = 0;
    if (known == 0) {
        return WEIR_OK;
    }
    if (!has_state(q)) {
        return weir_topic_bounds(s->topic, s->partition, &s->next, &end, st);
    }
    weir_fail(st, WEIR_ECORRUPT, "topic " WEIR_SV_FMT " has %d partitions now, and the state of query "
              WEIR_SV_FMT " was made with %d", WEIR_SV_ARG(weir_topic_name(s->topic)),
              weir_topic_partitions(s->topic), WEIR_SV_ARG(q->plan->query_id), known);
    return weir_hint(st, "start with an empty --data-dir and reprocess");
}

weir_rc weir_query_load_positions(weir_query *q, const weir_start *start, const weir_query *replaced,
                                  weir_status *st)
{
    for (uint32_t i = 0; i < q->n_stages; i++) {
        weir_stage *s = q->stages[i];
        for (int32_t p = 0; p < s->partitions; p++) {
            for (uint32_t k = 0; k < s->tasks[p]->n_scans; k++) {
                WEIR_TRY(load_position(q, &s->tasks[p]->scans[k], start, replaced, st));
            }
        }
        for (int32_t p = 0; p < s->partitions; p++) {
            for (uint32_t k = 0; k < s->tasks[p]->n_scans; k++) {
                WEIR_TRY(check_added(q, s, &s->tasks[p]->scans[k], st));
            }
        }
    }
    if (q->plan->persistent && replaced) {
        weir_query_forget(replaced, q->engine->dropped); /* nodes may have other numbers now */
    }
    if (q->plan->persistent) {
        note_plan(q);
    }
    return WEIR_OK;
}

weir_rc weir_epoch_instance(weir_store *store, weir_buf *out, weir_status *st)
{
    bool found = false;
    WEIR_TRY(weir_store_get(store, WEIR_SV("Minstance"), out, &found, st));
    if (found) {
        return WEIR_OK;
    }
    weir_buf_reset(out);
    weir_buf_printf(out, "%016llx", (unsigned long long)weir_entropy());
    weir_store_batch *b = weir_store_batch_new();
    weir_store_put(b, WEIR_SV("Minstance"), weir_buf_view(out));
    weir_rc rc = weir_store_commit(store, b, st);
    weir_store_batch_free(b);
    return rc;
}

/* What a killed process had prepared counts exactly when the cluster's transaction did. */
static weir_rc settle_doubt(weir_engine *e, weir_status *st)
{
    weir_store *store = e->config.store;
    weir_cluster *c = weir_topics_cluster(e->config.topics);
    uint64_t pending = 0;
    uint64_t committed = 0;
    bool doubt = false;
    bool any = false;
    WEIR_TRY(weir_store_prepared(store, &pending, &doubt, st));
    if (c) {
        weir_buf instance = {0};
        weir_rc rc = weir_epoch_instance(store, &instance, st);
        uint64_t newest = doubt ? pending : e->epoch;
        rc = rc ? rc : c->calls->committed(c, weir_buf_view(&instance), newest, &committed, &any, st);
        weir_buf_deinit(&instance);
        WEIR_TRY(rc);
    }
    if (doubt && !c) {
        weir_fail(st, WEIR_EUSAGE, "%s ends with an epoch whose outcome only Kafka knows",
                  weir_store_dir(store));
        return weir_hint(st, "start with the --bootstrap-servers it was used with");
    }
    if (doubt && !any && pending > 1) {
        weir_fail(st, WEIR_ECORRUPT, "whether the last epoch of %s was committed is not known: Kafka "
                                     "has no offsets of its group any more", weir_store_dir(store));
        return weir_hint(st, "start with an empty --data-dir and reprocess");
    }
    if (doubt && committed > pending && c->exactly_once) {
        return WEIR_OK; /* an old copy: refused below */
    }
    return doubt ? weir_store_resolve(store, any && committed == pending, st) : WEIR_OK;
}

/* State that is older than what the cluster has committed would repeat results. */
static weir_rc check_age(const weir_engine *e, weir_status *st)
{
    weir_cluster *c = weir_topics_cluster(e->config.topics);
    if (!c || !c->exactly_once || c->last_epoch <= e->epoch) {
        return WEIR_OK;
    }
    weir_fail(st, WEIR_ECORRUPT, "%s is at epoch %llu, but epoch %llu has been committed to Kafka: it "
                                 "is an old copy", weir_store_dir(e->config.store),
              (unsigned long long)e->epoch, (unsigned long long)c->last_epoch);
    return weir_hint(st, "another process works with a copy of this data directory, or did: use the "
                         "newest copy, or start with an empty --data-dir");
}

static weir_rc read_epoch(weir_engine *e, weir_status *st)
{
    weir_buf value = {0};
    bool found = false;
    weir_rc rc = weir_store_get(e->config.store, WEIR_SV("Mepoch"), &value, &found, st);
    if (rc == WEIR_OK && found) {
        weir_reader r = weir_reader_of(weir_buf_view(&value));
        e->epoch = weir_read_be64(&r);
    }
    weir_buf_deinit(&value);
    return rc;
}

weir_rc weir_epoch_load(weir_engine *e, weir_status *st)
{
    WEIR_TRY(read_epoch(e, st));
    WEIR_TRY(settle_doubt(e, st));
    WEIR_TRY(read_epoch(e, st));
    return check_age(e, st);
}

/* The positions that a group's offsets stand for: per partition the least of all queries. */
typedef struct positions {
    weir_position *items;
    size_t n, cap;
} positions;

static void note_position(positions *all, const weir_scan *s)
{
    weir_sv topic = weir_topic_name(s->topic);
    for (size_t i = 0; i < all->n; i++) {
        weir_position *p = &all->items[i];
        if (p->partition == s->partition && weir_sv_eq(p->topic, topic)) {
            p->next = weir_min64(p->next, s->next);
            return;
        }
    }
    WEIR_GROW(all->items, all->cap, all->n + 1);
    all->items[all->n++] = (weir_position){topic, s->partition, s->next};
}

/* Those of stopped queries stay where they are: what cannot be read often cannot be committed. */
static positions positions_of(const weir_engine *e)
{
    positions all = {0};
    for (size_t i = 0; i < e->n_queries; i++) {
        const weir_query *q = weir_query_error(e->queries[i]) ? NULL : e->queries[i];
        for (uint32_t k = 0; q && k < q->n_stages && q->plan->persistent; k++) {
            for (int32_t p = 0; p < q->stages[k]->partitions; p++) {
                const weir_task *t = q->stages[k]->tasks[p];
                for (uint32_t n = 0; n < t->n_scans; n++) {
                    note_position(&all, &t->scans[n]);
                }
            }
        }
    }
    return all;
}

/* Kafka's transaction decides, the store follows; at_least_once: outputs first, then the store. */
static weir_rc commit_cluster(weir_engine *e, weir_cluster *c, weir_store_batch *batch,
                              weir_status *st)
{
    WEIR_TRY(c->calls->flush(c, st));
    WEIR_TRY(WEIR_FAULT(EPOCH_FLUSHED, st));
    weir_store *store = e->config.store;
    bool two_phases = store && c->exactly_once;
    if (two_phases) {
        WEIR_TRY(weir_store_prepare(store, batch, e->epoch, st));
    } else if (store) {
        WEIR_TRY(weir_store_commit(store, batch, st));
    }
    positions at = positions_of(e);
    weir_rc rc = c->calls->commit(c, e->epoch, at.items, at.n, st);
    weir_free(at.items);
    WEIR_TRY(rc);
    WEIR_TRY(WEIR_FAULT(TXN_COMMITTED, st));
    return two_phases ? weir_store_settle(store, batch, st) : WEIR_OK;
}

weir_rc weir_engine_commit(weir_engine *e, weir_store_batch *extra, weir_status *st)
{
    WEIR_TRY(WEIR_FAULT(EPOCH_BEGIN, st));
    weir_cluster *c = weir_topics_cluster(e->config.topics);
    /* What topics still hold stays there: an epoch is as long as its interval, not as the backlog. */
    e->moved |= weir_engine_flush_round(e);
    if (c && !e->moved && !c->calls->dirty(c) && (!extra || weir_store_batch_bytes(extra) == 0) &&
        weir_store_batch_bytes(e->dropped) == 0) {
        return WEIR_OK; /* nothing has happened */
    }
    WEIR_TRY(weir_engine_whole(e, st));
    if (!e->config.store) {
        e->moved = false;
        return c ? commit_cluster(e, c, NULL, st) : WEIR_OK;
    }
    /* The removals of dropped queries come first: a replacement may use the same keys. */
    weir_store_batch *batch = e->dropped;
    for (size_t i = 0; i < e->n_queries; i++) {
        weir_query *q = e->queries[i];
        if (q->plan->persistent && !q->failed) {
            save_query(q, batch);
        }
    }
    WEIR_TRY(weir_topics_save(e->config.topics, batch, st));
    WEIR_TRY(WEIR_FAULT(SEGMENT_WRITTEN, st));
    weir_topics_expire(e->config.topics, batch);
    weir_buf number = {0};
    weir_buf_be64(&number, ++e->epoch);
    weir_store_put(batch, WEIR_SV("Mepoch"), weir_buf_view(&number));
    weir_buf_deinit(&number);
    if (extra) {
        weir_store_batch_append(batch, extra);
    }
    WEIR_TRY(WEIR_FAULT(EPOCH_COLLECTED, st));
    WEIR_TRY(c ? commit_cluster(e, c, batch, st) : weir_store_commit(e->config.store, batch, st));
    e->moved = false;
    weir_hmap_clear(e->dropped_ids, NULL, NULL);
    for (size_t i = 0; i < e->n_queries; i++) {
        e->queries[i]->worked = false;
    }
    weir_budget_evict(e);
    return WEIR_FAULT(EPOCH_DONE, st);
}
