/* Properties: ksqlDB's and the Java clients' names become librdkafka's. Most are the same; the table
 * has those that differ, and those that Java has and librdkafka needs otherwise. */
#include "connectors/kafka_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define PROPERTY_BYTES_MAX 4096

typedef struct renamed {
    const char *java, *ours; /* ours NULL: accepted, has no effect here */
    const char *hint;        /* not NULL: refused with it */
} renamed;

static const renamed names[] = {
    {"auto.offset.reset", NULL, NULL}, /* the engine's own */
    {"batch.size", "batch.size", NULL},
    {"buffer.memory", NULL, NULL},
    {"client.dns.lookup", NULL, NULL},
    {"delivery.timeout.ms", "message.timeout.ms", NULL},
    {"enable.auto.commit", NULL, NULL},
    {"fetch.max.wait.ms", "fetch.wait.max.ms", NULL},
    {"group.id", NULL, NULL},
    {"interceptor.classes", NULL, NULL},
    {"isolation.level", "isolation.level", NULL},
    {"key.deserializer", NULL, NULL},
    {"key.serializer", NULL, NULL},
    {"max.partition.fetch.bytes", "fetch.message.max.bytes", NULL},
    {"max.poll.interval.ms", NULL, NULL},
    {"max.poll.records", NULL, NULL},
    {"max.request.size", "message.max.bytes", NULL},
    {"metric.reporters", NULL, NULL},
    {"partitioner.class", NULL, NULL},
    {"sasl.login.callback.handler.class", NULL,
     "use sasl.oauthbearer.* of librdkafka instead of a Java class"},
    {"ssl.keystore.type", NULL, NULL},
    {"ssl.truststore.location", "ssl.ca.location", NULL},
    {"ssl.truststore.password", NULL, NULL},
    {"ssl.truststore.type", NULL, NULL},
    {"transactional.id", NULL, NULL},
    {"value.deserializer", NULL, NULL},
    {"value.serializer", NULL, NULL},
};

/* What a Kafka client has: other names are the engine's. */
static const char *const families[] = {
    "ssl.", "sasl.", "security.", "fetch.", "socket.", "reconnect.", "metadata.", "message.",
    "linger.", "batch.", "compression.", "acks", "retries", "retry.", "request.", "queue", "queued.",
    "client.", "bootstrap.", "broker.", "transaction.", "delivery.", "max.in.flight", "topic.metadata.",
    "check.crcs", "connections.", "api.version.", "enable.ssl.", "max.partition.", "max.request.",
    "statistics.", "debug", "partitioner", "isolation.",
};

/* Ours; what the user sets comes later and wins. */
static const char *const common[][2] = {
    {"client.id", "weir"},
    {"log.connection.close", "false"},
    {"socket.keepalive.enable", "true"},
    {"socket.nagle.disable", "true"},
    {"topic.metadata.refresh.interval.ms", "30000"},
    {"allow.auto.create.topics", "false"},
    {"reconnect.backoff.max.ms", "2000"},
};
static const char *const consuming[][2] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "true"},
    {"auto.offset.reset", "error"},
    {"check.crcs", "true"},
    {"isolation.level", "read_committed"},
    /* Above these librdkafka 2.0 looks again only after up to a second. */
    {"queued.min.messages", "100000"},
    {"queued.max.messages.kbytes", "24576"},
    {"fetch.message.max.bytes", "262144"}, /* a partition a request: more costs CPU, for memory */
    {"fetch.wait.max.ms", "100"},
};
static const char *const producing[][2] = {
    {"enable.idempotence", "true"},
    {"partitioner", "murmur2_random"},
    {"linger.ms", "5"},
    {"batch.num.messages", "20000"},
    {"queue.buffering.max.kbytes", "32768"},
    {"queue.buffering.max.messages", "100000"},
    {"delivery.report.only.error", "true"},
    {"message.timeout.ms", "0"}, /* a broker that is gone is waited for */
};
static const char *const transactional[][2] = {
    {"transaction.timeout.ms", "10000"},
    {"message.timeout.ms", "8000"},
    {"socket.timeout.ms", "4000"},
};

