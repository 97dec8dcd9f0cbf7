/* Whether the process has been asked to end. */
#include "engine/base/alloc.h"
#include "engine/io/loop_uv.h"

#include <signal.h>

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
