/* Delivery, between two levels, on the control thread: exchanged rows go to the inboxes of the next
 * stage, sink records to their topics. Only pointers move.
 *
 * In SEQ order a topic with several writers waits for the last of them and gets their records merged
 * by seq, as if each input record had gone through all of them before the next one. */
#include "engine/io/fault.h"
#include "engine/run/task.h"

static bool writes(const weir_query *q, const weir_topic *topic)
{
    return q->sink == topic && !q->failed && !q->paused;
}

/* Level after which nobody writes to the topic any more in this round. */
static uint32_t last_writer(const weir_engine *e, const weir_topic *topic)
{
    uint32_t last = 0;
    for (size_t i = 0; i < e->n_queries; i++) {
        const weir_query *q = e->queries[i];
        uint32_t level = q->stages[q->n_stages - 1]->level;
        if (writes(q, topic) && level > last) {
            last = level;
        }
    }
    return last;
}

static void send(weir_stage *s)
{
    for (int32_t p = 0; p < s->to->partitions; p++) {
        weir_task *to = s->to->tasks[p];
        weir_inbox *in = to->inboxes;
        while (in->from != s) {
            in++;
        }
        for (int32_t k = 0; k < s->partitions; k++) {
            WEIR_ASSERT(!in->lanes[k]);
            in->lanes[k] = weir_exchange_take(s->tasks[k], p);
        }
    }
}

/* What a task has read goes back to who sent it. */
static void return_parcels(weir_task *t)
{
    for (uint32_t i = 0; i < t->n_inboxes; i++) {
        weir_inbox *in = &t->inboxes[i];
        for (uint32_t k = 0; k < in->n_lanes; k++) {
            if (in->lanes[k]) {
                weir_parcel_return(in->lanes[k]);
                in->lanes[k] = NULL;
            }
        }
        weir_arena_reset(&in->arena);
    }
}

static void put_outgoing(weir_engine *e, const weir_task *t, weir_outgoing o)
{
    if (!o.chunk || t->failed) {
        weir_chunk_unref(o.chunk); /* nothing of a failed round is written */
        return;
    }
    WEIR_GROW(e->outgoing, e->cap_outgoing, e->n_outgoing + 1);
    e->outgoing[e->n_outgoing++] = o;
}

static void collect(weir_engine *e, weir_task *t)
{
    for (size_t i = 0; i < t->n_sealed; i++) {
        put_outgoing(e, t, t->sealed[i]);
    }
    t->n_sealed = 0;
    for (int32_t p = 0; p < t->n_outputs; p++) {
        put_outgoing(e, t,
                     (weir_outgoing){t->sink, p, weir_chunk_builder_take(&t->outputs[p])});
    }
}

/* Appends the chunks of one topic partition from `at` on; takes them out of the list. */
static void append(weir_engine *e, size_t at)
{
    weir_outgoing first = e->outgoing[at];
    weir_chunk **same = weir_alloc(sizeof *same * (e->n_outgoing - at));
    uint32_t n = 0;
    size_t kept = at;
    for (size_t i = at; i < e->n_outgoing; i++) {
        if (e->outgoing[i].topic == first.topic && e->outgoing[i].partition == first.partition) {
            same[n++] = e->outgoing[i].chunk;
        } else {
            e->outgoing[kept++] = e->outgoing[i];
        }
    }
    e->n_outgoing = kept;
    if (n > 1 && e->config.order == WEIR_ORDER_SEQ) {
        same[0] = weir_chunk_merge(same, n);
        n = 1;
    }
    for (uint32_t i = 0; i < n; i++) {
        weir_topic_append(first.topic, first.partition, same[i]);
        (void)WEIR_FAULT(TOPIC_APPENDED, NULL);
    }
    weir_free(same);
}

static void append_ready(weir_engine *e, uint32_t level, bool all)
{
    for (size_t i = 0; i < e->n_outgoing;) {
        if (all || e->config.order == WEIR_ORDER_TIME ||
            last_writer(e, e->outgoing[i].topic) <= level) {
            append(e, i);
        } else {
            i++;
        }
    }
}

void weir_deliver(weir_engine *e, uint32_t level)
{
    for (size_t i = 0; i < e->n_ready; i++) {
        return_parcels(e->ready[i]);
        collect(e, e->ready[i]);
    }
    for (size_t i = 0; i < e->n_queries; i++) {
        weir_query *q = e->queries[i];
        for (uint32_t k = 0; k < q->n_stages; k++) {
            if (q->stages[k]->level == level && q->stages[k]->to && !q->failed && !q->paused) {
                send(q->stages[k]);
            }
        }
    }
    append_ready(e, level, false);
}

void weir_deliver_rest(weir_engine *e)
{
    append_ready(e, e->n_levels, true);
}
