/* What the thread sanitizer does not see of the libraries.
 *
 * RocksDB is not built with it, and synchronises by atomics of its own. So does librdkafka when it counts
 * who holds a topic, which the last one frees, with its lock; we have no such locks. It makes its threads
 * and locks by C11, which the sanitizer does not know: a thread of it that calls us back would crash, and
 * each of its locks would look like none. So C11's calls are POSIX's here, as they are in the C library.
 */
#include "engine/base/alloc.h"

#include <pthread.h>
#include <stdint.h>
#include <threads.h>

#ifdef __SANITIZE_THREAD__

const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
    return "race:librocksdb.so\n"
           "race_top:pthread_rwlock_destroy\n";
}

typedef struct start {
    thrd_start_t run;
    void *arg;
} start;

static void *begin(void *arg)
{
    start s = *(start *)arg;
    weir_free(arg);
    return (void *)(intptr_t)s.run(s.arg);
}

static int result(int rc)
{
    return rc == 0 ? thrd_success : thrd_error;
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *arg)
{
    start *s = weir_alloc(sizeof *s);
    *s = (start){run, arg};
    int rc = pthread_create(thread, NULL, begin, s);
    if (rc) {
        weir_free(s);
    }
    return result(rc);
}

int thrd_join(thrd_t thread, int *res)
{
    void *value = NULL;
    int rc = pthread_join(thread, &value);
    if (rc == 0 && res) {
        *res = (int)(intptr_t)value;
    }
    return result(rc);
}

int mtx_init(mtx_t *m, int type)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    if (type & mtx_recursive) {
        pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    }
    int rc = pthread_mutex_init((pthread_mutex_t *)m, &attr);
    pthread_mutexattr_destroy(&attr);
    return result(rc);
}

void mtx_destroy(mtx_t *m)
{
    pthread_mutex_destroy((pthread_mutex_t *)m);
}

int mtx_lock(mtx_t *m)
{
    return result(pthread_mutex_lock((pthread_mutex_t *)m));
}

int mtx_unlock(mtx_t *m)
{
    return result(pthread_mutex_unlock((pthread_mutex_t *)m));
}

int cnd_init(cnd_t *c)
{
    return result(pthread_cond_init((pthread_cond_t *)c, NULL));
}

void cnd_destroy(cnd_t *c)
{
    pthread_cond_destroy((pthread_cond_t *)c);
}

int cnd_wait(cnd_t *c, mtx_t *m)
{
    return result(pthread_cond_wait((pthread_cond_t *)c, (pthread_mutex_t *)m));
}

int cnd_signal(cnd_t *c)
{
    return result(pthread_cond_signal((pthread_cond_t *)c));
}

int cnd_broadcast(cnd_t *c)
{
    return result(pthread_cond_broadcast((pthread_cond_t *)c));
}

#endif
