/* A server for tests/http/run: routes that do what their names say.
 *
 * usage: http_peer NAME=VALUE…   the names are those of the table below; prints the port and serves until
 * its standard input ends, then prints the counts
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "connectors/http_server.h"
#include "engine/base/alloc.h"
#include "engine/base/log.h"

typedef struct peer {
    weir_loop *loop;
    weir_http_server *server;
    weir_http_server_spec spec;
    weir_tls_spec tls;
    const char *origins[1], *hosts[1];
    int gone; /* streams whose client has left */
} peer;

static void hello(void *ctx, weir_http_req *r)
{
    (void)ctx;
    weir_http_reply(r, 200, "text/plain", WEIR_SV("hello\n"), NULL, 0);
}

static void event(void *ctx, weir_http_req *r)
{
    (void)ctx;
    weir_http_reply(r, weir_http_body(r).n > 0 ? 201 : 400, NULL, (weir_sv){0}, NULL, 0);
}

static void echo(void *ctx, weir_http_req *r)
{
    (void)ctx;
    weir_sv type;
    weir_sv body = weir_http_body(r);
    char name[64] = "application/octet-stream";
    if (weir_http_header(r, "content-type", &type) && type.n < sizeof name) {
        memcpy(name, type.p, type.n);
        name[type.n] = '\0';
    }
    for (int i = 0; i < 64; i++) { /* what the header promises to readers of JSON */
        WEIR_ASSERT(body.p[body.n + (uint32_t)i] == 0);
    }
    weir_http_reply(r, 200, name, body, NULL, 0);
}

static void info(void *ctx, weir_http_req *r)
{
    (void)ctx;
    weir_buf out = {0};
    weir_sv name;
    weir_sv value;
    uint32_t at = 0;
    weir_buf_printf(&out, "method " WEIR_SV_FMT "\npath " WEIR_SV_FMT "\nremote %s\nsubject %s\ntls %d\n",
                    WEIR_SV_ARG(weir_http_method(r)), WEIR_SV_ARG(weir_http_path(r)),
                    weir_http_remote(r), weir_http_subject(r), weir_http_is_tls(r));
    while (weir_http_next_param(r, &at, &name, &value)) {
        weir_buf_printf(&out, "param " WEIR_SV_FMT "=" WEIR_SV_FMT "\n", WEIR_SV_ARG(name),
                        WEIR_SV_ARG(value));
    }
    if (weir_http_param(r, "b", &value)) {
        weir_buf_printf(&out, "b is " WEIR_SV_FMT "\n", WEIR_SV_ARG(value));
    }
    for (uint32_t i = 0; i < weir_http_n_headers(r); i++) {
        weir_http_header_at(r, i, &name, &value);
        weir_buf_printf(&out, "header " WEIR_SV_FMT "=" WEIR_SV_FMT "\n", WEIR_SV_ARG(name),
                        WEIR_SV_ARG(value));
    }
    static const weir_http_pair extra[] = {{"X-Good", "yes"}, {"X-Bad", "a\r\nX-Worse: b"}};
    weir_http_reply(r, 200, "text/plain", weir_buf_view(&out), extra, 2);
    weir_buf_deinit(&out);
}

static void busy(void *ctx, weir_http_req *r)
{
    (void)ctx;
    weir_http_reply_busy(r, 429, 7, "too \"many\"");
}

static void big(void *ctx, weir_http_req *r)
{
    (void)ctx;
    weir_sv n;
    size_t bytes = weir_http_param(r, "n", &n) ? strtoul(n.p, NULL, 10) : 0;
    char *body = calloc(1, bytes + 1);
    weir_http_reply(r, 200, "text/plain", weir_sv_of(body, bytes), NULL, 0);
    free(body);
}

/* A request that is answered later, in steps. */
typedef struct later {
    peer *p;
    weir_http_req *r;
    weir_timer *timer;
    int left;
    bool gone;
} later;

static void later_end(later *l)
{
    weir_timer_stop(l->timer);
    weir_free(l);
}

static uint64_t ms_of(weir_http_req *r)
{
    weir_sv ms;
    return weir_http_param(r, "ms", &ms) ? strtoul(ms.p, NULL, 10) : 1;
}

