/* Runs a fuzz target over saved inputs without libFuzzer: the corpus is part of the normal tests,
 * under whatever compiler and sanitizer they are built with.
 *
 * usage: fuzz_NAME FILE|FOLDER…    A path that does not exist counts as an empty folder. */
#include "engine/base/alloc.h"
#include "engine/base/base.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        return 0;
    }
    uint8_t *data = NULL;
    size_t cap = 0;
    size_t n = 0;
    size_t got = 1;
    while (got > 0) {
        WEIR_GROW(data, cap, n + 4096);
        got = fread(data + n, 1, cap - n, f);
        n += got;
    }
    fclose(f);
    /* An exact copy, so that a sanitizer sees a read past the end. */
    uint8_t *exact = weir_alloc(n);
    memcpy(exact, data, n);
    weir_free(data);
    LLVMFuzzerTestOneInput(exact, n);
    weir_free(exact);
    return 1;
}

static size_t replay(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) {
        return replay_file(path);
    }
    size_t files = 0;
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        char full[4096];
        int n = snprintf(full, sizeof full, "%s/%s", path, e->d_name);
        struct stat st;
        if (n > 0 && (size_t)n < sizeof full && stat(full, &st) == 0 && S_ISREG(st.st_mode)) {
            files += replay_file(full);
        }
    }
    closedir(dir);
    return files;
}

int main(int argc, char **argv)
{
    size_t files = 0;
    for (int i = 1; i < argc; i++) {
        files += replay(argv[i]);
    }
    printf("%zu inputs\n", files);
    return 0;
}
