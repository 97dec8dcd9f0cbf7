/* The clocks, and one call of the C library that must not go by the wrong one: librdkafka 2.0 waits by
 * cnd_timedwait for points of the wall clock. Set back by an hour, its timers would rest for an hour.
 * The cnd_timedwait below takes the library's place in the whole process, and waits just as long by the
 * clock that nobody sets. */
#include "engine/base/base.h"
#include "engine/io/loop.h"

#include <errno.h>
#include <pthread.h>
#include <threads.h>
#include <time.h>

#define NS_PER_S 1000000000LL

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t weir_wall_ms(void)
{
    return clock_ns(CLOCK_REALTIME) / 1000000;
}

int64_t weir_mono_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t weir_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

/* In glibc both kinds of threads are the same for C11 and POSIX, in musl, too. */
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "cnd_t is not a pthread_cond_t here");
_Static_assert(sizeof(mtx_t) <= sizeof(pthread_mutex_t), "mtx_t is not a pthread_mutex_t here");

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict until)
{
    struct timespec wall;
    timespec_get(&wall, TIME_UTC);
    int64_t left = (until->tv_sec - wall.tv_sec) * NS_PER_S + until->tv_nsec - wall.tv_nsec;
    int64_t at = weir_mono_ns() + (left > 0 ? left : 0);
    struct timespec steady = {at / NS_PER_S, at % NS_PER_S};
    int rc = pthread_cond_clockwait((pthread_cond_t *)c, (pthread_mutex_t *)m, CLOCK_MONOTONIC, &steady);
    return rc == 0 ? thrd_success : rc == ETIMEDOUT ? thrd_timedout : thrd_error;
}
