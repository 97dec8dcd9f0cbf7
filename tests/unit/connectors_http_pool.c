/* The HTTP pool against a scripted server. This program's own getaddrinfo stands before the C
 * library's, so that names can lie and take their time. */
#include "tests/support/test.h"

#include <dlfcn.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include "connectors/http_pool.h"
#include "engine/base/alloc.h"
#include "engine/base/buf.h"
#include "engine/io/file.h"
#include "tests/support/http_peer.h"

/* --- names --- */

static sem_t slow_names; /* posted: slow.test is known */

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    }
    if (name && strcmp(name, "slow.test") == 0) {
        sem_wait(&slow_names);
        sem_post(&slow_names);
        return EAI_NONAME;
    }
    if (name && strcmp(name, "unknown.test") == 0) {
        return EAI_NONAME;
    }
    if (name && strcmp(name, "cloud.test") == 0) {
        name = "169.254.169.254";
    } else if (name && strstr(name, ".test")) {
        name = "127.0.0.1";
    }
    return real(name, service, hints, out);
}

/* --- a world: a loop, a peer, a pool, what came back --- */

typedef struct world {
    weir_loop *loop;
    http_peer *peer;
    weir_http_pool *pool;
    uint32_t expected, ended; /* the loop stops with the last one */
    weir_http_failure failure;
    int32_t status;
    bool reused;
    int32_t http_version;
    int64_t retry_after_ms, connected_us, first_byte_us, total_us;
    weir_buf body, location;
    char why[1024]; /* as long as a message may be */
} world;

static void take(world *w, const weir_http_result *r)
{
    w->failure = r->failure;
    w->status = r->status;
    w->reused = r->reused;
    w->http_version = r->http_version;
    w->retry_after_ms = r->retry_after_ms;
    w->connected_us = r->connected_us;
    w->first_byte_us = r->first_byte_us;
    w->total_us = r->total_us;
    snprintf(w->why, sizeof w->why, "%s", r->why);
    weir_buf_reset(&w->body);
    weir_buf_sv(&w->body, r->body);
    weir_buf_reset(&w->location);
    weir_buf_sv(&w->location, weir_http_result_field(r, "location"));
}

static void ended(void *ctx, const weir_http_result *r)
{
    world *w = ctx;
    take(w, r);
    if (++w->ended == w->expected) {
        weir_loop_stop(w->loop);
    }
}

static void open_pool(world *w, const weir_http_pool_settings *s)
{
    weir_status st = {0};
    weir_http_pool_free(w->pool);
    assert_ok(weir_http_pool_new(w->loop, s, &w->pool, &st), &st);
}

static void open_world(world *w, const char *peer_options)
{
    *w = (world){.loop = weir_loop_new(), .peer = http_peer_start(peer_options)};
    open_pool(w, &(weir_http_pool_settings){.total_ms = 20000});
}

static void close_world(world *w)
{
    weir_http_pool_free(w->pool);
    weir_loop_free(w->loop);
    http_peer_stop(w->peer);
    weir_buf_deinit(&w->body);
    weir_buf_deinit(&w->location);
}

static weir_http_outgoing get(world *w, const char *url)
{
    return (weir_http_outgoing){.method = "GET", .url = weir_sv_cstr(url), .done = ended, .ctx = w};
}

static void run(world *w, const weir_http_outgoing *r)
{
    weir_status st = {0};
    w->expected = 1;
    w->ended = 0;
    assert_ok(weir_http_pool_send(w->pool, r, NULL, &st), &st);
    assert_int_equal(w->ended, 0); /* never from within the call */
    weir_loop_run(w->loop);
}

static void fetch(world *w, const char *path)
{
    weir_http_outgoing r = get(w, http_peer_url(w->peer, path));
    run(w, &r);
}

static weir_rc refused(world *w, const weir_http_outgoing *r)
{
    weir_status st = {0};
    weir_rc rc = weir_http_pool_send(w->pool, r, NULL, &st);
    snprintf(w->why, sizeof w->why, "%s", st.msg);
    return rc;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("no %s in %s", part, text);
    }
}

/* --- tests --- */

