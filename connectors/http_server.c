/* Opening and closing, routes, and one timer that looks at all connections: a deadline costs nothing
 * per request. */
#include "connectors/http_server_impl.h"

#include "engine/base/alloc.h"

#define CONNECTIONS_MAX 1000
#define HEAD_MS 10000
#define IDLE_MS 60000
#define GRACE_MS 10000
#define RATE_MIN 1000
#define TICK_MS_MIN 10
#define TICK_MS_MAX 500

static void fill_in(weir_http_server_spec *spec)
{
    spec->connections_max = spec->connections_max ? spec->connections_max : CONNECTIONS_MAX;
    spec->body_max = spec->body_max ? spec->body_max : WEIR_HTTP_REQUEST_BODY_MAX;
    spec->out_max = spec->out_max ? spec->out_max : WEIR_STREAM_OUT_MAX;
    spec->head_ms = spec->head_ms ? spec->head_ms : HEAD_MS;
    spec->idle_ms = spec->idle_ms ? spec->idle_ms : IDLE_MS;
    spec->grace_ms = spec->grace_ms ? spec->grace_ms : GRACE_MS;
    spec->rate_min = spec->rate_min ? spec->rate_min : RATE_MIN;
}

static void tick(void *ctx)
{
    weir_http_server *s = ctx;
    int64_t now = weir_mono_ns();
    for (weir__http_conn *c = s->conns; c;) {
        weir__http_conn *next = c->next;
        weir__http_check(c, now);
        c = next;
    }
}

static uint64_t tick_ms(const weir_http_server_spec *spec)
{
    uint32_t least = spec->head_ms < spec->idle_ms ? spec->head_ms : spec->idle_ms;
    least = (least < spec->grace_ms ? least : spec->grace_ms) / 4;
    return least < TICK_MS_MIN ? TICK_MS_MIN : least > TICK_MS_MAX ? TICK_MS_MAX : least;
}

void weir__http_soon(weir__http_conn *c)
{
    weir_http_server *s = c->server;
    if (c->ready_link) {
        return;
    }
    if (!s->ready) {
        weir_timer_arm(s->soon, 0);
    }
    c->next_ready = s->ready;
    c->ready_link = &s->ready;
    if (c->next_ready) {
        c->next_ready->ready_link = &c->next_ready;
    }
    s->ready = c;
}

static void soon(void *ctx)
{
    weir_http_server *s = ctx;
    weir__http_conn *todo = s->ready;
    s->ready = NULL;
    if (todo) {
        todo->ready_link = &todo;
    }
    while (todo) {
        weir__http_conn *c = todo;
        todo = c->next_ready;
        if (todo) {
            todo->ready_link = &todo;
        }
        c->ready_link = NULL;
        weir__http_go_on(c);
    }
}

weir_rc weir_http_server_open(weir_loop *l, const weir_http_server_spec *spec,
                              weir_http_server **out, weir_status *st)
{
    bool guarded = spec->tls && spec->authenticates;
    bool is_local;
    WEIR_TRY(weir_address_check(spec->listen, &is_local, st));
    if (!spec->insecure && !guarded && !is_local) {
        weir_fail(st, WEIR_EUSAGE, "\"%s\" can be reached from other machines, without %s",
                  spec->listen, spec->tls ? "authentication" : "TLS and authentication");
        return weir_hint(st, "listen on 127.0.0.1, or allow it explicitly");
    }
    weir_http_server *s = weir_zalloc(sizeof *s);
    s->loop = l;
    s->spec = *spec;
    s->date_s = -1;
    fill_in(&s->spec);
    weir_listener_spec at = {.address = spec->listen,
                             .tls = spec->tls,
                             .streams_max = s->spec.connections_max,
                             .per_address_max = s->spec.per_address_max,
                             .open_ms = s->spec.head_ms,
                             .out_max = s->spec.out_max};
    weir_rc rc = weir_listener_open(l, &at, weir__http_accept, s, &s->listener, st);
    if (rc != WEIR_OK) {
        weir_free(s);
        return rc;
    }
    s->spec.listen = NULL; /* were only borrowed for the call */
    s->spec.tls = NULL;
    s->tick = weir_timer_start(l, tick_ms(&s->spec), tick, s);
    s->soon = weir_timer_once(l, 0, soon, s);
    *out = s;
    return WEIR_OK;
}

void weir_http_server_close(weir_http_server *s)
{
    if (!s) {
        return;
    }
    weir_listener_close(s->listener);
    weir_timer_stop(s->tick);
    weir_timer_stop(s->soon);
    while (s->conns) {
        WEIR_ASSERT(!s->conns->busy); /* a handler must not close its server */
        weir__http_drop(s->conns);
    }
    weir_free(s->routes);
    weir_buf_deinit(&s->head);
    weir_buf_deinit(&s->text);
    weir_free(s);
}