static weir_rc bad(weir_sv name, const char *why, weir_status *st)
{
    return weir_fail(st, WEIR_EUSAGE, "property " WEIR_SV_FMT ": %s", WEIR_SV_ARG(name), why);
}

static rd_kafka_conf_res_t set(rd_kafka_conf_t *conf, const char *name, const char *value, char *why,
                               size_t n)
{
    return rd_kafka_conf_set(conf, name, value, why, n);
}

static void set_all(rd_kafka_conf_t *conf, const char *const (*rows)[2], size_t n)
{
    char why[256];
    for (size_t i = 0; i < n; i++) {
        WEIR_ASSERT(set(conf, rows[i][0], rows[i][1], why, sizeof why) == RD_KAFKA_CONF_OK);
    }
}

static const renamed *renamed_of(weir_sv name)
{
    for (size_t i = 0; i < WEIR_COUNT(names); i++) {
        if (weir_sv_eq(name, weir_sv_cstr(names[i].java))) {
            return &names[i];
        }
    }
    return NULL;
}

static bool cut_prefix(weir_sv *name, const char *prefix)
{
    weir_sv p = weir_sv_cstr(prefix);
    if (!weir_sv_starts(*name, p)) {
        return false;
    }
    *name = weir_sv_of(name->p + p.n, name->n - p.n);
    return true;
}

weir_sv weir_kafka_property_of(weir_sv name)
{
    (void)cut_prefix(&name, "ksql.streams.");
    if (cut_prefix(&name, "librdkafka.")) {
        return name;
    }
    (void)(cut_prefix(&name, "consumer.") || cut_prefix(&name, "producer.") ||
           cut_prefix(&name, "admin.") || cut_prefix(&name, "main.consumer."));
    const renamed *r = renamed_of(name);
    if (r) {
        return r->ours ? weir_sv_cstr(r->ours) : r->hint ? name : (weir_sv){0};
    }
    for (size_t i = 0; i < WEIR_COUNT(families); i++) {
        if (weir_sv_starts(name, weir_sv_cstr(families[i]))) {
            return name;
        }
    }
    return (weir_sv){0};
}

/* key="value" of a JAAS line. */
static bool jaas_value(weir_sv text, const char *key, char *out, size_t n)
{
    weir_sv k = weir_sv_cstr(key);
    for (uint32_t i = 0; i + k.n + 2 < text.n; i++) {
        weir_sv rest = weir_sv_of(text.p + i, text.n - i);
        if (weir_sv_starts(rest, k) && rest.p[k.n] == '=' && rest.p[k.n + 1] == '"') {
            const char *from = rest.p + k.n + 2;
            const char *to = memchr(from, '"', (size_t)(text.p + text.n - from));
            if (to && (size_t)(to - from) < n) {
                snprintf(out, n, "%.*s", (int)(to - from), from);
                return true;
            }
        }
    }
    return false;
}

/* org.apache.kafka.common.security.….LoginModule required username="…" password="…"; */
static weir_rc set_jaas(weir_kafka *k, const weir_kafka_property *p, weir_status *st)
{
    char user[256];
    char password[256];
    char why[256];
    if (!jaas_value(p->value, "username", user, sizeof user) ||
        !jaas_value(p->value, "password", password, sizeof password)) {
        (void)bad(p->name, "has no username=\"…\" password=\"…\"", st);
        return weir_hint(st, "set sasl.username and sasl.password");
    }
    rd_kafka_conf_t *confs[] = {k->consumer_conf, k->producer_conf};
    for (size_t i = 0; i < WEIR_COUNT(confs); i++) {
        if (set(confs[i], "sasl.username", user, why, sizeof why) != RD_KAFKA_CONF_OK ||
            set(confs[i], "sasl.password", password, why, sizeof why) != RD_KAFKA_CONF_OK) {
            return bad(p->name, why, st);
        }
    }
    return WEIR_OK;
}

