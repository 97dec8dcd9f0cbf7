/* See folder.h. A path is walked part by part with openat and O_NOFOLLOW: what openat2 does with
 * RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, on every kernel, and folders can be made on the way. */
#include "engine/io/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct weir_folder {
    int fd;
    bool lazy;
    char *name;
};

struct weir_handle {
    int fd;
    char *name;
};

static char *copy_of(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = weir_alloc(n);
    memcpy(copy, text, n);
    return copy;
}

/* The path is at fault, not the disk. */
static bool never_opens(int why)
{
    return why == ELOOP || why == ENOTDIR || why == EISDIR || why == EINVAL || why == ENAMETOOLONG;
}

static weir_rc failed(const char *what, const char *path, weir_status *st)
{
    weir_rc rc = errno == ENOENT   ? WEIR_ENOTFOUND
                 : errno == EEXIST ? WEIR_EEXISTS
                 : never_opens(errno) ? WEIR_EUSAGE
                                      : WEIR_EIO;
    return errno == ELOOP ? weir_fail(st, rc, "cannot %s %s: there is a link on the way", what, path)
                          : weir_fail(st, rc, "cannot %s %s: %s", what, path, strerror(errno));
}

weir_rc weir_folder_open(const char *dir, weir_folder **out, weir_status *st)
{
    int fd = open(*dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return failed("open folder", dir, st);
    }
    *out = weir_zalloc(sizeof **out);
    (*out)->fd = fd;
    (*out)->name = copy_of(*dir ? dir : ".");
    return WEIR_OK;
}

void weir_folder_close(weir_folder *f)
{
    if (f) {
        close(f->fd);
        weir_free(f->name);
        weir_free(f);
    }
}

void weir_folder_lazy(weir_folder *f, bool lazy)
{
    f->lazy = lazy;
}

weir_rc weir_folder_sync(weir_folder *f, weir_status *st)
{
    return syncfs(f->fd) == 0 ? WEIR_OK : failed("sync", f->name, st);
}

weir_rc weir_working_folder(weir_buf *path, weir_status *st)
{
    char text[PATH_MAX];
    if (!getcwd(text, sizeof text)) {
        return failed("tell the working folder", "", st);
    }
    weir_buf_str(path, text);
    return WEIR_OK;
}

/* ---- paths ---- */

/* The next part of the path; NULL: it is none. */
static const char *next_part(const char *path, char name[NAME_MAX + 1], bool *last)
{
    size_t n = strcspn(path, "/");
    bool dots = (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.');
    if (n == 0 || n > NAME_MAX || dots) {
        errno = EINVAL;
        return NULL;
    }
    memcpy(name, path, n);
    name[n] = 0;
    *last = path[n] == 0;
    return path + n + !*last;
}

static int close_with_errno(int fd)
{
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static void sync_names(const weir_folder *f, int at)
{
    if (!f->lazy) {
        fsync(at);
    }
}

/* `f` NULL: nothing is made. */
static int enter(const weir_folder *f, int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 || errno != ENOENT || !f) {
        return fd;
    }
    if (mkdirat(at, name, 0777) != 0 && errno != EEXIST) {
        return -1;
    }
    sync_names(f, at);
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The folder that the last part of the path is in, and that part. -1 with errno. */
static int folder_of(const weir_folder *f, const char *path, bool make, char name[NAME_MAX + 1])
{
    int at = dup(f->fd);
    while (at >= 0) {
        bool last = false;
        path = next_part(path, name, &last);
        if (!path) {
            return close_with_errno(at);
        }
        if (last) {
            return at;
        }
        int next = enter(make ? f : NULL, at, name);
        close_with_errno(at);
        at = next;
    }
    return -1;
}

weir_rc weir_folder_file(weir_folder *f, const char *path, weir_opening how, weir_handle **out,
                         weir_status *st)
{
    static const int flags[] = {O_RDONLY, O_RDWR | O_APPEND | O_CREAT, O_RDWR | O_APPEND | O_CREAT | O_EXCL};
    char name[NAME_MAX + 1];
    struct stat s;
    int at = folder_of(f, path, how != WEIR_OPEN_READ, name);
    if (at < 0) {
        return failed("open", path, st);
    }
    /* O_NONBLOCK: does not wait for the other end of a pipe */
    int fd = openat(at, name, flags[how] | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0666);
    if (fd >= 0 && how != WEIR_OPEN_READ) {
        sync_names(f, at);
    }
    close_with_errno(at);
    if (fd < 0) {
        return failed("open", path, st);
    }
    if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode)) {
        close(fd);
        return weir_fail(st, WEIR_EUSAGE, "cannot open %s: not a file", path);
    }
    *out = weir_zalloc(sizeof **out);
    (*out)->fd = fd;
    (*out)->name = copy_of(path);
    return WEIR_OK;
}

