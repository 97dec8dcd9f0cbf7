/* See epoch_log.h. The file is written through the page cache, a few megabytes at a time, and cut to
 * nothing when the store has all of it: that need not be durable, for what comes back then is not newer
 * than the store. */
#include "engine/run/epoch_log.h"
#include "engine/base/hash.h"
#include "engine/io/loop.h"
#include "engine/run/store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_FILE "epochs.log"
#define LOG_MAGIC "weirlog1"
#define HEAD_BYTES 28u
#define RECORD_BYTES 21u /* before the operations */
#define CRC_BYTES 4u
#define KIND_PREPARED 'P'
#define KIND_COUNTS 'C'
#define SLAB_BYTES ((size_t)1 << 20)   /* written at a time */
#define SEARCH_BYTES ((size_t)1 << 16) /* read at a time */
#define EPOCHS_AHEAD_MAX 1000000u      /* a later record is not that much later */

typedef struct record {
    uint64_t at, epoch, bytes; /* bytes: of the operations */
    char kind;
} record;

/* ---- files ---- */

static weir_rc failed(const weir__epoch_log *l, const char *what, weir_status *st)
{
    int why = errno;
    if (why == ENOSPC || why == EDQUOT) {
        weir_fail(st, WEIR_EIO, "data directory \"%s\": no space left on device", l->dir);
        return weir_hint(st, "free some space and start again: what was committed is safe");
    }
    return weir_fail(st, WEIR_EIO, "data directory \"%s\": cannot %s " LOG_FILE ": %s", l->dir, what,
                     strerror(why));
}

static weir_rc damaged(const weir__epoch_log *l, const char *how, uint64_t at, weir_status *st)
{
    weir_fail(st, WEIR_ECORRUPT, "data directory \"%s\" is damaged: " LOG_FILE ": %s at byte %llu",
              l->dir, how, (unsigned long long)at);
    return weir_hint(st, WEIR__STORE_DAMAGE_HINT);
}

static weir_rc write_at(weir__epoch_log *l, uint64_t at, weir_sv bytes, weir_status *st)
{
    while (bytes.n > 0) {
        ssize_t n = pwrite(l->fd, bytes.p, bytes.n, (off_t)at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return failed(l, "write", st);
        }
        at += (uint64_t)n;
        l->size = at > l->size ? at : l->size;
        bytes = (weir_sv){bytes.p + n, bytes.n - (uint32_t)n};
    }
    return WEIR_OK;
}

static weir_rc read_at(const weir__epoch_log *l, uint64_t at, char *to, size_t bytes,
                       weir_status *st)
{
    while (bytes > 0) {
        ssize_t n = pread(l->fd, to, bytes, (off_t)at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n ? errno : EIO; /* somebody else has cut it */
            return failed(l, "read", st);
        }
        at += (uint64_t)n;
        to += n;
        bytes -= (size_t)n;
    }
    return WEIR_OK;
}

static weir_rc cut(weir__epoch_log *l, uint64_t at, weir_status *st)
{
    if (l->size > at && ftruncate(l->fd, (off_t)at) != 0) {
        return failed(l, "cut", st);
    }
    l->size = l->size < at ? l->size : at;
    return WEIR_OK;
}

static weir_rc synced(weir__epoch_log *l, weir_status *st)
{
    return fdatasync(l->fd) == 0 ? WEIR_OK : failed(l, "sync", st);
}

static int file_open(const weir__epoch_log *l, int flags)
{
    weir_buf path = {0};
    weir_buf_printf(&path, "%s/" LOG_FILE, l->dir);
    int fd = open(weir_buf_cstr(&path), flags | O_CLOEXEC, 0666);
    int why = errno;
    weir_buf_deinit(&path);
    errno = why;
    return fd;
}

/* The file and its name are there to stay. */
static weir_rc file_make(weir__epoch_log *l, weir_status *st)
{
    l->fd = file_open(l, O_RDWR | O_CREAT);
    if (l->fd < 0) {
        return failed(l, "make", st);
    }
    int dir = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = dir >= 0 && fsync(dir) == 0;
    weir_rc rc = ok ? WEIR_OK : failed(l, "keep", st);
    if (dir >= 0) {
        close(dir);
    }
    return rc;
}

/* ---- parts ---- */

static uint32_t salted(const weir__epoch_log *l, const void *p, size_t n)
{
    return weir_crc32c(weir_crc32c(0, &l->salt, sizeof l->salt), p, n);
}

static void put_head(weir__epoch_log *l, weir_buf *out, uint64_t stored)
{
    l->salt = weir_entropy();
    weir_buf_str(out, LOG_MAGIC);
    weir_buf_be64(out, l->salt);
    weir_buf_be64(out, stored);
    weir_buf_be32(out, weir_crc32c(0, out->p, out->n));
}

