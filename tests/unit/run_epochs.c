/* Epochs of two phases: the log they wait in, what is read of them, and every way to be killed. */
#include "engine/base/rng.h"
#include "engine/io/fault.h"
#include "engine/run/epoch_log.h"
#include "tests/support/dir.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define REMEDY "restore it from a copy, or start with an empty directory"

static weir_store *open_store(const char *dir)
{
    weir_store *s = NULL;
    weir_status st = {0};
    assert_ok(weir_store_open(dir, &s, &st), &st);
    return s;
}

static void put(weir_store_batch *b, const char *key, const char *value)
{
    weir_store_put(b, weir_sv_cstr(key), weir_sv_cstr(value));
}

static char *log_path(const char *dir)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/epochs.log", dir);
    return path;
}

static size_t log_size(const char *dir)
{
    struct stat info;
    return stat(log_path(dir), &info) == 0 ? (size_t)info.st_size : 0;
}

static void log_read(const char *dir, char *to, size_t n)
{
    int fd = open(log_path(dir), O_RDONLY);
    assert_int_equal(read(fd, to, n), n);
    close(fd);
}

static void log_write(const char *dir, const char *from, size_t n)
{
    int fd = open(log_path(dir), O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, from, n), n);
    close(fd);
}

static void epoch(weir_store *s, weir_store_batch *b, uint64_t number)
{
    weir_status st = {0};
    assert_ok(weir_store_prepare(s, b, number, &st), &st);
    assert_ok(weir_store_settle(s, b, &st), &st);
    assert_int_equal(weir_store_batch_bytes(b), 0);
}

static const char *get(weir_store *s, const char *key)
{
    static char text[64];
    weir_buf out = {0};
    bool found;
    weir_status st = {0};
    assert_ok(weir_store_get(s, weir_sv_cstr(key), &out, &found, &st), &st);
    snprintf(text, sizeof text, "%.*s", (int)out.n, out.p ? out.p : "");
    weir_buf_deinit(&out);
    return found ? text : NULL;
}

static uint64_t doubt(weir_store *s)
{
    uint64_t number = 0;
    bool found = false;
    weir_status st = {0};
    assert_ok(weir_store_prepared(s, &number, &found, &st), &st);
    return found ? number : 0;
}

static void test_phases(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    weir_store *s = open_store(dir);
    weir_store_batch *b = weir_store_batch_new();
    weir_status st = {0};
    put(b, "Sa", "1");
    assert_ok(weir_store_prepare(s, b, 1, &st), &st);
    assert_null(get(s, "Sa")); /* not visible */
    assert_int_equal(doubt(s), 1);
    assert_ok(weir_store_settle(s, b, &st), &st);
    assert_string_equal(get(s, "Sa"), "1");
    assert_int_equal(doubt(s), 0);
    for (int counts = 0; counts < 2; counts++) { /* killed while in doubt */
        put(b, "Sa", "2");
        put(b, "Sb", "2");
        weir_store_delete_range(b, WEIR_SV("Sb"), WEIR_SV("Sc"));
        assert_ok(weir_store_prepare(s, b, 2, &st), &st);
        weir_store_close(s);
        weir_store_batch_free(b);
        b = weir_store_batch_new();
        assert_ok(weir_store_open_read_only(dir, &s, &st), &st);
        assert_int_equal(doubt(s), 2);
        assert_string_equal(get(s, "Sa"), "1");
        weir_store_close(s);
        s = open_store(dir);
        assert_int_equal(doubt(s), 2);
        assert_ok(weir_store_resolve(s, counts, &st), &st);
        assert_string_equal(get(s, "Sa"), counts ? "2" : "1");
        assert_null(get(s, "Sb"));
        assert_int_equal(doubt(s), 0);
        assert_ok(weir_store_resolve(s, true, &st), &st); /* nothing there */
    }
    put(b, "Sb", "3"); /* in one phase: what is recent goes into the store with it */
    assert_true(log_size(dir) > 0);
    assert_ok(weir_store_commit(s, b, &st), &st);
    assert_int_equal(log_size(dir), 0);
    put(b, "Sb", "4");
    epoch(s, b, 3);
    weir_store_close(s);
    s = open_store(dir);
    assert_string_equal(get(s, "Sa"), "2");
    assert_string_equal(get(s, "Sb"), "4");
    weir_store_batch_free(b);
    weir_store_close(s);
    test_dir_remove(dir);
}

