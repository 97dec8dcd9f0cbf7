/* `weir pipe`: a topology test driver. One JSON request a line on standard input, one JSON answer a
 * line on standard output; topics in memory, no wall clock. Each answer is flushed. */
#include "tools/cmd.h"

#include "dsl/diag.h"
#include "engine/data/json.h"
#include "engine/data/text.h"
#include "engine/server/session.h"
#include "tools/split.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_BYTES_MAX (1u << 30)
#define READ_BYTES 65536
#define DEFAULT_PARTITIONS 4

/* Codes of ksqlDB's REST API. */
enum { CODE_REQUEST = 40000, CODE_STATEMENT = 40001, CODE_INTERNAL = 50000 };

typedef struct pipe_host {
    weir_session *session;
    int64_t now_ms;
    uint32_t batch_rows, workers;
    weir_buf results; /* of the running script: a JSON list's items */
} pipe_host;

static int64_t pipe_now(void *clock)
{
    return ((pipe_host *)clock)->now_ms;
}

static void json_member(weir_buf *out, const char *name, weir_sv value)
{
    weir_buf_printf(out, ",\"%s\":", name);
    weir_diag_json_string(out, value);
}

static void on_result(void *ctx, const weir_result *r)
{
    weir_buf *out = &((pipe_host *)ctx)->results;
    weir_buf_str(out, out->n ? ",{\"statement\":" : "{\"statement\":");
    weir_diag_json_string(out, r->statement);
    json_member(out, "kind", weir_sv_cstr(r->name));
    if (r->source.n) {
        json_member(out, "source", r->source);
    }
    if (r->query.n) {
        json_member(out, "query", r->query);
    }
    if (r->topic.n) {
        json_member(out, "topic", r->topic);
    }
    if (r->message.n) {
        json_member(out, "message", r->message);
    }
    weir_buf_byte(out, '}');
}

static weir_rc open_session(pipe_host *h, weir_status *st)
{
    h->now_ms = 0;
    weir_session_config config = {
        .workers = h->workers,
        .batch_rows = h->batch_rows,
        .order = WEIR_ORDER_SEQ,
        .single_log = true,
        .default_partitions = DEFAULT_PARTITIONS,
        .schemas_in_memory = true,
        .now_ms = pipe_now,
        .clock = h,
        .on_result = on_result,
        .ctx = h,
    };
    WEIR_TRY(weir_session_open(&config, &h->session, st));
    weir_session_set(h->session, WEIR_SV("auto.offset.reset"), WEIR_SV("earliest"));
    weir_session_set(h->session, WEIR_SV("ksql.headers.columns.enabled"), WEIR_SV("true"));
    weir_session_set(h->session, WEIR_SV("ksql.service.id"), WEIR_SV("some.ksql.service.id"));
    return WEIR_OK;
}

static void fail(weir_buf *out, int code, weir_sv message)
{
    weir_buf_reset(out);
    weir_buf_printf(out, "{\"ok\":false,\"error\":{\"code\":%d,\"message\":", code);
    weir_diag_json_string(out, message);
    weir_buf_str(out, "}}");
}

static void fail_status(weir_buf *out, int code, const weir_status *st)
{
    fail(out, code, weir_sv_cstr(st->msg));
}

/* ---- operations ---- */

typedef void operation(pipe_host *h, const weir_json_node *req, weir_buf *out);

static void op_reset(pipe_host *h, const weir_json_node *req, weir_buf *out)
{
    (void)req;
    weir_status st;
    weir_status_reset(&st);
    weir_session_close(h->session);
    h->session = NULL;
    if (open_session(h, &st) != WEIR_OK) {
        fail_status(out, CODE_INTERNAL, &st);
        return;
    }
    weir_buf_str(out, "{\"ok\":true}");
}

static void op_set(pipe_host *h, const weir_json_node *req, weir_buf *out)
{
    weir_session_set(h->session, weir_json_get_text(req, WEIR_SV("name"), WEIR_SV("")),
                     weir_json_get_text(req, WEIR_SV("value"), WEIR_SV("")));
    weir_buf_str(out, "{\"ok\":true}");
}

static void op_clock(pipe_host *h, const weir_json_node *req, weir_buf *out)
{
    h->now_ms = weir_json_get_i64(req, WEIR_SV("ms"), 0);
    weir_buf_str(out, "{\"ok\":true}");
}