static void info_of(const struct stat *s, weir_file_info *out)
{
    *out = (weir_file_info){
        .inode = s->st_ino,
        .size = s->st_size,
        .changed_ms = (int64_t)s->st_mtim.tv_sec * 1000 + s->st_mtim.tv_nsec / 1000000,
    };
}

weir_rc weir_folder_info(weir_folder *f, const char *path, weir_file_info *out, weir_status *st)
{
    char name[NAME_MAX + 1];
    struct stat s;
    int at = folder_of(f, path, false, name);
    int rc = at < 0 ? -1 : fstatat(at, name, &s, AT_SYMLINK_NOFOLLOW);
    if (at >= 0) {
        close_with_errno(at);
    }
    if (rc == 0 && !S_ISREG(s.st_mode)) {
        return weir_fail(st, WEIR_EUSAGE, "%s is not a file", path);
    }
    if (rc != 0) {
        return failed("look at", path, st);
    }
    info_of(&s, out);
    return WEIR_OK;
}

/* renameat2 with RENAME_NOREPLACE; where a file system cannot do that, a link and an unlink. */
static int rename_new(int at, const char *from, const char *to)
{
    int rc = (int)syscall(SYS_renameat2, at, from, at, to, RENAME_NOREPLACE);
    if (rc != 0 && (errno == EINVAL || errno == ENOSYS)) {
        rc = linkat(at, from, at, to, 0);
        rc = rc ? rc : unlinkat(at, from, 0);
    }
    return rc;
}

weir_rc weir_folder_rename(weir_folder *f, const char *from, const char *to, weir_status *st)
{
    char old[NAME_MAX + 1];
    char new[NAME_MAX + 1];
    const char *slash = strrchr(to, '/');
    size_t n = slash ? (size_t)(slash - to) + 1 : 0;
    bool last = false;
    WEIR_ASSERT(strncmp(from, to, n) == 0 && !strchr(from + n, '/'));
    int at = next_part(to + n, new, &last) ? folder_of(f, from, false, old) : -1;
    if (at < 0) {
        return failed("rename", from, st);
    }
    int rc = rename_new(at, old, new);
    if (rc == 0) {
        sync_names(f, at);
    }
    close_with_errno(at);
    return rc == 0 ? WEIR_OK : failed("rename to", to, st);
}

weir_rc weir_folder_remove(weir_folder *f, const char *path, weir_status *st)
{
    char name[NAME_MAX + 1];
    int at = folder_of(f, path, false, name);
    int rc = at < 0 ? -1 : unlinkat(at, name, 0);
    if (at >= 0) {
        close_with_errno(at);
    }
    return rc == 0 ? WEIR_OK : failed("remove", path, st);
}

static int write_new(const weir_folder *f, int at, const char *name, weir_sv bytes)
{
    int fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    while (fd >= 0 && bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno != EINTR) {
            return close_with_errno(fd);
        }
        bytes.p += n > 0 ? n : 0;
        bytes.n -= n > 0 ? (uint32_t)n : 0;
    }
    if (fd < 0 || (!f->lazy && fsync(fd) != 0)) {
        return fd < 0 ? -1 : close_with_errno(fd);
    }
    return close(fd);
}

weir_rc weir_folder_write(weir_folder *f, const char *path, weir_sv bytes, weir_status *st)
{
    char name[NAME_MAX + 1];
    char temporary[NAME_MAX + 8];
    int at = folder_of(f, path, true, name);
    snprintf(temporary, sizeof temporary, "%s.new", name);
    int rc = at < 0 ? -1 : write_new(f, at, temporary, bytes);
    rc = rc ? rc : renameat(at, temporary, at, name);
    if (rc == 0) {
        sync_names(f, at);
    }
    if (at >= 0) {
        close_with_errno(at);
    }
    return rc == 0 ? WEIR_OK : failed("write", path, st);
}

weir_rc weir_folder_read(weir_folder *f, const char *path, size_t max, weir_buf *out, weir_status *st)
{
    weir_handle *h = NULL;
    WEIR_TRY(weir_folder_file(f, path, WEIR_OPEN_READ, &h, st));
    weir_file_info info;
    weir_rc rc = weir_handle_info(h, &info, st);
    if (rc == WEIR_OK && (uint64_t)info.size > max) {
        rc = weir_fail(st, WEIR_ELIMIT, "%s has more than %zu bytes", path, max);
    }
    for (int64_t from = 0; rc == WEIR_OK && from < info.size;) {
        char *to = weir_buf_reserve(out, (size_t)(info.size - from));
        size_t got = 0;
        rc = to ? weir_handle_read(h, from, to, (size_t)(info.size - from), &got, st)
                : weir_fail(st, WEIR_ELIMIT, "%s is too long", path);
        if (got == 0) {
            break;
        }
        out->n += got;
        from += (int64_t)got;
    }
    weir_handle_close(h);
    return rc;
}

