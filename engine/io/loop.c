/* Loops on libuv. A mailbox is a mutex-guarded array that is swapped out whole; uv_async_send only
 * rings, because it coalesces. */
#include "engine/io/loop.h"

#include "engine/base/alloc.h"
#include "engine/io/loop_uv.h"

#include <stdio.h>

typedef struct message {
    void (*call)(void *ctx);
    void *ctx;
} message;

struct weir_loop {
    uv_loop_t uv;
    uv_async_t bell;
    uv_idle_t idle;
    uv_signal_t signals[2];
    bool has_signals;
    uv_mutex_t lock; /* guards inbox */
    message *inbox, *taken;
    size_t n_inbox, cap_inbox, cap_taken;
    bool (*on_idle)(void *ctx);
    void *idle_ctx;
    void (*on_signal)(void *ctx, int signum);
    void *signal_ctx;
    weir__lodger *lodgers;
    weir__chore *chores;
    uv_check_t turn_end;
    uv_idle_t hurry; /* runs while there are chores: the loop does not wait */
    char *scratch;
};

static void ring(uv_async_t *bell)
{
    weir_loop *l = bell->data;
    uv_mutex_lock(&l->lock);
    message *got = l->inbox;
    size_t n = l->n_inbox;
    size_t cap = l->cap_inbox;
    l->inbox = l->taken;
    l->cap_inbox = l->cap_taken;
    l->n_inbox = 0;
    l->taken = NULL;
    l->cap_taken = 0;
    uv_mutex_unlock(&l->lock);
    for (size_t i = 0; i < n; i++) {
        got[i].call(got[i].ctx);
    }
    if (l->taken) {
        weir_free(got);
    } else {
        l->taken = got;
        l->cap_taken = cap;
    }
}

static void hurry_turn(uv_idle_t *h)
{
    (void)h;
}

static void end_turn(uv_check_t *h)
{
    weir_loop *l = h->data;
    weir__chore *todo = l->chores;
    l->chores = NULL;
    if (todo) {
        todo->link = &todo;
    }
    while (todo) {
        weir__chore *chore = todo;
        weir__loop_cancel(chore);
        chore->run(chore);
    }
    if (!l->chores) {
        uv_idle_stop(&l->hurry);
    }
}

weir_loop *weir_loop_new(void)
{
    weir_loop *l = weir_zalloc(sizeof *l);
    WEIR_ASSERT(uv_loop_init(&l->uv) == 0);
    WEIR_ASSERT(uv_mutex_init(&l->lock) == 0);
    WEIR_ASSERT(uv_async_init(&l->uv, &l->bell, ring) == 0);
    WEIR_ASSERT(uv_idle_init(&l->uv, &l->idle) == 0);
    WEIR_ASSERT(uv_idle_init(&l->uv, &l->hurry) == 0);
    WEIR_ASSERT(uv_check_init(&l->uv, &l->turn_end) == 0);
    l->bell.data = l;
    l->idle.data = l;
    l->turn_end.data = l;
    uv_check_start(&l->turn_end, end_turn);
    return l;
}

uv_loop_t *weir__loop_uv(weir_loop *l)
{
    return &l->uv;
}

void weir__loop_enter(weir_loop *l, weir__lodger *lodger)
{
    lodger->next = l->lodgers;
    lodger->link = &l->lodgers;
    if (lodger->next) {
        lodger->next->link = &lodger->next;
    }
    l->lodgers = lodger;
}

void weir__loop_leave(weir__lodger *lodger)
{
    *lodger->link = lodger->next;
    if (lodger->next) {
        lodger->next->link = lodger->link;
    }
}

void weir__loop_later(weir_loop *l, weir__chore *chore)
{
    if (chore->link) {
        return;
    }
    chore->next = l->chores;
    chore->link = &l->chores;
    if (chore->next) {
        chore->next->link = &chore->next;
    }
    l->chores = chore;
    uv_idle_start(&l->hurry, hurry_turn);
}

void weir__loop_cancel(weir__chore *chore)
{
    if (!chore->link) {
        return;
    }
    *chore->link = chore->next;
    if (chore->next) {
        chore->next->link = chore->link;
    }
    chore->link = NULL;
}

char *weir__loop_scratch(weir_loop *l)
{
    if (!l->scratch) {
        l->scratch = weir_alloc(WEIR__SCRATCH_BYTES);
    }
    return l->scratch;
}

static void free_handle(uv_handle_t *h)
{
    weir_free(h);
}

static void close_handle(uv_handle_t *h, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(h)) {
        uv_close(h, h->type == UV_TIMER || h->type == UV_POLL ? free_handle : NULL);
    }
}

void weir_loop_free(weir_loop *l)
{
    if (!l) {
        return;
    }
    while (l->lodgers) {
        weir__lodger *lodger = l->lodgers;
        weir__loop_leave(lodger);
        lodger->evict(lodger);
    }
    uv_walk(&l->uv, close_handle, NULL);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    WEIR_ASSERT(uv_loop_close(&l->uv) == 0);
    uv_mutex_destroy(&l->lock);
    weir_free(l->inbox);
    weir_free(l->taken);
    weir_free(l->scratch);
    weir_free(l);
}

void weir_loop_run(weir_loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
}

void weir_loop_stop(weir_loop *l)
{
    uv_stop(&l->uv);
}

void weir_loop_post(weir_loop *l, void (*call)(void *ctx), void *ctx)
{
    uv_mutex_lock(&l->lock);
    WEIR_GROW(l->inbox, l->cap_inbox, l->n_inbox + 1);
    l->inbox[l->n_inbox++] = (message){call, ctx};
    uv_mutex_unlock(&l->lock);
    uv_async_send(&l->bell);
}

static void idle_turn(uv_idle_t *h)
{
    weir_loop *l = h->data;
    if (!l->on_idle || !l->on_idle(l->idle_ctx)) {
        uv_idle_stop(h);
    }
}

void weir_loop_on_idle(weir_loop *l, bool (*call)(void *ctx), void *ctx)
{
    l->on_idle = call;
    l->idle_ctx = ctx;
    weir_loop_busy(l);
}

void weir_loop_busy(weir_loop *l)
{
    uv_idle_start(&l->idle, idle_turn);
}

static void signal_turn(uv_signal_t *h, int signum)
{
    weir_loop *l = h->data;
    l->on_signal(l->signal_ctx, signum);
}

void weir_loop_on_signal(weir_loop *l, void (*call)(void *ctx, int signum), void *ctx)
{
    static const int signums[2] = {SIGINT, SIGTERM};
    l->on_signal = call;
    l->signal_ctx = ctx;
    for (size_t i = 0; !l->has_signals && i < WEIR_COUNT(signums); i++) {
        uv_signal_init(&l->uv, &l->signals[i]);
        l->signals[i].data = l;
        uv_signal_start(&l->signals[i], signal_turn, signums[i]);
    }
    l->has_signals = true;
}
