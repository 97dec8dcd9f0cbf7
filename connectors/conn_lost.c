/* When the topics of a sink are not what they were. In a cluster others may delete them, make them again, add
 * partitions; brokers go away. That is the sink's own trouble, told, and waited for:
 *
 *   cannot be read ─► let go of, looked at now and then ─► there again ─► stopped, placed anew, started
 *
 * Control thread. */
#include "connectors/conn_impl.h"

#include <stdio.h>

#define FIRST_LOOK_MS 1000 /* other readers of the topic have seen by then that it is not what it was */
#define LOOK_MS 2000
#define SILENT_MS 5000     /* so long: the brokers are away */

static int64_t now_ms(void)
{
    return weir_mono_ns() / 1000000;
}

void weir__sink_lose(weir_conn *c, const char *why)
{
    weir__sink *s = &c->sink;
    s->lost = true;
    s->look_ms = now_ms() + FIRST_LOOK_MS;
    snprintf(s->lost_why, sizeof s->lost_why, "%s", why);
    weir__sink_keep(c, false);
}

static weir_rc renew(weir_conn *c, weir_status *st)
{
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        weir_topic *t = c->sink.topics[i].topic;
        int64_t begin = 0;
        int64_t end = 0;
        WEIR_TRY(weir_topic_renew(t, st));
        for (int32_t p = 0; p < weir_topic_partitions(t); p++) {
            WEIR_TRY(weir_topic_bounds(t, p, &begin, &end, st));
        }
    }
    return WEIR_OK;
}

/* What was taken before is delivered first: it is of the topic as it was. */
static bool under_way(weir_conn *c)
{
    weir_lock_enter(c->shared.lock);
    bool any = c->shared.in_records > 0 && c->shared.state == WEIR_CONNECT_RUNNING;
    weir_lock_leave(c->shared.lock);
    return any;
}

/* True: they can be read again. */
static bool look(weir_conn *c)
{
    weir__sink *s = &c->sink;
    weir_status why;
    if (now_ms() < s->look_ms || under_way(c)) {
        return false;
    }
    weir_status_reset(&why);
    if (renew(c, &why) != WEIR_OK) {
        weir_conn_trouble(c, "%s; waiting until it can be read", why.msg);
        s->look_ms = now_ms() + LOOK_MS;
        return false;
    }
    s->lost = false;
    if (s->losses++ > 0) { /* it is there, and still … */
        weir_conn_trouble(c, "%s; trying again", s->lost_why);
    }
    return true;
}

bool weir__sink_changed(weir_conn *c)
{
    if (c->sink.lost) {
        return look(c);
    }
    for (uint32_t i = 0; i < c->sink.n_topics; i++) {
        const weir__sink_topic *t = &c->sink.topics[i];
        if (weir_topic_partitions(t->topic) != t->n_parts) {
            return true;
        }
    }
    return false;
}

void weir__sink_listen(weir_conn *c)
{
    weir__sink *s = &c->sink;
    const weir_cluster *k = weir_topics_cluster(c->owner->config.topics);
    bool silent = k && k->silent_since_ns > 0;
    if (silent && !s->waits && now_ms() - k->silent_since_ns / 1000000 >= SILENT_MS) {
        s->waits = true;
        weir_conn_trouble(c, "Kafka does not answer: waiting for the records of its topics");
    } else if (s->waits && !silent) {
        s->waits = false;
        weir_conn_well(c);
    }
}
