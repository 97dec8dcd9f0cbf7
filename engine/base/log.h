/* The log on standard error: one line, level, text. Levels below the threshold cost one compare. */
#pragma once
#include "engine/base/base.h"

typedef enum weir_level { WEIR_DEBUG, WEIR_INFO, WEIR_WARN, WEIR_ERROR } weir_level;
extern weir_level weir_log_threshold; /* default WEIR_WARN */
void weir_log_line(weir_level level, const char *fmt, ...) WEIR_PRINTF(2, 3);
#define WEIR_LOG(level, ...)                                                                       \
    ((level) >= weir_log_threshold ? weir_log_line((level), __VA_ARGS__) : (void)0)
