/* Records into Redis: its options, opening and closing. */
#include "connectors/sink_redis.h"
#include "connectors/redis_target.h"
#include "connectors/signing.h"

#include <stdio.h>
#include <stdlib.h>

/* Other sinks name types by their commands. */
static const struct {
    const char *name;
    weir__redis_type type;
} types[] = {
    {"string", WEIR__REDIS_STRING},   {"json", WEIR__REDIS_JSON},     {"hash", WEIR__REDIS_HASH},
    {"list", WEIR__REDIS_LIST},       {"set", WEIR__REDIS_SET},       {"zset", WEIR__REDIS_ZSET},
    {"zreplace", WEIR__REDIS_ZREPLACE}, {"stream", WEIR__REDIS_STREAM}, {"pubsub", WEIR__REDIS_PUBSUB},
    {"pfadd", WEIR__REDIS_PFADD},     {"command", WEIR__REDIS_COMMAND}, {"script", WEIR__REDIS_SCRIPT},
    {"hset", WEIR__REDIS_HASH},       {"lpush", WEIR__REDIS_LIST},    {"rpush", WEIR__REDIS_LIST},
    {"sadd", WEIR__REDIS_SET},        {"zadd", WEIR__REDIS_ZSET},     {"sortedset", WEIR__REDIS_ZSET},
    {"sorted_set", WEIR__REDIS_ZSET}, {"xadd", WEIR__REDIS_STREAM},   {"publish", WEIR__REDIS_PUBSUB},
    {"channel", WEIR__REDIS_PUBSUB},  {"lua", WEIR__REDIS_SCRIPT},
};
#define TYPES                                                                                              \
    "string|json|hash|list|set|zset|zreplace|stream|pubsub|pfadd|command|script|hset|lpush|rpush|sadd|"    \
    "zadd|sortedset|sorted_set|xadd|publish|channel|lua"

static weir__redis_type type_of(const weir_conn *c)
{
    for (size_t i = 0; i < WEIR_COUNT(types); i++) {
        if (weir_conn_is(c, "redis.type", types[i].name)) {
            return types[i].type;
        }
    }
    WEIR_UNREACHABLE();
}

/* ---- opening, closing ---- */

static void close_sink(void *self)
{
    weir__redis_sink *s = self;
    weir_tls_free(s->tls);
    weir_redis_slots_deinit(&s->slots);
    weir_buf_deinit(&s->key);
    weir_buf_deinit(&s->word);
    weir_free(s);
}

static void on_note(void *ctx, weir_sv key, weir_sv value)
{
    weir__redis_sink *s = ctx;
    if (weir_sv_eq(key, WEIR_SV("id")) && value.n < sizeof s->id) {
        memcpy(s->id, value.p, value.n);
        s->id[value.n] = 0;
    }
}

static weir_rc open_sink(weir_conn *c, void **self, weir_status *st)
{
    weir__redis_sink *s = weir_zalloc(sizeof *s);
    char sha[WEIR_SHA1_HEX];
    s->conn = c;
    s->type = type_of(c);
    s->ttl_ms = weir_conn_int(c, "ttl");
    s->ttl_if_new = weir_conn_is(c, "ttl.mode", "if-new");
    s->on_delete = weir_conn_text(c, "on.delete");
    s->zadd = weir_conn_text(c, "zadd.mode");
    s->list_op = weir_conn_is(c, "list.op", "lpush") || weir_conn_is(c, "redis.type", "lpush") ? "LPUSH"
                                                                                              : "RPUSH";
    s->list_max = weir_conn_int(c, "list.max.length");
    s->stream_max = weir_conn_int(c, "stream.maxlen");
    s->wait_replicas = weir_conn_int(c, "redis.wait.replicas");
    s->wait_ms = weir_conn_int(c, "redis.wait.timeout");
    s->script = weir_conn_text(c, "redis.script");
    weir_sha1_hex(weir__redis_fence_script(), sha);
    s->script_sha = weir_arena_sv(weir_conn_arena(c), weir_sv_cstr(sha));
    weir_redis_slots_init(&s->slots);
    weir_rc rc = weir__redis_where(s, st);
    rc = rc ? rc : weir_conn_notes(c, on_note, s, st);
    if (rc != WEIR_OK) {
        close_sink(s);
        return rc;
    }
    *self = s;
    return WEIR_OK;
}

