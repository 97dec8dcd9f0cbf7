/* Questions about topics and groups. Each waits for its answer, in slices. */
#include "connectors/kafka_impl.h"

#include "engine/io/loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define INTERNAL_PREFIX WEIR_SV("__") /* Kafka's own topics */
#define LISTED_WAIT_MS 10000          /* until a new topic shows up */
#define ADMIN_SLEEP_MS 50
#define ATTEMPT_MS 1000               /* one question, of those that are asked again */
#define ATTEMPTS_MS 30000             /* while a broker finds its feet */
#define EPOCH_MARK "weir epoch "      /* metadata of a committed offset */

static rd_kafka_t *asker(weir_kafka *k)
{
    return k->consumers[WEIR_FETCH_MAIN];
}

/* A question ended with `err`: waits for a moment; false: asking once more is of no use. */
static bool again(weir_kafka *k, rd_kafka_resp_err_t err, int64_t since_ns)
{
    if (!weir__kafka_passes(err) || weir__kafka_interrupted(k) ||
        weir_mono_ns() - since_ns > ATTEMPTS_MS * 1000000LL) {
        return false;
    }
    rd_kafka_poll(asker(k), ADMIN_SLEEP_MS);
    return true;
}

static weir_rc metadata(weir_kafka *k, const struct rd_kafka_metadata **md, weir_status *st)
{
    rd_kafka_resp_err_t err;
    int64_t since = weir_mono_ns();
    do {
        err = rd_kafka_metadata(asker(k), 1, NULL, md, ATTEMPT_MS);
    } while (again(k, err, since));
    return err ? weir__kafka_fail(k, WEIR_EIO, err, "cannot list topics", st) : WEIR_OK;
}

weir_rc weir__kafka_list(weir_cluster *c, void (*each)(void *ctx, weir_sv name, int32_t partitions,
                                                       int32_t replicas), void *ctx, weir_status *st)
{
    const struct rd_kafka_metadata *md = NULL;
    WEIR_TRY(metadata(weir__kafka_of(c), &md, st));
    for (int i = 0; i < md->topic_cnt; i++) {
        const rd_kafka_metadata_topic_t *t = &md->topics[i];
        weir_sv name = weir_sv_cstr(t->topic);
        if (!t->err && t->partition_cnt > 0 && !weir_sv_starts(name, INTERNAL_PREFIX)) {
            each(ctx, name, t->partition_cnt, t->partitions[0].replica_cnt);
        }
    }
    rd_kafka_metadata_destroy(md);
    return WEIR_OK;
}

/* Waits for the answer of an admin call; the queue is its own. */
static rd_kafka_event_t *answer(weir_kafka *k, rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event = NULL;
    for (int waited = 0; !event && waited < 3 * KAFKA_ANSWER_MS && !weir__kafka_interrupted(k);
         waited += KAFKA_SLICE_MS) {
        event = rd_kafka_queue_poll(queue, KAFKA_SLICE_MS);
    }
    rd_kafka_queue_destroy(queue);
    return event;
}

typedef struct listed {
    weir_sv name;
    bool there;
} listed;

static void find_listed(void *ctx, weir_sv name, int32_t partitions, int32_t replicas)
{
    (void)partitions;
    (void)replicas;
    listed *l = ctx;
    l->there |= weir_sv_eq(name, l->name);
}

/* A change of topics takes a moment until every broker tells of it. */
static weir_rc await_listed(weir_kafka *k, weir_sv name, bool there, weir_status *st)
{
    for (int waited = 0; waited < LISTED_WAIT_MS; waited += ADMIN_SLEEP_MS) {
        listed l = {.name = name};
        WEIR_TRY(weir__kafka_list(&k->base, find_listed, &l, st));
        if (l.there == there || weir__kafka_interrupted(k)) {
            return WEIR_OK;
        }
        rd_kafka_poll(asker(k), ADMIN_SLEEP_MS);
    }
    return WEIR_OK; /* who opens it will see */
}

