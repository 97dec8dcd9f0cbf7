/* Records into Redis: each lane is a connection, each batch a pipeline. */
#include "connectors/sink_redis.h"
#include "connectors/signing.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct weir__redis_lane {
    struct weir__redis_lane *next;
    weir__redis_sink *sink;
    weir_sink_lane *lane;
    weir_redis_link *link;
    weir_sink_item *const *items; /* under way */
    uint32_t n, at, got;          /* of them; the one that gets replies now; replies it has had */
    uint32_t hello;               /* replies of the lane's own first commands that are owed */
    bool cleared;                 /* fences of an earlier sink of this name are gone */
    uint32_t replies;             /* that the batch has; it is sent when hello is answered */
    weir_sink_outcome *outcomes;
    uint32_t cap;
    weir_buf bytes;
    weir_arena reasons;           /* of the batch */
} weir__redis_lane;

/* ---- options ---- */

static bool adds_up(weir__redis_type t)
{
    return t == WEIR__REDIS_LIST || t == WEIR__REDIS_STREAM;
}

static weir__redis_type type_of(const weir_conn *c)
{
    static const char *const names[] = {"string", "json",   "hash",   "list",  "set",     "zset",
                                        "zreplace", "stream", "pubsub", "pfadd", "command", "script"};
    for (size_t i = 0; i < WEIR_COUNT(names); i++) {
        if (weir_conn_is(c, "redis.type", names[i])) {
            return (weir__redis_type)i;
        }
    }
    WEIR_UNREACHABLE();
}

static weir_rc read_target(weir__redis_sink *s, weir_status *st)
{
    weir_conn *c = s->conn;
    weir_arena *a = weir_conn_arena(c);
    weir_status why;
    bool tls = false;
    if (weir_redis_uri(a, weir_conn_text(c, "redis.uri"), &s->target, &tls, &why) != WEIR_OK) {
        weir_rc rc = weir_conn_refuse(c, "redis.uri", 0, 0, st, "%s", why.msg);
        return why.hint[0] ? weir_hint(st, "%s", why.hint) : rc;
    }
    if (weir_conn_text(c, "redis.username").n) {
        s->target.user = weir_conn_cstr(c, "redis.username");
    }
    if (weir_conn_text(c, "redis.password").n) {
        s->target.password = weir_conn_cstr(c, "redis.password");
    }
    s->target.client_name = weir_arena_printf(a, "weir-" WEIR_SV_FMT, WEIR_SV_ARG(weir_conn_name(c))).p;
    s->target.connect_ms = (uint32_t)weir_conn_int(c, "connect.timeout.ms");
    s->target.reply_ms = (uint32_t)weir_conn_int(c, "redis.timeout");
    if (!tls && !weir_conn_bool(c, "tls.enabled")) {
        return WEIR_OK;
    }
    weir_tls_spec spec = {
        .cert_file = weir_conn_text(c, "tls.cert.file").n ? weir_conn_cstr(c, "tls.cert.file") : NULL,
        .key_file = weir_conn_text(c, "tls.key.file").n ? weir_conn_cstr(c, "tls.key.file") : NULL,
        .ca_file = weir_conn_text(c, "tls.ca.file").n ? weir_conn_cstr(c, "tls.ca.file") : NULL,
        .insecure = !weir_conn_bool(c, "tls.verify")};
    WEIR_TRY(weir_tls_client(&spec, &s->tls, st));
    s->target.tls = s->tls;
    if (weir_conn_text(c, "tls.server.name").n) {
        s->target.server_name = weir_conn_cstr(c, "tls.server.name");
    }
    return WEIR_OK;
}

static void close_sink(void *self)
{
    weir__redis_sink *s = self;
    weir_tls_free(s->tls);
    weir_buf_deinit(&s->scratch);
    weir_free(s);
}

