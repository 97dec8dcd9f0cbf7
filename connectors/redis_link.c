/* See redis_link.h. */
#include "connectors/redis_link.h"

#include "engine/base/alloc.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

#define REPLY_MS_LOOK 100 /* the clock of the reply timeout */

struct weir_redis_link {
    weir_redis_target target;
    const weir_redis_events *events;
    void *ctx;
    weir_stream *stream;
    redisReader *reader;
    weir_timer *clock;
    uint32_t greetings; /* replies of the hello that are still owed */
    uint64_t owed;      /* replies of commands */
    int64_t heard_ms;
    bool feeding;       /* inside of on_data: freeing waits */
    bool gone;
};

/* ---- the end ---- */

static void free_link(weir_redis_link *r)
{
    weir_timer_stop(r->clock);
    weir_stream_close(r->stream);
    redisReaderFree(r->reader);
    weir_free(r);
}

void weir_redis_close(weir_redis_link *r)
{
    if (!r) {
        return;
    }
    r->gone = true;
    if (!r->feeding) {
        free_link(r);
    }
}

static void fail(weir_redis_link *r, const char *why, bool fatal)
{
    const weir_redis_events *events = r->events;
    void *ctx = r->ctx;
    if (r->gone) {
        return;
    }
    weir_redis_close(r);
    events->closed(ctx, why, fatal);
}

/* ---- replies ---- */

static weir_redis_reply reply_of(const redisReply *x)
{
    static const weir_redis_kind kinds[] = {
        [REDIS_REPLY_STRING] = WEIR_REDIS_STRING,   [REDIS_REPLY_ARRAY] = WEIR_REDIS_ARRAY,
        [REDIS_REPLY_INTEGER] = WEIR_REDIS_INTEGER, [REDIS_REPLY_NIL] = WEIR_REDIS_NIL,
        [REDIS_REPLY_STATUS] = WEIR_REDIS_STATUS,   [REDIS_REPLY_ERROR] = WEIR_REDIS_ERROR};
    weir_redis_reply r = {.kind = (size_t)x->type < WEIR_COUNT(kinds) ? kinds[x->type] : WEIR_REDIS_NIL};
    r.text = x->str ? weir_sv_of(x->str, (size_t)x->len) : (weir_sv){0};
    r.integer = x->type == REDIS_REPLY_ARRAY ? (int64_t)x->elements : x->integer;
    r.items = x->type == REDIS_REPLY_ARRAY ? x->element : NULL;
    return r;
}

weir_redis_reply weir_redis_item(const weir_redis_reply *array, uint32_t i)
{
    redisReply *const *items = (redisReply *const *)array->items;
    WEIR_ASSERT(array->kind == WEIR_REDIS_ARRAY && i < array->integer);
    return reply_of(items[i]);
}

static void on_greeting(weir_redis_link *r, const weir_redis_reply *reply)
{
    char why[256];
    r->greetings--;
    if (reply->kind != WEIR_REDIS_ERROR) {
        return;
    }
    weir_redis_fault fault = weir_redis_fault_of(reply->text);
    snprintf(why, sizeof why, "Redis refused the connection: " WEIR_SV_FMT, WEIR_SV_ARG(reply->text));
    fail(r, why, fault == WEIR_REDIS_DENIED || fault == WEIR_REDIS_WRONG);
}

static void on_reply(weir_redis_link *r, const redisReply *x)
{
    weir_redis_reply reply = reply_of(x);
    if (r->greetings) {
        on_greeting(r, &reply);
    } else if (r->owed == 0) {
        fail(r, "Redis sent a reply that nobody waits for", false);
    } else {
        r->owed--;
        r->events->reply(r->ctx, &reply);
    }
}

static void on_data(void *ctx, weir_stream *s, const char *p, size_t n)
{
    weir_redis_link *r = ctx;
    (void)s;
    r->heard_ms = weir_mono_ns() / 1000000;
    r->feeding = true;
    bool ok = redisReaderFeed(r->reader, p, n) == REDIS_OK;
    void *reply = NULL;
    while (ok && !r->gone && (ok = redisReaderGetReply(r->reader, &reply) == REDIS_OK) && reply) {
        on_reply(r, reply);
        freeReplyObject(reply);
    }
    r->feeding = false;
    if (r->gone) {
        free_link(r);
    } else if (!ok) {
        fail(r, "what came is not Redis's protocol", false);
    }
}

static void on_closed(void *ctx, weir_stream *s, const weir_status *why)
{
    weir_redis_link *r = ctx;
    char text[512];
    (void)s;
    r->stream = NULL;
    snprintf(text, sizeof text, "%.*s", (int)sizeof text - 1,
             why->rc == WEIR_OK ? "Redis closed the connection" : why->msg);
    fail(r, text, false);
}

static void on_clock(void *ctx)
{
    weir_redis_link *r = ctx;
    int64_t silent = weir_mono_ns() / 1000000 - r->heard_ms;
    if (r->owed + r->greetings > 0 && silent > r->target.reply_ms) {
        fail(r, "no reply from Redis in time", false); /* late ones would be taken for others */
    }
}