static void requests_and_answers_are_whole(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "/a",
                 "{\"status\": 201, \"body\": \"made\", \"headers\": [[\"X-A\", \"1\"], "
                 "[\"Location\", \"/first\"], [\"Location\", \"/last\"]]}");
    const weir_http_field headers[] = {{WEIR_SV("X-One"), WEIR_SV("a: b")},
                                       {WEIR_SV("X-Empty"), WEIR_SV("")},
                                       {WEIR_SV("Content-Type"), WEIR_SV("text/plain")}};
    weir_http_outgoing r = {.method = "PUT",
                            .url = weir_sv_cstr(http_peer_url(w.peer, "/a?b=%20c")),
                            .headers = headers,
                            .n_headers = WEIR_COUNT(headers),
                            .body = WEIR_SV("hello"),
                            .done = ended,
                            .ctx = &w};
    run(&w, &r);
    assert_int_equal(w.failure, WEIR_HTTP_ANSWERED);
    assert_int_equal(w.status, 201);
    assert_int_equal(w.http_version, 11);
    assert_sv_equal(weir_buf_view(&w.body), "made");
    assert_sv_equal(weir_buf_view(&w.location), "/last");
    assert_int_equal(w.retry_after_ms, -1);
    assert_true(w.connected_us > 0 && w.first_byte_us >= w.connected_us);
    assert_true(w.total_us >= w.first_byte_us);
    const char *asked = http_peer_ask(w.peer, "{\"requests\": \"*\"}");
    assert_has(asked, "\"method\": \"PUT\", \"path\": \"/a?b=%20c\"");
    assert_has(asked, "\"x-one\": \"a: b\"");
    assert_has(asked, "\"x-empty\": \"\"");
    assert_has(asked, "\"content-type\": \"text/plain\"");
    assert_has(asked, "\"content-length\": \"5\"");
    assert_has(asked, "\"user-agent\": \"weir/");
    assert_has(asked, "\"text\": \"hello\"");
    assert_null(strstr(asked, "expect"));
    assert_null(strstr(asked, "accept-encoding"));
    close_world(&w);
}

static void every_method_has_its_shape(void **state)
{
    (void)state;
    static const char *const methods[] = {"GET", "HEAD", "POST", "PATCH", "DELETE", "PURGE"};
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "*", "{\"body\": \"text\"}");
    for (size_t i = 0; i < WEIR_COUNT(methods); i++) {
        weir_http_outgoing r = get(&w, http_peer_url(w.peer, "/"));
        char command[] = "{\"requests\": \"*\"}";
        r.method = methods[i];
        run(&w, &r);
        assert_int_equal(w.status, 200);
        assert_int_equal(w.body.n, strcmp(methods[i], "HEAD") == 0 ? 0 : 4);
        const char *asked = http_peer_ask(w.peer, command);
        bool empty = strstr(asked, "\"content-length\": \"0\"") != NULL;
        assert_int_equal(empty, methods[i][0] == 'P');
        assert_null(strstr(asked, "content-type"));
        assert_has(asked, methods[i]);
        http_peer_ask(w.peer, "{\"clear\": true}");
    }
    close_world(&w);
}

static void connections_are_kept(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "*", "{}");
    for (int i = 0; i < 20; i++) {
        fetch(&w, "/");
        assert_int_equal(w.failure, WEIR_HTTP_ANSWERED);
        assert_int_equal(w.reused, i > 0);
        assert_int_equal(w.connected_us == 0, i > 0);
    }
    assert_string_equal(http_peer_ask(w.peer, "{\"count\": \"*\"}"),
                        "{\"requests\": 20, \"connections\": 1}\n");
    close_world(&w);
}

static void a_kept_connection_that_died_is_replaced(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "*", "{}, {\"fault\": \"close\"}, {}");
    fetch(&w, "/");
    fetch(&w, "/"); /* tried again on a new connection: nothing had come */
    assert_int_equal(w.failure, WEIR_HTTP_ANSWERED);
    assert_false(w.reused);
    close_world(&w);
}

typedef struct crowd {
    world *w;
    uint32_t left, in_flight, most;
} crowd;

static void one_of_many(void *ctx, const weir_http_result *r);
static void send_one(crowd *c)
{
    weir_status st = {0};
    weir_http_outgoing r = get(c->w, http_peer_url(c->w->peer, "/"));
    r.method = "POST";
    r.body = WEIR_SV("{}");
    r.done = one_of_many;
    r.ctx = c;
    assert_ok(weir_http_pool_send(c->w->pool, &r, NULL, &st), &st);
    c->left--;
}

static void one_of_many(void *ctx, const weir_http_result *r)
{
    crowd *c = ctx;
    assert_int_equal(r->failure, WEIR_HTTP_ANSWERED);
    assert_int_equal(r->status, 200);
    if (c->left) {
        send_one(c); /* there is room for it: its own place */
    } else if (weir_http_pool_in_flight(c->w->pool) == 0) {
        weir_loop_stop(c->w->loop);
    }
}

