/* The state of a connector, and its last trouble: what it tells about itself. Any thread. */
#include "connectors/conn_impl.h"

#include "engine/base/log.h"

#include <stdarg.h>
#include <stdio.h>

const char *weir_connect_state_name(weir_connect_state s)
{
    static const char *const names[] = {"RUNNING", "PAUSED", "FAILED", "ENDED"};
    WEIR_ASSERT((size_t)s < WEIR_COUNT(names));
    return names[s];
}

void weir__conn_set_state(weir_conn *c, weir_connect_state s)
{
    weir_lock_enter(c->shared.lock);
    c->shared.state = s;
    weir_lock_leave(c->shared.lock);
}

weir_connect_state weir__conn_state(weir_conn *c)
{
    weir_lock_enter(c->shared.lock);
    weir_connect_state s = c->shared.state;
    weir_lock_leave(c->shared.lock);
    return s;
}

void weir_conn_trouble(weir_conn *c, const char *fmt, ...)
{
    char text[sizeof c->shared.trouble];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    weir_lock_enter(c->shared.lock);
    bool news = !c->shared.troubled;
    c->shared.troubled = true;
    memcpy(c->shared.trouble, text, sizeof text);
    weir_lock_leave(c->shared.lock);
    if (news) {
        WEIR_LOG(WEIR_WARN, "connector " WEIR_SV_FMT ": %s", WEIR_SV_ARG(c->name), text);
    }
}

void weir_conn_well(weir_conn *c)
{
    weir_lock_enter(c->shared.lock);
    c->shared.troubled = false; /* the text stays: it was the last */
    weir_lock_leave(c->shared.lock);
}

void weir_conn_fail(weir_conn *c, const char *fmt, ...)
{
    char text[sizeof c->shared.trouble];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    c->sink.halted = true;
    weir_lock_enter(c->shared.lock);
    bool news = c->shared.state != WEIR_CONNECT_FAILED;
    c->shared.state = WEIR_CONNECT_FAILED;
    if (news) {
        memcpy(c->shared.trouble, text, sizeof text);
    }
    weir_lock_leave(c->shared.lock);
    if (news) {
        WEIR_LOG(WEIR_ERROR, "connector " WEIR_SV_FMT " has stopped: %s", WEIR_SV_ARG(c->name), text);
        c->owner->config.wake(c->owner->config.ctx);
    }
}