/* Loop. Nothing is sent before the first commit, so the name of its fences outlives all that is. */
static weir_rc start(void *self, weir_status *st)
{
    weir__redis_sink *s = self;
    (void)st;
    if (s->id[0] == 0) {
        snprintf(s->id, sizeof s->id, "%016llx", (unsigned long long)weir_rng_next(weir_conn_rng(s->conn)));
        weir_conn_note(s->conn, WEIR_SV("id"), weir_sv_cstr(s->id));
    }
    return WEIR_OK;
}

/* RESP as people read it: a line for each command. */
static void show(void *self, weir_sink_item *const *items, uint32_t n, weir_buf *out)
{
    weir__redis_sink *s = self;
    weir_buf commands = {0};
    for (uint32_t i = 0; i < n; i++) {
        if (weir__redis_is_fenced(items[i])) {
            weir__redis_fenced(s, &(const weir_sink_item *){items[i]}, 1, -1, &commands);
        } else {
            weir_buf_sv(&commands, weir_sink_bytes(items[i]));
        }
    }
    weir_sv bytes = weir_buf_view(&commands);
    for (uint32_t at = 0; at < bytes.n;) {
        const char *end = memchr(bytes.p + at, '\r', bytes.n - at);
        unsigned long size = strtoul(bytes.p + at + 1, NULL, 10);
        bool command = bytes.p[at] == '*';
        at = (uint32_t)(end - bytes.p) + 2;
        if (command) {
            weir_buf_str(out, out->n && out->p[out->n - 1] != '\n' ? "\n" : "");
            continue;
        }
        weir_buf_str(out, out->n && out->p[out->n - 1] != '\n' ? " " : "");
        weir_buf_add(out, bytes.p + at, size);
        at += (uint32_t)size + 2;
    }
    weir_buf_byte(out, '\n');
    weir_buf_deinit(&commands);
}

static const weir_sink_calls calls = {.open = open_sink,
                                      .bind = weir__redis_bind,
                                      .start = start,
                                      .render = weir__redis_render,
                                      .send = weir__redis_send,
                                      .stop = weir__redis_stop,
                                      .close = close_sink,
                                      .show = show};

