/* Epochs: everything that became true between two commits, written in one atomic batch: outputs
 * (the topics' new chunks), state (dirty entries of every operator), source positions, and whatever
 * the host adds. Between rounds nothing is in flight, so the batch is a consistent cut.
 *
 *   'M' "position" ‖ 0 ‖ query ‖ 0 ‖ node(4) ‖ partition(4)  →  next offset (8)
 *   'M' "plan" ‖ 0 ‖ query                                   →  printed plan
 *   'M' "epoch"                                              →  number of commits (8)
 *
 * A query whose stored plan differs from the one it is started with must not read that state. */
#include "engine/io/fault.h"
#include "engine/run/task.h"

static void position_key(weir_buf *key, const weir_query *q, const weir_scan *s)
{
    weir_buf_reset(key);
    weir_buf_add(key, "Mposition", 10); /* with its NUL */
    weir_buf_sv(key, q->plan->query_id);
    weir_buf_byte(key, 0);
    if (s) {
        weir_buf_be32(key, s->node->id);
        weir_buf_be32(key, (uint32_t)s->partition);
    }
}

static void plan_key(weir_buf *key, const weir_query *q)
{
    weir_buf_reset(key);
    weir_buf_add(key, "Mplan", 6);
    weir_buf_sv(key, q->plan->query_id);
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
                position_key(&key, q, &t->scans[k]);
                weir_buf_reset(&value);
                weir_buf_be64(&value, (uint64_t)t->scans[k].next);
                weir_store_put(batch, weir_buf_view(&key), weir_buf_view(&value));
            }
        }
    }
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
}

void weir_query_forget(const weir_query *q, weir_store_batch *batch)
{
    weir_buf from = {0};
    weir_buf to = {0};
    weir_buf_byte(&from, 'S');
    weir_buf_sv(&from, q->plan->query_id);
    weir_buf_sv(&to, weir_buf_view(&from));
    weir_buf_byte(&from, 0);
    weir_buf_byte(&to, 1);
    weir_store_delete_range(batch, weir_buf_view(&from), weir_buf_view(&to));
    position_key(&from, q, NULL);
    weir_buf_reset(&to);
    weir_buf_add(&to, from.p, from.n - 1);
    weir_buf_byte(&to, 1);
    weir_store_delete_range(batch, weir_buf_view(&from), weir_buf_view(&to));
    plan_key(&from, q);
    weir_store_delete(batch, weir_buf_view(&from));
    weir_buf_deinit(&from);
    weir_buf_deinit(&to);
}

static int64_t start_of(const weir_scan *s, weir_start start)
{
    /* A table is read from its beginning whatever the property says, as in ksqlDB. */
    return start == WEIR_START_EARLIEST || s->node->scan.source->table
               ? weir_topic_begin(s->topic, s->partition)
               : weir_topic_end(s->topic, s->partition);
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

static weir_rc load_position(weir_query *q, weir_scan *s, weir_start start,
                             const weir_query *replaced, weir_status *st)
{
    s->next = start_of(s, start);
    const weir_scan *before =
        replaced ? scan_of(replaced, s->node->scan.source->topic, s->partition) : NULL;
    if (before) {
        s->next = before->next;
        return WEIR_OK;
    }
    if (!q->engine->config.store) {
        return WEIR_OK;
    }
    weir_buf key = {0};
    weir_buf value = {0};
    bool found = false;
    position_key(&key, q, s);
    weir_rc rc = weir_store_get(q->engine->config.store, weir_buf_view(&key), &value, &found, st);
    if (rc == WEIR_OK && found) {
        weir_reader r = weir_reader_of(weir_buf_view(&value));
        s->next = (int64_t)weir_read_be64(&r);
        int64_t begin = weir_topic_begin(s->topic, s->partition);
        s->next = weir_max64(s->next, begin); /* retention overtook it */
    }
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
    return rc;
}

weir_rc weir_query_check_plan(const weir_query *q, weir_status *st)
{
    weir_store *store = q->engine->config.store;
    if (!store || !q->plan->persistent) {
        return WEIR_OK;
    }
    weir_buf key = {0};
    weir_buf stored = {0};
    weir_buf now = {0};
    bool found = false;
    plan_key(&key, q);
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
        plan_key(&key, q);
        weir_plan_print(&now, q->plan);
        weir_store_put(q->engine->dropped, weir_buf_view(&key), weir_buf_view(&now));
        weir_buf_deinit(&key);
        weir_buf_deinit(&now);
    }
}

weir_rc weir_query_load_positions(weir_query *q, weir_start start, const weir_query *replaced,
                                  weir_status *st)
{
    for (uint32_t i = 0; i < q->n_stages; i++) {
        weir_stage *s = q->stages[i];
        for (int32_t p = 0; p < s->partitions; p++) {
            for (uint32_t k = 0; k < s->tasks[p]->n_scans; k++) {
                WEIR_TRY(load_position(q, &s->tasks[p]->scans[k], start, replaced, st));
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

weir_rc weir_epoch_load(weir_engine *e, weir_status *st)
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

weir_rc weir_engine_commit(weir_engine *e, weir_store_batch *extra, weir_status *st)
{
    WEIR_TRY(WEIR_FAULT(EPOCH_BEGIN, st));
    WEIR_TRY(weir_engine_drain(e, st));
    if (!e->config.store) {
        return WEIR_OK;
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
    WEIR_TRY(weir_store_commit(e->config.store, batch, st));
    return WEIR_FAULT(EPOCH_DONE, st);
}
