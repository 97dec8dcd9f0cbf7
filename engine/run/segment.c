/* See segment.h. Files are named topics/TOPIC-PARTITION.log by number. */
#include "engine/run/segment.h"

#include "engine/base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "topics"
#define PATH_BYTES_MAX 4096
#define BLOCK_BYTES 4096u              /* direct I/O is in whole ones, in place and length */
#define BUFFER_BYTES (1u << 20)
#define FREE_BYTES_MIN ((uint64_t)4 << 20) /* a hole smaller than this is not worth a call */

static bool path_of(char *out, const char *dir, uint32_t topic, uint32_t partition)
{
    int n = snprintf(out, PATH_BYTES_MAX, "%s/" FOLDER "/%u-%u.log", dir, topic, partition);
    return n > 0 && n < PATH_BYTES_MAX;
}

static weir_rc failed(const weir__segment *s, const char *what, weir_status *st)
{
    int why = errno;
    weir_fail(st, WEIR_EIO, "cannot %s %s: %s", what, s->path, strerror(why));
    if (why == ENOSPC && st) {
        weir_hint(st, "free some space and start again: what was committed is safe");
    }
    return WEIR_EIO;
}

weir_rc weir__segment_open(weir__segment *s, const char *dir, uint32_t topic, uint32_t partition,
                           uint64_t end, weir_status *st)
{
    char path[PATH_BYTES_MAX];
    char folder[PATH_BYTES_MAX];
    if (!path_of(path, dir, topic, partition)) {
        return weir_fail(st, WEIR_ELIMIT, "the path of the data directory is too long");
    }
    snprintf(folder, sizeof folder, "%s/" FOLDER, dir);
    *s = (weir__segment){.path = weir_strdup(path), .fd = -1, .direct = -1, .end = end};
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        return failed(s, "make the folder of", st);
    }
    s->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (s->fd < 0) {
        return failed(s, "open", st);
    }
    int direct = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
    s->direct = direct >= 0 ? direct : s->fd;
    struct stat info;
    if (fstat(s->fd, &info) != 0) {
        return failed(s, "look at", st);
    }
    if ((uint64_t)info.st_size < end) {
        weir_fail(st, WEIR_ECORRUPT, "%s has %lld bytes where %llu were committed", path,
                  (long long)info.st_size, (unsigned long long)end);
        if (st) {
            weir_hint(st, "restore it from a copy, or start with an empty directory and reprocess");
        }
        return WEIR_ECORRUPT;
    }
    if ((uint64_t)info.st_size > end && ftruncate(s->fd, (off_t)end) != 0) {
        return failed(s, "cut", st);
    }
    return WEIR_OK;
}

void weir__segment_close(weir__segment *s)
{
    if (s->path && s->fd >= 0) {
        if (s->direct != s->fd) {
            close(s->direct);
        }
        close(s->fd);
    }
    weir_free(s->buf);
    weir_free(s->path);
    *s = (weir__segment){0};
}

static weir_rc write_buffer(weir__segment *s, weir_status *st)
{
    /* Every write starts at a whole block: what is padded here is skipped by the next append. */
    uint32_t n = (s->n_buf + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    memset(s->buf + s->n_buf, 0, n - s->n_buf);
    for (uint32_t done = 0; done < n;) {
        ssize_t got = pwrite(s->direct, s->buf + done, n - done, (off_t)(s->written + done));
        if (got < 0 && errno == EINVAL && s->direct != s->fd) {
            close(s->direct); /* opened, but not able to */
            s->direct = s->fd;
        } else if (got < 0 && errno != EINTR) {
            return failed(s, "write", st);
        }
        done += got > 0 ? (uint32_t)got : 0;
    }
    s->written += n;
    s->end = s->written;
    s->n_buf = 0;
    s->unsynced = true;
    return WEIR_OK;
}

weir_rc weir__segment_append(weir__segment *s, weir_sv bytes, uint64_t *at, weir_status *st)
{
    if (!s->buf) {
        s->buf = weir_alloc_aligned(BLOCK_BYTES, BUFFER_BYTES);
        s->written = s->end = (s->end + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    }
    *at = s->end;
    for (uint32_t done = 0; done < bytes.n;) {
        uint32_t n = bytes.n - done;
        n = n < BUFFER_BYTES - s->n_buf ? n : BUFFER_BYTES - s->n_buf;
        memcpy(s->buf + s->n_buf, bytes.p + done, n);
        s->n_buf += n;
        done += n;
        s->end += n;
        if (s->n_buf == BUFFER_BYTES) {
            WEIR_TRY(write_buffer(s, st));
        }
    }
    return WEIR_OK;
}

weir_rc weir__segment_read(const weir__segment *s, uint64_t at, uint32_t n, weir_buf *out,
                           weir_status *st)
{
    char *to = weir_buf_reserve(out, n);
    for (uint32_t done = 0; done < n;) {
        ssize_t got = pread(s->fd, to + done, n - done, (off_t)(at + done));
        if (got == 0) {
            return weir_fail(st, WEIR_ECORRUPT, "%s ends before byte %llu", s->path,
                             (unsigned long long)(at + n));
        }
        if (got < 0 && errno != EINTR) {
            return failed(s, "read", st);
        }
        done += got > 0 ? (uint32_t)got : 0;
    }
    out->n += n;
    return WEIR_OK;
}

weir_rc weir__segment_sync(weir__segment *s, weir_status *st)
{
    if (!s->path) {
        return WEIR_OK;
    }
    if (s->cut > s->freed + FREE_BYTES_MIN) {
        /* A file system that cannot make holes keeps the bytes. */
        (void)fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)s->freed,
                        (off_t)(s->cut - s->freed));
        s->freed = s->cut;
    }
    s->cut = s->cut_next;
    if (s->buf) {
        WEIR_TRY(s->n_buf ? write_buffer(s, st) : WEIR_OK);
        weir_free(s->buf);
        s->buf = NULL;
    }
    if (s->unsynced && fdatasync(s->fd) != 0) {
        return failed(s, "sync", st);
    }
    s->unsynced = false;
    return WEIR_OK;
}

void weir__segment_remove(const char *dir, uint32_t topic, uint32_t partitions)
{
    char path[PATH_BYTES_MAX];
    for (uint32_t i = 0; i < partitions; i++) {
        if (path_of(path, dir, topic, i)) {
            (void)unlink(path); /* it may never have been made */
        }
    }
}

void weir__segment_sweep(const char *dir, bool (*known)(void *ctx, uint32_t topic, uint32_t partition),
                         void *ctx)
{
    char path[PATH_BYTES_MAX];
    if (snprintf(path, sizeof path, "%s/" FOLDER, dir) >= (int)sizeof path) {
        return;
    }
    DIR *d = opendir(path);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        unsigned topic = 0;
        unsigned partition = 0;
        int used = 0;
        bool ours = sscanf(e->d_name, "%u-%u.log%n", &topic, &partition, &used) == 2 && used > 0 &&
                    e->d_name[used] == 0;
        if (ours && !known(ctx, topic, partition) && path_of(path, dir, topic, partition)) {
            (void)unlink(path);
        }
    }
    if (d) {
        closedir(d);
    }
}
