/* Filling a status. Text is always formatted into a local buffer first, because arguments often
 * point into the status itself (wrapping its own message). */
#include "engine/base/status.h"

#include <stdarg.h>
#include <stdio.h>

/* ORDER weir_rc */
static const char *const rc_names[] = {
    "ok",       "wrong statement", "wrong usage",     "not found",   "exists already",
    "bad data", "limit",           "input or output", "busy",        "cannot connect",
    "corrupt",  "query stopped",   "not implemented", "interrupted",
};
_Static_assert(WEIR_COUNT(rc_names) == WEIR_EINTR + 1, "one name per weir_rc");

const char *weir_rc_name(weir_rc rc)
{
    WEIR_ASSERT((size_t)rc < WEIR_COUNT(rc_names));
    return rc_names[rc];
}

void weir_status_reset(weir_status *st)
{
    st->rc = WEIR_OK;
    st->retriable = false;
    st->span = (weir_span){0};
    st->hint[0] = '\0';
    st->msg[0] = '\0';
}

/* Copies with truncation that never leaves half a UTF-8 character at the end. */
static void copy_text(char *to, size_t to_bytes, const char *from)
{
    size_t n = strlen(from);
    if (n >= to_bytes) {
        n = to_bytes - 1;
        while (n > 0 && ((unsigned char)from[n] & 0xc0) == 0x80) {
            n--;
        }
    }
    memcpy(to, from, n);
    to[n] = '\0';
}

static void set_message(weir_status *st, weir_rc rc, weir_span span, const char *fmt, va_list args)
{
    /* A little longer than the field, so that copy_text sees where a character was cut. */
    char text[sizeof st->msg + 8];
    vsnprintf(text, sizeof text, fmt, args);
    weir_status_reset(st);
    st->rc = rc;
    st->span = span;
    copy_text(st->msg, sizeof st->msg, text);
}

weir_rc weir_fail(weir_status *st, weir_rc rc, const char *fmt, ...)
{
    WEIR_ASSERT(rc != WEIR_OK);
    if (st) {
        va_list args;
        va_start(args, fmt);
        set_message(st, rc, (weir_span){0}, fmt, args);
        va_end(args);
    }
    return rc;
}

weir_rc weir_fail_at(weir_status *st, weir_rc rc, weir_span span, const char *fmt, ...)
{
    WEIR_ASSERT(rc != WEIR_OK);
    if (st) {
        va_list args;
        va_start(args, fmt);
        set_message(st, rc, span, fmt, args);
        va_end(args);
    }
    return rc;
}

weir_rc weir_hint(weir_status *st, const char *fmt, ...)
{
    char text[sizeof st->hint + 8];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    copy_text(st->hint, sizeof st->hint, text);
    return st->rc;
}

weir_rc weir_wrap(weir_status *st, const char *fmt, ...)
{
    char text[sizeof st->msg + 8];
    char prefix[sizeof st->msg];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    copy_text(prefix, sizeof prefix, text);
    char whole[2 * sizeof st->msg + 2];
    snprintf(whole, sizeof whole, "%s: %s", prefix, st->msg);
    copy_text(st->msg, sizeof st->msg, whole);
    return st->rc;
}