static weir_rc open_sink(weir_conn *c, void **self, weir_status *st)
{
    weir__redis_sink *s = weir_zalloc(sizeof *s);
    weir_arena *a = weir_conn_arena(c);
    char sha[WEIR_SHA1_HEX];
    s->conn = c;
    s->type = type_of(c);
    s->ttl_ms = weir_conn_int(c, "ttl");
    s->ttl_if_new = weir_conn_is(c, "ttl.mode", "if-new");
    s->on_delete = weir_conn_text(c, "on.delete");
    s->zadd = weir_conn_text(c, "zadd.mode");
    s->list_op = weir_conn_is(c, "list.op", "lpush") ? "LPUSH" : "RPUSH";
    s->list_max = weir_conn_int(c, "list.max.length");
    s->stream_max = weir_conn_int(c, "stream.maxlen");
    s->script = weir_conn_text(c, "redis.script");
    weir_sha1_hex(weir__redis_fence_script(), sha);
    s->script_sha = weir_arena_sv(a, weir_sv_cstr(sha));
    weir_rc rc = read_target(s, st);
    if (rc != WEIR_OK) {
        close_sink(s);
        return rc;
    }
    *self = s;
    return WEIR_OK;
}

/* ---- what depends on the columns ---- */

static weir_rc column_named(const weir_sink_input *in, const char *option, weir_sv name, int32_t *out,
                            weir_status *st)
{
    *out = -1;
    for (uint32_t i = 0; i < in->schema->n && name.n; i++) {
        if (weir_sv_ieq(in->schema->cols[i].name, name)) {
            *out = (int32_t)i;
        }
    }
    return *out >= 0 || name.n == 0
               ? WEIR_OK
               : weir_conn_refuse(in->conn, option, 0, 0, st, WEIR_SV_FMT " is no column of topic "
                                  WEIR_SV_FMT, WEIR_SV_ARG(name), WEIR_SV_ARG(in->topic));
}

static weir_rc column_option(const weir_sink_input *in, const char *option, int32_t *out, weir_status *st)
{
    return column_named(in, option, weir_sv_trim(weir_conn_text(in->conn, option)), out, st);
}

static bool is_number(weir_kind k)
{
    return k == WEIR_T_INTEGER || k == WEIR_T_BIGINT || k == WEIR_T_DOUBLE || k == WEIR_T_DECIMAL;
}

/* COLUMN, or COLUMN=name in Redis. */
static weir_rc add_field(weir__redis_bound *b, const weir_sink_input *in, const char *option, weir_sv item,
                         bool incr, weir_status *st)
{
    const char *eq = memchr(item.p, '=', item.n);
    weir_sv name = weir_sv_trim(eq ? weir_sv_of(item.p, (size_t)(eq - item.p)) : item);
    int32_t col = -1;
    WEIR_TRY(column_named(in, option, name, &col, st));
    weir_sv given = eq ? weir_sv_trim(weir_sv_of(eq + 1, (size_t)(item.p + item.n - eq - 1)))
                       : in->schema->cols[col].name;
    if (incr && !is_number(in->schema->cols[col].type->kind)) {
        return weir_conn_refuse(in->conn, option, 0, 0, st, WEIR_SV_FMT " is no number", WEIR_SV_ARG(name));
    }
    for (uint32_t i = 0; i < b->n_fields; i++) {
        if (b->fields[i].col == (uint32_t)col && incr) {
            b->fields[i].incr = true;
            return WEIR_OK;
        }
    }
    b->fields[b->n_fields++] = (weir__redis_field){(uint32_t)col, given, incr};
    return WEIR_OK;
}

static weir_rc read_fields(weir__redis_bound *b, const weir_sink_input *in, weir_status *st)
{
    const weir_sv *items = NULL;
    weir_conn *c = in->conn;
    b->fields = WEIR_NEW_N(weir_conn_arena(c), weir__redis_field, in->schema->n * 2u + 2u);
    uint32_t n = weir_conn_list(c, "hash.fields", &items);
    bool all = n == 0 || (n == 1 && weir_sv_eq(items[0], WEIR_SV("*")));
    bool increments_only = n == 0 && weir_conn_given(c, "incr.fields");
    for (uint32_t i = 0; !all && i < n; i++) {
        WEIR_TRY(add_field(b, in, "hash.fields", items[i], false, st));
    }
    for (uint32_t i = 0; all && !increments_only && i < in->schema->n; i++) {
        if (in->schema->cols[i].role == WEIR_COL_VALUE) {
            WEIR_TRY(add_field(b, in, "hash.fields", in->schema->cols[i].name, false, st));
        }
    }
    n = weir_conn_list(c, "incr.fields", &items);
    for (uint32_t i = 0; i < n; i++) {
        WEIR_TRY(add_field(b, in, "incr.fields", items[i], true, st));
        b->fenced = true;
    }
    return WEIR_OK;
}

