/* See file.h. */
#include "engine/io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_DIRECTORIES 16

static weir_rc cannot_open(const char *path, weir_status *st)
{
    return weir_fail(st, errno == ENOENT ? WEIR_ENOTFOUND : WEIR_EIO, "cannot open %s: %s", path,
                     strerror(errno));
}

/* Closes the file. */
static weir_rc read_all(FILE *f, const char *path, size_t max, weir_buf *out, weir_status *st)
{
    size_t total = 0;
    weir_rc rc = WEIR_OK;
    while (rc == WEIR_OK) {
        char part[65536];
        size_t n = fread(part, 1, sizeof part, f);
        total += n;
        if (total > max) {
            rc = weir_fail(st, WEIR_ELIMIT, "%s has more than %zu bytes", path, max);
        } else if (n == 0) {
            break;
        }
        weir_buf_add(out, part, n);
    }
    if (rc == WEIR_OK && ferror(f)) {
        rc = weir_fail(st, WEIR_EIO, "cannot read %s: %s", path, strerror(errno));
    }
    fclose(f);
    return rc;
}

weir_rc weir_file_read(const char *path, size_t max, weir_buf *out, weir_status *st)
{
    FILE *f = fopen(path, "rb");
    return f ? read_all(f, path, max, out, st) : cannot_open(path, st);
}

/* Goes down folder by folder; -1 with errno set. */
static int open_beneath(const char *dir, const char *path)
{
    int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (at >= 0) {
        char name[NAME_MAX + 1];
        size_t n = strcspn(path, "/");
        bool last = path[n] == 0;
        bool plain = n > 0 && n <= NAME_MAX && strncmp(path, "..", n > 2 ? n : 2) != 0;
        int next = -1;
        errno = EACCES;
        if (plain) {
            memcpy(name, path, n);
            name[n] = 0;
            int kind = last ? O_NONBLOCK : O_DIRECTORY; /* does not wait for the writer of a pipe */
            next = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | kind);
        }
        int why = errno;
        close(at);
        errno = why;
        if (last || next < 0) {
            return next;
        }
        at = next;
        path += n + 1;
    }
    return -1;
}

static weir_rc file_beneath(const char *dir, const char *path, FILE **out, weir_status *st)
{
    char shown[4096];
    struct stat s;
    snprintf(shown, sizeof shown, "%s/%s", dir, path);
    int fd = open_beneath(dir, path);
    if (fd < 0 && (errno == ELOOP || errno == EACCES)) {
        return weir_fail(st, WEIR_EUSAGE, "cannot open %s: not a path below %s without links, or no "
                                          "permission", shown, dir);
    }
    if (fd < 0) {
        return cannot_open(shown, st);
    }
    if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode)) {
        close(fd);
        return weir_fail(st, WEIR_EUSAGE, "cannot read %s: not an ordinary file", shown);
    }
    *out = fdopen(fd, "rb");
    return *out ? WEIR_OK : cannot_open(shown, st);
}

weir_rc weir_file_read_beneath(const char *dir, const char *path, size_t max, weir_buf *out,
                               weir_status *st)
{
    FILE *f;
    WEIR_TRY(file_beneath(dir, path, &f, st));
    return read_all(f, path, max, out, st);
}

weir_rc weir_file_check_beneath(const char *dir, const char *path, weir_status *st)
{
    FILE *f;
    WEIR_TRY(file_beneath(dir, path, &f, st));
    fclose(f);
    return WEIR_OK;
}

weir_rc weir_file_write(const char *path, weir_sv bytes, weir_status *st)
{
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.part", path) >= (int)sizeof temporary) {
        return weir_fail(st, WEIR_ELIMIT, "path is too long: %s", path);
    }
    FILE *f = fopen(temporary, "wb");
    bool ok = f && (bytes.n == 0 || fwrite(bytes.p, 1, bytes.n, f) == bytes.n);
    ok &= f && fclose(f) == 0;
    ok = ok && rename(temporary, path) == 0;
    return ok ? WEIR_OK : weir_fail(st, WEIR_EIO, "cannot write %s: %s", path, strerror(errno));
}

weir_rc weir_write_stdout(weir_sv bytes, weir_status *st)
{
    bool ok = (bytes.n == 0 || fwrite(bytes.p, 1, bytes.n, stdout) == bytes.n) && fflush(stdout) == 0;
    return ok ? WEIR_OK : weir_fail(st, WEIR_EIO, "cannot write to standard output: %s", strerror(errno));
}

weir_rc weir_temp_dir(char *out, size_t cap, weir_status *st)
{
    const char *base = getenv("TMPDIR");
    int n = snprintf(out, cap, "%s/weir-XXXXXX", base && *base ? base : "/tmp");
    if (n < 0 || (size_t)n >= cap) {
        return weir_fail(st, WEIR_ELIMIT, "TMPDIR is too long");
    }
    return mkdtemp(out) ? WEIR_OK
                        : weir_fail(st, WEIR_EIO, "cannot make %s: %s", out, strerror(errno));
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *w)
{
    (void)s;
    (void)kind;
    (void)w;
    return remove(path);
}

void weir_remove_tree(const char *dir)
{
    nftw(dir, remove_one, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS);
}
