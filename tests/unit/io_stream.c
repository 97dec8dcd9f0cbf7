/* Streams and listeners with real sockets of this machine: both ends live on one loop. */
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/io/stream.h"
#include "tests/support/dir.h"

#define DEADLINE_MS 20000

typedef struct world world;

/* One end of a connection and what it has heard. */
typedef struct end {
    world *w;
    weir_stream *s; /* NULL: gone */
    weir_buf got;
    int opened, ended, drained, closed;
    weir_rc why;
    char reason[256];
    bool echo;
    bool finish_at_end; /* when the peer ends */
    bool close_at_data, close_at_open;
    size_t stop_at; /* bytes got after which the loop is stopped */
    bool stop_at_close;
} end;

struct world {
    weir_loop *loop;
    weir_listener *listener;
    end client, server; /* the last one accepted */
    int accepted;
    bool refuse;
    bool timed_out;
    bool unix_path;
    char address[600];
};

static void on_opened(void *ctx, weir_stream *s)
{
    end *e = ctx;
    e->opened++;
    if (e->close_at_open) {
        weir_stream_close(s);
        e->s = NULL;
        weir_loop_stop(e->w->loop);
    }
}

static void on_data(void *ctx, weir_stream *s, const char *p, size_t n)
{
    end *e = ctx;
    assert_true(n > 0 && n <= 65536);
    weir_buf_add(&e->got, p, n);
    if (e->echo) {
        assert_true(weir_stream_write(s, p, n));
    }
    if (e->close_at_data) {
        weir_stream_close(s);
        e->s = NULL;
    }
    if (e->stop_at && e->got.n >= e->stop_at) {
        weir_loop_stop(e->w->loop);
    }
}

static void on_ended(void *ctx, weir_stream *s)
{
    end *e = ctx;
    e->ended++;
    if (e->finish_at_end) {
        weir_stream_finish(s);
    }
}

static void on_drained(void *ctx, weir_stream *s)
{
    end *e = ctx;
    assert_int_equal(weir_stream_queued(s), 0);
    e->drained++;
}

static void on_closed(void *ctx, weir_stream *s, const weir_status *why)
{
    end *e = ctx;
    (void)s;
    e->closed++;
    e->why = why->rc;
    memcpy(e->reason, why->msg, sizeof e->reason - 1);
    e->s = NULL;
    if (e->stop_at_close) {
        weir_loop_stop(e->w->loop);
    }
}

static const weir_stream_events events = {on_opened, on_data, on_ended, on_drained, on_closed};
static const weir_stream_events plain_events = {.data = on_data, .closed = on_closed};

static void on_accepted(void *ctx, weir_stream *s)
{
    world *w = ctx;
    w->accepted++;
    if (w->refuse) {
        return;
    }
    w->server.s = s;
    weir_stream_own(s, &events, &w->server);
}

static void too_late(void *ctx)
{
    world *w = ctx;
    w->timed_out = true;
    weir_loop_stop(w->loop);
}

static void world_init(world *w)
{
    *w = (world){.loop = weir_loop_new()};
    w->client.w = w;
    w->server.w = w;
}

static void listen_on(world *w, const weir_listener_spec *spec)
{
    weir_status st = {0};
    assert_ok(weir_listener_open(w->loop, spec, on_accepted, w, &w->listener, &st), &st);
}

static void connect_to(world *w, const weir_tls *tls, const char *name)
{
    weir_stream_spec spec = {.host = "127.0.0.1",
                             .port = weir_listener_port(w->listener),
                             .tls = tls,
                             .server_name = name};
    w->client.s = weir_stream_connect(w->loop, &spec, &events, &w->client);
}

static void run(world *w)
{
    weir_timer *t = weir_timer_once(w->loop, DEADLINE_MS, too_late, w);
    weir_loop_run(w->loop);
    weir_timer_stop(t);
    assert_false(w->timed_out);
}

static void world_deinit(world *w)
{
    weir_stream_close(w->client.s);
    weir_stream_close(w->server.s);
    weir_listener_close(w->listener);
    weir_loop_free(w->loop);
    weir_buf_deinit(&w->client.got);
    weir_buf_deinit(&w->server.got);
}