static weir_rc created(weir_kafka *k, rd_kafka_event_t *event, weir_sv name, weir_status *st)
{
    char what[512];
    snprintf(what, sizeof what, "cannot create topic " WEIR_SV_FMT, WEIR_SV_ARG(name));
    if (!event) {
        return weir__kafka_fail(k, WEIR_EIO, RD_KAFKA_RESP_ERR__TIMED_OUT, what, st);
    }
    rd_kafka_resp_err_t err = rd_kafka_event_error(event);
    const char *text = NULL;
    size_t n = 0;
    if (!err) {
        const rd_kafka_CreateTopics_result_t *r = rd_kafka_event_CreateTopics_result(event);
        const rd_kafka_topic_result_t **all = rd_kafka_CreateTopics_result_topics(r, &n);
        err = n ? rd_kafka_topic_result_error(all[0]) : RD_KAFKA_RESP_ERR_NO_ERROR;
        text = n ? rd_kafka_topic_result_error_string(all[0]) : NULL;
    }
    if (err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        return weir_fail(st, WEIR_EEXISTS, "topic " WEIR_SV_FMT " exists already", WEIR_SV_ARG(name));
    }
    if (err) {
        weir__kafka_fail(k, WEIR_EIO, err, what, st);
        return text ? weir_hint(st, "%s", text) : st->rc;
    }
    return WEIR_OK;
}

static rd_kafka_AdminOptions_t *options(rd_kafka_t *rk, rd_kafka_admin_op_t op)
{
    char why[256];
    rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, op);
    (void)rd_kafka_AdminOptions_set_request_timeout(o, 2 * KAFKA_ANSWER_MS, why, sizeof why);
    (void)rd_kafka_AdminOptions_set_operation_timeout(o, KAFKA_ANSWER_MS, why, sizeof why);
    return o;
}

weir_rc weir__kafka_create(weir_cluster *c, const weir_topic_spec *spec, weir_status *st)
{
    weir_kafka *k = weir__kafka_of(c);
    char name[256];
    char number[32];
    char why[256];
    if (spec->name.n >= sizeof name) {
        return weir_fail(st, WEIR_EUSAGE, "a topic's name has at most 249 characters");
    }
    snprintf(name, sizeof name, WEIR_SV_FMT, WEIR_SV_ARG(spec->name));
    rd_kafka_NewTopic_t *t = rd_kafka_NewTopic_new(name, spec->partitions > 0 ? spec->partitions : -1,
                                                   spec->replicas > 0 ? spec->replicas : -1, why,
                                                   sizeof why);
    if (!t) {
        return weir_fail(st, WEIR_EUSAGE, "topic %s: %s", name, why);
    }
    if (spec->compact) {
        rd_kafka_NewTopic_set_config(t, "cleanup.policy", "compact");
    }
    if (spec->retention_ms >= 0) {
        snprintf(number, sizeof number, "%" PRId64, spec->retention_ms);
        rd_kafka_NewTopic_set_config(t, "retention.ms", number);
    }
    for (uint32_t i = 0; i < spec->n_configs; i++) {
        weir_buf text = {0};
        weir_buf_sv(&text, spec->configs[i].name);
        weir_buf_byte(&text, 0);
        size_t value = text.n;
        weir_buf_sv(&text, spec->configs[i].value);
        rd_kafka_NewTopic_set_config(t, weir_buf_cstr(&text), weir_buf_cstr(&text) + value);
        weir_buf_deinit(&text);
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(asker(k));
    rd_kafka_AdminOptions_t *o = options(asker(k), RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(asker(k), &t, 1, o, queue);
    rd_kafka_event_t *event = answer(k, queue);
    weir_rc rc = created(k, event, spec->name, st);
    if (event) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_NewTopic_destroy(t);
    if (rc == WEIR_OK || rc == WEIR_EEXISTS) { /* that may be the answer to the same question, asked again */
        WEIR_TRY(await_listed(k, spec->name, true, st));
    }
    return rc;
}

weir_rc weir__kafka_drop(weir_cluster *c, weir_sv topic, weir_status *st)
{
    weir_kafka *k = weir__kafka_of(c);
    char name[256];
    snprintf(name, sizeof name, WEIR_SV_FMT, WEIR_SV_ARG(topic));
    rd_kafka_DeleteTopic_t *t = rd_kafka_DeleteTopic_new(name);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(asker(k));
    rd_kafka_AdminOptions_t *o = options(asker(k), RD_KAFKA_ADMIN_OP_DELETETOPICS);
    rd_kafka_DeleteTopics(asker(k), &t, 1, o, queue);
    rd_kafka_event_t *event = answer(k, queue);
    rd_kafka_resp_err_t err = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (event && !err) {
        size_t n = 0;
        const rd_kafka_topic_result_t **all =
            rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &n);
        err = n ? rd_kafka_topic_result_error(all[0]) : err;
    }
    if (event) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_DeleteTopic_destroy(t);
    if (err && err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        char what[512];
        snprintf(what, sizeof what, "cannot delete topic %s", name);
        return weir__kafka_fail(k, WEIR_EIO, err, what, st);
    }
    return await_listed(k, topic, false, st);
}

static void each_config(rd_kafka_event_t *event,
                        void (*each)(void *ctx, const weir_topic_config *config, bool standard),
                        void *ctx)
{
    size_t n = 0;
    size_t m = 0;
    const rd_kafka_ConfigResource_t **all = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &n);
    const rd_kafka_ConfigEntry_t **entries = n ? rd_kafka_ConfigResource_configs(all[0], &m) : NULL;
    for (size_t i = 0; i < m; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]); /* NULL: a secret */
        weir_topic_config config = {weir_sv_cstr(rd_kafka_ConfigEntry_name(entries[i])),
                                    weir_sv_cstr(value ? value : "")};
        each(ctx, &config,
             rd_kafka_ConfigEntry_source(entries[i]) != RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG);
    }
}

