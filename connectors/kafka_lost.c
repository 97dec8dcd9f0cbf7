/* Lost epochs: a record that could not be written, a transaction that ended without us. Nothing of the
 * epoch counts then, and the host opens everything again from the last commit. */
#include "connectors/kafka_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define LOOK_MS 1000
#define BATCH_OVERHEAD 256 /* of a record that is alone in its batch: lengths, header, a few headers */

/* The broker will not take it the next time, either. */
static bool for_good(rd_kafka_resp_err_t err)
{
    switch ((int)err) { /* those that can meet a record of a few hundred */
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return true;
    default:
        return false;
    }
}

static void take_blame(weir_kafka *k, const char *topic)
{
    weir_free(k->lost_topic);
    k->lost_topic = weir_strdup(topic);
    k->base.refused_topic = k->lost_topic;
    k->base.refused_why = k->lost_why;
}

static void refuse(weir_kafka *k, const char *topic, const char *why)
{
    snprintf(k->lost_why, sizeof k->lost_why, "topic %.249s: %.250s", topic, why);
    take_blame(k, topic);
}

void weir__kafka_lose(weir_kafka *k, const char *topic, uint64_t bytes, rd_kafka_resp_err_t err)
{
    bool larger = k->base.refused_topic && bytes > k->lost_bytes &&
                  strcmp(topic, k->base.refused_topic) == 0;
    if (k->lost && !larger) {
        return; /* the first one has told; of a batch that is too large, its largest one tells */
    }
    k->lost = true;
    k->lost_bytes = bytes;
    k->lost_err = err;
    snprintf(k->lost_why, sizeof k->lost_why,
             "topic %s: a record of %llu bytes cannot be written: %s", topic,
             (unsigned long long)bytes, rd_kafka_err2str(err));
    if (for_good(err)) {
        take_blame(k, topic);
    }
}

/* Failed to add partition "topic" [0] to transaction: … The error of the transaction, which comes right
 * behind, has no names, and nothing else has. */
void weir__kafka_not_added(weir_kafka *k, const char *text)
{
    const char *from = strstr(text, "Failed to add partition \"");
    from = from ? strchr(from, '"') + 1 : NULL;
    const char *to = from ? strchr(from, '"') : NULL;
    bool innocent = strstr(text, rd_kafka_err2str(RD_KAFKA_RESP_ERR_OPERATION_NOT_ATTEMPTED)) != NULL;
    weir_lock_enter(k->lock);
    if (to && !innocent && !__atomic_load_n(&k->has_not_added, __ATOMIC_RELAXED)) {
        snprintf(k->not_added, sizeof k->not_added, "%.*s", (int)(to - from), from);
        __atomic_store_n(&k->has_not_added, true, __ATOMIC_RELEASE);
    }
    weir_lock_leave(k->lock);
}

static void blame_not_added(weir_kafka *k, rd_kafka_resp_err_t err)
{
    char why[256];
    k->lost_err = err;
    if (for_good(err) && !k->base.refused_topic &&
        __atomic_load_n(&k->has_not_added, __ATOMIC_ACQUIRE)) {
        snprintf(why, sizeof why, "records cannot be written: %s", rd_kafka_err2str(err));
        refuse(k, k->not_added, why);
    }
}

bool weir__kafka_aborted(weir_kafka *k)
{
    if (!k->base.exactly_once || !k->in_transaction || !k->producer) {
        return false;
    }
    /* In an open transaction this is refused, with the error that it has met if there is one. */
    rd_kafka_error_t *error = rd_kafka_begin_transaction(k->producer);
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    bool aborted = error && code != RD_KAFKA_RESP_ERR__STATE;
    if (aborted) {
        blame_not_added(k, code);
        if (!k->base.refused_topic) {
            snprintf(k->lost_why, sizeof k->lost_why, "Kafka at %s: %s", k->servers,
                     rd_kafka_error_string(error));
        }
        k->lost = true;
    }
    rd_kafka_error_destroy(error);
    return aborted;
}

static bool fences(rd_kafka_resp_err_t err)
{
    return err == RD_KAFKA_RESP_ERR__FENCED || err == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH ||
           err == RD_KAFKA_RESP_ERR_PRODUCER_FENCED;
}