static weir_rc collect(void *ctx, weir_sv key, weir_sv value, weir_status *st)
{
    (void)st;
    weir_buf *out = ctx;
    weir_buf_sv(out, key);
    weir_buf_byte(out, '=');
    weir_buf_sv(out, value);
    weir_buf_byte(out, ' ');
    return WEIR_OK;
}

typedef struct many {
    const weir_sv *keys;
    weir_buf text[64];
} many;

static weir_rc one(void *ctx, uint32_t i, weir_sv value, weir_status *st)
{
    many *m = ctx;
    return collect(&m->text[i], m->keys[i], value, st);
}

static void same_text(weir_buf *a, weir_buf *b)
{
    assert_string_equal(weir_buf_cstr(a), weir_buf_cstr(b));
    weir_buf_deinit(a);
    weir_buf_deinit(b);
}

/* Two stores hold the same, whichever way one looks. */
static void same(weir_store *x, weir_store *y, weir_rng *r, uint64_t keys)
{
    static const char *const prefixes[] = {"S", "S1", "SX"};
    weir_status st = {0};
    char rooms[64][16];
    weir_sv wanted[64];
    for (size_t i = 0; i < WEIR_COUNT(prefixes); i++) {
        weir_buf a = {0};
        weir_buf b = {0};
        assert_ok(weir_store_scan(x, weir_sv_cstr(prefixes[i]), collect, &a, &st), &st);
        assert_ok(weir_store_scan(y, weir_sv_cstr(prefixes[i]), collect, &b, &st), &st);
        same_text(&a, &b);
    }
    for (uint32_t i = 0; i < 64; i++) {
        int n = snprintf(rooms[i], sizeof rooms[i], "S%05u", (unsigned)weir_rng_below(r, keys));
        wanted[i] = weir_sv_of(rooms[i], (size_t)n);
        weir_buf a = {0};
        weir_buf b = {0};
        bool any = false;
        assert_ok(weir_store_floor(x, WEIR_SV("S1"), wanted[i], &a, &a, &any, &st), &st);
        assert_ok(weir_store_floor(y, WEIR_SV("S1"), wanted[i], &b, &b, &any, &st), &st);
        same_text(&a, &b);
        const char *value = get(x, rooms[i]);
        char kept[64];
        snprintf(kept, sizeof kept, "%s", value ? value : "-");
        value = get(y, rooms[i]);
        assert_string_equal(kept, value ? value : "-");
    }
    many m = {.keys = wanted};
    many n = {.keys = wanted};
    assert_ok(weir_store_get_many(x, wanted, 64, one, &m, &st), &st);
    assert_ok(weir_store_get_many(y, wanted, 64, one, &n, &st), &st);
    for (size_t i = 0; i < 64; i++) {
        same_text(&m.text[i], &n.text[i]);
    }
}

static void random_op(weir_rng *r, uint64_t keys, int number, weir_store_batch *a,
                      weir_store_batch *b)
{
    weir_store_batch *both[] = {a, b};
    char key[16];
    char value[64];
    unsigned at = (unsigned)weir_rng_below(r, keys);
    uint64_t what = weir_rng_below(r, 100);
    unsigned wide = (unsigned)weir_rng_below(r, 40);
    snprintf(key, sizeof key, "S%05u", at);
    for (int k = 0; k < 2; k++) {
        if (what == 0) {
            snprintf(value, sizeof value, "S%05u", at + wide);
            weir_store_delete_range(both[k], weir_sv_cstr(key), weir_sv_cstr(value));
        } else if (what < 20) {
            weir_store_delete(both[k], weir_sv_cstr(key));
        } else {
            snprintf(value, sizeof value, "%0*d", 1 + (int)what % 30, number);
            put(both[k], key, value);
        }
    }
}

