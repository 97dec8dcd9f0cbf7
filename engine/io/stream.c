/* Streams on non-blocking sockets that are watched (loop.h). Sockets are used directly rather than
 * through libuv's own streams: closing is then immediate, nothing is in flight that has to be waited
 * for, and a write to a dead peer is an error and no signal.
 *
 * Writing only queues; the flush is a chore at the end of the turn, so that many small writes are one
 * packet, and errors are never met within a caller's call. */
#include "engine/io/stream_impl.h"

#include "engine/base/alloc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#define READS_A_TURN 4           /* then others have their turn */
#define ENCRYPT_BYTES (256 << 10) /* at once: what the peer does not read stays plain and counted */
#define KEEP_BYTES (64 << 10)    /* of an idle stream's buffers */
#define LEAVE_MS 2000

static void run_chore(weir__chore *chore);
static void evict(weir__lodger *lodger);

#define OF(member, p) ((weir_stream *)((char *)(p) - offsetof(weir_stream, member)))

weir_stream *weir__stream_new(weir_loop *l, size_t out_max)
{
    weir_stream *s = weir_zalloc(sizeof *s);
    s->loop = l;
    s->fd = -1;
    s->out_max = out_max ? out_max : WEIR_STREAM_OUT_MAX;
    s->chore.run = run_chore;
    s->lodger.evict = evict;
    weir__loop_enter(l, &s->lodger);
    return s;
}

static void later(weir_stream *s)
{
    weir__loop_later(s->loop, &s->chore);
}

static void free_stream(weir_stream *s)
{
    weir_buf_deinit(&s->out);
    weir_buf_deinit(&s->wire);
    weir__tls_free(s->tls);
    weir_free(s);
}

/* Gives everything back but the memory, which is freed when nobody up the stack can look at it. */
static void kill_stream(weir_stream *s)
{
    if (s->state == WEIR__STREAM_DEAD) {
        return;
    }
    weir__stream_stop_opening(s);
    s->state = WEIR__STREAM_DEAD;
    weir_timer_stop(s->timer);
    s->timer = NULL;
    weir_watch_stop(s->watch);
    s->watch = NULL;
    if (s->fd >= 0) {
        close(s->fd);
        s->fd = -1;
    }
    if (s->listener) {
        weir__listener_left(s);
    }
    later(s);
}

static void evict(weir__lodger *lodger)
{
    weir_stream *s = OF(lodger, lodger);
    kill_stream(s);
    weir__loop_cancel(&s->chore);
    free_stream(s);
}

void weir__stream_fail(weir_stream *s, const weir_status *why)
{
    if (s->state == WEIR__STREAM_DEAD) {
        return;
    }
    kill_stream(s);
    if (s->events) {
        s->events->closed(s->ctx, s, why);
    }
}

static void fail_errno(weir_stream *s, const char *what, int error)
{
    weir_status st = {0};
    weir_fail(&st, WEIR_EIO, "%s %s: %s", what, weir_stream_peer(s), strerror(error));
    weir__stream_fail(s, &st);
}

static void end_well(weir_stream *s)
{
    weir_status st = {0};
    weir__stream_fail(s, &st);
}

/* What is to be heard of the socket now. */
static void watch_again(weir_stream *s)
{
    if (s->state == WEIR__STREAM_DEAD || s->fd < 0) {
        return;
    }
    bool heard = s->finishing || s->state == WEIR__STREAM_SHAKING || !s->paused;
    uint32_t events = heard && !s->peer_ended ? WEIR_WATCH_READ : 0;
    if (s->wire_at < s->wire.n || s->state == WEIR__STREAM_CALLING) {
        events |= WEIR_WATCH_WRITE;
    }
    weir__stream_watch(s, events);
}

static void leaving_is_over(void *ctx)
{
    end_well(ctx);
}

/* All is sent. Closing now would make the system answer what the peer still sends with a reset, which
 * destroys what the peer has not read yet: so it is told, and given time. */
