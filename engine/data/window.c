/* Arithmetic of Kafka Streams' TimeWindows and SessionWindows, without its overflows. */
#include "engine/data/window.h"

int64_t weir_window_first_start(const weir_window *w, int64_t ts)
{
    WEIR_ASSERT(w->kind == WEIR_WINDOW_TUMBLING || w->kind == WEIR_WINDOW_HOPPING);
    WEIR_ASSERT(w->advance_ms > 0 && w->advance_ms <= w->size_ms);
    int64_t overlap = w->size_ms - w->advance_ms;
    return ts < overlap ? 0 : (ts - overlap) / w->advance_ms * w->advance_ms;
}

static int64_t minus(int64_t a, int64_t b)
{
    int64_t r;
    return __builtin_sub_overflow(a, b, &r) ? (b < 0 ? INT64_MAX : INT64_MIN) : r;
}

bool weir_window_closed(const weir_window *w, int64_t end, int64_t stream_time)
{
    WEIR_ASSERT(w->kind != WEIR_WINDOW_NONE);
    int64_t close = minus(stream_time, w->grace_ms);
    return w->kind == WEIR_WINDOW_SESSION ? end < minus(close, w->size_ms) : end <= close;
}
