/* The durable store: batches, order, scans, and directories that cannot be opened. */
#include "engine/base/alloc.h"
#include "engine/base/rng.h"
#include "engine/run/store.h"
#include "tests/support/dir.h"
#include "tests/support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/stat.h>

static weir_store *open_store(const char *dir)
{
    weir_status st = {0};
    weir_store *s;
    assert_ok(weir_store_open(dir, &s, &st), &st);
    return s;
}

static void commit(weir_store *s, weir_store_batch *b)
{
    weir_status st = {0};
    assert_ok(weir_store_commit(s, b, &st), &st);
    assert_int_equal(weir_store_batch_bytes(b), 0);
}

/* The value, or NULL: absent. Valid until the next call. */
static const char *get(weir_store *s, const char *key)
{
    static char text[100];
    weir_status st = {0};
    weir_buf out = {0};
    bool found;
    assert_ok(weir_store_get(s, weir_sv_cstr(key), &out, &found, &st), &st);
    snprintf(text, sizeof text, "%s", weir_buf_cstr(&out));
    weir_buf_deinit(&out);
    return found ? text : NULL;
}

static weir_rc collect(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    (void)st;
    weir_buf_printf(ctx, WEIR_SV_FMT "=" WEIR_SV_FMT " ", WEIR_SV_ARG(key), WEIR_SV_ARG(value));
    return WEIR_OK;
}

static void assert_scan(weir_store *s, weir_sv prefix, const char *expected)
{
    weir_status st = {0};
    weir_buf text = {0};
    assert_ok(weir_store_scan(s, prefix, collect, &text, &st), &st);
    assert_string_equal(weir_buf_cstr(&text), expected);
    weir_buf_deinit(&text);
}

static void put(weir_store_batch *b, const char *key, const char *value)
{
    weir_store_put(b, weir_sv_cstr(key), weir_sv_cstr(value));
}

static void test_batches(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    weir_store *s = open_store(dir);
    assert_string_equal(weir_store_dir(s), dir);
    weir_store_batch *b = weir_store_batch_new();
    put(b, "Sb", "2");
    put(b, "Sa", "1");
    put(b, "Sa", "again");
    put(b, "Sc", "3");
    put(b, "T", "");
    weir_store_delete(b, WEIR_SV("Sc"));
    assert_true(weir_store_batch_bytes(b) > 0);
    commit(s, b);
    commit(s, b); /* empty */
    assert_scan(s, WEIR_SV("S"), "Sa=again Sb=2 ");
    assert_scan(s, WEIR_SV("X"), "");
    assert_string_equal(get(s, "T"), "");
    assert_null(get(s, "Sc"));

    /* Ranges take effect in their place; an appended batch comes behind. */
    put(b, "Sd", "gone");
    weir_store_delete_range(b, WEIR_SV("Sb"), WEIR_SV("Sz"));
    weir_store_delete_range(b, WEIR_SV("Sz"), WEIR_SV("Sa")); /* empty */
    put(b, "Se", "5");
    weir_store_batch *more = weir_store_batch_new();
    put(more, "Sf", "6");
    weir_store_delete(more, WEIR_SV("Sa"));
    weir_store_batch_append(b, more);
    assert_int_equal(weir_store_batch_bytes(more), 0);
    weir_store_batch_free(more);
    commit(s, b);
    weir_store_close(s);
    s = open_store(dir);
    assert_scan(s, WEIR_SV("S"), "Se=5 Sf=6 ");
    assert_true(weir_store_disk_bytes(s) > 0);
    weir_store_batch_free(b);
    weir_store_close(s);
    weir_store_close(NULL);
    test_dir_remove(dir);
}