/* The client sends `n` bytes, gets them back, ends; the server ends, too. */
static void echo(world *w, size_t n)
{
    weir_buf text = {0};
    for (size_t i = 0; i < n; i++) {
        weir_buf_byte(&text, (char)(i * 31 >> 3));
    }
    w->server.echo = true;
    w->server.finish_at_end = true;
    w->client.stop_at = n;
    assert_true(weir_stream_write(w->client.s, text.p, n / 3));
    assert_true(weir_stream_write(w->client.s, text.p + n / 3, n - n / 3));
    run(w);
    assert_int_equal(w->client.opened, 1);
    assert_int_equal(w->accepted, 1);
    assert_int_equal(w->client.got.n, n);
    assert_memory_equal(w->client.got.p, text.p, n);
    assert_true(w->client.drained > 0);
    assert_string_equal(weir_stream_peer_host(w->server.s), w->unix_path ? "unix" : "127.0.0.1");
    w->client.stop_at = 0;
    w->client.stop_at_close = true;
    weir_stream_finish(w->client.s);
    run(w);
    assert_int_equal(w->client.closed, 1);
    assert_int_equal(w->client.why, WEIR_OK);
    assert_int_equal(w->server.ended, 1);
    weir_buf_deinit(&text);
}

static void bytes_come_back_over_tcp(void **state)
{
    (void)state;
    world w;
    world_init(&w);
    listen_on(&w, &(weir_listener_spec){.address = "127.0.0.1:0"});
    connect_to(&w, NULL, NULL);
    echo(&w, 3 << 20);
    world_deinit(&w);
}

static void bytes_come_back_over_a_unix_socket(void **state)
{
    (void)state;
    world w;
    char *dir = test_dir_new();
    world_init(&w);
    char path[512];
    snprintf(path, sizeof path, "%s/socket", dir);
    snprintf(w.address, sizeof w.address, "unix:%s", path);
    listen_on(&w, &(weir_listener_spec){.address = w.address});
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    weir_stream_spec spec = {.unix_path = path};
    w.unix_path = true;
    w.client.s = weir_stream_connect(w.loop, &spec, &events, &w.client);
    echo(&w, 100000);
    world_deinit(&w);
    assert_int_not_equal(access(path, F_OK), 0);
    test_dir_remove(dir);
}


static void nobody_listens(void **state)
{
    (void)state;
    world w;
    world_init(&w);
    listen_on(&w, &(weir_listener_spec){.address = "127.0.0.1:0"});
    uint16_t port = weir_listener_port(w.listener);
    weir_listener_close(w.listener);
    w.listener = NULL;
    weir_stream_spec spec = {.host = "localhost", .port = port};
    w.client.s = weir_stream_connect(w.loop, &spec, &events, &w.client);
    w.client.stop_at_close = true;
    run(&w);
    assert_int_equal(w.client.why, WEIR_ECONNECT);
    assert_non_null(strstr(w.client.reason, "cannot connect to localhost"));
    assert_int_equal(w.client.opened, 0);
    char path[200];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    spec = (weir_stream_spec){.unix_path = path};
    w.client.s = weir_stream_connect(w.loop, &spec, &events, &w.client);
    run(&w);
    assert_non_null(strstr(w.client.reason, "too long"));
    assert_int_equal(w.client.closed, 2);
    world_deinit(&w);
}

static void what_is_left_is_closed_with_the_loop(void **state)
{
    (void)state;
    for (int turns = 0; turns < 2; turns++) {
        world w;
        world_init(&w);
        listen_on(&w, &(weir_listener_spec){.address = "127.0.0.1:0"});
        connect_to(&w, NULL, NULL);
        weir_stream_write(w.client.s, "abc", 3);
        w.server.stop_at = 3;
        if (turns) {
            run(&w);
        }
        weir_stream_spec spec = {.host = "localhost", .port = 1};
        weir_stream_connect(w.loop, &spec, &events, &w.client);
        weir_loop_free(w.loop);
        assert_int_equal(w.client.closed + w.server.closed, 0);
        weir_buf_deinit(&w.server.got);
    }
}