static void put_record(const weir__epoch_log *l, weir_buf *out, char kind, uint64_t epoch,
                       uint64_t bytes)
{
    size_t at = out->n;
    weir_buf_byte(out, kind);
    weir_buf_be64(out, epoch);
    weir_buf_be64(out, bytes);
    weir_buf_be32(out, salted(l, out->p + at, out->n - at));
}

static bool read_record(const weir__epoch_log *l, const char *p, uint64_t at, record *out)
{
    weir_reader r = {p, p + RECORD_BYTES, false};
    out->at = at;
    out->kind = (char)weir_read_u8(&r);
    out->epoch = weir_read_be64(&r);
    out->bytes = weir_read_be64(&r);
    return weir_read_be32(&r) == salted(l, p, RECORD_BYTES - CRC_BYTES) &&
           (out->kind == KIND_PREPARED || (out->kind == KIND_COUNTS && out->bytes == 0));
}

static uint64_t record_end(const record *r)
{
    return r->at + RECORD_BYTES + (r->kind == KIND_PREPARED ? r->bytes + CRC_BYTES : 0);
}

/* ---- operations ---- */

static void put_op(weir_buf *out, const weir_store_batch *b, const store_op *op)
{
    weir_buf_byte(out, (char)op->kind);
    weir_buf_varint(out, op->key_n);
    weir_buf_varint(out, op->value_n);
    weir_buf_add(out, b->bytes.p + op->at, (size_t)op->key_n + op->value_n);
}

static uint64_t varint_bytes(uint64_t v)
{
    return v < 128 ? 1 : (70u - (unsigned)__builtin_clzll(v)) / 7u;
}

static uint64_t ops_bytes(const weir_store_batch *b)
{
    uint64_t n = 0;
    for (size_t i = 0; i < b->n; i++) {
        const store_op *op = &b->ops[i];
        n += 1 + varint_bytes(op->key_n) + varint_bytes(op->value_n) + op->key_n + op->value_n;
    }
    return n;
}

static bool take_ops(weir_reader r, weir_store_batch *b)
{
    while (r.p < r.end) {
        uint8_t kind = weir_read_u8(&r);
        uint64_t key_n = weir_read_varint(&r);
        uint64_t value_n = weir_read_varint(&r);
        weir_sv key = weir_read_bytes(&r, key_n);
        weir_sv value = weir_read_bytes(&r, value_n);
        bool ok = kind == STORE_PUT      ? value_n >= WEIR_STORE_CRC_BYTES
                  : kind == STORE_DELETE ? value_n == 0
                                         : kind == STORE_DELETE_RANGE;
        if (r.bad || !ok) {
            return false;
        }
        weir__store_batch_add(b, kind, key, value);
    }
    return true;
}

/* *whole: the checksum is right; then the operations are in the batch, if one is given. */
static weir_rc take_record(const weir__epoch_log *l, const record *r, weir_store_batch *b, bool *whole,
                           weir_status *st)
{
    size_t n = (size_t)r->bytes;
    char *bytes = weir_alloc(n + CRC_BYTES);
    weir_rc rc = read_at(l, r->at + RECORD_BYTES, bytes, n + CRC_BYTES, st);
    weir_reader crc = {bytes + n, bytes + n + CRC_BYTES, false};
    *whole = rc == WEIR_OK && weir_read_be32(&crc) == salted(l, bytes, n);
    if (*whole && b && !take_ops((weir_reader){bytes, bytes + n, false}, b)) {
        rc = damaged(l, "a record that cannot be read", r->at, st);
    }
    weir_free(bytes);
    return rc;
}

/* ---- reading at start ---- */

/* A later record behind one that is not whole? */
static weir_rc search(const weir__epoch_log *l, uint64_t at, bool *found, weir_status *st)
{
    char *part = weir_alloc(SEARCH_BYTES);
    weir_rc rc = WEIR_OK;
    *found = false;
    while (rc == WEIR_OK && !*found && at + RECORD_BYTES <= l->size) {
        size_t n = l->size - at < SEARCH_BYTES ? (size_t)(l->size - at) : SEARCH_BYTES;
        rc = read_at(l, at, part, n, st);
        size_t tried = n - RECORD_BYTES + 1;
        for (size_t i = 0; rc == WEIR_OK && i < tried && !*found; i++) {
            record r;
            *found = (part[i] == KIND_PREPARED || part[i] == KIND_COUNTS) &&
                     read_record(l, part + i, at + i, &r) && r.epoch > l->last &&
                     r.epoch - l->last < EPOCHS_AHEAD_MAX;
        }
        at += tried;
    }
    weir_free(part);
    return rc;
}

