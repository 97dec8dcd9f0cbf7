/* The kinds of connectors, how statements name them, and the options that all sinks, or all sources, have. */
#include "connectors/conn_impl.h"

#include "engine/base/nearest.h"

#define WEIR_CONN(name) extern const weir_conn_kind weir_conn_kind_##name;
#include "connectors/conn_kinds.def"
#undef WEIR_CONN

#define DAY_MS INT64_C(86400000)

static const weir_conn_kind *const kinds[] = {
#define WEIR_CONN(name) &weir_conn_kind_##name,
#include "connectors/conn_kinds.def"
#undef WEIR_CONN
};

static const weir_conn_kind *added;

void weir_conn_kind_add(const weir_conn_kind *k)
{
    added = k;
}

uint32_t weir_conn_kinds(void)
{
    return (uint32_t)WEIR_COUNT(kinds) + (added != NULL);
}

const weir_conn_kind *weir_conn_kind_at(uint32_t i)
{
    WEIR_ASSERT(i < weir_conn_kinds());
    return i < WEIR_COUNT(kinds) ? kinds[i] : added;
}

static const weir_conn_option sink_options[] = {
    {"topics", "topic|topics.list", WEIR_CONN_LIST, NULL, true, 0, 0, NULL,
     "The topics to read, or the streams and tables over them."},
    {"enabled", NULL, WEIR_CONN_BOOLEAN, "true", false, 0, 0, NULL,
     "false: the statement is checked, and no connector is made: an environment without the outside."},
    {"tasks.max", NULL, WEIR_CONN_INTEGER, "1", false, 1, 1000, NULL,
     "Accepted for Kafka Connect's sake; max.in.flight.requests says how much goes on at once."},
    {"start", "auto.offset.reset|consumer.override.auto.offset.reset", WEIR_CONN_CHOICE, "earliest", false,
     0, 0, "earliest|latest", "Where a new connector begins to read."},
    {"batch.size", "batch.max.size|batch.max.rows|batch.records", WEIR_CONN_INTEGER, "500", false, 1, 100000,
     NULL, "Most records that are sent at once."},
    {"batch.bytes", "bulk.size.bytes|batch.max.bytes", WEIR_CONN_BYTES, "4mb", false, 1, 1 << 28, NULL,
     "Most bytes that are sent at once."},
    {"linger.ms", "batch.timeout.ms", WEIR_CONN_MS, "5", false, 0, 3600000, NULL,
     "How long a record may wait for others to be sent with."},
    {"max.in.flight.requests", "max.in.flight|request.concurrency", WEIR_CONN_INTEGER, "4", false, 1, WEIR_SINK_PARTS,
     NULL, "Requests under way at once; records of one key stay in order."},
    {"max.buffered.records", "max.queue.size", WEIR_CONN_INTEGER, "20000", false, 1, 10000000, NULL,
     "Most records inside of the connector; then the topic is not read on."},
    {"max.buffered.bytes", NULL, WEIR_CONN_BYTES, "32mb", false, 1, INT64_C(1) << 40, NULL,
     "Most bytes inside of the connector."},
    {"max.retries", "retries", WEIR_CONN_INTEGER, "-1", false, -1, 1000000, NULL,
     "How often a record is tried again before it is given up; -1: for ever."},
    {"retry.backoff.ms", "retry.backoff", WEIR_CONN_MS, "100", false, 1, DAY_MS, NULL,
     "Pause before the first retry; it doubles, with full jitter."},
    {"retry.backoff.max.ms", "max.retry.backoff.ms", WEIR_CONN_MS, "60s", false, 1, DAY_MS, NULL,
     "The longest pause between retries."},
    {"retries.max.timeout.ms", "retry.timeout", WEIR_CONN_MS, "0", false, 0, 365 * DAY_MS, NULL,
     "How long a record is tried before it is given up; 0: no such limit."},
    {"retry.schedule", NULL, WEIR_CONN_CHOICE, "", false, 0, 0, "|webhook",
     "'webhook': at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h instead of doubling."},
    {"rate.limit", "request.rate.limit|rate.limit.per.second", WEIR_CONN_INTEGER, "0", false, 0, 100000000,
     NULL, "Most records a second; 0: no such limit."},
    {"breaker.failures", NULL, WEIR_CONN_INTEGER, "0", false, 0, 1000000, NULL,
     "Failures in a row after which nothing is sent for a while; 0: never."},
    {"breaker.pause.ms", NULL, WEIR_CONN_MS, "1s", false, 1, DAY_MS, NULL, "The first such while; it doubles."},
    {"breaker.pause.max.ms", NULL, WEIR_CONN_MS, "60s", false, 1, DAY_MS, NULL, "The longest such while."},
    {"errors.tolerance", NULL, WEIR_CONN_CHOICE, "none", false, 0, 0, "none|all",
     "What a record that cannot be delivered does without a dead-letter topic: none: the connector stops; "
     "all: it is skipped."},
    {"errors.deadletterqueue.topic.name", "dead.letter.topic", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "Where records go that cannot be delivered; made when it is not there."},
    {"errors.deadletterqueue.topic.replication.factor", NULL, WEIR_CONN_INTEGER, "-1", false, -1, 1000, NULL,
     "Accepted for Kafka Connect's sake: the cluster's default is used."},
    {"errors.deadletterqueue.context.headers.enable", NULL, WEIR_CONN_BOOLEAN, "true", false, 0, 0, NULL,
     "Dead letters carry their cause and place in headers."},
    {"errors.log.enable", NULL, WEIR_CONN_BOOLEAN, "true", false, 0, 0, NULL,
     "Accepted for Kafka Connect's sake: errors are always told."},
    {"errors.log.include.messages", NULL, WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL,
     "Accepted for Kafka Connect's sake: data is never logged."},
    {"errors.retry.timeout", NULL, WEIR_CONN_MS, "0", false, 0, 0, NULL, "Accepted for Kafka Connect's sake."},
    {"errors.retry.delay.max.ms", NULL, WEIR_CONN_MS, "0", false, 0, 0, NULL,
     "Accepted for Kafka Connect's sake."},
    {"reporter.result.topic.name", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "A topic that tells of each delivered record."},
    {"reporter.error.topic.name", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "A topic that tells of each record that was given up."},
};