static weir_sv topic_name(const weir_json_node *req)
{
    return weir_json_get_text(req, WEIR_SV("topic"), WEIR_SV(""));
}

static void op_topic(pipe_host *h, const weir_json_node *req, weir_buf *out)
{
    int64_t n = weir_json_get_i64(req, WEIR_SV("partitions"), 1);
    if (n < 1 || n > WEIR_PARTITIONS_MAX) {
        fail(out, CODE_REQUEST, WEIR_SV("partitions must be from 1 to 10000"));
        return;
    }
    weir_topic_spec spec = {.name = weir_json_get_text(req, WEIR_SV("name"), WEIR_SV("")),
                            .partitions = (int32_t)n,
                            .retention_ms = -1};
    weir_topic *t;
    (void)weir_session_topic(h->session, &spec, &t, NULL); /* in memory nothing can fail */
    weir_buf_str(out, "{\"ok\":true}");
}

static void op_sql(pipe_host *h, const weir_json_node *req, weir_buf *out)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_diags diags;
    weir_diags_init(&diags, &a);
    weir_status st;
    weir_status_reset(&st);
    weir_script_outcome done;
    weir_buf_reset(&h->results);
    weir_rc rc = weir_session_execute(h->session,
                                      weir_json_get_text(req, WEIR_SV("text"), WEIR_SV("")), &done,
                                      &diags, &st);
    if (rc == WEIR_OK) {
        weir_buf_str(out, "{\"ok\":true,\"results\":[");
        weir_buf_sv(out, weir_buf_view(&h->results));
        weir_buf_str(out, "]}");
    } else {
        weir_buf_printf(out,
                        "{\"ok\":false,\"phase\":\"%s\",\"executed\":%u,\"total\":%u,"
                        "\"error\":{\"code\":%d,\"message\":",
                        done.parsed ? "execute" : "parse", done.executed, done.total,
                        CODE_STATEMENT);
        weir_diag_json_string(out, weir_sv_cstr(st.msg));
        json_member(out, "statement", done.failed);
        weir_buf_str(out, "}}");
    }
    weir_arena_deinit(&a);
}

/* `WRAP_SINGLES` where the format can do both and the statement or property chose. */
static void feature_list(weir_buf *out, const char *name, const weir_format_spec *f)
{
    weir_buf_printf(out, ",\"%s\":[%s]", name,
                    f->wrap == WEIR_WRAP_YES  ? "\"WRAP_SINGLES\""
                    : f->wrap == WEIR_WRAP_NO ? "\"UNWRAP_SINGLES\""
                                              : "");
}

static void format_properties(weir_buf *out, const char *name, const weir_format_spec *f)
{
    weir_buf_printf(out, ",\"%s\":{", name);
    const char *sep = "";
    if (f->full_name.n) {
        weir_buf_str(out, "\"fullSchemaName\":");
        weir_diag_json_string(out, f->full_name);
        sep = ",";
    }
    if (f->nullable.n) {
        weir_buf_printf(out, "%s\"nullableRepresentation\":\"%s\"", sep,
                        weir_sv_ieq(f->nullable, WEIR_SV("WRAPPER")) ? "wrapper" : "optional");
    }
    weir_buf_byte(out, '}');
}

static void source_json(weir_buf *out, const weir_source *s)
{
    static const char *const windows[] = {NULL, "TUMBLING", "HOPPING", "SESSION"};
    weir_buf schema = {0};
    weir_schema_print(&schema, s->schema);
    weir_buf_str(out, "{\"name\":");
    weir_diag_json_string(out, s->name);
    weir_buf_printf(out, ",\"type\":\"%s\"", s->table ? "TABLE" : "STREAM");
    json_member(out, "schema", weir_buf_view(&schema));
    json_member(out, "topic", s->topic);
    weir_buf_printf(out, ",\"keyFormat\":\"%s\",\"valueFormat\":\"%s\"",
                    weir_format_name(s->key_format.kind), weir_format_name(s->value_format.kind));
    format_properties(out, "keyProperties", &s->key_format);
    format_properties(out, "valueProperties", &s->value_format);
    feature_list(out, "keyFeatures", &s->key_format);
    feature_list(out, "valueFeatures", &s->value_format);
    if (s->window.kind == WEIR_WINDOW_NONE) {
        weir_buf_str(out, ",\"windowType\":null,\"windowSize\":null");
    } else {
        weir_buf_printf(out, ",\"windowType\":\"%s\",\"windowSize\":", windows[s->window.kind]);
        if (s->window.kind == WEIR_WINDOW_SESSION) {
            weir_buf_str(out, "null");
        } else {
            weir_buf_printf(out, "%lld", (long long)s->window.size_ms);
        }
    }
    weir_buf_printf(out, ",\"isSource\":%s}", s->read_only ? "true" : "false");
    weir_buf_deinit(&schema);
}