static void test_prefixes(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    weir_store *s = open_store(dir);
    weir_store_batch *b = weir_store_batch_new();
    put(b, "S\xff\xff", "1");
    put(b,
        "S\xff\xff"
        "a",
        "2");
    put(b, "\xff\xff", "3");
    put(b, "Sa1", "4");
    put(b, "Sa5", "5");
    commit(s, b);
    assert_scan(s, WEIR_SV("S\xff\xff"),
                "S\xff\xff=1 S\xff\xff"
                "a=2 ");
    assert_scan(s, WEIR_SV("\xff"), "\xff\xff=3 ");

    const char *const floors[][3] = {
        {"Sa", "Sa3", "Sa1"}, {"Sa", "Sa5", "Sa5"}, {"Sa", "Sa9", "Sa5"}, {"Sa", "Sa0", NULL},
        {"Sb", "Sb1", NULL},  {"S", "Sb1", "Sa5"},  {"Sa", "T", NULL},
    };
    for (size_t i = 0; i < WEIR_COUNT(floors); i++) {
        weir_status st = {0};
        weir_buf key = {0};
        weir_buf value = {0};
        bool found;
        assert_ok(weir_store_floor(s, weir_sv_cstr(floors[i][0]), weir_sv_cstr(floors[i][1]), &key,
                                   &value, &found, &st),
                  &st);
        assert_int_equal(found, floors[i][2] != NULL);
        assert_string_equal(weir_buf_cstr(&key), found ? floors[i][2] : "");
        weir_buf_deinit(&key);
        weir_buf_deinit(&value);
    }
    weir_store_batch_free(b);
    weir_store_close(s);
    test_dir_remove(dir);
}

static weir_rc add_up(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    uint64_t *sums = ctx;
    uint32_t i;
    assert_int_equal(key.n, 9);
    memcpy(&i, key.p + 5, sizeof i);
    assert_int_equal(value.n, 8);
    memcpy(&sums[__builtin_bswap32(i)], value.p, 8);
    return sums[0] == UINT64_MAX ? weir_fail(st, WEIR_EINTR, "enough") : WEIR_OK;
}

/* Large commits go to a table file of their own: same effect as small ones, over several epochs,
 * with keys given twice. */
static void test_large(void **state)
{
    (void)state;
    enum { keys = 40000 };
    uint64_t *model = weir_zalloc(keys * sizeof *model);
    uint64_t *found = weir_zalloc(keys * sizeof *found);
    char *dir = test_dir_new();
    weir_store *s = open_store(dir);
    weir_store_batch *b = weir_store_batch_new();
    weir_rng r;
    weir_rng_seed(&r, 9);
    const int ops[] = {20000, 700, 15000, 5, 9000, 30000};
    for (size_t epoch = 0; epoch < WEIR_COUNT(ops); epoch++) {
        if (epoch == 4) {
            weir_store_delete_range(b, WEIR_SV("SQ"), WEIR_SV("SR"));
            memset(model, 0, keys * sizeof *model);
        }
        for (int n = 0; n < ops[epoch]; n++) {
            uint32_t i = (uint32_t)weir_rng_below(&r, keys);
            uint32_t be = __builtin_bswap32(i);
            char key[9] = "SQabc";
            memcpy(key + 5, &be, sizeof be);
            model[i] = weir_rng_below(&r, 4) ? 1 + weir_rng_below(&r, 1000) : 0;
            if (model[i]) {
                weir_store_put(b, (weir_sv){key, 9}, (weir_sv){(char *)&model[i], 8});
            } else {
                weir_store_delete(b, (weir_sv){key, 9});
            }
        }
        put(b, "Mepoch", "x");
        commit(s, b);
        if (epoch == 2) {
            weir_store_close(s);
            s = open_store(dir);
        }
        memset(found, 0, keys * sizeof *found);
        weir_status st = {0};
        assert_ok(weir_store_scan(s, WEIR_SV("SQ"), add_up, found, &st), &st);
        assert_memory_equal(found, model, keys * sizeof *model);
    }
    found[0] = UINT64_MAX;
    weir_status st = {0};
    weir_rc rc = weir_store_scan(s, WEIR_SV("SQ"), add_up, found, &st);
    assert_true(model[0] ? rc == WEIR_OK : rc == WEIR_EINTR);
    weir_store_batch_free(b);
    weir_store_close(s);
    test_dir_remove(dir);
    weir_free(model);
    weir_free(found);
}

static void assert_refused(const char *dir, weir_rc rc, const char *part)
{
    weir_status st = {0};
    weir_store *s;
    assert_int_equal(weir_store_open(dir, &s, &st), rc);
    assert_null(s);
    if (!strstr(st.msg, part) || !strstr(st.msg, dir)) {
        print_error("message \"%s\" lacks \"%s\"\n", st.msg, part);
        fail();
    }
    assert_null(strchr(st.msg, '\n'));
}

