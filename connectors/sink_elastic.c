/* Records into Elasticsearch or OpenSearch, by its _bulk API: options, starting and stopping.
 *
 * What is written twice changes nothing: a document's id is that of its key, with the offset as its
 * version, or is made of topic, partition and offset. So after a crash records may simply come again. */
#include "connectors/sink_elastic.h"

#include "connectors/http_options.h"

#include "engine/data/text.h"

#define ANSWER_BYTES_MIN ((int64_t)4 << 20)
#define ANSWER_BYTES_MAX ((int64_t)256 << 20)
#define ANSWER_BYTES_ITEM 1024 /* an error with its reason */

/* ---- opening: control thread ---- */

static weir_rc add_node(weir__es *s, weir_sv url, weir_status *st)
{
    const weir_conn *c = s->conn;
    int64_t scheme = weir_sv_find(url, WEIR_SV("://"), 0);
    if (scheme < 0) {
        return weir_conn_refuse(c, "connection.url", 0, 0, st, "'" WEIR_SV_FMT "' does not begin with http:// "
                                "or https://", WEIR_SV_ARG(url));
    }
    for (uint32_t i = (uint32_t)scheme + 3; i < url.n; i++) {
        if (strchr("@?#", url.p[i])) {
            weir_conn_refuse(c, "connection.url", 0, 0, st, "a node is http(s)://host:port/path");
            return weir_hint(st, "'connection.username' and 'connection.password' say who writes");
        }
    }
    while (url.n && url.p[url.n - 1] == '/') {
        url.n--;
    }
    WEIR_TRY(weir_http_options_url(c, "connection.url", NULL, url, st));
    s->nodes[s->n_nodes++] = (weir__es_node){.url = weir_arena_sv(weir_conn_arena(c), url)};
    return WEIR_OK;
}

static weir_rc read_nodes(weir__es *s, weir_status *st)
{
    const weir_sv *urls = NULL;
    uint32_t n = weir_conn_list(s->conn, "connection.url", &urls);
    s->nodes = WEIR_NEW_N(weir_conn_arena(s->conn), weir__es_node, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        WEIR_TRY(add_node(s, urls[i], st));
    }
    return n ? WEIR_OK : weir_conn_refuse(s->conn, "connection.url", 0, 0, st, "names no node");
}

/* What the answer has to say about each item, and nothing else. */
static void read_path(weir__es *s)
{
    weir_buf path = {0};
    weir_sv pipeline = weir_conn_text(s->conn, "pipeline");
    weir_buf_str(&path, "/_bulk?filter_path=errors,error,items.*.status,items.*.error.type,"
                        "items.*.error.reason,items.*.error.caused_by.reason");
    if (pipeline.n) {
        weir_buf_str(&path, "&pipeline=");
        weir_template_url(&path, pipeline);
    }
    s->path = weir_arena_sv(weir_conn_arena(s->conn), weir_buf_view(&path));
    weir_buf_deinit(&path);
}

/* As Kafka Connect's connector tells it. */
static void read_proxy(weir__es *s)
{
    const weir_conn *c = s->conn;
    if (weir_conn_text(c, "proxy.host").n) {
        s->proxy = weir_arena_printf(weir_conn_arena(c), "http://" WEIR_SV_FMT ":%lld",
                                     WEIR_SV_ARG(weir_conn_text(c, "proxy.host")),
                                     (long long)weir_conn_int(c, "proxy.port")).p;
    }
}

static void read_spoiled(weir__es *s)
{
    const weir_conn *c = s->conn;
    bool buried = weir_conn_text(c, "errors.deadletterqueue.topic.name").n > 0;
    bool dropped = weir_conn_bool(c, "drop.invalid.message");
    s->spoiled = buried ? WEIR__ES_SPOILED_FAIL
                 : weir_conn_is(c, "behavior.on.malformed.documents", "ignore") ? WEIR__ES_SPOILED_IGNORE
                 : weir_conn_is(c, "behavior.on.malformed.documents", "warn") || dropped
                     ? WEIR__ES_SPOILED_WARN
                     : WEIR__ES_SPOILED_FAIL;
}

static void close_sink(void *self)
{
    weir__es *s = self;
    weir_http_login_free(s->login);
    weir_free(s);
}

static weir_rc open_sink(weir_conn *c, void **self, weir_status *st)
{
    weir__es *s = weir_zalloc(sizeof *s);
    s->conn = c;
    s->retry_on_conflict = (uint32_t)weir_conn_int(c, "retry.on.conflict");
    s->gzip = weir_conn_bool(c, "connection.compression");
    weir_http_login_spec login = {.conn = c, .key_option = "api.key"};
    weir_rc rc = read_nodes(s, st);
    rc = rc ? rc : weir_http_login_new(&login, &s->login, st);
    if (rc != WEIR_OK) {
        close_sink(s);
        return rc;
    }
    read_path(s);
    read_proxy(s);
    read_spoiled(s);
    *self = s;
    return WEIR_OK;
}

