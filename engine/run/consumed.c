/* What of a topic nobody will read again: the host tells the topic, so that memory is given back. */
#include "engine/run/task.h"

static int64_t least_of(const weir_query *q, const weir_topic *topic, int32_t partition, int64_t least)
{
    for (uint32_t i = 0; i < q->n_stages; i++) {
        const weir_stage *s = q->stages[i];
        const weir_task *t = partition < s->partitions ? s->tasks[partition] : NULL;
        for (uint32_t k = 0; t && k < t->n_scans; k++) {
            if (t->scans[k].topic == topic && t->scans[k].next < least) {
                least = t->scans[k].next;
            }
        }
    }
    return least;
}

int64_t weir_engine_consumed(const weir_engine *e, const weir_topic *topic, int32_t partition)
{
    int64_t least = weir_topic_end(topic, partition);
    for (size_t i = 0; i < e->n_queries; i++) {
        if (!e->queries[i]->failed) {
            least = least_of(e->queries[i], topic, partition, least);
        }
    }
    return least;
}
