/* Results of operations that can fail: a code that is returned, and a message in a caller-owned
 * struct that is always the last parameter. Programmer errors are assertions, bad data is NULL. */
#pragma once
#include "engine/base/base.h"

/* ORDER weir_rc: names in status.c */
typedef enum weir_rc {
    WEIR_OK = 0,
    WEIR_ESQL,      /* the statement is wrong; the span points into its text */
    WEIR_EUSAGE,    /* wrong option, property or argument */
    WEIR_ENOTFOUND, /* a named thing does not exist */
    WEIR_EEXISTS,   /* a named thing exists already */
    WEIR_EDATA,     /* bytes that cannot be read as what they should be */
    WEIR_ELIMIT,    /* a limit of limits.h was reached */
    WEIR_EIO,       /* disk, socket, library */
    WEIR_EBUSY,     /* somebody else holds it */
    WEIR_ECONNECT,  /* the other side cannot be reached */
    WEIR_ECORRUPT,  /* stored state or log that must not be read */
    WEIR_EFATAL,    /* an expression error that must stop the query (ksqlDB: StreamsException) */
    WEIR_ENOTIMPL,  /* parses, is not executable yet */
    WEIR_EINTR,     /* stopped on request */
} weir_rc;

/* Byte range in a statement's text. `n` == 0: no position. */
typedef struct weir_span {
    uint32_t at, n;
} weir_span;

typedef struct weir_status {
    weir_rc rc;
    bool retriable; /* the caller's next move: try again, or give up */
    weir_span span;
    char hint[256]; /* what to do next; may be empty */
    char msg[1024];
} weir_status;

/* `return` the code of a failing call. */
#define WEIR_TRY(call)                                                                             \
    do {                                                                                           \
        weir_rc weir_try_rc = (call);                                                              \
        if (WEIR_UNLIKELY(weir_try_rc != WEIR_OK)) {                                               \
            return weir_try_rc;                                                                    \
        }                                                                                          \
    } while (0)

void weir_status_reset(weir_status *st);
/* Sets code and message, returns the code. `st` may be NULL. */
weir_rc weir_fail(weir_status *st, weir_rc rc, const char *fmt, ...) WEIR_PRINTF(3, 4);
/* The same with a position in the statement's text. */
weir_rc weir_fail_at(weir_status *st, weir_rc rc, weir_span span, const char *fmt, ...)
    WEIR_PRINTF(4, 5);
/* Sets the hint. Returns st->rc. */
weir_rc weir_hint(weir_status *st, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* Puts "prefix: " before the message. Returns st->rc. */
weir_rc weir_wrap(weir_status *st, const char *fmt, ...) WEIR_PRINTF(2, 3);
const char *weir_rc_name(weir_rc rc);
