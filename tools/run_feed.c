/* See run_feed.h. The thread reads into `part`, posts, and waits at the gate until the loop has taken
 * the bytes and wants more: that is all the back-pressure there is.
 *
 *   thread: poll, read ─► part ─post─► loop: part ─► pending ─► lines
 *                 ▲                                   │
 *                 └────────────── gate ◄──────────────┘ */
#include "tools/run_feed.h"

#include "tools/split.h"

#include "engine/base/alloc.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#define PART_BYTES ((size_t)1 << 18)
#define PENDING_BYTES ((size_t)1 << 20) /* above this the thread waits for lines to be taken */
#define POLL_MS 100                     /* how long a stop may take */

struct weir_feed {
    weir_loop *loop;
    weir_thread *thread;
    weir_gate *gate;
    int fd;
    atomic_bool stop, posted;
    char *part;     /* the thread's, until it is posted */
    size_t part_n;
    int part_error;
    bool part_end;
    /* the loop's */
    weir_splitter pending;
    bool held, ended;
    int error;
    void (*ready)(void *ctx);
    void *ctx;
};

static void let_go(weir_feed *f)
{
    if (f->held) {
        f->held = false;
        weir_gate_leave(f->gate);
    }
}

/* Thread → loop: `part` is full. */
static void deliver(void *ctx)
{
    weir_feed *f = ctx;
    atomic_store(&f->posted, false);
    if (f->part_n) {
        memcpy(weir_splitter_room(&f->pending, f->part_n), f->part, f->part_n);
        f->pending.bytes.n += f->part_n;
    }
    f->ended = f->part_end;
    f->error = f->part_error;
    f->held = true;
    if (f->ended || weir_splitter_left(&f->pending) < PENDING_BYTES) {
        let_go(f);
    }
    f->ready(f->ctx);
}

static void wait_and_read(weir_feed *f)
{
    struct pollfd p = {.fd = f->fd, .events = POLLIN};
    f->part_n = 0;
    while (!atomic_load(&f->stop)) {
        int got = poll(&p, 1, POLL_MS);
        if (got == 0 || (got < 0 && errno == EINTR)) {
            continue;
        }
        ssize_t n = got < 0 ? -1 : read(f->fd, f->part, PART_BYTES);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        f->part_error = n < 0 ? errno : 0;
        f->part_n = n > 0 ? (size_t)n : 0;
        f->part_end = n <= 0;
        return;
    }
}

static void feed_main(void *ctx)
{
    weir_feed *f = ctx;
    while (!f->part_end) {
        wait_and_read(f);
        weir_gate_expect(f->gate, 1);
        atomic_store(&f->posted, true);
        if (atomic_load(&f->stop)) {
            return;
        }
        weir_loop_post(f->loop, deliver, f);
        weir_gate_wait(f->gate);
    }
}

weir_feed *weir_feed_new(weir_loop *loop, int fd, void (*ready)(void *ctx), void *ctx)
{
    weir_feed *f = weir_zalloc(sizeof *f);
    f->loop = loop;
    f->fd = fd;
    f->ready = ready;
    f->ctx = ctx;
    f->part = weir_alloc(PART_BYTES);
    f->gate = weir_gate_new();
    f->thread = weir_thread_start(feed_main, f);
    return f;
}

void weir_feed_free(weir_feed *f)
{
    if (!f) {
        return;
    }
    /* Either the thread sees `stop` before it waits, or this sees that it has posted. */
    atomic_store(&f->stop, true);
    if (f->held) {
        let_go(f);
    } else if (atomic_load(&f->posted)) {
        weir_gate_leave(f->gate);
    }
    weir_thread_join(f->thread);
    weir_gate_free(f->gate);
    if (f->fd != STDIN_FILENO) {
        close(f->fd);
    }
    weir_splitter_deinit(&f->pending);
    weir_free(f->part);
    weir_free(f);
}

weir_feed_state weir_feed_next(weir_feed *f, uint32_t most, weir_sv *line, int *error)
{
    if (weir_splitter_next(&f->pending, most, f->ended, line)) {
        return WEIR_FEED_LINE;
    }
    *error = f->error;
    let_go(f);
    return f->ended ? WEIR_FEED_END : WEIR_FEED_WAIT;
}