/* Epochs in two phases have the effect of the same commits in one, through restarts and refusals. */
static void test_same_as_one_phase(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        weir_rng r;
        weir_rng_seed(&r, seed);
        uint64_t keys = seed % 2 ? 300 : 20000;
        char *dirs[] = {test_dir_new(), test_dir_new()};
        weir_store *two = open_store(dirs[0]);
        weir_store *plain = open_store(dirs[1]);
        weir_store_batch *a = weir_store_batch_new();
        weir_store_batch *b = weir_store_batch_new();
        weir_status st = {0};
        uint64_t number = 0;
        for (int round = 0; round < 25; round++) {
            uint64_t ops = 1 + weir_rng_below(&r, weir_rng_below(&r, 4) ? 200 : 15000);
            for (uint64_t i = 0; i < ops; i++) {
                random_op(&r, keys, round, a, b);
            }
            uint64_t way = weir_rng_below(&r, 8);
            if (way == 0) {
                assert_ok(weir_store_commit(two, a, &st), &st);
            } else if (way < 4) { /* killed */
                assert_ok(weir_store_prepare(two, a, ++number, &st), &st);
                weir_store_close(two);
                weir_store_batch_free(a);
                a = weir_store_batch_new();
                two = open_store(dirs[0]);
                assert_ok(weir_store_resolve(two, way < 3, &st), &st);
                number -= way == 3;
            } else {
                epoch(two, a, ++number);
            }
            if (way == 3) {
                weir_store_batch_free(b);
                b = weir_store_batch_new();
            } else {
                assert_ok(weir_store_commit(plain, b, &st), &st);
            }
            same(two, plain, &r, keys);
        }
        weir_store_close(two);
        two = open_store(dirs[0]);
        same(two, plain, &r, keys);
        weir_store_batch_free(a);
        weir_store_batch_free(b);
        weir_store_close(two);
        weir_store_close(plain);
        test_dir_remove(dirs[0]);
        test_dir_remove(dirs[1]);
    }
}

/* Three epochs count, the fourth is in doubt. Returns the log. */
static char *four_epochs(const char *dir, size_t *ends, size_t *n)
{
    weir_store *s = open_store(dir);
    weir_store_batch *b = weir_store_batch_new();
    weir_status st = {0};
    for (uint64_t i = 1; i <= 4; i++) {
        char value[16];
        snprintf(value, sizeof value, "%u", (unsigned)i);
        put(b, "Sepoch", value);
        put(b, "Sother", "a value of some bytes");
        weir_store_delete(b, WEIR_SV("Sgone"));
        weir_store_delete_range(b, WEIR_SV("Sx"), WEIR_SV("Sz"));
        assert_ok(weir_store_prepare(s, b, i, &st), &st);
        ends[2 * i - 2] = log_size(dir);
        if (i < 4) {
            assert_ok(weir_store_settle(s, b, &st), &st);
            ends[2 * i - 1] = log_size(dir);
        }
    }
    weir_store_batch_free(b);
    weir_store_close(s);
    *n = log_size(dir);
    char *bytes = weir_alloc(*n);
    log_read(dir, bytes, *n);
    return bytes;
}