static void test_refused(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    char path[600];
    snprintf(path, sizeof path, "%s/a/b", dir);
    assert_refused(path, WEIR_ENOTFOUND, "above it does not exist");
    snprintf(path, sizeof path, "%s/file", dir);
    FILE *f = fopen(path, "w");
    fclose(f);
    assert_refused(path, WEIR_EUSAGE, "is not a directory");

    snprintf(path, sizeof path, "%s/new", dir);
    weir_store *s = open_store(path); /* made */
    assert_refused(path, WEIR_EBUSY, "in use by this process");
    weir_store_batch *b = weir_store_batch_new();
    put(b, "Mformat", "99");
    commit(s, b);
    weir_store_batch_free(b);
    weir_store_close(s);
    assert_refused(path, WEIR_ECORRUPT, "has format 99");

    snprintf(path, sizeof path, "%s/shut", dir);
    assert_int_equal(mkdir(path, 0500), 0);
    if (geteuid() != 0) { /* root may write anywhere */
        assert_refused(path, WEIR_EIO, "cannot be written");
    }
    test_dir_remove(dir);
}

/* Flips a byte in the middle of the largest file whose name ends so. */
static void damage(const char *dir, const char *ending)
{
    char found[600] = "";
    long largest = 0;
    DIR *d = opendir(dir);
    struct dirent *entry;
    while ((entry = readdir(d)) != NULL) {
        size_t n = strlen(entry->d_name);
        char path[600];
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        struct stat info;
        if (n > strlen(ending) && strcmp(entry->d_name + n - strlen(ending), ending) == 0 &&
            stat(path, &info) == 0 && info.st_size > largest) {
            largest = (long)info.st_size;
            memcpy(found, path, sizeof found);
        }
    }
    closedir(d);
    assert_true(largest > 0);
    FILE *f = fopen(found, "r+");
    fseek(f, largest / 3, SEEK_SET);
    int c = fgetc(f);
    fseek(f, largest / 3, SEEK_SET);
    fputc(c ^ 0x20, f);
    fclose(f);
}

static void test_damaged(void **state)
{
    (void)state;
    for (int large = 0; large < 2; large++) {
        char *dir = test_dir_new();
        weir_store *s = open_store(dir);
        weir_store_batch *b = weir_store_batch_new();
        for (uint32_t i = 0; i < (large ? 20000 : 300); i++) {
            char key[20];
            char value[40];
            snprintf(key, sizeof key, "S%08u", i);
            snprintf(value, sizeof value, "%u", i * 2654435761u);
            put(b, key, value);
            if (!large) {
                commit(s, b);
            }
        }
        if (large) {
            commit(s, b);
        }
        weir_store_batch_free(b);
        weir_store_close(s);
        damage(dir, large ? ".sst" : ".log");
        weir_status st = {0};
        weir_rc rc = weir_store_open(dir, &s, &st);
        if (rc == WEIR_OK) {
            weir_buf text = {0};
            rc = weir_store_scan(s, WEIR_SV("S"), collect, &text, &st);
            weir_buf_deinit(&text);
            weir_store_close(s);
        }
        assert_int_equal(rc, WEIR_ECORRUPT);
        assert_non_null(strstr(st.msg, dir));
        assert_non_null(strstr(st.hint, "restore"));
        test_dir_remove(dir);
    }
}

static weir_rc collect_many(void *ctx, uint32_t i, weir_sv value, weir_status *st)
{
    (void)st;
    char **values = ctx;
    assert_null(values[i]);
    values[i] = weir_zalloc(value.n + 1);
    memcpy(values[i], value.p, value.n);
    return WEIR_OK;
}

static weir_rc refuse(void *ctx, uint32_t i, weir_sv value, weir_status *st)
{
    (void)i;
    (void)value;
    ++*(int *)ctx;
    return weir_fail(st, WEIR_EUSAGE, "no more");
}