/* ---- commands ---- */

void weir_redis_args(weir_buf *out, uint32_t n)
{
    weir_buf_printf(out, "*%u\r\n", n);
}

void weir_redis_arg(weir_buf *out, weir_sv word)
{
    char head[16];
    char *at = head + sizeof head;
    uint32_t n = word.n;
    *--at = '\n';
    *--at = '\r';
    do {
        *--at = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    *--at = '$';
    weir_buf_add(out, at, (size_t)(head + sizeof head - at));
    weir_buf_sv(out, word);
    weir_buf_add(out, "\r\n", 2);
}

void weir_redis_arg_int(weir_buf *out, int64_t number)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%lld", (long long)number);
    weir_redis_arg(out, weir_sv_of(text, (size_t)n));
}

weir_redis_fault weir_redis_fault_of(weir_sv error)
{
    static const struct {
        const char *word;
        weir_redis_fault fault;
    } faults[] = {
        {"LOADING", WEIR_REDIS_AGAIN},   {"BUSY ", WEIR_REDIS_AGAIN},     {"MASTERDOWN", WEIR_REDIS_AGAIN},
        {"READONLY", WEIR_REDIS_AGAIN},  {"OOM", WEIR_REDIS_AGAIN},       {"TRYAGAIN", WEIR_REDIS_AGAIN},
        {"CLUSTERDOWN", WEIR_REDIS_AGAIN}, {"MISCONF", WEIR_REDIS_AGAIN}, {"NOREPLICAS", WEIR_REDIS_AGAIN},
        {"EXECABORT", WEIR_REDIS_AGAIN}, {"NOSCRIPT", WEIR_REDIS_AGAIN},  {"UNBLOCKED", WEIR_REDIS_AGAIN},
        {"ERR max number of clients", WEIR_REDIS_AGAIN},
        {"NOAUTH", WEIR_REDIS_DENIED},   {"WRONGPASS", WEIR_REDIS_DENIED}, {"NOPERM", WEIR_REDIS_DENIED},
        {"ERR invalid password", WEIR_REDIS_DENIED}, {"ERR Client sent AUTH", WEIR_REDIS_DENIED},
        {"DENIED", WEIR_REDIS_DENIED},   {"MOVED", WEIR_REDIS_MOVED},     {"ASK ", WEIR_REDIS_MOVED},
    };
    for (size_t i = 0; i < WEIR_COUNT(faults); i++) {
        if (weir_sv_starts(error, weir_sv_cstr(faults[i].word))) {
            return faults[i].fault;
        }
    }
    return WEIR_REDIS_WRONG;
}

static void greet(weir_redis_link *r)
{
    const weir_redis_target *t = &r->target;
    weir_buf hello = {0};
    if (t->password) {
        weir_redis_args(&hello, t->user ? 3 : 2);
        weir_redis_arg(&hello, WEIR_SV("AUTH"));
        if (t->user) {
            weir_redis_arg(&hello, weir_sv_cstr(t->user));
        }
        weir_redis_arg(&hello, weir_sv_cstr(t->password));
        r->greetings++;
    }
    if (t->db > 0) {
        weir_redis_args(&hello, 2);
        weir_redis_arg(&hello, WEIR_SV("SELECT"));
        weir_redis_arg_int(&hello, t->db);
        r->greetings++;
    }
    if (t->client_name) {
        weir_redis_args(&hello, 3);
        weir_redis_arg(&hello, WEIR_SV("CLIENT"));
        weir_redis_arg(&hello, WEIR_SV("SETNAME"));
        weir_redis_arg(&hello, weir_sv_cstr(t->client_name));
        r->greetings++;
    }
    weir_stream_write(r->stream, hello.p, hello.n);
    weir_buf_deinit(&hello);
}

weir_redis_link *weir_redis_open(weir_loop *l, const weir_redis_target *t,
                                 const weir_redis_events *events, void *ctx)
{
    static const weir_stream_events stream_events = {.data = on_data, .closed = on_closed};
    weir_redis_link *r = weir_zalloc(sizeof *r);
    *r = (weir_redis_link){.target = *t, .events = events, .ctx = ctx};
    r->reader = redisReaderCreate();
    r->heard_ms = weir_mono_ns() / 1000000;
    weir_stream_spec spec = {.host = t->host, .port = t->port, .unix_path = t->unix_path, .tls = t->tls,
                             .server_name = t->server_name, .open_ms = t->connect_ms};
    r->stream = weir_stream_connect(l, &spec, &stream_events, r);
    r->clock = weir_timer_start(l, REPLY_MS_LOOK, on_clock, r);
    greet(r);
    return r;
}

bool weir_redis_send(weir_redis_link *r, weir_sv commands, uint32_t replies)
{
    if (r->owed == 0 && r->greetings == 0) {
        r->heard_ms = weir_mono_ns() / 1000000; /* the wait begins now */
    }
    if (!weir_stream_write(r->stream, commands.p, commands.n)) {
        return false;
    }
    r->owed += replies;
    return true;
}
