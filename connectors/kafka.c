/* The cluster as a whole: opening, waking the host, errors. */
#include "connectors/kafka_impl.h"

#include "engine/base/log.h"

#include <stdio.h>

#define CONNECT_MS 5000

bool weir__kafka_interrupted(const weir_kafka *k)
{
    return k->base.interrupted && k->base.interrupted(k->base.interrupted_ctx);
}

bool weir__kafka_passes(rd_kafka_resp_err_t err)
{
    switch ((int)err) { /* those that pass by themselves of a few hundred */
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
        return true;
    default:
        return false;
    }
}

bool weir__kafka_denied(rd_kafka_resp_err_t err)
{
    return err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
           err == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
           err == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

weir_rc weir__kafka_fail(weir_kafka *k, weir_rc rc, rd_kafka_resp_err_t err, const char *what,
                         weir_status *st)
{
    bool refused = err == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
                   err == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED ||
                   __atomic_load_n(&k->refused, __ATOMIC_RELAXED);
    bool silent = err == RD_KAFKA_RESP_ERR__TRANSPORT || err == RD_KAFKA_RESP_ERR__TIMED_OUT ||
                  err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || err == RD_KAFKA_RESP_ERR__RESOLVE;
    char said[sizeof k->said];
    weir_lock_enter(k->lock);
    memcpy(said, k->said, sizeof said);
    weir_lock_leave(k->lock);
    const char *more = silent && said[0] ? said : rd_kafka_err2str(err);
    weir_fail(st, silent || refused ? WEIR_ECONNECT : rc, "Kafka at %s: %s: %s", k->servers, what,
              more);
    if (st) {
        st->retriable = weir__kafka_passes(err) && !refused;
    }
    if (refused) {
        weir_hint(st, "check security.protocol, sasl.mechanism, sasl.username and sasl.password");
    } else if (weir__kafka_denied(err)) {
        weir_hint(st, KAFKA_ACL_HINT);
    }
    return st ? st->rc : rc;
}

/* ---- callbacks of librdkafka ---- */

static void note(weir_kafka *k, const char *text)
{
    weir_lock_enter(k->lock);
    snprintf(k->said, sizeof k->said, "%s", text);
    weir_lock_leave(k->lock);
}

/* Any thread of librdkafka, several at once. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    weir_kafka *k = rd_kafka_opaque(rk);
    if (strcmp(facility, "FAIL") == 0 && k) {
        const char *at = strstr(text, ": "); /* behind the name of the thread */
        note(k, at ? at + 2 : text);
    }
    if (strcmp(facility, "ADDPARTS") == 0 && k) {
        weir__kafka_not_added(k, text);
    }
    WEIR_LOG(level <= 4 ? WEIR_INFO : WEIR_DEBUG, "kafka: %s: %s", facility, text);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    (void)rk;
    weir_kafka *k = opaque;
    if (err == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
        __atomic_store_n(&k->refused, true, __ATOMIC_RELAXED);
    }
    if (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        note(k, reason);
    }
}

/* A record was not delivered. */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    weir_kafka *k = opaque;
    if (m->err) {
        weir__kafka_lose(k, rd_kafka_topic_name(m->rkt), m->len + m->key_len, m->err);
    }
}

/* Any thread of librdkafka. */
static void on_event(rd_kafka_t *rk, void *opaque)
{
    (void)rk;
    weir_kafka *k = opaque;
    if (k->base.wake && !__atomic_exchange_n(&k->woken, true, __ATOMIC_ACQ_REL)) {
        k->base.wake(k->base.wake_ctx);
    }
}

static void set_callbacks(weir_kafka *k, rd_kafka_conf_t *conf)
{
    rd_kafka_conf_set_opaque(conf, k);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
}