static later *later_new(peer *p, weir_http_req *r, void (*call)(void *ctx))
{
    later *l = weir_zalloc(sizeof *l);
    l->p = p;
    l->r = r;
    l->left = 3;
    l->timer = weir_timer_once(p->loop, ms_of(r), call, l);
    return l;
}

static void answer_now(void *ctx)
{
    later *l = ctx;
    weir_http_reply(l->r, 200, "text/plain", WEIR_SV("later\n"), NULL, 0);
    later_end(l);
}

static void slow(void *ctx, weir_http_req *r)
{
    later_new(ctx, r, answer_now);
}

static void client_gone(void *ctx, weir_http_req *r)
{
    later *l = ctx;
    (void)r;
    l->gone = true;
    l->p->gone++;
}

static void next_piece(void *ctx)
{
    later *l = ctx;
    if (l->gone || l->left-- == 0) {
        weir_http_end(l->r, true);
        later_end(l);
        return;
    }
    char text[32];
    int n = snprintf(text, sizeof text, "piece %d\n", l->left);
    weir_http_send(l->r, weir_sv_of(text, (size_t)n));
    weir_timer_arm(l->timer, ms_of(l->r));
}

static void pieces(void *ctx, weir_http_req *r)
{
    later *l = later_new(ctx, r, next_piece);
    weir_http_begin(r, 200, "text/plain", NULL, 0, NULL, client_gone, l);
}

static void break_off(void *ctx, weir_http_req *r)
{
    (void)ctx;
    weir_http_begin(r, 200, "text/plain", NULL, 0, NULL, NULL, NULL);
    weir_http_send(r, WEIR_SV("half"));
    weir_http_end(r, false);
}

/* Sends until the client does not keep up; goes on when it does; 100 MB. */
static void flood_on(void *ctx, weir_http_req *r)
{
    later *l = ctx;
    static char block[65536];
    while (!l->gone && l->left > 0 && weir_http_send(r, weir_sv_of(block, sizeof block))) {
        l->left--;
    }
    if (l->left == 0 && !l->gone) {
        weir_http_end(r, true);
        later_end(l);
    }
}

static void flood_gone(void *ctx, weir_http_req *r)
{
    later *l = ctx;
    l->p->gone++;
    weir_http_end(r, true);
    later_end(l);
}

static void flood(void *ctx, weir_http_req *r)
{
    later *l = weir_zalloc(sizeof *l);
    l->p = ctx;
    l->r = r;
    l->left = 1600;
    weir_http_begin(r, 200, "text/plain", NULL, 0, flood_on, flood_gone, l);
    flood_on(l, r);
}

static void drain(void *ctx, weir_http_req *r)
{
    peer *p = ctx;
    weir_http_server_drain(p->server);
    weir_http_reply(r, 200, "text/plain", WEIR_SV("bye\n"), NULL, 0);
}

static void error_body(void *ctx, weir_buf *out, int32_t status, const char *message)
{
    (void)ctx;
    weir_buf_printf(out, "own %d %s", status, message);
}

static const weir_http_route routes[] = {
    {.method = "GET", .path = "/hello", .call = hello},
    {.method = "POST", .path = "/event", .call = event},
    {.method = "POST", .path = "/echo", .call = echo},
    {.method = "PUT", .path = "/echo", .call = echo},
    {.method = "POST", .path = "/small", .call = echo, .body_max = 10},
    {.method = "GET", .path = "/info", .call = info},
    {.method = "GET", .path = "/info/*", .call = info},
    {.method = "GET", .path = "/info/a/*", .call = hello},
    {.method = "GET", .path = "/busy", .call = busy},
    {.method = "GET", .path = "/big", .call = big},
    {.method = "GET", .path = "/slow", .call = slow},
    {.method = "GET", .path = "/pieces", .call = pieces},
    {.method = "GET", .path = "/break", .call = break_off},
    {.method = "GET", .path = "/flood", .call = flood},
    {.method = "GET", .path = "/drain", .call = drain},
};

