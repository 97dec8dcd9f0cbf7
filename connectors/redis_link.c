/* See redis_link.h. */
#include "connectors/redis_link.h"

#include "engine/base/alloc.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

#define REPLY_MS_LOOK 100 /* the clock of the reply timeout */
#define LINE_BYTES_MAX 64 /* longer ones are no numbers, and rare */
#define REPLY_BYTES_MAX (64u << 20) /* of one reply: those to what is sent are short */

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
    bool open;
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
    bool is_name = r->greetings == 0 && r->target.client_name;
    if (reply->kind != WEIR_REDIS_ERROR || is_name) { /* without its name it is as good */
        return;
    }
    weir_redis_fault fault = weir_redis_fault_of(reply->text);
    snprintf(why, sizeof why, "Redis refused the connection: " WEIR_SV_FMT, WEIR_SV_ARG(reply->text));
    fail(r, why, fault == WEIR_REDIS_DENIED || fault == WEIR_REDIS_WRONG);
}

static void on_reply(weir_redis_link *r, const weir_redis_reply *reply)
{
    if (r->greetings) {
        on_greeting(r, reply);
    } else if (r->owed == 0) {
        fail(r, "Redis sent a reply that nobody waits for", false);
    } else {
        r->owed--;
        r->events->reply(r->ctx, reply);
    }
}

/* ":123", "+OK" without its end. False: it is no such line, the reader shall judge it. */
static bool line_of(weir_sv line, weir_redis_reply *out)
{
    if (line.p[0] == '+') {
        *out = (weir_redis_reply){.kind = WEIR_REDIS_STATUS, .text = weir_sv_of(line.p + 1, line.n - 1)};
        return true;
    }
    bool minus = line.n > 1 && line.p[1] == '-';
    uint32_t from = minus ? 2 : 1;
    int64_t number = 0;
    for (uint32_t i = from; i < line.n; i++) {
        if (line.p[i] < '0' || line.p[i] > '9') {
            return false;
        }
        number = number * 10 + (line.p[i] - '0');
    }
    *out = (weir_redis_reply){.kind = WEIR_REDIS_INTEGER, .integer = minus ? -number : number};
    return line.n > from && line.n - from <= 18;
}

/* Nearly all replies are short lines: they need no tree of objects. Returns how many bytes were those. */
static size_t take_lines(weir_redis_link *r, const char *p, size_t n)
{
    size_t at = 0;
    while (at < n && (p[at] == ':' || p[at] == '+') && !r->gone) {
        const char *end = memchr(p + at, '\r', n - at);
        weir_redis_reply reply;
        if (!end || end + 1 == p + n || end[1] != '\n' || (size_t)(end - p) - at > LINE_BYTES_MAX ||
            !line_of(weir_sv_of(p + at, (size_t)(end - p) - at), &reply)) {
            break;
        }
        at = (size_t)(end - p) + 2;
        on_reply(r, &reply);
    }
    return at;
}

static bool take_rest(weir_redis_link *r, const char *p, size_t n)
{
    bool ok = n == 0 || redisReaderFeed(r->reader, p, n) == REDIS_OK;
    void *tree = NULL;
    while (ok && !r->gone && (ok = redisReaderGetReply(r->reader, &tree) == REDIS_OK) && tree) {
        weir_redis_reply reply = reply_of(tree);
        on_reply(r, &reply);
        freeReplyObject(tree);
    }
    return ok && r->reader->len - r->reader->pos <= REPLY_BYTES_MAX;
}

static void on_data(void *ctx, weir_stream *s, const char *p, size_t n)
{
    weir_redis_link *r = ctx;
    (void)s;
    r->heard_ms = weir_mono_ns() / 1000000;
    r->feeding = true;
    bool begins = r->reader->len == r->reader->pos && r->reader->ridx < 0; /* no half reply before it */
    size_t lines = begins ? take_lines(r, p, n) : 0;
    bool ok = r->gone || take_rest(r, p + lines, n - lines);
    r->feeding = false;
    if (r->gone) {
        free_link(r);
    } else if (!ok) {
        fail(r, "what came is not Redis's protocol", false);
    }
}