static void streams_close_wherever_they_are(void **state)
{
    (void)state;
    world w;
    world_init(&w);
    listen_on(&w, &(weir_listener_spec){.address = "127.0.0.1:0"});
    connect_to(&w, NULL, NULL);
    weir_stream_close(w.client.s); /* before anything has happened */
    connect_to(&w, NULL, NULL);
    w.client.close_at_open = true;
    run(&w);
    w.client.close_at_open = false;
    connect_to(&w, NULL, NULL);
    weir_stream_write(w.client.s, "abc", 3);
    w.server.close_at_data = true;
    w.client.stop_at_close = true;
    w.client.finish_at_end = true;
    run(&w);
    assert_int_equal(w.client.closed, 1);
    assert_int_equal(w.server.got.n, 3);
    world_deinit(&w);
}

static void a_queue_has_a_ceiling(void **state)
{
    (void)state;
    world w;
    char bytes[1000] = {0};
    world_init(&w);
    listen_on(&w, &(weir_listener_spec){.address = "127.0.0.1:0"});
    weir_stream_spec spec = {
        .host = "127.0.0.1", .port = weir_listener_port(w.listener), .out_max = 1000};
    w.client.s = weir_stream_connect(w.loop, &spec, &events, &w.client);
    assert_true(weir_stream_write(w.client.s, bytes, 999));
    assert_false(weir_stream_write(w.client.s, bytes, 2));
    assert_true(weir_stream_write(w.client.s, bytes, 1));
    weir_buf more = {0};
    weir_buf_byte(&more, 'x');
    assert_false(weir_stream_take(w.client.s, &more));
    assert_int_equal(more.n, 0);
    assert_int_equal(weir_stream_queued(w.client.s), 1000);
    w.server.stop_at = 1000;
    run(&w);
    assert_int_equal(weir_stream_queued(w.client.s), 0);
    assert_int_equal(weir_stream_sent(w.client.s), 1000);
    weir_buf_str(&more, "taken");
    assert_true(weir_stream_take(w.client.s, &more));
    w.server.stop_at = 1005;
    run(&w);
    weir_buf_deinit(&more);
    world_deinit(&w);
}

static void resume(void *ctx)
{
    world *w = ctx;
    assert_int_equal(w->server.got.n, 0);
    assert_true(weir_stream_queued(w->client.s) > 0);
    weir_stream_resume(w->server.s);
}

static void on_accepted_paused(void *ctx, weir_stream *s)
{
    on_accepted(ctx, s);
    weir_stream_pause(s);
}

static void a_paused_stream_holds_its_peer_back(void **state)
{
    (void)state;
    world w;
    weir_status st = {0};
    size_t n = 12 << 20;
    char *bytes = calloc(1, n);
    world_init(&w);
    weir_listener_spec spec = {.address = "127.0.0.1:0"};
    assert_ok(weir_listener_open(w.loop, &spec, on_accepted_paused, &w, &w.listener, &st), &st);
    connect_to(&w, NULL, NULL);
    assert_true(weir_stream_write(w.client.s, bytes, n));
    weir_timer *t = weir_timer_once(w.loop, 50, resume, &w);
    w.server.stop_at = n;
    run(&w);
    assert_int_equal(w.server.got.n, n);
    weir_timer_stop(t);
    free(bytes);
    world_deinit(&w);
}

static void who_hears_nothing_of_an_end_finishes(void **state)
{
    (void)state;
    world w;
    world_init(&w);
    listen_on(&w, &(weir_listener_spec){.address = "127.0.0.1:0"});
    connect_to(&w, NULL, NULL);
    weir_stream_own(w.client.s, &plain_events, &w.client);
    weir_stream_write(w.client.s, "x", 1);
    w.server.stop_at = 1;
    run(&w);
    weir_stream_write(w.server.s, "last words", 10);
    weir_stream_finish(w.server.s);
    assert_false(weir_stream_write(w.server.s, "y", 1));
    w.client.stop_at_close = true;
    run(&w);
    assert_sv_equal(weir_buf_view(&w.client.got), "last words");
    assert_int_equal(w.client.why, WEIR_OK);
    world_deinit(&w);
}

