/* Timers that fire once, and watched descriptors. */
#include "tests/support/test.h"

#include <fcntl.h>
#include <unistd.h>

#include "engine/io/loop.h"

typedef struct world {
    weir_loop *loop;
    weir_timer *timer;
    weir_watch *watch;
    int fds[2];
    int calls;
    uint32_t events;
} world;

static void fired(void *ctx)
{
    world *w = ctx;
    if (++w->calls == 3) {
        weir_timer_stop(w->timer);
        weir_loop_stop(w->loop);
    } else {
        weir_timer_arm(w->timer, (uint64_t)w->calls);
    }
}

static void a_timer_fires_once_for_each_arming(void **state)
{
    (void)state;
    world w = {.loop = weir_loop_new()};
    w.timer = weir_timer_once(w.loop, 0, fired, &w);
    weir_loop_run(w.loop);
    assert_int_equal(w.calls, 3);
    weir_loop_free(w.loop);
}

static void stop(void *ctx)
{
    weir_loop_stop(((world *)ctx)->loop);
}

static void a_disarmed_timer_is_silent(void **state)
{
    (void)state;
    world w = {.loop = weir_loop_new()};
    w.timer = weir_timer_once(w.loop, 0, fired, &w);
    weir_timer_disarm(w.timer);
    weir_timer_once(w.loop, 5, stop, &w); /* both are left to the loop */
    weir_loop_run(w.loop);
    assert_int_equal(w.calls, 0);
    weir_loop_free(w.loop);
}

static void ready(void *ctx, uint32_t events)
{
    world *w = ctx;
    char c;
    w->calls++;
    w->events = events;
    assert_int_equal(read(w->fds[0], &c, 1), 1);
    weir_watch_stop(w->watch);
    weir_loop_stop(w->loop);
}

static void put(void *ctx)
{
    assert_int_equal(write(((world *)ctx)->fds[1], "x", 1), 1);
}

static void a_watch_hears_of_data(void **state)
{
    (void)state;
    world w = {.loop = weir_loop_new()};
    assert_int_equal(pipe(w.fds), 0);
    w.watch = weir_watch_start(w.loop, w.fds[0], WEIR_WATCH_READ, ready, &w);
    assert_non_null(w.watch);
    weir_timer_once(w.loop, 1, put, &w);
    weir_loop_run(w.loop);
    assert_int_equal(w.calls, 1);
    assert_int_equal(w.events, WEIR_WATCH_READ);
    weir_loop_free(w.loop);
    close(w.fds[0]);
    close(w.fds[1]);
}

static void a_silent_watch_and_one_left_open(void **state)
{
    (void)state;
    world w = {.loop = weir_loop_new()};
    assert_int_equal(pipe(w.fds), 0);
    put(&w);
    w.watch = weir_watch_start(w.loop, w.fds[0], 0, ready, &w);
    weir_timer_once(w.loop, 5, stop, &w);
    weir_loop_run(w.loop);
    assert_int_equal(w.calls, 0);
    weir_watch_change(w.watch, WEIR_WATCH_READ);
    weir_loop_free(w.loop);
    close(w.fds[0]);
    close(w.fds[1]);
}

static void a_file_cannot_be_watched(void **state)
{
    (void)state;
    world w = {.loop = weir_loop_new()};
    int fd = open("CMakeLists.txt", O_RDONLY);
    assert_null(weir_watch_start(w.loop, fd, WEIR_WATCH_READ, ready, &w));
    close(fd);
    weir_loop_free(w.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_once_for_each_arming),
        cmocka_unit_test(a_disarmed_timer_is_silent),
        cmocka_unit_test(a_watch_hears_of_data),
        cmocka_unit_test(a_silent_watch_and_one_left_open),
        cmocka_unit_test(a_file_cannot_be_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
