/* How a stream to a server comes about: addresses of a name (libuv's thread pool), one after the other
 * until one answers. */
#include "engine/io/stream_impl.h"

#include "engine/base/alloc.h"

#include <errno.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

/* Outlives the stream when the stream does not wait for it. */
typedef struct weir__lookup {
    uv_getaddrinfo_t req;
    weir_stream *stream; /* NULL: nobody waits */
} weir__lookup;

static void fail_opening(weir_stream *s, const char *why)
{
    weir_status st = {0};
    weir_fail(&st, WEIR_ECONNECT, "cannot connect to %s: %s", s->target, why);
    st.retriable = true;
    weir__stream_fail(s, &st);
}

static void too_late(void *ctx)
{
    weir_stream *s = ctx;
    fail_opening(s, s->state == WEIR__STREAM_NAMING ? "its address is not found in time"
                                                    : "no answer in time");
}

void weir__stream_stop_opening(weir_stream *s)
{
    if (s->lookup) {
        s->lookup->stream = NULL;
        uv_cancel((uv_req_t *)&s->lookup->req);
        s->lookup = NULL;
    }
    uv_freeaddrinfo(s->addresses);
    s->addresses = NULL;
    s->next_address = NULL;
    weir_free(s->target);
    s->target = NULL;
}

static void drop_socket(weir_stream *s)
{
    weir_watch_stop(s->watch);
    s->watch = NULL;
    close(s->fd);
    s->fd = -1;
}

/* Starts to connect. An error number, or 0. */
static int call_address(weir_stream *s, const struct sockaddr *address, socklen_t n)
{
    s->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) {
        return errno;
    }
    weir__stream_set_options(s->fd, address->sa_family);
    weir__stream_name_peer(s, address);
    if (connect(s->fd, address, n) != 0 && errno != EINPROGRESS) {
        int error = errno;
        close(s->fd);
        s->fd = -1;
        return error;
    }
    s->state = WEIR__STREAM_CALLING;
    weir__stream_watch(s, WEIR_WATCH_WRITE);
    return 0;
}

static void call_next(weir_stream *s, int error)
{
    while (s->next_address) {
        const struct addrinfo *at = s->next_address;
        s->next_address = at->ai_next;
        error = call_address(s, at->ai_addr, at->ai_addrlen);
        if (error == 0) {
            return;
        }
    }
    fail_opening(s, strerror(error));
}

void weir__stream_call_done(weir_stream *s)
{
    int error = 0;
    socklen_t n = sizeof error;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0) {
        error = errno;
    }
    if (error) {
        drop_socket(s);
        call_next(s, error);
        return;
    }
    weir__stream_connected(s);
}

static void looked_up(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
    weir__lookup *lookup = req->data;
    weir_stream *s = lookup->stream;
    weir_free(lookup);
    if (!s) {
        uv_freeaddrinfo(found);
        return;
    }
    s->lookup = NULL;
    if (status != 0) {
        fail_opening(s, uv_strerror(status));
        return;
    }
    s->addresses = found;
    s->next_address = found;
    call_next(s, EADDRNOTAVAIL);
}

static void call_unix(weir_stream *s)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(s->target);
    if (n >= sizeof address.sun_path) {
        fail_opening(s, "the path is too long for a socket");
        return;
    }
    memcpy(address.sun_path, s->target, n);
    int error = call_address(s, (const struct sockaddr *)&address, sizeof address);
    if (error) {
        fail_opening(s, strerror(error));
    }
}

void weir__stream_start(weir_stream *s)
{
    s->timer = weir_timer_once(s->loop, s->open_ms, too_late, s);
    if (s->is_unix) {
        call_unix(s);
        return;
    }
    char port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    snprintf(port, sizeof port, "%u", s->port);
    s->state = WEIR__STREAM_NAMING;
    weir__lookup *lookup = weir_zalloc(sizeof *lookup);
    lookup->stream = s;
    lookup->req.data = lookup;
    int rc = uv_getaddrinfo(weir__loop_uv(s->loop), &lookup->req, looked_up, s->target, port, &hints);
    if (rc != 0) {
        weir_free(lookup);
        fail_opening(s, uv_strerror(rc));
        return;
    }
    s->lookup = lookup;
}

weir_stream *weir_stream_connect(weir_loop *l, const weir_stream_spec *spec,
                                 const weir_stream_events *events, void *ctx)
{
    WEIR_ASSERT(spec->host || spec->unix_path);
    WEIR_ASSERT(events->data && events->closed);
    weir_stream *s = weir__stream_new(l, spec->out_max);
    weir_stream_own(s, events, ctx);
    s->is_unix = spec->unix_path != NULL;
    s->target = weir_strdup(s->is_unix ? spec->unix_path : spec->host);
    s->port = spec->port;
    s->open_ms = spec->open_ms ? spec->open_ms : WEIR_STREAM_OPEN_MS;
    if (spec->tls) {
        s->tls = weir__tls_start(spec->tls, spec->server_name ? spec->server_name : spec->host);
    }
    weir__loop_later(l, &s->chore);
    return s;
}
