/* Files below a folder: what a path may be, what it cannot do, what is found by a pattern. */
#include "engine/io/folder.h"
#include "tests/support/dir.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct world {
    char *dir;
    weir_folder *f;
    weir_status st;
} world;

static world open_world(void)
{
    world w = {.dir = test_dir_new()};
    weir_status_reset(&w.st);
    assert_ok(weir_folder_open(w.dir, &w.f, &w.st), &w.st);
    return w;
}

static void close_world(world *w)
{
    weir_folder_close(w->f);
    test_dir_remove(w->dir);
}

static weir_rc put(world *w, const char *path, const char *text)
{
    weir_handle *h = NULL;
    weir_status_reset(&w->st);
    WEIR_TRY(weir_folder_file(w->f, path, WEIR_OPEN_APPEND, &h, &w->st));
    weir_rc rc = weir_handle_add(h, weir_sv_cstr(text), &w->st);
    weir_handle_close(h);
    return rc;
}

static void check_text(world *w, const char *path, const char *wanted)
{
    weir_buf text = {0};
    weir_status_reset(&w->st);
    assert_ok(weir_folder_read(w->f, path, 1 << 20, &text, &w->st), &w->st);
    assert_sv_equal(weir_buf_view(&text), wanted);
    weir_buf_deinit(&text);
}

static void paths_stay_below(void **state)
{
    (void)state;
    world w = open_world();
    static const char *const wrong[] = {"", "/etc/passwd", "..", "../x", "a/../b", "a//b",
                                        "a/", "./a", ".", "a/.", "/"};
    for (size_t i = 0; i < WEIR_COUNT(wrong); i++) {
        assert_int_equal(put(&w, wrong[i], "x"), WEIR_EUSAGE);
    }
    char longer[400];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(put(&w, longer, "x"), WEIR_EUSAGE);
    assert_ok(put(&w, "a/b/...c", "one"), &w.st);
    assert_ok(put(&w, "a/b/...c", " two"), &w.st);
    check_text(&w, "a/b/...c", "one two");
    assert_int_equal(put(&w, "a/b", "x"), WEIR_EUSAGE);       /* a folder */
    assert_int_equal(put(&w, "a/b/...c/d", "x"), WEIR_EUSAGE); /* a file on the way */
    close_world(&w);
}

