/* Topics that are read are looked at from time to time, one after the other: librdkafka says nothing
 * when one is deleted or grows. A look is one small question; with all brokers silent it is given up
 * soon. Only what several looks in a row have seen counts: brokers that start know little. */
#include "connectors/kafka_impl.h"

#include "engine/io/loop.h"

#include <stdio.h>

#define ROUND_MS 2000  /* each topic is looked at so often … */
#define LOOK_MS_LEAST 100 /* … unless there are many */
#define ANSWER_MS 200
#define LOOKS 3        /* that must agree */

static bool is_read(const weir_cluster_topic *t)
{
    for (int32_t p = 0; p < t->n; p++) {
        for (int i = 0; i < WEIR_FETCHES; i++) {
            if (t->fetches[i][p].active) {
                return true;
            }
        }
    }
    return false;
}

/* The next one behind the last that was looked at. */
static weir_cluster_topic *next_read(weir_kafka *k, uint32_t *n)
{
    weir_cluster_topic *first = NULL;
    weir_cluster_topic *next = NULL;
    bool behind = false;
    *n = 0;
    for (weir_cluster_topic *t = k->topics; t; t = t->next) {
        if (is_read(t)) {
            *n += 1;
            first = first ? first : t;
            next = next || !behind ? next : t;
        }
        behind |= t == k->looked_at;
    }
    return next ? next : first;
}

static void tell_all(weir_cluster_topic *t, const char *why)
{
    for (int32_t p = 0; p < t->n; p++) {
        t->kafka->base.sink->failed(t->owner, p, why);
    }
}

static void judge(weir_cluster_topic *t, const rd_kafka_metadata_topic_t *md)
{
    char why[512];
    bool gone = md->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    t->seen = t->seen || md->err ? t->seen : md->partition_cnt;
    bool grown = !md->err && md->partition_cnt != t->seen;
    t->odd_looks = gone || grown ? t->odd_looks + 1 : 0;
    if (t->odd_looks < LOOKS) {
        return;
    }
    t->odd_looks = 0; /* who reads on is told anew */
    if (gone) {
        snprintf(why, sizeof why, "topic %s does not exist any more", t->name);
    } else {
        snprintf(why, sizeof why, "topic %s has %d partitions now, and had %d when its queries were "
                 "started: start weir again to read all of them", t->name, md->partition_cnt, t->seen);
    }
    t->seen = gone ? t->seen : md->partition_cnt;
    tell_all(t, why);
}

void weir__kafka_watch(weir_kafka *k)
{
    uint32_t n = 0;
    int64_t now = weir_mono_ns();
    if (now < k->next_look_ns) {
        return;
    }
    weir_cluster_topic *t = next_read(k, &n);
    int64_t ms = n > ROUND_MS / LOOK_MS_LEAST ? LOOK_MS_LEAST : ROUND_MS / (n ? (int64_t)n : 1);
    k->next_look_ns = now + ms * 1000000;
    k->looked_at = t;
    for (int i = 0; t && i < WEIR_FETCHES; i++) {
        const struct rd_kafka_metadata *md = NULL;
        if (t->in[i] && rd_kafka_metadata(k->consumers[i], 0, t->in[i], &md, ANSWER_MS) ==
                            RD_KAFKA_RESP_ERR_NO_ERROR) {
            k->base.silent_since_ns = 0;
            judge(t, &md->topics[0]);
            rd_kafka_metadata_destroy(md);
            return;
        }
    }
    if (t && k->base.silent_since_ns == 0) {
        k->base.silent_since_ns = now;
    }
}