static bool set_text(peer *p, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **to;
    } texts[] = {
        {"listen", &p->spec.listen}, {"cert", &p->tls.cert_file}, {"key", &p->tls.key_file},
        {"ca", &p->tls.ca_file},     {"origin", &p->origins[0]},  {"host", &p->hosts[0]},
    };
    for (size_t i = 0; i < WEIR_COUNT(texts); i++) {
        if (strcmp(texts[i].name, name) == 0) {
            *texts[i].to = value;
            return true;
        }
    }
    return false;
}

static bool set_number(peer *p, const char *name, const char *value)
{
    weir_http_server_spec *s = &p->spec;
    uint32_t n = (uint32_t)strtoul(value, NULL, 10);
    const struct {
        const char *name;
        uint32_t *to;
    } numbers[] = {
        {"connections_max", &s->connections_max}, {"per_address_max", &s->per_address_max},
        {"head_ms", &s->head_ms},                 {"idle_ms", &s->idle_ms},
        {"grace_ms", &s->grace_ms},               {"rate_min", &s->rate_min},
    };
    for (size_t i = 0; i < WEIR_COUNT(numbers); i++) {
        if (strcmp(numbers[i].name, name) == 0) {
            *numbers[i].to = n;
            return true;
        }
    }
    if (strcmp(name, "body_max") == 0) {
        s->body_max = n;
    } else if (strcmp(name, "out_max") == 0) {
        s->out_max = n;
    } else if (strcmp(name, "insecure") == 0) {
        s->insecure = n;
    } else if (strcmp(name, "authenticates") == 0) {
        s->authenticates = n;
    } else if (strcmp(name, "own_errors") == 0) {
        s->error_body = error_body;
        s->error_content_type = "text/plain";
    } else {
        return false;
    }
    return true;
}

static void stdin_ready(void *ctx, uint32_t events)
{
    peer *p = ctx;
    char byte;
    (void)events;
    if (read(0, &byte, 1) <= 0) {
        weir_loop_stop(p->loop);
    }
}

static int fail(peer *p, weir_tls *tls, const weir_status *st)
{
    fprintf(stderr, "%s\n", st->msg);
    weir_tls_free(tls);
    weir_http_server_close(p->server);
    weir_loop_free(p->loop);
    return 1;
}

int main(int argc, char **argv)
{
    peer p = {.spec.listen = "127.0.0.1:0", .loop = weir_loop_new()};
    weir_status st = {0};
    weir_tls *tls = NULL;
    for (int i = 1; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals) {
            return 2;
        }
        *equals = '\0';
        if (!set_text(&p, argv[i], equals + 1) && !set_number(&p, argv[i], equals + 1)) {
            return 2;
        }
    }
    p.spec.origins = p.origins;
    p.spec.n_origins = p.origins[0] != NULL;
    p.spec.hosts = p.hosts;
    p.spec.n_hosts = p.hosts[0] != NULL;
    if (p.tls.cert_file) {
        p.tls.alpn = "http/1.1";
        if (weir_tls_server(&p.tls, &tls, &st) != WEIR_OK) {
            return fail(&p, tls, &st);
        }
        p.spec.tls = tls;
    }
    if (weir_http_server_open(p.loop, &p.spec, &p.server, &st) != WEIR_OK) {
        return fail(&p, tls, &st);
    }
    for (size_t i = 0; i < WEIR_COUNT(routes); i++) {
        weir_http_route route = routes[i];
        route.ctx = &p;
        if (weir_http_route_add(p.server, &route, &st) != WEIR_OK) {
            return fail(&p, tls, &st);
        }
    }
    weir_tls_free(tls);
    weir_watch_start(p.loop, 0, WEIR_WATCH_READ, stdin_ready, &p);
    printf("%u\n", weir_http_server_port(p.server));
    fflush(stdout);
    weir_loop_run(p.loop);
    weir_http_counts n = weir_http_server_counts(p.server);
    printf("{\"connections\":%u,\"requests\":%llu,\"bad\":%llu,\"late\":%llu,\"refused\":%llu,"
           "\"gone\":%d}\n",
           n.connections, (unsigned long long)n.requests, (unsigned long long)n.bad,
           (unsigned long long)n.late, (unsigned long long)n.refused, p.gone);
    weir_http_server_close(p.server);
    weir_loop_free(p.loop);
    return 0;
}