static void many_are_in_flight_and_no_more_than_allowed(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "*", "{}");
    open_pool(&w, &(weir_http_pool_settings){.in_flight_max = 16});
    crowd c = {.w = &w, .left = 2000};
    for (int i = 0; i < 16; i++) {
        send_one(&c);
    }
    weir_http_outgoing one_more = get(&w, http_peer_url(w.peer, "/"));
    assert_int_equal(refused(&w, &one_more), WEIR_EBUSY);
    weir_loop_run(w.loop);
    assert_string_equal(http_peer_ask(w.peer, "{\"count\": \"*\"}"),
                        "{\"requests\": 2000, \"connections\": 16}\n");
    close_world(&w);
}

static void silence_and_slowness_time_out(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "/silent", "{\"fault\": \"silent\"}");
    http_peer_on(w.peer, "/drip", "{\"fault\": \"drip\", \"body\": \"0123456789\"}");
    open_pool(&w, &(weir_http_pool_settings){.total_ms = 150});
    fetch(&w, "/silent");
    assert_int_equal(w.failure, WEIR_HTTP_TIMED_OUT);
    assert_int_equal(w.status, 0);
    assert_true(w.total_us >= 150000);
    fetch(&w, "/drip");
    assert_int_equal(w.failure, WEIR_HTTP_TIMED_OUT);
    assert_int_equal(w.status, 200);
    assert_sv_equal(weir_buf_view(&w.body), "0");
    open_pool(&w, &(weir_http_pool_settings){.slow_bytes = 100, .slow_s = 1});
    fetch(&w, "/drip");
    assert_int_equal(w.failure, WEIR_HTTP_TIMED_OUT);
    assert_true(w.total_us < 10000000);
    close_world(&w);
}

static void broken_connections_are_told(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "/close", "{\"fault\": \"close\"}");
    http_peer_on(w.peer, "/reset", "{\"fault\": \"reset\"}");
    http_peer_on(w.peer, "/cut", "{\"fault\": \"cut\", \"body\": \"0123456789\"}");
    http_peer_on(w.peer, "/garbage", "{\"fault\": \"garbage\"}");
    fetch(&w, "/close");
    assert_int_equal(w.failure, WEIR_HTTP_RESET);
    assert_int_equal(w.status, 0);
    fetch(&w, "/reset");
    assert_int_equal(w.failure, WEIR_HTTP_RESET);
    fetch(&w, "/cut");
    assert_int_equal(w.failure, WEIR_HTTP_RESET);
    assert_int_equal(w.status, 200);
    assert_sv_equal(weir_buf_view(&w.body), "01234");
    assert_true(w.why[0]);
    fetch(&w, "/garbage");
    assert_int_equal(w.failure, WEIR_HTTP_MALFORMED);
    assert_int_equal(w.status, 0);
    close_world(&w);
}

typedef struct odd_answer {
    const char *raw; /* in a JSON text */
    weir_http_failure failure;
    int32_t status;
    const char *body;
} odd_answer;