weir_rc weir__kafka_consumer(weir_kafka *k, weir_fetch fetch, weir_status *st)
{
    char why[512];
    if (k->consumers[fetch]) {
        return WEIR_OK;
    }
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(k->consumer_conf);
    set_callbacks(k, conf);
    k->consumers[fetch] = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!k->consumers[fetch]) {
        rd_kafka_conf_destroy(conf);
        return weir_fail(st, WEIR_EUSAGE, "Kafka consumer: %s", why);
    }
    k->queues[fetch] = rd_kafka_queue_new(k->consumers[fetch]);
    rd_kafka_queue_cb_event_enable(k->queues[fetch], on_event, k);
    return WEIR_OK;
}

weir_rc weir__kafka_grouper(weir_kafka *k, weir_status *st)
{
    char why[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(k->consumer_conf);
    set_callbacks(k, conf);
    if (rd_kafka_conf_set(conf, "group.id", k->group, why, sizeof why) == RD_KAFKA_CONF_OK) {
        k->grouper = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    }
    if (!k->grouper) {
        rd_kafka_conf_destroy(conf);
        return weir_fail(st, WEIR_EUSAGE, "Kafka group %s: %s", k->group, why);
    }
    k->answers = rd_kafka_queue_new(k->grouper);
    return WEIR_OK;
}

weir_rc weir__kafka_producer(weir_kafka *k, weir_status *st)
{
    char why[512];
    if (k->producer) {
        return WEIR_OK;
    }
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(k->producer_conf);
    set_callbacks(k, conf);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    if (k->base.exactly_once &&
        rd_kafka_conf_set(conf, "transactional.id", k->transactional_id, why, sizeof why) !=
            RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(conf);
        return weir_fail(st, WEIR_EUSAGE, "transactional.id %s: %s", k->transactional_id, why);
    }
    k->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!k->producer) {
        rd_kafka_conf_destroy(conf);
        return weir_fail(st, WEIR_EUSAGE, "Kafka producer: %s", why);
    }
    return WEIR_OK;
}

/* ---- topics ---- */

static weir_cluster_topic *open_topic(weir_cluster *c, weir_sv name, void *owner)
{
    weir_kafka *k = weir__kafka_of(c);
    weir_cluster_topic *t = weir_zalloc(sizeof *t);
    t->kafka = k;
    t->owner = owner;
    t->name = weir_alloc((size_t)name.n + 1);
    memcpy(t->name, name.p, name.n);
    t->name[name.n] = 0;
    t->next = k->topics;
    k->topics = t;
    return t;
}

static void destroy_handle(rd_kafka_topic_t **t)
{
    if (*t) {
        rd_kafka_topic_destroy(*t);
        *t = NULL;
    }
}

static void close_topic(weir_cluster *c, weir_cluster_topic *t)
{
    weir_kafka *k = weir__kafka_of(c);
    weir_cluster_topic **at = &k->topics;
    while (*at != t) {
        at = &(*at)->next;
    }
    *at = t->next;
    k->looked_at = NULL;
    for (int i = 0; i < WEIR_FETCHES; i++) {
        for (int32_t p = 0; p < t->n && t->fetches[i]; p++) {
            weir__kafka_fetch_stop(c, t, p, (weir_fetch)i);
        }
        destroy_handle(&t->in[i]);
        weir_free(t->fetches[i]);
    }
    destroy_handle(&t->out);
    weir_free(t->name);
    weir_free(t);
}

static weir_rc poll(weir_cluster *c, uint64_t bytes, weir_status *st)
{
    weir_kafka *k = weir__kafka_of(c);
    if (bytes > 0) {
        __atomic_store_n(&k->woken, false, __ATOMIC_RELEASE);
        weir__kafka_take_in(k, bytes);
        weir__kafka_watch(k);
    }
    rd_kafka_event_t *event = k->answers ? rd_kafka_queue_poll(k->answers, 0) : NULL;
    if (event) {
        rd_kafka_event_destroy(event);
    }
    if (k->grouper) {
        rd_kafka_poll(k->grouper, 0);
    }
    for (int i = 0; i < WEIR_FETCHES; i++) {
        if (k->consumers[i]) {
            rd_kafka_poll(k->consumers[i], 0);
        }
    }
    return weir__kafka_send(k, st);
}