static void a_listener_has_its_limits(void **state)
{
    (void)state;
    const weir_listener_spec specs[] = {
        {.address = "127.0.0.1:0", .streams_max = 1},
        {.address = "127.0.0.1:0", .per_address_max = 1},
    };
    for (size_t i = 0; i < WEIR_COUNT(specs); i++) {
        world w;
        end other = {.w = &w, .stop_at_close = true, .finish_at_end = true};
        world_init(&w);
        listen_on(&w, &specs[i]);
        connect_to(&w, NULL, NULL);
        weir_stream_write(w.client.s, "x", 1);
        w.server.stop_at = 1;
        run(&w);
        weir_stream_spec spec = {.host = "127.0.0.1", .port = weir_listener_port(w.listener)};
        weir_stream_connect(w.loop, &spec, &events, &other);
        run(&w);
        assert_int_equal(w.accepted, 1);
        assert_int_equal(weir_listener_refused(w.listener), 1);
        assert_int_equal(weir_listener_streams(w.listener), 1);
        weir_stream_close(w.client.s); /* makes room */
        w.server.stop_at_close = true;
        w.server.finish_at_end = true;
        run(&w);
        assert_int_equal(weir_listener_streams(w.listener), 0);
        connect_to(&w, NULL, NULL);
        weir_stream_write(w.client.s, "yz", 2);
        w.server.stop_at = 3;
        run(&w);
        assert_int_equal(w.accepted, 2);
        world_deinit(&w);
    }
}

static void a_stream_without_an_owner_is_closed(void **state)
{
    (void)state;
    world w;
    world_init(&w);
    w.refuse = true;
    listen_on(&w, &(weir_listener_spec){.address = "127.0.0.1:0"});
    connect_to(&w, NULL, NULL);
    w.client.finish_at_end = true;
    w.client.stop_at_close = true;
    run(&w);
    assert_int_equal(w.accepted, 1);
    assert_int_equal(weir_listener_streams(w.listener), 0);
    world_deinit(&w);
}

typedef struct hog {
    int fds[256];
    int n;
} hog;

static void let_go(void *ctx)
{
    hog *h = ctx;
    while (h->n > 0) {
        close(h->fds[--h->n]);
    }
}

static void on_accepted_stop(void *ctx, weir_stream *s)
{
    world *w = ctx;
    w->accepted++;
    weir_stream_close(s);
    weir_loop_stop(w->loop);
}

static void accepting_rests_without_descriptors(void **state)
{
    (void)state;
    world w;
    hog h = {.n = 0};
    weir_status st = {0};
    struct rlimit before;
    world_init(&w);
    weir_listener_spec spec = {.address = "127.0.0.1:0"};
    assert_ok(weir_listener_open(w.loop, &spec, on_accepted_stop, &w, &w.listener, &st), &st);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(weir_listener_port(w.listener)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){200, before.rlim_max}), 0);
    while (h.n < (int)WEIR_COUNT(h.fds) && (h.fds[h.n] = open("/dev/null", O_RDONLY)) >= 0) {
        h.n++;
    }
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    weir_timer *t = weir_timer_once(w.loop, 50, let_go, &h);
    int64_t cpu = weir_cpu_ns();
    run(&w);
    assert_int_equal(w.accepted, 1);
    assert_int_equal(h.n, 0);
    assert_true(weir_cpu_ns() - cpu < 40000000); /* it did not spin */
    setrlimit(RLIMIT_NOFILE, &before);
    weir_timer_stop(t);
    close(fd);
    world_deinit(&w);
}

static void stale_sockets_are_replaced(void **state)
{
    (void)state;
    world w;
    weir_status st = {0};
    weir_listener *second = NULL;
    char *dir = test_dir_new();
    world_init(&w);
    snprintf(w.address, sizeof w.address, "unix:%s/s", dir);
    weir_listener_spec spec = {.address = w.address};
    listen_on(&w, &spec);
    assert_int_equal(weir_listener_open(w.loop, &spec, on_accepted, &w, &second, &st), WEIR_EBUSY);
    weir_listener_close(w.listener);
    /* What a killed process leaves. */
    struct sockaddr_un left = {.sun_family = AF_UNIX};
    memcpy(left.sun_path, w.address + 5, strlen(w.address + 5));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&left, sizeof left), 0);
    close(fd);
    listen_on(&w, &spec);
    weir_listener_close(w.listener);
    w.listener = NULL;
    /* A file that is no socket stays. */
    FILE *f = fopen(left.sun_path, "w");
    fclose(f);
    assert_int_equal(weir_listener_open(w.loop, &spec, on_accepted, &w, &second, &st), WEIR_EBUSY);
    assert_int_equal(access(left.sun_path, F_OK), 0);
    world_deinit(&w);
    test_dir_remove(dir);
}

