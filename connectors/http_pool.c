/* libcurl's multi-socket interface on our loop: the library says which sockets to watch and when to
 * wake it, the loop's events move it on, and then its list of ended requests is read. Calls and
 * their handles are kept for the next request.
 *
 * Names are resolved on the library's threads. CURLOPT_QUICK_EXIT keeps it from waiting for them
 * when a request ends before its name is known. */
#include "connectors/http_pool.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "connectors/http_pool_impl.h"
#include "engine/io/file.h"

#define CONNECT_MS 5000
#define TOTAL_MS 30000
#define ANSWER_MAX (64 << 10)
#define IN_FLIGHT_MAX 64
#define TLS_FILE_MAX (16 << 20) /* a bundle of all authorities is a quarter of a megabyte */

/* --- between the library and the loop --- */

static void free_pool(weir_http_pool *p);
static void close_door(weir__http_door *d)
{
    *d->link = d->next;
    if (d->next) {
        d->next->link = d->link;
    }
    weir_watch_stop(d->watch);
    weir_free(d);
}

static void take_out(weir_http_call *c)
{
    weir_http_pool *p = c->pool;
    *c->link = c->next;
    if (c->next) {
        c->next->link = c->link;
    }
    c->link = NULL;
    p->n_calls--;
    curl_multi_remove_handle(p->multi, c->easy);
}

static void put_back(weir_http_call *c)
{
    weir__http_call_reset(c);
    c->next = c->pool->spare;
    c->pool->spare = c;
}

static void tell_ended(weir_http_pool *p)
{
    int left = 0;
    CURLMsg *m;
    p->telling = true;
    while (!p->freed && (m = curl_multi_info_read(p->multi, &left))) {
        WEIR_ASSERT(m->msg == CURLMSG_DONE);
        CURLcode code = m->data.result;
        char *mine = NULL;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &mine);
        weir_http_call *c = (weir_http_call *)(void *)mine;
        take_out(c); /* its place is free for what the done function sends */
        weir__http_call_end(c, code);
        put_back(c);
    }
    p->telling = false;
    if (p->freed) {
        free_pool(p);
    }
}

static void move_on(weir_http_pool *p, curl_socket_t fd, int ready)
{
    int running = 0;
    CURLMcode code = curl_multi_socket_action(p->multi, fd, ready, &running);
    WEIR_ASSERT(code == CURLM_OK);
    tell_ended(p);
}

static void socket_ready(void *ctx, uint32_t events)
{
    weir__http_door *d = ctx; /* gone when the library has closed it */
    move_on(d->pool, d->fd,
            (events & WEIR_WATCH_READ ? CURL_CSELECT_IN : 0) |
                (events & WEIR_WATCH_WRITE ? CURL_CSELECT_OUT : 0));
}

