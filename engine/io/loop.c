/* Loops on libuv. A mailbox is a mutex-guarded array that is swapped out whole; uv_async_send only
 * rings, because it coalesces. */
#include "engine/io/loop.h"

#include "engine/base/alloc.h"
#include "engine/io/loop_uv.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define GATE_SPINS 20000 /* about 20 µs: shorter than a futex sleep and wake */

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
    uv_timer_init(&l->uv, &t->uv);
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
    if (uv_poll_init(&l->uv, &w->uv, fd) != 0) {
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

struct weir_thread {
    uv_thread_t uv;
    void (*main)(void *ctx);
    void *ctx;
};

static void thread_main(void *arg)
{
    weir_thread *t = arg;
    t->main(t->ctx);
}

struct weir_stop {
    uv_loop_t loop; /* its own: only these handles run in it */
    uv_signal_t signals[2];
    int64_t asked_ns;
    int signum;
};

static void stop_asked(uv_signal_t *handle, int signum)
{
    weir_stop *s = handle->data;
    signal(signum, SIG_DFL); /* the next one ends the process */
    s->asked_ns = s->asked_ns ? s->asked_ns : weir_mono_ns();
    s->signum = s->signum ? s->signum : signum;
}

weir_stop *weir_stop_new(void)
{
    static const int signums[] = {SIGINT, SIGTERM};
    weir_stop *s = weir_zalloc(sizeof *s);
    WEIR_ASSERT(uv_loop_init(&s->loop) == 0);
    for (size_t i = 0; i < WEIR_COUNT(signums); i++) {
        uv_signal_init(&s->loop, &s->signals[i]);
        s->signals[i].data = s;
        uv_signal_start_oneshot(&s->signals[i], stop_asked, signums[i]);
    }
    return s;
}

void weir_stop_free(weir_stop *s)
{
    if (!s) {
        return;
    }
    for (size_t i = 0; i < WEIR_COUNT(s->signals); i++) {
        uv_close((uv_handle_t *)&s->signals[i], NULL);
    }
    uv_run(&s->loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->loop);
    weir_free(s);
}

int64_t weir_stop_ms(weir_stop *s)
{
    uv_run(&s->loop, UV_RUN_NOWAIT);
    return s->asked_ns ? (weir_mono_ns() - s->asked_ns) / 1000000 : -1;
}

int weir_stop_signum(weir_stop *s)
{
    uv_run(&s->loop, UV_RUN_NOWAIT);
    return s->signum;
}

weir_thread *weir_thread_start(void (*main)(void *ctx), void *ctx)
{
    weir_thread *t = weir_zalloc(sizeof *t);
    t->main = main;
    t->ctx = ctx;
    WEIR_ASSERT(uv_thread_create(&t->uv, thread_main, t) == 0);
    return t;
}

void weir_thread_join(weir_thread *t)
{
    uv_thread_join(&t->uv);
    weir_free(t);
}

uint64_t weir_entropy(void)
{
    uint64_t v = 0;
    int rc = uv_random(NULL, NULL, &v, sizeof v, 0, NULL);
    WEIR_ASSERT(rc == 0);
    return v;
}

uint32_t weir_cpu_count(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (uint32_t)n : 1;
}

struct weir_lock {
    uv_mutex_t mutex;
};

weir_lock *weir_lock_new(void)
{
    weir_lock *l = weir_zalloc(sizeof *l);
    WEIR_ASSERT(uv_mutex_init(&l->mutex) == 0);
    return l;
}

void weir_lock_free(weir_lock *l)
{
    uv_mutex_destroy(&l->mutex);
    weir_free(l);
}

void weir_lock_enter(weir_lock *l)
{
    uv_mutex_lock(&l->mutex);
}

void weir_lock_leave(weir_lock *l)
{
    uv_mutex_unlock(&l->mutex);
}

struct weir_gate {
    _Atomic uint32_t left;
    uv_sem_t open; /* posted by the last to leave */
};

weir_gate *weir_gate_new(void)
{
    weir_gate *g = weir_zalloc(sizeof *g);
    WEIR_ASSERT(uv_sem_init(&g->open, 0) == 0);
    return g;
}

void weir_gate_free(weir_gate *g)
{
    uv_sem_destroy(&g->open);
    weir_free(g);
}

void weir_gate_expect(weir_gate *g, uint32_t n)
{
    atomic_store(&g->left, n);
}

void weir_gate_leave(weir_gate *g)
{
    if (atomic_fetch_sub(&g->left, 1) == 1) {
        uv_sem_post(&g->open);
    }
}

void weir_gate_wait(weir_gate *g)
{
    for (uint32_t i = 0; i < GATE_SPINS && atomic_load(&g->left); i++) {
        __builtin_ia32_pause();
    }
    uv_sem_wait(&g->open); /* posted exactly once per expect */
}

void weir_sleep_ms(uint32_t ms)
{
    uv_sleep(ms);
}

uint64_t weir_rss_bytes(void)
{
    size_t rss = 0;
    return uv_resident_set_memory(&rss) == 0 ? rss : 0;
}

uint64_t weir_rss_peak_bytes(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) == 0 ? (uint64_t)u.ru_maxrss * 1024 : 0;
}
