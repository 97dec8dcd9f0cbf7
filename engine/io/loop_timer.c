/* What a loop wakes up for: timers, and descriptors of others. */
#include "engine/base/alloc.h"
#include "engine/io/loop_uv.h"

struct weir_timer {
    uv_timer_t uv; /* first: it is what is freed */
    void (*call)(void *ctx);
    void *ctx;
};

struct weir_watch {
    uv_poll_t uv; /* first: it is what is freed */
    void (*call)(void *ctx, uint32_t events);
    void *ctx;
};

static void free_handle(uv_handle_t *h)
{
    weir_free(h);
}

static void timer_turn(uv_timer_t *h)
{
    weir_timer *t = h->data;
    t->call(t->ctx);
}

static weir_timer *timer_new(weir_loop *l, void (*call)(void *ctx), void *ctx)
{
    weir_timer *t = weir_zalloc(sizeof *t);
    t->call = call;
    t->ctx = ctx;
    uv_timer_init(weir__loop_uv(l), &t->uv);
    t->uv.data = t;
    return t;
}

weir_timer *weir_timer_start(weir_loop *l, uint64_t ms, void (*call)(void *ctx), void *ctx)
{
    WEIR_ASSERT(ms > 0);
    weir_timer *t = timer_new(l, call, ctx);
    uv_timer_start(&t->uv, timer_turn, ms, ms);
    return t;
}

weir_timer *weir_timer_once(weir_loop *l, uint64_t ms, void (*call)(void *ctx), void *ctx)
{
    weir_timer *t = timer_new(l, call, ctx);
    weir_timer_arm(t, ms);
    return t;
}

void weir_timer_arm(weir_timer *t, uint64_t ms)
{
    uv_update_time(t->uv.loop); /* the turn so far counts, too */
    uv_timer_start(&t->uv, timer_turn, ms, 0);
}

void weir_timer_disarm(weir_timer *t)
{
    uv_timer_stop(&t->uv);
}

void weir_timer_stop(weir_timer *t)
{
    if (t) {
        uv_close((uv_handle_t *)&t->uv, free_handle);
    }
}

static void watch_turn(uv_poll_t *h, int status, int events)
{
    weir_watch *w = h->data;
    uint32_t ready = (events & UV_READABLE ? WEIR_WATCH_READ : 0) |
                     (events & UV_WRITABLE ? WEIR_WATCH_WRITE : 0);
    w->call(w->ctx, status < 0 ? WEIR_WATCH_READ | WEIR_WATCH_WRITE : ready);
}

void weir_watch_change(weir_watch *w, uint32_t events)
{
    int wanted = (events & WEIR_WATCH_READ ? UV_READABLE : 0) |
                 (events & WEIR_WATCH_WRITE ? UV_WRITABLE : 0);
    if (wanted) {
        uv_poll_start(&w->uv, wanted, watch_turn);
    } else {
        uv_poll_stop(&w->uv);
    }
}

weir_watch *weir_watch_start(weir_loop *l, int fd, uint32_t events,
                             void (*call)(void *ctx, uint32_t events), void *ctx)
{
    weir_watch *w = weir_zalloc(sizeof *w);
    if (uv_poll_init(weir__loop_uv(l), &w->uv, fd) != 0) {
        weir_free(w);
        return NULL;
    }
    w->call = call;
    w->ctx = ctx;
    w->uv.data = w;
    weir_watch_change(w, events);
    return w;
}

void weir_watch_stop(weir_watch *w)
{
    if (w) {
        uv_close((uv_handle_t *)&w->uv, free_handle);
    }
}
