/* A store that another process writes, as seen by one that only reads: every view is of one commit, and none
 * is older than the one before. The writer commits in one phase and in two, now and then so much that a
 * whole table file is moved in, and is killed at the end. */
#include "engine/base/alloc.h"
#include "engine/io/loop.h"
#include "engine/run/store.h"
#include "tests/support/dir.h"
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 12000     /* so many operations are moved in as a file */
#define MANY_EACH 7    /* every so manieth commit */
#define SMALL_BYTES 60000
#define VIEWS 150      /* different ones: then those that are not whole have been met … */
#define VIEWS_MIN 20   /* … unless the machine is too slow for that */
#define PATIENCE_MS 30000

static void put_number(weir_store_batch *b, const char *key, uint64_t n)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    weir_store_put(b, weir_sv_cstr(key), weir_sv_of(text, (size_t)len));
}

/* Commit n: "Sa", "Sz" and, of the last multiple of MANY_EACH, all of "Sm…" say n. */
static void fill(weir_store_batch *b, uint64_t n)
{
    char key[16];
    static char bytes[SMALL_BYTES];
    put_number(b, "Sa", n);
    for (uint32_t i = 0; i < MANY && n % MANY_EACH == 0; i++) {
        snprintf(key, sizeof key, "Sm%05u", i);
        put_number(b, key, n);
    }
    weir_store_put(b, WEIR_SV("Sp"), weir_sv_of(bytes, sizeof bytes)); /* logs and tables come and go */
    put_number(b, "Sz", n);
}

static void write_for_ever(const char *dir)
{
    weir_status st;
    weir_store *s = NULL;
    weir_store_batch *b = weir_store_batch_new();
    weir_rc rc = weir_store_open(dir, &s, &st);
    for (uint64_t n = 1; rc == WEIR_OK; n++) {
        fill(b, n);
        if (n % 3) {
            rc = weir_store_prepare(s, b, n, &st);
            rc = rc ? rc : weir_store_settle(s, b, &st);
        } else {
            rc = weir_store_commit(s, b, &st);
        }
    }
    fprintf(stderr, "writer: %s\n", st.msg);
    _exit(1);
}

typedef struct view {
    uint64_t a, z, many, least, most;
    uint32_t n_many;
} view;

static weir_rc note(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    view *v = ctx;
    uint64_t n = 0;
    (void)st;
    for (uint32_t i = 0; i < value.n && key.p[1] != 'p'; i++) {
        n = n * 10 + (uint64_t)(value.p[i] - '0');
    }
    switch (key.p[1]) {
    case 'a':
        v->a = n;
        break;
    case 'z':
        v->z = n;
        break;
    case 'm':
        v->least = v->n_many == 0 || n < v->least ? n : v->least;
        v->most = n > v->most ? n : v->most;
        v->n_many++;
        break;
    default:
        break;
    }
    return WEIR_OK;
}

/* False: there is no store yet. */
static bool look(const char *dir, view *v)
{
    weir_store *s = NULL;
    weir_status st = {0};
    *v = (view){0};
    weir_rc rc = weir_store_open_read_only(dir, &s, &st);
    if (rc == WEIR_ENOTFOUND) {
        return false;
    }
    assert_ok(rc, &st);
    assert_ok(weir_store_scan(s, WEIR_SV("S"), note, v, &st), &st);
    weir_store_close(s);
    assert_int_equal(v->a, v->z);
    assert_int_equal(v->n_many, v->a >= MANY_EACH ? MANY : 0);
    assert_int_equal(v->least, v->a / MANY_EACH * MANY_EACH);
    assert_int_equal(v->most, v->least);
    return true;
}

static void test_views(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    char path[600];
    view v = {0};
    uint64_t last = 0;
    uint32_t different = 0;
    snprintf(path, sizeof path, "%s/data", dir);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        write_for_ever(path);
    }
    int64_t until = weir_mono_ns() + (int64_t)PATIENCE_MS * 1000000;
    while (different < VIEWS && weir_mono_ns() < until) {
        bool there = look(path, &v);
        assert_true(!there || v.a >= last);
        different += there && v.a > last;
        last = there ? v.a : last;
    }
    kill(writer, SIGKILL);
    int how = 0;
    assert_int_equal(waitpid(writer, &how, 0), writer);
    assert_true(WIFSIGNALED(how));
    assert_true(different >= VIEWS_MIN);
    assert_true(look(path, &v) && v.a >= last); /* nobody has it now */
    test_dir_remove(dir);
}

/* Who has it is named, with what would help. */
static void test_holder(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    char path[600];
    char number[32];
    view v;
    weir_store *s = NULL;
    weir_status st = {0};
    snprintf(path, sizeof path, "%s/data", dir);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        write_for_ever(path);
    }
    while (!look(path, &v) || v.a == 0) {
        weir_sleep_ms(1);
    }
    assert_int_equal(weir_store_open(path, &s, &st), WEIR_EBUSY);
    snprintf(number, sizeof number, "process %d, unit_run_shared", (int)writer);
    assert_non_null(strstr(st.msg, number));
    snprintf(number, sizeof number, "kill %d", (int)writer);
    assert_non_null(strstr(st.hint, number));
    kill(writer, SIGKILL);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    assert_ok(weir_store_open(path, &s, &st), &st);
    weir_store_close(s);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_holder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
