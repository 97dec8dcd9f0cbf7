/* See file.h. */
#include "engine/io/file.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OPEN_DIRECTORIES 16

weir_rc weir_file_read(const char *path, size_t max, weir_buf *out, weir_status *st)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        return weir_fail(st, errno == ENOENT ? WEIR_ENOTFOUND : WEIR_EIO, "cannot open %s: %s", path,
                         strerror(errno));
    }
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