static const weir_conn_option source_options[] = {
    {"enabled", NULL, WEIR_CONN_BOOLEAN, "true", false, 0, 0, NULL,
     "false: the statement is checked, and no connector is made: an environment without the outside."},
    {"tasks.max", NULL, WEIR_CONN_INTEGER, "1", false, 1, 1000, NULL, "Accepted for Kafka Connect's sake."},
    {"max.buffered.bytes", NULL, WEIR_CONN_BYTES, "32mb", false, 1, INT64_C(1) << 40, NULL,
     "Most bytes that wait to be written to topics."},
};

const weir_conn_option *weir_conn_common(bool sink, uint32_t *n)
{
    *n = (uint32_t)(sink ? WEIR_COUNT(sink_options) : WEIR_COUNT(source_options));
    return sink ? sink_options : source_options;
}

/* ---- by name, or by class ---- */

static weir_sv given_of(const weir_connect_spec *spec, const char *name, weir_span *span)
{
    for (uint32_t i = 0; i < spec->n_options; i++) {
        if (weir_sv_ieq(spec->options[i].name, weir_sv_cstr(name))) {
            *span = spec->options[i].value_span;
            return spec->options[i].value;
        }
    }
    return (weir_sv){0};
}

/* 'io.confluent.connect.elasticsearch.ElasticsearchSinkConnector' ends with ElasticsearchSinkConnector;
 * ksqlDB's managed names leave out "Connector". */
static bool class_is(const weir_conn_kind *k, weir_sv class)
{
    weir_sv last = class;
    for (uint32_t i = 0; i < class.n; i++) {
        if (class.p[i] == '.') {
            last = weir_sv_of(class.p + i + 1, class.n - i - 1);
        }
    }
    weir_sv tail = WEIR_SV("Connector");
    weir_sv shorter = last;
    if (last.n > tail.n && weir_sv_ieq(weir_sv_of(last.p + last.n - tail.n, tail.n), tail)) {
        shorter.n -= tail.n;
    }
    return weir__conn_among(k->classes, class) || weir__conn_among(k->classes, last) ||
           weir__conn_among(k->classes, shorter);
}

const weir_conn_kind *weir__conn_kind_of(const weir_connect_spec *spec, weir_status *st)
{
    weir_span span = {0};
    weir_sv name = given_of(spec, "connector", &span);
    bool by_name = name.n > 0;
    name = by_name ? name : given_of(spec, "connector.class", &span);
    weir_sv names[64];
    size_t n = 0;
    for (uint32_t i = 0; i < weir_conn_kinds(); i++) {
        const weir_conn_kind *k = weir_conn_kind_at(i);
        if (k->sink != spec->sink || (k->as_table != NULL) != spec->lookup) {
            continue;
        }
        if (weir_sv_ieq(weir_sv_cstr(k->name), name) || (name.n && class_is(k, name))) {
            return k;
        }
        names[n++] = weir_sv_cstr(k->name);
    }
    const char *what = spec->sink ? "sink" : "source";
    if (name.n == 0) {
        weir_fail(st, WEIR_EUSAGE, "which %s connector? WITH ('connector'='…') says it", what);
    } else {
        weir_fail_at(st, WEIR_EUSAGE, span, "there is no %s connector '" WEIR_SV_FMT "'", what,
                     WEIR_SV_ARG(name));
    }
    int64_t near = name.n ? weir_nearest(name, names, (uint32_t)n) : -1;
    return near < 0 ? (weir_hint(st, "SHOW CONNECTOR PLUGINS lists them"), NULL)
                    : (weir_hint(st, "did you mean '" WEIR_SV_FMT "'?", WEIR_SV_ARG(names[near])), NULL);
}