static void leave(weir_stream *s)
{
    if (s->peer_ended) {
        end_well(s);
        return;
    }
    s->state = WEIR__STREAM_LEAVING;
    shutdown(s->fd, SHUT_WR);
    weir_timer_stop(s->timer);
    s->timer = weir_timer_once(s->loop, LEAVE_MS, leaving_is_over, s);
    watch_again(s);
}

/* Moves what waits to where it is sent from. False: it cannot be encrypted. */
static bool refill(weir_stream *s)
{
    weir_status st = {0};
    s->wire_at = 0;
    weir_buf_reset(&s->wire);
    if (s->state == WEIR__STREAM_OPEN && s->out.n > s->out_at) {
        if (!s->tls) {
            weir_buf t = s->wire;
            s->wire = s->out;
            s->out = t;
            s->wire_at = s->out_at;
            s->out_at = 0;
            return true;
        }
        size_t n = s->out.n - s->out_at;
        n = n < ENCRYPT_BYTES ? n : ENCRYPT_BYTES;
        if (weir__tls_write(s->tls, s->out.p + s->out_at, n, &st) != WEIR_OK) {
            weir__stream_fail(s, &st);
            return false;
        }
        s->out_at += n;
        if (s->out_at == s->out.n) {
            s->out_at = 0;
            weir_buf_reset(&s->out);
        }
    }
    if (s->tls) {
        weir__tls_drain(s->tls, &s->wire);
    }
    return true;
}

static void trim(weir_buf *b)
{
    if (b->n == 0 && b->cap > KEEP_BYTES) {
        weir_buf_deinit(b);
    }
}

/* The queue is empty. */
static void all_sent(weir_stream *s)
{
    trim(&s->out);
    trim(&s->wire);
    if (s->state != WEIR__STREAM_OPEN) {
        return;
    }
    if (s->finishing) {
        if (s->tls) {
            weir__tls_say_end(s->tls);
            if (weir__tls_has_output(s->tls)) {
                later(s);
                return;
            }
        }
        leave(s);
    } else if (s->flushed) {
        s->flushed = false;
        if (s->events && s->events->drained) {
            s->events->drained(s->ctx, s);
        }
    }
}

/* Sends what can be sent. */
static void flush(weir_stream *s)
{
    if (s->state < WEIR__STREAM_SHAKING || s->state > WEIR__STREAM_OPEN) {
        return;
    }
    for (;;) {
        if (s->wire_at == s->wire.n) {
            if (!refill(s)) {
                return;
            }
            if (s->wire.n == 0) {
                break;
            }
        }
        ssize_t n = send(s->fd, s->wire.p + s->wire_at, s->wire.n - s->wire_at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno != EAGAIN) {
            fail_errno(s, "sending to", errno);
            return;
        }
        if (n < 0) {
            watch_again(s);
            return;
        }
        s->wire_at += (size_t)n;
        s->sent += (uint64_t)n;
    }
    watch_again(s);
    all_sent(s);
}

static void input_ended(weir_stream *s)
{
    s->peer_ended = true;
    if (s->state == WEIR__STREAM_LEAVING) {
        end_well(s);
        return;
    }
    if (!s->finishing) {
        if (s->events && s->events->ended) {
            s->events->ended(s->ctx, s);
        } else {
            weir_stream_finish(s);
        }
    }
    watch_again(s);
}

static bool wants_data(const weir_stream *s)
{
    return s->state == WEIR__STREAM_OPEN && !s->paused && !s->peer_ended && !s->finishing;
}

/* Decrypts and delivers what is there. */
static void deliver_decrypted(weir_stream *s)
{
    weir_status st = {0};
    char *scratch = weir__loop_scratch(s->loop);
    while (wants_data(s)) {
        size_t n = 0;
        switch (weir__tls_read(s->tls, scratch, WEIR__SCRATCH_BYTES, &n, &st)) {
        case WEIR__TLS_DATA:
            s->events->data(s->ctx, s, scratch, n);
            break;
        case WEIR__TLS_NONE:
            return;
        case WEIR__TLS_END:
            input_ended(s);
            return;
        case WEIR__TLS_BROKEN:
            flush(s); /* the alert that says why */
            weir__stream_fail(s, &st);
            return;
        }
    }
}

