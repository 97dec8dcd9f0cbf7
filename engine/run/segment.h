/* The log file of one topic partition: encoded chunks one behind the other, in a folder of the data
 * directory. Appending costs a copy into the page cache.
 *
 * The store decides what counts: it keeps where each chunk lies and how far the file goes, in the
 * same atomic write as everything else of an epoch. What lies behind that is cut off at the next
 * start; what lies before the first chunk is given back to the disk.
 *
 * Bytes gather in a buffer and are written past the page cache where the file system can (readers of
 * new records find them in memory anyway): a large epoch costs neither a copy nor memory.
 *
 * One thread appends, any may read what was appended before. */
#pragma once
#include "engine/base/buf.h"
#include "engine/base/status.h"

typedef struct weir__segment {
    char *path;    /* NULL: not in use yet */
    int fd;
    int direct;    /* for writing; == fd where there is no direct I/O */
    uint64_t end;
    char *buf;     /* bytes from `written` on; NULL when there are none */
    uint32_t n_buf;
    uint64_t written;
    bool unsynced;
    uint64_t cut, cut_next; /* the file's start is not needed up to here: now, after the next commit */
    uint64_t freed;
} weir__segment;

/* `end` from the store: the file is cut there. A file that lacks bytes is WEIR_ECORRUPT. */
weir_rc weir__segment_open(weir__segment *s, const char *dir, uint32_t topic, uint32_t partition,
                           uint64_t end, weir_status *st);
void weir__segment_close(weir__segment *s);
weir_rc weir__segment_append(weir__segment *s, weir_sv bytes, uint64_t *at, weir_status *st);
weir_rc weir__segment_read(const weir__segment *s, uint64_t at, uint32_t n, weir_buf *out,
                           weir_status *st);
/* Makes appended bytes durable, and frees what an earlier commit made needless. */
weir_rc weir__segment_sync(weir__segment *s, weir_status *st);

/* Removes the files of a topic. */
void weir__segment_remove(const char *dir, uint32_t topic, uint32_t partitions);
/* Removes files of topics that `known` does not know: left behind by a crash. */
void weir__segment_sweep(const char *dir, bool (*known)(void *ctx, uint32_t topic, uint32_t partition),
                         void *ctx);