static void op_sources(pipe_host *h, const weir_json_node *req, weir_buf *out)
{
    (void)req;
    const weir_catalog *c = weir_session_catalog(h->session);
    weir_buf_str(out, "{\"ok\":true,\"sources\":[");
    for (uint32_t i = 0; i < weir_catalog_sources(c); i++) {
        weir_buf_str(out, i ? "," : "");
        source_json(out, weir_catalog_source_at(c, i));
    }
    weir_buf_str(out, "]}");
}

static void op_queries(pipe_host *h, const weir_json_node *req, weir_buf *out)
{
    (void)req;
    const weir_catalog *c = weir_session_catalog(h->session);
    weir_buf_str(out, "{\"ok\":true,\"queries\":[");
    for (uint32_t i = 0; i < weir_catalog_queries(c); i++) {
        const weir_query_info *q = weir_catalog_query_at(c, i);
        weir_buf_str(out, i ? ",{\"id\":" : "{\"id\":");
        weir_diag_json_string(out, q->id);
        weir_buf_str(out, ",\"sources\":[");
        bool first = true;
        for (uint32_t k = 0; k < q->n_sources; k++) {
            const weir_source *s = weir_catalog_source(c, q->sources[k]);
            bool again = false;
            for (uint32_t j = 0; s && j < k; j++) {
                const weir_source *before = weir_catalog_source(c, q->sources[j]);
                again |= before && weir_sv_eq(before->topic, s->topic);
            }
            if (s && !again) {
                weir_buf_str(out, first ? "" : ",");
                weir_diag_json_string(out, s->topic);
                first = false;
            }
        }
        weir_buf_str(out, "],\"sink\":");
        const weir_source *sink = q->sink.n ? weir_catalog_source(c, q->sink) : NULL;
        if (sink) {
            weir_diag_json_string(out, sink->topic);
        } else {
            weir_buf_str(out, "null");
        }
        weir_buf_byte(out, '}');
    }
    weir_buf_str(out, "]}");
}

static void op_topics(pipe_host *h, const weir_json_node *req, weir_buf *out)
{
    (void)req;
    weir_topics *topics = weir_session_topics(h->session);
    weir_buf_str(out, "{\"ok\":true,\"topics\":[");
    for (uint32_t i = 0; i < weir_topics_count(topics); i++) {
        weir_topic *t = weir_topics_at(topics, i);
        weir_buf_str(out, i ? ",{\"name\":" : "{\"name\":");
        weir_diag_json_string(out, weir_topic_name(t));
        weir_buf_printf(out, ",\"partitions\":%d,\"end\":%lld}", weir_topic_partitions(t),
                        (long long)weir_topic_end(t, 0));
    }
    weir_buf_str(out, "]}");
}

/* Bytes of a base64 member; null when it is null or absent. */
static bool bytes_of(const weir_json_node *v, weir_buf *out, bool *null)
{
    *null = !v || v->kind == WEIR_JSON_NULL;
    return *null || (v->kind == WEIR_JSON_STRING && weir_base64_decode(out, v->text));
}

static bool headers_of(const weir_json_node *list, weir_buf *out)
{
    for (uint32_t i = 0; list && list->kind == WEIR_JSON_ARRAY && i < list->n; i++) {
        const weir_json_node *pair = &list->items[i];
        if (pair->kind != WEIR_JSON_ARRAY || pair->n != 2 ||
            pair->items[0].kind != WEIR_JSON_STRING) {
            return false;
        }
        weir_buf value = {0};
        bool null = false;
        if (!bytes_of(&pair->items[1], &value, &null)) {
            weir_buf_deinit(&value);
            return false;
        }
        weir_headers_add(out, pair->items[0].text, weir_buf_view(&value), null);
        weir_buf_deinit(&value);
    }
    return true;
}