/* ---- opening and closing ---- */

static void close_cluster(weir_cluster *c)
{
    weir_kafka *k = weir__kafka_of(c);
    weir__kafka_forget_waiting(k);
    while (k->topics) {
        close_topic(c, k->topics);
    }
    if (k->producer) {
        rd_kafka_purge(k->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_destroy(k->producer);
    }
    if (k->answers) {
        rd_kafka_queue_destroy(k->answers);
    }
    if (k->grouper) {
        rd_kafka_destroy(k->grouper);
    }
    for (int i = 0; i < WEIR_FETCHES; i++) {
        if (k->queues[i]) {
            rd_kafka_queue_cb_event_enable(k->queues[i], NULL, NULL);
            rd_kafka_queue_destroy(k->queues[i]);
        }
        if (k->consumers[i]) {
            rd_kafka_destroy(k->consumers[i]);
        }
    }
    if (k->consumer_conf) {
        rd_kafka_conf_destroy(k->consumer_conf);
        rd_kafka_conf_destroy(k->producer_conf);
    }
    weir_free(k->waiting);
    weir_free(k->servers);
    weir_free(k->application);
    weir_free(k->group);
    weir_free(k->transactional_id);
    weir_free(k->lost_topic);
    weir_lock_free(k->lock);
    weir_free(k);
}

static const weir_cluster_calls calls = {
    .list = weir__kafka_list,
    .create = weir__kafka_create,
    .drop = weir__kafka_drop,
    .configs = weir__kafka_configs,
    .open = open_topic,
    .close_topic = close_topic,
    .bounds = weir__kafka_bounds,
    .at_time = weir__kafka_at_time,
    .known_end = weir__kafka_known_end,
    .fetch = weir__kafka_fetch,
    .fetch_stop = weir__kafka_fetch_stop,
    .poll = poll,
    .append = weir__kafka_append,
    .full = weir__kafka_full,
    .dirty = weir__kafka_dirty,
    .flush = weir__kafka_flush,
    .commit = weir__kafka_commit,
    .committed = weir__kafka_committed,
    .close = close_cluster,
};

/* Asks for the brokers, to learn at once whether there are any. */
static weir_rc greet(weir_kafka *k, weir_status *st)
{
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR__TRANSPORT;
    for (int waited = 0; waited < CONNECT_MS && err != RD_KAFKA_RESP_ERR_NO_ERROR &&
                         !__atomic_load_n(&k->refused, __ATOMIC_RELAXED) &&
                         !weir__kafka_interrupted(k);
         waited += 500) {
        err = rd_kafka_metadata(k->consumers[WEIR_FETCH_MAIN], 0, NULL, &md, 500);
        rd_kafka_poll(k->consumers[WEIR_FETCH_MAIN], 0);
    }
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(md);
        return WEIR_OK;
    }
    return weir__kafka_fail(k, WEIR_ECONNECT, err, "cannot connect", st);
}

weir_rc weir_kafka_open(const weir_kafka_config *config, weir_cluster **out, weir_status *st)
{
    *out = NULL;
    weir_kafka *k = weir_zalloc(sizeof *k);
    k->base = (weir_cluster){.calls = &calls,
                             .exactly_once = config->exactly_once,
                             .batch_bytes = config->batch_bytes,
                             .wake = config->wake,
                             .wake_ctx = config->wake_ctx,
                             .interrupted = config->interrupted,
                             .interrupted_ctx = config->interrupted_ctx};
    k->lock = weir_lock_new();
    k->application = weir_alloc((size_t)config->application.n + 1);
    memcpy(k->application, config->application.p, config->application.n);
    k->application[config->application.n] = 0;
    weir_rc rc = weir__kafka_configure(k, config, st);
    rc = rc ? rc : weir__kafka_consumer(k, WEIR_FETCH_MAIN, st);
    rc = rc ? rc : greet(k, st);
    if (rc != WEIR_OK) {
        close_cluster(&k->base);
        return rc;
    }
    *out = &k->base;
    return WEIR_OK;
}