/* Keys of memory, of two tables and of nowhere, in any order, some of them twice. */
static void test_many(void **state)
{
    (void)state;
    enum { n = 3000 };
    char *dir = test_dir_new();
    weir_store *s = open_store(dir);
    weir_store_batch *b = weir_store_batch_new();
    for (uint32_t part = 0; part < 3; part++) {
        for (uint32_t i = part; i < (part == 2 ? 100 : 40000); i += 3) {
            char key[16];
            char value[16];
            snprintf(key, sizeof key, "S%05u", i);
            snprintf(value, sizeof value, "%u", i);
            put(b, key, i ? value : "");
        }
        commit(s, b);
    }
    weir_store_delete(b, WEIR_SV("S00003"));
    commit(s, b);
    weir_store_batch_free(b);
    weir_rng r;
    weir_rng_seed(&r, 3);
    static char rooms[n][16];
    static weir_sv keys[n];
    static char *values[n];
    static uint32_t numbers[n];
    for (uint32_t i = 0; i < n; i++) {
        numbers[i] = (uint32_t)weir_rng_below(&r, i % 2 ? 50000 : 20);
        snprintf(rooms[i], sizeof rooms[i], "S%05u", numbers[i]);
        keys[i] = weir_sv_cstr(rooms[i]);
    }
    weir_status st = {0};
    assert_ok(weir_store_get_many(s, keys, n, collect_many, values, &st), &st);
    for (uint32_t i = 0; i < n; i++) {
        const char *expected = get(s, rooms[i]);
        assert_int_equal(expected != NULL, values[i] != NULL);
        if (expected) {
            assert_string_equal(values[i], expected);
        }
        weir_free(values[i]);
    }
    int calls = 0;
    assert_ok(weir_store_get_many(s, keys, 0, refuse, &calls, &st), &st);
    assert_int_equal(weir_store_get_many(s, keys, n, refuse, &calls, &st), WEIR_EUSAGE);
    assert_int_equal(calls, 1);
    weir_store_cache(s, (uint64_t)32 << 20);
    weir_store_close(s);
    test_dir_remove(dir);
}

/* One large commit with range deletions among its operations has the effect of many small ones. */
static void test_large_ranges(void **state)
{
    (void)state;
    char *dirs[2] = {test_dir_new(), test_dir_new()};
    weir_store *stores[2] = {open_store(dirs[0]), open_store(dirs[1])};
    weir_store_batch *batches[2] = {weir_store_batch_new(), weir_store_batch_new()};
    weir_rng r;
    weir_rng_seed(&r, 11);
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 12000; i++) {
            char key[16];
            char value[32];
            uint64_t at = weir_rng_below(&r, 3000);
            bool range = weir_rng_below(&r, 600) == 0;
            uint64_t what = weir_rng_below(&r, 5);
            snprintf(key, sizeof key, "S%05u", (unsigned)at);
            for (int k = 0; k < 2; k++) {
                if (range) {
                    snprintf(value, sizeof value, "S%05u", (unsigned)at + 1 + (unsigned)what * 100);
                    weir_store_delete_range(batches[k], weir_sv_cstr(key), weir_sv_cstr(value));
                } else if (what == 0) {
                    weir_store_delete(batches[k], weir_sv_cstr(key));
                } else {
                    snprintf(value, sizeof value, "%d.%d", round, i);
                    put(batches[k], key, value);
                }
            }
            if (i % 500 == 499) {
                commit(stores[1], batches[1]);
            }
        }
        commit(stores[0], batches[0]);
        weir_status st = {0};
        weir_buf text = {0};
        assert_ok(weir_store_scan(stores[1], WEIR_SV("S"), collect, &text, &st), &st);
        assert_true(text.n > 1000);
        assert_scan(stores[0], WEIR_SV("S"), weir_buf_cstr(&text));
        weir_buf_deinit(&text);
        if (round == 3) { /* what is read again is the same */
            weir_store_close(stores[0]);
            stores[0] = open_store(dirs[0]);
        }
    }
    for (int k = 0; k < 2; k++) {
        weir_store_batch_free(batches[k]);
        weir_store_close(stores[k]);
        test_dir_remove(dirs[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches), cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_large),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_damaged), cmocka_unit_test(test_many),
        cmocka_unit_test(test_large_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