#define HEAD "HTTP/1.1 200 OK\\r\\n"
#define LENGTH(n) HEAD "Content-Length: " #n "\\r\\n\\r\\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\\r\\n\\r\\n"
#define END "\\r\\n"
static const odd_answer odd_answers[] = {
    {LENGTH(2) "ok", WEIR_HTTP_ANSWERED, 200, "ok"},
    {HEAD END "ok", WEIR_HTTP_ANSWERED, 200, "ok"}, /* to the end of the connection */
    {CHUNKED "2" END "ok" END "0" END END, WEIR_HTTP_ANSWERED, 200, "ok"},
    {CHUNKED "2;x=y" END "ok" END "0" END "X: y" END END, WEIR_HTTP_ANSWERED, 200, "ok"},
    /* cut */
    {"", WEIR_HTTP_RESET, 0, ""},
    {"HTTP/1.1 200 OK", WEIR_HTTP_RESET, 0, ""},
    {HEAD, WEIR_HTTP_RESET, 200, ""},
    {HEAD "Content-Le", WEIR_HTTP_RESET, 200, ""},
    {HEAD "Content-Length: 0" END, WEIR_HTTP_RESET, 200, ""},
    {LENGTH(20) "half", WEIR_HTTP_RESET, 200, "half"},
    {CHUNKED, WEIR_HTTP_RESET, 200, ""},
    {CHUNKED "14" END "half", WEIR_HTTP_RESET, 200, "half"},
    {CHUNKED "4" END "half" END, WEIR_HTTP_RESET, 200, "half"},
    {CHUNKED "4" END "half" END "0" END, WEIR_HTTP_RESET, 200, "half"},
    {CHUNKED "x" END "half" END "0" END END, WEIR_HTTP_RESET, 200, ""},
    {CHUNKED "fffffffffffffffff" END "half", WEIR_HTTP_RESET, 200, ""},
    /* what comes before it and behind it is no part of it */
    {"HTTP/1.1 100 Continue" END END LENGTH(2) "ok", WEIR_HTTP_ANSWERED, 200, "ok"},
    {"HTTP/1.1 103 Early Hints" END "Link: </a>" END END LENGTH(2) "ok", WEIR_HTTP_ANSWERED, 200, "ok"},
    {"HTTP/1.1 100 Continue" END END, WEIR_HTTP_RESET, 100, ""},
    {"HTTP/1.1 100 Continue" END END "HTTP/1.1 200 OK" END, WEIR_HTTP_RESET, 200, ""},
    {LENGTH(2) "ok and more", WEIR_HTTP_ANSWERED, 200, "ok"},
    {LENGTH(2) "okHTTP/1.1 500 No" END "Content-Length: 0" END END, WEIR_HTTP_ANSWERED, 200, "ok"},
    {"HTTP/1.1 204 None" END END LENGTH(2) "no", WEIR_HTTP_ANSWERED, 204, ""},
    {"HTTP/1.1 204 None" END "Content-Length: 2" END END "no", WEIR_HTTP_ANSWERED, 204, ""},
    {"HTTP/1.1 304 Same" END "Content-Length: 2" END END, WEIR_HTTP_ANSWERED, 304, ""},
    /* two lengths */
    {HEAD "Content-Length: 9" END "Transfer-Encoding: chunked" END END "2" END "ok" END "0" END END,
     WEIR_HTTP_ANSWERED, 200, "ok"},
    {HEAD "Content-Length: 2" END "Content-Length: 4" END END "half", WEIR_HTTP_MALFORMED, 200, ""},
    {HEAD "Content-Length: 2, 4" END END "half", WEIR_HTTP_MALFORMED, 200, ""},
    {HEAD "Content-Length: -2" END END "half", WEIR_HTTP_MALFORMED, 200, ""},
    {HEAD "Content-Length: 99999999999999999999" END END "half", WEIR_HTTP_MALFORMED, 200, ""},
    /* other languages */
    {"ok", WEIR_HTTP_MALFORMED, 0, ""},
    {"HTTP/1.1 20", WEIR_HTTP_RESET, 0, ""},
    {"HTTP/1.1 2000 OK" END END, WEIR_HTTP_MALFORMED, 0, ""},
    {"HTTP/3.7 200 OK" END END, WEIR_HTTP_MALFORMED, 0, ""},
    {"SSH-2.0-OpenSSH_9.2" END, WEIR_HTTP_MALFORMED, 0, ""},
};

/* Each is taken for what it is, and nothing of it for the answer to the next request. */
static void odd_answers_are_told_apart(void **state)
{
    (void)state;
    world w;
    char answer[512];
    open_world(&w, NULL);
    http_peer_on(w.peer, "/next", "{\"body\": \"next\"}");
    open_pool(&w, &(weir_http_pool_settings){.in_flight_max = 1});
    for (size_t i = 0; i < 2 * WEIR_COUNT(odd_answers); i++) {
        const odd_answer *o = &odd_answers[i / 2];
        bool stays = i % 2 && o->failure == WEIR_HTTP_ANSWERED && !strstr(o->raw, HEAD END);
        snprintf(answer, sizeof answer, "{\"raw\": \"%s\", \"stays\": %s}", o->raw,
                 stays ? "true" : "false");
        http_peer_on(w.peer, "/odd", answer);
        fetch(&w, "/odd");
        if (w.failure != o->failure || w.status != o->status ||
            !weir_sv_eq(weir_buf_view(&w.body), weir_sv_cstr(o->body))) {
            fail_msg("%s: %s, %s, status %d, body %.*s", o->raw, weir_http_failure_name(w.failure), w.why,
                     w.status, (int)w.body.n, w.body.p);
        }
        assert_true((w.failure == WEIR_HTTP_ANSWERED) == !w.why[0]);
        fetch(&w, "/next");
        assert_int_equal(w.failure, WEIR_HTTP_ANSWERED);
        assert_sv_equal(weir_buf_view(&w.body), "next");
    }
    close_world(&w);
}

static void long_heads_are_cut_off(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "*", "{\"fault\": \"heads\"}");
    fetch(&w, "/");
    assert_int_equal(w.failure, WEIR_HTTP_MALFORMED);
    assert_has(w.why, "the head of the answer is too long");
    close_world(&w);
}

