/* Listening sockets. Accepting is our own rather than libuv's, so that running out of descriptors is
 * a pause and no busy loop. Streams are counted by address in buckets that link the streams
 * themselves: nothing is allocated to count, and nothing is left behind. */
#include "engine/base/alloc.h"
#include "engine/base/hash.h"
#include "engine/io/stream_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ACCEPTS_A_TURN 64
#define BACKLOG 511
#define STREAMS_MAX 1000
#define REST_MS 100
#define BUCKETS 256
#define KEEPALIVE_S 60
#define UNSENT_BYTES (256 << 10) /* in the system: what a slow peer has read shows in what is sent */

struct weir_listener {
    weir__lodger lodger;
    weir_loop *loop;
    int fd; /* -1: closed; waits for its streams */
    weir_watch *watch;
    weir_timer *rest;
    void (*accepted)(void *ctx, weir_stream *s);
    void *ctx;
    weir_tls *tls;
    uint32_t n, max, per_address_max, open_ms;
    bool accepting; /* up the stack */
    uint64_t refused;
    size_t out_max;
    uint16_t port;
    char *unix_path; /* NULL: TCP */
    weir_stream *buckets[BUCKETS];
};

void weir__stream_set_options(int fd, int family)
{
    int on = 1;
    int idle = KEEPALIVE_S;
    int unsent = UNSENT_BYTES;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (family != AF_UNIX) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    }
}

static weir_stream **bucket_of(weir_listener *l, const weir_stream *s)
{
    return &l->buckets[weir_hash(s->host, strlen(s->host)) % BUCKETS];
}

/* False: there are enough of that address. */
static bool count_address(weir_listener *l, weir_stream *s)
{
    weir_stream **bucket = bucket_of(l, s);
    uint32_t n = 0;
    if (l->per_address_max && !l->unix_path) {
        for (const weir_stream *other = *bucket; other; other = other->same_bucket) {
            n += strcmp(other->host, s->host) == 0;
        }
        if (n >= l->per_address_max) {
            return false;
        }
    }
    s->same_bucket = *bucket;
    s->bucket_link = bucket;
    if (s->same_bucket) {
        s->same_bucket->bucket_link = &s->same_bucket;
    }
    *bucket = s;
    return true;
}

static void free_if_over(weir_listener *l)
{
    if (l->fd < 0 && l->n == 0 && !l->accepting) {
        weir_tls_free(l->tls);
        weir_free(l->unix_path);
        weir_free(l);
    }
}

void weir__listener_left(weir_stream *s)
{
    weir_listener *l = s->listener;
    s->listener = NULL;
    *s->bucket_link = s->same_bucket;
    if (s->same_bucket) {
        s->same_bucket->bucket_link = s->bucket_link;
    }
    l->n--;
    free_if_over(l);
}

void weir__listener_opened(weir_stream *s)
{
    weir_listener *l = s->listener;
    if (l->fd < 0) {
        weir_stream_close(s);
        return;
    }
    l->accepted(l->ctx, s);
    if (!s->events) {
        weir_stream_close(s); /* also when it is closed already */
    }
}

static void never_opened(void *ctx)
{
    weir_stream_close(ctx);
}

/* A new stream on its way to be open, or none. */
static void adopt(weir_listener *l, int fd, const struct sockaddr *address)
{
    weir_stream *s = weir__stream_new(l->loop, l->out_max);
    s->fd = fd;
    s->is_unix = l->unix_path != NULL;
    weir__stream_name_peer(s, address);
    if (l->n >= l->max || !count_address(l, s)) {
        l->refused++;
        weir_stream_close(s);
        return;
    }
    weir__stream_set_options(fd, address->sa_family);
    s->listener = l;
    l->n++;
    if (l->tls) {
        s->tls = weir__tls_start(l->tls, NULL);
        s->timer = weir_timer_once(l->loop, l->open_ms, never_opened, s);
    }
    weir__stream_connected(s);
}

static void rested(void *ctx)
{
    weir_listener *l = ctx;
    weir_watch_change(l->watch, WEIR_WATCH_READ);
}

static void rest(weir_listener *l)
{
    weir_watch_change(l->watch, 0);
    if (l->rest) {
        weir_timer_arm(l->rest, REST_MS);
    } else {
        l->rest = weir_timer_once(l->loop, REST_MS, rested, l);
    }
}