static const weir_conn_option options[] = {
    {"redis.mode", "redis.client.mode", WEIR_CONN_CHOICE, "auto", false, 0, 0, "auto|standalone|cluster|sentinel",
     "auto: the server is asked what it is (CLUSTER SLOTS), and moved slots are followed; with "
     "redis.sentinel.master it is sentinel."},
    {"redis.sentinel.master", "redis.sentinel.master.name|redis.sentinel.master.id|master", WEIR_CONN_TEXT, NULL, false,
     0, 0, NULL, "The master's name: sentinels are asked where it is, and again when it is lost; redis.uri then "
     "says only user, password, database and TLS."},
    {"redis.sentinel.nodes", "redis.sentinel.addresses|redis.sentinels", WEIR_CONN_LIST, NULL, false, 0, 0, NULL,
     "host:port of sentinels, with commas; without a port 26379."},
    {"redis.sentinel.username", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "An ACL user of the sentinels."},
    {"redis.sentinel.password", NULL, WEIR_CONN_SECRET, NULL, false, 0, 0, NULL, "The sentinels' password."},
    WEIR_REDIS_TARGET_OPTIONS("redis.timeout", "redis.timeout.ms",
                              "No reply for so long: the connection is broken off, and the batch sent again."),
    {"redis.type", "redis.command.type", WEIR_CONN_CHOICE, "hash", false, 0, 0,
     TYPES,
     "What a record becomes; zreplace: a whole sorted set from an ARRAY. Names behind script are others for "
     "the same."},
    {"redis.key", "redis.keyspace|key", WEIR_CONN_TEMPLATE, "${topic}:${key}", false, 0, 0, NULL,
     "The key, or the channel; of windowed tables the standard has the window, too."},
    {"redis.value", "value", WEIR_CONN_TEMPLATE, "${value}", false, 0, 0, NULL,
     "string, json, list, pubsub: what is written."},
    {"hash.fields", NULL, WEIR_CONN_LIST, "*", false, 0, 0, NULL,
     "hash, stream: columns, or COLUMN=name; * for all of the value. A field whose column is NULL is removed."},
    {"incr.fields", NULL, WEIR_CONN_LIST, NULL, false, 0, 0, NULL,
     "hash: columns that are added to the field (HINCRBY, HINCRBYFLOAT), each record once."},
    {"member", NULL, WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL, "set, zset, pfadd: the member."},
    {"score", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "zset: the column of the score; zreplace: the field of the STRUCTs."},
    {"array", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "zreplace: the ARRAY column."},
    {"member.field", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "zreplace: the field of the STRUCTs that is the member."},
    {"zadd.mode", NULL, WEIR_CONN_CHOICE, "", false, 0, 0, "|nx|xx|gt|lt|incr", "zset: an option of ZADD."},
    {"list.op", NULL, WEIR_CONN_CHOICE, "rpush", false, 0, 0, "rpush|lpush", "list: which end."},
    {"list.max.length", "list.maxlen", WEIR_CONN_INTEGER, "0", false, 0, 1000000000, NULL,
     "list: most items that are kept; 0: all."},
    {"stream.maxlen", "stream.max.length", WEIR_CONN_INTEGER, "0", false, 0, 1000000000, NULL,
     "stream: about so many entries are kept; 0: all."},
    {"redis.command", NULL, WEIR_CONN_TEMPLATE, NULL, false, 0, 0, NULL,
     "command: its words, with blanks between."},
    {"redis.script", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "script: the Lua text; KEYS[1] is the key."},
    {"redis.script.args", NULL, WEIR_CONN_TEMPLATE, "", false, 0, 0, NULL, "script: its ARGV, with blanks between."},
    {"ttl", "redis.key.ttl", WEIR_CONN_SECONDS, "0", false, 0, 0, NULL,
     "How long the key lives after a write: 30d, 3600; 0: for ever."},
    {"ttl.column", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL,
     "A column with the seconds instead, or a TIMESTAMP with the end; NULL: for ever."},
    {"ttl.mode", NULL, WEIR_CONN_CHOICE, "always", false, 0, 0, "always|if-new",
     "Whether a write prolongs the life of a key that has one."},
    {"on.delete", NULL, WEIR_CONN_CHOICE, "del", false, 0, 0, "del|unlink|none",
     "What a tombstone does; set and zset: the member goes. Lists, streams and HyperLogLogs only when it is "
     "given."},
    {"redis.wait.replicas", NULL, WEIR_CONN_INTEGER, "0", false, 0, 100, NULL,
     "A batch is done when so many replicas have it (WAIT); until then it is written again."},
    {"redis.wait.timeout", NULL, WEIR_CONN_MS, "1s", false, 1, 3600000, NULL, "How long WAIT waits."},
    {"batch.size", NULL, WEIR_CONN_INTEGER, "2000", false, 1, 100000, NULL, "Most records of one pipeline."},
    {"max.buffered.records", NULL, WEIR_CONN_INTEGER, "50000", false, 1, 10000000, NULL,
     "Most records inside of the connector; then the topic is not read on."},
};

const weir_conn_kind weir_conn_kind_sink_redis = {
    .name = "redis",
    .sink = true,
    .classes = "RedisSink|RedisSinkConnector",
    .line = "writes records to Redis: hashes, strings, lists, sets, sorted sets, streams, messages",
    .guarantee = "absolute values are written again, which changes nothing; what adds up (incr.fields, list, "
                 "stream, zadd.mode=incr) is fenced by its offset inside Redis and done once; pubsub, command "
                 "and script: at least once",
    .options = options,
    .n_options = WEIR_COUNT(options),
    .as_sink = &calls,
};
