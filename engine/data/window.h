/* Window arithmetic. All times in milliseconds since the epoch. */
#pragma once
#include "engine/base/base.h"

typedef enum weir_window_kind {
    WEIR_WINDOW_NONE,
    WEIR_WINDOW_TUMBLING, /* [start, start + size), start a multiple of size */
    WEIR_WINDOW_HOPPING,  /* the same with start a multiple of advance */
    WEIR_WINDOW_SESSION,  /* [first, last], records at most `gap` apart */
} weir_window_kind;

typedef struct weir_window {
    weir_window_kind kind;
    int64_t size_ms;     /* SESSION: the gap */
    int64_t advance_ms;  /* TUMBLING: == size */
    int64_t grace_ms;    /* default max(24 h − size, 0) */
    int64_t retention_ms; /* default size + grace */
    bool has_grace, has_retention; /* written in the statement */
} weir_window;

/* First window start ≥ 0 that contains `ts` (Kafka Streams never makes negative starts). The others
 * follow at start + advance as long as start <= ts; a negative `ts` is in no window. */
int64_t weir_window_first_start(const weir_window *w, int64_t ts);
/* Whether the window [start, end) is closed at this stream time: end + grace <= stream_time. A session
 * that ends at `end` (inclusive) is closed when end + gap + grace < stream_time. */
bool weir_window_closed(const weir_window *w, int64_t end, int64_t stream_time);