static int32_t field_of(const weir_type *t, weir_sv name)
{
    for (uint32_t i = 0; i < t->n_fields; i++) {
        if (weir_sv_ieq(t->fields[i].name, name)) {
            return (int32_t)i;
        }
    }
    return -1;
}

/* 'array'='ITEMS', and of a STRUCT the fields 'score' and 'member'. */
static weir_rc read_array(weir__redis_bound *b, const weir_sink_input *in, weir_status *st)
{
    WEIR_TRY(column_option(in, "array", &b->array, st));
    const weir_type *t = b->array >= 0 ? in->schema->cols[b->array].type : NULL;
    if (!t || t->kind != WEIR_T_ARRAY) {
        return weir_conn_refuse(in->conn, "array", 0, 0, st, "names no ARRAY column");
    }
    if (t->item->kind != WEIR_T_STRUCT) {
        return WEIR_OK;
    }
    b->array_score = field_of(t->item, weir_conn_text(in->conn, "score"));
    b->array_member = field_of(t->item, weir_conn_text(in->conn, "member.field"));
    if (b->array_score < 0 || b->array_member < 0) {
        return weir_conn_refuse(in->conn, b->array_score < 0 ? "score" : "member.field", 0, 0, st,
                                "names no field of the STRUCTs in the array");
    }
    return WEIR_OK;
}

/* 'redis.command'='SETEX ${key} 60 ${TOTAL}': words with blanks between, each a template. */
static weir_rc read_words(weir__redis_bound *b, const weir_sink_input *in, const char *option,
                          weir_status *st)
{
    weir_sv text = weir_conn_text(in->conn, option);
    weir_arena *a = weir_conn_arena(in->conn);
    b->words = WEIR_NEW_N(a, weir_template *, text.n / 2 + 1);
    for (uint32_t at = 0; at < text.n;) {
        uint32_t end = at;
        uint32_t depth = 0;
        while (end < text.n && (text.p[end] != ' ' || depth)) {
            depth += text.p[end] == '{';
            depth -= text.p[end] == '}' && depth;
            end++;
        }
        uint32_t wrong_at = 0;
        uint32_t wrong_n = 0;
        weir_status why;
        weir_status_reset(&why);
        if (end > at &&
            weir_template_compile(a, in, weir_sv_of(text.p + at, end - at), WEIR_TEMPLATE_BODY,
                                  &b->words[b->n_words++], &wrong_at, &wrong_n, &why) != WEIR_OK) {
            return weir_conn_refuse(in->conn, option, at + wrong_at, wrong_n, st, "%s", why.msg);
        }
        at = end + 1;
    }
    return WEIR_OK;
}

static weir_rc need(const weir_sink_input *in, const char *option, weir_status *st)
{
    return weir_conn_text(in->conn, option).n
               ? WEIR_OK
               : weir_conn_refuse(in->conn, "redis.type", 0, 0, st, "this type needs option '%s'", option);
}

static weir_rc bind_type(weir__redis_sink *s, weir__redis_bound *b, const weir_sink_input *in,
                         weir_status *st)
{
    switch (s->type) {
    case WEIR__REDIS_STRING:
    case WEIR__REDIS_LIST:
    case WEIR__REDIS_PUBSUB:
        return weir_template_option(in, "redis.value", WEIR_TEMPLATE_BODY, &b->value, st);
    case WEIR__REDIS_JSON:
        return weir_template_option(in, "redis.value", WEIR_TEMPLATE_JSON, &b->value, st);
    case WEIR__REDIS_HASH:
    case WEIR__REDIS_STREAM:
        return read_fields(b, in, st);
    case WEIR__REDIS_SET:
    case WEIR__REDIS_PFADD:
        WEIR_TRY(need(in, "member", st));
        return weir_template_option(in, "member", WEIR_TEMPLATE_PLAIN, &b->member, st);
    case WEIR__REDIS_ZSET:
        WEIR_TRY(need(in, "member", st));
        WEIR_TRY(need(in, "score", st));
        WEIR_TRY(column_option(in, "score", &b->score, st));
        if (!is_number(in->schema->cols[b->score].type->kind)) {
            return weir_conn_refuse(in->conn, "score", 0, 0, st, "names no number");
        }
        return weir_template_option(in, "member", WEIR_TEMPLATE_PLAIN, &b->member, st);
    case WEIR__REDIS_ZREPLACE:
        return read_array(b, in, st);
    case WEIR__REDIS_COMMAND:
        WEIR_TRY(need(in, "redis.command", st));
        return read_words(b, in, "redis.command", st);
    case WEIR__REDIS_SCRIPT:
        WEIR_TRY(need(in, "redis.script", st));
        return read_words(b, in, "redis.script.args", st);
    }
    return WEIR_OK;
}