/* *found false: the file ends before. */
static weir_rc read_head(weir__epoch_log *l, uint64_t stored, bool *found, weir_status *st)
{
    static const char never[HEAD_BYTES];
    char head[HEAD_BYTES];
    *found = false;
    if (l->size < HEAD_BYTES) {
        return WEIR_OK;
    }
    WEIR_TRY(read_at(l, 0, head, sizeof head, st));
    if (memcmp(head, never, sizeof head) == 0) {
        return WEIR_OK; /* its first write did not return */
    }
    weir_reader r = {head, head + sizeof head, false};
    weir_sv magic = weir_read_bytes(&r, sizeof LOG_MAGIC - 1);
    l->salt = weir_read_be64(&r);
    uint64_t base = weir_read_be64(&r);
    uint32_t crc = weir_read_be32(&r);
    if (!weir_sv_eq(magic, WEIR_SV(LOG_MAGIC)) ||
        crc != weir_crc32c(0, head, sizeof head - CRC_BYTES)) {
        return damaged(l, "no head of a log", 0, st);
    }
    if (base > stored) {
        return damaged(l, "newer than the store beside it", 0, st);
    }
    *found = true;
    return WEIR_OK;
}

/* The record at the end of what has been read; *found false: none that is whole. */
static weir_rc next_record(weir__epoch_log *l, uint64_t stored, record *r, weir_store_batch *b,
                           bool *found, weir_status *st)
{
    char bytes[RECORD_BYTES];
    bool later = false;
    *found = false;
    if (l->size - l->end >= RECORD_BYTES) {
        WEIR_TRY(read_at(l, l->end, bytes, sizeof bytes, st));
        *found = read_record(l, bytes, l->end, r) && r->bytes <= l->size - l->end &&
                 record_end(r) <= l->size;
    }
    if (*found && r->kind == KIND_PREPARED) {
        WEIR_TRY(take_record(l, r, r->epoch > stored ? b : NULL, found, st));
    }
    if (!*found) {
        WEIR_TRY(search(l, l->end + 1, &later, st));
        return later ? damaged(l, "wrong checksum", l->end, st) : WEIR_OK;
    }
    bool follows = r->kind == KIND_PREPARED ? r->epoch > l->last : r->epoch == l->pending;
    return follows ? WEIR_OK : damaged(l, "a record out of order", r->at, st);
}

static weir_rc replay(weir__epoch_log *l, uint64_t stored, weir__epoch_each *each, void *ctx,
                      weir_status *st)
{
    bool found = false;
    WEIR_TRY(read_head(l, stored, &found, st));
    l->end = found ? HEAD_BYTES : 0;
    weir_store_batch *pending = weir_store_batch_new();
    weir_store_batch *next = weir_store_batch_new();
    weir_rc rc = WEIR_OK;
    while (rc == WEIR_OK && found) {
        record r;
        rc = next_record(l, stored, &r, next, &found, st);
        if (rc != WEIR_OK || !found) {
            break;
        }
        if (l->pending > stored) {
            rc = each(ctx, l->pending, pending, st);
        }
        weir__store_batch_reset(pending);
        weir_store_batch *counts = pending;
        pending = next;
        next = counts;
        bool prepared = r.kind == KIND_PREPARED;
        l->pending = prepared ? r.epoch : 0;
        l->pending_at = prepared ? r.at : 0;
        l->last = r.epoch;
        l->end = record_end(&r);
    }
    l->pending = l->pending > stored ? l->pending : 0;
    weir_store_batch_free(pending);
    weir_store_batch_free(next);
    return rc;
}

weir_rc weir__epoch_log_copy(weir__epoch_log *l, const char *dir, weir_status *st)
{
    *l = (weir__epoch_log){.dir = weir_strdup(dir), .fd = -1};
    int from = file_open(l, O_RDONLY);
    if (from < 0) {
        return errno == ENOENT ? WEIR_OK : failed(l, "open", st);
    }
    l->fd = memfd_create(LOG_FILE, MFD_CLOEXEC);
    char *part = weir_alloc(SLAB_BYTES);
    ssize_t n = l->fd < 0 ? -1 : 0;
    weir_rc rc = WEIR_OK;
    while (rc == WEIR_OK && l->fd >= 0 && (n = read(from, part, SLAB_BYTES)) > 0) {
        rc = write_at(l, l->size, weir_sv_of(part, (size_t)n), st);
    }
    rc = rc || n == 0 ? rc : failed(l, "copy", st);
    weir_free(part);
    close(from);
    return rc;
}

