/* To be preloaded: the wall clock of a process, shifted by the seconds that stand in the file named by
 * SHIFTED_CLOCK (8 bytes, may change at any time). As in the kernel, a wait for a point of that clock
 * becomes longer or shorter when it is shifted meanwhile. Other clocks stay as they are. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define SLICE_NS 10000000L
#define NS 1000000000L

static int64_t shift(void)
{
    static int64_t *_Atomic shared;
    if (!shared) {
        int fd = open(getenv("SHIFTED_CLOCK"), O_RDONLY);
        void *page = mmap(NULL, sizeof *shared, PROT_READ, MAP_SHARED, fd, 0);
        if (page == MAP_FAILED) {
            abort();
        }
        close(fd);
        shared = page;
    }
    return __atomic_load_n(shared, __ATOMIC_RELAXED);
}

static struct timespec real(clockid_t clock)
{
    struct timespec now;
    syscall(SYS_clock_gettime, clock, &now);
    return now;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    *out = real(clock);
    out->tv_sec += clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ? shift() : 0;
    return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

int timespec_get(struct timespec *out, int base)
{
    clock_gettime(CLOCK_REALTIME, out);
    return base;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) {
        *out = now.tv_sec;
    }
    return now.tv_sec;
}

/* In slices, to see the shifts. */
int cnd_timedwait(cnd_t *c, mtx_t *m, const struct timespec *until)
{
    static int (*_Atomic next)(cnd_t *, mtx_t *, const struct timespec *);
    if (!next) {
        next = (int (*)(cnd_t *, mtx_t *, const struct timespec *))dlsym(RTLD_NEXT, "cnd_timedwait");
    }
    for (;;) {
        struct timespec now = real(CLOCK_REALTIME);
        int64_t left = (until->tv_sec - now.tv_sec - shift()) * NS + until->tv_nsec - now.tv_nsec;
        if (left <= 0) {
            return thrd_timedout;
        }
        now.tv_nsec += left < SLICE_NS ? left : SLICE_NS;
        now.tv_sec += now.tv_nsec / NS;
        now.tv_nsec %= NS;
        int rc = next(c, m, &now);
        if (rc != thrd_timedout) {
            return rc;
        }
    }
}