static void addresses(void **state)
{
    (void)state;
    static const char *const local[] = {":80",         "127.0.0.1:80", "127.8.8.8:0",
                                        "localhost:1", "[::1]:65535",  "unix:/tmp/x"};
    static const char *const outside[] = {"*:80", "0.0.0.0:80", "[::]:80", "10.0.0.1:80",
                                          "example.org:80"};
    static const char *const wrong[] = {"",         "80",      "host",     "host:",     "host:65536",
                                        "::1:80",   "unix:",   "h:-1",     "h: 1",      "h:1x",
                                        "h:99999999999999999999", "[::1]"};
    weir_status st = {0};
    bool is_local;
    weir_loop *loop = weir_loop_new();
    for (size_t i = 0; i < WEIR_COUNT(local); i++) {
        assert_int_equal(weir_address_check(local[i], &is_local, &st), WEIR_OK);
        assert_true(is_local);
    }
    for (size_t i = 0; i < WEIR_COUNT(outside); i++) {
        assert_int_equal(weir_address_check(outside[i], &is_local, &st), WEIR_OK);
        assert_false(is_local);
    }
    for (size_t i = 0; i < WEIR_COUNT(wrong); i++) {
        weir_listener *l;
        weir_listener_spec spec = {.address = wrong[i]};
        assert_int_equal(weir_listener_open(loop, &spec, on_accepted, NULL, &l, &st), WEIR_EUSAGE);
        assert_int_equal(weir_address_check(wrong[i], &is_local, &st), WEIR_EUSAGE);
    }
    weir_loop_free(loop);
}

/* Certificates: an authority, one for "localhost" and 127.0.0.1, one for a client "ann", and another
 * authority that nobody believes. */
static char *certs;

static const char *in_certs(const char *name)
{
    static char paths[32][300];
    static int next;
    char *path = paths[next++ % 32];
    snprintf(path, sizeof paths[0], "%s/%s", certs, name);
    return path;
}

static int make_certs(void **state)
{
    (void)state;
    char command[4096];
    certs = test_dir_new();
    snprintf(command, sizeof command,
             "cd %s && exec 2>log && umask 077 && "
             "ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
             "-keyout $1.key -out $1.pem -subj /CN=$1; } && "
             "leaf() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
             "-keyout $1.key -out $1.csr -subj \"$2\" && printf '%%s' \"$3\" > $1.ext && "
             "openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
             "-extfile $1.ext -out $1.pem; } && "
             "ca ca && ca other && "
             "leaf server /CN=localhost subjectAltName=DNS:localhost,IP:127.0.0.1 && "
             "leaf ann /O=shop/CN=ann extendedKeyUsage=clientAuth && "
             "cp server.key open.key && chmod 644 open.key",
             certs);
    return system(command);
}

static int remove_certs(void **state)
{
    (void)state;
    test_dir_remove(certs);
    return 0;
}

typedef struct tls_case {
    const char *server_ca, *client_ca, *client_cert, *name;
    bool insecure;
    const char *server_alpn, *client_alpn, *agreed;
    const char *problem; /* of the client; NULL: it works */
} tls_case;