/* Cut anywhere, what was whole counts: an epoch with its mark or something after it; and it goes on. */
static void test_torn(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    size_t ends[8] = {0};
    size_t size = 0;
    char *bytes = four_epochs(dir, ends, &size);
    assert_int_equal(ends[6], size);
    for (size_t n = 0; n <= size; n++) {
        /* … with zeros behind it; the head is in one sector */
        bool junk = n % 3 == 0 && (n == 0 || n >= 28);
        char *torn = weir_zalloc(size + 100);
        memcpy(torn, bytes, n);
        log_write(dir, torn, n + (junk ? 100 : 0));
        weir_free(torn);
        size_t whole = n;
        while (junk && whole < size && whole < n + 100 && bytes[whole] == 0) {
            whole++; /* a checksum may end with zeros */
        }
        uint64_t prepared = 0;
        uint64_t counts = 0;
        for (uint64_t i = 0; i < 4; i++) {
            prepared = whole >= ends[2 * i] ? i + 1 : prepared;
            counts = i < 3 && whole >= ends[2 * i + 1] ? i + 1 : counts;
        }
        weir_store *s = open_store(dir);
        assert_int_equal(doubt(s), prepared > counts ? prepared : 0);
        const char *value = get(s, "Sepoch");
        assert_int_equal(value ? value[0] - '0' : 0, counts);
        weir_status st = {0};
        assert_ok(weir_store_resolve(s, n % 2, &st), &st);
        counts = prepared > counts && n % 2 ? prepared : counts;
        weir_store_batch *b = weir_store_batch_new();
        put(b, "Sepoch", "9");
        epoch(s, b, counts + 1);
        weir_store_batch_free(b);
        weir_store_close(s);
        s = open_store(dir);
        assert_int_equal(doubt(s), 0);
        assert_string_equal(get(s, "Sepoch"), "9");
        weir_store_close(s);
    }
    weir_free(bytes);
    test_dir_remove(dir);
}

/* Other bits in an epoch that counts are refused with the remedy; at the end they are a torn write. */
static void test_damaged(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    size_t ends[8] = {0};
    size_t size = 0;
    char *bytes = four_epochs(dir, ends, &size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(bytes[i] ^ (1 << i % 8));
        log_write(dir, bytes, size);
        bytes[i] = (char)(bytes[i] ^ (1 << i % 8));
        weir_store *s = NULL;
        weir_status st = {0};
        weir_rc rc = weir_store_open(dir, &s, &st);
        if (i < ends[5]) {
            assert_int_equal(rc, WEIR_ECORRUPT);
            assert_non_null(strstr(st.msg, "epochs.log"));
            assert_non_null(strstr(st.hint, REMEDY));
            assert_null(s);
        } else {
            assert_ok(rc, &st);
            assert_int_equal(doubt(s), 0);
            assert_string_equal(get(s, "Sepoch"), "3");
        }
        weir_store_close(s);
    }
    weir_free(bytes);
    test_dir_remove(dir);
}