void weir_http_server_drain(weir_http_server *s)
{
    s->draining = true;
    weir_listener_close(s->listener);
    s->listener = NULL;
    for (weir__http_conn *c = s->conns; c;) {
        weir__http_conn *next = c->next;
        if (c->phase == WEIR__HTTP_IDLE && c->pending.n == 0) {
            weir__http_finish(c);
        }
        c = next;
    }
}

uint16_t weir_http_server_port(const weir_http_server *s)
{
    return s->listener ? weir_listener_port(s->listener) : 0;
}

void weir_http_server_renew(weir_http_server *s, const weir_tls *tls)
{
    if (s->listener) {
        weir_listener_renew(s->listener, tls);
    }
}

static bool is_quiet(const weir__http_conn *c, int64_t left_by_ns)
{
    switch (c->phase) {
    case WEIR__HTTP_HANDLING:
    case WEIR__HTTP_STREAMING:
        return false;
    case WEIR__HTTP_ENDING:
        return weir_stream_queued(c->stream) == 0 && c->since_ns < left_by_ns;
    case WEIR__HTTP_IDLE:
    case WEIR__HTTP_HEAD:
    case WEIR__HTTP_BODY:
        return weir_stream_queued(c->stream) == 0 && c->pending.n == 0;
    }
    return true;
}

bool weir_http_server_is_quiet(const weir_http_server *s, int64_t leave_ns)
{
    int64_t left_by_ns = weir_mono_ns() - leave_ns;
    for (const weir__http_conn *c = s->conns; c; c = c->next) {
        if (!is_quiet(c, left_by_ns)) {
            return false;
        }
    }
    return true;
}

weir_http_counts weir_http_server_counts(const weir_http_server *s)
{
    weir_http_counts counts = s->counts;
    counts.refused = s->listener ? weir_listener_refused(s->listener) : 0;
    return counts;
}

static bool is_below(weir_sv path, const char *pattern, size_t *length)
{
    size_t n = strlen(pattern);
    *length = n;
    return n >= 2 && pattern[n - 1] == '*' && pattern[n - 2] == '/' &&
           weir_sv_starts(path, weir_sv_of(pattern, n - 1));
}

static bool same_method(const char *method, weir_sv asked)
{
    return weir_sv_eq(weir_sv_cstr(method), asked) ||
           (weir_sv_eq(asked, WEIR_SV("HEAD")) && strcmp(method, "GET") == 0);
}

/* The route of exactly that path, or that of the longest path above it. */
const weir_http_route *weir__http_find(const weir_http_server *s, weir_sv method, weir_sv path,
                                       bool *path_known)
{
    const weir_http_route *best = NULL;
    size_t best_n = 0;
    *path_known = false;
    for (size_t i = 0; i < s->n_routes; i++) {
        const weir_http_route *r = &s->routes[i];
        size_t n;
        bool exact = weir_sv_eq(weir_sv_cstr(r->path), path);
        if (!exact && !is_below(path, r->path, &n)) {
            continue;
        }
        *path_known = true;
        if (!same_method(r->method, method)) {
            continue;
        }
        n = exact ? SIZE_MAX : n;
        if (n > best_n) {
            best = r;
            best_n = n;
        }
    }
    return best;
}

void weir__http_methods(const weir_http_server *s, weir_sv path, weir_buf *out)
{
    weir_buf_str(out, "OPTIONS");
    for (size_t i = 0; i < s->n_routes; i++) {
        const weir_http_route *r = &s->routes[i];
        size_t n;
        if (weir_sv_eq(weir_sv_cstr(r->path), path) || is_below(path, r->path, &n)) {
            weir_buf_str(out, ", ");
            weir_buf_str(out, r->method);
            weir_buf_str(out, strcmp(r->method, "GET") == 0 ? ", HEAD" : "");
        }
    }
}

weir_rc weir_http_route_add(weir_http_server *s, const weir_http_route *route, weir_status *st)
{
    for (size_t i = 0; i < s->n_routes; i++) {
        const weir_http_route *r = &s->routes[i];
        if (strcmp(r->method, route->method) == 0 && strcmp(r->path, route->path) == 0) {
            return weir_fail(st, WEIR_EEXISTS, "%s %s is taken already", route->method, route->path);
        }
    }
    WEIR_GROW(s->routes, s->cap_routes, s->n_routes + 1);
    s->routes[s->n_routes++] = *route;
    return WEIR_OK;
}

void weir_http_route_remove(weir_http_server *s, const char *method, const char *path)
{
    for (size_t i = 0; i < s->n_routes; i++) {
        weir_http_route *r = &s->routes[i];
        if (strcmp(r->method, method) == 0 && strcmp(r->path, path) == 0) {
            memmove(r, r + 1, (--s->n_routes - i) * sizeof *r);
            return;
        }
    }
}
