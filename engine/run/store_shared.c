/* A store that another process has open: who that is, and a view of it as of its last commit.
 *
 * RocksDB takes no lock for reading, and reads its files one after the other while their owner goes on. What
 * is read is of one commit when neither a table file nor a log went away in between: each such change is
 * an entry in its manifest, so the manifest must be the same before and after. What is appended to a log
 * meanwhile is there or not, commit by commit. All table files stay open from the start, and may be deleted
 * then. The log of epochs is copied before: what it has lost since RocksDB has got by then. */
#include "engine/io/file.h"
#include "engine/io/loop.h"
#include "engine/run/store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CURRENT_BYTES_MAX 256
#define COMMAND_BYTES_MAX 4096
#define PATIENCE_MS 20000
#define PAUSE_MS 5

static int64_t holder_of(const char *dir)
{
    weir_buf path = {0};
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    weir_buf_printf(&path, "%s/LOCK", dir);
    int fd = open(weir_buf_cstr(&path), O_RDONLY | O_CLOEXEC);
    bool held = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (fd >= 0) {
        close(fd);
    }
    weir_buf_deinit(&path);
    return held ? (lock.l_pid > 0 ? lock.l_pid : 0) : -1;
}

/* The program and its first argument: more of a command line may be secret. */
static void put_command(weir_buf *out, int64_t pid)
{
    char path[64];
    weir_buf words = {0};
    weir_status ignored;
    snprintf(path, sizeof path, "/proc/%lld/cmdline", (long long)pid);
    (void)weir_file_read(path, COMMAND_BYTES_MAX, &words, &ignored);
    const char *program = weir_buf_cstr(&words);
    const char *slash = strrchr(program, '/');
    size_t n = strlen(program);
    weir_buf_str(out, slash ? slash + 1 : program);
    if (n + 1 < words.n) {
        weir_buf_printf(out, " %s", program + n + 1);
    }
    weir_buf_deinit(&words);
}

weir_rc weir__store_in_use(const char *dir, weir_status *st)
{
    weir_buf who = {0};
    int64_t pid = holder_of(dir);
    if (pid > 0) {
        weir_buf_printf(&who, ": process %lld, ", (long long)pid);
        put_command(&who, pid);
    }
    weir_fail(st, WEIR_EBUSY, "data directory \"%s\" is in use by another process" WEIR_SV_FMT, dir,
              WEIR_SV_ARG(weir_buf_view(&who)));
    if (st && pid > 0) {
        weir_hint(st, "stop it (kill %lld) and try again, or use another data directory", (long long)pid);
    } else if (st) {
        weir_hint(st, "stop that process, or use another data directory");
    }
    weir_buf_deinit(&who);
    return WEIR_EBUSY;
}

/* Which files RocksDB has: its manifest, and how long that is. */
static weir_rc mark(const char *dir, weir_buf *out, weir_status *st)
{
    weir_buf path = {0};
    struct stat info;
    weir_buf_reset(out);
    weir_buf_printf(&path, "%s/CURRENT", dir);
    weir_rc rc = weir_file_read(weir_buf_cstr(&path), CURRENT_BYTES_MAX, out, st);
    weir_sv name = weir_sv_trim(weir_buf_view(out));
    weir_buf_reset(&path);
    weir_buf_printf(&path, "%s/" WEIR_SV_FMT, dir, WEIR_SV_ARG(name));
    if (rc == WEIR_OK && stat(weir_buf_cstr(&path), &info) == 0) {
        weir_buf_printf(out, " %lld", (long long)info.st_size);
    }
    weir_buf_deinit(&path);
    return rc;
}

/* *still: RocksDB's files were the same all the time. */
static weir_rc look(const char *dir, weir_store **out, bool *still, weir_status *st)
{
    weir_buf before = {0};
    weir_buf after = {0};
    weir_status ignored;
    weir_rc rc = mark(dir, &before, st);
    rc = rc ? rc : weir__store_open_view(dir, out, st);
    *still = mark(dir, &after, &ignored) == WEIR_OK &&
             weir_sv_eq(weir_buf_view(&before), weir_buf_view(&after));
    weir_buf_deinit(&before);
    weir_buf_deinit(&after);
    return rc;
}

weir_rc weir_store_open_read_only(const char *dir, weir_store **out, weir_status *st)
{
    int64_t until = weir_mono_ns() + (int64_t)PATIENCE_MS * 1000000;
    weir_status why;
    *out = NULL;
    WEIR_TRY(weir__store_there(dir, st));
    for (;;) {
        bool still = false;
        weir_status_reset(&why);
        weir_rc rc = look(dir, out, &still, &why);
        bool late = weir_mono_ns() > until;
        if (still && rc == WEIR_OK) {
            return WEIR_OK;
        }
        if (still && (late || holder_of(dir) < 0)) {
            break; /* nobody's doing but its own */
        }
        weir_store_close(*out);
        *out = NULL;
        if (late) {
            weir_fail(&why, WEIR_EBUSY, "data directory \"%s\" changes faster than it can be read", dir);
            weir_hint(&why, "try again when less is written to it");
            break;
        }
        weir_sleep_ms(PAUSE_MS);
    }
    if (st) {
        *st = why;
    }
    return why.rc;
}