static weir_rc bind_topic(void *self, weir_sink_input *in, weir_status *st)
{
    weir__redis_sink *s = self;
    weir__redis_bound *b = WEIR_NEW(weir_conn_arena(in->conn), weir__redis_bound);
    *b = (weir__redis_bound){.in = in, .score = -1, .ttl_col = -1, .array = -1, .array_score = -1,
                             .array_member = -1, .fenced = adds_up(s->type)};
    in->bound = b;
    WEIR_TRY(weir_template_option(in, "redis.key", WEIR_TEMPLATE_PLAIN, &b->key, st));
    WEIR_TRY(column_option(in, "ttl.column", &b->ttl_col, st));
    WEIR_TRY(bind_type(s, b, in, st));
    s->fenced |= b->fenced;
    b->next = s->bounds;
    s->bounds = b;
    return WEIR_OK;
}

/* ---- rendering ---- */

static void render(void *self, const weir_sink_rows *rows, weir_sink_parcel *out)
{
    weir__redis_sink *s = self;
    WEIR_EACH_ROW(rows->batch, i, row) {
        const char *why = NULL;
        uint32_t replies = 0;
        weir_sink_item *item = weir_sink_begin(out, rows, row);
        if (!weir__redis_render(s, rows->in->bound, rows, row, &out->bytes, &replies, &why)) {
            weir_sink_poison(out, item, "%s", why);
        } else if (replies) {
            item->aux = replies;
            weir_sink_end(out, item);
        }
    }
}

/* ---- replies ---- */

static void send_batch(weir__redis_lane *l);

static void note_error(weir__redis_lane *l, weir_sv error)
{
    static const weir_sink_outcome_kind kinds[] = {[WEIR_REDIS_AGAIN] = WEIR_SINK_RETRY,
                                                   [WEIR_REDIS_WRONG] = WEIR_SINK_POISON,
                                                   [WEIR_REDIS_DENIED] = WEIR_SINK_FATAL,
                                                   [WEIR_REDIS_MOVED] = WEIR_SINK_RETRY};
    weir_sink_outcome *o = &l->outcomes[l->at];
    weir_sink_outcome_kind kind = kinds[weir_redis_fault_of(error)];
    if (kind > o->kind) {
        o->kind = kind;
        o->reason = weir_arena_sv(&l->reasons, error);
    }
}

static void finish(weir__redis_lane *l)
{
    weir_sink_lane *lane = l->lane;
    bool again = false;
    for (uint32_t i = 0; i < l->n; i++) {
        again |= weir_sv_starts(l->outcomes[i].reason, WEIR_SV("NOSCRIPT"));
    }
    if (again) { /* Redis was emptied: the next connection brings the script */
        weir_redis_close(l->link);
        l->link = NULL;
    }
    l->items = NULL;
    weir_sink_finish(lane, l->outcomes);
}

static void on_reply(void *ctx, const weir_redis_reply *r)
{
    weir__redis_lane *l = ctx;
    if (l->hello) {
        l->cleared |= --l->hello == 0;
        if (l->hello == 0) {
            send_batch(l);
        }
        return;
    }
    WEIR_ASSERT(l->items && l->at < l->n);
    if (r->kind == WEIR_REDIS_ERROR) {
        note_error(l, r->text);
    }
    for (int64_t i = 0; r->kind == WEIR_REDIS_ARRAY && i < r->integer; i++) { /* of EXEC */
        weir_redis_reply item = weir_redis_item(r, (uint32_t)i);
        if (item.kind == WEIR_REDIS_ERROR) {
            note_error(l, item.text);
        }
    }
    if (++l->got == l->items[l->at]->aux) {
        l->got = 0;
        if (++l->at == l->n) {
            finish(l);
        }
    }
}