/* A log beside a store that never had what came before it. */
static void test_other_store(void **state)
{
    (void)state;
    char *dirs[] = {test_dir_new(), test_dir_new()};
    weir_store *s = open_store(dirs[0]);
    weir_store_batch *b = weir_store_batch_new();
    weir_status st = {0};
    put(b, "Sa", "1");
    epoch(s, b, 1);
    assert_ok(weir_store_commit(s, b, &st), &st); /* the store has it */
    put(b, "Sa", "2");
    epoch(s, b, 2);
    weir_store_batch_free(b);
    weir_store_close(s);
    size_t n = log_size(dirs[0]);
    char *bytes = weir_alloc(n);
    log_read(dirs[0], bytes, n);
    weir_store_close(open_store(dirs[1]));
    int fd = open(log_path(dirs[1]), O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
    assert_int_equal(weir_store_open(dirs[1], &s, &st), WEIR_ECORRUPT);
    assert_non_null(strstr(st.hint, REMEDY));
    weir_free(bytes);
    test_dir_remove(dirs[0]);
    test_dir_remove(dirs[1]);
}

/* Far more than memory and log may hold; the store gets it on the way. */
static void test_limits(void **state)
{
    (void)state;
    char *dir = test_dir_new();
    weir_store *s = open_store(dir);
    weir_store_batch *b = weir_store_batch_new();
    static char value[5000];
    memset(value, 'v', sizeof value);
    size_t most = 0;
    for (uint64_t i = 1; i <= 30; i++) {
        size_t n = i % 10 == 5 ? 5000 : 700; /* of 5000 bytes each */
        for (size_t k = 0; k < n; k++) {
            char key[16];
            snprintf(key, sizeof key, "S%04u%03u", (unsigned)k, (unsigned)(i > 10 ? i : 0));
            snprintf(value, 12, "%010u|", (unsigned)i);
            weir_store_put(b, weir_sv_cstr(key), (weir_sv){value, sizeof value});
        }
        epoch(s, b, i);
        most = log_size(dir) > most ? log_size(dir) : most;
        assert_true(log_size(dir) < (size_t)70 << 20);
        if (i % 7 == 0) {
            weir_store_close(s);
            s = open_store(dir);
        }
    }
    assert_true(most > (size_t)10 << 20);
    for (uint32_t i = 0; i < 30; i++) {
        char key[16];
        snprintf(key, sizeof key, "S0042%03u", i > 10 ? i : 0);
        const char *found = get(s, key);
        assert_int_equal(strtol(found, NULL, 10), i > 10 ? i : 10);
    }
    weir_store_batch_free(b);
    weir_store_close(s);
    test_dir_remove(dir);
}

typedef struct killer {
    uint32_t countdown;
    bool dead;
} killer;

static weir_rc kill_at(void *ctx, weir_fault_point point, weir_status *st)
{
    killer *k = ctx;
    k->dead |= k->countdown > 0 && --k->countdown == 0;
    return k->dead ? weir_fail(st, WEIR_EIO, "killed at %s", weir_fault_name(point)) : WEIR_OK;
}

/* Killed at each point of epochs of which some move into the store, somebody knows which one was the last
 * that counts: exactly that one is there, whole. */
static void test_killed(void **state)
{
    (void)state;
    enum { epochs = 6, keys = 2500 };
    static char value[3000];
    memset(value, 'v', sizeof value);
    uint32_t points = 1;
    for (uint32_t at = 1; at <= points; at++) {
        char *dir = test_dir_new();
        killer k = {0};
        weir_faults_hook(kill_at, &k);
        weir_store *s = open_store(dir);
        k.countdown = at;
        uint64_t told = 0; /* somebody else's answer */
        weir_store_batch *b = weir_store_batch_new();
        weir_status st = {0};
        for (uint64_t i = 1; i <= epochs && !k.dead; i++) {
            for (unsigned n = 0; n < keys; n++) {
                char key[16];
                snprintf(key, sizeof key, "S%06u", n + (unsigned)(i % 2) * keys);
                snprintf(value, 12, "%010u|", (unsigned)i);
                weir_store_put(b, weir_sv_cstr(key), (weir_sv){value, sizeof value});
            }
            weir_rc rc = weir_store_prepare(s, b, i, &st);
            if (rc == WEIR_OK) {
                told = i;
                rc = weir_store_settle(s, b, &st);
            }
            assert_int_equal(rc != WEIR_OK, k.dead);
        }
        points = k.dead ? at + 1 : at; /* until it lives to the end */
        weir_store_batch_free(b);
        weir_store_close(s);
        k = (killer){.countdown = at % 3}; /* also while it recovers */
        for (int life = 0; life < 4; life++) {
            k.dead = false;
            s = open_store(dir);
            uint64_t number = doubt(s);
            weir_rc rc = number ? weir_store_resolve(s, number <= told, &st) : WEIR_OK;
            if (rc == WEIR_OK) {
                break;
            }
            weir_store_close(s);
        }
        uint64_t found = 0;
        for (unsigned n = 0; n < 2 * keys && told > 0; n++) {
            char key[16];
            snprintf(key, sizeof key, "S%06u", n);
            const char *v = get(s, key);
            uint64_t of = v ? strtoull(v, NULL, 10) : 0;
            uint64_t parity = n < keys ? 0 : 1;
            uint64_t expected = told % 2 == parity ? told : told - 1;
            assert_int_equal(of, expected);
            found = of > found ? of : found;
        }
        assert_int_equal(found, told);
        weir_store_close(s);
        weir_faults_hook(NULL, NULL);
        test_dir_remove(dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phases),  cmocka_unit_test(test_same_as_one_phase),
        cmocka_unit_test(test_torn),    cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_other_store), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