static void timer_fired(void *ctx)
{
    move_on(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int on_socket(WEIR_UNUSED CURL *easy, curl_socket_t fd, int what, void *ctx,
                     void *socket_ctx)
{
    weir_http_pool *p = ctx;
    weir__http_door *d = socket_ctx;
    if (what == CURL_POLL_REMOVE) {
        if (d) {
            close_door(d);
        }
        return 0;
    }
    uint32_t events =
        (what & CURL_POLL_IN ? WEIR_WATCH_READ : 0) | (what & CURL_POLL_OUT ? WEIR_WATCH_WRITE : 0);
    if (d) {
        weir_watch_change(d->watch, events);
        return 0;
    }
    d = weir_zalloc(sizeof *d);
    *d = (weir__http_door){.pool = p, .next = p->doors, .link = &p->doors, .fd = fd};
    d->watch = weir_watch_start(p->loop, fd, events, socket_ready, d);
    WEIR_ASSERT(d->watch != NULL); /* it is a socket */
    if (d->next) {
        d->next->link = &d->next;
    }
    p->doors = d;
    curl_multi_assign(p->multi, fd, d);
    return 0;
}

static int on_timer(WEIR_UNUSED CURLM *multi, long ms, void *ctx)
{
    weir_http_pool *p = ctx;
    if (ms < 0) {
        weir_timer_disarm(p->timer);
    } else {
        weir_timer_arm(p->timer, (uint64_t)ms);
    }
    return 0;
}

static void print_address(const struct sockaddr *a, char *out, size_t cap)
{
    char host[INET6_ADDRSTRLEN] = "?";
    struct sockaddr_in6 v6 = {0};
    struct sockaddr_in v4 = {0};
    if (a->sa_family == AF_INET6) {
        memcpy(&v6, a, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
        snprintf(out, cap, "[%s]:%u", host, ntohs(v6.sin6_port));
    } else {
        memcpy(&v4, a, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
        snprintf(out, cap, "%s:%u", host, ntohs(v4.sin_port));
    }
}

curl_socket_t weir__http_open_socket(void *call, WEIR_UNUSED curlsocktype purpose,
                                     struct curl_sockaddr *a)
{
    weir_http_call *c = call;
    const char *why = weir_http_guard_refuses(c->pool->set.guard, &a->addr);
    if (why) {
        char text[64];
        print_address(&a->addr, text, sizeof text);
        snprintf(c->refused, sizeof c->refused, "%s is refused: %s", text, why);
        return CURL_SOCKET_BAD;
    }
    c->opened = true;
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* --- the pool --- */

static const char *own_text(const char *text)
{
    return text && text[0] ? weir_strdup(text) : NULL;
}

static uint32_t or_else(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static weir_rc check_file(const char *path, const char *what, weir_status *st)
{
    if (!path || !path[0]) {
        return WEIR_OK;
    }
    weir_buf bytes = {0};
    weir_rc rc = weir_file_read(path, TLS_FILE_MAX, &bytes, st);
    if (bytes.n) {
        explicit_bzero(bytes.p, bytes.n); /* it may be a key */
    }
    weir_buf_deinit(&bytes);
    if (rc != WEIR_OK && st) {
        weir_wrap(st, "TLS %s", what);
    }
    return rc == WEIR_OK ? WEIR_OK : WEIR_EUSAGE;
}

static weir_http_pool_settings with_defaults(const weir_http_pool_settings *s)
{
    weir_http_pool_settings out = *s;
    out.connect_ms = or_else(s->connect_ms, CONNECT_MS);
    out.total_ms = or_else(s->total_ms, TOTAL_MS);
    out.answer_max = or_else(s->answer_max, ANSWER_MAX);
    out.in_flight_max = or_else(s->in_flight_max, IN_FLIGHT_MAX);
    out.tls_ca = own_text(s->tls_ca);
    out.tls_cert = own_text(s->tls_cert);
    out.tls_key = own_text(s->tls_key);
    out.tls_key_password = own_text(s->tls_key_password);
    out.tls_server_name = own_text(s->tls_server_name);
    out.proxy = own_text(s->proxy);
    return out;
}

weir_rc weir_http_pool_new(weir_loop *l, const weir_http_pool_settings *s, weir_http_pool **out,
                           weir_status *st)
{
    *out = NULL;
    WEIR_TRY(check_file(s->tls_ca, "authorities", st));
    WEIR_TRY(check_file(s->tls_cert, "certificate", st));
    WEIR_TRY(check_file(s->tls_key, "key", st));
    weir_http_pool *p = weir_zalloc(sizeof *p);
    WEIR_ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); /* counts its callers */
    p->loop = l;
    p->set = with_defaults(s);
    p->multi = curl_multi_init();
    WEIR_ASSERT(p->multi != NULL);
    p->timer = weir_timer_once(l, 0, timer_fired, p);
    weir_timer_disarm(p->timer);
    curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
    curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
    curl_multi_setopt(p->multi, CURLMOPT_MAXCONNECTS, (long)p->set.in_flight_max);
    curl_multi_setopt(p->multi, CURLMOPT_PIPELINING,
                      p->set.http2 ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING);
    *out = p;
    return WEIR_OK;
}

static void free_pool(weir_http_pool *p)
{
    while (p->spare) {
        weir_http_call *c = p->spare;
        p->spare = c->next;
        weir__http_call_free(c);
    }
    curl_multi_cleanup(p->multi);
    while (p->doors) {
        close_door(p->doors);
    }
    weir_timer_stop(p->timer);
    const char *const texts[] = {p->set.tls_ca,           p->set.tls_cert,        p->set.tls_key,
                                 p->set.tls_key_password, p->set.tls_server_name, p->set.proxy};
    for (size_t i = 0; i < WEIR_COUNT(texts); i++) {
        weir_free((char *)(uintptr_t)texts[i]);
    }
    weir_free(p);
    curl_global_cleanup();
}

void weir_http_pool_free(weir_http_pool *p)
{
    if (!p) {
        return;
    }
    WEIR_ASSERT(!p->freed);
    while (p->calls) {
        weir_http_call_cancel(p->calls);
    }
    if (p->telling) {
        p->freed = true;
    } else {
        free_pool(p);
    }
}

uint32_t weir_http_pool_in_flight(const weir_http_pool *p)
{
    return p->n_calls;
}

weir_rc weir_http_pool_send(weir_http_pool *p, const weir_http_outgoing *r, weir_http_call **out,
                            weir_status *st)
{
    WEIR_ASSERT(!p->freed && r->done);
    if (p->n_calls >= p->set.in_flight_max) {
        weir_fail(st, WEIR_EBUSY, "%u requests are in flight already", p->n_calls);
        if (st) {
            st->retriable = true;
        }
        return WEIR_EBUSY;
    }
    weir_http_call *c = p->spare;
    if (c) {
        p->spare = c->next;
    } else {
        c = weir__http_call_new(p);
    }
    weir_rc rc = weir__http_call_begin(c, r, st);
    if (rc != WEIR_OK) {
        put_back(c);
        return rc;
    }
    c->next = p->calls;
    c->link = &p->calls;
    if (c->next) {
        c->next->link = &c->next;
    }
    p->calls = c;
    p->n_calls++;
    CURLMcode code =
        curl_multi_add_handle(p->multi, c->easy); /* asks for the timer: not yet sent */
    WEIR_ASSERT(code == CURLM_OK);
    if (out) {
        *out = c;
    }
    return WEIR_OK;
}

void weir_http_call_cancel(weir_http_call *c)
{
    if (c->link) { /* else its done function runs */
        take_out(c);
        put_back(c);
    }
}