weir_rc weir__epoch_log_open(weir__epoch_log *l, const char *dir, bool read_only, uint64_t stored,
                             weir__epoch_each *each, void *ctx, weir_status *st)
{
    struct stat info;
    if (!read_only) {
        *l = (weir__epoch_log){.dir = weir_strdup(dir)};
        l->fd = file_open(l, O_RDWR);
    }
    l->read_only = read_only;
    if (l->fd < 0) {
        return read_only || errno == ENOENT ? WEIR_OK : failed(l, "open", st);
    }
    if (fstat(l->fd, &info) != 0) {
        return failed(l, "look at", st);
    }
    l->size = (uint64_t)info.st_size;
    return replay(l, stored, each, ctx, st);
}

void weir__epoch_log_close(weir__epoch_log *l)
{
    if (l->dir && l->fd >= 0) {
        close(l->fd);
    }
    weir_free(l->dir);
    *l = (weir__epoch_log){.fd = -1};
}

/* ---- writing ---- */

/* Writes the slab and empties it; *crc goes on. */
static weir_rc slab_out(weir__epoch_log *l, weir_buf *slab, uint64_t *at, weir_status *st)
{
    WEIR_TRY(write_at(l, *at, weir_buf_view(slab), st));
    *at += slab->n;
    weir_buf_reset(slab);
    return WEIR_OK;
}

static weir_rc ops_out(weir__epoch_log *l, const weir_store_batch *b, weir_buf *slab, uint64_t *at,
                       weir_status *st)
{
    uint32_t crc = salted(l, NULL, 0);
    size_t from = slab->n;
    for (size_t i = 0; i < b->n; i++) {
        put_op(slab, b, &b->ops[i]);
        if (slab->n >= SLAB_BYTES) {
            crc = weir_crc32c(crc, slab->p + from, slab->n - from);
            from = 0;
            WEIR_TRY(slab_out(l, slab, at, st));
        }
    }
    crc = weir_crc32c(crc, slab->p + from, slab->n - from);
    weir_buf_be32(slab, crc);
    return slab_out(l, slab, at, st);
}

weir_rc weir__epoch_log_forget(weir__epoch_log *l, weir_status *st)
{
    WEIR_ASSERT(l->pending != 0);
    WEIR_TRY(cut(l, l->pending_at, st));
    l->end = l->pending_at;
    l->last = l->pending - 1;
    l->pending = 0;
    return synced(l, st);
}

weir_rc weir__epoch_log_prepare(weir__epoch_log *l, const weir_store_batch *b, uint64_t epoch,
                                uint64_t stored, weir_status *st)
{
    if (l->pending) {
        WEIR_TRY(weir__epoch_log_forget(l, st));
    }
    WEIR_ASSERT(!l->read_only && epoch > l->last && epoch > stored);
    if (l->fd < 0) {
        WEIR_TRY(file_make(l, st));
    }
    WEIR_TRY(cut(l, l->end, st)); /* what never became a record */
    weir_buf slab = {0};
    uint64_t begin = l->end;
    uint64_t at = l->end;
    if (begin == 0) {
        put_head(l, &slab, stored);
        begin = slab.n;
    }
    put_record(l, &slab, KIND_PREPARED, epoch, ops_bytes(b));
    weir_rc rc = ops_out(l, b, &slab, &at, st);
    weir_buf_deinit(&slab);
    rc = rc ? rc : synced(l, st);
    if (rc == WEIR_OK) {
        l->end = at;
        l->pending = l->last = epoch;
        l->pending_at = begin;
    }
    return rc;
}

weir_rc weir__epoch_log_settle(weir__epoch_log *l, weir_status *st)
{
    WEIR_ASSERT(l->pending != 0);
    weir_buf mark = {0};
    put_record(l, &mark, KIND_COUNTS, l->pending, 0);
    weir_rc rc = cut(l, l->end, st);
    rc = rc ? rc : write_at(l, l->end, weir_buf_view(&mark), st);
    if (rc == WEIR_OK) {
        l->end += mark.n;
        l->pending = 0;
    }
    weir_buf_deinit(&mark);
    return rc;
}

weir_rc weir__epoch_log_read(const weir__epoch_log *l, weir_store_batch *b, weir_status *st)
{
    WEIR_ASSERT(l->pending != 0);
    record r = {.at = l->pending_at, .epoch = l->pending, .kind = KIND_PREPARED};
    r.bytes = l->end - r.at - RECORD_BYTES - CRC_BYTES;
    bool whole = false;
    WEIR_TRY(take_record(l, &r, b, &whole, st));
    return whole ? WEIR_OK : damaged(l, "wrong checksum", r.at, st);
}

weir_rc weir__epoch_log_clear(weir__epoch_log *l, weir_status *st)
{
    if (l->pending != 0 || l->end == 0) {
        return WEIR_OK;
    }
    WEIR_TRY(cut(l, 0, st));
    l->end = 0;
    l->last = 0;
    return WEIR_OK;
}