static void an_early_answer_ends_the_sending(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "*", "{\"status\": 413, \"fault\": \"unread\"}");
    weir_buf body = {0};
    memset(weir_buf_reserve(&body, 20 << 20), 'x', 20 << 20);
    body.n = 20 << 20;
    weir_http_outgoing r = get(&w, http_peer_url(w.peer, "/"));
    r.method = "POST";
    r.body = weir_buf_view(&body);
    run(&w, &r);
    assert_int_equal(w.failure, WEIR_HTTP_ANSWERED);
    assert_int_equal(w.status, 413);
    weir_buf_deinit(&body);
    close_world(&w);
}

static void nobody_listens(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    weir_http_outgoing r = get(&w, "http://127.0.0.1:1/");
    run(&w, &r);
    assert_int_equal(w.failure, WEIR_HTTP_UNREACHABLE);
    r = get(&w, "http://unknown.test/");
    run(&w, &r);
    assert_int_equal(w.failure, WEIR_HTTP_UNRESOLVED);
    close_world(&w);
}

static void long_answers_are_cut_off(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "/endless", "{\"fault\": \"endless\"}");
    http_peer_on(w.peer, "/just", "{\"body\": \"x\", \"repeat\": 1000}");
    http_peer_on(w.peer, "/over", "{\"body\": \"x\", \"repeat\": 1001}");
    http_peer_on(w.peer, "/bomb", "{\"body\": \"x\", \"repeat\": 10000000, \"gzip\": true}");
    fetch(&w, "/endless");
    assert_int_equal(w.failure, WEIR_HTTP_TOO_LARGE);
    assert_int_equal(w.status, 200);
    assert_int_equal(w.body.n, 64 << 10);
    open_pool(&w, &(weir_http_pool_settings){.answer_max = 1000, .accept_gzip = true});
    fetch(&w, "/just");
    assert_int_equal(w.failure, WEIR_HTTP_ANSWERED);
    assert_int_equal(w.body.n, 1000);
    fetch(&w, "/over");
    assert_int_equal(w.failure, WEIR_HTTP_TOO_LARGE);
    assert_int_equal(w.body.n, 1000);
    fetch(&w, "/bomb");
    assert_int_equal(w.failure, WEIR_HTTP_TOO_LARGE);
    assert_int_equal(w.body.n, 1000);
    close_world(&w);
}

static void bodies_are_compressed(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "*", "{\"body\": \"squeezed\", \"gzip\": true}");
    open_pool(&w, &(weir_http_pool_settings){.accept_gzip = true});
    weir_buf body = {0};
    for (int i = 0; i < 1000; i++) {
        weir_buf_str(&body, "ten bytes ");
    }
    weir_http_outgoing r = get(&w, http_peer_url(w.peer, "/"));
    r.method = "POST";
    r.body = weir_buf_view(&body);
    r.gzip = true;
    for (int i = 0; i < 2; i++) {
        http_peer_ask(w.peer, "{\"clear\": true}");
        run(&w, &r);
        assert_sv_equal(weir_buf_view(&w.body), "squeezed");
        const char *asked = http_peer_ask(w.peer, "{\"requests\": \"*\"}");
        assert_has(asked, "\"content-encoding\": \"gzip\"");
        assert_has(asked, "\"accept-encoding\": \"gzip\"");
        assert_has(asked, "\"text\": \"ten bytes ten bytes ten");
    }
    r.body = WEIR_SV("short");
    http_peer_ask(w.peer, "{\"clear\": true}");
    run(&w, &r);
    assert_null(strstr(http_peer_ask(w.peer, "{\"requests\": \"*\"}"), "content-encoding"));
    weir_buf_deinit(&body);
    close_world(&w);
}

static void redirects_are_answers(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "*",
                 "{\"status\": 302, \"headers\": {\"Location\": "
                 "\"http://169.254.169.254/latest/meta-data\"}}");
    fetch(&w, "/");
    assert_int_equal(w.failure, WEIR_HTTP_ANSWERED);
    assert_int_equal(w.status, 302);
    assert_sv_equal(weir_buf_view(&w.location), "http://169.254.169.254/latest/meta-data");
    close_world(&w);
}

static void retry_after_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"0", 0},
        {"120", 120000},
        {" 7 ", 7000},
        {"99999999999999999999", 1000000000000},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 37000},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 37000},
        {"Sun Nov  6 08:49:37 1994", 37000},
        {"Sun, 06 Nov 1994 08:48:00 GMT", 0},
        {"Sun, 06 Nov 9999999 08:49:37 GMT", 1000000000000},
        {"Sun, 06 Nov/2130706433/", 1000000000000},
        {"", -1},
        {"soon", -1},
        {"-1", -1},
        {"1.5", -1},
        {"1994-11-06", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT and then some more of it until it is too long", -1},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        int64_t ms = weir_http_retry_after(weir_sv_cstr(cases[i].text), 784111740000);
        if (ms != cases[i].ms) {
            fail_msg("%s: %lld", cases[i].text, (long long)ms);
        }
    }
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "*", "{\"status\": 429, \"headers\": {\"retry-after\": \"3\"}}");
    fetch(&w, "/");
    assert_int_equal(w.status, 429);
    assert_int_equal(w.retry_after_ms, 3000);
    close_world(&w);
}