/* ---- starting and stopping: loop ---- */

static weir_rc start(void *self, weir_status *st)
{
    weir__es *s = self;
    weir_conn *c = s->conn;
    int64_t answer = weir_conn_int(c, "batch.size") * ANSWER_BYTES_ITEM;
    answer = weir_min64(weir_max64(answer, ANSWER_BYTES_MIN), ANSWER_BYTES_MAX);
    s->n_lanes = (uint32_t)weir_conn_int(c, "max.in.flight.requests");
    s->n_put = 0;
    s->putting = false;
    s->request_max = UINT64_MAX;
    weir_http_pool_settings set = {
        .answer_max = (uint32_t)answer,
        .in_flight_max = s->n_lanes + 1, /* and an index template */
        .accept_gzip = s->gzip,
    };
    weir_http_options_pool(c, &set);
    weir_http_login_pool(s->login, &set);
    set.proxy = set.proxy ? set.proxy : s->proxy;
    WEIR_TRY(weir_http_pool_new(weir_conn_loop(c), &set, &s->pool, st));
    weir__es_lanes_open(s);
    weir_http_options_warn(c);
    return WEIR_OK;
}

static void stop(void *self)
{
    weir__es *s = self;
    weir_http_pool_free(s->pool);
    s->pool = NULL;
    weir__es_lanes_close(s);
}

static const weir_sink_calls calls = {.open = open_sink,
                                      .bind = weir__es_bind,
                                      .start = start,
                                      .render = weir__es_render,
                                      .send = weir__es_send,
                                      .stop = stop,
                                      .close = close_sink,
                                      .show = weir__es_show};

/* ---- options ---- */

#define ACCEPTED "Accepted for Kafka Connect's sake."

