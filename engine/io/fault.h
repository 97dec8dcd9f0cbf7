/* Fault points: places of the commit protocol where a test lets the process die, stop for a while, or
 * see a call fail. Free when not set: one branch on a flag.
 *
 *   WEIR_FAULT=point:n:action[,…]    n: the n-th time the point is reached, `*` each time
 *   action: kill (SIGKILL to itself), sleep=MS, error (the operation there fails with WEIR_EIO)
 *
 * Names are the rows of fault.def. */
#pragma once
#include "engine/base/status.h"

typedef enum weir_fault_point {
#define WEIR_FAULT_POINT(id, name, doc) WEIR_FAULT_##id,
#include "engine/io/fault.def"
#undef WEIR_FAULT_POINT
    WEIR_FAULT_POINTS
} weir_fault_point;

/* Reads the environment. WEIR_EUSAGE for an unknown point or action. Call once, before threads start. */
weir_rc weir_faults_arm(const char *spec, weir_status *st);
const char *weir_fault_name(weir_fault_point point);
const char *weir_fault_doc(weir_fault_point point);

/* For tests that simulate a process inside their own: asked at every point, before what is armed; an
 * error of it is the result there. NULL: nobody is asked. */
typedef weir_rc (*weir_fault_hook)(void *ctx, weir_fault_point point, weir_status *st);
void weir_faults_hook(weir_fault_hook hook, void *ctx);

extern bool weir_faults_armed;
/* Behind WEIR_FAULT. Any thread. */
weir_rc weir_fault_hit(weir_fault_point point, weir_status *st);

/* WEIR_OK, or the injected error. */
#define WEIR_FAULT(id, st)                                                                         \
    (WEIR_UNLIKELY(weir_faults_armed) ? weir_fault_hit(WEIR_FAULT_##id, st) : WEIR_OK)