static rd_kafka_resp_err_t configs_error(rd_kafka_event_t *event)
{
    if (!event || rd_kafka_event_error(event)) {
        return event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    }
    size_t n = 0;
    const rd_kafka_ConfigResource_t **all = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &n);
    return n ? rd_kafka_ConfigResource_error(all[0]) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

weir_rc weir__kafka_configs(weir_cluster *c, weir_sv topic,
                            void (*each)(void *ctx, const weir_topic_config *config, bool standard),
                            void *ctx, weir_status *st)
{
    weir_kafka *k = weir__kafka_of(c);
    char name[256];
    snprintf(name, sizeof name, WEIR_SV_FMT, WEIR_SV_ARG(topic));
    rd_kafka_ConfigResource_t *ask = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(asker(k));
    char why[256];
    rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(asker(k), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    (void)rd_kafka_AdminOptions_set_request_timeout(o, 2 * KAFKA_ANSWER_MS, why, sizeof why);
    rd_kafka_DescribeConfigs(asker(k), &ask, 1, o, queue);
    rd_kafka_event_t *event = answer(k, queue);
    rd_kafka_resp_err_t err = configs_error(event);
    if (!err) {
        each_config(event, each, ctx);
    }
    if (event) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_ConfigResource_destroy(ask);
    char what[512];
    snprintf(what, sizeof what, "cannot read the settings of topic %s", name);
    return err ? weir__kafka_fail(k, WEIR_EIO, err, what, st) : WEIR_OK;
}

weir_rc weir__kafka_bounds(weir_cluster *c, weir_cluster_topic *t, int32_t partition, int64_t *begin,
                           int64_t *end, weir_status *st)
{
    weir_kafka *k = weir__kafka_of(c);
    rd_kafka_resp_err_t err;
    int64_t since = weir_mono_ns();
    do {
        err = rd_kafka_query_watermark_offsets(asker(k), t->name, partition, begin, end, ATTEMPT_MS);
    } while (again(k, err, since));
    if (err) {
        char what[512];
        snprintf(what, sizeof what, "cannot ask for the offsets of topic %s, partition %d", t->name,
                 partition);
        return weir__kafka_fail(k, WEIR_EIO, err, what, st);
    }
    return WEIR_OK;
}

weir_rc weir__kafka_at_time(weir_cluster *c, weir_cluster_topic *t, int32_t partition, int64_t ms,
                            int64_t *offset, weir_status *st)
{
    weir_kafka *k = weir__kafka_of(c);
    rd_kafka_resp_err_t err;
    int64_t since = weir_mono_ns();
    do {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(list, t->name, partition)->offset = ms;
        err = rd_kafka_offsets_for_times(asker(k), list, ATTEMPT_MS);
        err = err ? err : list->elems[0].err;
        *offset = list->elems[0].offset;
        rd_kafka_topic_partition_list_destroy(list);
    } while (again(k, err, since));
    if (!err && *offset < 0) { /* none: the end */
        int64_t begin = 0;
        return weir__kafka_bounds(c, t, partition, &begin, offset, st);
    }
    return err ? weir__kafka_fail(k, WEIR_EIO, err, "cannot ask for the offset of a time", st)
               : WEIR_OK;
}

int64_t weir__kafka_known_end(weir_cluster *c, weir_cluster_topic *t, int32_t partition)
{
    int64_t begin = -1;
    int64_t end = -1;
    rd_kafka_t *rk = weir__kafka_of(c)->consumers[WEIR_FETCH_MAIN];
    return rd_kafka_get_watermark_offsets(rk, t->name, partition, &begin, &end) ? -1 : end;
}

/* An offset that is still in doubt: then nothing is known yet. */
static rd_kafka_resp_err_t read_epochs(rd_kafka_event_t *event, uint64_t *epoch, bool *found)
{
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
    size_t n = 0;
    const rd_kafka_group_result_t **groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(event), &n);
    for (size_t i = 0; i < n; i++) {
        const rd_kafka_topic_partition_list_t *list = rd_kafka_group_result_partitions(groups[i]);
        for (int p = 0; list && p < list->cnt; p++) {
            unsigned long long at = 0;
            if (list->elems[p].err == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT) {
                err = list->elems[p].err;
            }
            const char *text = list->elems[p].metadata;
            char copy[64];
            snprintf(copy, sizeof copy, "%.*s", (int)list->elems[p].metadata_size, text ? text : "");
            if (sscanf(copy, EPOCH_MARK "%llu", &at) == 1) {
                *epoch = *found && *epoch > at ? *epoch : at;
                *found = true;
            }
        }
    }
    return err;
}