static void accept_waiting(weir_listener *l)
{
    for (int i = 0; i < ACCEPTS_A_TURN && l->fd >= 0; i++) {
        struct sockaddr_storage address = {0};
        socklen_t n = sizeof address;
        int fd = accept4(l->fd, (struct sockaddr *)&address, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            address.ss_family = l->unix_path ? AF_UNIX : address.ss_family;
            adopt(l, fd, (const struct sockaddr *)&address);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            rest(l);
            return;
        } else if (errno == EAGAIN) {
            return;
        } /* else: that connection has ended before it was accepted */
    }
}

static void ready(void *ctx, uint32_t events)
{
    weir_listener *l = ctx;
    (void)events;
    l->accepting = true; /* the callee may close the listener */
    accept_waiting(l);
    l->accepting = false;
    free_if_over(l);
}

typedef struct place {
    char host[256]; /* or path */
    uint16_t port;
    bool is_unix;
} place;

static weir_rc parse_address(const char *text, place *out, weir_status *st)
{
    *out = (place){0};
    if (strncmp(text, "unix:", 5) == 0) {
        struct sockaddr_un limit;
        if (!text[5] || strlen(text + 5) >= sizeof limit.sun_path) {
            return weir_fail(st, WEIR_EUSAGE, "\"%s\" is no path for a socket", text);
        }
        memcpy(out->host, text + 5, strlen(text + 5) + 1);
        out->is_unix = true;
        return WEIR_OK;
    }
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    unsigned long port = colon && colon[1] >= '0' && colon[1] <= '9' ? strtoul(colon + 1, &end, 10)
                                                                     : UINT16_MAX + 1ul;
    if (port > UINT16_MAX || *end) {
        weir_fail(st, WEIR_EUSAGE, "\"%s\" is no address to listen on", text);
        return weir_hint(st, "host:port, [v6 address]:port or unix:path");
    }
    size_t n = (size_t)(colon - text);
    bool bracketed = n > 2 && text[0] == '[' && text[n - 1] == ']';
    text += bracketed;
    n -= bracketed ? 2 : 0;
    if (n >= sizeof out->host || (!bracketed && memchr(text, ':', n))) {
        return weir_fail(st, WEIR_EUSAGE, "\"%s\" is no address to listen on", text);
    }
    memcpy(out->host, n ? text : "127.0.0.1", n ? n : strlen("127.0.0.1"));
    out->port = (uint16_t)port;
    return WEIR_OK;
}

weir_rc weir_address_check(const char *address, bool *is_local, weir_status *st)
{
    place at;
    unsigned char bytes[16];
    WEIR_TRY(parse_address(address, &at, st));
    if (inet_pton(AF_INET, at.host, bytes) == 1) {
        *is_local = bytes[0] == 127;
    } else if (inet_pton(AF_INET6, at.host, bytes) == 1) {
        *is_local = IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)(const void *)bytes);
    } else {
        *is_local = at.is_unix || strcmp(at.host, "localhost") == 0;
    }
    return WEIR_OK;
}

static weir_rc fail_listen(const char *address, int error, weir_status *st)
{
    return weir_fail(st, error == EADDRINUSE ? WEIR_EBUSY : WEIR_EIO, "cannot listen on \"%s\": %s",
                     address, strerror(error));
}

/* A socket file that nobody answers is of a process that was killed. */
static bool remove_stale(const struct sockaddr_un *address)
{
    struct stat info;
    if (lstat(address->sun_path, &info) != 0 || !S_ISSOCK(info.st_mode)) {
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    bool refused = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
                   errno == ECONNREFUSED;
    close(fd);
    return refused && unlink(address->sun_path) == 0;
}

static weir_rc listen_unix(weir_listener *l, const weir_listener_spec *spec, const char *path,
                           weir_status *st)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0) {
        return fail_listen(spec->address, errno, st);
    }
    fchmod(l->fd, 0600); /* before bind, which makes the file of that mode */
    int rc = bind(l->fd, (const struct sockaddr *)&address, sizeof address);
    if (rc != 0 && errno == EADDRINUSE && remove_stale(&address)) {
        rc = bind(l->fd, (const struct sockaddr *)&address, sizeof address);
    }
    if (rc != 0 || listen(l->fd, BACKLOG) != 0) {
        return fail_listen(spec->address, errno, st);
    }
    l->unix_path = weir_strdup(path);
    return WEIR_OK;
}