static void op_produce(pipe_host *h, const weir_json_node *req, weir_buf *out)
{
    weir_buf key = {0};
    weir_buf value = {0};
    weir_buf headers = {0};
    bool key_null = false;
    bool value_null = false;
    weir_topic *t = weir_topics_find(weir_session_topics(h->session), topic_name(req));
    if (!t) {
        fail(out, CODE_REQUEST, WEIR_SV("topic does not exist"));
    } else if (!bytes_of(weir_json_get(req, WEIR_SV("key")), &key, &key_null) ||
               !bytes_of(weir_json_get(req, WEIR_SV("value")), &value, &value_null) ||
               !headers_of(weir_json_get(req, WEIR_SV("headers")), &headers)) {
        fail(out, CODE_REQUEST, WEIR_SV("key, value and headers must be base64 or null"));
    } else {
        int64_t offset = 0;
        weir_sv null = {NULL, WEIR_NULL_BYTES};
        weir_session_append(h->session, t, 0, key_null ? null : weir_buf_view(&key),
                            value_null ? null : weir_buf_view(&value), weir_buf_view(&headers),
                            weir_json_get_i64(req, WEIR_SV("timestamp"), 0), &offset);
        weir_buf_printf(out, "{\"ok\":true,\"offset\":%lld}", (long long)offset);
    }
    weir_buf_deinit(&key);
    weir_buf_deinit(&value);
    weir_buf_deinit(&headers);
}

static void op_feed(pipe_host *h, const weir_json_node *req, weir_buf *out)
{
    weir_engine *e = weir_session_engine(h->session);
    weir_sv id = weir_json_get_text(req, WEIR_SV("query"), WEIR_SV(""));
    int64_t count = weir_json_get_i64(req, WEIR_SV("count"), 1);
    weir_query *q = weir_engine_find(e, id);
    if (!q || count < 0 || count > UINT32_MAX) {
        fail(out, CODE_REQUEST, WEIR_SV("no such query, or a count out of range"));
        return;
    }
    weir_status st;
    weir_status_reset(&st);
    if (weir_engine_feed(e, q, topic_name(req), weir_json_get_i64(req, WEIR_SV("offset"), 0),
                         (uint32_t)count, &st) != WEIR_OK) {
        fail_status(out, CODE_INTERNAL, &st);
        return;
    }
    weir_buf_printf(out, "{\"ok\":true,\"processed\":%lld}", (long long)count);
}

static void base64_json(weir_buf *out, const char *p, uint32_t n, bool null)
{
    if (null) {
        weir_buf_str(out, "null");
        return;
    }
    weir_buf_byte(out, '"');
    weir_base64_encode(out, weir_sv_of(p, n));
    weir_buf_byte(out, '"');
}

static void record_json(weir_buf *out, const weir_chunk *c, const weir_rec *r)
{
    weir_buf_str(out, "{\"key\":");
    base64_json(out, c->bytes + r->key_at, r->key_n, r->key_n == WEIR_NULL_BYTES);
    weir_buf_str(out, ",\"value\":");
    base64_json(out, c->bytes + r->value_at, r->value_n, r->value_n == WEIR_NULL_BYTES);
    weir_buf_printf(out, ",\"timestamp\":%lld,\"headers\":[", (long long)r->timestamp);
    weir_reader in = weir_reader_of(weir_sv_of(c->bytes + r->headers_at, r->headers_n));
    weir_header header;
    for (bool first = true; weir_headers_next(&in, &header); first = false) {
        weir_buf_str(out, first ? "[" : ",[");
        weir_diag_json_string(out, header.name);
        weir_buf_byte(out, ',');
        base64_json(out, header.value.p, header.value.n, header.null);
        weir_buf_byte(out, ']');
    }
    weir_buf_str(out, "]}");
}

static void op_read(pipe_host *h, const weir_json_node *req, weir_buf *out)
{
    weir_topic *t = weir_topics_find(weir_session_topics(h->session), topic_name(req));
    if (!t) {
        fail(out, CODE_REQUEST, WEIR_SV("topic does not exist"));
        return;
    }
    weir_buf_str(out, "{\"ok\":true,\"records\":[");
    int64_t at = weir_json_get_i64(req, WEIR_SV("from"), 0);
    bool first = true;
    while (at >= 0 && at < weir_topic_end(t, 0)) {
        weir_chunk *c = NULL;
        if (weir_topic_read(t, 0, at, &c, NULL) != WEIR_OK || !c) {
            break;
        }
        for (int64_t i = at - c->base; i < c->n; i++, at++) {
            weir_buf_str(out, first ? "" : ",");
            record_json(out, c, &c->recs[i]);
            first = false;
        }
        weir_chunk_unref(c);
    }
    weir_buf_str(out, "]}");
}