static void try_tls(const tls_case *c)
{
    world w;
    weir_status st = {0};
    weir_tls *server;
    weir_tls *client;
    world_init(&w);
    weir_tls_spec spec = {.cert_file = in_certs("server.pem"),
                          .key_file = in_certs("server.key"),
                          .ca_file = c->server_ca ? in_certs(c->server_ca) : NULL,
                          .alpn = c->server_alpn};
    assert_ok(weir_tls_server(&spec, &server, &st), &st);
    listen_on(&w, &(weir_listener_spec){.address = "127.0.0.1:0", .tls = server});
    char key[32];
    snprintf(key, sizeof key, "%s.key", c->client_cert ? c->client_cert : "");
    char cert[32];
    snprintf(cert, sizeof cert, "%s.pem", c->client_cert ? c->client_cert : "");
    spec = (weir_tls_spec){.ca_file = c->client_ca ? in_certs(c->client_ca) : NULL,
                           .cert_file = c->client_cert ? in_certs(cert) : NULL,
                           .key_file = c->client_cert ? in_certs(key) : NULL,
                           .insecure = c->insecure,
                           .alpn = c->client_alpn};
    assert_ok(weir_tls_client(&spec, &client, &st), &st);
    connect_to(&w, client, c->name);
    weir_tls_free(server); /* streams and listeners have their share */
    weir_tls_free(client);
    if (c->problem) {
        w.client.stop_at_close = true;
        w.client.finish_at_end = true;
        run(&w);
        if (!strstr(w.client.reason, c->problem)) {
            fail_msg("\"%s\" instead of \"%s\"", w.client.reason, c->problem);
        }
        assert_int_not_equal(w.client.why, WEIR_OK);
    } else {
        w.server.stop_at = 1;
        weir_stream_write(w.client.s, "?", 1);
        run(&w);
        assert_true(weir_stream_is_tls(w.server.s));
        assert_sv_equal(weir_stream_alpn(w.server.s), c->agreed ? c->agreed : "");
        assert_sv_equal(weir_stream_alpn(w.client.s), c->agreed ? c->agreed : "");
        assert_string_equal(weir_stream_peer_subject(w.server.s),
                            c->server_ca ? "CN=ann,O=shop" : "");
        assert_string_equal(weir_stream_peer_subject(w.client.s), c->insecure ? "" : "CN=localhost");
        w.server.stop_at = 0;
        weir_buf_reset(&w.server.got);
        w.accepted = 1;
        echo(&w, 1 << 20);
    }
    world_deinit(&w);
}

static void tls_works_or_says_why(void **state)
{
    (void)state;
    static const tls_case cases[] = {
        {.client_ca = "ca.pem"},
        {.client_ca = "ca.pem", .name = "localhost"},
        {.insecure = true, .name = "whatever.example"},
        {.client_ca = "ca.pem", .name = "shop.example", .problem = "hostname mismatch"},
        {.client_ca = "ca.pem", .name = "127.0.0.2", .problem = "IP address mismatch"},
        {.client_ca = "other.pem", .problem = "unable to get local issuer certificate"},
        {.problem = "unable to get local issuer certificate"},
        {.client_ca = "ca.pem", .server_ca = "ca.pem", .client_cert = "ann"},
        {.client_ca = "ca.pem", .server_ca = "ca.pem", .problem = "certificate required"},
        {.client_ca = "ca.pem", .server_ca = "ca.pem", .client_cert = "other", .problem = "alert"},
        {.client_ca = "ca.pem", .server_alpn = "h2,http/1.1", .client_alpn = "http/1.1,h2",
         .agreed = "h2"},
        {.client_ca = "ca.pem", .server_alpn = "h2", .agreed = ""},
        {.client_ca = "ca.pem", .server_alpn = "h2", .client_alpn = "http/1.1",
         .problem = "no application protocol"},
    };
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        try_tls(&cases[i]);
    }
}

static void tls_settings_are_checked(void **state)
{
    (void)state;
    weir_tls *t;
    const weir_tls_spec cases[] = {
        {.cert_file = NULL},
        {.cert_file = in_certs("server.pem"), .key_file = in_certs("open.key")},
        {.cert_file = in_certs("server.pem"), .key_file = in_certs("ann.key")},
        {.cert_file = in_certs("nowhere.pem"), .key_file = in_certs("server.key")},
        {.cert_file = in_certs("server.key"), .key_file = in_certs("server.key")},
        {.cert_file = in_certs("server.pem"), .key_file = in_certs("server.key"), .alpn = "h2,,x"},
        {.cert_file = in_certs("server.pem"),
         .key_file = in_certs("server.key"),
         .ca_file = in_certs("server.key")},
    };
    static const char *const problems[] = {"needs a certificate",  "not the owner's", "ann.key",
                                           "nowhere.pem",          "certificate",     "protocols",
                                           "CA file"};
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        weir_status st = {0};
        assert_int_equal(weir_tls_server(&cases[i], &t, &st), WEIR_EUSAGE);
        if (!strstr(st.msg, problems[i])) {
            fail_msg("\"%s\" instead of \"%s\"", st.msg, problems[i]);
        }
    }
}

