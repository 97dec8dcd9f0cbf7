/* Transactions and offsets. Rules P1–P8 of the commit protocol: engine/README.md.
 *
 * The offsets of the group carry the number of the epoch as their metadata. They are in the same
 * transaction as the outputs, so whether an epoch counts can be read from them after any crash. */
#include "connectors/kafka_impl.h"

#include "engine/io/fault.h"
#include "engine/io/loop.h"

#include <stdio.h>

#define SUSPECT_NS 1000000000LL /* an end of a transaction that took longer is suspect (P7) */
#define NS_PER_MS 1000000LL

static weir_rc interrupted(weir_status *st)
{
    return weir_fail(st, WEIR_EINTR, "interrupted while Kafka had not answered");
}

/* Fences earlier producers of this instance; their open transaction is aborted. */
static weir_rc init(weir_kafka *k, weir_status *st)
{
    for (int waited = 0;; waited += KAFKA_SLICE_MS) {
        rd_kafka_error_t *error = rd_kafka_init_transactions(k->producer, KAFKA_SLICE_MS);
        rd_kafka_poll(k->producer, 0);
        if (!error) {
            return WEIR_OK;
        }
        if (!rd_kafka_error_is_retriable(error) || waited >= 3 * KAFKA_ANSWER_MS) {
            return weir__kafka_failed(k, error, "cannot begin transactions", st);
        }
        rd_kafka_error_destroy(error);
        if (weir__kafka_interrupted(k)) {
            return interrupted(st);
        }
    }
}

/* A new producer with a new epoch: what a slow end of the last transaction may still do is fenced. */
static weir_rc renew(weir_kafka *k, weir_status *st)
{
    for (weir_cluster_topic *t = k->topics; t; t = t->next) {
        if (t->out) {
            rd_kafka_topic_destroy(t->out);
            t->out = NULL;
        }
    }
    rd_kafka_destroy(k->producer);
    k->producer = NULL;
    k->suspect = false;
    WEIR_TRY(weir__kafka_producer(k, st));
    return init(k, st);
}

weir_rc weir__kafka_begin(weir_kafka *k, weir_status *st)
{
    if (k->suspect) {
        WEIR_TRY(renew(k, st));
    }
    rd_kafka_error_t *error = rd_kafka_begin_transaction(k->producer);
    if (error) {
        return weir__kafka_failed(k, error, "cannot begin a transaction", st);
    }
    k->in_transaction = true;
    return WEIR_OK;
}

static void set_mark(rd_kafka_topic_partition_t *p, int64_t offset, uint64_t epoch)
{
    char text[64];
    int length = snprintf(text, sizeof text, "weir epoch %llu", (unsigned long long)epoch);
    p->offset = offset;
    p->metadata = rd_kafka_mem_malloc(NULL, (size_t)length); /* freed by librdkafka */
    memcpy(p->metadata, text, (size_t)length);
    p->metadata_size = (size_t)length;
}

static rd_kafka_topic_partition_list_t *offsets_of(uint64_t epoch, const weir_position *at, size_t n)
{
    char topic[256];
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
    for (size_t i = 0; i < n; i++) {
        snprintf(topic, sizeof topic, WEIR_SV_FMT, WEIR_SV_ARG(at[i].topic));
        set_mark(rd_kafka_topic_partition_list_add(list, topic, at[i].partition), at[i].next, epoch);
    }
    return list;
}

static weir_rc send_offsets(weir_kafka *k, const rd_kafka_topic_partition_list_t *list,
                            weir_status *st)
{
    rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata_new(k->group);
    weir_rc rc = WEIR_OK;
    for (;;) {
        rd_kafka_error_t *error =
            rd_kafka_send_offsets_to_transaction(k->producer, list, group, KAFKA_SLICE_MS);
        if (!error) {
            break;
        }
        if (!rd_kafka_error_is_retriable(error)) {
            rc = weir__kafka_failed(k, error, "cannot add the positions to the transaction", st);
            break;
        }
        rd_kafka_error_destroy(error);
        if (weir__kafka_interrupted(k)) {
            rc = interrupted(st);
            break;
        }
    }
    rd_kafka_consumer_group_metadata_destroy(group);
    return rc;
}