static void on_open(void *ctx, weir_stream *s)
{
    weir_redis_link *r = ctx;
    (void)s;
    r->open = true;
    r->heard_ms = weir_mono_ns() / 1000000; /* replies are owed from now on */
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
    if (r->open && r->owed + r->greetings > 0 && silent > r->target.reply_ms) {
        fail(r, "no reply from Redis in time", false); /* late ones would be taken for others */
    }
}

/* ---- commands ---- */

/* Digits end before `end`; where they begin. */
static char *digits(char *end, uint64_t n)
{
    do {
        *--end = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    return end;
}

/* "*3\r\n", "$12\r\n" */
static char *head(char *end, char kind, uint64_t n)
{
    end[-1] = '\n';
    end[-2] = '\r';
    char *at = digits(end - 2, n);
    *--at = kind;
    return at;
}

void weir_redis_args(weir_buf *out, uint32_t n)
{
    char text[16];
    char *at = head(text + sizeof text, '*', n);
    weir_buf_add(out, at, (size_t)(text + sizeof text - at));
}

void weir_redis_arg(weir_buf *out, weir_sv word)
{
    char text[16];
    char *at = head(text + sizeof text, '$', word.n);
    size_t n = (size_t)(text + sizeof text - at);
    char *to = weir_buf_reserve(out, n + word.n + 2);
    if (!to) {
        return;
    }
    memcpy(to, at, n);
    if (word.n) {
        memcpy(to + n, word.p, word.n);
    }
    memcpy(to + n + word.n, "\r\n", 2);
    out->n += n + word.n + 2;
}

void weir_redis_arg_int(weir_buf *out, int64_t number)
{
    char text[24];
    char *at = digits(text + sizeof text, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
    if (number < 0) {
        *--at = '-';
    }
    weir_redis_arg(out, weir_sv_of(at, (size_t)(text + sizeof text - at)));
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
        {"EXECABORT", WEIR_REDIS_AGAIN}, {"UNBLOCKED", WEIR_REDIS_AGAIN}, {"NOSCRIPT", WEIR_REDIS_NOSCRIPT},
        {"ERR max number of clients", WEIR_REDIS_AGAIN}, {"UNORDERED", WEIR_REDIS_AGAIN},
        {"ERR Script attempted", WEIR_REDIS_AGAIN}, {"ERR The user executing", WEIR_REDIS_DENIED},
        {"NOAUTH", WEIR_REDIS_DENIED},   {"WRONGPASS", WEIR_REDIS_DENIED}, {"NOPERM", WEIR_REDIS_DENIED},
        {"ERR invalid password", WEIR_REDIS_DENIED}, {"ERR Client sent AUTH", WEIR_REDIS_DENIED},
        {"ERR operation not permitted", WEIR_REDIS_DENIED}, {"ERR unknown command", WEIR_REDIS_DENIED},
        {"DENIED", WEIR_REDIS_DENIED},   {"MOVED ", WEIR_REDIS_MOVED},    {"ASK ", WEIR_REDIS_MOVED},
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
    static const weir_stream_events stream_events = {.opened = on_open, .data = on_data, .closed = on_closed};
    weir_redis_link *r = weir_zalloc(sizeof *r);
    *r = (weir_redis_link){.target = *t, .events = events, .ctx = ctx};
    r->reader = redisReaderCreate();
    r->heard_ms = weir_mono_ns() / 1000000;
    weir_stream_spec spec = {.host = t->host, .port = t->port, .unix_path = t->unix_path, .tls = t->tls,
                             .server_name = t->server_name, .open_ms = t->connect_ms, .out_max = SIZE_MAX};
    r->stream = weir_stream_connect(l, &spec, &stream_events, r);
    r->clock = weir_timer_start(l, REPLY_MS_LOOK, on_clock, r);
    greet(r);
    return r;
}

bool weir_redis_send(weir_redis_link *r, weir_buf *commands, uint32_t replies)
{
    if (r->owed == 0 && r->greetings == 0) {
        r->heard_ms = weir_mono_ns() / 1000000; /* the wait begins now */
    }
    if (!weir_stream_take(r->stream, commands)) {
        return false;
    }
    r->owed += replies;
    return true;
}