static void opened(weir_stream *s)
{
    s->state = WEIR__STREAM_OPEN;
    weir_timer_stop(s->timer);
    s->timer = NULL;
    weir__stream_stop_opening(s);
    later(s);
    if (s->listener) {
        weir__listener_opened(s);
    } else if (!s->finishing && s->events->opened) {
        s->events->opened(s->ctx, s);
    }
    watch_again(s);
}

static void shake(weir_stream *s)
{
    weir_status st = {0};
    bool done = false;
    if (weir__tls_shake(s->tls, &done, &st) != WEIR_OK) {
        flush(s); /* the alert that says why */
        if (s->target) {
            weir_wrap(&st, "connecting to %s", s->target);
        }
        weir__stream_fail(s, &st);
    } else if (done) {
        opened(s);
    }
    if (s->state != WEIR__STREAM_DEAD && weir__tls_has_output(s->tls)) {
        later(s);
    }
}

void weir__stream_connected(weir_stream *s)
{
    if (s->tls) {
        s->state = WEIR__STREAM_SHAKING;
        watch_again(s);
        shake(s);
    } else {
        opened(s);
    }
}

/* Received bytes, as they came. */
static void take_in(weir_stream *s, const char *p, size_t n)
{
    if (s->state == WEIR__STREAM_LEAVING || s->finishing) {
        return;
    }
    if (!s->tls) {
        s->events->data(s->ctx, s, p, n);
        return;
    }
    weir__tls_feed(s->tls, p, n);
    if (s->state == WEIR__STREAM_SHAKING) {
        shake(s);
    }
    deliver_decrypted(s);
    if (s->state == WEIR__STREAM_OPEN && weir__tls_has_output(s->tls)) {
        later(s);
    }
}

static void cut_off(weir_stream *s)
{
    weir_status st = {0};
    bool open = s->state == WEIR__STREAM_OPEN;
    weir_fail(&st, open ? WEIR_EIO : WEIR_ECONNECT, "%s has ended the connection within TLS",
              weir_stream_peer(s));
    weir__stream_fail(s, &st);
}

static void receive(weir_stream *s)
{
    char *scratch = weir__loop_scratch(s->loop);
    for (int i = 0; i < READS_A_TURN; i++) {
        ssize_t n = recv(s->fd, scratch, WEIR__SCRATCH_BYTES, 0);
        if (n > 0) {
            take_in(s, scratch, (size_t)n);
        } else if (n == 0 && s->tls && s->state < WEIR__STREAM_LEAVING && !s->finishing) {
            cut_off(s);
        } else if (n == 0) {
            input_ended(s);
        } else if (errno == EAGAIN || errno == EINTR) {
            return;
        } else if (s->state == WEIR__STREAM_LEAVING) {
            end_well(s); /* all was sent */
        } else {
            fail_errno(s, "receiving from", errno);
        }
        if (s->state == WEIR__STREAM_DEAD || s->peer_ended || !(s->watched & WEIR_WATCH_READ) ||
            n < WEIR__SCRATCH_BYTES) {
            return;
        }
    }
}

static void socket_ready(void *ctx, uint32_t events)
{
    weir_stream *s = ctx;
    if (s->state == WEIR__STREAM_CALLING) {
        weir__stream_call_done(s);
        return;
    }
    if (events & WEIR_WATCH_WRITE) {
        flush(s);
    }
    if (events & s->watched & WEIR_WATCH_READ && s->state != WEIR__STREAM_DEAD) {
        receive(s);
    }
}

void weir__stream_watch(weir_stream *s, uint32_t events)
{
    if (!s->watch) {
        s->watch = weir_watch_start(s->loop, s->fd, events, socket_ready, s);
        WEIR_ASSERT(s->watch != NULL);
    } else if (s->watched != events) {
        weir_watch_change(s->watch, events);
    }
    s->watched = events;
}