/* One side; a property that only the other side has is none of ours. */
static weir_rc set_side(rd_kafka_conf_t *conf, const weir_kafka_property *p, const char *name,
                        const char *value, weir_status *st)
{
    char why[512];
    rd_kafka_conf_res_t rc = set(conf, name, value, why, sizeof why);
    if (rc == RD_KAFKA_CONF_OK) {
        return WEIR_OK;
    }
    (void)bad(p->name, why, st);
    return rc == RD_KAFKA_CONF_UNKNOWN
               ? weir_hint(st, "names are those of librdkafka's CONFIGURATION.md, or Kafka's")
               : st->rc;
}

static weir_rc set_property(weir_kafka *k, const weir_kafka_property *p, weir_status *st)
{
    weir_sv plain = p->name;
    (void)cut_prefix(&plain, "ksql.streams.");
    bool consumer = !weir_sv_starts(plain, WEIR_SV("producer."));
    bool producer = !weir_sv_starts(plain, WEIR_SV("consumer.")) &&
                    !weir_sv_starts(plain, WEIR_SV("main.consumer."));
    weir_sv ours = weir_kafka_property_of(p->name);
    const renamed *r = renamed_of(ours);
    if (r && r->hint) {
        (void)bad(p->name, "is not available here", st);
        return weir_hint(st, "%s", r->hint);
    }
    if (weir_sv_eq(ours, WEIR_SV("sasl.jaas.config"))) {
        return set_jaas(k, p, st);
    }
    if (ours.n == 0) {
        return WEIR_OK;
    }
    char name[256];
    char value[PROPERTY_BYTES_MAX];
    if (ours.n >= sizeof name || p->value.n >= sizeof value) {
        return bad(p->name, "is too long", st);
    }
    snprintf(name, sizeof name, WEIR_SV_FMT, WEIR_SV_ARG(ours));
    snprintf(value, sizeof value, WEIR_SV_FMT, WEIR_SV_ARG(p->value));
    if (consumer) {
        WEIR_TRY(set_side(k->consumer_conf, p, name, value, st));
    }
    return producer ? set_side(k->producer_conf, p, name, value, st) : WEIR_OK;
}

weir_rc weir__kafka_configure(weir_kafka *k, const weir_kafka_config *config, weir_status *st)
{
    k->consumer_conf = rd_kafka_conf_new();
    k->producer_conf = rd_kafka_conf_new();
    set_all(k->consumer_conf, common, WEIR_COUNT(common));
    set_all(k->producer_conf, common, WEIR_COUNT(common));
    set_all(k->consumer_conf, consuming, WEIR_COUNT(consuming));
    set_all(k->producer_conf, producing, WEIR_COUNT(producing));
    if (config->exactly_once) {
        set_all(k->producer_conf, transactional, WEIR_COUNT(transactional));
    }
    weir_sv servers = {0};
    for (size_t i = 0; i < config->n; i++) {
        if (weir_sv_eq(config->properties[i].name, WEIR_SV("bootstrap.servers"))) {
            servers = config->properties[i].value;
        }
        WEIR_TRY(set_property(k, &config->properties[i], st));
    }
    if (config->batch_bytes) {
        char bytes[32];
        char why[256];
        snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)config->batch_bytes);
        (void)set(k->producer_conf, "batch.size", bytes, why, sizeof why); /* beyond its range: as is */
    }
    if (servers.n == 0) {
        return weir_fail(st, WEIR_EUSAGE, "bootstrap.servers is not set");
    }
    k->servers = weir_alloc((size_t)servers.n + 1);
    memcpy(k->servers, servers.p, servers.n);
    k->servers[servers.n] = 0;
    return WEIR_OK;
}
