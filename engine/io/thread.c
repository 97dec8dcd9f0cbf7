/* Threads, what they wait for one another with, and what the system tells of the process. */
#include "engine/base/alloc.h"
#include "engine/io/loop_uv.h"

#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#define GATE_SPINS 20000 /* about 20 µs: shorter than a futex sleep and wake */

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