/* A client with TLS and a server without, which never answers; and the other way round. */
static void a_handshake_has_a_deadline(void **state)
{
    (void)state;
    world w;
    weir_status st = {0};
    weir_tls *client;
    weir_tls *server;
    world_init(&w);
    assert_ok(weir_tls_client(&(weir_tls_spec){.insecure = true}, &client, &st), &st);
    listen_on(&w, &(weir_listener_spec){.address = "127.0.0.1:0"});
    weir_stream_spec to = {.host = "127.0.0.1",
                           .port = weir_listener_port(w.listener),
                           .tls = client,
                           .open_ms = 50};
    w.client.s = weir_stream_connect(w.loop, &to, &events, &w.client);
    w.client.stop_at_close = true;
    run(&w);
    assert_int_equal(w.client.why, WEIR_ECONNECT);
    assert_non_null(strstr(w.client.reason, "no answer in time"));
    world_deinit(&w);

    world_init(&w);
    weir_tls_spec spec = {.cert_file = in_certs("server.pem"), .key_file = in_certs("server.key")};
    assert_ok(weir_tls_server(&spec, &server, &st), &st);
    listen_on(&w, &(weir_listener_spec){.address = "127.0.0.1:0", .tls = server, .open_ms = 50});
    connect_to(&w, NULL, NULL);
    w.client.stop_at_close = true;
    w.client.finish_at_end = true;
    run(&w);
    assert_int_equal(w.accepted, 0);
    assert_int_equal(weir_listener_streams(w.listener), 0);
    world_deinit(&w);
    weir_tls_free(client);
    weir_tls_free(server);
}

static void pausing_works_with_tls(void **state)
{
    (void)state;
    world w;
    weir_status st = {0};
    weir_tls *client;
    weir_tls *server;
    size_t n = 12 << 20;
    char *bytes = calloc(1, n);
    world_init(&w);
    weir_tls_spec spec = {.cert_file = in_certs("server.pem"), .key_file = in_certs("server.key")};
    assert_ok(weir_tls_client(&(weir_tls_spec){.insecure = true}, &client, &st), &st);
    assert_ok(weir_tls_server(&spec, &server, &st), &st);
    weir_listener_spec at = {.address = "127.0.0.1:0", .tls = server};
    assert_ok(weir_listener_open(w.loop, &at, on_accepted_paused, &w, &w.listener, &st), &st);
    connect_to(&w, client, NULL);
    assert_true(weir_stream_write(w.client.s, bytes, n));
    weir_timer *t = weir_timer_once(w.loop, 300, resume, &w);
    w.server.stop_at = n;
    run(&w);
    assert_int_equal(w.server.got.n, n);
    weir_timer_stop(t);
    free(bytes);
    weir_tls_free(client);
    weir_tls_free(server);
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back_over_tcp),
        cmocka_unit_test(bytes_come_back_over_a_unix_socket),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(what_is_left_is_closed_with_the_loop),
        cmocka_unit_test(streams_close_wherever_they_are),
        cmocka_unit_test(a_queue_has_a_ceiling),
        cmocka_unit_test(a_paused_stream_holds_its_peer_back),
        cmocka_unit_test(who_hears_nothing_of_an_end_finishes),
        cmocka_unit_test(a_listener_has_its_limits),
        cmocka_unit_test(a_stream_without_an_owner_is_closed),
        cmocka_unit_test(accepting_rests_without_descriptors),
        cmocka_unit_test(stale_sockets_are_replaced),
        cmocka_unit_test(addresses),
        cmocka_unit_test(tls_works_or_says_why),
        cmocka_unit_test(tls_settings_are_checked),
        cmocka_unit_test(a_handshake_has_a_deadline),
        cmocka_unit_test(pausing_works_with_tls),
    };
    return cmocka_run_group_tests(tests, make_certs, remove_certs);
}