static void on_closed(void *ctx, const char *why, bool fatal)
{
    weir__redis_lane *l = ctx;
    l->link = NULL;
    if (l->items) {
        l->items = NULL;
        weir_sink_finish_all(l->lane, fatal ? WEIR_SINK_FATAL : WEIR_SINK_RETRY, 0, "%s", why);
    }
}

/* ---- sending ---- */

static const weir_redis_events events = {.reply = on_reply, .closed = on_closed};

static weir__redis_lane *lane_of(weir__redis_sink *s, weir_sink_lane *lane)
{
    weir__redis_lane *l = lane->own;
    if (!l) {
        l = weir_zalloc(sizeof *l);
        *l = (weir__redis_lane){.next = s->lanes, .sink = s, .lane = lane};
        s->lanes = l;
        weir_arena_init(&l->reasons);
        lane->own = l;
    }
    return l;
}

static void fail_batch(weir__redis_lane *l, const char *why)
{
    weir_redis_close(l->link);
    l->link = NULL;
    l->items = NULL;
    weir_sink_finish_all(l->lane, WEIR_SINK_RETRY, 0, "%s", why);
}

static void send_batch(weir__redis_lane *l)
{
    if (l->items && !weir_redis_send(l->link, weir_buf_view(&l->bytes), l->replies)) {
        fail_batch(l, "the connection to Redis takes no more");
    }
}

/* A sink that is new has done nothing yet, whatever an earlier one of its name has left: forgets the
 * fences of the parts that are this lane's. */
static uint32_t clear_fences(const weir__redis_lane *l, weir_buf *out)
{
    const weir__redis_sink *s = l->sink;
    uint32_t lanes = (uint32_t)weir_conn_int(s->conn, "max.in.flight.requests");
    uint32_t commands = 0;
    for (const weir__redis_bound *b = s->bounds; b && !l->cleared; b = b->next) {
        for (int32_t p = 0; b->fenced && b->in->fresh && p < b->in->partitions; p++) {
            uint32_t n = (WEIR_SINK_PARTS - l->lane->index + lanes - 1) / lanes;
            weir_redis_args(out, 2 + n);
            weir_redis_arg(out, WEIR_SV("HDEL"));
            weir__redis_fence_key(out, b);
            for (uint32_t part = l->lane->index; part < WEIR_SINK_PARTS; part += lanes) {
                weir__redis_fence_field(out, p, part);
            }
            commands++;
        }
    }
    return commands;
}

static void open_link(weir__redis_lane *l)
{
    weir_buf hello = {0};
    weir_redis_args(&hello, 3);
    weir_redis_arg(&hello, WEIR_SV("SCRIPT"));
    weir_redis_arg(&hello, WEIR_SV("LOAD"));
    weir_redis_arg(&hello, weir__redis_fence_script());
    l->hello = l->sink->fenced ? 1 : 0;
    l->hello += clear_fences(l, &hello);
    l->link = weir_redis_open(weir_conn_loop(l->sink->conn), &l->sink->target, &events, l);
    if (l->hello) {
        weir_redis_send(l->link, weir_buf_view(&hello), l->hello);
    }
    weir_buf_deinit(&hello);
}

static void send(void *self, weir_sink_lane *lane, weir_sink_item *const *items, uint32_t n)
{
    weir__redis_sink *s = self;
    weir__redis_lane *l = lane_of(s, lane);
    if (l->cap < n) {
        l->outcomes = weir_realloc(l->outcomes, sizeof *l->outcomes * n);
        l->cap = n;
    }
    memset(l->outcomes, 0, sizeof *l->outcomes * n);
    weir_arena_reset(&l->reasons);
    weir_buf_reset(&l->bytes);
    l->replies = 0;
    for (uint32_t i = 0; i < n; i++) {
        weir_buf_sv(&l->bytes, weir_sink_bytes(items[i]));
        l->replies += items[i]->aux;
    }
    l->items = items;
    l->n = n;
    l->at = l->got = 0;
    if (!l->link) {
        open_link(l);
    }
    if (l->hello == 0) {
        send_batch(l);
    }
}

static void stop(void *self)
{
    weir__redis_sink *s = self;
    while (s->lanes) {
        weir__redis_lane *l = s->lanes;
        s->lanes = l->next;
        weir_redis_close(l->link);
        weir_free(l->outcomes);
        weir_buf_deinit(&l->bytes);
        weir_arena_deinit(&l->reasons);
        weir_free(l);
    }
}

