/* From bytes to requests. One request of a connection is looked at at a time; what comes in the
 * meantime waits in `pending`, and beyond its limit in the peer.
 *
 * Handlers run inside take_requests. One that answers at once leaves the connection ready for the next
 * request in the same loop; one that answers later makes it go on by weir__http_soon. */
#include "connectors/http_server_impl.h"

#include "engine/base/alloc.h"

#define BODY_RESERVE_MAX 65536 /* on a mere promise of a length */

static weir_http_req *req_new(weir__http_conn *c)
{
    weir_http_req *r = weir_zalloc(sizeof *r);
    const char *host = weir_stream_peer_host(c->stream);
    const char *subject = weir_stream_peer_subject(c->stream);
    weir_http1_init(&r->http, c->server->spec.body_max);
    r->conn = c;
    r->is_tls = weir_stream_is_tls(c->stream);
    r->subject = subject[0] ? weir_strdup(subject) : NULL;
    memcpy(r->remote, host, strlen(host) + 1);
    return r;
}

void weir__http_req_free(weir_http_req *r)
{
    weir_http1_deinit(&r->http);
    weir_buf_deinit(&r->path_text);
    weir_buf_deinit(&r->params);
    weir_buf_deinit(&r->body);
    weir_inflater_free(r->inflater);
    weir_free(r->subject);
    weir_free(r);
}

static void trim(weir_buf *b)
{
    weir_buf_reset(b);
    if (b->cap > WEIR__HTTP_KEEP_BYTES) {
        weir_buf_deinit(b);
    }
}

/* For the next request. */
static void req_reset(weir_http_req *r)
{
    weir_http1_reset(&r->http);
    trim(&r->path_text);
    trim(&r->params);
    trim(&r->body);
    weir_inflater_free(r->inflater);
    r->inflater = NULL;
    r->path = (weir_sv){0};
    r->origin = (weir_sv){0};
    r->drained = NULL;
    r->gone = NULL;
}

static void enter(weir__http_conn *c, weir__http_phase phase)
{
    c->phase = phase;
    c->since_ns = weir_mono_ns();
    c->body_bytes = 0;
}

static void free_if_gone(weir__http_conn *c)
{
    if (!c->stream && !c->busy) {
        weir_buf_deinit(&c->pending);
        weir_free(c);
    }
}

/* The stream is gone. A request that a handler has outlives it. */
static void leave_server(weir__http_conn *c)
{
    bool handled = c->phase == WEIR__HTTP_HANDLING || c->phase == WEIR__HTTP_STREAMING;
    weir_http_req *r = c->req;
    c->stream = NULL;
    c->req = NULL;
    r->conn = NULL;
    *c->link = c->next;
    if (c->next) {
        c->next->link = c->link;
    }
    if (c->ready_link) {
        *c->ready_link = c->next_ready;
        if (c->next_ready) {
            c->next_ready->ready_link = c->ready_link;
        }
    }
    c->server->counts.connections--;
    if (!handled) {
        weir__http_req_free(r);
    }
    free_if_gone(c);
}

void weir__http_drop(weir__http_conn *c)
{
    weir_stream_close(c->stream);
    leave_server(c);
}

void weir__http_finish(weir__http_conn *c)
{
    enter(c, WEIR__HTTP_ENDING);
    weir_stream_finish(c->stream);
}

/* Names other than these could be made to point here by whoever owns them. */
static bool is_sure_host(const weir_http_server *s, weir_sv host)
{
    bool address = host.n > 0 && (host.p[0] == '[' || (host.p[0] >= '0' && host.p[0] <= '9'));
    return s->spec.n_hosts > 0 || address || weir_sv_ieq(host, WEIR_SV("localhost")) ||
           weir_sv_istarts(host, WEIR_SV("localhost:"));
}

static bool origin_allowed(const weir_http_server *s, const weir_http_req *r, weir_sv origin)
{
    const weir_http1 *h = &r->http;
    weir_sv host = weir_http1_text(h, h->host_at, h->host_n);
    int64_t scheme = weir_sv_find(origin, WEIR_SV("://"), 0);
    uint32_t skip = scheme > 0 ? (uint32_t)scheme + 3 : 0;
    if (skip && is_sure_host(s, host) &&
        weir_sv_ieq((weir_sv){origin.p + skip, origin.n - skip}, host)) {
        return true; /* its own page */
    }
    for (size_t i = 0; i < s->spec.n_origins; i++) {
        const char *allowed = s->spec.origins[i];
        if (strcmp(allowed, "*") == 0 || weir_sv_ieq(weir_sv_cstr(allowed), origin)) {
            return true;
        }
    }
    return false;
}