static void what_must_not_be_sent_is_refused(void **state)
{
    (void)state;
    static const char *const methods[] = {"", "GET ", "GET\r\nX: y", "GE T", "G\x01"};
    static const char *const urls[] = {
        "", "ftp://a/", "http://a b/", "http://a/\r\nX: y", "a/b", "file:///etc/passwd"};
    static const weir_http_field headers[] = {
        {WEIR_SV(""), WEIR_SV("x")},
        {WEIR_SV("A B"), WEIR_SV("x")},
        {WEIR_SV("A:"), WEIR_SV("x")},
        {WEIR_SV("A\r\nB"), WEIR_SV("x")},
        {WEIR_SV("A"), WEIR_SV("x\r\nB: y")},
        {WEIR_SV("A"), WEIR_SV("x\ny")},
        {WEIR_SV("A"), WEIR_SV("x\0y")},
        {WEIR_SV("Content-Length"), WEIR_SV("5")},
        {WEIR_SV("TRANSFER-ENCODING"), WEIR_SV("chunked")},
    };
    world w;
    open_world(&w, NULL);
    weir_http_outgoing r = get(&w, http_peer_url(w.peer, "/"));
    for (size_t i = 0; i < WEIR_COUNT(methods); i++) {
        r.method = methods[i];
        assert_int_equal(refused(&w, &r), WEIR_EUSAGE);
    }
    r.method = "GET";
    for (size_t i = 0; i < WEIR_COUNT(headers); i++) {
        r.headers = &headers[i];
        r.n_headers = 1;
        assert_int_equal(refused(&w, &r), WEIR_EUSAGE);
    }
    for (size_t i = 0; i < WEIR_COUNT(urls); i++) {
        r = get(&w, urls[i]);
        assert_int_equal(refused(&w, &r), WEIR_EUSAGE);
    }
    assert_int_equal(weir_http_pool_in_flight(w.pool), 0);
    close_world(&w);
}

static void the_guard_decides_on_the_address(void **state)
{
    (void)state;
    world w;
    char url[128];
    weir_status st = {0};
    weir_http_guard guard = {.insecure = true};
    open_world(&w, NULL);
    http_peer_on(w.peer, "*", "{}");
    open_pool(&w, &(weir_http_pool_settings){.guard = &guard});
    static const char *const lying[] = {"rebind.test", "localhost", "cloud.test"};
    for (size_t i = 0; i < WEIR_COUNT(lying); i++) {
        snprintf(url, sizeof url, "http://%s:%u/", lying[i], http_peer_port(w.peer));
        weir_http_outgoing r = get(&w, url);
        run(&w, &r);
        assert_int_equal(w.failure, WEIR_HTTP_BLOCKED);
        assert_int_equal(w.status, 0);
        assert_has(w.why, i < 2 ? "is refused: loopback address" : "a cloud's credentials");
    }
    static const char *const odd[] = {"127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"};
    for (size_t i = 0; i < WEIR_COUNT(odd); i++) {
        snprintf(url, sizeof url, "http://%s:%u/", odd[i], http_peer_port(w.peer));
        weir_http_outgoing r = get(&w, url);
        assert_int_equal(refused(&w, &r), WEIR_EUSAGE);
    }
    assert_string_equal(http_peer_ask(w.peer, "{\"count\": \"*\"}"),
                        "{\"requests\": 0, \"connections\": 0}\n");
    weir_http_guard listed;
    assert_ok(weir_http_guard_parse(WEIR_SV("127.0.0.1/32"), true, &listed, &st), &st);
    open_pool(&w, &(weir_http_pool_settings){.guard = &listed});
    snprintf(url, sizeof url, "http://rebind.test:%u/", http_peer_port(w.peer));
    weir_http_outgoing r = get(&w, url);
    run(&w, &r);
    assert_int_equal(w.status, 200);
    snprintf(url, sizeof url, "http://cloud.test:%u/", http_peer_port(w.peer));
    r = get(&w, url);
    run(&w, &r);
    assert_int_equal(w.failure, WEIR_HTTP_BLOCKED);
    close_world(&w);
}

