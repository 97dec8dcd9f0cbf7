/* The demo's webhook receiver: an HTTP server on loopback, on a thread of its own, as if it were
 * somebody else's. It takes an alert when the signature is right, knows it by its id, and has written
 * it to a file before it answers: what was answered survives kill -9, and what comes again is a repeat. */
#pragma once
#include "engine/base/status.h"

typedef struct weir_demo_hook weir_demo_hook;

#define WEIR_DEMO_SECRET "WEIR_DEMO_SECRET" /* variable of the environment with the signing secret */

#define WEIR_DEMO_LAST 3

typedef struct weir_demo_alert_taken {
    int64_t at, attempts;
    char card[48], total[24];
} weir_demo_alert_taken;

/* What has arrived. */
typedef struct weir_demo_received {
    uint64_t alerts;           /* in all runs */
    uint64_t repeats, refused; /* in this run, as the next ones */
    weir_demo_alert_taken last[WEIR_DEMO_LAST]; /* newest first */
    uint32_t n_last;
} weir_demo_received;

/* Makes a secret (into the environment), reads what `path` has, listens on a port of the kernel's. */
weir_rc weir_demo_hook_open(const char *path, weir_demo_hook **out, weir_status *st);
void weir_demo_hook_close(weir_demo_hook *h); /* NULL is fine */
uint16_t weir_demo_hook_port(const weir_demo_hook *h);
weir_demo_received weir_demo_hook_received(weir_demo_hook *h); /* any thread */