static void run_chore(weir__chore *chore)
{
    weir_stream *s = OF(chore, chore);
    switch (s->state) {
    case WEIR__STREAM_NEW:
        weir__stream_start(s);
        break;
    case WEIR__STREAM_DEAD:
        weir__loop_leave(&s->lodger);
        free_stream(s);
        break;
    case WEIR__STREAM_OPEN:
        if (s->tls && wants_data(s)) {
            deliver_decrypted(s);
        }
        flush(s);
        break;
    case WEIR__STREAM_SHAKING:
        flush(s);
        break;
    case WEIR__STREAM_NAMING:
    case WEIR__STREAM_CALLING:
    case WEIR__STREAM_LEAVING:
        break;
    }
}

void weir_stream_own(weir_stream *s, const weir_stream_events *events, void *ctx)
{
    s->events = events;
    s->ctx = ctx;
}

static bool takes(weir_stream *s, size_t n)
{
    if (s->state > WEIR__STREAM_OPEN || s->finishing || n > s->out_max ||
        weir_stream_queued(s) > s->out_max - n) {
        return false;
    }
    s->flushed = true;
    later(s);
    return true;
}

bool weir_stream_write(weir_stream *s, const void *p, size_t n)
{
    if (!takes(s, n)) {
        return false;
    }
    if (s->out_at > s->out.n / 2) { /* the larger half is gone: not kept while a peer is slow */
        s->out.n -= s->out_at;
        memmove(s->out.p, s->out.p + s->out_at, s->out.n);
        s->out_at = 0;
    }
    weir_buf_add(&s->out, p, n);
    return true;
}

bool weir_stream_take(weir_stream *s, weir_buf *b)
{
    bool ok;
    if (s->out.n == 0 && s->out.cap <= b->cap && (ok = takes(s, b->n))) {
        weir_buf spare = s->out;
        s->out = (weir_buf){.p = b->p, .n = b->n, .cap = b->cap};
        *b = (weir_buf){.p = spare.p, .cap = spare.cap, .max = b->max};
    } else {
        ok = weir_stream_write(s, b->p, b->n);
    }
    weir_buf_reset(b);
    return ok;
}

size_t weir_stream_queued(const weir_stream *s)
{
    return s->out.n - s->out_at + s->wire.n - s->wire_at;
}

uint64_t weir_stream_sent(const weir_stream *s)
{
    return s->sent;
}

void weir_stream_pause(weir_stream *s)
{
    s->paused = true;
    if (s->state == WEIR__STREAM_OPEN) {
        watch_again(s);
    }
}

void weir_stream_resume(weir_stream *s)
{
    s->paused = false;
    if (s->state == WEIR__STREAM_OPEN) {
        later(s); /* TLS may hold decrypted bytes */
        watch_again(s);
    }
}

void weir_stream_close(weir_stream *s)
{
    if (s) {
        s->events = NULL;
        kill_stream(s);
    }
}

void weir_stream_finish(weir_stream *s)
{
    s->finishing = true;
    if (s->state == WEIR__STREAM_OPEN) {
        later(s);
        watch_again(s);
    }
}

void weir__stream_name_peer(weir_stream *s, const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        inet_ntop(AF_INET, &in->sin_addr, s->host, sizeof s->host);
        snprintf(s->peer, sizeof s->peer, "%s:%u", s->host, ntohs(in->sin_port));
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)address;
        bool mapped = IN6_IS_ADDR_V4MAPPED(&in->sin6_addr);
        inet_ntop(mapped ? AF_INET : AF_INET6, in->sin6_addr.s6_addr + (mapped ? 12 : 0), s->host,
                  sizeof s->host);
        snprintf(s->peer, sizeof s->peer, mapped ? "%s:%u" : "[%s]:%u", s->host,
                 ntohs(in->sin6_port));
    } else {
        memcpy(s->host, "unix", 5);
        memcpy(s->peer, "unix", 5);
    }
}

const char *weir_stream_peer(const weir_stream *s)
{
    return s->peer;
}

const char *weir_stream_peer_host(const weir_stream *s)
{
    return s->host;
}

weir_sv weir_stream_alpn(const weir_stream *s)
{
    return s->tls ? weir__tls_alpn(s->tls) : (weir_sv){0};
}

bool weir_stream_is_tls(const weir_stream *s)
{
    return s->tls != NULL;
}

const char *weir_stream_peer_subject(const weir_stream *s)
{
    return s->tls ? weir__tls_subject(s->tls) : "";
}
