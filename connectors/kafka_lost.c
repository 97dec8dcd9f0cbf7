/* Lost epochs: a record that could not be written, a transaction that ended without us. Nothing of the
 * epoch counts then, and the host opens everything again from the last commit. */
#include "connectors/kafka_impl.h"

#include <stdio.h>

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

void weir__kafka_lose(weir_kafka *k, const char *topic, uint64_t bytes, rd_kafka_resp_err_t err)
{
    bool larger = k->base.refused_topic && bytes > k->lost_bytes &&
                  strcmp(topic, k->base.refused_topic) == 0;
    if (k->lost && !larger) {
        return; /* the first one has told; of a batch that is too large, its largest one tells */
    }
    k->lost = true;
    k->lost_bytes = bytes;
    snprintf(k->lost_why, sizeof k->lost_why,
             "topic %s: a record of %llu bytes cannot be written: %s", topic,
             (unsigned long long)bytes, rd_kafka_err2str(err));
    if (for_good(err)) {
        weir_free(k->lost_topic);
        k->lost_topic = weir_strdup(topic);
        k->base.refused_topic = k->lost_topic;
        k->base.refused_why = k->lost_why;
    }
}

/* An error of the transaction as a whole names the topic in its text only. */
static void blame_topic(weir_kafka *k, rd_kafka_resp_err_t err, const char *text)
{
    for (const weir_cluster_topic *t = k->topics; t && for_good(err); t = t->next) {
        char quoted[300];
        snprintf(quoted, sizeof quoted, "\"%s\"", t->name);
        if (strstr(text, quoted) && !k->base.refused_topic) {
            snprintf(k->lost_why, sizeof k->lost_why, "topic %s: records cannot be written: %s",
                     t->name, rd_kafka_err2str(err));
            k->lost_topic = weir_strdup(t->name);
            k->base.refused_topic = k->lost_topic;
            k->base.refused_why = k->lost_why;
        }
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
        blame_topic(k, code, rd_kafka_error_string(error));
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

weir_rc weir__kafka_lost(weir_kafka *k, weir_status *st)
{
    if (fenced(k)) {
        return tell_fenced(k, st);
    }
    if (!k->base.refused_topic) {
        (void)weir__kafka_aborted(k); /* knows more than the record that was given up for it */
    }
    return lost(k->lost_why, st);
}

weir_rc weir__kafka_failed(weir_kafka *k, rd_kafka_error_t *error, const char *what, weir_status *st)
{
    weir_rc rc;
    if (fences(rd_kafka_error_code(error)) || fenced(k)) {
        rc = tell_fenced(k, st);
    } else if (k->lost) {
        rc = weir__kafka_lost(k, st);
    } else {
        blame_topic(k, rd_kafka_error_code(error), rd_kafka_error_string(error));
        rc = weir_fail(st, WEIR_EIO, "Kafka at %s: %s: %s", k->servers, what,
                       rd_kafka_error_string(error));
        bool denied = weir__kafka_denied(rd_kafka_error_code(error));
        if (st) {
            st->retriable = k->base.refused_topic || !denied;
        }
        if (denied) {
            weir_hint(st, KAFKA_ACL_HINT);
        }
    }
    rd_kafka_error_destroy(error);
    return rc;
}
