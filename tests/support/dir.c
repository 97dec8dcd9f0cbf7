/* Temporary directories, below TMPDIR or /tmp. */
#include "tests/support/dir.h"
#include "engine/base/alloc.h"
#include "engine/base/base.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

char *test_dir_new(void)
{
    const char *parent = getenv("TMPDIR");
    char path[512];
    int n = snprintf(path, sizeof path, "%s/weir-test-XXXXXX", parent ? parent : "/tmp");
    WEIR_ASSERT(n > 0 && (size_t)n < sizeof path);
    WEIR_ASSERT(mkdtemp(path) != NULL);
    return weir_strdup(path);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

void test_dir_remove(char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    weir_free(dir);
}