/* ---- patterns ---- */

typedef struct search {
    weir_folder_each *each;
    void *ctx;
    uint32_t left;
    weir_buf path;
    weir_status *st;
} search;

static weir_rc match_in(search *s, int at, const char *pattern);

/* One name of a folder that fits its part of the pattern. */
static weir_rc visit(search *s, int at, const char *name, const char *rest)
{
    size_t n = s->path.n;
    struct stat info;
    weir_rc rc = WEIR_OK;
    weir_buf_str(&s->path, name);
    if (fstatat(at, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        rc = WEIR_OK; /* gone meanwhile */
    } else if (*rest && S_ISDIR(info.st_mode)) {
        int fd = enter(NULL, at, name);
        weir_buf_byte(&s->path, '/');
        rc = fd < 0 ? WEIR_OK : match_in(s, fd, rest);
    } else if (!*rest && S_ISREG(info.st_mode)) {
        weir_file_info i;
        info_of(&info, &i);
        if (s->left-- == 0) {
            rc = weir_fail(s->st, WEIR_ELIMIT, "too many files fit the pattern");
        } else {
            s->each(s->ctx, weir_buf_view(&s->path), &i);
        }
    }
    s->path.n = n;
    return rc;
}

/* Closes `at`. */
static weir_rc match_in(search *s, int at, const char *pattern)
{
    char part[NAME_MAX + 1];
    bool last = false;
    const char *rest = next_part(pattern, part, &last);
    DIR *dir = rest ? fdopendir(at) : NULL;
    if (!dir) {
        weir_rc rc = failed("look through", pattern, s->st);
        close(at);
        return rc;
    }
    weir_rc rc = WEIR_OK;
    if (!strpbrk(part, "*?[")) {
        rc = visit(s, dirfd(dir), part, rest);
    } else {
        for (const struct dirent *e; rc == WEIR_OK && (e = readdir(dir)) != NULL;) {
            if (fnmatch(part, e->d_name, FNM_PERIOD | FNM_NOESCAPE) == 0) {
                rc = visit(s, dirfd(dir), e->d_name, rest);
            }
        }
    }
    closedir(dir);
    return rc;
}

weir_rc weir_folder_match(weir_folder *f, const char *pattern, uint32_t max, weir_folder_each *each,
                          void *ctx, weir_status *st)
{
    search s = {.each = each, .ctx = ctx, .left = max, .st = st};
    int at = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* with a place of its own */
    if (at < 0) {
        return failed("look through", f->name, st);
    }
    weir_rc rc = match_in(&s, at, pattern);
    weir_buf_deinit(&s.path);
    return rc;
}

/* ---- open files ---- */

void weir_handle_close(weir_handle *h)
{
    if (h) {
        close(h->fd);
        weir_free(h->name);
        weir_free(h);
    }
}

weir_rc weir_handle_info(const weir_handle *h, weir_file_info *out, weir_status *st)
{
    struct stat s;
    if (fstat(h->fd, &s) != 0) {
        return failed("look at", h->name, st);
    }
    info_of(&s, out);
    return WEIR_OK;
}

weir_rc weir_handle_add(weir_handle *h, weir_sv bytes, weir_status *st)
{
    while (bytes.n) {
        ssize_t n = write(h->fd, bytes.p, bytes.n);
        if (n < 0 && errno != EINTR) {
            return failed("write", h->name, st);
        }
        bytes.p += n > 0 ? n : 0;
        bytes.n -= n > 0 ? (uint32_t)n : 0;
    }
    return WEIR_OK;
}

weir_rc weir_handle_cut(weir_handle *h, int64_t size, weir_status *st)
{
    return ftruncate(h->fd, size) == 0 ? WEIR_OK : failed("cut", h->name, st);
}

weir_rc weir_handle_sync(weir_handle *h, weir_status *st)
{
    return fdatasync(h->fd) == 0 ? WEIR_OK : failed("write", h->name, st);
}

weir_rc weir_handle_read(weir_handle *h, int64_t at, char *to, size_t n, size_t *got, weir_status *st)
{
    ssize_t r;
    do {
        r = pread(h->fd, to, n, at);
    } while (r < 0 && errno == EINTR);
    *got = r > 0 ? (size_t)r : 0;
    return r >= 0 ? WEIR_OK : failed("read", h->name, st);
}
