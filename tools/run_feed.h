/* Lines of something that cannot be read without waiting: standard input, a pipe. A thread waits;
 * the loop gets the bytes. All calls are on the loop's thread. */
#pragma once
#include "engine/base/base.h"
#include "engine/base/status.h"
#include "engine/io/loop.h"

typedef struct weir_feed weir_feed;

/* `ready` is called on the loop's thread when there is more. Takes the descriptor. */
weir_feed *weir_feed_new(weir_loop *loop, int fd, void (*ready)(void *ctx), void *ctx);
/* After weir_loop_run has returned and before weir_loop_free. */
void weir_feed_free(weir_feed *f);

typedef enum weir_feed_state { WEIR_FEED_LINE, WEIR_FEED_WAIT, WEIR_FEED_END } weir_feed_state;
/* The next line without its end, valid until the next call. *error: errno of a failed read. A line
 * longer than `most` bytes is cut there. */
weir_feed_state weir_feed_next(weir_feed *f, uint32_t most, weir_sv *line, int *error);