static void the_environments_proxy_is_not_used(void **state)
{
    (void)state;
    world w;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    open_world(&w, NULL);
    http_peer_on(w.peer, "*", "{}");
    fetch(&w, "/");
    assert_int_equal(w.status, 200);
    char url[64];
    snprintf(url, sizeof url, "%s", http_peer_url(w.peer, ""));
    open_pool(&w, &(weir_http_pool_settings){.proxy = url});
    weir_http_outgoing r = get(&w, "http://elsewhere.test/x");
    run(&w, &r);
    assert_int_equal(w.status, 200);
    assert_has(http_peer_ask(w.peer, "{\"requests\": \"*\"}"), "http://elsewhere.test/x");
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    close_world(&w);
}

static void a_slow_name_holds_nobody_up(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "*", "{}");
    open_pool(&w, &(weir_http_pool_settings){.connect_ms = 100});
    weir_status st = {0};
    weir_http_outgoing slow = get(&w, "http://slow.test/");
    assert_ok(weir_http_pool_send(w.pool, &slow, NULL, &st), &st);
    fetch(&w, "/"); /* ends first */
    assert_int_equal(w.status, 200);
    w.expected = 2;
    weir_loop_run(w.loop);
    assert_int_equal(w.failure, WEIR_HTTP_TIMED_OUT);
    weir_http_call *call = NULL;
    assert_ok(weir_http_pool_send(w.pool, &slow, &call, &st), &st);
    fetch(&w, "/");
    weir_http_call_cancel(call);
    assert_int_equal(weir_http_pool_in_flight(w.pool), 0);
    close_world(&w);
    sem_post(&slow_names); /* the threads end */
}

static void never(void *ctx, const weir_http_result *r)
{
    (void)ctx;
    fail_msg("done after cancelling: %s", r->why);
}

static void what_is_cancelled_is_not_told(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "/silent", "{\"fault\": \"silent\"}");
    http_peer_on(w.peer, "/", "{}");
    weir_http_outgoing r = get(&w, http_peer_url(w.peer, "/silent"));
    r.done = never;
    weir_http_call *calls[3];
    weir_status st = {0};
    for (int i = 0; i < 3; i++) {
        assert_ok(weir_http_pool_send(w.pool, &r, &calls[i], &st), &st);
    }
    weir_http_call_cancel(calls[1]); /* before it was sent */
    fetch(&w, "/");
    assert_has(http_peer_ask(w.peer, "{\"requests\": \"/silent\", \"wait\": 2}"), "silent");
    weir_http_call_cancel(calls[0]);
    assert_int_equal(weir_http_pool_in_flight(w.pool), 1);
    fetch(&w, "/");
    assert_int_equal(w.status, 200);
    close_world(&w); /* with one in flight */
}

static void free_all(void *ctx, const weir_http_result *r)
{
    world *w = ctx;
    take(w, r);
    weir_http_pool_free(w->pool);
    assert_sv_equal(weir_http_result_field(r, "X-A"), "1"); /* still there */
    w->pool = NULL;
    weir_loop_stop(w->loop);
}

static void a_pool_may_be_freed_when_done(void **state)
{
    (void)state;
    world w;
    open_world(&w, NULL);
    http_peer_on(w.peer, "/silent", "{\"fault\": \"silent\"}");
    http_peer_on(w.peer, "/", "{\"headers\": {\"X-A\": \"1\"}}");
    weir_http_outgoing r = get(&w, http_peer_url(w.peer, "/silent"));
    r.done = never;
    weir_status st = {0};
    assert_ok(weir_http_pool_send(w.pool, &r, NULL, &st), &st);
    r = get(&w, http_peer_url(w.peer, "/"));
    r.done = free_all;
    run(&w, &r);
    assert_int_equal(w.status, 200);
    close_world(&w);
}

/* --- TLS --- */

static char folder[64];