static int bind_tcp(weir_listener *l, const struct addrinfo *at)
{
    int on = 1;
    int off = 0;
    l->fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0) {
        return errno;
    }
    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at->ai_family == AF_INET6) {
        setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (bind(l->fd, at->ai_addr, at->ai_addrlen) == 0 && listen(l->fd, BACKLOG) == 0) {
        return 0;
    }
    int error = errno;
    close(l->fd);
    l->fd = -1;
    return error;
}

static weir_rc listen_tcp(weir_listener *l, const weir_listener_spec *spec, const place *at,
                          weir_status *st)
{
    static const char *const any[] = {"::", "0.0.0.0"};
    bool all = strcmp(at->host, "*") == 0;
    int error = EADDRNOTAVAIL;
    char port[8];
    snprintf(port, sizeof port, "%u", at->port);
    for (size_t i = 0; i < (all ? WEIR_COUNT(any) : 1) && l->fd < 0; i++) {
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
        struct addrinfo *found = NULL;
        int rc = getaddrinfo(all ? any[i] : at->host, port, &hints, &found);
        if (rc != 0) {
            return weir_fail(st, WEIR_EIO, "cannot listen on \"%s\": %s", spec->address,
                             gai_strerror(rc));
        }
        for (const struct addrinfo *a = found; a && l->fd < 0; a = a->ai_next) {
            error = bind_tcp(l, a);
        }
        freeaddrinfo(found);
    }
    if (l->fd < 0) {
        return fail_listen(spec->address, error, st);
    }
    struct sockaddr_storage bound = {0};
    socklen_t n = sizeof bound;
    getsockname(l->fd, (struct sockaddr *)&bound, &n);
    l->port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                : ((struct sockaddr_in *)&bound)->sin_port);
    return WEIR_OK;
}

static void evict(weir__lodger *lodger)
{
    weir_listener *l = (weir_listener *)((char *)lodger - offsetof(weir_listener, lodger));
    lodger->link = NULL; /* unlinked already */
    weir_listener_close(l);
}

weir_rc weir_listener_open(weir_loop *loop, const weir_listener_spec *spec,
                           void (*accepted)(void *ctx, weir_stream *s), void *ctx,
                           weir_listener **out, weir_status *st)
{
    place at;
    WEIR_TRY(parse_address(spec->address, &at, st));
    weir_listener *l = weir_zalloc(sizeof *l);
    l->loop = loop;
    l->fd = -1;
    l->accepted = accepted;
    l->ctx = ctx;
    l->max = spec->streams_max ? spec->streams_max : STREAMS_MAX;
    l->per_address_max = spec->per_address_max;
    l->open_ms = spec->open_ms ? spec->open_ms : WEIR_STREAM_OPEN_MS;
    l->out_max = spec->out_max;
    weir_rc rc = at.is_unix ? listen_unix(l, spec, at.host, st) : listen_tcp(l, spec, &at, st);
    if (rc != WEIR_OK) {
        if (l->fd >= 0) {
            close(l->fd);
        }
        weir_free(l);
        return rc;
    }
    l->tls = spec->tls ? weir__tls_share(spec->tls) : NULL;
    l->watch = weir_watch_start(loop, l->fd, WEIR_WATCH_READ, ready, l);
    WEIR_ASSERT(l->watch != NULL);
    l->lodger.evict = evict;
    weir__loop_enter(loop, &l->lodger);
    *out = l;
    return WEIR_OK;
}

void weir_listener_close(weir_listener *l)
{
    if (!l || l->fd < 0) {
        return;
    }
    if (l->lodger.link) {
        weir__loop_leave(&l->lodger);
    }
    weir_timer_stop(l->rest);
    weir_watch_stop(l->watch);
    close(l->fd);
    l->fd = -1;
    if (l->unix_path) {
        unlink(l->unix_path);
    }
    free_if_over(l);
}

uint16_t weir_listener_port(const weir_listener *l)
{
    return l->port;
}

uint32_t weir_listener_streams(const weir_listener *l)
{
    return l->n;
}

uint64_t weir_listener_refused(const weir_listener *l)
{
    return l->refused;
}

void weir_listener_renew(weir_listener *l, const weir_tls *tls)
{
    WEIR_ASSERT((l->tls != NULL) == (tls != NULL));
    weir_tls_free(l->tls);
    l->tls = tls ? weir__tls_share(tls) : NULL;
}