static bool fenced(const weir_kafka *k)
{
    char why[8];
    return k->producer && fences(rd_kafka_fatal_error(k->producer, why, sizeof why));
}

static weir_rc lost(const char *why, weir_status *st)
{
    weir_fail(st, WEIR_EIO, "%s", why);
    if (st) {
        st->retriable = true;
    }
    return WEIR_EIO;
}

/* Which of the two it was is seen when everything is opened again: whether Kafka has a later epoch. */
static weir_rc tell_fenced(const weir_kafka *k, weir_status *st)
{
    char why[512];
    snprintf(why, sizeof why, "Kafka at %s does not take this transaction any more: another process has "
             "taken over, or this one was stopped for too long", k->servers);
    return lost(why, st);
}

static void note_limit(void *ctx, const weir_topic_config *config, bool standard)
{
    (void)standard;
    if (weir_sv_eq(config->name, WEIR_SV("max.message.bytes"))) {
        *(uint64_t *)ctx = strtoull(config->value.p, NULL, 10); /* of a C string */
    }
}

/* A batch may be larger than a topic takes, though each of its records is not: then smaller batches
 * will do. */
static void blame_batch(weir_kafka *k)
{
    uint64_t most = 0;
    if (k->lost_err != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || !k->base.refused_topic ||
        k->base.calls->configs(&k->base, weir_sv_cstr(k->base.refused_topic), note_limit, &most, NULL)) {
        return;
    }
    if (k->lost_bytes + BATCH_OVERHEAD <= most && (!k->base.batch_bytes || most < k->base.batch_bytes)) {
        k->base.batch_bytes = most;
        k->base.refused_topic = NULL;
    }
}

static bool is_listed(const struct rd_kafka_metadata *md, const char *name)
{
    for (int i = 0; i < md->topic_cnt; i++) {
        if (strcmp(md->topics[i].topic, name) == 0 &&
            md->topics[i].err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
            return true;
        }
    }
    return false;
}

/* That a topic is gone shows as a timeout, or as an error without its name; and a coordinator may not
 * have heard of a new one yet. So what was written is looked for. */
static void blame_absent(weir_kafka *k)
{
    const struct rd_kafka_metadata *md = NULL;
    if (k->lost_err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        k->base.refused_topic = NULL;
    }
    if (k->base.refused_topic ||
        rd_kafka_metadata(k->consumers[WEIR_FETCH_MAIN], 1, NULL, &md, LOOK_MS)) {
        return;
    }
    for (const weir_cluster_topic *t = k->topics; t && !k->base.refused_topic; t = t->next) {
        if (t->out && !is_listed(md, t->name)) {
            refuse(k, t->name, "records cannot be written: it does not exist any more");
        }
    }
    rd_kafka_metadata_destroy(md);
}

weir_rc weir__kafka_lost(weir_kafka *k, weir_status *st)
{
    if (fenced(k)) {
        return tell_fenced(k, st);
    }
    blame_batch(k);
    if (!k->base.refused_topic && k->lost_err != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        (void)weir__kafka_aborted(k); /* knows more than the record that was given up for it */
    }
    blame_absent(k);
    return lost(k->lost_why, st);
}

weir_rc weir__kafka_failed(weir_kafka *k, rd_kafka_error_t *error, const char *what, weir_status *st)
{
    weir_rc rc;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    blame_not_added(k, code);
    if (fences(code) || fenced(k)) {
        rc = tell_fenced(k, st);
    } else if (k->lost || k->base.refused_topic) {
        rc = weir__kafka_lost(k, st);
    } else if (weir__kafka_denied(code) && code != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        weir_fail(st, WEIR_EIO, "Kafka at %s: %s: %s", k->servers, what, rd_kafka_error_string(error));
        rc = weir_hint(st, KAFKA_ACL_HINT);
    } else {
        snprintf(k->lost_why, sizeof k->lost_why, "Kafka at %s: %s: %s", k->servers, what,
                 rd_kafka_error_string(error));
        rc = weir__kafka_lost(k, st);
    }
    rd_kafka_error_destroy(error);
    return rc;
}