static rd_kafka_resp_err_t group_error(rd_kafka_event_t *event)
{
    if (!event || rd_kafka_event_error(event)) {
        return event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    }
    size_t n = 0;
    const rd_kafka_group_result_t **groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(event), &n);
    const rd_kafka_error_t *error = n ? rd_kafka_group_result_error(groups[0]) : NULL;
    return error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t ask_epoch(weir_kafka *k, bool settled, uint64_t *epoch, bool *found)
{
    rd_kafka_ListConsumerGroupOffsets_t *ask = rd_kafka_ListConsumerGroupOffsets_new(k->group, NULL);
    rd_kafka_AdminOptions_t *o = options(k->grouper, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_error_t *no = rd_kafka_AdminOptions_set_require_stable_offsets(o, settled);
    rd_kafka_error_destroy(no);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(k->grouper);
    rd_kafka_ListConsumerGroupOffsets(k->grouper, &ask, 1, o, queue);
    rd_kafka_event_t *event = answer(k, queue);
    rd_kafka_resp_err_t err = group_error(event);
    if (!err) {
        err = read_epochs(event, epoch, found);
    }
    if (event) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_ListConsumerGroupOffsets_destroy(ask);
    return err == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND ? RD_KAFKA_RESP_ERR_NO_ERROR : err;
}

weir_rc weir__kafka_group_epoch(weir_kafka *k, bool settled, uint64_t *epoch, bool *found,
                                weir_status *st)
{
    rd_kafka_resp_err_t err;
    int64_t since = weir_mono_ns();
    *found = false;
    do {
        err = ask_epoch(k, settled, epoch, found);
    } while (again(k, err, since));
    if (err) {
        char what[512];
        snprintf(what, sizeof what, "cannot read the offsets of group %s", k->group);
        return weir__kafka_fail(k, WEIR_EIO, err, what, st);
    }
    return WEIR_OK;
}