/* The end of the transaction; with the same arguments again while it is only slow. */
static weir_rc end(weir_kafka *k, weir_status *st)
{
    int64_t began = weir_mono_ns();
    for (;;) {
        rd_kafka_error_t *error = rd_kafka_commit_transaction(k->producer, KAFKA_ANSWER_MS);
        rd_kafka_poll(k->producer, 0);
        if (!error) {
            k->suspect = weir_mono_ns() - began > SUSPECT_NS;
            k->in_transaction = false;
            return WEIR_OK;
        }
        if (!rd_kafka_error_is_retriable(error) || rd_kafka_error_txn_requires_abort(error)) {
            return weir__kafka_failed(k, error, "the transaction cannot be committed", st);
        }
        rd_kafka_error_destroy(error);
        if (weir__kafka_interrupted(k)) {
            return interrupted(st);
        }
    }
}

/* An epoch that moved no query (INSERT … VALUES) is noted, too, at a place that nobody reads from. */
static void add_mark(const weir_kafka *k, rd_kafka_topic_partition_list_t *list, uint64_t epoch)
{
    if (list->cnt == 0 && k->topics) {
        set_mark(rd_kafka_topic_partition_list_add(list, k->topics->name, 0), 0, epoch);
    }
}

/* For whoever looks at the group's lag; nothing depends on it, so nobody waits for the answer. */
static void note_offsets(weir_kafka *k, const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_AlterConsumerGroupOffsets_t *alter =
        rd_kafka_AlterConsumerGroupOffsets_new(k->group, list);
    rd_kafka_AlterConsumerGroupOffsets(k->grouper, &alter, 1, NULL, k->answers);
    rd_kafka_AlterConsumerGroupOffsets_destroy(alter);
}

weir_rc weir__kafka_commit(weir_cluster *c, uint64_t epoch, const weir_position *at, size_t n,
                           weir_status *st)
{
    weir_kafka *k = weir__kafka_of(c);
    weir_rc rc = WEIR_OK;
    rd_kafka_topic_partition_list_t *list = offsets_of(epoch, at, n);
    if (k->base.exactly_once) {
        rc = weir__kafka_producer(k, st);
        rc = rc || k->in_transaction ? rc : weir__kafka_begin(k, st);
        add_mark(k, list, epoch);
        rc = rc || list->cnt == 0 ? rc : send_offsets(k, list, st);
        rc = rc ? rc : WEIR_FAULT(OFFSETS_SENT, st);
        rc = rc ? rc : end(k, st);
    } else if (k->group && n > 0) {
        note_offsets(k, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
    k->dirty = k->dirty && rc != WEIR_OK;
    return rc;
}

weir_rc weir__kafka_committed(weir_cluster *c, weir_sv instance, uint64_t newest, uint64_t *epoch,
                              bool *found, weir_status *st)
{
    weir_kafka *k = weir__kafka_of(c);
    weir_buf name = {0};
    weir_buf_printf(&name, "%s-" WEIR_SV_FMT, k->application, WEIR_SV_ARG(instance));
    k->group = weir_strdup(weir_buf_cstr(&name));
    k->transactional_id = weir_strdup(weir_buf_cstr(&name));
    weir_buf_deinit(&name);
    WEIR_TRY(weir__kafka_grouper(k, st));
    WEIR_TRY(weir__kafka_group_epoch(k, !c->exactly_once, epoch, found, st));
    c->last_epoch = *found ? *epoch : 0;
    if (!c->exactly_once || c->last_epoch > newest) {
        return WEIR_OK; /* an old copy must not fence who has gone on */
    }
    WEIR_TRY(weir__kafka_producer(k, st));
    WEIR_TRY(init(k, st));
    WEIR_TRY(weir__kafka_group_epoch(k, true, epoch, found, st));
    c->last_epoch = *found ? *epoch : 0;
    return WEIR_OK;
}