static bool host_allowed(const weir_http_server *s, const weir_http_req *r)
{
    const weir_http1 *h = &r->http;
    weir_sv host = weir_http1_text(h, h->host_at, h->host_n);
    while (host.n > 0 && host.p[host.n - 1] >= '0' && host.p[host.n - 1] <= '9') {
        host.n--;
    }
    if (host.n > 0 && host.p[host.n - 1] == ':') {
        host.n--;
    } else {
        host.n = h->host_n; /* those digits were no port */
    }
    for (size_t i = 0; i < s->spec.n_hosts; i++) {
        if (weir_sv_ieq(weir_sv_cstr(s->spec.hosts[i]), host)) {
            return true;
        }
    }
    return s->spec.n_hosts == 0;
}

/* Segments that mean another place than their own, and bytes that no name has. */
static bool is_plain_path(weir_sv path)
{
    for (uint32_t i = 0; i < path.n; i++) {
        if ((uint8_t)path.p[i] < ' ' || path.p[i] == 0x7f) {
            return false;
        }
        if (path.p[i] == '/') {
            uint32_t dots = 0;
            while (i + 1 + dots < path.n && path.p[i + 1 + dots] == '.') {
                dots++;
            }
            bool ends = i + 1 + dots == path.n || path.p[i + 1 + dots] == '/';
            if (ends && (dots == 1 || dots == 2)) {
                return false;
            }
        }
    }
    return true;
}

static bool decode_path(weir_http_req *r)
{
    const weir_http1 *h = &r->http;
    weir_sv raw = weir_http1_text(h, h->path_at, h->path_n);
    r->path = raw;
    if (memchr(raw.p, '%', raw.n)) {
        if (weir_sv_find(raw, WEIR_SV("%2f"), 0) >= 0 || weir_sv_find(raw, WEIR_SV("%2F"), 0) >= 0) {
            return false; /* a slash that is none: proxies disagree about it */
        }
        char *to = weir_buf_reserve(&r->path_text, raw.n);
        int64_t n = weir_http_unescape(raw, false, to);
        if (n < 0) {
            return false;
        }
        r->path = (weir_sv){to, (uint32_t)n};
    }
    return is_plain_path(r->path);
}

/* Prepares for the body. False: it was refused. */
static bool expect_body(weir__http_conn *c, const weir_http_route *route)
{
    weir_http_req *r = c->req;
    weir_sv encoding;
    weir_compression kind = WEIR_COMPRESSION_NONE;
    r->body_max = route->body_max ? route->body_max : c->server->spec.body_max;
    r->http.body_max = r->body_max;
    if (weir_http1_header(&r->http, WEIR_SV("content-encoding"), &encoding) &&
        !weir_compression_find(encoding, &kind)) {
        static const weir_http_pair accepted = {"Accept-Encoding", "gzip, deflate, zstd"};
        weir__http_refuse(c, 415, "this Content-Encoding is not understood", &accepted, 1, false);
        return false;
    }
    if (kind != WEIR_COMPRESSION_NONE) {
        r->inflater = weir_inflater_new(kind, r->body_max, WEIR_HTTP_RATIO_MAX);
    } else if (r->http.length > 0) {
        int64_t promised = weir_min64(r->http.length, BODY_RESERVE_MAX);
        weir_buf_reserve(&r->body, (size_t)promised + WEIR__HTTP_PADDING);
    }
    return true;
}