static const struct {
    const char *name;
    operation *call;
} operations[] = {
    {"reset", op_reset},     {"set", op_set},         {"clock", op_clock},
    {"topic", op_topic},     {"sql", op_sql},         {"sources", op_sources},
    {"queries", op_queries}, {"topics", op_topics},   {"produce", op_produce},
    {"feed", op_feed},       {"read", op_read},
};

static void answer(pipe_host *h, weir_sv line, weir_buf *out)
{
    weir_arena a;
    weir_arena_init(&a);
    weir_status st;
    weir_status_reset(&st);
    const weir_json_node *req = NULL;
    if (weir_json_parse(&a, line, NULL, &req, &st) != WEIR_OK || req->kind != WEIR_JSON_OBJECT) {
        fail(out, CODE_REQUEST, WEIR_SV("a request is one JSON object on one line"));
        weir_arena_deinit(&a);
        return;
    }
    weir_sv name = weir_json_get_text(req, WEIR_SV("op"), WEIR_SV(""));
    operation *call = NULL;
    for (size_t i = 0; i < WEIR_COUNT(operations); i++) {
        if (weir_sv_eq(name, weir_sv_cstr(operations[i].name))) {
            call = operations[i].call;
        }
    }
    if (call && (h->session || call == op_reset)) {
        call(h, req, out);
    } else {
        fail(out, CODE_REQUEST, WEIR_SV("unknown operation"));
    }
    weir_arena_deinit(&a);
}

static void reply(pipe_host *h, weir_sv line, weir_buf *out)
{
    weir_buf_reset(out);
    answer(h, line, out);
    if (out->over) {
        fail(out, CODE_INTERNAL, WEIR_SV("the answer is longer than 1 GiB"));
    }
    weir_buf_byte(out, '\n');
    fwrite(out->p, 1, out->n, stdout);
    fflush(stdout);
}

/* Answers line by line until standard input ends. */
static void serve(pipe_host *h)
{
    weir_splitter lines = {0};
    weir_buf out;
    weir_sv line;
    weir_buf_init(&out, LINE_BYTES_MAX);
    for (bool ended = false; !ended;) {
        ssize_t n = read(STDIN_FILENO, weir_splitter_room(&lines, READ_BYTES), READ_BYTES);
        ended = n <= 0;
        lines.bytes.n += n > 0 ? (size_t)n : 0;
        while (weir_splitter_next(&lines, LINE_BYTES_MAX, ended, &line)) {
            reply(h, line, &out);
        }
    }
    weir_splitter_deinit(&lines);
    weir_buf_deinit(&out);
}

static int run(const weir_command *self, int argc, char **argv)
{
    pipe_host h = {.workers = 1};
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--batch-rows") == 0 && i + 1 < argc) {
            h.batch_rows = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--workers") == 0 && i + 1 < argc) {
            h.workers = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else {
            fprintf(stderr, "weir pipe: unknown option %s\n\n%s", argv[i], self->help);
            return WEIR_EXIT_USAGE;
        }
    }
    weir_status st;
    weir_status_reset(&st);
    if (open_session(&h, &st) != WEIR_OK) {
        fprintf(stderr, "weir pipe: %s\n", st.msg);
        return WEIR_EXIT_FAILED;
    }
    serve(&h);
    weir_buf_deinit(&h.results);
    weir_session_close(h.session);
    return WEIR_EXIT_OK;
}

const weir_command weir_cmd_pipe = {
    .name = "pipe",
    .line = "test driver: JSON requests on standard input, JSON answers on standard output",
    .help = "usage: weir pipe [--batch-rows N] [--workers N]\n"
            "\n"
            "Reads one JSON object a line, writes one JSON object a line. Topics are in memory,\n"
            "there is no wall clock, and records move only when a request says so.\n"
            "\n"
            "  --batch-rows N   rows per batch, 1 to 1024 (for tests)\n"
            "  --workers N      threads (for tests)\n"
            "\n"
            "example:\n"
            "  echo '{\"op\":\"sql\",\"text\":\"CREATE STREAM a (k INT KEY, v INT) WITH "
            "(kafka_topic='\\''t'\\'', partitions=1, format='\\''JSON'\\'');\"}' |\n"
            "      weir pipe\n",
    .run = run,
};
