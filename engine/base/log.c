/* One formatted line, one write: lines of several threads do not mix. */
#include "engine/base/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LOG_LINE_BYTES 2048

weir_level weir_log_threshold = WEIR_WARN;

static const char *level_name(weir_level level)
{
    switch (level) {
    case WEIR_DEBUG:
        return "debug";
    case WEIR_INFO:
        return "info";
    case WEIR_WARN:
        return "warning";
    case WEIR_ERROR:
        return "error";
    }
    WEIR_UNREACHABLE();
}

void weir_log_line(weir_level level, const char *fmt, ...)
{
    char line[LOG_LINE_BYTES];
    int head = snprintf(line, sizeof line, "weir: %s: ", level_name(level));
    WEIR_ASSERT(head > 0 && (size_t)head < sizeof line);
    size_t room = sizeof line - (size_t)head - 1; /* one byte is kept for the line feed */
    va_list args;
    va_start(args, fmt);
    int body = vsnprintf(line + head, room, fmt, args);
    va_end(args);
    WEIR_ASSERT(body >= 0);
    size_t n = (size_t)head + ((size_t)body < room ? (size_t)body : room - 1);
    /* Text from outside must not forge lines or drive the terminal. */
    for (size_t i = (size_t)head; i < n; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = ' ';
        }
    }
    line[n++] = '\n';
    fwrite(line, 1, n, stderr);
}