/* The head is complete. `more`: bytes of the body are there already. */
static void look_at_head(weir__http_conn *c, bool more)
{
    weir_http_server *s = c->server;
    weir_http_req *r = c->req;
    weir_sv method = weir_http1_method(&r->http);
    bool has_body = r->http.chunked || r->http.length > 0;
    bool known;
    weir_sv origin;
    enter(c, WEIR__HTTP_BODY);
    r->is_head = weir_sv_eq(method, WEIR_SV("HEAD"));
    if (!decode_path(r)) {
        weir__http_refuse(c, 400, "the path is not a plain one", NULL, 0, false);
        return;
    }
    if (!host_allowed(s, r)) {
        weir__http_refuse(c, 421, "this server goes by other names", NULL, 0, false);
        return;
    }
    if (weir_http1_header(&r->http, WEIR_SV("origin"), &origin)) {
        if (!origin_allowed(s, r, origin)) {
            weir__http_refuse(c, 403, "pages of this origin are not let in", NULL, 0, false);
            return;
        }
        r->origin = origin;
    }
    const weir_http_route *route = weir__http_find(s, method, r->path, &known);
    if (!route && weir_sv_eq(method, WEIR_SV("OPTIONS")) &&
        (known || weir_sv_eq(r->path, WEIR_SV("*")))) {
        weir__http_preflight(c);
        return;
    }
    if (!route && !known) {
        weir__http_refuse(c, 404, "there is nothing at this path", NULL, 0, !has_body);
        return;
    }
    if (!route) {
        weir_buf_reset(&s->text);
        weir__http_methods(s, r->path, &s->text);
        char allow[256];
        size_t n = s->text.n < sizeof allow ? s->text.n : sizeof allow - 1;
        memcpy(allow, s->text.p, n);
        allow[n] = '\0';
        weir_http_pair extra = {"Allow", allow};
        weir__http_refuse(c, 405, "not with this method", &extra, 1, !has_body);
        return;
    }
    if (expect_body(c, route) && r->http.expects && !more &&
        (r->http.chunked || (uint64_t)r->http.length <= r->body_max)) {
        weir_stream_write(c->stream, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    }
}

static void refuse_body(weir__http_conn *c, weir_rc rc)
{
    bool large = rc == WEIR_ELIMIT;
    c->server->counts.bad++;
    weir__http_refuse(c, large ? 413 : 400,
                      large ? "the body is too large" : "the body is not compressed as it says", NULL,
                      0, false);
}

static void add_body(weir__http_conn *c, weir_sv piece)
{
    weir_http_req *r = c->req;
    c->body_bytes += piece.n;
    if (!r->inflater) {
        weir_buf_sv(&r->body, piece);
        return;
    }
    weir_status st;
    weir_rc rc = weir_inflater_add(r->inflater, piece.p, piece.n, &r->body, &st);
    if (rc != WEIR_OK) {
        refuse_body(c, rc);
    }
}

static void handle(weir__http_conn *c)
{
    weir_http_server *s = c->server;
    weir_http_req *r = c->req;
    bool known;
    weir_status st;
    if (r->inflater && c->body_bytes > 0 && weir_inflater_end(r->inflater, &st) != WEIR_OK) {
        refuse_body(c, WEIR_EDATA);
        return;
    }
    memset(weir_buf_reserve(&r->body, WEIR__HTTP_PADDING), 0, WEIR__HTTP_PADDING);
    const weir_http_route *route = weir__http_find(s, weir_http1_method(&r->http), r->path, &known);
    if (!route) { /* removed while the body came */
        weir__http_refuse(c, 404, "there is nothing at this path", NULL, 0, true);
        return;
    }
    s->counts.requests++;
    enter(c, WEIR__HTTP_HANDLING);
    route->call(route->ctx, r);
}

static bool takes_requests(const weir__http_conn *c)
{
    return c->stream && !c->blocked && c->phase <= WEIR__HTTP_BODY;
}

/* Takes from `in` all requests that can be looked at now. */
static void take_requests(weir__http_conn *c, weir_sv *in)
{
    while (takes_requests(c)) {
        weir_sv piece;
        if (c->phase == WEIR__HTTP_IDLE && in->n > 0) {
            enter(c, WEIR__HTTP_HEAD);
        }
        switch (weir_http1_next(&c->req->http, in, &piece)) {
        case WEIR_HTTP1_MORE:
            return;
        case WEIR_HTTP1_HEAD:
            look_at_head(c, in->n > 0);
            break;
        case WEIR_HTTP1_BODY:
            add_body(c, piece);
            break;
        case WEIR_HTTP1_DONE:
            handle(c);
            c->blocked = c->stream && weir_stream_queued(c->stream) > WEIR__HTTP_QUEUE_HIGH;
            break;
        case WEIR_HTTP1_BAD:
            c->server->counts.bad++;
            weir__http_refuse(c, c->req->http.status, c->req->http.problem, NULL, 0, false);
            break;
        }
    }
}

/* Nothing more will come, and all that came was looked at. */
static void end_if_over(weir__http_conn *c)
{
    if (c->stream && c->peer_ended && takes_requests(c)) {
        weir__http_finish(c);
    }
}

void weir__http_go_on(weir__http_conn *c)
{
    weir_sv in = weir_buf_view(&c->pending);
    c->busy = true;
    take_requests(c, &in);
    c->busy = false;
    if (!c->stream) {
        free_if_gone(c);
        return;
    }
    if (in.n > 0) {
        memmove(c->pending.p, in.p, in.n);
    }
    c->pending.n = in.n;
    if (in.n == 0) {
        trim(&c->pending);
    }
    if (c->paused && c->pending.n < WEIR__HTTP_PENDING_MAX / 2) {
        c->paused = false;
        weir_stream_resume(c->stream);
    }
    end_if_over(c);
}

static void on_data(void *ctx, weir_stream *stream, const char *p, size_t n)
{
    weir__http_conn *c = ctx;
    weir_sv in = weir_sv_of(p, n);
    if (c->phase == WEIR__HTTP_ENDING) {
        return;
    }
    if (c->pending.n == 0) {
        c->busy = true;
        take_requests(c, &in);
        c->busy = false;
        if (!c->stream) {
            free_if_gone(c);
            return;
        }
    }
    if (c->phase != WEIR__HTTP_ENDING) {
        weir_buf_sv(&c->pending, in);
        if (c->pending.n >= WEIR__HTTP_PENDING_MAX) {
            c->paused = true;
            weir_stream_pause(stream);
        }
    }
}

static void tell_gone(weir_http_req *r)
{
    if (r->gone) {
        void (*gone)(void *ctx, weir_http_req *r) = r->gone;
        r->gone = NULL;
        gone(r->ctx, r);
    }
}

static void on_ended(void *ctx, weir_stream *stream)
{
    weir__http_conn *c = ctx;
    (void)stream;
    c->peer_ended = true;
    if (c->phase == WEIR__HTTP_STREAMING) {
        tell_gone(c->req);
    } else if (c->pending.n == 0) {
        end_if_over(c);
    }
}

static void on_drained(void *ctx, weir_stream *stream)
{
    weir__http_conn *c = ctx;
    (void)stream;
    c->sending = false;
    if (c->blocked) {
        c->blocked = false;
        weir__http_soon(c);
    }
    if (c->phase == WEIR__HTTP_STREAMING && c->req->drained) {
        c->req->drained(c->req->ctx, c->req);
    }
}

static void on_closed(void *ctx, weir_stream *stream, const weir_status *why)
{
    weir__http_conn *c = ctx;
    weir_http_req *r = c->phase == WEIR__HTTP_STREAMING ? c->req : NULL;
    (void)stream;
    (void)why;
    leave_server(c);
    if (r) {
        tell_gone(r);
    }
}

static const weir_stream_events events = {
    .data = on_data, .ended = on_ended, .drained = on_drained, .closed = on_closed};

void weir__http_accept(void *ctx, weir_stream *stream)
{
    weir_http_server *s = ctx;
    weir__http_conn *c = weir_zalloc(sizeof *c);
    c->server = s;
    c->stream = stream;
    c->next = s->conns;
    c->link = &s->conns;
    if (c->next) {
        c->next->link = &c->next;
    }
    s->conns = c;
    s->counts.connections++;
    c->req = req_new(c);
    enter(c, WEIR__HTTP_HEAD);
    weir_stream_own(stream, &events, c);
}

void weir__http_answered(weir_http_req *r, bool keep)
{
    weir__http_conn *c = r->conn;
    if (!c) {
        weir__http_req_free(r);
        return;
    }
    bool stays = keep && !c->server->draining && !(c->peer_ended && c->pending.n == 0 && !c->busy);
    req_reset(r);
    if (!stays) {
        weir__http_finish(c);
        return;
    }
    enter(c, WEIR__HTTP_IDLE);
    if (!c->busy && c->pending.n > 0) {
        weir__http_soon(c);
    }
}

/* Whether `bytes` since `since_ns` are fewer than the rate asks for. */
static bool is_late(const weir_http_server *s, int64_t now_ns, int64_t since_ns, uint64_t bytes)
{
    uint64_t allowed_ms = s->spec.grace_ms + bytes * 1000 / s->spec.rate_min;
    return (uint64_t)(now_ns - since_ns) / 1000000 > allowed_ms;
}

void weir__http_check(weir__http_conn *c, int64_t now_ns)
{
    weir_http_server *s = c->server;
    uint64_t ms = (uint64_t)(now_ns - c->since_ns) / 1000000;
    if (weir_stream_queued(c->stream) == 0) {
        c->sending = false;
    } else if (!c->sending) {
        c->sending = true;
        c->send_ns = now_ns;
        c->send_mark = weir_stream_sent(c->stream);
    } else if (is_late(s, now_ns, c->send_ns, weir_stream_sent(c->stream) - c->send_mark)) {
        weir_http_req *r = c->phase == WEIR__HTTP_STREAMING ? c->req : NULL;
        s->counts.late++;
        weir__http_drop(c);
        if (r) {
            tell_gone(r);
        }
        return;
    }
    switch (c->phase) {
    case WEIR__HTTP_IDLE:
        if (ms > s->spec.idle_ms && !c->blocked) {
            weir__http_finish(c);
        }
        break;
    case WEIR__HTTP_HEAD:
        if (ms > s->spec.head_ms) {
            s->counts.late++;
            if (weir_http1_begun(&c->req->http)) {
                weir__http_refuse(c, 408, "the request did not come in time", NULL, 0, false);
            } else {
                weir__http_finish(c);
            }
        }
        break;
    case WEIR__HTTP_BODY:
        if (is_late(s, now_ns, c->since_ns, c->body_bytes)) {
            s->counts.late++;
            weir__http_refuse(c, 408, "the body comes too slowly", NULL, 0, false);
        }
        break;
    case WEIR__HTTP_HANDLING:
    case WEIR__HTTP_STREAMING:
    case WEIR__HTTP_ENDING:
        break;
    }
}