static void links_are_not_followed(void **state)
{
    (void)state;
    world w = open_world();
    char path[512];
    weir_file_info info;
    snprintf(path, sizeof path, "%s/out", w.dir);
    assert_int_equal(symlink("/tmp", path), 0);
    snprintf(path, sizeof path, "%s/file", w.dir);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(put(&w, "out/x", "x"), WEIR_EUSAGE);
    assert_int_equal(put(&w, "file", "x"), WEIR_EUSAGE);
    weir_status_reset(&w.st);
    assert_int_equal(weir_folder_info(w.f, "file", &info, &w.st), WEIR_EUSAGE);
    weir_status_reset(&w.st);
    assert_int_equal(weir_folder_info(w.f, "nothing", &info, &w.st), WEIR_ENOTFOUND);
    snprintf(path, sizeof path, "%s/pipe", w.dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    weir_handle *h = NULL;
    weir_status_reset(&w.st);
    assert_int_equal(weir_folder_file(w.f, "pipe", WEIR_OPEN_READ, &h, &w.st), WEIR_EUSAGE); /* does not wait */
    close_world(&w);
}

static void files_change(void **state)
{
    (void)state;
    world w = open_world();
    weir_handle *h = NULL;
    weir_file_info info;
    char part[8];
    size_t got = 0;
    assert_ok(weir_folder_file(w.f, "d/new", WEIR_OPEN_NEW, &h, &w.st), &w.st);
    assert_ok(weir_handle_add(h, WEIR_SV("0123456789"), &w.st), &w.st);
    assert_ok(weir_handle_cut(h, 6, &w.st), &w.st);
    assert_ok(weir_handle_add(h, WEIR_SV("ab"), &w.st), &w.st); /* at the new end */
    assert_ok(weir_handle_sync(h, &w.st), &w.st);
    assert_ok(weir_handle_read(h, 4, part, sizeof part, &got, &w.st), &w.st);
    assert_sv_equal(weir_sv_of(part, got), "45ab");
    assert_ok(weir_handle_info(h, &info, &w.st), &w.st);
    assert_int_equal(info.size, 8);
    weir_handle_close(h);
    assert_int_equal(weir_folder_file(w.f, "d/new", WEIR_OPEN_NEW, &h, &w.st), WEIR_EEXISTS);
    assert_ok(put(&w, "d/old", "old"), &w.st);
    assert_int_equal(weir_folder_rename(w.f, "d/new", "d/old", &w.st), WEIR_EEXISTS);
    weir_status_reset(&w.st);
    assert_ok(weir_folder_rename(w.f, "d/new", "d/newer", &w.st), &w.st);
    check_text(&w, "d/newer", "012345ab");
    check_text(&w, "d/old", "old");
    weir_folder_lazy(w.f, true);
    assert_ok(weir_folder_write(w.f, "d/old", WEIR_SV("whole"), &w.st), &w.st);
    assert_ok(weir_folder_sync(w.f, &w.st), &w.st);
    check_text(&w, "d/old", "whole");
    assert_ok(weir_folder_remove(w.f, "d/old", &w.st), &w.st);
    assert_int_equal(weir_folder_remove(w.f, "d/old", &w.st), WEIR_ENOTFOUND);
    weir_buf text = {0};
    weir_status_reset(&w.st);
    assert_int_equal(weir_folder_read(w.f, "d/newer", 3, &text, &w.st), WEIR_ELIMIT);
    weir_buf_deinit(&text);
    close_world(&w);
}

static void on_match(void *ctx, weir_sv path, const weir_file_info *info)
{
    weir_buf_sv(ctx, path);
    weir_buf_printf(ctx, ":%d ", (int)info->size);
}

static void check_match(world *w, const char *pattern, uint32_t max, weir_rc rc, size_t n)
{
    weir_buf found = {0};
    weir_status_reset(&w->st);
    assert_int_equal(weir_folder_match(w->f, pattern, max, on_match, &found, &w->st), rc);
    size_t blanks = 0;
    for (size_t i = 0; i < found.n; i++) {
        blanks += found.p[i] == ' ';
    }
    assert_int_equal(blanks, n);
    weir_buf_deinit(&found);
}

static void patterns_find(void **state)
{
    (void)state;
    world w = open_world();
    static const char *const files[] = {"a.log", "b.log", "b.txt", ".c.log",
                                        "x/a.log", "x/y/a.log", "z/a.log", "q[1].log"};
    for (size_t i = 0; i < WEIR_COUNT(files); i++) {
        assert_ok(put(&w, files[i], "12"), &w.st);
    }
    char path[512];
    snprintf(path, sizeof path, "%s/l.log", w.dir);
    assert_int_equal(symlink("a.log", path), 0);
    check_match(&w, "a.log", 10, WEIR_OK, 1);
    check_match(&w, "*.log", 10, WEIR_OK, 3);
    check_match(&w, "?.log", 10, WEIR_OK, 2);
    check_match(&w, "[b-z].*", 10, WEIR_OK, 2);
    check_match(&w, "*/a.log", 10, WEIR_OK, 2);
    check_match(&w, "*/*/*", 10, WEIR_OK, 1);
    check_match(&w, "q[[]1].log", 10, WEIR_OK, 1);
    check_match(&w, "nothing/*", 10, WEIR_OK, 0);
    check_match(&w, "../*", 10, WEIR_EUSAGE, 0);
    check_match(&w, "*.log", 2, WEIR_ELIMIT, 2);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_stay_below),
        cmocka_unit_test(links_are_not_followed),
        cmocka_unit_test(files_change),
        cmocka_unit_test(patterns_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