/* RESP as people read it: a line for each command. */
static void show(void *self, weir_sink_item *const *items, uint32_t n, weir_buf *out)
{
    (void)self;
    for (uint32_t i = 0; i < n; i++) {
        weir_sv bytes = weir_sink_bytes(items[i]);
        for (uint32_t at = 0; at < bytes.n;) {
            const char *end = memchr(bytes.p + at, '\r', bytes.n - at);
            long size = strtol(bytes.p + at + 1, NULL, 10);
            bool command = bytes.p[at] == '*';
            at = (uint32_t)(end - bytes.p) + 2;
            if (command) {
                weir_buf_str(out, out->n && out->p[out->n - 1] != '\n' ? "\n" : "");
                continue;
            }
            weir_buf_str(out, out->n && out->p[out->n - 1] != '\n' ? " " : "");
            weir_buf_add(out, bytes.p + at, (size_t)size);
            at += (uint32_t)size + 2;
        }
        weir_buf_byte(out, '\n');
    }
}

static const weir_sink_calls calls = {.open = open_sink, .bind = bind_topic, .render = render,
                                      .send = send,      .stop = stop,       .close = close_sink,
                                      .show = show};

static const weir_conn_option options[] = {
    {"redis.uri", "redis.url|uri|url", WEIR_CONN_SECRET, "redis://127.0.0.1:6379/0", false, 0, 0, NULL,
     "redis://user:password@host:port/db, rediss:// with TLS, or unix:///path?db=0."},
    {"redis.username", "username", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "An ACL user."},
    {"redis.password", "password", WEIR_CONN_SECRET, NULL, false, 0, 0, NULL, "Its password."},
    {"redis.type", "redis.command.type", WEIR_CONN_CHOICE, "hash", false, 0, 0,
     "string|json|hash|list|set|zset|zreplace|stream|pubsub|pfadd|command|script",
     "What a record becomes; zreplace: a whole sorted set from an ARRAY."},
    {"redis.key", "redis.keyspace|key", WEIR_CONN_TEMPLATE, "${topic}:${key}", false, 0, 0, NULL,
     "The key, or the channel."},
    {"redis.value", "value", WEIR_CONN_TEMPLATE, "${value}", false, 0, 0, NULL,
     "string, json, list, pubsub: what is written."},
    {"hash.fields", NULL, WEIR_CONN_LIST, "*", false, 0, 0, NULL,
     "hash, stream: columns, or COLUMN=name; * for all of the value. A NULL column is removed."},
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
    {"ttl.column", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "A column with the seconds instead."},
    {"ttl.mode", NULL, WEIR_CONN_CHOICE, "always", false, 0, 0, "always|if-new",
     "Whether a write prolongs the life of a key that has one."},
    {"on.delete", NULL, WEIR_CONN_CHOICE, "del", false, 0, 0, "del|unlink|none",
     "What a tombstone does; set and zset: the member goes."},
    {"redis.timeout", "redis.timeout.ms", WEIR_CONN_MS, "5s", false, 1, 3600000, NULL,
     "No reply for so long: the connection is broken off, and the batch sent again."},
    {"connect.timeout.ms", NULL, WEIR_CONN_MS, "5s", false, 1, 3600000, NULL, "For connecting, TLS included."},
    {"tls.enabled", "redis.tls", WEIR_CONN_BOOLEAN, "false", false, 0, 0, NULL, "As rediss://."},
    {"tls.ca.file", "redis.cacert", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "PEM file that signs the server."},
    {"tls.cert.file", "redis.key.cert", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "PEM file shown to the server."},
    {"tls.key.file", "redis.key.file", WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "PEM file of its key."},
    {"tls.server.name", NULL, WEIR_CONN_TEXT, NULL, false, 0, 0, NULL, "Name the certificate must have."},
    {"tls.verify", NULL, WEIR_CONN_BOOLEAN, "true", false, 0, 0, NULL, "false: believes everybody. For tests."},
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
                 "stream) is fenced by its offset inside Redis and done once; pubsub, command and script: at "
                 "least once",
    .options = options,
    .n_options = WEIR_COUNT(options),
    .as_sink = &calls,
};