static const weir_conn_option options[] = {
    {"connection.url", "connection.urls|urls|hosts|endpoints", WEIR_CONN_LIST, NULL, true, 0, 0, NULL,
     "The nodes, as http://host:9200 or https://host/path; they are asked in turn."},
    WEIR_HTTP_LOGIN_OPTIONS("none|basic|bearer|apikey|aws", "es"),
    {"api.key", "api_key|connection.api.key", WEIR_CONN_SECRET, NULL, false, 0, 0, NULL,
     "An API key: encoded, or as id:key."},
    {"index", "index.name", WEIR_CONN_TEMPLATE, "${topic}", false, 0, 0, NULL,
     "The index, as orders-${ROWTIME:%Y.%m.%d}; what is put in becomes lower case."},
    {"topic.to.external.resource.mapping", "topic.index.map", WEIR_CONN_LIST, NULL, false, 0, 0, NULL,
     "The index, data stream or alias of single topics: TOPIC:index, with commas between."},
    {"external.resource.usage", NULL, WEIR_CONN_CHOICE, "disabled", false, 0, 0,
     "disabled|index|datastream|alias_index|alias_datastream",
     "datastream, alias_datastream: what is written to takes new documents only."},
    {"data.stream.type", NULL, WEIR_CONN_CHOICE, "none", false, 0, 0, "none|logs|metrics|traces|synthetics",
     "Writes to the data stream TYPE-DATASET-NAMESPACE instead of an index."},
    {"data.stream.dataset", NULL, WEIR_CONN_TEMPLATE, "generic", false, 0, 0, NULL,
     "The second part of the data stream's name."},
    {"data.stream.namespace", NULL, WEIR_CONN_TEMPLATE, "${topic}", false, 0, 0, NULL, "The third part."},
    {"data.stream.timestamp.field", NULL, WEIR_CONN_LIST, NULL, false, 0, 0, NULL,
     "Columns with the time of a document, the first that is not NULL; otherwise it is the record's."},
    {"timestamp.field", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "A member that is added with the document's time; for data streams it is @timestamp."},
    {"write.method", NULL, WEIR_CONN_CHOICE, "insert", false, 0, 0, "insert|upsert",
     "insert: the record is the document; upsert: its members are put into the document that is there."},
    {"key.ignore", NULL, WEIR_CONN_BOOLEAN, NULL, false, 0, 0, NULL,
     "true: a document's id is topic+partition+offset, false: the key. Without it tables, upserts and "
     "deletions go by keys, streams by offsets."},
    {"topic.key.ignore", NULL, WEIR_CONN_LIST, NULL, false, 0, 0, NULL, "Topics with 'key.ignore'='true'."},
    {"id", "document.id", WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL, "The id, as ${ORDER_ID}."},
    {"document-id.key-delimiter", "document.id.key.delimiter|delimiter", WEIR_CONN_TEXT, "_", false, 0, 0, NULL,
     "What is between the columns of a key, and a window's begin, in an id."},
    {"use.autogenerated.ids", NULL, WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL,
     "true: the server makes ids up; then documents come twice after a crash."},
    {"version.type", NULL, WEIR_CONN_CHOICE, NULL, false, 0, 0, "none|internal|external|external_gte",
     "External versions keep what is older from replacing what is newer. Inserts by key have external_gte."},
    {"version.column", "bulk.version", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "A column with the version; otherwise it is the record's offset."},
    {"external.version.header", "version.header", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "A header with the version."},
    {"behavior.on.null.values", "on.delete", WEIR_CONN_CHOICE, NULL, false, 0, 0, "ignore|delete|fail",
     "What a tombstone does. Without it: delete for tables, ignore for streams."},
    {"behavior.on.malformed.documents", NULL, WEIR_CONN_CHOICE, "fail", false, 0, 0, "fail|warn|ignore",
     "Documents that will never be taken, where there is no dead-letter topic: fail stops (or is "
     "errors.tolerance), warn and ignore pass them over."},
    {"drop.invalid.message", NULL, WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL,
     "true: as 'behavior.on.malformed.documents'='warn'."},
    {"retry.on.conflict", "retry_on_conflict", WEIR_CONN_INTEGER, "3", false, 0, 100, NULL,
     "How often the server itself tries an upsert again that others came in between of."},
    {"routing", "routing_column|routing.column", WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "What decides about the shard: a column, or a template; otherwise it is the id."},
    {"pipeline", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "The ingest pipeline that documents go through."},
    {"include.key", NULL, WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL,
     "true: documents have the key columns, too."},
    {"index.template.create", NULL, WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL,
     "true: an index template with the columns' types is put before anything is written."},
    {"index.template.name", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "Its name; otherwise weir-CONNECTOR-TOPIC."},
    {"index.template.pattern", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "The indices it is for; otherwise the option index with * for what varies."},
    {"index.template.decimal", NULL, WEIR_CONN_CHOICE, "scaled_float", false, 0, 0, "scaled_float|keyword|double",
     "What a DECIMAL becomes; of more than 18 digits scaled_float is keyword."},
    {"index.template.string", NULL, WEIR_CONN_CHOICE, "text", false, 0, 0, "text|keyword",
     "What a STRING becomes; text has a field keyword."},
    {"connection.compression", "compression", WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL,
     "true: requests are compressed, and answers may be."},
    {"proxy.host", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "The host of an HTTP proxy, as Kafka Connect's connector has it."},
    {"proxy.port", NULL, WEIR_CONN_INTEGER, "8080", false, 1, 65535, NULL, "Its port."},
    WEIR_HTTP_OPTIONS("1.1"),
    {"batch.size", NULL, WEIR_CONN_INTEGER, "2000", false, 1, 100000, NULL, "Most records of one request."},
    {"batch.bytes", "bulk.size.bytes|batch.max.bytes", WEIR_CONN_BYTES, "5mb", false, 1, 1 << 28, NULL,
     "Most bytes of one request."},
    {"max.in.flight.requests", "max.in.flight|request.concurrency", WEIR_CONN_INTEGER, "5", false, 1,
     WEIR_SINK_PARTS, NULL, "Requests under way at once; records of one key stay in order."},
    {"schema.ignore", NULL, WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL,
     "Accepted for Kafka Connect's sake: 'index.template.create' says whether types are told."},
    {"topic.schema.ignore", NULL, WEIR_CONN_LIST, NULL, false, 0, 0, NULL, ACCEPTED},
    {"type.name", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "Accepted for Kafka Connect's sake: indices have no types any more."},
    {"compact.map.entries", NULL, WEIR_CONN_BOOLEAN, "true", false, 0, 0, NULL,
     "Accepted for Kafka Connect's sake: maps are objects."},
    {"flush.timeout.ms", NULL, WEIR_CONN_MS, "180s", false, 0, 0, NULL, ACCEPTED},
    {"flush.synchronously", NULL, WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL,
     "Accepted for Kafka Connect's sake: records of a key are always written one after the other."},
    {"max.connection.idle.time.ms", NULL, WEIR_CONN_MS, "60s", false, 0, 0, NULL, ACCEPTED},
    {"auto.create.indices.at.start", NULL, WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL,
     "Accepted for Kafka Connect's sake: the cluster makes indices with their first document."},
};

const weir_conn_kind weir_conn_kind_sink_elastic = {
    .name = "elasticsearch",
    .sink = true,
    .classes = "ElasticsearchSink|ElasticsearchServiceSink|OpenSearchSink|OpensearchSink|opensearch|elastic",
    .line = "writes records to indices and data streams of Elasticsearch or OpenSearch",
    .guarantee = "effectively once: ids are keys, with the offset as version, or topic+partition+offset; an "
                 "upsert is done again, in order. With use.autogenerated.ids at least once",
    .options = options,
    .n_options = WEIR_COUNT(options),
    .as_sink = &calls,
};