static const char *file_in_folder(const char *name)
{
    static char paths[4][128];
    static int n;
    char *path = paths[n++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void open_tls_world(world *w, const char *options)
{
    char text[160];
    snprintf(text, sizeof text, "--tls %s %s", folder, options);
    open_world(w, text);
    http_peer_on(w->peer, "*", "{\"body\": \"safe\"}");
}

static void certificates_are_checked(void **state)
{
    (void)state;
    world w;
    char url[128];
    open_tls_world(&w, "");
    weir_http_guard guard = {0};
    weir_status st = {0};
    assert_ok(weir_http_guard_parse(WEIR_SV("127.0.0.1"), false, &guard, &st), &st);
    fetch(&w, "/"); /* an authority nobody knows */
    assert_int_equal(w.failure, WEIR_HTTP_TLS);
    weir_http_pool_settings s = {.tls_ca = file_in_folder("other_ca.pem"), .guard = &guard};
    open_pool(&w, &s);
    fetch(&w, "/");
    assert_int_equal(w.failure, WEIR_HTTP_TLS);
    s.tls_ca = file_in_folder("ca.pem");
    s.http2 = true; /* which this server does not have */
    open_pool(&w, &s);
    fetch(&w, "/");
    assert_int_equal(w.failure, WEIR_HTTP_ANSWERED);
    assert_sv_equal(weir_buf_view(&w.body), "safe");
    fetch(&w, "/");
    assert_true(w.reused);
    snprintf(url, sizeof url, "https://other.test:%u/", http_peer_port(w.peer));
    weir_http_outgoing r = get(&w, url); /* not a name of the certificate */
    run(&w, &r);
    assert_int_equal(w.failure, WEIR_HTTP_TLS);
    s.tls_server_name = "localhost";
    open_pool(&w, &s);
    http_peer_ask(w.peer, "{\"clear\": true}");
    run(&w, &r);
    assert_int_equal(w.failure, WEIR_HTTP_ANSWERED);
    assert_has(http_peer_ask(w.peer, "{\"requests\": \"*\"}"), "\"host\": \"other.test:");
    s.tls_server_name = "wrong.test";
    open_pool(&w, &s);
    run(&w, &r);
    assert_int_equal(w.failure, WEIR_HTTP_TLS);
    s = (weir_http_pool_settings){.tls_unverified = true};
    open_pool(&w, &s);
    run(&w, &r);
    assert_int_equal(w.failure, WEIR_HTTP_ANSWERED);
    r = get(&w, "");
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", http_peer_port(w.peer));
    r.url = weir_sv_cstr(url); /* plain http to a TLS port */
    run(&w, &r);
    assert_int_equal(w.status, 0);
    assert_int_equal(w.failure, WEIR_HTTP_RESET);
    close_world(&w);
}

static void an_expired_certificate_is_refused(void **state)
{
    (void)state;
    world w;
    open_tls_world(&w, "--expired");
    open_pool(&w, &(weir_http_pool_settings){.tls_ca = file_in_folder("ca.pem")});
    fetch(&w, "/");
    assert_int_equal(w.failure, WEIR_HTTP_TLS);
    assert_has(w.why, "expired");
    close_world(&w);
}

static void a_server_may_ask_for_a_certificate(void **state)
{
    (void)state;
    world w;
    open_tls_world(&w, "--ask-client");
    weir_http_pool_settings s = {.tls_ca = file_in_folder("ca.pem")};
    open_pool(&w, &s);
    fetch(&w, "/");
    assert_int_equal(w.status, 0);
    assert_true(w.failure == WEIR_HTTP_TLS || w.failure == WEIR_HTTP_RESET);
    s.tls_cert = file_in_folder("client.pem");
    s.tls_key = file_in_folder("client.key");
    open_pool(&w, &s);
    fetch(&w, "/");
    assert_int_equal(w.status, 200);
    s.tls_key = file_in_folder("none.key");
    weir_status st = {0};
    weir_http_pool *none = NULL;
    assert_int_equal(weir_http_pool_new(w.loop, &s, &none, &st), WEIR_EUSAGE);
    assert_null(none);
    assert_has(st.msg, "none.key");
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_and_answers_are_whole),
        cmocka_unit_test(every_method_has_its_shape),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(a_kept_connection_that_died_is_replaced),
        cmocka_unit_test(many_are_in_flight_and_no_more_than_allowed),
        cmocka_unit_test(silence_and_slowness_time_out),
        cmocka_unit_test(broken_connections_are_told),
        cmocka_unit_test(odd_answers_are_told_apart),
        cmocka_unit_test(long_heads_are_cut_off),
        cmocka_unit_test(an_early_answer_ends_the_sending),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(long_answers_are_cut_off),
        cmocka_unit_test(bodies_are_compressed),
        cmocka_unit_test(redirects_are_answers),
        cmocka_unit_test(retry_after_is_read),
        cmocka_unit_test(what_must_not_be_sent_is_refused),
        cmocka_unit_test(the_guard_decides_on_the_address),
        cmocka_unit_test(the_environments_proxy_is_not_used),
        cmocka_unit_test(a_slow_name_holds_nobody_up),
        cmocka_unit_test(what_is_cancelled_is_not_told),
        cmocka_unit_test(a_pool_may_be_freed_when_done),
        cmocka_unit_test(certificates_are_checked),
        cmocka_unit_test(an_expired_certificate_is_refused),
        cmocka_unit_test(a_server_may_ask_for_a_certificate),
    };
    sem_init(&slow_names, 0, 0);
    weir_status st = {0};
    if (weir_temp_dir(folder, sizeof folder, &st) != WEIR_OK) {
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weir_remove_tree(folder);
    return failed;
}
